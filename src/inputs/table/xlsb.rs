//! Rewrites XLSB sheet cells into forms that the library reads.
//!
//! MS-XLSB has several records for the same kind of cell, and the library silently skips some of them: the cell would
//! read as blank. So the records of a sheet are rewritten to those that the library reads.

use std::io::{BufReader, Cursor, Read as _, Write as _};

use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipArchive, ZipWriter};

use super::cell_texts::CellTexts;
use super::declared_size::Corners;
use super::fault::{GET_AGAIN, TableFault};
use super::package::{Bytes, Seekable, broken_archive};
use super::shared::SharedTexts;

/// Record type numbers of MS-XLSB, part 2.3.1.
mod record {
    pub(super) const ROW_HEADER: u16 = 0;
    pub(super) const CELL_ERROR: u16 = 3;
    pub(super) const CELL_STRING: u16 = 6;
    pub(super) const CELL_SHARED_TEXT: u16 = 7;
    pub(super) const FORMULA_ERROR: u16 = 11;
    /// Cells without a column number, which use the next column. Same order as the plain ones, which begin with 1.
    pub(super) const SHORT: std::ops::RangeInclusive<u16> = 12..=18;
    pub(super) const SHORT_SHARED_TEXT: u16 = 18;
    pub(super) const SHARED_TEXT: u16 = 19;
    pub(super) const CELL_RICH_STRING: u16 = 62;
}

/// The package with sheets of plain cells only.
pub(super) fn with_plain_cells(bytes: Bytes, packed: u64) -> Result<Bytes, TableFault> {
    let mut archive = ZipArchive::new(bytes).map_err(broken_archive)?;
    let (shared, mut texts) = (shared_texts(&mut archive)?, CellTexts::new(packed));
    let mut plain = ZipWriter::new(Cursor::new(Vec::new()));
    let stored = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
    for index in 0..archive.len() {
        let mut entry = archive.by_index(index).map_err(broken_archive)?;
        let name = entry.name().map_err(broken_archive)?.replace('\\', "/");
        if name.to_ascii_lowercase().starts_with("xl/worksheets/") && name.ends_with(".bin") {
            let mut sheet = Vec::new();
            entry.read_to_end(&mut sheet)?;
            plain
                .start_file(name, stored.large_file(sheet.len() as u64 >= u64::from(u32::MAX) / 2))
                .map_err(broken_archive)?;
            let (cells, corners) = plain_cells(&sheet, &shared, &mut texts)?;
            corners.check()?;
            plain.write_all(&cells)?;
        } else {
            plain.raw_copy_file(entry).map_err(broken_archive)?;
        }
    }
    let package: Box<dyn Seekable> = Box::new(plain.finish().map_err(broken_archive)?);
    Ok(BufReader::new(package))
}

fn cut() -> TableFault {
    TableFault::new("is damaged or cut off", GET_AGAIN)
}

/// The lengths of the shared texts, each preceded by a flags byte.
fn shared_texts(archive: &mut ZipArchive<Bytes>) -> Result<SharedTexts, TableFault> {
    let mut lengths = Vec::new();
    for index in 0..archive.len() {
        let mut entry = archive.by_index(index).map_err(broken_archive)?;
        let name = entry.name().map_err(broken_archive)?.replace('\\', "/");
        if !name.eq_ignore_ascii_case("xl/sharedStrings.bin") {
            continue;
        }
        let mut part = Vec::new();
        entry.read_to_end(&mut part)?;
        let mut records = part.as_slice();
        while !records.is_empty() {
            let (kind, length) = head(&mut records).ok_or_else(cut)?;
            let (body, rest) = records.split_at_checked(length).ok_or_else(cut)?;
            records = rest;
            if kind == record::SHARED_TEXT {
                lengths.push(body.get(1..).and_then(column_index).unwrap_or(0));
            }
        }
    }
    Ok(SharedTexts::new(lengths))
}

/// The records of a sheet, with plain cells, and their bounding box; their shared texts are added to `texts`.
fn plain_cells(
    mut records: &[u8],
    shared: &SharedTexts,
    texts: &mut CellTexts,
) -> Result<(Vec<u8>, Corners), TableFault> {
    let mut plain = Vec::with_capacity(records.len());
    let (mut row, mut column) = (0, None);
    let mut corners = Corners::default();
    while !records.is_empty() {
        let (kind, length) = head(&mut records).ok_or_else(cut)?;
        let (body, rest) = records.split_at_checked(length).ok_or_else(cut)?;
        records = rest;
        match kind {
            record::ROW_HEADER => {
                column = None;
                row = column_index(body).unwrap_or(0);
                write(&mut plain, kind, &[body]);
            }
            record::FORMULA_ERROR => {
                column = column_index(body);
                // The result is at the position of an error cell's error; the formula follows it.
                write(&mut plain, record::CELL_ERROR, &[body.get(..9).ok_or_else(cut)?]);
            }
            record::CELL_RICH_STRING => {
                column = column_index(body);
                let (start, text) = body.get(..8).zip(body.get(9..)).ok_or_else(cut)?;
                write(&mut plain, record::CELL_STRING, &[start, text]);
            }
            short if record::SHORT.contains(&short) => {
                let next = column.map_or(0, |column: u32| column.saturating_add(1));
                column = Some(next);
                write(&mut plain, short - record::SHORT.start() + 1, &[&next.to_le_bytes(), body]);
            }
            1..=10 => {
                column = column_index(body);
                write(&mut plain, kind, &[body]);
            }
            _ => write(&mut plain, kind, &[body]),
        }
        match kind {
            record::CELL_SHARED_TEXT => shared.add(body.get(8..), texts)?,
            record::SHORT_SHARED_TEXT => shared.add(body.get(4..), texts)?,
            _ => {}
        }
        let is_cell = matches!(kind, 2..=11 | 13..=18) || kind == record::CELL_RICH_STRING;
        if let Some(column) = column.filter(|_| is_cell) {
            corners.add(row.into(), column.into())?;
        }
    }
    Ok((plain, corners))
}

/// The first number of a cell is its column, that of a row header its row.
fn column_index(cell: &[u8]) -> Option<u32> {
    cell.first_chunk().map(|column| u32::from_le_bytes(*column))
}

/// Type and length from the start of a record: seven bits per byte, the highest bit means that another follows.
fn head(records: &mut &[u8]) -> Option<(u16, usize)> {
    let mut number = |most: usize| {
        let mut number = 0;
        for at in 0..most {
            let (&byte, rest) = records.split_first()?;
            *records = rest;
            number |= usize::from(byte & 0x7f) << (7 * at);
            if byte & 0x80 == 0 {
                break;
            }
        }
        Some(number)
    };
    let kind = number(2)?;
    Some((u16::try_from(kind).ok()?, number(4)?))
}

fn write(records: &mut Vec<u8>, kind: u16, body: &[&[u8]]) {
    let mut number = |mut number: usize| {
        while number > 0x7f {
            records.push(u8::try_from(number & 0x7f).unwrap_or(0) | 0x80);
            number >>= 7;
        }
        records.push(u8::try_from(number).unwrap_or(0));
    };
    number(usize::from(kind));
    number(body.iter().map(|part| part.len()).sum());
    for part in body {
        records.extend_from_slice(part);
    }
}

#[cfg(test)]
mod tests {
    use super::{CellTexts, SharedTexts, plain_cells};

    #[test]
    fn every_form_of_a_cell_becomes_the_plain_one() {
        let at = |column: u8| [column, 0, 0, 0, 0, 0, 0, 0];
        let record = |kind: u8, body: &[u8]| [&[kind, u8::try_from(body.len()).expect("small")], body].concat();
        let sheet = [
            record(0, &[0; 25]),
            record(2, &[&at(1)[..], &[1, 2, 3, 4]].concat()),
            record(13, &[0, 0, 0, 0, 5, 6, 7, 8]),
            record(11, &[&at(3)[..], &[0x2a, 0, 0, 9, 9, 9]].concat()),
            record(62, &[&at(4)[..], &[1, 1, 0, 0, 0, 65, 0]].concat()),
            vec![0x92, 0x01, 0],
        ]
        .concat();
        let wanted = [
            record(0, &[0; 25]),
            record(2, &[&at(1)[..], &[1, 2, 3, 4]].concat()),
            record(2, &[&at(2)[..], &[5, 6, 7, 8]].concat()),
            record(3, &[&at(3)[..], &[0x2a]].concat()),
            record(6, &[&at(4)[..], &[1, 0, 0, 0, 65, 0]].concat()),
            vec![0x92, 0x01, 0],
        ]
        .concat();
        let plain = |sheet: &[u8], length: u32| {
            let shared = SharedTexts::new(vec![length]);
            plain_cells(sheet, &shared, &mut CellTexts::new(1_000))
        };
        assert_eq!(plain(&sheet, 1).expect("whole records").0, wanted);
        assert!(plain(&sheet[..sheet.len() - 5], 1).is_err(), "cut off");
        // One text that many cells share, in either form of such a cell.
        for cell in [record(7, &[&at(1)[..], &[0; 4]].concat()), record(18, &[0; 8])] {
            let cells = [record(0, &[0; 25]), cell.repeat(10)].concat();
            assert!(plain(&cells, 100).is_ok() && plain(&cells, 1 << 20).is_err(), "{cell:?}");
        }
    }
}
