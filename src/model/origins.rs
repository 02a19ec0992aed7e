//! The origin of a run's data: its files, the completeness of each object's extract, and the caveats for readers.

use serde::{Deserialize, Serialize};

use crate::model::completeness::{Completeness, ObjectExtract};
use crate::model::excluded::{DeletedRow, ExcludedRow};
use crate::model::id::RecordId;
use crate::model::input::{ExportFile, ExportKind, Input};
use crate::model::instant::Instant;
use crate::model::object::SfObject;
use crate::model::request_log::Extraction;

/// The origin of all data.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Origins {
    /// When Docebo produced the export.
    pub exported_at: Option<Instant>,
    /// When reading from Salesforce began.
    pub extracted_at: Option<Instant>,
    /// The organization's id, if a manifest states it.
    pub org_id: Option<RecordId>,
    /// Characters 4 to 6 of most `DoceboUser__c` record ids: the instance on which the organization was created. `None`
    /// if there are no such records.
    #[serde(default)] // absent in runs of earlier versions
    pub id_prefix: Option<String>,
    /// `https://…` of the organization, if known.
    pub instance: Option<String>,
    /// The Docebo platform's address, if configured.
    pub platform: Option<String>,
    /// Each file read, Salesforce first.
    pub inputs: Vec<Input>,
    /// The export's files, in reading order.
    pub exports: Vec<ExportFile>,
    /// Excluded rows of the export.
    #[serde(skip)] // the ledger has them all, the frozen report the unreadable ones
    pub excluded: Vec<(ExportKind, ExcludedRow)>,
    /// Rows of the snapshot that Salesforce has deleted.
    #[serde(skip)] // the ledger has them all
    pub deleted_rows: Vec<DeletedRow>,
    /// What exists but was not read, in words: sheets of a workbook, entries of an archive, files of the snapshot
    /// folder.
    #[serde(default)]
    pub unread: Vec<String>,
    /// The extracts, by [`SfObject`].
    pub extracts: std::collections::BTreeMap<SfObject, ObjectExtract>,
    /// How the snapshot was extracted.
    pub extraction: Extraction,
    /// Whether a *Users* report was read.
    pub users_report: bool,
    /// Whether a *Users - Courses* report was read.
    pub enrollments_report: bool,
    /// Whether any report has the learners' Salesforce ids.
    pub sfdc_ids: bool,
    /// Whether the members of the list view are known.
    pub list_view: bool,
    /// What readers of any output must know about the inputs, in sentences without personal values.
    pub caveats: Vec<String>,
}

/// What identifies an organization, most reliable first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Identity {
    /// The Salesforce organization's id.
    OrgId,
    /// The address of the Docebo platform.
    Platform,
    /// The instance part of record ids, which organizations of one instance share.
    IdPrefix,
}

/// Whether two runs read the same organization.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SameOrganization {
    /// They did, as far as this shows.
    Yes(Identity),
    /// They did not: this differs.
    No(Identity),
    /// The runs have nothing to compare.
    Unknown,
}

impl Origins {
    /// Whether another run read the same organization: by the organization's id, else by the platform, else by the
    /// instance part of record ids. A different id or platform is decisive, whatever else matches.
    #[must_use]
    pub fn same_organization(&self, other: &Self) -> SameOrganization {
        fn same<T>(one: Option<&T>, other: Option<&T>, equal: impl FnOnce(&T, &T) -> bool) -> Option<bool> {
            one.zip(other).map(|(one, other)| equal(one, other))
        }
        let org_id = same(self.org_id.as_ref(), other.org_id.as_ref(), RecordId::eq);
        let platform =
            same(self.platform.as_ref(), other.platform.as_ref(), |one, other| one.eq_ignore_ascii_case(other));
        let id_prefix = same(self.id_prefix.as_ref(), other.id_prefix.as_ref(), String::eq);
        match (org_id, platform, id_prefix) {
            (Some(false), ..) => SameOrganization::No(Identity::OrgId),
            (_, Some(false), _) => SameOrganization::No(Identity::Platform),
            (Some(true), ..) => SameOrganization::Yes(Identity::OrgId),
            (_, Some(true), _) => SameOrganization::Yes(Identity::Platform),
            (None, None, Some(true)) => SameOrganization::Yes(Identity::IdPrefix),
            (None, None, Some(false)) => SameOrganization::No(Identity::IdPrefix),
            (None, None, None) => SameOrganization::Unknown,
        }
    }

    /// The extract of an object; an empty one if there is no file.
    #[must_use]
    pub fn extract(&self, object: SfObject) -> &ObjectExtract {
        static NOTHING: ObjectExtract =
            ObjectExtract { completeness: Completeness::Absent, missing: Vec::new(), why_absent: None };
        self.extracts.get(&object).unwrap_or(&NOTHING)
    }

    /// Why an object cannot prove an absence; `None` if it is complete.
    #[must_use]
    pub fn missing_rows(&self, object: SfObject) -> Option<String> {
        self.extract(object).missing_rows(object)
    }

    /// The missing columns of an object.
    pub fn missing_columns<'a>(
        &'a self,
        object: SfObject,
        wanted: &'a [&'static str],
    ) -> impl Iterator<Item = String> + 'a {
        self.extract(object)
            .missing
            .iter()
            .filter(move |column| wanted.contains(column))
            .map(move |column| format!("{object}.{column} (no such column in the snapshot)"))
    }
}
