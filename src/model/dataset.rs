//! Everything both sides said, in columns.
//!
//! A row is an index. Learners and enrollments are sorted by their Docebo ids, Salesforce records by
//! their record ids or, where they belong to a learner and a course, by those; so the order in which
//! rows arrived leaves no trace.
//!
//! Must not know: which of it is right.

use std::collections::BTreeMap;

use crate::model::activity::WriteActivity;
use crate::model::column::{TextColumn, UniformColumn, reorder};
use crate::model::customisation::Customisation;
use crate::model::enrollments::{Enrollments, ExportEnrollments, MAX_COURSES};
use crate::model::id::RecordId;
use crate::model::instant::{Instant, LocalTime};
use crate::model::people::{self, Contacts, DoceboUsers, LearnerRows, Learners, Users};
use crate::model::provenance::{ExcludedRow, Origins, SfObject};
use crate::model::status::Status;

/// The index that stands for "no row".
pub const NONE: u32 = u32::MAX;

/// An index as a row number, `None` for [`NONE`].
#[must_use]
pub fn row(index: u32) -> Option<usize> {
    (index != NONE).then_some(index as usize)
}

/// A row number as an index.
#[must_use]
pub fn index(row: usize) -> u32 {
    u32::try_from(row).unwrap_or(NONE)
}

/// Where in the export a row stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct SourceLine {
    /// Index into [`Origins::exports`].
    pub file: u16,
    /// The line on which the row starts.
    pub line: u32,
}

/// Places, column by column: of nearly every export all rows of a kind stand in one file, and then the line alone is
/// kept.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SourceLines {
    line: Vec<u32>,
    file: UniformColumn<u16>,
}

impl SourceLines {
    /// Adds a place at the end.
    pub fn push(&mut self, place: SourceLine) {
        self.line.push(place.line);
        self.file.push(place.file);
    }

    /// The place of a row.
    ///
    /// # Panics
    /// Where there is no such row.
    #[must_use]
    pub fn get(&self, row: usize) -> SourceLine {
        SourceLine { file: self.file.get(row), line: self.line[row] }
    }

    /// Each place in turn.
    pub fn iter(&self) -> impl Iterator<Item = SourceLine> {
        (0..self.line.len()).map(|row| self.get(row))
    }

    /// The same places in another order.
    #[must_use]
    pub(super) fn reorder(self, order: &[u32]) -> Self {
        Self { line: reorder(self.line, order), file: self.file.reorder(order) }
    }
}

impl FromIterator<SourceLine> for SourceLines {
    fn from_iter<I: IntoIterator<Item = SourceLine>>(places: I) -> Self {
        let mut column = Self::default();
        places.into_iter().for_each(|place| column.push(place));
        column
    }
}

/// A status word of the export and what it means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatusWord {
    /// As it stands in the export.
    pub text: String,
    /// Its meaning, `None` where no alias table knows it.
    pub status: Option<Status>,
}

/// Courses of either side, sorted by Docebo id.
#[derive(Debug, Clone, Default)]
pub struct Courses {
    /// Docebo course id.
    pub id: Vec<u64>,
    /// The `docebo_v3__Course__c` record, where Salesforce has one.
    pub record: Vec<Option<RecordId>>,
    /// `Code__c`
    pub code: TextColumn,
    /// `Name__c`
    pub title: TextColumn,
    /// `Deleted__c`
    pub deleted: Vec<bool>,
    /// `Effective__c`
    pub effective: Vec<bool>,
    /// When the course was made in Docebo, where the export tells, and the file that does (an index into
    /// [`Origins::exports`]).
    pub created_at: Vec<Option<(LocalTime, u16)>>,
    /// `LastModifiedById`, where the column is there.
    pub modified_by: Vec<Option<RecordId>>,
}

/// A row of one of the package's other objects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AuxiliaryRow {
    /// Its object.
    pub object: SfObject,
    /// Record id.
    pub id: RecordId,
    /// `LastModifiedById`
    pub modified_by: RecordId,
}

/// A contact that is not there any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct DeletedContact {
    /// Record id.
    pub id: RecordId,
    /// The contact that it was merged into; nothing where it was deleted.
    pub into: Option<RecordId>,
    /// When: the last change of the deleted record.
    pub at: Option<Instant>,
}

/// Both sides, ready to be related.
#[derive(Debug, Clone, Default)]
pub struct Dataset {
    /// Where everything came from.
    pub origins: Origins,
    /// Docebo: learners.
    pub learners: Learners,
    /// Docebo ids of DoceboUser rows whose learner is not in the export, sorted.
    pub unexported_user_ids: Vec<u64>,
    /// Enrollments of both sides.
    pub enrollments: Enrollments,
    /// The status words of the export.
    pub status_words: Vec<StatusWord>,
    /// Salesforce: contacts.
    pub contacts: Contacts,
    /// Salesforce: users.
    pub users: Users,
    /// Salesforce: Docebo users.
    pub docebo_users: DoceboUsers,
    /// Courses of either side.
    pub courses: Courses,
    /// Users who last modified course enrollments.
    pub editors: Vec<RecordId>,
    /// Salesforce: rows of the other package objects, sorted by object and id.
    pub auxiliary: Vec<AuxiliaryRow>,
    /// Salesforce: when the rows of each package object at hand were written.
    pub write_activity: BTreeMap<SfObject, WriteActivity>,
    /// Salesforce: deleted and merged contacts that it still remembers, sorted by id.
    pub deleted_contacts: Vec<DeletedContact>,
    /// Salesforce: what was built onto the package's objects; nothing where nobody asked.
    pub customisation: Option<Customisation>,
}

impl Dataset {
    /// The Docebo id of an account index.
    #[must_use]
    pub fn account_id(&self, account: u32) -> Option<u64> {
        let account = row(account)?;
        match account.checked_sub(self.learners.len()) {
            None => Some(self.learners.id(account)),
            Some(beyond) => self.unexported_user_ids.get(beyond).copied(),
        }
    }

    /// What became of a contact that is not there: how it went, and who survived it at the end of a chain of
    /// merges.
    #[must_use]
    pub fn resolve_merge(&self, contact: RecordId) -> Option<DeletedContact> {
        let find = |id: RecordId| {
            self.deleted_contacts
                .binary_search_by_key(&id, |deleted| deleted.id)
                .ok()
                .map(|at| self.deleted_contacts[at])
        };
        let mut deleted = find(contact)?;
        // A survivor can be merged away in its turn; a chain is never longer than the list.
        for _ in 0..self.deleted_contacts.len() {
            match deleted.into.and_then(find) {
                Some(next) if next.into.is_some() => deleted.into = next.into,
                _ => break,
            }
        }
        Some(deleted)
    }

    /// The learner of an account index, where the export names one.
    #[must_use]
    pub fn learner_of(&self, account: u32) -> Option<usize> {
        row(account).filter(|&account| account < self.learners.len())
    }
}

/// What the export said, in the order it was read; courses and learners by provisional index.
#[derive(Debug, Clone, Default)]
pub struct ExportRows {
    /// Learner rows, several of one id possible.
    pub learners: LearnerRows,
    /// Enrollments, by rows of `learners` and indices into `course_ids`.
    pub enrollments: ExportEnrollments,
    /// Course ids in the order they were met.
    pub course_ids: Vec<u64>,
    /// As [`Courses::made`], beside `course_ids`.
    pub courses_created: Vec<Option<(LocalTime, u16)>>,
    /// The status words in the order they were met.
    pub status_words: Vec<StatusWord>,
}

/// What Salesforce said, in the order it was read; all but the enrollments, which are filed where they belong at once.
#[derive(Debug, Clone, Default)]
pub struct SnapshotRows {
    /// Contacts, sorted by id.
    pub contacts: Contacts,
    /// Users, sorted by id.
    pub users: Users,
    /// Docebo users, sorted by id, their accounts not yet known.
    pub docebo_users: DoceboUsers,
    /// Courses that Salesforce has.
    pub courses: Courses,
    /// Rows of the other package objects.
    pub auxiliary: Vec<AuxiliaryRow>,
    /// When the rows of each package object were written.
    pub write_activity: BTreeMap<SfObject, WriteActivity>,
    /// Deleted and merged contacts.
    pub deleted_contacts: Vec<DeletedContact>,
    /// What was built onto the package's objects.
    pub customisation: Option<Customisation>,
}

/// A record that stands twice in an extract, which no complete read of Salesforce yields.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DuplicateRecord {
    /// The object.
    pub object: SfObject,
    /// The record.
    pub id: RecordId,
}

/// Why both sides cannot be joined.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JoinError {
    /// A record stands twice.
    Double(DuplicateRecord),
    /// Both sides together have more courses than [`MOST_COURSES`].
    Courses,
}

impl From<DuplicateRecord> for JoinError {
    fn from(double: DuplicateRecord) -> Self {
        Self::Double(double)
    }
}

/// The enrollments of an export that is joined otherwise.
#[derive(Debug)]
pub struct UnsortedEnrollments {
    read: ExportEnrollments,
    learner_of: Vec<u32>,
    course_of: Vec<u32>,
}

impl UnsortedEnrollments {
    /// The enrollments in the order of the dataset's learners and courses, and which rows are repeats of others.
    #[must_use]
    pub fn sort(self, data: &Dataset) -> (Enrollments, Vec<ExcludedRow>) {
        Enrollments::sort(self.read, &self.learner_of, &self.course_of, data.learners.len(), &data.status_words)
    }
}

/// Sorts and joins what was read, but for the enrollments; and tells which rows of the *Users* report are repeats of others.
/// Salesforce's enrollments are filed afterwards, each at its place.
///
/// # Errors
/// When one Salesforce record stands twice, or there are too many courses.
pub fn join(
    docebo: ExportRows,
    salesforce: &mut SnapshotRows,
) -> Result<(Dataset, UnsortedEnrollments, Vec<ExcludedRow>), JoinError> {
    let contacts = std::mem::take(&mut salesforce.contacts);
    contacts.check_unique()?;
    let learners = people::deduplicate(docebo.learners, &contacts);
    let users = std::mem::take(&mut salesforce.users);
    users.check_unique()?;
    let courses = std::mem::take(&mut salesforce.courses);
    let (courses, from_docebo) = merge_courses(courses, &docebo.course_ids, &docebo.courses_created)?;
    if courses.id.len() > MAX_COURSES {
        return Err(JoinError::Courses);
    }
    let mut docebo_users = std::mem::take(&mut salesforce.docebo_users);
    docebo_users.check_unique()?;
    let beyond = docebo_users.resolve_accounts(&learners.sorted);
    let unsorted =
        UnsortedEnrollments { read: docebo.enrollments, learner_of: learners.row_of, course_of: from_docebo };
    let data = Dataset {
        learners: learners.sorted,
        unexported_user_ids: beyond,
        status_words: docebo.status_words,
        contacts,
        users,
        docebo_users,
        courses,
        ..Dataset::default()
    };
    Ok((data, unsorted, learners.repeated))
}

impl Dataset {
    /// Adds what is not joined with anything, once all is read.
    pub fn add_unjoined(&mut self, salesforce: SnapshotRows) {
        let SnapshotRows {
            auxiliary: mut others,
            write_activity: activity_by_object,
            deleted_contacts: mut deleted,
            customisation,
            ..
        } = salesforce;
        deleted.sort_unstable();
        others.sort_unstable_by_key(|other| (other.object, other.id));
        (self.auxiliary, self.write_activity, self.deleted_contacts, self.customisation) =
            (others, activity_by_object, deleted, customisation);
    }
}

/// Courses of both sides by id, and where the export's provisional indices went.
#[expect(clippy::needless_pass_by_value, reason = "what was read is given up as soon as it is sorted")]
fn merge_courses(
    raw: Courses,
    docebo_ids: &[u64],
    docebo_made: &[Option<(LocalTime, u16)>],
) -> Result<(Courses, Vec<u32>), DuplicateRecord> {
    let mut ids: Vec<u64> = raw.id.iter().chain(docebo_ids).copied().collect();
    ids.sort_unstable();
    ids.dedup();
    let place = |id: &u64| ids.binary_search(id).map_or(NONE, index);
    let from_salesforce: Vec<u32> = raw.id.iter().map(place).collect();
    let from_docebo: Vec<u32> = docebo_ids.iter().map(place).collect();
    let mut row_of = vec![NONE; ids.len()];
    for (raw_row, &sorted) in (0u32..).zip(&from_salesforce) {
        let slot = &mut row_of[sorted as usize];
        // `CourseId__c` is unique in Salesforce, so two rows of one id are a broken extract.
        if let (Some(_), Some(id)) = (row(*slot), raw.record[raw_row as usize]) {
            return Err(DuplicateRecord { object: SfObject::Course, id });
        }
        *slot = raw_row;
    }
    let mut courses = Courses::default();
    for &raw_row in &row_of {
        let at = row(raw_row);
        courses.record.push(at.and_then(|at| raw.record[at]));
        courses.code.push(at.map_or("", |at| raw.code.get(at)));
        courses.title.push(at.map_or("", |at| raw.title.get(at)));
        courses.deleted.push(at.is_some_and(|at| raw.deleted[at]));
        courses.effective.push(at.is_some_and(|at| raw.effective[at]));
        courses.modified_by.push(at.and_then(|at| raw.modified_by[at]));
    }
    courses.created_at = vec![None; ids.len()];
    for (&sorted, &made) in from_docebo.iter().zip(docebo_made) {
        courses.created_at[sorted as usize] = made;
    }
    courses.id = ids;
    Ok((courses, from_docebo))
}

#[cfg(test)]
mod tests {
    use super::{SourceLine, SourceLines};

    #[test]
    fn places_are_kept_whether_they_stand_in_one_file_or_in_several() {
        for files in [vec![4, 4, 4], vec![4, 4, 5], vec![0, 1, 0]] {
            let places: Vec<SourceLine> =
                files.into_iter().zip(7..).map(|(file, line)| SourceLine { file, line }).collect();
            let column: SourceLines = places.iter().copied().collect();
            assert_eq!(column.iter().collect::<Vec<_>>(), places);
            let turned: Vec<SourceLine> = column.reorder(&[2, 0]).iter().collect();
            assert_eq!(turned, [places[2], places[0]]);
        }
    }
}
