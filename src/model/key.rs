//! Keys: the username in Docebo, the mapped field in Salesforce.
//!
//! Docebo matches them exactly. Two keys that differ only in surrounding spaces, in width or composition of characters,
//! or in case, are *near*: a person meant them to be equal.

use std::borrow::Cow;

use unicode_normalization::UnicodeNormalization as _;

/// Whether a value is blank: empty, or only white space.
#[must_use]
pub fn is_blank(text: &str) -> bool {
    text.trim().is_empty()
}

/// Normalizes a key by trimming, Unicode NFKC and case folding; two keys with the same result are near.
#[must_use]
pub fn fold(key: &str) -> Cow<'_, str> {
    let trimmed = key.trim();
    if trimmed.is_ascii() {
        return if trimmed.bytes().any(|c| c.is_ascii_uppercase()) {
            Cow::Owned(trimmed.to_ascii_lowercase())
        } else {
            Cow::Borrowed(trimmed)
        };
    }
    // Case folding can produce characters that NFKC changes again, so NFKC runs before and after.
    let wide: String = trimmed.nfkc().collect();
    let folded: String = caseless::default_case_fold_str(&wide).nfkc().collect();
    Cow::Owned(folded.trim().to_owned())
}

/// The key rule: exact, or case-insensitive (`mapping.case_sensitive`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Equality {
    /// Byte for byte, as Docebo does.
    #[default]
    Exact,
    /// Equal after Unicode case folding.
    CaseBlind,
}

impl Equality {
    /// A form that is the same text for all keys equal under the rule.
    #[must_use]
    pub fn canonical(self, key: &str) -> Cow<'_, str> {
        match self {
            Self::Exact => Cow::Borrowed(key),
            Self::CaseBlind if key.is_ascii() && !key.bytes().any(|c| c.is_ascii_uppercase()) => Cow::Borrowed(key),
            Self::CaseBlind => Cow::Owned(caseless::default_case_fold_str(key)),
        }
    }
}

/// Describes how two near keys differ, without revealing either.
#[must_use]
pub fn difference(a: &str, b: &str) -> &'static str {
    let spaced = a.trim() != a || b.trim() != b;
    let (a, b) = (a.trim(), b.trim());
    if a == b {
        return "spaces around it";
    }
    let cased = caseless::default_case_fold_str(a) == caseless::default_case_fold_str(b);
    match (cased, spaced) {
        (true, false) => "upper and lower case",
        (true, true) => "spaces around it, upper and lower case",
        (false, false) => "width or composition of characters",
        (false, true) => "spaces around it, width or composition of characters",
    }
}

/// Describes how two keys differ, near or not, without revealing either; `None` if they are equal or one is blank.
#[must_use]
pub fn apart(a: &str, b: &str) -> Option<&'static str> {
    if a == b || is_blank(a) || is_blank(b) {
        return None;
    }
    let (one, other) = (fold(a), fold(b));
    if one == other {
        return Some(difference(a, b));
    }
    let parts = |key: &str| key.rsplit_once('@').map(|(local, domain)| (local.to_owned(), domain.to_owned()));
    let Some(((local, domain), (other_local, other_domain))) = parts(&one).zip(parts(&other)) else {
        return Some("other");
    };
    let untagged = |local: &str| local.split('+').next().unwrap_or("").to_owned();
    Some(match (local == other_local, domain == other_domain) {
        (true, _) => "domain",
        (false, true) if untagged(&local) == untagged(&other_local) => "tag behind a plus",
        (false, true) => "the part before the domain",
        (false, false) => "other",
    })
}

#[cfg(test)]
mod tests {
    use super::{Equality, apart, difference, fold, is_blank};

    #[test]
    fn how_keys_differ_is_told_without_them() {
        for (a, b, how) in [
            ("ada@example.com", "ada@example.com", None),
            ("", "ada@example.com", None),
            ("Ada@example.com", "ada@example.com", Some("upper and lower case")),
            ("ada@example.com", "ADA@example.org", Some("domain")),
            ("ada+docebo@example.com", "ada@example.com", Some("tag behind a plus")),
            ("ada.lovelace@example.com", "ada.king@example.com", Some("the part before the domain")),
            ("ada@example.com", "grace@example.org", Some("other")),
            ("u1234", "ada@example.com", Some("other")),
        ] {
            assert_eq!((apart(a, b), apart(b, a)), (how, how), "{a:?} {b:?}");
        }
    }

    #[test]
    fn near_keys_fold_to_the_same_text() {
        for (a, b, how) in [
            ("Ada@example.com", "ada@example.com", "upper and lower case"),
            (" ada@example.com", "ada@example.com", "spaces around it"),
            ("ADA@example.com\u{a0}", "ada@example.com", "spaces around it, upper and lower case"),
            ("\u{ff41}da@example.com", "ada@example.com", "width or composition of characters"),
            ("zoe\u{301}@example.com", "zo\u{e9}@example.com", "width or composition of characters"),
            ("STRASSE@example.com", "stra\u{df}e@example.com", "upper and lower case"),
        ] {
            assert_eq!(fold(a), fold(b), "{a:?} {b:?}");
            assert_eq!(difference(a, b), how, "{a:?} {b:?}");
        }
        assert_ne!(fold("ada@example.com"), fold("ada@example.org"));
    }

    #[test]
    fn folding_twice_changes_nothing() {
        for key in ["\u{1e9e}", "\u{fb03}", "\u{3c2}\u{3a3}", "\u{130}", " \u{ff21} ", "\u{1fd3}"] {
            assert_eq!(fold(&fold(key)), fold(key), "{key:?}");
        }
    }

    #[test]
    fn equality_is_exact_unless_told_otherwise() {
        assert_ne!(Equality::Exact.canonical("Ada"), Equality::Exact.canonical("ada"));
        assert_eq!(Equality::CaseBlind.canonical("Ada"), Equality::CaseBlind.canonical("ada"));
        assert_ne!(Equality::CaseBlind.canonical(" ada"), Equality::CaseBlind.canonical("ada"));
    }

    #[test]
    fn white_space_alone_is_blank() {
        assert!(is_blank("") && is_blank(" \t\u{a0}") && !is_blank("NA") && !is_blank("null"));
    }
}
