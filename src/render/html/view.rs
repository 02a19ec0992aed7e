//! What the page's template is given: every field always there and already the text to be shown.
//!
//! Must not know: markup beyond the names of its classes.

use serde::Serialize;

use super::fact::{Fact, plain};
use super::health::{Health, health};
use crate::check::{Check, Outcome};
use crate::finding::Finding;
use crate::model::word::Word as _;
use crate::redact::Names;
use crate::render::equations::{Equation, Term, equations, missing, tied};
use crate::render::inert::visible;
use crate::render::wording;
use crate::render::{counted, grouped};
use crate::report::{CheckResult, Report};
use crate::stalls::heartbeat::Heartbeat;

/// Examples beneath each cause.
const EXAMPLES: usize = 20;
/// Rows of the table of findings.
const ROWS: usize = 200;
/// Pieces of evidence of an example.
const PIECES: usize = 3;

#[derive(Serialize)]
pub(super) struct Page {
    title: String,
    heading: String,
    style_digest: String,
    verdict: VerdictView,
    facts: Vec<Fact>,
    numbers: Vec<Number>,
    sections: [Section; 6],
    health: Health,
    checks_note: String,
    owners: Vec<OwnerView>,
    has_owners: bool,
    pairs: Vec<EquationView>,
    populations: Vec<EquationView>,
    all_tie: bool,
    missing_equations: Vec<&'static str>,
    causes: Vec<Cause>,
    has_causes: bool,
    blind: Vec<Blind>,
    has_blind: bool,
    clean: Vec<Clean>,
    has_clean: bool,
    findings: FindingsTable,
    has_findings: bool,
    findings_note: String,
    inputs: Vec<InputView>,
    zone: String,
    rules: Vec<Fact>,
    caveats: Vec<String>,
    has_caveats: bool,
    not_tested: Vec<&'static str>,
    classification: &'static str,
    version: &'static str,
}

#[derive(Serialize)]
struct VerdictView {
    id: &'static str,
    sign: &'static str,
    word: &'static str,
    sentence: &'static str,
    headline: String,
}

#[derive(Serialize)]
struct Number {
    value: String,
    label: &'static str,
    detail: String,
    target: &'static str,
    link: &'static str,
}

#[derive(Serialize)]
struct Section {
    target: &'static str,
    name: &'static str,
}

#[derive(Serialize)]
struct OwnerView {
    name: &'static str,
    checks: String,
    findings: String,
}

#[derive(Serialize)]
struct EquationView {
    reference: &'static str,
    title: &'static str,
    counted: &'static str,
    tells: &'static str,
    terms: Vec<TermView>,
    sum: String,
    total: String,
    ties: bool,
}

#[derive(Serialize)]
struct TermView {
    word: &'static str,
    meaning: &'static str,
    count: String,
}

/// The words of a check.
#[derive(Serialize)]
struct CheckView {
    id: &'static str,
    title: &'static str,
    severity: &'static str,
    owner: &'static str,
    why: &'static str,
    innocent_when: String,
    remedy: String,
}

#[derive(Serialize)]
struct Cause {
    check: CheckView,
    count: String,
    findings: &'static str,
    examined: String,
    /// How much of it is because of a stall; blank where nothing is.
    fallout: String,
    /// What the check could not see beside what it found.
    unseen: Vec<String>,
    examples: FindingsTable,
    examples_note: String,
}

#[derive(Serialize)]
struct Blind {
    check: CheckView,
    lacking: Vec<String>,
}

#[derive(Serialize)]
struct Clean {
    id: &'static str,
    title: &'static str,
    examined: String,
}

#[derive(Serialize)]
struct FindingsTable {
    label: String,
    caption: String,
    rows: Vec<Row>,
    /// Which check fired, where the table holds several.
    with_check: bool,
    with_evidence: bool,
}

#[derive(Serialize)]
struct Row {
    key: String,
    severity: &'static str,
    check: &'static str,
    url: String,
    record: String,
    object: &'static str,
    learner: String,
    course: String,
    field: String,
    expected: String,
    found: String,
    since: String,
    evidence: Vec<String>,
}

#[derive(Serialize)]
struct InputView {
    side: &'static str,
    holds: String,
    file: String,
    rows: String,
    rejects: String,
    counted: String,
    encoding: String,
    delimiter: String,
    dates: String,
    sha256: String,
}

/// Everything the page shows.
pub(super) fn page(report: &Report, names: Names, style_digest: String) -> Page {
    let origins = report.origins();
    let tool = report.summary().tool;
    let (sign, word) = wording::verdict(report.verdict);
    let platform = wording::platform(origins).map(plain);
    let equations = equations(report);
    let found = report.found();
    let inner = Rows { report, names };
    let causes: Vec<Cause> = found.iter().map(|result| inner.cause(result)).collect();
    let blind: Vec<Blind> = report.not_evaluated().map(blind).collect();
    let clean: Vec<Clean> =
        report.results.iter().filter(|result| result.outcome == Outcome::Clean).map(clean).collect();
    let rows: Vec<Row> = report.findings().take(ROWS).map(|finding| inner.row(&finding, false)).collect();
    let owners: Vec<OwnerView> = wording::by_owner(report)
        .into_iter()
        .map(|(owner, checks, findings)| OwnerView {
            name: wording::owner(owner),
            checks: counted(checks, "check", "checks"),
            findings: counted(findings, "finding", "findings"),
        })
        .collect();
    let (pairs, populations): (Vec<&Equation>, Vec<&Equation>) =
        equations.iter().partition(|equation| matches!(equation.reference, "C1" | "C2"));
    Page {
        title: format!(
            "tieout: {word}{}",
            platform.as_ref().map_or_else(String::new, |platform| format!(", {platform}"))
        ),
        heading: platform.map_or_else(
            || "Docebo and Salesforce, tied out".to_owned(),
            |platform| format!("{platform} and Salesforce, tied out"),
        ),
        style_digest,
        verdict: VerdictView {
            id: report.verdict.word(),
            sign,
            word,
            sentence: report.sentence(),
            headline: wording::headline(report),
        },
        facts: facts(report, names),
        numbers: numbers(report, &equations),
        sections: SECTIONS,
        health: health(report),
        checks_note: checks_note(report, causes.len(), clean.len(), blind.len()),
        has_owners: !owners.is_empty(),
        owners,
        pairs: pairs.into_iter().map(equation).collect(),
        populations: populations.into_iter().map(equation).collect(),
        all_tie: equations.iter().all(Equation::ties),
        missing_equations: missing(report),
        has_causes: !causes.is_empty(),
        causes,
        has_blind: !blind.is_empty(),
        blind,
        has_clean: !clean.is_empty(),
        clean,
        has_findings: !rows.is_empty(),
        findings_note: findings_note(report.finding_count()),
        findings: FindingsTable {
            label: "Table of findings".to_owned(),
            caption: "Findings, worst first".to_owned(),
            rows,
            with_check: true,
            with_evidence: false,
        },
        inputs: origins.inputs.iter().map(input).collect(),
        zone: wording::zone(report.books.relations.zone()),
        rules: wording::rules(report.rules())
            .into_iter()
            .map(|(term, value)| Fact { term, value: plain(&value) })
            .collect(),
        has_caveats: !origins.caveats.is_empty(),
        caveats: origins.caveats.iter().map(|caveat| visible(caveat).into_owned()).collect(),
        not_tested: wording::not_tested(report),
        classification: wording::classification(names),
        version: tool.version,
    }
}

fn facts(report: &Report, names: Names) -> Vec<Fact> {
    let origins = report.origins();
    vec![
        Fact { term: "Docebo exported", value: wording::moment_or_unknown(origins.exported_at) },
        Fact { term: "Salesforce read", value: wording::moment_or_unknown(origins.extracted_at) },
        Fact {
            term: "Cutoff",
            value: format!(
                "{}: what is newer is not yet expected on the other side",
                wording::moment(report.books.relations.cutoff)
            ),
        },
        Fact { term: "Salesforce", value: plain(&wording::organisation(origins)) },
        Fact { term: "Classification", value: wording::classification_word(names).to_owned() },
        Fact { term: "Made by", value: format!("tieout {}", report.summary().tool.version) },
    ]
}

fn numbers(report: &Report, equations: &[Equation]) -> Vec<Number> {
    let severities: Vec<String> = wording::by_severity(report)
        .into_iter()
        .filter(|&(_, count)| count > 0)
        .map(|(severity, count)| format!("{} {severity}", grouped(count)))
        .collect();
    let (ties, all) = tied(equations);
    let checks = report.results.len();
    let blind = report.not_evaluated().count();
    vec![
        pulse(report),
        Number {
            value: grouped(report.finding_count()),
            label: if report.finding_count() == 1 { "finding" } else { "findings" },
            detail: if severities.is_empty() { "of any severity".to_owned() } else { severities.join(" \u{b7} ") },
            target: "causes",
            link: "Causes",
        },
        Number {
            value: format!("{ties} of {all}"),
            label: "equations tie",
            detail: if ties == all {
                "every row read is accounted for"
            } else {
                "a defect of tieout: please report it"
            }
            .to_owned(),
            target: "tie-out",
            link: "Tie-out",
        },
        Number {
            value: format!("{blind} of {checks}"),
            label: "checks not evaluated",
            detail: if blind == 0 { "nothing was lacking" } else { "an input was missing or incomplete" }.to_owned(),
            target: "checks",
            link: "All checks",
        },
    ]
}

/// Whether the sync is alive.
fn pulse(report: &Report) -> Number {
    let stalls = &report.books.stalls;
    let following = stalls.heartbeats.iter().filter(|beat| beat.object.follows_learners());
    let newest = following.filter_map(Heartbeat::last).max();
    let last = stalls.open().map_or(newest, |stall| stall.last_write.map(|(_, _, at)| at));
    let (value, label) = match (stalls.open(), last) {
        (Some(stall), _) => (
            counted(wording::days_between(stall.from, report.books.relations.cutoff), "day", "days"),
            "that the sync stands still",
        ),
        (None, Some(_)) if stalls.judged => ("alive".to_owned(), "the sync goes on"),
        (None, Some(_)) => ("not judged".to_owned(), "whether the sync goes on"),
        (None, None) => ("no sign".to_owned(), "nothing was ever written"),
    };
    Number {
        value,
        label,
        detail: last.map_or_else(String::new, |last| format!("last write {}", wording::moment(last))),
        target: "sync-health",
        link: "Sync health",
    }
}

const SECTIONS: [Section; 6] = [
    Section { target: "sync-health", name: "Sync health" },
    Section { target: "tie-out", name: "Tie-out" },
    Section { target: "causes", name: "Causes" },
    Section { target: "checks", name: "All checks" },
    Section { target: "findings", name: "Findings" },
    Section { target: "sources", name: "Sources and method" },
];

/// How many checks there are, and what came of them.
fn checks_note(report: &Report, found: usize, clean: usize, blind: usize) -> String {
    format!(
        "{}: {} found something, {} clean, {} not evaluated.",
        counted(report.results.len() as u64, "check", "checks"),
        grouped(found as u64),
        grouped(clean as u64),
        grouped(blind as u64),
    )
}

fn equation(equation: &Equation) -> EquationView {
    let term = |term: &Term| TermView { word: term.word, meaning: term.meaning, count: grouped(term.count) };
    EquationView {
        reference: equation.reference,
        title: equation.title,
        counted: equation.counted,
        tells: equation.tells,
        terms: equation.terms.iter().filter(|term| term.count > 0).map(term).collect(),
        sum: grouped(equation.sum()),
        total: grouped(equation.total),
        ties: equation.ties(),
    }
}

fn check(check: &'static Check) -> CheckView {
    CheckView {
        id: check.id,
        title: check.title,
        severity: check.severity.word(),
        owner: wording::owner(check.owner),
        why: check.why,
        innocent_when: wording::sentence(check.innocent_when),
        remedy: wording::sentence(check.remedy),
    }
}

fn examined(result: &CheckResult) -> String {
    let many = result.check.examines;
    counted(result.examined, many.strip_suffix('s').unwrap_or(many), many)
}

fn blind(result: &CheckResult) -> Blind {
    Blind { check: check(result.check), lacking: lacking(result) }
}

fn lacking(result: &CheckResult) -> Vec<String> {
    result.lacking.iter().map(|lack| visible(lack).into_owned()).collect()
}

fn clean(result: &CheckResult) -> Clean {
    Clean { id: result.check.id, title: result.check.title, examined: examined(result) }
}

fn findings_note(all: u64) -> String {
    if all <= ROWS as u64 {
        format!(
            "All {}. findings.jsonl and workbook.xlsx hold them too, with their evidence.",
            counted(all, "finding", "findings")
        )
    } else {
        format!(
            "The first {} of {}. findings.jsonl and workbook.xlsx hold all of them, with their evidence.",
            grouped(ROWS as u64),
            counted(all, "finding", "findings"),
        )
    }
}

fn input(input: &crate::model::provenance::Input) -> InputView {
    InputView {
        side: if input.side == "docebo" { "Docebo" } else { "Salesforce" },
        holds: plain(&input.holds),
        file: plain(&input.file),
        rows: grouped(input.rows),
        rejects: grouped(input.rejects),
        counted: match input.counted {
            Some(counted) => grouped(counted),
            None if input.side == "docebo" => String::new(),
            None => "not counted".to_owned(),
        },
        encoding: plain(&input.encoding),
        delimiter: plain(wording::delimiter(input)),
        dates: input.dates.as_deref().map_or_else(String::new, plain),
        sha256: plain(&input.sha256),
    }
}

/// Makes rows of findings.
#[derive(Clone, Copy)]
struct Rows<'a> {
    report: &'a Report,
    names: Names,
}

impl Rows<'_> {
    fn cause(self, result: &CheckResult) -> Cause {
        let all = result.subjects.len();
        let rows: Vec<Row> =
            self.report.findings_of(result).take(EXAMPLES).map(|finding| self.row(&finding, true)).collect();
        let examples_note = if rows.len() == all {
            format!("Show {}", if all == 1 { "it".to_owned() } else { format!("all {}", grouped(all as u64)) })
        } else {
            format!("Show {} of {}", grouped(rows.len() as u64), grouped(all as u64))
        };
        Cause {
            check: check(result.check),
            count: grouped(all as u64),
            findings: if all == 1 { "finding" } else { "findings" },
            examined: examined(result),
            unseen: lacking(result),
            fallout: match result.because_of_stalls {
                0 => String::new(),
                _ if result.is_fallout() => "because of the stall".to_owned(),
                some => format!("{} because of the stall", grouped(some)),
            },
            examples: FindingsTable {
                label: format!("Examples of {}", result.check.id),
                caption: format!("Examples: {}", result.check.title),
                rows,
                with_check: false,
                with_evidence: true,
            },
            examples_note,
        }
    }

    fn evidence(self, finding: &Finding) -> Vec<String> {
        let pieces = wording::evidence(finding, self.report.origins(), self.names, PIECES);
        pieces.iter().map(|piece| visible(piece).into_owned()).collect()
    }

    fn row(self, finding: &Finding, with_evidence: bool) -> Row {
        let number = |id: Option<u64>| id.map_or_else(String::new, |id| id.to_string());
        let (telling, record) = (&finding.telling, finding.ids.record);
        Row {
            key: finding.key.clone(),
            severity: finding.check.severity.word(),
            check: finding.check.id,
            url: record.and_then(|(object, id)| wording::link(self.report, object, id)).unwrap_or_default(),
            record: record.map_or_else(String::new, |(_, id)| id.to_string()),
            object: record.map_or("", |(object, _)| wording::object(object)),
            learner: number(finding.ids.learner),
            course: number(finding.ids.course),
            field: plain(&telling.field),
            expected: plain(&self.names.show(&telling.expected)),
            found: plain(&self.names.show(&telling.found)),
            since: telling
                .since
                .map_or_else(String::new, |since| wording::moment(since).trim_end_matches(" UTC").to_owned()),
            evidence: if with_evidence { self.evidence(finding) } else { Vec::new() },
        }
    }
}
