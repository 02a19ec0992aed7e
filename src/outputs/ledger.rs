//! The ledgers: every record with the value that each relation assigns to it. With [`Rows::All`] every row of both
//! sides appears exactly once.

use std::io::Write;

use crate::checks::evidence::Text;
use crate::checks::reconciliation::Reconciliation;
use crate::checks::subject::Subject;
use crate::inputs::salesforce::objects::system;
use crate::model::excluded::{Exclusion, Reject};
use crate::model::instant::Instant;
use crate::model::label::Label as _;
use crate::model::origins::Origins;
use crate::model::row::row;
use crate::model::zone::Readings;
use crate::outputs::RenderError;
use crate::outputs::sanitize::csv_cell;
use crate::reconcile::relations::link::Link;
use crate::reconcile::relations::relation::Relation as _;
use crate::report::Report;
use crate::report::evaluated_run::EvaluatedRun;

/// Rows to include in a ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rows {
    /// Rows that a finding names or that could not be judged.
    Exceptions,
    /// Every row.
    All,
}

/// Calls `put` with each ledger's file name and writer; not at all for a loaded report.
///
/// # Errors
/// Those of `put`.
pub fn each<E>(
    report: &Report,
    rows: Rows,
    mut put: impl FnMut(&'static str, &dyn Fn(&mut dyn Write) -> Result<(), RenderError>) -> Result<(), E>,
) -> Result<(), E> {
    let Some(judged) = report.judged() else { return Ok(()) };
    let named = Named::new(judged);
    put("ledger/learners.csv", &|out| learners(out, judged, rows, &named))?;
    put("ledger/enrollments.csv", &|out| enrollments(out, judged, rows, &named))?;
    put("ledger/contacts.csv", &|out| contacts(out, judged, rows, &named))?;
    put("ledger/excluded-rows.csv", &|out| excluded(out, &judged.reconciliation.data.origins))
}

/// Like [`each`], into memory, by file name.
///
/// # Errors
/// None for any report.
pub fn files(report: &Report, rows: Rows) -> Result<Vec<(&'static str, Vec<u8>)>, RenderError> {
    let mut files = Vec::new();
    each(report, rows, |name, write| {
        let mut bytes = Vec::new();
        write(&mut bytes)?;
        files.push((name, bytes));
        Ok::<_, RenderError>(())
    })?;
    Ok(files)
}

/// Records named by findings.
struct Named {
    /// By learner, one bit for each check of the catalog.
    learners: Vec<u64>,
    enrollments: Marks,
    rows: Marks,
    contacts: Marks,
}

/// Marked rows of a table, one bit each: there can be tens of millions.
struct Marks(Vec<u64>);

impl Marks {
    fn new(rows: usize) -> Self {
        Self(vec![0; rows.div_ceil(64)])
    }

    fn mark(&mut self, row: u32) {
        self.0[row as usize / 64] |= 1 << (row % 64);
    }
}

impl std::ops::Index<usize> for Marks {
    type Output = bool;

    fn index(&self, row: usize) -> &bool {
        if self.0[row / 64] >> (row % 64) & 1 == 1 { &true } else { &false }
    }
}

impl Named {
    fn new(judged: &EvaluatedRun) -> Self {
        let data = &judged.reconciliation.data;
        let mut named = Self {
            learners: vec![0; data.learners.len()],
            enrollments: Marks::new(data.enrollments.len()),
            rows: Marks::new(data.enrollments.row_end()),
            contacts: Marks::new(data.contacts.len()),
        };
        for (bit, subjects) in judged.subjects.iter().enumerate() {
            for subject in subjects {
                named.mark(&judged.reconciliation, subject, 1 << bit);
            }
        }
        named
    }

    fn mark(&mut self, reconciliation: &Reconciliation, subject: &Subject, bit: u64) {
        let data = &reconciliation.data;
        let of_docebo_user = |at: u32| data.learner_of(data.docebo_users.account(at as usize));
        match subject {
            Subject::Learner(at) => self.learners[*at as usize] |= bit,
            Subject::Learners(rows) => rows.iter().for_each(|&at| self.learners[at as usize] |= bit),
            Subject::Contact(at) => self.contacts.mark(*at),
            Subject::Contacts(rows) => rows.iter().for_each(|&at| self.contacts.mark(at)),
            Subject::DoceboUser(at) => of_docebo_user(*at).into_iter().for_each(|at| self.learners[at] |= bit),
            Subject::DoceboUsers(rows) => {
                rows.iter().filter_map(|&at| of_docebo_user(at)).for_each(|at| self.learners[at] |= bit);
            }
            Subject::Enrollment(at) => self.enrollments.mark(*at),
            Subject::Row(at) => self.rows.mark(*at),
            Subject::Run
            | Subject::User(_)
            | Subject::Course(_)
            | Subject::Other(_)
            | Subject::Part(_)
            | Subject::Stall(_)
            | Subject::Unreadable(_) => {}
        }
    }
}

type Out<'a> = &'a mut dyn Write;

fn start<'a>(out: Out<'a>, headings: &[&str]) -> Result<csv::Writer<Out<'a>>, RenderError> {
    let mut writer = csv::WriterBuilder::new().from_writer(out);
    writer.write_record(headings)?;
    Ok(writer)
}

fn learners(out: Out<'_>, judged: &EvaluatedRun, rows: Rows, named: &Named) -> Result<(), RenderError> {
    let (data, relations) = (&judged.reconciliation.data, &judged.reconciliation.relations);
    let mut writer = start(
        out,
        &["learner_id", "username", "sfdc_id", "contact_id", "docebo_user_record", "link", "outbound", "due", "checks"],
    )?;
    for at in 0..data.learners.len() {
        let (link, outbound) = (relations.link[at], relations.outbound[at]);
        let exception = link.is_exception() || outbound.is_exception() || named.learners[at] != 0;
        if rows == Rows::Exceptions && !exception {
            continue;
        }
        // The learner's contact; for a malformed id the intended one, even if it is not in the extract.
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
            link.label(),
            outbound.label(),
            relations.due.get(at).to_string().as_str(),
            checks.join(" ").as_str(),
        ])?;
    }
    Ok(writer.flush()?)
}

fn stated(readings: Option<Readings>) -> String {
    readings.map_or_else(String::new, |readings| readings.to_string())
}

fn enrollments(out: Out<'_>, judged: &EvaluatedRun, rows: Rows, named: &Named) -> Result<(), RenderError> {
    let (data, relations) = (&judged.reconciliation.data, &judged.reconciliation.relations);
    let both = &data.enrollments;
    let mut writer = start(
        out,
        &[
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
        ],
    )?;
    let show = |instant: Option<Instant>| Text::instant(instant);
    for at in 0..both.len() {
        let counterpart = relations.matched_row(data, at);
        let named = named.enrollments[at] || counterpart.is_some_and(|counterpart| named.rows[counterpart]);
        if rows == Rows::Exceptions && !named && !relations.enrollment[at].is_exception() {
            continue;
        }
        let counterpart = counterpart.map(|row| both.row(row));
        let learner = data.learners.id(both.learner(at) as usize);
        let course = data.courses.id[both.course(at)];
        let word = data.status_words.get(both.status_word(at)).map_or("", |word| word.text.as_str());
        writer.write_record([
            format!("{learner}_{course}").as_str(),
            learner.to_string().as_str(),
            course.to_string().as_str(),
            if counterpart.is_some() { "both" } else { "docebo" },
            relations.enrollment[at].label(),
            relations.differs(at).to_string().as_str(),
            &csv_cell(word),
            counterpart.and_then(|row| row.status).map_or("", |status| status.label()),
            stated(relations.clocks.enrolled(data, at)).as_str(),
            stated(relations.clocks.completed(data, at)).as_str(),
            show(counterpart.and_then(|row| row.enrolled)).raw(),
            show(counterpart.and_then(|row| row.completed)).raw(),
            Text::id(counterpart.map(|row| row.id)).raw(),
        ])?;
    }
    let described = |at: usize| {
        let exception = || named.rows[at] || relations.row_value(at).is_exception();
        relations.matched_enrollment(data, at).is_none() && (rows != Rows::Exceptions || exception())
    };
    for at in both.rows_where(described) {
        let value = relations.row_value(at);
        let record = both.row(at);
        let learner = data.account_id(record.account).map_or_else(String::new, |id| id.to_string());
        let course = row(record.course).map_or_else(String::new, |at| data.courses.id[at].to_string());
        let id = if learner.is_empty() {
            csv_cell(both.key_mismatch(at).unwrap_or("")).into_owned()
        } else {
            format!("{learner}_{course}")
        };
        writer.write_record([
            id.as_str(),
            learner.as_str(),
            course.as_str(),
            "salesforce",
            value.label(),
            "",
            "",
            record.status.map_or("", |status| status.label()),
            "",
            "",
            show(record.enrolled).raw(),
            show(record.completed).raw(),
            record.id.to_string().as_str(),
        ])?;
    }
    Ok(writer.flush()?)
}

fn contacts(out: Out<'_>, judged: &EvaluatedRun, rows: Rows, named: &Named) -> Result<(), RenderError> {
    let (data, relations) = (&judged.reconciliation.data, &judged.reconciliation.relations);
    let mut writer = start(out, &["contact_id", "key", "forecast", "learner_id"])?;
    for at in 0..data.contacts.len() {
        if rows == Rows::Exceptions && !named.contacts[at] {
            continue;
        }
        let learner =
            row(relations.contact_learner[at]).map_or_else(String::new, |at| data.learners.id(at).to_string());
        writer.write_record([
            data.contacts.id(at).to_string().as_str(),
            &csv_cell(data.contacts.key(at)),
            relations.forecast[at].label(),
            learner.as_str(),
        ])?;
    }
    Ok(writer.flush()?)
}

fn excluded(out: Out<'_>, origins: &Origins) -> Result<(), RenderError> {
    let mut writer = start(out, &["file", "line", "what", "column", "value", "reason"])?;
    for (_, row) in &origins.excluded {
        let nothing = Reject::default();
        let contradictory;
        let (what, reject) = match &row.why {
            Exclusion::Archived => ("archived", &nothing),
            Exclusion::Repeated => ("repeated", &nothing),
            Exclusion::Contradictory(contradiction) => {
                let reason = contradiction.describe(&origins.exports[usize::from(contradiction.kept.file)].name);
                contradictory = Reject::new(reason, b"");
                ("contradictory", &contradictory)
            }
            Exclusion::Unreadable(reject) => ("unreadable", &**reject),
        };
        let (file, line) = (&origins.exports[usize::from(row.file)].name, row.line.to_string());
        let cells = [file.as_str(), &line, what, &reject.column, &reject.value, &reject.reason];
        writer.write_record(cells.map(csv_cell).iter().map(AsRef::<str>::as_ref))?;
    }
    for row in &origins.deleted_rows {
        let file = &origins.inputs[usize::from(row.input)].file;
        writer.write_record([
            &csv_cell(file),
            row.line.to_string().as_str(),
            "deleted",
            system::IS_DELETED.name,
            "true",
            "",
        ])?;
    }
    Ok(writer.flush()?)
}
