//! The cells of one row, contiguous in memory that is reused for the next row.

/// Maximum bytes of a row: Salesforce's longest text has some 130,000 characters.
pub(super) const MAX_ROW: usize = 32 << 20;

/// The cells of a row.
#[derive(Debug)]
pub(super) struct Record {
    /// The bytes of all cells, and spare capacity.
    pub(super) bytes: Vec<u8>,
    /// The end of each cell in the bytes, and spare capacity.
    pub(super) ends: Vec<usize>,
    /// Number of cells.
    pub(super) cells: usize,
    /// The row number in its sheet, counted from 1; for a text the reader knows the line.
    pub(super) line: u64,
}

impl Record {
    /// Without cells.
    pub(super) fn new() -> Self {
        Self { bytes: vec![0; 256], ends: vec![0; 16], cells: 0, line: 0 }
    }

    pub(super) const fn clear(&mut self) {
        self.cells = 0;
    }

    /// Number of cells.
    pub(super) const fn len(&self) -> usize {
        self.cells
    }

    /// Total bytes of its cells.
    pub(super) fn length(&self) -> usize {
        self.cells.checked_sub(1).map_or(0, |last| self.ends[last])
    }

    /// A cell, if the row has it.
    pub(super) fn get(&self, cell: usize) -> Option<&[u8]> {
        let ends = &self.ends[..self.cells];
        let end = *ends.get(cell)?;
        let start = if cell == 0 { 0 } else { ends[cell - 1] };
        Some(&self.bytes[start..end])
    }

    /// The cells in order.
    pub(super) fn iter(&self) -> impl Iterator<Item = &[u8]> {
        (0..self.cells).filter_map(|cell| self.get(cell))
    }

    /// Adds capacity for more bytes.
    pub(super) fn more_bytes(&mut self) {
        self.bytes.resize(self.bytes.len() * 2, 0);
    }

    /// Adds capacity for more cells.
    pub(super) fn more_cells(&mut self) {
        self.ends.resize(self.ends.len() * 2, 0);
    }

    /// Adds a cell.
    pub(super) fn push(&mut self, text: &[u8]) {
        let start = self.length();
        let end = start + text.len();
        if self.bytes.len() < end {
            self.bytes.resize(end.max(self.bytes.len() * 2), 0);
        }
        if self.ends.len() == self.cells {
            self.more_cells();
        }
        self.bytes[start..end].copy_from_slice(text);
        self.ends[self.cells] = end;
        self.cells += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::Record;

    #[test]
    fn cells_stand_where_they_were_put() {
        let mut record = Record::new();
        for round in 0..3 {
            record.clear();
            assert_eq!((record.len(), record.length(), record.get(0)), (0, 0, None));
            let cells: Vec<String> = (0..100).map(|cell| "x".repeat(cell * round)).collect();
            for cell in &cells {
                record.push(cell.as_bytes());
            }
            assert!(record.iter().eq(cells.iter().map(String::as_bytes)));
            assert_eq!(record.get(100), None);
            assert_eq!(record.length(), cells.iter().map(String::len).sum::<usize>());
        }
    }
}
