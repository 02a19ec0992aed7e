//! Salesforce record ids that hold: three characters of prefix, a body in mixed case, and the three
//! characters that make an id safe where case is lost.
//!
//! Must not know: any row. It is written apart from the package's own id reader, so that the two
//! check each other.

/// Base 62 in the order Salesforce counts in.
const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
/// What five bits become in the suffix.
const SUFFIX: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ012345";
/// A power of three has no factor in common with 62, so multiplying by it visits every body once.
const STRIDE: u64 = 387_420_489;
const BODIES: u64 = 62 * 62 * 62 * 62 * 62;

/// The kinds of record that the world mints ids for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Prefix {
    Contact,
    User,
    DoceboUser,
    Course,
    CourseEnrollment,
    Lead,
    ListView,
}

impl Prefix {
    const fn text(self) -> &'static str {
        match self {
            Self::Contact => "003",
            Self::User => "005",
            Self::DoceboUser => "a0J",
            Self::Course => "a0K",
            Self::CourseEnrollment => "a0L",
            Self::Lead => "00Q",
            Self::ListView => "00B",
        }
    }
}

/// Hands out the ids of one organization, each once, in an order that looks like no order.
#[derive(Debug, Clone)]
pub(crate) struct Mint {
    /// Characters 4 to 6 of every id.
    instance_part: &'static str,
    next: u64,
}

impl Mint {
    pub(crate) fn new(instance_part: &'static str, seed: u64) -> Self {
        assert_eq!(instance_part.len(), 3, "characters 4 to 6: {instance_part}");
        Self { instance_part, next: seed % BODIES }
    }

    /// A fresh 18-character id. Every body has letters of both cases, so that a lost case shows.
    pub(crate) fn id(&mut self, prefix: Prefix) -> String {
        loop {
            self.next = (self.next + 1) % BODIES;
            let mut rest = self.next * STRIDE % BODIES;
            let mut body = [b'0'; 5];
            for place in body.iter_mut().rev() {
                *place = DIGITS[usize::try_from(rest % 62).expect("below 62")];
                rest /= 62;
            }
            if body.iter().any(u8::is_ascii_uppercase) {
                let body = std::str::from_utf8(&body).expect("base 62 is ASCII");
                return with_suffix(&format!("{}{}0000{body}", prefix.text(), self.instance_part));
            }
        }
    }
}

/// The 18-character form of a 15-character id.
pub(crate) fn with_suffix(short: &str) -> String {
    assert_eq!(short.len(), 15, "a short id has fifteen characters: {short}");
    let mut id = short.to_owned();
    for group in short.as_bytes().chunks(5) {
        let bits = group
            .iter()
            .enumerate()
            .filter(|(_, c)| c.is_ascii_uppercase())
            .fold(0_usize, |bits, (place, _)| bits | (1 << place));
        id.push(char::from(SUFFIX[bits]));
    }
    id
}

/// Whether this is an 18-character id whose suffix agrees with the case of its letters.
pub(crate) fn is_well_formed(id: &str) -> bool {
    id.len() == 18 && id.bytes().all(|c| c.is_ascii_alphanumeric()) && with_suffix(&id[..15]) == id
}
