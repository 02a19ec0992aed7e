//! A single file that is replaced atomically, for monitors that may read it at any moment.
//!
//! Must not know: the content of the file.

#![expect(clippy::disallowed_methods, reason = "this file writes single files")]

use std::io::Write as _;
use std::path::{Path, PathBuf};

use super::cannot_write;
use crate::error::Error;
use crate::files;

/// Maximum bytes read of a previous file.
const MAX_PREVIOUS: u64 = 1 << 20;

/// Prefix and suffix of an unfinished file's name.
const PREFIX: &str = ".tieout-";
const SUFFIX: &str = ".unfinished";

/// A single file that is replaced atomically. Only a regular file is ever replaced: no device, no pipe, no folder, and
/// no link, because the link or its target could be meant.
#[derive(Debug)]
pub struct File {
    target: PathBuf,
    /// Whether others may read it within the umask; else only its owner can.
    #[cfg_attr(not(unix), expect(dead_code, reason = "only Unix has modes"))]
    public: bool,
}

impl File {
    /// Prepares a file readable only by its owner. Call it before any long work.
    ///
    /// # Errors
    /// If the path is not a regular file, or its folder does not exist or cannot be written.
    pub fn prepare(target: &Path) -> Result<Self, Error> {
        Self { target: target.to_owned(), public: false }.probed()
    }

    /// Like [`File::prepare`], readable by others within the umask: a collector runs as another user.
    ///
    /// # Errors
    /// Those of [`File::prepare`].
    pub fn prepare_public(target: &Path) -> Result<Self, Error> {
        Self { target: target.to_owned(), public: true }.probed()
    }

    fn probed(self) -> Result<Self, Error> {
        self.check()?;
        self.clean();
        // Removed again at once, so that a run killed later leaves nothing behind.
        drop(self.temporary()?);
        Ok(self)
    }

    fn check(&self) -> Result<(), Error> {
        let refuse = |what: &str, next: &str| {
            Err(Error::Output { path: self.target.clone(), what: what.to_owned(), next: next.to_owned() })
        };
        match self.target.symlink_metadata() {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
            Err(source) => Err(self.failed(&source)),
            Ok(metadata) if metadata.is_file() => Ok(()),
            Ok(metadata) if metadata.is_dir() => refuse("is a folder", "name a file in it"),
            Ok(metadata) if metadata.is_symlink() => {
                refuse("is a link, and only a regular file is replaced", "name the file that it points to")
            }
            Ok(_) => refuse(
                "is a device, a pipe or a socket, and only a regular file is replaced",
                "name a file in a folder that is there and that you may write",
            ),
        }
    }

    fn failed(&self, source: &std::io::Error) -> Error {
        Error::Output {
            path: self.target.clone(),
            what: format!("cannot be written: {source}"),
            next: "name a file in a folder that is there and that you may write".to_owned(),
        }
    }

    fn folder(&self) -> &Path {
        match self.target.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        }
    }

    /// Removes unfinished files that killed runs left in the folder. A file being written is locked.
    fn clean(&self) {
        for entry in std::fs::read_dir(self.folder()).into_iter().flatten().flatten() {
            let name = entry.file_name();
            let name = name.as_encoded_bytes();
            let drawn = name.strip_prefix(PREFIX.as_bytes()).and_then(|name| name.strip_suffix(SUFFIX.as_bytes()));
            let is_named = drawn.is_some_and(files::is_random_name);
            if !is_named || !entry.metadata().is_ok_and(|there| there.is_file() && !files::has_other_names(&there)) {
                continue;
            }
            // A leftover file is harmless; the next run tries again.
            if files::open(&entry.path()).is_ok_and(|file| file.try_lock().is_ok()) {
                let _ = std::fs::remove_file(entry.path());
            }
        }
    }

    /// A new unfinished file, locked while it is open.
    fn temporary(&self) -> Result<tempfile::NamedTempFile, Error> {
        let mut builder = tempfile::Builder::new();
        // The collector reads files that end with .prom, so the unfinished one must not.
        builder.prefix(PREFIX).suffix(SUFFIX);
        #[cfg(unix)]
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(if self.public { 0o666 } else { 0o600 }));
        loop {
            let file = builder.tempfile_in(self.folder()).map_err(|source| self.failed(&source))?;
            // Not every file system has locks. Another run may just have taken the file for a leftover.
            let is_locked = !matches!(file.as_file().try_lock(), Err(std::fs::TryLockError::WouldBlock));
            if is_locked && file.path().symlink_metadata().is_ok() {
                return Ok(file);
            }
        }
    }

    /// Previous content of the file, if any.
    ///
    /// # Errors
    /// If it cannot be read, is not text, or is larger than any file of tieout.
    pub fn previous(&self) -> Result<Option<String>, std::io::Error> {
        match files::read_text(&self.target, MAX_PREVIOUS) {
            Ok(text) => Ok(Some(text)),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Replaces the file's content.
    ///
    /// # Errors
    /// If the file cannot be written; a previous file then remains.
    pub fn write(self, content: &[u8]) -> Result<(), Error> {
        let temporary = self.written(content)?;
        self.check()?;
        temporary.persist(&self.target).map_err(|error| cannot_write(&self.target, &error.error))?;
        Ok(())
    }

    /// Like [`File::write`], but only if no file exists.
    ///
    /// # Errors
    /// Those of [`File::write`], and if a file exists.
    pub fn write_new(self, content: &[u8]) -> Result<(), Error> {
        let temporary = self.written(content)?;
        temporary.persist_noclobber(&self.target).map_err(|error| cannot_write(&self.target, &error.error))?;
        Ok(())
    }

    fn written(&self, content: &[u8]) -> Result<tempfile::NamedTempFile, Error> {
        let mut temporary = self.temporary()?;
        temporary.write_all(content).map_err(|source| cannot_write(&self.target, &source))?;
        Ok(temporary)
    }
}
