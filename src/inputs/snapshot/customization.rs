//! `customisation.json`: customizations of the package's objects, as returned by setup.
//!
//! Must not know: what follows from it.

use std::path::Path;

use super::folder::{check_digest, digest};
use super::reader::{Reader, reason};
use crate::error::Error;
use crate::files;
use crate::model::customization::{Customisation, FILE, File};
use crate::model::input::Input;

/// A setup answer has at most some thousand parts of a few hundred bytes.
const MAX_BYTES: u64 = 64 << 20;

impl Reader<'_> {
    /// Reads the answer, if present; an unreadable one counts as missing.
    pub(super) fn customisation(&mut self) -> Result<(), Error> {
        let entry = self.folder.manifest.as_ref().and_then(|manifest| manifest.object("customisation"));
        let path = match (self.folder.find(FILE), entry) {
            (Some(path), _) => path,
            (None, Some(entry)) => return Err(self.folder.is_gone(entry)),
            (None, None) => return Ok(()),
        };
        let read = files::read(path, MAX_BYTES).map_err(|source| Error::from_input(path, source));
        if let (Some(entry), Ok(bytes)) = (entry, &read) {
            check_digest(path, entry, &digest(bytes))?;
        }
        match read.and_then(|bytes| Ok((parse(path, &bytes)?, digest(&bytes)))) {
            Ok((answer, sha256)) => {
                self.snapshot.inputs.push(Input {
                    side: "salesforce".into(),
                    holds: "customizations of the package's objects".to_owned(),
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
                self.snapshot.rows.customisation = Some(answer);
            }
            Err(error) => self.snapshot.caveats.push(format!(
                "Customizations of the package's objects are unknown, because the file that lists them cannot be read: {}.",
                reason(&error)
            )),
        }
        Ok(())
    }
}

fn parse(path: &Path, bytes: &[u8]) -> Result<Customisation, Error> {
    let wrong = |what: String| Error::Input {
        path: path.to_owned(),
        what,
        next: "extract the snapshot again; or remove the file: customizations are then not evaluated".to_owned(),
    };
    let file: File = serde_json::from_slice(bytes).map_err(|error| wrong(format!("cannot be read: {error}")))?;
    file.read().map_err(wrong)
}
