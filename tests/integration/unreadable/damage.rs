//! Ways in which a row of a report can become unreadable.

use super::{Lines, column};

/// One way.
#[derive(Debug, Clone, Copy)]
pub(super) struct Damage {
    pub(super) name: &'static str,
    what: What,
}

#[derive(Debug, Clone, Copy)]
enum What {
    /// The cell beneath a heading reads otherwise.
    Cell(&'static str, fn(&[u8]) -> Vec<u8>),
    /// Text stands behind the last heading's cell.
    TooManyCells,
    /// The row ends behind so many cells.
    Cut(usize),
}

const fn cell(name: &'static str, heading: &'static str, spoil: fn(&[u8]) -> Vec<u8>) -> Damage {
    Damage { name, what: What::Cell(heading, spoil) }
}

const LEARNER: &str = "User unique ID";
const COURSE: &str = "Course Internal ID";

fn word(_: &[u8]) -> Vec<u8> {
    b"unknown".to_vec()
}

fn blank(_: &[u8]) -> Vec<u8> {
    Vec::new()
}

fn thousands(id: &[u8]) -> Vec<u8> {
    let padded = if id.len() < 4 { [b"1".as_slice(), id].concat() } else { id.to_vec() };
    let (front, back) = padded.split_at(padded.len() - 3);
    [front, b",", back].concat()
}

fn decimal(id: &[u8]) -> Vec<u8> {
    [id, b".5"].concat()
}

/// One broken byte among whole letters beyond ASCII, so that the file stays UTF-8.
fn broken_letter(text: &[u8]) -> Vec<u8> {
    [text, "\u{eb}\u{fc}\u{e4}".as_bytes(), b"\xff"].concat()
}

fn spreadsheet_error(_: &[u8]) -> Vec<u8> {
    b"#REF!".to_vec()
}

fn no_date(_: &[u8]) -> Vec<u8> {
    b"the day before".to_vec()
}

pub(super) const USERS: &[Damage] = &[
    cell("learner id is text", LEARNER, word),
    cell("learner id is blank", LEARNER, blank),
    cell("learner id has a thousands separator", LEARNER, thousands),
    cell("learner id is a decimal", LEARNER, decimal),
    cell("learner id is a spreadsheet error", LEARNER, spreadsheet_error),
    cell("username is not UTF-8", "Username", broken_letter),
    cell("username is a spreadsheet error", "Username", spreadsheet_error),
    cell("sfdc_id is not UTF-8", "sfdc_id", broken_letter),
    cell("sfdc_id is a spreadsheet error", "sfdc_id", spreadsheet_error),
    Damage { name: "too many cells", what: What::TooManyCells },
    Damage { name: "cut behind the username", what: What::Cut(2) },
    Damage { name: "cut before the learner id", what: What::Cut(9) },
];

pub(super) const ENROLLMENTS: &[Damage] = &[
    cell("learner id is text", LEARNER, word),
    cell("learner id is blank", LEARNER, blank),
    cell("learner id has a thousands separator", LEARNER, thousands),
    cell("learner id is a decimal", LEARNER, decimal),
    cell("learner id is a spreadsheet error", LEARNER, spreadsheet_error),
    cell("course id is text", COURSE, word),
    cell("course id is blank", COURSE, blank),
    cell("course id has a thousands separator", COURSE, thousands),
    cell("course id is a decimal", COURSE, decimal),
    cell("course id is a spreadsheet error", COURSE, spreadsheet_error),
    cell("enrollment date is no date", "Enrollment Date", no_date),
    cell("enrollment date is a spreadsheet error", "Enrollment Date", spreadsheet_error),
    cell("completion date is no date", "Completion Date", no_date),
    cell("first access is no date", "Course First Access Date", no_date),
    cell("last access is no date", "Course Last Access Date", no_date),
    cell("archived mark is no mark", "Archived Enrollment", word),
    cell("username is not UTF-8", "Username", broken_letter),
    cell("status is not UTF-8", "Course Enrollment Status", broken_letter),
    cell("status is a spreadsheet error", "Course Enrollment Status", spreadsheet_error),
    Damage { name: "too many cells", what: What::TooManyCells },
    Damage { name: "cut behind the username", what: What::Cut(2) },
    Damage { name: "cut behind both ids", what: What::Cut(13) },
];

impl Damage {
    /// Whether the file has the column.
    pub(super) fn applies(&self, lines: &Lines) -> bool {
        match self.what {
            What::Cell(heading, _) => column(lines, heading).is_some(),
            What::TooManyCells | What::Cut(_) => true,
        }
    }

    /// Makes a row unreadable.
    pub(super) fn apply(&self, lines: &mut Lines, row: usize) {
        match self.what {
            What::Cell(heading, spoil) => {
                let column = column(lines, heading).expect("a column");
                let cell = &mut lines[row][column];
                *cell = spoil(cell);
            }
            What::TooManyCells => lines[row].push(b"one too many".to_vec()),
            What::Cut(cells) => lines[row].truncate(cells),
        }
    }
}
