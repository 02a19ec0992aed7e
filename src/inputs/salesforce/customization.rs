//! Queries customizations of the package's nine objects: seven setup queries.
//!
//! A user without access to setup can get an empty answer instead of a refusal. So the package's own fields are
//! requested too: if setup does not show even those, its answers for an object do not count as "there is none".
//!
//! Must not know: what a customization means.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::describe::rows;
use super::objects::system;
use super::soql::literal;
use super::transport::{ApiError, Transport};
use crate::error::Error;
use crate::model::customization::{Customisation, HIDDEN_FIELDS, HIDDEN_OBJECT, NAMESPACE, Part, PartKind};
use crate::model::id::RecordId;
use crate::model::instant::Instant;
use crate::model::label::Label as _;
use crate::model::object::SfObject;

/// The query for one kind.
struct Question {
    kind: PartKind,
    /// Endpoint: flows have a view among the data, everything else uses the Tooling API.
    endpoint: &'static str,
    from: &'static str,
    /// The name field.
    name: &'static str,
    /// Fields reported in addition to the name; of several, each true one is reported by name.
    details: &'static [&'static str],
    /// The field that links a row to an object, by durable id or name.
    owner: &'static str,
    by_name: bool,
    /// The fields with the last editor's name, and with the user.
    editor: &'static str,
    editor_id: &'static str,
    also: &'static str,
}

/// Defaults for most kinds.
const TOOLING: Question = Question {
    kind: PartKind::Field,
    endpoint: "tooling/query",
    from: "",
    name: "Name",
    details: &[],
    owner: "TableEnumOrId",
    by_name: false,
    editor: "LastModifiedBy.Name",
    editor_id: system::MODIFIED_BY.name,
    also: "",
};

const QUESTIONS: [Question; 5] = [
    Question { kind: PartKind::Field, from: "CustomField", name: "DeveloperName", ..TOOLING },
    Question {
        kind: PartKind::ApexTrigger,
        from: "ApexTrigger",
        details: &[
            "Status",
            "UsageBeforeInsert",
            "UsageAfterInsert",
            "UsageBeforeUpdate",
            "UsageAfterUpdate",
            "UsageBeforeDelete",
            "UsageAfterDelete",
            "UsageAfterUndelete",
        ],
        owner: "EntityDefinitionId",
        ..TOOLING
    },
    Question {
        kind: PartKind::Flow,
        endpoint: "query",
        from: "FlowDefinitionView",
        name: "ApiName",
        details: &["ProcessType", "TriggerType", "RecordTriggerType"],
        owner: "TriggerObjectOrEvent.QualifiedApiName",
        by_name: true,
        editor: "LastModifiedBy",
        editor_id: "",
        also: " AND IsActive = true",
    },
    Question {
        kind: PartKind::ValidationRule,
        from: "ValidationRule",
        name: "ValidationName",
        details: &["Active"],
        owner: "EntityDefinition.QualifiedApiName",
        by_name: true,
        ..TOOLING
    },
    Question { kind: PartKind::WorkflowRule, from: "WorkflowRule", ..TOOLING },
];

/// Queries the customizations of the objects that are `there`.
///
/// # Errors
/// If Salesforce does not answer at all. Refusals become lines of [`Customisation::unseen`].
pub(super) async fn read(transport: &Transport, version: &str, there: &[SfObject]) -> Result<Customisation, Error> {
    let asking = CustomizationReader { transport, version };
    let mut found = Customisation::default();
    let names: Vec<String> = SfObject::PACKAGE.iter().map(|object| literal(object.label())).collect();
    let entities = format!(
        "SELECT DurableId, QualifiedApiName FROM EntityDefinition WHERE QualifiedApiName IN ({})",
        names.join(", ")
    );
    let entities = match asking.rows("tooling/query", &entities).await? {
        Ok(rows) => rows,
        Err(why) => {
            found.unseen.extend(PartKind::ALL.iter().map(|kind| format!("{kind} on every object ({why})")));
            return Ok(found);
        }
    };
    let mut objects: BTreeMap<String, SfObject> = BTreeMap::new();
    for entity in &entities {
        let object = SfObject::PACKAGE.into_iter().find(|object| object.label() == text(entity, "QualifiedApiName"));
        if let Some(object) = object {
            objects.insert(text(entity, "DurableId").to_owned(), object);
        }
    }
    let known: BTreeSet<SfObject> = objects.values().copied().collect();
    for object in there.iter().filter(|object| SfObject::PACKAGE.contains(object) && !known.contains(object)) {
        found.unseen.push(format!("everything on {object} {HIDDEN_OBJECT}"));
    }
    if objects.is_empty() {
        return Ok(found);
    }

    for question in QUESTIONS {
        let rows = match asking.answer(&question, &objects).await? {
            Ok(rows) => rows,
            Err(why) => {
                found.unseen.push(format!("{} on every object ({why})", question.kind));
                continue;
            }
        };
        let mut shipped = BTreeSet::new();
        for row in &rows {
            let Some(object) = question.object(row, &objects) else { continue };
            if text(row, "NamespacePrefix") == NAMESPACE {
                shipped.insert(object);
            } else {
                found.parts.push(question.part(row, object));
            }
        }
        found.answered += known.len() as u64;
        if question.kind == PartKind::Field {
            for object in known.iter().filter(|object| !shipped.contains(object)) {
                found.unseen.push(format!("everything on {object} {HIDDEN_FIELDS}"));
            }
        }
    }
    found.parts.sort_unstable();
    Ok(found)
}

impl Question {
    fn soql(&self, objects: &BTreeMap<String, SfObject>, editor: bool) -> String {
        let owners: Vec<String> = if self.by_name {
            objects.values().map(|object| literal(object.label())).collect()
        } else {
            objects.keys().map(|id| literal(id)).collect()
        };
        let id = if self.endpoint == "query" { String::new() } else { format!("{}, ", system::ID) };
        let details: String = self.details.iter().map(|detail| format!(", {detail}")).collect();
        let editors = [system::MODIFIED_DATE.name, self.editor, self.editor_id];
        let editor: String =
            editors.iter().filter(|field| editor && !field.is_empty()).map(|field| format!(", {field}")).collect();
        format!(
            "SELECT {id}{}, NamespacePrefix, {}{details}{editor} FROM {} WHERE {} IN ({}){}",
            self.name,
            self.owner,
            self.from,
            self.owner,
            owners.join(", "),
            self.also
        )
    }

    fn object(&self, row: &Value, objects: &BTreeMap<String, SfObject>) -> Option<SfObject> {
        let owner = text(row, self.owner);
        if self.by_name {
            objects.values().copied().find(|object| object.label() == owner)
        } else {
            // A durable id may have either length.
            objects.iter().find(|(id, _)| id.get(..15) == owner.get(..15)).map(|(_, object)| *object)
        }
    }

    fn part(&self, row: &Value, object: SfObject) -> Part {
        let details: Vec<String> = self
            .details
            .iter()
            .filter_map(|&detail| match at(row, detail) {
                Some(Value::Bool(true)) => Some(spaced(detail.trim_start_matches("Usage"))),
                Some(Value::Bool(false)) if detail == "Active" => Some("inactive".to_owned()),
                Some(Value::String(word)) => Some(spaced(word)),
                _ => None,
            })
            .collect();
        let name = text(row, self.name);
        let namespace = text(row, "NamespacePrefix");
        let name = match self.kind {
            PartKind::Field if namespace.is_empty() => format!("{name}__c"),
            PartKind::Field => format!("{namespace}__{name}__c"),
            _ => name.to_owned(),
        };
        Part {
            object,
            kind: self.kind,
            name,
            id: RecordId::parse(text(row, system::ID.name).as_bytes()).ok(),
            namespace: namespace.to_owned(),
            detail: details.join(", "),
            changed: Instant::parse(text(row, system::MODIFIED_DATE.name).as_bytes()).ok().flatten(),
            changed_by: text(row, self.editor).to_owned(),
            changed_by_id: RecordId::parse(text(row, self.editor_id).as_bytes()).ok(),
        }
    }
}

/// `BeforeInsert` as `before insert`.
fn spaced(word: &str) -> String {
    let mut words = String::with_capacity(word.len() + 4);
    for c in word.chars() {
        if c.is_ascii_uppercase() && !words.is_empty() {
            words.push(' ');
        }
        words.push(c.to_ascii_lowercase());
    }
    words
}

/// The value at a SOQL field path.
fn at<'a>(row: &'a Value, path: &str) -> Option<&'a Value> {
    path.split('.').try_fold(row, |value, field| value.get(field))
}

fn text<'a>(row: &'a Value, path: &str) -> &'a str {
    at(row, path).and_then(Value::as_str).unwrap_or_default()
}

struct CustomizationReader<'a> {
    transport: &'a Transport,
    version: &'a str,
}

impl CustomizationReader<'_> {
    /// The rows of a question; without the editor if setup does not reveal it.
    async fn answer(
        &self,
        question: &Question,
        objects: &BTreeMap<String, SfObject>,
    ) -> Result<Result<Vec<Value>, String>, Error> {
        match self.rows(question.endpoint, &question.soql(objects, true)).await? {
            Ok(rows) => Ok(Ok(rows)),
            Err(_) => self.rows(question.endpoint, &question.soql(objects, false)).await,
        }
    }

    /// The rows of a query; the inner error describes a refusal.
    async fn rows(&self, endpoint: &str, soql: &str) -> Result<Result<Vec<Value>, String>, Error> {
        match rows(self.transport, self.version, endpoint, soql).await {
            Ok(rows) => Ok(Ok(rows)),
            Err(ApiError::Unknown(what) | ApiError::Denied(what, _) | ApiError::NoBulk(what)) => {
                Ok(Err(what.split_whitespace().collect::<Vec<_>>().join(" ")))
            }
            Err(trouble) => Err(trouble.into_error("setup")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::spaced;

    #[test]
    fn names_of_moments_are_spelled_out() {
        assert_eq!(spaced("BeforeInsert"), "before insert");
        assert_eq!(spaced("Active"), "active");
    }
}
