//! Enrollments of both sides in one table: Docebo's values of each, and the matching Salesforce row.
//!
//! There are millions, and nearly all are redundant: a row's dates are Docebo's on another clock, its parents are the
//! enrollment's learner and course, its id begins like all others. So the export is read first and sorted by learner
//! and course (16 bytes an enrollment), and each Salesforce row is stored with the enrollment of the same parents,
//! reduced to what it adds (16 bytes). Nothing is lost: rows that do not fit this form are stored unpacked in a
//! separate list, and so are unmatched rows.
//!
//! Must not know: which side is right.

use std::num::NonZeroU32;

use rayon::prelude::*;
use rustc_hash::FxHashMap;

use crate::model::column::SparseColumn;
use crate::model::enrollment_rows::EnrollmentRecord;
use crate::model::excluded::{ExcludedRow, Exclusion};
use crate::model::export_enrollments::{COURSE, COURSE_BITS, ExportEnrollments, LineNumbers, ReadRow};
use crate::model::id::RecordId;
use crate::model::instant::{Instant, LocalTime};
use crate::model::label::Label as _;
use crate::model::row::{NONE, index};
use crate::model::source_line::SourceLine;
use crate::model::status::{Status, StatusWord};

#[cfg(test)]
mod tests;

/// Docebo's values of an enrollment.
#[derive(Debug, Clone, Copy)]
struct DoceboValues {
    enrolled: Option<LocalTime>,
    completed: Option<LocalTime>,
    line: u32,
    course_and_word: u32,
}

impl DoceboValues {
    const fn course(self) -> u32 {
        self.course_and_word & COURSE
    }
}

/// A row of `docebo_v3__CourseEnrollment__c`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EnrollmentRow {
    /// Record id.
    pub id: RecordId,
    /// The learner: a row of the learners, or past their end an index into [`Dataset::unexported_user_ids`]; [`NONE`]
    /// if a parent is not in the extract.
    ///
    /// [`Dataset::unexported_user_ids`]: crate::reconcile::dataset::Dataset::unexported_user_ids
    pub account: u32,
    /// Row of the courses; [`NONE`] if a parent is not in the extract.
    pub course: u32,
    /// `Status__c`; `None` if the value is not in the picklist.
    pub status: Option<Status>,
    /// `EnrollmentStartDate__c`
    pub enrolled: Option<Instant>,
    /// `EnrollmentCompletionDate__c`
    pub completed: Option<Instant>,
    /// `UnenrollmentDate__c`
    pub unenrolled: Option<Instant>,
    /// `CreatedDate`
    pub created: Option<Instant>,
    /// `LastModifiedDate`
    pub modified: Option<Instant>,
    /// Index into [`Dataset::editors`] of `LastModifiedById`; [`NONE`] if the column is absent.
    ///
    /// [`Dataset::editors`]: crate::reconcile::dataset::Dataset::editors
    pub modified_by: u32,
    /// Index of an `EnrolmentId__c` that contradicts the parents, or whose parents are missing; else [`NONE`].
    key_mismatch: u32,
}

impl EnrollmentRow {
    /// Creates a row from a record, its parents' rows and the number of its last modifier.
    #[must_use]
    pub const fn new(record: &EnrollmentRecord, account: u32, course: u32, modified_by: u32) -> Self {
        let EnrollmentRecord { id, status, enrolled, completed, unenrolled, created, modified, .. } = *record;
        Self {
            id,
            account,
            course,
            status,
            enrolled,
            completed,
            unenrolled,
            created,
            modified,
            modified_by,
            key_mismatch: NONE,
        }
    }

    /// A row with only its id.
    #[must_use]
    pub const fn blank(id: RecordId) -> Self {
        Self {
            id,
            account: NONE,
            course: NONE,
            status: None,
            enrolled: None,
            completed: None,
            unenrolled: None,
            created: None,
            modified: None,
            modified_by: NONE,
            key_mismatch: NONE,
        }
    }

    /// Rank among several rows of one enrollment: the last modified counts, on ties the highest id.
    fn rank(&self) -> (Option<Instant>, RecordId) {
        (self.modified, self.id)
    }
}

/// The Salesforce row that matches an enrollment, reduced to what it adds: 16 bytes.
#[derive(Debug, Clone, Copy)]
struct Match {
    created: Option<Instant>,
    modified: Option<Instant>,
    /// The lower half of the end of the record id; for an unpacked row, its index.
    id: u32,
    /// Further bits of the id (12), the kind of match or its status (4), the number of its [`RowTemplate`] (16).
    rest: u32,
}

/// Bit offsets of the parts of [`Match::rest`].
const KIND_AT: u32 = 16;
const ID_AT: u32 = 20;
const NO_MATCH: u8 = 0;
const UNPACKED: u8 = 1;
const UNKNOWN_STATUS: u8 = 2;
/// Bits of a record id that fit into a match; the others are in the [`RowTemplate`].
const ID_BITS: u32 = 32 + (u32::BITS - ID_AT);

impl Match {
    const NONE: Self = Self { created: None, modified: None, id: 0, rest: 0 };

    /// A match of a kind, with the part of the record id that fits.
    fn new(row: &EnrollmentRow, kind: u8, common: u32) -> Self {
        let (_, tail) = row.id.parts();
        let [low, high] = [0, 32].map(|from| u32::try_from(tail >> from & u64::from(u32::MAX)).unwrap_or(0));
        let rest = high << ID_AT | u32::from(kind) << KIND_AT | common;
        Self { created: row.created, modified: row.modified, id: low, rest }
    }

    fn kind(self) -> u8 {
        u8::try_from((self.rest >> KIND_AT) % (1 << (ID_AT - KIND_AT))).unwrap_or(NO_MATCH)
    }

    fn is_some(self) -> bool {
        self.kind() != NO_MATCH
    }

    fn unpacked(self) -> Option<usize> {
        (self.kind() == UNPACKED).then_some(self.id as usize)
    }

    fn status(self) -> Option<Status> {
        Status::ALL.get(usize::from(self.kind().checked_sub(UNKNOWN_STATUS + 1)?)).copied()
    }

    /// The stored part of the record id.
    fn id(self) -> u64 {
        u64::from(self.rest >> ID_AT) << 32 | u64::from(self.id)
    }

    const fn template(self) -> usize {
        (self.rest % (1 << KIND_AT)) as usize
    }
}

/// What many rows share: their writer, the start of their ids, and the offset of Docebo's wall clock from the same
/// moment in Salesforce. An export with dates to the second has one offset, or two if the clocks change; one to the
/// minute has sixty times as many.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct RowTemplate {
    /// The two parts of the record id, the second without its last [`ID_BITS`].
    head: NonZeroU32,
    above: u64,
    /// Seconds from the row's dates to the enrollment's; `None` if the row has no such date.
    enrolled: Option<i64>,
    completed: Option<i64>,
    editor: u32,
}

/// Maximum number of templates; small under test, so that it is exceeded.
const MAX_TEMPLATES: usize = if cfg!(test) { 150 } else { 1 << KIND_AT };

/// The numbered templates.
#[derive(Debug, Clone, Default)]
struct RowTemplates {
    known: Vec<RowTemplate>,
    numbers: FxHashMap<RowTemplate, u32>,
}

impl RowTemplates {
    fn number(&mut self, common: RowTemplate) -> Option<u32> {
        if let Some(&number) = self.numbers.get(&common) {
            return Some(number);
        }
        if self.known.len() >= MAX_TEMPLATES {
            return None;
        }
        let number = index(self.known.len());
        self.known.push(common);
        self.numbers.insert(common, number);
        Some(number)
    }
}

/// The offset between two dates; `None` if only an unpacked row can store the second one.
#[expect(clippy::option_option, reason = "outer: whether it can be told; inner: whether there is a date")]
fn shift(docebo: Option<LocalTime>, written: Option<Instant>) -> Option<Option<i64>> {
    let Some(written) = written else { return Some(None) };
    Some(Some(docebo?.seconds() - written.seconds()))
}

/// The date at an offset from Docebo's.
fn shifted(docebo: Option<LocalTime>, shift: Option<i64>) -> Option<Instant> {
    Some(Instant::from_seconds(docebo?.seconds() - shift?))
}

/// Current Docebo enrollments (without archived ones and repeats), one for each learner and course, and the rows of
/// `docebo_v3__CourseEnrollment__c`.
///
/// An enrollment is identified by its row, in the order of learners and courses. A Salesforce row has a number too:
/// that of its enrollment if matched; the numbers of unmatched rows follow the last enrollment.
#[derive(Debug, Clone, Default)]
pub struct Enrollments {
    /// The first enrollment of each learner, then the number of enrollments.
    first: Vec<u32>,
    docebo: Vec<DoceboValues>,
    lines: LineNumbers,
    /// The later of first and last access; empty once [`Enrollments::keep_accesses`] has reduced it.
    accessed: Vec<Option<LocalTime>>,
    kept_accesses: SparseColumn<LocalTime>,
    /// Like `ExportEnrollments::accesses`.
    accesses: Vec<(u32, LocalTime)>,
    salesforce: SalesforceRows,
}

/// The stored Salesforce rows.
#[derive(Debug, Clone, Default)]
struct SalesforceRows {
    /// By enrollment.
    matches: Vec<Match>,
    templates: RowTemplates,
    /// Matched rows that do not fit the packed form.
    unpacked: Vec<EnrollmentRow>,
    /// Unmatched rows, sorted by account, course and record id; rows whose parents are not in the extract come last.
    unmatched: Vec<EnrollmentRow>,
    key_mismatches: Vec<String>,
}

/// Positions of enrollments, used while rows are added.
#[derive(Debug, Clone, Copy)]
pub struct EnrollmentIndex<'a> {
    first: &'a [u32],
    docebo: &'a [DoceboValues],
}

impl EnrollmentIndex<'_> {
    fn of_learner(self, learner: usize) -> std::ops::Range<usize> {
        match self.first.get(learner..learner.saturating_add(2)) {
            Some(&[from, to]) => from as usize..to as usize,
            _ => 0..0,
        }
    }

    /// The Docebo enrollment of a learner and a course.
    #[must_use]
    pub fn find(self, account: u32, course: u32) -> Option<Position> {
        self.find_within(self.of_learner(account as usize), course)
    }

    /// [`EnrollmentIndex::find`] for many pairs. With millions of enrollments nearly every lookup waits for memory; in
    /// lockstep for all pairs, the waits overlap.
    #[must_use]
    pub fn find_each(self, pairs: &[(u32, u32)]) -> Vec<Option<Position>> {
        let of_learner: Vec<_> = pairs.iter().map(|&(account, _)| self.of_learner(account as usize)).collect();
        let middle = |range: &std::ops::Range<usize>| range.start + range.len() / 2;
        let met = of_learner.iter().map(|range| self.docebo.get(middle(range)).map_or(NONE, |docebo| docebo.course()));
        let met: Vec<u32> = met.collect();
        let found = of_learner.into_iter().zip(met).zip(pairs).map(|((range, met), &(_, course))| {
            let half = if course < met { range.start..middle(&range) } else { middle(&range)..range.end };
            self.find_within(half, course)
        });
        found.collect()
    }

    fn find_within(self, range: std::ops::Range<usize>, course: u32) -> Option<Position> {
        let from = range.start;
        let docebo = &self.docebo[range];
        let nth = docebo.binary_search_by_key(&course, |docebo| docebo.course()).ok()?;
        Some(Position { at: index(from + nth), docebo: docebo[nth] })
    }
}

/// An enrollment and Docebo's values of it, so that they need no second lookup.
#[derive(Debug, Clone, Copy)]
pub struct Position {
    at: u32,
    docebo: DoceboValues,
}

/// Matches Salesforce rows.
#[derive(Debug)]
pub struct Matcher<'a> {
    rows: &'a mut SalesforceRows,
}

impl Matcher<'_> {
    /// Reserves memory for rows whose enrollment is already matched. Looking at all positions before adding the first
    /// row fetches them from memory together; otherwise each row would wait for its own.
    pub fn reserve(&mut self, index: impl Iterator<Item = Position>) {
        let taken = index.filter(|position| self.rows.matches[position.at as usize].is_some()).count();
        self.rows.unmatched.reserve(taken);
    }

    /// Adds a row: to the enrollment that [`EnrollmentIndex::find`] finds for its parents, if it is the row that counts
    /// there. `key_mismatch` is its `EnrolmentId__c` if that contradicts the parents, or a parent is missing.
    pub fn add(&mut self, position: Option<Position>, mut row: EnrollmentRow, key_mismatch: Option<String>) {
        let Self { rows: matched } = self;
        if let Some(key) = key_mismatch {
            row.key_mismatch = index(matched.key_mismatches.len());
            matched.key_mismatches.push(key);
        }
        let Some(Position { at, docebo }) = position else { return matched.unmatched.push(row) };
        let at = at as usize;
        if matched.matches[at].is_some() {
            let held = matched.row(at, row.account, docebo);
            if held.rank() >= row.rank() {
                return matched.unmatched.push(row);
            }
            matched.unmatched.push(held);
        }
        matched.put(at, docebo, row);
    }
}

impl SalesforceRows {
    /// The complete row that matches an enrollment.
    fn row(&self, at: usize, account: u32, docebo: DoceboValues) -> EnrollmentRow {
        let matched = self.matches[at];
        if let Some(place) = matched.unpacked() {
            return self.unpacked[place];
        }
        let common = self.template(matched);
        EnrollmentRow {
            account,
            course: docebo.course(),
            status: matched.status(),
            enrolled: shifted(docebo.enrolled, common.enrolled),
            completed: shifted(docebo.completed, common.completed),
            created: matched.created,
            modified: matched.modified,
            modified_by: common.editor,
            ..EnrollmentRow::blank(self.id(matched))
        }
    }

    fn template(&self, matched: Match) -> &RowTemplate {
        &self.templates.known[matched.template()]
    }

    fn id(&self, matched: Match) -> RecordId {
        let common = self.template(matched);
        RecordId::from_parts(common.head, common.above << ID_BITS | matched.id())
    }

    fn put(&mut self, at: usize, docebo: DoceboValues, row: EnrollmentRow) {
        self.matches[at] = self.pack(docebo, &row).unwrap_or_else(|| {
            // Reuse the slot of a previous unpacked row.
            let place = self.matches[at].unpacked().unwrap_or(self.unpacked.len());
            if place == self.unpacked.len() {
                self.unpacked.push(row);
            } else {
                self.unpacked[place] = row;
            }
            Match { id: index(place), ..Match::new(&row, UNPACKED, 0) }
        });
    }

    /// Packs a row; `None` if a match cannot store all its values.
    fn pack(&mut self, docebo: DoceboValues, row: &EnrollmentRow) -> Option<Match> {
        if row.unenrolled.is_some() || row.key_mismatch != NONE {
            return None;
        }
        let kind = match row.status {
            Some(status) => u8::try_from(status.index()).ok()? + UNKNOWN_STATUS + 1,
            None => UNKNOWN_STATUS,
        };
        let (head, tail) = row.id.parts();
        let common = self.templates.number(RowTemplate {
            head,
            above: tail >> ID_BITS,
            enrolled: shift(docebo.enrolled, row.enrolled)?,
            completed: shift(docebo.completed, row.completed)?,
            editor: row.modified_by,
        })?;
        Some(Match::new(row, kind, common))
    }
}

impl Enrollments {
    /// Opens the table for adding rows: returns the enrollments' index and the matcher.
    pub fn open(&mut self) -> (EnrollmentIndex<'_>, Matcher<'_>) {
        (EnrollmentIndex { first: &self.first, docebo: &self.docebo }, Matcher { rows: &mut self.salesforce })
    }

    const fn index(&self) -> EnrollmentIndex<'_> {
        EnrollmentIndex { first: self.first.as_slice(), docebo: self.docebo.as_slice() }
    }

    /// Sorts the rows read. Of several rows of one enrollment the one with the newest dates stays, whatever the order
    /// of rows and files; the others become repeats.
    ///
    /// `learner_of` and `course_of` map learners and courses to their sorted rows; `learners` is the number of
    /// learners.
    #[must_use]
    pub fn sort(
        read: ExportEnrollments,
        learner_of: &[u32],
        course_of: &[u32],
        learners: usize,
        words: &[StatusWord],
    ) -> (Self, Vec<ExcludedRow>) {
        let ExportEnrollments { mut rows, lines, accesses } = read;
        rows.par_iter_mut().for_each(|row| {
            row.learner = learner_of[row.learner as usize];
            row.course_and_word = course_of[(row.course_and_word & COURSE) as usize] | row.course_and_word & !COURSE;
        });
        let pair = |row: &ReadRow| u64::from(row.learner) << 32 | u64::from(row.course_and_word & COURSE);
        let word =
            |row: &ReadRow| words.get((row.course_and_word >> COURSE_BITS) as usize).map(|word| word.text.as_str());
        let newest_last = |row: &ReadRow| {
            let dates = (row.enrolled, row.completed, row.accessed);
            (dates.0.max(dates.1).max(dates.2), dates, word(row))
        };
        rows.par_sort_unstable_by(|a, b| {
            let of_one = || newest_last(b).cmp(&newest_last(a)).then(a.line.cmp(&b.line));
            pair(a).cmp(&pair(b)).then_with(of_one)
        });

        let mut repeated = Vec::new();
        rows.dedup_by(|row, kept| {
            let again = pair(row) == pair(kept);
            if again {
                let SourceLine { file, line } = lines.source_line(row.line);
                repeated.push(ExcludedRow { file, line, why: Exclusion::Repeated });
            }
            again
        });
        let first = || {
            let mut first = Vec::with_capacity(learners + 1);
            for (at, row) in (0..).zip(&rows) {
                first.resize(first.len().max(row.learner as usize + 1), at);
            }
            first.resize(learners + 1, index(rows.len()));
            first
        };
        let (first, accessed) = rayon::join(first, || rows.par_iter().map(|row| row.accessed).collect());
        // In place, since that takes no further memory.
        let docebo = |ReadRow { enrolled, completed, line, course_and_word: what, .. }| DoceboValues {
            enrolled,
            completed,
            line,
            course_and_word: what,
        };
        let mut docebo: Vec<DoceboValues> = rows.into_iter().map(docebo).collect();
        docebo.shrink_to_fit();
        let matched =
            SalesforceRows { matches: docebo.par_iter().map(|_| Match::NONE).collect(), ..SalesforceRows::default() };
        (Self { first, docebo, lines, accessed, accesses, salesforce: matched, ..Self::default() }, repeated)
    }

    /// Number of Docebo enrollments.
    #[must_use]
    pub fn len(&self) -> usize {
        self.docebo.len()
    }

    /// Whether Docebo has none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.docebo.is_empty()
    }

    /// The enrollments of a learner.
    #[must_use]
    pub fn of_learner(&self, learner: usize) -> std::ops::Range<usize> {
        self.index().of_learner(learner)
    }

    /// The learner of an enrollment: a row of the learners. To visit all enrollments, iterate by learner.
    #[must_use]
    pub fn learner(&self, at: usize) -> u32 {
        index(self.first.partition_point(|&first| first as usize <= at).saturating_sub(1))
    }

    /// The course of an enrollment: a row of the courses.
    #[must_use]
    pub fn course(&self, at: usize) -> usize {
        self.docebo[at].course() as usize
    }

    /// The status of an enrollment: an index into the status words of the export.
    #[must_use]
    pub fn status_word(&self, at: usize) -> usize {
        (self.docebo[at].course_and_word >> COURSE_BITS) as usize
    }

    /// Enrollment date.
    #[must_use]
    pub fn enrolled(&self, at: usize) -> Option<LocalTime> {
        self.docebo[at].enrolled
    }

    /// Completion date.
    #[must_use]
    pub fn completed(&self, at: usize) -> Option<LocalTime> {
        self.docebo[at].completed
    }

    /// The later of first and last access.
    #[must_use]
    pub fn accessed(&self, at: usize) -> Option<LocalTime> {
        if self.accessed.is_empty() { self.kept_accesses.get(at) } else { self.accessed[at] }
    }

    /// The file and line of an enrollment in the export.
    #[must_use]
    pub fn source_line(&self, at: usize) -> SourceLine {
        self.lines.source_line(self.docebo[at].line)
    }

    /// The export file of an enrollment: an index into the files of the export.
    #[must_use]
    pub fn export_file(&self, at: usize) -> usize {
        usize::from(match self.lines.files[..] {
            [(_, file)] => file,
            _ => self.source_line(at).file,
        })
    }

    /// Changes every enrollment's line; for comparing two exports that differ in the order of their rows.
    pub fn set_source_lines(&mut self, change: impl Fn(SourceLine) -> SourceLine) {
        let places: Vec<SourceLine> = (0..self.len()).map(|at| change(self.source_line(at))).collect();
        let mut order: Vec<usize> = (0..places.len()).collect();
        order.sort_by_key(|&at| places[at]);
        self.lines = LineNumbers::default();
        for at in order {
            self.docebo[at].line = self.lines.add(places[at]);
        }
    }

    /// Changes the dates of the enrollments of some files. Their matched rows stay unchanged.
    pub fn redate(&mut self, of_file: impl Fn(usize) -> bool, change: impl Fn(usize, LocalTime) -> Option<LocalTime>) {
        for at in 0..self.len() {
            let file = self.export_file(at);
            if !of_file(file) {
                continue;
            }
            let change = |date: LocalTime| change(file, date);
            let claimed = self.salesforce.matches[at].is_some().then(|| self.row(at));
            let docebo = &mut self.docebo[at];
            docebo.enrolled = docebo.enrolled.and_then(&change);
            docebo.completed = docebo.completed.and_then(&change);
            let other = self.accesses.binary_search_by_key(&docebo.line, |&(line, _)| line).ok();
            let other = other.and_then(|other| change(self.accesses[other].1));
            if let Some(accessed) = self.accessed.get_mut(at) {
                *accessed = accessed.and_then(&change).max(other);
            }
            if let Some(row) = claimed {
                self.salesforce.put(at, self.docebo[at], row);
            }
        }
        self.accesses = Vec::new();
    }

    /// Drops the accesses of all other enrollments.
    pub fn keep_accesses(&mut self, of: impl Fn(usize) -> bool + Sync) {
        let accessed = std::mem::take(&mut self.accessed);
        let kept = accessed
            .par_iter()
            .enumerate()
            .filter_map(|(at, accessed)| Some((index(at), accessed.filter(|_| of(at))?)));
        self.kept_accesses = SparseColumn::new(kept.collect());
    }

    /// Drops all Salesforce rows: rows of a file that cannot be read to its end are not kept.
    pub fn clear_rows(&mut self) {
        self.salesforce = SalesforceRows { matches: vec![Match::NONE; self.docebo.len()], ..SalesforceRows::default() };
    }

    /// Closes the table: no more rows are added.
    ///
    /// # Errors
    /// If a record occurs twice, which no complete read of Salesforce yields; returns its id.
    pub fn finish(&mut self) -> Result<(), RecordId> {
        self.salesforce.unmatched.par_sort_unstable_by_key(|row| (row.account, row.course, row.id));
        self.salesforce.unmatched.shrink_to_fit();
        self.salesforce.unpacked.shrink_to_fit();
        // Duplicates of a record have the same parents, so they are adjacent.
        let others = self.salesforce.unmatched.windows(2).find(|two| two[0].id == two[1].id).map(|two| two[0].id);
        let claimed = || {
            let same =
                |row: &&EnrollmentRow| self.enrollment_matching_another(row).is_some_and(|at| self.id(at) == row.id);
            self.salesforce.unmatched.iter().find(same).map(|row| row.id)
        };
        others.or_else(claimed).map_or(Ok(()), Err)
    }

    /// The enrollment matching another row with the parents of this unmatched one.
    fn enrollment_matching_another(&self, unmatched: &EnrollmentRow) -> Option<usize> {
        let at = self.index().find(unmatched.account, unmatched.course)?.at as usize;
        self.salesforce.matches[at].is_some().then_some(at)
    }

    /// Number of Salesforce rows.
    #[must_use]
    pub fn row_count(&self) -> usize {
        self.rows_in_any_order().count()
    }

    /// All rows, in parallel and in any order.
    pub fn rows_in_any_order(&self) -> impl ParallelIterator<Item = usize> + '_ {
        let is_there = |&row: &usize| self.salesforce.matches.get(row).is_none_or(|matched| matched.is_some());
        (0..self.row_end()).into_par_iter().filter(is_there)
    }

    /// The end of the Salesforce row numbers.
    #[must_use]
    pub fn row_end(&self) -> usize {
        self.len() + self.salesforce.unmatched.len()
    }

    /// The row that matches an enrollment: of several of the same learner and course the last modified one, on ties the
    /// one with the highest id.
    #[must_use]
    pub fn matched_row(&self, at: usize) -> Option<usize> {
        self.salesforce.matches[at].is_some().then_some(at)
    }

    /// The enrollment that matches a row.
    #[must_use]
    pub fn matched_enrollment(&self, row: usize) -> Option<usize> {
        (row < self.len()).then_some(row)
    }

    /// The unmatched rows, in the order of accounts, courses and record ids.
    #[must_use]
    pub fn unmatched(&self) -> std::ops::Range<usize> {
        self.len()..self.row_end()
    }

    /// For an unmatched row: the enrollment of its learner and course, which matches another row.
    #[must_use]
    pub fn enrollment_with_another_row(&self, row: usize) -> Option<usize> {
        self.enrollment_matching_another(self.unpacked_row(row)?)
    }

    /// The rows that meet a condition, in the order of accounts, courses and record ids; those whose parents are not in
    /// the extract come last. All rows are checked, in parallel.
    #[must_use]
    pub fn rows_where(&self, holds: impl Fn(usize) -> bool + Sync) -> Vec<usize> {
        let mut rows: Vec<usize> = self.rows_in_any_order().filter(|&row| holds(row)).collect();
        // Matched and unmatched rows are each in order.
        let unmatched = rows.partition_point(|&row| row < self.len());
        if unmatched > 0 && unmatched < rows.len() {
            rows.sort_by_cached_key(|&row| (self.account(row), self.row_course(row), self.id(row)));
        }
        rows
    }

    /// The unpacked row with a number, if it is one.
    fn unpacked_row(&self, row: usize) -> Option<&EnrollmentRow> {
        match self.salesforce.matches.get(row) {
            Some(matched) => self.salesforce.unpacked.get(matched.unpacked()?),
            None => self.salesforce.unmatched.get(row - self.len()),
        }
    }

    /// A complete row.
    #[must_use]
    pub fn row(&self, row: usize) -> EnrollmentRow {
        match self.unpacked_row(row) {
            Some(unpacked) => *unpacked,
            None => self.salesforce.row(row, self.learner(row), self.docebo[row]),
        }
    }

    /// Record id of a row.
    #[must_use]
    pub fn id(&self, row: usize) -> RecordId {
        match self.unpacked_row(row) {
            Some(unpacked) => unpacked.id,
            None => self.salesforce.id(self.salesforce.matches[row]),
        }
    }

    /// The account of a row, see [`EnrollmentRow::account`].
    #[must_use]
    pub fn account(&self, row: usize) -> u32 {
        self.unpacked_row(row).map_or_else(|| self.learner(row), |unpacked| unpacked.account)
    }

    /// The course of a row, see [`EnrollmentRow::course`].
    #[must_use]
    pub fn row_course(&self, row: usize) -> u32 {
        self.unpacked_row(row).map_or_else(|| self.docebo[row].course(), |unpacked| unpacked.course)
    }

    /// `Status__c` of a row; `None` if the value is not in the picklist.
    #[must_use]
    pub fn status(&self, row: usize) -> Option<Status> {
        match self.unpacked_row(row) {
            Some(unpacked) => unpacked.status,
            None => self.salesforce.matches[row].status(),
        }
    }

    /// `EnrollmentStartDate__c` of a row.
    #[must_use]
    pub fn row_enrolled(&self, row: usize) -> Option<Instant> {
        match self.unpacked_row(row) {
            Some(unpacked) => unpacked.enrolled,
            None => shifted(self.docebo[row].enrolled, self.salesforce.template(self.salesforce.matches[row]).enrolled),
        }
    }

    /// `EnrollmentCompletionDate__c` of a row.
    #[must_use]
    pub fn row_completed(&self, row: usize) -> Option<Instant> {
        match self.unpacked_row(row) {
            Some(unpacked) => unpacked.completed,
            None => {
                shifted(self.docebo[row].completed, self.salesforce.template(self.salesforce.matches[row]).completed)
            }
        }
    }

    /// `UnenrollmentDate__c` of a row.
    #[must_use]
    pub fn unenrolled(&self, row: usize) -> Option<Instant> {
        self.unpacked_row(row)?.unenrolled
    }

    /// `CreatedDate` of a row.
    #[must_use]
    pub fn created(&self, row: usize) -> Option<Instant> {
        self.salesforce
            .matches
            .get(row)
            .map_or_else(|| self.salesforce.unmatched[row - self.len()].created, |matched| matched.created)
    }

    /// `LastModifiedDate` of a row.
    #[must_use]
    pub fn modified(&self, row: usize) -> Option<Instant> {
        self.salesforce
            .matches
            .get(row)
            .map_or_else(|| self.salesforce.unmatched[row - self.len()].modified, |matched| matched.modified)
    }

    /// The last modifier of a row, see [`EnrollmentRow::modified_by`].
    #[must_use]
    pub fn modified_by(&self, row: usize) -> u32 {
        match self.unpacked_row(row) {
            Some(unpacked) => unpacked.modified_by,
            None => self.salesforce.template(self.salesforce.matches[row]).editor,
        }
    }

    /// The `EnrolmentId__c` of a row that contradicts its parents, or whose parents are missing.
    #[must_use]
    pub fn key_mismatch(&self, row: usize) -> Option<&str> {
        self.salesforce.key_mismatches.get(self.unpacked_row(row)?.key_mismatch as usize).map(String::as_str)
    }
}
