//! Limits on the text of a genuine workbook: on unpacked sizes, and on the text of all cells together.

use std::path::Path;

use super::fault::TableFault;
use crate::error::Error;

/// Minimum size to which a part of a workbook, or a packed text, may unpack.
pub(super) const FREE_BYTES: u64 = 8 << 20;

/// No larger part of an export compresses so well; a decompression bomb compresses about a thousand times.
pub(super) const MAX_RATIO: u64 = 200;

pub(super) const SAVE_AGAIN: &str =
    "open it in a spreadsheet program, remove what is not the report, and save it again or as CSV UTF-8";

pub(super) fn absurd(what: String) -> TableFault {
    TableFault::new(what, SAVE_AGAIN)
}

/// The total text of a workbook's cells. A sheet can reference the same text in a million cells with a few bytes each,
/// and each cell has its own copy once read.
#[derive(Debug)]
pub struct CellTexts {
    bytes: u64,
    packed: u64,
}

impl CellTexts {
    /// For a file of `packed` bytes.
    #[must_use]
    pub const fn new(packed: u64) -> Self {
        Self { bytes: 0, packed }
    }

    /// Adds the text of a file's next cell.
    ///
    /// # Errors
    /// If the total is too large.
    pub fn add_of(&mut self, path: &Path, bytes: usize) -> Result<(), Error> {
        self.add(bytes).map_err(|fault| fault.at(path))
    }

    /// Adds the text of the next cell.
    pub(super) fn add(&mut self, bytes: usize) -> Result<(), TableFault> {
        self.bytes = self.bytes.saturating_add(bytes as u64);
        if !is_bomb(self.bytes, self.packed) {
            return Ok(());
        }
        Err(absurd(format!(
            "has cells with more than {} MiB of text together, {MAX_RATIO} times the size of the file, as no export has",
            self.bytes >> 20
        )))
    }
}

/// Whether something unpacks to more than a genuine file does.
pub(super) const fn is_bomb(bytes: u64, packed: u64) -> bool {
    bytes > FREE_BYTES && bytes > packed.saturating_mul(MAX_RATIO)
}
