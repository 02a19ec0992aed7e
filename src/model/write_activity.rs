//! Writes to an object, hour by hour: enough for its heartbeat, for daily charts, and for a sync that writes in
//! batches, in a few kilobytes regardless of the number of records.
//!
//! Must not know: what a silence means.

use std::collections::BTreeMap;

use crate::model::id::RecordId;
use crate::model::instant::{DAY, HOUR, Instant, MINUTE};
use crate::model::object::SfObject;

/// Hours in a day.
const HOURS_IN_DAY: u32 = 24;

/// If the read time comes from this machine, a file or a person, a write dated more than this many seconds after it
/// does not show when the sync wrote: it was dated by hand, or a clock is wrong. Earlier ones may have come while
/// Salesforce was read, which takes hours for millions of rows.
pub const AHEAD: i64 = DAY;

/// Like [`AHEAD`], but after the end of a read timed by Salesforce's own clock, which dates the writes as well.
pub const MAX_CLOCK_DIFFERENCE: i64 = 10 * MINUTE;

/// Records with write dates later than possible.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FutureWrites {
    /// Number of dates.
    pub dates: u64,
    /// The latest date and its record.
    pub latest: Option<(Instant, RecordId)>,
}

impl FutureWrites {
    /// Adds a date.
    pub fn add(&mut self, at: Instant, record: RecordId) {
        self.dates += 1;
        self.latest = self.latest.max(Some((at, record)));
    }

    /// A sentence for the reader; `None` if there are none. The dates lie after the horizon.
    #[must_use]
    pub fn caveat(&self, object: SfObject, horizon: Instant) -> Option<String> {
        let (at, record) = self.latest?;
        let dates = match self.dates {
            1 => "1 date".to_owned(),
            dates => format!("{dates} dates"),
        };
        Some(format!(
            "{object}: {dates} of writes lie after {}, when Salesforce had been read, and do not count; the latest is {} \
             (record {record}).",
            horizon.to_minute(),
            at.to_minute()
        ))
    }
}

/// Writes of one kind (creations or modifications) of one object.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Writes {
    /// The hour since 1970 at which `counts` begins.
    from: u32,
    /// Writes in each hour from there on.
    counts: Vec<u32>,
    /// The newest write and its record; the highest id of several in one second.
    pub newest: Option<(Instant, RecordId)>,
}

impl Writes {
    /// Adds a write.
    pub fn add(&mut self, at: Instant, record: RecordId) {
        self.newest = self.newest.max(Some((at, record)));
        self.add_hour(hour(at), 1);
    }

    /// Adds writes of which only the hour (since 1970) is known.
    pub fn add_hour(&mut self, hour: u32, writes: u32) {
        if self.counts.is_empty() {
            self.from = hour;
        } else if hour < self.from {
            let missing = (self.from - hour) as usize;
            self.counts.splice(..0, std::iter::repeat_n(0, missing));
            self.from = hour;
        }
        let at = (hour - self.from) as usize;
        if at >= self.counts.len() {
            self.counts.resize(at + 1, 0);
        }
        self.counts[at] = self.counts[at].saturating_add(writes);
    }

    /// The hours (since 1970) with writes, and their number, ascending.
    pub fn hours(&self) -> impl Iterator<Item = (u32, u32)> + '_ {
        (self.from..).zip(&self.counts).filter(|(_, count)| **count > 0).map(|(hour, &count)| (hour, count))
    }

    /// The days (since 1970, in UTC) with writes, and their number, ascending.
    #[must_use]
    pub fn days(&self) -> Vec<(u32, u64)> {
        let mut days: Vec<(u32, u64)> = Vec::new();
        for (hour, count) in self.hours() {
            match days.last_mut() {
                Some((day, writes)) if *day == hour / HOURS_IN_DAY => *writes += u64::from(count),
                _ => days.push((hour / HOURS_IN_DAY, u64::from(count))),
            }
        }
        days
    }
}

/// All writes still visible in the records of one object.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct WriteActivity {
    /// By `CreatedDate`.
    pub created: Writes,
    /// By `LastModifiedDate`: only the last write of each record, since the next one overwrites it.
    pub modified: Writes,
    /// The newest `CreatedDate` or `LastModifiedDate` of any row, by any user.
    pub newest: Option<Instant>,
}

/// The caveat if an object's rows do not show who created or who last changed them: changes by others then count as
/// writes of the sync.
#[must_use]
pub fn unknown_writers(object: SfObject) -> String {
    format!(
        "{object}: who created and who last changed a row is not known (CreatedById and LastModifiedById are hidden, or were \
         not saved), so what others changed counts as a write of the sync."
    )
}

/// The write activity of an organization at one moment.
#[derive(Debug, Clone, Default)]
pub struct ActivitySnapshot {
    /// By extracted object.
    pub objects: BTreeMap<SfObject, WriteActivity>,
    /// When Salesforce was read.
    pub read_at: Option<Instant>,
    /// Whether that is a file time.
    pub read_at_assumed: bool,
    /// Objects with missing rows, or of which nothing was readable, in words.
    pub incomplete: Vec<String>,
    /// What readers must know about the files.
    pub caveats: Vec<String>,
}

/// The hour since 1970 of a moment.
#[must_use]
pub fn hour(at: Instant) -> u32 {
    u32::try_from(at.seconds() / HOUR).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::{Writes, hour};
    use crate::model::id::RecordId;
    use crate::model::instant::{DAY, HOUR, Instant};

    #[test]
    fn writes_are_counted_whatever_their_order() {
        let record =
            RecordId::parse(b"a0J000000000001AAA").or_else(|_| RecordId::parse(b"a0J000000000001")).expect("an id");
        let mut writes = Writes::default();
        for seconds in [5 * DAY, 3 * DAY + HOUR, 3 * DAY, 9 * DAY, 3 * DAY + 10] {
            writes.add(Instant::from_seconds(seconds), record);
        }
        assert_eq!(writes.days(), [(3, 3), (5, 1), (9, 1)]);
        assert_eq!(writes.hours().map(|(hour, _)| hour).collect::<Vec<_>>(), [72, 73, 120, 216]);
        assert_eq!(writes.newest.map(|(at, _)| hour(at)), Some(216));
    }
}
