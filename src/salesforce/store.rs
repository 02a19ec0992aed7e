//! The unfinished snapshot on the disk: pages as they came, and a state from which an extraction goes on
//! after whatever ended it. Nothing stands under its final name before it is whole.
//!
//! Every file is written beside its name, flushed to the disk and renamed; the state is written after the
//! page that it speaks of. So whenever the process ends, what the state names is there, and what it does not
//! name is read again.
//!
//! Must not know: requests.

#![expect(clippy::disallowed_methods, reason = "this room keeps the unfinished snapshot")]

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};

use data_encoding::HEXLOWER;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::log::Log;
use super::value::Kind;
use crate::error::Error;
use crate::model::provenance::{REQUESTS, SfObject};
use crate::model::word::Word as _;

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

/// How far the reading of a part has come.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct PartState {
    /// The Bulk job, where there is one.
    pub(super) job: Option<String>,
    /// The pages of its result by their locator or address, in their order, once all are known.
    pub(super) addresses: Vec<String>,
    /// By address: what was read.
    pub(super) pages: BTreeMap<String, Page>,
    /// Where to go on: a cursor of REST or a locator of Bulk.
    pub(super) next: Option<String>,
    /// Rows that Salesforce said there are.
    pub(super) total: Option<u64>,
    /// Whether everything was read.
    pub(super) done: bool,
}

impl PartState {
    pub(super) fn rows(&self) -> u64 {
        self.pages.values().map(|page| page.rows).sum()
    }
}

/// How far the reading of an object has come.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct ObjectState {
    pub(super) columns: Vec<Column>,
    /// Wanted columns that are not there, or hidden from the user.
    pub(super) missing: Vec<String>,
    /// Rows up to the fence, counted before reading.
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
    /// Rows that were changed or deleted while the others were read.
    pub(super) drift: u64,
    pub(super) sha256: String,
    pub(super) soql: String,
}

/// How far an extraction has come.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct State {
    /// Of this format.
    pub(super) format: u32,
    pub(super) tool: String,
    pub(super) org_id: String,
    pub(super) instance: String,
    pub(super) api_version: String,
    /// RFC 3339.
    pub(super) fence: String,
    /// What was asked for: another question begins anew.
    pub(super) asked: String,
    pub(super) objects: BTreeMap<String, ObjectState>,
    /// Objects and columns that the user cannot see, in words.
    pub(super) hidden: BTreeMap<String, String>,
}

/// The format of the state; another one begins anew.
pub(super) const FORMAT: u32 = 1;
const STATE: &str = "state.json";
const PAGES: &str = "pages";

/// The folder of an unfinished snapshot.
#[derive(Debug)]
pub(super) struct Store {
    folder: PathBuf,
}

impl Store {
    /// Opens the unfinished folder that goes with a target, and makes it where there is none.
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
        std::fs::create_dir_all(folder.join(PAGES)).map_err(|source| cannot(&folder, &source))?;
        Ok(Self { folder })
    }

    /// What an earlier run left, where it can be read.
    pub(super) fn state(&self) -> Option<State> {
        let text = std::fs::read(self.folder.join(STATE)).ok()?;
        serde_json::from_slice::<State>(&text).ok().filter(|state| state.format == FORMAT)
    }

    /// Forgets what an earlier run left, but for the log of requests, which is open.
    pub(super) fn clear(&self) -> Result<(), Error> {
        let clear = || {
            for entry in std::fs::read_dir(&self.folder)? {
                let entry = entry?;
                if entry.file_type()?.is_dir() {
                    std::fs::remove_dir_all(entry.path())?;
                } else if entry.file_name() != REQUESTS {
                    std::fs::remove_file(entry.path())?;
                }
            }
            std::fs::create_dir_all(self.folder.join(PAGES))
        };
        clear().map_err(|source| cannot(&self.folder, &source))
    }

    /// Takes the folder away again, if nothing that could be gone on with is in it.
    pub(super) fn leave(&self) {
        if self.state().is_none() {
            // It was made a moment ago and holds nothing; that it stays does no harm.
            drop(std::fs::remove_dir_all(&self.folder));
        }
    }

    /// Writes the state.
    pub(super) fn keep(&self, state: &State) -> Result<(), Error> {
        let bytes = serde_json::to_vec(state).map_err(|error| Error::Defect(error.to_string()))?;
        self.put(STATE, &bytes)
    }

    /// The log of requests in the folder.
    pub(super) fn log(&self) -> Result<Log, Error> {
        Log::open(&self.folder)
    }

    /// Writes a file so that it is whole or not there.
    pub(super) fn put(&self, name: &str, bytes: &[u8]) -> Result<(), Error> {
        let path = self.folder.join(name);
        let beside = path.with_extension("writing");
        let write = || {
            let mut file = File::create(&beside)?;
            file.write_all(bytes)?;
            file.sync_data()?;
            std::fs::rename(&beside, &path)
        };
        write().map_err(|source| cannot(&path, &source))
    }

    /// Keeps a page: its rows sorted by Id, without a heading.
    pub(super) fn keep_page(&self, name: &str, mut rows: Vec<csv::StringRecord>) -> Result<Page, Error> {
        rows.sort_by(|a, b| a.get(0).cmp(&b.get(0)));
        let mut writer = csv::WriterBuilder::new().has_headers(false).from_writer(Vec::new());
        for row in &rows {
            writer.write_record(row).map_err(|error| Error::Defect(error.to_string()))?;
        }
        let bytes = writer.into_inner().map_err(|error| Error::Defect(error.to_string()))?;
        let file = format!("{PAGES}/{name}.csv");
        self.put(&file, &bytes)?;
        Ok(Page { file, rows: rows.len() as u64, sha256: HEXLOWER.encode(&Sha256::digest(&bytes)) })
    }

    /// Whether a page is on the disk as it was written.
    pub(super) fn is_whole(&self, page: &Page) -> bool {
        std::fs::read(self.folder.join(&page.file))
            .is_ok_and(|bytes| HEXLOWER.encode(&Sha256::digest(&bytes)) == page.sha256)
    }

    /// Merges pages, each sorted by Id, into one file in the order of Ids; of several rows of one record the
    /// one that changed last stands (the last column is `SystemModstamp`). Tells rows and digest.
    pub(super) fn merge(&self, object: SfObject, headings: &[&str], pages: &[&Page]) -> Result<(u64, String), Error> {
        let name = format!("{}.csv", object.word());
        let path = self.folder.join(&name);
        let beside = path.with_extension("writing");
        let failed = |error: &dyn std::fmt::Display| Error::Output {
            path: path.clone(),
            what: format!("cannot be written: {error}"),
            next: "make room on the disk and start again; what was read so far is kept".to_owned(),
        };
        let mut sources = Vec::with_capacity(pages.len());
        for page in pages {
            let reader = csv::ReaderBuilder::new()
                .has_headers(false)
                .buffer_capacity(16 << 10)
                .from_path(self.folder.join(&page.file))
                .map_err(|error| failed(&error))?;
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
        let file = File::create(&beside).map_err(|error| failed(&error))?;
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
        file.sync_data().and_then(|()| std::fs::rename(&beside, &path)).map_err(|error| failed(&error))?;
        Ok((rows, digest))
    }

    /// Takes away what only the way needed, and gives the folder its name.
    pub(super) fn finish(self, target: &Path) -> Result<(), Error> {
        let folder = &self.folder;
        let tidy = || {
            std::fs::remove_dir_all(folder.join(PAGES))?;
            std::fs::remove_file(folder.join(STATE))?;
            std::fs::rename(folder, target)
        };
        tidy().map_err(|source| cannot(target, &source))
    }
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
    use crate::model::provenance::SfObject;

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
