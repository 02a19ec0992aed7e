//! A stand-in Salesforce on this machine, for tests and for real clients: whoever reads it needs no
//! account, and whoever tries to write is caught.
//!
//! `org` is what it holds, `soql`, `plan` and `run` answer queries, `rest`, `bulk`, `tooling` and `auth`
//! are its rooms, `faults` says what goes wrong. This file is the door: bytes in, bytes out.
//!
//! Must not know: the package under test.

#![allow(dead_code, reason = "the example uses less of it than the tests do")]
#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "a stand-in for tests fails by panicking, has a clock and reads files"
)]

#[path = "auth.rs"]
mod auth;
#[path = "bulk.rs"]
mod bulk;
#[path = "faults.rs"]
pub(crate) mod faults;
#[path = "generated.rs"]
pub(crate) mod generated;
#[path = "org.rs"]
pub(crate) mod org;
#[path = "plan.rs"]
mod plan;
#[path = "reply.rs"]
mod reply;
#[path = "rest.rs"]
mod rest;
#[path = "run.rs"]
mod run;
#[path = "soql.rs"]
mod soql;
#[path = "tooling.rs"]
mod tooling;
#[path = "wire.rs"]
mod wire;

use std::io::Write as _;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use hyper::header::{HeaderName, HeaderValue};
use hyper::{Request, Response, StatusCode};

use faults::{Fault, FaultKind};
use org::Org;
use reply::{Call, ErrorResponse, Reply};
use wire::{Answer, Wire};

/// How long address and headers may be together.
const MAX_HEADER_BYTES: usize = 16_384;

/// One request that came, and what became of it.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    pub(crate) method: String,
    /// Path and query as sent.
    pub(crate) path: String,
    pub(crate) host: String,
    pub(crate) at: Instant,
    /// The status; 0 while it is under way or when the connection was reset.
    pub(crate) answered: u16,
}

struct Shared {
    org: Arc<Mutex<Org>>,
    faults: Mutex<Vec<Fault>>,
    log: Mutex<Vec<Seen>>,
    under_way: AtomicUsize,
    most: AtomicUsize,
}

/// A panic in one request must not hide the cause from the others.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// A running stand-in; it stops when dropped.
pub(crate) struct Server {
    url: String,
    shared: Arc<Shared>,
    runtime: Option<tokio::runtime::Runtime>,
}

impl Server {
    /// Starts on a free port of this machine.
    pub(crate) fn start(org: Org) -> Self {
        Self::start_on(org, 0)
    }

    pub(crate) fn start_on(mut org: Org, port: u16) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .thread_name("fake-org")
            .enable_all()
            .build()
            .expect("threads");
        let listener = runtime.block_on(tokio::net::TcpListener::bind(("127.0.0.1", port))).expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        org.url.clone_from(&url);
        let shared = Arc::new(Shared {
            org: Arc::new(Mutex::new(org)),
            faults: Mutex::default(),
            log: Mutex::default(),
            under_way: AtomicUsize::new(0),
            most: AtomicUsize::new(0),
        });
        runtime.spawn(accept(listener, Arc::clone(&shared)));
        Self { url, shared, runtime: Some(runtime) }
    }

    /// `http://127.0.0.1:PORT`
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Every request so far, in the order they came.
    pub(crate) fn log(&self) -> Vec<Seen> {
        lock(&self.shared.log).clone()
    }

    /// How many requests have come whose address contains this.
    pub(crate) fn calls(&self, path_contains: &str) -> usize {
        lock(&self.shared.log).iter().filter(|seen| seen.path.contains(path_contains)).count()
    }

    pub(crate) fn forget_log(&self) {
        lock(&self.shared.log).clear();
        self.shared.most.store(0, Ordering::SeqCst);
    }

    /// How many requests were under way at once, at most.
    pub(crate) fn most_at_once(&self) -> usize {
        self.shared.most.load(Ordering::SeqCst)
    }

    /// The org, to be changed while the server runs. Do not hold the lock over a request.
    pub(crate) fn org(&self) -> Arc<Mutex<Org>> {
        Arc::clone(&self.shared.org)
    }

    /// Looks at or changes the org.
    pub(crate) fn with<T>(&self, action: impl FnOnce(&mut Org) -> T) -> T {
        action(&mut lock(&self.shared.org))
    }

    /// Every attempt to write.
    pub(crate) fn writes(&self) -> Vec<String> {
        lock(&self.shared.org).writes.clone()
    }

    pub(crate) fn add_fault(&self, fault: Fault) {
        lock(&self.shared.faults).push(fault);
    }

    /// The faults that have yet to strike.
    pub(crate) fn faults_left(&self) -> Vec<Fault> {
        lock(&self.shared.faults).iter().filter(|fault| fault.times > 0).cloned().collect()
    }

    pub(crate) fn clear_faults(&self) {
        lock(&self.shared.faults).clear();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

async fn accept(listener: tokio::net::TcpListener, shared: Arc<Shared>) {
    loop {
        let Ok((stream, _)) = listener.accept().await else { continue };
        let _ = stream.set_nodelay(true);
        let shared = Arc::clone(&shared);
        let reset = Arc::new(AtomicBool::new(false));
        let wire = Wire::new(stream, Arc::clone(&reset));
        tokio::spawn(async move {
            let service = hyper::service::service_fn(|request| {
                let (shared, reset) = (Arc::clone(&shared), Arc::clone(&reset));
                async move { logged(&shared, &reset, request).await }
            });
            // A client that hangs up, or a fault that does, is no news here.
            let _ = hyper::server::conn::http1::Builder::new().serve_connection(wire, service).await;
        });
    }
}

/// Counts down even when the client gives up half-way.
struct UnderWay<'a>(&'a AtomicUsize);

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

async fn logged(
    shared: &Shared,
    reset: &AtomicBool,
    request: Request<Incoming>,
) -> Result<Response<Answer>, std::io::Error> {
    let now = shared.under_way.fetch_add(1, Ordering::SeqCst) + 1;
    let _under_way = UnderWay(&shared.under_way);
    shared.most.fetch_max(now, Ordering::SeqCst);
    let host = request.headers().get("host").and_then(|host| host.to_str().ok()).unwrap_or_default();
    let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
    let at = Instant::now();
    let seen =
        Seen { method: request.method().to_string(), path: path.to_owned(), host: host.to_owned(), at, answered: 0 };
    lock(&shared.log).push(seen);
    let answer = serve(shared, request).await;
    match &answer {
        Ok(response) => {
            let mut log = lock(&shared.log);
            if let Some(seen) = log.iter_mut().rev().find(|seen| seen.at == at) {
                seen.answered = response.status().as_u16();
            }
        }
        Err(_) => reset.store(true, Ordering::SeqCst),
    }
    answer
}

async fn serve(shared: &Shared, request: Request<Incoming>) -> Result<Response<Answer>, std::io::Error> {
    let (head, body) = request.into_parts();
    let body = body.collect().await.map_err(std::io::Error::other)?.to_bytes();
    let address = head.uri.path_and_query().map_or("/", |path| path.as_str()).to_owned();
    let headers: usize = head.headers.iter().map(|(name, value)| name.as_str().len() + value.len() + 4).sum();
    if address.len() + headers > MAX_HEADER_BYTES {
        let page = "<html><head><title>Request Header Fields Too Large</title></head><body>431</body></html>";
        return Ok(response(&lock(&shared.org), Reply::text(431, "text/html", page), &[], false));
    }
    let header = |name: &str| head.headers.get(name).and_then(|value| value.to_str().ok());
    let gzip = header("accept-encoding").is_some_and(|encodings| encodings.contains("gzip"));
    let options = header("sforce-query-options").unwrap_or_default();
    let mut call = Call {
        method: head.method.to_string(),
        authorization: header("authorization").map(str::to_owned),
        host: header("host").map(str::to_owned),
        batch_size: options.split(',').find_map(|option| option.trim().strip_prefix("batchSize=")?.parse().ok()),
        body,
        ..Call::default()
    };
    call.address(&address);
    let struck = faults::strike(&mut lock(&shared.faults), &call.method, &address);
    for kind in &struck {
        if let FaultKind::Delay { millis } = kind {
            tokio::time::sleep(Duration::from_millis(*millis)).await;
        }
    }
    faults::describe(&struck, &mut call);
    let instead = struck.iter().find_map(|kind| match kind {
        FaultKind::Status { code, body, headers } => {
            let json = body.starts_with(['[', '{']);
            let content_type = if json { "application/json;charset=UTF-8" } else { "text/plain" };
            let mut reply = Reply::text(*code, content_type, body.clone());
            reply.headers.clone_from(headers);
            Some(Ok(reply))
        }
        FaultKind::Html { code } => {
            let page =
                "<html><head><title>Maintenance</title></head><body><p>We are down for maintenance.</body></html>";
            Some(Ok(Reply::text(*code, "text/html", page)))
        }
        FaultKind::Bomb { code, bytes } => Some(Ok(Reply::text(*code, "application/json", vec![b' '; *bytes]))),
        FaultKind::Scripted(body) => Some(Ok(Reply::text(200, "application/json", body(&address)))),
        FaultKind::Unauthorized => {
            lock(&shared.org).rotate_token();
            Some(Ok(ErrorResponse::new(401, "INVALID_SESSION_ID", "Session expired or invalid").into()))
        }
        FaultKind::ResetBeforeAnswer => Some(Err(std::io::Error::other("a fault resets the connection"))),
        _ => None,
    });
    let (reply, wait) = {
        let mut org = lock(&shared.org);
        let reply = match instead {
            Some(instead) => instead?,
            None => rest::answer(&mut org, &call),
        };
        let wait = if reply.is_page { org.page_delay } else { Duration::ZERO };
        let mut reply = reply;
        if call.path.starts_with("/services/data/v") && reply.status != 401 {
            let usage = format!("api-usage={}/{}", org.calls_used, org.daily_limit);
            reply.headers.push(("Sforce-Limit-Info".into(), usage));
        }
        (reply, wait)
    };
    if !wait.is_zero() {
        tokio::time::sleep(wait).await;
    }
    let answer = response(&lock(&shared.org), reply, &struck, gzip);
    Ok(answer)
}

/// Changes the headers as the faults say.
fn bend(headers: &mut Vec<(String, String)>, struck: &[FaultKind]) {
    for kind in struck {
        let (name, value) = match kind {
            FaultKind::MissingCountHeader => ("Sforce-NumberOfRecords", None),
            FaultKind::CountHeader(text) => ("Sforce-NumberOfRecords", Some(text)),
            FaultKind::LocatorHeader(text) => ("Sforce-Locator", text.as_ref()),
            FaultKind::LimitInfo(text) => ("Sforce-Limit-Info", Some(text)),
            _ => continue,
        };
        headers.retain(|(own, _)| own != name);
        headers.extend(value.map(|value| (name.to_owned(), value.clone())));
    }
}

fn response(org: &Org, reply: Reply, struck: &[FaultKind], gzip: bool) -> Response<Answer> {
    let mut headers = reply.headers;
    let date = jiff::Timestamp::from_second(org.clock()).unwrap_or_default();
    headers.push(("Date".into(), date.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()));
    if !reply.content_type.is_empty() {
        headers.push(("Content-Type".into(), reply.content_type.into()));
    }
    bend(&mut headers, struck);
    let body = if gzip && !reply.body.is_empty() {
        headers.push(("Content-Encoding".into(), "gzip".into()));
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(&reply.body).and_then(|()| encoder.finish()).expect("memory takes every byte")
    } else {
        reply.body
    };
    let cut = struck.iter().find_map(|kind| match kind {
        FaultKind::CutBody { bytes } => Some((*bytes, Duration::from_millis(50))),
        FaultKind::StallBody => Some((body.len() / 2, Duration::from_secs(300))),
        _ => None,
    });
    let drip = struck.iter().find_map(|kind| match kind {
        FaultKind::Drip { millis } => Some(Duration::from_millis(*millis)),
        _ => None,
    });
    let mut response = Response::new(Answer::new(&Bytes::from(body), cut, drip));
    *response.status_mut() = StatusCode::from_u16(reply.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    for (name, value) in headers {
        let name = HeaderName::from_bytes(name.as_bytes()).expect("a header name");
        response.headers_mut().append(name, HeaderValue::from_bytes(value.as_bytes()).expect("a header value"));
    }
    response
}
