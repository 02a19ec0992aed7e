//! What may be shown where. A personal value is withheld by its type; nothing is searched for by
//! pattern.

use std::borrow::Cow;

use crate::evidence::Text;

/// Whether an output shows what may tell about a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Names {
    /// It does: outputs that stay with the customer, or `--show-names`.
    Shown,
    /// It does not.
    Withheld,
}

/// What stands in place of a personal value.
pub const WITHHELD: &str = "[withheld]";

impl Names {
    /// The value as this output may show it; a blank is no secret.
    #[must_use]
    pub fn show(self, text: &Text) -> Cow<'_, str> {
        if self == Self::Withheld && text.is_personal() && !text.raw().is_empty() {
            Cow::Borrowed(WITHHELD)
        } else {
            Cow::Borrowed(text.raw())
        }
    }
}
