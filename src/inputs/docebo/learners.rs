//! Learners from the *Users* report and from enrollment rows.

use std::hash::BuildHasher as _;

use hashbrown::HashTable;
use rustc_hash::{FxBuildHasher, FxHashSet};

use crate::model::learner_rows::{LearnerRow, LearnerRows};
use crate::model::row::index;
use crate::model::source_line::SourceLine;

/// Learner rows, possibly several per id; [`LearnerRows::deduplicate`] keeps the most complete one.
#[derive(Debug, Default)]
pub(super) struct LearnerCollector {
    /// The *Users* report; read first, then only looked up.
    pub(super) reported: Reported,
    further: Rows,
    last: Option<(u64, u32)>,
}

/// Rows with an index by learner.
#[derive(Debug, Default)]
struct Rows {
    rows: LearnerRows,
    /// The last row added for each id.
    by_id: HashTable<u32>,
}

impl Rows {
    fn find(&self, id: u64) -> Option<u32> {
        self.by_id.find(FxBuildHasher.hash_one(id), |&row| self.rows.id(row as usize) == id).copied()
    }

    fn push(&mut self, learner: LearnerRow<'_>) -> u32 {
        let row = index(self.rows.len());
        self.rows.push(learner);
        let rows = &self.rows;
        let same = |&other: &u32| rows.id(other as usize) == learner.id;
        let rehash = |&other: &u32| FxBuildHasher.hash_one(rows.id(other as usize));
        *self.by_id.entry(FxBuildHasher.hash_one(learner.id), same, rehash).or_insert(row).get_mut() = row;
        row
    }

    fn adds_nothing(&self, row: u32, username: Option<&str>, sfdc_id: Option<&str>) -> bool {
        let (rows, row) = (&self.rows, row as usize);
        let known = rows.sfdc_known(row);
        match sfdc_id {
            _ if rows.in_users_report(row) && known => true,
            None => rows.in_users_report(row) || username.is_none_or(|username| username == rows.username(row)),
            Some(sfdc_id) => {
                known && rows.sfdc_id_is(row, sfdc_id) && username.is_none_or(|username| username == rows.username(row))
            }
        }
    }
}

/// The learners of the *Users* report.
#[derive(Debug, Default)]
pub(super) struct Reported {
    rows: Rows,
    by_username: Option<Usernames>,
}

/// Usernames of the *Users* report.
#[derive(Debug, Default)]
struct Usernames {
    /// The first row of each username.
    rows: HashTable<u32>,
    /// Those rows whose username another learner shares.
    shared: FxHashSet<u32>,
}

impl Usernames {
    fn new(rows: &LearnerRows) -> Self {
        let mut names = Self::default();
        for row in (0..rows.len()).filter(|&row| rows.in_users_report(row)) {
            let username = rows.username(row);
            let same = |&other: &u32| rows.username(other as usize) == username;
            let rehash = |&other: &u32| FxBuildHasher.hash_one(rows.username(other as usize));
            let first = *names.rows.entry(FxBuildHasher.hash_one(username), same, rehash).or_insert(index(row)).get();
            if rows.id(first as usize) != rows.id(row) {
                names.shared.insert(first);
            }
        }
        names
    }
}

impl LearnerCollector {
    /// Adds a *Users* report row.
    pub(super) fn report(&mut self, id: u64, username: &str, sfdc_id: Option<&str>, place: SourceLine) {
        self.reported.rows.push(LearnerRow { id, username, sfdc_id, in_users_report: true, source: place });
    }

    /// Adds a learner found in an enrollment after the rows of the *Users* report. A learner of that report stays as
    /// reported, unless only the enrollments contain the Salesforce id.
    pub(super) fn mention(
        &mut self,
        reported: &Reported,
        id: u64,
        username: Option<&str>,
        sfdc_id: Option<&str>,
        place: SourceLine,
    ) -> u32 {
        let before = index(reported.rows.rows.len());
        let adds_nothing = |further: &Rows, row: u32| match row.checked_sub(before) {
            Some(row) => further.adds_nothing(row, username, sfdc_id),
            None => reported.rows.adds_nothing(row, username, sfdc_id),
        };
        if let Some((last, row)) = self.last
            && last == id
            && adds_nothing(&self.further, row)
        {
            return row;
        }
        let known = self.further.find(id).map(|row| before + row).or_else(|| reported.rows.find(id));
        let row = match known {
            Some(row) if adds_nothing(&self.further, row) => row,
            _ => {
                let username = username.unwrap_or("");
                before + self.further.push(LearnerRow { id, username, sfdc_id, in_users_report: false, source: place })
            }
        };
        self.last = Some((id, row));
        row
    }

    pub(super) fn finish(self) -> LearnerRows {
        let mut rows = self.reported.rows.rows;
        rows.append(self.further.rows);
        rows
    }
}

impl Reported {
    /// The row of a learner about whom enrollments add nothing.
    pub(super) fn is_fully_known(&self, id: u64) -> Option<u32> {
        // If the report has no `sfdc_id`, an enrollment may have one.
        self.rows.find(id).filter(|&row| self.rows.rows.sfdc_known(row as usize))
    }

    /// Prepares lookups by [`Reported::id_of`].
    pub(super) fn index_usernames(&mut self) {
        let rows = &self.rows.rows;
        self.by_username.get_or_insert_with(|| Usernames::new(rows));
    }

    /// The id of the learner with this username.
    pub(super) fn id_of(&self, username: &str) -> Result<u64, &'static str> {
        if !super::is_username(username) {
            return Err("the username is blank, and the file has no column with the learner's id");
        }
        let rows = &self.rows.rows;
        let same = |&row: &u32| rows.username(row as usize) == username;
        let Some(names) = &self.by_username else { return Err("the usernames are not known yet") };
        match names.rows.find(FxBuildHasher.hash_one(username), same) {
            Some(row) if names.shared.contains(row) => Err("several learners of the Users report have this username"),
            Some(&row) => Ok(rows.id(row as usize)),
            None => Err(
                "no learner of the Users report has this username, and the file has no column with the learner's id",
            ),
        }
    }
}
