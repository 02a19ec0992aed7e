//! The extractor against a local Salesforce: the same bytes whichever way, whatever goes wrong, and
//! whenever it is killed; short reads told; nothing ever written.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use tieout::error::Error;
use tieout::model::provenance::{Extracted, SfObject};
use tieout::progress::Progress;
use tieout::salesforce::extract::Options;
use tieout::salesforce::read::Api;
use tieout::salesforce::transport::Pace;
use tieout::settings::Live;

use crate::cli::{run, tieout};
use crate::fake_org::faults::{Fault, FaultKind};
use crate::fake_org::{Server, generated};
use crate::sample_folder;

const ENROLLMENTS: &str = "docebo_v3__CourseEnrollment__c";

/// Waits that a test has the time for.
pub(crate) fn quick() -> Pace {
    Pace {
        base: Duration::from_millis(1),
        cap: Duration::from_millis(10),
        poll: Duration::from_millis(1),
        patience: Duration::from_secs(10),
    }
}

pub(crate) fn live(server: &Server) -> Live {
    let token = server.org().lock().expect("the org").access_token.clone();
    Live {
        token: Some(token.into()),
        instance_url: Some(server.url().to_owned()),
        api_budget_percent: 80,
        username_field: "Email".to_owned(),
        ..Live::default()
    }
}

pub(crate) fn extract(server: &Server, target: &Path, api: Api) -> Result<Extracted, Error> {
    let options = Options { api: Some(api), pace: quick(), page_rows: 100, ..Options::default() };
    tieout::run::extract(&live(server), target, options, &Progress::hidden())
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
        assert_eq!(extracted.short().count(), 0, "{name}: {extracted:?}");
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
        let report = tieout::run::audit(&settings, &Progress::hidden()).expect("a report");
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
                    assert_eq!(extracted.short().count(), 0, "{name} at {path} by {api:?}");
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
    assert_eq!(extracted.short().count(), 0);
}

/// Rows that were lost and stay lost are told: the snapshot says what Salesforce counted.
#[test]
fn a_page_that_stays_short_is_an_incomplete_object_and_no_absence() {
    let server = server();
    server.add_fault(Fault::once("/results", FaultKind::ShortPage { rows: 5 }).times(100_000));
    let parent = folder();
    let target = parent.path().join("target");
    let extracted = extract(&server, &target, Api::Bulk).expect("an extraction");
    let short: Vec<SfObject> = extracted.short().map(|(object, ..)| *object).collect();
    assert!(short.contains(&SfObject::CourseEnrollment), "{short:?}");
    let manifest = manifest(&target);
    let entry = manifest["objects"].as_array().expect("objects").iter().find(|entry| entry["object"] == ENROLLMENTS);
    let entry = entry.expect("an entry");
    assert!(entry["rows"].as_u64() < entry["counted"].as_u64(), "{entry}");
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
    let told = |start: &str| extracted.hidden.iter().any(|what| what.starts_with(start));
    for start in [
        "docebo_v3__CourseEnrollment__c.docebo_v3__Status__c: hidden from the user",
        "User: the object is hidden from the user",
        "docebo_v3__Session__c: the organisation has no such object",
    ] {
        assert!(told(start), "{start}: {:?}", extracted.hidden);
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
            let (code, _, stderr) = run(&mut command(&out, api));
            assert_eq!(code, 0, "killed at request {nth} by {api}: {stderr}");
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

/// Every request that Salesforce answered stands in the snapshot's log with its answer, whatever was broken off in
/// between; and no secret does.
#[test]
fn every_request_is_written_down() {
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
        let text = std::fs::read_to_string(parent.path().join("snapshot/requests.jsonl")).expect("a log");
        assert!(!text.contains(&token) && !text.to_lowercase().contains("bearer"), "a secret in the log");
        let written: Vec<(String, String)> = text
            .lines()
            .map(|line| serde_json::from_str::<serde_json::Value>(line).expect("a line"))
            .map(|line| {
                let path = line["path"].as_str().expect("a path").to_owned();
                (path, line["answer"].as_str().expect("an answer").split(' ').next().expect("a status").to_owned())
            })
            .collect();
        let seen: Vec<(String, String)> = server
            .log()
            .into_iter()
            .enumerate()
            // The one that was answered too late is not there: nobody was left to write it down.
            .filter(|&(nth, _)| nth != 15)
            .map(|(_, seen)| (seen.path, seen.answered.to_string()))
            .collect();
        // Requests side by side are written down as they are answered; those under way when it was killed are not.
        let mut left: BTreeMap<(String, String), usize> = BTreeMap::new();
        let plain = |path: &str| path.split('?').next().unwrap_or("").to_owned();
        for (path, status) in &written {
            *left.entry((plain(path), status.clone())).or_default() += 1;
        }
        let mut missing = Vec::new();
        for (path, status) in &seen {
            match left.get_mut(&(plain(path), status.clone())).filter(|count| **count > 0) {
                Some(count) => *count -= 1,
                None => missing.push(path),
            }
        }
        assert!(missing.len() <= 8 && written.len() > 40, "{api}: not in the log: {missing:?}");

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
