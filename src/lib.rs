//! tieout reconciles Docebo with Salesforce: it compares the learners and enrollments of a Docebo export with what
//! Docebo's integration wrote into Salesforce, and accounts for every row of both sides.
//!
//! # Map
//!
//! | Module | What it does | Must not know |
//! |---|---|---|
//! | [`model`] | plain data: ids, keys, moments, tables in columns | where a value came from |
//! | [`settings`] | the configuration file | what it is used for |
//! | [`inputs`] | the two sides come in: Docebo's export, a Salesforce snapshot or organization | the other side |
//! | [`reconcile`] | [`join`](reconcile::join) matches the two sides; [`relations`](reconcile::relations) gives every record one value | files, checks, outputs |
//! | [`stalls`] | when the sync stopped and what that cost, from the times at which records were due and written | checks, wording |
//! | [`checks`] | one file for each check: which values it selects, what it says of them | outputs |
//! | [`report`] | the result of a run, and its history | formats |
//! | [`outputs`] | one renderer for each format, and the writer of files | decisions |
//! | [`verify`] | an evidence pack, as its recipient checks it | how it was made |
//! | [`commands`] | one command each: reads, judges, renders, writes | |
//!
//! Every module uses only those above it in this table; a test holds that. [`diagnosis`], [`error`],
//! [`exit`], [`files`], [`progress`] and [`secrets`] serve all of them.
//!
//! A row goes this way: [`inputs::table`] parses it, [`inputs::docebo`] or [`inputs::snapshot`] types it,
//! [`reconcile::join`] matches it, [`reconcile::relations`] gives it a value, a check selects it, [`report`] keeps the
//! finding, [`outputs`] shows it.
//!
//! # Glossary
//!
//! - **Learner**: a Docebo user. *User* always means the Salesforce `User`.
//! - **Key**: the value of the `Contact` field that is mapped to the Docebo username.
//! - **`sfdc_id`**: the learner's additional field with the Salesforce id.
//! - **Addressable**: a learner whose `sfdc_id` is a contact or a user that exists.
//! - **Cutoff**: what happened after it is not yet expected on the other side: the earlier of export and extraction,
//!   less the grace period.
//! - **Due**: an enrollment that is in scope, not archived and older than the cutoff.
//! - **`link`**, **`outbound`**, **`enrollment`**, **`forecast`**: the four relations. Each gives one value to every learner
//!   (the first two), enrollment and contact.
//! - **Completeness**: whether every record of an object was read; only then does a missing record prove anything.
//! - **Excluded row**: a row that takes no part: archived, repeated, contradictory, deleted, or unreadable (a *reject*).
//! - **Stream**: records of one kind that the sync writes, such as enrollments or status updates.
//! - **Stall**: a period in which a stream was due and not written. Its **onset** is known between two moments. An open
//!   stall has no end; a **gap** has one, but was not backfilled.
//! - **Check**, **finding**: a rule, and one record that breaks it. A finding points at its **evidence**.
//! - **Control total**: the rows read of a population, and the values that add up to them.
//! - **Snapshot**: a folder of CSV files, one for each Salesforce object. **Watermark**: the moment of Salesforce's clock up to
//!   which an extraction reads.

pub mod checks;
pub mod commands;
pub mod diagnosis;
pub mod error;
pub mod exit;
pub mod files;
pub mod inputs;
pub mod model;
pub mod outputs;
pub mod progress;
pub mod reconcile;
pub mod report;
pub mod secrets;
pub mod settings;
pub mod stalls;
pub mod verify;
