//! `outbound-stalled`: a sync that is stalled now.

use crate::checks::check::{Check, Owner, STALL_REQUIREMENTS, Severity};
use crate::checks::evidence;
use crate::checks::selects::Selects;
use crate::stalls::Stall;

pub(super) static CHECK: Check = Check {
    id: "outbound-stalled",
    title: "The sync from Docebo to Salesforce stands still",
    severity: Severity::Critical,
    owner: Owner::DoceboSupport,
    why: "What fell due in Docebo since a certain moment did not arrive in Salesforce. A job that is cut off in an outage freezes: it never turns to failed, its error log stays clean, and nobody is told. It does not start again by itself.",
    expected_when: "enrollment replication was switched off or to manual on purpose (set sync.enrollment_mode = \"manual\" then)",
    remedy: "open a case with Docebo support and attach the evidence pack: only Docebo can start the job again. Ask for its state at the onset, a restart, and a backfill from the onset on",
    unit: "events",
    requirements: STALL_REQUIREMENTS,
    selects: Selects::Stalls(Stall::is_open),
    describe: evidence::stall,
    causing_stall: None,
};
