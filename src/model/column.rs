//! Columns that take little room: texts in one allocation, so that a million usernames cost their letters and not a
//! million strings; ids, values and blanks that most rows share kept once.
//!
//! Must not know: what a row is.

use std::num::NonZeroU32;

use crate::model::id::SfId;

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

/// A column of which all rows are the same until one is not: it takes room only from then on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UniformColumn<T> {
    /// The value of each row, or the one value of all.
    values: Vec<T>,
    len: usize,
}

impl<T> Default for UniformColumn<T> {
    fn default() -> Self {
        Self { values: Vec::new(), len: 0 }
    }
}

impl<T: Copy + PartialEq> UniformColumn<T> {
    /// Adds a value at the end.
    pub fn push(&mut self, value: T) {
        let same = self.is_uniform() && self.values.first().is_none_or(|&only| only == value);
        if same {
            self.values.resize(1, value);
        } else {
            if let (true, Some(&only)) = (self.is_uniform(), self.values.first()) {
                self.values.resize(self.len, only);
            }
            self.values.push(value);
        }
        self.len += 1;
    }

    /// Whether one value is kept for all rows.
    fn is_uniform(&self) -> bool {
        self.values.len() <= 1
    }

    /// The value in a row.
    ///
    /// # Panics
    /// Where the column has no rows, or is not uniform and has no such row.
    #[must_use]
    pub fn get(&self, row: usize) -> T {
        debug_assert!(row < self.len, "there is such a row");
        self.values[if self.is_uniform() { 0 } else { row }]
    }

    /// Number of rows.
    #[must_use]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether the column has no rows.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The same values in another order, or some of them; the column itself is given up.
    #[must_use]
    pub fn reorder(mut self, order: &[u32]) -> Self {
        if self.is_uniform() {
            self.values.truncate(order.len());
        } else {
            self.values = reorder(self.values, order);
        }
        Self { values: self.values, len: order.len() }
    }

    /// Each value in turn.
    pub fn iter(&self) -> impl Iterator<Item = T> {
        (0..self.len).map(|row| self.get(row))
    }
}

impl<T: Copy + PartialEq> FromIterator<T> for UniformColumn<T> {
    fn from_iter<I: IntoIterator<Item = T>>(values: I) -> Self {
        let mut column = Self::default();
        values.into_iter().for_each(|value| column.push(value));
        column
    }
}

/// A column of record ids. Those of one object begin with the same characters, which are kept once then.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct IdColumn {
    head: UniformColumn<NonZeroU32>,
    tail: Vec<u64>,
}

impl IdColumn {
    /// Adds an id at the end.
    pub fn push(&mut self, id: SfId) {
        let (head, tail) = id.parts();
        self.head.push(head);
        self.tail.push(tail);
    }

    /// The id in a row.
    ///
    /// # Panics
    /// Where there is no such row.
    #[must_use]
    pub fn get(&self, row: usize) -> SfId {
        SfId::of_parts(self.head.get(row), self.tail[row])
    }

    /// Number of rows.
    #[must_use]
    pub fn len(&self) -> usize {
        self.tail.len()
    }

    /// Whether the column has no rows.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.tail.is_empty()
    }

    /// The row of an id in a column whose ids ascend.
    #[must_use]
    pub fn find(&self, id: SfId) -> Option<usize> {
        let (mut from, mut to) = (0, self.len());
        while from < to {
            let middle = from + (to - from) / 2;
            if self.get(middle) < id {
                from = middle + 1;
            } else {
                to = middle;
            }
        }
        (from < self.len() && self.get(from) == id).then_some(from)
    }

    /// The same ids in another order, or some of them; the column itself is given up.
    #[must_use]
    pub fn reorder(self, order: &[u32]) -> Self {
        Self { head: self.head.reorder(order), tail: reorder(self.tail, order) }
    }

    /// Each id in turn.
    pub fn iter(&self) -> impl Iterator<Item = SfId> {
        (0..self.len()).map(|row| self.get(row))
    }
}

impl FromIterator<SfId> for IdColumn {
    fn from_iter<I: IntoIterator<Item = SfId>>(ids: I) -> Self {
        let mut column = Self::default();
        ids.into_iter().for_each(|id| column.push(id));
        column
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
    use super::{IdColumn, SparseColumn, UniformColumn};
    use crate::model::id::SfId;

    #[test]
    fn a_uniform_column_is_one_with_every_value() {
        for told in ["", "a", "aa", "aaab", "ab", "aba", "baab"] {
            let column: UniformColumn<char> = told.chars().collect();
            assert_eq!((column.len(), column.is_empty()), (told.len(), told.is_empty()));
            assert_eq!(column.iter().collect::<String>(), told);
            let turned =
                column.clone().reorder(&(0..u32::try_from(told.len()).expect("few")).rev().collect::<Vec<_>>());
            assert_eq!(turned.iter().collect::<String>(), told.chars().rev().collect::<String>());
            // What was pushed behind a reordering stands where it belongs, be it the only value or another one.
            for further in ['a', 'b'] {
                let mut none = column.clone().reorder(&[]);
                none.push(further);
                assert_eq!(none.iter().collect::<String>(), further.to_string());
                let mut longer = turned.clone();
                longer.push(further);
                assert_eq!(longer.iter().last(), Some(further));
                assert_eq!(longer.iter().take(told.len()).collect::<String>(), turned.iter().collect::<String>());
            }
        }
        let same: UniformColumn<u64> = std::iter::repeat_n(7, 1_000).collect();
        assert_eq!(same.values.len(), 1);
    }

    #[test]
    fn an_id_column_gives_and_finds_every_id() {
        let id = |text: &str| SfId::parse(text.as_bytes()).expect("an id");
        for texts in [
            &["003000000000001", "0030000zzzzzzzz", "003000100000000"][..],
            &["003000000000001", "003zzzzzzzzzzzz", "005000000000001", "a0L5g00d000001C"][..],
            &[][..],
        ] {
            let ids: Vec<SfId> = texts.iter().map(|text| id(text)).collect();
            let column: IdColumn = ids.iter().copied().collect();
            assert_eq!(column.iter().collect::<Vec<_>>(), ids);
            for (row, &id) in ids.iter().enumerate() {
                assert_eq!((column.get(row), column.find(id)), (id, Some(row)));
            }
            for other in ["000000000000000", "003000000000002", "004000000000000", "zzzzzzzzzzzzzzz"] {
                assert_eq!(column.find(id(other)), None, "{other}");
            }
            if let [first, .., last] = ids[..] {
                let order = [u32::try_from(ids.len() - 1).expect("few"), 0];
                assert_eq!(column.reorder(&order).iter().collect::<Vec<_>>(), [last, first]);
            }
        }
    }

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
