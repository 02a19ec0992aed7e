//! The objects, one function each: which columns, and into which table.

use std::hash::BuildHasher as _;

use hashbrown::HashTable;
use rustc_hash::{FxBuildHasher, FxHashMap};

use crate::error::Error;
use crate::model::column::{IdColumn, NumberColumn};
use crate::model::dataset::{Gone, NONE, OtherRow, SalesforceSide, index, row as row_number};
use crate::model::id::SfId;
use crate::model::instant::Instant;
use crate::model::number;
use crate::model::people::DoceboUserRow;
use crate::model::provenance::SfObject;
use crate::model::pulse::Pulse;
use crate::model::status::Status;
use crate::snapshot::fields::{Field, Fields, well_formed};
use crate::snapshot::{DELETED, LIST_VIEW, Reader, find};
use crate::table::{Row, Table};

/// Parents that an enrollment row can name: record id to row, and each row's Docebo id.
pub(super) struct Parents {
    rows: HashTable<u32>,
    records: IdColumn,
    docebo_ids: NumberColumn,
}

impl Parents {
    fn of(records: IdColumn, docebo_ids: NumberColumn) -> Self {
        let mut rows = HashTable::with_capacity(records.len());
        let hash = |&row: &u32| FxBuildHasher.hash_one(records.get(row as usize));
        for row in 0..index(records.len()) {
            rows.insert_unique(hash(&row), row, hash);
        }
        Self { rows, records, docebo_ids }
    }

    /// The columns again, once nobody looks for parents any more.
    pub(super) fn into_columns(self) -> (IdColumn, NumberColumn) {
        (self.records, self.docebo_ids)
    }

    fn find(&self, id: Option<SfId>) -> u32 {
        let row = |id: SfId| self.rows.find(FxBuildHasher.hash_one(id), |&row| self.records.get(row as usize) == id);
        id.and_then(row).copied().unwrap_or(NONE)
    }

    fn docebo_id(&self, row: u32) -> Option<u64> {
        row_number(row).filter(|&row| row < self.docebo_ids.len()).map(|row| self.docebo_ids.get(row))
    }
}

/// Where a package object says when and by whom its rows were written.
struct WriteColumns<'a> {
    created: Field<'a>,
    created_by: Field<'a>,
    modified: Field<'a>,
    modified_by: Field<'a>,
}

/// When and by whom one row was written.
struct Written {
    created: Option<Instant>,
    created_by: Option<SfId>,
    modified: Option<Instant>,
    modified_by: Option<SfId>,
}

impl<'a> WriteColumns<'a> {
    fn find(fields: &mut Fields<'a>) -> Result<Self, Error> {
        Ok(Self {
            created: fields.wanted("CreatedDate")?,
            created_by: fields.wanted("CreatedById")?,
            modified: fields.wanted("LastModifiedDate")?,
            modified_by: fields.wanted("LastModifiedById")?,
        })
    }

    fn read(&self, row: Row<'_>) -> Result<Written, Error> {
        Ok(Written {
            created: self.created.instant(row)?,
            created_by: self.created_by.id(row)?,
            modified: self.modified.instant(row)?,
            modified_by: self.modified_by.id(row)?,
        })
    }
}

impl Written {
    /// Counts the row's writes. A modification by somebody else than the row's creator is no write of
    /// the sync: a flow that touches every row each night must not pass for one.
    fn count(&self, record: SfId, pulse: &mut Pulse) {
        if let Some(created) = self.created {
            pulse.created.add(created, record);
        }
        let foreign = self.created_by.zip(self.modified_by).is_some_and(|(creator, editor)| creator != editor);
        if let Some(modified) = self.modified
            && !foreign
        {
            pulse.modified.add(modified, record);
        }
    }
}

impl Reader<'_> {
    /// The ids of the list view's members, sorted; `None` where nobody read it.
    pub(super) fn list_view(&mut self) -> Result<Option<Vec<SfId>>, Error> {
        let Some(path) = find(&self.folder.files, LIST_VIEW) else { return Ok(None) };
        let table = Table::open(path, self.progress)?;
        let fields = Fields::of(&table);
        let id = fields.required("Id")?;
        let mut members = Vec::new();
        let rows = table.rows(self.progress, |row| {
            well_formed(&table, row)?;
            members.push(id.required_id(row)?);
            Ok(())
        })?;
        self.check_digest(&table, "list_view_contacts")?;
        members.sort_unstable();
        self.snapshot.list_view = true;
        self.snapshot.inputs.push(crate::export::input(
            &table,
            "salesforce",
            "list view members".to_owned(),
            rows,
            0,
            None,
        )?);
        Ok(Some(members))
    }

    /// Deleted and merged contacts, where they were read.
    pub(super) fn deleted_contacts(&mut self) -> Result<(), Error> {
        let Some(path) = find(&self.folder.files, DELETED) else { return Ok(()) };
        let table = Table::open(path, self.progress)?;
        let fields = Fields::of(&table);
        let (id, into, at) =
            (fields.required("Id")?, fields.required("MasterRecordId")?, fields.required("SystemModstamp")?);
        let mut gone = Vec::new();
        let rows = table.rows(self.progress, |row| {
            well_formed(&table, row)?;
            gone.push(Gone { id: id.required_id(row)?, into: into.id(row)?, at: at.instant(row)? });
            Ok(())
        })?;
        self.check_digest(&table, "deleted_contacts")?;
        let holds = "deleted and merged contacts".to_owned();
        self.snapshot.inputs.push(crate::export::input(&table, "salesforce", holds, rows, 0, None)?);
        self.snapshot.side.gone = gone;
        Ok(())
    }

    pub(super) fn contacts(&mut self, in_view: Option<&[SfId]>) -> Result<(), Error> {
        let table = self.needed(SfObject::Contact)?;
        let fields = Fields::of(&table);
        let (id, key) = (fields.required("Id")?, fields.required(self.username_field)?);
        let contacts = &mut self.snapshot.side.contacts;
        let rows = table.rows(self.progress, |row| {
            well_formed(&table, row)?;
            let contact = id.required_id(row)?;
            let in_view = in_view.map(|members| members.binary_search(&contact).is_ok());
            contacts.push(contact, key.text(row)?, in_view);
            Ok(())
        })?;
        *contacts = std::mem::take(contacts).sorted();
        self.finish(SfObject::Contact, &table, rows, Vec::new())
    }

    pub(super) fn users(&mut self) -> Result<(), Error> {
        let Some(table) = self.table(SfObject::User)? else { return Ok(()) };
        let mut fields = Fields::of(&table);
        let id = fields.required("Id")?;
        let (contact, active) = (fields.wanted("ContactId")?, fields.wanted("IsActive")?);
        let SalesforceSide { users, contacts, .. } = &mut self.snapshot.side;
        let rows = table.rows(self.progress, |row| {
            well_formed(&table, row)?;
            let active = |row| if active.is_there() { active.flag(row).map(Some) } else { Ok(None) };
            users.push(id.required_id(row)?, contact.id(row)?, active(row)?, contacts);
            Ok(())
        })?;
        *users = std::mem::take(users).sorted();
        let lacking = fields.lacking;
        self.finish(SfObject::User, &table, rows, lacking)
    }

    pub(super) fn docebo_users(&mut self) -> Result<Parents, Error> {
        let table = self.needed(SfObject::DoceboUser)?;
        let mut fields = Fields::of(&table);
        let (id, user_id) = (fields.required("Id")?, fields.required("docebo_v3__UserId__c")?);
        let (contact, user) = (fields.required("docebo_v3__Contact__c")?, fields.required("docebo_v3__User__c")?);
        let writes = WriteColumns::find(&mut fields)?;
        let mut pulse = Pulse::default();
        let mut writers = Editors::default();
        let SalesforceSide { docebo_users: side, contacts, .. } = &mut self.snapshot.side;
        let rows = table.rows(self.progress, |row| {
            well_formed(&table, row)?;
            let record = id.required_id(row)?;
            let written = writes.read(row)?;
            written.count(record, &mut pulse);
            let docebo_user = DoceboUserRow {
                id: record,
                user_id: user_id.number(row)?,
                contact: contact.id(row)?,
                user: user.id(row)?,
                created: written.created,
                created_by: written.created_by.map_or(NONE, |id| writers.index(id)),
                modified: written.modified,
                modified_by: written.modified_by.map_or(NONE, |id| writers.index(id)),
            };
            side.push(docebo_user, contacts);
            Ok(())
        })?;
        side.writers = writers.ids;
        *side = std::mem::take(side).sorted();
        let (records, docebo_ids) = side.lend();
        let parents = Parents::of(records, docebo_ids);
        let lacking = fields.lacking;
        self.snapshot.side.pulses.insert(SfObject::DoceboUser, pulse);
        self.finish(SfObject::DoceboUser, &table, rows, lacking)?;
        Ok(parents)
    }

    pub(super) fn courses(&mut self) -> Result<Parents, Error> {
        let Some(table) = self.table(SfObject::Course)? else {
            return Ok(Parents::of(IdColumn::default(), NumberColumn::default()));
        };
        let mut fields = Fields::of(&table);
        let (id, course_id) = (fields.required("Id")?, fields.required("docebo_v3__CourseId__c")?);
        let (code, title) = (fields.optional("docebo_v3__Code__c")?, fields.optional("docebo_v3__Name__c")?);
        let (deleted, effective) = (fields.wanted("docebo_v3__Deleted__c")?, fields.wanted("docebo_v3__Effective__c")?);
        let writes = WriteColumns::find(&mut fields)?;
        let mut pulse = Pulse::default();
        let side = &mut self.snapshot.side.courses;
        let rows = table.rows(self.progress, |row| {
            well_formed(&table, row)?;
            let record = id.required_id(row)?;
            let written = writes.read(row)?;
            written.count(record, &mut pulse);
            side.record.push(Some(record));
            side.id.push(course_id.number(row)?);
            side.code.push(code.text(row)?);
            side.title.push(title.text(row)?);
            side.deleted.push(deleted.flag(row)?);
            side.effective.push(effective.flag(row)?);
            side.modified_by.push(written.modified_by);
            Ok(())
        })?;
        let parents = Parents::of(side.record.iter().flatten().copied().collect(), side.id.iter().copied().collect());
        let lacking = fields.lacking;
        self.snapshot.side.pulses.insert(SfObject::Course, pulse);
        self.finish(SfObject::Course, &table, rows, lacking)?;
        Ok(parents)
    }

    pub(super) fn course_enrollments(&mut self, docebo_users: &Parents, courses: &Parents) -> Result<(), Error> {
        let Some(table) = self.table(SfObject::CourseEnrollment)? else { return Ok(()) };
        let mut fields = Fields::of(&table);
        let id = fields.required("Id")?;
        let (docebo_user, course) =
            (fields.required("docebo_v3__DoceboUser__c")?, fields.required("docebo_v3__Course__c")?);
        let key = fields.wanted("docebo_v3__EnrolmentId__c")?;
        let status = fields.wanted("docebo_v3__Status__c")?;
        let enrolled = fields.wanted("docebo_v3__EnrollmentStartDate__c")?;
        let completed = fields.wanted("docebo_v3__EnrollmentCompletionDate__c")?;
        let unenrolled = fields.wanted("docebo_v3__UnenrollmentDate__c")?;
        let writes = WriteColumns::find(&mut fields)?;
        let mut pulse = Pulse::default();
        let mut editors = Editors::default();
        let side = &mut self.snapshot.side.course_enrollments;
        let rows = table.rows(self.progress, |row| {
            well_formed(&table, row)?;
            let account = docebo_users.find(Some(docebo_user.required_id(row)?));
            let course = courses.find(Some(course.required_id(row)?));
            if key.is_there() {
                let text = key.text(row)?;
                let parents = docebo_users.docebo_id(account).zip(courses.docebo_id(course));
                if parents.is_none_or(|parents| !says(text, parents)) {
                    side.odd_keys.push((index(side.id.len()), text.to_owned()));
                }
            }
            let record = id.required_id(row)?;
            let written = writes.read(row)?;
            written.count(record, &mut pulse);
            if let Some(moment) = unenrolled.instant(row)? {
                side.unenrolled.push(index(side.id.len()), moment);
            }
            side.id.push(record);
            side.account.push(account);
            side.course.push(course);
            side.status.push(Status::from_salesforce(status.text(row)?));
            side.enrolled.push(enrolled.instant(row)?);
            side.completed.push(completed.instant(row)?);
            side.created.push(written.created);
            side.modified.push(written.modified);
            side.modified_by.push(written.modified_by.map_or(NONE, |id| editors.index(id)));
            Ok(())
        })?;
        self.snapshot.side.editors = editors.ids;
        self.snapshot.side.pulses.insert(SfObject::CourseEnrollment, pulse);
        let lacking = fields.lacking;
        self.finish(SfObject::CourseEnrollment, &table, rows, lacking)
    }

    /// An object that the audit looks at only for who wrote its rows, and when.
    pub(super) fn beside(&mut self, object: SfObject) -> Result<(), Error> {
        let mut rows = Vec::new();
        self.pulse(object, |id, modified_by| {
            rows.extend(modified_by.map(|modified_by| OtherRow { object, id, modified_by }));
        })?;
        self.snapshot.side.beside.append(&mut rows);
        Ok(())
    }

    /// When an object's rows were written; `each` is told of every row who modified it last.
    pub(super) fn pulse(&mut self, object: SfObject, mut each: impl FnMut(SfId, Option<SfId>)) -> Result<(), Error> {
        let Some(table) = self.table(object)? else { return Ok(()) };
        let mut fields = Fields::of(&table);
        let id = fields.required("Id")?;
        let writes = WriteColumns::find(&mut fields)?;
        let mut pulse = Pulse::default();
        let rows = table.rows(self.progress, |row| {
            well_formed(&table, row)?;
            let id = id.required_id(row)?;
            let written = writes.read(row)?;
            written.count(id, &mut pulse);
            each(id, written.modified_by);
            Ok(())
        })?;
        let lacking = fields.lacking;
        self.snapshot.side.pulses.insert(object, pulse);
        self.finish(object, &table, rows, lacking)
    }

    fn needed(&mut self, object: SfObject) -> Result<Table, Error> {
        self.table(object)?.ok_or_else(|| Error::Input {
            path: self.folder.path.join(format!("{object}.csv")),
            what: "is not there, and nothing can be compared without it".to_owned(),
            next: format!("save the object {object} as {object}.csv into the snapshot folder (README, \"Read Salesforce itself, or save the objects\")"),
        })
    }
}

/// Whether an `EnrolmentId__c` names this learner and course.
fn says(text: &str, (learner, course): (u64, u64)) -> bool {
    let Some((left, right)) = text.split_once('_') else { return false };
    let plain =
        |part: &str, id: u64| part.bytes().all(|c| c.is_ascii_digit()) && number::whole(part.as_bytes()) == Ok(id);
    plain(left, learner) && plain(right, course)
}

/// Users as they are met; a sync has few.
#[derive(Default)]
struct Editors {
    ids: Vec<SfId>,
    rows: FxHashMap<SfId, u32>,
    last: Option<(SfId, u32)>,
}

impl Editors {
    fn index(&mut self, id: SfId) -> u32 {
        if let Some((last, row)) = self.last
            && last == id
        {
            return row;
        }
        let next = index(self.ids.len());
        let row = *self.rows.entry(id).or_insert(next);
        if row == next {
            self.ids.push(id);
        }
        self.last = Some((id, row));
        row
    }
}

#[cfg(test)]
mod tests {
    use super::says;

    #[test]
    fn a_key_names_learner_and_course() {
        assert!(says("44444_608", (44_444, 608)));
        for other in ["", "44444", "44444_609", "44445_608", "44444_608_1", "44444-608", " 44444_608"] {
            assert!(!says(other, (44_444, 608)), "{other}");
        }
    }
}
