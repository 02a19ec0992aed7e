//! The fuzz targets as ordinary tests: what the fuzzer kept is replayed, and so are random changes of it, with fixed seeds.

use std::path::Path;

use fastrand::Rng;

use crate::root;

#[expect(clippy::disallowed_types, reason = "a local server gives the answers")]
#[path = "../fuzz/targets.rs"]
mod targets;

/// Random changes of each input.
const CHANGES: usize = 12;

#[test]
fn what_the_fuzzer_kept_breaks_nothing() {
    let mut rng = Rng::with_seed(20);
    for (name, _) in targets::TARGETS {
        let mut kept = kept(&root().join("tests/fuzz/corpus").join(name));
        assert!(!kept.is_empty(), "{name} has no corpus");
        // The corpora of slow targets are replayed as they are.
        let changes = if ["addresses", "bulk", "rest", "token"].contains(&name) { 1 } else { CHANGES };
        for input in &mut kept {
            targets::run(name, input);
            for _ in 0..changes {
                let changed = change(input, &mut rng);
                targets::run(name, &changed);
            }
        }
    }
}

fn kept(folder: &Path) -> Vec<Vec<u8>> {
    let mut paths: Vec<_> =
        std::fs::read_dir(folder).into_iter().flatten().map(|entry| entry.expect("an entry").path()).collect();
    paths.sort_unstable();
    paths.iter().map(|path| std::fs::read(path).expect("a file")).collect()
}

/// A few bytes changed, taken out, put in or doubled.
fn change(input: &[u8], rng: &mut Rng) -> Vec<u8> {
    const WORDS: [&[u8]; 10] =
        [b"\"", b",", b"\n", b"\0", b"\xff\xfe", b"-1", b"99999999999999999999", b"0000-00-00", b"{", b"\xe2\x80\xae"];
    let mut bytes = input.to_vec();
    for _ in 0..rng.usize(1..5) {
        let at = rng.usize(0..=bytes.len());
        match rng.u8(0..4) {
            0 => bytes.splice(at..at, rng.choice(WORDS).expect("words").iter().copied()).for_each(drop),
            1 => bytes.truncate(at),
            2 => {
                let end = (at + rng.usize(0..20)).min(bytes.len());
                let copy = bytes[at..end].to_vec();
                bytes.splice(at..at, copy).for_each(drop);
            }
            _ => {
                if let Some(byte) = bytes.get_mut(at) {
                    *byte = rng.u8(..);
                }
            }
        }
    }
    bytes
}
