//! Lengths of the texts that the cells of an XLSB or XLS sheet share. The library copies the text into each cell when
//! it loads a sheet, so the total must be known before.
//!
//! Must not know: the content of the texts.

use super::cell_texts::CellTexts;
use super::fault::TableFault;

/// The lengths of a workbook's shared texts, in UTF-16 characters, by their number.
#[derive(Debug, Default)]
pub(super) struct SharedTexts(Vec<u32>);

impl SharedTexts {
    /// Texts of these lengths.
    pub(super) const fn new(lengths: Vec<u32>) -> Self {
        Self(lengths)
    }

    /// Adds the text of a cell that references one by these four bytes.
    pub(super) fn add(&self, number: Option<&[u8]>, texts: &mut CellTexts) -> Result<(), TableFault> {
        let number = number.and_then(|bytes| bytes.first_chunk()).map(|bytes| u32::from_le_bytes(*bytes));
        let length = number.and_then(|number| self.0.get(number as usize)).copied().unwrap_or(0);
        texts.add(length as usize)
    }

    /// The texts of an XLS workbook, from the shared string table and its continuation records (MS-XLS 2.4.265,
    /// 2.5.293).
    pub(super) fn of_xls<'a>(records: impl Iterator<Item = (u16, &'a [u8])>) -> Self {
        const TABLE: u16 = 0x00fc;
        const CONTINUE: u16 = 0x003c;
        let mut parts: Vec<&[u8]> = Vec::new();
        for (kind, body) in records {
            match kind {
                TABLE if parts.is_empty() => parts.push(body),
                CONTINUE if !parts.is_empty() => parts.push(body),
                _ if !parts.is_empty() => break,
                _ => {}
            }
        }
        let mut bytes =
            Parts { now: parts.first().copied().unwrap_or_default(), behind: parts.get(1..).unwrap_or_default() };
        let mut lengths = Vec::new();
        // Two counts come first.
        if bytes.skip(8).is_some() {
            while let Some(length) = bytes.text() {
                lengths.push(length);
            }
        }
        Self(lengths)
    }
}

/// The bytes of a record and its continuation records.
struct Parts<'a> {
    now: &'a [u8],
    behind: &'a [&'a [u8]],
}

impl Parts<'_> {
    /// Moves to the next part at the end of this one.
    fn turn(&mut self) -> Option<bool> {
        if !self.now.is_empty() {
            return Some(false);
        }
        let (next, behind) = self.behind.split_first()?;
        (self.now, self.behind) = (next, behind);
        Some(true)
    }

    fn byte(&mut self) -> Option<u32> {
        while self.now.is_empty() {
            self.turn()?;
        }
        let (&byte, rest) = self.now.split_first()?;
        self.now = rest;
        Some(byte.into())
    }

    fn number(&mut self, bytes: u32) -> Option<u32> {
        (0..bytes).try_fold(0, |number, at| Some(number | self.byte()? << (8 * at)))
    }

    fn skip(&mut self, mut bytes: usize) -> Option<()> {
        while bytes > 0 {
            self.turn()?;
            let length = bytes.min(self.now.len());
            self.now = &self.now[length..];
            bytes -= length;
        }
        Some(())
    }

    /// The length of the next text; `None` if it is incomplete.
    fn text(&mut self) -> Option<u32> {
        let length = self.number(2)?;
        let mut flags = self.byte()?;
        let runs = if flags & 8 > 0 { self.number(2)? } else { 0 };
        let phonetic = if flags & 4 > 0 { self.number(4)? } else { 0 };
        let mut left = length as usize;
        while left > 0 {
            // If a text continues in the next record, its characters may have the other width.
            if self.turn()? {
                flags = self.byte()?;
                continue;
            }
            let width = if flags & 1 > 0 { 2 } else { 1 };
            let here = left.min(self.now.len().div_ceil(width));
            self.now = self.now.get(here * width..).unwrap_or_default();
            left -= here;
        }
        self.skip(runs as usize * 4)?;
        self.skip(phonetic as usize)?;
        Some(length)
    }
}

#[cfg(test)]
mod tests {
    use super::SharedTexts;
    use crate::inputs::table::cell_texts::CellTexts;

    #[test]
    fn texts_of_xls_are_measured_across_records() {
        let start = [0; 8];
        let table = [&start[..], &[3, 0, 0], b"abc", &[2, 0, 9, 1, 0], b"a\0b\0", &[0; 4], &[5, 0, 0], b"ab"].concat();
        let further = [&[1][..], b"c\0d\0e\0", &[1, 0, 4, 3, 0, 0, 0], b"x", &[9; 2]].concat();
        let records = [(1, &[][..]), (0x00fc, &table), (0x003c, &further), (0x003c, &[9, 200, 0, 0, 1]), (2, &[])];
        assert_eq!(SharedTexts::of_xls(records.into_iter()).0, [3, 2, 5, 1], "the last one is cut off");
    }

    #[test]
    fn each_cell_counts_the_text_that_it_names() {
        let shared = SharedTexts::new(vec![1, 6 << 20]);
        let mut texts = CellTexts::new(1_000);
        assert!(shared.add(Some(&[1, 0, 0, 0]), &mut texts).is_ok());
        assert!(shared.add(Some(&[2, 0, 0, 0]), &mut texts).is_ok(), "no such text");
        assert!(shared.add(None, &mut texts).is_ok());
        assert!(shared.add(Some(&[1, 0, 0, 0]), &mut texts).is_err());
    }
}
