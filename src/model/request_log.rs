//! The requests of an extraction, without secrets, and their queries.

use serde::{Deserialize, Serialize};

use crate::model::id::RecordId;
use crate::model::instant::Instant;

/// A query of the extraction.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Query {
    /// The object, or the list that was queried besides the objects.
    pub object: String,
    /// The query.
    pub soql: String,
    /// Rows that Salesforce counted.
    pub counted: u64,
    /// Rows that were read.
    pub rows: u64,
    /// Rows added or removed while reading.
    pub drift: u64,
    /// When it was first sent, by Salesforce's clock, if the request log shows it.
    pub began: Option<Instant>,
    /// When its last request was answered; `None` if the log ends earlier.
    pub ended: Option<Instant>,
    /// Number of its requests in the log: counts, pages, jobs, and retries.
    #[serde(default)]
    pub requests: u64,
}

/// The snapshot file with the requests of its extraction, one per line: [`Request`], optionally followed by
/// [`OmittedRequests`].
pub const REQUESTS: &str = "requests.jsonl";

/// One request of the extraction, without secrets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request {
    /// When it was answered, by Salesforce's clock, to the second; `None` before the first answer, and for a request
    /// still running when the extraction ended.
    pub at: Option<Instant>,
    /// `GET` or `POST`.
    pub method: String,
    /// Its path with the query; for a sign-in only the path.
    pub path: String,
    /// The HTTP status, if answered.
    #[serde(default)]
    pub status: Option<u16>,
    /// Status and length of the answer, or why there was none.
    pub answer: String,
    /// Rows, if the answer is a page that states them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rows: Option<u64>,
    /// The query of a job.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub soql: Option<String>,
    /// Duration until the last byte.
    pub milliseconds: u64,
}

impl Request {
    /// Whether Salesforce, or a proxy in front of it, refused it.
    #[must_use]
    pub fn is_refused(&self) -> bool {
        self.status.is_some_and(|status| status >= 400)
    }
}

/// Last line of a log that became too long: number of further requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct OmittedRequests {
    /// Number of requests not logged individually.
    pub further: u64,
    /// How many of these were refused.
    pub refused: u64,
    /// When the last of them was answered, by Salesforce's clock.
    pub last: Option<Instant>,
}

/// The course of the extraction, as far as the snapshot shows it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Extraction {
    /// The API version.
    pub api_version: Option<String>,
    /// The user who read.
    pub user: Option<RecordId>,
    /// The queries.
    pub queries: Vec<Query>,
    /// Number of all requests; zero if not recorded.
    pub requests: u64,
    /// Number of refused requests (status 400 and above).
    #[serde(default)]
    pub refused: u64,
    /// When the first of them was answered, by Salesforce's clock.
    #[serde(default)]
    pub first: Option<Instant>,
    /// When the last of them was answered.
    #[serde(default)]
    pub last: Option<Instant>,
    /// The requests, at most the first and the last [`MAX_LOGGED`](Self::MAX_LOGGED).
    pub log: Vec<Request>,
}

impl Extraction {
    /// Number of requests kept from each end of a log.
    pub const MAX_LOGGED: usize = 500;
}
