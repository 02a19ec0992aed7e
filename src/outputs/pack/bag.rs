//! The pack as an archive: a BagIt 1.0 bag (RFC 8493) in a zip whose bytes depend only on its content.
//!
//! Must not know: the content of the files.

use std::io::{Cursor, Write};

use data_encoding::HEXLOWER;
use serde::Serialize;
use sha2::{Digest as _, Sha256};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, System, ZipWriter};

use crate::outputs::RenderError;
use crate::outputs::sanitize::PrettySanitizedJson;

/// Personal data in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum FileClass {
    /// None: counts, rules, sources.
    None,
    /// Record ids, which only the two systems can map to persons.
    Pseudonymous,
    /// Unredacted personal values, shown with consent.
    Personal,
}

impl std::fmt::Display for FileClass {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(match self {
            Self::None => "none",
            Self::Pseudonymous => "pseudonymous",
            Self::Personal => "personal",
        })
    }
}

/// A payload file as described in the manifest.
#[derive(Debug, Clone, Serialize)]
pub struct Described {
    /// Its path in the bag.
    pub path: String,
    /// Its purpose.
    pub purpose: &'static str,
    /// Rows below the heading, or lines. `None` if it has none.
    pub rows: Option<u64>,
    /// Its class of personal data.
    pub class: FileClass,
    /// Path of its schema in the bag.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub schema: Option<&'static str>,
}

#[derive(Serialize)]
struct Manifest<'a> {
    version: u32,
    csv: &'static str,
    classes: Classes,
    files: &'a [Described],
}

/// The classes in words.
#[derive(Serialize)]
struct Classes {
    none: &'static str,
    pseudonymous: &'static str,
    personal: &'static str,
}

/// A file and its digest.
struct Digested {
    path: String,
    sha256: String,
}

/// A bag being filled.
pub(super) struct Bag {
    /// Top folder of the archive.
    top: String,
    zip: ZipWriter<Cursor<Vec<u8>>>,
    described: Vec<Described>,
    payload: Vec<Digested>,
    tags: Vec<Digested>,
    octets: u64,
}

impl Bag {
    pub(super) fn new(top: &str) -> Self {
        Self {
            top: top.to_owned(),
            zip: ZipWriter::new(Cursor::new(Vec::new())),
            described: Vec::new(),
            payload: Vec::new(),
            tags: Vec::new(),
            octets: 0,
        }
    }

    /// Adds a payload file; `write` returns the number of rows, if the file has rows.
    pub(super) fn payload(
        &mut self,
        name: &str,
        purpose: &'static str,
        class: FileClass,
        write: impl FnOnce(&mut dyn Write) -> Result<Option<u64>, RenderError>,
    ) -> Result<(), RenderError> {
        let path = format!("data/{name}");
        let (rows, sha256, octets) = self.entry(&path, write)?;
        self.octets += octets;
        self.payload.push(Digested { path: path.clone(), sha256 });
        self.described.push(Described { path, purpose, rows, class, schema: None });
        Ok(())
    }

    /// Sets the schema of the file added last.
    pub(super) fn by_schema(&mut self, schema: &'static str) {
        if let Some(last) = self.described.last_mut() {
            last.schema = Some(schema);
        }
    }

    /// Adds `data/manifest.json`, which describes the payload so far and itself.
    pub(super) fn describe(&mut self) -> Result<Vec<Described>, RenderError> {
        let mut described = std::mem::take(&mut self.described);
        described.push(Described {
            path: "data/manifest.json".to_owned(),
            purpose: "this list",
            rows: Some(described.len() as u64 + 1),
            class: FileClass::None,
            schema: None,
        });
        described.sort_by(|a, b| a.path.cmp(&b.path));
        let manifest = Manifest {
            version: 1,
            csv: "UTF-8, comma, heading line; an apostrophe stands before a cell that a spreadsheet would run as a formula",
            classes: Classes {
                none: "tells nothing about persons",
                pseudonymous: "record ids and pseudonyms, which only the two systems or the customer's key can turn into persons",
                personal: "values of persons as they are, by the consent that redaction/report.json tells of",
            },
            files: &described,
        };
        let (_, sha256, octets) = self.entry("data/manifest.json", |out| {
            let mut serializer = serde_json::Serializer::with_formatter(&mut *out, PrettySanitizedJson::default());
            manifest.serialize(&mut serializer)?;
            out.write_all(b"\n")?;
            Ok(())
        })?;
        self.octets += octets;
        self.payload.push(Digested { path: "data/manifest.json".to_owned(), sha256 });
        Ok(described)
    }

    /// The digest of `manifest-sha256.txt`, which lists the digest of every payload file.
    pub(super) fn digest(&mut self) -> String {
        HEXLOWER.encode(&Sha256::digest(digests(&mut self.payload).as_bytes()))
    }

    /// Adds a file outside the payload.
    pub(super) fn tag(&mut self, path: &str, text: &str) -> Result<(), RenderError> {
        let (_, sha256, _) = self.entry(path, |out| {
            out.write_all(text.as_bytes())?;
            Ok(())
        })?;
        self.tags.push(Digested { path: path.to_owned(), sha256 });
        Ok(())
    }

    /// Adds the tag files of a bag, and closes the archive. `info` are lines of `bag-info.txt`.
    pub(super) fn close(mut self, info: &[(&str, String)]) -> Result<Vec<u8>, RenderError> {
        self.tag("bagit.txt", "BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n")?;
        let mut lines: String = info.iter().map(|(label, value)| format!("{label}: {value}\n")).collect();
        lines.push_str(&format!("Payload-Oxum: {}.{}\n", self.octets, self.payload.len()));
        self.tag("bag-info.txt", &lines)?;
        let manifest = digests(&mut self.payload);
        self.tag("manifest-sha256.txt", &manifest)?;
        let tags = digests(&mut self.tags);
        self.entry("tagmanifest-sha256.txt", |out| {
            out.write_all(tags.as_bytes())?;
            Ok(())
        })?;
        Ok(self.zip.finish()?.into_inner())
    }

    /// Writes one entry; returns the result of `write`, the digest and the length.
    fn entry<T>(
        &mut self,
        path: &str,
        write: impl FnOnce(&mut dyn Write) -> Result<T, RenderError>,
    ) -> Result<(T, String, u64), RenderError> {
        let options = SimpleFileOptions::default()
            .compression_method(CompressionMethod::Deflated)
            .compression_level(Some(6))
            .last_modified_time(DateTime::default())
            .system(System::Unix)
            .unix_permissions(0o644);
        self.zip.start_file(format!("{}/{path}", self.top), options)?;
        let mut out = Digesting { to: &mut self.zip, digest: Sha256::new(), octets: 0 };
        let input = write(&mut out)?;
        Ok((input, HEXLOWER.encode(&out.digest.finalize()), out.octets))
    }
}

/// The lines of a manifest, by path, in the format of `sha256sum -c`.
fn digests(files: &mut [Digested]) -> String {
    files.sort_by(|a, b| a.path.cmp(&b.path));
    files.iter().map(|file| format!("{}  {}\n", file.sha256, file.path)).collect()
}

/// Passes bytes on and digests them.
struct Digesting<'a> {
    to: &'a mut ZipWriter<Cursor<Vec<u8>>>,
    digest: Sha256,
    octets: u64,
}

impl Write for Digesting<'_> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let written = self.to.write(bytes)?;
        self.digest.update(&bytes[..written]);
        self.octets += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.to.flush()
    }
}
