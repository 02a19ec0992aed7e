//! A complete extraction: sign in, check what may be seen, read every object, count again, and name the snapshot.
//!
//! Rows that change while others are read would be missed by a filter up to a watermark, or be read twice. So rows
//! unchanged since the watermark are read first, rows changed later are read last, and the newer of two rows of one
//! record is kept. A final count with the same filter shows whether any is missing.
//!
//! Must not know: the Docebo side.

mod auxiliary;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use serde::Serialize;

use super::auth::SignIn;
use super::describe::{Me, columns, count, describe, grant, is_needed, known, me, version};
use super::objects::{CATALOGUE, ObjectFields};
use super::read::{Api, ObjectReader, PAGE_ROWS};
use super::soql::{self, Part};
use super::store::{Column, FORMAT, Finished, ObjectState, State, Store};
use super::transport::{ApiError, RetryPolicy, Trace, Transport};
use super::{masked, shown};
use crate::error::Error;
use crate::files;
use crate::model::completeness::differ;
use crate::model::extraction::Extracted;
use crate::model::instant::{DAY, Instant, MINUTE};
use crate::model::label::Label as _;
use crate::model::object::SfObject;
use crate::progress::{Progress, Rate};
use crate::settings::OrgConnection;
use auxiliary::{AuxiliaryList, AuxiliaryReader};

/// Seconds before the server's clock: a row can become visible after one with a later timestamp.
const COMMIT_LAG: i64 = 5 * MINUTE;
/// Cursors and jobs live for two days; an older state is discarded.
const LIFE: i64 = 2 * DAY - 6 * 3_600;

/// Extraction options beyond the configuration.
#[derive(Default)]
pub struct Options {
    /// API to use; by default depends on row count.
    pub api: Option<Api>,
    /// Retry policy.
    pub pace: RetryPolicy,
    /// Rows per page of Bulk API 2.0; zero for the default.
    pub page_rows: u32,
    /// Called for each request.
    pub trace: Option<Trace>,
}

#[derive(Serialize)]
struct Manifest<'a> {
    version: u32,
    org_id: &'a str,
    instance_url: &'a str,
    user_id: &'a str,
    api_version: &'a str,
    server_time: &'a str,
    objects: Vec<Entry<'a>>,
    hidden: &'a BTreeMap<String, String>,
}

#[derive(Serialize)]
struct Entry<'a> {
    object: &'a str,
    file: String,
    counted: u64,
    rows: u64,
    drift: u64,
    sha256: &'a str,
    soql: &'a str,
    missing: &'a [String],
}

/// Extracts everything that an audit reads into the folder `target`, resuming an earlier run with the same query.
///
/// # Errors
/// If sign-in fails, a required object or column is hidden, Salesforce does not answer, or a file cannot be written.
/// What was read is kept for the next run.
pub async fn extract(
    live: &OrgConnection,
    target: &Path,
    options: Options,
    progress: &Progress,
) -> Result<Extracted, Error> {
    let mut extracted = extract_with(live, target, options, progress).await.map_err(masked)?;
    for hidden in &mut extracted.hidden {
        *hidden = shown(hidden);
    }
    Ok(extracted)
}

/// As [`extract`]; errors and hidden items may contain text echoed by a server.
async fn extract_with(
    live: &OrgConnection,
    target: &Path,
    options: Options,
    progress: &Progress,
) -> Result<Extracted, Error> {
    progress.stage("signing in to Salesforce");
    let sign_in = SignIn::choose(live)?;
    make_parents(target)?;
    let _lock = files::Lock::new(target)?;
    let store = Store::open(target)?;
    // Requests are logged from the first one on.
    let log = store.log()?;
    let trace = log.trace(options.trace);
    let org = match Org::enter(sign_in, options.pace, live.api_budget_percent, trace).await {
        Ok(org) => org,
        Err(error) => {
            log.close();
            store.leave();
            return Err(error);
        }
    };
    let asked = format!("{}|{}", live.username_field, live.list_view.as_deref().unwrap_or(""));
    let state = match store.state() {
        Some(state) if org.goes_on(&state, &asked).await => state,
        previous => {
            store.clear()?;
            if previous.is_some() {
                log.begin_anew()?;
            }
            org.begin(&asked).await?
        }
    };
    log.goes_on();
    let mut run = Run { org: &org, live, store: &store, progress, state, options: (options.api, options.page_rows) };
    run.store.keep(&run.state)?;
    let mut extracted = Extracted::default();
    for wanted in CATALOGUE {
        if let Some(Finished { rows, counted, drift, .. }) = run.object(wanted).await? {
            extracted.objects.push((wanted.object, rows, counted, differ(rows, counted, drift)));
        }
    }
    let auxiliary = run.auxiliary().await?;
    run.manifest(&auxiliary)?;
    extracted.hidden = run.hidden();
    extracted.calls = org.transport.calls();
    log.close();
    store.finish(target)?;
    Ok(extracted)
}

/// Creates the parent folders of the target and its lock.
#[expect(clippy::disallowed_methods, reason = "the snapshot is written here")]
fn make_parents(target: &Path) -> Result<(), Error> {
    let Some(parent) = target.parent().filter(|parent| !parent.as_os_str().is_empty()) else { return Ok(()) };
    std::fs::create_dir_all(parent).map_err(|source| Error::Output {
        path: parent.to_owned(),
        what: format!("cannot be made: {source}"),
        next: "check that you may write here, or name another folder with --out".to_owned(),
    })
}

/// A signed-in organization.
pub(super) struct Org {
    pub(super) transport: Arc<Transport>,
    pub(super) me: Me,
}

impl Org {
    /// Signs in, and identifies the user.
    async fn enter(sign_in: SignIn, pace: RetryPolicy, share: u8, trace: Trace) -> Result<Self, Error> {
        let transport = Arc::new(Transport::sign_in(sign_in, pace, share, Some(trace)).await?);
        let me = me(&transport).await?;
        Ok(Self { transport, me })
    }

    /// Whether an earlier run can be resumed: same organization and query, and not too old.
    async fn goes_on(&self, state: &State, asked: &str) -> bool {
        let age = self
            .transport
            .server_time()
            .zip(moment(&state.watermark))
            .map(|(now, watermark)| now.seconds() - watermark.seconds());
        state.asked == asked
            && state.org_id == self.me.organization_id
            && state.instance == self.transport.instance().await
            && state.tool == env!("CARGO_PKG_VERSION")
            && age.is_some_and(|age| (0..LIFE).contains(&age))
    }

    /// A new state: the API version and the watermark are fixed for the whole extraction.
    async fn begin(&self, asked: &str) -> Result<State, Error> {
        let api_version = version(&self.transport).await?;
        let now = self.transport.known_server_time()?;
        Ok(State {
            format: FORMAT,
            tool: env!("CARGO_PKG_VERSION").to_owned(),
            org_id: self.me.organization_id.clone(),
            instance: self.transport.instance().await,
            api_version,
            watermark: now.plus(-COMMIT_LAG).to_string(),
            asked: asked.to_owned(),
            objects: BTreeMap::new(),
            hidden: BTreeMap::new(),
        })
    }
}

fn moment(text: &str) -> Option<Instant> {
    Instant::parse(text.as_bytes()).ok().flatten()
}

struct Run<'a> {
    org: &'a Org,
    live: &'a OrgConnection,
    store: &'a Store,
    progress: &'a Progress,
    state: State,
    options: (Option<Api>, u32),
}

impl Run<'_> {
    fn watermark(&self) -> Result<Instant, Error> {
        moment(&self.state.watermark).ok_or_else(|| Error::Defect("the state has no fence".to_owned()))
    }

    /// Reads one object, or goes on with it; nothing where it is hidden.
    async fn object(&mut self, wanted: ObjectFields) -> Result<Option<Finished>, Error> {
        let word = wanted.object.label();
        if let Some(finished) = self.state.objects.get(word).and_then(|object| object.finished.as_ref()) {
            return Ok(Some(finished.clone()));
        }
        if self.state.hidden.contains_key(word) {
            return Ok(None);
        }
        match self.attempt(wanted).await {
            // A field was hidden from the user since it was described: the remaining ones are read again, because pages
            // with different columns cannot be merged.
            Err(ApiError::Unknown(_)) => {
                self.state.objects.remove(word);
                self.store.keep(&self.state)?;
                self.attempt(wanted).await.map_err(|trouble| trouble.into_error(word))
            }
            read => read.map_err(|trouble| trouble.into_error(word)),
        }
    }

    async fn attempt(&mut self, wanted: ObjectFields) -> Result<Option<Finished>, ApiError> {
        let word = wanted.object.label();
        let (transport, version) = (&self.org.transport, self.state.api_version.clone());
        self.progress.print(format!("{word}: what may be seen"));
        let watermark = self.watermark()?;
        let rested = Part::ModifiedUpTo(None, watermark);
        if !self.state.objects.contains_key(word) {
            let Some(described) = describe(transport, &version, wanted.object).await? else {
                let known = self.known(wanted.object).await?;
                return Ok(self.hide(wanted.object, known.as_deref())?);
            };
            let (columns, missing) = columns(self.live, wanted, &described)?;
            self.note_missing(wanted.object, &missing).await?;
            let count = count(transport, &version, wanted.object, rested).await?;
            self.state
                .objects
                .insert(word.to_owned(), ObjectState { columns, missing, count, ..ObjectState::default() });
            self.store.keep(&self.state)?;
        }
        let before = self.state.objects.get(word).cloned().unwrap_or_default();
        let api = self.options.0.unwrap_or(Api::for_rows(before.count));
        self.read(wanted.object, &before.columns, api, rested).await?;
        // Changes since the watermark are read after everything else.
        let since = Part::ModifiedAfter(watermark);
        self.read(wanted.object, &before.columns, Api::Rest, since).await?;
        let after = count(&self.org.transport, &version, wanted.object, rested).await?;
        Ok(self.finish_object(wanted.object, watermark, after).map(Some)?)
    }

    /// The object's fields from setup, if the user has access.
    async fn known(&self, object: SfObject) -> Result<Option<Vec<String>>, ApiError> {
        match known(&self.org.transport, &self.state.api_version, object).await {
            Ok(fields) => Ok(Some(fields)),
            Err(ApiError::Unknown(_) | ApiError::Denied(..) | ApiError::NoBulk(_)) => Ok(None),
            Err(trouble) => Err(trouble),
        }
    }

    /// Notes for each missing column whether it is hidden or absent, if known.
    async fn note_missing(&mut self, object: SfObject, missing: &[String]) -> Result<(), ApiError> {
        if missing.is_empty() {
            return Ok(());
        }
        let known = self.known(object).await?.unwrap_or_default();
        for name in missing {
            let how = if known.is_empty() {
                "not there, or hidden from the user"
            } else if known.iter().any(|known| known.eq_ignore_ascii_case(name)) {
                "hidden from the user; give read access to the field"
            } else {
                "not there; this version of the package has no such field"
            };
            self.state.hidden.insert(format!("{object}.{name}"), format!("{object}.{name}: {how}"));
        }
        Ok(())
    }

    fn hide(&mut self, object: SfObject, known: Option<&[String]>) -> Result<Option<Finished>, Error> {
        let what = match known {
            Some([]) => format!("{object}: the organisation has no such object"),
            Some(_) => format!("{object}: the object is hidden from the user"),
            None => format!("{object}: the object is not there, or hidden from the user"),
        };
        if is_needed(object) {
            return Err(Error::Salesforce { what, next: grant(object) });
        }
        self.state.hidden.insert(object.label().to_owned(), what);
        self.store.keep(&self.state)?;
        Ok(None)
    }

    async fn read(&mut self, object: SfObject, columns: &[Column], api: Api, part: Part) -> Result<(), ApiError> {
        let word = object.label();
        let version = self.state.api_version.clone();
        let page_rows = if self.options.1 == 0 { PAGE_ROWS } else { self.options.1 };
        let (store, progress) = (self.store, self.progress);
        let expected = self.state.objects.get(word).map_or(0, |object| object.count);
        let mut parts = self.state.objects.get(word).map(|object| object.parts.clone()).unwrap_or_default();
        let mut rows: u64 = parts.values().map(super::store::PartState::rows).sum();
        let (state, rate, first) = (&mut self.state, Rate::start(), rows);
        let mut kept = |more: u64, parts: &BTreeMap<String, super::store::PartState>| {
            rows += more;
            if let Some(object) = state.objects.get_mut(word) {
                object.parts.clone_from(parts);
            }
            progress.print(format!("{word}: {rows} of {expected} rows, {:.0} a second", rate.per_second(rows - first)));
            store.keep(state)
        };
        let counted = expected;
        let transport = &self.org.transport;
        let reading = ObjectReader { transport, store, version: &version, object, columns, page_rows, counted };
        reading.part(api, part, &mut parts, &mut kept).await
    }

    fn finish_object(&mut self, object: SfObject, watermark: Instant, after: u64) -> Result<Finished, Error> {
        let word = object.label();
        self.progress.print(format!("{word}: putting the pages together"));
        let Some(held) = self.state.objects.get(word) else {
            return Err(Error::Defect(format!("{word} was not read")));
        };
        let headings: Vec<&str> = held.columns.iter().map(|column| column.name.as_str()).collect();
        let pages: Vec<&super::store::Page> = held.parts.values().flat_map(|part| part.pages.values()).collect();
        let (rows, sha256) = self.store.merge(object, &headings, &pages)?;
        let (mut rested, mut since) = (0, 0);
        for (name, part) in &held.parts {
            if name.starts_with("since-") {
                since += part.total.unwrap_or_else(|| part.rows());
            } else {
                rested += part.rows();
            }
        }
        // Salesforce's current count of unchanged rows, plus those changed since: a row read and then changed is in the
        // second count, so any shortfall was lost during reading.
        let counted = after + since;
        let names: Vec<String> = held.columns.iter().map(|column| column.name.clone()).collect();
        let soql = soql::select(&names, object, Part::ModifiedUpTo(None, watermark));
        // The number of unchanged rows can only decrease, so there were never more than before reading. Any excess is
        // not drift: Salesforce returned rows that it had not counted.
        let drift = rested.min(held.count).saturating_sub(after);
        let finished = Finished { rows, counted, drift, sha256, soql };
        if let Some(object) = self.state.objects.get_mut(word) {
            object.finished = Some(finished.clone());
        }
        self.store.keep(&self.state)?;
        Ok(finished)
    }

    /// The additional files; an unavailable one is listed as hidden.
    async fn auxiliary(&mut self) -> Result<Vec<AuxiliaryList>, Error> {
        let there: Vec<SfObject> =
            SfObject::PACKAGE.into_iter().filter(|object| self.state.objects.contains_key(object.label())).collect();
        let version = self.state.api_version.clone();
        let asking = AuxiliaryReader {
            transport: &self.org.transport,
            version: &version,
            store: self.store,
            progress: self.progress,
        };
        let mut files = vec![asking.customisation(&there).await?];
        let members = match &self.live.list_view {
            Some(view) => Some(("list view", asking.list_view(view).await?)),
            None => None,
        };
        let deleted = ("deleted contacts", asking.deleted_contacts().await?);
        for (what, described) in members.into_iter().chain([deleted]) {
            match described {
                Ok(file) => files.push(file),
                Err(why) => {
                    self.state.hidden.insert(what.to_owned(), why);
                }
            }
        }
        Ok(files)
    }

    fn manifest(&self, auxiliary: &[AuxiliaryList]) -> Result<(), Error> {
        let state = &self.state;
        let mut objects: Vec<Entry<'_>> = CATALOGUE
            .iter()
            .filter_map(|wanted| {
                let (word, object) = state.objects.get_key_value(wanted.object.label())?;
                let finished = object.finished.as_ref()?;
                Some(Entry {
                    object: word,
                    file: format!("{word}.csv"),
                    counted: finished.counted,
                    rows: finished.rows,
                    drift: finished.drift,
                    sha256: &finished.sha256,
                    soql: &finished.soql,
                    missing: &object.missing,
                })
            })
            .collect();
        objects.extend(auxiliary.iter().map(|auxiliary| Entry {
            object: auxiliary.object,
            file: auxiliary.file.to_owned(),
            counted: auxiliary.rows,
            rows: auxiliary.rows,
            drift: 0,
            sha256: &auxiliary.sha256,
            soql: &auxiliary.soql,
            missing: &[],
        }));
        let manifest = Manifest {
            version: 1,
            org_id: &state.org_id,
            instance_url: &state.instance,
            user_id: &self.org.me.user_id,
            api_version: &state.api_version,
            server_time: &state.watermark,
            objects,
            hidden: &state.hidden,
        };
        let mut bytes = serde_json::to_vec_pretty(&manifest).map_err(|error| Error::Defect(error.to_string()))?;
        bytes.push(b'\n');
        self.store.put("manifest.json", &bytes)
    }

    fn hidden(&self) -> Vec<String> {
        self.state.hidden.values().cloned().collect()
    }
}
