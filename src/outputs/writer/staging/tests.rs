//! Leftovers of a killed run are finished or reverted, with and without a file system that can exchange names.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

use super::*;

const NAMES: &[&str] = &["report.json", "page.html", "ledger/rows.csv"];

struct Scratch {
    _folder: tempfile::TempDir,
    parent: PathBuf,
    target: PathBuf,
}

impl Scratch {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let parent = folder.path().canonicalize().expect("a folder");
        Self { target: parent.join("run"), parent, _folder: folder }
    }

    fn staging(&self) -> Staging {
        Staging::next_to(&self.parent, "run".as_ref()).expect("a folder")
    }

    fn hidden(&self) -> usize {
        let names =
            std::fs::read_dir(&self.parent).expect("a folder").map(|entry| entry.expect("an entry").file_name());
        names.filter(|name| name.to_string_lossy().contains("unfinished")).count()
    }
}

/// A complete run whose files contain `word`.
fn write(folder: &Path, word: &str) -> Sums {
    std::fs::create_dir_all(folder.join("ledger")).expect("a folder");
    let mut sums = BTreeMap::new();
    for name in NAMES {
        let text = format!("{{\"tool\":{{\"name\":\"tieout\"}},\"word\":\"{word}\"}}");
        std::fs::write(folder.join(name), &text).expect("written");
        sums.insert((*name).to_owned(), data_encoding::HEXLOWER.encode(&Sha256::digest(&text)));
    }
    std::fs::write(folder.join(DIGESTS), owned::list(&sums)).expect("written");
    sums
}

fn assert_whole(folder: &Path, word: &str) {
    owned::check(folder, NAMES).expect("whole");
    for name in NAMES {
        assert!(std::fs::read_to_string(folder.join(name)).expect("a file").contains(word), "{name}");
    }
}

fn no_exchange(_: &Path, _: &Path) -> std::io::Result<()> {
    Err(std::io::ErrorKind::Unsupported.into())
}

#[test]
fn a_run_is_replaced_with_and_without_an_exchange() {
    for exchange in [exchange, no_exchange] {
        let place = Scratch::new();
        write(&place.target, "former");
        let mut staging = place.staging();
        write(&staging.run(), "later");
        staging.replace_by(exchange, &place.target, NAMES).expect("replaced");
        drop(staging);
        assert_whole(&place.target, "later");
        assert_eq!(place.hidden(), 0);

        // Foreign files added meanwhile are never removed.
        let mut staging = place.staging();
        write(&staging.run(), "latest");
        std::fs::write(place.target.join("mine.txt"), "a note").expect("written");
        let refused = staging.replace_by(exchange, &place.target, NAMES).expect_err("something came in");
        assert!(matches!(refused, Replacing::Refused(why) if why.contains("mine.txt")));
        drop(staging);
        assert_eq!(std::fs::read_to_string(place.target.join("mine.txt")).expect("a file"), "a note");
        std::fs::remove_file(place.target.join("mine.txt")).expect("removed");
        assert_whole(&place.target, "later");
        assert_eq!(place.hidden(), 0);
    }
}

/// A kill at each step of a replacement without an exchange, as found by the next start.
#[test]
fn the_next_start_takes_back_what_was_moved_away() {
    let place = Scratch::new();
    let killed = |previous: bool, target: bool, new: bool| {
        let mut staging = place.staging();
        staging.kept = true;
        for (there, folder, word) in [
            (previous, staging.path.join(PREVIOUS), "former"),
            (target, place.target.clone(), if previous { "later" } else { "former" }),
            (new, staging.run(), "later"),
        ] {
            let _ = std::fs::remove_dir_all(&folder);
            if there {
                write(&folder, word);
            }
        }
        drop(staging);
        clean(&place.target, NAMES).expect("cleaned");
        assert_eq!(place.hidden(), 0);
    };
    killed(false, true, true);
    assert_whole(&place.target, "former");
    killed(true, false, true);
    assert_whole(&place.target, "former");
    killed(true, true, false);
    assert_whole(&place.target, "later");
}

#[test]
fn what_a_killed_run_left_is_removed_only_where_it_is_ours() {
    let place = Scratch::new();
    let name = |what: &str| place.parent.join(format!(".run.unfinished-{what}"));
    // Half-written, with and without its list of digests.
    let mut staging = place.staging();
    staging.kept = true;
    write(&staging.run(), "half");
    std::fs::remove_file(staging.run().join(DIGESTS)).expect("removed");
    drop(staging);
    // Foreign: no marker, a marker for another target, a link, an additional file.
    for (what, marker) in [("foreign", None), ("other", Some("other")), ("notes", Some("run")), ("nested", Some("run"))]
    {
        private_folder(&name(what)).expect("a folder");
        write(&name(what).join(NEW), "foreign");
        if let Some(marker) = marker {
            std::fs::write(name(what).join(MARKER), mark(marker.as_ref())).expect("written");
        }
    }
    std::fs::write(name("notes").join("mine.txt"), "a note").expect("written");
    std::fs::write(name("nested").join(NEW).join("page.html"), "changed").expect("written");
    #[cfg(unix)]
    {
        let elsewhere = place.parent.join("elsewhere");
        private_folder(&elsewhere).expect("a folder");
        write(&elsewhere.join(NEW), "elsewhere");
        std::fs::write(elsewhere.join(MARKER), mark("run".as_ref())).expect("written");
        std::os::unix::fs::symlink(&elsewhere, name("link")).expect("a link");
    }
    let before = place.hidden();
    clean(&place.target, NAMES).expect("cleaned");
    assert_eq!(place.hidden(), before - 1, "only what is ours");
    for what in ["foreign", "other", "notes", "nested"] {
        assert!(name(what).join(NEW).join("report.json").is_file(), "{what}");
    }
    #[cfg(unix)]
    assert_whole(&place.parent.join("elsewhere").join(NEW), "elsewhere");
}

/// A kill before, at and within the step that replaces rendered files.
#[test]
fn files_made_again_are_finished_or_taken_back() {
    for applied in [None, Some(0), Some(1), Some(2), Some(3)] {
        let place = Scratch::new();
        write(&place.target, "former");
        let mut staging = Staging::inside(&place.target).expect("a folder");
        staging.kept = true;
        std::fs::create_dir(staging.path.join("ledger")).expect("a folder");
        let sums = write(&staging.path, "later");
        if applied.is_none() {
            std::fs::remove_file(staging.path.join(DIGESTS)).expect("removed");
            std::fs::remove_file(staging.path.join("page.html")).expect("removed");
        }
        for name in NAMES.iter().take(applied.unwrap_or(0)) {
            std::fs::rename(staging.path.join(name), place.target.join(name)).expect("renamed");
        }
        // The staged files have no such folder.
        let rows = staging.path.join("ledger/rows.csv");
        if rows.exists() {
            std::fs::rename(rows, place.target.join("ledger/rows.csv")).expect("renamed");
        }
        std::fs::remove_dir(staging.path.join("ledger")).expect("removed");
        drop(staging);
        if applied.is_none() {
            write(&place.target, "former");
        }
        clean(&place.target, NAMES).expect("cleaned");
        assert_whole(&place.target, if applied.is_some() { "later" } else { "former" });
        assert_eq!(owned::sums(&place.target).expect("a list") == Some(sums), applied.is_some());
    }
}

/// A user's change to a file between the kill and the next start is kept.
#[test]
fn finishing_replaces_nothing_that_was_changed_meanwhile() {
    let place = Scratch::new();
    let previous = write(&place.target, "former");
    let mut staging = Staging::inside(&place.target).expect("a folder");
    staging.kept = true;
    for name in ["report.json", "page.html"] {
        std::fs::write(staging.path.join(name), "later").expect("written");
    }
    let mut sums = previous.clone();
    for name in ["report.json", "page.html"] {
        sums.insert(name.to_owned(), data_encoding::HEXLOWER.encode(&Sha256::digest("later")));
    }
    std::fs::write(staging.path.join(DIGESTS), owned::list(&sums)).expect("written");
    drop(staging);
    std::fs::write(place.target.join("page.html"), "an analyst's hours").expect("written");
    clean(&place.target, NAMES).expect("cleaned");
    let text = |name: &str| std::fs::read_to_string(place.target.join(name)).expect("a file");
    assert_eq!((text("report.json").as_str(), text("page.html").as_str()), ("later", "an analyst's hours"));
    let sums = owned::sums(&place.target).expect("readable").expect("a list");
    assert_eq!(sums["page.html"], previous["page.html"], "it counts as changed");
    assert_eq!(std::fs::read_dir(&place.target).expect("a folder").count(), 4, "nothing is left beside them");
}
