//! The frozen result of a run. Every output is made from this one value and recomputes nothing.
//!
//! It stands on its own: [`facts`] are all that is told beside the findings, findings come from the books of
//! the run ([`judged`]) or from what a finished run wrote down ([`stored`]), and no output can tell which.
//!
//! Must not know: formats, files.

/// The checks, run over the books.
pub mod evaluated_run;
/// One finding as a line of JSON.
pub mod finding_record;
/// The findings of a finished run.
pub mod loaded_run;
/// Findings from run to run: what is new, open, cleared.
pub mod run_history;
/// All that is told of a run beside its findings.
pub mod run_summary;
/// Stalls and heartbeats as `report.json` has them.
pub mod stalls;
/// The run as `report.json` has it.
pub mod summary;
/// The run in one word and a few sentences.
pub mod verdict;
/// The report for outputs that leave the house.
pub mod withheld;

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;

use rayon::prelude::*;

use crate::checks::check::{Check, Coverage, Outcome, Requirement, Severity};
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

/// The run in one word.
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
    /// An open stall.
    Stalled,
    /// `link` or `enrollment` could not be judged.
    NotEvaluated,
    /// A finding of severity medium or above.
    Attention,
    /// Neither.
    InSync,
}

impl Verdict {
    /// The verdict as a sentence; `whole` says whether every check was evaluated, `questioned` whether the result is so
    /// absurd that the inputs are questioned.
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

/// What came of one check.
#[derive(Debug, Clone)]
pub struct CheckResult {
    /// Its place in the catalogue.
    pub place: usize,
    /// The check.
    pub check: &'static Check,
    /// How much of what it looks at was judged.
    pub coverage: Coverage,
    /// How many findings there are.
    pub findings: usize,
    /// What it could not see.
    pub missing: Vec<String>,
    /// Of the findings, how many are there because of a stall.
    pub caused_by_stalls: u64,
}

impl CheckResult {
    /// Whether a stall is behind everything that the check found.
    #[must_use]
    pub fn is_consequence(&self) -> bool {
        self.caused_by_stalls > 0 && self.caused_by_stalls == self.findings as u64
    }

    /// What came of it.
    #[must_use]
    pub fn outcome(&self) -> Outcome {
        Outcome::new(self.findings, self.coverage, &self.missing)
    }

    /// Whether it judged everything.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.coverage.prove(&self.missing).is_some()
    }

    /// What it could not judge, in words: the inputs that were missing, and how many records it could not judge.
    #[must_use]
    pub fn gaps(&self) -> Vec<String> {
        let unjudged = self.coverage.unjudged();
        let records = (unjudged > 0).then(|| format!("{unjudged} of the {} could not be judged", self.check.unit));
        self.missing.iter().cloned().chain(records).collect()
    }
}

/// Where findings come from.
#[derive(Debug, Clone)]
enum Source {
    /// The books of this run.
    Judged(Arc<EvaluatedRun>),
    /// What a finished run wrote down.
    Loaded(Arc<LoadedRun>),
}

/// A run that this one follows.
#[derive(Debug, Clone)]
pub struct PreviousRun {
    /// What it told.
    pub run: RunSummary,
    /// The findings that it and the runs before it knew.
    pub history: History,
    /// What analysts said of them.
    pub reviews: Reviews,
}

/// What a run finds of earlier ones.
#[derive(Debug, Clone, Default)]
pub struct Baseline {
    /// The run that it follows.
    pub previous: Option<PreviousRun>,
    /// What analysts said in the run whose place it takes.
    pub replaced: Reviews,
}

/// The frozen result of a run.
#[derive(Debug)]
pub struct Report {
    /// All that is told beside the findings.
    pub run: RunSummary,
    /// The run in one word.
    pub verdict: Verdict,
    /// Every check of the catalogue, in its order.
    pub results: Vec<CheckResult>,
    /// The findings of this run and of the runs before it.
    pub history: Arc<History>,
    /// What analysts said of findings, by key.
    pub reviews: Reviews,
    source: Source,
    /// The names that it goes without, where it is for an output that leaves the house.
    withheld: Option<Arc<Withheld>>,
}

/// Why a finished run cannot be read again, in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unreadable(pub String);

impl Report {
    /// Runs a catalogue over the books. The run follows no other.
    #[must_use]
    pub fn new(reconciliation: Reconciliation, catalogue: &[&'static Check]) -> Self {
        let Ok(report) =
            Self::following(reconciliation, catalogue, |_| Ok::<_, std::convert::Infallible>(Baseline::default()));
        report
    }

    /// Runs a catalogue over the books and puts the run behind a former one, where there is one to be found.
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

    /// Puts the run behind a former one: which findings are new, which came back, which are gone; what analysts
    /// said of them is taken over.
    fn follow(&mut self, past: Baseline) {
        let Baseline { previous, replaced } = past;
        let previous = previous.as_ref();
        let at = self.run.read_at();
        // Room for all of them at once, so that they are not copied as they grow.
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

    /// A finished run, as it was written down.
    ///
    /// # Errors
    /// When it was written by a version with other checks, or does not hang together.
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

    /// A name for the run from what it says (sorted by key) and what it follows; not from its files, in which the order of rows
    /// may differ.
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

    /// The books of this run; nothing where the report is that of a finished one.
    #[must_use]
    pub fn judged(&self) -> Option<&EvaluatedRun> {
        match &self.source {
            Source::Judged(judged) => Some(judged),
            Source::Loaded(_) => None,
        }
    }

    /// The books alone, where no other report shares them.
    #[must_use]
    pub fn into_reconciliation(self) -> Option<Reconciliation> {
        match self.source {
            Source::Judged(judged) => Arc::into_inner(judged).map(|judged| judged.reconciliation),
            Source::Loaded(_) => None,
        }
    }

    /// The movement of each check since the run before; nothing where there was none.
    #[must_use]
    pub fn movements(&self) -> Option<Vec<(&'static str, Movement)>> {
        let found: Vec<(&'static str, u64)> =
            self.results.iter().map(|result| (result.check.id, result.findings as u64)).collect();
        self.run.before.as_ref().map(|before| run_history::movements(&self.history, before, &found))
    }

    /// How a finding stands in the series.
    #[must_use]
    pub fn entry(&self, key: Key) -> Option<&Entry> {
        self.history.get(key)
    }

    /// What an analyst said of a finding.
    #[must_use]
    pub fn review(&self, key: Key) -> Option<&Review> {
        self.reviews.get(&key.to_string())
    }

    /// The verdict as a sentence, which claims no more than was evaluated.
    #[must_use]
    pub fn verdict_sentence(&self) -> &'static str {
        let questioned = verdict::is_questioned(&self.run.questions);
        // What somebody accepts was still not compared.
        let accepted = self.rows_accepted() || self.run.questions.iter().any(|asked| asked.accepted);
        self.verdict.sentence(!self.is_cut() && !accepted, questioned)
    }

    /// The verdict as a sentence, and what it rests on.
    #[must_use]
    pub fn sentence(&self) -> String {
        let remarks = self.run.remarks.iter().map(String::as_str);
        std::iter::once(self.verdict_sentence()).chain(remarks).collect::<Vec<_>>().join(" ")
    }

    /// Whether unreadable rows are accepted.
    fn rows_accepted(&self) -> bool {
        self.results.iter().any(|result| result.coverage.accepted() > 0)
    }

    /// How the run ends: with `exit_zero`, neither a stall nor a finding counts.
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

    /// Whether something could not be evaluated that these inputs could have told. Setup is not among it where
    /// the snapshot is none that could hold it: its check is not evaluated in every output, but both sides
    /// were compared in full, and a folder saved by hand must be able to end well.
    #[must_use]
    pub fn is_cut(&self) -> bool {
        let nobody_asked = |result: &CheckResult| {
            self.run.customisation.is_none() && result.check.requirements == [Requirement::Customization]
        };
        self.unseen().any(|result| !nobody_asked(result))
    }

    /// The results of checks that could not see everything: those that were not evaluated, and those that found
    /// something in the part they saw.
    pub fn unseen(&self) -> impl Iterator<Item = &CheckResult> {
        self.results.iter().filter(|result| !result.is_whole())
    }

    /// Where everything came from.
    #[must_use]
    pub fn origins(&self) -> &Origins {
        &self.run.origins
    }

    /// The rules that both sides were compared by.
    #[must_use]
    pub fn rules(&self) -> &crate::settings::Rules {
        &self.run.rules
    }

    /// The equations.
    #[must_use]
    pub fn totals(&self) -> &Totals {
        &self.run.totals
    }

    /// Where the sync stood still, and its pulse.
    #[must_use]
    pub fn stalls(&self) -> &Stalls {
        &self.run.stalls
    }

    /// What happened after this moment is not yet expected on the other side.
    #[must_use]
    pub fn cutoff(&self) -> Instant {
        self.run.cutoff
    }

    /// The results that found something, worst first, a cause before its fallout, then by id.
    #[must_use]
    pub fn found(&self) -> Vec<&CheckResult> {
        let mut found: Vec<&CheckResult> =
            self.results.iter().filter(|result| result.outcome() == Outcome::Found).collect();
        found.sort_by_key(|result| (result.check.severity, result.caused_by_stalls > 0, result.check.id));
        found
    }

    /// The results of checks that could not be evaluated.
    pub fn not_evaluated(&self) -> impl Iterator<Item = &CheckResult> {
        self.results.iter().filter(|result| result.outcome() == Outcome::NotEvaluated)
    }

    /// All findings, in the order of [`Report::found`] and of the tables; each is made as the
    /// iterator reaches it.
    pub fn findings(&self) -> impl Iterator<Item = Finding> + '_ {
        self.found().into_iter().flat_map(|result| self.findings_of(result))
    }

    /// The findings of one check.
    pub fn findings_of<'a>(&'a self, result: &'a CheckResult) -> impl Iterator<Item = Finding> + 'a {
        (0..result.findings).filter_map(|at| self.finding(result, at))
    }

    /// A finding of a check by its place; nothing beyond the last.
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

    /// How many findings there are, all together.
    #[must_use]
    pub fn finding_count(&self) -> u64 {
        self.results.iter().map(|result| result.findings as u64).sum()
    }

    /// How many findings there are at or above a severity.
    #[must_use]
    pub fn findings_from(&self, severity: Severity) -> u64 {
        self.results.iter().filter(|r| r.check.severity <= severity).map(|r| r.findings as u64).sum()
    }

    /// The address of a record in Salesforce, where the instance is known.
    #[must_use]
    pub fn record_url(&self, object: SfObject, id: crate::model::id::RecordId) -> Option<String> {
        Some(format!("{}/lightning/r/{object}/{id}/view", self.origins().instance.as_ref()?))
    }
}

/// What a reader has to know where it is not certain that the previous run read the same organization.
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
