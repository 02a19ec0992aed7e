//! Users numbered in the order in which they are met.

use rustc_hash::FxHashMap;

use crate::model::id::RecordId;
use crate::model::row::index;

/// The users who created or changed records; a sync has few of them, so a record holds a number in place of an id.
#[derive(Debug, Default)]
pub struct UserNumbers {
    /// The users, by number.
    pub ids: Vec<RecordId>,
    numbers: FxHashMap<RecordId, u32>,
    /// The last answer: most records were written by the same user as the one before.
    last: Option<(RecordId, u32)>,
}

impl UserNumbers {
    /// The number of a user, a new one if the user was not met before.
    pub fn index(&mut self, id: RecordId) -> u32 {
        if let Some((last, number)) = self.last
            && last == id
        {
            return number;
        }
        let next = index(self.ids.len());
        let number = *self.numbers.entry(id).or_insert(next);
        if number == next {
            self.ids.push(id);
        }
        self.last = Some((id, number));
        number
    }
}
