//! What a run may replace, and when: only what is tieout's own and unchanged, whole or not at all, by one run at a time, and
//! for its owner's eyes alone. With real processes, killed at whatever moment.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use fastrand::Rng;
use sha2::{Digest as _, Sha256};

use crate::cli::{audit_into, run, tieout};
use crate::sample_folder;
use crate::series::{filled, findings, json, reviews};

/// A small sample with findings, and one that is in sync.
const FOUND: &str = "links-crossed";
const IN_SYNC: &str = "in-sync";

fn audit(sample: &str, out: &Path, arguments: &[&str]) -> Command {
    let mut command = tieout();
    command.arg("audit").arg("-c").arg(sample_folder(sample).join("tieout.toml")).arg("--out").arg(out);
    command.args(["--exit-zero", "--no-previous", "--quiet"]).args(arguments);
    command
}

fn audited(sample: &str, out: &Path) {
    audit_into(&sample_folder(sample).join("tieout.toml"), out, &["--no-previous"]);
}

/// Every file of a folder with its bytes, links not followed; folders end with a slash.
pub(crate) fn tree(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut all = BTreeMap::new();
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let entry = entry.expect("an entry");
        let (path, name) = (entry.path(), entry.file_name().to_string_lossy().into_owned());
        let kind = entry.file_type().expect("a type");
        if kind.is_dir() {
            all.extend(tree(&path).into_iter().map(|(inner, bytes)| (format!("{name}/{inner}"), bytes)));
            all.insert(format!("{name}/"), Vec::new());
        } else if kind.is_file() {
            all.insert(name, std::fs::read(&path).expect("a file"));
        } else {
            all.insert(name, b"(something else)".to_vec());
        }
    }
    all
}

/// Whether a folder holds what its list of digests names, and nothing else.
pub(crate) fn is_whole(folder: &Path) -> bool {
    let mut files = tree(folder);
    let Some(list) = files.remove("SHA256SUMS") else { return false };
    let list = String::from_utf8(list).expect("text");
    let listed: BTreeMap<&str, &str> =
        list.lines().filter_map(|line| line.split_once("  ")).map(|(digest, name)| (name, digest)).collect();
    files.retain(|name, _| !name.ends_with('/'));
    files.len() == listed.len()
        && files.iter().all(|(name, bytes)| {
            listed
                .get(name.as_str())
                .is_some_and(|known| *known == data_encoding::HEXLOWER.encode(&Sha256::digest(bytes)))
        })
}

fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).expect("a folder");
    let mut names: Vec<String> =
        entries.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned()).collect();
    names.sort_unstable();
    names
}

/// Whatever stands in the folder of a former run and is not tieout's own is named, and nothing is touched.
#[test]
fn force_replaces_nothing_that_is_not_its_own() {
    let folder = tempfile::tempdir().expect("a folder");
    let previous = folder.path().join("former");
    audited(FOUND, &previous);
    let write = |path: PathBuf, text: &str| std::fs::write(path, text).expect("written");
    type Spoil = (&'static str, fn(&Path));
    let mut cases: Vec<Spoil> = vec![
        ("mine.txt", |run| std::fs::write(run.join("mine.txt"), "a note").expect("written")),
        (".hidden", |run| std::fs::write(run.join(".hidden"), "").expect("written")),
        ("ledger/notes.csv", |run| std::fs::write(run.join("ledger/notes.csv"), "a,b").expect("written")),
        ("exports/", |run| std::fs::create_dir(run.join("exports")).expect("a folder")),
        ("workbook.xlsx (changed)", |run| std::fs::write(run.join("workbook.xlsx"), "hours").expect("written")),
        ("reviews.jsonl", |run| std::fs::write(run.join("reviews.jsonl"), "").expect("written")),
        ("report.html (missing)", |run| std::fs::remove_file(run.join("report.html")).expect("removed")),
        ("is not as tieout writes it", |run| {
            let list = std::fs::read_to_string(run.join("SHA256SUMS")).expect("a list");
            let lines: Vec<&str> = list.lines().rev().collect();
            std::fs::write(run.join("SHA256SUMS"), lines.join("\n")).expect("written");
        }),
        ("it has no SHA256SUMS", |run| std::fs::remove_file(run.join("SHA256SUMS")).expect("removed")),
        ("it has no report.json", |run| std::fs::remove_file(run.join("report.json")).expect("removed")),
        ("tieout.toml", |run| {
            // Even where somebody has listed their own file.
            std::fs::write(run.join("tieout.toml"), "x").expect("written");
            let mut list = std::fs::read_to_string(run.join("SHA256SUMS")).expect("a list");
            list.push_str(&format!("{}  tieout.toml\n", data_encoding::HEXLOWER.encode(&Sha256::digest("x"))));
            std::fs::write(run.join("SHA256SUMS"), list).expect("written");
        }),
    ];
    #[cfg(unix)]
    cases.extend([
        (
            "report.html (a link)",
            (|run: &Path| {
                std::fs::rename(run.join("report.html"), run.with_extension("html")).expect("renamed");
                std::os::unix::fs::symlink(run.with_extension("html"), run.join("report.html")).expect("a link");
            }) as fn(&Path),
        ),
        ("ledger (a link)", |run| {
            std::fs::rename(run.join("ledger"), run.with_extension("ledger")).expect("renamed");
            std::os::unix::fs::symlink(run.with_extension("ledger"), run.join("ledger")).expect("a link");
        }),
        ("SHA256SUMS", |run| {
            std::fs::rename(run.join("SHA256SUMS"), run.with_extension("sums")).expect("renamed");
            std::os::unix::fs::symlink(run.with_extension("sums"), run.join("SHA256SUMS")).expect("a link");
        }),
    ]);
    for (number, (output, spoil)) in cases.into_iter().enumerate() {
        let place = folder.path().join(number.to_string());
        let out = place.join("run");
        std::fs::create_dir_all(&out).expect("a folder");
        for (name, bytes) in tree(&previous) {
            if name.ends_with('/') {
                std::fs::create_dir_all(out.join(name)).expect("a folder");
            } else {
                std::fs::create_dir_all(out.join(&name).parent().expect("a parent")).expect("a folder");
                std::fs::write(out.join(name), bytes).expect("written");
            }
        }
        spoil(&out);
        let before = tree(&place);
        let (code, _, stderr) = run(&mut audit(IN_SYNC, &out, &["--force"]));
        assert_eq!(code, 7, "{output}: {stderr}");
        assert!(stderr.contains(output) && stderr.contains("next:"), "{output}: {stderr}");
        assert!(tree(&place) == before, "{output}: something was touched: {:?}", names(&place));
    }
    // A folder that holds a copied report, a link to a run, and a run where only outputs are replaced.
    let copied = folder.path().join("copied");
    std::fs::create_dir(&copied).expect("a folder");
    std::fs::copy(previous.join("report.json"), copied.join("report.json")).expect("copied");
    write(copied.join("photo.jpg"), "a photo");
    let (code, _, stderr) = run(&mut audit(IN_SYNC, &copied, &["--force"]));
    assert!(code == 7 && stderr.contains("is not a former run of tieout"), "{stderr}");
    assert_eq!(names(&copied), ["photo.jpg", "report.json"]);
    let before = tree(&previous);
    #[cfg(unix)]
    for link in ["link", "link/"] {
        let _ = std::os::unix::fs::symlink(&previous, folder.path().join("link"));
        let (code, _, stderr) = run(&mut audit(IN_SYNC, &folder.path().join(link), &["--force"]));
        assert!(code == 7 && stderr.contains("is a link"), "{stderr}");
    }
    let (code, _, stderr) = run(tieout().arg("report").arg(&previous).arg("--out").arg(&previous).arg("--force"));
    assert!(code == 7 && stderr.contains("run.json"), "{stderr}");
    assert!(tree(&previous) == before);
    // A folder that somebody made, whose list of digests fits.
    let made = folder.path().join("made");
    std::fs::create_dir(&made).expect("a folder");
    write(made.join("report.json"), r#"{"tool":{"name":"tieout"}}"#);
    let digest = data_encoding::HEXLOWER.encode(&Sha256::digest(r#"{"tool":{"name":"tieout"}}"#));
    write(made.join("SHA256SUMS"), &format!("{digest}  report.json\n"));
    let (code, _, stderr) = run(&mut audit(IN_SYNC, &made, &["--force"]));
    assert!(code == 7 && stderr.contains("does not list report.html"), "{stderr}");
    assert_eq!(names(&made), ["SHA256SUMS", "report.json"]);
    // What is whole and unchanged is replaced.
    assert_eq!(run(&mut audit(IN_SYNC, &previous, &["--force"])).0, 0);
    assert!(is_whole(&previous) && json(&previous.join("report.json"))["verdict"] == "in-sync");
}

fn spawn(command: &mut Command) -> Child {
    command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("the binary runs")
}

/// Kills a command at a random moment of its run, half of the times near its end, where files are put in their places.
/// `whole` is about how long it takes, and is learned from those that end before. Whether it was killed.
fn kill_somewhere(command: &mut Command, whole: &mut Duration, rng: &mut Rng) -> bool {
    let start = Instant::now();
    let after = whole.mul_f64(if rng.bool() { rng.f64() } else { 0.7 + 0.35 * rng.f64() });
    let mut child = spawn(command);
    while start.elapsed() < after {
        if child.try_wait().expect("a state").is_some() {
            *whole = (*whole + start.elapsed()) / 2;
            return false;
        }
        std::thread::sleep(Duration::from_micros(200));
    }
    // SIGKILL: nothing of the process gets to run any more.
    child.kill().expect("it runs");
    child.wait().expect("it ends").code().is_none()
}

/// How often a test kills; more by hand with `TIEOUT_TEST_KILLS`.
fn kills() -> usize {
    std::env::var("TIEOUT_TEST_KILLS").ok().and_then(|text| text.parse().ok()).unwrap_or(30)
}

fn timed(command: &mut Command) -> Duration {
    let start = Instant::now();
    let (code, _, stderr) = run(command);
    assert_eq!(code, 0, "{stderr}");
    start.elapsed()
}

/// At whatever moment `audit --force` is killed, the former or the new run is whole under its name, and the next run leaves
/// nothing of the killed ones behind.
#[test]
fn killed_anywhere_a_replacement_leaves_one_whole_run() {
    let place = tempfile::tempdir().expect("a folder");
    let out = place.path().join("run");
    audited(FOUND, &out);
    let (one, mut whole) = (tree(&out), timed(&mut audit(IN_SYNC, &out, &["--force"])));
    let other = tree(&out);
    assert!(one != other);
    let mut rng = Rng::with_seed(19);
    let (mut killed, mut number) = (0, 0);
    while killed < kills() && number < 6 * kills() {
        number += 1;
        let is_one = tree(&out) == one;
        let sample = if is_one { IN_SYNC } else { FOUND };
        killed += usize::from(kill_somewhere(&mut audit(sample, &out, &["--force"]), &mut whole, &mut rng));
        let now = tree(&out);
        assert!(now == one || now == other, "kill {number}: neither the one run nor the other: {:?}", names(&out));
    }
    assert!(killed >= kills(), "{killed} kills are too few to say anything");
    assert_eq!(run(&mut audit(FOUND, &out, &["--force"])).0, 0);
    assert!(tree(&out) == one);
    assert_eq!(names(place.path()), ["run"], "left behind");
}

/// At whatever moment `report` is killed, the next one finishes or takes back: the folder is whole, and the tool never takes
/// its own work for somebody's change.
#[test]
fn killed_anywhere_outputs_made_again_become_whole() {
    let place = tempfile::tempdir().expect("a folder");
    let out = place.path().join("run");
    audited(FOUND, &out);
    let report = |arguments: &[&str]| {
        let mut command = tieout();
        command.arg("report").arg(&out).args(arguments);
        command
    };
    let withheld = tree(&out);
    let mut whole = timed(&mut report(&["--show-names"]));
    let shown = tree(&out);
    assert!(withheld != shown && is_whole(&out));
    let mut rng = Rng::with_seed(20);
    let (mut killed, mut number, mut next) = (0, 0, true);
    while killed < kills() && number < 6 * kills() {
        number += 1;
        let arguments: &[&str] = if next { &[] } else { &["--show-names"] };
        next = !next;
        killed += usize::from(kill_somewhere(&mut report(arguments), &mut whole, &mut rng));
        // Whoever comes next: another report, or a run that takes the place of this one.
        if number % 3 == 0 {
            let (code, _, stderr) = run(&mut report(&[]));
            assert_eq!(code, 0, "kill {number}: {stderr}");
            assert!(tree(&out) == withheld, "kill {number}: {:?}", names(&out));
        } else if number % 10 == 1 {
            let (code, _, stderr) = run(&mut audit(FOUND, &out, &["--force"]));
            assert_eq!(code, 0, "kill {number}: {stderr}");
            assert!(tree(&out) == withheld, "kill {number}: {:?}", names(&out));
        }
    }
    assert!(killed >= kills(), "{killed} kills are too few to say anything");
    assert_eq!(run(&mut report(&["--show-names"])).0, 0);
    assert!(tree(&out) == shown);
    assert_eq!(names(place.path()), ["run"], "left behind");
}

/// Folders that look like the leftovers of a killed run and are not are left alone.
#[test]
fn foreign_folders_with_our_names_are_left_alone() {
    let place = tempfile::tempdir().expect("a folder");
    let out = place.path().join("run");
    let elsewhere = place.path().join("elsewhere");
    for folder in [".run.unfinished-abcdef", ".run.unfinished", "elsewhere"] {
        let folder = place.path().join(folder);
        std::fs::create_dir_all(folder.join("new")).expect("a folder");
        for name in ["report.json", "mine.txt", "new/report.json"] {
            std::fs::write(folder.join(name), "mine").expect("written");
        }
    }
    #[cfg(unix)]
    std::os::unix::fs::symlink(&elsewhere, place.path().join(".run.unfinished-ghijkl")).expect("a link");
    let before = tree(place.path());
    audited(FOUND, &out);
    assert_eq!(run(&mut audit(FOUND, &out, &["--force"])).0, 0);
    let mut after = tree(place.path());
    after.retain(|name, _| !name.starts_with("run/"));
    assert!(after == before, "{:?}", names(place.path()));
    assert!(elsewhere.join("mine.txt").exists());
}

/// An interrupt takes away what was begun, and the former run stays as it was.
#[cfg(unix)]
#[test]
fn an_interrupted_run_leaves_nothing_behind() {
    let place = tempfile::tempdir().expect("a folder");
    let out = place.path().join("run");
    audited(FOUND, &out);
    let (before, mut whole) = (tree(&out), timed(&mut audit(FOUND, &out, &["--force"])));
    let mut rng = Rng::with_seed(21);
    let mut interrupted = 0;
    for _ in 0..kills() {
        let mut child = spawn(&mut audit(FOUND, &out, &["--force"]));
        // The handler is there before the lock.
        let locked = || names(place.path()).contains(&".run.lock".to_owned());
        while !locked() && child.try_wait().expect("a state").is_none() {
            std::thread::sleep(Duration::from_micros(200));
        }
        std::thread::sleep(whole.mul_f64(0.9 * rng.f64()));
        let signal = if rng.bool() { "-INT" } else { "-TERM" };
        let _ = Command::new("kill").arg(signal).arg(child.id().to_string()).stderr(Stdio::null()).status();
        let status = child.wait().expect("it ends");
        assert!(matches!(status.code(), Some(0 | 130)), "{status}");
        if status.code() == Some(130) {
            interrupted += 1;
        } else {
            // It ended before: the first one was slower.
            whole = whole.mul_f64(0.8);
        }
        assert!(tree(&out) == before);
        assert_eq!(names(place.path()), ["run"], "left behind");
    }
    assert!(interrupted > 5, "{interrupted} interrupts are too few to say anything");
}

/// Of several analysts at once each one's answers are kept, or they are told to come again.
#[test]
fn reviews_at_once_lose_nothing() {
    let place = tempfile::tempdir().expect("a folder");
    let out = place.path().join("run");
    audited(FOUND, &out);
    let id = json(&out.join("report.json"))["run"].as_str().expect("an id").to_owned();
    let keys: Vec<String> = findings(&out).into_keys().take(8).collect();
    assert_eq!(keys.len(), 8);
    let reconciliation: Vec<PathBuf> = keys.iter().map(|key| place.path().join(format!("{key}.xlsx"))).collect();
    for (key, book) in keys.iter().zip(&reconciliation) {
        filled(book, &id, &[(key, "Open", "Ada", "mine")]);
    }
    let command = |book: &Path, folder: &Path| {
        let mut command = tieout();
        command.arg("review").arg(book).arg("--run").arg(folder);
        command.stdout(Stdio::null()).stderr(Stdio::piped());
        command
    };
    let mut waiting: Vec<usize> = (0..reconciliation.len()).collect();
    let mut rounds = 0;
    while !waiting.is_empty() {
        let children: Vec<(usize, Child)> = waiting
            .iter()
            // The same folder by two names is one and the same place.
            .map(|&book| {
                let folder = if book % 2 == 0 { out.clone() } else { out.join("ledger/..") };
                (book, command(&reconciliation[book], &folder).spawn().expect("the binary runs"))
            })
            .collect();
        for (book, child) in children {
            let output = child.wait_with_output().expect("it ends");
            let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
            match output.status.code() {
                Some(0) => {
                    assert!(reviews(&out).contains_key(&keys[book]), "{book} was told that it was taken");
                    waiting.retain(|&other| other != book);
                }
                Some(7) => assert!(
                    stderr.contains("another run of tieout is writing here (process ") && stderr.contains("next:"),
                    "{stderr}"
                ),
                code => panic!("{code:?}: {stderr}"),
            }
        }
        rounds += 1;
        assert!(rounds <= reconciliation.len(), "nobody got through");
    }
    assert_eq!(reviews(&out).into_keys().collect::<Vec<_>>(), keys);
    assert!(is_whole(&out));
    assert!(!names(place.path()).iter().any(|name| name.starts_with('.')), "left behind");
}

/// Runs begun at once get names of their own; two that are told one name do not mix.
#[test]
fn runs_at_once_have_each_a_place() {
    let place = tempfile::tempdir().expect("a folder");
    let start = |out: Option<&str>| {
        let mut command = tieout();
        command.current_dir(place.path()).args(["audit", "--exit-zero", "--quiet", "--no-previous", "-c"]);
        command.arg(sample_folder(IN_SYNC).join("tieout.toml"));
        command.args(out.map(|out| ["--out", out]).into_iter().flatten());
        command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("the binary runs")
    };
    let ended = |children: Vec<Child>| -> Vec<(Option<i32>, String)> {
        let outputs = children.into_iter().map(|child| child.wait_with_output().expect("it ends"));
        outputs.map(|output| (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())).collect()
    };
    for (code, stderr) in ended((0..5).map(|_| start(None)).collect()) {
        assert_eq!(code, Some(0), "{stderr}");
    }
    let runs = place.path().join("tieout-runs");
    let expected = ["", "-2", "-3", "-4", "-5"].map(|number| format!("20261120T060000Z{number}"));
    assert_eq!(names(&runs), expected);
    assert!(expected.iter().all(|name| is_whole(&runs.join(name))));

    let ended = ended((0..4).map(|_| start(Some("named"))).collect());
    assert_eq!(ended.iter().filter(|(code, _)| *code == Some(0)).count(), 1, "{ended:?}");
    for (code, stderr) in ended.iter().filter(|(code, _)| *code != Some(0)) {
        let output = stderr.contains("another run of tieout is writing here") || stderr.contains("exists already");
        assert!(*code == Some(7) && output, "{stderr}");
    }
    assert!(is_whole(&place.path().join("named")));
    assert_eq!(names(place.path()), ["named", "tieout-runs"]);
}

#[cfg(unix)]
mod unix {
    use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _, PermissionsExt as _, symlink};

    use super::*;

    fn mode(path: &Path) -> u32 {
        path.symlink_metadata().expect("it").mode() & 0o777
    }

    fn modes(folder: &Path) {
        assert_eq!(mode(folder), 0o700, "{}", folder.display());
        for name in tree(folder).into_keys() {
            let expected = if name.ends_with('/') { 0o700 } else { 0o600 };
            assert_eq!(mode(&folder.join(&name)), expected, "{name}");
        }
    }

    /// Runs a command under a umask.
    fn under(umask: &str, command: &Command) -> i32 {
        let mut shell = Command::new("sh");
        shell.args(["-c", &format!("umask {umask} && exec \"$0\" \"$@\"")]).arg(command.get_program());
        shell.args(command.get_args());
        let (code, stdout, stderr) = run(&mut shell);
        assert!(matches!(code, 0 | 1 | 5 | 6), "{code}: {stdout}{stderr}");
        code
    }

    /// What tells of persons is for its owner alone, whatever the umask lets others see.
    #[test]
    fn nobody_else_can_look_into_what_is_written() {
        for umask in ["000", "022", "077"] {
            let place = tempfile::tempdir().expect("a folder");
            let out = place.path().join("run");
            under(umask, &audit(FOUND, &out, &["--show-names", "--ledger", "all"]));
            modes(&out);
            under(umask, &audit(FOUND, &out, &["--force"]));
            modes(&out);
            let mut report = tieout();
            report.arg("report").arg(&out).arg("--show-names");
            under(umask, &report);
            modes(&out);
            let elsewhere = place.path().join("elsewhere");
            report.arg("--out").arg(&elsewhere);
            under(umask, &report);
            modes(&elsewhere);
            let id = json(&out.join("report.json"))["run"].as_str().expect("an id").to_owned();
            let book = place.path().join("filled.xlsx");
            filled(&book, &id, &[(findings(&out).first_key_value().expect("one").0, "Open", "Ada", "")]);
            let mut review = tieout();
            review.arg("review").arg(&book).arg("--run").arg(&out);
            under(umask, &review);
            assert!(out.join("reviews.jsonl").exists());
            modes(&out);
            let packs = place.path().join("packs");
            let mut pack = tieout();
            pack.arg("pack").arg(&out).arg("--out").arg(&packs).args(["--case", "1"]);
            under(umask, &pack);
            for name in tree(&packs).into_keys().filter(|name| !name.ends_with('/')) {
                assert_eq!(mode(&packs.join(&name)), 0o600, "{name}");
            }
            modes(&packs.join("docebo-case-1.private"));
            // The collector runs as somebody else, and the file tells of nobody.
            let metrics = place.path().join("tieout.prom");
            let mut freshness = tieout();
            freshness.args(["freshness", "--quiet", "-c"]).arg(sample_folder(IN_SYNC).join("tieout.toml"));
            freshness.arg("--metrics").arg(&metrics);
            under(umask, &freshness);
            let umask = u32::from_str_radix(umask, 8).expect("octal");
            assert_eq!(mode(&metrics), 0o666 & !umask);
        }
    }

    /// Only a regular file with metrics of ours is replaced.
    #[test]
    fn metrics_replace_nothing_but_metrics() {
        let place = tempfile::tempdir().expect("a folder");
        let path = |name: &str| place.path().join(name);
        let metrics = |target: &Path| {
            let mut command = tieout();
            command.args(["freshness", "--quiet", "-c"]).arg(sample_folder(IN_SYNC).join("tieout.toml"));
            run(command.arg("--metrics").arg(target))
        };
        let pipe = path("pipe");
        assert!(Command::new("mkfifo").arg(&pipe).status().expect("mkfifo").success());
        let _socket = std::os::unix::net::UnixListener::bind(path("socket")).expect("a socket");
        std::fs::create_dir(path("folder")).expect("a folder");
        std::fs::write(path("notes.toml"), "[mine]\n").expect("written");
        let others = "# HELP tieout_exit_code x\n# TYPE tieout_exit_code gauge\ntieout_exit_code 0\nbackup_age 3\n";
        std::fs::write(path("others.prom"), others).expect("written");
        std::fs::write(path("binary"), [0xff, 0xfe, 0]).expect("written");
        assert!(matches!(metrics(&path("real.prom")).0, 0 | 1 | 5 | 6));
        symlink(path("real.prom"), path("link.prom")).expect("a link");
        symlink(path("nowhere"), path("dangling.prom")).expect("a link");
        let real = std::fs::read(path("real.prom")).expect("a file");
        for (name, output) in [
            ("pipe", "a device, a pipe or a socket"),
            ("socket", "a device, a pipe or a socket"),
            ("folder", "is a folder"),
            ("notes.toml", "something other than metrics"),
            ("binary", "something other than metrics"),
            ("others.prom", "something other than metrics"),
            ("link.prom", "is a link"),
            ("dangling.prom", "is a link"),
        ] {
            let (code, _, stderr) = metrics(&path(name));
            assert!(code == 7 && stderr.contains(output) && stderr.contains("next:"), "{name}: {code} {stderr}");
        }
        let (code, _, stderr) = metrics(Path::new("/dev/null"));
        assert!(code == 7 && stderr.contains("/dev/null: is a device"), "{stderr}");
        assert!(Path::new("/dev/null").metadata().expect("it").file_type().is_char_device());
        assert!(pipe.symlink_metadata().expect("it").file_type().is_fifo());
        assert_eq!(std::fs::read_to_string(path("notes.toml")).expect("a file"), "[mine]\n");
        assert_eq!(std::fs::read_to_string(path("others.prom")).expect("a file"), others);
        assert_eq!(std::fs::read(path("real.prom")).expect("a file"), real);
        assert!(matches!(metrics(&path("real.prom")).0, 0 | 1 | 5 | 6), "its own are replaced");
        std::fs::write(path("empty.prom"), "").expect("written");
        assert!(matches!(metrics(&path("empty.prom")).0, 0 | 1 | 5 | 6));
        assert!(!names(place.path()).iter().any(|name| name.starts_with('.')), "left behind");

        // The same goes for a configuration.
        for name in ["pipe", "folder", "link.prom"] {
            let (code, _, stderr) = run(tieout().arg("init").arg("--force").arg(path(name)));
            assert!(code == 7 && stderr.contains("next:"), "{name}: {stderr}");
        }
    }

    /// The key of a case is ours, drawn at random, and seen by nobody else; else the pack is not made.
    #[test]
    fn a_lost_or_planted_key_is_told() {
        let place = tempfile::tempdir().expect("a folder");
        let out = place.path().join("run");
        audited("outbound-stalled", &out);
        let pack = |folder: &Path, arguments: &[&str]| {
            run(tieout()
                .arg("pack")
                .arg(&out)
                .arg("--out")
                .arg(folder)
                .args(["--case", "7", "--quiet"])
                .args(arguments))
        };
        let orphaned = &["--cause", "enrollment-orphaned"][..];
        let packs = place.path().join("packs");
        let made = || {
            let _ = std::fs::remove_dir_all(&packs);
            let (code, _, stderr) = pack(&packs, &["--cause", "enrollment-outdated"]);
            assert_eq!(code, 0, "{stderr}");
        };
        let private = packs.join("docebo-case-7.private");
        let key = private.join("key.json");
        let planted = |hex: &str| {
            let text = std::fs::read_to_string(&key).expect("a key");
            let was: serde_json::Value = serde_json::from_str(&text).expect("JSON");
            let text = text.replace(was["key"].as_str().expect("a key"), hex);
            std::fs::write(&key, text).expect("written");
        };
        let chmod = |path: &Path, mode| {
            std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).expect("changed");
        };
        type Spoil<'a> = (&'a str, i32, Box<dyn Fn() + 'a>);
        let spoiled: Vec<Spoil<'_>> = vec![
            ("is missing, and", 4, Box::new(|| std::fs::remove_file(&key).expect("removed"))),
            ("is missing, and", 4, Box::new(|| std::fs::remove_dir_all(&private).expect("removed"))),
            ("it is not random", 4, Box::new(|| planted(&"00".repeat(32)))),
            ("it is not random", 4, Box::new(|| planted(&"deadbeef".repeat(8)))),
            ("is not a key of this version", 4, Box::new(|| planted(&"1f".repeat(31)))),
            ("is not a key of this version", 4, Box::new(|| planted(""))),
            (
                "is not the key that",
                4,
                Box::new(|| {
                    planted(&data_encoding::HEXLOWER.encode(&Sha256::digest("another")));
                }),
            ),
            ("can be read or changed by others", 4, Box::new(|| chmod(&key, 0o640))),
            ("can be read or changed by others", 7, Box::new(|| chmod(&private, 0o755))),
            (
                "is not a regular file",
                4,
                Box::new(|| {
                    std::fs::rename(&key, private.join("moved.json")).expect("renamed");
                    symlink(private.join("moved.json"), &key).expect("a link");
                }),
            ),
            (
                "is a link",
                7,
                Box::new(|| {
                    std::fs::rename(&private, packs.join("moved")).expect("renamed");
                    chmod(&packs.join("moved"), 0o755);
                    symlink(packs.join("moved"), &private).expect("a link");
                }),
            ),
            (
                "is not a folder",
                7,
                Box::new(|| {
                    std::fs::remove_dir_all(&private).expect("removed");
                    std::fs::write(&private, "mine").expect("written");
                }),
            ),
        ];
        for (output, expected, spoil) in &spoiled {
            made();
            spoil();
            let before = tree(&packs);
            let (code, _, stderr) = pack(&packs, orphaned);
            assert!(
                code == *expected && stderr.contains(output) && stderr.contains("next:"),
                "{output}: {code} {stderr}"
            );
            assert!(tree(&packs) == before, "{output}: something was touched");
            if packs.join("moved").exists() {
                assert_eq!(mode(&packs.join("moved")), 0o755, "the rights of what a link points to");
            }
        }
        // Begun anew, as the message says.
        std::fs::remove_file(&private).expect("removed");
        let old: Vec<String> = names(&packs).into_iter().filter(|name| name.starts_with("docebo-evidence_")).collect();
        for name in old {
            std::fs::remove_file(packs.join(name)).expect("removed");
        }
        let (code, _, stderr) = pack(&packs, orphaned);
        assert_eq!(code, 0, "{stderr}");
        modes(&private);
    }

    /// Packs of one case made at once have one key, and the mapping holds the pseudonyms of both.
    #[test]
    fn packs_of_one_case_at_once_have_one_key() {
        let place = tempfile::tempdir().expect("a folder");
        let out = place.path().join("run");
        audited("outbound-stalled", &out);
        let packs = place.path().join("packs");
        let mut waiting = vec!["outbound-stalled", "enrollment-outdated", "enrollment-orphaned"];
        while !waiting.is_empty() {
            let children: Vec<(&str, Child)> = waiting
                .iter()
                .map(|&cause| {
                    let mut command = tieout();
                    command.arg("pack").arg(&out).arg("--out").arg(&packs).args(["--case", "7", "--cause", cause]);
                    (cause, command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("the binary runs"))
                })
                .collect();
            let before = waiting.len();
            for (cause, child) in children {
                let output = child.wait_with_output().expect("it ends");
                let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
                match output.status.code() {
                    Some(0) => waiting.retain(|other| *other != cause),
                    Some(7) => assert!(stderr.contains("another run of tieout is writing here (process "), "{stderr}"),
                    code => panic!("{code:?}: {stderr}"),
                }
            }
            assert!(waiting.len() < before, "nobody got through");
        }
        let ids: Vec<String> = names(&packs)
            .iter()
            .filter(|name| name.ends_with(".zip"))
            .map(|name| {
                let file = std::fs::File::open(packs.join(name)).expect("a file");
                let mut archive = zip::ZipArchive::new(file).expect("a zip");
                let path = format!("{}/data/redaction/report.json", name.trim_end_matches(".zip"));
                let report: serde_json::Value =
                    serde_json::from_reader(archive.by_name(&path).expect("it")).expect("JSON");
                report["key_id"].as_str().expect("an id").to_owned()
            })
            .collect();
        assert!(ids.len() == 3 && ids.iter().all(|id| *id == ids[0]), "{ids:?}");
    }
}

/// A pack and its digest are replaced by `--force` where tieout wrote them; a file of the user's stays.
#[test]
fn force_replaces_only_packs_of_ours() {
    let folder = tempfile::tempdir().expect("a folder");
    let (out, packs) = (folder.path().join("run"), folder.path().join("packs"));
    audited(FOUND, &out);
    let pack = |arguments: &[&str]| run(tieout().arg("pack").arg(&out).arg("--out").arg(&packs).args(arguments));
    assert_eq!(pack(&[]).0, 0);
    assert_eq!(pack(&[]).0, 7);
    assert_eq!(pack(&["--force"]).0, 0);
    let ending = |end: &str| packs.join(names(&packs).into_iter().find(|name| name.ends_with(end)).expect("the file"));
    let mut other = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    other.start_file("bag-info.txt", zip::write::SimpleFileOptions::default()).expect("an entry");
    let other = other.finish().expect("an archive").into_inner();
    for (path, text) in
        [(ending(".zip"), b"my notes".to_vec()), (ending(".zip"), other), (ending(".sha256"), b"a note\n".to_vec())]
    {
        let whole = std::fs::read(&path).expect("a file");
        std::fs::write(&path, &text).expect("written");
        let before = tree(&packs);
        let (code, _, stderr) = pack(&["--force"]);
        let name = path.file_name().expect("a name").to_string_lossy().into_owned();
        assert!(code == 7 && stderr.contains(&name) && stderr.contains("was not written by tieout"), "{stderr}");
        assert!(tree(&packs) == before, "{name}: something was touched");
        std::fs::write(&path, whole).expect("written");
    }
    assert_eq!(pack(&["--force"]).0, 0);
}

/// What a killed pack left is removed by the next one; what another run is writing, and what is somebody's own, stays.
#[test]
fn unfinished_files_of_killed_packs_are_removed() {
    let folder = tempfile::tempdir().expect("a folder");
    let (out, packs) = (folder.path().join("run"), folder.path().join("packs"));
    audited(FOUND, &out);
    std::fs::create_dir(&packs).expect("a folder");
    for name in
        [".tieout-abc123.unfinished", ".tieout-Def456.unfinished", ".tieout-mine.unfinished", "notes.unfinished"]
    {
        std::fs::write(packs.join(name), "half of it").expect("written");
    }
    #[cfg(unix)]
    std::os::unix::fs::symlink("notes.unfinished", packs.join(".tieout-link00.unfinished")).expect("a link");
    let held = std::fs::File::open(packs.join(".tieout-Def456.unfinished")).expect("a file");
    held.lock().expect("locked");
    assert_eq!(run(tieout().arg("pack").arg(&out).arg("--out").arg(&packs)).0, 0);
    let mut left = names(&packs);
    left.retain(|name| name.contains("unfinished"));
    let wanted = [
        ".tieout-Def456.unfinished",
        #[cfg(unix)]
        ".tieout-link00.unfinished",
        ".tieout-mine.unfinished",
        "notes.unfinished",
    ];
    assert_eq!(left, wanted);
}

/// A run that was killed between its last two steps leaves an empty folder, which the next one removes.
#[test]
fn an_empty_folder_of_a_killed_run_is_removed() {
    let folder = tempfile::tempdir().expect("a folder");
    for name in [".run.unfinished-Abc123", ".run.unfinished-mine", ".run.unfinished-full00"] {
        let path = folder.path().join(name);
        std::fs::create_dir(&path).expect("a folder");
        #[cfg(unix)]
        std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o700)).expect("a mode");
    }
    std::fs::write(folder.path().join(".run.unfinished-full00/notes"), "mine").expect("written");
    audited(IN_SYNC, &folder.path().join("run"));
    assert_eq!(names(folder.path()), [".run.unfinished-full00", ".run.unfinished-mine", "run"]);
}
