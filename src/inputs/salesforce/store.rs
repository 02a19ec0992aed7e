//! The unfinished snapshot on disk: pages as received, and a state from which an extraction resumes after any
//! interruption. No file has its final name before it is complete.
//!
//! Every file is written under a temporary name, flushed to disk and renamed; the state is written after the page that
//! it lists. So whenever the process ends, everything in the state exists, and everything else is read again.
//!
//! The folder contains a marker naming its target. A folder of that name without the marker, or with a link or a
//! foreign file in it, belongs to somebody else: it is neither read nor changed.
//!
//! Must not know: requests.

#![expect(clippy::disallowed_methods, reason = "this module writes the unfinished snapshot")]

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use std::fs::{File, OpenOptions};
use std::io::{BufWriter, ErrorKind, Write as _};
use std::path::{Path, PathBuf};

use data_encoding::HEXLOWER;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::log::Log;
use super::value::Kind;
use crate::error::Error;
use crate::files;
use crate::model::customization;
use crate::model::label::Label as _;
use crate::model::object::SfObject;
use crate::model::request_log::REQUESTS;
use crate::secrets::{mask, mask_rows};

/// A column of an object.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Column {
    pub(super) name: String,
    pub(super) kind: Kind,
}

/// A page that was read and checked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Page {
    pub(super) file: String,
    pub(super) rows: u64,
    sha256: String,
}

/// Progress of reading a part.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct PartState {
    /// The Bulk job, if any.
    pub(super) job: Option<String>,
    /// The result's pages by locator or address, in order, once all are known.
    pub(super) addresses: Vec<String>,
    /// Pages read, by address.
    pub(super) pages: BTreeMap<String, Page>,
    /// Where to continue: a REST cursor or a Bulk locator.
    pub(super) next: Option<String>,
    /// Salesforce's row count.
    pub(super) total: Option<u64>,
    /// Whether everything was read.
    pub(super) done: bool,
}

impl PartState {
    pub(super) fn rows(&self) -> u64 {
        self.pages.values().map(|page| page.rows).sum()
    }
}

/// Progress of reading an object.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct ObjectState {
    pub(super) columns: Vec<Column>,
    /// Wanted columns that are missing or hidden from the user.
    pub(super) missing: Vec<String>,
    /// Rows up to the watermark, counted before reading.
    pub(super) count: u64,
    /// Parts by their range in words.
    pub(super) parts: BTreeMap<String, PartState>,
    /// The finished file.
    pub(super) finished: Option<Finished>,
}

/// A finished file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Finished {
    pub(super) rows: u64,
    pub(super) counted: u64,
    /// Rows that were changed or deleted while others were read.
    pub(super) drift: u64,
    pub(super) sha256: String,
    pub(super) soql: String,
}

/// Progress of an extraction.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct State {
    /// The state's format.
    pub(super) format: u32,
    pub(super) tool: String,
    pub(super) org_id: String,
    pub(super) instance: String,
    pub(super) api_version: String,
    /// RFC 3339.
    pub(super) watermark: String,
    /// The query: a different one starts over.
    pub(super) asked: String,
    pub(super) objects: BTreeMap<String, ObjectState>,
    /// Objects and columns hidden from the user, in words.
    pub(super) hidden: BTreeMap<String, String>,
}

/// The state format; a different one starts over.
pub(super) const FORMAT: u32 = 1;
const STATE: &str = "state.json";
const PAGES: &str = "pages";
/// The marker of an extraction's folder; snapshot readers skip hidden files.
const MARK: &str = ".tieout-extraction";
/// Maximum bytes of the marker: the target's path.
const MAX_MARK: u64 = 1 << 16;
/// Maximum bytes of the state: a few hundred per page.
const MAX_STATE: u64 = 256 << 20;
const MAX_PAGE_FILE: u64 = 1 << 30;

/// The folder of an unfinished snapshot.
#[derive(Debug)]
pub(super) struct Store {
    folder: PathBuf,
    mark: String,
}

impl Store {
    /// Opens the unfinished folder of a target, and creates it if missing. Anything not created by an extraction into
    /// this target is refused and left unchanged.
    pub(super) fn open(target: &Path) -> Result<Self, Error> {
        let name = target.file_name().ok_or_else(|| Error::Output {
            path: target.to_owned(),
            what: "is not a name for a folder".to_owned(),
            next: "name a folder with --out".to_owned(),
        })?;
        let mut hidden = std::ffi::OsString::from(".");
        hidden.push(name);
        hidden.push(".unfinished");
        let folder = target.with_file_name(hidden);
        // The target is the same however its parent is spelled.
        let parent = folder.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let parent = parent.canonicalize().map_err(|source| cannot(&folder, &source))?;
        let store = Self { mark: format!("tieout extraction into {}\n", parent.join(name).display()), folder };
        if target.symlink_metadata().is_ok() {
            // An extraction killed at its very end leaves its marker in the finished folder.
            if store.has_mark(target) {
                drop(std::fs::remove_file(target.join(MARK)));
            }
            return Err(Error::Output {
                path: target.to_owned(),
                what: "exists already, and nothing is overwritten".to_owned(),
                next: "name another folder with --out, or move this one away".to_owned(),
            });
        }
        store.clean(&parent, name);
        match store.folder.symlink_metadata() {
            Ok(_) => store.refuse_what_is_not_ours()?,
            Err(error) if error.kind() == ErrorKind::NotFound => store.make(&parent, name)?,
            Err(error) => return Err(cannot(&store.folder, &error)),
        }
        std::fs::create_dir(store.folder.join(PAGES))
            .or_else(|error| if error.kind() == ErrorKind::AlreadyExists { Ok(()) } else { Err(error) })
            .map_err(|source| cannot(&store.folder, &source))?;
        Ok(store)
    }

    /// Whether a real folder, not a link, has this target's marker.
    fn has_mark(&self, folder: &Path) -> bool {
        let mark = folder.join(MARK);
        folder.symlink_metadata().is_ok_and(|folder| folder.is_dir())
            && mark.symlink_metadata().is_ok_and(|mark| mark.is_file())
            && files::read(&mark, MAX_MARK).is_ok_and(|text| text == self.mark.as_bytes())
    }

    /// Removes the folders that a killed extraction into this target left before they were renamed: with their marker,
    /// or without any file.
    fn clean(&self, parent: &Path, name: &std::ffi::OsStr) {
        let prefix = starting(name);
        for entry in std::fs::read_dir(parent).into_iter().flatten().flatten() {
            let path = entry.path();
            let drawn = path.file_name().unwrap_or_default().as_encoded_bytes();
            let is_named = drawn.strip_prefix(prefix.as_encoded_bytes()).is_some_and(files::is_random_name);
            if !is_named || !path.symlink_metadata().is_ok_and(|there| there.is_dir()) {
                continue;
            }
            if self.has_mark(&path) {
                drop(std::fs::remove_file(path.join(MARK)));
            }
            // The system refuses this if the folder is not empty, as intended.
            drop(std::fs::remove_dir(path));
        }
    }

    /// Creates the folder, containing its marker from the start. The caller holds the target's lock.
    fn make(&self, parent: &Path, name: &std::ffi::OsStr) -> Result<(), Error> {
        let make = || {
            let mut builder = tempfile::Builder::new();
            let prefix = starting(name);
            builder.prefix(&prefix);
            // Rows are personal data.
            #[cfg(unix)]
            builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o700));
            // It is removed again on failure.
            let new = builder.tempdir_in(parent)?;
            let mut mark = create(&new.path().join(MARK))?;
            mark.write_all(self.mark.as_bytes())?;
            mark.sync_data()?;
            rename_onto_nothing(new.path(), &self.folder)?;
            // Its name has changed now.
            let _ = new.keep();
            Ok(())
        };
        make().map_err(|source| cannot(&self.folder, &source))
    }

    /// Refuses a folder that is foreign, is or contains a link, or contains files that no extraction writes.
    fn refuse_what_is_not_ours(&self) -> Result<(), Error> {
        let refused = |path: &Path, what: &str| Error::Output {
            path: path.to_owned(),
            what: format!("{what}, and nothing of anybody else's is touched"),
            next: "move it away, or name another folder with --out".to_owned(),
        };
        let own = &self.folder;
        let failed = |source: std::io::Error| cannot(own, &source);
        if !own.symlink_metadata().map_err(failed)?.is_dir() {
            return Err(refused(own, "is a link or a file, not the folder of an unfinished extraction"));
        }
        if !self.has_mark(own) {
            return Err(refused(
                own,
                "is not the unfinished extraction of this target (it has no mark of tieout's that says so)",
            ));
        }
        self.entries(|path, is_known| {
            let kind = path.symlink_metadata().map_err(failed)?;
            let what = if kind.is_symlink() {
                "is a link"
            } else if !is_known {
                "is not of an extraction's making"
            } else if kind.is_dir() != path.ends_with(PAGES) || !(kind.is_dir() || kind.is_file()) {
                "is not a regular file"
            } else if files::has_other_names(&kind) {
                "has another name elsewhere (a hard link)"
            } else {
                return Ok(());
            };
            Err(refused(path, what))
        })
    }

    /// Visits each file and folder within, deepest last, and whether an extraction creates that name.
    fn entries(&self, mut each: impl FnMut(&Path, bool) -> Result<(), Error>) -> Result<(), Error> {
        let within = |folder: &Path| -> std::io::Result<Vec<PathBuf>> {
            let mut paths = std::fs::read_dir(folder)?
                .map(|entry| entry.map(|entry| entry.path()))
                .collect::<Result<Vec<_>, _>>()?;
            paths.sort_unstable();
            Ok(paths)
        };
        let failed = |source: std::io::Error| cannot(&self.folder, &source);
        for path in within(&self.folder).map_err(failed)? {
            each(&path, path.file_name().is_some_and(|name| is_known(&name.to_string_lossy())))?;
        }
        let pages = self.folder.join(PAGES);
        if pages.symlink_metadata().is_ok_and(|pages| pages.is_dir()) {
            for path in within(&pages).map_err(failed)? {
                each(&path, path.file_name().is_some_and(|name| is_page(&name.to_string_lossy())))?;
            }
        }
        Ok(())
    }

    /// The state of an earlier run, if readable.
    pub(super) fn state(&self) -> Option<State> {
        let text = files::read(&self.folder.join(STATE), MAX_STATE).ok()?;
        serde_json::from_slice::<State>(&text).ok().filter(|state| state.format == FORMAT)
    }

    /// Deletes an earlier run's files, except the marker and the open request log.
    pub(super) fn clear(&self) -> Result<(), Error> {
        let kept = [MARK, PAGES, REQUESTS].map(|name| self.folder.join(name));
        self.entries(|path, is_known| {
            if kept.iter().any(|kept| kept == path) || !is_known {
                return Ok(());
            }
            std::fs::remove_file(path).map_err(|source| cannot(path, &source))
        })
    }

    /// Removes the folder, if it contains nothing to resume from.
    pub(super) fn leave(&self) {
        if self.state().is_none() && self.clear().is_ok() {
            for name in [REQUESTS, MARK] {
                drop(std::fs::remove_file(self.folder.join(name)));
            }
            // Files that a user has added meanwhile stay.
            drop(std::fs::remove_dir(self.folder.join(PAGES)));
            drop(std::fs::remove_dir(&self.folder));
        }
    }

    /// Writes the state.
    pub(super) fn keep(&self, state: &State) -> Result<(), Error> {
        let bytes = serde_json::to_vec(state).map_err(|error| Error::Defect(error.to_string()))?;
        self.put(STATE, &bytes)
    }

    /// The folder's request log.
    pub(super) fn log(&self) -> Result<Log, Error> {
        Log::open(&self.folder)
    }

    /// Writes a text atomically, without secrets that a server may have echoed into it.
    pub(super) fn put(&self, name: &str, text: &[u8]) -> Result<(), Error> {
        match std::str::from_utf8(text) {
            Ok(text) => self.put_as_is(name, mask(text).as_bytes()),
            Err(_) => self.put_as_is(name, text),
        }
    }

    fn put_as_is(&self, name: &str, bytes: &[u8]) -> Result<(), Error> {
        let path = self.folder.join(name);
        let temporary = path.with_extension("writing");
        let write = || {
            let mut file = create(&temporary)?;
            file.write_all(bytes)?;
            file.sync_data()?;
            std::fs::rename(&temporary, &path)
        };
        write().map_err(|source| cannot(&path, &source))
    }

    /// Stores a page: its rows sorted by Id, without a heading.
    pub(super) fn keep_page(&self, name: &str, mut rows: Vec<csv::StringRecord>) -> Result<Page, Error> {
        rows.sort_by(|a, b| a.get(0).cmp(&b.get(0)));
        let mut writer = csv::WriterBuilder::new().has_headers(false).from_writer(Vec::new());
        for row in &rows {
            writer.write_record(row).map_err(|error| Error::Defect(error.to_string()))?;
        }
        let bytes = writer.into_inner().map_err(|error| Error::Defect(error.to_string()))?;
        let bytes = mask_rows(bytes);
        let file = format!("{PAGES}/{name}.csv");
        self.put_as_is(&file, &bytes)?;
        Ok(Page { file, rows: rows.len() as u64, sha256: HEXLOWER.encode(&Sha256::digest(&bytes)) })
    }

    /// Whether a page on disk is unchanged.
    pub(super) fn is_whole(&self, page: &Page) -> bool {
        page.file.strip_prefix(PAGES).and_then(|name| name.strip_prefix('/')).is_some_and(is_page)
            && files::read(&self.folder.join(&page.file), MAX_PAGE_FILE)
                .is_ok_and(|bytes| HEXLOWER.encode(&Sha256::digest(&bytes)) == page.sha256)
    }

    /// Merges pages, each sorted by Id, into one file sorted by Id; of several rows of one record the last changed is
    /// kept (the last column is `SystemModstamp`). Returns row count and digest.
    pub(super) fn merge(&self, object: SfObject, headings: &[&str], pages: &[&Page]) -> Result<(u64, String), Error> {
        let name = format!("{}.csv", object.label());
        let path = self.folder.join(&name);
        let temporary = path.with_extension("writing");
        let failed = |error: &dyn std::fmt::Display| Error::Output {
            path: path.clone(),
            what: format!("cannot be written: {error}"),
            next: "make room on the disk and start again; what was read so far is kept".to_owned(),
        };
        let mut sources = Vec::with_capacity(pages.len());
        for page in pages {
            let file = files::open(&self.folder.join(&page.file)).map_err(|error| failed(&error))?;
            let reader = csv::ReaderBuilder::new().has_headers(false).buffer_capacity(16 << 10).from_reader(file);
            sources.push(reader.into_records());
        }
        let mut heads: BinaryHeap<Reverse<(String, Reverse<String>, usize)>> = BinaryHeap::new();
        let mut current: Vec<Option<csv::StringRecord>> = vec![None; sources.len()];
        let mut advance = |at: usize,
                           heads: &mut BinaryHeap<Reverse<(String, Reverse<String>, usize)>>,
                           current: &mut Vec<Option<csv::StringRecord>>|
         -> Result<(), Error> {
            if let Some(record) = sources[at].next() {
                let record = record.map_err(|error| failed(&error))?;
                let key = |column: usize| record.get(column).unwrap_or("").to_owned();
                heads.push(Reverse((key(0), Reverse(key(record.len().saturating_sub(1))), at)));
                current[at] = Some(record);
            }
            Ok(())
        };
        for at in 0..current.len() {
            advance(at, &mut heads, &mut current)?;
        }
        let file = create(&temporary).map_err(|error| failed(&error))?;
        let mut writer = csv::Writer::from_writer(Hashing { inner: BufWriter::new(file), digest: Sha256::new() });
        writer.write_record(headings).map_err(|error| failed(&error))?;
        let (mut rows, mut last) = (0, String::new());
        while let Some(Reverse((id, _, at))) = heads.pop() {
            let record = current[at].take();
            if let Some(record) = record.filter(|_| id != last) {
                writer.write_record(&record).map_err(|error| failed(&error))?;
                rows += 1;
                last = id;
            }
            advance(at, &mut heads, &mut current)?;
        }
        let hashing = writer.into_inner().map_err(|error| failed(&error))?;
        let digest = HEXLOWER.encode(&hashing.digest.finalize());
        let file = hashing.inner.into_inner().map_err(|error| failed(&error))?;
        file.sync_data().and_then(|()| std::fs::rename(&temporary, &path)).map_err(|error| failed(&error))?;
        Ok((rows, digest))
    }

    /// Removes temporary files, and renames the folder to its target.
    pub(super) fn finish(self, target: &Path) -> Result<(), Error> {
        let finish = || {
            for page in std::fs::read_dir(self.folder.join(PAGES))? {
                let page = page?;
                if is_page(&page.file_name().to_string_lossy()) {
                    std::fs::remove_file(page.path())?;
                }
            }
            std::fs::remove_dir(self.folder.join(PAGES))?;
            std::fs::remove_file(self.folder.join(STATE))?;
            rename_onto_nothing(&self.folder, target)
        };
        finish().map_err(|source| cannot(target, &source))?;
        // An unfinished folder must keep its marker. A leftover one is harmless.
        drop(std::fs::remove_file(target.join(MARK)));
        Ok(())
    }
}

/// Prefix of the folder's name until it has its marker.
fn starting(target: &std::ffi::OsStr) -> std::ffi::OsString {
    let mut prefix = std::ffi::OsString::from(".");
    prefix.push(target);
    prefix.push(".starting-");
    prefix
}

/// Whether an extraction writes a file or folder of this name, or a temporary one.
fn is_known(name: &str) -> bool {
    let (stem, ending) = name.rsplit_once('.').unwrap_or((name, ""));
    let files =
        [STATE, "manifest.json", REQUESTS, "list_view_contacts.csv", "deleted_contacts.csv", customization::FILE];
    let is_file =
        |file: &str| file == name || ending == "writing" && file.rsplit_once('.').is_some_and(|(own, _)| own == stem);
    [MARK, PAGES].contains(&name)
        || files.into_iter().any(is_file)
        || SfObject::parse(stem).is_some() && matches!(ending, "csv" | "writing")
}

/// Whether this is a page's name.
fn is_page(name: &str) -> bool {
    let stem = name.strip_suffix(".csv").or_else(|| name.strip_suffix(".writing"));
    stem.is_some_and(|stem| {
        (stem.starts_with("rested-") || stem.starts_with("since-") || cfg!(test))
            && stem.bytes().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == b'-')
    })
}

/// Creates a file for the user alone; an existing one is truncated.
fn create(path: &Path) -> std::io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    files::only_for_the_user(&mut options);
    options.open(path)
}

/// Renames a folder only if the new name is unused, so that not even an empty foreign folder is replaced.
#[cfg(unix)]
fn rename_onto_nothing(from: &Path, to: &Path) -> std::io::Result<()> {
    use rustix::fs::{CWD, RenameFlags, renameat_with};
    use rustix::io::Errno;

    match renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE) {
        // Not every file system supports this; then check first.
        Err(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP) => rename_after_looking(from, to),
        renamed => Ok(renamed?),
    }
}

#[cfg(not(unix))]
fn rename_onto_nothing(from: &Path, to: &Path) -> std::io::Result<()> {
    rename_after_looking(from, to)
}

fn rename_after_looking(from: &Path, to: &Path) -> std::io::Result<()> {
    if to.symlink_metadata().is_ok() {
        return Err(std::io::Error::new(ErrorKind::AlreadyExists, "it exists already"));
    }
    std::fs::rename(from, to)
}

fn cannot(path: &Path, source: &std::io::Error) -> Error {
    Error::Output {
        path: path.to_owned(),
        what: format!("cannot be written: {source}"),
        next: "make room or give write access here, and start again; what was read so far is kept".to_owned(),
    }
}

struct Hashing<W> {
    inner: W,
    digest: Sha256,
}

impl<W: std::io::Write> std::io::Write for Hashing<W> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let written = self.inner.write(bytes)?;
        self.digest.update(&bytes[..written]);
        Ok(written)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.inner.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::{State, Store};
    use crate::model::object::SfObject;

    fn record(cells: [&str; 3]) -> csv::StringRecord {
        csv::StringRecord::from(cells.to_vec())
    }

    #[test]
    fn pages_become_one_file_in_the_order_of_ids() {
        let parent = tempfile::tempdir().expect("a folder");
        let target = parent.path().join("snapshot");
        let store = Store::open(&target).expect("a store");
        let one = store
            .keep_page("one", vec![record(["c", "3", "2026-01-01"]), record(["a", "1", "2026-01-01"])])
            .expect("kept");
        let two = store
            .keep_page(
                "two",
                vec![record(["b", "two\nlines, \"quoted\"", "2026-01-02"]), record(["a", "newer", "2026-01-05"])],
            )
            .expect("kept");
        assert!(store.is_whole(&one) && store.is_whole(&two));
        let (rows, digest) =
            store.merge(SfObject::Contact, &["Id", "Email", "SystemModstamp"], &[&one, &two]).expect("merged");
        let again = store.merge(SfObject::Contact, &["Id", "Email", "SystemModstamp"], &[&two, &one]).expect("merged");
        assert_eq!((rows, &digest), (3, &again.1), "the order of pages leaves no trace");
        store.keep(&State { format: super::FORMAT, ..State::default() }).expect("kept");
        assert!(store.state().is_some());
        store.finish(&target).expect("finished");
        let text = std::fs::read_to_string(target.join("Contact.csv")).expect("a file");
        assert_eq!(
            text,
            "Id,Email,SystemModstamp\na,newer,2026-01-05\nb,\"two\nlines, \"\"quoted\"\"\",2026-01-02\nc,3,2026-01-01\n"
        );
        assert_eq!(std::fs::read_dir(parent.path()).expect("a folder").count(), 1);
    }

    #[test]
    fn what_a_killed_extraction_left_is_removed_and_nothing_else() {
        let parent = tempfile::tempdir().expect("a folder");
        let target = parent.path().join("snapshot");
        let mark = format!(
            "tieout extraction into {}\n",
            parent.path().canonicalize().expect("a path").join("snapshot").display()
        );
        for (folder, file, text) in [
            (".snapshot.starting-Abc123", super::MARK, mark.as_str()),
            (".snapshot.starting-full00", "notes", "mine"),
            (".snapshot.starting-notes", super::MARK, mark.as_str()),
            (".other.starting-Abc123", super::MARK, mark.as_str()),
            ("snapshot", super::MARK, mark.as_str()),
            ("snapshot", "Contact.csv", "Id\n"),
        ] {
            std::fs::create_dir_all(parent.path().join(folder)).expect("a folder");
            std::fs::write(parent.path().join(folder).join(file), text).expect("written");
        }
        Store::open(&target).expect_err("it stands already");
        let files = |folder: &std::path::Path| std::fs::read_dir(folder).expect("a folder").count();
        assert_eq!(files(&target), 1, "its mark alone is gone");
        std::fs::remove_dir_all(&target).expect("removed");
        Store::open(&target).expect("a store");
        let there = |name: &str| parent.path().join(name).exists();
        assert!(!there(".snapshot.starting-Abc123"), "ours");
        let kept = [".snapshot.starting-full00/notes", ".snapshot.starting-notes", ".other.starting-Abc123"];
        assert!(kept.into_iter().all(there), "not ours");
    }

    #[test]
    fn a_page_that_was_damaged_is_seen() {
        let parent = tempfile::tempdir().expect("a folder");
        let store = Store::open(&parent.path().join("snapshot")).expect("a store");
        let page = store.keep_page("one", vec![record(["a", "1", "x"])]).expect("kept");
        store.put(&page.file, b"a,2,x\n").expect("written");
        assert!(!store.is_whole(&page));
        store.clear().expect("cleared");
        assert!(!store.is_whole(&page) && store.state().is_none());
    }
}
