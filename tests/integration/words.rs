//! The words of the code: a name that was retired does not come back.
//!
//! Only identifiers and file names are looked at here; what users read has a test of its own.

use std::path::Path;

use crate::architecture::sources;
use crate::root;
use crate::source::{Part, parts};

/// A retired identifier and the one to use.
const RETIRED: &[(&str, &str)] = &[
    ("Again", "Rerender"),
    ("Books", "Reconciliation"),
    ("Census", "StreamStats"),
    ("Claim", "Match"),
    ("Commons", "RowTemplates"),
    ("DoubleRecord", "DuplicateRecord"),
    ("Extent", "Completeness"),
    ("Fared", "StreamState"),
    ("Fate", "EventStatus"),
    ("Filing", "Matcher"),
    ("Former", "PreviousRun"),
    ("Head", "Header"),
    ("Live", "OrgConnection"),
    ("Look", "CellStyle"),
    ("Pace", "RetryPolicy"),
    ("Past", "Baseline"),
    ("Place", "SourceLine or OutputSink"),
    ("Pulse", "WriteActivity"),
    ("Refusal", "ErrorResponse"),
    ("Ripe", "MatureEvents"),
    ("Said", "RequestEvent"),
    ("SfId", "RecordId"),
    ("SfdcRef", "ResolvedSfdcId"),
    ("Slots", "TimeBuckets or EnrollmentIndex"),
    ("Stated", "DoceboValues"),
    ("Statements", "ExportEnrollments"),
    ("Stretch", "StalledPeriod"),
    ("Telling", "FindingDetail"),
    ("Told", "a name for what it holds"),
    ("Toll", "Impact"),
    ("Trouble", "ApiError"),
    ("Undecidable", "RelateError"),
    ("Unjoinable", "JoinError"),
    ("Watch", "FreshnessSettings"),
    ("Widened", "a name for what it does"),
    ("aside", "excluded"),
    ("because_of", "caused_by"),
    ("beside", "auxiliary, other or next"),
    ("books", "reconciliation"),
    ("census", "stats"),
    ("complain", "print_error"),
    ("equations", "control_totals"),
    ("fallout", "consequence"),
    ("fared", "state"),
    ("fate", "status"),
    ("fence", "watermark"),
    ("former", "previous"),
    ("gone", "deleted"),
    ("gravest", "most severe"),
    ("inert", "sanitize"),
    ("innocent_when", "expected_when"),
    ("lack", "missing"),
    ("lacking", "missing"),
    ("loose", "unmatched"),
    ("odd_key", "key_mismatch"),
    ("patience", "expected_lag or max_wait"),
    ("pulse", "write_activity"),
    ("pulses", "write_activity"),
    ("said", "message"),
    ("settle", "deduplicate, infer, resolve or finish"),
    ("tell", "describe"),
    ("telling", "detail"),
    ("tied", "balanced"),
    ("told", "a name for what it holds"),
    ("toll", "impact"),
    ("words!", "a derive"),
];

/// The identifiers of a source, without those in comments and texts.
fn identifiers(text: &str) -> Vec<String> {
    let name = |part| match part {
        Part::Identifier(name) => Some(name.to_owned()),
        Part::Text(_) => None,
    };
    parts(text).into_iter().filter_map(name).collect()
}

fn retired(name: &str) -> Option<&'static str> {
    if name.starts_with("MOST_") || name == "MOST" {
        return Some("MAX_…");
    }
    if name.starts_with("LEAST_") {
        return Some("MIN_…");
    }
    RETIRED.iter().find(|(old, _)| *old == name).map(|&(_, new)| new)
}

#[test]
fn no_retired_name_comes_back() {
    let mut found = Vec::new();
    for folder in ["src", "tests"] {
        for file in sources(&root().join(folder)) {
            if file.ends_with(Path::new(file!()).file_name().expect("a name")) {
                continue;
            }
            let path = file.strip_prefix(root()).expect("inside").display().to_string();
            let stem = file.file_stem().expect("a name").to_string_lossy().into_owned();
            let text = std::fs::read_to_string(&file).expect("a source");
            let names = identifiers(&text);
            for pair in names.windows(2) {
                if pair[0] == "fn" && pair[1] == "of" {
                    found.push(format!("{path}: `fn of`: use `new` or `from_…`"));
                }
            }
            for name in names.into_iter().chain([stem]) {
                if let Some(new) = retired(&name) {
                    found.push(format!("{path}: `{name}`: use {new}"));
                }
            }
        }
    }
    found.sort_unstable();
    found.dedup();
    assert!(found.is_empty(), "retired names:\n{}", found.join("\n"));
}

#[test]
fn names_in_comments_and_strings_do_not_count() {
    let text =
        "fn a<'a>(c: char) { // told\n let x = \"to\\\"ld\"; let y = r#\"told\"#; let z = '\\''; b(x, '\"', told) }";
    assert_eq!(identifiers(text).iter().filter(|name| *name == "told").count(), 1);
}
