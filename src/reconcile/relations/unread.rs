//! What the unreadable rows of the export still say: a row that could not be read makes what depends on it unknown.
//!
//! The ids of such a row tell which enrollment, which learner and which contact it may be about; where they cannot be read
//! either, only the number of such rows is known, and every check that one of them could concern counts it as unjudged.
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

/// Unreadable rows of one report, as counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct UnreadCounts {
    /// All of them.
    pub rows: u64,
    /// Those whose learner id cannot be read.
    pub without_learner: u64,
    /// Those of which the learner id or the course id cannot be read; of the *Users* report, none.
    pub without_pair: u64,
}

/// Unreadable rows of one file with one reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnreadGroup {
    /// The file, by index into [`Origins::exports`].
    pub file: u16,
    /// How many rows.
    pub rows: u64,
    /// The line of the first of them.
    pub line: u32,
    /// Why it cannot be read; its column and reason are those of all.
    pub first: Reject,
}

/// The unreadable rows of the export, by what they are about.
#[derive(Debug, Clone, Default)]
pub struct UnreadRows {
    /// Those of the *Users* report.
    pub users: UnreadCounts,
    /// Those of the *Users - Courses* report.
    pub enrollments: UnreadCounts,
    /// Whether every file's are within the tolerance (`docebo.max_unreadable_rows`), so that the run counts as evaluated.
    pub accepted: bool,
    /// Whether a *Users* report names learners; without one, those without an enrollment are not known.
    pub users_reported: bool,
    /// By file and reason, in the order of the files and of the first rows.
    pub groups: Vec<UnreadGroup>,
    /// Learners whom the export names only in unreadable rows: their ids where they can be read, the rows where they
    /// cannot.
    pub missing_learners: u64,
    /// Of these, the rows whose learner id cannot be read either.
    pub unidentified_learners: u64,
    /// Rows of learners whose username cannot be read anywhere: each may be the learner of any contact.
    pub unnamed_learners: u64,
    /// Learner ids of rows of the *Users* report, sorted.
    learners: Vec<u64>,
    /// Learner ids of rows of the *Users - Courses* report, sorted.
    enrolled: Vec<u64>,
    /// Learner and course of rows of the *Users - Courses* report, sorted.
    pairs: Vec<(u64, u64)>,
    /// Usernames of learners whom the export names only in unreadable rows, in their canonical and in their folded form.
    usernames: FxHashSet<String>,
    folded: FxHashSet<String>,
    /// Learner ids of rows of the *Users - Courses* report that may be due, sorted.
    owed: Vec<u64>,
    /// Usernames of rows of the *Users* report whose learner id cannot be read.
    unidentified: FxHashSet<String>,
    /// How many of those rows tell no username either: each may be that of any learner who is not in the report.
    unidentified_unnamed: u64,
    /// The `sfdc_id`s of rows that no other row of their learner tells.
    sfdc_ids: FxHashSet<RecordId>,
    /// Whether such an `sfdc_id` cannot be read: it may be any contact.
    unknown_sfdc_ids: bool,
    equality: Equality,
}

impl UnreadRows {
    /// Looks through the excluded rows of the export.
    pub(super) fn new(data: &Dataset, rules: &Rules) -> Self {
        let origins = &data.origins;
        let mut unread = Self { equality: rules.equality, users_reported: has_users(origins), ..Self::default() };
        let mut by_reason: BTreeMap<(u16, &str, &str), usize> = BTreeMap::new();
        let mut of_file: BTreeMap<u16, u64> = BTreeMap::new();
        let mut missing_ids: FxHashSet<u64> = FxHashSet::default();
        // Rows whose learner id cannot be read, but whose username can: username, report and `sfdc_id`.
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
                // Whom other rows name as well is known.
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
            // A username that a learner of the export has tells whose row it is.
            let wanted: FxHashSet<&str> = nameless.iter().map(|&(username, ..)| username).collect();
            let known: FxHashSet<&str> = data.usernames().filter(|username| wanted.contains(username)).collect();
            nameless.retain(|(username, ..)| !known.contains(username));
            for (_, kind, sfdc_id) in &nameless {
                unread.add_sfdc_id_of_nameless(*kind, *sfdc_id);
            }
            nameless.sort_unstable_by_key(|&(username, kind, _)| (username, kind == ExportKind::Enrollments));
            // Rows of one username are one learner's.
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

    /// A learner whose id cannot be read.
    fn add_nameless(&mut self, username: Option<&str>, kind: ExportKind) {
        self.add_username(username);
        // An enrollment is one of a learner's many: another row, or the *Users* report, names the learner.
        let is_further = kind == ExportKind::Enrollments && self.users_reported;
        self.unidentified_learners += u64::from(!is_further);
        self.missing_learners += u64::from(!is_further || username.is_some());
    }

    /// Those of the *Users* report are known already.
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
        // A course whose code no Salesforce course has is not synchronized.
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

    /// Whether there are any.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows() == 0
    }

    /// How many there are.
    #[must_use]
    pub fn rows(&self) -> u64 {
        self.users.rows + self.enrollments.rows
    }

    /// Whether a row of the learner in the *Users* report could not be read.
    #[must_use]
    pub fn has_user(&self, learner: u64) -> bool {
        self.learners.binary_search(&learner).is_ok()
    }

    /// Whether a row of the *Users* report that could not be read is the learner's, by its learner id or by its username. Of
    /// rows that tell neither, only the number is known.
    #[must_use]
    pub fn has_user_named(&self, learner: u64, username: &str) -> bool {
        self.has_user(learner) || self.unidentified.contains(username)
    }

    /// Whether a row of the *Users* report that could not be read may be that of a learner who is not in the report.
    #[must_use]
    pub fn may_have_user(&self, learner: u64, username: &str) -> bool {
        self.unidentified_unnamed > 0
            || self.has_user_named(learner, username)
            || key::is_blank(username) && self.users.without_learner > 0
    }

    /// Whether a row that could not be read may have this contact as `sfdc_id`.
    #[must_use]
    pub fn may_have_sfdc_id(&self, contact: RecordId) -> bool {
        self.unknown_sfdc_ids || self.sfdc_ids.contains(&contact)
    }

    /// Whether an enrollment of the learner could not be read.
    #[must_use]
    pub fn has_enrollment_of(&self, learner: u64) -> bool {
        self.enrolled.binary_search(&learner).is_ok()
    }

    /// Whether an enrollment of the learner could not be read that may be due.
    #[must_use]
    pub fn may_owe(&self, learner: u64) -> bool {
        self.owed.binary_search(&learner).is_ok()
    }

    /// Whether the enrollment of a learner in a course could not be read.
    #[must_use]
    pub fn has_enrollment(&self, learner: u64, course: u64) -> bool {
        self.pairs.binary_search(&(learner, course)).is_ok()
    }

    /// Whether a learner whom the export names only in unreadable rows has this key as username, or one near it.
    #[must_use]
    pub fn has_username(&self, key: &str) -> bool {
        let canonical = |key| -> Cow<'_, str> { self.equality.canonical(key) };
        !self.usernames.is_empty()
            && (self.usernames.contains(&*canonical(key)) || self.folded.contains(&*key::fold(key)))
    }

    /// Whether a learner whom the export names only in unreadable rows, or not at all for want of a *Users* report, may have
    /// this key as username, or one near it.
    #[must_use]
    pub fn may_have_username(&self, key: &str) -> bool {
        !self.users_reported || self.unnamed_learners > 0 || self.has_username(key)
    }
}

/// Whether a *Users* report names learners at all.
fn has_users(origins: &Origins) -> bool {
    let inputs = origins.inputs.iter().filter(|input| input.side == "docebo");
    inputs.zip(&origins.exports).any(|(input, file)| file.kind == ExportKind::Users && input.rows > 0)
}

/// The rows of a file of the export with all its parts, headings not counted.
fn rows_of(origins: &Origins, first_part: u16) -> u64 {
    let inputs = origins.inputs.iter().filter(|input| input.side == "docebo");
    inputs.zip(&origins.exports).filter(|(_, file)| file.first_part == first_part).map(|(input, _)| input.rows).sum()
}
