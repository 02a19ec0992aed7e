//! One look through a whole file: in which encoding its text is, and its SHA-256.

#![expect(clippy::disallowed_methods, reason = "this room reads input files")]

use std::fs::File;
use std::path::Path;

use sha2::{Digest as _, Sha256};

use super::text;
use crate::error::Error;
use crate::progress::Progress;

/// What a file turned out to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Encoding {
    Utf8,
    /// UTF-8 in which some bytes are broken; the rows that hold them are rejected.
    DamagedUtf8,
    Utf16Le,
    Utf16Be,
    /// Western European, as older Windows programs save it.
    Windows1252,
    /// An XLSX workbook.
    Spreadsheet,
    /// Something that is no table, in words.
    Foreign(&'static str),
}

impl Encoding {
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Utf8 => "UTF-8",
            Self::DamagedUtf8 => "UTF-8 (damaged)",
            Self::Utf16Le => "UTF-16LE",
            Self::Utf16Be => "UTF-16BE",
            Self::Windows1252 => "windows-1252",
            Self::Spreadsheet => "XLSX",
            Self::Foreign(_) => "unknown",
        }
    }
}

#[derive(Debug)]
pub(super) struct Survey {
    pub(super) bytes: u64,
    pub(super) encoding: Encoding,
    pub(super) byte_order_mark: bool,
    /// SHA-256 of the file, in hexadecimal.
    pub(super) sha256: String,
}

const CHUNK: usize = 1 << 18;

impl Survey {
    pub(super) fn of(path: &Path, progress: &Progress) -> Result<Self, Error> {
        let unreadable = |source| Error::Unreadable { path: path.to_owned(), source };
        let mut file = File::open(path).map_err(unreadable)?;
        let mut utf8 = Utf8Scan::default();
        let mut digest = Sha256::new();
        let mut bytes = 0;
        let (mut chunk, mut ahead) = (Vec::new(), Vec::new());
        text::read(&mut file, &mut chunk, CHUNK).map_err(unreadable)?;
        let head = chunk[..chunk.len().min(4096)].to_vec();
        while !chunk.is_empty() {
            bytes += chunk.len() as u64;
            progress.read(chunk.len() as u64);
            ahead.clear();
            // The digest takes longer than everything else.
            let ((), more) = rayon::join(
                || digest.update(&chunk),
                || {
                    utf8.feed(&chunk);
                    text::read(&mut file, &mut ahead, CHUNK)
                },
            );
            more.map_err(unreadable)?;
            std::mem::swap(&mut chunk, &mut ahead);
        }
        utf8.finish();
        Ok(Self {
            bytes,
            encoding: decide(&head, &utf8),
            byte_order_mark: head.starts_with(b"\xef\xbb\xbf"),
            sha256: data_encoding::HEXLOWER.encode(&digest.finalize()),
        })
    }
}

fn decide(head: &[u8], utf8: &Utf8Scan) -> Encoding {
    match head {
        [b'P', b'K', 3, 4, ..] => return Encoding::Spreadsheet,
        [0x1f, 0x8b, ..] => return Encoding::Foreign("is compressed (gzip); unpack it first"),
        [0xd0, 0xcf, 0x11, 0xe0, ..] => {
            return Encoding::Foreign("is an old Excel workbook (.xls); save it as XLSX or CSV first");
        }
        [b'%', b'P', b'D', b'F', ..] => return Encoding::Foreign("is a PDF"),
        [0xff, 0xfe, ..] => return Encoding::Utf16Le,
        [0xfe, 0xff, ..] => return Encoding::Utf16Be,
        _ => {}
    }
    // Without a mark, UTF-16 shows in the zero half of its Latin letters.
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

/// Counts characters of several bytes and bytes that fit no character, across chunks.
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
    use super::{Encoding, Utf8Scan, decide};

    fn of(bytes: &[u8], chunk: usize) -> Encoding {
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
            assert_eq!(of("Zo\u{eb},\u{1f600},\u{5d0}".as_bytes(), chunk), Encoding::Utf8);
            assert_eq!(of(b"Zo\xeb,M\xfcller", chunk), Encoding::Windows1252);
            assert_eq!(of(b"Zo\xc3\xab,M\xc3\xbcller,\xff", chunk), Encoding::DamagedUtf8);
            assert_eq!(of(&utf16, chunk), Encoding::Utf16Le);
        }
    }
}
