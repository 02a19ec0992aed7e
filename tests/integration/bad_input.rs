//! Bad input: each kind is a clear error with the right exit code, or a counted reject; never a panic,
//! and never something half-written.

use std::path::Path;

use crate::cli::{run, tieout};
use crate::inputs::Inputs;
use crate::world::World;
use crate::{audit, ledger_rows};

/// A small world on disk, to be spoilt.
struct Case(Inputs);

impl std::ops::Deref for Case {
    type Target = Inputs;

    fn deref(&self) -> &Inputs {
        &self.0
    }
}

impl Case {
    fn new() -> Self {
        Self(Inputs::saved_by_hand(30))
    }

    fn configure(&self, line: &str, instead: &str) {
        self.edit("tieout.toml", |text| {
            assert!(text.contains(line), "{line} is not in the configuration:\n{text}");
            text.replace(line, instead)
        });
    }

    /// Runs the binary; nothing may be left behind when it fails.
    fn run(&self) -> (i32, String) {
        let out = self.path("out");
        let (code, _, stderr) =
            run(tieout().arg("audit").arg("-c").arg(self.path("tieout.toml")).arg("--out").arg(&out));
        assert!(!stderr.contains("panicked"), "{stderr}");
        if !matches!(code, 0 | 1 | 6) {
            assert!(!out.exists(), "something half-written");
            let stray: Vec<_> = std::fs::read_dir(self.folder.path())
                .expect("a folder")
                .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
                .filter(|name| name.contains("unfinished"))
                .collect();
            assert!(stray.is_empty(), "{stray:?}");
        }
        (code, stderr)
    }

    fn fails(&self, code: i32, parts: &[&str]) {
        let (found, stderr) = self.run();
        assert_eq!(found, code, "{stderr}");
        for part in parts {
            assert!(stderr.contains(part), "`{part}` is not said:\n{stderr}");
        }
        assert!(stderr.starts_with("error: "), "{stderr}");
    }
}

impl Case {
    /// An object is treated as missing, and the reason is said in the report, by the checks that need it and on the terminal.
    fn lacks(&self, object: &str, parts: &[&str]) {
        let report = audit(self.folder.path()).expect("a report");
        let caveat = report
            .origins()
            .caveats
            .iter()
            .find(|caveat| caveat.starts_with(&format!("{object} is treated as missing")));
        let caveat = caveat.unwrap_or_else(|| panic!("{:?}", report.origins().caveats));
        let missing = report.results.iter().flat_map(|result| &result.missing);
        let missing =
            missing.into_iter().find(|missing| missing.starts_with(&format!("{object} (its file"))).expect("a check");
        for part in parts {
            assert!(caveat.contains(part) && missing.contains(part), "`{part}`: {caveat} {missing}");
        }
        assert_eq!(self.run().0, 6);
        std::fs::remove_dir_all(self.path("out")).expect("the outputs");
    }
}

const ENROLLMENTS: &str = "enrollments.csv";
const CONTACT: &str = "snapshot/Contact.csv";
const ROWS: &str = "snapshot/docebo_v3__CourseEnrollment__c.csv";

#[test]
fn a_file_that_is_not_there() {
    for name in [ENROLLMENTS, "users.csv", CONTACT, "snapshot/docebo_v3__DoceboUser__c.csv"] {
        let case = Case::new();
        std::fs::remove_file(case.path(name)).expect("removable");
        case.fails(4, &[Path::new(name).file_name().expect("a name").to_str().expect("UTF-8"), "next:"]);
    }
}

#[test]
fn an_empty_file_a_blank_line_and_a_folder_in_place_of_a_file() {
    for name in [ENROLLMENTS, "users.csv", CONTACT] {
        let case = Case::new();
        case.write(name, "");
        case.fails(4, &["is empty"]);
        if name != CONTACT {
            case.write(name, "\n\n");
            case.fails(4, &["no line of headings"]);
        }
        std::fs::remove_file(case.path(name)).expect("removable");
        std::fs::create_dir(case.path(name)).expect("a folder");
        case.fails(4, &["is a folder"]);
    }
    let case = Case::new();
    case.write(ROWS, "");
    case.lacks("docebo_v3__CourseEnrollment__c", &["is empty"]);
    std::fs::remove_file(case.path(ROWS)).expect("removable");
    std::fs::create_dir(case.path(ROWS)).expect("a folder");
    case.lacks("docebo_v3__CourseEnrollment__c", &["is a folder"]);
}

#[test]
fn a_file_of_another_kind() {
    for (bytes, part) in [
        (&b"%PDF-1.7\n..."[..], "is a PDF"),
        (b"\x1f\x8b\x08\x00rest", "is damaged or cut off"),
        (b"\xd0\xcf\x11\xe0rest of an old workbook", "is an OLE file without a workbook in it"),
        (b"PK\x03\x04 not a workbook at all", "is a zip file or a workbook that is damaged or cut off"),
        (b"\x00\x01\x02\x03\x04\x05binary\x00", "no line of headings"),
        (b"Name,Colour\nApple,red\n", "found: Name, Colour"),
    ] {
        let case = Case::new();
        case.write(ENROLLMENTS, bytes);
        case.fails(4, &[part]);
    }
}

/// The wrong file of a correct kind: both reports the wrong way round, or another object's rows.
#[test]
fn the_wrong_file() {
    let case = Case::new();
    let users = case.read("users.csv");
    case.write(ENROLLMENTS, users);
    case.fails(4, &["no column for the course id", "Course Internal ID", "[docebo.columns]"]);
    let case = Case::new();
    let rows = case.read(ROWS);
    case.write(CONTACT, rows);
    case.fails(4, &["has no column `Email`", "mapping.username_field"]);
}

#[test]
fn a_file_cut_off_in_the_middle() {
    // In the middle of an export's row: the row is a reject, the rest is judged.
    let case = Case::new();
    let bytes = case.read(ENROLLMENTS);
    let cut = bytes.iter().rposition(|&c| c == b',').expect("a comma") - 20;
    case.write(ENROLLMENTS, &bytes[..cut]);
    let report = audit(case.folder.path()).expect("a report");
    assert_eq!(report.totals().enrollments.docebo.rejected, 1);
    let excluded_row = ledger_rows(&report, "ledger/excluded-rows.csv");
    assert!(
        excluded_row.iter().any(|row| row["what"] == "unreadable" && row["reason"].contains("too few cells")),
        "{excluded_row:?}"
    );
    // In the middle of a quoted cell: nobody knows what it swallowed.
    let case = Case::new();
    case.edit(ENROLLMENTS, |text| text + "\"an open quotation");
    case.fails(4, &["never closed", "cut off"]);
    // In a snapshot a lost row would invent an absence: nothing of the file counts.
    let case = Case::new();
    let bytes = case.read(ROWS);
    case.write(ROWS, &bytes[..bytes.len() - 40]);
    case.lacks("docebo_v3__CourseEnrollment__c", &["docebo_v3__CourseEnrollment__c.csv:", "the heading has"]);
}

#[test]
fn no_rows_at_all() {
    let case = Case::new();
    for name in [
        ENROLLMENTS,
        "users.csv",
        CONTACT,
        ROWS,
        "snapshot/docebo_v3__DoceboUser__c.csv",
        "snapshot/docebo_v3__Course__c.csv",
        "snapshot/User.csv",
    ] {
        case.edit(name, |text| text.lines().next().expect("a heading").to_owned());
    }
    // Nothing was compared, so nothing is in sync, unless somebody knows better.
    assert_eq!(case.run().0, 6);
    std::fs::remove_dir_all(case.path("out")).expect("removable");
    let accepted = ["--accept", "nothing-due"];
    let (code, _, stderr) = run(tieout()
        .arg("audit")
        .arg("-c")
        .arg(case.path("tieout.toml"))
        .arg("--out")
        .arg(case.path("out"))
        .args(accepted));
    assert_eq!(code, 6, "a Users report without rows cannot say whether it is whole: {stderr}");
}

#[test]
fn headings_that_stand_twice_or_could_both_be_meant() {
    let case = Case::new();
    case.edit(ENROLLMENTS, |text| text.replacen("Course code", "Course Internal ID", 1));
    case.fails(4, &["stands 2 times", "Course Internal ID"]);
    let case = Case::new();
    case.edit(ENROLLMENTS, |text| text.replacen("Course code", "course_id", 1));
    case.fails(4, &["two columns could be the course id", "course_id = \"", "[docebo.columns]"]);
    case.edit("tieout.toml", |text| text + "\n[docebo.columns]\ncourse_id = \"Course Internal ID\"\n");
    assert_eq!(case.run().0, 0, "the configuration decides");
    let case = Case::new();
    case.edit(CONTACT, |text| text.replacen("FirstName", "email", 1));
    case.fails(4, &["has the column `Email` twice"]);
}

#[test]
fn a_needed_column_that_is_absent() {
    let case = Case::new();
    case.edit(ENROLLMENTS, |text| text.replacen("Course Enrollment Status", "Zustand", 1));
    case.fails(4, &["no column for the enrollment status", "Zustand", "status = \"HEADING\""]);
    case.edit("tieout.toml", |text| text + "\n[docebo.columns]\nstatus = \"Zustnd\"\n");
    case.fails(4, &["no report has the heading `Zustnd`", "did you mean `Zustand`?"]);
    case.configure("Zustnd", "Zustand");
    assert_eq!(case.run().0, 0);
}

#[test]
fn without_sfdc_id_the_user_has_to_say_so() {
    let case = Case::new();
    case.edit("users.csv", |text| text.replacen("sfdc_id", "Cost centre", 1));
    case.fails(4, &["sfdc_id", "sfdc_id = false", "additional user field"]);
    case.edit("tieout.toml", |text| text + "\n[docebo.columns]\nsfdc_id = false\n");
    let (code, _) = case.run();
    assert_eq!(code, 6, "links cannot be judged");
}

#[test]
fn rows_with_too_few_or_too_many_cells_and_broken_letters() {
    let case = Case::new();
    let rows = String::from_utf8(case.read(ENROLLMENTS)).expect("UTF-8").lines().count() as u64 - 1;
    let mut bytes = case.read(ENROLLMENTS);
    bytes.extend_from_slice("a,b,c\n".as_bytes());
    bytes.extend_from_slice(format!("{}x\n", ",".repeat(60)).as_bytes());
    case.write(ENROLLMENTS, bytes);
    let report = audit(case.folder.path()).expect("a report");
    let totals = &report.totals().enrollments.docebo;
    assert_eq!((totals.total, totals.rejected), (rows + 2, 2));
    let excluded_row = ledger_rows(&report, "ledger/excluded-rows.csv");
    let reasons: Vec<&str> =
        excluded_row.iter().filter(|row| row["what"] == "unreadable").map(|row| row["reason"].as_str()).collect();
    assert!(reasons[0].starts_with("too few cells: 3") && reasons[1].starts_with("too many cells: 61"), "{reasons:?}");
    assert!(
        excluded_row
            .iter()
            .all(|row| row["line"].parse::<u64>().is_ok_and(|line| line > 1) && row["file"] == "enrollments.csv")
    );
}

#[test]
fn a_damaged_letter_rejects_its_row_only() {
    let case = Case::new();
    let mut bytes = case.read("users.csv");
    // Two whole letters beyond ASCII say that the file is UTF-8; one broken one does not change that.
    let extra: usize = String::from_utf8_lossy(&bytes).lines().next().expect("a heading").matches(',').count();
    for name in ["Zo\u{eb}".as_bytes(), "M\u{fc}ller".as_bytes(), b"\xff"] {
        bytes.extend_from_slice(name);
        bytes.extend_from_slice(",".repeat(extra).as_bytes());
        bytes.push(b'\n');
    }
    case.write("users.csv", bytes);
    let report = audit(case.folder.path()).expect("a report");
    assert_eq!(report.totals().learners.rejected, 3, "two blank ids, one broken name");
    assert!(report.origins().inputs.iter().any(|input| input.encoding == "UTF-8 (damaged)"));
}

#[test]
fn a_broken_value_in_a_snapshot_names_file_line_and_value() {
    let broken = |name: &str, from: &str, to: &str| {
        let case = Case::new();
        case.edit(name, |text| {
            let (heading, rest) = text.split_once('\n').expect("rows");
            format!("{heading}{}", format!("\n{rest}").replacen(from, to, 1))
        });
        case
    };
    broken(CONTACT, "\n003", "\n00X").fails(4, &["Contact.csv:2", "Salesforce id"]);
    broken("snapshot/docebo_v3__DoceboUser__c.csv", "T", "?")
        .fails(4, &["DoceboUser__c.csv:2", "is not a date and time"]);
    broken(ROWS, "T", "?").lacks(
        "docebo_v3__CourseEnrollment__c",
        &["docebo_v3__CourseEnrollment__c.csv:2: ", "Date", " `20", "is not a date and time"],
    );
    broken("snapshot/docebo_v3__Course__c.csv", "true", "maybe")
        .lacks("docebo_v3__Course__c", &["docebo_v3__Course__c.csv:2: ", "neither true nor false"]);
}

#[test]
fn a_record_that_stands_twice() {
    for name in [CONTACT, ROWS, "snapshot/docebo_v3__DoceboUser__c.csv"] {
        let case = Case::new();
        case.edit(name, |text| {
            let row = text.lines().nth(1).expect("a row").to_owned();
            format!("{}\n{row}\n", text.trim_end())
        });
        case.fails(4, &["appears twice"]);
    }
}

#[test]
fn a_snapshot_that_is_not_what_its_manifest_says() {
    let case = Case(Inputs::from_world(&World::in_sync(5, 30)));
    case.edit(CONTACT, |text| text + "\n");
    case.fails(4, &["is not the file that manifest.json describes"]);
    std::fs::remove_file(case.path(CONTACT)).expect("removable");
    case.fails(4, &["is listed in manifest.json but is not there"]);
    case.write("snapshot/manifest.json", "{\"version\":1");
    case.fails(4, &["is not a manifest of a snapshot"]);
}

#[test]
fn dates_that_cannot_be_told_apart() {
    let row = |date: &str| format!("ada@example.com,17,601,Enrolled,{date},\n");
    let heading =
        "Username,User unique ID,Course Internal ID,Course Enrollment Status,Enrollment Date,Completion Date\n";
    let case = Case::new();
    case.write(ENROLLMENTS, format!("{heading}{}", row("03/04/2026")));
    case.fails(4, &["day and month", "date_order"]);
    case.configure("[docebo]", "[docebo]\ndate_order = \"day-first\"");
    assert!(matches!(case.run().0, 1 | 6));
    let case = Case::new();
    case.write(
        ENROLLMENTS,
        format!("{heading}{}{}", row("31/04/2026 10:00").replace("31", "30"), row("04/30/2026 10:00")),
    );
    case.fails(4, &["no single pattern", "line 2", "line 3"]);
    let case = Case::new();
    // One unreadable row is a reject, unless the file has no other.
    case.write(ENROLLMENTS, format!("{heading}{}{}", row("soon"), row("2026-04-30 10:00").replace("601", "602")));
    let report = audit(case.folder.path()).expect("a report");
    assert_eq!(report.totals().enrollments.docebo.rejected, 1);
    case.write(ENROLLMENTS, format!("{heading}{}", row("soon")));
    case.fails(4, &["the only row cannot be read", "`Enrollment Date`", "line 2", "`soon`", "date_format"]);
}

#[test]
fn a_wrong_configuration_names_line_column_and_the_nearest_key() {
    for (line, instead, parts) in [
        (
            "[salesforce]",
            "[salesfroce]",
            &["tieout.toml:", "unknown key `salesfroce`", "did you mean `salesforce`?"][..],
        ),
        ("snapshot =", "snapshoot =", &["unknown key `snapshoot`", "did you mean `snapshot`?"]),
        ("grace_hours = 24", "grace_hours = \"a day\"", &["tieout.toml:", "grace_hours"]),
        ("grace_hours = 24", "grace_hours = -1", &["tieout.toml:"]),
        ("[mapping]", "[mapping", &["tieout.toml:"]),
        (
            "time_zone = \"UTC\"",
            "time_zone = \"Europe/Berlyn\"",
            &["is not a time zone", "did you mean \"Europe/Berlin\"?"],
        ),
        (
            "exported_at = \"2026-11-20T06:00:00Z\"",
            "exported_at = \"yesterday\"",
            &["exported_at", "2026-11-20T06:00:00Z"],
        ),
        (
            "platform_url = \"https://acme.docebosaas.com\"",
            "platform_url = \"javascript:alert(1)\"",
            &["is not an https:// address"],
        ),
        ("courses = \"synced\"", "courses = \"some\"", &["neither \"synced\" nor \"all\""]),
    ] {
        let case = Case::new();
        case.configure(line, instead);
        case.fails(2, parts);
    }
}

#[test]
fn a_date_and_time_may_stand_without_quotation_marks() {
    let case = Case::new();
    case.configure("exported_at = \"2026-11-20T06:00:00Z\"", "exported_at = 2026-11-20T06:00:00Z");
    assert_eq!(case.run().0, 0);
}

#[test]
fn a_configuration_that_is_not_there() {
    let folder = tempfile::tempdir().expect("a folder");
    let (code, _, stderr) = run(tieout().arg("audit").current_dir(folder.path()));
    assert_eq!(code, 2);
    assert!(stderr.contains("tieout.toml") && stderr.contains("tieout init"), "{stderr}");
}

#[test]
fn a_pattern_that_matches_nothing_and_one_that_matches_several() {
    let case = Case::new();
    case.configure("enrollments = \"enrollments.csv\"", "enrollments = \"enrollments-*.csv\"");
    case.fails(4, &["no file matches"]);
    let text = String::from_utf8(case.read(ENROLLMENTS)).expect("UTF-8");
    let heading = text.lines().next().expect("a heading");
    let rows: Vec<&str> = text.lines().skip(1).collect();
    let (first, second) = rows.split_at(rows.len() / 2);
    // One row stands in both files.
    case.write("enrollments-1.csv", format!("{heading}\n{}\n", first.join("\n")));
    case.write("enrollments-2.csv", format!("{heading}\n{}\n{}\n", first[0], second.join("\n")));
    let report = audit(case.folder.path()).expect("a report");
    let totals = &report.totals().enrollments.docebo;
    assert_eq!((totals.total, totals.repeated), (rows.len() as u64 + 1, 1));
}

#[cfg(unix)]
#[test]
fn a_file_that_may_not_be_read() {
    use std::os::unix::fs::PermissionsExt as _;
    let case = Case::new();
    std::fs::set_permissions(case.path(ENROLLMENTS), std::fs::Permissions::from_mode(0o000)).expect("changeable");
    if std::fs::read(case.path(ENROLLMENTS)).is_ok() {
        println!("SKIPPED: this user may read everything");
        return;
    }
    case.fails(4, &["enrollments.csv", "may read it"]);
}

#[test]
fn without_any_report_there_is_nothing_to_compare() {
    let case = Case::new();
    case.configure("users = \"users.csv\"\n", "");
    case.configure("enrollments = \"enrollments.csv\"\n", "");
    case.fails(2, &["at least one report is needed"]);
}

/// Day and month are settled before dates are compared: which access was the last depends on it.
#[test]
fn the_last_access_is_found_after_day_and_month_are_settled() {
    let case = Case::new();
    case.write(
        ENROLLMENTS,
        "Username,User unique ID,Course Internal ID,Course Enrollment Status,Enrollment Date,Completion Date,\
         Course First Access Date,Course Last Access Date\n\
         ada@example.com,17,601,In progress,01/02/2026 10:00:00,,03/04/2026 10:00:00,05/02/2026 10:00:00\n\
         ada@example.com,17,602,Enrolled,01/31/2026 10:00:00,,,\n",
    );
    let report = audit(case.folder.path()).expect("a report");
    let accessed = crate::reconciliation(&report)
        .relations
        .clocks
        .accessed(&crate::reconciliation(&report).data, 0)
        .expect("a date");
    assert_eq!(accessed.to_string(), "2026-05-02T10:00:00Z");
}
