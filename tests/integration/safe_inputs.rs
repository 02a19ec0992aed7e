//! Inputs that change, that never end, that claim more than they hold, or that say what cannot be: a clear error or a
//! caveat, in bounded time and memory.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tieout::error::Error;
use tieout::exit::Exit;
use tieout::inputs::{docebo, snapshot};
use tieout::model::export_rows::ExportRows;
use tieout::progress::Progress;
use tieout::reconcile::join;
use tieout::settings::Settings;
use tieout::settings::file::{self, Overrides};

use crate::cli::{run, tieout};
use crate::freshness::AS_OF;
use crate::inputs::Inputs;
use crate::world::{Object, World};
use crate::wrap::{edited, grid, gzip, lines_of, ods_of, xlsx, zip};
use crate::{audit, ledger_rows};

const USERS: &str = "users.csv";
const ENROLLMENTS: &str = "enrollments.csv";
const COURSES: &str = "snapshot/docebo_v3__Course__c.csv";
const SALESFORCE: &str = "snapshot/docebo_v3__CourseEnrollment__c.csv";
const MANIFEST: &str = "snapshot/manifest.json";

fn settings(inputs: &Inputs) -> Settings {
    let path = inputs.path("tieout.toml");
    file::load(&path, &inputs.text("tieout.toml"), &Overrides::default()).expect("a configuration")
}

fn halve(path: &Path) {
    let bytes = std::fs::read(path).expect("a file");
    std::fs::write(path, &bytes[..bytes.len() / 2]).expect("a writable file");
}

fn is_changed(error: &Error) -> bool {
    matches!(error, Error::Changed { .. }) && error.exit() == Exit::Input
}

/// Runs the tool, and ends it where it hangs.
pub(crate) fn within(seconds: u64, command: &mut Command) -> (i32, String, String) {
    let mut child: Child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the binary runs");
    let until = Instant::now() + Duration::from_secs(seconds);
    while child.try_wait().expect("a child").is_none() {
        if Instant::now() > until {
            child.kill().expect("a child");
            panic!("it did not end within {seconds} seconds");
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    let output = child.wait_with_output().expect("an output");
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    (output.status.code().unwrap_or(-1), text(output.stdout), text(output.stderr))
}

pub(crate) fn audit_cli(inputs: &Inputs) -> (i32, String, String) {
    let out = inputs.path("out");
    let mut command = tieout();
    command.arg("audit").arg("-c").arg(inputs.path("tieout.toml")).arg("--out").arg(&out).arg("--no-previous");
    let result = within(60, &mut command);
    if result.0 == 4 || result.0 == 2 {
        assert!(!out.exists(), "nothing is written: {result:?}");
    }
    result
}

fn with_incidents(inputs: &Inputs) {
    inputs.edit("tieout.toml", |text| {
        assert!(text.contains("[sync]\n"));
        text.replacen("[sync]\n", "[sync]\nincidents = \"incidents.csv\"\n", 1)
    });
}

/// The export is opened, then its course codes are asked for, then its rows are read: in between it is halved.
#[test]
fn an_export_that_changes_between_two_readings_ends_the_run() {
    let mut world = World::in_sync(5, 30);
    world.remove_course_id_column();
    type Change = fn(&Inputs);
    let changes: [(&str, Change); 4] = [
        ("halved", |inputs| halve(&inputs.path(ENROLLMENTS))),
        ("users halved", |inputs| halve(&inputs.path(USERS))),
        ("one byte, and the time put back", |inputs| {
            let path = inputs.path(ENROLLMENTS);
            let modified = path.metadata().and_then(|metadata| metadata.modified()).expect("a time");
            inputs.edit(ENROLLMENTS, |text| {
                let at = text.rfind(|c: char| c.is_ascii_digit()).expect("a digit");
                let other = if text.as_bytes()[at] == b'1' { "2" } else { "1" };
                [&text[..at], other, &text[at + 1..]].concat()
            });
            std::fs::File::options().write(true).open(&path).expect("a file").set_modified(modified).expect("a time");
        }),
        ("removed", |inputs| std::fs::remove_file(inputs.path(ENROLLMENTS)).expect("a file")),
    ];
    for (what, change) in changes {
        let inputs = Inputs::from_world(&world);
        let settings = settings(&inputs);
        let codes = || {
            let codes = snapshot::course_codes(&settings)?.0;
            change(&inputs);
            Ok(codes)
        };
        let error = docebo::read(&settings, codes, &Progress::hidden()).err().unwrap_or_else(|| panic!("{what}: read"));
        assert!(is_changed(&error), "{what}: {error}");
    }
}

/// A workbook is opened for its sheets and once more for its rows.
#[test]
fn a_workbook_that_changes_between_two_readings_ends_the_run() {
    let mut world = World::in_sync(5, 30);
    world.remove_course_id_column();
    for wrapped in [false, true] {
        let inputs = Inputs::from_world(&world);
        let workbook = xlsx(&[("Sheet1", &grid(&inputs.read(ENROLLMENTS)))]);
        let bytes = if wrapped { zip(&[("enrollments.xlsx", &workbook)]) } else { workbook };
        inputs.write(ENROLLMENTS, bytes);
        let settings = settings(&inputs);
        let codes = || {
            let codes = snapshot::course_codes(&settings)?.0;
            halve(&inputs.path(ENROLLMENTS));
            Ok(codes)
        };
        let error = docebo::read(&settings, codes, &Progress::hidden()).expect_err("a refusal");
        assert!(is_changed(&error), "{error}");
    }
}

/// An object that can be done without is not treated as missing where its file changes.
#[test]
fn a_snapshot_that_changes_while_it_is_read_ends_the_run() {
    for packed in [false, true] {
        let mut world = World::in_sync(5, 30);
        world.save_by_hand();
        let inputs = Inputs::from_world(&world);
        if packed {
            inputs.write(SALESFORCE, gzip(&inputs.read(SALESFORCE)));
        }
        let settings = settings(&inputs);
        let progress = Progress::hidden();
        let begun = snapshot::parents(&settings, &progress).expect("a snapshot");
        halve(&inputs.path(SALESFORCE));
        let error = join::join(ExportRows::default(), begun).expect_err("a refusal");
        assert!(is_changed(&error), "{error}");
    }
    // The courses were read apart, for their codes.
    let mut world = World::in_sync(5, 30);
    world.save_by_hand();
    let inputs = Inputs::from_world(&world);
    let settings = settings(&inputs);
    let (_, digests) = snapshot::course_codes(&settings).expect("courses");
    inputs.edit(COURSES, |text| text + "\n");
    let progress = Progress::hidden();
    let begun = snapshot::parents(&settings, &progress).expect("a snapshot");
    assert!(is_changed(&begun.require(&digests).expect_err("other courses")));
}

fn caveats(inputs: &Inputs) -> Vec<String> {
    audit(inputs.folder.path()).unwrap_or_else(|error| panic!("{error}")).origins().caveats.clone()
}

fn edit_manifest(inputs: &Inputs, edit: impl FnOnce(&mut serde_json::Value)) {
    let mut manifest = serde_json::from_str(&inputs.text(MANIFEST)).expect("JSON");
    edit(&mut manifest);
    inputs.write(MANIFEST, manifest.to_string());
}

fn entry<'a>(manifest: &'a mut serde_json::Value, object: &str) -> &'a mut serde_json::Value {
    let objects = manifest["objects"].as_array_mut().expect("objects");
    objects.iter_mut().find(|entry| entry["object"] == object).expect("an entry")
}

#[test]
fn counted_means_counted_for_each_object() {
    const OBJECT: &str = "docebo_v3__CourseEnrollment__c";
    type Edit = fn(&mut serde_json::Value);
    let edits: [(&str, Edit); 3] = [
        ("not listed", |manifest| {
            manifest["objects"].as_array_mut().expect("objects").retain(|entry| entry["object"] != OBJECT);
        }),
        ("without a count", |manifest| {
            entry(manifest, OBJECT).as_object_mut().expect("an object").remove("counted");
        }),
        ("null", |manifest| entry(manifest, OBJECT)["counted"] = serde_json::Value::Null),
    ];
    for (what, edit) in edits {
        let inputs = Inputs::from_world(&World::in_sync(5, 30));
        edit_manifest(&inputs, edit);
        let caveats = caveats(&inputs);
        let caveat = caveats.iter().find(|caveat| caveat.starts_with("Salesforce's count of rows is not known for"));
        let caveat = caveat.unwrap_or_else(|| panic!("{what}: {caveats:?}"));
        assert!(caveat.contains(OBJECT) && !caveat.contains("docebo_v3__DoceboUser__c"), "{what}: {caveat}");
        // And in every output.
        let out = inputs.path("out");
        let (code, stdout, _) =
            run(tieout().arg("audit").arg("-c").arg(inputs.path("tieout.toml")).arg("--out").arg(&out));
        assert!(code != 4 && stdout.contains("count of rows is not known"), "{what}: {stdout}");
        for name in ["report.json", "report.html"] {
            let text = std::fs::read_to_string(out.join(name)).expect("an output");
            assert!(text.contains("count of rows is not known"), "{what}: {name}");
        }
        let (_, stdout, _) = run(tieout().arg("freshness").args(AS_OF).arg("-c").arg(inputs.path("tieout.toml")));
        assert!(stdout.contains("count of rows is not known"), "{what}: {stdout}");
    }
    for (value, says) in
        [(serde_json::json!(-5), "-5"), (serde_json::json!("377"), "377"), (serde_json::json!(1.5), "1.5")]
    {
        let inputs = Inputs::from_world(&World::in_sync(5, 30));
        edit_manifest(&inputs, |manifest| entry(manifest, OBJECT)["counted"] = value);
        let error = audit(inputs.folder.path()).expect_err("no count");
        assert!(error.exit() == Exit::Input && error.to_string().contains(says), "{error}");
    }
    // Nobody counted, but more rows were written than the file has: it is not whole.
    let inputs = Inputs::from_world(&World::in_sync(5, 30));
    edit_manifest(&inputs, |manifest| {
        let entry = entry(manifest, OBJECT);
        entry["rows"] = (entry["counted"].as_u64().expect("a count") + 3).into();
        entry["counted"] = serde_json::Value::Null;
    });
    assert!(caveats(&inputs).iter().any(|caveat| caveat.starts_with(OBJECT) && caveat.contains("is incomplete")));
    let inputs = Inputs::from_world(&World::in_sync(5, 30));
    edit_manifest(&inputs, |manifest| {
        let again = entry(manifest, OBJECT).clone();
        manifest["objects"].as_array_mut().expect("objects").push(again);
    });
    assert!(audit(inputs.folder.path()).expect_err("two counts").to_string().contains("twice"));
}

/// One row of 2099 hides no silence, and a snapshot that is old tells nothing of today.
#[test]
fn freshness_counts_no_write_of_the_future_and_no_old_reading() {
    let inputs = Inputs::from_world(&World::in_sync(5, 60));
    let freshness = |arguments: &[&str]| {
        let mut command = tieout();
        command.arg("freshness").arg("-c").arg(inputs.path("tieout.toml")).args(arguments);
        run(&mut command)
    };
    let read = "2026-11-20T06:10:00Z";
    assert_eq!(freshness(&["--as-of", read]).0, 0);
    for (as_of, code) in [
        ("2026-12-20T06:10:00Z", 0),
        ("2026-12-20T06:10:01Z", 6),
        ("2027-12-20T06:10:00Z", 6),
        ("2026-11-18T00:00:00Z", 6),
    ] {
        let (found, stdout, stderr) = freshness(&["--as-of", as_of]);
        assert_eq!(found, code, "{as_of}: {stdout}{stderr}");
    }
    let (_, stdout, _) = freshness(&["--as-of", "2027-12-20T06:10:00Z"]);
    assert!(stdout.starts_with("NOT-EVALUATED") && stdout.contains("was read 395 days ago"), "{stdout}");
    let (code, _, stderr) = freshness(&["--as-of", "soon"]);
    assert!(code == 2 && stderr.contains("--as-of"), "{stderr}");

    // Thirteen months of silence, and one row of 2099.
    edit_manifest(&inputs, |manifest| manifest["server_time"] = "2027-12-20T06:10:00Z".into());
    let late = "2027-12-20T07:00:00Z";
    assert_eq!(freshness(&["--as-of", late]).0, 5);
    let text = inputs.text(SALESFORCE);
    let (rest, last) = text.trim_end().rsplit_once('\n').expect("rows");
    let heading: Vec<&str> = text.lines().next().expect("a heading").split(',').collect();
    let mut cells: Vec<&str> = last.split(',').collect();
    for name in ["CreatedDate", "LastModifiedDate"] {
        cells[heading.iter().position(|cell| *cell == name).expect("a column")] = "2099-01-01T00:00:00.000Z";
    }
    inputs.write(SALESFORCE, format!("{rest}\n{}\n", cells.join(",")));
    inputs.seal("docebo_v3__CourseEnrollment__c.csv", None);
    let (code, stdout, _) = freshness(&["--as-of", late]);
    assert_eq!(code, 5, "{stdout}");
    assert!(
        stdout.contains("lie after 2027-12-20 06:20 UTC, when Salesforce had been read")
            && stdout.contains("2099-01-01"),
        "{stdout}"
    );
    // Nor does one of the next day, where Salesforce's own clock tells when it was read.
    inputs.edit(SALESFORCE, |text| text.replace("2099-01-01T00:00:00.000Z", "2027-12-21T06:00:00.000Z"));
    inputs.seal("docebo_v3__CourseEnrollment__c.csv", None);
    let (code, stdout, _) = freshness(&["--as-of", late]);
    assert!(code == 5 && stdout.contains("2027-12-21"), "{code}: {stdout}");
}

/// Without the columns that tell who wrote a row, what others did passes for a write of the sync; that is told.
#[test]
fn freshness_tells_that_writers_are_not_known() {
    for (name, is_told) in [(None, false), (Some("CreatedById"), true), (Some("LastModifiedById"), true)] {
        let mut world = World::in_sync(5, 60);
        if let Some(name) = name {
            world.hide_column(Object::CourseEnrollment, name);
        }
        let inputs = Inputs::from_world(&world);
        let (_, stdout, _) = run(tieout().arg("freshness").args(AS_OF).arg("-c").arg(inputs.path("tieout.toml")));
        assert_eq!(
            stdout.contains("who created and who last changed a row is not known"),
            is_told,
            "{name:?}: {stdout}"
        );
    }
}

/// More rows than Salesforce counted are no more whole than fewer.
#[test]
fn more_rows_than_counted_are_not_whole() {
    const OBJECT: &str = "docebo_v3__CourseEnrollment__c";
    for (drift, is_whole) in [(0, false), (1, false), (2, true)] {
        let inputs = Inputs::from_world(&World::in_sync(5, 30));
        edit_manifest(&inputs, |manifest| {
            let entry = entry(manifest, OBJECT);
            entry["counted"] = (entry["counted"].as_u64().expect("a count") - 2).into();
            entry["drift"] = drift.into();
        });
        let caveats = caveats(&inputs);
        let output =
            caveats.iter().any(|caveat| caveat.starts_with(OBJECT) && caveat.contains("but Salesforce counted"));
        assert_eq!(output, !is_whole, "{drift}: {caveats:?}");
    }
}

/// A date out of range is unreadable, on both sides; it is never shown as another one.
#[test]
fn dates_out_of_range_are_unreadable() {
    let inputs = Inputs::from_world(&World::in_sync(5, 60));
    let columns = inputs
        .text(ENROLLMENTS)
        .lines()
        .next()
        .expect("a heading")
        .split(',')
        .position(|cell| cell == "Enrollment Date");
    let column = columns.expect("a column");
    let bad =
        ["9999-12-31 00:00:00", "0001-01-01 00:00:00", "2106-01-01 00:00:00", "0000-00-00junk", "0000-00-00 12:00:00"];
    let blank = ["0000-00-00", "0000-00-00 00:00:00", "00/00/0000", "0000-00-00T00:00:00.000Z"];
    inputs.edit(ENROLLMENTS, |text| {
        let rows = text.lines().enumerate().map(|(at, row)| {
            let mut cells: Vec<&str> = row.split(',').collect();
            if let Some(value) = at.checked_sub(1).and_then(|at| bad.iter().chain(&blank).nth(at)) {
                cells[column] = value;
            }
            cells.join(",") + "\n"
        });
        rows.collect()
    });
    let report = audit(inputs.folder.path()).expect("a report");
    let rows = ledger_rows(&report, "ledger/excluded-rows.csv");
    let reasons: Vec<&String> =
        rows.iter().filter(|row| row["what"] == "unreadable").map(|row| &row["reason"]).collect();
    assert_eq!(reasons.len(), bad.len(), "{rows:?}");
    assert_eq!(
        reasons.iter().filter(|reason| reason.contains("lies outside the years 1970 to 2105")).count(),
        3,
        "{reasons:?}"
    );
    for (name, text) in tieout::outputs::ledger::files(&report, tieout::outputs::ledger::Rows::All).expect("ledgers") {
        assert!(!String::from_utf8_lossy(&text).contains("2106-02-07"), "{name}");
    }

    // One such date in an object, in the manifest, in the configuration and in the incidents.
    let mut world = World::in_sync(5, 30);
    world.save_by_hand();
    let inputs = Inputs::from_world(&world);
    inputs.edit("snapshot/docebo_v3__DoceboUser__c.csv", |text| {
        text.replacen("2026-", "9999-", 1).replacen("2025-", "9999-", 1)
    });
    let error = audit(inputs.folder.path()).expect_err("no date");
    assert!(error.to_string().contains("lies outside the years"), "{error}");
    let inputs = Inputs::from_world(&World::in_sync(5, 30));
    edit_manifest(&inputs, |manifest| manifest["server_time"] = "9999-12-31T00:00:00Z".into());
    assert!(audit(inputs.folder.path()).expect_err("no date").to_string().contains("lies outside the years"));
    let inputs = Inputs::from_world(&World::in_sync(5, 30));
    inputs.edit("tieout.toml", |text| text.replacen("exported_at = \"2026-", "exported_at = \"9999-", 1));
    let (code, _, stderr) = audit_cli(&inputs);
    assert!(code == 2 && stderr.contains("lies outside the years"), "{stderr}");
    let inputs = Inputs::from_world(&World::in_sync(5, 30));
    with_incidents(&inputs);
    inputs.write("incidents.csv", "name,start,end,source\na,2026-01-01T00:00:00Z,9999-01-01T00:00:00Z,x\n");
    let (code, _, stderr) = audit_cli(&inputs);
    assert!(code == 4 && stderr.contains("line 2") && stderr.contains("lies outside the years"), "{stderr}");
}

#[test]
fn rows_of_one_learner_that_contradict_each_other_are_told_as_such() {
    let inputs = Inputs::from_world(&World::in_sync(5, 30));
    let text = inputs.text(USERS);
    let heading: Vec<&str> = text.lines().next().expect("a heading").split(',').collect();
    let username = heading.iter().position(|cell| *cell == "Username").expect("a column");
    let row = text.lines().nth(3).expect("a row");
    let mut other: Vec<&str> = row.split(',').collect();
    other[username] = "aaa.somebody.else@example.com";
    let (rows, contradictory) = (text.lines().count(), other.join(","));
    inputs.write(USERS, format!("{text}{row}\n{contradictory}\n"));
    let report = audit(inputs.folder.path()).expect("a report");
    let excluded = ledger_rows(&report, "ledger/excluded-rows.csv");
    let what: Vec<&str> = excluded.iter().map(|row| row["what"].as_str()).collect();
    assert!(what.contains(&"repeated") && what.contains(&"contradictory"), "{excluded:?}");
    let output = excluded.iter().find(|row| row["what"] == "contradictory").expect("a row");
    assert_eq!(
        (output["line"].as_str(), output["reason"].as_str()),
        (&*(rows + 2).to_string(), "another username than the row on line 4 of users.csv")
    );
    let caveats = &report.origins().caveats;
    assert!(caveats.iter().any(|caveat| caveat.contains("contradicts another row of the same learner")), "{caveats:?}");
    assert!(!caveats.iter().any(|caveat| caveat.contains("somebody.else")), "{caveats:?}");
}

/// A zone that is configured and that hardly any pair of dates supports is a caveat.
#[test]
fn a_configured_zone_that_few_pairs_support_is_told() {
    let inputs = Inputs::from_world(&World::in_sync(5, 60));
    let output = |zone: &str| {
        let path = inputs.path("tieout.toml");
        let overrides = Overrides { time_zone: Some(zone.to_owned()), ..Overrides::default() };
        let settings = file::load(&path, &inputs.text("tieout.toml"), &overrides).expect("a configuration");
        let report = tieout::commands::audit::audit(&settings, &Progress::hidden()).expect("a report");
        report.origins().caveats.iter().any(|caveat| {
            caveat.contains(&format!("under the configured time zone {zone} only 0 of"))
                && caveat.contains("docebo.time_zone")
        })
    };
    let zones = ["UTC", "Europe/Berlin", "Asia/Kathmandu"];
    let unsupported: Vec<&str> = zones.into_iter().filter(|zone| output(zone)).collect();
    assert!(unsupported.contains(&"Asia/Kathmandu") && unsupported.len() < zones.len(), "{unsupported:?}");
}

/// Small files that claim much: a clear error within time and memory, never an abort.
#[test]
fn workbooks_that_claim_much_are_refused() {
    let mut world = World::in_sync(5, 30);
    world.save_by_hand();
    let inputs = Inputs::from_world(&world);
    let table = grid(&inputs.read(ENROLLMENTS));
    let whole = xlsx(&[("Sheet1", &table)]);
    let sheet = |edit: &dyn Fn(String) -> String| edited(&whole, "xl/worksheets/sheet1.xml", edit);
    let texts = |edit: &dyn Fn(String) -> String| edited(&whole, "xl/sharedStrings.xml", edit);
    let spreadsheet = |rows: &str| ods_of(&format!("<table:table table:name=\"a\">{rows}</table:table>"), "");
    let cells = |columns: &str| {
        format!("<table:table-cell office:value-type=\"string\" {columns}><text:p>a</text:p></table:table-cell>")
    };
    let wide = cells("table:number-columns-repeated=\"1000000000\"");
    let mut named = lines_of(&["Id,Name"]);
    named.extend(std::iter::repeat_n(vec!["1".to_owned(), "a".to_owned()], 3));
    let claims: Vec<(&str, Vec<u8>)> = vec![
        ("four thousand million texts", texts(&|text| text.replacen("uniqueCount=\"", "uniqueCount=\"4000000000", 1))),
        (
            "a bomb of texts",
            texts(&|text| text.replacen("<si>", &format!("<si><t>{}</t></si><si>", "a".repeat(600 << 20)), 1)),
        ),
        (
            "a text longer than any cell's",
            texts(&|text| text.replacen("<t>", &format!("<t>{}", "a".repeat(1 << 19)), 40)),
        ),
        ("many small texts", texts(&|text| text.replacen("<si>", &format!("{}<si>", "<si/>".repeat(40 << 20)), 1))),
        ("a far column", sheet(&|text| text.replacen("r=\"A3\"", "r=\"ZZZZZZZ3\"", 1))),
        ("a column beyond the last", sheet(&|text| text.replacen("r=\"A3\"", "r=\"XFE3\"", 1))),
        ("a far row", sheet(&|text| text.replacen("r=\"A3\"", "r=\"A4000000000\"", 1))),
        (
            "a row number without end",
            sheet(&|text| text.replacen("<row r=\"3\"", "<row r=\"99999999999999999999\"", 1)),
        ),
        (
            "a million rows of a wide spreadsheet",
            spreadsheet(&format!(
                "<table:table-row table:number-rows-repeated=\"1000000000\">{wide}</table:table-row>"
            )),
        ),
        ("many wide rows", spreadsheet(&format!("<table:table-row>{wide}</table:table-row>").repeat(20_000))),
    ];
    for (what, bytes) in claims {
        inputs.write(ENROLLMENTS, bytes);
        let began = Instant::now();
        let (code, _, stderr) = audit_cli(&inputs);
        assert_eq!(code, 4, "{what}: {stderr}");
        assert!(stderr.contains("enrollments.csv") && stderr.contains("next:"), "{what}: {stderr}");
        assert!(began.elapsed() < Duration::from_secs(30), "{what}");
    }
    // A packed text that unpacks to far more than its size.
    let row = b"1,a,\n".as_slice();
    let bomb = [b"User unique ID,Username,sfdc_id\n".as_slice(), &row.repeat(4 << 20)].concat();
    let mut best = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    std::io::Write::write_all(&mut best, &bomb).expect("memory");
    for packed in [best.finish().expect("memory"), zip(&[("users.csv", bomb.as_slice())])] {
        let users = inputs.read(USERS);
        inputs.write(USERS, packed);
        let (code, _, stderr) = audit_cli(&inputs);
        assert!(code == 4 && stderr.contains("more than 200 times its size"), "{code} {stderr}");
        inputs.write(USERS, users);
    }
    // What claims the whole sheet and does no harm is read.
    let harmless = sheet(&|text| {
        let start = text.find("<dimension ref=\"").expect("a dimension") + 16;
        let end = start + text[start..].find('"').expect("an end");
        [&text[..start], "A1:XFD1048576", &text[end..]].concat()
    });
    inputs.write(ENROLLMENTS, harmless);
    assert!(audit_cli(&inputs).0 != 4);
}

#[test]
fn texts_that_never_end_are_refused_in_bounded_memory() {
    let mut world = World::in_sync(5, 30);
    world.save_by_hand();
    let inputs = Inputs::from_world(&world);
    let heading = inputs.text(ENROLLMENTS).lines().next().expect("a heading").to_owned();
    let cases: [(&str, Vec<u8>); 4] = [
        ("a field of 80 MB", format!("{heading}\n1,{}\n", "a".repeat(80 << 20)).into_bytes()),
        ("a field between marks", format!("{heading}\n1,\"{}\"\n", "a\n".repeat(40 << 20)).into_bytes()),
        ("millions of headings", format!("{heading}{}\n1\n", ",a".repeat(4_000_000)).into_bytes()),
        (
            "a hundred thousand columns",
            format!("{heading}{}\n{}", ",a".repeat(100_000), ",".repeat(100_000)).into_bytes(),
        ),
    ];
    for (what, bytes) in cases {
        inputs.write(ENROLLMENTS, bytes);
        let (code, _, stderr) = audit_cli(&inputs);
        assert_eq!(code, 4, "{what}: {stderr}");
        assert!(stderr.len() < 5_000, "{what}");
    }
}

#[test]
fn a_long_table_of_incidents_takes_no_time() {
    use std::fmt::Write as _;

    let mut text = String::from("name,start,end,source\n");
    for at in 0..100_000 {
        writeln!(text, "incident {at},2020-01-01T00:00:00Z,2020-01-01T01:00:00Z,x").expect("memory");
    }
    let began = Instant::now();
    assert_eq!(tieout::stalls::incidents::parse(&text).expect("a table").len(), 100_000);
    assert!(began.elapsed() < Duration::from_secs(1), "{:?}", began.elapsed());
    text += "last,2020-01-01,2020-01-01T01:00:00Z,x\n";
    assert_eq!(tieout::stalls::incidents::parse(&text).expect_err("no moment").line, 100_002);
}

/// A pipe in the place of any input neither hangs the tool nor reads as an empty file.
#[cfg(unix)]
#[test]
fn pipes_and_devices_are_no_inputs() {
    let spoil = |inputs: &Inputs, name: &str, device: Option<&str>| {
        let path = inputs.path(name);
        let _ = std::fs::remove_file(&path);
        match device {
            Some(device) => std::os::unix::fs::symlink(device, &path).expect("a link"),
            None => {
                let mode = rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR;
                rustix::fs::mknodat(rustix::fs::CWD, &path, rustix::fs::FileType::Fifo, mode, 0).expect("a pipe");
            }
        }
    };
    let mut world = World::in_sync(5, 30);
    world.save_by_hand();
    for device in [None, Some("/dev/zero"), Some("/dev/null")] {
        for (name, code) in [
            (USERS, 4),
            (ENROLLMENTS, 4),
            ("snapshot/Contact.csv", 4),
            ("tieout.toml", 2),
            (MANIFEST, 4),
            ("incidents.csv", 4),
        ] {
            let inputs = Inputs::from_world(&world);
            if name == "incidents.csv" {
                with_incidents(&inputs);
            }
            spoil(&inputs, name, device);
            let (found, _, stderr) = audit_cli(&inputs);
            assert_eq!(found, code, "{name}: {stderr}");
            assert!(stderr.contains("is not a regular file"), "{name}: {stderr}");
        }
        // What can be done without is missing, and that is said.
        for name in [
            SALESFORCE,
            "snapshot/customisation.json",
            "snapshot/list_view_contacts.csv",
            "snapshot/deleted_contacts.csv",
        ] {
            let inputs = Inputs::from_world(&world);
            spoil(&inputs, name, device);
            let (code, stdout, stderr) = audit_cli(&inputs);
            assert!(code != 4 && code != 70, "{name}: {code} {stdout}{stderr}");
        }
        // A workbook whose answers are to be read back.
        let inputs = Inputs::from_world(&World::in_sync(5, 30));
        let (code, _, stderr) = audit_cli(&inputs);
        assert!(matches!(code, 0 | 1), "{stderr}");
        spoil(&inputs, "answers.xlsx", device);
        let mut review = tieout();
        review.arg("review").arg(inputs.path("answers.xlsx")).arg("--run").arg(inputs.path("out"));
        let (code, _, stderr) = within(20, &mut review);
        assert!(code == 4 && stderr.contains("is not a regular file"), "{code} {stderr}");

        let inputs = Inputs::from_world(&World::in_sync(5, 30));
        spoil(&inputs, "snapshot/requests.jsonl", device);
        let (code, stdout, stderr) = audit_cli(&inputs);
        assert!(
            code != 4 && stdout.contains("requests.jsonl of the snapshot cannot be read"),
            "{code} {stdout}{stderr}"
        );
    }
}

#[test]
fn an_endless_line_of_the_log_is_a_caveat() {
    let inputs = Inputs::from_world(&World::in_sync(5, 30));
    for log in [vec![b'a'; 80 << 20], b"{\"no\": \"line end\"}".to_vec(), vec![b'['; 1 << 20]] {
        inputs.write("snapshot/requests.jsonl", log);
        let caveats = caveats(&inputs);
        assert!(
            caveats.iter().any(|caveat| caveat.contains("requests.jsonl of the snapshot has 1 line")),
            "{caveats:?}"
        );
    }
}
