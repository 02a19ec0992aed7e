//! Why a file, or a member of it, is not a readable table.

use std::io;
use std::path::Path;

use crate::error::Error;

/// Why something is not a table; the caller knows the file.
#[derive(Debug)]
pub(super) enum TableFault {
    /// The system cannot read the bytes.
    Unreadable(io::Error),
    /// The bytes are invalid, but may contain a table.
    Input {
        /// What is wrong.
        what: String,
        /// What to do.
        next: &'static str,
    },
    /// The bytes differ from those read before.
    Changed,
    /// The bytes are something else, and can be skipped without losing table data.
    NoTable {
        /// What they are.
        what: &'static str,
        /// What to do.
        next: &'static str,
    },
}

/// Advice for a damaged file.
pub(super) const GET_AGAIN: &str = "export or download the file again, and let it finish";
/// Advice for a file that is not a table.
pub(super) const AS_EXPORTED: &str = "use the report file as it was exported, with one header row";
/// Advice for a file in an unsupported wrapper.
pub(super) const UNPACK: &str = "unpack it, and use the file inside";

impl TableFault {
    pub(super) fn new(what: impl Into<String>, next: &'static str) -> Self {
        Self::Input { what: what.into(), next }
    }

    /// The fault of a file that cannot be opened, or is not a regular file.
    pub(super) fn from_open(source: io::Error) -> Self {
        if source.kind() != io::ErrorKind::InvalidInput {
            return Self::Unreadable(source);
        }
        let what = source.to_string();
        let next = if what.contains("folder") {
            "name the file inside it"
        } else {
            "save what it yields into a file, and name that file"
        };
        Self::new(what, next)
    }

    /// The error of a file.
    pub(super) fn at(self, path: &Path) -> Error {
        let path = path.to_owned();
        match self {
            Self::Unreadable(source) => Error::Unreadable { path, source },
            Self::Changed => Error::Changed { path },
            Self::Input { what, next } => Error::Input { path, what, next: next.to_owned() },
            Self::NoTable { what, next } => Error::Input { path, what: what.to_owned(), next: next.to_owned() },
        }
    }
}

impl From<io::Error> for TableFault {
    fn from(source: io::Error) -> Self {
        match source.kind() {
            // Errors of a decompressor; reading from disk yields none of these.
            io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput | io::ErrorKind::UnexpectedEof => {
                Self::new(format!("is damaged or cut off: {source}"), GET_AGAIN)
            }
            // The limit on unpacked size.
            io::ErrorKind::FileTooLarge => Self::new(source.to_string(), UNPACK),
            _ => Self::Unreadable(source),
        }
    }
}
