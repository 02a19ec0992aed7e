//! What a reader may lack: objects, columns, reports, and rows that cannot be read.
//!
//! None of these is a fault of the sync, so none may add a finding.

use super::catalogue::Subject;
use super::{Damage, Object, Reject, Report, World};

impl World {
    /// Field-level security hides a column, so the file does not have it.
    pub(crate) fn hide_column(&mut self, object: Object, column: &str) {
        self.hidden.insert((object, column.to_owned()));
    }

    /// The object was not saved.
    pub(crate) fn remove_object(&mut self, object: Object) {
        self.removed.insert(object);
    }

    pub(crate) fn remove_users_report(&mut self) {
        self.export.users = false;
    }

    pub(crate) fn remove_enrollments_report(&mut self) {
        self.export.enrollments = false;
    }

    /// The additional field is in no report, and the configuration owns up to it.
    pub(crate) fn remove_sfdc_id_column(&mut self) {
        self.export.sfdc_id_in_users = false;
        self.export.sfdc_id_in_enrollments = false;
    }

    /// The report of enrollments carries the additional field too.
    pub(crate) fn add_sfdc_id_to_enrollments(&mut self) {
        self.export.sfdc_id_in_enrollments = true;
    }

    /// Only the course code tells which course it is.
    pub(crate) fn remove_course_id_column(&mut self) {
        self.export.course_id = false;
    }

    /// Only the username tells whose enrollment it is.
    pub(crate) fn remove_learner_id_column(&mut self) {
        self.export.learner_id_in_enrollments = false;
    }

    /// The learner's row is not in the *Users* report; its enrollments are in the other.
    pub(crate) fn leave_out_of_users_report(&mut self, who: &str) {
        let id = self.touch(who);
        self.learner_mut(id).in_users_report = false;
    }

    /// A further row that cannot be read.
    pub(crate) fn reject_row(&mut self, report: Report, damage: Damage) -> Subject {
        self.rejects.push(Reject { report, damage });
        Subject::Nothing
    }

    /// The same enrollment a second time, as in two exports that overlap.
    pub(crate) fn repeat_export_row(&mut self, who: &str) -> Subject {
        let id = self.touch(who);
        let row =
            self.enrollments.iter().find(|row| row.learner == id && !row.archived).expect("a settled learner").clone();
        self.enrollments.push(row);
        Subject::Nothing
    }

    /// No manifest: the folder was saved by hand.
    pub(crate) fn save_by_hand(&mut self) {
        self.manifest = None;
        self.customised = None;
    }
}
