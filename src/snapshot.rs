//! The Salesforce side as a folder of CSV files, one an object, named by its API name.
//!
//! Unlike an export, an extract must be whole: one unreadable row would invent an absent record, so
//! it stops the run. With a `manifest.json` the rows are held against what Salesforce counted;
//! without one they are taken as complete, and every output says that nobody counted.
//!
//! Must not know: the Docebo side.

mod customisation;
mod fields;
mod manifest;
mod objects;
mod requests;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::error::Error;
use crate::export::{CourseCodes, older};
use crate::model::dataset::{self, Dataset, DoceboSide, DoubleRecord, SalesforceSide, Unjoinable};
use crate::model::enrollments::MOST_COURSES;
use crate::model::id::SfId;
use crate::model::instant::Instant;
use crate::model::provenance::{ExportKind, Extent, Extraction, Input, ObjectExtract, REQUESTS, SetAside, SfObject};
use crate::model::pulse::Reading;
use crate::model::word::Word as _;
use crate::progress::Progress;
use crate::settings::{Settings, Watch};
use crate::table::Table;
use manifest::Manifest;
use objects::Parents;

/// What Salesforce said, and what is known of the extract.
#[derive(Debug, Default)]
pub struct Snapshot {
    /// Contacts, users, and the package's objects but enrollments, until they are joined with the export.
    side: SalesforceSide,
    /// How far each object's extract reaches.
    pub extracts: BTreeMap<SfObject, ObjectExtract>,
    /// Its files, for the report.
    pub inputs: Vec<Input>,
    /// When the read began: stated by the manifest, else the oldest file's time.
    pub extracted_at: Option<Instant>,
    /// The organisation's id.
    pub org_id: Option<SfId>,
    /// `https://…` of the organisation.
    pub instance: Option<String>,
    /// Whether a manifest says what Salesforce counted.
    pub counted: bool,
    /// Whether the list view's members were read.
    pub list_view: bool,
    /// How it was extracted, as far as it tells.
    pub extraction: Extraction,
    /// What a reader of any output has to know about the snapshot, beyond the rest.
    pub caveats: Vec<String>,
}

const LIST_VIEW: &str = "list_view_contacts.csv";
const DELETED: &str = "deleted_contacts.csv";

/// Reads all that an enrollment can belong to.
///
/// # Errors
/// When the folder or a file cannot be read, a needed object or column is missing, or a row is not
/// what Salesforce writes.
pub fn parents<'a>(settings: &'a Settings, progress: &'a Progress) -> Result<Begun<'a>, Error> {
    let folder = Folder::open(&settings.snapshot)?;
    let username_field = &settings.rules.username_field;
    let mut reader = Reader { folder, username_field, progress, snapshot: Snapshot::default() };
    reader.adopt_manifest();
    let in_view = reader.list_view()?;
    reader.contacts(in_view.as_deref())?;
    reader.users()?;
    reader.docebo_users()?;
    reader.courses()?;
    // Looked through beside the export, not behind it.
    let enrollments = reader.table(SfObject::CourseEnrollment)?;
    Ok(Begun { reader, enrollments, parents: Parents::default() })
}

/// Reads a snapshot without an export, to see whether it can be read.
///
/// # Errors
/// As [`parents`], and where a record stands twice.
pub fn read(settings: &Settings, progress: &Progress) -> Result<Snapshot, Error> {
    let mut begun = parents(settings, progress)?;
    let (mut data, _) = begun.join(DoceboSide::default())?;
    begun.enrollments(&mut data)
}

/// A snapshot of which the enrollments are not read yet.
pub struct Begun<'a> {
    reader: Reader<'a>,
    enrollments: Option<Table>,
    parents: Parents,
}

impl Begun<'_> {
    /// Joins what was read so far with the export; and tells which rows of that are repeats of others.
    ///
    /// # Errors
    /// When a record stands twice, or both sides have more courses than can be told apart.
    pub fn join(&mut self, docebo: DoceboSide) -> Result<(Dataset, Vec<(ExportKind, SetAside)>), Error> {
        let joined = dataset::assemble(docebo, &mut self.reader.snapshot.side);
        let (mut data, unsorted, users) = joined.map_err(|why| match why {
            Unjoinable::Double(double) => self.reader.double(double),
            Unjoinable::Courses => Error::Usage(format!("both sides together have more than {MOST_COURSES} courses")),
        })?;
        let ((enrollments, again), parents) = rayon::join(|| unsorted.sort(&data), || Parents::of(&data));
        (data.enrollments, self.parents) = (enrollments, parents);
        let users = users.into_iter().map(|aside| (ExportKind::Users, aside));
        Ok((data, users.chain(again.into_iter().map(|aside| (ExportKind::Enrollments, aside))).collect()))
    }

    /// Files the enrollments where they belong, and reads what is left.
    ///
    /// # Errors
    /// As [`parents`]; when an enrollment stands twice.
    pub fn enrollments(self, data: &mut Dataset) -> Result<Snapshot, Error> {
        let Self { mut reader, enrollments, parents } = self;
        if let Some(table) = enrollments {
            reader.course_enrollments(&table, &parents, data)?;
        }
        drop(parents);
        for &object in SfObject::BESIDE {
            reader.beside(object)?;
        }
        reader.deleted_contacts()?;
        reader.customisation()?;
        data.adopt(std::mem::take(&mut reader.snapshot.side));
        Ok(reader.snapshot)
    }
}

/// Reads of each of the nine objects that is there when its rows were written.
///
/// # Errors
/// As [`parents`]; no object is needed, but at least one must be there.
pub fn pulses(watch: &Watch, progress: &Progress) -> Result<Reading, Error> {
    let folder = Folder::open(&watch.snapshot)?;
    let mut reader = Reader { folder, username_field: "", progress, snapshot: Snapshot::default() };
    reader.adopt_manifest();
    for object in SfObject::PACKAGE {
        reader.pulse(object, |_, _| ())?;
    }
    if reader.snapshot.extracts.is_empty() {
        return Err(Error::Input {
            path: watch.snapshot.clone(),
            what: "holds none of the package's objects".to_owned(),
            next: "save docebo_v3__CourseEnrollment__c.csv and docebo_v3__DoceboUser__c.csv into it, with Id, CreatedDate, \
                   CreatedById, LastModifiedDate and LastModifiedById"
                .to_owned(),
        });
    }
    let Snapshot { side, extracts, extracted_at, counted, .. } = reader.snapshot;
    let read_at_assumed = watch.extracted_at.is_none() && !counted;
    let lacking = extracts
        .iter()
        .filter_map(|(object, extract)| match extract.extent {
            Extent::Incomplete { rows, counted } => Some(format!("{object} ({rows} of {counted} rows)")),
            _ => None,
        })
        .collect();
    Ok(Reading { of: side.pulses, read_at: watch.extracted_at.or(extracted_at), read_at_assumed, lacking })
}

/// The codes of the synchronised courses, for an export that has no course ids.
///
/// # Errors
/// As [`parents`].
pub fn course_codes(settings: &Settings) -> Result<CourseCodes, Error> {
    let hidden = Progress::hidden();
    let folder = Folder::open(&settings.snapshot)?;
    let mut reader = Reader { folder, username_field: "", progress: &hidden, snapshot: Snapshot::default() };
    reader.courses()?;
    let courses = &reader.snapshot.side.courses;
    let mut codes = CourseCodes::new();
    for (row, &id) in courses.id.iter().enumerate() {
        let code = courses.code.get(row).trim();
        if !code.is_empty() {
            codes.entry(code.to_owned()).and_modify(|only| *only = None).or_insert(Some(id));
        }
    }
    Ok(codes)
}

/// The folder's files by name.
struct Folder {
    path: PathBuf,
    files: Vec<(String, PathBuf)>,
    manifest: Option<Manifest>,
}

impl Folder {
    #[expect(clippy::disallowed_methods, reason = "the snapshot is a folder of files")]
    fn open(path: &Path) -> Result<Self, Error> {
        if !path.exists() {
            return Err(Error::Missing { path: path.to_owned(), what: "there is no such snapshot folder".to_owned() });
        }
        if !path.is_dir() {
            return Err(Error::Input {
                path: path.to_owned(),
                what: "is a file, not a folder".to_owned(),
                next: "name the folder that holds Contact.csv and the docebo_v3__….csv files".to_owned(),
            });
        }
        let unreadable = |source| Error::Unreadable { path: path.to_owned(), source };
        let mut files = Vec::new();
        for entry in std::fs::read_dir(path).map_err(unreadable)? {
            let entry = entry.map_err(unreadable)?;
            files.push((entry.file_name().to_string_lossy().into_owned(), entry.path()));
        }
        files.sort_unstable();
        let manifest = match find(&files, "manifest.json") {
            Some(path) => Some(Manifest::read(path)?),
            None => None,
        };
        Ok(Self { path: path.to_owned(), files, manifest })
    }
}

fn find<'a>(files: &'a [(String, PathBuf)], name: &str) -> Option<&'a Path> {
    let exact = files.iter().find(|(known, _)| known == name);
    exact.or_else(|| files.iter().find(|(known, _)| known.eq_ignore_ascii_case(name))).map(|(_, path)| path.as_path())
}

/// Opens a file of the folder; its headings are the line that names the record id.
fn open(path: &Path, progress: &Progress) -> Result<Table, Error> {
    let is_headings = |line: &[String]| line.iter().any(|cell| cell.trim().eq_ignore_ascii_case("Id"));
    Table::open(path, progress, &is_headings)?.refuse_blank()
}

struct Reader<'a> {
    folder: Folder,
    username_field: &'a str,
    progress: &'a Progress,
    snapshot: Snapshot,
}

impl Reader<'_> {
    fn adopt_manifest(&mut self) {
        if let Some(manifest) = &self.folder.manifest {
            self.snapshot.org_id = manifest.org_id;
            self.snapshot.instance.clone_from(&manifest.instance);
            self.snapshot.counted = true;
            self.snapshot.extracted_at = Some(manifest.server_time);
            self.snapshot.extraction = manifest.extraction.clone();
            // Without a manifest nobody vouches for a log either.
            if let Some(path) = find(&self.folder.files, REQUESTS) {
                requests::read(path, &mut self.snapshot.extraction, &mut self.snapshot.caveats);
            }
        }
    }

    /// The file of an object.
    fn table(&mut self, object: SfObject) -> Result<Option<Table>, Error> {
        let name = format!("{object}.csv");
        let Some(path) = find(&self.folder.files, &name) else {
            if let Some(entry) = self.folder.manifest.as_ref().and_then(|manifest| manifest.object(object.word())) {
                return Err(Error::Input {
                    path: self.folder.path.join(&entry.file),
                    what: "is listed in manifest.json but is not there".to_owned(),
                    next: "extract the snapshot again, or restore the file".to_owned(),
                });
            }
            return Ok(None);
        };
        if self.folder.manifest.is_none() {
            self.snapshot.extracted_at = older(self.snapshot.extracted_at, path)?;
        }
        open(path, self.progress).map(Some)
    }

    /// The error of a record that stands twice.
    fn double(&self, double: DoubleRecord) -> Error {
        Error::Input {
            path: self.folder.path.join(format!("{}.csv", double.object)),
            what: format!("the record {} stands twice; no complete read of Salesforce yields that", double.id),
            next: "save the object again in one go".to_owned(),
        }
    }

    fn check_digest(&self, table: &Table, object: &str) -> Result<(), Error> {
        match self.folder.manifest.as_ref().and_then(|manifest| manifest.object(object)) {
            Some(entry) if !entry.sha256.eq_ignore_ascii_case(table.sha256()) => Err(Error::Input {
                path: table.path().to_owned(),
                what: "is not the file that manifest.json describes (its SHA-256 differs); somebody changed it after the extraction".to_owned(),
                next: "extract the snapshot again; or, to use the changed file knowingly, remove manifest.json: nobody then vouches for the counts".to_owned(),
            }),
            _ => Ok(()),
        }
    }

    /// Books a file that was read, if it is the one that the manifest describes.
    fn finish(&mut self, object: SfObject, table: &Table, rows: u64, lacking: Vec<&'static str>) -> Result<(), Error> {
        self.check_digest(table, object.word())?;
        let entry = self.folder.manifest.as_ref().and_then(|manifest| manifest.object(object.word()));
        let counted = entry.map(|entry| entry.counted);
        let extent = match counted {
            Some(counted) if rows < counted => Extent::Incomplete { rows, counted },
            Some(_) => Extent::Counted,
            None => Extent::Assumed,
        };
        let mut input = crate::export::input(table, "salesforce", object.word().to_owned(), rows, 0, None)?;
        input.counted = counted;
        self.snapshot.inputs.push(input);
        self.snapshot.extracts.insert(object, ObjectExtract { extent, lacking });
        Ok(())
    }
}
