//! Moments, stored as whole seconds in four bytes.
//!
//! Salesforce stores date-times in UTC with a resolution of one second. An export contains wall-clock readings;
//! [`crate::model::zone`] decides which moments they mean.
//!
//! The range is 1970 to 2105. A date outside it (a typing error such as 2206, or a placeholder) is unreadable on both
//! sides alike. The very first second, 1970-01-01 00:00:00, is what unset dates become in many systems and counts as
//! blank.

use std::fmt;
use std::num::NonZeroU32;
use std::ops::RangeInclusive;

/// Seconds in a minute.
pub const MINUTE: i64 = 60;
/// Seconds in an hour.
pub const HOUR: i64 = 3_600;
/// Seconds in a day.
pub const DAY: i64 = 86_400;

/// Valid seconds since 1970: from the first second, which is blank, to the end of 2105.
pub const RANGE: RangeInclusive<i64> = 0..=4_291_747_199;
/// [`RANGE`] in words, to follow the name or the text of a date.
pub const OUT_OF_RANGE: &str = "lies outside the years 1970 to 2105";

/// A moment in UTC.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Instant(NonZeroU32);

/// A wall-clock reading without a time zone.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LocalTime(NonZeroU32);

/// Resolution of an export's times.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Resolution {
    /// Hours, minutes and seconds.
    Second,
    /// Hours and minutes.
    Minute,
    /// The date only.
    Day,
}

impl Resolution {
    /// Seconds covered by one value.
    #[must_use]
    pub const fn seconds(self) -> i64 {
        match self {
            Self::Second => 1,
            Self::Minute => MINUTE,
            Self::Day => DAY,
        }
    }

    /// Its name in outputs.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Second => "second",
            Self::Minute => "minute",
            Self::Day => "day",
        }
    }
}

/// How precise the times of one column are. If precision varies, only the value itself shows it: a value at midnight
/// then counts as a date only, so that the sync is not blamed for a time that was never stated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Precision {
    /// Resolution of the finest value.
    pub finest: Resolution,
    /// Resolution of the coarsest value.
    pub coarsest: Resolution,
}

impl Precision {
    /// The resolution of a value of the column.
    #[must_use]
    pub fn resolution(self, local: LocalTime) -> Resolution {
        let can_be_meant = |resolution: &Resolution| {
            (self.finest..=self.coarsest).contains(resolution) && local.seconds() % resolution.seconds() == 0
        };
        [Resolution::Day, Resolution::Minute].into_iter().find(can_be_meant).unwrap_or(self.finest)
    }

    /// The combined precision of two columns.
    #[must_use]
    pub fn with(self, other: Self) -> Self {
        Self { finest: self.finest.min(other.finest), coarsest: self.coarsest.max(other.coarsest) }
    }
}

impl From<Resolution> for Precision {
    fn from(resolution: Resolution) -> Self {
        Self { finest: resolution, coarsest: resolution }
    }
}

fn clamp(seconds: i64) -> NonZeroU32 {
    let bounded = u32::try_from(seconds.max(1)).unwrap_or(u32::MAX);
    NonZeroU32::new(bounded).unwrap_or(NonZeroU32::MIN)
}

impl Instant {
    /// Converts computed seconds since 1970-01-01T00:00:00Z; values that do not fit four bytes become the nearest
    /// bound.
    #[must_use]
    pub fn from_seconds(seconds: i64) -> Self {
        Self(clamp(seconds))
    }

    /// The time of a file or of this machine's clock, to the second; a time before 1970 is its first second.
    #[must_use]
    pub fn from_system_time(time: std::time::SystemTime) -> Self {
        let since = time.duration_since(std::time::UNIX_EPOCH).map_or(0, |since| since.as_secs());
        Self::from_seconds(i64::try_from(since).unwrap_or(i64::MAX))
    }

    /// Seconds since 1970-01-01T00:00:00Z.
    #[must_use]
    pub fn seconds(self) -> i64 {
        i64::from(self.0.get())
    }

    /// The moment this many seconds later (earlier if negative).
    #[must_use]
    pub fn plus(self, seconds: i64) -> Self {
        Self::from_seconds(self.seconds() + seconds)
    }

    /// Formats the moment to the minute: `2026-01-31 23:59 UTC`.
    #[must_use]
    pub fn to_minute(self) -> String {
        let text = self.to_string();
        format!("{} {} UTC", text.get(..10).unwrap_or_default(), text.get(11..16).unwrap_or_default())
    }

    /// Parses an RFC 3339 date-time (`2026-01-31T23:59:59Z`, `…+01:00`, `…+0100`), truncating fractions of a second.
    /// The first second of 1970 is blank.
    ///
    /// # Errors
    /// If the text is not a date-time, or the moment is out of [`RANGE`].
    pub fn parse(text: &[u8]) -> Result<Option<Self>, NotADate> {
        let seconds = seconds_of(text)?;
        if !RANGE.contains(&seconds) {
            return Err(NotADate::OutOfRange);
        }
        Ok((seconds != 0).then(|| Self::from_seconds(seconds)))
    }
}

impl Instant {
    /// Like [`Instant::parse`], for a mandatory moment.
    ///
    /// # Errors
    /// Those of [`Instant::parse`], and if the moment counts as blank.
    pub fn parse_stated(text: &[u8]) -> Result<Self, NotADate> {
        Self::parse(text)?.ok_or(NotADate::Blank)
    }
}

/// Seconds since 1970-01-01T00:00:00Z of an RFC 3339 date-time.
fn seconds_of(text: &[u8]) -> Result<i64, NotADate> {
    let stamp = Stamp::parse(text).ok_or(NotADate::Unreadable)?;
    Ok(stamp.seconds - stamp.offset.ok_or(NotADate::Unreadable)?)
}

impl LocalTime {
    /// The time with day and month swapped; `None` if the day cannot be a month, so the order was unambiguous.
    #[must_use]
    pub fn with_day_and_month_swapped(self) -> Option<Self> {
        let (year, month, day) = civil_from_days(self.seconds().div_euclid(DAY));
        let days = days_from_civil(year, day, month)?;
        Some(Self::from_seconds(days * DAY + self.seconds().rem_euclid(DAY)))
    }

    /// Converts seconds since 1970-01-01 00:00:00 on the same clock; values that do not fit four bytes become the
    /// nearest bound.
    #[must_use]
    pub fn from_seconds(seconds: i64) -> Self {
        Self(clamp(seconds))
    }

    /// Seconds since 1970-01-01 00:00:00 on the same clock.
    #[must_use]
    pub fn seconds(self) -> i64 {
        i64::from(self.0.get())
    }
}

/// Why a text is not a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotADate {
    /// It is not a date-time.
    Unreadable,
    /// It is out of [`RANGE`].
    OutOfRange,
    /// It is the very first second of the range, but a moment is mandatory.
    Blank,
}

impl NotADate {
    /// The reason, to follow the text; `otherwise` is the reason for a text that is not a date.
    #[must_use]
    pub const fn why(self, otherwise: &'static str) -> &'static str {
        match self {
            Self::Unreadable => otherwise,
            Self::OutOfRange => OUT_OF_RANGE,
            Self::Blank => {
                "is the first second of 1970, which many systems write for a date that is not set, so it counts as none"
            }
        }
    }
}

/// A year-first date-time as written, before a zone is applied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stamp {
    /// Seconds since 1970-01-01 00:00:00 on the clock of the text.
    pub seconds: i64,
    /// UTC offset in seconds, if stated.
    pub offset: Option<i64>,
    /// Resolution of the time.
    pub resolution: Resolution,
}

impl Stamp {
    /// Parses `YYYY-MM-DD` (or with slashes), followed by `HH:MM`, `HH:MM:SS` or `HH:MM:SS.fff` after a space or `T`,
    /// and `Z`, `±HH:MM` or `±HHMM` after that.
    #[must_use]
    pub fn parse(text: &[u8]) -> Option<Self> {
        let (seconds, resolution, rest) = to_the_second(text).or_else(|| to_whatever(text))?;
        Some(Self { seconds, offset: offset(rest)?, resolution })
    }
}

/// A date-time parsed from the start of a text: its seconds, its resolution, and the remaining text.
type Civil<'a> = (i64, Resolution, &'a [u8]);

/// `YYYY-MM-DD HH:MM:SS[.fff]`, the format of nearly every date on either side; `None` for anything else. An audit of
/// millions of rows reads several times as many dates, so this scans the bytes only once.
fn to_the_second(text: &[u8]) -> Option<Civil<'_>> {
    let (text, rest) = text.split_first_chunk::<19>()?;
    let mut wrong = false;
    let mut two = |tens: u8, ones: u8| {
        let (tens, ones) = (tens.wrapping_sub(b'0'), ones.wrapping_sub(b'0'));
        wrong |= (tens > 9) | (ones > 9);
        tens.wrapping_mul(10).wrapping_add(ones)
    };
    let (century, of_century) = (two(text[0], text[1]), two(text[2], text[3]));
    let (month, day) = (two(text[5], text[6]), two(text[8], text[9]));
    let (hour, minute, second) = (two(text[11], text[12]), two(text[14], text[15]), two(text[17], text[18]));
    wrong |= (hour > 23) | (minute > 59) | (second > 59);
    wrong |= !matches!((text[4], text[7]), (b'-', b'-') | (b'/', b'/')) | ((text[13], text[16]) != (b':', b':'));
    if wrong || !is_before_time(text[10]) {
        return None;
    }
    let days = days_from_civil(i64::from(century) * 100 + i64::from(of_century), month, day)?;
    let time = (u32::from(hour) * 60 + u32::from(minute)) * 60 + u32::from(second);
    Some((days * DAY + i64::from(time), Resolution::Second, behind_fraction(rest)?))
}

fn to_whatever(text: &[u8]) -> Option<Civil<'_>> {
    let (date, rest) = text.split_at_checked(10)?;
    let separator = date[4];
    if !matches!(separator, b'-' | b'/') || date[7] != separator {
        return None;
    }
    let year = i64::from(digits(&date[..2])?) * 100 + i64::from(digits(&date[2..4])?);
    let days = days_from_civil(year, digits(&date[5..7])?, digits(&date[8..])?)?;
    match rest.split_first() {
        None => Some((days * DAY, Resolution::Day, rest)),
        Some((&before, time)) if is_before_time(before) => {
            let (seconds, resolution, rest) = time_of_day(time)?;
            Some((days * DAY + seconds, resolution, rest))
        }
        Some(_) => None,
    }
}

const fn is_before_time(c: u8) -> bool {
    matches!(c, b' ' | b'T' | b't')
}

/// Parses two ASCII digits.
fn digits(text: &[u8]) -> Option<u8> {
    match *text {
        [a, b] if a.is_ascii_digit() && b.is_ascii_digit() => Some((a - b'0') * 10 + (b - b'0')),
        _ => None,
    }
}

/// Parses `HH:MM[:SS[.fff]]` from the start of a text: seconds of the day, resolution, and the remaining text.
pub(crate) fn time_of_day(text: &[u8]) -> Option<Civil<'_>> {
    // Spreadsheets write a single digit for the hour.
    let hour_digits = if text.get(1) == Some(&b':') { 1 } else { 2 };
    let (hour, rest) = text.split_at_checked(hour_digits)?;
    let hour = if let [digit] = hour { digits(&[b'0', *digit])? } else { digits(hour)? };
    let (minute, mut rest) = rest.strip_prefix(b":")?.split_at_checked(2)?;
    let minute = digits(minute)?;
    let mut second = 0;
    let mut resolution = Resolution::Minute;
    if let Some(more) = rest.strip_prefix(b":") {
        let (text, more) = more.split_at_checked(2)?;
        second = digits(text)?;
        resolution = Resolution::Second;
        rest = behind_fraction(more)?;
    }
    if hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    Some((i64::from(hour) * HOUR + i64::from(minute) * MINUTE + i64::from(second), resolution, rest))
}

/// The text after the fraction of a second, if any.
fn behind_fraction(text: &[u8]) -> Option<&[u8]> {
    let [b'.' | b',', fraction @ ..] = text else { return Some(text) };
    let length = fraction.iter().take_while(|c| c.is_ascii_digit()).count();
    (length > 0).then(|| &fraction[length..])
}

/// Nothing, `Z`, `+HH:MM`, `+HHMM` or `+HH`, in seconds; `None` for anything else.
#[expect(clippy::option_option, reason = "outer: readable; inner: stated")]
fn offset(text: &[u8]) -> Option<Option<i64>> {
    let text = text.trim_ascii_start();
    let (sign, rest) = match text.split_first() {
        None => return Some(None),
        Some((b'Z' | b'z', [])) => return Some(Some(0)),
        Some((b'+', rest)) => (1, rest),
        Some((b'-', rest)) => (-1, rest),
        Some(_) => return None,
    };
    let (hours, rest) = rest.split_at_checked(2)?;
    let minutes = match rest.strip_prefix(b":").unwrap_or(rest) {
        [] => 0,
        minutes => digits(minutes)?,
    };
    let hours = digits(hours)?;
    (hours <= 18 && minutes <= 59).then(|| Some(sign * (i64::from(hours) * HOUR + i64::from(minutes) * MINUTE)))
}

/// The days in each month, and those before it, in a non-leap year.
const MONTHS: [(u8, u16); 12] = [
    (31, 0),
    (28, 31),
    (31, 59),
    (30, 90),
    (31, 120),
    (30, 151),
    (31, 181),
    (31, 212),
    (30, 243),
    (31, 273),
    (30, 304),
    (31, 334),
];

/// Days since 1970-01-01 of a Gregorian date; `None` if the date does not exist in the years 0 to 9999.
#[must_use]
#[expect(clippy::cast_possible_truncation, reason = "a year of four digits")]
pub const fn days_from_civil(year: i64, month: u8, day: u8) -> Option<i64> {
    if year < 0 || year > 9_999 || month == 0 || month > 12 {
        return None;
    }
    // Divisions by a constant are fast on unsigned, narrow numbers. Every fourth year adds a leap day.
    let year = year.unsigned_abs() as u32;
    let leap = (year & 3 == 0 && (!year.is_multiple_of(25) || year & 15 == 0)) as u32;
    let (days, before) = MONTHS[month as usize - 1];
    if day == 0 || day as u32 > days as u32 + if month == 2 { leap } else { 0 } {
        return None;
    }
    // Adding 400 years (always 146,097 days) gives the first year predecessors.
    let past = year + 399;
    let first = (past + 1) * 365 + past / 4 - past / 100 + past / 400;
    let of_year = before as u32 + day as u32 + if month > 2 { leap } else { 0 };
    Some((first + of_year) as i64 - 865_625)
}

/// Year, month and day of a day counted from 1970-01-01.
#[must_use]
pub fn civil_from_days(days: i64) -> (i64, u8, u8) {
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = u8::try_from(day_of_year - (153 * shifted_month + 2) / 5 + 1).unwrap_or(1);
    let month = u8::try_from(if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 }).unwrap_or(1);
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
}

/// Formats a moment as `2026-01-31T23:59:59`; the year must have four digits.
fn civil(seconds: i64) -> [u8; 19] {
    let (year, month, day) = civil_from_days(seconds.div_euclid(DAY));
    let time = seconds.rem_euclid(DAY);
    let mut text = *b"0000-00-00T00:00:00";
    let numbers = [year / 100, year % 100, month.into(), day.into(), time / HOUR, time % HOUR / MINUTE, time % MINUTE];
    for (at, number) in [0, 2, 5, 8, 11, 14, 17].into_iter().zip(numbers) {
        let number = u8::try_from(number).unwrap_or_default();
        text[at] += number / 10;
        text[at + 1] += number % 10;
    }
    text
}

fn write_civil(f: &mut fmt::Formatter<'_>, seconds: i64, zone: &str) -> fmt::Result {
    f.write_str(std::str::from_utf8(&civil(seconds)).map_err(|_| fmt::Error)?)?;
    f.write_str(zone)
}

/// `2026-01-31T23:59:59Z`
impl fmt::Display for Instant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_civil(f, self.seconds(), "Z")
    }
}

impl fmt::Debug for Instant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// `2026-01-31T23:59:59`
impl fmt::Display for LocalTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_civil(f, self.seconds(), "")
    }
}

impl fmt::Debug for LocalTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl serde::Serialize for Instant {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> serde::Deserialize<'de> for Instant {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str> as serde::Deserialize>::deserialize(deserializer)?;
        // What this tool wrote may be computed, and lie at the very end of the four-byte range.
        let seconds = seconds_of(text.as_bytes()).ok().filter(|seconds| (1..=i64::from(u32::MAX)).contains(seconds));
        let read = seconds.map(Self::from_seconds);
        read.ok_or_else(|| serde::de::Error::custom(format!("`{text}` is not a moment")))
    }
}

#[cfg(test)]
mod tests {
    use super::{Instant, NotADate, Resolution, Stamp, civil_from_days, days_from_civil, to_the_second, to_whatever};

    #[test]
    fn a_date_that_is_not_in_the_calendar_has_no_day() {
        for (year, month, day) in [
            (-1, 12, 31),
            (10_000, 1, 1),
            (2026, 0, 1),
            (2026, 13, 1),
            (2026, 1, 0),
            (2026, 4, 31),
            (2026, 2, 29),
            (1900, 2, 29),
        ] {
            assert_eq!(days_from_civil(year, month, day), None, "{year}-{month}-{day}");
        }
        for year in [0, 1600, 2000, 2024, 9996] {
            assert!(days_from_civil(year, 2, 29).is_some(), "{year}");
        }
        assert_eq!(days_from_civil(0, 1, 1), Some(-719_528));
        assert_eq!(days_from_civil(9_999, 12, 31), Some(2_932_896));
    }

    #[test]
    fn the_calendar_agrees_with_a_library() {
        for days in -200_000..200_000 {
            let (year, month, day) = civil_from_days(days);
            assert_eq!(days_from_civil(year, month, day), Some(days));
            if (0..50_000).contains(&days) {
                let date = jiff::civil::date(1970, 1, 1).checked_add(jiff::Span::new().days(days)).expect("in range");
                assert_eq!(
                    (i64::from(date.year()), date.month(), date.day()),
                    (year, month.cast_signed(), day.cast_signed())
                );
            }
        }
    }

    #[test]
    fn salesforce_spellings_of_one_moment() {
        let expected = Instant::parse(b"2026-01-31T23:59:59Z").expect("a date");
        for text in [
            "2026-01-31T23:59:59.000Z",
            "2026-01-31T23:59:59.000+0000",
            "2026-01-31T23:59:59.999+00:00",
            "2026-02-01T00:59:59+01:00",
            "2026-01-31 18:59:59-0500",
        ] {
            assert_eq!(Instant::parse(text.as_bytes()), Ok(expected), "{text}");
        }
        assert_eq!(expected.map(|i| i.to_string()).as_deref(), Some("2026-01-31T23:59:59Z"));
    }

    #[test]
    fn what_is_no_date_is_refused() {
        for text in [
            "",
            "2026-02-30T00:00:00Z",
            "2026-13-01T00:00:00Z",
            "2026-01-31T24:00:00Z",
            "2026-01-31T23:59:59",
            "yesterday",
            "2026-01-31T23:59:59Zulu",
            "2026-01/31T23:59:59Z",
        ] {
            assert_eq!(Instant::parse(text.as_bytes()), Err(NotADate::Unreadable), "{text}");
        }
        assert_eq!(Instant::parse(b"1970-01-01T00:00:00Z"), Ok(None));
    }

    #[test]
    fn far_dates_are_none() {
        for text in ["9999-12-31T00:00:00Z", "2106-01-01T00:00:00Z", "1969-12-31T23:59:59Z", "0001-01-01T00:00:00Z"] {
            assert_eq!(Instant::parse(text.as_bytes()), Err(NotADate::OutOfRange), "{text}");
        }
        for text in ["2105-12-31T23:59:59Z", "2106-01-01T00:59:59+01:00", "1970-01-01T00:00:01Z"] {
            assert!(Instant::parse(text.as_bytes()).is_ok_and(|at| at.is_some()), "{text}");
        }
        let computed = Instant::from_seconds(i64::MAX);
        let written = serde_json::to_string(&computed).expect("a moment");
        assert_eq!(serde_json::from_str::<Instant>(&written).expect("as it was written"), computed);
        assert!(serde_json::from_str::<Instant>("\"9999-12-31T00:00:00Z\"").is_err());
    }

    /// The fast path accepts nothing that the slow path rejects, and reads the same value.
    #[test]
    fn both_ways_read_the_same() {
        let mut short = 0;
        for text in
            ["2026-01-31 23:59:59", "2024-02-29T00:00:00.000Z", "1999/12/31t19:09:59,5 +0100", "0000-03-01 0:00:00"]
        {
            for at in 0..text.len() {
                for c in 0..=u8::MAX {
                    let mut changed = text.as_bytes().to_vec();
                    changed[at] = c;
                    for changed in [&changed[..], &changed[..at], &changed[at..]] {
                        let (long, brief) = (to_whatever(changed), to_the_second(changed));
                        assert!(brief.is_none() || brief == long, "{}", changed.escape_ascii());
                        short += usize::from(brief.is_some());
                    }
                }
            }
        }
        assert!(short > 5_000, "{short}");
    }

    #[test]
    fn a_moment_reads_as_a_library_writes_it() {
        for seconds in (0..u32::MAX).step_by(99_991).chain([1, 59, u32::MAX]) {
            let ours = Instant::from_seconds(seconds.into());
            let theirs = jiff::Timestamp::from_second(ours.seconds()).expect("in range");
            assert_eq!(ours.to_string(), theirs.to_string());
        }
    }

    #[test]
    fn a_moment_that_must_be_stated_is_not_the_blank_one() {
        let why = |text: &str| Instant::parse_stated(text.as_bytes()).map_err(|fault| fault.why("is no date"));
        assert_eq!(why("1970-01-01T00:00:01Z").map(Instant::seconds), Ok(1));
        assert!(why("1970-01-01T00:00:00Z").expect_err("blank").contains("is the first second of 1970"));
        assert!(why("1969-12-31T23:59:59Z").expect_err("too early").contains("outside the years"));
        assert_eq!(why("soon"), Err("is no date"));
    }

    #[test]
    fn resolution_is_that_of_the_text() {
        let stamp = |text: &str| Stamp::parse(text.as_bytes()).map(|s| s.resolution);
        assert_eq!(stamp("2026-01-31"), Some(Resolution::Day));
        assert_eq!(stamp("2026/01/31 9:05"), Some(Resolution::Minute));
        assert_eq!(stamp("2026-01-31 09:05:00"), Some(Resolution::Second));
    }
}
