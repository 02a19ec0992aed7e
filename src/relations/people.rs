//! The facts behind `link` and `forecast`: who carries whose key, and what each `sfdc_id` names.
//!
//! Exact keys are found through one table of the contacts' keys. Near keys are looked for only among
//! those that found no exact one, which keeps the costly folding to a few rows.

use std::borrow::Cow;

use rustc_hash::FxHashMap;

use crate::model::dataset::{Dataset, NONE, index, row};
use crate::model::id::SfId;
use crate::model::key;
use crate::model::provenance::SfObject;
use crate::relations::find;
use crate::relations::forecast::{Forecast, ForecastFacts, KeyOwner, forecast};
use crate::relations::link::{Link, LinkFacts, Matches, SfdcId, link};
use crate::settings::Rules;

/// A learner's `sfdc_id`: what it is, and the record it names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SfdcRef {
    /// What it is.
    pub kind: SfdcId,
    /// The id, where the text is one; where it is malformed, the id it stands for, if that can be
    /// told from its suffix or from the extract.
    pub id: Option<SfId>,
}

pub(super) struct People {
    pub(super) sfdc: Vec<SfdcRef>,
    pub(super) link: Vec<Link>,
    pub(super) contact: Vec<u32>,
    pub(super) forecast: Vec<Forecast>,
    pub(super) contact_learner: Vec<u32>,
    pub(super) key_group: Vec<u32>,
    pub(super) ambiguous: Vec<(u32, u32)>,
}

/// Contacts with one key: the first of them, and how many.
#[derive(Clone, Copy)]
struct Group {
    first: u32,
    count: u32,
}

/// Who claims a contact, of several learners the one who fits best.
#[derive(Clone, Copy)]
struct Claim {
    owner: KeyOwner,
    learner: u32,
}

pub(super) fn relate(data: &Dataset, rules: &Rules) -> People {
    let sfdc = classify(data);
    let equality = rules.equality;
    let contacts = data.contacts.id.len();

    let mut groups: FxHashMap<Cow<'_, str>, Group> =
        FxHashMap::with_capacity_and_hasher(contacts, rustc_hash::FxBuildHasher);
    for contact in 0..contacts {
        let key = data.contacts.key.get(contact);
        if !key::is_blank(key) {
            groups
                .entry(equality.canonical(key))
                .and_modify(|group| group.count += 1)
                .or_insert(Group { first: index(contact), count: 1 });
        }
    }

    let learners = data.learners.id.len();
    let group_of: Vec<Option<Group>> = (0..learners)
        .map(|learner| {
            let username = data.learners.username.get(learner);
            (!key::is_blank(username)).then(|| groups.get(&equality.canonical(username)).copied()).flatten()
        })
        .collect();

    let mut claims = vec![Claim { owner: KeyOwner::Nobody, learner: NONE }; contacts];
    for (learner, group) in group_of.iter().enumerate() {
        let Some(Group { first, count: 1 }) = *group else { continue };
        let owner = match sfdc[learner].kind {
            SfdcId::Unknown => KeyOwner::Unknown,
            SfdcId::Blank => KeyOwner::Blank,
            SfdcId::Contact if sfdc[learner].id == Some(data.contacts.id[first as usize]) => KeyOwner::This,
            _ => KeyOwner::Other,
        };
        let claim = &mut claims[first as usize];
        // Learners come in the order of their ids, so of equals the lowest id stays.
        if owner > claim.owner {
            *claim = Claim { owner, learner: index(learner) };
        }
    }

    let mut holder = vec![NONE; contacts];
    for (learner, reference) in sfdc.iter().enumerate() {
        if let (SfdcId::Contact, Some(id)) = (reference.kind, reference.id)
            && let Some(contact) = row(find(&data.contacts.id, id))
            && holder[contact] == NONE
        {
            holder[contact] = index(learner);
        }
    }

    let near = Near::find(data, &sfdc, &group_of, &claims);
    let key_group = shared_keys(data, rules, &groups);
    let (forecast, contact_learner) = judge_contacts(data, rules, &claims, &holder, &near, &key_group);
    let (link, contact) = judge_learners(data, rules, &sfdc, &group_of, &near);
    let mut ambiguous: Vec<(u32, u32)> = (0..)
        .zip(link.iter().zip(&group_of))
        .filter(|&(_, (&link, _))| link == Link::Ambiguous)
        .filter_map(|(learner, (_, group))| group.map(|group| (group.first, learner)))
        .collect();
    ambiguous.sort_unstable();
    People { sfdc, link, contact, forecast, contact_learner, key_group, ambiguous }
}

fn judge_learners(
    data: &Dataset,
    rules: &Rules,
    sfdc: &[SfdcRef],
    group_of: &[Option<Group>],
    near: &Near,
) -> (Vec<Link>, Vec<u32>) {
    let contacts_complete = data.origins.extract(SfObject::Contact).extent.is_complete();
    let mut links = Vec::with_capacity(sfdc.len());
    let mut contacts = Vec::with_capacity(sfdc.len());
    for (learner, reference) in sfdc.iter().enumerate() {
        let named = match reference.kind {
            SfdcId::Contact | SfdcId::Malformed => reference.id.map_or(NONE, |id| find(&data.contacts.id, id)),
            _ => NONE,
        };
        let username = data.learners.username.get(learner);
        let own_key = reference.kind == SfdcId::Contact
            && !key::is_blank(username)
            && row(named).is_some_and(|contact| {
                rules.equality.canonical(data.contacts.key.get(contact)) == rules.equality.canonical(username)
            });
        let near_contact = near.contact_of.get(&index(learner)).copied();
        links.push(link(LinkFacts {
            sfdc_id: reference.kind,
            own_key,
            matches: match group_of[learner] {
                None => Matches::None,
                Some(Group { count: 1, .. }) => Matches::One,
                Some(_) => Matches::Several,
            },
            near: near_contact.is_some(),
            contacts_complete,
        }));
        let by_key = match group_of[learner] {
            Some(Group { first, count: 1 }) => first,
            Some(_) => NONE,
            None => near_contact.unwrap_or(NONE),
        };
        contacts.push(if named == NONE && reference.kind == SfdcId::Blank { by_key } else { named });
    }
    (links, contacts)
}

fn judge_contacts(
    data: &Dataset,
    rules: &Rules,
    claims: &[Claim],
    holder: &[u32],
    near: &Near,
    key_group: &[u32],
) -> (Vec<Forecast>, Vec<u32>) {
    let mut forecasts = Vec::with_capacity(claims.len());
    let mut learners = Vec::with_capacity(claims.len());
    for (contact, claim) in claims.iter().enumerate() {
        let near_learner = near.learner_of.get(&index(contact)).copied();
        forecasts.push(forecast(ForecastFacts {
            in_view: data.contacts.in_view.get(contact).copied(),
            key_blank: key::is_blank(data.contacts.key.get(contact)),
            key_shared: key_group[contact] != NONE,
            owner: claim.owner,
            known_elsewhere: holder[contact] != NONE || near_learner.is_some(),
            provisioning: rules.provisioning,
        }));
        let known = if claim.learner == NONE { holder[contact] } else { claim.learner };
        learners.push(if known == NONE { near_learner.unwrap_or(NONE) } else { known });
    }
    (forecasts, learners)
}

/// By contact, the first contact with the same key, where there are several.
fn shared_keys(data: &Dataset, rules: &Rules, groups: &FxHashMap<Cow<'_, str>, Group>) -> Vec<u32> {
    (0..data.contacts.id.len())
        .map(|contact| {
            let key = data.contacts.key.get(contact);
            if key::is_blank(key) {
                return NONE;
            }
            match groups.get(&rules.equality.canonical(key)) {
                Some(group) if group.count > 1 => group.first,
                _ => NONE,
            }
        })
        .collect()
}

/// Near keys of those who have no exact one.
struct Near {
    /// Learner to contact, of several the one with the lowest id.
    contact_of: FxHashMap<u32, u32>,
    /// Contact to learner, of several the one with the lowest id.
    learner_of: FxHashMap<u32, u32>,
}

impl Near {
    fn find(data: &Dataset, sfdc: &[SfdcRef], group_of: &[Option<Group>], claims: &[Claim]) -> Self {
        let seeking_learners = group_of.iter().enumerate().filter(|&(learner, group)| {
            group.is_none()
                && sfdc[learner].kind == SfdcId::Blank
                && !key::is_blank(data.learners.username.get(learner))
        });
        let seeking_contacts = claims.iter().enumerate().filter(|&(contact, claim)| {
            claim.owner == KeyOwner::Nobody && !key::is_blank(data.contacts.key.get(contact))
        });
        Self {
            contact_of: nearest(
                seeking_learners.map(|(learner, _)| learner),
                |learner| data.learners.username.get(learner),
                data.contacts.key.iter(),
            ),
            learner_of: nearest(
                seeking_contacts.map(|(contact, _)| contact),
                |contact| data.contacts.key.get(contact),
                data.learners.username.iter(),
            ),
        }
    }
}

/// For each seeker the first candidate with the same folded text and another exact text.
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

fn classify(data: &Dataset) -> Vec<SfdcRef> {
    let contacts = data.origins.extract(SfObject::Contact);
    let users_complete = data.origins.extract(SfObject::User).extent.is_complete();
    let mut sfdc: Vec<SfdcRef> = (0..data.learners.id.len())
        .map(|learner| {
            let text = data.learners.sfdc_id.get(learner);
            if !data.learners.sfdc_known[learner] {
                return SfdcRef { kind: SfdcId::Unknown, id: None };
            }
            if key::is_blank(text) {
                return SfdcRef { kind: SfdcId::Blank, id: None };
            }
            let Ok(id) = SfId::parse_18(text.as_bytes()) else {
                return SfdcRef { kind: SfdcId::Malformed, id: None };
            };
            let kind = if id.is_contact() {
                match find(&data.contacts.id, id) {
                    NONE if contacts.extent.is_complete() => SfdcId::Dangling,
                    NONE => SfdcId::Unseen,
                    _ => SfdcId::Contact,
                }
            } else if id.is_user() {
                // Without a complete extract the prefix alone decides.
                if users_complete && find(&data.users.id, id) == NONE { SfdcId::Dangling } else { SfdcId::User }
            } else {
                SfdcId::Foreign
            };
            SfdcRef { kind, id: Some(id) }
        })
        .collect();
    repair(data, &mut sfdc);
    sfdc
}

/// Finds the ids that malformed ones stand for: by their own checksum, else as the only record of
/// the extract with the same letters.
fn repair(data: &Dataset, sfdc: &mut [SfdcRef]) {
    let known = |id: SfId| find(&data.contacts.id, id) != NONE || find(&data.users.id, id) != NONE;
    let mut by_letters: Option<FxHashMap<String, Option<SfId>>> = None;
    for (learner, reference) in sfdc.iter_mut().enumerate() {
        if reference.kind != SfdcId::Malformed {
            continue;
        }
        let text = data.learners.sfdc_id.get(learner).trim();
        let by_checksum = SfId::repair(text.as_bytes());
        reference.id = match by_checksum {
            Some(id) if known(id) => Some(id),
            _ if matches!(text.len(), 15 | 18) && text.is_ascii() => {
                let letters = by_letters.get_or_insert_with(|| fold_ids(data));
                let unique = letters.get(&text[..15].to_ascii_lowercase()).copied().flatten();
                // Fifteen characters carry no checksum; unseen in the extract they prove nothing.
                unique.or(if text.len() == 18 { by_checksum } else { None })
            }
            other => other,
        };
    }
}

/// Ids of contacts and users without regard to case; `None` where two differ only in case.
fn fold_ids(data: &Dataset) -> FxHashMap<String, Option<SfId>> {
    let mut folded = FxHashMap::default();
    for &id in data.contacts.id.iter().chain(&data.users.id) {
        folded
            .entry(id.to_string()[..15].to_ascii_lowercase())
            .and_modify(|only: &mut Option<SfId>| *only = None)
            .or_insert(Some(id));
    }
    folded
}
