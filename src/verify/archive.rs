//! The archive: every entry is inside one folder, is a plain file of an allowed type, and unpacks to a bounded size,
//! whatever its headers say.

use std::collections::BTreeSet;
use std::io::{Cursor, Read as _};

use super::{Entry, changed, layout, report};
use crate::diagnosis::DoctorCheck;

/// Maximum entries of a pack; typical are twenty.
pub(super) const MAX_ENTRIES: usize = 1_000;
/// Maximum unpacked size of all entries, in bytes.
pub(super) const MAX_BYTES: u64 = 500 * 1_024 * 1_024;
/// Maximum ratio of an entry's unpacked to packed size; tieout's tables reach about twenty.
const MAX_TOTAL_RATIO: u64 = 250;
/// Size in bytes below which the ratio is ignored.
const SMALL: u64 = 1_024 * 1_024;
/// Maximum ratio of the total unpacked size to the archive's size, on top of [`SPARE`].
const MAX_RATIO: u64 = 100;
/// Unpacked bytes allowed for an archive of any size.
const SPARE: u64 = 16 * 1_024 * 1_024;
/// Allowed file endings: nothing executable.
const KINDS: [&str; 8] = ["csv", "json", "jsonl", "txt", "md", "soql", "svg", "toml"];
const WORKBOOK: &str = "data/workbook.xlsx";

/// Magic bytes of archives, programs, and documents that may contain programs.
const MAGIC: [&[u8]; 14] = [
    b"PK\x03\x04",
    b"PK\x05\x06",
    b"PK\x07\x08",
    b"\x1f\x8b",
    b"BZh",
    b"\xfd7zXZ",
    b"\x28\xb5\x2f\xfd",
    b"7z\xbc\xaf",
    b"Rar!",
    b"MZ",
    b"\x7fELF",
    b"\xd0\xcf\x11\xe0",
    b"%PDF",
    b"#!",
];

/// Opens the archive. `None` if it cannot be read at all.
pub(super) fn open(bytes: &[u8], lines: &mut Vec<DoctorCheck>) -> Option<Vec<Entry>> {
    open_within(bytes, remaining_bytes(bytes, MAX_BYTES), lines)
}

/// Bytes that an archive, or a nested one, may unpack to, at most `most`.
pub(super) fn remaining_bytes(archive: &[u8], most: u64) -> u64 {
    (archive.len() as u64).saturating_mul(MAX_RATIO).saturating_add(SPARE).min(most)
}

/// Like [`open`], with a limit on the unpacked bytes.
pub(super) fn open_within(bytes: &[u8], mut room: u64, lines: &mut Vec<DoctorCheck>) -> Option<Vec<Entry>> {
    let mut zip = match zip::ZipArchive::new(Cursor::new(bytes)) {
        Ok(zip) => zip,
        Err(error) => {
            lines.push(changed("archive", format!("is no zip file that can be read: {error}")));
            return None;
        }
    };
    if zip.len() > MAX_ENTRIES {
        lines.push(changed("archive", format!("holds {} entries, and a pack has about twenty", zip.len())));
        return None;
    }
    let mut faults = layout::faults(bytes);
    let mut entries: Vec<Entry> = Vec::new();
    let mut tops = BTreeSet::new();
    let mut seen = BTreeSet::new();
    for at in 0..zip.len() {
        match read(&mut zip, bytes, at, &mut room) {
            Ok((name, bytes, odd)) => {
                faults.extend(odd.into_iter().map(|odd| changed(&name, odd)));
                if !seen.insert(name.to_lowercase()) {
                    faults.push(changed(&name, "stands there twice"));
                }
                match name.split_once('/') {
                    Some((top, path)) if !path.is_empty() => {
                        tops.insert(top.to_owned());
                        entries.push(Entry { path: path.to_owned(), bytes });
                    }
                    _ => faults.push(changed(&name, "does not lie in the folder of the pack")),
                }
            }
            Err(why) => faults.push(changed(format!("entry {}", at + 1), why)),
        }
    }
    if tops.len() > 1 {
        faults.push(changed("archive", format!("has {} top folders in place of one", tops.len())));
    }
    for top in tops.iter().filter(|top| !is_top(top)) {
        faults.push(changed(top, "is no name of a pack's folder: docebo-evidence_PLATFORM_CAUSE_DAY_RUN"));
    }
    let count = entries.len();
    report(lines, "archive", &format!("{count} files in one folder, none of which can run or leave it"), faults);
    Some(entries)
}

type Read = (String, Vec<u8>, Vec<String>);

/// Name and bytes of an entry, and its irregularities.
fn read(zip: &mut zip::ZipArchive<Cursor<&[u8]>>, archive: &[u8], at: usize, room: &mut u64) -> Result<Read, String> {
    let mut file = zip.by_index(at).map_err(|error| format!("cannot be read: {error}"))?;
    let name = file.name().map_err(|error| format!("has a name that cannot be read: {error}"))?.into_owned();
    let mut odd = Vec::new();
    if !is_plain(&name) || file.enclosed_name().is_none() {
        odd.push("has a name that leads out of the folder, or that some systems cannot take".to_owned());
    }
    if file.is_dir() || file.is_symlink() {
        odd.push("is no plain file".to_owned());
    }
    if file.encrypted() {
        odd.push("is encrypted".to_owned());
    }
    if file.unix_mode().is_some_and(|mode| mode & 0o111 != 0) {
        odd.push("is marked as a program".to_owned());
    }
    // The packed size comes from a header, which may be false; it cannot exceed the archive's size.
    let packed = file.compressed_size().min(archive.len() as u64);
    let within = (*room).min(packed.saturating_mul(MAX_TOTAL_RATIO).max(SMALL));
    let mut bytes = Vec::new();
    let taken = file.by_ref().take(within + 1).read_to_end(&mut bytes);
    let length = bytes.len() as u64;
    // Bytes of rejected entries count too; otherwise a thousand entries over the same bytes would take forever.
    let left = *room;
    *room = left.saturating_sub(length);
    taken.map_err(|error| format!("{name} is damaged: {error}"))?;
    if length > left {
        return Err(format!("{name} unpacks to more than a pack may, with the others"));
    }
    if length > within {
        return Err(format!("{name} unpacks to more than {MAX_TOTAL_RATIO} times its size"));
    }
    if length != file.size() {
        odd.push(format!("unpacks to {length} bytes, and its header says {}", file.size()));
    }
    if file.compression() == zip::CompressionMethod::Deflated && !ends_with_its_data(archive, &file) {
        odd.push("has bytes behind its data that no program unpacks".to_owned());
    }
    let path = name.split_once('/').map_or("", |(_, path)| path);
    let kind = path.rsplit_once('.').map_or("", |(_, kind)| kind);
    if !KINDS.contains(&kind) && path != WORKBOOK {
        odd.push("is of no kind that a pack holds".to_owned());
    }
    let nested = MAGIC.iter().any(|magic| bytes.starts_with(magic)) || bytes.get(257..262) == Some(b"ustar");
    if path != WORKBOOK && nested {
        odd.push("is an archive or a program under another name".to_owned());
    }
    Ok((name, bytes, odd))
}

/// Whether all packed bytes of an entry are unpacked: its stream may end early.
fn ends_with_its_data(archive: &[u8], file: &zip::read::ZipFile<'_, Cursor<&[u8]>>) -> bool {
    let packed = || {
        let start = usize::try_from(file.data_start()?).ok()?;
        archive.get(start..start.checked_add(usize::try_from(file.compressed_size()).ok()?)?)
    };
    let Some(packed) = packed() else { return false };
    let mut stream = flate2::Decompress::new(false);
    let mut scrap = vec![0_u8; 64 * 1_024];
    loop {
        let before = (stream.total_in(), stream.total_out());
        let rest = usize::try_from(before.0).ok().and_then(|at| packed.get(at..)).unwrap_or(&[]);
        match stream.decompress(rest, &mut scrap, flate2::FlushDecompress::None) {
            Ok(flate2::Status::StreamEnd) => return stream.total_in() == packed.len() as u64,
            Ok(_) if (stream.total_in(), stream.total_out()) != before => {}
            Ok(_) | Err(_) => return false,
        }
    }
}

/// Whether a folder is named like a pack: the kind, the platform, the cause, the day and the run.
fn is_top(top: &str) -> bool {
    if top == "docebo-evidence" {
        return true;
    }
    let parts: Vec<&str> = top.splitn(5, '_').collect();
    let is_day = |day: &str| {
        day.len() == 10
            && day.bytes().enumerate().all(|(at, b)| if matches!(at, 4 | 7) { b == b'-' } else { b.is_ascii_digit() })
    };
    matches!(&*parts, ["docebo-evidence", platform, cause, day, run]
        if !platform.is_empty() && !cause.is_empty() && is_day(day) && !run.is_empty())
}

/// Whether a name is valid on every system and stays inside the folder.
fn is_plain(name: &str) -> bool {
    let part = |part: &str| {
        let stem = part.split('.').next().unwrap_or("").to_ascii_uppercase();
        let device = ["CON", "PRN", "AUX", "NUL"].contains(&stem.as_str())
            || (stem.len() == 4
                && (stem.starts_with("COM") || stem.starts_with("LPT"))
                && stem.ends_with(|c: char| c.is_ascii_digit()));
        !part.is_empty() && part != "." && part != ".." && !part.ends_with(['.', ' ']) && !device
    };
    name.len() <= 240
        && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | '/'))
        && name.split('/').all(part)
}
