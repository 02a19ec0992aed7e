//! A document against a JSON Schema, as far as the schemas of a pack go: type, enum, required, properties,
//! additionalProperties, items, minimum, anyOf, and references into `$defs`. A word that is not known here is
//! refused, so that nothing passes unseen.

use std::cell::Cell;

use serde_json::{Map, Value};

/// Words that say something of a document, or nothing at all.
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
/// Levels of references and documents.
const DEEPEST: usize = 64;
/// Steps that a file of any length may take.
const SPARE_STEPS: u64 = 2_000_000;
/// Steps for each byte of a file beyond that; a finding takes one for about ten bytes.
const STEPS_A_BYTE: u64 = 2;
/// Characters of a place, or of what a schema names, that a message shows.
const MAX_SHOWN: usize = 60;

/// The steps that a file of so many bytes may take, all its documents together: references that branch would go on for
/// ever, and a file of many documents would each time.
pub(super) fn steps(bytes: usize) -> u64 {
    SPARE_STEPS + STEPS_A_BYTE * bytes as u64
}

/// Whether a document keeps to a schema, within `steps`, of which those taken are gone.
///
/// # Errors
/// Where it does not, and why; and when the steps do not suffice, of which none is then left.
pub(super) fn check(schema: &Value, document: &Value, steps: &mut u64) -> Result<(), String> {
    let root = Root { schema, steps: Cell::new(*steps) };
    let kept = keeps(&root, schema, document, &At::Top, DEEPEST);
    *steps = root.steps.get();
    if *steps == 0 { Err("is too much to check".to_owned()) } else { kept }
}

/// What references lead into, and the steps that are left.
struct Root<'a> {
    schema: &'a Value,
    steps: Cell<u64>,
}

impl Root<'_> {
    /// Takes so many steps; nothing where they are not left.
    fn take(&self, steps: usize) -> Option<()> {
        let left = self.steps.get().checked_sub(steps as u64).filter(|left| *left > 0);
        self.steps.set(left.unwrap_or(0));
        left.map(|_| ())
    }
}

/// A place in the document, written out only where a message names it.
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

/// What a rule costs beyond its own step: its list is gone through each time.
fn cost(rules: &Map<String, Value>) -> usize {
    let listed = ["enum", "required", "type", "anyOf"].iter().filter_map(|word| rules.get(*word)?.as_array());
    1 + rules.len() + listed.map(Vec::len).sum::<usize>()
}

/// Whether each word of a schema has a value of its form; a word that has not would be passed over unseen.
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
