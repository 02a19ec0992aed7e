//! The queries of an extraction, and the number of the organization's calls they need. Sends only requests for
//! descriptions and counts, reads no rows.
//!
//! Must not know: files.

use super::auth::SignIn;
use super::describe::{columns, count, describe, me, version};
use super::objects::CATALOGUE;
use super::read::{Api, PAGE_ROWS};
use super::soql::{self, Part};
use super::transport::{RetryPolicy, Trace, Transport};
use super::{masked, shown};
use crate::error::Error;
use crate::model::extraction::{Plan, PlannedQuery};
use crate::settings::OrgConnection;

/// Rows per REST page.
const REST_PAGE: u64 = 2_000;
/// Creating a job and polling it a few times.
const JOB_CALLS: u64 = 6;
/// Queries for setup, deleted contacts and the list view.
const AUXILIARY_CALLS: u64 = 9;

/// Plans an extraction.
///
/// # Errors
/// As an extraction's, up to the first row.
pub async fn plan(live: &OrgConnection, api: Option<Api>, trace: Option<Trace>) -> Result<Plan, Error> {
    let mut plan = plan_with(live, api, trace).await.map_err(masked)?;
    plan.hidden.iter_mut().for_each(|hidden| *hidden = shown(hidden));
    // A query is our own text, except its column names.
    plan.queries.iter_mut().for_each(|query| query.soql = shown(&query.soql));
    Ok(plan)
}

/// As [`plan`]; errors and texts may contain server-echoed text.
async fn plan_with(live: &OrgConnection, api: Option<Api>, trace: Option<Trace>) -> Result<Plan, Error> {
    let transport =
        Transport::sign_in(SignIn::choose(live)?, RetryPolicy::default(), live.api_budget_percent, trace).await?;
    let me = me(&transport).await?;
    let api_version = version(&transport).await?;
    // Without the server's time every count would be zero.
    let watermark = transport.known_server_time()?;
    let (mut queries, mut hidden) = (Vec::new(), Vec::new());
    for wanted in CATALOGUE {
        let Some(described) = describe(&transport, &api_version, wanted.object).await? else {
            hidden.push(format!("{}: the object is not there, or hidden from the user", wanted.object));
            continue;
        };
        let (columns, missing) = columns(live, wanted, &described)?;
        hidden.extend(missing.into_iter().map(|name| format!("{}.{name}: not there, or hidden", wanted.object)));
        let rested = Part::ModifiedUpTo(None, watermark);
        let rows = count(&transport, &api_version, wanted.object, rested).await?;
        let api = api.unwrap_or(Api::for_rows(rows));
        let names: Vec<String> = columns.into_iter().map(|column| column.name).collect();
        queries.push(PlannedQuery {
            object: wanted.object,
            api: if api == Api::Rest { "REST" } else { "Bulk API 2.0" },
            rows,
            soql: soql::select(&names, wanted.object, rested),
            calls: calls(api, rows),
        });
    }
    let calls = queries.iter().map(|query| query.calls).sum::<u64>() + AUXILIARY_CALLS;
    Ok(Plan {
        org_id: me.organization_id,
        instance: transport.instance().await,
        api_version,
        queries,
        hidden,
        calls,
        usage: transport.usage(),
        asked: transport.calls(),
    })
}

/// Calls for one object: its description, both counts, the rows changed meanwhile, and its pages.
fn calls(api: Api, rows: u64) -> u64 {
    let pages = |page: u64| rows.div_ceil(page).max(1);
    let fixed = 4;
    match api {
        Api::Rest => fixed + pages(REST_PAGE),
        Api::BulkInTurn => fixed + JOB_CALLS + pages(PAGE_ROWS.into()),
        // Page addresses come five at a time.
        Api::Bulk => fixed + JOB_CALLS + pages(PAGE_ROWS.into()) + pages(PAGE_ROWS.into()).div_ceil(5),
    }
}

#[cfg(test)]
mod tests {
    use super::{Api, calls};

    #[test]
    fn a_page_is_a_call() {
        assert_eq!(calls(Api::Rest, 0), 5);
        assert_eq!(calls(Api::Rest, 4_001), 7);
        assert_eq!(calls(Api::BulkInTurn, 50_000), 12);
        assert!(calls(Api::Bulk, 5_000_000) < calls(Api::Rest, 5_000_000) / 5);
    }
}
