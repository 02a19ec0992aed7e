//! How many of a check's records were judged, and the proof without which no check is clean.

use serde::{Deserialize, Serialize};

/// A check's judgment of one record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Judgment {
    /// The check fires on it.
    Fires,
    /// The check does not fire on it.
    Passes,
    /// Unknown because of unreadable export rows.
    Unread,
    /// Unknown for another reason.
    Unknown,
}

impl Judgment {
    /// The judgment of a record that could be judged.
    #[must_use]
    pub const fn known(fires: bool) -> Self {
        if fires { Self::Fires } else { Self::Passes }
    }
}

/// How many of a check's records were judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Coverage {
    judged: u64,
    unjudged: u64,
    /// Unjudged because of accepted unreadable rows (`docebo.max_unreadable_rows`).
    accepted: u64,
}

impl Coverage {
    /// A check that judged nothing because an input is missing. This alone does not make it incomplete: missing inputs
    /// are reported separately.
    pub(crate) const NOTHING: Self = Self { judged: 0, unjudged: 0, accepted: 0 };

    /// A check that could judge all records.
    #[must_use]
    pub const fn all(judged: u64) -> Self {
        Self { judged, unjudged: 0, accepted: 0 }
    }

    /// Counts one record.
    pub fn add(&mut self, judged: Judgment, unread_accepted: bool) {
        match judged {
            Judgment::Fires | Judgment::Passes => self.judged += 1,
            Judgment::Unread => self.add_unread(1, unread_accepted),
            Judgment::Unknown => self.unjudged += 1,
        }
    }

    /// Counts records that are unjudged because of unreadable rows.
    pub fn add_unread(&mut self, records: u64, accepted: bool) {
        *(if accepted { &mut self.accepted } else { &mut self.unjudged }) += records;
    }

    /// Counts records that are unjudged for another reason.
    pub fn add_unknown(&mut self, records: u64) {
        self.unjudged += records;
    }

    /// Number of judged records.
    #[must_use]
    pub const fn judged(self) -> u64 {
        self.judged
    }

    /// Number of unjudged records that are not accepted.
    #[must_use]
    pub const fn unjudged(self) -> u64 {
        self.unjudged
    }

    /// Number of records unjudged because of accepted unreadable rows.
    #[must_use]
    pub const fn accepted(self) -> u64 {
        self.accepted
    }

    /// The proof that every record was judged, or accepted as unreadable, and that no input was missing.
    #[must_use]
    pub fn prove(self, missing: &[String]) -> Option<AllJudged> {
        (self.unjudged == 0 && missing.is_empty()).then_some(AllJudged(()))
    }
}

/// The proof that a check judged all of its records. Only [`Coverage::prove`] creates one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AllJudged(());

/// The outcome of a check.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It judged every record and found nothing.
    Clean(AllJudged),
    /// It found something.
    Found,
    /// It found nothing, but an input was missing or a record was not judged; not a pass.
    NotEvaluated,
}

impl Outcome {
    /// The labels of all outcomes.
    pub const LABELS: [&'static str; 3] = ["clean", "found", "not-evaluated"];

    /// The outcome of a check with this many findings.
    #[must_use]
    pub fn new(findings: usize, coverage: Coverage, missing: &[String]) -> Self {
        match coverage.prove(missing) {
            _ if findings > 0 => Self::Found,
            Some(proof) => Self::Clean(proof),
            None => Self::NotEvaluated,
        }
    }

    /// The label in every output.
    #[must_use]
    pub const fn label(self) -> &'static str {
        let [clean, found, not_evaluated] = Self::LABELS;
        match self {
            Self::Clean(_) => clean,
            Self::Found => found,
            Self::NotEvaluated => not_evaluated,
        }
    }

    /// Whether it is [`Outcome::Clean`].
    #[must_use]
    pub const fn is_clean(self) -> bool {
        matches!(self, Self::Clean(_))
    }
}

impl std::fmt::Display for Outcome {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.label())
    }
}

impl Serialize for Outcome {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.label())
    }
}

/// The labels of [`Outcome`] for a schema.
pub(crate) fn outcome_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
    schemars::json_schema!({"type": "string", "enum": Outcome::LABELS})
}

#[cfg(test)]
mod tests {
    use super::{Coverage, Judgment, Outcome};

    #[test]
    fn a_check_is_clean_only_where_every_record_was_judged_and_nothing_is_missing() {
        let missing = ["Users report (not given)".to_owned()];
        for (judged, accepted, findings, missing, word) in [
            (&[Judgment::Passes, Judgment::Passes][..], false, 0, &[][..], "clean"),
            (&[], false, 0, &[], "clean"),
            (&[Judgment::Passes, Judgment::Unread], false, 0, &[], "not-evaluated"),
            (&[Judgment::Passes, Judgment::Unread], true, 0, &[], "clean"),
            (&[Judgment::Passes, Judgment::Unknown], true, 0, &[], "not-evaluated"),
            (&[Judgment::Passes], false, 0, &missing, "not-evaluated"),
            (&[Judgment::Fires], false, 1, &[], "found"),
            (&[Judgment::Fires, Judgment::Unknown], false, 1, &[], "found"),
            (&[Judgment::Fires, Judgment::Unread], true, 1, &missing, "found"),
        ] {
            let mut coverage = Coverage::all(0);
            judged.iter().for_each(|&judged| coverage.add(judged, accepted));
            assert_eq!(Outcome::new(findings, coverage, missing).label(), word, "{judged:?} {accepted} {missing:?}");
            let all = coverage.judged() + coverage.unjudged() + coverage.accepted();
            assert_eq!(all, judged.len() as u64, "every record is counted once");
        }
    }
}
