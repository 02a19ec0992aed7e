//! The frozen result of a run. Every output is made from this one value and recomputes nothing.
//!
//! It is self-contained: [`run_summary`] is everything except the findings, which come from the run's reconciliation
//! ([`evaluated_run`]) or from the files of a finished run ([`loaded_run`]); outputs cannot see the difference.
//!
//! Must not know: formats, files.

/// Results of the checks over a reconciliation.
pub mod evaluated_run;
/// One finding as a line of JSON.
pub mod finding_record;
/// Findings of a finished run.
pub mod loaded_run;
/// Findings across runs: new, open, cleared.
pub mod run_history;
/// Everything in a run's outputs except its findings.
pub mod run_summary;
/// Stalls and heartbeats in the form of `report.json`.
pub mod stalls;
/// The run in the form of `report.json`.
pub mod summary;
/// The verdict: one word and a few sentences.
pub mod verdict;
/// The report for outputs that are sent to others.
pub mod withheld;

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;

use rayon::prelude::*;

use crate::checks::check::{Check, Outcome, Requirement, Severity};
use crate::checks::coverage::Coverage;
use crate::checks::finding::Finding;
use crate::checks::reconciliation::Reconciliation;
use crate::exit::Exit;
use crate::inputs::reviews::{Review, Reviews};
use crate::model::fingerprint::{Key, run_id};
use crate::model::instant::Instant;
use crate::model::label::Label as _;
use crate::model::object::SfObject;
use crate::model::origins::{Identity, Origins, SameOrganization};
use crate::reconcile::relations::totals::Totals;
use crate::report::run_history::{Before, Entry, History, Movement, ObservedFinding, Point};
use crate::stalls::Stalls;
use evaluated_run::EvaluatedRun;
use loaded_run::LoadedRun;
use run_summary::RunSummary;
pub(crate) use summary::word_schema;
pub use summary::{Summary, Tool};
use withheld::Withheld;

/// Verdict of a run.
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
pub enum Verdict {
    /// A stall is open.
    Stalled,
    /// `link` or `enrollment` could not be judged.
    NotEvaluated,
    /// There is a finding of severity medium or above.
    Attention,
    /// None of the above.
    InSync,
}

impl Verdict {
    /// The verdict as a sentence; `whole`: every check was evaluated; `questioned`: the result is so implausible that
    /// the inputs are questioned.
    #[must_use]
    const fn sentence(self, whole: bool, questioned: bool) -> &'static str {
        match (self, whole) {
            (Self::Stalled, _) => "The sync has stalled: Docebo has stopped writing to Salesforce.",
            (Self::NotEvaluated, _) if questioned => {
                "The result is implausible, so the inputs are probably wrong. Checks that depend on them were not evaluated."
            }
            (Self::NotEvaluated, _) => "The inputs do not suffice to judge whether both sides agree.",
            (Self::Attention, true) => "Both sides were compared in full, and something needs attention.",
            (Self::Attention, false) => "Something needs attention, and not everything could be compared.",
            (Self::InSync, true) => "Both sides were compared in full, and nothing needs attention.",
            (Self::InSync, false) => "Nothing was found, but not everything could be compared.",
        }
    }
}

/// Result of one check.
#[derive(Debug, Clone)]
pub struct CheckResult {
    /// Its index in the catalog.
    pub place: usize,
    /// The check.
    pub check: &'static Check,
    /// How much of its scope was judged.
    pub coverage: Coverage,
    /// Number of findings.
    pub findings: usize,
    /// Missing inputs.
    pub missing: Vec<String>,
    /// Number of findings caused by a stall.
    pub caused_by_stalls: u64,
}

impl CheckResult {
    /// Whether a stall caused all findings of the check.
    #[must_use]
    pub fn is_consequence(&self) -> bool {
        self.caused_by_stalls > 0 && self.caused_by_stalls == self.findings as u64
    }

    /// Outcome of the check.
    #[must_use]
    pub fn outcome(&self) -> Outcome {
        Outcome::new(self.findings, self.coverage, &self.missing)
    }

    /// Whether it judged everything.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.coverage.prove(&self.missing).is_some()
    }

    /// What it could not judge, in words: the missing inputs and the number of records.
    #[must_use]
    pub fn gaps(&self) -> Vec<String> {
        let unjudged = self.coverage.unjudged();
        let records = (unjudged > 0).then(|| format!("{unjudged} of the {} could not be judged", self.check.unit));
        self.missing.iter().cloned().chain(records).collect()
    }
}

/// Source of the findings.
#[derive(Debug, Clone)]
enum Source {
    /// The checks of this run.
    Judged(Arc<EvaluatedRun>),
    /// The files of a finished run.
    Loaded(Arc<LoadedRun>),
}

/// The run that this one follows.
#[derive(Debug, Clone)]
pub struct PreviousRun {
    /// Its summary.
    pub run: RunSummary,
    /// Findings of that run and the runs before it.
    pub history: History,
    /// Analysts' reviews of them.
    pub reviews: Reviews,
}

/// Earlier runs as a new run uses them.
#[derive(Debug, Clone, Default)]
pub struct Baseline {
    /// The run to follow.
    pub previous: Option<PreviousRun>,
    /// Reviews in the run being replaced.
    pub replaced: Reviews,
}

/// The frozen result of a run.
#[derive(Debug)]
pub struct Report {
    /// Everything except the findings.
    pub run: RunSummary,
    /// Verdict of the run.
    pub verdict: Verdict,
    /// Every check, in catalog order.
    pub results: Vec<CheckResult>,
    /// Findings of this run and the runs before it.
    pub history: Arc<History>,
    /// Analysts' reviews, by finding key.
    pub reviews: Reviews,
    source: Source,
    /// Withheld names, if the output is sent to others.
    withheld: Option<Arc<Withheld>>,
}

/// Why a finished run cannot be read, in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unreadable(pub String);

impl Report {
    /// Runs a catalog over a reconciliation, following no earlier run.
    #[must_use]
    pub fn new(reconciliation: Reconciliation, catalogue: &[&'static Check]) -> Self {
        let Ok(report) =
            Self::following(reconciliation, catalogue, |_| Ok::<_, std::convert::Infallible>(Baseline::default()));
        report
    }

    /// Runs a catalog over a reconciliation, following the earlier run found by `find`, if any.
    ///
    /// # Errors
    /// Those of `find`.
    pub fn following<E>(
        reconciliation: Reconciliation,
        catalogue: &[&'static Check],
        find: impl FnOnce(&RunSummary) -> Result<Baseline, E>,
    ) -> Result<Self, E> {
        let (judged, results, pseudonyms) = EvaluatedRun::new(reconciliation, catalogue, run_summary::pseudonym_key);
        let verdict = verdict::verdict(verdict::facts(&judged.reconciliation, &results));
        let facts = RunSummary::new(&judged.reconciliation, verdict, &results, pseudonyms);
        let mut report = Self {
            run: facts,
            verdict,
            results,
            history: Arc::default(),
            reviews: Reviews::new(),
            source: Source::Judged(Arc::new(judged)),
            withheld: None,
        };
        let past = find(&report.run)?;
        report.follow(past);
        Ok(report)
    }

    /// Compares the run with an earlier one: which findings are new, reopened or cleared; takes over the reviews.
    fn follow(&mut self, past: Baseline) {
        let Baseline { previous, replaced } = past;
        let previous = previous.as_ref();
        let at = self.run.read_at();
        // Allocated at once, to avoid copying as it grows.
        let mut seen: Vec<ObservedFinding> =
            Vec::with_capacity(self.results.iter().map(|result| result.findings).sum());
        for result in self.found() {
            let findings = (0..result.findings).into_par_iter().filter_map(|at| self.finding(result, at));
            seen.par_extend(findings.map(|finding| ObservedFinding {
                key: finding.key,
                check: result.check.id,
                ids: finding.ids,
            }));
        }
        seen.par_sort_unstable_by_key(|seen| seen.key);
        self.run.run = self.name(&seen, previous);
        let whole = |id: &str| self.results.iter().find(|result| result.check.id == id).map(CheckResult::is_whole);
        let nothing = History::default();
        let history = previous.map_or(&nothing, |previous| &previous.history).followed_by(seen, whole, at);
        self.run.before = previous.map(|previous| self.before(previous));
        self.run.trend = previous.map_or_else(Vec::new, |previous| previous.run.trend.clone());
        self.run.trend.push(self.point());
        let old = self.run.trend.len().saturating_sub(crate::report::run_history::MAX_POINTS);
        self.run.trend.drain(..old);
        if let Some(previous) = previous {
            self.run.pseudonyms.clone_from(&previous.run.pseudonyms);
            self.reviews.clone_from(&previous.reviews);
        }
        self.reviews.extend(replaced);
        self.reviews.retain(|key, _| Key::parse(key).is_some_and(|key| history.get(key).is_some()));
        self.history = Arc::new(history);
    }

    /// Loads a finished run.
    ///
    /// # Errors
    /// If it was written by a version with other checks or is inconsistent.
    pub fn rerender(
        previous: PreviousRun,
        findings: Vec<u8>,
        catalogue: &[&'static Check],
    ) -> Result<Self, Unreadable> {
        let PreviousRun { run: facts, history, reviews } = previous;
        let results = facts.checks.iter().enumerate().map(|(place, described)| {
            let check = catalogue.iter().copied().find(|check| check.id == described.id);
            Ok(CheckResult {
                place,
                check: check
                    .ok_or_else(|| Unreadable(format!("the check `{}` is not known to this version", described.id)))?,
                coverage: described.coverage,
                findings: described.findings,
                missing: described.missing.clone(),
                caused_by_stalls: described.because_of_stalls,
            })
        });
        let results: Vec<CheckResult> = results.collect::<Result<_, _>>()?;
        let stored = LoadedRun::read(findings, &results, &facts.origins).map_err(Unreadable)?;
        let (verdict, history, source) = (facts.verdict, Arc::new(history), Source::Loaded(Arc::new(stored)));
        Ok(Self { verdict, run: facts, results, history, reviews, source, withheld: None })
    }

    /// Id of the run, derived from its findings (sorted by key) and the run it follows; not from its files, whose row
    /// order may differ.
    fn name(&self, seen: &[ObservedFinding], previous: Option<&PreviousRun>) -> String {
        let facts = &self.run;
        let message = format!(
            "{:?} {:?} {} {} {}",
            facts.origins.org_id,
            facts.origins.platform,
            facts.read_at(),
            facts.cutoff,
            previous.map_or("", |previous| &previous.run.run),
        );
        run_id(std::iter::once(message).chain(seen.iter().map(|seen| seen.key.to_string())))
    }

    fn before(&self, previous: &PreviousRun) -> Before {
        let mut open: BTreeMap<String, u64> = BTreeMap::new();
        for (_, entry) in previous.history.iter().filter(|(_, entry)| entry.state.is_open()) {
            *open.entry(entry.check.clone().into_owned()).or_default() += 1;
        }
        let mut remarks = Vec::new();
        remarks.extend(uncertain_organization(&self.run.origins, &previous.run.origins));
        if previous.run.rules != self.run.rules {
            remarks.push(
                "The rules of comparison are not those of the run before: findings can be new or cleared for that alone."
                    .to_owned(),
            );
        }
        if previous.run.tool != self.run.tool {
            remarks.push(format!(
                "The run before was made by tieout {}: checks can have changed since.",
                previous.run.tool
            ));
        }
        let known = |id: &str| self.results.iter().any(|result| result.check.id == id);
        let retired: u64 = open.iter().filter(|(id, _)| !known(id)).map(|(_, count)| count).sum();
        if retired > 0 {
            open.retain(|id, _| known(id));
            remarks.push(format!("{retired} findings of checks that are no more are left out."));
        }
        Before {
            run: previous.run.run.clone(),
            read_at: previous.run.read_at(),
            verdict: previous.run.verdict.label().to_owned(),
            open,
            remarks,
        }
    }

    fn point(&self) -> Point {
        let (whole, cut): (Vec<&CheckResult>, Vec<&CheckResult>) =
            self.results.iter().partition(|result| result.is_whole());
        Point {
            run: self.run.run.clone(),
            read_at: self.run.read_at(),
            verdict: self.verdict.label().to_owned(),
            findings: whole
                .iter()
                .filter(|result| result.findings > 0)
                .map(|result| (result.check.id.to_owned(), result.findings as u64))
                .collect(),
            unseen: cut.iter().map(|result| result.check.id.to_owned()).collect(),
        }
    }

    /// The evaluated checks of this run. `None` if the report was loaded from a finished one.
    #[must_use]
    pub fn judged(&self) -> Option<&EvaluatedRun> {
        match &self.source {
            Source::Judged(judged) => Some(judged),
            Source::Loaded(_) => None,
        }
    }

    /// Returns the reconciliation, if no other report shares it.
    #[must_use]
    pub fn into_reconciliation(self) -> Option<Reconciliation> {
        match self.source {
            Source::Judged(judged) => Arc::into_inner(judged).map(|judged| judged.reconciliation),
            Source::Loaded(_) => None,
        }
    }

    /// Movement of each check since the previous run. `None` if there is none.
    #[must_use]
    pub fn movements(&self) -> Option<Vec<(&'static str, Movement)>> {
        let found: Vec<(&'static str, u64)> =
            self.results.iter().map(|result| (result.check.id, result.findings as u64)).collect();
        self.run.before.as_ref().map(|before| run_history::movements(&self.history, before, &found))
    }

    /// History entry of a finding.
    #[must_use]
    pub fn entry(&self, key: Key) -> Option<&Entry> {
        self.history.get(key)
    }

    /// An analyst's review of a finding.
    #[must_use]
    pub fn review(&self, key: Key) -> Option<&Review> {
        self.reviews.get(&key.to_string())
    }

    /// The verdict as a sentence, which asserts no more than was evaluated.
    #[must_use]
    pub fn verdict_sentence(&self) -> &'static str {
        let questioned = verdict::is_questioned(&self.run.questions);
        // Accepted rows were still not compared.
        let accepted = self.rows_accepted() || self.run.questions.iter().any(|asked| asked.accepted);
        self.verdict.sentence(!self.is_cut() && !accepted, questioned)
    }

    /// The verdict and its reasons, as sentences.
    #[must_use]
    pub fn sentence(&self) -> String {
        let remarks = self.run.remarks.iter().map(String::as_str);
        std::iter::once(self.verdict_sentence()).chain(remarks).collect::<Vec<_>>().join(" ")
    }

    /// Whether unreadable rows are accepted.
    fn rows_accepted(&self) -> bool {
        self.results.iter().any(|result| result.coverage.accepted() > 0)
    }

    /// Exit status of the run: with `exit_zero`, neither a stall nor a finding counts.
    #[must_use]
    pub fn exit(&self, fail_on: Severity, exit_zero: bool) -> Exit {
        if self.verdict == Verdict::Stalled && !exit_zero {
            Exit::Stalled
        } else if verdict::is_questioned(&self.run.questions) {
            Exit::NotEvaluated
        } else if self.findings_from(fail_on) > 0 && !exit_zero {
            Exit::Findings
        } else if self.verdict == Verdict::NotEvaluated || self.is_cut() {
            Exit::NotEvaluated
        } else {
            Exit::Clean
        }
    }

    /// Whether something could not be evaluated although these inputs could contain it. Setup does not count if the
    /// snapshot type cannot contain it: its check is listed as not evaluated, but both sides were compared in full,
    /// and a manually saved folder must be able to succeed.
    #[must_use]
    pub fn is_cut(&self) -> bool {
        let nobody_asked = |result: &CheckResult| {
            self.run.customisation.is_none() && result.check.requirements == [Requirement::Customization]
        };
        self.unseen().any(|result| !nobody_asked(result))
    }

    /// Results of incomplete checks: those not evaluated, and those that found something in the part they saw.
    pub fn unseen(&self) -> impl Iterator<Item = &CheckResult> {
        self.results.iter().filter(|result| !result.is_whole())
    }

    /// Sources of all data.
    #[must_use]
    pub fn origins(&self) -> &Origins {
        &self.run.origins
    }

    /// The comparison rules.
    #[must_use]
    pub fn rules(&self) -> &crate::settings::Rules {
        &self.run.rules
    }

    /// The control totals.
    #[must_use]
    pub fn totals(&self) -> &Totals {
        &self.run.totals
    }

    /// Stalls and heartbeats.
    #[must_use]
    pub fn stalls(&self) -> &Stalls {
        &self.run.stalls
    }

    /// Later events are not yet expected on the other side.
    #[must_use]
    pub fn cutoff(&self) -> Instant {
        self.run.cutoff
    }

    /// Results with findings: worst first, causes before consequences, then by id.
    #[must_use]
    pub fn found(&self) -> Vec<&CheckResult> {
        let mut found: Vec<&CheckResult> =
            self.results.iter().filter(|result| result.outcome() == Outcome::Found).collect();
        found.sort_by_key(|result| (result.check.severity, result.caused_by_stalls > 0, result.check.id));
        found
    }

    /// Results of checks that could not be evaluated.
    pub fn not_evaluated(&self) -> impl Iterator<Item = &CheckResult> {
        self.results.iter().filter(|result| result.outcome() == Outcome::NotEvaluated)
    }

    /// All findings, in the order of [`Report::found`] and of the tables; each is created lazily.
    pub fn findings(&self) -> impl Iterator<Item = Finding> + '_ {
        self.found().into_iter().flat_map(|result| self.findings_of(result))
    }

    /// Findings of one check.
    pub fn findings_of<'a>(&'a self, result: &'a CheckResult) -> impl Iterator<Item = Finding> + 'a {
        (0..result.findings).filter_map(|at| self.finding(result, at))
    }

    /// A finding of a check by index. `None` if out of range.
    #[must_use]
    pub fn finding(&self, result: &CheckResult, at: usize) -> Option<Finding> {
        let finding = match &self.source {
            Source::Judged(judged) => judged.finding(result, at),
            Source::Loaded(stored) => stored.finding(result, at),
        }?;
        Some(match &self.withheld {
            Some(withheld) => withheld.finding(finding),
            None => finding,
        })
    }

    /// Total number of findings.
    #[must_use]
    pub fn finding_count(&self) -> u64 {
        self.results.iter().map(|result| result.findings as u64).sum()
    }

    /// Number of findings at or above a severity.
    #[must_use]
    pub fn findings_from(&self, severity: Severity) -> u64 {
        self.results.iter().filter(|r| r.check.severity <= severity).map(|r| r.findings as u64).sum()
    }

    /// URL of a record in Salesforce. `None` if the instance is unknown.
    #[must_use]
    pub fn record_url(&self, object: SfObject, id: crate::model::id::RecordId) -> Option<String> {
        Some(format!("{}/lightning/r/{object}/{id}/view", self.origins().instance.as_ref()?))
    }
}

/// Caveat if the previous run may have read another organization.
fn uncertain_organization(now: &Origins, then: &Origins) -> Option<String> {
    let part = |origins: &Origins| origins.id_prefix.clone().unwrap_or_default();
    let why = match now.same_organization(then) {
        SameOrganization::Yes(Identity::OrgId | Identity::Platform) => return None,
        SameOrganization::Yes(Identity::IdPrefix) => format!(
            "The previous run is assumed to be of the same organization because the record ids have the same instance \
             part (`{}`).",
            part(now)
        ),
        SameOrganization::No(_) => format!(
            "The previous run may be of another organization: its record ids have the instance part `{}` instead of `{}`.",
            part(then),
            part(now)
        ),
        SameOrganization::Unknown => {
            "Nothing in the inputs shows that the previous run is of the same organization.".to_owned()
        }
    };
    Some(format!("{why} Set docebo.platform_url to make this certain."))
}
