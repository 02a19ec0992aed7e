//! The plan and the result of an extraction from Salesforce.

use crate::model::object::SfObject;

/// The result of extracting a live organization.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Extracted {
    /// By object: rows, Salesforce's count, and whether the two [differ](crate::model::completeness::differ).
    pub objects: Vec<(SfObject, u64, u64, bool)>,
    /// Objects and columns hidden from the user.
    pub hidden: Vec<String>,
    /// Number of requests sent.
    pub calls: u64,
}

impl Extracted {
    /// Objects with fewer or more rows than Salesforce counted.
    pub fn incomplete(&self) -> impl Iterator<Item = &(SfObject, u64, u64, bool)> {
        self.objects.iter().filter(|(.., differ)| *differ)
    }
}

/// The plan of an extraction.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The organization's id.
    pub org_id: String,
    /// `https://…`
    pub instance: String,
    /// The API version.
    pub api_version: String,
    /// The queries, one for each object.
    pub queries: Vec<PlannedQuery>,
    /// Objects and columns hidden from the user.
    pub hidden: Vec<String>,
    /// Estimated total number of calls.
    pub calls: u64,
    /// The organization's API calls in the last 24 hours, used and allowed, if known.
    pub usage: Option<(u64, u64)>,
    /// Calls that the plan itself took.
    pub asked: u64,
}

/// One query of a plan.
#[derive(Debug, Clone)]
pub struct PlannedQuery {
    /// The object to read.
    pub object: SfObject,
    /// The API: `REST` or `Bulk API 2.0`.
    pub api: &'static str,
    /// Salesforce's current row count.
    pub rows: u64,
    /// The query.
    pub soql: String,
    /// Estimated number of calls.
    pub calls: u64,
}
