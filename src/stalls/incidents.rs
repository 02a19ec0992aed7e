//! Publicly known outages, as an editable table: `name,start,end,source`.
//!
//! A stall whose onset touches an incident's window *coincides with* it; this does not mean that it is the cause.
//!
//! Must not know: where the table was read from.

use std::collections::BTreeSet;

use crate::model::instant::Instant;

/// The incidents shipped with tieout.
pub const SHIPPED: &str = include_str!("../../templates/incidents.csv");

/// An outage.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Incident {
    /// Its name.
    pub name: String,
    /// Its first moment.
    pub start: Instant,
    /// Its last.
    pub end: Instant,
    /// Where it was reported.
    pub source: String,
}

impl Incident {
    /// Whether its window touches an interval; an interval without a beginning is touched only at its end.
    #[must_use]
    pub fn touches(&self, after: Option<Instant>, before: Option<Instant>) -> bool {
        let from = after.or(before);
        before.is_none_or(|before| self.start <= before) && from.is_some_and(|from| from <= self.end)
    }
}

/// A fault in a table, and its line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IncidentFault {
    /// Counted from 1.
    pub line: u64,
    /// What is wrong, and what would be correct.
    pub what: String,
}

const COLUMNS: [&str; 4] = ["name", "start", "end", "source"];

/// Parses a table; columns are found by heading, further ones are ignored.
///
/// # Errors
/// If a column is missing, a moment is invalid, or an incident ends before it begins.
pub fn parse(text: &str) -> Result<Vec<Incident>, IncidentFault> {
    let text = text.trim_start_matches('\u{feff}');
    // The reader positions a record before the blank lines that it skips. Only a fault needs its line.
    let line_of = |position: Option<&csv::Position>| {
        let at = position.map_or(0, |position| usize::try_from(position.byte()).unwrap_or(0)).min(text.len());
        let skipped = text.as_bytes()[at..].iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
        1 + text.as_bytes()[..at + skipped].iter().filter(|&&byte| byte == b'\n').count() as u64
    };
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(text.as_bytes());
    let fault = |error: csv::Error| IncidentFault {
        line: line_of(error.position()),
        what: "is not a row of comma-separated values like its heading".to_owned(),
    };
    let headings = reader.headers().map_err(fault)?.clone();
    let mut places = [0; 4];
    for (place, column) in places.iter_mut().zip(COLUMNS) {
        *place = headings.iter().position(|heading| heading.eq_ignore_ascii_case(column)).ok_or_else(|| {
            IncidentFault { line: 1, what: format!("has no column `{column}`; the heading is name,start,end,source") }
        })?;
    }
    let mut incidents = Vec::new();
    for record in reader.records() {
        let record = record.map_err(fault)?;
        let line = || line_of(record.position());
        let cell = |column: usize| record.get(places[column]).unwrap_or("");
        let moment = |column: usize| {
            let moment = Instant::parse_stated(cell(column).as_bytes());
            moment.map_err(|fault| IncidentFault {
                line: line(),
                what: format!(
                    "{} `{}` {}",
                    COLUMNS[column],
                    cell(column).chars().take(40).collect::<String>(),
                    fault.why("is not a date and time with a zone, such as 2025-10-20T06:48:00Z")
                ),
            })
        };
        let (start, end) = (moment(1)?, moment(2)?);
        if cell(0).is_empty() {
            return Err(IncidentFault { line: line(), what: "has no name".to_owned() });
        }
        if end < start {
            return Err(IncidentFault { line: line(), what: format!("ends ({end}) before it starts ({start})") });
        }
        incidents.push(Incident { name: cell(0).to_owned(), start, end, source: cell(3).to_owned() });
    }
    incidents.sort_by(|a, b| (a.start, &a.name).cmp(&(b.start, &b.name)));
    Ok(incidents)
}

/// The shipped incidents and the user's own; of two with one name the user's wins.
#[must_use]
pub fn with_own(own: Vec<Incident>) -> Vec<Incident> {
    // The shipped table is tested; if it had a fault, it would be omitted.
    let mut all = parse(SHIPPED).unwrap_or_default();
    let names: BTreeSet<&str> = own.iter().map(|own| own.name.as_str()).collect();
    all.retain(|shipped| !names.contains(shipped.name.as_str()));
    all.extend(own);
    all.sort_by(|a, b| (a.start, &a.name).cmp(&(b.start, &b.name)));
    all
}

#[cfg(test)]
mod tests {
    use super::{SHIPPED, parse, with_own};
    use crate::model::instant::Instant;

    fn at(text: &str) -> Option<Instant> {
        Instant::parse(text.as_bytes()).expect("a moment")
    }

    #[test]
    fn the_shipped_table_holds_two_known_outages() {
        let shipped = parse(SHIPPED).expect("the shipped table reads");
        let windows: Vec<String> =
            shipped.iter().map(|incident| format!("{}/{}", incident.start, incident.end)).collect();
        assert_eq!(windows, ["2025-06-10T06:03:00Z/2025-06-11T05:50:00Z", "2025-10-20T06:48:00Z/2025-10-20T21:20:00Z"]);
        assert!(shipped.iter().all(|incident| !incident.source.is_empty()));
    }

    #[test]
    fn an_interval_touches_a_window_it_shares_a_moment_with() {
        let aws = &parse(SHIPPED).expect("reads")[1];
        assert!(aws.touches(at("2025-10-20T05:00:00Z"), at("2025-10-20T06:48:00Z")));
        assert!(aws.touches(at("2025-10-20T21:20:00Z"), at("2025-10-21T08:00:00Z")));
        assert!(!aws.touches(at("2025-10-20T21:20:01Z"), at("2025-10-21T08:00:00Z")));
        assert!(!aws.touches(at("2025-10-19T00:00:00Z"), at("2025-10-20T06:47:59Z")));
        assert!(aws.touches(None, at("2025-10-20T10:00:00Z")) && !aws.touches(None, at("2026-01-01T00:00:00Z")));
        assert!(!aws.touches(None, None));
    }

    #[test]
    fn faults_name_their_line() {
        for (text, line, what) in [
            ("name,start,end\n", 1, "no column `source`"),
            ("name,start,end,source\nA,2025-01-01,2025-01-02T00:00:00Z,x\n", 2, "start `2025-01-01`"),
            ("name,start,end,source\n\nA,2025-01-02T00:00:00Z,2025-01-01T00:00:00Z,x\n", 3, "before it starts"),
            ("name,start,end,source\nA,2025-01-02T00:00:00Z\n", 2, "like its heading"),
            ("name,start,end,source\n,2025-01-01T00:00:00Z,2025-01-02T00:00:00Z,x\n", 2, "no name"),
        ] {
            let fault = parse(text).expect_err(text);
            assert!(fault.line == line && fault.what.contains(what), "{text}: {fault:?}");
        }
    }

    #[test]
    fn an_own_incident_replaces_the_shipped_one_of_its_name() {
        let name = parse(SHIPPED).expect("reads")[0].name.clone();
        let own =
            parse(&format!("source,END,start,name,note\nus,2025-06-12T00:00:00Z,2025-06-10T00:00:00Z,{name},x\n"))
                .expect("reads");
        let all = with_own(own);
        assert_eq!(all.len(), 2);
        assert_eq!(all[0].source, "us");
    }
}
