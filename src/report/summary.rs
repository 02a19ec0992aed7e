//! `report.json`: the run for programs, with a published schema.
//!
//! Must not know: how it is written.

use serde::Serialize;

use super::stalls::{self, HeartbeatSummary, StallSummary};
use super::{Report, Verdict};
use crate::checks::check::{Outcome, Severity};
use crate::model::input::Input;
use crate::model::instant::Instant;
use crate::model::question::Questioned;
use crate::model::zone::ZoneFinding;
use crate::reconcile::relations::totals::Totals;
use crate::report::run_history;
use crate::report::run_history::{Before, Movement, Point};

impl Report {
    /// The run in the form of `report.json`.
    #[must_use]
    pub fn summary(&self) -> Summary<'_> {
        let origins = self.origins();
        Summary {
            version: 1,
            tool: Tool { name: "tieout", version: env!("CARGO_PKG_VERSION") },
            run: &self.run.run,
            verdict: self.verdict,
            exported_at: origins.exported_at,
            extracted_at: origins.extracted_at,
            cutoff: self.run.cutoff,
            sentence: self.sentence(),
            questions: &self.run.questions,
            time_zones: &self.run.zones,
            totals: self.totals(),
            stalls: stalls::stalls(self.stalls()),
            heartbeats: stalls::heartbeats(&self.stalls().heartbeats),
            checks: self
                .results
                .iter()
                .map(|result| CheckSummary {
                    id: result.check.id,
                    title: result.check.title,
                    severity: result.check.severity,
                    owner: result.check.owner,
                    outcome: result.outcome(),
                    examined: result.coverage.judged(),
                    unjudged: result.coverage.unjudged(),
                    accepted: result.coverage.accepted(),
                    findings: result.findings as u64,
                    because_of_stalls: result.caused_by_stalls,
                    missing: &result.missing,
                })
                .collect(),
            inputs: &origins.inputs,
            caveats: &origins.caveats,
            roll_forward: self.roll_forward(),
        }
    }

    fn roll_forward(&self) -> Option<RollForward<'_>> {
        let movements = self.movements()?;
        let all = movements.iter().fold(Movement::default(), |all, &(_, movement)| all.and(movement));
        Some(RollForward {
            previous: self.run.before.as_ref()?,
            all,
            checks: movements.into_iter().map(|(id, movement)| CheckMovement { id, movement }).collect(),
            ages: run_history::AGES
                .iter()
                .zip(run_history::ages(&self.history, self.run.read_at()))
                .map(|(&(days, _), findings)| Age { days, findings })
                .collect(),
            trend: &self.run.trend,
        })
    }
}

/// `report.json`.
#[derive(Debug, Serialize, schemars::JsonSchema)]
#[schemars(title = "tieout report")]
pub struct Summary<'a> {
    /// Of this format.
    pub version: u32,
    /// What wrote it.
    pub tool: Tool,
    /// A name for the run, from what it says.
    pub run: &'a str,
    /// The run in one word.
    #[schemars(schema_with = "word_schema::<Verdict>")]
    pub verdict: Verdict,
    /// When Docebo produced the export.
    #[schemars(with = "Option<String>")]
    pub exported_at: Option<Instant>,
    /// When the Salesforce read began.
    #[schemars(with = "Option<String>")]
    pub extracted_at: Option<Instant>,
    /// What happened after this moment is not yet expected on the other side.
    #[schemars(with = "String")]
    pub cutoff: Instant,
    /// The verdict as a sentence, and what it rests on.
    pub sentence: String,
    /// What is questioned about the run; unless a question is accepted, the checks that rest on it are not evaluated.
    pub questions: &'a [Questioned],
    /// The zone of the dates of each file of the export.
    pub time_zones: &'a [ZoneFinding],
    /// The equations.
    pub totals: &'a Totals,
    /// Where the sync stood still, the oldest first; null: the inputs do not suffice to look for it.
    pub stalls: Option<Vec<StallSummary<'a>>>,
    /// When each package object was last written, and its usual gaps.
    pub heartbeats: Vec<HeartbeatSummary>,
    /// Every check of the catalogue.
    pub checks: Vec<CheckSummary<'a>>,
    /// Every file that was read.
    pub inputs: &'a [Input],
    /// What a reader has to know about the inputs.
    pub caveats: &'a [String],
    /// Against an earlier run; null: there was none to compare with.
    pub roll_forward: Option<RollForward<'a>>,
}

/// Against the run before: open at start + new + reopened - cleared = open at end, for each check.
#[derive(Debug, Serialize, schemars::JsonSchema)]
pub struct RollForward<'a> {
    /// The run before.
    pub previous: &'a Before,
    /// All checks together.
    pub all: Movement,
    /// Each check of the catalogue.
    pub checks: Vec<CheckMovement<'a>>,
    /// Open findings by the days since they were first seen.
    pub ages: Vec<Age>,
    /// The runs of the series, this one the last.
    pub trend: &'a [Point],
}

/// The movement of one check.
#[derive(Debug, Serialize, schemars::JsonSchema)]
pub struct CheckMovement<'a> {
    /// Its id.
    pub id: &'a str,
    /// Its findings.
    #[serde(flatten)]
    pub movement: Movement,
}

/// Open findings of an age.
#[derive(Debug, Serialize, schemars::JsonSchema)]
pub struct Age {
    /// Days since they were first seen.
    pub days: &'static str,
    /// How many they are.
    pub findings: u64,
}

/// What wrote the report.
#[derive(Debug, Serialize, schemars::JsonSchema)]
pub struct Tool {
    /// `tieout`
    pub name: &'static str,
    /// Its version.
    pub version: &'static str,
}

/// One check of `report.json`.
#[derive(Debug, Serialize, schemars::JsonSchema)]
pub struct CheckSummary<'a> {
    /// Its id.
    pub id: &'a str,
    /// One line.
    pub title: &'a str,
    /// How much a finding matters.
    #[schemars(schema_with = "word_schema::<Severity>")]
    pub severity: Severity,
    /// Who must act.
    #[schemars(schema_with = "word_schema::<crate::checks::check::Owner>")]
    pub owner: crate::checks::check::Owner,
    /// What came of it.
    #[schemars(schema_with = "crate::checks::check::outcome_schema")]
    pub outcome: Outcome,
    /// Records that were judged.
    pub examined: u64,
    /// Records that could not be judged.
    pub unjudged: u64,
    /// Records that could not be judged because of unreadable rows that are accepted (`docebo.max_unreadable_rows`).
    pub accepted: u64,
    /// Findings.
    pub findings: u64,
    /// Of these, how many are there because of a stall.
    pub because_of_stalls: u64,
    /// What it could not see.
    pub missing: &'a [String],
}

pub(crate) fn word_schema<W: crate::model::label::Label>(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
    let words: Vec<&str> = W::ALL.iter().map(|value| value.label()).collect();
    schemars::json_schema!({"type": "string", "enum": words})
}
