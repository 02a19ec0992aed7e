//! The archive: every entry lies in one folder, is a plain file of a kind that a pack holds, and unpacks to a
//! bounded size, whatever its headers claim.

use std::collections::BTreeSet;
use std::io::{Cursor, Read as _};

use super::{Entry, changed, tell};
use crate::diagnosis::Line;

/// Entries of a pack; one has about twenty.
const MOST_ENTRIES: usize = 1_000;
/// Bytes of all entries together.
const MOST_BYTES: u64 = 500 * 1_024 * 1_024;
/// Kinds of files: nothing that runs.
const KINDS: [&str; 8] = ["csv", "json", "jsonl", "txt", "md", "soql", "svg", "toml"];
const WORKBOOK: &str = "data/workbook.xlsx";

/// Opens the archive; nothing where it cannot be read at all.
pub(super) fn open(bytes: &[u8], lines: &mut Vec<Line>) -> Option<Vec<Entry>> {
    let mut zip = match zip::ZipArchive::new(Cursor::new(bytes)) {
        Ok(zip) => zip,
        Err(error) => {
            lines.push(changed("archive", format!("is no zip file that can be read: {error}")));
            return None;
        }
    };
    if zip.len() > MOST_ENTRIES {
        lines.push(changed("archive", format!("holds {} entries, and a pack has about twenty", zip.len())));
        return None;
    }
    let mut faults = Vec::new();
    let mut entries: Vec<Entry> = Vec::new();
    let mut tops = BTreeSet::new();
    let mut seen = BTreeSet::new();
    let mut room = MOST_BYTES;
    for at in 0..zip.len() {
        match read(&mut zip, at, &mut room) {
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
    let count = entries.len();
    tell(lines, "archive", &format!("{count} files in one folder, none of which can run or leave it"), faults);
    Some(entries)
}

type Read = (String, Vec<u8>, Vec<String>);

/// Name and bytes of an entry, and what is odd about it.
fn read(zip: &mut zip::ZipArchive<Cursor<&[u8]>>, at: usize, room: &mut u64) -> Result<Read, String> {
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
    let mut bytes = Vec::new();
    file.by_ref().take(*room + 1).read_to_end(&mut bytes).map_err(|error| format!("{name} is damaged: {error}"))?;
    let length = bytes.len() as u64;
    if length > *room {
        return Err(format!("{name} unpacks to more than {} MB with the others", MOST_BYTES / 1_000_000));
    }
    *room -= length;
    let path = name.split_once('/').map_or("", |(_, path)| path);
    let kind = path.rsplit_once('.').map_or("", |(_, kind)| kind);
    if !KINDS.contains(&kind) && path != WORKBOOK {
        odd.push("is of no kind that a pack holds".to_owned());
    }
    if path != WORKBOOK
        && [&b"PK\x03\x04"[..], b"\x1f\x8b", b"7z\xbc\xaf", b"Rar!", b"MZ", b"\x7fELF"]
            .iter()
            .any(|magic| bytes.starts_with(magic))
    {
        odd.push("is an archive or a program under another name".to_owned());
    }
    Ok((name, bytes, odd))
}

/// Whether every system takes the name, and takes it for a place inside.
fn is_plain(name: &str) -> bool {
    let part = |part: &str| {
        let stem = part.split('.').next().unwrap_or("").to_ascii_uppercase();
        let device = ["CON", "PRN", "AUX", "NUL"].contains(&stem.as_str())
            || (stem.len() == 4 && (stem.starts_with("COM") || stem.starts_with("LPT")));
        !part.is_empty() && part != "." && part != ".." && !part.ends_with(['.', ' ']) && !device
    };
    name.len() <= 240
        && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | '/'))
        && name.split('/').all(part)
}
