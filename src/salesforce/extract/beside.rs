//! What a snapshot holds beside the objects' rows: the list view's members, deleted contacts, and what was built
//! onto the package's objects. None of it keeps an extraction from being whole.
//!
//! Must not know: how rows are read.

use data_encoding::HEXLOWER;
use serde::Deserialize;
use sha2::{Digest as _, Sha256};

use super::Run;
use crate::error::Error;
use crate::model::customisation::{FILE, File};
use crate::model::provenance::SfObject;
use crate::model::word::Word as _;
use crate::salesforce::customisation;
use crate::salesforce::sight::json;
use crate::salesforce::transport::{Call, Trouble, query_path};
use crate::salesforce::value::{Kind, normal};

/// So many deleted contacts are read at most: a mass deletion is not worth the organisation's calls.
const MOST_DELETED: u64 = 100_000;

/// A file beside those of the objects, as it was written.
pub(super) struct Beside {
    pub(super) object: &'static str,
    pub(super) file: &'static str,
    pub(super) rows: u64,
    pub(super) sha256: String,
    pub(super) soql: String,
}

impl Run<'_> {
    /// The members of the list view, where one is configured: how many; nothing where it cannot be asked.
    pub(super) async fn list_view(&mut self) -> Result<Option<Beside>, Error> {
        #[derive(Deserialize)]
        struct View {
            query: String,
        }
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Rows {
            done: bool,
            next_records_url: Option<String>,
            records: Vec<Row>,
        }
        #[derive(Deserialize)]
        struct Row {
            #[serde(rename = "Id")]
            id: String,
        }
        let Some(view) = &self.live.list_view else { return Ok(None) };
        self.progress.say("the list view's members".to_owned());
        let transport = &self.org.transport;
        let version = &self.state.api_version;
        let path = format!("/services/data/v{version}/sobjects/Contact/listviews/{view}/describe");
        let untold = |what: &str| {
            format!(
                "list view {view}: {what}; next: correct mapping.list_view, or share the view with the user who signs in"
            )
        };
        let described: View = match transport.ask(&Call::Get(path)).await {
            Ok(answer) => answer.json().map_err(|trouble| trouble.into_error("list view"))?,
            Err(Trouble::Unknown(what) | Trouble::Denied(what, _)) => {
                self.state.hidden.insert("list view".to_owned(), untold(&what));
                return Ok(None);
            }
            Err(trouble) => return Err(trouble.into_error("list view")),
        };
        let soql = members(&described.query).ok_or_else(|| Error::Salesforce {
            what: format!("the list view {view} has a query that is none of Contact: {}", described.query),
            next: "correct mapping.list_view".to_owned(),
        })?;
        let mut path = query_path(version, "query", &soql);
        let mut ids = Vec::new();
        loop {
            let rows: Rows = json(transport, &path).await?;
            ids.extend(rows.records.into_iter().map(|row| row.id));
            match rows.next_records_url.filter(|_| !rows.done) {
                Some(next) => path = next,
                None => break,
            }
        }
        ids.sort_unstable();
        ids.dedup();
        let text = std::iter::once("Id".to_owned()).chain(ids.iter().cloned()).collect::<Vec<_>>().join("\n") + "\n";
        self.beside("list_view_contacts", "list_view_contacts.csv", text.as_bytes(), ids.len() as u64, soql).map(Some)
    }

    /// Contacts in the Recycle Bin, merged ones with the contact that survived: an id that names one of them
    /// can be explained. Whatever the reason that they cannot be asked, nothing else hangs on them.
    pub(super) async fn deleted_contacts(&mut self) -> Result<Option<Beside>, Error> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Rows {
            total_size: u64,
            done: bool,
            next_records_url: Option<String>,
            records: Vec<Row>,
        }
        #[derive(Deserialize)]
        #[serde(rename_all = "PascalCase")]
        struct Row {
            id: String,
            master_record_id: Option<String>,
            system_modstamp: String,
        }
        self.progress.say("deleted and merged contacts".to_owned());
        let soql = "SELECT Id, MasterRecordId, SystemModstamp FROM Contact WHERE IsDeleted = true";
        let transport = &self.org.transport;
        let mut path = query_path(&self.state.api_version, "queryAll", soql);
        let mut lines = Vec::new();
        loop {
            let answer = match transport.ask(&Call::Get(path)).await {
                Ok(answer) => answer,
                Err(Trouble::Unknown(what) | Trouble::Denied(what, _) | Trouble::NoBulk(what)) => {
                    self.state.hidden.insert(
                        "deleted contacts".to_owned(),
                        format!("deleted and merged contacts cannot be asked for: {what}"),
                    );
                    return Ok(None);
                }
                Err(trouble) => return Err(trouble.into_error("deleted contacts")),
            };
            let rows: Rows = answer.json().map_err(|trouble| trouble.into_error("deleted contacts"))?;
            if rows.total_size > MOST_DELETED {
                self.state.hidden.insert(
                    "deleted contacts".to_owned(),
                    format!(
                        "deleted and merged contacts: {} stand in the Recycle Bin, too many to read",
                        rows.total_size
                    ),
                );
                return Ok(None);
            }
            lines.extend(rows.records.into_iter().map(|row| {
                let at = normal(Kind::Moment, &row.system_modstamp).into_owned();
                format!("{},{},{at}\n", row.id, row.master_record_id.unwrap_or_default())
            }));
            match rows.next_records_url.filter(|_| !rows.done) {
                Some(next) => path = next,
                None => break,
            }
        }
        lines.sort_unstable();
        lines.dedup();
        let text = format!("Id,MasterRecordId,SystemModstamp\n{}", lines.concat());
        self.beside("deleted_contacts", "deleted_contacts.csv", text.as_bytes(), lines.len() as u64, soql.to_owned())
            .map(Some)
    }

    /// What was built onto the package's objects, and what of it could not be asked.
    pub(super) async fn customisation(&self) -> Result<Beside, Error> {
        self.progress.say("what was built onto the package's objects".to_owned());
        let there: Vec<SfObject> =
            SfObject::PACKAGE.into_iter().filter(|object| self.state.objects.contains_key(object.word())).collect();
        let found = customisation::ask(&self.org.transport, &self.state.api_version, &there).await?;
        let text =
            serde_json::to_string_pretty(&File::from(&found)).map_err(|error| Error::Defect(error.to_string()))?;
        let rows = found.parts.len() as u64;
        self.beside("customisation", FILE, (text + "\n").as_bytes(), rows, String::new())
    }

    fn beside(
        &self,
        object: &'static str,
        file: &'static str,
        bytes: &[u8],
        rows: u64,
        soql: String,
    ) -> Result<Beside, Error> {
        self.store.put(file, bytes)?;
        Ok(Beside { object, file, rows, sha256: HEXLOWER.encode(&Sha256::digest(bytes)), soql })
    }
}

/// The query of a list view for the ids alone: its own condition, without columns and order.
fn members(query: &str) -> Option<String> {
    let upper = query.to_ascii_uppercase();
    let from = upper.find(" FROM CONTACT")?;
    let rest = &query[from..];
    let end = upper[from..].rfind(" ORDER BY ").unwrap_or(rest.len());
    Some(format!("SELECT Id{}", &rest[..end]))
}

#[cfg(test)]
mod tests {
    use super::members;

    #[test]
    fn a_list_view_is_asked_for_ids_alone() {
        assert_eq!(
            members("SELECT Name, Account.Name FROM Contact USING SCOPE everything WHERE Active__c = true ORDER BY Name ASC NULLS FIRST, Id ASC").as_deref(),
            Some("SELECT Id FROM Contact USING SCOPE everything WHERE Active__c = true")
        );
        assert_eq!(members("SELECT Id FROM Account"), None);
    }
}
