//! The archive byte by byte: contiguous entries, each with a header matching the directory, and nothing before,
//! between or after them where something could hide. The program and time that made the archive do not matter: a pack
//! that was unpacked and repacked is valid.
//!
//! Must not know: the content of the files.

use std::collections::BTreeSet;

use super::changed;
use crate::diagnosis::DoctorCheck;

const LOCAL: &[u8] = b"PK\x03\x04";
const CENTRAL: &[u8] = b"PK\x01\x02";
const END: &[u8] = b"PK\x05\x06";
const LOCAL_LENGTH: usize = 30;
const CENTRAL_LENGTH: usize = 46;
const END_LENGTH: usize = 22;
/// Flags that do not affect the content: the compression level, and that names are UTF-8.
const HARMLESS: usize = 0b1000_0000_0110;
/// Stored, and deflated.
const METHODS: [usize; 2] = [0, 8];

/// Everything in the archive that differs from the pack writer's layout.
pub(super) fn faults(bytes: &[u8]) -> Vec<DoctorCheck> {
    let mut faults = Vec::new();
    if walk(bytes, &mut faults).is_none() && faults.is_empty() {
        faults.push(changed("archive", "is not laid out as tieout does it; something was added, cut off or moved"));
    }
    faults
}

/// `None` if the archive ends too early, or an entry is not contiguous.
fn walk(bytes: &[u8], faults: &mut Vec<DoctorCheck>) -> Option<()> {
    let ends = bytes.len().checked_sub(END_LENGTH)?;
    let end = &bytes[ends..];
    if !end.starts_with(END) || end[4..8] != [0; 4] || end[8..10] != end[10..12] || end[20..22] != [0; 2] {
        faults
            .push(changed("archive", "does not end as tieout ends one: something stands behind it, or it was cut off"));
        return None;
    }
    let count = short(end, 8)?;
    let begins = long(end, 16)?;
    if begins.checked_add(long(end, 12)?)? != ends {
        faults.push(changed("archive", "has bytes before, between or behind its entries"));
        return None;
    }
    let (mut at, mut data) = (begins, 0_usize);
    let mut names = BTreeSet::new();
    for number in 1..=count {
        let central = bytes.get(at..at.checked_add(CENTRAL_LENGTH)?)?;
        let (packed, length) = (long(central, 20)?, short(central, 28)?);
        let named = at + CENTRAL_LENGTH;
        let name = bytes.get(named..named.checked_add(length)?)?;
        let described = std::str::from_utf8(name).map_or_else(|_| format!("entry {number}"), str::to_owned);
        if !names.insert(name) {
            faults.push(changed(&described, "stands there twice"));
        }
        if !central.starts_with(CENTRAL) {
            return None;
        }
        if let Some(odd) = odd(central, data) {
            faults.push(changed(&described, format!("has an odd entry in the directory ({odd})")));
        }
        let local = bytes.get(data..data.checked_add(LOCAL_LENGTH)?)?;
        let text = data + LOCAL_LENGTH;
        // Version, flags, method, time, digest, sizes and the length of the name, which are in both; and no extra
        // field.
        let same = local.starts_with(LOCAL) && local[4..28] == central[6..30] && local[28..30] == [0; 2];
        if !same || bytes.get(text..text.checked_add(length)?)? != name {
            faults.push(changed(&described, "has another header than the directory says"));
        }
        data = text.checked_add(length)?.checked_add(packed)?;
        at = named + length;
    }
    (at == ends && data == begins).then_some(())
}

/// Irregularity of an entry in the directory, whose data should begin at `data`.
fn odd(central: &[u8], data: usize) -> Option<&'static str> {
    let number = |at: usize| short(central, at).unwrap_or(usize::MAX);
    // The upper half of the attributes is the Unix mode: of a file, or unset.
    let (mode, extra, comment, disk) = (number(40), number(30), number(32), number(34));
    if number(8) & !HARMLESS != 0 {
        Some("encryption or other flags")
    } else if !METHODS.contains(&number(10)) {
        Some("how it is compressed")
    } else if (extra, comment, disk) != (0, 0, 0) {
        Some("an extra field or a comment")
    } else if ![0, 0o100_000].contains(&(mode & 0o170_000)) || mode & 0o7111 != 0 || number(38) & 0x10 != 0 {
        Some("its mode: a program, a link or a folder")
    } else if long(central, 42) != Some(data) {
        Some("its place: entries overlap, or something lies between them")
    } else {
        None
    }
}

fn short(bytes: &[u8], at: usize) -> Option<usize> {
    let two = bytes.get(at..at + 2)?;
    Some(usize::from(u16::from_le_bytes([two[0], two[1]])))
}

fn long(bytes: &[u8], at: usize) -> Option<usize> {
    let four = bytes.get(at..at + 4)?;
    usize::try_from(u32::from_le_bytes([four[0], four[1], four[2], four[3]])).ok()
}
