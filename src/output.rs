//! Writing the output folder: into a temporary folder beside it, renamed when whole. An existing
//! folder is never overwritten, except a former run of tieout where the user says so.
//!
//! Must not know: what the files hold.

#![expect(clippy::disallowed_methods, reason = "this room writes the output folder")]

use std::path::{Path, PathBuf};
use std::sync::Mutex;

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

/// An output folder being written.
#[derive(Debug)]
pub struct Folder {
    target: PathBuf,
    temporary: Option<tempfile::TempDir>,
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
        Ok(Self { target: target.to_owned(), temporary: Some(temporary), replace: exists })
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

    /// Writes one file; `name` is a relative path of the tool's own making.
    ///
    /// # Errors
    /// When the disk says no.
    pub fn write(&self, name: &str, bytes: &[u8]) -> Result<(), Error> {
        let Some(temporary) = &self.temporary else { return Ok(()) };
        let path = temporary.path().join(name);
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent).map_err(|source| cannot_write(&self.target, &source))?;
        }
        std::fs::write(&path, bytes).map_err(|source| cannot_write(&self.target, &source))
    }

    /// Puts the whole folder in its place.
    ///
    /// # Errors
    /// When the disk says no; an earlier run is then still in its place.
    pub fn finish(mut self) -> Result<PathBuf, Error> {
        let Some(temporary) = self.temporary.take() else { return Ok(self.target) };
        let failed = |source: std::io::Error| cannot_write(&self.target, &source);
        open_to_others(temporary.path()).map_err(failed)?;
        let former = temporary.path().with_extension("former");
        if self.replace {
            std::fs::rename(&self.target, &former).map_err(failed)?;
        }
        let path = temporary.keep();
        if let Err(source) = std::fs::rename(&path, &self.target) {
            if self.replace {
                std::fs::rename(&former, &self.target).map_err(failed)?;
            }
            // The failure to report is the first one.
            let _ = std::fs::remove_dir_all(&path);
            return Err(cannot_write(&self.target, &source));
        }
        if let Ok(mut unfinished) = UNFINISHED.lock() {
            *unfinished = None;
        }
        if self.replace {
            std::fs::remove_dir_all(&former).map_err(failed)?;
        }
        Ok(self.target)
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
    pub fn write(mut self, content: &str) -> Result<(), Error> {
        use std::io::Write as _;
        let failed = |source: &std::io::Error| cannot_write(&self.target, source);
        self.temporary.write_all(content.as_bytes()).map_err(|source| failed(&source))?;
        readable_by_others(self.temporary.path()).map_err(|source| failed(&source))?;
        self.temporary.persist(&self.target).map_err(|error| cannot_write(&self.target, &error.error))?;
        Ok(())
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
