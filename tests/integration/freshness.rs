//! The freshness check as a monitor runs it: exit codes, JSON, metrics, and the one call of a webhook,
//! received by a real listener on loopback.

#![expect(clippy::disallowed_types, reason = "a webhook's receiver listens on loopback")]

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::mpsc;

use tieout::outputs;

use crate::cli::{run, tieout};
use crate::world::{DAY, EXPORTED_AT, Object, Plan, World, at};
use crate::{root, sample_folder};

/// The samples and the worlds were read at this moment.
pub(crate) const AS_OF: [&str; 2] = ["--as-of", "2026-11-20T06:10:00Z"];

fn freshness(sample: &str) -> Command {
    let mut command = tieout();
    command.env_remove("CREDENTIALS_DIRECTORY");
    command.arg("freshness").args(AS_OF).arg("-c").arg(sample_folder(sample).join("tieout.toml"));
    command
}

/// A receiver that answers so many calls with a status line, and hands on each call as it came.
fn receiver(status: &'static str, calls: usize) -> (String, mpsc::Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port on loopback");
    let address = format!("http://{}/T000/secret-path", listener.local_addr().expect("an address"));
    let (describe, output) = mpsc::channel();
    std::thread::spawn(move || {
        for stream in listener.incoming().take(calls) {
            let mut stream = stream.expect("a connection");
            let mut reader = BufReader::new(stream.try_clone().expect("a second handle"));
            let (mut head, mut length) = (String::new(), 0);
            loop {
                let mut line = String::new();
                if reader.read_line(&mut line).expect("a line") == 0 || line == "\r\n" {
                    break;
                }
                if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                    length = value.trim().parse().expect("a length");
                }
                head.push_str(&line);
            }
            let mut body = vec![0; length];
            reader.read_exact(&mut body).expect("the body");
            write!(stream, "HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n").expect("an answer");
            let _ = describe.send(head + "\r\n" + &String::from_utf8(body).expect("UTF-8"));
        }
    });
    (address, output)
}

#[test]
fn exit_codes_tell_whether_the_sync_breathes() {
    for (sample, code, state) in [("in-sync", 0, "FRESH"), ("outbound-stalled", 5, "STALLED")] {
        let (found, stdout, stderr) = run(&mut freshness(sample));
        assert_eq!(found, code, "{sample}: {stdout}{stderr}");
        assert!(stdout.starts_with(state) && stderr.is_empty(), "{sample}: {stdout}{stderr}");
    }
    // A silence in an extract that lacks rows proves nothing: the newest may be among them. A write does.
    assert_eq!(run(&mut freshness("incomplete-extract")).0, 0);
    let folder = tempfile::tempdir().expect("a folder");
    let mut world = World::in_sync(4, 60);
    world.stall(at(EXPORTED_AT) - 60 * DAY, None, false);
    world.truncate(Object::CourseEnrollment, 5);
    world.write(folder.path(), &crate::Dialect::default());
    let (code, stdout, _) = run(tieout().arg("freshness").args(AS_OF).arg("-c").arg(folder.path().join("tieout.toml")));
    assert_eq!(code, 6, "{stdout}");
    assert!(stdout.starts_with("NOT-EVALUATED") && stdout.contains("incomplete"), "{stdout}");
}

#[test]
fn no_export_is_needed_and_limits_may_be_configured() {
    let folder = tempfile::tempdir().expect("a folder");
    let config = folder.path().join("tieout.toml");
    let snapshot = sample_folder("in-sync").join("snapshot");
    let with = |freshness: &str| {
        let text = format!("[salesforce]\nsnapshot = {:?}\n[freshness]\n{freshness}\n", snapshot.display().to_string());
        std::fs::write(&config, text).expect("a writable file");
        run(tieout().arg("freshness").args(AS_OF).arg("-c").arg(&config))
    };
    // The sample's last write is some minutes before it was read.
    assert_eq!(with("").0, 0);
    assert_eq!(with("warn_after_hours = 0").0, 1);
    assert_eq!(with("error_after_hours = 0").0, 5);
    let (code, _, stderr) = with("warn_after_hours = 9\nerror_after_hours = 8");
    assert!(code == 2 && stderr.contains("tieout.toml:4:"), "{stderr}");
    let (code, _, stderr) = with("warn_after_huors = 9");
    assert!(code == 2 && stderr.contains("did you mean `warn_after_hours`?"), "{stderr}");
    std::fs::write(&config, "[salesforce]\nsnapshot = \".\"\n").expect("a writable file");
    let (code, _, stderr) = run(tieout().arg("freshness").args(AS_OF).arg("-c").arg(&config));
    assert!(code == 4 && stderr.contains("none of the package's objects"), "{stderr}");
}

#[test]
fn hidden_dates_are_no_pass() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut world = World::in_sync(4, 20);
    for object in [Object::DoceboUser, Object::CourseEnrollment] {
        world.hide_column(object, "CreatedDate");
        world.hide_column(object, "LastModifiedDate");
    }
    world.write(folder.path(), &crate::Dialect::default());
    let (code, stdout, _) = run(tieout().arg("freshness").args(AS_OF).arg("-c").arg(folder.path().join("tieout.toml")));
    assert_eq!(code, 6, "{stdout}");
    assert!(stdout.starts_with("NOT-EVALUATED"), "{stdout}");
}

/// What the alarm is for: it comes within days of the freeze, and not in a break.
#[test]
fn an_alarm_comes_within_days_of_a_freeze_and_not_before() {
    let to = at(EXPORTED_AT);
    for (silent, codes) in [(0, &[0][..]), (1, &[0, 1]), (3, &[1, 5]), (14, &[5])] {
        let folder = tempfile::tempdir().expect("a folder");
        let mut world = World::simulate(Plan { seed: 9, learners: 400, from: to - 300 * DAY, to, mean: 6 });
        if silent > 0 {
            world.stall(to - silent * DAY, None, false);
        }
        world.write(folder.path(), &crate::Dialect::default());
        let (code, stdout, _) =
            run(tieout().arg("freshness").args(AS_OF).arg("-c").arg(folder.path().join("tieout.toml")));
        assert!(codes.contains(&code), "silent for {silent} days: exit {code}: {stdout}");
    }
}

#[test]
fn json_keeps_to_its_published_schema() {
    let path = root().join("templates/freshness.schema.json");
    let made = outputs::freshness::schema().expect("a schema");
    if std::env::var_os("UPDATE_SCHEMA").is_some() {
        std::fs::write(&path, &made).expect("a writable file");
    }
    let published = std::fs::read_to_string(&path).expect("the published schema");
    assert!(published == made, "templates/freshness.schema.json is stale; UPDATE_SCHEMA=1 cargo test writes it anew");
    let validator = jsonschema::validator_for(&serde_json::from_str(&published).expect("JSON")).expect("a schema");
    for (sample, state) in [("in-sync", "fresh"), ("outbound-stalled", "stalled")] {
        let (_, stdout, _) = run(freshness(sample).arg("--json"));
        let value: serde_json::Value = serde_json::from_str(&stdout).expect("JSON alone");
        let errors: Vec<String> = validator.iter_errors(&value).map(|error| error.to_string()).collect();
        assert!(errors.is_empty() && value["state"] == state, "{sample}: {errors:?}");
    }
}

#[test]
fn metrics_are_replaced_as_a_whole_and_remember_the_last_success() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("tieout.prom");
    let value = |name: &str| -> Option<f64> {
        let text = std::fs::read_to_string(&file).expect("metrics");
        text.lines().find_map(|line| line.strip_prefix(&format!("{name} "))?.parse().ok())
    };
    assert_eq!(run(freshness("outbound-stalled").arg("--quiet").arg("--metrics").arg(&file)).0, 5);
    assert_eq!((value("tieout_sync_stalled"), value("tieout_exit_code")), (Some(1.0), Some(5.0)));
    let success = value("tieout_last_success_timestamp_seconds").expect("a stall told is a success of the check");

    // A run that fails still says so, and keeps when one last succeeded.
    let mut failing = freshness("in-sync");
    failing.arg("--snapshot").arg(folder.path().join("nowhere")).arg("--metrics").arg(&file);
    assert_eq!(run(&mut failing).0, 4);
    assert_eq!((value("tieout_exit_code"), value("tieout_sync_stalled")), (Some(4.0), None));
    assert_eq!(value("tieout_last_success_timestamp_seconds"), Some(success));
    let left: Vec<_> = std::fs::read_dir(folder.path()).expect("a folder").collect();
    assert_eq!(left.len(), 1, "something unfinished was left: {left:?}");

    let (code, stdout, _) =
        run(freshness("in-sync").arg("--metrics").arg(folder.path().join("no-such-folder/tieout.prom")));
    assert_eq!((code, stdout.as_str()), (7, ""), "told before anything is read");
}

#[test]
fn the_webhook_is_called_once_and_only_on_a_problem() {
    let (address, output) = receiver("200 OK", 1);
    let (code, stdout, stderr) = run(freshness("outbound-stalled").env("TIEOUT_WEBHOOK_URL", &address));
    assert_eq!(code, 5, "{stderr}");
    assert!(!stdout.contains("secret-path") && !stderr.contains("secret-path"));
    let call = output.recv().expect("a call");
    assert!(call.starts_with("POST /T000/secret-path HTTP/1.1\r\n"), "{call}");
    assert!(call.to_ascii_lowercase().contains("content-type: application/json"), "{call}");
    let (_, body) = call.split_once("\r\n\r\n").expect("a body");
    let value: serde_json::Value = serde_json::from_str(body).expect("JSON");
    let text = value["text"].as_str().expect("a text for Slack");
    assert!(text.contains("northquill-foods.docebosaas.com") && text.contains("taken for stalled"), "{text}");
    assert_no_person("outbound-stalled", body);

    // Nobody listens there any more: a fresh sync does not call.
    let (code, _, stderr) = run(freshness("in-sync").env("TIEOUT_WEBHOOK_URL", &address));
    assert_eq!((code, stderr.as_str()), (0, ""));
}

fn assert_no_person(sample: &str, body: &str) {
    let mut reader = csv::Reader::from_path(sample_folder(sample).join("users.csv")).expect("the users");
    let headings = reader.headers().expect("headings").clone();
    let personal: Vec<usize> = (0..headings.len())
        .filter(|&column| matches!(&headings[column], "Username" | "Email" | "First Name" | "Last Name" | "Full Name"))
        .collect();
    assert!(personal.len() >= 3, "{headings:?}");
    for row in reader.records() {
        let row = row.expect("a row");
        for value in personal.iter().map(|&column| &row[column]).filter(|value| value.len() > 3) {
            assert!(!body.contains(value), "{value} stands in the message");
        }
    }
}

#[test]
fn a_webhook_that_fails_does_not_hide_the_result() {
    for status in ["500 Internal Server Error", "302 Found\r\nLocation: http://127.0.0.1:1/elsewhere"] {
        let (address, output) = receiver(status, 1);
        let (code, stdout, stderr) = run(freshness("outbound-stalled").env("TIEOUT_WEBHOOK_URL", &address));
        assert!(output.recv().is_ok());
        assert_eq!(code, 5, "{stderr}");
        assert!(stdout.starts_with("STALLED") && stderr.contains("the webhook answered"), "{stderr}");
        assert!(!stderr.contains("secret-path"), "{stderr}");
    }
    // Nobody there.
    let closed = TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("an address");
    let nobody = format!("http://{closed}/T000/secret-path");
    let (code, _, stderr) = run(freshness("outbound-stalled").env("TIEOUT_WEBHOOK_URL", &nobody));
    assert!(code == 5 && stderr.contains("could not be reached") && !stderr.contains("secret-path"), "{stderr}");
    // An address that would give the secret away is refused before anything is read.
    let (code, stdout, stderr) =
        run(freshness("outbound-stalled").env("TIEOUT_WEBHOOK_URL", "http://hooks.example.com/T000/secret-path"));
    assert!(code == 2 && stdout.is_empty() && !stderr.contains("secret-path"), "{stderr}");
}

#[test]
fn the_address_may_stand_in_a_file_and_the_body_may_be_your_own() {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |name: &str, text: &str| -> PathBuf {
        let path = folder.path().join(name);
        std::fs::write(&path, text).expect("a writable file");
        path
    };
    let snapshot = sample_folder("in-sync").join("snapshot");
    let config = |template: &Path| {
        write(
            "tieout.toml",
            &format!(
                "[salesforce]\nsnapshot = {:?}\n[freshness]\nwebhook_on = \"always\"\nwebhook_template = {:?}\n",
                snapshot.display().to_string(),
                template.display().to_string()
            ),
        )
    };
    let template = write("body.hbs", "{\"summary\": \"{{state}} {{sentence}}\", \"code\": {{exit_code}}}");
    let call = |command: &mut Command| run(command.arg("freshness").args(AS_OF).arg("-c").arg(config(&template)));

    let (address, output) = receiver("204 No Content", 2);
    let file = write("address", &format!("{address}\n"));
    assert_eq!(call(tieout().env("TIEOUT_WEBHOOK_URL_FILE", &file)).0, 0);
    assert!(output.recv().expect("a call").ends_with("\"code\": 0}"));
    write("tieout-webhook-url", &address);
    assert_eq!(call(tieout().env("CREDENTIALS_DIRECTORY", folder.path())).0, 0);
    assert!(output.recv().expect("a second call").contains("\"summary\": \"fresh The sync breathes"));

    let broken = write("broken.hbs", "{\"text\": \"{{usernam}}\"}");
    let (code, _, stderr) =
        run(tieout().arg("freshness").args(AS_OF).arg("-c").arg(config(&broken)).env("TIEOUT_WEBHOOK_URL", &address));
    assert!(code == 2 && stderr.contains("broken.hbs") && stderr.contains("usernam"), "{stderr}");
    // A fresh sync whose message is lost has nothing else to tell: that is the error then.
    let (address, _told) = receiver("500 Internal Server Error", 1);
    let (code, _, stderr) = call(tieout().env("TIEOUT_WEBHOOK_URL", &address));
    assert!(code == 7 && stderr.contains("the webhook answered 500"), "{stderr}");
}
