//! A term with its value, and untrusted text as the page shows it.

use serde::Serialize;

use crate::outputs::sanitize::{cut, escape_controls};

/// Characters of a value.
const MAX_LENGTH: usize = 200;

/// A term and what it is.
#[derive(Serialize)]
pub(super) struct Fact {
    pub(super) term: &'static str,
    pub(super) value: String,
}

/// Untrusted text, cut, with active characters visible.
pub(super) fn plain(text: &str) -> String {
    escape_controls(&cut(text, MAX_LENGTH)).into_owned()
}
