//! Faults of time: a sync that stands still for a while or for good, and writes lost one by one.
//!
//! Salesforce's rows are what the writes made of them, so a stall is told by playing the writes of
//! each row again without those of the silent stretch.

use std::collections::BTreeSet;

use fastrand::Rng;

use super::{At, DAY, Enrollment, MINUTE, Object, World};

/// One write of the outbound sync.
#[derive(Debug, Clone, Copy)]
pub(super) struct Write {
    /// When it happened in Docebo.
    pub(super) event: At,
    /// When Salesforce heard of it.
    pub(super) at: At,
    status: &'static str,
    completed_at: Option<At>,
}

/// What a row looks like after its writes.
#[derive(Debug, Clone, Copy)]
pub(super) struct RowState {
    pub(super) created_at: At,
    pub(super) modified_at: At,
    pub(super) status: &'static str,
    pub(super) completed_at: Option<At>,
}

/// The writes of one enrollment, oldest first.
#[derive(Debug, Clone)]
pub(super) struct Writes(Vec<Write>);

impl Writes {
    pub(super) fn from_enrollment(enrollment: &Enrollment) -> Self {
        let Some(enrolled_at) = enrollment.enrolled_at else {
            return Self(Vec::new());
        };
        let first = match enrollment.status.as_str() {
            "Waiting users" => "Waiting",
            "Suspended" => "Suspended",
            "Overbooking" => "Overbooking",
            "Enrollment to confirm" => "Subscription_to_Confirm",
            _ => "Subscribed",
        };
        let events = [
            (Some(enrolled_at), first, None),
            (enrollment.first_access, "In_Progress", None),
            (enrollment.completed_at, "Completed", enrollment.completed_at),
        ];
        let writes = events.into_iter().enumerate().filter_map(|(n, (event, status, completed_at))| {
            let event = event?;
            Some(Write { event, at: event + delay(enrollment, n), status, completed_at })
        });
        Self(writes.collect())
    }

    /// Drops the first write that fails the test, and all after it.
    pub(super) fn keep_while(&mut self, mut test: impl FnMut(&Write) -> bool) {
        let kept = self.0.iter().take_while(|write| test(write)).count();
        self.0.truncate(kept);
    }

    pub(super) fn row(&self) -> Option<RowState> {
        // The newest event counts, even where a backlog wrote an older one after it.
        let last = self.0.last()?;
        let created_at = self.0.iter().map(|write| write.at).min()?;
        let modified_at = self.0.iter().map(|write| write.at).max()?;
        Some(RowState { created_at, modified_at, status: last.status, completed_at: last.completed_at })
    }
}

/// Some minutes, the same in every run for the same event.
fn delay(enrollment: &Enrollment, n: usize) -> At {
    let mixed = (enrollment.learner * 31 + enrollment.course * 17 + n as u64 * 7) % 780;
    2 * MINUTE + i64::try_from(mixed).expect("below 780")
}

impl World {
    /// Nothing is written from `from` on. At `until` writing goes on; with `backfill` what was
    /// missed is then written too, otherwise it stays lost until the next event of the same row.
    pub(crate) fn stall(&mut self, from: At, until: Option<At>, backfill: bool) {
        self.silences.push((from, until, backfill));
        let silent = |write: At| write >= from && until.is_none_or(|until| write < until);
        let mut behind = 0;
        for n in (0..self.course_enrollments.len()).rev() {
            let Some(enrollment) = self.enrollment_of(n) else {
                self.stall_alone(n, &silent, until.filter(|_| backfill));
                continue;
            };
            let mut writes = Writes::from_enrollment(enrollment);
            let row = &mut self.course_enrollments[n];
            // Later writes were not there to begin with.
            writes.0.retain(|write| write.at <= row.stamp.modified_at);
            if !writes.0.iter().any(|write| silent(write.at)) {
                continue;
            }
            for write in &mut writes.0 {
                if let Some(until) = until.filter(|_| backfill && silent(write.at)) {
                    // A backlog is worked off a row every few seconds.
                    behind += 1;
                    write.at = until + MINUTE + behind * 7;
                }
            }
            writes.0.retain(|write| !silent(write.at));
            match writes.row() {
                None => drop(self.course_enrollments.remove(n)),
                Some(state) => {
                    row.status = state.status.to_owned();
                    row.completed_at = state.completed_at;
                    row.stamp.created_at = state.created_at;
                    row.stamp.modified_at = state.modified_at;
                }
            }
        }
        self.stall_docebo_users(from);
    }

    /// The Docebo enrollment of the n-th Salesforce row.
    fn enrollment_of(&self, n: usize) -> Option<&Enrollment> {
        let row = &self.course_enrollments[n];
        let learner = self.docebo_users.iter().find(|parent| parent.id == row.docebo_user)?.learner;
        let course = self.course_rows.iter().find(|parent| parent.id == row.course)?.course;
        self.enrollments.iter().find(|row| row.learner == learner && row.course == course && !row.archived)
    }

    /// A row without its enrollment: it was made, and perhaps its unenrolment stamped, in silence.
    fn stall_alone(&mut self, n: usize, silent: &impl Fn(At) -> bool, made_up_for: Option<At>) {
        let stamp = &mut self.course_enrollments[n].stamp;
        let (unmade, unstamped) = (silent(stamp.created_at), silent(stamp.modified_at));
        if let Some(until) = made_up_for {
            stamp.created_at = if unmade { until + MINUTE } else { stamp.created_at };
            stamp.modified_at = if unstamped { until + 2 * MINUTE } else { stamp.modified_at };
        } else if unmade {
            self.course_enrollments.remove(n);
        } else if unstamped {
            stamp.modified_at = stamp.created_at;
            self.course_enrollments[n].unenrolled_at = None;
        }
    }

    /// A `DoceboUser` row that was to be made in the silence comes with the first later enrollment,
    /// or not at all.
    fn stall_docebo_users(&mut self, from: At) {
        let rows = &self.course_enrollments;
        self.docebo_users.retain_mut(|docebo_user| {
            if docebo_user.stamp.created_at < from {
                return true;
            }
            let first =
                rows.iter().filter(|row| row.docebo_user == docebo_user.id).map(|row| row.stamp.created_at).min();
            if let Some(first) = first {
                docebo_user.stamp.created_at = first - 2;
                docebo_user.stamp.modified_at = first - 2;
            }
            first.is_some()
        });
    }

    /// Loses so many per cent of the enrollment rows, and of the updates, without any pattern.
    pub(crate) fn lose_single_writes(&mut self, percent: u8, rng: &mut Rng) {
        let rested = self.cutoff() - 3 * DAY;
        for n in (0..self.course_enrollments.len()).rev() {
            if self.course_enrollments[n].stamp.modified_at > rested || rng.u8(..100) >= percent {
                continue;
            }
            let Some(enrollment) = self.enrollment_of(n) else {
                continue;
            };
            let mut writes = Writes::from_enrollment(enrollment);
            writes.0.pop();
            let row = &mut self.course_enrollments[n];
            match writes.row() {
                Some(state) if rng.bool() => {
                    row.status = state.status.to_owned();
                    row.completed_at = state.completed_at;
                    row.stamp.modified_at = state.modified_at;
                }
                _ => drop(self.course_enrollments.remove(n)),
            }
        }
        // Learners whose every row is lost keep their `DoceboUser`: it was written before them.
    }

    /// The reading of an object broke off: its last rows are not in the file, but were counted.
    pub(crate) fn truncate(&mut self, object: Object, rows: usize) {
        let shorten = |length: usize| length - rows.min(length);
        match object {
            Object::Contact => self.contacts.truncate(shorten(self.contacts.len())),
            Object::User => self.users.truncate(shorten(self.users.len())),
            Object::DoceboUser => self.docebo_users.truncate(shorten(self.docebo_users.len())),
            Object::Course => self.course_rows.truncate(shorten(self.course_rows.len())),
            Object::CourseEnrollment => self.course_enrollments.truncate(shorten(self.course_enrollments.len())),
        }
        let manifest = self.manifest.as_mut().expect("only a manifest tells what was counted");
        *manifest.short.entry(object).or_insert(0) += rows;
    }

    /// Deletes these learners from Docebo's reports, and nowhere else.
    pub(crate) fn leave_out_of_export(&mut self, learners: &BTreeSet<u64>) {
        self.learners.retain(|learner| !learners.contains(&learner.id));
        self.enrollments.retain(|row| !learners.contains(&row.learner));
    }
}
