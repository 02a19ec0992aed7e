//! Describes a stall in plain sentences, the same in every output. They contain counts, moments and names of incidents,
//! but no personal data.
//!
//! Must not know: records, outputs.

use crate::model::instant::Instant;
use crate::stalls::segment::Bounds;
use crate::stalls::{Stall, Stream, StreamState};

impl Stream {
    /// Its contents, in the plural.
    #[must_use]
    pub const fn things(self) -> &'static str {
        match self {
            Self::Enrollments => "enrollments",
            Self::Learners => "first enrollments of new learners",
            Self::Updates => "completions",
            Self::Courses => "courses",
        }
    }
}

impl Stall {
    /// What is stalled, in a few words.
    #[must_use]
    pub fn size(&self) -> &'static str {
        let frozen = |stream| self.state(stream) == StreamState::Frozen;
        let alive = |stream| self.state(stream) == StreamState::Alive;
        match self.stream {
            Stream::Enrollments if frozen(Stream::Updates) && !alive(Stream::Learners) => "everything",
            Stream::Enrollments if alive(Stream::Updates) => "new enrollments",
            Stream::Enrollments => "enrollments",
            Stream::Learners => "new learners",
            Stream::Updates => "completions",
            Stream::Courses => "courses",
        }
    }

    /// The stall in one sentence.
    #[must_use]
    pub fn headline(&self) -> String {
        let counts = self.counts;
        let latest = moment(self.onset.before.unwrap_or(self.from));
        let stood = match &self.end {
            Some(end) => format!("stood still from {latest} at the latest to {}", ended(end)),
            None => format!("has stood still since {latest} at the latest"),
        };
        let what = match self.size() {
            "everything" => "The sync from Docebo to Salesforce".to_owned(),
            part => format!("Of the sync from Docebo to Salesforce, the part for {part}"),
        };
        format!(
            "{what} {stood}: of {} {} that fell due in that time, {} written on time, {} late, {} not at all.",
            counts.expected,
            self.stream.things(),
            counts.on_time,
            counts.late,
            counts.missed
        )
    }

    /// The stall in sentences: the headline, the interval with its confidence, its impact, the states of the other
    /// streams, and coinciding incidents.
    #[must_use]
    pub fn sentences(&self) -> Vec<String> {
        let mut described = vec![self.headline()];
        described.push(format!("{} (confidence {}).", between("It began", self.onset), percent(self.confidence)));
        if let Some(end) = self.end {
            described.push(format!("{}.", between("It ended", end)));
        }
        described.push(format!(
            "It hit {} in {}.",
            counted(self.learners, "learner", "learners"),
            counted(self.courses, "course", "courses")
        ));
        let list = |wanted: StreamState| {
            let names: Vec<String> = self
                .other_streams
                .iter()
                .filter(|&&(_, state, _)| state == wanted)
                .map(|&(stream, _, counts)| match counts.expected {
                    0 => stream.things().to_owned(),
                    expected => format!("{} ({} of {expected} written on time)", stream.things(), counts.on_time),
                })
                .collect();
            names.join(", ")
        };
        let (frozen, alive) = (list(StreamState::Frozen), list(StreamState::Alive));
        if !frozen.is_empty() {
            described.push(format!("At rest in the same time: {frozen}."));
        }
        if !alive.is_empty() {
            described.push(format!("Still written in the same time: {alive}."));
        }
        for incident in &self.incidents {
            described.push(format!(
                "Its onset coincides with an incident: {} ({} to {}); whether that is the cause is not known.",
                incident.name,
                moment(incident.start),
                moment(incident.end)
            ));
        }
        described
    }
}

fn between(what: &str, bounds: Bounds) -> String {
    match (bounds.after, bounds.before) {
        (Some(after), Some(before)) => format!("{what} between {} and {}", moment(after), moment(before)),
        (None, Some(before)) => {
            format!("{what} before {}, the first event on record", moment(before))
        }
        (Some(after), None) => format!("{what} after {}", moment(after)),
        (None, None) => format!("{what} at a time that cannot be told"),
    }
}

fn ended(end: &Bounds) -> String {
    end.before.or(end.after).map_or_else(|| "a time that cannot be told".to_owned(), moment)
}

fn moment(at: Instant) -> String {
    at.to_minute()
}

/// Whole percentages, never rounded up to certainty.
fn percent(share: f64) -> String {
    format!("{:.0} %", (share * 100.0).floor())
}

fn counted(number: u64, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}
