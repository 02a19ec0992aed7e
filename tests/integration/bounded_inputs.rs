//! Inputs that take more memory, time or reading than their size lets expect: a clear error or counted rows, within
//! bounds.

use std::path::Path;
use std::time::{Duration, Instant};

use tieout::inputs::table::Table;
use tieout::progress::Progress;

use crate::cli::{run, tieout};
use crate::inputs::Inputs;
use crate::safe_inputs::{audit_cli, within};
use crate::world::World;
use crate::wrap::{Grid, edited, grid, lines_of, xlsx, zip};
use crate::{audit, ledger_rows};

const USERS: &str = "users.csv";
const ENROLLMENTS: &str = "enrollments.csv";

fn inputs() -> Inputs {
    Inputs::from_world(&World::in_sync(5, 30))
}

fn open(path: &Path) -> String {
    match Table::open(path, &Progress::hidden(), &|_| false) {
        Ok(table) => {
            table.rows(&Progress::hidden(), |_| Ok(())).map_or_else(|error| error.to_string(), |_| String::new())
        }
        Err(error) => error.to_string(),
    }
}

/// An audit, and the most memory that it took, in MiB.
#[cfg(target_os = "linux")]
fn audit_measured(inputs: &Inputs) -> (i32, String, u64) {
    use std::process::Stdio;

    let mut command = tieout();
    command.arg("audit").arg("-c").arg(inputs.path("tieout.toml")).arg("--out").arg(inputs.path("out"));
    command
        .arg("--no-previous")
        .stdout(Stdio::null())
        .stderr(std::fs::File::create(inputs.path("err")).expect("a file"));
    let mut child = command.spawn().expect("the binary runs");
    let status = format!("/proc/{}/status", child.id());
    let mut peak = 0;
    let ended = loop {
        if let Some(ended) = child.try_wait().expect("a child") {
            break ended;
        }
        let text = std::fs::read_to_string(&status).unwrap_or_default();
        let high =
            text.lines().find_map(|line| line.strip_prefix("VmHWM:")?.trim().strip_suffix(" kB")?.parse::<u64>().ok());
        peak = peak.max(high.unwrap_or(0));
        std::thread::sleep(Duration::from_millis(2));
    };
    (ended.code().unwrap_or(-1), inputs.text("err"), peak >> 10)
}

/// Millions of rows that are broken in the same ways: each is in the ledger, and none costs more than a few bytes.
#[cfg(target_os = "linux")]
#[test]
fn broken_rows_cost_little_memory_and_are_all_told() {
    const ROWS: usize = 600_000;
    let honest = audit_measured(&inputs()).2;
    let bound = |most: u64, peak: u64, what: &str| assert!(peak < honest + most, "{what}: {peak} beside {honest} MiB");

    let inputs = inputs();
    let heading = inputs.text(ENROLLMENTS).lines().next().expect("a heading").to_owned();
    inputs.write(ENROLLMENTS, format!("{heading}\n{}", "x\n".repeat(ROWS)));
    let (code, stderr, peak) = audit_measured(&inputs);
    assert!(code == 4 && stderr.contains(&format!("none of the {ROWS} rows can be read")), "{code} {stderr}");
    bound(100, peak, "one reason");

    // Several reasons, each of less than a fifth of the rows.
    let heading =
        "User unique ID,Username,Course Internal ID,Course Enrollment Status,Enrollment Date,Archived Enrollment";
    let rows = "x\n,,,,,,z\nq,,601,,,\n1,,q,,,\n,,601,,,\n1,,601,,,q\n".repeat(ROWS / 6);
    inputs.write(ENROLLMENTS, format!("{heading}\n{rows}"));
    let (code, stderr, peak) = audit_measured(&inputs);
    assert!(![4, 70].contains(&code), "{code} {stderr}");
    bound(150, peak, "several reasons");
    let ledger = inputs.text("out/ledger/excluded-rows.csv");
    assert_eq!(ledger.lines().filter(|line| line.contains(",unreadable,")).count(), ROWS, "each row is told");
}

/// Rows that are unreadable in the same way are told with the lines and values of their own, in the order of the file.
#[test]
fn unreadable_rows_between_others_keep_their_places() {
    let inputs = inputs();
    let text = inputs.text(ENROLLMENTS);
    let mut lines: Vec<&str> = text.lines().collect();
    for at in [2, 3, 7, 11] {
        lines.insert(at, "x,y");
    }
    lines.push("x,y");
    inputs.write(ENROLLMENTS, lines.join("\n") + "\n");
    let report = audit(inputs.folder.path()).expect("a report");
    let rows = ledger_rows(&report, "ledger/excluded-rows.csv");
    let output: Vec<(usize, &str)> = rows
        .iter()
        .filter(|row| row["what"] == "unreadable")
        .map(|row| (row["line"].parse().expect("a line"), row["reason"].as_str()))
        .collect();
    let wanted: Vec<usize> = [2, 3, 7, 11, lines.len() - 1].map(|at| at + 1).to_vec();
    assert_eq!(output.iter().map(|row| row.0).collect::<Vec<_>>(), wanted);
    assert!(output.iter().all(|row| row.1.starts_with("too few cells: 2")), "{output:?}");
}

/// A text that stands in a workbook once, and in a hundred thousand cells.
#[test]
fn a_text_that_many_cells_share_is_bounded() {
    let shared = |rows: usize, text: &str| {
        let table: Grid = lines_of(&["User unique ID,Username,sfdc_id", "1,shared,a"]);
        let whole = xlsx(&[("a", &table)]);
        let whole = edited(&whole, "xl/sharedStrings.xml", |texts| texts.replacen("shared", text, 1));
        edited(&whole, "xl/worksheets/sheet1.xml", |sheet| {
            let start = sheet.rfind("<row ").expect("a row");
            let end = sheet.find("</sheetData>").expect("an end");
            let row = &sheet[start..end];
            let rows: String = (2..rows + 2)
                .map(|at| row.replace("r=\"2\"", &format!("r=\"{at}\"")).replace("2\" t=", &format!("{at}\" t=")))
                .collect();
            [&sheet[..start], &rows, &sheet[end..]].concat()
        })
    };
    let inputs = inputs();
    inputs.write(USERS, shared(100_000, &"a".repeat(10_000)));
    let (code, _, stderr) = audit_cli(&inputs);
    assert!(code == 4 && stderr.contains("200 times the size of the file"), "{code} {stderr}");
    // What an export repeats is read.
    inputs.write(USERS, shared(20_000, "ada@example.com"));
    assert_eq!(open(&inputs.path(USERS)), "");

    // The same as an answer of an analyst, and a text that unpacks to far more than its size.
    let answers = |rows: usize, text: &str| {
        let table: Grid = lines_of(&["Finding,Status,Owner,Comment", "F-0123456789,Open,a,shared"]);
        let whole = xlsx(&[("Findings", &table)]);
        let whole = edited(&whole, "xl/sharedStrings.xml", |texts| texts.replacen("shared", text, 1));
        edited(&whole, "xl/worksheets/sheet1.xml", |sheet| {
            let start = sheet.rfind("<row ").expect("a row");
            let end = sheet.find("</sheetData>").expect("an end");
            [&sheet[..start], &sheet[start..end].repeat(rows), &sheet[end..]].concat()
        })
    };
    for (rows, text) in [(100_000, "a".repeat(10_000)), (1, "a".repeat(100 << 20))] {
        inputs.write("answers.xlsx", answers(rows, &text));
        let mut review = tieout();
        review.arg("review").arg(inputs.path("answers.xlsx")).arg("--run").arg(inputs.path("out"));
        let (code, _, stderr) = within(60, &mut review);
        assert!(code == 4 && stderr.contains("200 times") && stderr.contains("next:"), "{code} {stderr}");
    }
}

#[test]
fn a_file_of_many_sheets_or_files_is_refused_and_some_hundred_take_no_time() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("users.csv");
    let table = lines_of(&["User unique ID,Username,sfdc_id", "1,a,b"]);
    let sheets = |count: usize| {
        let names: Vec<String> = (0..count).map(|at| format!("s{at}")).collect();
        xlsx(&names.iter().map(|name| (name.as_str(), &table)).collect::<Vec<_>>())
    };
    let archive = |count: usize, hidden: &str, text: &[u8]| {
        let names: Vec<String> = (0..count).map(|at| format!("{hidden}{at}.csv")).collect();
        zip(&names.iter().map(|name| (name.as_str(), text)).collect::<Vec<_>>())
    };
    let text = b"User unique ID,Username,sfdc_id\n1,a,b\n".as_slice();
    let bomb = [text, &b"1,a,b\n".repeat(1 << 20)].concat();
    for (what, bytes, says) in [
        ("sheets", sheets(1_001), "holds more than 1000 sheets or files"),
        ("files", archive(1_001, "", text), "holds more than 1000 sheets or files"),
        ("hidden files", archive(4_001, ".", text), "is an archive of more than 4000 entries"),
        ("small bombs", archive(40, "", &bomb), "more than 200 times its size"),
        ("many sheets", sheets(500), ""),
        ("many files", archive(500, "", text), ""),
    ] {
        std::fs::write(&path, bytes).expect("a file");
        let began = Instant::now();
        let error = open(&path);
        assert!(if says.is_empty() { error.is_empty() } else { error.contains(says) }, "{what}: {error}");
        assert!(began.elapsed() < Duration::from_secs(10), "{what}: {:?}", began.elapsed());
    }
}

/// A file that claims a terabyte, and holds a line of headings and nothing: it is not read to its end.
#[cfg(unix)]
#[test]
fn a_sparse_file_is_not_read_to_its_end() {
    let folder = tempfile::tempdir().expect("a folder");
    for (start, says) in [
        (&b"Id,Name\n1,a\n"[..], "zero bytes in a row"),
        (b"PK\x03\x04", "zero bytes in a row"),
        (b"\x1f\x8b", "zero bytes in a row"),
        (b"", "zero bytes in a row"),
    ] {
        let path = folder.path().join("users.csv");
        std::fs::write(&path, start).expect("a file");
        std::fs::File::options().write(true).open(&path).expect("a file").set_len(1 << 40).expect("a sparse file");
        let began = Instant::now();
        let error = open(&path);
        assert!(error.contains(says) && error.contains("next:"), "{start:?}: {error}");
        assert!(Table::digest(&path).is_err(), "{start:?}");
        assert!(began.elapsed() < Duration::from_secs(20), "{start:?}: {:?}", began.elapsed());
    }
}

/// Files of `/proc` claim to be regular and empty, and may yield bytes without end.
#[cfg(target_os = "linux")]
#[test]
fn a_file_that_yields_more_than_its_size_is_no_input() {
    let inputs = inputs();
    let configuration = inputs.text("tieout.toml");
    for name in ["/proc/self/pagemap", "/proc/self/maps"] {
        inputs.write("tieout.toml", configuration.replacen("\"users.csv\"", &format!("{name:?}"), 1));
        let (code, _, stderr) = audit_cli(&inputs);
        assert!(code == 4 && stderr.contains("its size is 0, but it yields bytes"), "{code} {stderr}");
    }
    let mut command = tieout();
    let (code, _, stderr) = within(20, command.arg("audit").arg("-c").arg("/proc/self/maps"));
    assert!(code == 2 && stderr.contains("its size is 0, but it yields bytes"), "{code} {stderr}");
}

#[test]
fn a_pattern_does_not_walk_the_whole_disk() {
    let inputs = inputs();
    inputs.edit("tieout.toml", |text| text.replacen("\"users.csv\"", "\"crowd/**/*.nocsv\"", 1));
    for folder in 0..102 {
        let folder = inputs.path(&format!("crowd/{folder}"));
        std::fs::create_dir_all(&folder).expect("a folder");
        for file in 0..1_000 {
            std::fs::File::create(folder.join(file.to_string())).expect("a file");
        }
    }
    let (code, _, stderr) = audit_cli(&inputs);
    assert!(code == 2 && stderr.contains("more than 100000 files and folders"), "{code} {stderr}");
    assert!(stderr.contains("docebo.users"), "{stderr}");
}

#[test]
fn a_file_that_is_named_twice_is_refused_and_two_of_the_same_content_are_told() {
    let inputs = inputs();
    let configuration = inputs.text("tieout.toml");
    let users = |value: &str| inputs.write("tieout.toml", configuration.replacen("\"users.csv\"", value, 1));
    for value in [
        "[\"users.csv\", \"users.csv\"]",
        "[\"users.csv\", \"snapshot/../users.csv\"]",
        "[\"users.csv\", \"use*.csv\"]",
    ] {
        users(value);
        let (code, _, stderr) = audit_cli(&inputs);
        assert!(code == 2 && stderr.contains("is named more than once for the Users report"), "{value}: {stderr}");
    }
    users(&format!("[{}]", vec!["\"users.csv\""; 50_000].join(", ")));
    let (code, _, stderr) = within(10, tieout().arg("audit").arg("-c").arg(inputs.path("tieout.toml")));
    assert!(code == 2 && stderr.len() < 1_000, "{code} {stderr}");
    users("\"users.csv\"");
    let (code, _, stderr) = run(tieout()
        .arg("audit")
        .arg("-c")
        .arg(inputs.path("tieout.toml"))
        .args(["--users", "a.csv", "--users", "a.csv"]));
    assert!(code == 2 && stderr.contains("a.csv: is named more than once"), "{code} {stderr}");

    inputs.write("copy.csv", inputs.read(USERS));
    users("[\"users.csv\", \"copy.csv\"]");
    let caveats = audit(inputs.folder.path()).expect("a report").origins().caveats.clone();
    let output = "copy.csv has the same content as users.csv";
    assert!(caveats.iter().any(|caveat| caveat.contains(output)), "{caveats:?}");
    let rows = grid(&inputs.read(USERS)).len() as u64 - 1;
    let (code, stdout, _) = audit_cli(&inputs);
    assert!(code != 4 && stdout.contains(output) && rows > 0, "{stdout}");
}

/// The history of a neighbour that never ends its first line.
#[cfg(unix)]
#[test]
fn a_former_run_is_read_in_bounded_memory() {
    let inputs = inputs();
    let first = inputs.path("runs/first");
    let audit = |out: &Path, more: &[&std::ffi::OsStr]| {
        let mut command = tieout();
        command.arg("audit").arg("-c").arg(inputs.path("tieout.toml")).arg("--out").arg(out).args(more);
        within(60, &mut command)
    };
    assert!(audit(&first, &[]).0 != 4);
    for (name, says) in [("history.csv", "has a line of more than 65536 bytes"), ("run.json", "is larger than")] {
        let path = first.join(name);
        let whole = std::fs::read(&path).expect("a file");
        let file = std::fs::File::options().write(true).truncate(true).open(&path).expect("a file");
        file.set_len(3 << 30).expect("a sparse file");
        let began = Instant::now();
        let (code, _, stderr) = audit(&inputs.path("runs/second"), &["--previous".as_ref(), first.as_os_str()]);
        assert!(code == 4 && stderr.contains(says), "{name}: {code} {stderr}");
        assert!(began.elapsed() < Duration::from_secs(20), "{name}");
        std::fs::write(&path, whole).expect("a file");
    }
}
