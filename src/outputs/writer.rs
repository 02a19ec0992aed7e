//! Writes the output folder: into a temporary sibling folder, renamed when complete. An existing folder is never
//! overwritten, except a previous run of tieout if the user asks: complete, unchanged, and with nothing else in it.
//! Only one run at a time writes to a folder, and only the user can read what it writes.
//!
//! Must not know: the content of the files.

#![expect(clippy::disallowed_methods, reason = "this module writes the output folder")]

mod file;
mod owned;
mod rerender;
mod staging;

use std::collections::BTreeMap;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use sha2::{Digest as _, Sha256};

use crate::error::Error;
use crate::files::Lock;

pub use file::File;
pub use owned::{Names, Sums, listed};
pub use rerender::Rerender;
use staging::{Replacing, Staging, private_file};
pub use staging::{abandon, private_folder};

/// The list of files and their digests, in the format of `sha256sum -c`.
pub const DIGESTS: &str = "SHA256SUMS";

/// Name and SHA-256 of each complete file, as `sha256sum` lists them.
type Digests = Mutex<BTreeMap<String, String>>;

/// Where files of a run are written.
pub trait OutputSink {
    /// Begins one file; `name` is a relative path chosen by the tool. The file counts from [`Unfinished::finish`] on.
    ///
    /// # Errors
    /// If a file cannot be written.
    fn begin(&self, name: &str) -> Result<Unfinished<'_>, Error>;

    /// Folder for temporary files during rendering: on the same disk as the files themselves, so that free space for
    /// them is enough.
    fn temporary_folder(&self) -> &Path;

    /// Writes one file.
    ///
    /// # Errors
    /// If a file cannot be written.
    fn write(&self, name: &str, bytes: &[u8]) -> Result<(), Error> {
        let mut file = self.begin(name)?;
        match file.write_all(bytes) {
            Ok(()) => file.finish(),
            Err(source) => Err(file.refused().unwrap_or_else(|| cannot_write(Path::new(name), &source))),
        }
    }
}

/// Buffer size in bytes.
const BUFFER: usize = 1 << 16;

/// A file of a run being written, digested on the way, so that no file is ever completely in memory.
#[derive(Debug)]
pub struct Unfinished<'a> {
    name: String,
    /// The path shown in error messages.
    target: PathBuf,
    to: BufWriter<Digesting>,
    digests: &'a Digests,
}

impl<'a> Unfinished<'a> {
    fn new(name: &str, target: &Path, to: std::fs::File, digests: &'a Digests) -> Self {
        let to = Digesting { to, digest: Sha256::new(), refused: None };
        Self { name: name.to_owned(), target: target.to_owned(), to: BufWriter::with_capacity(BUFFER, to), digests }
    }

    /// The error of the first failed write, if any.
    pub fn refused(&mut self) -> Option<Error> {
        self.to.get_ref().refused.as_ref().map(|source| cannot_write(&self.target, source))
    }

    /// The error if the file cannot be written because another file cannot.
    #[must_use]
    pub fn cannot_be_written(&self, why: &str) -> Error {
        cannot_write(&self.target, &std::io::Error::other(why.to_owned()))
    }

    /// Moves the file to its final path.
    ///
    /// # Errors
    /// If the file cannot be written; a previous file then remains.
    pub fn finish(mut self) -> Result<(), Error> {
        if let Err(source) = self.to.flush() {
            return Err(self.refused().unwrap_or_else(|| cannot_write(&self.target, &source)));
        }
        if let Some(error) = self.refused() {
            return Err(error);
        }
        let Self { name, target, to, digests } = self;
        let Digesting { digest, .. } = to.into_inner().map_err(|error| cannot_write(&target, error.error()))?;
        if let Ok(mut digests) = digests.lock() {
            digests.insert(name, data_encoding::HEXLOWER.encode(&digest.finalize()));
        }
        Ok(())
    }
}

impl Write for Unfinished<'_> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.to.write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.to.flush()
    }
}

/// Passes bytes on and digests them.
#[derive(Debug)]
struct Digesting {
    to: std::fs::File,
    digest: Sha256,
    /// The first write error, because renderers may report it differently, or not at all.
    refused: Option<std::io::Error>,
}

impl Write for Digesting {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        if self.refused.is_some() {
            // The file will be discarded. An aborted archive still writes its end, and complains to standard error if
            // it cannot.
            return Ok(bytes.len());
        }
        match self.to.write(bytes) {
            Ok(written) => {
                self.digest.update(&bytes[..written]);
                Ok(written)
            }
            Err(source) if source.kind() == std::io::ErrorKind::Interrupted => Err(source),
            Err(source) => {
                let kind = source.kind();
                self.refused.get_or_insert(source);
                Err(kind.into())
            }
        }
    }

    fn flush(&mut self) -> std::io::Result<()> {
        // There is no buffer below.
        Ok(())
    }
}

/// Finishes or reverts what a killed run began with a target, and removes its leftovers; does nothing if there are
/// none. `names` are those of all the files that a run writes.
///
/// # Errors
/// If another run is writing there, or a file cannot be changed.
pub fn recover(target: &Path, names: Names) -> Result<(), Error> {
    if !staging::has_leftovers(target) {
        return Ok(());
    }
    let _lock = Lock::new(&staging::canonical(target)?)?;
    staging::clean(target, names).map_err(|source| cannot_write(target, &source))
}

/// An output folder being written.
#[derive(Debug)]
pub struct Folder {
    digests: Digests,
    target: PathBuf,
    // Dropped before the lock.
    staging: Staging,
    replace: bool,
    names: Names,
    _lock: Lock,
}

impl Folder {
    /// Prepares the folder `target`, into which files of these names will be written. Call it before any long work.
    ///
    /// # Errors
    /// If the folder exists and may not be replaced, its parent cannot be written, or another run is writing there.
    pub fn prepare(target: &Path, replace: bool, names: Names) -> Result<Self, Error> {
        make_parent(target)?;
        let lock = Lock::new(&staging::canonical(target)?)?;
        Self::locked(target, replace, names, lock)
    }

    /// Prepares a folder inside `parent` that does not exist yet and that no other run is writing: `name`, or `name-2`,
    /// `name-3`, …
    ///
    /// # Errors
    /// If the parent cannot be written.
    pub fn prepare_unused(parent: &Path, name: &str, names: Names) -> Result<Self, Error> {
        let mut number = 1;
        loop {
            let target = Self::unused_from(parent, name, &mut number);
            make_parent(&target)?;
            // Another run may have finished between the check and the lock.
            if let Some(lock) = Lock::if_free(&staging::canonical(&target)?)?
                && target.symlink_metadata().is_err()
            {
                return Self::locked(&target, false, names, lock);
            }
            number += 1;
        }
    }

    fn locked(target: &Path, replace: bool, names: Names, lock: Lock) -> Result<Self, Error> {
        let failed = |source: std::io::Error| cannot_write(target, &source);
        let (parent, name) = staging::split(target)?;
        // Joined anew: a trailing slash would follow a link.
        let target = parent.join(name);
        staging::clean(&target, names).map_err(failed)?;
        let exists = may_be_replaced(&target, replace, names)?;
        let staging = Staging::next_to(parent, name).map_err(failed)?;
        Ok(Self { digests: Mutex::default(), target, staging, replace: exists, names, _lock: lock })
    }

    /// Checks whether a folder could be prepared, and leaves only its parent folders behind.
    ///
    /// # Errors
    /// Those of [`Folder::prepare`].
    pub fn probe(target: &Path) -> Result<(), Error> {
        let (parent, _) = staging::split(target)?;
        may_be_replaced(target, false, &[])?;
        make_parent(target)?;
        tempfile::tempdir_in(parent).map(drop).map_err(|source| cannot_write(target, &source))
    }

    /// A folder inside `parent` that does not exist yet: `name`, or `name-2`, `name-3`, …
    #[must_use]
    pub fn unused(parent: &Path, name: &str) -> PathBuf {
        Self::unused_from(parent, name, &mut 1)
    }

    fn unused_from(parent: &Path, name: &str, number: &mut u32) -> PathBuf {
        loop {
            let path = if *number == 1 { parent.join(name) } else { parent.join(format!("{name}-{number}")) };
            if path.symlink_metadata().is_err() {
                return path;
            }
            *number += 1;
        }
    }

    /// Path of the folder.
    #[must_use]
    pub fn target(&self) -> &Path {
        &self.target
    }

    /// Moves the whole folder to its final path.
    ///
    /// # Errors
    /// If the folder cannot be moved, or a previous run gained files meanwhile; the previous run then remains.
    pub fn finish(mut self) -> Result<PathBuf, Error> {
        let digests = self.digests.get_mut().map(std::mem::take).unwrap_or_default();
        let failed = |source: std::io::Error| cannot_write(&self.target, &source);
        self.staging.list(&digests).map_err(failed)?;
        if self.replace {
            self.staging.replace(&self.target, self.names).map_err(|error| match error {
                Replacing::Refused(why) => not_replaced(&self.target, why),
                Replacing::Failed(source) => cannot_write(&self.target, &source),
            })?;
        } else {
            self.staging.place(&self.target).map_err(|source| match source.kind() {
                std::io::ErrorKind::AlreadyExists | std::io::ErrorKind::DirectoryNotEmpty => {
                    exists_already(&self.target)
                }
                _ => cannot_write(&self.target, &source),
            })?;
        }
        Ok(self.target)
    }
}

/// Creates the parent folders of a target.
fn make_parent(target: &Path) -> Result<(), Error> {
    let (parent, _) = staging::split(target)?;
    std::fs::create_dir_all(parent).map_err(|source| cannot_write(target, &source))
}

/// Whether an existing folder will be replaced.
fn may_be_replaced(target: &Path, replace: bool, names: Names) -> Result<bool, Error> {
    if target.symlink_metadata().is_err() {
        return Ok(false);
    }
    if !replace {
        return Err(exists_already(target));
    }
    owned::check(target, names).map(|()| true).map_err(|why| not_replaced(target, why))
}

fn exists_already(target: &Path) -> Error {
    Error::Output {
        path: target.to_owned(),
        what: "exists already, and nothing is overwritten".to_owned(),
        next: "name another folder with --out; a former run of tieout may be replaced with --force".to_owned(),
    }
}

fn not_replaced(target: &Path, what: String) -> Error {
    Error::Output {
        path: target.to_owned(),
        what,
        next: "name another folder with --out, or move these files away; an analyst's work in a workbook is read back with \
               `tieout review FILE`"
            .to_owned(),
    }
}

impl OutputSink for Folder {
    fn begin(&self, name: &str) -> Result<Unfinished<'_>, Error> {
        let run = self.staging.run();
        let path = run.join(name);
        let failed = |source: std::io::Error| cannot_write(&self.target, &source);
        match path.parent() {
            // Without its parents: an interrupt may be removing the run.
            Some(parent) if parent != run => match private_folder(parent) {
                Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => return Err(failed(error)),
                _ => {}
            },
            _ => {}
        }
        let file = private_file(&path).map_err(failed)?;
        Ok(Unfinished::new(name, &self.target, file, &self.digests))
    }

    fn temporary_folder(&self) -> &Path {
        self.staging.path()
    }
}

fn cannot_write(target: &Path, source: &std::io::Error) -> Error {
    Error::Output {
        path: target.to_owned(),
        what: format!("cannot be written: {source}"),
        next: "name another folder with --out, or make room or give write access here".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::{DIGESTS, Folder, OutputSink as _, Rerender};

    const NAMES: &[&str] = &["report.html"];
    use std::io::Write as _;

    #[test]
    fn a_file_counts_once_it_is_whole() {
        let parent = tempfile::tempdir().expect("a folder");
        let target = parent.path().join("run");
        let folder = Folder::prepare(&target, false, NAMES).expect("a new folder");
        folder.write("report.html", b"former").expect("written");
        folder.finish().expect("finished");
        let text = |name: &str| std::fs::read_to_string(target.join(name)).expect("a file");
        let sums = text(DIGESTS);

        let again = Rerender::prepare(&target, NAMES, &["report.html"], false).expect("nobody changed it");
        let mut broken_off = again.begin("report.html").expect("begun");
        broken_off.write_all(b"half of the").expect("written");
        drop(broken_off);
        assert_eq!(text("report.html"), "former");

        drop(again);
        let again = Rerender::prepare(&target, NAMES, &["report.html"], false).expect("nobody changed it");
        let mut whole = again.begin("report.html").expect("begun");
        whole.write_all(b"new").expect("written");
        whole.finish().expect("finished");
        assert_eq!(text("report.html"), "former", "not before all are whole");
        again.finish().expect("finished");
        assert_eq!(text("report.html"), "new");
        assert_ne!(text(DIGESTS), sums);
        Rerender::prepare(&target, NAMES, &["report.html"], false).expect("its digest is that of what stands there");
        assert_eq!(std::fs::read_dir(&target).expect("a folder").count(), 2, "nothing is left beside them");
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_disk_that_says_no_is_told_as_such() {
        use super::{Digests, Unfinished};
        let full = std::fs::OpenOptions::new().write(true).open("/dev/full").expect("a device");
        let digests = Digests::default();
        let mut file = Unfinished::new("a", std::path::Path::new("a"), full, &digests);
        assert!(file.refused().is_none());
        file.write_all(&[0; 1 << 17]).expect_err("no room");
        let described = file.refused().expect("what the disk said").to_string();
        assert!(described.contains("cannot be written: No space left"), "{described}");
        file.write_all(b"the end of an archive").expect("taken, and not kept");
        file.finish().expect_err("it is not whole");
        assert!(digests.lock().expect("no thread broke off").is_empty());
    }
}
