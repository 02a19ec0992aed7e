//! Surveys a whole text once: its beginning, its encoding, and its length.

use std::io::Read;

use memchr::memrchr2;

use super::encoding::Encoding;
use super::fault::{AS_EXPORTED, TableFault};
use super::record::MAX_ROW;
use super::text::Buffer;

/// The file type, from the first bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Magic {
    Gzip,
    Zip,
    /// A compound file: Excel up to 2003, and everything encrypted with a password.
    Ole,
    /// Not a table; described in words.
    Foreign(&'static str),
    /// An unsupported compression format, in words.
    Packed(&'static str),
    /// None of these, so most likely a text.
    Text,
}

impl Magic {
    pub(super) fn new(head: &[u8]) -> Self {
        match head {
            [0x1f, 0x8b, ..] => return Self::Gzip,
            [b'P', b'K', 3, 4, ..] | [b'P', b'K', 5, 6, ..] | [b'P', b'K', 7, 8, ..] => return Self::Zip,
            [0xd0, 0xcf, 0x11, 0xe0, ..] => return Self::Ole,
            [b'%', b'P', b'D', b'F', ..] => return Self::Foreign("is a PDF"),
            [b'7', b'z', 0xbc, 0xaf, ..] => return Self::Packed("is compressed with 7-Zip"),
            [b'R', b'a', b'r', b'!', ..] => return Self::Packed("is compressed with RAR"),
            [b'B', b'Z', b'h', b'1'..=b'9', ..] => return Self::Packed("is compressed with bzip2"),
            [0xfd, b'7', b'z', b'X', b'Z', ..] => return Self::Packed("is compressed with xz"),
            [0x28, 0xb5, 0x2f, 0xfd, ..] => return Self::Packed("is compressed with Zstandard"),
            _ => {}
        }
        let start = head.strip_prefix(BYTE_ORDER_MARK).unwrap_or(head).trim_ascii_start();
        let begins = |with: &[u8]| start.get(..with.len()).is_some_and(|start| start.eq_ignore_ascii_case(with));
        if begins(b"<!doctype html") || begins(b"<html") {
            // A web page instead of a download, or saved by some programs as .xls.
            return Self::Foreign("is a web page (HTML), not an export");
        }
        if begins(b"<?xml") {
            return Self::Foreign("is an XML file, not a CSV file or a workbook");
        }
        Self::Text
    }
}

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// The facts about a text.
#[derive(Debug)]
pub(super) struct Survey {
    pub(super) bytes: u64,
    pub(super) magic: Magic,
    pub(super) encoding: Encoding,
    pub(super) byte_order_mark: bool,
    /// Whether it ends with a line end. UTF-16 adds a zero byte.
    pub(super) ends_a_line: bool,
}

const CHUNK: usize = 1 << 18;

/// Maximum consecutive zero bytes in a text; a sparse file yields terabytes of them.
const MAX_ZEROS: usize = 1 << 20;
/// A workbook or an archive may be padded, or contain a stored picture.
const MAX_ZEROS_IN_A_PACKAGE: usize = 64 << 20;
/// The longest row that the row reader accepts, in UTF-16.
const MAX_LINE: usize = 4 * MAX_ROW;

/// Runs at the end of the bytes surveyed so far.
struct Runs {
    is_text: bool,
    zeros: usize,
    line: usize,
}

impl Runs {
    const fn new(magic: Magic) -> Self {
        Self { is_text: matches!(magic, Magic::Text), zeros: 0, line: 0 }
    }

    /// Adds the next bytes, and stops early if a run is too long for any table.
    fn feed(&mut self, chunk: &[u8]) -> Result<(), TableFault> {
        let longer = |run: usize, last: Option<usize>| match last {
            Some(last) => chunk.len() - last - 1,
            None => run.saturating_add(chunk.len()),
        };
        self.zeros = longer(self.zeros, chunk.iter().rposition(|&byte| byte != 0));
        let most = if self.is_text { MAX_ZEROS } else { MAX_ZEROS_IN_A_PACKAGE };
        if self.zeros > most {
            let what = format!("holds more than {} MiB of zero bytes in a row, as no table does", most >> 20);
            return Err(TableFault::new(what, AS_EXPORTED));
        }
        if self.is_text {
            self.line = longer(self.line, memrchr2(b'\n', b'\r', chunk));
            if self.line > MAX_LINE {
                let what = format!("has a line of more than {} MiB", MAX_LINE >> 20);
                return Err(TableFault::new(what, AS_EXPORTED));
            }
        }
        Ok(())
    }
}

impl Survey {
    /// Surveys a text; calls `each` with its bytes.
    ///
    /// # Errors
    /// If it cannot be read, or contains a run that no table has.
    pub(super) fn new(
        from: &mut (impl Read + Send + ?Sized),
        mut each: impl FnMut(&[u8]) + Send,
    ) -> Result<Self, TableFault> {
        let mut utf8 = Utf8Scan::default();
        let mut bytes = 0;
        let mut end = [0; 2];
        let (mut chunk, mut ahead) = (Buffer::default(), Buffer::default());
        chunk.read(from, CHUNK)?;
        let head = chunk[..chunk.len().min(4096)].to_vec();
        let magic = Magic::new(&head);
        let mut runs = Runs::new(magic);
        while !chunk.is_empty() {
            runs.feed(&chunk)?;
            bytes += chunk.len() as u64;
            for &byte in &chunk[chunk.len().saturating_sub(2)..] {
                end = [end[1], byte];
            }
            ahead.clear();
            // The digest takes longer than everything else.
            let ((), more) = rayon::join(
                || each(&chunk),
                || {
                    utf8.feed(&chunk);
                    ahead.read(from, CHUNK)
                },
            );
            more?;
            std::mem::swap(&mut chunk, &mut ahead);
        }
        utf8.finish();
        Ok(Self {
            bytes,
            magic,
            encoding: decide(&head, &utf8),
            byte_order_mark: head.starts_with(BYTE_ORDER_MARK),
            ends_a_line: end.iter().any(|c| matches!(c, b'\n' | b'\r')),
        })
    }
}

fn decide(head: &[u8], utf8: &Utf8Scan) -> Encoding {
    match head {
        [0xff, 0xfe, ..] => return Encoding::Utf16Le,
        [0xfe, 0xff, ..] => return Encoding::Utf16Be,
        _ => {}
    }
    // Without a mark, UTF-16 is recognized by the zero bytes of Latin letters.
    let zeros = |odd: usize| head.iter().skip(odd).step_by(2).filter(|&&c| c == 0).count();
    let half = head.len() / 2;
    if half >= 8 && zeros(1) * 10 > half * 8 && zeros(0) * 10 < half {
        return Encoding::Utf16Le;
    }
    if half >= 8 && zeros(0) * 10 > half * 8 && zeros(1) * 10 < half {
        return Encoding::Utf16Be;
    }
    if utf8.broken == 0 {
        Encoding::Utf8
    } else if utf8.multibyte > utf8.broken {
        Encoding::DamagedUtf8
    } else {
        Encoding::Windows1252
    }
}

/// Counts multi-byte characters and invalid bytes, across chunks.
#[derive(Default)]
struct Utf8Scan {
    multibyte: u64,
    broken: u64,
    rest: Vec<u8>,
}

impl Utf8Scan {
    fn feed(&mut self, chunk: &[u8]) {
        if self.rest.is_empty() {
            self.scan(chunk);
        } else {
            let mut joined = std::mem::take(&mut self.rest);
            joined.extend_from_slice(chunk);
            self.scan(&joined);
        }
    }

    fn scan(&mut self, mut bytes: &[u8]) {
        loop {
            match std::str::from_utf8(bytes) {
                Ok(text) => {
                    self.count(text);
                    return;
                }
                Err(error) => {
                    let (valid, bad) = bytes.split_at(error.valid_up_to());
                    if let Ok(text) = std::str::from_utf8(valid) {
                        self.count(text);
                    }
                    let Some(length) = error.error_len() else {
                        self.rest = bad.to_vec();
                        return;
                    };
                    self.broken += 1;
                    bytes = &bad[length..];
                }
            }
        }
    }

    fn count(&mut self, text: &str) {
        if !text.is_ascii() {
            self.multibyte += text.bytes().filter(|&c| c >= 0xc0).count() as u64;
        }
    }

    fn finish(&mut self) {
        self.broken += u64::from(!self.rest.is_empty());
    }
}

#[cfg(test)]
mod tests {
    use super::{Encoding, Magic, Utf8Scan, decide};

    fn detect(bytes: &[u8], chunk: usize) -> Encoding {
        let mut scan = Utf8Scan::default();
        for part in bytes.chunks(chunk) {
            scan.feed(part);
        }
        scan.finish();
        decide(bytes, &scan)
    }

    #[test]
    fn the_whole_file_decides_wherever_the_chunks_end() {
        let utf16: Vec<u8> = "Username,Email".encode_utf16().flat_map(u16::to_le_bytes).collect();
        for chunk in 1..9 {
            assert_eq!(detect("Zo\u{eb},\u{1f600},\u{5d0}".as_bytes(), chunk), Encoding::Utf8);
            assert_eq!(detect(b"Zo\xeb,M\xfcller", chunk), Encoding::Windows1252);
            assert_eq!(detect(b"Zo\xc3\xab,M\xc3\xbcller,\xff", chunk), Encoding::DamagedUtf8);
            assert_eq!(detect(&utf16, chunk), Encoding::Utf16Le);
        }
    }

    #[test]
    fn what_is_no_text_shows_in_its_first_bytes() {
        assert_eq!(Magic::new(b"PK\x03\x04"), Magic::Zip);
        assert_eq!(Magic::new(b"\x1f\x8b\x08"), Magic::Gzip);
        assert_eq!(Magic::new(b"PKID,Id\n"), Magic::Text);
        for foreign in
            [&b"\n <!DOCTYPE HTML><html>"[..], b"\xef\xbb\xbf<html>", b"<?xml version='1.0'?>", b"7z\xbc\xaf\x27"]
        {
            assert!(matches!(Magic::new(foreign), Magic::Foreign(_) | Magic::Packed(_)), "{foreign:?}");
        }
    }
}
