//! The bag (BagIt 1.0, RFC 8493): its declaration, its digests, and that it contains exactly the files it lists.

use std::collections::{BTreeMap, BTreeSet};

use data_encoding::HEXLOWER;
use sha2::{Digest as _, Sha256};

use super::{Entry, changed, report};
use crate::diagnosis::DoctorCheck;

const PAYLOAD: &str = "manifest-sha256.txt";
const TAGS: &str = "tagmanifest-sha256.txt";

pub(super) fn check(entries: &[Entry], lines: &mut Vec<DoctorCheck>) {
    let files: BTreeMap<&str, &[u8]> = entries.iter().map(|entry| (entry.path.as_str(), &*entry.bytes)).collect();
    let mut faults = Vec::new();
    declaration(&files, &mut faults);
    let payload = digests(&files, PAYLOAD, &mut faults);
    let tags = digests(&files, TAGS, &mut faults);
    for path in files.keys() {
        let (listed, list) = if path.starts_with("data/") { (&payload, PAYLOAD) } else { (&tags, TAGS) };
        if *path != TAGS && !listed.contains(*path) {
            faults.push(changed(*path, format!("is not listed in {list}")));
        }
    }
    let found = format!("{} files, each as its digest says; nothing is missing and nothing was added", files.len());
    report(lines, "bag", &found, faults);
}

fn text<'a>(files: &BTreeMap<&str, &'a [u8]>, path: &str, faults: &mut Vec<DoctorCheck>) -> Option<&'a str> {
    let text = files.get(path).map(|bytes| std::str::from_utf8(bytes));
    match text {
        Some(Ok(text)) => Some(text),
        Some(Err(_)) => {
            faults.push(changed(path, "is not UTF-8"));
            None
        }
        None => {
            faults.push(changed(path, "is missing"));
            None
        }
    }
}

fn declaration(files: &BTreeMap<&str, &[u8]>, faults: &mut Vec<DoctorCheck>) {
    if text(files, "bagit.txt", faults)
        .is_some_and(|text| text != "BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n")
    {
        faults.push(changed("bagit.txt", "is not the declaration of a BagIt 1.0 bag in UTF-8"));
    }
    let Some(info) = text(files, "bag-info.txt", faults) else { return };
    let payload = || files.iter().filter(|(path, _)| path.starts_with("data/"));
    let octets: usize = payload().map(|(_, bytes)| bytes.len()).sum();
    let expected = format!("{octets}.{}", payload().count());
    let mut oxums = info.lines().filter_map(|line| line.strip_prefix("Payload-Oxum: "));
    let first = oxums.next();
    if oxums.next().is_some() {
        faults.push(changed("bag-info.txt", "says more than once how much the payload is"));
    }
    match first {
        Some(stated) if stated == expected => {}
        Some(stated) => {
            faults.push(changed("bag-info.txt", format!("says {stated} bytes and files, and there are {expected}")));
        }
        None => faults.push(changed("bag-info.txt", "does not say how much the payload is")),
    }
}

/// Checks one list of digests; returns the paths it lists.
fn digests<'a>(files: &BTreeMap<&str, &'a [u8]>, list: &str, faults: &mut Vec<DoctorCheck>) -> BTreeSet<&'a str> {
    let mut listed = BTreeSet::new();
    for (line, number) in text(files, list, faults).unwrap_or("").lines().zip(1..) {
        let Some((digest, path)) = line.split_once("  ") else {
            faults.push(changed(list, format!("line {number}: is not a digest and a path")));
            continue;
        };
        if path.starts_with("data/") != (list == PAYLOAD) || path == TAGS {
            faults.push(changed(list, format!("line {number}: lists {path}, which does not belong there")));
        }
        if !listed.insert(path) {
            // Not digested again: a list can repeat one large file any number of times.
            faults.push(changed(list, format!("line {number}: lists {path} again")));
            continue;
        }
        match files.get(path) {
            None => faults.push(changed(path, format!("is listed in {list} and is missing"))),
            Some(bytes) if HEXLOWER.encode(&Sha256::digest(bytes)) != digest => {
                faults.push(changed(path, format!("was changed: its digest is not the one in {list}")));
            }
            Some(_) => {}
        }
    }
    listed
}
