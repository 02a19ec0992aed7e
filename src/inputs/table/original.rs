//! The file that a table is in. It is read several times, and has to be the same each time: what is parsed is what was
//! digested.
//!
//! Each reading opens the file anew, for a run may have more files than a process may hold open. So each asks before and
//! after which file it is and when it last changed; and a reading from the first byte to the last compares a checksum, for
//! some file systems keep time coarsely or not at all.
//!
//! Must not know: what the bytes mean.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use flate2::Crc;

use super::fault::TableFault;
use crate::files;
use crate::progress::Progress;

/// What changes when somebody writes to a file, or puts another one in its place.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Version {
    bytes: u64,
    modified: Option<SystemTime>,
    /// Device, number and time of the last change of any kind, which nobody can set back.
    #[cfg(unix)]
    identity: (u64, u64, i64, i64),
}

impl Version {
    fn new(file: &File) -> Result<Self, TableFault> {
        #[cfg(unix)]
        use std::os::unix::fs::MetadataExt as _;

        let metadata = file.metadata().map_err(TableFault::Unreadable)?;
        Ok(Self {
            bytes: metadata.len(),
            modified: metadata.modified().ok(),
            #[cfg(unix)]
            identity: (metadata.dev(), metadata.ino(), metadata.ctime(), metadata.ctime_nsec()),
        })
    }
}

/// A file as it was when it was first opened.
#[derive(Debug, Clone)]
pub(super) struct Original {
    path: PathBuf,
    version: Version,
    /// The checksum of its bytes, once they were read to the end.
    sum: Option<u32>,
}

impl Original {
    /// Opens a regular file.
    pub(super) fn open(path: &Path) -> Result<Self, TableFault> {
        let file = files::open(path).map_err(TableFault::from_open)?;
        Ok(Self { path: path.to_owned(), version: Version::new(&file)?, sum: None })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// How many bytes it has.
    pub(super) const fn bytes(&self) -> u64 {
        self.version.bytes
    }

    /// When it was last written to.
    pub(super) const fn modified(&self) -> Option<SystemTime> {
        self.version.modified
    }

    /// The file, opened once more.
    pub(super) fn reopened(&self) -> Result<File, TableFault> {
        let file = files::open(&self.path).map_err(|source| match source.kind() {
            io::ErrorKind::NotFound | io::ErrorKind::InvalidInput => TableFault::Changed,
            _ => TableFault::from_open(source),
        })?;
        self.check(&file)?;
        Ok(file)
    }

    fn check(&self, file: &File) -> Result<(), TableFault> {
        if Version::new(file)? == self.version { Ok(()) } else { Err(TableFault::Changed) }
    }

    /// Hands the bytes to `read`, in their order, for the first time; they are what every later reading is compared with.
    pub(super) fn first_bytes<T>(
        &mut self,
        progress: &Progress,
        read: impl FnOnce(Box<dyn Read + Send + '_>) -> Result<T, TableFault>,
    ) -> Result<T, TableFault> {
        let (done, sum) = self.pass(progress, read)?;
        self.sum = sum;
        Ok(done)
    }

    /// Hands the bytes to `read`, in their order.
    pub(super) fn with_bytes<T>(
        &self,
        progress: &Progress,
        read: impl FnOnce(Box<dyn Read + Send + '_>) -> Result<T, TableFault>,
    ) -> Result<T, TableFault> {
        let (done, sum) = self.pass(progress, read)?;
        match (sum, self.sum) {
            (Some(sum), Some(first)) if sum != first => Err(TableFault::Changed),
            _ => Ok(done),
        }
    }

    /// Whatever `read` makes of bytes that change meanwhile does not count. The checksum is there if it read to the end.
    fn pass<T>(
        &self,
        progress: &Progress,
        read: impl FnOnce(Box<dyn Read + Send + '_>) -> Result<T, TableFault>,
    ) -> Result<(T, Option<u32>), TableFault> {
        // What is still handed out behind the size that the file states may never end.
        let mut bytes = Summed::new(self.reopened()?.take(self.version.bytes.saturating_add(1)));
        let done = read(Box::new(progress.reading(&mut bytes)));
        self.check(bytes.inner.get_ref())?;
        if bytes.inner.limit() == 0 {
            return Err(TableFault::Changed);
        }
        Ok((done?, bytes.ended.then(|| bytes.sum())))
    }

    /// Compares the whole file with what was read first, where it was not read in the order of its bytes since.
    pub(super) fn check_whole(&self) -> Result<(), TableFault> {
        self.with_bytes(&Progress::hidden(), |mut bytes| {
            let mut buffer = vec![0; 1 << 18];
            while bytes.read(&mut buffer)? > 0 {}
            Ok(())
        })
    }
}

/// Bytes with their checksum.
pub(super) struct Summed<R> {
    inner: R,
    sum: Crc,
    /// Whether there are no more.
    ended: bool,
}

impl<R> Summed<R> {
    pub(super) fn new(inner: R) -> Self {
        Self { inner, sum: Crc::new(), ended: false }
    }

    pub(super) fn sum(&self) -> u32 {
        self.sum.sum()
    }
}

impl<R: Read> Read for Summed<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = self.inner.read(buffer)?;
        self.sum.update(&buffer[..length]);
        self.ended |= length == 0 && !buffer.is_empty();
        Ok(length)
    }
}

/// The checksum of bytes in memory.
pub(super) fn sum_of(bytes: &[u8]) -> u32 {
    let mut sum = Crc::new();
    sum.update(bytes);
    sum.sum()
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "the tests change files")]
mod tests {
    use std::io::{Read as _, Write as _};

    use super::Original;
    use crate::inputs::table::fault::TableFault;
    use crate::progress::Progress;

    fn read(original: &mut Original, is_first: bool, meanwhile: impl FnOnce()) -> Result<String, TableFault> {
        let mut text = String::new();
        let read = |mut bytes: Box<dyn std::io::Read + Send + '_>| {
            let mut start = [0; 4];
            bytes.read_exact(&mut start)?;
            meanwhile();
            bytes.read_to_string(&mut text)?;
            Ok(())
        };
        let progress = Progress::hidden();
        if is_first { original.first_bytes(&progress, read) } else { original.with_bytes(&progress, read) }?;
        Ok(text)
    }

    fn is_changed(read: &Result<String, TableFault>) -> bool {
        matches!(read, Err(TableFault::Changed))
    }

    #[test]
    fn a_file_is_the_same_at_each_reading() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("table.csv");
        let write = |text: &str| {
            let mut file =
                std::fs::OpenOptions::new().write(true).truncate(true).create(true).open(&path).expect("a file");
            file.write_all(text.as_bytes()).expect("a file");
        };
        write("a,b\n1,2\n");
        let mut original = Original::open(&path).expect("a file");
        assert_eq!(read(&mut original, true, || ()).expect("unchanged"), "1,2\n");
        assert_eq!(read(&mut original, false, || ()).expect("unchanged"), "1,2\n");
        assert!(is_changed(&read(&mut original, false, || write("a,b\n"))), "halved while it is read");
        assert!(is_changed(&read(&mut original, false, || ())), "halved before it is read");

        write("a,b\n1,2\n");
        let mut original = Original::open(&path).expect("a file");
        assert!(is_changed(&read(&mut original, true, || write("a,b\n"))), "halved while it is digested");
    }

    /// As on a file system that keeps time coarsely: nothing but the bytes tells.
    #[test]
    fn other_bytes_of_the_same_length_and_time_are_noticed() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("table.csv");
        std::fs::write(&path, "a,b\n1,2\n").expect("a file");
        let mut original = Original::open(&path).expect("a file");
        read(&mut original, true, || ()).expect("unchanged");
        std::fs::write(&path, "a,b\n1,3\n").expect("a file");
        original.version = Original::open(&path).expect("a file").version;
        assert!(is_changed(&read(&mut original, false, || ())));
        assert!(original.check_whole().is_err());
    }

    #[test]
    fn another_file_put_in_its_place_for_a_while_is_noticed() {
        let folder = tempfile::tempdir().expect("a folder");
        let (path, excluded_row) = (folder.path().join("table.csv"), folder.path().join("aside"));
        std::fs::write(&path, "a,b\n1,2\n").expect("a file");
        let original = Original::open(&path).expect("a file");
        std::fs::rename(&path, &excluded_row).expect("a rename");
        std::fs::write(&path, "a,b\n1,3\n").expect("a file");
        let modified = original.modified().expect("a time");
        std::fs::File::options().write(true).open(&path).expect("a file").set_modified(modified).expect("a time");
        assert!(original.reopened().is_err(), "the other one");
    }
}
