//! The text of a delimited file: as UTF-8 whatever its encoding, and which character stands between its cells.

use std::io::{self, BufReader, Read};

use super::survey::Encoding;

const BUFFER: usize = 1 << 16;

/// The text of these bytes as UTF-8, without a byte-order mark.
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

/// Reads until `text` has so many bytes more, or there are no more; says whether there were.
pub(super) fn read(from: &mut (impl Read + ?Sized), text: &mut Vec<u8>, bytes: usize) -> io::Result<bool> {
    // Without room the reader would ask for it bit by bit, and might make too much.
    text.reserve(bytes + 1);
    let read = from.take(bytes as u64).read_to_end(text)?;
    Ok(read == bytes)
}

/// The characters that may stand between cells; where two fit as well, the first.
pub(super) const DELIMITERS: [u8; 4] = [b',', b';', b'\t', b'|'];

/// The delimiter that cuts the first line into the most cells.
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

/// The delimiter that a first line `sep=;` sets, as Excel reads and writes it, and how many bytes the line has.
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
