//! Enrollments of the export in file order: 28 bytes each.

use crate::model::instant::LocalTime;
use crate::model::source_line::SourceLine;

/// Maximum number of distinct courses: an enrollment's course takes three bytes.
pub const MAX_COURSES: usize = (1 << COURSE_BITS) - 1;

/// Maximum number of distinct status words: an enrollment's status takes one byte.
pub const MAX_STATUS_WORDS: usize = 256;

pub(crate) const COURSE_BITS: u32 = 24;

pub(crate) const COURSE: u32 = (1 << COURSE_BITS) - 1;

/// Packs course and status word into one number.
pub(crate) fn pack_course_and_word(course: u32, word: u8) -> u32 {
    course & COURSE | u32::from(word) << COURSE_BITS
}

/// Numbers the lines of all export files consecutively, so that a row's line takes four bytes.
#[derive(Debug, Clone, Default)]
pub(crate) struct LineNumbers {
    /// The offset added to the lines of a file, and the file, ascending by both.
    pub(crate) files: Vec<(u32, u16)>,
    pub(crate) last: u32,
}

impl LineNumbers {
    pub(crate) fn add(&mut self, place: SourceLine) -> u32 {
        if self.files.last().is_none_or(|&(_, file)| file != place.file) {
            self.files.push((self.last, place.file));
        }
        let before = self.files.last().map_or(0, |&(before, _)| before);
        let line = before.saturating_add(place.line);
        self.last = self.last.max(line);
        line
    }

    pub(crate) fn source_line(&self, line: u32) -> SourceLine {
        let nth = self.files.partition_point(|&(before, _)| before < line).saturating_sub(1);
        let (before, file) = self.files.get(nth).copied().unwrap_or_default();
        SourceLine { file, line: line - before }
    }
}

/// One export row, as read.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ReadRow {
    /// The learner's row number in reading order.
    pub(crate) learner: u32,
    /// Index of the course in order of first appearance, and the status word.
    pub(crate) course_and_word: u32,
    pub(crate) enrolled: Option<LocalTime>,
    pub(crate) completed: Option<LocalTime>,
    pub(crate) accessed: Option<LocalTime>,
    pub(crate) line: u32,
}

/// The values of one export row.
#[derive(Debug, Clone, Copy)]
pub struct ExportEnrollment {
    /// The learner's row number in reading order.
    pub learner: u32,
    /// Index of the course in order of first appearance, below [`MAX_COURSES`].
    pub course: u32,
    /// Index of the status word in order of first appearance.
    pub word: u8,
    /// Enrollment date.
    pub enrolled: Option<LocalTime>,
    /// Completion date.
    pub completed: Option<LocalTime>,
    /// First access.
    pub first_access: Option<LocalTime>,
    /// Last access.
    pub last_access: Option<LocalTime>,
    /// The file and line of the row.
    pub source: SourceLine,
    /// Whether day and month of its dates may turn out to be swapped.
    pub may_be_swapped: bool,
}

/// The export rows in reading order.
#[derive(Debug, Clone, Default)]
pub struct ExportEnrollments {
    pub(crate) rows: Vec<ReadRow>,
    pub(crate) lines: LineNumbers,
    /// The earlier of two accesses, by line, while their order is unknown.
    pub(crate) accesses: Vec<(u32, LocalTime)>,
}

impl ExportEnrollments {
    /// Number of rows.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Appends a row; rows must come file by file.
    pub fn push(&mut self, statement: ExportEnrollment) {
        let ExportEnrollment {
            learner,
            course,
            word,
            enrolled,
            completed,
            first_access,
            last_access,
            source: place,
            may_be_swapped: open,
        } = statement;
        let line = self.lines.add(place);
        if let (true, Some(first), Some(last)) = (open, first_access, last_access)
            && first != last
        {
            self.accesses.push((line, first.min(last)));
        }
        let accessed = first_access.max(last_access);
        self.rows.push(ReadRow {
            learner,
            course_and_word: pack_course_and_word(course, word),
            enrolled,
            completed,
            accessed,
            line,
        });
    }

    /// Changes the dates of all rows starting at `from`, then decides which of two accesses is later. `which` selects
    /// enrollment, completion and access dates.
    pub fn redate(&mut self, from: usize, which: [bool; 3], change: impl Fn(&mut LocalTime)) {
        let first_line = self.rows.get(from).map_or(u32::MAX, |row| row.line);
        let kept = self.accesses.partition_point(|&(line, _)| line < first_line);
        let mut others = self.accesses.split_off(kept).into_iter().peekable();
        for row in &mut self.rows[from..] {
            let dates = [&mut row.enrolled, &mut row.completed, &mut row.accessed].into_iter().zip(which);
            dates.filter(|&(_, changed)| changed).filter_map(|(date, _)| date.as_mut()).for_each(&change);
            if let Some((_, mut other)) = others.next_if(|&(line, _)| line == row.line) {
                if which[2] {
                    change(&mut other);
                }
                row.accessed = row.accessed.max(Some(other));
            }
        }
    }

    /// Removes the rows at these lines (ascending) from row `from` on.
    pub fn remove(&mut self, from: usize, places: &[SourceLine]) {
        let Self { rows, lines, accesses } = self;
        let first_line = rows.get(from).map_or(u32::MAX, |row| row.line);
        let is_removed = |line: u32| line >= first_line && places.binary_search(&lines.source_line(line)).is_ok();
        rows.retain(|row| !is_removed(row.line));
        accesses.retain(|&(line, _)| !is_removed(line));
    }
}
