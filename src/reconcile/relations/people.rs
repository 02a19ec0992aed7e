//! The facts behind `link` and `forecast`: which usernames are whose keys, and which record each `sfdc_id` refers to.
//!
//! Exact keys are looked up in one table of the contacts' keys. Near keys are sought only if there is no exact one,
//! which limits the costly folding to a few rows.

use std::borrow::Cow;
use std::hash::BuildHasher as _;

use hashbrown::HashTable;
use rustc_hash::{FxBuildHasher, FxHashMap};

use crate::model::column::SparseColumn;
use crate::model::contacts::Contacts;
use crate::model::id::RecordId;
use crate::model::key::{self, Equality};
use crate::model::object::SfObject;
use crate::model::row::{NONE, index, row};
use crate::reconcile::dataset::Dataset;
use crate::reconcile::relations::forecast::{Forecast, ForecastFacts, KeyOwner, forecast};
use crate::reconcile::relations::link::{Link, LinkFacts, Matches, SfdcIdKind, link};
use crate::reconcile::relations::unread::UnreadRows;
use crate::settings::Rules;

/// A learner's `sfdc_id`: its kind and record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ResolvedSfdcId {
    /// Its kind.
    pub kind: SfdcIdKind,
    /// The id, if the text is one; if malformed, the repaired id, if its suffix or the extract reveals it.
    pub id: Option<RecordId>,
}

/// The kind of `sfdc_id` by learner. The dataset has the record already, unless the id is malformed.
#[derive(Debug, Clone)]
pub(super) struct ResolvedSfdcIds {
    kind: Vec<SfdcIdKind>,
    /// Repaired ids of malformed ones.
    meant: SparseColumn<RecordId>,
}

impl ResolvedSfdcIds {
    /// The resolved id of a learner; `data` must be the dataset of these ids.
    pub(super) fn get(&self, data: &Dataset, learner: usize) -> ResolvedSfdcId {
        let kind = self.kind[learner];
        let id = match kind {
            SfdcIdKind::Unknown | SfdcIdKind::Unread | SfdcIdKind::Blank => None,
            SfdcIdKind::Malformed => self.meant.get(learner),
            SfdcIdKind::Contact
            | SfdcIdKind::User
            | SfdcIdKind::Dangling
            | SfdcIdKind::NotExtracted
            | SfdcIdKind::Foreign => data.sfdc_record(learner),
        };
        ResolvedSfdcId { kind, id }
    }

    pub(super) fn kind(&self, learner: usize) -> SfdcIdKind {
        self.kind[learner]
    }
}

/// The matching contact by learner: nearly always the one of [`Learners`](crate::reconcile::join::learners::Learners).
#[derive(Debug, Clone, Default)]
pub(super) struct LearnerContacts {
    other: SparseColumn<u32>,
}

impl LearnerContacts {
    pub(super) fn get(&self, data: &Dataset, learner: usize) -> Option<usize> {
        match self.other.get(learner) {
            Some(other) => row(other),
            None => usual_contact(data, learner),
        }
    }
}

fn usual_contact(data: &Dataset, learner: usize) -> Option<usize> {
    data.learners.contact_by_id(learner).or_else(|| data.learners.contact_by_key(learner))
}

pub(super) struct People {
    pub(super) sfdc: ResolvedSfdcIds,
    pub(super) link: Vec<Link>,
    pub(super) contact: LearnerContacts,
    pub(super) forecast: Vec<Forecast>,
    pub(super) contact_learner: Vec<u32>,
    pub(super) key_group: SparseColumn<u32>,
    pub(super) ambiguous: Vec<(u32, u32)>,
}

/// Contacts by their keys.
struct Keys<'a> {
    contacts: &'a Contacts,
    equality: Equality,
    /// The first contact of each key.
    first: HashTable<u32>,
    /// For contacts that share their key: the first of them.
    shared: SparseColumn<u32>,
    /// By contact, whether the key is blank: one byte stays in cache; reading the text would be a cache miss.
    blank: Vec<bool>,
}

impl<'a> Keys<'a> {
    fn new(contacts: &'a Contacts, equality: Equality) -> Self {
        let canonical = |contact: u32| equality.canonical(contacts.key(contact as usize));
        let rehash = |&contact: &u32| hash(&canonical(contact));
        let mut first: HashTable<u32> = HashTable::with_capacity(contacts.len());
        let mut sharing: Vec<(u32, u32)> = Vec::new();
        let blank: Vec<bool> = contacts.keys().map(key::is_blank).collect();
        for contact in (0..index(contacts.len())).filter(|&contact| !blank[contact as usize]) {
            let key = canonical(contact);
            let known = *first.entry(hash(&key), |&other| canonical(other) == key, rehash).or_insert(contact).get();
            if known != contact {
                sharing.extend([(known, known), (contact, known)]);
            }
        }
        sharing.sort_unstable();
        sharing.dedup();
        let mut shared = SparseColumn::default();
        sharing.into_iter().for_each(|(contact, first)| shared.push(contact, first));
        Self { contacts, equality, first, shared, blank }
    }

    /// The first contact with this key; `None` if blank.
    fn find(&self, key: &str) -> Option<u32> {
        if key::is_blank(key) {
            return None;
        }
        let key = self.equality.canonical(key);
        let same = |&contact: &u32| self.equality.canonical(self.contacts.key(contact as usize)) == key;
        self.first.find(hash(&key), same).copied()
    }

    /// Whether several contacts share the key of this first one.
    fn several(&self, first: u32) -> bool {
        self.shared.get(first as usize).is_some()
    }
}

fn hash(text: &str) -> u64 {
    FxBuildHasher.hash_one(text)
}

/// Learners and contacts matched by key.
struct Keyed<'a> {
    keys: Keys<'a>,
    /// By learner, the first contact whose key is the username, or [`NONE`].
    first: Vec<u32>,
}

impl<'a> Keyed<'a> {
    fn new(data: &'a Dataset, keys: Keys<'a>) -> Self {
        let first = |learner: usize| match data.learners.contact_by_key(learner) {
            // The key of the learner's own contact needs no lookup, unless shared.
            Some(contact) if !keys.blank[contact] => keys.shared.get(contact).unwrap_or(index(contact)),
            _ => keys.find(data.username(learner)).unwrap_or(NONE),
        };
        let first = (0..data.learners.len()).map(first).collect();
        Self { keys, first }
    }

    fn matches(&self, learner: usize) -> Matches {
        match self.first[learner] {
            NONE => Matches::None,
            first if self.keys.several(first) => Matches::Several,
            _ => Matches::One,
        }
    }
}

/// The owner of each contact, of several learners the best match.
struct ContactOwners {
    owner: Vec<KeyOwner>,
    learner: Vec<u32>,
}

impl ContactOwners {
    fn new(data: &Dataset, sfdc: &ResolvedSfdcIds, keyed: &Keyed<'_>) -> Self {
        let contacts = data.contacts.len();
        let mut owners = Self { owner: vec![KeyOwner::Nobody; contacts], learner: vec![NONE; contacts] };
        for learner in 0..data.learners.len() {
            if keyed.matches(learner) != Matches::One {
                continue;
            }
            let contact = keyed.first[learner] as usize;
            let owner = match sfdc.kind(learner) {
                SfdcIdKind::Unknown | SfdcIdKind::Unread => KeyOwner::Unknown,
                SfdcIdKind::Blank => KeyOwner::Blank,
                SfdcIdKind::Contact if data.learners.contact_by_id(learner) == Some(contact) => KeyOwner::This,
                _ => KeyOwner::Other,
            };
            // Learners come in id order, so on ties the lowest id stays.
            if owner > owners.owner[contact] {
                owners.owner[contact] = owner;
                owners.learner[contact] = index(learner);
            }
        }
        owners
    }
}

pub(super) fn relate(data: &Dataset, rules: &Rules, unread: &UnreadRows) -> People {
    let (sfdc, keys) = rayon::join(|| classify(data, unread), || Keys::new(&data.contacts, rules.equality));
    let keyed = Keyed::new(data, keys);
    let owners = ContactOwners::new(data, &sfdc, &keyed);
    let near = Near::find(data, &sfdc, &keyed, &owners);
    let ((link, contact), (forecast, contact_learner)) = rayon::join(
        || judge_learners(data, rules, &sfdc, &keyed, &near),
        || judge_contacts(data, rules, &sfdc, owners, &near, &keyed.keys.shared, unread),
    );
    let mut ambiguous: Vec<(u32, u32)> = (0..)
        .zip(link.iter().zip(&keyed.first))
        .filter(|&(_, (&link, &first))| link == Link::Ambiguous && first != NONE)
        .map(|(learner, (_, &first))| (first, learner))
        .collect();
    ambiguous.sort_unstable();
    People { sfdc, link, contact, forecast, contact_learner, key_group: keyed.keys.shared, ambiguous }
}

fn judge_learners(
    data: &Dataset,
    rules: &Rules,
    sfdc: &ResolvedSfdcIds,
    keyed: &Keyed<'_>,
    near: &Near,
) -> (Vec<Link>, LearnerContacts) {
    let contacts_complete = data.origins.extract(SfObject::Contact).completeness.is_complete();
    let mut links = Vec::with_capacity(data.learners.len());
    let mut contacts = LearnerContacts::default();
    for learner in 0..data.learners.len() {
        let kind = sfdc.kind(learner);
        let named = match kind {
            SfdcIdKind::Contact => data.learners.contact_by_id(learner),
            SfdcIdKind::Malformed => sfdc.meant.get(learner).and_then(|id| data.contacts.find(id)),
            _ => None,
        };
        let own_key = kind == SfdcIdKind::Contact
            && named.is_some_and(|contact| {
                if data.learners.contact_by_key(learner) == Some(contact) {
                    return !keyed.keys.blank[contact];
                }
                let username = data.username(learner);
                !key::is_blank(username)
                    && rules.equality.canonical(data.contacts.key(contact)) == rules.equality.canonical(username)
            });
        let near_contact = near.contact_of.get(&index(learner)).copied();
        let matches = keyed.matches(learner);
        links.push(link(LinkFacts {
            sfdc_id: kind,
            own_key,
            matches,
            near: near_contact.is_some(),
            contacts_complete,
        }));
        let by_key = || match matches {
            Matches::One => row(keyed.first[learner]),
            Matches::Several => None,
            Matches::None => near_contact.and_then(row),
        };
        let contact = if named.is_none() && kind == SfdcIdKind::Blank { by_key() } else { named };
        if contact != usual_contact(data, learner) {
            contacts.other.push(index(learner), contact.map_or(NONE, index));
        }
    }
    (links, contacts)
}

fn judge_contacts(
    data: &Dataset,
    rules: &Rules,
    sfdc: &ResolvedSfdcIds,
    owners: ContactOwners,
    near: &Near,
    key_group: &SparseColumn<u32>,
    unread: &UnreadRows,
) -> (Vec<Forecast>, Vec<u32>) {
    // The first learner with the contact's `sfdc_id`.
    let mut holder = vec![NONE; data.contacts.len()];
    for learner in (0..data.learners.len()).filter(|&learner| sfdc.kind(learner) == SfdcIdKind::Contact) {
        if let Some(contact) = data.learners.contact_by_id(learner)
            && holder[contact] == NONE
        {
            holder[contact] = index(learner);
        }
    }
    let contacts_complete = data.origins.extract(SfObject::Contact).completeness.is_complete();
    let mut forecasts = Vec::with_capacity(data.contacts.len());
    let ContactOwners { owner: owners, learner: mut learners } = owners;
    for (contact, (owner, learner)) in owners.into_iter().zip(&mut learners).enumerate() {
        let near_learner = near.learner_of.get(&index(contact)).copied();
        let known_elsewhere = holder[contact] != NONE || near_learner.is_some();
        // If a learner's row is unreadable, somebody may still have the key as username, or the contact as `sfdc_id`;
        // and if contacts are missing, a contact's key may not be unique.
        let is_unknown = !contacts_complete
            || owner == KeyOwner::Nobody
                && (unread.may_have_username(data.contacts.key(contact))
                    || rules.provisioning && !known_elsewhere && unread.may_have_sfdc_id(data.contacts.id(contact)));
        let owner = if is_unknown { KeyOwner::Unknown } else { owner };
        forecasts.push(forecast(ForecastFacts {
            in_view: data.contacts.in_view(contact),
            key_blank: key::is_blank(data.contacts.key(contact)),
            key_shared: key_group.get(contact).is_some(),
            owner,
            known_elsewhere,
            provisioning: rules.provisioning,
        }));
        if *learner == NONE {
            *learner = holder[contact];
        }
        if *learner == NONE {
            *learner = near_learner.unwrap_or(NONE);
        }
    }
    (forecasts, learners)
}

/// Near keys for those without an exact one.
struct Near {
    /// Learner to contact; the lowest id of several.
    contact_of: FxHashMap<u32, u32>,
    /// Contact to learner; the lowest id of several.
    learner_of: FxHashMap<u32, u32>,
}

impl Near {
    fn find(data: &Dataset, sfdc: &ResolvedSfdcIds, keyed: &Keyed<'_>, owners: &ContactOwners) -> Self {
        let seeking_learners = (0..data.learners.len()).filter(|&learner| {
            keyed.first[learner] == NONE
                && sfdc.kind(learner) == SfdcIdKind::Blank
                && !key::is_blank(data.username(learner))
        });
        let seeking_contacts = (0..data.contacts.len())
            .filter(|&contact| owners.owner[contact] == KeyOwner::Nobody && !key::is_blank(data.contacts.key(contact)));
        Self {
            contact_of: nearest(seeking_learners, |learner| data.username(learner), data.contacts.keys()),
            learner_of: nearest(seeking_contacts, |contact| data.contacts.key(contact), data.usernames()),
        }
    }
}

/// For each seeker the first candidate with equal folded text but different exact text.
fn nearest<'a>(
    seekers: impl Iterator<Item = usize>,
    text: impl Fn(usize) -> &'a str,
    candidates: impl Iterator<Item = &'a str>,
) -> FxHashMap<u32, u32> {
    let mut wanted: FxHashMap<Cow<'_, str>, Vec<u32>> = FxHashMap::default();
    for seeker in seekers {
        wanted.entry(key::fold(text(seeker))).or_default().push(index(seeker));
    }
    let mut found = FxHashMap::default();
    if wanted.is_empty() {
        return found;
    }
    for (candidate, other) in candidates.enumerate() {
        if key::is_blank(other) {
            continue;
        }
        let Some(seekers) = wanted.get_mut(&key::fold(other)) else { continue };
        seekers.retain(|&seeker| {
            let differs = text(seeker as usize) != other;
            if differs {
                found.insert(seeker, index(candidate));
            }
            !differs
        });
    }
    found
}

fn classify(data: &Dataset, unread: &UnreadRows) -> ResolvedSfdcIds {
    let contacts_complete = data.origins.extract(SfObject::Contact).completeness.is_complete();
    let users_complete = data.origins.extract(SfObject::User).completeness.is_complete();
    let kind = |learner: usize| {
        if unread.users.rows > 0 && unread.has_user(data.learners.id(learner)) {
            return SfdcIdKind::Unread;
        }
        if !data.learners.sfdc_known(learner) {
            // If only the enrollments list a learner, the Users report may have an unreadable row of theirs.
            let is_unread = unread.users.rows > 0
                && data.origins.sfdc_ids
                && !data.learners.in_users_report(learner)
                && unread.may_have_user(data.learners.id(learner), data.username(learner));
            return if is_unread { SfdcIdKind::Unread } else { SfdcIdKind::Unknown };
        }
        if data.learners.contact_by_id(learner).is_some() {
            return SfdcIdKind::Contact;
        }
        match data.sfdc_record(learner) {
            Some(id) if id.is_contact() => {
                if contacts_complete {
                    SfdcIdKind::Dangling
                } else {
                    SfdcIdKind::NotExtracted
                }
            }
            // Without a complete extract the prefix alone decides.
            Some(id) if id.is_user() => {
                if users_complete && data.users.find(id).is_none() {
                    SfdcIdKind::Dangling
                } else {
                    SfdcIdKind::User
                }
            }
            Some(_) => SfdcIdKind::Foreign,
            None if key::is_blank(&data.sfdc_id(learner)) => SfdcIdKind::Blank,
            None => SfdcIdKind::Malformed,
        }
    };
    let kind: Vec<SfdcIdKind> = (0..data.learners.len()).map(kind).collect();
    let meant = repair(data, &kind);
    ResolvedSfdcIds { kind, meant }
}

/// Repairs malformed ids: by their own checksum, else as the only record of the extract with the same letters.
fn repair(data: &Dataset, kind: &[SfdcIdKind]) -> SparseColumn<RecordId> {
    let known = |id: RecordId| data.contacts.find(id).is_some() || data.users.find(id).is_some();
    let mut by_letters: Option<FxHashMap<String, Option<RecordId>>> = None;
    let mut meant = SparseColumn::default();
    for (learner, _) in kind.iter().enumerate().filter(|&(_, &kind)| kind == SfdcIdKind::Malformed) {
        let text = data.sfdc_id(learner);
        let text = text.trim();
        let by_checksum = RecordId::repair(text.as_bytes());
        let id = match by_checksum {
            Some(id) if known(id) => Some(id),
            _ if matches!(text.len(), 15 | 18) && text.is_ascii() => {
                let letters = by_letters.get_or_insert_with(|| fold_ids(data));
                let unique = letters.get(&text[..15].to_ascii_lowercase()).copied().flatten();
                // Fifteen characters have no checksum; if not in the extract they prove nothing.
                unique.or(if text.len() == 18 { by_checksum } else { None })
            }
            other => other,
        };
        if let Some(id) = id {
            meant.push(index(learner), id);
        }
    }
    meant
}

/// Ids of contacts and users, ignoring case; `None` if two differ only in case.
fn fold_ids(data: &Dataset) -> FxHashMap<String, Option<RecordId>> {
    let mut folded = FxHashMap::default();
    for id in data.contacts.ids().chain(data.users.ids()) {
        folded
            .entry(id.to_string()[..15].to_ascii_lowercase())
            .and_modify(|only: &mut Option<RecordId>| *only = None)
            .or_insert(Some(id));
    }
    folded
}
