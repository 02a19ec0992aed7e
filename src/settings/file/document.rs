//! The configuration file as a document: every value with its position, every error naming its key.
//!
//! A table is read key by key. Values of the wrong type and unknown keys are faults; they are collected, and the first
//! one in the file is the error, whatever the order in which the keys are read.
//!
//! Must not know: what a key means.

use std::cell::RefCell;
use std::ops::RangeInclusive;
use std::path::Path;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::error::Error;
use crate::settings::file::nearest;

/// A configuration value with its key and start byte.
#[derive(Debug, Clone)]
pub(super) struct Placed<T> {
    /// The key with its table, such as `sync.grace_hours`.
    pub(super) key: String,
    /// The byte of the file at which the value starts; for a missing value, the start of its table's heading or of the
    /// file.
    pub(super) at: usize,
    /// The value.
    pub(super) value: T,
}

/// The file that errors refer to.
#[derive(Clone, Copy)]
pub(super) struct Source<'a> {
    /// Its path, as given by the user.
    pub(super) path: &'a Path,
    /// Its content.
    pub(super) text: &'a str,
}

impl<'a> Source<'a> {
    /// The base folder of relative paths in the file.
    pub(super) fn base(self) -> &'a Path {
        self.path.parent().unwrap_or(Path::new(""))
    }

    /// The error about a value.
    pub(super) fn wrong<T>(self, placed: &Placed<T>, what: &str) -> Error {
        self.error(placed.at, format!("`{}`: {what}", placed.key))
    }

    fn error(self, at: usize, what: String) -> Error {
        let before = self.text.get(..at).unwrap_or("");
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or("").trim_start_matches('\u{feff}').chars().count() + 1;
        Error::Configuration { path: self.path.to_owned(), line, column, what }
    }

    /// Parses the file and reads it with `read`.
    ///
    /// # Errors
    /// The first fault in the file: a text that is not TOML, a value of the wrong type, an unknown key.
    pub(super) fn read<T>(self, read: impl FnOnce(&mut Table<'_>) -> T) -> Result<T, Error> {
        let document = DeTable::parse(self.text).map_err(|error| self.not_toml(&error))?;
        let faults = RefCell::new(Vec::new());
        let mut root = Table {
            source: self,
            name: String::new(),
            at: 0,
            table: Some(document.get_ref()),
            known: Vec::new(),
            faults: &faults,
        };
        let value = read(&mut root);
        root.finish();
        match faults.into_inner().into_iter().min_by_key(|(at, _)| *at) {
            Some((at, what)) => Err(self.error(at, what)),
            None => Ok(value),
        }
    }

    /// The byte at which the line of another byte starts.
    fn line_start(self, at: usize) -> usize {
        self.text.get(..at).unwrap_or("").rfind('\n').map_or(0, |end| end + 1)
    }

    /// The start of the heading of a key's table, or of the key if it has none.
    fn heading(self, key: usize) -> usize {
        let start = self.line_start(key);
        let before = self.text.get(start..key).unwrap_or("");
        let indent = before.trim_start_matches(|c: char| c.is_whitespace() || c == '\u{feff}');
        if indent.starts_with('[') { key - indent.len() } else { key }
    }

    /// The error for a text that is not TOML.
    fn not_toml(self, error: &toml::de::Error) -> Error {
        let span = error.span().unwrap_or(0..0);
        let message = error.message().replace('\n', "; ");
        let start = self.line_start(span.start);
        let line = self.text.get(start..).unwrap_or("").lines().next().unwrap_or("");
        let before = self.text.get(start..span.start).unwrap_or("");
        let key = line.split_once('=').map_or("", |(key, _)| key.trim());
        // If a string cannot be parsed, the cause is nearly always a backslash in a path.
        let about_string = ["escape", "unicode value", "basic string"].iter().any(|part| message.contains(part));
        if let Some(backslash) = before.rfind('\\').filter(|_| about_string)
            && let Some(quote) = before.get(..backslash).and_then(|before| before.rfind('"'))
        {
            let content = line.get(quote + 1..).unwrap_or("");
            let length = content.get(backslash - quote..).and_then(|rest| rest.find('"'));
            let content = length.and_then(|length| content.get(..backslash - quote + length)).unwrap_or(content);
            return self.error(start + quote, format!("`{content}`: {}", backslashes(key, content)));
        }
        let found = self.text.get(span.clone()).unwrap_or("").trim();
        let what = match message.as_str() {
            _ if message.starts_with("string values must be quoted") && found.is_empty() => "has no value".to_owned(),
            _ if message.starts_with("string values must be quoted") => {
                format!(
                    "`{found}` is neither a number nor true or false; text needs quotation marks, such as '{found}'"
                )
            }
            _ if message.starts_with("invalid boolean") => format!("`{found}` must be lower case: true or false"),
            _ if message.starts_with("invalid basic string") => "the text has no closing quotation mark".to_owned(),
            _ => message,
        };
        let key = if key.is_empty() { String::new() } else { format!("`{key}`: ") };
        self.error(span.start, format!("{key}{what}"))
    }
}

/// How to write a text with backslashes.
fn backslashes(key: &str, content: &str) -> String {
    let key = if key.is_empty() { String::new() } else { format!("{key} = ") };
    let slashes = content.replace('\\', "/");
    let single = if content.contains('\'') { String::new() } else { format!("single quotes ({key}'{content}') or ") };
    format!("in double quotes a backslash starts an escape sequence; use {single}forward slashes ({key}\"{slashes}\")")
}

/// Keys under which users may try to put a secret into the file.
const SECRETS: [&str; 6] = ["password", "client_secret", "access_token", "token", "security_token", "jwt_key"];

/// One table of the configuration while it is read; may be absent from the file.
pub(super) struct Table<'t> {
    source: Source<'t>,
    /// Its name, such as `docebo.columns`; blank for the file itself.
    name: String,
    at: usize,
    table: Option<&'t DeTable<'t>>,
    /// The keys that were requested.
    known: Vec<&'static str>,
    faults: &'t RefCell<Vec<(usize, String)>>,
}

impl<'t> Table<'t> {
    /// Reads a nested table with `read`.
    pub(super) fn table<T>(&mut self, key: &'static str, read: impl FnOnce(&mut Table<'_>) -> T) -> T {
        let name = self.key(key);
        let entry = self.entry(key);
        let table = entry.and_then(|(_, value)| value.get_ref().as_table());
        if let (Some((_, value)), None) = (entry, table) {
            self.refuse(key, value, &format!("a table: the heading [{name}] and its keys on the lines after it"));
        }
        let at = entry.map_or(0, |(key, _)| self.source.heading(key.span().start));
        let mut inner = Table { source: self.source, name, at, table, known: Vec::new(), faults: self.faults };
        let value = read(&mut inner);
        inner.finish();
        value
    }

    /// The position to report for a missing key: the table's heading, or the file's start.
    pub(super) fn missing(&self, key: &str) -> Placed<()> {
        Placed { key: self.key(key), at: self.at, value: () }
    }

    /// A text that is not blank.
    pub(super) fn text(&mut self, key: &'static str) -> Option<Placed<String>> {
        let value = self.value(key)?;
        self.text_of(key, value, "text in quotation marks")
    }

    /// A path.
    pub(super) fn path(&mut self, key: &'static str) -> Option<Placed<String>> {
        let value = self.value(key)?;
        self.path_of(key, value, "a path in quotation marks")
    }

    /// One path or a list of paths; empty if the key is missing.
    pub(super) fn paths(&mut self, key: &'static str) -> Vec<Placed<String>> {
        const WANTED: &str = "a path in quotation marks, or a list of them";
        let Some(value) = self.value(key) else { return Vec::new() };
        match value.get_ref() {
            DeValue::Array(list) => list.iter().filter_map(|value| self.path_of(key, value, WANTED)).collect(),
            _ => self.path_of(key, value, WANTED).into_iter().collect(),
        }
    }

    /// A whole number within `range`; `unit` names what it counts, as in ` of hours`.
    pub(super) fn number(&mut self, key: &'static str, unit: &str, range: RangeInclusive<u32>) -> Option<Placed<u32>> {
        let value = self.value(key)?;
        let number = whole(value.get_ref()).and_then(|number| u32::try_from(number).ok());
        let Some(number) = number.filter(|number| range.contains(number)) else {
            let wanted = format!("a whole number{unit} between {} and {}", range.start(), range.end());
            self.refuse(key, value, &wanted);
            return None;
        };
        Some(self.placed(key, value, number))
    }

    /// `true` or `false`.
    pub(super) fn truth(&mut self, key: &'static str) -> Option<bool> {
        let value = self.value(key)?;
        let truth = value.get_ref().as_bool();
        if truth.is_none() {
            self.refuse(key, value, "true or false, without quotation marks");
        }
        truth
    }

    /// One of several words.
    pub(super) fn choice<T: Copy>(&mut self, key: &'static str, choices: &[(&str, T)]) -> Option<T> {
        let value = self.value(key)?;
        let word = value.get_ref().as_str();
        let chosen = choices.iter().find(|(known, _)| word == Some(*known));
        if chosen.is_none() {
            let words: Vec<String> = choices.iter().map(|(word, _)| format!("\"{word}\"")).collect();
            self.refuse(key, value, &words.join(" or "));
        }
        chosen.map(|(_, choice)| *choice)
    }

    /// A date and time, as a TOML value or as text.
    pub(super) fn moment(&mut self, key: &'static str) -> Option<Placed<String>> {
        let value = self.value(key)?;
        match value.get_ref() {
            DeValue::Datetime(moment) => Some(self.placed(key, value, moment.to_string())),
            _ => self.text_of(key, value, "a date and time with a zone, such as 2026-11-20T06:00:00Z"),
        }
    }

    /// A text, or the word `true` or `false`.
    pub(super) fn text_or_truth(&mut self, key: &'static str) -> Option<TextOrTruth> {
        let value = self.value(key)?;
        match value.get_ref() {
            DeValue::Boolean(truth) => Some(TextOrTruth::Truth(*truth)),
            _ => {
                self.text_of(key, value, "text in quotation marks, or false").map(|text| TextOrTruth::Text(text.value))
            }
        }
    }

    /// A text, or a list of Docebo ids.
    pub(super) fn text_or_ids(&mut self, key: &'static str, wanted: &str) -> Option<Placed<TextOrIds>> {
        let value = self.value(key)?;
        let DeValue::Array(list) = value.get_ref() else {
            let text = self.text_of(key, value, wanted)?;
            return Some(self.placed(key, value, TextOrIds::Text(text.value)));
        };
        let mut ids = Vec::with_capacity(list.len());
        for value in list {
            match whole(value.get_ref()) {
                Some(id) => ids.push(id),
                None => self.refuse(key, value, wanted),
            }
        }
        Some(self.placed(key, value, TextOrIds::Ids(ids)))
    }

    /// A number, or a text.
    pub(super) fn number_or_text(&mut self, key: &'static str, wanted: &str) -> Option<Placed<NumberOrText>> {
        let value = self.value(key)?;
        let found = match value.get_ref() {
            DeValue::String(_) => NumberOrText::Text(self.text_of(key, value, wanted)?.value),
            other => match whole(other) {
                Some(number) => NumberOrText::Number(number),
                None => {
                    self.refuse(key, value, wanted);
                    return None;
                }
            },
        };
        Some(self.placed(key, value, found))
    }

    /// A list of texts; empty if the key is missing.
    pub(super) fn list(&mut self, key: &'static str) -> Vec<String> {
        const WANTED: &str = "a list of texts in quotation marks";
        let Some(value) = self.value(key) else { return Vec::new() };
        let DeValue::Array(list) = value.get_ref() else {
            self.refuse(key, value, WANTED);
            return Vec::new();
        };
        list.iter().filter_map(|value| self.text_of(key, value, WANTED)).map(|text| text.value).collect()
    }

    /// Every entry, whatever its key, as text.
    pub(super) fn texts(&mut self) -> Vec<(String, Placed<String>)> {
        let mut texts = Vec::new();
        for (key, value) in self.table.into_iter().flat_map(|table| table.iter()) {
            let key = key.get_ref();
            match value.get_ref() {
                DeValue::String(text) => texts.push((key.to_string(), self.placed(key, value, text.to_string()))),
                _ => self.refuse(key, value, "text in quotation marks"),
            }
        }
        self.table = None;
        texts
    }

    fn key(&self, key: &str) -> String {
        if self.name.is_empty() { key.to_owned() } else { format!("{}.{key}", self.name) }
    }

    fn placed<T>(&self, key: &str, value: &Spanned<DeValue<'_>>, of: T) -> Placed<T> {
        Placed { key: self.key(key), at: value.span().start, value: of }
    }

    fn entry(
        &mut self,
        key: &'static str,
    ) -> Option<(&'t Spanned<std::borrow::Cow<'t, str>>, &'t Spanned<DeValue<'t>>)> {
        self.known.push(key);
        self.table?.get_key_value(key)
    }

    fn value(&mut self, key: &'static str) -> Option<&'t Spanned<DeValue<'t>>> {
        self.entry(key).map(|(_, value)| value)
    }

    fn text_of(&self, key: &str, value: &Spanned<DeValue<'_>>, wanted: &str) -> Option<Placed<String>> {
        let Some(text) = value.get_ref().as_str() else {
            self.refuse(key, value, wanted);
            return None;
        };
        if text.trim().is_empty() {
            self.fault(value.span().start, format!("`{}` is blank; give it a value, or remove the key", self.key(key)));
            return None;
        }
        Some(self.placed(key, value, text.to_owned()))
    }

    /// A text without control characters, which in a path are backslashes that TOML parsed as escape sequences.
    fn path_of(&self, key: &str, value: &Spanned<DeValue<'_>>, wanted: &str) -> Option<Placed<String>> {
        let text = self.text_of(key, value, wanted)?;
        let Some(control) = text.value.chars().find(|c| c.is_control()) else { return Some(text) };
        let raw = self.source.text.get(value.span()).unwrap_or("");
        let content = raw.strip_prefix('"').and_then(|raw| raw.strip_suffix('"')).filter(|raw| raw.contains('\\'));
        let why = content.map_or_else(String::new, |content| format!(": {}", backslashes(key, content)));
        let character = format!("U+{:04X}", u32::from(control));
        self.fault(text.at, format!("`{}` contains the control character {character}{why}", self.key(key)));
        None
    }

    fn refuse(&self, key: &str, value: &Spanned<DeValue<'_>>, wanted: &str) {
        let raw = self.source.text.get(value.span()).unwrap_or("");
        let found = match value.get_ref() {
            DeValue::String(text) if text.is_empty() => "blank text".to_owned(),
            DeValue::String(text) => format!("the text `{}`", text.chars().take(40).collect::<String>()),
            DeValue::Integer(_) | DeValue::Float(_) => format!("the number `{raw}`"),
            DeValue::Boolean(truth) => format!("`{truth}`"),
            DeValue::Datetime(_) => format!("the date or time `{raw}`"),
            DeValue::Array(_) => "a list".to_owned(),
            DeValue::Table(_) => "a table".to_owned(),
        };
        self.fault(value.span().start, format!("`{}` must be {wanted} (found {found})", self.key(key)));
    }

    fn fault(&self, at: usize, what: String) {
        self.faults.borrow_mut().push((at, what));
    }

    /// Rejects the keys that were not requested.
    fn finish(&self) {
        for key in self.table.into_iter().flat_map(|table| table.keys()) {
            let (at, key) = (key.span().start, key.get_ref().as_ref());
            if self.known.contains(&key) {
                continue;
            }
            let what = if SECRETS.contains(&key) {
                format!(
                    "`{key}` is a secret and must not be in a file; set SF_ACCESS_TOKEN, TIEOUT_CLIENT_SECRET or \
                     TIEOUT_JWT_KEY in the environment (username and password are not supported: Salesforce retires them)"
                )
            } else {
                let hint = nearest(key, self.known.iter().copied()).map_or_else(
                    || format!("known here: {}", self.known.join(", ")),
                    |near| format!("did you mean `{near}`?"),
                );
                format!("unknown key `{key}`; {hint}")
            };
            self.fault(at, what);
        }
    }
}

/// A value that may be a text, `true` or `false`.
pub(super) enum TextOrTruth {
    /// A text.
    Text(String),
    /// `true` or `false`.
    Truth(bool),
}

/// A value that may be a text or a list of Docebo ids.
pub(super) enum TextOrIds {
    /// A text.
    Text(String),
    /// Ids, in the order of the file.
    Ids(Vec<u64>),
}

/// A number or a text.
pub(super) enum NumberOrText {
    /// A non-negative integer.
    Number(u64),
    /// A text.
    Text(String),
}

/// A non-negative integer.
fn whole(value: &DeValue<'_>) -> Option<u64> {
    let number = value.as_integer()?;
    u64::from_str_radix(number.as_str(), number.radix()).ok()
}
