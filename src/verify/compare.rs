//! Compares a pack with one rebuilt from its run: every figure, file by file. Values that necessarily differ, such as
//! the key of the pseudonyms, are left out.
//!
//! Must not know: how a run makes a pack.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read as _;

use serde_json::Value;

use super::{Entry, archive, report};
use crate::diagnosis::{Area, DoctorCheck};

/// Parameters stated in a pack: enough for a run to rebuild it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PackParameters {
    /// Check id of the cause.
    pub cause: Option<String>,
    /// Case number.
    pub case: Option<String>,
    /// Contact person.
    pub contact: String,
    /// Who is affected, and how.
    pub impact: String,
    /// What was tried already.
    pub tried: String,
    /// Prefix of the digest of its pseudonym key. `None` if values are withheld.
    pub key_id: Option<String>,
    /// Personal fields that are shown unredacted.
    pub raw: Vec<String>,
    /// Who consented to that, and why.
    pub consent: Option<String>,
    /// Whether the full list of findings is left out.
    pub examples_only: bool,
    /// Whether the workbook is included.
    pub with_workbook: bool,
}

/// Digest lists, which [`super::bag`] checks.
const DIGESTS: [&str; 2] = ["manifest-sha256.txt", "tagmanifest-sha256.txt"];
const WORKBOOK: &str = "data/workbook.xlsx";
const REDACTION: &str = "data/redaction/report.json";
/// Maximum characters of a value in a message.
const MAX_SHOWN: usize = 80;
/// Maximum faults listed per file.
const MAX_FAULTS_OF_FILE: usize = 5;

pub(super) fn pack_parameters(entries: &[Entry]) -> PackParameters {
    let text = |path: &str| entries.iter().find(|entry| entry.path == path).and_then(Entry::text).unwrap_or("");
    let json = |path: &str| serde_json::from_str::<Value>(text(path)).unwrap_or(Value::Null);
    let word = |value: &Value| value.as_str().map(str::to_owned);
    let is_there = |path: &str| entries.iter().any(|entry| entry.path == path);
    let after = |path: &str, label: &str| {
        let line = text(path).lines().find_map(|line| line.strip_prefix(label));
        line.filter(|message| !message.starts_with("[to fill")).unwrap_or("").to_owned()
    };
    let redaction = json(REDACTION);
    let raw = &redaction["raw"]["fields"];
    PackParameters {
        cause: word(&json("data/analysis.json")["cause"]),
        case: Some(after("bag-info.txt", "External-Identifier: ")).filter(|case| !case.is_empty()),
        contact: after("bag-info.txt", "Contact-Name: "),
        impact: after("ticket.txt", "- Business effect: "),
        tried: after("ticket.txt", "- Already tried: "),
        key_id: word(&redaction["key_id"]),
        raw: raw.as_array().into_iter().flatten().filter_map(word).collect(),
        consent: word(&redaction["raw"]["consent"]),
        examples_only: !is_there("data/findings/findings.csv"),
        with_workbook: is_there(WORKBOOK),
    }
}

/// Compares the files of a pack with those of the rebuilt pack. `is_shown` returns whether a value reveals nothing
/// about a person, so that a message may quote it.
pub(super) fn check(
    entries: &[Entry],
    made: Result<Vec<u8>, String>,
    is_shown: &dyn Fn(&str) -> bool,
    lines: &mut Vec<DoctorCheck>,
) {
    let mut faults = Faults { lines: Vec::new(), is_shown };
    match made.and_then(|bytes| archive::open(&bytes, &mut Vec::new()).ok_or_else(|| "cannot be made".to_owned())) {
        Err(why) => faults.add("the pack of the run", why),
        Ok(made) => files(entries, &made, &mut faults),
    }
    report(lines, "compared with the run", "every figure is the one that the run has", faults.lines);
}

fn files(entries: &[Entry], made: &[Entry], faults: &mut Faults<'_>) {
    let by_path =
        |entries: &'_ [Entry]| -> BTreeSet<String> { entries.iter().map(|entry| entry.path.clone()).collect() };
    let (there, wanted) = (by_path(entries), by_path(made));
    for path in wanted.difference(&there) {
        faults.add(path, "is missing, and the run's pack has it".to_owned());
    }
    for path in there.difference(&wanted) {
        faults.add(path, "is there, and the run's pack does not have it".to_owned());
    }
    let digest = |entries: &[Entry]| {
        use sha2::{Digest as _, Sha256};
        let manifest = entries.iter().find(|entry| entry.path == DIGESTS[0]);
        manifest.map(|entry| data_encoding::HEXLOWER.encode(&Sha256::digest(&entry.bytes))).unwrap_or_default()
    };
    let mut names = (Names::new(digest(entries)), Names::new(digest(made)));
    // In path order, so that pseudonyms are met in the same order on both sides.
    for path in wanted.intersection(&there).filter(|path| !DIGESTS.contains(&path.as_str())) {
        let find = |entries: &'_ [Entry]| entries.iter().position(|entry| entry.path == *path);
        let (Some(one), Some(other)) = (find(entries), find(made)) else { continue };
        let (one, other) = (&entries[one], &made[other]);
        let mut of_file = faults.file(path);
        if path == WORKBOOK {
            workbook(one, other, &mut names, &mut of_file);
        } else {
            let (one, other) = (names.0.common(&text(&one.bytes)), names.1.common(&text(&other.bytes)));
            if one != other {
                file(path, &one, &other, &mut of_file);
            }
        }
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn file(path: &str, one: &str, other: &str, faults: &mut FileFaults<'_, '_>) {
    match path.rsplit_once('.').map_or("", |(_, kind)| kind) {
        "json" => match (serde_json::from_str(one), serde_json::from_str(other)) {
            (Ok(mut one), Ok(mut other)) => {
                if path == REDACTION {
                    // The key may differ: it is a parameter, not a figure.
                    (one, other) = (without_key(one), without_key(other));
                }
                json("", &one, &other, faults);
            }
            _ => each_line(one, other, faults),
        },
        "jsonl" => {
            for (number, one, other) in pairs(one.lines(), other.lines()) {
                let (one, other) = (one.unwrap_or("nothing"), other.unwrap_or("nothing"));
                match (serde_json::from_str::<Value>(one), serde_json::from_str::<Value>(other)) {
                    (Ok(one), Ok(other)) => json(&format!("line {number}: "), &one, &other, faults),
                    _ => faults.add(&format!("line {number}"), one, other),
                }
            }
        }
        "csv" => tables(one, other, faults),
        _ => each_line(one, other, faults),
    }
}

fn without_key(mut value: Value) -> Value {
    if let Some(object) = value.as_object_mut() {
        object.remove("key_id");
    }
    value
}

/// Lines or rows that differ between both sides, each with its number.
fn pairs<T: PartialEq>(
    mut one: impl Iterator<Item = T>,
    mut other: impl Iterator<Item = T>,
) -> impl Iterator<Item = (usize, Option<T>, Option<T>)> {
    let mut number = 0;
    std::iter::from_fn(move || {
        loop {
            number += 1;
            match (one.next(), other.next()) {
                (None, None) => return None,
                (one, other) if one == other => {}
                (one, other) => return Some((number, one, other)),
            }
        }
    })
}

fn each_line(one: &str, other: &str, faults: &mut FileFaults<'_, '_>) {
    for (number, one, other) in pairs(one.lines(), other.lines()) {
        let (one, other) = (one.unwrap_or("nothing"), other.unwrap_or("nothing"));
        // Counts bytes, which the digests of the bag cover.
        if !(one.starts_with("Payload-Oxum: ") && other.starts_with("Payload-Oxum: ")) {
            let (one, other) = apart(one, other);
            faults.add(&format!("line {number}"), one, other);
        }
    }
}

/// Both texts from shortly before their first difference.
fn apart<'a>(one: &'a str, other: &'a str) -> (&'a str, &'a str) {
    let same = one.char_indices().zip(other.chars()).take_while(|((_, a), b)| a == b).count();
    let from = |text: &'a str| {
        let start = text.char_indices().nth(same.saturating_sub(20)).map_or(text.len(), |(at, _)| at);
        &text[start..]
    };
    (from(one), from(other))
}

fn json(at: &str, one: &Value, other: &Value, faults: &mut FileFaults<'_, '_>) {
    let short = |key: &str| -> String { key.chars().take(MAX_SHOWN).collect() };
    match (one, other) {
        _ if one == other || faults.is_full() => {}
        (Value::Object(one), Value::Object(other)) => {
            let keys: BTreeSet<&String> = one.keys().chain(other.keys()).collect();
            for key in keys {
                let nothing = Value::String("nothing".to_owned());
                let value = |object: &serde_json::Map<String, Value>| object.get(key).cloned();
                let (one, other) = (value(one), value(other));
                if one != other {
                    let (one, other) = (one.unwrap_or(nothing.clone()), other.unwrap_or(nothing));
                    json(&format!("{at}/{}", short(key)), &one, &other, faults);
                }
            }
        }
        (Value::Array(one), Value::Array(other)) if one.len() == other.len() => {
            for (number, (one, other)) in one.iter().zip(other).enumerate() {
                json(&format!("{at}/{number}"), one, other, faults);
            }
        }
        (Value::Array(one), Value::Array(other)) => {
            let entries = |array: &[Value]| format!("{} entries", array.len());
            faults.add(at, &entries(one), &entries(other));
        }
        (one, other) => {
            let shown = |value: &Value| match value {
                Value::String(text) => text.clone(),
                other => other.to_string(),
            };
            let (one, other) = (shown(one), shown(other));
            let (one, other) =
                if one.len().max(other.len()) > MAX_SHOWN { apart(&one, &other) } else { (&*one, &*other) };
            faults.add(at, one, other);
        }
    }
}

fn tables(one: &str, other: &str, faults: &mut FileFaults<'_, '_>) {
    let rows = |text: &str| -> Vec<csv::StringRecord> {
        let reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(text.as_bytes());
        reader.into_records().filter_map(Result::ok).collect()
    };
    let (one, other) = (rows(one), rows(other));
    let headings = other.first().cloned().unwrap_or_default();
    if one.len() != other.len() {
        let count = |rows: &[csv::StringRecord]| format!("{} rows", rows.len().saturating_sub(1));
        faults.add("the table", &count(&one), &count(&other));
    }
    for (number, one, other) in pairs(one.iter(), other.iter()) {
        let (Some(one), Some(other)) = (one, other) else { return };
        for (column, one, other) in pairs(one.iter(), other.iter()) {
            let heading = headings.get(column - 1).unwrap_or("a further cell");
            faults.add(&format!("row {}, {heading}", number - 1), one.unwrap_or("nothing"), other.unwrap_or("nothing"));
        }
    }
}

fn workbook(one: &Entry, other: &Entry, names: &mut (Names, Names), faults: &mut FileFaults<'_, '_>) {
    let (Some(one), Some(other)) = (parts(&one.bytes, &mut names.0), parts(&other.bytes, &mut names.1)) else {
        faults.add("it", "cannot be looked into", "can");
        return;
    };
    for name in one.keys().chain(other.keys()).collect::<BTreeSet<_>>() {
        let part = |parts: &BTreeMap<String, String>| parts.get(name).cloned().unwrap_or_default();
        let (one, other) = (part(&one), part(&other));
        for (number, one, other) in pairs(one.split(['<', '>']), other.split(['<', '>'])).take(2) {
            let (one, other) = (one.unwrap_or("nothing"), other.unwrap_or("nothing"));
            faults.add(&format!("{name}, text {number}"), one, other);
        }
    }
}

/// The parts of a workbook by name.
fn parts(bytes: &[u8], names: &mut Names) -> Option<BTreeMap<String, String>> {
    let mut zip = zip::ZipArchive::new(std::io::Cursor::new(bytes)).ok()?;
    if zip.len() > archive::MAX_ENTRIES {
        return None;
    }
    let mut room = archive::remaining_bytes(bytes, archive::MAX_BYTES);
    let mut all = BTreeMap::new();
    for at in 0..zip.len() {
        let mut part = zip.by_index(at).ok()?;
        let name = part.name().ok()?.into_owned();
        let mut bytes = Vec::new();
        part.by_ref().take(room).read_to_end(&mut bytes).ok()?;
        room = room.checked_sub(bytes.len() as u64).filter(|left| *left > 0)?;
        all.insert(name, names.common(&text(&bytes)));
    }
    Some(all)
}

/// Replaces names that differ between both sides: pseudonyms by their order of occurrence, so that equal ones stay
/// equal and others stay different; and the digest of the file list.
struct Names {
    pseudonyms: BTreeMap<String, usize>,
    digest: String,
}

impl Names {
    fn new(digest: String) -> Self {
        Self { pseudonyms: BTreeMap::new(), digest }
    }

    fn common(&mut self, text: &str) -> String {
        let text = if self.digest.is_empty() { text.to_owned() } else { text.replace(&self.digest, "[digest]") };
        let mut common = String::with_capacity(text.len());
        let mut rest = text.as_str();
        while let Some(at) = rest.find("p_") {
            let symbols = rest[at + 2..].bytes().take(17).take_while(|b| b.is_ascii_digit() || b.is_ascii_uppercase());
            let length = symbols.count();
            common.push_str(&rest[..at]);
            if length == 16 {
                let next = self.pseudonyms.len() + 1;
                let number = *self.pseudonyms.entry(rest[at..at + 18].to_owned()).or_insert(next);
                // As long as the pseudonym itself, because texts may be truncated.
                common.push_str(&format!("p_{number:016}"));
            } else {
                common.push_str(&rest[at..at + 2 + length]);
            }
            rest = &rest[at + 2 + length..];
        }
        common.push_str(rest);
        common
    }
}

struct Faults<'a> {
    lines: Vec<DoctorCheck>,
    is_shown: &'a dyn Fn(&str) -> bool,
}

impl<'a> Faults<'a> {
    fn add(&mut self, what: &str, found: String) {
        let next = "do not send or trust it; pack the run again";
        self.lines.push(DoctorCheck::fail(Area::Pack, what, found, next));
    }

    fn file<'b>(&'b mut self, path: &'b str) -> FileFaults<'a, 'b> {
        FileFaults { path, all: self, shown: 0 }
    }

    /// A value as a message may quote it.
    fn quoted(&self, value: &str) -> String {
        if !(self.is_shown)(value) {
            return "a value of a person".to_owned();
        }
        let mut short: String = value.chars().take(MAX_SHOWN).collect();
        if short.len() < value.len() {
            short.push('\u{2026}');
        }
        format!("`{short}`")
    }
}

/// Faults of one file.
struct FileFaults<'a, 'b> {
    path: &'b str,
    all: &'b mut Faults<'a>,
    shown: usize,
}

impl FileFaults<'_, '_> {
    fn is_full(&self) -> bool {
        self.shown > MAX_FAULTS_OF_FILE
    }

    /// Adds a difference between pack and run at a position.
    fn add(&mut self, at: &str, one: &str, other: &str) {
        self.shown += 1;
        if self.shown <= MAX_FAULTS_OF_FILE {
            let found = format!("{at} is {}, and the run says {}", self.all.quoted(one), self.all.quoted(other));
            self.all.add(self.path, found);
        } else if self.shown == MAX_FAULTS_OF_FILE + 1 {
            self.all.add(self.path, "and more places like these".to_owned());
        }
    }
}
