//! Writing the output folder: into a temporary folder beside it, renamed when whole. An existing
//! folder is never overwritten, except a former run of tieout where the user says so.
//!
//! Must not know: what the files hold.

#![expect(clippy::disallowed_methods, reason = "this room writes the output folder")]

use std::collections::BTreeMap;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use sha2::{Digest as _, Sha256};

use crate::error::Error;

/// The temporary folder of the run under way, so that an interrupt can take it away.
static UNFINISHED: Mutex<Option<PathBuf>> = Mutex::new(None);

/// Takes away what an interrupted run has written so far.
pub fn abandon() {
    if let Ok(mut unfinished) = UNFINISHED.lock()
        && let Some(path) = unfinished.take()
    {
        // Nothing can be done about a failure here: the process is ending.
        let _ = std::fs::remove_dir_all(path);
    }
}

/// The list of files and their digests, which `sha256sum -c` reads.
pub const DIGESTS: &str = "SHA256SUMS";

fn digest(bytes: &[u8]) -> String {
    data_encoding::HEXLOWER.encode(&Sha256::digest(bytes))
}

fn sums(digests: &BTreeMap<String, String>) -> String {
    digests.iter().map(|(name, digest)| format!("{digest}  {name}\n")).collect()
}

/// Name and SHA-256 of each file that is whole, as `sha256sum` lists them.
type Digests = Mutex<BTreeMap<String, String>>;

/// Where files of a run are written.
pub trait Place {
    /// Begins one file; `name` is a relative path of the tool's own making. The file counts from
    /// [`Unfinished::finish`] on.
    ///
    /// # Errors
    /// When the disk says no.
    fn begin(&self, name: &str) -> Result<Unfinished<'_>, Error>;

    /// The folder in which temporary files may lie while a file is rendered: beside the files themselves, where there is
    /// room if there is room for them.
    fn temporary(&self) -> &Path;

    /// Writes one file.
    ///
    /// # Errors
    /// When the disk says no.
    fn write(&self, name: &str, bytes: &[u8]) -> Result<(), Error> {
        let mut file = self.begin(name)?;
        match file.write_all(bytes) {
            Ok(()) => file.finish(),
            Err(source) => Err(file.refused().unwrap_or_else(|| cannot_write(Path::new(name), &source))),
        }
    }
}

/// Bytes on their way to the disk.
const BUFFER: usize = 1 << 16;

/// A file of a run while it is written, digested on its way to the disk, so that no file ever stands in memory
/// whole.
#[derive(Debug)]
pub struct Unfinished<'a> {
    name: String,
    /// What a message names where the disk says no.
    target: PathBuf,
    to: BufWriter<Digesting>,
    digests: &'a Digests,
}

impl<'a> Unfinished<'a> {
    fn new(name: &str, target: &Path, to: To, digests: &'a Digests) -> Self {
        let to = Digesting { to, digest: Sha256::new(), refused: None };
        Self { name: name.to_owned(), target: target.to_owned(), to: BufWriter::with_capacity(BUFFER, to), digests }
    }

    /// What the disk said no to, where a write failed for that.
    pub fn refused(&mut self) -> Option<Error> {
        self.to.get_ref().refused.as_ref().map(|source| cannot_write(&self.target, source))
    }

    /// The error where the file cannot be written because something else on the disk cannot.
    #[must_use]
    pub fn cannot_be_written(&self, why: &str) -> Error {
        cannot_write(&self.target, &std::io::Error::other(why.to_owned()))
    }

    /// Puts the file in its place.
    ///
    /// # Errors
    /// When the disk says no; a former file is then still in its place.
    pub fn finish(mut self) -> Result<(), Error> {
        if let Err(source) = self.to.flush() {
            return Err(self.refused().unwrap_or_else(|| cannot_write(&self.target, &source)));
        }
        if let Some(error) = self.refused() {
            return Err(error);
        }
        let Self { name, target, to, digests } = self;
        let Digesting { to, digest, .. } = to.into_inner().map_err(|error| cannot_write(&target, error.error()))?;
        if let To::Beside(file) = to {
            file.replace()?;
        }
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

/// Where the bytes of an unfinished file lie.
#[derive(Debug)]
enum To {
    /// In a folder that is itself unfinished.
    Folder(std::fs::File),
    /// Beside the file that they will replace.
    Beside(File),
}

/// Passes bytes on and digests them.
#[derive(Debug)]
struct Digesting {
    to: To,
    digest: Sha256,
    /// The first thing the disk said no to: whoever renders a file may tell of it in other words, or in none.
    refused: Option<std::io::Error>,
}

impl Write for Digesting {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        if self.refused.is_some() {
            // The file will not stand. An archive that is broken off still writes its end, and complains to standard
            // error where it cannot.
            return Ok(bytes.len());
        }
        let written = match &mut self.to {
            To::Folder(file) => file.write(bytes),
            To::Beside(file) => file.temporary.write(bytes),
        };
        match written {
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
        // There is no buffer beneath.
        Ok(())
    }
}

/// An output folder being written.
#[derive(Debug)]
pub struct Folder {
    digests: Digests,
    target: PathBuf,
    temporary: tempfile::TempDir,
    replace: bool,
}

impl Folder {
    /// Prepares the folder `target`. Nothing that takes long should come before this.
    ///
    /// # Errors
    /// When the folder exists and may not be replaced, or its parent cannot be written.
    pub fn prepare(target: &Path, replace: bool) -> Result<Self, Error> {
        let exists = target.symlink_metadata().is_ok();
        if exists && !replace {
            return Err(Error::Output {
                path: target.to_owned(),
                what: "exists already, and nothing is overwritten".to_owned(),
                next: "name another folder with --out; a former run of tieout may be replaced with --force".to_owned(),
            });
        }
        if exists && !is_former_run(target) {
            return Err(Error::Output {
                path: target.to_owned(),
                what: "is not a former run of tieout, so it is not replaced, not even with --force".to_owned(),
                next: "name another folder with --out".to_owned(),
            });
        }
        let name = target.file_name().ok_or_else(|| Error::Output {
            path: target.to_owned(),
            what: "is not a name for a folder".to_owned(),
            next: "name a folder with --out".to_owned(),
        })?;
        let parent = match target.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        };
        let failed = |source: std::io::Error| cannot_write(target, &source);
        std::fs::create_dir_all(parent).map_err(failed)?;
        let mut prefix = std::ffi::OsString::from(".");
        prefix.push(name);
        prefix.push(".unfinished-");
        let temporary = tempfile::Builder::new().prefix(&prefix).tempdir_in(parent).map_err(failed)?;
        if let Ok(mut unfinished) = UNFINISHED.lock() {
            *unfinished = Some(temporary.path().to_owned());
        }
        Ok(Self { digests: Mutex::default(), target: target.to_owned(), temporary, replace: exists })
    }

    /// A folder inside `parent` that does not exist yet: `name`, or `name-2`, `name-3`, …
    #[must_use]
    pub fn unused(parent: &Path, name: &str) -> PathBuf {
        let mut path = parent.join(name);
        let mut number = 2u32;
        while path.symlink_metadata().is_ok() {
            path = parent.join(format!("{name}-{number}"));
            number += 1;
        }
        path
    }

    /// Puts the whole folder in its place.
    ///
    /// # Errors
    /// When the disk says no; an earlier run is then still in its place.
    pub fn finish(mut self) -> Result<PathBuf, Error> {
        let digests = self.digests.get_mut().map(std::mem::take).unwrap_or_default();
        self.write(DIGESTS, sums(&digests).as_bytes())?;
        let Self { target, temporary, replace, .. } = self;
        let failed = |source: std::io::Error| cannot_write(&target, &source);
        open_to_others(temporary.path()).map_err(failed)?;
        let former = temporary.path().with_extension("former");
        if replace {
            std::fs::rename(&target, &former).map_err(failed)?;
        }
        let path = temporary.keep();
        if let Err(source) = std::fs::rename(&path, &target) {
            if replace {
                std::fs::rename(&former, &target).map_err(failed)?;
            }
            // The failure to report is the first one.
            let _ = std::fs::remove_dir_all(&path);
            return Err(cannot_write(&target, &source));
        }
        if let Ok(mut unfinished) = UNFINISHED.lock() {
            *unfinished = None;
        }
        if replace {
            std::fs::remove_dir_all(&former).map_err(failed)?;
        }
        Ok(target)
    }
}

impl Place for Folder {
    fn begin(&self, name: &str) -> Result<Unfinished<'_>, Error> {
        let path = self.temporary.path().join(name);
        let failed = |source: std::io::Error| cannot_write(&self.target, &source);
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent).map_err(failed)?;
        }
        let file = std::fs::File::create(&path).map_err(failed)?;
        Ok(Unfinished::new(name, &self.target, To::Folder(file), &self.digests))
    }

    fn temporary(&self) -> &Path {
        self.temporary.path()
    }
}

/// A single file that is replaced as a whole, as monitors want it that may read at any moment.
#[derive(Debug)]
pub struct File {
    target: PathBuf,
    temporary: tempfile::NamedTempFile,
}

impl File {
    /// Prepares the file beside its target. Nothing that takes long should come before this.
    ///
    /// # Errors
    /// When its folder is not there or cannot be written.
    pub fn prepare(target: &Path) -> Result<Self, Error> {
        let folder = match target.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        };
        if target.is_dir() {
            return Err(Error::Output {
                path: target.to_owned(),
                what: "is a folder".to_owned(),
                next: "name a file in it".to_owned(),
            });
        }
        let failed = |source: std::io::Error| Error::Output {
            path: target.to_owned(),
            what: format!("cannot be written: {source}"),
            next: "name a file in a folder that is there and that you may write".to_owned(),
        };
        // The collector reads files that end with .prom, so the unfinished one must not.
        let temporary =
            tempfile::Builder::new().prefix(".tieout-").suffix(".unfinished").tempfile_in(folder).map_err(failed)?;
        Ok(Self { target: target.to_owned(), temporary })
    }

    /// What the file held before, where there was one.
    #[must_use]
    pub fn former(&self) -> Option<String> {
        std::fs::read_to_string(&self.target).ok()
    }

    /// Puts the content in the file's place.
    ///
    /// # Errors
    /// When the disk says no; a former file is then still in its place.
    pub fn write(self, content: &str) -> Result<(), Error> {
        self.write_bytes(content.as_bytes())
    }

    /// As [`File::write`].
    ///
    /// # Errors
    /// As [`File::write`].
    pub fn write_bytes(mut self, content: &[u8]) -> Result<(), Error> {
        self.temporary.write_all(content).map_err(|source| cannot_write(&self.target, &source))?;
        self.replace()
    }

    /// As [`File::write_bytes`], for the owner's eyes alone.
    ///
    /// # Errors
    /// As [`File::write`].
    pub fn keep_private(mut self, content: &[u8]) -> Result<(), Error> {
        self.temporary.write_all(content).map_err(|source| cannot_write(&self.target, &source))?;
        self.persist()
    }

    /// Puts what was written in the file's place, for everybody to read.
    fn replace(self) -> Result<(), Error> {
        readable_by_others(self.temporary.path()).map_err(|source| cannot_write(&self.target, &source))?;
        self.persist()
    }

    fn persist(self) -> Result<(), Error> {
        self.temporary.persist(&self.target).map_err(|error| cannot_write(&self.target, &error.error))?;
        Ok(())
    }
}

/// Files of a finished run that are made again, each replaced as a whole.
#[derive(Debug)]
pub struct Again {
    folder: PathBuf,
    digests: Digests,
}

impl Again {
    /// Opens the folder of a finished run to make some of its files again. A file that somebody has changed
    /// since is only replaced by `force`, for it may hold their work.
    ///
    /// # Errors
    /// When one of the files was changed, or the folder cannot be read.
    pub fn prepare(folder: &Path, names: &[&str], force: bool) -> Result<Self, Error> {
        let path = folder.join(DIGESTS);
        let list = std::fs::read_to_string(&path).map_err(|source| Error::Unreadable { path, source })?;
        let digests: BTreeMap<String, String> = list
            .lines()
            .filter_map(|line| line.split_once("  "))
            .map(|(digest, name)| (name.to_owned(), digest.to_owned()))
            .collect();
        for name in names {
            let path = folder.join(name);
            let changed = match std::fs::read(&path) {
                Ok(bytes) => digests.get(*name).is_none_or(|known| *known != digest(&bytes)),
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => false,
                Err(source) => return Err(Error::Unreadable { path, source }),
            };
            if changed && !force {
                return Err(Error::Output {
                    path,
                    what: "was changed since tieout wrote it, and is not replaced".to_owned(),
                    next: "read an analyst's work back with `tieout review FILE`, then use --force; or name another \
                           folder with --out"
                        .to_owned(),
                });
            }
        }
        Ok(Self { folder: folder.to_owned(), digests: Mutex::new(digests) })
    }

    /// Writes the list of digests.
    ///
    /// # Errors
    /// When the disk says no.
    pub fn finish(self) -> Result<PathBuf, Error> {
        let digests = self.digests.into_inner().unwrap_or_default();
        File::prepare(&self.folder.join(DIGESTS))?.write(&sums(&digests))?;
        Ok(self.folder)
    }
}

/// Each file is replaced as a whole; where the disk says no, the former one is still in its place.
impl Place for Again {
    fn begin(&self, name: &str) -> Result<Unfinished<'_>, Error> {
        let target = self.folder.join(name);
        Ok(Unfinished::new(name, &target, To::Beside(File::prepare(&target)?), &self.digests))
    }

    fn temporary(&self) -> &Path {
        &self.folder
    }
}

/// A temporary file is for its owner alone; a collector runs as somebody else.
#[cfg(unix)]
fn readable_by_others(path: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o644))
}

#[cfg(not(unix))]
fn readable_by_others(_: &Path) -> std::io::Result<()> {
    Ok(())
}

/// A temporary folder is for its owner alone; a finished one is an ordinary folder.
#[cfg(unix)]
fn open_to_others(path: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755))
}

#[cfg(not(unix))]
fn open_to_others(_: &Path) -> std::io::Result<()> {
    Ok(())
}

/// A folder is a former run if its `report.json` says that tieout wrote it.
fn is_former_run(folder: &Path) -> bool {
    #[derive(serde::Deserialize)]
    struct Tool {
        name: String,
    }
    #[derive(serde::Deserialize)]
    struct Former {
        tool: Tool,
    }
    std::fs::read(folder.join("report.json"))
        .ok()
        .and_then(|bytes| serde_json::from_slice::<Former>(&bytes).ok())
        .is_some_and(|former| former.tool.name == "tieout")
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
    use super::{Again, DIGESTS, Folder, Place as _};
    use std::io::Write as _;

    #[test]
    fn a_file_counts_once_it_is_whole() {
        let parent = tempfile::tempdir().expect("a folder");
        let target = parent.path().join("run");
        let folder = Folder::prepare(&target, false).expect("a new folder");
        folder.write("report.html", b"former").expect("written");
        folder.finish().expect("finished");
        let text = |name: &str| std::fs::read_to_string(target.join(name)).expect("a file");
        let sums = text(DIGESTS);

        let again = Again::prepare(&target, &["report.html"], false).expect("nobody changed it");
        let mut broken_off = again.begin("report.html").expect("begun");
        broken_off.write_all(b"half of the").expect("written");
        drop(broken_off);
        assert_eq!(text("report.html"), "former");

        let mut whole = again.begin("report.html").expect("begun");
        whole.write_all(b"new").expect("written");
        assert_eq!(text("report.html"), "former", "not before it is whole");
        whole.finish().expect("finished");
        again.finish().expect("finished");
        assert_eq!(text("report.html"), "new");
        assert_ne!(text(DIGESTS), sums);
        Again::prepare(&target, &["report.html"], false).expect("its digest is that of what stands there");
        assert_eq!(std::fs::read_dir(&target).expect("a folder").count(), 2, "nothing is left beside them");
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_disk_that_says_no_is_told_as_such() {
        use super::{Digests, To, Unfinished};
        let full = std::fs::OpenOptions::new().write(true).open("/dev/full").expect("a device");
        let digests = Digests::default();
        let mut file = Unfinished::new("a", std::path::Path::new("a"), To::Folder(full), &digests);
        assert!(file.refused().is_none());
        file.write_all(&[0; 1 << 17]).expect_err("no room");
        let told = file.refused().expect("what the disk said").to_string();
        assert!(told.contains("cannot be written: No space left"), "{told}");
        file.write_all(b"the end of an archive").expect("taken, and not kept");
        file.finish().expect_err("it is not whole");
        assert!(digests.lock().expect("no thread broke off").is_empty());
    }
}
