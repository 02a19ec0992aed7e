//! What analysts answer to findings - status, owner, comment - and how the answers outlive the run in
//! whose workbook they were written.
//!
//! Must not know: files (but for [`workbook`], which reads one), checks, and how answers are shown.

pub mod workbook;

use std::collections::BTreeMap;

use rustc_hash::FxHashSet;
use serde::{Deserialize, Serialize};

use crate::model::label::Label;
use crate::model::text::{SanitizedJson, escape_controls};

/// The most characters that a comment takes.
pub const MAX_COMMENT: usize = 2_000;
/// The most characters that an owner takes.
pub const MAX_OWNER: usize = 200;
/// The sheet that analysts fill.
pub const SHEET: &str = "Findings";

/// How far a finding has been worked on, as the drop-down of the workbook offers it.
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
    /// Nobody looks into it yet.
    #[serde(rename = "Open")]
    #[strum(serialize = "Open")]
    Open,
    /// Somebody looks into it.
    #[serde(rename = "Investigating")]
    #[strum(serialize = "Investigating")]
    Investigating,
    /// Docebo support has it.
    #[serde(rename = "Raised with Docebo")]
    #[strum(serialize = "Raised with Docebo")]
    RaisedWithDocebo,
    /// Put right in Salesforce; the next run shows whether that holds.
    #[serde(rename = "Fixed in Salesforce")]
    #[strum(serialize = "Fixed in Salesforce")]
    FixedInSalesforce,
    /// Put right in Docebo; the next run shows whether that holds.
    #[serde(rename = "Fixed in Docebo")]
    #[strum(serialize = "Fixed in Docebo")]
    FixedInDocebo,
    /// The two sides are meant to differ here.
    #[serde(rename = "Expected difference")]
    #[strum(serialize = "Expected difference")]
    ExpectedDifference,
    /// Known, and left as it is.
    #[serde(rename = "Will not fix")]
    #[strum(serialize = "Will not fix")]
    WillNotFix,
}

impl Status {
    /// Whether somebody still has to do something.
    #[must_use]
    pub const fn asks_for_work(self) -> bool {
        match self {
            Self::Open | Self::Investigating | Self::RaisedWithDocebo => true,
            Self::FixedInSalesforce | Self::FixedInDocebo | Self::ExpectedDifference | Self::WillNotFix => false,
        }
    }

    /// The status that somebody wrote: its word, in whatever case and with whatever white space.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        <Self as Label>::parse(text).or_else(|| {
            let plain = plain(text);
            Self::ALL.iter().copied().find(|status| status.label().to_lowercase() == plain)
        })
    }

    /// The status that somebody may have meant.
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

/// Lower case, trimmed, one space wherever there is white space.
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
    /// Whatever there is to say.
    Comment,
}

/// What somebody answered to one finding.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Review {
    /// How far it is; none where nobody chose one.
    pub status: Option<Status>,
    /// Who works on it.
    pub owner: String,
    /// Whatever there is to say.
    pub comment: String,
    /// The id of the run in whose workbook it was written.
    pub run: String,
}

impl Review {
    /// Whether it says nothing.
    #[must_use]
    pub const fn is_blank(&self) -> bool {
        self.status.is_none() && self.owner.is_empty() && self.comment.is_empty()
    }

    /// Whether two reviews say the same, in whichever run.
    fn describe(&self, other: &Self) -> bool {
        self.status == other.status && self.owner == other.owner && self.comment == other.comment
    }
}

/// Reviews by the key of their finding.
pub type Reviews = BTreeMap<String, Review>;

/// A line of `reviews.jsonl` that is not what [`lines`] writes.
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
    // Without a function of its own, serde would take a status that is not there for null.
    #[serde(deserialize_with = "Option::deserialize")]
    status: Option<Status>,
    owner: T,
    comment: T,
    run: T,
}

/// The content of `reviews.jsonl`: one review a line, in the order of their keys. Characters that
/// change how the text around them is shown stand as escapes.
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

/// Reads what [`lines`] wrote; blank lines, and line ends of other systems, are all right.
///
/// # Errors
/// The first line that is something else, or that speaks of a finding for the second time.
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

/// Where the columns stand, each counted from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Columns {
    /// In the order of [`Column`].
    pub at: [u32; 4],
}

impl Columns {
    /// A cell as people name it, such as `Findings!P17`.
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

/// A row of the sheet as somebody filled it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filled {
    /// The row of the sheet, counted from 1.
    pub row: u32,
    /// The key of the finding.
    pub key: String,
    /// What stands under Status.
    pub status: String,
    /// What stands under Owner.
    pub owner: String,
    /// What stands under Comment.
    pub comment: String,
    /// Cells that hold an error, such as `#REF!`; their text is empty.
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

    /// Whether the three cells to be filled hold nothing.
    fn is_unanswered(&self) -> bool {
        [&self.status, &self.owner, &self.comment].iter().all(|text| text.trim().is_empty())
            && self.errors.iter().all(|&(column, _)| column == Column::Finding)
    }

    fn is_blank(&self) -> bool {
        self.key.trim().is_empty() && self.errors.is_empty() && self.is_unanswered()
    }
}

/// The sheet as it came back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sheet {
    /// The id of the run that wrote the workbook, where the workbook still says so.
    pub run: Option<String>,
    /// Where the columns stand.
    pub columns: Columns,
    /// Its rows, without those that hold nothing in any of the four columns.
    pub rows: Vec<Filled>,
}

/// A row that is not taken over. The earlier review of its finding stays as it was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// The row of the sheet, counted from 1.
    pub row: u32,
    /// The key as it stands there.
    pub key: String,
    /// All that is wrong, with the cells; harmless in a terminal.
    pub why: String,
}

/// What a filled workbook changes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Taken {
    /// The earlier reviews with the workbook's answers.
    pub reviews: Reviews,
    /// Findings that had no review before.
    pub new: usize,
    /// Findings whose review says something else now.
    pub changed: usize,
    /// Findings that had a review, and whose three cells are blank now.
    pub withdrawn: Vec<String>,
    /// Such findings whose review was kept all the same.
    pub kept: Vec<String>,
    /// Findings whose review says what it said.
    pub unchanged: usize,
    /// Rows that are not taken over, from the top.
    pub refused: Vec<Refused>,
    /// Findings that the workbook showed and that it holds no longer. That closes nothing: an earlier
    /// review stays.
    pub deleted: Vec<String>,
}

impl Taken {
    /// Puts back the earlier reviews of findings whose three cells are blank now: they are kept in place of
    /// withdrawn.
    pub fn keep_withdrawn(&mut self, before: &Reviews) {
        for key in &self.withdrawn {
            self.reviews.extend(before.get_key_value(key).map(|(key, review)| (key.clone(), review.clone())));
        }
        self.kept = std::mem::take(&mut self.withdrawn);
    }
}

/// Merges a filled sheet into the earlier reviews. `known` are the keys of the run's findings in the
/// order of its report, of which its workbook shows the first `shown`; `run` is the run's id.
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

/// A row of a finding of the run: what it says, or all that is wrong with it.
struct Answer<'a> {
    filled: &'a Filled,
    review: Result<Review, String>,
}

fn refused(filled: &Filled, why: String) -> Refused {
    Refused { row: filled.row, key: filled.key.trim().to_owned(), why }
}

/// Why a row belongs to no finding.
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

/// What a row says. Where it says what the earlier review said, that one's own text is kept: a cell
/// holds active characters in their visible form only.
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

/// The one answer of all rows of a finding, or what is wrong with each of them.
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

/// Puts an answer in the place of the earlier one.
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

/// The beginning of a text, between signs that mark it as somebody's own words.
fn quoted(text: &str) -> String {
    const MAX_QUOTED: usize = 40;
    let start: String = text.chars().take(MAX_QUOTED).collect();
    let shown = escape_controls(&start);
    let more = if text.chars().nth(MAX_QUOTED).is_some() { "\u{2026}" } else { "" };
    format!("`{shown}{more}`")
}

#[cfg(test)]
mod tests;
