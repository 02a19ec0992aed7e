//! What the unreadable rows of the export still reveal: an unreadable row makes what depends on it unknown.
//!
//! The ids of such a row show which enrollment, learner and contact it may concern; if these are unreadable too, only
//! the number of such rows is known, and every check that one of them could concern counts it as unjudged.
//!
//! Must not know: how a row is read, or which check counts what.

use std::borrow::Cow;
use std::collections::BTreeMap;

use rustc_hash::FxHashSet;

use crate::model::excluded::{Exclusion, Reject};
use crate::model::id::RecordId;
use crate::model::input::ExportKind;
use crate::model::key::{self, Equality};
use crate::model::origins::Origins;
use crate::reconcile::dataset::Dataset;
use crate::settings::Rules;

/// Counts of unreadable rows of one report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct UnreadCounts {
    /// All unreadable rows.
    pub rows: u64,
    /// Those with an unreadable learner id.
    pub without_learner: u64,
    /// Those with an unreadable learner id or course id; zero for the *Users* report.
    pub without_pair: u64,
}

/// Unreadable rows of one file with one reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnreadGroup {
    /// The file, as an index into [`Origins::exports`].
    pub file: u16,
    /// Number of rows.
    pub rows: u64,
    /// The line of the first row.
    pub line: u32,
    /// The first reject; all rows share its column and reason.
    pub first: Reject,
}

/// The unreadable rows of the export, by what they concern.
#[derive(Debug, Clone, Default)]
pub struct UnreadRows {
    /// Those of the *Users* report.
    pub users: UnreadCounts,
    /// Those of the *Users - Courses* report.
    pub enrollments: UnreadCounts,
    /// Whether every file is within the tolerance (`docebo.max_unreadable_rows`), so that the run counts as evaluated.
    pub accepted: bool,
    /// Whether a *Users* report lists learners; without one, those without an enrollment are unknown.
    pub users_reported: bool,
    /// By file and reason, in the order of files and first rows.
    pub groups: Vec<UnreadGroup>,
    /// Learners who are only in unreadable rows of the export: the number of their ids if readable, else of the rows.
    pub missing_learners: u64,
    /// How many of these are rows with an unreadable learner id.
    pub unidentified_learners: u64,
    /// Rows of learners without any readable username: each may be the learner of any contact.
    pub unnamed_learners: u64,
    /// Learner ids of rows of the *Users* report, sorted.
    learners: Vec<u64>,
    /// Learner ids of rows of the *Users - Courses* report, sorted.
    enrolled: Vec<u64>,
    /// Learner and course of rows of the *Users - Courses* report, sorted.
    pairs: Vec<(u64, u64)>,
    /// Usernames of learners who are only in unreadable rows of the export, in canonical and in folded form.
    usernames: FxHashSet<String>,
    folded: FxHashSet<String>,
    /// Learner ids of rows of the *Users - Courses* report that may be due, sorted.
    owed: Vec<u64>,
    /// Usernames of *Users* report rows with an unreadable learner id.
    unidentified: FxHashSet<String>,
    /// How many of those rows have no username either: each may belong to any learner who is not in the report.
    unidentified_unnamed: u64,
    /// The `sfdc_id`s of rows that no other row of their learner has.
    sfdc_ids: FxHashSet<RecordId>,
    /// Whether such an `sfdc_id` is unreadable: it may be any contact.
    unknown_sfdc_ids: bool,
    equality: Equality,
}

impl UnreadRows {
    /// Collects the unreadable rows among the excluded ones.
    pub(super) fn new(data: &Dataset, rules: &Rules) -> Self {
        let origins = &data.origins;
        let mut unread = Self { equality: rules.equality, users_reported: has_users(origins), ..Self::default() };
        let mut by_reason: BTreeMap<(u16, &str, &str), usize> = BTreeMap::new();
        let mut of_file: BTreeMap<u16, u64> = BTreeMap::new();
        let mut missing_ids: FxHashSet<u64> = FxHashSet::default();
        // Rows with an unreadable learner id but a readable username: username, report and `sfdc_id`.
        let mut nameless: Vec<(&str, ExportKind, Option<&str>)> = Vec::new();
        for (kind, row) in &origins.excluded {
            let Exclusion::Unreadable(reject) = &row.why else { continue };
            *of_file
                .entry(origins.exports.get(usize::from(row.file)).map_or(row.file, |file| file.first_part))
                .or_default() += 1;
            let group = *by_reason.entry((row.file, &reject.column, &reject.reason)).or_insert(unread.groups.len());
            match unread.groups.get_mut(group) {
                Some(known) => known.rows += 1,
                None => {
                    let first = (**reject).clone();
                    unread.groups.push(UnreadGroup { file: row.file, rows: 1, line: row.line, first });
                }
            }
            unread.add(*kind, reject);
            let username = reject.username.as_deref().filter(|username| !key::is_blank(username));
            let known = reject.learner.and_then(|id| data.learners.find(id));
            let sfdc_id = reject.sfdc_id.as_deref();
            if *kind == ExportKind::Users
                || reject.learner.is_some() && !known.is_some_and(|learner| data.learners.sfdc_known(learner))
            {
                unread.add_sfdc_id(sfdc_id);
            }
            match reject.learner {
                // A learner with other rows is known.
                Some(_) if known.is_some_and(|learner| !key::is_blank(data.username(learner))) => {}
                Some(id) => {
                    if known.is_none() {
                        missing_ids.insert(id);
                    }
                    unread.add_username(username);
                }
                None => match username {
                    Some(username) => nameless.push((username, *kind, sfdc_id)),
                    None => {
                        unread.add_sfdc_id_of_nameless(*kind, sfdc_id);
                        unread.add_nameless(None, *kind);
                    }
                },
            }
            if *kind == ExportKind::Users && reject.learner.is_none() {
                match username {
                    Some(username) => drop(unread.unidentified.insert(username.to_owned())),
                    None => unread.unidentified_unnamed += 1,
                }
            }
        }
        if !nameless.is_empty() {
            // A username of an exported learner identifies the row's learner.
            let wanted: FxHashSet<&str> = nameless.iter().map(|&(username, ..)| username).collect();
            let known: FxHashSet<&str> = data.usernames().filter(|username| wanted.contains(username)).collect();
            nameless.retain(|(username, ..)| !known.contains(username));
            for (_, kind, sfdc_id) in &nameless {
                unread.add_sfdc_id_of_nameless(*kind, *sfdc_id);
            }
            nameless.sort_unstable_by_key(|&(username, kind, _)| (username, kind == ExportKind::Enrollments));
            // Rows with one username belong to one learner.
            nameless.dedup_by_key(|&mut (username, ..)| username);
        }
        for &(username, kind, _) in &nameless {
            unread.add_nameless(Some(username), kind);
        }
        unread.missing_learners += missing_ids.len() as u64;
        unread.groups.sort_by(|a, b| {
            (a.file, &a.first.column, &a.first.reason).cmp(&(b.file, &b.first.column, &b.first.reason))
        });
        unread.accepted =
            of_file.iter().all(|(&file, &rows)| rules.max_unreadable_rows.accepts(rows, rows_of(origins, file)));
        for ids in [&mut unread.learners, &mut unread.enrolled, &mut unread.owed] {
            ids.sort_unstable();
            ids.dedup();
        }
        unread.pairs.sort_unstable();
        unread.pairs.dedup();
        unread
    }

    fn add_username(&mut self, username: Option<&str>) {
        match username {
            Some(username) => {
                self.usernames.insert(self.equality.canonical(username).into_owned());
                self.folded.insert(key::fold(username).into_owned());
            }
            None => self.unnamed_learners += 1,
        }
    }

    /// Adds a learner with an unreadable id.
    fn add_nameless(&mut self, username: Option<&str>, kind: ExportKind) {
        self.add_username(username);
        // An enrollment is one of many: another row, or the *Users* report, identifies the learner.
        let is_further = kind == ExportKind::Enrollments && self.users_reported;
        self.unidentified_learners += u64::from(!is_further);
        self.missing_learners += u64::from(!is_further || username.is_some());
    }

    /// The ids of the *Users* report are already known.
    fn add_sfdc_id_of_nameless(&mut self, kind: ExportKind, text: Option<&str>) {
        if kind == ExportKind::Enrollments {
            self.add_sfdc_id(text);
        }
    }

    fn add_sfdc_id(&mut self, text: Option<&str>) {
        match text {
            Some(text) => self.sfdc_ids.extend(RecordId::parse(text.trim().as_bytes())),
            None => self.unknown_sfdc_ids = true,
        }
    }

    fn add(&mut self, kind: ExportKind, reject: &Reject) {
        let counts = match kind {
            ExportKind::Users => &mut self.users,
            ExportKind::Enrollments => &mut self.enrollments,
        };
        counts.rows += 1;
        // A course code that matches no Salesforce course is not synchronized.
        if kind == ExportKind::Enrollments && reject.reason != Reject::UNKNOWN_COURSE {
            self.owed.extend(reject.learner);
        }
        counts.without_learner += u64::from(reject.learner.is_none());
        match (kind, reject.learner, reject.course) {
            (ExportKind::Users, learner, _) => self.learners.extend(learner),
            (ExportKind::Enrollments, Some(learner), Some(course)) => {
                self.enrolled.push(learner);
                self.pairs.push((learner, course));
            }
            (ExportKind::Enrollments, learner, _) => {
                counts.without_pair += 1;
                self.enrolled.extend(learner);
            }
        }
    }

    /// Whether there are no unreadable rows.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows() == 0
    }

    /// Number of unreadable rows.
    #[must_use]
    pub fn rows(&self) -> u64 {
        self.users.rows + self.enrollments.rows
    }

    /// Whether a row of the learner in the *Users* report is unreadable.
    #[must_use]
    pub fn has_user(&self, learner: u64) -> bool {
        self.learners.binary_search(&learner).is_ok()
    }

    /// Whether an unreadable row of the *Users* report is the learner's, by its learner id or its username. Of rows
    /// with neither, only the number is known.
    #[must_use]
    pub fn has_user_named(&self, learner: u64, username: &str) -> bool {
        self.has_user(learner) || self.unidentified.contains(username)
    }

    /// Whether an unreadable row of the *Users* report may belong to a learner who is not in the report.
    #[must_use]
    pub fn may_have_user(&self, learner: u64, username: &str) -> bool {
        self.unidentified_unnamed > 0
            || self.has_user_named(learner, username)
            || key::is_blank(username) && self.users.without_learner > 0
    }

    /// Whether an unreadable row may have this contact as `sfdc_id`.
    #[must_use]
    pub fn may_have_sfdc_id(&self, contact: RecordId) -> bool {
        self.unknown_sfdc_ids || self.sfdc_ids.contains(&contact)
    }

    /// Whether an enrollment of the learner is unreadable.
    #[must_use]
    pub fn has_enrollment_of(&self, learner: u64) -> bool {
        self.enrolled.binary_search(&learner).is_ok()
    }

    /// Whether an enrollment of the learner that may be due is unreadable.
    #[must_use]
    pub fn may_owe(&self, learner: u64) -> bool {
        self.owed.binary_search(&learner).is_ok()
    }

    /// Whether the enrollment of a learner in a course is unreadable.
    #[must_use]
    pub fn has_enrollment(&self, learner: u64, course: u64) -> bool {
        self.pairs.binary_search(&(learner, course)).is_ok()
    }

    /// Whether a learner who is only in unreadable rows has this key as username, or one near it.
    #[must_use]
    pub fn has_username(&self, key: &str) -> bool {
        let canonical = |key| -> Cow<'_, str> { self.equality.canonical(key) };
        !self.usernames.is_empty()
            && (self.usernames.contains(&*canonical(key)) || self.folded.contains(&*key::fold(key)))
    }

    /// Whether a learner who is only in unreadable rows, or not exported for want of a *Users* report, may have this
    /// key as username, or one near it.
    #[must_use]
    pub fn may_have_username(&self, key: &str) -> bool {
        !self.users_reported || self.unnamed_learners > 0 || self.has_username(key)
    }
}

/// Whether a *Users* report lists learners at all.
fn has_users(origins: &Origins) -> bool {
    let inputs = origins.inputs.iter().filter(|input| input.side == "docebo");
    inputs.zip(&origins.exports).any(|(input, file)| file.kind == ExportKind::Users && input.rows > 0)
}

/// The rows of an export file with all its parts, without headings.
fn rows_of(origins: &Origins, first_part: u16) -> u64 {
    let inputs = origins.inputs.iter().filter(|input| input.side == "docebo");
    inputs.zip(&origins.exports).filter(|(_, file)| file.first_part == first_part).map(|(input, _)| input.rows).sum()
}
