//! The temporary folders of active runs, marked as tieout's, and the recovery of those that a killed run left.
//!
//! Next to a target `NAME` is `.NAME.unfinished-…`: a marker and a folder with the run (`new`), which replaces the
//! target in one step if the file system can exchange two names; the previous run then has the name `new` and is
//! removed. If it cannot, the previous run is moved to `former` first, and the next start moves it back if the run was
//! killed in between.
//!
//! Inside a run whose outputs are rendered again is `.tieout.unfinished-…`: a marker and the new files. Its list of
//! digests is written last: from then on the next start finishes what a killed run began, and until then it reverts it.
//!
//! Must not know: the content of the files.

#![expect(clippy::disallowed_methods, reason = "this file makes and removes temporary folders")]

use std::ffi::OsString;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard};

use super::owned::{self, Names, Sums};
use super::{DIGESTS, cannot_write};
use crate::error::Error;
use crate::files;

/// File that marks a temporary folder as tieout's.
const MARKER: &str = "tieout-unfinished";
/// The run being written, or the previous run after the exchange.
const NEW: &str = "new";
/// The previous run, if names cannot be exchanged.
const PREVIOUS: &str = "former";
/// Prefix of a temporary folder's name inside a run.
const INSIDE: &str = ".tieout.unfinished-";

/// Target named by the marker inside a run, which may be renamed meanwhile.
const THIS: &str = "the folder around";

/// The temporary folder of the active run, for removal on interrupt.
static UNFINISHED: Mutex<Option<PathBuf>> = Mutex::new(None);

/// Removes what an interrupted run has written so far. The process must end afterwards: any thread that tries to finish
/// or drop the run blocks from here on.
pub fn abandon() {
    if let Ok(mut unfinished) = UNFINISHED.lock() {
        if let Some(path) = unfinished.take() {
            discard(&path);
        }
        std::mem::forget(unfinished);
        files::release_all();
    }
}

/// Removes a temporary folder that this process made. The marker goes last: a remaining folder is still recognized as
/// tieout's.
fn discard(path: &Path) {
    // Another thread may still be writing into it. A failure is ignored: the next run tries again.
    for _ in 0..3 {
        let entries = std::fs::read_dir(path).into_iter().flatten().flatten();
        for entry in entries.filter(|entry| entry.file_name() != MARKER) {
            let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
            let _ = if is_folder { std::fs::remove_dir_all(entry.path()) } else { std::fs::remove_file(entry.path()) };
        }
    }
    if std::fs::read_dir(path).is_ok_and(|entries| entries.count() == 1) {
        let _ = std::fs::remove_file(path.join(MARKER));
        let _ = std::fs::remove_dir(path);
    }
}

/// Creates a folder that only its owner can access; never wider than the umask.
///
/// # Errors
/// If the name is taken, or the folder cannot be created.
pub fn private_folder(path: &Path) -> std::io::Result<()> {
    #[cfg_attr(not(unix), expect(unused_mut, reason = "only Unix has modes"))]
    let mut builder = std::fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

/// Creates a file that only its owner can read; never wider than the umask.
pub(super) fn private_file(path: &Path) -> std::io::Result<std::fs::File> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// Folder and name of a target.
pub(super) fn split(target: &Path) -> Result<(&Path, &std::ffi::OsStr), Error> {
    let name = target.file_name().ok_or_else(|| Error::Output {
        path: target.to_owned(),
        what: "is not a name for a folder".to_owned(),
        next: "name a folder with --out".to_owned(),
    })?;
    let parent = match target.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    Ok((parent, name))
}

/// The path under which every run locks a target, however the user names it; its folder must exist.
pub(super) fn canonical(target: &Path) -> Result<PathBuf, Error> {
    let failed = |source: std::io::Error| cannot_write(target, &source);
    match split(target) {
        Ok((parent, name)) => Ok(std::fs::canonicalize(parent).map_err(failed)?.join(name)),
        // `.` and `..` have no name of their own.
        Err(error) => std::fs::canonicalize(target).map_err(|_| error),
    }
}

/// Content of the marker.
fn mark(name: &std::ffi::OsStr) -> String {
    format!("tieout: unfinished outputs for {}\n", name.to_string_lossy())
}

/// A temporary folder of this run.
#[derive(Debug)]
pub(super) struct Staging {
    path: PathBuf,
    /// Whether to keep it for the next start if this run does not finish.
    kept: bool,
}

impl Staging {
    /// Creates one next to a target, containing a run folder.
    pub(super) fn next_to(parent: &Path, name: &std::ffi::OsStr) -> std::io::Result<Self> {
        let staging = Self::make(parent, &prefix(name), name)?;
        private_folder(&staging.run())?;
        Ok(staging)
    }

    /// Creates one inside a run; `folder` is its canonical path.
    pub(super) fn inside(folder: &Path) -> std::io::Result<Self> {
        Self::make(folder, INSIDE.as_ref(), THIS.as_ref())
    }

    fn make(parent: &Path, prefix: &std::ffi::OsStr, name: &std::ffi::OsStr) -> std::io::Result<Self> {
        // Held until the folder is registered for the interrupt.
        let mut unfinished = unfinished();
        let mut builder = tempfile::Builder::new();
        builder.prefix(prefix);
        #[cfg(unix)]
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o700));
        let path = builder.tempdir_in(parent)?.keep();
        let marker = path.join(MARKER);
        let marked = private_file(&marker).and_then(|mut file| file.write_all(mark(name).as_bytes()));
        if let Err(error) = marked {
            let _ = std::fs::remove_file(marker);
            let _ = std::fs::remove_dir(path);
            return Err(error);
        }
        *unfinished = Some(path.clone());
        drop(unfinished);
        Ok(Self { path, kept: false })
    }

    /// Folder for files that will replace others.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Folder of the run being written.
    pub(super) fn run(&self) -> PathBuf {
        self.path.join(NEW)
    }

    /// Writes the run's list of digests, the last of its files.
    pub(super) fn list(&self, sums: &Sums) -> std::io::Result<()> {
        commit(&self.path, &self.run(), sums)
    }

    /// Moves the run to its target, which must not exist yet.
    pub(super) fn place(&mut self, target: &Path) -> std::io::Result<()> {
        let mut unfinished = unfinished();
        rename_to_nothing(&self.run(), target)?;
        self.remove_marker(&mut unfinished);
        Ok(())
    }

    /// Replaces a previous run, and removes it. An error in words says why the previous run may no longer be replaced.
    pub(super) fn replace(&mut self, target: &Path, names: Names) -> Result<(), Replacing> {
        self.replace_by(exchange, target, names)
    }

    fn replace_by(
        &mut self,
        exchange: fn(&Path, &Path) -> std::io::Result<()>,
        target: &Path,
        names: Names,
    ) -> Result<(), Replacing> {
        let mut unfinished = unfinished();
        let new = self.run();
        self.kept = true;
        let previous = match exchange(&new, target) {
            Ok(()) => {
                // Files may have been added since the first check.
                if let Err(why) = owned::check(&new, names) {
                    exchange(&new, target).map_err(Replacing::Failed)?;
                    self.kept = false;
                    return Err(Replacing::Refused(why));
                }
                new
            }
            Err(error) if cannot_exchange(&error) => {
                self.kept = false;
                owned::check(target, names).map_err(Replacing::Refused)?;
                let previous = self.path.join(PREVIOUS);
                self.kept = true;
                std::fs::rename(target, &previous).map_err(Replacing::Failed)?;
                if let Err(error) = rename_to_nothing(&new, target) {
                    rename_to_nothing(&previous, target).map_err(Replacing::Failed)?;
                    self.kept = false;
                    return Err(Replacing::Failed(error));
                }
                previous
            }
            Err(error) => {
                self.kept = false;
                return Err(Replacing::Failed(error));
            }
        };
        // The run is complete. The next one removes what cannot be removed now.
        if owned::remove(&previous, names).is_ok() {
            self.remove_marker(&mut unfinished);
        }
        Ok(())
    }

    /// Replaces files of a run by the staged ones, after which nothing is reverted.
    pub(super) fn apply(&mut self, folder: &Path, names: Names, sums: &Sums, force: bool) -> std::io::Result<()> {
        let mut unfinished = unfinished();
        // An interrupt from here on waits; after a kill the next start finishes.
        *unfinished = None;
        commit(&self.path, &self.path, sums)?;
        self.kept = true;
        apply(&self.path, folder, names, force)?;
        self.remove_marker(&mut unfinished);
        Ok(())
    }

    fn remove_marker(&mut self, unfinished: &mut MutexGuard<'_, Option<PathBuf>>) {
        self.kept = true;
        **unfinished = None;
        let _ = std::fs::remove_file(self.path.join(MARKER));
        let _ = std::fs::remove_dir(&self.path);
    }
}

impl Drop for Staging {
    fn drop(&mut self) {
        // Blocks forever if an interrupt has removed the folder.
        let mut unfinished = unfinished();
        if !self.kept {
            discard(&self.path);
        }
        *unfinished = None;
    }
}

/// Why a previous run was not replaced.
#[derive(Debug)]
pub(super) enum Replacing {
    /// It may not be replaced.
    Refused(String),
    /// A file operation failed.
    Failed(std::io::Error),
}

fn unfinished() -> MutexGuard<'static, Option<PathBuf>> {
    UNFINISHED.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// Prefix of a temporary folder's name next to a target.
fn prefix(name: &std::ffi::OsStr) -> OsString {
    let mut prefix = OsString::from(".");
    prefix.push(name);
    prefix.push(".unfinished-");
    prefix
}

/// Exchanges two names in one step.
#[cfg(any(target_os = "linux", target_os = "android", target_vendor = "apple"))]
fn exchange(one: &Path, other: &Path) -> std::io::Result<()> {
    use rustix::fs::{CWD, RenameFlags, renameat_with};
    Ok(renameat_with(CWD, one, CWD, other, RenameFlags::EXCHANGE)?)
}

#[cfg(not(any(target_os = "linux", target_os = "android", target_vendor = "apple")))]
fn exchange(_one: &Path, _other: &Path) -> std::io::Result<()> {
    Err(std::io::ErrorKind::Unsupported.into())
}

/// Whether the file system or the kernel does not support the exchange.
fn cannot_exchange(error: &std::io::Error) -> bool {
    use std::io::ErrorKind::{InvalidInput, Unsupported};
    matches!(error.kind(), InvalidInput | Unsupported)
}

/// Renames a folder to an unused name.
fn rename_to_nothing(from: &Path, to: &Path) -> std::io::Result<()> {
    #[cfg(any(target_os = "linux", target_os = "android", target_vendor = "apple"))]
    {
        use rustix::fs::{CWD, RenameFlags, renameat_with};
        match renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE).map_err(std::io::Error::from) {
            Err(error) if cannot_exchange(&error) => {}
            result => return result,
        }
    }
    if to.symlink_metadata().is_ok() {
        return Err(std::io::ErrorKind::AlreadyExists.into());
    }
    std::fs::rename(from, to)
}

/// Writes the list of digests of files in a folder, whose presence means that all of them are complete.
fn commit(staging: &Path, folder: &Path, sums: &Sums) -> std::io::Result<()> {
    let mut file = tempfile::Builder::new().prefix(DIGESTS).tempfile_in(staging)?;
    file.write_all(owned::list(sums).as_bytes())?;
    file.persist(folder.join(DIGESTS)).map_err(|error| error.error)?;
    Ok(())
}

/// Moves staged files to their final paths, the list of digests last. A file changed meanwhile stays, unless `force` is
/// set, and keeps its previous digest.
fn apply(staging: &Path, folder: &Path, names: Names, force: bool) -> std::io::Result<()> {
    let previous = owned::sums(folder)?.unwrap_or_default();
    let mut sums = owned::sums(staging)?.unwrap_or_default();
    let mut kept = false;
    for name in names {
        let (staged, target) = (staging.join(name), folder.join(name));
        if !is_file(&staged) {
            continue;
        }
        let replaced = match target.symlink_metadata() {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => true,
            Err(error) => return Err(error),
            Ok(metadata) if !metadata.is_file() => false,
            Ok(_) => {
                let there = owned::digest(&target)?;
                force || there.as_ref() == previous.get(*name) || there.as_ref() == sums.get(*name)
            }
        };
        if replaced {
            std::fs::rename(&staged, &target)?;
        } else {
            std::fs::remove_file(&staged)?;
            kept = true;
            match previous.get(*name) {
                Some(digest) => sums.insert((*name).to_owned(), digest.clone()),
                None => sums.remove(*name),
            };
        }
    }
    if kept {
        commit(staging, staging, &sums)?;
    }
    std::fs::rename(staging.join(DIGESTS), folder.join(DIGESTS))
}

/// Temporary folders in `parent` with this prefix, each with whether its marker identifies it as tieout's.
fn leftovers(parent: &Path, prefix: &std::ffi::OsStr, name: &std::ffi::OsStr) -> Vec<(PathBuf, bool)> {
    let entries = std::fs::read_dir(parent).into_iter().flatten().flatten();
    let ours = |path: &Path| {
        let marker = path.join(MARKER);
        is_file(&marker) && files::read_text(&marker, 4_096).is_ok_and(|text| text == mark(name))
    };
    entries
        .filter(|entry| entry.file_name().as_encoded_bytes().starts_with(prefix.as_encoded_bytes()))
        .filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()) && is_private(entry))
        .map(|entry| (entry.path(), ours(&entry.path())))
        .collect()
}

/// Whether only its owner can access a folder, as with those that tieout makes.
#[cfg(unix)]
fn is_private(entry: &std::fs::DirEntry) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    entry.metadata().is_ok_and(|metadata| metadata.mode() & 0o077 == 0)
}

#[cfg(not(unix))]
const fn is_private(_entry: &std::fs::DirEntry) -> bool {
    true
}

/// Finishes or reverts what killed runs began with a target, and removes their leftovers. The caller holds its lock.
pub(super) fn clean(target: &Path, names: Names) -> std::io::Result<()> {
    let canonical = canonical(target).map_err(|error| std::io::Error::other(error.to_string()))?;
    let (Some(parent), Some(name)) = (canonical.parent(), canonical.file_name()) else { return Ok(()) };
    for (path, is_ours) in leftovers(parent, &prefix(name), name) {
        if !is_ours {
            // The run was killed before it wrote its marker, or after removing it.
            remove_if_empty(&path, &prefix(name));
            continue;
        }
        let (new, previous) = (path.join(NEW), path.join(PREVIOUS));
        if is_folder(&previous) && canonical.symlink_metadata().is_err() {
            rename_to_nothing(&previous, &canonical)?;
        }
        remove_parts(&path)?;
        let removable =
            only(&path, &[NEW, PREVIOUS]) && [&new, &previous].into_iter().all(|run| is_removable(run, names));
        if removable {
            for run in [new, previous].iter().filter(|run| is_folder(run)) {
                owned::remove(run, names)?;
            }
            std::fs::remove_file(path.join(MARKER))?;
            std::fs::remove_dir(&path)?;
        }
    }
    if !is_folder(&canonical) {
        return Ok(());
    }
    for (path, is_ours) in leftovers(&canonical, INSIDE.as_ref(), THIS.as_ref()) {
        if !is_ours {
            remove_if_empty(&path, INSIDE.as_ref());
            continue;
        }
        if is_file(&path.join(DIGESTS)) {
            apply(&path, &canonical, names, false)?;
        }
        for name in names {
            if is_file(&path.join(name)) {
                std::fs::remove_file(path.join(name))?;
            }
        }
        remove_parts(&path)?;
        if only(&path, &[]) {
            std::fs::remove_file(path.join(MARKER))?;
            std::fs::remove_dir(&path)?;
        }
    }
    Ok(())
}

/// Removes an empty temporary folder without a marker, if its name has tieout's prefix.
fn remove_if_empty(path: &Path, prefix: &std::ffi::OsStr) {
    let name = path.file_name().unwrap_or_default().as_encoded_bytes();
    if name.strip_prefix(prefix.as_encoded_bytes()).is_some_and(files::is_random_name) {
        // Fails, as it should, if the folder is not empty.
        let _ = std::fs::remove_dir(path);
    }
}

/// Removes incomplete lists of digests.
fn remove_parts(staging: &Path) -> std::io::Result<()> {
    for entry in std::fs::read_dir(staging)? {
        let entry = entry?;
        let name = entry.file_name();
        if entry.file_type()?.is_file() && name.to_string_lossy().starts_with(DIGESTS) {
            std::fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

/// Whether a target has leftovers of killed runs, or an active one.
pub(super) fn has_leftovers(target: &Path) -> bool {
    let Ok(canonical) = canonical(target) else { return false };
    let (Some(parent), Some(name)) = (canonical.parent(), canonical.file_name()) else { return false };
    !leftovers(parent, &prefix(name), name).is_empty()
        || is_folder(&canonical) && !leftovers(&canonical, INSIDE.as_ref(), THIS.as_ref()).is_empty()
}

fn is_file(path: &Path) -> bool {
    path.symlink_metadata().is_ok_and(|metadata| metadata.is_file())
}

fn is_folder(path: &Path) -> bool {
    path.symlink_metadata().is_ok_and(|metadata| metadata.is_dir())
}

/// Whether a temporary folder contains only its marker and these folders.
fn only(path: &Path, folders: &[&str]) -> bool {
    let known = |entry: std::io::Result<std::fs::DirEntry>| {
        entry.is_ok_and(|entry| {
            let (name, kind) = (entry.file_name(), entry.file_type());
            name == MARKER || kind.is_ok_and(|kind| kind.is_dir()) && folders.iter().any(|folder| name == *folder)
        })
    };
    std::fs::read_dir(path).is_ok_and(|mut entries| entries.all(known))
}

/// Whether a run in a temporary folder may be removed: missing, half-written by tieout, or an unchanged previous run.
fn is_removable(run: &Path, names: Names) -> bool {
    if !is_folder(run) {
        return run.symlink_metadata().is_err();
    }
    let Ok(sums) = owned::sums(run) else { return false };
    owned::foreign(run, names, sums.as_ref()).is_ok_and(|foreign| foreign.is_empty())
}

#[cfg(test)]
mod tests;
