//! A drawing of a pack: shapes and words, and nothing executable or external.
//!
//! Must not know: what is drawn.

/// Elements that tieout's drawings may have; everything else is refused, whatever it does.
const ELEMENTS: [&str; 11] =
    ["svg", "g", "title", "desc", "rect", "path", "line", "circle", "polyline", "text", "tspan"];
const NAMESPACE: &str = "http://www.w3.org/2000/svg";

/// Calls `add` for anything that tieout's drawings never contain, with its line.
pub(super) fn faults(text: &str, mut add: impl FnMut(usize, String)) {
    // The line is counted incrementally; otherwise each fault would count it from the start.
    let (mut at, mut line) = (0, 1);
    while let Some(start) = text[at..].find('<').map(|found| at + found) {
        line += text[at..start].matches('\n').count();
        let Some(length) = end_of_tag(&text[start..]) else {
            add(line, "an element that does not end".to_owned());
            break;
        };
        for fault in tag_faults(&text[start + 1..start + length]) {
            add(line, fault);
        }
        at = start + length + 1;
        line += text[start..at].matches('\n').count();
    }
}

/// Position of a tag's `>` outside of quotes.
fn end_of_tag(text: &str) -> Option<usize> {
    let mut quote = None;
    for (at, c) in text.char_indices() {
        match (quote, c) {
            (None, '>') => return Some(at),
            (None, '"' | '\'') => quote = Some(c),
            (Some(open), c) if open == c => quote = None,
            _ => {}
        }
    }
    None
}

fn tag_faults(tag: &str) -> Vec<String> {
    let tag = tag.strip_prefix('/').unwrap_or(tag);
    let named = tag.find(|c: char| c.is_whitespace() || c == '/').unwrap_or(tag.len());
    let (name, mut rest) = tag.split_at(named);
    let mut faults = Vec::new();
    if !ELEMENTS.contains(&name) {
        faults.push(format!("`<{}`", start(name)));
    }
    loop {
        rest = rest.trim_start_matches(|c: char| c.is_whitespace() || c == '/');
        if rest.is_empty() {
            return faults;
        }
        let attribute = rest.split_once('=').and_then(|(name, value)| {
            let value = value.trim_start();
            let quote = value.chars().next().filter(|c| matches!(c, '"' | '\''))?;
            let (value, rest) = value[1..].split_once(quote)?;
            Some((name.trim(), value, rest))
        });
        let Some((name, value, after)) = attribute else {
            faults.push("an attribute that is not `name=\"value\"`".to_owned());
            return faults;
        };
        let (low, message) = (name.to_lowercase(), value.to_lowercase());
        let is_plain = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
        let runs = low.starts_with("on") || ["href", "src", "style", "filter", "mask", "begin"].contains(&&*low);
        let leads = ["url(", "script:", "data:", "//", "&", "\\"].iter().any(|sign| message.contains(sign));
        if !is_plain || runs || (leads && !(name == "xmlns" && value == NAMESPACE)) {
            faults.push(format!("`{}`", start(name)));
        }
        rest = after;
    }
}

fn start(text: &str) -> String {
    text.chars().take(20).collect()
}
