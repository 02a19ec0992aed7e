//! What the user may see of an organization: the API version, the objects and their fields, the number of their rows.
//! Every read begins here.
//!
//! Must not know: files, pages.

use std::collections::HashSet;

use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::address::{next_page, query_path};
use super::bounds::{self, List, Pages};
use super::objects::{ObjectFields, system};
use super::soql::{self, Part, literal};
use super::store::Column;
use super::transport::{Answer, ApiError, Call, Transport};
use super::value::Kind;
use crate::error::Error;
use crate::model::id::RecordId;
use crate::model::label::Label as _;
use crate::model::object::SfObject;
use crate::settings::OrgConnection;

/// The newest API version tested with this version of tieout.
const TESTED: (u32, u32) = (67, 0);

/// The answer to a read, as JSON.
pub(super) async fn json<T: serde::de::DeserializeOwned>(transport: &Transport, path: &str) -> Result<T, Error> {
    let answer: Answer =
        transport.ask(&Call::Get(path.to_owned())).await.map_err(|trouble| trouble.into_error(path))?;
    answer.json().map_err(|trouble| trouble.into_error(path))
}

/// The newest version that the organization offers and this tool was tested with.
pub(super) async fn version(transport: &Transport) -> Result<String, Error> {
    #[derive(Deserialize)]
    struct Offered {
        version: String,
    }
    let List(offered): List<Offered> = json(transport, "/services/data").await?;
    let number = |text: &str| {
        let (major, minor) = text.split_once('.')?;
        Some((major.parse::<u32>().ok()?, minor.parse::<u32>().ok()?))
    };
    offered
        .into_iter()
        .filter_map(|offered| number(&offered.version))
        .filter(|version| *version <= TESTED)
        .max()
        .map(|(major, minor)| format!("{major}.{minor}"))
        .ok_or_else(|| Error::Salesforce {
            what: "the organisation offers no version of the API that tieout knows".to_owned(),
            next: "update tieout".to_owned(),
        })
}

/// The user and organization.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Me {
    pub(super) user_id: String,
    pub(super) organization_id: String,
    #[serde(default)]
    pub(super) preferred_username: String,
}

/// Identifies the signed-in user.
pub(super) async fn me(transport: &Transport) -> Result<Me, Error> {
    let me: Me = json(transport, "/services/oauth2/userinfo").await?;
    if [&me.user_id, &me.organization_id].into_iter().all(|id| RecordId::parse(id.as_bytes()).is_ok()) {
        return Ok(me);
    }
    Err(Error::Salesforce {
        what: "the answer on who is signed in holds no ids of a user and an organization".to_owned(),
        next: "a proxy may change the answers; if not, report this with `--trace`".to_owned(),
    })
}

/// A field as described by Salesforce.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct FieldDescription {
    pub(super) name: String,
    #[serde(rename = "type")]
    pub(super) kind: String,
}

/// The fields of an object that the user may see; `None` if the object itself is hidden or missing.
pub(super) async fn describe(
    transport: &Transport,
    version: &str,
    object: SfObject,
) -> Result<Option<Vec<FieldDescription>>, Error> {
    #[derive(Deserialize)]
    struct Object {
        #[serde(deserialize_with = "bounds::list")]
        fields: Vec<FieldDescription>,
    }
    let path = format!("/services/data/v{version}/sobjects/{object}/describe");
    match transport.ask(&Call::Get(path)).await {
        Ok(answer) => {
            let object: Object = answer.json().map_err(|trouble| trouble.into_error(object.label()))?;
            Ok(Some(object.fields))
        }
        Err(ApiError::Unknown(_)) => Ok(None),
        Err(trouble) => Err(trouble.into_error(object.label())),
    }
}

/// The fields of an object from setup, including those hidden from the user; empty if there is no such object.
pub(super) async fn known(transport: &Transport, version: &str, object: SfObject) -> Result<Vec<String>, ApiError> {
    #[derive(Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Field {
        qualified_api_name: String,
    }
    let soql = format!(
        "SELECT QualifiedApiName FROM FieldDefinition WHERE EntityDefinition.QualifiedApiName = {}",
        literal(object.label())
    );
    let fields: Vec<Field> = rows(transport, version, "tooling/query", &soql).await?;
    Ok(fields.into_iter().map(|field| field.qualified_api_name).collect())
}

/// Whether an audit requires the object.
pub(super) const fn is_needed(object: SfObject) -> bool {
    matches!(object, SfObject::Contact | SfObject::DoceboUser)
}

/// What to grant to a user who cannot see an object.
pub(super) fn grant(object: SfObject) -> String {
    format!(
        "give the user Read and View All Records on {object}; if Docebo's package has a licence or a permission set of its \
         own, assign it"
    )
}

/// Every row of a query, page by page.
pub(super) async fn rows<T: DeserializeOwned>(
    transport: &Transport,
    version: &str,
    endpoint: &str,
    soql: &str,
) -> Result<Vec<T>, ApiError> {
    Ok(rows_up_to(u64::MAX, transport, version, endpoint, soql).await?.unwrap_or_default())
}

/// As [`rows`]; the inner error is their number if it exceeds `most`.
pub(super) async fn rows_up_to<T: DeserializeOwned>(
    most: u64,
    transport: &Transport,
    version: &str,
    endpoint: &str,
    soql: &str,
) -> Result<Result<Vec<T>, u64>, ApiError> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase", bound(deserialize = "T: DeserializeOwned"))]
    struct Page<T> {
        total_size: Option<u64>,
        done: bool,
        next_records_url: Option<String>,
        #[serde(deserialize_with = "bounds::list")]
        records: Vec<T>,
    }
    let instance = transport.instance().await;
    let mut path = query_path(version, endpoint, soql);
    let (mut rows, mut asked, mut bounds, mut counted) = (Vec::new(), HashSet::new(), None, None);
    loop {
        let page: Page<T> = transport.ask(&Call::Get(path.clone())).await?.json()?;
        // It is the same on every page.
        counted = counted.or(page.total_size);
        if let Some(counted) = counted.filter(|counted| *counted > most) {
            return Ok(Err(counted));
        }
        let next = match page.next_records_url.filter(|_| !page.done) {
            Some(described) => Some(next_page(&instance, &path, &described)?),
            None => None,
        };
        asked.insert(path);
        let own = page.records.len() as u64;
        rows.extend(page.records);
        if bounds.is_none() {
            bounds = Some(Pages::new("a query", counted.unwrap_or(0))?);
        }
        if let Some(bounds) = &bounds {
            let again = next.as_ref().is_some_and(|next| asked.contains(next));
            bounds.read(rows.len() as u64, own, next.as_deref(), again)?;
        }
        match next {
            Some(next) => path = next,
            None => break,
        }
    }
    match counted.filter(|counted| *counted != rows.len() as u64) {
        // Setup rows are not data and are compared with nothing.
        Some(counted) if endpoint != "tooling/query" => Err(ApiError::Stop(Error::Salesforce {
            what: format!("a query gave {} rows, and Salesforce counted {counted}: {soql}", rows.len()),
            next: "start again; if it stays so, report this with `--trace`; what was read so far is kept".to_owned(),
        })),
        _ => Ok(Ok(rows)),
    }
}

/// The row count of a part.
pub(super) async fn count(transport: &Transport, version: &str, object: SfObject, part: Part) -> Result<u64, Error> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Counted {
        total_size: u64,
    }
    let counted: Counted = json(transport, &query_path(version, "query", &soql::count(object, part))).await?;
    Pages::new(object.label(), counted.total_size)?;
    Ok(counted.total_size)
}

/// The wanted columns that exist, `Id` first and the last change last; and the missing ones.
pub(super) fn columns(
    live: &OrgConnection,
    wanted: ObjectFields,
    described: &[FieldDescription],
) -> Result<(Vec<Column>, Vec<String>), Error> {
    let mapped = if wanted.object == SfObject::Contact { Some(live.username_field.as_str()) } else { None };
    let mut columns: Vec<Column> = Vec::new();
    let mut missing = Vec::new();
    let needed = wanted.required().chain(mapped);
    for (name, required) in needed
        .map(|name| (name, true))
        .chain(wanted.further().map(|name| (name, false)))
        .chain([(system::SYSTEM_MODSTAMP.name, true)])
    {
        match described.iter().find(|field| field.name.eq_ignore_ascii_case(name)) {
            Some(field) if columns.iter().any(|column| column.name == field.name) => {}
            Some(field) => columns.push(Column { name: field.name.clone(), kind: Kind::from_type(&field.kind) }),
            None if required => {
                return Err(Error::Salesforce {
                    what: format!("{}.{name}: the field is not there, or hidden from the user", wanted.object),
                    next: if Some(name) == mapped {
                        "correct mapping.username_field, or give the user read access to the field".to_owned()
                    } else {
                        "give the user read access to the field (View All Fields on the object does it for all)"
                            .to_owned()
                    },
                });
            }
            None => missing.push(name.to_owned()),
        }
    }
    Ok((columns, missing))
}
