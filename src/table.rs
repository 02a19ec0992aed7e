//! A table as a file: delimited text in whichever encoding and with whichever delimiter, or the first
//! sheet of a spreadsheet. Rows come one by one, in constant memory.
//!
//! Each file is looked through once before it is read, so that the encoding is decided on the whole of
//! it and not on a sample; its digest is computed beside the reading.
//!
//! Must not know: what the columns mean, or which side the file is from.

mod digest;
mod sheet;
mod survey;

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::{Path, PathBuf};

use csv::ByteRecord;

use crate::error::Error;
use crate::progress::Progress;
use digest::Digest;
use survey::{Encoding, Survey};

/// A file that turned out to hold a table.
#[derive(Debug)]
pub struct Table {
    path: PathBuf,
    /// The heading of each column, as it stands.
    pub headings: Vec<String>,
    /// The character between cells; nothing for a spreadsheet.
    pub delimiter: Option<u8>,
    /// Whether lines end with CR LF. The CSV reader then counts the line end to the next record, so
    /// that every record but the first seems to start a line too early.
    crlf: bool,
    survey: Survey,
    digest: Digest,
}

/// One row beneath the heading.
#[derive(Debug, Clone, Copy)]
pub struct Row<'a> {
    record: &'a ByteRecord,
    /// The line on which the row starts (for a spreadsheet, its row number), counted from 1.
    pub line: u64,
}

impl<'a> Row<'a> {
    /// The cell of a column; blank where the row is too short.
    #[must_use]
    pub fn get(self, column: usize) -> &'a [u8] {
        self.record.get(column).unwrap_or_default()
    }

    /// The cell of a column as text, `None` where it is not UTF-8.
    #[must_use]
    pub fn text(self, column: usize) -> Option<&'a str> {
        std::str::from_utf8(self.get(column)).ok()
    }

    /// How many cells the row has.
    #[must_use]
    pub fn len(self) -> usize {
        self.record.len()
    }

    /// Whether the row has no cells.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.record.is_empty()
    }
}

/// Stands behind the last line while a file is read. A record that swallows it began with a quotation
/// mark that nobody closed: the file was cut off in the middle of a row.
const SENTINEL: &[u8] = b"\x01end of file\x01";
const BUFFER: usize = 1 << 16;

impl Table {
    /// Looks through a file and reads its heading.
    ///
    /// # Errors
    /// When it cannot be read, is empty, or is not a table.
    #[expect(clippy::disallowed_methods, reason = "a table is a file")]
    pub fn open(path: &Path, progress: &Progress) -> Result<Self, Error> {
        let metadata = std::fs::metadata(path).map_err(|source| unreadable(path, source))?;
        if metadata.is_dir() {
            return Err(not_a_table(path, "is a folder, not a file"));
        }
        progress.expect(metadata.len() * 2);
        let survey = Survey::of(path, progress)?;
        if survey.bytes == 0 {
            return Err(not_a_table(path, "is empty"));
        }
        let mut table = Self {
            path: path.to_owned(),
            headings: Vec::new(),
            delimiter: None,
            crlf: false,
            survey,
            digest: Digest::start(path),
        };
        match table.survey.encoding {
            Encoding::Spreadsheet => table.headings = sheet::headings(path)?,
            Encoding::Foreign(what) => return Err(not_a_table(path, what)),
            _ => {
                let (delimiter, crlf) = table.find_delimiter()?;
                table.delimiter = Some(delimiter);
                table.crlf = crlf;
                let mut record = ByteRecord::new();
                table
                    .reader(delimiter, &Progress::hidden())?
                    .read_byte_record(&mut record)
                    .map_err(|error| table.csv_error(&error))?;
                if record.as_slice().ends_with(SENTINEL) && record.len() == 1 {
                    record.clear();
                }
                table.headings = record.iter().map(|cell| String::from_utf8_lossy(cell).into_owned()).collect();
            }
        }
        let blank = table.headings.iter().all(|heading| heading.trim().is_empty());
        if blank || table.headings.iter().any(|heading| heading.contains(['\u{0}', '\u{fffd}'])) {
            return Err(not_a_table(path, "has no line of headings"));
        }
        Ok(table)
    }

    /// The file's path.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The file's name without its folder.
    #[must_use]
    pub fn name(&self) -> String {
        self.path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned())
    }

    /// SHA-256 of the file, in hexadecimal; it is computed while the rows are read, so ask afterwards.
    ///
    /// # Errors
    /// When the file cannot be read to its end.
    pub fn sha256(&self) -> Result<String, Error> {
        self.digest.wait().map_err(|source| unreadable(&self.path, source))
    }

    /// The encoding in words.
    #[must_use]
    pub const fn encoding(&self) -> &'static str {
        self.survey.encoding.word()
    }

    /// Hands every row to `each` and returns how many there were.
    ///
    /// # Errors
    /// When the file breaks off, or `each` fails.
    pub fn rows(&self, progress: &Progress, mut each: impl FnMut(Row<'_>) -> Result<(), Error>) -> Result<u64, Error> {
        let Some(delimiter) = self.delimiter else {
            progress.read(self.survey.bytes);
            return sheet::rows(&self.path, self.headings.len(), each);
        };
        let mut reader = self.reader(delimiter, progress)?;
        let mut record = ByteRecord::new();
        let mut count = 0;
        let mut heading = true;
        loop {
            let more = reader.read_byte_record(&mut record).map_err(|error| self.csv_error(&error))?;
            let line = record.position().map_or(0, csv::Position::line) + u64::from(self.crlf && !heading);
            if record.len() == 1 && record.get(0) == Some(SENTINEL) {
                return Ok(count);
            }
            if !more || record.as_slice().ends_with(SENTINEL) {
                return Err(Error::Input {
                    path: self.path.clone(),
                    what: format!(
                        "the quotation mark that opens in the row of line {line} is never closed; the file seems to be cut off"
                    ),
                    next: "export or save the file again and let the download finish".to_owned(),
                });
            }
            if heading {
                heading = false;
                continue;
            }
            count += 1;
            each(Row { record: &record, line })?;
        }
    }

    fn reader(&self, delimiter: u8, progress: &Progress) -> Result<csv::Reader<Box<dyn Read>>, Error> {
        let text = self.text(progress)?;
        Ok(csv::ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .delimiter(delimiter)
            .buffer_capacity(BUFFER)
            .from_reader(Box::new(text.chain(&b"\n"[..]).chain(SENTINEL))))
    }

    /// The file's text as UTF-8, without a byte-order mark.
    #[expect(clippy::disallowed_methods, reason = "a table is a file")]
    fn text(&self, progress: &Progress) -> Result<Box<dyn Read>, Error> {
        let file = File::open(&self.path).map_err(|source| unreadable(&self.path, source))?;
        let mut file = BufReader::with_capacity(BUFFER, progress.reading(file));
        let legacy = match self.survey.encoding {
            Encoding::Utf8 | Encoding::DamagedUtf8 => {
                if self.survey.byte_order_mark {
                    file.read_exact(&mut [0; 3]).map_err(|source| unreadable(&self.path, source))?;
                }
                return Ok(Box::new(file));
            }
            Encoding::Utf16Le => encoding_rs::UTF_16LE,
            Encoding::Utf16Be => encoding_rs::UTF_16BE,
            Encoding::Windows1252 | Encoding::Spreadsheet | Encoding::Foreign(_) => encoding_rs::WINDOWS_1252,
        };
        Ok(Box::new(
            encoding_rs_io::DecodeReaderBytesBuilder::new()
                .encoding(Some(legacy))
                .bom_override(true)
                .strip_bom(true)
                .build(file),
        ))
    }

    /// The delimiter that cuts the first line into the most cells, and whether that line ends with CR LF.
    fn find_delimiter(&self) -> Result<(u8, bool), Error> {
        let mut start = Vec::new();
        self.text(&Progress::hidden())?
            .take(BUFFER as u64)
            .read_to_end(&mut start)
            .map_err(|source| unreadable(&self.path, source))?;
        let mut counts = [0usize; 3];
        let mut quoted = false;
        let mut crlf = false;
        for (at, &c) in start.iter().enumerate() {
            match c {
                b'"' => quoted = !quoted,
                b'\n' | b'\r' if !quoted && at > 0 => {
                    crlf = start[at..].starts_with(b"\r\n");
                    break;
                }
                _ if !quoted => {
                    if let Some(at) = DELIMITERS.iter().position(|&delimiter| delimiter == c) {
                        counts[at] += 1;
                    }
                }
                _ => {}
            }
        }
        let best = (0..counts.len()).rev().max_by_key(|&at| counts[at]).unwrap_or(0);
        Ok((DELIMITERS[best], crlf))
    }

    fn csv_error(&self, error: &csv::Error) -> Error {
        Error::Input {
            path: self.path.clone(),
            what: error.to_string(),
            next: "check that the file can be read to its end".to_owned(),
        }
    }
}

const DELIMITERS: [u8; 3] = [b',', b';', b'\t'];

fn unreadable(path: &Path, source: std::io::Error) -> Error {
    Error::Unreadable { path: path.to_owned(), source }
}

fn not_a_table(path: &Path, what: &str) -> Error {
    Error::Input {
        path: path.to_owned(),
        what: what.to_owned(),
        next: "give a CSV or XLSX file with one line of headings".to_owned(),
    }
}
