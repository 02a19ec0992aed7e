//! The extractor against a local Salesforce: the same bytes whichever way, whatever goes wrong, and
//! whenever it is killed; short reads told; nothing ever written.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use tieout::error::Error;
use tieout::inputs::salesforce::extract::Options;
use tieout::inputs::salesforce::read::Api;
use tieout::inputs::salesforce::transport::RetryPolicy;
use tieout::model::extraction::Extracted;
use tieout::model::object::SfObject;
use tieout::progress::Progress;
use tieout::settings::OrgConnection;

use crate::cli::{run, tieout};
use crate::fake_org::faults::{Fault, FaultKind};
use crate::fake_org::{Seen, Server, generated};
use crate::sample_folder;

const ENROLLMENTS: &str = "docebo_v3__CourseEnrollment__c";

/// Waits that a test has the time for.
pub(crate) fn quick() -> RetryPolicy {
    RetryPolicy {
        base: Duration::from_millis(1),
        cap: Duration::from_millis(10),
        poll: Duration::from_millis(1),
        max_wait: Duration::from_secs(10),
    }
}

pub(crate) fn live(server: &Server) -> OrgConnection {
    let token = server.org().lock().expect("the org").access_token.clone();
    OrgConnection {
        token: Some(token.into()),
        instance_url: Some(server.url().to_owned()),
        api_budget_percent: 80,
        username_field: "Email".to_owned(),
        ..OrgConnection::default()
    }
}

pub(crate) fn extract(server: &Server, target: &Path, api: Api) -> Result<Extracted, Error> {
    let options = Options { api: Some(api), pace: quick(), page_rows: 100, ..Options::default() };
    tieout::commands::extract::extract(&live(server), target, options, &Progress::hidden())
}

/// A folder in memory where there is such a place: what is flushed to a disk page by page takes its time.
pub(crate) fn folder() -> tempfile::TempDir {
    let memory = Path::new("/dev/shm");
    let made = if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() };
    made.expect("a folder")
}

/// Every file of a folder, with the address of the server taken out: each server has a port of its own.
pub(crate) fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    std::fs::read_dir(folder)
        .unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
        .map(|entry| entry.expect("an entry").path())
        // The log tells how it went, and differs from run to run.
        .filter(|path| path.is_file() && !path.ends_with("requests.jsonl"))
        .map(|path| {
            let name = path.file_name().expect("a name").to_string_lossy().into_owned();
            let mut bytes = std::fs::read(&path).expect("a file");
            if name == "manifest.json" {
                let text = String::from_utf8(bytes).expect("UTF-8");
                let lines = text.lines().filter(|line| !line.contains("\"instance_url\""));
                bytes = lines.collect::<Vec<_>>().join("\n").into_bytes();
            }
            (name, bytes)
        })
        .collect()
}

/// An org of a few hundred rows whose clock stands still, so that the fence is the same in every run.
pub(crate) fn server() -> Server {
    let mut org = generated::org(700, 1);
    org.now = Some(1_795_500_000);
    Server::start(org)
}

fn assert_only_read(server: &Server) {
    assert_eq!(server.writes(), Vec::<String>::new(), "something was written");
}

fn manifest(folder: &Path) -> serde_json::Value {
    serde_json::from_slice(&std::fs::read(folder.join("manifest.json")).expect("a manifest")).expect("JSON")
}

#[test]
fn three_ways_give_the_same_bytes() {
    let server = server();
    let parent = folder();
    let mut seen: Option<BTreeMap<String, Vec<u8>>> = None;
    for (name, api) in [("rest", Api::Rest), ("bulk", Api::Bulk), ("in-turn", Api::BulkInTurn)] {
        let target = parent.path().join(name);
        let extracted = extract(&server, &target, api).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(extracted.incomplete().count(), 0, "{name}: {extracted:?}");
        let files = files(&target);
        match &seen {
            None => seen = Some(files),
            Some(first) => {
                for (file, bytes) in &files {
                    assert!(first.get(file) == Some(bytes), "{file} differs by {name}");
                }
                assert_eq!(first.len(), files.len());
            }
        }
    }
    let rows = server.org().lock().expect("the org").object(ENROLLMENTS).rows.len();
    let text = String::from_utf8(seen.expect("files")[&format!("{ENROLLMENTS}.csv")].clone()).expect("UTF-8");
    assert_eq!(csv::Reader::from_reader(text.as_bytes()).records().count(), rows);
    let left = std::fs::read_dir(parent.path()).expect("a folder").count();
    assert_eq!(left, 3, "something unfinished was left");
    assert_only_read(&server);
}

/// What is extracted of a sample's organisation is judged as the sample's own files are.
#[test]
fn an_audit_of_an_extraction_finds_what_an_audit_of_the_files_finds() {
    for sample in ["outbound-stalled", "links-crossed"] {
        let sample_files = sample_folder(sample);
        let server = Server::start(generated::from_folder(&sample_files.join("snapshot")));
        let parent = folder();
        let snapshot = parent.path().join("snapshot");
        extract(&server, &snapshot, Api::Bulk).unwrap_or_else(|error| panic!("{sample}: {error}"));
        let text = std::fs::read_to_string(sample_files.join("tieout.toml")).expect("a configuration");
        let overrides = tieout::settings::file::Overrides { snapshot: Some(snapshot), ..Default::default() };
        let settings =
            tieout::settings::file::load(&sample_files.join("tieout.toml"), &text, &overrides).expect("settings");
        let report = tieout::commands::audit::audit(&settings, &Progress::hidden()).expect("a report");
        assert_eq!(crate::counts(&report), crate::counts(&crate::audit_sample(sample)), "{sample}");
        assert_only_read(&server);
    }
}

fn status(code: u16, error: &str, message: &str) -> FaultKind {
    FaultKind::Status {
        code,
        body: format!("[{{\"message\":\"{message}\",\"errorCode\":\"{error}\"}}]"),
        headers: Vec::new(),
    }
}

/// Everything that can be got over is got over, and leaves no trace in the bytes.
#[test]
fn what_goes_wrong_on_the_way_leaves_no_trace() {
    let parent = folder();
    let whole = parent.path().join("whole");
    extract(&server(), &whole, Api::Rest).expect("an extraction");
    let whole = files(&whole);
    let retry_after = |code: u16| FaultKind::Status {
        code,
        body: String::new(),
        headers: vec![("Retry-After".to_owned(), "1".to_owned())],
    };
    let faults: Vec<(&str, FaultKind)> = vec![
        ("503", status(503, "SERVER_UNAVAILABLE", "try later")),
        ("502 of HTML", FaultKind::Html { code: 502 }),
        ("500", status(500, "UNKNOWN_EXCEPTION", "An unexpected error occurred")),
        ("406", FaultKind::Html { code: 406 }),
        ("420", FaultKind::Html { code: 420 }),
        ("429 with Retry-After", retry_after(429)),
        ("lock", status(400, "UNABLE_TO_LOCK_ROW", "unable to obtain exclusive access")),
        (
            "crowded",
            status(403, "REQUEST_LIMIT_EXCEEDED", "ConcurrentRequests (Concurrent API Requests) Limit exceeded."),
        ),
        ("reset", FaultKind::ResetBeforeAnswer),
        ("cut at once", FaultKind::CutBody { bytes: 0 }),
        ("cut in the middle of gzip", FaultKind::CutBody { bytes: 40 }),
        ("slow", FaultKind::Delay { millis: 30 }),
        ("a page with too few rows", FaultKind::ShortPage { rows: 3 }),
        ("no count", FaultKind::MissingCountHeader),
        ("a count that is none", FaultKind::CountHeader("many".to_owned())),
        ("no limit", FaultKind::LimitInfo("nonsense".to_owned())),
    ];
    for (api, paths) in [
        (Api::Rest, &["/query", "/describe", "/userinfo"][..]),
        (Api::Bulk, &["/results", "/resultPages", "/jobs/query"][..]),
        (Api::BulkInTurn, &["/results", "/jobs/query"][..]),
    ] {
        for (name, kind) in &faults {
            for path in paths {
                for skip in [0, 2] {
                    let rest_page = api == Api::Rest || *path != "/results";
                    if matches!(kind, FaultKind::ShortPage { .. }) && rest_page {
                        continue;
                    }
                    let server = server();
                    server.add_fault(Fault::once(path, kind.clone()).skip(skip));
                    let target = parent.path().join("target");
                    let extracted = extract(&server, &target, api)
                        .unwrap_or_else(|error| panic!("{name} at {path} after {skip} by {api:?}: {error}"));
                    assert_eq!(extracted.incomplete().count(), 0, "{name} at {path} by {api:?}");
                    let files = files(&target);
                    for (file, bytes) in &whole {
                        assert!(files.get(file) == Some(bytes), "{file} differs after {name} at {path} by {api:?}");
                    }
                    assert_only_read(&server);
                    std::fs::remove_dir_all(&target).expect("a folder");
                }
            }
        }
    }
}

#[test]
fn a_query_that_takes_too_long_is_cut_until_it_does_not() {
    let parent = folder();
    let whole = parent.path().join("whole");
    extract(&server(), &whole, Api::Rest).expect("an extraction");
    let whole = files(&whole);
    for api in [Api::Rest, Api::Bulk] {
        let server = server();
        let timeout = status(400, "QUERY_TIMEOUT", "Your query request was running for too long.");
        let fault = if api == Api::Rest {
            Fault::once("SELECT Id, docebo_v3__DoceboUser__c", timeout).times(3)
        } else {
            let message = "QUERY_TIMEOUT: retried more than 15 times".to_owned();
            Fault::once("/jobs/query/", FaultKind::JobFails { message }).times(2)
        };
        server.add_fault(fault);
        let target = parent.path().join(format!("{api:?}"));
        extract(&server, &target, api).unwrap_or_else(|error| panic!("{api:?}: {error}"));
        for (file, bytes) in &files(&target) {
            assert!(whole.get(file) == Some(bytes), "{file} differs by {api:?}");
        }
    }
}

#[test]
fn where_bulk_refuses_rest_reads() {
    let parent = folder();
    let whole = parent.path().join("whole");
    extract(&server(), &whole, Api::Rest).expect("an extraction");
    let whole = files(&whole);
    for (name, fault) in [
        ("no bulk for the object", None),
        (
            "jobs of the day used up",
            Some(status(400, "LIMIT_EXCEEDED", "Max bulk v2 query jobs (10000) per 24 hrs has been reached")),
        ),
        ("aborted", Some(FaultKind::JobAborted)),
        ("failed", Some(FaultKind::JobFails { message: "InternalServerError".to_owned() })),
    ] {
        let server = server();
        match fault {
            Some(kind) => server.add_fault(Fault::once("/jobs/query", kind).times(2)),
            None => server.org().lock().expect("the org").object_mut(ENROLLMENTS).bulk = false,
        }
        let target = parent.path().join(name.replace(' ', "-"));
        extract(&server, &target, Api::Bulk).unwrap_or_else(|error| panic!("{name}: {error}"));
        for (file, bytes) in &files(&target) {
            assert!(whole.get(file) == Some(bytes), "{file} differs: {name}");
        }
    }
}

#[test]
fn a_cursor_that_is_gone_begins_its_query_anew() {
    let parent = folder();
    let server = server();
    server.org().lock().expect("the org").rest_page_cap = 200;
    server.add_fault(Fault::once("/query/", status(400, "INVALID_QUERY_LOCATOR", "invalid query locator")).skip(1));
    let extracted = extract(&server, &parent.path().join("target"), Api::Rest).expect("an extraction");
    assert_eq!(extracted.incomplete().count(), 0);
}

/// Rows that were lost and stay lost are told: the snapshot says what Salesforce counted.
#[test]
fn a_page_that_stays_short_is_an_incomplete_object_and_no_absence() {
    let server = server();
    server.add_fault(Fault::once("/results", FaultKind::ShortPage { rows: 5 }).times(100_000));
    let parent = folder();
    let target = parent.path().join("target");
    let extracted = extract(&server, &target, Api::Bulk).expect("an extraction");
    let short: Vec<SfObject> = extracted.incomplete().map(|(object, ..)| *object).collect();
    assert!(short.contains(&SfObject::CourseEnrollment), "{short:?}");
    let manifest = manifest(&target);
    let entry = manifest["objects"].as_array().expect("objects").iter().find(|entry| entry["object"] == ENROLLMENTS);
    let entry = entry.expect("an entry");
    assert!(entry["rows"].as_u64() < entry["counted"].as_u64(), "{entry}");
}

/// Rows beyond those that Salesforce counted are as little to be trusted: neither count vouches for them. Rows that were
/// deleted after they were read are no such rows.
#[test]
fn more_rows_than_counted_are_an_incomplete_object() {
    for (more, counted_later) in [(0, 3), (3, 0), (3, 3)] {
        let server = server();
        let contacts = server.with(|org| org.object("Contact").rows.len());
        let rows: Vec<_> = (0..contacts + more)
            .map(|nth| {
                let at = "2026-01-01T00:00:00.000+0000";
                serde_json::json!({
                    "Id": generated::id("003", nth), "Email": "ada@example.com",
                    "CreatedDate": at, "LastModifiedDate": at, "SystemModstamp": at,
                })
            })
            .collect();
        let page = |size: usize, rows: &[serde_json::Value]| FaultKind::Status {
            code: 200,
            body: serde_json::json!({"totalSize": size, "done": true, "records": rows}).to_string(),
            headers: Vec::new(),
        };
        server.add_fault(Fault::once("SELECT Id, Email", page(contacts, &rows)));
        // The count after the rows were read.
        let count = Fault::once("COUNT() FROM Contact", page(contacts - counted_later, &[])).skip(1);
        server.add_fault(count);
        let parent = folder();
        let target = parent.path().join("target");
        let extracted = extract(&server, &target, Api::Rest).expect("an extraction");
        let incomplete: Vec<SfObject> = extracted.incomplete().map(|(object, ..)| *object).collect();
        assert_eq!(incomplete.contains(&SfObject::Contact), more > 0, "{more} {counted_later}: {extracted:?}");
        let manifest = manifest(&target);
        let entry = &manifest["objects"][0];
        assert_eq!(entry["rows"].as_u64(), Some((contacts + more) as u64), "{entry}");
        assert_eq!(entry["drift"].as_u64(), Some(counted_later as u64), "{entry}");
    }
}

/// A user who cannot see all rows reads fewer than an administrator would count; only the count of the
/// same user can be had, so nothing is short, and the permission is what `doctor` looks at.
#[test]
fn hidden_fields_and_objects_are_lacking_needs() {
    let server = server();
    {
        let org = server.org();
        let mut org = org.lock().expect("the org");
        org.object_mut(ENROLLMENTS).hide("docebo_v3__Status__c");
        org.object_mut("User").readable = false;
    }
    let parent = folder();
    let target = parent.path().join("target");
    let extracted = extract(&server, &target, Api::Rest).expect("an extraction");
    let output = |start: &str| extracted.hidden.iter().any(|what| what.starts_with(start));
    for start in [
        "docebo_v3__CourseEnrollment__c.docebo_v3__Status__c: hidden from the user",
        "User: the object is hidden from the user",
        "docebo_v3__Session__c: the organisation has no such object",
    ] {
        assert!(output(start), "{start}: {:?}", extracted.hidden);
    }
    let text = std::fs::read_to_string(target.join(format!("{ENROLLMENTS}.csv"))).expect("a file");
    assert!(!text.lines().next().expect("a heading").contains("Status__c") && !target.join("User.csv").exists());

    server.org().lock().expect("the org").object_mut("docebo_v3__DoceboUser__c").hide("docebo_v3__UserId__c");
    let error =
        extract(&server, &parent.path().join("second"), Api::Rest).expect_err("a field that is needed").to_string();
    assert!(error.contains("docebo_v3__UserId__c") && error.contains("next: give the user read access"), "{error}");
}

#[test]
fn limits_stop_before_the_organisation_is_out_of_calls_and_the_work_is_kept() {
    let parent = folder();
    let whole = parent.path().join("whole");
    let undisturbed = server();
    extract(&undisturbed, &whole, Api::Rest).expect("an extraction");
    let all = undisturbed.log().len();
    let whole = files(&whole);
    let total = status(403, "REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.");
    for (name, kind) in [("total", total), ("budget", FaultKind::LimitInfo("api-usage=4100/5000".to_owned()))] {
        let server = server();
        let target = parent.path().join(name);
        server.add_fault(Fault::once("/query?", kind).skip(5));
        let error = extract(&server, &target, Api::Rest).expect_err("a limit").to_string();
        assert!(error.contains("24 hours") && error.contains("is kept"), "{name}: {error}");
        assert!(!target.exists());
        let before = server.log().len();
        extract(&server, &target, Api::Rest).unwrap_or_else(|error| panic!("{name}: {error}"));
        let fewer = server.log().len() - before;
        assert!(fewer < all, "{name}: what was read was read again ({fewer} of {all} requests)");
        for (file, bytes) in &files(&target) {
            assert!(whole.get(file) == Some(bytes), "{file} differs after {name}");
        }
    }
}

/// Killed at every request, and started again: the same bytes.
#[test]
fn killed_at_any_request_it_goes_on_to_the_same_bytes() {
    let parent = folder();
    let mut org = generated::org(260, 2);
    org.now = Some(1_795_500_000);
    let server = Server::start(org);
    let config = parent.path().join("tieout.toml");
    std::fs::write(&config, format!("[salesforce]\ninstance_url = \"{}\"\n", server.url())).expect("a writable file");
    let token = server.org().lock().expect("the org").access_token.clone();
    let command = |out: &str, api: &str| {
        let mut command: Command = tieout();
        command.args(["extract", "--quiet", "--api", api, "-c"]).arg(&config).arg("--out").arg(parent.path().join(out));
        command.env("SF_ACCESS_TOKEN", &token);
        command
    };
    for api in ["rest", "bulk"] {
        let (code, _, stderr) = run(&mut command(&format!("whole-{api}"), api));
        assert_eq!(code, 0, "{stderr}");
        let whole = files(&parent.path().join(format!("whole-{api}")));
        let before = server.log().len();
        assert_eq!(run(&mut command(&format!("count-{api}"), api)).0, 0);
        let requests = server.log().len() - before;
        assert!(requests > 20, "{requests}");
        for nth in 0..requests {
            let out = format!("killed-{api}-{nth}");
            let start = server.log().len();
            server.add_fault(Fault::once("/services/", FaultKind::Delay { millis: 20_000 }).skip(nth));
            let mut child = command(&out, api).spawn().expect("the binary runs");
            let until = Instant::now() + Duration::from_secs(20);
            while server.log().len() <= start + nth && Instant::now() < until {
                std::thread::sleep(Duration::from_millis(1));
            }
            child.kill().expect("it runs");
            child.wait().expect("it ends");
            server.clear_faults();
            assert!(!parent.path().join(&out).exists(), "a partial snapshot stands under its name");
            let (unfinished, finished) = (format!(".{out}.unfinished"), &out);
            let kept = written(&parent.path().join(unfinished));
            let asked = &server.log()[start..];
            // Those under way too: one by REST, by Bulk as many as are asked side by side.
            are_all_of_the_killed(&kept, asked, if api == "rest" { 1 } else { 4 });
            let again = server.log().len();
            let (code, _, stderr) = run(&mut command(&out, api));
            assert_eq!(code, 0, "killed at request {nth} by {api}: {stderr}");
            let all = written(&parent.path().join(finished));
            assert_eq!(all[..kept.len()], kept, "the log was not gone on with: killed at request {nth} by {api}");
            are_all_of(&all[kept.len()..], &server.log()[again..], api == "rest");
            let files = files(&parent.path().join(&out));
            for (file, bytes) in &whole {
                assert!(files.get(file) == Some(bytes), "{file} differs: killed at request {nth} by {api}");
            }
        }
    }
    assert_only_read(&server);
}

/// Pages side by side take a fraction of the time of pages in turn.
#[test]
fn pages_side_by_side_are_faster() {
    let mut org = generated::org(4_000, 3);
    org.page_delay = Duration::from_millis(25);
    let server = Server::start(org);
    let parent = folder();
    let took = |name: &str, api: Api| {
        let began = Instant::now();
        extract(&server, &parent.path().join(name), api).expect("an extraction");
        began.elapsed()
    };
    let (in_turn, side_by_side) = (took("in-turn", Api::BulkInTurn), took("bulk", Api::Bulk));
    println!("40 pages in turn {in_turn:?}, side by side {side_by_side:?}");
    assert!(side_by_side * 10 < in_turn * 7, "{in_turn:?} in turn, {side_by_side:?} side by side");
}

/// `tieout audit` with a live organisation: extracts, judges, keeps the snapshot.
#[test]
fn an_audit_reads_a_live_organisation() {
    let sample = sample_folder("outbound-stalled");
    let server = Server::start(generated::from_folder(&sample.join("snapshot")));
    let token = server.org().lock().expect("the org").access_token.clone();
    let parent = folder();
    let config: PathBuf = parent.path().join("tieout.toml");
    let text = format!(
        "[salesforce]\ninstance_url = \"{}\"\n[docebo]\nusers = {:?}\nenrollments = {:?}\nexported_at = \"2026-11-20T06:00:00Z\"\n",
        server.url(),
        sample.join("users.csv").display().to_string(),
        sample.join("enrollments.csv").display().to_string(),
    );
    std::fs::write(&config, text).expect("a writable file");
    let out = parent.path().join("run");
    let mut command = tieout();
    command.args(["audit", "--trace", "-c"]).arg(&config).arg("--out").arg(&out).env("SF_ACCESS_TOKEN", &token);
    let (code, stdout, stderr) = run(&mut command);
    assert_eq!(code, 5, "{stderr}");
    assert!(stdout.starts_with("STALLED"), "{stdout}");
    assert!(parent.path().join("run.snapshot/manifest.json").exists() && out.join("report.html").exists());
    assert!(stderr.contains("GET /services/data/v") && !stderr.contains(&token), "the trace tells a secret");
    for (file, bytes) in files(&out).into_iter().chain(files(&parent.path().join("run.snapshot"))) {
        assert!(!String::from_utf8_lossy(&bytes).contains(&token), "{file} holds the token");
    }
    assert_only_read(&server);
}

/// The freshness check asks a handful of aggregate questions.
#[test]
fn freshness_asks_a_live_organisation_in_ten_calls() {
    for (sample, code) in [("in-sync", 0), ("outbound-stalled", 5)] {
        let mut org = generated::from_folder(&sample_folder(sample).join("snapshot"));
        // The sample's own day.
        org.now = Some(1_795_155_000);
        let server = Server::start(org);
        let token = server.org().lock().expect("the org").access_token.clone();
        let parent = folder();
        let config = parent.path().join("tieout.toml");
        std::fs::write(&config, format!("[salesforce]\ninstance_url = \"{}\"\n", server.url()))
            .expect("a writable file");
        let (found, stdout, stderr) =
            run(tieout().arg("freshness").arg("-c").arg(&config).env("SF_ACCESS_TOKEN", &token));
        assert_eq!(found, code, "{sample}: {stdout}{stderr}");
        assert!(server.log().len() <= 10, "{} requests", server.log().len());
        assert_only_read(&server);
    }
}

/// A line of a log: method, path and query, status; of a sign-in the path alone.
type Line = (String, String, u16);

/// The lines of the log in a folder; every one of them tells a request.
fn written(folder: &Path) -> Vec<Line> {
    let text = std::fs::read_to_string(folder.join("requests.jsonl")).expect("a log");
    text.lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap_or_else(|error| panic!("{error}: {line}")))
        .map(|line| {
            let text = |name: &str| line[name].as_str().unwrap_or_else(|| panic!("{name} in {line}")).to_owned();
            let status = line["status"].as_u64().unwrap_or(0);
            assert!(line["milliseconds"].is_u64() && !text("answer").is_empty(), "{line}");
            (text("method"), text("path"), u16::try_from(status).expect("a status"))
        })
        .collect()
}

fn seen(asked: &[Seen]) -> Vec<Line> {
    asked.iter().map(|seen| (seen.method.clone(), seen.path.clone(), seen.answered)).collect()
}

/// Each request that Salesforce saw has its line, with the status that it gave, or as one that was under way when the
/// extraction was killed. Of those, some may not have come as far as Salesforce.
#[track_caller]
fn are_all_of_the_killed(written: &[Line], asked: &[Seen], most_under_way: usize) {
    let (mut under_way, mut over): (Vec<&Line>, Vec<&Line>) = written.iter().partition(|line| line.2 == 0);
    assert!(under_way.len() <= most_under_way, "{under_way:?}");
    for seen in seen(asked) {
        if let Some(at) = over.iter().position(|line| **line == seen) {
            over.remove(at);
        } else {
            let at = under_way.iter().position(|line| (&line.0, &line.1) == (&seen.0, &seen.1));
            under_way.remove(at.unwrap_or_else(|| panic!("not written down: {seen:?}")));
        }
    }
    assert_eq!(over, Vec::<&Line>::new(), "nobody asked these");
}

/// The lines are the requests that Salesforce saw, all of them; in their order too where they were asked in turn.
#[track_caller]
fn are_all_of(written: &[Line], asked: &[Seen], in_turn: bool) {
    let (mut written, mut asked) = (written.to_vec(), seen(asked));
    if !in_turn {
        written.sort_unstable();
        asked.sort_unstable();
    }
    assert_eq!(written, asked);
}

/// Every request that Salesforce saw stands in the snapshot's log in its order and with its status, whatever went
/// wrong with it.
#[test]
fn every_request_is_written_down_in_order_with_its_status() {
    for api in [Api::Rest, Api::BulkInTurn, Api::Bulk] {
        let server = server();
        for (nth, kind) in [
            status(503, "SERVER_UNAVAILABLE", "try later"),
            FaultKind::Html { code: 502 },
            FaultKind::ResetBeforeAnswer,
            FaultKind::CutBody { bytes: 40 },
            status(403, "REQUEST_LIMIT_EXCEEDED", "ConcurrentRequests (Concurrent API Requests) Limit exceeded."),
        ]
        .into_iter()
        .enumerate()
        {
            server.add_fault(Fault::once("/services/", kind).skip(3 + 4 * nth));
        }
        let parent = folder();
        let target = parent.path().join("target");
        extract(&server, &target, api).unwrap_or_else(|error| panic!("{api:?}: {error}"));
        assert_eq!(server.faults_left().len(), 0, "{api:?}");
        let lines = written(&target);
        assert!(lines.len() > 40, "{api:?}: {}", lines.len());
        are_all_of(&lines, &server.log(), api != Api::Bulk);

        // Each page tells its rows: together they are those that were read, and those read twice.
        let text = std::fs::read_to_string(target.join("requests.jsonl")).expect("a log");
        let rows: u64 = text
            .lines()
            .map(|line| serde_json::from_str::<serde_json::Value>(line).expect("a line"))
            .filter(|line| line["path"].as_str().is_some_and(|path| !path.contains("/tooling/")))
            .filter_map(|line| line["rows"].as_u64())
            .sum();
        let objects = manifest(&target);
        let of_objects = objects["objects"].as_array().expect("a list").iter();
        let read: u64 = of_objects
            .filter(|entry| entry["object"] != "customisation")
            .map(|entry| entry["rows"].as_u64().expect("a number"))
            .sum();
        assert_eq!(rows, read, "{api:?}");
    }
}

/// Another question begins anew, and so does its log; what this run asked until then stays.
#[test]
fn another_question_has_a_log_of_its_own() {
    let server = server();
    let parent = folder();
    let target = parent.path().join("target");
    let total = status(403, "REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.");
    server.add_fault(Fault::once("/query?", total).skip(5));
    extract(&server, &target, Api::Rest).expect_err("a limit");
    let before = server.log().len();
    let options = Options { api: Some(Api::Rest), pace: quick(), page_rows: 100, ..Options::default() };
    let other = OrgConnection { username_field: "Id".to_owned(), ..live(&server) };
    tieout::commands::extract::extract(&other, &target, options, &Progress::hidden()).expect("an extraction");
    are_all_of(&written(&target), &server.log()[before..], true);
}

/// What the audit takes over of the log and of the manifest, be they whole, odd, or not there.
#[test]
fn an_audit_tells_how_its_snapshot_was_extracted() {
    let server = server();
    let parent = folder();
    let snapshot = parent.path().join("snapshot");
    extract(&server, &snapshot, Api::Rest).expect("an extraction");
    let config = parent.path().join("tieout.toml");
    let text = "[salesforce]\nsnapshot = \"snapshot\"\n[docebo]\nusers = \"users.csv\"\nexported_at = \"2026-11-20T06:00:00Z\"\n";
    std::fs::write(parent.path().join("users.csv"), "User unique ID,Username,sfdc_id\n1,ada@example.com,\n")
        .expect("a file");
    let audit = || {
        let settings = tieout::settings::file::load(&config, text, &Default::default()).expect("settings");
        let report = tieout::commands::audit::audit(&settings, &Progress::hidden()).expect("a report");
        report.origins().clone()
    };
    let odd = |origins: &tieout::model::origins::Origins| {
        origins.caveats.iter().filter(|caveat| caveat.starts_with("requests.jsonl")).cloned().collect::<Vec<_>>()
    };

    let whole = audit();
    let extraction = &whole.extraction;
    assert!(extraction.api_version.is_some() && extraction.user.is_some() && odd(&whole).is_empty(), "{whole:?}");
    let refused = server.log().iter().filter(|seen| seen.answered >= 400).count();
    assert_eq!((extraction.requests, extraction.refused), (server.log().len() as u64, refused as u64));
    assert!(extraction.first.is_some() && extraction.first <= extraction.last);
    assert_eq!((extraction.queries.len(), server.calls("/query/")), (6, 0), "{:?}", extraction.queries);
    for query in &extraction.queries {
        let (began, ended) = (query.began.expect("a beginning"), query.ended.expect("an end"));
        assert!(began <= ended && query.counted == query.rows, "{query:?}");
        let asked = match query.object.as_str() {
            "deleted_contacts" => server.calls("/queryAll?"),
            "Contact" => server.calls("FROM+Contact+") - server.calls("/queryAll?"),
            object => server.calls(&format!("FROM+{object}+")),
        };
        assert!(asked > 0 && query.requests == asked as u64, "{asked}: {query:?}");
    }

    // A line that tells no request is a caveat.
    let log = snapshot.join("requests.jsonl");
    let lines = std::fs::read_to_string(&log).expect("a log");
    std::fs::write(&log, format!("{lines}not JSON\n")).expect("written");
    let damaged = audit();
    assert_eq!(damaged.extraction, whole.extraction);
    assert!(odd(&damaged).len() == 1 && odd(&damaged)[0].contains("has 1 line that"), "{:?}", damaged.caveats);

    // What nothing rests on may be missing in the manifest, or be something else.
    let mut odd_manifest = manifest(&snapshot);
    let object = odd_manifest.as_object_mut().expect("an object");
    object.insert("api_version".to_owned(), 67.into());
    object.remove("user_id");
    for entry in object["objects"].as_array_mut().expect("a list") {
        entry["soql"] = serde_json::json!(["SELECT"]);
        entry["drift"] = "none".into();
    }
    std::fs::write(snapshot.join("manifest.json"), odd_manifest.to_string()).expect("written");
    std::fs::remove_file(&log).expect("it is there");
    assert_eq!(audit().extraction, tieout::model::request_log::Extraction::default());

    // And a snapshot that somebody saved by hand tells nothing of it.
    std::fs::remove_file(snapshot.join("manifest.json")).expect("it is there");
    std::fs::write(&log, lines).expect("written");
    let by_hand = audit();
    assert!(by_hand.extraction == tieout::model::request_log::Extraction::default() && odd(&by_hand).is_empty());
}

/// Broken off in the middle and gone on with, the log is whole and holds no secret, and reaches the pack.
#[test]
fn a_log_that_was_broken_off_is_gone_on_with() {
    for api in ["rest", "bulk-in-turn"] {
        let parent = folder();
        let mut org = generated::org(260, 2);
        org.now = Some(1_795_500_000);
        let server = Server::start(org);
        let config = parent.path().join("tieout.toml");
        std::fs::write(&config, format!("[salesforce]\ninstance_url = \"{}\"\n", server.url())).expect("a file");
        let token = server.with(|org| org.access_token.clone());
        let command = || {
            let mut command: Command = tieout();
            command.args(["extract", "--quiet", "--api", api, "-c"]).arg(&config);
            command.arg("--out").arg(parent.path().join("snapshot")).env("SF_ACCESS_TOKEN", &token);
            command
        };
        // Broken off in the middle: what was asked until then stays written down, a torn line is taken away.
        server.add_fault(Fault::once("/services/", FaultKind::Delay { millis: 20_000 }).skip(15));
        let mut child = command().spawn().expect("the binary runs");
        while server.log().len() < 16 {
            std::thread::sleep(Duration::from_millis(1));
        }
        // All but that one are answered, and what they were is written down.
        std::thread::sleep(Duration::from_millis(300));
        child.kill().expect("it runs");
        child.wait().expect("it ends");
        server.clear_faults();
        let log = parent.path().join(".snapshot.unfinished/requests.jsonl");
        let torn = std::fs::read_to_string(&log).expect("a log") + "{\"at\":\"2026-";
        std::fs::write(&log, torn).expect("written");

        let (code, _, stderr) = run(&mut command());
        assert_eq!(code, 0, "{stderr}");
        let snapshot = parent.path().join("snapshot");
        let text = std::fs::read_to_string(snapshot.join("requests.jsonl")).expect("a log");
        assert!(!text.contains(&token) && !text.to_lowercase().contains("bearer"), "a secret in the log");
        let written = written(&snapshot);
        let mut asked = server.log();
        // It was answered when nobody was left to take it.
        asked[15].answered = 0;
        are_all_of(&written, &asked, true);
        assert!(text.lines().nth(15).is_some_and(|line| line.contains("\"no answer yet\"")), "{text}");

        // And it reaches the pack: each query with its count and times, each request.
        std::fs::write(parent.path().join("users.csv"), "User unique ID,Username,sfdc_id\n1,ada@example.com,\n")
            .expect("a file");
        std::fs::write(
            &config,
            "[salesforce]\nsnapshot = \"snapshot\"\n[docebo]\nusers = \"users.csv\"\nexported_at = \"2026-11-20T06:00:00Z\"\n",
        )
        .expect("a file");
        let (code, _, stderr) = run(tieout()
            .args(["audit", "--quiet", "--exit-zero", "-c"])
            .arg(&config)
            .arg("--out")
            .arg(parent.path().join("run")));
        assert!(matches!(code, 0 | 6), "{stderr}");
        let zip = std::fs::File::open(parent.path().join("run/evidence-pack.zip")).expect("a pack");
        let mut zip = zip::ZipArchive::new(zip).expect("a zip");
        let names: Vec<String> = zip.file_names().map(|name| name.expect("UTF-8").into_owned()).collect();
        let mut text_of = |end: &str| {
            let name =
                names.iter().find(|name| name.ends_with(end)).unwrap_or_else(|| panic!("{end} is not in the pack"));
            let mut text = String::new();
            std::io::Read::read_to_string(&mut zip.by_name(name).expect("it"), &mut text).expect("UTF-8");
            text
        };
        assert_eq!(text_of("/data/log/requests.jsonl").lines().count(), written.len().min(1_000));
        let queries = text_of("/data/method/queries.soql");
        let asked = queries
            .lines()
            .filter(|line| line.contains("docebo_v3__CourseEnrollment__c: Salesforce counted"))
            .collect::<Vec<_>>();
        assert!(asked.len() == 1 && !asked[0].contains("not known"), "{queries}");
        assert_only_read(&server);
    }
}
