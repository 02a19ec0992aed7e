//! What may be shown where. A personal value is withheld or pseudonymized, depending on its type; there is no search
//! by pattern.

use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::BTreeMap;

use ring::hmac;

use crate::checks::evidence::Text;

/// Whether an output shows personal values.
#[derive(Debug, Clone, Copy)]
pub enum Names<'a> {
    /// Shown: for outputs that stay with the customer, or `--show-names`.
    Shown,
    /// Equal values have equal pseudonyms, so that rows can still be distinguished and joined.
    Pseudonyms(&'a Pseudonyms),
    /// Not shown.
    Withheld,
}

/// Replaces a personal value.
pub const WITHHELD: &str = "[withheld]";

impl Names<'_> {
    /// The value as this output may show it; blanks are not personal.
    #[must_use]
    pub fn show<'t>(self, text: &'t Text) -> Cow<'t, str> {
        if !text.is_personal() || text.raw().is_empty() {
            return Cow::Borrowed(text.raw());
        }
        match self {
            Self::Shown => Cow::Borrowed(text.raw()),
            Self::Pseudonyms(pseudonyms) => Cow::Owned(pseudonyms.pseudonym(text.raw())),
            Self::Withheld => Cow::Borrowed(WITHHELD),
        }
    }

    /// Whether personal values are shown unredacted.
    #[must_use]
    pub const fn are_shown(self) -> bool {
        matches!(self, Self::Shown)
    }
}

/// Pseudonyms: `p_` and the first eighty bits of a keyed digest (HMAC-SHA-256) in Crockford's base 32. Without the
/// key nobody can test names against them.
#[derive(Debug, Clone)]
pub struct Pseudonyms {
    key: hmac::Key,
}

impl Pseudonyms {
    /// The pseudonyms under a key.
    #[must_use]
    pub fn with_key(key: &[u8]) -> Self {
        Self { key: hmac::Key::new(hmac::HMAC_SHA256, key) }
    }

    /// The pseudonym of a value.
    #[must_use]
    pub fn pseudonym(&self, value: &str) -> String {
        const SYMBOLS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
        let digest = hmac::sign(&self.key, value.as_bytes());
        let mut pseudonym = String::with_capacity(18);
        pseudonym.push_str("p_");
        for five in digest.as_ref()[..10].chunks_exact(5) {
            let bits = five.iter().fold(0_u64, |bits, &byte| bits << 8 | u64::from(byte));
            pseudonym.extend((0..8).rev().map(|at| char::from(SYMBOLS[(bits >> (5 * at) & 31) as usize])));
        }
        pseudonym
    }
}

/// What became of the values of one field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[schemars(rename = "Told")]
pub struct Counts {
    /// Stand as they are, for they tell nothing about a person.
    pub kept: u64,
    /// Stand as pseudonyms.
    pub pseudonymised: u64,
    /// Left out.
    pub withheld: u64,
    /// Personal, and shown since somebody consented.
    pub raw: u64,
}

/// Redacts the values of a case, and counts what was done, by field.
#[derive(Debug)]
pub struct Redaction<'a> {
    pseudonyms: Option<&'a Pseudonyms>,
    raw: &'a [String],
    counts: RefCell<BTreeMap<String, Counts>>,
    mapping: RefCell<BTreeMap<String, (String, String)>>,
}

impl<'a> Redaction<'a> {
    /// Replaces personal values by pseudonyms, or withholds them if `pseudonyms` is `None`; fields in `raw` are shown
    /// unredacted.
    #[must_use]
    pub fn new(pseudonyms: Option<&'a Pseudonyms>, raw: &'a [String]) -> Self {
        Self { pseudonyms, raw, counts: RefCell::default(), mapping: RefCell::default() }
    }

    /// A redaction with the same rules and its own counts.
    #[must_use]
    pub fn fresh(&self) -> Self {
        Self::new(self.pseudonyms, self.raw)
    }

    /// The value of a field as the pack may show it.
    pub fn show<'t>(&self, field: &str, text: &'t Text) -> Cow<'t, str> {
        let mut described = self.counts.borrow_mut();
        // Looked up by reference first: there are few fields and many values.
        if !described.contains_key(field) {
            described.insert(field.to_owned(), Counts::default());
        }
        let Some(count) = described.get_mut(field) else { return Cow::Borrowed(WITHHELD) };
        if !text.is_personal() || text.raw().is_empty() {
            count.kept += 1;
            Cow::Borrowed(text.raw())
        } else if self.raw.iter().any(|raw| raw == field) {
            count.raw += 1;
            Cow::Borrowed(text.raw())
        } else if let Some(pseudonyms) = self.pseudonyms {
            count.pseudonymised += 1;
            let pseudonym = pseudonyms.pseudonym(text.raw());
            let mut mapping = self.mapping.borrow_mut();
            if !mapping.contains_key(&pseudonym) {
                mapping.insert(pseudonym.clone(), (field.to_owned(), text.raw().to_owned()));
            }
            Cow::Owned(pseudonym)
        } else {
            count.withheld += 1;
            Cow::Borrowed(WITHHELD)
        }
    }

    /// Counts values that were withheld earlier, such as the names of files.
    pub fn note_withheld(&self, field: &str, count: u64) {
        self.counts.borrow_mut().entry(field.to_owned()).or_default().withheld += count;
    }

    /// Counts by field.
    #[must_use]
    pub fn counts(&self) -> BTreeMap<String, Counts> {
        self.counts.borrow().clone()
    }

    /// Pseudonym, field and value of everything pseudonymized. It stays with the customer.
    #[must_use]
    pub fn mapping(&self) -> Vec<(String, String, String)> {
        let mapping = self.mapping.borrow();
        mapping.iter().map(|(pseudonym, (field, value))| (pseudonym.clone(), field.clone(), value.clone())).collect()
    }

    /// Fields that are shown unredacted.
    #[must_use]
    pub const fn raw(&self) -> &'a [String] {
        self.raw
    }

    /// Whether personal values are pseudonyms.
    #[must_use]
    pub const fn has_pseudonyms(&self) -> bool {
        self.pseudonyms.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::{Names, Pseudonyms, WITHHELD};
    use crate::checks::evidence::Text;

    #[test]
    fn only_personal_values_are_hidden() {
        let pseudonyms = Pseudonyms::with_key(b"a key");
        let (ada, id) = (Text::personal("ada@example.com"), Text::public("10024"));
        assert_eq!(Names::Shown.show(&ada), "ada@example.com");
        assert_eq!(Names::Withheld.show(&ada), WITHHELD);
        for names in [Names::Shown, Names::Withheld, Names::Pseudonyms(&pseudonyms)] {
            assert_eq!((names.show(&id), names.show(&Text::personal(""))), ("10024".into(), "".into()));
        }
    }

    #[test]
    fn pseudonyms_join_under_one_key_and_not_under_two() {
        let (one, other) = (Pseudonyms::with_key(b"one"), Pseudonyms::with_key(b"other"));
        assert_eq!(one.pseudonym("ada"), Pseudonyms::with_key(b"one").pseudonym("ada"));
        assert_ne!(one.pseudonym("ada"), one.pseudonym("Ada"));
        assert_ne!(one.pseudonym("ada"), other.pseudonym("ada"));
        assert_eq!(one.pseudonym("ada").len(), 18);
    }
}
