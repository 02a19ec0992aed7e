//! A table as a file: delimited text in whichever encoding and with whichever delimiter, or the first
//! sheet of a spreadsheet. Rows come one by one or in blocks, in constant memory.
//!
//! Each file is looked through once before it is read, so that the encoding is decided on the whole of
//! it and not on a sample; that yields its digest too.
//!
//! Must not know: what the columns mean, or which side the file is from.

mod blocks;
mod sheet;
mod survey;
mod text;

use std::io::Read;
use std::path::{Path, PathBuf};

use csv::ByteRecord;
use rayon::iter::{IntoParallelRefIterator as _, ParallelIterator as _};

use crate::error::Error;
use crate::progress::Progress;
use blocks::{Cutter, Next, Open, Records};
use survey::{Encoding, Survey};

/// A file that turned out to hold a table.
#[derive(Debug)]
pub struct Table {
    path: PathBuf,
    /// The heading of each column, as it stands.
    pub headings: Vec<String>,
    /// The character between cells; nothing for a spreadsheet.
    pub delimiter: Option<u8>,
    survey: Survey,
    /// Where the heading ends.
    body: Body,
    block: usize,
}

/// Where the rows begin in the text of a file.
#[derive(Debug, Clone, Copy)]
struct Body {
    /// In bytes of the text.
    at: u64,
    /// The line, counted from 1.
    line: u64,
}

/// One row beneath the heading.
#[derive(Debug, Clone, Copy)]
pub struct Row<'a> {
    record: &'a ByteRecord,
    /// The line on which the row starts (for a spreadsheet, its row number), counted from 1.
    pub line: u64,
}

impl<'a> Row<'a> {
    /// The cell of a column; blank where the row is too short.
    #[must_use]
    pub fn get(self, column: usize) -> &'a [u8] {
        self.record.get(column).unwrap_or_default()
    }

    /// The cell of a column as text, `None` where it is not UTF-8.
    #[must_use]
    pub fn text(self, column: usize) -> Option<&'a str> {
        std::str::from_utf8(self.get(column)).ok()
    }

    /// How many cells the row has.
    #[must_use]
    pub fn len(self) -> usize {
        self.record.len()
    }

    /// Whether the row has no cells.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.record.is_empty()
    }
}

/// The rows of a block, one by one.
pub struct Rows<'a> {
    table: &'a Table,
    kind: Kind<'a>,
    count: u64,
}

enum Kind<'a> {
    Text(Box<Records<'a>>),
    Sheet(std::slice::Iter<'a, ByteRecord>),
}

impl<'a> Rows<'a> {
    const fn new(table: &'a Table, kind: Kind<'a>) -> Self {
        Self { table, kind, count: 0 }
    }

    /// The next row, until there are no more.
    ///
    /// # Errors
    /// When the file breaks off in the row.
    #[expect(clippy::should_implement_trait, reason = "a row is lent, which no iterator does")]
    pub fn next(&mut self) -> Result<Option<Row<'_>>, Error> {
        let row = match &mut self.kind {
            Kind::Sheet(records) => records.next().map(|record| Row { record, line: sheet::line(record) }),
            Kind::Text(records) => match records.next() {
                Err(error) => return Err(self.table.csv_error(&error)),
                Ok(Next::Record(record, line)) => Some(Row { record, line }),
                Ok(Next::CutOff { line }) => return Err(self.table.cut_off(line)),
                Ok(Next::Nothing) => None,
            },
        };
        self.count += u64::from(row.is_some());
        Ok(row)
    }

    /// So many rows at most, unless some lack cells.
    #[must_use]
    pub fn most(&self) -> usize {
        match &self.kind {
            Kind::Sheet(records) => records.len(),
            // Line ends within cells are no rows, and a row has at least its delimiters.
            Kind::Text(records) => records.most(self.table.headings.len()),
        }
    }

    /// The row that goes on in the next block, once all before it are read.
    fn open(&self) -> Option<Open> {
        match &self.kind {
            Kind::Text(records) => records.open(),
            Kind::Sheet(_) => None,
        }
    }
}

/// What hands out the rows of a file block by block.
trait Source: Send {
    type Block: Send + Sync;

    /// The next block.
    fn next(&mut self) -> Result<Option<Self::Block>, Error>;

    /// The rows of a block.
    fn rows<'a>(table: &'a Table, block: &'a Self::Block) -> Rows<'a>;

    /// Takes back what stands from an open row on: in the block that it begins in, and the blocks behind that.
    fn put_back(&mut self, open: Open, block: &Self::Block, behind: &[Self::Block]);

    /// Takes the memory of a block that is not needed any more.
    fn reuse(&mut self, block: Self::Block);
}

/// What became of a block.
struct Parsed<B> {
    batch: Result<B, Error>,
    rows: u64,
    open: Option<Open>,
}

/// The size of a block in bytes: large beside what handing it to another thread takes, small beside the memory of a
/// run.
const BLOCK: usize = 1 << 18;
/// So many blocks for each thread are read at a time.
const BLOCKS_A_THREAD: usize = 4;

impl Table {
    /// Looks through a file and reads its heading.
    ///
    /// # Errors
    /// When it cannot be read, is empty, or is not a table.
    #[expect(clippy::disallowed_methods, reason = "a table is a file")]
    pub fn open(path: &Path, progress: &Progress) -> Result<Self, Error> {
        let metadata = std::fs::metadata(path).map_err(|source| unreadable(path, source))?;
        if metadata.is_dir() {
            return Err(not_a_table(path, "is a folder, not a file"));
        }
        progress.expect(metadata.len() * 2);
        let survey = Survey::of(path, progress)?;
        if survey.bytes == 0 {
            return Err(not_a_table(path, "is empty"));
        }
        let mut table = Self {
            path: path.to_owned(),
            headings: Vec::new(),
            delimiter: None,
            survey,
            body: Body { at: 0, line: 1 },
            block: BLOCK,
        };
        match table.survey.encoding {
            Encoding::Spreadsheet => table.headings = sheet::headings(path)?,
            Encoding::Foreign(what) => return Err(not_a_table(path, what)),
            _ => table.find_heading()?,
        }
        let blank = table.headings.iter().all(|heading| heading.trim().is_empty());
        if blank || table.headings.iter().any(|heading| heading.contains(['\u{0}', '\u{fffd}'])) {
            return Err(not_a_table(path, "has no line of headings"));
        }
        Ok(table)
    }

    /// Reads in blocks of about so many bytes; without this, of a size that suits any file. The rows are the same.
    #[must_use]
    pub fn with_blocks_of(self, bytes: usize) -> Self {
        Self { block: bytes, ..self }
    }

    /// The file's path.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The file's name without its folder.
    #[must_use]
    pub fn name(&self) -> String {
        self.path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned())
    }

    /// SHA-256 of the file as it was opened, in hexadecimal.
    #[must_use]
    pub fn sha256(&self) -> &str {
        &self.survey.sha256
    }

    /// The encoding in words.
    #[must_use]
    pub const fn encoding(&self) -> &'static str {
        self.survey.encoding.word()
    }

    /// Hands every row to `each` and returns how many there were.
    ///
    /// # Errors
    /// When the file breaks off, or `each` fails.
    pub fn rows(&self, progress: &Progress, mut each: impl FnMut(Row<'_>) -> Result<(), Error>) -> Result<u64, Error> {
        match self.delimiter {
            Some(_) => self.in_turn(&mut self.cutter(progress)?, &mut each),
            None => sheet::with_rows(self, progress, |sheet| self.in_turn(sheet, &mut each)),
        }
    }

    /// Hands the rows to `parse` block by block, side by side, and what that made of each block to `take`, in
    /// the order of the file. Returns how many rows there were.
    ///
    /// Where a block ends depends on the file alone, not on the number of threads. `parse` may see rows that are
    /// none, where a quotation mark misleads; what it makes of them is dropped.
    ///
    /// # Errors
    /// When the file breaks off, or one of the two fails: what comes first in the file.
    pub fn blocks<B: Send>(
        &self,
        progress: &Progress,
        parse: impl Fn(&mut Rows<'_>) -> Result<B, Error> + Sync,
        take: impl FnMut(B) -> Result<(), Error> + Send,
    ) -> Result<u64, Error> {
        match self.delimiter {
            Some(_) => self.side_by_side(&mut self.cutter(progress)?, parse, take),
            None => sheet::with_rows(self, progress, |sheet| self.side_by_side(sheet, parse, take)),
        }
    }

    fn in_turn<S: Source>(
        &self,
        source: &mut S,
        each: &mut impl FnMut(Row<'_>) -> Result<(), Error>,
    ) -> Result<u64, Error> {
        let mut count = 0;
        while let Some(block) = source.next()? {
            let mut rows = S::rows(self, &block);
            while let Some(row) = rows.next()? {
                each(row)?;
            }
            count += rows.count;
            if let Some(open) = rows.open() {
                source.put_back(open, &block, &[]);
            }
            source.reuse(block);
        }
        Ok(count)
    }

    fn side_by_side<S: Source, B: Send>(
        &self,
        source: &mut S,
        parse: impl Fn(&mut Rows<'_>) -> Result<B, Error> + Sync,
        mut take: impl FnMut(B) -> Result<(), Error> + Send,
    ) -> Result<u64, Error> {
        let most = BLOCKS_A_THREAD * rayon::current_num_threads();
        let mut count = 0;
        let (mut blocks, mut unreadable) = group(source, most);
        let mut parsed: Vec<Parsed<B>> = Vec::new();
        while !(blocks.is_empty() && parsed.is_empty()) {
            // While one group is parsed, the next is read, and what became of the former is taken.
            let (next, (mut now, taken)) = rayon::join(
                || if unreadable.is_none() { group(source, most) } else { (Vec::new(), unreadable.take()) },
                || {
                    rayon::join(
                        || blocks.par_iter().map(|block| self.parsed::<S, B>(block, &parse)).collect::<Vec<_>>(),
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
                // Everything behind was cut at the wrong places.
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

    fn parsed<S: Source, B>(&self, block: &S::Block, parse: impl Fn(&mut Rows<'_>) -> Result<B, Error>) -> Parsed<B> {
        let mut rows = S::rows(self, block);
        let batch = parse(&mut rows).and_then(|batch| {
            while rows.next()?.is_some() {}
            Ok(batch)
        });
        Parsed { batch, rows: rows.count, open: rows.open() }
    }

    fn cutter(&self, progress: &Progress) -> Result<Cutter, Error> {
        let text = text::open(&self.path, &self.survey, progress).and_then(|mut text| {
            std::io::copy(&mut text.by_ref().take(self.body.at), &mut std::io::sink())?;
            Ok(text)
        });
        let text = text.map_err(|source| unreadable(&self.path, source))?;
        Ok(Cutter::new(&self.path, text, self.body.line, self.block))
    }

    /// Reads the heading of a delimited text, and finds where it ends. Without one, the headings stay blank.
    fn find_heading(&mut self) -> Result<(), Error> {
        let hidden = Progress::hidden();
        let text = text::open(&self.path, &self.survey, &hidden).map_err(|source| unreadable(&self.path, source))?;
        let mut cutter = Cutter::new(&self.path, text, 1, BLOCK);
        let mut before = 0;
        while let Some(block) = cutter.next()? {
            // Some programs write a second byte-order mark.
            let start = if before == 0 && block.text.starts_with(b"\xef\xbb\xbf") { 3 } else { 0 };
            let delimiter = *self.delimiter.get_or_insert_with(|| text::delimiter(&block.text));
            let mut records = Records::new(&block, start, delimiter);
            let found = records.next().map_err(|error| self.csv_error(&error))?;
            if let Next::Record(record, _) = found {
                self.headings = record.iter().map(|cell| String::from_utf8_lossy(cell).into_owned()).collect();
                let end = records.at();
                let line = block.line + blocks::line_ends(&block.text[..end], block.text.get(end).copied());
                self.body = Body { at: before + end as u64, line };
                return Ok(());
            }
            match records.open() {
                Some(open) => {
                    before += open.at as u64;
                    cutter.put_back(open, &block, &[]);
                }
                None => before += block.text.len() as u64,
            }
        }
        Ok(())
    }

    fn cut_off(&self, line: u64) -> Error {
        Error::Input {
            path: self.path.clone(),
            what: format!(
                "the quotation mark that opens in the row of line {line} is never closed; the file seems to be cut off"
            ),
            next: "export or save the file again and let the download finish".to_owned(),
        }
    }

    fn csv_error(&self, error: &csv::Error) -> Error {
        Error::Input {
            path: self.path.clone(),
            what: error.to_string(),
            next: "check that the file can be read to its end".to_owned(),
        }
    }
}

/// So many blocks, and why there are fewer where the file cannot be read on.
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

fn unreadable(path: &Path, source: std::io::Error) -> Error {
    Error::Unreadable { path: path.to_owned(), source }
}

fn not_a_table(path: &Path, what: &str) -> Error {
    Error::Input {
        path: path.to_owned(),
        what: what.to_owned(),
        next: "give a CSV or XLSX file with one line of headings".to_owned(),
    }
}
