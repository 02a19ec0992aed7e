//! `rules.md`: how both sides were compared, so that the reader can judge the findings.

use std::fmt::Write as _;

use crate::check::Outcome;
use crate::model::word::Word as _;
use crate::render::pack::words::{Style, rules};
use crate::render::{grouped, wording};
use crate::report::Report;

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
        let looked = if result.outcome == Outcome::NotEvaluated && result.examined == 0 {
            "-".to_owned()
        } else {
            format!("{} {}", grouped(result.examined), check.examines)
        };
        line(
            &mut text,
            format_args!(
                "| `{}` | {} | {} | {} | {} | {looked} |",
                check.id,
                check.severity.word(),
                check.owner.word(),
                result.outcome.word(),
                grouped(result.findings as u64),
            ),
        );
    }
    text.push_str(
        "\nA check that was not evaluated is no pass: an input was missing or incomplete.\n\n## Stalls\n\n\
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
        line(&mut text, format_args!("Innocent when: {}", check.innocent_when));
        if !result.lacking.is_empty() {
            let lacking: Vec<String> = result.lacking.iter().map(|lack| md.value(lack)).collect();
            line(&mut text, format_args!("\nCould not be seen: {}.", lacking.join(", ")));
        }
    }
    text
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
