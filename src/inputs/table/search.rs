//! Finds the table in a file: unwraps it, finds the headings, and decides what is part of the table and what stays
//! unread.

use super::blocks::Cutter;
use super::cell;
use super::cell_texts::CellTexts;
use super::declared_size;
use super::envelope::{self, Wrapping};
use super::fault::{AS_EXPORTED, TableFault, UNPACK};
use super::heading::{self, Body, HeadingLine, Headings, LINES, Start};
use super::original::Original;
use super::package::Package;
use super::record::MAX_ROW;
use super::record::Record;
use super::sheet::Sheet;
use super::survey::{Magic, Survey};
use super::workbook::{self, Format, Workbook, without_panic};
use super::{BLOCK, Content, Part, Source as _, Unread, text};
use crate::error::Error;
use crate::progress::Progress;

/// Result of a search.
pub(super) struct Found {
    pub(super) headings: Vec<String>,
    /// Empty if there are only blank lines.
    pub(super) parts: Vec<Part>,
    pub(super) unread: Vec<Unread>,
    pub(super) notes: Vec<String>,
    /// The encodings of the parts in words, and their wrapping.
    pub(super) encoding: String,
}

/// A text or a sheet that may be part of the table.
struct Candidate {
    wrapping: Wrapping,
    /// The name within an archive.
    entry: Option<String>,
    /// A text's delimiter is that of its headings, once found.
    content: Content,
    start: Start,
    /// Row count of a sheet, if small.
    rows: Option<u64>,
}

impl Candidate {
    fn sheet(&self) -> Option<&str> {
        match &self.content {
            Content::Sheet { name, .. } => Some(name),
            Content::Text { .. } => None,
        }
    }

    /// Its name among the members of its file; `None` if it is the file.
    fn name(&self, with_sheet: bool) -> Option<String> {
        let sheet = self.sheet().filter(|_| with_sheet).map(|sheet| format!("sheet \"{sheet}\""));
        match (&self.entry, sheet) {
            (Some(entry), Some(sheet)) => Some(format!("{entry}, {sheet}")),
            (entry, sheet) => entry.clone().or(sheet),
        }
    }

    fn unread(&self, why: &str) -> Unread {
        Unread { name: self.name(true).unwrap_or_default(), rows: self.rows, why: why.to_owned() }
    }
}

/// A search in one file.
pub(super) struct Search<'a> {
    file: &'a Original,
    candidates: Vec<Candidate>,
    unread: Vec<Unread>,
    /// Number of sheets and files found.
    members: usize,
    /// Total bytes of all unpacked texts.
    unpacked: u64,
    /// The texts of all inspected cells.
    texts: CellTexts,
}

/// Maximum sheets of workbooks and files of archives inspected. Each is opened separately, and no export has a tenth of
/// them.
const MAX_MEMBERS: usize = 1_000;

impl<'a> Search<'a> {
    pub(super) const fn new(file: &'a Original) -> Self {
        let texts = CellTexts::new(file.bytes());
        Self { file, candidates: Vec::new(), unread: Vec::new(), members: 0, unpacked: 0, texts }
    }

    /// Searches a surveyed file for a table.
    pub(super) fn find(
        mut self,
        survey: &Survey,
        is_headings: &dyn Fn(&[String]) -> bool,
    ) -> Result<Found, TableFault> {
        self.look(Wrapping::None, survey, survey.bytes, None)?;
        let Self { file, candidates, mut unread, members: _, unpacked: _, texts: _ } = self;
        if unread.is_empty() && candidates.iter().all(|candidate| candidate.start.is_blank) {
            let encoding = encoding(&candidates.iter().collect::<Vec<_>>());
            return Ok(Found { headings: Vec::new(), parts: Vec::new(), unread, notes: Vec::new(), encoding });
        }
        let found = candidates.iter().find_map(|candidate| candidate.start.find(is_headings));
        if let Some((set, other)) = candidates.iter().find_map(|candidate| candidate.start.contradiction(is_headings)) {
            let shown = |delimiter| if delimiter == '\t' { "a tab".to_owned() } else { format!("`{delimiter}`") };
            return Err(TableFault::new(
                format!(
                    "says in its first line (`sep=`) that {} stands between the cells, but its headings have {} between them",
                    shown(set),
                    shown(other)
                ),
                "remove the first line, or export the report again",
            ));
        }
        let first = found.or_else(|| candidates.iter().find_map(|candidate| candidate.start.first()));
        let first = first.ok_or_else(|| TableFault::new("has no line of headings", AS_EXPORTED))?;
        let headings = first.line.cells.clone();
        let wanted = heading::normalized(&headings);
        let mut read: Vec<(&Candidate, Headings<'_>)> = Vec::new();
        for candidate in &candidates {
            // This includes the first part, which matches its own headings.
            match candidate.start.find(&|cells| heading::normalized(cells) == wanted) {
                Some(found) => read.push((candidate, found)),
                None if candidate.start.is_blank && candidate.sheet().is_some() => {}
                None if candidate.start.is_blank => unread.push(candidate.unread("holds nothing but blank lines")),
                None => unread.push(candidate.unread("has other headings")),
            }
        }
        let file = file.path().file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
        let parts: Vec<Part> = read
            .iter()
            .map(|(candidate, found)| {
                let sheets = read.iter().filter(|(other, _)| other.wrapping == candidate.wrapping).count();
                let mut content = candidate.content.clone();
                if let (Content::Text { delimiter, .. }, Some(own)) = (&mut content, found.delimiter) {
                    *delimiter = own;
                }
                Part {
                    name: candidate.name(sheets > 1).map_or_else(|| file.clone(), |name| format!("{file}, {name}")),
                    wrapping: candidate.wrapping,
                    content,
                    body: found.line.body,
                }
            })
            .collect();
        let notes = read.iter().zip(&parts).filter_map(|((_, found), part)| {
            let of = if parts.len() > 1 { format!("{}: ", part.name) } else { String::new() };
            let above = match found.line.number {
                0 | 1 => return None,
                2 => "line above is".to_owned(),
                line => format!("{} lines above are", line - 1),
            };
            let line = found.line.number;
            Some(format!("{of}the headings were found on line {line}; the {above} not part of the table"))
        });
        let notes = notes.collect();
        let encoding = encoding(&read.iter().map(|(candidate, _)| *candidate).collect::<Vec<_>>());
        Ok(Found { headings, parts, unread, notes, encoding })
    }

    /// Adds the content of some bytes of the file. `packed` is their size within the file.
    fn look(
        &mut self,
        wrapping: Wrapping,
        survey: &Survey,
        packed: u64,
        entry: Option<&str>,
    ) -> Result<(), TableFault> {
        if survey.bytes == 0 {
            return Err(TableFault::NoTable { what: "is empty", next: AS_EXPORTED });
        }
        if wrapping != Wrapping::None {
            // Many small bombs are a large one.
            self.unpacked = self.unpacked.saturating_add(survey.bytes);
            declared_size::unpacked(self.unpacked, packed)?;
        }
        match (survey.magic, wrapping) {
            (Magic::Foreign(what), _) => Err(TableFault::NoTable { what, next: AS_EXPORTED }),
            (Magic::Packed(what), _) => Err(TableFault::new(what, UNPACK)),
            (Magic::Text, _) => self.look_at_text(wrapping, survey, entry),
            (Magic::Ole, _) => self.look_at_workbook(wrapping, workbook::OLE, entry),
            (Magic::Gzip, Wrapping::None) => {
                let inner = self.survey(Wrapping::Gzip)?;
                self.look(Wrapping::Gzip, &inner, packed, entry)
            }
            (Magic::Gzip, _) => Err(TableFault::new("is compressed twice", UNPACK)),
            (Magic::Zip, _) => {
                let bytes = wrapping.seekable(self.file, &Progress::hidden())?;
                let contents = envelope::contents(bytes, packed)?;
                match (contents.package, wrapping) {
                    (Package::Xlsx, _) => self.look_at_workbook(wrapping, Format::Xlsx, entry),
                    (Package::Xlsb, _) => self.look_at_workbook(wrapping, Format::Xlsb, entry),
                    (Package::Ods, _) => self.look_at_workbook(wrapping, Format::Ods, entry),
                    (Package::Foreign(what, next), _) => Err(TableFault::NoTable { what, next }),
                    (Package::Archive, Wrapping::None) => self.look_at_entries(contents.entries, packed),
                    (Package::Archive, _) => Err(TableFault::new("is a zip file within another file", UNPACK)),
                }
            }
        }
    }

    /// Refuses too many members, before inspecting any of them.
    fn bound_members(&mut self, more: usize) -> Result<(), TableFault> {
        self.members += more;
        if self.members > MAX_MEMBERS {
            let what = format!("holds more than {MAX_MEMBERS} sheets or files");
            return Err(TableFault::new(
                what,
                "put the reports alone into a file, or into several with fewer sheets or files each",
            ));
        }
        Ok(())
    }

    fn survey(&self, wrapping: Wrapping) -> Result<Survey, TableFault> {
        wrapping.with_bytes(self.file, &Progress::hidden(), |mut bytes| Survey::new(&mut bytes, |_| ()))
    }

    /// Adds the files of an archive. Those that are not tables are listed as unread; an unreadable one that may be a
    /// table is a fault of the archive.
    fn look_at_entries(&mut self, entries: Vec<(usize, String)>, packed: u64) -> Result<(), TableFault> {
        self.bound_members(entries.len())?;
        for (index, name) in entries {
            let wrapping = Wrapping::ZipEntry(index);
            let looked =
                self.survey(wrapping).and_then(|survey| self.look(wrapping, &survey, packed, Some(name.as_str())));
            match looked {
                Ok(()) => {}
                Err(TableFault::NoTable { what, .. }) => {
                    self.unread.push(Unread { name, rows: None, why: what.to_owned() });
                }
                Err(TableFault::Input { what, next }) => {
                    return Err(TableFault::new(format!("the entry {name} {what}"), next));
                }
                Err(fault @ (TableFault::Unreadable(_) | TableFault::Changed)) => return Err(fault),
            }
        }
        if self.candidates.is_empty() {
            let what = match self.unread.first() {
                Some(first) => format!("is a zip file without a table in it: {first}"),
                None => "is a zip file without a file in it".to_owned(),
            };
            return Err(TableFault::new(what, AS_EXPORTED));
        }
        Ok(())
    }

    fn look_at_text(&mut self, wrapping: Wrapping, survey: &Survey, entry: Option<&str>) -> Result<(), TableFault> {
        let (encoding, byte_order_mark) = (survey.encoding, survey.byte_order_mark);
        let mut size = BLOCK;
        let start = loop {
            let block = wrapping.with_bytes(self.file, &Progress::hidden(), |bytes| {
                let text = text::decoded(bytes, encoding, byte_order_mark)?;
                Ok(Cutter::new(self.file.path(), text, 1, size).next())
            })?;
            let block = block.map_err(|error| match error {
                Error::Input { what, .. } => TableFault::new(what, AS_EXPORTED),
                error => TableFault::new(error.to_string(), AS_EXPORTED),
            })?;
            match block.map(|block| Start::from_text(&block)) {
                Some(Some(start)) => break start,
                Some(None) if size > MAX_ROW => {
                    let what = format!("has a first line of more than {} MiB", MAX_ROW >> 20);
                    return Err(TableFault::new(what, AS_EXPORTED));
                }
                Some(None) => size = size.saturating_mul(4),
                None => return Err(TableFault::new("is empty", AS_EXPORTED)),
            }
        };
        let content = Content::Text { encoding, byte_order_mark, delimiter: text::DELIMITERS[0] };
        self.candidates.push(Candidate { wrapping, entry: entry.map(str::to_owned), content, start, rows: None });
        Ok(())
    }

    fn look_at_workbook(&mut self, wrapping: Wrapping, format: Format, entry: Option<&str>) -> Result<(), TableFault> {
        let mut book = Workbook::open(format, wrapping.seekable(self.file, &Progress::hidden())?, self.file.bytes())?;
        if book.sheets.is_empty() {
            return Err(workbook::without_sheets());
        }
        let date_1904 = book.date_1904;
        self.bound_members(book.sheets.len())?;
        for name in book.sheets.clone() {
            let mut rows = Sheet::new(self.file.path(), format, book.cells(&name)?, &mut self.texts, 0, 1);
            let mut record = Record::new();
            let mut lines: Vec<HeadingLine> = Vec::new();
            while lines.len() < LINES
                && without_panic(|| rows.read(&mut record)).unwrap_or_else(|| Err(format.damaged()))?
            {
                let number = record.line;
                let body = Body { at: lines.len() as u64 + 1, line: number + 1, sum: 0 };
                lines.push(HeadingLine { cells: record.iter().map(cell::shown).collect(), number, body });
            }
            let rows = (lines.len() < LINES).then_some(lines.len() as u64);
            let content = Content::Sheet { format, name, date_1904 };
            let (entry, start) = (entry.map(str::to_owned), Start::from_sheet(lines));
            self.candidates.push(Candidate { wrapping, entry, content, start, rows });
        }
        Ok(())
    }
}

/// The encodings in words, each once, and the wrapping of the texts.
fn encoding(candidates: &[&Candidate]) -> String {
    let mut words: Vec<&str> = Vec::new();
    let own = candidates.iter().map(|candidate| candidate.content.encoding());
    for word in own.chain(candidates.iter().filter_map(|candidate| candidate.wrapping.word())) {
        if !words.contains(&word) {
            words.push(word);
        }
    }
    words.join(", ")
}
