//! The position of a row in the export: file and line.

use crate::model::column::{UniformColumn, reorder};

/// The position of a row in the export.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct SourceLine {
    /// Index into [`Origins::exports`](crate::model::origins::Origins::exports).
    pub file: u16,
    /// The line on which the row starts.
    pub line: u32,
}

/// Positions in columns: in nearly every export all rows of a kind are in one file, so only the line is stored.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SourceLines {
    line: Vec<u32>,
    file: UniformColumn<u16>,
}

impl SourceLines {
    /// Appends a position.
    pub fn push(&mut self, place: SourceLine) {
        self.line.push(place.line);
        self.file.push(place.file);
    }

    /// The position of a row.
    ///
    /// # Panics
    /// If there is no such row.
    #[must_use]
    pub fn get(&self, row: usize) -> SourceLine {
        SourceLine { file: self.file.get(row), line: self.line[row] }
    }

    /// Iterates over the positions.
    pub fn iter(&self) -> impl Iterator<Item = SourceLine> {
        (0..self.line.len()).map(|row| self.get(row))
    }

    /// The same positions in another order.
    #[must_use]
    pub(crate) fn reorder(self, order: &[u32]) -> Self {
        Self { line: reorder(self.line, order), file: self.file.reorder(order) }
    }
}

impl FromIterator<SourceLine> for SourceLines {
    fn from_iter<I: IntoIterator<Item = SourceLine>>(places: I) -> Self {
        let mut column = Self::default();
        places.into_iter().for_each(|place| column.push(place));
        column
    }
}

#[cfg(test)]
mod tests {
    use super::{SourceLine, SourceLines};

    #[test]
    fn places_are_kept_whether_they_stand_in_one_file_or_in_several() {
        for files in [vec![4, 4, 4], vec![4, 4, 5], vec![0, 1, 0]] {
            let places: Vec<SourceLine> =
                files.into_iter().zip(7..).map(|(file, line)| SourceLine { file, line }).collect();
            let column: SourceLines = places.iter().copied().collect();
            assert_eq!(column.iter().collect::<Vec<_>>(), places);
            let turned: Vec<SourceLine> = column.reorder(&[2, 0]).iter().collect();
            assert_eq!(turned, [places[2], places[0]]);
        }
    }
}
