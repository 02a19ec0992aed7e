//! Workbooks as returned by analysts.

use std::path::{Path, PathBuf};

use rust_xlsxwriter::{ExcelDateTime, Format, Formula, Table, TableColumn, Workbook, Worksheet};

use super::{Column, Error, Filled, SHEET, Sheet, cell_of, number_text, read};

struct Scratch(tempfile::TempDir);

impl Scratch {
    fn new() -> Self {
        Self(tempfile::tempdir().expect("a folder"))
    }

    fn file(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.0.path().join(name);
        std::fs::write(&path, bytes).expect("a file");
        path
    }

    fn workbook(&self, fill: impl FnOnce(&mut Workbook)) -> PathBuf {
        let path = self.0.path().join("workbook.xlsx");
        let mut workbook = Workbook::new();
        fill(&mut workbook);
        workbook.save(&path).expect("a workbook");
        path
    }

    /// A workbook with one sheet, which `fill` fills.
    fn sheet(&self, name: &str, fill: impl FnOnce(&mut Worksheet)) -> PathBuf {
        self.workbook(|workbook| fill(workbook.add_worksheet().set_name(name).expect("a name")))
    }
}

fn put(sheet: &mut Worksheet, row: u32, cells: &[&str]) {
    for (column, text) in (0..).zip(cells) {
        if !text.is_empty() {
            sheet.write_string(row, column, *text).expect("a cell");
        }
    }
}

fn described(path: &Path) -> String {
    let error = read(path).expect_err("an error");
    assert_eq!(error.exit().code(), 4);
    let message = error.to_string();
    assert!(message.contains("\n  next: "), "{message}");
    message.replace(&format!("{}: ", path.display()), "")
}

fn filled(row: u32, cells: [&str; 4]) -> Filled {
    let [key, status, owner, comment] = cells.map(str::to_owned);
    Filled { row, key, status, owner, comment, errors: Vec::new() }
}

/// As the tool writes it: a table, a name for the run, additional columns.
fn ordinary(workbook: &mut Workbook) {
    let about = workbook.add_worksheet().set_name("Read me, it's short").expect("a name");
    put(about, 7, &["Run", "R-0123456789"]);
    let sheet = workbook.add_worksheet().set_name(SHEET).expect("a name");
    let headings = ["Finding", "Severity", "Status", "Owner", "Comment"];
    let columns: Vec<TableColumn> = headings.iter().map(|&heading| TableColumn::new().set_header(heading)).collect();
    sheet.add_table(0, 0, 3, 4, &Table::new().set_name("Findings").set_columns(&columns)).expect("a table");
    put(sheet, 1, &["F-A", "high", "Open", "Ada", "first line\nsecond \u{202e}line"]);
    put(sheet, 2, &["F-B", "low"]);
    put(sheet, 3, &["F-C", "low", "", "=1+1", "literally _x000D_ & <b>\t"]);
    workbook.define_name("Run_Id", "='Read me, it''s short'!$B$8").expect("a name");
}

#[test]
fn a_workbook_comes_back_as_it_was_filled() {
    let place = Scratch::new();
    let sheet = read(&place.workbook(ordinary)).expect("a sheet");
    assert_eq!(sheet.run.as_deref(), Some("R-0123456789"));
    assert_eq!(sheet.columns.cell(Column::Comment, 4), "Findings!E4");
    assert_eq!(
        sheet.rows,
        [
            filled(2, ["F-A", "Open", "Ada", "first line\nsecond \u{202e}line"]),
            filled(3, ["F-B", "", "", ""]),
            filled(4, ["F-C", "", "=1+1", "literally _x000D_ & <b>\t"]),
        ]
    );
}

#[test]
fn the_name_of_the_run_is_harmless() {
    let place = Scratch::new();
    for (written, run) in [("R-1\u{1b}[31m", Some("R-1[U+001B][31m")), (" R-1 ", Some("R-1")), (" ", None)] {
        let named = place.workbook(|workbook| {
            let sheet = workbook.add_worksheet().set_name(SHEET).expect("a name");
            put(sheet, 0, &["Finding", "Status", "Owner", "Comment", written]);
            workbook.define_name("Run_Id", "=Findings!$E$1").expect("a name");
        });
        assert_eq!(read(&named).expect("a sheet").run.as_deref(), run);
    }
}

#[test]
fn columns_are_found_by_their_headings() {
    let place = Scratch::new();
    let path = place.sheet("findings ", |sheet| {
        put(sheet, 0, &["Our own title", "Status"]);
        put(sheet, 3, &["my column", " COMMENT", "Sta tus", "", "finding ", "owner\u{a0}"]);
        put(sheet, 9, &["x", "why", "Open", "y", "F-A", "Ada"]);
        put(sheet, 11, &["only mine"]);
        put(sheet, 1_048_575, &["", "why"]);
    });
    let sheet = read(&path).expect("a sheet");
    assert_eq!(sheet.run, None);
    assert_eq!(sheet.rows, [filled(10, ["F-A", "Open", "Ada", "why"]), filled(1_048_576, ["", "", "", "why"])]);
    assert_eq!(sheet.columns.cell(Column::Finding, 10), "Findings!E10");
}

#[test]
fn cells_are_read_as_they_are_seen() {
    let place = Scratch::new();
    let path = place.sheet(SHEET, |sheet| {
        put(sheet, 0, &["Finding", "Status", "Owner", "Comment"]);
        let day = Format::new().set_num_format("dd/mm/yyyy");
        let moment = Format::new().set_num_format("yyyy-mm-dd hh:mm:ss");
        let clock = Format::new().set_num_format("hh:mm");
        for (row, text) in (1..).zip(["F-A", "F-B", "F-C", "F-D"]) {
            sheet.write_string(row, 0, text).expect("a cell");
        }
        sheet.write_number(1, 2, 4711.0).expect("a cell");
        sheet.write_number(1, 3, 0.1 + 0.2).expect("a cell");
        sheet.write_boolean(2, 2, true).expect("a cell");
        let date = |text| ExcelDateTime::parse_from_str(text).expect("a date");
        sheet.write_datetime_with_format(2, 3, date("2026-01-31"), &day).expect("a cell");
        sheet.write_datetime_with_format(3, 2, date("2026-01-31T23:59:59"), &moment).expect("a cell");
        sheet.write_datetime_with_format(3, 3, date("14:30"), &clock).expect("a cell");
        sheet.write_formula(4, 1, Formula::new("=\"Op\"&\"en\"").set_result("Open")).expect("a cell");
        sheet.write_formula(4, 2, Formula::new("=1/0").set_result("#DIV/0!")).expect("a cell");
        sheet.write_number(4, 3, 20_000_000_000_000.0).expect("a cell");
    });
    let mut last = filled(5, ["F-D", "Open", "", "20000000000000"]);
    last.errors.push((Column::Owner, "#DIV/0!".to_owned()));
    assert_eq!(
        read(&path).expect("a sheet").rows,
        [
            filled(2, ["F-A", "", "4711", "0.3"]),
            filled(3, ["F-B", "", "TRUE", "2026-01-31"]),
            filled(4, ["F-C", "", "2026-01-31 23:59:59", "14:30:00"]),
            last,
        ]
    );
}

#[test]
fn what_cannot_be_read_is_told() {
    let place = Scratch::new();
    let sheet = |name, headings: &[&str]| place.sheet(name, |sheet| put(sheet, 1, headings));
    let mut message = vec![
        described(&sheet("Sheet1\u{202e}", &["Finding", "Status", "Owner", "Comment"])),
        described(&sheet(SHEET, &["Finding", "State", "Owner"])),
        described(&sheet(SHEET, &[])),
        described(&sheet(SHEET, &["Owner", "Finding", "Status", "owner", "Comment"])),
        described(&place.sheet(SHEET, |sheet| put(sheet, 20, &["Finding", "Status", "Owner", "Comment"]))),
    ];
    let whole = std::fs::read(place.workbook(ordinary)).expect("a workbook");
    let ods = b"PK\x03\x04\x14\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x08\0\0\0mimetypeapplication/vnd.oasis.opendocument.spreadsheet";
    let old = [b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1".as_slice(), &[0; 600]].concat();
    for (name, bytes) in [
        ("empty.xlsx", b"".as_slice()),
        ("half.xlsx", &whole[..whole.len() / 2]),
        ("findings.csv", b"Finding,Status,Owner,Comment\n"),
        ("findings.ods", ods),
        ("findings.xls", &old),
    ] {
        message.push(described(&place.file(name, bytes)));
    }
    insta::assert_snapshot!(message.join("\n"), @r"
    has no sheet `Findings`; its sheets are `Sheet1[U+202E]`
      next: name the workbook.xlsx of a run, as it was filled, with its sheets under their own names
    has no heading `Status` or `Comment` in row 2 of the sheet `Findings`
      next: put the headings Finding, Status, Owner and Comment back into one row; their order does not matter
    has no heading `Finding` or `Status` or `Owner` or `Comment` in the first 20 rows of the sheet `Findings`
      next: put the headings Finding, Status, Owner and Comment back into one row; their order does not matter
    has the heading `Owner` more than once: Findings!A2, Findings!D2
      next: give the further column another heading
    has no heading `Finding` or `Status` or `Owner` or `Comment` in the first 20 rows of the sheet `Findings`
      next: put the headings Finding, Status, Owner and Comment back into one row; their order does not matter
    is empty
      next: save the workbook again, and let the copy finish
    cannot be read as an XLSX workbook: Zip error: invalid Zip archive: Could not find EOCD
      next: open it in a spreadsheet program and save it again as XLSX (Excel Workbook)
    is text, CSV or something else, not an XLSX workbook
      next: open it in a spreadsheet program and save it as XLSX (Excel Workbook)
    is an OpenDocument file (such as .ods), not an XLSX workbook
      next: open it in a spreadsheet program and save it as XLSX (Excel Workbook)
    is a file in an old format (such as .xls), not an XLSX workbook
      next: open it in a spreadsheet program and save it as XLSX (Excel Workbook)
    ");
}

#[test]
fn what_is_not_there_is_told_as_the_system_says_it() {
    let place = Scratch::new();
    assert!(matches!(read(&place.0.path().join("nothing.xlsx")), Err(Error::Unreadable { .. })));
    assert!(matches!(read(place.0.path()), Err(Error::Unreadable { .. })));
}

#[test]
fn a_heading_without_rows_is_a_sheet() {
    let place = Scratch::new();
    let path = place.sheet(SHEET, |sheet| put(sheet, 19, &["Finding", "Status", "Owner", "Comment"]));
    let Sheet { run, columns, rows } = read(&path).expect("a sheet");
    assert_eq!((run, columns.at, rows), (None, [0, 1, 2, 3], Vec::new()));
}

#[test]
fn references_name_one_cell() {
    let cell = |text| cell_of(text).map(|(sheet, row, column)| format!("{sheet}|{row}|{column}"));
    assert_eq!(cell("'Read me'!$B$8").as_deref(), Some("Read me|7|1"));
    assert_eq!(cell("='it''s!'!AA10:AB12").as_deref(), Some("it's!|9|26"));
    assert_eq!(cell("Lists!b1").as_deref(), Some("Lists|0|1"));
    for nothing in ["#REF!", "'Read me'!#REF!", "\"R-1\"", "A1", "S!A0", "S!1", "S!A", "S!ABCD1", "S!A99999999999", ""]
    {
        assert_eq!(cell(nothing), None, "{nothing}");
    }
}

#[test]
fn numbers_have_fifteen_digits() {
    for (number, text) in [(0.0, "0"), (-2.5, "-2.5"), (1e15, "1000000000000000"), (0.1 + 0.7, "0.8")] {
        assert_eq!(number_text(number), text);
    }
}

/// The container of a password-protected Office workbook, without its content.
fn locked() -> Vec<u8> {
    const END: u32 = 0xffff_fffe;
    const FREE: u32 = 0xffff_ffff;
    let mut bytes = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1".to_vec();
    bytes.extend([0; 16]);
    bytes.extend([0x3e, 0, 3, 0, 0xfe, 0xff, 9, 0, 6, 0, 0, 0, 0, 0, 0, 0]);
    bytes.extend([0, 1, 1, 0, 4_096, END, 0, END, 0, 0].into_iter().flat_map(u32::to_le_bytes));
    bytes.resize(512, 0xff);
    bytes.extend([0xffff_fffd, END].into_iter().chain([FREE; 126]).flat_map(u32::to_le_bytes));
    for (name, kind) in [("Root Entry", 5), ("EncryptedPackage", 2), ("", 0), ("", 0)] {
        let mut entry: Vec<u8> = name.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let length = u8::try_from(entry.len()).expect("short");
        entry.resize(128, 0);
        entry[64] = if length == 0 { 0 } else { length + 2 };
        entry[66] = kind;
        entry[116..120].copy_from_slice(&END.to_le_bytes());
        bytes.extend(entry);
    }
    bytes
}

#[test]
fn a_locked_workbook_is_told_apart() {
    let place = Scratch::new();
    assert_eq!(
        described(&place.file("locked.xlsx", &locked())),
        "is locked with a password\n  next: open it in a spreadsheet program, take the password away, and save it as XLSX"
    );
}
