//! `history.csv`: one finding per row, by key.
//!
//! Must not know: where the file is.

use std::borrow::Cow;

use crate::model::fingerprint::{Ids, Key};
use crate::model::id::RecordId;
use crate::model::instant::Instant;
use crate::model::label::Label as _;
use crate::model::object::SfObject;
use crate::report::run_history::{Entry, History, State};

/// File name in the folder of a run.
pub const NAME: &str = "history.csv";

const COLUMNS: [&str; 9] =
    ["key", "check", "state", "first_seen", "last_seen", "object", "record_id", "learner_id", "course_id"];

/// Writes the history as CSV.
///
/// # Errors
/// If writing to `out` fails.
pub fn write(history: &History, out: impl std::io::Write) -> Result<(), csv::Error> {
    let mut writer = csv::Writer::from_writer(out);
    writer.write_record(COLUMNS)?;
    let number = |id: Option<u64>| id.map_or_else(String::new, |id| id.to_string());
    for (key, Entry { check, state, first_seen, last_seen, ids }) in history.iter() {
        writer.write_record([
            key.to_string().as_str(),
            check,
            state.label(),
            &first_seen.to_string(),
            &last_seen.to_string(),
            ids.record.map_or("", |(object, _)| object.label()),
            &ids.record.map_or_else(String::new, |(_, id)| id.to_string()),
            &number(ids.learner),
            &number(ids.course),
        ])?;
    }
    Ok(writer.flush()?)
}

/// Reads a file written by [`write`].
///
/// # Errors
/// If a line does not have this form, with its number.
pub fn read(from: impl std::io::Read) -> Result<History, String> {
    let mut reader = csv::Reader::from_reader(from);
    let headings = reader.headers().map_err(|error| error.to_string())?;
    if headings != &csv::StringRecord::from(COLUMNS.to_vec()) {
        return Err(format!("line 1: the headings are not {}", COLUMNS.join(",")));
    }
    let mut entries = Vec::new();
    for record in reader.records() {
        let record = record.map_err(|error| error.to_string())?;
        let line = record.position().map_or(0, csv::Position::line);
        let entry = entry(&record).ok_or_else(|| format!("line {line}: is not of the form {}", COLUMNS.join(",")))?;
        entries.push(entry);
    }
    Ok(History::new(entries))
}

fn entry(record: &csv::StringRecord) -> Option<(Key, Entry)> {
    let cell = |at: usize| record.get(at).unwrap_or("");
    let moment = |at: usize| Instant::parse(cell(at).as_bytes()).ok().flatten();
    let number = |at: usize| match cell(at) {
        "" => Some(None),
        digits => digits.parse().ok().map(Some),
    };
    let subject = match (cell(5), cell(6)) {
        ("", "") => None,
        (object, id) => Some((SfObject::parse(object)?, RecordId::parse(id.as_bytes()).ok()?)),
    };
    Some((
        Key::parse(cell(0))?,
        Entry {
            check: Cow::Owned(cell(1).to_owned()),
            state: State::parse(cell(2))?,
            first_seen: moment(3)?,
            last_seen: moment(4)?,
            ids: Ids { record: subject, learner: number(7)?, course: number(8)? },
        },
    ))
}
