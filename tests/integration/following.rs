//! Which earlier run a run follows, and what is said where it follows none; what is said where a path is not the
//! folder of a run.

use std::path::{Path, PathBuf};

use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::cli::{audit_into, run, tieout};
use crate::series::{json, on_day};
use crate::world::dialect::Dialect;
use crate::world::{Organization, World};
use crate::{sample_definitions, sample_folder};

/// Audits into a folder and returns what the terminal shows, on one line.
fn audit(configuration: &Path, out: &Path, arguments: &[&str]) -> String {
    let stdout = audit_into(configuration, out, arguments);
    stdout.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// When the run that a run follows had read both sides; nothing where it follows none.
fn previous(out: &Path) -> Value {
    json(&out.join("report.json"))["roll_forward"]["previous"]["read_at"].clone()
}

fn remarks(out: &Path) -> String {
    json(&out.join("run.json"))["before"]["remarks"].to_string()
}

/// The inputs of a world, read on a day.
fn inputs(folder: &Path, world: &World, day: &str) -> PathBuf {
    let inputs = folder.join(format!("inputs-{day}"));
    std::fs::create_dir_all(&inputs).expect("a folder");
    world.write(&inputs, &Dialect::default());
    on_day(&inputs.join("tieout.toml"), day);
    inputs.join("tieout.toml")
}

fn edit(path: &Path, edit: impl FnOnce(String) -> String) {
    let text = std::fs::read_to_string(path).expect("a file");
    std::fs::write(path, edit(text)).expect("written");
}

/// Edits a file of a run and the run's list of digests with it, so that it counts as the run's own.
fn edit_with_digest(run: &Path, name: &str, change: impl FnOnce(String) -> String) {
    let path = run.join(name);
    let digest = || data_encoding::HEXLOWER.encode(&Sha256::digest(std::fs::read(&path).expect("a file")));
    let before = digest();
    edit(&path, change);
    edit(&run.join("SHA256SUMS"), |list| list.replace(&before, &digest()));
}

fn without_platform(configuration: &Path) {
    edit(configuration, |text| {
        text.lines().filter(|line| !line.starts_with("platform_url")).collect::<Vec<_>>().join("\n")
    });
}

/// The samples are of different organizations: in one folder, and whatever the order in which they were read, none
/// follows another. The same sample on a later day follows its own earlier run.
#[test]
fn samples_side_by_side_follow_only_themselves() {
    let folder = tempfile::tempdir().expect("a folder");
    let names = sample_definitions::names();
    let mut day = 1;
    let mut audit_on_next_day = |name: &str, round: usize| {
        let configuration = folder.path().join(format!("inputs-{name}-{round}/tieout.toml"));
        copy(&sample_folder(name), configuration.parent().expect("a folder"));
        let date = format!("2027-01-{day:02}");
        day += 1;
        on_day(&configuration, &date);
        let out = folder.path().join(format!("runs/{name}-{round}"));
        let shown = audit(&configuration, &out, &["--ledger", "none"]);
        (out, shown, format!("{date}T06:10:00Z"))
    };
    let mut read_at = Vec::new();
    for (place, name) in names.into_iter().enumerate() {
        let (out, shown, at) = audit_on_next_day(name, 1);
        assert_eq!(previous(&out), Value::Null, "{name} follows another sample");
        let message = shown.contains("Roll-forward not compared with ") && shown.contains("of another organization");
        assert_eq!(message, place > 0, "{name}: {shown}");
        read_at.push(at);
    }
    for (name, first) in names.into_iter().zip(&read_at).rev() {
        let (out, shown, _) = audit_on_next_day(name, 2);
        assert_eq!(previous(&out), first.as_str(), "{name} follows its own earlier run");
        assert!(!shown.contains("not compared with"), "{shown}");
    }
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("a folder");
    for entry in std::fs::read_dir(from).expect("a folder") {
        let path = entry.expect("an entry").path();
        let target = to.join(path.file_name().expect("a name"));
        if path.is_dir() {
            copy(&path, &target);
        } else {
            std::fs::copy(&path, &target).expect("copied");
        }
    }
}

/// With the defaults of `tieout init` a snapshot saved by hand says neither the organization's id nor the platform.
/// Two such runs follow each other where their record ids have the same instance part, and the roll-forward says that
/// this is an assumption.
#[test]
fn runs_with_the_defaults_of_init_follow_each_other() {
    let folder = tempfile::tempdir().expect("a folder");
    let (code, _, stderr) = run(tieout().arg("init").current_dir(folder.path()));
    assert_eq!(code, 0, "{stderr}");
    let other = Organization { instance_part: "Hs0", ..Organization::ACME };
    let audit_of = |organization: Organization, day: &str| {
        let mut world = World::in_sync_at(organization, 5, 40);
        world.save_by_hand();
        world.drop_enrollment(&world.settled_learners()[0]);
        let inputs = inputs(&folder.path().join(organization.instance_part), &world, day);
        let inputs = inputs.parent().expect("a folder");
        for name in ["users.csv", "enrollments.csv"] {
            std::fs::copy(inputs.join(name), folder.path().join(name)).expect("copied");
        }
        let (code, shown, stderr) = run(tieout()
            .current_dir(folder.path())
            .args(["audit", "--exit-zero", "--exported-at", &format!("{day}T06:00:00Z"), "--snapshot"])
            .arg(inputs.join("snapshot")));
        assert_eq!(code, 0, "{stderr}");
        let out = folder.path().join("tieout-runs").join(format!("{}T060000Z", day.replace('-', "")));
        (out, shown.split_whitespace().collect::<Vec<_>>().join(" "))
    };
    let (first, _) = audit_of(Organization::ACME, "2026-11-20");
    assert_eq!(json(&first.join("run.json"))["origins"]["id_prefix"], "5g0");
    let (second, shown) = audit_of(Organization::ACME, "2026-11-21");
    assert_ne!(previous(&second), Value::Null, "{shown}");
    assert!(remarks(&second).contains("assumed to be of the same organization"), "{}", remarks(&second));
    let (third, shown) = audit_of(other, "2026-11-22");
    assert_eq!(previous(&third), Value::Null);
    let output = "not compared with tieout-runs/20261121T060000Z: it is a run of another organization \
                (record ids with the instance part `5g0` instead of `Hs0`)";
    assert!(shown.contains(output), "{shown}");
}

/// Each reason not to follow the newest run is said on the terminal, and nowhere else.
#[test]
fn why_a_run_is_not_followed_is_said() {
    let folder = tempfile::tempdir().expect("a folder");
    let runs = folder.path().join("runs");
    let world = World::in_sync(5, 40);
    let first = inputs(folder.path(), &world, "2026-11-20");
    let shown = audit(&first, &runs.join("first"), &[]);
    assert!(!shown.contains("not compared") && !shown.contains("Roll-forward"), "{shown}");
    let name = |run: &str| format!("not compared with {}: ", runs.join(run).display());

    let shown = audit(&first, &runs.join("again"), &[]);
    assert!(
        shown.contains(&(name("first") + "it read both sides at the same time or later (2026-11-20T06:10:00Z")),
        "{shown}"
    );
    // The run that is replaced is no earlier run, also where the output folder is in the working folder.
    std::fs::create_dir_all(folder.path().join("here")).expect("a folder");
    for run_name in ["one", "one", "two"] {
        let (_, shown, stderr) = run(tieout()
            .current_dir(folder.path().join("here"))
            .args(["audit", "--force", "--out", run_name, "-c"])
            .arg(&first));
        assert_eq!(shown.contains("not compared with one: it read"), run_name == "two", "{shown}{stderr}");
        assert_eq!(shown.contains("not compared"), run_name == "two", "{shown}");
    }
    let shown = audit(&first, &runs.join("alone"), &["--no-previous"]);
    assert!(!shown.contains("not compared"), "{shown}");
    for run in ["again", "alone"] {
        assert_eq!(json(&runs.join(run).join("report.json"))["roll_forward"], Value::Null);
        std::fs::remove_dir_all(runs.join(run)).expect("removed");
    }

    // Another organization by its id, by its platform, and one of which nothing is known.
    let other = Organization { number: "0aBcD", ..Organization::ACME };
    let by_id = inputs(&folder.path().join("by-id"), &World::in_sync_at(other, 5, 40), "2026-11-21");
    let shown = audit(&by_id, &runs.join("by-id"), &[]);
    let output = format!(
        "it is a run of another organization (organization id {} instead of {})",
        Organization::ACME.id(),
        other.id()
    );
    assert!(shown.contains(&(name("first") + &output)), "{shown}");
    std::fs::remove_dir_all(runs.join("by-id")).expect("removed");
    let by_platform = inputs(&folder.path().join("by-platform"), &world, "2026-11-21");
    edit(&by_platform, |text| text.replace("acme.docebosaas.com", "other.docebosaas.com"));
    let shown = audit(&by_platform, &runs.join("by-platform"), &[]);
    let output = "it is a run of another organization (platform https://acme.docebosaas.com instead of https://other.docebosaas.com)";
    assert!(shown.contains(&(name("first") + output)), "{shown}");
    std::fs::remove_dir_all(runs.join("by-platform")).expect("removed");

    // A run that knows its organization, and one that does not: the record ids decide.
    let mut by_hand = world.clone();
    by_hand.save_by_hand();
    let by_hand = inputs(&folder.path().join("by-hand"), &by_hand, "2026-11-21");
    without_platform(&by_hand);
    audit(&by_hand, &runs.join("by-hand"), &[]);
    assert_eq!(previous(&runs.join("by-hand")), "2026-11-20T06:10:00Z");
    std::fs::remove_dir_all(runs.join("by-hand")).expect("removed");

    // A run of an earlier version, which did not note the instance part.
    let later = inputs(folder.path(), &world, "2026-11-22");
    edit_with_digest(&runs.join("first"), "run.json", |text| text.replacen("\"id_prefix\":\"5g0\",", "", 1));
    let shown = audit(&by_hand, &runs.join("unknown"), &[]);
    assert!(shown.contains(&(name("first") + "nothing shows that it is a run of the same organization")), "{shown}");
    std::fs::remove_dir_all(runs.join("unknown")).expect("removed");
    audit(&later, &runs.join("later"), &[]);
    assert_eq!(previous(&runs.join("later")), "2026-11-20T06:10:00Z", "its id is enough");
    std::fs::remove_dir_all(runs.join("later")).expect("removed");

    edit_with_digest(&runs.join("first"), "history.csv", |_| "not a history".to_owned());
    let shown = audit(&later, &runs.join("later"), &[]);
    assert!(shown.contains(&(name("first") + "it cannot be read (")), "{shown}");
    std::fs::remove_dir_all(runs.join("later")).expect("removed");
    edit(&runs.join("first/run.json"), |text| text.replacen("\"version\":1", "\"version\":9", 1));
    let shown = audit(&later, &runs.join("later"), &[]);
    let output = "it was written in another format version (9 instead of 1)";
    assert!(shown.contains(&(name("first") + output)), "{shown}");
}

/// What somebody edited in a finished run is followed by no other: found findings would be told as new, or cleared ones lost.
#[test]
fn a_run_that_was_changed_since_is_not_followed() {
    let folder = tempfile::tempdir().expect("a folder");
    let (one, two) = (folder.path().join("runs/one"), folder.path().join("runs/two"));
    let world = World::in_sync(5, 40);
    let [first, second] = ["2026-11-20", "2026-11-21"].map(|day| inputs(folder.path(), &world, day));
    for name in ["run.json", "history.csv", "SHA256SUMS"] {
        audit(&first, &one, &["--no-previous"]);
        edit(&one.join(name), |text| {
            if name == "SHA256SUMS" { text.replace("  history.csv", "  other.csv") } else { text + "\n" }
        });
        let shown = audit(&second, &two, &[]);
        let output = format!("not compared with {}: it cannot be read (", one.display());
        assert!(shown.contains(&output), "{name}: {shown}");
        assert_eq!(previous(&two), Value::Null, "{name}");
        let (code, _, stderr) = run(tieout()
            .args(["audit", "--exit-zero", "--force", "-c"])
            .arg(&second)
            .arg("--out")
            .arg(&two)
            .arg("--previous")
            .arg(&one));
        let why =
            if name == "SHA256SUMS" { "is not listed in the run's SHA256SUMS" } else { "was changed since the run" };
        assert!(code == 4 && stderr.contains(why), "{name}: {code} {stderr}");
        std::fs::remove_dir_all(folder.path().join("runs")).expect("removed");
    }
}

/// A path that is not the folder of a run: the message says what one contains, and names the newest one in it.
#[test]
fn a_path_that_is_no_run_is_explained() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = |name: &str| folder.path().join(name);
    let world = World::in_sync(5, 40);
    for day in ["2026-11-19", "2026-11-21", "2026-11-20"] {
        audit(&inputs(folder.path(), &world, day), &path("runs").join(day), &[]);
    }
    std::fs::create_dir_all(path("empty")).expect("a folder");
    let configuration = path("inputs-2026-11-21/tieout.toml");
    let newest = format!("the newest run in this folder is {}", path("runs/2026-11-21").display());
    let within = format!("the file is in the run {}", path("runs/2026-11-19").display());
    for (named, what, suggestion) in [
        ("runs", "is not the folder of a run: it has no run.json", Some(newest.as_str())),
        ("empty", "is not the folder of a run: it has no run.json", None),
        ("nowhere", "is not the folder of a run: it does not exist", None),
        ("runs/2026-11-19/report.html", "is a file, not the folder of a run", Some(within.as_str())),
        ("inputs-2026-11-21/users.csv", "is a file, not the folder of a run", None),
    ] {
        for command in ["report", "report --out", "pack", "audit", "review", "verify"] {
            let mut started = tieout();
            let workbook = path("runs/2026-11-19/workbook.xlsx");
            match command {
                "audit" => started.arg("audit").arg("-c").arg(&configuration).arg("--previous").arg(path(named)),
                "review" => started.arg("review").arg(&workbook).arg("--run").arg(path(named)),
                "report --out" => started.arg("report").arg(path(named)),
                "verify" => {
                    started.arg("verify").arg(path("runs/2026-11-19/evidence-pack.zip")).arg("--run").arg(path(named))
                }
                _ => started.arg(command).arg(path(named)),
            };
            if ["report --out", "audit", "pack"].contains(&command) {
                started.arg("--out").arg(path("out"));
            }
            let (code, _, stderr) = run(&mut started);
            assert_eq!(code, 4, "{command} {named}: {stderr}");
            let contents = "it contains run.json, findings.jsonl, history.csv and the outputs, and `tieout audit` \
                            writes it under tieout-runs/ by default";
            assert!(stderr.contains(what) && stderr.contains(contents), "{command} {named}: {stderr}");
            assert_eq!(suggestion.is_some(), stderr.contains("; the "), "{command} {named}: {stderr}");
            assert!(suggestion.is_none_or(|suggestion| stderr.contains(suggestion)), "{command} {named}: {stderr}");
            assert!(!path("out").exists(), "{command} {named}: nothing is written");
        }
    }
    let (code, _, stderr) = run(tieout().arg("review").arg(path("runs")));
    assert!(code == 4 && stderr.contains("is a folder, not a workbook") && stderr.contains(&newest), "{stderr}");
    let (code, _, stderr) = run(tieout().arg("review").arg(path("runs/2026-11-19")));
    let workbook = path("runs/2026-11-19/workbook.xlsx").display().to_string();
    assert!(code == 4 && stderr.contains(&format!("the workbook of this run: {workbook}")), "{stderr}");
    // A workbook that is in no run's folder.
    let workbook = path("workbook.xlsx");
    std::fs::copy(path("runs/2026-11-19/workbook.xlsx"), &workbook).expect("copied");
    let (code, _, stderr) = run(tieout().arg("review").arg(&workbook));
    assert_eq!(code, 2, "{stderr}");
    assert!(stderr.contains("with --run: it contains run.json"), "{stderr}");
}
