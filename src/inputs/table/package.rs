//! The type of a zip file: a workbook of a known format, or an archive; and the errors of its entries.

use std::io::{BufReader, Read, Seek};

use zip::ZipArchive;
use zip::result::ZipError;

use super::fault::{AS_EXPORTED, GET_AGAIN, TableFault, UNPACK};

/// Bytes with random access.
pub(super) trait Seekable: Read + Seek + Send {}

/// The bytes of a workbook or an archive, from disk or memory.
pub(super) type Bytes = BufReader<Box<dyn Seekable>>;

/// Type of a zip file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Package {
    Xlsx,
    Xlsb,
    Ods,
    /// A document, not a table: what, and what to do.
    Foreign(&'static str, &'static str),
    /// An archive of files.
    Archive,
}

pub(super) fn package(archive: &mut ZipArchive<Bytes>, names: &[String]) -> Result<Package, TableFault> {
    let has = |part: &str| names.iter().any(|name| name.eq_ignore_ascii_case(part));
    let within = |folder: &str| {
        names.iter().any(|name| name.get(..folder.len()).is_some_and(|start| start.eq_ignore_ascii_case(folder)))
    };
    if let Some(index) = names.iter().position(|name| name == "mimetype") {
        let mut kind = Vec::new();
        archive.by_index(index).map_err(unreadable_entry)?.take(100).read_to_end(&mut kind)?;
        if kind.starts_with(b"application/vnd.oasis.opendocument.spreadsheet") {
            return Ok(Package::Ods);
        }
        if kind.starts_with(b"application/vnd.oasis.opendocument") {
            return Ok(Package::Foreign("is an OpenDocument file, but not a spreadsheet", AS_EXPORTED));
        }
    }
    if names.iter().any(|name| name.ends_with(".iwa")) {
        return Ok(Package::Foreign(
            "is an Apple Numbers document",
            "in Numbers, choose File > Export To > CSV, and give that file",
        ));
    }
    if !has("[Content_Types].xml") {
        return Ok(Package::Archive);
    }
    Ok(match () {
        () if has("xl/workbook.bin") => Package::Xlsb,
        () if within("word/") => Package::Foreign("is a Word document, not a table", AS_EXPORTED),
        () if within("ppt/") => Package::Foreign("is a PowerPoint presentation, not a table", AS_EXPORTED),
        () => Package::Xlsx,
    })
}

pub(super) fn broken_archive(error: ZipError) -> TableFault {
    match error {
        ZipError::Io(source) => TableFault::from(source),
        error => TableFault::new(format!("is a zip file or a workbook that is damaged or cut off: {error}"), GET_AGAIN),
    }
}

pub(super) fn unreadable_entry(error: ZipError) -> TableFault {
    match error {
        ZipError::Io(source) => TableFault::from(source),
        ZipError::UnsupportedArchive(why) if why == ZipError::PASSWORD_REQUIRED => {
            TableFault::new("is encrypted with a password", "unpack it with the password, and give what was in it")
        }
        ZipError::UnsupportedArchive(_) | ZipError::CompressionMethodNotSupported(_) => {
            TableFault::new("uses an unsupported compression method", UNPACK)
        }
        error => TableFault::new(format!("is damaged or cut off: {error}"), GET_AGAIN),
    }
}
