//! The queries: which columns of which object, up to which watermark; and which clauses a reader's query must not
//! contain.
//!
//! Must not know: requests, files.

use super::objects::system::{ID, SYSTEM_MODSTAMP};
use crate::model::instant::Instant;
use crate::model::object::SfObject;

/// One side of the watermark: a server time that separates unchanged rows from those that still change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    /// Rows last changed no later than the watermark, and after the first time, if any.
    ModifiedUpTo(Option<Instant>, Instant),
    /// Rows changed after the watermark, during the extraction.
    ModifiedAfter(Instant),
}

impl Part {
    fn condition(self) -> String {
        match self {
            Self::ModifiedUpTo(None, until) => format!("{SYSTEM_MODSTAMP} <= {until}"),
            Self::ModifiedUpTo(Some(after), until) => {
                format!("{SYSTEM_MODSTAMP} > {after} AND {SYSTEM_MODSTAMP} <= {until}")
            }
            Self::ModifiedAfter(after) => format!("{SYSTEM_MODSTAMP} > {after}"),
        }
    }
}

/// `SELECT … FROM … WHERE …`
pub(super) fn select(columns: &[String], object: SfObject, part: Part) -> String {
    format!("SELECT {} FROM {object} WHERE {}", columns.join(", "), part.condition())
}

/// `SELECT COUNT() FROM … WHERE …`
pub(super) fn count(object: SfObject, part: Part) -> String {
    format!("SELECT COUNT() FROM {object} WHERE {}", part.condition())
}

/// An unquoted word of a query, in upper case; its start, and its parenthesis depth.
struct Token {
    word: String,
    start: usize,
    depth: usize,
}

/// The words of a query, each unquoted punctuation mark as its own word; and whether a quotation mark is unclosed.
fn tokens(soql: &str) -> (Vec<Token>, bool) {
    let mut tokens: Vec<Token> = Vec::new();
    let (mut quoted, mut escaped, mut depth, mut within) = (false, false, 0_usize, false);
    for (start, c) in soql.char_indices() {
        let is_of_word = !quoted && (c.is_ascii_alphanumeric() || c == '_');
        match c {
            _ if quoted && escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '\'' => quoted = !quoted,
            _ if quoted => {}
            c if is_of_word => match tokens.last_mut().filter(|_| within) {
                Some(token) => token.word.push(c.to_ascii_uppercase()),
                None => tokens.push(Token { word: c.to_ascii_uppercase().to_string(), start, depth }),
            },
            c if c.is_ascii_whitespace() => {}
            c => {
                depth = depth.saturating_sub(usize::from(c == ')'));
                tokens.push(Token { word: c.to_string(), start, depth });
                depth += usize::from(c == '(');
            }
        }
        within = is_of_word;
    }
    (tokens, quoted)
}

/// Why a query is not read-only, if it is not: a clause that writes, even just the date of viewing; or a spelling that
/// Salesforce may parse differently.
pub(super) fn forbidden_clause(soql: &str) -> Option<&'static str> {
    let (tokens, is_open) = tokens(soql);
    let is_odd = |token: &Token| !token.word.bytes().all(|byte| byte.is_ascii_graphic());
    let odd = tokens.iter().any(is_odd);
    let is_word = |word: &&str| word.bytes().all(|c| c.is_ascii_alphanumeric() || c == b'_');
    let words: Vec<&str> = tokens.iter().map(|token| token.word.as_str()).filter(is_word).collect();
    let clause = words.windows(2).find_map(|two| match (two[0], two[1]) {
        ("FOR", "UPDATE") => Some("FOR UPDATE"),
        ("FOR", "VIEW") => Some("FOR VIEW"),
        ("FOR", "REFERENCE") => Some("FOR REFERENCE"),
        // This word starts nothing else.
        ("FOR", _) => Some("FOR"),
        ("UPDATE", "TRACKING") => Some("UPDATE TRACKING"),
        ("UPDATE", "VIEWSTAT") => Some("UPDATE VIEWSTAT"),
        _ => None,
    });
    let spelling = || {
        if words.first() != Some(&"SELECT") {
            Some("no SELECT at its beginning")
        } else if is_open {
            Some("an open quotation mark")
        } else {
            odd.then_some("a character that no query of ours has")
        }
    };
    clause.or_else(spelling)
}

/// A contact list view's query reduced to ids: its own scope and condition, without columns and order. `None` if it is
/// not a query of Contact alone, or has a subquery on another object.
pub(super) fn members(query: &str) -> Option<String> {
    let (tokens, _) = tokens(query);
    let is = |at: usize, word: &str| tokens.get(at).is_some_and(|token| token.word == word);
    let from = tokens.iter().position(|token| token.word == "FROM" && token.depth == 0)?;
    // Subqueries within the columns are dropped with them; one in a condition would be executed.
    let rest = tokens.get(from + 1..)?;
    let is_alone = !rest.iter().any(|token| matches!(token.word.as_str(), "SELECT" | "FROM"));
    let goes_on = rest.get(1).is_none_or(|next| ["USING", "WHERE", "ORDER", "FOR", "UPDATE"].contains(&&*next.word));
    if !is(0, "SELECT") || !is(from + 1, "CONTACT") || !is_alone || !goes_on {
        return None;
    }
    let is_order = |two: &[Token]| two[0].word == "ORDER" && two[1].word == "BY" && two[0].depth == 0;
    let end = rest.windows(2).find(|two| is_order(two)).map_or(query.len(), |two| two[0].start);
    Some(format!("SELECT {ID} {}", query[tokens[from].start..end].trim_end()))
}

/// Escapes a text for single quotation marks.
pub(super) fn literal(text: &str) -> String {
    let mut literal = String::with_capacity(text.len() + 2);
    literal.push('\'');
    for c in text.chars() {
        match c {
            '\\' => literal.push_str("\\\\"),
            '\'' => literal.push_str("\\'"),
            '\n' => literal.push_str("\\n"),
            '\r' => literal.push_str("\\r"),
            c => literal.push(c),
        }
    }
    literal.push('\'');
    literal
}

#[cfg(test)]
mod tests {
    use super::{Part, count, forbidden_clause, literal, members, select};
    use crate::model::instant::Instant;
    use crate::model::object::SfObject;

    #[test]
    fn clauses_that_write_are_found_wherever_they_stand() {
        for (soql, clause) in [
            ("SELECT Id FROM Contact FOR VIEW", Some("FOR VIEW")),
            ("SELECT Id FROM Contact for\n  update", Some("FOR UPDATE")),
            ("select Id from Contact FOR reference", Some("FOR REFERENCE")),
            ("SELECT Id FROM X UPDATE TRACKING", Some("UPDATE TRACKING")),
            ("SELECT Id FROM Contact WHERE Name = 'it is FOR VIEW \\' FOR VIEW'", None),
            ("SELECT Format FROM Viewer", None),
            ("SELECT Id FROM Contact FOR", None),
            ("SELECT Id FROM Contact FOR\u{a0}VIEW", Some("FOR VIEW")),
            ("SELECT Id FROM Contact FOR \u{ff36}IEW", Some("FOR")),
            ("SELECT Id FROM Contact \u{ff26}OR VIEW", Some("a character that no query of ours has")),
            ("SELECT Id FROM Contact\0", Some("a character that no query of ours has")),
            ("SELECT Id FROM Contact WHERE Name = 'open FOR VIEW", Some("an open quotation mark")),
            ("DELETE FROM Contact", Some("no SELECT at its beginning")),
            ("", Some("no SELECT at its beginning")),
            ("SELECT Id FROM Contact WHERE Name = 'S\u{f6}hne'", None),
        ] {
            assert_eq!(forbidden_clause(soql), clause, "{soql}");
        }
    }

    #[test]
    fn a_list_view_is_asked_for_ids_of_contacts_alone() {
        for (query, asked) in [
            (
                "SELECT Name, Account.Name FROM Contact USING SCOPE everything WHERE Active__c = true ORDER BY Name ASC \
                 NULLS FIRST, Id ASC",
                Some("SELECT Id FROM Contact USING SCOPE everything WHERE Active__c = true"),
            ),
            ("select Name\nfrom\tcontact", Some("SELECT Id from\tcontact")),
            (
                "SELECT Name, (SELECT Id FROM Cases) FROM Contact WHERE Name = 'a ORDER BY b FROM c' ORDER BY Name",
                Some("SELECT Id FROM Contact WHERE Name = 'a ORDER BY b FROM c'"),
            ),
            (
                "SELECT Name FROM Contact WHERE (A = 1 OR B = '(')",
                Some("SELECT Id FROM Contact WHERE (A = 1 OR B = '(')"),
            ),
            ("SELECT Id FROM Account", None),
            ("SELECT Id FROM ContactShare WHERE A = 1", None),
            ("SELECT Id FROM Contact__c", None),
            ("SELECT Id FROM Contact.Account", None),
            ("SELECT Id FROM Contact c, c.Account a", None),
            ("SELECT Id FROM Contact, Account", None),
            ("SELECT ' FROM Contact ' FROM User", None),
            ("SELECT (SELECT Id FROM Contact) FROM Account", None),
            ("SELECT Id FROM Contact WHERE Id IN (SELECT ContactId FROM CampaignMember)", None),
            ("FROM Contact", None),
            ("SELECT Id FROM", None),
            ("", None),
        ] {
            assert_eq!(members(query).as_deref(), asked, "{query}");
        }
    }

    #[test]
    fn a_fence_is_a_moment_of_utc() {
        let watermark = Instant::from_seconds(1_763_000_000);
        assert_eq!(
            select(&["Id".to_owned(), "Email".to_owned()], SfObject::Contact, Part::ModifiedUpTo(None, watermark)),
            "SELECT Id, Email FROM Contact WHERE SystemModstamp <= 2025-11-13T02:13:20Z"
        );
        assert_eq!(
            count(SfObject::Contact, Part::ModifiedAfter(watermark)),
            "SELECT COUNT() FROM Contact WHERE SystemModstamp > 2025-11-13T02:13:20Z"
        );
    }

    #[test]
    fn a_literal_cannot_end_early() {
        assert_eq!(literal("O'Brien\\ OR Id != ''\n"), "'O\\'Brien\\\\ OR Id != \\'\\'\\n'");
    }
}
