//! Compact columns: texts share one allocation, so a million usernames do not cost a million strings; ids, values and
//! blanks that most rows share are stored once.
//!
//! Must not know: what a row is.

use std::num::NonZeroU32;

use crate::model::id::RecordId;

/// A column of texts.
#[derive(Debug, Clone, Default)]
pub struct TextColumn {
    text: String,
    /// End offset of each text, modulo 4 GiB so that it fits into four bytes.
    ends: Vec<u32>,
    /// The rows at which the offsets restart from zero, one entry per full 4 GiB.
    rounds: Vec<u32>,
}

impl TextColumn {
    /// Appends a value.
    pub fn push(&mut self, value: &str) {
        self.text.push_str(value);
        let (round, end) = parted(self.text.len());
        self.rounds.resize(round, u32::try_from(self.ends.len()).unwrap_or(u32::MAX));
        self.ends.push(end);
    }

    /// The value of a row; rows past the end are blank.
    #[must_use]
    pub fn get(&self, row: usize) -> &str {
        let start = if row == 0 { 0 } else { self.end(row - 1).unwrap_or(0) };
        &self.text[start..self.end(row).unwrap_or(start)]
    }

    fn end(&self, row: usize) -> Option<usize> {
        let end = *self.ends.get(row)? as usize;
        Some(whole(self.rounds.partition_point(|&first| first as usize <= row), end))
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

    /// Consumes the column and returns its values in another order.
    #[must_use]
    pub fn reorder(self, order: &[u32]) -> Self {
        if is_unchanged(order, self.len()) {
            return self;
        }
        let mut gathered = Self {
            text: String::with_capacity(self.text.len()),
            ends: Vec::with_capacity(order.len()),
            rounds: Vec::new(),
        };
        for &row in order {
            gathered.push(self.get(row as usize));
        }
        gathered
    }

    /// Iterates over the values.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        (0..self.len()).map(|row| self.get(row))
    }
}

/// Splits a length into the number of full 4 GiB and the rest.
fn parted(length: usize) -> (usize, u32) {
    let (length, round) = (length as u64, u64::from(u32::MAX) + 1);
    (usize::try_from(length / round).unwrap_or(0), u32::try_from(length % round).unwrap_or(0))
}

/// The inverse of `parted`.
fn whole(rounds: usize, rest: usize) -> usize {
    // A 32-bit machine has no rounds.
    (0..rounds).fold(rest, |length, _| length + u32::MAX as usize + 1)
}

/// Sparse text column: only non-empty rows are stored.
#[derive(Debug, Clone, Default)]
pub struct SparseTexts {
    /// The rows that have a text, ascending.
    rows: Vec<u32>,
    texts: TextColumn,
}

impl SparseTexts {
    /// Sets the text of a row; rows must come in ascending order.
    pub fn push(&mut self, row: u32, text: &str) {
        debug_assert!(self.rows.last().is_none_or(|&last| last < row), "rows ascend");
        self.rows.push(row);
        self.texts.push(text);
    }

    /// The text of a row.
    #[must_use]
    pub fn get(&self, row: usize) -> Option<&str> {
        let found = self.rows.binary_search_by_key(&row, |&known| known as usize).ok()?;
        Some(self.texts.get(found))
    }
}

/// A column of numbers, stored in four bytes each while they fit.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NumberColumn {
    narrow: Vec<u32>,
    /// All numbers, once one did not fit; `narrow` is then empty.
    wide: Vec<u64>,
}

impl NumberColumn {
    /// Appends a number.
    pub fn push(&mut self, value: u64) {
        match u32::try_from(value) {
            Ok(value) if self.wide.is_empty() => self.narrow.push(value),
            _ => {
                self.wide.extend(std::mem::take(&mut self.narrow).into_iter().map(u64::from));
                self.wide.push(value);
            }
        }
    }

    /// The number of a row.
    ///
    /// # Panics
    /// If there is no such row.
    #[must_use]
    pub fn get(&self, row: usize) -> u64 {
        if self.wide.is_empty() { u64::from(self.narrow[row]) } else { self.wide[row] }
    }

    /// Number of rows.
    #[must_use]
    pub fn len(&self) -> usize {
        self.narrow.len().max(self.wide.len())
    }

    /// Whether the column has no rows.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The row of a number; the column must be ascending.
    #[must_use]
    pub fn find(&self, value: u64) -> Option<usize> {
        if self.wide.is_empty() {
            self.narrow.binary_search(&u32::try_from(value).ok()?).ok()
        } else {
            self.wide.binary_search(&value).ok()
        }
    }

    /// Consumes the column and returns its numbers in another order, or some of them.
    #[must_use]
    pub fn reorder(self, order: &[u32]) -> Self {
        if self.wide.is_empty() {
            Self { narrow: reorder(self.narrow, order), wide: Vec::new() }
        } else {
            Self { narrow: Vec::new(), wide: reorder(self.wide, order) }
        }
    }

    /// Iterates over the numbers.
    pub fn iter(&self) -> impl Iterator<Item = u64> {
        (0..self.len()).map(|row| self.get(row))
    }
}

impl FromIterator<u64> for NumberColumn {
    fn from_iter<I: IntoIterator<Item = u64>>(values: I) -> Self {
        let mut column = Self::default();
        values.into_iter().for_each(|value| column.push(value));
        column
    }
}

/// Mostly small counts: one byte each, larger ones stored separately.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CountColumn {
    /// The counts; [`u8::MAX`] if stored separately.
    small: Vec<u8>,
    large: SparseColumn<u32>,
}

impl CountColumn {
    /// The count of a row.
    ///
    /// # Panics
    /// If there is no such row.
    #[must_use]
    pub fn get(&self, row: usize) -> u32 {
        match self.small[row] {
            u8::MAX => self.large.get(row).unwrap_or(0),
            count => u32::from(count),
        }
    }
}

impl FromIterator<u32> for CountColumn {
    fn from_iter<I: IntoIterator<Item = u32>>(counts: I) -> Self {
        let mut column = Self::default();
        for (row, count) in (0..).zip(counts) {
            let small = u8::try_from(count).unwrap_or(u8::MAX);
            if small == u8::MAX {
                column.large.push(row, count);
            }
            column.small.push(small);
        }
        column
    }
}

/// Sparse column: only rows with a value are stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SparseColumn<T> {
    /// Rows and values, ascending.
    values: Vec<(u32, T)>,
}

impl<T> Default for SparseColumn<T> {
    fn default() -> Self {
        Self { values: Vec::new() }
    }
}

impl<T: Copy> SparseColumn<T> {
    /// Creates the column from ascending rows and their values.
    #[must_use]
    pub fn new(values: Vec<(u32, T)>) -> Self {
        debug_assert!(values.is_sorted_by_key(|&(row, _)| row), "rows ascend");
        Self { values }
    }

    /// Sets the value of a row; rows must come in ascending order.
    pub fn push(&mut self, row: u32, value: T) {
        debug_assert!(self.values.last().is_none_or(|&(last, _)| last < row), "rows ascend");
        self.values.push((row, value));
    }

    /// The value of a row.
    #[must_use]
    pub fn get(&self, row: usize) -> Option<T> {
        let found = self.values.binary_search_by_key(&row, |&(known, _)| known as usize).ok()?;
        Some(self.values[found].1)
    }

    /// Whether no row has a value.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// Iterates over the rows that have a value, ascending.
    pub fn iter(&self) -> impl Iterator<Item = (u32, T)> {
        self.values.iter().copied()
    }

    /// The same values in another order; `place` maps each row to its new row.
    #[must_use]
    pub fn moved(mut self, place: &[u32]) -> Self {
        for (row, _) in &mut self.values {
            *row = place[*row as usize];
        }
        self.values.sort_unstable_by_key(|&(row, _)| row);
        self
    }
}

/// A column that stores one value while all rows are equal, and one per row from the first difference on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UniformColumn<T> {
    /// The value of each row, or the one value of all rows.
    values: Vec<T>,
    len: usize,
}

impl<T> Default for UniformColumn<T> {
    fn default() -> Self {
        Self { values: Vec::new(), len: 0 }
    }
}

impl<T: Copy + PartialEq> UniformColumn<T> {
    /// Appends a value.
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

    /// Whether one value is stored for all rows.
    fn is_uniform(&self) -> bool {
        self.values.len() <= 1
    }

    /// The value of a row.
    ///
    /// # Panics
    /// If the column has no rows, or is not uniform and has no such row.
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

    /// Consumes the column and returns its values in another order, or some of them.
    #[must_use]
    pub fn reorder(mut self, order: &[u32]) -> Self {
        if self.is_uniform() {
            self.values.truncate(order.len());
        } else {
            self.values = reorder(self.values, order);
        }
        Self { values: self.values, len: order.len() }
    }

    /// Iterates over the values.
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

/// A column of record ids. If all share their first characters, as ids of one object do, these are stored once.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct IdColumn {
    head: UniformColumn<NonZeroU32>,
    tail: Vec<u64>,
}

impl IdColumn {
    /// Appends an id.
    pub fn push(&mut self, id: RecordId) {
        let (head, tail) = id.parts();
        self.head.push(head);
        self.tail.push(tail);
    }

    /// The id of a row.
    ///
    /// # Panics
    /// If there is no such row.
    #[must_use]
    pub fn get(&self, row: usize) -> RecordId {
        RecordId::from_parts(self.head.get(row), self.tail[row])
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

    /// The row of an id; the column must be ascending.
    #[must_use]
    pub fn find(&self, id: RecordId) -> Option<usize> {
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

    /// Consumes the column and returns its ids in another order, or some of them.
    #[must_use]
    pub fn reorder(self, order: &[u32]) -> Self {
        Self { head: self.head.reorder(order), tail: reorder(self.tail, order) }
    }

    /// Iterates over the ids.
    pub fn iter(&self) -> impl Iterator<Item = RecordId> {
        (0..self.len()).map(|row| self.get(row))
    }
}

impl FromIterator<RecordId> for IdColumn {
    fn from_iter<I: IntoIterator<Item = RecordId>>(ids: I) -> Self {
        let mut column = Self::default();
        ids.into_iter().for_each(|id| column.push(id));
        column
    }
}

/// Reorders the values of a column; consumes the column so that memory never holds two copies.
#[must_use]
pub fn reorder<T: Copy>(column: Vec<T>, order: &[u32]) -> Vec<T> {
    if is_unchanged(order, column.len()) { column } else { gather(&column, order) }
}

/// Whether an order leaves all rows unchanged; exports and extracts often come in order.
fn is_unchanged(order: &[u32], rows: usize) -> bool {
    order.len() == rows && (0..).zip(order).all(|(row, &from): (u32, _)| row == from)
}

/// The values of a column in another order.
#[must_use]
pub fn gather<T: Copy>(column: &[T], order: &[u32]) -> Vec<T> {
    order.iter().map(|&row| column[row as usize]).collect()
}

#[cfg(test)]
mod tests {
    use super::{
        CountColumn, IdColumn, NumberColumn, SparseColumn, SparseTexts, TextColumn, UniformColumn, parted, whole,
    };
    use crate::model::id::RecordId;

    #[test]
    fn a_uniform_column_is_one_with_every_value() {
        for values in ["", "a", "aa", "aaab", "ab", "aba", "baab"] {
            let column: UniformColumn<char> = values.chars().collect();
            assert_eq!((column.len(), column.is_empty()), (values.len(), values.is_empty()));
            assert_eq!(column.iter().collect::<String>(), values);
            let turned =
                column.clone().reorder(&(0..u32::try_from(values.len()).expect("few")).rev().collect::<Vec<_>>());
            assert_eq!(turned.iter().collect::<String>(), values.chars().rev().collect::<String>());
            // A value pushed after a reordering lands in its row, be it the only value or another one.
            for further in ['a', 'b'] {
                let mut none = column.clone().reorder(&[]);
                none.push(further);
                assert_eq!(none.iter().collect::<String>(), further.to_string());
                let mut longer = turned.clone();
                longer.push(further);
                assert_eq!(longer.iter().last(), Some(further));
                assert_eq!(longer.iter().take(values.len()).collect::<String>(), turned.iter().collect::<String>());
            }
        }
        let same: UniformColumn<u64> = std::iter::repeat_n(7, 1_000).collect();
        assert_eq!(same.values.len(), 1);
    }

    #[test]
    fn an_id_column_gives_and_finds_every_id() {
        let id = |text: &str| RecordId::parse(text.as_bytes()).expect("an id");
        for texts in [
            &["003000000000001", "0030000zzzzzzzz", "003000100000000"][..],
            &["003000000000001", "003zzzzzzzzzzzz", "005000000000001", "a0L5g00d000001C"][..],
            &[][..],
        ] {
            let ids: Vec<RecordId> = texts.iter().map(|text| id(text)).collect();
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
    fn texts_are_given_back_in_any_order() {
        let texts = ["ada", "", "\u{e9}t\u{e9}", "grace"];
        let mut column = TextColumn::default();
        texts.iter().for_each(|text| column.push(text));
        assert_eq!(column.iter().collect::<Vec<_>>(), texts);
        assert_eq!(column.get(4), "");
        assert_eq!(column.clone().reorder(&[0, 1, 2, 3]).iter().collect::<Vec<_>>(), texts);
        assert_eq!(column.reorder(&[3, 2, 1]).iter().collect::<Vec<_>>(), ["grace", "\u{e9}t\u{e9}", ""]);
    }

    #[test]
    fn texts_beyond_four_gibibytes_end_where_they_end() {
        const ROUND: u64 = 1 << 32;
        for length in [0, 1, ROUND - 1, ROUND, ROUND + 7, 5 * ROUND - 1] {
            let Ok(length) = usize::try_from(length) else { continue };
            let (rounds, rest) = parted(length);
            assert_eq!(whole(rounds, rest as usize), length);
        }
        // The second row of the column fills the first round, and the fourth fills two more at once.
        let column = TextColumn { text: String::new(), ends: vec![9, 1, 2, 3], rounds: vec![1, 3, 3] };
        let ends: Vec<u64> = (0..4).filter_map(|row| column.end(row)).map(|end| end as u64).collect();
        assert_eq!(ends, [9, ROUND + 1, ROUND + 2, 3 * ROUND + 3]);
        assert_eq!(column.end(4), None);
    }

    #[test]
    fn sparse_texts_are_texts_with_gaps() {
        let mut column = SparseTexts::default();
        column.push(1, "b");
        column.push(4, "");
        let values: Vec<Option<&str>> = (0..6).map(|row| column.get(row)).collect();
        assert_eq!(values, [None, Some("b"), None, None, Some(""), None]);
    }

    #[test]
    fn numbers_stand_in_a_column_however_large_they_are() {
        let most = u64::from(u32::MAX);
        for numbers in [&[][..], &[1, 2, most][..], &[1, most, most + 1, u64::MAX][..], &[most + 1, most + 2][..]] {
            let column: NumberColumn = numbers.iter().copied().collect();
            assert_eq!((column.len(), column.is_empty()), (numbers.len(), numbers.is_empty()));
            assert_eq!(column.iter().collect::<Vec<_>>(), numbers);
            for (row, &number) in numbers.iter().enumerate() {
                assert_eq!(column.find(number), Some(row));
            }
            assert_eq!((column.find(0), column.find(1 << 40)), (None, None));
            if numbers.len() > 1 {
                assert_eq!(column.reorder(&[1, 0]).iter().collect::<Vec<_>>(), [numbers[1], numbers[0]]);
            }
        }
    }

    #[test]
    fn counts_stand_in_a_column_however_large_they_are() {
        let counts = [0, 254, 255, 256, 7, u32::MAX];
        let column: CountColumn = counts.into_iter().collect();
        assert_eq!((0..counts.len()).map(|row| column.get(row)).collect::<Vec<_>>(), counts);
    }

    #[test]
    fn a_sparse_column_is_one_with_blanks() {
        let mut column = SparseColumn::default();
        for (row, value) in [(1, 'b'), (2, 'c'), (5, 'f')] {
            column.push(row, value);
        }
        let values = |column: &SparseColumn<char>| -> Vec<Option<char>> { (0..7).map(|row| column.get(row)).collect() };
        assert_eq!(values(&column), [None, Some('b'), Some('c'), None, None, Some('f'), None]);
        let turned = column.moved(&[5, 4, 3, 2, 1, 0]);
        assert_eq!(values(&turned), [Some('f'), None, None, Some('c'), Some('b'), None, None]);
    }
}
