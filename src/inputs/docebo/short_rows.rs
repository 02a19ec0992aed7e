//! Rows with fewer cells than the heading: dropped trailing delimiters, or a row that was cut off?
//!
//! Spreadsheet programs leave out the delimiters behind the last filled cell, so a short row may be a whole one whose last
//! cells are blank. A short row is read that way if
//!
//! 1. every column that has to be filled is among its cells (the caller says which);
//! 2. the file shows the habit: at least three such rows, and at least one in a thousand;
//! 3. it is not the last row of a file that ends without a line end, which a download that broke off looks like;
//! 4. the row behind it is not a fragment, too short for the columns that have to be filled: a line break within a cell
//!    without quotation marks makes two short rows of one.
//!
//! Any other short row is unreadable.

use crate::model::source_line::SourceLine;

/// Fewer such rows show no habit.
const MIN_ROWS: usize = 3;
/// At least one row in so many has to be short.
const MAX_ROWS_FOR_ONE: u64 = 1_000;

/// The short rows of a file, in its order.
#[derive(Debug, Default)]
pub(super) struct ShortRows {
    /// Rows with every cell that has to be filled.
    rows: Vec<SourceLine>,
    /// Those of them behind which a fragment stands.
    broken: Vec<SourceLine>,
    /// The last row, and whether it is short.
    last: Option<(SourceLine, bool)>,
}

/// What a row is, by the number of its cells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Width {
    /// As many cells as the heading has, or further blank ones.
    Full,
    /// Fewer, but every one that has to be filled.
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

    /// Whether there is any.
    pub(super) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Those that are not read, of a file with so many rows. `is_cut_off` says whether the file ends without a line end, and
    /// is asked only where it matters.
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

    /// Lines, counted from 2, that are not read; `.` is a full row, `s` a short one, `f` a fragment.
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
