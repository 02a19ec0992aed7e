//! Additional snapshot files: the list view's members, deleted contacts, and customizations of the package's objects.
//! An extraction is complete without them.
//!
//! Must not know: how rows are read.

use data_encoding::HEXLOWER;
use serde::Deserialize;
use sha2::{Digest as _, Sha256};

use crate::error::Error;
use crate::inputs::salesforce::customization;
use crate::inputs::salesforce::describe::{rows, rows_up_to};
use crate::inputs::salesforce::objects::deleted_contact::{self, ID, IS_DELETED};
use crate::inputs::salesforce::soql;
use crate::inputs::salesforce::store::Store;
use crate::inputs::salesforce::transport::{ApiError, Call, Transport};
use crate::inputs::salesforce::value::{Kind, normal};
use crate::model::customization::{FILE, File};
use crate::model::id::RecordId;
use crate::model::instant::Instant;
use crate::model::object::SfObject;
use crate::progress::Progress;
use crate::secrets::mask_and_shorten;

/// Maximum number of deleted contacts read: a mass deletion is not worth the organization's calls.
const MAX_DELETED: u64 = 100_000;

/// An additional file, as written.
pub(super) struct AuxiliaryList {
    pub(super) object: &'static str,
    pub(super) file: &'static str,
    pub(super) rows: u64,
    pub(super) sha256: String,
    pub(super) soql: String,
}

/// Shared context of all three queries.
pub(super) struct AuxiliaryReader<'a> {
    pub(super) transport: &'a Transport,
    pub(super) version: &'a str,
    pub(super) store: &'a Store,
    pub(super) progress: &'a Progress,
}

impl AuxiliaryReader<'_> {
    /// The members of a list view; the inner error says why they are unknown.
    pub(super) async fn list_view(&self, view: &str) -> Result<Result<AuxiliaryList, String>, Error> {
        #[derive(Deserialize)]
        struct View {
            query: String,
        }
        #[derive(Deserialize)]
        #[serde(rename_all = "PascalCase")]
        struct Row {
            id: String,
        }
        self.progress.print("the list view's members".to_owned());
        let Self { transport, version, .. } = *self;
        let path = format!("/services/data/v{version}/sobjects/Contact/listviews/{view}/describe");
        let untold = |what: &str| {
            format!(
                "list view {view}: {what}; next: correct mapping.list_view, or share the view with the user who signs in"
            )
        };
        let described: View = match transport.ask(&Call::Get(path)).await {
            Ok(answer) => answer.json().map_err(|trouble| trouble.into_error("list view"))?,
            Err(ApiError::Unknown(what) | ApiError::Denied(what, _)) => {
                return Ok(Err(untold(&what)));
            }
            Err(trouble) => return Err(trouble.into_error("list view")),
        };
        let soql = soql::members(&described.query).ok_or_else(|| Error::Salesforce {
            what: format!("the list view {view} has a query that is not one of Contact alone: {}", described.query),
            next: "correct mapping.list_view".to_owned(),
        })?;
        let members: Vec<Row> =
            rows(transport, version, "query", &soql).await.map_err(|trouble| trouble.into_error("list view"))?;
        let mut ids: Vec<String> = members.into_iter().map(|row| row.id).collect();
        ids.iter().try_for_each(|id| contact_id(id))?;
        ids.sort_unstable();
        ids.dedup();
        let text = std::iter::once(ID.name.to_owned()).chain(ids.iter().cloned()).collect::<Vec<_>>().join("\n") + "\n";
        self.auxiliary("list_view_contacts", "list_view_contacts.csv", text.as_bytes(), ids.len() as u64, soql).map(Ok)
    }

    /// Contacts in the Recycle Bin, merged ones with the surviving contact: they explain ids of such contacts. The
    /// inner error says why they are unknown; nothing else depends on them.
    pub(super) async fn deleted_contacts(&self) -> Result<Result<AuxiliaryList, String>, Error> {
        #[derive(Deserialize)]
        #[serde(rename_all = "PascalCase")]
        struct Row {
            id: String,
            master_record_id: Option<String>,
            system_modstamp: String,
        }
        self.progress.print("deleted and merged contacts".to_owned());
        let columns = deleted_contact::COLUMNS.map(|column| column.name);
        let soql = format!("SELECT {} FROM Contact WHERE {IS_DELETED} = true", columns.join(", "));
        let deleted: Vec<Row> = match rows_up_to(MAX_DELETED, self.transport, self.version, "queryAll", &soql).await {
            Ok(Ok(deleted)) => deleted,
            Ok(Err(many)) => {
                return Ok(Err(format!(
                    "deleted and merged contacts: {many} stand in the Recycle Bin, too many to read"
                )));
            }
            Err(ApiError::Unknown(what) | ApiError::Denied(what, _) | ApiError::NoBulk(what)) => {
                return Ok(Err(format!("deleted and merged contacts cannot be asked for: {what}")));
            }
            Err(trouble) => return Err(trouble.into_error("deleted contacts")),
        };
        let line = |row: Row| {
            let at = normal(Kind::Moment, &row.system_modstamp);
            let into = row.master_record_id.unwrap_or_default();
            contact_id(&row.id)?;
            if !into.is_empty() {
                contact_id(&into)?;
            }
            let Ok(Some(_)) = Instant::parse(at.as_bytes()) else {
                return Err(Error::Salesforce {
                    what: format!("the contact {} was deleted at `{at}`, which Salesforce does not write", row.id),
                    next: "a proxy may change the answers; if not, report this with `--trace`".to_owned(),
                });
            };
            Ok(format!("{},{into},{at}\n", row.id))
        };
        let mut lines: Vec<String> = deleted.into_iter().map(line).collect::<Result<_, Error>>()?;
        lines.sort_unstable();
        lines.dedup();
        let text = format!("{}\n{}", columns.join(","), lines.concat());
        self.auxiliary("deleted_contacts", "deleted_contacts.csv", text.as_bytes(), lines.len() as u64, soql).map(Ok)
    }

    /// Customizations of the package's objects that are `there`, and the failed queries.
    pub(super) async fn customisation(&self, there: &[SfObject]) -> Result<AuxiliaryList, Error> {
        self.progress.print("what was built onto the package's objects".to_owned());
        let found = customization::read(self.transport, self.version, there).await?;
        let text =
            serde_json::to_string_pretty(&File::from(&found)).map_err(|error| Error::Defect(error.to_string()))?;
        let rows = found.parts.len() as u64;
        self.auxiliary("customisation", FILE, (text + "\n").as_bytes(), rows, String::new())
    }

    fn auxiliary(
        &self,
        object: &'static str,
        file: &'static str,
        bytes: &[u8],
        rows: u64,
        soql: String,
    ) -> Result<AuxiliaryList, Error> {
        self.store.put(file, bytes)?;
        Ok(AuxiliaryList { object, file, rows, sha256: HEXLOWER.encode(&Sha256::digest(bytes)), soql })
    }
}

/// Checks a contact's id, so that an invalid line makes no row of the file.
fn contact_id(text: &str) -> Result<(), Error> {
    if RecordId::parse(text.as_bytes()).is_ok() {
        return Ok(());
    }
    Err(Error::Salesforce {
        what: format!("the id of a contact is `{}`, which Salesforce does not write", mask_and_shorten(text, 40)),
        next: "a proxy may change the answers; if not, report this with `--trace`; what was read so far is kept"
            .to_owned(),
    })
}
