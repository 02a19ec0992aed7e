//! Detects files in an unknown format: if more than a fifth of a file's rows are unreadable for one reason, the run
//! ends and names the setting to change.
//!
//! Fewer than five such rows are listed only, unless no row of the file is readable.

use std::collections::BTreeMap;

use crate::error::Error;
use crate::inputs::table::Table;
use crate::model::excluded::Reject;
use crate::model::instant::OUT_OF_RANGE;
use crate::model::source_line::SourceLine;
use crate::settings::ColumnName;

/// Fewer rows are no pattern.
const MIN_ROWS: u64 = 5;
/// At most one row in this many may be unreadable for one reason.
const SHARE: u64 = 5;
/// At most this many distinct values are words rather than dates or ids.
const MAX_WORDS: usize = 3;

/// Rows that are unreadable for the same reason.
struct Group<'a> {
    count: u64,
    place: SourceLine,
    first: &'a Reject,
}

/// The reason without the numbers of the row.
fn kind(reject: &Reject) -> (&str, &str) {
    (&reject.column, reject.reason.split(':').next().unwrap_or_default())
}

/// Checks the unreadable rows of a file, each with its position, in file order. `part_of` returns the part of the file
/// that contains a line, as a suffix; `column` the tool's column for a heading.
///
/// # Errors
/// If too many are unreadable for one reason.
pub(super) fn check<'a>(
    table: &Table,
    rows: u64,
    rejects: impl Iterator<Item = (SourceLine, &'a Reject)> + Clone,
    part_of: impl Fn(&SourceLine) -> String,
    column: impl Fn(&str) -> Option<ColumnName>,
) -> Result<(), Error> {
    let mut groups: BTreeMap<(&str, &str), Group<'_>> = BTreeMap::new();
    let mut unreadable = 0;
    for (place, first) in rejects.clone() {
        unreadable += 1;
        groups.entry(kind(first)).or_insert(Group { count: 0, place, first }).count += 1;
    }
    let Some(most) = groups.values().max_by_key(|group| (group.count, std::cmp::Reverse(group.place))) else {
        return Ok(());
    };
    let is_pattern = most.count >= MIN_ROWS || unreadable == rows;
    if most.count * SHARE <= rows || !is_pattern || most.first.reason == Reject::UNKNOWN_COURSE {
        return Ok(());
    }
    let mut words: Vec<&str> = Vec::new();
    for (_, reject) in rejects.filter(|(_, reject)| kind(reject) == kind(most.first)) {
        if !words.contains(&reject.value.as_str()) {
            words.push(&reject.value);
        }
        if words.len() > MAX_WORDS {
            break;
        }
    }
    let are_words = words.len() <= MAX_WORDS
        && (most.count > MAX_WORDS as u64)
        && words.iter().all(|word| !word.is_empty() && !word.chars().any(|c| c.is_ascii_digit()));
    let Group { count, place, first } = most;
    let cannot = match rows {
        1 => "the only row cannot".to_owned(),
        rows if *count == rows => format!("none of the {rows} rows can"),
        rows => format!("{count} of {rows} rows ({}%) cannot", count * 100 / rows),
    };
    let heading = if first.column.is_empty() { String::new() } else { format!(", column `{}`", first.column) };
    let value = if first.value.is_empty() { String::new() } else { format!(", which reads `{}`", first.value) };
    Err(Error::Input {
        path: table.path().to_owned(),
        what: format!(
            "{cannot} be read: {}; the first is on line {}{}{heading}{value}",
            first.reason,
            place.line,
            part_of(place)
        ),
        next: advice(column(&first.column), first, are_words.then_some(&words)),
    })
}

/// What to set, or how to export.
fn advice(column: Option<ColumnName>, first: &Reject, words: Option<&Vec<&str>>) -> String {
    let Some(column) = column else {
        return "check that the file uses one delimiter throughout and that cells containing it are quoted, and export \
                the report again without opening it in between"
            .to_owned();
    };
    let other = format!("if this is not the right column, set {} = \"HEADING\" under [docebo.columns]", column.key());
    if first.reason.contains("UTF-8") {
        return "save the file as UTF-8 (CSV UTF-8), or export the report again".to_owned();
    }
    if column == ColumnName::Archived {
        return "name the words that mean archived under [docebo], for example archived_words = [\"Yes\"]; every other word \
                then means not archived"
            .to_owned();
    }
    if let Some(words) = words {
        let list: Vec<String> = words.iter().map(|word| format!("{word:?}")).collect();
        return format!(
            "if that means that there is no value, set null_values = [{}] under [docebo]; {other}",
            list.join(", ")
        );
    }
    if first.reason.contains(OUT_OF_RANGE) {
        return format!(
            "if that means that there is no date, set null_values = [{:?}] under [docebo]; else correct the dates in Docebo; \
             {other}",
            first.value
        );
    }
    match column {
        ColumnName::EnrollmentDate
        | ColumnName::CompletionDate
        | ColumnName::FirstAccess
        | ColumnName::LastAccess
        | ColumnName::CourseCreated => format!(
            "set the pattern of the dates under [docebo], for example date_format = \"%d/%m/%Y %H:%M\" for 31/01/2026 08:15, or \
             date_format = \"%m/%d/%y %I:%M %p\" for 1/31/26 8:15 AM; {other}"
        ),
        ColumnName::LearnerId | ColumnName::CourseId => format!(
            "export the report again without opening it in a spreadsheet program, or format the column as a plain number or as \
             text and save the file again; {other}"
        ),
        ColumnName::Username => "add `User unique ID` to the report and export it again".to_owned(),
        ColumnName::SfdcId | ColumnName::CourseCode | ColumnName::Status | ColumnName::Archived => {
            format!("correct the formulas in the spreadsheet, or export the report again; {other}")
        }
    }
}
