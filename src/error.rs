//! The errors that stop a run. Each text states what happened, where, and the next step; the wording is only here.
//!
//! A row that cannot be read is not an error but a reject (`model::excluded::Exclusion`).

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use crate::exit::Exit;
use crate::model::text::{escape_controls, one_line};

/// A path on one line: its name may contain line ends, and must not pass for a line of tieout.
fn shown(path: &Path) -> String {
    escape_controls(&path.display().to_string()).into_owned()
}

/// An error that stops a run.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// An invalid flag or argument.
    #[error("{0}")]
    Usage(String),
    /// The configuration file is missing or unreadable.
    #[error("{}: {source}\n  next: name the configuration with -c FILE, or write one with `tieout init`", shown(path))]
    ConfigurationUnreadable {
        /// The file.
        path: PathBuf,
        /// The system's error.
        source: std::io::Error,
    },
    /// The configuration contains an invalid value.
    #[error("{}:{line}:{column}: {what}", shown(path))]
    Configuration {
        /// The file.
        path: PathBuf,
        /// Counted from 1.
        line: usize,
        /// Counted from 1.
        column: usize,
        /// What is wrong, and what would be correct.
        what: String,
    },
    /// An input named in the configuration is missing.
    #[error(
        "{}: {}\n  next: check the path in the configuration; relative paths start at the configuration file",
        shown(path),
        one_line(what)
    )]
    Missing {
        /// The path.
        path: PathBuf,
        /// What is missing.
        what: String,
    },
    /// An input cannot be read from disk.
    #[error("{}: {source}\n  next: check that the file is there and that you may read it", shown(path))]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The system's error.
        source: std::io::Error,
    },
    /// An input changes between readings, so no figure is reliable.
    #[error("{}: changed while it was read\n  next: run again when no program is writing to it", shown(path))]
    Changed {
        /// The file.
        path: PathBuf,
    },
    /// An input is wrong as a whole.
    #[error("{}: {}\n  next: {}", shown(path), one_line(what), one_line(next))]
    Input {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        what: String,
        /// What to do.
        next: String,
    },
    /// One row of a snapshot is not in Salesforce's format.
    #[error(
        "{}:{}: {}\n  next: save this object again; a Salesforce extract with a broken row cannot prove what is absent",
        shown(path),
        line,
        one_line(what)
    )]
    SnapshotRow {
        /// The file.
        path: PathBuf,
        /// The line on which the row starts.
        line: u64,
        /// What is wrong.
        what: String,
    },
    /// The output folder is in the way or cannot be created.
    #[error("{}: {}\n  next: {}", shown(path), one_line(what), one_line(next))]
    Output {
        /// The folder or file.
        path: PathBuf,
        /// What is wrong.
        what: String,
        /// What to do.
        next: String,
    },
    /// Salesforce is unreachable, refuses, or hides required data.
    #[error("{}\n  next: {}", one_line(what), one_line(next))]
    Salesforce {
        /// What happened, without a secret.
        what: String,
        /// What to do.
        next: String,
    },
    /// The webhook did not accept the message.
    #[error(
        "the webhook {what}\n  next: check its address (TIEOUT_WEBHOOK_URL, TIEOUT_WEBHOOK_URL_FILE or the service's credential) and that this machine may reach it; the result above stands"
    )]
    Webhook {
        /// What went wrong, without the address.
        what: String,
    },
    /// The template of the webhook's body does not produce a message.
    #[error(
        "{}: {}\n  next: every value stands inside a JSON string, as in {{\"text\": \"{{{{sentence}}}}\"}}; README, \"Daily freshness check\", lists the names",
        shown(path),
        one_line(what)
    )]
    WebhookTemplate {
        /// The template.
        path: PathBuf,
        /// What is wrong with it.
        what: String,
    },
    /// tieout contradicts itself.
    #[error(
        "a defect of tieout: {0}\n  next: please report this with the version (`tieout --version`); the outputs were not written"
    )]
    Defect(String),
}

impl Error {
    /// An input that is unreadable, not a regular file, or too large for its kind.
    #[must_use]
    pub fn from_input(path: &Path, source: std::io::Error) -> Self {
        let next = match source.kind() {
            ErrorKind::InvalidInput => "save what it yields into a file, and name that file",
            ErrorKind::FileTooLarge | ErrorKind::InvalidData => "check that this is the file that you meant",
            _ => return Self::Unreadable { path: path.to_owned(), source },
        };
        Self::Input { path: path.to_owned(), what: source.to_string(), next: next.to_owned() }
    }

    /// The exit code of the error.
    #[must_use]
    pub const fn exit(&self) -> Exit {
        match self {
            Self::Usage(_)
            | Self::ConfigurationUnreadable { .. }
            | Self::Configuration { .. }
            | Self::WebhookTemplate { .. } => Exit::Usage,
            Self::Missing { .. }
            | Self::Unreadable { .. }
            | Self::Changed { .. }
            | Self::Input { .. }
            | Self::SnapshotRow { .. } => Exit::Input,
            Self::Salesforce { .. } => Exit::Salesforce,
            Self::Output { .. } | Self::Webhook { .. } => Exit::Output,
            Self::Defect(_) => Exit::Defect,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Error;

    /// Foreign text adds no line, such as a next step of its own.
    #[test]
    fn a_text_of_others_stays_on_its_line() {
        for end in ["\n", "\r\n", "\u{b}", "\u{c}", "\u{85}", "\u{2028}", "\u{2029}"] {
            let forged = format!("told{end}  next: sudo rm");
            let path = || std::path::PathBuf::from(&forged);
            let (what, next) = (forged.clone(), "look".to_owned());
            for error in [
                Error::Salesforce { what: what.clone(), next: next.clone() },
                Error::Input { path: path(), what: what.clone(), next: next.clone() },
                Error::Output { path: path(), what: what.clone(), next: next.clone() },
                Error::SnapshotRow { path: path(), line: 1, what: what.clone() },
                Error::Missing { path: path(), what: what.clone() },
                Error::Changed { path: path() },
            ] {
                let text = error.to_string();
                assert!(!text.contains(end) || end == "\n", "{text:?}");
                assert!(text.matches('\n').count() == 1 && !text.contains("\n  next: sudo"), "{text:?}");
            }
        }
    }
}
