//! Reads the files of a snapshot, and records how complete each is, what was not read and why.
//!
//! Must not know: the columns of any object.

use super::folder::{Candidates, Folder, Opened, Source, field_names, name};
use super::names::Content;
use super::{Snapshot, requests};
use crate::error::Error;
use crate::inputs::salesforce::objects::system;
use crate::inputs::snapshot::fields::{Fields, well_formed};
use crate::inputs::source_file::{input, older};
use crate::inputs::table::{Row, Table};
use crate::model::completeness::{Completeness, ObjectExtract};
use crate::model::excluded::DeletedRow;
use crate::model::input::Input;
use crate::model::instant::Instant;
use crate::model::object::DuplicateRecord;
use crate::model::object::SfObject;
use crate::model::request_log::REQUESTS;
use crate::progress::Progress;

pub(super) struct Reader<'a> {
    pub(super) folder: Folder,
    pub(super) username_field: &'a str,
    pub(super) progress: &'a Progress,
    pub(super) snapshot: Snapshot,
    /// Later writes are ignored if only the last write's time matters.
    pub(super) horizon: Option<Instant>,
}

/// The opened files that hold an object's records.
pub(super) struct Files {
    pub(super) content: Content,
    opened: Vec<Opened>,
    /// Names of unread files that may hold further records, and what to do about them.
    unread: Vec<String>,
    next: String,
}

impl Files {
    /// The tables, without blank files.
    pub(super) fn tables(&self) -> impl Iterator<Item = &Table> {
        self.opened.iter().filter_map(Opened::table)
    }

    pub(super) fn is_incomplete(&self) -> bool {
        !self.unread.is_empty()
    }

    /// The unread part.
    fn gap(&self) -> String {
        format!("{} not read; {}", self.unread.join(", "), self.next)
    }

    /// Refuses parts whose columns differ from the first one's.
    fn check_headings(&self) -> Result<(), Error> {
        let mut tables = self.tables();
        let Some(first) = tables.next() else { return Ok(()) };
        let names = field_names(first);
        match tables.find(|table| field_names(table) != names) {
            Some(other) => Err(Error::Input {
                path: other.path().to_owned(),
                what: format!("does not have the same columns in its headings as {}", first.name()),
                next: "save each part with a line of headings and the same fields".to_owned(),
            }),
            None => Ok(()),
        }
    }
}

/// Row count of one table.
#[derive(Debug, Default)]
pub(super) struct RowCount {
    /// Rows below the headings.
    pub(super) rows: u64,
    /// Line numbers of rows deleted in Salesforce.
    pub(super) deleted: Vec<u32>,
}

/// Row counts of each table of an object, and its missing columns.
#[derive(Debug, Default)]
pub(super) struct Counts {
    pub(super) tables: Vec<RowCount>,
    pub(super) missing: Vec<&'static str>,
}

impl Counts {
    /// Adds a table; all tables of an object have the same columns.
    pub(super) fn add(&mut self, table: RowCount, missing: Vec<&'static str>) {
        self.tables.push(table);
        self.missing = missing;
    }
}

/// Calls `each` with every row not deleted in Salesforce, `deleted` with the others.
pub(super) fn live_rows(
    table: &Table,
    progress: &Progress,
    mut each: impl FnMut(Row<'_>) -> Result<(), Error>,
    mut deleted: impl FnMut(Row<'_>) -> Result<(), Error>,
) -> Result<RowCount, Error> {
    let is_deleted = Fields::new(table).column(system::IS_DELETED)?;
    let mut lines = Vec::new();
    let rows = table.rows(progress, |row| {
        well_formed(table, row)?;
        if is_deleted.flag(row)? {
            lines.push(row.line_number());
            return deleted(row);
        }
        each(row)
    })?;
    Ok(RowCount { rows, deleted: lines })
}

impl<'a> Reader<'a> {
    pub(super) fn open<'s>(
        source: impl Into<Source<'s>>,
        username_field: &'a str,
        progress: &'a Progress,
    ) -> Result<Self, Error> {
        Ok(Self {
            folder: Folder::open(source)?,
            username_field,
            progress,
            snapshot: Snapshot::default(),
            horizon: None,
        })
    }

    pub(super) fn adopt_manifest(&mut self) {
        if let Some(manifest) = &self.folder.manifest {
            self.snapshot.org_id = manifest.org_id;
            self.snapshot.instance.clone_from(&manifest.instance);
            self.snapshot.counted = true;
            self.snapshot.extracted_at = Some(manifest.server_time);
            self.snapshot.extraction = manifest.extraction.clone();
            // Without a manifest the log is not trustworthy.
            if let Some(path) = self.folder.find(REQUESTS) {
                requests::read(path, &mut self.snapshot.extraction, &mut self.snapshot.caveats);
            }
        }
    }

    /// Lists the folder's unread files.
    pub(super) fn name_unread(&mut self) {
        self.snapshot.unread = self.folder.unread();
    }

    /// Lists the objects and lists without counts in the manifest.
    pub(super) fn name_uncounted(&mut self) {
        if !self.snapshot.counted {
            return;
        }
        let read = self.snapshot.extracts.iter().filter(|(_, extract)| extract.completeness != Completeness::Absent);
        let objects = read.map(|(object, _)| Content::Object(*object));
        let lists = self.snapshot.inputs.iter().filter_map(|input| {
            [Content::ListView, Content::DeletedContacts].into_iter().find(|list| list.holds() == input.holds)
        });
        let mut uncounted: Vec<&str> = objects
            .chain(lists)
            .filter(|&content| self.folder.entry(content).and_then(|entry| entry.counted).is_none())
            .map(Content::stem)
            .collect();
        uncounted.dedup();
        if !uncounted.is_empty() {
            self.snapshot.caveats.push(format!(
                "Salesforce's count of rows is not known for {}: manifest.json does not list it for them, and their files are \
                 taken as complete.",
                uncounted.join(", ")
            ));
        }
    }

    /// Opens the files with this content; `None` if there are none, or an optional one cannot be read.
    pub(super) fn files(&mut self, content: Content) -> Result<Option<Files>, Error> {
        let Candidates { read, unread, next } = self.folder.candidates(content);
        if let Some(entry) = self.folder.entry(content)
            && self.folder.find(&content.file()).is_none()
        {
            return Err(self.folder.is_gone(entry));
        }
        if read.is_empty() {
            if !unread.is_empty() {
                self.leave_out(
                    content,
                    format!("{} does not exist, but there is {}: {next}", content.file(), unread.join(", ")),
                );
            }
            return Ok(None);
        }
        let mut files = Files { content, opened: Vec::new(), unread, next };
        for path in read {
            let entry = if files.opened.is_empty() { self.folder.entry(content) } else { None };
            match Opened::open(&path, content, entry, self.progress)? {
                Ok(opened) => files.opened.push(opened),
                Err(error) => return self.unreadable(content, error).map(|()| None),
            }
        }
        match files.check_headings() {
            Ok(()) => Ok(Some(files)),
            Err(error) => self.unreadable(content, error).map(|()| None),
        }
    }

    /// The files of a required object.
    pub(super) fn needed(&mut self, object: SfObject) -> Result<Files, Error> {
        let content = Content::Object(object);
        if let Some(files) = self.files(content)? {
            return Ok(files);
        }
        let Candidates { unread, next, .. } = self.folder.candidates(content);
        let what = "is not there, and nothing can be compared without it";
        let (what, next) = if unread.is_empty() {
            let save = format!(
                "save the object {object} as {object}.csv into the snapshot folder (README, \"Read Salesforce itself, or save the objects\")"
            );
            (what.to_owned(), save)
        } else {
            (format!("{what}; {} is there", unread.join(", ")), next)
        };
        Err(Error::Input { path: self.folder.path.join(content.file()), what, next })
    }

    /// Reads optional content: if it is broken, none of it counts.
    pub(super) fn optional<T>(
        &mut self,
        content: Content,
        read: impl FnOnce(&Self, &Files) -> Result<T, Error>,
    ) -> Result<Option<(Files, T)>, Error> {
        let Some(files) = self.files(content)? else { return Ok(None) };
        match read(self, &files) {
            Ok(read) => Ok(Some((files, read))),
            Err(error) => self.unreadable(content, error).map(|()| None),
        }
    }

    /// Records why optional content cannot be read.
    ///
    /// # Errors
    /// If the content is required.
    pub(super) fn unreadable(&mut self, content: Content, error: Error) -> Result<(), Error> {
        if is_needed(content) || matches!(error, Error::Changed { .. }) {
            return Err(error);
        }
        self.leave_out(content, format!("its file cannot be read: {}", reason(&error)));
        Ok(())
    }

    /// Skips content that is present.
    pub(super) fn leave_out(&mut self, content: Content, why: String) {
        self.snapshot.caveats.push(format!("{} is treated as missing: {why}.", content.stem()));
        if let Content::Object(object) = content {
            self.snapshot.extracts.insert(object, ObjectExtract::unread(why));
        }
    }

    /// The error for a duplicate record.
    pub(super) fn double(&self, double: DuplicateRecord) -> Error {
        Error::Input {
            path: self.folder.path.join(format!("{}.csv", double.object)),
            what: format!("the record {} appears twice, which never happens in a complete extract", double.id),
            next: "save the object again in one go".to_owned(),
        }
    }

    /// Records the files of content that was read; returns how many rows Salesforce has not deleted.
    pub(super) fn book(&mut self, files: &Files, tables: Vec<RowCount>) -> Result<u64, Error> {
        let content = files.content;
        let counted = self.folder.entry(content).and_then(|entry| entry.counted);
        let mut tables = tables.into_iter();
        let mut live = 0;
        for (at, opened) in files.opened.iter().enumerate() {
            let (mut booked, deleted): (Input, Vec<u32>) = match opened {
                Opened::Blank(_, input) => (Input::clone(input), Vec::new()),
                Opened::Table(table) => {
                    let RowCount { rows, deleted } = tables.next().unwrap_or_default();
                    let name = table.name();
                    self.snapshot.caveats.extend(table.notes().iter().map(|note| format!("{name}: {note}.")));
                    self.snapshot.unread.extend(table.unread().iter().map(|unread| format!("{name}: {unread}")));
                    (input(table, "salesforce", content.holds().to_owned(), rows, 0, None)?, deleted)
                }
            };
            booked.deleted = deleted.len() as u64;
            // The manifest describes only the file named after the object.
            booked.counted = counted.filter(|_| at == 0 && matches!(content, Content::Object(_)));
            live += booked.rows - booked.deleted;
            let index = u16::try_from(self.snapshot.inputs.len()).unwrap_or(u16::MAX);
            self.snapshot.deleted_rows.extend(deleted.into_iter().map(|line| DeletedRow { input: index, line }));
            if booked.rows == 0 && counted.is_none() {
                self.snapshot.caveats.push(no_rows(&booked.file, opened, content));
            }
            self.snapshot.inputs.push(booked);
        }
        if files.is_incomplete() {
            self.snapshot.caveats.push(format!(
                "{} is incomplete: {}. Checks that rely on a record being absent are not evaluated.",
                content.stem(),
                files.gap()
            ));
        }
        Ok(live)
    }

    /// Records an object that was read, and how complete it is.
    pub(super) fn finish(&mut self, object: SfObject, files: &Files, counts: Counts) -> Result<(), Error> {
        let Counts { tables, missing } = counts;
        let in_first = tables.first().map_or(0, |table| table.rows);
        let rows = self.book(files, tables)?;
        if self.folder.manifest.is_none() {
            for opened in &files.opened {
                self.snapshot.extracted_at = Some(older(self.snapshot.extracted_at, opened.file()));
            }
        }
        let entry = self.folder.entry(files.content);
        let completeness = match entry.and_then(|entry| entry.missing_rows(rows, in_first)) {
            _ if files.is_incomplete() => {
                Completeness::Partial { unread: files.unread.clone(), next: files.next.clone() }
            }
            Some((rows, counted)) => Completeness::Incomplete { rows, counted },
            None if entry.is_some_and(|entry| entry.counted.is_some()) => Completeness::Counted,
            None => Completeness::Assumed,
        };
        self.snapshot.extracts.insert(object, ObjectExtract { completeness, missing, why_absent: None });
        Ok(())
    }
}

/// Whether nothing can be compared without it.
const fn is_needed(content: Content) -> bool {
    matches!(content, Content::Object(SfObject::Contact | SfObject::DoceboUser))
}

/// The meaning of an empty file.
fn no_rows(file: &str, opened: &Opened, content: Content) -> String {
    let nothing = content.nothing();
    match opened {
        Opened::Table(_) => format!("{file} has a header row but no data rows: {nothing}."),
        Opened::Blank(..) => format!(
            "{file} holds no headings and no rows, as the Salesforce CLI writes it for a query without rows: {nothing}."
        ),
    }
}

/// Why a file cannot be read, as a clause for every output: with file and line, without possibly personal data.
pub(super) fn reason(error: &Error) -> String {
    match error {
        Error::SnapshotRow { path, line, what } => format!("{}:{line}: {}", name(path), without_quoted_value(what)),
        // If the headings are missing, the line found may be a data row.
        Error::Input { path, what, .. } => {
            format!("{}: {}", name(path), what.split("; found:").next().unwrap_or(what))
        }
        Error::Unreadable { path, source } => format!("{}: {source}", name(path)),
        other => other.to_string(),
    }
}

/// A message without its quoted value, unless that contains a digit and no `@`, as ids, dates and numbers do: in a row
/// with shifted cells, it may be somebody's name or address.
fn without_quoted_value(what: &str) -> String {
    let mut parts: Vec<&str> = what.splitn(3, '`').collect();
    if let [_, value, _] = &mut parts[..]
        && (value.contains('@') || !value.contains(|c: char| c.is_ascii_digit()))
    {
        *value = "…";
    }
    parts.join("`")
}

#[cfg(test)]
mod tests {
    use super::without_quoted_value;

    #[test]
    fn a_value_that_may_be_a_persons_is_not_repeated() {
        for (what, shown) in [
            ("CreatedDate `2026-13-01` is not a date", "CreatedDate `2026-13-01` is not a date"),
            ("CreatedDate `Ada` is not a date", "CreatedDate `…` is not a date"),
            ("Id `ada7@example.com` is not a Salesforce id", "Id `…` is not a Salesforce id"),
            ("the row has 3 cells", "the row has 3 cells"),
        ] {
            assert_eq!(without_quoted_value(what), shown);
        }
    }
}
