//! Numbers users in order of first appearance.

use rustc_hash::FxHashMap;

use crate::model::id::RecordId;
use crate::model::row::index;

/// The users who created or changed records; a sync has few, so a record stores a number instead of an id.
#[derive(Debug, Default)]
pub struct UserNumbers {
    /// The users, by number.
    pub ids: Vec<RecordId>,
    numbers: FxHashMap<RecordId, u32>,
    /// The last answer: most records have the same writer as the previous one.
    last: Option<(RecordId, u32)>,
}

impl UserNumbers {
    /// The number of a user; new users get a new one.
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
