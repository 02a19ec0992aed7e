//! A term with its value, and untrusted text as the page shows it.

use serde::Serialize;

use crate::render::inert::{cut, visible};

/// Characters of a value.
const LONGEST: usize = 200;

/// A term and what it is.
#[derive(Serialize)]
pub(super) struct Fact {
    pub(super) term: &'static str,
    pub(super) value: String,
}

/// Untrusted text, cut, with active characters visible.
pub(super) fn plain(text: &str) -> String {
    visible(&cut(text, LONGEST)).into_owned()
}
