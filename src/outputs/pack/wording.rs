//! Wording and formatting shared by ticket and pack: times, rules in words, values sanitized for Markdown and plain
//! text.
//!
//! Must not know: any single check.

use handlebars::Handlebars;
use serde::Serialize;

use crate::model::input::DateOrder;
use crate::model::instant::Instant;
use crate::model::key::Equality;
use crate::model::label::{Label, Tally};
use crate::outputs::sanitize::escape_controls;
use crate::outputs::{RenderError, grouped, wording};
use crate::report::Report;
use crate::settings::{EnrollmentMode, Scope};

/// Fills a template of a text file. Nothing is escaped here: values are already sanitized.
pub(crate) fn fill(template: &'static str, values: &impl Serialize) -> Result<String, RenderError> {
    let mut registry = Handlebars::new();
    registry.set_strict_mode(true);
    registry.register_escape_fn(handlebars::no_escape);
    registry.register_template_string("text", template)?;
    Ok(registry.render("text", values)?)
}

/// Format of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Style {
    /// With tables and marks.
    Markdown,
    /// For pasting into a form.
    Plain,
}

impl Style {
    /// An untrusted value. In Markdown it goes in a code span, where only the backtick and, in a table, the bar have
    /// meaning.
    pub(crate) fn value(self, text: &str) -> String {
        let shown = escape_controls(text);
        match self {
            Self::Plain => shown.into_owned(),
            Self::Markdown if shown.trim().is_empty() => String::new(),
            Self::Markdown => format!("`{}`", shown.replace('`', "[U+0060]").replace('|', "[U+007C]")),
        }
    }

    /// A generated sentence that may quote a file name.
    pub(crate) fn sentence(self, text: &str) -> String {
        let shown = escape_controls(text);
        if self == Self::Plain {
            return shown.into_owned();
        }
        let mut safe = String::with_capacity(shown.len() + 8);
        for c in shown.chars() {
            if matches!(c, '\\' | '`' | '*' | '[' | ']' | '<' | '>' | '|') {
                safe.push('\\');
            }
            safe.push(c);
        }
        safe
    }
}

/// Truncates a text to `most` characters, with an ellipsis if something is omitted.
pub(crate) fn short(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        None => text.to_owned(),
        Some(_) => text.chars().take(most.saturating_sub(1)).chain(['\u{2026}']).collect(),
    }
}

/// `2025-10-20 06:48 UTC`
pub(crate) fn utc(instant: Instant) -> String {
    instant.to_minute()
}

/// `2025-10-20`
pub(crate) fn date(instant: Instant) -> String {
    instant.to_string().chars().take(10).collect()
}

/// `delivered 329, missing 83`: the values that occur.
pub(crate) fn tally<W: Label>(tally: &Tally<W>) -> String {
    let parts: Vec<String> =
        tally.present().map(|(value, count)| format!("{} {}", value.label(), grouped(count))).collect();
    if parts.is_empty() { "none".to_owned() } else { parts.join(", ") }
}

/// Which courses are synchronized.
pub(crate) fn scope(scope: &Scope) -> String {
    match scope {
        Scope::Synced => "courses that are in Salesforce, effective and not deleted".to_owned(),
        Scope::All => "every course of the export".to_owned(),
        Scope::Courses(ids) => {
            let named: Vec<String> = ids.iter().take(20).map(u64::to_string).collect();
            let more =
                if ids.len() > named.len() { format!(" and {} more", ids.len() - named.len()) } else { String::new() };
            format!("the courses {}{more}", named.join(", "))
        }
    }
}

/// How enrollments are replicated.
pub(crate) const fn mode(mode: EnrollmentMode) -> &'static str {
    match mode {
        EnrollmentMode::Realtime => "real time",
        EnrollmentMode::Manual => "manual",
    }
}

/// How the time zone of the export's dates is known.
pub(crate) fn zone(report: &Report) -> String {
    wording::each_zone(&report.run.zones, |finding| {
        let pairs =
            format!("{} of {} enrollments on both sides agree", grouped(finding.agreeing), grouped(finding.pairs));
        match &*finding.how {
            "stated" => "stated by the dates themselves".to_owned(),
            "assumed" => format!("{} (assumed: too few agreeing pairs to infer a zone; {pairs})", finding.name),
            "unclear" => format!("none fits, so dates are not compared (the best is {}; {pairs})", finding.name),
            how => format!("{} ({how}; {pairs})", finding.name),
        }
    })
}

/// The rules in force: name and value.
pub(crate) fn rules(report: &Report) -> Vec<(&'static str, String)> {
    let rules = report.rules();
    let moment = |instant: Option<Instant>| instant.map_or_else(|| "not known".to_owned(), utc);
    let mut list = vec![
        ("Export made", moment(report.origins().exported_at)),
        ("Salesforce read", moment(report.origins().extracted_at)),
        ("Cutoff", format!("{} (what happened later is not yet expected on the other side)", utc(report.cutoff()))),
        ("Hours that the sync may take", rules.grace_hours.to_string()),
        ("Minutes by which equal dates may differ", rules.tolerance_minutes.to_string()),
        ("Time zone of the export's dates", zone(report)),
        ("Contact field mapped to the username", rules.username_field.clone()),
        (
            "Equality of username and key",
            match rules.equality {
                Equality::Exact => "exact".to_owned(),
                Equality::CaseBlind => "upper and lower case are equal".to_owned(),
            },
        ),
        ("User provisioning", if rules.provisioning { "on".to_owned() } else { "off".to_owned() }),
        ("List view of the contacts sync", rules.list_view.clone().unwrap_or_else(|| "not stated".to_owned())),
        ("Courses in scope", scope(&rules.scope)),
        ("Enrollment replication", mode(rules.enrollment_mode).to_owned()),
    ];
    match rules.date_order {
        Some(DateOrder::DayFirst) => list.push(("Order of day and month", "day first (configured)".to_owned())),
        Some(DateOrder::MonthFirst) => list.push(("Order of day and month", "month first (configured)".to_owned())),
        Some(DateOrder::YearFirst | DateOrder::Undecided) | None => {}
    }
    list
}

#[cfg(test)]
mod tests {
    use super::{Style, date, short, utc};
    use crate::model::instant::Instant;

    #[test]
    fn values_cannot_leave_their_place() {
        assert_eq!(Style::Markdown.value("a`b|c\nd"), "`a[U+0060]b[U+007C]c[U+000A]d`");
        assert_eq!(Style::Markdown.value(""), "");
        assert_eq!(Style::Plain.value("a\u{202e}b"), "a[U+202E]b");
        assert_eq!(Style::Markdown.sentence("see <x> of [y](z)"), "see \\<x\\> of \\[y\\](z)");
    }

    #[test]
    fn texts_are_cut_to_a_length() {
        assert_eq!(short("\u{e9}\u{e9}\u{e9}", 3), "\u{e9}\u{e9}\u{e9}");
        assert_eq!(short("\u{e9}\u{e9}\u{e9}\u{e9}", 3), "\u{e9}\u{e9}\u{2026}");
    }

    #[test]
    fn moments_name_their_zone() {
        let moment = Instant::from_seconds(1_760_942_880);
        assert_eq!((utc(moment).as_str(), date(moment).as_str()), ("2025-10-20 06:48 UTC", "2025-10-20"));
    }
}
