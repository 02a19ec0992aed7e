//! A simulated organisation: what Docebo would export and what Salesforce would hold, as plain rows.
//!
//! [`World::in_sync`] lives through a year of enrollments in which every write arrives; the verbs in
//! `links`, `rows`, `inputs` and `time` each do one thing wrong to it, and the table in `catalogue`
//! says which finding each must cause. So the truth about every record is known by construction.
//!
//! Must not know: the package under test. What a row *should* be called is the oracle's business.

pub(crate) mod catalogue;
pub(crate) mod dialect;
mod files;
pub(crate) mod ids;
mod inputs;
mod links;
pub(crate) mod people;
mod rows;
mod simulate;
mod table;
mod time;

use std::collections::{BTreeMap, BTreeSet};

use fastrand::Rng;

use self::ids::{Mint, Prefix};
pub(crate) use self::links::near;
pub(crate) use self::simulate::Plan;

/// Seconds since 1970 in UTC.
pub(crate) type At = i64;

pub(crate) const MINUTE: At = 60;
pub(crate) const HOUR: At = 60 * MINUTE;
pub(crate) const DAY: At = 24 * HOUR;

/// When every world was exported.
pub(crate) const EXPORTED_AT: &str = "2026-11-20T06:00:00Z";

/// The instant that an RFC 3339 text names.
pub(crate) fn at(text: &str) -> At {
    text.parse::<jiff::Timestamp>().expect("an instant written in a test").as_second()
}

/// Whose world it is: an invented company with a Salesforce organization and a Docebo platform of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Organization {
    /// The company's name in addresses.
    pub(crate) name: &'static str,
    /// Characters 4 to 6 of the organization's id and of its record ids.
    pub(crate) instance_part: &'static str,
    /// The last five characters of the organization's id in its short form.
    pub(crate) number: &'static str,
}

impl Organization {
    /// Whose worlds are that need no organization of their own.
    pub(crate) const ACME: Self = Self { name: "acme", instance_part: "5g0", number: "4XyZA" };

    /// The organization's id.
    pub(crate) fn id(self) -> String {
        ids::with_suffix(&format!("00D{}0000{}", self.instance_part, self.number))
    }

    /// Its My Domain address.
    pub(crate) fn instance_url(self) -> String {
        format!("https://{}.my.salesforce.com", self.name)
    }

    /// The address of its Docebo platform.
    pub(crate) fn platform_url(self) -> String {
        format!("https://{}.docebosaas.com", self.name)
    }
}

/// A Docebo user, as the *Users* report tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Learner {
    pub(crate) id: u64,
    pub(crate) username: String,
    pub(crate) email: String,
    pub(crate) given: String,
    pub(crate) family: String,
    pub(crate) branch: String,
    pub(crate) country: String,
    pub(crate) sfdc_id: String,
    pub(crate) created_at: At,
    pub(crate) deactivated: bool,
    /// Whether the *Users* report has a row for it; the enrollments may still name it.
    pub(crate) in_users_report: bool,
}

/// A Docebo course.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Course {
    pub(crate) id: u64,
    pub(crate) code: String,
    pub(crate) title: String,
    pub(crate) category: String,
}

/// A row of the *Users - Courses* report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Enrollment {
    pub(crate) learner: u64,
    pub(crate) course: u64,
    /// The word in the report's status column.
    pub(crate) status: String,
    pub(crate) enrolled_at: Option<At>,
    pub(crate) first_access: Option<At>,
    pub(crate) last_access: Option<At>,
    pub(crate) completed_at: Option<At>,
    pub(crate) archived: bool,
    pub(crate) score: Option<u8>,
}

/// A row of a report that cannot be read, and so does not exist for the reconciliation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Reject {
    pub(crate) report: Report,
    pub(crate) damage: Damage,
}

/// What is wrong with a rejected row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Damage {
    /// The learner's id is this text instead of a whole number.
    LearnerId(String),
    /// The course's id is this text; only in the enrollments.
    CourseId(String),
    /// The row ends too early.
    TooFewCells,
    /// The row goes on after the last heading.
    TooManyCells,
    /// The enrollment date is this text; only in the enrollments.
    Date(String),
}

/// One of Docebo's two exports.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Report {
    Users,
    Enrollments,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Contact {
    pub(crate) id: String,
    /// The value of the field that the data mapper maps to the Docebo username.
    pub(crate) key: String,
    pub(crate) given: String,
    pub(crate) family: String,
    pub(crate) created_at: At,
}

/// A Salesforce User: the integration's, an employee's, or a portal user with a contact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct User {
    pub(crate) id: String,
    pub(crate) username: String,
    pub(crate) contact: String,
    pub(crate) active: bool,
}

/// Who wrote a record and when: the four system fields every object has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Stamp {
    pub(crate) created_at: At,
    pub(crate) created_by: String,
    pub(crate) modified_at: At,
    pub(crate) modified_by: String,
}

/// A `docebo_v3__DoceboUser__c`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct DoceboUser {
    pub(crate) id: String,
    pub(crate) learner: u64,
    pub(crate) contact: String,
    pub(crate) user: String,
    pub(crate) who: String,
    pub(crate) stamp: Stamp,
}

/// A `docebo_v3__Course__c`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CourseRow {
    pub(crate) id: String,
    pub(crate) course: u64,
    pub(crate) code: String,
    pub(crate) title: String,
    pub(crate) deleted_at: Option<At>,
    pub(crate) effective: bool,
    pub(crate) stamp: Stamp,
}

/// A `docebo_v3__CourseEnrollment__c`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CourseEnrollment {
    pub(crate) id: String,
    pub(crate) enrolment_id: String,
    /// Record id of the parent `DoceboUser`.
    pub(crate) docebo_user: String,
    /// Record id of the parent `Course`.
    pub(crate) course: String,
    pub(crate) status: String,
    pub(crate) enrolled_at: Option<At>,
    pub(crate) completed_at: Option<At>,
    pub(crate) unenrolled_at: Option<At>,
    pub(crate) stamp: Stamp,
}

/// The objects of a snapshot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Object {
    Contact,
    User,
    DoceboUser,
    Course,
    CourseEnrollment,
}

impl Object {
    pub(crate) const ALL: [Self; 5] =
        [Self::Contact, Self::User, Self::DoceboUser, Self::Course, Self::CourseEnrollment];

    /// The API name, which is also the file's stem.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Contact => "Contact",
            Self::User => "User",
            Self::DoceboUser => "docebo_v3__DoceboUser__c",
            Self::Course => "docebo_v3__Course__c",
            Self::CourseEnrollment => "docebo_v3__CourseEnrollment__c",
        }
    }
}

/// Which courses count as synced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Scope {
    Synced,
    All,
    List(Vec<u64>),
}

/// What the configuration says about the organisation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Settings {
    pub(crate) exported_at: At,
    pub(crate) grace_hours: i64,
    pub(crate) tolerance_minutes: i64,
    pub(crate) username_field: String,
    pub(crate) provisioning: bool,
    /// Id of the list view that the inbound sync reads, where one is set.
    pub(crate) list_view: Option<String>,
    pub(crate) scope: Scope,
    /// Whether enrollments are replicated only when somebody asks for it.
    pub(crate) manual: bool,
    /// When Salesforce was read, where the configuration says so.
    pub(crate) extracted_at: Option<At>,
}

/// Which reports there are, and which of the columns that may be missing they have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Export {
    pub(crate) users: bool,
    pub(crate) enrollments: bool,
    pub(crate) sfdc_id_in_users: bool,
    pub(crate) sfdc_id_in_enrollments: bool,
    pub(crate) course_id: bool,
    pub(crate) learner_id_in_enrollments: bool,
}

/// What `manifest.json` says beyond the files themselves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Manifest {
    pub(crate) server_time: At,
    /// How many rows more than the file holds Salesforce counted.
    pub(crate) short: BTreeMap<Object, usize>,
}

/// What setup says of the nine objects.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Customised {
    /// Object, kind, name, detail, and who changed it last.
    pub(crate) parts: Vec<[String; 5]>,
    pub(crate) unseen: Vec<String>,
}

/// The whole organisation at the moment of the export.
#[derive(Debug, Clone)]
pub(crate) struct World {
    pub(crate) organization: Organization,
    /// Told at the head of the configuration, a comment line each.
    pub(crate) story: String,
    pub(crate) learners: Vec<Learner>,
    pub(crate) courses: Vec<Course>,
    pub(crate) enrollments: Vec<Enrollment>,
    pub(crate) rejects: Vec<Reject>,
    pub(crate) contacts: Vec<Contact>,
    pub(crate) users: Vec<User>,
    pub(crate) docebo_users: Vec<DoceboUser>,
    pub(crate) course_rows: Vec<CourseRow>,
    pub(crate) course_enrollments: Vec<CourseEnrollment>,
    /// Ids of the contacts in the list view, where it was read.
    pub(crate) list_view: Option<Vec<String>>,
    pub(crate) manifest: Option<Manifest>,
    pub(crate) settings: Settings,
    pub(crate) export: Export,
    /// Columns that the reader may not see.
    pub(crate) hidden: BTreeSet<(Object, String)>,
    /// Objects whose file is not there.
    pub(crate) removed: BTreeSet<Object>,
    /// What was built onto the package's objects; nothing where nobody asked.
    pub(crate) customised: Option<Customised>,
    /// Stretches in which nothing was written: from, until, and whether it was made up for.
    pub(crate) silences: Vec<(At, Option<At>, bool)>,
    /// Id of the User that writes the nine objects.
    pub(crate) integration_user: String,
    mint: Mint,
    /// Learners that a verb has been at; the next one is done to somebody else.
    touched: BTreeSet<u64>,
    next_person: usize,
    next_learner: u64,
    column_seed: Option<u64>,
}

impl World {
    /// What happened after this is not yet expected on the other side.
    pub(crate) fn cutoff(&self) -> At {
        let read_at = self.manifest.as_ref().map_or(At::MAX, |manifest| manifest.server_time);
        self.settings.exported_at.min(read_at) - self.settings.grace_hours * HOUR
    }

    /// The learner of this username, or else the first whose username starts with these letters.
    pub(crate) fn learner(&self, who: &str) -> &Learner {
        let exact = self.learners.iter().find(|learner| learner.username == who);
        exact
            .or_else(|| self.learners.iter().find(|learner| learner.username.starts_with(who)))
            .expect("a learner of that name lives in this world")
    }

    fn learner_mut(&mut self, id: u64) -> &mut Learner {
        self.learners.iter_mut().find(|learner| learner.id == id).expect("the learner was just looked up")
    }

    pub(crate) fn docebo_user(&self, learner: u64) -> Option<&DoceboUser> {
        self.docebo_users.iter().find(|row| row.learner == learner)
    }

    fn course_row(&self, course: u64) -> Option<&CourseRow> {
        self.course_rows.iter().find(|row| row.course == course)
    }

    /// Position of the Salesforce row of this learner and course.
    fn row_of(&self, learner: u64, course: u64) -> Option<usize> {
        let parent = &self.docebo_user(learner)?.id;
        let course = &self.course_row(course)?.id;
        self.course_enrollments.iter().position(|row| row.docebo_user == *parent && row.course == *course)
    }

    /// Learners whose sync is plain and old: linked to a contact, delivered, with two or more
    /// enrollments on both sides that ended days before the cutoff. Verbs choose among them.
    pub(crate) fn settled_learners(&self) -> Vec<String> {
        self.learners
            .iter()
            .filter(|learner| !self.touched.contains(&learner.id))
            .filter(|learner| self.docebo_user(learner.id).is_some_and(|row| row.contact == learner.sfdc_id))
            .filter(|learner| self.settled_courses(learner.id).len() >= 2)
            .map(|learner| learner.username.clone())
            .collect()
    }

    /// Courses in which this learner's enrollment stands on both sides and has rested for days.
    pub(crate) fn settled_courses(&self, learner: u64) -> Vec<u64> {
        let rested = self.cutoff() - 3 * DAY;
        self.enrollments
            .iter()
            .filter(|row| row.learner == learner && !row.archived)
            .filter(|row| row.newest().is_some_and(|newest| newest < rested))
            .filter(|row| {
                self.course_row(row.course).is_some_and(|course| course.effective && course.deleted_at.is_none())
            })
            .filter(|row| self.row_of(learner, row.course).is_some())
            .map(|row| row.course)
            .collect()
    }

    /// The enrollment of which the rejected rows are damaged copies; it does not depend on the order of the rows.
    pub(crate) fn damaged_enrollment(&self) -> Option<&Enrollment> {
        self.enrollments.iter().min_by_key(|row| (row.archived, row.learner, row.course))
    }

    /// One of the settled learners, by its username.
    pub(crate) fn any_settled(&self, rng: &mut Rng) -> String {
        let all = self.settled_learners();
        rng.choice(&all).expect("a world of a dozen learners has settled ones").clone()
    }

    /// Puts the rows of every file, and its columns, into another order.
    pub(crate) fn shuffle(&mut self, seed: u64) {
        let mut rng = Rng::with_seed(seed);
        rng.shuffle(&mut self.learners);
        rng.shuffle(&mut self.enrollments);
        rng.shuffle(&mut self.rejects);
        rng.shuffle(&mut self.contacts);
        rng.shuffle(&mut self.users);
        rng.shuffle(&mut self.docebo_users);
        rng.shuffle(&mut self.course_rows);
        rng.shuffle(&mut self.course_enrollments);
        if let Some(view) = &mut self.list_view {
            rng.shuffle(view);
        }
        self.column_seed = Some(rng.u64(..));
    }

    fn stamp(&self, created_at: At, modified_at: At) -> Stamp {
        Stamp {
            created_at,
            created_by: self.integration_user.clone(),
            modified_at,
            modified_by: self.integration_user.clone(),
        }
    }

    /// A new contact, in the list view where there is one.
    pub(crate) fn add_contact(&mut self, key: &str, given: &str, family: &str) -> String {
        let id = self.mint.id(Prefix::Contact);
        self.contacts.push(Contact {
            id: id.clone(),
            key: key.to_owned(),
            given: given.to_owned(),
            family: family.to_owned(),
            created_at: self.settings.exported_at - 200 * DAY,
        });
        if let Some(view) = &mut self.list_view {
            view.push(id.clone());
        }
        id
    }

    /// A new learner in Docebo, not linked to anything.
    pub(crate) fn add_learner(&mut self, created_at: At) -> u64 {
        let person = people::person(self.next_person);
        self.next_person += 1;
        let id = self.next_learner;
        // Ids of a real platform have gaps: people are deleted, and imports fail halfway.
        self.next_learner += 1 + id % 9;
        self.learners.push(Learner {
            id,
            username: person.email.clone(),
            email: person.email,
            given: person.given,
            family: person.family,
            branch: person.place.0.to_owned(),
            country: person.place.1.to_owned(),
            sfdc_id: String::new(),
            created_at,
            deactivated: false,
            in_users_report: true,
        });
        id
    }

    /// A new learner, linked to a new contact, without any enrollment.
    pub(crate) fn enlist(&mut self, created_at: At) -> u64 {
        let id = self.add_learner(created_at);
        let learner = self.learners.last().expect("just added").clone();
        let contact = self.add_contact(&learner.username, &learner.given, &learner.family);
        self.contacts.last_mut().expect("just added").created_at = created_at - 3 * HOUR;
        self.learner_mut(id).sfdc_id = contact;
        id
    }

    /// A new learner who is an employee: linked to a Salesforce User, no contact at all.
    pub(crate) fn hire(&mut self, created_at: At) -> u64 {
        let id = self.add_learner(created_at);
        let username = self.learners.last().expect("just added").username.clone();
        let user = self.mint.id(Prefix::User);
        self.users.push(User { id: user.clone(), username, contact: String::new(), active: true });
        self.learner_mut(id).sfdc_id = user;
        id
    }
}

impl Enrollment {
    /// The last thing that happened to it.
    pub(crate) fn newest(&self) -> Option<At> {
        [self.enrolled_at, self.first_access, self.last_access, self.completed_at].into_iter().flatten().max()
    }
}
