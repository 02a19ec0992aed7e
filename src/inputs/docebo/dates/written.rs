//! Parses one date independently of the rest of the file.
//!
//! Must not know: whether an ambiguous value has the day or the month first.

use super::months;
use crate::model::instant::{DAY, HOUR, MINUTE, Resolution, Stamp, days_from_civil};

/// A parsed date.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum WrittenDate {
    /// Day, month and year are known.
    Settled(Form, Stamp),
    /// Two numbers precede the year.
    YearLast(YearLast),
}

/// The form of a date.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// `2026-01-31`, `2026.1.31`, `20260131`
    YearFirst,
    /// `31/01/2026`, `1/31/26`
    YearLast,
    /// `31 Jan 2026`, `Jan 31, 2026`
    Named,
    /// Spreadsheet serial number.
    Serial,
    /// Seconds or milliseconds since 1970.
    Unix,
}

impl Form {
    /// Number of forms.
    pub(super) const COUNT: usize = 5;
}

/// A date of three numbers with the year last: `31/01/2026 23:59`, `1.2.26`, `01/31/2026 11:59:59 PM`.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct YearLast {
    pub(super) first: u8,
    pub(super) second: u8,
    pub(super) year: i64,
    /// The last number, if it has two digits.
    pub(super) short: Option<u8>,
    /// Whether the first number has two digits, as a year has.
    pub(super) wide: bool,
    /// Seconds since midnight.
    pub(super) seconds: i64,
    pub(super) resolution: Resolution,
    /// Whether the text marks the time as UTC.
    pub(super) utc: bool,
}

/// Expands a two-digit year: 70 to 99 belong to the last century.
fn century(year: u8) -> i64 {
    i64::from(year) + if year < 70 { 2000 } else { 1900 }
}

impl YearLast {
    /// Days since 1970 if the day comes first.
    pub(super) const fn day_first(&self) -> Option<i64> {
        days_from_civil(self.year, self.second, self.first)
    }

    /// Days since 1970 if the month comes first.
    pub(super) const fn month_first(&self) -> Option<i64> {
        days_from_civil(self.year, self.first, self.second)
    }

    /// Whether the first number could be a two-digit year.
    pub(super) fn fits_year_first(&self) -> bool {
        let day = self.short.filter(|_| self.wide);
        day.is_some_and(|day| days_from_civil(century(self.first), self.second, day).is_some())
    }
}

/// Reads any known form except `YYYY-MM-DD` as read by [`Stamp::parse`]. `date_1904`: whether the workbook's serial
/// numbers count from 1904.
pub(super) fn parse(text: &[u8], date_1904: bool) -> Option<WrittenDate> {
    let plain;
    let text: &[u8] = if text.is_ascii() {
        text
    } else {
        plain = plain_spaces(std::str::from_utf8(text).ok()?);
        plain.trim().as_bytes()
    };
    if !text.is_ascii() {
        return named(std::str::from_utf8(text).ok()?);
    }
    if text.iter().all(|c| c.is_ascii_digit() || matches!(c, b'.' | b','))
        && let Some(number) = bare_number(text, date_1904)
    {
        return Some(number);
    }
    if text.first()?.is_ascii_alphabetic() {
        let (word, rest) = word(std::str::from_utf8(text).ok()?);
        if months::is_weekday(word)
            && let rest = rest.trim_start_matches([',', ' '])
            && rest.starts_with(|c: char| c.is_ascii_digit())
            && let Some(date) = numbers(rest.as_bytes())
        {
            return Some(date);
        }
    }
    if let Some(date) = compact(text).or_else(|| numbers(text)) {
        return Some(date);
    }
    // A date with a name has at least one letter.
    if !text.iter().any(u8::is_ascii_alphabetic) {
        return None;
    }
    named(std::str::from_utf8(text).ok()?)
}

/// Normalizes spaces, and removes the direction marks that browsers put into dates.
fn plain_spaces(text: &str) -> String {
    let is_mark = |c: &char| matches!(c, '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{feff}');
    text.chars().filter(|c| !is_mark(c)).map(|c| if c.is_whitespace() { ' ' } else { c }).collect()
}

/// Leading digits: their count, value and the remaining text. At most nine are read.
fn digits(text: &[u8]) -> (usize, u32, &[u8]) {
    let length = text.iter().take(9).take_while(|c| c.is_ascii_digit()).count();
    let (number, rest) = text.split_at(length);
    (length, number.iter().fold(0, |number, c| number * 10 + u32::from(c - b'0')), rest)
}

/// One or two digits.
fn small(text: &[u8]) -> Option<(u8, &[u8])> {
    let (length, number, rest) = digits(text);
    (matches!(length, 1 | 2)).then(|| Some((u8::try_from(number).ok()?, rest)))?
}

/// Three numbers between equal separators.
fn numbers(text: &[u8]) -> Option<WrittenDate> {
    let (first_length, first, rest) = digits(text);
    let (&separator, rest) = rest.split_first()?;
    if !matches!(separator, b'/' | b'.' | b'-') {
        return None;
    }
    // `31. 1. 2026`
    let behind = |text: &'_ [u8]| -> usize { if separator == b'.' { usize::from(text.starts_with(b" ")) } else { 0 } };
    let rest = &rest[behind(rest)..];
    let (second, rest) = small(rest)?;
    let rest = rest.strip_prefix(&[separator])?;
    let rest = &rest[behind(rest)..];
    let (last_length, last, rest) = digits(rest);
    let time = Time::behind_date(rest)?;
    match (first_length, last_length) {
        (4, 1 | 2) => {
            let days = days_from_civil(i64::from(first), second, u8::try_from(last).ok()?)?;
            Some(WrittenDate::Settled(Form::YearFirst, time.on(days)))
        }
        // With an offset other than zero the UTC day may differ, which swapping day and month would lose.
        (1 | 2, 2 | 4) if time.offset.unwrap_or(0) == 0 => {
            let first = u8::try_from(first).ok()?;
            let two_digits = (last_length == 2).then(|| u8::try_from(last).ok()).flatten();
            Some(WrittenDate::YearLast(YearLast {
                first,
                second,
                year: two_digits.map_or(i64::from(last), century),
                short: two_digits,
                wide: first_length == 2,
                seconds: time.seconds,
                resolution: time.resolution,
                utc: time.offset.is_some(),
            }))
        }
        _ => None,
    }
}

/// `20260131`, `202601310815`, `20260131081530`, `20260131T081530Z`
fn compact(text: &[u8]) -> Option<WrittenDate> {
    let (date, rest) = text.split_at_checked(8)?;
    let (length, number, _) = digits(date);
    // Any other eight digits are an id, not a recent date.
    if length != 8 || !matches!(number / 1_000_000, 19 | 20 | 99) {
        return None;
    }
    let part = |divisor: u32| u8::try_from(number / divisor % 100).unwrap_or_default();
    let days = days_from_civil(i64::from(number / 10_000), part(100), part(1))?;
    let rest = match rest {
        [] => return Some(WrittenDate::Settled(Form::YearFirst, Time::MIDNIGHT.on(days))),
        [b'T' | b't' | b' ', rest @ ..] => rest,
        _ => rest,
    };
    let length = rest.iter().take_while(|c| c.is_ascii_digit()).count();
    let (time, zone) = rest.split_at(length);
    let two = |at: usize| small(time.get(at..at + 2)?).map(|(number, _)| i64::from(number));
    let (second, resolution) = match length {
        4 => (0, Resolution::Minute),
        6 => (two(4)?, Resolution::Second),
        _ => return None,
    };
    let seconds = time_of_day_seconds(two(0)?, two(2)?, second)?;
    let time = Time { seconds, resolution, offset: zone_offset(zone)? };
    Some(WrittenDate::Settled(Form::YearFirst, time.on(days)))
}

/// A bare number.
fn bare_number(text: &[u8], date_1904: bool) -> Option<WrittenDate> {
    let whole = text.iter().all(u8::is_ascii_digit);
    let number = || std::str::from_utf8(text).ok()?.parse::<i64>().ok();
    let unix = |seconds: i64| {
        // From 2001-09-09, the first moment with ten digits, through 2099.
        let stamp = Stamp { seconds, offset: Some(0), resolution: Resolution::Second };
        (1_000_000_000..4_102_444_800).contains(&seconds).then_some(WrittenDate::Settled(Form::Unix, stamp))
    };
    match text.len() {
        10 if whole => unix(number()?),
        13 if whole => unix(number()? / 1_000),
        _ => serial(text, date_1904),
    }
}

/// Spreadsheet serial numbers of plausible dates: 1954 to 2119.
const SERIALS: std::ops::Range<f64> = 20_000.0..80_000.0;
/// 1970-01-01 as a serial number.
const SERIAL_EPOCH: f64 = 25_569.0;
/// Days between the serial number epochs of 1900 and 1904.
const SERIAL_1904: f64 = 1_462.0;

/// A date as days since the end of 1899, or the start of 1904; the decimal separator is a point or comma.
fn serial(text: &[u8], date_1904: bool) -> Option<WrittenDate> {
    let mut copy = [0u8; 32];
    let copy = copy.get_mut(..text.len())?;
    for (to, &from) in copy.iter_mut().zip(text) {
        *to = if from == b',' { b'.' } else { from };
    }
    let days: f64 = std::str::from_utf8(copy).ok()?.parse().ok()?;
    let days = if date_1904 { days + SERIAL_1904 } else { days };
    if !SERIALS.contains(&days) {
        return None;
    }
    #[expect(clippy::cast_possible_truncation, reason = "below 5e9 seconds by the range above")]
    let seconds = ((days - SERIAL_EPOCH) * 86_400.0).round() as i64;
    let resolution = if seconds % DAY == 0 { Resolution::Day } else { Resolution::Second };
    Some(WrittenDate::Settled(Form::Serial, Stamp { seconds, offset: None, resolution }))
}

/// A time of day with its zone, if written.
pub(super) struct Time {
    seconds: i64,
    resolution: Resolution,
    offset: Option<i64>,
}

fn time_of_day_seconds(hour: i64, minute: i64, second: i64) -> Option<i64> {
    (hour < 24 && minute < 60 && second < 60).then_some(hour * HOUR + minute * MINUTE + second)
}

impl Time {
    const MIDNIGHT: Self = Self { seconds: 0, resolution: Resolution::Day, offset: None };

    fn on(&self, days: i64) -> Stamp {
        Stamp { seconds: days * DAY + self.seconds, offset: self.offset, resolution: self.resolution }
    }

    /// Whether it is the first second of a day in UTC or without a zone.
    pub(super) fn is_midnight(&self) -> bool {
        self.seconds == 0 && self.offset.unwrap_or(0) == 0
    }

    /// Parses what follows a date: nothing, or a time.
    pub(super) fn behind_date(text: &[u8]) -> Option<Self> {
        let time = match text {
            [] => return Some(Self::MIDNIGHT),
            [b',', b' ', time @ ..] | [b' ' | b'T' | b't', time @ ..] => time,
            _ => return None,
        };
        let time = time.trim_ascii_start();
        let time = [&b"at "[..], b"um ", b"- "].iter().find_map(|word| time.strip_prefix(*word)).unwrap_or(time);
        Self::parse(time)
    }

    /// `8:15`, `08:15:30.123`, `08.15.30`, each optionally followed by AM or PM and a zone.
    fn parse(text: &[u8]) -> Option<Self> {
        let (hour, rest) = small(text)?;
        let (&separator, rest) = rest.split_first()?;
        if !matches!(separator, b':' | b'.') {
            return None;
        }
        let two =
            |text: &'_ [u8]| -> Option<u8> { digits(text.get(..2)?).0.eq(&2).then(|| small(text))?.map(|(n, _)| n) };
        let (minute, mut rest) = (two(rest)?, rest.get(2..)?);
        let (mut second, mut resolution) = (0, Resolution::Minute);
        if let Some(more) = rest.strip_prefix(&[separator]) {
            (second, resolution) = (two(more)?, Resolution::Second);
            rest = more.get(2..)?;
            if let [b'.' | b',', fraction @ ..] = rest {
                let length = fraction.iter().take_while(|c| c.is_ascii_digit()).count();
                rest = (length > 0).then(|| &fraction[length..])?;
            }
        }
        let mut hour = i64::from(hour);
        let rest = rest.trim_ascii_start();
        let rest = match half_of_day(rest) {
            Some((afternoon, rest)) => {
                if !(1..=12).contains(&hour) {
                    return None;
                }
                hour = hour % 12 + if afternoon { 12 } else { 0 };
                rest
            }
            None => rest,
        };
        let seconds = time_of_day_seconds(hour, minute.into(), second.into())?;
        Some(Self { seconds, resolution, offset: zone_offset(rest)? })
    }
}

/// A leading `AM`, `p.m.` or `a. m.`: whether it is the afternoon, and the remaining text.
fn half_of_day(text: &[u8]) -> Option<(bool, &[u8])> {
    let (first, rest) = text.split_first()?;
    let afternoon = match first.to_ascii_lowercase() {
        b'a' => false,
        b'p' => true,
        _ => return None,
    };
    let rest = rest.strip_prefix(b".").unwrap_or(rest).trim_ascii_start();
    let (second, rest) = rest.split_first()?;
    let rest = rest.strip_prefix(b".").unwrap_or(rest);
    (second.eq_ignore_ascii_case(&b'm') && !rest.first().is_some_and(u8::is_ascii_alphanumeric))
        .then_some((afternoon, rest))
}

/// Nothing, `Z`, `UTC`, `GMT`, `+01:00`, `+0100`, `GMT+0100 (Central European Standard Time)`, in seconds; `None` if
/// anything else.
#[expect(clippy::option_option, reason = "outer: readable; inner: stated")]
fn zone_offset(text: &[u8]) -> Option<Option<i64>> {
    let mut text = text.trim_ascii();
    if text.is_empty() {
        return Some(None);
    }
    if text.ends_with(b")") {
        text = text[..text.iter().position(|&c| c == b'(')?].trim_ascii_end();
    }
    let named = [&b"UTC"[..], b"GMT", b"Z"].into_iter().find_map(|name| {
        let (start, rest) = text.split_at_checked(name.len())?;
        start.eq_ignore_ascii_case(name).then_some(rest)
    });
    let rest = named.unwrap_or(text);
    let (sign, rest) = match rest.split_first() {
        None => return named.map(|_| Some(0)),
        Some((b'+', rest)) => (1, rest),
        Some((b'-', rest)) => (-1, rest),
        Some(_) => return None,
    };
    let (length, number, rest) = digits(rest);
    let (hours, minutes) = match (length, rest) {
        (1 | 2, []) => (number, 0),
        (4, []) => (number / 100, number % 100),
        (1 | 2, [b':', minutes @ ..]) => match digits(minutes) {
            (2, minutes, []) => (number, minutes),
            _ => return None,
        },
        _ => return None,
    };
    (hours <= 18 && minutes < 60).then(|| Some(sign * (i64::from(hours) * HOUR + i64::from(minutes) * MINUTE)))
}

/// The leading word with its final dot, and the remaining text.
fn word(text: &str) -> (&str, &str) {
    let length = text.find(|c: char| !c.is_alphabetic()).unwrap_or(text.len());
    let length = length + usize::from(length > 0 && text[length..].starts_with('.'));
    text.split_at(length)
}

/// A date with a month name: `31 Jan 2026`, `Jan. 31st, 2026 8:15 PM`, `31-Jan-26`, `2026-Jan-31`,
/// `31 de enero de 2026`, each optionally preceded by the weekday.
fn named(text: &str) -> Option<WrittenDate> {
    let stamp = named_date(text).or_else(|| {
        let (word, rest) = word(text);
        months::is_weekday(word).then(|| named_date(rest.trim_start_matches([',', ' '])))?
    })?;
    Some(WrittenDate::Settled(Form::Named, stamp))
}

fn named_date(text: &str) -> Option<Stamp> {
    let between = |text: &'_ str| -> usize { text.len() - text.trim_start_matches([' ', '-', '/', ',', '.']).len() };
    let link = |text: &'_ str| -> usize {
        ["de ", "del ", "of "].iter().find(|word| text.starts_with(*word)).map_or(0, |word| word.len())
    };
    let skip = |text: &'_ str| -> usize {
        let start = between(text);
        start + link(&text[start..])
    };
    let (length, number, _) = digits(text.as_bytes());
    let (year, month, day, rest);
    if length == 4 {
        let behind = &text[length..];
        let (name, behind) = word(&behind[skip(behind)..]);
        let (number_of_day, behind) = small(&behind.as_bytes()[skip(behind)..])?;
        (year, month, day, rest) = (i64::from(number), months::month(name)?, number_of_day, behind);
    } else {
        let (name, behind) = if length == 0 {
            let (name, behind) = word(text);
            (Some(name), &behind[skip(behind)..])
        } else {
            (None, text)
        };
        let (number_of_day, behind) = small(behind.as_bytes())?;
        let behind = std::str::from_utf8(behind).ok()?;
        let behind = &behind[ordinal(behind)..];
        // Without a separator, day and month would be one word, and day and year one number.
        if skip(behind) == 0 && !behind.starts_with(char::is_alphabetic) {
            return None;
        }
        let behind = &behind[skip(behind)..];
        let (name, behind) = match name {
            Some(name) => (name, behind),
            None => {
                let (name, behind) = word(behind);
                (name, &behind[skip(behind)..])
            }
        };
        month = months::month(name)?;
        let behind = behind.strip_prefix('\'').unwrap_or(behind);
        let (length, number, behind) = digits(behind.as_bytes());
        year = match length {
            4 => i64::from(number),
            2 => century(u8::try_from(number).ok()?),
            _ => return None,
        };
        (day, rest) = (number_of_day, behind);
    }
    let days = days_from_civil(year, month, day)?;
    Some(Time::behind_date(rest)?.on(days))
}

/// Length of an ordinal suffix: `1st`, `2nd`, `1er`.
fn ordinal(text: &str) -> usize {
    let endings = ["st", "nd", "rd", "th", "er", "\u{ba}", "\u{aa}"];
    let ending =
        endings.iter().find(|ending| text.get(..ending.len()).is_some_and(|start| start.eq_ignore_ascii_case(ending)));
    let ends = |length: usize| !text[length..].starts_with(char::is_alphabetic);
    ending.map(|ending| ending.len()).filter(|&length| ends(length)).unwrap_or(0)
}
