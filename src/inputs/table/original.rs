//! The file that contains a table. It is read several times, and must be the same each time: the bytes parsed are the
//! bytes digested.
//!
//! Each reading reopens the file, because a run may have more files than a process may hold open. So each checks the
//! file's identity and last change before and after; and a complete reading also compares a checksum, because some file
//! systems have coarse timestamps or none.
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

/// Attributes that change if a file is written to or replaced.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Version {
    bytes: u64,
    modified: Option<SystemTime>,
    /// Device, inode and time of the last change of any kind, which nobody can set back.
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

/// A file in the state when first opened.
#[derive(Debug, Clone)]
pub(super) struct Original {
    path: PathBuf,
    version: Version,
    /// The checksum of its bytes, once all were read.
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

    /// Its size in bytes.
    pub(super) const fn bytes(&self) -> u64 {
        self.version.bytes
    }

    /// Its modification time.
    pub(super) const fn modified(&self) -> Option<SystemTime> {
        self.version.modified
    }

    /// The file, reopened.
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

    /// Calls `read` with the bytes, in order, for the first time; later readings are compared with these.
    pub(super) fn first_bytes<T>(
        &mut self,
        progress: &Progress,
        read: impl FnOnce(Box<dyn Read + Send + '_>) -> Result<T, TableFault>,
    ) -> Result<T, TableFault> {
        let (done, sum) = self.pass(progress, read)?;
        self.sum = sum;
        Ok(done)
    }

    /// Calls `read` with the bytes, in order.
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

    /// The result of `read` is discarded if the bytes change meanwhile. The checksum is present if it read to the end.
    fn pass<T>(
        &self,
        progress: &Progress,
        read: impl FnOnce(Box<dyn Read + Send + '_>) -> Result<T, TableFault>,
    ) -> Result<(T, Option<u32>), TableFault> {
        // Bytes beyond the file's stated size may never end.
        let mut bytes = Summed::new(self.reopened()?.take(self.version.bytes.saturating_add(1)));
        let done = read(Box::new(progress.reading(&mut bytes)));
        self.check(bytes.inner.get_ref())?;
        if bytes.inner.limit() == 0 {
            return Err(TableFault::Changed);
        }
        Ok((done?, bytes.ended.then(|| bytes.sum())))
    }

    /// Compares the whole file with the first reading, if it was not read sequentially since.
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
    /// Whether all bytes were read.
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

    /// As on a file system with coarse timestamps: only the bytes differ.
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
