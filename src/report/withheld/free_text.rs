//! Removes the free text from queries, from paths and answers in the log of an extraction, from Salesforce's error
//! messages and from reviews.
//!
//! Only the forms that tieout itself writes are recognized. Everything else, which a manually saved folder may contain,
//! is withheld.
//!
//! Must not know: which output it is for.

use std::borrow::Cow;

use super::WITHHELD;
use crate::inputs::reviews::Review;
use crate::inputs::salesforce::objects;
use crate::model::customization::{HIDDEN_FIELDS, HIDDEN_OBJECT, NAMESPACE, Part, PartKind};
use crate::model::id::RecordId;
use crate::model::instant::Instant;
use crate::model::label::Label as _;
use crate::model::object::SfObject;
use crate::model::text::sanitize_url;

/// Known segments of the paths that an extraction requests.
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
/// HTTP methods.
const METHODS: [&str; 6] = ["DELETE", "GET", "HEAD", "PATCH", "POST", "PUT"];
/// What an extraction reads besides the objects.
const LISTS: [&str; 3] = ["customisation", "deleted_contacts", "list_view_contacts"];
/// Words of the query language, including those followed by a colon and a number.
const KEYWORDS: [&str; 58] = [
    "SELECT",
    "COUNT",
    "FROM",
    "USING",
    "SCOPE",
    "everything",
    "mine",
    "my_territory",
    "team",
    "delegated",
    "ListView",
    "WHERE",
    "AND",
    "OR",
    "NOT",
    "IN",
    "LIKE",
    "INCLUDES",
    "EXCLUDES",
    "GROUP",
    "ORDER",
    "BY",
    "ASC",
    "DESC",
    "NULLS",
    "FIRST",
    "LAST",
    "LIMIT",
    "true",
    "false",
    "null",
    "DAY_ONLY",
    "HOUR_IN_DAY",
    "d",
    "h",
    "n",
    "*",
    "TODAY",
    "YESTERDAY",
    "TOMORROW",
    "THIS_WEEK",
    "THIS_MONTH",
    "THIS_QUARTER",
    "THIS_YEAR",
    "LAST_WEEK",
    "LAST_MONTH",
    "LAST_QUARTER",
    "LAST_YEAR",
    "LAST_90_DAYS",
    "NEXT_WEEK",
    "NEXT_MONTH",
    "NEXT_90_DAYS",
    "LAST_N_DAYS",
    "LAST_N_WEEKS",
    "LAST_N_MONTHS",
    "LAST_N_YEARS",
    "NEXT_N_DAYS",
    "NEXT_N_MONTHS",
];
/// Fields and objects of the setup that tieout asks for, and fields of a contact that its examples name; the fields of the
/// objects that it reads are those of their catalogue.
const FIELDS: [&str; 35] = [
    "Name",
    "FirstName",
    "LastName",
    "Email",
    "LastModifiedBy",
    "EntityDefinition",
    "EntityDefinitionId",
    "FieldDefinition",
    "QualifiedApiName",
    "DurableId",
    "NamespacePrefix",
    "TableEnumOrId",
    "CustomField",
    "DeveloperName",
    "ApexTrigger",
    "Status",
    "UsageBeforeInsert",
    "UsageAfterInsert",
    "UsageBeforeUpdate",
    "UsageAfterUpdate",
    "UsageBeforeDelete",
    "UsageAfterDelete",
    "UsageAfterUndelete",
    "FlowDefinitionView",
    "ApiName",
    "ProcessType",
    "TriggerType",
    "RecordTriggerType",
    "TriggerObjectOrEvent",
    "ValidationRule",
    "ValidationName",
    "Active",
    "WorkflowRule",
    "Organization",
    "InstanceName",
];
/// Maximum number of digits of a number shown in a query.
const MAX_DIGITS: usize = 5;
/// Salesforce error codes.
const CODES: [&str; 23] = [
    "API_CURRENTLY_DISABLED",
    "API_DISABLED_FOR_ORG",
    "API_ERROR",
    "EXCEEDED_QUOTA",
    "FUNCTIONALITY_NOT_ENABLED",
    "INSUFFICIENT_ACCESS",
    "INSUFFICIENT_ACCESS_OR_READONLY",
    "INVALID_FIELD",
    "INVALID_QUERY_FILTER_OPERATOR",
    "INVALID_QUERY_LOCATOR",
    "INVALID_SESSION_ID",
    "INVALID_TYPE",
    "LIMIT_EXCEEDED",
    "MALFORMED_QUERY",
    "METHOD_NOT_ALLOWED",
    "NOT_FOUND",
    "OPERATION_TOO_LARGE",
    "QUERY_TIMEOUT",
    "REQUEST_LIMIT_EXCEEDED",
    "REQUEST_RUNNING_TOO_LONG",
    "SERVER_UNAVAILABLE",
    "UNABLE_TO_LOCK_ROW",
    "UNKNOWN_EXCEPTION",
];
/// Answers in the log; a reason follows after a colon.
const ANSWERS: [&str; 12] =
    ["no", "answer", "yet", "the", "broke", "off", "after", "bytes", "stalled", "has", "more", "than"];

/// A query without its literals, except ids and those that tieout writes itself, and without words other than keywords,
/// objects, fields that tieout queries, and times. `field` is the one that the usernames are mapped to.
pub(super) fn query(soql: &str, field: &str) -> String {
    let (mut shown, mut rest) = (String::with_capacity(soql.len()), soql);
    while let Some(start) = rest.find(['\'', '"']) {
        let (before, quoted) = rest.split_at(start);
        let (mark, inside) = quoted.split_at(1);
        let end = end_of_literal(inside, mark.as_bytes());
        let literal = &inside[..end.unwrap_or(inside.len())];
        shown.push_str(&words(before, field));
        shown.push_str(mark);
        shown.push_str(if is_own(literal) { literal } else { WITHHELD });
        shown.push_str(mark);
        rest = end.map_or("", |end| &inside[end + 1..]);
    }
    shown + &words(rest, field)
}

/// A part of a query outside of literals, without unknown words.
fn words(soql: &str, field: &str) -> String {
    let is_between = |c: char| c.is_ascii_whitespace() || matches!(c, ',' | '(' | ')' | '=' | '<' | '>' | '!');
    let mut before = "";
    let known = |word: &str, before: &str| {
        let is_number = word.len() <= MAX_DIGITS && word.bytes().all(|c| c.is_ascii_digit());
        let is_one_of = |list: &[&str], word: &str| list.iter().any(|known| known.eq_ignore_ascii_case(word));
        let is_period = || {
            word.split_once(':').is_some_and(|(period, count)| {
                is_one_of(&KEYWORDS, period) && count.len() <= MAX_DIGITS && count.bytes().all(|c| c.is_ascii_digit())
            })
        };
        is_one_of(&KEYWORDS, word)
            || word.eq_ignore_ascii_case(field)
            || word.split('.').all(|part| is_one_of(&FIELDS, part) || objects::is_name(part))
            || SfObject::parse(word).is_some()
            || is_id(word)
            || Instant::parse(word.as_bytes()).is_ok()
            || is_number && before.eq_ignore_ascii_case("LIMIT")
            || is_period()
    };
    let mut shown = String::with_capacity(soql.len());
    for piece in soql.split_inclusive(is_between) {
        let word = piece.strip_suffix(is_between).unwrap_or(piece);
        shown.push_str(if word.is_empty() || known(word, before) { word } else { WITHHELD });
        shown.push_str(&piece[word.len()..]);
        if !word.is_empty() {
            before = word;
        }
    }
    shown
}

/// Position of the quotation mark that ends a literal.
fn end_of_literal(inside: &str, mark: &[u8]) -> Option<usize> {
    let mut escaped = false;
    inside.bytes().position(|byte| {
        let ends = !escaped && mark == [byte];
        escaped = !escaped && byte == b'\\';
        ends
    })
}

/// Whether tieout writes the literal: an object name, the package's namespace, an id.
fn is_own(literal: &str) -> bool {
    literal.is_empty() || literal == NAMESPACE || SfObject::parse(literal).is_some() || is_id(literal)
}

/// Whether a text is a record id. Any word of fifteen letters could be one; ids of jobs and of setup entities begin
/// with a digit.
fn is_id(text: &str) -> bool {
    RecordId::parse(text.as_bytes()).is_ok() && (text.len() == 18 || text.starts_with(|c: char| c.is_ascii_digit()))
}

/// A word, withheld unless listed.
fn one_of(known: &[&str], word: &str) -> String {
    if known.contains(&word) { word.to_owned() } else { WITHHELD.to_owned() }
}

/// The method of a request.
pub(super) fn method(method: &str) -> String {
    one_of(&METHODS, method)
}

/// The target of a query: an object, or another list.
pub(super) fn asked(object: &str) -> String {
    if SfObject::parse(object).is_some() { object.to_owned() } else { one_of(&LISTS, object) }
}

/// The version of the API.
pub(super) fn version(version: &str) -> String {
    let is_version = version.len() <= MAX_DIGITS && version.bytes().all(|c| c.is_ascii_digit() || c == b'.');
    if is_version { version.to_owned() } else { WITHHELD.to_owned() }
}

/// A customization of the package's objects: type and location, without the names that people chose. Its id identifies
/// it.
pub(super) fn part(part: &Part) -> Part {
    let own = part.namespace.is_empty() || part.namespace == NAMESPACE;
    Part {
        name: WITHHELD.to_owned(),
        namespace: if own { part.namespace.clone() } else { WITHHELD.to_owned() },
        detail: part.known_detail(WITHHELD),
        changed_by: if part.changed_by.is_empty() { String::new() } else { WITHHELD.to_owned() },
        ..part.clone()
    }
}

/// A path with its query, without literals, cursors and locators.
pub(super) fn path(path: &str, field: &str) -> String {
    let (plain, parameters) = path.split_once('?').map_or((path, None), |(plain, query)| (plain, Some(query)));
    let mut shown = plain.split('/').map(segment).collect::<Vec<_>>().join("/");
    if let Some(parameters) = parameters {
        shown.push('?');
        shown.push_str(&parameters.split('&').map(|pair| parameter(pair, field)).collect::<Vec<_>>().join("&"));
    }
    shown
}

/// A segment of a path, withheld unless known; cursors are unknown.
fn segment(segment: &str) -> &str {
    let is_version =
        || segment.strip_prefix('v').is_some_and(|version| version.bytes().all(|c| c.is_ascii_digit() || c == b'.'));
    let known = segment.is_empty()
        || SEGMENTS.contains(&segment)
        || segment == "resultPages"
        || SfObject::parse(segment).is_some()
        || is_id(segment)
        || is_version();
    if known { segment } else { WITHHELD }
}

fn parameter<'a>(pair: &'a str, field: &str) -> Cow<'a, str> {
    match pair.split_once('=') {
        Some(("q", encoded)) => {
            let soql = sanitize_url(encoded);
            let shown = query(&soql, field);
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

/// The answer to a request without the reason, which may quote a server or a proxy.
pub(super) fn answer(answer: &str) -> String {
    let plain = answer.split(':').next().unwrap_or_default();
    let known = |word: &str| ANSWERS.contains(&word) || word.bytes().all(|c| c.is_ascii_digit());
    if plain.split(' ').all(known) { plain.to_owned() } else { WITHHELD.to_owned() }
}

/// A line on a question that setup did not answer, without the message of Salesforce.
pub(super) fn unseen(line: &str) -> String {
    let of_kind = line.strip_suffix(')').and_then(|line| line.split_once(" on every object ("));
    if let Some((kind, why)) = of_kind
        && PartKind::parse(kind).is_some()
    {
        return format!("{kind} on every object ({})", refusal(why));
    }
    let of_object = line.strip_prefix("everything on ").and_then(|line| line.split_once(' '));
    match of_object {
        Some((object, why)) if SfObject::parse(object).is_some() && [HIDDEN_OBJECT, HIDDEN_FIELDS].contains(&why) => {
            line.to_owned()
        }
        _ => WITHHELD.to_owned(),
    }
}

/// Status and code of an error. Its message is dropped, since it can quote anything.
fn refusal(why: &str) -> String {
    let is_status = |word: &str| word.len() == 3 && word.bytes().all(|c| c.is_ascii_digit());
    let head = why.split(':').next().unwrap_or_default();
    match head.split(' ').collect::<Vec<_>>().as_slice() {
        ["HTTP", status] if is_status(status) => format!("HTTP {status}"),
        ["HTTP", status, code] if is_status(status) && CODES.contains(code) => format!("HTTP {status} {code}"),
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
    use super::{answer, asked, method, path, query, review, unseen, version};
    use crate::inputs::reviews::Review;

    #[test]
    fn literals_are_withheld_except_own_ones_and_ids() {
        for (soql, shown) in [
            (
                "SELECT Id FROM Contact WHERE Name = 'Ada' AND X > 3 AND Key__c = Ada LIMIT 5",
                "SELECT Id FROM Contact WHERE Name = '[withheld]' AND [withheld] > [withheld] AND Key__c = [withheld] LIMIT 5",
            ),
            ("WHERE Name LIKE 'O\\'Ada\\\\' OR Name = 'Ada", "WHERE Name LIKE '[withheld]' OR Name = '[withheld]'"),
            ("WHERE Name = \"Ada 'x'\" AND Id = ''", "WHERE Name = \"[withheld]\" AND Id = ''"),
            (
                "WHERE LastName=Lovelace,OwnerId IN (+49-30-1234) OR CreatedDate > LAST_N_DAYS:30 or X = LAST_N_DAYS:Ada",
                "WHERE LastName=[withheld],[withheld] IN ([withheld]) OR CreatedDate > LAST_N_DAYS:30 or [withheld] = [withheld]",
            ),
            (
                "WHERE EntityDefinition.QualifiedApiName = Ada.Name AND SystemModstamp <= 2026-01-31T00:00:00Z AND Id = 1990-01-31",
                "WHERE EntityDefinition.QualifiedApiName = [withheld] AND SystemModstamp <= 2026-01-31T00:00:00Z AND Id = [withheld]",
            ),
            (
                "WHERE Id IN ('docebo_v3', 'docebo_v3__Course__c', '0055g000000AbCd', 'AdaLovelaceAlab')",
                "WHERE Id IN ('docebo_v3', 'docebo_v3__Course__c', '0055g000000AbCd', '[withheld]')",
            ),
        ] {
            assert_eq!(query(soql, "Key__c"), shown);
        }
    }

    #[test]
    fn cursors_locators_and_literals_of_a_path_are_withheld() {
        for (asked, shown) in [
            (
                "/services/data/v67.0/query?q=SELECT+Id+FROM+Contact",
                "/services/data/v67.0/query?q=SELECT+Id+FROM+Contact",
            ),
            ("/services/data/v67.0/query?q=Id+%3D+'Ada'", "/services/data/v67.0/query?q=Id+%3D+%27%5Bwithheld%5D%27"),
            (
                "/services/data/v67.0/query?q=Id+%3d+%27Ada+L%27",
                "/services/data/v67.0/query?q=Id+%3D+%27%5Bwithheld%5D%27",
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
            assert_eq!(path(asked, "Email"), shown);
        }
    }

    #[test]
    fn status_and_code_of_a_refusal_remain() {
        for (line, shown) in [
            (
                "flow on every object (HTTP 403 INSUFFICIENT_ACCESS: Ada: no (x))",
                "flow on every object (HTTP 403 INSUFFICIENT_ACCESS)",
            ),
            ("flow on every object (HTTP 403 ADA_LOVELACE: x)", "flow on every object (HTTP 403 [withheld])"),
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
        for (raw, shown) in [
            ("200 1234 bytes", "200 1234 bytes"),
            ("no answer yet", "no answer yet"),
            ("no answer: Ada took the line down", "no answer"),
            ("the answer broke off after 7 bytes: Ada", "the answer broke off after 7 bytes"),
            ("Ada 7 bytes", "[withheld]"),
        ] {
            assert_eq!(answer(raw), shown);
        }
    }

    #[test]
    fn words_that_are_none_of_the_known_ones_are_withheld() {
        for (raw, shown) in [(method("GET"), "GET"), (method("ADA"), "[withheld]"), (version("67.0"), "67.0")] {
            assert_eq!(raw, shown);
        }
        assert_eq!(version("Ada"), "[withheld]");
        assert_eq!((asked("Contact").as_str(), asked("customisation").as_str()), ("Contact", "customisation"));
        assert_eq!(asked("Ada Lovelace"), "[withheld]");
    }

    #[test]
    fn owner_and_comment_of_a_review_are_withheld() {
        let raw = Review { owner: "Ada".to_owned(), comment: " ".to_owned(), ..Review::default() };
        let shown = review(&raw);
        assert_eq!((shown.owner.as_str(), shown.comment.as_str(), shown.status), ("[withheld]", " ", None));
    }
}
