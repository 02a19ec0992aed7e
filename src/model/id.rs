//! Salesforce record ids.
//!
//! An id is 15 base-62 characters, case-sensitive; the 18-character form appends three characters that encode which of
//! the 15 are upper case, so a change of case can be detected and undone.

use std::fmt;
use std::num::NonZeroU32;

/// A Salesforce record id: the 15 characters packed into numbers that sort like the text. It takes three 32-bit words
/// because millions are stored; `None` takes no more space.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RecordId {
    /// The first [`HEAD`] characters, plus one.
    head: NonZeroU32,
    /// The other characters as a 60-bit number, upper word first.
    tail: [u32; 2],
}

/// Why a text is not a Salesforce id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IdFault {
    /// Neither 15 nor 18 characters.
    Length,
    /// A character outside `0-9A-Za-z`.
    Character,
    /// The last three of 18 characters do not match the case of the first fifteen.
    Checksum,
}

/// Digits in ASCII order, so that packed ids sort like their text.
const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const SUFFIX: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ012345";
const NOT_A_DIGIT: u8 = 0xff;
const VALUE: [u8; 256] = {
    let mut table = [NOT_A_DIGIT; 256];
    let mut i = 0;
    while i < DIGITS.len() {
        #[expect(clippy::cast_possible_truncation, reason = "62 digits fit a byte")]
        {
            table[DIGITS[i] as usize] = i as u8;
        }
        i += 1;
    }
    table
};
/// Minimum number of characters that ids of one object and organization share, so a column stores them once.
const HEAD: usize = 5;
/// Number of values of five characters.
const FIVE: u32 = 62_u32.pow(5);

impl RecordId {
    /// Parses 15 or 18 characters; an 18-character text must have the correct checksum.
    ///
    /// # Errors
    /// If the text is not an id; [`IdFault`] is the reason.
    pub fn parse(text: &[u8]) -> Result<Self, IdFault> {
        let body: &[u8; 15] = match text.len() {
            15 | 18 => text.first_chunk().ok_or(IdFault::Length)?,
            _ => return Err(IdFault::Length),
        };
        let id = Self::pack(body).ok_or(IdFault::Character)?;
        if let Some(suffix) = text.get(15..18)
            && *suffix != checksum(body)
        {
            let odd = suffix.iter().any(|&c| VALUE[usize::from(c)] == NOT_A_DIGIT);
            return Err(if odd { IdFault::Character } else { IdFault::Checksum });
        }
        Ok(id)
    }

    /// Parses exactly 18 characters with the correct checksum, the only form that Docebo can use.
    ///
    /// # Errors
    /// If the text is not an id; [`IdFault`] is the reason.
    pub fn parse_18(text: &[u8]) -> Result<Self, IdFault> {
        if text.len() == 18 { Self::parse(text) } else { Err(IdFault::Length) }
    }

    /// The id of a text with wrong case or of 15 characters: in 18 characters, the checksum determines which letters
    /// are upper case; 15 characters are taken unchanged.
    #[must_use]
    pub fn repair(text: &[u8]) -> Option<Self> {
        match text.len() {
            15 => Self::parse(text).ok(),
            18 => {
                let mut body: [u8; 15] = *text.first_chunk()?;
                for (group, &suffix) in body.chunks_exact_mut(5).zip(&text[15..]) {
                    let suffix = suffix.to_ascii_uppercase();
                    let bits = SUFFIX.iter().position(|&c| c == suffix)?;
                    for (bit, c) in group.iter_mut().enumerate() {
                        let upper = bits >> bit & 1 == 1;
                        if upper && !c.is_ascii_alphabetic() {
                            return None;
                        }
                        *c = if upper { c.to_ascii_uppercase() } else { c.to_ascii_lowercase() };
                    }
                }
                Self::pack(&body)
            }
            _ => None,
        }
    }

    /// The 18 characters.
    #[must_use]
    pub fn text(self) -> [u8; 18] {
        let body = self.characters();
        let mut text = [0; 18];
        text[..15].copy_from_slice(&body);
        text[15..].copy_from_slice(&checksum(&body));
        text
    }

    /// The first three characters, which identify the object (`003` Contact, `005` User).
    #[must_use]
    pub fn prefix(self) -> [u8; 3] {
        let [a, b, c, _, _] = five(self.head.get() - 1);
        [a, b, c]
    }

    /// Characters 4 to 6, which identify the instance on which the organization was created. All record ids that an
    /// organization assigns share them, as long as it does not move to another instance.
    #[must_use]
    pub fn instance_part(self) -> [u8; 3] {
        let [_, _, _, a, b, c, ..] = self.characters();
        [a, b, c]
    }

    /// Whether the id is that of a Contact.
    #[must_use]
    pub fn is_contact(self) -> bool {
        self.prefix() == *b"003"
    }

    /// Whether the id is that of a User.
    #[must_use]
    pub fn is_user(self) -> bool {
        self.prefix() == *b"005"
    }

    /// The two parts of the id: the one that ids of an object share, and the rest.
    pub(crate) fn parts(self) -> (NonZeroU32, u64) {
        let [upper, lower] = self.tail;
        (self.head, u64::from(upper) << 32 | u64::from(lower))
    }

    /// Builds the id from its parts.
    pub(crate) fn from_parts(head: NonZeroU32, tail: u64) -> Self {
        let word = |shift: u32| u32::try_from(tail >> shift & u64::from(u32::MAX)).unwrap_or_default();
        Self { head, tail: [word(32), word(0)] }
    }

    fn pack(body: &[u8; 15]) -> Option<Self> {
        let mut seen = 0u8;
        let mut number = |five: &[u8]| {
            five.iter().fold(0u32, |number, &c| {
                let value = VALUE[usize::from(c)];
                seen |= value;
                number.wrapping_mul(62).wrapping_add(u32::from(value))
            })
        };
        // Three short sums, which the processor computes in parallel.
        let head = number(&body[..HEAD]);
        let (upper, lower) = (number(&body[HEAD..2 * HEAD]), number(&body[2 * HEAD..]));
        // Digits are below 62, so the top bit is set only by a character outside the alphabet.
        if seen & 0x80 != 0 {
            return None;
        }
        let head = NonZeroU32::new(head + 1)?;
        Some(Self::from_parts(head, u64::from(upper) * u64::from(FIVE) + u64::from(lower)))
    }

    fn characters(self) -> [u8; 15] {
        let (head, tail) = self.parts();
        let half = |number: u64| u32::try_from(number).unwrap_or_default();
        let numbers = [head.get() - 1, half(tail / u64::from(FIVE)), half(tail % u64::from(FIVE))];
        let mut body = [0; 15];
        for (part, number) in body.chunks_exact_mut(5).zip(numbers) {
            part.copy_from_slice(&five(number));
        }
        body
    }
}

/// Converts a number below [`FIVE`] to its characters.
fn five(mut number: u32) -> [u8; 5] {
    let mut characters = [0; 5];
    for c in characters.iter_mut().rev() {
        *c = DIGITS[(number % 62) as usize];
        number /= 62;
    }
    characters
}

impl serde::Serialize for RecordId {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> serde::Deserialize<'de> for RecordId {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str> as serde::Deserialize>::deserialize(deserializer)?;
        Self::parse(text.as_bytes()).map_err(|_| serde::de::Error::custom(format!("`{text}` is not a Salesforce id")))
    }
}

fn checksum(body: &[u8; 15]) -> [u8; 3] {
    let mut suffix = [0; 3];
    for (group, out) in body.chunks_exact(5).zip(&mut suffix) {
        let bits =
            group.iter().enumerate().fold(0usize, |bits, (i, c)| bits | usize::from(c.is_ascii_uppercase()) << i);
        *out = SUFFIX[bits];
    }
    suffix
}

impl fmt::Display for RecordId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(std::str::from_utf8(&self.text()).map_err(|_| fmt::Error)?)
    }
}

impl fmt::Debug for RecordId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::{IdFault, RecordId};

    const GOOD: &[u8] = b"0035g00i00001IeAAI";

    #[test]
    fn fifteen_and_eighteen_characters_are_the_same_id() {
        let long = RecordId::parse(GOOD).expect("valid");
        assert_eq!(RecordId::parse(&GOOD[..15]), Ok(long));
        assert_eq!(long.to_string().as_bytes(), GOOD);
        assert!(long.is_contact() && !long.is_user());
    }

    #[test]
    fn faults_are_told_apart() {
        for (text, fault) in [
            (&b""[..], IdFault::Length),
            (b"0035g00i00001Ie", IdFault::Length),
            (b"0035g00i00001IeAA", IdFault::Length),
            (b"0035g00i-0001IeAAI", IdFault::Character),
            (b"0035g00i00001IeA I", IdFault::Character),
            (b"0035G00I00001IEAAI", IdFault::Checksum),
            (b"0035g00i00001ieaai", IdFault::Checksum),
        ] {
            assert_eq!(RecordId::parse_18(text), Err(fault), "{:?}", String::from_utf8_lossy(text));
        }
    }

    #[test]
    fn the_checksum_restores_a_changed_case() {
        let right = RecordId::parse(GOOD).ok();
        assert_eq!(RecordId::repair(&GOOD.to_ascii_uppercase()), right);
        assert_eq!(RecordId::repair(&GOOD.to_ascii_lowercase()), right);
        assert_eq!(RecordId::repair(&GOOD[..15]), right);
        assert_eq!(RecordId::repair(b"0035g00i00001Ie!!!"), None);
        assert_eq!(RecordId::repair(b"000000000000000555"), None, "a digit cannot be upper case");
    }

    #[test]
    fn packed_order_is_text_order() {
        let mut texts = [
            "005000000000001",
            "003zzzzzzzzzzzz",
            "003000000000001",
            "a0L5g00d000001C",
            "000000000000000",
            "zzzzzzzzzzzzzzz",
            "003zz0000000000",
            "003zz00000zzzzz",
            "003zz0000100000",
        ];
        let mut ids: Vec<RecordId> = texts.iter().map(|t| RecordId::parse(t.as_bytes()).expect("valid")).collect();
        texts.sort_unstable();
        ids.sort_unstable();
        let sorted: Vec<String> = ids.iter().map(|id| id.to_string()[..15].to_owned()).collect();
        assert_eq!(sorted, texts);
        assert_eq!(
            ids.iter().map(|id| id.prefix()).collect::<Vec<_>>(),
            texts.map(|text| { [text.as_bytes()[0], text.as_bytes()[1], text.as_bytes()[2]] })
        );
    }

    #[test]
    fn a_missing_id_takes_no_more_room() {
        assert_eq!((size_of::<RecordId>(), size_of::<Option<RecordId>>()), (12, 12));
    }
}
