//! A call as the rooms of the stand-in see it, and what they answer.

use bytes::Bytes;
use data_encoding::HEXUPPER;
use serde_json::{Value, json};

/// What a fault does to a page of rows while it is written.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct PageFault {
    /// How many rows are missing at its end, while every count still tells of them.
    pub(crate) missing: usize,
    /// Whether a text of its first row holds a NUL.
    pub(crate) nul: bool,
    /// Whether its columns stand the other way round, with lines that end with CRLF.
    pub(crate) other_layout: bool,
}

#[derive(Debug, Clone, Default)]
pub(crate) struct Call {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) query: Vec<(String, String)>,
    pub(crate) authorization: Option<String>,
    pub(crate) host: Option<String>,
    /// `Sforce-Query-Options: batchSize=N`
    pub(crate) batch_size: Option<usize>,
    pub(crate) body: Bytes,
    pub(crate) fault: PageFault,
    /// What a fault makes of a query job: failed with this message, or aborted when it has none.
    pub(crate) job_ends: Option<Option<String>>,
}

impl Call {
    /// Splits an address into path and decoded parameters.
    pub(crate) fn address(&mut self, address: &str) {
        let (path, query) = address.split_once('?').unwrap_or((address, ""));
        self.path = decode(path, false);
        self.query = form(query);
    }

    pub(crate) fn parameter(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_str())
    }
}

/// The pairs of an `application/x-www-form-urlencoded` text.
pub(crate) fn form(text: &str) -> Vec<(String, String)> {
    text.split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (decode(name, true), decode(value, true))
        })
        .collect()
}

/// Undoes percent encoding; `+` is a space in parameters only.
pub(crate) fn decode(text: &str, plus: bool) -> String {
    let bytes = text.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let hex = bytes.get(at + 1..at + 3).map(<[u8]>::to_ascii_uppercase);
        match (bytes[at], hex.and_then(|hex| HEXUPPER.decode(&hex).ok())) {
            (b'%', Some(byte)) => {
                decoded.extend(byte);
                at += 2;
            }
            (b'+', _) if plus => decoded.push(b' '),
            (byte, _) => decoded.push(byte),
        }
        at += 1;
    }
    String::from_utf8_lossy(&decoded).into_owned()
}

/// An answer before headers that every answer has, compression and faults.
#[derive(Debug, Clone)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) content_type: &'static str,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
    /// Whether it is a page of rows, which takes its time.
    pub(crate) is_page: bool,
}

impl Reply {
    pub(crate) fn json(status: u16, value: &Value) -> Self {
        Self::text(status, "application/json;charset=UTF-8", value.to_string())
    }

    pub(crate) fn text(status: u16, content_type: &'static str, body: impl Into<Vec<u8>>) -> Self {
        Self { status, content_type, headers: Vec::new(), body: body.into(), is_page: false }
    }

    pub(crate) fn not_found() -> Self {
        ErrorResponse::new(404, "NOT_FOUND", "The requested resource does not exist").into()
    }
}

/// An error in the shape of the REST API.
#[derive(Debug, Clone)]
pub(crate) struct ErrorResponse {
    pub(crate) status: u16,
    pub(crate) code: String,
    pub(crate) message: String,
}

impl ErrorResponse {
    pub(crate) fn new(status: u16, code: &str, message: &str) -> Self {
        Self { status, code: code.to_owned(), message: message.to_owned() }
    }

    pub(crate) fn bad(code: &str, message: &str) -> Self {
        Self::new(400, code, message)
    }
}

impl From<ErrorResponse> for Reply {
    fn from(refusal: ErrorResponse) -> Self {
        Self::json(refusal.status, &json!([{ "message": refusal.message, "errorCode": refusal.code }]))
    }
}

impl From<Result<Reply, ErrorResponse>> for Reply {
    fn from(result: Result<Reply, ErrorResponse>) -> Self {
        result.unwrap_or_else(Reply::from)
    }
}
