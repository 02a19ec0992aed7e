//! Makes the same table in every format and wrapper in which an export arrives.

use std::fmt::Write as _;
use std::io::{Cursor, Write as _};

use rust_xlsxwriter::Workbook;
use zip::write::SimpleFileOptions;

/// Rows of text, the headings first.
pub(crate) type Grid = Vec<Vec<String>>;

/// The rows of comma-separated text.
pub(crate) fn grid(csv: &[u8]) -> Grid {
    let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(csv);
    reader.records().map(|row| row.expect("a row").iter().map(str::to_owned).collect()).collect()
}

/// Rows of comma-separated lines without quotation marks.
pub(crate) fn lines_of(rows: &[&str]) -> Grid {
    rows.iter().map(|row| row.split(',').map(str::to_owned).collect()).collect()
}

pub(crate) fn delimited(grid: &Grid, delimiter: u8) -> Vec<u8> {
    let mut writer = csv::WriterBuilder::new().delimiter(delimiter).flexible(true).from_writer(Vec::new());
    for row in grid {
        writer.write_record(row).expect("memory");
    }
    writer.into_inner().expect("memory")
}

pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).expect("memory");
    encoder.finish().expect("memory")
}

/// A zip archive of these files; a name that ends with `/` is a folder.
pub(crate) fn zip(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut archive = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in files {
        let options = SimpleFileOptions::default();
        match name.strip_suffix('/') {
            Some(folder) => archive.add_directory(folder, options).expect("memory"),
            None => {
                archive.start_file(*name, options).expect("memory");
                archive.write_all(bytes).expect("memory");
            }
        }
    }
    archive.finish().expect("memory").into_inner()
}

/// A workbook with these sheets; all cells are text.
pub(crate) fn xlsx(sheets: &[(&str, &Grid)]) -> Vec<u8> {
    let mut workbook = Workbook::new();
    for (name, grid) in sheets {
        let sheet = workbook.add_worksheet();
        sheet.set_name(*name).expect("a name");
        for (row, cells) in (0_u32..).zip(*grid) {
            for (column, text) in (0_u16..).zip(cells).filter(|(_, text)| !text.is_empty()) {
                sheet.write_string(row, column, text).expect("a small sheet");
            }
        }
    }
    workbook.save_to_buffer().expect("memory")
}

/// A package of which one part is edited as text.
pub(crate) fn edited(package: &[u8], part: &str, edit: impl FnOnce(String) -> String) -> Vec<u8> {
    let mut archive = zip::ZipArchive::new(Cursor::new(package)).expect("a package");
    let mut edit = Some(edit);
    let mut files = Vec::new();
    for index in 0..archive.len() {
        let mut entry = archive.by_index(index).expect("a part");
        let name = entry.name().expect("a name").into_owned();
        let mut bytes = Vec::new();
        std::io::copy(&mut entry, &mut bytes).expect("memory");
        if name == part {
            let edit = edit.take().expect("one part of this name");
            bytes = edit(String::from_utf8(bytes).expect("UTF-8")).into_bytes();
        }
        files.push((name, bytes));
    }
    assert!(edit.is_none(), "{part} is in the package");
    let files: Vec<(&str, &[u8])> = files.iter().map(|(name, bytes)| (name.as_str(), bytes.as_slice())).collect();
    zip(&files)
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

const ODS: &str = "application/vnd.oasis.opendocument.spreadsheet";

/// An OpenDocument spreadsheet; dates are dates, everything else is text.
pub(crate) fn ods(sheets: &[(&str, &Grid)]) -> Vec<u8> {
    let mut content = String::new();
    for (name, grid) in sheets {
        write!(content, "<table:table table:name=\"{}\">", escaped(name)).expect("memory");
        for row in *grid {
            content.push_str("<table:table-row>");
            for cell in row {
                let text = escaped(cell);
                let date: Option<jiff::civil::DateTime> = cell.parse().ok();
                match date.filter(|_| cell.len() == 19) {
                    _ if cell.is_empty() => content.push_str("<table:table-cell/>"),
                    // LibreOffice writes the fraction of a second that the serial number leaves.
                    Some(date) => write!(
                        content,
                        "<table:table-cell office:value-type=\"date\" office:date-value=\"{date}.000000254\"/>"
                    )
                    .expect("memory"),
                    None => write!(
                        content,
                        "<table:table-cell office:value-type=\"string\"><text:p>{text}</text:p></table:table-cell>"
                    )
                    .expect("memory"),
                }
            }
            content.push_str("</table:table-row>");
        }
        content.push_str("</table:table>");
    }
    ods_of(&content, "")
}

/// An OpenDocument spreadsheet with this content, and this within the entry of its manifest.
pub(crate) fn ods_of(tables: &str, of_entry: &str) -> Vec<u8> {
    let content = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?><office:document-content xmlns:office=\"o\" xmlns:table=\"t\" xmlns:text=\"x\">\
         <office:body><office:spreadsheet>{tables}</office:spreadsheet></office:body></office:document-content>"
    );
    let manifest = format!(
        "<?xml version=\"1.0\"?><manifest:manifest xmlns:manifest=\"m\"><manifest:file-entry manifest:full-path=\"content.xml\" \
         manifest:media-type=\"text/xml\">{of_entry}</manifest:file-entry></manifest:manifest>"
    );
    zip(&[
        ("mimetype", ODS.as_bytes()),
        ("content.xml", content.as_bytes()),
        ("META-INF/manifest.xml", manifest.as_bytes()),
    ])
}

/// A compound file with these streams, each of at least 4,096 bytes.
pub(crate) fn ole(streams: &[(&str, Vec<u8>)]) -> Vec<u8> {
    const SECTOR: usize = 512;
    const END: u32 = 0xffff_fffe;
    let u32s = |numbers: &[u32]| numbers.iter().flat_map(|number| number.to_le_bytes()).collect::<Vec<u8>>();
    let sectors = |bytes: usize| bytes.div_ceil(SECTOR);
    let of_streams: usize = streams.iter().map(|(_, bytes)| sectors(bytes.len())).sum();
    // One entry of the table for each sector, those of the table and of the directory too.
    let of_table = (1..).find(|&table| (table + 1 + of_streams) * 4 <= table * SECTOR).expect("a size");
    assert!(of_table <= 109 && streams.len() <= 3, "a small file");
    let number = |number: usize| u32::try_from(number).expect("a small file");
    let mut table: Vec<u32> = vec![0xffff_fffd; of_table];
    table.push(END);
    let mut directory = Vec::new();
    let mut entry = |name: &str, kind: u8, child: u32, sibling: u32, start: u32, length: usize| {
        let mut bytes = vec![0; 128];
        let name: Vec<u8> = name.encode_utf16().chain([0]).flat_map(u16::to_le_bytes).collect();
        bytes[..name.len()].copy_from_slice(&name);
        bytes[64] = u8::try_from(name.len()).expect("a short name");
        (bytes[66], bytes[67]) = (kind, 1);
        bytes[68..80].copy_from_slice(&u32s(&[u32::MAX, sibling, child]));
        bytes[116..124].copy_from_slice(&u32s(&[start, number(length)]));
        directory.extend_from_slice(&bytes);
    };
    entry("Root Entry", 5, 1, u32::MAX, END, 0);
    let mut data = Vec::new();
    for (at, (name, bytes)) in streams.iter().enumerate() {
        assert!(bytes.len() >= 4_096, "a short stream has another place");
        let (start, count) = (table.len(), sectors(bytes.len()));
        let sibling = if at + 1 < streams.len() { number(at + 2) } else { u32::MAX };
        entry(name, 2, u32::MAX, sibling, number(start), bytes.len());
        table.extend((1..count).map(|next| number(start + next)));
        table.push(END);
        data.extend_from_slice(bytes);
        data.resize(data.len().next_multiple_of(SECTOR), 0);
    }
    directory.resize(SECTOR, 0);
    table.resize(of_table * SECTOR / 4, u32::MAX);
    let mut file = vec![0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1];
    file.resize(24, 0);
    for half in [0x3e_u16, 3, 0xfffe, 9, 6] {
        file.extend_from_slice(&half.to_le_bytes());
    }
    file.resize(44, 0);
    file.extend(u32s(&[number(of_table), number(of_table), 0, 4_096, END, 0, END, 0]));
    file.extend(u32s(&(0..109).map(|at| if at < of_table { number(at) } else { u32::MAX }).collect::<Vec<_>>()));
    assert_eq!(file.len(), SECTOR);
    file.extend(u32s(&table));
    file.extend(directory);
    file.extend(data);
    file
}

fn record(kind: u16, body: &[u8]) -> Vec<u8> {
    let length = u16::try_from(body.len()).expect("a short record");
    [&kind.to_le_bytes()[..], &length.to_le_bytes(), body].concat()
}

/// A workbook as Excel 97 to 2003 writes it; whole numbers are numbers, everything else is text.
pub(crate) fn xls(sheets: &[(&str, &Grid)]) -> Vec<u8> {
    let start = |kind: u8| record(0x0809, &[0, 6, kind, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    let wide = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
    let bodies: Vec<Vec<u8>> = sheets
        .iter()
        .map(|(_, grid)| {
            let mut body = start(0x10);
            for (row, cells) in (0_u16..).zip(*grid) {
                for (column, text) in (0_u16..).zip(cells).filter(|(_, text)| !text.is_empty()) {
                    let at = [row.to_le_bytes(), column.to_le_bytes(), [0, 0]].concat();
                    let whole = text.parse::<u32>().ok().filter(|number| number.to_string() == *text);
                    if let Some(number) = whole {
                        body.extend(record(0x0203, &[&at[..], &f64::from(number).to_le_bytes()].concat()));
                    } else {
                        let length = u16::try_from(text.encode_utf16().count()).expect("short").to_le_bytes();
                        body.extend(record(0x0204, &[&at[..], &length, &[1], &wide(text)].concat()));
                    }
                }
            }
            body.extend(record(0x000a, &[]));
            body
        })
        .collect();
    let bound = |place: u32, name: &str| {
        let length = u8::try_from(name.encode_utf16().count()).expect("a short name");
        record(0x0085, &[&place.to_le_bytes()[..], &[0, 0, length, 1], &wide(name)].concat())
    };
    let globals = |places: &[u32]| {
        let sheets: Vec<u8> = places.iter().zip(sheets).flat_map(|(&place, (name, _))| bound(place, name)).collect();
        [start(5), record(0x0042, &1_200_u16.to_le_bytes()), sheets, record(0x000a, &[])].concat()
    };
    let mut place = u32::try_from(globals(&vec![0; sheets.len()]).len()).expect("small");
    let places: Vec<u32> = bodies
        .iter()
        .map(|body| {
            let own = place;
            place += u32::try_from(body.len()).expect("small");
            own
        })
        .collect();
    let mut stream = [globals(&places), bodies.concat()].concat();
    stream.resize(stream.len().max(4_096), 0);
    ole(&[("Workbook", stream)])
}

/// A record of a binary part: of each byte seven bits, the highest says that another follows.
pub(crate) fn binary(kind: usize, body: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for mut number in [kind, body.len()] {
        while number > 0x7f {
            bytes.push(u8::try_from(number & 0x7f).expect("seven bits") | 0x80);
            number >>= 7;
        }
        bytes.push(u8::try_from(number).expect("seven bits"));
    }
    bytes.extend_from_slice(body);
    bytes
}

/// Text as a binary part holds it.
pub(crate) fn binary_text(text: &str) -> Vec<u8> {
    let length = u32::try_from(text.encode_utf16().count()).expect("short").to_le_bytes();
    length.into_iter().chain(text.encode_utf16().flat_map(u16::to_le_bytes)).collect()
}

/// A binary workbook whose only sheet has these records between its start and its end.
pub(crate) fn xlsb_of(name: &str, cells: &[u8]) -> Vec<u8> {
    let relation = "<?xml version=\"1.0\"?><Relationships><Relationship Id=\"rId1\" Target=\"worksheets/sheet1.bin\"/></Relationships>";
    let bundle = [&[0; 4][..], &[1, 0, 0, 0], &binary_text("rId1"), &binary_text(name)].concat();
    let book = [
        binary(0x83, &[]),
        binary(0x99, &[0; 12]),
        binary(0x8f, &[]),
        binary(0x9c, &bundle),
        binary(0x90, &[]),
        binary(0x9d, &[0; 26]),
        binary(0x84, &[]),
    ]
    .concat();
    let sheet = [
        binary(0x81, &[]),
        binary(0x94, &[0; 16]),
        binary(0x91, &[]),
        cells.to_vec(),
        binary(0x92, &[]),
        binary(0x82, &[]),
    ]
    .concat();
    zip(&[
        ("[Content_Types].xml", b"<Types/>"),
        ("xl/workbook.bin", &book),
        ("xl/_rels/workbook.bin.rels", relation.as_bytes()),
        ("xl/worksheets/sheet1.bin", &sheet),
    ])
}

/// A row of a binary sheet begins.
pub(crate) fn binary_row(row: u32) -> Vec<u8> {
    binary(0, &[&row.to_le_bytes()[..], &[0; 21]].concat())
}

/// A binary workbook of text.
pub(crate) fn xlsb(name: &str, grid: &Grid) -> Vec<u8> {
    let mut cells = Vec::new();
    for (row, texts) in (0_u32..).zip(grid) {
        cells.extend(binary_row(row));
        for (column, text) in (0_u32..).zip(texts).filter(|(_, text)| !text.is_empty()) {
            cells.extend(binary(6, &[&column.to_le_bytes()[..], &[0; 4], &binary_text(text)].concat()));
        }
    }
    xlsb_of(name, &cells)
}
