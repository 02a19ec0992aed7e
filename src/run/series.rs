//! Runs that were written before: reading one back, finding the one that a run follows, and making the outputs
//! of one again.

#![expect(clippy::disallowed_methods, reason = "this room reads the folders of finished runs")]

use std::path::{Path, PathBuf};

use crate::checks::CATALOGUE;
use crate::error::Error;
use crate::output::{self, Place as _};
use crate::render::{findings, xlsx};
use crate::report::facts::{self, Facts};
use crate::report::{Former, Past, Report, Unreadable};
use crate::review::{self, Reviews, Taken};
use crate::series::file as history;

/// What analysts said of findings, in the folder of a run.
pub const REVIEWS: &str = "reviews.jsonl";

/// What a run may follow.
#[derive(Debug, Clone)]
pub enum Previous {
    /// The newest run of the same organisation beside the output folder, where there is one.
    Found,
    /// The run in this folder.
    Given(PathBuf),
    /// None.
    None,
}

/// What a run finds of earlier ones whose outputs will stand in `target`: the run that it follows, and what was
/// said in the one whose place it takes.
///
/// # Errors
/// When a run was named that cannot be followed; one that is merely found and cannot be is passed over.
pub fn past(target: &Path, previous: &Previous, facts: &Facts) -> Result<Past, Error> {
    let former = match previous {
        Previous::None => None,
        Previous::Given(folder) => Some(given(folder, facts)?),
        Previous::Found => newest(target, facts).and_then(|folder| read(&folder).ok()),
    };
    let replaced = if target.join(facts::NAME).exists() { reviews(target)? } else { Reviews::new() };
    Ok(Past { former, replaced })
}

/// A run that the user named.
fn given(folder: &Path, facts: &Facts) -> Result<Former, Error> {
    let former = read(folder)?;
    let refuse = |what: String| {
        Err(Error::Usage(format!(
            "{}: {what}\n  next: name an earlier run of the same organisation with --previous, or leave it out",
            folder.display()
        )))
    };
    if is_of_another(&former.facts, facts) {
        return refuse("is a run of another organisation or platform".to_owned());
    }
    let (then, now) = (former.facts.read_at(), facts.read_at());
    if then >= now {
        return refuse(format!("had read both sides by {then}, which is not before this run ({now})"));
    }
    Ok(former)
}

/// Whether both are known to be of different organisations or platforms.
fn is_of_another(one: &Facts, other: &Facts) -> bool {
    let (one, other) = (&one.origins, &other.origins);
    one.org_id.zip(other.org_id).is_some_and(|(a, b)| a != b)
        || one.platform.as_ref().zip(other.platform.as_ref()).is_some_and(|(a, b)| a != b)
}

/// Whether both are known to be of the same one.
fn is_of_the_same(one: &Facts, other: &Facts) -> bool {
    let same_org = one.origins.org_id.is_some() && one.origins.org_id == other.origins.org_id;
    let same_platform = one.origins.platform.is_some() && one.origins.platform == other.origins.platform;
    !is_of_another(one, other) && (same_org || same_platform)
}

/// The folder of the newest earlier run of the same organisation beside a target.
fn newest(target: &Path, facts: &Facts) -> Option<PathBuf> {
    let beside = match target.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let folders = std::fs::read_dir(beside).ok()?.filter_map(|entry| Some(entry.ok()?.path()));
    folders
        .filter(|folder| {
            folder != target && folder.file_name().is_some_and(|name| !name.as_encoded_bytes().starts_with(b"."))
        })
        .filter_map(|folder| Some((told(&folder).ok()?, folder)))
        .filter(|(former, _)| is_of_the_same(former, facts) && former.read_at() < facts.read_at())
        // Of two that read at the same moment, the one whose name comes last, such as `…-2`.
        .max_by_key(|(former, folder)| (former.read_at(), folder.clone()))
        .map(|(_, folder)| folder)
}

fn not_a_run(path: PathBuf, what: String) -> Error {
    Error::Input {
        path,
        what,
        next: "name the output folder of a run of this version of tieout; or audit again".to_owned(),
    }
}

fn file(folder: &Path, name: &str) -> Result<Vec<u8>, Error> {
    let path = folder.join(name);
    std::fs::read(&path).map_err(|source| match source.kind() {
        std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory => {
            not_a_run(folder.to_owned(), format!("is not the folder of a run: it has no {name}"))
        }
        _ => Error::Unreadable { path, source },
    })
}

fn told(folder: &Path) -> Result<Facts, Error> {
    #[derive(serde::Deserialize)]
    struct Form {
        version: u32,
    }
    let bytes = file(folder, facts::NAME)?;
    let path = || folder.join(facts::NAME);
    let refuse = |error: serde_json::Error| not_a_run(path(), error.to_string());
    let form: Form = serde_json::from_slice(&bytes).map_err(refuse)?;
    if form.version != facts::VERSION {
        let what = format!("has the form {}, and this tieout reads the form {}", form.version, facts::VERSION);
        return Err(not_a_run(path(), what));
    }
    serde_json::from_slice(&bytes).map_err(refuse)
}

/// What analysts said in a run; nothing where nobody did.
///
/// # Errors
/// When the file is there and is not what tieout writes.
pub fn reviews(folder: &Path) -> Result<Reviews, Error> {
    let path = folder.join(REVIEWS);
    match std::fs::read(&path) {
        Ok(bytes) => {
            review::parse(&bytes).map_err(|fault| not_a_run(path, format!("line {}: {}", fault.line, fault.what)))
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Reviews::new()),
        Err(source) => Err(Error::Unreadable { path, source }),
    }
}

/// A finished run, as far as the next one needs it.
///
/// # Errors
/// When the folder is not that of a run, or of one in another form.
pub fn read(folder: &Path) -> Result<Former, Error> {
    let facts = told(folder)?;
    let history =
        history::read(&file(folder, history::NAME)?).map_err(|what| not_a_run(folder.join(history::NAME), what))?;
    Ok(Former { facts, history, reviews: reviews(folder)? })
}

/// What a workbook brought into a run.
#[derive(Debug)]
pub struct Reviewed {
    /// The run's folder.
    pub folder: PathBuf,
    /// Rows of the sheet that name a finding or say something.
    pub rows: usize,
    /// What of them was taken.
    pub taken: Taken,
}

/// Reads an analyst's Status, Owner and Comment back from a workbook into its run: into `run`, or into the folder
/// in which the workbook lies. Where the three cells of a finding that has a review are blank, the review stays unless
/// `withdraw` says otherwise: the workbook may be an older copy, which never showed it. With `dry_run` nothing is written.
///
/// # Errors
/// When the workbook cannot be read, is that of another run, or the folder cannot be written.
pub fn review(workbook: &Path, run: Option<&Path>, withdraw: bool, dry_run: bool) -> Result<Reviewed, Error> {
    let sheet = review::workbook::read(workbook)?;
    let folder = match (run, workbook.parent()) {
        (Some(run), _) => run,
        (None, Some(parent)) if !parent.as_os_str().is_empty() => parent,
        (None, _) => Path::new("."),
    };
    if run.is_none() && !folder.join(facts::NAME).exists() {
        return Err(Error::Usage(format!(
            "{}: does not lie in the folder of a run\n  next: name the folder of the run that wrote it with --run",
            workbook.display()
        )));
    }
    let report = again(folder)?;
    let id = &report.facts.run;
    if let Some(other) = sheet.run.as_ref().filter(|other| *other != id) {
        return Err(Error::Usage(format!(
            "{}: is the workbook of the run {other}, and {} is the run {id}\n  next: name the folder of its own run with --run",
            workbook.display(),
            folder.display(),
        )));
    }
    let known: Vec<String> = report.findings().map(|finding| finding.key.to_string()).collect();
    let shown = known.len().min(xlsx::MOST_FINDINGS);
    let mut taken = review::take(&sheet, &known, &report.reviews, id, shown);
    if !withdraw {
        taken.keep_withdrawn(&report.reviews);
    }
    if !dry_run && taken.reviews != report.reviews {
        let place = output::Again::prepare(folder, &[], false)?;
        place.write(REVIEWS, &review::lines(&taken.reviews))?;
        place.finish()?;
    }
    Ok(Reviewed { folder: folder.to_owned(), rows: sheet.rows.len(), taken })
}

/// The report of a finished run.
///
/// # Errors
/// As [`read`]; and when its findings do not hang together.
pub fn again(folder: &Path) -> Result<Report, Error> {
    let former = read(folder)?;
    let findings = file(folder, findings::NAME)?;
    Report::again(former, findings, &CATALOGUE).map_err(|Unreadable(what)| not_a_run(folder.join(findings::NAME), what))
}
