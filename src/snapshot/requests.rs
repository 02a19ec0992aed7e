//! The log of requests of an extraction, as far as it can be read: nothing rests on it, so nothing of it can end a
//! run.

#![expect(clippy::disallowed_methods, reason = "the log is a file of the snapshot")]

use std::path::Path;

use crate::model::instant::Instant;
use crate::model::provenance::{Extraction, Request};

/// The file's name in the folder of a snapshot.
pub(super) const FILE: &str = "requests.jsonl";

/// Takes over what the log tells: how many requests there were, the first and the last of them, and from when to when
/// each query was asked.
pub(super) fn read(path: &Path, extraction: &mut Extraction) {
    let Ok(text) = std::fs::read_to_string(path) else { return };
    let mut current: Option<usize> = None;
    let mut last: Vec<Request> = Vec::new();
    for line in text.lines() {
        let Ok(request) = serde_json::from_str::<Request>(line) else { continue };
        extraction.requests += 1;
        current = asks(extraction, &request).or(current);
        if let (Some(at), Some(query)) = (request.at, current) {
            span(extraction, query, at);
        }
        if extraction.log.len() < Extraction::MOST {
            extraction.log.push(request);
        } else {
            last.push(request);
            if last.len() > 2 * Extraction::MOST {
                last.drain(..Extraction::MOST);
            }
        }
    }
    let old = last.len().saturating_sub(Extraction::MOST);
    extraction.log.extend(last.drain(old..));
}

/// Which query a request asks, where its text names the object behind FROM.
fn asks(extraction: &Extraction, request: &Request) -> Option<usize> {
    let text = request.soql.as_deref().unwrap_or(&request.path);
    let names = |object: &str| {
        ["FROM ", "FROM+", "FROM%20"].iter().any(|from| {
            text.split(&format!("{from}{object}"))
                .skip(1)
                .any(|rest| !rest.starts_with(|c: char| c.is_alphanumeric() || c == '_'))
        })
    };
    extraction.queries.iter().position(|query| names(&query.object))
}

fn span(extraction: &mut Extraction, query: usize, at: Instant) {
    let query = &mut extraction.queries[query];
    query.began = Some(query.began.map_or(at, |began| began.min(at)));
    query.ended = query.ended.max(Some(at));
}
