//! The parts of a ticket that are the same for every cause: the results of the whole run, the environment, and the
//! requests.
//!
//! Must not know: any single check.

use serde::Serialize;

use super::{Detail, TicketInput, is_theirs, oldest, stall, worst};
use crate::model::instant::Instant;
use crate::outputs::pack::environment::integration_user_is_active;
use crate::outputs::pack::wording::{Style, mode, scope, short, utc, zone};
use crate::outputs::{counted, grouped};
use crate::report::{CheckResult, Report};

/// A numbered request.
#[derive(Serialize)]
pub(super) struct Ask {
    number: usize,
    text: String,
}

/// A fact with its name.
#[derive(Serialize)]
pub(super) struct SettingLine {
    label: &'static str,
    value: String,
}

/// Results of the whole run: whether it adds up, what was clean, what others have to act on, what could not be seen.
pub(super) fn says(input: &TicketInput<'_>, style: Style, detail: Detail) -> Vec<String> {
    let report = input.report;
    let mut lines = Vec::new();
    if report.totals().broken().is_empty() {
        lines.push("The totals tie out: every row read on either side is accounted for.".to_owned());
    }
    let ids = |results: &[&CheckResult], count: bool| {
        let names: Vec<String> = results
            .iter()
            .map(|result| {
                let id = style.value(result.check.id);
                if count { format!("{id} ({})", grouped(result.findings as u64)) } else { id }
            })
            .collect();
        names.join(", ")
    };
    let clean: Vec<&CheckResult> = report.results.iter().filter(|result| result.outcome().is_clean()).collect();
    if !clean.is_empty() {
        let named = if clean.len() <= detail.listed {
            ids(&clean, false)
        } else {
            "data/method/rules.md names them".to_owned()
        };
        lines.push(format!(
            "{} looked at everything and found nothing: {named}",
            counted(clean.len() as u64, "check", "checks")
        ));
    }
    let others: Vec<String> = input
        .scope
        .left_out
        .iter()
        .filter(|(result, _)| is_theirs(result))
        .map(|(result, count)| format!("{} ({})", style.value(result.check.id), grouped(*count)))
        .collect();
    if !others.is_empty() {
        lines.push(format!("Not part of this case, each with a cause of its own: {}", others.join(", ")));
    }
    let ours: Vec<&CheckResult> = report.found().into_iter().filter(|result| !is_theirs(result)).collect();
    if !ours.is_empty() {
        lines.push(format!("Found, and for our own administrators to act on: {}", ids(&ours, true)));
    }
    let unseen: Vec<&CheckResult> = report.not_evaluated().collect();
    if !unseen.is_empty() {
        lines.push(format!("Could not be evaluated (no pass): {}", ids(&unseen, false)));
    }
    let mut missing: Vec<&str> = report.results.iter().flat_map(|result| &result.missing).map(String::as_str).collect();
    missing.sort_unstable();
    missing.dedup();
    if !missing.is_empty() {
        let named: Vec<String> =
            missing.iter().take(detail.listed).map(|missing| style.value(&short(missing, 120))).collect();
        lines.push(format!("Missing for that: {}{}", named.join(", "), more(missing.len(), detail.listed)));
    }
    let caveats: Vec<&String> = report.run.remarks.iter().chain(&report.origins().caveats).collect();
    for caveat in caveats.iter().take(detail.listed) {
        lines.push(style.sentence(&short(caveat, 240)));
    }
    if caveats.len() > detail.listed {
        lines
            .push(format!("Further remarks on the inputs{}: data/method/rules.md", more(caveats.len(), detail.listed)));
    }
    lines
}

fn more(all: usize, listed: usize) -> String {
    if all > listed { format!(" (and {} more)", all - listed) } else { String::new() }
}

/// What support asks for in every case, as far as known.
pub(super) fn environment(input: &TicketInput<'_>, style: Style, detail: Detail) -> Vec<SettingLine> {
    let report = input.report;
    let (origins, rules) = (report.origins(), report.rules());
    let known = |value: Option<String>, what: &str| {
        value.map_or_else(|| format!("[to fill: {what}]"), |value| style.value(&short(&value, detail.value.max(60))))
    };
    let moment = |instant: Option<Instant>, what: &str| instant.map_or_else(|| format!("[to fill: {what}]"), utc);
    [
        ("Docebo platform", known(origins.platform.clone(), "platform URL")),
        ("Salesforce organization", known(origins.org_id.map(|id| id.to_string()), "organization id")),
        ("Salesforce instance", known(origins.instance.clone(), "instance URL")),
        ("Production or sandbox", "[to fill]".to_owned()),
        ("Version of the Docebo package", "[to fill: Setup, Installed Packages]".to_owned()),
        ("Integration user", integration_user(report, style)),
        ("Enrollment replication", mode(rules.enrollment_mode).to_owned()),
        ("Contact field mapped to the username", style.value(&short(&rules.username_field, 60))),
        ("User provisioning", if rules.provisioning { "on" } else { "off" }.to_owned()),
        ("List view of the contacts sync", known(rules.list_view.clone(), "list view, or none")),
        ("Customised package objects", customised(report)),
        ("Courses in scope", short(&scope(&rules.scope), 160)),
        ("Docebo export made", moment(origins.exported_at, "when the export was made")),
        ("Salesforce read", moment(origins.extracted_at, "when Salesforce was read")),
        ("Expected on the other side up to", utc(report.cutoff())),
        ("Time zone of the export's dates", style.sentence(&zone(report))),
        ("Compared by", format!("tieout {}", env!("CARGO_PKG_VERSION"))),
    ]
    .into_iter()
    .map(|(label, value)| SettingLine { label, value })
    .collect()
}

/// The user who writes the package's records, and whether active: only according to a check.
fn integration_user(report: &Report, style: Style) -> String {
    let Some(id) = report.run.integration_user else { return "[to fill: Salesforce user id]".to_owned() };
    let state = match integration_user_is_active(report) {
        Some(true) => "active",
        Some(false) => "NOT active",
        None => "[to fill: whether active]",
    };
    format!("{}, {state}", style.value(&id.to_string()))
}

/// Whether the package's objects are customized: if so, support declines, and it asks first.
fn customised(report: &Report) -> String {
    let Some(answer) = &report.run.customisation else {
        return "[to fill: whether triggers, flows, rules or fields were added to the package's objects]".to_owned();
    };
    let unseen = match answer.unseen.len() {
        0 => "",
        _ => "; not everything could be asked",
    };
    match answer.parts.len() as u64 {
        0 => format!("none found (triggers, flows, validation and workflow rules, fields){unseen}"),
        found => format!("{}, see data/environment/customisation.csv{unseen}", counted(found, "part", "parts")),
    }
}

/// Requests to Docebo's support.
pub(super) fn asks(input: &TicketInput<'_>) -> Vec<Ask> {
    let causes = &input.causes[..];
    let since = stall(input).map(|stall| stall.onset.after.unwrap_or(stall.from)).or_else(|| oldest(worst(causes)));
    let when = since.map_or_else(|| "now".to_owned(), |since| format!("now and since {}", utc(since)));
    let mut texts = Vec::new();
    if causes.is_empty() {
        texts.push("Nothing.".to_owned());
    } else if stall(input).is_some() {
        texts.push(format!("Tell us the state of this platform's Salesforce sync jobs, {when}."));
        texts.push("Restart a job that is stuck, if one is.".to_owned());
    } else {
        texts.push(format!("Tell us what this platform's Salesforce sync jobs did with these records, {when}."));
    }
    if !causes.is_empty() {
        texts.extend(
            [
                "Write what is missing and correct what differs, all of it and not only the examples; we will compare again.",
                "Tell us the cause.",
                "If first-line support cannot see the state of the jobs, please pass this to the product team.",
                "Delete the attachment when the case is closed.",
            ]
            .map(str::to_owned),
        );
    }
    texts.into_iter().zip(1..).map(|(text, number)| Ask { number, text }).collect()
}
