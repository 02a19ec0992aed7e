//! Text of a delimited file: decoded to UTF-8 from any encoding, and its delimiter.

use std::io::{self, BufReader, Read};
use std::ops::Deref;

use super::encoding::Encoding;

const BUFFER: usize = 1 << 16;

/// These bytes decoded to UTF-8, without a byte-order mark.
pub(super) fn decoded<'a>(
    mut bytes: Box<dyn Read + Send + 'a>,
    encoding: Encoding,
    byte_order_mark: bool,
) -> io::Result<Box<dyn Read + Send + 'a>> {
    let legacy = match encoding {
        Encoding::Utf8 | Encoding::DamagedUtf8 => {
            if byte_order_mark {
                bytes.read_exact(&mut [0; 3])?;
            }
            return Ok(bytes);
        }
        Encoding::Utf16Le => encoding_rs::UTF_16LE,
        Encoding::Utf16Be => encoding_rs::UTF_16BE,
        Encoding::Windows1252 => encoding_rs::WINDOWS_1252,
    };
    Ok(Box::new(
        encoding_rs_io::DecodeReaderBytesBuilder::new()
            .encoding(Some(legacy))
            .bom_override(true)
            .strip_bom(true)
            .build(BufReader::with_capacity(BUFFER, bytes)),
    ))
}

/// Bytes read into reusable memory. It is zeroed once, not before each read as the standard library's readers do.
#[derive(Debug, Default)]
pub(super) struct Buffer {
    bytes: Vec<u8>,
    length: usize,
}

impl Deref for Buffer {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.bytes[..self.length]
    }
}

impl Buffer {
    pub(super) const fn clear(&mut self) {
        self.length = 0;
    }

    /// Drops everything after this many bytes.
    pub(super) fn truncate(&mut self, length: usize) {
        self.length = self.length.min(length);
    }

    /// Drops this many bytes at the start.
    pub(super) fn drop_start(&mut self, bytes: usize) {
        self.bytes.copy_within(bytes..self.length, 0);
        self.length -= bytes;
    }

    pub(super) fn extend(&mut self, bytes: &[u8]) {
        self.reserve(bytes.len());
        self.bytes[self.length..self.length + bytes.len()].copy_from_slice(bytes);
        self.length += bytes.len();
    }

    /// Reads until this many more bytes are available, or the source ends; returns whether there were enough.
    pub(super) fn read(&mut self, from: &mut (impl Read + ?Sized), bytes: usize) -> io::Result<bool> {
        self.reserve(bytes);
        let end = self.length + bytes;
        while self.length < end {
            match from.read(&mut self.bytes[self.length..end]) {
                Ok(0) => return Ok(false),
                Ok(read) => self.length += read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(true)
    }

    fn reserve(&mut self, bytes: usize) {
        if self.bytes.len() < self.length + bytes {
            self.bytes.resize(self.length + bytes, 0);
        }
    }
}

/// The possible delimiters; of equally good ones, the first is used.
pub(super) const DELIMITERS: [u8; 4] = [b',', b';', b'\t', b'|'];

/// The delimiter that splits the first line into the most cells.
pub(super) fn delimiter(start: &[u8]) -> u8 {
    let mut counts = [0usize; DELIMITERS.len()];
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

/// The delimiter set by a first line `sep=;`, as Excel reads and writes it, and the bytes of that line.
pub(super) fn declared_delimiter(start: &[u8]) -> Option<(u8, usize)> {
    let end = start.iter().position(|c| matches!(c, b'\n' | b'\r')).unwrap_or(start.len());
    let line = start[..end].trim_ascii_start();
    let line = line.strip_prefix(b"\"").unwrap_or(line);
    let (keyword, rest) = line.split_at_checked(4)?;
    let (&delimiter, rest) = rest.split_first()?;
    // A spreadsheet program that saves the file again adds a delimiter for each further column.
    let only_delimiters = rest.iter().all(|&c| c == delimiter || c == b'"' || c.is_ascii_whitespace());
    let is_declared = keyword.eq_ignore_ascii_case(b"sep=") && DELIMITERS.contains(&delimiter) && only_delimiters;
    is_declared.then_some((delimiter, end))
}

#[cfg(test)]
mod tests {
    use super::{declared_delimiter, delimiter};

    #[test]
    fn the_first_line_decides_on_the_delimiter() {
        for (line, wanted) in [
            ("a,b;c,d", b','),
            ("a;b;c", b';'),
            ("a\tb", b'\t'),
            ("a|b|c,d", b'|'),
            ("\"a;b;c\",d", b','),
            ("Id", b','),
        ] {
            assert_eq!(delimiter(line.as_bytes()), wanted, "{line}");
        }
    }

    #[test]
    fn a_line_may_declare_the_delimiter() {
        for (line, wanted) in [
            ("sep=;\nA;B", Some((b';', 5))),
            ("SEP=,\r\n", Some((b',', 5))),
            ("\"sep=;\"\n", Some((b';', 7))),
            ("sep=\t\nA", Some((b'\t', 5))),
            ("sep=|", Some((b'|', 5))),
            ("sep=;;;;\n", Some((b';', 8))),
            ("sep=x\n", None),
            ("sep=\n", None),
            ("separator;B\n", None),
            ("sep=;B\n", None),
        ] {
            assert_eq!(declared_delimiter(line.as_bytes()), wanted, "{line:?}");
        }
    }
}
