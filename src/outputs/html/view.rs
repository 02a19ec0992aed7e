//! Data of the page's template: all fields always present and already formatted as text.
//!
//! Must not know: markup beyond its class names.

use serde::Serialize;

use super::causes::{Cause, CheckView, OwnerView, causes, check, examined, missing, owners};
use super::explorer::{Explorer, explorer};
use super::fact::{Fact, plain};
use super::health::{Health, health};
use super::movement::{Roll, roll};
use super::row::Rows;
use crate::model::label::Label as _;
use crate::outputs::control_totals::{ControlTotal, Term, balanced, control_totals, missing_control_totals};
use crate::outputs::redact::Names;
use crate::outputs::sanitize::escape_controls;
use crate::outputs::wording;
use crate::outputs::{counted, grouped};
use crate::report::run_history::State;
use crate::report::{CheckResult, Report};
use crate::stalls::heartbeat::Heartbeat;

#[derive(Serialize)]
pub(super) struct Page {
    title: String,
    heading: String,
    style_digest: String,
    script_digest: String,
    verdict: VerdictView,
    facts: Vec<Fact>,
    numbers: Vec<Number>,
    sections: [Section; 8],
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
    roll: Roll,
    explorer: Explorer,
    has_findings: bool,
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
    sentence: String,
    headline: String,
    movement: String,
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

#[derive(Serialize)]
struct Blind {
    check: CheckView,
    missing: Vec<String>,
}

#[derive(Serialize)]
struct Clean {
    id: &'static str,
    title: &'static str,
    examined: String,
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
pub(super) fn page(report: &Report, names: Names<'_>, (style_digest, script_digest): (String, String)) -> Page {
    let origins = report.origins();
    let tool = report.summary().tool;
    let (sign, word) = wording::verdict(report.verdict);
    let platform = wording::platform(origins).map(plain);
    let control_totals = control_totals(report);
    let inner = Rows { report, names };
    let causes = causes(inner);
    let blind: Vec<Blind> = report.not_evaluated().map(blind).collect();
    let clean: Vec<Clean> = report.results.iter().filter(|result| result.outcome().is_clean()).map(clean).collect();
    let owners = owners(report);
    let (pairs, populations): (Vec<&ControlTotal>, Vec<&ControlTotal>) =
        control_totals.iter().partition(|equation| matches!(equation.reference, "C1" | "C2"));
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
        script_digest,
        verdict: VerdictView {
            id: report.verdict.label(),
            sign,
            word,
            sentence: report.sentence(),
            headline: wording::headline(report),
            movement: wording::movement(report),
        },
        facts: facts(report, names),
        numbers: numbers(report, &control_totals),
        sections: SECTIONS,
        health: health(report),
        checks_note: checks_note(report, causes.len(), clean.len(), blind.len()),
        has_owners: !owners.is_empty(),
        owners,
        pairs: pairs.into_iter().map(equation).collect(),
        populations: populations.into_iter().map(equation).collect(),
        all_tie: control_totals.iter().all(ControlTotal::is_balanced),
        missing_equations: missing_control_totals(report),
        has_causes: !causes.is_empty(),
        causes,
        has_blind: !blind.is_empty(),
        blind,
        has_clean: !clean.is_empty(),
        clean,
        roll: roll(report),
        has_findings: report.finding_count() > 0,
        explorer: explorer(inner),
        inputs: origins.inputs.iter().map(input).collect(),
        zone: wording::zones(&report.run.zones),
        rules: wording::rules(report.rules())
            .into_iter()
            .map(|(term, value)| Fact { term, value: plain(&value) })
            .collect(),
        has_caveats: !origins.caveats.is_empty(),
        caveats: origins.caveats.iter().map(|caveat| escape_controls(caveat).into_owned()).collect(),
        not_tested: wording::not_tested(report),
        classification: wording::classification(names),
        version: tool.version,
    }
}

fn facts(report: &Report, names: Names<'_>) -> Vec<Fact> {
    let origins = report.origins();
    vec![
        Fact { term: "Docebo exported", value: wording::moment_or_unknown(origins.exported_at) },
        Fact { term: "Salesforce read", value: wording::moment_or_unknown(origins.extracted_at) },
        Fact {
            term: "Cutoff",
            value: format!("{}: what is newer is not yet expected on the other side", wording::moment(report.cutoff())),
        },
        Fact { term: "Salesforce", value: plain(&wording::organisation(origins)) },
        Fact { term: "Classification", value: wording::classification_word(names).to_owned() },
        Fact { term: "Run", value: report.run.run.clone() },
        Fact { term: "Made by", value: format!("tieout {}", report.summary().tool.version) },
    ]
}

fn numbers(report: &Report, control_totals: &[ControlTotal]) -> Vec<Number> {
    let severities: Vec<String> = wording::by_severity(report)
        .into_iter()
        .filter(|&(_, count)| count > 0)
        .map(|(severity, count)| format!("{} {severity}", grouped(count)))
        .collect();
    let (ties, all) = balanced(control_totals);
    let checks = report.results.len();
    let blind = report.not_evaluated().count();
    vec![
        activity(report),
        Number {
            value: grouped(report.finding_count()),
            label: if report.finding_count() == 1 { "finding" } else { "findings" },
            detail: findings_detail(report, &severities),
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
            detail: match (blind, report.unseen().count()) {
                (0, 0) => "nothing was missing".to_owned(),
                (0, some) => format!("but {} could not see everything", grouped(some as u64)),
                _ => "an input was missing or a record could not be judged".to_owned(),
            },
            target: "checks",
            link: "All checks",
        },
    ]
}

/// Findings by severity, and how many of them are new.
fn findings_detail(report: &Report, severities: &[String]) -> String {
    let mut detail = if severities.is_empty() { "of any severity".to_owned() } else { severities.join(" \u{b7} ") };
    if let Some(before) = &report.run.before {
        let new = report.history.in_state(State::New).count() as u64;
        let cleared = report.history.in_state(State::Cleared).count() as u64;
        let then = wording::moment(before.read_at);
        detail.push_str(&format!("; {} new and {} cleared since {}", grouped(new), grouped(cleared), &then[..10]));
    }
    detail
}

/// Whether the sync is active.
fn activity(report: &Report) -> Number {
    let stalls = report.stalls();
    let following = stalls.heartbeats.iter().filter(|beat| beat.object.follows_learners());
    let newest = following.filter_map(Heartbeat::last).max();
    let last = stalls.open().map_or(newest, |stall| stall.last_write.map(|(_, _, at)| at));
    let (value, label) = match (stalls.open(), last) {
        (Some(stall), _) => {
            (counted(wording::days_between(stall.from, report.cutoff()), "day", "days"), "that the sync stands still")
        }
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

const SECTIONS: [Section; 8] = [
    Section { target: "sync-health", name: "Sync health" },
    Section { target: "tie-out", name: "Tie-out" },
    Section { target: "causes", name: "Causes" },
    Section { target: "checks", name: "All checks" },
    Section { target: "roll-forward", name: "Roll-forward" },
    Section { target: "findings", name: "Findings" },
    Section { target: "sources", name: "Sources and method" },
    Section { target: "glossary", name: "Glossary" },
];

/// Number of checks, by outcome.
fn checks_note(report: &Report, found: usize, clean: usize, blind: usize) -> String {
    format!(
        "{}: {} found something, {} clean, {} not evaluated.",
        counted(report.results.len() as u64, "check", "checks"),
        grouped(found as u64),
        grouped(clean as u64),
        grouped(blind as u64),
    )
}

fn equation(equation: &ControlTotal) -> EquationView {
    let term = |term: &Term| TermView { word: term.word, meaning: term.meaning, count: grouped(term.count) };
    EquationView {
        reference: equation.reference,
        title: equation.title,
        counted: equation.counted,
        tells: equation.tells,
        terms: equation.terms.iter().filter(|term| term.count > 0).map(term).collect(),
        sum: grouped(equation.sum()),
        total: grouped(equation.total),
        ties: equation.is_balanced(),
    }
}

fn blind(result: &CheckResult) -> Blind {
    Blind { check: check(result.check), missing: missing(result) }
}

fn clean(result: &CheckResult) -> Clean {
    Clean { id: result.check.id, title: result.check.title, examined: examined(result) }
}

fn input(input: &crate::model::input::Input) -> InputView {
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
