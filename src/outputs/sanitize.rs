//! Sanitizes untrusted text for each kind of output.
//!
//! Names, usernames, course titles and status words are typed by anyone. They must not become formulas in a sheet,
//! control sequences in a terminal, or text displayed in a misleading order.

use std::borrow::Cow;

use crate::model::text::write_escaped;
pub use crate::model::text::{SanitizedJson, escape_controls, is_active};

/// Whether a spreadsheet would run the text as a formula: it starts with `= + - @`, a tab or a carriage return, or
/// the full-width form of such a sign.
#[must_use]
pub fn is_formula_like(text: &str) -> bool {
    matches!(
        text.chars().next(),
        Some('=' | '+' | '-' | '@' | '\t' | '\r' | '\0' | '\u{ff1d}' | '\u{ff0b}' | '\u{ff0d}' | '\u{ff20}')
    )
}

/// A cell of a CSV file: active characters visible, and an apostrophe before what a spreadsheet would run.
#[must_use]
pub fn csv_cell(text: &str) -> Cow<'_, str> {
    let shown = escape_controls(text);
    if is_formula_like(text) || is_formula_like(&shown) { Cow::Owned(format!("'{shown}")) } else { shown }
}

/// Truncates the text to `most` characters, with a mark if something is omitted.
#[must_use]
pub fn cut(text: &str, most: usize) -> Cow<'_, str> {
    match text.char_indices().nth(most) {
        None => Cow::Borrowed(text),
        Some((at, _)) => Cow::Owned(format!("{}\u{2026} [cut; the whole value is in findings.jsonl]", &text[..at])),
    }
}

/// Like [`SanitizedJson`], indented for people.
#[derive(Debug, Default)]
pub struct PrettySanitizedJson<'a>(serde_json::ser::PrettyFormatter<'a>);

impl serde_json::ser::Formatter for PrettySanitizedJson<'_> {
    fn write_string_fragment<W: std::io::Write + ?Sized>(
        &mut self,
        writer: &mut W,
        fragment: &str,
    ) -> std::io::Result<()> {
        write_escaped(writer, fragment)
    }
    fn begin_array<W: std::io::Write + ?Sized>(&mut self, writer: &mut W) -> std::io::Result<()> {
        self.0.begin_array(writer)
    }
    fn end_array<W: std::io::Write + ?Sized>(&mut self, writer: &mut W) -> std::io::Result<()> {
        self.0.end_array(writer)
    }
    fn begin_array_value<W: std::io::Write + ?Sized>(&mut self, writer: &mut W, first: bool) -> std::io::Result<()> {
        self.0.begin_array_value(writer, first)
    }
    fn end_array_value<W: std::io::Write + ?Sized>(&mut self, writer: &mut W) -> std::io::Result<()> {
        self.0.end_array_value(writer)
    }
    fn begin_object<W: std::io::Write + ?Sized>(&mut self, writer: &mut W) -> std::io::Result<()> {
        self.0.begin_object(writer)
    }
    fn end_object<W: std::io::Write + ?Sized>(&mut self, writer: &mut W) -> std::io::Result<()> {
        self.0.end_object(writer)
    }
    fn begin_object_key<W: std::io::Write + ?Sized>(&mut self, writer: &mut W, first: bool) -> std::io::Result<()> {
        self.0.begin_object_key(writer, first)
    }
    fn begin_object_value<W: std::io::Write + ?Sized>(&mut self, writer: &mut W) -> std::io::Result<()> {
        self.0.begin_object_value(writer)
    }
    fn end_object_value<W: std::io::Write + ?Sized>(&mut self, writer: &mut W) -> std::io::Result<()> {
        self.0.end_object_value(writer)
    }
}

#[cfg(test)]
mod tests {
    use super::{SanitizedJson, csv_cell, cut, escape_controls};
    use serde::Serialize as _;

    #[test]
    fn active_characters_are_made_visible() {
        assert_eq!(escape_controls("a\u{1b}[31mb\u{202e}c\u{0}"), "a[U+001B][31mb[U+202E]c[U+0000]");
        assert_eq!(escape_controls("O\u{2019}Brien \u{5d0}\u{1f600}"), "O\u{2019}Brien \u{5d0}\u{1f600}");
    }

    #[test]
    fn cells_cannot_become_formulas() {
        for text in ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\u{ff1d}1", "\0=1"] {
            assert!(csv_cell(text).starts_with('\''), "{text:?}");
        }
        assert_eq!(csv_cell("ada@example.com"), "ada@example.com");
    }

    #[test]
    fn json_keeps_the_value_and_escapes_the_text() {
        let value = "a\u{202e}\u{2028}\u{7f}\u{9b}\u{1b}\"\u{e9}";
        let mut bytes = Vec::new();
        value.serialize(&mut serde_json::Serializer::with_formatter(&mut bytes, SanitizedJson)).expect("a string");
        let text = String::from_utf8(bytes).expect("UTF-8");
        assert_eq!(text, "\"a\\u202e\\u2028\\u007f\\u009b\\u001b\\\"\u{e9}\"");
        assert_eq!(serde_json::from_str::<String>(&text).expect("valid"), value);
    }

    #[test]
    fn long_texts_are_cut_at_a_character() {
        assert_eq!(cut("\u{e9}\u{e9}", 2), "\u{e9}\u{e9}");
        assert!(cut("\u{e9}\u{e9}\u{e9}", 2).starts_with("\u{e9}\u{e9}\u{2026}"));
    }
}
