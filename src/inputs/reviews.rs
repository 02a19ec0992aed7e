//! Analysts' answers to findings - status, owner, comment - and how they are carried over to later runs.
//!
//! Must not know: files (except for [`workbook`], which reads one), checks, and how answers are shown.

pub mod workbook;

use std::collections::BTreeMap;

use rustc_hash::FxHashSet;
use serde::{Deserialize, Serialize};

use crate::model::label::Label;
use crate::model::text::{SanitizedJson, escape_controls};

/// Maximum characters of a comment.
pub const MAX_COMMENT: usize = 2_000;
/// Maximum characters of an owner.
pub const MAX_OWNER: usize = 200;
/// The sheet for analysts' answers.
pub const SHEET: &str = "Findings";

/// Progress on a finding, as offered by the workbook's drop-down.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    strum::Display,
    strum::EnumString,
    strum::IntoStaticStr,
    strum::VariantArray,
)]
pub enum Status {
    /// Not yet investigated.
    #[serde(rename = "Open")]
    #[strum(serialize = "Open")]
    Open,
    /// Under investigation.
    #[serde(rename = "Investigating")]
    #[strum(serialize = "Investigating")]
    Investigating,
    /// Reported to Docebo support.
    #[serde(rename = "Raised with Docebo")]
    #[strum(serialize = "Raised with Docebo")]
    RaisedWithDocebo,
    /// Fixed in Salesforce; the next run shows whether that holds.
    #[serde(rename = "Fixed in Salesforce")]
    #[strum(serialize = "Fixed in Salesforce")]
    FixedInSalesforce,
    /// Fixed in Docebo; the next run shows whether that holds.
    #[serde(rename = "Fixed in Docebo")]
    #[strum(serialize = "Fixed in Docebo")]
    FixedInDocebo,
    /// The difference is intended.
    #[serde(rename = "Expected difference")]
    #[strum(serialize = "Expected difference")]
    ExpectedDifference,
    /// Known, and left as is.
    #[serde(rename = "Will not fix")]
    #[strum(serialize = "Will not fix")]
    WillNotFix,
}

impl Status {
    /// Whether work remains.
    #[must_use]
    pub const fn asks_for_work(self) -> bool {
        match self {
            Self::Open | Self::Investigating | Self::RaisedWithDocebo => true,
            Self::FixedInSalesforce | Self::FixedInDocebo | Self::ExpectedDifference | Self::WillNotFix => false,
        }
    }

    /// Parses a status, ignoring case and extra white space.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        <Self as Label>::parse(text).or_else(|| {
            let plain = plain(text);
            Self::ALL.iter().copied().find(|status| status.label().to_lowercase() == plain)
        })
    }

    /// The most similar status, for a suggestion.
    fn nearest(text: &str) -> Option<Self> {
        let plain = plain(text);
        Self::ALL
            .iter()
            .map(|&status| (strsim::jaro_winkler(&plain, &status.label().to_lowercase()), status))
            .filter(|&(likeness, _)| likeness > 0.8)
            .max_by(|a, b| a.0.total_cmp(&b.0))
            .map(|(_, status)| status)
    }
}

/// Lowercase, trimmed, white space collapsed.
fn plain(text: &str) -> String {
    text.split_whitespace().map(str::to_lowercase).collect::<Vec<_>>().join(" ")
}

/// The columns of the sheet that are read back.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    strum::Display,
    strum::EnumString,
    strum::IntoStaticStr,
    strum::VariantArray,
)]
#[serde(rename_all = "PascalCase")]
#[strum(serialize_all = "PascalCase")]
pub enum Column {
    /// The key of the finding.
    Finding,
    /// A [`Status`].
    Status,
    /// Who works on it.
    Owner,
    /// Free text.
    Comment,
}

/// An analyst's answer to one finding.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Review {
    /// Status; `None` if nobody chose one.
    pub status: Option<Status>,
    /// Who works on it.
    pub owner: String,
    /// Free text.
    pub comment: String,
    /// Id of the run whose workbook contained it.
    pub run: String,
}

impl Review {
    /// Whether it is empty.
    #[must_use]
    pub const fn is_blank(&self) -> bool {
        self.status.is_none() && self.owner.is_empty() && self.comment.is_empty()
    }

    /// Whether two reviews are equal, ignoring the run.
    fn describe(&self, other: &Self) -> bool {
        self.status == other.status && self.owner == other.owner && self.comment == other.comment
    }
}

/// Reviews by the key of their finding.
pub type Reviews = BTreeMap<String, Review>;

/// A line of `reviews.jsonl` not in the format of [`lines`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {what}")]
pub struct ReviewFault {
    /// Counted from 1.
    pub line: usize,
    /// What is wrong with it.
    pub what: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ReviewRecord<K, T> {
    key: K,
    // Without a function of its own, serde would accept a missing status as null.
    #[serde(deserialize_with = "Option::deserialize")]
    status: Option<Status>,
    owner: T,
    comment: T,
    run: T,
}

/// The content of `reviews.jsonl`: one review per line, sorted by key. Characters that change how surrounding text is
/// displayed are escaped.
#[must_use]
pub fn lines(reviews: &Reviews) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (key, review) in reviews {
        let Review { status, owner, comment, run } = review;
        let line = ReviewRecord { key, status: *status, owner, comment, run };
        // Writing to memory cannot fail.
        let _ = line.serialize(&mut serde_json::Serializer::with_formatter(&mut bytes, SanitizedJson));
        bytes.push(b'\n');
    }
    bytes
}

/// Parses the output of [`lines`]; blank lines and foreign line ends are accepted.
///
/// # Errors
/// If a line is invalid, or repeats a finding; the first such line.
pub fn parse(bytes: &[u8]) -> Result<Reviews, ReviewFault> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let mut reviews = Reviews::new();
    for (line, text) in (1..).zip(bytes.split(|&byte| byte == b'\n')) {
        if text.trim_ascii().is_empty() {
            continue;
        }
        let fault = |what| ReviewFault { line, what };
        let ReviewRecord { key, status, owner, comment, run } =
            serde_json::from_slice::<ReviewRecord<String, String>>(text).map_err(|error| {
                let message = error.to_string();
                let what = message.rsplit_once(" at line ").map_or(message.as_str(), |(what, _)| what);
                fault(format!("{}, at column {}", escape_controls(what), error.column()))
            })?;
        if key.is_empty() {
            return Err(fault("the key is empty".to_owned()));
        }
        if reviews.contains_key(&key) {
            return Err(fault(format!("{} has a review on an earlier line", quoted(&key))));
        }
        reviews.insert(key, Review { status, owner, comment, run });
    }
    Ok(reviews)
}

/// Column positions, each counted from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Columns {
    /// In the order of [`Column`].
    pub at: [u32; 4],
}

impl Columns {
    /// A cell reference for people, such as `Findings!P17`.
    #[must_use]
    pub fn cell(&self, column: Column, row: u32) -> String {
        format!("{SHEET}!{}{row}", letters(self.at[column.index()]))
    }
}

/// The letters of a column, counted from 0.
fn letters(column: u32) -> String {
    let mut letters = Vec::new();
    let mut rest = column + 1;
    while rest > 0 {
        rest -= 1;
        letters.push(char::from(b'A' + u8::try_from(rest % 26).unwrap_or_default()));
        rest /= 26;
    }
    letters.iter().rev().collect()
}

/// A filled-in row of the sheet.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filled {
    /// The row of the sheet, counted from 1.
    pub row: u32,
    /// The key of the finding.
    pub key: String,
    /// The Status cell.
    pub status: String,
    /// The Owner cell.
    pub owner: String,
    /// The Comment cell.
    pub comment: String,
    /// Cells with an error, such as `#REF!`; their text is empty.
    pub errors: Vec<(Column, String)>,
}

impl Filled {
    fn text(&mut self, column: Column) -> &mut String {
        match column {
            Column::Finding => &mut self.key,
            Column::Status => &mut self.status,
            Column::Owner => &mut self.owner,
            Column::Comment => &mut self.comment,
        }
    }

    /// Whether the three answer cells are empty.
    fn is_unanswered(&self) -> bool {
        [&self.status, &self.owner, &self.comment].iter().all(|text| text.trim().is_empty())
            && self.errors.iter().all(|&(column, _)| column == Column::Finding)
    }

    fn is_blank(&self) -> bool {
        self.key.trim().is_empty() && self.errors.is_empty() && self.is_unanswered()
    }
}

/// The returned sheet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sheet {
    /// The id of the run that wrote the workbook, if still present.
    pub run: Option<String>,
    /// Column positions.
    pub columns: Columns,
    /// Its rows, except those empty in all four columns.
    pub rows: Vec<Filled>,
}

/// A rejected row. The earlier review of its finding stays unchanged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// The row of the sheet, counted from 1.
    pub row: u32,
    /// The key in that row.
    pub key: String,
    /// All problems, with their cells; safe for a terminal.
    pub why: String,
}

/// Changes from a filled-in workbook.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Taken {
    /// The earlier reviews, updated from the workbook.
    pub reviews: Reviews,
    /// Number of findings first reviewed now.
    pub new: usize,
    /// Number of findings whose review changed.
    pub changed: usize,
    /// Findings with an earlier review whose three cells are now blank.
    pub withdrawn: Vec<String>,
    /// Such findings whose review was kept anyway.
    pub kept: Vec<String>,
    /// Number of findings whose review is unchanged.
    pub unchanged: usize,
    /// Rejected rows, in sheet order.
    pub refused: Vec<Refused>,
    /// Findings shown in the workbook that it no longer contains. That closes nothing: an earlier review stays.
    pub deleted: Vec<String>,
}

impl Taken {
    /// Restores the earlier reviews of findings whose three cells are now blank: they count as kept, not withdrawn.
    pub fn keep_withdrawn(&mut self, before: &Reviews) {
        for key in &self.withdrawn {
            self.reviews.extend(before.get_key_value(key).map(|(key, review)| (key.clone(), review.clone())));
        }
        self.kept = std::mem::take(&mut self.withdrawn);
    }
}

/// Merges a filled-in sheet into the earlier reviews. `known` are the keys of the run's findings in report order, of
/// which its workbook shows the first `shown`; `run` is the run's id.
#[must_use]
pub fn take(sheet: &Sheet, known: &[impl AsRef<str>], before: &Reviews, run: &str, shown: usize) -> Taken {
    let keys: FxHashSet<&str> = known.iter().map(AsRef::as_ref).collect();
    let mut taken = Taken { reviews: before.clone(), ..Taken::default() };
    let mut answers: BTreeMap<&str, Vec<Answer<'_>>> = BTreeMap::new();
    for filled in sheet.rows.iter().filter(|filled| !filled.is_blank()) {
        let key = filled.key.trim();
        if keys.contains(key) {
            let review = read(filled, sheet.columns, before.get(key), run);
            answers.entry(key).or_default().push(Answer { filled, review });
        } else {
            taken.refused.push(refused(filled, nameless(filled, sheet.columns)));
        }
    }
    let here = known.iter().take(shown).map(AsRef::as_ref).filter(|key| !answers.contains_key(key));
    taken.deleted = here.map(str::to_owned).collect();
    for (key, rows) in answers {
        match agreed(&rows, sheet.columns) {
            Ok(review) => resolve(&mut taken, key, review),
            Err(refused) => taken.refused.extend(refused),
        }
    }
    taken.refused.sort_by_key(|refused| refused.row);
    taken
}

/// A row for a finding of the run: its review, or all its problems.
struct Answer<'a> {
    filled: &'a Filled,
    review: Result<Review, String>,
}

fn refused(filled: &Filled, why: String) -> Refused {
    Refused { row: filled.row, key: filled.key.trim().to_owned(), why }
}

/// Why a row matches no finding.
fn nameless(filled: &Filled, columns: Columns) -> String {
    let cell = columns.cell(Column::Finding, filled.row);
    if let Some((_, error)) = filled.errors.iter().find(|&&(column, _)| column == Column::Finding) {
        format!("{cell} holds the error {error}")
    } else if filled.key.trim().is_empty() {
        format!("{cell} is blank, so nobody knows which finding the row answers")
    } else {
        format!("{cell} says {}, which is no finding of this run", quoted(filled.key.trim()))
    }
}

/// Reads a row. If it equals the earlier review, that one's own text is kept: a cell contains active characters in
/// visible form only.
fn read(filled: &Filled, columns: Columns, before: Option<&Review>, run: &str) -> Result<Review, String> {
    let mut wrong: Vec<String> = Vec::new();
    for (column, error) in &filled.errors {
        wrong.push(format!("{} holds the error {error}", columns.cell(*column, filled.row)));
    }
    let mut review = Review { run: run.to_owned(), ..Review::default() };
    if !filled.status.trim().is_empty() {
        review.status = Status::parse(&filled.status);
        if review.status.is_none() {
            let hint = Status::nearest(&filled.status).map_or_else(
                || {
                    format!(
                        "; the statuses are {}",
                        Status::ALL.iter().map(|s| s.label()).collect::<Vec<_>>().join(", ")
                    )
                },
                |near| format!("; did you mean `{near}`?"),
            );
            let cell = columns.cell(Column::Status, filled.row);
            wrong.push(format!("{cell} says {}, which is no status{hint}", quoted(filled.status.trim())));
        }
    }
    for (column, text, earlier, most, slot) in [
        (Column::Owner, &filled.owner, before.map(|review| &review.owner), MAX_OWNER, &mut review.owner),
        (Column::Comment, &filled.comment, before.map(|review| &review.comment), MAX_COMMENT, &mut review.comment),
    ] {
        let text = text.trim().replace("\r\n", "\n");
        if let Some(earlier) =
            earlier.filter(|earlier| earlier.trim() == text || escape_controls(earlier).trim() == text)
        {
            slot.clone_from(earlier);
            continue;
        }
        let length = text.chars().count();
        if length > most {
            let cell = columns.cell(column, filled.row);
            wrong.push(format!("{cell} is {length} characters long; the column {column} takes {most}"));
        }
        *slot = text;
    }
    if wrong.is_empty() { Ok(review) } else { Err(wrong.join("; ")) }
}

/// The common answer of all rows of a finding, or each row's problem.
fn agreed(rows: &[Answer<'_>], columns: Columns) -> Result<Review, Vec<Refused>> {
    let [first, more @ ..] = rows else { return Err(Vec::new()) };
    if let Ok(review) = &first.review
        && more.iter().all(|row| row.review.as_ref().is_ok_and(|other| other.describe(review)))
    {
        return Ok(review.clone());
    }
    let cells: Vec<String> =
        rows.iter().map(|row| columns.cell(Column::Finding, row.filled.row)).take(4).collect::<Vec<_>>();
    let others = if rows.len() > cells.len() { " and others" } else { "" };
    let twice = || format!("{}{others} name the same finding with different answers", cells.join(", "));
    Err(rows.iter().map(|row| refused(row.filled, row.review.as_ref().err().cloned().unwrap_or_else(twice))).collect())
}

/// Replaces the earlier answer.
fn resolve(taken: &mut Taken, key: &str, review: Review) {
    match taken.reviews.get_mut(key) {
        Some(earlier) if earlier.describe(&review) => taken.unchanged += 1,
        Some(_) if review.is_blank() => {
            taken.reviews.remove(key);
            taken.withdrawn.push(key.to_owned());
        }
        Some(earlier) => {
            *earlier = review;
            taken.changed += 1;
        }
        None if review.is_blank() => {}
        None => {
            taken.reviews.insert(key.to_owned(), review);
            taken.new += 1;
        }
    }
}

/// The beginning of a text, in quotes that mark it as user input.
fn quoted(text: &str) -> String {
    const MAX_QUOTED: usize = 40;
    let start: String = text.chars().take(MAX_QUOTED).collect();
    let shown = escape_controls(&start);
    let more = if text.chars().nth(MAX_QUOTED).is_some() { "\u{2026}" } else { "" };
    format!("`{shown}{more}`")
}

#[cfg(test)]
mod tests;
