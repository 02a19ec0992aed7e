//! What must hold of the whole tool.
//!
//! `world` lives through a year of an organisation and disturbs it; `oracle` says, by the rules
//! written down once more and naively, what every record must be called; `story` makes the samples.
//! The other files each state one kind of promise.

#![expect(clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]
#![expect(clippy::disallowed_methods, reason = "tests read and write files")]

mod architecture;
mod bad_input;
mod blocks;
mod bounded_inputs;
mod cases;
mod catalogue;
mod cli;
mod configuration;
mod customisation;
mod decisions;
mod deleted;
mod doctor;
mod envelopes;
mod export_habits;
mod extract;
mod extract_edges;
mod extract_kill;
mod fault_matrix;
mod fields;
mod following;
mod freshness;
mod fuzz;
mod hostile;
mod hostile_folders;
mod hostile_server;
mod inputs;
mod list_view;
mod oracle;
mod outputs;
mod owned_outputs;
mod properties;
mod safe_inputs;
mod safe_outputs;
mod safe_packs;
mod sample_definitions;
mod samples;
mod series;
mod sign_in;
mod snapshot_habits;
mod source;
mod stall_edges;
mod stall_runs;
mod stall_worlds;
mod unreadable;
mod words;
mod world;
mod wrap;

#[path = "../fake_org/server.rs"]
mod fake_org;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use tieout::checks::check::Outcome;
use tieout::error::Error;
use tieout::outputs::ledger;
use tieout::outputs::ledger::Rows;
use tieout::progress::Progress;
use tieout::report::Report;
use tieout::settings::file::{self, Overrides};

use world::World;
use world::dialect::Dialect;

/// The repository.
fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The audit of a folder with a `tieout.toml`.
fn audit(folder: &Path) -> Result<Report, Error> {
    let path = folder.join("tieout.toml");
    let text = std::fs::read_to_string(&path).expect("a configuration");
    let settings = file::load(&path, &text, &Overrides::default())?;
    tieout::commands::audit::audit(&settings, &Progress::hidden())
}

/// The audit of a world as it looks on paper.
fn audit_world(world: &World, dialect: &Dialect) -> Report {
    let folder = tempfile::tempdir().expect("a folder");
    world.write(folder.path(), dialect);
    audit(folder.path()).unwrap_or_else(|error| panic!("{error}\n{dialect:?}"))
}

/// The books of a run that is not read back.
fn reconciliation(report: &Report) -> &tieout::checks::reconciliation::Reconciliation {
    &report.judged().expect("the books").reconciliation
}

/// The audit of a committed sample.
fn audit_sample(name: &str) -> Report {
    audit(&sample_folder(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

fn sample_folder(name: &str) -> PathBuf {
    root().join("samples").join(name)
}

/// Findings by check, as the oracle counts them: checks without findings are left out, and so are those on stalls, which are
/// judged over time and not by rows, and those on unreadable rows, which come by file and reason.
fn counts_of_rows(report: &Report) -> BTreeMap<&'static str, usize> {
    let mut counts = counts(report);
    counts.retain(|check, _| !check.starts_with("outbound-") && *check != "rows-unreadable");
    counts
}

/// Findings by check; checks without findings are left out.
fn counts(report: &Report) -> BTreeMap<&'static str, usize> {
    report
        .results
        .iter()
        .filter(|result| result.outcome() == Outcome::Found)
        .map(|result| (result.check.id, result.findings))
        .collect()
}

/// One ledger with every row, as maps from heading to cell.
fn ledger_rows(report: &Report, name: &str) -> Vec<BTreeMap<String, String>> {
    let files = ledger::files(report, Rows::All).expect("ledgers");
    let (_, bytes) = files.into_iter().find(|(file, _)| *file == name).expect("a ledger of this name");
    let mut reader = csv::Reader::from_reader(bytes.as_slice());
    reader.deserialize().map(|row| row.expect("a row")).collect()
}
