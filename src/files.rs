//! What every reader and writer of files must keep to: regular files only, nothing without a bound, one run at a time in
//! one place.
//!
//! A pipe, a device or a socket blocks or never ends, so none is opened where a file is expected.
//!
//! Must not know: what the files hold.

#![expect(clippy::disallowed_methods, reason = "this room opens files for the others")]

use std::fs::{File, FileType, Metadata, OpenOptions, TryLockError};
use std::io::{Error, ErrorKind, Read as _, Seek as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::error;

/// Opens a regular file to read, following links.
///
/// # Errors
/// When it cannot be opened, or is something else ([`ErrorKind::InvalidInput`], with a text that says what it is).
pub fn open(path: &Path) -> Result<File, Error> {
    // Looking first: to open a device or the other end of a pipe can already do something.
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

/// Refuses a file whose size is 0 and that yields bytes, as files of `/proc` do: what it yields may never end, and no bound
/// on the size of a file holds for it.
fn refuse_unless_empty(mut file: &File) -> Result<(), Error> {
    // Some of these files only hand out whole numbers of eight bytes.
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

/// All of a regular file of at most `most` bytes.
///
/// # Errors
/// As [`open`], and when the file is larger ([`ErrorKind::FileTooLarge`]).
pub fn read(path: &Path, most: u64) -> Result<Vec<u8>, Error> {
    let mut bytes = Vec::new();
    open(path)?.take(most.saturating_add(1)).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > most {
        return Err(Error::new(ErrorKind::FileTooLarge, format!("is larger than {most} bytes")));
    }
    Ok(bytes)
}

/// All of a regular file of at most `most` bytes, as text.
///
/// # Errors
/// As [`read`], and when it is not UTF-8 ([`ErrorKind::InvalidData`]).
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

/// Lets an open neither wait for the other end of a pipe nor, unless `follow`, go through a link.
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

/// Characters that tempfile draws for the name of a temporary file or folder.
const RANDOM_CHARACTERS: usize = 6;

/// Whether a part of a name is one that was drawn for a temporary file or folder of ours.
#[must_use]
pub fn is_random_name(part: &[u8]) -> bool {
    part.len() == RANDOM_CHARACTERS && part.iter().all(u8::is_ascii_alphanumeric)
}

/// How a lock file begins; anything else of that name is somebody's own.
const MARK: &str = "tieout lock: ";

/// How often a lock file without a holder's name is looked at, every 5 ms, before its holder counts as unknown.
const MAX_ATTEMPTS: u32 = 100;

/// The files of the locks that this process holds, so that an interrupt can take them away.
static HELD: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());

/// Takes away the files of all locks that this process holds. The process must end afterwards: whoever wants to take or to
/// release a lock waits from here on.
pub fn release_all() {
    if let Ok(held) = HELD.lock() {
        for path in held.iter() {
            // Nothing can be done about a failure: the process is ending, and what is left over stops nobody.
            let _ = std::fs::remove_file(path);
        }
        std::mem::forget(held);
    }
}

/// The right to write one file or folder, held by one run at a time. It is advisory: it keeps runs of tieout apart.
///
/// The lock stands in a file beside the target, `.NAME.lock`, which says who holds it. It ends with the process, however
/// that ends; a file that is left over stops nobody.
#[derive(Debug)]
pub struct Lock {
    path: PathBuf,
    /// Open as long as the lock is held.
    file: File,
}

impl Lock {
    /// Takes the lock of a target, which need not be there yet; its folder must be.
    ///
    /// # Errors
    /// When another run holds it (the message names that run's process and host), and when something that is not a lock
    /// stands in its place.
    pub fn new(target: &Path) -> Result<Self, error::Error> {
        Self::take(target)?.map_err(|by| error::Error::Output {
            path: target.to_owned(),
            what: format!("another run of tieout is writing here ({by})"),
            next: "wait until that run has ended, or name another place".to_owned(),
        })
    }

    /// As [`Lock::of`]; nothing where another run holds the lock.
    ///
    /// # Errors
    /// When something that is not a lock stands in its place, or the file cannot be made.
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
        // Not emptied first, for an empty one is not known as ours. The file is removed again, should the disk be full.
        let written =
            file.rewind().and_then(|()| file.write_all(line.as_bytes())).and_then(|()| file.set_len(line.len() as u64));
        written.map_err(|source| {
            let next = "make room or give write access here, or name another place";
            cannot(&path, format!("cannot be written: {source}"), next)
        })?;
        Ok(Ok(lock))
    }

    /// Makes the file, locked and still empty.
    fn make(path: &Path) -> Result<Self, Error> {
        let mut options = OpenOptions::new();
        options.read(true).write(true).create_new(true);
        without_waiting(&mut options, false);
        // Held until an interrupt knows of the file.
        let mut held = HELD.lock().unwrap_or_else(PoisonError::into_inner);
        let file = options.open(path)?;
        held.push(path.to_owned());
        drop(held);
        let lock = Self { path: path.to_owned(), file };
        match lock.file.try_lock() {
            Err(TryLockError::WouldBlock) => Err(ErrorKind::WouldBlock.into()),
            Err(TryLockError::Error(source)) if source.kind() != ErrorKind::Unsupported => Err(source),
            // Not every file system has locks, and a run there is no worse off than before there were any.
            _ => Ok(lock),
        }
    }

    /// What a file that stands in the place of the lock is; `is_last` where it is not looked at again.
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
        // The lock would be written into the user's own file.
        if has_other_names(&metadata) {
            return Err(cannot(
                path,
                "is not a lock of tieout: it is a hard link, and the same file has another name".to_owned(),
                "move it away, or name another place",
            ));
        }
        let mut holder = String::new();
        // Whatever is no text is no lock of ours.
        let is_text = (&file).take(400).read_to_string(&mut holder).is_ok();
        if !is_text || !holder.is_empty() && !holder.starts_with(MARK) {
            return Err(cannot(path, "is not a lock of tieout".to_owned(), "move it away, or name another place"));
        }
        // Who makes a lock writes a line into it at once, so one that stays empty is somebody's own.
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
        // The holder before may have removed the file between our opening and our locking it.
        if !is_same(&file, path) {
            return Ok(There::Gone);
        }
        HELD.lock().unwrap_or_else(PoisonError::into_inner).push(path.to_owned());
        Ok(There::Left(Self { path: path.to_owned(), file }))
    }
}

/// What stands in the place of a lock.
enum There {
    /// A lock that nobody holds any more, now taken.
    Left(Lock),
    /// The lock of this run.
    Held(String),
    /// Nothing any more.
    Gone,
    /// An empty file, which its maker may be about to write into.
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
        // While the lock is held nobody else removes the file; a failure leaves a file that stops nobody.
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

/// Whether a path still names the file that is open.
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
    // It stands in a line of a file and in a message.
    host.chars().filter(|char| char.is_ascii_graphic()).take(80).collect()
}

/// Lets nobody but the user read a file that is created with these options: it holds personal data.
#[cfg(unix)]
pub fn only_for_the_user(options: &mut std::fs::OpenOptions) {
    use std::os::unix::fs::OpenOptionsExt as _;

    options.mode(0o600);
}

/// Elsewhere the folder's rights decide.
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

    /// An empty file, and one that begins as our locks do, would be taken for a lock that is left over.
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
