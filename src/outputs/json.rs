//! `report.json` and the schema that is published for it.

use std::io::Write;

use serde::Serialize as _;

use crate::outputs::RenderError;
use crate::outputs::sanitize::{PrettySanitizedJson, SanitizedJson};
use crate::report::{Report, Summary};

/// The report as indented JSON, ending with a newline.
///
/// # Errors
/// Those of `out`.
pub fn write(report: &Report, mut out: impl Write) -> Result<(), RenderError> {
    let mut serializer = serde_json::Serializer::with_formatter(&mut out, PrettySanitizedJson::default());
    report.summary().serialize(&mut serializer)?;
    Ok(out.write_all(b"\n")?)
}

/// As [`write`], into memory.
///
/// # Errors
/// None that a report can cause.
pub fn report(report: &Report) -> Result<Vec<u8>, RenderError> {
    let mut bytes = Vec::new();
    write(report, &mut bytes)?;
    Ok(bytes)
}

/// All that outputs tell of a run beside its findings, for `run.json`.
///
/// # Errors
/// Those of `out`.
pub fn facts(report: &Report, mut out: impl Write) -> Result<(), RenderError> {
    report.run.serialize(&mut serde_json::Serializer::with_formatter(&mut out, SanitizedJson))?;
    Ok(out.write_all(b"\n")?)
}

/// The JSON Schema of `report.json`, as it stands in the repository.
///
/// # Errors
/// None.
pub fn schema() -> Result<String, RenderError> {
    let schema = schemars::schema_for!(Summary<'static>);
    Ok(serde_json::to_string_pretty(&schema)? + "\n")
}
