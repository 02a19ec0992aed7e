//! The results of `tieout doctor` and `tieout verify`: one line per question, with the next step if something is wrong.
//!
//! Must not know: how the questions are asked, or how the lines are shown.

use crate::error::Error;
use crate::exit::Exit;
use crate::model::label::Tally;
use crate::model::text::one_line;
use serde::{Deserialize, Serialize};

/// The answer to a question.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    strum::Display,
    strum::EnumString,
    strum::IntoStaticStr,
    strum::VariantArray,
)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
pub enum State {
    /// As it should be.
    Pass,
    /// Acceptable, but something will not be judged or is at risk.
    Warn,
    /// Not acceptable: a run cannot succeed, a pack must not be sent.
    Fail,
    /// The question does not apply, or cannot be asked.
    Skip,
}

/// The subject of a question.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    strum::Display,
    strum::EnumString,
    strum::IntoStaticStr,
    strum::VariantArray,
)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
pub enum Area {
    /// The configuration file.
    Configuration,
    /// Signing in to Salesforce.
    SignIn,
    /// The API: its version, and the daily calls.
    Api,
    /// The clock of this machine.
    Clock,
    /// An object of Salesforce, and its fields.
    Object,
    /// The permissions of the user who signs in.
    Permissions,
    /// Docebo's package.
    Package,
    /// The user with whom Docebo writes.
    IntegrationUser,
    /// The snapshot folder.
    Snapshot,
    /// The files of the export.
    Export,
    /// The output folder.
    Output,
    /// An evidence pack.
    Pack,
    /// Personal data in an evidence pack.
    Persons,
}

impl Area {
    /// The exit code of a run that fails in this area.
    const fn exit(self) -> Exit {
        match self {
            Self::Configuration => Exit::Usage,
            Self::SignIn
            | Self::Api
            | Self::Clock
            | Self::Object
            | Self::Permissions
            | Self::Package
            | Self::IntegrationUser => Exit::Salesforce,
            Self::Snapshot | Self::Export | Self::Pack => Exit::Input,
            Self::Persons => Exit::Findings,
            Self::Output => Exit::Output,
        }
    }
}

/// One question and its answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DoctorCheck {
    /// The subject of the question.
    pub area: Area,
    /// What was checked.
    pub what: String,
    /// The answer.
    pub state: State,
    /// What was found, without secrets.
    pub found: String,
    /// The next step, if something is wrong.
    pub next: Option<String>,
}

impl DoctorCheck {
    /// As it should be.
    #[must_use]
    pub fn pass(area: Area, what: impl Into<String>, found: impl Into<String>) -> Self {
        Self { area, what: what.into(), state: State::Pass, found: found.into(), next: None }
    }

    /// Something will not be judged or is at risk.
    #[must_use]
    pub fn warn(area: Area, what: impl Into<String>, found: impl Into<String>, next: impl Into<String>) -> Self {
        Self { area, what: what.into(), state: State::Warn, found: found.into(), next: Some(next.into()) }
    }

    /// A run cannot succeed.
    #[must_use]
    pub fn fail(area: Area, what: impl Into<String>, found: impl Into<String>, next: impl Into<String>) -> Self {
        Self { state: State::Fail, ..Self::warn(area, what, found, next) }
    }

    /// The question does not apply, or cannot be asked.
    #[must_use]
    pub fn skip(area: Area, what: impl Into<String>, found: impl Into<String>) -> Self {
        Self { state: State::Skip, ..Self::pass(area, what, found) }
    }

    /// An error that would end a run.
    #[must_use]
    pub fn error(area: Area, what: impl Into<String>, error: &Error) -> Self {
        let (what, (found, next)) = (what.into(), split_next_step(error));
        // Many errors begin with the path that is the line's subject.
        let found = found.strip_prefix(&format!("{what}: ")).unwrap_or(&found).to_owned();
        Self::fail(area, what, found, next)
    }
}

/// Splits an error's text from its next step.
#[must_use]
pub fn split_next_step(error: &Error) -> (String, String) {
    // Texts from Salesforce may contain line ends, and text that looks like a next step.
    if let Error::Salesforce { what, next } = error {
        return (one_line(&to_single_line(what)).into_owned(), one_line(next).into_owned());
    }
    let text = error.to_string();
    match text.split_once("\n  next: ") {
        Some((what, next)) => (to_single_line(what), next.to_owned()),
        None => (to_single_line(&text), "correct what is named there".to_owned()),
    }
}

/// Joins a text of several lines. Salesforce quotes a rejected query, with an arrow below; the reason follows.
fn to_single_line(text: &str) -> String {
    let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let quoted = lines.iter().position(|line| line.starts_with("ERROR at Row:"));
    let kept = lines.iter().enumerate().filter(|(at, _)| *at == 0 || quoted.is_none_or(|quoted| *at > quoted));
    kept.map(|(_, line)| *line).collect::<Vec<_>>().join(" ")
}

/// All lines, in the order of the questions.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Diagnosis {
    /// The lines.
    pub checks: Vec<DoctorCheck>,
}

impl Diagnosis {
    /// The exit code: that of the first line that failed.
    #[must_use]
    pub fn exit(&self) -> Exit {
        self.checks.iter().find(|line| line.state == State::Fail).map_or(Exit::Clean, |line| line.area.exit())
    }

    /// Number of lines per answer.
    #[must_use]
    pub fn tally(&self) -> Tally<State> {
        Tally::count(self.checks.iter().map(|line| line.state))
    }
}

#[cfg(test)]
mod tests {
    use super::{Area, Diagnosis, DoctorCheck, split_next_step};
    use crate::error::Error;
    use crate::exit::Exit;

    #[test]
    fn the_first_line_that_failed_decides() {
        let line = |area| DoctorCheck::fail(area, "x", "y", "z");
        let warned = DoctorCheck::warn(Area::Configuration, "x", "y", "z");
        assert_eq!(Diagnosis::default().exit(), Exit::Clean);
        assert_eq!(Diagnosis { checks: vec![warned.clone()] }.exit(), Exit::Clean);
        let diagnosis = Diagnosis { checks: vec![warned, line(Area::Export), line(Area::SignIn)] };
        assert_eq!(diagnosis.exit(), Exit::Input);
    }

    #[test]
    fn an_error_is_parted_from_its_next_step() {
        let error = Error::Salesforce { what: "it is\nso".to_owned(), next: "do that".to_owned() };
        assert_eq!(split_next_step(&error), ("it is so".to_owned(), "do that".to_owned()));
        let what = "X: \nId FROM X\n        ^\nERROR at Row:1:Column:9\nsObject type 'X' is not supported.";
        let error = Error::Salesforce { what: what.to_owned(), next: "do that".to_owned() };
        assert_eq!(split_next_step(&error).0, "X: sObject type 'X' is not supported.");
    }
}
