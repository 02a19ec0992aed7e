//! The command as a user types it: exit codes, where files go, what is printed.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use crate::{root, sample_folder};

/// The binary, with nothing of the caller's environment that could change a run.
pub(crate) fn tieout() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tieout"));
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("TIEOUT_")) {
        command.env_remove(name);
    }
    command
}

pub(crate) fn run(command: &mut Command) -> (i32, String, String) {
    let Output { status, stdout, stderr } = command.output().expect("the binary runs");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
    (status.code().expect("an exit code"), text(stdout), text(stderr))
}

/// Audits into a folder, whatever the verdict, and returns what the terminal shows.
pub(crate) fn audit_into(configuration: &Path, out: &Path, arguments: &[&str]) -> String {
    let mut command = tieout();
    command.arg("audit").arg("-c").arg(configuration).arg("--out").arg(out).arg("--exit-zero").args(arguments);
    let (code, stdout, stderr) = run(&mut command);
    assert!(code == 0 || code == 6, "{code}: {stdout}{stderr}");
    stdout
}

fn audit(sample: &str, out: &Path) -> Command {
    let mut command = tieout();
    command.arg("audit").arg("-c").arg(sample_folder(sample).join("tieout.toml")).arg("--out").arg(out);
    command
}

#[test]
fn exit_codes_tell_how_the_run_ended() {
    let folder = tempfile::tempdir().expect("a folder");
    for (sample, arguments, code) in [
        ("in-sync", &[][..], 0),
        ("outbound-stalled", &[], 5),
        ("outbound-stalled", &["--exit-zero"], 0),
        ("keys-near-miss", &[], 0),
        ("keys-near-miss", &["--fail-on", "medium"], 1),
        ("no-enrollments-yet", &["--fail-on", "notice"], 0),
        ("incomplete-extract", &[], 6),
        ("incomplete-extract", &["--exit-zero"], 6),
        ("incomplete-extract", &["--fail-on", "medium"], 1),
    ] {
        let out = folder.path().join(format!("{sample}-{}", arguments.concat()));
        let (found, _, stderr) = run(audit(sample, &out).args(arguments));
        assert_eq!(found, code, "{sample} {arguments:?}: {stderr}");
    }
}

#[test]
fn the_output_folder_holds_every_file() {
    let folder = tempfile::tempdir().expect("a folder");
    let out = folder.path().join("deep/run");
    let (code, stdout, stderr) = run(&mut audit("outbound-stalled", &out));
    assert_eq!((code, stderr.as_str()), (5, ""), "nothing is said on standard error when it is no terminal");
    for file in [
        "report.json",
        "findings.jsonl",
        "report.html",
        "workbook.xlsx",
        "evidence-pack.zip",
        "ledger/learners.csv",
        "ledger/enrollments.csv",
        "ledger/contacts.csv",
        "ledger/excluded-rows.csv",
    ] {
        assert!(out.join(file).metadata().is_ok_and(|metadata| metadata.len() > 0), "{file}");
    }
    assert!(
        stdout.contains("STALLED") && stdout.contains("docebo-user-absent") && stdout.contains("report.html"),
        "{stdout}"
    );
    assert!(!stdout.contains('\u{1b}'), "colour into a pipe");
    let left: Vec<_> = std::fs::read_dir(folder.path().join("deep")).expect("a folder").collect();
    assert_eq!(left.len(), 1, "something unfinished was left behind: {left:?}");
}

#[test]
fn json_goes_to_standard_output_and_quiet_says_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let (code, stdout, _) = run(audit("in-sync", &folder.path().join("a")).arg("--json"));
    let report: serde_json::Value = serde_json::from_str(&stdout).expect("report.json alone");
    assert_eq!((code, report["verdict"].as_str()), (0, Some("in-sync")));
    assert_eq!(stdout.as_bytes(), std::fs::read(folder.path().join("a/report.json")).expect("a file"));
    let (code, stdout, stderr) = run(audit("outbound-stalled", &folder.path().join("b")).arg("--quiet"));
    assert_eq!((code, stdout.as_str(), stderr.as_str()), (5, "", ""));
}

#[test]
fn the_ledger_flag_chooses_the_rows() {
    let folder = tempfile::tempdir().expect("a folder");
    let lines = |flag: &str| {
        let out = folder.path().join(flag);
        run(audit("outbound-stalled", &out).args(["--ledger", flag]));
        std::fs::read_to_string(out.join("ledger/learners.csv")).ok().map(|text| text.lines().count())
    };
    let (all, exceptions) = (lines("all").expect("a ledger"), lines("exceptions").expect("a ledger"));
    assert!(exceptions > 1 && exceptions < all, "{exceptions} of {all}");
    assert_eq!(lines("none"), None);
}

/// Every file of a run, with its bytes.
fn files(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut files = BTreeMap::new();
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            files.extend(self::files(&path));
        } else {
            let bytes = std::fs::read(&path).expect("a file");
            files.insert(path, bytes);
        }
    }
    files
}

#[test]
fn the_number_of_threads_changes_no_byte() {
    let folder = tempfile::tempdir().expect("a folder");
    let out = folder.path().join("run");
    let run_on = |threads: &[&str]| {
        let (code, _, stderr) = run(audit("outbound-stalled", &out).args(["--no-previous", "--force"]).args(threads));
        assert_eq!((code, stderr.as_str()), (5, ""), "{threads:?}");
        files(&out)
    };
    let one = run_on(&["-j", "1"]);
    for threads in [&["--threads", "2"][..], &["-j5"], &["-j", "0"], &[]] {
        assert!(run_on(threads) == one, "{threads:?}");
    }
}

#[test]
fn a_number_of_threads_that_makes_no_sense_is_refused() {
    for nonsense in ["many", "-1", "1025", "1.5", ""] {
        let (code, _, stderr) = run(tieout().args(["explain", &format!("--threads={nonsense}")]));
        assert_eq!(code, 2, "{nonsense}");
        assert!(stderr.contains("--threads <N>") && stderr.contains(nonsense), "{nonsense}: {stderr}");
        let (code, _, stderr) = run(tieout().arg("explain").env("TIEOUT_THREADS", nonsense));
        assert_eq!(code, 2, "{nonsense}: {stderr}");
    }
    assert_eq!(run(tieout().args(["-j", "2", "explain"])).0, 0, "before the command as well");
}

#[test]
fn nothing_is_overwritten_but_a_former_run_with_force() {
    let folder = tempfile::tempdir().expect("a folder");
    let out = folder.path().join("run");
    assert_eq!(run(&mut audit("in-sync", &out)).0, 0);
    std::fs::write(out.join("mine.txt"), "a note").expect("a writable file");
    let (code, _, stderr) = run(&mut audit("in-sync", &out));
    assert_eq!(code, 7);
    assert!(stderr.contains("exists already") && stderr.contains("--force"), "{stderr}");
    let (code, _, stderr) = run(audit("in-sync", &out).arg("--force"));
    assert!(code == 7 && stderr.contains("mine.txt"), "{stderr}");
    assert_eq!(std::fs::read_to_string(out.join("mine.txt")).expect("a file"), "a note");
    std::fs::remove_file(out.join("mine.txt")).expect("removed");
    assert_eq!(run(audit("in-sync", &out).arg("--force")).0, 0);

    let foreign = folder.path().join("photos");
    std::fs::create_dir(&foreign).expect("a folder");
    std::fs::write(foreign.join("report.json"), "{\"tool\":{\"name\":\"camera\"}}").expect("a writable file");
    let (code, _, stderr) = run(audit("in-sync", &foreign).arg("--force"));
    assert_eq!(code, 7);
    assert!(stderr.contains("not a former run"), "{stderr}");
}

#[test]
fn without_out_each_run_gets_a_folder_of_its_own() {
    let folder = tempfile::tempdir().expect("a folder");
    for name in ["20261120T060000Z", "20261120T060000Z-2"] {
        let mut command = tieout();
        command.current_dir(folder.path()).arg("audit").arg("-c").arg(sample_folder("in-sync").join("tieout.toml"));
        let (code, stdout, _) = run(&mut command);
        assert_eq!(code, 0);
        assert!(stdout.contains(&format!("tieout-runs/{name}/report.html")), "{stdout}");
        assert!(folder.path().join("tieout-runs").join(name).join("report.html").exists());
    }
}

#[test]
fn an_unwritable_place_is_told_before_anything_is_read() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("file");
    std::fs::write(&file, "").expect("a writable file");
    // The configuration names inputs that do not exist: had they been read first, the code would be 4.
    let config = folder.path().join("tieout.toml");
    std::fs::write(&config, "[salesforce]\nsnapshot = \"nowhere\"\n[docebo]\nusers = \"nobody.csv\"\n")
        .expect("a writable file");
    let (code, _, stderr) = run(tieout().arg("audit").arg("-c").arg(&config).arg("--out").arg(file.join("run")));
    assert_eq!(code, 7, "{stderr}");
}

#[test]
fn flags_win_over_environment_and_environment_over_file() {
    let folder = tempfile::tempdir().expect("a folder");
    let sample = sample_folder("in-sync");
    let config = folder.path().join("tieout.toml");
    std::fs::write(
        &config,
        "[salesforce]\nsnapshot = \"nowhere\"\n[docebo]\nusers = \"nobody.csv\"\nenrollments = \"nothing.csv\"\n",
    )
    .expect("a writable file");
    let base = |out: &str| {
        let mut command = tieout();
        command.arg("audit").arg("-c").arg(&config).arg("--out").arg(folder.path().join(out));
        command.arg("--users").arg(sample.join("users.csv")).arg("--enrollments").arg(sample.join("enrollments.csv"));
        command.arg("--exported-at").arg("2026-11-20T06:00:00Z");
        command
    };
    assert_eq!(run(&mut base("a")).0, 4);
    assert_eq!(run(base("b").env("TIEOUT_SNAPSHOT", sample.join("snapshot"))).0, 0);
    assert_eq!(
        run(base("c").env("TIEOUT_SNAPSHOT", "nowhere-either").arg("--snapshot").arg(sample.join("snapshot"))).0,
        0
    );
}

#[test]
fn explain_prints_what_the_catalogue_knows() {
    let (code, stdout, _) = run(tieout().args(["explain", "docebo-user-absent"]));
    assert_eq!(code, 0);
    for part in ["What it means", "Innocent when", "What to do", "Needs", "docebo-support"] {
        assert!(stdout.contains(part), "{part}");
    }
    let (code, stdout, _) = run(tieout().arg("explain"));
    assert_eq!(code, 0);
    assert_eq!(stdout.lines().count(), tieout::checks::CATALOGUE.len());
    let (code, _, stderr) = run(tieout().args(["explain", "docebo-user-absnt"]));
    assert_eq!(code, 2);
    assert!(stderr.contains("did you mean `docebo-user-absent`?"), "{stderr}");
}

#[test]
fn init_writes_a_configuration_that_loads() {
    let folder = tempfile::tempdir().expect("a folder");
    let (code, stdout, _) = run(tieout().arg("init").current_dir(folder.path()));
    assert_eq!(code, 0);
    assert!(stdout.contains("tieout audit"), "{stdout}");
    let sample = sample_folder("in-sync");
    let mut command = tieout();
    command.current_dir(folder.path()).arg("audit").arg("--snapshot").arg(sample.join("snapshot"));
    command.arg("--users").arg(sample.join("users.csv")).arg("--enrollments").arg(sample.join("enrollments.csv"));
    let (code, _, stderr) = run(&mut command);
    assert_eq!(code, 0, "{stderr}");
    assert_eq!(
        run(tieout().arg("init").current_dir(folder.path())).0,
        7,
        "an existing configuration is not overwritten"
    );
}

#[test]
fn help_shows_examples_and_every_exit_code() {
    let (code, stdout, _) = run(tieout().arg("--help"));
    assert_eq!(code, 0);
    assert!(stdout.contains("Examples:"));
    for (exit, meaning) in tieout::exit::Exit::TABLE {
        assert!(stdout.contains(&format!("{:>3}  {meaning}", exit.code())), "{meaning}");
    }
    assert_eq!(run(&mut tieout()).0, 2, "no command is wrong usage");
    assert_eq!(run(tieout().arg("--version")).0, 0);
}

/// The command that the README's first screen tells a newcomer to run, from its place in the file.
#[test]
fn the_readme_starts_with_the_two_commands() {
    let readme = std::fs::read_to_string(root().join("README.md")).expect("a README");
    let first = readme
        .find("cargo run --release -- audit -c samples/outbound-stalled/tieout.toml --exit-zero")
        .expect("the main job");
    let second = readme.find("cargo test").expect("the tests");
    assert!(first < 4_000 && second < 4_000, "the two commands stand on the first screen");
}
