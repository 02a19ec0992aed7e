//! Sets the range of a long table while writing the file.
//!
//! The workbook writer keeps every cell of a table in memory, to detect overlapping tables: some thirty bytes per
//! cell, hundreds of mebibytes for the findings of a large run. So the long table is declared over only its first
//! row. Its range is in a small file near the end of the archive, which is held back and rewritten; the bytes are
//! those that the writer itself would produce for the whole range.
//!
//! Must not know: the content of the rows.

use std::io::{Error, Read as _, Result, Write};

use flate2::read::DeflateDecoder;
use flate2::write::DeflateEncoder;
use flate2::{Compression, Crc};

/// The file of the first table of a workbook.
const TABLE: &[u8] = b"xl/tables/table1.xml";
/// Signature of a zip entry, and the offset of its name.
const ENTRY: &[u8] = b"PK\x03\x04";
const ENTRY_NAME: usize = 30;
/// Signature of the checksum and the lengths after an entry.
const DESCRIPTOR: &[u8] = b"PK\x07\x08";
/// Signature of a central directory entry, and the offsets of its checksum, its lengths, the entry's offset and its
/// name.
const LISTED: &[u8] = b"PK\x01\x02";
const LISTED_SUMS: usize = 16;
const LISTED_PLACE: usize = 42;
const LISTED_NAME: usize = 46;
/// Signature of the end of the archive, and the offset of the directory's position.
const END: &[u8] = b"PK\x05\x06";
const END_DIRECTORY: usize = 16;

/// Passes a workbook on and changes the range of its first table.
pub(super) struct TableRangeWriter<W> {
    out: W,
    /// The range in the table's file, and its replacement.
    ranges: (String, String),
    compression: Compression,
    /// Bytes passed on.
    passed: usize,
    /// Bytes held back: a possible beginning of the table's entry; after that, everything.
    held: Vec<u8>,
    is_found: bool,
}

impl<W: Write> TableRangeWriter<W> {
    /// Replaces the range `from` by `to`, both as `A1:B2`.
    pub(super) fn new(out: W, from: String, to: String, compression: u8) -> Self {
        let compression = Compression::new(u32::from(compression));
        Self { out, ranges: (from, to), compression, passed: 0, held: Vec::new(), is_found: false }
    }

    /// Writes the bytes held back.
    ///
    /// # Errors
    /// If writing fails, or if the archive does not have the workbook writer's layout.
    pub(super) fn finish(mut self) -> Result<()> {
        let tail = self.tail().ok_or_else(|| Error::other("the workbook has no table of findings"))?;
        self.out.write_all(&tail)?;
        self.out.flush()
    }

    /// The end of the archive from the table's entry on, with the new range.
    fn tail(&self) -> Option<Vec<u8>> {
        let tail = &self.held;
        let end = tail.len().checked_sub(22).filter(|&end| tail[end..].starts_with(END))?;
        let directory = number(tail, end + END_DIRECTORY)?.checked_sub(self.passed)?;
        let listed = self.listed(directory)?;
        let (_, offset) = listed.iter().copied().find(|&(place, _)| place == self.passed)?;
        let length = number(tail, offset + LISTED_SUMS + 4)?;
        let data = ENTRY_NAME + TABLE.len();
        // The data is followed by its checksum and lengths, behind the descriptor signature.
        let behind = data + length + DESCRIPTOR.len() + 12;
        tail.get(data + length..)?.starts_with(DESCRIPTOR).then_some(())?;

        let mut text = String::new();
        DeflateDecoder::new(tail.get(data..data + length)?).read_to_string(&mut text).ok()?;
        let text = text.replace(&format!("ref=\"{}\"", self.ranges.0), &format!("ref=\"{}\"", self.ranges.1));
        let mut packed = DeflateEncoder::new(Vec::new(), self.compression);
        packed.write_all(text.as_bytes()).ok()?;
        let packed = packed.finish().ok()?;
        let mut crc = Crc::new();
        crc.update(text.as_bytes());
        let lengths = [packed.len(), text.len()].map(|length| u32::try_from(length).ok());
        let sums = [crc.sum(), lengths[0]?, lengths[1]?].map(u32::to_le_bytes).concat();

        let grown = |place: usize| u32::try_from(place + packed.len() - length).ok().map(u32::to_le_bytes);
        let mut all = tail[..data].to_vec();
        all.extend_from_slice(&packed);
        all.extend_from_slice(DESCRIPTOR);
        all.extend_from_slice(&sums);
        let before_directory = all.len();
        all.extend_from_slice(tail.get(behind..)?);
        let moved = before_directory + directory - behind;
        for (place, offset) in listed {
            let offset = moved + (offset - directory);
            if place == self.passed {
                all.get_mut(offset + LISTED_SUMS..)?.get_mut(..sums.len())?.copy_from_slice(&sums);
            } else if place > self.passed {
                all.get_mut(offset + LISTED_PLACE..)?.get_mut(..4)?.copy_from_slice(&grown(place)?);
            }
        }
        let offset = moved + (end - directory) + END_DIRECTORY;
        all.get_mut(offset..)?.get_mut(..4)?.copy_from_slice(&grown(self.passed + directory)?);
        Some(all)
    }

    /// For each entry of the archive: its offset, and the offset of its directory entry in the tail.
    fn listed(&self, directory: usize) -> Option<Vec<(usize, usize)>> {
        let mut listed = Vec::new();
        let mut offset = directory;
        while self.held.get(offset..)?.starts_with(LISTED) {
            listed.push((number(&self.held, offset + LISTED_PLACE)?, offset));
            let lengths: usize =
                [28, 30, 32].into_iter().map(|at| short(&self.held, offset + at)).sum::<Option<usize>>()?;
            offset += LISTED_NAME + lengths;
        }
        Some(listed)
    }
}

impl<W: Write> Write for TableRangeWriter<W> {
    fn write(&mut self, bytes: &[u8]) -> Result<usize> {
        self.held.extend_from_slice(bytes);
        if !self.is_found {
            let entry = ENTRY_NAME + TABLE.len();
            let place = self.held.windows(entry).position(|at| at.starts_with(ENTRY) && at.ends_with(TABLE));
            self.is_found = place.is_some();
            let passed = place.unwrap_or_else(|| self.held.len().saturating_sub(entry - 1));
            self.out.write_all(&self.held[..passed])?;
            self.held.drain(..passed);
            self.passed += passed;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> Result<()> {
        self.out.flush()
    }
}

fn number(bytes: &[u8], at: usize) -> Option<usize> {
    let number = bytes.get(at..)?.first_chunk().copied().map(u32::from_le_bytes)?;
    usize::try_from(number).ok()
}

fn short(bytes: &[u8], at: usize) -> Option<usize> {
    bytes.get(at..)?.first_chunk().copied().map(u16::from_le_bytes).map(usize::from)
}

#[cfg(test)]
mod tests {
    use super::TableRangeWriter;
    use crate::outputs::xlsx::COMPRESSION;
    use rust_xlsxwriter::{DocProperties, ExcelDateTime, Table, Workbook};

    /// A workbook with a table of so many rows, followed by one of a few.
    fn workbook(rows: u32, out: impl std::io::Write + Send) {
        let mut workbook = Workbook::new();
        workbook.set_zip_compression_level(COMPRESSION);
        // Otherwise the file contains its creation time.
        let made = ExcelDateTime::from_timestamp(0).expect("a time");
        workbook.set_properties(&DocProperties::new().set_creation_datetime(&made));
        let sheet = workbook.add_worksheet();
        sheet.add_table(0, 0, rows, 20, &Table::new()).expect("a table");
        for row in 1..=9_999 {
            sheet.write_string(row, 1, format!("xl/tables/table1.xml {row}")).expect("a cell");
        }
        workbook.add_worksheet().add_table(4, 0, 9, 3, &Table::new()).expect("another table");
        workbook.save_to_writer(out).expect("a workbook");
    }

    #[test]
    fn the_bytes_are_those_of_the_whole_range() {
        for rows in [1, 9, 10, 777, 9_999] {
            let (mut whole, mut widened) = (Vec::new(), Vec::new());
            workbook(rows, &mut whole);
            let mut out =
                TableRangeWriter::new(&mut widened, "A1:U2".to_owned(), format!("A1:U{}", rows + 1), COMPRESSION);
            workbook(1, &mut out);
            out.finish().expect("a workbook");
            assert!(whole == widened, "{rows} rows");
        }
    }

    #[test]
    fn what_has_no_table_is_not_passed_on_as_if_it_had() {
        let mut out = TableRangeWriter::new(Vec::new(), "A1:U2".to_owned(), "A1:U3".to_owned(), COMPRESSION);
        Workbook::new().save_to_writer(&mut out).expect("a workbook");
        assert!(out.finish().is_err());
    }
}
