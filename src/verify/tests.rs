//! Each question is seen to be answered with no, and a pack with a changed byte never passes.

use std::io::{Cursor, Read as _, Write as _};

use proptest::prelude::*;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use zip::write::SimpleFileOptions;

use super::{Known, schema, verify};
use crate::diagnosis::{Diagnosis, State};

const TOP: &str = "docebo-evidence_acme_x";

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

/// The lists that make a bag of files.
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
    let lines = diagnosis.lines.iter().filter(|line| line.state == State::Fail);
    lines.map(|line| format!("{} {}: {}", line.area, line.what, line.found)).collect()
}

/// A pack in which one file says something else, with lists that fit.
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
        (with("data/findings/findings.csv", &row("=1+1")), "findings.csv: row 2: a spreadsheet would run"),
        (with("data/findings/findings.csv", &row("a,b")), "findings.csv: is not a table"),
        (with("data/findings/findings.csv", "key,found\nF-1,none\n"), "findings.csv: holds 1 rows, and 2 were counted"),
        (with("data/findings/findings.csv", &row("a\u{202e}b")), "findings.csv: holds an active character (U+202E)"),
        (
            with("data/findings/findings.jsonl", "{\"key\":\"F-1\"}\n{\"kez\":\"F-2\"}\n"),
            "findings.jsonl: line 2: does not keep to",
        ),
        (with("data/findings/findings.jsonl", "{\"key\":\"F-1\"}\n{\"key\":\n"), "findings.jsonl: line 2: is not JSON"),
        (with("data/timeline/per-day.svg", "<svg onload=\"x\"/>"), "per-day.svg: holds `on`"),
        (with("data/timeline/per-day.svg", "<svg><script>x</script></svg>"), "per-day.svg: holds `<script`"),
        (with("data/more.csv", "a\n1\n"), "more.csv: is not described"),
        (with("data/run.exe", "MZ"), "run.exe: is of no kind"),
        (with("data/more.txt", "PK\u{3}\u{4}"), "more.txt: is an archive"),
        (with("ticket.txt", &"x".repeat(6_001)), "ticket.txt: 6001 characters"),
        (with("ticket.md", &format!("# {}\n", "x".repeat(101))), "ticket.md: 104 characters, subject 101"),
        (with("README.txt", "ada.lovelace@example.com"), "README.txt, line 1: an e-mail address (`ad\u{2026}`)"),
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
    for (bytes, told) in cases {
        let found = failed(&verify(&bytes, &Known::default()));
        assert!(found.iter().any(|line| line.contains(told)), "{told}: {found:?}");
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
            |files| files.iter_mut().filter(|(path, _)| path == "bag-info.txt").for_each(|(_, bytes)| bytes[14] = b'9'),
            "bag-info.txt: says 9",
        ),
        (|files| files.retain(|(path, _)| path != "manifest-sha256.txt"), "manifest-sha256.txt: is missing"),
    ];
    for (change, told) in changes {
        let mut files = bagged(payload());
        change(&mut files);
        let found = failed(&verify(&zipped(&files), &Known::default()));
        assert!(found.iter().any(|line| line.contains(told)), "{told}: {found:?}");
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
    for (name, options, told) in [
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
        assert!(found.iter().any(|line| line.contains(told)), "{name}: {found:?}");
    }
}

#[test]
fn a_bomb_is_not_unpacked() {
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default().unix_permissions(0o644).large_file(true);
    let zeros = vec![0_u8; 1 << 20];
    for at in 0..6 {
        zip.start_file(format!("{TOP}/data/{at}.txt"), options).expect("an entry");
        for _ in 0..100 {
            zip.write_all(&zeros).expect("bytes");
        }
    }
    let bytes = zip.finish().expect("an archive").into_inner();
    assert!(bytes.len() < 2_000_000);
    let found = failed(&verify(&bytes, &Known::default()));
    assert!(found.iter().any(|line| line.contains("unpacks to more than")), "{found:?}");
}

#[test]
fn known_values_are_found_in_every_form_and_never_told() {
    let known = Known {
        values: ["ada.lovelace", "O'Brien, \u{5d0}", "Sales", "12345678", "0035g00000eVxnsAAC", "x y"]
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
    ] {
        let diagnosis = verify(&with("README.txt", text), &known);
        let found = failed(&diagnosis);
        assert_eq!(found.len(), hits, "{text}: {found:?}");
        assert!(found.iter().all(|line| !line.to_lowercase().contains("lovelace")), "{found:?}");
        let plain = diagnosis.lines.iter().any(|line| line.found.contains("4 are too plain"));
        assert!(hits > 0 || plain, "{:?}", diagnosis.lines);
    }
    let raw = verify(&with("data/examples/examples.csv", "key,evidence\nF-1,ada.lovelace\n"), &known);
    assert_eq!(failed(&raw), Vec::<String>::new(), "by consent");
    assert!(raw.lines.iter().any(|line| line.state == State::Warn && line.found.contains("by consent")));
}

/// A workbook is an archive itself, and is looked into.
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

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    /// A byte of what a file holds that was changed is found, wherever it is.
    #[test]
    fn a_changed_byte_is_found(file in 0_usize..13, at in 0_usize..4_096, to in any::<u8>()) {
        let mut files = bagged(payload());
        let file = file % files.len();
        let at = at % files[file].1.len();
        prop_assume!(files[file].1[at] != to);
        files[file].1[at] = to;
        prop_assert!(!failed(&verify(&zipped(&files), &Known::default())).is_empty(), "{}", files[file].0);
    }

    /// Whatever becomes of the bytes of the archive, nothing panics, and what still opens says the same.
    #[test]
    fn damage_never_panics(at in any::<prop::sample::Index>(), to in any::<u8>(), cut in any::<prop::sample::Index>()) {
        let whole = zipped(&bagged(payload()));
        let mut bytes = whole.clone();
        let at = at.index(bytes.len());
        bytes[at] = to;
        let diagnosis = verify(&bytes, &Known::default());
        if failed(&diagnosis).is_empty() {
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

    /// The small checker never takes what a full one refuses.
    #[test]
    fn what_the_full_checker_refuses_is_refused(path in 0_usize..14, with in 0_usize..6) {
        let published = include_str!("../../templates/doctor.schema.json");
        let form: Value = serde_json::from_str(published).expect("JSON");
        let mut document = json!({
            "version": 1,
            "tool": {"name": "tieout", "version": "0.1.0"},
            "lines": [{"area": "clock", "what": "x", "state": "pass", "found": "y", "next": null}],
        });
        prop_assert!(schema::check(&form, &document).is_ok());
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
        prop_assert!(full.is_valid(&document) == schema::check(&form, &document).is_ok(), "{document}");
    }
}
