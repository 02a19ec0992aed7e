//! What must not leave the house: addresses, tokens, and the values of persons that the one who asks knows.
//!
//! A value that is found is never told, but for its first two characters.

use std::collections::BTreeMap;
use std::io::Read as _;

use aho_corasick::AhoCorasick;

use super::content::Described;
use super::{Entry, MOST_TOLD};
use crate::diagnosis::{Area, Line};
use crate::model::id::SfId;

/// Shorter values occur by chance.
const SHORTEST: usize = 4;

/// Something that was found: of which kind, and how it begins.
struct Leak {
    kind: &'static str,
    start: String,
}

pub(super) fn check(
    entries: &[Entry],
    described: &BTreeMap<String, Described>,
    values: &[String],
    lines: &mut Vec<Line>,
) {
    let (looked_for, plain): (Vec<&String>, Vec<&String>) = values.iter().partition(|value| is_telling(value));
    let folded: Vec<String> = looked_for.iter().map(|value| value.trim().to_lowercase()).collect();
    let Ok(known) = AhoCorasick::new(&folded) else {
        let next = "give fewer values";
        lines.push(Line::fail(Area::Persons, "values of persons", "are too many to be looked for", next));
        return;
    };
    let mut found = Vec::new();
    for entry in entries {
        let by_consent = described.get(&entry.path).is_some_and(|described| described.class == "personal");
        for (text, number) in lines_of(entry) {
            let line = text.as_str();
            // Whoever opens the case gives an address there.
            if ["Contact: ", "Contact-Name: ", "Contact-Email: "].iter().any(|label| line.starts_with(label)) {
                continue;
            }
            let readable = readable(line);
            let mut leaks = patterns(&readable);
            let lower = readable.to_lowercase();
            leaks.extend(
                known
                    .find_iter(&lower)
                    .filter(|hit| is_word(&lower, hit.start(), hit.end()))
                    .map(|hit| Leak { kind: "a value of a person", start: lower[hit.start()..hit.end()].to_owned() }),
            );
            found.extend(leaks.into_iter().map(|leak| told(entry, number, &leak, by_consent)));
        }
    }
    let looked = format!(
        "no address, no token and none of {} known values was found; {} are too plain to be looked for. This is a net, not a promise",
        looked_for.len(),
        plain.len()
    );
    if found.is_empty() {
        lines.push(Line::pass(Area::Persons, "values of persons", looked));
        return;
    }
    let left_out = found.len().saturating_sub(MOST_TOLD);
    lines.extend(found.into_iter().take(MOST_TOLD));
    if left_out > 0 {
        let next = "see the places above first";
        lines.push(Line::fail(Area::Persons, "values of persons", format!("and {left_out} more places"), next));
    }
}

fn told(entry: &Entry, line: usize, leak: &Leak, by_consent: bool) -> Line {
    let start: String = leak.start.chars().take(2).collect();
    let (what, found) = (format!("{}, line {line}", entry.path), format!("{} (`{start}\u{2026}`)", leak.kind));
    if by_consent && leak.kind != TOKEN {
        let next = "see data/redaction/report.json for whose consent it is";
        return Line::warn(Area::Persons, what, format!("{found}, by consent"), next);
    }
    Line::fail(Area::Persons, what, found, "do not send it; make the pack again, and report this if it comes back")
}

/// The lines of a file with their numbers; of a workbook the cells of its parts, which are its texts.
fn lines_of(entry: &Entry) -> Vec<(String, usize)> {
    if !entry.path.ends_with(".xlsx") {
        let text = String::from_utf8_lossy(&entry.bytes);
        return text.lines().map(str::to_owned).zip(1..).collect();
    }
    let mut lines = Vec::new();
    let Ok(mut zip) = zip::ZipArchive::new(std::io::Cursor::new(&entry.bytes)) else { return lines };
    let mut room = MOST_OF_WORKBOOK;
    for at in 0..zip.len() {
        let Ok(mut part) = zip.by_index(at) else { continue };
        let mut bytes = Vec::new();
        if part.by_ref().take(room).read_to_end(&mut bytes).is_err() {
            continue;
        }
        room -= bytes.len() as u64;
        // The name of a kind of relation, and addresses of schemas, are no texts of a cell.
        let text = String::from_utf8_lossy(&bytes);
        lines.extend(text.split(['<', '>']).filter(|text| !text.trim().is_empty()).map(unescaped).zip(1..));
    }
    lines
}

/// Bytes of a workbook's parts that are read.
const MOST_OF_WORKBOOK: u64 = 500 * 1_024 * 1_024;

/// What XML writes otherwise as it reads.
fn unescaped(text: &str) -> String {
    if !text.contains('&') {
        return text.to_owned();
    }
    text.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&apos;", "'").replace("&amp;", "&")
}

/// Whether a value says something of its own: not short, no number, no record's id, and more than one plain word.
fn is_telling(value: &str) -> bool {
    let value = value.trim();
    let one_word = value.chars().all(char::is_alphabetic);
    let number = value.chars().all(|c| c.is_ascii_digit() || matches!(c, '.' | '-' | ':' | ' ' | '/'));
    value.chars().count() >= SHORTEST && !one_word && !number && SfId::repair(value.as_bytes()).is_none()
}

/// Whether the place is not the inside of a longer word.
fn is_word(text: &str, start: usize, end: usize) -> bool {
    let before = text[..start].chars().next_back();
    let after = text[end..].chars().next();
    !before.is_some_and(char::is_alphanumeric) && !after.is_some_and(char::is_alphanumeric)
}

/// The line with what JSON and addresses write otherwise as it reads.
fn readable(line: &str) -> String {
    let mut text = line.replace("\\u0040", "@").replace("%40", "@").replace("&#64;", "@").replace("&#x40;", "@");
    if text.contains("\\u") {
        // A name in JSON can stand in escapes throughout.
        let mut plain = String::with_capacity(text.len());
        let mut rest = text.as_str();
        while let Some(at) = rest.find("\\u") {
            plain.push_str(&rest[..at]);
            let code =
                rest.get(at + 2..at + 6).and_then(|hex| u32::from_str_radix(hex, 16).ok()).and_then(char::from_u32);
            match code {
                Some(c) => {
                    plain.push(c);
                    rest = &rest[at + 6..];
                }
                None => {
                    plain.push_str("\\u");
                    rest = &rest[at + 2..];
                }
            }
        }
        plain.push_str(rest);
        text = plain;
    }
    text
}

const TOKEN: &str = "a token or a secret";

fn patterns(text: &str) -> Vec<Leak> {
    let mut leaks = addresses(text);
    leaks.extend(tokens(text));
    leaks
}

/// E-mail addresses: something, an at sign, and a domain with a dot and letters behind it.
fn addresses(text: &str) -> Vec<Leak> {
    let local = |c: char| c.is_alphanumeric() || matches!(c, '.' | '_' | '%' | '+' | '-' | '\'');
    let domain = |c: char| c.is_alphanumeric() || matches!(c, '.' | '-');
    text.match_indices('@')
        .filter_map(|(at, _)| {
            let start =
                text[..at].char_indices().rev().take_while(|&(_, c)| local(c)).last().map(|(start, _)| start)?;
            let end = text[at + 1..].find(|c| !domain(c)).map_or(text.len(), |end| at + 1 + end);
            let host = text[at + 1..end].trim_end_matches(['.', '-']);
            let (_, top) = host.rsplit_once('.')?;
            (top.len() >= 2 && top.chars().all(char::is_alphabetic))
                .then(|| Leak { kind: "an e-mail address", start: text[start..end].to_owned() })
        })
        .collect()
}

/// Sessions of Salesforce, signed tokens, headers, keys, and secrets that stand behind their name.
fn tokens(text: &str) -> Vec<Leak> {
    let run = |from: usize, of: fn(char) -> bool| text[from..].chars().take_while(|&c| of(c)).count();
    let symbol = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-' | '+' | '/' | '=' | '~');
    let mut found = Vec::new();
    for (at, _) in text.match_indices("00D") {
        let id = run(at, |c| c.is_ascii_alphanumeric());
        if matches!(id, 15 | 18) && text[at + id..].starts_with('!') && run(at + id + 1, symbol) >= 20 {
            found.push(at);
        }
    }
    for (at, _) in text.match_indices("eyJ") {
        let parts: Vec<&str> = text[at..].split(|c: char| !symbol(c)).next().unwrap_or("").split('.').collect();
        if parts.len() >= 3 && parts[0].len() >= 10 && parts[1].len() >= 10 {
            found.push(at);
        }
    }
    let lower = text.to_ascii_lowercase();
    for name in [
        "bearer ",
        "client_secret=",
        "client_secret\":\"",
        "access_token=",
        "access_token\":\"",
        "refresh_token=",
        "refresh_token\":\"",
        "sid=",
        "password=",
        "assertion=",
    ] {
        for (at, _) in lower.match_indices(name) {
            if run(at + name.len(), symbol) >= 8 {
                found.push(at);
            }
        }
    }
    found.extend(text.match_indices("-----BEGIN ").map(|(at, _)| at));
    for (at, _) in text.match_indices("://") {
        let authority = text[at + 3..].split(['/', '?', '#', ' ', '"']).next().unwrap_or("");
        if authority.split_once('@').is_some_and(|(user, _)| user.contains(':')) {
            found.push(at);
        }
    }
    found.into_iter().map(|at| Leak { kind: TOKEN, start: text[at..].chars().take(2).collect() }).collect()
}
