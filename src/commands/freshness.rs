//! `tieout freshness`: judges from Salesforce alone whether the sync is still writing.

use super::clock::now;
use super::extract::runtime;
use crate::error::Error;
use crate::inputs::salesforce::transport::RetryPolicy;
use crate::inputs::salesforce::write_activity;
use crate::inputs::snapshot;
use crate::model::instant::Instant;
use crate::progress::Progress;
use crate::settings::FreshnessSettings;
use crate::stalls::freshness::{Configured, Freshness, judge};

/// Reads only Salesforce and judges whether the sync is active, now or as of `as_of`. Writes and sends nothing.
///
/// # Errors
/// If the snapshot cannot be read.
pub fn freshness(watch: &FreshnessSettings, as_of: Option<Instant>, progress: &Progress) -> Result<Freshness, Error> {
    progress.stage("reading Salesforce");
    let activity_by_object = match &watch.live {
        Some(live) => runtime()?.block_on(write_activity::activity(live, RetryPolicy::default(), None))?,
        None => snapshot::write_activity(watch, progress)?,
    };
    let configured = Configured { warn_after: watch.warn_after_hours, error_after: watch.error_after_hours };
    let read_at = activity_by_object.read_at.ok_or_else(|| Error::Defect("the snapshot has no time".to_owned()))?;
    // A live organization is judged at its own read time, not by the local clock.
    let judged_at = as_of.unwrap_or_else(|| if watch.live.is_some() { read_at } else { now() });
    let mut freshness = judge(&activity_by_object.objects, (read_at, judged_at), configured, watch.enrollment_mode);
    if activity_by_object.read_at_assumed {
        freshness.caveats.push(
            "When Salesforce was read is taken from the oldest file of the snapshot, which a copy may have changed; \
             salesforce.extracted_at is not set."
                .to_owned(),
        );
    }
    freshness.caveats.extend(activity_by_object.caveats);
    if !activity_by_object.incomplete.is_empty() {
        // The missing rows may be the newest ones.
        freshness.incomplete(&activity_by_object.incomplete);
    }
    Ok(freshness)
}
