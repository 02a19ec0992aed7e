//! Checks that an evidence pack is complete, unchanged, and reveals nothing confidential.
//!
//! Every check has a line of its own, and the first fault does not end the verification. The text search guarantees
//! nothing: it only knows patterns and the values it is given.
//!
//! Must not know: where the bytes come from, or how the pack was made.

mod archive;
mod bag;
mod compare;
mod content;
mod drawing;
mod layout;
mod leaks;
mod reading;
mod schema;
#[cfg(test)]
mod tests;
mod tokens;

use crate::diagnosis::{Area, Diagnosis, DoctorCheck};
pub use compare::PackParameters;

/// What the verifier knows besides the pack.
#[derive(Debug, Clone, Default)]
pub struct Known {
    /// Personal values that must not occur in it.
    pub values: Vec<String>,
    /// The digest noted when the pack was made, in hexadecimal.
    pub digest: Option<String>,
}

/// Size in bytes above which a support form or a mail gateway may refuse a file.
const LARGE: usize = 20_000_000;
/// Size in bytes above which it does.
const TOO_LARGE: usize = 45_000_000;
/// Maximum faults of one kind listed; the others are counted.
const MAX_SHOWN: usize = 20;

/// A file of the pack.
#[derive(Debug, Clone)]
struct Entry {
    /// Its path in the bag.
    path: String,
    bytes: Vec<u8>,
}

impl Entry {
    fn text(&self) -> Option<&str> {
        std::str::from_utf8(&self.bytes).ok()
    }
}

/// What verification cannot show, because packs are unsigned.
const NOT_SIGNED: &str = "a pack is not signed, so this shows that it is consistent with itself, not who made it: whoever \
     edits a file can rewrite the digests too. Compare its SHA-256 with the one that its sender tells you in another way";

/// Verifies a pack.
#[must_use]
pub fn verify(bytes: &[u8], known: &Known) -> Diagnosis {
    look(bytes, known, None)
}

/// Verifies a pack and compares every figure in it with a pack rebuilt from the run: `made` builds it from the pack's
/// stated parameters, or returns why it cannot.
pub fn verify_against(
    bytes: &[u8],
    known: &Known,
    made: &dyn Fn(&PackParameters) -> Result<Vec<u8>, String>,
) -> Diagnosis {
    look(bytes, known, Some(made))
}

/// Rebuilds the pack of a run from a pack's stated parameters.
type Make<'a> = &'a dyn Fn(&PackParameters) -> Result<Vec<u8>, String>;

fn look(bytes: &[u8], known: &Known, made: Option<Make<'_>>) -> Diagnosis {
    let signed = match made {
        Some(_) => {
            "a pack is not signed; its figures are compared with the run below, and whoever can edit the run's folder \
                    can also edit those"
                .to_owned()
        }
        None => format!("{NOT_SIGNED}, or name the run that it was made from with --run"),
    };
    let mut lines = vec![DoctorCheck::skip(Area::Pack, "signature", signed)];
    size(bytes, &mut lines);
    digest(bytes, known, &mut lines);
    if let Some(entries) = archive::open(bytes, &mut lines) {
        bag::check(&entries, &mut lines);
        let described = content::check(&entries, &mut lines);
        if let Some(made) = made {
            let persons = leaks::Persons::new(&known.values);
            let is_shown = |value: &str| persons.as_ref().is_some_and(|persons| persons.are_not_in(value));
            compare::check(&entries, made(&compare::pack_parameters(&entries)), &is_shown, &mut lines);
        }
        leaks::check(&entries, &described, &known.values, &mut lines);
    }
    Diagnosis { checks: lines }
}

fn size(bytes: &[u8], lines: &mut Vec<DoctorCheck>) {
    let found = format!("{} kB", bytes.len() / 1_000);
    let next = "pack again with --examples-only";
    lines.push(match bytes.len() {
        len if len <= LARGE => DoctorCheck::pass(Area::Pack, "size", found),
        len if len <= TOO_LARGE => {
            DoctorCheck::warn(Area::Pack, "size", format!("{found}; mail gateways often stop at 20 MB"), next)
        }
        _ => DoctorCheck::fail(
            Area::Pack,
            "size",
            format!("{found}; support's forms take 50 MB, and a pack is to stay below 45"),
            next,
        ),
    });
}

fn digest(bytes: &[u8], known: &Known, lines: &mut Vec<DoctorCheck>) {
    use sha2::{Digest as _, Sha256};
    let Some(noted) = &known.digest else {
        let found = "no .sha256 file was found beside the pack, so only what it holds can be checked";
        lines.push(DoctorCheck::skip(Area::Pack, "digest of the archive", found));
        return;
    };
    let here = data_encoding::HEXLOWER.encode(&Sha256::digest(bytes));
    lines.push(if here == noted.to_lowercase() {
        DoctorCheck::pass(Area::Pack, "digest of the archive", "as the .sha256 file says")
    } else {
        changed("digest of the archive", "is not the one that the .sha256 file says")
    });
}

/// A line saying that the pack was altered.
fn changed(what: impl Into<String>, found: impl Into<String>) -> DoctorCheck {
    DoctorCheck::fail(Area::Pack, what, found, "do not send or trust it; make or fetch the pack again")
}

/// Adds at most [`MAX_SHOWN`] faults of one kind, or a line saying that there are none.
fn report(lines: &mut Vec<DoctorCheck>, what: &str, none: &str, faults: Vec<DoctorCheck>) {
    if faults.is_empty() {
        lines.push(DoctorCheck::pass(Area::Pack, what, none));
        return;
    }
    let left_out = faults.len().saturating_sub(MAX_SHOWN);
    lines.extend(faults.into_iter().take(MAX_SHOWN));
    if left_out > 0 {
        lines.push(changed(what, format!("and {left_out} more of this kind")));
    }
}
