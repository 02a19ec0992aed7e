//! The freshness check for a terminal, for programs, for Prometheus and for a webhook.
//!
//! None of them contains personal data: only times, counts, record ids.

use std::fmt::Write as _;

use anstyle::{AnsiColor, Style};
use handlebars::Handlebars;
use serde::Serialize;

use crate::model::instant::Instant;
use crate::model::label::Label as _;
use crate::model::object::SfObject;
use crate::outputs::sanitize::{PrettySanitizedJson, escape_controls};
use crate::outputs::{RenderError, grouped};
use crate::report::stalls::{HeartbeatSummary, Write, heartbeats};
use crate::report::{Tool, word_schema};
use crate::stalls::freshness::{Freshness, Source, State};
use crate::stalls::heartbeat::{Gaps, Limits};

const BOLD: Style = Style::new().bold();
const DIM: Style = Style::new().dimmed();
/// Body format of Slack and compatible receivers.
const SLACK: &str = include_str!("../../templates/webhook.json.hbs");

/// The freshness check as JSON.
#[derive(Debug, Serialize, schemars::JsonSchema)]
#[schemars(title = "tieout freshness")]
pub struct Summary {
    /// Of this format.
    pub version: u32,
    /// What wrote it.
    pub tool: Tool,
    /// Whether the sync breathes.
    #[schemars(schema_with = "word_schema::<State>")]
    pub state: State,
    /// The state in a sentence.
    pub sentence: String,
    /// When Salesforce was read.
    #[schemars(with = "String")]
    pub read_at: Instant,
    /// The last write of an object that follows what learners do.
    pub last_write: Option<Write>,
    /// Whole hours between it and the reading.
    pub silence_hours: Option<u32>,
    /// Usual gaps between such writes, in hours.
    pub gap_hours: Option<Gaps>,
    /// The limits in force.
    #[serde(flatten)]
    pub limits: Limits,
    /// Where they come from.
    #[schemars(schema_with = "word_schema::<Source>")]
    pub limits_from: Source,
    /// What is wrong, in sentences.
    pub reasons: Vec<String>,
    /// What a reader has to know about the snapshot.
    pub caveats: Vec<String>,
    /// By object.
    pub heartbeats: Vec<HeartbeatSummary>,
}

fn summary(freshness: &Freshness) -> Summary {
    Summary {
        version: 1,
        tool: Tool { name: "tieout", version: env!("CARGO_PKG_VERSION") },
        state: freshness.state,
        sentence: freshness.sentence(),
        read_at: freshness.read_at,
        last_write: freshness.last.map(|(object, id, at)| Write { object, id: id.to_string(), at }),
        silence_hours: freshness.silence,
        gap_hours: freshness.gaps,
        limits: freshness.limits.0,
        limits_from: freshness.limits.1,
        reasons: freshness.reasons.clone(),
        caveats: freshness.caveats.clone(),
        heartbeats: heartbeats(&freshness.heartbeats),
    }
}

/// The check as indented JSON, ending with a newline.
///
/// # Errors
/// None for any check.
pub fn json(freshness: &Freshness) -> Result<Vec<u8>, RenderError> {
    let mut bytes = Vec::new();
    summary(freshness)
        .serialize(&mut serde_json::Serializer::with_formatter(&mut bytes, PrettySanitizedJson::default()))?;
    bytes.push(b'\n');
    Ok(bytes)
}

/// The check at a glance.
#[must_use]
pub fn text(freshness: &Freshness) -> String {
    let mut out = String::new();
    // Writing to a string cannot fail.
    let _ = write_text(&mut out, freshness);
    out
}

fn write_text(out: &mut String, freshness: &Freshness) -> std::fmt::Result {
    let style = match freshness.state {
        State::Fresh => AnsiColor::Green.on_default().bold(),
        State::Late | State::NotEvaluated => AnsiColor::Yellow.on_default().bold(),
        State::Stalled => AnsiColor::Red.on_default().bold(),
    };
    writeln!(out, "{style}{}{style:#}  {}", freshness.state.label().to_uppercase(), freshness.sentence())?;
    let (limits, source) = freshness.limits;
    let how = match (source, freshness.gaps) {
        (Source::Configured, _) => "as configured".to_owned(),
        (Source::Learned, Some(gaps)) => format!("learned from {} gaps", grouped(gaps.count)),
        (Source::Learned | Source::Default, _) => "by default: too few gaps to learn from".to_owned(),
    };
    writeln!(
        out,
        "{DIM}Salesforce read {}; a warning after {} hours of silence, an alarm after {} ({how}){DIM:#}",
        freshness.read_at.to_minute(),
        grouped(u64::from(limits.warn_after_hours)),
        grouped(u64::from(limits.error_after_hours)),
    )?;
    for caveat in &freshness.caveats {
        writeln!(out, "{DIM}{}{DIM:#}", escape_controls(caveat))?;
    }
    if freshness.heartbeats.is_empty() {
        return Ok(());
    }
    let row = |out: &mut String, cells: [&str; 6]| {
        let [object, created, modified, silent, usual, rare] = cells;
        writeln!(out, "  {object:<44} {created:<20} {modified:<20} {silent:>9} {usual:>9} {rare:>9}")
    };
    writeln!(out, "\n{BOLD}Heartbeats{BOLD:#}  hours between two writes: half are shorter, 99 of 100 are shorter")?;
    row(out, ["", "newest record", "last change", "silent", "half", "99 %"])?;
    for beat in &freshness.heartbeats {
        let moment = |write: Option<(Instant, _)>| write.map_or_else(|| "never".to_owned(), |(at, _)| at.to_minute());
        let hours = |hours: Option<u32>| hours.map_or_else(|| "-".to_owned(), |hours| format!("{hours} h"));
        row(
            out,
            [
                beat.object.label(),
                &moment(beat.created),
                &moment(beat.modified),
                &hours(beat.silence),
                &hours(beat.gaps.map(|gaps| gaps.median)),
                &hours(beat.gaps.map(|gaps| gaps.p99)),
            ],
        )?;
    }
    Ok(())
}

/// A run as seen by a monitor.
#[derive(Debug, Clone, Copy)]
pub struct Run {
    /// When it ended, in seconds since 1970.
    pub ended: u64,
    /// Its duration, in seconds.
    pub seconds: f64,
    /// Its exit code.
    pub code: u8,
    /// End of the last conclusive run (exit 0, 1 or 5), in seconds since 1970.
    pub last_success: Option<u64>,
}

/// The run in Prometheus' text format, for the textfile collector: without timestamps, ending with a newline.
#[must_use]
pub fn metrics(freshness: Option<&Freshness>, run: Run) -> String {
    let mut out = String::new();
    let mut metric = |name: &str, help: &str, samples: &[(String, String)]| {
        // Writing to a string cannot fail.
        let _ = writeln!(out, "# HELP {name} {help}\n# TYPE {name} gauge");
        for (labels, value) in samples {
            let _ = writeln!(out, "{name}{labels} {value}");
        }
    };
    let one = |value: String| vec![(String::new(), value)];
    let version = format!("{{version=\"{}\"}}", env!("CARGO_PKG_VERSION"));
    metric("tieout_build_info", "The version that ran.", &[(version, "1".to_owned())]);
    metric("tieout_last_run_timestamp_seconds", "When the last run ended.", &one(run.ended.to_string()));
    if let Some(success) = run.last_success {
        let help = "When a run last told whether the sync breathes (exit 0, 1 or 5).";
        metric("tieout_last_success_timestamp_seconds", help, &one(success.to_string()));
    }
    metric("tieout_duration_seconds", "How long the last run took.", &one(format!("{:.3}", run.seconds)));
    metric("tieout_exit_code", "The exit code of the last run.", &one(run.code.to_string()));
    let Some(freshness) = freshness else { return out };
    let writes: Vec<(String, String)> = freshness
        .heartbeats
        .iter()
        .filter_map(|beat| Some((object_label(beat.object), beat.last()?.seconds().to_string())))
        .collect();
    metric("tieout_sync_last_write_timestamp_seconds", "When the sync last wrote an object.", &writes);
    let stalled = u8::from(freshness.state == State::Stalled);
    metric("tieout_sync_stalled", "1 where the sync must be taken for stalled.", &one(stalled.to_string()));
    let age = run.ended.saturating_sub(freshness.read_at.seconds().unsigned_abs());
    let help = "How long ago the source was read.";
    metric("tieout_source_age_seconds", help, &[("{source=\"salesforce\"}".to_owned(), age.to_string())]);
    out
}

fn object_label(object: SfObject) -> String {
    format!("{{object=\"{}\"}}", object.label())
}

/// Whether a file contains only tieout's metrics, or nothing.
#[must_use]
pub fn are_metrics(text: &str) -> bool {
    let is_own = |line: &str| {
        let about = line.strip_prefix("# HELP ").or_else(|| line.strip_prefix("# TYPE "));
        about.unwrap_or(line).starts_with("tieout_")
    };
    text.lines().filter(|line| !line.trim().is_empty()).all(is_own)
}

/// End of the last conclusive run, read from its metrics.
#[must_use]
pub fn last_success(metrics: &str) -> Option<u64> {
    let line = metrics.lines().find_map(|line| line.strip_prefix("tieout_last_success_timestamp_seconds "))?;
    line.trim().parse().ok()
}

/// Fields available to a webhook body template.
#[derive(Debug, Serialize)]
struct Body<'a> {
    state: &'a str,
    sentence: String,
    exit_code: u8,
    read_at: String,
    last_write: String,
    last_write_object: &'a str,
    last_write_record: String,
    silence_hours: String,
    warn_after_hours: u32,
    error_after_hours: u32,
    platform: String,
    salesforce: String,
    next: &'a str,
    version: &'a str,
}

/// Renders the webhook body from a template; every value is escaped as the inside of a JSON string.
///
/// # Errors
/// If the template is invalid, names an unknown field, or does not produce JSON.
pub fn webhook(
    freshness: &Freshness,
    code: u8,
    addresses: (Option<&str>, Option<&str>),
    template: Option<&str>,
) -> Result<String, RenderError> {
    let mut registry = Handlebars::new();
    registry.set_strict_mode(true);
    registry.register_escape_fn(json_inside);
    registry.register_template_string("body", template.unwrap_or(SLACK))?;
    let address =
        |address: Option<&str>| escape_controls(address.unwrap_or("")).trim_start_matches("https://").to_owned();
    let body = registry.render(
        "body",
        &Body {
            state: freshness.state.label(),
            sentence: freshness.sentence(),
            exit_code: code,
            read_at: freshness.read_at.to_string(),
            last_write: freshness.last.map_or_else(String::new, |(_, _, at)| at.to_string()),
            last_write_object: freshness.last.map_or("", |(object, _, _)| object.label()),
            last_write_record: freshness.last.map_or_else(String::new, |(_, id, _)| id.to_string()),
            silence_hours: freshness.silence.map_or_else(String::new, |hours| hours.to_string()),
            warn_after_hours: freshness.limits.0.warn_after_hours,
            error_after_hours: freshness.limits.0.error_after_hours,
            platform: address(addresses.0),
            salesforce: address(addresses.1),
            next: match freshness.state {
                State::Fresh => "Nothing is to be done.",
                State::Late => "Look again tomorrow; `tieout audit` with an export tells what is missing.",
                State::Stalled => "Run `tieout audit` with an export of today: it tells since when, and writes the evidence for a support case.",
                State::NotEvaluated => "Check that the user may see CreatedDate and LastModifiedDate of the package's objects.",
            },
            version: env!("CARGO_PKG_VERSION"),
        },
    )?;
    serde_json::from_str::<serde::de::IgnoredAny>(&body)?;
    Ok(body)
}

/// A text escaped for use inside a JSON string.
fn json_inside(text: &str) -> String {
    let quoted = serde_json::to_string(text).unwrap_or_default();
    quoted.get(1..quoted.len().saturating_sub(1)).unwrap_or_default().to_owned()
}

/// The JSON Schema of the check, as published in the repository.
///
/// # Errors
/// None.
pub fn schema() -> Result<String, RenderError> {
    Ok(serde_json::to_string_pretty(&schemars::schema_for!(Summary))? + "\n")
}

#[cfg(test)]
mod tests {
    use super::{Run, last_success, metrics, webhook};
    use crate::model::id::RecordId;
    use crate::model::instant::Instant;
    use crate::model::object::SfObject;
    use crate::model::write_activity::WriteActivity;
    use crate::settings::EnrollmentMode;
    use crate::stalls::freshness::{Configured, judge};

    fn silent() -> crate::stalls::freshness::Freshness {
        let mut activity = WriteActivity::default();
        let record = RecordId::parse(b"a0J000000000001").expect("an id");
        activity.created.add(Instant::from_seconds(1_760_000_000), record);
        let activity_by_object = std::collections::BTreeMap::from([(SfObject::CourseEnrollment, activity)]);
        let read_at = Instant::from_seconds(1_763_000_000);
        judge(&activity_by_object, (read_at, read_at), Configured::default(), EnrollmentMode::Realtime)
    }

    #[test]
    fn the_metrics_are_what_the_textfile_collector_reads() {
        let run = Run { ended: 1_763_000_100, seconds: 0.25, code: 5, last_success: Some(1_763_000_100) };
        let text = metrics(Some(&silent()), run);
        insta::assert_snapshot!("metrics-stalled", text);
        assert!(text.ends_with('\n') && !text.contains("\n\n"));
        assert_eq!(last_success(&text), Some(1_763_000_100));
        let failed = metrics(None, Run { code: 4, ..run });
        assert!(failed.contains("tieout_exit_code 4\n") && !failed.contains("tieout_sync"), "{failed}");
        assert_eq!(last_success("nonsense"), None);
    }

    #[test]
    fn a_body_is_json_whatever_the_addresses_hold() {
        let hostile = "https://acme.example.com/\"}\n\u{202e},{\"text\":\"x";
        let body = webhook(&silent(), 5, (Some(hostile), None), None).expect("a body");
        let value: serde_json::Value = serde_json::from_str(&body).expect("JSON");
        let text = value["text"].as_str().expect("a text");
        assert!(value.as_object().expect("an object").len() == 1 && text.contains("taken for stalled"), "{text}");
        let own =
            webhook(&silent(), 5, (None, None), Some("{\"s\":\"{{state}}\",\"code\":{{exit_code}}}")).expect("a body");
        assert_eq!(own, "{\"s\":\"stalled\",\"code\":5}");
    }

    #[test]
    fn a_template_that_is_wrong_is_refused() {
        for template in ["{\"a\":\"{{unknown}}\"}", "{{#if", "not json {{state}}"] {
            assert!(webhook(&silent(), 5, (None, None), Some(template)).is_err(), "{template}");
        }
    }
}
