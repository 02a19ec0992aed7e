//! Workbooks of every format: their sheets, and the cells of each.
//!
//! XLSX sheets are streamed; the library loads the other formats whole.

use std::io::{Read as _, Seek as _, SeekFrom};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Once;

use calamine::{
    Data, Ods, OdsError, Range, Reader as _, Sheet as SheetInfo, SheetType, Xls, XlsError, Xlsb, XlsbError, Xlsx,
    XlsxCellReader, XlsxError,
};

use super::cell::{self, FORMULA_WITHOUT_RESULT};
use super::declared_size;
use super::fault::{AS_EXPORTED, GET_AGAIN, TableFault};
use super::package::Bytes;
use super::xlsb;

/// The format of a workbook.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    Xlsx,
    Xls,
    Xlsb,
    Ods,
}

impl Format {
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Xlsx => "XLSX",
            Self::Xls => "XLS",
            Self::Xlsb => "XLSB",
            Self::Ods => "ODS",
        }
    }

    /// The fault of a workbook that the library refuses.
    fn fault(self, error: &impl std::fmt::Display, needs_password: bool) -> TableFault {
        if needs_password { self.encrypted() } else { self.broken(error) }
    }

    fn broken(self, error: impl std::fmt::Display) -> TableFault {
        TableFault::new(
            format!("cannot be read as an {} workbook: {error}", self.word()),
            match self {
                Self::Xlsx => "open it in a spreadsheet program and save it as CSV UTF-8, or export it again",
                Self::Xls | Self::Xlsb | Self::Ods => {
                    "open it in a spreadsheet program and save it again as XLSX, or as CSV UTF-8"
                }
            },
        )
    }

    /// The fault of a workbook that makes the library panic.
    pub(super) fn damaged(self) -> TableFault {
        self.broken(DAMAGED)
    }

    /// The fault of a workbook that needs a password.
    fn encrypted(self) -> TableFault {
        TableFault::new(
            "is encrypted with a password",
            match self {
                Self::Ods => "open it, save it again with File > Save As and without \"Save with password\"",
                Self::Xlsx | Self::Xls | Self::Xlsb => {
                    "open it, remove the password (File > Info > Protect Workbook), and save it again"
                }
            },
        )
    }
}

/// An opened workbook.
pub(super) struct Workbook {
    pub(super) format: Format,
    /// The worksheets in order, including hidden ones.
    pub(super) sheets: Vec<String>,
    /// Whether its serial dates count from 1904.
    pub(super) date_1904: bool,
    kind: Kind,
}

enum Kind {
    Stream(Box<Xlsx<Bytes>>),
    Xls(Box<Xls<Bytes>>),
    Xlsb(Box<Xlsb<Bytes>>),
    Ods(Ods<Bytes>),
}

impl Workbook {
    /// Opens a workbook of this format; `packed` is the size of its file in bytes.
    pub(super) fn open(format: Format, bytes: Bytes, packed: u64) -> Result<Self, TableFault> {
        let without_panic = |open: &mut dyn FnMut(Bytes) -> Result<Self, TableFault>| {
            let mut bytes = Some(bytes);
            let opened = without_panic(|| bytes.take().map(open));
            opened.flatten().unwrap_or_else(|| Err(format.broken(DAMAGED)))
        };
        match format {
            Format::Xlsx => without_panic(&mut |bytes| {
                let book =
                    Xlsx::new(bytes).map_err(|error| format.fault(&error, matches!(error, XlsxError::Password)))?;
                let (sheets, date_1904) = (worksheets(book.sheets_metadata()), book.has_1904_epoch());
                Ok(Self { format, sheets, date_1904, kind: Kind::Stream(Box::new(book)) })
            }),
            Format::Xls => without_panic(&mut |bytes| Self::open_ole(bytes, packed)),
            Format::Xlsb => without_panic(&mut |bytes| {
                let book = Xlsb::new(xlsb::with_plain_cells(bytes, packed)?)
                    .map_err(|error| format.fault(&error, matches!(error, XlsbError::Password)))?;
                let (sheets, date_1904) = (worksheets(book.sheets_metadata()), book.has_1904_epoch());
                Ok(Self { format, sheets, date_1904, kind: Kind::Xlsb(Box::new(book)) })
            }),
            Format::Ods => without_panic(&mut |bytes| {
                let book =
                    Ods::new(bytes).map_err(|error| format.fault(&error, matches!(error, OdsError::Password)))?;
                let sheets = worksheets(book.sheets_metadata());
                Ok(Self { format, sheets, date_1904: false, kind: Kind::Ods(book) })
            }),
        }
    }

    /// Opens a compound file: an XLS workbook, an encrypted workbook, or neither.
    fn open_ole(mut bytes: Bytes, packed: u64) -> Result<Self, TableFault> {
        let format = Format::Xls;
        let mut all = Vec::new();
        bytes.seek(SeekFrom::Start(0))?;
        bytes.read_to_end(&mut all)?;
        bytes.seek(SeekFrom::Start(0))?;
        if has_stream(&all, "EncryptedPackage") || is_obfuscated(&all) {
            return Err(format.encrypted());
        }
        if !has_stream(&all, "Workbook") && !has_stream(&all, "Book") {
            let what = match () {
                () if has_stream(&all, "WordDocument") => "is a Word document, not a table",
                () if has_stream(&all, "PowerPoint Document") => "is a PowerPoint presentation, not a table",
                () if has_stream(&all, "__properties_version1.0") => "is an Outlook message, not a table",
                () => "is an OLE file without a workbook in it",
            };
            return Err(TableFault::NoTable { what, next: AS_EXPORTED });
        }
        declared_size::check_ole(&all, packed)?;
        let book = Xls::new(bytes).map_err(|error| format.fault(&error, matches!(error, XlsError::Password)))?;
        let (sheets, date_1904) = (worksheets(book.sheets_metadata()), book.has_1904_epoch());
        Ok(Self { format, sheets, date_1904, kind: Kind::Xls(Box::new(book)) })
    }

    /// The cells of a sheet.
    pub(super) fn cells(&mut self, sheet: &str) -> Result<Cells<'_>, TableFault> {
        let format = self.format;
        let loaded = match &mut self.kind {
            Kind::Stream(book) => {
                let cells = book.worksheet_cells_reader(sheet).map_err(|error| format.broken(error))?;
                return Ok(Cells::Stream(Box::new(cells)));
            }
            Kind::Xls(book) => without_panic(|| {
                let values = book.worksheet_range(sheet).map_err(|error| format.broken(error))?;
                Ok((values, book.worksheet_formula(sheet).map_err(|error| format.broken(error))?))
            }),
            // With plain cells every formula has its result.
            Kind::Xlsb(book) => without_panic(|| {
                Ok((book.worksheet_range(sheet).map_err(|error| format.broken(error))?, Range::empty()))
            }),
            Kind::Ods(book) => without_panic(|| {
                let values = book.worksheet_range(sheet).map_err(|error| format.broken(error))?;
                Ok((values, book.worksheet_formula(sheet).map_err(|error| format.broken(error))?))
            }),
        };
        let (values, formulas) = loaded.unwrap_or_else(|| Err(format.broken(DAMAGED)))?;
        Ok(Cells::Loaded(Loaded::new(values, formulas)))
    }
}

/// The sheets that hold cells.
fn worksheets(sheets: &[SheetInfo]) -> Vec<String> {
    sheets.iter().filter(|sheet| sheet.typ == SheetType::WorkSheet).map(|sheet| sheet.name.clone()).collect()
}

/// Cells of a sheet, row by row.
pub(super) enum Cells<'a> {
    Stream(Box<XlsxCellReader<'a, Bytes>>),
    Loaded(Loaded),
}

impl Cells<'_> {
    /// Calls `take` with the next cell: row and column, counted from 0, and its bytes, possibly none. Returns whether
    /// there was one.
    pub(super) fn next(&mut self, take: impl FnOnce(u32, u32, &[u8])) -> Result<bool, TableFault> {
        match self {
            Self::Stream(cells) => {
                let cell = cells.next_cell_with_formula_metadata().map_err(|error| Format::Xlsx.broken(error))?;
                let Some(cell) = cell else { return Ok(false) };
                let (row, column) = cell.pos;
                if u64::from(row) >= declared_size::MAX_ROWS || u64::from(column) >= declared_size::MAX_COLUMNS {
                    return Err(declared_size::outside(row.into(), column.into()));
                }
                if cell.formula.is_some() && cell.value == calamine::DataRef::Empty {
                    take(row, column, FORMULA_WITHOUT_RESULT);
                } else {
                    let text = cell::text_of(&cell.value);
                    declared_size::cell(row, column, &text)?;
                    take(row, column, text.as_bytes());
                }
                Ok(true)
            }
            Self::Loaded(loaded) => loaded.next(take),
        }
    }
}

/// A sheet loaded whole.
pub(super) struct Loaded {
    values: Range<Data>,
    formulas: Range<String>,
    /// The first cell with a value or a formula, and the one after the last.
    start: (u32, u32),
    end: (u32, u32),
    /// The next cell.
    at: (u32, u32),
}

impl Loaded {
    fn new(values: Range<Data>, formulas: Range<String>) -> Self {
        let corners = [values.start().zip(values.end()), formulas.start().zip(formulas.end())];
        let corners: Vec<((u32, u32), (u32, u32))> = corners.into_iter().flatten().collect();
        let least = |of: fn((u32, u32)) -> u32| corners.iter().map(|&(start, _)| of(start)).min().unwrap_or(0);
        let most = |of: fn((u32, u32)) -> u32| corners.iter().map(|&(_, end)| of(end) + 1).max().unwrap_or(0);
        let start = (least(|at| at.0), least(|at| at.1));
        let end = (most(|at| at.0), most(|at| at.1));
        Self { values, formulas, start, end, at: start }
    }

    fn next(&mut self, take: impl FnOnce(u32, u32, &[u8])) -> Result<bool, TableFault> {
        let (row, column) = self.at;
        if row >= self.end.0 {
            return Ok(false);
        }
        self.at = if column + 1 < self.end.1 { (row, column + 1) } else { (row + 1, self.start.1) };
        let has_formula = || self.formulas.get_value((row, column)).is_some_and(|formula| !formula.is_empty());
        match self.values.get_value((row, column)) {
            None | Some(Data::Empty) if has_formula() => take(row, column, FORMULA_WITHOUT_RESULT),
            None => take(row, column, b""),
            Some(value) => {
                let value = cell::as_ref(value);
                let text = cell::text_of(&value);
                declared_size::cell(row, column, &text)?;
                take(row, column, text.as_bytes());
            }
        }
        Ok(true)
    }
}

/// Whether a compound file has a stream or folder of this name: its directory contains the name as UTF-16 at the start
/// of a 128-byte entry, terminated by a zero.
fn has_stream(file: &[u8], name: &str) -> bool {
    let name: Vec<u8> = name.encode_utf16().chain([0]).flat_map(u16::to_le_bytes).collect();
    file.chunks_exact(128).any(|entry| entry.starts_with(&name))
}

/// Whether a workbook's stream has the record FilePass after its first record (MS-XLS 2.4.117): the rest is then
/// encrypted or obfuscated. The library does not recognize the obfuscation of Excel 95 and older.
fn is_obfuscated(file: &[u8]) -> bool {
    const WRITE_PROTECTED: u16 = 0x0086;
    const FILE_PASS: u16 = 0x002f;
    let starts: [&[u8]; 2] = [&[9, 8, 16, 0, 0, 6, 5, 0], &[9, 8, 8, 0, 0, 5, 5, 0]];
    file.chunks_exact(64).enumerate().filter(|(_, chunk)| starts.iter().any(|start| chunk.starts_with(start))).any(
        |(at, _)| {
            let mut records = &file[at * 64..];
            let mut read = || {
                let (head, rest) = records.split_first_chunk::<4>()?;
                let length = usize::from(u16::from_le_bytes([head[2], head[3]]));
                records = rest.get(length..)?;
                Some(u16::from_le_bytes([head[0], head[1]]))
            };
            let mut behind = read().and_then(|_| read());
            while behind == Some(WRITE_PROTECTED) {
                behind = read();
            }
            behind == Some(FILE_PASS)
        },
    )
}

/// The reason if the library panics.
const DAMAGED: &str = "it is damaged";

/// Calls the library, which panics on some damaged files. Returns `None` if it did; nothing is printed then.
pub(super) fn without_panic<T>(work: impl FnOnce() -> T) -> Option<T> {
    static HOOK: Once = Once::new();
    thread_local! {
        static IS_QUIET: std::cell::Cell<bool> = const { std::cell::Cell::new(false) };
    }
    HOOK.call_once(|| {
        let others = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            if !IS_QUIET.get() {
                others(panic);
            }
        }));
    });
    IS_QUIET.set(true);
    let done = catch_unwind(AssertUnwindSafe(work));
    IS_QUIET.set(false);
    done.ok()
}

/// The format for opening a compound file, which may turn out not to be a workbook.
pub(super) const OLE: Format = Format::Xls;

/// Advice for a workbook without a sheet.
pub(super) fn without_sheets() -> TableFault {
    TableFault::NoTable { what: "contains no worksheet", next: GET_AGAIN }
}

#[cfg(test)]
mod tests {
    use super::{has_stream, is_obfuscated, without_panic};

    #[test]
    fn a_panic_of_the_library_is_no_panic_of_the_tool() {
        assert_eq!(without_panic(|| 1), Some(1));
        assert_eq!(without_panic(|| -> u8 { panic!("a damaged file") }), None);
    }

    #[test]
    fn a_directory_entry_names_its_stream() {
        let mut file = vec![0; 512];
        let name: Vec<u8> = "Workbook".encode_utf16().flat_map(u16::to_le_bytes).collect();
        file[128..144].copy_from_slice(&name);
        assert!(has_stream(&file, "Workbook"));
        assert!(!has_stream(&file, "Book") && !has_stream(&file, "Work"));
    }

    #[test]
    fn an_obfuscated_workbook_says_so_behind_its_start() {
        let start = [&[9, 8, 16, 0, 0, 6, 5, 0][..], &[0; 12]].concat();
        let file = |records: &[u8]| [vec![0; 512], start.clone(), records.to_vec(), vec![0; 64]].concat();
        assert!(is_obfuscated(&file(&[0x2f, 0, 6, 0, 0, 0, 1, 2, 3, 4])));
        assert!(is_obfuscated(&file(&[0x86, 0, 0, 0, 0x2f, 0, 6, 0, 0, 0, 1, 2, 3, 4])));
        assert!(!is_obfuscated(&file(&[0xe1, 0, 2, 0, 0, 0, 0x2f, 0, 6, 0])));
    }
}
