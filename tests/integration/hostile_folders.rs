//! An extraction and what else is where it writes: folders of other people's, links, another run of tieout, and an
//! interrupt. Nothing that is not its own is read, changed or removed.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::time::{Duration, Instant};

use tieout::error::Error;
use tieout::exit::Exit;
use tieout::inputs::salesforce::read::Api;
use tieout::settings::OrgConnection;

use crate::cli::{run, tieout};
use crate::extract::{extract, files, folder, live, quick, server};
use crate::fake_org::faults::{Fault, FaultKind};
use crate::fake_org::{Server, generated};

/// Everything beneath a folder: what each file holds and where each link leads. No link is followed.
fn all(folder: &Path) -> BTreeMap<PathBuf, String> {
    let mut found = BTreeMap::new();
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        let kind = path.symlink_metadata().expect("it is there");
        let what = if kind.is_symlink() {
            format!("link to {}", std::fs::read_link(&path).expect("a link").display())
        } else if kind.is_dir() {
            found.extend(all(&path));
            "folder".to_owned()
        } else {
            String::from_utf8_lossy(&std::fs::read(&path).expect("a file")).into_owned()
        };
        found.insert(path, what);
    }
    found
}

fn total() -> FaultKind {
    let body = "[{\"message\":\"TotalRequests Limit exceeded.\",\"errorCode\":\"REQUEST_LIMIT_EXCEEDED\"}]".to_owned();
    FaultKind::Status { code: 403, body, headers: Vec::new() }
}

/// Leaves an unfinished extraction of the target behind.
fn leave_unfinished(server: &Server, target: &Path) {
    server.add_fault(Fault::once("/query?", total()).skip(5));
    extract(server, target, Api::Rest).expect_err("a limit");
    server.clear_faults();
}

/// Three ways in which an extraction begins: with all well, with a token that is none, and where nobody answers.
fn begin(server: &Server, target: &Path) -> Vec<Error> {
    let options = || tieout::inputs::salesforce::extract::Options { pace: quick(), ..Default::default() };
    let hidden = tieout::progress::Progress::hidden;
    let malformed = OrgConnection { token: Some("malformed".to_owned().into()), ..live(server) };
    let down = OrgConnection { instance_url: Some("http://127.0.0.1:9".to_owned()), ..live(server) };
    [live(server), malformed, down]
        .iter()
        .map(|live| tieout::commands::extract::extract(live, target, options(), &hidden()).expect_err("it is refused"))
        .collect()
}

type Plant = fn(&Path, &Path);

#[cfg(unix)]
#[test]
fn a_folder_that_is_not_of_this_target_is_left_as_it_is() {
    use std::os::unix::fs::symlink;

    let cases: Vec<(&str, bool, Plant)> = vec![
        ("a foreign folder", false, |own, _| {
            std::fs::create_dir(own).expect("a folder");
            std::fs::create_dir(own.join("pages")).expect("a folder");
            std::fs::write(own.join("pages/notes.txt"), "my notes").expect("a file");
            std::fs::write(own.join("state.json"), "{}").expect("a file");
        }),
        ("an empty folder", false, |own, _| std::fs::create_dir(own).expect("a folder")),
        ("a file", false, |own, _| std::fs::write(own, "my notes").expect("a file")),
        ("a link to a foreign folder", false, |own, foreign| symlink(foreign, own).expect("a link")),
        ("a link to nothing", false, |own, foreign| symlink(foreign.join("nothing"), own).expect("a link")),
        ("a link to an unfinished extraction", true, |own, foreign| {
            std::fs::rename(own, foreign.join("moved")).expect("renamed");
            symlink(foreign.join("moved"), own).expect("a link");
        }),
        ("a mark that is a link", true, |own, foreign| {
            let mark = own.join(".tieout-extraction");
            std::fs::rename(&mark, foreign.join("mark")).expect("renamed");
            symlink(foreign.join("mark"), mark).expect("a link");
        }),
        ("the mark of another target", true, |own, _| {
            std::fs::write(own.join(".tieout-extraction"), "tieout extraction into /elsewhere/target\n")
                .expect("a file");
        }),
        ("pages that are a link", true, |own, foreign| {
            std::fs::rename(own.join("pages"), foreign.join("pages")).expect("renamed");
            symlink(foreign.join("pages"), own.join("pages")).expect("a link");
        }),
        ("a page that is a link", true, |own, foreign| {
            symlink(foreign.join("notes.txt"), own.join("pages/rested-0-1-00000.csv")).expect("a link");
        }),
        ("a log that is a link", true, |own, foreign| {
            std::fs::remove_file(own.join("requests.jsonl")).expect("it is there");
            symlink(foreign.join("notes.txt"), own.join("requests.jsonl")).expect("a link");
        }),
        ("a log that is a hard link", true, |own, foreign| {
            std::fs::remove_file(own.join("requests.jsonl")).expect("it is there");
            std::fs::hard_link(foreign.join("notes.txt"), own.join("requests.jsonl")).expect("a link");
        }),
        ("a state that is a link", true, |own, foreign| {
            std::fs::remove_file(own.join("state.json")).expect("it is there");
            symlink(foreign.join("notes.txt"), own.join("state.json")).expect("a link");
        }),
        ("a file of somebody's", true, |own, _| std::fs::write(own.join("notes.txt"), "my notes").expect("a file")),
        ("a page of somebody's", true, |own, _| std::fs::write(own.join("pages/Notes.csv"), "my").expect("a file")),
        ("a folder of somebody's", true, |own, _| std::fs::create_dir(own.join("mine")).expect("a folder")),
        ("a folder in place of a file", true, |own, _| {
            std::fs::remove_file(own.join("state.json")).expect("it is there");
            std::fs::create_dir(own.join("state.json")).expect("a folder");
        }),
    ];
    for (name, is_begun, plant) in cases {
        let server = server();
        let parent = folder();
        let foreign = parent.path().join("foreign");
        std::fs::create_dir(&foreign).expect("a folder");
        std::fs::write(foreign.join("notes.txt"), "my notes").expect("a file");
        let target = parent.path().join("target");
        if is_begun {
            leave_unfinished(&server, &target);
        }
        plant(&parent.path().join(".target.unfinished"), &foreign);
        let before = all(parent.path());
        server.forget_log();
        for error in begin(&server, &target) {
            assert_eq!(error.exit(), Exit::Output, "{name}: {error}");
            let text = error.to_string();
            assert!(text.contains(".target.unfinished") && text.contains("next: move it away"), "{name}: {text}");
        }
        assert_eq!(all(parent.path()), before, "{name}: something was changed");
        assert_eq!(server.log().len(), 0, "{name}: a request was sent");
    }

    // Moved under the name of another target, it is the extraction of the first one.
    let server = server();
    let parent = folder();
    leave_unfinished(&server, &parent.path().join("first"));
    std::fs::rename(parent.path().join(".first.unfinished"), parent.path().join(".target.unfinished"))
        .expect("renamed");
    let before = all(parent.path());
    assert!(begin(&server, &parent.path().join("target")).iter().all(|error| error.exit() == Exit::Output));
    assert_eq!(all(parent.path()), before);
}

/// What an extraction of this target left stays where signing in fails, and what it made a moment ago goes.
#[test]
fn an_extraction_that_cannot_sign_in_leaves_what_was_there() {
    let server = server();
    let parent = folder();
    let target = parent.path().join("deep/target");
    for error in begin_at(&server, &target) {
        assert_eq!(error.exit(), Exit::Salesforce, "{error}");
    }
    assert_eq!(all(parent.path()).len(), 1, "only the parent folder is there: {:?}", all(parent.path()));
    leave_unfinished(&server, &target);
    let before = all(&parent.path().join("deep/.target.unfinished"));
    for error in begin_at(&server, &target) {
        assert_eq!(error.exit(), Exit::Salesforce, "{error}");
    }
    let mut after = all(&parent.path().join("deep/.target.unfinished"));
    for (path, text) in &before {
        let now = after.remove(path).unwrap_or_else(|| panic!("{} is gone", path.display()));
        assert!(now.starts_with(text), "{} was changed", path.display());
    }
    assert!(after.is_empty(), "{after:?}");
}

/// With a token that is none, and where nobody answers.
fn begin_at(server: &Server, target: &Path) -> Vec<Error> {
    let options = || tieout::inputs::salesforce::extract::Options { pace: quick(), ..Default::default() };
    let malformed = OrgConnection { token: Some("malformed".to_owned().into()), ..live(server) };
    let down = OrgConnection { instance_url: Some("http://127.0.0.1:9".to_owned()), ..live(server) };
    let begin =
        |live| tieout::commands::extract::extract(live, target, options(), &tieout::progress::Progress::hidden());
    [&malformed, &down].map(|live| begin(live).expect_err("it cannot sign in")).into()
}

/// Nothing takes the place of a folder that appears while the extraction goes on, not even of an empty one.
#[test]
fn a_target_that_appears_meanwhile_stays() {
    for api in [Api::Rest, Api::Bulk] {
        let server = server();
        let parent = folder();
        let target = parent.path().join("target");
        std::fs::create_dir(&target).expect("a folder");
        let error = extract(&server, &target, api).expect_err("it exists");
        assert!(error.exit() == Exit::Output && error.to_string().contains("exists already"), "{error}");
        assert_eq!(server.log().len(), 0);
        assert_eq!(all(parent.path()).len(), 1);
        std::fs::remove_dir(&target).expect("it is empty");

        server.add_fault(Fault::once("queryAll?", FaultKind::Delay { millis: 600 }));
        let error = std::thread::scope(|scope| {
            let running = scope.spawn(|| extract(&server, &target, api));
            until(|| server.calls("queryAll?") > 0);
            std::fs::create_dir(&target).expect("a folder");
            running.join().expect("it ends").expect_err("it exists")
        });
        assert_eq!(error.exit(), Exit::Output, "{error}");
        assert_eq!(std::fs::read_dir(&target).expect("a folder").count(), 0);
    }
}

#[cfg(unix)]
#[test]
fn a_snapshot_is_readable_for_its_user_alone() {
    use std::os::unix::fs::PermissionsExt as _;

    let (server, parent) = (server(), folder());
    let target = parent.path().join("target");
    extract(&server, &target, Api::Rest).expect("an extraction");
    let mode = |path: &Path| path.metadata().expect("it is there").permissions().mode() & 0o777;
    assert_eq!(mode(&target), 0o700);
    for entry in std::fs::read_dir(&target).expect("a folder") {
        let path = entry.expect("an entry").path();
        assert_eq!(mode(&path), 0o600, "{}", path.display());
    }
}

#[track_caller]
fn until(mut done: impl FnMut() -> bool) {
    let end = Instant::now() + Duration::from_secs(20);
    while !done() {
        assert!(Instant::now() < end, "it never came to that");
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// A server that makes an extraction wait in its middle, and the command for an extraction or an audit.
fn stalling() -> (Server, tempfile::TempDir) {
    let mut org = generated::org(120, 5);
    org.now = Some(1_795_500_000);
    let server = Server::start(org);
    let place = folder();
    let text = format!(
        "[salesforce]\ninstance_url = \"{}\"\n[docebo]\nusers = \"users.csv\"\nexported_at = \"2026-11-20T06:00:00Z\"\n",
        server.url()
    );
    std::fs::write(place.path().join("tieout.toml"), text).expect("a file");
    std::fs::write(place.path().join("users.csv"), "User unique ID,Username,sfdc_id\n1,ada@example.com,\n")
        .expect("a file");
    server.add_fault(Fault::once("/services/", FaultKind::Delay { millis: 30_000 }).skip(12));
    (server, place)
}

fn command(server: &Server, place: &Path, name: &str) -> Command {
    let mut command = tieout();
    command.current_dir(place).args([name, "--quiet", "--out", "out"]);
    command.env("SF_ACCESS_TOKEN", server.with(|org| org.access_token.clone()));
    command
}

fn start(server: &Server, place: &Path, name: &str) -> Child {
    let child = command(server, place, name).spawn().expect("the binary runs");
    until(|| server.log().len() >= 13);
    child
}

#[test]
fn two_extractions_into_one_place_do_not_mix() {
    let (server, place) = stalling();
    let mut first = start(&server, place.path(), "extract");
    let asked = server.log().len();
    let (code, _, stderr) = run(&mut command(&server, place.path(), "extract"));
    assert_eq!(code, 7, "{stderr}");
    let holder = format!("another run of tieout is writing here (process {} on ", first.id());
    assert!(stderr.contains(&holder) && stderr.contains("next: wait until"), "{stderr}");
    assert_eq!(server.log().len(), asked, "the second one asked something");
    server.clear_faults();
    first.kill().expect("it runs");
    first.wait().expect("it ends");
    // The lock ends with its holder, and what was read is gone on with.
    let (code, _, stderr) = run(&mut command(&server, place.path(), "extract"));
    assert_eq!(code, 0, "{stderr}");
    let left: Vec<PathBuf> = all(place.path())
        .into_keys()
        .filter(|path| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.')))
        .collect();
    assert_eq!(left, Vec::<PathBuf>::new());
}

/// An interrupt ends with 130, nothing half-written stands under its name, and what was read of Salesforce is kept.
#[cfg(unix)]
#[test]
fn an_interrupt_ends_with_130_and_leaves_nothing_half_written() {
    for name in ["extract", "audit"] {
        for signal in ["-INT", "-TERM", "-HUP"] {
            let (server, place) = stalling();
            let mut child = start(&server, place.path(), name);
            let sent = Command::new("kill").arg(signal).arg(child.id().to_string()).status().expect("kill runs");
            assert!(sent.success());
            let ended = child.wait().expect("it ends");
            assert_eq!(ended.code(), Some(130), "{name} {signal}");
            server.clear_faults();
            let snapshot = if name == "audit" { "out.snapshot" } else { "out" };
            let kept = [format!(".{snapshot}.unfinished"), format!(".{snapshot}.lock")];
            let names: Vec<String> = std::fs::read_dir(place.path())
                .expect("a folder")
                .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
                .filter(|name| !["tieout.toml", "users.csv"].contains(&name.as_str()) && !kept.contains(name))
                .collect();
            assert_eq!(names, Vec::<String>::new(), "{name} {signal}");
            let asked = server.log().len();
            let (code, _, stderr) = run(&mut command(&server, place.path(), name));
            assert!(matches!(code, 0 | 1 | 6), "{name} {signal}: {code} {stderr}");
            assert!(place.path().join(snapshot).join("manifest.json").exists());
            let again = server.log()[asked..].iter().filter(|seen| seen.path.contains("Contact/describe")).count();
            assert_eq!(again, 0, "{name} {signal}: what was read was read again");
        }
    }
}

/// What is gone on with: the same tool, instance, organization and question, and not for too long.
#[test]
fn what_an_extraction_goes_on_with() {
    let parent = folder();
    let undisturbed = server();
    extract(&undisturbed, &parent.path().join("whole"), Api::Rest).expect("an extraction");
    let all = undisturbed.log().len();
    let whole = files(&parent.path().join("whole"));
    let hours_ago = |hours: i64| {
        let at = jiff::Timestamp::from_second(1_795_500_000 - hours * 3_600).expect("a moment");
        serde_json::Value::from(at.to_string())
    };
    for (nth, (name, key, value, goes_on)) in [
        ("as it was", "hidden", serde_json::json!({}), true),
        ("of 41 hours ago", "watermark", hours_ago(41), true),
        ("of 43 hours ago", "watermark", hours_ago(43), false),
        ("of tomorrow", "watermark", hours_ago(-24), false),
        ("without a watermark", "watermark", "".into(), false),
        ("of another version", "tool", "0.0.0".into(), false),
        ("of another format", "format", 99.into(), false),
        ("of another instance", "instance", "https://other.my.salesforce.com".into(), false),
        ("of another organization", "org_id", "00D5g000009XyZAEA0".into(), false),
        ("of another question", "asked", "Username__c|".into(), false),
    ]
    .into_iter()
    .enumerate()
    {
        let server = server();
        let target = parent.path().join(format!("target-{nth}"));
        leave_unfinished(&server, &target);
        let state = parent.path().join(format!(".target-{nth}.unfinished/state.json"));
        let mut changed: serde_json::Value =
            serde_json::from_slice(&std::fs::read(&state).expect("a state")).expect("JSON");
        assert!(changed.get(key).is_some(), "{key}");
        changed[key] = value;
        std::fs::write(&state, changed.to_string()).expect("written");
        server.forget_log();
        extract(&server, &target, Api::Rest).unwrap_or_else(|error| panic!("{name}: {error}"));
        let described = server.calls("Contact/describe");
        assert_eq!(described == 0, goes_on, "{name}: {} of {all} requests", server.log().len());
        if !goes_on {
            assert_eq!(server.log().len(), all, "{name}");
            for (file, bytes) in &files(&target) {
                assert!(whole.get(file) == Some(bytes), "{file} differs: {name}");
            }
        }
    }
}
