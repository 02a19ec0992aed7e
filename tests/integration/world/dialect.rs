//! How the same world may look on paper: encodings, delimiters, date patterns, zones, ids, headings.
//!
//! Must not know: which row says what. A dialect never changes the truth, save that a date may tell
//! less than the second it stands for.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use super::{At, MINUTE};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Encoding {
    Utf8,
    Utf8Bom,
    Utf16Le,
    Windows1252,
}

/// How a date of the export is written, always in local time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dates {
    /// `2026-01-31 23:59:59`
    IsoSpace,
    /// `31/01/2026 23:59:59`
    DmySlashSeconds,
    /// `31/01/2026 23:59`
    DmySlashMinutes,
    /// `01/31/2026`
    MdyDay,
    /// `2026-01-31T23:59:59+01:00`
    IsoZone,
    /// Days since the end of 1899, as a spreadsheet counts them.
    ExcelSerial,
}

/// What part of an instant a written date still tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Resolution {
    Second,
    Minute,
    Day,
}

/// How Salesforce's numbers are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Numbers {
    /// `12345`
    Plain,
    /// `12345.0`
    PointZero,
    /// `1.2345E4`
    Exponent,
}

/// Which of the known headings stand over the columns of the export.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Headings {
    /// As in a report.
    Report,
    /// The same words in capitals, with an accent and spaces that do not matter.
    Restyled,
    /// The keys of the older report API, where they are known.
    Legacy,
}

/// Which of the two reports is a workbook rather than delimited text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Workbooks {
    Neither,
    Users,
    Both,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Dialect {
    pub(crate) delimiter: u8,
    pub(crate) encoding: Encoding,
    pub(crate) dates: Dates,
    /// Blank dates are written as zeros.
    pub(crate) zero_dates: bool,
    /// IANA name of the zone that the dates are in.
    pub(crate) zone: &'static str,
    /// Whether the configuration says so, rather than `auto`.
    pub(crate) zone_declared: bool,
    pub(crate) workbooks: Workbooks,
    pub(crate) numbers: Numbers,
    /// Characters of an id in the snapshot, 15 or 18.
    pub(crate) id_length: usize,
    pub(crate) headings: Headings,
    /// Into how many files the enrollments are split.
    pub(crate) parts: usize,
}

impl Default for Dialect {
    /// Comma, UTF-8, ISO dates in UTC: what the other choices are measured against.
    fn default() -> Self {
        Self {
            delimiter: b',',
            encoding: Encoding::Utf8,
            dates: Dates::IsoSpace,
            zero_dates: false,
            zone: "UTC",
            zone_declared: true,
            workbooks: Workbooks::Neither,
            numbers: Numbers::PointZero,
            id_length: 18,
            headings: Headings::Report,
            parts: 1,
        }
    }
}

impl Dialect {
    pub(crate) fn time_zone(&self) -> TimeZone {
        TimeZone::get(self.zone).expect("a zone of the bundled table")
    }

    pub(crate) fn resolution(&self) -> Resolution {
        match self.dates {
            Dates::DmySlashMinutes => Resolution::Minute,
            Dates::MdyDay => Resolution::Day,
            _ => Resolution::Second,
        }
    }

    /// What a reader of the written date can still know of the instant: the stretches of time that
    /// it may stand for, each as its first second and the first after it. There are two where a
    /// clock change lets an hour pass twice, unless the date tells its offset.
    pub(crate) fn stretches(&self, at: At) -> Vec<(At, At)> {
        if self.dates == Dates::IsoZone {
            return vec![(at, at + 1)];
        }
        let zone = self.time_zone();
        let either = |local: DateTime| {
            let ambiguous = zone.to_ambiguous_timestamp(local);
            let (earlier, later) = (ambiguous.earlier(), ambiguous.later());
            [earlier, later].map(|instant| instant.expect("a local time of this century").as_second())
        };
        let local = instant(at).to_zoned(zone.clone()).datetime();
        let (first, length) = match self.resolution() {
            Resolution::Second => (local, 1),
            Resolution::Minute => (local.with().second(0).build().expect("a full minute"), MINUTE),
            Resolution::Day => {
                let next = local.date().tomorrow().expect("not the last day of time");
                return vec![(either(local.date().into())[0], either(next.into())[1])];
            }
        };
        either(first).into_iter().map(|first| (first, first + length)).collect()
    }

    /// A date of the export.
    pub(super) fn date(&self, at: Option<At>, zone: &TimeZone) -> String {
        let Some(at) = at else {
            return if self.zero_dates { "0000-00-00 00:00:00".to_owned() } else { String::new() };
        };
        let zoned = instant(at).to_zoned(zone.clone());
        let pattern = match self.dates {
            Dates::IsoSpace => "%Y-%m-%d %H:%M:%S",
            Dates::DmySlashSeconds => "%d/%m/%Y %H:%M:%S",
            Dates::DmySlashMinutes => "%d/%m/%Y %H:%M",
            Dates::MdyDay => "%m/%d/%Y",
            Dates::IsoZone => "%Y-%m-%dT%H:%M:%S%:z",
            Dates::ExcelSerial => return serial(zoned.datetime()),
        };
        zoned.strftime(pattern).to_string()
    }

    /// A number of a Salesforce object.
    pub(super) fn number(&self, number: u64) -> String {
        match self.numbers {
            Numbers::Plain => number.to_string(),
            Numbers::PointZero => format!("{number}.0"),
            Numbers::Exponent => {
                let digits = number.to_string();
                let (first, rest) = digits.split_at(1);
                let rest = rest.trim_end_matches('0');
                format!("{first}.{}E{}", if rest.is_empty() { "0" } else { rest }, digits.len() - 1)
            }
        }
    }

    /// An id of a Salesforce object; blank stays blank.
    pub(super) fn id(&self, id: &str) -> String {
        id.chars().take(self.id_length).collect()
    }

    /// The heading that this dialect puts over a column of a report.
    pub(super) fn heading(&self, heading: &str) -> String {
        match self.headings {
            Headings::Report => heading.to_owned(),
            Headings::Restyled => format!(" {} ", heading.to_uppercase().replacen('E', "É", 1)),
            Headings::Legacy => match heading {
                "Username" => "user.userid",
                "User unique ID" => "user.iduser",
                "Course Internal ID" => "course.course_internal_id",
                "Enrollment Date" => "enrollment.date_inscr",
                "Course First Access Date" => "enrollment.date_first_access",
                // The misspelling is the API's own.
                "Course Last Access Date" => "enrollment.date_last_accesss",
                "Completion Date" => "enrollment.date_complete",
                "Course Enrollment Status" => "enrollment.status",
                other => other,
            }
            .to_owned(),
        }
    }

    /// Bytes of a text, or `None` where the encoding has no place for a character.
    pub(super) fn encode(&self, text: &str) -> Option<Vec<u8>> {
        match self.encoding {
            Encoding::Utf8 => Some(text.as_bytes().to_vec()),
            Encoding::Utf8Bom => Some([b"\xEF\xBB\xBF", text.as_bytes()].concat()),
            Encoding::Utf16Le => {
                Some([0xFEFF].into_iter().chain(text.encode_utf16()).flat_map(u16::to_le_bytes).collect())
            }
            Encoding::Windows1252 => text.chars().map(latin).collect(),
        }
    }
}

/// One byte of Windows-1252. Of its upper signs only those that people type are here.
fn latin(c: char) -> Option<u8> {
    match c {
        '\0'..='\x7F' | '\u{A0}'..='\u{FF}' => u8::try_from(u32::from(c)).ok(),
        '€' => Some(0x80),
        '…' => Some(0x85),
        'Š' => Some(0x8A),
        '‘' => Some(0x91),
        '’' => Some(0x92),
        '“' => Some(0x93),
        '”' => Some(0x94),
        '–' => Some(0x96),
        'š' => Some(0x9A),
        _ => None,
    }
}

fn instant(at: At) -> Timestamp {
    Timestamp::from_second(at).expect("an instant of this century")
}

/// Salesforce's own way to write an instant.
pub(super) fn salesforce(at: Option<At>) -> String {
    at.map(|at| instant(at).strftime("%Y-%m-%dT%H:%M:%S.000Z").to_string()).unwrap_or_default()
}

/// An instant as configurations and manifests write it.
pub(super) fn rfc3339(at: At) -> String {
    instant(at).strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// Nine decimals tell a second with room to spare.
fn serial(local: DateTime) -> String {
    let origin = jiff::civil::date(1899, 12, 30);
    let days = local.date().since(origin).map(|span| span.get_days()).expect("within the calendar");
    let seconds =
        f64::from(i32::from(local.hour()) * 3600 + i32::from(local.minute()) * 60 + i32::from(local.second()));
    format!("{:.9}", f64::from(days) + seconds / 86_400.0)
}
