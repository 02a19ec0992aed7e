//! Reads the request log of an extraction as far as possible: nothing depends on it, so it never ends a run, and
//! unreadable lines are reported.

use std::io::{self, BufRead, BufReader, Read as _};
use std::path::Path;

use serde::Deserialize;

use crate::files;
use crate::model::instant::Instant;
use crate::model::request_log::{Extraction, OmittedRequests, Query, REQUESTS, Request};
use crate::model::text::sanitize_url;

#[derive(Deserialize)]
#[serde(untagged)]
enum LogLine {
    Request(Request),
    Further(OmittedRequests),
}

/// Maximum bytes read of a log; an extraction writes far less.
const MAX_BYTES: u64 = 256 << 20;
/// The longest line of a request: an address has at most some 16,000 characters.
const MAX_LINE: usize = 1 << 20;

/// Reads the next line, and returns whether there was one. A line too long for a request is truncated, which makes it
/// invalid.
fn next_line(log: &mut impl BufRead, line: &mut Vec<u8>) -> io::Result<bool> {
    line.clear();
    let mut any = false;
    loop {
        let ahead = log.fill_buf()?;
        if ahead.is_empty() {
            return Ok(any);
        }
        any = true;
        let end = memchr::memchr(b'\n', ahead);
        let part = &ahead[..end.unwrap_or(ahead.len())];
        line.extend_from_slice(&part[..part.len().min(MAX_LINE.saturating_sub(line.len()))]);
        let taken = part.len() + usize::from(end.is_some());
        log.consume(taken);
        if end.is_some() {
            return Ok(true);
        }
    }
}

/// Adopts the log: the number of requests, the first and last of them, and when each query started and ended.
pub(super) fn read(path: &Path, extraction: &mut Extraction, caveats: &mut Vec<String>) {
    let Ok(file) = files::open(path) else {
        caveats
            .push(format!("{REQUESTS} of the snapshot cannot be read: which requests brought the rows is not told."));
        return;
    };
    let mut current: Option<usize> = None;
    let mut last: Vec<Request> = Vec::new();
    let (mut odd, mut cut) = (0_u64, false);
    let (mut log, mut line) = (BufReader::new(file.take(MAX_BYTES)), Vec::new());
    loop {
        match next_line(&mut log, &mut line) {
            Ok(true) => {}
            Ok(false) => break,
            Err(_) => {
                odd += 1;
                break;
            }
        }
        if line.trim_ascii().is_empty() {
            continue;
        }
        let request = match serde_json::from_slice(&line) {
            Ok(LogLine::Request(request)) => request,
            Ok(LogLine::Further(further)) => {
                cut = true;
                count(extraction, further.further, further.refused, further.last);
                continue;
            }
            Err(_) => {
                odd += 1;
                continue;
            }
        };
        count(extraction, 1, u64::from(request.is_refused()), request.at);
        let for_a_query = match asks(extraction, &request) {
            Asks::Query(query) => {
                current = query;
                true
            }
            Asks::More => true,
            Asks::Other => false,
        };
        if for_a_query && let Some(query) = current {
            let query = &mut extraction.queries[query];
            query.requests += 1;
            query.began = query.began.into_iter().chain(request.at).min();
            query.ended = query.ended.max(request.at);
        }
        keep(extraction, &mut last, request);
    }
    let old = last.len().saturating_sub(Extraction::MAX_LOGGED);
    extraction.log.extend(last.drain(old..));
    if cut {
        // Later requests are only counted: when this query ended and the next ones started is unknown.
        if let Some(query) = current {
            extraction.queries[query].ended = None;
        }
        caveats.push(format!(
            "{REQUESTS} of the snapshot is too long to hold every request: the last ones are only counted, and when the last \
             queries were asked is not known."
        ));
    }
    if odd > 0 {
        caveats.push(format!(
            "{REQUESTS} of the snapshot has {odd} {} no request; somebody changed it, or the disk did. The requests are told \
             without.",
            if odd == 1 { "line that tells" } else { "lines that tell" }
        ));
    }
}

fn count(extraction: &mut Extraction, requests: u64, refused: u64, at: Option<Instant>) {
    extraction.requests = extraction.requests.saturating_add(requests);
    extraction.refused = extraction.refused.saturating_add(refused);
    extraction.first = extraction.first.into_iter().chain(at).min();
    extraction.last = extraction.last.max(at);
}

/// Keeps the first and last requests.
fn keep(extraction: &mut Extraction, last: &mut Vec<Request>, request: Request) {
    if extraction.log.len() < Extraction::MAX_LOGGED {
        extraction.log.push(request);
        return;
    }
    last.push(request);
    if last.len() > 2 * Extraction::MAX_LOGGED {
        last.drain(..Extraction::MAX_LOGGED);
    }
}

/// The purpose of a request.
enum Asks {
    /// A query: one of the manifest, by index, or another.
    Query(Option<usize>),
    /// Continues the previous query: the next page, a job's status.
    More,
    /// No query: sign-in, API versions, object permissions.
    Other,
}

fn asks(extraction: &Extraction, request: &Request) -> Asks {
    let (plain, query) = request.path.split_once('?').unwrap_or((&request.path, ""));
    let soql = match (&request.soql, query.strip_prefix("q=")) {
        (Some(soql), _) => soql.clone(),
        (None, Some(encoded)) => sanitize_url(encoded),
        (None, None) if plain.contains("/query/") || plain.contains("/queryAll/") => return Asks::More,
        (None, None) => return Asks::Other,
    };
    let exact = extraction.queries.iter().position(|query| query.soql == soql);
    // The manifest has one query per object; counts and parts differ from it in columns and conditions. Answers of the
    // other endpoints (setup, the Recycle Bin) are not its rows.
    let of_object = |query: &Query| {
        let after = soql.split_once(" FROM ").map_or("", |(_, after)| after);
        after.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).next() == Some(&query.object)
    };
    let rows = plain.ends_with("/query") && !plain.ends_with("/tooling/query");
    Asks::Query(exact.or_else(|| extraction.queries.iter().position(of_object).filter(|_| rows)))
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "the tests write a log")]
mod tests {
    use super::read;
    use crate::model::request_log::{Extraction, Query, REQUESTS};

    fn query(object: &str, soql: &str) -> Query {
        Query {
            object: object.to_owned(),
            soql: soql.to_owned(),
            counted: 1,
            rows: 1,
            drift: 0,
            began: None,
            ended: None,
            requests: 0,
        }
    }

    fn line(second: u32, status: u16, path: &str, soql: Option<&str>) -> String {
        let at = format!("2026-11-20T06:00:{second:02}Z");
        serde_json::json!({
            "at": at, "method": "GET", "path": path, "status": status, "answer": "x", "soql": soql, "milliseconds": 1,
        })
        .to_string()
    }

    fn read_lines(lines: &[String]) -> (Extraction, Vec<String>) {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join(REQUESTS);
        std::fs::write(&path, lines.join("\n") + "\n").expect("written");
        let mut extraction = Extraction {
            queries: vec![
                query("Contact", "SELECT Id, Email FROM Contact WHERE SystemModstamp <= 2026-11-20T05:00:00Z"),
                query("docebo_v3__Course__c", "SELECT Id FROM docebo_v3__Course__c"),
                query("list_view_contacts", "SELECT Id FROM Contact WHERE A = 'x'"),
                query("deleted_contacts", "SELECT Id FROM Contact WHERE IsDeleted = true"),
            ],
            ..Extraction::default()
        };
        let mut caveats = Vec::new();
        read(&path, &mut extraction, &mut caveats);
        (extraction, caveats)
    }

    #[test]
    fn each_request_is_told_of_the_query_that_it_is_for() {
        let v = "/services/data/v67.0";
        let lines = [
            line(0, 200, "/services/oauth2/token", None),
            line(1, 200, &format!("{v}/sobjects/Contact/describe"), None),
            line(2, 200, &format!("{v}/query?q=SELECT+COUNT%28%29+FROM+Contact+WHERE+X+%3C%3D+1"), None),
            line(3, 503, &format!("{v}/query?q=SELECT+Id%2C+Email+FROM+Contact"), None),
            line(4, 200, &format!("{v}/query/01gX-2000"), None),
            line(5, 200, &format!("{v}/sobjects/docebo_v3__Course__c/describe"), None),
            line(6, 200, &format!("{v}/jobs/query"), Some("SELECT Id FROM docebo_v3__CourseEnrollment__c")),
            line(7, 200, &format!("{v}/jobs/query"), Some("SELECT Id FROM docebo_v3__Course__c")),
            line(8, 401, &format!("{v}/jobs/query/750X"), None),
            line(9, 200, "/services/oauth2/token", None),
            line(10, 200, &format!("{v}/jobs/query/750X/results?maxRecords=5"), None),
            line(11, 200, &format!("{v}/tooling/query?q=SELECT+Id+FROM+Contact"), None),
            line(12, 200, &format!("{v}/tooling/query/01gY-2000"), None),
            line(13, 200, &format!("{v}/query?q=SELECT+Id+FROM+Contact+WHERE+A+%3D+%27x%27"), None),
            line(14, 200, &format!("{v}/queryAll?q=SELECT+Id+FROM+Contact+WHERE+IsDeleted+%3D+true"), None),
        ];
        let (extraction, caveats) = read_lines(&lines);
        assert_eq!(caveats, Vec::<String>::new());
        let spans: Vec<String> = extraction
            .queries
            .iter()
            .map(|query| format!("{} {:?} {:?} {}", query.object, query.began, query.ended, query.requests))
            .collect();
        let span = |object: &str, from: u32, to: u32, requests: u64| {
            format!("{object} Some(2026-11-20T06:00:{from:02}Z) Some(2026-11-20T06:00:{to:02}Z) {requests}")
        };
        let expected = [
            span("Contact", 2, 4, 3),
            span("docebo_v3__Course__c", 7, 10, 3),
            span("list_view_contacts", 13, 13, 1),
            span("deleted_contacts", 14, 14, 1),
        ];
        assert_eq!(spans, expected);
        assert_eq!((extraction.requests, extraction.refused, extraction.log.len()), (15, 2, 15));
        let of_all = [extraction.first, extraction.last].map(|at| at.map(|at| at.to_string()));
        assert_eq!(of_all, [Some("2026-11-20T06:00:00Z".to_owned()), Some("2026-11-20T06:00:14Z".to_owned())]);
    }

    #[test]
    fn a_long_or_damaged_log_is_told_as_far_as_it_goes() {
        let v = "/services/data/v67.0";
        let page = || line(1, 200, &format!("{v}/query?q=SELECT+Id+FROM+Contact"), None);
        let mut lines: Vec<String> = (0..1_700).map(|_| page()).collect();
        lines[3] = "not JSON".to_owned();
        lines[4] = "{}".to_owned();
        lines.push("{\"further\":7,\"refused\":2,\"last\":\"2026-11-20T07:00:00Z\"}    ".to_owned());
        let (extraction, caveats) = read_lines(&lines);
        assert_eq!((extraction.requests, extraction.refused, extraction.log.len()), (1_705, 2, 1_000));
        assert_eq!(extraction.last.map(|at| at.to_string()).as_deref(), Some("2026-11-20T07:00:00Z"));
        assert!(extraction.queries[0].began.is_some() && extraction.queries[0].ended.is_none());
        assert!(caveats.len() == 2 && caveats[1].contains("has 2 lines"), "{caveats:?}");
    }
}
