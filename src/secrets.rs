//! The secrets that this process knows, and the only code that removes them from output.
//!
//! Code that obtains a secret (a token, a key, the address of a webhook) [registers](know) it. All output that may
//! contain foreign text, such as an answer of Salesforce, goes through [`mask`] first: a server may echo what it
//! received.
//!
//! Must not know: where a text goes.

mod encoded;

use std::borrow::Cow;
use std::sync::RwLock;

use aho_corasick::{AhoCorasick, MatchKind};
use encoded::Parts;
use secrecy::{ExposeSecret as _, SecretString};

/// Replacement for a secret.
pub const MASK: &str = "[secret]";
/// Shorter texts also occur as ordinary words.
const MIN_LENGTH: usize = 8;
/// Shorter secrets are not masked in rows of data, which must not change by chance.
const MIN_LENGTH_IN_ROWS: usize = 20;
/// Minimum number of characters after the exclamation mark of a session id, or after the prefix of another token.
const MIN_SESSION: usize = 8;
/// The prefix of Salesforce refresh tokens.
const REFRESH_TOKEN: &str = "5Aep861";
/// The prefix of signed tokens (JWT) and of each of their first two parts: `{"` in Base64.
const SIGNED_TOKEN: &str = "eyJ";
/// The exclamation mark of a session id, unescaped and escaped in addresses, in HTML and in JSON.
const MARKS: [&str; 7] = ["!", "%21", "%2521", "&#33;", "&#x21;", "&excl;", "\\u0021"];

struct Known {
    texts: Vec<String>,
    everywhere: Option<AhoCorasick>,
    in_rows: Option<AhoCorasick>,
    parts: Parts,
}

static KNOWN: RwLock<Known> =
    RwLock::new(Known { texts: Vec::new(), everywhere: None, in_rows: None, parts: Parts::none() });

/// Registers a secret in each spelling in which it may come back. A multi-line key is registered line by line.
pub fn know(secret: &SecretString) {
    let secret = secret.expose_secret().trim();
    let lines = secret.lines().map(str::trim).filter(|line| !line.starts_with("-----"));
    // Without the id of the organization, which is not secret, the rest of a session id still is.
    let session = secret.split_once('!').filter(|(org, _)| org.starts_with("00D")).map(|(_, session)| session);
    let spelled: Vec<String> = std::iter::once(secret).chain(lines).chain(session).flat_map(spellings).collect();
    // A panic in another thread leaves the list intact.
    let mut known = KNOWN.write().unwrap_or_else(std::sync::PoisonError::into_inner);
    let before = known.texts.len();
    for text in spelled {
        if text.len() >= MIN_LENGTH && !known.texts.contains(&text) {
            known.texts.push(text);
        }
    }
    if known.texts.len() > before {
        known.parts.add(secret);
        let find = |min: usize| {
            let texts = known.texts.iter().filter(|text| text.len() >= min);
            AhoCorasick::builder().match_kind(MatchKind::LeftmostLongest).build(texts).ok()
        };
        (known.everywhere, known.in_rows) = (find(MIN_LENGTH), find(MIN_LENGTH_IN_ROWS));
    }
}

/// The secret unescaped, in a JSON string, and in an address, in upper and lower case.
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

/// Masks known secrets, parts of them in any [encoding](encoded), unregistered Salesforce tokens, and users and
/// passwords in addresses.
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
    for shape in [sessions, tokens, users_of_addresses, parts_of_secrets] {
        if let Some(without) = without_shape(&text, shape) {
            text = Cow::Owned(without);
        }
    }
    text
}

/// Like [`mask`], for rows of data: only known secrets that nobody writes by chance.
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

/// [Masks](mask) a text, then shortens it to `most` characters. Shortening first could leave an unrecognizable part of
/// a secret.
#[must_use]
pub fn mask_and_shorten(text: &str, most: usize) -> String {
    let masked = mask(text);
    match masked.char_indices().nth(most) {
        Some((end, _)) => format!("{}…", &masked[..end]),
        None => masked.into_owned(),
    }
}

/// Masks each part of a text that `shape` finds; `None` if there are none. `shape` returns the parts in order, without
/// overlaps.
fn without_shape(text: &str, shape: fn(&str) -> Vec<(usize, usize)>) -> Option<String> {
    let (mut from, mut without) = (0, String::new());
    for (start, end) in shape(text) {
        without.push_str(&text[from..start]);
        without.push_str(MASK);
        from = end;
    }
    (from > 0).then(|| without + &text[from..])
}

/// Parts of known secrets, encoded or not.
fn parts_of_secrets(text: &str) -> Vec<(usize, usize)> {
    KNOWN.read().unwrap_or_else(std::sync::PoisonError::into_inner).parts.found_in(text)
}

/// Refresh tokens and signed tokens, by prefix.
fn tokens(text: &str) -> Vec<(usize, usize)> {
    let mut begins: Vec<(usize, &str)> =
        [REFRESH_TOKEN, SIGNED_TOKEN].iter().flat_map(|begin| text.match_indices(begin)).collect();
    begins.sort_unstable();
    let (mut found, mut from) = (Vec::new(), 0);
    for (start, begin) in begins.into_iter().filter(|(start, _)| !is_within_word(text, *start)) {
        if start < from {
            continue;
        }
        let rest = &text[start..];
        let end = rest.find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-')));
        let token = &rest[..end.unwrap_or(rest.len())];
        let is_token = match begin {
            SIGNED_TOKEN => token.split('.').nth(1).is_some_and(|claims| claims.starts_with(SIGNED_TOKEN)),
            _ => token.len() >= begin.len() + MIN_SESSION,
        };
        if is_token {
            from = start + token.len();
            found.push((start, from));
        }
    }
    found
}

/// Whether a word continues at this position, so that a long word is scanned once rather than from each of its
/// characters.
fn is_within_word(text: &str, start: usize) -> bool {
    text[..start].ends_with(|c: char| c.is_ascii_alphanumeric())
}

/// Session ids: `00D` and the rest of an organization's id, an exclamation mark, and the secret part.
fn sessions(text: &str) -> Vec<(usize, usize)> {
    let bytes = text.as_bytes();
    let mut marks: Vec<(usize, &str)> = MARKS.iter().flat_map(|mark| text.match_indices(mark)).collect();
    marks.sort_unstable();
    let (mut found, mut from) = (Vec::new(), 0);
    for (mark, spelled) in marks {
        let start = [15, 18].into_iter().find_map(|length| {
            let start = mark.checked_sub(length).filter(|&start| start >= from)?;
            let id = &bytes[start..mark];
            (id.starts_with(b"00D") && id.iter().all(u8::is_ascii_alphanumeric)).then_some(start)
        });
        let Some(start) = start else { continue };
        let secret = |byte: &&u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-' | b'/' | b'+');
        let behind = mark + spelled.len();
        let length = bytes[behind..].iter().take_while(secret).count();
        if length >= MIN_SESSION {
            from = behind + length;
            found.push((start, from));
        }
    }
    found
}

/// Users and passwords in addresses: the text between `://` and the `@` before a host.
fn users_of_addresses(text: &str) -> Vec<(usize, usize)> {
    let ends = |c: char| c.is_whitespace() || matches!(c, '`' | '"' | '\'' | '<' | '>');
    let (mut found, mut from) = (Vec::new(), 0);
    // End of the current address, and its last `@`. An address may contain many `://`, and searching for its end from
    // each would take quadratic time.
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
        // A parser ends the host at a slash in a password; a port is not a password.
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

    /// What a server may echo of a secret, by name.
    fn encodings(secret: &str) -> Vec<(&'static str, String)> {
        use data_encoding::{BASE64, BASE64_NOPAD, BASE64URL, HEXLOWER, HEXUPPER};
        let bytes = secret.as_bytes();
        let each = |format: fn(u8) -> String| -> String { bytes.iter().map(|&byte| format(byte)).collect() };
        let percent = |text: &str| text.replace('%', "%25").replace('!', "%21");
        vec![
            ("Base64", BASE64.encode(bytes)),
            ("Base64 behind one byte", BASE64.encode(format!("x{secret}").as_bytes())),
            ("Base64 behind two bytes", BASE64.encode(format!("xy{secret}").as_bytes())),
            (
                "Base64 in a text",
                BASE64_NOPAD.encode(format!("Authorization: Bearer {secret}\r\nAccept: */*").as_bytes()),
            ),
            ("Base64 of addresses", BASE64URL.encode(bytes)),
            ("Base64, escaped", BASE64.encode(format!("xy{secret}").as_bytes()).replace('=', "%3D")),
            ("hexadecimal", HEXLOWER.encode(bytes)),
            ("HEXADECIMAL", HEXUPPER.encode(bytes)),
            ("hexadecimal behind half a byte", format!("a{}", HEXLOWER.encode(bytes))),
            ("escaped once", percent(secret)),
            ("escaped twice", percent(&percent(secret))),
            ("each byte escaped", each(|byte| format!("%{byte:02x}"))),
            ("each byte escaped twice", each(|byte| format!("%25{byte:02X}"))),
            ("JSON", secret.replace('!', "\\u0021")),
            ("each byte in JSON", each(|byte| format!("\\u{byte:04x}"))),
            ("HTML", secret.replace('!', "&#33;")),
            ("HTML by name", secret.replace('!', "&excl;").replace('.', "&period;")),
            ("each byte in HTML", each(|byte| format!("&#{byte};"))),
            ("each byte in hexadecimal HTML", each(|byte| format!("&#x{byte:X};"))),
            ("backwards", secret.chars().rev().collect()),
            ("in lower case", secret.to_lowercase()),
            ("IN UPPER CASE", secret.to_uppercase()),
            ("apart", secret.replace('!', " ! ")),
            ("with another organization", secret.replace("00D", "00E")),
        ]
    }

    #[test]
    fn a_known_secret_goes_in_whatever_encoding() {
        let token = "00D5g000004XyZw!AQEAQJq7Xv3.b2hMYl_Zk9TqP0uVw8nRcE1gHsDfLaKiOxB6t";
        let id = "3MVG9rZjd7MXFdLhSKI7aMVDTapUmHhDlg4uv8l.jzYZ2bJcN";
        for secret in [token, id, "https://hooks.example.com/services/T0/B0/pQ7sKd93LmZx0aVb4TnYw2Ec"] {
            know(&SecretString::from(secret.to_owned()));
            for (name, encoded) in encodings(secret) {
                for text in [
                    format!("before {encoded} after"),
                    format!("[{{\"message\":\"{encoded}\"}}]"),
                    format!("/services/data/v67.0/query/{encoded}"),
                ] {
                    let masked = mask(&text);
                    assert!(masked.contains(MASK) && masked.len() < text.len(), "{name}: {masked}");
                    // No part of it remains, in any of these encodings.
                    for (_, other) in encodings(&secret[secret.len() - 20..]) {
                        assert!(!masked.contains(&other), "{name}: {masked}");
                    }
                    assert!(masked.len() < 100, "{name}: {masked}");
                    let ends = text.starts_with('/') || masked.contains("after") || masked.ends_with("\"}]");
                    assert!(ends, "{name}: what follows is told: {masked}");
                    assert_eq!(mask(&masked), masked, "{name}: masked again");
                }
            }
        }
        let path = format!("/services/data/v67.0/query/{}-2000", data_encoding::HEXLOWER.encode(token.as_bytes()));
        assert_eq!(mask(&path), format!("/services/data/v67.0/query/{MASK}"));
        // Eight characters of a secret suffice, in a run that is long enough.
        assert_eq!(mask("x=0123456789abcJq7Xv3.b2"), format!("x={MASK}"));
        for harmless in [
            "/services/data/v67.0/sobjects/Contact/0035g000004XyZwAAK/describe of 00D5g000004XyZwEAK",
            "https://hooks.example.com/services/T0/B0 answered 403 Forbidden",
            "SELECT Id, docebo_v3__EnrollmentCompletionDate__c FROM docebo_v3__CourseEnrollment__c",
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        ] {
            assert_eq!(mask(harmless), harmless);
        }
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
            ("in a path 00D5g000009XyZA%21AQ.unknown_one/x", "in a path [secret]"),
            ("in HTML 00D5g000009XyZA&#33;AQ.unknown_one.", "in HTML [secret]"),
            ("refresh 5Aep861KbQ.unknown_two, see", "refresh [secret], see"),
            (
                "force://PlatformCLI::5Aep861KbQ.unknown_two@acme.my.salesforce.com",
                "force://[secret]@acme.my.salesforce.com",
            ),
            ("5Aep861 is how they begin", "5Aep861 is how they begin"),
            ("id eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJ4In0.c2ln!", "id [secret]!"),
            ("eyJhbGciOiJSUzI1NiJ9.html", "eyJhbGciOiJSUzI1NiJ9.html"),
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
        for part in [
            "5Aep861",
            "eyJ",
            ".eyJ",
            "eyJ.",
            "%25",
            "&#",
            "\\u0021",
            "&",
            "://",
            "://a:b",
            "://a:b/c@",
            "://a@",
            "00D",
            "!",
            "00D5g000009XyZA!",
            "00D5g000009XyZA!AQ.unknown_one",
        ] {
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
