//! The ledgers: every record with the value each relation gives it. With [`Rows::All`] every row of
//! both sides stands here exactly once.

use crate::books::{Books, Subject};
use crate::evidence::{self, Text};
use crate::model::dataset::row;
use crate::model::instant::Instant;
use crate::model::provenance::{Aside, Origins};
use crate::model::word::Word as _;
use crate::model::zone::Readings;
use crate::relations::link::Link;
use crate::relations::outbound::Outbound;
use crate::render::RenderError;
use crate::render::inert::csv_cell;
use crate::report::Report;
use crate::report::judged::Judged;

/// Which rows a ledger holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rows {
    /// Those that a finding names or that could not be judged.
    Exceptions,
    /// Every row.
    All,
}

/// The ledgers, by file name; none of a run whose books are closed.
///
/// # Errors
/// None that a report can cause.
pub fn files(report: &Report, rows: Rows) -> Result<Vec<(&'static str, Vec<u8>)>, RenderError> {
    let Some(judged) = report.judged() else { return Ok(Vec::new()) };
    let named = Named::of(judged);
    Ok(vec![
        ("ledger/learners.csv", learners(judged, rows, &named)?),
        ("ledger/enrollments.csv", enrollments(judged, rows, &named)?),
        ("ledger/contacts.csv", contacts(judged, rows, &named)?),
        ("ledger/set-aside.csv", set_aside(&judged.books.data.origins)?),
    ])
}

/// Which records the findings name.
struct Named {
    /// By learner, a bit for each check of the catalogue.
    learners: Vec<u64>,
    enrollments: Vec<bool>,
    rows: Vec<bool>,
    contacts: Vec<bool>,
}

impl Named {
    fn of(judged: &Judged) -> Self {
        let data = &judged.books.data;
        let mut named = Self {
            learners: vec![0; data.learners.len()],
            enrollments: vec![false; data.enrollments.learner.len()],
            rows: vec![false; data.course_enrollments.id.len()],
            contacts: vec![false; data.contacts.len()],
        };
        for (bit, subjects) in judged.subjects.iter().enumerate() {
            for subject in subjects {
                named.mark(&judged.books, subject, 1 << bit);
            }
        }
        named
    }

    fn mark(&mut self, books: &Books, subject: &Subject, bit: u64) {
        let data = &books.data;
        let of_docebo_user = |at: u32| data.learner_of(data.docebo_users.account(at as usize));
        match subject {
            Subject::Learner(at) => self.learners[*at as usize] |= bit,
            Subject::Learners(rows) => rows.iter().for_each(|&at| self.learners[at as usize] |= bit),
            Subject::Contact(at) => self.contacts[*at as usize] = true,
            Subject::Contacts(rows) => rows.iter().for_each(|&at| self.contacts[at as usize] = true),
            Subject::DoceboUser(at) => of_docebo_user(*at).into_iter().for_each(|at| self.learners[at] |= bit),
            Subject::DoceboUsers(rows) => {
                rows.iter().filter_map(|&at| of_docebo_user(at)).for_each(|at| self.learners[at] |= bit);
            }
            Subject::Enrollment(at) => self.enrollments[*at as usize] = true,
            Subject::Row(at) => self.rows[*at as usize] = true,
            Subject::Run
            | Subject::User(_)
            | Subject::Course(_)
            | Subject::Other(_)
            | Subject::Part(_)
            | Subject::Stall(_) => {}
        }
    }
}

type Writer = csv::Writer<Vec<u8>>;

fn start(headings: &[&str]) -> Result<Writer, RenderError> {
    let mut writer = csv::WriterBuilder::new().from_writer(Vec::new());
    writer.write_record(headings)?;
    Ok(writer)
}

fn finish(writer: Writer) -> Result<Vec<u8>, RenderError> {
    writer.into_inner().map_err(|error| RenderError::Io(error.into_error()))
}

fn learners(judged: &Judged, rows: Rows, named: &Named) -> Result<Vec<u8>, RenderError> {
    let (data, relations) = (&judged.books.data, &judged.books.relations);
    let mut writer = start(&[
        "learner_id",
        "username",
        "sfdc_id",
        "contact_id",
        "docebo_user_record",
        "link",
        "outbound",
        "due",
        "checks",
    ])?;
    for at in 0..data.learners.len() {
        let (link, outbound) = (relations.link[at], relations.outbound[at]);
        let quiet = matches!(link, Link::Linked | Link::LinkedUser)
            && matches!(outbound, Outbound::Delivered | Outbound::NotDue | Outbound::Pending)
            && named.learners[at] == 0;
        if rows == Rows::Exceptions && quiet {
            continue;
        }
        // The contact that goes with the learner; for a malformed id the one it stands for, even
        // where the extract does not hold it.
        let contact = relations.contact(data, at).map(|contact| data.contacts.id(contact)).or(match link {
            Link::Malformed => relations.sfdc(data, at).id,
            _ => None,
        });
        let docebo_user = row(relations.docebo_user[at]).map(|at| data.docebo_users.id(at));
        let checks: Vec<&str> = judged
            .checks
            .iter()
            .enumerate()
            .filter(|(bit, _)| named.learners[at] & 1 << bit != 0)
            .map(|(_, check)| check.id)
            .collect();
        writer.write_record([
            data.learners.id(at).to_string().as_str(),
            &csv_cell(data.username(at)),
            &csv_cell(&data.sfdc_id(at)),
            Text::id(contact).raw(),
            Text::id(docebo_user).raw(),
            link.word(),
            outbound.word(),
            relations.due.get(at).to_string().as_str(),
            checks.join(" ").as_str(),
        ])?;
    }
    finish(writer)
}

fn stated(readings: Option<Readings>) -> String {
    readings.map_or_else(String::new, |readings| readings.to_string())
}

fn enrollments(judged: &Judged, rows: Rows, named: &Named) -> Result<Vec<u8>, RenderError> {
    let (data, relations) = (&judged.books.data, &judged.books.relations);
    let (docebo, salesforce) = (&data.enrollments, &data.course_enrollments);
    let mut writer = start(&[
        "enrolment_id",
        "learner_id",
        "course_id",
        "side",
        "enrollment",
        "differs",
        "docebo_status",
        "salesforce_status",
        "docebo_enrolled_at",
        "docebo_completed_at",
        "salesforce_enrolled_at",
        "salesforce_completed_at",
        "record",
    ])?;
    let show = |instant: Option<Instant>| Text::instant(instant);
    for at in 0..docebo.learner.len() {
        let counterpart = row(relations.counterpart[at]);
        let named = named.enrollments[at] || counterpart.is_some_and(|counterpart| named.rows[counterpart]);
        if rows == Rows::Exceptions && !named && !relations.enrollment[at].is_exception() {
            continue;
        }
        let learner = data.learners.id(docebo.learner[at] as usize);
        let course = data.courses.id[docebo.course[at] as usize];
        let word = data.status_words.get(usize::from(docebo.status[at])).map_or("", |word| word.text.as_str());
        writer.write_record([
            format!("{learner}_{course}").as_str(),
            learner.to_string().as_str(),
            course.to_string().as_str(),
            if counterpart.is_some() { "both" } else { "docebo" },
            relations.enrollment[at].word(),
            relations.differs[at].to_string().as_str(),
            &csv_cell(word),
            counterpart.and_then(|at| salesforce.status[at]).map_or("", |status| status.word()),
            stated(relations.clocks.enrolled(data, at)).as_str(),
            stated(relations.clocks.completed(data, at)).as_str(),
            show(counterpart.and_then(|at| salesforce.enrolled[at])).raw(),
            show(counterpart.and_then(|at| salesforce.completed[at])).raw(),
            Text::id(counterpart.map(|at| salesforce.id[at])).raw(),
        ])?;
    }
    for at in 0..salesforce.id.len() {
        if row(relations.claimed_by[at]).is_some() {
            continue;
        }
        if rows == Rows::Exceptions && !named.rows[at] && !relations.row_value[at].is_exception() {
            continue;
        }
        let learner = data.account_id(salesforce.account[at]).map_or_else(String::new, |id| id.to_string());
        let course = row(salesforce.course[at]).map_or_else(String::new, |at| data.courses.id[at].to_string());
        let id = if learner.is_empty() {
            csv_cell(evidence::odd_key(&judged.books, at).unwrap_or("")).into_owned()
        } else {
            format!("{learner}_{course}")
        };
        writer.write_record([
            id.as_str(),
            learner.as_str(),
            course.as_str(),
            "salesforce",
            relations.row_value[at].word(),
            "",
            "",
            salesforce.status[at].map_or("", |status| status.word()),
            "",
            "",
            show(salesforce.enrolled[at]).raw(),
            show(salesforce.completed[at]).raw(),
            salesforce.id[at].to_string().as_str(),
        ])?;
    }
    finish(writer)
}

fn contacts(judged: &Judged, rows: Rows, named: &Named) -> Result<Vec<u8>, RenderError> {
    let (data, relations) = (&judged.books.data, &judged.books.relations);
    let mut writer = start(&["contact_id", "key", "forecast", "learner_id"])?;
    for at in 0..data.contacts.len() {
        if rows == Rows::Exceptions && !named.contacts[at] {
            continue;
        }
        let learner =
            row(relations.contact_learner[at]).map_or_else(String::new, |at| data.learners.id(at).to_string());
        writer.write_record([
            data.contacts.id(at).to_string().as_str(),
            &csv_cell(data.contacts.key(at)),
            relations.forecast[at].word(),
            learner.as_str(),
        ])?;
    }
    finish(writer)
}

fn set_aside(origins: &Origins) -> Result<Vec<u8>, RenderError> {
    let mut writer = start(&["file", "line", "what", "reason"])?;
    for (_, aside) in &origins.set_aside {
        let (what, reason) = match &aside.why {
            Aside::Archived => ("archived", String::new()),
            Aside::Repeated => ("repeated", String::new()),
            Aside::Rejected(reject) => ("rejected", reject.to_string()),
        };
        let file = &origins.exports[usize::from(aside.file)].name;
        writer.write_record([&csv_cell(file), aside.line.to_string().as_str(), what, &csv_cell(&reason)])?;
    }
    finish(writer)
}
