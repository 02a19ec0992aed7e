//! The first sheet of a workbook, row by row. Dates become the text that a CSV export would hold, so
//! that one reader serves both.

use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use calamine::{DataRef, Reader as _, Xlsx, XlsxCellReader, XlsxError};
use csv::{ByteRecord, Position};

use super::blocks::Open;
use super::{Kind, Rows, Source, Table};

use crate::error::Error;
use crate::model::instant::civil_from_days;
use crate::model::instant::{DAY, days_from_civil};
use crate::progress::Progress;

type Workbook = Xlsx<BufReader<File>>;

fn broken(path: &Path, error: &XlsxError) -> Error {
    Error::Input {
        path: path.to_owned(),
        what: format!("cannot be read as an XLSX workbook: {error}"),
        next: "open it in a spreadsheet program and save it again as XLSX, or as CSV".to_owned(),
    }
}

fn open(path: &Path) -> Result<(Workbook, String), Error> {
    let workbook: Workbook = calamine::open_workbook(path).map_err(|error| broken(path, &error))?;
    let first = workbook.sheet_names().first().cloned().ok_or_else(|| Error::Input {
        path: path.to_owned(),
        what: "holds no sheet".to_owned(),
        next: "export the report again".to_owned(),
    })?;
    Ok((workbook, first))
}

/// The heading of each column.
pub(super) fn headings(path: &Path) -> Result<Vec<String>, Error> {
    let (mut workbook, sheet) = open(path)?;
    let mut sheet = Sheet::new(path, &mut workbook, &sheet, 0, 1)?;
    let mut heading = ByteRecord::new();
    sheet.read(&mut heading)?;
    Ok(heading.iter().map(|cell| String::from_utf8_lossy(cell).into_owned()).collect())
}

/// Hands the sheet of a workbook, behind its heading, to `read`.
pub(super) fn with_rows<T>(
    table: &Table,
    progress: &Progress,
    read: impl FnOnce(&mut Sheet<'_>) -> Result<T, Error>,
) -> Result<T, Error> {
    progress.read(table.survey.bytes);
    let (mut workbook, sheet) = open(&table.path)?;
    let mut sheet = Sheet::new(&table.path, &mut workbook, &sheet, table.headings.len(), table.block)?;
    sheet.read(&mut ByteRecord::new())?;
    read(&mut sheet)
}

/// The number of the row, counted from 1.
pub(super) fn line(record: &ByteRecord) -> u64 {
    record.position().map_or(0, Position::line)
}

/// Rows of a sheet.
#[derive(Default)]
pub(super) struct Block {
    /// Those beyond `rows` are there for their memory.
    records: Vec<ByteRecord>,
    rows: usize,
}

/// A sheet that is being read.
pub(super) struct Sheet<'a> {
    path: &'a Path,
    cells: XlsxCellReader<'a, BufReader<File>>,
    /// The first cell of the next row.
    ahead: Option<(u32, u32, String)>,
    /// Why there is nothing behind the rows that were read.
    failed: Option<Error>,
    /// Whether all rows were read.
    done: bool,
    columns: usize,
    size: usize,
    spare: Vec<Block>,
}

impl<'a> Sheet<'a> {
    fn new(
        path: &'a Path,
        workbook: &'a mut Workbook,
        sheet: &str,
        columns: usize,
        size: usize,
    ) -> Result<Self, Error> {
        let cells = workbook.worksheet_cells_reader(sheet).map_err(|error| broken(path, &error))?;
        Ok(Self { path, cells, ahead: None, failed: None, done: false, columns, size, spare: Vec::new() })
    }

    /// Reads the next row that has a cell; says whether there was one.
    fn read(&mut self, record: &mut ByteRecord) -> Result<bool, Error> {
        record.clear();
        let mut current = None;
        // Behind the end there is nothing to be read, not even the end.
        if self.done {
            return Ok(false);
        }
        if let Some((row, column, text)) = self.ahead.take() {
            current = Some(row);
            push(record, column, &text);
        }
        loop {
            let Some(cell) = self.cells.next_cell().map_err(|error| broken(self.path, &error))? else {
                self.done = true;
                break;
            };
            let (row, column) = cell.get_position();
            let text = text_of(cell.get_value());
            if text.is_empty() {
                continue;
            }
            if current.is_some_and(|current| current != row) {
                self.ahead = Some((row, column, text.into_owned()));
                break;
            }
            current = Some(row);
            push(record, column, &text);
        }
        let Some(row) = current else { return Ok(false) };
        // A sheet has no short rows: cells that are not there are blank.
        while record.len() < self.columns {
            record.push_field(b"");
        }
        let mut position = Position::new();
        position.set_line(u64::from(row) + 1);
        record.set_position(Some(position));
        Ok(true)
    }
}

/// Puts a cell into its column.
fn push(record: &mut ByteRecord, column: u32, text: &str) {
    while record.len() < column as usize {
        record.push_field(b"");
    }
    record.push_field(text.as_bytes());
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
                block.records.push(ByteRecord::new());
            }
            let record = &mut block.records[block.rows];
            match self.read(record) {
                Ok(true) => {}
                Ok(false) => break,
                Err(error) if block.rows == 0 => return Err(error),
                Err(error) => {
                    self.failed = Some(error);
                    break;
                }
            }
            // Of a row without text there can be no end either.
            bytes += record.as_slice().len() + record.len();
            block.rows += 1;
        }
        Ok((block.rows > 0).then_some(block))
    }

    fn rows<'a>(table: &'a Table, block: &'a Block) -> Rows<'a> {
        Rows::new(table, Kind::Sheet(block.records[..block.rows].iter()))
    }

    fn put_back(&mut self, _: Open, _: &Block, _: &[Block]) {}

    fn reuse(&mut self, block: Block) {
        self.spare.push(block);
    }
}

fn text_of<'a>(value: &'a DataRef<'_>) -> std::borrow::Cow<'a, str> {
    use std::borrow::Cow;
    match value {
        DataRef::Int(number) => Cow::Owned(number.to_string()),
        DataRef::Float(number) => Cow::Owned(number.to_string()),
        DataRef::String(text) | DataRef::DateTimeIso(text) | DataRef::DurationIso(text) => Cow::Borrowed(text),
        DataRef::SharedString(text) => Cow::Borrowed(text),
        DataRef::Bool(truth) => Cow::Borrowed(if *truth { "true" } else { "false" }),
        DataRef::DateTime(moment) => {
            let (year, month, day, hour, minute, second, milli) = moment.to_ymd_hms_milli();
            let Some(days) = days_from_civil(i64::from(year), month, day) else {
                return Cow::Owned(moment.as_f64().to_string());
            };
            // A serial number holds a second only nearly.
            let seconds = days * DAY
                + i64::from(hour) * 3_600
                + i64::from(minute) * 60
                + i64::from(second)
                + i64::from(milli >= 500);
            let (year, month, day) = civil_from_days(seconds.div_euclid(DAY));
            let time = seconds.rem_euclid(DAY);
            let date = format!("{year:04}-{month:02}-{day:02}");
            Cow::Owned(if time == 0 {
                date
            } else {
                format!("{date} {:02}:{:02}:{:02}", time / 3_600, time / 60 % 60, time % 60)
            })
        }
        DataRef::Error(error) => Cow::Owned(format!("#{error:?}")),
        DataRef::Empty => Cow::Borrowed(""),
    }
}
