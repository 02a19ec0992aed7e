//! Dates in every form, alone and as columns.

use std::path::Path;

use proptest::prelude::*;

use super::{DateColumn, DateFault, DateReader, DateRules, Strict};
use crate::error::Error;
use crate::model::date_format::DateFormat;
use crate::model::input::DateOrder;
use crate::model::instant::{DAY, LocalTime, Precision, Resolution, Stamp, civil_from_days, days_from_civil};

fn reader() -> DateReader<'static> {
    DateReader::new(DateRules::default())
}

fn read(reader: &mut DateReader<'_>, text: &str) -> Result<Option<LocalTime>, DateFault> {
    reader.read(text.as_bytes(), DateColumn::Enrolled, 1)
}

/// Reads a single value.
fn alone(text: &str) -> Option<String> {
    read(&mut reader(), text).ok().flatten().map(|time| time.to_string())
}

fn resolve(reader: &DateReader<'_>) -> Result<Option<Strict>, Error> {
    reader.resolve(Path::new("enrollments.csv"))
}

/// Reads a column after its pattern is determined; `None` for refused or blank values. Also returns the order.
fn column(values: &[&str]) -> Result<(Vec<Option<String>>, DateOrder), String> {
    let mut reader = reader();
    let mut times: Vec<Option<LocalTime>> = values.iter().map(|text| read(&mut reader, text).ok().flatten()).collect();
    assert!(resolve(&reader).map_err(|error| error.to_string())?.is_none());
    if reader.may_be_swapped() && reader.order() == DateOrder::MonthFirst {
        times.iter_mut().flatten().for_each(|time| *time = time.with_day_and_month_swapped().unwrap_or(*time));
    }
    Ok((times.into_iter().map(|time| time.map(|time| time.to_string())).collect(), reader.order()))
}

#[test]
fn every_form_reads_to_the_same_time() {
    for text in [
        "2026-01-31 23:59:59",
        "2026-01-31T23:59:59",
        "2026/01/31 23:59:59",
        "2026.01.31 23:59:59",
        "2026-1-31 23:59:59",
        "2026-01-31 11:59:59 PM",
        "2026-01-31 11:59:59pm",
        "20260131235959",
        "20260131T235959",
        "20260131T235959Z",
        "2026-01-31 23:59:59 UTC",
        "2026-01-31 23:59:59 GMT",
        "2026-02-01 00:59:59 +0100",
        "2026-02-01 00:59:59 +01:00",
        "2026-01-31 18:59:59 -05",
        "31/01/2026 23:59:59",
        "31.1.2026 23:59:59",
        "31. 1. 2026 23:59:59",
        "31.01.2026 23.59.59",
        "31.01.26 23:59:59",
        "31-01-26 23:59:59",
        "1/31/26 23:59:59",
        "01/31/2026 11:59:59 PM",
        "1/31/2026, 11:59:59 pm",
        "1/31/2026, 11:59:59\u{202f}PM",
        "1/31/2026 11:59:59 p.m.",
        "31/1/2026 11:59:59 p. m.",
        "31/01/2026 23:59:59 UTC",
        "Sat 31/01/2026 23:59:59",
        "2026-01-31T23:59:59Z",
        "2026-02-01T00:59:59+01:00",
        "31 Jan 2026 23:59:59",
        "31 January 2026 23:59:59",
        "31-Jan-26 23:59:59",
        "31-JAN-2026 23:59:59",
        "Jan 31, 2026 23:59:59",
        "Jan. 31st, 2026, 11:59:59 PM",
        "January 31, 2026 at 11:59:59 PM",
        "Sat, 31 Jan 2026 23:59:59",
        "Sat, 31 Jan 2026 23:59:59 GMT",
        "Sat Jan 31 2026 23:59:59",
        "Sat Jan 31 2026 23:59:59 GMT+0000 (Coordinated Universal Time)",
        "2026-Jan-31 23:59:59",
        "31. Januar 2026 23:59:59",
        "31 janv. 2026 23:59:59",
        "31 gen 2026 23:59:59",
        "31 de enero de 2026 23:59:59",
        "31 de janeiro de 2026, 23:59:59",
        "31 jan. 2026 23:59:59",
        "46053.9999884259",
        "46053,9999884259",
        "1769903999",
        "1769903999123",
    ] {
        assert_eq!(alone(text).as_deref(), Some("2026-01-31T23:59:59"), "{text}");
    }
}

#[test]
fn hours_of_twelve() {
    for (text, time) in [
        ("2026-01-31 12:00 AM", "2026-01-31T00:00:00"),
        ("2026-01-31 12:00 PM", "2026-01-31T12:00:00"),
        ("1/31/26 8:15PM", "2026-01-31T20:15:00"),
        ("1 Nov 2026 8:15 AM", "2026-11-01T08:15:00"),
        ("November 1, 2026 08:15", "2026-11-01T08:15:00"),
        ("1-Nov-26", "2026-11-01T00:00:00"),
        ("1 ao\u{fb}t 2026", "2026-08-01T00:00:00"),
        ("2026-1-5 8:05", "2026-01-05T08:05:00"),
        ("20261101", "2026-11-01T00:00:00"),
        ("202611010815", "2026-11-01T08:15:00"),
        ("31/12/99", "1999-12-31T00:00:00"),
        ("31/12/69", "2069-12-31T00:00:00"),
        ("31/12/70", "1970-12-31T00:00:00"),
    ] {
        assert_eq!(alone(text).as_deref(), Some(time), "{text}");
    }
}

#[test]
fn blanks_and_zero_dates_are_no_date() {
    for text in ["", "  ", "0000-00-00", "0000-00-00 00:00:00", "00/00/0000", "0"] {
        assert_eq!(read(&mut reader(), text), Ok(None), "{text:?}");
    }
}

#[test]
fn what_is_no_date_is_refused() {
    for text in [
        "yesterday",
        "soon",
        "2026-02-30",
        "31/13/2026",
        "32/01/2026",
        "12345",
        "99999",
        "10008123",
        "46,053",
        "999999999",
        "17699039990",
        "1/1/2",
        "1/1/126",
        "1-1/2026",
        "13:00 PM",
        "01/31/2026 13:00 PM",
        "2026-01-31 24:00",
        "2026-01-31 8 PM",
        "2026-01-31 08:15 CET",
        "31/01/2026 08:15 +0100",
        "31 Movember 2026",
        "before 31 Jan 2026",
        "Nov 2026",
        "Nov 26",
        "31 Jan",
        "31Jan26 1",
        "31 jui 2026",
        "-",
        ".",
        ",",
        "N/A",
        "#N/A",
        "\u{ff}",
        "2026-01-31 23:59:59 soon",
    ] {
        assert!(read(&mut reader(), text).is_err(), "{text}");
    }
    assert!(reader().read(b"31 Ja\xff 2026", DateColumn::Enrolled, 1).is_err());
}

#[test]
fn serial_numbers_follow_the_workbook() {
    for (text, date_1904, time) in [
        ("46053", false, "2026-01-31T00:00:00"),
        ("46053,5", false, "2026-01-31T12:00:00"),
        ("44591", true, "2026-01-31T00:00:00"),
        ("44591.5", true, "2026-01-31T12:00:00"),
    ] {
        let mut reader = DateReader::new(DateRules { date_1904, ..DateRules::default() });
        let read = read(&mut reader, text).expect(text).expect(text);
        assert_eq!(read.to_string(), time, "{text} {date_1904}");
    }
}

#[test]
fn one_row_decides_for_the_whole_column() {
    for (values, order, last) in [
        (&["03/04/2026", "04/13/2026"][..], DateOrder::MonthFirst, "2026-04-13T00:00:00"),
        (&["03/04/2026", "13/04/2026"], DateOrder::DayFirst, "2026-04-13T00:00:00"),
        (&["3/4/26", "4/13/26"], DateOrder::MonthFirst, "2026-04-13T00:00:00"),
        (&["03.04.26 08:15", "13.04.26 08:15"], DateOrder::DayFirst, "2026-04-13T08:15:00"),
        (&["3/4/26", "4/13/2026"], DateOrder::MonthFirst, "2026-04-13T00:00:00"),
        // Without such a row the order stays undecided.
        (&["03/04/2026"], DateOrder::Undecided, "2026-04-03T00:00:00"),
        (&["3/4/26", "12/1/26"], DateOrder::Undecided, "2026-01-12T00:00:00"),
    ] {
        let (times, found) = column(values).expect("one pattern");
        assert_eq!((found, times.last().cloned().flatten().as_deref()), (order, Some(last)), "{values:?}");
        if order == DateOrder::MonthFirst {
            assert_eq!(times[0].as_deref(), Some("2026-03-04T00:00:00"), "{values:?}");
        }
    }
}

#[test]
fn a_two_digit_year_that_may_come_first_is_asked_for() {
    for values in [&["26-01-31", "26-02-15"][..], &["26/01/02", "26/01/03"], &["99-12-31"], &["00/01/31", "26/01/31"]] {
        let error = column(values).expect_err("two readings");
        assert!(error.contains("date_format") && error.contains("line 1"), "{values:?}: {error}");
    }
    for values in [&["31-01-26", "15-02-26"][..], &["31/01/26"], &["1/1/26", "2/1/27"], &["01/31/26", "02/15/27"]] {
        assert!(column(values).is_ok(), "{values:?}");
    }
    let format = DateFormat::new("%y-%m-%d").expect("a pattern");
    let mut reader = DateReader::new(DateRules { format: Some(&format), ..DateRules::default() });
    assert_eq!(
        read(&mut reader, "26-01-31").map(|time| time.map(|time| time.to_string())),
        Ok(Some("2026-01-31T00:00:00".to_owned()))
    );
    assert!(resolve(&reader).is_ok_and(|strict| strict.is_none()));
    assert_eq!(reader.order(), DateOrder::YearFirst);
    assert!(read(&mut reader, "2026-01-31 10:00").is_err(), "it does not follow the pattern");
}

/// Resolves a column with this many values of each text.
fn mixed(values: &[(&str, usize)]) -> Result<Option<Strict>, Error> {
    let mut reader = reader();
    for &(text, count) in values {
        for _ in 0..count {
            read(&mut reader, text).expect("a date");
        }
    }
    resolve(&reader)
}

#[test]
fn a_few_contradictions_are_refused_and_many_end_the_run() {
    for values in [
        ("31/01/2026", "01/31/2026"),
        ("2026-01-31", "31/01/2026"),
        ("31/01/2026", "46053"),
        ("31 Jan 2026", "31/01/2026"),
        ("2026-01-31 10:00:00", "2026-01-31T10:00:00Z"),
        ("2026-01-31 10:00:00", "1769903999"),
    ] {
        let (many, few) = values;
        let strict = mixed(&[(many, 40), (few, 2)]).expect("a pattern").expect("something to refuse");
        let mut reader = DateReader::new(DateRules { strict, ..DateRules::default() });
        assert!(read(&mut reader, many).is_ok() && read(&mut reader, few).is_err(), "{values:?}");
        assert!(mixed(&[(many, 40), (few, 3)]).is_err(), "{values:?}");
        assert!(mixed(&[(many, 3), (few, 40)]).is_err(), "{values:?}");
    }
    for values in [&[("2026-01-31", 3), ("46053", 3)][..], &[("31 Jan 2026", 3), ("2026-01-31", 3)]] {
        assert!(mixed(values).is_ok_and(|strict| strict.is_none()), "{values:?}");
    }
}

#[test]
fn columns_may_be_written_in_different_forms() {
    let read = |values: &[(DateColumn, &str)]| {
        let mut reader = reader();
        for &(column, text) in values {
            reader.read(text.as_bytes(), column, 1).expect("a date");
        }
        reader
    };
    let both = read(&[(DateColumn::Enrolled, "01/31/2026"), (DateColumn::Completed, "46053.5")]);
    assert!(resolve(&both).is_ok_and(|strict| strict.is_none()));
    assert!(both.is_year_last(DateColumn::Enrolled) && !both.is_year_last(DateColumn::Completed));
    // Programs that swap day and month do so in every column.
    let open = read(&[(DateColumn::Enrolled, "01/02/2026"), (DateColumn::Completed, "46053.5")]);
    assert!(resolve(&open).is_err_and(|error| error.to_string().contains("date_order")));
}

#[test]
fn a_configured_order_decides_alone() {
    let rules = DateRules { order: Some(DateOrder::MonthFirst), ..DateRules::default() };
    let mut forced = DateReader::new(rules);
    let time = read(&mut forced, "03/04/2026").map(|time| time.map(|time| time.to_string()));
    assert_eq!(time, Ok(Some("2026-03-04T00:00:00".to_owned())));
    assert!(read(&mut forced, "31/01/2026").is_err(), "a row that does not follow the configured order is rejected");
}

#[test]
fn a_column_is_as_fine_as_its_finest_value_and_a_value_at_midnight_may_be_a_date_alone() {
    let mut reader = reader();
    read(&mut reader, "31/01/2026").expect("a date");
    assert_eq!(reader.profile().enrolled, Resolution::Day.into());
    read(&mut reader, "31/01/2026 08:15").expect("a date");
    let mixed = reader.profile().enrolled;
    assert_eq!(mixed, Precision { finest: Resolution::Minute, coarsest: Resolution::Day });
    let of =
        |text: &str| mixed.resolution(LocalTime::from_seconds(Stamp::parse(text.as_bytes()).expect("a date").seconds));
    assert_eq!([of("2026-01-31"), of("2026-01-31 08:15")], [Resolution::Day, Resolution::Minute]);
}

const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// A date in each form to the minute, and whether its day and month are unambiguous.
fn forms(seconds: i64) -> Vec<(String, bool)> {
    let (year, month, day) = civil_from_days(seconds.div_euclid(DAY));
    let (hour, minute) = (seconds.rem_euclid(DAY) / 3_600, seconds.rem_euclid(3_600) / 60);
    let (twelve, half) = ((hour + 11) % 12 + 1, if hour < 12 { "AM" } else { "PM" });
    let short = year % 100;
    let name = MONTHS[usize::from(month) - 1];
    vec![
        (format!("{year}-{month:02}-{day:02} {hour:02}:{minute:02}"), true),
        (format!("{year}.{month}.{day} {hour}:{minute:02}"), true),
        (format!("{year}-{month:02}-{day:02} {twelve}:{minute:02} {half}"), true),
        (format!("{year}{month:02}{day:02}{hour:02}{minute:02}"), true),
        (format!("{day} {name} {year} {hour:02}:{minute:02}"), true),
        (format!("{name} {day}, {year} {twelve}:{minute:02}{half}"), true),
        (format!("{day:02}-{name}-{short:02} {hour:02}:{minute:02}"), true),
        (format!("{day}/{month}/{year} {hour}:{minute:02}"), false),
        (format!("{day:02}.{month:02}.{year} {hour:02}.{minute:02}"), false),
        (format!("{day}.{month}.{short:02} {twelve}:{minute:02} {half}"), false),
        (seconds.to_string(), true),
        (format!("{seconds}000"), true),
    ]
}

proptest! {
    /// Each form reads to the same minute; only day and month may be ambiguous, and only if both are 12 or less.
    #[test]
    fn a_date_reads_to_what_was_written(minutes in 1_009_843_200i64 / 60..3_155_760_000 / 60) {
        let seconds = minutes * 60;
        let wanted = LocalTime::from_seconds(seconds);
        let (_, month, day) = civil_from_days(seconds.div_euclid(DAY));
        for (text, is_sure) in forms(seconds) {
            let mut reader = reader();
            prop_assert_eq!(read(&mut reader, &text), Ok(Some(wanted)), "{}", text);
            let open = reader.order() == DateOrder::Undecided;
            prop_assert_eq!(open, !is_sure && day <= 12 && month <= 12, "{}", text);
        }
    }

    /// Month-first dates read as written once one row shows the order, without loss in the others.
    #[test]
    fn a_column_of_months_before_days_is_exchanged(days in prop::collection::vec(10_957i64..36_000, 1..20), short in any::<bool>()) {
        let mut days = days;
        days.push(days_from_civil(2026, 1, 31).expect("a day"));
        let text = |day: &i64| {
            let (year, month, day) = civil_from_days(*day);
            if short { format!("{month}/{day}/{:02}", year % 100) } else { format!("{month}/{day}/{year}") }
        };
        let texts: Vec<String> = days.iter().map(text).collect();
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        let (times, order) = column(&texts).expect("one pattern");
        prop_assert_eq!(order, DateOrder::MonthFirst);
        let wanted: Vec<Option<String>> = days.iter().map(|day| Some(LocalTime::from_seconds(day * DAY).to_string())).collect();
        prop_assert_eq!(times, wanted);
    }

    /// No text makes the reader panic.
    #[test]
    fn any_text_is_a_date_or_none(text in "[0-9a-zA-Z./: ,'+-]{0,24}|\\PC{0,16}") {
        let _ = read(&mut reader(), &text);
    }
}
