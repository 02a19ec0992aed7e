//! The command line: what a user types, and what they see.
//!
//! Results go to standard output, talk to standard error. Nothing is decided here.

#![expect(clippy::disallowed_methods, reason = "the command line reads and writes the configuration")]

use std::io::Write as _;
use std::path::PathBuf;

use anstyle::{AnsiColor, Style};
use clap::builder::styling::Styles;
use clap::{Args, CommandFactory as _, FromArgMatches as _, Parser, Subcommand, ValueEnum};

use tieout::checks::check::Severity;
use tieout::checks::{self, CATALOGUE};
use tieout::commands;
use tieout::commands::pack;
use tieout::commands::runs;
use tieout::commands::runs::Previous;
use tieout::commands::write::Outputs;
use tieout::diagnosis::{Diagnosis, State as Fault};
use tieout::error::Error;
use tieout::exit::Exit;
use tieout::inputs::salesforce::extract::Options;
use tieout::inputs::salesforce::read::Api;
use tieout::inputs::salesforce::transport::Trace;
use tieout::model::label::Label as _;
use tieout::model::question::Question;
use tieout::outputs::freshness;
use tieout::outputs::freshness::Run;
use tieout::outputs::ledger::Rows;
use tieout::outputs::ticket::Filled;
use tieout::outputs::webhook;
use tieout::outputs::writer;
use tieout::outputs::writer::{File, Folder};
use tieout::outputs::{doctor, json, sanitize, summary};
use tieout::progress::Progress;
use tieout::report::run_summary::RunSummary;
use tieout::secrets::mask;
use tieout::settings::WebhookOn;
use tieout::settings::file::{self, Overrides};
use tieout::stalls::freshness::{Freshness as Judged, State};

/// Ties out Docebo against Salesforce: where every learner, enrollment and contact stands, and why.
#[derive(Debug, Parser)]
#[command(name = "tieout", version, max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: Command,
    /// How many threads work side by side; the outputs are the same [default: one for each processor]
    #[arg(
        short = 'j',
        long,
        global = true,
        value_name = "N",
        default_value_t = 0,
        hide_default_value = true,
        value_parser = clap::value_parser!(u16).range(..=1_024),
        env = "TIEOUT_THREADS"
    )]
    threads: u16,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Read both sides, reconcile, write every output
    Audit(Box<Audit>),
    /// Read Salesforce into a snapshot folder, resumable
    Extract(Extract),
    /// Salesforce alone, no export: does the sync breathe? For cron and monitors
    Freshness(Freshness),
    /// Can this configuration sign in, see everything, and read the export? Writes nothing
    Doctor(Doctor),
    /// Write a commented configuration
    Init(Init),
    /// Explain a check: what it means, when it is innocent, what to do
    Explain(Explain),
    /// Make page, workbook and pack of a finished run again, without its inputs
    Report(Rerender),
    /// Read an analyst's Status, Owner and Comment back from a workbook
    Review(Review),
    /// Pack the evidence of one cause of a finished run for a support case
    Pack(Box<Pack>),
    /// Check an evidence pack: is it whole and unchanged, and does it tell nothing of persons?
    Verify(Verify),
}

#[derive(Debug, Args)]
struct Audit {
    /// The configuration
    #[arg(short, long, value_name = "FILE", default_value = "tieout.toml", env = "TIEOUT_CONFIG")]
    config: PathBuf,
    /// The output folder [default: a new folder under tieout-runs/, named after the export]
    #[arg(short, long, value_name = "DIR", env = "TIEOUT_OUT")]
    out: Option<PathBuf>,
    /// Replace an output folder that a former run of tieout wrote, if nothing in it was changed or added since
    #[arg(long)]
    force: bool,
    /// The run to compare with: the folder that an earlier run wrote
    /// [default: the newest run of the same organization in the output folder's parent folder]
    #[arg(long, value_name = "DIR", env = "TIEOUT_PREVIOUS", conflicts_with = "no_previous")]
    previous: Option<PathBuf>,
    /// Compare with no earlier run
    #[arg(long)]
    no_previous: bool,
    /// Which rows the ledgers hold
    #[arg(long, value_enum, default_value_t = LedgerArg::Exceptions, env = "TIEOUT_LEDGER")]
    ledger: LedgerArg,
    /// Exit with 1 on a finding of this severity or a worse one
    #[arg(long, value_enum, value_name = "SEVERITY", default_value_t = SeverityArg::High, env = "TIEOUT_FAIL_ON")]
    fail_on: SeverityArg,
    /// Exit with 0 even where findings would give 1 or a stall 5
    #[arg(long, env = "TIEOUT_EXIT_ZERO")]
    exit_zero: bool,
    /// Show usernames and other personal values in page and workbook
    #[arg(long, env = "TIEOUT_SHOW_NAMES")]
    show_names: bool,
    /// Print nothing but errors
    #[arg(short, long, env = "TIEOUT_QUIET")]
    quiet: bool,
    /// Print report.json to standard output instead of the summary
    #[arg(long)]
    json: bool,
    /// With a live organisation: show each request on standard error, without secrets
    #[arg(long)]
    trace: bool,
    /// The snapshot folder, instead of salesforce.snapshot
    #[arg(long, value_name = "DIR", env = "TIEOUT_SNAPSHOT", help_heading = "Instead of the configuration")]
    snapshot: Option<PathBuf>,
    /// A file of the Users report, instead of docebo.users; may be given several times
    #[arg(long, value_name = "FILE", env = "TIEOUT_USERS", help_heading = "Instead of the configuration")]
    users: Vec<PathBuf>,
    /// A file of the Users - Courses report, instead of docebo.enrollments; may be given several times
    #[arg(long, value_name = "FILE", env = "TIEOUT_ENROLLMENTS", help_heading = "Instead of the configuration")]
    enrollments: Vec<PathBuf>,
    /// When Docebo produced the export, such as 2026-11-20T06:00:00Z
    #[arg(long, value_name = "TIME", env = "TIEOUT_EXPORTED_AT", help_heading = "Instead of the configuration")]
    exported_at: Option<String>,
    /// The time zone of the export's dates: an IANA name, or auto
    #[arg(long, value_name = "ZONE", env = "TIEOUT_TIME_ZONE", help_heading = "Instead of the configuration")]
    time_zone: Option<String>,
    /// Continue even though a result is implausible: dates-disagree, keys-disagree, other-organization, export-filtered,
    /// export-time, extract-time or nothing-due; may be given several times
    #[arg(long, value_name = "QUESTION", value_delimiter = ',', value_parser = question, env = "TIEOUT_ACCEPT")]
    accept: Vec<Question>,
}

/// A question by its word, as `--accept` has it.
fn question(word: &str) -> Result<Question, String> {
    let words = || Question::ALL.iter().map(|question| question.label());
    Question::parse(word).ok_or_else(|| {
        let near = file::nearest(word, words()).map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
        format!("not a question that an audit asks{near} [possible values: {}]", words().collect::<Vec<_>>().join(", "))
    })
}

#[derive(Debug, Args)]
struct Extract {
    /// The configuration; of it, only [salesforce] and [mapping] are needed
    #[arg(short, long, value_name = "FILE", default_value = "tieout.toml", env = "TIEOUT_CONFIG")]
    config: PathBuf,
    /// The snapshot folder to write; an unfinished one of this name is gone on with
    #[arg(short, long, value_name = "DIR", default_value = "snapshot", env = "TIEOUT_OUT")]
    out: PathBuf,
    /// Which API reads the rows
    #[arg(long, value_enum, default_value_t = ApiArg::Auto, env = "TIEOUT_API")]
    api: ApiArg,
    /// Print what would be asked and how many API calls it takes; reads no row, writes nothing
    #[arg(long)]
    dry_run: bool,
    /// Show each request and its answer on standard error, without secrets
    #[arg(long)]
    trace: bool,
    /// Print nothing but errors
    #[arg(short, long, env = "TIEOUT_QUIET")]
    quiet: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum ApiArg {
    /// By the number of rows
    Auto,
    /// Page after page
    Rest,
    /// Query jobs, their pages side by side
    Bulk,
    /// Query jobs, one page after the other
    BulkInTurn,
}

impl From<ApiArg> for Option<Api> {
    fn from(argument: ApiArg) -> Self {
        match argument {
            ApiArg::Auto => None,
            ApiArg::Rest => Some(Api::Rest),
            ApiArg::Bulk => Some(Api::Bulk),
            ApiArg::BulkInTurn => Some(Api::BulkInTurn),
        }
    }
}

#[derive(Debug, Args)]
#[command(
    after_help = "Exit codes: 0 fresh, 1 late, 5 to be taken for stalled, 6 cannot be told; 2, 3, 4, 7, 70, 130 as
elsewhere. The webhook's address comes from TIEOUT_WEBHOOK_URL, the file that
TIEOUT_WEBHOOK_URL_FILE names, or the credential tieout-webhook-url of a systemd service; it is
called when the sync is not fresh."
)]
struct Freshness {
    /// The configuration; of it, only [salesforce], [sync] and [freshness] are needed
    #[arg(short, long, value_name = "FILE", default_value = "tieout.toml", env = "TIEOUT_CONFIG")]
    config: PathBuf,
    /// Print the result as JSON instead of text
    #[arg(long)]
    json: bool,
    /// Write metrics for Prometheus' textfile collector; the file is replaced as a whole
    #[arg(long, value_name = "FILE.prom", env = "TIEOUT_METRICS")]
    metrics: Option<PathBuf>,
    /// Judge as of this moment instead of now, to look at an old snapshot
    #[arg(long, value_name = "TIME")]
    as_of: Option<String>,
    /// Print nothing but errors
    #[arg(short, long, env = "TIEOUT_QUIET")]
    quiet: bool,
    /// The snapshot folder, instead of salesforce.snapshot
    #[arg(long, value_name = "DIR", env = "TIEOUT_SNAPSHOT")]
    snapshot: Option<PathBuf>,
}

#[derive(Debug, Args)]
#[command(after_help = "Exit codes: 0 nothing failed; else that of the first line that failed: 2 configuration,
3 Salesforce, 4 export or snapshot, 7 output.")]
struct Doctor {
    /// The configuration
    #[arg(short, long, value_name = "FILE", default_value = "tieout.toml", env = "TIEOUT_CONFIG")]
    config: PathBuf,
    /// The output folder that an audit would write; it is only probed
    #[arg(short, long, value_name = "DIR", env = "TIEOUT_OUT")]
    out: Option<PathBuf>,
    /// Print the result as JSON instead of text
    #[arg(long)]
    json: bool,
    /// With a live organisation: show each request on standard error, without secrets
    #[arg(long)]
    trace: bool,
}

#[derive(Debug, Args)]
struct Init {
    /// The file to write
    #[arg(default_value = "tieout.toml")]
    file: PathBuf,
    /// Overwrite the file if it exists
    #[arg(long)]
    force: bool,
}

#[derive(Debug, Args)]
struct Explain {
    /// The check's id; without one, all checks are listed
    check: Option<String>,
}

#[derive(Debug, Args)]
#[command(after_help = "Exit codes: 0 written; 2 wrong usage, 4 not the folder of a run, 7 output not writable or
changed by hand.")]
struct Rerender {
    /// The folder that `tieout audit` wrote
    folder: PathBuf,
    /// Another folder for the outputs [default: their place in the run's folder]
    #[arg(short, long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Replace outputs that somebody has changed since they were written
    #[arg(long)]
    force: bool,
    /// Show usernames and other personal values in page and workbook
    #[arg(long, env = "TIEOUT_SHOW_NAMES")]
    show_names: bool,
    /// Print nothing but errors
    #[arg(short, long, env = "TIEOUT_QUIET")]
    quiet: bool,
}

#[derive(Debug, Args)]
#[command(
    after_help = "Exit codes: 0 every row was taken, 1 some rows were refused (the others were taken); 2, 4, 7 as
elsewhere."
)]
struct Review {
    /// The workbook, with Status, Owner and Comment filled in on the sheet Findings
    workbook: PathBuf,
    /// The folder of the run that wrote the workbook [default: the folder in which the workbook lies]
    #[arg(long, value_name = "DIR")]
    run: Option<PathBuf>,
    /// Take an earlier review away where all three cells are blank now; else it stays, and is told
    #[arg(long)]
    withdraw: bool,
    /// Tell what would be taken, and write nothing
    #[arg(short = 'n', long)]
    dry_run: bool,
    /// Print nothing but errors and refused rows
    #[arg(short, long, env = "TIEOUT_QUIET")]
    quiet: bool,
}

#[derive(Debug, Args)]
#[command(after_help = "Beside the pack stand its SHA-256 and, in a folder that ends with .private, the key and the
mapping of its pseudonyms, readable for you alone: keep them, and never send them. Packs of one
--case join with each other.

The pack is verified before it is written; one that does not pass is not written.

Exit codes: 0 packed; 1 it would tell of a person or a secret; 2 wrong usage or no consent, 4 not
the folder of a run, or changed since, 7 not writable or too large.")]
struct Pack {
    /// The folder that `tieout audit` wrote
    folder: PathBuf,
    /// Where the pack is written
    #[arg(short, long, value_name = "DIR", default_value = ".")]
    out: PathBuf,
    /// The number of the case with Docebo's support
    #[arg(long, value_name = "NUMBER")]
    case: Option<String>,
    /// The cause, by the id of its check [default: the gravest that Docebo's support has to act on]
    #[arg(long, value_name = "CHECK")]
    cause: Option<String>,
    /// Who asks: name, e-mail address, time zone, our reference
    #[arg(long, value_name = "TEXT", env = "TIEOUT_CONTACT")]
    contact: Option<String>,
    /// The effect on your business: who is affected, and how
    #[arg(long, value_name = "TEXT")]
    impact: Option<String>,
    /// What was tried already, and when
    #[arg(long, value_name = "TEXT")]
    tried: Option<String>,
    /// Put the workbook of the whole run, without names, into the pack
    #[arg(long)]
    with_workbook: bool,
    /// Leave the full list of findings out; examples and counts stay
    #[arg(long)]
    examples_only: bool,
    /// Show personal values of these fields as they are; asks for consent
    #[arg(long, value_name = "FIELD,…", value_delimiter = ',')]
    include_raw: Vec<String>,
    /// Who consents to that, and why; kept in the pack
    #[arg(long, value_name = "NAME, REASON", requires = "include_raw")]
    consent: Option<String>,
    /// Print what the pack would hold, and write nothing
    #[arg(short = 'n', long)]
    dry_run: bool,
    /// Replace a pack of the same name
    #[arg(long)]
    force: bool,
    /// Print nothing but errors
    #[arg(short, long, env = "TIEOUT_QUIET")]
    quiet: bool,
}

#[derive(Debug, Args)]
#[command(
    after_help = "What is looked for in the text is a net and not a promise: addresses, tokens, and the values that
the mapping of pseudonyms beside the pack, or the run that --run names, know.

Exit codes: 0 nothing failed; 1 it tells of a person or a secret; 4 it is not whole, not
unchanged, or cannot be read."
)]
struct Verify {
    /// The pack
    pack: PathBuf,
    /// The folder of the run it was made from: every figure is compared with it, and its values of persons must not occur
    #[arg(long, value_name = "DIR")]
    run: Option<PathBuf>,
    /// Print the result as JSON instead of text
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum LedgerArg {
    /// Rows that a finding names or that could not be judged
    Exceptions,
    /// Every row
    All,
    /// No ledgers
    None,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum SeverityArg {
    Critical,
    High,
    Medium,
    Low,
    Notice,
}

impl From<SeverityArg> for Severity {
    fn from(argument: SeverityArg) -> Self {
        match argument {
            SeverityArg::Critical => Self::Critical,
            SeverityArg::High => Self::High,
            SeverityArg::Medium => Self::Medium,
            SeverityArg::Low => Self::Low,
            SeverityArg::Notice => Self::Notice,
        }
    }
}

const STYLES: Styles = Styles::styled()
    .header(Style::new().bold())
    .usage(Style::new().bold())
    .literal(AnsiColor::Cyan.on_default())
    .placeholder(Style::new());

const EXAMPLES: &str = "Examples:
  tieout init                                   write tieout.toml, then fill in the paths
  tieout audit                                  read tieout.toml, write a report into tieout-runs/
  tieout audit -c acme.toml --out november      another configuration, a folder of your own naming
  tieout freshness --metrics tieout.prom        does the sync breathe? for cron and monitors
  tieout doctor                                 can an audit succeed? what to grant, where not
  tieout explain enrollment-absent              what a check means and what to do
  tieout review november/workbook.xlsx          take over what an analyst filled in
  tieout report november --show-names           the outputs again, now with names
  tieout pack november --case 123456            the evidence for a support case
  tieout verify docebo-evidence_….zip           is a pack whole, unchanged, and without persons?";

/// Runs the command and says how it ended.
pub(crate) fn main() -> Exit {
    let table: Vec<String> =
        Exit::TABLE.iter().map(|(exit, meaning)| format!("  {:>3}  {meaning}", exit.code())).collect();
    let command = Cli::command().styles(STYLES).after_help(format!("{EXAMPLES}\n\nExit codes:\n{}", table.join("\n")));
    let parsed = command.try_get_matches().and_then(|matches| Cli::from_arg_matches(&matches));
    let cli = match parsed {
        Ok(cli) => cli,
        Err(error) => {
            if error.use_stderr() {
                // Nothing is left to complain to.
                let _ = error.print();
                return Exit::Usage;
            }
            return print(&error.render().ansi().to_string()).map_or_else(
                |error| {
                    print_error(&error);
                    error.exit()
                },
                |()| Exit::Clean,
            );
        }
    };
    cli.run().unwrap_or_else(|error| {
        print_error(&error);
        error.exit()
    })
}

impl Cli {
    /// Runs the command on the wanted number of threads, of which this is one.
    fn run(self) -> Result<Exit, Error> {
        let threads = rayon::ThreadPoolBuilder::new().num_threads(usize::from(self.threads)).use_current_thread();
        let threads = threads.build().map_err(|error| {
            Error::Usage(format!("the threads cannot be started: {error}\n  next: ask for fewer with --threads"))
        })?;
        threads.install(|| match self.command {
            Command::Audit(audit) => audit.run(),
            Command::Extract(extract) => extract.run(),
            Command::Freshness(freshness) => freshness.run(),
            Command::Doctor(doctor) => doctor.run(),
            Command::Init(init) => init.run(),
            Command::Explain(explain) => explain.run(),
            Command::Report(again) => again.run(),
            Command::Review(review) => review.run(),
            Command::Pack(pack) => pack.run(),
            Command::Verify(verify) => verify.run(),
        })
    }
}

fn print_error(error: &Error) {
    let style = AnsiColor::Red.on_default().bold();
    // File names and cells of the inputs can stand in the message, and a password in an address of the configuration.
    let message: Vec<String> =
        mask(&error.to_string()).lines().map(|line| sanitize::escape_controls(line).into_owned()).collect();
    let _ = writeln!(anstream::stderr(), "{style}error{style:#}: {}", message.join("\n"));
}

/// Prints a result. A closed pipe (`tieout … | head`) is no reason to complain.
///
/// # Errors
/// When standard output cannot be written, such as a file on a full disk.
fn print(text: &str) -> Result<(), Error> {
    let mut out = anstream::stdout();
    // What is still in the buffer when the process ends is lost without a word, so it is written out here.
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(Error::Output {
            path: PathBuf::from("standard output"),
            what: format!("cannot be written: {error}"),
            next: "make room where it leads to, or send it elsewhere".to_owned(),
        }),
        _ => Ok(()),
    }
}

impl Audit {
    fn run(self) -> Result<Exit, Error> {
        let text = file::read(&self.config)?;
        let overrides = Overrides {
            snapshot: self.snapshot.clone(),
            users: self.users.clone(),
            enrollments: self.enrollments.clone(),
            exported_at: self.exported_at.clone(),
            time_zone: self.time_zone.clone(),
            accept: self.accept.clone(),
        };
        let settings = file::load(&self.config, &text, &overrides)?;
        let folder = match &self.out {
            Some(target) => Folder::prepare(target, self.force, &commands::write::OUTPUTS)?,
            None => {
                let name =
                    settings.exported_at.map_or_else(|| "run".to_owned(), |at| at.to_string().replace(['-', ':'], ""));
                Folder::prepare_unused(&PathBuf::from("tieout-runs"), &name, &commands::write::OUTPUTS)?
            }
        };
        let target = folder.target().to_owned();

        let progress = if self.quiet { Progress::hidden() } else { Progress::on_terminal() };
        let mut settings = settings;
        if let Some(live) = settings.live.clone() {
            let mut snapshot_folder = target.clone().into_os_string();
            snapshot_folder.push(".snapshot");
            let snapshot_folder = PathBuf::from(snapshot_folder);
            let kept = if snapshot_folder.symlink_metadata().is_ok() {
                let name =
                    snapshot_folder.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
                Folder::unused(snapshot_folder.parent().unwrap_or(std::path::Path::new(".")), &name)
            } else {
                snapshot_folder
            };
            let options = Options { trace: self.trace.then(trace), ..Options::default() };
            let extracted = commands::extract::extract(&live, &kept, options, &progress);
            if let Err(error) = extracted {
                progress.finish();
                return Err(error);
            }
            settings.snapshot = kept;
        }
        let previous = match &self.previous {
            Some(folder) => Previous::Given(folder.clone()),
            None if self.no_previous => Previous::None,
            None => Previous::Found,
        };
        let mut not_followed = None;
        let past = |facts: &RunSummary| {
            let found = runs::find_baseline(&target, &previous, facts)?;
            not_followed = found.not_followed;
            Ok(found.baseline)
        };
        let written = commands::audit::audit_after(&settings, &progress, past).and_then(|report| {
            let ledger = match self.ledger {
                LedgerArg::Exceptions => Some(Rows::Exceptions),
                LedgerArg::All => Some(Rows::All),
                LedgerArg::None => None,
            };
            let verified = commands::write::write_outputs(
                &report,
                Outputs { ledger, show_names: self.show_names },
                &folder,
                &progress,
            )?;
            Ok((report, verified))
        });
        progress.finish();
        let (report, verified) = written?;
        let place = folder.finish()?;
        if self.json {
            let bytes = json::report(&report).map_err(|error| Error::Defect(error.to_string()))?;
            print(&String::from_utf8_lossy(&bytes))?;
        } else if !self.quiet {
            print(&summary::text(&report, &place.display().to_string(), not_followed.as_deref()))?;
        }
        Ok(match (report.exit(self.fail_on.into(), self.exit_zero), passes(&verified, NOT_PACKED)) {
            (Exit::Stalled, _) => Exit::Stalled,
            (exit, Exit::Clean) => exit,
            (_, not_packed) => not_packed,
        })
    }
}

impl Rerender {
    fn run(self) -> Result<Exit, Error> {
        let progress = if self.quiet { Progress::hidden() } else { Progress::on_terminal() };
        let place = match &self.out {
            Some(target) => {
                // Only outputs that `report` wrote are replaced: a run holds more than can be made again.
                let folder = Folder::prepare(target, self.force, &commands::write::RENDERED)?;
                writer::recover(&self.folder, &commands::write::OUTPUTS)?;
                let report = runs::rerender(&self.folder)?;
                progress.stage("writing");
                let verified = commands::write::render(&report, self.show_names, &folder)?;
                folder.finish().map(|place| (place, verified))
            }
            None => {
                let again = runs::open_for_rerender(&self.folder, &commands::write::RENDERED, self.force)?;
                let report = runs::rerender(&self.folder)?;
                progress.stage("writing");
                let verified = commands::write::render(&report, self.show_names, &again)?;
                again.finish().map(|place| (place, verified))
            }
        };
        progress.finish();
        let (place, verified) = place?;
        if !self.quiet {
            for name in commands::write::RENDERED.iter().filter(|name| place.join(name).exists()) {
                print(&format!("{}\n", sanitize::escape_controls(&place.join(name).display().to_string())))?;
            }
        }
        Ok(passes(&verified, NOT_PACKED))
    }
}

impl Review {
    fn run(self) -> Result<Exit, Error> {
        let reviewed = runs::review(&self.workbook, self.run.as_deref(), self.withdraw, self.dry_run)?;
        let refused = &reviewed.taken.refused;
        if !self.quiet {
            print(&summary::reviewed(
                &reviewed.taken,
                reviewed.rows,
                &reviewed.folder.display().to_string(),
                self.dry_run,
            ))?;
        }
        for row in refused {
            let style = AnsiColor::Red.on_default().bold();
            let _ = writeln!(anstream::stderr(), "{style}refused{style:#}: {}", sanitize::escape_controls(&row.why));
        }
        Ok(if refused.is_empty() { Exit::Clean } else { Exit::Findings })
    }
}

impl Pack {
    fn run(self) -> Result<Exit, Error> {
        let wanted = pack::PackOptions {
            run: self.folder,
            out: self.out,
            case: self.case,
            cause: self.cause,
            raw: self.include_raw,
            filled: Filled {
                contact: self.contact.unwrap_or_default(),
                impact: self.impact.unwrap_or_default(),
                tried: self.tried.unwrap_or_default(),
            },
            with_workbook: self.with_workbook,
            examples_only: self.examples_only,
            dry_run: self.dry_run,
            force: self.force,
        };
        let consent = self.consent;
        let packed = pack::pack(&wanted, |fields| consent.or_else(|| ask_consent(fields)))?;
        let exit = passes(
            &packed.verified,
            "the pack does not pass `tieout verify`, so it was not written\n  next: see what was found above; take it out of \
             what you typed, or report this with the version (`tieout --version`)",
        );
        if exit != Exit::Clean {
            return Ok(exit);
        }
        if !self.quiet {
            let place = |path: &Option<PathBuf>| path.as_ref().map(|path| path.display().to_string());
            let (path, private) = (place(&packed.path), place(&packed.private));
            print(&summary::packed(&packed.pack, path.as_deref(), private.as_deref(), &packed.unfilled))?;
        }
        Ok(Exit::Clean)
    }
}

/// What is said of a run's own pack that does not pass.
const NOT_PACKED: &str = "the evidence pack of this run does not pass `tieout verify`, so evidence-pack.zip was not written; \
     the other files were\n  next: see what was found above, and report this with the version (`tieout --version`)";

/// Says what of a pack does not pass, and how the command ends for that.
fn passes(verified: &Diagnosis, otherwise: &str) -> Exit {
    let exit = verified.exit();
    if exit != Exit::Clean {
        let style = AnsiColor::Red.on_default().bold();
        for line in verified.checks.iter().filter(|line| line.state == Fault::Fail) {
            let (what, found) = (sanitize::escape_controls(&line.what), sanitize::escape_controls(&line.found));
            let _ = writeln!(anstream::stderr(), "{style}found{style:#}: {what}: {found}");
        }
        let _ = writeln!(anstream::stderr(), "{style}error{style:#}: {otherwise}");
    }
    exit
}

impl Verify {
    fn run(self) -> Result<Exit, Error> {
        let diagnosis = pack::verify(&self.pack, self.run.as_deref())?;
        if self.json {
            let bytes = doctor::json(&diagnosis).map_err(|error| Error::Defect(error.to_string()))?;
            print(&String::from_utf8_lossy(&bytes))?;
        } else {
            print(&doctor::text(&diagnosis))?;
        }
        Ok(diagnosis.exit())
    }
}

/// Asks on a terminal whether personal fields may be shown as they are; nowhere else.
fn ask_consent(fields: &[(String, u64)]) -> Option<String> {
    use std::io::IsTerminal as _;
    if !std::io::stdin().is_terminal() || !std::io::stderr().is_terminal() {
        return None;
    }
    for (field, places) in fields {
        let _ = writeln!(anstream::stderr(), "{} stands as it is in {places} places", sanitize::escape_controls(field));
    }
    let _ = write!(anstream::stderr(), "Who consents to send these to Docebo, and why? (name, reason; blank: nobody) ");
    let _ = anstream::stderr().flush();
    let mut message = String::new();
    std::io::stdin().read_line(&mut message).ok()?;
    Some(message.trim().to_owned()).filter(|message| !message.is_empty())
}

impl Extract {
    fn run(self) -> Result<Exit, Error> {
        let text = file::read(&self.config)?;
        let live = file::load_org(&self.config, &text)?;
        if self.dry_run {
            let plan = commands::extract::plan(&live, self.api.into(), self.trace.then(trace))?;
            print(&summary::planned(&plan))?;
            return Ok(Exit::Clean);
        }
        if self.out.symlink_metadata().is_ok() {
            return Err(Error::Output {
                path: self.out,
                what: "exists already, and nothing is overwritten".to_owned(),
                next: "name another folder with --out, or move this one away".to_owned(),
            });
        }
        let progress = if self.quiet { Progress::hidden() } else { Progress::on_terminal() };
        let options = Options { api: self.api.into(), trace: self.trace.then(trace), ..Options::default() };
        let extracted = commands::extract::extract(&live, &self.out, options, &progress);
        progress.finish();
        let extracted = extracted?;
        if !self.quiet {
            print(&summary::extracted(&extracted, &self.out.display().to_string()))?;
        }
        Ok(if extracted.incomplete().next().is_some() { Exit::NotEvaluated } else { Exit::Clean })
    }
}

/// Each request in a line on standard error.
fn trace() -> Trace {
    Box::new(|message| {
        if message.answer.is_some() {
            let _ = writeln!(anstream::stderr(), "{}", sanitize::escape_controls(&message.to_string()));
        }
    })
}

/// The file for Prometheus' textfile collector.
struct Metrics {
    file: File,
    /// What an earlier run wrote; nothing where there is none.
    previous: String,
}

impl Metrics {
    /// Prepares the file, and refuses one that holds something other than metrics of ours: a slip in the name must not cost
    /// anybody their file.
    fn prepare(path: &std::path::Path) -> Result<Self, Error> {
        let file = File::prepare_public(path)?;
        let previous = file.previous().ok().map(Option::unwrap_or_default);
        match previous.filter(|previous| freshness::are_metrics(previous)) {
            Some(previous) => Ok(Self { file, previous }),
            None => Err(Error::Output {
                path: path.to_owned(),
                what: "holds something other than metrics of tieout, and is not replaced".to_owned(),
                next: "name a file of its own with --metrics, or move this one away".to_owned(),
            }),
        }
    }
}

impl Freshness {
    fn run(self) -> Result<Exit, Error> {
        let began = std::time::Instant::now();
        let metrics = self.metrics.as_deref().map(Metrics::prepare).transpose()?;
        let judged = self.judge();
        let exit = match &judged {
            Ok((_, Ok(exit))) => *exit,
            Ok((_, Err(error))) | Err(error) => error.exit(),
        };
        if let Some(Metrics { file, previous }) = metrics {
            let ended =
                std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).map_or(0, |now| now.as_secs());
            let described = matches!(exit, Exit::Clean | Exit::Findings | Exit::Stalled);
            let last_success = if described { Some(ended) } else { freshness::last_success(&previous) };
            let run = Run { ended, seconds: began.elapsed().as_secs_f64(), code: exit.code(), last_success };
            let text = freshness::metrics(judged.as_ref().ok().map(|(freshness, _)| freshness), run);
            file.write(text.as_bytes())?;
        }
        judged?.1
    }

    /// Judges, prints, and calls the webhook where one is set; says how the run ends. That the result cannot be printed
    /// keeps neither the webhook nor the metrics from telling it.
    fn judge(&self) -> Result<(Judged, Result<Exit, Error>), Error> {
        let text = file::read(&self.config)?;
        let watch = file::load_freshness(&self.config, &text, self.snapshot.as_deref())?;
        let address = webhook::address()?;
        let template = webhook::template(watch.webhook_template.as_deref())?;

        let progress = if self.quiet { Progress::hidden() } else { Progress::on_terminal() };
        let as_of = self.as_of.as_deref().map(file::parse_moment).transpose();
        let as_of = as_of.map_err(|what| Error::Usage(format!("--as-of: {what}")))?;
        let judged = commands::freshness::freshness(&watch, as_of, &progress);
        progress.finish();
        let judged = judged?;
        let exit = match judged.state {
            State::Fresh => Exit::Clean,
            State::Late => Exit::Findings,
            State::Stalled => Exit::Stalled,
            State::NotEvaluated => Exit::NotEvaluated,
        };
        let printed = if self.json {
            let bytes = freshness::json(&judged).map_err(|error| Error::Defect(error.to_string()))?;
            print(&String::from_utf8_lossy(&bytes))
        } else if !self.quiet {
            print(&freshness::text(&judged))
        } else {
            Ok(())
        };
        let Some(address) = address.filter(|_| judged.state != State::Fresh || watch.webhook_on == WebhookOn::Always)
        else {
            return Ok((judged, printed.map(|()| exit)));
        };
        let addresses = (watch.platform.as_deref(), watch.instance.as_deref());
        let body =
            freshness::webhook(&judged, exit.code(), addresses, template.as_deref()).map_err(|error| {
                match watch.webhook_template {
                    Some(path) => Error::WebhookTemplate { path, what: error.to_string() },
                    None => Error::Defect(error.to_string()),
                }
            })?;
        match webhook::post(&address, body) {
            Ok(()) => Ok((judged, printed.map(|()| exit))),
            // What the sync does matters more than that the message about it was lost.
            Err(error) if exit != Exit::Clean => {
                print_error(&error);
                Ok((judged, printed.map(|()| exit)))
            }
            Err(error) => Err(error),
        }
    }
}

impl Doctor {
    fn run(self) -> Result<Exit, Error> {
        let progress = Progress::on_terminal();
        let diagnosis =
            commands::doctor::diagnose(&self.config, self.out.as_deref(), self.trace.then(trace), &progress);
        progress.finish();
        if self.json {
            let bytes = doctor::json(&diagnosis).map_err(|error| Error::Defect(error.to_string()))?;
            print(&String::from_utf8_lossy(&bytes))?;
        } else {
            print(&doctor::text(&diagnosis))?;
        }
        Ok(diagnosis.exit())
    }
}

impl Init {
    fn run(self) -> Result<Exit, Error> {
        if !self.force && self.file.symlink_metadata().is_ok() {
            return Err(Error::Output {
                path: self.file,
                what: "exists already, and nothing is overwritten".to_owned(),
                next: "name another file, or use --force".to_owned(),
            });
        }
        let file = File::prepare_public(&self.file)?;
        let content = file::TEMPLATE.as_bytes();
        if self.force { file.write(content) } else { file.write_new(content) }?;
        print(&format!("wrote {0}\nnext: fill in the paths, then run `tieout audit -c {0}`\n", self.file.display()))?;
        Ok(Exit::Clean)
    }
}

impl Explain {
    fn run(self) -> Result<Exit, Error> {
        let Some(id) = self.check else {
            print(&summary::catalogue())?;
            return Ok(Exit::Clean);
        };
        match checks::find(&id) {
            Some(check) => {
                print(&summary::explain(check))?;
                Ok(Exit::Clean)
            }
            None => {
                let hint = file::nearest(&id, CATALOGUE.iter().map(|check| check.id))
                    .map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
                Err(Error::Usage(format!("there is no check `{id}`{hint}\n  next: `tieout explain` lists all checks")))
            }
        }
    }
}
