//! What the files state about themselves: the payload description, their formats, and a ticket that fits.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde_json::Value;

use super::{Entry, MAX_SHOWN, changed, drawing, report, schema};
use crate::diagnosis::{Area, DoctorCheck};
use crate::model::text::is_active;

const MAX_CHARACTERS: usize = 6_000;
const MAX_SUBJECT: usize = 100;
/// Maximum placeholders listed; a ticket has about ten.
const MAX_TO_FILL: usize = 40;
/// Maximum characters of a placeholder's label or question.
const MAX_PLACEHOLDER: usize = 120;

/// A file as described in `data/manifest.json`.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Described {
    path: String,
    rows: Option<u64>,
    pub(super) class: String,
    schema: Option<String>,
}

/// Faults of one file: some are listed, the others counted, because a file can consist of nothing else.
struct FileFaults<'a> {
    path: &'a str,
    faults: &'a mut Vec<DoctorCheck>,
    seen: usize,
}

impl<'a> FileFaults<'a> {
    fn new(path: &'a str, faults: &'a mut Vec<DoctorCheck>) -> Self {
        Self { path, faults, seen: 0 }
    }

    fn add(&mut self, found: impl FnOnce() -> String) {
        self.seen += 1;
        if self.seen <= MAX_SHOWN {
            self.faults.push(changed(self.path, found()));
        }
    }

    fn end(self) {
        if self.seen > MAX_SHOWN {
            self.faults.push(changed(self.path, format!("and {} more places like these", self.seen - MAX_SHOWN)));
        }
    }
}

#[derive(Deserialize)]
struct Manifest {
    files: Vec<Described>,
}

/// Checks the files; returns the description of each payload file.
pub(super) fn check(entries: &[Entry], lines: &mut Vec<DoctorCheck>) -> BTreeMap<String, Described> {
    let mut faults = Vec::new();
    let described = described(entries, &mut faults);
    let mut schemas = Schemas { entries, read: BTreeMap::new() };
    for entry in entries {
        form(entry, described.get(&entry.path), &mut faults);
        if let Some(schema) = described.get(&entry.path).and_then(|described| described.schema.as_deref()) {
            by_schema(&mut schemas, entry, schema, &mut faults);
        }
    }
    report(lines, "content", "every file is described, of its form, and has the rows that were counted", faults);
    ticket(entries, lines);
    described
}

fn described(entries: &[Entry], faults: &mut Vec<DoctorCheck>) -> BTreeMap<String, Described> {
    let path = "data/manifest.json";
    let Some(entry) = entries.iter().find(|entry| entry.path == path) else {
        faults.push(changed(path, "is missing"));
        return BTreeMap::new();
    };
    let files = match serde_json::from_slice::<Manifest>(&entry.bytes) {
        Ok(manifest) => manifest.files,
        Err(error) => {
            // The error's text may quote a value.
            let place = format!("line {}, column {}", error.line(), error.column());
            faults.push(changed(path, format!("is not the description of a pack ({place})")));
            return BTreeMap::new();
        }
    };
    let mut all: BTreeMap<String, Described> = BTreeMap::new();
    let count = files.len() as u64;
    let there: BTreeSet<&str> = entries.iter().map(|entry| entry.path.as_str()).collect();
    for file in files {
        let tabular = file.path.ends_with(".csv") || file.path.ends_with(".jsonl");
        if tabular && file.rows.is_none() {
            faults.push(changed(path, format!("does not say how many rows {} has", file.path)));
        }
        if !["none", "pseudonymous", "personal"].contains(&&*file.class) {
            faults.push(changed(path, format!("gives {} no class that is known", file.path)));
        }
        if file.path == path && file.rows.is_some_and(|rows| rows != count) {
            faults.push(changed(path, format!("describes {count} files, and another number was counted")));
        }
        if all.insert(file.path.clone(), file.clone()).is_some() {
            faults.push(changed(path, format!("describes {} twice", file.path)));
        }
        if !there.contains(file.path.as_str()) {
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

fn form(entry: &Entry, described: Option<&Described>, faults: &mut Vec<DoctorCheck>) {
    let path = entry.path.as_str();
    let kind = path.rsplit_once('.').map_or("", |(_, kind)| kind);
    if kind == "xlsx" {
        workbook(entry, faults);
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
            let mut described = FileFaults::new(path, faults);
            drawing::faults(text, |line, what| {
                described.add(|| format!("line {line}: holds {what}, which a drawing of ours never does"));
            });
            described.end();
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

/// Apart from cells and their formats a workbook may contain nothing: no program, no link, no other document.
fn workbook(entry: &Entry, faults: &mut Vec<DoctorCheck>) {
    let Ok(zip) = zip::ZipArchive::new(std::io::Cursor::new(&entry.bytes)) else {
        faults.push(changed(&entry.path, "is no workbook that can be looked into"));
        return;
    };
    if zip.has_duplicate_names() {
        faults.push(changed(&entry.path, "has a part twice"));
    }
    let mut described = FileFaults::new(&entry.path, faults);
    for name in zip.file_names() {
        let Ok(name) = name else {
            described.add(|| "has a part whose name cannot be read".to_owned());
            continue;
        };
        let low = name.to_lowercase();
        let runs = ["vba", "macrosheet", "externallink", "embedding", "activex", "ctrlprop", "connections", "customui"];
        let plain = [".xml", ".rels", ".vml"].iter().any(|kind| low.ends_with(kind));
        if !plain || runs.iter().any(|word| low.contains(word)) {
            described.add(|| "has a part that is no sheet: a program, a link or another document".to_owned());
        }
    }
    described.end();
}

fn csv_rows(path: &str, text: &str, faults: &mut Vec<DoctorCheck>) -> Option<u64> {
    let mut described = FileFaults::new(path, faults);
    let mut records: u64 = 0;
    let mut cells = 0;
    let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(text.as_bytes());
    let mut record = csv::StringRecord::new();
    loop {
        match reader.read_record(&mut record) {
            Ok(true) => {}
            Ok(false) => break,
            Err(error) => {
                described.add(|| format!("is not a table: {error}"));
                described.end();
                return None;
            }
        }
        let line = record.position().map_or(0, csv::Position::line);
        if records == 0 {
            cells = record.len();
        } else if record.len() != cells {
            described
                .add(|| format!("line {line}: is not a row of the table, with {} cells for {cells}", record.len()));
        }
        records += 1;
        for cell in record.iter().filter(|cell| runs(cell)) {
            let start: String = cell.chars().take(1).collect();
            described.add(|| format!("line {line}: a spreadsheet would run a cell that starts with `{start}`"));
        }
    }
    if records == 0 {
        described.add(|| "is a table without a heading".to_owned());
    }
    described.end();
    Some(records.saturating_sub(1))
}

/// Whether a spreadsheet would run a cell as a formula; signed numbers are not formulas.
fn runs(cell: &str) -> bool {
    let sign = cell.starts_with(['=', '+', '-', '@', '\t', '\r', '\0', '\u{ff1d}', '\u{ff0b}', '\u{ff0d}', '\u{ff20}']);
    let number = cell.strip_prefix(['+', '-']).is_some_and(|digits| {
        digits.starts_with(|c: char| c.is_ascii_digit())
            && digits.bytes().all(|b| b.is_ascii_digit() || b == b'.')
            && digits.parse::<f64>().is_ok()
    });
    sign && !number
}

fn json_lines(path: &str, text: &str, faults: &mut Vec<DoctorCheck>) -> u64 {
    let mut described = FileFaults::new(path, faults);
    let mut rows = 0;
    for (line, number) in text.lines().zip(1..) {
        rows += 1;
        if let Err(error) = serde_json::from_str::<serde::de::IgnoredAny>(line) {
            described.add(|| format!("line {number}: is not JSON: {error}"));
        }
    }
    described.end();
    rows
}

/// The schemas of a pack, each read once however many files use it.
struct Schemas<'a> {
    entries: &'a [Entry],
    read: BTreeMap<String, Option<Value>>,
}

impl Schemas<'_> {
    /// A schema by its path. `None` if it is missing or not JSON.
    fn get(&mut self, path: &str) -> Option<&Value> {
        if !self.read.contains_key(path) {
            let entry = self.entries.iter().find(|entry| entry.path == path);
            self.read.insert(path.to_owned(), entry.and_then(|entry| serde_json::from_slice(&entry.bytes).ok()));
        }
        self.read.get(path).and_then(Option::as_ref)
    }
}

fn by_schema(schemas: &mut Schemas<'_>, entry: &Entry, path: &str, faults: &mut Vec<DoctorCheck>) {
    let Some(schema) = schemas.get(path) else {
        faults.push(changed(path, format!("is missing or no JSON, and {} is to keep to it", entry.path)));
        return;
    };
    let text = entry.text().unwrap_or("");
    let is_lines = entry.path.ends_with(".jsonl");
    let documents: Vec<&str> = if is_lines { text.lines().collect() } else { vec![text] };
    let mut steps = schema::steps(text.len());
    let mut described = FileFaults::new(&entry.path, faults);
    for (document, line) in documents.into_iter().zip(1_usize..) {
        let Ok(value) = serde_json::from_str(document) else { continue };
        if let Err(why) = schema::check(schema, &value, &mut steps) {
            let place = if is_lines { format!("line {line}: ") } else { String::new() };
            described.add(|| format!("{place}does not keep to {path}: {why}"));
        }
        if steps == 0 {
            // The fault is already reported; the rest is skipped.
            break;
        }
    }
    described.end();
}

fn ticket(entries: &[Entry], lines: &mut Vec<DoctorCheck>) {
    let mut to_fill = Vec::new();
    for name in ["ticket.txt", "ticket.md"] {
        let Some(text) = entries.iter().find(|entry| entry.path == name).and_then(Entry::text) else {
            lines.push(changed(name, "is missing"));
            continue;
        };
        let length = text.chars().count();
        let subject = text.lines().next().unwrap_or("");
        let subject = subject.strip_prefix("# ").filter(|_| name == "ticket.md").unwrap_or(subject).chars().count();
        lines.push(if length > MAX_CHARACTERS || subject > MAX_SUBJECT {
            let found =
                format!("{length} characters, subject {subject}; a form takes {MAX_CHARACTERS} and {MAX_SUBJECT}");
            DoctorCheck::fail(Area::Pack, name, found, "shorten it before you send it")
        } else {
            DoctorCheck::pass(Area::Pack, name, format!("{length} characters, subject {subject}"))
        });
        placeholders(text, &mut to_fill);
    }
    if let Some(text) = entries.iter().find(|entry| entry.path == "README.txt").and_then(Entry::text) {
        placeholders(text, &mut to_fill);
    }
    if !to_fill.is_empty() {
        let next = "fill them in when you open the case; tieout pack takes --contact, --impact and --tried";
        lines.push(DoctorCheck::warn(Area::Pack, "to fill", to_fill.join(", "), next));
    }
}

/// Adds the placeholders of a text: label and question; at most [`MAX_TO_FILL`] of them.
fn placeholders(text: &str, to_fill: &mut Vec<String>) {
    const OPEN: &str = "[to fill";
    let short = |text: &str| -> String { text.chars().take(MAX_PLACEHOLDER).collect() };
    for line in text.lines() {
        let Some((before, asked)) = line.split_once(OPEN) else { continue };
        let label =
            before.split([':', '|']).map(|part| part.trim_matches(['-', '*', '`', ' '])).find(|part| !part.is_empty());
        let label = label.map(short);
        for asked in asked.split(OPEN) {
            if to_fill.len() >= MAX_TO_FILL {
                return;
            }
            let asked = short(asked.split(']').next().unwrap_or("").trim_start_matches([':', ' ']));
            let described = match (&label, asked.as_str()) {
                (Some(label), "") => label.clone(),
                (Some(label), asked) => format!("{label} ({asked})"),
                (None, asked) => asked.to_owned(),
            };
            if !to_fill.contains(&described) {
                to_fill.push(described);
            }
        }
    }
}
