//! Secrets that this process knows, and the one place that takes them out of what it shows or writes.
//!
//! Whoever comes by a secret (a token, a key, the address of a webhook) makes it [known](know). Whatever is shown or
//! written and may hold the text of somebody else, such as an answer of Salesforce, goes through [`mask`] first: a server
//! may echo what it was sent.
//!
//! Must not know: where a text goes.

use std::borrow::Cow;
use std::sync::RwLock;

use aho_corasick::{AhoCorasick, MatchKind};
use secrecy::{ExposeSecret as _, SecretString};

/// What stands in place of a secret.
pub const MASK: &str = "[secret]";
/// A shorter text is also a word of ordinary texts.
const MIN_LENGTH: usize = 8;
/// A shorter secret is not looked for in rows of data, which must not change by chance.
const MIN_LENGTH_IN_ROWS: usize = 20;
/// Characters behind the exclamation mark of a session id from which on it is one.
const MIN_SESSION: usize = 8;

struct Known {
    texts: Vec<String>,
    everywhere: Option<AhoCorasick>,
    in_rows: Option<AhoCorasick>,
}

static KNOWN: RwLock<Known> = RwLock::new(Known { texts: Vec::new(), everywhere: None, in_rows: None });

/// Makes a secret known, in each spelling in which it may come back. A key of several lines is known line by line.
pub fn know(secret: &SecretString) {
    let secret = secret.expose_secret().trim();
    let lines = secret.lines().map(str::trim).filter(|line| !line.starts_with("-----"));
    let spelled: Vec<String> = std::iter::once(secret).chain(lines).flat_map(spellings).collect();
    // A panic of another thread leaves the list as it was.
    let mut known = KNOWN.write().unwrap_or_else(std::sync::PoisonError::into_inner);
    let before = known.texts.len();
    for text in spelled {
        if text.len() >= MIN_LENGTH && !known.texts.contains(&text) {
            known.texts.push(text);
        }
    }
    if known.texts.len() > before {
        let find = |min: usize| {
            let texts = known.texts.iter().filter(|text| text.len() >= min);
            AhoCorasick::builder().match_kind(MatchKind::LeftmostLongest).build(texts).ok()
        };
        (known.everywhere, known.in_rows) = (find(MIN_LENGTH), find(MIN_LENGTH_IN_ROWS));
    }
}

/// As it is, in a string of JSON, and in an address, in upper and lower case.
fn spellings(secret: &str) -> Vec<String> {
    let json = serde_json::Value::from(secret).to_string();
    let escaped = |hexadecimal: fn(u8) -> String, space: &str| -> String {
        let each = secret.bytes().map(|byte| match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => char::from(byte).to_string(),
            b' ' => space.to_owned(),
            other => hexadecimal(other),
        });
        each.collect()
    };
    vec![
        secret.to_owned(),
        json.trim_matches('"').to_owned(),
        escaped(|byte| format!("%{byte:02X}"), "+"),
        escaped(|byte| format!("%{byte:02x}"), "+"),
        escaped(|byte| format!("%{byte:02X}"), "%20"),
        form_urlencoded::byte_serialize(secret.as_bytes()).collect(),
    ]
}

/// A text without known secrets, session ids of Salesforce, and users and passwords of addresses.
#[must_use]
pub fn mask(text: &str) -> Cow<'_, str> {
    let mut text = Cow::Borrowed(text);
    let without = {
        let known = KNOWN.read().unwrap_or_else(std::sync::PoisonError::into_inner);
        known.everywhere.as_ref().filter(|known| known.is_match(&*text)).map(|known| replaced(known, text.as_bytes()))
    };
    if let Some(without) = without {
        text = Cow::Owned(String::from_utf8_lossy(&without).into_owned());
    }
    for shape in [sessions, users_of_addresses] {
        if let Some(without) = without_shape(&text, shape) {
            text = Cow::Owned(without);
        }
    }
    text
}

/// As [`mask`], for rows of data: known secrets alone, and of those only what nobody writes by chance.
#[must_use]
pub fn mask_rows(rows: Vec<u8>) -> Vec<u8> {
    let known = KNOWN.read().unwrap_or_else(std::sync::PoisonError::into_inner);
    match known.in_rows.as_ref().filter(|known| known.is_match(&rows)) {
        Some(known) => replaced(known, &rows),
        None => rows,
    }
}

fn replaced(known: &AhoCorasick, bytes: &[u8]) -> Vec<u8> {
    known.replace_all_bytes(bytes, &vec![MASK; known.patterns_len()])
}

/// A text, [masked](mask) and then shortened to `most` characters. Shortened first, a part of a secret could remain, which is
/// not recognized.
#[must_use]
pub fn mask_and_shorten(text: &str, most: usize) -> String {
    let masked = mask(text);
    match masked.char_indices().nth(most) {
        Some((end, _)) => format!("{}…", &masked[..end]),
        None => masked.into_owned(),
    }
}

/// Replaces each part of a text that a shape finds; nothing where it finds none. A shape gives the parts in the order in
/// which they stand, and none overlaps another.
fn without_shape(text: &str, shape: fn(&str) -> Vec<(usize, usize)>) -> Option<String> {
    let (mut from, mut without) = (0, String::new());
    for (start, end) in shape(text) {
        without.push_str(&text[from..start]);
        without.push_str(MASK);
        from = end;
    }
    (from > 0).then(|| without + &text[from..])
}

/// Session ids: `00D` and the rest of an organization's id, an exclamation mark, and what is secret.
fn sessions(text: &str) -> Vec<(usize, usize)> {
    let bytes = text.as_bytes();
    let (mut found, mut from) = (Vec::new(), 0);
    for (mark, _) in text.match_indices('!') {
        let start = [15, 18].into_iter().find_map(|length| {
            let start = mark.checked_sub(length).filter(|&start| start >= from)?;
            let id = &bytes[start..mark];
            (id.starts_with(b"00D") && id.iter().all(u8::is_ascii_alphanumeric)).then_some(start)
        });
        let Some(start) = start else { continue };
        let secret = |byte: &&u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-' | b'/' | b'+');
        let length = bytes[mark + 1..].iter().take_while(secret).count();
        if length >= MIN_SESSION {
            from = mark + 1 + length;
            found.push((start, from));
        }
    }
    found
}

/// Users and passwords of addresses: what stands between `://` and the `@` before a host.
fn users_of_addresses(text: &str) -> Vec<(usize, usize)> {
    let ends = |c: char| c.is_whitespace() || matches!(c, '`' | '"' | '\'' | '<' | '>');
    let (mut found, mut from) = (Vec::new(), 0);
    // Where the address in hand ends, and its last `@`. Many `://` may stand in one, and looking for its end from each of
    // them would take the square of its length.
    let (mut end, mut last_at) = (0, None);
    for (mark, _) in text.match_indices("://") {
        let start = mark + 3;
        if mark < from {
            continue;
        }
        if start > end || end == 0 {
            let address = &text[start..];
            end = start + address.find(ends).unwrap_or(address.len());
            last_at = text[start..end].rfind('@').map(|at| start + at);
        }
        let address = &text[start..end];
        let host = &address[..address.find(['/', '?', '#']).unwrap_or(address.len())];
        if let Some(at) = host.rfind('@').filter(|&at| at > 0) {
            from = start + at;
            found.push((start, from));
            continue;
        }
        // A password with a slash in it ends what a parser takes for the host; a port is no password.
        let Some((_, password)) = host.split_once(':') else { continue };
        if let Some(at) = last_at.filter(|&at| at >= start && !password.bytes().all(|byte| byte.is_ascii_digit())) {
            from = at;
            found.push((start, from));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::{MASK, know, mask, mask_and_shorten, mask_rows};
    use secrecy::SecretString;

    #[test]
    fn a_known_secret_goes_in_each_of_its_spellings() {
        know(&SecretString::from("p\"a ss/wörd&0123456789".to_owned()));
        for spelled in [
            "p\"a ss/wörd&0123456789",
            "p\\\"a ss/wörd&0123456789",
            "p%22a+ss%2Fw%C3%B6rd%260123456789",
            "p%22a%20ss%2Fw%C3%B6rd%260123456789",
            "p%22a+ss%2fw%c3%b6rd%260123456789",
        ] {
            let text = format!("before {spelled} and {spelled} after");
            assert_eq!(mask(&text), format!("before {MASK} and {MASK} after"));
            assert_eq!(mask_rows(text.into_bytes()), format!("before {MASK} and {MASK} after").into_bytes());
        }
        know(&SecretString::from("-----BEGIN X-----\nMIIEvQIBADANBgkq\nhkiG9w0BAQEFAASC\n-----END X-----".to_owned()));
        assert_eq!(mask("hkiG9w0BAQEFAASC-----BEGIN X-----"), format!("{MASK}-----BEGIN X-----"));
    }

    #[test]
    fn a_short_secret_is_not_looked_for_in_rows() {
        know(&SecretString::from("short-secret-1".to_owned()));
        assert_eq!(mask("short-secret-1"), MASK);
        assert_eq!(mask_rows(b"short-secret-1".to_vec()), b"short-secret-1");
        know(&SecretString::from("tiny".to_owned()));
        assert_eq!(mask("tiny"), "tiny");
    }

    #[test]
    fn session_ids_and_passwords_of_addresses_go_by_their_shape() {
        for (text, masked) in [
            ("token 00D5g000009XyZA!AQ.unknown_one.", "token [secret]"),
            ("00D5g000009XyZAEA0!AQ.unknown_one", "[secret]"),
            ("two: 00D5g000009XyZA!AQ.unknown_one 00D5g000009XyZA!AQ.other_two", "two: [secret] [secret]"),
            ("the organization 00D5g000009XyZA! is read", "the organization 00D5g000009XyZA! is read"),
            ("`https://ada:pa$$@acme.example/x`", "`https://[secret]@acme.example/x`"),
            ("https://ada:p@ss@acme.example", "https://[secret]@acme.example"),
            ("https://ada:p/w@acme.example and http://key@h", "https://[secret]@acme.example and http://[secret]@h"),
            ("https://acme.example:8443/a@b", "https://acme.example:8443/a@b"),
            ("https://acme.example/a@b mail ada@example.com", "https://acme.example/a@b mail ada@example.com"),
        ] {
            assert_eq!(mask(text), masked);
        }
    }

    #[test]
    #[expect(clippy::disallowed_methods, reason = "the test measures how long it takes")]
    fn a_long_text_takes_no_longer_than_its_length() {
        for part in
            ["://", "://a:b", "://a:b/c@", "://a@", "00D", "!", "00D5g000009XyZA!", "00D5g000009XyZA!AQ.unknown_one"]
        {
            let text = part.repeat(1_000_000 / part.len());
            let before = std::time::Instant::now();
            assert!(!mask(&text).is_empty());
            assert!(before.elapsed() < std::time::Duration::from_secs(5), "{part}");
        }
    }

    #[test]
    fn a_text_is_shortened_after_it_is_masked() {
        know(&SecretString::from("a-secret-of-forty-one-characters-0123456789".to_owned()));
        let text = "a-secret-of-forty-one-characters-0123456789 and äöü";
        assert_eq!(mask_and_shorten(text, 20), format!("{MASK} and äöü"));
        assert_eq!(mask_and_shorten(text, 14), format!("{MASK} and ä…"));
    }
}
