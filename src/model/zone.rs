//! Converts the export's local times to UTC.
//!
//! A zone is a list of offsets with the moments from which they apply. An hour that a clock change repeats has two
//! readings, and both are kept; an hour that it skips is read with the offset before and the one after.

use std::borrow::Cow;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use crate::model::instant::{DAY, Instant, LocalTime, MINUTE, Resolution, civil_from_days};

/// A time zone over a span of years.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Clock {
    name: String,
    /// (first second in UTC, seconds east of UTC), ascending.
    offsets: Vec<(i64, i64)>,
}

/// The moments that one local time can mean: each covers the resolution of the export.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Readings {
    local: i64,
    first: i64,
    second: i64,
    covers: i64,
}

/// Formats it for outputs: the moment in UTC, or only the date if the export states no time.
impl std::fmt::Display for Readings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.covers <= MINUTE {
            return self.earliest().fmt(f);
        }
        let (year, month, day) = civil_from_days(self.local.div_euclid(DAY));
        write!(f, "{year:04}-{month:02}-{day:02}")
    }
}

impl Readings {
    /// Whether a moment matches one of the readings, within a tolerance in seconds.
    #[must_use]
    pub fn agrees(self, with: Instant, tolerance: i64) -> bool {
        let moment = with.seconds();
        [self.first, self.second]
            .iter()
            .any(|&start| start - tolerance <= moment && moment < start + self.covers + tolerance)
    }

    /// Formats it to the minute in UTC, or only the date if the export states no time.
    #[must_use]
    pub fn to_minute(self) -> String {
        if self.covers <= MINUTE { self.earliest().to_minute() } else { self.to_string() }
    }

    /// The earliest possible moment.
    #[must_use]
    pub fn earliest(self) -> Instant {
        Instant::from_seconds(self.first.min(self.second))
    }

    /// The latest possible moment: for a date without time, the end of that day. What may have happened after the
    /// cutoff is not held against the sync.
    #[must_use]
    pub fn latest(self) -> Instant {
        Instant::from_seconds(self.first.max(self.second) + self.covers - 1)
    }
}

/// The first and the last year of dates that tieout keeps.
const FROM: i64 = 0;
const TO: i64 = u32::MAX as i64;

impl Clock {
    /// UTC itself.
    #[must_use]
    pub fn utc() -> Self {
        Self { name: "UTC".to_owned(), offsets: vec![(i64::MIN, 0)] }
    }

    /// The zone with an IANA name; `None` if unknown.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::spanning(name, FROM, TO)
    }

    /// Like [`Clock::named`], with only the clock changes between two moments (seconds in UTC).
    #[must_use]
    pub fn spanning(name: &str, from: i64, to: i64) -> Option<Self> {
        let zone = TimeZone::get(name).ok()?;
        let start = Timestamp::from_second(from - DAY).ok()?;
        let mut offsets = vec![(i64::MIN, i64::from(zone.to_offset(start).seconds()))];
        for change in zone.following(start) {
            let at = change.timestamp().as_second();
            if at > to + DAY {
                break;
            }
            let offset = i64::from(change.offset().seconds());
            if offsets.last().is_none_or(|&(_, last)| last != offset) {
                offsets.push((at, offset));
            }
        }
        Some(Self { name: zone.iana_name().unwrap_or(name).to_owned(), offsets })
    }

    /// All known IANA names, sorted.
    #[must_use]
    pub fn names() -> Vec<String> {
        let mut names: Vec<String> = jiff::tz::db().available().map(|name| name.as_str().to_owned()).collect();
        names.sort_unstable();
        names
    }

    /// The IANA name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether two zones show the same time throughout their span.
    #[must_use]
    pub fn shows_the_same_as(&self, other: &Self) -> bool {
        self.offsets == other.offsets
    }

    /// The moments that a wall-clock reading can mean.
    #[must_use]
    pub fn readings(&self, local: LocalTime, resolution: Resolution) -> Readings {
        let (first, second) = self.moments(local.seconds());
        if resolution == Resolution::Day {
            // A day with a clock change is longer or shorter than 24 hours: it lasts to its own end.
            let (one, other) = self.moments(local.seconds() + DAY - 1);
            let first = first.min(second);
            return Readings { local: local.seconds(), first, second: first, covers: one.max(other) - first + 1 };
        }
        Readings { local: local.seconds(), first, second, covers: resolution.seconds() }
    }

    fn moments(&self, local: i64) -> (i64, i64) {
        if let [(_, offset)] = self.offsets[..] {
            return (local - offset, local - offset);
        }
        // Every offset is below a day, so the spans around `local` read as UTC contain the answer.
        let at = self.offsets.partition_point(|&(from, _)| from <= local);
        let near = at.saturating_sub(2)..(at + 1).min(self.offsets.len());
        let mut valid = None::<(i64, i64)>;
        for i in near.clone() {
            let (from, offset) = self.offsets[i];
            let until = self.offsets.get(i + 1).map_or(i64::MAX, |&(next, _)| next);
            let moment = local - offset;
            if from <= moment && moment < until {
                valid = Some(valid.map_or((moment, moment), |(first, _)| (first, moment)));
            }
        }
        valid.unwrap_or_else(|| {
            // The clock skipped this reading: of two neighboring spans, choose the change whose local times before and
            // after enclose it.
            near.clone()
                .zip(near.skip(1))
                .map(|(before, after)| (self.offsets[before].1, self.offsets[after]))
                .find(|&(before, (at, after))| at + before <= local && local < at + after)
                .map_or((local, local), |(before, (_, after))| (local - before, local - after))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Clock;
    use crate::model::instant::{Instant, LocalTime, Resolution, Stamp};

    fn local(text: &str) -> LocalTime {
        LocalTime::from_seconds(Stamp::parse(text.as_bytes()).expect("a date").seconds)
    }

    fn utc(text: &str) -> Instant {
        Instant::parse(text.as_bytes()).expect("a date").expect("not blank")
    }

    #[test]
    fn an_ordinary_hour_has_one_reading() {
        let berlin = Clock::named("Europe/Berlin").expect("known");
        for (wall, moment) in
            [("2026-01-31 12:00:00", "2026-01-31T11:00:00Z"), ("2026-07-31 12:00:00", "2026-07-31T10:00:00Z")]
        {
            let readings = berlin.readings(local(wall), Resolution::Second);
            assert_eq!((readings.earliest(), readings.latest()), (utc(moment), utc(moment)));
        }
    }

    #[test]
    fn a_repeated_hour_agrees_with_either_reading() {
        let berlin = Clock::named("Europe/Berlin").expect("known");
        let readings = berlin.readings(local("2025-10-26 02:30:00"), Resolution::Second);
        assert!(readings.agrees(utc("2025-10-26T00:30:00Z"), 0) && readings.agrees(utc("2025-10-26T01:30:00Z"), 0));
        assert!(!readings.agrees(utc("2025-10-26T02:30:00Z"), 60));
    }

    #[test]
    fn a_skipped_hour_is_read_with_the_offset_before_and_after() {
        let new_york = Clock::named("America/New_York").expect("known");
        let readings = new_york.readings(local("2026-03-08 02:30:00"), Resolution::Second);
        assert!(readings.agrees(utc("2026-03-08T07:30:00Z"), 0) && readings.agrees(utc("2026-03-08T06:30:00Z"), 0));
    }

    #[test]
    fn coarse_times_cover_their_whole_minute_or_day() {
        let minute = Clock::utc().readings(local("2026-01-31 12:00"), Resolution::Minute);
        assert!(minute.agrees(utc("2026-01-31T12:00:59Z"), 0) && !minute.agrees(utc("2026-01-31T12:01:00Z"), 0));
        let day = Clock::named("America/New_York").expect("known").readings(local("2026-01-31"), Resolution::Day);
        assert!(day.agrees(utc("2026-01-31T05:00:00Z"), 0) && day.agrees(utc("2026-02-01T04:59:59Z"), 0));
        assert!(!day.agrees(utc("2026-02-01T05:00:00Z"), 0) && day.agrees(utc("2026-02-01T05:00:30Z"), 60));
        assert_eq!(day.latest(), utc("2026-02-01T04:59:59Z"));
        assert_eq!(day.to_string(), "2026-01-31");
        let early = Clock::named("Pacific/Auckland").expect("known").readings(local("2026-01-31"), Resolution::Day);
        assert_eq!(early.to_string(), "2026-01-31", "the date is that of the wall, not that of UTC");
    }

    #[test]
    fn a_date_covers_its_day_to_the_end_though_the_clock_changes() {
        let berlin = Clock::named("Europe/Berlin").expect("known");
        let long = berlin.readings(local("2025-10-26"), Resolution::Day);
        assert!(long.agrees(utc("2025-10-25T22:00:00Z"), 0) && long.agrees(utc("2025-10-26T22:59:59Z"), 0));
        assert!(!long.agrees(utc("2025-10-26T23:00:00Z"), 0));
        let short = berlin.readings(local("2026-03-29"), Resolution::Day);
        assert!(short.agrees(utc("2026-03-29T21:59:59Z"), 0) && !short.agrees(utc("2026-03-29T22:00:00Z"), 0));
        assert_eq!(short.to_string(), "2026-03-29");
    }

    #[test]
    fn every_hour_of_a_year_agrees_with_a_library() {
        for name in [
            "Europe/Berlin",
            "America/New_York",
            "Australia/Lord_Howe",
            "Asia/Kolkata",
            "Africa/Casablanca",
            "Pacific/Apia",
        ] {
            let clock = Clock::named(name).expect("known");
            let zone = jiff::tz::TimeZone::get(name).expect("known");
            let start = utc("2025-01-01T00:00:00Z").seconds();
            for moment in (start..start + 2 * 366 * 86_400).step_by(1_800) {
                let wall = zone.to_datetime(jiff::Timestamp::from_second(moment).expect("in range"));
                let readings =
                    clock.readings(local(&wall.strftime("%Y-%m-%d %H:%M:%S").to_string()), Resolution::Second);
                assert!(readings.agrees(Instant::from_seconds(moment), 0), "{name} {wall}");
                assert!(readings.latest().seconds() - readings.earliest().seconds() <= 3_600, "{name} {wall}");
            }
        }
    }
}

/// How the zone of a file's dates is known.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct ZoneFinding {
    /// The file of the export.
    pub file: String,
    /// The IANA name; where it is unclear, that of the zone under which most pairs agree.
    pub name: String,
    /// `configured`, `inferred`, `assumed` (too few pairs to infer), `stated` (the dates carry their own offset), or
    /// `unclear` (enough pairs, and no zone under which nine in ten of them agree).
    pub how: Cow<'static, str>,
    /// Enrollments on both sides whose dates were compared.
    pub pairs: u64,
    /// Of these, how many agree under this zone.
    pub agreeing: u64,
    /// Whether the dates of the file are compared with those of Salesforce.
    pub compared: bool,
    /// Other zones that show the same time throughout, where the zone was inferred.
    pub same_clock: Vec<String>,
}
