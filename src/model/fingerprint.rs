//! Identifies a finding across runs: its key, and the ids of its subject.
//!
//! Must not know: checks, findings.

use std::fmt;

use sha2::{Digest as _, Sha256};

use crate::model::id::RecordId;
use crate::model::label::Label as _;
use crate::model::object::SfObject;

/// Crockford's alphabet: no letter can be mistaken for a digit when read aloud.
const SYMBOLS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// The key of a finding, `F-` and ten characters of Crockford's base 32: fifty bits of a digest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key(u64);

impl Key {
    const LENGTH: usize = 10;

    /// Digests the parts, separated by a zero byte, into a key.
    #[must_use]
    pub fn new(parts: &[&str]) -> Self {
        let digest = Sha256::digest(parts.join("\u{0}").as_bytes());
        let mut first = [0; 8];
        first.copy_from_slice(&digest[..8]);
        Self(u64::from_be_bytes(first) >> 14)
    }

    /// Parses a key as written by [`fmt::Display`].
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let symbols = text.strip_prefix("F-")?.as_bytes();
        if symbols.len() != Self::LENGTH {
            return None;
        }
        symbols
            .iter()
            .try_fold(0, |bits, symbol| {
                let value = SYMBOLS.iter().position(|known| known == symbol)?;
                Some(bits << 5 | value as u64)
            })
            .map(Self)
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("F-")?;
        f.write_str(&symbols(self.0))
    }
}

/// Encodes fifty bits as ten symbols.
fn symbols(bits: u64) -> String {
    (0..Key::LENGTH).rev().map(|at| char::from(SYMBOLS[(bits >> (5 * at) & 31) as usize])).collect()
}

/// Derives the id of a run, `R-` and ten characters, from the parts of its content.
#[must_use]
pub fn run_id(message: impl Iterator<Item = String>) -> String {
    let digest = message.fold(Sha256::new(), |digest, part| digest.chain_update(part)).finalize();
    let mut first = [0; 8];
    first.copy_from_slice(&digest[..8]);
    format!("R-{}", symbols(u64::from_be_bytes(first) >> 14))
}

impl serde::Serialize for Key {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> serde::Deserialize<'de> for Key {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str> as serde::Deserialize>::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| serde::de::Error::custom(format!("`{text}` is not the key of a finding")))
    }
}

/// The ids by which support and analysts find the subject.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Ids {
    /// The Salesforce record to open.
    pub record: Option<(SfObject, RecordId)>,
    /// The Docebo user's id.
    pub learner: Option<u64>,
    /// The Docebo course's id.
    pub course: Option<u64>,
}

impl Ids {
    /// The key of a check's finding on this subject. It is independent of the run, so the record counts only if
    /// `by_record`: a record that merely belongs to a learner may appear or change between runs.
    #[must_use]
    pub fn key(self, check: &str, by_record: bool, field: &str) -> Key {
        let record = self.record.filter(|_| by_record);
        let record = record.map_or_else(String::new, |(object, id)| format!("{}:{id}", object.label()));
        let number = |id: Option<u64>| id.map_or_else(String::new, |id| id.to_string());
        Key::new(&[check, &record, &number(self.learner), &number(self.course), field])
    }
}

#[cfg(test)]
mod tests {
    use super::{Key, run_id};

    #[test]
    fn a_key_reads_as_it_is_written() {
        let key = Key::new(&["enrollment-absent", "", "10024", "601", ""]);
        let text = key.to_string();
        assert_eq!((text.len(), Key::parse(&text)), (12, Some(key)));
        for other in ["", "F-", "F-12345", "F-OOOOOOOOOO", "f-0123456789", "F-01234567891"] {
            assert_eq!(Key::parse(other), None, "{other}");
        }
        assert!(run_id(std::iter::empty()).starts_with("R-"));
    }
}
