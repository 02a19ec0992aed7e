//! `forecast`: what the next contacts sync will do with a contact. A total function of the list view, the contact's
//! key, and the learner whose username it is.

use crate::reconcile::relations::relation::Relation;
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
    /// The learner with this username has another `sfdc_id`, which this contact's replaces.
    Relink,
    /// A new learner is created.
    Create,
    /// A new learner is created, though another one is probably the same person.
    CreateDuplicate,
    /// Nothing: no learner matches, and provisioning is off.
    None,
    /// Several contacts have the key of one username.
    Collide,
    /// The contact has no key.
    BlankKey,
    /// The contact is not in the list view.
    OutsideView,
    /// The learner with this username is unknown, or that learner's `sfdc_id`.
    Unknown,
}

impl Relation for Forecast {
    fn meaning(self) -> &'static str {
        match self {
            Self::Update => "updates the learner with this username",
            Self::Link => "gives the learner with this username the contact's id",
            Self::Relink => "replaces another Salesforce id of the learner by this contact's",
            Self::Create => "makes a new learner",
            Self::CreateDuplicate => "makes a second learner for what is probably the same person",
            Self::None => "nothing: no learner matches, and provisioning is off",
            Self::Collide => "several contacts claim one username",
            Self::BlankKey => "the contact has no key",
            Self::OutsideView => "nothing: the contact is not in the list view",
            Self::Unknown => "the learner's Salesforce id is not known",
        }
    }

    fn is_exception(self) -> bool {
        match self {
            Self::Link
            | Self::Relink
            | Self::Create
            | Self::CreateDuplicate
            | Self::None
            | Self::Collide
            | Self::BlankKey
            | Self::Unknown => true,
            Self::Update | Self::OutsideView => false,
        }
    }
}

/// The learner who has a contact's key as username.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum KeyOwner {
    /// There is no such learner.
    Nobody,
    /// The `sfdc_id` is another value.
    Other,
    /// The `sfdc_id` is blank.
    Blank,
    /// The `sfdc_id` is unknown, or whether anybody has the key.
    Unknown,
    /// The `sfdc_id` is this contact.
    This,
}

/// The facts that decide a contact's forecast.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ForecastFacts {
    /// Whether the contact is in the list view; `None` if the view is unknown.
    pub in_view: Option<bool>,
    /// Whether the key is blank.
    pub key_blank: bool,
    /// Whether another contact has the same key.
    pub key_shared: bool,
    /// The learner with this username; of several the best match.
    pub owner: KeyOwner,
    /// Whether some learner's `sfdc_id` is this contact, or some learner's username is near its key.
    pub known_elsewhere: bool,
    /// Whether Docebo creates users from contacts.
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
