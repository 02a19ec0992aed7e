//! A user-defined date pattern (`docebo.date_format`), in `strptime` syntax.
//!
//! Must not know: which dates it is for.

use jiff::civil::{DateTime, date};
use jiff::fmt::strtime::BrokenDownTime;
use jiff::tz::Offset;

use crate::model::instant::{Resolution, Stamp};

/// A pattern with day, month and year, and optionally the time of day and the UTC offset.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DateFormat(String);

impl DateFormat {
    /// Accepts a pattern if dates that it formats can be parsed again.
    ///
    /// # Errors
    /// If the pattern is wrong; describes the fault.
    pub fn new(pattern: &str) -> Result<Self, String> {
        let format = Self(pattern.trim().to_owned());
        // An afternoon time, so that `%I` without `%p` does not parse back to the same hour.
        let samples = [date(2026, 1, 31).at(23, 59, 58, 0), date(2025, 12, 3).at(13, 4, 5, 0)];
        if let Some(what) = samples.into_iter().find_map(|sample| format.fault(sample)) {
            return Err(format!(
                "`{pattern}` is not a valid date pattern: {what}; write it as strptime does, for example \"%d/%m/%Y %H:%M\" \
                 for 31/01/2026 08:15, or \"%m/%d/%y %I:%M %p\" for 1/31/26 8:15 AM"
            ));
        }
        Ok(format)
    }

    /// Why a date cannot be formatted with the pattern and parsed again.
    fn fault(&self, sample: DateTime) -> Option<String> {
        let mut parts = BrokenDownTime::from(sample);
        parts.set_offset(Some(Offset::UTC));
        if let Ok(zoned) = sample.to_zoned(jiff::tz::TimeZone::UTC) {
            parts.set_timestamp(Some(zoned.timestamp()));
        }
        let mut text = String::new();
        if let Err(error) = parts.format(&self.0, &mut text) {
            return Some(error.to_string());
        }
        let Some(stamp) = self.read(text.trim().as_bytes()) else {
            return Some("it does not give day, month and year, or not in a form that can be read".to_owned());
        };
        let seconds = sample.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp().as_second();
        let same =
            stamp.seconds.div_euclid(stamp.resolution.seconds()) == seconds.div_euclid(stamp.resolution.seconds());
        (!same).then(|| format!("it formats {sample} as `{text}`, which is read back as a different time"))
    }

    /// The pattern as the user wrote it.
    #[must_use]
    pub fn pattern(&self) -> &str {
        &self.0
    }

    /// Parses a date that matches the pattern completely; `None` for any other text. A two-digit year means 1969 to
    /// 2068, as in `strptime`.
    #[must_use]
    pub fn read(&self, text: &[u8]) -> Option<Stamp> {
        let parts = BrokenDownTime::parse(self.0.as_str(), text).ok()?;
        if let Some(moment) = parts.timestamp() {
            return Some(Stamp { seconds: moment.as_second(), offset: Some(0), resolution: Resolution::Second });
        }
        let local = parts.to_datetime().ok()?;
        let resolution = match (parts.hour(), parts.second()) {
            (None, _) => Resolution::Day,
            (Some(_), None) => Resolution::Minute,
            (Some(_), Some(_)) => Resolution::Second,
        };
        let seconds = local.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp().as_second();
        Some(Stamp { seconds, offset: parts.offset().map(|offset| i64::from(offset.seconds())), resolution })
    }
}

#[cfg(test)]
mod tests {
    use super::DateFormat;
    use crate::model::instant::LocalTime;

    #[test]
    fn a_pattern_settles_every_part_of_a_date() {
        for (pattern, text, time) in [
            ("%d/%m/%Y %H:%M:%S", "31/01/2026 08:15:30", "2026-01-31T08:15:30"),
            ("%m/%d/%y %H:%M", "1/31/26 8:15", "2026-01-31T08:15:00"),
            ("%y%m%d", "260131", "2026-01-31T00:00:00"),
            ("%d %b %Y %I:%M %p", "31 Jan 2026 8:15 PM", "2026-01-31T20:15:00"),
            ("%Y-%m-%dT%H:%M:%S%z", "2026-01-31T08:15:00+0100", "2026-01-31T07:15:00"),
            ("%s", "1769847300", "2026-01-31T08:15:00"),
            (" %d.%m.%Y ", "31.01.2026", "2026-01-31T00:00:00"),
        ] {
            let format = DateFormat::new(pattern).expect(pattern);
            let stamp = format.read(text.as_bytes()).expect(text);
            let read = LocalTime::from_seconds(stamp.seconds - stamp.offset.unwrap_or(0));
            assert_eq!(read.to_string(), time, "{pattern}");
            assert!(format.read(b"soon").is_none() && format.read(b"").is_none(), "{pattern}");
            assert!(format.read(format!("{text} x").as_bytes()).is_none(), "{pattern}");
        }
    }

    #[test]
    fn a_pattern_that_does_not_settle_a_date_is_refused() {
        for pattern in ["", "dd/mm/yyyy", "%Y-%m", "%H:%M", "%d/%m/%Y %I:%M", "%Q?", "%E", "%", "%c", "%d/%m %H:%M"] {
            assert!(DateFormat::new(pattern).is_err(), "{pattern}");
        }
    }
}
