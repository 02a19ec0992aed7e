//! Everything both sides said, in columns.
//!
//! A row is an index. Learners and enrollments are sorted by their Docebo ids, Salesforce records by
//! their record ids or, where they belong to a learner and a course, by those; so the order in which
//! rows arrived leaves no trace, and both sides can be merged in one pass.
//!
//! Must not know: which of it is right.

use std::collections::BTreeMap;

use crate::model::column::{SparseColumn, TextColumn, UniformColumn, reorder};
use crate::model::customisation::Customisation;
use crate::model::id::SfId;
use crate::model::instant::{Instant, LocalTime};
use crate::model::people::{self, Contacts, DoceboUsers, LearnerRows, Learners, Users};
use crate::model::provenance::{Aside, ExportKind, Origins, SetAside, SfObject};
use crate::model::pulse::Pulse;
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
pub struct Place {
    /// Index into [`Origins::exports`].
    pub file: u16,
    /// The line on which the row starts.
    pub line: u32,
}

/// Places, column by column: of nearly every export all rows of a kind stand in one file, and then the line alone is
/// kept.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Places {
    line: Vec<u32>,
    file: UniformColumn<u16>,
}

impl Places {
    /// Adds a place at the end.
    pub fn push(&mut self, place: Place) {
        self.line.push(place.line);
        self.file.push(place.file);
    }

    /// The place of a row.
    ///
    /// # Panics
    /// Where there is no such row.
    #[must_use]
    pub fn get(&self, row: usize) -> Place {
        Place { file: self.file.get(row), line: self.line[row] }
    }

    /// Each place in turn.
    pub fn iter(&self) -> impl Iterator<Item = Place> {
        (0..self.line.len()).map(|row| self.get(row))
    }

    /// The same places in another order.
    #[must_use]
    pub(super) fn reorder(self, order: &[u32]) -> Self {
        Self { line: reorder(self.line, order), file: self.file.reorder(order) }
    }
}

impl FromIterator<Place> for Places {
    fn from_iter<I: IntoIterator<Item = Place>>(places: I) -> Self {
        let mut column = Self::default();
        places.into_iter().for_each(|place| column.push(place));
        column
    }
}

/// Current Docebo enrollments (archived ones and repeats are set aside), sorted by learner and
/// course, one for each pair.
#[derive(Debug, Clone, Default)]
pub struct DoceboEnrollments {
    /// Row of [`Learners`].
    pub learner: Vec<u32>,
    /// Row of [`Courses`].
    pub course: Vec<u32>,
    /// Index into [`Dataset::status_words`].
    pub status: Vec<u16>,
    /// Enrollment date.
    pub enrolled: Vec<Option<LocalTime>>,
    /// Completion date.
    pub completed: Vec<Option<LocalTime>>,
    /// First access.
    pub first_access: Vec<Option<LocalTime>>,
    /// Last access.
    pub last_access: Vec<Option<LocalTime>>,
    /// Where the row stands.
    pub place: Places,
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
    pub record: Vec<Option<SfId>>,
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
    pub made: Vec<Option<(LocalTime, u16)>>,
    /// `LastModifiedById`, where the column is there.
    pub modified_by: Vec<Option<SfId>>,
}

/// `docebo_v3__CourseEnrollment__c`, sorted by account, course and record id; rows whose parents
/// are not in the extract come last.
#[derive(Debug, Clone, Default)]
pub struct CourseEnrollments {
    /// Record id.
    pub id: Vec<SfId>,
    /// As [`DoceboUsers::account`]; [`NONE`] where a parent is not in the extract.
    pub account: Vec<u32>,
    /// Row of [`Courses`]; [`NONE`] where a parent is not in the extract.
    pub course: Vec<u32>,
    /// `Status__c`; `None` where the word is not in the picklist.
    pub status: Vec<Option<Status>>,
    /// `EnrollmentStartDate__c`
    pub enrolled: Vec<Option<Instant>>,
    /// `EnrollmentCompletionDate__c`
    pub completed: Vec<Option<Instant>>,
    /// `UnenrollmentDate__c`
    pub unenrolled: SparseColumn<Instant>,
    /// `CreatedDate`
    pub created: Vec<Option<Instant>>,
    /// `LastModifiedDate`
    pub modified: Vec<Option<Instant>>,
    /// Index into [`Dataset::editors`] of `LastModifiedById`; [`NONE`] where the column is absent.
    pub modified_by: Vec<u32>,
    /// `EnrolmentId__c` of the rows where it says otherwise than the parents, or where a parent is
    /// missing: (row, text), ascending.
    pub odd_keys: Vec<(u32, String)>,
}

/// A row of one of the package's other objects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OtherRow {
    /// Its object.
    pub object: SfObject,
    /// Record id.
    pub id: SfId,
    /// `LastModifiedById`
    pub modified_by: SfId,
}

/// A contact that is not there any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Gone {
    /// Record id.
    pub id: SfId,
    /// The contact that it was merged into; nothing where it was deleted.
    pub into: Option<SfId>,
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
    pub beyond: Vec<u64>,
    /// Docebo: enrollments.
    pub enrollments: DoceboEnrollments,
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
    /// Salesforce: course enrollments.
    pub course_enrollments: CourseEnrollments,
    /// Users who last modified course enrollments.
    pub editors: Vec<SfId>,
    /// Salesforce: rows of the other package objects, sorted by object and id.
    pub beside: Vec<OtherRow>,
    /// Salesforce: when the rows of each package object at hand were written.
    pub pulses: BTreeMap<SfObject, Pulse>,
    /// Salesforce: deleted and merged contacts that it still remembers, sorted by id.
    pub gone: Vec<Gone>,
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
            Some(beyond) => self.beyond.get(beyond).copied(),
        }
    }

    /// What became of a contact that is not there: how it went, and who survived it at the end of a chain of
    /// merges.
    #[must_use]
    pub fn fate(&self, contact: SfId) -> Option<Gone> {
        let find = |id: SfId| self.gone.binary_search_by_key(&id, |gone| gone.id).ok().map(|at| self.gone[at]);
        let mut fate = find(contact)?;
        // A survivor can be merged away in its turn; a chain is never longer than the list.
        for _ in 0..self.gone.len() {
            match fate.into.and_then(find) {
                Some(next) if next.into.is_some() => fate.into = next.into,
                _ => break,
            }
        }
        Some(fate)
    }

    /// The learner of an account index, where the export names one.
    #[must_use]
    pub fn learner_of(&self, account: u32) -> Option<usize> {
        row(account).filter(|&account| account < self.learners.len())
    }
}

/// What the export said, in the order it was read; courses and learners by provisional index.
#[derive(Debug, Clone, Default)]
pub struct DoceboSide {
    /// Learner rows, several of one id possible.
    pub learners: LearnerRows,
    /// Enrollments, with `learner` a row of `learners` and `course` an index into `course_ids`.
    pub enrollments: DoceboEnrollments,
    /// Course ids in the order they were met.
    pub course_ids: Vec<u64>,
    /// As [`Courses::made`], beside `course_ids`.
    pub courses_made: Vec<Option<(LocalTime, u16)>>,
    /// The status words in the order they were met.
    pub status_words: Vec<StatusWord>,
}

/// What Salesforce said, in the order it was read; parents by provisional index.
#[derive(Debug, Clone, Default)]
pub struct SalesforceSide {
    /// Contacts, sorted by id.
    pub contacts: Contacts,
    /// Users, sorted by id.
    pub users: Users,
    /// Docebo users, sorted by id, their accounts not yet known.
    pub docebo_users: DoceboUsers,
    /// Courses that Salesforce has.
    pub courses: Courses,
    /// Course enrollments, with `account` a row of `docebo_users` and `course` a row of `courses`.
    pub course_enrollments: CourseEnrollments,
    /// Users who last modified course enrollments.
    pub editors: Vec<SfId>,
    /// Rows of the other package objects.
    pub beside: Vec<OtherRow>,
    /// When the rows of each package object were written.
    pub pulses: BTreeMap<SfObject, Pulse>,
    /// Deleted and merged contacts.
    pub gone: Vec<Gone>,
    /// What was built onto the package's objects.
    pub customisation: Option<Customisation>,
}

/// A record that stands twice in an extract, which no complete read of Salesforce yields.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DoubleRecord {
    /// The object.
    pub object: SfObject,
    /// The record.
    pub id: SfId,
}

/// Sorts and joins what was read.
///
/// # Errors
/// When one Salesforce record stands twice.
pub fn assemble(mut origins: Origins, docebo: DoceboSide, salesforce: SalesforceSide) -> Result<Dataset, DoubleRecord> {
    let contacts = salesforce.contacts;
    contacts.once()?;
    let learners = people::settle(docebo.learners, &contacts);
    let users = salesforce.users;
    users.once()?;
    let (courses, from_salesforce, from_docebo) =
        merge_courses(salesforce.courses, &docebo.course_ids, &docebo.courses_made)?;

    let mut docebo_users = salesforce.docebo_users;
    let beyond = docebo_users.settle(&learners.sorted);
    // The two long tables have nothing to do with each other until they are merged.
    let (course_enrollments, (enrollments, repeated)) = std::thread::scope(|scope| {
        let rows = scope.spawn(|| {
            sort_course_enrollments(salesforce.course_enrollments, docebo_users.accounts(), &from_salesforce)
        });
        let enrollments = sort_enrollments(docebo.enrollments, &learners.row_of, &from_docebo, &docebo.status_words);
        (rows.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)), enrollments)
    });
    let course_enrollments = course_enrollments?;
    docebo_users.once()?;

    origins.set_aside.extend(learners.repeated.into_iter().map(|place| (ExportKind::Users, place)));
    origins.set_aside.extend(repeated.into_iter().map(|place| (ExportKind::Enrollments, place)));
    origins.set_aside.sort_by_key(|(_, aside)| (aside.file, aside.line));
    let mut gone = salesforce.gone;
    gone.sort_unstable();
    let mut beside = salesforce.beside;
    beside.sort_unstable_by_key(|other| (other.object, other.id));

    Ok(Dataset {
        origins,
        learners: learners.sorted,
        beyond,
        enrollments,
        status_words: docebo.status_words,
        contacts,
        users,
        docebo_users,
        courses,
        course_enrollments,
        editors: salesforce.editors,
        beside,
        pulses: salesforce.pulses,
        gone,
        customisation: salesforce.customisation,
    })
}

/// Courses of both sides by id, and where each side's provisional indices went.
#[expect(clippy::needless_pass_by_value, reason = "what was read is given up as soon as it is sorted")]
fn merge_courses(
    raw: Courses,
    docebo_ids: &[u64],
    docebo_made: &[Option<(LocalTime, u16)>],
) -> Result<(Courses, Vec<u32>, Vec<u32>), DoubleRecord> {
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
            return Err(DoubleRecord { object: SfObject::Course, id });
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
    courses.made = vec![None; ids.len()];
    for (&sorted, &made) in from_docebo.iter().zip(docebo_made) {
        courses.made[sorted as usize] = made;
    }
    courses.id = ids;
    Ok((courses, from_salesforce, from_docebo))
}

/// Learner and course of a row as one number that sorts by both.
#[must_use]
pub fn pair(account: u32, course: u32) -> u64 {
    u64::from(account) << 32 | u64::from(course)
}

/// The rows in the order of their pairs, and of each pair in the order of `rank`.
fn by_pair<K: Ord>(account: &[u32], course: &[u32], rank: impl Fn(u32) -> K) -> Vec<u32> {
    // Pair and row in one number, where there is room in it: half the memory, and a faster sort.
    let most = |column: &[u32]| column.iter().copied().filter(|&index| index != NONE).max().map_or(0, |most| most + 1);
    let (no_account, no_course) = (most(account), most(course));
    let width = |most: u64| u64::BITS - most.leading_zeros();
    let (course_bits, row_bits) = (width(u64::from(no_course)), width(account.len() as u64));
    let pairs = || account.iter().zip(course);
    let mut order: Vec<u32> = if width(u64::from(no_account)) + course_bits + row_bits <= u64::BITS {
        let mut packed: Vec<u64> = (0_u64..)
            .zip(pairs())
            .map(|(row, (&account, &course))| {
                let key = u64::from(account.min(no_account)) << course_bits | u64::from(course.min(no_course));
                key << row_bits | row
            })
            .collect();
        packed.sort_unstable();
        let row = |packed: u64| u32::try_from(packed & ((1 << row_bits) - 1)).unwrap_or(NONE);
        packed.into_iter().map(row).collect()
    } else {
        let mut keyed: Vec<(u64, u32)> = pairs().map(|(&account, &course)| pair(account, course)).zip(0..).collect();
        keyed.sort_unstable();
        keyed.into_iter().map(|(_, row)| row).collect()
    };
    let key = |row: u32| pair(account[row as usize], course[row as usize]);
    for same in order.chunk_by_mut(|&a, &b| key(a) == key(b)) {
        if same.len() > 1 {
            same.sort_unstable_by_key(|&row| rank(row));
        }
    }
    order
}

fn sort_course_enrollments(
    mut raw: CourseEnrollments,
    account_of: &[u32],
    course_of: &[u32],
) -> Result<CourseEnrollments, DoubleRecord> {
    for (account, course) in raw.account.iter_mut().zip(&mut raw.course) {
        match (row(*account), row(*course)) {
            (Some(docebo_user), Some(at)) => (*account, *course) = (account_of[docebo_user], course_of[at]),
            _ => (*account, *course) = (NONE, NONE),
        }
    }
    let order = by_pair(&raw.account, &raw.course, |row| raw.id[row as usize]);
    // The same record twice has the same parents, so the two stand side by side.
    if let Some(twice) = order.windows(2).find(|two| raw.id[two[0] as usize] == raw.id[two[1] as usize]) {
        return Err(DoubleRecord { object: SfObject::CourseEnrollment, id: raw.id[twice[0] as usize] });
    }
    let mut place = vec![NONE; order.len()];
    for (new, &old) in (0u32..).zip(&order) {
        place[old as usize] = new;
    }
    let mut odd_keys: Vec<(u32, String)> =
        raw.odd_keys.into_iter().map(|(old, key)| (place[old as usize], key)).collect();
    odd_keys.sort_unstable_by_key(|&(row, _)| row);
    let unenrolled = raw.unenrolled.moved(&place);
    drop(place);
    Ok(CourseEnrollments {
        id: reorder(raw.id, &order),
        account: reorder(raw.account, &order),
        course: reorder(raw.course, &order),
        status: reorder(raw.status, &order),
        enrolled: reorder(raw.enrolled, &order),
        completed: reorder(raw.completed, &order),
        unenrolled,
        created: reorder(raw.created, &order),
        modified: reorder(raw.modified, &order),
        modified_by: reorder(raw.modified_by, &order),
        odd_keys,
    })
}

/// One row for each learner and course: of several the one with the newest dates, whatever the order
/// of rows and files; the others are set aside as repeats.
fn sort_enrollments(
    mut raw: DoceboEnrollments,
    learner_of: &[u32],
    course_of: &[u32],
    words: &[StatusWord],
) -> (DoceboEnrollments, Vec<SetAside>) {
    for (learner, course) in raw.learner.iter_mut().zip(&mut raw.course) {
        *learner = learner_of[*learner as usize];
        *course = course_of[*course as usize];
    }
    let newest_first = |row: u32| {
        let row = row as usize;
        let dates = (raw.enrolled[row], raw.completed[row], raw.first_access[row], raw.last_access[row]);
        let newest = dates.0.max(dates.1).max(dates.2).max(dates.3);
        let word = words.get(usize::from(raw.status[row])).map(|word| word.text.as_str());
        (std::cmp::Reverse((newest, dates, word)), raw.place.get(row))
    };
    let mut order = by_pair(&raw.learner, &raw.course, newest_first);
    let mut repeated = Vec::new();
    let mut last = None;
    order.retain(|&at| {
        let key = pair(raw.learner[at as usize], raw.course[at as usize]);
        let first = last != Some(key);
        last = Some(key);
        if !first {
            let Place { file, line } = raw.place.get(at as usize);
            repeated.push(SetAside { file, line, why: Aside::Repeated });
        }
        first
    });
    let sorted = DoceboEnrollments {
        learner: reorder(raw.learner, &order),
        course: reorder(raw.course, &order),
        status: reorder(raw.status, &order),
        enrolled: reorder(raw.enrolled, &order),
        completed: reorder(raw.completed, &order),
        first_access: reorder(raw.first_access, &order),
        last_access: reorder(raw.last_access, &order),
        place: raw.place.reorder(&order),
    };
    (sorted, repeated)
}

#[cfg(test)]
mod tests {
    use super::{NONE, Place, Places, by_pair, pair};

    #[test]
    fn places_are_kept_whether_they_stand_in_one_file_or_in_several() {
        for files in [vec![4, 4, 4], vec![4, 4, 5], vec![0, 1, 0]] {
            let places: Vec<Place> = files.into_iter().zip(7..).map(|(file, line)| Place { file, line }).collect();
            let column: Places = places.iter().copied().collect();
            assert_eq!(column.iter().collect::<Vec<_>>(), places);
            let turned: Vec<Place> = column.reorder(&[2, 0]).iter().collect();
            assert_eq!(turned, [places[2], places[0]]);
        }
    }

    #[test]
    fn rows_are_ordered_by_pair_and_rank_however_wide_the_numbers_are() {
        // In the second list the numbers are too wide to be sorted as one.
        for wide in [1_u32, 400_000_000] {
            let mut state = 7_u64;
            let mut next = |below: u32| {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                u32::try_from(state >> 33).expect("31 bits") % below
            };
            let mut index = || match next(10) {
                0 => NONE,
                other => other * wide,
            };
            let rows: Vec<(u32, u32)> = (0..300).map(|_| (index(), index())).collect();
            let (account, course): (Vec<u32>, Vec<u32>) = rows.iter().copied().unzip();
            let rank = |row: u32| std::cmp::Reverse(row);
            let mut expected: Vec<u32> = (0..300).collect();
            expected.sort_by_key(|&row| (pair(account[row as usize], course[row as usize]), rank(row)));
            assert_eq!(by_pair(&account, &course, rank), expected);
        }
        assert_eq!(by_pair(&[], &[], |row| row), Vec::<u32>::new());
    }
}
