//! `requests.jsonl` of a snapshot: every request that an extraction made, in order, so that a third person sees how
//! the rows came about. It grows with the work and is not rewritten, and it is the one file of a snapshot that
//! differs from run to run.
//!
//! Must not know: what is asked, or why.

#![expect(clippy::disallowed_methods, reason = "the log is a file of the snapshot")]

use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::path::Path;
use std::sync::{Arc, Mutex};

use super::transport::{Said, Trace};
use crate::error::Error;
use crate::model::provenance::Request;

/// The file's name in the folder of a snapshot.
const FILE: &str = "requests.jsonl";
/// Requests that are written down one by one; of further ones nothing is kept, so that the file stays small.
const MOST: u64 = 20_000;

#[derive(Default)]
struct Inner {
    /// Requests from before the folder was there.
    early: Vec<Vec<u8>>,
    file: Option<File>,
    written: u64,
}

/// The log of one extraction.
#[derive(Clone, Default)]
pub(super) struct Log(Arc<Mutex<Inner>>);

impl Log {
    /// Writes down what is said, and passes it on.
    pub(super) fn trace(&self, further: Option<Trace>) -> Trace {
        let log = self.clone();
        Box::new(move |said| {
            log.add(said);
            if let Some(further) = &further {
                further(said);
            }
        })
    }

    fn add(&self, said: &Said<'_>) {
        let request = Request {
            at: said.at,
            method: said.method.to_owned(),
            path: said.path.to_owned(),
            answer: said.answer.to_owned(),
            soql: said.soql.map(str::to_owned),
            milliseconds: u64::try_from(said.took.as_millis()).unwrap_or(u64::MAX),
        };
        let Ok(mut line) = serde_json::to_vec(&request) else { return };
        line.push(b'\n');
        let Ok(mut inner) = self.0.lock() else { return };
        inner.written += 1;
        if inner.written > MOST {
            return;
        }
        match &mut inner.file {
            // The log must not keep the work from going on: what could not be written is missing in it.
            Some(file) => drop(file.write_all(&line)),
            None => inner.early.push(line),
        }
    }

    /// Goes on in the folder of the snapshot, behind what an earlier run wrote there. A last line that was torn
    /// off is taken away.
    pub(super) fn keep_in(&self, folder: &Path) -> Result<(), Error> {
        let path = folder.join(FILE);
        let failed = |source: std::io::Error| Error::Output {
            path: path.clone(),
            what: format!("cannot be written: {source}"),
            next: "make room or give write access here, and start again; what was read so far is kept".to_owned(),
        };
        let former = std::fs::read(&path).unwrap_or_default();
        let whole = former.iter().rposition(|&byte| byte == b'\n').map_or(0, |at| at + 1);
        let mut file = OpenOptions::new().create(true).append(true).open(&path).map_err(failed)?;
        file.set_len(whole as u64).map_err(failed)?;
        let Ok(mut inner) = self.0.lock() else { return Ok(()) };
        inner.written += former[..whole].iter().filter(|&&byte| byte == b'\n').count() as u64;
        for line in std::mem::take(&mut inner.early) {
            file.write_all(&line).map_err(failed)?;
        }
        inner.file = Some(file);
        Ok(())
    }
}
