//! Rows with fewer cells than the heading: trailing delimiters omitted, or row truncated?
//!
//! Spreadsheet programs omit the delimiters after the last filled cell, so a short row may be complete, with blank last
//! cells. A short row is read that way if
//!
//! 1. it contains every required column (the caller names them);
//! 2. the file has a pattern of short rows: at least three, and at least one in a thousand;
//! 3. it is not the last row of a file without a final line end, which may be an interrupted download;
//! 4. the next row is not a fragment, too short for the required columns: a line break within an unquoted cell splits
//!    one row into two short ones.
//!
//! Any other short row is unreadable.

use crate::model::source_line::SourceLine;

/// Fewer such rows are no pattern.
const MIN_ROWS: usize = 3;
/// At least one row in this many must be short.
const MAX_ROWS_FOR_ONE: u64 = 1_000;

/// The short rows of a file, in its order.
#[derive(Debug, Default)]
pub(super) struct ShortRows {
    /// Rows with every required cell.
    rows: Vec<SourceLine>,
    /// Those of them followed by a fragment.
    broken: Vec<SourceLine>,
    /// The last row, and whether it is short.
    last: Option<(SourceLine, bool)>,
}

/// Classifies a row by its number of cells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Width {
    /// As many cells as the heading; any extra ones are blank.
    Full,
    /// Fewer, but with every required cell.
    Short,
    /// Too few.
    Fragment,
    /// Too many.
    TooWide,
}

impl ShortRows {
    /// Adds the next row of the file.
    pub(super) fn add(&mut self, place: SourceLine, width: Width) {
        match (width, self.last) {
            (Width::Short, _) => self.rows.push(place),
            (Width::Fragment, Some((before, true))) => self.broken.push(before),
            _ => {}
        }
        self.last = Some((place, width == Width::Short));
    }

    /// Whether none exist.
    pub(super) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The short rows to reject, given the file's number of rows. `is_cut_off` returns whether the file has no final
    /// line end; it is called only if needed.
    pub(super) fn unreadable(self, rows: u64, is_cut_off: impl FnOnce() -> bool) -> Vec<SourceLine> {
        let habit = self.rows.len() >= MIN_ROWS && self.rows.len() as u64 * MAX_ROWS_FOR_ONE >= rows;
        if !habit {
            return self.rows;
        }
        let mut unreadable = self.broken;
        if let Some((last, true)) = self.last
            && is_cut_off()
        {
            unreadable.push(last);
        }
        unreadable
    }
}

#[cfg(test)]
mod tests {
    use super::{ShortRows, Width};
    use crate::model::source_line::SourceLine;

    /// Line numbers, from 2, of rejected rows; `.` is a full row, `s` a short one, `f` a fragment.
    fn unreadable(rows: &str, is_cut_off: bool) -> Vec<u32> {
        let mut short = ShortRows::default();
        for (line, row) in (2..).zip(rows.chars()) {
            let width = match row {
                's' => Width::Short,
                'f' => Width::Fragment,
                _ => Width::Full,
            };
            short.add(SourceLine { file: 0, line }, width);
        }
        let places = short.unreadable(rows.len() as u64, || is_cut_off);
        places.into_iter().map(|place| place.line).collect()
    }

    #[test]
    fn a_habit_is_read_and_a_single_row_is_not() {
        for (rows, is_cut_off, lines) in [
            ("....", true, &[][..]),
            ("..s.", false, &[4]),
            (".ss.", false, &[3, 4]),
            (".sss.", false, &[]),
            (".sss.", true, &[]),
            ("sss.s", true, &[6]),
            ("sss.s", false, &[]),
            ("sss.sf", false, &[6]),
            ("f.sss", false, &[]),
            ("sssf", true, &[4]),
        ] {
            assert_eq!(unreadable(rows, is_cut_off), lines, "{rows} {is_cut_off}");
        }
        let long = format!("sss{}", ".".repeat(2_998));
        assert_eq!(unreadable(&long, false), [2, 3, 4]);
    }
}
