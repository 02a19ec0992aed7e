//! What a support agent asks in every case, the result of each check, and the treatment of personal values:
//! machine-readable, each with a published schema.
//!
//! Must not know: any single check except the one on the integration user's state.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::checks::check::{Outcome, Owner, Severity};
use crate::model::id::RecordId;
use crate::model::instant::Instant;
use crate::outputs::pack::Consent;
use crate::outputs::pack::wording::{mode, scope};
use crate::outputs::redact::{Counts, Redaction};
use crate::report::{Report, word_schema};

/// The check on whether the integration user is active.
const STATE_OF_USER: &str = "integration-user-inactive";

/// Whether the integration user is active. `None` if no check determined it.
pub(crate) fn integration_user_is_active(report: &Report) -> Option<bool> {
    let result = report.results.iter().find(|result| result.check.id == STATE_OF_USER)?;
    match result.outcome() {
        Outcome::Clean(_) => Some(true),
        Outcome::Found => Some(false),
        Outcome::NotEvaluated => None,
    }
}

/// `data/environment/environment.json`; null is what the run does not know.
#[derive(Debug, Serialize, schemars::JsonSchema)]
#[schemars(title = "environment of an evidence pack")]
pub(super) struct Environment {
    /// The Docebo platform's address.
    platform: Option<String>,
    /// The organization's id.
    organization_id: Option<String>,
    /// The organization's address.
    instance: Option<String>,
    /// The user who writes the package's records.
    integration_user: Option<String>,
    /// Whether that user is active.
    integration_user_active: Option<bool>,
    /// The Contact field that is mapped to the Docebo username.
    username_field: String,
    /// The list view that limits the contacts sync.
    list_view: Option<String>,
    /// Whether Docebo makes users from contacts.
    provisioning: bool,
    /// How enrollments are replicated.
    enrollment_replication: &'static str,
    /// Courses in scope.
    courses: String,
    /// Things built onto the package's objects by somebody else.
    customisations: Option<u64>,
    /// When Docebo produced the export.
    #[schemars(with = "Option<String>")]
    exported_at: Option<Instant>,
    /// When the Salesforce read began.
    #[schemars(with = "Option<String>")]
    extracted_at: Option<Instant>,
    /// What happened after this moment is not yet expected on the other side.
    #[schemars(with = "String")]
    cutoff: Instant,
    /// The version of tieout that compared.
    tool: String,
    /// The run's id.
    run: String,
}

pub(super) fn environment(report: &Report) -> Environment {
    let (facts, origins, rules) = (&report.run, report.origins(), report.rules());
    let text = |id: Option<RecordId>| id.map(|id| id.to_string());
    Environment {
        platform: origins.platform.clone(),
        organization_id: text(origins.org_id),
        instance: origins.instance.clone(),
        integration_user: text(facts.integration_user),
        integration_user_active: integration_user_is_active(report),
        username_field: rules.username_field.clone(),
        list_view: rules.list_view.clone(),
        provisioning: rules.provisioning,
        enrollment_replication: mode(rules.enrollment_mode),
        courses: scope(&rules.scope),
        customisations: facts.customisation.as_ref().map(|answer| answer.parts.len() as u64),
        exported_at: origins.exported_at,
        extracted_at: origins.extracted_at,
        cutoff: facts.cutoff,
        tool: facts.tool.clone(),
        run: facts.run.clone(),
    }
}

/// `data/analysis.json`: what each check said.
#[derive(Debug, Serialize, schemars::JsonSchema)]
#[schemars(title = "analysis of an evidence pack")]
pub(super) struct Analysis {
    /// The cause that the case is about; null where there is none for Docebo's support.
    cause: Option<&'static str>,
    /// Every check of the catalogue.
    checks: Vec<Checked>,
}

/// What one check said.
#[derive(Debug, Serialize, schemars::JsonSchema)]
struct Checked {
    /// Its id.
    id: &'static str,
    /// One line.
    message: &'static str,
    /// What came of it.
    #[schemars(schema_with = "crate::checks::check::outcome_schema")]
    outcome: Outcome,
    /// How much a finding matters.
    #[schemars(schema_with = "word_schema::<Severity>")]
    severity: Severity,
    /// Who must act.
    #[schemars(schema_with = "word_schema::<Owner>")]
    owner: Owner,
    /// Records it looked at.
    examined: u64,
    /// Records that could not be judged.
    unjudged: u64,
    /// Findings.
    findings: u64,
    /// Of these, how many are in this pack.
    in_this_pack: u64,
    /// What it could not see.
    missing: Vec<String>,
}

pub(super) fn analysis(report: &Report, scope: &super::scope::Scope<'_>) -> Analysis {
    let here =
        |id: &str| scope.parts.iter().find(|part| part.result.check.id == id).map_or(0, super::scope::Part::count);
    Analysis {
        cause: scope.cause.map(|cause| cause.id),
        checks: report
            .results
            .iter()
            .map(|result| Checked {
                id: result.check.id,
                message: result.check.title,
                outcome: result.outcome(),
                severity: result.check.severity,
                owner: result.check.owner,
                examined: result.coverage.judged(),
                unjudged: result.coverage.unjudged(),
                findings: result.findings as u64,
                in_this_pack: here(result.check.id),
                missing: result.gaps(),
            })
            .collect(),
    }
}

/// `data/redaction/report.json`: what became of the values, field by field.
#[derive(Debug, Serialize, schemars::JsonSchema)]
#[schemars(title = "redaction of an evidence pack")]
pub(super) struct Redacted {
    /// What is shown as it is, since no record could be found without it.
    kept_in_clear: &'static str,
    /// What stands in the place of personal values.
    in_place_of_values: &'static str,
    /// By which key the pseudonyms were made, as the start of its digest; null where there are none.
    key_id: Option<String>,
    /// Values by field, and what became of them; each place where one stands is counted.
    fields: BTreeMap<String, Counts>,
    /// Personal fields that are shown as they are, by whose consent.
    raw: Option<Raw>,
}

/// Personal fields that are shown.
#[derive(Debug, Serialize, schemars::JsonSchema)]
struct Raw {
    /// Which.
    fields: Vec<String>,
    /// Who consented, and why, as they said it.
    consent: String,
}

pub(super) fn redacted(redaction: &Redaction<'_>, key_id: Option<&str>, consent: Option<&Consent>) -> Redacted {
    Redacted {
        kept_in_clear: "ids of Salesforce records and users, ids of Docebo users and courses, moments, statuses, counts",
        in_place_of_values: if redaction.has_pseudonyms() {
            "p_ and sixteen characters of a keyed digest (HMAC-SHA-256); equal values have equal ones in all packs of a \
             case, and the key stays with the customer"
        } else {
            "[withheld]"
        },
        key_id: key_id.map(str::to_owned),
        fields: redaction.counts(),
        raw: consent.map(|consent| Raw { fields: consent.fields.clone(), consent: consent.statement.clone() }),
    }
}
