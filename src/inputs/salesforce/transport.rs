//! The only module that sends requests to Salesforce: through an allow-list of method and path, with delays and retries
//! where they help, one token renewal on expiry, and a limit on the organization's daily calls.
//!
//! Must not know: the content of answers, except for a page's row count.

#![expect(clippy::disallowed_methods, reason = "this module measures how long an answer takes")]

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant as Clock};

use reqwest::header::{HeaderMap, HeaderValue};
use reqwest::{Method, StatusCode};
use secrecy::ExposeSecret as _;
use tokio::sync::Mutex;

use super::address;
use super::auth::{self, Session, SignIn};
use super::bounds::{FIRST_BYTE, MAX_ANSWER, MAX_PAGE, MAX_REQUESTS, MAX_SHORT_ANSWER, NEXT_BYTE, SLOW_TRIES};
use super::error::{self, ErrorClass, ErrorResponse};
use crate::error::Error;
use crate::model::instant::Instant;
use crate::model::text::one_line;
use crate::secrets::{know, mask};

/// Retry policy of the transport.
#[derive(Debug, Clone, Copy)]
pub struct RetryPolicy {
    /// The delay before the first retry; each further one doubles.
    pub base: Duration,
    /// Maximum delay.
    pub cap: Duration,
    /// The first delay before polling a job; later ones grow to fifty times that.
    pub poll: Duration,
    /// Maximum duration of an answer, from sending the request to its last byte.
    pub max_wait: Duration,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self {
            base: Duration::from_millis(500),
            cap: Duration::from_secs(60),
            poll: Duration::from_millis(200),
            max_wait: Duration::from_secs(10 * 60),
        }
    }
}

/// A request and its result, without secrets.
#[derive(Debug, Clone, Copy)]
pub struct RequestEvent<'a> {
    /// Sequence number of the request within its transport; reported at its start and end.
    pub nth: u64,
    /// Time by Salesforce's clock, from its last answer; `None` before the first.
    pub at: Option<Instant>,
    /// `GET` or `POST`.
    pub method: &'static str,
    /// Its target: a path with query, or the token endpoint's address.
    pub path: &'a str,
    /// The status, if any.
    pub status: Option<u16>,
    /// Status and length of the answer, or why there was none; `None` while pending.
    pub answer: Option<&'a str>,
    /// Row count, if the answer is a page with one.
    pub rows: Option<u64>,
    /// The query of a job.
    pub soql: Option<&'a str>,
    /// From sending to the last byte.
    pub took: Duration,
}

/// One line, for progress output.
impl std::fmt::Display for RequestEvent<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { nth: _, at: _, method, path, status: _, answer, rows: _, soql, took } = self;
        write!(f, "{method} {path} {}", answer.unwrap_or("is asked"))?;
        if let Some(soql) = soql {
            write!(f, "  {soql}")?;
        }
        write!(f, " in {} ms", took.as_millis())
    }
}

/// Called twice for each request: at its start, and at its end.
pub type Trace = Box<dyn Fn(&RequestEvent<'_>) + Send + Sync>;

/// A request on the allow-list.
#[derive(Debug, Clone)]
pub(super) enum Call {
    /// A resource under `/services/`, as a path with its query.
    Get(String),
    /// A new query job of Bulk API 2.0, with version and query.
    QueryJob { version: String, soql: String, all: bool },
}

impl Call {
    /// Maximum bytes of the answer.
    fn most_bytes(&self) -> usize {
        let has_rows =
            |path: &str| path.split('/').any(|segment| segment.starts_with("query") || segment.starts_with("result"));
        match self {
            Self::Get(path) if has_rows(path) => MAX_PAGE,
            Self::Get(_) | Self::QueryJob { .. } => MAX_ANSWER,
        }
    }
}

/// A complete, successful answer.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) headers: HeaderMap,
    pub(super) body: Vec<u8>,
}

impl Answer {
    /// A header's text.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// The body as JSON.
    pub(super) fn json<'a, T: serde::Deserialize<'a>>(&'a self) -> Result<T, ApiError> {
        serde_json::from_slice(&self.body).map_err(|error| {
            ApiError::Stop(Error::Salesforce {
                what: format!("an answer is not what was expected: {error}"),
                next: "a proxy may stand between; if not, report this with `--trace`".to_owned(),
            })
        })
    }
}

/// Why there is no answer: errors the caller can handle, and those that end the run.
#[derive(Debug)]
pub(super) enum ApiError {
    /// The query ran too long.
    TooLong,
    /// The cursor is gone.
    CursorGone,
    /// Bulk API refuses this query.
    NoBulk(String),
    /// An object or field that is missing, or hidden from this user.
    Unknown(String),
    /// Salesforce refuses this question: its message, and the next step.
    Denied(String, &'static str),
    /// Anything else.
    Stop(Error),
}

impl From<Error> for ApiError {
    fn from(error: Error) -> Self {
        Self::Stop(error)
    }
}

impl ApiError {
    /// Converts to an error that the caller cannot handle.
    pub(super) fn into_error(self, about: &str) -> Error {
        let message = |what: String| Error::Salesforce {
            what: format!("{about}: {what}"),
            next: "`tieout doctor` tells what the user may see".to_owned(),
        };
        match self {
            Self::Stop(error) => error,
            Self::Denied(what, next) => {
                Error::Salesforce { what: format!("Salesforce says: {what}"), next: next.to_owned() }
            }
            Self::TooLong => message("the query ran for too long, even in small parts".to_owned()),
            Self::CursorGone => message("the cursor of the query is gone".to_owned()),
            Self::NoBulk(what) | Self::Unknown(what) => message(what),
        }
    }
}

/// The organization's daily calls, from its answers.
#[derive(Debug, Default)]
struct ApiBudget {
    used: AtomicU64,
    limit: AtomicU64,
}

struct Current {
    session: Session,
    /// Number of earlier tokens.
    generation: u64,
}

/// Requests to one organization.
pub(super) struct Transport {
    client: reqwest::Client,
    sign_in: SignIn,
    current: Mutex<Current>,
    pace: RetryPolicy,
    /// Percentage of the daily calls at which requests stop.
    max_percent: u64,
    budget: ApiBudget,
    calls: AtomicU64,
    /// Requests started, including sign-in.
    begun: AtomicU64,
    server_time: AtomicU64,
    trace: Option<Trace>,
}

/// Why an answer was not read completely.
enum Unread {
    /// The connection broke: bytes read, cause, and whether it timed out.
    Broke(usize, String, bool),
    /// The next byte timed out; bytes read so far.
    Stalled(usize),
    /// It exceeds this many bytes.
    TooLarge(usize),
}

impl std::fmt::Display for Unread {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Broke(bytes, why, _) => write!(f, "the answer broke off after {bytes} bytes: {why}"),
            Self::Stalled(bytes) => write!(f, "the answer stalled after {bytes} bytes"),
            Self::TooLarge(most) => write!(f, "the answer has more than {most} bytes"),
        }
    }
}

impl Transport {
    /// Signs in.
    pub(super) async fn sign_in(
        sign_in: SignIn,
        pace: RetryPolicy,
        share: u8,
        trace: Option<Trace>,
    ) -> Result<Self, Error> {
        // An already installed provider works as well.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::builder()
            .user_agent(concat!("tieout/", env!("CARGO_PKG_VERSION")))
            // A redirect to another host would lose or leak the token.
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(Duration::from_secs(30))
            .timeout(pace.max_wait);
        // In tests, requests to this machine bypass the proxy; everything else is encrypted.
        let client = if sign_in.is_on_this_machine() { client.no_proxy() } else { client.https_only(true) };
        let client = client.build().map_err(|error| unreachable(&root(error)))?;
        let transport = Self {
            client,
            sign_in,
            current: Mutex::new(Current {
                session: Session { instance: String::new(), token: secrecy::SecretString::from(String::new()) },
                generation: 0,
            }),
            pace,
            max_percent: u64::from(share),
            budget: ApiBudget::default(),
            calls: AtomicU64::new(0),
            begun: AtomicU64::new(0),
            server_time: AtomicU64::new(0),
            trace,
        };
        transport.renew(0).await?;
        Ok(transport)
    }

    /// The organization's address.
    pub(super) async fn instance(&self) -> String {
        self.current.lock().await.session.instance.clone()
    }

    /// The retry policy.
    pub(super) const fn pace(&self) -> RetryPolicy {
        self.pace
    }

    /// Requests sent so far.
    pub(super) fn calls(&self) -> u64 {
        self.calls.load(Ordering::Relaxed)
    }

    /// The organization's daily calls and their limit, if an answer contained them.
    pub(super) fn usage(&self) -> Option<(u64, u64)> {
        let limit = self.budget.limit.load(Ordering::Relaxed);
        (limit > 0).then(|| (self.budget.used.load(Ordering::Relaxed), limit))
    }

    /// The server's time, from its last answer.
    pub(super) fn server_time(&self) -> Option<Instant> {
        let seconds = self.server_time.load(Ordering::Relaxed);
        (seconds > 0).then(|| Instant::from_seconds(i64::try_from(seconds).unwrap_or(i64::MAX)))
    }

    /// The server's time, if no other clock will do.
    pub(super) fn known_server_time(&self) -> Result<Instant, Error> {
        self.server_time().ok_or_else(|| Error::Salesforce {
            what: "no answer tells the time of the server".to_owned(),
            next: "a proxy may take the header Date away; run tieout from elsewhere".to_owned(),
        })
    }

    /// Sends a request, with retries if they help.
    pub(super) async fn ask(&self, call: &Call) -> Result<Answer, ApiError> {
        allowed(call)?;
        let mut renewed = false;
        let mut tries = 0;
        loop {
            self.within_budget()?;
            let (session, generation) = {
                let current = self.current.lock().await;
                (current.session.clone(), current.generation)
            };
            let fault = match self.once(&session, call).await {
                Ok(answer) => return Ok(answer),
                Err(fault) => fault,
            };
            match fault {
                ErrorClass::Retry { what, after, tries: most } => {
                    tries += 1;
                    if tries >= most {
                        return Err(ApiError::Stop(Error::Salesforce {
                            what: format!("{what}; so did {} further tries", tries - 1),
                            next: "look at https://status.salesforce.com and start again later; what was read so far is kept"
                                .to_owned(),
                        }));
                    }
                    self.wait(tries, after).await;
                }
                ErrorClass::Expired if !renewed => {
                    renewed = true;
                    self.renew(generation + 1).await?;
                }
                ErrorClass::Expired => {
                    return Err(ApiError::Stop(Error::Salesforce {
                        what: "Salesforce refused the token, and a new one too".to_owned(),
                        next: "sign in again; the session may be locked to another address, or the instance be the wrong one"
                            .to_owned(),
                    }));
                }
                ErrorClass::TooLong => return Err(ApiError::TooLong),
                ErrorClass::CursorGone => return Err(ApiError::CursorGone),
                ErrorClass::NoBulk(what) => return Err(ApiError::NoBulk(what)),
                ErrorClass::Unknown(what) => return Err(ApiError::Unknown(what)),
                ErrorClass::Denied(what, next) => return Err(ApiError::Denied(what, next)),
                ErrorClass::Stop(what, next) => {
                    return Err(ApiError::Stop(Error::Salesforce {
                        what: format!("Salesforce says: {what}"),
                        next: next.to_owned(),
                    }));
                }
            }
        }
    }

    /// One request and its whole answer.
    async fn once(&self, session: &Session, call: &Call) -> Result<Answer, ErrorClass> {
        let lost = |what: String, slow: bool| ErrorClass::Retry {
            what,
            after: None,
            tries: if slow { SLOW_TRIES } else { 6 },
        };
        let request = match call {
            Call::Get(path) => self.client.request(Method::GET, format!("{}{path}", session.instance)),
            Call::QueryJob { version, soql, all } => {
                let body = serde_json::json!({
                    "operation": if *all { "queryAll" } else { "query" },
                    "query": soql,
                    "contentType": "CSV",
                    "lineEnding": "LF",
                });
                self.client
                    .request(Method::POST, format!("{}/services/data/v{version}/jobs/query", session.instance))
                    .header(reqwest::header::CONTENT_TYPE, "application/json")
                    .body(body.to_string())
            }
        };
        let mut bearer = HeaderValue::from_str(&format!("Bearer {}", session.token.expose_secret())).map_err(|_| {
            ErrorClass::Stop("the token holds characters that no header takes".to_owned(), "sign in again")
        })?;
        bearer.set_sensitive(true);
        let began = self.begins();
        self.report(call, None, None, None, began);
        self.calls.fetch_add(1, Ordering::Relaxed);
        let sent = self.in_time(request.header(reqwest::header::AUTHORIZATION, bearer)).await;
        let response = match sent {
            Ok(response) => response,
            Err((what, slow)) => {
                let what = format!("no answer: {what}");
                self.report(call, None, Some(&what), None, began);
                return Err(lost(what, slow));
            }
        };
        let (status, headers) = (response.status(), response.headers().clone());
        self.note(&headers);
        let code = Some(status.as_u16());
        let body = match self.body(response, call.most_bytes()).await {
            Ok(body) => body,
            Err(unread) => {
                let what = unread.to_string();
                self.report(call, code, Some(&what), None, began);
                return Err(match unread {
                    Unread::TooLarge(_) => {
                        ErrorClass::Stop(what, "a proxy may change the answers; if not, report this with `--trace`")
                    }
                    Unread::Stalled(_) => lost(what, true),
                    Unread::Broke(_, _, slow) => lost(what, slow),
                });
            }
        };
        let rows = self.trace.as_ref().filter(|_| status.is_success()).and_then(|_| page_rows(call, &headers, &body));
        self.report(call, code, Some(&format!("{} {} bytes", status.as_u16(), body.len())), rows, began);
        if status.is_success() {
            return Ok(Answer { headers, body });
        }
        let text = String::from_utf8_lossy(&body);
        let retry_after = headers.get(reqwest::header::RETRY_AFTER).and_then(|value| value.to_str().ok());
        Err(error::classify(ErrorResponse { status: status.as_u16(), body: &text, retry_after }))
    }

    /// Sends a request and waits for its answer to begin; the error says why there is none, and whether it timed out.
    async fn in_time(&self, request: reqwest::RequestBuilder) -> Result<reqwest::Response, (String, bool)> {
        match tokio::time::timeout(FIRST_BYTE.min(self.pace.max_wait), request.send()).await {
            Ok(Ok(response)) => Ok(response),
            Ok(Err(error)) => {
                let slow = error.is_timeout() && !error.is_connect();
                Err((root(error), slow))
            }
            Err(_) => Err(("it took too long".to_owned(), true)),
        }
    }

    /// The decompressed body of an answer, at most `most` bytes. A refusal's body is truncated.
    async fn body(&self, mut response: reqwest::Response, most: usize) -> Result<Vec<u8>, Unread> {
        let is_success = response.status().is_success();
        let most = if is_success { most } else { MAX_SHORT_ANSWER };
        let mut body = Vec::new();
        loop {
            let chunk = tokio::time::timeout(NEXT_BYTE.min(self.pace.max_wait / 2), response.chunk()).await;
            match chunk.map_err(|_| Unread::Stalled(body.len()))? {
                Ok(Some(chunk)) if body.len() + chunk.len() <= most => body.extend_from_slice(&chunk),
                Ok(Some(_)) if is_success => return Err(Unread::TooLarge(most)),
                Ok(Some(_) | None) => return Ok(body),
                Err(error) => {
                    let slow = error.is_timeout();
                    return Err(Unread::Broke(body.len(), root(error), slow));
                }
            }
        }
    }

    /// Signs in, unless another task has done so since; one at a time.
    async fn renew(&self, generation: u64) -> Result<(), Error> {
        let mut current = self.current.lock().await;
        if current.generation >= generation && generation > 0 {
            return Ok(());
        }
        if generation > 0 && !self.sign_in.can_renew() {
            return Err(Error::Salesforce {
                what: "Salesforce refused the token".to_owned(),
                next: "it may have expired, or belong to another instance: take a new one into SF_ACCESS_TOKEN"
                    .to_owned(),
            });
        }
        let session = match self.sign_in.token_request()? {
            None => self.sign_in.session_at_hand().await?,
            Some(request) => self.token(&request).await?,
        };
        *current = Current { session, generation };
        Ok(())
    }

    async fn token(&self, request: &auth::TokenRequest) -> Result<Session, Error> {
        #[derive(serde::Deserialize)]
        struct Granted {
            access_token: String,
            instance_url: String,
            refresh_token: Option<String>,
            id_token: Option<String>,
        }
        let configured = self.sign_in.configured();
        let host = address::trusted(&request.host, &configured, "the configuration")?;
        let address = format!("{host}/services/oauth2/token");
        let form: Vec<(&str, &str)> = request.form.iter().map(|(name, value)| (*name, value.expose_secret())).collect();
        let mut tries = 0;
        loop {
            tries += 1;
            let began = self.begins();
            self.signing_in(&address, None, None, began);
            let asked = async {
                let response = self.in_time(self.client.post(&address).form(&form)).await?;
                let status = response.status();
                let body = self.body(response, MAX_SHORT_ANSWER).await;
                let slow = |unread: &Unread| match unread {
                    // A retry would yield the same size.
                    Unread::Stalled(_) | Unread::TooLarge(_) => true,
                    Unread::Broke(_, _, slow) => *slow,
                };
                body.map(|body| (status, body)).map_err(|unread| (unread.to_string(), slow(&unread)))
            };
            let (status, body) = match asked.await {
                Ok(answer) => answer,
                Err((what, slow)) => {
                    self.signing_in(&address, None, Some(&format!("no answer: {what}")), began);
                    if tries < if slow { SLOW_TRIES } else { 4 } {
                        self.wait(tries, None).await;
                        continue;
                    }
                    return Err(unreachable(&what));
                }
            };
            self.signing_in(&address, Some(status.as_u16()), Some(status.as_str()), began);
            if status.is_success() {
                let granted: Granted = serde_json::from_slice(&body).map_err(|_| Error::Salesforce {
                    what: "the token endpoint answered something else than a token".to_owned(),
                    next: "check salesforce.instance_url".to_owned(),
                })?;
                let token = secrecy::SecretString::from(granted.access_token);
                let further =
                    [granted.refresh_token, granted.id_token].map(|token| token.map(secrecy::SecretString::from));
                further.iter().flatten().chain([&token]).for_each(know);
                let instance =
                    address::trusted(&granted.instance_url, &configured, "the answer of the token endpoint")?;
                return Ok(Session { instance, token });
            }
            if (status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS) && tries < 4 {
                self.wait(tries, None).await;
                continue;
            }
            let (code, description) = error::read(&String::from_utf8_lossy(&body));
            let (what, next) = if code.is_empty() {
                (format!("the token endpoint answered HTTP {}", status.as_u16()), "check salesforce.instance_url")
            } else {
                auth::explain(&code, &description)
            };
            return Err(Error::Salesforce { what, next: next.to_owned() });
        }
    }

    /// Waits before a retry: doubles each time, with jitter, but at least as long as requested.
    async fn wait(&self, tries: u32, after: Option<Duration>) {
        let backoff = self.pace.base.saturating_mul(1 << tries.saturating_sub(1).min(10)).min(self.pace.cap);
        let jittered = backoff.mul_f64(0.5 + fastrand::f64() / 2.0);
        // Tests use shorter delays; delays that Salesforce requests are scaled alike.
        let asked = after.map(|after| if self.pace.cap < Duration::from_secs(1) { after / 100 } else { after });
        tokio::time::sleep(asked.map_or(jittered, |asked| asked.max(jittered))).await;
    }

    fn within_budget(&self) -> Result<(), ApiError> {
        if self.begun.load(Ordering::Relaxed) >= MAX_REQUESTS {
            return Err(ApiError::Stop(Error::Salesforce {
                what: format!("{MAX_REQUESTS} requests were made, and there is no end"),
                next: "start again if the organisation is as large as that: what was read so far is kept".to_owned(),
            }));
        }
        let Some((used, limit)) = self.usage() else { return Ok(()) };
        if u128::from(used) * 100 < u128::from(limit) * u128::from(self.max_percent) {
            return Ok(());
        }
        Err(ApiError::Stop(Error::Salesforce {
            what: format!(
                "the organisation has used {used} of its {limit} API calls of the last 24 hours, and tieout stops at {} %",
                self.max_percent
            ),
            next: "start again later (what was read so far is kept), or raise salesforce.api_budget_percent".to_owned(),
        }))
    }

    /// Records the clock and daily calls from an answer's headers.
    fn note(&self, headers: &HeaderMap) {
        let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        if let Some(seconds) = text("date").and_then(http_date) {
            self.server_time.fetch_max(seconds, Ordering::Relaxed);
        }
        if let Some((used, limit)) = text("sforce-limit-info").and_then(api_usage) {
            self.budget.used.store(used, Ordering::Relaxed);
            self.budget.limit.store(limit, Ordering::Relaxed);
        }
    }

    /// Starts a request; returns number and time.
    fn begins(&self) -> (u64, Clock) {
        (self.begun.fetch_add(1, Ordering::Relaxed), Clock::now())
    }

    fn report(
        &self,
        call: &Call,
        status: Option<u16>,
        answer: Option<&str>,
        rows: Option<u64>,
        (nth, began): (u64, Clock),
    ) {
        let job;
        let (method, path, soql) = match call {
            Call::Get(path) => ("GET", path, None),
            Call::QueryJob { version, soql, .. } => {
                job = format!("/services/data/v{version}/jobs/query");
                ("POST", &job, Some(soql.as_str()))
            }
        };
        let (at, took) = (self.server_time(), began.elapsed());
        self.emit(&RequestEvent { nth, at, method, path, status, answer, rows, soql, took });
    }

    fn signing_in(&self, address: &str, status: Option<u16>, answer: Option<&str>, (nth, began): (u64, Clock)) {
        let (at, took) = (self.server_time(), began.elapsed());
        self.emit(&RequestEvent {
            nth,
            at,
            method: "POST",
            path: address,
            status,
            answer,
            rows: None,
            soql: None,
            took,
        });
    }

    /// Reports a request on one line, without secrets that a server may have echoed into its address or reason.
    fn emit(&self, message: &RequestEvent<'_>) {
        if let Some(trace) = &self.trace {
            let shown = |text: &str| one_line(&mask(text)).into_owned();
            let (path, answer, soql) = (shown(message.path), message.answer.map(shown), message.soql.map(shown));
            trace(&RequestEvent { path: &path, answer: answer.as_deref(), soql: soql.as_deref(), ..*message });
        }
    }
}

/// The number of rows in an answer, if it is a page: from the Bulk API 2.0 header, or the REST list.
fn page_rows(call: &Call, headers: &HeaderMap, body: &[u8]) -> Option<u64> {
    #[derive(serde::Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Page {
        total_size: u64,
        records: Vec<serde::de::IgnoredAny>,
    }
    let Call::Get(path) = call else { return None };
    if let Some(message) = headers.get("sforce-numberofrecords") {
        return message.to_str().ok()?.trim().parse().ok();
    }
    let plain = path.split('?').next().unwrap_or(path);
    if !["/query", "/queryAll"]
        .iter()
        .any(|endpoint| plain.ends_with(endpoint) || plain.contains(&format!("{endpoint}/")))
    {
        return None;
    }
    let page: Page = serde_json::from_slice(body).ok()?;
    // The answer to COUNT() has a number and no rows.
    (page.total_size == 0 || !page.records.is_empty()).then_some(page.records.len() as u64)
}

/// The allow-list. The type permits only reads and query jobs; this checks the address of a read, and that a query does
/// not write.
fn allowed(call: &Call) -> Result<(), ApiError> {
    match call {
        Call::Get(path) => address::get(path)?,
        Call::QueryJob { version, soql, .. } => address::query_job(version, soql)?,
    }
    Ok(())
}

fn unreachable(why: &str) -> Error {
    Error::Salesforce {
        what: format!("Salesforce cannot be reached: {why}"),
        next: "check salesforce.instance_url and that this machine may reach it (proxies are taken from HTTPS_PROXY)"
            .to_owned(),
    }
}

/// The root cause, without the address.
fn root(error: reqwest::Error) -> String {
    if error.is_timeout() {
        return "it took too long".to_owned();
    }
    let error = error.without_url();
    let mut root: &dyn std::error::Error = &error;
    while let Some(source) = root.source() {
        root = source;
    }
    root.to_string()
}

/// Seconds since 1970 of `Sun, 06 Nov 1994 08:49:37 GMT`.
fn http_date(text: &str) -> Option<u64> {
    let moment = jiff::fmt::rfc2822::parse(text.trim()).ok()?;
    u64::try_from(moment.timestamp().as_second()).ok()
}

/// `api-usage=18/5000`, possibly followed by `; per-app-api-usage=…`.
fn api_usage(text: &str) -> Option<(u64, u64)> {
    let part = text.split([';', ',']).map(str::trim).find_map(|part| part.strip_prefix("api-usage="))?;
    let (used, limit) = part.split_once('/')?;
    Some((used.trim().parse().ok()?, limit.trim().parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::{api_usage, http_date};

    #[test]
    fn headers_are_read() {
        assert_eq!(http_date("Sun, 06 Nov 1994 08:49:37 GMT"), Some(784_111_777));
        assert_eq!(http_date("soon"), None);
        assert_eq!(api_usage("api-usage=18/5000"), Some((18, 5000)));
        assert_eq!(api_usage("api-usage=18/5000; per-app-api-usage=17/250(appName=x)"), Some((18, 5000)));
        assert_eq!(api_usage("per-app-api-usage=17/250"), None);
    }
}
