//! What is recorded of each file that was read: its digest, how it was read, and its age.

use crate::error::Error;
use crate::inputs::table::Table;
use crate::model::input::Input;
use crate::model::instant::Instant;

/// The file's modification time or `known`, whichever is older.
pub(super) fn older(known: Option<Instant>, table: &Table) -> Instant {
    let instant = from_system_time(table.modified().unwrap_or(std::time::UNIX_EPOCH));
    known.map_or(instant, |known| known.min(instant))
}

/// Converts a file system time.
pub(super) fn from_system_time(time: std::time::SystemTime) -> Instant {
    let seconds = time.duration_since(std::time::UNIX_EPOCH).map_or(0, |since| since.as_secs());
    Instant::from_seconds(i64::try_from(seconds).unwrap_or(i64::MAX))
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
