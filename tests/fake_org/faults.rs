//! What goes wrong, when, and how often.

use super::reply::{Call, PageFault};

#[derive(Debug, Clone)]
pub(crate) enum FaultKind {
    /// This answer instead, with further headers.
    Status {
        code: u16,
        body: String,
        headers: Vec<(String, String)>,
    },
    /// A page of HTML, as from a proxy or during maintenance.
    Html {
        code: u16,
    },
    /// 401, and from now on only a fresh token works.
    Unauthorized,
    /// The connection is reset before a byte of the answer.
    ResetBeforeAnswer,
    /// The length is declared, and the connection dropped after so many bytes of the (compressed) body.
    CutBody {
        bytes: usize,
    },
    /// Half of the (compressed) body, and then nothing for longer than anybody waits.
    StallBody,
    /// The (compressed) body comes byte by byte, with a pause of so many milliseconds before each.
    Drip {
        millis: u64,
    },
    Delay {
        millis: u64,
    },
    /// An answer of so many bytes of nothing, which compress well.
    Bomb {
        code: u16,
        bytes: usize,
    },
    /// The body that is made of the address, as JSON.
    Scripted(fn(&str) -> String),
    /// So many rows are missing at the end of the page; every count still tells of them.
    ShortPage {
        rows: usize,
    },
    /// No `Sforce-NumberOfRecords`.
    MissingCountHeader,
    /// `Sforce-NumberOfRecords` says this.
    CountHeader(String),
    /// `Sforce-Locator` says this, or is absent.
    LocatorHeader(Option<String>),
    /// A NUL in a text of the page's first row.
    NulBytes,
    /// The page's columns stand the other way round, and its lines end with CRLF.
    OtherLayout,
    /// `Sforce-Limit-Info` says this.
    LimitInfo(String),
    /// On creation or a poll of a query job: it fails.
    JobFails {
        message: String,
    },
    /// On creation or a poll of a query job: somebody aborts it.
    JobAborted,
}

/// One kind of fault, for the requests that match.
#[derive(Debug, Clone)]
pub(crate) struct Fault {
    /// In path and query, as sent or percent-decoded.
    pub(crate) path_contains: String,
    pub(crate) method: Option<String>,
    /// How many matching requests pass first.
    pub(crate) skip: usize,
    /// How many it strikes then.
    pub(crate) times: usize,
    pub(crate) kind: FaultKind,
}

impl Fault {
    /// Strikes the first matching request once.
    pub(crate) fn once(path_contains: &str, kind: FaultKind) -> Self {
        Self { path_contains: path_contains.to_owned(), method: None, skip: 0, times: 1, kind }
    }

    pub(crate) fn skip(mut self, skip: usize) -> Self {
        self.skip = skip;
        self
    }

    pub(crate) fn times(mut self, times: usize) -> Self {
        self.times = times;
        self
    }

    pub(crate) fn method(mut self, method: &str) -> Self {
        self.method = Some(method.to_owned());
        self
    }

    fn replaces_the_answer(&self) -> bool {
        matches!(
            self.kind,
            FaultKind::Status { .. }
                | FaultKind::Html { .. }
                | FaultKind::Bomb { .. }
                | FaultKind::Scripted(_)
                | FaultKind::Unauthorized
                | FaultKind::ResetBeforeAnswer
        )
    }
}

/// The faults that strike this request, in the order they were added. The first that replaces the whole
/// answer keeps later ones for the next request.
pub(crate) fn strike(faults: &mut [Fault], method: &str, address: &str) -> Vec<FaultKind> {
    let decoded = super::reply::decode(address, true);
    let mut struck = Vec::new();
    for fault in faults {
        let path = address.contains(&fault.path_contains) || decoded.contains(&fault.path_contains);
        if !path || fault.method.as_ref().is_some_and(|own| !own.eq_ignore_ascii_case(method)) {
            continue;
        }
        if fault.skip > 0 {
            fault.skip -= 1;
        } else if fault.times > 0 {
            fault.times -= 1;
            struck.push(fault.kind.clone());
            if fault.replaces_the_answer() {
                break;
            }
        }
    }
    struck
}

/// Tells the rooms of the faults that they must see to themselves.
pub(crate) fn describe(struck: &[FaultKind], call: &mut Call) {
    for kind in struck {
        match kind {
            FaultKind::ShortPage { rows } => call.fault.missing = *rows,
            FaultKind::NulBytes => call.fault = PageFault { nul: true, ..call.fault },
            FaultKind::OtherLayout => call.fault = PageFault { other_layout: true, ..call.fault },
            FaultKind::JobFails { message } => call.job_ends = Some(Some(message.clone())),
            FaultKind::JobAborted => call.job_ends = Some(None),
            _ => {}
        }
    }
}
