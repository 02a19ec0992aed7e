//! Terminal output: the end of a run at a glance, and the texts of the checks.
//!
//! Color uses style codes, which the caller's stream strips if unsupported.

use std::fmt::Write as _;

use anstyle::{AnsiColor, Style};

use crate::checks::CATALOGUE;
use crate::checks::check::{Check, Severity};
use crate::inputs::reviews::Taken;
use crate::model::extraction::{Extracted, Plan};
use crate::model::label::{Label, Tally};
use crate::outputs::pack::Pack;
use crate::outputs::{counted, grouped, sanitize, wording};
use crate::report::{Report, Verdict};

const BOLD: Style = Style::new().bold();
const DIM: Style = Style::new().dimmed();

fn severity_style(severity: Severity) -> Style {
    match severity {
        Severity::Critical => AnsiColor::Red.on_default().bold(),
        Severity::High => AnsiColor::Red.on_default(),
        Severity::Medium => AnsiColor::Yellow.on_default(),
        Severity::Low | Severity::Notice => Style::new(),
    }
}

fn verdict_style(verdict: Verdict) -> Style {
    match verdict {
        Verdict::Stalled => AnsiColor::Red.on_default().bold(),
        Verdict::NotEvaluated | Verdict::Attention => AnsiColor::Yellow.on_default().bold(),
        Verdict::InSync => AnsiColor::Green.on_default().bold(),
    }
}

/// The end of a run: verdict, tie-out, findings, location of the files. `not_followed` says which earlier run is not
/// followed, and why, if any.
#[must_use]
pub fn text(report: &Report, place: &str, not_followed: Option<&str>) -> String {
    let mut out = String::new();
    // Writing to a string cannot fail.
    let _ = write_summary(&mut out, report, place, not_followed);
    out
}

/// The first unreadable row of each file and reason, as the customer can locate it.
fn write_unreadable(out: &mut String, report: &Report) -> std::fmt::Result {
    const MAX_SHOWN: usize = 5;
    let mut shown: Vec<(&str, &str, &str)> = Vec::new();
    let all: u64 = report.origins().inputs.iter().map(|input| input.rejects).sum();
    writeln!(out, "\n{BOLD}Unreadable rows{BOLD:#}  {}; ledger/excluded-rows.csv lists them", grouped(all))?;
    for rejected in &report.run.rejects {
        let kind = (&*rejected.file, &*rejected.reject.column, &*rejected.reject.reason);
        if shown.contains(&kind) {
            continue;
        }
        if shown.len() == MAX_SHOWN {
            break;
        }
        shown.push(kind);
        let (file, column, reason) = kind;
        let place = if column.is_empty() { String::new() } else { format!("{column}: ") };
        let value =
            if rejected.reject.value.is_empty() { String::new() } else { format!(" `{}`", rejected.reject.value) };
        let text = format!("{file}:{}: {place}{reason}{value}", rejected.line);
        writeln!(out, "  {}", sanitize::escape_controls(&text))?;
    }
    Ok(())
}

fn write_summary(out: &mut String, report: &Report, place: &str, not_followed: Option<&str>) -> std::fmt::Result {
    let origins = report.origins();
    let style = verdict_style(report.verdict);
    let when =
        |at: Option<crate::model::instant::Instant>| at.map_or_else(|| "unknown".to_owned(), |at| at.to_string());
    writeln!(out, "{style}{}{style:#}  {}", report.verdict.label().to_uppercase(), report.verdict_sentence())?;
    for remark in &report.run.remarks {
        writeln!(out, "{}", wrap(&sanitize::escape_controls(remark)))?;
    }
    writeln!(
        out,
        "{DIM}export of {}, Salesforce read {}, judged up to {}{DIM:#}",
        when(origins.exported_at),
        when(origins.extracted_at),
        report.cutoff()
    )?;

    let totals = report.totals();
    writeln!(out, "\n{BOLD}Tie-out{BOLD:#}  every row of both sides, once")?;
    equation(out, "Docebo enrollments", totals.enrollments.docebo.total, &totals.enrollments.docebo.terms())?;
    equation(
        out,
        "Salesforce enrollments",
        totals.enrollments.salesforce.total,
        &totals.enrollments.salesforce.terms(),
    )?;
    equation(out, "learners, by link", totals.learners.total, &terms(&totals.learners.link))?;
    equation(out, "learners, outbound", totals.learners.total, &terms(&totals.learners.outbound))?;
    equation(out, "contacts, next sync", totals.contacts.total, &terms(&totals.contacts.forecast))?;

    write_sync(out, report)?;

    if let Some(before) = &report.run.before {
        writeln!(out, "\n{BOLD}Roll-forward{BOLD:#}")?;
        writeln!(out, "{}", wrap(&wording::movement(report)))?;
        for remark in &before.remarks {
            writeln!(out, "{}", wrap(&sanitize::escape_controls(remark)))?;
        }
    } else if let Some(why) = not_followed {
        writeln!(out, "\n{BOLD}Roll-forward{BOLD:#}")?;
        writeln!(out, "{}", wrap(&sanitize::escape_controls(why)))?;
    }

    let found = report.found();
    if found.is_empty() {
        writeln!(out, "\n{BOLD}Nothing found{BOLD:#}")?;
    } else {
        let count = counted(report.finding_count(), "finding", "findings");
        writeln!(out, "\n{BOLD}Found{BOLD:#}  {count} in {}", counted(found.len() as u64, "check", "checks"))?;
        for result in &found {
            let style = severity_style(result.check.severity);
            let consequence = match result.caused_by_stalls {
                0 => String::new(),
                _ if result.is_consequence() => ", because of the stall".to_owned(),
                some => format!(", {} because of the stall", grouped(some)),
            };
            writeln!(
                out,
                "  {style}{:<8}{style:#} {:>9}  {:<26} {}  {DIM}\u{2192} {}{consequence}{DIM:#}",
                result.check.severity,
                grouped(result.findings as u64),
                result.check.id,
                result.check.title,
                result.check.owner,
            )?;
            if !result.is_whole() {
                writeln!(out, "{:20}not seen: {}", "", sanitize::escape_controls(&result.gaps().join("; ")))?;
            }
        }
    }
    if !report.run.rejects.is_empty() {
        write_unreadable(out, report)?;
    }
    let mut unseen = report.not_evaluated().peekable();
    if unseen.peek().is_some() {
        writeln!(out, "\n{BOLD}Not evaluated{BOLD:#}  not the same as clean")?;
        for result in unseen {
            writeln!(
                out,
                "  {:<26} missing: {}",
                result.check.id,
                sanitize::escape_controls(&result.gaps().join("; "))
            )?;
        }
    }
    if !origins.caveats.is_empty() {
        writeln!(out, "\n{BOLD}Mind{BOLD:#}")?;
        for caveat in &origins.caveats {
            writeln!(out, "  {}", sanitize::escape_controls(caveat))?;
        }
    }
    writeln!(out, "\n{BOLD}Written{BOLD:#}")?;
    for (file, what) in [
        ("report.html", "the run on one page"),
        ("workbook.xlsx", "every finding, to filter and assign"),
        ("evidence-pack.zip", "for a support case, without personal values"),
        ("report.json", "the same for programs; findings.jsonl and ledger/ beside it"),
    ] {
        writeln!(out, "  {}  {DIM}{what}{DIM:#}", sanitize::escape_controls(&format!("{place}/{file}")))?;
    }
    if let Some(first) = found.first() {
        writeln!(out, "\nnext: `tieout explain {}` says what it means and what to do", first.check.id)?;
    }
    Ok(())
}

/// What an imported workbook changed, and what it no longer contains.
#[must_use]
pub fn reviewed(taken: &Taken, rows: usize, folder: &str, dry_run: bool) -> String {
    let mut out = String::new();
    // Writing to a string cannot fail.
    let _ = write_reviewed(&mut out, taken, rows, folder, dry_run);
    out
}

fn write_reviewed(out: &mut String, taken: &Taken, rows: usize, folder: &str, dry_run: bool) -> std::fmt::Result {
    let Taken { reviews, new, changed, withdrawn, kept, unchanged, refused, deleted } = taken;
    let count = |number: usize| grouped(number as u64);
    writeln!(
        out,
        "{BOLD}Read{BOLD:#}  {}: {} new, {} changed, {} withdrawn, {} as before, {} refused",
        counted(rows as u64, "row", "rows"),
        count(*new),
        count(*changed),
        count(withdrawn.len()),
        count(*unchanged),
        count(refused.len())
    )?;
    for (what, keys) in [
        ("withdrawn: all three cells are blank now", withdrawn),
        ("kept though all three cells are blank now (--withdraw takes the review away)", kept),
        ("no longer in the workbook, which closes nothing", deleted),
    ] {
        if !keys.is_empty() {
            let named: Vec<&str> = keys.iter().take(MAX_KEYS).map(String::as_str).collect();
            let more = keys.len().saturating_sub(MAX_KEYS);
            let more = if more > 0 { format!(" and {} more", count(more)) } else { String::new() };
            writeln!(
                out,
                "  {} {what}: {}{more}",
                counted(keys.len() as u64, "finding", "findings"),
                named.join(", ")
            )?;
        }
    }
    let folder = sanitize::escape_controls(folder);
    if dry_run {
        writeln!(out, "nothing was written (--dry-run)")
    } else {
        writeln!(
            out,
            "{} stand in {folder}/reviews.jsonl; the next run takes them over",
            counted(reviews.len() as u64, "review", "reviews")
        )
    }
}

/// What a pack contains, where it is, and which ticket fields are blank.
#[must_use]
pub fn packed(pack: &Pack, path: Option<&str>, private: Option<&str>, unfilled: &[String]) -> String {
    let mut out = String::new();
    // Writing to a string cannot fail.
    let _ = write_packed(&mut out, pack, path, private, unfilled);
    out
}

fn write_packed(
    out: &mut String,
    pack: &Pack,
    path: Option<&str>,
    private: Option<&str>,
    unfilled: &[String],
) -> std::fmt::Result {
    let subject = pack.ticket.plain.lines().next().unwrap_or_default();
    writeln!(out, "{BOLD}{}{BOLD:#}", sanitize::escape_controls(subject))?;
    let left_out = match pack.left_out {
        0 => String::new(),
        some => format!("; {} left out", counted(some, "finding of another cause is", "findings of other causes are")),
    };
    writeln!(out, "{}{left_out}\n", counted(pack.findings, "finding", "findings"))?;
    writeln!(out, "{BOLD}{:<38} {:<13} {:>9}  purpose{BOLD:#}", "file", "persons", "rows")?;
    for file in &pack.files {
        let rows = file.rows.map_or_else(String::new, grouped);
        writeln!(out, "{:<38} {:<13} {rows:>9}  {DIM}{}{DIM:#}", file.path, file.class.to_string(), file.purpose)?;
    }
    if !unfilled.is_empty() {
        writeln!(out, "\n{BOLD}To fill{BOLD:#} in ticket.txt or ticket.md, for nobody told tieout:")?;
        for place in unfilled {
            writeln!(out, "  {}", sanitize::escape_controls(place))?;
        }
    }
    writeln!(out)?;
    match (path, private) {
        (Some(path), Some(private)) => {
            writeln!(
                out,
                "{}  {DIM}{} kB{DIM:#}",
                sanitize::escape_controls(path),
                grouped(pack.bytes.len() as u64 / 1_000)
            )?;
            writeln!(
                out,
                "{}  {DIM}key and mapping: keep them, never send them{DIM:#}",
                sanitize::escape_controls(private)
            )
        }
        _ => writeln!(
            out,
            "nothing was written (--dry-run); it would be {} kB",
            grouped(pack.bytes.len() as u64 / 1_000)
        ),
    }
}

/// Maximum keys listed on a terminal.
const MAX_KEYS: usize = 10;

/// Whether the sync is active: its stalls in sentences, or that there is none.
fn write_sync(out: &mut String, report: &Report) -> std::fmt::Result {
    writeln!(out, "\n{BOLD}Sync{BOLD:#}  from Docebo to Salesforce")?;
    let stalls = report.stalls();
    if stalls.found.is_empty() {
        writeln!(out, "{}", wrap(&wording::no_stall(report)))?;
    }
    for stall in &stalls.found {
        for sentence in stall.sentences() {
            writeln!(out, "{}", wrap(&sanitize::escape_controls(&sentence)))?;
        }
        for (term, value) in wording::stall_facts(report, stall) {
            writeln!(out, "  {DIM}{term}:{DIM:#} {value}")?;
        }
    }
    Ok(())
}

fn terms<W: Label>(tally: &Tally<W>) -> Vec<(&'static str, u64)> {
    tally.iter().map(|(value, count)| (value.label(), count)).collect()
}

fn equation(out: &mut String, name: &str, total: u64, terms: &[(&'static str, u64)]) -> std::fmt::Result {
    let sum: u64 = terms.iter().map(|&(_, count)| count).sum();
    let shown: Vec<String> = terms
        .iter()
        .filter(|&&(_, count)| count > 0)
        .map(|&(word, count)| format!("{} {word}", grouped(count)))
        .collect();
    let shown = if shown.is_empty() { "nothing".to_owned() } else { shown.join(" + ") };
    let tick = if sum == total { "\u{2713}" } else { "\u{2717}" };
    writeln!(out, "  {tick} {name:<22} {:>9} = {shown}", grouped(total))
}

/// Result of an extraction.
#[must_use]
pub fn extracted(extracted: &Extracted, place: &str) -> String {
    let mut out = String::new();
    for (object, rows, counted, differ) in &extracted.objects {
        let (tick, counted) = match (differ, rows.cmp(counted)) {
            (true, std::cmp::Ordering::Less) => {
                ("\u{2717}", format!("of {} that Salesforce counts: incomplete", grouped(*counted)))
            }
            (true, _) => {
                let text = format!("rows, but Salesforce counts {}: incomplete, extract again", grouped(*counted));
                ("\u{2717}", text)
            }
            (false, _) => ("\u{2713}", "rows, as many as Salesforce counts".to_owned()),
        };
        let _ = writeln!(out, "  {tick} {object:<44} {:>12} {counted}", grouped(*rows));
    }
    for hidden in &extracted.hidden {
        let _ = writeln!(out, "  ? {}", sanitize::escape_controls(hidden));
    }
    let _ =
        writeln!(out, "{} in {}", counted(extracted.calls, "request", "requests"), sanitize::escape_controls(place));
    let _ = writeln!(
        out,
        "next: set `snapshot` under [salesforce], or `tieout audit --snapshot {}`",
        sanitize::escape_controls(place)
    );
    out
}

/// The queries of an extraction, and its share of the organization's API calls.
#[must_use]
pub fn planned(plan: &Plan) -> String {
    let mut out = String::new();
    let _ = writeln!(
        out,
        "{BOLD}{}{BOLD:#}  {}, API {}",
        sanitize::escape_controls(&plan.instance),
        sanitize::escape_controls(&plan.org_id),
        plan.api_version
    );
    for query in &plan.queries {
        let _ = writeln!(
            out,
            "\n  {BOLD}{}{BOLD:#}  {} by {}, about {}\n    {}",
            query.object,
            counted(query.rows, "row", "rows"),
            query.api,
            counted(query.calls, "call", "calls"),
            sanitize::escape_controls(&query.soql)
        );
    }
    out.push('\n');
    for hidden in &plan.hidden {
        let _ = writeln!(out, "  ? {}", sanitize::escape_controls(hidden));
    }
    let _ =
        write!(out, "About {}, deleted contacts, list view and setup included", counted(plan.calls, "call", "calls"));
    if let Some((used, limit)) = plan.usage {
        let _ =
            write!(out, "; the organisation has used {} of its {} of the last 24 hours", grouped(used), grouped(limit));
    }
    let _ = writeln!(
        out,
        ".\nThis plan took {}; no row was read and nothing was written.",
        counted(plan.asked, "call", "calls")
    );
    out
}

/// The catalog, one line per check.
#[must_use]
pub fn catalogue() -> String {
    let mut out = String::new();
    for check in CATALOGUE {
        let style = severity_style(check.severity);
        let _ = writeln!(out, "{style}{:<8}{style:#} {:<28} {}", check.severity, check.id, check.title);
    }
    out
}

/// Everything in the catalog about a check.
#[must_use]
pub fn explain(check: &Check) -> String {
    let mut out = String::new();
    let style = severity_style(check.severity);
    let _ = writeln!(out, "{BOLD}{}{BOLD:#}  {}", check.id, check.title);
    let _ = writeln!(out, "{style}{}{style:#}, for {}", check.severity, check.owner);
    for (heading, text) in
        [("What it means", check.why), ("Innocent when", check.expected_when), ("What to do", check.remedy)]
    {
        let _ = writeln!(out, "\n{BOLD}{heading}{BOLD:#}\n{}", wrap(text));
    }
    let needs: Vec<String> = check.requirements.iter().map(ToString::to_string).collect();
    if !needs.is_empty() {
        let _ = writeln!(
            out,
            "\n{BOLD}Needs{BOLD:#}\n{}",
            wrap(&format!("{}. Without them it is not evaluated, which is not the same as clean.", needs.join("; ")))
        );
    }
    out
}

fn wrap(text: &str) -> String {
    const WIDTH: usize = 92;
    let mut out = String::from("  ");
    let mut column = 2;
    for word in text.split_whitespace() {
        let length = word.chars().count();
        if column > 2 && column + 1 + length > WIDTH {
            out.push_str("\n  ");
            column = 2;
        } else if column > 2 {
            out.push(' ');
            column += 1;
        }
        out.push_str(word);
        column += length;
    }
    out
}
