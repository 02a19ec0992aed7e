//! `requests.jsonl` of a snapshot: every request of an extraction, in order, so that third parties can trace the rows'
//! origin. It is the one snapshot file that differs from run to run.
//!
//! A request is logged before it is sent, with [no answer yet](UNDER_WAY), and overwritten once complete, before its
//! answer is processed. Pending requests follow completed ones, so that of parallel requests the first to complete
//! comes first; and however the process ends, none is missing. A resumed extraction continues the same file; a
//! truncated last line is removed. After [`MAX_REQUESTS`] requests a last line counts the further ones, and is
//! overwritten with each of them ([`OmittedRequests`]).
//!
//! Must not know: what is asked, or why.

#![expect(clippy::disallowed_methods, reason = "the log is a file of the snapshot")]

use std::fs::{File, OpenOptions};
use std::io::{self, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use super::transport::{RequestEvent, Trace};
use crate::error::Error;
use crate::files;
use crate::model::request_log::{OmittedRequests, REQUESTS, Request};

/// Maximum requests logged individually, to keep the file small.
const MAX_REQUESTS: u64 = 20_000;
/// Maximum bytes of the file: far more than those requests need.
const MAX_LOG: u64 = 512 << 20;
/// The answer of a pending request, also after the extraction was aborted.
const UNDER_WAY: &str = "no answer yet";
/// Fixed length of the line that counts further requests, so that it is never half overwritten.
const ROOM: usize = 128;

struct Inner {
    path: PathBuf,
    /// The file; `None` once closed.
    file: Option<File>,
    /// Position of the next completed request's line.
    end: u64,
    /// Pending requests, by number, and their lines.
    under_way: Vec<(u64, Vec<u8>)>,
    /// Number of requests logged individually.
    lines: u64,
    further: OmittedRequests,
    /// Lines of this run, until it is known whether it resumes the existing log.
    own: Option<Vec<u8>>,
}

/// The log of one extraction.
#[derive(Clone)]
pub(super) struct Log(Arc<Mutex<Inner>>);

impl Log {
    /// Opens the log in a folder, after an earlier run's lines.
    pub(super) fn open(folder: &Path) -> Result<Self, Error> {
        let path = folder.join(REQUESTS);
        let previous = match files::read(&path, MAX_LOG) {
            Ok(previous) => previous,
            Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
            Err(error) => return Err(failed(&path, &error)),
        };
        let mut inner = Inner {
            path,
            file: None,
            end: 0,
            under_way: Vec::new(),
            lines: 0,
            further: OmittedRequests::default(),
            own: Some(Vec::new()),
        };
        let mut counted = 0;
        for line in previous.split_inclusive(|&byte| byte == b'\n').filter(|line| line.ends_with(b"\n")) {
            if let Ok(further) = serde_json::from_slice::<OmittedRequests>(line) {
                inner.further = further;
                counted = if line.len() == ROOM { ROOM as u64 } else { 0 };
                break;
            }
            inner.end += line.len() as u64;
            inner.lines += 1;
        }
        let whole = inner.end + counted;
        // Not truncated, as it may be resumed.
        let mut options = OpenOptions::new();
        options.create(true).truncate(false).write(true);
        files::only_for_the_user(&mut options);
        let open = options.open(&inner.path);
        let file = open.and_then(|file| file.set_len(whole).map(|()| file));
        inner.file = Some(file.map_err(|error| failed(&inner.path, &error))?);
        Ok(Self(Arc::new(Mutex::new(inner))))
    }

    /// Logs each request event, and passes it on.
    pub(super) fn trace(&self, further: Option<Trace>) -> Trace {
        let log = self.clone();
        Box::new(move |message| {
            log.add(message);
            if let Some(further) = &further {
                further(message);
            }
        })
    }

    /// Discards another extraction's log: only this run's lines stay.
    pub(super) fn begin_anew(&self) -> Result<(), Error> {
        let Ok(mut inner) = self.0.lock() else { return Ok(()) };
        let own = inner.own.take().unwrap_or_default();
        let temporary = inner.path.with_extension("writing");
        inner.file = None;
        let anew = || {
            let mut options = OpenOptions::new();
            options.create(true).truncate(true).write(true);
            files::only_for_the_user(&mut options);
            let mut file = options.open(&temporary)?;
            file.write_all(&own)?;
            std::fs::rename(&temporary, &inner.path)?;
            Ok(file)
        };
        let file = anew().map_err(|error| failed(&inner.path, &error))?;
        inner.file = Some(file);
        inner.end = own.len() as u64;
        inner.lines = own.iter().filter(|&&byte| byte == b'\n').count() as u64;
        inner.further = OmittedRequests::default();
        inner.put(&[]).map_err(|error| failed(&inner.path, &error))
    }

    /// Continues the existing log.
    pub(super) fn goes_on(&self) {
        if let Ok(mut inner) = self.0.lock() {
            inner.own = None;
        }
    }

    /// Stops logging: not every system can rename a folder with an open file in it.
    pub(super) fn close(&self) {
        if let Ok(mut inner) = self.0.lock() {
            inner.file = None;
        }
    }

    fn add(&self, message: &RequestEvent<'_>) {
        let request = Request {
            at: message.answer.and(message.at),
            method: message.method.to_owned(),
            path: path_of(message.path).to_owned(),
            status: message.status,
            answer: message.answer.unwrap_or(UNDER_WAY).to_owned(),
            rows: message.rows,
            soql: message.soql.map(str::to_owned),
            milliseconds: u64::try_from(message.took.as_millis()).unwrap_or(u64::MAX),
        };
        if let Ok(mut inner) = self.0.lock() {
            // A failed log write must not stop the extraction: the log then misses that request.
            drop(if message.answer.is_some() {
                inner.over(message.nth, &request)
            } else {
                inner.begins(message.nth, &request)
            });
        }
    }
}

impl Inner {
    fn begins(&mut self, nth: u64, request: &Request) -> io::Result<()> {
        if self.lines + self.under_way.len() as u64 >= MAX_REQUESTS {
            self.further.further += 1;
        } else {
            self.under_way.push((nth, line_of(request)?));
        }
        self.put(&[])
    }

    fn over(&mut self, nth: u64, request: &Request) -> io::Result<()> {
        let Some(at) = self.under_way.iter().position(|(number, _)| *number == nth) else {
            self.further.refused += u64::from(request.is_refused());
            self.further.last = request.at.or(self.further.last);
            return self.put(&[]);
        };
        let (_, begun) = self.under_way.swap_remove(at);
        let mut line = line_of(request)?;
        if line.len() < begun.len() {
            // An overwritten line is never longer than its replacement, so that nothing remains of it.
            line.pop();
            line.resize(begun.len() - 1, b' ');
            line.push(b'\n');
        }
        if let Some(own) = &mut self.own {
            own.extend_from_slice(&line);
        }
        self.put(&line)?;
        self.end += line.len() as u64;
        self.lines += 1;
        Ok(())
    }

    /// Writes a completed request's line and the lines after it, in one write.
    fn put(&mut self, line: &[u8]) -> io::Result<()> {
        let Some(file) = &mut self.file else { return Ok(()) };
        let mut bytes = line.to_vec();
        for (_, begun) in &self.under_way {
            bytes.extend_from_slice(begun);
        }
        if self.further.further > 0 {
            let mut line = serde_json::to_vec(&self.further)?;
            line.resize(ROOM - 1, b' ');
            line.push(b'\n');
            bytes.extend_from_slice(&line);
        }
        file.seek(SeekFrom::Start(self.end))?;
        let put = file.write_all(&bytes);
        if put.is_err() {
            // A partial line would corrupt the next one.
            file.set_len(self.end)?;
        }
        put
    }
}

/// A request as a line.
fn line_of(request: &Request) -> io::Result<Vec<u8>> {
    let mut line = serde_json::to_vec(request)?;
    line.push(b'\n');
    Ok(line)
}

/// The path of an address alone.
fn path_of(address: &str) -> &str {
    match address.split_once("://") {
        Some((scheme, rest)) if !scheme.contains('/') => rest.find('/').map_or("/", |at| &rest[at..]),
        _ => address,
    }
}

fn failed(path: &Path, source: &io::Error) -> Error {
    Error::Output {
        path: path.to_owned(),
        what: format!("cannot be written: {source}"),
        next: "make room or give write access here, and start again; what was read so far is kept".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Log, MAX_REQUESTS, OmittedRequests, REQUESTS, ROOM};
    use crate::inputs::salesforce::transport::RequestEvent;
    use crate::model::instant::Instant;
    use crate::model::request_log::Request;

    /// A request and its end.
    fn ask(log: &Log, nth: u64, path: &str, status: u16) {
        log.add(&message(nth, path, None));
        log.add(&message(nth, path, Some(status)));
    }

    fn message(nth: u64, path: &str, status: Option<u16>) -> RequestEvent<'_> {
        RequestEvent {
            nth,
            at: Some(Instant::from_seconds(1_795_500_000)),
            method: "GET",
            path,
            status,
            answer: status.map(|_| "200"),
            rows: None,
            soql: None,
            took: Duration::from_millis(3),
        }
    }

    fn lines(path: &std::path::Path) -> Vec<Request> {
        let text = std::fs::read_to_string(path).expect("a log");
        text.lines().map(|line| serde_json::from_str(line).expect("a request")).collect()
    }

    #[test]
    fn those_under_way_stand_behind_and_stay_when_it_ends() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join(REQUESTS);
        let log = Log::open(folder.path()).expect("a log");
        for (nth, path) in ["/a", "/b", "/c"].into_iter().enumerate() {
            log.add(&message(nth as u64, path, None));
        }
        log.add(&message(1, "/b", Some(200)));
        let described = || -> Vec<(String, Option<u16>)> {
            lines(&path).into_iter().map(|request| (request.path, request.status)).collect()
        };
        let mut now = described();
        now[1..].sort_unstable();
        assert_eq!(now, [("/b".into(), Some(200)), ("/a".into(), None), ("/c".into(), None)]);
        assert_eq!(lines(&path)[1].at, None);
        // Killed here, then resumed.
        let log = Log::open(folder.path()).expect("a log");
        let before = described();
        ask(&log, 0, "/d", 503);
        assert_eq!(described(), [before, vec![("/d".into(), Some(503))]].concat());
    }

    #[test]
    fn it_goes_on_behind_whole_lines_and_of_a_sign_in_keeps_the_path() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join(REQUESTS);
        let log = Log::open(folder.path()).expect("a log");
        ask(&log, 101, "https://acme.example/services/oauth2/token", 200);
        ask(&log, 102, "/services/data/v67.0/query?q=SELECT+Id+FROM+X+WHERE+A='http://x'", 200);
        let whole = std::fs::read_to_string(&path).expect("a log");
        std::fs::write(&path, format!("{whole}{{\"at\":\"2026-")).expect("written");
        let log = Log::open(folder.path()).expect("a log");
        assert_eq!(std::fs::read_to_string(&path).expect("a log"), whole);
        ask(&log, 103, "/c", 503);
        let text = std::fs::read_to_string(&path).expect("a log");
        let paths: Vec<String> =
            text.lines().map(|line| serde_json::from_str::<Request>(line).expect("a request").path).collect();
        assert_eq!(
            paths,
            ["/services/oauth2/token", "/services/data/v67.0/query?q=SELECT+Id+FROM+X+WHERE+A='http://x'", "/c"]
        );
        // Another query: existing lines are removed, this run's lines stay.
        log.begin_anew().expect("anew");
        ask(&log, 104, "/d", 200);
        log.close();
        ask(&log, 105, "/e", 200);
        let text = std::fs::read_to_string(&path).expect("a log");
        assert!(text.lines().count() == 2 && text.contains("\"/c\"") && text.contains("\"/d\""), "{text}");
    }

    #[test]
    fn what_is_too_much_is_counted_through_every_end() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join(REQUESTS);
        let log = Log::open(folder.path()).expect("a log");
        for _ in 0..MAX_REQUESTS {
            ask(&log, 106, "/x", 200);
        }
        assert_eq!(std::fs::read_to_string(&path).expect("a log").lines().count() as u64, MAX_REQUESTS);
        for _ in 0..3 {
            ask(&log, 107, "/y", 200);
        }
        let log = Log::open(folder.path()).expect("a log");
        ask(&log, 108, "/z", 503);
        let text = std::fs::read_to_string(&path).expect("a log");
        assert_eq!(text.lines().count() as u64, MAX_REQUESTS + 1);
        let last = text.lines().last().expect("a line");
        assert_eq!(last.len() + 1, ROOM);
        let last: OmittedRequests = serde_json::from_str(last).expect("a count");
        assert_eq!((last.further, last.refused), (4, 1));
        // A torn count line is dropped, not kept as a torn line.
        std::fs::write(&path, &text[..text.len() - 100]).expect("written");
        let log = Log::open(folder.path()).expect("a log");
        ask(&log, 109, "/z", 200);
        let text = std::fs::read_to_string(&path).expect("a log");
        let last: OmittedRequests = serde_json::from_str(text.lines().last().expect("a line")).expect("a count");
        assert_eq!((text.lines().count() as u64, last.further), (MAX_REQUESTS + 1, 1));
        assert_eq!(
            serde_json::to_string(&OmittedRequests { further: u64::MAX, refused: u64::MAX, ..last })
                .map(|l| l.len() < ROOM)
                .ok(),
            Some(true)
        );
    }
}
