//! Reads the files of the *Users* and the *Users - Courses* reports as one set of rows.
//!
//! An unreadable row becomes a reject with file, line and reason; it is counted and listed, never dropped.
//!
//! Must not know: the Salesforce rows, except for course codes if an export has no course ids.

mod dates;
mod headings;
mod learners;
mod rows;
mod short_rows;
mod unreadable_share;
mod words;

use std::collections::BTreeMap;
use std::sync::Arc;

use rustc_hash::FxHashMap;

use crate::error::Error;
use crate::inputs::source_file::{input, older};
use crate::inputs::table::{Row, Table};
use crate::model::column::TextColumn;
use crate::model::courses::CourseCodes;
use crate::model::date_format::DateFormat;
use crate::model::excluded::{ExcludedRow, Exclusion, Reject, SharedRejects};
use crate::model::export_enrollments::{ExportEnrollment, MAX_COURSES, MAX_STATUS_WORDS};
use crate::model::export_rows::ExportRows;
use crate::model::input::{DateOrder, DateProfile, ExportFile, ExportKind, Input};
use crate::model::instant::{Instant, LocalTime};
use crate::model::key;
use crate::model::source_line::SourceLine;
use crate::model::status::StatusWord;
use crate::model::status::{self, Status};
use crate::progress::Progress;
use crate::settings::{ColumnName, Settings};
use dates::{DateColumn, DateReader, DateRules};
use headings::Headings;
use learners::{LearnerCollector, Reported};
use rows::{
    Cells, Columns, CourseCreation, Entry, LearnerColumn, ParsedBlock, Person, Rejected, RowParser, UserColumns,
    source_line,
};
use short_rows::{ShortRows, Width};
use words::Vocabulary;

/// The content of the export, and the facts about its files.
#[derive(Debug, Default)]
pub struct Export {
    /// Learners, enrollments, courses, status words.
    pub rows: ExportRows,
    /// Its files.
    pub files: Vec<ExportFile>,
    /// Its files, for the report.
    pub inputs: Vec<Input>,
    /// Excluded rows.
    pub excluded: Vec<(ExportKind, ExcludedRow)>,
    /// Whether a file contains the learners' Salesforce ids.
    pub sfdc_ids: bool,
    /// The oldest file's time.
    pub oldest: Option<Instant>,
    /// Columns that affect results but are missing from the files.
    pub missing_columns: Vec<MissingColumn>,
    /// Caveats about the files that every reader of the results needs, as full sentences.
    pub caveats: Vec<String>,
    /// Sheets and entries that are not part of the report, each with the reason.
    pub unread: Vec<String>,
}

/// A column that affects results but is missing from a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MissingColumn {
    /// The file's name, without its folder.
    pub file: String,
    /// The column.
    pub column: ColumnName,
    /// The consequence, as a clause: `completion dates are not compared`.
    pub consequence: &'static str,
}

/// The column's heading in Docebo's reports.
#[must_use]
pub const fn default_heading(column: ColumnName) -> &'static str {
    headings::words(column).1
}

/// Reads every file of the export. Calls `codes` only if a file identifies courses by code.
///
/// # Errors
/// If a file cannot be read, a required column is absent or ambiguous, the dates of a file follow no single pattern, or
/// more than a fifth of its rows are unreadable for one reason.
pub fn read(
    settings: &Settings,
    codes: impl FnOnce() -> Result<CourseCodes, Error>,
    progress: &Progress,
) -> Result<Export, Error> {
    let mut reader = ExportReader::new(settings)?;
    let mut tables = Vec::new();
    for (kind, paths) in [(ExportKind::Users, &settings.users), (ExportKind::Enrollments, &settings.enrollments)] {
        for path in paths {
            let is_headings = |line: &[String]| headings::is_plausible(line, &settings.columns);
            let table = Table::open(path, progress, &is_headings)?.refuse_blank()?;
            reader.export.oldest = Some(older(reader.export.oldest, &table));
            tables.push((kind, table));
        }
    }
    reader.export.caveats.extend(same_content(&tables));
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
    reader.export.rows.learners = reader.learners.finish();
    Ok(reader.export)
}

/// A sentence for each report file that is byte-identical to an earlier one: one of the two was probably meant to be
/// another export.
fn same_content(tables: &[(ExportKind, Table)]) -> Vec<String> {
    let mut known: BTreeMap<(ExportKind, &str), &Table> = BTreeMap::new();
    let repeats = tables.iter().filter_map(|(kind, table)| {
        let first = *known.entry((*kind, table.sha256())).or_insert(table);
        (!std::ptr::eq(first, table)).then(|| {
            format!(
                "{} has the same content as {}: each of its rows is a repeat, and an export that it should hold may be missing.",
                table.name(),
                first.name()
            )
        })
    });
    repeats.collect()
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

struct ExportReader<'a> {
    settings: &'a Settings,
    codes: CourseCodes,
    learners: LearnerCollector,
    courses: FxHashMap<u64, u32>,
    words: FxHashMap<String, u8>,
    format: Option<DateFormat>,
    export: Export,
}

/// Beyond this number, status words with the same meaning share an entry. No export has so many unless the column is
/// not the status. The remainder leaves room for one entry per meaning.
const DISTINCT_WORDS: usize = MAX_STATUS_WORDS - 32;
/// The entry for unknown words beyond that number.
const FURTHER_WORDS: &str = "(further unknown words)";

impl<'a> ExportReader<'a> {
    fn new(settings: &'a Settings) -> Result<Self, Error> {
        let format = settings.date_format.as_deref().map(DateFormat::new).transpose();
        Ok(Self {
            settings,
            codes: CourseCodes::new(),
            learners: LearnerCollector::default(),
            courses: FxHashMap::default(),
            words: FxHashMap::default(),
            format: format.map_err(|what| Error::Usage(format!("docebo.date_format: {what}")))?,
            export: Export::default(),
        })
    }

    fn users(&mut self, table: &Table, file: u16, progress: &Progress) -> Result<(), Error> {
        let headings = Headings::new(table, &self.settings.columns);
        let columns = UserColumns {
            id: headings.required(ColumnName::LearnerId)?,
            username: headings.required(ColumnName::Username)?,
            sfdc_id: self.sfdc_column(&headings)?,
        };
        let words = Vocabulary::new(self.settings);
        let cells = Cells::new(table, &words, [columns.id, columns.username]);
        let mut rejects = Rejects::new(ExportKind::Users, file);
        let mut counts = vec![0; table.parts().len()];
        let mut short = ShortRows::default();
        let mut learn = |row: Row<'_>, place: SourceLine, is_read: bool, rejects: &mut Rejects| {
            let read = if is_read { columns.read(cells, row) } else { Err(cells.wrong_width(row)) };
            match read {
                Ok((id, username, sfdc_id)) => self.learners.report(id, username, sfdc_id, place),
                Err(reject) => rejects.add(place, *columns.identify(cells, row, reject)),
            }
        };
        let rows = table.rows(progress, |row| {
            let (place, width) = (source_line(file, row), cells.width(row));
            counts[usize::from(row.part)] += 1;
            short.add(place, width);
            if width != Width::Short {
                learn(row, place, width == Width::Full, &mut rejects);
            }
            Ok(())
        })?;
        if !short.is_empty() {
            // Only the whole file shows whether short rows are complete.
            let unreadable = short.unreadable(rows, || table.is_cut_off());
            table.rows(&Progress::hidden(), |row| {
                let place = source_line(file, row);
                if cells.width(row) == Width::Short {
                    learn(row, place, unreadable.binary_search(&place).is_err(), &mut rejects);
                }
                Ok(())
            })?;
        }
        let described = ExportFile {
            name: table.name(),
            kind: ExportKind::Users,
            first_part: file,
            dates: DateProfile::default(),
            has_completion_dates: true,
        };
        self.finish(table, &headings, &described, &counts, rejects, None)
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
        for (column, consequence) in columns.missing() {
            self.export.missing_columns.push(MissingColumn { file: table.name(), column, consequence });
        }
        let words = Vocabulary::new(self.settings);
        let cells = Cells::new(table, &words, columns.filled(!self.settings.users.is_empty()));
        let format = self.format.clone();
        let rules =
            DateRules { order: self.settings.rules.date_order, format: format.as_ref(), ..DateRules::default() };
        let mut reading = FileReading {
            file,
            dates: DateReader::new(rules),
            rejects: Rejects::new(ExportKind::Enrollments, file),
            short: ShortRows::default(),
            archived: Vec::new(),
            counts: vec![0; table.parts().len()],
        };
        let first_row = self.export.rows.enrollments.len();
        let first_course = self.export.rows.courses_created.len();
        // Rows are parsed against fixed data; their additions are collected separately.
        let (reported, codes) = (std::mem::take(&mut self.learners.reported), std::mem::take(&mut self.codes));
        let read = RowParser { cells, columns: &columns, learners: &reported, codes: &codes, unreadable: &[] };
        let take = |block: ParsedBlock<'_>| {
            self.take(block, &reported, &mut reading);
            Ok(())
        };
        let rows = table.blocks(progress, |rows| read.block(rows, rules, file), take)?;
        let FileReading { mut dates, mut rejects, short, mut archived, counts, .. } = reading;
        let verdict = dates.resolve(table.path())?;
        let unreadable = if short.is_empty() { Vec::new() } else { short.unreadable(rows, || table.is_cut_off()) };
        let may_turn = dates.may_be_swapped();
        if verdict.is_some() || !unreadable.is_empty() {
            let rules = DateRules { strict: verdict.unwrap_or_default(), ..rules };
            let mut again = DateReader::new(rules);
            let read = RowParser { unreadable: &unreadable, ..read };
            let known: Vec<SourceLine> = rejects.rows.iter().map(|(place, _)| *place).collect();
            table.blocks(
                &Progress::hidden(),
                |rows| read.block(rows, rules, file),
                |block| {
                    again.absorb(&block.dates);
                    rejects.rows.extend(block.into_rejects().filter(|(at, _)| known.binary_search(at).is_err()));
                    Ok(())
                },
            )?;
            again.take_course_creations(&dates);
            dates = again;
            let taken_back: Vec<SourceLine> = rejects.rows[known.len()..].iter().map(|(place, _)| *place).collect();
            self.export.rows.enrollments.remove(first_row, &taken_back);
            archived.retain(|place| taken_back.binary_search(place).is_err());
        }
        (self.learners.reported, self.codes) = (reported, codes);
        if may_turn && dates.order() != DateOrder::Undecided {
            let turn = |date: &mut LocalTime| {
                if dates.order() == DateOrder::MonthFirst {
                    *date = date.with_day_and_month_swapped().unwrap_or(*date);
                }
            };
            let which = [DateColumn::Enrolled, DateColumn::Completed, DateColumn::Accessed];
            self.export.rows.enrollments.redate(first_row, which.map(|column| dates.is_year_last(column)), turn);
            if dates.is_year_last(DateColumn::CourseMade) {
                self.export.rows.courses_created[first_course..].iter_mut().flatten().for_each(|(made, _)| turn(made));
            }
        }
        let is_archived = |SourceLine { file, line }| ExcludedRow { file, line, why: Exclusion::Archived };
        self.export.excluded.extend(archived.into_iter().map(|at| (ExportKind::Enrollments, is_archived(at))));
        let profile = dates.profile();
        let described = ExportFile {
            name: table.name(),
            kind: ExportKind::Enrollments,
            first_part: file,
            dates: profile,
            has_completion_dates: columns.completed.is_some(),
        };
        self.finish(table, &headings, &described, &counts, rejects, dates.describe().as_deref())
    }

    /// Records the rows of a block; blocks arrive in file order.
    fn take(&mut self, block: ParsedBlock<'_>, reported: &Reported, reading: &mut FileReading<'_>) {
        let FileReading { file: first, dates, rejects, short, archived, counts } = reading;
        let file = block.file;
        counts[usize::from(file - *first)] += (block.entries.len() + block.rejected.len()) as u64;
        dates.absorb(&block.dates);
        let words: Vec<u8> = block.words.iter().map(|word| self.word(word)).collect();
        let mut made = block.made.into_iter().peekable();
        let mut rejected = block.rejected.into_iter().peekable();
        for (at, (line, width, entry)) in (0..).zip(block.entries) {
            while let Some(row) = rejected.next_if(|row| row.before <= at) {
                rejects.take(file, row, short);
            }
            let place = SourceLine { file, line };
            short.add(place, width);
            let stated = match entry {
                Entry::Archived(person) => {
                    self.learner(reported, person, &block.texts, place);
                    archived.push(place);
                    continue;
                }
                Entry::Enrollment(stated) => stated,
            };
            let described = made.next_if(|described| described.line == line);
            let Some(course) = self.course(stated.course, described, dates, file) else {
                let reason = format!("it is of one more course than {MAX_COURSES}");
                rejects.add(place, Reject { course: Some(stated.course), ..Reject::new(reason, b"") });
                continue;
            };
            let [enrolled, completed, first_access, last_access] = stated.dates;
            let learner = self.learner(reported, stated.person, &block.texts, place);
            let word = words[usize::from(stated.word)];
            let open = dates.may_be_swapped();
            let statement = ExportEnrollment {
                learner,
                course,
                word,
                enrolled,
                completed,
                first_access,
                last_access,
                source: place,
                may_be_swapped: open,
            };
            self.export.rows.enrollments.push(statement);
        }
        for row in rejected {
            rejects.take(file, row, short);
        }
    }

    fn learner(&mut self, reported: &Reported, person: Person, texts: &TextColumn, place: SourceLine) -> u32 {
        match person {
            Person::Known(row) => row,
            Person::Mentioned { id, username, sfdc_id } => {
                let text = |at: Option<u32>| at.map(|at| texts.get(at as usize));
                self.learners.mention(reported, id, text(username), text(sfdc_id), place)
            }
        }
    }

    /// The index of a course; `None` if there are too many.
    fn course(
        &mut self,
        id: u64,
        described: Option<CourseCreation>,
        dates: &mut DateReader<'_>,
        file: u16,
    ) -> Option<u32> {
        let met = self.courses.len();
        if let Some(&known) = self.courses.get(&id) {
            return Some(known);
        }
        if met >= MAX_COURSES {
            return None;
        }
        let index = crate::model::row::index(met);
        self.courses.insert(id, index);
        self.export.rows.course_ids.push(id);
        // Every enrollment repeats its course, so an unreadable value here does not reject the row.
        let made =
            described.map(|described| dates.read(&described.text, DateColumn::CourseMade, u64::from(described.line)));
        self.export.rows.courses_created.push(made.and_then(Result::ok).flatten().map(|made| (made, file)));
        Some(index)
    }

    /// The index of a status word.
    fn word(&mut self, text: &str) -> u8 {
        let words = &mut self.export.rows.status_words;
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

    /// Records a file once all its rows are read.
    fn finish(
        &mut self,
        table: &Table,
        headings: &Headings<'_>,
        file: &ExportFile,
        counts: &[u64],
        rejects: Rejects,
        dates: Option<&str>,
    ) -> Result<(), Error> {
        let Rejects { kind, file: first, rows: mut rejected, shared: _ } = rejects;
        rejected.sort_unstable_by_key(|(place, _)| *place);
        let rows = counts.iter().sum();
        let several = counts.len() > 1;
        let part_of = |place: &SourceLine| {
            let part = table.parts().nth(usize::from(place.file - first)).unwrap_or_default();
            if several { format!(" of {part}") } else { String::new() }
        };
        let places = rejected.iter().map(|(place, reject)| (*place, &**reject));
        unreadable_share::check(table, rows, places, part_of, |heading| headings.meaning(heading))?;
        if rows == 0 {
            self.export.caveats.push(format!("{} has a header row but no data rows.", table.name()));
        }
        let name = table.name();
        self.export.caveats.extend(table.notes().iter().map(|note| format!("{name}: {note}.")));
        self.export.unread.extend(table.unread().iter().map(|unread| format!("{name}: {unread}")));
        // Users look up lines per part, so each part is listed as a file.
        for (at, (part, &rows)) in (first..).zip(table.parts().zip(counts)) {
            let before = |file: u16| rejected.partition_point(|(place, _)| place.file < file);
            let rejects = (before(at.saturating_add(1)) - before(at)) as u64;
            let booked = input(table, "docebo", kind.to_string(), rows, rejects, dates.map(str::to_owned))?;
            self.export.inputs.push(Input { file: part.to_owned(), ..booked });
            self.export.files.push(ExportFile { name: part.to_owned(), first_part: first, ..file.clone() });
        }
        self.export.excluded.extend(rejected.into_iter().map(|(SourceLine { file, line }, reject)| {
            (kind, ExcludedRow { file, line, why: Exclusion::Unreadable(reject) })
        }));
        Ok(())
    }
}

/// State collected while reading a file of enrollments.
struct FileReading<'a> {
    file: u16,
    dates: DateReader<'a>,
    rejects: Rejects,
    short: ShortRows,
    archived: Vec<SourceLine>,
    /// Rows per part.
    counts: Vec<u64>,
}

/// The unreadable rows of a file.
struct Rejects {
    kind: ExportKind,
    file: u16,
    rows: Vec<(SourceLine, Arc<Reject>)>,
    shared: SharedRejects,
}

impl Rejects {
    fn new(kind: ExportKind, file: u16) -> Self {
        Self { kind, file, rows: Vec::new(), shared: SharedRejects::default() }
    }

    fn add(&mut self, place: SourceLine, reject: Reject) {
        self.rows.push((place, self.shared.share(reject)));
    }

    /// Adds the next row that a block could not read.
    fn take(&mut self, file: u16, row: Rejected, short: &mut ShortRows) {
        let Rejected { before: _, line, width, reject } = row;
        let place = SourceLine { file, line };
        short.add(place, width);
        self.rows.push((place, reject));
    }
}

/// Whether a username is worth looking up.
fn is_username(text: &str) -> bool {
    !key::is_blank(text)
}
