//! A table's wrapping: none, gzip, or a zip archive. It is detected by content, never by file name.
//!
//! Unpacked data is limited in size, so that a small file cannot exhaust a run's memory or time.

use std::borrow::Cow;
use std::io;
use std::io::{BufRead as _, BufReader, Cursor, Read, Seek};

use flate2::bufread::GzDecoder;
use zip::ZipArchive;

use super::declared_size;
use super::fault::{GET_AGAIN, TableFault, UNPACK};
use super::original::Original;
use super::package::{Bytes, Package, Seekable, broken_archive, package, unreadable_entry};
use crate::progress::Progress;

/// Maximum size of a workbook within gzip or zip, which is held in memory.
const MAX_WORKBOOK_BYTES: u64 = 512 << 20;
/// Data unpacked from one file may have this size, or be [`MAX_RATIO`] times as large as the file.
const MAX_UNPACKED_BYTES: u64 = 1 << 30;
/// No export compresses this well. A decompression bomb compresses about a thousand times.
const MAX_RATIO: u64 = 250;

/// Maximum archive entries, including folders and operating system files.
const MAX_ENTRIES: usize = 4_000;

impl<T: Read + Seek + Send> Seekable for T {}

/// Where within the file some bytes are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wrapping {
    /// The whole file.
    None,
    /// Content of a gzip file.
    Gzip,
    /// This entry of a zip archive.
    ZipEntry(usize),
}

impl Wrapping {
    /// Its name in reports.
    pub(super) const fn word(self) -> Option<&'static str> {
        match self {
            Self::None => None,
            Self::Gzip => Some("gzip"),
            Self::ZipEntry(_) => Some("zip"),
        }
    }

    /// Calls `read` with the bytes, in order.
    pub(super) fn with_bytes<T>(
        self,
        file: &Original,
        progress: &Progress,
        read: impl FnOnce(Box<dyn Read + Send + '_>) -> Result<T, TableFault>,
    ) -> Result<T, TableFault> {
        match self {
            Self::None => file.with_bytes(progress, read),
            Self::Gzip => {
                file.with_bytes(progress, |packed| read(Box::new(Limited::new(Gunzip::new(packed), file.bytes()))))
            }
            Self::ZipEntry(index) => {
                let mut archive = ZipArchive::new(BufReader::new(file.reopened()?)).map_err(broken_archive)?;
                let entry = archive.by_index(index).map_err(unreadable_entry)?;
                progress.read(entry.compressed_size());
                let size = entry.compressed_size();
                let done = read(Box::new(Limited::new(entry, size)));
                file.reopened()?;
                done
            }
        }
    }

    /// The bytes with random access; those of gzip and zip are held in memory.
    pub(super) fn seekable(self, file: &Original, progress: &Progress) -> Result<Bytes, TableFault> {
        let bytes: Box<dyn Seekable> = match self {
            Self::None => {
                progress.read(file.bytes());
                Box::new(file.reopened()?)
            }
            Self::Gzip | Self::ZipEntry(_) => self.with_bytes(file, progress, |bytes| {
                let mut workbook = Vec::new();
                bytes.take(MAX_WORKBOOK_BYTES + 1).read_to_end(&mut workbook)?;
                if workbook.len() as u64 > MAX_WORKBOOK_BYTES {
                    let what = format!("holds a workbook of more than {} MiB", MAX_WORKBOOK_BYTES >> 20);
                    return Err(TableFault::new(what, UNPACK));
                }
                Ok(Box::new(Cursor::new(workbook)) as Box<dyn Seekable>)
            })?,
        };
        Ok(BufReader::new(bytes))
    }
}

/// The members of a gzip file as one text. Trailing zeros, which some programs add as padding, are skipped.
struct Gunzip<R: Read> {
    member: Option<GzDecoder<BufReader<R>>>,
}

impl<R: Read> Gunzip<R> {
    fn new(file: R) -> Self {
        Self { member: Some(GzDecoder::new(BufReader::new(file))) }
    }
}

impl<R: Read> Read for Gunzip<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let Some(member) = &mut self.member else { return Ok(0) };
            let length = member.read(buffer)?;
            if length > 0 || buffer.is_empty() {
                return Ok(length);
            }
            let Some(mut rest) = self.member.take().map(GzDecoder::into_inner) else { return Ok(0) };
            loop {
                let ahead = rest.fill_buf()?;
                if ahead.is_empty() {
                    return Ok(0);
                }
                let zeros = ahead.iter().take_while(|&&c| c == 0).count();
                if zeros < ahead.len() {
                    rest.consume(zeros);
                    break;
                }
                rest.consume(zeros);
            }
            self.member = Some(GzDecoder::new(rest));
        }
    }
}

/// Unpacked bytes, up to the limit.
struct Limited<R> {
    inner: R,
    left: u64,
    limit: u64,
}

impl<R> Limited<R> {
    fn new(inner: R, packed: u64) -> Self {
        let limit = max_unpacked(packed);
        Self { inner, left: limit, limit }
    }
}

impl<R: Read> Read for Limited<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = self.inner.read(buffer)?;
        self.left = self
            .left
            .checked_sub(length as u64)
            .ok_or_else(|| io::Error::new(io::ErrorKind::FileTooLarge, too_large(self.limit)))?;
        Ok(length)
    }
}

/// Maximum unpacked bytes of a file of this size.
fn max_unpacked(packed: u64) -> u64 {
    MAX_UNPACKED_BYTES.max(packed.saturating_mul(MAX_RATIO))
}

fn too_large(limit: u64) -> String {
    format!("unpacks to more than {} MiB, more than {MAX_RATIO} times its size, as no export does", limit >> 20)
}

/// The content of a zip file.
pub(super) struct Contents {
    pub(super) package: Package,
    /// The files of an archive, with their index in it.
    pub(super) entries: Vec<(usize, String)>,
}

/// Reads the names in a zip file.
pub(super) fn contents(bytes: Bytes, packed: u64) -> Result<Contents, TableFault> {
    let mut archive = ZipArchive::new(bytes).map_err(broken_archive)?;
    let names = (0..archive.len()).map(|index| {
        let name = archive.name_for_index(index).transpose().map_err(broken_archive)?;
        // Some programs write backslashes.
        Ok(name.unwrap_or(Cow::Borrowed("")).replace('\\', "/"))
    });
    let names: Vec<String> = names.collect::<Result<_, TableFault>>()?;
    let package = package(&mut archive, &names)?;
    if !matches!(package, Package::Archive) {
        let limit = max_unpacked(packed);
        if archive.decompressed_size().is_some_and(|size| size > u128::from(limit)) {
            return Err(TableFault::new(too_large(limit), GET_AGAIN));
        }
        declared_size::check(&mut archive, package)?;
    }
    // Reading any entry first reads the list of all.
    if matches!(package, Package::Archive) && names.len() > MAX_ENTRIES {
        return Err(TableFault::new(format!("is an archive of more than {MAX_ENTRIES} entries"), UNPACK));
    }
    let entries = names.into_iter().enumerate().filter(|(_, name)| is_file(name)).collect();
    Ok(Contents { package, entries })
}

/// Whether an entry of an archive is a user's file, and not a folder, a hidden file or a file of the operating system.
fn is_file(name: &str) -> bool {
    let hidden = |part: &str| {
        part.starts_with('.')
            || ["__MACOSX", "Thumbs.db", "desktop.ini"].iter().any(|own| part.eq_ignore_ascii_case(own))
    };
    !name.is_empty() && !name.ends_with('/') && !name.split('/').any(hidden)
}

#[cfg(test)]
mod tests {
    use std::io::{Read as _, Write as _};

    use super::{Gunzip, Limited, is_file};

    fn gzip(text: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(text).expect("memory");
        encoder.finish().expect("memory")
    }

    fn gunzip(bytes: &[u8]) -> std::io::Result<Vec<u8>> {
        let mut text = Vec::new();
        Gunzip::new(bytes).read_to_end(&mut text).map(|_| text)
    }

    #[test]
    fn members_of_gzip_are_read_one_behind_the_other() {
        let two = [gzip(b"a,b\n"), gzip(b""), gzip(b"1,2\n")].concat();
        assert_eq!(gunzip(&two).expect("two members"), b"a,b\n1,2\n");
        assert_eq!(gunzip(&[two.as_slice(), &[0; 20_000]].concat()).expect("zeros behind it"), b"a,b\n1,2\n");
        assert!(gunzip(&two[..two.len() - 3]).is_err(), "cut off");
        assert!(gunzip(&[two.as_slice(), b"something else"].concat()).is_err());
    }

    #[test]
    fn what_is_unpacked_is_limited() {
        let mut limited = Limited { inner: std::io::repeat(b'a'), left: 1_000, limit: 1_000 };
        let error = limited.read_to_end(&mut Vec::new()).expect_err("a limit");
        assert_eq!(error.kind(), std::io::ErrorKind::FileTooLarge);
    }

    #[test]
    fn what_systems_put_into_archives_is_no_file() {
        for own in ["users.csv", "reports/users.csv", "_users.csv"] {
            assert!(is_file(own), "{own}");
        }
        for other in ["reports/", "__MACOSX/._users.csv", ".DS_Store", "a/.hidden/users.csv", "Thumbs.db", ""] {
            assert!(!is_file(other), "{other}");
        }
    }
}
