//! Reads the rows of an object: by REST, page by page, or as a query job of Bulk API 2.0, whose pages are fetched in
//! parallel. Each page is compared with Salesforce's counts, stored, and never read twice, however the run ends.
//!
//! Must not know: which objects there are, or how they are used.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use serde::Deserialize;
use serde_json::value::RawValue;
use tokio::task::JoinSet;

use super::address::{is_id, job_page, located, next_page, query_path, results};
use super::bounds::{self, MAX_JOB, MAX_POLLS, Pages};
use super::soql::{self, Part};
use super::store::{Column, Page, PartState, Store};
use super::transport::{Answer, ApiError, Call, Transport};
use super::value::{Rule, from_json, normal, rule};
use crate::error::Error;
use crate::model::label::Label as _;
use crate::model::object::SfObject;
use crate::secrets::mask_and_shorten;

/// Pages of a job fetched in parallel.
pub(super) const WORKERS: usize = 4;
/// Rows per page of Bulk API 2.0: bounded, so that refetching a page is cheap.
pub const PAGE_ROWS: u32 = 25_000;
/// Attempts to fetch a page with too few rows before it counts as short.
const SHORT_TRIES: u32 = 3;
/// Maximum length of a value in a message, in characters.
const MAX_VALUE: usize = 40;
/// The earliest start of a split range.
const BEGINNING: i64 = 946_684_800;

/// Up to this many rows, REST is as fast as waiting for a job.
const REST_ROWS: u64 = 10_000;

/// API to use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Api {
    /// Page by page.
    Rest,
    /// A query job, its pages in parallel if supported.
    Bulk,
    /// A query job, its pages sequentially.
    BulkInTurn,
}

impl Api {
    /// The API for this many rows.
    pub(super) const fn for_rows(rows: u64) -> Self {
        if rows <= REST_ROWS { Self::Rest } else { Self::Bulk }
    }
}

/// Context for reading an object.
pub(super) struct ObjectReader<'a> {
    pub(super) transport: &'a Arc<Transport>,
    pub(super) store: &'a Store,
    pub(super) version: &'a str,
    pub(super) object: SfObject,
    pub(super) columns: &'a [Column],
    pub(super) page_rows: u32,
    /// Salesforce's row count of the object.
    pub(super) counted: u64,
}

/// Called after each read with the number of new rows and the state to store.
pub(super) type Kept<'a> = dyn FnMut(u64, &BTreeMap<String, PartState>) -> Result<(), Error> + 'a;

impl ObjectReader<'_> {
    /// Reads a part, in smaller ones if the query runs too long.
    pub(super) async fn part(
        &self,
        api: Api,
        part: Part,
        parts: &mut BTreeMap<String, PartState>,
        kept: &mut Kept<'_>,
    ) -> Result<(), ApiError> {
        let mut todo = vec![(part, 0_u32)];
        while let Some((part, depth)) = todo.pop() {
            let name = name(part);
            let state = parts.entry(name.clone()).or_default();
            if state.done && state.pages.values().all(|page| self.store.is_whole(page)) {
                continue;
            }
            state.done = false;
            state.pages.retain(|_, page| self.store.is_whole(page));
            let halves = halve(part).filter(|_| depth < 40);
            match (self.once(api, part, &name, parts, kept).await, halves) {
                (Ok(()), _) => {}
                (Err(ApiError::TooLong), Some(halves)) => {
                    parts.remove(&name);
                    todo.extend(halves.map(|half| (half, depth + 1)));
                }
                (Err(trouble), _) => return Err(trouble),
            }
        }
        Ok(())
    }

    async fn once(
        &self,
        api: Api,
        part: Part,
        name: &str,
        parts: &mut BTreeMap<String, PartState>,
        kept: &mut Kept<'_>,
    ) -> Result<(), ApiError> {
        let columns: Vec<String> = self.columns.iter().map(|column| column.name.clone()).collect();
        let soql = soql::select(&columns, self.object, part);
        let mut anew = 0;
        loop {
            let read = match api {
                Api::Rest => self.rest(&soql, name, parts, kept).await,
                Api::Bulk | Api::BulkInTurn => match self.bulk(api, &soql, name, parts, kept).await {
                    // REST may do what Bulk refuses, only more slowly.
                    Err(ApiError::NoBulk(_)) => {
                        parts.insert(name.to_owned(), PartState::default());
                        self.rest(&soql, name, parts, kept).await
                    }
                    read => read,
                },
            };
            match read {
                Err(ApiError::CursorGone) if anew < 2 => {
                    anew += 1;
                    parts.insert(name.to_owned(), PartState::default());
                }
                read => return read,
            }
        }
    }

    async fn rest(
        &self,
        soql: &str,
        name: &str,
        parts: &mut BTreeMap<String, PartState>,
        kept: &mut Kept<'_>,
    ) -> Result<(), ApiError> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Rows<'a> {
            total_size: u64,
            done: bool,
            next_records_url: Option<String>,
            #[serde(borrow, deserialize_with = "bounds::list")]
            records: Vec<HashMap<Cow<'a, str>, &'a RawValue>>,
        }
        let instance = self.transport.instance().await;
        loop {
            let state = parts.entry(name.to_owned()).or_default();
            let path = state.next.clone().unwrap_or_else(|| query_path(self.version, "query", soql));
            let answer = self.transport.ask(&Call::Get(path.clone())).await?;
            let rows: Rows<'_> = answer.json()?;
            let mut records = Vec::with_capacity(rows.records.len());
            let rules: Vec<_> = self.columns.iter().map(|column| rule(&column.name)).collect();
            for record in &rows.records {
                records.push(self.json_row(record, &rules)?);
            }
            let page = self.store.keep_page(&format!("{name}-{:05}", state.pages.len()), records)?;
            let count = page.rows;
            let next = match rows.next_records_url.filter(|_| !rows.done) {
                Some(described) => Some(next_page(&instance, &path, &described)?),
                None => None,
            };
            state.pages.insert(path, page);
            // It is the same on every page.
            let total = *state.total.get_or_insert(rows.total_size);
            let again = next.as_ref().is_some_and(|next| state.pages.contains_key(next));
            self.pages(total)?.read(state.rows(), count, next.as_deref(), again)?;
            state.next = next;
            state.done = rows.done || state.next.is_none();
            let done = state.done;
            kept(count, parts)?;
            if done {
                return Ok(());
            }
        }
    }

    /// Limits the pages of a query to the row count in its first answer.
    fn pages(&self, total: u64) -> Result<Pages<'_>, Error> {
        Pages::new(self.object.label(), total.max(self.counted))
    }

    /// A record as a row of the page; `rules` says of each column which values are possible.
    fn json_row(
        &self,
        record: &HashMap<Cow<'_, str>, &RawValue>,
        rules: &[Option<Rule>],
    ) -> Result<csv::StringRecord, ApiError> {
        let mut row = csv::StringRecord::new();
        for (column, &rule) in self.columns.iter().zip(rules) {
            // A field that is blank is null; one that is not there at all was not selected.
            let value = record.get(column.name.as_str()).ok_or_else(|| unexpected(self.object, &column.name))?;
            let value = from_json(column.kind, value).ok_or_else(|| unexpected(self.object, &column.name))?;
            self.is_possible(rule, column, &value)?;
            row.push_field(&value);
        }
        Ok(row)
    }

    async fn bulk(
        &self,
        api: Api,
        soql: &str,
        name: &str,
        parts: &mut BTreeMap<String, PartState>,
        kept: &mut Kept<'_>,
    ) -> Result<(), ApiError> {
        if parts.get(name).is_none_or(|state| state.job.is_none()) {
            let call = Call::QueryJob { version: self.version.to_owned(), soql: soql.to_owned(), all: false };
            #[derive(Deserialize)]
            struct Made {
                id: String,
            }
            let made: Made = self.transport.ask(&call).await?.json()?;
            let state = PartState { job: Some(plain(made.id)?), ..PartState::default() };
            parts.insert(name.to_owned(), state);
            kept(0, parts)?;
        }
        let job = parts.get(name).and_then(|state| state.job.clone()).unwrap_or_default();
        let total = self.wait_for(&job).await?;
        if let Some(state) = parts.get_mut(name) {
            state.total = Some(total);
        }
        let base = format!("/services/data/v{}/jobs/query/{job}", self.version);
        let offered =
            api == Api::Bulk && self.version.split('.').next().and_then(|v| v.parse::<u32>().ok()) >= Some(58);
        let side_by_side = offered && self.addresses(&base, name, parts, kept).await?;
        if side_by_side {
            self.fetch_all(name, parts, kept).await?;
        } else {
            self.fetch_in_turn(&base, name, parts, kept).await?;
        }
        if let Some(state) = parts.get_mut(name) {
            state.done = true;
        }
        kept(0, parts)?;
        Ok(())
    }

    /// Waits for a job, and returns its row count.
    async fn wait_for(&self, job: &str) -> Result<u64, ApiError> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Job {
            state: String,
            #[serde(default)]
            number_records_processed: u64,
            #[serde(default)]
            error_message: String,
        }
        let path = format!("/services/data/v{}/jobs/query/{job}", self.version);
        let mut pause = self.transport.pace().poll;
        let longest = pause * 50;
        // The duration of answers changes no output.
        let began = tokio::time::Instant::now();
        for _ in 0..MAX_POLLS {
            if began.elapsed() > MAX_JOB {
                return Err(stop(format!("a query job of {} is not done after two hours", self.object)));
            }
            let job: Job = self.transport.ask(&Call::Get(path.clone())).await?.json()?;
            match job.state.as_str() {
                "JobComplete" => return Ok(job.number_records_processed),
                "Failed"
                    if job.error_message.contains("QUERY_TIMEOUT")
                        || job.error_message.contains("retried more than") =>
                {
                    return Err(ApiError::TooLong);
                }
                "Failed" | "Aborted" => {
                    return Err(ApiError::NoBulk(format!(
                        "the query job ended as {}: {}",
                        job.state, job.error_message
                    )));
                }
                "UploadComplete" | "InProgress" => {}
                other => {
                    let other = mask_and_shorten(other, 40);
                    return Err(stop(format!("a query job of {} is in the unknown state `{other}`", self.object)));
                }
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 3 / 2).min(longest);
        }
        Err(stop(format!("a query job of {} is not done after it was asked {MAX_POLLS} times", self.object)))
    }

    /// Fetches the addresses of all pages; returns whether that is supported.
    async fn addresses(
        &self,
        base: &str,
        name: &str,
        parts: &mut BTreeMap<String, PartState>,
        kept: &mut Kept<'_>,
    ) -> Result<bool, ApiError> {
        #[derive(Deserialize)]
        struct ResultPages {
            #[serde(rename = "resultPages", alias = "resultpages", default, deserialize_with = "bounds::list")]
            pages: Vec<One>,
            #[serde(rename = "nextRecordsUrl", alias = "nextRecordUrl", alias = "nextrecordsurl", default)]
            next: Option<String>,
            #[serde(default)]
            done: bool,
        }
        #[derive(Deserialize)]
        struct One {
            #[serde(rename = "resultUrl", alias = "resulturl", alias = "resultLink")]
            url: String,
        }
        if parts.get(name).is_some_and(|state| !state.addresses.is_empty()) {
            return Ok(true);
        }
        let instance = self.transport.instance().await;
        let bounds = self.pages(parts.get(name).and_then(|state| state.total).unwrap_or_default())?;
        let (mut addresses, mut known) = (Vec::new(), HashSet::new());
        let mut path = results(base, "resultPages", self.page_rows, None);
        loop {
            let answer = match self.transport.ask(&Call::Get(path.clone())).await {
                Ok(answer) => answer,
                // Not supported by this organization: fetch page by page.
                Err(ApiError::Unknown(_)) => return Ok(false),
                Err(trouble) => return Err(trouble),
            };
            let pages: ResultPages = answer.json()?;
            let before = addresses.len();
            for page in pages.pages {
                let page = job_page(&instance, base, "results", self.page_rows, &page.url)?;
                if !known.insert(page.clone()) {
                    return Err(stop(format!("{}: a page of a query job is named twice", self.object)));
                }
                addresses.push(page);
            }
            let next = pages.next.filter(|next| !pages.done && !next.is_empty());
            bounds.next(addresses.len() as u64, (addresses.len() - before) as u64, next.is_none())?;
            match next {
                Some(next) => path = job_page(&instance, base, "resultPages", self.page_rows, &next)?,
                None => break,
            }
        }
        if let Some(state) = parts.get_mut(name) {
            state.addresses = addresses;
        }
        kept(0, parts)?;
        Ok(parts.get(name).is_some_and(|state| !state.addresses.is_empty()))
    }

    async fn fetch_all(
        &self,
        name: &str,
        parts: &mut BTreeMap<String, PartState>,
        kept: &mut Kept<'_>,
    ) -> Result<(), ApiError> {
        let Some(state) = parts.get(name) else { return Ok(()) };
        let todo: Vec<(usize, String)> = state
            .addresses
            .iter()
            .cloned()
            .enumerate()
            .filter(|(_, address)| !state.pages.contains_key(address))
            .collect();
        let mut todo = todo.into_iter();
        let mut running = JoinSet::new();
        loop {
            while running.len() < WORKERS
                && let Some((at, address)) = todo.next()
            {
                let transport = Arc::clone(self.transport);
                running.spawn(async move { (at, fetch(&transport, address).await) });
            }
            let Some(ended) = running.join_next().await else { return Ok(()) };
            let (at, fetched) = ended.map_err(|_| Error::Defect("a page was dropped".to_owned()))?;
            let (address, answer) = fetched?;
            let page = self.checked(&address, answer, &format!("{name}-{at:05}")).await?;
            let rows = page.rows;
            if let Some(state) = parts.get_mut(name) {
                state.pages.insert(address, page);
                self.pages(state.total.unwrap_or_default())?.read(state.rows(), rows, None, false)?;
            }
            kept(rows, parts)?;
        }
    }

    async fn fetch_in_turn(
        &self,
        base: &str,
        name: &str,
        parts: &mut BTreeMap<String, PartState>,
        kept: &mut Kept<'_>,
    ) -> Result<(), ApiError> {
        let first = results(base, "results", self.page_rows, None);
        loop {
            let state = parts.entry(name.to_owned()).or_default();
            let address = state.next.clone().unwrap_or_else(|| first.clone());
            let at = state.pages.len();
            let (_, answer) = fetch(self.transport, address.clone()).await?;
            let locator = answer.header("sforce-locator").map(str::to_owned);
            let page = self.checked(&address, answer, &format!("{name}-{at:05}")).await?;
            let rows = page.rows;
            // The last page says `null`; one without a locator is the last only if all rows arrived.
            let next = match locator.as_deref() {
                Some(locator) if !locator.is_empty() && !locator.eq_ignore_ascii_case("null") => {
                    Some(located(base, self.page_rows, locator)?)
                }
                _ => None,
            };
            state.pages.insert(address.clone(), page);
            let again = next.as_ref().is_some_and(|next| state.pages.contains_key(next));
            self.pages(state.total.unwrap_or_default())?.read(state.rows(), rows, next.as_deref(), again)?;
            let over = next.is_none();
            state.next = next;
            kept(rows, parts)?;
            if over {
                return Ok(());
            }
        }
    }

    /// The rows of a page, compared with the count in its header; a page with too few is refetched.
    async fn checked(&self, address: &str, answer: Answer, file: &str) -> Result<Page, ApiError> {
        let mut answer = answer;
        let mut tries = 1;
        loop {
            // A missing count is not zero: a proxy may have removed it.
            let message = answer.header("sforce-numberofrecords").and_then(|text| text.trim().parse::<usize>().ok());
            let rows = self.csv_rows(&answer.body);
            let whole = matches!(&rows, Ok(rows) if message.is_none_or(|message| rows.len() == message));
            if whole || tries >= SHORT_TRIES {
                return Ok(self.store.keep_page(file, rows?)?);
            }
            tries += 1;
            answer = fetch(self.transport, address.to_owned()).await?.1;
        }
    }

    /// The rows of a CSV page, in the order of our columns.
    fn csv_rows(&self, body: &[u8]) -> Result<Vec<csv::StringRecord>, ApiError> {
        let broken = |error: csv::Error| {
            ApiError::Stop(Error::Salesforce {
                what: format!("a page of {} is no CSV: {error}", self.object),
                next: "start again; what was read so far is kept".to_owned(),
            })
        };
        let mut reader = csv::ReaderBuilder::new().from_reader(body);
        let headings = reader.headers().map_err(broken)?.clone();
        if headings.is_empty() && body.is_empty() {
            return Ok(Vec::new());
        }
        let mut places = Vec::with_capacity(self.columns.len());
        for column in self.columns {
            let place = headings.iter().position(|heading| heading.eq_ignore_ascii_case(&column.name));
            places.push((place.ok_or_else(|| unexpected(self.object, &column.name))?, rule(&column.name)));
        }
        let mut rows = Vec::new();
        for record in reader.records() {
            let record = record.map_err(broken)?;
            if rows.len() as u64 >= u64::from(self.page_rows) {
                return Err(stop(format!(
                    "a page of {} has more rows than the {} that were asked for",
                    self.object, self.page_rows
                )));
            }
            let mut row = csv::StringRecord::new();
            for (column, &(place, rule)) in self.columns.iter().zip(&places) {
                let value = normal(column.kind, record.get(place).unwrap_or(""));
                self.is_possible(rule, column, &value)?;
                row.push_field(&value);
            }
            rows.push(row);
        }
        Ok(rows)
    }

    /// Refuses a value that the reader of the snapshot would refuse.
    fn is_possible(&self, rule: Option<Rule>, column: &Column, value: &str) -> Result<(), ApiError> {
        if rule.is_none_or(|rule| rule(value)) {
            return Ok(());
        }
        let value = mask_and_shorten(value, MAX_VALUE);
        Err(stop(format!("{}.{} of a row is `{value}`, which Salesforce does not write", self.object, column.name)))
    }
}

async fn fetch(transport: &Transport, address: String) -> Result<(String, Answer), ApiError> {
    let answer = transport.ask(&Call::Get(address.clone())).await?;
    Ok((address, answer))
}

fn unexpected(object: SfObject, column: &str) -> ApiError {
    ApiError::Stop(Error::Salesforce {
        what: format!("a page of {object} lacks the column {column}, or holds something else in it than a value"),
        next: "start again; if it stays so, report this with `--trace`".to_owned(),
    })
}

/// A job id, which becomes part of paths.
fn plain(id: String) -> Result<String, ApiError> {
    if is_id(&id) { Ok(id) } else { Err(stop("a query job has no id of letters and digits".to_owned())) }
}

/// The error for an unexpected answer.
fn stop(what: String) -> ApiError {
    ApiError::Stop(Error::Salesforce {
        what,
        next: "a proxy may change the answers; if not, report this with `--trace`; what was read so far is kept"
            .to_owned(),
    })
}

/// A part's file name.
fn name(part: Part) -> String {
    match part {
        Part::ModifiedUpTo(after, until) => {
            format!("rested-{}-{}", after.map_or(0, crate::model::instant::Instant::seconds), until.seconds())
        }
        Part::ModifiedAfter(after) => format!("since-{}", after.seconds()),
    }
}

/// The two halves of a part's time range; `None` if it cannot be split further.
fn halve(part: Part) -> Option<[Part; 2]> {
    use crate::model::instant::Instant;
    let Part::ModifiedUpTo(after, until) = part else { return None };
    let from = after.map_or(BEGINNING, Instant::seconds);
    if until.seconds() - from < 2 {
        return None;
    }
    let middle = Instant::from_seconds(from + (until.seconds() - from) / 2);
    Some([Part::ModifiedUpTo(after, middle), Part::ModifiedUpTo(Some(middle), until)])
}

#[cfg(test)]
mod tests {
    use super::halve;
    use crate::inputs::salesforce::soql::Part;
    use crate::model::instant::Instant;

    #[test]
    fn halves_cover_the_whole_and_share_nothing() {
        let [until, middle] = [1_763_000_000, (946_684_800 + 1_763_000_000) / 2].map(Instant::from_seconds);
        let halves = halve(Part::ModifiedUpTo(None, until)).expect("two");
        assert_eq!(halves, [Part::ModifiedUpTo(None, middle), Part::ModifiedUpTo(Some(middle), until)]);
        assert_eq!(halve(Part::ModifiedUpTo(Some(Instant::from_seconds(1_762_999_999)), until)), None);
    }
}
