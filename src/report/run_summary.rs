//! Everything in a run's outputs except its findings and reconciliation: small, and saved with the run as `run.json`,
//! so that its outputs can be rendered again and the next run can follow it.
//!
//! Must not know: formats, files.

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::checks::coverage::Coverage;
use crate::checks::reconciliation::Reconciliation;
use crate::model::customization::Customisation;
use crate::model::excluded::{Exclusion, Reject};
use crate::model::id::RecordId;
use crate::model::input::ExportKind;
use crate::model::instant::Instant;
use crate::model::object::SfObject;
use crate::model::origins::Origins;
use crate::model::question::Questioned;
use crate::model::row::row;
use crate::model::status::Status;
use crate::model::status::StatusWord;
use crate::model::zone::ZoneFinding;
use crate::reconcile::relations::forecast::Forecast;
use crate::reconcile::relations::totals::Totals;
use crate::report::run_history::{Before, Point};
use crate::report::{CheckResult, Verdict, verdict};
use crate::settings::Rules;
use crate::stalls::Stalls;

/// File name in the folder of a run.
pub const NAME: &str = "run.json";
/// Format version; other versions are not read.
pub const VERSION: u32 = 1;
/// Maximum number of rejected rows kept; the ledger of excluded rows lists all of them.
pub const MAX_REJECTS: usize = 1_000;
/// Maximum number of forecast contacts kept; the ledger of contacts lists all of them.
pub const MAX_FORECAST: usize = 20_000;

/// An unreadable row of the export.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rejected {
    /// Report type.
    pub kind: ExportKind,
    /// File name.
    pub file: String,
    /// Line number of the row's start.
    pub line: u32,
    /// Reason.
    pub reject: Reject,
}

/// A contact and what the next contacts sync will do with it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Forecasted {
    /// The contact.
    pub contact: RecordId,
    /// Its key, which may identify a person.
    pub key: String,
    /// What the sync will do.
    pub forecast: Forecast,
    /// Related Docebo user.
    pub learner: Option<u64>,
}

/// Result of one check, by id.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckRecord {
    /// The check.
    pub id: String,
    /// How much of its scope was judged.
    pub coverage: Coverage,
    /// Number of findings.
    pub findings: usize,
    /// Missing inputs.
    pub missing: Vec<String>,
    /// Number of findings caused by a stall.
    pub because_of_stalls: u64,
}

/// Everything in a run's outputs except its findings.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct RunSummary {
    /// [`VERSION`]
    pub version: u32,
    /// Version of the tool that judged the run.
    pub tool: String,
    /// Id of the run, derived from its content.
    pub run: String,
    /// Verdict of the run.
    pub verdict: Verdict,
    /// Later events are not yet expected on the other side.
    pub cutoff: Instant,
    /// Time zone of the dates of each *Users - Courses* file.
    pub zones: Vec<ZoneFinding>,
    /// Questions about the run.
    pub questions: Vec<Questioned>,
    /// Reasons for the verdict, in sentences.
    pub remarks: Vec<String>,
    /// The comparison rules.
    pub rules: Rules,
    /// Sources of all data.
    pub origins: Origins,
    /// Unreadable rows of the export, the first [`MAX_REJECTS`].
    pub rejects: Vec<Rejected>,
    /// The control totals.
    pub totals: Totals,
    /// Stalls and heartbeats.
    pub stalls: Stalls,
    /// `CourseEnrollment__c` rows created per day (since 1970, in UTC), ascending.
    pub written: Vec<(u32, u64)>,
    /// Customizations of the package's objects; `None` if not requested.
    pub customisation: Option<Customisation>,
    /// The creator of most `DoceboUser__c` rows.
    pub integration_user: Option<RecordId>,
    /// Whether `link` was judged.
    pub link_judged: bool,
    /// Whether `enrollment` was judged.
    pub enrollment_judged: bool,
    /// Contacts whose next sync is worth a look, the first [`MAX_FORECAST`].
    pub forecast: Vec<Forecasted>,
    /// Every check of the catalog.
    pub checks: Vec<CheckRecord>,
    /// The previous run, if any.
    pub before: Option<Before>,
    /// Runs of the series, ending with this one.
    pub trend: Vec<Point>,
    /// Status words of the export that the configuration defines, in their original form.
    #[serde(default, skip_serializing_if = "Vec::is_empty")] // runs of earlier versions do not have it
    pub configured_statuses: Vec<String>,
    /// Key of the pseudonyms in page and workbook, in hexadecimal. A run takes it from the previous run, so that
    /// pseudonyms stay the same from month to month.
    pub pseudonyms: String,
}

/// Forecasts of the next contacts sync, most severe first; others need no look.
pub const WORTH_A_LOOK: [Forecast; 7] = [
    Forecast::CreateDuplicate,
    Forecast::Collide,
    Forecast::Relink,
    Forecast::BlankKey,
    Forecast::Create,
    Forecast::Link,
    Forecast::None,
];

impl RunSummary {
    /// Summarizes a reconciliation.
    pub(super) fn new(
        reconciliation: &Reconciliation,
        verdict: Verdict,
        results: &[CheckResult],
        pseudonyms: String,
    ) -> Self {
        let (data, relations) = (&reconciliation.data, &reconciliation.relations);
        let written = data.write_activity.get(&SfObject::CourseEnrollment);
        Self {
            version: VERSION,
            tool: env!("CARGO_PKG_VERSION").to_owned(),
            run: String::new(),
            verdict,
            cutoff: relations.cutoff,
            zones: relations.zones().to_vec(),
            questions: reconciliation.questions.clone(),
            remarks: verdict::remarks(reconciliation, verdict),
            rules: reconciliation.rules.clone(),
            origins: origins(&data.origins),
            rejects: rejects(&data.origins),
            totals: relations.totals.clone(),
            stalls: reconciliation.stalls.clone(),
            written: written.map(|activity| activity.created.days()).unwrap_or_default(),
            customisation: data.customisation.clone(),
            integration_user: reconciliation.integration_user(),
            link_judged: relations.link_judged,
            enrollment_judged: relations.enrollment_judged,
            forecast: forecast(reconciliation),
            checks: results.iter().map(CheckRecord::new).collect(),
            before: None,
            trend: Vec::new(),
            configured_statuses: configured_statuses(&data.status_words),
            pseudonyms,
        }
    }

    /// When both sides had been read.
    #[must_use]
    pub fn read_at(&self) -> Instant {
        self.origins.exported_at.max(self.origins.extracted_at).unwrap_or(self.cutoff)
    }
}

impl CheckRecord {
    fn new(result: &CheckResult) -> Self {
        Self {
            id: result.check.id.to_owned(),
            coverage: result.coverage,
            findings: result.findings,
            missing: result.missing.clone(),
            because_of_stalls: result.caused_by_stalls,
        }
    }
}

/// The origins without excluded rows, which can be millions.
fn origins(all: &Origins) -> Origins {
    let Origins {
        exported_at,
        extracted_at,
        org_id,
        id_prefix,
        instance,
        platform,
        inputs,
        exports,
        excluded: _,
        deleted_rows: _,
        unread,
        extracts,
        extraction,
        users_report,
        enrollments_report,
        sfdc_ids,
        list_view,
        caveats,
    } = all;
    Origins {
        exported_at: *exported_at,
        extracted_at: *extracted_at,
        org_id: *org_id,
        id_prefix: id_prefix.clone(),
        instance: instance.clone(),
        platform: platform.clone(),
        inputs: inputs.clone(),
        exports: exports.clone(),
        excluded: Vec::new(),
        deleted_rows: Vec::new(),
        unread: unread.clone(),
        extracts: extracts.clone(),
        extraction: extraction.clone(),
        users_report: *users_report,
        enrollments_report: *enrollments_report,
        sfdc_ids: *sfdc_ids,
        list_view: *list_view,
        caveats: caveats.clone(),
    }
}

/// Status words known only from the configuration.
fn configured_statuses(words: &[StatusWord]) -> Vec<String> {
    let configured = words.iter().filter(|word| word.status.is_some() && Status::from_docebo(&word.text).is_none());
    configured.map(|word| word.text.clone()).collect()
}

fn rejects(origins: &Origins) -> Vec<Rejected> {
    let rejected = origins.excluded.iter().filter_map(|(kind, excluded_row)| match &excluded_row.why {
        Exclusion::Unreadable(reject) => Some(Rejected {
            kind: *kind,
            file: origins.exports[usize::from(excluded_row.file)].name.clone(),
            line: excluded_row.line,
            reject: (**reject).clone(),
        }),
        Exclusion::Archived | Exclusion::Repeated | Exclusion::Contradictory(_) => None,
    });
    rejected.take(MAX_REJECTS).collect()
}

fn forecast(reconciliation: &Reconciliation) -> Vec<Forecasted> {
    let (data, relations) = (&reconciliation.data, &reconciliation.relations);
    let of = |wanted: Forecast| {
        (0..data.contacts.len()).filter(move |&at| relations.forecast[at] == wanted).map(move |at| Forecasted {
            contact: data.contacts.id(at),
            key: data.contacts.key(at).to_owned(),
            forecast: wanted,
            learner: row(relations.contact_learner[at]).map(|at| data.learners.id(at)),
        })
    };
    WORTH_A_LOOK.into_iter().flat_map(of).take(MAX_FORECAST).collect()
}

/// Pseudonym key that depends only on the inputs and that nobody can guess without all of them: the digest of every
/// username of the export and every key of the extract, in hexadecimal.
pub(super) fn pseudonym_key(reconciliation: &Reconciliation) -> String {
    let mut digest = Sha256::new_with_prefix(b"tieout pseudonyms");
    for text in reconciliation.data.usernames().chain(reconciliation.data.contacts.keys()) {
        digest.update(text.as_bytes());
        digest.update([0]);
    }
    data_encoding::HEXLOWER.encode(&digest.finalize())
}
