//! The evidence pack of a case: made from a finished run's folder, with confidential files in a separate folder.

#![expect(clippy::disallowed_methods, reason = "this room reads and writes the folders of cases")]

mod case_key;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use data_encoding::HEXLOWER;
use sha2::{Digest as _, Sha256};

use crate::checks::check::{Check, Owner};
use crate::commands::runs;
use crate::diagnosis::Diagnosis;
use crate::error::Error;
use crate::exit::Exit;
use crate::files::{self, Lock};
use crate::outputs::pack;
use crate::outputs::pack::{Case, Consent, Pack};
use crate::outputs::redact::{Names, Pseudonyms, Redaction};
use crate::outputs::ticket;
use crate::outputs::ticket::Filled;
use crate::outputs::writer;
use crate::outputs::writer::File;
use crate::outputs::{RenderError, xlsx};
use crate::report::Report;
use crate::verify::{self, Known, PackParameters};

/// Options for making a pack.
#[derive(Debug, Clone, Default)]
pub struct PackOptions {
    /// Folder of the run.
    pub run: PathBuf,
    /// Folder that the pack is written to.
    pub out: PathBuf,
    /// Case number at Docebo support.
    pub case: Option<String>,
    /// Check id of the cause; by default the most severe.
    pub cause: Option<String>,
    /// Personal fields to show unredacted.
    pub raw: Vec<String>,
    /// Ticket answers from the person opening the case.
    pub filled: Filled,
    /// Whether to include the workbook.
    pub with_workbook: bool,
    /// Whether findings appear only as examples and counts.
    pub examples_only: bool,
    /// Whether to write nothing.
    pub dry_run: bool,
    /// Whether to replace a pack of the same name.
    pub force: bool,
}

/// Result of making a pack.
#[derive(Debug)]
pub struct PackResult {
    /// The pack.
    pub pack: Pack,
    /// Path of the pack. `None` for a dry run or if verification failed.
    pub path: Option<PathBuf>,
    /// Folder of key and mapping. `None` for a dry run or if verification failed.
    pub private: Option<PathBuf>,
    /// Result of `tieout verify`. A pack that fails is not written.
    pub verified: Diagnosis,
    /// Ticket fields that are still blank.
    pub unfilled: Vec<String>,
}

/// Makes the evidence pack of a case. `consent` is called with the fields to show unredacted, each with the files and
/// fields that contain its values; it returns who consented and why, or `None`.
///
/// # Errors
/// If the folder is not a run, the cause or a field is unknown, consent is refused, the pack would be too large, or a
/// file cannot be written.
pub fn pack(
    wanted: &PackOptions,
    consent: impl FnOnce(&[(String, u64)]) -> Option<String>,
) -> Result<PackResult, Error> {
    writer::recover(&wanted.run, &super::write::OUTPUTS)?;
    let report = runs::rerender(&wanted.run)?;
    let cause = cause(&report, wanted.cause.as_deref())?;
    let consent = agreed(&report, cause, &wanted.raw, consent)?;
    let private = private(wanted, &report, cause)?;
    let path = wanted.out.join(format!("{}.zip", pack::name(&report, cause)));
    // Held until key and mapping are written; otherwise two concurrent packs could overwrite each other's.
    let _made = CreatedFolder::before(wanted);
    let _locks = if wanted.dry_run { None } else { Some(locked(wanted, &private, &path)?) };
    // A dry run keeps no key, so its pseudonyms belong to no case.
    let key = case_key::key(&private, wanted.case.as_deref())?;
    let pseudonyms = Pseudonyms::with_key(&key);
    let workbook = wanted.with_workbook.then(|| {
        let pseudonyms = Pseudonyms::with_key(&key);
        // The workbook's temporary file goes next to the pack; a dry run writes nothing there.
        let folder = if wanted.dry_run { &wanted.run } else { &wanted.out };
        let mut bytes = Vec::new();
        let names = Names::Pseudonyms(&pseudonyms);
        xlsx::write(&report.without_names(), names, Some(folder), &mut bytes).map(|()| bytes).map_err(|error| {
            match error {
                RenderError::Temporary(_) => cannot_write(folder, &error.to_string()),
                error => defect(&error),
            }
        })
    });
    let workbook = workbook.transpose()?;
    let key_id = case_key::id(&key);
    let case = Case {
        number: wanted.case.as_deref(),
        cause,
        redaction: Redaction::new(Some(&pseudonyms), &wanted.raw),
        key_id: Some(&key_id),
        consent: consent.as_ref(),
        filled: &wanted.filled,
        workbook: workbook.as_deref(),
        examples_only: wanted.examples_only,
    };
    let pack = pack::build(&report, &case).map_err(|error| defect(&error))?;
    let unfilled = ticket::unfilled(&pack.ticket);
    if pack.bytes.len() > pack::MAX_BYTES {
        return Err(Error::Output {
            path,
            what: format!("would be {} MB, and support's forms take 45", pack.bytes.len() / 1_000_000),
            next: "use --examples-only, which leaves the full list of findings out; support can ask for it".to_owned(),
        });
    }
    let mapping = case.redaction.mapping();
    let mut values: BTreeSet<String> = personal_values_of(&report).into_iter().collect();
    values.extend(mapping.iter().map(|(_, _, value)| value.clone()));
    let digest = Some(HEXLOWER.encode(&Sha256::digest(&pack.bytes)));
    let verified = verify::verify(&pack.bytes, &Known { values: values.into_iter().collect(), digest });
    if wanted.dry_run || verified.exit() != Exit::Clean {
        return Ok(PackResult { pack, path: None, private: None, unfilled, verified });
    }
    // Written first: a pack whose key is lost cannot be joined with any other.
    case_key::remember(&private, &key, wanted.case.as_deref(), mapping)?;
    write(&path, &pack)?;
    Ok(PackResult { pack, path: Some(path), private: Some(private), unfilled, verified })
}

fn cannot_write(path: &Path, what: &str) -> Error {
    Error::Output {
        path: path.to_owned(),
        what: format!("cannot be written: {what}"),
        next: "name another folder with --out, or make room or give write access here".to_owned(),
    }
}

fn defect(error: &RenderError) -> Error {
    Error::Defect(format!("the pack could not be made: {error}"))
}

/// The requested cause.
fn cause(report: &Report, id: Option<&str>) -> Result<Option<&'static Check>, Error> {
    let Some(id) = id else { return Ok(pack::root(report)) };
    let theirs: Vec<&'static Check> =
        pack::causes(report).into_iter().filter(|check| check.owner == Owner::DoceboSupport).collect();
    if let Some(cause) = theirs.iter().find(|check| check.id == id) {
        return Ok(Some(cause));
    }
    let named: Vec<&str> = theirs.iter().map(|check| check.id).collect();
    let next = if named.is_empty() {
        "this run found nothing for Docebo's support to act on".to_owned()
    } else {
        format!("name one of {}", named.join(", "))
    };
    let result = report.results.iter().find(|result| result.check.id == id);
    let what = match result {
        None => "is no check".to_owned(),
        Some(result) if result.findings == 0 => "found nothing in this run".to_owned(),
        Some(result) if result.is_consequence() => {
            "found only what is there because of a stall: that is the cause".to_owned()
        }
        Some(result) => format!("is for the {} to act on, not for Docebo's support", result.check.owner),
    };
    Err(Error::Usage(format!("--cause {id}: {what}\n  next: {next}")))
}

/// Asks for consent if personal fields are requested.
fn agreed(
    report: &Report,
    cause: Option<&'static Check>,
    raw: &[String],
    consent: impl FnOnce(&[(String, u64)]) -> Option<String>,
) -> Result<Option<Consent>, Error> {
    if raw.is_empty() {
        return Ok(None);
    }
    let fields = pack::personal_fields(report, cause);
    let mut asked = Vec::new();
    for field in raw {
        let Some(&places) = fields.get(field) else {
            let known: Vec<&str> = fields.keys().map(String::as_str).collect();
            let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
            return Err(Error::Usage(format!(
                "--include-raw {field}: is no personal field of this case\n  next: name one of its fields: {known}"
            )));
        };
        asked.push((field.clone(), places));
    }
    match consent(&asked).filter(|message| !message.trim().is_empty()) {
        Some(message) => Ok(Some(Consent { fields: raw.to_vec(), statement: message })),
        None => Err(Error::Usage(
            "--include-raw: nobody consented, and nothing was written\n  next: say who consents and why with --consent \
             \"NAME, reason\"; or leave --include-raw out"
                .to_owned(),
        )),
    }
}

/// Folder for key and mapping: one per case, else one per pack.
fn private(wanted: &PackOptions, report: &Report, cause: Option<&'static Check>) -> Result<PathBuf, Error> {
    let Some(case) = &wanted.case else {
        return Ok(wanted.out.join(format!("{}.private", pack::name(report, cause))));
    };
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '#');
    if case.len() > 60 || !case.chars().all(plain) || !case.contains(|c: char| c.is_ascii_alphanumeric()) {
        return Err(Error::Usage(format!(
            "--case {case}: is not a case number\n  next: use letters and digits, at least one of them, and - or _ between them, such as --case 123456"
        )));
    }
    Ok(wanted.out.join(format!("docebo-case-{}.private", case.trim_start_matches('#'))))
}

/// Output folder created by this run; removed on drop if still empty.
struct CreatedFolder(Option<PathBuf>);

impl CreatedFolder {
    fn before(wanted: &PackOptions) -> Self {
        Self(Some(wanted.out.clone()).filter(|out| !wanted.dry_run && out.symlink_metadata().is_err()))
    }
}

impl Drop for CreatedFolder {
    fn drop(&mut self) {
        if let Some(out) = &self.0 {
            // Fails, as it should, if the folder is not empty.
            let _ = std::fs::remove_dir(out);
        }
    }
}

/// Creates the output folder and locks it against other runs writing the same pack or key.
fn locked(wanted: &PackOptions, private: &Path, path: &Path) -> Result<[Lock; 2], Error> {
    may_be_replaced(path, wanted.force)?;
    let failed = |source: std::io::Error| Error::Output {
        path: wanted.out.clone(),
        what: format!("cannot be written: {source}"),
        next: "name another folder with --out".to_owned(),
    };
    if let Some(parent) = wanted.out.parent() {
        std::fs::create_dir_all(parent).map_err(failed)?;
    }
    // An existing folder keeps its mode.
    match writer::private_folder(&wanted.out) {
        Err(_) if wanted.out.is_dir() => {}
        made => made.map_err(failed)?,
    }
    for path in [path, &digest_of(path)] {
        File::prepare(path)?;
    }
    // Every path to the same folder must yield the same lock.
    let out = std::fs::canonicalize(&wanted.out).map_err(failed)?;
    let lock = |path: &Path| Lock::new(&out.join(path.file_name().unwrap_or_default()));
    Ok([lock(private)?, lock(path)?])
}

/// Refuses to replace an existing pack or digest: without `force` any, else one that tieout did not write.
fn may_be_replaced(path: &Path, force: bool) -> Result<(), Error> {
    let is_there = |path: &Path| path.symlink_metadata().is_ok();
    let refuse = |path: &Path, what: &str, next: &str| {
        Err(Error::Output { path: path.to_owned(), what: what.to_owned(), next: next.to_owned() })
    };
    let digest = digest_of(path);
    let away = "move it away, or name another folder with --out";
    for (path, is_own) in [(path, case_key::is_pack as fn(&Path) -> bool), (&digest, is_digest)] {
        // Anything but a regular file is refused later, when it is prepared.
        let is_file = path.symlink_metadata().is_ok_and(|there| there.is_file());
        if is_there(path) && !force {
            return refuse(
                path,
                "exists already, and nothing is overwritten",
                "name another folder with --out, or use --force",
            );
        }
        if is_file && !is_own(path) {
            return refuse(path, "was not written by tieout, and is not replaced, not even with --force", away);
        }
    }
    Ok(())
}

/// Whether a file is a pack digest as written by [`write`].
fn is_digest(path: &Path) -> bool {
    let name = path.file_stem().unwrap_or_default().to_string_lossy();
    files::read_text(path, MAX_DIGEST_BYTES).is_ok_and(|text| {
        let digest = text.strip_suffix(&format!("  {name}\n"));
        digest.is_some_and(|digest| HEXLOWER.decode(digest.as_bytes()).is_ok_and(|bytes| bytes.len() == 32))
    })
}

/// Path of a pack's digest file.
fn digest_of(pack: &Path) -> PathBuf {
    let mut path = pack.as_os_str().to_owned();
    path.push(".sha256");
    PathBuf::from(path)
}

/// Writes archive and digest. If interrupted, the pack has no digest rather than a wrong one.
fn write(path: &Path, pack: &Pack) -> Result<(), Error> {
    let (zip, noted) = (File::prepare(path)?, File::prepare(&digest_of(path))?);
    match std::fs::remove_file(digest_of(path)) {
        Err(source) if source.kind() != std::io::ErrorKind::NotFound => {
            return Err(Error::Output {
                path: digest_of(path),
                what: format!("cannot be replaced: {source}"),
                next: "name another folder with --out".to_owned(),
            });
        }
        _ => {}
    }
    zip.write(&pack.bytes)?;
    let digest = HEXLOWER.encode(&Sha256::digest(&pack.bytes));
    noted.write(format!("{digest}  {}.zip\n", pack.name).as_bytes())
}

/// Maximum pack size that is read, in bytes: more than five times what may be sent.
const MAX_PACK_BYTES: u64 = 256 << 20;
/// Maximum size of a pack's digest file, in bytes.
const MAX_DIGEST_BYTES: u64 = 64 << 10;

/// Verifies a pack. Personal values are taken from the neighboring private folders and from `run`, with which every
/// figure is compared.
///
/// # Errors
/// If the pack, a mapping or the run cannot be read.
pub fn verify(pack: &Path, run: Option<&Path>) -> Result<Diagnosis, Error> {
    let unreadable = |source| Error::Unreadable { path: pack.to_owned(), source };
    let bytes = files::read(pack, MAX_PACK_BYTES).map_err(unreadable)?;
    let folder = match pack.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let mut values: BTreeSet<String> = BTreeSet::new();
    for entry in std::fs::read_dir(folder).map_err(unreadable)?.filter_map(Result::ok) {
        let path = entry.path();
        if path.is_dir() && path.extension().is_some_and(|extension| extension == "private") {
            values.extend(case_key::mapped(&path)?.into_iter().map(|(_, _, value)| value));
        }
    }
    let report = run.map(runs::rerender).transpose()?;
    if let Some(report) = &report {
        values.extend(personal_values_of(report));
    }
    let mut noted = pack.as_os_str().to_owned();
    noted.push(".sha256");
    let noted = PathBuf::from(noted);
    let digest = match files::read_text(&noted, MAX_DIGEST_BYTES) {
        Ok(text) => text.split_whitespace().next().map(str::to_owned),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
        Err(source) => return Err(Error::Unreadable { path: noted, source }),
    };
    let known = Known { values: values.into_iter().collect(), digest };
    Ok(match &report {
        Some(report) => verify::verify_against(&bytes, &known, &|stated| again(report, stated)),
        None => verify::verify(&bytes, &known),
    })
}

/// Verifies a pack that a run makes itself.
pub(super) fn verified(report: &Report, bytes: &[u8]) -> Diagnosis {
    verify::verify(bytes, &Known { values: personal_values_of(report), digest: None })
}

/// Rebuilds the pack of a run from a pack's stated parameters, except the pseudonym key.
fn again(report: &Report, stated: &PackParameters) -> Result<Vec<u8>, String> {
    let found = |id: &String| {
        let cause = pack::causes(report).into_iter().find(|check| check.id == *id);
        cause.ok_or_else(|| "is another one: the pack names a cause that the run does not have".to_owned())
    };
    let cause = stated.cause.as_ref().map(found).transpose()?;
    let pseudonyms = stated.key_id.is_some().then(|| Pseudonyms::with_key(&[0; 32]));
    let names = pseudonyms.as_ref().map_or(Names::Withheld, Names::Pseudonyms);
    let workbook = stated.with_workbook.then(|| xlsx::workbook(&report.without_names(), names));
    let workbook = workbook.transpose().map_err(|error| format!("cannot be made: {error}"))?;
    let consent = stated.consent.clone().map(|message| Consent { fields: stated.raw.clone(), statement: message });
    let filled = Filled { contact: stated.contact.clone(), impact: stated.impact.clone(), tried: stated.tried.clone() };
    let case = Case {
        number: stated.case.as_deref(),
        cause,
        redaction: Redaction::new(pseudonyms.as_ref(), &stated.raw),
        key_id: stated.key_id.as_deref(),
        consent: consent.as_ref(),
        filled: &filled,
        workbook: workbook.as_deref(),
        examples_only: stated.examples_only,
    };
    pack::build(report, &case).map(|pack| pack.bytes).map_err(|error| format!("cannot be made: {error}"))
}

/// Every personal value in the findings of a run.
///
/// # Errors
/// If the folder is not a run.
pub fn personal_values(run: &Path) -> Result<Vec<String>, Error> {
    Ok(personal_values_of(&runs::rerender(run)?))
}

fn personal_values_of(report: &Report) -> Vec<String> {
    let mut values = BTreeSet::new();
    for finding in report.findings() {
        let described = [&finding.detail.expected, &finding.detail.found];
        let says = finding.evidence().flat_map(|evidence| evidence.fields.iter().map(|(_, text)| text));
        for text in described.into_iter().chain(says).filter(|text| text.is_personal()) {
            values.insert(text.raw().to_owned());
        }
    }
    values.into_iter().collect()
}
