//! Each check is seen to fail, and a pack with a changed byte never passes.

use std::io::{Cursor, Read as _, Write as _};

use proptest::prelude::*;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use zip::write::SimpleFileOptions;

use super::{Known, archive, schema, verify};
use crate::diagnosis::{Diagnosis, State};

const TOP: &str = "docebo-evidence_acme_x_2026-11-20_R-1";

/// A small pack, file by file, before its lists are made.
fn payload() -> Vec<(String, Vec<u8>)> {
    let schema = json!({"type": "object", "required": ["key"], "properties": {"key": {"type": "string"}}});
    let files = [
        (
            "data/findings/findings.csv",
            "key,found\nF-1,none\nF-2,p_0123456789ABCDEF\n".to_owned(),
            Some(2),
            "pseudonymous",
            None,
        ),
        (
            "data/findings/findings.jsonl",
            "{\"key\":\"F-1\"}\n{\"key\":\"F-2\"}\n".to_owned(),
            Some(2),
            "pseudonymous",
            Some("data/schema/finding.schema.json"),
        ),
        ("data/examples/examples.csv", "key,evidence\nF-1,x\n".to_owned(), Some(1), "personal", None),
        ("data/timeline/per-day.svg", "<svg role=\"img\"><path d=\"M0 0\"/></svg>\n".to_owned(), None, "none", None),
        ("data/schema/finding.schema.json", schema.to_string(), None, "none", None),
        ("data/redaction/report.json", json!({"raw": {"consent": "Ada, to find it"}}).to_string(), None, "none", None),
    ];
    let mut described: Vec<Value> = files
        .iter()
        .map(|(path, _, rows, class, schema)| json!({"path": path, "purpose": "", "rows": rows, "class": class, "schema": schema}))
        .collect();
    described.push(json!({"path": "data/manifest.json", "purpose": "", "rows": null, "class": "none"}));
    let mut all: Vec<(String, Vec<u8>)> =
        files.into_iter().map(|(path, text, ..)| (path.to_owned(), text.into_bytes())).collect();
    all.push(("data/manifest.json".to_owned(), json!({"version": 1, "files": described}).to_string().into_bytes()));
    all.push(("ticket.txt".to_owned(), b"Salesforce integration\n\nContact: Ada <ada@example.com>\n".to_vec()));
    all.push(("ticket.md".to_owned(), b"# Salesforce integration\n".to_vec()));
    all.push(("README.txt".to_owned(), b"Evidence\n".to_vec()));
    all
}

/// Adds the lists that make files a bag.
fn bagged(mut files: Vec<(String, Vec<u8>)>) -> Vec<(String, Vec<u8>)> {
    let data = || files.iter().filter(|(path, _)| path.starts_with("data/"));
    let oxum = format!("Payload-Oxum: {}.{}\n", data().map(|(_, bytes)| bytes.len()).sum::<usize>(), data().count());
    files.push(("bagit.txt".to_owned(), b"BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n".to_vec()));
    files.push(("bag-info.txt".to_owned(), oxum.into_bytes()));
    let list = |files: &[(String, Vec<u8>)], data: bool| -> Vec<u8> {
        let line = |(path, bytes): &(String, Vec<u8>)| {
            format!("{}  {path}\n", data_encoding::HEXLOWER.encode(&Sha256::digest(bytes)))
        };
        files.iter().filter(|(path, _)| path.starts_with("data/") == data).map(line).collect::<String>().into_bytes()
    };
    files.push(("manifest-sha256.txt".to_owned(), list(&files, true)));
    files.push(("tagmanifest-sha256.txt".to_owned(), list(&files, false)));
    files
}

fn zipped(files: &[(String, Vec<u8>)]) -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (path, bytes) in files {
        let options = SimpleFileOptions::default().unix_permissions(0o644);
        zip.start_file(format!("{TOP}/{path}"), options).expect("an entry");
        zip.write_all(bytes).expect("bytes");
    }
    zip.finish().expect("an archive").into_inner()
}

fn failed(diagnosis: &Diagnosis) -> Vec<String> {
    let lines = diagnosis.checks.iter().filter(|line| line.state == State::Fail);
    lines.map(|line| format!("{} {}: {}", line.area, line.what, line.found)).collect()
}

/// A pack with one file's text changed and matching lists.
fn with(path: &str, text: &str) -> Vec<u8> {
    let mut files = payload();
    match files.iter_mut().find(|(known, _)| known == path) {
        Some((_, bytes)) => *bytes = text.as_bytes().to_vec(),
        None => files.push((path.to_owned(), text.as_bytes().to_vec())),
    }
    zipped(&bagged(files))
}

#[test]
fn a_whole_pack_passes() {
    let diagnosis = verify(&zipped(&bagged(payload())), &Known::default());
    assert_eq!(failed(&diagnosis), Vec::<String>::new());
}

#[test]
fn each_fault_is_told_with_its_file() {
    let row = |cell: &str| format!("key,found\nF-1,none\nF-2,{cell}\n");
    let cases: Vec<(Vec<u8>, &str)> = vec![
        (b"no zip at all".to_vec(), "is no zip file"),
        (Vec::new(), "is no zip file"),
        (with("data/findings/findings.csv", &row("=1+1")), "findings.csv: line 3: a spreadsheet would run"),
        (with("data/findings/findings.csv", &row("a,b")), "findings.csv: line 3: is not a row of the table"),
        (with("data/findings/findings.csv", "key,found\nF-1,none\n"), "findings.csv: holds 1 rows, and 2 were counted"),
        (with("data/findings/findings.csv", &row("a\u{202e}b")), "findings.csv: holds an active character (U+202E)"),
        (
            with("data/findings/findings.jsonl", "{\"key\":\"F-1\"}\n{\"kez\":\"F-2\"}\n"),
            "findings.jsonl: line 2: does not keep to",
        ),
        (with("data/findings/findings.jsonl", "{\"key\":\"F-1\"}\n{\"key\":\n"), "findings.jsonl: line 2: is not JSON"),
        (with("data/timeline/per-day.svg", "<svg onload=\"x\"/>"), "per-day.svg: line 1: holds `onload`"),
        (with("data/timeline/per-day.svg", "<svg><script>x</script></svg>"), "per-day.svg: line 1: holds `<script`"),
        (with("data/more.csv", "a\n1\n"), "more.csv: is not described"),
        (with("data/run.exe", "MZ"), "run.exe: is of no kind"),
        (with("data/more.txt", "PK\u{3}\u{4}"), "more.txt: is an archive"),
        (with("ticket.txt", &"x".repeat(6_001)), "ticket.txt: 6001 characters"),
        (with("ticket.md", &format!("# {}\n", "x".repeat(101))), "ticket.md: 104 characters, subject 101"),
        (
            with("README.txt", "ada.lovelace@example.com"),
            "README.txt, line 1: an e-mail address (`ad\u{2026}@ex\u{2026}`)",
        ),
        (with("README.txt", "ada.lovelace%40example.com"), "an e-mail address"),
        (
            with("data/findings/findings.jsonl", "{\"key\":\"ada\\u0040example.com\"}\n{\"key\":\"F-2\"}\n"),
            "findings.jsonl, line 1: an e-mail address",
        ),
        (with("README.txt", &format!("00D5g000004XyZA!{}", "A".repeat(40))), "a token or a secret"),
        (with("README.txt", "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.c2lnbmF0dXJl"), "a token or a secret"),
        (with("README.txt", "Authorization: Bearer abcdefgh12345678"), "a token or a secret"),
        (with("README.txt", "-----BEGIN PRIVATE KEY-----"), "a token or a secret"),
        (with("README.txt", "https://ada:secret@example.test/"), "a token or a secret"),
    ];
    for (bytes, described) in cases {
        let found = failed(&verify(&bytes, &Known::default()));
        assert!(found.iter().any(|line| line.contains(described)), "{described}: {found:?}");
    }
}

#[test]
fn a_bag_holds_what_it_lists_nothing_less_and_nothing_more() {
    type Change = (fn(&mut Vec<(String, Vec<u8>)>), &'static str);
    let changes: [Change; 8] = [
        (|files| files.retain(|(path, _)| path != "README.txt"), "README.txt: is listed in tagmanifest"),
        (
            |files| files.retain(|(path, _)| path != "data/examples/examples.csv"),
            "examples.csv: is listed in manifest-sha256.txt and is missing",
        ),
        (|files| files.push(("note.txt".to_owned(), b"x".to_vec())), "note.txt: is not listed in tagmanifest"),
        (|files| files.push(("data/note.txt".to_owned(), b"x".to_vec())), "data/note.txt: is not listed in manifest"),
        (
            |files| files.iter_mut().filter(|(path, _)| path == "ticket.txt").for_each(|(_, bytes)| bytes.push(b'x')),
            "ticket.txt: was changed",
        ),
        (
            |files| files.iter_mut().filter(|(path, _)| path == "bagit.txt").for_each(|(_, bytes)| bytes[15] = b'2'),
            "bagit.txt: is not the declaration",
        ),
        (
            |files| files.iter_mut().filter(|(path, _)| path == "bag-info.txt").for_each(|(_, bytes)| bytes[14] = b'0'),
            "bag-info.txt: says 0",
        ),
        (|files| files.retain(|(path, _)| path != "manifest-sha256.txt"), "manifest-sha256.txt: is missing"),
    ];
    for (change, described) in changes {
        let mut files = bagged(payload());
        change(&mut files);
        let found = failed(&verify(&zipped(&files), &Known::default()));
        assert!(found.iter().any(|line| line.contains(described)), "{described}: {found:?}");
    }
}

#[test]
fn an_entry_cannot_leave_the_folder_or_run() {
    let put = |name: &str, options: SimpleFileOptions| {
        let mut zip = zip::ZipWriter::new_append(Cursor::new(zipped(&bagged(payload())))).expect("an archive");
        zip.start_file(name, options).expect("an entry");
        zip.write_all(b"x").expect("bytes");
        zip.finish().expect("an archive").into_inner()
    };
    let plain = SimpleFileOptions::default().unix_permissions(0o644);
    for (name, options, described) in [
        ("../evil.txt".to_owned(), plain, "leads out of the folder"),
        ("/etc/evil.txt".to_owned(), plain, "leads out of the folder"),
        (format!("{TOP}/../../evil.txt"), plain, "leads out of the folder"),
        (format!("{TOP}\\evil.txt"), plain, "leads out of the folder"),
        (format!("{TOP}/C:evil.txt"), plain, "leads out of the folder"),
        (format!("{TOP}/NUL.txt"), plain, "leads out of the folder"),
        (format!("{TOP}/Ticket.TXT"), plain, "stands there twice"),
        ("other/evil.txt".to_owned(), plain, "top folders"),
        ("evil.txt".to_owned(), plain, "does not lie in the folder"),
        (format!("{TOP}/evil.txt"), SimpleFileOptions::default().unix_permissions(0o755), "marked as a program"),
    ] {
        let found = failed(&verify(&put(&name, options), &Known::default()));
        assert!(found.iter().any(|line| line.contains(described)), "{name}: {found:?}");
    }
}

#[test]
fn a_bomb_is_not_unpacked() {
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default().unix_permissions(0o644).large_file(true);
    let zeros = vec![0_u8; 1 << 20];
    for at in 0..2 {
        zip.start_file(format!("{TOP}/data/{at}.txt"), options).expect("an entry");
        for _ in 0..20 {
            zip.write_all(&zeros).expect("bytes");
        }
    }
    let bytes = zip.finish().expect("an archive").into_inner();
    assert!(bytes.len() < 2_000_000);
    let found = failed(&verify(&bytes, &Known::default()));
    assert!(found.iter().any(|line| line.contains("unpacks to more than 250 times")), "{found:?}");
}

#[test]
fn known_values_are_found_in_every_form_and_never_told() {
    let known = Known {
        values: [
            "ada.lovelace",
            "Zo\u{eb} Ny\u{e5}rd",
            "O'Brien, \u{5d0}",
            "Sales",
            "12345678",
            "0035g00000eVxnsAAC",
            "x y",
        ]
        .map(str::to_owned)
        .to_vec(),
        digest: None,
    };
    for (text, hits) in [
        ("ada.lovelace", 1),
        ("ADA.Lovelace", 1),
        ("xada.lovelace", 0),
        ("o'brien, \u{5d0}", 1),
        ("Sales", 0),
        ("12345678", 0),
        ("0035g00000eVxnsAAC", 0),
        ("x y", 0),
        ("q=Name%3D%27O%27Brien%2C+%D7%90%27", 1),
        ("o&#39;brien,+&#x5d0;", 1),
        ("o&apos;brien,&nbsp;\u{5d0}", 1),
        ("Zo&euml;+Ny&aring;rd", 1),
        ("zo%C3%AB+ny%c3%a5rd", 1),
        ("Zo\\u00eb Ny\\u00e5rd", 1),
    ] {
        let diagnosis = verify(&with("README.txt", text), &known);
        let found = failed(&diagnosis);
        assert_eq!(found.len(), hits, "{text}: {found:?}");
        assert!(found.iter().all(|line| !line.to_lowercase().contains("lovelace")), "{found:?}");
        let plain = diagnosis.checks.iter().any(|line| line.found.contains("3 are too plain"));
        assert!(hits > 0 || plain, "{:?}", diagnosis.checks);
    }
    let raw = verify(&with("data/examples/examples.csv", "key,evidence\nF-1,ada.lovelace\n"), &known);
    assert_eq!(failed(&raw), Vec::<String>::new(), "by consent");
    assert!(raw.checks.iter().any(|line| line.state == State::Warn && line.found.contains("by consent")));
}

/// A workbook is an archive itself, and is searched.
#[test]
fn a_value_in_the_workbook_is_found() {
    let known = Known { values: vec!["O'Brien & Sons, Ltd".to_owned()], digest: None };
    for (text, hits) in [("O'Brien & Sons, Ltd", 1), ("ada@example.com", 1), ("p_0123456789ABCDEF", 0)] {
        let mut workbook = rust_xlsxwriter::Workbook::new();
        workbook.add_worksheet().write_string(0, 0, text).expect("a cell");
        let mut files = payload();
        files.push(("data/workbook.xlsx".to_owned(), workbook.save_to_buffer().expect("a workbook")));
        for (path, bytes) in &mut files {
            if path == "data/manifest.json" {
                let mut manifest: Value = serde_json::from_slice(bytes).expect("JSON");
                let described =
                    json!({"path": "data/workbook.xlsx", "purpose": "", "rows": null, "class": "pseudonymous"});
                manifest["files"].as_array_mut().expect("files").push(described);
                *bytes = manifest.to_string().into_bytes();
            }
        }
        let found = failed(&verify(&zipped(&bagged(files)), &known));
        assert_eq!(found.len(), hits, "{text}: {found:?}");
        assert!(hits == 0 || found[0].contains("data/workbook.xlsx"), "{found:?}");
    }
}

#[test]
fn the_digest_beside_the_pack_counts() {
    let bytes = zipped(&bagged(payload()));
    let noted = |digest: String| verify(&bytes, &Known { values: Vec::new(), digest: Some(digest) });
    assert!(failed(&noted(data_encoding::HEXUPPER.encode(&Sha256::digest(&bytes)))).is_empty());
    assert!(failed(&noted("0".repeat(64))).iter().any(|line| line.contains("is not the one")));
}

fn known(values: &[&str]) -> Known {
    Known { values: values.iter().map(|value| (*value).to_owned()).collect(), digest: None }
}

#[test]
fn entries_together_have_bounded_room() {
    let bytes = zipped(&bagged(payload()));
    let mut lines = Vec::new();
    archive::open_within(&bytes, 300, &mut lines).expect("it opens");
    assert!(lines.iter().any(|line| line.found.contains("unpacks to more than a pack may")), "{lines:?}");
}

#[test]
fn size_has_two_limits() {
    let state = |length: usize| {
        let diagnosis = verify(&vec![0; length], &Known::default());
        diagnosis.checks.iter().find(|line| line.what == "size").map(|line| line.state).expect("a line")
    };
    let limits =
        [(20_000_000, State::Pass), (20_000_001, State::Warn), (45_000_000, State::Warn), (45_000_001, State::Fail)];
    for (length, expected) in limits {
        assert_eq!(state(length), expected, "{length}");
    }
}

/// Changes bytes of an archive, located by the bytes before them.
fn patched(bytes: &[u8], after: &[u8], skip: usize, to: &[u8]) -> Vec<u8> {
    let at = bytes.windows(after.len()).position(|window| window == after).expect("it is there") + skip;
    let mut bytes = bytes.to_vec();
    bytes[at..at + to.len()].copy_from_slice(to);
    bytes
}

#[test]
fn nothing_hides_in_the_archive() {
    let whole = zipped(&bagged(payload()));
    let comment = {
        let mut bytes = whole.clone();
        let length = bytes.len();
        bytes[length - 2] = 6;
        bytes.extend(b"hidden");
        bytes
    };
    let twice = {
        // The writer refuses a duplicate name, so one of the same length is renamed.
        let mut files = bagged(payload());
        files.push(("README.tyt".to_owned(), b"other".to_vec()));
        let bytes = zipped(&files);
        let mut bytes = bytes;
        while let Some(at) = bytes.windows(10).position(|window| window == b"README.tyt") {
            bytes[at + 8] = b'x';
        }
        bytes
    };
    let central = |skip: usize, to: &[u8]| patched(&whole, b"PK\x01\x02", skip, to);
    for (name, bytes, described) in [
        ("before", [b"hidden".to_vec(), whole.clone()].concat(), "bytes before, between or behind"),
        ("comment", comment, "does not end as tieout ends one"),
        ("behind", [whole.clone(), b"hidden".to_vec()].concat(), "does not end as tieout ends one"),
        ("between", put_before_the_directory(&whole), "not laid out as tieout does it"),
        ("in the directory", put_behind_the_directory(&whole), "not laid out as tieout does it"),
        ("twice", twice, "stands there twice"),
        ("encrypted", central(8, &[1, 0]), "encryption or other flags"),
        ("link", central(38, &0xa1ff_0000_u32.to_le_bytes()), "its mode"),
        ("setuid", central(38, &0x89a4_0000_u32.to_le_bytes()), "its mode"),
        ("time", central(12, &[1, 0]), "another header than the directory says"),
        ("local", patched(&whole, b"PK\x03\x04", 10, &[1, 0]), "another header than the directory says"),
        ("size", central(24, &[1, 0, 0, 0]), "is damaged"),
    ] {
        let found = failed(&verify(&bytes, &Known::default()));
        assert!(found.iter().any(|line| line.contains(described)), "{name}: {found:?}");
    }
    let top = |top: &str| {
        let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
        let options = SimpleFileOptions::default().unix_permissions(0o644);
        for (path, bytes) in bagged(payload()) {
            zip.start_file(format!("{top}/{path}"), options).expect("an entry");
            zip.write_all(&bytes).expect("bytes");
        }
        failed(&verify(&zip.finish().expect("an archive").into_inner(), &Known::default()))
    };
    assert!(top("docebo-evidence").is_empty());
    for name in [
        "evidence",
        "docebo-evidence_acme",
        "docebo-evidence_acme_x_2026-11-2x_R-1",
        "docebo-evidence_acme_x_2026-11-20_",
    ] {
        assert!(top(name).iter().any(|line| line.contains("is no name of a pack's folder")), "{name}");
    }
}

/// Inserts bytes between the last entry and the directory, and updates the directory's offset.
fn put_before_the_directory(whole: &[u8]) -> Vec<u8> {
    let end = whole.len() - 22;
    let begins = u32::from_le_bytes(whole[end + 16..end + 20].try_into().expect("four bytes"));
    let mut bytes = whole.to_vec();
    bytes[end + 16..end + 20].copy_from_slice(&(begins + 6).to_le_bytes());
    let at = usize::try_from(begins).expect("small");
    bytes.splice(at..at, *b"hidden");
    bytes
}

/// Appends bytes to the directory, and updates its length.
fn put_behind_the_directory(whole: &[u8]) -> Vec<u8> {
    let end = whole.len() - 22;
    let length = u32::from_le_bytes(whole[end + 12..end + 16].try_into().expect("four bytes"));
    let mut bytes = whole.to_vec();
    bytes[end + 12..end + 16].copy_from_slice(&(length + 6).to_le_bytes());
    bytes.splice(end..end, *b"hidden");
    bytes
}

/// A deflate stream marks its own end; bytes after it are never unpacked.
#[test]
fn nothing_hides_behind_a_stream() {
    let (name, content) = (format!("{TOP}/README.txt"), b"Evidence\n");
    let mut packed = Vec::new();
    let mut encoder = flate2::write::DeflateEncoder::new(&mut packed, flate2::Compression::default());
    encoder.write_all(content).expect("bytes");
    encoder.finish().expect("a stream");
    packed.extend(b"hidden");
    let mut crc = flate2::Crc::new();
    crc.update(content);
    let length = |length: usize| u32::try_from(length).expect("short").to_le_bytes();
    let common = [
        &[20, 0, 0, 0, 8, 0, 0, 0, 0x21, 0][..],
        &crc.sum().to_le_bytes(),
        &length(packed.len()),
        &length(content.len()),
        &length(name.len())[..2],
    ]
    .concat();
    let local = [b"PK\x03\x04", &*common, &[0, 0], name.as_bytes(), &packed].concat();
    let central =
        [b"PK\x01\x02\x14\x03", &*common, &[0; 8], &(0o100_644_u32 << 16).to_le_bytes(), &[0; 4], name.as_bytes()]
            .concat();
    let end = [b"PK\x05\x06\0\0\0\0\x01\0\x01\0", &length(central.len())[..], &length(local.len()), &[0, 0]].concat();
    let found = failed(&verify(&[local, central, end].concat(), &Known::default()));
    let archive: Vec<&String> = found.iter().filter(|line| line.contains(&name)).collect();
    assert!(matches!(&*archive, [line] if line.contains("bytes behind its data")), "{found:?}");
}

#[test]
fn what_once_passed_is_told() {
    let consented = |text: &str| {
        let mut files = payload();
        files
            .iter_mut()
            .filter(|(path, _)| path == "data/redaction/report.json")
            .for_each(|(_, bytes)| *bytes = b"{}".to_vec());
        files
            .iter_mut()
            .filter(|(path, _)| path == "data/examples/examples.csv")
            .for_each(|(_, bytes)| *bytes = text.into());
        zipped(&bagged(files))
    };
    let svg = |text: &str| with("data/timeline/per-day.svg", text);
    let person = "a value of a person (`";
    let cases: Vec<(Vec<u8>, Known, &str)> = vec![
        (with("README.txt", "x ada.lovelace x"), known(&["ada.l", "ada.lovelace"]), person),
        (with("README.txt", "O%27Brien%2C%20Al"), known(&["O'Brien, Al"]), person),
        (with("README.txt", "O%2527Brien%252C%2520Al"), known(&["O'Brien, Al"]), person),
        (with("README.txt", "\"Al \"\"Bo\"\" Cy\""), known(&["Al \"Bo\" Cy"]), person),
        (with("README.txt", "\"Al \\\"Bo\\\" Cy\""), known(&["Al \"Bo\" Cy"]), person),
        (with("README.txt", "J\\u00f6rg \\ud83d\\ude00"), known(&["J\u{f6}rg \u{1f600}"]), person),
        (with("README.txt", "Al[U+202E]Bo"), known(&["Al\u{202e}Bo"]), person),
        (with("README.txt", "first line\nAl Bo\n"), known(&["Al Bo\nCy"]), person),
        (with("README.txt", "Tom &amp; Al &#39;x&#x27;"), known(&["Tom & Al 'x'"]), person),
        (with("README.txt", "ada\u{ff20}example.com"), known(&[]), "an e-mail address"),
        (with("README.txt", "ada@xn--e1afmkfd.xn--p1ai"), known(&[]), "an e-mail address"),
        (with("ticket.txt", "S\nContact: Bearer abcdefgh12345678\n"), known(&[]), "a token or a secret"),
        (
            with("data/findings/findings.csv", "key,found\nContact: ada@example.com,x\nF-2,y\n"),
            known(&[]),
            "an e-mail address",
        ),
        (consented("key,evidence\nF-1,ada@example.com\n"), known(&[]), "an e-mail address"),
        (with("README.txt", "\"client_secret\": \"abcdefgh12345678\""), known(&[]), "a token or a secret"),
        (with("README.txt", "client_secret = \"abcdefgh12345678\""), known(&[]), "a token or a secret"),
        (with("README.txt", "https://x.test/?a=b&sid=abcdefgh12"), known(&[]), "a token or a secret"),
        (with("README.txt", "https://x.test/?access_token=abcdefgh12"), known(&[]), "a token or a secret"),
        (with("README.txt", "refresh_token=abcdefgh12"), known(&[]), "a token or a secret"),
        (with("README.txt", "00D5g000004XyZA%21AAAAAAAAAAAAAAAAAAAAAAAA"), known(&[]), "a token or a secret"),
        (svg("<svg\nonload=\"x\"/>"), known(&[]), "holds `onload`"),
        (svg("<svg/onload=\"x\"/>"), known(&[]), "holds `onload`"),
        (svg("<svg>\n<a href =\"x\"/></svg>"), known(&[]), "line 2: holds `<a`"),
        (svg("<svg><s:script>x</s:script></svg>"), known(&[]), "holds `<s:script`"),
        (svg("<svg><foreignObject/></svg>"), known(&[]), "holds `<foreignObject`"),
        (svg("<svg><path fill='url(//x)'/></svg>"), known(&[]), "holds `fill`"),
        (svg("<svg xmlns:x=\"y\"/>"), known(&[]), "holds `xmlns:x`"),
        (svg("<!DOCTYPE svg><svg/>"), known(&[]), "holds `<!DOCTYPE`"),
        (svg("<svg onload=x>"), known(&[]), "that is not `name="),
        (svg("<svg "), known(&[]), "an element that does not end"),
        (
            with("data/findings/findings.csv", "=1+1,found\nF-1,a\nF-2,b\n"),
            known(&[]),
            "line 1: a spreadsheet would run",
        ),
        (with("data/findings/findings.csv", "a,b\nF-1,-1-1\nF-2,b\n"), known(&[]), "line 2: a spreadsheet would run"),
        (
            with("data/findings/findings.csv", "a,b\nF-1,\u{ff1d}x\nF-2,b\n"),
            known(&[]),
            "line 2: a spreadsheet would run",
        ),
        (
            with("data/findings/findings.csv", "a,b\n1\n2,3,4\n"),
            known(&[]),
            "line 3: is not a row of the table, with 3 cells for 2",
        ),
        (with("data/more.txt", "BZh91AY&SY"), known(&[]), "is an archive or a program"),
    ];
    for (bytes, known, described) in cases {
        let found = failed(&verify(&bytes, &known));
        assert!(found.iter().any(|line| line.contains(described)), "{described}: {found:?}");
    }
}

#[test]
fn what_is_innocent_passes() {
    for text in [
        "bearer authentication of the flow",
        "basic authentication",
        "courseid=12345678901",
        "password: [withheld]",
        "client_secret_file",
        "C:\\new\\table 100%25 & more",
        "ada@localhost",
    ] {
        let found = failed(&verify(&with("README.txt", text), &known(&["ada.lovelace"])));
        assert_eq!(found, Vec::<String>::new(), "{text}");
    }
    let number = with("data/findings/findings.csv", "a,b\nF-1,-12.5\nF-2,+3\n");
    assert_eq!(failed(&verify(&number, &Known::default())), Vec::<String>::new());
}

#[test]
fn one_plain_word_is_a_warning_and_a_placeholder_is_told_with_its_text() {
    let warned = |bytes: &[u8], known: &Known| -> Vec<String> {
        let diagnosis = verify(bytes, known);
        assert_eq!(failed(&diagnosis), Vec::<String>::new());
        let lines = diagnosis.checks.into_iter().filter(|line| line.state == State::Warn);
        lines.map(|line| format!("{}: {}", line.what, line.found)).collect()
    };
    let word = warned(&with("README.txt", "of\nLovelace, lovelace\nLovelace"), &known(&["Lovelace"]));
    assert_eq!(
        word,
        ["README.txt, line 2: a known value that is one plain word (`lo\u{2026}`), and 1 more like it in the file"]
    );
    let text = "S\n- Priority: [to fill]; x\nContact: [to fill: name, zone]\n| Mode | [to fill: a] or [to fill: b] |\n";
    let open = warned(&with("ticket.txt", text), &Known::default());
    assert_eq!(open, ["to fill: Priority, Contact (name, zone), Mode (a), Mode (b)"]);
}

#[test]
fn a_description_that_does_not_fit_is_told() {
    let changed = |change: fn(&mut Value)| {
        let mut files = payload();
        for (path, bytes) in &mut files {
            if path == "data/manifest.json" {
                let mut manifest: Value = serde_json::from_slice(bytes).expect("JSON");
                change(&mut manifest);
                *bytes = manifest.to_string().into_bytes();
            }
        }
        failed(&verify(&zipped(&bagged(files)), &Known::default()))
    };
    type Change = fn(&mut Value);
    let cases: [(Change, &str); 6] = [
        (|m| m["files"][0]["rows"] = json!(null), "does not say how many rows data/findings/findings.csv has"),
        (|m| m["files"][0]["class"] = json!("open"), "no class that is known"),
        (|m| m["files"][6]["rows"] = json!(3), "describes 7 files, and another number"),
        (|m| m["files"][0]["rows"] = json!("ada.lovelace"), "is not the description of a pack (line 1, column"),
        (|m| m["files"][1]["path"] = json!("data/findings/findings.csv"), "describes data/findings/findings.csv twice"),
        (|m| m["files"][1]["schema"] = json!("data/none.json"), "is missing or no JSON"),
    ];
    for (change, described) in cases {
        let found = changed(change);
        assert!(found.iter().any(|line| line.contains(described)), "{described}: {found:?}");
        assert!(!found.iter().any(|line| line.contains("lovelace")), "{found:?}");
    }
}

#[test]
fn a_workbook_that_cannot_be_seen_through_never_passes() {
    let packed = |bytes: &[u8]| {
        let mut files = payload();
        files.push(("data/workbook.xlsx".to_owned(), bytes.to_vec()));
        failed(&verify(&zipped(&bagged(files)), &Known::default()))
    };
    let mut macros = zip::ZipWriter::new(Cursor::new(Vec::new()));
    macros.start_file("xl/vbaProject.bin", SimpleFileOptions::default()).expect("an entry");
    let macros = macros.finish().expect("an archive").into_inner();
    for (bytes, described) in [
        (b"ada".to_vec(), "is no workbook"),
        (b"ada".to_vec(), "cannot be looked into"),
        (macros, "has a part that is no sheet"),
    ] {
        let found = packed(&bytes);
        assert!(found.iter().any(|line| line.contains(described)), "{described}: {found:?}");
    }
}

/// Megabytes of worst-case input for each text reader, in a file of its type: the time is linear and not quadratic in
/// the length. A debug build takes less than a second for each; quadratic time would take minutes.
#[test]
#[expect(clippy::disallowed_methods, reason = "the time that it takes is what is tested")]
fn no_text_takes_more_time_than_its_length() {
    const LENGTH: usize = 1_500_000;
    let many = |text: &str| text.repeat(LENGTH / text.len());
    let branching = r##"{"anyOf": [{"$ref": "#/$defs/a"}, {"$ref": "#/$defs/a"}]}"##;
    let schema = format!(r##"{{"$ref": "#/$defs/a", "$defs": {{"a": {branching}}}}}"##);
    let listed = format!(r#"{{"enum": [{}0]}}"#, "1,".repeat(LENGTH / 4));
    let tags = format!("{}  data/findings/findings.jsonl\n", "0".repeat(64));
    let files: Vec<(&str, String)> = vec![
        ("README.txt", many("&")),
        ("README.txt", many("&#x26")),
        ("README.txt", many("00D")),
        ("README.txt", many("00Dxxxxxxxxxxxxxxx!")),
        ("README.txt", many("eyJ")),
        ("README.txt", format!("{}.{}.x", many("eyJ"), "x".repeat(20))),
        ("README.txt", many("eyJxxxxxxx.")),
        ("README.txt", many("5Aep861")),
        ("README.txt", many("password=")),
        ("README.txt", many("bearer ")),
        ("README.txt", many("session_id:")),
        ("README.txt", many("://")),
        ("README.txt", many("-----BEGIN ")),
        ("README.txt", many("a@")),
        ("README.txt", many("a@b.cd ")),
        ("README.txt", many("%2")),
        ("README.txt", many("\\u00")),
        ("README.txt", many("\"\"")),
        ("README.txt", many("ada.lovelace")),
        ("README.txt", many("x\n")),
        ("README.txt", many("[to fill")),
        ("README.txt", (0..LENGTH / 16).map(|at| format!("[to fill: {at:05}]")).collect()),
        ("data/timeline/per-day.svg", many("<")),
        ("data/timeline/per-day.svg", many("<x>\n")),
        ("data/timeline/per-day.svg", many("<svg a=\"")),
        ("data/timeline/per-day.svg", format!("<svg {}", many("a=b "))),
        ("data/findings/findings.csv", many(",")),
        ("data/findings/findings.csv", many("=\n")),
        ("data/findings/findings.jsonl", many("{}\n")),
        ("data/findings/findings.jsonl", many("[")),
        ("data/findings/findings.jsonl", format!("{{\"{}\":[{}0]}}", "k".repeat(LENGTH / 2), "0,".repeat(LENGTH / 4))),
        ("data/schema/finding.schema.json", schema),
        ("data/schema/finding.schema.json", listed),
        ("manifest-sha256.txt", many(&tags)),
    ];
    for (path, text) in files {
        let start: String = text.chars().take(30).collect();
        let mut all = payload();
        match all.iter_mut().find(|(known, _)| known == path) {
            Some((_, bytes)) => *bytes = text.into_bytes(),
            None => all.push((path.to_owned(), text.into_bytes())),
        }
        if path.starts_with("data/schema") {
            let (_, bytes) = all.iter_mut().find(|(path, _)| path.ends_with(".jsonl")).expect("the findings");
            *bytes = "{}\n".repeat(LENGTH / 30).into_bytes();
        }
        let files = if path == "manifest-sha256.txt" { all } else { bagged(all) };
        // Barely compressed, so that the limit on unpacked size is not what stops it.
        let bytes = stored(&files);
        let began = std::time::Instant::now();
        let _ = verify(&bytes, &known(&["ada.lovelace"]));
        let took = began.elapsed();
        assert!(took.as_secs() < 20, "{path}, {start}\u{2026}: {took:?}");
    }
}

/// Like [`zipped`], but uncompressed.
fn stored(files: &[(String, Vec<u8>)]) -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (path, bytes) in files {
        let options =
            SimpleFileOptions::default().unix_permissions(0o644).compression_method(zip::CompressionMethod::Stored);
        zip.start_file(format!("{TOP}/{path}"), options).expect("an entry");
        zip.write_all(bytes).expect("bytes");
    }
    zip.finish().expect("an archive").into_inner()
}

fn keeps(form: &Value, document: &Value) -> Result<(), String> {
    schema::check(form, document, &mut schema::steps(0))
}

/// Endlessly branching references are stopped, and a malformed schema accepts nothing.
#[test]
fn a_hostile_schema_takes_nothing() {
    let twice = |name: &str| json!({"anyOf": [{"$ref": name}, {"$ref": name}]});
    let form = json!({"$ref": "#/$defs/a", "$defs": {"a": twice("#/$defs/b"), "b": twice("#/$defs/a")}});
    assert!(keeps(&form, &json!({})).is_err());
    for form in [
        json!({"enum": 1}),
        json!({"anyOf": {}}),
        json!({"properties": []}),
        json!({"$ref": 1}),
        json!({"minimum": "1"}),
        json!({"required": "a"}),
        json!({"type": [1]}),
    ] {
        assert!(keeps(&form, &json!({"a": 1})).is_err(), "{form}");
    }
}

/// Every byte of the archive in turn: only bytes without meaning can change undetected.
#[test]
fn no_byte_of_a_header_changes_unseen() {
    let whole = zipped(&bagged(payload()));
    for at in 0..whole.len() {
        let mut bytes = whole.clone();
        bytes[at] ^= 1 << (at % 8);
        let passes = failed(&verify(&bytes, &Known::default())).is_empty();
        assert!(!passes || says_nothing(&whole, at), "byte {at}");
    }
}

/// Whether a position is in the packed bytes of an entry, or records which program made the entry and who may read
/// it.
fn says_nothing(bytes: &[u8], place: usize) -> bool {
    let mut zip = zip::ZipArchive::new(Cursor::new(bytes)).expect("an archive");
    (0..zip.len()).any(|at| {
        let file = zip.by_index(at).expect("an entry");
        let start = usize::try_from(file.data_start().expect("a place")).expect("small");
        let central = usize::try_from(file.central_header_start()).expect("small");
        let made = [central + 4..central + 6, central + 36..central + 42];
        let packed = start..start + usize::try_from(file.compressed_size()).expect("small");
        made.into_iter().chain([packed]).any(|range| range.contains(&place))
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    /// A changed content byte is found in any file.
    #[test]
    fn a_changed_byte_is_found(file in 0_usize..14, at in 0_usize..4_096, to in any::<u8>()) {
        let mut files = bagged(payload());
        let file = file % files.len();
        let at = at % files[file].1.len();
        prop_assume!(files[file].1[at] != to);
        files[file].1[at] = to;
        prop_assert!(!failed(&verify(&zipped(&files), &Known::default())).is_empty(), "{}", files[file].0);
    }

    /// However the archive's bytes are damaged, nothing panics, and what still opens has the same content.
    #[test]
    fn damage_never_panics(at in any::<prop::sample::Index>(), to in any::<u8>(), cut in any::<prop::sample::Index>()) {
        let whole = zipped(&bagged(payload()));
        let mut bytes = whole.clone();
        let at = at.index(bytes.len());
        bytes[at] = to;
        let digest = Some(data_encoding::HEXLOWER.encode(&Sha256::digest(&whole)));
        let noted = failed(&verify(&bytes, &Known { values: Vec::new(), digest }));
        prop_assert_eq!(noted.is_empty(), bytes == whole, "beside its digest no changed byte passes");
        let diagnosis = verify(&bytes, &Known::default());
        if failed(&diagnosis).is_empty() {
            prop_assert!(bytes == whole || says_nothing(&whole, at));
            let read = |bytes: &[u8]| -> Vec<(String, Vec<u8>)> {
                let mut zip = zip::ZipArchive::new(Cursor::new(bytes.to_vec())).expect("an archive");
                (0..zip.len()).map(|at| {
                    let mut file = zip.by_index(at).expect("an entry");
                    let mut bytes = Vec::new();
                    file.read_to_end(&mut bytes).expect("bytes");
                    (file.name().expect("a name").into_owned(), bytes)
                }).collect()
            };
            prop_assert_eq!(read(&bytes), read(&whole), "it passes, so it holds the same");
        }
        let _ = verify(&whole[..cut.index(whole.len())], &Known::default());
    }

    /// Nor does random data pass, alone or after the head of an archive.
    #[test]
    fn noise_never_passes(noise in prop::collection::vec(any::<u8>(), 0..2_000), keep in any::<prop::sample::Index>()) {
        prop_assert!(!failed(&verify(&noise, &Known::default())).is_empty());
        let whole = zipped(&bagged(payload()));
        let half = [&whole[..keep.index(whole.len())], &noise].concat();
        prop_assert!(half == whole || !failed(&verify(&half, &Known::default())).is_empty());
    }

    /// The small validator never accepts what a full one refuses.
    #[test]
    fn what_the_full_checker_refuses_is_refused(path in 0_usize..14, with in 0_usize..6) {
        let published = include_str!("../../templates/doctor.schema.json");
        let form: Value = serde_json::from_str(published).expect("JSON");
        let mut document = json!({
            "version": 1,
            "tool": {"name": "tieout", "version": "0.1.0"},
            "lines": [{"area": "clock", "what": "x", "state": "pass", "found": "y", "next": null}],
        });
        prop_assert!(keeps(&form, &document).is_ok());
        let replacement = [json!(null), json!(-1), json!("x"), json!([]), json!({}), json!(1.5)][with].clone();
        let places = ["/version", "/tool", "/tool/name", "/tool/version", "/lines", "/lines/0", "/lines/0/area", "/lines/0/what", "/lines/0/state", "/lines/0/found", "/lines/0/next"];
        match places.get(path) {
            Some(place) => *document.pointer_mut(place).expect("it is there") = replacement,
            None => {
                let whole = document.as_object_mut().expect("an object");
                whole.remove(["version", "tool", "lines"][path - places.len()]);
            }
        }
        let full = jsonschema::validator_for(&form).expect("a schema");
        prop_assert!(full.is_valid(&document) == keeps(&form, &document).is_ok(), "{document}");
    }
}
