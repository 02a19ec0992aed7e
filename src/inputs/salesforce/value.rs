//! Normalizes values for the snapshot, regardless of API: no exponents, timestamps in UTC, blank for null. A row reads
//! the same by REST and by Bulk.
//!
//! Must not know: requests, files.

use std::borrow::Cow;

use serde_json::value::RawValue;

use super::objects::{Holds, holds};
use crate::model::id::RecordId;
use crate::model::instant::Instant;

/// A column's type, from its description.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Kind {
    /// A number, possibly written as `1.2345E4`.
    Number,
    /// A timestamp, written as `…+0000` or `…Z`.
    Moment,
    /// Anything else, unchanged.
    Text,
}

impl Kind {
    pub(super) fn from_type(describe_type: &str) -> Self {
        match describe_type {
            "double" | "int" | "long" | "currency" | "percent" => Self::Number,
            "datetime" => Self::Moment,
            _ => Self::Text,
        }
    }
}

/// Normalizes a page's text for the snapshot. NUL, which CSV readers reject and nobody types, is removed.
pub(super) fn normal(kind: Kind, text: &str) -> Cow<'_, str> {
    let text: Cow<'_, str> = if text.contains('\0') { Cow::Owned(text.replace('\0', "")) } else { Cow::Borrowed(text) };
    match kind {
        Kind::Number => match plain_number(&text) {
            Some(plain) if plain != text => Cow::Owned(plain),
            _ => text,
        },
        Kind::Moment => match text.strip_suffix("+0000") {
            Some(moment) => Cow::Owned(format!("{moment}Z")),
            None => text,
        },
        Kind::Text => text,
    }
}

/// Whether a column can hold a text.
pub(super) type Rule = fn(&str) -> bool;

/// What tells whether a column of this name can hold a text; nothing where any will do. What a snapshot's reader refuses
/// of the fields that Salesforce itself fills in is no answer of Salesforce's.
pub(super) fn rule(column: &str) -> Option<Rule> {
    fn is_id(text: &str) -> bool {
        RecordId::parse(text.as_bytes()).is_ok()
    }
    match holds(column) {
        Holds::Id => Some(is_id),
        Holds::Reference => Some(|text| text.is_empty() || is_id(text)),
        Holds::SystemMoment => Some(|text| Instant::parse(text.as_bytes()).is_ok()),
        Holds::Any => None,
    }
}

/// Normalizes a JSON value for the snapshot; `None` if it is an object or a list.
pub(super) fn from_json(kind: Kind, value: &RawValue) -> Option<String> {
    let raw = value.get();
    match raw.as_bytes().first()? {
        b'n' => Some(String::new()),
        b'"' => serde_json::from_str::<Cow<'_, str>>(raw).ok().map(|text| normal(kind, &text).into_owned()),
        b'{' | b'[' => None,
        _ => Some(normal(kind, raw).into_owned()),
    }
}

/// A decimal number without exponent and redundant zeros; digit by digit, because 18 digits do not fit a float.
fn plain_number(text: &str) -> Option<String> {
    let (negative, rest) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let (mantissa, exponent) = match rest.split_once(['E', 'e']) {
        Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().ok().filter(|e| e.abs() <= 400)?),
        None => (rest, 0),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = |part: &str| part.bytes().all(|c| c.is_ascii_digit());
    if whole.is_empty() || !digits(whole) || !digits(fraction) {
        return None;
    }
    let mut all: String = format!("{whole}{fraction}");
    let mut point = i32::try_from(whole.len()).ok()? + exponent;
    if point <= 0 {
        all.insert_str(0, &"0".repeat(usize::try_from(1 - point).ok()?));
        point = 1;
    }
    let point = usize::try_from(point).ok()?;
    if point > all.len() {
        all.push_str(&"0".repeat(point - all.len()));
    }
    let (whole, fraction) = all.split_at(point);
    let (whole, fraction) = (whole.trim_start_matches('0'), fraction.trim_end_matches('0'));
    let whole = if whole.is_empty() { "0" } else { whole };
    let sign = if negative && (whole != "0" || !fraction.is_empty()) { "-" } else { "" };
    Some(if fraction.is_empty() { format!("{sign}{whole}") } else { format!("{sign}{whole}.{fraction}") })
}

#[cfg(test)]
mod tests {
    use super::{Kind, from_json, normal, plain_number};
    use proptest::prelude::*;
    use serde_json::value::RawValue;

    #[test]
    fn numbers_are_exact() {
        for (text, plain) in [
            ("5.0", "5"),
            ("1.6147805824397E13", "16147805824397"),
            ("8.0E7", "80000000"),
            ("999999999999999999", "999999999999999999"),
            ("1.2345E-3", "0.0012345"),
            ("-0.50", "-0.5"),
            ("-0.0", "0"),
            ("0", "0"),
            ("00012", "12"),
            ("1E2", "100"),
            ("12.34E1", "123.4"),
        ] {
            assert_eq!(plain_number(text).as_deref(), Some(plain), "{text}");
        }
        for text in ["", "NA", "1,5", ".5", "1E", "E5", "1E9999", "0x10", "1 000"] {
            assert_eq!(plain_number(text), None, "{text}");
            assert_eq!(normal(Kind::Number, text), text, "what is no number stays as it stands");
        }
    }

    #[test]
    fn both_ways_say_the_same() {
        let json = |kind, text: &str| from_json(kind, &RawValue::from_string(text.to_owned()).expect("JSON"));
        assert_eq!(json(Kind::Moment, "\"2026-01-31T23:59:59.000+0000\"").as_deref(), Some("2026-01-31T23:59:59.000Z"));
        assert_eq!(normal(Kind::Moment, "2026-01-31T23:59:59.000Z"), "2026-01-31T23:59:59.000Z");
        assert_eq!(json(Kind::Text, "null").as_deref(), Some(""));
        assert_eq!(json(Kind::Text, "true").as_deref(), Some("true"));
        assert_eq!(json(Kind::Text, "\"NA \\u0000\\n\\\"x\\\"\"").as_deref(), Some("NA \n\"x\""));
        assert_eq!(normal(Kind::Text, "1.0E7"), "1.0E7", "a text that looks like a number is a text");
        assert_eq!(json(Kind::Text, "{\"a\":1}"), None);
    }

    proptest! {
        #[test]
        fn every_whole_number_survives_its_exponent(number in 0..=999_999_999_999_999_999u64) {
            let text = number.to_string();
            let exponent = format!("{}.{}E{}", &text[..1], if text.len() > 1 { &text[1..] } else { "0" }, text.len() - 1);
            prop_assert_eq!(plain_number(&exponent), Some(text));
        }
    }
}
