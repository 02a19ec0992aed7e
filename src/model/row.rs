//! Row numbers in four bytes: tables hold millions of them, and a missing row is a number too.

/// The index for "no row".
pub const NONE: u32 = u32::MAX;

/// Converts an index to a row number; `None` for [`NONE`].
#[must_use]
pub fn row(index: u32) -> Option<usize> {
    (index != NONE).then_some(index as usize)
}

/// Converts a row number to an index.
#[must_use]
pub fn index(row: usize) -> u32 {
    u32::try_from(row).unwrap_or(NONE)
}
