//! `outbound-gap`: a sync that stalled, resumed, and never caught up.

use crate::checks::check::{Check, Owner, STALL_REQUIREMENTS, Severity};
use crate::checks::evidence;
use crate::checks::selects::Selects;

pub(super) static CHECK: Check = Check {
    id: "outbound-gap",
    title: "Times in which the sync stood still and that were not made up for",
    severity: Severity::High,
    owner: Owner::DoceboSupport,
    why: "The sync stood still, then went on with what came next and did not look back: what fell due in between is missing. Whoever looks at the newest record sees a healthy sync.",
    expected_when: "the records of that time were removed on purpose",
    remedy: "open a case with Docebo support and attach the evidence pack; ask for a backfill of that time",
    unit: "events",
    requirements: STALL_REQUIREMENTS,
    selects: Selects::Stalls(|stall| !stall.is_open() && stall.counts.missed > 0),
    describe: evidence::stall,
    causing_stall: None,
};
