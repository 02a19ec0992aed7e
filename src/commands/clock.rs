//! The system clock.

use crate::model::instant::Instant;

/// Current time of the run; the only use of the system clock.
#[expect(clippy::disallowed_methods, reason = "an export from the future is questioned")]
pub(super) fn now() -> Instant {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).map_or(0, |since| since.as_secs());
    Instant::from_seconds(i64::try_from(since).unwrap_or(i64::MAX))
}
