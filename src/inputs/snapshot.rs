//! The Salesforce side as a folder of CSV files, one per object, named by API name.
//!
//! Unlike an export, an extract must be complete: one unreadable row would look like an absent record. So a file with
//! one is not read at all: without `Contact` and `docebo_v3__DoceboUser__c` nothing can be compared and the run ends;
//! every other file then counts as missing, with the reason. With a `manifest.json` the rows are compared with
//! Salesforce's counts; without one they are assumed complete, and every output notes the missing counts.
//!
//! Must not know: the Docebo side.

mod customization;
mod fields;
mod folder;
mod manifest;
mod names;
mod objects;
mod reader;
mod requests;
pub(crate) mod rows;

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::error::Error;
use crate::inputs::salesforce::objects::WRITERS;
use crate::inputs::snapshot::rows::SnapshotRows;
use crate::model::completeness::{Completeness, ObjectExtract};
use crate::model::courses::CourseCodes;
use crate::model::deleted_contact::DeletedContact;
use crate::model::enrollment_rows::EnrollmentBlock;
use crate::model::excluded::DeletedRow;
use crate::model::id::RecordId;
use crate::model::input::Input;
use crate::model::instant::Instant;
use crate::model::object::DuplicateRecord;
use crate::model::object::SfObject;
use crate::model::request_log::Extraction;
use crate::model::write_activity::{AHEAD, ActivitySnapshot, MAX_CLOCK_DIFFERENCE, unknown_writers};
use crate::progress::Progress;
use crate::settings::{FreshnessSettings, Settings};
use names::Content;
use reader::{Files, Reader};

/// The Salesforce data, and the facts about the extract.
#[derive(Debug, Default)]
pub struct Snapshot {
    /// Contacts, users, and the package's objects except enrollments, until joined with the export.
    pub(crate) rows: SnapshotRows,
    /// How complete each object's extract is.
    pub extracts: BTreeMap<SfObject, ObjectExtract>,
    /// Its files, for the report.
    pub inputs: Vec<Input>,
    /// Rows deleted in Salesforce, by index into `inputs`.
    pub deleted_rows: Vec<DeletedRow>,
    /// A sentence for each unread file of the folder.
    pub unread: Vec<String>,
    /// When the read began: from the manifest, else the oldest file's time.
    pub extracted_at: Option<Instant>,
    /// The organization's id.
    pub org_id: Option<RecordId>,
    /// `https://…` of the organization.
    pub instance: Option<String>,
    /// Whether a manifest contains Salesforce's counts.
    pub counted: bool,
    /// Whether the list view's members were read.
    pub list_view: bool,
    /// How it was extracted, as far as known.
    pub extraction: Extraction,
    /// Further caveats about the snapshot for readers of any output.
    pub caveats: Vec<String>,
}

/// Reads every object that an enrollment can reference.
///
/// # Errors
/// If the folder cannot be read; `Contact` or `docebo_v3__DoceboUser__c` is missing, has no required column, or has a
/// row that Salesforce does not write; or a file does not match the manifest.
pub fn parents<'a>(settings: &'a Settings, progress: &'a Progress) -> Result<PartialSnapshot<'a>, Error> {
    let mut reader = Reader::open(settings, &settings.rules.username_field, progress)?;
    reader.adopt_manifest();
    reader.name_unread();
    let in_view = reader.list_view()?;
    reader.contacts(in_view.as_deref())?;
    reader.users()?;
    reader.docebo_users()?;
    reader.courses()?;
    // Surveyed in parallel with the export, not afterwards.
    let enrollments = reader.files(Content::Object(SfObject::CourseEnrollment))?;
    Ok(PartialSnapshot { reader, enrollments })
}

/// A snapshot whose enrollments are not yet read.
pub struct PartialSnapshot<'a> {
    reader: Reader<'a>,
    enrollments: Option<Files>,
}

impl PartialSnapshot<'_> {
    /// Refuses files that changed since they were read separately.
    ///
    /// # Errors
    /// [`Error::Changed`].
    pub fn require(&self, digests: &Digests) -> Result<(), Error> {
        let differs = |(path, sha256): &&(PathBuf, String)| {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            !self.reader.snapshot.inputs.iter().any(|input| input.file == name && input.sha256 == *sha256)
        };
        digests.iter().find(differs).map_or(Ok(()), |(path, _)| Err(Error::Changed { path: path.clone() }))
    }

    /// The rows read so far.
    pub fn rows(&mut self) -> &mut SnapshotRows {
        &mut self.reader.snapshot.rows
    }

    /// Reads the rows of `docebo_v3__CourseEnrollment__c`, block by block. `prepare` is called on any thread, for
    /// several blocks in parallel; `accept` with each block and its prepared value, in file order. Returns whether all
    /// were read: if not, the accepted rows must be discarded.
    ///
    /// # Errors
    /// If a file changes while it is read.
    pub fn enrollments<P: Send>(
        &mut self,
        prepare: impl Fn(&EnrollmentBlock) -> P + Sync,
        accept: impl FnMut(EnrollmentBlock, P) + Send,
    ) -> Result<bool, Error> {
        match self.enrollments.take() {
            Some(files) => self.reader.course_enrollments(&files, prepare, accept),
            None => Ok(true),
        }
    }

    /// Reads the remaining files. The result contains the rows not yet taken.
    ///
    /// # Errors
    /// If a file changes while it is read.
    pub fn finish(self) -> Result<Snapshot, Error> {
        let Self { mut reader, .. } = self;
        for &object in SfObject::AUXILIARY {
            reader.auxiliary(object)?;
        }
        reader.deleted_contacts()?;
        reader.customisation()?;
        reader.name_uncounted();
        deduplicate(&mut reader.snapshot.rows.deleted_contacts);
        Ok(reader.snapshot)
    }

    /// The error of a record that appears twice.
    #[must_use]
    pub fn duplicate(&self, record: DuplicateRecord) -> Error {
        self.reader.double(record)
    }
}

/// Reads when the rows of each present package object were written.
///
/// # Errors
/// As [`parents`]; no object is required, but at least one must be present.
pub fn write_activity(watch: &FreshnessSettings, progress: &Progress) -> Result<ActivitySnapshot, Error> {
    let mut reader = Reader::open(watch, "", progress)?;
    reader.adopt_manifest();
    let files = || SfObject::PACKAGE.iter().filter_map(|&object| reader.folder.find(&Content::Object(object).file()));
    let read_at = watch.extracted_at.or(reader.snapshot.extracted_at).or_else(|| folder::oldest(files()));
    // Salesforce's clock stamps both the extraction's requests and the writes, so writes are compared with its end.
    let is_by_salesforce = watch.extracted_at.is_none() && reader.snapshot.counted;
    reader.horizon = if is_by_salesforce {
        read_at.max(reader.snapshot.extraction.last).map(|at| at.plus(MAX_CLOCK_DIFFERENCE))
    } else {
        read_at.map(|at| at.plus(AHEAD))
    };
    for object in SfObject::PACKAGE {
        reader.write_activity(object, |_, _| ())?;
    }
    reader.name_uncounted();
    if reader.snapshot.extracts.values().all(|extract| extract.completeness == Completeness::Absent) {
        let unread = reader.snapshot.extracts.iter().filter_map(|(&object, extract)| extract.missing_rows(object));
        let unread: Vec<String> = unread.collect();
        let what = "holds none of the package's objects";
        return Err(Error::Input {
            path: watch.snapshot.clone(),
            what: if unread.is_empty() { what.to_owned() } else { format!("{what} that can be read: {}", unread.join(", ")) },
            next: "save docebo_v3__CourseEnrollment__c.csv and docebo_v3__DoceboUser__c.csv into it, with Id, CreatedDate, \
                   CreatedById, LastModifiedDate and LastModifiedById"
                .to_owned(),
        });
    }
    let Snapshot { rows, extracts, extracted_at, counted, caveats, .. } = reader.snapshot;
    let read_at_assumed = watch.extracted_at.is_none() && !counted;
    let missing = extracts.iter().filter_map(|(&object, extract)| extract.missing_rows(object)).collect();
    let lacks_writers = |extract: &ObjectExtract| extract.missing.iter().any(|column| WRITERS.contains(column));
    let unknown = extracts.iter().filter(|(object, extract)| object.follows_learners() && lacks_writers(extract));
    let caveats = caveats.into_iter().chain(unknown.map(|(&object, _)| unknown_writers(object))).collect();
    Ok(ActivitySnapshot {
        objects: rows.write_activity,
        read_at: watch.extracted_at.or(extracted_at),
        read_at_assumed,
        incomplete: missing,
        caveats,
    })
}

/// The digests of read files, by path.
pub type Digests = Vec<(PathBuf, String)>;

/// The codes of the synchronized courses, for an export without course ids; and the digests of their files, for
/// [`PartialSnapshot::require`].
///
/// # Errors
/// As [`parents`]; and if the courses cannot be read, because the rows of such an export need them.
pub fn course_codes(settings: &Settings) -> Result<(CourseCodes, Digests), Error> {
    let hidden = Progress::hidden();
    let (courses, digests) = Reader::open(settings, "", &hidden)?.course_table()?;
    let mut codes = CourseCodes::new();
    for (row, &id) in courses.id.iter().enumerate() {
        let code = courses.code.get(row).trim();
        if !code.is_empty() {
            codes.entry(code.to_owned()).and_modify(|only| *only = None).or_insert(Some(id));
        }
    }
    Ok((codes, digests))
}

/// Sorts deleted contacts, and keeps one entry per contact: two lists can contain the same one.
fn deduplicate(deleted: &mut Vec<DeletedContact>) {
    deleted.sort_unstable_by_key(|deleted| (deleted.id, Reverse((deleted.into, deleted.at))));
    deleted.dedup_by(|repeated, kept| {
        let same = repeated.id == kept.id;
        if same {
            kept.at = kept.at.max(repeated.at);
        }
        same
    });
}
