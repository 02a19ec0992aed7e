//! What can go wrong while outputs are written, against every command that writes some: a disk that is full at any byte, a
//! disk that is full at any page, a folder that cannot be written, another run in the same place, a signal at any moment.
//!
//! Whatever it is, under a final name stands what stood there before or the whole of what was asked for; nobody else's file
//! is touched; nothing panics; and the exit code says what happened.

#![cfg(target_os = "linux")]

use std::collections::{BTreeMap, BTreeSet};
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use fastrand::Rng;

use crate::cli::{audit_into, run, tieout};
use crate::extract::folder;
use crate::fake_org::{Server, generated};
use crate::owned_outputs::{is_whole, tree};
use crate::sample_folder;

/// What of a folder counts: every file with its bytes.
type Tree = BTreeMap<String, Vec<u8>>;

/// One command that writes, in a place of its own: `place/out` is what it writes, beside a file of somebody else.
struct Row {
    name: &'static str,
    place: tempfile::TempDir,
    arguments: Vec<String>,
    environment: Vec<(&'static str, String)>,
    /// What stands at `place/out` before; nothing where the command makes it.
    previous: Option<PathBuf>,
    /// What stands there afterwards, without a fault.
    whole: Tree,
    /// What is left beside it for the next run when it fails, by how the name begins.
    keeps: &'static [&'static str],
    /// How long it takes without a fault.
    takes: Duration,
    /// Where its input comes from.
    _source: Source,
}

/// What a row needs as long as it lives.
struct Source {
    _server: Option<Server>,
    _folder: Option<tempfile::TempDir>,
}

const FOREIGN: (&str, &str) = ("notes.txt", "mine");

impl Row {
    fn new(
        name: &'static str,
        arguments: impl Fn(&Path) -> Vec<String>,
        environment: Vec<(&'static str, String)>,
        previous: Option<PathBuf>,
        keeps: &'static [&'static str],
        source: Source,
    ) -> Self {
        let place = folder();
        let arguments = arguments(&place.path().join("out"));
        let whole = Tree::new();
        let takes = Duration::ZERO;
        let mut row = Self { name, place, arguments, environment, previous, whole, keeps, takes, _source: source };
        row.restore();
        let start = Instant::now();
        let (code, _, stderr) = run(&mut row.command());
        assert_eq!(code, 0, "{name}: {stderr}");
        row.takes = start.elapsed();
        row.whole = row.standing().expect("an output");
        assert!(row.previous.as_deref().is_none_or(|previous| tree(previous) != row.whole), "{name} changes nothing");
        row
    }

    fn command(&self) -> Command {
        let mut command = tieout();
        command.args(&self.arguments).envs(self.environment.iter().map(|(name, value)| (name, value)));
        command
    }

    /// The command behind another program, which is handed it as its last arguments.
    fn behind(&self, program: &str, arguments: &[&str]) -> Command {
        let mut command = Command::new(program);
        command.args(arguments).arg(env!("CARGO_BIN_EXE_tieout")).args(&self.arguments);
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        command
    }

    fn out(&self) -> PathBuf {
        self.place.path().join("out")
    }

    /// Makes everything as it was before.
    fn restore(&self) {
        for entry in std::fs::read_dir(self.place.path()).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() { std::fs::remove_dir_all(path) } else { std::fs::remove_file(path) }.expect("removed");
        }
        std::fs::write(self.place.path().join(FOREIGN.0), FOREIGN.1).expect("written");
        if let Some(previous) = &self.previous {
            let copied = Command::new("cp").arg("-a").arg(previous).arg(self.out()).status().expect("cp runs");
            assert!(copied.success());
        }
    }

    /// What stands under the final name; of an extraction without the log of how it went.
    fn standing(&self) -> Option<Tree> {
        let out = self.out();
        out.symlink_metadata().ok()?;
        let mut tree = tree(&out);
        tree.remove("requests.jsonl");
        Some(tree)
    }

    /// Whether what stands there is whole, the former or the new one; the rest must be as it was. Files made again one by
    /// one, of which a kill left some, are each the former or the new one, beside what the next start finishes them with.
    fn check(&self, what: &str, was_killed: bool) -> bool {
        let name = self.name;
        let mut standing = self.standing();
        let previous = self.previous.as_deref().map(tree);
        let mut may_be_mixed = false;
        if let Some(standing) = standing.as_mut().filter(|_| was_killed) {
            let before = standing.len();
            standing.retain(|file, _| !file.starts_with(".tieout.unfinished-"));
            may_be_mixed = standing.len() < before;
        }
        let is_new = standing.as_ref() == Some(&self.whole);
        let is_former = standing == previous;
        let is_mixed = || {
            let (Some(standing), Some(previous)) = (&standing, &previous) else { return false };
            let of = |tree: &Tree, file: &str, bytes: &Vec<u8>| tree.get(file) == Some(bytes);
            standing.len() == previous.len()
                && standing.iter().all(|(file, bytes)| of(previous, file, bytes) || of(&self.whole, file, bytes))
        };
        assert!(
            is_new || is_former || may_be_mixed && is_mixed(),
            "{name}, {what}: partial: {:?}",
            standing.map(|tree| tree.into_keys())
        );
        assert_eq!(std::fs::read_to_string(self.place.path().join(FOREIGN.0)).expect("text"), FOREIGN.1);
        let mut names: BTreeSet<String> = std::fs::read_dir(self.place.path())
            .expect("a folder")
            .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
            .collect();
        names.remove("out");
        names.remove(FOREIGN.0);
        names.retain(|left| !self.keeps.iter().any(|kept| left.starts_with(kept)));
        if was_killed {
            names.retain(|left| !left.starts_with(".out."));
        }
        assert!(names.is_empty(), "{name}, {what}: left behind: {names:?}");
        is_new
    }

    /// Runs a command that a fault may meet: either it does all, or it ends with this code and has done nothing.
    fn fails_with(&self, what: &str, mut command: Command, code: i32) -> bool {
        let Output { status, stderr, .. } = command.output().expect("it runs");
        let stderr = String::from_utf8_lossy(&stderr);
        let name = self.name;
        assert!(!stderr.contains("panicked") && !stderr.contains("ZipWriter"), "{name}, {what}: {stderr}");
        let is_new = self.check(what, false);
        if is_new {
            assert_eq!(status.code(), Some(0), "{name}, {what}: {stderr}");
        } else {
            assert_eq!(status.code(), Some(code), "{name}, {what}: {stderr}");
            assert!(stderr.contains("error: ") && stderr.contains("\n  next: "), "{name}, {what}: {stderr}");
        }
        !is_new
    }

    /// Runs it to its end where nothing is wrong any more: what a failed one left is used or removed.
    fn recovers(&self, what: &str) {
        // A run that stands whole is not replaced unasked.
        if !(self.previous.is_none() && self.standing().is_some()) {
            let (code, _, stderr) = run(&mut self.command());
            assert_eq!(code, 0, "{}, {what}: {stderr}", self.name);
        }
        assert!(self.check(what, false), "{}, {what}: not made", self.name);
        let names: Vec<String> = std::fs::read_dir(self.place.path())
            .expect("a folder")
            .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
            .filter(|left| left.starts_with('.') && !left.ends_with(".lock"))
            .collect();
        assert!(names.is_empty(), "{}, {what}: left behind: {names:?}", self.name);
    }
}

fn audit(sample: &str, out: &Path, more: &[&str]) -> Vec<String> {
    let configuration = sample_folder(sample).join("tieout.toml");
    let arguments = ["audit", "--exit-zero", "--no-previous", "--quiet", "-c"];
    let mut all: Vec<String> = arguments.map(str::to_owned).to_vec();
    all.extend([configuration.display().to_string(), "--out".to_owned(), out.display().to_string()]);
    all.extend(more.iter().map(|&argument| argument.to_owned()));
    all
}

/// A finished run, in a folder that lives as long as the row.
fn finished(sample: &str) -> (tempfile::TempDir, PathBuf) {
    let folder = folder();
    let out = folder.path().join("out");
    audit_into(&sample_folder(sample).join("tieout.toml"), &out, &["--no-previous"]);
    assert!(is_whole(&out));
    (folder, out)
}

/// The commands that write a folder.
fn rows() -> Vec<Row> {
    let words = |words: &[&str]| -> Vec<String> { words.iter().map(|&word| word.to_owned()).collect() };
    let nothing = || Source { _server: None, _folder: None };
    let (kept, previous) = finished("links-crossed");
    let forced = |out: &Path| audit("in-sync", out, &["--force"]);
    let replaced =
        Row::new("audit --force", forced, vec![], Some(previous), &[], Source { _server: None, _folder: Some(kept) });

    let (kept, previous) = finished("links-crossed");
    let again = |out: &Path| words(&["report", &out.display().to_string(), "--show-names"]);
    let report = Row::new("report", again, vec![], Some(previous), &[], Source { _server: None, _folder: Some(kept) });

    let mut org = generated::org(120, 5);
    org.now = Some(1_795_500_000);
    let server = Server::start(org);
    let folder = folder();
    let configuration = folder.path().join("tieout.toml");
    std::fs::write(&configuration, format!("[salesforce]\ninstance_url = \"{}\"\n", server.url())).expect("written");
    let environment = vec![("SF_ACCESS_TOKEN", server.with(|org| org.access_token.clone()))];
    let extraction = |out: &Path| {
        let (configuration, out) = (configuration.display().to_string(), out.display().to_string());
        words(&["extract", "--quiet", "--api", "rest", "-c", &configuration, "--out", &out])
    };
    // What was read is kept for the next one, and so is the file of the lock, which is nobody's then.
    let keeps: &[&str] = &[".out.unfinished", ".out.lock"];
    let source = Source { _server: Some(server), _folder: Some(folder) };
    let extract = Row::new("extract", extraction, environment, None, keeps, source);
    let new = Row::new("audit", |out| audit("links-crossed", out, &[]), vec![], None, &[], nothing());
    vec![new, replaced, report, extract]
}

/// Every file in which the n-th byte cannot be written: at both sides of each file's length, and at random.
#[test]
fn a_disk_that_is_full_at_the_nth_byte() {
    let mut rng = Rng::with_seed(19);
    for row in rows() {
        let lengths: BTreeSet<u64> = row.whole.values().map(|bytes| bytes.len() as u64).collect();
        let most = lengths.last().copied().unwrap_or_default();
        let mut bytes: BTreeSet<u64> = lengths.iter().flat_map(|&length| [length.saturating_sub(1), length]).collect();
        bytes.extend((0..20).map(|_| rng.u64(0..most)));
        bytes.insert(0);
        let mut failed = 0;
        for at in bytes {
            row.restore();
            // With the signal ignored, a write beyond the limit fails as one on a full disk does.
            let limited = format!("trap '' XFSZ; exec prlimit --fsize={at} -- \"$@\"");
            let is_refused = row.fails_with(&format!("byte {at}"), row.behind("bash", &["-c", &limited, "bash"]), 7);
            failed += usize::from(is_refused);
            if is_refused && failed % 10 == 1 {
                row.recovers(&format!("after byte {at}"));
            }
        }
        assert!(failed >= 20, "{}: {failed} failures are too few to say anything", row.name);
    }
}

/// The command where the shell has mounted a file system for it alone; nothing where that is not allowed, which `.ci/run` says. `P` is the place,
/// `S` a folder elsewhere.
fn mounted(row: &Row, scratch: &Path, script: &str) -> Option<Command> {
    let allowed = Command::new("unshare").args(["--mount", "sh", "-c", "mount -t tmpfs tmpfs /mnt"]).output();
    if !allowed.is_ok_and(|output| output.status.success()) {
        return None;
    }
    let mut command = row.behind("unshare", &["--mount", "sh", "-e", "-c", script, "sh"]);
    command.env("P", row.place.path()).env("S", scratch);
    Some(command)
}

/// Mounts a disk of so many bytes over the place, and puts what is on it afterwards into the place itself.
const SMALL_DISK: &str = r#"
    cp -a "$P" "$S/before"
    mount -t tmpfs -o "size=$SIZE,mode=700" tmpfs "$P"
    cp -a "$S/before/." "$P"
    set +e; "$@"; code=$?; set -e
    cp -a "$P" "$S/after"
    umount "$P"
    find "$P" -mindepth 1 -delete
    cp -a "$S/after/." "$P"
    rm -r "$S/before" "$S/after"
    exit $code"#;

const READ_ONLY: &str = r#"mount --bind "$P" "$P"; mount -o remount,ro,bind "$P"; exec "$@""#;

/// The pages of a file system that holds nothing but this.
fn pages(tree: &Tree) -> usize {
    tree.values().map(|bytes| bytes.len().div_ceil(4_096) + 1).sum()
}

/// A small disk of a run's own, which is full at each of the pages that the run writes, in turn.
#[test]
fn a_disk_that_is_full_at_any_page() {
    let scratch = folder();
    for row in rows() {
        let used = row.previous.as_deref().map_or(0, |previous| pages(&tree(previous)));
        let most = 2 * pages(&row.whole) + 16;
        let mut failed = 0;
        for free in (1..most).step_by(most.div_ceil(40)) {
            row.restore();
            let Some(mut command) = mounted(&row, scratch.path(), SMALL_DISK) else { return };
            command.env("SIZE", ((used + free + 4) * 4_096).to_string());
            failed += usize::from(row.fails_with(&format!("{free} pages"), command, 7));
        }
        row.recovers("after the last page");
        assert!(failed >= 8, "{}: {failed} failures are too few to say anything", row.name);
    }
}

#[test]
fn a_folder_that_cannot_be_written() {
    let scratch = folder();
    for row in rows() {
        row.restore();
        let Some(command) = mounted(&row, scratch.path(), READ_ONLY) else { return };
        let before = tree(row.place.path());
        assert!(row.fails_with("read-only", command, 7), "{}", row.name);
        assert!(tree(row.place.path()) == before, "{}", row.name);
        row.recovers("after read-only");
    }
}

/// Of two that begin at once, at least one does its work; the other is told to wait, or finds the work done.
#[test]
fn two_at_once() {
    let mut rng = Rng::with_seed(20);
    for row in rows() {
        for turn in 0..10 {
            row.restore();
            let start = || row.command().stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("it runs");
            let one = start();
            std::thread::sleep(row.takes.mul_f64(0.5 * rng.f64()));
            let ended = [one, start()].map(|child| child.wait_with_output().expect("it ends"));
            let codes = ended.each_ref().map(|output| output.status.code());
            let output = ended.each_ref().map(|output| String::from_utf8_lossy(&output.stderr).into_owned());
            assert!(codes.contains(&Some(0)), "{}: {codes:?} {output:?}", row.name);
            assert!(codes.iter().all(|code| matches!(code, Some(0 | 7))), "{}: {codes:?} {output:?}", row.name);
            let refused = output.iter().filter(|output| !output.is_empty());
            for output in refused {
                let is_told =
                    output.contains("another run of tieout is writing here") || output.contains("exists already");
                assert!(is_told, "{}: {output}", row.name);
            }
            assert!(row.check(&format!("turn {turn}"), false));
        }
    }
}

/// How many signals each command gets.
const SIGNALS: usize = 200;

/// A signal at a random moment: of those that can be caught, an interrupt that leaves nothing; of the one that cannot,
/// something that the next run clears away.
#[test]
fn a_signal_at_any_moment() {
    let mut rng = Rng::with_seed(21);
    for mut row in rows() {
        let (mut interrupted, mut killed) = (0, 0);
        for number in 0..SIGNALS {
            row.restore();
            let (name, signal) = [("-INT", 2), ("-TERM", 15), ("-HUP", 1), ("-KILL", 9)][number % 4];
            let start = Instant::now();
            let after = row.takes.mul_f64(if rng.bool() { rng.f64() } else { 0.7 + 0.35 * rng.f64() });
            let child = row.command().stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("it runs");
            std::thread::sleep(after.saturating_sub(start.elapsed()));
            let _ = Command::new("kill").args([name, &child.id().to_string()]).stderr(Stdio::null()).status();
            let Output { status, stderr, .. } = child.wait_with_output().expect("it ends");
            let stderr = String::from_utf8_lossy(&stderr);
            let what = format!("signal {number} {name}");
            assert!(!stderr.contains("panicked"), "{}, {what}: {stderr}", row.name);
            let is_new = row.check(&what, signal == 9);
            match (status.code(), status.signal()) {
                (Some(0), None) => {
                    assert!(is_new, "{}, {what}: ended without its output", row.name);
                    // It ended before the signal came.
                    row.takes = (row.takes + start.elapsed()) / 2;
                }
                (Some(130), None) if signal != 9 => interrupted += 1,
                // Before the program has taken over the signal.
                (None, Some(by)) if by == signal => killed += 1,
                other => panic!("{}, {what}: {other:?}: {stderr}", row.name),
            }
            if number % 12 == 3 {
                row.recovers(&what);
            }
        }
        let few = format!("{}: {interrupted} interrupts and {killed} kills are too few to say anything", row.name);
        assert!(interrupted > SIGNALS / 5 && killed > SIGNALS / 10, "{few}");
    }
}
