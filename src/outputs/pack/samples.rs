//! Selects example findings: the oldest, the newest and some between, by a deterministic rule.
//!
//! Must not know: any single check, or how a finding is written.

use crate::model::instant::Instant;

/// Selects at most `most` findings, by index, each with the reason.
pub(super) fn pick(since: &[Option<Instant>], most: usize) -> Vec<(usize, &'static str)> {
    let mut dated: Vec<(Instant, usize)> =
        since.iter().zip(0..).filter_map(|(since, at)| Some(((*since)?, at))).collect();
    dated.sort_unstable();
    let undated: Vec<usize> = since.iter().zip(0..).filter(|(since, _)| since.is_none()).map(|(_, at)| at).collect();
    let mut picked: Vec<(usize, &'static str)> = spread(dated.len(), most)
        .map(|place| {
            let why = if place == 0 {
                "oldest"
            } else if place + 1 == dated.len() {
                "newest"
            } else {
                "spread"
            };
            (dated[place].1, why)
        })
        .collect();
    let room = most.saturating_sub(picked.len());
    picked.extend(spread(undated.len(), room).map(|place| (undated[place], "undated")));
    picked
}

/// Evenly spread indices, including the first and the last; all if they fit.
fn spread(all: usize, most: usize) -> impl Iterator<Item = usize> {
    let taken = all.min(most);
    (0..taken).map(move |i| if taken <= 1 { 0 } else { i * (all - 1) / (taken - 1) })
}

/// Distributes slots among several in turn, none receiving more than it wants.
pub(crate) fn share(wanted: &[usize], mut places: usize) -> Vec<usize> {
    let mut shares = vec![0; wanted.len()];
    while places > 0 && shares.iter().zip(wanted).any(|(share, wanted)| share < wanted) {
        for (share, wanted) in shares.iter_mut().zip(wanted) {
            if places > 0 && *share < *wanted {
                *share += 1;
                places -= 1;
            }
        }
    }
    shares
}

#[cfg(test)]
mod tests {
    use super::{pick, share};
    use crate::model::instant::Instant;

    fn at(seconds: i64) -> Option<Instant> {
        Some(Instant::from_seconds(seconds))
    }

    #[test]
    fn the_oldest_and_the_newest_are_among_the_picked() {
        let since: Vec<Option<Instant>> = (1..=100).rev().map(at).collect();
        let picked = pick(&since, 25);
        assert_eq!(picked.len(), 25);
        assert_eq!((picked[0], picked[24]), ((99, "oldest"), (0, "newest")));
        assert!(picked[1..24].iter().all(|&(_, why)| why == "spread"));
        assert!(picked.windows(2).all(|two| two[0].0 > two[1].0), "no subject twice");
    }

    #[test]
    fn undated_ones_fill_the_rest() {
        assert_eq!(pick(&[None, at(5), None], 2), [(1, "oldest"), (0, "undated")]);
        assert_eq!(pick(&[None, None], 25), [(0, "undated"), (1, "undated")]);
        assert_eq!(pick(&[at(5)], 0), []);
        assert_eq!(pick(&[], 25), []);
    }

    #[test]
    fn places_are_shared_in_turn() {
        assert_eq!(share(&[9, 1, 9], 5), [2, 1, 2]);
        assert_eq!(share(&[1, 1], 5), [1, 1]);
        assert_eq!(share(&[], 5), [0usize; 0]);
    }
}
