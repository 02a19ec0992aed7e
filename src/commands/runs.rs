//! Earlier runs: reading one, finding the one that a run follows, and rendering its outputs again.

#![expect(clippy::disallowed_methods, reason = "this room reads the folders of finished runs")]

use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

use crate::checks::CATALOGUE;
use crate::error::Error;
use crate::files;
use crate::inputs::reviews;
use crate::inputs::reviews::{Reviews, Taken};
use crate::model::origins::{Identity, Origins, SameOrganization};
use crate::outputs::writer;
use crate::outputs::writer::OutputSink as _;
use crate::outputs::{findings, xlsx};
use crate::report::run_history::{History, file as history};
use crate::report::run_summary;
use crate::report::run_summary::RunSummary;
use crate::report::{Baseline, PreviousRun, Report, Unreadable};

/// File of analysts' reviews in the folder of a run.
pub const REVIEWS: &str = "reviews.jsonl";

/// Which run to follow.
#[derive(Debug, Clone)]
pub enum Previous {
    /// The newest run of the same organization next to the output folder, if any.
    Found,
    /// The run in this folder.
    Given(PathBuf),
    /// None.
    None,
}

/// Result of looking for earlier runs.
#[derive(Debug, Default)]
pub struct Found {
    /// The run to follow, and the reviews of the run being replaced.
    pub baseline: Baseline,
    /// Which earlier run is not followed and why, as a sentence. `None` if one is followed or none exists.
    pub not_followed: Option<String>,
}

/// Finds earlier runs for a run that will be written to `target`.
///
/// # Errors
/// If a run named by the user cannot be followed; a run found automatically is skipped instead.
pub fn find_baseline(target: &Path, previous: &Previous, facts: &RunSummary) -> Result<Found, Error> {
    let (previous, not_followed) = match previous {
        Previous::None => (None, None),
        Previous::Given(folder) => (Some(given(folder, facts)?), None),
        Previous::Found => match newest(target, facts) {
            Ok(previous) => (previous, None),
            Err(NotFollowed { what, why }) => (None, Some(format!("not compared with {what}: {why}"))),
        },
    };
    let replaced = if target.join(run_summary::NAME).exists() { reviews(target)? } else { Reviews::new() };
    Ok(Found { baseline: Baseline { previous, replaced }, not_followed })
}

/// A run named by the user.
fn given(folder: &Path, facts: &RunSummary) -> Result<PreviousRun, Error> {
    let previous = read(folder)?;
    let refuse = |what: String| {
        Err(Error::Usage(format!(
            "{}: {what}\n  next: name an earlier run of the same organization with --previous, or leave it out",
            folder.display()
        )))
    };
    if let SameOrganization::No(identity @ (Identity::OrgId | Identity::Platform)) =
        facts.origins.same_organization(&previous.run.origins)
    {
        return refuse(format!("is {}", another_organization(identity, &previous.run.origins, &facts.origins)));
    }
    let (then, now) = (previous.run.read_at(), facts.read_at());
    if then >= now {
        return refuse(format!("had read both sides by {then}, which is not before this run ({now})"));
    }
    Ok(previous)
}

fn another_organization(identity: Identity, then: &Origins, now: &Origins) -> String {
    let of = |origins: &Origins| match identity {
        Identity::OrgId => origins.org_id.map(|id| id.to_string()),
        Identity::Platform => origins.platform.clone(),
        Identity::IdPrefix => origins.id_prefix.as_ref().map(|part| format!("`{part}`")),
    };
    let what = match identity {
        Identity::OrgId => "organization id",
        Identity::Platform => "platform",
        Identity::IdPrefix => "record ids with the instance part",
    };
    let (then, now) = (of(then).unwrap_or_default(), of(now).unwrap_or_default());
    format!("a run of another organization ({what} {then} instead of {now})")
}

/// Earlier runs exist, but none is followed.
struct NotFollowed {
    /// The closest run, or the folder that was searched.
    what: String,
    /// Why it is not followed.
    why: String,
}

/// The newest earlier run of the same organization next to a target. `None` if there is no run at all.
fn newest(target: &Path, facts: &RunSummary) -> Result<Option<PreviousRun>, NotFollowed> {
    let folder_of_runs = match target.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let folders = match runs(folder_of_runs) {
        // The run in the target is the one being replaced.
        Ok(folders) => folders.into_iter().filter(|folder| folder.file_name() != target.file_name()),
        Err(error) => {
            let what = format!("the runs in {}", folder_of_runs.display());
            return Err(NotFollowed { what, why: format!("the folder cannot be listed ({error})") });
        }
    };
    // Best match: same organization, earlier than this run, newest. If two were read at the same moment, the last by
    // name, such as `…-2`. Unreadable runs rank last.
    let ranked = folders.map(|folder| {
        let described = has_told(&folder);
        let (same, earlier, read_at) = described.as_ref().map_or((false, false, None), |previous| {
            let same = facts.origins.same_organization(&previous.origins);
            let read_at = previous.read_at();
            (matches!(same, SameOrganization::Yes(_)), read_at < facts.read_at(), Some(read_at))
        });
        ((same, same && earlier, read_at, folder), described)
    });
    let Some(((_, _, _, folder), described)) = ranked.max_by(|(one, _), (other, _)| one.cmp(other)) else {
        return Ok(None);
    };
    let followed =
        described.map_err(|error| unreadable(&folder, &error)).and_then(|previous| match obstacle(&previous, facts) {
            Some(why) => Err(why),
            None => read(&folder).map_err(|error| unreadable(&folder, &error)),
        });
    let shown = folder.strip_prefix(".").unwrap_or(&folder);
    followed.map(Some).map_err(|why| NotFollowed { what: shown.display().to_string(), why })
}

/// Why a run that was found is not followed.
fn obstacle(previous: &RunSummary, facts: &RunSummary) -> Option<String> {
    match facts.origins.same_organization(&previous.origins) {
        SameOrganization::No(identity) => {
            Some(format!("it is {}", another_organization(identity, &previous.origins, &facts.origins)))
        }
        SameOrganization::Unknown => Some(
            "nothing shows that it is a run of the same organization; set docebo.platform_url, or name the run with \
             --previous"
                .to_owned(),
        ),
        SameOrganization::Yes(_) if previous.read_at() >= facts.read_at() => Some(format!(
            "it read both sides at the same time or later ({}; this run {})",
            previous.read_at(),
            facts.read_at()
        )),
        SameOrganization::Yes(_) => None,
    }
}

fn unreadable(folder: &Path, error: &Error) -> String {
    match form(folder) {
        Ok(form) if form != run_summary::VERSION => {
            format!("it was written in another format version ({form} instead of {})", run_summary::VERSION)
        }
        _ => {
            let error = error.to_string();
            format!("it cannot be read ({})", error.lines().next().unwrap_or_default())
        }
    }
}

/// Run folders in a folder.
fn runs(folder: &Path) -> std::io::Result<Vec<PathBuf>> {
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let mut folders = Vec::new();
    for entry in entries {
        let path = entry?.path();
        // A leading dot marks the unfinished folder of a run being written.
        let hidden = path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"."));
        if !hidden && path.join(run_summary::NAME).exists() {
            folders.push(path);
        }
    }
    Ok(folders)
}

fn not_a_run(path: PathBuf, what: String) -> Error {
    Error::Input {
        path,
        what,
        next: "name the output folder of a run of this version of tieout; or audit again".to_owned(),
    }
}

/// Error for a folder, or other file, that lacks a file of a run.
fn no_run(folder: &Path, lacks: &str) -> Error {
    let what = if folder.is_dir() {
        format!("is not the folder of a run: it has no {lacks}")
    } else if folder.exists() {
        "is a file, not the folder of a run".to_owned()
    } else {
        "is not the folder of a run: it does not exist".to_owned()
    };
    let next = format!("name the folder of a run{}", what_a_run_is(folder));
    Error::Input { path: folder.to_owned(), what, next }
}

/// Describes a run's folder and suggests the one probably meant by a wrong path.
fn what_a_run_is(named: &Path) -> String {
    let dated = |folder: PathBuf| Some((has_told(&folder).ok()?.read_at(), folder));
    let meant = if named.is_dir() {
        let in_runs = runs(&named.join("tieout-runs")).unwrap_or_default();
        let newest = runs(named).unwrap_or_default().into_iter().chain(in_runs).filter_map(dated).max();
        newest.map(|(_, folder)| format!("the newest run in this folder is {}", folder.display()))
    } else {
        let parent = named.parent().filter(|parent| parent.join(run_summary::NAME).exists());
        parent.map(|parent| format!("the file is in the run {}", parent.display()))
    };
    format!(
        ": it contains {}, {}, {} and the outputs, and `tieout audit` writes it under tieout-runs/ by default{}",
        run_summary::NAME,
        findings::NAME,
        history::NAME,
        meant.map_or_else(String::new, |meant| format!("; {meant}"))
    )
}

/// Maximum size of a run's findings, in bytes; a million findings take half of it.
const MAX_FINDINGS_BYTES: u64 = 2 << 30;
/// Maximum size of a run's reviews, in bytes.
const MAX_REVIEWS_BYTES: u64 = 256 << 20;
/// Maximum size of any other file of a run, in bytes; these are read from every neighboring run.
const MAX_SMALL_FILE_BYTES: u64 = 64 << 20;
/// Maximum size of a run's history, in bytes; it is read row by row.
const MAX_HISTORY_BYTES: u64 = 4 << 30;
/// Maximum length of a history line, in bytes.
const MAX_HISTORY_LINE: usize = 64 << 10;

fn unread(folder: &Path, name: &str, source: std::io::Error) -> Error {
    match source.kind() {
        std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory => no_run(folder, name),
        _ => Error::Unreadable { path: folder.join(name), source },
    }
}

fn file(folder: &Path, name: &str) -> Result<Vec<u8>, Error> {
    let most = if name == findings::NAME { MAX_FINDINGS_BYTES } else { MAX_SMALL_FILE_BYTES };
    files::read(&folder.join(name), most).map_err(|source| unread(folder, name, source))
}

/// History of a run, and its digest.
fn history_of(folder: &Path) -> Result<(History, String), Error> {
    let file = files::open(&folder.join(history::NAME)).map_err(|source| unread(folder, history::NAME, source))?;
    let mut rows = Rows { from: file.take(MAX_HISTORY_BYTES), digest: Sha256::new(), line: 0 };
    let history = history::read(&mut rows).map_err(|what| not_a_run(folder.join(history::NAME), what))?;
    Ok((history, data_encoding::HEXLOWER.encode(&rows.digest.finalize())))
}

/// Reads a history's bytes: digests them and fails on overlong lines. So memory use depends on the rows, not on the
/// file size.
struct Rows {
    from: std::io::Take<std::fs::File>,
    digest: Sha256,
    /// Bytes since the last line end.
    line: usize,
}

impl std::io::Read for Rows {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let length = self.from.read(buffer)?;
        let bytes = &buffer[..length];
        self.digest.update(bytes);
        self.line = memchr::memrchr(b'\n', bytes).map_or(self.line + length, |at| length - at - 1);
        let too_large = |what: String| Err(std::io::Error::new(std::io::ErrorKind::FileTooLarge, what));
        if self.line > MAX_HISTORY_LINE {
            return too_large(format!("has a line of more than {MAX_HISTORY_LINE} bytes"));
        }
        if self.from.limit() == 0 {
            return too_large(format!("is larger than {MAX_HISTORY_BYTES} bytes"));
        }
        Ok(length)
    }
}

/// Format version of a run.
fn form(folder: &Path) -> Result<u32, Error> {
    form_of(&file(folder, run_summary::NAME)?).map_err(|what| not_a_run(folder.join(run_summary::NAME), what))
}

fn form_of(bytes: &[u8]) -> Result<u32, String> {
    #[derive(serde::Deserialize)]
    struct Form {
        version: u32,
    }
    serde_json::from_slice(bytes).map(|form: Form| form.version).map_err(|error| error.to_string())
}

fn has_told(folder: &Path) -> Result<RunSummary, Error> {
    expected_digest(folder, &file(folder, run_summary::NAME)?)
}

fn expected_digest(folder: &Path, bytes: &[u8]) -> Result<RunSummary, Error> {
    let refuse = |what: String| not_a_run(folder.join(run_summary::NAME), what);
    let form = form_of(bytes).map_err(refuse)?;
    if form != run_summary::VERSION {
        return Err(refuse(format!(
            "has format version {form}, but this tieout reads version {}",
            run_summary::VERSION
        )));
    }
    serde_json::from_slice(bytes).map_err(|error| refuse(error.to_string()))
}

/// Reviews in a run; empty if there are none.
///
/// # Errors
/// If the file exists but was not written by tieout.
pub fn reviews(folder: &Path) -> Result<Reviews, Error> {
    reviews_noting(folder, &mut Digests::new())
}

fn reviews_noting(folder: &Path, digests: &mut Digests) -> Result<Reviews, Error> {
    let path = folder.join(REVIEWS);
    match files::read(&path, MAX_REVIEWS_BYTES) {
        Ok(bytes) => {
            digests.insert(REVIEWS, digest(&bytes));
            reviews::parse(&bytes).map_err(|fault| not_a_run(path, format!("line {}: {}", fault.line, fault.what)))
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Reviews::new()),
        Err(source) => Err(Error::Unreadable { path, source }),
    }
}

/// SHA-256 of each file read from a run, by name.
type Digests = BTreeMap<&'static str, String>;

fn digest(bytes: &[u8]) -> String {
    data_encoding::HEXLOWER.encode(&Sha256::digest(bytes))
}

/// Compares the files read from a run with the run's list of digests, so that an edited or removed file is not used. An
/// edit that also changes the list is not detected: the list is not signed.
fn unchanged(folder: &Path, read: &Digests) -> Result<(), Error> {
    let refuse = |name: &str, what: String| Error::Input {
        path: folder.join(name),
        what,
        next: "put the file back as the run wrote it, from a copy of the folder; or audit again".to_owned(),
    };
    let list = String::from_utf8(file(folder, writer::DIGESTS)?)
        .map_err(|_| refuse(writer::DIGESTS, "is not valid UTF-8".to_owned()))?;
    let listed = writer::listed(&list);
    for (&name, digest) in read {
        match listed.get(name) {
            Some(listed) if listed == digest => {}
            Some(_) => {
                let what = format!("was changed since the run: its SHA-256 is not the one in {}", writer::DIGESTS);
                return Err(refuse(name, what));
            }
            None => return Err(refuse(name, format!("is not listed in the run's {}", writer::DIGESTS))),
        }
    }
    // The only optional file among these.
    if listed.contains_key(REVIEWS) && !read.contains_key(REVIEWS) {
        return Err(refuse(REVIEWS, format!("is missing, but is listed in the run's {}", writer::DIGESTS)));
    }
    Ok(())
}

/// Reads the parts of a finished run that the next one needs.
///
/// # Errors
/// If the folder is not a run or has another format version, or if a file does not match the run's list of digests.
pub fn read(folder: &Path) -> Result<PreviousRun, Error> {
    let mut digests = Digests::new();
    let previous = read_noting(folder, &mut digests)?;
    unchanged(folder, &digests)?;
    Ok(previous)
}

fn read_noting(folder: &Path, digests: &mut Digests) -> Result<PreviousRun, Error> {
    let bytes = file(folder, run_summary::NAME)?;
    digests.insert(run_summary::NAME, digest(&bytes));
    let facts = expected_digest(folder, &bytes)?;
    let (history, sha256) = history_of(folder)?;
    digests.insert(history::NAME, sha256);
    Ok(PreviousRun { run: facts, history, reviews: reviews_noting(folder, digests)? })
}

/// Result of importing a workbook into a run.
#[derive(Debug)]
pub struct Reviewed {
    /// Folder of the run.
    pub folder: PathBuf,
    /// Rows of the sheet that name a finding or are filled in.
    pub rows: usize,
    /// What was imported.
    pub taken: Taken,
}

/// Imports an analyst's Status, Owner and Comment from a workbook into its run: into `run`, or the folder that contains
/// the workbook. If all three cells of a reviewed finding are blank, the review stays unless `withdraw` is set: the
/// workbook may be an older copy that never showed it. With `dry_run` nothing is written.
///
/// # Errors
/// If the workbook cannot be read or belongs to another run, or if the folder cannot be written.
pub fn review(workbook: &Path, run: Option<&Path>, withdraw: bool, dry_run: bool) -> Result<Reviewed, Error> {
    if workbook.is_dir() {
        let what = "is a folder, not a workbook".to_owned();
        let next = if workbook.join(run_summary::NAME).exists() {
            format!("name the workbook of this run: {}", workbook.join("workbook.xlsx").display())
        } else {
            format!("name the workbook in the folder of a run{}", what_a_run_is(workbook))
        };
        return Err(Error::Input { path: workbook.to_owned(), what, next });
    }
    let sheet = reviews::workbook::read(workbook)?;
    let folder = match (run, workbook.parent()) {
        (Some(run), _) => run,
        (None, Some(parent)) if !parent.as_os_str().is_empty() => parent,
        (None, _) => Path::new("."),
    };
    if run.is_none() && !folder.join(run_summary::NAME).exists() {
        return Err(Error::Usage(format!(
            "{}: is not in the folder of a run\n  next: name the folder of the run that wrote it with --run{}",
            workbook.display(),
            what_a_run_is(folder)
        )));
    }
    // Locked from before the reviews are read until they are written, so that concurrent analysts lose nothing. Manual
    // edits to the file are read too.
    let place = if dry_run { None } else { Some(open_for_rerender(folder, &[], true)?) };
    let report = rerender(folder)?;
    let id = &report.run.run;
    if let Some(other) = sheet.run.as_ref().filter(|other| *other != id) {
        return Err(Error::Usage(format!(
            "{}: is the workbook of the run {other}, and {} is the run {id}\n  next: name the folder of its own run with --run",
            workbook.display(),
            folder.display(),
        )));
    }
    let known: Vec<String> = report.findings().map(|finding| finding.key.to_string()).collect();
    let shown = known.len().min(xlsx::MAX_FINDINGS);
    let mut taken = reviews::take(&sheet, &known, &report.reviews, id, shown);
    if !withdraw {
        taken.keep_withdrawn(&report.reviews);
    }
    if let Some(place) = place.filter(|_| taken.reviews != report.reviews) {
        place.write(REVIEWS, &reviews::lines(&taken.reviews))?;
        place.finish()?;
    }
    Ok(Reviewed { folder: folder.to_owned(), rows: sheet.rows.len(), taken })
}

/// Opens a finished run's folder to render files again; the user's changes to the files in `names` are replaced only
/// with `force`. The folder stays locked until the result is dropped.
///
/// # Errors
/// If the folder is not a run, another run is writing there, or preparing the files fails.
pub fn open_for_rerender(folder: &Path, names: &[&str], force: bool) -> Result<writer::Rerender, Error> {
    writer::recover(folder, &super::write::OUTPUTS)?;
    form(folder)?;
    writer::Rerender::prepare(folder, &super::write::OUTPUTS, names, force)
}

/// Report of a finished run.
///
/// # Errors
/// Those of [`read`], and if its findings are inconsistent.
pub fn rerender(folder: &Path) -> Result<Report, Error> {
    let mut digests = Digests::new();
    let previous = read_noting(folder, &mut digests)?;
    let findings = file(folder, findings::NAME)?;
    digests.insert(findings::NAME, digest(&findings));
    let report = Report::rerender(previous, findings, &CATALOGUE)
        .map_err(|Unreadable(what)| not_a_run(folder.join(findings::NAME), what))?;
    unchanged(folder, &digests)?;
    Ok(report)
}
