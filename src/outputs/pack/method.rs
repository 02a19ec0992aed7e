//! `rules.md`: how both sides were compared, so that the reader can judge the findings.

use std::fmt::Write as _;

use crate::checks::check::Outcome;
use crate::model::input::DateOrder;
use crate::model::instant::Instant;
use crate::model::key::Equality;
use crate::model::label::Label as _;
use crate::model::request_log::Extraction;
use crate::outputs::pack::wording::{Style, rules};
use crate::outputs::sanitize::escape_controls;
use crate::outputs::{counted, grouped, wording};
use crate::report::Report;
use crate::settings::{EnrollmentMode, Rules, Scope, Tolerance, ZoneRule};

/// The rules in force, what is known of the inputs, and every check in words.
pub(super) fn text(report: &Report) -> String {
    let md = Style::Markdown;
    let mut text = String::from("# How both sides were compared\n\n");
    text.push_str(
        "Docebo's side is an export (the Users and the Users - Courses report), Salesforce's side an extract of its \
         records. Every learner, enrollment and contact was given one value, and the values were added up against \
         the rows read (`data/counts/control-totals.csv`). Checks select from these values.\n\n",
    );
    text.push_str("## Rules in force\n\n| Rule | Value |\n|---|---|\n");
    for (rule, value) in rules(report) {
        line(&mut text, format_args!("| {rule} | {} |", md.value(&value)));
    }
    if !report.origins().caveats.is_empty() {
        text.push_str("\n## What to know about the inputs\n\n");
        for caveat in &report.origins().caveats {
            line(&mut text, format_args!("- {}", md.sentence(caveat)));
        }
    }
    text.push_str(
        "\n## Checks\n\n| Check | Severity | Must act | Outcome | Findings | Looked at |\n|---|---|---|---|---|---|\n",
    );
    for result in &report.results {
        let check = result.check;
        let looked = if result.outcome() == Outcome::NotEvaluated && result.coverage.judged() == 0 {
            "-".to_owned()
        } else {
            format!("{} {}{}", grouped(result.coverage.judged()), check.unit, wording::unjudged(result))
        };
        line(
            &mut text,
            format_args!(
                "| `{}` | {} | {} | {} | {} | {looked} |",
                check.id,
                check.severity.label(),
                check.owner.label(),
                result.outcome().label(),
                grouped(result.findings as u64),
            ),
        );
    }
    text.push_str(
        "\nA check that was not evaluated is no pass: an input was missing or a record could not be judged.\n\n## Stalls\n\n\
         An event is an enrollment that should be in Salesforce, at its enrollment date, up to the cutoff. It is on time \
         when its row was created within the hours that the sync may take, late when later, missed when there is none. A \
         model with two states (healthy, stalled; Viterbi's path) cuts the sequence of events; the rates at which single \
         events fail are learned from the healthy part. The onset's interval holds 95 % of its posterior probability; its \
         bounds are due times of events. No stall is called from fewer than five events that were not on time.\n\n",
    );
    for sentence in stalls(report) {
        line(&mut text, format_args!("- {}", md.sentence(&sentence)));
    }
    for result in &report.results {
        let check = result.check;
        line(&mut text, format_args!("\n### `{}`: {}\n", check.id, check.title));
        line(&mut text, format_args!("{}\n", check.why));
        line(&mut text, format_args!("Innocent when: {}", check.expected_when));
        if !result.is_whole() {
            let missing: Vec<String> = result.gaps().iter().map(|missing| md.value(missing)).collect();
            line(&mut text, format_args!("\nCould not be seen: {}.", missing.join(", ")));
        }
    }
    text
}

/// Every query of the extraction, so that a third person can repeat it.
pub(super) fn queries(extraction: &Extraction) -> String {
    let known = |text: Option<String>| text.unwrap_or_else(|| "not known".to_owned());
    let mut text = format!(
        "-- Asked by the user {}, API version {}, in {} requests{}{}.\n",
        known(extraction.user.map(|user| user.to_string())),
        escape_controls(&known(extraction.api_version.clone())),
        grouped(extraction.requests),
        match extraction.refused {
            0 => String::new(),
            refused => format!(" ({} of them answered with a refusal)", grouped(refused)),
        },
        if extraction.requests > extraction.log.len() as u64 {
            ", of which data/log/requests.jsonl holds the first and the last"
        } else {
            ""
        }
    );
    let moment = |at: Option<Instant>| at.map_or_else(|| "not known".to_owned(), |at| at.to_string());
    for query in &extraction.queries {
        line(
            &mut text,
            format_args!(
                "\n-- {}: Salesforce counted {}, {} were read, {} came or went meanwhile; asked from {} to {}, in {}\n{};",
                escape_controls(&query.object),
                grouped(query.counted),
                grouped(query.rows),
                grouped(query.drift),
                moment(query.began),
                moment(query.ended),
                counted(query.requests, "request", "requests"),
                escape_controls(&query.soql),
            ),
        );
    }
    text
}

/// The configuration in force in the form of `tieout.toml`, without paths, columns and other details about the
/// customer; configurations never contain secrets.
pub(super) fn configuration(report: &Report) -> String {
    let Rules {
        username_field,
        equality,
        provisioning,
        list_view,
        scope,
        enrollment_mode,
        grace_hours,
        tolerance_minutes,
        zone,
        date_order,
        max_unreadable_rows,
        accepted,
    } = report.rules();
    // A JSON string is a valid TOML string.
    let text = |value: &str| serde_json::Value::from(escape_controls(value)).to_string();
    let mut toml =
        String::from("# The configuration in force. Paths, addresses and further columns are left out.\n\n[docebo]\n");
    line(
        &mut toml,
        format_args!(
            "time_zone = {}",
            match zone {
                ZoneRule::Auto => text("auto"),
                ZoneRule::Named(name) => text(name),
            }
        ),
    );
    match date_order {
        Some(DateOrder::DayFirst) => line(&mut toml, format_args!("date_order = \"day-first\"")),
        Some(DateOrder::MonthFirst) => line(&mut toml, format_args!("date_order = \"month-first\"")),
        Some(DateOrder::YearFirst | DateOrder::Undecided) | None => {}
    }
    match max_unreadable_rows {
        Tolerance::Rows(rows) => line(&mut toml, format_args!("max_unreadable_rows = {rows}")),
        Tolerance::PerMillion(_) => line(&mut toml, format_args!("max_unreadable_rows = \"{max_unreadable_rows}\"")),
    }
    if !accepted.is_empty() {
        let words: Vec<&str> = accepted.iter().map(|question| question.label()).collect();
        line(&mut toml, format_args!("# accepted by flag: --accept {}", words.join(",")));
    }
    line(&mut toml, format_args!("\n[mapping]\nusername_field = {}", text(username_field)));
    line(&mut toml, format_args!("case_sensitive = {}", *equality == Equality::Exact));
    line(&mut toml, format_args!("provisioning = {provisioning}"));
    if let Some(list_view) = list_view {
        line(&mut toml, format_args!("list_view = {}", text(list_view)));
    }
    let courses = match scope {
        Scope::Synced => text("synced"),
        Scope::All => text("all"),
        Scope::Courses(ids) => format!("{ids:?}"),
    };
    line(&mut toml, format_args!("\n[scope]\ncourses = {courses}"));
    let mode = match enrollment_mode {
        EnrollmentMode::Realtime => "realtime",
        EnrollmentMode::Manual => "manual",
    };
    line(&mut toml, format_args!("\n[sync]\nenrollment_mode = \"{mode}\"\ngrace_hours = {grace_hours}"));
    line(&mut toml, format_args!("date_tolerance_minutes = {tolerance_minutes}"));
    toml
}

fn line(text: &mut String, arguments: std::fmt::Arguments<'_>) {
    // Writing to a string cannot fail.
    let _ = writeln!(text, "{arguments}");
}

fn stalls(report: &Report) -> Vec<String> {
    let found = &report.stalls().found;
    if found.is_empty() {
        return vec![wording::no_stall(report)];
    }
    found.iter().map(|stall| stall.sentences().join(" ")).collect()
}
