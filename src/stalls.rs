//! Stalls: a frozen job never fails and leaves no error, so a freeze is inferred from missing writes.
//!
//! [`events`] determines what should have been written and when it was, [`segment`] cuts that into healthy and stalled
//! stretches, and this file combines them into stalls: one per cause, however many streams froze in it. If enrollments
//! are replicated by hand, lateness is normal and [`manual`] only considers the time since the last batch of writes.
//!
//! Must not know: files, checks, outputs.

/// What should have been written, and when it was.
pub mod events;
/// Whether the sync is still writing, from Salesforce alone.
pub mod freshness;
/// The heartbeat of an object against its own history.
pub mod heartbeat;
/// The impact of stretches of time.
mod impact;
/// Publicly known outages, as editable data.
pub mod incidents;
/// Replication that is started by hand.
mod manual;
/// A stall in plain sentences.
mod narrative;
/// The model: from due events to stalled stretches.
pub mod segment;
/// Statistics of the streams before they are cut.
mod stream_stats;
/// The streams of events.
mod streams;
/// Time buckets of equal length, such as hours and days.
mod time_buckets;

use crate::model::id::RecordId;
use crate::model::instant::Instant;
use crate::model::object::SfObject;
use crate::model::row::index;
use crate::model::zone::Readings;
use crate::reconcile::dataset::Dataset;
use crate::reconcile::relations::Relations;
use crate::settings::{EnrollmentMode, Rules};
use events::DueEvents;
use heartbeat::Heartbeat;
use impact::Impact;
use incidents::Incident;
use segment::{Bounds, EventStatus, Events, Record, StalledPeriod, segment};
use serde::{Deserialize, Serialize};
use streams::MatureEvents;

/// A kind of record that Docebo writes, judged separately.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    strum::Display,
    strum::EnumString,
    strum::IntoStaticStr,
    strum::VariantArray,
)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
pub enum Stream {
    /// Enrollments: their `CourseEnrollment__c` rows.
    Enrollments,
    /// Learners' first enrollments: their `DoceboUser__c` rows.
    Learners,
    /// Completions: updates of `CourseEnrollment__c` rows.
    Updates,
    /// Courses: their `Course__c` rows. Never judged alone, since a course may be excluded from the sync.
    Courses,
}

/// The state of a stream while another was stalled.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    strum::Display,
    strum::EnumString,
    strum::IntoStaticStr,
    strum::VariantArray,
)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
pub enum StreamState {
    /// Nearly nothing was written.
    Frozen,
    /// Most of what was due was written.
    Alive,
    /// Too little was due, or neither applies.
    Unclear,
}

/// Events of a stretch of time, by what became of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
pub struct Counts {
    /// Events that fell due.
    pub expected: u64,
    /// Of these, written within the grace hours.
    pub on_time: u64,
    /// Written later.
    pub late: u64,
    /// Not written.
    pub missed: u64,
}

impl Counts {
    fn add(&mut self, status: EventStatus) {
        self.expected += 1;
        match status {
            // Without a known time, it cannot count as late.
            EventStatus::OnTime | EventStatus::Covered => self.on_time += 1,
            EventStatus::Late => self.late += 1,
            EventStatus::Missed => self.missed += 1,
        }
    }

    fn and(self, other: Self) -> Self {
        Self {
            expected: self.expected + other.expected,
            on_time: self.on_time + other.on_time,
            late: self.late + other.late,
            missed: self.missed + other.missed,
        }
    }

    /// Fewer than five events prove nothing; even a frozen stream may write a tenth on time.
    fn state(self) -> StreamState {
        if self.expected < segment::MIN_FAILURES {
            StreamState::Unclear
        } else if self.on_time * 10 <= self.expected {
            StreamState::Frozen
        } else if self.on_time * 2 >= self.expected {
            StreamState::Alive
        } else {
            StreamState::Unclear
        }
    }
}

/// The first event that a stall prevented from being written.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct FirstMissing {
    /// Its row among the export's enrollments; unused once the run is complete.
    #[serde(skip)]
    pub enrollment: usize,
    /// `User unique ID`
    pub learner: u64,
    /// `Course Internal ID`
    pub course: u64,
    /// When it fell due.
    pub due: Option<Readings>,
}

/// One stall of the sync.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Stall {
    /// The stream that shows it: the first [`Stream`] of several frozen ones.
    pub stream: Stream,
    /// When it began.
    pub onset: Bounds,
    /// When it ended; `None` while it is open.
    pub end: Option<Bounds>,
    /// When the first event it prevented from being written fell due.
    pub from: Instant,
    /// When something was written again; `None` while it is open.
    pub until: Option<Instant>,
    /// Events that fell due in it.
    pub counts: Counts,
    /// Learners with a late or missed event.
    pub learners: u64,
    /// Courses with a late or missed event.
    pub courses: u64,
    /// The probability that there is such a stall and that its onset lies within the bounds.
    pub confidence: f64,
    /// Known incidents whose window touches the onset; not necessarily its cause.
    pub incidents: Vec<Incident>,
    /// The states of the other streams in the same time.
    #[serde(rename = "beside")]
    pub other_streams: Vec<(Stream, StreamState, Counts)>,
    /// The last write before it: object, record, moment.
    pub last_write: Option<(SfObject, RecordId, Instant)>,
    /// The last change of an enrollment before it, if changes froze too.
    pub last_update: Option<(RecordId, Instant)>,
    /// The first due Docebo enrollment that was not written on time.
    pub first_missing: Option<FirstMissing>,
}

impl Stall {
    /// Whether it lasts until the cutoff.
    #[must_use]
    pub const fn is_open(&self) -> bool {
        self.end.is_none()
    }

    /// Whether it is not a stall but the time before the sync was set up: the record begins with it, and the first run
    /// then wrote the backlog (all but one in twenty).
    fn is_first_load(&self) -> bool {
        self.onset.after.is_none() && !self.is_open() && self.counts.missed * 20 <= self.counts.expected
    }

    /// Whether a moment is in it.
    #[must_use]
    pub fn holds(&self, at: Instant) -> bool {
        self.from <= at && self.until.is_none_or(|until| at < until)
    }

    /// The state of a stream in it.
    #[must_use]
    pub fn state(&self, stream: Stream) -> StreamState {
        if stream == self.stream {
            return StreamState::Frozen;
        }
        self.other_streams
            .iter()
            .find(|(known, ..)| *known == stream)
            .map_or(StreamState::Unclear, |&(_, state, _)| state)
    }
}

/// The stalls of the sync and its heartbeats.
#[derive(Debug, Clone, PartialEq, Default, serde::Serialize, serde::Deserialize)]
pub struct Stalls {
    /// Whether the inputs suffice to infer stalls.
    pub judged: bool,
    /// Oldest first.
    pub found: Vec<Stall>,
    /// Every enrollment that fell due by the cutoff.
    pub counts: Counts,
    /// Enrollments due by the cutoff whose existence in Salesforce is unknown; unreadable rows of the export are
    /// counted elsewhere.
    pub unjudged: u64,
    /// Enrollments due by the cutoff that are unknown because a row of their learner could not be read.
    #[serde(default)]
    pub unread: u64,
    /// By object.
    pub heartbeats: Vec<Heartbeat>,
    /// Enrollments that fell due on each day (since 1970, in UTC), up to the cutoff, ascending.
    pub due: Vec<(u32, u64)>,
}

impl Stalls {
    /// The stall that prevented an enrollment from being written, by its due time; `new_learner`: whether the learner
    /// has no record in Salesforce either.
    #[must_use]
    pub fn covering_enrollment(&self, due: Instant, new_learner: bool) -> Option<usize> {
        self.found.iter().position(|stall| {
            let stream = if new_learner { Stream::Learners } else { Stream::Enrollments };
            stall.holds(due) && (stall.stream == Stream::Enrollments || stall.state(stream) == StreamState::Frozen)
        })
    }

    /// The stall that prevented a change of an enrollment from being written.
    #[must_use]
    pub fn covering_update(&self, due: Instant) -> Option<usize> {
        self.found.iter().position(|stall| stall.holds(due) && stall.state(Stream::Updates) == StreamState::Frozen)
    }

    /// The open stall.
    #[must_use]
    pub fn open(&self) -> Option<&Stall> {
        self.found.iter().find(|stall| stall.is_open())
    }
}

/// Infers stalls and heartbeats.
#[must_use]
pub fn infer(data: &Dataset, relations: &Relations, rules: &Rules, incidents: &[Incident]) -> Stalls {
    let read_at = data.origins.extracted_at.unwrap_or(relations.cutoff);
    let heartbeats =
        data.write_activity.iter().map(|(&object, activity)| Heartbeat::new(object, activity, read_at)).collect();
    let complete = |object| data.origins.extract(object).completeness.is_complete();
    let judged = relations.enrollment_judged
        && [SfObject::DoceboUser, SfObject::Course, SfObject::CourseEnrollment].into_iter().all(complete);
    if !judged {
        return Stalls { judged, heartbeats, ..Stalls::default() };
    }
    let due = DueEvents::new(data, relations, rules);
    let proven = due.proven_since();
    let mut stretches: Vec<(Stream, StalledPeriod)> = Vec::new();

    let stats = due.stats();
    let (enrollments, learners) = (due.enrollments(&stats.sizes), due.learners(&stats.first));
    match rules.enrollment_mode {
        EnrollmentMode::Manual => {
            let writes = data.write_activity.get(&SfObject::CourseEnrollment).map(|activity| &activity.created);
            let stretch = writes.and_then(|writes| manual::stalled_period(writes, &enrollments, read_at));
            stretches.extend(stretch.map(|stretch| (Stream::Enrollments, stretch)));
        }
        EnrollmentMode::Realtime => {
            let expected_lag = stream_stats::expected_lag(&enrollments, &stats);
            // The marks of a stream of millions take more memory than everything else here, so the two long streams are
            // cut one after the other. Surveying the updates takes none.
            let (found, (sizes, changes)) = rayon::join(
                || cut(&enrollments, &stats.other_writes(), &proven, expected_lag, read_at),
                || due.survey_updates(),
            );
            stretches.extend(found.into_iter().map(|stretch| (Stream::Enrollments, stretch)));
            let nobody = vec![None; data.learners.len()];
            let (of_learners, of_updates) = rayon::join(
                || cut(&learners, &due.docebo_users(), &nobody, expected_lag, read_at),
                || cut(&due.updates(&sizes), &changes, &proven, expected_lag, read_at),
            );
            absorb(&mut stretches, Stream::Learners, of_learners);
            absorb(&mut stretches, Stream::Updates, of_updates);
        }
    }
    stretches.sort_by_key(|(stream, stretch)| (stretch.from, *stream));
    let tolls = due.impacts(&stretches, &stats.first);
    let found: Vec<Stall> = stretches
        .iter()
        .zip(tolls)
        .map(|((stream, stretch), impact)| stall(&due, *stream, stretch, &impact, incidents))
        .filter(|stall| !stall.is_first_load())
        .collect();
    let days = stats.days.iter().map(|(day, due)| (index(day), due)).collect();
    let unjudged = due.unjudged();
    // Five events not on time make a stall, so five unknown ones may hide one.
    let unread = due.unread();
    let open = if relations.unread.accepted { 0 } else { relations.unread.enrollments.rows + unread };
    let judged = !found.is_empty() || unjudged + open < segment::MIN_FAILURES;
    Stalls { judged, found, counts: stats.counts, unjudged, unread, heartbeats, due: days }
}

/// Only the heartbeats, for when the inputs are questioned and nothing may be inferred from them.
#[must_use]
pub fn heartbeats_only(stalls: Stalls) -> Stalls {
    Stalls { heartbeats: stalls.heartbeats, ..Stalls::default() }
}

/// Cuts a stream into stretches, without the events that a slow job may still write.
fn cut(
    events: &impl Events,
    signs: &[Instant],
    proven_since: &[Option<Instant>],
    expected_lag: i64,
    read_at: Instant,
) -> Vec<StalledPeriod> {
    segment(Record {
        events: &MatureEvents { events, expected_lag, read_at },
        other_writes: signs,
        proven_since,
        expected_lag,
    })
}

/// Adds the stretches of a further stream that are new: those that overlap no known stretch, and an open one if all
/// known ones have ended.
fn absorb(known: &mut Vec<(Stream, StalledPeriod)>, stream: Stream, stretches: Vec<StalledPeriod>) {
    for stretch in stretches {
        let overlaps = |other: &StalledPeriod| {
            other.until.is_none_or(|until| stretch.from < until) && stretch.until.is_none_or(|until| other.from < until)
        };
        let is_covered =
            known.iter().any(|(_, other)| overlaps(other) && (other.until.is_none() || stretch.until.is_some()));
        if !is_covered {
            known.push((stream, stretch));
        }
    }
}

fn stall(
    due: &DueEvents<'_>,
    stream: Stream,
    stretch: &StalledPeriod,
    impact: &Impact,
    incidents: &[Incident],
) -> Stall {
    let &StalledPeriod { onset, end, from, until, confidence } = stretch;
    let within = |at: Instant| stretch.holds(at);
    let mut other_streams: Vec<(Stream, StreamState, Counts)> = Vec::new();
    let mut own = Counts::default();
    for (other, counts) in [Stream::Enrollments, Stream::Learners, Stream::Updates].into_iter().zip(impact.counts) {
        if other == stream {
            own = counts;
        } else {
            other_streams.push((other, counts.state(), counts));
        }
    }
    let (state, counts) = due.courses(&within);
    other_streams.push((Stream::Courses, state, counts));
    let last = onset.before.unwrap_or(from);
    let updates_froze =
        other_streams.iter().any(|&(other, state, _)| other == Stream::Updates && state == StreamState::Frozen);
    let last_update = if updates_froze { due.last_write(Stream::Updates, last) } else { None };
    let touches = |incident: &&Incident| incident.touches(onset.after, onset.before);
    Stall {
        stream,
        onset,
        end,
        from,
        until,
        counts: own,
        learners: impact.learners,
        courses: impact.courses(),
        confidence,
        incidents: incidents.iter().filter(touches).cloned().collect(),
        other_streams,
        last_write: due.last_write(stream, last),
        last_update: last_update.map(|(_, id, at)| (id, at)),
        first_missing: impact.first().map(|at| due.first_missing(stream, at)),
    }
}
