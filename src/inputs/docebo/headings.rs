//! Finds columns by their headings: the known names from Docebo's reports and APIs, and those set under
//! `[docebo.columns]`. Case, spaces, accents and column positions do not matter.

use unicode_normalization::UnicodeNormalization as _;
use unicode_normalization::char::is_combining_mark;

use crate::error::Error;
use crate::inputs::table::Table;
use crate::settings::{ColumnName, Columns, file::nearest};

/// A heading without case, accents, spaces and punctuation.
pub(super) fn fold(heading: &str) -> String {
    heading
        .nfkd()
        .filter(|c| !is_combining_mark(*c))
        .flat_map(char::to_lowercase)
        .filter(|c| c.is_alphanumeric())
        .collect()
}

/// A heading without its final remark in parentheses: `Archived Enrollment (Yes / No)`.
fn without_remark(heading: &str) -> &str {
    let heading = heading.trim_end();
    match heading.strip_suffix(')').and_then(|heading| heading.rfind('(')) {
        Some(at) => &heading[..at],
        None => heading,
    }
}

/// The known headings of a column, folded. `Enrollment Start Date` is the validity window, not the enrollment date;
/// `Course Unique ID` is a code, not the numeric id.
const fn known(column: ColumnName) -> &'static [&'static str] {
    match column {
        ColumnName::LearnerId => &["useruniqueid", "useriduser", "userid"],
        ColumnName::Username => &["username", "useruserid"],
        ColumnName::SfdcId => &["sfdcid", "salesforceid", "salesforcecontactid"],
        ColumnName::CourseId => &["courseinternalid", "coursecourseinternalid", "courseid"],
        ColumnName::CourseCode => &["coursecode"],
        ColumnName::Status => &["courseenrollmentstatus", "enrollmentstatus"],
        ColumnName::EnrollmentDate => {
            &["enrollmentdate", "courseenrollmentdate", "enrollmentdateinscr", "enrollmentcreatedat"]
        }
        ColumnName::CompletionDate => {
            &["completiondate", "coursecompletiondate", "enrollmentdatecomplete", "enrollmentcompletiondate"]
        }
        ColumnName::FirstAccess => &["coursefirstaccessdate", "enrollmentdatefirstaccess"],
        ColumnName::LastAccess => &["courselastaccessdate", "enrollmentdatelastaccess", "enrollmentdatelastaccesss"],
        ColumnName::Archived => &["archivedenrollment", "enrollmentarchived"],
        ColumnName::CourseCreated => &["coursecreationdate"],
    }
}

/// Whether a line is probably the report's headings: at least two are known or configured.
pub(super) fn is_plausible(line: &[String], columns: &Columns) -> bool {
    let is_known = |cell: &&String| {
        let folded = fold(cell);
        ColumnName::ALL.iter().any(|&column| match columns.heading(column) {
            Some(own) => folded == fold(own),
            None => known(column).contains(&folded.as_str()),
        })
    };
    line.iter().filter(is_known).take(2).count() == 2
}

/// A column's description and its heading in Docebo's reports.
pub(super) const fn words(column: ColumnName) -> (&'static str, &'static str) {
    match column {
        ColumnName::LearnerId => ("the learner's id", "User unique ID"),
        ColumnName::Username => ("the username", "Username"),
        ColumnName::SfdcId => ("the Salesforce id", "sfdc_id"),
        ColumnName::CourseId => ("the course id", "Course Internal ID"),
        ColumnName::CourseCode => ("the course code", "Course code"),
        ColumnName::Status => ("the enrollment status", "Course Enrollment Status"),
        ColumnName::EnrollmentDate => ("the enrollment date", "Enrollment Date"),
        ColumnName::CompletionDate => ("the completion date", "Completion Date"),
        ColumnName::FirstAccess => ("the first access", "Course First Access Date"),
        ColumnName::LastAccess => ("the last access", "Course Last Access Date"),
        ColumnName::Archived => ("the Archived Enrollment value", "Archived Enrollment"),
        ColumnName::CourseCreated => ("the course's creation date", "Course Creation Date"),
    }
}

/// The headings of a file, for an error message.
pub(super) fn list(table: &Table) -> String {
    const MAX_LISTED: usize = 40;
    let mut names: Vec<String> =
        table.headings.iter().take(MAX_LISTED).map(|heading| heading.chars().take(60).collect::<String>()).collect();
    if table.headings.len() > MAX_LISTED {
        names.push(format!("and {} more", table.headings.len() - MAX_LISTED));
    }
    names.join(", ")
}

/// The columns of one file.
pub(super) struct Headings<'a> {
    table: &'a Table,
    columns: &'a Columns,
    folded: Vec<String>,
}

impl<'a> Headings<'a> {
    pub(super) fn new(table: &'a Table, columns: &'a Columns) -> Self {
        let folded = table.headings.iter().map(|heading| fold(heading)).collect();
        Self { table, columns, folded }
    }

    /// Whether any heading matches the column.
    pub(super) fn has(&self, column: ColumnName) -> bool {
        !self.candidates(column).is_empty()
    }

    fn candidates(&self, column: ColumnName) -> Vec<usize> {
        let matching = |fits: &dyn Fn(usize) -> bool| (0..self.folded.len()).filter(|&at| fits(at)).collect::<Vec<_>>();
        match self.columns.heading(column) {
            Some(own) => {
                let exact = matching(&|at| self.table.headings[at] == own);
                if exact.is_empty() { matching(&|at| self.folded[at] == fold(own)) } else { exact }
            }
            None => {
                let exact = matching(&|at| known(column).contains(&self.folded[at].as_str()));
                if exact.is_empty() {
                    matching(&|at| known(column).contains(&fold(without_remark(&self.table.headings[at])).as_str()))
                } else {
                    exact
                }
            }
        }
    }

    /// The column of a heading.
    pub(super) fn meaning(&self, heading: &str) -> Option<ColumnName> {
        let is_meant =
            |column: &ColumnName| self.candidates(*column).iter().any(|&at| self.table.headings[at] == heading);
        ColumnName::ALL.into_iter().find(is_meant)
    }

    /// The column, if present.
    pub(super) fn optional(&self, column: ColumnName) -> Result<Option<usize>, Error> {
        let candidates = self.candidates(column);
        let [first, second, ..] = candidates[..] else { return Ok(candidates.first().copied()) };
        let (meaning, _) = words(column);
        let (a, b) = (&self.table.headings[first], &self.table.headings[second]);
        let (what, next) = if a == b {
            (
                format!("the heading `{a}` stands {} times (columns {} and {}), and could be {meaning} each time", candidates.len(), first + 1, second + 1),
                "rename the headings in the file so that each stands once, or export the report without the other column".to_owned(),
            )
        } else {
            (
                format!(
                    "two columns could be {meaning}: `{a}` (column {}) and `{b}` (column {})",
                    first + 1,
                    second + 1
                ),
                format!("say which under [docebo.columns] in the configuration: {} = \"{a}\"", column.key()),
            )
        };
        Err(Error::Input { path: self.table.path().to_owned(), what, next })
    }

    /// The column, which must be present.
    pub(super) fn required(&self, column: ColumnName) -> Result<usize, Error> {
        self.optional(column)?.ok_or_else(|| {
            let (meaning, usual) = words(column);
            Error::Input {
                path: self.table.path().to_owned(),
                what: format!("no column for {meaning}; found: {}", list(self.table)),
                next: format!(
                    "add `{usual}` to the report and export it again, or, if it is there under another name, set \
                     {} = \"HEADING\" under [docebo.columns] in the configuration",
                    column.key()
                ),
            }
        })
    }
}

/// Every configured heading must occur in some file; otherwise it is misspelled.
pub(super) fn check_overrides(columns: &Columns, tables: &[&Table]) -> Result<(), Error> {
    for (column, heading) in &columns.headings {
        let found = tables.iter().any(|table| Headings::new(table, columns).has(*column));
        let Some(first) = tables.first().filter(|_| !found) else { continue };
        let all = tables.iter().flat_map(|table| table.headings.iter().map(String::as_str));
        let hint = nearest(heading, all).map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
        return Err(Error::Input {
            path: first.path().to_owned(),
            what: format!("no report has the heading `{heading}` that the configuration names{hint}"),
            next: format!("correct `{}` under [docebo.columns]; found: {}", column.key(), list(first)),
        });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{fold, known};
    use crate::settings::ColumnName;

    #[test]
    fn case_spaces_accents_and_punctuation_do_not_matter() {
        for heading in ["User unique ID", "USER UNIQUE ID", " user_unique-id ", "Us\u{e9}r un\u{ed}que \u{ff29}D"] {
            assert_eq!(fold(heading), "useruniqueid", "{heading}");
        }
    }

    #[test]
    fn no_heading_means_two_columns_and_traps_are_not_taken() {
        let mut all: Vec<&str> = ColumnName::ALL.iter().flat_map(|&column| known(column)).copied().collect();
        all.sort_unstable();
        let count = all.len();
        all.dedup();
        assert_eq!(all.len(), count);
        for trap in ["Enrollment Start Date", "Enrollment End Date", "Course Unique ID", "Course Status"] {
            assert!(!all.contains(&fold(trap).as_str()), "{trap}");
        }
    }
}
