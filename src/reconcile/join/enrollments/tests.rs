//! Compares the enrollment table with a naive one. Must not know: files.

use super::{EnrollmentRow, Enrollments};
use crate::model::export_enrollments::{COURSE, ExportEnrollment, ExportEnrollments};
use crate::model::id::RecordId;
use crate::model::instant::{Instant, LocalTime};
use crate::model::label::Label as _;
use crate::model::row::NONE;
use crate::model::source_line::SourceLine;
use crate::model::status::Status;
use crate::model::status::StatusWord;

/// Reproducible pseudo-random numbers.
struct Dice(u64);

impl Dice {
    fn below(&mut self, most: u32) -> u32 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        u32::try_from(self.0 >> 33).expect("31 bits") % most
    }

    fn one_in(&mut self, most: u32) -> bool {
        self.below(most) == 0
    }

    fn maybe(&mut self, most: u32) -> Option<u32> {
        let number = self.below(most);
        (!self.one_in(4)).then_some(number)
    }
}

const LEARNERS: u32 = 40;
const COURSES: u32 = 9;

fn local(seconds: u32) -> LocalTime {
    LocalTime::from_seconds(1_700_000_000 + i64::from(seconds))
}

fn instant(seconds: u32) -> Instant {
    Instant::from_seconds(1_700_000_000 + i64::from(seconds))
}

fn statement(learner: u32, course: u32, line: u32, dates: [Option<LocalTime>; 4]) -> ExportEnrollment {
    let [enrolled, completed, first_access, last_access] = dates;
    let place = SourceLine { file: u16::try_from(line / 100).expect("few files"), line: line % 100 + 2 };
    ExportEnrollment {
        learner,
        course,
        word: 1,
        enrolled,
        completed,
        first_access,
        last_access,
        source: place,
        may_be_swapped: true,
    }
}

fn words() -> Vec<StatusWord> {
    ["a", "b"].map(|text| StatusWord { text: text.to_owned(), status: None }).to_vec()
}

/// A table of random enrollments, with learners and courses in shuffled order.
fn table(dice: &mut Dice) -> (Enrollments, Vec<(u32, u32)>) {
    let mut read = ExportEnrollments::default();
    for line in 0..300 {
        let dates = [100, 4_000, 9_000, 20_000].map(|most| Some(local(dice.below(most))).filter(|_| !dice.one_in(3)));
        read.push(statement(dice.below(LEARNERS), dice.below(COURSES), line, dates));
    }
    let turned = |most: u32| (0..most).rev().collect::<Vec<u32>>();
    let mut pairs: Vec<(u32, u32)> = read
        .rows
        .iter()
        .map(|row| (LEARNERS - 1 - row.learner, COURSES - 1 - (row.course_and_word & COURSE)))
        .collect();
    pairs.sort_unstable();
    pairs.dedup();
    let (enrollments, repeated) =
        Enrollments::sort(read, &turned(LEARNERS), &turned(COURSES), LEARNERS as usize, &words());
    assert_eq!(enrollments.len() + repeated.len(), 300);
    (enrollments, pairs)
}

fn row(dice: &mut Dice, nth: u32) -> EnrollmentRow {
    // Some ids begin differently.
    let text = if dice.one_in(30) { format!("b0L5g{nth:010}") } else { format!("a0L5g{nth:010}") };
    let (account, course) =
        if dice.one_in(20) { (NONE, NONE) } else { (dice.below(LEARNERS + 3), dice.below(COURSES)) };
    let mut row = EnrollmentRow::blank(RecordId::parse(text.as_bytes()).expect("an id"));
    (row.account, row.course) = (account, course);
    row.status = dice.maybe(8).map(|nth| Status::ALL[nth as usize]);
    // More offsets than there are templates.
    row.enrolled = dice.maybe(1_000).map(instant);
    row.completed = dice.maybe(3).map(instant);
    row.unenrolled = dice.one_in(10).then(|| instant(dice.below(9)));
    row.created = dice.maybe(50).map(instant);
    row.modified = dice.maybe(5).map(instant);
    row.modified_by = dice.maybe(6_000).unwrap_or(NONE);
    row
}

/// Whatever the order of adding: each row is returned unchanged, and the newest of a pair matches its enrollment.
#[test]
fn rows_are_given_back_as_they_were_filed() {
    for seed in 0..40 {
        let mut dice = Dice(seed);
        let (mut enrollments, pairs) = table(&mut dice);
        let mut rows: Vec<(EnrollmentRow, Option<String>)> =
            (0..900).map(|nth| (row(&mut dice, nth), dice.one_in(12).then(|| format!("odd {nth}")))).collect();
        let (index, mut matcher) = enrollments.open();
        let together: Vec<(u32, u32)> = rows.iter().map(|(row, _)| (row.account, row.course)).collect();
        let together = index.find_each(&together);
        for ((row, odd), found) in rows.iter().zip(together) {
            let position = index.find(row.account, row.course);
            assert_eq!(found.map(|position| position.at), position.map(|position| position.at));
            assert_eq!(
                position.map(|position| position.at as usize),
                pairs.iter().position(|&pair| pair == (row.account, row.course))
            );
            matcher.add(position, *row, odd.clone());
        }
        enrollments.finish().expect("each stands once");
        // The table numbers the mismatched keys.
        rows.sort_by_key(|(row, _)| (row.account, row.course, row.id));
        let rows_back: Vec<(EnrollmentRow, Option<String>)> = enrollments
            .rows_where(|_| true)
            .into_iter()
            .map(|row| {
                let rows_back = EnrollmentRow { key_mismatch: NONE, ..enrollments.row(row) };
                assert_eq!((rows_back.id, rows_back.account), (enrollments.id(row), enrollments.account(row)));
                assert_eq!(
                    (rows_back.status, rows_back.modified_by),
                    (enrollments.status(row), enrollments.modified_by(row))
                );
                assert_eq!(
                    (rows_back.created, rows_back.modified),
                    (enrollments.created(row), enrollments.modified(row))
                );
                assert_eq!(
                    (rows_back.enrolled, rows_back.completed),
                    (enrollments.row_enrolled(row), enrollments.row_completed(row))
                );
                assert_eq!(
                    (rows_back.unenrolled, rows_back.course),
                    (enrollments.unenrolled(row), enrollments.row_course(row))
                );
                (rows_back, enrollments.key_mismatch(row).map(str::to_owned))
            })
            .collect();
        assert_eq!(rows_back, rows);
        assert_eq!(enrollments.row_count(), rows.len());
        for (at, &(learner, course)) in pairs.iter().enumerate() {
            assert_eq!((enrollments.learner(at), enrollments.course(at)), (learner, course as usize));
            let of_pair = rows.iter().map(|(row, _)| row).filter(|row| (row.account, row.course) == (learner, course));
            let newest = of_pair.max_by_key(|row| (row.modified, row.id)).map(|row| row.id);
            assert_eq!(enrollments.matched_row(at).map(|row| enrollments.id(row)), newest);
        }
        assert!(
            !enrollments.salesforce.unpacked.is_empty()
                && enrollments
                    .salesforce
                    .matches
                    .iter()
                    .any(|matched| matched.is_some() && matched.unpacked().is_none())
        );
    }
}

#[test]
fn new_dates_of_the_export_leave_salesforce_alone() {
    let mut dice = Dice(7);
    let (mut enrollments, _) = table(&mut dice);
    let (index, mut matcher) = enrollments.open();
    for nth in 0..200 {
        let row = row(&mut dice, nth);
        matcher.add(index.find(row.account, row.course), row, None);
    }
    enrollments.finish().expect("each stands once");
    let before: Vec<EnrollmentRow> =
        enrollments.rows_where(|_| true).into_iter().map(|row| enrollments.row(row)).collect();
    let dates =
        |table: &Enrollments| (0..table.len()).map(|at| (table.enrolled(at), table.accessed(at))).collect::<Vec<_>>();
    let docebo = dates(&enrollments);
    enrollments.redate(|file| file == 1, |_, date| Some(LocalTime::from_seconds(date.seconds() + 86_400)));
    assert_eq!(
        enrollments.rows_where(|_| true).into_iter().map(|row| enrollments.row(row)).collect::<Vec<_>>(),
        before
    );
    let later = |date: Option<LocalTime>| date.map(|date| LocalTime::from_seconds(date.seconds() + 86_400));
    for (at, (now, before)) in dates(&enrollments).into_iter().zip(docebo).enumerate() {
        let expected = if enrollments.export_file(at) == 1 { (later(before.0), later(before.1)) } else { before };
        assert_eq!(now, expected, "{at}");
    }
}

#[test]
fn of_two_accesses_the_later_one_counts_once_the_order_is_known() {
    // Read day first, the first is the later one; read month first, the other.
    let (first, last) = (local(500), local(400));
    let mut read = ExportEnrollments::default();
    read.push(statement(0, 0, 0, [None, None, Some(first), Some(last)]));
    let turn = |date: LocalTime| if date == first { local(10) } else { local(900) };
    let mut settled = read.clone();
    settled.redate(0, [true; 3], |date| *date = turn(*date));
    let (settled, _) = Enrollments::sort(settled, &[0], &[0], 1, &words());
    let (mut open, _) = Enrollments::sort(read, &[0], &[0], 1, &words());
    assert_eq!(open.accessed(0), Some(first));
    open.redate(|_| true, |_, date| Some(turn(date)));
    for table in [settled, open] {
        assert_eq!(table.accessed(0), Some(local(900)));
    }
}

#[test]
fn a_record_that_stands_twice_is_found_wherever_it_stands() {
    for pair in [(0, 0), (2, 0), (NONE, NONE)] {
        let mut read = ExportEnrollments::default();
        read.push(statement(0, 0, 0, [None; 4]));
        let (mut enrollments, _) = Enrollments::sort(read, &[0], &[0], 1, &words());
        let mut row = row(&mut Dice(1), 5);
        (row.account, row.course) = pair;
        let (index, mut matcher) = enrollments.open();
        for _ in 0..2 {
            matcher.add(index.find(row.account, row.course), row, None);
        }
        assert_eq!(enrollments.finish(), Err(row.id));
    }
}

#[test]
fn places_are_kept_over_several_files() {
    let mut read = ExportEnrollments::default();
    for line in [0, 7, 103, 104, 250] {
        read.push(statement(line, 0, line, [None; 4]));
    }
    let learners: Vec<u32> = (0..=250).collect();
    let (enrollments, _) = Enrollments::sort(read, &learners, &[0], 251, &words());
    let places: Vec<(u16, u32)> =
        (0..5).map(|at| enrollments.source_line(at)).map(|place| (place.file, place.line)).collect();
    assert_eq!(places, [(0, 2), (0, 9), (1, 5), (1, 6), (2, 52)]);
}
