//! The outputs: nothing lost, whole, deterministic, and readable by other programs.

use std::collections::BTreeSet;
use std::io::{Cursor, Read as _};
use std::process::Command;

use calamine::{Data, Reader as _};
use sha2::{Digest as _, Sha256};
use tieout::checks::finding::Finding;
use tieout::outputs;
use tieout::outputs::ledger::Rows;
use tieout::outputs::redact::Names;
use tieout::report::Report;

use crate::reconciliation;
use crate::{audit_sample, sample_definitions};

/// Every output of a run by name, with line numbers taken out of `findings.jsonl`.
pub(crate) fn every_output(report: &Report) -> Vec<(String, Vec<u8>)> {
    let mut outputs = vec![
        ("report.json".to_owned(), outputs::json::report(report).expect("JSON")),
        ("findings.jsonl".to_owned(), outputs::findings::lines(report).expect("lines")),
        ("report.html".to_owned(), outputs::html::page(report, Names::Shown).expect("a page")),
        ("workbook.xlsx".to_owned(), outputs::xlsx::workbook(report, Names::Shown).expect("a workbook")),
        ("evidence-pack.zip".to_owned(), outputs::pack::zip(report).expect("a pack")),
    ];
    let ledgers = outputs::ledger::files(report, Rows::All).expect("ledgers");
    outputs.extend(ledgers.into_iter().map(|(name, bytes)| (name.to_owned(), bytes)));
    outputs
}

#[test]
fn two_runs_give_the_same_bytes() {
    for name in ["outbound-stalled", "hostile-text", "links-crossed"] {
        let [first, second] = [(), ()].map(|()| every_output(&audit_sample(name)));
        for ((file, one), (_, other)) in first.iter().zip(&second) {
            assert!(one == other, "{name}: {file} differs between two runs");
        }
    }
}

fn keys(report: &Report) -> BTreeSet<String> {
    report.findings().map(|finding| finding.key.to_string()).collect()
}

/// Property 6: the findings read back from each output are the report's.
#[test]
fn no_output_loses_a_finding() {
    for name in sample_definitions::names() {
        let report = audit_sample(name);
        let keys = keys(&report);
        assert_eq!(keys.len() as u64, report.finding_count(), "{name}: two findings have one key");

        let lines = outputs::findings::lines(&report).expect("lines");
        let from_lines: BTreeSet<String> = lines
            .split(|&c| c == b'\n')
            .filter(|line| !line.is_empty())
            .map(|line| {
                let value: serde_json::Value = serde_json::from_slice(line).expect("a line of JSON");
                assert!(!value["evidence"].as_array().expect("evidence").is_empty(), "{name}: no evidence");
                value["key"].as_str().expect("a key").to_owned()
            })
            .collect();
        assert_eq!(from_lines, keys, "{name}: findings.jsonl");

        let workbook = outputs::xlsx::workbook(&report, Names::Shown).expect("a workbook");
        assert_eq!(workbook_keys(&workbook), keys, "{name}: workbook");

        let page = outputs::html::page(&report, Names::Shown).expect("a page");
        let (_, data) = page_and_data(&page);
        let rows = data["rows"].as_array().expect("rows");
        let from_page: BTreeSet<String> = rows.iter().map(|row| row[0].as_str().expect("a key").to_owned()).collect();
        assert_eq!((from_page, rows.len()), (keys.clone(), keys.len()), "{name}: page");

        let pack = unzip(&outputs::pack::zip(&report).expect("a pack"));
        let (_, csv) =
            pack.iter().find(|(file, _)| file.ends_with("data/findings/findings.csv")).expect("findings.csv");
        let from_pack: BTreeSet<String> =
            csv::Reader::from_reader(csv.as_slice()).records().map(|row| row.expect("a row")[0].to_owned()).collect();
        // A case has one cause: its findings, those that are there because of it, and the others as numbers.
        let cause = outputs::pack::root(&report).map(|check| check.id);
        let of_cause = |finding: &Finding| Some(finding.check.id) == cause && finding.caused_by.is_none();
        let causes: BTreeSet<_> = report.findings().filter(of_cause).map(|finding| finding.key).collect();
        let belongs =
            |finding: &Finding| of_cause(finding) || finding.caused_by.is_some_and(|key| causes.contains(&key));
        let expected: BTreeSet<String> =
            report.findings().filter(belongs).map(|finding| finding.key.to_string()).collect();
        assert_eq!(from_pack, expected, "{name}: pack");
        let (_, readme) = pack.iter().find(|(file, _)| file.ends_with("/README.txt")).expect("README.txt");
        let readme = String::from_utf8_lossy(readme);
        for result in report.found() {
            let here = report.findings_of(result).filter(belongs).count();
            let output = format!("{} ({})", result.check.id, outputs::grouped((result.findings - here) as u64));
            assert!(here == result.findings || readme.contains(&output), "{name}: {output} is left out untold");
        }
    }
}

/// The page without its two scripts, and what the block of data in the first one says.
pub(crate) fn page_and_data(page: &[u8]) -> (String, serde_json::Value) {
    let page = std::str::from_utf8(page).expect("UTF-8");
    let Some((before, rest)) = page.split_once("<script type=\"text/plain\" id=\"data\">") else {
        // Without findings there is nothing to search.
        return (page.to_owned(), serde_json::json!({"rows": []}));
    };
    let (block, rest) = rest.split_once("</script>\n").expect("its end");
    let own = format!("<script>{}</script>", include_str!("../../templates/report.js"));
    let after = rest.trim_start().strip_prefix(&own).expect("the script as it stands in the templates");
    let packed = data_encoding::BASE64.decode(block.as_bytes()).expect("base64");
    let mut json = String::new();
    flate2::read::DeflateDecoder::new(packed.as_slice()).read_to_string(&mut json).expect("deflate of text");
    (format!("{before}{after}"), serde_json::from_str(&json).expect("JSON"))
}

fn workbook_keys(bytes: &[u8]) -> BTreeSet<String> {
    let mut workbook: calamine::Xlsx<_> =
        calamine::open_workbook_from_rs(Cursor::new(bytes.to_vec())).expect("a workbook");
    let range = workbook.worksheet_range("Findings").expect("the sheet of findings");
    let formulas = workbook.worksheet_formula("Findings").expect("readable");
    assert!(formulas.rows().flatten().all(String::is_empty), "a cell of Findings is a formula");
    range
        .rows()
        .filter_map(|row| match row.first() {
            Some(Data::String(text)) if text.starts_with("F-") => Some(text.clone()),
            _ => None,
        })
        .collect()
}

fn unzip(bytes: &[u8]) -> Vec<(String, Vec<u8>)> {
    let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).expect("a zip");
    (0..archive.len())
        .map(|at| {
            let mut file = archive.by_index(at).expect("an entry");
            let name = file.name().expect("a name").into_owned();
            let inside = name.starts_with("docebo-evidence_") && !name.contains("..") && !name.contains('\\');
            assert!(inside && file.enclosed_name().is_some(), "{name} leaves the folder");
            assert_eq!(file.unix_mode().map(|mode| mode & 0o111), Some(0), "{name} is executable");
            let mut bytes = Vec::new();
            file.read_to_end(&mut bytes).expect("readable");
            (name, bytes)
        })
        .collect()
}

#[test]
fn the_pack_is_whole_by_its_own_manifest() {
    for name in sample_definitions::names() {
        let pack = unzip(&outputs::pack::zip(&audit_sample(name)).expect("a pack"));
        let file = |wanted: &str| {
            pack.iter()
                .find(|(name, _)| name.split_once('/').is_some_and(|(_, path)| path == wanted))
                .map(|(_, bytes)| bytes)
        };
        let mut listed = BTreeSet::new();
        for manifest in ["manifest-sha256.txt", "tagmanifest-sha256.txt"] {
            let text = String::from_utf8(file(manifest).expect("a manifest").clone()).expect("UTF-8");
            for line in text.lines() {
                let (digest, path) = line.split_once("  ").expect("digest and path");
                let bytes = file(path).unwrap_or_else(|| panic!("{name}: {path} is listed and not there"));
                assert_eq!(data_encoding::HEXLOWER.encode(&Sha256::digest(bytes)), digest, "{name}: {path}");
                listed.insert(path.to_owned());
            }
        }
        for (path, _) in &pack {
            let (_, path) = path.split_once('/').expect("one top folder");
            assert!(listed.contains(path) || path == "tagmanifest-sha256.txt", "{name}: {path} is in no manifest");
        }
    }
}

/// Standard tools accept the pack; skipped with a loud line where they are not installed.
#[test]
fn unzip_and_sha256sum_accept_the_pack() {
    let folder = tempfile::tempdir().expect("a folder");
    let zip = folder.path().join("pack.zip");
    std::fs::write(&zip, outputs::pack::zip(&audit_sample("outbound-stalled")).expect("a pack"))
        .expect("a writable file");
    let Ok(unzip) = Command::new("unzip").arg("-q").arg(&zip).arg("-d").arg(folder.path()).status() else {
        println!("SKIPPED: unzip is not installed");
        return;
    };
    assert!(unzip.success());
    let top = std::fs::read_dir(folder.path()).expect("a folder").map(|entry| entry.expect("an entry").path());
    let top = top.into_iter().find(|path| path.is_dir()).expect("the top folder");
    for manifest in ["manifest-sha256.txt", "tagmanifest-sha256.txt"] {
        let Ok(check) =
            Command::new("sha256sum").args(["--strict", "--quiet", "-c", manifest]).current_dir(&top).status()
        else {
            println!("SKIPPED: sha256sum is not installed");
            return;
        };
        assert!(check.success(), "{manifest}");
    }
}

/// The page stands alone: no script but its own, nothing fetched, and a policy that says so.
#[test]
fn the_page_asks_for_nothing_and_reads_without_scripts() {
    for name in sample_definitions::names() {
        let report = audit_sample(name);
        let (page, _) = page_and_data(&outputs::html::page(&report, Names::Withheld).expect("a page"));
        assert!(page.contains("default-src 'none'"), "{name}: no policy");
        let digest = data_encoding::BASE64.encode(&Sha256::digest(include_bytes!("../../templates/report.js")));
        let digest = digest.replace('=', "&#x3D;");
        assert!(page.contains(&format!("script-src 'sha256-{digest}'; base-uri")), "{name}: no script but this one");
        for forbidden in ["<script", "javascript:", " src=", "@import", "url(", " onload=", " onclick=", " style=\""] {
            assert!(!page.contains(forbidden), "{name}: {forbidden}");
        }
        let records = report.origins().instance.as_ref().map(|instance| format!("{instance}/lightning/r/"));
        for link in page.split("href=\"").skip(1) {
            let target = link.split('"').next().expect("a target");
            let known = target.starts_with('#') || records.as_ref().is_some_and(|records| target.starts_with(records));
            assert!(known, "{name}: {target}");
        }
        for result in report.found() {
            assert!(page.contains(result.check.id) && page.contains(result.check.title), "{name}: {}", result.check.id);
        }
        let verdict = page.to_lowercase();
        assert!(
            verdict.contains(&report.verdict.to_string().replace('-', " "))
                || verdict.contains(&report.verdict.to_string()),
            "{name}"
        );
    }
}

/// Persons stay out of the page, the workbook and the pack unless they are asked for.
#[test]
fn names_are_withheld_unless_asked_for() {
    for name in ["outbound-stalled", "keys-near-miss", "links-crossed"] {
        let report = audit_sample(name);
        let data = &reconciliation(&report).data;
        let personal: Vec<&str> =
            data.usernames().chain(data.contacts.keys()).filter(|text| text.contains('@')).collect();
        assert!(personal.len() > 10);
        let page = outputs::html::page(&report, Names::Withheld).expect("a page");
        let (markup, data) = page_and_data(&page);
        let mut texts = vec![
            ("report.html".to_owned(), markup.into_bytes()),
            ("its data".to_owned(), data.to_string().into_bytes()),
        ];
        texts.extend(unzip(&outputs::pack::zip(&report).expect("a pack")));
        texts.extend(unzip_any(&outputs::xlsx::workbook(&report, Names::Withheld).expect("a workbook")));
        for (file, bytes) in &texts {
            let text = String::from_utf8_lossy(bytes);
            for value in &personal {
                assert!(!text.contains(value), "{name}: {file} tells {value}");
            }
        }
        let shown = outputs::html::page(&report, Names::Shown).expect("a page");
        let shown = page_and_data(&shown).1.to_string();
        let output = personal.iter().any(|value| shown.contains(value));
        assert!(output || name == "outbound-stalled", "{name}: names were asked for");
    }
}

fn unzip_any(bytes: &[u8]) -> Vec<(String, Vec<u8>)> {
    let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).expect("a zip");
    (0..archive.len())
        .map(|at| {
            let mut file = archive.by_index(at).expect("an entry");
            let name = file.name().expect("a name").into_owned();
            let mut bytes = Vec::new();
            file.read_to_end(&mut bytes).expect("readable");
            (name, bytes)
        })
        .collect()
}
