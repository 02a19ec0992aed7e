//! `manifest.json`: Salesforce's row counts when a snapshot was taken.

use std::path::Path;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};

use crate::error::Error;
use crate::files;
use crate::model::completeness::differ;
use crate::model::id::RecordId;
use crate::model::instant::Instant;
use crate::model::request_log::{Extraction, Query};
use crate::settings::file::instance;

/// A manifest has an entry for each of some fifteen files.
const MAX_BYTES: u64 = 16 << 20;

pub(super) struct Manifest {
    pub(super) org_id: Option<RecordId>,
    pub(super) instance: Option<String>,
    pub(super) server_time: Instant,
    pub(super) extraction: Extraction,
    objects: Vec<Entry>,
}

/// Fields that only document the rows' origin (user, API version, SOQL) may be missing or invalid: nothing depends on
/// them.
#[derive(Deserialize)]
struct File {
    version: u32,
    #[serde(default, deserialize_with = "if_it_fits")]
    api_version: Option<String>,
    #[serde(default, deserialize_with = "if_it_fits")]
    user_id: Option<String>,
    org_id: Option<String>,
    instance_url: Option<String>,
    server_time: String,
    objects: Vec<Entry>,
}

/// One object's file.
#[derive(Deserialize)]
pub(super) struct Entry {
    object: String,
    pub(super) file: String,
    /// Number of rows counted by Salesforce; `None` if not counted.
    #[serde(default)]
    pub(super) counted: Option<u64>,
    pub(super) sha256: String,
    #[serde(default, deserialize_with = "if_it_fits")]
    soql: Option<String>,
    /// Number of rows written into the file.
    #[serde(default, deserialize_with = "if_it_fits")]
    rows: Option<u64>,
    #[serde(default, deserialize_with = "if_it_fits")]
    drift: Option<u64>,
}

impl Entry {
    /// Found and expected rows, if a file with `rows` rows, of which `live` are not deleted, has fewer or more than
    /// Salesforce counted or, without a count, fewer than were written.
    pub(super) fn missing_rows(&self, live: u64, rows: u64) -> Option<(u64, u64)> {
        let (found, wanted, more) = match self.counted {
            Some(counted) => (live, counted, self.drift.unwrap_or(0)),
            None => (rows, self.rows.unwrap_or(0), u64::MAX),
        };
        differ(found, wanted, more).then_some((found, wanted))
    }
}

/// A value on which nothing depends: `None` if it is invalid.
fn if_it_fits<'de, D: Deserializer<'de>, T: DeserializeOwned>(deserializer: D) -> Result<Option<T>, D::Error> {
    Ok(serde_json::from_value(serde_json::Value::deserialize(deserializer)?).ok())
}

impl Manifest {
    pub(super) fn read(path: &Path) -> Result<Self, Error> {
        let wrong = |what: String| Error::Input {
            path: path.to_owned(),
            what,
            next: "extract the snapshot again; or remove manifest.json, if nobody has to vouch for the counts"
                .to_owned(),
        };
        let text = files::read_text(path, MAX_BYTES).map_err(|source| Error::from_input(path, source))?;
        let file: File =
            serde_json::from_str(&text).map_err(|error| wrong(format!("is not a manifest of a snapshot: {error}")))?;
        if file.version != 1 {
            return Err(wrong(format!("has version {}, this tieout reads version 1", file.version)));
        }
        let mut names: Vec<&str> = file.objects.iter().map(|entry| entry.object.as_str()).collect();
        names.sort_unstable();
        if let Some(twice) = names.windows(2).find(|two| two[0] == two[1]) {
            return Err(wrong(format!("lists {} twice", twice[0])));
        }
        let read = Instant::parse_stated(file.server_time.as_bytes());
        let server_time = read.map_err(|fault| {
            wrong(format!("server_time `{}` {}", file.server_time, fault.why("is not a date and time with a zone")))
        })?;
        let org_id = match file.org_id {
            Some(id) => Some(
                RecordId::parse(id.as_bytes()).map_err(|_| wrong(format!("org_id `{id}` is not a Salesforce id")))?,
            ),
            None => None,
        };
        let instance = match file.instance_url {
            Some(url) => {
                Some(instance(&url).ok_or_else(|| wrong(format!("instance_url `{url}` is not an https:// address")))?)
            }
            None => None,
        };
        let queries = file.objects.iter().filter_map(|entry| {
            let soql = entry.soql.clone().filter(|soql| !soql.is_empty())?;
            let counted = entry.counted?;
            Some(Query {
                object: entry.object.clone(),
                soql,
                counted,
                rows: entry.rows.unwrap_or(counted),
                drift: entry.drift.unwrap_or(0),
                began: None,
                ended: None,
                requests: 0,
            })
        });
        let extraction = Extraction {
            api_version: file.api_version,
            user: file.user_id.and_then(|id| RecordId::parse(id.as_bytes()).ok()),
            queries: queries.collect(),
            ..Extraction::default()
        };
        Ok(Self { org_id, instance, server_time, extraction, objects: file.objects })
    }

    pub(super) fn object(&self, name: &str) -> Option<&Entry> {
        self.objects.iter().find(|entry| entry.object == name)
    }
}
