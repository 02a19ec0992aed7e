//! Makes characters that affect their display visible, or escapes them.

use std::borrow::Cow;
use std::fmt::Write as _;

/// Maximum length of a spreadsheet cell's text, in bytes. Excel allows 32,767 characters of at most four bytes.
pub const MAX_CELL: usize = 1 << 18;

/// Characters that change how the surrounding text is displayed or executed: control characters, marks that reverse the
/// reading order, and line separators that scripts treat as line ends.
#[must_use]
pub const fn is_active(c: char) -> bool {
    matches!(c,
        '\u{0}'..='\u{1f}' | '\u{7f}'..='\u{9f}'
        | '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
        | '\u{2028}' | '\u{2029}' | '\u{feff}')
}

/// Whether the text is printable ASCII, as most is: it has no active characters. Faster than checking each character.
fn is_plain(text: &str) -> bool {
    text.bytes().fold(true, |plain, byte| plain & matches!(byte, b' '..=b'~'))
}

/// The text with every active character made visible, as `[U+202E]`.
#[must_use]
pub fn escape_controls(text: &str) -> Cow<'_, str> {
    if is_plain(text) || !text.chars().any(is_active) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if is_active(c) {
            // Writing to a string cannot fail.
            let _ = write!(shown, "[U+{:04X}]", u32::from(c));
        } else {
            shown.push(c);
        }
    }
    Cow::Owned(shown)
}

/// Puts foreign text on one line: each line end with its surrounding space becomes one space, and every other active
/// character is made [visible](escape_controls), so that no part can pass for a line of tieout's.
#[must_use]
pub fn one_line(text: &str) -> Cow<'_, str> {
    let ends = |c: char| matches!(c, '\n'..='\r' | '\u{85}' | '\u{2028}' | '\u{2029}');
    if !text.contains(ends) {
        return escape_controls(text);
    }
    let lines: Vec<&str> = text.split(ends).map(str::trim).filter(|line| !line.is_empty()).collect();
    Cow::Owned(escape_controls(&lines.join(" ")).into_owned())
}

/// Writes a part of a JSON string with every active character escaped: the value is unchanged, the text harmless in a
/// terminal, an editor or a script.
///
/// # Errors
/// Those of the writer.
pub fn write_escaped<W: std::io::Write + ?Sized>(writer: &mut W, fragment: &str) -> std::io::Result<()> {
    if is_plain(fragment) {
        return writer.write_all(fragment.as_bytes());
    }
    // Below U+0080, serde_json escapes all but DEL itself.
    let mut rest = fragment;
    while let Some((at, c)) = rest.char_indices().find(|&(_, c)| is_active(c)) {
        writer.write_all(&rest.as_bytes()[..at])?;
        write!(writer, "\\u{:04x}", u32::from(c))?;
        rest = &rest[at + c.len_utf8()..];
    }
    writer.write_all(rest.as_bytes())
}

/// Writes JSON with active characters in strings escaped: the value is unchanged, the text harmless in a terminal, an
/// editor or a script.
#[derive(Debug, Default)]
pub struct SanitizedJson;

impl serde_json::ser::Formatter for SanitizedJson {
    fn write_string_fragment<W: std::io::Write + ?Sized>(
        &mut self,
        writer: &mut W,
        fragment: &str,
    ) -> std::io::Result<()> {
        write_escaped(writer, fragment)
    }
}

/// Recovers a value from its form in an address.
#[must_use]
pub fn sanitize_url(value: &str) -> String {
    let pair = format!("={value}");
    form_urlencoded::parse(pair.as_bytes()).next().map_or_else(String::new, |(_, value)| value.into_owned())
}

#[cfg(test)]
mod tests {
    use super::{is_active, is_plain, one_line, sanitize_url};

    #[test]
    fn no_plain_text_acts() {
        for c in '\0'..='\u{2100}' {
            let text = format!("plain but for {c}");
            assert_eq!(is_plain(&text), matches!(c, ' '..='~'), "{c:?}");
            assert!(!is_plain(&text) || !is_active(c), "{c:?}");
        }
    }

    #[test]
    fn no_line_end_is_left() {
        for end in ["\n", "\r\n", "\r", "\u{b}", "\u{c}", "\u{85}", "\u{2028}", "\u{2029}", "\n \n"] {
            assert_eq!(one_line(&format!("a{end}  next: b{end}")), "a next: b", "{end:?}");
        }
        assert_eq!(one_line(" a\u{1b}b "), " a[U+001B]b ");
    }

    #[test]
    fn a_query_is_read_out_of_an_address() {
        assert_eq!(sanitize_url("SELECT+Id%2c%20A+100%+5%C3%B6%"), "SELECT Id, A 100% 5\u{f6}%");
    }
}
