//! The exit codes. README, `--help` and the code read this table.

/// How a run ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// Everything needed was evaluated; no finding at or above `--fail-on`.
    Clean = 0,
    /// Findings at or above `--fail-on`.
    Findings = 1,
    /// Wrong usage or configuration.
    Usage = 2,
    /// Salesforce unreachable or refused.
    Salesforce = 3,
    /// Export or snapshot unreadable.
    Input = 4,
    /// The sync is judged stalled (wins over 1).
    Stalled = 5,
    /// Something could not be evaluated (and neither 1 nor 5).
    NotEvaluated = 6,
    /// Output not writable (tested before the long part).
    Output = 7,
    /// A defect of tieout, such as totals that do not tie out.
    Defect = 70,
    /// Interrupted.
    Interrupted = 130,
}

impl Exit {
    /// Every code with its meaning, as printed in help and README.
    pub const TABLE: [(Self, &'static str); 10] = [
        (Self::Clean, "everything needed was evaluated, nothing at or above --fail-on"),
        (Self::Findings, "findings at or above --fail-on"),
        (Self::Usage, "wrong usage or configuration"),
        (Self::Salesforce, "Salesforce unreachable or refused"),
        (Self::Input, "export or snapshot unreadable"),
        (Self::Stalled, "the sync is judged stalled (wins over 1)"),
        (Self::NotEvaluated, "something could not be evaluated (and neither 1 nor 5)"),
        (Self::Output, "output not writable (tested before the long part)"),
        (Self::Defect, "a defect of tieout, such as totals that do not tie out"),
        (Self::Interrupted, "interrupted"),
    ];

    /// The number.
    #[must_use]
    pub const fn code(self) -> u8 {
        self as u8
    }
}

impl From<Exit> for std::process::ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}
