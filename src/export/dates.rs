//! Dates of an export, whose pattern is found out over the whole file.
//!
//! `2026-01-31 23:59:59` and its kin name themselves. Of `03/04/2026` nobody can say which number is
//! the day; another row of the same file usually can. Until the end of the file such a value is kept
//! as if the day came first; where it turns out otherwise, [`DateReader::exchange`] turns it round,
//! which loses nothing, since both numbers are 12 or less.

use crate::error::Error;
use crate::model::instant::{DAY, LocalTime, Resolution, Stamp, civil_from_days, days_from_civil, time_of_day};
use crate::model::provenance::{DateOrder, DateProfile, Reject};
use crate::table::{Table, cell_fault};

/// Which date a value is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum DateColumn {
    Enrolled,
    Completed,
    Accessed,
    CourseMade,
}

/// The first line on which something was seen, and how often.
#[derive(Debug, Clone, Copy, Default)]
struct Seen {
    count: u64,
    line: u64,
}

impl Seen {
    fn add(&mut self, line: u64) {
        self.absorb(Self { count: 1, line });
    }

    fn absorb(&mut self, other: Self) {
        if self.count == 0 || other.count > 0 && other.line < self.line {
            self.line = other.line;
        }
        self.count += other.count;
    }
}

/// Reads the dates of one file and learns its pattern on the way.
#[derive(Debug)]
pub(super) struct DateReader {
    forced: Option<DateOrder>,
    year_first: Seen,
    serial: Seen,
    day_first: Seen,
    month_first: Seen,
    either: Seen,
    zoned: Seen,
    zoneless: Seen,
    finest: [Option<Resolution>; 4],
}

/// Serial numbers of spreadsheets that are dates of this age: 1954 to 2119.
const SERIALS: std::ops::Range<f64> = 20_000.0..80_000.0;
/// 1970-01-01 as a serial number.
const SERIAL_EPOCH: f64 = 25_569.0;

impl DateReader {
    pub(super) fn new(forced: Option<DateOrder>) -> Self {
        Self {
            forced,
            year_first: Seen::default(),
            serial: Seen::default(),
            day_first: Seen::default(),
            month_first: Seen::default(),
            either: Seen::default(),
            zoned: Seen::default(),
            zoneless: Seen::default(),
            finest: [None; 4],
        }
    }

    /// Adds what a reader of other rows of the same file has seen.
    pub(super) fn absorb(&mut self, other: &Self) {
        let Self { forced: _, year_first, serial, day_first, month_first, either, zoned, zoneless, finest } = other;
        self.year_first.absorb(*year_first);
        self.serial.absorb(*serial);
        self.day_first.absorb(*day_first);
        self.month_first.absorb(*month_first);
        self.either.absorb(*either);
        self.zoned.absorb(*zoned);
        self.zoneless.absorb(*zoneless);
        for (own, other) in self.finest.iter_mut().zip(finest) {
            *own = own.map_or(*other, |own| Some(other.map_or(own, |other| own.min(other))));
        }
    }

    /// Whether values seen so far may turn out to have day and month the other way round.
    pub(super) fn may_turn(&self) -> bool {
        self.forced.is_none() && self.either.count > 0
    }

    /// Reads one cell; blanks and zero dates are no date.
    pub(super) fn read(&mut self, text: &[u8], column: DateColumn, line: u64) -> Result<Option<LocalTime>, Reject> {
        let text = text.trim_ascii();
        if text.is_empty() || is_zero_date(text) {
            return Ok(None);
        }
        let (seconds, resolution) = if let Some(stamp) = Stamp::parse(text) {
            self.year_first.add(line);
            match stamp.offset {
                Some(offset) => {
                    self.zoned.add(line);
                    (stamp.seconds - offset, stamp.resolution)
                }
                None => {
                    self.zoneless.add(line);
                    (stamp.seconds, stamp.resolution)
                }
            }
        } else if let Some(date) = Slashed::parse(text) {
            self.zoneless.add(line);
            (self.slashed(&date, line).ok_or_else(|| unreadable(text, column))?, date.resolution)
        } else if let Some(serial) = serial(text) {
            self.serial.add(line);
            self.zoneless.add(line);
            serial
        } else {
            return Err(unreadable(text, column));
        };
        let finest = &mut self.finest[column as usize];
        *finest = Some(finest.map_or(resolution, |known| known.min(resolution)));
        Ok(Some(LocalTime::from_seconds(seconds)))
    }

    fn slashed(&mut self, date: &Slashed, line: u64) -> Option<i64> {
        let day_first = days_from_civil(date.year, date.second, date.first);
        let month_first = days_from_civil(date.year, date.first, date.second);
        let days = match (self.forced, day_first, month_first) {
            (Some(DateOrder::DayFirst), days, _) => {
                self.day_first.add(line);
                days?
            }
            (Some(DateOrder::MonthFirst), _, days) => {
                self.month_first.add(line);
                days?
            }
            (_, Some(days), Some(_)) => {
                self.either.add(line);
                days
            }
            (_, Some(days), None) => {
                self.day_first.add(line);
                days
            }
            (_, None, Some(days)) => {
                self.month_first.add(line);
                days
            }
            (_, None, None) => return None,
        };
        Some(days * DAY + date.seconds)
    }

    /// Settles the pattern at the end of the file.
    pub(super) fn settle(&self, table: &Table) -> Result<(), Error> {
        let wrong =
            |what: String, next: &str| Error::Input { path: table.path().to_owned(), what, next: next.to_owned() };
        if self.forced.is_none() && self.day_first.count > 0 && self.month_first.count > 0 {
            return Err(wrong(
                format!(
                    "the dates follow no single pattern: on line {} the day comes first, on line {} the month",
                    self.day_first.line, self.month_first.line
                ),
                "set `date_order = \"day-first\"` or \"month-first\" under [docebo]; rows that do not follow it are then rejected and listed",
            ));
        }
        let slashed = [self.day_first, self.month_first, self.either].into_iter().find(|seen| seen.count > 0);
        let other = [self.year_first, self.serial].into_iter().find(|seen| seen.count > 0);
        if let (None, Some(slashed), Some(other)) = (self.forced, slashed, other) {
            return Err(wrong(
                format!(
                    "the dates follow no single pattern: line {} has the year last, line {} does not; a spreadsheet program \
                     may have read some of them as dates and left the others as text",
                    slashed.line, other.line
                ),
                "export the report again and do not open it in between, or set `date_order` under [docebo]",
            ));
        }
        if self.zoned.count > 0 && self.zoneless.count > 0 {
            return Err(wrong(
                format!(
                    "some dates carry an offset from UTC (line {}), others do not (line {})",
                    self.zoned.line, self.zoneless.line
                ),
                "export the report again in one format",
            ));
        }
        Ok(())
    }

    /// Whether values that could be read either way were kept the wrong way round.
    pub(super) fn month_first(&self) -> bool {
        self.forced.is_none() && self.month_first.count > 0
    }

    /// Whether nothing in the file tells the day from the month.
    pub(super) fn is_undecided(&self) -> bool {
        self.order() == DateOrder::Undecided
    }

    /// Turns a value round that could be read either way.
    #[expect(clippy::unused_self, reason = "the operation belongs to the pattern that was found")]
    pub(super) fn exchange(&self, value: &mut LocalTime) {
        let (year, month, day) = civil_from_days(value.seconds().div_euclid(DAY));
        // A day beyond 12 was never in doubt.
        if let Some(days) = days_from_civil(year, day, month) {
            *value = LocalTime::from_seconds(days * DAY + value.seconds().rem_euclid(DAY));
        }
    }

    fn order(&self) -> DateOrder {
        match self.forced {
            Some(order) if self.day_first.count + self.month_first.count > 0 => order,
            _ if self.month_first.count > 0 => DateOrder::MonthFirst,
            _ if self.day_first.count > 0 => DateOrder::DayFirst,
            _ if self.either.count > 0 => DateOrder::Undecided,
            _ => DateOrder::YearFirst,
        }
    }

    pub(super) fn profile(&self) -> DateProfile {
        let [enrolled, completed, accessed, course_made] =
            self.finest.map(|finest| finest.unwrap_or(Resolution::Second));
        DateProfile { order: self.order(), zoned: self.zoned.count > 0, enrolled, completed, accessed, course_made }
    }

    /// The pattern in words, `None` where no date was seen.
    pub(super) fn describe(&self) -> Option<String> {
        let finest = self.finest.iter().flatten().min()?;
        let mut patterns = Vec::new();
        if self.year_first.count > 0 {
            patterns.push("year-month-day");
        }
        if self.serial.count > 0 {
            patterns.push("spreadsheet serial numbers");
        }
        match (self.order(), self.forced) {
            (DateOrder::DayFirst, None) => patterns.push("day before month"),
            (DateOrder::MonthFirst, None) => patterns.push("month before day"),
            (DateOrder::DayFirst, Some(_)) => patterns.push("day before month (configured)"),
            (DateOrder::MonthFirst, Some(_)) => patterns.push("month before day (configured)"),
            (DateOrder::YearFirst | DateOrder::Undecided, _) => {}
        }
        if self.zoned.count > 0 {
            patterns.push("offset from UTC stated");
        }
        patterns.push(match finest {
            Resolution::Second => "to the second",
            Resolution::Minute => "to the minute",
            Resolution::Day => "to the day",
        });
        Some(patterns.join(", "))
    }
}

fn is_zero_date(text: &[u8]) -> bool {
    text.starts_with(b"0000-00-00") || text.starts_with(b"00/00/0000") || text == b"0"
}

fn unreadable(text: &[u8], column: DateColumn) -> Reject {
    let what = match column {
        DateColumn::Enrolled => "the enrollment date",
        DateColumn::Completed => "the completion date",
        DateColumn::Accessed => "the access date",
        DateColumn::CourseMade => "the course's creation date",
    };
    match cell_fault(text) {
        Some(fault) => super::no_text(what, fault),
        None => Reject::of(format!("{what} is not a date"), text),
    }
}

/// A date with the year last: `31/01/2026 23:59`, `1.2.2026`, `01/31/2026 11:59:59 PM`.
struct Slashed {
    first: u8,
    second: u8,
    year: i64,
    seconds: i64,
    resolution: Resolution,
}

impl Slashed {
    fn parse(text: &[u8]) -> Option<Self> {
        let (first, rest) = small_number(text)?;
        let (&separator, rest) = rest.split_first()?;
        if !matches!(separator, b'/' | b'.' | b'-') {
            return None;
        }
        let (second, rest) = small_number(rest)?;
        let rest = rest.strip_prefix(&[separator])?;
        let (year, rest) = rest.split_at_checked(4)?;
        let year =
            std::str::from_utf8(year).ok().filter(|year| year.bytes().all(|c| c.is_ascii_digit()))?.parse().ok()?;
        let time = match rest {
            [] => return Some(Self { first, second, year, seconds: 0, resolution: Resolution::Day }),
            [b',', b' ', time @ ..] | [b' ' | b'T', time @ ..] => time,
            _ => return None,
        };
        let (seconds, resolution, rest) = time_of_day(time)?;
        let hour = seconds / 3_600;
        let seconds = match rest.trim_ascii() {
            [] => seconds,
            half if half.eq_ignore_ascii_case(b"AM") && (1..=12).contains(&hour) => {
                seconds - if hour == 12 { 12 * 3_600 } else { 0 }
            }
            half if half.eq_ignore_ascii_case(b"PM") && (1..=12).contains(&hour) => {
                seconds + if hour == 12 { 0 } else { 12 * 3_600 }
            }
            _ => return None,
        };
        Some(Self { first, second, year, seconds, resolution })
    }
}

/// One or two digits from the start of a text.
fn small_number(text: &[u8]) -> Option<(u8, &[u8])> {
    let length = text.iter().take(2).take_while(|c| c.is_ascii_digit()).count();
    let (digits, rest) = text.split_at(length);
    (length > 0).then(|| (digits.iter().fold(0, |number, c| number * 10 + (c - b'0')), rest))
}

/// A date as the number of days since the end of 1899.
fn serial(text: &[u8]) -> Option<(i64, Resolution)> {
    if !text.iter().all(|c| c.is_ascii_digit() || *c == b'.') {
        return None;
    }
    let days: f64 = std::str::from_utf8(text).ok()?.parse().ok()?;
    if !SERIALS.contains(&days) {
        return None;
    }
    #[expect(clippy::cast_possible_truncation, reason = "below 5e9 seconds by the range above")]
    let seconds = ((days - SERIAL_EPOCH) * 86_400.0).round() as i64;
    Some((seconds, if seconds % DAY == 0 { Resolution::Day } else { Resolution::Second }))
}

#[cfg(test)]
mod tests {
    use super::{DateColumn, DateReader};
    use crate::model::instant::{LocalTime, Resolution};
    use crate::model::provenance::DateOrder;

    fn read(reader: &mut DateReader, text: &str) -> Result<Option<LocalTime>, String> {
        reader.read(text.as_bytes(), DateColumn::Enrolled, 1).map_err(|reject| reject.to_string())
    }

    #[test]
    fn every_pattern_reads_to_the_same_time() {
        for text in [
            "2026-01-31 23:59:59",
            "2026-01-31T23:59:59",
            "2026/01/31 23:59:59",
            "31/01/2026 23:59:59",
            "31.1.2026 23:59:59",
            "01/31/2026 11:59:59 PM",
            "1/31/2026, 11:59:59 pm",
            "2026-01-31T23:59:59Z",
            "2026-02-01T00:59:59+01:00",
            "46053.9999884259",
        ] {
            let found = read(&mut DateReader::new(None), text);
            assert_eq!(
                found.map(|time| time.map(|t| t.to_string())),
                Ok(Some("2026-01-31T23:59:59".to_owned())),
                "{text}"
            );
        }
    }

    #[test]
    fn blanks_and_zero_dates_are_no_date() {
        for text in ["", "  ", "0000-00-00", "0000-00-00 00:00:00", "00/00/0000"] {
            assert_eq!(read(&mut DateReader::new(None), text), Ok(None), "{text:?}");
        }
    }

    #[test]
    fn what_is_no_date_is_told() {
        for text in [
            "yesterday",
            "2026-02-30",
            "31/13/2026",
            "32/01/2026",
            "12345",
            "99999",
            "1/1/26",
            "13:00 PM",
            "01/31/2026 13:00 PM",
            "2026-01-31 24:00",
        ] {
            assert!(read(&mut DateReader::new(None), text).is_err(), "{text}");
        }
    }

    #[test]
    fn one_row_decides_for_the_whole_column() {
        let mut reader = DateReader::new(None);
        let mut column =
            [read(&mut reader, "03/04/2026").expect("a date"), read(&mut reader, "04/13/2026").expect("a date")];
        assert_eq!(reader.profile().order, DateOrder::MonthFirst);
        assert!(reader.month_first());
        column.iter_mut().flatten().for_each(|value| reader.exchange(value));
        let shown: Vec<String> = column.iter().flatten().map(ToString::to_string).collect();
        assert_eq!(shown, ["2026-03-04T00:00:00", "2026-04-13T00:00:00"]);
        assert_eq!(reader.profile().enrolled, Resolution::Day);
    }

    #[test]
    fn without_such_a_row_the_order_stays_open_unless_configured() {
        let mut open = DateReader::new(None);
        read(&mut open, "03/04/2026").expect("a date").expect("not blank");
        assert_eq!(open.profile().order, DateOrder::Undecided);
        let mut forced = DateReader::new(Some(DateOrder::MonthFirst));
        assert_eq!(
            read(&mut forced, "03/04/2026").map(|t| t.map(|t| t.to_string())),
            Ok(Some("2026-03-04T00:00:00".to_owned()))
        );
        assert!(
            read(&mut forced, "31/01/2026").is_err(),
            "a row that does not follow the configured order is rejected"
        );
    }

    #[test]
    fn the_finest_value_is_the_resolution_of_the_column() {
        let mut reader = DateReader::new(None);
        read(&mut reader, "31/01/2026").expect("a date");
        read(&mut reader, "31/01/2026 08:15").expect("a date");
        assert_eq!(reader.profile().enrolled, Resolution::Minute);
    }
}
