//! `report.json` and its published schema.

use std::io::Write;

use serde::Serialize as _;

use crate::outputs::RenderError;
use crate::outputs::sanitize::{PrettySanitizedJson, SanitizedJson};
use crate::report::{Report, Summary};

/// Writes the report as indented JSON, ending with a newline.
///
/// # Errors
/// If writing to `out` fails.
pub fn write(report: &Report, mut out: impl Write) -> Result<(), RenderError> {
    let mut serializer = serde_json::Serializer::with_formatter(&mut out, PrettySanitizedJson::default());
    report.summary().serialize(&mut serializer)?;
    Ok(out.write_all(b"\n")?)
}

/// Like [`write`], into memory.
///
/// # Errors
/// None for any report.
pub fn report(report: &Report) -> Result<Vec<u8>, RenderError> {
    let mut bytes = Vec::new();
    write(report, &mut bytes)?;
    Ok(bytes)
}

/// Writes everything except the findings, for `run.json`.
///
/// # Errors
/// If writing to `out` fails.
pub fn facts(report: &Report, mut out: impl Write) -> Result<(), RenderError> {
    report.run.serialize(&mut serde_json::Serializer::with_formatter(&mut out, SanitizedJson))?;
    Ok(out.write_all(b"\n")?)
}

/// The JSON Schema of `report.json`, as published in the repository.
///
/// # Errors
/// None.
pub fn schema() -> Result<String, RenderError> {
    let schema = schemars::schema_for!(Summary<'static>);
    Ok(serde_json::to_string_pretty(&schema)? + "\n")
}
