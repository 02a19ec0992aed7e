//! The snapshot folder: the content of its files, which are unread and why, and how one is opened.
//!
//! Must not know: the columns of any object.

#![expect(clippy::disallowed_methods, reason = "the snapshot is a folder of files")]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use data_encoding::HEXLOWER;
use sha2::{Digest as _, Sha256};

use super::manifest::{Entry, Manifest};
use super::names::{Content, Name, classify};
use crate::error::Error;
use crate::inputs::salesforce::objects::system;
use crate::inputs::source_file::input;
use crate::inputs::table::Table;
use crate::model::customization;
use crate::model::input::Input;
use crate::model::instant::Instant;
use crate::model::request_log::REQUESTS;
use crate::progress::Progress;
use crate::settings::{FreshnessSettings, Settings};

const MANIFEST: &str = "manifest.json";
/// Files that other programs leave in a folder.
const LEFT_BEHIND: [&str; 2] = ["thumbs.db", "desktop.ini"];

/// The snapshot's location, and how its files are selected.
pub(super) struct Source<'a> {
    path: &'a Path,
    parts: bool,
    /// Other inputs of the run that may be in the same folder.
    other_inputs: Vec<&'a Path>,
}

impl<'a> From<&'a Settings> for Source<'a> {
    fn from(settings: &'a Settings) -> Self {
        let reports = settings.users.iter().chain(&settings.enrollments);
        let other_inputs = reports.chain(&settings.incidents).map(PathBuf::as_path).collect();
        Self { path: &settings.snapshot, parts: settings.snapshot_parts, other_inputs }
    }
}

impl<'a> From<&'a FreshnessSettings> for Source<'a> {
    fn from(watch: &'a FreshnessSettings) -> Self {
        Self { path: &watch.snapshot, parts: watch.snapshot_parts, other_inputs: Vec::new() }
    }
}

/// The folder's files by name.
pub(super) struct Folder {
    pub(super) path: PathBuf,
    files: Vec<(String, PathBuf)>,
    pub(super) manifest: Option<Manifest>,
    parts: bool,
}

/// The files that hold an object's records.
#[derive(Default)]
pub(super) struct Candidates {
    /// The file named after the object and, if they are read, its parts in numerical order.
    pub(super) read: Vec<PathBuf>,
    /// Names of unread files that seem to hold the object's records.
    pub(super) unread: Vec<String>,
    /// How to have everything read.
    pub(super) next: String,
}

impl Folder {
    pub(super) fn open<'a>(source: impl Into<Source<'a>>) -> Result<Self, Error> {
        let Source { path, parts, other_inputs } = source.into();
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
        // An unresolvable input is not in this folder; its own reader reports the problem.
        let other_inputs: Vec<PathBuf> = other_inputs.iter().filter_map(|path| path.canonicalize().ok()).collect();
        let mut files = Vec::new();
        for entry in std::fs::read_dir(path).map_err(unreadable)? {
            let entry = entry.map_err(unreadable)?;
            let (name, path) = (entry.file_name().to_string_lossy().into_owned(), entry.path());
            let is_other_input = || path.canonicalize().is_ok_and(|path| other_inputs.contains(&path));
            if !name.starts_with('.') && (other_inputs.is_empty() || !is_other_input()) {
                files.push((name, path));
            }
        }
        files.sort_unstable();
        let mut folder = Self { path: path.to_owned(), files, manifest: None, parts };
        folder.manifest = folder.find(MANIFEST).map(Manifest::read).transpose()?;
        Ok(folder)
    }

    /// Finds a file by name; of several that differ in case, the exact match.
    pub(super) fn find(&self, name: &str) -> Option<&Path> {
        let exact = self.files.iter().find(|(known, _)| known == name);
        let any = || self.files.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
        exact.or_else(any).map(|(_, path)| path.as_path())
    }

    /// The files that hold, or seem to hold, records of `content`.
    pub(super) fn candidates(&self, content: Content) -> Candidates {
        let plain = self.find(&content.file());
        let (mut parts, mut unread) = (Vec::new(), Vec::new());
        let mut parts_would_help = false;
        for (name, path) in &self.files {
            match classify(name) {
                Name::Part(of, number) if of == content && self.parts => parts.push((number, name, path)),
                Name::Part(of, _) if of == content => {
                    parts_would_help = true;
                    unread.push(name.clone());
                }
                Name::LookAlike(of) if of == content => unread.push(name.clone()),
                Name::File(of) if of == content && Some(path.as_path()) != plain => unread.push(name.clone()),
                _ => {}
            }
        }
        parts.sort_unstable();
        let read: Vec<PathBuf> =
            plain.into_iter().chain(parts.into_iter().map(|(_, _, path)| path.as_path())).map(Path::to_owned).collect();
        let parts = "set `snapshot.parts = true` to read numbered files as parts of it";
        let next = match (parts_would_help, read.is_empty()) {
            (true, true) => parts.to_owned(),
            (true, false) => format!("{parts}, or move them away"),
            (false, true) => format!("rename it to {}", content.file()),
            (false, false) => {
                "move it away if its records are in the file that is read, or add them to that file".to_owned()
            }
        };
        Candidates { read, unread, next }
    }

    /// A sentence for each unread file.
    pub(super) fn unread(&self) -> Vec<String> {
        let known = |name: &str| {
            let own = [MANIFEST, REQUESTS, customization::FILE].iter().any(|own| name.eq_ignore_ascii_case(own));
            own || LEFT_BEHIND.iter().any(|left| name.eq_ignore_ascii_case(left))
        };
        let is_configuration = |path: &Path| path.extension().is_some_and(|end| end.eq_ignore_ascii_case("toml"));
        let unread = self.files.iter().filter(|(name, path)| !known(name) && !is_configuration(path));
        unread
            .filter_map(|(name, path)| {
                Some(format!("{name} (in the snapshot folder): {}", self.why_unread(name, path)?))
            })
            .collect()
    }

    /// Why a file is not read; `None` if it is.
    fn why_unread(&self, name: &str, path: &Path) -> Option<String> {
        let parts = "set `snapshot.parts = true` to read it as a part, or move it away";
        match classify(name) {
            Name::Part(_, _) if self.parts => None,
            Name::File(content) if self.find(&content.file()) == Some(path) => None,
            _ if path.is_dir() => Some("it is a folder".to_owned()),
            Name::Part(content, _) => Some(format!("it seems to hold further records of {}; {parts}", content.stem())),
            Name::File(content) | Name::LookAlike(content) => Some(format!(
                "it seems to hold records of {}, which are read from {} alone; rename it, or move it away",
                content.stem(),
                content.file()
            )),
            Name::Other => Some("its name is not that of an object that tieout reads".to_owned()),
        }
    }

    /// The error for a listed file that is missing.
    pub(super) fn is_gone(&self, entry: &Entry) -> Error {
        Error::Input {
            path: self.path.join(&entry.file),
            what: "is listed in manifest.json but is not there".to_owned(),
            next: "extract the snapshot again, or restore the file".to_owned(),
        }
    }

    /// The manifest's entry for a file.
    pub(super) fn entry(&self, content: Content) -> Option<&Entry> {
        self.manifest.as_ref().and_then(|manifest| manifest.object(content.stem()))
    }
}

/// An opened file.
pub(super) enum Opened {
    /// A table with headings.
    Table(Table),
    /// Only blank lines: the answer to a query without rows.
    Blank(Table, Box<Input>),
}

impl Opened {
    /// Opens a file, and compares it with its manifest entry. The inner error says why the file cannot be read, the
    /// outer one that it is not the extracted file.
    pub(super) fn open(
        path: &Path,
        content: Content,
        entry: Option<&Entry>,
        progress: &Progress,
    ) -> Result<Result<Self, Error>, Error> {
        let is_headings = |line: &[String]| line.iter().any(|cell| cell.trim().eq_ignore_ascii_case(system::ID.name));
        let opened = Table::open(path, progress, &is_headings).and_then(|table| {
            if !table.is_blank() {
                return Ok(Self::Table(table));
            }
            let booked = input(&table, "salesforce", content.holds().to_owned(), 0, 0, None)?;
            Ok(Self::Blank(table, Box::new(booked)))
        });
        if let Some(entry) = entry {
            let sha256 = match &opened {
                Ok(Self::Table(table)) => Some(table.sha256().to_owned()),
                Ok(Self::Blank(_, input)) => Some(input.sha256.clone()),
                Err(_) => Table::digest(path).ok(),
            };
            sha256.map_or(Ok(()), |sha256| check_digest(path, entry, &sha256))?;
        }
        Ok(opened)
    }

    pub(super) fn table(&self) -> Option<&Table> {
        match self {
            Self::Table(table) => Some(table),
            Self::Blank(..) => None,
        }
    }

    /// The file, whether it contains a table or not.
    pub(super) const fn file(&self) -> &Table {
        match self {
            Self::Table(table) | Self::Blank(table, _) => table,
        }
    }
}

/// The oldest modification time of some files.
pub(super) fn oldest<'p>(files: impl Iterator<Item = &'p Path>) -> Option<Instant> {
    let modified = files.filter_map(|path| std::fs::metadata(path).ok()?.modified().ok());
    modified.min().map(Instant::from_system_time)
}

/// SHA-256 in hexadecimal.
pub(super) fn digest(bytes: &[u8]) -> String {
    HEXLOWER.encode(&Sha256::digest(bytes))
}

/// A file's name without its folder.
pub(super) fn name(path: &Path) -> String {
    path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned())
}

/// Refuses a file that changed after the extraction.
pub(super) fn check_digest(path: &Path, entry: &Entry, sha256: &str) -> Result<(), Error> {
    if entry.sha256.eq_ignore_ascii_case(sha256) {
        return Ok(());
    }
    Err(Error::Input {
        path: path.to_owned(),
        what: "is not the file that manifest.json describes (its SHA-256 differs); it was changed after the extraction".to_owned(),
        next: "extract the snapshot again; or, to use the changed file knowingly, remove manifest.json: the row counts are then not verified".to_owned(),
    })
}

/// The fields named in a table's headings, in any order and case.
pub(super) fn field_names(table: &Table) -> BTreeSet<String> {
    table.headings.iter().map(|heading| heading.trim().to_ascii_lowercase()).collect()
}
