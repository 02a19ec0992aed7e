//! Removes the free text from queries, from paths and answers in the log of an extraction, from refusals of Salesforce and
//! from reviews.
//!
//! Only the forms that tieout itself writes are recognized. Everything else, which a folder that was saved by hand may
//! contain, is withheld.
//!
//! Must not know: which output it is for.

use std::borrow::Cow;

use super::WITHHELD;
use crate::model::customisation::{HIDDEN_FIELDS, HIDDEN_OBJECT, NAMESPACE, PartKind};
use crate::model::id::SfId;
use crate::model::provenance::SfObject;
use crate::model::text::of_address;
use crate::model::word::Word as _;
use crate::review::Review;

/// Parts of the paths that an extraction asks for.
const SEGMENTS: [&str; 14] = [
    "services",
    "oauth2",
    "token",
    "userinfo",
    "data",
    "limits",
    "sobjects",
    "describe",
    "listviews",
    "query",
    "queryAll",
    "tooling",
    "jobs",
    "results",
];
/// Words of the log's answers; a reason follows after a colon.
const ANSWERS: [&str; 12] =
    ["no", "answer", "yet", "the", "broke", "off", "after", "bytes", "stalled", "has", "more", "than"];

/// A query without its literals, but for those that tieout writes itself, and ids.
pub(super) fn query(soql: &str) -> String {
    let (mut shown, mut rest) = (String::with_capacity(soql.len()), soql);
    while let Some(start) = rest.find(['\'', '"']) {
        let (before, quoted) = rest.split_at(start);
        let (mark, inside) = quoted.split_at(1);
        let end = end_of_literal(inside, mark.as_bytes());
        let literal = &inside[..end.unwrap_or(inside.len())];
        shown.push_str(before);
        shown.push_str(mark);
        shown.push_str(if is_own(literal) { literal } else { WITHHELD });
        shown.push_str(mark);
        rest = end.map_or("", |end| &inside[end + 1..]);
    }
    shown + rest
}

/// The position of the quotation mark that ends a literal.
fn end_of_literal(inside: &str, mark: &[u8]) -> Option<usize> {
    let mut escaped = false;
    inside.bytes().position(|byte| {
        let ends = !escaped && mark == [byte];
        escaped = !escaped && byte == b'\\';
        ends
    })
}

/// Whether a literal is one that tieout writes: the name of an object, the package's namespace, an id.
fn is_own(literal: &str) -> bool {
    literal.is_empty() || literal == NAMESPACE || SfObject::of(literal).is_some() || is_id(literal)
}

/// Whether a text is the id of a record. Any word of fifteen letters could be one; the ids of jobs and of things in setup
/// begin with a digit.
fn is_id(text: &str) -> bool {
    SfId::parse(text.as_bytes()).is_ok() && (text.len() == 18 || text.starts_with(|c: char| c.is_ascii_digit()))
}

/// A path with its query, without literals, cursors and locators.
pub(super) fn path(path: &str) -> String {
    let (plain, parameters) = path.split_once('?').map_or((path, None), |(plain, query)| (plain, Some(query)));
    let mut shown = plain.split('/').map(segment).collect::<Vec<_>>().join("/");
    if let Some(parameters) = parameters {
        shown.push('?');
        shown.push_str(&parameters.split('&').map(parameter).collect::<Vec<_>>().join("&"));
    }
    shown
}

/// A segment of a path, withheld unless it is known: a cursor is not.
fn segment(segment: &str) -> &str {
    let is_version =
        || segment.strip_prefix('v').is_some_and(|version| version.bytes().all(|c| c.is_ascii_digit() || c == b'.'));
    let known = segment.is_empty()
        || SEGMENTS.contains(&segment)
        || segment == "resultPages"
        || SfObject::of(segment).is_some()
        || is_id(segment)
        || is_version();
    if known { segment } else { WITHHELD }
}

fn parameter(pair: &str) -> Cow<'_, str> {
    match pair.split_once('=') {
        Some(("q", encoded)) => {
            let soql = of_address(encoded);
            let shown = query(&soql);
            if shown == soql {
                return Cow::Borrowed(pair);
            }
            Cow::Owned(format!("q={}", form_urlencoded::byte_serialize(shown.as_bytes()).collect::<String>()))
        }
        Some(("maxRecords", most)) if most.bytes().all(|c| c.is_ascii_digit()) => Cow::Borrowed(pair),
        Some(("locator", _)) => Cow::Owned(format!("locator={WITHHELD}")),
        _ => Cow::Borrowed(WITHHELD),
    }
}

/// The answer to a request without the reason, which can be the words of a server or a proxy.
pub(super) fn answer(answer: &str) -> String {
    let plain = answer.split(':').next().unwrap_or_default();
    let known = |word: &str| ANSWERS.contains(&word) || word.bytes().all(|c| c.is_ascii_digit());
    if plain.split(' ').all(known) { plain.to_owned() } else { WITHHELD.to_owned() }
}

/// A line on a question that setup did not answer, without the message of Salesforce.
pub(super) fn unseen(line: &str) -> String {
    let of_kind = line.strip_suffix(')').and_then(|line| line.split_once(" on every object ("));
    if let Some((kind, why)) = of_kind
        && PartKind::of(kind).is_some()
    {
        return format!("{kind} on every object ({})", refusal(why));
    }
    let of_object = line.strip_prefix("everything on ").and_then(|line| line.split_once(' '));
    match of_object {
        Some((object, why)) if SfObject::of(object).is_some() && [HIDDEN_OBJECT, HIDDEN_FIELDS].contains(&why) => {
            line.to_owned()
        }
        _ => WITHHELD.to_owned(),
    }
}

/// Status and code of a refusal. Its message is dropped, since it can quote anything.
fn refusal(why: &str) -> String {
    let is_status = |word: &str| word.len() == 3 && word.bytes().all(|c| c.is_ascii_digit());
    let is_code = |word: &str| word.bytes().all(|c| c.is_ascii_uppercase() || c == b'_');
    let head = why.split(':').next().unwrap_or_default();
    match head.split(' ').collect::<Vec<_>>().as_slice() {
        ["HTTP", status] if is_status(status) => format!("HTTP {status}"),
        ["HTTP", status, code] if is_status(status) && is_code(code) => format!("HTTP {status} {code}"),
        ["HTTP", status, ..] if is_status(status) => format!("HTTP {status} {WITHHELD}"),
        _ => WITHHELD.to_owned(),
    }
}

/// A review without its owner and comment.
pub(super) fn review(review: &Review) -> Review {
    let shown = |text: &String| if text.trim().is_empty() { text.clone() } else { WITHHELD.to_owned() };
    Review { owner: shown(&review.owner), comment: shown(&review.comment), ..review.clone() }
}

#[cfg(test)]
mod tests {
    use super::{answer, path, query, review, unseen};
    use crate::review::Review;

    #[test]
    fn literals_are_withheld_except_own_ones_and_ids() {
        for (soql, shown) in [
            (
                "SELECT Id FROM Contact WHERE Name = 'Ada' AND X > 3",
                "SELECT Id FROM Contact WHERE Name = '[withheld]' AND X > 3",
            ),
            ("WHERE Name LIKE 'O\\'Ada\\\\' OR Name = 'Ada", "WHERE Name LIKE '[withheld]' OR Name = '[withheld]'"),
            ("WHERE Name = \"Ada 'x'\" AND A = ''", "WHERE Name = \"[withheld]\" AND A = ''"),
            (
                "WHERE X IN ('docebo_v3', 'docebo_v3__Course__c', '0055g000000AbCd', 'AdaLovelaceAlab')",
                "WHERE X IN ('docebo_v3', 'docebo_v3__Course__c', '0055g000000AbCd', '[withheld]')",
            ),
        ] {
            assert_eq!(query(soql), shown);
        }
    }

    #[test]
    fn cursors_locators_and_literals_of_a_path_are_withheld() {
        for (asked, shown) in [
            (
                "/services/data/v67.0/query?q=SELECT+Id+FROM+Contact",
                "/services/data/v67.0/query?q=SELECT+Id+FROM+Contact",
            ),
            ("/services/data/v67.0/query?q=A+%3D+'Ada'", "/services/data/v67.0/query?q=A+%3D+%27%5Bwithheld%5D%27"),
            (
                "/services/data/v67.0/query?q=A+%3d+%27Ada+L%27",
                "/services/data/v67.0/query?q=A+%3D+%27%5Bwithheld%5D%27",
            ),
            ("/services/data/v67.0/query/Ada-2000", "/services/data/v67.0/query/[withheld]"),
            ("/services/data/v67.0/tooling/query/Ada-2000", "/services/data/v67.0/tooling/query/[withheld]"),
            (
                "/services/data/v67.0/jobs/query/7505g000000AbCd/results?maxRecords=25000&locator=Ada",
                "/services/data/v67.0/jobs/query/7505g000000AbCd/results?maxRecords=25000&locator=[withheld]",
            ),
            ("/Ada/x?ada=1&ada", "/[withheld]/[withheld]?[withheld]&[withheld]"),
            (
                "/services/data/v67.0/sobjects/docebo_v3__Course__c/describe",
                "/services/data/v67.0/sobjects/docebo_v3__Course__c/describe",
            ),
        ] {
            assert_eq!(path(asked), shown);
        }
    }

    #[test]
    fn status_and_code_of_a_refusal_remain() {
        for (line, shown) in [
            (
                "flow on every object (HTTP 403 INSUFFICIENT_ACCESS: Ada: no (x))",
                "flow on every object (HTTP 403 INSUFFICIENT_ACCESS)",
            ),
            ("flow on every object (HTTP 404)", "flow on every object (HTTP 404)"),
            ("flow on every object (HTTP 403 Ada Lovelace: x)", "flow on every object (HTTP 403 [withheld])"),
            ("flow on every object (No such column 'Ada')", "flow on every object ([withheld])"),
            (
                "everything on docebo_v3__Course__c (setup does not show the object)",
                "everything on docebo_v3__Course__c (setup does not show the object)",
            ),
            ("everything on docebo_v3__Course__c (Ada)", "[withheld]"),
            ("ask Ada", "[withheld]"),
        ] {
            assert_eq!(unseen(line), shown);
        }
        for (said, shown) in [
            ("200 1234 bytes", "200 1234 bytes"),
            ("no answer yet", "no answer yet"),
            ("no answer: Ada took the line down", "no answer"),
            ("the answer broke off after 7 bytes: Ada", "the answer broke off after 7 bytes"),
            ("Ada 7 bytes", "[withheld]"),
        ] {
            assert_eq!(answer(said), shown);
        }
    }

    #[test]
    fn owner_and_comment_of_a_review_are_withheld() {
        let said = Review { owner: "Ada".to_owned(), comment: " ".to_owned(), ..Review::default() };
        let shown = review(&said);
        assert_eq!((shown.owner.as_str(), shown.comment.as_str(), shown.status), ("[withheld]", " ", None));
    }
}
