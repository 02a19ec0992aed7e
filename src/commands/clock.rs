//! The system clock, as the commands use it.

use crate::model::instant::Instant;

/// The current time, to the second.
#[expect(
    clippy::disallowed_methods,
    reason = "exports and readings from the future are questioned, and old ones are named"
)]
pub(super) fn now() -> Instant {
    Instant::from_system_time(std::time::SystemTime::now())
}
