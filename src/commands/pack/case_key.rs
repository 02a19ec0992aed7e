//! The private folder of a case: the pseudonym key and the mapping. Anyone with the key can test names against the
//! pseudonyms of every pack of the case, so it is randomly generated, readable only by its owner, and always validated.

#![expect(clippy::disallowed_methods, reason = "this file reads and writes the private folders of cases")]

use std::collections::BTreeSet;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use data_encoding::HEXLOWER;
use ring::rand::SecureRandom as _;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::error::Error;
use crate::files;
use crate::outputs::RenderError;
use crate::outputs::redact::Pseudonyms;
use crate::outputs::writer::{File, private_folder};

/// Format version of `key.json`.
const VERSION: u32 = 1;
/// Key length in bytes.
const LENGTH: usize = 32;
/// A key with fewer distinct bytes was typed, not generated: 32 random bytes have about 30 distinct values, and fewer
/// than 16 practically never occur.
const MIN_DIFFERENT_BYTES: usize = 16;
/// Maximum size of `key.json`, in bytes.
const MAX_KEY_FILE: u64 = 4_096;
/// Maximum size of a mapping, in bytes: some millions of rows.
const MAX_MAPPING: u64 = 1 << 29;
/// Maximum bytes read per entry of an earlier pack.
const MAX_ENTRY: u64 = 1 << 20;

const KEY: &str = "key.json";
/// File name of the mapping.
const MAPPING: &str = "pseudonyms.csv";
/// Column headings of [`MAPPING`].
const HEADINGS: [&str; 3] = ["pseudonym", "field", "value"];

/// Pseudonym, field and value.
type Row = (String, String, String);

/// Contents of `key.json`: kept for the life of the case, so that its packs join with each other and with no other
/// case.
#[derive(Serialize, Deserialize)]
struct Key {
    version: u32,
    case: Option<String>,
    key: String,
}

/// Normalized case number, for comparison.
fn plain(case: Option<&str>) -> Option<&str> {
    case.map(|case| case.trim_start_matches('#'))
}

/// Prefix of the key's digest, by which a pack identifies it.
pub(super) fn id(key: &[u8]) -> String {
    HEXLOWER.encode(&Sha256::digest(key)[..4])
}

/// Key of the case: the one its earlier packs used, else a new one.
///
/// # Errors
/// If the folder or the key was not written by tieout or is readable by others, or if the key is missing although packs
/// made with it exist.
pub(super) fn key(private: &Path, case: Option<&str>) -> Result<Vec<u8>, Error> {
    let is_there = check_folder(private)?;
    let path = private.join(KEY);
    let kept = if is_there { own_file(&path, MAX_KEY_FILE)? } else { None };
    let mapping = if is_there { mapped(private)? } else { Vec::new() };
    let earlier = earlier_pack(private, case);
    let refuse = |what: String| {
        Error::Input {
        path: path.clone(),
        what,
        next: "put the key back from a copy; without it, packs of this case do not join with earlier ones. To begin anew, \
               move this folder and the earlier packs of the case away"
            .to_owned(),
    }
    };
    let Some(bytes) = kept else {
        if let Some((pack, _)) = earlier {
            return Err(refuse(format!("is missing, and {} was made with it", pack.display())));
        }
        if !mapping.is_empty() {
            return Err(refuse(format!("is missing, and {MAPPING} beside it was made with it")));
        }
        let mut key = vec![0; LENGTH];
        ring::rand::SystemRandom::new()
            .fill(&mut key)
            .map_err(|_| Error::Defect("this machine gives no random numbers".to_owned()))?;
        return Ok(key);
    };
    let kept: Key = serde_json::from_slice(&bytes).map_err(|error| refuse(format!("is not a key: {error}")))?;
    let key = HEXLOWER.decode(kept.key.as_bytes()).ok().filter(|key| key.len() == LENGTH && kept.version == VERSION);
    let key = key.ok_or_else(|| refuse("is not a key of this version".to_owned()))?;
    if plain(kept.case.as_deref()) != plain(case) {
        return Err(refuse("is the key of another case".to_owned()));
    }
    if key.iter().collect::<BTreeSet<_>>().len() < MIN_DIFFERENT_BYTES {
        return Err(refuse("is not a key that tieout made: it is not random".to_owned()));
    }
    let pseudonyms = Pseudonyms::with_key(&key);
    if mapping.iter().any(|(pseudonym, _, value)| pseudonyms.pseudonym(value) != *pseudonym) {
        return Err(refuse(format!("is not the key that {MAPPING} beside it was made with")));
    }
    match earlier {
        Some((pack, used)) if used != id(&key) => {
            Err(refuse(format!("is not the key that {} was made with", pack.display())))
        }
        _ => Ok(key),
    }
}

/// Saves key and mapping, readable only by their owner; keeps the mappings of the case's earlier packs.
pub(super) fn remember(private: &Path, key: &[u8], case: Option<&str>, mapping: Vec<Row>) -> Result<(), Error> {
    if !check_folder(private)? {
        private_folder(private).map_err(|source| Error::Output {
            path: private.to_owned(),
            what: format!("cannot be written: {source}"),
            next: "make room or give write access here, and pack again".to_owned(),
        })?;
    }
    let kept = Key { version: VERSION, case: case.map(str::to_owned), key: HEXLOWER.encode(key) };
    let mut bytes = serde_json::to_vec_pretty(&kept).map_err(|error| Error::Defect(error.to_string()))?;
    bytes.push(b'\n');
    File::prepare(&private.join(KEY))?.write(&bytes)?;

    let mut all: BTreeSet<Row> = mapping.into_iter().collect();
    all.extend(mapped(private)?);
    let mut writer = csv::Writer::from_writer(Vec::new());
    let rows = || -> Result<Vec<u8>, RenderError> {
        writer.write_record(HEADINGS)?;
        for (pseudonym, field, value) in &all {
            writer.write_record([pseudonym, field, value])?;
        }
        writer.into_inner().map_err(|error| RenderError::Io(error.into_error()))
    };
    let bytes = rows().map_err(|error| super::defect(&error))?;
    File::prepare(&private.join(MAPPING))?.write(&bytes)
}

/// Rows of the mapping in a private folder: pseudonym, field, value. Empty if there is no file.
///
/// # Errors
/// If the file exists but cannot be read.
pub(super) fn mapped(private: &Path) -> Result<Vec<Row>, Error> {
    let path = private.join(MAPPING);
    let Some(bytes) = regular(&path, MAX_MAPPING)? else { return Ok(Vec::new()) };
    let broken = |error: csv::Error| Error::Input {
        path: path.clone(),
        what: format!("is not a mapping of pseudonyms: {error}"),
        next: "put it back from a copy, or move it away".to_owned(),
    };
    let mut reader = csv::Reader::from_reader(bytes.as_slice());
    // A foreign file of this name would be overwritten.
    if reader.headers().map_err(broken)? != HEADINGS.as_slice() {
        return Err(Error::Input {
            path: path.clone(),
            what: "is not a mapping of pseudonyms: its headings are others".to_owned(),
            next: "put it back from a copy, or move it away".to_owned(),
        });
    }
    reader.deserialize().map(|row| row.map_err(broken)).collect()
}

/// Contents of a regular file. `None` if it does not exist.
fn regular(path: &Path, most: u64) -> Result<Option<Vec<u8>>, Error> {
    let unreadable = |source| Error::Unreadable { path: path.to_owned(), source };
    match path.symlink_metadata() {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(source) => return Err(unreadable(source)),
        Ok(metadata) if !metadata.is_file() => {
            return Err(Error::Input {
                path: path.to_owned(),
                what: "is not a regular file".to_owned(),
                next: "put the file back from a copy; links are not followed here".to_owned(),
            });
        }
        Ok(_) => {}
    }
    files::read(path, most).map(Some).map_err(unreadable)
}

/// Like [`regular`], for a file that only its owner can access.
fn own_file(path: &Path, most: u64) -> Result<Option<Vec<u8>>, Error> {
    let bytes = regular(path, most)?;
    if bytes.is_some() && is_open_to_others(path)? {
        return Err(Error::Input {
            path: path.to_owned(),
            what: "can be read or changed by others".to_owned(),
            next: "take their rights away (chmod 600) if nobody else can have read it; else begin anew: move this folder and \
                   the earlier packs of the case away"
                .to_owned(),
        });
    }
    Ok(bytes)
}

/// Whether the private folder exists; one not made by tieout is an error and stays unchanged.
fn check_folder(private: &Path) -> Result<bool, Error> {
    let refuse = |what: &str, next: &str| {
        Err(Error::Output { path: private.to_owned(), what: what.to_owned(), next: next.to_owned() })
    };
    match private.symlink_metadata() {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
        Err(source) => Err(Error::Unreadable { path: private.to_owned(), source }),
        Ok(metadata) if metadata.is_symlink() => refuse(
            "is a link, and the key of a case is kept in a folder of its own",
            "move the link away, and the folder that it points to into its place",
        ),
        Ok(metadata) if !metadata.is_dir() => refuse(
            "is not a folder, and the key of a case is kept there",
            "move it away, or name another folder with --out",
        ),
        Ok(_) if is_open_to_others(private)? => refuse(
            "can be read or changed by others, and the key of a case is kept there",
            "take their rights away (chmod 700), or name another folder with --out",
        ),
        Ok(_) => Ok(true),
    }
}

/// Whether users other than the owner have access to a file or folder.
#[cfg(unix)]
fn is_open_to_others(path: &Path) -> Result<bool, Error> {
    use std::os::unix::fs::MetadataExt as _;
    let metadata = path.symlink_metadata().map_err(|source| Error::Unreadable { path: path.to_owned(), source })?;
    Ok(metadata.mode() & 0o077 != 0)
}

#[cfg(not(unix))]
fn is_open_to_others(_path: &Path) -> Result<bool, Error> {
    Ok(false)
}

/// A pack of the case next to the private folder, and its key id.
fn earlier_pack(private: &Path, case: Option<&str>) -> Option<(PathBuf, String)> {
    let case = plain(case)?;
    let mut packs: Vec<PathBuf> = std::fs::read_dir(private.parent()?)
        .ok()?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            name.starts_with("docebo-evidence_") && name.ends_with(".zip")
        })
        .collect();
    packs.sort_unstable();
    packs.into_iter().find_map(|path| {
        let used = key_of(&path, case)?;
        Some((path, used))
    })
}

/// Whether a file is a pack made by tieout, according to its tags.
pub(super) fn is_pack(path: &Path) -> bool {
    Tags::open(path)
        .and_then(|mut tags| tags.info("Bag-Software-Agent"))
        .is_some_and(|agent| agent.starts_with("tieout "))
}

/// Tag files of a pack.
struct Tags {
    archive: zip::ZipArchive<std::io::BufReader<std::fs::File>>,
    folder: String,
}

impl Tags {
    fn open(pack: &Path) -> Option<Self> {
        let archive = zip::ZipArchive::new(std::io::BufReader::new(files::open(pack).ok()?)).ok()?;
        Some(Self { archive, folder: pack.file_stem()?.to_str()?.to_owned() })
    }

    fn read(&mut self, name: &str) -> Option<String> {
        use std::io::Read as _;
        let mut text = String::new();
        let entry = self.archive.by_name(&format!("{}/{name}", self.folder)).ok()?;
        entry.take(MAX_ENTRY).read_to_string(&mut text).ok()?;
        Some(text)
    }

    /// Value of a label in `bag-info.txt`.
    fn info(&mut self, label: &str) -> Option<String> {
        let text = self.read("bag-info.txt")?;
        let value = text.lines().find_map(|line| line.strip_prefix(label)?.strip_prefix(": "))?;
        Some(value.trim().to_owned())
    }
}

/// Key id of a pack of this case. `None` if it belongs to another case or is no pack.
fn key_of(pack: &Path, case: &str) -> Option<String> {
    #[derive(Deserialize)]
    struct Redacted {
        key_id: Option<String>,
    }
    let mut tags = Tags::open(pack)?;
    if plain(Some(&tags.info("External-Identifier")?)) != Some(case) {
        return None;
    }
    serde_json::from_str::<Redacted>(&tags.read("data/redaction/report.json")?).ok()?.key_id
}
