//! A single file that is replaced as a whole, as monitors want it that may read at any moment.
//!
//! Must not know: what the file holds.

#![expect(clippy::disallowed_methods, reason = "this file writes single files")]

use std::io::Write as _;
use std::path::{Path, PathBuf};

use super::cannot_write;
use crate::error::Error;
use crate::files;

/// The most bytes of a former file that are looked at.
const MAX_PREVIOUS: u64 = 1 << 20;

/// How the name of an unfinished file begins and ends.
const PREFIX: &str = ".tieout-";
const SUFFIX: &str = ".unfinished";

/// A single file that is replaced as a whole. Only a regular file is ever replaced: no device, no pipe, no folder, and no
/// link, for it is not clear whether the link or the file behind it is meant.
#[derive(Debug)]
pub struct File {
    target: PathBuf,
    /// Whether others may read it as far as the umask lets them; else it is for its owner alone.
    #[cfg_attr(not(unix), expect(dead_code, reason = "only Unix has modes"))]
    public: bool,
}

impl File {
    /// Prepares a file for its owner's eyes alone. Nothing that takes long should come before this.
    ///
    /// # Errors
    /// When something other than a file is in its place, or its folder is not there or cannot be written.
    pub fn prepare(target: &Path) -> Result<Self, Error> {
        Self { target: target.to_owned(), public: false }.probed()
    }

    /// As [`File::prepare`], for others to read as far as the umask lets them: a collector runs as somebody else.
    ///
    /// # Errors
    /// As [`File::prepare`].
    pub fn prepare_public(target: &Path) -> Result<Self, Error> {
        Self { target: target.to_owned(), public: true }.probed()
    }

    fn probed(self) -> Result<Self, Error> {
        self.check()?;
        self.clean();
        // Removed again at once, so that a run that is killed later leaves nothing behind.
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

    /// Removes unfinished files that killed runs left in the folder. Whoever writes one holds its lock.
    fn clean(&self) {
        for entry in std::fs::read_dir(self.folder()).into_iter().flatten().flatten() {
            let name = entry.file_name();
            let name = name.as_encoded_bytes();
            let drawn = name.strip_prefix(PREFIX.as_bytes()).and_then(|name| name.strip_suffix(SUFFIX.as_bytes()));
            let is_named = drawn.is_some_and(files::is_random_name);
            if !is_named || !entry.metadata().is_ok_and(|there| there.is_file() && !files::has_other_names(&there)) {
                continue;
            }
            // A failure leaves a file that does no harm; the next run tries again.
            if files::open(&entry.path()).is_ok_and(|file| file.try_lock().is_ok()) {
                let _ = std::fs::remove_file(entry.path());
            }
        }
    }

    /// A new unfinished file, locked as long as it is open.
    fn temporary(&self) -> Result<tempfile::NamedTempFile, Error> {
        let mut builder = tempfile::Builder::new();
        // The collector reads files that end with .prom, so the unfinished one must not.
        builder.prefix(PREFIX).suffix(SUFFIX);
        #[cfg(unix)]
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(if self.public { 0o666 } else { 0o600 }));
        loop {
            let file = builder.tempfile_in(self.folder()).map_err(|source| self.failed(&source))?;
            // Not every file system has locks. Another run may have taken the file for one that was left, just before.
            let is_locked = !matches!(file.as_file().try_lock(), Err(std::fs::TryLockError::WouldBlock));
            if is_locked && file.path().symlink_metadata().is_ok() {
                return Ok(file);
            }
        }
    }

    /// What the file held before, where there was one.
    ///
    /// # Errors
    /// When it cannot be read, is no text, or is larger than any file of ours.
    pub fn previous(&self) -> Result<Option<String>, std::io::Error> {
        match files::read_text(&self.target, MAX_PREVIOUS) {
            Ok(text) => Ok(Some(text)),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Puts the content in the file's place.
    ///
    /// # Errors
    /// When the disk says no; a former file is then still in its place.
    pub fn write(self, content: &[u8]) -> Result<(), Error> {
        let temporary = self.written(content)?;
        self.check()?;
        temporary.persist(&self.target).map_err(|error| cannot_write(&self.target, &error.error))?;
        Ok(())
    }

    /// As [`File::write`], and only where there is no former file.
    ///
    /// # Errors
    /// As [`File::write`], and when there is one.
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
