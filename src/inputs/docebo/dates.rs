//! Dates of an export; the pattern is inferred from the whole file.
//!
//! `2026-01-31 23:59:59` and similar forms are unambiguous. `03/04/2026` does not show which number is the day; another
//! row of the file usually does. Until the end of the file, such a value is read day first. If the month comes first,
//! [`LocalTime::with_day_and_month_swapped`] swaps the two, which is lossless because both numbers are 12 or less.
//!
//! A few values that contradict the rest of their column make their rows unreadable ([`Strict`]); if a file contradicts
//! itself throughout, the run ends.

mod months;
#[cfg(test)]
mod tests;
mod written;

use std::path::Path;

use crate::error::Error;
use crate::model::date_format::DateFormat;
use crate::model::input::{DateOrder, DateProfile};
use crate::model::instant::{DAY, LocalTime, OUT_OF_RANGE, Precision, RANGE, Resolution, Stamp};

use written::{Form, Time, WrittenDate, YearLast};

/// Date column of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum DateColumn {
    Enrolled,
    Completed,
    /// First or last access.
    Accessed,
    CourseMade,
}

impl DateColumn {
    const COUNT: usize = 4;

    /// The name in messages.
    pub(super) const fn meaning(self) -> &'static str {
        match self {
            Self::Enrolled => "the enrollment date",
            Self::Completed => "the completion date",
            Self::Accessed => "the access date",
            Self::CourseMade => "the course's creation date",
        }
    }
}

/// Why a value is not read as a date.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum DateFault {
    /// No known date form.
    NotADate,
    /// Does not match `docebo.date_format`.
    NotAsConfigured,
    /// Year outside the range of enrollment dates.
    OutOfRange,
    /// Contradicts nearly all other values of the file.
    Contradicts,
}

impl DateFault {
    /// The fault in words, following [`DateColumn::meaning`].
    pub(super) const fn why(self) -> &'static str {
        match self {
            Self::NotADate => "is not a date",
            Self::NotAsConfigured => "does not follow docebo.date_format",
            Self::OutOfRange => OUT_OF_RANGE,
            Self::Contradicts => "is in a different format from nearly all other dates in the file",
        }
    }
}

/// The first line and the number of occurrences.
#[derive(Debug, Clone, Copy, Default)]
struct Occurrences {
    count: u64,
    line: u64,
}

impl Occurrences {
    /// Adds a value that follows those already added.
    fn add(&mut self, line: u64) {
        if self.count == 0 {
            self.line = line;
        }
        self.count += 1;
    }

    fn absorb(&mut self, other: Self) {
        if self.count == 0 || other.count > 0 && other.line < self.line {
            self.line = other.line;
        }
        self.count += other.count;
    }

    /// Whether few enough values contradict the others to count as slips: at most one in twenty.
    const fn is_slip_among(self, others: Self) -> bool {
        self.count * 20 <= others.count
    }
}

/// The date rules known before a file is read.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct DateRules<'a> {
    /// Order of day and month (`docebo.date_order`).
    pub(super) order: Option<DateOrder>,
    /// Pattern of every date (`docebo.date_format`).
    pub(super) format: Option<&'a DateFormat>,
    /// Whether the workbook's serial numbers count from 1904.
    pub(super) date_1904: bool,
    /// Forms that only a few rows of the file use.
    pub(super) strict: Strict,
}

/// Values that are refused because nearly all others of the file have another form.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Strict {
    /// Required order of values with the year last.
    order: Option<DateOrder>,
    /// Refused forms as bits, by column.
    refused: [u8; DateColumn::COUNT],
    /// Whether values must, or must not, contain their UTC offset.
    zoned: Option<bool>,
}

/// Dates with a two-digit year that may come first or last.
#[derive(Debug, Clone, Copy, Default)]
struct TwoDigitYears {
    seen: Occurrences,
    /// Values whose first number cannot be a year.
    year_last: u64,
    /// Values that are dates only if the year comes first.
    year_first: u64,
    /// Distinct first and last numbers, as bits.
    firsts: u128,
    lasts: u128,
}

impl TwoDigitYears {
    /// Adds a date whose last number has two digits.
    fn add(&mut self, date: &YearLast, last: u8, line: u64) {
        self.seen.add(line);
        let fits = date.fits_year_first();
        self.year_last += u64::from(!fits);
        self.year_first += u64::from(fits && date.day_first().is_none() && date.month_first().is_none());
        self.firsts |= 1 << date.first;
        self.lasts |= 1 << last;
    }

    fn absorb(&mut self, other: &Self) {
        let Self { seen, year_last, year_first, firsts, lasts } = other;
        self.seen.absorb(*seen);
        self.year_last += year_last;
        self.year_first += year_first;
        self.firsts |= firsts;
        self.lasts |= lasts;
    }

    /// Whether every value can be read with the year first, and there is evidence for it: a value that is no date
    /// otherwise, or last numbers that vary more than the first, as days do and years do not.
    const fn may_come_first(&self) -> bool {
        let varies = self.lasts.count_ones() > self.firsts.count_ones();
        self.seen.count > 0 && self.year_last == 0 && (self.year_first > 0 || varies)
    }
}

/// Date forms with unambiguous day and month.
const OTHERS: [Form; Form::COUNT - 1] = [Form::YearFirst, Form::Named, Form::Serial, Form::Unix];

/// Reads the dates of one file and learns their pattern.
#[derive(Debug)]
pub(super) struct DateReader<'a> {
    rules: DateRules<'a>,
    /// By column and form.
    forms: [[Occurrences; Form::COUNT]; DateColumn::COUNT],
    day_first: Occurrences,
    month_first: Occurrences,
    either: Occurrences,
    short: TwoDigitYears,
    zoned: Occurrences,
    zoneless: Occurrences,
    precision: [Option<Precision>; DateColumn::COUNT],
}

impl<'a> DateReader<'a> {
    pub(super) const fn new(rules: DateRules<'a>) -> Self {
        const NEVER: Occurrences = Occurrences { count: 0, line: 0 };
        Self {
            rules,
            forms: [[NEVER; Form::COUNT]; DateColumn::COUNT],
            day_first: NEVER,
            month_first: NEVER,
            either: NEVER,
            short: TwoDigitYears { seen: NEVER, year_last: 0, year_first: 0, firsts: 0, lasts: 0 },
            zoned: NEVER,
            zoneless: NEVER,
            precision: [None; DateColumn::COUNT],
        }
    }

    /// Merges the observations of another reader of the same file.
    pub(super) fn absorb(&mut self, other: &DateReader<'_>) {
        let DateReader { rules: _, forms, day_first, month_first, either, short, zoned, zoneless, precision } = other;
        for (own, other) in self.forms.as_flattened_mut().iter_mut().zip(forms.as_flattened()) {
            own.absorb(*other);
        }
        self.day_first.absorb(*day_first);
        self.month_first.absorb(*month_first);
        self.either.absorb(*either);
        self.short.absorb(short);
        self.zoned.absorb(*zoned);
        self.zoneless.absorb(*zoneless);
        for (own, other) in self.precision.iter_mut().zip(precision) {
            *own = own.map_or(*other, |own| Some(other.map_or(own, |other| own.with(other))));
        }
    }

    /// The order of day and month, if known before the file is read.
    const fn forced(&self) -> Option<DateOrder> {
        match self.rules.order {
            Some(order) => Some(order),
            None => self.rules.strict.order,
        }
    }

    /// Whether day and month of values read so far may have to be swapped.
    pub(super) fn may_be_swapped(&self) -> bool {
        self.forced().is_none() && self.either.count > 0
    }

    /// Reads one cell; blanks and zero dates return `None`.
    pub(super) fn read(&mut self, text: &[u8], column: DateColumn, line: u64) -> Result<Option<LocalTime>, DateFault> {
        let text = text.trim_ascii();
        if text.is_empty() || is_zero_date(text) {
            return Ok(None);
        }
        let read = match self.rules.format {
            // The form of nearly every date.
            None => match Stamp::parse(text) {
                Some(stamp) => return self.take(Form::YearFirst, &stamp, column, line),
                None => self.otherwise(text, line).ok_or(DateFault::NotADate),
            },
            Some(format) => format.read(text).map(|stamp| (Form::Named, stamp)).ok_or(DateFault::NotAsConfigured),
        };
        read.and_then(|(form, stamp)| self.take(form, &stamp, column, line))
    }

    /// Records a parsed value.
    #[inline]
    fn take(
        &mut self,
        form: Form,
        stamp: &Stamp,
        column: DateColumn,
        line: u64,
    ) -> Result<Option<LocalTime>, DateFault> {
        let strict = &self.rules.strict;
        if strict.refused[column as usize] & (1 << form as u8) != 0
            || strict.zoned.is_some_and(|zoned| zoned != stamp.offset.is_some())
        {
            return Err(DateFault::Contradicts);
        }
        let seconds = stamp.seconds - stamp.offset.unwrap_or(0);
        if !RANGE.contains(&seconds) {
            return Err(DateFault::OutOfRange);
        }
        self.forms[column as usize][form as usize].add(line);
        if stamp.offset.is_some() { &mut self.zoned } else { &mut self.zoneless }.add(line);
        let precision = &mut self.precision[column as usize];
        let of_value = Precision::from(stamp.resolution);
        *precision = Some(precision.map_or(of_value, |known| known.with(of_value)));
        Ok((seconds != 0).then(|| LocalTime::from_seconds(seconds)))
    }

    /// Reads a date in one of the rarer forms.
    #[inline(never)]
    fn otherwise(&mut self, text: &[u8], line: u64) -> Option<(Form, Stamp)> {
        match written::parse(text, self.rules.date_1904)? {
            WrittenDate::Settled(form, stamp) => Some((form, stamp)),
            WrittenDate::YearLast(date) => {
                if let Some(last) = date.short {
                    self.short.add(&date, last, line);
                }
                let seconds = self.year_last(&date, line)?;
                let offset = date.utc.then_some(0);
                Some((Form::YearLast, Stamp { seconds, offset, resolution: date.resolution }))
            }
        }
    }

    fn year_last(&mut self, date: &YearLast, line: u64) -> Option<i64> {
        let days = match (self.forced(), date.day_first(), date.month_first()) {
            (Some(DateOrder::DayFirst), days, _) => {
                let days = days?;
                self.day_first.add(line);
                days
            }
            (Some(DateOrder::MonthFirst), _, days) => {
                let days = days?;
                self.month_first.add(line);
                days
            }
            (_, Some(days), Some(_)) => {
                self.either.add(line);
                days
            }
            (_, Some(days), None) => {
                self.day_first.add(line);
                days
            }
            (_, None, Some(days)) => {
                self.month_first.add(line);
                days
            }
            (_, None, None) => return None,
        };
        Some(days * DAY + date.seconds)
    }

    /// Determines the pattern at the end of the file. Columns may use different forms; but if only some values of one
    /// column have the year last, a program may have converted those it could, swapping day and month. Returns the
    /// values to refuse, if a few contradict the others.
    pub(super) fn resolve(&self, file: &Path) -> Result<Option<Strict>, Error> {
        if self.rules.format.is_none() && self.rules.order.is_none() && self.short.may_come_first() {
            return Err(Error::Input {
                path: file.to_owned(),
                what: format!(
                    "the years of the dates have two digits (line {}), and could be the first number or the last",
                    self.short.seen.line
                ),
                next: "set the pattern of the dates under [docebo], for example date_format = \"%y-%m-%d\" for 26-01-31 or \
                       date_format = \"%d-%m-%y\" for 31-01-26 (with a time: \"%y-%m-%d %H:%M\")"
                    .to_owned(),
            });
        }
        let mut strict = self.rules.strict;
        if self.forced().is_none() {
            strict.order = self.resolve_order(file)?;
            for (refused, forms) in strict.refused.iter_mut().zip(&self.forms) {
                *refused |= self.resolve_forms(file, forms)?;
            }
        }
        strict.zoned = self.resolve_zone(file)?.or(strict.zoned);
        let mixed = OTHERS.iter().any(|&form| self.has(form));
        if self.is_undecided() && mixed && strict.refused == [0; DateColumn::COUNT] {
            return Err(Error::Input {
                path: file.to_owned(),
                what: format!(
                    "some dates could be day-first or month-first (line {}), and other columns use a different format",
                    self.either.line
                ),
                next: "set `date_order = \"day-first\"` or `date_order = \"month-first\"` under [docebo]".to_owned(),
            });
        }
        Ok((strict != self.rules.strict).then_some(strict))
    }

    /// The order of day and month that a few values contradict.
    fn resolve_order(&self, file: &Path) -> Result<Option<DateOrder>, Error> {
        let (day, month) = (self.day_first, self.month_first);
        if day.count == 0 || month.count == 0 {
            return Ok(None);
        }
        if month.is_slip_among(day) {
            return Ok(Some(DateOrder::DayFirst));
        }
        if day.is_slip_among(month) {
            return Ok(Some(DateOrder::MonthFirst));
        }
        Err(Error::Input {
            path: file.to_owned(),
            what: format!(
                "the dates follow no single pattern: on line {} the day comes first, on line {} the month",
                day.line, month.line
            ),
            next: "set `date_order = \"day-first\"` or \"month-first\" under [docebo]; rows that do not follow it are then listed as unreadable"
                .to_owned(),
        })
    }

    /// The forms of only a few column values, as bits.
    fn resolve_forms(&self, file: &Path, forms: &[Occurrences; Form::COUNT]) -> Result<u8, Error> {
        let year_last = forms[Form::YearLast as usize];
        let mut other = Occurrences::default();
        OTHERS.iter().for_each(|&form| other.absorb(forms[form as usize]));
        if year_last.count == 0 || other.count == 0 {
            return Ok(0);
        }
        if year_last.is_slip_among(other) {
            return Ok(1 << Form::YearLast as u8);
        }
        if other.is_slip_among(year_last) {
            return Ok(OTHERS.iter().fold(0, |bits, &form| bits | 1 << form as u8));
        }
        Err(Error::Input {
            path: file.to_owned(),
            what: format!(
                "the dates follow no single pattern: line {} has the year last, line {} does not; a spreadsheet program \
                 may have read some of them as dates and left the others as text",
                year_last.line, other.line
            ),
            next: "export the report again and do not open it in between, or set `date_order` under [docebo]"
                .to_owned(),
        })
    }

    /// Whether values must contain a UTC offset, if a few contradict the others.
    fn resolve_zone(&self, file: &Path) -> Result<Option<bool>, Error> {
        let (zoned, zoneless) = (self.zoned, self.zoneless);
        if zoned.count == 0 || zoneless.count == 0 {
            return Ok(None);
        }
        if zoned.is_slip_among(zoneless) {
            return Ok(Some(false));
        }
        if zoneless.is_slip_among(zoned) {
            return Ok(Some(true));
        }
        Err(Error::Input {
            path: file.to_owned(),
            what: format!(
                "some dates carry an offset from UTC (line {}), others do not (line {})",
                zoned.line, zoneless.line
            ),
            next: "export the report again in one format".to_owned(),
        })
    }

    /// Whether nothing in the file distinguishes day from month.
    fn is_undecided(&self) -> bool {
        self.order() == DateOrder::Undecided
    }

    /// Whether a column has values with the year last.
    pub(super) fn is_year_last(&self, column: DateColumn) -> bool {
        self.forms[column as usize][Form::YearLast as usize].count > 0
    }

    /// Takes over the course creation dates, parsed once per course, from another reader of all rows.
    pub(super) fn take_course_creations(&mut self, other: &Self) {
        let at = DateColumn::CourseMade as usize;
        (self.forms[at], self.precision[at]) = (other.forms[at], other.precision[at]);
    }

    /// The order of day and month in the file.
    pub(super) fn order(&self) -> DateOrder {
        match self.rules.order {
            Some(order) if self.day_first.count + self.month_first.count > 0 => order,
            _ if self.month_first.count > 0 => DateOrder::MonthFirst,
            _ if self.day_first.count > 0 => DateOrder::DayFirst,
            _ if self.either.count > 0 => DateOrder::Undecided,
            _ => DateOrder::YearFirst,
        }
    }

    pub(super) fn profile(&self) -> DateProfile {
        let [enrolled, completed, accessed, course_made] =
            self.precision.map(|precision| precision.unwrap_or(Resolution::Second.into()));
        DateProfile { order: self.order(), zoned: self.zoned.count > 0, enrolled, completed, accessed, course_made }
    }

    /// Whether any value of the file has this form.
    fn has(&self, form: Form) -> bool {
        self.forms.iter().any(|forms| forms[form as usize].count > 0)
    }

    /// The pattern in words; `None` if there was no date.
    pub(super) fn describe(&self) -> Option<String> {
        let finest = self.precision.iter().flatten().map(|precision| precision.finest).min()?;
        let mut patterns = Vec::new();
        if let Some(format) = self.rules.format {
            patterns.push(format!("{} (configured)", format.pattern()));
        } else {
            for (form, words) in [
                (Form::YearFirst, "year-month-day"),
                (Form::Named, "months by name"),
                (Form::Serial, "spreadsheet serial numbers"),
                (Form::Unix, "seconds since 1970"),
            ] {
                if self.has(form) {
                    patterns.push(words.to_owned());
                }
            }
        }
        let order = match self.order() {
            DateOrder::DayFirst => "day before month",
            DateOrder::MonthFirst => "month before day",
            DateOrder::YearFirst | DateOrder::Undecided => "",
        };
        if !order.is_empty() {
            let configured = if self.rules.order.is_some() { " (configured)" } else { "" };
            patterns.push(format!("{order}{configured}"));
        }
        if self.zoned.count > 0 {
            patterns.push("offset from UTC stated".to_owned());
        }
        patterns.push(
            match finest {
                Resolution::Second => "to the second",
                Resolution::Minute => "to the minute",
                Resolution::Day => "to the day",
            }
            .to_owned(),
        );
        Some(patterns.join(", "))
    }
}

/// Whether this is a date of zeros, optionally with a time of zeros, as databases store a missing date.
fn is_zero_date(text: &[u8]) -> bool {
    let Some(rest) = [&b"0000-00-00"[..], b"00/00/0000"].iter().find_map(|zeros| text.strip_prefix(*zeros)) else {
        return text == b"0";
    };
    Time::behind_date(rest).is_some_and(|time| time.is_midnight())
}
