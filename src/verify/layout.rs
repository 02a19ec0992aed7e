//! The archive byte by byte: headers as the pack's writer makes them, one entry after the other, and nothing
//! before, between or behind them where something could hide.
//!
//! Must not know: what the files say.

use std::collections::BTreeSet;
use std::ops::Range;

use super::changed;
use crate::diagnosis::Line;

/// What a local header has in common with the one in the directory: version, flags, deflate, 1980-01-01.
const COMMON: [u8; 10] = [20, 0, 0, 0, 8, 0, 0, 0, 0x21, 0];
const LOCAL: &[u8] = b"PK\x03\x04";
const CENTRAL: &[u8] = b"PK\x01\x02";
const END: &[u8] = b"PK\x05\x06";
const LOCAL_LENGTH: usize = 30;
const CENTRAL_LENGTH: usize = 46;
const END_LENGTH: usize = 22;
/// A plain file that its owner may write and everyone read: Unix, 0644.
const MODE: u32 = 0o100_644 << 16;

/// Everything in the archive that is not where, or not as, the pack's writer puts it.
pub(super) fn faults(bytes: &[u8]) -> Vec<Line> {
    let mut faults = Vec::new();
    if walk(bytes, &mut faults).is_none() && faults.is_empty() {
        faults.push(changed("archive", "is not laid out as tieout does it; something was added, cut off or moved"));
    }
    faults
}

/// Nothing where the archive ends too early, or leads elsewhere than to the next entry.
fn walk(bytes: &[u8], faults: &mut Vec<Line>) -> Option<()> {
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
        let told = std::str::from_utf8(name).map_or_else(|_| format!("entry {number}"), str::to_owned);
        if !names.insert(name) {
            faults.push(changed(&told, "stands there twice"));
        }
        let mut expected = Vec::with_capacity(CENTRAL_LENGTH);
        expected.extend_from_slice(CENTRAL);
        expected.extend_from_slice(&[20, 3]);
        expected.extend_from_slice(&COMMON);
        expected.extend_from_slice(&central[16..30]);
        expected.extend_from_slice(&[0; 8]);
        expected.extend_from_slice(&MODE.to_le_bytes());
        expected.extend_from_slice(&u32::try_from(data).ok()?.to_le_bytes());
        if expected != central {
            faults.push(changed(
                &told,
                format!("has another entry in the directory than tieout writes ({})", odd(central, &expected)),
            ));
        }
        let local = bytes.get(data..data.checked_add(LOCAL_LENGTH)?)?;
        let text = data + LOCAL_LENGTH;
        let mut expected = Vec::with_capacity(LOCAL_LENGTH);
        expected.extend_from_slice(LOCAL);
        expected.extend_from_slice(&COMMON);
        expected.extend_from_slice(&central[16..30]);
        expected.extend_from_slice(&[0; 2]);
        if expected != local || bytes.get(text..text.checked_add(length)?)? != name {
            faults.push(changed(&told, "has another header than the directory says"));
        }
        data = text.checked_add(length)?.checked_add(packed)?;
        at = named + length;
    }
    (at == ends && data == begins).then_some(())
}

/// Which part of an entry in the directory is not as expected.
fn odd(found: &[u8], expected: &[u8]) -> &'static str {
    const PARTS: [(Range<usize>, &str); 6] = [
        (8..10, "encryption or other flags"),
        (10..12, "how it is compressed"),
        (30..34, "an extra field or a comment"),
        (38..42, "its mode: a program, a link or a folder"),
        (42..46, "its place: entries overlap, or something lies between them"),
        (4..16, "version or time"),
    ];
    let part = PARTS.into_iter().find(|(range, _)| found.get(range.clone()) != expected.get(range.clone()));
    part.map_or("another part", |(_, name)| name)
}

fn short(bytes: &[u8], at: usize) -> Option<usize> {
    let two = bytes.get(at..at + 2)?;
    Some(usize::from(u16::from_le_bytes([two[0], two[1]])))
}

fn long(bytes: &[u8], at: usize) -> Option<usize> {
    let four = bytes.get(at..at + 4)?;
    usize::try_from(u32::from_le_bytes([four[0], four[1], four[2], four[3]])).ok()
}
