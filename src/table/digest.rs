//! The SHA-256 of a file, computed beside the reading of it: on processors without instructions for it,
//! the digest costs as much as parsing.

#![expect(clippy::disallowed_methods, reason = "this room reads input files")]

use std::fs::File;
use std::io::Read as _;
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::thread::JoinHandle;

use sha2::{Digest as _, Sha256};

/// A digest that is being computed, or is done.
#[derive(Debug)]
pub(super) struct Digest(Mutex<State>);

#[derive(Debug)]
enum State {
    Running(JoinHandle<std::io::Result<String>>),
    Done(String),
    Failed,
}

const CHUNK: usize = 1 << 18;

impl Digest {
    pub(super) fn start(path: &Path) -> Self {
        let path = path.to_owned();
        Self(Mutex::new(State::Running(std::thread::spawn(move || of(&path)))))
    }

    /// The digest in hexadecimal, waited for where it is not done yet.
    pub(super) fn wait(&self) -> std::io::Result<String> {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match std::mem::replace(&mut *state, State::Failed) {
            State::Running(thread) => {
                let digest = thread.join().unwrap_or_else(|_| Err(std::io::Error::other("hashing broke off")))?;
                *state = State::Done(digest.clone());
                Ok(digest)
            }
            State::Done(digest) => {
                *state = State::Done(digest.clone());
                Ok(digest)
            }
            State::Failed => Err(std::io::Error::other("hashing broke off")),
        }
    }
}

fn of(path: &Path) -> std::io::Result<String> {
    let mut file = File::open(path)?;
    let mut digest = Sha256::new();
    let mut buffer = vec![0; CHUNK];
    loop {
        match file.read(&mut buffer) {
            Ok(0) => return Ok(data_encoding::HEXLOWER.encode(&digest.finalize())),
            Ok(length) => digest.update(&buffer[..length]),
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}
