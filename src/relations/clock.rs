//! Which time zone, and which order of day and month, the export's dates are in.
//!
//! Docebo's reports do not say. Where the configuration does not either, enrollments that stand on
//! both sides decide: each zone is tried, and the one under which most pairs show the same moment is
//! taken, if at least [`LEAST_PAIRS`] pairs and nine in ten of them agree; else UTC. What was found,
//! and by how many pairs, stands in every output.

use rayon::prelude::*;

use crate::model::dataset::Dataset;
use crate::model::instant::{DAY, Instant, LocalTime, Resolution, civil_from_days, days_from_civil};
use crate::model::provenance::{DateOrder, DateProfile, ExportFile, ExportKind, ZoneFinding};
use crate::model::zone::{Clock, Readings};
use crate::relations::Undecidable;
use crate::settings::{Rules, ZoneRule};

/// Fewer pairs than this prove no zone.
pub const LEAST_PAIRS: u64 = 20;
/// More pairs than this add no certainty.
const MOST_PAIRS: usize = 20_000;
/// Enrollments that are looked at in one go.
const PART: usize = 1 << 16;
/// Pairs of the first, coarse look at every zone.
const COARSE_PAIRS: usize = 400;

/// Zones to name first where several show the same time: those with the most people.
const PRINCIPAL: &[&str] = &[
    "UTC",
    "Europe/London",
    "Europe/Berlin",
    "Europe/Rome",
    "Europe/Paris",
    "Europe/Madrid",
    "Europe/Athens",
    "Europe/Istanbul",
    "Europe/Moscow",
    "America/New_York",
    "America/Chicago",
    "America/Denver",
    "America/Phoenix",
    "America/Los_Angeles",
    "America/Anchorage",
    "America/Toronto",
    "America/Mexico_City",
    "America/Sao_Paulo",
    "America/Bogota",
    "America/Argentina/Buenos_Aires",
    "Africa/Cairo",
    "Africa/Johannesburg",
    "Africa/Lagos",
    "Asia/Dubai",
    "Asia/Karachi",
    "Asia/Kolkata",
    "Asia/Dhaka",
    "Asia/Bangkok",
    "Asia/Singapore",
    "Asia/Shanghai",
    "Asia/Tokyo",
    "Asia/Seoul",
    "Australia/Sydney",
    "Australia/Brisbane",
    "Australia/Adelaide",
    "Australia/Perth",
    "Pacific/Auckland",
    "Pacific/Honolulu",
];

/// The clock the export is read with.
#[derive(Debug, Clone)]
pub struct Clocks {
    clock: Clock,
    utc: Clock,
    /// How the zone is known.
    pub finding: ZoneFinding,
}

impl Clocks {
    fn readings(
        &self,
        data: &Dataset,
        at: usize,
        local: Option<LocalTime>,
        fine: fn(&DateProfile) -> Resolution,
    ) -> Option<Readings> {
        let profile = &data.origins.exports[data.enrollments.export_file(at)].dates;
        let clock = if profile.zoned { &self.utc } else { &self.clock };
        Some(clock.readings(local?, fine(profile)))
    }

    /// When an enrollment was made.
    #[must_use]
    pub fn enrolled(&self, data: &Dataset, at: usize) -> Option<Readings> {
        self.readings(data, at, data.enrollments.enrolled(at), |profile| profile.enrolled)
    }

    /// When it was completed.
    #[must_use]
    pub fn completed(&self, data: &Dataset, at: usize) -> Option<Readings> {
        self.readings(data, at, data.enrollments.completed(at), |profile| profile.completed)
    }

    /// When a course was made in Docebo.
    #[must_use]
    pub fn course_made(&self, data: &Dataset, course: usize) -> Option<Readings> {
        let (local, file) = data.courses.made[course]?;
        let profile = &data.origins.exports[usize::from(file)].dates;
        let clock = if profile.zoned { &self.utc } else { &self.clock };
        Some(clock.readings(local, profile.course_made))
    }

    /// When the course was last opened; of enrollments that match it is not kept.
    #[must_use]
    pub fn accessed(&self, data: &Dataset, at: usize) -> Option<Readings> {
        self.readings(data, at, data.enrollments.accessed(at), |profile| profile.accessed)
    }
}

/// One enrollment on both sides.
struct Pair {
    local: LocalTime,
    resolution: Resolution,
    zoned: bool,
    undecided: bool,
    salesforce: Instant,
}

impl Pair {
    fn agrees(&self, clock: &Clock, utc: &Clock, order: DateOrder, tolerance: i64) -> bool {
        let local = if self.undecided && order == DateOrder::MonthFirst {
            match swap_day_and_month(self.local) {
                Some(swapped) => swapped,
                None => return false,
            }
        } else {
            self.local
        };
        let clock = if self.zoned { utc } else { clock };
        clock.readings(local, self.resolution).agrees(self.salesforce, tolerance)
    }
}

/// A reading with day and month exchanged, which both are 12 or less.
fn swap_day_and_month(local: LocalTime) -> Option<LocalTime> {
    let (year, month, day) = civil_from_days(local.seconds().div_euclid(DAY));
    let days = days_from_civil(year, day, month)?;
    Some(LocalTime::from_seconds(days * DAY + local.seconds().rem_euclid(DAY)))
}

/// Decides zone and order, and rewrites the dates of files whose order was open.
pub(super) fn settle(data: &mut Dataset, rules: &Rules, tolerance: i64) -> Result<Clocks, Undecidable> {
    let utc = Clock::utc();
    let pairs = pairs(data);
    let exports = &data.origins.exports;
    let of_enrollments = || exports.iter().filter(|file| file.kind == ExportKind::Enrollments);
    let undecided =
        of_enrollments().find(|file| file.dates.order == DateOrder::Undecided).map(|file| file.name.clone());
    let orders: &[DateOrder] =
        if undecided.is_some() { &[DateOrder::DayFirst, DateOrder::MonthFirst] } else { &[DateOrder::YearFirst] };

    let zoneless = of_enrollments().any(|file| !file.dates.zoned);
    let (clocks, how) = match &rules.zone {
        ZoneRule::Named(name) => (
            vec![(Clock::named(name).ok_or_else(|| Undecidable::Zone { name: name.clone() })?, Vec::new())],
            "configured",
        ),
        ZoneRule::Auto if !zoneless => (vec![(Clock::utc(), Vec::new())], "stated"),
        ZoneRule::Auto => (candidates(&pairs), "inferred"),
    };
    let best = best(&pairs, &clocks, orders, &utc, tolerance);
    let total = pairs.len() as u64;
    let sure = total >= LEAST_PAIRS && best.agreeing * 10 >= total * 9;

    if let Some(file) = undecided {
        if !sure {
            return Err(Undecidable::DateOrder { file });
        }
        fix_order(data, best.order);
    }
    let assumed = how == "inferred" && !sure;
    let (clock, same_clock) = match clocks.into_iter().nth(best.clock) {
        Some(chosen) if !assumed => chosen,
        _ => (Clock::utc(), Vec::new()),
    };
    // The candidates know only the years of the pairs.
    let clock = Clock::named(clock.name()).unwrap_or(clock);
    let finding = ZoneFinding {
        name: clock.name().to_owned(),
        how: if assumed { "assumed" } else { how }.into(),
        pairs: total,
        agreeing: if assumed { agreeing(&pairs, &clock, &utc, best.order, tolerance) } else { best.agreeing },
        same_clock,
    };
    Ok(Clocks { clock, utc, finding })
}

/// Enrollments on both sides with a date on both, evenly spread where there are very many.
fn pairs(data: &Dataset) -> Vec<Pair> {
    let both = &data.enrollments;
    let dated = |at: usize| Some((at, both.enrolled(at)?, both.row_enrolled(both.counterpart(at)?)?));
    let parts = || (0..both.len().div_ceil(PART)).into_par_iter();
    let of_part = |part: usize| (part * PART..both.len().min((part + 1) * PART)).filter_map(dated);
    let mut starts: Vec<usize> = parts().map(|part| of_part(part).count()).collect();
    let count: usize = starts.iter().sum();
    let step = count.div_ceil(MOST_PAIRS).max(1);
    let mut before = 0;
    for start in &mut starts {
        before += std::mem::replace(start, before);
    }
    parts()
        .flat_map_iter(|part| {
            let spread = (starts[part]..).zip(of_part(part)).filter(|(nth, _)| nth.is_multiple_of(step));
            spread.map(|(_, (at, local, salesforce))| {
                let profile = &data.origins.exports[both.export_file(at)].dates;
                let undecided = profile.order == DateOrder::Undecided;
                Pair { local, resolution: profile.enrolled, zoned: profile.zoned, undecided, salesforce }
            })
        })
        .collect()
}

/// Every clock that shows another time than the others in the years of the pairs, with the other
/// names it goes by.
fn candidates(pairs: &[Pair]) -> Vec<(Clock, Vec<String>)> {
    let from = pairs.iter().map(|pair| pair.salesforce.seconds()).min().unwrap_or(0);
    let to = pairs.iter().map(|pair| pair.salesforce.seconds()).max().unwrap_or(0);
    let mut names = Clock::names();
    let rank = |name: &str| {
        let principal = PRINCIPAL.iter().position(|&known| known == name).unwrap_or(usize::MAX);
        (principal, !name.contains('/') || name.starts_with("Etc/"), name.to_owned())
    };
    names.sort_by_cached_key(|name| rank(name));
    let mut distinct: Vec<(Clock, Vec<String>)> = Vec::new();
    for name in names {
        let Some(clock) = Clock::spanning(&name, from, to) else { continue };
        match distinct.iter_mut().find(|(known, _)| known.shows_the_same_as(&clock)) {
            Some((_, others)) => others.push(name),
            None => distinct.push((clock, Vec::new())),
        }
    }
    distinct
}

struct Best {
    clock: usize,
    order: DateOrder,
    agreeing: u64,
}

fn agreeing(pairs: &[Pair], clock: &Clock, utc: &Clock, order: DateOrder, tolerance: i64) -> u64 {
    pairs.iter().filter(|pair| pair.agrees(clock, utc, order, tolerance)).count() as u64
}

/// The clock and order under which most pairs agree; of equals the first, which is the best known.
fn best(pairs: &[Pair], clocks: &[(Clock, Vec<String>)], orders: &[DateOrder], utc: &Clock, tolerance: i64) -> Best {
    let choices: Vec<(usize, DateOrder)> =
        (0..clocks.len()).flat_map(|clock| orders.iter().map(move |&order| (clock, order))).collect();
    let coarse: Vec<Pair> =
        pairs.iter().step_by(pairs.len().div_ceil(COARSE_PAIRS).max(1)).map(|p| Pair { ..*p }).collect();
    let scores: Vec<u64> =
        choices.iter().map(|&(clock, order)| agreeing(&coarse, &clocks[clock].0, utc, order, tolerance)).collect();
    let floor = scores.iter().max().copied().unwrap_or(0).saturating_sub(coarse.len() as u64 / 20);
    let mut best = Best { clock: 0, order: orders[0], agreeing: 0 };
    for (&(clock, order), _) in choices.iter().zip(&scores).filter(|&(_, &score)| score >= floor) {
        let agreeing = agreeing(pairs, &clocks[clock].0, utc, order, tolerance);
        if agreeing > best.agreeing {
            best = Best { clock, order, agreeing };
        }
    }
    best
}

/// Writes the inferred order into the files that left it open.
fn fix_order(data: &mut Dataset, order: DateOrder) {
    let open: Vec<bool> = data.origins.exports.iter().map(|file| file.dates.order == DateOrder::Undecided).collect();
    let turn = |date: LocalTime| if order == DateOrder::MonthFirst { swap_day_and_month(date) } else { Some(date) };
    if open.contains(&true) {
        data.enrollments.redate(|file| open[file], turn);
    }
    if order == DateOrder::MonthFirst {
        for made in &mut data.courses.made {
            *made = made.and_then(|(local, file)| {
                if open[usize::from(file)] { Some((swap_day_and_month(local)?, file)) } else { Some((local, file)) }
            });
        }
    }
    let undecided = |file: &&mut ExportFile| file.dates.order == DateOrder::Undecided;
    for file in data.origins.exports.iter_mut().filter(undecided) {
        file.dates.order = order;
        let word = if order == DateOrder::MonthFirst { "month before day" } else { "day before month" };
        for input in data.origins.inputs.iter_mut().filter(|input| input.side == "docebo" && input.file == file.name) {
            input.dates = input.dates.take().map(|dates| format!("{dates}, {word} (inferred from both sides)"));
        }
    }
}
