//! Rules for all reading and writing of files: regular files only, every size bounded, and only one run at a time per
//! target.
//!
//! A pipe, a device or a socket blocks or never ends, so none is opened as a file.
//!
//! Must not know: what the files hold.

#![expect(clippy::disallowed_methods, reason = "this module opens files for the others")]

use std::fs::{File, FileType, Metadata, OpenOptions, TryLockError};
use std::io::{Error, ErrorKind, Read as _, Seek as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::error;

/// Opens a regular file for reading, following links.
///
/// # Errors
/// If it cannot be opened, or is not a regular file ([`ErrorKind::InvalidInput`], with a text that says what it is).
pub fn open(path: &Path) -> Result<File, Error> {
    // Check first: opening a device or the other end of a pipe can already have side effects.
    refuse_unless_regular(std::fs::metadata(path)?.file_type())?;
    let mut options = OpenOptions::new();
    options.read(true);
    without_waiting(&mut options, true);
    let file = options.open(path)?;
    let metadata = file.metadata()?;
    refuse_unless_regular(metadata.file_type())?;
    if metadata.len() == 0 {
        refuse_unless_empty(&file)?;
    }
    Ok(file)
}

/// Rejects a file whose size is 0 but that yields bytes, like files of `/proc`: it may never end, and no limit on file
/// size applies to it.
fn refuse_unless_empty(mut file: &File) -> Result<(), Error> {
    // Some of these files can only be read in multiples of eight bytes.
    let mut first = [0; 1 << 12];
    match file.read(&mut first) {
        Ok(0) => Ok(()),
        Ok(_) => Err(Error::new(
            ErrorKind::InvalidInput,
            "is not a regular file: its size is 0, but it yields bytes, as files of /proc do",
        )),
        Err(error) if error.kind() == ErrorKind::Interrupted => refuse_unless_empty(file),
        Err(error) => Err(error),
    }
}

/// Reads a regular file of at most `most` bytes.
///
/// # Errors
/// Those of [`open`], and if the file is larger ([`ErrorKind::FileTooLarge`]).
pub fn read(path: &Path, most: u64) -> Result<Vec<u8>, Error> {
    let mut bytes = Vec::new();
    open(path)?.take(most.saturating_add(1)).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > most {
        return Err(Error::new(ErrorKind::FileTooLarge, format!("is larger than {most} bytes")));
    }
    Ok(bytes)
}

/// Reads a regular file of at most `most` bytes as text.
///
/// # Errors
/// Those of [`read`], and if it is not UTF-8 ([`ErrorKind::InvalidData`]).
pub fn read_text(path: &Path, most: u64) -> Result<String, Error> {
    String::from_utf8(read(path, most)?).map_err(|_| Error::new(ErrorKind::InvalidData, "is not valid UTF-8"))
}

fn refuse_unless_regular(kind: FileType) -> Result<(), Error> {
    let what = if kind.is_file() {
        return Ok(());
    } else if kind.is_dir() {
        "is a folder, not a file"
    } else if kind.is_symlink() {
        "is a link, not a file"
    } else {
        "is not a regular file (a pipe, a device or a socket)"
    };
    Err(Error::new(ErrorKind::InvalidInput, what))
}

/// Prevents an open from waiting for the other end of a pipe and, unless `follow`, from following a link.
#[cfg(unix)]
fn without_waiting(options: &mut OpenOptions, follow: bool) {
    use std::os::unix::fs::OpenOptionsExt as _;

    use rustix::fs::OFlags;

    let flags = OFlags::NONBLOCK | OFlags::NOCTTY | if follow { OFlags::empty() } else { OFlags::NOFOLLOW };
    // The flags of open(2) are small positive numbers.
    options.custom_flags(i32::try_from(flags.bits()).unwrap_or_default()).mode(0o600);
}

#[cfg(not(unix))]
const fn without_waiting(_options: &mut OpenOptions, _follow: bool) {}

/// Number of random characters that tempfile puts into the name of a temporary file or folder.
const RANDOM_CHARACTERS: usize = 6;

/// Whether a part of a name looks like the random part of tieout's temporary names.
#[must_use]
pub fn is_random_name(part: &[u8]) -> bool {
    part.len() == RANDOM_CHARACTERS && part.iter().all(u8::is_ascii_alphanumeric)
}

/// The start of a lock file; any other file of that name belongs to the user.
const MARK: &str = "tieout lock: ";

/// How often a lock file without a holder's name is read, every 5 ms, before its holder counts as unknown.
const MAX_ATTEMPTS: u32 = 100;

/// The lock files of this process, so that an interrupt can remove them.
static HELD: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());

/// Removes all lock files of this process. The process must end afterwards: taking or releasing a lock blocks from here
/// on.
pub fn release_all() {
    if let Ok(held) = HELD.lock() {
        for path in held.iter() {
            // Ignore failures: the process is ending, and a leftover file blocks nobody.
            let _ = std::fs::remove_file(path);
        }
        std::mem::forget(held);
    }
}

/// The right to write one file or folder, held by one run at a time. It is advisory: it keeps runs of tieout apart.
///
/// The lock is a file next to the target, `.NAME.lock`, which names its holder. It ends with the process, however that
/// ends; a leftover file blocks nobody.
#[derive(Debug)]
pub struct Lock {
    path: PathBuf,
    /// Open while the lock is held.
    file: File,
}

impl Lock {
    /// Takes the lock of a target, which need not exist yet; its folder must.
    ///
    /// # Errors
    /// If another run holds it (the message names that run's process and host), or if the file of that name is not a
    /// lock.
    pub fn new(target: &Path) -> Result<Self, error::Error> {
        Self::take(target)?.map_err(|by| error::Error::Output {
            path: target.to_owned(),
            what: format!("another run of tieout is writing here ({by})"),
            next: "wait until that run has ended, or name another place".to_owned(),
        })
    }

    /// Like [`Lock::new`]; `None` if another run holds the lock.
    ///
    /// # Errors
    /// If the file of that name is not a lock, or cannot be created.
    pub fn if_free(target: &Path) -> Result<Option<Self>, error::Error> {
        Ok(Self::take(target)?.ok())
    }

    /// The lock, or the run that holds it.
    fn take(target: &Path) -> Result<Result<Self, String>, error::Error> {
        let name = target.file_name().unwrap_or_default().to_string_lossy();
        let path = target.with_file_name(format!(".{name}.lock"));
        let mut attempts = 0;
        let mut lock = loop {
            attempts += 1;
            match Self::make(&path) {
                Ok(lock) => break lock,
                Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
                Err(source) => return Err(refused(&path, &source)),
            }
            match Self::of_file(&path, attempts >= MAX_ATTEMPTS)? {
                There::Left(lock) => break lock,
                There::Held(by) => return Ok(Err(by)),
                There::Gone => {}
                There::Empty => std::thread::sleep(Duration::from_millis(5)),
            }
        };
        let line = format!("{MARK}process {} on {}\n", std::process::id(), host());
        let file = &mut lock.file;
        // Not truncated first, since an empty file is not recognized as a lock. If the disk is full, the file is
        // removed again.
        let written =
            file.rewind().and_then(|()| file.write_all(line.as_bytes())).and_then(|()| file.set_len(line.len() as u64));
        written.map_err(|source| {
            let next = "make room or give write access here, or name another place";
            cannot(&path, format!("cannot be written: {source}"), next)
        })?;
        Ok(Ok(lock))
    }

    /// Creates the file, locked and still empty.
    fn make(path: &Path) -> Result<Self, Error> {
        let mut options = OpenOptions::new();
        options.read(true).write(true).create_new(true);
        without_waiting(&mut options, false);
        // Held until the file is registered for interrupts.
        let mut held = HELD.lock().unwrap_or_else(PoisonError::into_inner);
        let file = options.open(path)?;
        held.push(path.to_owned());
        drop(held);
        let lock = Self { path: path.to_owned(), file };
        match lock.file.try_lock() {
            Err(TryLockError::WouldBlock) => Err(ErrorKind::WouldBlock.into()),
            Err(TryLockError::Error(source)) if source.kind() != ErrorKind::Unsupported => Err(source),
            // Some file systems have no locks; a run there simply goes unprotected.
            _ => Ok(lock),
        }
    }

    /// Classifies an existing file at the lock's path; `is_last` if it will not be read again.
    fn of_file(path: &Path, is_last: bool) -> Result<There, error::Error> {
        let mut options = OpenOptions::new();
        options.read(true).write(true);
        without_waiting(&mut options, false);
        let file = match options.open(path) {
            Ok(file) => file,
            Err(error) if error.kind() == ErrorKind::NotFound && !is_last => return Ok(There::Gone),
            Err(source) => return Err(refused(path, &source)),
        };
        let metadata = file.metadata().map_err(|source| refused(path, &source))?;
        refuse_unless_regular(metadata.file_type()).map_err(|source| refused(path, &source))?;
        // The lock would overwrite the user's own file.
        if has_other_names(&metadata) {
            return Err(cannot(
                path,
                "is not a lock of tieout: it is a hard link, and the same file has another name".to_owned(),
                "move it away, or name another place",
            ));
        }
        let mut holder = String::new();
        // A file that is not text is not a tieout lock.
        let is_text = (&file).take(400).read_to_string(&mut holder).is_ok();
        if !is_text || !holder.is_empty() && !holder.starts_with(MARK) {
            return Err(cannot(path, "is not a lock of tieout".to_owned(), "move it away, or name another place"));
        }
        // tieout writes a line into a new lock at once, so a file that stays empty belongs to the user.
        if holder.is_empty() && is_last {
            return Err(cannot(
                path,
                "is empty, so it is not a lock of tieout".to_owned(),
                "remove it if it is not yours (a run that was killed just as it began may have left it), or name another place",
            ));
        }
        if holder.is_empty() {
            return Ok(There::Empty);
        }
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let by = holder.trim_end().strip_prefix(MARK).unwrap_or("another process").to_owned();
                return Ok(There::Held(by));
            }
            Err(TryLockError::Error(source)) if source.kind() == ErrorKind::Unsupported => {}
            Err(TryLockError::Error(source)) => return Err(refused(path, &source)),
        }
        // The previous holder may have removed the file between opening and locking.
        if !is_same(&file, path) {
            return Ok(There::Gone);
        }
        HELD.lock().unwrap_or_else(PoisonError::into_inner).push(path.to_owned());
        Ok(There::Left(Self { path: path.to_owned(), file }))
    }
}

/// What is at the lock's path.
enum There {
    /// A lock without a holder, now taken.
    Left(Lock),
    /// The lock of this run.
    Held(String),
    /// No longer anything.
    Gone,
    /// An empty file, which its creator may be about to write.
    Empty,
}

fn cannot(path: &Path, what: String, next: &str) -> error::Error {
    error::Error::Output { path: path.to_owned(), what, next: next.to_owned() }
}

fn refused(path: &Path, source: &Error) -> error::Error {
    let next = "check that you may write into this folder, or name another";
    cannot(path, format!("cannot be locked: {source}"), next)
}

impl Drop for Lock {
    fn drop(&mut self) {
        // While the lock is held nobody else removes the file; on failure, the leftover file blocks nobody.
        let _ = std::fs::remove_file(&self.path);
        if let Ok(mut held) = HELD.lock() {
            held.retain(|path| *path != self.path);
        }
    }
}

/// Whether a regular file has more than one name (hard links): the other one may belong to the user.
#[cfg(unix)]
#[must_use]
pub fn has_other_names(file: &Metadata) -> bool {
    use std::os::unix::fs::MetadataExt as _;

    file.is_file() && file.nlink() > 1
}

/// As on Unix; other systems do not report the number of names.
#[cfg(not(unix))]
#[must_use]
pub const fn has_other_names(_file: &Metadata) -> bool {
    false
}

/// Whether a path still refers to the open file.
#[cfg(unix)]
fn is_same(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt as _;

    let there = std::fs::symlink_metadata(path);
    let (Ok(open), Ok(there)) = (file.metadata(), there) else { return false };
    (open.dev(), open.ino()) == (there.dev(), there.ino())
}

/// An open file cannot be removed here.
#[cfg(not(unix))]
const fn is_same(_file: &File, _path: &Path) -> bool {
    true
}

/// The name of this machine, for a message.
fn host() -> String {
    #[cfg(unix)]
    let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
    #[cfg(not(unix))]
    let host = "this machine".to_owned();
    // It is part of a line in a file and of a message.
    host.chars().filter(|char| char.is_ascii_graphic()).take(80).collect()
}

/// Makes files created with these options readable only by the user: they hold personal data.
#[cfg(unix)]
pub fn only_for_the_user(options: &mut std::fs::OpenOptions) {
    use std::os::unix::fs::OpenOptionsExt as _;

    options.mode(0o600);
}

/// On other systems the folder's permissions decide.
#[cfg(not(unix))]
pub fn only_for_the_user(_options: &mut std::fs::OpenOptions) {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_run_at_a_time_holds_a_lock_and_it_ends_with_it() {
        let folder = tempfile::tempdir().expect("a folder");
        let target = folder.path().join("out");
        let lock = Lock::new(&target).expect("nobody holds it");
        let refused = Lock::new(&target).expect_err("it is held").to_string();
        assert!(
            refused.contains(&format!("another run of tieout is writing here (process {} on ", std::process::id()))
        );
        drop(lock);
        assert_eq!(std::fs::read_dir(folder.path()).expect("a folder").count(), 0);
        drop(Lock::new(&target).expect("it is free again"));
    }

    #[test]
    fn a_lock_left_over_stops_nobody_and_a_foreign_file_is_not_touched() {
        let folder = tempfile::tempdir().expect("a folder");
        let (target, path) = (folder.path().join("out"), folder.path().join(".out.lock"));
        std::fs::write(&path, "tieout lock: process 1 on elsewhere\n").expect("a file");
        drop(Lock::new(&target).expect("nobody holds it"));
        for text in ["my notes", ""] {
            std::fs::write(&path, text).expect("a file");
            assert!(Lock::new(&target).expect_err("not a lock").to_string().contains("not a lock of tieout"));
            assert_eq!(std::fs::read_to_string(&path).expect("a file"), text);
        }
    }

    /// An empty file, and one that begins like a tieout lock, would count as a leftover lock.
    #[cfg(unix)]
    #[test]
    fn a_file_with_another_name_is_no_lock() {
        let folder = tempfile::tempdir().expect("a folder");
        let (target, path) = (folder.path().join("out"), folder.path().join(".out.lock"));
        for text in ["", "tieout lock: my notes on them\n"] {
            let own = folder.path().join("own");
            std::fs::write(&own, text).expect("a file");
            std::fs::hard_link(&own, &path).expect("a link");
            assert!(Lock::new(&target).expect_err("not a lock").to_string().contains("is not a lock of tieout"));
            assert_eq!(std::fs::read_to_string(&own).expect("a file"), text);
            std::fs::remove_file(&path).expect("removed");
        }
    }

    #[cfg(unix)]
    #[test]
    fn only_regular_files_are_opened() {
        let folder = tempfile::tempdir().expect("a folder");
        let pipe = folder.path().join("pipe");
        rustix::fs::mknodat(rustix::fs::CWD, &pipe, rustix::fs::FileType::Fifo, rustix::fs::Mode::RUSR, 0)
            .expect("a pipe");
        for path in [Path::new("/dev/zero"), Path::new("/dev/null"), &pipe, folder.path()] {
            assert_eq!(open(path).expect_err("no file").kind(), ErrorKind::InvalidInput, "{}", path.display());
        }
        let file = folder.path().join("file");
        std::fs::write(&file, "four").expect("a file");
        assert_eq!(read(&file, 4).expect("four bytes"), b"four");
        assert_eq!(read(&file, 3).expect_err("too large").kind(), ErrorKind::FileTooLarge);
    }
}
