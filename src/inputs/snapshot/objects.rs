//! Reads the objects, one function each: which columns, into which table.

use crate::error::Error;
use crate::inputs::salesforce::objects::{
    contact, course, course_enrollment, deleted_contact, docebo_user, system, user,
};
use crate::inputs::snapshot::Digests;
use crate::inputs::snapshot::fields::{Field, Fields, well_formed};
use crate::inputs::snapshot::names::Content;
use crate::inputs::snapshot::reader::{Counts, Files, Reader, RowCount, live_rows};
use crate::inputs::table::{Row, Rows, Table};
use crate::model::auxiliary::AuxiliaryRow;
use crate::model::column::TextColumn;
use crate::model::completeness::rows_of;
use crate::model::contacts::Contacts;
use crate::model::courses::Courses;
use crate::model::deleted_contact::DeletedContact;
use crate::model::docebo_users::{DoceboUserRow, DoceboUsers};
use crate::model::enrollment_rows::{EnrollmentBlock, EnrollmentRecord};
use crate::model::id::RecordId;
use crate::model::instant::Instant;
use crate::model::object::SfObject;
use crate::model::row::NONE;
use crate::model::status::Status;
use crate::model::user_numbers::UserNumbers;
use crate::model::users::Users;
use crate::model::write_activity::{FutureWrites, WriteActivity};
use crate::progress::Progress;

/// Columns with the time and author of each write.
struct WriteColumns<'a> {
    created: Field<'a>,
    created_by: Field<'a>,
    modified: Field<'a>,
    modified_by: Field<'a>,
}

/// Time and author of one row's writes.
struct Written {
    created: Option<Instant>,
    created_by: Option<RecordId>,
    modified: Option<Instant>,
    modified_by: Option<RecordId>,
}

impl<'a> WriteColumns<'a> {
    fn find(fields: &mut Fields<'a>) -> Result<Self, Error> {
        Ok(Self {
            created: fields.column(system::CREATED_DATE)?,
            created_by: fields.column(system::CREATED_BY)?,
            modified: fields.column(system::MODIFIED_DATE)?,
            modified_by: fields.column(system::MODIFIED_BY)?,
        })
    }

    fn read(&self, row: Row<'_>) -> Result<Written, Error> {
        let (created, created_by) = (self.created.system_instant(row)?, self.created_by.system_id(row)?);
        // Nearly every row has the same creator and modifier, and many were never modified.
        let (same_time, same_user) =
            (self.modified.raw(row) == self.created.raw(row), self.modified_by.raw(row) == self.created_by.raw(row));
        Ok(Written {
            created,
            created_by,
            modified: if same_time && created.is_some() { created } else { self.modified.system_instant(row)? },
            modified_by: if same_user && created_by.is_some() {
                created_by
            } else {
                self.modified_by.system_id(row)?
            },
        })
    }
}

impl Written {
    /// Drops dates after the horizon, and records them.
    fn until(self, horizon: Option<Instant>, record: RecordId, ahead: &mut FutureWrites) -> Self {
        let mut until = |at: Option<Instant>| match (at, horizon) {
            (Some(at), Some(horizon)) if at > horizon => {
                ahead.add(at, record);
                None
            }
            _ => at,
        };
        Self { created: until(self.created), modified: until(self.modified), ..self }
    }

    /// Counts the row's writes. A modification by a user other than the creator is no write of the sync: a flow that
    /// touches every row each night must not count as one.
    fn count(&self, record: RecordId, activity: &mut WriteActivity) {
        activity.newest = activity.newest.max(self.created).max(self.modified);
        if let Some(created) = self.created {
            activity.created.add(created, record);
        }
        let foreign = self.created_by.zip(self.modified_by).is_some_and(|(creator, editor)| creator != editor);
        if let Some(modified) = self.modified
            && !foreign
        {
            activity.modified.add(modified, record);
        }
    }
}

impl Reader<'_> {
    /// The sorted ids of the list view's members; `None` if it was not read completely.
    pub(super) fn list_view(&mut self) -> Result<Option<Vec<RecordId>>, Error> {
        let read = self.optional(Content::ListView, |reader, files| {
            let (mut members, mut counts) = (Vec::new(), Counts::default());
            for table in files.tables() {
                let id = Fields::new(table).column(system::ID)?;
                let member = |row: Row<'_>| {
                    members.push(id.required_id(row)?);
                    Ok(())
                };
                counts.add(live_rows(table, reader.progress, member, |_| Ok(()))?, Vec::new());
            }
            members.sort_unstable();
            Ok((members, counts))
        })?;
        let Some((files, (members, counts))) = read else { return Ok(None) };
        let short = self.book_list(&files, counts)?;
        if let Some((rows, counted)) = short {
            self.snapshot.caveats.push(format!(
                "{} is incomplete: {}. Who is a member of the list view is not known.",
                Content::ListView.stem(),
                rows_of(rows, counted)
            ));
        }
        // A contact missing from part of the view may be in the rest.
        self.snapshot.list_view = !files.is_incomplete() && short.is_none();
        Ok(self.snapshot.list_view.then_some(members))
    }

    /// Records an additional list; returns found and expected rows if some are missing.
    fn book_list(&mut self, files: &Files, counts: Counts) -> Result<Option<(u64, u64)>, Error> {
        let in_first = counts.tables.first().map_or(0, |table| table.rows);
        let rows = self.book(files, counts.tables)?;
        Ok(self.folder.entry(files.content).and_then(|entry| entry.missing_rows(rows, in_first)))
    }

    /// Reads deleted and merged contacts, if listed; those marked deleted in `Contact` are already known.
    pub(super) fn deleted_contacts(&mut self) -> Result<(), Error> {
        let read = self.optional(Content::DeletedContacts, |reader, files| {
            let (mut deleted_contacts, mut counts) = (Vec::new(), Counts::default());
            for table in files.tables() {
                let mut fields = Fields::new(table);
                let (id, into) = (fields.column(deleted_contact::ID)?, fields.column(deleted_contact::MASTER_RECORD)?);
                let at = fields.column(deleted_contact::SYSTEM_MODSTAMP)?;
                // The list holds deleted records alone, whether it says so of each or not.
                let rows = table.rows(reader.progress, |row| {
                    well_formed(table, row)?;
                    deleted_contacts.push(DeletedContact {
                        id: id.required_id(row)?,
                        into: into.id(row)?,
                        at: at.instant(row)?,
                    });
                    Ok(())
                })?;
                counts.add(RowCount { rows, ..RowCount::default() }, Vec::new());
            }
            Ok((deleted_contacts, counts))
        })?;
        let Some((files, (deleted_contacts, counts))) = read else { return Ok(()) };
        if let Some((rows, counted)) = self.book_list(&files, counts)? {
            self.snapshot.caveats.push(format!(
                "{} is incomplete: {}. What became of the contacts that are not in it is not known.",
                Content::DeletedContacts.stem(),
                rows_of(rows, counted)
            ));
        }
        self.snapshot.rows.deleted_contacts.extend(deleted_contacts);
        Ok(())
    }

    pub(super) fn contacts(&mut self, in_view: Option<&[RecordId]>) -> Result<(), Error> {
        let files = self.needed(SfObject::Contact)?;
        let mut contacts = Contacts::default();
        let (mut deleted_contacts, mut counts) = (Vec::new(), Counts::default());
        for table in files.tables() {
            let mut fields = Fields::new(table);
            let (id, key) = (fields.column(contact::ID)?, fields.mapped(self.username_field)?);
            let into = fields.column(contact::MASTER_RECORD)?;
            let stamp = fields.column(contact::SYSTEM_MODSTAMP)?;
            let at = if stamp.is_there() { stamp } else { fields.column(contact::MODIFIED_DATE)? };
            let each = |row: Row<'_>| {
                let contact = id.required_id(row)?;
                let in_view = in_view.map(|members| members.binary_search(&contact).is_ok());
                contacts.push(contact, key.text(row)?, in_view);
                Ok(())
            };
            let deleted = |row: Row<'_>| {
                deleted_contacts.push(DeletedContact {
                    id: id.required_id(row)?,
                    into: into.id(row)?,
                    at: at.instant(row)?,
                });
                Ok(())
            };
            counts.add(live_rows(table, self.progress, each, deleted)?, Vec::new());
        }
        if contacts.read_number_keys() {
            self.snapshot.caveats.push(format!(
                "The mapped field {} is a number: a value such as `40000.0` is read as `40000`.",
                self.username_field
            ));
        }
        self.snapshot.rows.contacts = contacts.sorted();
        self.snapshot.rows.deleted_contacts = deleted_contacts;
        self.finish(SfObject::Contact, &files, counts)
    }

    pub(super) fn users(&mut self) -> Result<(), Error> {
        let read = self.optional(Content::Object(SfObject::User), |reader, files| {
            let (mut users, mut counts) = (Users::default(), Counts::default());
            let contacts = &reader.snapshot.rows.contacts;
            for table in files.tables() {
                let mut fields = Fields::new(table);
                let id = fields.column(user::ID)?;
                let (contact, active) = (fields.column(user::CONTACT)?, fields.column(user::ACTIVE)?);
                let each = |row: Row<'_>| {
                    let active = |row| if active.is_there() { active.flag(row).map(Some) } else { Ok(None) };
                    users.push(id.required_id(row)?, contact.id(row)?, active(row)?, contacts);
                    Ok(())
                };
                counts.add(live_rows(table, reader.progress, each, |_| Ok(()))?, fields.missing);
            }
            Ok((users.sorted(), counts))
        })?;
        let Some((files, (users, counts))) = read else { return Ok(()) };
        self.snapshot.rows.users = users;
        self.finish(SfObject::User, &files, counts)
    }

    pub(super) fn docebo_users(&mut self) -> Result<(), Error> {
        let files = self.needed(SfObject::DoceboUser)?;
        let (mut side, mut counts) = (DoceboUsers::default(), Counts::default());
        let mut activity = WriteActivity::default();
        let mut writers = UserNumbers::default();
        let contacts = &self.snapshot.rows.contacts;
        for table in files.tables() {
            let mut fields = Fields::new(table);
            let (id, user_id) = (fields.column(docebo_user::ID)?, fields.column(docebo_user::USER_ID)?);
            let (contact, user) = (fields.column(docebo_user::CONTACT)?, fields.column(docebo_user::USER)?);
            let writes = WriteColumns::find(&mut fields)?;
            let each = |row: Row<'_>| {
                let record = id.required_id(row)?;
                let written = writes.read(row)?;
                written.count(record, &mut activity);
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
            };
            counts.add(live_rows(table, self.progress, each, |_| Ok(()))?, fields.missing);
        }
        side.writers = writers.ids;
        self.snapshot.rows.docebo_users = side.sorted();
        self.snapshot.rows.write_activity.insert(SfObject::DoceboUser, activity);
        self.finish(SfObject::DoceboUser, &files, counts)
    }

    pub(super) fn courses(&mut self) -> Result<(), Error> {
        let read = self.optional(Content::Object(SfObject::Course), Self::read_courses)?;
        let Some((files, (courses, activity, counts))) = read else { return Ok(()) };
        self.snapshot.rows.courses = courses;
        self.snapshot.rows.write_activity.insert(SfObject::Course, activity);
        self.finish(SfObject::Course, &files, counts)
    }

    /// The courses alone, and the digests of their files; `None` if there is no such file.
    pub(super) fn course_table(&mut self) -> Result<(Courses, Digests), Error> {
        let course = Content::Object(SfObject::Course);
        let Some(files) = self.files(course)? else {
            let why = self.snapshot.extracts.get(&SfObject::Course).and_then(|extract| extract.why_absent.clone());
            return match why {
                None => Ok((Courses::default(), Vec::new())),
                Some(why) => Err(Error::Input {
                    path: self.folder.path.join(course.file()),
                    what: format!("is needed, because the export names courses by their codes alone, and {why}"),
                    next: "save the object again, or add the column \"Course Internal ID\" to the report".to_owned(),
                }),
            };
        };
        let digests = files.tables().map(|table| (table.path().to_owned(), table.sha256().to_owned())).collect();
        Ok((self.read_courses(&files)?.0, digests))
    }

    fn read_courses(&self, files: &Files) -> Result<(Courses, WriteActivity, Counts), Error> {
        let (mut side, mut activity, mut counts) = (Courses::default(), WriteActivity::default(), Counts::default());
        for table in files.tables() {
            let mut fields = Fields::new(table);
            let (id, course_id) = (fields.column(course::ID)?, fields.column(course::COURSE_ID)?);
            let (code, title) = (fields.column(course::CODE)?, fields.column(course::TITLE)?);
            let (deleted, effective) = (fields.column(course::DELETED)?, fields.column(course::EFFECTIVE)?);
            let writes = WriteColumns::find(&mut fields)?;
            let each = |row: Row<'_>| {
                let record = id.required_id(row)?;
                let written = writes.read(row)?;
                written.count(record, &mut activity);
                side.record.push(Some(record));
                side.id.push(course_id.number(row)?);
                side.code.push(code.text(row)?);
                side.title.push(title.text(row)?);
                side.deleted.push(deleted.flag(row)?);
                side.effective.push(effective.flag(row)?);
                side.modified_by.push(written.modified_by);
                Ok(())
            };
            counts.add(live_rows(table, self.progress, each, |_| Ok(()))?, fields.missing);
        }
        Ok((side, activity, counts))
    }

    /// Reads the enrollments block by block. `prepare` is called on any thread, for several blocks in parallel;
    /// `accept` with each block and its prepared value, one by one in file order. Returns whether all were read: if
    /// not, the accepted rows do not count.
    pub(super) fn course_enrollments<P: Send>(
        &mut self,
        files: &Files,
        prepare: impl Fn(&EnrollmentBlock) -> P + Sync,
        mut accept: impl FnMut(EnrollmentBlock, P) + Send,
    ) -> Result<bool, Error> {
        let (mut seen, mut counts) = (SeenEnrollments::default(), Counts::default());
        for table in files.tables() {
            let mut fields = Fields::new(table);
            let rows = EnrollmentColumns::find(&mut fields).and_then(|columns| {
                let is_deleted = fields.column(system::IS_DELETED)?;
                columns.blocks(table, is_deleted, self.progress, &prepare, &mut accept, &mut seen)
            });
            match rows {
                Ok(rows) => counts.add(rows, fields.missing),
                Err(error) => return self.unreadable(files.content, error).map(|()| false),
            }
        }
        self.snapshot.caveats.extend(seen.unknown_statuses.caveat());
        self.snapshot.rows.write_activity.insert(SfObject::CourseEnrollment, seen.activity);
        self.finish(SfObject::CourseEnrollment, files, counts)?;
        Ok(true)
    }

    /// Reads an object of which the audit needs only the time and author of writes.
    pub(super) fn auxiliary(&mut self, object: SfObject) -> Result<(), Error> {
        let mut rows = Vec::new();
        let was_read = self.write_activity(object, |id, modified_by| {
            rows.extend(modified_by.map(|modified_by| AuxiliaryRow { object, id, modified_by }));
        })?;
        if was_read {
            self.snapshot.rows.auxiliary.append(&mut rows);
        }
        Ok(())
    }

    /// Reads when an object's rows were written; `each` is called with every row's last modifier. Returns whether the
    /// object was read completely.
    pub(super) fn write_activity(
        &mut self,
        object: SfObject,
        mut each: impl FnMut(RecordId, Option<RecordId>),
    ) -> Result<bool, Error> {
        let mut ahead = FutureWrites::default();
        let read = self.optional(Content::Object(object), |reader, files| {
            let (mut activity, mut counts) = (WriteActivity::default(), Counts::default());
            for table in files.tables() {
                let mut fields = Fields::new(table);
                let id = fields.column(system::ID)?;
                let writes = WriteColumns::find(&mut fields)?;
                let row = |row: Row<'_>| {
                    let id = id.required_id(row)?;
                    let written = writes.read(row)?.until(reader.horizon, id, &mut ahead);
                    written.count(id, &mut activity);
                    each(id, written.modified_by);
                    Ok(())
                };
                counts.add(live_rows(table, reader.progress, row, |_| Ok(()))?, fields.missing);
            }
            Ok((activity, counts))
        })?;
        let Some((files, (activity, counts))) = read else { return Ok(false) };
        self.snapshot.rows.write_activity.insert(object, activity);
        let horizon = self.horizon;
        self.snapshot.caveats.extend(horizon.and_then(|horizon| ahead.caveat(object, horizon)));
        self.finish(object, &files, counts)?;
        Ok(true)
    }
}

/// Column positions of `docebo_v3__CourseEnrollment__c`.
struct EnrollmentColumns<'a> {
    id: Field<'a>,
    docebo_user: Field<'a>,
    course: Field<'a>,
    key: Field<'a>,
    status: Field<'a>,
    enrolled: Field<'a>,
    completed: Field<'a>,
    unenrolled: Field<'a>,
    writes: WriteColumns<'a>,
}

/// Facts collected while reading the enrollments.
#[derive(Default)]
struct SeenEnrollments {
    activity: WriteActivity,
    unknown_statuses: UnknownStatuses,
}

/// Rows of `docebo_v3__CourseEnrollment__c` with a status unknown to the package.
#[derive(Default)]
struct UnknownStatuses {
    rows: u64,
    first: Option<RecordId>,
}

impl UnknownStatuses {
    fn add(&mut self, id: RecordId) {
        self.rows += 1;
        self.first = self.first.or(Some(id));
    }

    /// The caveat for readers. It omits the word, which may be anything, even a name.
    fn caveat(&self) -> Option<String> {
        let first = self.first?;
        let rows = match self.rows {
            1 => "1 record".to_owned(),
            rows => format!("{rows} records"),
        };
        Some(format!(
            "{} of {rows} of {} is not a status that tieout knows (the first is {first}), so whether the \
             status agrees with Docebo's is unknown. Look at the field in Salesforce: somebody may have added a value to it, \
             or the columns of the file were mixed up.",
            course_enrollment::STATUS,
            SfObject::CourseEnrollment
        ))
    }
}

impl<'a> EnrollmentColumns<'a> {
    fn find(fields: &mut Fields<'a>) -> Result<Self, Error> {
        Ok(Self {
            id: fields.column(course_enrollment::ID)?,
            docebo_user: fields.column(course_enrollment::DOCEBO_USER)?,
            course: fields.column(course_enrollment::COURSE)?,
            key: fields.column(course_enrollment::KEY)?,
            status: fields.column(course_enrollment::STATUS)?,
            enrolled: fields.column(course_enrollment::ENROLLED)?,
            completed: fields.column(course_enrollment::COMPLETED)?,
            unenrolled: fields.column(course_enrollment::UNENROLLED)?,
            writes: WriteColumns::find(fields)?,
        })
    }

    fn read(&self, row: Row<'_>, written: &Written) -> Result<EnrollmentRecord, Error> {
        Ok(EnrollmentRecord {
            id: self.id.required_id(row)?,
            docebo_user: self.docebo_user.required_id(row)?,
            course: self.course.required_id(row)?,
            status: Status::from_salesforce(self.status.text(row)?),
            enrolled: self.enrolled.instant(row)?,
            completed: self.completed.instant(row)?,
            unenrolled: self.unenrolled.instant(row)?,
            created: written.created,
            modified: written.modified,
            modified_by: written.modified_by,
        })
    }

    /// Reads a table in blocks, as [`Reader::course_enrollments`].
    fn blocks<P: Send>(
        &self,
        table: &Table,
        is_deleted: Field<'_>,
        progress: &Progress,
        prepare: &(impl Fn(&EnrollmentBlock) -> P + Sync),
        accept: &mut (impl FnMut(EnrollmentBlock, P) + Send),
        seen: &mut SeenEnrollments,
    ) -> Result<RowCount, Error> {
        let mut deleted = Vec::new();
        let parse = |rows: &mut Rows<'_>| {
            let mut block = EnrollmentBlock {
                rows: Vec::with_capacity(rows.most()),
                keys: self.key.is_there().then(TextColumn::default),
            };
            let (mut creators, mut deleted) = (Vec::with_capacity(rows.most()), Vec::new());
            while let Some(row) = rows.next()? {
                well_formed(table, row)?;
                if is_deleted.is_there() && is_deleted.flag(row)? {
                    deleted.push(row.line_number());
                    continue;
                }
                let written = self.writes.read(row)?;
                block.rows.push(self.read(row, &written)?);
                creators.push(written.created_by);
                if let Some(keys) = &mut block.keys {
                    keys.push(self.key.text(row)?);
                }
            }
            let prepared = prepare(&block);
            Ok((block, prepared, creators, deleted))
        };
        let take = |(block, prepared, creators, mut lines): (EnrollmentBlock, P, Vec<Option<RecordId>>, Vec<u32>)| {
            deleted.append(&mut lines);
            for (row, created_by) in block.rows.iter().zip(creators) {
                let EnrollmentRecord { created, modified, modified_by, .. } = *row;
                Written { created, created_by, modified, modified_by }.count(row.id, &mut seen.activity);
                if row.status.is_none() {
                    seen.unknown_statuses.add(row.id);
                }
            }
            accept(block, prepared);
            Ok(())
        };
        let rows = table.blocks(progress, parse, take)?;
        Ok(RowCount { rows, deleted })
    }
}
