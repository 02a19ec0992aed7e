//! Finds the heading line among the first lines of a text or a sheet: a title, a warning by the exporting program or
//! blank lines may precede it.

use super::blocks::{self, Block, Next, Records};
use super::cell;
use super::original;
use super::text;

/// Number of lines searched for the headings.
pub(super) const LINES: usize = 20;

/// Maximum bytes of text searched for them, unless the first line is longer.
const MAX_BYTES: usize = 16 << 20;

/// Maximum cells inspected per line.
const MAX_CELLS: usize = 1 + (1 << 14);

/// A line that may be the headings.
#[derive(Debug, Clone)]
pub(super) struct HeadingLine {
    pub(super) cells: Vec<String>,
    /// Its number, counted from 1.
    pub(super) number: u64,
    /// What follows it.
    pub(super) body: Body,
}

/// Where the rows begin.
#[derive(Debug, Clone, Copy)]
pub(super) struct Body {
    /// In bytes of a text, or in rows of a sheet that have a cell.
    pub(super) at: u64,
    /// The line, counted from 1.
    pub(super) line: u64,
    /// The checksum of the preceding text: it ties the rows to these headings.
    pub(super) sum: u32,
}

/// The first lines, split into cells by one delimiter.
#[derive(Debug)]
pub(super) struct Cut {
    /// `None` for a sheet.
    pub(super) delimiter: Option<u8>,
    pub(super) lines: Vec<HeadingLine>,
}

/// The first lines of a text or a sheet.
#[derive(Debug)]
pub(super) struct Start {
    /// One per possible delimiter.
    pub(super) cuts: Vec<Cut>,
    /// One per delimiter ruled out by the file's first line.
    ruled_out: Vec<Cut>,
    /// The possible one that best fits the first line.
    first: usize,
    /// Whether there are only blank lines.
    pub(super) is_blank: bool,
}

/// The headings of a text or a sheet.
pub(super) struct Headings<'a> {
    pub(super) delimiter: Option<u8>,
    pub(super) line: &'a HeadingLine,
}

impl Start {
    /// The first rows of a sheet.
    pub(super) fn from_sheet(lines: Vec<HeadingLine>) -> Self {
        let is_blank = lines.is_empty();
        Self { cuts: vec![Cut { delimiter: None, lines }], ruled_out: Vec::new(), first: 0, is_blank }
    }

    /// The first lines of a text that begins with this block; `None` if more of it is needed.
    pub(super) fn from_text(block: &Block) -> Option<Self> {
        // Some programs write a second byte-order mark.
        let start = if block.text.starts_with(b"\xef\xbb\xbf") { 3 } else { 0 };
        let declared = text::declared_delimiter(&block.text[start..]);
        let from = start + declared.map_or(0, |(_, length)| length);
        let delimiters = declared.map_or_else(|| text::DELIMITERS.to_vec(), |(delimiter, _)| vec![delimiter]);
        let likely = text::delimiter(&block.text[from..]);
        let cut = |&delimiter: &u8| Cut::new(block, from, delimiter, delimiter == likely);
        let cuts: Option<Vec<Cut>> = delimiters.iter().map(cut).collect();
        let others = text::DELIMITERS.iter().filter(|delimiter| !delimiters.contains(delimiter));
        Some(Self {
            cuts: cuts?,
            ruled_out: others.filter_map(cut).collect(),
            first: delimiters.iter().position(|&delimiter| delimiter == likely).unwrap_or(0),
            is_blank: block.last && block.text[start..].trim_ascii().is_empty(),
        })
    }

    /// The first line that `is_headings` accepts; of several delimiters, the one that yields the most cells.
    pub(super) fn find(&self, is_headings: &dyn Fn(&[String]) -> bool) -> Option<Headings<'_>> {
        let found = self.cuts.iter().filter_map(|cut| {
            let at = cut.lines.iter().position(|line| is_headings(&line.cells))?;
            Some((at, cut))
        });
        let (at, cut) = found.min_by_key(|(at, cut)| (*at, std::cmp::Reverse(cut.lines[*at].cells.len())))?;
        Some(Headings { delimiter: cut.delimiter, line: &cut.lines[at] })
    }

    /// The delimiter set by the first line, and that of the headings, if they differ.
    pub(super) fn contradiction(&self, is_headings: &dyn Fn(&[String]) -> bool) -> Option<(char, char)> {
        let set = self.cuts.first()?.delimiter?;
        let holds = |cut: &&Cut| cut.lines.iter().any(|line| is_headings(&line.cells));
        let other = self.ruled_out.iter().find(holds)?.delimiter?;
        (!self.cuts.iter().any(|cut| holds(&cut))).then_some((char::from(set), char::from(other)))
    }

    /// The first line that is not blank.
    pub(super) fn first(&self) -> Option<Headings<'_>> {
        let cut = self.cuts.get(self.first).filter(|_| !self.is_blank)?;
        Some(Headings { delimiter: cut.delimiter, line: cut.lines.first()? })
    }
}

impl Cut {
    fn new(block: &Block, from: usize, delimiter: u8, is_likely: bool) -> Option<Self> {
        let mut records = Records::new(block, from, delimiter);
        let mut lines = Vec::new();
        while lines.len() < LINES {
            let (cells, number) = match records.next() {
                // One more than the maximum shows that there are too many.
                Next::Record(record, number) => (record.iter().take(MAX_CELLS).map(cell::shown).collect(), number),
                // With the wrong delimiter a quotation mark may swallow the rest of the text.
                Next::Nothing if !block.last && (block.text.len() < MAX_BYTES || is_likely && lines.is_empty()) => {
                    return None;
                }
                Next::Nothing | Next::CutOff { .. } => break,
            };
            let end = records.at();
            let line = block.line + blocks::line_ends(&block.text[..end], block.text.get(end).copied());
            let sum = original::sum_of(&block.text[..end]);
            lines.push(HeadingLine { cells, number, body: Body { at: end as u64, line, sum } });
        }
        Some(Self { delimiter: Some(delimiter), lines })
    }
}

/// Headings without case and spaces: these are equal in all parts of a table.
pub(super) fn normalized(headings: &[String]) -> Vec<String> {
    let words = |heading: &String| heading.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase();
    headings.iter().map(words).collect()
}
