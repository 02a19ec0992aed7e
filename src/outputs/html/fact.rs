//! A term with its value, and untrusted text as the page shows it.

use serde::Serialize;

use crate::outputs::sanitize::{cut, escape_controls};

/// Maximum characters of a value.
const MAX_LENGTH: usize = 200;

/// A term and its value.
#[derive(Serialize)]
pub(super) struct Fact {
    pub(super) term: &'static str,
    pub(super) value: String,
}

/// Untrusted text, truncated, with active characters made visible.
pub(super) fn plain(text: &str) -> String {
    escape_controls(&cut(text, MAX_LENGTH)).into_owned()
}
