//! A year in the life of a sync that works: people join and are linked, enroll, start and complete
//! at believable hours, and each of it is written to Salesforce some minutes later.
//!
//! Besides the ordinary, every twentieth learner or so is innocent in a special way: no enrollment,
//! nothing in scope, a portal user, an employee, an unenrolment, an archived row, an event too new
//! to be expected. None of them may ever become a finding.

use std::collections::{BTreeMap, BTreeSet};

use fastrand::Rng;

use super::ids::{Mint, Prefix};
use super::people::COURSES;
use super::time::Writes;
use super::{
    At, Course, CourseEnrollment, CourseRow, Customised, DAY, DoceboUser, EXPORTED_AT, Enrollment, Export, HOUR,
    MINUTE, Manifest, Organization, Scope, Settings, User, World, at,
};

/// Positions in [`COURSES`] that are out of scope, each in its own way.
const NOT_EFFECTIVE: usize = 9;
const DELETED: usize = 13;
const NOT_IN_SALESFORCE: [usize; 2] = [19, 22];

/// What to simulate.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Plan {
    pub(crate) seed: u64,
    pub(crate) learners: usize,
    pub(crate) from: At,
    pub(crate) to: At,
    /// Enrollments a learner, on average.
    pub(crate) mean: usize,
}

impl World {
    /// An organization in which nothing is wrong.
    pub(crate) fn in_sync(seed: u64, learners: usize) -> Self {
        Self::in_sync_at(Organization::ACME, seed, learners)
    }

    /// As [`World::in_sync`], at this organization.
    pub(crate) fn in_sync_at(organization: Organization, seed: u64, learners: usize) -> Self {
        let to = at(EXPORTED_AT);
        Self::simulate_at(organization, Plan { seed, learners, from: to - 365 * DAY, to, mean: 5 })
    }

    /// As [`World::in_sync`], over another stretch of time.
    pub(crate) fn simulate(plan: Plan) -> Self {
        Self::simulate_at(Organization::ACME, plan)
    }

    /// As [`World::simulate`], at this organization.
    pub(crate) fn simulate_at(organization: Organization, plan: Plan) -> Self {
        let mut rng = Rng::with_seed(plan.seed);
        let mut world = Self::empty(organization, plan);
        world.open_courses(plan.from);
        for n in 0..plan.learners {
            world.resolve(n, plan, &mut rng);
        }
        if plan.seed % 2 == 1 {
            world.read_list_view(&mut rng);
        }
        world.touched = BTreeSet::new();
        world
    }

    /// Two users, no learner, no course.
    fn empty(organization: Organization, plan: Plan) -> Self {
        let mut mint = Mint::new(organization.instance_part, plan.seed.wrapping_mul(7919) + 1);
        let integration = mint.id(Prefix::User);
        let admin = mint.id(Prefix::User);
        let user = |id: &str, username: &str| User {
            id: id.to_owned(),
            username: username.to_owned(),
            contact: String::new(),
            active: true,
        };
        Self {
            organization,
            story: String::new(),
            learners: Vec::new(),
            courses: Vec::new(),
            enrollments: Vec::new(),
            rejects: Vec::new(),
            contacts: Vec::new(),
            users: vec![
                user(&integration, "docebo.integration@example.com"),
                user(&admin, "salesforce.admin@example.com"),
            ],
            docebo_users: Vec::new(),
            course_rows: Vec::new(),
            course_enrollments: Vec::new(),
            list_view: None,
            manifest: Some(Manifest { server_time: plan.to + 10 * MINUTE, short: BTreeMap::new() }),
            customised: Some(Customised::default()),
            settings: Settings {
                exported_at: plan.to,
                grace_hours: 24,
                tolerance_minutes: 1,
                username_field: "Email".to_owned(),
                provisioning: true,
                list_view: None,
                scope: Scope::Synced,
                manual: false,
                extracted_at: None,
            },
            export: Export {
                users: true,
                enrollments: true,
                sfdc_id_in_users: true,
                sfdc_id_in_enrollments: false,
                course_id: true,
                learner_id_in_enrollments: true,
            },
            hidden: BTreeSet::new(),
            removed: BTreeSet::new(),
            silences: Vec::new(),
            integration_user: integration,
            mint,
            touched: BTreeSet::new(),
            next_person: 0,
            next_learner: 10_004 + plan.seed % 50,
            column_seed: None,
        }
    }

    fn open_courses(&mut self, from: At) {
        for (n, (code, title, category)) in COURSES.iter().enumerate() {
            let id = 601 + 3 * n as u64;
            self.courses.push(Course {
                id,
                code: (*code).to_owned(),
                title: (*title).to_owned(),
                category: (*category).to_owned(),
            });
            if NOT_IN_SALESFORCE.contains(&n) {
                continue;
            }
            let created_at = from - 90 * DAY + n as i64 * 3 * HOUR;
            let deleted_at = (n == DELETED).then_some(self.settings.exported_at - 40 * DAY);
            let stamp = self.stamp(created_at, deleted_at.map_or(created_at, |deleted| deleted + 6 * MINUTE));
            let id_of_row = self.mint.id(Prefix::Course);
            self.course_rows.push(CourseRow {
                id: id_of_row,
                course: id,
                code: (*code).to_owned(),
                title: (*title).to_owned(),
                deleted_at,
                effective: n != NOT_EFFECTIVE,
                stamp,
            });
        }
    }

    /// One learner's year. What is special about it depends only on its place in the row.
    fn resolve(&mut self, n: usize, plan: Plan, rng: &mut Rng) {
        let part = n % 20;
        let newcomer = part == 19;
        let joined = if newcomer {
            moment(rng, plan.to - 20 * DAY, plan.to - 8 * DAY)
        } else {
            moment(rng, plan.from - 100 * DAY, plan.from + 150 * DAY)
        };
        let employee = part == 7;
        let learner = if employee { self.hire(joined) } else { self.enlist(joined) };
        let link = self.learners.last().expect("just added").sfdc_id.clone();
        let portal = (part == 3).then(|| self.open_portal(&link));
        self.learners.last_mut().expect("just added").deactivated = part == 18;
        let begin = joined.max(plan.from);
        let mut courses = synced_courses();
        rng.shuffle(&mut courses);
        let mut courses = courses.into_iter().map(|n| 601 + 3 * n as u64);
        let mut fresh = || courses.next().expect("nobody takes every course");

        let mut taken = Vec::new();
        if !matches!(part, 11 | 15) && !newcomer {
            for _ in 0..rng.usize(2..=(2 * plan.mean).saturating_sub(2).clamp(2, 16)) {
                taken.push(enrollment(rng, learner, fresh(), begin, plan.to));
            }
        }
        match part {
            // Completed an hour ago: the row is there, its status still the old one.
            5 => taken.push(Enrollment {
                status: "Completed".to_owned(),
                first_access: Some(plan.to - 3 * HOUR),
                last_access: Some(plan.to - HOUR),
                completed_at: Some(plan.to - HOUR),
                score: Some(88),
                ..enrolled(learner, fresh(), moment(rng, begin, plan.to - 10 * DAY))
            }),
            // Enrolled this night: no row yet.
            10 | 19 => taken.push(enrolled(learner, fresh(), plan.to - rng.i64(2 * HOUR..20 * HOUR))),
            // In a course whose category is no longer synced; the row of better days is still kept up.
            12 => taken.push(enrolled(learner, 601 + 3 * NOT_EFFECTIVE as u64, moment(rng, begin, plan.to - 30 * DAY))),
            _ => {}
        }
        self.sync(learner, &taken, portal.as_deref(), &link, rng);

        let away = moment(rng, begin, plan.to - 60 * DAY);
        match part {
            // Unenrolled: gone from the report, stamped in Salesforce.
            2 => self.row_alone(learner, fresh(), away, Some(away + 9 * DAY)),
            // The course is gone from Docebo; its rows remain.
            4 => self.row_alone(learner, 601 + 3 * DELETED as u64, away, None),
            // Taken again after the first round was archived.
            6 => {
                let again = &taken[0];
                let before = again.enrolled_at.expect("every enrollment has its date") - 45 * DAY;
                taken.push(Enrollment {
                    archived: true,
                    completed_at: Some(before + 4 * DAY),
                    status: "Completed".to_owned(),
                    ..enrolled(learner, again.course, before)
                });
            }
            // Archived for good, and unenrolled on the other side.
            8 => {
                let course = fresh();
                taken.push(Enrollment { archived: true, ..enrolled(learner, course, away) });
                self.row_alone(learner, course, away, Some(away + 30 * DAY));
            }
            // Enrolled between the export and the reading of Salesforce.
            9 => {
                let course = fresh();
                self.row_alone(learner, course, plan.to + MINUTE, None);
            }
            // Nothing of it is in scope, so Salesforce need not know this learner.
            14 => taken.push(enrolled(learner, 601 + 3 * NOT_IN_SALESFORCE[0] as u64, away)),
            15 => {
                taken.push(enrolled(learner, 601 + 3 * NOT_IN_SALESFORCE[1] as u64, away));
                taken.push(enrolled(learner, 601 + 3 * NOT_EFFECTIVE as u64, away + DAY));
            }
            16 => taken.push(enrolled(learner, 601 + 3 * DELETED as u64, away)),
            _ => {}
        }
        self.enrollments.extend(taken);
    }

    /// Gives a learner some enrollments that arrive, over the year before the export.
    pub(crate) fn live(&mut self, learner: u64, portal: Option<&str>, enrollments: usize, rng: &mut Rng) {
        let (to, link) = (self.settings.exported_at, self.learner_mut(learner).sfdc_id.clone());
        let mut courses = synced_courses();
        rng.shuffle(&mut courses);
        let taken: Vec<Enrollment> = courses
            .into_iter()
            .take(enrollments)
            .map(|n| enrollment(rng, learner, 601 + 3 * n as u64, to - 300 * DAY, to - 30 * DAY))
            .collect();
        self.sync(learner, &taken, portal, &link, rng);
        self.enrollments.extend(taken);
    }

    /// One enrollment in a course that the sync leaves out, or none yet in Salesforce.
    pub(crate) fn enroll_only_in_docebo(&mut self, learner: u64, course: u64, enrolled_at: At) {
        self.enrollments.push(enrolled(learner, course, enrolled_at));
    }

    /// One enrollment that arrived.
    pub(crate) fn enroll(&mut self, learner: u64, course: u64, enrolled_at: At) {
        let link = self.learner_mut(learner).sfdc_id.clone();
        let row = enrolled(learner, course, enrolled_at);
        self.sync(learner, std::slice::from_ref(&row), None, &link, &mut Rng::with_seed(learner));
        self.enrollments.push(row);
    }

    /// A course on both sides.
    pub(crate) fn add_course(&mut self, code: &str, title: &str) -> u64 {
        let id = 2 + self.courses.iter().map(|course| course.id).max().unwrap_or(600);
        self.courses.push(Course { id, code: code.to_owned(), title: title.to_owned(), category: "More".to_owned() });
        let created_at = self.settings.exported_at - 400 * DAY;
        let stamp = self.stamp(created_at, created_at);
        let id_of_row = self.mint.id(Prefix::Course);
        self.course_rows.push(CourseRow {
            id: id_of_row,
            course: id,
            code: code.to_owned(),
            title: title.to_owned(),
            deleted_at: None,
            effective: true,
            stamp,
        });
        id
    }

    /// A portal user of this contact, which the integration then prefers to the contact.
    pub(crate) fn open_portal(&mut self, contact: &str) -> String {
        let id = self.mint.id(Prefix::User);
        let key = &self.contacts.iter().find(|row| row.id == contact).expect("a portal user has a contact").key;
        self.users.push(User {
            id: id.clone(),
            username: format!("portal.{key}"),
            contact: contact.to_owned(),
            active: true,
        });
        id
    }

    /// What the sync has written of these enrollments when Salesforce is read.
    pub(super) fn sync(&mut self, learner: u64, taken: &[Enrollment], portal: Option<&str>, link: &str, rng: &mut Rng) {
        let cutoff = self.cutoff();
        for enrollment in taken {
            let mut arrived = Writes::from_enrollment(enrollment);
            // What is younger than the grace may be under way: every other write is.
            arrived.keep_while(|write| write.event <= cutoff || (rng.bool() && write.event < cutoff + 3 * HOUR));
            let Some(row) = arrived.row() else { continue };
            let docebo_user = self.docebo_user_of(learner, portal, link, row.created_at);
            let Some(course) = self.course_row(enrollment.course).map(|course| course.id.clone()) else {
                continue;
            };
            let stamp = self.stamp(row.created_at, row.modified_at);
            let id = self.mint.id(Prefix::CourseEnrollment);
            self.course_enrollments.push(CourseEnrollment {
                id,
                enrolment_id: format!("{learner}_{}", enrollment.course),
                docebo_user,
                course,
                status: row.status.to_owned(),
                enrolled_at: enrollment.enrolled_at,
                completed_at: row.completed_at,
                unenrolled_at: None,
                stamp,
            });
        }
    }

    /// Id of the learner's `DoceboUser` row, which is made with its first enrollment.
    fn docebo_user_of(&mut self, learner: u64, portal: Option<&str>, link: &str, first_write: At) -> String {
        let created_at = first_write - 2;
        if let Some(row) = self.docebo_users.iter_mut().find(|row| row.learner == learner) {
            if created_at < row.stamp.created_at {
                row.stamp.created_at = created_at;
                row.stamp.modified_at = created_at;
            }
            return row.id.clone();
        }
        let id = self.mint.id(Prefix::DoceboUser);
        // The package refuses a row with both lookups, so a portal user has only the second.
        let user = if link.starts_with("005") { link } else { portal.unwrap_or_default() };
        let contact = if user.is_empty() { link } else { "" };
        let stamp = self.stamp(created_at, created_at);
        self.docebo_users.push(DoceboUser {
            id: id.clone(),
            learner,
            contact: contact.to_owned(),
            user: user.to_owned(),
            who: link.to_owned(),
            stamp,
        });
        id
    }

    /// A row that only Salesforce has; none where the learner has no `DoceboUser` row to hang it on.
    pub(super) fn row_alone(&mut self, learner: u64, course: u64, enrolled_at: At, unenrolled_at: Option<At>) {
        let Some(docebo_user) = self.docebo_user(learner).map(|row| row.id.clone()) else {
            return;
        };
        let parent = self.course_row(course).expect("a course with rows").id.clone();
        let created_at = enrolled_at + 5 * MINUTE;
        let stamp = self.stamp(created_at, unenrolled_at.map_or(created_at, |deleted| deleted + 4 * MINUTE));
        let id = self.mint.id(Prefix::CourseEnrollment);
        self.course_enrollments.push(CourseEnrollment {
            id,
            enrolment_id: format!("{learner}_{course}"),
            docebo_user,
            course: parent,
            status: "Subscribed".to_owned(),
            enrolled_at: Some(enrolled_at),
            completed_at: None,
            unenrolled_at,
            stamp,
        });
    }

    /// The inbound sync reads a list view, and some contacts are not in it.
    fn read_list_view(&mut self, rng: &mut Rng) {
        self.settings.list_view = Some(self.mint.id(Prefix::ListView));
        self.list_view =
            Some(self.contacts.iter().filter(|_| rng.u8(..100) < 90).map(|contact| contact.id.clone()).collect());
    }
}

/// Positions in [`COURSES`] that are in scope.
fn synced_courses() -> Vec<usize> {
    (0..COURSES.len()).filter(|n| *n != NOT_EFFECTIVE && *n != DELETED && !NOT_IN_SALESFORCE.contains(n)).collect()
}

/// An instant at which people work: mostly weekdays, mostly days, some evenings.
pub(super) fn moment(rng: &mut Rng, from: At, to: At) -> At {
    for _ in 0..60 {
        let day = rng.i64(from.div_euclid(DAY)..=to.max(from).div_euclid(DAY));
        // The first day of 1970 was a Thursday.
        let weekend = matches!((day + 4).rem_euclid(7), 0 | 6);
        if weekend && rng.u8(..100) < 80 {
            continue;
        }
        let hour = if rng.u8(..100) < 8 { rng.i64(19..23) } else { 6 + rng.i64(0..=6) + rng.i64(0..=6) };
        let instant = day * DAY + hour * HOUR + rng.i64(0..HOUR);
        if (from..=to).contains(&instant) {
            return instant;
        }
    }
    from + rng.i64(0..=(to - from).max(0))
}

/// Enrolled, and nothing more yet.
pub(super) fn enrolled(learner: u64, course: u64, enrolled_at: At) -> Enrollment {
    Enrollment {
        learner,
        course,
        status: "Enrolled".to_owned(),
        enrolled_at: Some(enrolled_at),
        first_access: None,
        last_access: None,
        completed_at: None,
        archived: false,
        score: None,
    }
}

/// An enrollment with what became of it by `to`.
fn enrollment(rng: &mut Rng, learner: u64, course: u64, from: At, to: At) -> Enrollment {
    let mut row = enrolled(learner, course, moment(rng, from, to - 2 * HOUR));
    let chance = rng.u8(..100);
    if chance < 4 {
        row.status =
            ["Waiting users", "Suspended", "Overbooking", "Enrollment to confirm"][usize::from(chance)].to_owned();
        return row;
    }
    let begun = row.enrolled_at.expect("just set") + rng.i64(HOUR / 2..12 * DAY);
    if chance < 22 || begun > to {
        return row;
    }
    row.status = "In Progress".to_owned();
    row.first_access = Some(begun);
    row.last_access = Some(begun);
    let done = moment(rng, begun + HOUR / 3, begun + 25 * DAY);
    if chance < 38 || done > to {
        return row;
    }
    row.status = "Completed".to_owned();
    row.last_access = Some(done);
    row.completed_at = Some(done);
    row.score = Some(rng.u8(60..=100));
    row
}
