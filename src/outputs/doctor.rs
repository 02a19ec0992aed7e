//! The diagnosis for a terminal and for programs.
//!
//! Must not know: how the lines were determined.

use std::fmt::Write as _;

use anstyle::{AnsiColor, Style};
use serde::Serialize;

use crate::diagnosis::{Area, Diagnosis, State};
use crate::model::label::Label as _;
use crate::outputs::RenderError;
use crate::outputs::sanitize::{PrettySanitizedJson, escape_controls};
use crate::report::{Tool, word_schema};

const DIM: Style = Style::new().dimmed();

/// The diagnosis as JSON.
#[derive(Debug, Serialize, schemars::JsonSchema)]
#[schemars(title = "tieout doctor")]
pub struct Summary<'a> {
    /// Of this format.
    pub version: u32,
    /// What wrote it.
    pub tool: Tool,
    /// One for each question, in the order in which they were asked.
    pub lines: Vec<CheckSummary<'a>>,
}

/// One question and its answer.
#[derive(Debug, Serialize, schemars::JsonSchema)]
#[schemars(rename = "Line")]
pub struct CheckSummary<'a> {
    /// What the question is about.
    #[schemars(schema_with = "word_schema::<Area>")]
    pub area: Area,
    /// What was looked at.
    pub what: &'a str,
    /// How it was answered.
    #[schemars(schema_with = "word_schema::<State>")]
    pub state: State,
    /// What was found, without a secret.
    pub found: &'a str,
    /// The next step, where something is wrong.
    pub next: Option<&'a str>,
}

/// The diagnosis as indented JSON, ending with a newline.
///
/// # Errors
/// None for any diagnosis.
pub fn json(diagnosis: &Diagnosis) -> Result<Vec<u8>, RenderError> {
    let tool = Tool { name: "tieout", version: env!("CARGO_PKG_VERSION") };
    let lines = diagnosis.checks.iter().map(|line| CheckSummary {
        area: line.area,
        what: &line.what,
        state: line.state,
        found: &line.found,
        next: line.next.as_deref(),
    });
    let mut bytes = Vec::new();
    Summary { version: 1, tool, lines: lines.collect() }
        .serialize(&mut serde_json::Serializer::with_formatter(&mut bytes, PrettySanitizedJson::default()))?;
    bytes.push(b'\n');
    Ok(bytes)
}

/// The JSON Schema of the diagnosis, as published in the repository.
///
/// # Errors
/// None.
pub fn schema() -> Result<String, RenderError> {
    Ok(serde_json::to_string_pretty(&schemars::schema_for!(Summary<'static>))? + "\n")
}

/// The diagnosis as a list, with the worst lines in color.
#[must_use]
pub fn text(diagnosis: &Diagnosis) -> String {
    let mut out = String::new();
    // Writing to a string cannot fail.
    let _ = write_text(&mut out, diagnosis);
    out
}

const fn style(state: State) -> Style {
    match state {
        State::Pass => AnsiColor::Green.on_default(),
        State::Warn => AnsiColor::Yellow.on_default().bold(),
        State::Fail => AnsiColor::Red.on_default().bold(),
        State::Skip => DIM,
    }
}

fn write_text(out: &mut String, diagnosis: &Diagnosis) -> std::fmt::Result {
    for line in &diagnosis.checks {
        let style = style(line.state);
        let (what, found) = (escape_controls(&line.what), escape_controls(&line.found));
        writeln!(out, "{style}{}{style:#}  {:<16}  {what}: {found}", line.state, line.area)?;
        if let Some(next) = &line.next {
            writeln!(out, "{:24}{DIM}next: {}{DIM:#}", "", escape_controls(next))?;
        }
    }
    let counts: Vec<String> = diagnosis.tally().present().map(|(state, n)| format!("{n} {}", state.label())).collect();
    writeln!(out, "\n{}", counts.join(", "))
}

#[cfg(test)]
mod tests {
    use super::{json, text};
    use crate::diagnosis::{Area, Diagnosis, DoctorCheck};

    #[test]
    fn what_salesforce_says_cannot_act_on_a_terminal() {
        let hostile = "a\u{1b}[31mb\u{202e}\nfail  c";
        let lines =
            vec![DoctorCheck::warn(Area::Package, hostile, hostile, hostile), DoctorCheck::pass(Area::Clock, "x", "y")];
        let diagnosis = Diagnosis { checks: lines };
        let shown = anstream::adapter::strip_str(&text(&diagnosis)).to_string();
        assert!(!shown.contains(['\u{1b}', '\u{202e}']) && shown.lines().count() == 5, "{shown}");
        assert!(shown.starts_with("warn  package ") && shown.ends_with("\n1 pass, 1 warn\n"), "{shown}");
        let json = String::from_utf8(json(&diagnosis).expect("JSON")).expect("UTF-8");
        assert!(!json.contains(['\u{1b}', '\u{202e}']), "{json}");
        let value: serde_json::Value = serde_json::from_str(&json).expect("JSON");
        assert_eq!(value["lines"][0]["found"], hostile);
    }
}
