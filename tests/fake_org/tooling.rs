//! The setup objects that follow from the data: what tooling says of every object and field, also of the
//! fields that the user may not read.

use super::org::{Field, Kind, Object, Org};
use super::reply::ErrorResponse;
use super::soql::{Condition, Query};

/// When setup was last touched.
const CHANGED: &str = "2025-03-01T09:00:00.000Z";

/// `EntityDefinition`, `FieldDefinition` or `CustomField`, made from the data objects; nothing for any other name.
pub(crate) fn object(org: &Org, query: &Query) -> Result<Option<Object>, ErrorResponse> {
    let made = match query.from.to_ascii_lowercase().as_str() {
        "customfield" => {
            return Ok(super::org::find(&org.tooling, "CustomField").map(|added| custom_fields(org, added)));
        }
        "entitydefinition" => entities(org),
        "fielddefinition" => fields(org),
        _ => return Ok(None),
    };
    let aggregates = query.select.iter().any(|item| item.term.function.is_some());
    let mut named = Vec::new();
    let negated = query.filter.as_ref().is_some_and(|filter| named_fields(filter, &mut named));
    if aggregates || negated || !query.group.is_empty() || query.limit.is_some() || query.offset.is_some() {
        let message = "The requested operation is not yet supported by this SObject storage type, contact \
                       salesforce.com support for help.";
        return Err(ErrorResponse::bad("EXTERNAL_OBJECT_UNSUPPORTED_EXCEPTION", message));
    }
    let keys = ["EntityDefinitionId", "EntityDefinition.QualifiedApiName", "DurableId", "EntityDefinition.DurableId"];
    let is_key = |name: &String| keys.iter().any(|key| key.eq_ignore_ascii_case(name));
    if made.name == "FieldDefinition" && !named.iter().any(is_key) {
        let message = "A filter on a reified column is required [EntityDefinitionId,DurableId]";
        return Err(ErrorResponse::bad("EXTERNAL_OBJECT_EXCEPTION", message));
    }
    Ok(Some(made))
}

/// Collects the fields that a condition names; true when it has an OR or a NOT, which these objects refuse.
fn named_fields(condition: &Condition, named: &mut Vec<String>) -> bool {
    match condition {
        // Every part is looked at, whatever the first one says.
        Condition::And(inner) => inner.iter().filter(|one| named_fields(one, named)).count() > 0,
        Condition::Or(_) | Condition::Not(_) => true,
        Condition::Compare(term, ..) | Condition::Among(term, ..) | Condition::Within(term, ..) => {
            named.push(term.path.clone());
            false
        }
    }
}

fn entities(org: &Org) -> Object {
    let mut made = Object::new(
        "EntityDefinition",
        "4ie",
        &[
            ("Id", Kind::Text),
            ("DurableId", Kind::Text),
            ("QualifiedApiName", Kind::Text),
            ("DeveloperName", Kind::Text),
            ("Label", Kind::Text),
            ("NamespacePrefix", Kind::Text),
            ("KeyPrefix", Kind::Text),
            ("IsCustomizable", Kind::Boolean),
            ("IsQueryable", Kind::Boolean),
            ("LastModifiedDate", Kind::DateTime),
        ],
    );
    for object in &org.objects {
        made.push(&[
            ("Id", "000000000000000AAA"),
            ("DurableId", &object.durable_id()),
            ("QualifiedApiName", &object.name),
            ("DeveloperName", developer_name(&object.name)),
            ("Label", developer_name(&object.name)),
            ("NamespacePrefix", Object::namespace(&object.name).unwrap_or_default()),
            ("KeyPrefix", &object.key_prefix),
            ("IsCustomizable", "true"),
            ("IsQueryable", "true"),
            ("LastModifiedDate", CHANGED),
        ]);
    }
    made
}

fn fields(org: &Org) -> Object {
    let mut made = Object::new(
        "FieldDefinition",
        "4fe",
        &[
            ("Id", Kind::Text),
            ("DurableId", Kind::Text),
            ("QualifiedApiName", Kind::Text),
            ("DeveloperName", Kind::Text),
            ("Label", Kind::Text),
            ("NamespacePrefix", Kind::Text),
            ("DataType", Kind::Text),
            ("Length", Kind::Int),
            ("Precision", Kind::Int),
            ("Scale", Kind::Int),
            ("IsCalculated", Kind::Boolean),
            ("IsIndexed", Kind::Boolean),
            ("IsNillable", Kind::Boolean),
            ("LastModifiedDate", Kind::DateTime),
            ("EntityDefinitionId", Kind::Text),
            ("EntityDefinition.QualifiedApiName", Kind::Text),
            ("EntityDefinition.DurableId", Kind::Text),
        ],
    );
    for object in &org.objects {
        let durable = object.durable_id();
        for field in &object.fields {
            let scale = if let Kind::Number { scale } = field.kind { scale } else { 0 };
            made.push(&[
                ("Id", "000000000000000AAA"),
                ("DurableId", &format!("{durable}.{}", field.name)),
                ("QualifiedApiName", &field.name),
                ("DeveloperName", developer_name(&field.name)),
                ("Label", developer_name(&field.name)),
                ("NamespacePrefix", Object::namespace(&field.name).unwrap_or_default()),
                ("DataType", &data_type(field)),
                ("Length", if field.kind == Kind::Text { "255" } else { "0" }),
                ("Precision", if matches!(field.kind, Kind::Number { .. }) { "18" } else { "0" }),
                ("Scale", &scale.to_string()),
                ("IsCalculated", "false"),
                ("IsIndexed", if matches!(field.kind, Kind::Id | Kind::Reference) { "true" } else { "false" }),
                ("IsNillable", if field.kind == Kind::Id { "false" } else { "true" }),
                ("LastModifiedDate", CHANGED),
                ("EntityDefinitionId", &durable),
                ("EntityDefinition.QualifiedApiName", &object.name),
                ("EntityDefinition.DurableId", &durable),
            ]);
        }
    }
    made
}

/// The fields that packages brought, beside those that were added by hand.
fn custom_fields(org: &Org, added: &Object) -> Object {
    let mut made = added.clone();
    for object in &org.objects {
        for (number, field) in object.fields.iter().enumerate() {
            if let Some(namespace) = Object::namespace(&field.name) {
                made.push(&[
                    ("Id", &super::generated::id("00N", object.fields.len() * 1_000 + number)),
                    ("DeveloperName", developer_name(&field.name)),
                    ("NamespacePrefix", namespace),
                    ("TableEnumOrId", &object.durable_id()),
                    ("ManageableState", "installed"),
                    ("LastModifiedDate", CHANGED),
                    ("LastModifiedBy.Name", "Docebo"),
                ]);
            }
        }
    }
    made
}

/// The name without namespace and ending.
fn developer_name(name: &str) -> &str {
    let bare = Object::namespace(name).map_or(name, |space| &name[space.len() + 2..]);
    bare.strip_suffix("__c").unwrap_or(bare)
}

fn data_type(field: &Field) -> String {
    match field.kind {
        Kind::Id => "Id".into(),
        Kind::Text => "Text(255)".into(),
        Kind::Number { scale } => format!("Number({}, {scale})", 18 - scale),
        Kind::Int => "Number(9, 0)".into(),
        Kind::Boolean => "Checkbox".into(),
        Kind::Date => "Date".into(),
        Kind::DateTime => "Date/Time".into(),
        Kind::Reference => format!("Lookup({})", field.refers_to.as_deref().unwrap_or("Object")),
        Kind::Compound => "Address".into(),
    }
}
