//! `forecast`: what the next contacts sync will do with a contact. A total function over the list
//! view, the contact's key, and the learner who has it as username.

use serde::{Deserialize, Serialize};

/// One value for every contact.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    strum::Display,
    strum::EnumString,
    strum::IntoStaticStr,
    strum::VariantArray,
)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
pub enum Forecast {
    /// The learner with this username is updated.
    Update,
    /// The learner with this username receives the contact's id.
    Link,
    /// The learner with this username loses another `sfdc_id` to this contact's.
    Relink,
    /// A new learner is made.
    Create,
    /// A new learner is made beside one who is probably the same person.
    CreateDuplicate,
    /// Nothing: no learner matches, and provisioning is off.
    None,
    /// Several contacts claim one username.
    Collide,
    /// The contact has no key.
    BlankKey,
    /// The contact is not in the list view.
    OutsideView,
    /// The `sfdc_id` of the learner with this username is not known, or who has this username.
    Unknown,
}

/// The learner who has a contact's key as username.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum KeyOwner {
    /// Nobody has it.
    Nobody,
    /// The `sfdc_id` is something else.
    Other,
    /// The `sfdc_id` is blank.
    Blank,
    /// The `sfdc_id` is not known, or whether anybody has the key.
    Unknown,
    /// The `sfdc_id` is this contact.
    This,
}

/// What decides a contact's forecast.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ForecastFacts {
    /// Whether the contact is in the list view; `None` where the view is not known.
    pub in_view: Option<bool>,
    /// Whether the key is blank.
    pub key_blank: bool,
    /// Whether another contact has the same key.
    pub key_shared: bool,
    /// The learner with this username; of several the one who fits best.
    pub owner: KeyOwner,
    /// Whether some learner's `sfdc_id` is this contact, or some learner's username is near its key.
    pub known_elsewhere: bool,
    /// Whether Docebo makes users from contacts.
    pub provisioning: bool,
}

/// The decision table.
#[must_use]
pub fn forecast(facts: ForecastFacts) -> Forecast {
    if facts.in_view == Some(false) {
        return Forecast::OutsideView;
    }
    if facts.key_blank {
        return Forecast::BlankKey;
    }
    if facts.key_shared {
        return Forecast::Collide;
    }
    match facts.owner {
        KeyOwner::This => Forecast::Update,
        KeyOwner::Blank => Forecast::Link,
        KeyOwner::Other => Forecast::Relink,
        KeyOwner::Unknown => Forecast::Unknown,
        KeyOwner::Nobody if !facts.provisioning => Forecast::None,
        KeyOwner::Nobody if facts.known_elsewhere => Forecast::CreateDuplicate,
        KeyOwner::Nobody => Forecast::Create,
    }
}
