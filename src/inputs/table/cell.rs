//! Unreadable cells, and the text of spreadsheet cells. Dates become the text of a CSV export, so that one parser
//! handles both.

use std::borrow::Cow;
use std::fmt;

use calamine::{CellErrorType, Data, DataRef, ExcelDateTime};

use crate::model::instant::{DAY, Stamp, civil_from_days, days_from_civil};

/// Why the text of a cell cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CellFault {
    /// The bytes are not valid UTF-8.
    NotUtf8,
    /// A spreadsheet formula without a stored result, as written by programs that do not calculate.
    FormulaWithoutResult,
}

impl CellFault {
    /// The reason; messages prefix the column's name.
    #[must_use]
    pub const fn reason(self) -> &'static str {
        match self {
            Self::NotUtf8 => "is not valid UTF-8",
            Self::FormulaWithoutResult => "is a formula without a stored result",
        }
    }
}

impl fmt::Display for CellFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.reason())
    }
}

/// Replaces a missing formula result. These bytes are invalid text in every encoding, so every reader of a value
/// refuses them.
pub(super) const FORMULA_WITHOUT_RESULT: &[u8] = b"\xff\xffformula without a stored result";

/// Why the bytes of a cell are no text, if so. Readers of bytes call this for an unreadable value, to explain the
/// reason.
#[must_use]
pub fn cell_fault(cell: &[u8]) -> Option<CellFault> {
    cell_text(cell).err()
}

/// The bytes of a cell as text.
///
/// # Errors
/// If they are invalid.
#[inline]
pub fn cell_text(cell: &[u8]) -> Result<&str, CellFault> {
    std::str::from_utf8(cell)
        .map_err(|_| if cell == FORMULA_WITHOUT_RESULT { CellFault::FormulaWithoutResult } else { CellFault::NotUtf8 })
}

/// A cell as shown in a heading or title line.
pub(super) fn shown(cell: &[u8]) -> String {
    match cell_text(cell) {
        Err(fault @ CellFault::FormulaWithoutResult) => format!("({})", fault.reason().trim_start_matches("is ")),
        _ => String::from_utf8_lossy(cell).into_owned(),
    }
}

/// Converts an in-memory cell to the type of a streamed one.
pub(super) fn as_ref(value: &Data) -> DataRef<'_> {
    match value {
        Data::Int(number) => DataRef::Int(*number),
        Data::Float(number) => DataRef::Float(*number),
        Data::String(text) => DataRef::SharedString(text),
        Data::Bool(truth) => DataRef::Bool(*truth),
        Data::DateTime(moment) => DataRef::DateTime(*moment),
        Data::DateTimeIso(text) => DataRef::DateTimeIso(text.clone()),
        Data::DurationIso(text) => DataRef::DurationIso(text.clone()),
        Data::Error(error) => DataRef::Error(error.clone()),
        Data::Empty => DataRef::Empty,
    }
}

/// The text of a cell, as in a CSV export.
pub(super) fn text_of<'a>(value: &'a DataRef<'_>) -> Cow<'a, str> {
    match value {
        DataRef::Int(number) => Cow::Owned(number.to_string()),
        DataRef::Float(number) => Cow::Owned(number.to_string()),
        DataRef::String(text) | DataRef::DurationIso(text) => Cow::Borrowed(text),
        DataRef::SharedString(text) => Cow::Borrowed(text),
        DataRef::Bool(truth) => Cow::Borrowed(if *truth { "true" } else { "false" }),
        DataRef::DateTime(moment) => Cow::Owned(from_serial(moment)),
        DataRef::DateTimeIso(text) => from_iso(text).map_or(Cow::Borrowed(text), Cow::Owned),
        DataRef::Error(CellErrorType::GettingData) => Cow::Borrowed("#GETTING_DATA"),
        DataRef::Error(error) => Cow::Owned(error.to_string()),
        DataRef::Empty => Cow::Borrowed(""),
    }
}

/// Serial numbers that are dates; calamine clamps every other number to the first or last date.
const SERIALS: std::ops::Range<f64> = 1.0..2_958_466.0;

fn from_serial(moment: &ExcelDateTime) -> String {
    let number = moment.as_f64();
    let (year, month, day, hour, minute, second, milli) = moment.to_ymd_hms_milli();
    let days = days_from_civil(i64::from(year), month, day).filter(|_| SERIALS.contains(&number));
    let Some(days) = days else { return number.to_string() };
    // A serial number represents a second only approximately.
    let seconds =
        days * DAY + i64::from(hour) * 3_600 + i64::from(minute) * 60 + i64::from(second) + i64::from(milli >= 500);
    from_seconds(seconds)
}

/// An OpenDocument date, whose fraction of a second comes from a serial number.
fn from_iso(text: &str) -> Option<String> {
    let (moment, fraction) = text.split_once('.').unwrap_or((text, ""));
    if !fraction.bytes().all(|c| c.is_ascii_digit()) {
        return None;
    }
    let stamp = Stamp::parse(moment.as_bytes()).filter(|stamp| stamp.offset.is_none())?;
    Some(from_seconds(stamp.seconds + i64::from(fraction.as_bytes().first().is_some_and(|&c| c >= b'5'))))
}

fn from_seconds(seconds: i64) -> String {
    let (year, month, day) = civil_from_days(seconds.div_euclid(DAY));
    let time = seconds.rem_euclid(DAY);
    let date = format!("{year:04}-{month:02}-{day:02}");
    if time == 0 { date } else { format!("{date} {:02}:{:02}:{:02}", time / 3_600, time / 60 % 60, time % 60) }
}

#[cfg(test)]
mod tests {
    use calamine::{CellErrorType, DataRef, ExcelDateTime, ExcelDateTimeType};

    use super::{CellFault, FORMULA_WITHOUT_RESULT, cell_fault, shown, text_of};

    fn serial(number: f64, is_1904: bool) -> String {
        let moment = ExcelDateTime::new(number, ExcelDateTimeType::DateTime, is_1904);
        text_of(&DataRef::DateTime(moment)).into_owned()
    }

    #[test]
    fn a_cell_is_text_or_says_why_not() {
        assert_eq!(cell_fault("Zo\u{eb}".as_bytes()), None);
        assert_eq!(cell_fault(b"Zo\xeb"), Some(CellFault::NotUtf8));
        assert_eq!(cell_fault(FORMULA_WITHOUT_RESULT), Some(CellFault::FormulaWithoutResult));
        assert_eq!(shown(FORMULA_WITHOUT_RESULT), "(a formula without a stored result)");
    }

    #[test]
    fn dates_and_numbers_read_as_an_export_writes_them() {
        assert_eq!(serial(46_053.999_988_425_9, false), "2026-01-31 23:59:59");
        assert_eq!(serial(46_053.999_999_9, false), "2026-02-01");
        assert_eq!(serial(46_053.0 - 1_462.0, true), "2026-01-31", "the same day under 1904");
        assert_eq!([serial(0.0, false), serial(-3.0, false), serial(1e9, false)], ["0", "-3", "1000000000"]);
        for (text, wanted) in [
            ("2026-01-31", "2026-01-31"),
            ("2026-01-31T00:00:00", "2026-01-31"),
            ("2026-01-31T23:59:58.999999746", "2026-01-31 23:59:59"),
            ("2026-01-31T23:59:59.000000254", "2026-01-31 23:59:59"),
            ("2026-01-31T23:59:59Z", "2026-01-31T23:59:59Z"),
            ("soon", "soon"),
        ] {
            assert_eq!(text_of(&DataRef::DateTimeIso(text.to_owned())), wanted);
        }
        assert_eq!(text_of(&DataRef::Float(10_008.0)), "10008");
        assert_eq!(text_of(&DataRef::Error(CellErrorType::NA)), "#N/A");
        assert_eq!(text_of(&DataRef::Error(CellErrorType::GettingData)), "#GETTING_DATA");
    }
}
