//! Reads a table from a file: delimited text in any encoding and with any delimiter, or a workbook, optionally within
//! gzip or zip. Rows come one by one or in blocks; text and XLSX use constant memory.
//!
//! One file is one table, possibly in several parts: workbook sheets and archive entries with the same headings. The
//! others are listed as unread.
//!
//! Each text is surveyed once before it is read, so that the encoding is determined from all of it rather than a
//! sample; this also computes the file's digest. Later reads yield the same bytes, or the run ends.
//!
//! Must not know: what the columns mean, or which side the file is from.

mod blocks;
mod cell;
mod cell_texts;

mod declared_size;
mod encoding;
mod envelope;
mod fault;
mod heading;
mod original;
mod package;
mod record;
mod search;
mod shared;
mod sheet;
mod survey;
mod text;
mod workbook;
mod xlsb;

use std::fmt;
use std::fs::File;
use std::io::{BufReader, Read as _};
use std::path::Path;
use std::time::SystemTime;

use rayon::iter::{IntoParallelRefIterator as _, ParallelIterator as _};
use sha2::{Digest as _, Sha256};

use crate::error::Error;
use crate::progress::Progress;
use blocks::{Cutter, Next, Open, Records};
pub use cell::{CellFault, cell_fault, cell_text};
pub use cell_texts::CellTexts;
use encoding::Encoding;
use envelope::Wrapping;
use fault::{AS_EXPORTED, TableFault};
use heading::Body;
use original::{Original, Summed};
use record::Record;
use search::Search;
use sheet::Sheet;
use survey::{Magic, Survey};
use workbook::{Format, Workbook};

/// A file that contains a table.
#[derive(Debug)]
pub struct Table {
    file: Original,
    /// The column headings, as written in the first part.
    pub headings: Vec<String>,
    /// The delimiter of the first part; `None` for a spreadsheet.
    pub delimiter: Option<u8>,
    sha256: String,
    encoding: String,
    /// Whether it is plain text ending with a line end.
    ends_a_line: bool,
    parts: Vec<Part>,
    unread: Vec<Unread>,
    notes: Vec<String>,
    block: usize,
}

/// A text or a sheet of the table: the whole file, or one of several read in order.
#[derive(Debug)]
struct Part {
    /// Its name in reports.
    name: String,
    wrapping: Wrapping,
    content: Content,
    /// Where the rows begin.
    body: Body,
}

/// Type of a part.
#[derive(Debug, Clone)]
enum Content {
    Text { encoding: Encoding, byte_order_mark: bool, delimiter: u8 },
    Sheet { format: Format, name: String, date_1904: bool },
}

impl Content {
    const fn encoding(&self) -> &'static str {
        match self {
            Self::Text { encoding, .. } => encoding.word(),
            Self::Sheet { format, .. } => format.word(),
        }
    }

    const fn delimiter(&self) -> Option<u8> {
        match self {
            Self::Text { delimiter, .. } => Some(*delimiter),
            Self::Sheet { .. } => None,
        }
    }
}

/// A sheet of a workbook or an entry of an archive that is not part of the table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unread {
    /// `sheet "Notes"`, `notes.txt` or `report.xlsx, sheet "Notes"`.
    pub name: String,
    /// Row count of a sheet, headings included; `None` if it has 20 or more, or is no sheet.
    pub rows: Option<u64>,
    /// Why it is not read; messages prefix the name.
    pub why: String,
}

impl fmt::Display for Unread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)?;
        match self.rows {
            Some(1) => f.write_str(" (1 row)")?,
            Some(rows) => write!(f, " ({rows} rows)")?,
            None => {}
        }
        write!(f, " {}", self.why)
    }
}

/// One row below the heading.
#[derive(Debug, Clone, Copy)]
pub struct Row<'a> {
    record: &'a Record,
    /// The line of its part on which the row starts (for a spreadsheet, its row number), counted from 1.
    pub line: u64,
    /// The part of the table that contains it, by index into [`Table::parts`].
    pub part: u16,
}

impl<'a> Row<'a> {
    /// The cell of a column; blank if the row is too short.
    #[must_use]
    pub fn get(self, column: usize) -> &'a [u8] {
        self.record.get(column).unwrap_or_default()
    }

    /// The line number in compact form, for tables of millions of rows; saturates at the maximum.
    #[must_use]
    pub fn line_number(self) -> u32 {
        u32::try_from(self.line).unwrap_or(u32::MAX)
    }

    /// Number of cells in the row.
    #[must_use]
    pub fn len(self) -> usize {
        self.record.len()
    }

    /// Whether the row has no cells.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.record.len() == 0
    }
}

/// The workbook whose sheets are being read: opened once for all of them, because opening takes longer with more sheets
/// and texts.
struct OpenedWorkbook {
    workbook: Option<(Wrapping, Workbook)>,
    /// Counts all sheets of the file.
    texts: CellTexts,
}

impl OpenedWorkbook {
    const fn new(file: &Original) -> Self {
        Self { workbook: None, texts: CellTexts::new(file.bytes()) }
    }
}

/// The part of a table that is being read.
#[derive(Debug, Clone, Copy)]
struct Scope<'a> {
    table: &'a Table,
    part: u16,
}

impl Scope<'_> {
    fn part(&self) -> &Part {
        &self.table.parts[usize::from(self.part)]
    }

    fn delimiter(&self) -> u8 {
        self.part().content.delimiter().unwrap_or(b',')
    }

    /// The error for an unterminated row.
    fn cut_off(&self, line: u64) -> Error {
        let of = if self.table.parts.len() > 1 { format!(" of {}", self.part().name) } else { String::new() };
        Error::Input {
            path: self.table.path().to_owned(),
            what: format!(
                "the quotation mark that opens in the row on line {line}{of} is never closed; the file seems to be cut off"
            ),
            next: "export or save the file again and let the download finish".to_owned(),
        }
    }
}

/// The rows of a block, one by one.
pub struct Rows<'a> {
    scope: Scope<'a>,
    kind: Kind<'a>,
    count: u64,
}

enum Kind<'a> {
    Text(Box<Records<'a>>),
    Sheet(std::slice::Iter<'a, Record>),
}

impl<'a> Rows<'a> {
    const fn new(scope: Scope<'a>, kind: Kind<'a>) -> Self {
        Self { scope, kind, count: 0 }
    }

    /// The next row; `None` at the end.
    ///
    /// # Errors
    /// If the file ends within the row.
    #[expect(clippy::should_implement_trait, reason = "a row is lent, which no iterator does")]
    pub fn next(&mut self) -> Result<Option<Row<'_>>, Error> {
        let part = self.scope.part;
        let row = match &mut self.kind {
            Kind::Sheet(records) => records.next().map(|record| Row { record, line: record.line, part }),
            Kind::Text(records) => match records.next() {
                Next::Record(record, line) => Some(Row { record, line, part }),
                Next::CutOff { line } => return Err(self.scope.cut_off(line)),
                Next::Nothing => None,
            },
        };
        self.count += u64::from(row.is_some());
        Ok(row)
    }

    /// The part of the table that contains the rows, by index into [`Table::parts`].
    #[must_use]
    pub const fn part(&self) -> u16 {
        self.scope.part
    }

    /// Maximum number of rows, unless some have missing cells.
    #[must_use]
    pub fn most(&self) -> usize {
        match &self.kind {
            Kind::Sheet(records) => records.len(),
            // Line ends within cells start no rows, and a row has at least its delimiters.
            Kind::Text(records) => records.most(self.scope.table.headings.len()),
        }
    }

    /// The row that continues in the next block, once all before it are read.
    fn open(&self) -> Option<Open> {
        match &self.kind {
            Kind::Text(records) => records.open(),
            Kind::Sheet(_) => None,
        }
    }
}

/// Yields the rows of a file block by block.
trait Source: Send {
    type Block: Send + Sync;

    /// The next block.
    fn next(&mut self) -> Result<Option<Self::Block>, Error>;

    /// The rows of a block.
    fn rows<'a>(scope: Scope<'a>, block: &'a Self::Block) -> Rows<'a>;

    /// Takes back everything from an open row on: the rest of its block, and the following blocks.
    fn put_back(&mut self, open: Open, block: &Self::Block, behind: &[Self::Block]);

    /// Takes the memory of a block that is no longer needed.
    fn reuse(&mut self, block: Self::Block);
}

/// The result of a block.
struct Parsed<B> {
    batch: Result<B, Error>,
    rows: u64,
    open: Option<Open>,
}

/// Block size in bytes: large compared to the cost of handing it to another thread, small compared to a run's memory.
const BLOCK: usize = 1 << 18;
/// Number of blocks per thread read at a time.
const BLOCKS_A_THREAD: usize = 4;

impl Table {
    /// Hexadecimal SHA-256 of a file that need not be a table.
    ///
    /// # Errors
    /// If it cannot be read.
    pub fn digest(path: &Path) -> Result<String, Error> {
        let mut digest = Sha256::new();
        let read = Original::open(path).and_then(|mut file| {
            let progress = Progress::hidden();
            file.first_bytes(&progress, |mut bytes| Survey::new(&mut bytes, |chunk| digest.update(chunk)))
        });
        read.map_err(|fault| fault.at(path))?;
        Ok(data_encoding::HEXLOWER.encode(&digest.finalize()))
    }

    /// Surveys a file and finds its headings: the first line, among the first twenty, that `is_headings` accepts; if it
    /// accepts none, the first non-blank line.
    ///
    /// # Errors
    /// If the file cannot be read, is empty, or is not a table.
    pub fn open(path: &Path, progress: &Progress, is_headings: &dyn Fn(&[String]) -> bool) -> Result<Self, Error> {
        Self::find(path, progress, is_headings).map_err(|fault| fault.at(path))
    }

    fn find(path: &Path, progress: &Progress, is_headings: &dyn Fn(&[String]) -> bool) -> Result<Self, TableFault> {
        let mut file = Original::open(path)?;
        progress.expect(file.bytes() * 2);
        let mut digest = Sha256::new();
        let survey = file.first_bytes(progress, |mut bytes| Survey::new(&mut bytes, |chunk| digest.update(chunk)))?;
        let found = Search::new(&file).find(&survey, is_headings);
        // A change during the read takes precedence over any other fault.
        file.reopened()?;
        let found = found?;
        if found.headings.len() as u64 > declared_size::MAX_COLUMNS {
            let what = format!("has more than {} columns in its line of headings", declared_size::MAX_COLUMNS);
            return Err(TableFault::new(what, AS_EXPORTED));
        }
        let is_broken = |heading: &String| heading.contains(['\u{0}', '\u{fffd}']);
        let is_blank = found.parts.is_empty();
        if !is_blank && found.headings.iter().all(|heading| heading.trim().is_empty())
            || found.headings.iter().any(is_broken)
        {
            return Err(TableFault::new("has no line of headings", AS_EXPORTED));
        }
        Ok(Self {
            delimiter: found.parts.first().and_then(|part| part.content.delimiter()),
            headings: found.headings,
            sha256: data_encoding::HEXLOWER.encode(&digest.finalize()),
            encoding: found.encoding,
            ends_a_line: survey.magic == Magic::Text && survey.ends_a_line,
            file,
            parts: found.parts,
            unread: found.unread,
            notes: found.notes,
            block: BLOCK,
        })
    }

    /// The table, unless blank.
    ///
    /// # Errors
    /// If it is blank.
    pub fn refuse_blank(self) -> Result<Self, Error> {
        if self.is_blank() {
            let what = "holds nothing but blank lines: there is no line of headings";
            return Err(TableFault::new(what, AS_EXPORTED).at(self.path()));
        }
        Ok(self)
    }

    /// Whether the file contains only blank lines, as the Salesforce CLI writes it for a query without rows: no
    /// headings and no rows.
    #[must_use]
    pub const fn is_blank(&self) -> bool {
        self.parts.is_empty()
    }

    /// The parts of this table, in order: the file's own name, `report.xlsx, sheet "Page 2"` if several sheets are
    /// read, `users.zip, users-1.csv` for an archive.
    pub fn parts(&self) -> impl ExactSizeIterator<Item = &str> {
        self.parts.iter().map(|part| part.name.as_str())
    }

    /// Sheets and entries of the file that are not part of the table.
    #[must_use]
    pub fn unread(&self) -> &[Unread] {
        &self.unread
    }

    /// Notes for a report on how the file was read: sentences without a capital and a full stop.
    #[must_use]
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// Whether serial dates of a part count from 1904. Cells with a date format are already converted.
    #[must_use]
    pub fn date_1904(&self, part: u16) -> bool {
        let part = self.parts.get(usize::from(part));
        part.is_some_and(|part| matches!(part.content, Content::Sheet { date_1904: true, .. }))
    }

    /// Sets the approximate block size in bytes; the default suits any file. The rows are the same.
    #[must_use]
    pub fn with_blocks_of(self, bytes: usize) -> Self {
        Self { block: bytes, ..self }
    }

    /// The file's path.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.file.path()
    }

    /// The file's modification time when it was opened.
    #[must_use]
    pub const fn modified(&self) -> Option<SystemTime> {
        self.file.modified()
    }

    /// Whether the file has no final line end, as an interrupted download. If unknown (a packed file, a workbook), it
    /// counts as such.
    #[must_use]
    pub const fn is_cut_off(&self) -> bool {
        !self.ends_a_line
    }

    /// The file's name without its folder.
    #[must_use]
    pub fn name(&self) -> String {
        self.path().file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned())
    }

    /// SHA-256 of the file as it was opened, in hexadecimal.
    #[must_use]
    pub fn sha256(&self) -> &str {
        &self.sha256
    }

    /// The encoding in words, and the table's wrapping.
    #[must_use]
    pub fn encoding(&self) -> &str {
        &self.encoding
    }

    /// Calls `each` with every row and returns the number of rows.
    ///
    /// # Errors
    /// If the file ends within a row, changes meanwhile, or `each` fails.
    pub fn rows(&self, progress: &Progress, mut each: impl FnMut(Row<'_>) -> Result<(), Error>) -> Result<u64, Error> {
        let mut opened = OpenedWorkbook::new(&self.file);
        let counted = self.scopes().try_fold(0, |count, scope| {
            let more = match &scope.part().content {
                Content::Text { .. } => self.with_text(scope, progress, |text| Self::in_turn(scope, text, &mut each)),
                Content::Sheet { .. } => {
                    self.with_sheet(scope, &mut opened, progress, |sheet| Self::in_turn(scope, sheet, &mut each))
                }
            };
            Ok(count + more?)
        });
        self.check_unchanged()?;
        counted
    }

    /// Calls `parse` with the rows of each block, in parallel, and `take` with each result, in file order. Returns the
    /// number of rows.
    ///
    /// Block boundaries depend on the file alone, not on the number of threads. `parse` may see invalid rows, if a
    /// quotation mark is misleading; its results for them are dropped.
    ///
    /// # Errors
    /// If the file ends within a row, changes meanwhile, or one of the two fails: the first error in the file.
    pub fn blocks<B: Send>(
        &self,
        progress: &Progress,
        parse: impl Fn(&mut Rows<'_>) -> Result<B, Error> + Sync,
        mut take: impl FnMut(B) -> Result<(), Error> + Send,
    ) -> Result<u64, Error> {
        let mut opened = OpenedWorkbook::new(&self.file);
        let counted = self.scopes().try_fold(0, |count, scope| {
            let more = match &scope.part().content {
                Content::Text { .. } => {
                    self.with_text(scope, progress, |text| Self::side_by_side(scope, text, &parse, &mut take))
                }
                Content::Sheet { .. } => self.with_sheet(scope, &mut opened, progress, |sheet| {
                    Self::side_by_side(scope, sheet, &parse, &mut take)
                }),
            };
            Ok(count + more?)
        });
        self.check_unchanged()?;
        counted
    }

    fn scopes(&self) -> impl Iterator<Item = Scope<'_>> {
        (0..).take(self.parts.len()).map(|part| Scope { table: self, part })
    }

    fn in_turn<S: Source>(
        scope: Scope<'_>,
        source: &mut S,
        each: &mut impl FnMut(Row<'_>) -> Result<(), Error>,
    ) -> Result<u64, Error> {
        let mut count = 0;
        while let Some(block) = source.next()? {
            let mut rows = S::rows(scope, &block);
            while let Some(row) = rows.next()? {
                each(row)?;
            }
            count += rows.count;
            let open = rows.open();
            drop(rows);
            if let Some(open) = open {
                source.put_back(open, &block, &[]);
            }
            source.reuse(block);
        }
        Ok(count)
    }

    fn side_by_side<S: Source, B: Send>(
        scope: Scope<'_>,
        source: &mut S,
        parse: &(impl Fn(&mut Rows<'_>) -> Result<B, Error> + Sync),
        take: &mut (impl FnMut(B) -> Result<(), Error> + Send),
    ) -> Result<u64, Error> {
        let most = BLOCKS_A_THREAD * rayon::current_num_threads();
        let mut count = 0;
        let (mut blocks, mut unreadable) = group(source, most);
        let mut parsed: Vec<Parsed<B>> = Vec::new();
        while !(blocks.is_empty() && parsed.is_empty()) {
            // While one group is parsed, the next is read, and the previous one's results are taken.
            let (next, (mut now, taken)) = rayon::join(
                || if unreadable.is_none() { group(source, most) } else { (Vec::new(), unreadable.take()) },
                || {
                    rayon::join(
                        || blocks.par_iter().map(|block| Self::parsed::<S, B>(scope, block, parse)).collect::<Vec<_>>(),
                        || {
                            parsed.drain(..).try_for_each(|parsed| {
                                count += parsed.rows;
                                take(parsed.batch?)
                            })
                        },
                    )
                },
            );
            taken?;
            let (mut behind, mut failed) = next;
            let open = now.iter().enumerate().find_map(|(at, parsed)| parsed.open.map(|open| (at, open)));
            if let Some((at, open)) = open {
                // Later blocks were cut at the wrong positions.
                now.truncate(at + 1);
                blocks.append(&mut behind);
                source.put_back(open, &blocks[at], &blocks[at + 1..]);
                (behind, failed) = group(source, most);
            }
            parsed = now;
            blocks.drain(..).for_each(|block| source.reuse(block));
            (blocks, unreadable) = (behind, failed);
        }
        unreadable.map_or(Ok(count), Err)
    }

    fn parsed<S: Source, B>(
        scope: Scope<'_>,
        block: &S::Block,
        parse: &impl Fn(&mut Rows<'_>) -> Result<B, Error>,
    ) -> Parsed<B> {
        let mut rows = S::rows(scope, block);
        let batch = parse(&mut rows).and_then(|batch| {
            while rows.next()?.is_some() {}
            Ok(batch)
        });
        Parsed { batch, rows: rows.count, open: rows.open() }
    }

    /// Calls `read` with the rows of a text.
    fn with_text<T>(
        &self,
        scope: Scope<'_>,
        progress: &Progress,
        read: impl FnOnce(&mut Cutter<'_>) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let Part { wrapping, content, body, .. } = scope.part();
        let Content::Text { encoding, byte_order_mark, .. } = *content else { return Err(mistaken()) };
        let done = wrapping.with_bytes(&self.file, progress, |bytes| {
            let mut text = text::decoded(bytes, encoding, byte_order_mark)?;
            let mut before = Summed::new(text.by_ref().take(body.at));
            std::io::copy(&mut before, &mut std::io::sink())?;
            if before.sum() != body.sum {
                return Err(TableFault::Changed);
            }
            Ok(read(&mut Cutter::new(self.path(), text, body.line, self.block)))
        });
        done.map_err(|fault| fault.at(self.path()))?
    }

    /// Calls `read` with the rows of a sheet.
    fn with_sheet<T>(
        &self,
        scope: Scope<'_>,
        opened: &mut OpenedWorkbook,
        progress: &Progress,
        read: impl FnOnce(&mut Sheet<'_>) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let Part { wrapping, content, body, .. } = scope.part();
        let Content::Sheet { format, name, .. } = content else { return Err(mistaken()) };
        if opened.workbook.as_ref().is_none_or(|(of, _)| of != wrapping) {
            // One at a time, because its texts are held in memory.
            opened.workbook = None;
            let open = || Workbook::open(*format, wrapping.seekable(&self.file, progress)?, self.file.bytes());
            opened.workbook = Some((*wrapping, open().map_err(|fault| fault.at(self.path()))?));
        }
        let Some((_, workbook)) = &mut opened.workbook else { return Err(mistaken()) };
        let cells = workbook.cells(name).map_err(|fault| fault.at(self.path()))?;
        let mut sheet = Sheet::new(self.path(), *format, cells, &mut opened.texts, self.headings.len(), self.block);
        let mut record = Record::new();
        for _ in 0..body.at {
            sheet.read(&mut record).map_err(|fault| fault.at(self.path()))?;
        }
        read(&mut sheet)
    }

    /// Checks that the bytes read equal those digested, unless already checked. A text is checked at its end; a part of
    /// an archive or a workbook is not read in file order.
    fn check_unchanged(&self) -> Result<(), Error> {
        let in_order = |part: &Part| {
            matches!((&part.content, part.wrapping), (Content::Text { .. }, Wrapping::None | Wrapping::Gzip))
        };
        if self.parts.iter().all(in_order) {
            return Ok(());
        }
        self.file.check_whole().map_err(|fault| fault.at(self.path()))
    }
}

/// Checks the declared sizes of an XLSX workbook, for callers with their own reader; the texts of its cells must be
/// added to the returned value.
///
/// # Errors
/// If a declared size exceeds the limits.
pub fn check_workbook(path: &Path, file: &File) -> Result<CellTexts, Error> {
    let check = || {
        let bytes = file.metadata().map_err(TableFault::Unreadable)?.len();
        let again = || -> Result<package::Bytes, TableFault> {
            Ok(BufReader::new(Box::new(file.try_clone().map_err(TableFault::Unreadable)?)))
        };
        // A file that is no package declares nothing; its reader reports what it is.
        if zip::ZipArchive::new(again()?).is_ok() {
            envelope::contents(again()?, bytes)?;
        }
        Ok(CellTexts::new(bytes))
    };
    check().map_err(|fault: TableFault| fault.at(path))
}

/// Up to `most` blocks, and the error if the file cannot be read further.
fn group<S: Source>(source: &mut S, most: usize) -> (Vec<S::Block>, Option<Error>) {
    let mut blocks = Vec::with_capacity(most);
    while blocks.len() < most {
        match source.next() {
            Ok(Some(block)) => blocks.push(block),
            Ok(None) => break,
            Err(error) => return (blocks, Some(error)),
        }
    }
    (blocks, None)
}

/// The error for reading a part as the wrong type.
fn mistaken() -> Error {
    Error::Defect("a part of a table was taken for one of another kind".to_owned())
}
