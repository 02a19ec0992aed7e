//! The temporary folders of runs under way, marked as ours, and what becomes of those that a killed run left.
//!
//! Beside a target `NAME` stands `.NAME.unfinished-…`: a marker and a folder with the run (`new`), which takes the target's
//! place in one step where the file system can exchange two names; the former run then has the name `new` and is removed.
//! Where it cannot, the former run is moved to `former` first, and the next start moves it back if the run was killed in
//! between.
//!
//! Inside a run whose outputs are made again stands `.tieout.unfinished-…`: a marker and the new files. Its list of digests
//! is written last: from then on the next start finishes what a killed run began, and until then it takes it back.
//!
//! Must not know: what the files hold.

#![expect(clippy::disallowed_methods, reason = "this file makes and removes temporary folders")]

use std::ffi::OsString;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard};

use super::owned::{self, Names, Sums};
use super::{DIGESTS, cannot_write};
use crate::error::Error;
use crate::files;

/// The file that marks a temporary folder as ours.
const MARKER: &str = "tieout-unfinished";
/// The run being written, or the former run after the exchange.
const NEW: &str = "new";
/// The former run, where names cannot be exchanged.
const PREVIOUS: &str = "former";
/// How the name of a temporary folder inside a run begins.
const INSIDE: &str = ".tieout.unfinished-";

/// What the marker inside a run names: the run may be renamed meanwhile.
const THIS: &str = "the folder around";

/// The temporary folder of the run under way, so that an interrupt can take it away.
static UNFINISHED: Mutex<Option<PathBuf>> = Mutex::new(None);

/// Takes away what an interrupted run has written so far. The process must end afterwards: whoever wants to finish or to
/// give up the run waits from here on.
pub fn abandon() {
    if let Ok(mut unfinished) = UNFINISHED.lock() {
        if let Some(path) = unfinished.take() {
            discard(&path);
        }
        std::mem::forget(unfinished);
        files::release_all();
    }
}

/// Removes a temporary folder that this process made. The marker goes last: what cannot be removed is still known as ours.
fn discard(path: &Path) {
    // Another thread may still be writing into it. Nothing can be done about a failure: the next run tries again.
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

/// Makes a folder that only its owner can look into; never wider than the umask.
///
/// # Errors
/// When something of that name exists, or the disk says no.
pub fn private_folder(path: &Path) -> std::io::Result<()> {
    #[cfg_attr(not(unix), expect(unused_mut, reason = "only Unix has modes"))]
    let mut builder = std::fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

/// Makes a file that only its owner can read; never wider than the umask.
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

/// The path under which every run locks a target, however the user names it; its folder must be there.
pub(super) fn canonical(target: &Path) -> Result<PathBuf, Error> {
    let failed = |source: std::io::Error| cannot_write(target, &source);
    match split(target) {
        Ok((parent, name)) => Ok(std::fs::canonicalize(parent).map_err(failed)?.join(name)),
        // `.` and `..` have no name of their own.
        Err(error) => std::fs::canonicalize(target).map_err(|_| error),
    }
}

/// What the marker says.
fn mark(name: &std::ffi::OsStr) -> String {
    format!("tieout: unfinished outputs for {}\n", name.to_string_lossy())
}

/// A temporary folder of this run.
#[derive(Debug)]
pub(super) struct Staging {
    path: PathBuf,
    /// Whether it stays for the next start, should this run not get to its end.
    kept: bool,
}

impl Staging {
    /// Beside a target, with a folder for the run in it.
    pub(super) fn next_to(parent: &Path, name: &std::ffi::OsStr) -> std::io::Result<Self> {
        let staging = Self::make(parent, &prefix(name), name)?;
        private_folder(&staging.run())?;
        Ok(staging)
    }

    /// Inside a run; `folder` is its canonical path.
    pub(super) fn inside(folder: &Path) -> std::io::Result<Self> {
        Self::make(folder, INSIDE.as_ref(), THIS.as_ref())
    }

    fn make(parent: &Path, prefix: &std::ffi::OsStr, name: &std::ffi::OsStr) -> std::io::Result<Self> {
        // Held until the folder is known to the interrupt.
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

    /// Where files are put that will take the place of others.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// The folder of the run being written.
    pub(super) fn run(&self) -> PathBuf {
        self.path.join(NEW)
    }

    /// Writes the list of digests of the run, which is the last of its files.
    pub(super) fn list(&self, sums: &Sums) -> std::io::Result<()> {
        commit(&self.path, &self.run(), sums)
    }

    /// Puts the run in its place, where nothing stands yet.
    pub(super) fn place(&mut self, target: &Path) -> std::io::Result<()> {
        let mut unfinished = unfinished();
        rename_to_nothing(&self.run(), target)?;
        self.remove_marker(&mut unfinished);
        Ok(())
    }

    /// Puts the run in the place of a former one, and removes that. An error in words says why the former run may not be
    /// replaced any more.
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
                // Somebody may have come in since it was looked at first.
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
        // The run is in its place. What cannot be removed now is removed by the next one.
        if owned::remove(&previous, names).is_ok() {
            self.remove_marker(&mut unfinished);
        }
        Ok(())
    }

    /// Puts the staged files in the place of those of a run, from which point on nothing is taken back.
    pub(super) fn apply(&mut self, folder: &Path, names: Names, sums: &Sums, force: bool) -> std::io::Result<()> {
        let mut unfinished = unfinished();
        // An interrupt that comes now waits; a kill leaves it to the next start.
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
        // Waits for ever where an interrupt has taken the folder away.
        let mut unfinished = unfinished();
        if !self.kept {
            discard(&self.path);
        }
        *unfinished = None;
    }
}

/// Why a former run was not replaced.
#[derive(Debug)]
pub(super) enum Replacing {
    /// It may not be.
    Refused(String),
    /// The disk said no.
    Failed(std::io::Error),
}

fn unfinished() -> MutexGuard<'static, Option<PathBuf>> {
    UNFINISHED.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// How the name of a temporary folder beside a target begins.
fn prefix(name: &std::ffi::OsStr) -> OsString {
    let mut prefix = OsString::from(".");
    prefix.push(name);
    prefix.push(".unfinished-");
    prefix
}

/// Gives each of two names what the other one has, in one step.
#[cfg(any(target_os = "linux", target_os = "android", target_vendor = "apple"))]
fn exchange(one: &Path, other: &Path) -> std::io::Result<()> {
    use rustix::fs::{CWD, RenameFlags, renameat_with};
    Ok(renameat_with(CWD, one, CWD, other, RenameFlags::EXCHANGE)?)
}

#[cfg(not(any(target_os = "linux", target_os = "android", target_vendor = "apple")))]
fn exchange(_one: &Path, _other: &Path) -> std::io::Result<()> {
    Err(std::io::ErrorKind::Unsupported.into())
}

/// Whether the file system or the kernel has no exchange.
fn cannot_exchange(error: &std::io::Error) -> bool {
    use std::io::ErrorKind::{InvalidInput, Unsupported};
    matches!(error.kind(), InvalidInput | Unsupported)
}

/// Renames a folder to a name that nothing has.
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

/// Writes the list of digests of files in a folder, whose presence says that all of them are whole.
fn commit(staging: &Path, folder: &Path, sums: &Sums) -> std::io::Result<()> {
    let mut file = tempfile::Builder::new().prefix(DIGESTS).tempfile_in(staging)?;
    file.write_all(owned::list(sums).as_bytes())?;
    file.persist(folder.join(DIGESTS)).map_err(|error| error.error)?;
    Ok(())
}

/// Puts staged files in their place, the list of digests last. A file that somebody has changed meanwhile stays as it is,
/// unless `force`, and keeps its former digest.
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

/// The temporary folders in `parent` whose names begin so, each with whether its marker says that it is ours.
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

/// Whether nobody but its owner can look into a folder, as is the case with those that we make.
#[cfg(unix)]
fn is_private(entry: &std::fs::DirEntry) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    entry.metadata().is_ok_and(|metadata| metadata.mode() & 0o077 == 0)
}

#[cfg(not(unix))]
const fn is_private(_entry: &std::fs::DirEntry) -> bool {
    true
}

/// Finishes or takes back what killed runs began with a target, and removes what they left. The caller holds its lock.
pub(super) fn clean(target: &Path, names: Names) -> std::io::Result<()> {
    let canonical = canonical(target).map_err(|error| std::io::Error::other(error.to_string()))?;
    let (Some(parent), Some(name)) = (canonical.parent(), canonical.file_name()) else { return Ok(()) };
    for (path, is_ours) in leftovers(parent, &prefix(name), name) {
        if !is_ours {
            // A run that was killed before it wrote its marker, or after it took that away.
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

/// Removes a temporary folder without a marker if it is empty and has a name of our making.
fn remove_if_empty(path: &Path, prefix: &std::ffi::OsStr) {
    let name = path.file_name().unwrap_or_default().as_encoded_bytes();
    if name.strip_prefix(prefix.as_encoded_bytes()).is_some_and(files::is_random_name) {
        // Refused by the system where there is something in it, which is as it should be.
        let _ = std::fs::remove_dir(path);
    }
}

/// Removes lists of digests that were not written to their end.
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

/// Whether a target has leftovers of killed runs, or of one under way.
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

/// Whether a temporary folder holds nothing but its marker and these folders.
fn only(path: &Path, folders: &[&str]) -> bool {
    let known = |entry: std::io::Result<std::fs::DirEntry>| {
        entry.is_ok_and(|entry| {
            let (name, kind) = (entry.file_name(), entry.file_type());
            name == MARKER || kind.is_ok_and(|kind| kind.is_dir()) && folders.iter().any(|folder| name == *folder)
        })
    };
    std::fs::read_dir(path).is_ok_and(|mut entries| entries.all(known))
}

/// Whether a run in a temporary folder may be removed: not there, half-written by us, or a former run that nobody has
/// changed.
fn is_removable(run: &Path, names: Names) -> bool {
    if !is_folder(run) {
        return run.symlink_metadata().is_err();
    }
    let Ok(sums) = owned::sums(run) else { return false };
    owned::foreign(run, names, sums.as_ref()).is_ok_and(|foreign| foreign.is_empty())
}

#[cfg(test)]
mod tests;
