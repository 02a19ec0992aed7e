//! Fields of an extract: columns by API name, values as Salesforce writes them.

use crate::error::Error;
use crate::inputs::salesforce::objects::{Need, ObjectField};
use crate::inputs::table::{CellFault, Row, Table, cell_fault};
use crate::model::id::{IdFault, RecordId};
use crate::model::instant::Instant;
use crate::model::number;

/// One column, if the extract has it.
#[derive(Clone, Copy)]
pub(super) struct Field<'a> {
    table: &'a Table,
    name: &'a str,
    column: Option<usize>,
}

/// Finds the columns of one table and records missing ones.
pub(super) struct Fields<'a> {
    table: &'a Table,
    pub(super) missing: Vec<&'static str>,
}

impl<'a> Fields<'a> {
    pub(super) const fn new(table: &'a Table) -> Self {
        Self { table, missing: Vec::new() }
    }

    /// The column of a field, so far as there is one; an expected field that has none is remembered.
    ///
    /// # Errors
    /// Where the table has no column of a required field, or two of any.
    pub(super) fn column(&mut self, field: ObjectField) -> Result<Field<'a>, Error> {
        let column = self.find(field.name)?;
        match field.need {
            Need::Required if column.is_none() => return Err(self.absent(field.name, "")),
            Need::Expected if column.is_none() => self.missing.push(field.name),
            Need::Required | Need::Expected | Need::Optional => {}
        }
        Ok(Field { table: self.table, name: field.name, column })
    }

    /// The column of the contacts' mapped field, which is required.
    ///
    /// # Errors
    /// Where the table has no column of this name, or two.
    pub(super) fn mapped(&self, name: &'a str) -> Result<Field<'a>, Error> {
        let column = self.find(name)?;
        if column.is_none() {
            return Err(self.absent(name, "; or correct mapping.username_field"));
        }
        Ok(Field { table: self.table, name, column })
    }

    #[cold]
    fn absent(&self, name: &str, or: &str) -> Error {
        let found: Vec<&str> = self.table.headings.iter().take(40).map(String::as_str).collect();
        Error::Input {
            path: self.table.path().to_owned(),
            what: format!("has no column `{name}`; found: {}", found.join(", ")),
            next: format!(
                "add {name} to the query and save the object again; if Salesforce hides the field, give your user read access to it{or}"
            ),
        }
    }

    /// API names are case-insensitive, and some tools write uppercase headings.
    fn find(&self, name: &str) -> Result<Option<usize>, Error> {
        let mut matches = self
            .table
            .headings
            .iter()
            .enumerate()
            .filter(|(_, heading)| heading.trim().eq_ignore_ascii_case(name))
            .map(|(at, _)| at);
        let first = matches.next();
        match (first, matches.next()) {
            (Some(first), Some(second)) => Err(Error::Input {
                path: self.table.path().to_owned(),
                what: format!("has the column `{name}` twice (columns {} and {})", first + 1, second + 1),
                next: "save the object again with each field once".to_owned(),
            }),
            _ => Ok(first),
        }
    }
}

impl<'a> Field<'a> {
    #[inline]
    pub(super) fn raw<'r>(&self, row: Row<'r>) -> &'r [u8] {
        self.column.map_or(&[], |column| row.get(column))
    }

    #[cold]
    fn wrong(&self, row: Row<'_>, what: &str) -> Error {
        let what = match cell_fault(self.raw(row)) {
            Some(fault @ CellFault::FormulaWithoutResult) => format!("{} {fault}", self.name),
            None if self.raw(row).is_empty() => format!("{} {what}", self.name),
            _ => {
                let value: String = String::from_utf8_lossy(self.raw(row)).chars().take(40).collect();
                format!("{} `{value}` {what}", self.name)
            }
        };
        Error::SnapshotRow { path: self.table.path().to_owned(), line: row.line, what }
    }

    #[inline]
    pub(super) fn is_there(&self) -> bool {
        self.column.is_some()
    }

    #[inline]
    pub(super) fn text<'r>(&self, row: Row<'r>) -> Result<&'r str, Error> {
        std::str::from_utf8(self.raw(row)).map_err(|_| self.wrong(row, "is not valid UTF-8"))
    }

    #[inline]
    pub(super) fn id(&self, row: Row<'_>) -> Result<Option<RecordId>, Error> {
        match self.raw(row) {
            [] => Ok(None),
            text => RecordId::parse(text).map(Some).map_err(|fault| {
                self.wrong(
                    row,
                    match fault {
                        IdFault::Length | IdFault::Character => "is not a Salesforce id",
                        IdFault::Checksum => "is a Salesforce id whose upper and lower case was changed",
                    },
                )
            }),
        }
    }

    #[inline]
    pub(super) fn required_id(&self, row: Row<'_>) -> Result<RecordId, Error> {
        self.id(row)?.ok_or_else(|| self.blank(row))
    }

    /// An id that every record has; `None` only if the column is missing.
    #[inline]
    pub(super) fn system_id(&self, row: Row<'_>) -> Result<Option<RecordId>, Error> {
        if self.is_there() { self.required_id(row).map(Some) } else { Ok(None) }
    }

    /// A timestamp that every record has; `None` only if the column is missing.
    #[inline]
    pub(super) fn system_instant(&self, row: Row<'_>) -> Result<Option<Instant>, Error> {
        match self.instant(row)? {
            None if self.is_there() => Err(self.blank(row)),
            instant => Ok(instant),
        }
    }

    #[cold]
    fn blank(&self, row: Row<'_>) -> Error {
        self.wrong(row, "is blank, which Salesforce does not allow")
    }

    pub(super) fn number(&self, row: Row<'_>) -> Result<u64, Error> {
        let what = if self.raw(row).is_empty() { "is blank" } else { "is not a whole number" };
        number::whole(self.raw(row)).map_err(|_| self.wrong(row, what))
    }

    #[inline]
    pub(super) fn instant(&self, row: Row<'_>) -> Result<Option<Instant>, Error> {
        match self.raw(row) {
            [] => Ok(None),
            text => Instant::parse(text)
                .map_err(|fault| self.wrong(row, fault.why("is not a date and time as Salesforce writes it"))),
        }
    }

    /// A checkbox, which is never blank; false if the column is missing.
    pub(super) fn flag(&self, row: Row<'_>) -> Result<bool, Error> {
        match self.raw(row) {
            b"" if self.is_there() => Err(self.blank(row)),
            b"" => Ok(false),
            text if text.eq_ignore_ascii_case(b"true") || text == b"1" => Ok(true),
            text if text.eq_ignore_ascii_case(b"false") || text == b"0" => Ok(false),
            _ => Err(self.wrong(row, "is neither true nor false")),
        }
    }
}

/// An extract's row has exactly as many cells as its heading.
pub(super) fn well_formed(table: &Table, row: Row<'_>) -> Result<(), Error> {
    let (cells, columns) = (row.len(), table.headings.len());
    if cells == columns {
        return Ok(());
    }
    Err(Error::SnapshotRow {
        path: table.path().to_owned(),
        line: row.line,
        what: format!(
            "the row has {cells} cells, the heading has {columns}; the file seems to be cut off or was edited by hand"
        ),
    })
}
