//! The frozen result of a run. Every output is made from this one value and recomputes nothing.
//!
//! Must not know: formats, files.

/// Stalls and heartbeats as `report.json` has them.
pub mod stalls;

use serde::Serialize;

use crate::books::{Books, Subject};
use crate::check::{Check, Need, Outcome, Severity};
use crate::finding::Finding;
use crate::model::instant::Instant;
use crate::model::provenance::{Extent, Input, Origins, SfObject, ZoneFinding};
use crate::model::word::words;
use crate::relations::totals::Totals;
use stalls::{HeartbeatSummary, StallSummary};

words! {
    /// The run in one word.
    pub enum Verdict {
        /// An open stall.
        Stalled = "stalled",
        /// `link` or `enrollment` could not be judged.
        NotEvaluated = "not-evaluated",
        /// A finding of severity medium or above.
        Attention = "attention",
        /// Neither.
        InSync = "in-sync",
    }
}

impl Verdict {
    /// The verdict as a sentence; `whole` says whether every check was evaluated.
    #[must_use]
    const fn sentence(self, whole: bool) -> &'static str {
        match (self, whole) {
            (Self::Stalled, _) => "The sync has stalled: Docebo has stopped writing to Salesforce.",
            (Self::NotEvaluated, _) => "The inputs do not suffice to judge whether both sides agree.",
            (Self::Attention, true) => "Both sides were compared in full, and something needs attention.",
            (Self::Attention, false) => "Something needs attention, and not everything could be compared.",
            (Self::InSync, true) => "Both sides were compared in full, and nothing needs attention.",
            (Self::InSync, false) => "Nothing was found, but not everything could be compared.",
        }
    }
}

/// What came of one check.
#[derive(Debug, Clone)]
pub struct CheckResult {
    /// The check.
    pub check: &'static Check,
    /// What came of it.
    pub outcome: Outcome,
    /// Records it looked at.
    pub examined: u64,
    /// What it fires on; empty unless the outcome is *found*.
    pub subjects: Vec<Subject>,
    /// What it could not see.
    pub lacking: Vec<String>,
    /// Of the subjects, how many are there because of a stall.
    pub because_of_stalls: u64,
}

impl CheckResult {
    /// Whether a stall is behind everything that the check found.
    #[must_use]
    pub fn is_fallout(&self) -> bool {
        self.because_of_stalls > 0 && self.because_of_stalls == self.subjects.len() as u64
    }
}

/// The frozen result of a run.
#[derive(Debug, Clone)]
pub struct Report {
    /// Both sides and how they stand to each other.
    pub books: Books,
    /// The run in one word.
    pub verdict: Verdict,
    /// Every check of the catalogue, in its order.
    pub results: Vec<CheckResult>,
}

impl Report {
    /// Runs a catalogue over the books.
    #[must_use]
    pub fn new(books: Books, catalogue: &[&'static Check]) -> Self {
        let results: Vec<CheckResult> = catalogue.iter().map(|check| run(check, &books)).collect();
        let verdict = verdict(&books, &results);
        Self { books, verdict, results }
    }

    /// The verdict as a sentence, which claims no more than was evaluated.
    #[must_use]
    pub fn sentence(&self) -> &'static str {
        self.verdict.sentence(!self.is_cut())
    }

    /// Whether something could not be evaluated that these inputs could have told. Setup is not among it where
    /// the snapshot is none that could hold it: its check is not evaluated in every output, but both sides
    /// were compared in full, and a folder saved by hand must be able to end well.
    #[must_use]
    pub fn is_cut(&self) -> bool {
        let nobody_asked = |result: &CheckResult| {
            self.books.data.customisation.is_none() && result.check.needs == [Need::Customisation]
        };
        self.unseen().any(|result| !nobody_asked(result))
    }

    /// The results of checks that could not see everything: those that were not evaluated, and those that found
    /// something in the part they saw.
    pub fn unseen(&self) -> impl Iterator<Item = &CheckResult> {
        self.results.iter().filter(|result| !result.lacking.is_empty())
    }

    /// Where everything came from.
    #[must_use]
    pub fn origins(&self) -> &Origins {
        &self.books.data.origins
    }

    /// The rules that both sides were compared by.
    #[must_use]
    pub fn rules(&self) -> &crate::settings::Rules {
        &self.books.rules
    }

    /// The equations.
    #[must_use]
    pub fn totals(&self) -> &Totals {
        &self.books.relations.totals
    }

    /// The results that found something, worst first, a cause before its fallout, then by id.
    #[must_use]
    pub fn found(&self) -> Vec<&CheckResult> {
        let mut found: Vec<&CheckResult> =
            self.results.iter().filter(|result| result.outcome == Outcome::Found).collect();
        found.sort_by_key(|result| (result.check.severity, result.because_of_stalls > 0, result.check.id));
        found
    }

    /// The results of checks that could not be evaluated.
    pub fn not_evaluated(&self) -> impl Iterator<Item = &CheckResult> {
        self.results.iter().filter(|result| result.outcome == Outcome::NotEvaluated)
    }

    /// All findings, in the order of [`Report::found`] and of the tables; each is made as the
    /// iterator reaches it.
    pub fn findings(&self) -> impl Iterator<Item = Finding> + '_ {
        self.found().into_iter().flat_map(|result| self.findings_of(result))
    }

    /// The findings of one check.
    pub fn findings_of<'a>(&'a self, result: &'a CheckResult) -> impl Iterator<Item = Finding> + 'a {
        result.subjects.iter().map(|subject| Finding::new(&self.books, result.check, subject))
    }

    /// How many findings there are, all together.
    #[must_use]
    pub fn finding_count(&self) -> u64 {
        self.results.iter().map(|result| result.subjects.len() as u64).sum()
    }

    /// How many findings there are at or above a severity.
    #[must_use]
    pub fn findings_from(&self, severity: Severity) -> u64 {
        self.results.iter().filter(|r| r.check.severity <= severity).map(|r| r.subjects.len() as u64).sum()
    }

    /// The address of a record in Salesforce, where the instance is known.
    #[must_use]
    pub fn record_url(&self, object: SfObject, id: crate::model::id::SfId) -> Option<String> {
        Some(format!("{}/lightning/r/{object}/{id}/view", self.origins().instance.as_ref()?))
    }

    /// The run as `report.json` has it.
    #[must_use]
    pub fn summary(&self) -> Summary<'_> {
        let origins = self.origins();
        Summary {
            version: 1,
            tool: Tool { name: "tieout", version: env!("CARGO_PKG_VERSION") },
            verdict: self.verdict,
            exported_at: origins.exported_at,
            extracted_at: origins.extracted_at,
            cutoff: self.books.relations.cutoff,
            time_zone: self.books.relations.zone(),
            totals: self.totals(),
            stalls: stalls::stalls(&self.books),
            heartbeats: stalls::heartbeats(&self.books.stalls.heartbeats),
            checks: self
                .results
                .iter()
                .map(|result| CheckSummary {
                    id: result.check.id,
                    title: result.check.title,
                    severity: result.check.severity,
                    owner: result.check.owner,
                    outcome: result.outcome,
                    examined: result.examined,
                    findings: result.subjects.len() as u64,
                    because_of_stalls: result.because_of_stalls,
                    lacking: &result.lacking,
                })
                .collect(),
            inputs: &origins.inputs,
            caveats: &origins.caveats,
            roll_forward: None,
        }
    }
}

fn run(check: &'static Check, books: &Books) -> CheckResult {
    let lacking: Vec<String> = check.needs.iter().flat_map(|need| need.lacking(&books.data)).collect();
    if !lacking.is_empty() {
        return CheckResult {
            check,
            outcome: Outcome::NotEvaluated,
            examined: 0,
            subjects: Vec::new(),
            lacking,
            because_of_stalls: 0,
        };
    }
    let mut selection = (check.select)(books);
    // What stands in the rows at hand is a finding; that nothing stands in them is not yet a pass.
    selection.lacking.extend(check.needs.iter().filter_map(|need| need.partial(&books.data)));
    let outcome = if !selection.subjects.is_empty() {
        Outcome::Found
    } else if selection.lacking.is_empty() {
        Outcome::Clean
    } else {
        Outcome::NotEvaluated
    };
    let because_of_stalls =
        selection.subjects.iter().filter(|subject| check.stall_behind(books, subject).is_some()).count() as u64;
    CheckResult {
        check,
        outcome,
        examined: selection.examined,
        subjects: selection.subjects,
        lacking: selection.lacking,
        because_of_stalls,
    }
}

fn verdict(books: &Books, results: &[CheckResult]) -> Verdict {
    // Some records of an incomplete extract are judged and some are not; that is no judgement of all.
    let incomplete = [SfObject::Contact, SfObject::DoceboUser, SfObject::Course, SfObject::CourseEnrollment]
        .into_iter()
        .any(|object| matches!(books.data.origins.extract(object).extent, Extent::Incomplete { .. }));
    if books.stalls.open().is_some() {
        Verdict::Stalled
    } else if incomplete || !books.relations.link_judged || !books.relations.enrollment_judged {
        Verdict::NotEvaluated
    } else if results.iter().any(|r| r.outcome == Outcome::Found && r.check.severity <= Severity::Medium) {
        Verdict::Attention
    } else {
        Verdict::InSync
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
    /// The zone of the export's dates.
    pub time_zone: &'a ZoneFinding,
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
    pub roll_forward: Option<serde_json::Value>,
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
    #[schemars(schema_with = "word_schema::<crate::check::Owner>")]
    pub owner: crate::check::Owner,
    /// What came of it.
    #[schemars(schema_with = "word_schema::<Outcome>")]
    pub outcome: Outcome,
    /// Records it looked at.
    pub examined: u64,
    /// Findings.
    pub findings: u64,
    /// Of these, how many are there because of a stall.
    pub because_of_stalls: u64,
    /// What it could not see.
    pub lacking: &'a [String],
}

pub(crate) fn word_schema<W: crate::model::word::Word>(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
    let words: Vec<&str> = W::ALL.iter().map(|value| value.word()).collect();
    schemars::json_schema!({"type": "string", "enum": words})
}
