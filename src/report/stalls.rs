//! Stalls and heartbeats in the form of `report.json`.
//!
//! Must not know: how they were inferred.

use serde::Serialize;

use crate::model::instant::{DAY, Instant};
use crate::model::object::SfObject;
use crate::model::zone::Readings;
use crate::report::word_schema;
use crate::stalls::heartbeat::{Gaps, Heartbeat};
use crate::stalls::incidents::Incident;
use crate::stalls::segment::Bounds;
use crate::stalls::{Counts, Stall, Stalls, Stream, StreamState};

/// Bounds of a 95 % interval, as due times of events.
#[derive(Debug, Serialize, schemars::JsonSchema)]
pub struct Interval {
    /// The change came after this moment; null where the record begins stalled.
    #[schemars(with = "Option<String>")]
    pub after: Option<Instant>,
    /// And not after this one; null where nothing follows.
    #[schemars(with = "Option<String>")]
    pub before: Option<Instant>,
}

impl From<Bounds> for Interval {
    fn from(Bounds { after, before }: Bounds) -> Self {
        Self { after, before }
    }
}

/// A write: its record and when.
#[derive(Debug, Serialize, schemars::JsonSchema)]
pub struct Write {
    /// The object's API name.
    #[schemars(with = "String")]
    pub object: SfObject,
    /// The record.
    pub id: String,
    /// When it was written.
    #[schemars(with = "String")]
    pub at: Instant,
}

/// An enrollment that should have been written.
#[derive(Debug, Serialize, schemars::JsonSchema)]
pub struct Missing {
    /// `User unique ID`
    pub learner_id: u64,
    /// `Course Internal ID`
    pub course_id: u64,
    /// When it fell due.
    #[schemars(with = "Option<String>")]
    pub due: Option<Instant>,
}

/// How another stream fared in the same time.
#[derive(Debug, Serialize, schemars::JsonSchema)]
pub struct OtherStream {
    /// The stream.
    #[schemars(schema_with = "word_schema::<Stream>")]
    pub stream: Stream,
    /// Whether it froze too.
    #[schemars(schema_with = "word_schema::<StreamState>")]
    #[serde(rename = "fared")]
    pub state: StreamState,
    /// Its events.
    #[serde(flatten)]
    pub counts: Counts,
}

/// A known incident.
#[derive(Debug, Serialize, schemars::JsonSchema)]
pub struct IncidentSummary<'a> {
    /// What it is called.
    pub name: &'a str,
    /// Its first moment.
    #[schemars(with = "String")]
    pub start: Instant,
    /// Its last.
    #[schemars(with = "String")]
    pub end: Instant,
    /// Where it is told of.
    pub source: &'a str,
}

impl<'a> IncidentSummary<'a> {
    fn new(incident: &'a Incident) -> Self {
        Self { name: &incident.name, start: incident.start, end: incident.end, source: &incident.source }
    }
}

/// One stall of `report.json`.
#[derive(Debug, Serialize, schemars::JsonSchema)]
pub struct StallSummary<'a> {
    /// The stream that tells of it.
    #[schemars(schema_with = "word_schema::<Stream>")]
    pub stream: Stream,
    /// When it began: bounds of the 95 % interval.
    pub onset: Interval,
    /// When it ended; null while it is open.
    pub end: Option<Interval>,
    /// Events that fell due in it, and what became of them.
    #[serde(flatten)]
    pub counts: Counts,
    /// Learners of whom an event was not on time.
    pub learners: u64,
    /// Courses in which one was not.
    pub courses: u64,
    /// The probability that there is such a stall and that its onset lies within the bounds.
    pub confidence: f64,
    /// The name of an incident whose window touches the onset; null where none is known.
    pub incident: Option<&'a str>,
    /// Every such incident. That they coincide does not make them the cause.
    pub coincides_with: Vec<IncidentSummary<'a>>,
    /// How the other streams fared in the same time.
    #[serde(rename = "beside")]
    pub other_streams: Vec<OtherStream>,
    /// The last write before it.
    pub last_write: Option<Write>,
    /// The first event that should have followed.
    pub first_missing: Option<Missing>,
    /// The stall in plain sentences.
    pub sentence: String,
}

/// The heartbeat of one object.
#[derive(Debug, Serialize, schemars::JsonSchema)]
pub struct HeartbeatSummary {
    /// The object's API name.
    #[schemars(with = "String")]
    pub object: SfObject,
    /// The newest `CreatedDate`.
    #[schemars(with = "Option<String>")]
    pub last_created: Option<Instant>,
    /// Its record.
    pub last_created_record: Option<String>,
    /// The newest `LastModifiedDate` that the integration left.
    #[schemars(with = "Option<String>")]
    pub last_modified: Option<Instant>,
    /// Its record.
    pub last_modified_record: Option<String>,
    /// Usual gaps between writes, in hours; null where there were no two.
    pub gap_hours: Option<Gaps>,
    /// Whole hours since the last write, when Salesforce was read.
    pub silence_hours: Option<u32>,
    /// Days with something written, ascending.
    pub days: Vec<DaySummary>,
}

/// What was written on one day.
#[derive(Debug, Serialize, schemars::JsonSchema)]
pub struct DaySummary {
    /// The day in UTC, such as `2026-01-31`.
    pub day: String,
    /// Records created.
    pub created: u64,
    /// Records of which that day holds the last modification.
    pub modified: u64,
}

/// The day (since 1970, in UTC) as text.
#[must_use]
pub fn day(day: u32) -> String {
    Instant::from_seconds(i64::from(day) * DAY + 1).to_string().chars().take(10).collect()
}

pub(super) fn stalls(stalls: &Stalls) -> Option<Vec<StallSummary<'_>>> {
    stalls.judged.then(|| stalls.found.iter().map(summary).collect())
}

fn summary(stall: &Stall) -> StallSummary<'_> {
    StallSummary {
        stream: stall.stream,
        onset: stall.onset.into(),
        end: stall.end.map(Interval::from),
        counts: stall.counts,
        learners: stall.learners,
        courses: stall.courses,
        // A calibration supports at most three digits; never rounded up to certainty.
        confidence: (stall.confidence * 1_000.0).floor() / 1_000.0,
        incident: stall.incidents.first().map(|incident| incident.name.as_str()),
        coincides_with: stall.incidents.iter().map(IncidentSummary::new).collect(),
        other_streams: stall
            .other_streams
            .iter()
            .map(|&(stream, state, counts)| OtherStream { stream, state, counts })
            .collect(),
        last_write: stall.last_write.map(|(object, id, at)| Write { object, id: id.to_string(), at }),
        first_missing: stall.first_missing.map(|first| Missing {
            learner_id: first.learner,
            course_id: first.course,
            due: first.due.map(Readings::latest),
        }),
        sentence: stall.sentences().join(" "),
    }
}

/// Heartbeats in their JSON form.
#[must_use]
pub fn heartbeats(beats: &[Heartbeat]) -> Vec<HeartbeatSummary> {
    beats
        .iter()
        .map(|beat| HeartbeatSummary {
            object: beat.object,
            last_created: beat.created.map(|(at, _)| at),
            last_created_record: beat.created.map(|(_, id)| id.to_string()),
            last_modified: beat.modified.map(|(at, _)| at),
            last_modified_record: beat.modified.map(|(_, id)| id.to_string()),
            gap_hours: beat.gaps,
            silence_hours: beat.silence,
            days: beat
                .days
                .iter()
                .map(|&(at, created, modified)| DaySummary { day: day(at), created, modified })
                .collect(),
        })
        .collect()
}
