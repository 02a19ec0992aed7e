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
