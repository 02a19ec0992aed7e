//! The supported text encodings.

/// The encoding of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Encoding {
    Utf8,
    /// UTF-8 with some invalid bytes; rows that contain them are rejected.
    DamagedUtf8,
    Utf16Le,
    Utf16Be,
    /// Western European, as saved by older Windows programs.
    Windows1252,
}

impl Encoding {
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Utf8 => "UTF-8",
            Self::DamagedUtf8 => "UTF-8 (damaged)",
            Self::Utf16Le => "UTF-16LE",
            Self::Utf16Be => "UTF-16BE",
            Self::Windows1252 => "windows-1252",
        }
    }
}
