//! What the stand-in org holds: objects with fields and rows, who may sign in, and the knobs of a test.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use super::bulk::Job;
use super::rest::Cursor;

/// When a row was touched that says nothing about it.
const OLD: &str = "2020-01-01T00:00:00.000Z";

/// How a field is typed, which decides how its values are written and compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Id,
    Text,
    /// A `double`: `5.0`, and `1.6147805824397E13` from ten million on.
    Number {
        scale: u8,
    },
    /// An `int` of a standard field: plain `5`.
    Int,
    Boolean,
    /// `2026-01-31`
    Date,
    /// Stored as `2026-01-31T23:59:59.000Z`, so that text order is time order.
    DateTime,
    Reference,
    /// A compound value, which Bulk refuses. Stored as JSON text.
    Compound,
}

#[derive(Debug, Clone)]
pub(crate) struct Field {
    /// The API name. In setup objects it may be a whole path, such as `EntityDefinition.QualifiedApiName`.
    pub(crate) name: String,
    pub(crate) kind: Kind,
    /// Whether field-level security lets the user see it. Tooling tells of it either way.
    pub(crate) visible: bool,
    /// The object that a reference leads to; guessed from name and values when unsaid.
    pub(crate) refers_to: Option<String>,
}

impl Field {
    pub(crate) fn new(name: &str, kind: Kind) -> Self {
        Self { name: name.to_owned(), kind, visible: true, refers_to: None }
    }

    /// What a path calls the relationship: `ContactId` is `Contact`, `X__c` is `X__r`.
    pub(crate) fn relationship(&self) -> Option<String> {
        if self.kind != Kind::Reference {
            return None;
        }
        match self.name.strip_suffix("__c") {
            Some(custom) => Some(format!("{custom}__r")),
            None => self.name.strip_suffix("Id").map(str::to_owned),
        }
    }
}

#[derive(Debug, Clone)]
pub(crate) struct Row {
    /// Parallel to the object's fields; may be shorter, then the rest is null.
    pub(crate) values: Vec<Option<String>>,
    pub(crate) is_deleted: bool,
    pub(crate) master_record: Option<String>,
    /// Whether the user may see the row at all; nothing tells of a row that is not shared.
    pub(crate) shared: bool,
}

impl Row {
    pub(crate) fn new(values: Vec<Option<String>>) -> Self {
        Self { values, is_deleted: false, master_record: None, shared: true }
    }

    pub(crate) fn value(&self, at: usize) -> Option<&str> {
        self.values.get(at).and_then(Option::as_deref).filter(|text| !text.is_empty())
    }
}

#[derive(Debug, Clone)]
pub(crate) struct Object {
    pub(crate) name: String,
    pub(crate) key_prefix: String,
    pub(crate) readable: bool,
    /// Whether Bulk takes it.
    pub(crate) bulk: bool,
    pub(crate) fields: Vec<Field>,
    /// Shared with the jobs and cursors that still read it; changed through [`Object::rows_mut`].
    pub(crate) rows: Arc<Vec<Row>>,
}

impl Object {
    pub(crate) fn new(name: &str, key_prefix: &str, fields: &[(&str, Kind)]) -> Self {
        Self {
            name: name.to_owned(),
            key_prefix: key_prefix.to_owned(),
            readable: true,
            bulk: true,
            fields: fields.iter().map(|&(name, kind)| Field::new(name, kind)).collect(),
            rows: Arc::default(),
        }
    }

    /// An object from a file whose headings are API names; what the fields are is seen from their values.
    pub(crate) fn from_csv(name: &str, path: &Path, key_prefix: &str) -> Self {
        let bytes = std::fs::read(path).expect("a file of rows");
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes);
        let mut reader = csv::ReaderBuilder::new().flexible(true).has_headers(false).from_reader(bytes);
        let mut lines = reader.byte_records().map(|line| {
            let line = line.expect("a CSV line");
            line.iter().map(|value| String::from_utf8_lossy(value).into_owned()).collect::<Vec<_>>()
        });
        let headings = lines.next().expect("a heading line");
        let mut rows: Vec<Vec<Option<String>>> =
            lines.map(|line| line.into_iter().map(|value| (!value.is_empty()).then_some(value)).collect()).collect();
        let kinds: Vec<Kind> = headings
            .iter()
            .enumerate()
            .map(|(at, heading)| {
                let values: Vec<&str> = rows.iter().filter_map(|row| row.get(at)?.as_deref()).collect();
                kind_of(heading, &values)
            })
            .collect();
        for row in &mut rows {
            row.resize(headings.len(), None);
        }
        let mut object = Self::new(name, key_prefix, &[]);
        object.fields = headings.iter().zip(&kinds).map(|(name, &kind)| Field::new(name, kind)).collect();
        object.rows = Arc::new(rows.into_iter().map(Row::new).collect());
        object.tidy();
        object
    }

    /// Adds what every object has and a file may lack, and writes every date and time the one way.
    pub(crate) fn tidy(&mut self) {
        let is_setup = self.fields.iter().any(|field| field.name.contains('.'));
        if !is_setup {
            self.fill("CreatedDate", Kind::DateTime, &["LastModifiedDate"], OLD);
            self.fill("LastModifiedDate", Kind::DateTime, &["CreatedDate"], OLD);
            self.fill("SystemModstamp", Kind::DateTime, &["LastModifiedDate"], OLD);
        }
        match self.name.as_str() {
            "User" => self.fill("Name", Kind::Text, &["Username"], ""),
            "Contact" => self.fill("Name", Kind::Text, &["FirstName", "LastName"], ""),
            _ => {}
        }
        let kinds: Vec<Kind> = self.fields.iter().map(|field| field.kind).collect();
        for row in self.rows_mut() {
            for (value, kind) in row.values.iter_mut().zip(&kinds) {
                if let (Some(text), Kind::DateTime) = (value.as_mut(), kind)
                    && let Some(even) = instant(text)
                {
                    *text = even;
                }
            }
        }
    }

    /// Adds a field that is missing, made of others or of the one value.
    fn fill(&mut self, name: &str, kind: Kind, from: &[&str], otherwise: &str) {
        if self.field(name).is_some() {
            return;
        }
        let from: Vec<usize> = from.iter().filter_map(|name| self.field(name)).collect();
        let width = self.fields.len();
        self.fields.push(Field::new(name, kind));
        for row in self.rows_mut() {
            let parts: Vec<&str> = from.iter().filter_map(|&at| row.value(at)).collect();
            let value = if parts.is_empty() { otherwise.to_owned() } else { parts.join(" ") };
            row.values.resize(width, None);
            row.values.push(Some(value).filter(|value| !value.is_empty()));
        }
    }

    /// The rows to change; jobs that are under way keep what they saw.
    pub(crate) fn rows_mut(&mut self) -> &mut Vec<Row> {
        Arc::make_mut(&mut self.rows)
    }

    /// Where a field stands, by its name in any case.
    pub(crate) fn field(&self, name: &str) -> Option<usize> {
        self.fields.iter().position(|field| field.name.eq_ignore_ascii_case(name))
    }

    /// Where the row with this id (15 or 18 characters) stands.
    pub(crate) fn find(&self, id: &str) -> Option<usize> {
        let at = self.field("Id")?;
        self.rows.iter().position(|row| row.value(at).is_some_and(|own| short(own) == short(id)))
    }

    /// Appends a row given by names; an unknown name becomes a new field, typed from the value.
    pub(crate) fn push(&mut self, values: &[(&str, &str)]) -> &mut Row {
        for (name, value) in values {
            if self.field(name).is_none() {
                let kind = kind_of(name, if value.is_empty() { &[] } else { std::slice::from_ref(value) });
                self.fields.push(Field::new(name, kind));
            }
        }
        let mut row = Row::new(vec![None; self.fields.len()]);
        for (name, value) in values {
            let at = self.field(name).expect("a field that was just made");
            let text =
                if self.fields[at].kind == Kind::DateTime { instant(value) } else { None }.unwrap_or((*value).into());
            row.values[at] = Some(text).filter(|text| !text.is_empty());
        }
        if let Some(at) = self.field("SystemModstamp")
            && row.values[at].is_none()
        {
            let from = self.field("LastModifiedDate").or_else(|| self.field("CreatedDate"));
            row.values[at] = Some(from.and_then(|from| row.value(from)).unwrap_or(OLD).to_owned());
        }
        let rows = self.rows_mut();
        rows.push(row);
        rows.last_mut().expect("the row just pushed")
    }

    /// Changes one value of the row with this id.
    pub(crate) fn set(&mut self, id: &str, field: &str, value: Option<&str>) {
        let column = self.field(field).unwrap_or_else(|| panic!("{} has no field {field}", self.name));
        let row = self.find(id).unwrap_or_else(|| panic!("{} has no row {id}", self.name));
        let width = self.fields.len();
        let values = &mut self.rows_mut()[row].values;
        values.resize(width, None);
        values[column] = value.map(|text| instant(text).unwrap_or_else(|| text.to_owned()));
    }

    /// The row with this id, to be deleted, merged away or hidden.
    pub(crate) fn row_mut(&mut self, id: &str) -> &mut Row {
        let row = self.find(id).unwrap_or_else(|| panic!("{} has no row {id}", self.name));
        &mut self.rows_mut()[row]
    }

    /// Takes a field from the user's sight.
    pub(crate) fn hide(&mut self, field: &str) {
        let column = self.field(field).unwrap_or_else(|| panic!("{} has no field {field}", self.name));
        self.fields[column].visible = false;
    }

    /// What tooling calls the object: its name, or for a custom one an id.
    pub(crate) fn durable_id(&self) -> String {
        if self.name.ends_with("__c") { format!("01I5g00000{:0>5}", self.key_prefix) } else { self.name.clone() }
    }

    /// The part before the first `__` when there are two, as in `docebo_v3__X__c`.
    pub(crate) fn namespace(name: &str) -> Option<&str> {
        let (space, rest) = name.split_once("__")?;
        rest.contains("__").then_some(space)
    }
}

/// The first 15 characters of an id, which tell it fully.
pub(crate) fn short(id: &str) -> &str {
    if id.len() == 18 { id.get(..15).unwrap_or(id) } else { id }
}

/// An instant as it is stored, from any way the API or an export writes one.
pub(crate) fn instant(text: &str) -> Option<String> {
    let bytes = text.as_bytes();
    if bytes.len() < 19 || bytes[4] != b'-' || bytes[10] != b'T' || !bytes[0].is_ascii_digit() {
        return None;
    }
    // Most of them are right already, and parsing is slow.
    if bytes.len() == 24 && bytes[19] == b'.' && bytes[23] == b'Z' {
        return Some(text.to_owned());
    }
    let parsed = text.parse::<jiff::Timestamp>().or_else(|_| {
        let zoned = jiff::fmt::strtime::parse("%Y-%m-%dT%H:%M:%S%.f%z", text)?;
        zoned.to_timestamp()
    });
    Some(stamp(parsed.ok()?))
}

/// An instant as it is stored.
pub(crate) fn stamp(at: jiff::Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string()
}

/// What kind of field holds these values under this name.
fn kind_of(name: &str, values: &[&str]) -> Kind {
    let empty = values.is_empty();
    let holds = |test: fn(&str) -> bool| !empty && values.iter().all(|value| test(value));
    let is_id = |text: &str| matches!(text.len(), 15 | 18) && text.bytes().all(|byte| byte.is_ascii_alphanumeric());
    let leaf = name.rsplit('.').next().unwrap_or(name);
    let leaf = Object::namespace(leaf).map_or(leaf, |space| &leaf[space.len() + 2..]);
    if leaf == "Id" {
        Kind::Id
    } else if holds(|text| instant(text).is_some())
        || empty && (leaf.ends_with("Date") || leaf.ends_with("Date__c") || leaf == "SystemModstamp")
    {
        Kind::DateTime
    } else if holds(|text| matches!(text, "true" | "false"))
        || empty && matches!(leaf, "Deleted__c" | "Effective__c" | "IsActive")
    {
        Kind::Boolean
    } else if matches!(leaf, "UserId__c" | "CourseId__c") && (empty || holds(|text| text.parse::<f64>().is_ok())) {
        Kind::Number { scale: 0 }
    } else if (leaf.ends_with("Id") || leaf.ends_with("__c")) && holds(is_id)
        || empty
            && (leaf.ends_with("Id")
                || matches!(leaf, "Contact__c" | "User__c" | "DoceboUser__c" | "Course__c" | "Who__c"))
    {
        Kind::Reference
    } else {
        Kind::Text
    }
}

/// Checks the signature of a JWT assertion, which only a test with the public key can.
pub(crate) type VerifyJwt = Box<dyn Fn(&str) -> bool + Send + Sync>;

/// Who may sign in and what the token endpoint says.
pub(crate) struct Auth {
    pub(crate) client_id: String,
    pub(crate) client_secret: String,
    /// The `instance_url` of a token answer. When set, calls that come by another host are refused.
    pub(crate) instance_url: Option<String>,
    /// False: "no client credentials user enabled".
    pub(crate) run_as_user: bool,
    /// False: "request not supported on this domain", as on login.salesforce.com.
    pub(crate) domain_supported: bool,
    /// False: "user hasn't approved this consumer".
    pub(crate) approved: bool,
    /// Audiences besides the org's own address.
    pub(crate) audiences: Vec<String>,
    /// Absent: every signature will do.
    pub(crate) verify_jwt: Option<VerifyJwt>,
    /// Answers every token request with this error and description instead.
    pub(crate) refusal: Option<(String, String)>,
}

/// A whole org, and how it behaves.
pub(crate) struct Org {
    pub(crate) id: String,
    pub(crate) user_id: String,
    pub(crate) username: String,
    pub(crate) access_token: String,
    pub(crate) versions: Vec<String>,
    pub(crate) daily_limit: u64,
    pub(crate) calls_used: u64,
    /// Seconds since 1970 for the `Date` header and every check of time; the real clock when unset.
    pub(crate) now: Option<i64>,
    pub(crate) auth: Auth,
    pub(crate) objects: Vec<Object>,
    pub(crate) tooling: Vec<Object>,
    /// The SOQL of list views, by their id.
    pub(crate) list_views: BTreeMap<String, String>,
    /// How long every page of rows takes.
    pub(crate) page_delay: Duration,
    /// The server's own maximum for a REST page, below what the client asks: pages shrink.
    pub(crate) rest_page_cap: usize,
    pub(crate) bulk_max_rows_per_page: usize,
    /// With how many polls a job is complete: 2 is `InProgress`, then `JobComplete`.
    pub(crate) job_polls: usize,
    /// What the answer to a too early fetch of results says: 400, or 412 as older guides have it.
    pub(crate) early_results_status: u16,
    /// Appended to every Bulk locator, such as `&x==`, to see whether clients escape it.
    pub(crate) locator_suffix: String,
    /// Every attempt to change something. A test asserts that it is empty.
    pub(crate) writes: Vec<String>,
    /// The address of the server, once it runs.
    pub(crate) url: String,
    pub(super) jobs: Vec<Job>,
    pub(super) cursors: BTreeMap<String, Cursor>,
    pub(super) jobs_made: usize,
    pub(super) tokens_made: usize,
}

impl Org {
    pub(crate) fn new() -> Self {
        use Kind::{Boolean, DateTime, Id, Int, Reference, Text};
        let user_id = "0055g00000FakeUAAR".to_owned();
        let mut org = Self {
            id: "00D5g000004XyZAEA0".into(),
            user_id: user_id.clone(),
            username: "reader@example.com".into(),
            access_token: "00D5g000004XyZA!secret.TOKEN".into(),
            versions: (58..=67).map(|version| format!("{version}.0")).collect(),
            daily_limit: 100_000,
            calls_used: 0,
            now: None,
            auth: Auth {
                client_id: "3MVG9fake.client".into(),
                client_secret: "fake-secret".into(),
                instance_url: None,
                run_as_user: true,
                domain_supported: true,
                approved: true,
                audiences: vec!["https://login.salesforce.com".into(), "https://test.salesforce.com".into()],
                verify_jwt: None,
                refusal: None,
            },
            objects: Vec::new(),
            tooling: Vec::new(),
            list_views: BTreeMap::new(),
            page_delay: Duration::ZERO,
            rest_page_cap: 2_000,
            bulk_max_rows_per_page: 250_000,
            job_polls: 2,
            early_results_status: 400,
            locator_suffix: String::new(),
            writes: Vec::new(),
            url: String::new(),
            jobs: Vec::new(),
            cursors: BTreeMap::new(),
            jobs_made: 0,
            tokens_made: 0,
        };
        let mut company = Object::new(
            "Organization",
            "00D",
            &[
                ("Id", Id),
                ("Name", Text),
                ("InstanceName", Text),
                ("IsSandbox", Boolean),
                ("OrganizationType", Text),
                ("NamespacePrefix", Text),
                ("TrialExpirationDate", DateTime),
            ],
        );
        company.push(&[("Id", &org.id), ("Name", "Fake"), ("InstanceName", "FAKE1"), ("IsSandbox", "false")]);
        company.bulk = false;
        org.add(company);
        let mut users = Object::new(
            "User",
            "005",
            &[("Id", Id), ("Username", Text), ("Name", Text), ("ContactId", Reference), ("IsActive", Boolean)],
        );
        users.push(&[("Id", &user_id), ("Username", &org.username), ("Name", "Reader"), ("IsActive", "true")]);
        org.add(users);
        let setup = |name: &str, prefix: &str, fields: &[(&str, Kind)]| Object::new(name, prefix, fields);
        let mut flows = setup(
            "FlowDefinitionView",
            "3dd",
            &[
                ("Id", Id),
                ("ApiName", Text),
                ("Label", Text),
                ("IsActive", Boolean),
                ("ProcessType", Text),
                ("TriggerType", Text),
                ("RecordTriggerType", Text),
                ("NamespacePrefix", Text),
                ("TriggerObjectOrEvent.QualifiedApiName", Text),
                ("LastModifiedDate", DateTime),
                ("LastModifiedBy", Text),
            ],
        );
        flows.bulk = false;
        org.add(flows);
        org.tooling = vec![
            setup(
                "ApexTrigger",
                "01q",
                &[
                    ("Id", Id),
                    ("Name", Text),
                    ("NamespacePrefix", Text),
                    ("EntityDefinitionId", Text),
                    ("TableEnumOrId", Text),
                    ("Status", Text),
                    ("IsValid", Boolean),
                    ("ApiVersion", Kind::Number { scale: 1 }),
                    ("ManageableState", Text),
                    ("UsageBeforeInsert", Boolean),
                    ("UsageAfterInsert", Boolean),
                    ("UsageBeforeUpdate", Boolean),
                    ("UsageAfterUpdate", Boolean),
                    ("UsageBeforeDelete", Boolean),
                    ("UsageAfterDelete", Boolean),
                    ("UsageAfterUndelete", Boolean),
                    ("LastModifiedDate", DateTime),
                    ("LastModifiedById", Reference),
                    ("LastModifiedBy.Name", Text),
                ],
            ),
            setup(
                "ValidationRule",
                "03d",
                &[
                    ("Id", Id),
                    ("ValidationName", Text),
                    ("Active", Boolean),
                    ("NamespacePrefix", Text),
                    ("ManageableState", Text),
                    ("ErrorMessage", Text),
                    ("ErrorDisplayField", Text),
                    ("EntityDefinitionId", Text),
                    ("EntityDefinition.QualifiedApiName", Text),
                    ("LastModifiedDate", DateTime),
                    ("LastModifiedById", Reference),
                    ("LastModifiedBy.Name", Text),
                ],
            ),
            setup(
                "WorkflowRule",
                "01Q",
                &[
                    ("Id", Id),
                    ("Name", Text),
                    ("NamespacePrefix", Text),
                    ("ManageableState", Text),
                    ("TableEnumOrId", Text),
                    ("LastModifiedDate", DateTime),
                    ("LastModifiedById", Reference),
                    ("LastModifiedBy.Name", Text),
                ],
            ),
            setup(
                "CustomField",
                "00N",
                &[
                    ("Id", Id),
                    ("DeveloperName", Text),
                    ("NamespacePrefix", Text),
                    ("TableEnumOrId", Text),
                    ("ManageableState", Text),
                    ("CreatedDate", DateTime),
                    ("CreatedBy.Name", Text),
                    ("LastModifiedDate", DateTime),
                    ("LastModifiedById", Reference),
                    ("LastModifiedBy.Name", Text),
                ],
            ),
            setup(
                "InstalledSubscriberPackage",
                "0A3",
                &[
                    ("Id", Id),
                    ("SubscriberPackageId", Text),
                    ("SubscriberPackage.NamespacePrefix", Text),
                    ("SubscriberPackage.Name", Text),
                    ("SubscriberPackageVersion.Id", Text),
                    ("SubscriberPackageVersion.Name", Text),
                    ("SubscriberPackageVersion.MajorVersion", Int),
                    ("SubscriberPackageVersion.MinorVersion", Int),
                    ("SubscriberPackageVersion.PatchVersion", Int),
                    ("SubscriberPackageVersion.BuildNumber", Int),
                    ("MinPackageVersionId", Text),
                ],
            ),
        ];
        org
    }

    /// Adds an object, or replaces the one of the same name.
    pub(crate) fn add(&mut self, mut object: Object) -> &mut Object {
        object.tidy();
        self.objects.retain(|other| !other.name.eq_ignore_ascii_case(&object.name));
        self.objects.push(object);
        self.objects.last_mut().expect("the object just pushed")
    }

    pub(crate) fn object(&self, name: &str) -> &Object {
        find(&self.objects, name).unwrap_or_else(|| panic!("the org has no {name}"))
    }

    pub(crate) fn object_mut(&mut self, name: &str) -> &mut Object {
        let found = self.objects.iter_mut().find(|object| object.name.eq_ignore_ascii_case(name));
        found.unwrap_or_else(|| panic!("the org has no {name}"))
    }

    /// An object that only tooling queries see, made when missing.
    pub(crate) fn tooling_mut(&mut self, name: &str) -> &mut Object {
        if find(&self.tooling, name).is_none() {
            self.tooling.push(Object::new(name, "0XX", &[("Id", Kind::Id)]));
        }
        let found = self.tooling.iter_mut().find(|object| object.name.eq_ignore_ascii_case(name));
        found.expect("an object that was just made")
    }

    /// The clock of the org in seconds.
    pub(crate) fn clock(&self) -> i64 {
        self.now.unwrap_or_else(|| jiff::Timestamp::now().as_second())
    }

    /// Makes the token invalid; only the token endpoint tells the new one.
    pub(crate) fn rotate_token(&mut self) {
        self.tokens_made += 1;
        self.access_token = format!("00D5g000004XyZA!fresh.TOKEN.{}", self.tokens_made);
    }
}

/// The object of a name in any case.
pub(crate) fn find<'a>(objects: &'a [Object], name: &str) -> Option<&'a Object> {
    objects.iter().find(|object| object.name.eq_ignore_ascii_case(name))
}
