//! `customisation.json`: what was built onto the package's objects, as it was asked of setup.
//!
//! Must not know: what follows from it.

#![expect(clippy::disallowed_methods, reason = "the answer is a file of the snapshot")]

use data_encoding::HEXLOWER;
use sha2::{Digest as _, Sha256};

use super::{Reader, find};
use crate::error::Error;
use crate::model::customisation::{FILE, File};
use crate::model::provenance::Input;

impl Reader<'_> {
    /// Reads the answer where there is one.
    pub(super) fn customisation(&mut self) -> Result<(), Error> {
        let Some(path) = find(&self.folder.files, FILE) else { return Ok(()) };
        let wrong = |what: String, next: &str| Error::Input { path: path.to_owned(), what, next: next.to_owned() };
        let bytes = std::fs::read(path).map_err(|source| Error::Unreadable { path: path.to_owned(), source })?;
        let sha256 = HEXLOWER.encode(&Sha256::digest(&bytes));
        let entry = self.folder.manifest.as_ref().and_then(|manifest| manifest.object("customisation"));
        if entry.is_some_and(|entry| !entry.sha256.eq_ignore_ascii_case(&sha256)) {
            return Err(wrong(
                "is not the file that manifest.json describes (its SHA-256 differs); somebody changed it after the extraction".to_owned(),
                "extract the snapshot again",
            ));
        }
        let again = "extract the snapshot again; or remove the file: customisations are then not evaluated";
        let file: File =
            serde_json::from_slice(&bytes).map_err(|error| wrong(format!("cannot be read: {error}"), again))?;
        let answer = file.read().map_err(|what| wrong(what, again))?;
        self.snapshot.inputs.push(Input {
            side: "salesforce".into(),
            holds: "customisations of the package's objects".to_owned(),
            file: FILE.to_owned(),
            rows: answer.parts.len() as u64,
            rejects: 0,
            deleted: 0,
            counted: None,
            encoding: "UTF-8".to_owned(),
            delimiter: None,
            dates: None,
            sha256,
        });
        self.snapshot.side.customisation = Some(answer);
        Ok(())
    }
}
