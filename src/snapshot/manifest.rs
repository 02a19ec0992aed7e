//! `manifest.json`: what Salesforce counted when a snapshot was taken.

#![expect(clippy::disallowed_methods, reason = "the manifest is a file of the snapshot")]

use std::path::Path;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};

use crate::error::Error;
use crate::model::id::SfId;
use crate::model::instant::Instant;
use crate::model::provenance::{Extraction, Query};
use crate::settings::file::instance;

pub(super) struct Manifest {
    pub(super) org_id: Option<SfId>,
    pub(super) instance: Option<String>,
    pub(super) server_time: Instant,
    pub(super) extraction: Extraction,
    objects: Vec<Entry>,
}

/// What only tells how the rows came about (user, API version, SOQL) may be missing or odd: nothing rests on it.
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
    /// Rows that Salesforce counted.
    pub(super) counted: u64,
    pub(super) sha256: String,
    #[serde(default, deserialize_with = "if_it_fits")]
    soql: Option<String>,
    #[serde(default, deserialize_with = "if_it_fits")]
    rows: Option<u64>,
    #[serde(default, deserialize_with = "if_it_fits")]
    drift: Option<u64>,
}

/// A value that nothing rests on: nothing where somebody made something else of it.
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
        let text =
            std::fs::read_to_string(path).map_err(|source| Error::Unreadable { path: path.to_owned(), source })?;
        let file: File =
            serde_json::from_str(&text).map_err(|error| wrong(format!("is not a manifest of a snapshot: {error}")))?;
        if file.version != 1 {
            return Err(wrong(format!("has version {}, this tieout reads version 1", file.version)));
        }
        let server_time = Instant::parse(file.server_time.as_bytes())
            .ok()
            .flatten()
            .ok_or_else(|| wrong(format!("server_time `{}` is not a date and time with a zone", file.server_time)))?;
        let org_id = match file.org_id {
            Some(id) => {
                Some(SfId::parse(id.as_bytes()).map_err(|_| wrong(format!("org_id `{id}` is not a Salesforce id")))?)
            }
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
            Some(Query {
                object: entry.object.clone(),
                soql,
                counted: entry.counted,
                rows: entry.rows.unwrap_or(entry.counted),
                drift: entry.drift.unwrap_or(0),
                began: None,
                ended: None,
                requests: 0,
            })
        });
        let extraction = Extraction {
            api_version: file.api_version,
            user: file.user_id.and_then(|id| SfId::parse(id.as_bytes()).ok()),
            queries: queries.collect(),
            ..Extraction::default()
        };
        Ok(Self { org_id, instance, server_time, extraction, objects: file.objects })
    }

    pub(super) fn object(&self, name: &str) -> Option<&Entry> {
        self.objects.iter().find(|entry| entry.object == name)
    }
}
