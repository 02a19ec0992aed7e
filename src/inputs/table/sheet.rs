//! One sheet of a workbook, row by row.

use std::path::Path;

use super::blocks::Open;
use super::cell_texts::CellTexts;
use super::fault::TableFault;
use super::record::Record;
use super::workbook::{Cells, Format, without_panic};
use super::{Kind, Rows, Scope, Source};
use crate::error::Error;

/// A cell this many columns after the last heading makes its row too wide wherever it is; filling up a million rows to
/// such a cell would take minutes.
const FAR: usize = 64;

/// Rows of a sheet.
#[derive(Default)]
pub(super) struct Block {
    /// Those beyond `rows` are kept for their memory.
    records: Vec<Record>,
    rows: usize,
}

/// A sheet that is being read.
pub(super) struct Sheet<'a> {
    path: &'a Path,
    format: Format,
    cells: Cells<'a>,
    texts: &'a mut CellTexts,
    /// The first cell of the next row.
    ahead: Option<(u32, u32, Vec<u8>)>,
    /// The error that ended the read.
    failed: Option<Error>,
    /// Whether all rows were read.
    done: bool,
    columns: usize,
    size: usize,
    spare: Vec<Block>,
}

impl<'a> Sheet<'a> {
    /// Reads rows of at least this many columns in blocks of about this many bytes.
    pub(super) const fn new(
        path: &'a Path,
        format: Format,
        cells: Cells<'a>,
        texts: &'a mut CellTexts,
        columns: usize,
        size: usize,
    ) -> Self {
        Self { path, format, cells, texts, ahead: None, failed: None, done: false, columns, size, spare: Vec::new() }
    }

    /// Reads the next row that has a cell; returns whether there was one.
    pub(super) fn read(&mut self, record: &mut Record) -> Result<bool, TableFault> {
        record.clear();
        let mut current = None;
        let far = if self.columns == 0 { usize::MAX } else { self.columns + FAR };
        // The source must not be read past its end.
        if self.done {
            return Ok(false);
        }
        if let Some((row, column, text)) = self.ahead.take() {
            current = Some(row);
            push(record, (column as usize).min(far), &text);
        }
        while self.ahead.is_none() {
            let (ahead, current) = (&mut self.ahead, &mut current);
            let mut length = 0;
            let more = self.cells.next(|row, column, text| {
                if text.is_empty() {
                    return;
                }
                length = text.len();
                if current.is_some_and(|current| current != row) {
                    *ahead = Some((row, column, text.to_owned()));
                } else {
                    *current = Some(row);
                    push(record, (column as usize).min(far), text);
                }
            })?;
            self.texts.add(length)?;
            if !more {
                self.done = true;
                break;
            }
        }
        let Some(row) = current else { return Ok(false) };
        // A sheet has no short rows: missing cells are blank.
        while record.len() < self.columns {
            record.push(b"");
        }
        record.line = u64::from(row) + 1;
        Ok(true)
    }
}

/// Adds a cell in its column.
fn push(record: &mut Record, column: usize, text: &[u8]) {
    while record.len() < column {
        record.push(b"");
    }
    record.push(text);
}

impl Source for Sheet<'_> {
    type Block = Block;

    fn next(&mut self) -> Result<Option<Block>, Error> {
        if let Some(error) = self.failed.take() {
            return Err(error);
        }
        let mut block = self.spare.pop().unwrap_or_default();
        block.rows = 0;
        let mut bytes = 0;
        while bytes < self.size {
            if block.records.len() == block.rows {
                block.records.push(Record::new());
            }
            let record = &mut block.records[block.rows];
            let (format, path) = (self.format, self.path);
            let read = without_panic(|| self.read(record)).unwrap_or_else(|| Err(format.damaged()));
            match read.map_err(|fault| fault.at(path)) {
                Ok(true) => {}
                Ok(false) => break,
                Err(error) if block.rows == 0 => return Err(error),
                Err(error) => {
                    self.failed = Some(error);
                    break;
                }
            }
            // Counts cells too: a block of blank rows would never end.
            bytes += record.length() + record.len();
            block.rows += 1;
        }
        Ok((block.rows > 0).then_some(block))
    }

    fn rows<'a>(scope: Scope<'a>, block: &'a Block) -> Rows<'a> {
        Rows::new(scope, Kind::Sheet(block.records[..block.rows].iter()))
    }

    fn put_back(&mut self, _: Open, _: &Block, _: &[Block]) {}

    fn reuse(&mut self, block: Block) {
        self.spare.push(block);
    }
}
