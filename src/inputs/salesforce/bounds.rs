//! Limits on a server's response to one query: pages, rows, list entries, and the bytes and time of an answer.
//! Exceeding one ends the run with a clear error and keeps what was read.
//!
//! Must not know: requests.

use std::time::Duration;

use serde::de::{Deserialize, Deserializer, SeqAccess, Visitor};

use crate::error::Error;

/// Maximum bytes of an answer with rows: a page of 25,000 Bulk API 2.0 rows has a few MiB.
pub(super) const MAX_PAGE: usize = 128 << 20;
/// Maximum bytes of other answers: a description of an object with 800 fields has a few MiB.
pub(super) const MAX_ANSWER: usize = 32 << 20;
/// Maximum bytes of a refusal or a token.
pub(super) const MAX_SHORT_ANSWER: usize = 1 << 20;
/// Maximum list entries in an answer. A REST page has at most 2,000 rows.
const MAX_LIST: usize = 10_000;
/// Timeout for the first byte of an answer: Salesforce lets a query run for two minutes.
pub(super) const FIRST_BYTE: Duration = Duration::from_secs(150);
/// Timeout for each further byte of an answer.
pub(super) const NEXT_BYTE: Duration = Duration::from_secs(60);
/// Maximum attempts of a request that times out.
pub(super) const SLOW_TRIES: u32 = 3;
/// Maximum requests of one run: enough for five billion rows by Bulk API 2.0.
pub(super) const MAX_REQUESTS: u64 = 200_000;
/// Maximum rows per query.
const MAX_ROWS: u64 = 1_000_000_000;
/// Maximum polls of a query job: about two hours if answers are immediate.
pub(super) const MAX_POLLS: u32 = 720;
/// Maximum time to poll a query job, however slow the answers are.
pub(super) const MAX_JOB: Duration = Duration::from_secs(2 * 60 * 60);

fn endless(what: String) -> Error {
    Error::Salesforce {
        what: what + ", so that there would be no end",
        next: "a proxy may change the answers; if not, report this with `--trace`; what was read so far is kept"
            .to_owned(),
    }
}

/// Limits the pages of one query: their total rows, and no repeated page.
#[derive(Debug)]
pub(super) struct Pages<'a> {
    /// The query's name in messages.
    about: &'a str,
    /// Maximum total rows.
    max: u64,
}

impl<'a> Pages<'a> {
    /// Limits a query with this row count. A few more rows may appear meanwhile.
    pub(super) fn new(about: &'a str, counted: u64) -> Result<Self, Error> {
        if counted > MAX_ROWS {
            return Err(endless(format!("{about}: Salesforce counts {counted} rows, more than any organization has")));
        }
        Ok(Self { about, max: counted + counted / 100 + 1_000 })
    }

    /// Checks a page: there are now `rows` in total, `own` of them in this page. `next` is the following page, which
    /// may have been read before (`again`).
    pub(super) fn read(&self, rows: u64, own: u64, next: Option<&str>, again: bool) -> Result<(), Error> {
        let Self { about, max: most } = self;
        if rows > *most {
            return Err(endless(format!("{about}: there are more rows than Salesforce counted, {rows} so far")));
        }
        match next {
            Some(next) if again => Err(endless(format!("{about}: the page `{next}` follows itself"))),
            Some(_) if own == 0 => Err(endless(format!("{about}: a page without rows is not the last one"))),
            _ => Ok(()),
        }
    }

    /// Checks page addresses: `known` in total, of which `own` are new.
    pub(super) fn next(&self, known: u64, own: u64, is_last: bool) -> Result<(), Error> {
        let Self { about, max: most } = self;
        if known > *most || known > MAX_REQUESTS {
            return Err(endless(format!("{about}: the job has more pages than rows, {known} so far")));
        }
        if own == 0 && !is_last {
            return Err(endless(format!("{about}: the job names no further page, and is not at its end")));
        }
        Ok(())
    }
}

/// Deserializes a list in an answer, with a limit on its entries: more could exhaust memory.
pub(super) fn list<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Vec<T>, D::Error> {
    struct List<T>(std::marker::PhantomData<T>);
    impl<'de, T: Deserialize<'de>> Visitor<'de> for List<T> {
        type Value = Vec<T>;

        fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            write!(f, "a list of at most {MAX_LIST} entries")
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut entries: A) -> Result<Self::Value, A::Error> {
            let mut list = Vec::new();
            while let Some(entry) = entries.next_element()? {
                if list.len() == MAX_LIST {
                    return Err(serde::de::Error::invalid_length(MAX_LIST + 1, &self));
                }
                list.push(entry);
            }
            Ok(list)
        }
    }
    deserializer.deserialize_seq(List(std::marker::PhantomData))
}

/// A whole answer that is a list.
#[derive(serde::Deserialize)]
#[serde(transparent, bound(deserialize = "T: Deserialize<'de>"))]
pub(super) struct List<T>(#[serde(deserialize_with = "list")] pub(super) Vec<T>);

#[cfg(test)]
mod tests {
    use super::{List, MAX_LIST, MAX_ROWS, Pages};

    #[test]
    fn pages_have_an_end() {
        let pages = Pages::new("X", 100).expect("pages");
        for (rows, own, next, again, ends) in [
            (100, 100, None, false, true),
            (1_101, 1_001, Some("b"), false, true),
            (1_102, 1_001, None, false, false),
            (0, 0, None, false, true),
            (10, 0, Some("b"), false, false),
            (10, 10, Some("a"), true, false),
        ] {
            assert_eq!(pages.read(rows, own, next, again).is_ok(), ends, "{rows} {own} {next:?}");
        }
        for (known, own, is_last, ends) in
            [(5, 5, false, true), (5, 0, true, true), (5, 0, false, false), (1_102, 5, true, false)]
        {
            assert_eq!(pages.next(known, own, is_last).is_ok(), ends, "{known} {own}");
        }
        assert!(Pages::new("X", MAX_ROWS + 1).is_err());
    }

    #[test]
    fn lists_have_an_end() {
        let json = |length: usize| format!("[{}1]", "1,".repeat(length - 1));
        assert_eq!(serde_json::from_str::<List<u8>>(&json(MAX_LIST)).expect("a list").0.len(), MAX_LIST);
        assert!(serde_json::from_str::<List<u8>>(&json(MAX_LIST + 1)).is_err());
    }
}
