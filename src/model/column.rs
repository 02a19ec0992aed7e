//! Columns of text: one allocation for all values, so that a million usernames cost their letters
//! and not a million strings.

/// A column of texts.
#[derive(Debug, Clone, Default)]
pub struct TextColumn {
    text: String,
    ends: Vec<usize>,
}

impl TextColumn {
    /// Adds a value at the end.
    pub fn push(&mut self, value: &str) {
        self.text.push_str(value);
        self.ends.push(self.text.len());
    }

    /// The value in a row; rows beyond the end are blank.
    #[must_use]
    pub fn get(&self, row: usize) -> &str {
        let start = if row == 0 { 0 } else { self.ends.get(row - 1).copied().unwrap_or(0) };
        let end = self.ends.get(row).copied().unwrap_or(start);
        &self.text[start..end]
    }

    /// Number of rows.
    #[must_use]
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether the column has no rows.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// The same values in another order.
    #[must_use]
    pub fn gather(&self, order: &[u32]) -> Self {
        let mut gathered = Self { text: String::with_capacity(self.text.len()), ends: Vec::with_capacity(order.len()) };
        for &row in order {
            gathered.push(self.get(row as usize));
        }
        gathered
    }

    /// As [`TextColumn::gather`]; the column itself is given up.
    #[must_use]
    pub fn reorder(self, order: &[u32]) -> Self {
        self.gather(order)
    }

    /// Each value in turn.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        (0..self.len()).map(|row| self.get(row))
    }
}

/// A column of which most rows are blank: it takes room for the others alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SparseColumn<T> {
    /// Row and value, ascending.
    told: Vec<(u32, T)>,
}

impl<T> Default for SparseColumn<T> {
    fn default() -> Self {
        Self { told: Vec::new() }
    }
}

impl<T: Copy> SparseColumn<T> {
    /// Gives a row a value; rows come in ascending order.
    pub fn push(&mut self, row: u32, value: T) {
        debug_assert!(self.told.last().is_none_or(|&(last, _)| last < row), "rows ascend");
        self.told.push((row, value));
    }

    /// The value in a row.
    #[must_use]
    pub fn get(&self, row: usize) -> Option<T> {
        let found = self.told.binary_search_by_key(&row, |&(known, _)| known as usize).ok()?;
        Some(self.told[found].1)
    }

    /// The same values where `place` says of each row where it went.
    #[must_use]
    pub fn moved(mut self, place: &[u32]) -> Self {
        for (row, _) in &mut self.told {
            *row = place[*row as usize];
        }
        self.told.sort_unstable_by_key(|&(row, _)| row);
        self
    }
}

/// The values of a column in another order; the column itself is given up, so that no two of them are held.
#[expect(clippy::needless_pass_by_value, reason = "it is given up")]
#[must_use]
pub fn reorder<T: Copy>(column: Vec<T>, order: &[u32]) -> Vec<T> {
    gather(&column, order)
}

/// The values of a column in another order.
#[must_use]
pub fn gather<T: Copy>(column: &[T], order: &[u32]) -> Vec<T> {
    order.iter().map(|&row| column[row as usize]).collect()
}

#[cfg(test)]
mod tests {
    use super::SparseColumn;

    #[test]
    fn a_sparse_column_is_one_with_blanks() {
        let mut column = SparseColumn::default();
        for (row, value) in [(1, 'b'), (2, 'c'), (5, 'f')] {
            column.push(row, value);
        }
        let told = |column: &SparseColumn<char>| -> Vec<Option<char>> { (0..7).map(|row| column.get(row)).collect() };
        assert_eq!(told(&column), [None, Some('b'), Some('c'), None, None, Some('f'), None]);
        let turned = column.moved(&[5, 4, 3, 2, 1, 0]);
        assert_eq!(told(&turned), [Some('f'), None, None, Some('c'), Some('b'), None, None]);
    }
}
