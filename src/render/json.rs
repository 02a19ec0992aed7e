//! `report.json` and the schema that is published for it.

use serde::Serialize as _;

use crate::render::RenderError;
use crate::render::inert::{InertJson, PrettyInertJson};
use crate::report::{Report, Summary};

/// The report as indented JSON, ending with a newline.
///
/// # Errors
/// None that a report can cause.
pub fn report(report: &Report) -> Result<Vec<u8>, RenderError> {
    let mut bytes = Vec::new();
    let mut serializer = serde_json::Serializer::with_formatter(&mut bytes, PrettyInertJson::default());
    report.summary().serialize(&mut serializer)?;
    bytes.push(b'\n');
    Ok(bytes)
}

/// All that outputs tell of a run beside its findings, for `run.json`.
///
/// # Errors
/// None that a report can cause.
pub fn facts(report: &Report) -> Result<Vec<u8>, RenderError> {
    let mut bytes = Vec::new();
    report.facts.serialize(&mut serde_json::Serializer::with_formatter(&mut bytes, InertJson))?;
    bytes.push(b'\n');
    Ok(bytes)
}

/// The JSON Schema of `report.json`, as it stands in the repository.
///
/// # Errors
/// None.
pub fn schema() -> Result<String, RenderError> {
    let schema = schemars::schema_for!(Summary<'static>);
    Ok(serde_json::to_string_pretty(&schema)? + "\n")
}
