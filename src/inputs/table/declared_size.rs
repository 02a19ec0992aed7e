//! Checks a workbook's declared sizes before the library trusts them: it allocates memory for declared numbers at once,
//! and a failed allocation aborts the process.
//!
//! Must not know: what the cells mean.

use std::io::{BufRead, BufReader, Read};

use memchr::{memchr, memmem};
use zip::ZipArchive;

use super::cell_texts::{CellTexts, MAX_RATIO, absurd, is_bomb};
use super::fault::{GET_AGAIN, TableFault, UNPACK};
use super::package::{Bytes, Package, broken_archive, unreadable_entry};
use super::shared::SharedTexts;
use crate::model::text::MAX_CELL;

/// Maximum rows and columns of a sheet in spreadsheet programs.
pub(super) const MAX_ROWS: u64 = 1 << 20;
pub(super) const MAX_COLUMNS: u64 = 1 << 14;
/// Maximum blank cells per stored cell of a sheet loaded whole, beyond [`FREE_CELLS`].
const BLANK_CELLS: u64 = 64;
/// The bounding box of a sheet loaded whole may always span this many cells.
const FREE_CELLS: u64 = 1 << 24;

/// Parts that describe the workbook are held in memory, at many times their size. Excel allows some 65,000 formats,
/// which take half of this.
const MAX_DESCRIPTION: u64 = 24 << 20;
/// The texts of a workbook are held in memory.
const MAX_TEXTS: u64 = 512 << 20;
/// Twenty times the maximum rows of a sheet.
const MAX_TEXT_COUNT: u64 = 20 * MAX_ROWS;
/// Maximum size of a sheet loaded whole.
const MAX_LOADED: u64 = 512 << 20;

/// Refuses texts longer than any cell: a million cells may share one text.
pub(super) fn cell(row: u32, column: u32, text: &str) -> Result<(), TableFault> {
    if text.len() <= MAX_CELL {
        return Ok(());
    }
    let (row, column) = (u64::from(row) + 1, u64::from(column) + 1);
    Err(absurd(format!("has a cell in row {row}, column {column} with more than {MAX_CELL} bytes of text")))
}

/// Refuses a compressed text that is a decompression bomb: a small file whose rows need gigabytes of memory.
pub(super) fn unpacked(bytes: u64, packed: u64) -> Result<(), TableFault> {
    if !is_bomb(bytes, packed) {
        return Ok(());
    }
    let what = format!("unpacks to {} MiB, more than {MAX_RATIO} times its size, as no export does", bytes >> 20);
    Err(TableFault::new(what, UNPACK))
}

/// The fault of a cell outside every possible sheet.
pub(super) fn outside(row: u64, column: u64) -> TableFault {
    absurd(format!(
        "has a cell in row {}, column {}; no sheet has more than {MAX_ROWS} rows and {MAX_COLUMNS} columns",
        row.saturating_add(1),
        column.saturating_add(1)
    ))
}

/// Checks the parts of a workbook.
pub(super) fn check(archive: &mut ZipArchive<Bytes>, package: Package) -> Result<(), TableFault> {
    for index in 0..archive.len() {
        let part = archive.by_index_raw(index).map_err(broken_archive)?;
        let (size, packed) = (part.size(), part.compressed_size());
        let name = part.name().map_err(broken_archive)?.replace('\\', "/").to_ascii_lowercase();
        drop(part);
        let last = name.rsplit('/').next().unwrap_or_default();
        if is_bomb(size, packed) {
            return Err(absurd(format!(
                "has a part ({name}) that unpacks to {} MiB, more than {MAX_RATIO} times its size, as no export does",
                size >> 20
            )));
        }
        let is_texts = matches!(last, "sharedstrings.xml" | "sharedstrings.bin");
        let is_description = last.ends_with(".rels")
            || ["workbook.", "styles.", "theme", "[content_types]", "manifest."]
                .iter()
                .any(|start| last.starts_with(start));
        let most = match package {
            _ if is_description => MAX_DESCRIPTION,
            _ if is_texts => MAX_TEXTS,
            Package::Xlsb | Package::Ods => MAX_LOADED,
            _ => continue,
        };
        if size > most {
            return Err(absurd(format!(
                "has a part ({name}) of {} MiB; at most {} MiB of it are read",
                size >> 20,
                most >> 20
            )));
        }
        let unpacked = archive.by_index(index).map_err(unreadable_entry);
        if last == "sharedstrings.xml" {
            check_texts(&mut unpacked?)?;
        } else if package == Package::Ods && last == "content.xml" {
            Spreadsheet::new(size).check(&mut BufReader::with_capacity(1 << 16, unpacked?))?;
        }
    }
    Ok(())
}

/// Checks the number of texts, both actual and declared.
fn check_texts(part: &mut impl Read) -> Result<(), TableFault> {
    /// Longer than the search terms, with their number.
    const OVERLAP: usize = 64;
    let (item, claim) = (memmem::Finder::new(b"si"), memmem::Finder::new(b"uniqueCount"));
    let mut window = vec![0; 1 << 18];
    let (mut kept, mut count) = (0, 0_u64);
    loop {
        let length = part.read(&mut window[kept..])?;
        let end = kept + length;
        let text = &window[..end];
        // Bytes kept for the next window are not counted yet.
        let last = if length == 0 { end } else { end.saturating_sub(OVERLAP) };
        count += item.find_iter(text).filter(|&at| at < last && at > 0 && matches!(text[at - 1], b'<' | b':')).count()
            as u64;
        let claimed = claim.find_iter(text).filter(|&at| at < last).map(|at| number_behind(&text[at + 11..]));
        if let Some(claimed) = claimed.max().filter(|&claimed| claimed > MAX_TEXT_COUNT) {
            return Err(absurd(format!("says that it has {claimed} texts; at most {MAX_TEXT_COUNT} are read")));
        }
        if count > MAX_TEXT_COUNT {
            return Err(absurd(format!("has more than {MAX_TEXT_COUNT} texts")));
        }
        if length == 0 {
            return Ok(());
        }
        // One byte more, for the character before a name.
        let from = last.saturating_sub(1);
        window.copy_within(from..end, 0);
        kept = end - from;
    }
}

/// The number after an attribute's name, `="12"`. Any other value, or too many digits for a number, yields the maximum;
/// without a value it is no attribute.
fn number_behind(text: &[u8]) -> u64 {
    let text = text.trim_ascii_start();
    let Some(value) = text.strip_prefix(b"=") else { return if text.is_empty() { u64::MAX } else { 0 } };
    let value = value.trim_ascii_start();
    let (Some((&quote, value)), true) = (value.split_first(), value.len() > 1) else { return u64::MAX };
    let length = value.iter().take_while(|c| c.is_ascii_digit()).count();
    if length == 0 || value.get(length) != Some(&quote) {
        return u64::MAX;
    }
    value[..length].iter().fold(0, |number: u64, c| number.saturating_mul(10).saturating_add(u64::from(c - b'0')))
}

/// Memory needed by an OpenDocument spreadsheet, in which every repeated cell and row is held once per repetition.
#[derive(Default)]
struct Spreadsheet {
    max: u64,
    /// Bytes of cells, as declared.
    stated: u64,
    /// Of the current row: cells with content, blank ones before the next of these, and bytes.
    row: (u64, u64, u64),
    repeats: u64,
    /// The current cell: its repetitions, and the bytes of its text.
    cell: Option<(u64, u64)>,
    /// Rows up to the last one with content; blank ones after it; the most cells of a row.
    rows: u64,
    blank_rows: u64,
    width: u64,
}

/// Bytes of a cell without its text.
const CELL: u64 = 64;

impl Spreadsheet {
    fn new(size: u64) -> Self {
        Self { max: size.saturating_mul(4).saturating_add(256 << 20), repeats: 1, ..Self::default() }
    }

    fn check(mut self, text: &mut impl BufRead) -> Result<(), TableFault> {
        let mut tag = Vec::new();
        loop {
            tag.clear();
            // To the end of a tag, including the text before it.
            let mut read = 0;
            loop {
                let ahead = text.fill_buf()?;
                let end = memchr(b'>', ahead);
                let part = &ahead[..end.map_or(ahead.len(), |end| end + 1)];
                // The start of the tag is in the last bytes; of a longer text only the length matters.
                if tag.len() < 1 << 16 {
                    tag.extend_from_slice(part);
                } else {
                    let keep = part.len().min(1 << 12);
                    tag.extend_from_slice(&part[part.len() - keep..]);
                    tag.drain(..keep);
                }
                read += part.len() as u64;
                let (length, is_end) = (part.len(), end.is_some());
                text.consume(length);
                if is_end || length == 0 {
                    break;
                }
            }
            if read == 0 {
                return self.bounded();
            }
            self.add(&tag, read)?;
        }
    }

    fn add(&mut self, tag: &[u8], read: u64) -> Result<(), TableFault> {
        let has = |name: &[u8]| memmem::find(tag, name).is_some();
        let times = |name: &[u8]| memmem::rfind(tag, name).map(|at| number_behind(&tag[at + name.len()..]).max(1));
        let columns = times(b"number-columns-repeated").map(|times| times.min(MAX_COLUMNS));
        if let Some((_, bytes)) = &mut self.cell {
            *bytes += read;
        }
        let closes = has(b"</table:table-cell") || has(b"</table:covered-table-cell");
        if has(b"<table:table-row") && !has(b"<table:table-rows") {
            self.repeats = times(b"number-rows-repeated").unwrap_or(1).min(MAX_ROWS);
            self.row = (0, 0, 0);
        } else if has(b"<table:table-cell")
            || has(b"<table:covered-table-cell")
            || (!closes && columns.is_some() && !has(b"<table:table-column"))
        {
            let columns = columns.unwrap_or(1);
            let is_blank =
                tag.ends_with(b"/>") && !has(b"-value") && !has(b"value-type") && !has(b":value") && !has(b"formula");
            if is_blank {
                self.row.1 += columns;
            } else if tag.ends_with(b"/>") {
                self.fill(columns, read);
            } else {
                self.cell = Some((columns, read));
            }
        } else if closes {
            if let Some((columns, bytes)) = self.cell.take() {
                self.fill(columns, bytes);
            }
        } else if has(b"</table:table-row") && !has(b"</table:table-rows") {
            let (cells, _, bytes) = self.row;
            if cells == 0 {
                self.blank_rows = self.blank_rows.saturating_add(self.repeats);
            } else {
                self.rows = self.rows.saturating_add(self.blank_rows).saturating_add(self.repeats);
                self.blank_rows = 0;
                self.width = self.width.max(cells);
                self.stated = self.stated.saturating_add(bytes.saturating_mul(self.repeats));
            }
        } else if has(b"</table:table>") {
            self.bounded()?;
            (self.rows, self.blank_rows, self.width) = (0, 0, 0);
        }
        if self.stated.saturating_add(self.row.2) > self.max {
            return Err(Self::too_large());
        }
        Ok(())
    }

    /// Adds a cell with content and the blank ones before it.
    fn fill(&mut self, columns: u64, bytes: u64) {
        let (cells, blank, taken) = &mut self.row;
        *taken = taken.saturating_add(blank.saturating_mul(CELL)).saturating_add(columns.saturating_mul(CELL + bytes));
        *cells = cells.saturating_add(*blank).saturating_add(columns);
        *blank = 0;
    }

    fn bounded(&self) -> Result<(), TableFault> {
        let grid = self.rows.saturating_mul(self.width).saturating_mul(CELL);
        if self.stated.max(grid) > self.max.max(FREE_CELLS * CELL) { Err(Self::too_large()) } else { Ok(()) }
    }

    fn too_large() -> TableFault {
        absurd("says that rows or columns are repeated so often that the sheet does not fit into memory".to_owned())
    }
}

/// The bounding box of a sheet loaded whole: every cell within it takes memory.
#[derive(Debug, Default)]
pub(super) struct Corners {
    cells: u64,
    rows: Option<(u64, u64)>,
    columns: Option<(u64, u64)>,
}

impl Corners {
    pub(super) fn add(&mut self, row: u64, column: u64) -> Result<(), TableFault> {
        if row >= MAX_ROWS || column >= MAX_COLUMNS {
            return Err(outside(row, column));
        }
        let widen =
            |range: Option<(u64, u64)>, at: u64| Some(range.map_or((at, at), |(from, to)| (from.min(at), to.max(at))));
        (self.rows, self.columns) = (widen(self.rows, row), widen(self.columns, column));
        self.cells += 1;
        Ok(())
    }

    pub(super) fn check(&self) -> Result<u64, TableFault> {
        let length = |range: Option<(u64, u64)>| range.map_or(0, |(from, to)| to - from + 1);
        let (rows, columns) = (length(self.rows), length(self.columns));
        let span = rows * columns;
        if span > FREE_CELLS && span > self.cells * BLANK_CELLS {
            return Err(absurd(format!(
                "has a sheet whose {} cells are spread over {rows} rows and {columns} columns",
                self.cells
            )));
        }
        Ok(span)
    }
}

/// Checks the allocation tables of a compound file, and the cells of the workbook in it (MS-CFB, MS-XLS).
pub(super) fn check_ole(file: &[u8], packed: u64) -> Result<(), TableFault> {
    let broken = || TableFault::new("is damaged or cut off", GET_AGAIN);
    let compound = Compound::new(file).ok_or_else(broken)?;
    if let Some(stream) = compound.stream("Workbook").or_else(|| compound.stream("Book")) {
        check_biff(&stream, packed)?;
    }
    Ok(())
}

/// A compound file whose sector chains have no cycle.
struct Compound<'a> {
    file: &'a [u8],
    sector: usize,
    next: Vec<u32>,
    directory: Vec<u8>,
    mini_next: Vec<u32>,
}

/// Numbers from here on are not sectors.
const NO_SECTOR: u32 = 0xffff_fffa;

impl<'a> Compound<'a> {
    fn new(file: &'a [u8]) -> Option<Self> {
        let shift = u16::from_le_bytes(*file.get(30..)?.first_chunk()?);
        let sector = matches!(shift, 9 | 12).then(|| 1_usize << shift)?;
        let sectors = file.len() / sector;
        let mut compound = Self { file, sector, next: Vec::new(), directory: Vec::new(), mini_next: Vec::new() };
        let mut table: Vec<u32> = numbers(file.get(76..512)?).collect();
        let mut further = word(file, 68)?;
        for _ in 0..=sectors / 100 {
            if further >= NO_SECTOR {
                break;
            }
            table.extend(numbers(compound.at(further)?));
            further = table.pop()?;
        }
        if further < NO_SECTOR {
            return None;
        }
        table.retain(|&id| id < NO_SECTOR);
        if table.len() > sectors {
            return None;
        }
        for id in table {
            let part: Vec<u32> = numbers(compound.at(id)?).collect();
            compound.next.extend(part);
        }
        is_without_circle(&compound.next).then_some(())?;
        compound.directory = compound.chain(word(file, 48)?);
        let of_mini = compound.chain(word(file, 60)?);
        compound.mini_next = numbers(&of_mini).collect();
        is_without_circle(&compound.mini_next).then_some(compound)
    }

    /// The bytes of a sector, which the end of the file may truncate.
    fn at(&self, id: u32) -> Option<&'a [u8]> {
        let start = (id as usize).checked_add(1)?.checked_mul(self.sector)?;
        let end = (start + self.sector).min(self.file.len());
        self.file.get(start..end)
    }

    fn chain(&self, mut id: u32) -> Vec<u8> {
        let mut bytes = Vec::new();
        while id < NO_SECTOR
            && let Some(sector) = self.at(id)
        {
            bytes.extend_from_slice(sector);
            id = self.next.get(id as usize).copied().unwrap_or(NO_SECTOR);
        }
        bytes
    }

    /// A stream of the directory.
    fn stream(&self, name: &str) -> Option<Vec<u8>> {
        let name: Vec<u8> = name.encode_utf16().chain([0]).flat_map(u16::to_le_bytes).collect();
        let entry = self.directory.chunks_exact(128).find(|entry| entry.starts_with(&name))?;
        let (start, size) = (word(entry, 116)?, word(entry, 120)? as usize);
        let mut bytes = if size >= 4096 {
            self.chain(start)
        } else {
            let root = self.directory.get(..128)?;
            let mini = self.chain(word(root, 116)?);
            let mut bytes = Vec::new();
            let mut id = start;
            while let Some(part) = mini.chunks(64).nth(id as usize).filter(|_| id < NO_SECTOR) {
                bytes.extend_from_slice(part);
                id = self.mini_next.get(id as usize).copied().unwrap_or(NO_SECTOR);
            }
            bytes
        };
        bytes.truncate(size);
        Some(bytes)
    }
}

fn word(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(*bytes.get(at..)?.first_chunk()?))
}

fn numbers(bytes: &[u8]) -> impl Iterator<Item = u32> {
    bytes.as_chunks::<4>().0.iter().map(|number| u32::from_le_bytes(*number))
}

/// Whether every sector chain ends.
fn is_without_circle(next: &[u32]) -> bool {
    // By sector: the first chain that contains it.
    let mut met = vec![0_u32; next.len()];
    for (chain, start) in (1..).zip(0..next.len()) {
        let mut at = start;
        while let Some(seen) = met.get_mut(at) {
            if *seen == chain {
                return false;
            }
            if *seen != 0 {
                break;
            }
            *seen = chain;
            at = next[at] as usize;
        }
    }
    true
}

/// Records of a workbook's stream.
fn records(mut stream: &[u8]) -> impl Iterator<Item = (u16, &[u8])> {
    std::iter::from_fn(move || {
        let (head, rest) = stream.split_first_chunk::<4>()?;
        let (body, rest) = rest.split_at_checked(usize::from(u16::from_le_bytes([head[2], head[3]])))?;
        stream = rest;
        Some((u16::from_le_bytes([head[0], head[1]]), body))
    })
}

/// Checks the actual and declared positions of each sheet's cells.
fn check_biff(stream: &[u8], packed: u64) -> Result<(), TableFault> {
    const DIMENSIONS: u16 = 0x0200;
    const SHEET: u16 = 0x0085;
    const END: u16 = 0x000a;
    const SHARED_TEXT: u16 = 0x00fd;
    /// Number, label, boolean or error, short number, shared text, rich text, formula, several short numbers.
    const CELLS: [u16; 8] = [0x0203, 0x0204, 0x0205, 0x027e, 0x00fd, 0x00d6, 0x0006, 0x00bd];
    let short =
        |body: &[u8], at: usize| body.get(at..at + 2).map(|two| u64::from(u16::from_le_bytes([two[0], two[1]])));
    let starts = records(stream).take_while(|(kind, _)| *kind != END).filter(|(kind, _)| *kind == SHEET);
    let starts: Vec<usize> = starts.filter_map(|(_, body)| Some(word(body, 0)? as usize)).collect();
    let (mut walked, mut span) = (0_usize, 0_u64);
    let (shared, mut texts) = (SharedTexts::of_xls(records(stream)), CellTexts::new(packed));
    for start in starts {
        let Some(sheet) = stream.get(start..) else { continue };
        let mut corners = Corners::default();
        let mut depth = 0_u32;
        for (kind, body) in records(sheet) {
            walked = walked.saturating_add(body.len() + 4);
            match kind {
                0x0809 => depth += 1,
                END => {
                    depth = depth.saturating_sub(1);
                    if depth == 0 {
                        break;
                    }
                }
                DIMENSIONS => {
                    let rows = match body.len() {
                        10 => short(body, 0).zip(short(body, 2)),
                        _ => word(body, 0).zip(word(body, 4)).map(|(from, to)| (from.into(), to.into())),
                    };
                    let (from, to) = rows.unwrap_or((0, 0));
                    let columns = short(body, if body.len() == 10 { 6 } else { 10 }).unwrap_or(0);
                    if (to > 0 && from > to) || to.saturating_sub(from).saturating_mul(columns) > 2 * FREE_CELLS {
                        let what = format!("says that a sheet has the rows {from} to {to} and {columns} columns");
                        return Err(absurd(what));
                    }
                }
                kind if CELLS.contains(&kind) => {
                    let (Some(row), Some(column)) = (short(body, 0), short(body, 2)) else { continue };
                    if column > 255 {
                        return Err(outside(row, column));
                    }
                    corners.add(row, column)?;
                    if kind == SHARED_TEXT {
                        shared.add(body.get(6..), &mut texts)?;
                    }
                    if kind == 0x00bd {
                        let last = body.len().checked_sub(2).and_then(|at| short(body, at)).unwrap_or(column);
                        if last > 255 {
                            return Err(outside(row, last));
                        }
                        corners.add(row, last.max(column))?;
                    }
                }
                _ => {}
            }
        }
        span = span.saturating_add(corners.check()?);
        if span > 4 * FREE_CELLS || walked > stream.len().saturating_mul(16) {
            return Err(absurd("has sheets that together do not fit into memory".to_owned()));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::{Corners, Spreadsheet, check_texts, is_without_circle, number_behind};

    #[test]
    fn claims_of_texts_are_bounded_wherever_they_stand() {
        let texts = |claim: &str| {
            format!("<?xml version=\"1.0\"?>{}<sst uniqueCount={claim}><si><t>a</t></si></sst>", " ".repeat(300_000))
        };
        assert!(check_texts(&mut Cursor::new(texts("\"2\""))).is_ok());
        assert!(check_texts(&mut Cursor::new(texts("'4000000000'"))).is_err());
        assert!(check_texts(&mut Cursor::new(texts("\"99999999999999999999999\""))).is_err());
        assert_eq!(number_behind(b" = \"17\""), 17);
    }

    #[test]
    fn texts_are_counted_once() {
        let many = "<si/>".repeat(usize::try_from(super::MAX_TEXT_COUNT).expect("a small number"));
        assert!(check_texts(&mut Cursor::new(&many)).is_ok());
        assert!(check_texts(&mut Cursor::new(format!("{many}<x:si/>"))).is_err());
    }

    #[test]
    fn repeats_of_a_spreadsheet_are_bounded() {
        let check = |rows: &str| {
            let text = format!("<table:table table:name=\"a\">{rows}</table:table>");
            Spreadsheet::new(text.len() as u64).check(&mut Cursor::new(text)).is_ok()
        };
        let cell = |columns: &str| {
            format!("<table:table-cell office:value-type=\"string\" {columns}><text:p>a</text:p></table:table-cell>")
        };
        let row = |repeats: &str, cells: &str| format!("<table:table-row {repeats}>{cells}</table:table-row>");
        let (columns, rows) = ("table:number-columns-repeated=\"16384\"", "table:number-rows-repeated=\"1048576\"");
        let blank = format!("<table:table-cell {columns}/>");
        assert!(check(&row("", &cell(""))));
        assert!(check(&format!("{}{}", row("", &cell("")), row(rows, &blank))), "what every spreadsheet ends with");
        assert!(check(&row("", &format!("{}{blank}", cell("")))));
        assert!(check(&row("", &cell(columns))), "one wide row");
        assert!(!check(&row("", &cell(columns)).repeat(1_000)), "many wide rows");
        assert!(!check(&row(rows, &cell(columns))));
        assert!(!check(&format!(
            "{}{}{}",
            row("", &cell("")),
            row(rows, &blank),
            row("", &cell("table:number-columns-repeated=\"100\""))
        )));
        assert!(!check(
            &row("", &format!("<table:table-cell a=\">\" office:value-type=\"string\" {columns}/>")).repeat(1_000)
        ));
    }

    #[test]
    fn corners_may_not_span_much_more_than_the_cells() {
        let mut corners = Corners::default();
        corners.add(0, 0).expect("a cell");
        corners.add(65_535, 255).expect("a cell");
        assert!(corners.check().is_ok());
        corners.add(1_048_575, 16_383).expect("a cell");
        assert!(corners.check().is_err());
        assert!(corners.add(1 << 20, 0).is_err() && corners.add(0, 1 << 14).is_err());
    }

    #[test]
    fn a_circle_of_sectors_is_found() {
        assert!(is_without_circle(&[1, 2, 0xffff_fffe, 1]));
        assert!(!is_without_circle(&[1, 2, 0]));
        assert!(!is_without_circle(&[0]));
    }
}
