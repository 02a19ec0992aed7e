//! An export reads the same in every format and wrapper in which it arrives, and what is not read is named.

use std::path::{Path, PathBuf};

use tieout::error::Error;
use tieout::inputs::table::{CellFault, Table, cell_fault, cell_text};
use tieout::outputs::ledger;
use tieout::outputs::ledger::Rows;
use tieout::progress::Progress;
use tieout::report::Report;

use crate::audit;
use crate::world::World;
use crate::world::dialect::Dialect;
use crate::wrap::{
    Grid, binary, binary_row, binary_text, delimited, edited, grid, gzip, ods, ods_of, ole, xls, xlsb, xlsb_of, xlsx,
    zip,
};

/// Headings of these tables have this cell.
fn is_headings(line: &[String]) -> bool {
    line.iter().any(|cell| cell.trim().eq_ignore_ascii_case("Id"))
}

/// A folder with one file.
struct Case {
    folder: tempfile::TempDir,
}

impl Case {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().expect("a folder") }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("table.csv")
    }

    fn open(&self, bytes: &[u8]) -> Result<Table, Error> {
        std::fs::write(self.path(), bytes).expect("a writable file");
        Table::open(&self.path(), &Progress::hidden(), &is_headings)
    }

    fn table(&self, bytes: &[u8]) -> Table {
        self.open(bytes).unwrap_or_else(|error| panic!("{error}"))
    }

    fn refused(&self, bytes: &[u8], parts: &[&str]) {
        let error = match self.open(bytes) {
            Ok(table) => all(&table).map(|rows| format!("{rows:?}")).expect_err("a refusal"),
            Err(error) => error,
        };
        let error = error.to_string();
        for part in parts {
            assert!(error.contains(part), "`{part}` is not said: {error}");
        }
    }
}

/// The rows: part, line and cells.
fn all(table: &Table) -> Result<Vec<(u16, u64, Vec<String>)>, Error> {
    let mut rows = Vec::new();
    table.rows(&Progress::hidden(), |row| {
        let cells = (0..row.len())
            .map(|column| cell_text(row.get(column)).map_or_else(|fault| format!("<{fault}>"), str::to_owned));
        rows.push((row.part, row.line, cells.collect()));
        Ok(())
    })?;
    Ok(rows)
}

fn rows(table: &Table) -> Vec<(u16, u64, Vec<String>)> {
    all(table).unwrap_or_else(|error| panic!("{error}"))
}

/// Only the cells.
fn cells(table: &Table) -> Vec<Vec<String>> {
    rows(table).into_iter().map(|(_, _, cells)| cells).collect()
}

fn lines(rows: &[&str]) -> Grid {
    rows.iter().map(|row| row.split(',').map(str::to_owned).collect()).collect()
}

/// Everything that a run says of records.
fn judged(report: &Report) -> Vec<(&'static str, Vec<u8>)> {
    ledger::files(report, Rows::All).expect("ledgers")
}

/// A world with a few disturbances, so that every ledger has something to say.
fn disturbed(folder: &Path) {
    let mut world = World::in_sync(11, 40);
    let mut rng = fastrand::Rng::with_seed(11);
    for _ in 0..8 {
        let disturbance = rng.choice(World::disturbances()).expect("some");
        (disturbance.apply)(&mut world, &mut rng);
    }
    world.write(folder, &Dialect::default());
}

/// Whatever the wrapper, the audit says the same; only names and digests of files differ.
#[test]
fn the_audit_of_every_envelope_is_that_of_plain_text() {
    let folder = tempfile::tempdir().expect("a folder");
    disturbed(folder.path());
    let plain = judged(&audit(folder.path()).expect("a report"));
    let names = ["users.csv", "enrollments.csv"];
    let originals = names.map(|name| std::fs::read(folder.path().join(name)).expect("a file"));
    type Wrap = fn(&[u8]) -> Vec<u8>;
    let envelopes: [(&str, Wrap); 14] = [
        ("gzip", gzip),
        ("zip", |csv| zip(&[("reports/", b""), ("reports/report.csv", csv), ("__MACOSX/._report.csv", b"\0\x05\x16")])),
        ("semicolons after sep=", |csv| [b"\xef\xbb\xbfsep=;\r\n", delimited(&grid(csv), b';').as_slice()].concat()),
        ("bars", |csv| delimited(&grid(csv), b'|')),
        ("a title", |csv| [b"Report; made on Friday\n\n", delimited(&grid(csv), b'\t').as_slice()].concat()),
        ("a warning", |csv| [b"Warning: an update is available, from 1.0, to 2.0\n", csv].concat()),
        ("XLSX", |csv| xlsx(&[("Report", &grid(csv))])),
        ("XLSX behind a cover", |csv| {
            xlsx(&[("Cover", &lines(&["Our report", "made,on Friday"])), ("Report", &grid(csv))])
        }),
        ("XLS", |csv| xls(&[("Report", &grid(csv))])),
        ("XLSB", |csv| xlsb("Report", &grid(csv))),
        ("ODS", |csv| ods(&[("Report", &grid(csv))])),
        ("XLSX in zip", |csv| zip(&[("report.xlsx", &xlsx(&[("Report", &grid(csv))]))])),
        ("ODS in gzip", |csv| gzip(&ods(&[("Report", &grid(csv))]))),
        ("XLS in zip", |csv| zip(&[("report.xls", &xls(&[("Report", &grid(csv))]))])),
    ];
    for (envelope, wrap) in envelopes {
        for (name, original) in names.iter().zip(&originals) {
            std::fs::write(folder.path().join(name), wrap(original)).expect("a writable file");
        }
        let report = audit(folder.path()).unwrap_or_else(|error| panic!("{envelope}: {error}"));
        for ((file, found), (_, wanted)) in judged(&report).iter().zip(&plain) {
            assert!(
                *file == "ledger/excluded-rows.csv" || found == wanted,
                "{envelope}: {file}\n{}\n--- instead of\n{}",
                String::from_utf8_lossy(found),
                String::from_utf8_lossy(wanted)
            );
        }
    }
}

#[test]
fn sheets_with_the_same_headings_are_one_table_and_the_others_are_named() {
    let case = Case::new();
    let first = lines(&["Id,Name", "1,Ada", "2,Bea"]);
    let second = lines(&["a title", "", "ID, name ", "3,Cleo"]);
    let other = lines(&["Name,Id", "Dora,4"]);
    let cover = lines(&["Made by hand"]);
    let book = [("Cover", &cover), ("Page 1", &first), ("Empty", &Grid::new()), ("Page 2", &second), ("Other", &other)];
    for bytes in [xlsx(&book), xls(&book), ods(&book), gzip(&xlsx(&book))] {
        let table = case.table(&bytes);
        assert_eq!(table.headings, ["Id", "Name"]);
        let wanted = [(0, 2, "1", "Ada"), (0, 3, "2", "Bea"), (1, 4, "3", "Cleo")];
        let wanted: Vec<_> =
            wanted.map(|(part, line, id, name)| (part, line, vec![id.to_owned(), name.to_owned()])).into();
        assert_eq!(rows(&table), wanted);
        let parts: Vec<&str> = table.parts().collect();
        assert_eq!(parts, ["table.csv, sheet \"Page 1\"", "table.csv, sheet \"Page 2\""]);
        let unread: Vec<String> = table.unread().iter().map(ToString::to_string).collect();
        assert_eq!(
            unread,
            ["sheet \"Cover\" (1 row) has other headings", "sheet \"Other\" (2 rows) has other headings"]
        );
        let note = "table.csv, sheet \"Page 2\": the headings were found on line 3; the 2 lines above are not part of the table";
        assert_eq!(table.notes(), [note]);
    }
    let one = case.table(&xlsx(&[("Page 1", &first), ("Empty", &Grid::new())]));
    assert_eq!(one.parts().collect::<Vec<_>>(), ["table.csv"], "a single sheet is the file");
    assert!(one.unread().is_empty() && one.notes().is_empty());
}

#[test]
fn entries_with_the_same_headings_are_one_table_and_the_others_are_named() {
    let case = Case::new();
    let sheet = xlsx(&[("Page 1", &lines(&["Id,Name", "5,Eve"])), ("Notes", &lines(&["nothing"]))]);
    let bytes = zip(&[
        ("readme.txt", b"What is in here\n"),
        ("users-1.csv", b"Id,Name\n1,Ada\n"),
        ("a/.DS_Store", b"\0\0"),
        ("users-2.csv", b"\xef\xbb\xbfid;name\r\n2;\"Bea\r\nB\"\r\n3;Zo\xc3\xab\r\n"),
        ("users-3.csv", b"Id,Name\n4,Zo\xeb"),
        ("users.xlsx", &sheet),
        ("users.pdf", b"%PDF-1.7"),
        ("nothing.csv", b""),
        ("blank.csv", b"\n"),
    ]);
    let table = case.table(&bytes);
    let found: Vec<(u16, u64, String)> =
        rows(&table).into_iter().map(|(part, line, cells)| (part, line, cells.join("|"))).collect();
    let wanted = [(0, 2, "1|Ada"), (1, 2, "2|Bea\r\nB"), (1, 4, "3|Zo\u{eb}"), (2, 2, "4|Zo\u{eb}"), (3, 2, "5|Eve")];
    assert_eq!(found, wanted.map(|(part, line, text)| (part, line, text.to_owned())));
    let parts: Vec<&str> = table.parts().collect();
    assert_eq!(
        parts,
        ["table.csv, users-1.csv", "table.csv, users-2.csv", "table.csv, users-3.csv", "table.csv, users.xlsx"]
    );
    let unread: Vec<String> = table.unread().iter().map(ToString::to_string).collect();
    assert_eq!(
        unread,
        [
            "users.pdf is a PDF",
            "nothing.csv is empty",
            "readme.txt has other headings",
            "users.xlsx, sheet \"Notes\" (1 row) has other headings",
            "blank.csv holds nothing but blank lines",
        ]
    );
    assert_eq!(table.encoding(), "UTF-8, windows-1252, XLSX, zip");
}

#[test]
fn an_archive_without_a_table_says_why() {
    let case = Case::new();
    case.refused(&zip(&[]), &["is a zip file without a file in it"]);
    case.refused(&zip(&[("a/", b""), ("__MACOSX/x", b"x")]), &["is a zip file without a file in it"]);
    case.refused(&zip(&[("a.csv", b""), ("b.pdf", b"%PDF-1")]), &["without a table in it: a.csv is empty"]);
    case.refused(&zip(&[("b.pdf", b"%PDF-1")]), &["without a table in it: b.pdf is a PDF"]);
    case.refused(
        &zip(&[("a.zip", &zip(&[("a.csv", b"Id\n1\n")]))]),
        &["the entry a.zip is a zip file within another file", "unpack it"],
    );
    case.refused(
        &zip(&[("[Content_Types].xml", b"<Types/>"), ("word/document.xml", b"<w/>")]),
        &["is a Word document"],
    );
    case.refused(&zip(&[("mimetype", b"application/vnd.oasis.opendocument.text")]), &["not a spreadsheet"]);
    case.refused(&zip(&[("Index/Document.iwa", b"")]), &["Apple Numbers", "Export To"]);
    // What may be a part of the table is not passed over beside another that can be read.
    for (name, bytes, what) in [
        ("b.zip", zip(&[("b.csv", b"Id\n2\n")]), "is a zip file within another file"),
        ("b.gz", gzip(b"Id\n2\n"), "is compressed twice"),
        ("b.7z", b"7z\xbc\xaf\x27\x1c".to_vec(), "is compressed with 7-Zip"),
    ] {
        case.refused(&zip(&[("a.csv", b"Id\n1\n"), (name, &bytes)]), &[&format!("the entry {name} {what}")]);
    }
    // The mark of encryption, in the head of the entry and in the directory.
    let mut encrypted = zip(&[("a.csv", b"Id\n1\n")]);
    let directory = encrypted.windows(4).position(|four| four == b"PK\x01\x02").expect("a directory");
    (encrypted[6], encrypted[directory + 8]) = (encrypted[6] | 1, encrypted[directory + 8] | 1);
    case.refused(&encrypted, &["the entry a.csv is encrypted with a password", "unpack it with the password"]);
}

#[test]
fn what_is_cut_off_or_damaged_is_no_shorter_table() {
    let case = Case::new();
    let text: String = std::iter::once("Id,Name\n".to_owned())
        .chain((0..50_000).map(|id| format!("{id},name {}\n", id * 7)))
        .collect();
    let grid = grid(text[..20_000].rsplit_once('\n').expect("lines").0.as_bytes());
    for whole in [
        gzip(text.as_bytes()),
        zip(&[("a.csv", text.as_bytes())]),
        xlsx(&[("A", &grid)]),
        ods(&[("A", &grid)]),
        xls(&[("A", &grid)]),
        xlsb("A", &grid),
    ] {
        assert!(rows(&case.table(&whole)).len() > 500);
        for kept in [whole.len() - 1, whole.len() - 30, whole.len() / 2, 600.min(whole.len() / 3), 5] {
            if whole[0] == 0xd0 && kept > whole.len() - 500 {
                continue; // The last bytes of this file are padding.
            }
            case.refused(&whole[..kept], &["next:"]);
        }
    }
    // A byte in the middle, which a checksum finds.
    for mut whole in [gzip(text.as_bytes()), zip(&[("a.csv", text.as_bytes())])] {
        let middle = whole.len() / 2;
        whole[middle] ^= 0x55;
        case.refused(&whole, &["damaged"]);
    }
}

#[test]
fn encrypted_workbooks_are_named_as_such() {
    let case = Case::new();
    let remove = ["is encrypted with a password", "remove the password (File > Info > Protect Workbook)"];
    let package = ole(&[("EncryptionInfo", vec![1; 4_096]), ("EncryptedPackage", vec![2; 5_000])]);
    case.refused(&package, &remove);
    case.refused(&zip(&[("a.xlsx", &package)]), &["the entry a.xlsx is encrypted with a password"]);
    // The record right behind the start of the workbook; the older way to encrypt has number 0, the newer 1.
    for kind in [0, 1] {
        let mut stream =
            vec![9, 8, 16, 0, 0, 6, 5, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x2f, 0, 6, 0, kind, 0, 1, 2, 3, 4];
        stream.resize(4_096, 7);
        case.refused(&ole(&[("Workbook", stream)]), &remove);
    }
    case.refused(
        &ods_of("", "<manifest:encryption-data manifest:checksum=\"x\"/>"),
        &["is encrypted with a password", "Save with password"],
    );
    case.refused(&ole(&[("WordDocument", vec![0; 4_096])]), &["is a Word document"]);
    case.refused(&ole(&[("Something", vec![0; 4_096])]), &["is an OLE file without a workbook in it"]);
    // Garbage where a workbook should be is no panic.
    case.refused(
        &ole(&[("Workbook", (0..9_000).map(|at| (at % 251) as u8).collect())]),
        &["cannot be read as an XLS workbook"],
    );
}

#[test]
fn a_formula_without_a_result_is_unreadable_and_an_error_is_its_text() {
    let case = Case::new();
    let plain = xlsx(&[("A", &lines(&["Id,Name", "1,Ada", "2,Bea", "3,Cleo", "4,Dora", "5,Eve"]))]);
    let bytes = edited(&plain, "xl/worksheets/sheet1.xml", |xml| {
        let replaced = |xml: String, cell: &str, with: &str| {
            let start = xml.find(&format!("<c r=\"{cell}\"")).expect("the cell");
            let end = start + xml[start..].find("</c>").expect("its end") + 4;
            format!("{}{with}{}", &xml[..start], &xml[end..])
        };
        let xml = replaced(xml, "B2", "<c r=\"B2\"><f>A2&amp;\"x\"</f></c>");
        let xml = replaced(xml, "B3", "<c r=\"B3\"><f>A3</f><v></v></c>");
        let xml = replaced(xml, "B4", "<c r=\"B4\" t=\"e\"><f>NA()</f><v>#N/A</v></c>");
        let xml = replaced(xml, "B5", "<c r=\"B5\" t=\"str\"><f>\"\"</f><v></v></c>");
        replaced(xml, "B6", "<c r=\"B6\"><f>A6*2</f><v>10</v></c>")
    });
    let without = "<is a formula without a stored result>";
    let names: Vec<String> = cells(&case.table(&bytes)).into_iter().map(|mut row| row.remove(1)).collect();
    assert_eq!(names, [without, without, "#N/A", "", "10"]);
    let table = case.table(&bytes);
    let mut faults = Vec::new();
    let read = table.rows(&Progress::hidden(), |row| {
        faults.push(cell_fault(row.get(1)));
        Ok(())
    });
    assert_eq!(read.expect("rows"), 5);
    assert_eq!(faults[..3], [Some(CellFault::FormulaWithoutResult), Some(CellFault::FormulaWithoutResult), None]);

    let text = |text: &str| {
        format!("<table:table-cell office:value-type=\"string\"><text:p>{text}</text:p></table:table-cell>")
    };
    let row = |second: &str| format!("<table:table-row>{}{second}</table:table-row>", text("1"));
    let head = format!("<table:table-row>{}{}</table:table-row>", text("Id"), text("Name"));
    let tables = format!(
        "<table:table table:name=\"A\">{head}{}{}</table:table>",
        row("<table:table-cell table:formula=\"of:=[.A2]\"/>"),
        row("<table:table-cell table:formula=\"of:=[.A2]\" office:value-type=\"float\" office:value=\"7\"/>")
    );
    assert_eq!(cells(&case.table(&ods_of(&tables, ""))), [["1", without], ["1", "7"]]);

    // The forms of a cell that a binary sheet has: without a column, a formula's error, text with formats.
    let at = |column: u8| [column, 0, 0, 0, 0, 0, 0, 0];
    let string = |column: u8, text: &str| binary(6, &[&at(column)[..], &binary_text(text)].concat());
    let sheet = [
        binary_row(0),
        string(0, "Id"),
        string(1, "Name"),
        binary_row(1),
        binary(5, &[&at(0)[..], &1_f64.to_le_bytes()].concat()),
        binary(17, &[&[0; 4][..], &binary_text("Ada")].concat()),
        binary_row(2),
        binary(5, &[&at(0)[..], &2_f64.to_le_bytes()].concat()),
        binary(11, &[&at(1)[..], &[0x2a, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]].concat()),
        binary_row(3),
        binary(5, &[&at(0)[..], &3_f64.to_le_bytes()].concat()),
        binary(62, &[&at(1)[..], &[0], &binary_text("Cleo")].concat()),
    ]
    .concat();
    assert_eq!(cells(&case.table(&xlsb_of("A", &sheet))), [["1", "Ada"], ["2", "#N/A"], ["3", "Cleo"]]);
}

/// Rows of an export that hold such a cell are rejects that say so.
#[test]
fn a_reject_names_the_formula_and_not_its_bytes() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut world = World::in_sync(5, 30);
    world.save_by_hand();
    world.write(folder.path(), &Dialect::default());
    for name in ["users.csv", "enrollments.csv"] {
        let grid = grid(&std::fs::read(folder.path().join(name)).expect("a file"));
        let columns: Vec<usize> = grid[0]
            .iter()
            .enumerate()
            .filter(|(_, heading)| {
                [
                    "User unique ID",
                    "sfdc_id",
                    "Course Internal ID",
                    "Enrollment Date",
                    "Completion Date",
                    "Archived Enrollment",
                ]
                .contains(&heading.as_str())
            })
            .map(|(at, _)| at)
            .collect();
        let bytes = edited(&xlsx(&[("A", &grid)]), "xl/worksheets/sheet1.xml", |mut xml| {
            for (row, column) in (3..).zip(columns) {
                let cell = format!("{}{row}", char::from(b'A' + u8::try_from(column).expect("few columns")));
                if let Some(start) = xml.find(&format!("<c r=\"{cell}\"")) {
                    let end = start + xml[start..].find("</c>").expect("its end") + 4;
                    xml.replace_range(start..end, &format!("<c r=\"{cell}\"><f>A1</f></c>"));
                }
            }
            xml
        });
        std::fs::write(folder.path().join(name), bytes).expect("a writable file");
    }
    let report = audit(folder.path()).expect("a report");
    let excluded_row = crate::ledger_rows(&report, "ledger/excluded-rows.csv");
    let rejected: Vec<&str> =
        excluded_row.iter().filter(|row| row["what"] == "unreadable").map(|row| row["reason"].as_str()).collect();
    assert!(rejected.len() >= 5, "{rejected:?}");
    for reason in rejected {
        assert!(reason.ends_with("is a formula without a stored result"), "{reason}");
    }
}

#[test]
fn the_switch_of_1904_is_known_and_formatted_dates_follow_it() {
    let case = Case::new();
    let mut workbook = rust_xlsxwriter::Workbook::new();
    let sheet = workbook.add_worksheet();
    let dates = rust_xlsxwriter::Format::new().set_num_format("yyyy\\-mm\\-dd hh:mm:ss");
    sheet.write_string(0, 0, "Id").expect("a cell");
    sheet.write_number_with_format(1, 0, 46_053.999_988_425_9 - 1_462.0, &dates).expect("a cell");
    sheet.write_number(2, 0, 44_591.0).expect("a cell");
    let of_1900 = workbook.save_to_buffer().expect("memory");
    let of_1904 =
        edited(&of_1900, "xl/workbook.xml", |xml| xml.replacen("<workbookPr", "<workbookPr date1904=\"1\"", 1));
    let table = case.table(&of_1904);
    assert!(table.date_1904(0));
    assert_eq!(cells(&table), [["2026-01-31 23:59:59"], ["44591"]]);
    let both = zip(&[("a.xlsx", &of_1900), ("b.xlsx", &of_1904), ("c.csv", b"Id\n1\n")]);
    let table = case.table(&both);
    assert_eq!([0, 1, 2, 3].map(|part| table.date_1904(part)), [false, true, false, false]);
}

#[test]
fn the_headings_are_found_below_whatever_comes_first() {
    let case = Case::new();
    for (above, line) in [
        ("", 1),
        ("sep=,\n", 2),
        ("\"SEP=,\"\r\n", 2),
        ("Users;all;of;them;and;more\n", 2),
        ("\n\nUsers\n\n", 5),
        ("Warning: there is, by now, a newer version\n\n", 3),
        (&"a title\n".repeat(19), 20),
    ] {
        let table = case.table(format!("{above}Id,Name\n1,Ada\n").as_bytes());
        assert_eq!(table.headings, ["Id", "Name"], "{above:?}");
        assert_eq!(table.delimiter, Some(b','), "{above:?}");
        assert_eq!(rows(&table), [(0, line + 1, vec!["1".to_owned(), "Ada".to_owned()])], "{above:?}");
        assert_eq!(table.notes().len(), usize::from(line > 1), "{above:?}");
        assert!(
            table.notes().iter().all(|note| note.contains(&format!("found on line {line};"))),
            "{:?}",
            table.notes()
        );
    }
    // Beyond the twentieth line, and where there are none, the first line is the headings, as an error lists it.
    for text in ["a title\n".repeat(20) + "Id,Name\n", "Name;Color\nApple;red\n".to_owned()] {
        let table = case.table(text.as_bytes());
        assert_eq!(table.headings.join(","), if text.starts_with("a title") { "a title" } else { "Name,Color" });
    }
    for delimiter in *b",;\t|" {
        let text = delimited(&lines(&["Id,Name", "1,A;d|a\tb"]), delimiter);
        assert_eq!(case.table(&[b"one, two, three, four\n", text.as_slice()].concat()).delimiter, Some(delimiter));
    }
}

#[test]
fn a_blank_file_is_neither_empty_nor_without_headings() {
    let case = Case::new();
    for blank in [&b"\n"[..], b"\r\n\r\n", b"\xef\xbb\xbf\n", b"  \n", &gzip(b"\n"), &xlsx(&[("A", &Grid::new())])] {
        let table = case.table(blank);
        assert!(table.is_blank() && table.headings.is_empty());
        assert_eq!(rows(&table), []);
        let error = table.refuse_blank().expect_err("blank").to_string();
        assert!(error.contains("no line of headings"), "{error}");
    }
    case.refused(b"", &["is empty"]);
    case.refused(&gzip(b""), &["is empty"]);
    case.refused(b",,\n1,2,3\n", &["has no line of headings"]);
    assert!(!case.table(b"Id\n").is_blank());
}

#[test]
fn pages_and_other_formats_are_named() {
    let case = Case::new();
    case.refused(b"<!DOCTYPE html>\n<html><body>Sign in</body></html>", &["is a web page (HTML)"]);
    case.refused(b"<?xml version=\"1.0\"?><Workbook/>", &["is an XML file"]);
    case.refused(b"7z\xbc\xaf\x27\x1c", &["7-Zip", "unpack it"]);
    case.refused(&gzip(&gzip(b"Id\n")), &["is compressed twice"]);
    case.refused(&gzip(b"%PDF-1.7"), &["is a PDF"]);
}

/// A file that somebody writes to while it is read is no input.
#[test]
fn a_file_that_changes_meanwhile_is_refused() {
    let case = Case::new();
    let table = case.table(b"Id\n1\n");
    std::fs::write(case.path(), "Id\n1\n2\n").expect("a writable file");
    let error = table.rows(&Progress::hidden(), |_| Ok(())).expect_err("another file");
    assert!(error.to_string().contains("changed while it was read"), "{error}");
}
