//! Learners as they are met: in the *Users* report, and in the rows of enrollments.

use rustc_hash::FxHashMap;

use crate::model::dataset::{Learners, Place, index};
use crate::model::provenance::Reject;

/// Rows of learners, several of one id possible; [`crate::model::dataset::assemble`] keeps the one
/// that tells most.
#[derive(Debug, Default)]
pub(super) struct LearnerBook {
    rows: Learners,
    by_id: FxHashMap<u64, u32>,
    by_username: Option<FxHashMap<String, Option<u64>>>,
    last: Option<(u64, u32)>,
}

impl LearnerBook {
    /// A row of the *Users* report.
    pub(super) fn report(&mut self, id: u64, username: &str, sfdc_id: Option<&str>, place: Place) {
        self.push(id, username, sfdc_id, place, true);
    }

    /// A learner named by an enrollment. A learner of the *Users* report stays as reported, unless
    /// only the enrollments tell the Salesforce id.
    pub(super) fn mention(&mut self, id: u64, username: Option<&str>, sfdc_id: Option<&str>, place: Place) -> u32 {
        if let Some((last, row)) = self.last
            && last == id
            && self.adds_nothing(row, username, sfdc_id)
        {
            return row;
        }
        let row = match self.by_id.get(&id) {
            Some(&row) if self.adds_nothing(row, username, sfdc_id) => row,
            _ => self.push(id, username.unwrap_or(""), sfdc_id, place, false),
        };
        self.last = Some((id, row));
        row
    }

    fn adds_nothing(&self, row: u32, username: Option<&str>, sfdc_id: Option<&str>) -> bool {
        let row = row as usize;
        let known = self.rows.sfdc_known[row];
        match sfdc_id {
            _ if self.rows.in_users_report[row] && known => true,
            None => {
                self.rows.in_users_report[row]
                    || username.is_none_or(|username| username == self.rows.username.get(row))
            }
            Some(sfdc_id) => {
                known
                    && sfdc_id == self.rows.sfdc_id.get(row)
                    && username.is_none_or(|username| username == self.rows.username.get(row))
            }
        }
    }

    fn push(&mut self, id: u64, username: &str, sfdc_id: Option<&str>, place: Place, in_users_report: bool) -> u32 {
        let row = index(self.rows.id.len());
        self.rows.id.push(id);
        self.rows.username.push(username);
        self.rows.sfdc_id.push(sfdc_id.unwrap_or(""));
        self.rows.sfdc_known.push(sfdc_id.is_some());
        self.rows.in_users_report.push(in_users_report);
        self.rows.place.push(place);
        self.by_id.insert(id, row);
        row
    }

    /// The row of a learner of whom no enrollment can tell anything new.
    pub(super) fn told_in_full(&self, id: u64) -> Option<u32> {
        let row = *self.by_id.get(&id)?;
        (self.rows.in_users_report[row as usize] && self.rows.sfdc_known[row as usize]).then_some(row)
    }

    /// Gets ready for [`LearnerBook::id_of`], once the *Users* report is read.
    pub(super) fn index_usernames(&mut self) {
        let rows = &self.rows;
        self.by_username.get_or_insert_with(|| {
            let mut map: FxHashMap<String, Option<u64>> = FxHashMap::default();
            for (row, &id) in rows.id.iter().enumerate().filter(|&(row, _)| rows.in_users_report[row]) {
                map.entry(rows.username.get(row).to_owned())
                    .and_modify(|known| *known = known.filter(|&known| known == id))
                    .or_insert(Some(id));
            }
            map
        });
    }

    /// The id of the learner with this username in the *Users* report.
    pub(super) fn id_of(&self, username: &str) -> Result<u64, Reject> {
        if !super::is_username(username) {
            return Err("the username is blank, and the file has no column with the learner's id".into());
        }
        match self.by_username.as_ref().and_then(|names| names.get(username)) {
            Some(Some(id)) => Ok(*id),
            Some(None) => Err("several learners of the Users report have this username".into()),
            None => Err(
                "no learner of the Users report has this username, and the file has no column with the learner's id"
                    .into(),
            ),
        }
    }

    pub(super) fn finish(self) -> Learners {
        self.rows
    }
}
