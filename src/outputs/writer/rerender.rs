//! Renders files of a finished run again: all of them, or none.
//!
//! Must not know: the content of the files.

#![expect(clippy::disallowed_methods, reason = "this file writes into the folder of a finished run")]

use std::path::{Path, PathBuf};
use std::sync::Mutex;

use super::owned::{self, Names, Sums};
use super::staging::{self, Staging, private_file};
use super::{DIGESTS, Digests, OutputSink, Unfinished, cannot_write};
use crate::error::Error;
use crate::files::Lock;

/// Files of a finished run that are rendered again. They replace the old ones when all are complete; if the process is
/// killed meanwhile, the next start finishes that ([`recover`](super::recover)).
#[derive(Debug)]
pub struct Rerender {
    /// As named by the user.
    folder: PathBuf,
    /// Its canonical path.
    canonical: PathBuf,
    digests: Digests,
    /// The digests of the folder's current files.
    previous: Sums,
    names: Names,
    force: bool,
    // Dropped before the lock.
    staging: Staging,
    _lock: Lock,
}

impl Rerender {
    /// Opens the folder of a finished run to render some of its files again. `names` are those of all files that a run
    /// writes, of which `again` will be replaced. A file changed since is replaced only with `force`, because it may
    /// contain the user's work.
    ///
    /// # Errors
    /// If one of the files was changed, another run is writing there, or the folder cannot be read or written.
    pub fn prepare(folder: &Path, names: Names, again: &[&str], force: bool) -> Result<Self, Error> {
        let failed = |source: std::io::Error| cannot_write(folder, &source);
        let canonical =
            std::fs::canonicalize(folder).map_err(|source| Error::Unreadable { path: folder.to_owned(), source })?;
        let lock = Lock::new(&canonical)?;
        staging::clean(&canonical, names).map_err(failed)?;
        let path = folder.join(DIGESTS);
        let list = owned::sums(&canonical).map_err(|source| Error::Unreadable { path: path.clone(), source })?;
        let previous = list.ok_or_else(|| Error::Unreadable { path, source: std::io::ErrorKind::NotFound.into() })?;
        for name in again {
            unchanged(folder, name, &previous, force)?;
        }
        let staging = Staging::inside(&canonical).map_err(failed)?;
        let digests = Mutex::new(previous.clone());
        Ok(Self { folder: folder.to_owned(), canonical, digests, previous, names, force, staging, _lock: lock })
    }

    /// Moves the files and the list of digests to their final paths.
    ///
    /// # Errors
    /// If one of the files was changed meanwhile, or a file cannot be written.
    pub fn finish(mut self) -> Result<PathBuf, Error> {
        let digests = self.digests.get_mut().map(std::mem::take).unwrap_or_default();
        for name in
            digests.iter().filter(|(name, digest)| self.previous.get(*name) != Some(digest)).map(|(name, _)| name)
        {
            unchanged(&self.folder, name, &self.previous, self.force)?;
        }
        self.staging
            .apply(&self.canonical, self.names, &digests, self.force)
            .map_err(|source| cannot_write(&self.folder, &source))?;
        Ok(self.folder)
    }
}

/// Refuses a file that was changed since tieout wrote it.
fn unchanged(folder: &Path, name: &str, sums: &Sums, force: bool) -> Result<(), Error> {
    let path = folder.join(name);
    match path.symlink_metadata() {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        Err(source) => return Err(Error::Unreadable { path, source }),
        Ok(metadata) if !metadata.is_file() => {
            return Err(Error::Output {
                path,
                what: "is not a regular file, and is not replaced".to_owned(),
                next: "move it away, or name another folder with --out".to_owned(),
            });
        }
        Ok(_) => {}
    }
    let digest = owned::digest(&path).map_err(|source| Error::Unreadable { path: path.clone(), source })?;
    if force || digest.as_ref() == sums.get(name) {
        return Ok(());
    }
    Err(Error::Output {
        path,
        what: "was changed since tieout wrote it, and is not replaced".to_owned(),
        next:
            "read an analyst's work back with `tieout review FILE`, then use --force; or name another folder with --out"
                .to_owned(),
    })
}

impl OutputSink for Rerender {
    fn begin(&self, name: &str) -> Result<Unfinished<'_>, Error> {
        let target = self.folder.join(name);
        let file = private_file(&self.staging.path().join(name)).map_err(|source| cannot_write(&target, &source))?;
        Ok(Unfinished::new(name, &target, file, &self.digests))
    }

    fn temporary_folder(&self) -> &Path {
        self.staging.path()
    }
}
