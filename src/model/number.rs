//! Whole numbers as written by Salesforce and spreadsheets.
//!
//! Salesforce writes a `Number(18,0)` as `12345`, `12345.0` or, from ten million on, as `1.2345E7`; a floating-point
//! parser would round the largest ids, so this parser works on the digits.

/// Why a text is not a whole number that can be an id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NumberFault {
    /// No digits, or anything besides digits, one point and one exponent.
    NotANumber,
    /// Non-zero digits after the point.
    Fraction,
    /// More than 18 digits, too long for any id field.
    TooLarge,
}

/// Maximum number of digits of an id: Docebo's user id is a `Number(18,0)` in Salesforce.
const MAX_DIGITS: usize = 18;

/// Parses `12345`, `12345.0` or `1.2345E4` exactly. Accepts leading zeros and a plus sign, but no negative numbers.
///
/// # Errors
/// If the text is not such a number; [`NumberFault`] is the reason.
pub fn whole(text: &[u8]) -> Result<u64, NumberFault> {
    // Fast path: most ids are plain digits.
    if !text.is_empty() && text.len() <= MAX_DIGITS {
        let mut value = 0u64;
        let mut plain = true;
        for &c in text {
            let digit = c.wrapping_sub(b'0');
            plain &= digit < 10;
            value = value.wrapping_mul(10).wrapping_add(u64::from(digit));
        }
        if plain {
            return Ok(value);
        }
    }
    scientific(text)
}

/// The whole number in a text that is formatted like a Salesforce Number field: `40000.0`, `-3.0`, or with an exponent
/// `1.2345678E7`. `None` for plain digits, which a text field may hold too.
#[must_use]
pub fn from_number_field(text: &str) -> Option<String> {
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => ("-", digits),
        None => ("", text),
    };
    let (before, after) = digits.split_once('.')?;
    let fraction = after.split_once(['E', 'e']).map_or(after, |(fraction, _)| fraction);
    let is_whole = before == "0" || !before.starts_with('0');
    if before.is_empty() || fraction.is_empty() || !is_whole || !before.bytes().all(|c| c.is_ascii_digit()) {
        return None;
    }
    let value = whole(digits.as_bytes()).ok()?;
    Some(if value == 0 { "0".to_owned() } else { format!("{sign}{value}") })
}

/// Whether a text is a number with thousands separators: `10,008`, `10.008`, `10 008`, `10'008`, optionally with zero
/// decimals. `12.003` is ambiguous: it may be such a number or a decimal fraction.
#[must_use]
pub fn has_thousands_separator(text: &str) -> bool {
    const SEPARATORS: [char; 8] = [',', '.', ' ', '\'', '\u{2019}', '\u{a0}', '\u{202f}', '\u{2009}'];
    let Some(separator) = text.chars().find(|c| !c.is_ascii_digit()).filter(|c| SEPARATORS.contains(c)) else {
        return false;
    };
    // Decimals follow a different separator.
    let decimals = |c: char| matches!(c, ',' | '.') && c != separator;
    let (whole, decimals) = text.split_once(decimals).unwrap_or((text, ""));
    let mut groups = whole.split(separator);
    let first = groups.next().unwrap_or_default();
    let are_digits = |group: &str| group.bytes().all(|c| c.is_ascii_digit());
    (1..=3).contains(&first.len())
        && groups.all(|group| group.len() == 3 && are_digits(group))
        && decimals.bytes().all(|c| c == b'0')
}

fn scientific(text: &[u8]) -> Result<u64, NumberFault> {
    let text = text.strip_prefix(b"+").unwrap_or(text);
    let (mantissa, exponent) = match text.iter().position(|c| matches!(c, b'e' | b'E')) {
        Some(at) => (&text[..at], exponent(&text[at + 1..])?),
        None => (text, 0),
    };
    let (before, after) = match mantissa.iter().position(|&c| c == b'.') {
        Some(at) => (&mantissa[..at], &mantissa[at + 1..]),
        None => (mantissa, &mantissa[..0]),
    };
    if before.is_empty() && after.is_empty() || !before.iter().chain(after).all(u8::is_ascii_digit) {
        return Err(NumberFault::NotANumber);
    }
    let mut value = 0u64;
    // Position of the decimal point after applying the exponent.
    let point = i64::try_from(before.len()).unwrap_or(i64::MAX).saturating_add(exponent);
    let digits = before.len() + after.len();
    for (place, &c) in (0i64..).zip(before.iter().chain(after)) {
        let digit = u64::from(c - b'0');
        if place >= point {
            if digit != 0 {
                return Err(NumberFault::Fraction);
            }
        } else {
            value = push_digit(value, digit)?;
        }
    }
    let mut place = i64::try_from(digits).unwrap_or(i64::MAX);
    while place < point && value != 0 {
        value = push_digit(value, 0)?;
        place += 1;
    }
    Ok(value)
}

fn push_digit(value: u64, digit: u64) -> Result<u64, NumberFault> {
    let next = value.checked_mul(10).and_then(|v| v.checked_add(digit)).ok_or(NumberFault::TooLarge)?;
    if next >= 10u64.pow(18) { Err(NumberFault::TooLarge) } else { Ok(next) }
}

fn exponent(text: &[u8]) -> Result<i64, NumberFault> {
    let (sign, digits) = match text.split_first() {
        Some((b'-', rest)) => (-1, rest),
        Some((b'+', rest)) => (1, rest),
        _ => (1, text),
    };
    if digits.is_empty() || digits.len() > 4 || !digits.iter().all(u8::is_ascii_digit) {
        return Err(NumberFault::NotANumber);
    }
    Ok(sign * digits.iter().fold(0i64, |v, c| v * 10 + i64::from(c - b'0')))
}

#[cfg(test)]
mod tests {
    use super::{NumberFault, from_number_field, has_thousands_separator, whole};

    #[test]
    fn values_of_a_number_field_are_told_from_texts() {
        for (text, value) in [
            ("40000.0", Some("40000")),
            ("40000.00", Some("40000")),
            ("-3.0", Some("-3")),
            ("0.0", Some("0")),
            ("-0.0", Some("0")),
            ("4.0E4", Some("40000")),
            ("1.2345678E7", Some("12345678")),
            ("40000", None),
            ("4E4", None),
            ("007.0", None),
            ("1.5", None),
            ("1.", None),
            (".0", None),
            ("ada@example.com", None),
            ("1.0.0", None),
            (" 1.0", None),
            ("", None),
        ] {
            assert_eq!(from_number_field(text).as_deref(), value, "{text}");
        }
    }

    #[test]
    fn digits_in_groups_of_three() {
        for text in [
            "10,008",
            "10.008",
            "10 008",
            "10'008",
            "10\u{2019}008",
            "10\u{a0}008",
            "10\u{202f}008",
            "1,000,000",
            "12.000",
            "10,008.00",
            "10.008,0",
        ] {
            assert!(has_thousands_separator(text), "{text}");
        }
        for text in [
            "",
            "10008",
            "10008.0",
            "10,08",
            "1000,008",
            "10,008.5",
            "1.0008E+4",
            "1,0008",
            "a,008",
            ",008",
            "10,00x",
            "10_008",
        ] {
            assert!(!has_thousands_separator(text), "{text}");
        }
    }

    #[test]
    fn every_spelling_of_a_whole_number() {
        for (text, value) in [
            ("12345", 12345),
            ("12345.0", 12345),
            ("1.2345E4", 12345),
            ("1.2345e+4", 12345),
            ("1.6147805824397E13", 16_147_805_824_397),
            ("8.0E7", 80_000_000),
            ("12300E-2", 123),
            ("000123", 123),
            ("+7", 7),
            ("0", 0),
            ("0.0", 0),
            ("0E99", 0),
            (".5E1", 5),
            ("5.", 5),
            ("999999999999999999", 999_999_999_999_999_999),
            ("000000000000000000000000123", 123),
            ("9007199254740993.0", 9_007_199_254_740_993),
        ] {
            assert_eq!(whole(text.as_bytes()), Ok(value), "{text}");
        }
    }

    #[test]
    fn what_is_not_one_is_told_why() {
        for (text, fault) in [
            ("", NumberFault::NotANumber),
            (".", NumberFault::NotANumber),
            ("12x", NumberFault::NotANumber),
            ("n/a", NumberFault::NotANumber),
            ("-5", NumberFault::NotANumber),
            (" 5", NumberFault::NotANumber),
            ("1,000", NumberFault::NotANumber),
            ("1E", NumberFault::NotANumber),
            ("0x10", NumberFault::NotANumber),
            ("1.5", NumberFault::Fraction),
            ("1.23456E4", NumberFault::Fraction),
            ("1000000000000000000", NumberFault::TooLarge),
            ("1E18", NumberFault::TooLarge),
            ("1E9999", NumberFault::TooLarge),
        ] {
            assert_eq!(whole(text.as_bytes()), Err(fault), "{text}");
        }
    }
}
