//! The tables of the contract, written a second time and as plainly as they stand there: for every
//! row one function, text against text, looking everything up again.
//!
//! It is slow and does not care. Must not know: the package under test, which has to agree with it
//! on every record of every world.
//!
//! Two things are left out: the meaning of hidden columns (a check that lacks one is not
//! evaluated), and stalls, which are judged over time and not by rows.

use std::collections::{BTreeMap, BTreeSet};

use unicode_normalization::UnicodeNormalization as _;

use crate::world::dialect::{Dialect, Resolution};
use crate::world::ids::is_well_formed;
use crate::world::{
    At, Contact, CourseEnrollment, Damage, DoceboUser, Enrollment, Learner, MINUTE, Object, Report, Scope, World,
};

/// What every record must be called.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Labels {
    /// Link and outbound, by learner id.
    pub(crate) learners: BTreeMap<u64, (String, String)>,
    /// Enrollments that Docebo has, by learner and course; archived ones have no label.
    pub(crate) docebo: BTreeMap<(u64, u64), String>,
    /// Enrollments that Salesforce has, by record id.
    pub(crate) salesforce: BTreeMap<String, String>,
    /// Forecasts, by contact id.
    pub(crate) contacts: BTreeMap<String, String>,
    /// What differs, of the outdated ones.
    pub(crate) differs: BTreeMap<(u64, u64), Vec<&'static str>>,
    pub(crate) archived: usize,
    pub(crate) rejected: usize,
    /// Rows of the export that say again what another row said.
    pub(crate) repeated: usize,
}

/// Whether something can be said at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Known {
    Yes,
    No,
    Unknown,
}

/// The labels of every record.
pub(crate) fn labels(world: &World, dialect: &Dialect) -> Labels {
    let oracle = Oracle::new(world, dialect);
    let mut labels = Labels {
        rejected: world.rejects.len() + oracle.unreadable,
        archived: oracle.archived,
        repeated: oracle.repeated,
        ..Labels::default()
    };
    for learner in &oracle.learners {
        labels.learners.insert(learner.id, (oracle.link(learner).to_owned(), oracle.outbound(learner).to_owned()));
    }
    if world.export.enrollments {
        for enrollment in oracle.enrollments.values() {
            let pair = (enrollment.learner, enrollment.course);
            let label = oracle.enrollment(enrollment);
            labels.docebo.insert(pair, label.to_owned());
            if label == "outdated" {
                let row = oracle.row_of(pair).expect("outdated rows are there");
                labels.differs.insert(pair, oracle.differs(enrollment, row));
            }
        }
        for row in oracle.salesforce_rows() {
            labels.salesforce.insert(row.id.clone(), oracle.salesforce(row).to_owned());
        }
    }
    for contact in oracle.contacts() {
        labels.contacts.insert(contact.id.clone(), oracle.forecast(contact).to_owned());
    }
    labels
}

/// How many findings each check must have, in a world whose inputs let it be evaluated.
pub(crate) fn check_counts(world: &World, dialect: &Dialect) -> BTreeMap<&'static str, usize> {
    let labels = labels(world, dialect);
    let oracle = Oracle::new(world, dialect);
    let link = |wanted: &str| labels.learners.values().filter(|(link, _)| link == wanted).count();
    let outbound =
        |wanted: &[&str]| labels.learners.values().filter(|(_, outbound)| wanted.contains(&outbound.as_str())).count();
    let docebo = |wanted: &[&str]| labels.docebo.values().filter(|label| wanted.contains(&label.as_str())).count();
    let forecast = |wanted: &[&str]| labels.contacts.values().filter(|label| wanted.contains(&label.as_str())).count();
    let all = [
        ("docebo-user-absent", outbound(&["missing"])),
        ("docebo-user-misattached", outbound(&["misattached", "stray"])),
        ("docebo-user-link-lost", outbound(&["link-lost"])),
        ("docebo-user-shared", oracle.shared_docebo_users()),
        ("docebo-user-orphaned", oracle.orphaned_docebo_users()),
        ("enrollment-absent", docebo(&["absent", "absent-no-course"])),
        ("enrollment-outdated", docebo(&["outdated"])),
        ("enrollment-orphaned", labels.salesforce.values().filter(|label| *label == "orphaned").count()),
        ("enrollment-key-mismatch", oracle.mismatched_rows(&labels)),
        ("integration-customized", world.customised.as_ref().map_or(0, |customised| customised.parts.len())),
        ("status-unknown", docebo(&["unknown-status"])),
        ("sfdc-id-blank", link("key-only")),
        ("sfdc-id-crossed", link("crossed")),
        ("sfdc-id-dangling", link("dangling")),
        ("sfdc-id-malformed", link("malformed")),
        ("sfdc-id-foreign", link("foreign")),
        ("sfdc-id-shared", oracle.shared_sfdc_ids()),
        ("username-drifted", link("drifted")),
        ("username-near-miss", link("near-miss")),
        ("username-shared", oracle.shared_keys()),
        ("username-blank", forecast(&["blank-key"])),
        ("learner-without-contact", link("unlinked")),
        ("contact-without-learner", oracle.contacts_without_learner(&labels)),
        ("export-incomplete", oracle.export_incomplete()),
        ("integration-user-inactive", oracle.integration_user_inactive()),
        ("record-edited-by-others", oracle.edited_by_others()),
    ];
    all.into_iter().filter(|(_, count)| *count > 0).collect()
}

/// The world as a reader sees it.
struct Oracle<'a> {
    world: &'a World,
    dialect: &'a Dialect,
    learners: Vec<&'a Learner>,
    /// By learner and course, archived ones left out, each once. The course is the one the report
    /// leads to, which is another matter where it gives only the code.
    enrollments: BTreeMap<(u64, u64), Enrollment>,
    archived: usize,
    repeated: usize,
    unreadable: usize,
}

impl<'a> Oracle<'a> {
    fn new(world: &'a World, dialect: &'a Dialect) -> Self {
        let mut oracle = Self {
            world,
            dialect,
            learners: Vec::new(),
            enrollments: BTreeMap::new(),
            archived: 0,
            repeated: 0,
            unreadable: 0,
        };
        let mut named = BTreeSet::new();
        if world.export.enrollments {
            for row in &world.enrollments {
                let Some(row) = oracle.read(row) else {
                    oracle.unreadable += 1;
                    continue;
                };
                named.insert(row.learner);
                if row.archived {
                    oracle.archived += 1;
                } else if oracle.enrollments.insert((row.learner, row.course), row).is_some() {
                    oracle.repeated += 1;
                }
            }
        }
        let listed = |learner: &&Learner| world.export.users && learner.in_users_report || named.contains(&learner.id);
        oracle.learners = world.learners.iter().filter(listed).collect();
        oracle
    }

    /// A row of the enrollments report with the ids that its columns lead to.
    fn read(&self, row: &Enrollment) -> Option<Enrollment> {
        let mut row = row.clone();
        if !self.world.export.learner_id_in_enrollments {
            let learner = self.world.learners.iter().find(|learner| learner.id == row.learner)?;
            if !(self.world.export.users && learner.in_users_report) {
                return None;
            }
        }
        if !self.world.export.course_id {
            let code = &self.world.courses.iter().find(|course| course.id == row.course)?.code;
            let mut found = self.course_rows().filter(|course| course.code == *code);
            row.course = found.next()?.course;
            if found.next().is_some() {
                return None;
            }
        }
        Some(row)
    }

    // What the snapshot holds.

    fn has(&self, object: Object) -> bool {
        !self.world.removed.contains(&object)
    }

    /// Whether what is not in the file is not in Salesforce either.
    fn complete(&self, object: Object) -> bool {
        let short = self.world.manifest.as_ref().and_then(|manifest| manifest.short.get(&object)).copied().unwrap_or(0);
        self.has(object) && short == 0
    }

    fn contacts(&self) -> impl Iterator<Item = &'a Contact> {
        self.world.contacts.iter()
    }

    fn course_rows(&self) -> impl Iterator<Item = &'a crate::world::CourseRow> {
        self.world.course_rows.iter().filter(|_| self.has(Object::Course))
    }

    fn salesforce_rows(&self) -> impl Iterator<Item = &'a CourseEnrollment> {
        self.world.course_enrollments.iter().filter(|_| self.has(Object::CourseEnrollment))
    }

    fn user(&self, id: &str) -> Option<&'a crate::world::User> {
        self.world.users.iter().filter(|_| self.has(Object::User)).find(|user| user.id == id)
    }

    fn docebo_user(&self, learner: u64) -> Option<&'a DoceboUser> {
        self.world.docebo_users.iter().find(|row| row.learner == learner)
    }

    fn contact(&self, id: &str) -> Option<&'a Contact> {
        self.contacts().find(|contact| contact.id == id)
    }

    fn course(&self, course: u64) -> Option<&'a crate::world::CourseRow> {
        self.course_rows().find(|row| row.course == course)
    }

    // 2.1

    /// Whether the reports tell this learner's `sfdc_id`.
    fn tells_sfdc_id(&self, learner: &Learner) -> bool {
        let export = &self.world.export;
        let in_users = export.users && export.sfdc_id_in_users && learner.in_users_report;
        let enrolled =
            || self.world.enrollments.iter().filter_map(|row| self.read(row)).any(|row| row.learner == learner.id);
        in_users || export.enrollments && export.sfdc_id_in_enrollments && enrolled()
    }

    /// `blank`, `malformed`, `contact`, `user`, `dangling`, `foreign` or, where an extract is not
    /// whole, `unknown`.
    fn sfdc_id(&self, learner: &Learner) -> &'static str {
        let id = learner.sfdc_id.as_str();
        if !self.tells_sfdc_id(learner) {
            return "unknown";
        }
        if is_blank(id) {
            return "blank";
        }
        if !is_well_formed(id) {
            return "malformed";
        }
        if id.starts_with("003") {
            return match self.contact(id) {
                Some(_) => "contact",
                None if self.complete(Object::Contact) => "dangling",
                None => "unknown",
            };
        }
        if id.starts_with("005") {
            return match self.user(id) {
                Some(_) => "user",
                None if !self.has(Object::User) => "user",
                None if self.complete(Object::User) => "dangling",
                None => "unknown",
            };
        }
        "foreign"
    }

    fn addressable(&self, learner: &Learner) -> Known {
        match self.sfdc_id(learner) {
            "contact" | "user" => Known::Yes,
            "unknown" => Known::Unknown,
            _ => Known::No,
        }
    }

    fn link(&self, learner: &Learner) -> &'static str {
        let keyed = self.contacts().filter(|contact| contact.key == learner.username).count();
        let link = match self.sfdc_id(learner) {
            "contact" if self.contact(&learner.sfdc_id).is_some_and(|own| own.key == learner.username) => "linked",
            "contact" if keyed > 0 => "crossed",
            "contact" => "drifted",
            "user" => "linked-user",
            "blank" => match keyed {
                1 => "key-only",
                2.. => "ambiguous",
                0 if self.contacts().any(|contact| near(&contact.key, &learner.username)) => "near-miss",
                0 => "unlinked",
            },
            other => other,
        };
        // A contact that was not read could change every other answer.
        let certain = ["linked", "linked-user", "malformed", "foreign"].contains(&link);
        let about_contacts = link != "dangling" || learner.sfdc_id.starts_with("003");
        if certain || self.complete(Object::Contact) || !about_contacts { link } else { "unknown" }
    }

    // 2.2

    fn outbound(&self, learner: &Learner) -> &'static str {
        let Some(row) = self.docebo_user(learner.id) else {
            return self.outbound_without_row(learner);
        };
        if row.contact.is_empty() && row.user.is_empty() {
            return "link-lost";
        }
        match self.addressable(learner) {
            Known::Unknown if self.may_be_unread(learner) => "unknown",
            Known::Unknown if !self.tells_sfdc_id(learner) => "delivered",
            // A lookup holds only a record that exists, whether or not the extract shows it.
            Known::Unknown if row.contact == learner.sfdc_id => "delivered",
            Known::Unknown => "unknown",
            Known::No if self.is_meant(learner, row) => "delivered",
            Known::No => "stray",
            Known::Yes => {
                let id = &learner.sfdc_id;
                let portal = self.user(&row.user);
                if row.contact == *id || row.user == *id || portal.is_some_and(|user| user.contact == *id) {
                    "delivered"
                } else if id.starts_with("003")
                    && !row.user.is_empty()
                    && portal.is_none()
                    && !self.complete(Object::User)
                {
                    // Whose portal user it is cannot be told.
                    "unknown"
                } else {
                    "misattached"
                }
            }
        }
    }

    /// Whether a row names the record that an unusable `sfdc_id` stands for once it is repaired.
    fn is_meant(&self, learner: &Learner, row: &DoceboUser) -> bool {
        let id = learner.sfdc_id.trim().to_lowercase();
        let stands_for = |record: &str| {
            let record = record.to_lowercase();
            self.sfdc_id(learner) == "malformed" && matches!(id.len(), 15 | 18) && record.starts_with(&id[..15])
        };
        let through = self.user(&row.user).map(|user| user.contact.clone()).unwrap_or_default();
        [&row.contact, &row.user, &through].into_iter().any(|record| !record.is_empty() && stands_for(record))
    }

    fn outbound_without_row(&self, learner: &Learner) -> &'static str {
        if !self.world.export.enrollments || !self.complete(Object::DoceboUser) {
            return "unknown";
        }
        match self.addressable(learner) {
            Known::Unknown => return "unknown",
            Known::No => return "not-addressable",
            Known::Yes => {}
        }
        let of_learner = || self.enrollments.values().filter(|row| row.learner == learner.id);
        let due: Vec<&Enrollment> = of_learner().filter(|row| self.in_scope(row.course)).collect();
        let cutoff = self.world.cutoff();
        if due.iter().any(|row| !self.is_after(row.enrolled_at, cutoff)) {
            return "missing";
        }
        let unread_course = |row: &Enrollment| self.course(row.course).is_none();
        if self.world.settings.scope == Scope::Synced
            && !self.complete(Object::Course)
            && of_learner().any(unread_course)
            || self.may_owe(learner.id)
        {
            return "unknown";
        }
        if due.is_empty() { "not-due" } else { "pending" }
    }

    // 2.3

    fn in_scope(&self, course: u64) -> bool {
        match &self.world.settings.scope {
            Scope::Synced => self.course(course).is_some_and(|row| row.deleted_at.is_none() && row.effective),
            Scope::All => true,
            Scope::List(courses) => courses.contains(&course),
        }
    }

    /// Learner and course of a Salesforce row, through its parents.
    fn pair_of(&self, row: &CourseEnrollment) -> Option<(u64, u64)> {
        let learner = self.world.docebo_users.iter().find(|parent| parent.id == row.docebo_user)?.learner;
        let course = self.course_rows().find(|parent| parent.id == row.course)?.course;
        Some((learner, course))
    }

    /// The row of a pair that counts: the one that was modified last.
    fn row_of(&self, pair: (u64, u64)) -> Option<&'a CourseEnrollment> {
        let (learner, course) = (self.docebo_user(pair.0)?, self.course(pair.1)?);
        self.salesforce_rows()
            .filter(|row| row.docebo_user == learner.id && row.course == course.id)
            .max_by_key(|row| row.stamp.modified_at)
    }

    fn enrollment(&self, enrollment: &Enrollment) -> &'static str {
        let cutoff = self.world.cutoff();
        let pair = (enrollment.learner, enrollment.course);
        if let Some(row) = self.row_of(pair) {
            let Some(exported) = status(&enrollment.status) else {
                return "unknown-status";
            };
            if self.differs(enrollment, row).is_empty() {
                return "matched";
            }
            if !self.in_scope(enrollment.course) {
                return "out-of-scope";
            }
            let after_export = |at: Option<At>| at.is_some_and(|at| at > self.world.settings.exported_at);
            let step = |word: &str| ["Subscribed", "In_Progress", "Completed"].iter().position(|step| *step == word);
            let further =
                step(exported).zip(status(&row.status).and_then(step)).is_some_and(|(one, other)| other > one);
            if row.stamp.modified_at > self.world.settings.exported_at
                && (further
                    || after_export(row.enrolled_at)
                    || after_export(row.completed_at)
                    || after_export(row.unenrolled_at))
            {
                return "pending";
            }
            let dates =
                [enrollment.enrolled_at, enrollment.first_access, enrollment.last_access, enrollment.completed_at];
            if dates.into_iter().any(|date| self.is_after(date, cutoff)) {
                return "pending";
            }
            return if self.has_unread_row(pair) { "unknown" } else { "outdated" };
        }
        if !self.complete(Object::CourseEnrollment) || self.may_be_unresolved(pair) {
            return "unknown";
        }
        if !self.in_scope(enrollment.course) {
            return "out-of-scope";
        }
        let learner =
            self.learners.iter().find(|learner| learner.id == enrollment.learner).expect("named by its enrollments");
        let addressable = self.addressable(learner);
        let has_row = self.docebo_user(enrollment.learner).is_some();
        let export = &self.world.export;
        let ids_told = export.users && export.sfdc_id_in_users || export.enrollments && export.sfdc_id_in_enrollments;
        if addressable == Known::Unknown && (has_row && ids_told || self.may_be_unread(learner)) {
            return "unknown";
        }
        if addressable == Known::Unknown && (!has_row || self.tells_sfdc_id(learner)) {
            return if self.tells_sfdc_id(learner) { "unknown" } else { "unknown-link" };
        }
        if addressable == Known::No {
            return "not-addressable";
        }
        if self.has_unread_row(pair) {
            return "unknown";
        }
        if self.is_after(enrollment.enrolled_at, cutoff) {
            return "pending";
        }
        if self.course(enrollment.course).is_none() {
            return "absent-no-course";
        }
        if has_row { "absent" } else { "absent-no-docebo-user" }
    }

    /// Rejected rows of a report with this damage; each is made from the report's first row.
    fn rejects(&self, report: Report, damaged: impl Fn(&Damage) -> bool) -> usize {
        self.world.rejects.iter().filter(|reject| reject.report == report && damaged(&reject.damage)).count()
    }

    /// Rejected rows of the *Users* report that tell neither an id nor a username: with text behind its last cell, no cell of
    /// a row is sure.
    fn nameless_users(&self) -> usize {
        if self.world.export.users { self.rejects(Report::Users, |damage| *damage == Damage::TooManyCells) } else { 0 }
    }

    /// Whether the row of the *Users* report that would tell a learner's `sfdc_id` may be a rejected one.
    fn may_be_unread(&self, learner: &Learner) -> bool {
        let export = &self.world.export;
        let output = export.sfdc_id_in_users || export.enrollments && export.sfdc_id_in_enrollments;
        self.nameless_users() > 0 && output && !learner.in_users_report && !self.tells_sfdc_id(learner)
    }

    /// Whether a rejected row tells this learner and course.
    fn has_unread_row(&self, pair: (u64, u64)) -> bool {
        let first = self.world.damaged_enrollment().and_then(|row| self.read(row));
        first.is_some_and(|row| (row.learner, row.course) == pair)
            && self.rejects(Report::Enrollments, |damage| matches!(damage, Damage::Date(_))) > 0
    }

    /// Whether a rejected row tells this learner and may be due.
    fn may_owe(&self, learner: u64) -> bool {
        let first = self.world.damaged_enrollment().and_then(|row| self.read(row));
        let output = |damage: &Damage| matches!(damage, Damage::Date(_) | Damage::CourseId(_));
        first.is_some_and(|row| row.learner == learner) && self.rejects(Report::Enrollments, output) > 0
    }

    /// Whether the row of this pair may be there with a parent that was not read.
    fn may_be_unresolved(&self, (learner, course): (u64, u64)) -> bool {
        self.docebo_user(learner).is_none() && !self.complete(Object::DoceboUser)
            || self.course(course).is_none() && !self.complete(Object::Course)
    }

    fn differs(&self, enrollment: &Enrollment, row: &CourseEnrollment) -> Vec<&'static str> {
        let mut differs = Vec::new();
        if status(&enrollment.status) != status(&row.status) {
            differs.push("status");
        }
        if !self.agrees(enrollment.enrolled_at, row.enrolled_at) {
            differs.push("enrollment-date");
        }
        if !self.agrees(enrollment.completed_at, row.completed_at) {
            differs.push("completion-date");
        }
        if row.unenrolled_at.is_some() {
            differs.push("unenrolled");
        }
        differs
    }

    fn salesforce(&self, row: &CourseEnrollment) -> &'static str {
        let Some(pair) = self.pair_of(row) else {
            let whole = self.complete(Object::DoceboUser) && self.complete(Object::Course);
            return if whole { "unresolved" } else { "unknown" };
        };
        let is_further = self.row_of(pair).is_some_and(|counts| counts.id != row.id);
        if let Some(enrollment) = self.enrollments.get(&pair).filter(|_| !is_further) {
            return self.enrollment(enrollment);
        }
        if self.has_unread_row(pair) {
            return "unknown";
        }
        if is_further {
            return "repeated";
        }
        if row.unenrolled_at.is_some() {
            return "unenrolled";
        }
        if !self.learners.iter().any(|learner| learner.id == pair.0) {
            return "learner-not-exported";
        }
        if self.course(pair.1).is_some_and(|course| course.deleted_at.is_some()) {
            return "course-deleted";
        }
        if row.stamp.created_at > self.world.cutoff() { "pending" } else { "orphaned" }
    }

    // Dates

    fn agrees(&self, docebo: Option<At>, salesforce: Option<At>) -> bool {
        let tolerance = self.world.settings.tolerance_minutes * MINUTE;
        match (docebo, salesforce) {
            (None, None) => true,
            (Some(docebo), Some(salesforce)) => self
                .dialect
                .stretches(docebo)
                .into_iter()
                .any(|(first, next)| salesforce >= first - tolerance && salesforce < next + tolerance),
            _ => false,
        }
    }

    /// A day is after an instant when it ends after it; a second and a minute, when they begin after it.
    fn is_after(&self, docebo: Option<At>, instant: At) -> bool {
        docebo.is_some_and(|at| {
            self.dialect.stretches(at).into_iter().any(|(first, next)| {
                if self.dialect.resolution() == Resolution::Day { next > instant } else { first > instant }
            })
        })
    }

    // 2.4

    fn forecast(&self, contact: &Contact) -> &'static str {
        if self.world.list_view.as_ref().is_some_and(|view| !view.contains(&contact.id)) {
            return "outside-view";
        }
        if is_blank(&contact.key) {
            return "blank-key";
        }
        if self.contacts().any(|other| other.id != contact.id && other.key == contact.key) {
            return "collide";
        }
        if !self.complete(Object::Contact) {
            return "unknown";
        }
        if let Some(learner) = self.learners.iter().find(|learner| learner.username == contact.key) {
            if !self.tells_sfdc_id(learner) {
                return "unknown";
            }
            return match learner.sfdc_id.as_str() {
                id if id == contact.id => "update",
                id if is_blank(id) => "link",
                _ => "relink",
            };
        }
        if !self.world.export.users || self.nameless_users() > 0 {
            return "unknown";
        }
        if !self.world.settings.provisioning {
            return "none";
        }
        let duplicate = |learner: &&Learner| {
            self.tells_sfdc_id(learner) && learner.sfdc_id == contact.id || near(&learner.username, &contact.key)
        };
        // A row that ends before its `sfdc_id` may have this contact there.
        let ends_early = |damage: &Damage| *damage == Damage::TooFewCells;
        if self.learners.iter().any(duplicate) {
            "create-duplicate"
        } else if self.world.export.sfdc_id_in_users && self.rejects(Report::Users, ends_early) > 0 {
            "unknown"
        } else {
            "create"
        }
    }

    // 4: what is counted by something other than one label

    /// Contacts with several `DoceboUser` rows, be it through a portal user.
    fn shared_docebo_users(&self) -> usize {
        let on = |row: &DoceboUser| {
            let through = self.user(&row.user).map(|user| user.contact.clone());
            if row.contact.is_empty() {
                through.filter(|contact| !contact.is_empty())
            } else {
                Some(row.contact.clone())
            }
        };
        several(self.world.docebo_users.iter().filter_map(on))
    }

    fn orphaned_docebo_users(&self) -> usize {
        let listed = |id: u64| self.world.learners.iter().any(|learner| learner.id == id && learner.in_users_report);
        self.world.docebo_users.iter().filter(|row| self.world.export.users && !listed(row.learner)).count()
    }

    /// Rows that are repeated, unresolved, or named otherwise than their parents; each once.
    fn mismatched_rows(&self, labels: &Labels) -> usize {
        self.salesforce_rows()
            .filter(|row| {
                let label = labels.salesforce.get(&row.id).map(String::as_str);
                let misnamed = self
                    .pair_of(row)
                    .is_some_and(|(learner, course)| row.enrolment_id != format!("{learner}_{course}"));
                misnamed || matches!(label, Some("repeated" | "unresolved"))
            })
            .count()
    }

    fn shared_sfdc_ids(&self) -> usize {
        several(
            self.learners
                .iter()
                .filter(|learner| self.addressable(learner) == Known::Yes)
                .map(|learner| learner.sfdc_id.clone()),
        )
    }

    /// Contacts whose key no learner has. Where a username could not be read, each may be that learner's; of more contacts than
    /// such learners, some are nobody's.
    fn contacts_without_learner(&self, labels: &Labels) -> usize {
        // Without the report of all learners, a contact's learner may just not be in the other one.
        if !self.world.export.users || !self.complete(Object::Contact) {
            return 0;
        }
        let without = |contact: &&Contact| !self.learners.iter().any(|learner| learner.username == contact.key);
        let labelled = |wanted: &[&str]| {
            let wanted = |contact: &&Contact| wanted.contains(&labels.contacts[&contact.id].as_str());
            self.contacts().filter(wanted).filter(without).count()
        };
        let unknown = labelled(&["unknown"]);
        labelled(&["create", "create-duplicate", "none"]) + if unknown > self.nameless_users() { unknown } else { 0 }
    }

    fn shared_keys(&self) -> usize {
        several(self.contacts().map(|contact| contact.key.clone()).filter(|key| !is_blank(key)))
    }

    fn export_incomplete(&self) -> usize {
        let rows = &self.world.docebo_users;
        let missing = rows.iter().filter(|row| !self.learners.iter().any(|learner| learner.id == row.learner)).count();
        // A row that tells neither an id nor a username may be any of them.
        usize::from(missing.saturating_sub(self.nameless_users()) * 100 > rows.len() * 2)
    }

    /// The User who created most `DoceboUser` rows.
    fn integration_user(&self) -> Option<&'a str> {
        let mut created: BTreeMap<&str, usize> = BTreeMap::new();
        for row in &self.world.docebo_users {
            *created.entry(row.stamp.created_by.as_str()).or_default() += 1;
        }
        created.into_iter().max_by_key(|(_, rows)| *rows).map(|(user, _)| user)
    }

    fn integration_user_inactive(&self) -> usize {
        let user = self.integration_user().and_then(|id| self.user(id));
        usize::from(user.is_some_and(|user| !user.active))
    }

    fn edited_by_others(&self) -> usize {
        let Some(own) = self.integration_user() else { return 0 };
        let others = |by: &str| !by.is_empty() && by != own;
        self.world.docebo_users.iter().filter(|row| others(&row.stamp.modified_by)).count()
            + self.course_rows().filter(|row| others(&row.stamp.modified_by)).count()
            + self.salesforce_rows().filter(|row| others(&row.stamp.modified_by)).count()
    }
}

/// How many values occur twice or more.
fn several(values: impl Iterator<Item = String>) -> usize {
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    for value in values {
        *seen.entry(value).or_default() += 1;
    }
    seen.into_values().filter(|times| *times > 1).count()
}

fn is_blank(text: &str) -> bool {
    text.trim().is_empty()
}

/// Different, and equal after trimming, NFKC and case folding.
fn near(a: &str, b: &str) -> bool {
    a != b && !is_blank(a) && !is_blank(b) && folded(a) == folded(b)
}

fn folded(key: &str) -> String {
    let wide: String = key.trim().nfkc().collect();
    caseless::default_case_fold_str(&wide).nfkc().collect()
}

/// The status that a word of either side means. Blank means none at all.
fn status(word: &str) -> Option<&'static str> {
    let plain: String = word.trim().to_lowercase().chars().filter(|c| !matches!(c, ' ' | '_' | '-')).collect();
    Some(match plain.as_str() {
        "none" => "None",
        "subscribed" | "enrolled" | "notstarted" => "Subscribed",
        "inprogress" => "In_Progress",
        "completed" => "Completed",
        "waiting" | "waitingusers" => "Waiting",
        "subscriptiontoconfirm" | "enrollmenttoconfirm" => "Subscription_to_Confirm",
        "suspended" => "Suspended",
        "overbooking" => "Overbooking",
        _ => return None,
    })
}
