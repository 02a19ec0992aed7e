//! Untrusted text is inert in every output: formulas, markup, control sequences, bidi marks, paths,
//! and 40,000 characters in one cell.

use std::io::{Cursor, Read as _};

use calamine::Reader as _;
use tieout::outputs;
use tieout::outputs::ledger::Rows;
use tieout::outputs::redact::Names;
use tieout::outputs::sanitize;

use crate::audit_sample;
use crate::outputs::page_and_data;

#[test]
fn the_hostile_sample_is_hostile() {
    let report = audit_sample("hostile-text");
    let data = &crate::reconciliation(&report).data;
    let words = data.status_words.iter().map(|word| word.text.as_str());
    let all: Vec<&str> =
        data.usernames().chain(data.contacts.keys()).chain(data.courses.title.iter()).chain(words).collect();
    for nasty in ["=", "</script>", "\u{1b}", "\u{0}", "\u{202e}", "../"] {
        assert!(all.iter().any(|text| text.contains(nasty)), "{nasty:?} stands in no field that is read");
    }
    assert!(all.iter().any(|text| text.chars().count() >= 40_000));
}

/// A text output may hold no character that acts, save line ends (and tabs where they separate).
fn assert_no_active(name: &str, text: &str) {
    if let Some(c) = text.chars().find(|&c| sanitize::is_active(c) && !matches!(c, '\n' | '\r')) {
        panic!("{name} holds U+{:04X}", u32::from(c));
    }
}

#[test]
fn json_and_text_hold_no_active_character() {
    let report = audit_sample("hostile-text");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
    assert_no_active("report.json", &text(outputs::json::report(&report).expect("JSON")));
    assert_no_active("findings.jsonl", &text(outputs::findings::lines(&report).expect("lines")));
    let ticket = outputs::ticket::text(&report).expect("a ticket");
    assert_no_active("ticket.md", &ticket.markdown);
    assert_no_active("ticket.txt", &ticket.plain);
    assert_no_active(
        "summary",
        &anstream::adapter::strip_str(&outputs::summary::text(&report, "out", None)).to_string(),
    );
}

#[test]
fn no_cell_of_a_csv_file_is_a_formula() {
    let report = audit_sample("hostile-text");
    let mut files: Vec<(String, Vec<u8>)> = outputs::ledger::files(&report, Rows::All)
        .expect("ledgers")
        .into_iter()
        .map(|(name, bytes)| (name.to_owned(), bytes))
        .collect();
    let mut archive = zip::ZipArchive::new(Cursor::new(outputs::pack::zip(&report).expect("a pack"))).expect("a zip");
    for at in 0..archive.len() {
        let mut file = archive.by_index(at).expect("an entry");
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).expect("readable");
        let name = file.name().expect("a name").into_owned();
        assert_no_active(&name, std::str::from_utf8(&bytes).expect("UTF-8"));
        if name.ends_with(".csv") {
            files.push((name, bytes));
        }
    }
    for (name, bytes) in files {
        assert_no_active(&name, std::str::from_utf8(&bytes).expect("UTF-8"));
        for row in csv::Reader::from_reader(bytes.as_slice()).records() {
            for cell in &row.expect("a row") {
                assert!(!sanitize::is_formula_like(cell), "{name}: {cell:?}");
            }
        }
    }
}

#[test]
fn markup_stays_text_in_the_page() {
    let report = audit_sample("hostile-text");
    for names in [Names::Shown, Names::Withheld] {
        let page = outputs::html::page(&report, names).expect("a page");
        assert!(page.len() < 2_000_000, "40,000 characters in one cell do not belong on a page");
        let (page, data) = page_and_data(&page);
        // What the script makes text of has no active character either; markup in it is never parsed.
        assert_no_active("the data of report.html", &data.to_string());
        for text in data["rows"].as_array().expect("rows").iter().flat_map(|row| row.as_array().expect("a row")) {
            assert_no_active("the data of report.html", text.as_str().unwrap_or(""));
        }
        assert!(
            !page.contains("<script") && !page.contains("</script") && !page.contains("<img"),
            "markup came through"
        );
        assert_no_active("report.html", &page);
    }
}

#[test]
fn no_data_cell_of_the_workbook_is_a_formula() {
    let report = audit_sample("hostile-text");
    let bytes = outputs::xlsx::workbook(&report, Names::Shown).expect("a workbook");
    let mut workbook: calamine::Xlsx<_> = calamine::open_workbook_from_rs(Cursor::new(bytes)).expect("a workbook");
    for sheet in workbook.sheet_names() {
        let range = workbook.worksheet_range(&sheet).expect("a sheet");
        for cell in range.rows().flatten() {
            let text = cell.to_string();
            assert!(text.chars().count() <= 32_767, "{sheet}: a cell is too long");
            assert_no_active(&sheet, &text);
        }
        for formula in workbook.worksheet_formula(&sheet).expect("readable").rows().flatten() {
            assert!(!formula.contains("cmd") && !formula.contains("SUM(1"), "{sheet}: {formula}");
        }
    }
}

/// The values themselves are kept: `findings.jsonl` gives every one back as it was read.
#[test]
fn the_value_survives_untouched_in_json_lines() {
    let report = audit_sample("hostile-text");
    let lines = String::from_utf8(outputs::findings::lines(&report).expect("lines")).expect("UTF-8");
    for (line, finding) in lines.lines().zip(report.findings()) {
        let value: serde_json::Value = serde_json::from_str(line).expect("JSON");
        assert_eq!(value["found"].as_str(), Some(finding.detail.found.raw()));
        assert_eq!(value["expected"].as_str(), Some(finding.detail.expected.raw()));
    }
}
