//! Faults of linkage: what can be wrong with `sfdc_id`, with keys, and with contacts.
//!
//! A learner who cannot be addressed never had a `DoceboUser` row, so the verbs that take the
//! address away take the rows away too ([`World::forget`]); where a real organisation would be
//! left with more than one fault at once, a verb of its own says so.

use super::catalogue::Subject;
use super::ids::{Prefix, is_well_formed};
use super::{DAY, World};

impl World {
    /// Gives every learner with a Salesforce id one that another instance of Salesforce has given.
    pub(crate) fn take_ids_of_another_instance(&mut self) {
        for learner in self.learners.iter_mut().filter(|learner| !learner.sfdc_id.is_empty()) {
            let other = format!("{}9zZ{}", &learner.sfdc_id[..3], &learner.sfdc_id[6..15]);
            learner.sfdc_id = super::ids::with_suffix(&other);
        }
    }

    /// Resolves a name, and keeps later disturbances away from this learner.
    pub(super) fn touch(&mut self, who: &str) -> u64 {
        let id = self.learner(who).id;
        self.touched.insert(id);
        id
    }

    /// Salesforce has never heard of this learner: no row of it, whatever Docebo holds.
    pub(super) fn forget(&mut self, learner: u64) {
        let Some(parent) = self.docebo_user(learner).map(|row| row.id.clone()) else {
            return;
        };
        self.docebo_users.retain(|row| row.id != parent);
        // Salesforce deletes the details with their master.
        self.course_enrollments.retain(|row| row.docebo_user != parent);
    }

    /// The address of a learner changes before anything of it was ever sent.
    fn address(&mut self, who: &str, change: impl FnOnce(&str) -> String) -> Subject {
        let id = self.touch(who);
        self.forget(id);
        let learner = self.learner_mut(id);
        learner.sfdc_id = change(&learner.sfdc_id);
        Subject::Learner(id)
    }

    fn drop_contact(&mut self, contact: &str) {
        self.contacts.retain(|row| row.id != contact);
        if let Some(view) = &mut self.list_view {
            view.retain(|id| id != contact);
        }
    }

    /// Takes a contact out of the list view; a world without one gets a list view of all others.
    pub(crate) fn leave_list_view(&mut self, contact: &str) {
        if self.settings.list_view.is_none() {
            self.settings.list_view = Some(self.mint.id(Prefix::ListView));
        }
        let all = self.contacts.iter().map(|row| row.id.clone());
        let view = self.list_view.take().unwrap_or_else(|| all.collect());
        self.list_view = Some(view.into_iter().filter(|id| id != contact).collect());
    }

    /// The username equals a contact's key, but nobody wrote the id.
    pub(crate) fn blank_sfdc_id(&mut self, who: &str) -> Subject {
        self.address(who, |_| String::new())
    }

    /// Fifteen characters, as a report in Salesforce shows ids.
    pub(crate) fn shorten_sfdc_id(&mut self, who: &str) -> Subject {
        self.address(who, |id| id[..15].to_owned())
    }

    /// All lower case, as a spreadsheet's lookup or a tidy-minded import leaves it.
    pub(crate) fn change_case_of_sfdc_id(&mut self, who: &str) -> Subject {
        self.address(who, |id| {
            let changed = id.to_lowercase();
            assert!(!is_well_formed(&changed), "every minted body has a capital: {id}");
            changed
        })
    }

    /// The id of a lead that was converted since.
    pub(crate) fn foreign_sfdc_id(&mut self, who: &str) -> Subject {
        let lead = self.mint.id(Prefix::Lead);
        self.address(who, |_| lead)
    }

    /// Whatever somebody typed into the field.
    pub(crate) fn write_into_sfdc_id(&mut self, who: &str, text: &str) -> Subject {
        self.address(who, |_| text.to_owned())
    }

    /// The contact was deleted before anything was sent for it.
    pub(crate) fn dangle_sfdc_id(&mut self, who: &str) -> Subject {
        let contact = self.learner(who).sfdc_id.clone();
        self.drop_contact(&contact);
        self.address(who, |id| id.to_owned())
    }

    /// The contact was deleted when all was in place: the row stays, its lookup is emptied.
    pub(crate) fn delete_contact(&mut self, who: &str) -> Subject {
        let id = self.touch(who);
        let contact = self.learner(who).sfdc_id.clone();
        self.drop_contact(&contact);
        for row in self.docebo_users.iter_mut().filter(|row| row.contact == contact) {
            row.contact = String::new();
        }
        Subject::Learner(id)
    }

    /// The learner carries somebody else's contact, although a contact of its own is there. The
    /// other is an employee, linked as a User, so the id is not shared.
    pub(crate) fn cross_sfdc_id(&mut self, who: &str) -> Subject {
        let id = self.touch(who);
        let other = self.hire(self.settings.exported_at - 100 * DAY);
        self.touched.insert(other);
        let person = self.learner_mut(other).clone();
        let wrong = self.add_contact(&person.username, &person.given, &person.family);
        self.learner_mut(id).sfdc_id.clone_from(&wrong);
        if let Some(row) = self.docebo_users.iter_mut().find(|row| row.learner == id) {
            row.contact.clone_from(&wrong);
            row.who = wrong;
        }
        Subject::Learner(id)
    }

    /// Two learners carry each other's contact, and their rows follow.
    pub(crate) fn swap_sfdc_ids(&mut self, who: &str, other: &str) -> Subject {
        let (id, other) = (self.touch(who), self.touch(other));
        let (mine, theirs) = (self.learner_mut(id).sfdc_id.clone(), self.learner_mut(other).sfdc_id.clone());
        for (learner, contact) in [(id, theirs), (other, mine)] {
            self.learner_mut(learner).sfdc_id.clone_from(&contact);
            if let Some(row) = self.docebo_users.iter_mut().find(|row| row.learner == learner) {
                row.contact.clone_from(&contact);
                row.who = contact;
            }
        }
        Subject::Learner(id)
    }

    /// Two employees with one Salesforce User.
    pub(crate) fn share_sfdc_id(&mut self) -> Subject {
        let joined = self.settings.exported_at - 90 * DAY;
        let (first, second) = (self.hire(joined), self.add_learner(joined));
        self.touched.extend([first, second]);
        let shared = self.learner_mut(first).sfdc_id.clone();
        self.learner_mut(second).sfdc_id.clone_from(&shared);
        Subject::SfdcId(shared)
    }

    /// The contact's address changed, and with it the contact left the list view: the id still
    /// links, the next contacts sync would no longer find the learner.
    pub(crate) fn drift_username(&mut self, who: &str) -> Subject {
        let id = self.rekey(who, |key| format!("moved.{key}"));
        let contact = self.learner_mut(id).sfdc_id.clone();
        self.leave_list_view(&contact);
        Subject::Learner(id)
    }

    /// The contact's address changed and is still synced: a second account is on its way.
    pub(crate) fn drift_username_in_view(&mut self, who: &str) -> Subject {
        Subject::Learner(self.rekey(who, |key| format!("moved.{key}")))
    }

    fn rekey(&mut self, who: &str, change: impl FnOnce(&str) -> String) -> u64 {
        let id = self.touch(who);
        let contact = self.learner(who).sfdc_id.clone();
        let contact = self.contacts.iter_mut().find(|row| row.id == contact).expect("a linked learner");
        contact.key = change(&contact.key);
        id
    }

    /// A learner without an id whose contact is keyed almost, not exactly, like its username.
    /// The contact stands outside the list view, so nothing is about to be created for it.
    pub(crate) fn near_miss_username(&mut self, who: &str, change: fn(&str) -> String) -> Subject {
        let contact = self.learner(who).sfdc_id.clone();
        let subject = self.near_miss_username_in_view(who, change);
        self.leave_list_view(&contact);
        subject
    }

    /// The same, where the next contacts sync would create a second account.
    pub(crate) fn near_miss_username_in_view(&mut self, who: &str, change: fn(&str) -> String) -> Subject {
        let id = self.rekey(who, change);
        self.forget(id);
        self.learner_mut(id).sfdc_id = String::new();
        Subject::Learner(id)
    }

    /// A learner whom Salesforce does not know at all.
    pub(crate) fn unlink(&mut self, who: &str) -> Subject {
        let contact = self.learner(who).sfdc_id.clone();
        self.drop_contact(&contact);
        self.address(who, |_| String::new())
    }

    /// No id, and two contacts that would fit.
    pub(crate) fn ambiguous(&mut self, who: &str) -> Subject {
        let subject = self.shared_contact_key(who);
        self.blank_sfdc_id(who);
        subject
    }

    /// A second contact with the key of this learner's own.
    pub(crate) fn shared_contact_key(&mut self, who: &str) -> Subject {
        let id = self.touch(who);
        let learner = self.learner_mut(id).clone();
        self.add_contact(&learner.username, &learner.given, &learner.family);
        Subject::Key(learner.username)
    }

    pub(crate) fn contact_without_learner(&mut self, key: &str) -> Subject {
        Subject::Contact(self.add_contact(key, "Robin", "Unknown"))
    }

    pub(crate) fn blank_contact_key(&mut self) -> Subject {
        Subject::Contact(self.add_contact("", "Robin", "Unreachable"))
    }

    /// A learner whose `DoceboUser` row names another contact, one that has no row of its own.
    pub(crate) fn misattach(&mut self, who: &str) -> Subject {
        let id = self.touch(who);
        let other = self.enlist(self.settings.exported_at - 80 * DAY);
        self.touched.insert(other);
        let wrong = self.learner_mut(other).sfdc_id.clone();
        let row = self.docebo_users.iter_mut().find(|row| row.learner == id).expect("a delivered learner");
        row.contact.clone_from(&wrong);
        row.who = wrong;
        Subject::Learner(id)
    }

    /// Both lookups of the row are empty; only the text copy remembers.
    pub(crate) fn lose_link(&mut self, who: &str) -> Subject {
        let id = self.touch(who);
        let row = self.docebo_users.iter_mut().find(|row| row.learner == id).expect("a delivered learner");
        row.contact = String::new();
        row.user = String::new();
        Subject::Learner(id)
    }

    /// The row is filled, but Docebo no longer knows the id it was filled from.
    pub(crate) fn stray(&mut self, who: &str) -> Subject {
        let id = self.touch(who);
        self.learner_mut(id).sfdc_id = String::new();
        Subject::Learner(id)
    }

    /// A second Docebo account of the same person, linked by hand to the same contact, and synced.
    pub(crate) fn shared_docebo_user(&mut self, who: &str) -> Subject {
        let id = self.touch(who);
        let contact = self.learner_mut(id).sfdc_id.clone();
        let second = self.second_account(id, &contact);
        let row = self.docebo_users.iter_mut().find(|row| row.learner == second).expect("just written");
        row.contact.clone_from(&contact);
        Subject::Contact(contact)
    }

    /// The second account is linked to the person's portal user, and so to the same contact.
    pub(crate) fn shared_docebo_user_through_portal(&mut self, who: &str) -> Subject {
        let id = self.touch(who);
        let contact = self.learner_mut(id).sfdc_id.clone();
        let portal = self.open_portal(&contact);
        let second = self.second_account(id, &portal);
        let row = self.docebo_users.iter_mut().find(|row| row.learner == second).expect("just written");
        row.user = portal;
        Subject::Contact(contact)
    }

    /// A learner with one synced enrollment and this id; the lookups are still to be filled.
    fn second_account(&mut self, first: u64, sfdc_id: &str) -> u64 {
        let course = self.settled_courses(first)[0];
        let enrolled_at = self.cutoff() - 30 * DAY;
        let second = self.add_learner(enrolled_at - DAY);
        self.touched.insert(second);
        self.learner_mut(second).sfdc_id = sfdc_id.to_owned();
        let enrollment = super::simulate::enrolled(second, course, enrolled_at);
        self.sync(second, std::slice::from_ref(&enrollment), None, sfdc_id, &mut fastrand::Rng::with_seed(second));
        self.enrollments.push(enrollment);
        let row = self.docebo_users.last_mut().expect("just written");
        row.contact = String::new();
        row.user = String::new();
        second
    }

    /// An account deleted in Docebo and a contact deleted in Salesforce; the row between them stays.
    pub(crate) fn orphan_docebo_user(&mut self, who: &str) -> Subject {
        let id = self.touch(who);
        let row = self.docebo_user(id).expect("a delivered learner").id.clone();
        self.delete_contact(who);
        self.leave_out_of_export(&[id].into());
        Subject::Record(row)
    }
}

/// The ways in which two keys can be near.
pub(crate) mod near {
    /// Another case.
    pub(crate) fn case(key: &str) -> String {
        let mut letters = key.chars();
        letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
    }

    /// A space that a paste left behind.
    pub(crate) fn space(key: &str) -> String {
        format!("{key} ")
    }

    /// Full-width letters, which NFKC folds.
    pub(crate) fn width(key: &str) -> String {
        key.chars().map(|c| if c.is_ascii_lowercase() { wide(c) } else { c }).collect()
    }

    fn wide(c: char) -> char {
        char::from_u32(u32::from(c) + 0xFEE0).unwrap_or(c)
    }
}
