//! Confidential content: addresses, tokens, and the personal values that the verifier knows.
//!
//! A value that is found is never shown, except its first two characters.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read as _;

use aho_corasick::AhoCorasick;
use serde_json::Value;

use super::content::Described;
use super::reading::{readings, unescaped};
use super::tokens::tokens;
use super::{Entry, MAX_SHOWN, archive};
use crate::diagnosis::{Area, DoctorCheck};
use crate::model::id::RecordId;
use crate::model::text::escape_controls;

/// Minimum characters of a value; shorter ones occur by chance.
const SHORTEST: usize = 4;
/// Files that name the person opening the case, in lines that begin with one of [`CONTACT`].
const NAMING: [&str; 4] = ["README.txt", "ticket.txt", "ticket.md", "bag-info.txt"];
const CONTACT: [&str; 3] = ["Contact: ", "Contact-Name: ", "Contact-Email: "];
/// Maximum bytes read of a workbook's parts.
const MAX_OF_WORKBOOK: u64 = 500 * 1_024 * 1_024;

/// Kind of a leak.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Address,
    Value,
    /// A value that is one plain word, which may occur by chance.
    Word,
    Token,
}

impl Kind {
    const fn description(self) -> &'static str {
        match self {
            Self::Address => "an e-mail address",
            Self::Value => "a value of a person",
            Self::Word => "a known value that is one plain word",
            Self::Token => "a token or a secret",
        }
    }
}

/// Personal values, prepared for searching.
pub(super) struct Persons {
    find: AhoCorasick,
    /// For each pattern, whether it is one plain word.
    words: Vec<bool>,
    looked_for: usize,
    plain: usize,
}

impl Persons {
    /// `None` if there are too many.
    pub(super) fn new(values: &[String]) -> Option<Self> {
        let mut patterns: BTreeMap<String, bool> = BTreeMap::new();
        let (mut looked_for, mut plain) = (0, 0);
        for value in values {
            let shown = escape_controls(value);
            // A multi-line value is searched for by line, because the files are read by line.
            let forms: BTreeSet<&str> = value.lines().chain([value.as_str(), &*shown]).map(str::trim).collect();
            let detail: Vec<&str> = forms.into_iter().filter(|form| is_telling(form)).collect();
            if detail.is_empty() {
                plain += 1;
            } else {
                looked_for += 1;
            }
            for form in detail {
                patterns.insert(form.to_lowercase(), form.chars().all(char::is_alphabetic));
            }
        }
        let find = AhoCorasick::new(patterns.keys()).ok()?;
        Some(Self { find, words: patterns.into_values().collect(), looked_for, plain })
    }

    /// Adds the values found in a lowercase text.
    fn find_in(&self, lower: &str, found: &mut Found) {
        // Overlapping: otherwise a value would hide a longer one that begins with it.
        for hit in self.find.find_overlapping_iter(lower) {
            if is_word(lower, hit.start(), hit.end()) {
                let word = self.words.get(hit.pattern().as_usize()).is_some_and(|word| *word);
                let kind = if word { Kind::Word } else { Kind::Value };
                found.insert((kind, lower[hit.start()..hit.end()].to_owned()));
            }
        }
    }

    /// Whether a text reveals no person or secret, so that a message may quote it.
    pub(super) fn are_not_in(&self, text: &str) -> bool {
        in_text(text, self).is_empty()
    }
}

/// Leaks in one text: each kind and value once.
type Found = BTreeSet<(Kind, String)>;

fn in_text(text: &str, persons: &Persons) -> Found {
    let mut found = Found::new();
    for reading in readings(text) {
        let lower = reading.to_lowercase();
        persons.find_in(&lower, &mut found);
        if lower.contains('+') {
            // Forms and URL queries write spaces as `+`.
            persons.find_in(&lower.replace('+', " "), &mut found);
        }
        for address in addresses(&reading) {
            let address = address.to_lowercase();
            if !found.contains(&(Kind::Value, address.clone())) {
                found.insert((Kind::Address, address));
            }
        }
        found.extend(tokens(&reading).into_iter().map(|token| (Kind::Token, token)));
    }
    found
}

/// Leaks in all files.
#[derive(Default)]
struct Leaks {
    failed: Vec<DoctorCheck>,
    warned: Vec<DoctorCheck>,
    left_out: usize,
    /// Matches of one plain word, by file: the first position, its masked value, and the count.
    words: BTreeMap<String, (String, String, usize)>,
}

impl Leaks {
    fn add(&mut self, path: &str, place: &str, by_consent: bool, found: Found) {
        for (kind, value) in found {
            let (what, masked) = (format!("{path}, {place}"), masked(kind, &value));
            if kind == Kind::Word {
                self.words.entry(path.to_owned()).or_insert((what, masked, 0)).2 += 1;
                continue;
            }
            let found = format!("{} (`{masked}`)", kind.description());
            let (list, line) = if by_consent && kind != Kind::Token {
                let next = "see data/redaction/report.json for whose consent it is";
                let found = format!("{found}, by consent");
                (&mut self.warned, DoctorCheck::warn(Area::Persons, what, found, next))
            } else {
                let next = "do not send it; make the pack again, and report this if it comes back";
                (&mut self.failed, DoctorCheck::fail(Area::Persons, what, found, next))
            };
            if list.len() < MAX_SHOWN {
                list.push(line);
            } else if line.state == crate::diagnosis::State::Fail {
                self.left_out += 1;
            }
        }
    }
}

pub(super) fn check(
    entries: &[Entry],
    described: &BTreeMap<String, Described>,
    values: &[String],
    lines: &mut Vec<DoctorCheck>,
) {
    let Some(persons) = Persons::new(values) else {
        let next = "give fewer values";
        lines.push(DoctorCheck::fail(Area::Persons, "values of persons", "are too many to be looked for", next));
        return;
    };
    let consented = consented(entries);
    let mut leaks = Leaks::default();
    for (entry, number) in entries.iter().zip(1..) {
        let class = described.get(&entry.path).map(|described| described.class.as_str());
        let by_consent = consented && class == Some("personal");
        leaks.add(&format!("entry {number}"), "its name", false, in_text(&entry.path, &persons));
        if entry.path.ends_with(".xlsx") {
            if workbook(entry, by_consent, &persons, &mut leaks).is_none() {
                let next = "leave the workbook out, or make the pack again";
                leaks.failed.push(DoctorCheck::fail(Area::Persons, entry.path.as_str(), "cannot be looked into", next));
            }
            continue;
        }
        let names = NAMING.contains(&entry.path.as_str());
        for (line, number) in String::from_utf8_lossy(&entry.bytes).lines().zip(1_usize..) {
            if line.len() < SHORTEST {
                continue;
            }
            let mut found = in_text(line, &persons);
            if names && CONTACT.iter().any(|label| line.starts_with(label)) {
                // The person opening the case is named there; a secret still counts.
                found.retain(|(kind, _)| *kind == Kind::Token);
            }
            if !found.is_empty() {
                leaks.add(&entry.path, &format!("line {number}"), by_consent, found);
            }
        }
    }
    report(leaks, &persons, lines);
}

fn report(leaks: Leaks, persons: &Persons, lines: &mut Vec<DoctorCheck>) {
    let (looked_for, plain) = (persons.looked_for, persons.plain);
    if leaks.failed.is_empty() {
        let others = if leaks.warned.is_empty() && leaks.words.is_empty() { "" } else { " but for what is told below" };
        let looked = format!(
            "no address, no token and none of {looked_for} known values was found{others}; {plain} are too plain to be looked for. This is a net, not a promise"
        );
        lines.push(DoctorCheck::pass(Area::Persons, "values of persons", looked));
    }
    lines.extend(leaks.failed);
    if leaks.left_out > 0 {
        let found = format!("and {} more places", leaks.left_out);
        lines.push(DoctorCheck::fail(Area::Persons, "values of persons", found, "see the places above first"));
    }
    lines.extend(leaks.warned);
    for (what, masked, count) in leaks.words.into_values().take(MAX_SHOWN) {
        let more = if count > 1 { format!(", and {} more like it in the file", count - 1) } else { String::new() };
        let found = format!("{} (`{masked}`){more}", Kind::Word.description());
        lines.push(DoctorCheck::warn(Area::Persons, what, found, "see whether it is the person, or the word"));
    }
}

/// Whether the pack states a consent to unredacted values.
fn consented(entries: &[Entry]) -> bool {
    let report = entries.iter().find(|entry| entry.path == "data/redaction/report.json");
    let report: Option<Value> = report.and_then(|entry| serde_json::from_slice(&entry.bytes).ok());
    report.is_some_and(|report| report["raw"]["consent"].as_str().is_some_and(|message| !message.trim().is_empty()))
}

/// The texts of a workbook, which is an archive itself: the content and the attributes of its parts. `None` if not
/// everything can be read.
fn workbook(entry: &Entry, by_consent: bool, persons: &Persons, leaks: &mut Leaks) -> Option<()> {
    let mut zip = zip::ZipArchive::new(std::io::Cursor::new(&entry.bytes)).ok()?;
    if zip.len() > archive::MAX_ENTRIES {
        return None;
    }
    let mut room = archive::remaining_bytes(&entry.bytes, MAX_OF_WORKBOOK);
    for at in 0..zip.len() {
        let mut part = zip.by_index(at).ok()?;
        let mut bytes = Vec::new();
        part.by_ref().take(room).read_to_end(&mut bytes).ok()?;
        room = room.checked_sub(bytes.len() as u64).filter(|left| *left > 0)?;
        let text = String::from_utf8_lossy(&bytes);
        for (text, number) in text.split(['<', '>']).filter(|text| !text.trim().is_empty()).zip(1_usize..) {
            if text.len() < SHORTEST {
                continue;
            }
            let found = in_text(&unescaped(text), persons);
            if !found.is_empty() {
                leaks.add(&entry.path, &format!("part {}, text {number}", at + 1), by_consent, found);
            }
        }
    }
    Some(())
}

/// Beginning of a value: of an address both halves, two characters each; of a short value one.
fn masked(kind: Kind, value: &str) -> String {
    let start = |text: &str, most: usize| -> String { text.chars().take(most).collect() };
    if let Some((local, host)) = value.split_once('@')
        && kind != Kind::Token
    {
        let most = if local.chars().count() > 2 { 2 } else { 1 };
        return format!("{}\u{2026}@{}\u{2026}", start(local, most), start(host, 2));
    }
    format!("{}\u{2026}", start(value, if value.chars().count() > 5 { 2 } else { 1 }))
}

/// Whether a value is distinctive: not short, not a number, and not a record id.
fn is_telling(value: &str) -> bool {
    let number = value.chars().all(|c| c.is_ascii_digit() || matches!(c, '.' | '-' | ':' | ' ' | '/'));
    // A word of fifteen or eighteen letters has the form of an id.
    let id = RecordId::repair(value.as_bytes()).is_some() && !value.chars().all(char::is_alphabetic);
    value.chars().count() >= SHORTEST && !number && !id
}

/// Whether the match is a whole word.
fn is_word(text: &str, start: usize, end: usize) -> bool {
    let before = text[..start].chars().next_back();
    let after = text[end..].chars().next();
    !before.is_some_and(char::is_alphanumeric) && !after.is_some_and(char::is_alphanumeric)
}

/// E-mail addresses: a local part, an at sign, and a domain with a dot and a top level.
fn addresses(text: &str) -> Vec<String> {
    let local = |c: char| c.is_alphanumeric() || matches!(c, '.' | '_' | '%' | '+' | '-' | '\'');
    let domain = |c: char| c.is_alphanumeric() || matches!(c, '.' | '-');
    text.match_indices('@')
        .filter_map(|(at, _)| {
            let start =
                text[..at].char_indices().rev().take_while(|&(_, c)| local(c)).last().map(|(start, _)| start)?;
            let end = text[at + 1..].find(|c| !domain(c)).map_or(text.len(), |end| at + 1 + end);
            let host = text[at + 1..end].trim_end_matches(['.', '-']);
            let (_, top) = host.rsplit_once('.')?;
            let is_top = top.to_ascii_lowercase().starts_with("xn--") || top.chars().all(char::is_alphabetic);
            (top.chars().count() >= 2 && is_top).then(|| text[start..at + 1 + host.len()].to_owned())
        })
        .collect()
}
