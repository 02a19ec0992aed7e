//! Tables of text, on their way to delimited files and workbooks.
//!
//! Must not know: what the columns mean.

use std::path::Path;

use fastrand::Rng;
use rust_xlsxwriter::{Format, Workbook};

/// What a workbook makes of a column. Delimited text makes no difference.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    Number,
    Date,
}

/// A column that is still to be filled from rows of one type.
pub(super) struct Column<'a, Row> {
    heading: String,
    kind: Kind,
    cell: Box<dyn Fn(&Row) -> String + 'a>,
}

/// Columns in the order in which they were told.
pub(super) struct Columns<'a, Row>(Vec<Column<'a, Row>>);

impl<'a, Row> Columns<'a, Row> {
    pub(super) fn new() -> Self {
        Self(Vec::new())
    }

    pub(super) fn text(self, heading: &str, cell: impl Fn(&Row) -> String + 'a) -> Self {
        self.and(heading, Kind::Text, cell)
    }

    pub(super) fn number(self, heading: &str, cell: impl Fn(&Row) -> String + 'a) -> Self {
        self.and(heading, Kind::Number, cell)
    }

    pub(super) fn date(self, heading: &str, cell: impl Fn(&Row) -> String + 'a) -> Self {
        self.and(heading, Kind::Date, cell)
    }

    fn and(mut self, heading: &str, kind: Kind, cell: impl Fn(&Row) -> String + 'a) -> Self {
        self.0.push(Column { heading: heading.to_owned(), kind, cell: Box::new(cell) });
        self
    }

    /// Leaves out columns by their heading.
    pub(super) fn without(mut self, absent: impl Fn(&str) -> bool) -> Self {
        self.0.retain(|column| !absent(&column.heading));
        self
    }

    pub(super) fn fill(&self, rows: &[Row]) -> Table {
        Table {
            headings: self.0.iter().map(|column| column.heading.clone()).collect(),
            kinds: self.0.iter().map(|column| column.kind).collect(),
            rows: rows.iter().map(|row| self.0.iter().map(|column| (column.cell)(row)).collect()).collect(),
        }
    }
}

/// Text in rows. A row may be longer or shorter than the headings where it is meant to be damaged.
#[derive(Debug, Clone)]
pub(super) struct Table {
    pub(super) headings: Vec<String>,
    pub(super) kinds: Vec<Kind>,
    pub(super) rows: Vec<Vec<String>>,
}

impl Table {
    pub(super) fn position(&self, heading: &str) -> Option<usize> {
        self.headings.iter().position(|known| known == heading)
    }

    /// Puts the columns into another order.
    pub(super) fn reorder(&mut self, seed: u64) {
        let width = self.headings.len();
        let mut order: Vec<usize> = (0..width).collect();
        Rng::with_seed(seed).shuffle(&mut order);
        self.headings = order.iter().map(|&n| self.headings[n].clone()).collect();
        self.kinds = order.iter().map(|&n| self.kinds[n]).collect();
        for row in self.rows.iter_mut().filter(|row| row.len() == width) {
            *row = order.iter().map(|&n| std::mem::take(&mut row[n])).collect();
        }
    }

    /// Delimited text as Salesforce and Docebo write it: quotes where they are needed, CRLF.
    pub(super) fn delimited(&self, delimiter: u8) -> String {
        let mut writer = csv::WriterBuilder::new()
            .delimiter(delimiter)
            .terminator(csv::Terminator::CRLF)
            .flexible(true)
            .from_writer(Vec::new());
        writer.write_record(&self.headings).expect("memory takes every record");
        for row in &self.rows {
            writer.write_record(row).expect("memory takes every record");
        }
        let bytes = writer.into_inner().expect("memory takes every record");
        String::from_utf8(bytes).expect("made of text")
    }

    /// The same as the only sheet of a workbook; ids and serial dates become numbers.
    pub(super) fn workbook(&self, path: &Path) {
        let mut workbook = Workbook::new();
        let sheet = workbook.add_worksheet();
        let dates = Format::new().set_num_format("yyyy\\-mm\\-dd hh:mm:ss");
        for (row, cells) in (0_u32..).zip(std::iter::once(&self.headings).chain(&self.rows)) {
            for (column, text) in (0_u16..).zip(cells) {
                let kind = self.kinds.get(usize::from(column)).copied().unwrap_or(Kind::Text);
                let number = text.parse::<f64>().ok().filter(|number| number.is_finite());
                let written = match (kind, number) {
                    _ if text.is_empty() => continue,
                    (Kind::Number, Some(number)) => sheet.write_number(row, column, number),
                    (Kind::Date, Some(number)) => sheet.write_number_with_format(row, column, number, &dates),
                    _ => sheet.write_string(row, column, text),
                };
                written.expect("a small sheet");
            }
        }
        // A fixed creation date: the same world gives the same bytes.
        let made = rust_xlsxwriter::ExcelDateTime::from_ymd(2026, 11, 20).expect("a date");
        workbook.set_properties(&rust_xlsxwriter::DocProperties::new().set_creation_datetime(&made));
        workbook.save(path).expect("a writable folder");
    }
}
