//! Why a file, or a member of it, is no table that can be read.

use std::io;
use std::path::Path;

use crate::error::Error;

/// Why something is no table; of which file, the caller knows.
#[derive(Debug)]
pub(super) enum TableFault {
    /// The system does not give the bytes.
    Unreadable(io::Error),
    /// The bytes are not what they should be; there may be a table in them.
    Input {
        /// What is wrong.
        what: String,
        /// What to do.
        next: &'static str,
    },
    /// The bytes are not those that were read before.
    Changed,
    /// The bytes are something else, and nothing of a table is lost without them.
    NoTable {
        /// What they are.
        what: &'static str,
        /// What to do.
        next: &'static str,
    },
}

/// What to do about a file that is damaged.
pub(super) const GET_AGAIN: &str = "export or download the file again, and let it finish";
/// What to do about a file that is no table.
pub(super) const AS_EXPORTED: &str = "use the report file as it was exported, with one header row";
/// What to do about a file in a wrapper that is not read.
pub(super) const UNPACK: &str = "unpack it, and use the file inside";

impl TableFault {
    pub(super) fn new(what: impl Into<String>, next: &'static str) -> Self {
        Self::Input { what: what.into(), next }
    }

    /// The fault of a file that cannot be opened, or is something else than a regular file.
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
            // Errors of a decompressor; reading from a disk yields none of these.
            io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput | io::ErrorKind::UnexpectedEof => {
                Self::new(format!("is damaged or cut off: {source}"), GET_AGAIN)
            }
            // The limit on what is unpacked.
            io::ErrorKind::FileTooLarge => Self::new(source.to_string(), UNPACK),
            _ => Self::Unreadable(source),
        }
    }
}
