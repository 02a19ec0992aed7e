//! The range of a long table, put in on the way out.
//!
//! The writer of workbooks keeps every cell of a table in memory, to see whether tables overlap: some thirty bytes
//! a cell, hundreds of mebibytes for the findings of a large run. So the long table is declared over its first row
//! alone. Its range stands in a small file near the end of the archive, which is held back as it comes and written
//! anew; the bytes are those that the writer itself would make of the whole range.
//!
//! Must not know: what the rows hold.

use std::io::{Error, Read as _, Result, Write};

use flate2::read::DeflateDecoder;
use flate2::write::DeflateEncoder;
use flate2::{Compression, Crc};

/// The file of the first table of a workbook.
const TABLE: &[u8] = b"xl/tables/table1.xml";
/// What starts an entry of a zip archive, and where its name stands.
const ENTRY: &[u8] = b"PK\x03\x04";
const ENTRY_NAME: usize = 30;
/// What starts the checksum and the lengths behind an entry.
const DESCRIPTOR: &[u8] = b"PK\x07\x08";
/// What starts an entry of the directory at the end, and where its checksum, its lengths, the place of the entry
/// and its name stand.
const LISTED: &[u8] = b"PK\x01\x02";
const LISTED_SUMS: usize = 16;
const LISTED_PLACE: usize = 42;
const LISTED_NAME: usize = 46;
/// What starts the end of the archive, and where the place of the directory stands.
const END: &[u8] = b"PK\x05\x06";
const END_DIRECTORY: usize = 16;

/// Passes a workbook on and puts another range into its first table.
pub(super) struct TableRangeWriter<W> {
    out: W,
    /// As the file of the table has it, and as it shall be.
    ranges: (String, String),
    compression: Compression,
    /// Bytes passed on.
    passed: usize,
    /// What is held back: the beginning of what may be the entry of the table; from there on, everything.
    held: Vec<u8>,
    is_found: bool,
}

impl<W: Write> TableRangeWriter<W> {
    /// Puts `to` in the place of `from`, both as `A1:B2`.
    pub(super) fn new(out: W, from: String, to: String, compression: u8) -> Self {
        let compression = Compression::new(u32::from(compression));
        Self { out, ranges: (from, to), compression, passed: 0, held: Vec::new(), is_found: false }
    }

    /// Writes what was held back.
    ///
    /// # Errors
    /// Those of the writer; and when the archive is not of the form that the writer of workbooks makes.
    pub(super) fn finish(mut self) -> Result<()> {
        let tail = self.tail().ok_or_else(|| Error::other("the workbook has no table of findings"))?;
        self.out.write_all(&tail)?;
        self.out.flush()
    }

    /// The end of the archive from the entry of the table on, with the other range.
    fn tail(&self) -> Option<Vec<u8>> {
        let tail = &self.held;
        let end = tail.len().checked_sub(22).filter(|&end| tail[end..].starts_with(END))?;
        let directory = number(tail, end + END_DIRECTORY)?.checked_sub(self.passed)?;
        let listed = self.listed(directory)?;
        let (_, offset) = listed.iter().copied().find(|&(place, _)| place == self.passed)?;
        let length = number(tail, offset + LISTED_SUMS + 4)?;
        let data = ENTRY_NAME + TABLE.len();
        // Behind the data stand its sums, in as many bytes as the writer marks them with.
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

    /// Of each entry of the archive: where it stands, and where in the tail it is listed.
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

    /// A workbook with a table over so many rows, and one over a few behind it.
    fn workbook(rows: u32, out: impl std::io::Write + Send) {
        let mut workbook = Workbook::new();
        workbook.set_zip_compression_level(COMPRESSION);
        // Else the file tells when it was made.
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
