//! How much a server may make of one question: pages, rows, entries of a list, and bytes and time of an answer. Whatever
//! goes beyond ends the run with a clear error, and what was read so far is kept.
//!
//! Must not know: requests.

use std::time::Duration;

use serde::de::{Deserialize, Deserializer, SeqAccess, Visitor};

use crate::error::Error;

/// Bytes of an answer with rows: a page of 25,000 rows of Bulk API 2.0 has a few MiB.
pub(super) const MAX_PAGE: usize = 128 << 20;
/// Bytes of any other answer: a description of an object with 800 fields has a few MiB.
pub(super) const MAX_ANSWER: usize = 32 << 20;
/// Bytes of an answer that is a refusal, or a token.
pub(super) const MAX_SHORT_ANSWER: usize = 1 << 20;
/// Entries of a list within an answer. A page of REST has 2,000 rows at most.
const MAX_LIST: usize = 10_000;
/// How long the first byte of an answer is waited for: Salesforce lets a query run for two minutes.
pub(super) const FIRST_BYTE: Duration = Duration::from_secs(150);
/// How long the next byte of an answer is waited for.
pub(super) const NEXT_BYTE: Duration = Duration::from_secs(60);
/// Tries that are made of a request that takes too long.
pub(super) const SLOW_TRIES: u32 = 3;
/// Requests of one run. Five thousand million rows by Bulk API 2.0 are as many.
pub(super) const MAX_REQUESTS: u64 = 200_000;
/// Rows of one query.
const MAX_ROWS: u64 = 1_000_000_000;
/// The maximum number of polls of a query job: about two hours if answers are immediate.
pub(super) const MAX_POLLS: u32 = 720;
/// The maximum time that a query job is polled, however slow the answers are.
pub(super) const MAX_JOB: Duration = Duration::from_secs(2 * 60 * 60);

fn endless(what: String) -> Error {
    Error::Salesforce {
        what: what + ", so that there would be no end",
        next: "a proxy may change the answers; if not, report this with `--trace`; what was read so far is kept"
            .to_owned(),
    }
}

/// Pages of one query: how many rows they may have together, and that each is another one.
#[derive(Debug)]
pub(super) struct Pages<'a> {
    /// What is read, for messages.
    about: &'a str,
    /// Rows that they may have.
    max: u64,
}

impl<'a> Pages<'a> {
    /// Pages of a query for which so many rows were counted. A few more may come meanwhile.
    pub(super) fn new(about: &'a str, counted: u64) -> Result<Self, Error> {
        if counted > MAX_ROWS {
            return Err(endless(format!("{about}: Salesforce counts {counted} rows, more than any organization has")));
        }
        Ok(Self { about, max: counted + counted / 100 + 1_000 })
    }

    /// A page was read: with this one there are `rows`, of which `own` are its own. `next` is the one behind it, which
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

    /// Addresses of pages were told: so many are known now, of which `own` are new.
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

/// A list of an answer, with so many entries at most as are worth reading: the others would take all memory.
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

/// A list that is a whole answer.
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
