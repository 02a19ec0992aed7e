//! Parses rows of the two reports independently of earlier rows.
//!
//! Must not know: which rows of a learner or an enrollment count.

use std::sync::Arc;

use rustc_hash::FxHashSet;

use super::dates::{DateColumn, DateReader, DateRules};
use super::headings::Headings;
use super::is_username;
use super::learners::Reported;
use super::short_rows::Width;
use super::words::{Vocabulary, is_spreadsheet_error};
use crate::error::Error;
use crate::inputs::table::{CellFault, Row, Rows, Table, cell_fault, cell_text};
use crate::model::column::TextColumn;
use crate::model::courses::CourseCodes;
use crate::model::excluded::{Reject, SharedRejects};
use crate::model::instant::LocalTime;
use crate::model::number::{self, NumberFault};
use crate::model::row::index;
use crate::model::source_line::SourceLine;
use crate::settings::ColumnName;

/// How to read the cells of a file.
#[derive(Clone, Copy)]
pub(super) struct Cells<'a> {
    table: &'a Table,
    words: &'a Vocabulary,
    /// The number of leading cells that include every required column.
    min: usize,
}

impl<'a> Cells<'a> {
    /// Reads a file in which these columns are required.
    pub(super) fn new(table: &'a Table, words: &'a Vocabulary, filled: impl IntoIterator<Item = usize>) -> Self {
        Self { table, words, min: filled.into_iter().max().map_or(0, |last| last + 1) }
    }

    /// The row's width, ignoring surplus blank cells.
    #[inline]
    pub(super) fn width(self, row: Row<'_>) -> Width {
        let (cells, columns) = (row.len(), self.table.headings.len());
        if cells == columns {
            Width::Full
        } else if cells > columns {
            if self.trusted(row) == 0 { Width::TooWide } else { Width::Full }
        } else if cells >= self.min {
            Width::Short
        } else {
            Width::Fragment
        }
    }

    /// Rejects a row with an unusable number of cells.
    pub(super) fn wrong_width(self, row: Row<'_>) -> Box<Reject> {
        let (cells, columns) = (row.len(), self.table.headings.len());
        let too = if cells < columns { "few" } else { "many" };
        Box::new(Reject::new(format!("too {too} cells: {cells}, but the header row has {columns}"), b""))
    }

    /// The number of leading cells that certainly match their headings. In a short row, all but the last, which may be
    /// truncated; in a row with surplus text, none, as the extra delimiter could be anywhere.
    fn trusted(self, row: Row<'_>) -> usize {
        let (cells, columns) = (row.len(), self.table.headings.len());
        if cells < columns {
            cells - 1
        } else if (columns..cells).all(|column| row.get(column).trim_ascii().is_empty()) {
            columns
        } else {
            0
        }
    }

    /// A cell; blank if a null word.
    #[inline]
    fn get(self, row: Row<'a>, column: usize) -> &'a [u8] {
        self.words.unless_null(row.get(column))
    }

    /// A cell as text; `what` describes its content.
    #[inline]
    fn text(self, row: Row<'a>, column: usize, what: &'static str) -> Result<&'a str, Box<Reject>> {
        let cell = self.get(row, column);
        if is_spreadsheet_error(cell) {
            return Err(self.spreadsheet_error(column, what, cell));
        }
        cell_text(cell).map_err(|_| self.fault(column, what, "is not valid UTF-8", cell))
    }

    #[inline]
    fn id(self, row: Row<'a>, column: usize, what: &'static str) -> Result<u64, Box<Reject>> {
        let cell = self.get(row, column);
        read_id(cell).map_err(|why| self.fault(column, what, why, cell))
    }

    /// Whether the enrollment is archived.
    fn archived(self, row: Row<'a>, column: usize) -> Result<bool, Box<Reject>> {
        // Docebo's own words, unless configured otherwise.
        match self.get(row, column) {
            b"No" | b"" if self.words.knows_docebo() => return Ok(false),
            b"Yes" if self.words.knows_docebo() => return Ok(true),
            _ => {}
        }
        let word = self.text(row, column, "the Archived Enrollment value")?;
        self.words.archived(word).ok_or_else(|| {
            self.fault(column, "the Archived Enrollment value", "is neither yes nor no", word.as_bytes())
        })
    }

    #[inline]
    fn date(
        self,
        row: Row<'a>,
        column: usize,
        dates: &mut DateReader<'_>,
        name: DateColumn,
    ) -> Result<Option<LocalTime>, Box<Reject>> {
        let cell = self.get(row, column);
        dates.read(cell, name, row.line).map_err(|fault| {
            if is_spreadsheet_error(cell) {
                return self.spreadsheet_error(column, name.meaning(), cell);
            }
            self.fault(column, name.meaning(), fault.why(), cell)
        })
    }

    /// The reject for an unreadable value: the cell's own fault, if any.
    #[cold]
    fn fault(self, column: usize, what: &str, why: &str, cell: &[u8]) -> Box<Reject> {
        let reject = match cell_fault(cell) {
            Some(fault @ CellFault::FormulaWithoutResult) => Reject::new(format!("{what} {fault}"), b""),
            _ => Reject::new(format!("{what} {why}"), cell),
        };
        Box::new(reject.in_column(&self.table.headings[column]))
    }

    /// The reject for a readable value with no known meaning.
    #[cold]
    fn unknown(self, column: usize, reason: &'static str, text: &str) -> Box<Reject> {
        Box::new(Reject::new(reason, text.as_bytes()).in_column(&self.table.headings[column]))
    }

    #[cold]
    fn spreadsheet_error(self, column: usize, what: &'static str, cell: &[u8]) -> Box<Reject> {
        self.fault(column, what, "is a spreadsheet error", cell)
    }
}

/// Reads an id, or returns what it is instead.
fn read_id(cell: &[u8]) -> Result<u64, &'static str> {
    let thousands = "has a thousands separator (format the column as a plain number or as text)";
    // `12.000` would read as twelve.
    let may_be_thousands = cell.len() > 4 && cell[cell.len() - 4] == b'.';
    if !may_be_thousands && let Ok(id) = number::whole(cell) {
        return Ok(id);
    }
    let text = std::str::from_utf8(cell).map_err(|_| "is not a whole number")?.trim();
    if number::has_thousands_separator(text) {
        return Err(thousands);
    }
    number::whole(text.as_bytes()).map_err(|fault| match fault {
        _ if text.is_empty() => "is blank",
        _ if is_spreadsheet_error(cell) => "is a spreadsheet error",
        NumberFault::NotANumber | NumberFault::Fraction => "is not a whole number",
        NumberFault::TooLarge => "has more than 18 digits",
    })
}

/// Column positions of a *Users* file.
#[derive(Clone, Copy)]
pub(super) struct UserColumns {
    pub(super) id: usize,
    pub(super) username: usize,
    pub(super) sfdc_id: Option<usize>,
}

impl UserColumns {
    /// Id, username and `sfdc_id` of a row.
    pub(super) fn read<'a>(
        self,
        cells: Cells<'a>,
        row: Row<'a>,
    ) -> Result<(u64, &'a str, Option<&'a str>), Box<Reject>> {
        let id = cells.id(row, self.id, "the learner's id")?;
        let username = cells.text(row, self.username, "the username")?;
        let sfdc_id = self.sfdc_id.map(|column| cells.text(row, column, "the sfdc_id")).transpose()?;
        Ok((id, username, sfdc_id))
    }

    /// The reject with the row's readable identifiers.
    pub(super) fn identify(self, cells: Cells<'_>, row: Row<'_>, mut reject: Box<Reject>) -> Box<Reject> {
        let trusted = TrustedCells::new(cells, row);
        (reject.learner, reject.username) = (trusted.id(self.id), trusted.username(self.username));
        reject.sfdc_id = trusted.sfdc_id(self.sfdc_id);
        reject
    }
}

/// The cells of an unreadable row that certainly match their headings.
#[derive(Clone, Copy)]
struct TrustedCells<'a> {
    cells: Cells<'a>,
    row: Row<'a>,
    count: usize,
}

impl<'a> TrustedCells<'a> {
    fn new(cells: Cells<'a>, row: Row<'a>) -> Self {
        Self { cells, row, count: cells.trusted(row) }
    }

    #[inline]
    fn get(self, column: usize) -> Option<&'a [u8]> {
        (column < self.count).then(|| self.cells.get(self.row, column))
    }

    #[inline]
    fn id(self, column: usize) -> Option<u64> {
        read_id(self.get(column)?).ok()
    }

    #[inline]
    fn text(self, column: usize) -> Option<&'a str> {
        std::str::from_utf8(self.get(column)?).ok().filter(|text| !is_spreadsheet_error(text.as_bytes()))
    }

    fn sfdc_id(self, column: Option<usize>) -> Option<String> {
        column.map_or(Some(String::new()), |column| self.text(column).map(str::to_owned))
    }

    fn username(self, column: usize) -> Option<String> {
        self.text(column).filter(|username| is_username(username)).map(str::to_owned)
    }
}

/// The parsing context shared by all rows of a file.
#[derive(Clone, Copy)]
pub(super) struct RowParser<'a> {
    pub(super) cells: Cells<'a>,
    pub(super) columns: &'a Columns,
    pub(super) learners: &'a Reported,
    pub(super) codes: &'a CourseCodes,
    /// Unreadable short rows, ascending.
    pub(super) unreadable: &'a [SourceLine],
}

impl RowParser<'_> {
    /// Parses a run of rows of a file.
    pub(super) fn block<'d>(
        &self,
        rows: &mut Rows<'_>,
        rules: DateRules<'d>,
        file: u16,
    ) -> Result<ParsedBlock<'d>, Error> {
        let part = rows.part();
        let rules = DateRules { date_1904: self.cells.table.date_1904(part), ..rules };
        let mut block = ParsedBlock::new(DateReader::new(rules), rows.most(), file + part);
        while let Some(row) = rows.next()? {
            block.row(self, row);
        }
        Ok(block)
    }

    /// The reject with the row's readable identifiers.
    #[cold]
    fn identify(&self, row: Row<'_>, mut reject: Box<Reject>) -> Box<Reject> {
        let trusted = TrustedCells::new(self.cells, row);
        let columns = self.columns;
        reject.learner = match columns.learner {
            LearnerColumn::Id(column) => trusted.id(column),
            LearnerColumn::Username(column) => {
                trusted.text(column).and_then(|username| self.learners.id_of(username).ok())
            }
        };
        reject.course = match columns.course {
            CourseColumn::Id(column) => trusted.id(column),
            CourseColumn::Code(column) => trusted.text(column).and_then(|code| *self.codes.get(code.trim())?),
        };
        reject.username = columns.username.and_then(|column| trusted.username(column));
        reject.sfdc_id = trusted.sfdc_id(columns.sfdc_id);
        reject
    }
}

/// Learner of an enrollment row.
#[derive(Clone, Copy)]
pub(super) enum Person {
    /// A learner about whom the row adds nothing.
    Known(u32),
    /// A learner by id, with the row's values as indexes into the texts of the block.
    Mentioned { id: u64, username: Option<u32>, sfdc_id: Option<u32> },
}

/// Content of one row.
pub(super) enum Entry {
    Enrollment(ParsedEnrollment),
    Archived(Person),
}

/// An unreadable row.
pub(super) struct Rejected {
    /// Number of entries of the block before it.
    pub(super) before: u32,
    pub(super) line: u32,
    pub(super) width: Width,
    pub(super) reject: Arc<Reject>,
}

/// A current enrollment's row.
pub(super) struct ParsedEnrollment {
    pub(super) person: Person,
    pub(super) course: u64,
    /// Index into the words of the block.
    pub(super) word: u16,
    /// Enrolled, completed, first and last access.
    pub(super) dates: [Option<LocalTime>; 4],
}

/// A course's creation date, from its first row in a block.
pub(super) struct CourseCreation {
    pub(super) line: u32,
    pub(super) text: Vec<u8>,
}

/// A parsed run of *Users - Courses* rows, independent of earlier rows.
pub(super) struct ParsedBlock<'a> {
    /// The file, or part of it, of the rows.
    pub(super) file: u16,
    /// Line, width and content of each readable row.
    pub(super) entries: Vec<(u32, Width, Entry)>,
    /// Unreadable rows, stored separately: short rows can be many, and this keeps entries small.
    pub(super) rejected: Vec<Rejected>,
    shared: SharedRejects,
    pub(super) texts: TextColumn,
    pub(super) words: Vec<String>,
    /// By line.
    pub(super) made: Vec<CourseCreation>,
    pub(super) met: FxHashSet<u64>,
    pub(super) dates: DateReader<'a>,
    /// The last fully known learner; a learner's rows are mostly adjacent.
    pub(super) last: Option<(u64, u32)>,
}

impl<'a> ParsedBlock<'a> {
    /// Creates a block for at most `rows` rows.
    fn new(dates: DateReader<'a>, rows: usize, file: u16) -> Self {
        Self {
            file,
            entries: Vec::with_capacity(rows),
            rejected: Vec::new(),
            shared: SharedRejects::default(),
            texts: TextColumn::default(),
            words: Vec::new(),
            made: Vec::new(),
            met: FxHashSet::default(),
            dates,
            last: None,
        }
    }

    /// The unreadable rows, in file order.
    pub(super) fn into_rejects(self) -> impl Iterator<Item = (SourceLine, Arc<Reject>)> {
        let file = self.file;
        self.rejected.into_iter().map(move |Rejected { line, reject, .. }| (SourceLine { file, line }, reject))
    }

    /// Parses the next row of a file.
    #[inline]
    fn row(&mut self, read: &RowParser<'_>, row: Row<'_>) {
        let place = SourceLine { file: self.file, ..source_line(0, row) };
        let line = place.line;
        let width = read.cells.width(row);
        let is_read = match width {
            Width::Full => true,
            Width::Short => read.unreadable.binary_search(&place).is_err(),
            Width::Fragment | Width::TooWide => false,
        };
        let entry = if is_read { self.entry(read, row, line) } else { Err(read.cells.wrong_width(row)) };
        match entry {
            Ok(entry) => self.entries.push((line, width, entry)),
            Err(reject) => {
                let reject = self.shared.share(*read.identify(row, reject));
                self.rejected.push(Rejected { before: index(self.entries.len()), line, width, reject });
            }
        }
    }

    #[inline]
    fn entry(&mut self, read: &RowParser<'_>, row: Row<'_>, line: u32) -> Result<Entry, Box<Reject>> {
        let RowParser { cells, columns, .. } = *read;
        let id = match columns.learner {
            LearnerColumn::Id(column) => cells.id(row, column, "the learner's id")?,
            LearnerColumn::Username(column) => {
                let username = cells.text(row, column, "the username")?;
                read.learners.id_of(username).map_err(|reason| cells.unknown(column, reason, username))?
            }
        };
        let course = match columns.course {
            CourseColumn::Id(column) => cells.id(row, column, "the course id")?,
            CourseColumn::Code(column) => {
                let code = cells.text(row, column, "the course code")?;
                let fault = |reason| cells.unknown(column, reason, code);
                match read.codes.get(code.trim()) {
                    Some(Some(id)) => *id,
                    Some(None) => return Err(fault("several Salesforce courses have this course code")),
                    None if code.trim().is_empty() => return Err(fault("the course code is blank")),
                    None => return Err(fault(Reject::UNKNOWN_COURSE)),
                }
            }
        };
        let username = columns.username.map(|column| cells.text(row, column, "the username")).transpose()?;
        let sfdc_id = columns.sfdc_id.map(|column| cells.text(row, column, "the sfdc_id")).transpose()?;
        let archived = columns.archived.map_or(Ok(false), |column| cells.archived(row, column))?;
        if archived {
            return Ok(Entry::Archived(self.person(read, id, username, sfdc_id)));
        }
        let mut date = |name: DateColumn, column: Option<usize>| {
            column.map_or(Ok(None), |column| cells.date(row, column, &mut self.dates, name))
        };
        let dates = [
            date(DateColumn::Enrolled, Some(columns.enrolled))?,
            date(DateColumn::Completed, columns.completed)?,
            date(DateColumn::Accessed, columns.first_access)?,
            date(DateColumn::Accessed, columns.last_access)?,
        ];
        let status = cells.text(row, columns.status, "the status")?;
        let word = self.word(if status.trim().is_empty() { "" } else { status });
        if let Some(column) = columns.course_created
            && self.met.insert(course)
        {
            self.made.push(CourseCreation { line, text: cells.get(row, column).to_vec() });
        }
        Ok(Entry::Enrollment(ParsedEnrollment {
            person: self.person(read, id, username, sfdc_id),
            course,
            word,
            dates,
        }))
    }

    fn person(&mut self, read: &RowParser<'_>, id: u64, username: Option<&str>, sfdc_id: Option<&str>) -> Person {
        let known = self.last.filter(|&(last, _)| last == id);
        if let Some((_, row)) = known.or_else(|| Some((id, read.learners.is_fully_known(id)?))) {
            self.last = Some((id, row));
            return Person::Known(row);
        }
        let mut keep = |text: Option<&str>| {
            text.map(|text| {
                self.texts.push(text);
                index(self.texts.len() - 1)
            })
        };
        Person::Mentioned { id, username: keep(username), sfdc_id: keep(sfdc_id) }
    }

    fn word(&mut self, text: &str) -> u16 {
        // Words are few, and most rows have one of the first.
        let at = self.words.iter().position(|known| known == text).unwrap_or_else(|| {
            self.words.push(text.to_owned());
            self.words.len() - 1
        });
        u16::try_from(at).unwrap_or(u16::MAX)
    }
}

pub(super) enum LearnerColumn {
    Id(usize),
    Username(usize),
}

pub(super) enum CourseColumn {
    Id(usize),
    Code(usize),
}

/// Column positions of a *Users - Courses* file.
pub(super) struct Columns {
    pub(super) learner: LearnerColumn,
    pub(super) course: CourseColumn,
    pub(super) username: Option<usize>,
    pub(super) sfdc_id: Option<usize>,
    pub(super) status: usize,
    pub(super) enrolled: usize,
    pub(super) completed: Option<usize>,
    pub(super) first_access: Option<usize>,
    pub(super) last_access: Option<usize>,
    pub(super) archived: Option<usize>,
    pub(super) course_created: Option<usize>,
}

impl Columns {
    pub(super) fn find(
        headings: &Headings<'_>,
        sfdc_id: Option<usize>,
        with_users_report: bool,
    ) -> Result<Self, Error> {
        let username = headings.optional(ColumnName::Username)?;
        let learner = match (headings.optional(ColumnName::LearnerId)?, username) {
            (Some(column), _) => LearnerColumn::Id(column),
            (None, Some(column)) if with_users_report => LearnerColumn::Username(column),
            (None, _) => LearnerColumn::Id(headings.required(ColumnName::LearnerId)?),
        };
        let course = match headings.optional(ColumnName::CourseId)? {
            Some(column) => CourseColumn::Id(column),
            None => match headings.optional(ColumnName::CourseCode)? {
                Some(column) => CourseColumn::Code(column),
                None => CourseColumn::Id(headings.required(ColumnName::CourseId)?),
            },
        };
        if !with_users_report {
            headings.required(ColumnName::Username)?;
        }
        Ok(Self {
            learner,
            course,
            username,
            sfdc_id,
            status: headings.required(ColumnName::Status)?,
            enrolled: headings.required(ColumnName::EnrollmentDate)?,
            completed: headings.optional(ColumnName::CompletionDate)?,
            first_access: headings.optional(ColumnName::FirstAccess)?,
            last_access: headings.optional(ColumnName::LastAccess)?,
            archived: headings.optional(ColumnName::Archived)?,
            course_created: headings.optional(ColumnName::CourseCreated)?,
        })
    }

    /// Columns that every row must fill. The archived flag is one: Docebo writes a word into each row.
    pub(super) fn filled(&self, with_users_report: bool) -> impl Iterator<Item = usize> + use<> {
        let by_username = matches!(self.learner, LearnerColumn::Username(_)) || !with_users_report;
        let learner = match self.learner {
            LearnerColumn::Id(column) | LearnerColumn::Username(column) => column,
        };
        let course = match self.course {
            CourseColumn::Id(column) | CourseColumn::Code(column) => column,
        };
        [Some(learner), Some(course), Some(self.status), Some(self.enrolled), self.archived]
            .into_iter()
            .chain([self.username.filter(|_| by_username)])
            .flatten()
    }

    /// Missing columns that change the results, and how.
    pub(super) fn missing(&self) -> impl Iterator<Item = (ColumnName, &'static str)> + use<> {
        const RECENT: &str = "a change just before the export cannot be told from an old one";
        [
            (self.archived, ColumnName::Archived, "archived enrollments are compared as if they were current"),
            (self.completed, ColumnName::CompletionDate, "completion dates are not compared"),
            (self.first_access, ColumnName::FirstAccess, RECENT),
            (self.last_access, ColumnName::LastAccess, RECENT),
        ]
        .into_iter()
        .filter(|(at, ..)| at.is_none())
        .map(|(_, column, consequence)| (column, consequence))
    }
}

/// The position of a row; each part of a file counts as its own file.
pub(super) fn source_line(file: u16, row: Row<'_>) -> SourceLine {
    SourceLine { file: file + row.part, line: row.line_number() }
}

#[cfg(test)]
mod tests {
    use super::read_id;

    #[test]
    fn an_id_is_a_whole_number_or_says_why_not() {
        for (cell, id) in [
            ("10008", Ok(10_008)),
            (" 10008 ", Ok(10_008)),
            ("\u{a0}10008", Ok(10_008)),
            ("10008.0", Ok(10_008)),
            ("10008.000", Ok(10_008)),
            ("1.0008E+4", Ok(10_008)),
            ("", Err("blank")),
            (" ", Err("blank")),
            ("10,008", Err("thousands")),
            ("12.000", Err("thousands")),
            ("12.003", Err("thousands")),
            ("10 008", Err("thousands")),
            ("1.5", Err("whole")),
            ("n/a", Err("whole")),
            ("#N/A", Err("spreadsheet")),
            ("1000000000000000000", Err("18 digits")),
        ] {
            match (read_id(cell.as_bytes()), id) {
                (found, Ok(id)) => assert_eq!(found, Ok(id), "{cell:?}"),
                (found, Err(word)) => assert!(found.is_err_and(|why| why.contains(word)), "{cell:?}: {found:?}"),
            }
        }
    }
}
