//! The Docebo side: files of the *Users* and the *Users - Courses* report, read as one.
//!
//! A row that cannot be read becomes a reject with file, line and reason; it is counted and listed,
//! never dropped.
//!
//! Must not know: the Salesforce side, except for course codes where an export has no course ids.

mod dates;
mod headings;
mod learners;

use std::collections::BTreeMap;
use std::path::Path;

use rustc_hash::{FxHashMap, FxHashSet};

use crate::error::Error;
use crate::model::column::TextColumn;
use crate::model::dataset::{DoceboSide, Place, StatusWord};
use crate::model::enrollments::{MOST_COURSES, MOST_WORDS, Statement};
use crate::model::instant::{Instant, LocalTime};
use crate::model::key;
use crate::model::number::{self, NumberFault};
use crate::model::provenance::{Aside, ExportFile, ExportKind, Input, Reject, SetAside};
use crate::model::status::{self, Status};
use crate::progress::Progress;
use crate::settings::{ColumnName, Settings};
use crate::table::{CellFault, Row, Rows, Table, cell_fault, cell_text};
use dates::{DateColumn, DateReader};
use headings::Headings;
use learners::{LearnerBook, Reported};

/// What the export said, and what is known of its files.
#[derive(Debug, Default)]
pub struct Export {
    /// Learners, enrollments, courses, status words.
    pub side: DoceboSide,
    /// Its files.
    pub files: Vec<ExportFile>,
    /// The same, for the report.
    pub inputs: Vec<Input>,
    /// Rows that take no value.
    pub set_aside: Vec<(ExportKind, SetAside)>,
    /// Whether some file told the learners' Salesforce ids.
    pub sfdc_ids: bool,
    /// The oldest time of its files.
    pub oldest: Option<Instant>,
}

/// Course codes to Docebo course ids, `None` where two courses share a code.
pub type CourseCodes = BTreeMap<String, Option<u64>>;

/// Reads every file of the export. `codes` is asked only where a file names courses by code.
///
/// # Errors
/// When a file cannot be read, a needed column is absent or could be several, or the dates of a file
/// follow no single pattern.
pub fn read(
    settings: &Settings,
    codes: impl FnOnce() -> Result<CourseCodes, Error>,
    progress: &Progress,
) -> Result<Export, Error> {
    let mut reader = Reader::new(settings);
    let mut tables = Vec::new();
    for (kind, paths) in [(ExportKind::Users, &settings.users), (ExportKind::Enrollments, &settings.enrollments)] {
        for path in paths {
            reader.export.oldest = older(reader.export.oldest, path)?;
            let is_headings = |line: &[String]| headings::is_plausible(line, &settings.columns);
            tables.push((kind, Table::open(path, progress, &is_headings)?.refuse_blank()?));
        }
    }
    let opened: Vec<&Table> = tables.iter().map(|(_, table)| table).collect();
    headings::check_overrides(&settings.columns, &opened)?;
    let by_code = tables.iter().any(|(kind, table)| {
        *kind == ExportKind::Enrollments && !Headings::new(table, &settings.columns).has(ColumnName::CourseId)
    });
    if by_code {
        reader.codes = codes()?;
    }
    require_sfdc_ids(settings, &tables)?;
    for (kind, table) in &tables {
        let file = u16::try_from(reader.export.files.len())
            .map_err(|_| Error::Usage("more than 65,535 export files".to_owned()))?;
        match kind {
            ExportKind::Users => reader.users(table, file, progress)?,
            ExportKind::Enrollments => reader.enrollments(table, file, progress)?,
        }
    }
    reader.export.side.learners = reader.learners.finish();
    Ok(reader.export)
}

/// The modification time of a file, if it is older than what is known.
#[expect(clippy::disallowed_methods, reason = "a file says how old it is")]
pub(crate) fn older(known: Option<Instant>, path: &Path) -> Result<Option<Instant>, Error> {
    let modified = std::fs::metadata(path)
        .and_then(|metadata| metadata.modified())
        .map_err(|source| Error::Unreadable { path: path.to_owned(), source })?;
    let seconds = modified.duration_since(std::time::UNIX_EPOCH).map_or(0, |since| since.as_secs());
    let instant = Instant::from_seconds(i64::try_from(seconds).unwrap_or(i64::MAX));
    Ok(Some(known.map_or(instant, |known| known.min(instant))))
}

fn require_sfdc_ids(settings: &Settings, tables: &[(ExportKind, Table)]) -> Result<(), Error> {
    if settings.columns.without_sfdc_id {
        return Ok(());
    }
    let mut found = false;
    for (_, table) in tables {
        found |= Headings::new(table, &settings.columns).optional(ColumnName::SfdcId)?.is_some();
    }
    let Some((_, first)) = tables.first().filter(|_| !found) else { return Ok(()) };
    Err(Error::Input {
        path: first.path().to_owned(),
        what: format!("no column for the Salesforce id (sfdc_id) in any report; found: {}", headings::list(first)),
        next: "in Docebo, add the additional user field that holds the Salesforce id to the report's user fields and export it again; \
               if it is there under another name, set `sfdc_id = \"HEADING\"` under [docebo.columns]; to go on without it \
               (links cannot be judged then), set `sfdc_id = false`"
            .to_owned(),
    })
}

struct Reader<'a> {
    settings: &'a Settings,
    codes: CourseCodes,
    learners: LearnerBook,
    courses: FxHashMap<u64, u32>,
    words: FxHashMap<String, u8>,
    export: Export,
}

/// Status words beyond this number share an entry with another of the same meaning; no export has so many, unless the
/// column is not the status. What follows leaves room for one entry of each meaning.
const DISTINCT_WORDS: usize = MOST_WORDS - 32;
/// The entry of unknown words beyond that number.
const FURTHER_WORDS: &str = "(further unknown words)";

impl<'a> Reader<'a> {
    fn new(settings: &'a Settings) -> Self {
        Self {
            settings,
            codes: CourseCodes::new(),
            learners: LearnerBook::default(),
            courses: FxHashMap::default(),
            words: FxHashMap::default(),
            export: Export::default(),
        }
    }

    fn users(&mut self, table: &Table, file: u16, progress: &Progress) -> Result<(), Error> {
        let headings = Headings::new(table, &self.settings.columns);
        let id = headings.required(ColumnName::LearnerId)?;
        let username = headings.required(ColumnName::Username)?;
        let sfdc_id = self.sfdc_column(&headings)?;
        let mut rejects = 0;
        let rows = table.rows(progress, |row| {
            let place = place(file, row);
            let read = well_formed(row, table).and_then(|()| {
                let id = learner_id(row.get(id))?;
                let username = text(row, username, "the username")?;
                let sfdc_id = sfdc_id.map(|column| text(row, column, "the sfdc_id")).transpose()?;
                Ok((id, username, sfdc_id))
            });
            match read {
                Ok((id, username, sfdc_id)) => self.learners.report(id, username, sfdc_id, place),
                Err(reason) => self.reject(ExportKind::Users, place, reason, &mut rejects),
            }
            Ok(())
        })?;
        self.finish(table, ExportKind::Users, rows, rejects, &DateReader::new(None))
    }

    fn sfdc_column(&mut self, headings: &Headings<'_>) -> Result<Option<usize>, Error> {
        if self.settings.columns.without_sfdc_id {
            return Ok(None);
        }
        let column = headings.optional(ColumnName::SfdcId)?;
        self.export.sfdc_ids |= column.is_some();
        Ok(column)
    }

    fn enrollments(&mut self, table: &Table, file: u16, progress: &Progress) -> Result<(), Error> {
        let headings = Headings::new(table, &self.settings.columns);
        let sfdc_id = self.sfdc_column(&headings)?;
        let columns = Columns::find(&headings, sfdc_id, !self.settings.users.is_empty())?;
        if matches!(columns.learner, LearnerColumn::Username(_)) {
            self.learners.reported.index_usernames();
        }
        let order = self.settings.rules.date_order;
        let mut dates = DateReader::new(order);
        let first_row = self.export.side.enrollments.len();
        let first_course = self.export.side.courses_made.len();
        let mut rejects = 0;
        // What rows are read by stays as it is meanwhile; what they add goes elsewhere.
        let (reported, codes) = (std::mem::take(&mut self.learners.reported), std::mem::take(&mut self.codes));
        let read = Reading { table, columns: &columns, learners: &reported, codes: &codes };
        let parse = |rows: &mut Rows<'_>| {
            let mut block = Block::new(DateReader::new(order), rows.most());
            while let Some(row) = rows.next()? {
                block.row(&read, row);
            }
            Ok(block)
        };
        let take = |block: Block| {
            self.take(block, &reported, file, &mut dates, &mut rejects);
            Ok(())
        };
        let rows = table.blocks(progress, parse, take)?;
        (self.learners.reported, self.codes) = (reported, codes);
        dates.settle(table)?;
        if dates.may_turn() && !dates.is_undecided() {
            let turn = |date: &mut LocalTime| {
                if dates.month_first() {
                    dates.exchange(date);
                }
            };
            self.export.side.enrollments.redate(first_row, turn);
            self.export.side.courses_made[first_course..].iter_mut().flatten().for_each(|(made, _)| turn(made));
        }
        self.finish(table, ExportKind::Enrollments, rows, rejects, &dates)
    }

    /// Books what a block of a file says; blocks come in the order of the file.
    fn take(&mut self, block: Block, reported: &Reported, file: u16, dates: &mut DateReader, rejects: &mut u64) {
        dates.absorb(&block.dates);
        let words: Vec<u8> = block.words.iter().map(|word| self.word(word)).collect();
        let mut made = block.made.into_iter().peekable();
        for (line, entry) in block.entries {
            let place = Place { file, line };
            let stated = match entry {
                Entry::Reject(reason) => {
                    self.reject(ExportKind::Enrollments, place, *reason, rejects);
                    continue;
                }
                Entry::Archived(person) => {
                    self.learner(reported, person, &block.texts, place);
                    self.export
                        .set_aside
                        .push((ExportKind::Enrollments, SetAside { file, line, why: Aside::Archived }));
                    continue;
                }
                Entry::Enrollment(stated) => stated,
            };
            let told = made.next_if(|told| told.line == line);
            let Some(course) = self.course(stated.course, told, dates, file) else {
                let reason = format!("it is of one more course than {MOST_COURSES}");
                self.reject(ExportKind::Enrollments, place, Reject::of(reason, b""), rejects);
                continue;
            };
            let [enrolled, completed, first_access, last_access] = stated.dates;
            let learner = self.learner(reported, stated.person, &block.texts, place);
            let word = words[usize::from(stated.word)];
            let open = dates.may_turn();
            let statement =
                Statement { learner, course, word, enrolled, completed, first_access, last_access, place, open };
            self.export.side.enrollments.push(statement);
        }
    }

    fn learner(&mut self, reported: &Reported, person: Person, texts: &TextColumn, place: Place) -> u32 {
        match person {
            Person::Known(row) => row,
            Person::Mentioned { id, username, sfdc_id } => {
                let text = |at: Option<u32>| at.map(|at| texts.get(at as usize));
                self.learners.mention(reported, id, text(username), text(sfdc_id), place)
            }
        }
    }

    /// The index of a course; nothing where there are too many.
    fn course(&mut self, id: u64, told: Option<Made>, dates: &mut DateReader, file: u16) -> Option<u32> {
        let met = self.courses.len();
        if let Some(&known) = self.courses.get(&id) {
            return Some(known);
        }
        if met >= MOST_COURSES {
            return None;
        }
        let index = crate::model::dataset::index(met);
        self.courses.insert(id, index);
        self.export.side.course_ids.push(id);
        // A course is told with each of its enrollments, and what cannot be read here is no fault of the row.
        let made = told.map(|told| dates.read(&told.text, DateColumn::CourseMade, u64::from(told.line)));
        self.export.side.courses_made.push(made.and_then(Result::ok).flatten().map(|made| (made, file)));
        Some(index)
    }

    /// The index of a status word.
    fn word(&mut self, text: &str) -> u8 {
        let words = &mut self.export.side.status_words;
        if let Some(&known) = self.words.get(text) {
            known
        } else {
            let own = |word: &str| {
                let folded = status::fold(word);
                self.settings.statuses.iter().find(|(alias, _)| *alias == folded).map(|&(_, status)| status)
            };
            let status = own(text).or_else(|| Status::from_docebo(text));
            let alike =
                if words.len() < DISTINCT_WORDS { None } else { words.iter().position(|word| word.status == status) };
            let at = alike.unwrap_or(words.len());
            if at == words.len() {
                let further = at >= DISTINCT_WORDS && status.is_none();
                let text = if further { FURTHER_WORDS } else { text };
                words.push(StatusWord { text: text.to_owned(), status });
            }
            let index = u8::try_from(at).unwrap_or(u8::MAX);
            self.words.insert(text.to_owned(), index);
            index
        }
    }

    fn reject(&mut self, kind: ExportKind, place: Place, reason: Reject, rejects: &mut u64) {
        *rejects += 1;
        let Place { file, line } = place;
        self.export.set_aside.push((kind, SetAside { file, line, why: Aside::Rejected(reason) }));
    }

    fn finish(
        &mut self,
        table: &Table,
        kind: ExportKind,
        rows: u64,
        rejects: u64,
        dates: &DateReader,
    ) -> Result<(), Error> {
        self.export.files.push(ExportFile { name: table.name(), kind, dates: dates.profile() });
        self.export.inputs.push(input(table, "docebo", kind.to_string(), rows, rejects, dates.describe())?);
        Ok(())
    }
}

/// A file as the report lists it.
pub(crate) fn input(
    table: &Table,
    side: &'static str,
    holds: String,
    rows: u64,
    rejects: u64,
    dates: Option<String>,
) -> Result<Input, Error> {
    Ok(Input {
        side: side.into(),
        holds,
        file: table.name(),
        rows,
        rejects,
        counted: None,
        encoding: table.encoding().to_owned(),
        delimiter: table.delimiter.map(|c| char::from(c).to_string()),
        dates,
        sha256: table.sha256().to_owned(),
    })
}

fn place(file: u16, row: Row<'_>) -> Place {
    Place { file, line: u32::try_from(row.line).unwrap_or(u32::MAX) }
}

fn well_formed(row: Row<'_>, table: &Table) -> Result<(), Reject> {
    let (cells, columns) = (row.len(), table.headings.len());
    if cells == columns {
        return Ok(());
    }
    let too = if cells < columns { "few" } else { "many" };
    Err(Reject::of(format!("too {too} cells: {cells}, the heading has {columns}"), b""))
}

/// The cell of a column as text.
fn text<'r>(row: Row<'r>, column: usize, what: &str) -> Result<&'r str, Reject> {
    row.text(column).map_err(|fault| no_text(what, fault))
}

/// The reject of a value that is no text.
fn no_text(what: &str, fault: CellFault) -> Reject {
    Reject::of(format!("{what} {fault}"), b"")
}

fn learner_id(text: &[u8]) -> Result<u64, Reject> {
    number::whole(text).map_err(|fault| not_an_id("the learner's id", text, fault))
}

fn course_id(text: &[u8]) -> Result<u64, Reject> {
    number::whole(text).map_err(|fault| not_an_id("the course id", text, fault))
}

fn not_an_id(what: &str, text: &[u8], fault: NumberFault) -> Reject {
    if let Some(fault) = cell_fault(text) {
        return no_text(what, fault);
    }
    let why = match fault {
        _ if text.is_empty() => "is blank",
        NumberFault::NotANumber | NumberFault::Fraction => "is not a whole number",
        NumberFault::TooLarge => "has more than 18 digits",
    };
    Reject::of(format!("{what} {why}"), text)
}

fn archived(text: &[u8]) -> Result<bool, Reject> {
    // What Docebo itself writes.
    match text {
        b"No" | b"" => return Ok(false),
        b"Yes" => return Ok(true),
        _ => {}
    }
    let word = cell_text(text).map_err(|fault| no_text("the archived mark", fault))?;
    match headings::fold(word).as_str() {
        "" | "no" | "n" | "false" | "0" | "non" | "nein" | "nao" => Ok(false),
        "yes" | "y" | "true" | "1" | "si" | "oui" | "ja" | "sim" => Ok(true),
        _ => Err(Reject::of("whether the enrollment is archived reads neither yes nor no", text)),
    }
}

/// What the rows of a file are read by; the same for all of them.
struct Reading<'a> {
    table: &'a Table,
    columns: &'a Columns,
    learners: &'a Reported,
    codes: &'a CourseCodes,
}

/// Whose enrollment a row is.
#[derive(Clone, Copy)]
enum Person {
    /// A learner of whom the row can tell nothing new.
    Known(u32),
    /// A learner by id, and what the row tells of them, as places among the texts of the block.
    Mentioned { id: u64, username: Option<u32>, sfdc_id: Option<u32> },
}

/// What one row says.
enum Entry {
    Enrollment(Stated),
    Archived(Person),
    Reject(Box<Reject>),
}

/// What a row says of a current enrollment.
struct Stated {
    person: Person,
    course: u64,
    /// Index into the words of the block.
    word: u16,
    /// Enrolled, completed, first and last access.
    dates: [Option<LocalTime>; 4],
}

/// When a course was made, as its first row in a block tells.
struct Made {
    line: u32,
    text: Vec<u8>,
}

/// A run of rows of a *Users - Courses* file, read without regard to the rows before.
struct Block {
    /// Line and content of each row.
    entries: Vec<(u32, Entry)>,
    texts: TextColumn,
    words: Vec<String>,
    /// By line.
    made: Vec<Made>,
    met: FxHashSet<u64>,
    dates: DateReader,
    /// The last learner of whom no row can tell anything new; their rows mostly stand together.
    last: Option<(u64, u32)>,
}

impl Block {
    /// A run of at most so many rows.
    fn new(dates: DateReader, rows: usize) -> Self {
        Self {
            entries: Vec::with_capacity(rows),
            texts: TextColumn::default(),
            words: Vec::new(),
            made: Vec::new(),
            met: FxHashSet::default(),
            dates,
            last: None,
        }
    }

    fn row(&mut self, read: &Reading<'_>, row: Row<'_>) {
        let line = u32::try_from(row.line).unwrap_or(u32::MAX);
        let entry = self.entry(read, row, line).unwrap_or_else(|reason| Entry::Reject(Box::new(reason)));
        self.entries.push((line, entry));
    }

    fn entry(&mut self, read: &Reading<'_>, row: Row<'_>, line: u32) -> Result<Entry, Reject> {
        let columns = read.columns;
        well_formed(row, read.table)?;
        let id = match columns.learner {
            LearnerColumn::Id(column) => learner_id(row.get(column))?,
            LearnerColumn::Username(column) => {
                let username = text(row, column, "the username")?;
                read.learners.id_of(username)?
            }
        };
        let course = match columns.course {
            CourseColumn::Id(column) => course_id(row.get(column))?,
            CourseColumn::Code(column) => {
                let code = text(row, column, "the course code")?;
                match read.codes.get(code.trim()) {
                    Some(Some(id)) => *id,
                    Some(None) => return Err("several Salesforce courses have this course code".into()),
                    None => {
                        return Err("no Salesforce course has this course code, and the export has no course id".into());
                    }
                }
            }
        };
        let username = columns.username.map(|column| text(row, column, "the username")).transpose()?;
        let sfdc_id = columns.sfdc_id.map(|column| text(row, column, "the sfdc_id")).transpose()?;
        let archived = columns.archived.map_or(Ok(false), |column| archived(row.get(column)))?;
        if archived {
            return Ok(Entry::Archived(self.person(read, id, username, sfdc_id)));
        }
        let mut date = |name: DateColumn, column: Option<usize>| {
            column.map_or(Ok(None), |column| self.dates.read(row.get(column), name, row.line))
        };
        let dates = [
            date(DateColumn::Enrolled, Some(columns.enrolled))?,
            date(DateColumn::Completed, Some(columns.completed))?,
            date(DateColumn::Accessed, columns.first_access)?,
            date(DateColumn::Accessed, columns.last_access)?,
        ];
        let word = self.word(text(row, columns.status, "the status")?);
        if let Some(column) = columns.course_created
            && self.met.insert(course)
        {
            self.made.push(Made { line, text: row.get(column).to_vec() });
        }
        Ok(Entry::Enrollment(Stated { person: self.person(read, id, username, sfdc_id), course, word, dates }))
    }

    fn person(&mut self, read: &Reading<'_>, id: u64, username: Option<&str>, sfdc_id: Option<&str>) -> Person {
        let known = self.last.filter(|&(last, _)| last == id);
        if let Some((_, row)) = known.or_else(|| Some((id, read.learners.told_in_full(id)?))) {
            self.last = Some((id, row));
            return Person::Known(row);
        }
        let mut keep = |text: Option<&str>| {
            text.map(|text| {
                self.texts.push(text);
                crate::model::dataset::index(self.texts.len() - 1)
            })
        };
        Person::Mentioned { id, username: keep(username), sfdc_id: keep(sfdc_id) }
    }

    fn word(&mut self, text: &str) -> u16 {
        // Few words, and the next row has mostly one of the first.
        let at = self.words.iter().position(|known| known == text).unwrap_or_else(|| {
            self.words.push(text.to_owned());
            self.words.len() - 1
        });
        u16::try_from(at).unwrap_or(u16::MAX)
    }
}

enum LearnerColumn {
    Id(usize),
    Username(usize),
}

enum CourseColumn {
    Id(usize),
    Code(usize),
}

/// Where the columns of a *Users - Courses* file are.
struct Columns {
    learner: LearnerColumn,
    course: CourseColumn,
    username: Option<usize>,
    sfdc_id: Option<usize>,
    status: usize,
    enrolled: usize,
    completed: usize,
    first_access: Option<usize>,
    last_access: Option<usize>,
    archived: Option<usize>,
    course_created: Option<usize>,
}

impl Columns {
    fn find(headings: &Headings<'_>, sfdc_id: Option<usize>, with_users_report: bool) -> Result<Self, Error> {
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
            completed: headings.required(ColumnName::CompletionDate)?,
            first_access: headings.optional(ColumnName::FirstAccess)?,
            last_access: headings.optional(ColumnName::LastAccess)?,
            archived: headings.optional(ColumnName::Archived)?,
            course_created: headings.optional(ColumnName::CourseCreated)?,
        })
    }
}

/// Whether a username is worth looking up.
fn is_username(text: &str) -> bool {
    !key::is_blank(text)
}

#[cfg(test)]
mod tests {
    use super::archived;

    #[test]
    fn an_archived_mark_reads_yes_or_no_in_whatever_case_and_language() {
        for no in ["No", "", "no", "NO", " No ", "n", "false", "0", "Non", "Nein", "N\u{e3}o"] {
            assert!(matches!(archived(no.as_bytes()), Ok(false)), "{no:?}");
        }
        for yes in ["Yes", "yes", "YES", " Yes ", "y", "True", "1", "S\u{ed}", "Oui", "Ja", "Sim"] {
            assert!(matches!(archived(yes.as_bytes()), Ok(true)), "{yes:?}");
        }
        for neither in ["maybe", "2", "Yes No", "\u{662f}"] {
            assert!(archived(neither.as_bytes()).is_err(), "{neither:?}");
        }
        assert!(archived(b"N\xe3o").is_err(), "not UTF-8");
    }
}
