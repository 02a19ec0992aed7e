//! The text of a delimited file: as UTF-8 whatever its encoding, and which character stands between its cells.

#![expect(clippy::disallowed_methods, reason = "this room reads input files")]

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::Path;

use super::survey::{Encoding, Survey};
use crate::progress::Progress;

const BUFFER: usize = 1 << 16;

/// Opens the text of a file, without a byte-order mark.
pub(super) fn open(path: &Path, survey: &Survey, progress: &Progress) -> io::Result<Box<dyn Read + Send>> {
    let file = progress.reading(File::open(path)?);
    let legacy = match survey.encoding {
        Encoding::Utf8 | Encoding::DamagedUtf8 => {
            let mut file = file;
            if survey.byte_order_mark {
                file.read_exact(&mut [0; 3])?;
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
            .build(BufReader::with_capacity(BUFFER, file)),
    ))
}

/// Reads until `text` has so many bytes more, or there are no more; says whether there were.
pub(super) fn read(from: &mut (impl Read + ?Sized), text: &mut Vec<u8>, bytes: usize) -> io::Result<bool> {
    // Without room the reader would ask for it bit by bit, and might make too much.
    text.reserve(bytes + 1);
    let read = from.take(bytes as u64).read_to_end(text)?;
    Ok(read == bytes)
}

const DELIMITERS: [u8; 3] = [b',', b';', b'\t'];

/// The delimiter that cuts the first line into the most cells.
pub(super) fn delimiter(start: &[u8]) -> u8 {
    let mut counts = [0usize; 3];
    let mut quoted = false;
    for (at, &c) in start.iter().take(BUFFER).enumerate() {
        match c {
            b'"' => quoted = !quoted,
            b'\n' | b'\r' if !quoted && at > 0 => break,
            _ if !quoted => {
                if let Some(at) = DELIMITERS.iter().position(|&delimiter| delimiter == c) {
                    counts[at] += 1;
                }
            }
            _ => {}
        }
    }
    let best = (0..counts.len()).rev().max_by_key(|&at| counts[at]).unwrap_or(0);
    DELIMITERS[best]
}
