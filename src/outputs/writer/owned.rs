//! Recognizes tieout's own files in a folder: those in its list of digests that nobody has changed since. Nothing
//! else is ever replaced or removed.
//!
//! Must not know: the content of the files.

#![expect(clippy::disallowed_methods, reason = "this file decides what of a folder may be removed")]

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read as _;
use std::path::Path;

use sha2::{Digest as _, Sha256};

use super::DIGESTS;
use crate::files;

/// Names of the files that a command writes into a folder, as relative paths with `/`.
pub type Names = &'static [&'static str];

/// Name and SHA-256 of files, as `sha256sum` lists them.
pub type Sums = BTreeMap<String, String>;

/// Maximum bytes of a list of digests; tieout's have about a thousand.
const MAX_LIST: u64 = 1 << 20;
/// Maximum bytes of `report.json` that are parsed to see which tool wrote it.
const MAX_REPORT: u64 = 1 << 28;
/// Files that every run has, whatever its options; a folder without them is not from tieout.
const ALWAYS: [&str; 3] = ["report.json", "report.html", "workbook.xlsx"];
/// Maximum foreign files named in a message.
const MAX_NAMED: usize = 5;

/// The content of a list of digests.
pub(super) fn list(sums: &Sums) -> String {
    sums.iter().map(|(name, digest)| format!("{digest}  {name}\n")).collect()
}

/// The list of digests in a folder. `None` if there is none.
pub(super) fn sums(folder: &Path) -> std::io::Result<Option<Sums>> {
    let path = folder.join(DIGESTS);
    match path.symlink_metadata() {
        Ok(metadata) if metadata.is_file() => {}
        Ok(_) => return Err(std::io::Error::new(std::io::ErrorKind::InvalidInput, "is not a regular file")),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    }
    Ok(Some(listed(&files::read_text(&path, MAX_LIST)?)))
}

/// The digest of each file by name, from a list of digests.
#[must_use]
pub fn listed(list: &str) -> Sums {
    let lines = list.lines().filter_map(|line| line.split_once("  "));
    lines.map(|(digest, name)| (name.to_owned(), digest.to_owned())).collect()
}

/// The SHA-256 of a regular file. `None` if it is a link or something else, or does not exist.
pub(super) fn digest(path: &Path) -> std::io::Result<Option<String>> {
    match path.symlink_metadata() {
        Ok(metadata) if metadata.is_file() => {}
        Ok(_) => return Ok(None),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    }
    let mut file = files::open(path)?;
    let (mut digest, mut buffer) = (Sha256::new(), vec![0; 1 << 16]);
    loop {
        match file.read(&mut buffer) {
            Ok(0) => return Ok(Some(data_encoding::HEXLOWER.encode(&digest.finalize()))),
            Ok(read) => digest.update(&buffer[..read]),
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

/// Whether a folder is a complete and unchanged previous run, so that it may be replaced: a list of digests in tieout's
/// format, a report of tieout, each file that every run has, each file of the list, and nothing else.
///
/// # Errors
/// Why it may not, as the rest of a sentence about the folder.
pub(super) fn check(folder: &Path, names: Names) -> Result<(), String> {
    let cannot = |error: std::io::Error| format!("cannot be read: {error}");
    let no_run =
        |why: &str| format!("is not a former run of tieout ({why}), so it is not replaced, not even with --force");
    let metadata = folder.symlink_metadata().map_err(cannot)?;
    if metadata.is_symlink() {
        return Err(no_run("it is a link"));
    }
    if !metadata.is_dir() {
        return Err(no_run("it is not a folder"));
    }
    let Some(sums) = sums(folder).map_err(|error| no_run(&format!("its {DIGESTS} {error}")))? else {
        return Err(no_run(&format!("it has no {DIGESTS}")));
    };
    if !sums.contains_key("report.json") || !is_report(&folder.join("report.json")) {
        return Err(no_run("it has no report.json of tieout"));
    }
    if let Some(absent) = ALWAYS.iter().find(|name| names.contains(name) && !sums.contains_key(**name)) {
        return Err(no_run(&format!("its {DIGESTS} does not list {absent}")));
    }
    let mut foreign = foreign(folder, names, Some(&sums)).map_err(cannot)?;
    let missing = sums.keys().filter(|name| folder.join(name).symlink_metadata().is_err());
    foreign.extend(missing.map(|name| format!("{name} (missing)")));
    if foreign.is_empty() {
        let text = files::read_text(&folder.join(DIGESTS), MAX_LIST).map_err(cannot)?;
        return if text == list(&sums) {
            Ok(())
        } else {
            Err(no_run(&format!("its {DIGESTS} is not as tieout writes it")))
        };
    }
    let named: Vec<&str> = foreign.iter().take(MAX_NAMED).map(String::as_str).collect();
    let more = match foreign.len() - named.len() {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    Err(format!(
        "holds what tieout did not write, or what was changed or removed since: {}{more}; it is not replaced, not even with --force",
        named.join(", ")
    ))
}

/// Content of a folder other than the named regular files; with a list of digests, also files that it does not name or
/// that were changed since.
pub(super) fn foreign(folder: &Path, names: Names, sums: Option<&Sums>) -> std::io::Result<Vec<String>> {
    let mut foreign = Vec::new();
    let folders = folders(names);
    let mut open = vec![(folder.to_owned(), String::new())];
    while let Some((path, prefix)) = open.pop() {
        for entry in std::fs::read_dir(&path)? {
            let entry = entry?;
            let kind = entry.file_type()?;
            let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
            if kind.is_dir() && folders.contains(name.as_str()) {
                open.push((entry.path(), format!("{name}/")));
            } else if kind.is_dir() {
                foreign.push(format!("{name}/"));
            } else if kind.is_symlink() {
                foreign.push(format!("{name} (a link)"));
            } else if !kind.is_file() || name != DIGESTS && !names.contains(&name.as_str()) {
                foreign.push(name);
            } else if let Some(sums) = sums.filter(|_| name != DIGESTS) {
                match sums.get(&name) {
                    None => foreign.push(name),
                    Some(known) if digest(&entry.path())?.as_ref() != Some(known) => {
                        foreign.push(format!("{name} (changed)"));
                    }
                    Some(_) => {}
                }
            }
        }
    }
    foreign.sort_unstable();
    Ok(foreign)
}

/// The folders that contain named files.
fn folders(names: Names) -> BTreeSet<&'static str> {
    names.iter().filter_map(|name| Some(name.rsplit_once('/')?.0)).collect()
}

/// Removes the named files of a folder, its list of digests last, and the folder. Any other file stays, and then so
/// does the folder.
pub(super) fn remove(folder: &Path, names: Names) -> std::io::Result<()> {
    let deleted = |result: std::io::Result<()>| match result {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    };
    for name in names {
        deleted(std::fs::remove_file(folder.join(name)))?;
    }
    for inner in folders(names) {
        deleted(std::fs::remove_dir(folder.join(inner)))?;
    }
    deleted(std::fs::remove_file(folder.join(DIGESTS)))?;
    deleted(std::fs::remove_dir(folder))
}

/// Whether a file is a report that tieout wrote.
fn is_report(path: &Path) -> bool {
    #[derive(serde::Deserialize)]
    struct Tool {
        name: String,
    }
    #[derive(serde::Deserialize)]
    struct Report {
        tool: Tool,
    }
    files::read(path, MAX_REPORT)
        .ok()
        .and_then(|bytes| serde_json::from_slice::<Report>(&bytes).ok())
        .is_some_and(|report| report.tool.name == "tieout")
}
