//! The two sides as they come in: Docebo's export and Salesforce's objects, live or as a snapshot folder.
//!
//! Each reader knows its own side alone and yields typed rows. Where the two sides meet is
//! [`reconcile::join`](crate::reconcile::join).

/// Docebo's export: its reports, their headings, dates and rows.
pub mod docebo;
/// What analysts wrote into the workbook of an earlier run.
pub mod reviews;
/// A live Salesforce organization, read only.
pub mod salesforce;
/// The Salesforce side as a folder of CSV files.
pub mod snapshot;
mod source_file;
/// Delimited text and sheets, whatever their envelope.
pub mod table;
