//! A document against a JSON Schema, as far as the schemas of a pack go: type, enum, required, properties,
//! additionalProperties, items, minimum, anyOf, and references into `$defs`. A word that is not known here is
//! refused, so that nothing passes unseen.

use std::cell::Cell;

use serde_json::Value;

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
/// Steps of one document: references that branch would go on for ever.
const MOST_STEPS: u64 = 2_000_000;

/// Whether a document keeps to a schema.
///
/// # Errors
/// Where it does not, and why.
pub(super) fn check(schema: &Value, document: &Value) -> Result<(), String> {
    keeps(&Root { schema, steps: Cell::new(MOST_STEPS) }, schema, document, "", DEEPEST)
}

/// What references lead into, and the steps that are left.
struct Root<'a> {
    schema: &'a Value,
    steps: Cell<u64>,
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

fn keeps(root: &Root<'_>, schema: &Value, document: &Value, at: &str, left: usize) -> Result<(), String> {
    let (Some(left), Some(steps)) = (left.checked_sub(1), root.steps.get().checked_sub(1)) else {
        return Err(format!("{at}: too deep, or too much to check"));
    };
    root.steps.set(steps);
    let rules = match schema {
        Value::Bool(true) => return Ok(()),
        Value::Object(rules) => rules,
        _ => return Err(format!("{at}: nothing may stand here")),
    };
    if let Some(word) = rules.keys().find(|word| !KNOWN.contains(&word.as_str())) {
        return Err(format!("{at}: the schema says `{word}`, which is not known here"));
    }
    if let Some((word, _)) = rules.iter().find(|(word, value)| !is_formed(word, value)) {
        return Err(format!("{at}: the schema's `{word}` is malformed"));
    }
    if let Some(reference) = rules.get("$ref").and_then(Value::as_str) {
        let name = reference.strip_prefix("#/$defs/").ok_or_else(|| format!("{at}: refers to {reference}"))?;
        let target = root
            .schema
            .get("$defs")
            .and_then(|all| all.get(name))
            .ok_or_else(|| format!("{at}: no such {reference}"))?;
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
            return Err(format!("{at}: is not of the type {}", words.join(" or ")));
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
        let required = rules.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
        if let Some(missing) = required.into_iter().find(|name| !object.contains_key(*name)) {
            return Err(format!("{at}: `{missing}` is missing"));
        }
        let properties = rules.get("properties").and_then(Value::as_object);
        for (name, value) in object {
            let at = format!("{at}/{name}");
            if let Some(schema) = properties.and_then(|all| all.get(name)) {
                keeps(root, schema, value, &at, left)?;
            } else if let Some(schema) = rules.get("additionalProperties") {
                keeps(root, schema, value, &at, left)?;
            }
        }
    }
    if let (Some(schema), Some(items)) = (rules.get("items"), document.as_array()) {
        for (item, place) in items.iter().zip(0..) {
            keeps(root, schema, item, &format!("{at}/{place}"), left)?;
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
