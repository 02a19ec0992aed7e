//! The parts of a Rust source that tests look at: its identifiers and texts, without comments and characters.

/// A part of a source.
pub(crate) enum Part<'a> {
    /// A name or a keyword.
    Identifier(&'a str),
    /// A text literal, without its quotation marks; escapes are resolved as far as they stand for the next character.
    Text(String),
}

/// The identifiers and texts of a source, in order.
pub(crate) fn parts(source: &str) -> Vec<Part<'_>> {
    let mut found = Vec::new();
    let mut rest = source;
    while let Some(first) = rest.chars().next() {
        let length = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if let Some(hashes) = raw_text(rest) {
            let (start, end) = (hashes + 2, format!("\"{}", "#".repeat(hashes)));
            let length = rest[start..].find(&end).expect("the end of a raw text");
            found.push(Part::Text(rest[start..start + length].to_owned()));
            start + length + end.len()
        } else if first == '"' {
            let (text, length) = quoted(rest, '"');
            found.push(Part::Text(text));
            length
        } else if first == '\'' && is_character(rest) {
            quoted(rest, '\'').1
        } else if first.is_alphabetic() || first == '_' {
            let end = rest.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(rest.len());
            found.push(Part::Identifier(&rest[..end]));
            end
        } else {
            first.len_utf8()
        };
        rest = &rest[length..];
    }
    found
}

/// The number of marks around a raw text, if one starts here.
fn raw_text(rest: &str) -> Option<usize> {
    let marks = rest.strip_prefix('r')?;
    let hashes = marks.len() - marks.trim_start_matches('#').len();
    marks[hashes..].starts_with('"').then_some(hashes)
}

/// Whether a character starts here, and no lifetime.
fn is_character(rest: &str) -> bool {
    let mut characters = rest.chars().skip(1);
    characters.next() == Some('\\') || characters.next() == Some('\'')
}

/// What is between two marks, and its length with the marks.
fn quoted(rest: &str, mark: char) -> (String, usize) {
    let (mut text, mut escaped) = (String::new(), false);
    for (at, c) in rest.char_indices().skip(1) {
        match c {
            '\\' if !escaped => escaped = true,
            c if c == mark && !escaped => return (text, at + c.len_utf8()),
            c => {
                escaped = false;
                text.push(c);
            }
        }
    }
    (text, rest.len())
}
