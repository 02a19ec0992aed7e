//! Snapshot folders as people really save them: deleted records, queries without rows, split and misnamed files, objects
//! that cannot be read. What was not read is said, and never looks absent.

use std::path::{Path, PathBuf};

use tieout::model::completeness::Completeness;
use tieout::model::input::Input;
use tieout::model::object::SfObject;
use tieout::model::question::Question;
use tieout::reconcile::relations::forecast::Forecast;
use tieout::report::Report;

use crate::cli::{run, tieout};
use crate::freshness::AS_OF;
use crate::inputs::Inputs;
use crate::world::{DAY, EXPORTED_AT, World, at};
use crate::{audit, counts, ledger_rows};

const CONTACT: &str = "Contact.csv";
const DOCEBO_USERS: &str = "docebo_v3__DoceboUser__c.csv";
const COURSES: &str = "docebo_v3__Course__c.csv";
const ENROLLMENTS: &str = "docebo_v3__CourseEnrollment__c.csv";
const SESSIONS: &str = "docebo_v3__Session__c.csv";

/// A run's folder, of which the snapshot is edited.
struct Case {
    inputs: Inputs,
}

impl Case {
    /// A world in sync, saved by hand.
    fn new() -> Self {
        let mut world = World::in_sync(5, 30);
        world.save_by_hand();
        let case = Self::from_world(&world);
        // Files that are written anew are younger than the export.
        case.configure(|text| {
            text.replacen("[salesforce]\n", "[salesforce]\nextracted_at = \"2026-11-20T06:10:00Z\"\n", 1)
        });
        case
    }

    fn from_world(world: &World) -> Self {
        Self { inputs: Inputs::from_world(world) }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.inputs.folder.path().join("snapshot").join(name)
    }

    fn text(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).expect("a file")
    }

    fn write(&self, name: &str, bytes: impl AsRef<[u8]>) {
        std::fs::write(self.path(name), bytes).expect("a writable file");
    }

    fn edit(&self, name: &str, edit: impl FnOnce(&str) -> String) {
        self.write(name, edit(&self.text(name)));
    }

    fn rename(&self, name: &str, to: &str) {
        std::fs::rename(self.path(name), self.path(to)).expect("a file");
    }

    fn remove(&self, name: &str) {
        std::fs::remove_file(self.path(name)).expect("a file");
    }

    fn configure(&self, edit: impl FnOnce(String) -> String) {
        self.inputs.edit("tieout.toml", edit);
    }

    fn read_parts(&self) {
        self.configure(|text| text + "\n[snapshot]\nparts = true\n");
    }

    fn report(&self) -> Report {
        audit(self.inputs.folder.path()).unwrap_or_else(|error| panic!("{error}"))
    }

    fn error(&self) -> String {
        audit(self.inputs.folder.path()).expect_err("an error").to_string()
    }

    fn exit(&self) -> i32 {
        let out = tempfile::tempdir().expect("a folder");
        let config = self.inputs.folder.path().join("tieout.toml");
        run(tieout().arg("audit").arg("-c").arg(config).arg("--out").arg(out.path().join("run"))).0
    }

    fn freshness(&self) -> (i32, String) {
        let (code, stdout, stderr) =
            run(tieout().arg("freshness").args(AS_OF).arg("-c").arg(self.inputs.folder.path().join("tieout.toml")));
        (code, stdout + &stderr)
    }
}

/// What the reconciliation said, but for the files that it was read from.
fn message(report: &Report) -> String {
    let ledgers = ["ledger/learners.csv", "ledger/enrollments.csv", "ledger/contacts.csv"];
    let rows: Vec<_> = ledgers.into_iter().map(|name| ledger_rows(report, name)).collect();
    let (totals, stalls) = (report.totals(), report.stalls());
    format!("{:?}\n{totals:?}\n{:?}\n{stalls:?}\n{rows:?}", report.verdict, counts(report))
}

fn said_of(report: &Report, start: &str) -> String {
    let caveats = &report.origins().caveats;
    caveats.iter().find(|caveat| caveat.starts_with(start)).unwrap_or_else(|| panic!("{start}: {caveats:?}")).clone()
}

fn input<'a>(report: &'a Report, file: &str) -> &'a Input {
    report.origins().inputs.iter().find(|input| input.file == file).expect("an input")
}

fn completeness(report: &Report, object: SfObject) -> &Completeness {
    &report.origins().extract(object).completeness
}

/// The text of a table with the column `IsDeleted`: as it was, and behind it these rows, deleted.
fn with_deleted(text: &str, deleted: &[String]) -> String {
    let mut lines = text.lines();
    let heading = lines.next().expect("a heading");
    let mut marked = format!("{heading},ISDELETED\n");
    for (at, row) in lines.enumerate() {
        marked += &format!("{row},{}\n", if at % 2 == 0 { "false" } else { "0" });
    }
    for (row, word) in deleted.iter().zip(["true", "TRUE", "1"].iter().cycle()) {
        marked += &format!("{row},{word}\n");
    }
    marked
}

/// Splits a table behind so many rows.
fn split(text: &str, rows: usize) -> (String, String) {
    let lines: Vec<&str> = text.lines().collect();
    let (first, second) = lines.split_at(rows + 1);
    (first.join("\n") + "\n", format!("{}\n{}\n", lines[0], second.join("\n")))
}

#[test]
fn deleted_records_are_as_if_they_were_not_there() {
    let case = Case::new();
    let control = case.report();
    for (name, changed) in
        [(CONTACT, "0035g"), ("User.csv", "0055g"), (DOCEBO_USERS, "a0J5g"), (COURSES, "a0K5g"), (ENROLLMENTS, "a0L5g")]
    {
        case.edit(name, |text| {
            // The same record as one that is there, and two that are not.
            let rows: Vec<&str> = text.lines().skip(1).take(3).collect();
            let id = |row: &str, with: &str| row.replacen(changed, with, 1);
            let other = if changed.starts_with("00") { format!("{}zz", &changed[..3]) } else { "a0Zzz".to_owned() };
            let ids = |row: &str| {
                // Without the three characters that check the case.
                let row = id(row, &other);
                let at = row.find(&other).expect("the id");
                format!("{}{}", &row[..at + 15], &row[at + 18..])
            };
            with_deleted(text, &[rows[0].to_owned(), ids(rows[1]), ids(rows[2])])
        });
    }
    let report = case.report();
    assert_eq!(message(&report), message(&control));
    for name in [CONTACT, "User.csv", DOCEBO_USERS, COURSES, ENROLLMENTS] {
        let (marked, plain) = (input(&report, name), input(&control, name));
        assert_eq!((marked.rows, marked.deleted), (plain.rows + 3, 3), "{name}");
    }
    let excluded = ledger_rows(&report, "ledger/excluded-rows.csv");
    let deleted: Vec<_> = excluded.iter().filter(|row| row["what"] == "deleted").collect();
    assert_eq!(deleted.len(), 15);
    let last = deleted.iter().filter(|row| row["file"] == ENROLLMENTS).filter_map(|row| row["line"].parse().ok()).max();
    assert_eq!(last, Some(input(&report, ENROLLMENTS).rows + 1));
}

#[test]
fn deleted_contacts_explain_the_ids_that_name_them() {
    let case = Case::new();
    let text = case.text(CONTACT);
    let ids: Vec<&str> =
        text.lines().skip(1).filter_map(|row| row.split(',').find(|cell| cell.starts_with("003"))).collect();
    let [first, second, third, ..] = ids[..] else { panic!("contacts") };
    let marked: String = text
        .lines()
        .enumerate()
        .map(|(at, row)| match at {
            0 => format!("{row},IsDeleted,MasterRecordId\n"),
            _ if row.contains(first) => format!("{row},true,{third}\n"),
            _ if row.contains(second) => format!("{row},true,\n"),
            _ => format!("{row},false,\n"),
        })
        .collect();
    case.write(CONTACT, marked);
    // The list says of one of them what the object does not, and names one that is there.
    case.write(
        "deleted_contacts.csv",
        format!(
            "Id,MasterRecordId,SystemModstamp\n{second},{third},2030-01-01T00:00:00Z\n{third},,2030-01-01T00:00:00Z\n"
        ),
    );
    let report = case.report();
    let deleted = &crate::reconciliation(&report).data.deleted_contacts;
    let of = |id: &str| deleted.iter().find(|deleted| deleted.id.to_string() == id);
    assert_eq!(deleted.len(), 2);
    for id in [first, second] {
        assert_eq!(of(id).and_then(|deleted| deleted.into).map(|into| into.to_string()).as_deref(), Some(third));
    }
    assert!(of(first).is_some_and(|deleted| deleted.at.is_some_and(|at| !at.to_string().starts_with("2030"))));
    assert!(of(second).is_some_and(|deleted| deleted.at.is_some_and(|at| at.to_string().starts_with("2030"))));
}

#[test]
fn a_mark_that_is_neither_true_nor_false_is_an_error() {
    let case = Case::new();
    case.edit(ENROLLMENTS, |text| with_deleted(text, &[]).replacen(",0\n", ",perhaps\n", 1));
    let report = case.report();
    assert!(said_of(&report, "docebo_v3__CourseEnrollment__c is treated as missing").contains(".csv:3: IsDeleted"));
    case.edit(CONTACT, |text| with_deleted(text, &[]).replacen(",0\n", ",perhaps\n", 1));
    assert!(case.error().contains("Contact.csv:3: IsDeleted `perhaps` is neither true nor false"));
}

/// What every record has cannot be blank: a blank checkbox is not *false*, and a record without a moment of its creation is
/// not one that was created in time.
#[test]
fn a_blank_that_salesforce_does_not_allow_is_an_error() {
    for (name, fields) in [
        (CONTACT, &["Id"][..]),
        ("User.csv", &["Id", "IsActive"]),
        (DOCEBO_USERS, &["CreatedDate", "CreatedById", "LastModifiedDate", "LastModifiedById"]),
        (COURSES, &["docebo_v3__Deleted__c", "docebo_v3__Effective__c", "CreatedDate", "LastModifiedById"]),
        (ENROLLMENTS, &["CreatedDate", "CreatedById", "LastModifiedDate", "LastModifiedById"]),
    ] {
        for field in fields {
            let case = Case::new();
            case.edit(name, |text| {
                let mut lines = text.lines().map(|line| line.split(',').map(str::to_owned).collect::<Vec<_>>());
                let mut rows = vec![lines.next().expect("headings")];
                let column = rows[0].iter().position(|heading| heading == field).expect("the column");
                rows.extend(lines);
                rows[2][column].clear();
                rows.iter().map(|row| row.join(",") + "\n").collect()
            });
            let message = match name.strip_suffix(".csv").expect("a CSV file") {
                _ if [CONTACT, DOCEBO_USERS].contains(&name) => case.error(),
                object => said_of(&case.report(), &format!("{object} is treated as missing")),
            };
            let wanted = format!("{name}:3: {field} is blank, which Salesforce does not allow");
            assert!(message.contains(&wanted), "{wanted}: {message}");
        }
    }
}

#[test]
fn the_manifest_counts_the_records_that_are_not_deleted() {
    let case = Case::from_world(&World::in_sync(5, 30));
    let rows = case.text(ENROLLMENTS).lines().count() - 1;
    case.edit(ENROLLMENTS, |text| {
        let deleted = text.lines().nth(1).expect("a row").to_owned();
        with_deleted(text, &[deleted])
    });
    case.inputs.seal(ENROLLMENTS, Some(rows));
    assert_eq!(completeness(&case.report(), SfObject::CourseEnrollment), &Completeness::Counted);
    case.inputs.seal(ENROLLMENTS, Some(rows + 1));
    let short = Completeness::Incomplete { rows: rows as u64, counted: rows as u64 + 1 };
    assert_eq!(completeness(&case.report(), SfObject::CourseEnrollment), &short);
}

#[test]
fn a_query_without_rows_is_an_object_without_records() {
    for blank in [&b"\n"[..], b"\r\n", b"\n\n", b" \n", b"\xef\xbb\xbf\n", b"\xff\xfe\r\0\n\0", b"\xfe\xff\0\n"] {
        let case = Case::new();
        case.write(SESSIONS, blank);
        case.write(ENROLLMENTS, blank);
        let report = case.report();
        for (object, name) in [(SfObject::Session, SESSIONS), (SfObject::CourseEnrollment, ENROLLMENTS)] {
            assert_eq!(completeness(&report, object), &Completeness::Assumed);
            assert!(report.origins().extract(object).missing.is_empty());
            assert_eq!(input(&report, name).rows, 0);
            let caveat = said_of(&report, name);
            assert!(caveat.contains("no headings and no rows") && caveat.contains("having no records"), "{caveat}");
        }
        assert_eq!(report.totals().enrollments.salesforce.total, 0);
        assert!(counts(&report).contains_key("enrollment-absent"), "{:?}", counts(&report));
    }
    let case = Case::new();
    case.edit(ENROLLMENTS, |text| text.lines().next().expect("a heading").to_owned());
    let caveat = said_of(&case.report(), ENROLLMENTS);
    assert!(caveat.contains("has a header row but no data rows"), "{caveat}");
    // Where Salesforce counted none, nothing is taken for granted.
    let case = Case::from_world(&World::in_sync(5, 30));
    case.edit(ENROLLMENTS, |text| text.lines().next().expect("a heading").to_owned());
    case.inputs.seal(ENROLLMENTS, Some(0));
    let report = case.report();
    assert_eq!(completeness(&report, SfObject::CourseEnrollment), &Completeness::Counted);
    assert!(!report.origins().caveats.iter().any(|caveat| caveat.contains("no rows")));
    case.inputs.seal(ENROLLMENTS, Some(7));
    assert_eq!(
        completeness(&case.report(), SfObject::CourseEnrollment),
        &Completeness::Incomplete { rows: 0, counted: 7 }
    );
}

#[test]
fn needed_objects_without_rows_are_read_too() {
    let case = Case::new();
    case.write(DOCEBO_USERS, "\n");
    case.write(ENROLLMENTS, "\n");
    let report = case.report();
    assert_eq!(completeness(&report, SfObject::DoceboUser), &Completeness::Assumed);
    assert!(counts(&report).contains_key("docebo-user-absent"), "{:?}", counts(&report));
    case.write(CONTACT, "\n");
    assert_eq!(completeness(&case.report(), SfObject::Contact), &Completeness::Assumed);
    case.write(DOCEBO_USERS, "");
    assert!(case.error().contains("is empty"));
}

#[test]
fn what_can_be_done_without_is_missing_where_it_cannot_be_read() {
    let whole = Case::new().report();
    for (object, name) in [
        (SfObject::User, "User.csv"),
        (SfObject::Course, COURSES),
        (SfObject::CourseEnrollment, ENROLLMENTS),
        (SfObject::Session, SESSIONS),
        (SfObject::LearningPlanCourseEnrollment, "docebo_v3__LearningPlanCourseEnrollment__c.csv"),
    ] {
        for (bytes, why) in [
            (&b""[..], "is empty"),
            (b"Name\nAda Okafor\n", "has no column `Id`"),
            (b"Id,Id\n", "has the column `Id` twice"),
            (b"%PDF-1.7\n...", "is a PDF"),
            (b"Id,CreatedDate\n\"a0", "never closed"),
        ] {
            let case = Case::new();
            case.write(name, bytes);
            let report = case.report();
            assert_eq!(completeness(&report, object), &Completeness::Absent, "{name}");
            let caveat = said_of(&report, &format!("{object} is treated as missing"));
            let known = caveat.contains(why) || (why == "never closed" && caveat.contains("has no column"));
            assert!(known && caveat.contains(name) && !caveat.contains("Ada"), "{caveat}");
            let missing = report.origins().missing_rows(object).expect("a lack");
            assert!(missing.contains("cannot be read"), "{missing}");
            assert!(report.results.iter().any(|result| result.missing.contains(&missing)), "{missing}");
            assert_eq!(report.totals().learners.total, whole.totals().learners.total);
        }
    }
}

/// What was filed of the rows before the broken one does not stay.
#[test]
fn nothing_stays_of_a_file_that_breaks_off() {
    let case = Case::new();
    case.edit(ENROLLMENTS, |text| text.trim_end().to_owned() + ",one cell too many\n");
    let broken = case.report();
    assert_eq!(broken.totals().enrollments.salesforce.total, 0);
    case.remove(ENROLLMENTS);
    let absent = case.report();
    assert_eq!(message(&broken), message(&absent));
    let needing = broken.results.iter().filter(|result| {
        result
            .missing
            .iter()
            .any(|missing| missing.starts_with("docebo_v3__CourseEnrollment__c (its file cannot be read"))
    });
    let needing: Vec<_> = needing.collect();
    assert!(needing.len() > 3 && needing.iter().all(|result| !result.outcome().is_clean()));
    assert_eq!(case.exit(), 6);
}

#[test]
fn lists_beside_the_objects_are_missing_where_they_cannot_be_read() {
    let case = Case::new();
    case.write("list_view_contacts.csv", "Id\nnot an id\n");
    case.write("deleted_contacts.csv", "Id\n");
    case.write("customisation.json", "{");
    let report = case.report();
    assert!(!report.origins().list_view);
    assert!(said_of(&report, "list_view_contacts is treated as missing").contains("list_view_contacts.csv:2: Id"));
    assert!(said_of(&report, "deleted_contacts is treated as missing").contains("`MasterRecordId`"));
    assert!(said_of(&report, "Customizations of the package's objects").contains("customisation.json"));
    // A contact that is not in a part of the view may be in the rest of it.
    case.write("list_view_contacts.csv", "Id\n");
    case.write("list_view_contacts (1).csv", "Id\n");
    let report = case.report();
    assert!(!report.origins().list_view);
    assert!(said_of(&report, "list_view_contacts is incomplete").contains("list_view_contacts (1).csv"));
    assert_eq!(report.totals().contacts.forecast.get(Forecast::OutsideView), 0);
}

#[test]
fn what_the_manifest_describes_cannot_be_changed_even_where_it_can_be_done_without() {
    let case = Case::from_world(&World::in_sync(5, 30));
    let text = case.text(COURSES);
    for changed in ["", "\n", "Id\nx\n", "%PDF-1.7"] {
        case.write(COURSES, changed);
        assert!(case.error().contains("SHA-256"), "{changed:?}");
    }
    case.remove(COURSES);
    assert!(case.error().contains("listed in manifest.json"));
    case.write("docebo_v3__Course__c_2.csv", text);
    case.read_parts();
    assert!(case.error().contains("listed in manifest.json"));
}

#[test]
fn a_split_object_is_incomplete_until_its_parts_are_read() {
    let case = Case::new();
    let control = case.report();
    let (first, second) = split(&case.text(ENROLLMENTS), 40);
    case.write(ENROLLMENTS, first);
    // The same fields in another order.
    let reordered: String = second
        .lines()
        .map(|line| {
            let (id, rest) = line.split_once(',').expect("cells");
            format!("{rest},{id}\n")
        })
        .collect();
    let part = "docebo_v3__CourseEnrollment__c_2.csv";
    case.write(part, reordered);
    let report = case.report();
    let Completeness::Partial { unread, .. } = completeness(&report, SfObject::CourseEnrollment) else {
        panic!("not partial")
    };
    assert_eq!(unread, &[part]);
    assert!(!counts(&report).contains_key("enrollment-absent"), "{:?}", counts(&report));
    let missing = report.origins().missing_rows(SfObject::CourseEnrollment).expect("a lack");
    assert!(missing.contains(part) && missing.contains("snapshot.parts = true"), "{missing}");
    assert!(said_of(&report, "docebo_v3__CourseEnrollment__c is incomplete").contains(part));
    assert!(matches!(&report.origins().unread[..], [unread] if unread.starts_with(part)));
    assert_eq!(case.exit(), 6);

    case.read_parts();
    let report = case.report();
    assert_eq!(message(&report), message(&control));
    assert_eq!(completeness(&report, SfObject::CourseEnrollment), &Completeness::Assumed);
    assert_eq!(input(&report, ENROLLMENTS).rows + input(&report, part).rows, input(&control, ENROLLMENTS).rows);
    assert!(report.origins().unread.is_empty());

    // Parts alone, in the order of their numbers.
    case.rename(ENROLLMENTS, "docebo_v3__CourseEnrollment__c_10.csv");
    let report = case.report();
    assert_eq!(message(&report), message(&control));
    let files: Vec<&str> = report.origins().inputs.iter().map(|input| input.file.as_str()).collect();
    let place = |file: &str| files.iter().position(|known| *known == file);
    assert!(place(part) < place("docebo_v3__CourseEnrollment__c_10.csv"), "{files:?}");

    // A record in two parts, and a part that is cut without its headings.
    let text = case.text(part);
    case.write("docebo_v3__CourseEnrollment__c (1).csv", &text);
    assert!(case.error().contains("appears twice"));
    case.write("docebo_v3__CourseEnrollment__c (1).csv", text.split_once('\n').expect("rows").1);
    let caveat = said_of(&case.report(), "docebo_v3__CourseEnrollment__c is treated as missing");
    assert!(caveat.contains("does not have the same columns"), "{caveat}");
}

#[test]
fn parts_of_every_object_are_read() {
    let control = Case::new().report();
    let case = Case::new();
    case.read_parts();
    for name in [CONTACT, "User.csv", DOCEBO_USERS, COURSES] {
        let (first, second) = split(&case.text(name), 3);
        case.write(name, first);
        case.write(&name.replace(".csv", "-2.csv"), second);
    }
    let report = case.report();
    assert_eq!(message(&report), message(&control));
    assert_eq!(input(&report, "Contact-2.csv").holds, "Contact");
}

#[test]
fn look_alikes_make_their_object_incomplete_and_the_rest_is_named() {
    let case = Case::new();
    for name in ["CourseEnrollment.csv", "docebo_v3__CourseEnrollment__c copy.csv", "Contacts.csv", "Users_2.xlsx"] {
        case.write(name, "Id\n");
    }
    for name in ["Account.csv", "old.zip", ".hidden", "requests.jsonl", "Thumbs.db"] {
        case.write(name, "x\n");
    }
    std::fs::create_dir(case.path("archive")).expect("a folder");
    let report = case.report();
    let named: Vec<&str> =
        report.origins().unread.iter().filter_map(|line| line.split(" (in the snapshot").next()).collect();
    let mut expected = vec![
        "Account.csv",
        "Contacts.csv",
        "CourseEnrollment.csv",
        "Users_2.xlsx",
        "archive",
        "docebo_v3__CourseEnrollment__c copy.csv",
        "old.zip",
    ];
    expected.sort_unstable();
    assert_eq!(named, expected);
    for object in [SfObject::CourseEnrollment, SfObject::Contact, SfObject::User] {
        assert!(matches!(completeness(&report, object), Completeness::Partial { .. }), "{object}");
    }
    assert_eq!(completeness(&report, SfObject::Course), &Completeness::Assumed);
    assert_eq!(case.exit(), 6);
    // Such files are no parts.
    case.read_parts();
    assert!(matches!(completeness(&case.report(), SfObject::CourseEnrollment), Completeness::Partial { .. }));
}

#[test]
fn an_object_that_is_there_only_under_another_name_is_not_called_absent() {
    let case = Case::new();
    case.rename(CONTACT, "Contacts.csv");
    let error = case.error();
    assert!(error.contains("Contact.csv: is not there") && error.contains("rename it to Contact.csv"), "{error}");
    case.rename("Contacts.csv", CONTACT);
    case.rename(ENROLLMENTS, "CourseEnrollment.csv");
    let report = case.report();
    let missing = report.origins().missing_rows(SfObject::CourseEnrollment).expect("a lack");
    assert!(missing.contains("does not exist, but there is CourseEnrollment.csv"), "{missing}");
    case.rename("CourseEnrollment.csv", "docebo_v3__CourseEnrollment__c_1.csv");
    let missing = case.report().origins().missing_rows(SfObject::CourseEnrollment).expect("a lack");
    assert!(missing.contains("snapshot.parts = true"), "{missing}");
}

/// Everything in one folder: the reports are no files of the snapshot.
#[test]
fn reports_in_the_snapshot_folder_are_read_as_reports() {
    let case = Case::new();
    let control = case.report();
    for name in ["users.csv", "enrollments.csv", "tieout.toml"] {
        std::fs::rename(case.inputs.folder.path().join(name), case.path(name)).expect("a file");
    }
    let path = case.path("tieout.toml");
    let text = std::fs::read_to_string(&path).expect("a configuration");
    std::fs::write(&path, text.replace("snapshot = \"snapshot\"", "snapshot = \".\"")).expect("a writable file");
    let report = audit(&case.inputs.folder.path().join("snapshot")).expect("a report");
    assert_eq!(message(&report), message(&control));
    assert!(report.origins().unread.is_empty(), "{:?}", report.origins().unread);
}

#[test]
fn objects_that_the_manifest_does_not_list_were_not_counted() {
    let case = Case::from_world(&World::in_sync(5, 30));
    case.write(SESSIONS, "Id,CreatedDate,CreatedById,LastModifiedDate,LastModifiedById\n");
    let report = case.report();
    assert_eq!(completeness(&report, SfObject::Session), &Completeness::Assumed);
    let caveat = said_of(&report, "Salesforce's count of rows is not known for");
    assert!(caveat.contains("docebo_v3__Session__c") && !caveat.contains("CourseEnrollment"), "{caveat}");
    let (_, stdout, _) = run(tieout().arg("doctor").arg("-c").arg(case.inputs.folder.path().join("tieout.toml")));
    assert!(stdout.contains("not listed in manifest.json"), "{stdout}");
}

#[test]
fn keys_of_a_number_field_are_whole_numbers() {
    /// The world with employee numbers for usernames, in the spelling of each side.
    fn numbered(spell: impl Fn(usize) -> String) -> Case {
        let case = Case::new();
        let mut texts: Vec<(PathBuf, String)> = [CONTACT, "../users.csv", "../enrollments.csv"]
            .iter()
            .map(|name| (case.path(name), case.text(name)))
            .collect();
        let emails: Vec<String> = texts[0]
            .1
            .lines()
            .skip(1)
            .filter_map(|row| row.split(',').find(|cell| cell.contains('@')))
            .map(str::to_owned)
            .collect();
        for (at, email) in emails.iter().enumerate() {
            texts[0].1 = texts[0].1.replace(email.as_str(), &spell(at));
            for (_, text) in &mut texts[1..] {
                *text = text.replace(email.as_str(), &(10_000_000 + at).to_string());
            }
        }
        for (path, text) in texts {
            std::fs::write(path, text).expect("a writable file");
        }
        case
    }
    let control = numbered(|at| (10_000_000 + at).to_string()).report();
    for case in [numbered(|at| format!("{}.0", 10_000_000 + at)), numbered(|at| format!("1.{at:07}E7"))] {
        let report = case.report();
        assert_eq!(message(&report), message(&control));
        assert!(said_of(&report, "The mapped field Email is a number").contains("`40000.0`"));
    }
    // One value that no number field holds, and all are texts.
    let mixed = numbered(|at| if at == 3 { "10000003".to_owned() } else { format!("{}.0", 10_000_000 + at) }).report();
    let asked: Vec<Question> = mixed.run.questions.iter().map(|asked| asked.question).collect();
    assert_eq!(asked, [Question::KeysDisagree], "the field is questioned, and nobody is charged");
    assert_eq!(counts(&mixed), std::collections::BTreeMap::new());
    assert!(!mixed.origins().caveats.iter().any(|caveat| caveat.contains("is a number")));
}

#[test]
fn freshness_reads_the_same_records() {
    // Written last are records that were deleted since.
    let mut world = World::in_sync(4, 60);
    world.save_by_hand();
    world.stall(at(EXPORTED_AT) - 60 * DAY, None, false);
    let case = Case::from_world(&world);
    let (code, text) = case.freshness();
    assert_eq!(code, 5, "{text}");
    case.edit(ENROLLMENTS, |text| {
        let newest = text.lines().nth(1).expect("a row").replace("2025-", "2026-");
        let days: String = newest
            .split(',')
            .map(|cell| if cell.starts_with("2026-") { "2026-11-20T05:00:00.000Z" } else { cell })
            .collect::<Vec<_>>()
            .join(",");
        with_deleted(text, &[days])
    });
    assert_eq!(case.freshness(), (code, text));

    // The rest of a split object may hold the newest rows.
    let part = "docebo_v3__CourseEnrollment__c_2.csv";
    case.write(part, case.text(ENROLLMENTS).lines().next().expect("a heading"));
    let (code, text) = case.freshness();
    assert!(code == 6 && text.contains(part), "{code} {text}");
    case.read_parts();
    assert_eq!(case.freshness().0, 5);

    // So may an object that cannot be read; a needed one ends the run.
    case.remove(part);
    case.write(ENROLLMENTS, "");
    let (code, text) = case.freshness();
    assert!(code == 6 && text.contains("is empty"), "{code} {text}");
    case.remove(DOCEBO_USERS);
    assert_eq!(case.freshness().0, 6, "the courses alone prove nothing");
    case.write(DOCEBO_USERS, "");
    assert_eq!(case.freshness().0, 4);
}

#[test]
fn the_doctor_names_what_is_not_read() {
    let case = Case::new();
    case.write("Account.csv", "Id\n");
    case.write(SESSIONS, "");
    case.write("docebo_v3__CourseEnrollment__c (1).csv", "Id\n");
    let (code, stdout, _) =
        run(tieout().arg("doctor").arg("-c").arg(Path::new(&case.inputs.folder.path().join("tieout.toml"))));
    assert_eq!(code, 0, "{stdout}");
    for part in
        ["not read: Account.csv (in the snapshot folder)", "is empty", "c (1).csv not read", "snapshot.parts = true"]
    {
        assert!(stdout.contains(part), "{part}: {stdout}");
    }
}

/// A status in Salesforce that tieout does not know is not understood: no finding against the sync, and nothing called clean.
#[test]
fn an_unknown_status_in_salesforce_is_no_finding() {
    let case = Case::new();
    let clean = counts(&case.report());
    case.edit(ENROLLMENTS, |text| text.replacen(",Subscribed,", ",Ada Lovelace,", 1));
    let report = case.report();
    assert_eq!(counts(&report), clean, "no finding");
    let caveat = said_of(&report, "docebo_v3__Status__c of 1 record of docebo_v3__CourseEnrollment__c is not a status");
    assert!(!caveat.contains("Lovelace"), "{caveat}");
    let outdated = report.results.iter().find(|result| result.check.id == "enrollment-outdated").expect("the check");
    assert!(!outdated.is_whole(), "it could not judge all");
    assert_eq!(case.exit(), 6);
}

/// A file that the manifest lists is missed, whichever it is.
#[test]
fn a_listed_file_that_is_gone_is_an_error() {
    let sample = crate::sample_folder("in-sync");
    for name in ["customisation.json", COURSES] {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::create_dir(folder.path().join("snapshot")).expect("a folder");
        for part in ["", "snapshot"] {
            for entry in std::fs::read_dir(sample.join(part)).expect("a folder") {
                let path = entry.expect("an entry").path();
                if path.is_file() {
                    let to = folder.path().join(part).join(path.file_name().expect("a name"));
                    std::fs::copy(&path, to).expect("copied");
                }
            }
        }
        std::fs::remove_file(folder.path().join("snapshot").join(name)).expect("removed");
        let error = audit(folder.path()).expect_err(name).to_string();
        assert!(error.contains(name) && error.contains("is listed in manifest.json but is not there"), "{error}");
    }
}
