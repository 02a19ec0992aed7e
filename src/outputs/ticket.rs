//! The text of a support ticket, once with tables and once for pasting into a form.
//!
//! It covers only what Docebo's support has to act on, and only check results: counts, ids, expected and found.
//! Unknown answers appear as `[to fill: …]`, and what could not be evaluated is named. It contains no personal value.
//!
//! Must not know: any single check.

mod setting;

use serde::Serialize;

use crate::checks::check::{Owner, Severity};
use crate::checks::evidence::{Origin, Text};
use crate::checks::finding::{Finding, Kind};
use crate::model::instant::Instant;
use crate::model::label::Label as _;
use crate::outputs::pack::samples::share;
use crate::outputs::pack::scope::{Part, Scope, root};
use crate::outputs::pack::wording::{Style, date, fill, short, tally, utc};
use crate::outputs::redact::Redaction;
use crate::outputs::{RenderError, counted, grouped, wording};
use crate::reconcile::relations::totals::DoceboTotals;
use crate::report::{CheckResult, Report};
use crate::stalls::{Stall, Stream};
use setting::{Ask, SettingLine, asks, environment, says};

/// Maximum characters that fit any support form.
pub const MAX_CHARACTERS: usize = 6_000;
/// Maximum characters of the subject line.
pub const MAX_SUBJECT: usize = 100;

const MARKDOWN: &str = include_str!("../../templates/ticket.md.hbs");
const PLAIN: &str = include_str!("../../templates/ticket.txt.hbs");

/// A ticket in both forms.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ticket {
    /// With tables.
    pub markdown: String,
    /// For pasting into a form.
    pub plain: String,
}

/// Answers from the person opening the case; blank if not given.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filled {
    /// Contact: name, address, time zone, reference.
    pub contact: String,
    /// Who is affected, and how.
    pub impact: String,
    /// What was tried already, and when.
    pub tried: String,
}

/// Input of a ticket's parts: one case.
struct TicketInput<'a> {
    report: &'a Report,
    scope: &'a Scope<'a>,
    /// What Docebo's support has to act on: the cause first, then its consequences, largest first.
    causes: Vec<&'a Part<'a>>,
    redaction: &'a Redaction<'a>,
    filled: &'a Filled,
    /// Digest of the attachment's file list.
    digest: &'a str,
}

/// The ticket of the most severe cause for Docebo's support.
///
/// # Errors
/// None for any report.
pub fn text(report: &Report) -> Result<Ticket, RenderError> {
    let report = &report.without_names();
    let scope = Scope::new(report, root(report));
    compose(report, &scope, &Redaction::new(None, &[]), &Filled::default(), "")
}

/// The ticket of one case.
pub(crate) fn compose(
    report: &Report,
    scope: &Scope<'_>,
    redaction: &Redaction<'_>,
    filled: &Filled,
    digest: &str,
) -> Result<Ticket, RenderError> {
    let mut causes: Vec<&Part<'_>> = scope.parts.iter().collect();
    let is_cause = |part: &Part<'_>| scope.cause.is_some_and(|cause| cause.id == part.result.check.id);
    causes.sort_by_key(|part| {
        (!is_cause(part), part.result.check.severity, std::cmp::Reverse(part.count()), part.result.check.id)
    });
    let input = TicketInput { report, scope, causes, redaction, filled, digest };
    Ok(Ticket { markdown: fitted(&input, Style::Markdown, MARKDOWN)?, plain: fitted(&input, Style::Plain, PLAIN)? })
}

/// The placeholders of a ticket that are still unfilled, verbatim.
#[must_use]
pub fn unfilled(ticket: &Ticket) -> Vec<String> {
    let mut places = Vec::new();
    for line in ticket.plain.lines() {
        for (at, _) in line.match_indices("[to fill") {
            let end = line[at..].find(']').map_or(line.len(), |end| at + end + 1);
            let place = match line.split_once(": [to fill]") {
                Some((label, _)) => format!("{} {}", &line[at..end], label.trim_start_matches("- ")),
                None => line[at..end].to_owned(),
            };
            if !places.contains(&place) {
                places.push(place);
            }
        }
    }
    places
}

fn is_theirs(result: &CheckResult) -> bool {
    result.check.owner == Owner::DoceboSupport
}

/// Level of detail; reduced if the text would be too long for a form.
#[derive(Clone, Copy)]
struct Detail {
    /// Examples, of all causes together.
    examples: usize,
    /// Characters of a value.
    value: usize,
    /// Entries of a list.
    listed: usize,
    /// Why a cause matters.
    reason: Reason,
}

#[derive(Clone, Copy)]
enum Reason {
    Whole,
    FirstSentence,
    None,
}

const DETAILS: [Detail; 8] = [
    Detail { examples: 5, value: 160, listed: 30, reason: Reason::Whole },
    Detail { examples: 5, value: 140, listed: 30, reason: Reason::FirstSentence },
    Detail { examples: 5, value: 100, listed: 8, reason: Reason::FirstSentence },
    Detail { examples: 5, value: 60, listed: 4, reason: Reason::None },
    Detail { examples: 5, value: 36, listed: 3, reason: Reason::None },
    Detail { examples: 4, value: 36, listed: 3, reason: Reason::None },
    Detail { examples: 3, value: 40, listed: 3, reason: Reason::None },
    Detail { examples: 1, value: 40, listed: 2, reason: Reason::None },
];

fn fitted(input: &TicketInput<'_>, style: Style, template: &'static str) -> Result<String, RenderError> {
    let mut text = String::new();
    for detail in DETAILS {
        text = fill(template, &View::new(input, style, detail))?;
        if text.chars().count() <= MAX_CHARACTERS {
            return Ok(text);
        }
    }
    Ok(short(&text, MAX_CHARACTERS))
}

#[derive(Serialize)]
struct View {
    subject: String,
    in_short: Vec<String>,
    effect: String,
    tried: String,
    contact: String,
    impact: Vec<String>,
    /// Timeline of a stall; blank without one.
    timeline: Vec<String>,
    expected: &'static str,
    found: bool,
    nothing: String,
    causes: Vec<Cause>,
    examples: Vec<Example>,
    says: Vec<String>,
    environment: Vec<SettingLine>,
    asks: Vec<Ask>,
    /// SHA-256 of the attachment's manifest; blank if there is no attachment.
    digest: String,
}

#[derive(Serialize)]
struct Cause {
    id: &'static str,
    title: &'static str,
    why: String,
    severity: &'static str,
    findings: String,
    examined: String,
    oldest: String,
}

#[derive(Serialize)]
struct Example {
    key: String,
    check: &'static str,
    record: String,
    learner: String,
    course: String,
    expected: String,
    found: String,
    export: String,
    since: String,
}

impl View {
    fn new(input: &TicketInput<'_>, style: Style, detail: Detail) -> Self {
        let message = |text: &str, to_fill: &str| {
            if text.is_empty() { format!("[to fill: {to_fill}]") } else { style.sentence(&short(text, 600)) }
        };
        Self {
            subject: subject(input),
            in_short: in_short(input),
            effect: message(&input.filled.impact, "who is affected, and how"),
            tried: message(&input.filled.tried, "resynchronisations and other attempts, with times"),
            contact: message(&input.filled.contact, "name, e-mail address, time zone, our reference"),
            impact: impact(input),
            timeline: timeline(input, style),
            expected: "Docebo writes each linked learner who has an enrollment in scope, and each such enrollment with its \
                       status and dates, to Salesforce (Docebo help, \"Synchronizing enrollments from Docebo to Salesforce\").",
            found: !input.causes.is_empty(),
            nothing: nothing(input.report),
            causes: input.causes.iter().map(|part| cause(part, detail)).collect(),
            examples: examples(input, style, detail),
            says: says(input, style, detail),
            environment: environment(input, style, detail),
            asks: asks(input),
            digest: input.digest.to_owned(),
        }
    }
}

fn findings(causes: &[&Part<'_>]) -> u64 {
    causes.iter().map(|cause| cause.count()).sum()
}

/// The causes of the worst severity present; only these date the case, because a milder one may be older and
/// unrelated.
fn worst<'a, 'b>(causes: &'a [&'b Part<'b>]) -> &'a [&'b Part<'b>] {
    let Some(first) = causes.first() else { return causes };
    let mild = causes.partition_point(|cause| cause.result.check.severity == first.result.check.severity);
    &causes[..mild]
}

fn oldest(causes: &[&Part<'_>]) -> Option<Instant> {
    causes.iter().filter_map(|cause| cause.oldest()).min()
}

/// The stall that the ticket is about: the open one, else the last one with records still missing. `None` if the
/// cause is another.
fn stall<'a>(input: &TicketInput<'a>) -> Option<&'a Stall> {
    let first = input.causes.first().filter(|part| is_stall(input.report, part))?;
    let stalls = input.report.stalls();
    let open = first.result.check.severity == Severity::Critical;
    let missed = || stalls.found.iter().rev().find(|stall| !stall.is_open() && stall.counts.missed > 0);
    if open { stalls.open() } else { missed() }
}

fn is_stall(report: &Report, part: &Part<'_>) -> bool {
    part.findings(report).next().is_some_and(|finding| finding.kind == Kind::Stall)
}

fn subject(input: &TicketInput<'_>) -> String {
    let causes = &input.causes;
    if let Some(stall) = stall(input) {
        let since = utc(stall.onset.before.unwrap_or(stall.from));
        let missing = grouped(stall.counts.missed);
        return short(
            &match stall.until {
                None => format!(
                    "Salesforce integration: no {} written since {since} ({missing} missing)",
                    stream_sentence(stall)
                ),
                Some(until) => format!(
                    "Salesforce integration: {missing} {} missing from {} to {}",
                    stream_sentence(stall),
                    date(stall.from),
                    date(until)
                ),
            },
            MAX_SUBJECT,
        );
    }
    let Some(worst) = causes.first() else {
        return "Salesforce integration: nothing found for Docebo's support".to_owned();
    };
    let head = "Salesforce integration: ";
    let many = grouped(worst.count());
    let tail =
        worst.oldest().map_or_else(|| format!(" ({many})"), |oldest| format!(" ({many}, oldest {})", date(oldest)));
    let room = MAX_SUBJECT.saturating_sub(head.chars().count() + tail.chars().count());
    format!("{head}{}{tail}", short(worst.result.check.title, room))
}

/// What a stall kept from being written, in a word.
const fn stream_sentence(stall: &Stall) -> &'static str {
    match stall.stream {
        Stream::Enrollments | Stream::Courses => "enrollments",
        Stream::Learners => "new Docebo users",
        Stream::Updates => "completions",
    }
}

/// Last good write, first event that should have followed, onset, duration, incidents; of several stalls the others
/// by their headline.
fn timeline(input: &TicketInput<'_>, style: Style) -> Vec<String> {
    let report = input.report;
    let Some(stall) = stall(input) else { return Vec::new() };
    let mut lines = Vec::new();
    if let Some((object, id, at)) = stall.last_write {
        lines.push(format!("Last good write: {} at {}", style.value(&format!("{object} {id}")), utc(at)));
    }
    if let Some((id, at)) = stall.last_update {
        lines.push(format!("Last change of an enrollment row: {} at {}", style.value(&id.to_string()), utc(at)));
    }
    if let Some((learner, course, due)) = wording::first_missing(stall) {
        lines.push(format!(
            "First event that should have followed: Docebo user {learner}, course {course}, due {due}; not written"
        ));
    }
    lines.extend(stall.sentences().iter().skip(1).map(|sentence| style.sentence(sentence)));
    let (until, lasts) = match stall.until {
        Some(until) => (until, "It lasted"),
        None => (report.cutoff(), "It has lasted"),
    };
    lines.push(format!(
        "{lasts} {}, in which {} fell due",
        counted(wording::days_between(stall.from, until), "day", "days"),
        counted(stall.counts.expected, "event", "events"),
    ));
    for other in report.stalls().found.iter().filter(|other| !std::ptr::eq(*other, stall)) {
        lines.push(format!("Another one: {}", style.sentence(&other.headline())));
    }
    lines
}

fn in_short(input: &TicketInput<'_>) -> Vec<String> {
    let (report, causes) = (input.report, &input.causes[..]);
    let origins = report.origins();
    let made =
        origins.exported_at.map_or_else(|| "[to fill: when it was made]".to_owned(), |at| format!("made {}", utc(at)));
    let read =
        origins.extracted_at.map_or_else(|| "[to fill: when it was read]".to_owned(), |at| format!("read {}", utc(at)));
    let compared = format!("Docebo's own export ({made}) was compared with Salesforce ({read})");
    if causes.is_empty() {
        return vec![
            format!("{compared}."),
            nothing(report),
            "There is nothing to ask of Docebo's support on these grounds.".to_owned(),
        ];
    }
    if let Some(stall) = stall(input) {
        let consequence: u64 = causes.iter().skip(1).map(|part| part.count()).sum();
        return vec![
            stall.headline(),
            format!("{compared}: {} because of this standstill.", counted(consequence, "finding is", "findings are")),
            if stall.is_open() {
                "We ask you to look at the state of the sync job, to restart it, to write what is missing, and to tell us \
                 the cause."
                    .to_owned()
            } else {
                "We ask you to write what is missing from that time, and to tell us the cause.".to_owned()
            },
        ];
    }
    let mut sentences = vec![format!(
        "{compared}: {} from {} that Docebo's support has to act on.",
        counted(findings(causes), "finding", "findings"),
        counted(causes.len() as u64, "check", "checks"),
    )];
    let worst = worst(causes);
    let named: Vec<String> = worst
        .iter()
        .take(3)
        .map(|cause| format!("{} ({})", cause.result.check.title, grouped(cause.count())))
        .collect();
    sentences.push(match oldest(worst).zip(worst.iter().filter_map(|cause| cause.newest()).max()) {
        Some((oldest, newest)) => {
            format!(
                "Most severe: {}; the oldest dates from {}, the newest from {}.",
                named.join("; "),
                utc(oldest),
                utc(newest)
            )
        }
        None => format!("Most severe: {}.", named.join("; ")),
    });
    sentences
        .push("We ask you to find out why, to write or correct these records, and to tell us the cause.".to_owned());
    sentences
}

/// Text if no check for Docebo's support found anything.
fn nothing(report: &Report) -> String {
    let unseen = report.not_evaluated().filter(|result| is_theirs(result)).count();
    if unseen == 0 {
        "The checks found nothing that Docebo's support would have to act on.".to_owned()
    } else {
        format!(
            "What could be checked holds nothing that Docebo's support would have to act on; {} of theirs could not be \
             evaluated, so this is no clean bill.",
            counted(unseen as u64, "check", "checks")
        )
    }
}

fn impact(input: &TicketInput<'_>) -> Vec<String> {
    let (report, causes) = (input.report, &input.causes[..]);
    let totals = report.totals();
    let mut lines = vec![format!(
        "Learners in the export: {}; their Docebo User records in Salesforce: {}",
        grouped(totals.learners.total),
        tally(&totals.learners.outbound)
    )];
    if report.run.enrollment_judged {
        let rows = &totals.enrollments.docebo;
        lines.push(format!(
            "Enrollment rows in the export: {}; in Salesforce: {}{}",
            grouped(rows.total),
            tally(&rows.values),
            not_looked_for(rows)
        ));
    }
    if let Some(worst) = causes.first() {
        lines.push(format!(
            "Priority: [to fill]; the worst finding is of severity {}",
            worst.result.check.severity.label()
        ));
    }
    lines
}

/// Export rows for which no enrollment was looked for, so that the numbers in the line add up to its first.
fn not_looked_for(rows: &DoceboTotals) -> String {
    let parts: Vec<String> = [("archived", rows.archived), ("unreadable", rows.rejected), ("repeated", rows.repeated)]
        .into_iter()
        .filter(|(_, count)| *count > 0)
        .map(|(word, count)| format!("{word} {}", grouped(count)))
        .collect();
    if parts.is_empty() { String::new() } else { format!("; not looked for: {}", parts.join(", ")) }
}

fn cause(part: &Part<'_>, detail: Detail) -> Cause {
    let check = part.result.check;
    Cause {
        id: check.id,
        title: check.title.trim_end_matches('.'),
        why: match detail.reason {
            Reason::Whole => format!(" {}", check.why),
            Reason::FirstSentence => format!(" {}.", check.why.split(". ").next().unwrap_or("").trim_end_matches('.')),
            Reason::None => String::new(),
        },
        severity: check.severity.label(),
        findings: counted(part.count(), "finding", "findings"),
        examined: format!(
            "{} {}{}",
            grouped(part.result.coverage.judged()),
            check.unit,
            wording::unjudged(part.result)
        ),
        oldest: part.oldest().map_or_else(|| "not dated".to_owned(), utc),
    }
}

fn examples(input: &TicketInput<'_>, style: Style, detail: Detail) -> Vec<Example> {
    // The timeline covers a stall; its examples are the records it kept from being written.
    let parts: Vec<&&Part<'_>> = input.causes.iter().filter(|part| !is_stall(input.report, part)).collect();
    let wanted: Vec<usize> = parts.iter().map(|part| usize::try_from(part.count()).unwrap_or(usize::MAX)).collect();
    let shares = share(&wanted, detail.examples);
    parts
        .iter()
        .zip(shares)
        .flat_map(|(part, share)| part.pick(input.report, share))
        .map(|(finding, _)| example(input, &finding, style, detail))
        .collect()
}

fn example(input: &TicketInput<'_>, finding: &Finding, style: Style, detail: Detail) -> Example {
    let none = || "-".to_owned();
    let number = |id: Option<u64>| id.map_or_else(none, |id| id.to_string());
    let filled = |shown: String| if shown.trim().is_empty() { "(blank)".to_owned() } else { shown };
    let value =
        |field: &str, text: &Text| filled(style.value(&short(&input.redaction.show(field, text), detail.value)));
    let export = origin_in_export(finding);
    Example {
        key: finding.key.to_string(),
        check: finding.check.id,
        record: finding.ids.record.map_or_else(none, |(object, id)| style.value(&format!("{object} {id}"))),
        learner: number(finding.ids.learner),
        course: number(finding.ids.course),
        expected: value("expected", &finding.detail.expected),
        found: value("found", &finding.detail.found),
        export: if export.is_empty() { none() } else { style.value(&short(&export, detail.value)) },
        since: finding.detail.since.map_or_else(none, |since| utc(since).replace(" UTC", "")),
    }
}

/// Values of the export rows other than the ids already shown; blanks and personal values are omitted.
fn origin_in_export(finding: &Finding) -> String {
    let ids = [finding.ids.learner, finding.ids.course].map(|id| id.map(|id| id.to_string()));
    let says: Vec<String> = finding
        .evidence()
        .filter(|evidence| matches!(evidence.origin, Origin::Line(_)))
        .flat_map(|evidence| &evidence.fields)
        .filter(|(_, text)| !text.is_personal() && !text.raw().is_empty())
        .filter(|(_, text)| !ids.iter().flatten().any(|id| id == text.raw()))
        .map(|(field, text)| format!("{field} {}", text.raw()))
        .collect();
    says.join(", ")
}
