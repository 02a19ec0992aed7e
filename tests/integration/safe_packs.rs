//! Packs that can be trusted: made of a run that nobody changed, verified before they are written, compared with their run
//! figure by figure, and without the names that people gave to files, incidents and list views.

use std::collections::BTreeMap;
use std::io::{Cursor, Read as _, Write as _};
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

use crate::cli::{run, tieout};
use crate::sample_folder;
use crate::series::audit;

fn sample_run(folder: &Path, sample: &str) -> PathBuf {
    let out = folder.join("run");
    audit(&sample_folder(sample).join("tieout.toml"), &out, &[]);
    out
}

fn packed(run_folder: &Path, out: &Path, arguments: &[&str]) -> PathBuf {
    let (code, _, stderr) = run(tieout().arg("pack").arg(run_folder).arg("--out").arg(out).args(arguments));
    assert_eq!((code, stderr.as_str()), (0, ""));
    let zips = std::fs::read_dir(out).expect("a folder").map(|entry| entry.expect("an entry").path());
    zips.filter(|path| path.extension().is_some_and(|end| end == "zip")).max().expect("a pack")
}

/// The files of a pack, by their path with the top folder.
fn unpacked(bytes: &[u8]) -> BTreeMap<String, Vec<u8>> {
    let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).expect("a zip");
    (0..archive.len())
        .map(|at| {
            let mut file = archive.by_index(at).expect("an entry");
            let mut bytes = Vec::new();
            file.read_to_end(&mut bytes).expect("bytes");
            (file.name().expect("a name").into_owned(), bytes)
        })
        .collect()
}

/// No file of a pack contains one of these words, in whatever case, and `verify` accepts the pack as that of its run.
fn assert_withheld(pack: &Path, run_folder: &Path, words: &[&str]) {
    for (path, bytes) in unpacked(&std::fs::read(pack).expect("a pack")) {
        let mut texts = vec![(path.clone(), bytes.clone())];
        if path.ends_with(".xlsx") {
            texts.extend(unpacked(&bytes));
        }
        for (path, bytes) in texts {
            let text = String::from_utf8_lossy(&bytes).to_lowercase();
            for word in words {
                let before = text.find(word).map(|at| text[..at].chars().rev().take(80).collect::<Vec<_>>());
                let before: Option<String> = before.map(|before| before.into_iter().rev().collect());
                assert_eq!(before, None, "{}, {path} contains {word}", pack.display());
            }
        }
    }
    let (code, stdout, _) = run(tieout().arg("verify").arg(pack).arg("--run").arg(run_folder));
    assert_eq!(code, 0, "{stdout}");
}

/// A pack in which one file says something else, with digests that fit.
fn signed_again(pack: &Path, path: &str, change: impl FnOnce(&str) -> String) -> Vec<u8> {
    let mut files = unpacked(&std::fs::read(pack).expect("a pack"));
    let top = files.keys().next().expect("files").split_once('/').expect("a folder").0.to_owned();
    let file = files.get_mut(&format!("{top}/{path}")).expect("the file");
    let text = String::from_utf8(file.clone()).expect("UTF-8");
    let changed = change(&text);
    assert_ne!(changed, text, "{path}: nothing was changed");
    *file = changed.into_bytes();
    let digest = |bytes: &[u8]| data_encoding::HEXLOWER.encode(&Sha256::digest(bytes));
    let lines = |files: &BTreeMap<String, Vec<u8>>, data: bool| -> Vec<u8> {
        let inside = |path: &str| path.strip_prefix(&format!("{top}/")).expect("inside").to_owned();
        let of = files.iter().map(|(path, bytes)| (inside(path), bytes));
        let listed = of.filter(|(path, _)| path.starts_with("data/") == data && path != "tagmanifest-sha256.txt");
        listed.map(|(path, bytes)| format!("{}  {path}\n", digest(bytes))).collect::<String>().into_bytes()
    };
    let inside: Vec<&Vec<u8>> =
        files.iter().filter(|(path, _)| path.starts_with(&format!("{top}/data/"))).map(|(_, bytes)| bytes).collect();
    let oxum = format!("Payload-Oxum: {}.{}", inside.iter().map(|bytes| bytes.len()).sum::<usize>(), inside.len());
    let info = String::from_utf8(files[&format!("{top}/bag-info.txt")].clone()).expect("UTF-8");
    let info: String = info
        .lines()
        .map(|line| if line.starts_with("Payload-Oxum: ") { format!("{oxum}\n") } else { format!("{line}\n") })
        .collect();
    files.insert(format!("{top}/bag-info.txt"), info.into_bytes());
    let manifest = lines(&files, true);
    let before = digest(&files[&format!("{top}/manifest-sha256.txt")]);
    let after = digest(&manifest);
    files.insert(format!("{top}/manifest-sha256.txt"), manifest);
    for ticket in ["ticket.md", "ticket.txt"] {
        let file = files.get_mut(&format!("{top}/{ticket}")).expect("a ticket");
        *file = String::from_utf8(file.clone()).expect("UTF-8").replace(&before, &after).into_bytes();
    }
    let tags = lines(&files, false);
    files.insert(format!("{top}/tagmanifest-sha256.txt"), tags);
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (path, bytes) in &files {
        zip.start_file(path.clone(), zip::write::SimpleFileOptions::default().unix_permissions(0o644))
            .expect("an entry");
        zip.write_all(bytes).expect("bytes");
    }
    zip.finish().expect("an archive").into_inner()
}

/// A finished run of which a file was changed, or whose list of digests is gone, is neither reported nor packed.
#[test]
fn a_changed_run_is_refused_by_the_name_of_the_file() {
    let folder = tempfile::tempdir().expect("a folder");
    let out = sample_run(folder.path(), "links-crossed");
    let edit = |name: &str, change: &dyn Fn(&str) -> String| {
        let path = out.join(name);
        let text = std::fs::read_to_string(&path).expect("a file");
        let changed = change(&text);
        assert_ne!(changed, text, "{name}: nothing was changed");
        std::fs::write(&path, changed).expect("written");
        text
    };
    let refused = |name: &str, output: &str| {
        for command in ["report", "pack"] {
            let mut command = {
                let mut built = tieout();
                built.arg(command).arg(&out).arg("--out").arg(folder.path().join("made"));
                built
            };
            let (code, _, stderr) = run(&mut command);
            assert_eq!(code, 4, "{name}: {stderr}");
            assert!(stderr.contains(&format!("{name}: {output}")) && stderr.contains("next: "), "{name}: {stderr}");
            assert!(!folder.path().join("made").exists(), "{name}: nothing is written");
        }
    };
    type Change = fn(&str) -> String;
    let changes: [(&str, Change); 3] = [
        ("run.json", |text| text.replacen("\"verdict\":\"attention\"", "\"verdict\":\"in-sync\"", 1)),
        ("findings.jsonl", |text| text.replacen("\"severity\":\"high\"", "\"severity\":\"low\"", 1)),
        ("history.csv", |text| format!("{text}\n")),
    ];
    for (name, change) in changes {
        let text = edit(name, &change);
        refused(name, "was changed since the run");
        std::fs::write(out.join(name), text).expect("written");
    }
    let sums = edit("SHA256SUMS", &|text| {
        text.lines().filter(|line| !line.ends_with("run.json")).map(|line| format!("{line}\n")).collect()
    });
    refused("run.json", "is not listed in the run's SHA256SUMS");
    std::fs::write(out.join("SHA256SUMS"), &sums).expect("written");
    std::fs::write(out.join("reviews.jsonl"), "").expect("written");
    refused("reviews.jsonl", "is not listed");
    std::fs::remove_file(out.join("reviews.jsonl")).expect("removed");
    std::fs::write(out.join("SHA256SUMS"), format!("{sums}{}  reviews.jsonl\n", "0".repeat(64))).expect("written");
    refused("reviews.jsonl", "is missing, but is listed");
    std::fs::remove_file(out.join("SHA256SUMS")).expect("removed");
    let (code, _, stderr) = run(tieout().arg("pack").arg(&out).arg("--out").arg(folder.path().join("made")));
    assert!(code == 4 && stderr.contains("SHA256SUMS"), "{code}: {stderr}");
    std::fs::write(out.join("SHA256SUMS"), sums).expect("written");
    packed(&out, &folder.path().join("made"), &[]);
}

/// Whoever edits a pack can write its digests anew; against the run every figure is looked at, and both values are named.
#[test]
fn a_pack_that_is_signed_again_does_not_pass_against_its_run() {
    let folder = tempfile::tempdir().expect("a folder");
    let out = sample_run(folder.path(), "outbound-stalled");
    let plain = out.join("evidence-pack.zip");
    let all = [
        "--case",
        "4711",
        "--contact",
        "Ada Okafor <ada@example.com>, UTC+1",
        "--impact",
        "Nobody can be billed | `x`",
        "--tried",
        "Resynchronised on Monday",
        "--with-workbook",
    ];
    let case = packed(&out, &folder.path().join("case"), &all);
    let raw = ["--cause", "enrollment-orphaned", "--include-raw", "key", "--consent", "Ada, for 4711"];
    let raw = run(tieout().arg("pack").arg(&out).arg("--out").arg(folder.path().join("raw")).args(raw)).0 == 0;
    let few = packed(&out, &folder.path().join("few"), &["--examples-only", "--cause", "enrollment-outdated"]);
    let mut honest = vec![plain.clone(), case.clone(), few];
    if raw {
        let entries = std::fs::read_dir(folder.path().join("raw")).expect("a folder");
        let paths = entries.map(|entry| entry.expect("an entry").path());
        honest.extend(paths.filter(|path| path.extension().is_some_and(|end| end == "zip")));
    }
    for pack in &honest {
        let (code, stdout, stderr) = run(tieout().arg("verify").arg(pack).arg("--run").arg(&out));
        assert_eq!(code, 0, "{}: {stdout}{stderr}", pack.display());
        assert!(stdout.contains("compared with the run: every figure"), "{stdout}");
        let (code, stdout, _) = run(tieout().arg("verify").arg(pack));
        let first = stdout.lines().next().unwrap_or_default();
        assert!(code == 0 && first.contains("not signed") && first.contains("--run"), "{first}");
    }
    type Change = fn(&str) -> String;
    let changes: [(&Path, &str, Change, &[&str]); 9] = [
        (
            &plain,
            "data/report.json",
            |text| text.replacen("\"verdict\": \"stalled\"", "\"verdict\": \"in-sync\"", 1),
            &["data/report.json", "/verdict is `in-sync`", "the run says `stalled`"],
        ),
        (
            &plain,
            "data/report.json",
            |text| text.replacen("\"rejects\": 0", "\"rejects\": 7", 1),
            &["/inputs/0/rejects is `7`", "the run says `0`"],
        ),
        (
            &case,
            "data/analysis.json",
            |text| text.replacen("\"findings\": 1,", "\"findings\": 0,", 1),
            &["data/analysis.json", "/findings is `0`", "the run says `1`"],
        ),
        (
            &plain,
            "data/counts/control-totals.csv",
            |text| text.replacen(",total,", ",total,1", 1),
            &["data/counts/control-totals.csv", "row 1, records is"],
        ),
        (
            &case,
            "data/findings/findings.csv",
            |text| text.replacen(",critical,", ",low,", 1),
            &["row 1, severity is `low`", "the run says `critical`"],
        ),
        (
            &case,
            "data/findings/findings.jsonl",
            |text| text.replacen("\"severity\":\"critical\"", "\"severity\":\"low\"", 1),
            &["line 1: /severity is `low`", "the run says `critical`"],
        ),
        (&plain, "data/timeline/per-day.csv", |text| text.replacen(",yes", ",no", 1), &["stalled is `no`"]),
        (
            &case,
            "ticket.txt",
            |text| text.replacen("no enrollments written since", "some enrollments written since", 1),
            &["ticket.txt", "line 1 is", "the run says"],
        ),
        (&plain, "README.txt", |text| text.replacen("outbound-stalled", "nothing", 1), &["README.txt", "the run says"]),
    ];
    let changed = folder.path().join(plain.file_name().expect("a name"));
    for (pack, path, change, output) in changes {
        std::fs::write(&changed, signed_again(pack, path, change)).expect("written");
        let (code, stdout, _) = run(tieout().arg("verify").arg(&changed));
        assert_eq!(code, 0, "{path}: by itself it is consistent: {stdout}");
        let (code, stdout, _) = run(tieout().arg("verify").arg(&changed).arg("--run").arg(&out));
        assert_eq!(code, 4, "{path}: {stdout}");
        assert!(output.iter().all(|output| stdout.contains(output)), "{path}, {output:?}: {stdout}");
    }
}

/// Names of files, sheets, incidents and list views are free text: no pack has them, the workbook in it included.
#[test]
fn what_people_call_their_files_stays_at_home() {
    let folder = tempfile::tempdir().expect("a folder");
    let sample = sample_folder("outbound-stalled");
    let inputs = folder.path().join("inputs");
    std::fs::create_dir_all(inputs.join("snapshot")).expect("a folder");
    for entry in std::fs::read_dir(sample.join("snapshot")).expect("a folder") {
        let path = entry.expect("an entry").path();
        std::fs::copy(&path, inputs.join("snapshot").join(path.file_name().expect("a name"))).expect("copied");
    }
    std::fs::write(inputs.join("snapshot/Zelda Quux resigns.csv"), "Id\n").expect("written");
    std::fs::copy(sample.join("users.csv"), inputs.join("Quux, users of 'Zelda' [2].csv")).expect("copied");
    std::fs::copy(sample.join("enrollments.csv"), inputs.join("zelda.quux@example.com.csv")).expect("copied");
    let table = "name,start,end,source\nZelda Quux broke it,2025-06-01T00:00:00Z,2026-11-19T00:00:00Z,quux.internal/1\n\
                 Zq,2025-06-01T00:00:00Z,2026-11-19T00:00:00Z,quux.internal/2\n";
    std::fs::write(inputs.join("incidents.csv"), table).expect("written");
    let text = std::fs::read_to_string(sample.join("tieout.toml")).expect("a configuration");
    let text = text
        .replace("\"users.csv\"", "\"Quux, users of 'Zelda' [2].csv\"")
        .replace("\"enrollments.csv\"", "\"zelda.quux@example.com.csv\"")
        .replace("[mapping]", "[mapping]\nlist_view = \"Contacts_of_Zelda\"")
        .replace("[sync]", "[sync]\nincidents = \"incidents.csv\"");
    std::fs::write(inputs.join("tieout.toml"), text).expect("written");
    let out = folder.path().join("run");
    audit(&inputs.join("tieout.toml"), &out, &[]);
    let known = std::fs::read_to_string(out.join("report.json")).expect("a report");
    for name in ["Zelda Quux broke it", "zelda.quux@example.com.csv", "Zelda Quux resigns.csv"] {
        assert!(known.contains(name), "the run's own report has {name}");
    }
    let packs = [
        out.join("evidence-pack.zip"),
        packed(&out, &folder.path().join("case"), &["--case", "1", "--with-workbook"]),
        packed(&out, &folder.path().join("plain"), &[]),
    ];
    for pack in packs {
        assert_withheld(&pack, &out, &["zelda", "quux", "'zq'", "incident: zq", "zq;"]);
    }
    let files = unpacked(&std::fs::read(out.join("evidence-pack.zip")).expect("a pack"));
    let text = |end: &str| {
        let (_, bytes) = files.iter().find(|(path, _)| path.ends_with(end)).expect("the file");
        String::from_utf8(bytes.clone()).expect("UTF-8")
    };
    let sources = text("data/sources/sources.csv");
    assert!(sources.contains("export-") && sources.contains("docebo_v3__DoceboUser__c.csv"), "{sources}");
    assert!(text("data/timeline/events.csv").contains("AWS us-east-1 2025-10-20"), "what travels with the tool stays");
    let account: serde_json::Value = serde_json::from_str(&text("data/redaction/report.json")).expect("JSON");
    assert_eq!(account["fields"]["names of files"]["withheld"], 3, "{account}");
}

/// What people and servers wrote into queries, logs, messages, setup and a wrong column is free text as well; page and run
/// go on telling it.
#[test]
fn free_text_stays_at_home() {
    let folder = tempfile::tempdir().expect("a folder");
    let sample = sample_folder("outbound-stalled");
    let inputs = folder.path().join("inputs");
    std::fs::create_dir_all(inputs.join("snapshot")).expect("a folder");
    for part in ["", "snapshot"] {
        for entry in std::fs::read_dir(sample.join(part)).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_file() {
                std::fs::copy(&path, inputs.join(part).join(path.file_name().expect("a name"))).expect("copied");
            }
        }
    }
    let edit = |name: &str, from: &str, to: &str| {
        let text = std::fs::read_to_string(inputs.join(name)).expect("a file");
        let changed = text.replacen(from, to, 2);
        assert_ne!(changed, text, "{name}: nothing was changed");
        std::fs::write(inputs.join(name), changed).expect("written");
    };
    edit(
        "snapshot/manifest.json",
        " FROM User\"",
        " FROM User WHERE LastName = 'Zelda Quux' AND City__c = Quuxbury AND Zelda__c > 5\"",
    );
    let other =
        "{\"object\": \"Zelda Quux\", \"file\": \"x.csv\", \"counted\": 1, \"sha256\": \"\", \"soql\": \"ask Quux\"},";
    edit("snapshot/manifest.json", "\"objects\": [", &format!("\"objects\": [{other}"));
    edit("snapshot/manifest.json", "\"65.0\"", "\"Quux\"");
    let part = serde_json::json!({
        "object": "docebo_v3__Course__c", "kind": "flow", "name": "Zelda_Quux_notifies", "id": null,
        "namespace": "quux",
        "detail": "autolaunched flow, zelda quux wants it", "changed": null,
    });
    let customisation = serde_json::json!({
        "version": 1, "answered": 45, "parts": [part],
        "unseen": ["apex-trigger on every object (HTTP 403 INSUFFICIENT_ACCESS: ask Zelda Quux)",
                   "validation-rule on every object (HTTP 403 ZELDA_QUUX: x)", "ask Quux"],
    });
    let place = inputs.join("snapshot/customisation.json");
    let digest = |bytes: &[u8]| data_encoding::HEXLOWER.encode(&Sha256::digest(bytes));
    let before = digest(&std::fs::read(&place).expect("a file"));
    std::fs::write(&place, customisation.to_string()).expect("written");
    edit("snapshot/manifest.json", &before, &digest(customisation.to_string().as_bytes()));
    let data = "/services/data/v65.0";
    let asked = |path: &str| {
        serde_json::json!({
            "at": "2026-11-20T05:00:00Z", "method": "QUUX", "path": path, "status": 200,
            "answer": "no answer: Quux pulled the plug", "milliseconds": 5,
        })
    };
    let log: String = [
        format!("{data}/query?q=SELECT+Id+FROM+User+WHERE+LastName+%3D+%27Zelda+Quux%27"),
        format!("{data}/query?q=SELECT+Id+FROM+User+WHERE+LastName+=+'Quux'"),
        format!("{data}/query/ZeldaQuux-2000"),
        format!("{data}/jobs/query/7505g000000AbCd/results?maxRecords=5&locator=Zelda"),
    ]
    .iter()
    .map(|path| format!("{}\n", asked(path)))
    .collect();
    std::fs::write(inputs.join("snapshot/requests.jsonl"), log).expect("written");
    // Words of any length, in a column that holds statuses elsewhere.
    edit("enrollments.csv", ",Enrolled,", &format!(",Zelda Quux{},", " of Old Quuxbury".repeat(20)));
    edit("enrollments.csv", ",Enrolled,", ",Quux,");
    let out = folder.path().join("run");
    audit(&inputs.join("tieout.toml"), &out, &[]);
    let findings = std::fs::read_to_string(out.join("findings.jsonl")).expect("findings");
    assert!(findings.contains("Old Quuxbury") && findings.contains("zelda quux wants it"), "the run itself tells it");
    for pack in
        [out.join("evidence-pack.zip"), packed(&out, &folder.path().join("case"), &["--case", "1", "--with-workbook"])]
    {
        assert_withheld(&pack, &out, &["zelda", "quux"]);
    }
    let files = unpacked(&std::fs::read(out.join("evidence-pack.zip")).expect("a pack"));
    let all: String = files.values().map(|bytes| String::from_utf8_lossy(bytes)).collect();
    let kept = [
        "(HTTP 403 INSUFFICIENT_ACCESS)",
        "autolaunched flow, [withheld]",
        "LastName = '[withheld]' AND [withheld] = [withheld]",
        "docebo_v3__Course__c,flow,[withheld],[withheld],",
    ];
    for kept in kept {
        assert!(all.contains(kept), "{kept} is not told");
    }
}

/// A pack is verified before it stands under its name: what was typed into it can tell of a person.
#[test]
fn a_pack_that_does_not_pass_is_not_written() {
    let folder = tempfile::tempdir().expect("a folder");
    let out = sample_run(folder.path(), "outbound-stalled");
    let case = folder.path().join("case");
    let mut pack = tieout();
    pack.arg("pack").arg(&out).arg("--out").arg(&case).arg("--impact").arg("ada.lovelace@example.com cannot work");
    let (code, _, stderr) = run(&mut pack);
    assert_eq!(code, 1, "{stderr}");
    assert!(stderr.contains("ticket.txt, line ") && stderr.contains("an e-mail address (`ad\u{2026}"), "{stderr}");
    assert!(stderr.contains("was not written") && !stderr.contains("lovelace") && !case.exists(), "{stderr}");
}

/// A pack, its digest and its neighbours are regular files, or the look at them ends at once.
#[cfg(unix)]
#[test]
fn only_regular_files_are_looked_at() {
    let folder = tempfile::tempdir().expect("a folder");
    let pack = folder.path().join("pack.zip");
    let pipe = |path: &Path| {
        let status = std::process::Command::new("mkfifo").arg(path).status().expect("mkfifo runs");
        assert!(status.success());
    };
    pipe(&pack);
    for path in [pack.as_path(), Path::new("/dev/zero"), folder.path()] {
        let (code, _, stderr) = run(tieout().arg("verify").arg(path));
        assert!(code == 4 && stderr.contains("next: "), "{}: {code}: {stderr}", path.display());
    }
    std::fs::remove_file(&pack).expect("removed");
    std::fs::write(&pack, "x").expect("written");
    pipe(&folder.path().join("pack.zip.sha256"));
    let (code, _, stderr) = run(tieout().arg("verify").arg(&pack));
    assert!(code == 4 && stderr.contains("pack.zip.sha256"), "{code}: {stderr}");
    std::fs::remove_file(folder.path().join("pack.zip.sha256")).expect("removed");
    std::fs::create_dir(folder.path().join("x.private")).expect("a folder");
    pipe(&folder.path().join("x.private/pseudonyms.csv"));
    let (code, _, stderr) = run(tieout().arg("verify").arg(&pack));
    assert!(code == 4 && stderr.contains("pseudonyms.csv"), "{code}: {stderr}");
    let run_folder = folder.path().join("run");
    std::fs::create_dir(&run_folder).expect("a folder");
    pipe(&run_folder.join("run.json"));
    let (code, _, stderr) = run(tieout().arg("report").arg(&run_folder));
    assert!(code == 4 && stderr.contains("run.json"), "{code}: {stderr}");
}

/// Of a live organization's own log and queries, which hold no words of anybody, nothing is withheld but cursors.
#[test]
fn own_queries_are_told_in_full() {
    let folder = tempfile::tempdir().expect("a folder");
    let sample = sample_folder("in-sync");
    let server = crate::fake_org::Server::start(crate::fake_org::generated::from_folder(&sample.join("snapshot")));
    let inputs = folder.path().join("inputs");
    std::fs::create_dir(&inputs).expect("a folder");
    for name in ["tieout.toml", "users.csv", "enrollments.csv"] {
        std::fs::copy(sample.join(name), inputs.join(name)).expect("copied");
    }
    let snapshot = inputs.join("snapshot");
    crate::extract::extract(&server, &snapshot, tieout::inputs::salesforce::read::Api::Rest).expect("an extraction");
    let out = folder.path().join("run");
    audit(&inputs.join("tieout.toml"), &out, &[]);
    let files = unpacked(&std::fs::read(out.join("evidence-pack.zip")).expect("a pack"));
    let text = |end: &str| {
        let (_, bytes) = files.iter().find(|(path, _)| path.ends_with(end)).expect("the file");
        String::from_utf8(bytes.clone()).expect("UTF-8")
    };
    let queries = text("data/method/queries.soql");
    assert!(queries.contains("FROM docebo_v3__CourseEnrollment__c") && !queries.contains("[withheld]"), "{queries}");
    let log = text("data/log/requests.jsonl");
    let withheld: Vec<&str> =
        log.lines().filter(|line| line.contains("withheld") && !line.contains("query/[withheld]")).collect();
    assert!(!log.is_empty() && withheld.is_empty(), "{withheld:#?}");
}

/// A run looks at its own pack as `tieout pack` does; of hostile text too a pack is made that passes.
#[test]
fn the_pack_of_a_run_passes_whatever_the_texts_are() {
    let folder = tempfile::tempdir().expect("a folder");
    for sample in ["hostile-text", "links-crossed"] {
        let out = folder.path().join(sample);
        audit(&sample_folder(sample).join("tieout.toml"), &out, &[]);
        let (code, stdout, _) = run(tieout().arg("verify").arg(out.join("evidence-pack.zip")).arg("--run").arg(&out));
        assert_eq!(code, 0, "{sample}: {stdout}");
        packed(&out, &folder.path().join(format!("{sample}-case")), &["--case", "1", "--with-workbook"]);
    }
}

/// A case is named by letters or digits; without any, its folder would have no name.
#[test]
fn a_case_without_a_letter_or_digit_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let out = sample_run(folder.path(), "links-crossed");
    for case in ["#", "##", "-", "_#"] {
        let packs = folder.path().join("packs");
        let (code, _, stderr) =
            run(tieout().arg("pack").arg(&out).arg("--out").arg(&packs).arg(format!("--case={case}")));
        assert!(code == 2 && stderr.contains("is not a case number"), "{case}: {code}: {stderr}");
        assert!(!packs.exists(), "{case}");
    }
}
