//! The world written out: a configuration, Docebo's two reports, a snapshot of Salesforce.
//!
//! Headings are Docebo's and Salesforce's own, among others that a reader has to pass over.

use std::fs;
use std::path::Path;
use std::time::{Duration, SystemTime};

use sha2::{Digest as _, Sha256};

use super::dialect::{Dialect, Workbooks, rfc3339, salesforce};
use super::table::{Columns, Table};
use super::{
    Contact, CourseEnrollment, CourseRow, DAY, Damage, DoceboUser, Enrollment, Learner, MINUTE, Object, Report, Scope,
    Stamp, User, World, ids,
};

const EMPTY: &str = "";

impl World {
    /// Writes everything into a folder that is there.
    pub(crate) fn write(&self, dir: &Path, dialect: &Dialect) {
        let users = format!("users.{}", if dialect.workbooks == Workbooks::Neither { "csv" } else { "xlsx" });
        if self.export.users {
            self.write_report(&self.users_report(dialect), &dir.join(&users), dialect);
        }
        let mut enrollments = Vec::new();
        if self.export.enrollments {
            let table = self.enrollments_report(dialect);
            let extension = if dialect.workbooks == Workbooks::Both { "xlsx" } else { "csv" };
            let size = table.rows.len().div_ceil(dialect.parts).max(1);
            for part in 0..dialect.parts {
                let number = if dialect.parts == 1 { String::new() } else { format!("-{}", part + 1) };
                let name = format!("enrollments{number}.{extension}");
                let rows = table.rows.iter().skip(part * size).take(size).cloned().collect();
                self.write_report(&Table { rows, ..table.clone() }, &dir.join(&name), dialect);
                enrollments.push(name);
            }
        }
        fs::write(dir.join("tieout.toml"), self.configuration(dialect, &users, &enrollments))
            .expect("a writable folder");
        self.write_snapshot(&dir.join("snapshot"), dialect);
    }

    /// Whether the dialect's encoding has a place for every character of the export.
    pub(crate) fn fits(&self, dialect: &Dialect) -> bool {
        [self.users_report(dialect), self.enrollments_report(dialect)]
            .iter()
            .all(|table| dialect.encode(&table.delimited(dialect.delimiter)).is_some())
    }

    fn write_report(&self, table: &Table, path: &Path, dialect: &Dialect) {
        let mut table = table.clone();
        if let Some(seed) = self.column_seed {
            table.reorder(seed);
        }
        for heading in &mut table.headings {
            *heading = dialect.heading(heading);
        }
        if path.extension().is_some_and(|extension| extension == "xlsx") {
            table.workbook(path);
        } else {
            let bytes = dialect.encode(&table.delimited(dialect.delimiter)).expect("a dialect that fits this world");
            fs::write(path, bytes).expect("a writable folder");
        }
    }

    /// `Username` first, the rest in alphabetical order, standard and additional fields alike.
    fn users_report(&self, dialect: &Dialect) -> Table {
        let zone = dialect.time_zone();
        let listed: Vec<Learner> = self.learners.iter().filter(|learner| learner.in_users_report).cloned().collect();
        let mut table = Columns::<Learner>::new()
            .text("Username", |row| row.username.clone())
            .text("Branch Name", |row| row.branch.clone())
            .text("Country", |row| row.country.clone())
            .text("Deactivated", |row| yes(row.deactivated))
            .text("Email", |row| row.email.clone())
            .text("First Name", |row| row.given.clone())
            .text("Full Name", |row| format!("{} {}", row.given, row.family))
            .text("Last Name", |row| row.family.clone())
            .text("sfdc_id", |row| row.sfdc_id.clone())
            .date("User Creation Date", |row| dialect.date(Some(row.created_at), &zone))
            .date("User Expiration Date", |_| dialect.date(None, &zone))
            .text("User Level", |_| "User".to_owned())
            .number("User unique ID", |row| row.id.to_string())
            .without(|heading| heading == "sfdc_id" && !self.export.sfdc_id_in_users)
            .fill(&listed);
        let least = listed.iter().enumerate().min_by_key(|(_, row)| row.id).map(|(at, _)| at);
        self.damage(&mut table, Report::Users, least);
        table
    }

    fn enrollments_report(&self, dialect: &Dialect) -> Table {
        let zone = &dialect.time_zone();
        let learner = |row: &Enrollment| {
            self.learners.iter().find(|learner| learner.id == row.learner).expect("every row has its learner")
        };
        let course = |row: &Enrollment| {
            self.courses.iter().find(|course| course.id == row.course).expect("every row has its course")
        };
        let absent = |heading: &str| match heading {
            "sfdc_id" => !self.export.sfdc_id_in_enrollments,
            "Course Internal ID" => !self.export.course_id,
            "User unique ID" => !self.export.learner_id_in_enrollments,
            _ => false,
        };
        let mut table = Columns::<Enrollment>::new()
            .text("Username", move |row| learner(row).username.clone())
            .text("Country", move |row| learner(row).country.clone())
            .text("Email", move |row| learner(row).email.clone())
            .text("Full Name", move |row| format!("{} {}", learner(row).given, learner(row).family))
            .text("sfdc_id", move |row| learner(row).sfdc_id.clone())
            .number("User unique ID", |row| row.learner.to_string())
            .text("Course Name", move |row| course(row).title.clone())
            .text("Course Category", move |row| course(row).category.clone())
            .text("Course code", move |row| course(row).code.clone())
            .number("Course Internal ID", |row| row.course.to_string())
            .text("Course Unique ID", |row| format!("E-{:05X}", row.course * 7919))
            .date("Archive Date", |row| {
                dialect.date(row.enrolled_at.filter(|_| row.archived).map(|enrolled| enrolled + 40 * DAY), zone)
            })
            .text("Archived Enrollment", |row| yes(row.archived))
            .date("Completion Date", |row| dialect.date(row.completed_at, zone))
            .date("Course First Access Date", |row| dialect.date(row.first_access, zone))
            .date("Course Last Access Date", |row| dialect.date(row.last_access, zone))
            .date("Enrollment Date", |row| dialect.date(row.enrolled_at, zone))
            // The window of validity: two headings that are easily taken for the date above.
            .date("Enrollment End Date", |_| dialect.date(None, zone))
            .date("Enrollment Start Date", |_| dialect.date(None, zone))
            .text("Course Enrollment Status", |row| row.status.clone())
            .number("Final Score", |row| row.score.map(|score| score.to_string()).unwrap_or_default())
            .without(absent)
            .fill(&self.enrollments);
        let damaged = self.damaged_enrollment();
        let least = self.enrollments.iter().position(|row| damaged.is_some_and(|damaged| std::ptr::eq(damaged, row)));
        self.damage(&mut table, Report::Enrollments, least);
        table
    }

    /// Puts the rejected rows between the others, each made from the good one at `least`.
    fn damage(&self, table: &mut Table, report: Report, least: Option<usize>) {
        let damaged = self.rejects.iter().filter(|reject| reject.report == report);
        let good = least.map(|least| table.rows[least].clone());
        for (n, reject) in damaged.enumerate() {
            let Some(mut row) = good.clone() else {
                return;
            };
            let (heading, text) = match &reject.damage {
                Damage::LearnerId(text) => ("User unique ID", text),
                Damage::CourseId(text) => ("Course Internal ID", text),
                Damage::Date(text) => ("Enrollment Date", text),
                Damage::TooFewCells => {
                    row.truncate(3);
                    table.rows.push(row);
                    continue;
                }
                Damage::TooManyCells => {
                    row.extend(["one".to_owned(), "too many".to_owned()]);
                    table.rows.push(row);
                    continue;
                }
            };
            let place = table.position(heading).expect("a report with the column that is damaged");
            row[place].clone_from(text);
            table.rows.insert((n * 7 + 1).min(table.rows.len()), row);
        }
    }

    fn write_snapshot(&self, dir: &Path, dialect: &Dialect) {
        fs::create_dir_all(dir).expect("a writable folder");
        let mut output = Vec::new();
        for object in Object::ALL.into_iter().filter(|object| !self.removed.contains(object)) {
            let table = self.object(object, dialect);
            let file = format!("{}.csv", object.name());
            let soql = format!("SELECT {} FROM {}", table.headings.join(", "), object.name());
            let short = self.manifest.as_ref().and_then(|manifest| manifest.short.get(&object)).copied().unwrap_or(0);
            output.push(self.write_object(dir, object.name(), &file, &soql, &table, short));
        }
        if let (Some(view), Some(id)) = (&self.list_view, &self.settings.list_view) {
            let table = Columns::<String>::new().text("Id", |id| dialect.id(id)).fill(view);
            // A list view is read through its own query, so what stands here is its id.
            let soql = format!("SELECT Id FROM Contact USING SCOPE ListView {id}");
            output.push(self.write_object(dir, "list_view_contacts", "list_view_contacts.csv", &soql, &table, 0));
        }
        if let Some(customised) = &self.customised {
            let parts: Vec<serde_json::Value> = customised
                .parts
                .iter()
                .zip(1..)
                .map(|([object, kind, name, detail, who], number)| {
                    serde_json::json!({
                        "object": object,
                        "kind": kind,
                        "name": name,
                        "id": ids::with_suffix(&format!("01q{}0000{number:05}", self.organization.instance_part)),
                        "namespace": "",
                        "detail": detail,
                        "changed": "2026-03-02T14:05:00Z",
                        "changed_by": who,
                        "changed_by_id": self.users.get(1).map(|user| dialect.id(&user.id)),
                    })
                })
                .collect();
            let answer = serde_json::json!({
                "version": 1, "answered": 45, "unseen": customised.unseen, "parts": parts,
            });
            let text = serde_json::to_string_pretty(&answer).expect("plain values") + "\n";
            fs::write(dir.join("customisation.json"), &text).expect("a writable folder");
            output.push(serde_json::json!({
                "object": "customisation",
                "file": "customisation.json",
                "soql": "",
                "counted": parts.len(),
                "rows": parts.len(),
                "sha256": Sha256::digest(&text).iter().map(|byte| format!("{byte:02x}")).collect::<String>(),
            }));
        }
        if let Some(manifest) = &self.manifest {
            let manifest = serde_json::json!({
                "version": 1,
                "org_id": self.organization.id(),
                "instance_url": self.organization.instance_url(),
                "user": "auditor@example.com",
                "api_version": "65.0",
                "server_time": rfc3339(manifest.server_time),
                "objects": output,
            });
            let text = serde_json::to_string_pretty(&manifest).expect("plain values");
            fs::write(dir.join("manifest.json"), text + "\n").expect("a writable folder");
        }
    }

    fn write_object(
        &self,
        dir: &Path,
        object: &str,
        file: &str,
        soql: &str,
        table: &Table,
        short: usize,
    ) -> serde_json::Value {
        let mut shown = table.clone();
        if let Some(seed) = self.column_seed {
            shown.reorder(seed ^ file.len() as u64);
        }
        let bytes = shown.delimited(b',').into_bytes();
        let path = dir.join(file);
        fs::write(&path, &bytes).expect("a writable folder");
        // Without a manifest the age of the files says when Salesforce was read.
        let seconds = u64::try_from(self.settings.exported_at + 10 * MINUTE).expect("after 1970");
        let written = fs::File::options().append(true).open(&path).expect("just written");
        written.set_modified(SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)).expect("our own file");
        serde_json::json!({
            "object": object,
            "file": file,
            "soql": soql,
            "counted": table.rows.len() + short,
            "rows": table.rows.len(),
            "sha256": Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect::<String>(),
        })
    }

    /// One object as a table, without the columns that are hidden.
    fn object(&self, object: Object, dialect: &Dialect) -> Table {
        let hidden = |heading: &str| self.hidden.contains(&(object, heading.to_owned()));
        match object {
            Object::Contact => self.contact_columns(dialect).without(hidden).fill(&self.contacts),
            Object::User => user_columns(dialect).without(hidden).fill(&self.users),
            Object::DoceboUser => docebo_user_columns(dialect).without(hidden).fill(&self.docebo_users),
            Object::Course => course_columns(dialect).without(hidden).fill(&self.course_rows),
            Object::CourseEnrollment => {
                course_enrollment_columns(dialect).without(hidden).fill(&self.course_enrollments)
            }
        }
    }

    fn contact_columns<'a>(&'a self, dialect: &'a Dialect) -> Columns<'a, Contact> {
        Columns::new()
            .text("Id", |row: &Contact| dialect.id(&row.id))
            .text(&self.settings.username_field, |row| row.key.clone())
            .text("FirstName", |row| row.given.clone())
            .text("LastName", |row| row.family.clone())
            .date("CreatedDate", |row| salesforce(Some(row.created_at)))
            .date("LastModifiedDate", |row| salesforce(Some(row.created_at + DAY)))
            .date("SystemModstamp", |row| salesforce(Some(row.created_at + DAY)))
    }

    fn configuration(&self, dialect: &Dialect, users: &str, enrollments: &[String]) -> String {
        let mut lines: Vec<String> = self.story.lines().map(|line| format!("# {line}").trim_end().to_owned()).collect();
        if !lines.is_empty() {
            lines.push(String::new());
        }
        lines.extend(
            ["[salesforce]", "snapshot = \"snapshot\"             # a folder of CSV files, one an object"]
                .map(str::to_owned),
        );
        lines.extend(self.settings.extracted_at.map(|at| format!("extracted_at = \"{}\"", rfc3339(at))));
        lines.extend(["", "[docebo]"].map(str::to_owned));
        lines.push(format!("platform_url = \"{}\"", self.organization.platform_url()));
        if self.export.users {
            lines.push(format!("users = \"{users}\""));
        }
        match enrollments {
            [] => {}
            [one] => lines.push(format!("enrollments = \"{one}\"")),
            many => lines.push(format!("enrollments = {many:?}")),
        }
        lines.push(format!("exported_at = \"{}\"", rfc3339(self.settings.exported_at)));
        lines.push(if dialect.zone_declared {
            format!("time_zone = \"{}\"", dialect.zone)
        } else {
            "time_zone = \"auto\"                # found out from enrollments that stand on both sides".to_owned()
        });
        let anywhere = self.export.users && self.export.sfdc_id_in_users
            || self.export.enrollments && self.export.sfdc_id_in_enrollments;
        if !anywhere {
            lines.extend(
                ["", "[docebo.columns]", "sfdc_id = false                   # the reports do not have it"]
                    .map(str::to_owned),
            );
        }
        lines.extend([String::new(), "[mapping]".to_owned()]);
        lines.push(format!(
            "username_field = \"{}\"          # the Contact field mapped to the Docebo username",
            self.settings.username_field
        ));
        lines.push(format!("provisioning = {}", self.settings.provisioning));
        if let Some(view) = &self.settings.list_view {
            lines.push(format!("list_view = \"{view}\""));
        }
        lines.extend([String::new(), "[scope]".to_owned()]);
        lines.push(match &self.settings.scope {
            Scope::Synced => {
                "courses = \"synced\"                # what Salesforce has, and Docebo still syncs".to_owned()
            }
            Scope::All => "courses = \"all\"".to_owned(),
            Scope::List(courses) => format!("courses = {courses:?}"),
        });
        let mode = if self.settings.manual { "manual" } else { "realtime" };
        lines.extend([String::new(), "[sync]".to_owned(), format!("enrollment_mode = \"{mode}\"")]);
        lines.push(format!("grace_hours = {}", self.settings.grace_hours));
        lines.push(format!("date_tolerance_minutes = {}", self.settings.tolerance_minutes));
        lines.join("\n") + "\n"
    }
}

fn user_columns(dialect: &Dialect) -> Columns<'_, User> {
    Columns::new()
        .text("Id", |row: &User| dialect.id(&row.id))
        .text("Username", |row| row.username.clone())
        .text("ContactId", |row| dialect.id(&row.contact))
        .text("IsActive", |row| row.active.to_string())
}

fn docebo_user_columns(dialect: &Dialect) -> Columns<'_, DoceboUser> {
    let columns = Columns::new()
        .text("Id", |row: &DoceboUser| dialect.id(&row.id))
        .text("Name", |row| row.learner.to_string())
        .number("docebo_v3__UserId__c", |row| dialect.number(row.learner))
        .text("docebo_v3__Contact__c", |row| dialect.id(&row.contact))
        .text("docebo_v3__User__c", |row| dialect.id(&row.user))
        .text("docebo_v3__Who__c", |row| row.who.clone());
    stamped(columns, dialect, |row| &row.stamp)
}

fn course_columns(dialect: &Dialect) -> Columns<'_, CourseRow> {
    let columns = Columns::new()
        .text("Id", |row: &CourseRow| dialect.id(&row.id))
        .text("Name", |row| row.course.to_string())
        .number("docebo_v3__CourseId__c", |row| dialect.number(row.course))
        .text("docebo_v3__Code__c", |row| row.code.clone())
        .text("docebo_v3__Name__c", |row| row.title.clone())
        .text("docebo_v3__Type__c", |_| "Elearning".to_owned())
        .text("docebo_v3__Deleted__c", |row| row.deleted_at.is_some().to_string())
        .date("docebo_v3__DeletionDate__c", |row| salesforce(row.deleted_at))
        .text("docebo_v3__Effective__c", |row| row.effective.to_string());
    stamped(columns, dialect, |row| &row.stamp)
}

fn course_enrollment_columns(dialect: &Dialect) -> Columns<'_, CourseEnrollment> {
    let columns = Columns::new()
        .text("Id", |row: &CourseEnrollment| dialect.id(&row.id))
        .text("docebo_v3__EnrolmentId__c", |row| row.enrolment_id.clone())
        .text("docebo_v3__DoceboUser__c", |row| dialect.id(&row.docebo_user))
        .text("docebo_v3__Course__c", |row| dialect.id(&row.course))
        .text("docebo_v3__Status__c", |row| row.status.clone())
        .date("docebo_v3__EnrollmentStartDate__c", |row| salesforce(row.enrolled_at))
        .date("docebo_v3__EnrollmentCompletionDate__c", |row| salesforce(row.completed_at))
        .date("docebo_v3__UnenrollmentDate__c", |row| salesforce(row.unenrolled_at))
        .number("docebo_v3__Completion__c", |row| if row.completed_at.is_some() { "100.0" } else { EMPTY }.to_owned());
    stamped(columns, dialect, |row| &row.stamp)
}

/// The system fields at the end of every object of the package.
fn stamped<'a, Row: 'a>(
    columns: Columns<'a, Row>,
    dialect: &'a Dialect,
    stamp: fn(&Row) -> &Stamp,
) -> Columns<'a, Row> {
    columns
        .date("CreatedDate", move |row| salesforce(Some(stamp(row).created_at)))
        .text("CreatedById", move |row| dialect.id(&stamp(row).created_by))
        .date("LastModifiedDate", move |row| salesforce(Some(stamp(row).modified_at)))
        .text("LastModifiedById", move |row| dialect.id(&stamp(row).modified_by))
        .date("SystemModstamp", move |row| salesforce(Some(stamp(row).modified_at)))
}

fn yes(value: bool) -> String {
    if value { "Yes" } else { "No" }.to_owned()
}
