//! Joins the two sides: learners with contacts by id and key, DoceboUser records with learners by `UserId__c`, courses
//! by `CourseId__c`, and enrollment records with enrollments by learner and course.
//!
//! This is the only module that knows the rows of both sides. It decides which records belong together, not what
//! follows from it: [`relations`](super::relations) does that.

/// Enrollments of both sides in one table.
pub mod enrollments;
/// Learners, each matched with a contact.
pub mod learners;

use rustc_hash::FxHashMap;

use crate::error::Error;
use crate::inputs::snapshot::rows::SnapshotRows;
use crate::inputs::snapshot::{PartialSnapshot, Snapshot};
use crate::model::courses::Courses;
use crate::model::enrollment_rows::{EnrollmentBlock, EnrollmentRecord};
use crate::model::excluded::ExcludedRow;
use crate::model::export_enrollments::{ExportEnrollments, MAX_COURSES};
use crate::model::export_rows::ExportRows;
use crate::model::id::RecordId;
use crate::model::input::ExportKind;
use crate::model::instant::LocalTime;
use crate::model::number;
use crate::model::object::{DuplicateRecord, SfObject};
use crate::model::row::{NONE, index, row};
use crate::model::user_numbers::UserNumbers;
use crate::reconcile::dataset::Dataset;
use crate::reconcile::join::enrollments::{EnrollmentIndex, EnrollmentRow, Enrollments, Position};

/// Both sides joined.
#[derive(Debug)]
pub struct Joined {
    /// The joined data.
    pub data: Dataset,
    /// Facts about the snapshot.
    pub snapshot: Snapshot,
    /// Rows of the export that repeat others.
    pub repeated: Vec<(ExportKind, ExcludedRow)>,
}

/// Why the two sides cannot be joined.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum JoinError {
    /// A record appears twice.
    Duplicate(DuplicateRecord),
    /// Both sides together have more courses than [`MAX_COURSES`].
    Courses,
}

impl From<DuplicateRecord> for JoinError {
    fn from(record: DuplicateRecord) -> Self {
        Self::Duplicate(record)
    }
}

/// Joins the export with the snapshot, and reads the rest of the snapshot: its enrollments are matched while reading,
/// so that no row is stored twice.
///
/// # Errors
/// If a Salesforce record appears twice, which no complete read of Salesforce yields; if both sides together have more
/// courses than [`MAX_COURSES`]; and those of [`PartialSnapshot::enrollments`].
pub fn join(export: ExportRows, mut snapshot: PartialSnapshot<'_>) -> Result<Joined, Error> {
    let parents = join_parents(export, snapshot.rows()).map_err(|why| match why {
        JoinError::Duplicate(record) => snapshot.duplicate(record),
        JoinError::Courses => Error::Usage(format!("both sides together have more than {MAX_COURSES} courses")),
    })?;
    let JoinedParents { mut data, enrollments, repeated_learners } = parents;
    let ((mut enrollments, repeated), parents) = rayon::join(|| enrollments.sort(&data), || Parents::new(&data));

    let mut editors = UserNumbers::default();
    let (index, mut matcher) = enrollments.open();
    let locate = |block: &EnrollmentBlock| Located::new(block, &parents, &data, index);
    let add = |block: EnrollmentBlock, located: Located| {
        matcher.reserve(located.positions.iter().copied().flatten());
        let mut mismatches = located.key_mismatches.into_iter().peekable();
        for (at, record) in (0..).zip(&block.rows) {
            let (account, course) = located.parents[at as usize];
            let modified_by = record.modified_by.map_or(NONE, |by| editors.index(by));
            let mismatch = mismatches.next_if(|&(row, _)| row == at).map(|(_, key)| key);
            matcher.add(
                located.positions[at as usize],
                EnrollmentRow::new(record, account, course, modified_by),
                mismatch,
            );
        }
    };
    if snapshot.enrollments(locate, add)? {
        let unique = enrollments.finish();
        unique.map_err(|id| snapshot.duplicate(DuplicateRecord { object: SfObject::CourseEnrollment, id }))?;
        data.editors = editors.ids;
    } else {
        enrollments.clear_rows();
    }
    drop(parents);
    data.enrollments = enrollments;

    let mut snapshot = snapshot.finish()?;
    data.add_unjoined(std::mem::take(&mut snapshot.rows));
    let repeated_learners = repeated_learners.into_iter().map(|row| (ExportKind::Users, row));
    let repeated = repeated.into_iter().map(|row| (ExportKind::Enrollments, row));
    Ok(Joined { data, snapshot, repeated: repeated_learners.chain(repeated).collect() })
}

/// The joined parents of enrollments.
struct JoinedParents {
    data: Dataset,
    enrollments: UnsortedEnrollments,
    /// Rows of the *Users* report that repeat others.
    repeated_learners: Vec<ExcludedRow>,
}

/// The export's enrollments, in the original order of learners and courses.
struct UnsortedEnrollments {
    read: ExportEnrollments,
    /// The dataset row of each learner and course, by reading order.
    learner_of: Vec<u32>,
    course_of: Vec<u32>,
}

impl UnsortedEnrollments {
    /// The enrollments in the dataset's order of learners and courses, and the repeated rows.
    fn sort(self, data: &Dataset) -> (Enrollments, Vec<ExcludedRow>) {
        Enrollments::sort(self.read, &self.learner_of, &self.course_of, data.learners.len(), &data.status_words)
    }
}

/// Joins learners, contacts, users, DoceboUser records and courses.
fn join_parents(export: ExportRows, salesforce: &mut SnapshotRows) -> Result<JoinedParents, JoinError> {
    let contacts = std::mem::take(&mut salesforce.contacts);
    contacts.check_unique()?;
    let learners = learners::deduplicate(export.learners, &contacts);
    let users = std::mem::take(&mut salesforce.users);
    users.check_unique()?;
    let courses = std::mem::take(&mut salesforce.courses);
    let (courses, course_of) = merge_courses(courses, &export.course_ids, &export.courses_created)?;
    if courses.id.len() > MAX_COURSES {
        return Err(JoinError::Courses);
    }
    let mut docebo_users = std::mem::take(&mut salesforce.docebo_users);
    docebo_users.check_unique()?;
    let learner_count = learners.sorted.len();
    let unexported_user_ids = docebo_users.resolve_accounts(learner_count, |id| learners.sorted.find(id));
    let data = Dataset {
        learners: learners.sorted,
        unexported_user_ids,
        status_words: export.status_words,
        contacts,
        users,
        docebo_users,
        courses,
        ..Dataset::default()
    };
    let enrollments = UnsortedEnrollments { read: export.enrollments, learner_of: learners.row_of, course_of };
    Ok(JoinedParents { data, enrollments, repeated_learners: learners.repeated })
}

/// The possible parents of an enrollment record, by record id: the account of a DoceboUser, the row of a course.
struct Parents {
    accounts: FxHashMap<RecordId, u32>,
    courses: FxHashMap<RecordId, u32>,
}

impl Parents {
    fn new(data: &Dataset) -> Self {
        let users = &data.docebo_users;
        let accounts = (0..users.len()).map(|at| (users.id(at), users.account(at)));
        let courses = data.courses.record.iter().zip(0..);
        Self {
            accounts: accounts.collect(),
            courses: courses.filter_map(|(&record, course)| Some((record?, course))).collect(),
        }
    }
}

/// The positions of a block's rows.
struct Located {
    /// Account and course of each row; both [`NONE`] if a parent is not in the extract.
    parents: Vec<(u32, u32)>,
    /// The enrollment of the export with these parents.
    positions: Vec<Option<Position>>,
    /// `EnrolmentId__c`, with the row, if it contradicts the parents, or a parent is not in the extract.
    key_mismatches: Vec<(u32, String)>,
}

impl Located {
    /// Locates the rows of a block. A lookup in a table of millions of rows is a cache miss; in loops that do nothing
    /// else, the misses of all rows overlap.
    fn new(block: &EnrollmentBlock, parents: &Parents, data: &Dataset, index: EnrollmentIndex<'_>) -> Self {
        let account = |row: &EnrollmentRecord| parents.accounts.get(&row.docebo_user).copied();
        let accounts: Vec<Option<u32>> = block.rows.iter().map(account).collect();
        let both = |(account, row): (Option<u32>, &EnrollmentRecord)| {
            account.zip(parents.courses.get(&row.course).copied()).unwrap_or((NONE, NONE))
        };
        let parents: Vec<(u32, u32)> = accounts.into_iter().zip(&block.rows).map(both).collect();
        let positions = index.find_each(&parents);
        let mut key_mismatches = Vec::new();
        if let Some(keys) = &block.keys {
            let learners: Vec<Option<u64>> = parents.iter().map(|&(account, _)| data.account_id(account)).collect();
            for (((at, key), learner), &(_, course)) in (0..).zip(keys.iter()).zip(learners).zip(&parents) {
                let ids = learner.zip(data.courses.id.get(course as usize).copied());
                if ids.is_none_or(|ids| !names_parents(key, ids)) {
                    key_mismatches.push((at, key.to_owned()));
                }
            }
        }
        Self { parents, positions, key_mismatches }
    }
}

/// Whether an `EnrolmentId__c` names this learner and course.
fn names_parents(text: &str, (learner, course): (u64, u64)) -> bool {
    let Some((left, right)) = text.split_once('_') else { return false };
    let plain =
        |part: &str, id: u64| part.bytes().all(|c| c.is_ascii_digit()) && number::whole(part.as_bytes()) == Ok(id);
    plain(left, learner) && plain(right, course)
}

/// Merges the courses of both sides by id, and maps the export's provisional indices.
#[expect(clippy::needless_pass_by_value, reason = "what was read is given up as soon as it is sorted")]
fn merge_courses(
    raw: Courses,
    docebo_ids: &[u64],
    created: &[Option<(LocalTime, u16)>],
) -> Result<(Courses, Vec<u32>), DuplicateRecord> {
    let mut ids: Vec<u64> = raw.id.iter().chain(docebo_ids).copied().collect();
    ids.sort_unstable();
    ids.dedup();
    let position = |id: &u64| ids.binary_search(id).map_or(NONE, index);
    let from_salesforce: Vec<u32> = raw.id.iter().map(position).collect();
    let from_docebo: Vec<u32> = docebo_ids.iter().map(position).collect();
    let mut row_of = vec![NONE; ids.len()];
    for (raw_row, &sorted) in (0u32..).zip(&from_salesforce) {
        let held = &mut row_of[sorted as usize];
        // `CourseId__c` is unique in Salesforce, so two rows with one id mean a broken extract.
        if let (Some(_), Some(id)) = (row(*held), raw.record[raw_row as usize]) {
            return Err(DuplicateRecord { object: SfObject::Course, id });
        }
        *held = raw_row;
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
    for (&sorted, &created_at) in from_docebo.iter().zip(created) {
        courses.created_at[sorted as usize] = created_at;
    }
    courses.id = ids;
    Ok((courses, from_docebo))
}

#[cfg(test)]
mod tests {
    use super::names_parents;

    #[test]
    fn a_key_names_learner_and_course() {
        assert!(names_parents("44444_608", (44_444, 608)));
        for other in ["", "44444", "44444_609", "44445_608", "44444_608_1", "44444-608", " 44444_608"] {
            assert!(!names_parents(other, (44_444, 608)), "{other}");
        }
    }
}
