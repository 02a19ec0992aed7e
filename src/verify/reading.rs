//! A line in raw and decoded form: what JSON, CSV, XML and URLs escape.
//!
//! Must not know: what is searched for.

use std::borrow::Cow;

/// Maximum bytes of an entity from `&` to `;`, both included.
const MAX_ENTITY: usize = 11;
/// The first of the letters that [`LATIN`] names.
const FIRST_LATIN: u32 = 0xc0;
/// HTML entity names of the Latin-1 letters, in order.
const LATIN: [&str; 64] = [
    "Agrave", "Aacute", "Acirc", "Atilde", "Auml", "Aring", "AElig", "Ccedil", "Egrave", "Eacute", "Ecirc", "Euml",
    "Igrave", "Iacute", "Icirc", "Iuml", "ETH", "Ntilde", "Ograve", "Oacute", "Ocirc", "Otilde", "Ouml", "times",
    "Oslash", "Ugrave", "Uacute", "Ucirc", "Uuml", "Yacute", "THORN", "szlig", "agrave", "aacute", "acirc", "atilde",
    "auml", "aring", "aelig", "ccedil", "egrave", "eacute", "ecirc", "euml", "igrave", "iacute", "icirc", "iuml",
    "eth", "ntilde", "ograve", "oacute", "ocirc", "otilde", "ouml", "divide", "oslash", "ugrave", "uacute", "ucirc",
    "uuml", "yacute", "thorn", "yuml",
];
/// Maximum nested layers of escaping, such as JSON in a table cell.
const LAYERS: usize = 3;

/// The text, and each decoded form of it.
pub(super) fn readings(text: &str) -> Vec<Cow<'_, str>> {
    let mut all = vec![Cow::Borrowed(text)];
    for _ in 0..LAYERS {
        let Some(next) = all.last().and_then(|last| plainer(last)) else { break };
        all.push(Cow::Owned(next));
    }
    all
}

/// The text with one layer decoded. `None` if nothing is escaped.
fn plainer(text: &str) -> Option<String> {
    if !text.contains(['\\', '%', '&', '\u{ff20}']) && !text.contains("\"\"") {
        return None;
    }
    let plain = undoubled(&unpercented(&unescaped(&from_json(text)))).replace('\u{ff20}', "@");
    (plain != text).then_some(plain)
}

fn undoubled(text: &str) -> String {
    text.replace("\"\"", "\"")
}

/// Decodes XML and HTML entities.
pub(super) fn unescaped(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        plain.push_str(&rest[..at]);
        rest = &rest[at..];
        // Limited to an entity's length: searching to the end would take forever on a text of `&` alone.
        let end = rest.bytes().take(MAX_ENTITY).position(|byte| byte == b';');
        let entity = end.and_then(|end| Some((character(&rest[1..end])?, end)));
        match entity {
            Some((c, end)) => {
                plain.push(c);
                rest = &rest[end + 1..];
            }
            None => {
                plain.push('&');
                rest = &rest[1..];
            }
        }
    }
    plain.push_str(rest);
    plain
}

fn character(entity: &str) -> Option<char> {
    let number = |digits: &str, radix| u32::from_str_radix(digits, radix).ok().and_then(char::from_u32);
    match entity {
        "lt" => Some('<'),
        "gt" => Some('>'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        "amp" => Some('&'),
        "commat" => Some('@'),
        "nbsp" => Some(' '),
        _ => {
            if let Some(place) = LATIN.iter().position(|name| *name == entity) {
                return u32::try_from(place).ok().and_then(|place| char::from_u32(FIRST_LATIN + place));
            }
            let digits = entity.strip_prefix('#')?;
            match digits.strip_prefix(['x', 'X']) {
                Some(hex) => number(hex, 16),
                None => number(digits, 10),
            }
        }
    }
}

fn unpercented(text: &str) -> String {
    if !text.contains('%') {
        return text.to_owned();
    }
    let bytes = text.as_bytes();
    let mut plain = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let hex = bytes.get(at + 1..at + 3).filter(|hex| byte == b'%' && hex.iter().all(u8::is_ascii_hexdigit));
        let code = hex.and_then(|hex| std::str::from_utf8(hex).ok()).and_then(|hex| u8::from_str_radix(hex, 16).ok());
        plain.push(code.unwrap_or(byte));
        at += if code.is_some() { 3 } else { 1 };
    }
    String::from_utf8_lossy(&plain).into_owned()
}

/// Decodes the escapes of a JSON string or part of one.
fn from_json(text: &str) -> String {
    if !text.contains('\\') {
        return text.to_owned();
    }
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('\\') {
        plain.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        let Some(next) = rest.chars().next() else {
            plain.push('\\');
            break;
        };
        if next == 'u'
            && let Some((c, length)) = code_point(rest)
        {
            plain.push(c);
            rest = &rest[length..];
            continue;
        }
        match next {
            '"' | '\\' | '/' => plain.push(next),
            'n' | 't' | 'r' | 'b' | 'f' => plain.push(' '),
            _ => {
                plain.push('\\');
                plain.push(next);
            }
        }
        rest = &rest[next.len_utf8()..];
    }
    plain.push_str(rest);
    plain
}

/// The character of `uXXXX` or of a surrogate pair, and its encoded length.
fn code_point(text: &str) -> Option<(char, usize)> {
    let unit = |text: &str| text.strip_prefix('u')?.get(..4).and_then(|hex| u32::from_str_radix(hex, 16).ok());
    let first = unit(text)?;
    if let Some(c) = char::from_u32(first) {
        return Some((c, 5));
    }
    let second = unit(text.get(5..)?.strip_prefix('\\')?)?;
    if !(0xd800..0xdc00).contains(&first) || !(0xdc00..0xe000).contains(&second) {
        return None;
    }
    char::from_u32(0x1_0000 + ((first - 0xd800) << 10) + (second - 0xdc00)).map(|c| (c, 11))
}
