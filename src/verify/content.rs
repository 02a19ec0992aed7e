//! What the files say of themselves: the description of the payload, their forms, and a ticket that fits.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::{Entry, changed, schema, tell};
use crate::diagnosis::{Area, Line};
use crate::model::text::is_active;

const MOST_CHARACTERS: usize = 6_000;
const MOST_SUBJECT: usize = 100;

/// A file as `data/manifest.json` describes it.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Described {
    path: String,
    rows: Option<u64>,
    pub(super) class: String,
    schema: Option<String>,
}

#[derive(Deserialize)]
struct Manifest {
    files: Vec<Described>,
}

/// Checks the files; says how each of the payload is described.
pub(super) fn check(entries: &[Entry], lines: &mut Vec<Line>) -> BTreeMap<String, Described> {
    let mut faults = Vec::new();
    let described = described(entries, &mut faults);
    for entry in entries {
        form(entry, described.get(&entry.path), &mut faults);
        if let Some(schema) = described.get(&entry.path).and_then(|described| described.schema.as_deref()) {
            by_schema(entries, entry, schema, &mut faults);
        }
    }
    tell(lines, "content", "every file is described, of its form, and has the rows that were counted", faults);
    ticket(entries, lines);
    described
}

fn described(entries: &[Entry], faults: &mut Vec<Line>) -> BTreeMap<String, Described> {
    let path = "data/manifest.json";
    let Some(entry) = entries.iter().find(|entry| entry.path == path) else {
        faults.push(changed(path, "is missing"));
        return BTreeMap::new();
    };
    let files = match serde_json::from_slice::<Manifest>(&entry.bytes) {
        Ok(manifest) => manifest.files,
        Err(error) => {
            faults.push(changed(path, format!("is not the description of a pack: {error}")));
            return BTreeMap::new();
        }
    };
    let mut all: BTreeMap<String, Described> = BTreeMap::new();
    for file in files {
        if all.insert(file.path.clone(), file.clone()).is_some() {
            faults.push(changed(path, format!("describes {} twice", file.path)));
        }
        if !entries.iter().any(|entry| entry.path == file.path) {
            faults.push(changed(&file.path, "is described and is missing"));
        }
    }
    for entry in entries.iter().filter(|entry| entry.path.starts_with("data/")) {
        if !all.contains_key(&entry.path) {
            faults.push(changed(&entry.path, "is not described in data/manifest.json"));
        }
    }
    all
}

fn form(entry: &Entry, described: Option<&Described>, faults: &mut Vec<Line>) {
    let path = entry.path.as_str();
    let kind = path.rsplit_once('.').map_or("", |(_, kind)| kind);
    if kind == "xlsx" {
        return;
    }
    let Some(text) = entry.text() else {
        faults.push(changed(path, "is not UTF-8"));
        return;
    };
    if let Some(c) = text.chars().find(|&c| is_active(c) && !matches!(c, '\n' | '\t')) {
        faults.push(changed(path, format!("holds an active character (U+{:04X})", u32::from(c))));
    }
    let rows = match kind {
        "csv" => csv_rows(path, text, faults),
        "json" => {
            if let Err(error) = serde_json::from_str::<serde::de::IgnoredAny>(text) {
                faults.push(changed(path, format!("is not JSON: {error}")));
            }
            None
        }
        "jsonl" => Some(json_lines(path, text, faults)),
        "svg" => {
            let lower = text.to_lowercase();
            for banned in ["<script", "<foreignobject", "href=", " on", "url(", "<!doctype", "<!entity"] {
                if lower.contains(banned) && (banned != " on" || has_handler(&lower)) {
                    faults
                        .push(changed(path, format!("holds `{}`, which a drawing of ours never does", banned.trim())));
                }
            }
            None
        }
        _ => None,
    };
    let counted = described.and_then(|described| described.rows);
    if let (Some(rows), Some(counted)) = (rows, counted)
        && rows != counted
    {
        faults.push(changed(path, format!("holds {rows} rows, and {counted} were counted")));
    }
}

/// Whether an attribute of the text is an event's: ` on…=`.
fn has_handler(text: &str) -> bool {
    text.split(" on").skip(1).any(|rest| {
        let word = rest.bytes().take_while(u8::is_ascii_lowercase).count();
        word > 0 && rest[word..].starts_with('=')
    })
}

fn csv_rows(path: &str, text: &str, faults: &mut Vec<Line>) -> Option<u64> {
    let mut rows = 0;
    for record in csv::Reader::from_reader(text.as_bytes()).records() {
        let record = match record {
            Ok(record) => record,
            Err(error) => {
                faults.push(changed(path, format!("is not a table: {error}")));
                return None;
            }
        };
        rows += 1;
        if let Some(cell) = record.iter().find(|cell| runs(cell)) {
            let start: String = cell.chars().take(1).collect();
            faults
                .push(changed(path, format!("row {rows}: a spreadsheet would run a cell that starts with `{start}`")));
        }
    }
    Some(rows)
}

/// Whether a spreadsheet would take a cell for a formula; a number with a sign is none.
fn runs(cell: &str) -> bool {
    let sign = cell.starts_with(['=', '+', '-', '@', '\t', '\r', '\u{ff1d}', '\u{ff0b}', '\u{ff0d}', '\u{ff20}']);
    sign && cell.parse::<f64>().is_err()
}

fn json_lines(path: &str, text: &str, faults: &mut Vec<Line>) -> u64 {
    let mut rows = 0;
    for (line, number) in text.lines().zip(1..) {
        rows += 1;
        if let Err(error) = serde_json::from_str::<serde::de::IgnoredAny>(line) {
            faults.push(changed(path, format!("line {number}: is not JSON: {error}")));
        }
    }
    rows
}

fn by_schema(entries: &[Entry], entry: &Entry, path: &str, faults: &mut Vec<Line>) {
    let read = |entry: &Entry| serde_json::from_slice::<serde_json::Value>(&entry.bytes).ok();
    let Some(schema) = entries.iter().find(|entry| entry.path == path).and_then(read) else {
        faults.push(changed(path, format!("is missing or no JSON, and {} is to keep to it", entry.path)));
        return;
    };
    let documents = entry.text().unwrap_or("");
    let documents: Vec<(usize, &str)> =
        if entry.path.ends_with(".jsonl") { (1..).zip(documents.lines()).collect() } else { vec![(0, documents)] };
    for (line, document) in documents {
        let Ok(value) = serde_json::from_str(document) else { continue };
        if let Err(why) = schema::check(&schema, &value) {
            let place = if line > 0 { format!("line {line}: ") } else { String::new() };
            faults.push(changed(&entry.path, format!("{place}does not keep to {path}: {why}")));
        }
    }
}

fn ticket(entries: &[Entry], lines: &mut Vec<Line>) {
    let mut to_fill = Vec::new();
    for name in ["ticket.txt", "ticket.md"] {
        let Some(text) = entries.iter().find(|entry| entry.path == name).and_then(Entry::text) else {
            lines.push(changed(name, "is missing"));
            continue;
        };
        let length = text.chars().count();
        let subject = text.lines().next().unwrap_or("").trim_start_matches("# ").chars().count();
        lines.push(if length > MOST_CHARACTERS || subject > MOST_SUBJECT {
            let found =
                format!("{length} characters, subject {subject}; a form takes {MOST_CHARACTERS} and {MOST_SUBJECT}");
            Line::fail(Area::Pack, name, found, "shorten it before you send it")
        } else {
            Line::pass(Area::Pack, name, format!("{length} characters, subject {subject}"))
        });
        for line in text.lines().filter(|line| line.contains("[to fill")) {
            let label = line.trim_start_matches(['-', ' ']).split(':').next().unwrap_or("").to_owned();
            if !to_fill.contains(&label) {
                to_fill.push(label);
            }
        }
    }
    if !to_fill.is_empty() {
        let next = "fill them in when you open the case; tieout pack takes --contact, --impact and --tried";
        lines.push(Line::warn(Area::Pack, "to fill", to_fill.join(", "), next));
    }
}
