//! When the sync last wrote, from a live organization in a few calls: hourly counts of the last two months, and the
//! newest records. No other rows are read.
//!
//! Must not know: what a silence means.

use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::auth::SignIn;
use super::describe::{rows, version};
use super::masked;
use super::objects::ObjectField;
use super::objects::system::{CREATED_BY, CREATED_DATE, ID, MODIFIED_BY, MODIFIED_DATE};
use super::soql::literal;
use super::transport::{RetryPolicy, Trace, Transport};
use crate::error::Error;
use crate::model::id::RecordId;
use crate::model::instant::{DAY, HOUR, Instant, days_from_civil};
use crate::model::object::SfObject;
use crate::model::write_activity::{
    ActivitySnapshot, FutureWrites, MAX_CLOCK_DIFFERENCE, WriteActivity, Writes, unknown_writers,
};
use crate::settings::OrgConnection;

/// Days counted by the hour; Salesforce returns at most 2,000 groups.
const DAYS: i64 = 60;
/// The objects that follow learner activity and exist in every organization.
const OBJECTS: [SfObject; 2] = [SfObject::DoceboUser, SfObject::CourseEnrollment];

#[derive(Deserialize)]
struct Group {
    d: String,
    h: u32,
    n: u32,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Newest {
    id: String,
    created_date: Option<String>,
    last_modified_date: Option<String>,
    created_by_id: Option<String>,
}

/// Queries the write activity.
///
/// # Errors
/// If sign-in fails, Salesforce does not answer, or the objects or their dates are hidden.
pub async fn activity(
    live: &OrgConnection,
    pace: RetryPolicy,
    trace: Option<Trace>,
) -> Result<ActivitySnapshot, Error> {
    activity_with(live, pace, trace).await.map_err(masked)
}

/// As [`activity`]; an error may contain server-echoed text.
async fn activity_with(
    live: &OrgConnection,
    pace: RetryPolicy,
    trace: Option<Trace>,
) -> Result<ActivitySnapshot, Error> {
    let transport = Transport::sign_in(SignIn::choose(live)?, pace, live.api_budget_percent, trace).await?;
    let version = version(&transport).await?;
    let now = transport.known_server_time()?;
    let horizon = now.plus(MAX_CLOCK_DIFFERENCE);
    let ask = ActivityReader { transport: &transport, version: &version, since: now.plus(-DAYS * DAY), horizon };
    let mut reading = ActivitySnapshot { read_at: Some(now), ..ActivitySnapshot::default() };
    for object in OBJECTS {
        let mut activity =
            WriteActivity { created: ask.writes(object, CREATED_DATE, "").await?, ..WriteActivity::default() };
        let mut ahead = FutureWrites::default();
        let first = |condition: &str| {
            format!(
                "SELECT {ID}, {CREATED_DATE}, {CREATED_BY} FROM {object}{condition} ORDER BY {CREATED_DATE} DESC LIMIT 1"
            )
        };
        let mut newest: Vec<Newest> = ask.rows(&first("")).await?;
        let found = newest.first().and_then(|newest| stamp(newest.created_date.as_deref(), &newest.id));
        if let Some((at, id)) = found.filter(|(at, _)| *at > horizon) {
            ahead.add(at, id);
            newest = ask.rows(&first(&format!(" WHERE {CREATED_DATE} <= {horizon}"))).await?;
        }
        if let Some(newest) = newest.first() {
            activity.created.newest = stamp(newest.created_date.as_deref(), &newest.id);
            if newest.created_by_id.is_none() {
                reading.caveats.push(unknown_writers(object));
            }
            // Other users' changes are no writes of the sync.
            let user = newest
                .created_by_id
                .as_deref()
                .map_or_else(String::new, |user| format!("{MODIFIED_BY} = {}", literal(user)));
            activity.modified = ask.writes(object, MODIFIED_DATE, &user).await?;
            let last = |conditions: &[String]| {
                let conditions = conditions.join(" AND ");
                let condition = if conditions.is_empty() { conditions } else { format!(" WHERE {conditions}") };
                format!("SELECT {ID}, {MODIFIED_DATE} FROM {object}{condition} ORDER BY {MODIFIED_DATE} DESC LIMIT 1")
            };
            let mut conditions: Vec<String> = Some(user).filter(|user| !user.is_empty()).into_iter().collect();
            let stamp = |newest: &[Newest]| {
                newest.first().and_then(|newest| stamp(newest.last_modified_date.as_deref(), &newest.id))
            };
            activity.modified.newest = stamp(&ask.rows(&last(&conditions)).await?);
            if let Some((at, id)) = activity.modified.newest.filter(|(at, _)| *at > horizon) {
                ahead.add(at, id);
                conditions.push(format!("{MODIFIED_DATE} <= {horizon}"));
                activity.modified.newest = stamp(&ask.rows(&last(&conditions)).await?);
            }
        }
        reading.caveats.extend(ahead.caveat(object, horizon));
        reading.objects.insert(object, activity);
    }
    Ok(reading)
}

struct ActivityReader<'a> {
    transport: &'a Transport,
    version: &'a str,
    since: Instant,
    /// Later dates do not count.
    horizon: Instant,
}

impl ActivityReader<'_> {
    async fn rows<T: DeserializeOwned>(&self, soql: &str) -> Result<Vec<T>, Error> {
        rows(self.transport, self.version, "query", soql).await.map_err(|trouble| trouble.into_error(soql))
    }

    /// Writes by the hour, by one of the dates; the newest is not among them.
    async fn writes(&self, object: SfObject, date: ObjectField, condition: &str) -> Result<Writes, Error> {
        let also = if condition.is_empty() { String::new() } else { format!(" AND {condition}") };
        let groups: Vec<Group> = self
            .rows(&format!(
                "SELECT DAY_ONLY({date}) d, HOUR_IN_DAY({date}) h, COUNT({ID}) n FROM {object} WHERE {date} > {}{also} \
                 GROUP BY DAY_ONLY({date}), HOUR_IN_DAY({date})",
                self.since
            ))
            .await?;
        let mut writes = Writes::default();
        // Unrequested days could use unlimited memory.
        let asked = self.since.seconds() / DAY..=self.since.seconds() / DAY + DAYS + 1;
        for Group { d, h, n } in groups {
            if let Some(day) = day(&d).filter(|day| asked.contains(day) && h < 24)
                && let Ok(hour) = u32::try_from(day * DAY / HOUR + i64::from(h))
                && i64::from(hour) * HOUR <= self.horizon.seconds()
            {
                writes.add_hour(hour, n);
            }
        }
        Ok(writes)
    }
}

/// Days since 1970 of `2026-01-31`.
fn day(text: &str) -> Option<i64> {
    let mut parts = text.split('-');
    let year = parts.next().filter(|year| year.len() == 4)?.parse().ok()?;
    let month = parts.next()?.parse().ok()?;
    days_from_civil(year, month, parts.next()?.parse().ok()?)
}

fn stamp(date: Option<&str>, id: &str) -> Option<(Instant, RecordId)> {
    let at = Instant::parse(date?.as_bytes()).ok().flatten()?;
    Some((at, RecordId::parse(id.as_bytes()).ok()?))
}
