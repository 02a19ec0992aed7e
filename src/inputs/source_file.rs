//! What is recorded of each file that was read: its digest, how it was read, and its age.

use crate::error::Error;
use crate::inputs::table::Table;
use crate::model::input::Input;
use crate::model::instant::Instant;

/// The file's modification time or `known`, whichever is older.
pub(super) fn older(known: Option<Instant>, table: &Table) -> Instant {
    let instant = Instant::from_system_time(table.modified().unwrap_or(std::time::UNIX_EPOCH));
    known.map_or(instant, |known| known.min(instant))
}

/// A file as listed in the report.
pub(super) fn input(
    table: &Table,
    side: &'static str,
    holds: String,
    rows: u64,
    rejects: u64,
    dates: Option<String>,
) -> Result<Input, Error> {
    Ok(Input {
        side: side.into(),
        holds,
        file: table.name(),
        rows,
        rejects,
        deleted: 0,
        counted: None,
        encoding: table.encoding().to_owned(),
        delimiter: table.delimiter.map(|c| char::from(c).to_string()),
        dates,
        sha256: table.sha256().to_owned(),
    })
}
