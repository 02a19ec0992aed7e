//! `tieout extract`: reads a live organization into a snapshot folder, or plans that.

use std::path::Path;

use crate::error::Error;
use crate::inputs::salesforce;
use crate::inputs::salesforce::extract::Options;
use crate::inputs::salesforce::read::Api;
use crate::inputs::salesforce::transport::Trace;
use crate::model::extraction::{Extracted, Plan};
use crate::progress::Progress;
use crate::settings::OrgConnection;

/// Extracts a live organization into a new folder, resuming an earlier run if there is one.
///
/// # Errors
/// Those of [`salesforce::extract::extract`].
pub fn extract(live: &OrgConnection, target: &Path, options: Options, progress: &Progress) -> Result<Extracted, Error> {
    runtime()?.block_on(salesforce::extract::extract(live, target, options, progress))
}

/// The queries of an extraction and the number of calls.
///
/// # Errors
/// Those of [`salesforce::plan::plan`].
pub fn plan(live: &OrgConnection, api: Option<Api>, trace: Option<Trace>) -> Result<Plan, Error> {
    runtime()?.block_on(salesforce::plan::plan(live, api, trace))
}

/// Async runtime for network requests: one thread, because the time is spent waiting.
pub(super) fn runtime() -> Result<tokio::runtime::Runtime, Error> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Error::Defect(format!("waiting for answers is not possible here: {error}")))
}
