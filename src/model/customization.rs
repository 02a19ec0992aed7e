//! Customizations of the package's nine objects: triggers, flows, rules and fields that do not come from the package.
//! Docebo does not support customized objects, so a support case must state whether there are any.
//!
//! A snapshot holds the answer as `customisation.json`, whose format is [`File`].
//!
//! Must not know: how the answer was queried, or what follows from it.

use serde::{Deserialize, Serialize};

use crate::model::id::RecordId;
use crate::model::instant::Instant;
use crate::model::label::Label as _;
use crate::model::object::SfObject;

/// The snapshot file that holds the answer.
pub const FILE: &str = "customisation.json";
/// The namespace of Docebo's package.
pub const NAMESPACE: &str = "docebo_v3";

/// Why nothing is known of an object: setup hides it.
pub const HIDDEN_OBJECT: &str = "(setup does not show the object)";
/// Why nothing is known of an object: setup hides all of its fields.
pub const HIDDEN_FIELDS: &str =
    "(setup does not show even the package's own fields; it takes View Setup and Configuration)";

/// A kind of customization.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    strum::Display,
    strum::EnumString,
    strum::IntoStaticStr,
    strum::VariantArray,
)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
pub enum PartKind {
    /// Code that runs when a row is written.
    ApexTrigger,
    /// An active flow (or process) that a written row triggers.
    Flow,
    /// A condition that rejects a row.
    ValidationRule,
    /// A rule of the legacy workflow automation.
    WorkflowRule,
    /// A field that was added.
    Field,
}

/// One customization.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Part {
    /// The customized object.
    pub object: SfObject,
    /// Its kind.
    pub kind: PartKind,
    /// Its API name.
    pub name: String,
    /// Its setup id, if any.
    pub id: Option<RecordId>,
    /// The namespace of the package that installed it; blank if it was created in the organization.
    pub namespace: String,
    /// Details: `active`, `before insert`, …; may be blank.
    pub detail: String,
    /// When it was last changed, if known.
    pub changed: Option<Instant>,
    /// The name of the user who last changed it; may be blank.
    pub changed_by: String,
    /// That user's record id, if known.
    pub changed_by_id: Option<RecordId>,
}

/// Salesforce setup's details of triggers, flows and rules, as tieout spells them.
const DETAILS: &[&str] = &[
    "active",
    "inactive",
    "deleted",
    "before insert",
    "after insert",
    "before update",
    "after update",
    "before delete",
    "after delete",
    "after undelete",
    "flow",
    "autolaunched flow",
    "auto launched flow",
    "workflow",
    "invocable process",
    "custom event",
    "record after save",
    "record before save",
    "record before delete",
    "platform event",
    "scheduled",
    "create",
    "update",
    "create and update",
    "delete",
];

impl Part {
    /// Describes what it is and who owns it.
    #[must_use]
    pub fn described(&self) -> String {
        let whose = if self.namespace.is_empty() {
            "made in the organisation".to_owned()
        } else {
            format!("of the package {}", self.namespace)
        };
        let detail = if self.detail.is_empty() { String::new() } else { format!(" ({})", self.detail) };
        format!("{} {}{detail}, {whose}", self.kind, self.name)
    }

    /// Describes what it is and where.
    #[must_use]
    pub fn titled(&self) -> String {
        format!("{} {} on {}", self.kind, self.name, self.object)
    }

    /// Its details, with `instead` for each word that setup does not use: a manually saved file may contain anything
    /// here.
    #[must_use]
    pub fn known_detail(&self, instead: &str) -> String {
        let known = |word| if DETAILS.contains(&word) || str::is_empty(word) { word } else { instead };
        self.detail.split(", ").map(known).collect::<Vec<_>>().join(", ")
    }
}

/// The customizations found, and the failed queries.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Customisation {
    /// The customizations, sorted.
    pub parts: Vec<Part>,
    /// Number of answered queries, one for each object and kind.
    pub answered: u64,
    /// Failed queries and the reasons, one line each.
    pub unseen: Vec<String>,
}

/// `customisation.json`, version 1.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct File {
    /// Format version.
    pub version: u32,
    /// As [`Customisation::answered`].
    pub answered: u64,
    /// As [`Customisation::unseen`].
    pub unseen: Vec<String>,
    /// As [`Customisation::parts`].
    pub parts: Vec<FilePart>,
}

/// A [`Part`] as stored in the file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the fields are those of `Part`")]
pub struct FilePart {
    pub object: String,
    pub kind: String,
    pub name: String,
    pub id: Option<String>,
    #[serde(default)]
    pub namespace: String,
    #[serde(default)]
    pub detail: String,
    pub changed: Option<String>,
    #[serde(default)]
    pub changed_by: String,
    #[serde(default)]
    pub changed_by_id: Option<String>,
}

impl From<&Customisation> for File {
    fn from(customisation: &Customisation) -> Self {
        Self {
            version: 1,
            answered: customisation.answered,
            unseen: customisation.unseen.clone(),
            parts: customisation.parts.iter().map(FilePart::from).collect(),
        }
    }
}

impl From<&Part> for FilePart {
    fn from(part: &Part) -> Self {
        Self {
            object: part.object.label().to_owned(),
            kind: part.kind.label().to_owned(),
            name: part.name.clone(),
            id: part.id.map(|id| id.to_string()),
            namespace: part.namespace.clone(),
            detail: part.detail.clone(),
            changed: part.changed.map(|changed| changed.to_string()),
            changed_by: part.changed_by.clone(),
            changed_by_id: part.changed_by_id.map(|id| id.to_string()),
        }
    }
}

impl File {
    /// The contents of the file.
    ///
    /// # Errors
    /// If something does not follow this format; describes it.
    pub fn read(self) -> Result<Customisation, String> {
        if self.version != 1 {
            return Err(format!("has version {}, this tieout reads version 1", self.version));
        }
        let mut parts = self.parts.into_iter().map(FilePart::read).collect::<Result<Vec<_>, _>>()?;
        parts.sort_unstable();
        Ok(Customisation { parts, answered: self.answered, unseen: self.unseen })
    }
}

impl FilePart {
    fn read(self) -> Result<Part, String> {
        let object = SfObject::PACKAGE.into_iter().find(|object| object.label() == self.object);
        let kind = PartKind::ALL.iter().find(|kind| kind.label() == self.kind);
        let record = |id: Option<String>| match id {
            Some(id) => RecordId::parse(id.as_bytes()).map(Some).map_err(|_| format!("`{id}` is not a Salesforce id")),
            None => Ok(None),
        };
        let changed = match self.changed {
            Some(text) => Instant::parse(text.as_bytes()).map_err(|_| format!("`{text}` is not a date and time"))?,
            None => None,
        };
        Ok(Part {
            object: object.ok_or_else(|| format!("`{}` is none of the package's objects", self.object))?,
            kind: *kind.ok_or_else(|| format!("`{}` is no kind of part", self.kind))?,
            name: self.name,
            id: record(self.id)?,
            namespace: self.namespace,
            detail: self.detail,
            changed,
            changed_by: self.changed_by,
            changed_by_id: record(self.changed_by_id)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{Customisation, File, Part, PartKind};
    use crate::model::id::RecordId;
    use crate::model::instant::Instant;
    use crate::model::object::SfObject;

    #[test]
    fn a_file_says_again_what_was_written() {
        let message = Customisation {
            parts: vec![Part {
                object: SfObject::CourseEnrollment,
                kind: PartKind::ApexTrigger,
                name: "Stamp".to_owned(),
                id: RecordId::parse(b"01q5g000000AbCd").ok(),
                namespace: String::new(),
                detail: "active".to_owned(),
                changed: Instant::parse(b"2026-01-31T10:00:00Z").ok().flatten(),
                changed_by: "Ada Admin".to_owned(),
                changed_by_id: RecordId::parse(b"0055g000000AbCd").ok(),
            }],
            answered: 44,
            unseen: vec!["workflow-rule".to_owned()],
        };
        assert_eq!(File::from(&message).read(), Ok(message.clone()));
        let mut file = File::from(&message);
        file.parts[0].object = "Account".to_owned();
        assert!(file.read().expect_err("no object of the package").contains("Account"));
    }
}
