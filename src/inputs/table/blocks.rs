//! Splits text into blocks of whole records, so that they can be parsed in parallel.
//!
//! Record ends are only guessed, from the number of quotation marks. The CSV reader detects a wrong guess, because the
//! last record of the block is then still open; it is put back, with everything after it, and split again. So the
//! records always equal those of one reader over the whole text.

use std::cell::RefCell;
use std::io::Read;
use std::iter::Peekable;
use std::path::Path;

use csv_core::{ReadRecordResult, Reader, ReaderBuilder};
use memchr::{Memchr, memchr_iter, memrchr2_iter};

use super::fault::TableFault;
use super::record::{MAX_ROW, Record};
use super::text::Buffer;
use super::{Kind, Rows, Scope, Source};
use crate::error::Error;

/// Consecutive records of a text.
#[derive(Debug)]
pub(super) struct Block {
    pub(super) text: Buffer,
    /// The line on which it begins, counted from 1.
    pub(super) line: u64,
    /// Number of lines ending there.
    lines: u64,
    /// Whether some of them end with a lone CR, which the CSV reader does not count.
    returns: bool,
    /// Whether it is the last.
    pub(super) last: bool,
}

/// A record left incomplete at a block's end.
#[derive(Debug, Clone, Copy)]
pub(super) struct Open {
    /// Its start, in bytes from the start of the block.
    at: usize,
    /// The line on which it begins.
    line: u64,
}

/// Splits a text into blocks.
pub(super) struct Cutter<'a> {
    path: &'a Path,
    source: Box<dyn Read + Send + 'a>,
    /// Bytes read; split off up to `from`.
    read: Buffer,
    from: usize,
    /// The line of `from`.
    line: u64,
    /// Whether the source is exhausted.
    dry: bool,
    /// Whether the last block was split off.
    done: bool,
    /// Maximum bytes of a block, unless a record is longer.
    size: usize,
    /// No record ends within this many bytes after `from`.
    open: usize,
    spare: Vec<Buffer>,
}

impl<'a> Cutter<'a> {
    /// Splits a text that begins with a record on this line.
    pub(super) fn new(path: &'a Path, source: Box<dyn Read + Send + 'a>, line: u64, size: usize) -> Self {
        Self {
            path,
            source,
            read: Buffer::default(),
            from: 0,
            line,
            dry: false,
            done: false,
            size: size.max(1),
            open: 0,
            spare: Vec::new(),
        }
    }

    /// The error for a row longer than [`MAX_ROW`].
    fn endless(&self) -> Error {
        Error::Input {
            path: self.path.to_owned(),
            what: format!(
                "the row on line {} is longer than {} MiB; a quotation mark that opens in it may never be closed",
                self.line,
                MAX_ROW >> 20
            ),
            next: "export or save the file again and let the download finish".to_owned(),
        }
    }

    fn fill(&mut self, bytes: usize) -> Result<(), Error> {
        let ahead = self.read.len() - self.from;
        if ahead < bytes && !self.dry {
            self.read.drop_start(self.from);
            self.from = 0;
            self.dry = !self
                .read
                .read(&mut self.source, bytes - ahead)
                .map_err(|source| TableFault::from(source).at(self.path))?;
        }
        Ok(())
    }
}

impl Source for Cutter<'_> {
    type Block = Block;

    /// A text has at least one block, which may be blank.
    fn next(&mut self) -> Result<Option<Block>, Error> {
        if self.done {
            return Ok(None);
        }
        let mut window = self.size.max(self.open.saturating_mul(2));
        let length = loop {
            if window > self.size.max(2 * MAX_ROW) {
                return Err(self.endless());
            }
            // One more byte shows whether the window ends within CR LF, and whether the text ends with it.
            self.fill(window + 1)?;
            let ahead = &self.read[self.from..];
            if ahead.len() <= window {
                self.done = true;
                break ahead.len();
            }
            match record_end(ahead, self.open, window) {
                Some(end) => break end,
                None => window = window.saturating_mul(2),
            }
        };
        let mut text = self.spare.pop().unwrap_or_default();
        text.clear();
        if self.from == 0 && self.read.len() - length <= self.size {
            // Copies the smaller of the two parts.
            text.extend(&self.read[length..]);
            std::mem::swap(&mut self.read, &mut text);
            text.truncate(length);
        } else {
            text.extend(&self.read[self.from..self.from + length]);
            self.from += length;
        }
        let (feeds, returns) = (feeds(&text), lone_returns(&text, None));
        let lines = feeds + returns;
        let block = Block { line: self.line, lines, returns: returns > 0, last: self.done, text };
        self.line += lines;
        self.open = 0;
        Ok(Some(block))
    }

    fn rows<'a>(scope: Scope<'a>, block: &'a Block) -> Rows<'a> {
        Rows::new(scope, Kind::Text(Box::new(Records::new(block, 0, scope.delimiter()))))
    }

    fn put_back(&mut self, open: Open, block: &Block, behind: &[Block]) {
        let mut text = Buffer::default();
        text.extend(&block.text[open.at..]);
        self.open = text.len();
        for block in behind {
            text.extend(&block.text);
        }
        text.extend(&self.read[self.from..]);
        self.read = text;
        self.from = 0;
        self.line = open.line;
        self.done = false;
    }

    fn reuse(&mut self, block: Block) {
        self.spare.push(block.text);
    }
}

/// The probable end of the last record, beyond `open` and within the window: after a line end preceded by an even
/// number of quotation marks; else, as a cell may contain a lone mark, after any line end.
fn record_end(text: &[u8], open: usize, window: usize) -> Option<usize> {
    let mut quotes = memchr_iter(b'"', &text[..window]).count();
    let mut counted = window;
    let mut any = None;
    for at in memrchr2_iter(b'\n', b'\r', &text[..window]) {
        let end = at + 1;
        if end <= open {
            break;
        }
        if is_first_half(text, at, None) {
            continue;
        }
        quotes -= memchr_iter(b'"', &text[end..counted]).count();
        counted = end;
        if quotes.is_multiple_of(2) {
            return Some(end);
        }
        any = any.or(Some(end));
    }
    any
}

/// Number of lines that end in a text: with LF, CR LF or CR. `behind` comes next.
pub(super) fn line_ends(text: &[u8], behind: Option<u8>) -> u64 {
    feeds(text) + lone_returns(text, behind)
}

fn feeds(text: &[u8]) -> u64 {
    memchr_iter(b'\n', text).count() as u64
}

fn lone_returns(text: &[u8], behind: Option<u8>) -> u64 {
    memchr_iter(b'\r', text).filter(|&at| !is_first_half(text, at, behind)).count() as u64
}

/// Whether this position holds the CR of a CR LF.
fn is_first_half(text: &[u8], at: usize, behind: Option<u8>) -> bool {
    text[at] == b'\r' && text.get(at + 1).copied().or(behind) == Some(b'\n')
}

thread_local! {
    /// Unused readers with their delimiters. Building one costs as much as reading some hundred thousand bytes, and
    /// `Reader::clone` of `csv_core` does not copy all of its tables.
    static READERS: RefCell<Vec<(u8, Reader)>> = const { RefCell::new(Vec::new()) };
}

/// A reader at the start of a record, with no lines counted.
fn reader(delimiter: u8) -> Reader {
    let spare = READERS.with_borrow_mut(|readers| {
        let at = readers.iter().position(|&(known, _)| known == delimiter)?;
        Some(readers.swap_remove(at).1)
    });
    let mut reader = spare.unwrap_or_else(|| ReaderBuilder::new().delimiter(delimiter).build());
    reader.reset();
    // After a line end, the reader does not treat the start of a block as that of a file, which may have a byte-order
    // mark.
    let _nothing = reader.read_record(b"\n", &mut [0], &mut [0]);
    reader.set_line(0);
    reader
}

/// The records of a block.
pub(super) struct Records<'a> {
    block: &'a Block,
    delimiter: u8,
    /// Its line count covers the lines read.
    reader: Reader,
    record: Record,
    /// The reader's position, in bytes from the start of the block.
    at: usize,
    /// The lone CRs after the start of the record.
    returns: Peekable<Memchr<'a>>,
    /// Number of lone CRs before it.
    returned: u64,
    ended: bool,
    /// The record that is incomplete at the end of the block, once found.
    open: Option<Open>,
}

/// The next item of a block.
pub(super) enum Next<'a> {
    /// A record, and the line on which it begins.
    Record(&'a Record, u64),
    /// A record that is incomplete at the end of the text.
    CutOff {
        line: u64,
    },
    Nothing,
}

impl<'a> Records<'a> {
    /// The records of a block from a byte on.
    pub(super) fn new(block: &'a Block, from: usize, delimiter: u8) -> Self {
        Self {
            block,
            delimiter,
            reader: reader(delimiter),
            record: Record::new(),
            at: from,
            returns: memchr_iter(b'\r', if block.returns { &block.text } else { &[] }).peekable(),
            returned: 0,
            ended: false,
            open: None,
        }
    }

    /// Maximum number of records, if each has this many cells.
    pub(super) fn most(&self, cells: usize) -> usize {
        let lines = usize::try_from(self.block.lines).unwrap_or(usize::MAX).saturating_add(1);
        lines.min(self.block.text.len() / cells.max(1) + 1)
    }

    pub(super) fn next(&mut self) -> Next<'_> {
        if self.ended {
            return self.end();
        }
        let text = &self.block.text;
        let (before, passed) = (self.at, self.reader.line());
        let is_whole = self.read();
        // The reader skips line ends only when asked for the record after them.
        let blank = text[before..].iter().take_while(|&&c| matches!(c, b'\n' | b'\r')).count();
        let start = before + blank;
        if start == text.len() {
            self.ended = true;
            return Next::Nothing;
        }
        while let Some(at) = self.returns.next_if(|&at| at < start) {
            self.returned += u64::from(!is_first_half(text, at, None));
        }
        let line = self.block.line + passed + feeds(&text[before..start]) + self.returned;
        if !is_whole {
            self.ended = true;
            self.open = Some(Open { at: start, line });
            return self.end();
        }
        Next::Record(&self.record, line)
    }

    /// Reads up to the end of the next record, or of the block; returns whether the record ends there. If a record
    /// continues after the final line end, which is added if missing, it began with an unclosed quotation mark.
    fn read(&mut self) -> bool {
        let text = &self.block.text;
        let (mut bytes, mut cells) = (0, 0);
        loop {
            let is_behind = self.at == text.len();
            let input = if is_behind { b"\n" } else { &text[self.at..] };
            let (room, ends) = (&mut self.record.bytes[bytes..], &mut self.record.ends[cells..]);
            let (result, read, written, ended) = self.reader.read_record(input, room, ends);
            self.at += if is_behind { 0 } else { read };
            bytes += written;
            cells += ended;
            match result {
                ReadRecordResult::InputEmpty if is_behind => return false,
                ReadRecordResult::InputEmpty => {}
                ReadRecordResult::OutputFull => self.record.more_bytes(),
                ReadRecordResult::OutputEndsFull => self.record.more_cells(),
                ReadRecordResult::Record | ReadRecordResult::End => {
                    self.record.cells = cells;
                    return true;
                }
            }
        }
    }

    /// Result after the last whole record.
    const fn end(&self) -> Next<'_> {
        match self.open {
            Some(Open { line, .. }) if self.block.last => Next::CutOff { line },
            _ => Next::Nothing,
        }
    }

    /// The record that continues in the next block, once all before it are read.
    pub(super) fn open(&self) -> Option<Open> {
        self.open.filter(|_| !self.block.last)
    }

    /// The position after the record.
    pub(super) const fn at(&self) -> usize {
        self.at
    }
}

impl Drop for Records<'_> {
    fn drop(&mut self) {
        let reader = std::mem::take(&mut self.reader);
        READERS.with_borrow_mut(|readers| readers.push((self.delimiter, reader)));
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;
    use std::path::Path;

    use super::{Cutter, Next, Records, Source as _, record_end};

    /// Rows, total bytes split off, and bytes of the longest block.
    fn cost(text: &str, size: usize) -> (usize, usize, usize) {
        let mut cutter = Cutter::new(Path::new("table.csv"), Box::new(Cursor::new(text.as_bytes().to_vec())), 1, size);
        let (mut rows, mut bytes, mut longest) = (0, 0, 0);
        while let Some(block) = cutter.next().expect("text in memory") {
            bytes += block.text.len();
            longest = longest.max(block.text.len());
            let mut records = Records::new(&block, 0, b',');
            while let Next::Record(..) = records.next() {
                rows += 1;
            }
            if let Some(open) = records.open() {
                cutter.put_back(open, &block, &[]);
            }
        }
        (rows, bytes, longest)
    }

    #[test]
    fn a_record_ends_where_the_quotation_marks_are_even() {
        let end = |text: &str, open, window| record_end(text.as_bytes(), open, window);
        assert_eq!(end("a,b\nc,d\ne", 0, 8), Some(8));
        assert_eq!(end("a,b\n\"c\nd\"", 0, 8), Some(4));
        assert_eq!(end("a,b\r\nc", 0, 4), None, "within CR LF");
        assert_eq!(end("a,b\rc", 0, 4), Some(4));
        assert_eq!(end("\"a\nb\nc\"", 0, 6), Some(5), "any line end, where no other is there");
        assert_eq!(end("a\nb\"\nc\n", 2, 7), Some(7), "a record is open before");
    }

    /// A cell of many blocks is read in time and memory linear in its length.
    #[test]
    fn a_long_cell_costs_its_length() {
        for line in ["text\n", "\"\"text\"\"\n", "\"\"\n", "text", "\n"] {
            for before in ["", "5\" ", "5\" x,6\" "] {
                let cell = line.repeat(100_000);
                let text = format!("{before}x,\"{cell}\"\n{}", "a,b\n".repeat(10_000));
                let (rows, bytes, longest) = cost(&text, 1_000);
                assert_eq!(rows, 10_001, "{line:?} behind {before:?}");
                assert!(bytes < 6 * text.len(), "{line:?} behind {before:?}: {bytes} bytes for {}", text.len());
                assert!(longest < 3 * cell.len(), "{line:?} behind {before:?}: {longest} bytes for {}", cell.len());
            }
        }
    }

    /// A lone quotation mark within a cell makes no block longer.
    #[test]
    fn a_mark_within_a_cell_costs_nothing() {
        for row in ["a,b\n", "a,\"b\nc\"\n", "a,5\" b\n", "a,5\" b,\"c\nd\"\n", "a 5\",b\n\"c\r\n\"\n"] {
            let rows = 20_000 * if row.contains("\n\"c") { 2 } else { 1 };
            let text = format!("a,5\" b\n{}", row.repeat(20_000));
            let (found, bytes, longest) = cost(&text, 1_000);
            assert_eq!(found, rows + 1, "{row:?}");
            assert!(bytes < 2 * text.len() && longest <= 1_000, "{row:?}: {bytes} of {}, {longest}", text.len());
        }
    }
}
