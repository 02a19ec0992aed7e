//! `cargo bench --bench extract`: how long an extraction takes, and how much memory.
//!
//! Runs `tieout extract` against the local Salesforce of the tests, which lives in this process; time and
//! memory are those of the other. First 40 pages of Bulk that take 300 ms each (`TIEOUT_BENCH_PAGE_MS`), in
//! turn and side by side: reading the pages side by side may take 40 % of the time at most. Then 5,000,000
//! enrollments (`TIEOUT_BENCH_ROWS`) in pages of the usual size, for which 100 MiB must do. Exits with 1
//! where either does not hold. The local Salesforce takes about 700 bytes a row itself.

#![expect(
    clippy::print_stdout,
    clippy::disallowed_methods,
    clippy::expect_used,
    reason = "a benchmark measures and prints"
)]

#[path = "fake_org/server.rs"]
mod fake_org;

use std::path::Path;
use std::process::{Command, ExitCode};
use std::time::{Duration, Instant};

use fake_org::org::{Kind, Object, Org};
use fake_org::{Server, generated};

const PAGES: usize = 40;
const MAX_PERCENT: u128 = 40;
const MAX_MIB: u64 = 100;
const ENROLLMENTS: &str = "docebo_v3__CourseEnrollment__c";

fn main() -> ExitCode {
    let number =
        |name: &str, default: u64| std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default);
    let delay = Duration::from_millis(number("TIEOUT_BENCH_PAGE_MS", 300));
    let rows = usize::try_from(number("TIEOUT_BENCH_ROWS", 5_000_000)).expect("a number of rows");
    let folder = tempfile::tempdir().expect("a folder");

    let mut slow = org(PAGES * 500);
    (slow.page_delay, slow.bulk_max_rows_per_page) = (delay, 500);
    let server = Server::start(slow);
    println!("{PAGES} pages of Bulk, each after {delay:?}");
    let mut read = [Duration::ZERO; 2];
    for (read, api) in read.iter_mut().zip(["bulk-in-turn", "bulk"]) {
        server.forget_log();
        let ran = extract(&server, folder.path(), api);
        *read = pages_took(&server);
        println!("  --api {api:<14} pages {read:>6.2?}, the whole extraction {:>6.2?}", ran.took);
    }
    let percent = read[1].as_nanos() * 100 / read[0].as_nanos().max(1);
    println!(
        "  side by side          {percent} % of the time in turn, pages alone (at most {MAX_PERCENT} % are allowed)"
    );
    drop(server);

    let began = Instant::now();
    let server = Server::start(org(rows));
    println!("{rows} enrollments, made in {:.1?}", began.elapsed());
    let ran = extract(&server, folder.path(), "bulk");
    let written = std::fs::read(folder.path().join("bulk").join(format!("{ENROLLMENTS}.csv"))).expect("a file");
    let lines = written.iter().filter(|&&byte| byte == b'\n').count();
    assert_eq!(lines, rows + 1, "rows are missing");
    println!("  extracted             {:>6.1?}, {} MB", ran.took, written.len() / 1_000_000);
    match ran.peak {
        Some(peak) => println!("  peak memory of tieout {peak} MiB (at most {MAX_MIB} MiB are allowed)"),
        None => println!("  peak memory of tieout not told by this system"),
    }
    if percent <= MAX_PERCENT && ran.peak.is_none_or(|peak| peak < MAX_MIB) {
        ExitCode::SUCCESS
    } else {
        println!("NOT as fast or as small as it must be");
        ExitCode::FAILURE
    }
}

/// The objects that an extraction cannot do without, and so many enrollments with every column.
fn org(enrollments: usize) -> Org {
    let mut org = generated::org(0, 1);
    let by = org.user_id.clone();
    let own = ["DoceboUser", "Course", "EnrolmentId", "Status", "EnrollmentStartDate", "EnrollmentCompletionDate"];
    let own = own.map(|name| format!("docebo_v3__{name}__c"));
    let kinds = [Kind::Reference, Kind::Reference, Kind::Text, Kind::Text, Kind::DateTime, Kind::DateTime];
    let common = [
        ("Id", Kind::Id),
        ("docebo_v3__UnenrollmentDate__c", Kind::DateTime),
        ("CreatedDate", Kind::DateTime),
        ("CreatedById", Kind::Reference),
        ("LastModifiedDate", Kind::DateTime),
        ("LastModifiedById", Kind::Reference),
        ("SystemModstamp", Kind::DateTime),
    ];
    let fields: Vec<(&str, Kind)> = common.into_iter().chain(own.iter().map(String::as_str).zip(kinds)).collect();
    let mut object = Object::new(ENROLLMENTS, "a0L", &fields);
    let instant = "2025-03-04T05:06:07.000Z";
    for number in 0..enrollments {
        // Scattered, so that every page holds Ids of the whole range and the merge has to do with all of them.
        let id = generated::id("a0L", number * 7_368_787 % enrollments);
        object.push(&[
            ("Id", &id),
            (&own[0], &generated::id("a0J", number / 10)),
            (&own[1], &generated::id("a0K", number % 500)),
            (&own[2], &format!("{}_{}", 10_000 + number / 10, number % 500)),
            (&own[3], "Completed"),
            (&own[4], instant),
            (&own[5], instant),
            ("CreatedDate", instant),
            ("CreatedById", &by),
            ("LastModifiedDate", instant),
            ("LastModifiedById", &by),
        ]);
    }
    org.add(object);
    org
}

struct Ran {
    took: Duration,
    /// The most memory that the process held, in MiB, where the system tells it.
    peak: Option<u64>,
}

/// `tieout extract` into the folder of the API's name.
fn extract(server: &Server, folder: &Path, api: &str) -> Ran {
    let config = folder.join("tieout.toml");
    let text = format!("[salesforce]\ninstance_url = \"{}\"\n[mapping]\nusername_field = \"Email\"\n", server.url());
    std::fs::write(&config, text).expect("a file");
    let out = folder.join(api);
    // Of the other measurement.
    let _ = std::fs::remove_dir_all(&out);
    let mut command = Command::new(env!("CARGO_BIN_EXE_tieout"));
    command.args(["extract", "--quiet", "--api", api, "-c"]).arg(&config).arg("--out").arg(&out);
    command.env("SF_ACCESS_TOKEN", server.with(|org| org.access_token.clone()));
    let began = Instant::now();
    let mut child = command.spawn().expect("the binary runs");
    let status = format!("/proc/{}/status", child.id());
    let mut peak = None;
    let ended = loop {
        // The system keeps the high-water mark, so that looking now and then is enough.
        peak = high_water(&status).or(peak);
        if let Some(ended) = child.try_wait().expect("a child") {
            break ended;
        }
        std::thread::sleep(Duration::from_millis(5));
    };
    assert!(ended.success(), "tieout extract: {ended}");
    Ran { took: began.elapsed(), peak }
}

/// From the first page of the enrollments that was asked for to the request after the last one.
fn pages_took(server: &Server) -> Duration {
    let log = server.log();
    let (mut longest, mut first) = (Duration::ZERO, None);
    for seen in &log {
        if seen.path.contains("/results?") {
            first = first.or(Some(seen.at));
        } else if let Some(first) = first.take() {
            longest = longest.max(seen.at - first);
        }
    }
    longest
}

fn high_water(status: &str) -> Option<u64> {
    let status = std::fs::read_to_string(status).ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    line.split_whitespace().nth(1)?.parse::<u64>().ok().map(|kib| kib / 1_024)
}
