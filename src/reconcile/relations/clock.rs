//! Infers the time zone, and the order of day and month, of the dates in each export file.
//!
//! Docebo's reports do not state them, and each uses the zone of the user who created it. If the configuration does not
//! state them either, enrollments that are in both a file and Salesforce decide for that file: each zone is tried, and
//! the one under which most pairs show the same moment is taken, if there are at least [`MIN_PAIRS`] pairs and nine in
//! ten of them agree. If there are as many pairs and no zone reaches that, the dates of the file are not compared. With
//! fewer pairs UTC is assumed, unless a zone that is proven for all files together fits these too; and if UTC
//! contradicts more than half of the few, the dates are not compared either. The result, and the number of pairs, is
//! part of every output.

use rayon::prelude::*;

use crate::model::input::{DateOrder, DateProfile, ExportFile, ExportKind};
use crate::model::instant::{HOUR, Instant, LocalTime, Precision, Resolution};
use crate::model::zone::ZoneFinding;
use crate::model::zone::{Clock, Readings};
use crate::reconcile::dataset::Dataset;
use crate::reconcile::relations::RelateError;
use crate::settings::{Rules, ZoneRule};

/// Seconds by which a local time can be ahead of UTC; the uncertainty of an unknown zone.
pub(super) const ZONE_DOUBT: i64 = 14 * HOUR;

/// Minimum number of pairs that prove a zone.
pub const MIN_PAIRS: u64 = 20;
/// Maximum number of pairs; more add no certainty.
const MAX_PAIRS: usize = 20_000;
/// Enrollments examined per batch.
const PART: usize = 1 << 16;
/// Pairs for the first, coarse comparison with every zone.
const COARSE_PAIRS: usize = 400;

/// Zones preferred among several with the same time: the most populous ones.
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

/// The clocks of the export files.
#[derive(Debug, Clone)]
pub struct Clocks {
    /// By file, an index into [`Origins::exports`](crate::model::origins::Origins::exports).
    files: Vec<FileClock>,
    /// How the zone of each *Users - Courses* file was determined, in file order.
    pub findings: Vec<ZoneFinding>,
}

/// The clock of one file.
#[derive(Debug, Clone)]
struct FileClock {
    clock: Clock,
    /// Whether its dates can be compared with Salesforce's.
    compared: bool,
}

impl Clocks {
    fn read(&self, data: &Dataset, file: usize, local: LocalTime, fine: fn(&DateProfile) -> Precision) -> Readings {
        self.files[file].clock.readings(local, fine(&data.origins.exports[file].dates).resolution(local))
    }

    fn of_enrollment(
        &self,
        data: &Dataset,
        at: usize,
        local: Option<LocalTime>,
        fine: fn(&DateProfile) -> Precision,
    ) -> Option<Readings> {
        local.map(|local| self.read(data, data.enrollments.export_file(at), local, fine))
    }

    /// The enrollment date.
    #[must_use]
    pub fn enrolled(&self, data: &Dataset, at: usize) -> Option<Readings> {
        self.of_enrollment(data, at, data.enrollments.enrolled(at), |profile| profile.enrolled)
    }

    /// The completion date.
    #[must_use]
    pub fn completed(&self, data: &Dataset, at: usize) -> Option<Readings> {
        self.of_enrollment(data, at, data.enrollments.completed(at), |profile| profile.completed)
    }

    /// The creation date of a course in Docebo.
    #[must_use]
    pub fn course_made(&self, data: &Dataset, course: usize) -> Option<Readings> {
        let (local, file) = data.courses.created_at[course]?;
        Some(self.read(data, usize::from(file), local, |profile| profile.course_made))
    }

    /// When the course was last opened; not kept for matching enrollments.
    #[must_use]
    pub fn accessed(&self, data: &Dataset, at: usize) -> Option<Readings> {
        self.of_enrollment(data, at, data.enrollments.accessed(at), |profile| profile.accessed)
    }

    /// Whether an enrollment's dates can be compared with those of its Salesforce row.
    #[must_use]
    pub fn compares(&self, data: &Dataset, at: usize) -> bool {
        self.files[data.enrollments.export_file(at)].compared
    }

    /// The newest enrollment, completion or access of all enrollments, at its earliest possible moment; accesses must
    /// still be kept.
    #[must_use]
    pub fn newest(&self, data: &Dataset) -> Option<Instant> {
        let both = &data.enrollments;
        let nothing = || vec![None::<LocalTime>; self.files.len()];
        let newest = (0..both.len())
            .into_par_iter()
            .fold(nothing, |mut newest, at| {
                let file = &mut newest[both.export_file(at)];
                *file = (*file).max(both.enrolled(at)).max(both.completed(at)).max(both.accessed(at));
                newest
            })
            .reduce(nothing, |a, b| a.into_iter().zip(b).map(|(a, b)| a.max(b)).collect());
        let moment = |(file, local): (&FileClock, Option<LocalTime>)| {
            Some(file.clock.readings(local?, Resolution::Second).earliest())
        };
        self.files.iter().zip(newest).filter_map(moment).max()
    }

    /// Whether the zone of every file's dates is certain: stated, configured or proven by both sides.
    #[must_use]
    pub fn are_certain(&self) -> bool {
        self.findings.iter().all(|finding| matches!(&*finding.how, "configured" | "inferred" | "stated"))
    }
}

/// An enrollment that both sides have.
#[derive(Clone, Copy)]
struct Pair {
    /// The enrollment's file.
    file: usize,
    local: LocalTime,
    resolution: Resolution,
    salesforce: Instant,
}

impl Pair {
    /// Whether both dates agree; `turned` reads the month first.
    fn agrees(&self, clock: &Clock, turned: bool, tolerance: i64) -> bool {
        let local = if turned { self.local.with_day_and_month_swapped() } else { Some(self.local) };
        local.is_some_and(|local| clock.readings(local, self.resolution).agrees(self.salesforce, tolerance))
    }
}

/// Zones, each with the names of other zones that show the same time.
type Candidates = Vec<(Clock, Vec<String>)>;

/// Determines zone and order of each file, and rewrites the dates of files with undecided order.
pub(super) fn infer(data: &mut Dataset, rules: &Rules, tolerance: i64) -> Result<Clocks, RelateError> {
    let pairs = pairs(data);
    let known = match &rules.zone {
        ZoneRule::Auto => None,
        ZoneRule::Named(name) => Some(Clock::named(name).ok_or_else(|| RelateError::Zone { name: name.clone() })?),
    };
    let of_enrollments = |file: &ExportFile| file.kind == ExportKind::Enrollments;
    let exports = &data.origins.exports;
    let needed = known.is_none() && exports.iter().any(|file| of_enrollments(file) && !file.dates.zoned);
    let candidates = if needed { candidates(&pairs) } else { Vec::new() };
    let mut judge = ZoneInference { candidates: &candidates, tolerance, pooled: None };
    // Files with too few pairs are checked against what all pairs together prove.
    judge.pooled =
        judge.proven(&pairs.iter().filter(|pair| !exports[pair.file].dates.zoned).copied().collect::<Vec<_>>());

    let mut files: Vec<FileClock> = Vec::with_capacity(exports.len());
    let mut findings = Vec::new();
    let mut orders = Vec::with_capacity(exports.len());
    for (at, file) in exports.iter().enumerate() {
        let first = usize::from(file.first_part);
        if first < at {
            // All parts of a file have the same creator.
            files.push(files[first].clone());
            orders.push(orders[first]);
            continue;
        }
        if !of_enrollments(file) {
            files.push(FileClock { clock: Clock::utc(), compared: true });
            orders.push(None);
            continue;
        }
        let own: Vec<Pair> = pairs.iter().filter(|pair| pair.file == at).copied().collect();
        let open = file.dates.order == DateOrder::Undecided;
        let (clock, mut finding, order) = if file.dates.zoned {
            judge.known(Clock::utc(), "stated", &own, open)
        } else if let Some(clock) = &known {
            judge.known(clock.clone(), "configured", &own, open)
        } else {
            judge.unknown(&own, open)
        };
        if open && order.is_none() {
            return Err(RelateError::DateOrder { file: file.name.clone() });
        }
        finding.file.clone_from(&file.name);
        files.push(FileClock { clock, compared: finding.compared });
        findings.push(finding);
        orders.push(order);
    }
    fix_orders(data, &orders);
    Ok(Clocks { files, findings })
}

/// Infers the zone of one file.
struct ZoneInference<'a> {
    candidates: &'a Candidates,
    tolerance: i64,
    /// What all pairs together prove: the clock, as an index into the candidates, and whether the month comes first if
    /// the order is undecided.
    pooled: Option<(usize, bool)>,
}

impl ZoneInference<'_> {
    fn agreeing(&self, pairs: &[Pair], clock: &Clock, turned: bool) -> u64 {
        pairs.iter().filter(|pair| pair.agrees(clock, turned, self.tolerance)).count() as u64
    }

    /// The order under which most pairs agree with a clock, and their number.
    fn better_order(&self, pairs: &[Pair], clock: &Clock, open: bool) -> (bool, u64) {
        let as_read = self.agreeing(pairs, clock, false);
        let turned = if open { self.agreeing(pairs, clock, true) } else { 0 };
        if turned > as_read { (true, turned) } else { (false, as_read) }
    }

    /// The candidate proven by enough pairs.
    fn proven(&self, pairs: &[Pair]) -> Option<(usize, bool)> {
        let best = self.best(pairs, true)?;
        is_proof(pairs.len() as u64, best.agreeing).then_some((best.clock, best.turned))
    }

    /// Handles a file with a known zone.
    fn known(
        &self,
        clock: Clock,
        how: &'static str,
        pairs: &[Pair],
        open: bool,
    ) -> (Clock, ZoneFinding, Option<DateOrder>) {
        let total = pairs.len() as u64;
        let (turned, agreeing) = self.better_order(pairs, &clock, open);
        let order = (!open || is_proof(total, agreeing)).then_some(order(turned));
        let finding = ZoneFinding {
            file: String::new(),
            name: clock.name().to_owned(),
            how: how.into(),
            pairs: total,
            agreeing,
            compared: true,
            same_clock: Vec::new(),
        };
        (clock, finding, order)
    }

    /// Handles a file whose zone must be inferred from its pairs.
    fn unknown(&self, pairs: &[Pair], open: bool) -> (Clock, ZoneFinding, Option<DateOrder>) {
        let total = pairs.len() as u64;
        let finding = |name: &str, how: &'static str, agreeing, compared, same_clock: &[String]| ZoneFinding {
            file: String::new(),
            name: name.to_owned(),
            how: how.into(),
            pairs: total,
            agreeing,
            compared,
            same_clock: same_clock.to_vec(),
        };
        // The candidates cover only the years of the pairs.
        let whole = |clock: &Clock| Clock::named(clock.name()).unwrap_or_else(|| clock.clone());
        let best = self.best(pairs, open);
        if let Some(best) = best.as_ref().filter(|best| is_proof(total, best.agreeing)) {
            let (clock, same) = &self.candidates[best.clock];
            let found = finding(clock.name(), "inferred", best.agreeing, true, same);
            return (whole(clock), found, Some(order(best.turned)));
        }
        let utc = Clock::utc();
        if total >= MIN_PAIRS {
            let (name, agreeing) =
                best.map_or((utc.name(), 0), |best| (self.candidates[best.clock].0.name(), best.agreeing));
            let found = finding(name, "unclear", agreeing, false, &[]);
            return (utc, found, (!open).then_some(DateOrder::DayFirst));
        }
        if let Some((place, turned)) = self.pooled {
            let (clock, same) = &self.candidates[place];
            let turned = turned && open;
            let agreeing = self.agreeing(pairs, clock, turned);
            if agreeing * 10 >= total * 9 {
                return (whole(clock), finding(clock.name(), "inferred", agreeing, true, same), Some(order(turned)));
            }
        }
        let agreeing = self.agreeing(pairs, &utc, false);
        let found = finding(utc.name(), "assumed", agreeing, agreeing * 2 >= total, &[]);
        (utc, found, (!open).then_some(DateOrder::DayFirst))
    }
}

/// Whether this many agreeing pairs prove a zone or an order.
const fn is_proof(pairs: u64, agreeing: u64) -> bool {
    pairs >= MIN_PAIRS && agreeing * 10 >= pairs * 9
}

const fn order(turned: bool) -> DateOrder {
    if turned { DateOrder::MonthFirst } else { DateOrder::DayFirst }
}

/// Enrollments with a date on both sides; at most about [`MAX_PAIRS`] per file, evenly spread.
fn pairs(data: &Dataset) -> Vec<Pair> {
    let both = &data.enrollments;
    let files = data.origins.exports.len();
    let dated = |at: usize| Some((at, both.enrolled(at)?, both.row_enrolled(both.matched_row(at)?)?));
    let parts = || (0..both.len().div_ceil(PART)).into_par_iter();
    let of_part = |part: usize| (part * PART..both.len().min((part + 1) * PART)).filter_map(dated);
    let count = |part: usize| {
        let mut counts = vec![0_usize; files];
        of_part(part)
            .for_each(|(at, ..)| counts[usize::from(data.origins.exports[both.export_file(at)].first_part)] += 1);
        counts
    };
    let mut starts: Vec<Vec<usize>> = parts().map(count).collect();
    let mut before = vec![0_usize; files];
    for start in &mut starts {
        for (start, before) in start.iter_mut().zip(&mut before) {
            *before += std::mem::replace(start, *before);
        }
    }
    let steps: Vec<usize> = before.iter().map(|count| count.div_ceil(MAX_PAIRS).max(1)).collect();
    let chosen = parts().flat_map_iter(|part| {
        let mut nth = starts[part].clone();
        let steps = &steps;
        of_part(part).filter_map(move |(at, local, salesforce)| {
            let file = usize::from(data.origins.exports[both.export_file(at)].first_part);
            let place = nth[file];
            nth[file] += 1;
            let resolution = data.origins.exports[file].dates.enrolled.resolution(local);
            place.is_multiple_of(steps[file]).then_some(Pair { file, local, resolution, salesforce })
        })
    });
    chosen.collect()
}

/// Every clock that shows a distinct time in the years of the pairs, with its other names.
fn candidates(pairs: &[Pair]) -> Candidates {
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
    /// Index into the candidates.
    clock: usize,
    /// Whether the month comes first.
    turned: bool,
    agreeing: u64,
}

impl ZoneInference<'_> {
    /// The clock and order under which most pairs agree; on ties the first, which is the best known. `None` if no pair
    /// agrees under any.
    fn best(&self, pairs: &[Pair], open: bool) -> Option<Best> {
        let orders: &[bool] = if open { &[false, true] } else { &[false] };
        let choices = (0..self.candidates.len()).flat_map(|clock| orders.iter().map(move |&turned| (clock, turned)));
        let coarse: Vec<Pair> = pairs.iter().step_by(pairs.len().div_ceil(COARSE_PAIRS).max(1)).copied().collect();
        let scored: Vec<(usize, bool, u64)> = choices
            .map(|(clock, turned)| (clock, turned, self.agreeing(&coarse, &self.candidates[clock].0, turned)))
            .collect();
        let highest = scored.iter().map(|&(.., score)| score).max().unwrap_or(0);
        let floor = highest.saturating_sub(coarse.len() as u64 / 20);
        let mut best: Option<Best> = None;
        for (clock, turned, _) in scored.into_iter().filter(|&(.., score)| score >= floor) {
            let agreeing = self.agreeing(pairs, &self.candidates[clock].0, turned);
            if agreeing > best.as_ref().map_or(0, |best| best.agreeing) {
                best = Some(Best { clock, turned, agreeing });
            }
        }
        best
    }
}

/// Applies the inferred orders to the files with undecided order.
fn fix_orders(data: &mut Dataset, orders: &[Option<DateOrder>]) {
    let open: Vec<Option<DateOrder>> = data
        .origins
        .exports
        .iter()
        .zip(orders)
        .map(|(file, order)| order.filter(|_| file.dates.order == DateOrder::Undecided))
        .collect();
    if open.iter().all(Option::is_none) {
        return;
    }
    let turns = |file: usize| open[file] == Some(DateOrder::MonthFirst);
    data.enrollments.redate(
        |file| open[file].is_some(),
        |file, date| if turns(file) { date.with_day_and_month_swapped() } else { Some(date) },
    );
    for made in &mut data.courses.created_at {
        *made = made.and_then(|(local, file)| {
            let local = if turns(usize::from(file)) { local.with_day_and_month_swapped()? } else { local };
            Some((local, file))
        });
    }
    for (file, order) in data.origins.exports.iter_mut().zip(open) {
        let Some(order) = order else { continue };
        file.dates.order = order;
        let word = if order == DateOrder::MonthFirst { "month before day" } else { "day before month" };
        for input in data.origins.inputs.iter_mut().filter(|input| input.side == "docebo" && input.file == file.name) {
            input.dates = input.dates.take().map(|dates| format!("{dates}, {word} (inferred from both sides)"));
        }
    }
}
