//! Validates a document against a JSON Schema, limited to the keywords that the pack's schemas use: type, enum,
//! required, properties, additionalProperties, items, minimum, anyOf, and references into `$defs`. An unknown keyword
//! is refused, so that nothing passes unseen.

use std::cell::Cell;

use serde_json::{Map, Value};

/// Supported keywords, including those without effect.
const KNOWN: [&str; 16] = [
    "$schema",
    "$defs",
    "title",
    "description",
    "format",
    "default",
    "type",
    "enum",
    "const",
    "required",
    "properties",
    "additionalProperties",
    "items",
    "minimum",
    "anyOf",
    "$ref",
];
/// Maximum depth of references and documents.
const DEEPEST: usize = 64;
/// Steps allowed for a file of any length.
const SPARE_STEPS: u64 = 2_000_000;
/// Additional steps per byte of a file; a finding takes one per ten bytes or so.
const STEPS_A_BYTE: u64 = 2;
/// Maximum characters of a position, or of schema text, in a message.
const MAX_SHOWN: usize = 60;

/// Steps allowed for all documents of a file of this size: without a limit branching references would never end, and a
/// file of many documents would multiply the limit.
pub(super) fn steps(bytes: usize) -> u64 {
    SPARE_STEPS + STEPS_A_BYTE * bytes as u64
}

/// Validates a document against a schema within `steps`, which is reduced by the steps taken.
///
/// # Errors
/// If the document is invalid, with the reason, or if the steps run out; none are left then.
pub(super) fn check(schema: &Value, document: &Value, steps: &mut u64) -> Result<(), String> {
    let root = Root { schema, steps: Cell::new(*steps) };
    let kept = keeps(&root, schema, document, &At::Top, DEEPEST);
    *steps = root.steps.get();
    if *steps == 0 { Err("is too much to check".to_owned()) } else { kept }
}

/// The target of references, and the remaining steps.
struct Root<'a> {
    schema: &'a Value,
    steps: Cell<u64>,
}

impl Root<'_> {
    /// Takes steps. `None` if too few are left.
    fn take(&self, steps: usize) -> Option<()> {
        let left = self.steps.get().checked_sub(steps as u64).filter(|left| *left > 0);
        self.steps.set(left.unwrap_or(0));
        left.map(|_| ())
    }
}

/// A position in the document, formatted only for messages.
enum At<'a> {
    Top,
    Member(&'a At<'a>, &'a str),
    Item(&'a At<'a>, usize),
}

impl std::fmt::Display for At<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Top => Ok(()),
            Self::Member(of, name) => write!(f, "{of}/{}", shown(name)),
            Self::Item(of, at) => write!(f, "{of}/{at}"),
        }
    }
}

fn shown(text: &str) -> String {
    text.chars().take(MAX_SHOWN).collect()
}

/// Additional cost of a rule: its list is scanned each time.
fn cost(rules: &Map<String, Value>) -> usize {
    let listed = ["enum", "required", "type", "anyOf"].iter().filter_map(|word| rules.get(*word)?.as_array());
    1 + rules.len() + listed.map(Vec::len).sum::<usize>()
}

/// Whether a keyword's value has the right form; otherwise it would be ignored silently.
fn is_formed(word: &str, value: &Value) -> bool {
    match word {
        "type" => value.is_string() || value.as_array().is_some_and(|words| words.iter().all(Value::is_string)),
        "enum" | "anyOf" => value.is_array(),
        "required" => value.as_array().is_some_and(|names| names.iter().all(Value::is_string)),
        "properties" | "$defs" => value.is_object(),
        "minimum" => value.is_number(),
        "$ref" => value.is_string(),
        "items" | "additionalProperties" => value.is_object() || value.is_boolean(),
        _ => true,
    }
}

fn keeps(root: &Root<'_>, schema: &Value, document: &Value, at: &At<'_>, left: usize) -> Result<(), String> {
    let too_much = || format!("{at}: too deep, or too much to check");
    let left = left.checked_sub(1).ok_or_else(too_much)?;
    let rules = match schema {
        Value::Bool(true) => return root.take(1).ok_or_else(too_much),
        Value::Object(rules) => rules,
        _ => return Err(format!("{at}: nothing may stand here")),
    };
    root.take(cost(rules)).ok_or_else(too_much)?;
    if let Some(word) = rules.keys().find(|word| !KNOWN.contains(&word.as_str())) {
        return Err(format!("{at}: the schema says `{}`, which is not known here", shown(word)));
    }
    if let Some((word, _)) = rules.iter().find(|(word, value)| !is_formed(word, value)) {
        return Err(format!("{at}: the schema's `{word}` is malformed"));
    }
    if let Some(reference) = rules.get("$ref").and_then(Value::as_str) {
        let name = reference.strip_prefix("#/$defs/").ok_or_else(|| format!("{at}: refers to {}", shown(reference)))?;
        let target = root
            .schema
            .get("$defs")
            .and_then(|all| all.get(name))
            .ok_or_else(|| format!("{at}: no such {}", shown(reference)))?;
        keeps(root, target, document, at, left)?;
    }
    if let Some(any) = rules.get("anyOf").and_then(Value::as_array)
        && !any.iter().any(|schema| keeps(root, schema, document, at, left).is_ok())
    {
        return Err(format!("{at}: is none of what it may be"));
    }
    if let Some(wanted) = rules.get("type") {
        let words: Vec<&str> = wanted.as_array().map_or_else(
            || wanted.as_str().into_iter().collect(),
            |words| words.iter().filter_map(Value::as_str).collect(),
        );
        if !words.iter().any(|word| is(document, word)) {
            return Err(format!("{at}: is not of the type {}", shown(&words.join(" or "))));
        }
    }
    if let Some(values) = rules.get("enum").and_then(Value::as_array)
        && !values.contains(document)
    {
        return Err(format!("{at}: is none of the known words"));
    }
    if rules.get("const").is_some_and(|value| value != document) {
        return Err(format!("{at}: is not the one value that it may be"));
    }
    if let (Some(least), Some(number)) = (rules.get("minimum").and_then(Value::as_f64), document.as_f64())
        && number < least
    {
        return Err(format!("{at}: is less than {least}"));
    }
    if let Some(object) = document.as_object() {
        root.take(object.len()).ok_or_else(too_much)?;
        let required = rules.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
        if let Some(missing) = required.into_iter().find(|name| !object.contains_key(*name)) {
            return Err(format!("{at}: `{}` is missing", shown(missing)));
        }
        let properties = rules.get("properties").and_then(Value::as_object);
        for (name, value) in object {
            let at = At::Member(at, name);
            if let Some(schema) = properties.and_then(|all| all.get(name)) {
                keeps(root, schema, value, &at, left)?;
            } else if let Some(schema) = rules.get("additionalProperties") {
                keeps(root, schema, value, &at, left)?;
            }
        }
    }
    if let (Some(schema), Some(items)) = (rules.get("items"), document.as_array()) {
        for (item, place) in items.iter().zip(0..) {
            keeps(root, schema, item, &At::Item(at, place), left)?;
        }
    }
    Ok(())
}

fn is(document: &Value, word: &str) -> bool {
    match word {
        "null" => document.is_null(),
        "boolean" => document.is_boolean(),
        "string" => document.is_string(),
        "array" => document.is_array(),
        "object" => document.is_object(),
        "integer" => {
            document.is_i64() || document.is_u64() || document.as_f64().is_some_and(|number| number.fract() == 0.0)
        }
        "number" => document.is_number(),
        _ => false,
    }
}
