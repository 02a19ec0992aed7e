//! The report's facts in the wording that page and workbook share, so that both agree.
//!
//! Must not know: markup, sheets.

use crate::checks::check::{Owner, Severity};
use crate::checks::evidence::{Evidence, Origin};
use crate::checks::finding::Finding;
use crate::model::excluded::Reject;
use crate::model::fingerprint::{Ids, Key};
use crate::model::id::RecordId;
use crate::model::input::{DateOrder, Input};
use crate::model::instant::{DAY, Instant};
use crate::model::key::Equality;
use crate::model::label::Label as _;
use crate::model::object::SfObject;
use crate::model::origins::Origins;
use crate::model::zone::ZoneFinding;
use crate::outputs::redact::Names;
use crate::outputs::sanitize::{cut, escape_controls};
use crate::outputs::{counted, grouped};
use crate::report::run_history::{Movement, State};
use crate::report::{CheckResult, Report, Verdict};
use crate::settings::{EnrollmentMode, Rules, Scope};
use crate::stalls::Stall;

/// A verdict for people: a sign and a word, never only a color.
pub(crate) const fn verdict(verdict: Verdict) -> (&'static str, &'static str) {
    match verdict {
        Verdict::Stalled => ("\u{2717}", "Stalled"),
        Verdict::NotEvaluated => ("?", "Not evaluated"),
        Verdict::Attention => ("!", "Attention"),
        Verdict::InSync => ("\u{2713}", "In sync"),
    }
}

/// A fragment of the catalog as a sentence.
pub(crate) fn sentence(fragment: &str) -> String {
    let mut rest = fragment.chars();
    let mut text: String = rest.next().into_iter().flat_map(char::to_uppercase).collect();
    text.push_str(rest.as_str());
    if !text.is_empty() && !text.ends_with(['.', '?', '!']) {
        text.push('.');
    }
    text
}

/// Display name of the owner.
pub(crate) const fn owner(owner: Owner) -> &'static str {
    match owner {
        Owner::DoceboSupport => "Docebo support",
        Owner::SalesforceAdmin => "Salesforce admin",
        Owner::DoceboAdmin => "Docebo admin",
    }
}

/// An object without the package's prefix.
pub(crate) fn object(object: SfObject) -> &'static str {
    let word = object.label();
    word.strip_prefix("docebo_v3__").and_then(|word| word.strip_suffix("__c")).unwrap_or(word)
}

/// Meaning of a severity.
pub(crate) const fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "the sync as a whole is broken",
        Severity::High => "records are missing, or with the wrong person",
        Severity::Medium => "records are wrong, or will become so",
        Severity::Low => "worth tidying up",
        Severity::Notice => "worth knowing",
    }
}

/// A time to the minute, with its zone.
pub(crate) fn moment(instant: Instant) -> String {
    instant.to_minute()
}

/// Like [`moment`], if it is known.
pub(crate) fn moment_or_unknown(instant: Option<Instant>) -> String {
    instant.map_or_else(|| "not known".to_owned(), moment)
}

/// The platform without its scheme, if known.
pub(crate) fn platform(origins: &Origins) -> Option<&str> {
    let platform = origins.platform.as_deref()?;
    let bare = platform.strip_prefix("https://").unwrap_or(platform).trim_end_matches('/');
    (!bare.is_empty()).then_some(bare)
}

/// The instance and the organization's id, as far as known.
pub(crate) fn organisation(origins: &Origins) -> String {
    let instance =
        origins.instance.as_deref().map(|instance| instance.strip_prefix("https://").unwrap_or(instance).to_owned());
    let id = origins.org_id.map(|id| format!("organisation {id}"));
    let known: Vec<String> = instance.into_iter().chain(id).collect();
    if known.is_empty() { "not known".to_owned() } else { known.join(", ") }
}

/// The URL of a record in Salesforce. `None` unless it is `https` with only host and path characters, whatever the
/// configuration or a manifest contains.
pub(crate) fn link(report: &Report, object: SfObject, id: RecordId) -> Option<String> {
    let url = report.record_url(object, id)?;
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | ':' | '/');
    let rest = url.strip_prefix("https://")?;
    (rest.starts_with(|c: char| c.is_ascii_alphanumeric()) && rest.chars().all(plain) && url.len() < 2_000)
        .then_some(url)
}

/// The URL of the organization, if it can be linked.
pub(crate) fn instance(report: &Report) -> Option<String> {
    let instance = report.origins().instance.as_deref()?;
    let host = instance.strip_prefix("https://")?;
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | ':');
    (host.starts_with(|c: char| c.is_ascii_alphanumeric()) && host.chars().all(plain)).then(|| instance.to_owned())
}

/// Display name of a finding's state.
pub(crate) const fn state(state: State) -> &'static str {
    match state {
        State::New => "new",
        State::Open => "still open",
        State::Reopened => "reopened",
        State::Unseen => "not looked for",
        State::Cleared => "cleared",
        State::Gone => "gone",
    }
}

/// Change of a finding since the previous run; blank if there is none.
pub(crate) fn change(report: &Report, key: Key) -> &'static str {
    let entry = report.run.before.as_ref().and_then(|_| report.entry(key));
    entry.map_or("", |entry| state(entry.state))
}

/// What changed since the previous run, in a sentence.
pub(crate) fn movement(report: &Report) -> String {
    let Some((before, movements)) = report.run.before.as_ref().zip(report.movements()) else {
        return "There is no earlier run to compare with. The next run finds this one if it writes into the same \
                parent folder, or is told of it with --previous."
            .to_owned();
    };
    let all = movements.iter().fold(Movement::default(), |all, &(_, movement)| all.and(movement));
    let then = moment(before.read_at);
    let was = Verdict::parse(&before.verdict).map_or("", |was| verdict(was).1);
    let turned = if before.verdict == report.verdict.label() {
        String::new()
    } else {
        format!(" The verdict was \u{201c}{was}\u{201d} then.")
    };
    let unseen = match all.unseen {
        0 => String::new(),
        unseen => format!(" {} could not be looked for this time and count as open.", grouped(unseen)),
    };
    if all.new + all.reopened + all.cleared == 0 {
        return format!(
            "Nothing changed since the run of {then}: {} open.{turned}{unseen}",
            counted(all.open_at_end, "finding is", "findings are")
        );
    }
    format!(
        "Since the run of {then}: {} new, {} reopened, {} cleared; {} open then, {} now.{turned}{unseen}",
        grouped(all.new),
        grouped(all.reopened),
        grouped(all.cleared),
        grouped(all.open_at_start),
        grouped(all.open_at_end),
    )
}

/// The result below the verdict: how much, by how many checks, and the most severe.
pub(crate) fn headline(report: &Report) -> String {
    let found = report.found();
    let blind = report.not_evaluated().count() as u64;
    let rank =
        |result: &CheckResult| (result.check.severity, result.caused_by_stalls > 0, std::cmp::Reverse(result.findings));
    let most_severe = found.iter().min_by_key(|result| rank(result));
    let consequence: u64 = found.iter().map(|result| result.caused_by_stalls).sum();
    let because =
        if consequence > 0 { format!(", {} of them because of a stall", grouped(consequence)) } else { String::new() };
    let mut text = match most_severe {
        None => "No check found anything.".to_owned(),
        Some(most_severe) => format!(
            "{} by {}{because}. The gravest: {} ({}, {} severity, for {}).",
            counted(report.finding_count(), "finding", "findings"),
            counted(found.len() as u64, "check", "checks"),
            most_severe.check.title,
            grouped(most_severe.findings as u64),
            most_severe.check.severity,
            owner(most_severe.check.owner),
        ),
    };
    if blind > 0 {
        text.push(' ');
        text.push_str(&counted(blind, "check", "checks"));
        text.push_str(" could not be evaluated, which is not a pass.");
    }
    text
}

/// Whether the output contains personal data, in a sentence.
pub(crate) const fn classification(names: Names<'_>) -> &'static str {
    match names {
        Names::Pseudonyms(_) | Names::Withheld => {
            "Pseudonymous: in place of usernames, keys and typed values stand pseudonyms (p_\u{2026}), equal ones for \
             equal values; ids of records and users are shown. --show-names shows the values."
        }
        Names::Shown => "Contains personal data: usernames, keys and typed values are shown.",
    }
}

/// Like [`classification`], in few words.
pub(crate) const fn classification_word(names: Names<'_>) -> &'static str {
    match names {
        Names::Pseudonyms(_) | Names::Withheld => "Pseudonymous (names withheld)",
        Names::Shown => "Contains personal data (names shown)",
    }
}

/// How the time zone of the export's dates is known: one sentence if all files agree, else one per file.
pub(crate) fn zones(zones: &[ZoneFinding]) -> String {
    each_zone(zones, zone)
}

/// Words on the zone of all files, if they agree; else per file, after its name.
pub(crate) fn each_zone(zones: &[ZoneFinding], words: impl Fn(&ZoneFinding) -> String) -> String {
    let Some(first) = zones.first() else { return "No file of the export has dates to compare.".to_owned() };
    if zones.iter().all(|zone| (&zone.name, &zone.how, zone.compared) == (&first.name, &first.how, first.compared)) {
        let (pairs, agreeing) =
            zones.iter().fold((0, 0), |(pairs, agreeing), zone| (pairs + zone.pairs, agreeing + zone.agreeing));
        return words(&ZoneFinding { pairs, agreeing, ..first.clone() });
    }
    zones.iter().map(|zone| format!("{}: {}", escape_controls(&zone.file), words(zone))).collect::<Vec<_>>().join(" ")
}

fn zone(zone: &ZoneFinding) -> String {
    let pairs = format!("{} of {} enrollments that stand on both sides", grouped(zone.agreeing), grouped(zone.pairs));
    let name = &zone.name;
    let mut text = match &*zone.how {
        "configured" if zone.pairs == 0 => format!("{name}, as configured."),
        "configured" => format!("{name}, as configured; under it {pairs} show the same moment."),
        "inferred" => format!("{name}, inferred: under it {pairs} show the same moment."),
        "stated" => "The dates of the export state their own offset from UTC.".to_owned(),
        "unclear" => format!(
            "No time zone fits: the best one is {name} ({pairs} show the same moment), so dates are not compared."
        ),
        _ if !zone.compared => {
            format!("{name}, assumed. Only {pairs} show the same moment under it, so dates are not compared.")
        }
        _ => format!("{name}, assumed: too little to infer it from ({pairs} show the same moment under it)."),
    };
    if let [first, rest @ ..] = &zone.same_clock[..] {
        text.push_str(" Shows the same time throughout: ");
        text.push_str(first);
        if !rest.is_empty() {
            text.push_str(&format!(" and {}", counted(rest.len() as u64, "other zone", "other zones")));
        }
        text.push('.');
    }
    text
}

/// Name of the delimiter.
pub(crate) fn delimiter(input: &Input) -> &str {
    match input.delimiter.as_deref() {
        None => "",
        Some("\t") => "tab",
        Some(",") => "comma",
        Some(";") => "semicolon",
        Some(other) => other,
    }
}

/// How many records a check judged and could not judge; blank if it judged all.
pub(crate) fn unjudged(result: &CheckResult) -> String {
    match (result.coverage.unjudged(), result.coverage.accepted()) {
        (0, 0) => String::new(),
        (unjudged, 0) => format!(" ({} more could not be judged)", grouped(unjudged)),
        (0, accepted) => format!(" ({} more could not be read, which is accepted)", grouped(accepted)),
        (unjudged, accepted) => format!(
            " ({} more could not be judged, {} more could not be read, which is accepted)",
            grouped(unjudged),
            grouped(accepted)
        ),
    }
}

/// The comparison rules, each with its value.
pub(crate) fn rules(rules: &Rules) -> Vec<(&'static str, String)> {
    let Rules {
        username_field,
        equality,
        provisioning,
        list_view,
        scope,
        enrollment_mode,
        grace_hours,
        tolerance_minutes,
        // Covered by [`zone`], together with what was found.
        zone: _,
        date_order,
        max_unreadable_rows,
        accepted,
    } = rules;
    let equality = match equality {
        Equality::Exact => "exact, as Docebo compares",
        Equality::CaseBlind => "without regard to case, as configured",
    };
    let provisioning = if *provisioning { "on: Docebo makes users from contacts" } else { "off" };
    let scope = match scope {
        Scope::Synced => "courses that are in Salesforce, effective and not deleted".to_owned(),
        Scope::All => "every course of the export".to_owned(),
        Scope::Courses(ids) => format!("{} named in the configuration", counted(ids.len() as u64, "course", "courses")),
    };
    let mode = match enrollment_mode {
        EnrollmentMode::Realtime => "as they happen",
        EnrollmentMode::Manual => "when somebody asks for it",
    };
    let order = match date_order {
        None => "as found in each file",
        Some(DateOrder::DayFirst) => "day before month, as configured",
        Some(DateOrder::MonthFirst) => "month before day, as configured",
        Some(DateOrder::YearFirst | DateOrder::Undecided) => "year first, as configured",
    };
    vec![
        ("Contact field that is the Docebo username", username_field.clone()),
        ("Usernames are compared", equality.to_owned()),
        ("Provisioning of users", provisioning.to_owned()),
        ("List view of the inbound sync", list_view.clone().unwrap_or_else(|| "none configured".to_owned())),
        ("Courses in scope", scope),
        ("Enrollments are replicated", mode.to_owned()),
        ("Hours that the sync may take", grouped(grace_hours.unsigned_abs())),
        ("Minutes by which equal dates may differ", grouped(tolerance_minutes.unsigned_abs())),
        ("Order of day and month", order.to_owned()),
        ("Unreadable rows of a file that are accepted", max_unreadable_rows.to_string()),
        (
            "Questioned results that are accepted",
            if accepted.is_empty() {
                "none".to_owned()
            } else {
                accepted.iter().map(|question| question.label()).collect::<Vec<_>>().join(", ")
            },
        ),
    ]
}

/// Text if no stall was found.
pub(crate) fn no_stall(report: &Report) -> String {
    let stalls = report.stalls();
    if !stalls.judged {
        return "It is unknown whether the sync stalled: an input is missing, incomplete or implausible, or too many enrollments are unknown.".to_owned();
    }
    let counts = stalls.counts;
    match (stalls.due.first(), stalls.due.last()) {
        (Some(&(first, _)), Some(&(last, _))) => format!(
            "No standstill was found: of {} that fell due from {} to {}, {} written on time, {} late, {} not at all.",
            counted(counts.expected, "enrollment", "enrollments"),
            crate::report::stalls::day(first),
            crate::report::stalls::day(last),
            grouped(counts.on_time),
            grouped(counts.late),
            grouped(counts.missed),
        ),
        _ => "No enrollment has fallen due yet, so nothing can be said of a standstill.".to_owned(),
    }
}

/// A stall in three words.
pub(crate) const fn stall_heading(stall: &Stall) -> &'static str {
    if stall.is_open() { "The sync stands still" } else { "The sync stood still" }
}

/// What a reader needs to look up a stall: the last write before it, the first event that should have followed, its
/// duration.
pub(crate) fn stall_facts(report: &Report, stall: &Stall) -> Vec<(&'static str, String)> {
    let mut facts = Vec::new();
    if let Some((object, id, at)) = stall.last_write {
        facts.push(("Last record created before it", format!("{object} {id}, {}", moment(at))));
    }
    if let Some((id, at)) = stall.last_update {
        facts.push(("Last change of an enrollment before it", format!("{id}, {}", moment(at))));
    }
    if let Some((learner, course, due)) = first_missing(stall) {
        facts.push(("First that should have followed", format!("Docebo user {learner}, course {course}, {due}")));
    }
    let until = stall.until.unwrap_or(report.cutoff());
    let lasted = counted(days_between(stall.from, until), "day", "days");
    facts.push((if stall.is_open() { "Lasts" } else { "Lasted" }, lasted));
    facts
}

/// Docebo user, course and due time of the first event that a stall kept from being written.
pub(crate) fn first_missing(stall: &Stall) -> Option<(u64, u64, String)> {
    let first = stall.first_missing?;
    Some((first.learner, first.course, first.due?.to_minute()))
}

/// Whole days between two times.
pub(crate) fn days_between(from: Instant, until: Instant) -> u64 {
    u64::try_from((until.seconds() - from.seconds()).max(0) / DAY).unwrap_or(0)
}

/// What this version does not test, so that silence is not read as a pass.
pub(crate) fn not_tested(report: &Report) -> Vec<&'static str> {
    let summary = report.summary();
    let mut items = Vec::new();
    if summary.stalls.is_none() {
        items.push(
            "Whether and when the sync stalled could not be looked for: it takes enrollments of both sides, whole and with \
             their dates.",
        );
    }
    if summary.roll_forward.is_none() {
        items.push("There is no comparison with an earlier run.");
    }
    items.push(
        "Sessions, learning plans and their enrollments are not compared record by record; their rows are looked at only \
         for who edited them.",
    );
    items.push("Names of learners, titles of courses, scores and time spent are not compared.");
    items
}

/// A piece of evidence in brief: its position, and its values except the ids, which are shown with the finding. The
/// package's prefix and blank fields of a whole row are omitted; findings.jsonl has both.
fn piece(evidence: &Evidence, ids: Ids, origins: &Origins, names: Names<'_>) -> String {
    let same = |field: &str, value: &str| {
        let id = match field {
            "learner id" => ids.learner,
            "course id" => ids.course,
            _ => None,
        };
        id.is_some_and(|id| id.to_string() == value)
    };
    let mut text = match &evidence.origin {
        Origin::Record { object: of, id } => format!("{} {id}", object(*of)),
        Origin::Line(place) => {
            let file = origins.exports.get(usize::from(place.file)).map_or("export", |file| file.name.as_str());
            format!("{file}, line {}", place.line)
        }
        Origin::NotReturned { object: of, filter } => {
            format!("no row of {} where {}", object(*of), filter.replace("docebo_v3__", ""))
        }
        Origin::Setup { what } => format!("setup, {what}"),
        Origin::Inputs => "the inputs as a whole".to_owned(),
    };
    let is_row = evidence.fields.len() > 3;
    let says = evidence.fields.iter().filter(|(_, value)| !(is_row && value.raw().is_empty()));
    let says = says.filter(|(field, value)| !same(field, value.raw()));
    for (at, (field, value)) in says.enumerate() {
        let shown = names.show(value);
        let shown = if shown.is_empty() { "(blank)".into() } else { cut(&shown, 200) };
        text.push_str(if at == 0 { ": " } else { ", " });
        text.push_str(field);
        text.push_str(" = ");
        text.push_str(&shown);
    }
    text
}

/// The evidence of a finding, up to `most` pieces, and how many are omitted.
pub(crate) fn evidence(finding: &Finding, origins: &Origins, names: Names<'_>, most: usize) -> Vec<String> {
    let mut pieces: Vec<String> =
        finding.evidence().take(most).map(|evidence| piece(evidence, finding.ids, origins, names)).collect();
    let left_out = finding.detail.related.len() + 1 - pieces.len();
    if left_out > 0 {
        pieces.push(format!("and {} in findings.jsonl", counted(left_out as u64, "further piece", "further pieces")));
    }
    pieces
}

/// Why a row could not be read; the value in it is free text.
pub(crate) fn reason(reject: &Reject, names: Names<'_>) -> String {
    match names {
        Names::Shown => reject.to_string(),
        Names::Pseudonyms(_) | Names::Withheld => reject.reason.clone().into_owned(),
    }
}

/// Findings by severity, worst first.
pub(crate) fn by_severity(report: &Report) -> Vec<(Severity, u64)> {
    let count = |severity| {
        report
            .results
            .iter()
            .filter(|result| result.check.severity == severity)
            .map(|result| result.findings as u64)
            .sum()
    };
    Severity::ALL.iter().map(|&severity| (severity, count(severity))).collect()
}

/// For each owner with something to do: number of checks with findings, and of findings.
pub(crate) fn by_owner(report: &Report) -> Vec<(Owner, u64, u64)> {
    Owner::ALL
        .iter()
        .map(|&owner| {
            let mine =
                || report.results.iter().filter(move |result| result.check.owner == owner && result.findings > 0);
            (owner, mine().count() as u64, mine().map(|result| result.findings as u64).sum())
        })
        .filter(|&(_, checks, _)| checks > 0)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{reason, sentence};
    use crate::model::excluded::Reject;
    use crate::outputs::redact::Names;

    #[test]
    fn the_value_of_a_rejected_row_is_withheld_with_the_names() {
        let reject = Reject::new("the learner's id is not a whole number", b"ada@example.com");
        assert_eq!(reason(&reject, Names::Withheld), "the learner's id is not a whole number");
        assert_eq!(reason(&reject, Names::Shown), "the learner's id is not a whole number: ada@example.com");
    }

    #[test]
    fn fragments_become_sentences() {
        assert_eq!(sentence("never: such an id cannot work"), "Never: such an id cannot work.");
        assert_eq!(sentence("Done."), "Done.");
        assert_eq!(sentence(""), "");
    }
}
