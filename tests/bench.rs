//! `cargo bench`: how long an audit takes, as a ratio to a bare scan of the same files.
//!
//! Makes 200,000 learners with 2,000,000 enrollments a side in a temporary folder (`TIEOUT_BENCH_LEARNERS`
//! and `TIEOUT_BENCH_ENROLLMENTS` change that; `TIEOUT_BENCH_KEEP=DIR` makes the files there, for whatever else
//! one wants to try on them, and ends; `TIEOUT_THREADS` says on how many threads; `TIEOUT_BENCH_FINDINGS=1` does the part on many findings alone;
//! `TIEOUT_BENCH_MOST=SCANS,MIB` does the audit alone and fails where it takes more), scans every file once with `csv::ByteRecord` on one
//! thread, then runs the audit with every output. Machines differ and are noisy; the ratio within one run
//! is what counts. Peak memory is read where the system tells it (Linux).

#![expect(
    clippy::print_stdout,
    clippy::disallowed_methods,
    clippy::expect_used,
    reason = "a benchmark measures and prints"
)]

#[path = "bulk.rs"]
mod bulk;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use tieout::commands;
use tieout::commands::write::Outputs;
use tieout::outputs;
use tieout::outputs::ledger::Rows;
use tieout::outputs::redact::Names;
use tieout::outputs::writer::Folder;
use tieout::progress::Progress;
use tieout::settings::file::{self, Overrides};
use tieout::stalls::segment::{Event, EventStatus, Record, segment};

fn main() {
    // As the program does it: this thread is one of those that work.
    let threads = rayon::ThreadPoolBuilder::new().num_threads(1 + more_threads()).use_current_thread();
    threads.build().expect("threads").install(measure);
}

/// How many threads work beside this one: `TIEOUT_THREADS` in all, else as many as there are cores.
fn more_threads() -> usize {
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let wanted = std::env::var("TIEOUT_THREADS").ok().and_then(|text| text.parse().ok()).filter(|&threads| threads > 0);
    wanted.unwrap_or(cores) - 1
}

fn measure() {
    if std::env::var_os("TIEOUT_BENCH_FINDINGS").is_some() {
        return a_hundred_thousand_findings();
    }
    let number =
        |name: &str, default: u64| std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default);
    let learners = u32::try_from(number("TIEOUT_BENCH_LEARNERS", 200_000)).expect("fewer than four billion");
    let enrollments = number("TIEOUT_BENCH_ENROLLMENTS", 2_000_000);
    if let Some(folder) = std::env::var_os("TIEOUT_BENCH_KEEP") {
        let percent = f64::from(u32::try_from(number("TIEOUT_BENCH_PERCENT", 3)).expect("a percentage"));
        bulk::write(Path::new(&folder), learners, enrollments, percent).expect("room for the files");
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let began = Instant::now();
    let written = bulk::write(folder.path(), learners, enrollments, 3.0).expect("room for the files");
    println!(
        "{} learners, {} and {} enrollments, {} MB, made in {:.1?}",
        written.learners,
        written.docebo_enrollments,
        written.salesforce_enrollments,
        written.bytes / 1_000_000,
        began.elapsed()
    );

    // Once to warm the cache, then for the record.
    scan(folder.path());
    let began = Instant::now();
    let records = scan(folder.path());
    let scan = began.elapsed();
    let before = peak();

    let path = folder.path().join("tieout.toml");
    let text = std::fs::read_to_string(&path).expect("the configuration");
    let settings = file::load(&path, &text, &Overrides::default()).expect("a configuration");
    let began = Instant::now();
    let report = commands::audit::audit(&settings, &Progress::hidden()).expect("a report");
    let audit = began.elapsed();
    let judged = (peak(), resident());
    reset_peak();
    let output =
        Folder::prepare(&folder.path().join("run"), false, &tieout::commands::write::OUTPUTS).expect("a folder");
    let began = Instant::now();
    commands::write::write_outputs(
        &report,
        Outputs { ledger: Some(Rows::Exceptions), show_names: false },
        &output,
        &Progress::hidden(),
    )
    .expect("written");
    let place = output.finish().expect("finished");
    let write = began.elapsed();

    let docebo = &report.totals().enrollments.docebo;
    let value = |word: &str| docebo.terms().iter().find(|(name, _)| *name == word).map_or(0, |&(_, count)| count);
    assert_eq!(
        (value("matched"), value("outdated"), value("absent"), value("absent-no-docebo-user")),
        (written.matched, written.outdated, written.absent, written.absent_no_docebo_user),
        "the audit found something else than was made"
    );
    let ratio = |time: Duration| time.as_secs_f64() / scan.as_secs_f64();
    println!("bare scan, one thread   {scan:>8.2?}  ({records} records)");
    println!("read, relate and check  {audit:>8.2?}  {:>5.2} scans", ratio(audit));
    let reconciliation = &report.judged().expect("the books").reconciliation;
    let writing = peak();
    reset_peak();
    let before_stalls = peak();
    let began = Instant::now();
    let stalls = tieout::stalls::infer(&reconciliation.data, &reconciliation.relations, &reconciliation.rules, &[]);
    println!(
        "  of that, stalls       {:>8.2?}  ({} events{})",
        began.elapsed(),
        stalls.counts.expected,
        others(before_stalls, stalls.counts.expected)
    );
    println!(
        "write every output      {:>8.2?}  {:>5.2} scans  ({} findings)",
        write,
        ratio(write),
        report.finding_count()
    );
    println!("together                {:>8.2?}  {:>5.2} scans", audit + write, ratio(audit + write));
    match (before, writing) {
        (Some(before), Some(after)) => {
            let (judging, held) = (judged.0.unwrap_or(0), judged.1.unwrap_or(0));
            println!(
                "peak memory             {} MiB: {judging} until it was judged, {after} while it was written ({before} MiB before, \
                 {held} held between)",
                judging.max(after)
            );
        }
        _ => println!("peak memory             not told by this system"),
    }
    if let Ok(most) = std::env::var("TIEOUT_BENCH_MOST") {
        let (scans, mebibytes) = most.split_once(',').expect("SCANS,MIB");
        let scans: f64 = scans.parse().expect("a number of scans");
        let mebibytes: u64 = mebibytes.parse().expect("a number of MiB");
        let held = judged.0.max(writing).unwrap_or(0);
        assert!(ratio(audit + write) <= scans, "more than {scans} scans");
        assert!(held <= mebibytes, "more than {mebibytes} MiB");
        return;
    }
    segment_ten_million();
    // In a process of its own, so that no memory of the above is counted as free.
    let own = std::env::current_exe().expect("this program");
    let ended = std::process::Command::new(own).env("TIEOUT_BENCH_FINDINGS", "1").status().expect("it runs");
    assert!(ended.success(), "workbook and page of 100,000 findings");
    for entry in std::fs::read_dir(place).expect("the outputs") {
        let entry = entry.expect("an entry");
        let bytes = entry.metadata().map_or(0, |metadata| metadata.len());
        println!("  {:<20} {:>9} kB", entry.file_name().to_string_lossy(), bytes / 1_000);
    }
}

/// Workbook and page of about 100,000 findings, the most that the page holds in full. At most 4 s and 200 MiB are allowed, both together.
fn a_hundred_thousand_findings() {
    let folder = tempfile::tempdir().expect("a folder");
    bulk::write(folder.path(), 32_000, 320_000, 50.0).expect("room for the files");
    let path = folder.path().join("tieout.toml");
    let text = std::fs::read_to_string(&path).expect("the configuration");
    let mut settings = file::load(&path, &text, &Overrides::default()).expect("a configuration");
    // Records become links, as they do where Salesforce itself is read.
    settings.instance = Some("https://acme.my.salesforce.com".to_owned());
    let report = commands::audit::audit(&settings, &Progress::hidden()).expect("a report");
    let findings = report.finding_count();
    assert!((95_000..130_000).contains(&findings), "{findings} findings are not about 100,000");
    reset_peak();
    let before = peak();
    let began = Instant::now();
    let (workbook, page) = std::thread::scope(|scope| {
        let page = scope.spawn(|| {
            let bytes = outputs::html::page(&report, Names::Shown).expect("a page").len();
            (bytes, began.elapsed())
        });
        let bytes = outputs::xlsx::workbook(&report, Names::Shown).expect("a workbook").len();
        ((bytes, began.elapsed()), page.join().expect("it ends"))
    });
    let both = began.elapsed();
    println!(
        "{findings} findings: workbook {:.2?} ({} kB), page {:.2?} ({} kB), side by side {both:.2?} (4 s are allowed)",
        workbook.1,
        workbook.0 / 1_000,
        page.1,
        page.0 / 1_000
    );
    if let (Some(before), Some(after)) = (before, peak()) {
        println!("  memory beside the report: {} MiB (200 are allowed); {after} MiB in all", after - before);
        assert!(after - before <= 200, "too much memory");
    }
}

/// Cuts 10,000,000 events of two years, with one stall among them, into stretches.
fn segment_ten_million() {
    const EVENTS: i64 = 10_000_000;
    let start = 1_700_000_000_i64;
    let instant = tieout::model::instant::Instant::from_seconds;
    let proven = vec![Some(instant(start)); 1_000_000];
    let events: Vec<Event> = (0..EVENTS)
        .map(|nth| {
            // A stride that visits every place once, out of order.
            let place = nth * 7_368_787 % EVENTS;
            let at = start + 1 + place * 63_000_000 / EVENTS;
            let missed = (6_000_000..6_500_000).contains(&place) || place % 50 == 7;
            Event {
                at: instant(at),
                written: (!missed).then(|| instant(at + 600)),
                learner: u32::try_from(place % 1_000_000).expect("small"),
                status: if missed { EventStatus::Missed } else { EventStatus::OnTime },
            }
        })
        .collect();
    reset_peak();
    let before = peak();
    let began = Instant::now();
    let found = segment(Record { events: events.as_slice(), proven_since: &proven, ..Record::default() });
    println!(
        "10,000,000 events cut   {:>8.2?}  (at most 2 s are allowed{})",
        began.elapsed(),
        others(before, EVENTS.unsigned_abs())
    );
    assert_eq!(found.len(), 1, "one stall was made");
}

/// What the work on so many events took beside what was held before, where that can be told; at most 11 bytes of each
/// are allowed.
fn others(before: Option<u64>, events: u64) -> String {
    let (Some(before), Some(after)) = (before, peak()) else { return String::new() };
    let more = after.saturating_sub(before);
    // So few events vanish in what every program needs beside them.
    assert!(events < 1_000_000 || (more << 20) <= 11 * events, "{more} MiB for {events} events");
    format!(", {more} MiB beside what is held")
}

/// Reads every record of every file and looks at nothing.
fn scan(folder: &Path) -> u64 {
    let mut files: Vec<PathBuf> = Vec::new();
    for folder in [folder.to_owned(), folder.join("snapshot")] {
        files.extend(std::fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path()));
    }
    let mut records = 0;
    for file in files.iter().filter(|file| file.extension().is_some_and(|extension| extension == "csv")) {
        let mut reader = csv::ReaderBuilder::new().flexible(true).from_path(file).expect("a file");
        let mut record = csv::ByteRecord::new();
        while reader.read_byte_record(&mut record).expect("a record") {
            records += 1;
        }
    }
    records
}

/// Begins anew to look for the most memory, where the system lets us.
fn reset_peak() {
    let _ = std::fs::write("/proc/self/clear_refs", "5");
}

/// The memory that the process holds, in MiB.
fn resident() -> Option<u64> {
    output("VmRSS:")
}

/// The most memory that the process held, since the start or the last [`reset_peak`], in MiB.
fn peak() -> Option<u64> {
    output("VmHWM:")
}

fn output(what: &str) -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with(what))?;
    line.split_whitespace().nth(1)?.parse::<u64>().ok().map(|kib| kib / 1_024)
}
