//! The requests of an extraction, without secrets, and the queries that they were for.

use serde::{Deserialize, Serialize};

use crate::model::id::RecordId;
use crate::model::instant::Instant;

/// A query of the extraction.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Query {
    /// The object, or the list beside the objects.
    pub object: String,
    /// The query.
    pub soql: String,
    /// Rows that Salesforce counted.
    pub counted: u64,
    /// Rows that were read.
    pub rows: u64,
    /// Rows that came or went while it was read.
    pub drift: u64,
    /// When it was first asked, by Salesforce's clock, where the log of requests tells.
    pub began: Option<Instant>,
    /// When the last request for it was answered; nothing where the log was cut before.
    pub ended: Option<Instant>,
    /// Requests for it that the log holds: counts, pages, jobs, and whatever had to be asked again.
    #[serde(default)]
    pub requests: u64,
}

/// The file of a snapshot in which the requests of its extraction stand, one a line: [`Request`], at the end perhaps
/// [`Further`].
pub const REQUESTS: &str = "requests.jsonl";

/// One request of the extraction, without secrets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request {
    /// When it was answered, by Salesforce's clock, to the second; nothing before the first answer, and of a request
    /// that was under way when the extraction ended.
    pub at: Option<Instant>,
    /// `GET` or `POST`.
    pub method: String,
    /// Where it went: the path with its query, of a sign-in the path alone.
    pub path: String,
    /// The status, where there was an answer.
    #[serde(default)]
    pub status: Option<u16>,
    /// Status and length of the answer, or why there was none.
    pub answer: String,
    /// Rows, where the answer is a page that tells them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rows: Option<u64>,
    /// The query of a job.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub soql: Option<String>,
    /// From sending to the last byte.
    pub milliseconds: u64,
}

impl Request {
    /// Whether Salesforce, or whoever stands before it, refused it.
    #[must_use]
    pub fn is_refused(&self) -> bool {
        self.status.is_some_and(|status| status >= 400)
    }
}

/// The last line of a log that has become too long for further requests: how many there were.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct OmittedRequests {
    /// Requests that are not written down one by one.
    pub further: u64,
    /// Of these, the ones that were refused.
    pub refused: u64,
    /// When the last of them was answered, by Salesforce's clock.
    pub last: Option<Instant>,
}

/// How the extraction went, as far as the snapshot tells.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Extraction {
    /// The version of the API.
    pub api_version: Option<String>,
    /// The user who read.
    pub user: Option<RecordId>,
    /// The queries.
    pub queries: Vec<Query>,
    /// Requests, all together; zero where nobody wrote them down.
    pub requests: u64,
    /// Of these, the ones that were refused (a status of 400 and more).
    #[serde(default)]
    pub refused: u64,
    /// When the first of them was answered, by Salesforce's clock.
    #[serde(default)]
    pub first: Option<Instant>,
    /// When the last of them was answered.
    #[serde(default)]
    pub last: Option<Instant>,
    /// The requests, at most the first and the last [`Extraction::MOST`] of them.
    pub log: Vec<Request>,
}

impl Extraction {
    /// Requests that are kept from the start and from the end of a log.
    pub const MAX_LOGGED: usize = 500;
}
