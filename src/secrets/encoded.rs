//! Finds encoded parts of known secrets in a text: a server that receives a secret can echo it in Base64, in
//! hexadecimal digits, with escapes of addresses, of HTML or of JSON, in another case, or backwards.
//!
//! A list of all spellings would be endless, so this works in reverse: each long unbroken run of a text is decoded in
//! each of these ways, and the result is compared with the parts of the secrets. The work is linear in the length of
//! the text.
//!
//! Must not know: where a text goes.

use rustc_hash::FxHashSet;

/// Number of characters of a secret that reveal it; they fit into one number.
const PART: usize = 8;
/// Shorter runs contain too little of a secret to be useful.
const MIN_RUN: usize = 20;
/// Shorter pieces of a secret, such as a segment of an address, may also occur as ordinary words.
const MIN_PIECE: usize = 12;
/// Parts with fewer different characters occur in ordinary texts too, such as zeros in record ids.
const MIN_DIFFERENT: usize = 4;
/// How often escapes are resolved: an escape's percent sign may itself be escaped.
const MAX_ROUNDS: usize = 3;

/// The parts of the known secrets, in lower case, forwards and backwards.
pub(super) struct Parts(Option<FxHashSet<u64>>);

/// A byte of a decoded run, and its position in the text.
type Origin = (u8, usize);

impl Parts {
    pub(super) const fn none() -> Self {
        Self(None)
    }

    /// Adds the parts of a secret.
    pub(super) fn add(&mut self, secret: &str) {
        for piece in pieces(secret) {
            for part in piece.as_bytes().windows(PART) {
                let mut different = part.to_ascii_lowercase();
                different.sort_unstable();
                different.dedup();
                if different.len() < MIN_DIFFERENT {
                    continue;
                }
                let number = |number: u64, &byte: &u8| number << 8 | u64::from(byte.to_ascii_lowercase());
                let parts = self.0.get_or_insert_default();
                parts.insert(part.iter().fold(0, number));
                parts.insert(part.iter().rev().fold(0, number));
            }
        }
    }

    /// Positions of parts of secrets in a text: ascending, without overlaps.
    pub(super) fn found_in(&self, text: &str) -> Vec<(usize, usize)> {
        let Some(parts) = &self.0 else { return Vec::new() };
        let bytes = text.as_bytes();
        let (mut found, mut end) = (Vec::new(), 0);
        while end < bytes.len() {
            let start = end;
            end += bytes[start..].iter().take_while(|byte| is_of_run(**byte)).count();
            if end - start >= MIN_RUN
                && let Some(first) = first_in_run(parts, &bytes[start..end])
            {
                // The text before it in its segment of an address belongs to it as well.
                let before = bytes[start..start + first].iter().rposition(|byte| b"/?=:".contains(byte));
                found.push((before.map_or(start, |before| start + before + 1), end));
            }
            end += usize::from(end < bytes.len());
        }
        found
    }
}

/// The confidential pieces of a secret: without the id of the organization, which starts a session id, and the host of
/// an address.
fn pieces(secret: &str) -> impl Iterator<Item = &str> {
    let (before, after) = match secret.split_once("://") {
        None => match secret.split_once('!').filter(|(org, _)| org.starts_with("00D")) {
            Some((_, session)) => ("", session),
            None => ("", secret),
        },
        Some((_, address)) => {
            let (authority, path) = address.split_at(address.find(['/', '?', '#']).unwrap_or(address.len()));
            (authority.rsplit_once('@').map_or("", |(user, _)| user), path)
        }
    };
    let parts = |c: char| !(c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-' | '~' | '+'));
    [before, after].into_iter().flat_map(move |text| text.split(parts)).filter(|piece| piece.len() >= MIN_PIECE)
}

/// Whether a byte continues a run: characters of encodings, without those that separate words in texts, JSON and CSV.
fn is_of_run(byte: u8) -> bool {
    byte.is_ascii_graphic() && !b"\"'`<>()[]{}|,".contains(&byte)
}

/// Position of the first part of a secret in a run, in any encoding.
fn first_in_run(parts: &FxHashSet<u64>, run: &[u8]) -> Option<usize> {
    let mut run: Vec<Origin> = run.iter().copied().zip(0..).collect();
    let mut first = first_as_is(parts, &run);
    for _ in 0..MAX_ROUNDS {
        let resolved = resolve(&run);
        let is_same = resolved.len() == run.len();
        run = resolved;
        first = [first, first_as_is(parts, &run), first_of_digits(parts, &run)].into_iter().flatten().min();
        if is_same {
            break;
        }
    }
    first
}

/// The first part of a secret in undecoded bytes.
fn first_as_is(parts: &FxHashSet<u64>, bytes: &[Origin]) -> Option<usize> {
    let mut window = 0_u64;
    let at = bytes.iter().enumerate().position(|(at, (byte, _))| {
        window = window << 8 | u64::from(byte.to_ascii_lowercase());
        at + 1 >= PART && parts.contains(&window)
    })?;
    Some(bytes[at + 1 - PART].1)
}

/// The first part of a secret in hexadecimal digits and in either Base64, at any alignment.
fn first_of_digits(parts: &FxHashSet<u64>, bytes: &[Origin]) -> Option<usize> {
    let firsts = [(4, hexadecimal as fn(u8) -> Option<u8>), (6, base64)].map(|(bits, value)| {
        let digits = bytes.split(|(byte, _)| value(*byte).is_none()).filter(|digits| digits.len() * bits >= PART * 8);
        digits
            .flat_map(|digits| {
                // A byte of hexadecimal starts at every second digit; three bytes of Base64 start at every fourth.
                let alignments = if bits == 4 { 2 } else { 4 };
                (0..alignments).map(move |from| decode(&digits[from.min(digits.len())..], bits, value))
            })
            .filter_map(|decoded| first_as_is(parts, &decoded))
            .min()
    });
    firsts.into_iter().flatten().min()
}

/// Decodes digits of `bits` bits each to bytes.
fn decode(digits: &[Origin], bits: usize, value: fn(u8) -> Option<u8>) -> Vec<Origin> {
    let (mut held, mut length, mut start) = (0_u32, 0, 0);
    let mut decoded = Vec::with_capacity(digits.len() * bits / 8);
    for &(digit, origin) in digits {
        if length == 0 {
            start = origin;
        }
        held = held << bits | u32::from(value(digit).unwrap_or(0));
        length += bits;
        if length >= 8 {
            length -= 8;
            decoded.push(((held >> length & 0xff) as u8, start));
            held &= (1 << length) - 1;
            start = origin;
        }
    }
    decoded
}

fn hexadecimal(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok())
}

/// A Base64 digit, of the standard or the URL-safe alphabet.
fn base64(digit: u8) -> Option<u8> {
    Some(match digit {
        b'A'..=b'Z' => digit - b'A',
        b'a'..=b'z' => digit - b'a' + 26,
        b'0'..=b'9' => digit - b'0' + 52,
        b'+' | b'-' => 62,
        b'/' | b'_' => 63,
        _ => return None,
    })
}

/// Resolves the escapes in a run.
fn resolve(run: &[Origin]) -> Vec<Origin> {
    let mut resolved = Vec::with_capacity(run.len());
    let mut at = 0;
    while let Some(&(byte, origin)) = run.get(at) {
        let escape = if matches!(byte, b'%' | b'&' | b'\\') { escape(&run[at..]) } else { None };
        let (byte, length) = escape.unwrap_or((byte, 1));
        resolved.push((byte, origin));
        at += length;
    }
    resolved
}

/// The longest escape, `&#x00000021;`.
const MAX_ESCAPE: usize = 12;

/// The escape at the start of a text: its character and length. Secrets are ASCII only.
fn escape(run: &[Origin]) -> Option<(u8, usize)> {
    let text: Vec<u8> = run.iter().take(MAX_ESCAPE).map(|(byte, _)| *byte).collect();
    let text = std::str::from_utf8(&text).ok()?;
    let number = |digits: &str, radix: u32| {
        let value = digits.bytes().all(|digit| digit.is_ascii_hexdigit()).then(|| u32::from_str_radix(digits, radix));
        value?.ok().map(|value| u8::try_from(value).unwrap_or(0))
    };
    let fixed = |before: &str, digits: usize| {
        let digits = text.strip_prefix(before)?.get(..digits)?;
        Some((number(digits, 16)?, before.len() + digits.len()))
    };
    if let Some(known) = fixed("%", 2).or_else(|| fixed("\\u", 4)).or_else(|| fixed("\\x", 2)) {
        return Some(known);
    }
    if text.starts_with("\\/") {
        return Some((b'/', 2));
    }
    let name = text.strip_prefix('&')?.split_once(';')?.0;
    let byte = match name {
        "amp" => b'&',
        "excl" => b'!',
        "period" => b'.',
        "lowbar" => b'_',
        "plus" => b'+',
        "sol" => b'/',
        "equals" => b'=',
        _ => match name.strip_prefix('#')? {
            hexadecimal if hexadecimal.starts_with(['x', 'X']) => number(&hexadecimal[1..], 16)?,
            decimal => number(decimal, 10)?,
        },
    };
    Some((byte, name.len() + 2))
}
