//! Interprets Salesforce's error answers and what to do about them: by status, code and message, because one code can
//! mean three things.
//!
//! Must not know: requests, files.

use std::time::Duration;

use super::bounds::List;
use super::shown;
use crate::secrets::mask_and_shorten;

/// How to handle an error answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum ErrorClass {
    /// Retry, after at least this delay if Salesforce requests one.
    Retry {
        /// What happened.
        what: String,
        /// The delay from `Retry-After`.
        after: Option<Duration>,
        /// Maximum attempts.
        tries: u32,
    },
    /// The token has expired.
    Expired,
    /// The query ran too long: request less at once.
    TooLong,
    /// The cursor is gone: repeat the query.
    CursorGone,
    /// Bulk API refuses this query or has reached today's limit: REST may work.
    NoBulk(String),
    /// An object or field that is missing, or hidden from this user.
    Unknown(String),
    /// This question is refused, others may be answered: what happened, and the next step.
    Denied(String, &'static str),
    /// Not recoverable: what happened, and the next step.
    Stop(String, &'static str),
}

/// The parts of an answer that describe an error.
#[derive(Debug, Clone, Copy)]
pub(super) struct ErrorResponse<'a> {
    pub(super) status: u16,
    pub(super) body: &'a str,
    pub(super) retry_after: Option<&'a str>,
}

#[derive(serde::Deserialize)]
struct ApiMessage {
    #[serde(default, rename = "errorCode", alias = "exceptionCode")]
    code: String,
    #[serde(default, alias = "exceptionMessage")]
    message: String,
}

#[derive(serde::Deserialize)]
struct OAuth {
    error: String,
    #[serde(default)]
    error_description: String,
}

/// Maximum length of an error code.
const MAX_CODE: usize = 100;
/// Replaces an invalid code.
const NO_CODE: &str = "(an error code of other characters than letters, digits, `_`, `-` and `.`)";

/// Code and message of an error's body; blank if it has neither known shape (HTML, nothing). Secrets echoed by the
/// server are removed, and long messages are truncated.
pub(super) fn read(body: &str) -> (String, String) {
    let (code, message) = read_as_is(body);
    let is_of_code = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    let code = if code.chars().all(is_of_code) { mask_and_shorten(&code, MAX_CODE) } else { NO_CODE.to_owned() };
    (code, shown(&message))
}

fn read_as_is(body: &str) -> (String, String) {
    if let Ok([first, ..]) = serde_json::from_str::<List<ApiMessage>>(body).as_ref().map(|list| list.0.as_slice()) {
        return (first.code.clone(), first.message.clone());
    }
    if let Ok(one) = serde_json::from_str::<ApiMessage>(body)
        && !one.code.is_empty()
    {
        return (one.code, one.message);
    }
    match serde_json::from_str::<OAuth>(body) {
        Ok(error) => (error.error, error.error_description),
        Err(_) => (String::new(), String::new()),
    }
}

const MAX_TRIES: u32 = 6;
/// Maximum delay accepted from `Retry-After`.
const MAX_MESSAGE: Duration = Duration::from_secs(300);
/// Delay after hitting the cap on long-running requests.
const CROWDED: Duration = Duration::from_secs(30);

/// Classifies a refusal.
pub(super) fn classify(refusal: ErrorResponse<'_>) -> ErrorClass {
    let ErrorResponse { status, body, retry_after } = refusal;
    let (code, message) = read(body);
    let described = if code.is_empty() { format!("HTTP {status}") } else { format!("HTTP {status} {code}: {message}") };
    let after = retry_after.and_then(seconds);
    let again = |tries: u32| ErrorClass::Retry { what: described.clone(), after, tries };
    let stop = |next: &'static str| ErrorClass::Stop(described.clone(), next);
    let denied = |next: &'static str| ErrorClass::Denied(described.clone(), next);
    match (status, code.as_str()) {
        (_, "INVALID_SESSION_ID") | (401, _) => ErrorClass::Expired,
        // The identity service reports the same in its own words, without JSON.
        (403, "") if body.trim_start().starts_with("Bad_OAuth_Token") => ErrorClass::Expired,
        (_, "REQUEST_LIMIT_EXCEEDED") if message.contains("TotalRequests") => stop(
            "the organisation's API calls of the last 24 hours are used up; start again later, what was read so far is kept",
        ),
        (_, "REQUEST_LIMIT_EXCEEDED") if message.contains("Concurrent") => {
            ErrorClass::Retry { what: described.clone(), after: Some(after.unwrap_or(CROWDED)), tries: MAX_TRIES }
        }
        (_, "REQUEST_LIMIT_EXCEEDED") => {
            stop("Salesforce takes no more requests for now; start again later, what was read so far is kept")
        }
        (_, "QUERY_TIMEOUT") => ErrorClass::TooLong,
        (_, "INVALID_QUERY_LOCATOR") => ErrorClass::CursorGone,
        (_, "INVALID_FIELD" | "INVALID_TYPE") => ErrorClass::Unknown(message),
        (_, "UNABLE_TO_LOCK_ROW" | "SERVER_UNAVAILABLE" | "UNKNOWN_EXCEPTION" | "TXN_SECURITY_METERING_ERROR") => {
            again(MAX_TRIES)
        }
        (_, "LIMIT_EXCEEDED" | "EXCEEDED_QUOTA" | "ExceededQuota") => ErrorClass::NoBulk(described),
        (400, _)
            if ["not supported by the Bulk API", "not supported in Bulk Query", "does not support query"]
                .iter()
                .any(|text| message.contains(text)) =>
        {
            ErrorClass::NoBulk(described)
        }
        (400, "API_ERROR") if message.contains("Implementation restriction") => {
            stop("give the user View All Records on this object")
        }
        (403, "API_DISABLED_FOR_ORG" | "API_CURRENTLY_DISABLED") => {
            stop("give the user the permission API Enabled; editions without API access cannot be read")
        }
        (403, "INSUFFICIENT_ACCESS" | "FUNCTIONALITY_NOT_ENABLED" | "INSUFFICIENT_ACCESS_OR_READONLY") => {
            denied("give the user read access to this object, and View All Records on it")
        }
        (403, _) if message.contains("TxnSecurity") || code.contains("TXN_SECURITY") => {
            stop("a transaction security policy of the organisation blocks this read; ask for an exemption of the user")
        }
        (301 | 302 | 303 | 307 | 308, _) => ErrorClass::Stop(
            format!("HTTP {status} to another address"),
            "set salesforce.instance_url to the My Domain address of the organization",
        ),
        // Such as 304, "not modified": no condition was sent.
        (300..400, _) => ErrorClass::Stop(
            format!("HTTP {status}, an answer to a question that was not asked"),
            "a proxy may change the answers; if not, report this with `--trace`",
        ),
        (404, _) => ErrorClass::Unknown(described),
        (409, _) => stop("the job was made with another version of the API; start the extraction anew"),
        (410, _) => stop("this version of the API is retired; update tieout"),
        (406 | 429 | 500 | 502 | 503 | 504, _) => again(MAX_TRIES),
        (420, _) => again(2),
        (414 | 431, _) => ErrorClass::NoBulk(format!("HTTP {status}: the query is too long for an address")),
        _ => denied("see what Salesforce says; `tieout doctor` tells what the user may see"),
    }
}

/// Whole seconds, bounded; for a date our own back-off applies.
fn seconds(text: &str) -> Option<Duration> {
    let wait = text.trim().parse::<u64>().ok().map(Duration::from_secs)?;
    Some(wait.min(MAX_MESSAGE))
}

#[cfg(test)]
mod tests {
    use super::{ErrorClass, ErrorResponse, classify};
    use std::time::Duration;

    fn described(status: u16, body: &str) -> ErrorClass {
        classify(ErrorResponse { status, body, retry_after: None })
    }

    fn error(code: &str, message: &str) -> String {
        format!("[{{\"message\":\"{message}\",\"errorCode\":\"{code}\"}}]")
    }

    #[test]
    fn one_code_with_three_messages() {
        let limit = |message| described(403, &error("REQUEST_LIMIT_EXCEEDED", message));
        assert!(
            matches!(limit("TotalRequests Limit exceeded."), ErrorClass::Stop(_, next) if next.contains("24 hours"))
        );
        for message in
            ["ConcurrentRequests (Concurrent API Requests) Limit exceeded.", "ConcurrentPerOrgLongTxn Limit exceeded"]
        {
            assert!(
                matches!(limit(message), ErrorClass::Retry { after: Some(after), .. } if after >= Duration::from_secs(30)),
                "{message}"
            );
        }
    }

    #[test]
    fn the_table() {
        assert_eq!(described(401, &error("INVALID_SESSION_ID", "Session expired or invalid")), ErrorClass::Expired);
        assert_eq!(described(403, "Bad_OAuth_Token"), ErrorClass::Expired);
        assert_eq!(
            described(400, &error("QUERY_TIMEOUT", "Your query request was running for too long.")),
            ErrorClass::TooLong
        );
        assert_eq!(described(400, &error("INVALID_QUERY_LOCATOR", "invalid query locator")), ErrorClass::CursorGone);
        assert!(
            matches!(described(400, &error("INVALID_FIELD", "No such column 'X'")), ErrorClass::Unknown(text) if text.contains('X'))
        );
        assert!(matches!(
            described(400, &error("INVALIDENTITY", "Entity 'X' is not supported by the Bulk API.")),
            ErrorClass::NoBulk(_)
        ));
        assert!(matches!(
            described(400, &error("EXCEEDED_QUOTA", "Max bulk v2 query jobs (10000) per 24 hrs has been reached")),
            ErrorClass::NoBulk(_)
        ));
        for status in [406, 429, 500, 502, 503, 504] {
            assert!(
                matches!(described(status, "<html>Down for maintenance</html>"), ErrorClass::Retry { tries: 6, .. }),
                "{status}"
            );
        }
        assert!(matches!(described(420, ""), ErrorClass::Retry { tries: 2, .. }));
        assert!(
            matches!(described(400, &error("MALFORMED_QUERY", "unexpected token")), ErrorClass::Denied(text, _) if text.contains("unexpected token"))
        );
        assert!(matches!(described(431, "<h1>Bad Message 431</h1>"), ErrorClass::NoBulk(_)));
    }

    #[test]
    fn an_answer_that_was_not_asked_for_is_no_other_address() {
        for (status, words) in [
            (300, "was not asked"),
            (301, "to another address"),
            (302, "to another address"),
            (303, "to another address"),
            (304, "was not asked"),
            (305, "was not asked"),
            (306, "was not asked"),
            (307, "to another address"),
            (308, "to another address"),
        ] {
            let text = format!("HTTP {status}");
            assert!(
                matches!(described(status, ""), ErrorClass::Stop(what, _) if what.contains(words) && what.starts_with(&text))
            );
        }
    }

    #[test]
    fn a_code_is_a_word_and_a_message_is_one_line() {
        let (code, message) = super::read("[{\"errorCode\":\"X\\n  next: y\",\"message\":\"a\\n  next: b\\u2028c\"}]");
        assert_eq!((code.as_str(), message.as_str()), (super::NO_CODE, "a next: b c"));
        assert_eq!(super::read("{\"error\":\"invalid_grant\"}").0, "invalid_grant");
    }

    #[test]
    fn a_wait_that_is_asked_for_is_kept_within_bounds() {
        let asked = |text| match classify(ErrorResponse { status: 503, body: "", retry_after: Some(text) }) {
            ErrorClass::Retry { after, .. } => after,
            other => panic!("{other:?}"),
        };
        assert_eq!(asked("7"), Some(Duration::from_secs(7)));
        assert_eq!(asked("86400"), Some(Duration::from_secs(300)));
        assert_eq!(asked("soon"), None);
    }
}
