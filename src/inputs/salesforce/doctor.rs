//! Checks a user's permissions in a live organization before anything is extracted: one line for each check; a failed
//! one only skips those that need its answer.
//!
//! Must not know: files, outputs, the Docebo side.

use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::auth::SignIn;
use super::describe::{FieldDescription, describe, grant, is_needed, json, known, me, rows, version};
use super::objects::system::{CREATED_BY, ID, SYSTEM_MODSTAMP};
use super::objects::user::{ACTIVE, USERNAME};
use super::objects::{CATALOGUE, ObjectFields};
use super::shown;
use super::soql::literal;
use super::transport::{RetryPolicy, Trace, Transport};
use crate::diagnosis::{Area, DoctorCheck, State, split_next_step};
use crate::error::Error;
use crate::model::customization::NAMESPACE;
use crate::model::instant::{Instant, MINUTE};
use crate::model::label::Label as _;
use crate::model::object::SfObject;
use crate::settings::OrgConnection;

/// Consecutive objects without an answer before the checks stop.
const MAX_LOST: u32 = 2;
/// Clock difference in seconds that causes a warning, and the one that invalidates a signed assertion.
const SKEW: (u64, u64) = (60, 5 * MINUTE.unsigned_abs());

/// Checks everything that an extraction needs. Reads no rows except settings and the user.
pub async fn examine(live: &OrgConnection, pace: RetryPolicy, trace: Option<Trace>) -> Vec<DoctorCheck> {
    let mut lines = examine_with(live, pace, trace).await;
    for line in &mut lines {
        for text in [&mut line.what, &mut line.found].into_iter().chain(&mut line.next) {
            *text = shown(text);
        }
    }
    lines
}

/// As [`examine`]; the lines may contain server-echoed text.
async fn examine_with(live: &OrgConnection, pace: RetryPolicy, trace: Option<Trace>) -> Vec<DoctorCheck> {
    let mut lines = Vec::new();
    let Some(asking) = OrgCheck::begin(live, pace, trace, &mut lines).await else {
        let found = "not asked: what stands above comes first";
        lines.push(DoctorCheck::skip(Area::Object, "objects, permissions, package, integration user", found));
        return lines;
    };
    let Some(visible) = asking.objects(live, &mut lines).await else {
        let found = "not asked: Salesforce does not answer";
        lines.push(DoctorCheck::skip(Area::Permissions, "permissions, package, integration user", found));
        return lines;
    };
    asking.permissions(&visible, &mut lines).await;
    lines.push(asking.package().await);
    lines.push(asking.integration_user(&visible).await);
    lines
}

/// A signed-in organization.
struct OrgCheck {
    transport: Transport,
    version: String,
    user_id: String,
}

impl OrgCheck {
    /// Signs in and checks what every request needs; `None` if further requests would fail.
    async fn begin(
        live: &OrgConnection,
        pace: RetryPolicy,
        trace: Option<Trace>,
        lines: &mut Vec<DoctorCheck>,
    ) -> Option<Self> {
        let sign_in = match SignIn::choose(live) {
            Ok(sign_in) => sign_in,
            Err(error) => {
                lines.push(DoctorCheck::error(Area::SignIn, "the way to sign in", &error));
                return None;
            }
        };
        let how = how(&sign_in);
        let transport = match Transport::sign_in(sign_in, pace, live.api_budget_percent, trace).await {
            Ok(transport) => transport,
            Err(error) => {
                lines.push(DoctorCheck::error(Area::SignIn, how, &error));
                return None;
            }
        };
        let who = me(&transport).await;
        let (here, there) = (now(), transport.server_time());
        match &who {
            Ok(who) => {
                let name = if who.preferred_username.is_empty() { "a user" } else { &who.preferred_username };
                let found =
                    format!("signed in as {name} ({}) of the organisation {}", who.user_id, who.organization_id);
                lines.push(DoctorCheck::pass(Area::SignIn, how, found));
            }
            Err(error) => lines.push(DoctorCheck::error(Area::SignIn, how, error)),
        }
        let address = DoctorCheck::pass(Area::SignIn, "the organisation's address", transport.instance().await);
        lines.push(if who.is_ok() { address } else { DoctorCheck { state: State::Skip, ..address } });
        // A refusal contains the time too; if there was no answer at all, that is already reported.
        if who.is_ok() || there.is_some() {
            lines.push(clock(here, there));
        }
        let who = who.ok()?;
        let version = match version(&transport).await {
            Ok(version) => version,
            Err(error) => {
                lines.push(DoctorCheck::error(Area::Api, "the version of the API", &error));
                return None;
            }
        };
        lines.push(DoctorCheck::pass(Area::Api, "the version of the API", format!("{version} is used")));
        let asking = Self { transport, version, user_id: who.user_id };
        asking.calls(live.api_budget_percent, lines).await.then_some(asking)
    }

    /// Checks the daily API calls; returns whether any remain.
    async fn calls(&self, share: u8, lines: &mut Vec<DoctorCheck>) -> bool {
        #[derive(Deserialize)]
        #[serde(rename_all = "PascalCase")]
        struct Limits {
            daily_api_requests: Daily,
        }
        #[derive(Deserialize)]
        #[serde(rename_all = "PascalCase")]
        struct Daily {
            max: u64,
            remaining: u64,
        }
        let what = "API calls of the last 24 hours";
        let limits: Result<Limits, Error> =
            json(&self.transport, &format!("/services/data/v{}/limits", self.version)).await;
        let (used, most) = match (limits, self.transport.usage()) {
            (Ok(Limits { daily_api_requests: Daily { max, remaining } }), _) => (max.saturating_sub(remaining), max),
            (Err(_), Some(usage)) => usage,
            (Err(error), None) => {
                let (found, next) = split_next_step(&error);
                lines.push(DoctorCheck::warn(Area::Api, what, format!("cannot be told: {found}"), next));
                return true;
            }
        };
        let left = most.saturating_sub(used);
        let found = format!("{used} of {most} are used, {left} are left");
        let spent = u128::from(used) * 100 >= u128::from(most) * u128::from(share);
        lines.push(if spent {
            let found = format!("{found}, and tieout stops when {share} % are used");
            DoctorCheck::fail(Area::Api, what, found, "start again later, or raise salesforce.api_budget_percent")
        } else if left < most / 5 {
            let next = "an extraction may end early and is then gone on with; start it when more are left";
            DoctorCheck::warn(Area::Api, what, found, next)
        } else {
            DoctorCheck::pass(Area::Api, what, found)
        });
        !spent
    }

    /// The rows of a query; `about` names the query in an error.
    async fn rows<T: DeserializeOwned>(&self, rest: &str, soql: &str, about: &str) -> Result<Vec<T>, Error> {
        rows(&self.transport, &self.version, rest, soql).await.map_err(|trouble| trouble.into_error(about))
    }

    /// Adds a line for each object; returns the visible ones, or `None` if Salesforce stops answering.
    async fn objects(&self, live: &OrgConnection, lines: &mut Vec<DoctorCheck>) -> Option<Vec<SfObject>> {
        let mut visible = Vec::new();
        let mut lost = 0;
        for wanted in CATALOGUE {
            match describe(&self.transport, &self.version, wanted.object).await {
                Ok(Some(described)) => {
                    lost = 0;
                    visible.push(wanted.object);
                    lines.push(self.fields(wanted, live, &described).await);
                }
                Ok(None) => {
                    lost = 0;
                    lines.push(self.unseen(wanted.object).await);
                }
                Err(error) => {
                    lost += 1;
                    lines.push(DoctorCheck::error(Area::Object, wanted.object.label(), &error));
                    if lost == MAX_LOST {
                        return None;
                    }
                }
            }
        }
        Some(visible)
    }

    /// The fields of an object from setup, including those hidden from the user; or why they are unknown.
    async fn known(&self, object: SfObject) -> Result<Vec<String>, String> {
        let known = known(&self.transport, &self.version, object).await;
        known.map_err(|trouble| split_next_step(&trouble.into_error("FieldDefinition")).0)
    }

    /// Checks an object that the user cannot see.
    async fn unseen(&self, object: SfObject) -> DoctorCheck {
        let absent = if SfObject::PACKAGE.contains(&object) {
            "install Docebo's package, or update it; or sign in to the organisation that has it"
        } else {
            "sign in to the organisation that Docebo writes into"
        };
        let (found, next) = match self.known(object).await {
            Ok(fields) if fields.is_empty() => {
                ("absent: the organisation has no such object".to_owned(), absent.to_owned())
            }
            Ok(_) => ("hidden: the object is there, but the user may not see it".to_owned(), grant(object)),
            Err(why) => {
                (format!("not there, or hidden from the user; which of the two cannot be told ({why})"), grant(object))
            }
        };
        if is_needed(object) {
            return DoctorCheck::fail(Area::Object, object.label(), found, next);
        }
        DoctorCheck::warn(Area::Object, object.label(), format!("{found}; what needs it is not judged"), next)
    }

    /// An object that the user sees, and the fields of it that are wanted.
    async fn fields(&self, wanted: ObjectFields, live: &OrgConnection, described: &[FieldDescription]) -> DoctorCheck {
        let what = wanted.object.label();
        let mapped = (wanted.object == SfObject::Contact).then_some(live.username_field.as_str());
        let mut needed: Vec<&str> = wanted.required().collect();
        needed.extend(mapped);
        needed.push(SYSTEM_MODSTAMP.name);
        let seen = |name: &str| described.iter().any(|field| field.name.eq_ignore_ascii_case(name));
        let all = || needed.iter().copied().chain(wanted.further());
        let missing: Vec<&str> = all().filter(|name| !seen(name)).collect();
        if missing.is_empty() {
            return DoctorCheck::pass(Area::Object, what, format!("visible, and so are its {} fields", all().count()));
        }
        let (mut found, mut next) = (Vec::new(), Vec::new());
        let named = |names: &[&str]| mapped.is_some_and(|mapped| names.contains(&mapped));
        let grant = "give the user read access to what is hidden (View All Fields on the object does it for all)";
        match self.known(wanted.object).await {
            Ok(known) => {
                let there = |name: &&str| known.iter().any(|known| known.eq_ignore_ascii_case(name));
                let (hidden, absent): (Vec<&str>, Vec<&str>) = missing.iter().copied().partition(there);
                if !hidden.is_empty() {
                    found.push(format!("hidden: {}", hidden.join(", ")));
                    next.push(grant);
                }
                if !absent.is_empty() {
                    found.push(format!("absent: {}", absent.join(", ")));
                }
                if named(&absent) {
                    next.push("correct mapping.username_field");
                }
                if absent.iter().any(|name| Some(*name) != mapped) {
                    next.push("update Docebo's package, for its version may lack what is absent");
                }
            }
            Err(why) => {
                found.push(format!(
                    "not there, or hidden from the user; which of the two cannot be told ({why}): {}",
                    missing.join(", ")
                ));
                next.push(grant);
                if named(&missing) {
                    next.push("or correct mapping.username_field");
                }
            }
        }
        let (found, next) = (format!("visible, but not all its fields; {}", found.join("; ")), next.join("; "));
        if missing.iter().any(|name| needed.contains(name)) {
            DoctorCheck::fail(Area::Object, what, found, next)
        } else {
            DoctorCheck::warn(Area::Object, what, format!("{found}; a check that needs one is not evaluated"), next)
        }
    }

    /// Whether rows can be hidden from the user, and whether the user could write.
    async fn permissions(&self, visible: &[SfObject], lines: &mut Vec<DoctorCheck>) {
        #[derive(Deserialize)]
        #[serde(rename_all = "PascalCase")]
        struct Permission {
            sobject_type: String,
            permissions_view_all_records: bool,
            permissions_edit: bool,
            permissions_modify_all_records: bool,
        }
        // Users have different visibility rules.
        let objects: Vec<SfObject> = visible.iter().copied().filter(|object| *object != SfObject::User).collect();
        let (all, write) = ("View All Records", "whether the user could write");
        if objects.is_empty() {
            lines.push(DoctorCheck::skip(Area::Permissions, all, "no object is visible"));
            return;
        }
        let names: Vec<String> = objects.iter().map(|object| literal(object.label())).collect();
        let soql = format!(
            "SELECT SobjectType, PermissionsRead, PermissionsViewAllRecords, PermissionsEdit, PermissionsModifyAllRecords \
             FROM ObjectPermissions WHERE SobjectType IN ({}) AND ParentId IN \
             (SELECT PermissionSetId FROM PermissionSetAssignment WHERE AssigneeId = {})",
            names.join(", "),
            literal(&self.user_id)
        );
        let granted: Vec<Permission> = match self.rows("query", &soql, "ObjectPermissions").await {
            Ok(granted) if !granted.is_empty() => granted,
            other => {
                let why = match other {
                    Ok(_) => "Salesforce shows none of the user's permissions".to_owned(),
                    Err(error) => split_next_step(&error).0,
                };
                let next = "look in Setup: Read and View All Records on Contact and the package's objects, and nothing else there";
                lines.push(DoctorCheck::warn(
                    Area::Permissions,
                    "View All Records, and whether the user could write",
                    format!("cannot be told: {why}"),
                    next,
                ));
                return;
            }
        };
        let has = |object: SfObject, right: fn(&Permission) -> bool| {
            granted.iter().any(|one| one.sobject_type.eq_ignore_ascii_case(object.label()) && right(one))
        };
        let list = |objects: Vec<&str>| objects.join(", ");
        let partly: Vec<&str> = objects
            .iter()
            .filter(|object| {
                !has(**object, |one| one.permissions_view_all_records || one.permissions_modify_all_records)
            })
            .map(|object| object.label())
            .collect();
        lines.push(if partly.is_empty() {
            DoctorCheck::pass(Area::Permissions, all, format!("on all {} objects that are visible", objects.len()))
        } else {
            let found = format!("not on {}; hidden rows look like rows that were never written", list(partly));
            DoctorCheck::warn(Area::Permissions, all, found, "give the user View All Records on these objects")
        });
        let writable: Vec<&str> = objects
            .iter()
            .filter(|object| SfObject::PACKAGE.contains(*object))
            .filter(|object| has(**object, |one| one.permissions_edit || one.permissions_modify_all_records))
            .map(|object| object.label())
            .collect();
        lines.push(if writable.is_empty() {
            DoctorCheck::pass(Area::Permissions, write, "none of the package's objects")
        } else {
            let found = format!("the user could write {}; tieout never does", list(writable));
            let next = "let tieout sign in as a user who may read only: without Edit and Modify All on these objects";
            DoctorCheck::warn(Area::Permissions, write, found, next)
        });
    }

    /// The version of Docebo's package.
    async fn package(&self) -> DoctorCheck {
        #[derive(Deserialize)]
        #[serde(rename_all = "PascalCase")]
        struct Installed {
            subscriber_package: Option<Package>,
            subscriber_package_version: Option<Version>,
        }
        #[derive(Deserialize)]
        #[serde(rename_all = "PascalCase")]
        struct Package {
            namespace_prefix: Option<String>,
            name: Option<String>,
        }
        #[derive(Deserialize)]
        #[serde(rename_all = "PascalCase")]
        struct Version {
            major_version: u32,
            minor_version: u32,
        }
        let what = "the version of Docebo's package";
        let soql = "SELECT SubscriberPackage.NamespacePrefix, SubscriberPackage.Name, SubscriberPackageVersion.MajorVersion, \
                    SubscriberPackageVersion.MinorVersion FROM InstalledSubscriberPackage";
        let installed: Vec<Installed> = match self.rows("tooling/query", soql, "InstalledSubscriberPackage").await {
            Ok(installed) => installed,
            Err(error) => {
                let next = "give the user View Setup and Configuration, or look in Setup, Installed Packages";
                return DoctorCheck::warn(
                    Area::Package,
                    what,
                    format!("cannot be told: {}", split_next_step(&error).0),
                    next,
                );
            }
        };
        let own = installed.into_iter().find_map(|one| {
            let package = one.subscriber_package?;
            let own = package.namespace_prefix.as_deref() == Some(NAMESPACE);
            own.then(|| (package.name.unwrap_or_else(|| NAMESPACE.to_owned()), one.subscriber_package_version))
        });
        match own {
            Some((name, Some(Version { major_version, minor_version }))) => {
                DoctorCheck::pass(Area::Package, what, format!("{name} {major_version}.{minor_version}"))
            }
            Some((name, None)) => DoctorCheck::pass(Area::Package, what, format!("{name}; its version is not shown")),
            None => DoctorCheck::warn(
                Area::Package,
                what,
                format!("no installed package has the namespace {NAMESPACE}"),
                "look in Setup, Installed Packages, whether this is the organisation that Docebo writes into",
            ),
        }
    }

    /// Whether Docebo's integration user can still write.
    async fn integration_user(&self, visible: &[SfObject]) -> DoctorCheck {
        #[derive(Deserialize)]
        #[serde(rename_all = "PascalCase")]
        struct Creator {
            created_by_id: Option<String>,
            #[serde(rename = "n")]
            rows: u64,
        }
        #[derive(Deserialize)]
        #[serde(rename_all = "PascalCase")]
        struct User {
            username: Option<String>,
            is_active: bool,
        }
        let (what, object) = ("the user as whom Docebo writes", SfObject::DoceboUser);
        if !visible.contains(&object) {
            return DoctorCheck::skip(Area::IntegrationUser, what, format!("cannot be told without {object}"));
        }
        let untold = |error: &Error| {
            let (found, next) = split_next_step(error);
            DoctorCheck::warn(Area::IntegrationUser, what, format!("cannot be told: {found}"), next)
        };
        let soql = format!(
            "SELECT {CREATED_BY}, COUNT({ID}) n FROM {object} GROUP BY {CREATED_BY} ORDER BY COUNT({ID}) DESC LIMIT 1"
        );
        let creators: Vec<Creator> = match self.rows("query", &soql, object.label()).await {
            Ok(creators) => creators,
            Err(error) => return untold(&error),
        };
        let Some((id, rows)) = creators.into_iter().find_map(|creator| Some((creator.created_by_id?, creator.rows)))
        else {
            return DoctorCheck::skip(
                Area::IntegrationUser,
                what,
                format!("{object} has no rows that the user may see"),
            );
        };
        let soql = format!("SELECT {USERNAME}, {ACTIVE} FROM User WHERE {ID} = {}", literal(&id));
        let users: Vec<User> = match self.rows("query", &soql, "User").await {
            Ok(users) => users,
            Err(error) => return untold(&error),
        };
        match users.into_iter().next() {
            None => DoctorCheck::warn(
                Area::IntegrationUser,
                what,
                format!("{id}, who created {rows} rows of {object}, is hidden from the user who signs in"),
                "give the user who signs in View All Users",
            ),
            Some(User { username, is_active }) => {
                let name = username.unwrap_or_default();
                let found = format!("{name} ({id}), who created {rows} rows of {object}, is");
                if is_active {
                    DoctorCheck::pass(Area::IntegrationUser, what, format!("{found} active"))
                } else {
                    let found = format!("{found} inactive; Docebo cannot write as this user");
                    let next = "activate the user, or connect Docebo anew as another one (`tieout explain integration-user-inactive`)";
                    DoctorCheck::fail(Area::IntegrationUser, what, found, next)
                }
            }
        }
    }
}

/// Sign-in method in words.
fn how(sign_in: &SignIn) -> String {
    match sign_in {
        SignIn::Cli(org, _) => format!("by the Salesforce CLI, org {org}"),
        SignIn::Token(..) => "by a token at hand".to_owned(),
        SignIn::ClientCredentials { .. } => "by client credentials".to_owned(),
        SignIn::Jwt { username, .. } => format!("by JWT for {username}"),
    }
}

/// This machine's clock.
#[expect(clippy::disallowed_methods, reason = "the clock of this machine is what is looked at")]
fn now() -> Instant {
    Instant::from_system_time(std::time::SystemTime::now())
}

/// Compares this clock with the server's.
fn clock(here: Instant, there: Option<Instant>) -> DoctorCheck {
    let what = "this machine's clock";
    let Some(there) = there else {
        let next = "a proxy may take the header Date away; an extraction needs it";
        return DoctorCheck::warn(Area::Clock, what, "no answer tells the time of the server", next);
    };
    let apart = here.seconds().abs_diff(there.seconds());
    let found =
        format!("{apart} s {} Salesforce's", if here.seconds() < there.seconds() { "behind" } else { "before" });
    let next = "set the clock of this machine (NTP): signed assertions and the age of what was read rest on it";
    if apart > SKEW.1 {
        DoctorCheck::fail(Area::Clock, what, found, next)
    } else if apart > SKEW.0 {
        DoctorCheck::warn(Area::Clock, what, found, next)
    } else {
        DoctorCheck::pass(Area::Clock, what, format!("within {} s of Salesforce's", SKEW.0))
    }
}

#[cfg(test)]
mod tests {
    use super::{State, clock};
    use crate::model::instant::Instant;

    #[test]
    fn clocks_that_are_apart_are_told() {
        let here = Instant::from_seconds(1_763_000_000);
        for (apart, state) in [
            (0, State::Pass),
            (60, State::Pass),
            (-61, State::Warn),
            (300, State::Warn),
            (-301, State::Fail),
            (86_400, State::Fail),
        ] {
            let line = clock(here, Some(here.plus(apart)));
            assert_eq!(line.state, state, "{apart}: {line:?}");
            assert!(state == State::Pass || line.found.contains(if apart > 0 { "behind" } else { "before" }));
        }
        assert_eq!(clock(here, None).state, State::Warn);
    }
}
