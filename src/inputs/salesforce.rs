//! A live organisation, read and never written: signing in, what may be seen, every row counted.
//!
//! Only [`transport`] sends requests, through an allow-list of method and path. What is read becomes a
//! snapshot folder with a manifest, the same that a folder saved by hand is, so that everything behind it
//! knows one kind of input.
//!
//! Must not know: the Docebo side, checks, outputs.

/// Where a request may go.
mod address;
mod auth;
/// How much a server may make of one question.
mod bounds;
mod customization;
mod describe;
/// What a user may see and do, asked before anything is extracted.
pub mod doctor;
mod error;
/// An extraction from end to end.
pub mod extract;
mod log;
/// What an extraction would ask.
pub mod plan;
/// Pages, by REST and by Bulk API 2.0.
pub mod read;
mod soql;
mod store;
/// The one room that sends requests to Salesforce.
pub mod transport;
mod value;
/// When the sync last wrote, in a handful of calls.
pub mod write_activity;

use crate::error::Error;
use crate::model::text::one_line;
use crate::secrets::mask_and_shorten;

/// The maximum length of a server's text in a message, in characters.
const MAX_SHOWN: usize = 2_000;

/// Ends what an interrupt of this process does not reach: the Salesforce CLI, if it runs.
pub fn abandon() {
    auth::end_cli();
}

/// An error without the secrets and the line ends that a server may have put into it, shortened to [`MAX_SHOWN`].
fn masked(error: Error) -> Error {
    match error {
        Error::Salesforce { what, next } => Error::Salesforce { what: shown(&what), next: shown(&next) },
        other => other,
    }
}

/// A text that may contain a server's words: without secrets, shortened to [`MAX_SHOWN`], and on one line, so that it
/// cannot pass for a line of ours.
fn shown(text: &str) -> String {
    one_line(&mask_and_shorten(text, MAX_SHOWN)).into_owned()
}
