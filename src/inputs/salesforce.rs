//! Reads a live organization without writing: sign-in, permissions, and counting every row.
//!
//! Only [`transport`] sends requests, through an allow-list of method and path. The result is a snapshot folder with a
//! manifest, equal to one saved by hand, so that later steps handle one kind of input.
//!
//! Must not know: the Docebo side, checks, outputs.

/// Permitted request addresses.
mod address;
mod auth;
/// Limits on a server's answers.
mod bounds;
mod customization;
mod describe;
/// Checks a user's permissions before extraction.
pub mod doctor;
mod error;
/// A complete extraction.
pub mod extract;
mod log;
/// Every field that is read, by object.
pub mod objects;
/// What an extraction would ask.
pub mod plan;
/// Reads pages, by REST and Bulk API 2.0.
pub mod read;
mod soql;
mod store;
/// The only module that sends requests to Salesforce.
pub mod transport;
mod value;
/// When the sync last wrote, in a few calls.
pub mod write_activity;

use crate::error::Error;
use crate::model::text::one_line;
use crate::secrets::mask_and_shorten;

/// Maximum length of a server's text in a message, in characters.
const MAX_SHOWN: usize = 2_000;

/// Ends what an interrupt of this process does not reach: the Salesforce CLI, if running.
pub fn abandon() {
    auth::end_cli();
}

/// Removes secrets and line ends that a server may have put into an error, and shortens it to [`MAX_SHOWN`].
fn masked(error: Error) -> Error {
    match error {
        Error::Salesforce { what, next } => Error::Salesforce { what: shown(&what), next: shown(&next) },
        other => other,
    }
}

/// A text that may contain a server's words: without secrets, shortened to [`MAX_SHOWN`], and on one line, to prevent
/// forged output lines.
fn shown(text: &str) -> String {
    one_line(&mask_and_shorten(text, MAX_SHOWN)).into_owned()
}
