//! Faults of single rows: enrollments that are absent, old, doubled or misnamed.

use super::catalogue::Subject;
use super::{CourseEnrollment, DAY, MINUTE, World};

impl World {
    /// The fault of the stalled sync: an enrolled learner without a `DoceboUser` row. Salesforce
    /// deletes the enrollments with it, so there are none.
    pub(crate) fn drop_docebo_user_record(&mut self, who: &str) -> Subject {
        let id = self.touch(who);
        self.forget(id);
        Subject::Learner(id)
    }

    /// The first rested enrollment of this learner, and the position of its row.
    fn settled(&mut self, who: &str) -> (u64, u64, usize) {
        let learner = self.touch(who);
        let course = *self.settled_courses(learner).first().expect("a settled learner");
        (learner, course, self.row_of(learner, course).expect("settled on both sides"))
    }

    fn change(&mut self, who: &str, change: impl FnOnce(&mut CourseEnrollment)) -> Subject {
        let (learner, course, row) = self.settled(who);
        change(&mut self.course_enrollments[row]);
        Subject::Enrollment(learner, course)
    }

    /// One enrollment never arrived; the learner's others did.
    pub(crate) fn drop_enrollment(&mut self, who: &str) -> Subject {
        let (learner, course, row) = self.settled(who);
        self.course_enrollments.remove(row);
        Subject::Enrollment(learner, course)
    }

    /// A status that the sync did not bring up to date.
    pub(crate) fn outdate_status(&mut self, who: &str) -> Subject {
        self.change(who, |row| {
            let other = if row.status == "Suspended" { "Waiting" } else { "Suspended" };
            row.status = other.to_owned();
        })
    }

    /// A re-enrollment whose new date did not arrive.
    pub(crate) fn outdate_enrollment_date(&mut self, who: &str) -> Subject {
        self.change(who, |row| {
            row.enrolled_at = row.enrolled_at.map(|enrolled| enrolled - 11 * DAY);
        })
    }

    /// A completion date that Docebo does not have, or one that Salesforce does not.
    pub(crate) fn outdate_completion(&mut self, who: &str) -> Subject {
        self.change(who, |row| {
            row.completed_at = match row.completed_at {
                Some(_) => None,
                None => row.enrolled_at.map(|enrolled| enrolled + DAY),
            };
        })
    }

    /// Enrolled again in Docebo, still unenrolled in Salesforce.
    pub(crate) fn stamp_unenrolled(&mut self, who: &str) -> Subject {
        self.change(who, |row| row.unenrolled_at = Some(row.stamp.modified_at + DAY))
    }

    /// An enrollment deleted in Docebo whose row was not stamped.
    pub(crate) fn orphan_enrollment(&mut self, who: &str) -> Subject {
        let (learner, course, row) = self.settled(who);
        self.enrollments.retain(|row| (row.learner, row.course) != (learner, course));
        Subject::Record(self.course_enrollments[row].id.clone())
    }

    /// A second row of the same learner and course, the older of the two.
    pub(crate) fn repeat_enrollment_row(&mut self, who: &str) -> Subject {
        let (learner, course, row) = self.settled(who);
        let mut older = self.course_enrollments[row].clone();
        older.id = self.mint.id(super::ids::Prefix::CourseEnrollment);
        // The key is unique in Salesforce, so the first row was renamed before the second came.
        older.enrolment_id = format!("x{learner}_{course}");
        older.stamp.created_at -= 40 * DAY;
        older.stamp.modified_at = older.stamp.created_at;
        older.status = "Subscribed".to_owned();
        let id = older.id.clone();
        self.course_enrollments.push(older);
        Subject::Record(id)
    }

    /// The key names another pair than the parents do.
    pub(crate) fn break_enrolment_key(&mut self, who: &str) -> Subject {
        let course = self.settled_courses(self.learner(who).id)[0];
        self.write_into_enrolment_id(who, &format!("9{course}_{course}"))
    }

    /// The key is this text.
    pub(crate) fn write_into_enrolment_id(&mut self, who: &str, text: &str) -> Subject {
        let (_, _, row) = self.settled(who);
        let row = &mut self.course_enrollments[row];
        text.clone_into(&mut row.enrolment_id);
        Subject::Record(row.id.clone())
    }

    /// A row whose `DoceboUser` is not in the extract.
    pub(crate) fn unresolve_parent(&mut self, who: &str) -> Subject {
        let (_, course, row) = self.settled(who);
        let mut unmatched = self.course_enrollments[row].clone();
        unmatched.id = self.mint.id(super::ids::Prefix::CourseEnrollment);
        unmatched.docebo_user = self.mint.id(super::ids::Prefix::DoceboUser);
        unmatched.enrolment_id = format!("9{course}_{course}");
        let id = unmatched.id.clone();
        self.course_enrollments.push(unmatched);
        Subject::Record(id)
    }

    /// A word in the report that means no status we know.
    pub(crate) fn unknown_status_word(&mut self, who: &str, word: &str) -> Subject {
        let (learner, course, _) = self.settled(who);
        let row =
            self.enrollments.iter_mut().find(|row| row.learner == learner && row.course == course && !row.archived);
        row.expect("settled on both sides").status = word.to_owned();
        Subject::Enrollment(learner, course)
    }

    /// Somebody changed a row of the integration by hand.
    pub(crate) fn edited_by_other(&mut self, who: &str) -> Subject {
        let (_, _, row) = self.settled(who);
        let admin = self.users[1].id.clone();
        let row = &mut self.course_enrollments[row];
        row.stamp.modified_by = admin;
        row.stamp.modified_at += 90 * MINUTE;
        Subject::Record(row.id.clone())
    }

    /// The user behind the integration was switched off.
    pub(crate) fn deactivate_integration_user(&mut self) -> Subject {
        let id = self.integration_user.clone();
        self.users.iter_mut().find(|user| user.id == id).expect("every world has it").active = false;
        Subject::User(id)
    }
}
