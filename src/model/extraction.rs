//! What an extraction from Salesforce would do, and what it brought.

use crate::model::object::SfObject;

/// What an extraction of a live organisation brought.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Extracted {
    /// By object: rows, what Salesforce counted, and whether that does not [agree](differ).
    pub objects: Vec<(SfObject, u64, u64, bool)>,
    /// Objects and columns that the user cannot see, in words.
    pub hidden: Vec<String>,
    /// Requests that were sent.
    pub calls: u64,
}

impl Extracted {
    /// Objects of which fewer rows than Salesforce counted were read, or more.
    pub fn incomplete(&self) -> impl Iterator<Item = &(SfObject, u64, u64, bool)> {
        self.objects.iter().filter(|(.., differ)| *differ)
    }
}

/// What an extraction would do.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The organisation's id.
    pub org_id: String,
    /// `https://…`
    pub instance: String,
    /// The version of the API.
    pub api_version: String,
    /// The queries, one for each object.
    pub queries: Vec<PlannedQuery>,
    /// Objects and columns that the user cannot see, in words.
    pub hidden: Vec<String>,
    /// Calls that it would take, all together, as an estimate.
    pub calls: u64,
    /// Of the organisation's calls of the last 24 hours: used and allowed, where its answers tell.
    pub usage: Option<(u64, u64)>,
    /// Calls that the plan itself took.
    pub asked: u64,
}

/// One query of a plan.
#[derive(Debug, Clone)]
pub struct PlannedQuery {
    /// What is read.
    pub object: SfObject,
    /// By which API: `REST` or `Bulk API 2.0`.
    pub api: &'static str,
    /// Rows that Salesforce counts now.
    pub rows: u64,
    /// The query.
    pub soql: String,
    /// Calls that it would take.
    pub calls: u64,
}
