//! A table read in blocks is the table read as a whole: the same rows on the same lines, and the same
//! error, wherever a block ends and on however many threads.

use std::path::Path;

use proptest::prelude::*;
use rust_xlsxwriter::Workbook;
use tieout::error::Error;
use tieout::inputs::table::{Row, Table};
use tieout::progress::Progress;

use crate::wrap::{Grid, gzip, xlsx, zip};

/// A row: its line, counted from 1, and its cells.
type Cells = (u64, Vec<Vec<u8>>);

fn cells(row: Row<'_>) -> Cells {
    (row.line, (0..row.len()).map(|column| row.get(column).to_vec()).collect())
}

/// Stands behind the text, so that a quotation mark without its fellow shows.
const END: &str = "end";

/// What one reader says of a text: the rows beneath the heading, and the line of a row that is never closed.
fn whole(text: &[u8]) -> (Vec<Cells>, Option<u64>) {
    let with_end = [text, b"\n", END.as_bytes()].concat();
    let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(with_end.as_slice());
    let mut rows: Vec<Cells> = reader
        .byte_records()
        .map(|record| {
            let record = record.expect("text in memory");
            let position = usize::try_from(record.position().expect("a position").byte()).expect("small");
            let blank = with_end[position..].iter().take_while(|c| b"\r\n".contains(c)).count();
            let line = 1 + line_ends(&with_end[..position + blank]);
            (line, record.iter().map(<[u8]>::to_vec).collect())
        })
        .collect();
    let (line, last) = rows.pop().expect("at least the end");
    let open = (last != [END.as_bytes()]).then_some(line);
    (rows.split_off(1), open)
}

/// LF, CR LF and CR each end a line.
fn line_ends(text: &[u8]) -> u64 {
    let mut rest = text;
    let mut count = 0;
    loop {
        rest = match rest {
            [] => return count,
            [b'\r', b'\n', rest @ ..] | [b'\r' | b'\n', rest @ ..] => {
                count += 1;
                rest
            }
            [_, rest @ ..] => rest,
        };
    }
}

#[derive(Debug, Clone, Copy)]
enum Encoding {
    Utf8,
    /// With so many byte-order marks.
    Marked(usize),
    Damaged,
    Utf16Le,
    Utf16Be,
    Windows1252,
}

/// The bytes of a file, and its text as it must be read.
fn encoded(text: &str, encoding: Encoding) -> (Vec<u8>, Vec<u8>) {
    let utf16 =
        |bytes: fn(u16) -> [u8; 2]| "\u{feff}".encode_utf16().chain(text.encode_utf16()).flat_map(bytes).collect();
    let same = text.as_bytes().to_vec();
    match encoding {
        Encoding::Utf8 => (same.clone(), same),
        Encoding::Marked(marks) => ([&"\u{feff}".repeat(marks).into_bytes(), text.as_bytes()].concat(), same),
        Encoding::Damaged => {
            // One broken byte among several characters of more than one.
            let bytes = [text.as_bytes(), "\n\u{e4}\u{e4}\u{e4},".as_bytes(), b"\xff"].concat();
            (bytes.clone(), bytes)
        }
        Encoding::Utf16Le => (utf16(u16::to_le_bytes), same),
        Encoding::Utf16Be => (utf16(u16::to_be_bytes), same),
        Encoding::Windows1252 => {
            let text = text.replace('\u{feff}', "\u{e4}");
            let bytes = text.chars().map(|c| u8::try_from(u32::from(c)).expect("Western European")).collect();
            (bytes, text.into_bytes())
        }
    }
}

fn texts() -> impl Strategy<Value = String> {
    let heading = prop_oneof![
        4 => Just("A,B,C"),
        1 => Just("A,\"B\nb\",C"),
        1 => Just("\"A\r\na,\"\"\",B"),
        1 => Just("A 5\",B,C"),
        1 => Just("\n\r\nA,B"),
    ];
    let part = prop_oneof![
        6 => Just("x"),
        4 => Just(","),
        3 => Just("\n"),
        2 => Just("\r\n"),
        1 => Just("\r"),
        3 => Just("\""),
        1 => Just("\"\""),
        2 => Just("\"x\ny\""),
        1 => Just(",\"\r\n\","),
        1 => Just("5\" x"),
        1 => Just("\u{e4}"),
        1 => Just("\u{feff}"),
        1 => Just("f"),
    ];
    (heading, prop_oneof![Just("\n"), Just("\r\n"), Just("\r")], prop::collection::vec(part, 0..40))
        .prop_map(|(heading, end, parts)| format!("{heading}{end}{}", parts.concat()))
}

fn encodings() -> impl Strategy<Value = Encoding> {
    prop_oneof![
        Just(Encoding::Utf8),
        (1..3usize).prop_map(Encoding::Marked),
        Just(Encoding::Damaged),
        Just(Encoding::Utf16Le),
        Just(Encoding::Utf16Be),
        Just(Encoding::Windows1252),
    ]
}

fn open(path: &Path, bytes: &[u8]) -> Table {
    std::fs::write(path, bytes).expect("a writable file");
    table(path)
}

/// The headings of these tables are the first line.
fn table(path: &Path) -> Table {
    Table::open(path, &Progress::hidden(), &|_| false).expect("a table")
}

fn on<T: Send>(threads: usize, work: impl FnOnce() -> T + Send) -> T {
    rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads").install(work)
}

/// A row that the reading ends at: one with this cell.
fn refused(row: &Cells) -> bool {
    row.1.iter().any(|cell| cell == b"f")
}

fn refuse(line: u64) -> Error {
    Error::Usage(format!("refused on line {line}"))
}

/// The rows block by block, and how the reading ended.
fn by_blocks(table: &Table) -> (Vec<Vec<Cells>>, Result<u64, String>) {
    let mut batches = Vec::new();
    let read = table.blocks(
        &Progress::hidden(),
        |rows| {
            let mut batch = Vec::new();
            while let Some(row) = rows.next()? {
                let row = cells(row);
                if refused(&row) {
                    return Err(refuse(row.0));
                }
                batch.push(row);
            }
            Ok(batch)
        },
        |batch| {
            batches.push(batch);
            Ok(())
        },
    );
    (batches, read.map_err(|error| error.to_string()))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn blocks_are_the_whole(text in texts(), encoding in encodings()) {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("table.csv");
        let (bytes, text) = encoded(&text, encoding);
        let (rows, cut_off) = whole(&text);
        let first_refused = rows.iter().position(refused);
        let wanted = &rows[..first_refused.unwrap_or(rows.len())];
        let ending = match (first_refused, cut_off) {
            (Some(at), _) => Err(format!("refused on line {}", rows[at].0)),
            (None, Some(line)) => Err(format!("the row on line {line} is never closed")),
            (None, None) => Ok(rows.len() as u64),
        };
        let ends_so = |read: &Result<u64, String>| match (read, &ending) {
            (Ok(count), Ok(wanted)) => count == wanted,
            (Err(error), Err(wanted)) => error.contains(wanted),
            _ => false,
        };
        let mut table = open(&path, &bytes);
        let pools: Vec<rayon::ThreadPool> = (1..=4)
            .map(|threads| rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads"))
            .collect();
        for size in 1..=text.len() + 2 {
            table = table.with_blocks_of(size);
            let mut found = Vec::new();
            let read = table.rows(&Progress::hidden(), |row| {
                let row = cells(row);
                if refused(&row) {
                    return Err(refuse(row.0));
                }
                found.push(row);
                Ok(())
            });
            prop_assert!(ends_so(&read.map_err(|error| error.to_string())), "blocks of {size}");
            prop_assert_eq!(&found[..], wanted, "blocks of {}", size);

            let one = pools[0].install(|| by_blocks(&table));
            prop_assert!(ends_so(&one.1), "blocks of {size}: {:?} instead of {:?}", one.1, ending);
            let found = one.0.concat();
            prop_assert_eq!(&found[..], &wanted[..found.len()], "blocks of {}", size);
            prop_assert!(ending.is_err() || found.len() == wanted.len(), "blocks of {}", size);
            for pool in &pools[1..] {
                prop_assert_eq!(&pool.install(|| by_blocks(&table)), &one, "blocks of {}", size);
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    /// Within gzip or zip, and in several parts, the rows are those of the plain text, once for each part.
    #[test]
    fn wrapped_blocks_are_the_whole(text in texts(), encoding in encodings(), entries in 0..3usize) {
        let folder = tempfile::tempdir().expect("a folder");
        let (bytes, _) = encoded(&text, encoding);
        let (plain, read) = by_blocks(&open(&folder.path().join("plain.csv"), &bytes));
        let plain = plain.concat();
        let names = ["a.csv", "b.csv"];
        let files: Vec<(&str, &[u8])> = names[..entries].iter().map(|name| (*name, bytes.as_slice())).collect();
        let wrapped = if entries == 0 { gzip(&bytes) } else { zip(&files) };
        let mut table = open(&folder.path().join("table.csv"), &wrapped);
        prop_assert_eq!(table.parts().len(), entries.max(1));
        for size in [1, 2, 3, 7, 19, text.len() + 2] {
            table = table.with_blocks_of(size);
            for threads in [1, 3] {
                let (found, ending) = on(threads, || by_blocks(&table));
                let found = found.concat();
                match &read {
                    Ok(count) => {
                        prop_assert_eq!(ending, Ok(count * entries.max(1) as u64));
                        prop_assert_eq!(&found, &vec![plain.clone(); entries.max(1)].concat());
                    }
                    Err(_) => {
                        prop_assert!(ending.is_err());
                        prop_assert!(plain.starts_with(&found) || found.starts_with(&plain));
                    }
                }
            }
        }
    }
}

/// What `take` says of a block comes before what `parse` says of the next, and behind what it says of the same.
#[test]
fn the_first_error_in_the_file_wins() {
    let folder = tempfile::tempdir().expect("a folder");
    let text = format!("A,B\n{}", "1,2\n".repeat(100));
    let table = open(&folder.path().join("table.csv"), text.as_bytes()).with_blocks_of(4);
    for threads in 1..=4 {
        for (parsed, taken, wanted) in [(50, 49, "take 49"), (50, 50, "parse 50"), (50, 51, "parse 50")] {
            let read = on(threads, || {
                table.blocks(
                    &Progress::hidden(),
                    |rows| {
                        let mut line = 0;
                        while let Some(row) = rows.next()? {
                            line = row.line;
                        }
                        if line >= parsed { Err(Error::Usage(format!("parse {line}"))) } else { Ok(line) }
                    },
                    |line| if line >= taken { Err(Error::Usage(format!("take {line}"))) } else { Ok(()) },
                )
            });
            assert_eq!(read.expect_err("an error").to_string(), wanted, "{threads} threads");
        }
    }
}

/// Nobody has to read a block to its end.
#[test]
fn rows_that_are_not_asked_for_count() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("table.csv");
    let text = format!("A,B\n{}", "1,\"2\n3\"\n".repeat(50));
    let table = open(&path, text.as_bytes()).with_blocks_of(30);
    assert_eq!(table.blocks(&Progress::hidden(), |_| Ok(()), Ok).expect("the rows"), 50);
    let cut_off = open(&path, format!("{text}\"").as_bytes()).with_blocks_of(30);
    let error = cut_off.blocks(&Progress::hidden(), |_| Ok(()), Ok).expect_err("a quotation mark too many");
    assert!(error.to_string().contains("line 102 is never closed"), "{error}");
}

#[test]
fn a_heading_that_is_never_closed_is_none() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("table.csv");
    std::fs::write(&path, "A,\"B\n1,2\n3,4\n").expect("a writable file");
    let error = Table::open(&path, &Progress::hidden(), &|_| false).expect_err("no table");
    assert!(error.to_string().contains("has no line of headings"), "{error}");
}

/// The sheets of a workbook come in their order, wherever a block ends.
#[test]
fn sheets_in_blocks_are_the_whole_workbook() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("table.xlsx");
    let rows = |of: std::ops::Range<u32>| -> Grid {
        let rows = of.map(|row| vec![row.to_string(), format!("row {row}")]);
        std::iter::once(vec!["A".to_owned(), "B".to_owned()]).chain(rows).collect()
    };
    let (first, second, third) = (rows(0..70), rows(70..70), rows(70..100));
    std::fs::write(&path, xlsx(&[("1", &first), ("2", &second), ("3", &third)])).expect("a writable file");
    let mut table = table(&path);
    assert_eq!(table.parts().len(), 3);
    let wanted: Vec<Vec<u8>> = (0..100).map(|row| format!("row {row}").into_bytes()).collect();
    for size in [1, 20, 1_000, 1_000_000] {
        table = table.with_blocks_of(size);
        for threads in [1, 3] {
            let (batches, read) = on(threads, || by_blocks(&table));
            assert_eq!(read, Ok(100));
            let names: Vec<Vec<u8>> = batches.concat().into_iter().map(|(_, mut cells)| cells.remove(1)).collect();
            assert_eq!(names, wanted, "blocks of {size}");
        }
    }
}

/// Rows of a sheet have its row numbers, and blank cells where it has none.
#[test]
fn a_sheet_in_blocks_is_the_whole_sheet() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("table.xlsx");
    let mut workbook = Workbook::new();
    let sheet = workbook.add_worksheet();
    for (column, heading) in (0..3).zip(["A", "B", "C"]) {
        sheet.write(1, column, heading).expect("a cell");
    }
    let mut wanted = Vec::new();
    for row in (3..300).filter(|row| row % 7 != 0) {
        sheet.write(row, 1, format!("row {row}")).expect("a cell");
        wanted.push((u64::from(row) + 1, vec![Vec::new(), format!("row {row}").into_bytes(), Vec::new()]));
    }
    workbook.save(&path).expect("a workbook");
    let mut table = table(&path);
    assert_eq!(table.headings, ["A", "B", "C"]);
    for size in [1, 20, 1_000, 1_000_000] {
        table = table.with_blocks_of(size);
        for threads in [1, 3] {
            let (batches, read) = on(threads, || by_blocks(&table));
            assert_eq!(read, Ok(wanted.len() as u64));
            assert_eq!(batches.concat(), wanted, "blocks of {size}");
        }
        let mut found = Vec::new();
        let read = table.rows(&Progress::hidden(), |row| {
            found.push(cells(row));
            Ok(())
        });
        assert_eq!((read.expect("the rows"), &found), (wanted.len() as u64, &wanted));
    }
}
