//! The doctor: each line passes where all is well, and where something is wrong says what, and what to grant;
//! nothing is ever written, and no secret is told.

use std::path::{Path, PathBuf};

use tieout::model::label::Label as _;
use tieout::model::object::SfObject;
use tieout::outputs;

use crate::cli::{run, tieout};
use crate::fake_org::faults::{Fault, FaultKind};
use crate::fake_org::org::{Field, Kind, Object, Org};
use crate::fake_org::{Server, generated};
use crate::{root, sample_folder};

const USERS: &str = "docebo_v3__DoceboUser__c";
const COURSES: &str = "docebo_v3__Course__c";
const ENROLLMENTS: &str = "docebo_v3__CourseEnrollment__c";
/// What an audit wants beyond what the made-up organisation has.
const FURTHER: [(&str, &[&str]); 2] = [
    (COURSES, &["docebo_v3__Code__c", "docebo_v3__Effective__c"]),
    (ENROLLMENTS, &["docebo_v3__EnrollmentStartDate__c", "docebo_v3__UnenrollmentDate__c"]),
];

/// A user's rights on an object: to read, to see all, to edit, to edit all.
type Rights = [&'static str; 4];
const READER: Rights = ["true", "true", "false", "false"];

/// An organisation in which nothing is wrong.
fn org() -> Org {
    let mut org = generated::org(60, 5);
    for (name, fields) in FURTHER {
        let object = org.object_mut(name);
        object.fields.extend(fields.iter().map(|field| Field::new(field, Kind::Text)));
    }
    let dates = ["CreatedDate", "LastModifiedDate", "SystemModstamp"].map(|name| (name, Kind::DateTime));
    let users = ["CreatedById", "LastModifiedById"].map(|name| (name, Kind::Reference));
    for (number, object) in SfObject::AUXILIARY.iter().enumerate() {
        org.add(Object::new(
            object.label(),
            &format!("a1{number}"),
            &[&[("Id", Kind::Id)], &dates[..], &users].concat(),
        ));
    }
    let mut assigned = Object::new(
        "PermissionSetAssignment",
        "0Pa",
        &[("Id", Kind::Id), ("PermissionSetId", Kind::Reference), ("AssigneeId", Kind::Reference)],
    );
    let (own, other) = (generated::id("0PS", 1), generated::id("0PS", 2));
    let user = org.user_id.clone();
    for (number, (set, user)) in [(&own, user), (&other, generated::id("005", 77))].into_iter().enumerate() {
        let id = generated::id("0Pa", number);
        assigned.push(&[("Id", &id), ("PermissionSetId", set), ("AssigneeId", &user)]);
    }
    org.add(assigned);
    let flags = ["Read", "ViewAllRecords", "Edit", "ModifyAllRecords"].map(|name| format!("Permissions{name}"));
    let fields: Vec<(&str, Kind)> = flags.iter().map(|name| (name.as_str(), Kind::Boolean)).collect();
    let named = [("Id", Kind::Id), ("ParentId", Kind::Reference), ("SobjectType", Kind::Text)];
    org.add(Object::new("ObjectPermissions", "110", &[&named[..], &fields].concat()));
    for object in std::iter::once(SfObject::Contact).chain(SfObject::PACKAGE) {
        grant(&mut org, object.label(), &own, READER);
    }
    // What somebody else may do is nobody's business.
    grant(&mut org, USERS, &other, ["true"; 4]);
    for (namespace, name, minor) in [("other", "Other", "9"), ("docebo_v3", "Docebo", "42")] {
        org.tooling_mut("InstalledSubscriberPackage").push(&[
            ("Id", &generated::id("0A3", minor.len())),
            ("SubscriberPackage.NamespacePrefix", namespace),
            ("SubscriberPackage.Name", name),
            ("SubscriberPackageVersion.MajorVersion", "3"),
            ("SubscriberPackageVersion.MinorVersion", minor),
        ]);
    }
    org
}

fn grant(org: &mut Org, object: &str, set: &str, [read, all, edit, edit_all]: Rights) {
    let permissions = org.object_mut("ObjectPermissions");
    let id = generated::id("110", permissions.rows.len());
    permissions.push(&[
        ("Id", &id),
        ("ParentId", set),
        ("SobjectType", object),
        ("PermissionsRead", read),
        ("PermissionsViewAllRecords", all),
        ("PermissionsEdit", edit),
        ("PermissionsModifyAllRecords", edit_all),
    ]);
}

/// A folder with a configuration for the live organisation and a fresh copy of a sample's export.
fn config(server: &Server) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a folder");
    for file in ["users.csv", "enrollments.csv"] {
        let bytes = std::fs::read(sample_folder("in-sync").join(file)).expect("a file");
        std::fs::write(folder.path().join(file), bytes).expect("a writable file");
    }
    let path = folder.path().join("tieout.toml");
    let text = format!(
        "[salesforce]\ninstance_url = \"{}\"\n[docebo]\nusers = \"users.csv\"\nenrollments = \"enrollments.csv\"\n",
        server.url()
    );
    std::fs::write(&path, text).expect("a writable file");
    (folder, path)
}

/// What the doctor said: exit code, text, and its lines.
struct Output {
    code: i32,
    text: String,
    lines: Vec<serde_json::Value>,
}

impl Output {
    /// Lines of an area as `state what: found -> next`.
    fn lines(&self, area: &str) -> Vec<String> {
        let word = |line: &serde_json::Value, key: &str| line[key].as_str().unwrap_or_default().to_owned();
        let lines = self.lines.iter().filter(|line| line["area"] == area);
        let output = |line| {
            format!("{} {}: {} -> {}", word(line, "state"), word(line, "what"), word(line, "found"), word(line, "next"))
        };
        lines.map(output).collect()
    }

    /// The one line that begins so.
    fn line(&self, area: &str, start: &str) -> String {
        let lines = self.lines(area);
        let found: Vec<&String> = lines.iter().filter(|line| line.starts_with(start)).collect();
        assert_eq!(found.len(), 1, "{start} among {lines:#?}");
        found[0].clone()
    }

    /// What is no pass.
    fn worse(&self) -> Vec<String> {
        let areas: std::collections::BTreeSet<&str> =
            self.lines.iter().filter_map(|line| line["area"].as_str()).collect();
        areas.iter().flat_map(|area| self.lines(area)).filter(|line| !line.starts_with("pass ")).collect()
    }
}

fn doctor(folder: &Path, config: &Path, token: Option<&str>) -> Output {
    let before = list(folder);
    let command = |flags: &[&str]| {
        let mut command = tieout();
        command.current_dir(folder).arg("doctor").arg("-c").arg(config).args(flags);
        command.env_remove("SF_ACCESS_TOKEN").env_remove("CREDENTIALS_DIRECTORY");
        if let Some(token) = token {
            command.env("SF_ACCESS_TOKEN", token);
        }
        let (code, stdout, stderr) = run(&mut command);
        for text in [&stdout, &stderr] {
            assert!(token.is_none_or(|token| !text.contains(token) && !text.contains("secret.TOKEN")), "{text}");
        }
        (code, stdout, stderr)
    };
    let (code, text, stderr) = command(&[]);
    assert_eq!(stderr, "", "{text}");
    let (again, json, stderr) = command(&["--json", "--trace"]);
    assert_eq!(again, code, "{stderr}");
    let value: serde_json::Value = serde_json::from_str(&json).expect("JSON alone");
    let path = root().join("templates/doctor.schema.json");
    let schema = std::fs::read_to_string(path).expect("the published schema");
    let validator = jsonschema::validator_for(&serde_json::from_str(&schema).expect("JSON")).expect("a schema");
    let errors: Vec<String> = validator.iter_errors(&value).map(|error| error.to_string()).collect();
    assert!(errors.is_empty(), "{errors:?}");
    let lines = value["lines"].as_array().expect("lines").clone();
    for line in &lines {
        let wrong = matches!(line["state"].as_str(), Some("warn" | "fail"));
        assert_eq!(wrong, line["next"].is_string(), "a next step where something is wrong: {line}");
    }
    assert_eq!(list(folder), before, "something was left behind");
    Output { code, text, lines }
}

fn list(folder: &Path) -> Vec<PathBuf> {
    let mut names: Vec<PathBuf> =
        std::fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path()).collect();
    names.sort_unstable();
    names
}

/// The doctor's word on an organisation.
fn ask(server: &Server) -> Output {
    let (folder, path) = config(server);
    let token = server.with(|org| org.access_token.clone());
    let output = doctor(folder.path(), &path, Some(&token));
    assert_eq!(server.writes(), Vec::<String>::new(), "something was written");
    output
}

#[test]
fn the_schema_is_the_published_one() {
    let path = root().join("templates/doctor.schema.json");
    let made = outputs::doctor::schema().expect("a schema");
    if std::env::var_os("UPDATE_SCHEMA").is_some() {
        std::fs::write(&path, &made).expect("a writable file");
    }
    let published = std::fs::read_to_string(&path).expect("the published schema");
    assert!(published == made, "templates/doctor.schema.json is stale; UPDATE_SCHEMA=1 cargo test writes it anew");
}

#[test]
fn where_all_is_well_every_line_passes() {
    let server = Server::start(org());
    let output = ask(&server);
    assert_eq!((output.code, output.worse()), (0, Vec::new()), "{}", output.text);
    assert!(
        output.line("sign-in", "pass by a token").contains("reader@example.com (0055g00000FakeUAAR)"),
        "{}",
        output.text
    );
    assert!(output.line("sign-in", "pass the organisation's address").contains(server.url()));
    assert!(output.line("api", "pass the version").contains("67.0"));
    assert!(output.line("api", "pass API calls").contains("of 100000 are used"));
    assert_eq!(output.lines("object").len(), 11);
    assert!(output.line("package", "pass").contains("Docebo 3.42"));
    assert!(output.line("integration-user", "pass").contains("is active"));
    assert!(output.line("export", "pass enrollments.csv").contains("UTF-8, cells parted by `,`, dates year-month-day"));
    assert!(output.line("export", "pass the age").contains("0 days"));
    assert!(output.line("output", "pass").contains("tieout-runs/run"));
    assert!(output.text.ends_with(" pass\n") && !output.text.contains('\u{1b}'), "{}", output.text);
}

#[test]
fn hidden_is_told_from_absent() {
    let mut org = org();
    org.object_mut(USERS).hide("CreatedDate");
    org.object_mut(ENROLLMENTS).hide("docebo_v3__Status__c");
    org.object_mut(ENROLLMENTS).fields.retain(|field| field.name != "docebo_v3__UnenrollmentDate__c");
    org.object_mut("docebo_v3__Session__c").readable = false;
    org.objects.retain(|object| object.name != "docebo_v3__LearningPlan__c");
    let server = Server::start(org);
    let output = ask(&server);
    assert_eq!(output.code, 0, "{}", output.text);
    let users = output.line("object", "warn docebo_v3__DoceboUser__c");
    assert!(users.contains("hidden: CreatedDate;") && users.contains("View All Fields") && !users.contains("absent"));
    let enrollments = output.line("object", "warn docebo_v3__CourseEnrollment__c");
    assert!(
        enrollments.contains("hidden: docebo_v3__Status__c; absent: docebo_v3__UnenrollmentDate__c;"),
        "{enrollments}"
    );
    let session = output.line("object", "warn docebo_v3__Session__c");
    assert!(session.contains("hidden: ") && session.contains("give the user Read and View All Records"), "{session}");
    let plan = output.line("object", "warn docebo_v3__LearningPlan__c");
    assert!(plan.contains("absent: ") && plan.contains("install Docebo's package"), "{plan}");

    // Where setup does not tell, it is said that nobody can.
    let refusal = "[{\"errorCode\":\"INSUFFICIENT_ACCESS\",\"message\":\"insufficient access rights\"}]";
    let kind = FaultKind::Status { code: 403, body: refusal.to_owned(), headers: Vec::new() };
    server.add_fault(Fault::once("/tooling/", kind.clone()).times(1_000));
    server.add_fault(Fault::once("ObjectPermissions", kind).times(1_000));
    let output = ask(&server);
    assert_eq!(output.code, 0, "{}", output.text);
    for start in ["warn docebo_v3__DoceboUser__c", "warn docebo_v3__Session__c", "warn docebo_v3__LearningPlan__c"] {
        let line = output.line("object", start);
        assert!(line.contains("which of the two cannot be told") && line.contains("insufficient access"), "{line}");
    }
    assert!(output.line("package", "warn").contains("cannot be told"));
    assert!(output.line("permissions", "warn").contains("cannot be told"));
}

#[test]
fn what_a_run_cannot_do_without_fails_with_what_to_grant() {
    let mut org = org();
    org.object_mut(USERS).readable = false;
    let server = Server::start(org);
    let output = ask(&server);
    assert_eq!(output.code, 3, "{}", output.text);
    let users = output.line("object", "fail docebo_v3__DoceboUser__c: hidden");
    assert!(users.contains("give the user Read and View All Records on docebo_v3__DoceboUser__c"), "{users}");
    assert!(output.line("integration-user", "skip").contains("cannot be told without"));
    assert!(!output.line("permissions", "pass View All Records").contains(USERS));

    let mut org = self::org();
    org.object_mut(USERS).hide("docebo_v3__UserId__c");
    org.object_mut("Contact").fields.retain(|field| field.name != "Email");
    let output = ask(&Server::start(org));
    assert_eq!(output.code, 3);
    assert!(output.line("object", "fail docebo_v3__DoceboUser__c").contains("hidden: docebo_v3__UserId__c"));
    let contact = output.line("object", "fail Contact");
    assert!(contact.contains("absent: Email") && contact.ends_with("-> correct mapping.username_field"), "{contact}");
}

#[test]
fn rights_that_are_too_few_or_too_many_are_told() {
    let mut org = org();
    let own = generated::id("0PS", 1);
    org.object_mut("ObjectPermissions").rows_mut().clear();
    grant(&mut org, "Contact", &own, ["true", "true", "true", "false"]);
    grant(&mut org, USERS, &own, ["true", "true", "true", "false"]);
    grant(&mut org, ENROLLMENTS, &own, ["true", "false", "false", "false"]);
    let output = ask(&Server::start(org));
    assert_eq!(output.code, 0, "{}", output.text);
    let all = output.line("permissions", "warn View All Records");
    assert!(all.contains(ENROLLMENTS) && all.contains("hidden rows look like rows that were never written"), "{all}");
    assert!(!all.contains("Contact") && !all.contains(USERS), "{all}");
    let write = output.line("permissions", "warn whether the user could write");
    assert!(write.contains(&format!("could write {USERS}; ")), "{write}");

    let mut org = self::org();
    org.object_mut("ObjectPermissions").rows_mut().clear();
    let output = ask(&Server::start(org));
    assert!(output.line("permissions", "warn").contains("shows none of the user's permissions"));
}

#[test]
fn an_inactive_integration_user_fails() {
    let mut org = org();
    let user = org.user_id.clone();
    org.object_mut("User").set(&user, "IsActive", Some("false"));
    let output = ask(&Server::start(org));
    assert_eq!(output.code, 3);
    let line = output.line("integration-user", "fail");
    assert!(line.contains("is inactive; Docebo cannot write") && line.contains("activate the user"), "{line}");

    let mut org = self::org();
    org.object_mut(USERS).rows_mut().clear();
    let output = ask(&Server::start(org));
    assert_eq!(output.code, 0);
    assert!(output.line("integration-user", "skip").contains("has no rows"));
}

#[test]
fn a_refused_token_does_not_hide_the_export() {
    let server = Server::start(org());
    let (folder, path) = config(&server);
    for token in [Some("00D5g000004XyZA!another.TOKEN"), Some("no-token-at-all"), None] {
        let output = doctor(folder.path(), &path, token);
        assert_eq!(output.code, 3, "{}", output.text);
        output.line("sign-in", "fail");
        output.line("object", "skip");
        assert_eq!(output.lines("export").iter().filter(|line| line.starts_with("pass")).count(), 3, "{}", output.text);
        output.line("output", "pass");
    }
    assert_eq!(server.writes(), Vec::<String>::new());
}

#[test]
fn an_export_that_cannot_be_read_fails_alone() {
    let server = Server::start(org());
    let (folder, path) = config(&server);
    let token = server.with(|org| org.access_token.clone());
    let file = folder.path().join("enrollments.csv");
    let text = std::fs::read_to_string(&file).expect("a file");
    let (heading, rows) = text.split_once('\n').expect("a heading");
    let without = heading.replace("Enrollment Status", "Mood").replace("Course Enrollment Status", "Mood");
    assert_ne!(without, heading, "the sample has no such heading");
    std::fs::write(&file, format!("{without}\n{rows}")).expect("a writable file");
    let output = doctor(folder.path(), &path, Some(&token));
    assert_eq!(output.code, 4, "{}", output.text);
    assert!(output.line("export", "fail").contains("Mood"), "{}", output.text);
    assert_eq!(output.worse().len(), 1, "{}", output.text);

    // A row that cannot be read is a warning, a file that is not there a failure, no report at all neither.
    std::fs::write(&file, format!("{heading}\n{rows}cut,off\n")).expect("a writable file");
    let output = doctor(folder.path(), &path, Some(&token));
    assert_eq!(output.code, 0, "{}", output.text);
    assert!(output.line("export", "warn enrollments.csv").contains("1 rows cannot be read"));
    std::fs::remove_file(&file).expect("a file");
    assert_eq!(doctor(folder.path(), &path, Some(&token)).code, 4);
    std::fs::write(&path, format!("[salesforce]\ninstance_url = \"{}\"\n", server.url())).expect("a writable file");
    let output = doctor(folder.path(), &path, Some(&token));
    assert_eq!(output.code, 0, "{}", output.text);
    assert!(output.line("export", "skip").contains("an audit needs one"));
}

#[test]
fn clocks_apart_and_calls_used_up_are_told() {
    let now = |server: &Server, plus: i64| {
        server.with(|org| {
            org.now = None;
            org.now = Some(org.clock() + plus);
        });
    };
    let server = Server::start(org());
    now(&server, 120);
    let output = ask(&server);
    assert_eq!(output.code, 0, "{}", output.text);
    assert!(output.line("clock", "warn").contains("s behind Salesforce's"));
    now(&server, -900);
    let output = ask(&server);
    assert_eq!(output.code, 3, "{}", output.text);
    assert!(output.line("clock", "fail").contains("s before Salesforce's"));
    assert_eq!(output.lines("object").len(), 11, "the others are asked all the same");

    // The share of the day's calls is the user's word: beyond it, nothing more is asked.
    server.with(|org| {
        org.now = None;
        org.daily_limit = 1_000;
        org.calls_used = 850;
    });
    let output = ask(&server);
    assert_eq!(output.code, 3, "{}", output.text);
    assert!(output.line("api", "fail API calls").contains("tieout stops when 80 %"));
    assert!(output.line("object", "skip").contains("not asked"));
}

#[test]
fn the_configuration_and_the_output_folder_are_looked_at_first_and_last() {
    let folder = tempfile::tempdir().expect("a folder");
    let output = doctor(folder.path(), &folder.path().join("tieout.toml"), None);
    assert_eq!(output.code, 2);
    assert!(output.line("configuration", "fail").contains("tieout init"));
    let server = Server::start(org());
    let (folder, path) = config(&server);
    let token = server.with(|org| org.access_token.clone());
    let text = std::fs::read_to_string(&path).expect("a configuration");
    std::fs::write(&path, text.clone() + "time_zone = \"Mars/Olympus\"\n").expect("a writable file");
    let output = doctor(folder.path(), &path, Some(&token));
    assert_eq!(output.code, 2, "{}", output.text);
    assert_eq!(output.lines("object").len(), 11, "Salesforce is asked all the same");
    std::fs::write(&path, text + "[freshness]\nwarn_after_hours = 9\nerror_after_hours = 8\n")
        .expect("a writable file");
    let output = doctor(folder.path(), &path, Some(&token));
    assert_eq!(output.code, 0, "{}", output.text);
    output.line("configuration", "warn");

    let mut command = tieout();
    command.args(["doctor", "-c"]).arg(&path).arg("--out").arg(path.join("run")).env("SF_ACCESS_TOKEN", &token);
    let (code, stdout, _) = run(&mut command);
    assert_eq!(code, 7, "{stdout}");
    let deep = folder.path().join("a/b/c");
    let mut command = tieout();
    command.args(["doctor", "-c"]).arg(&path).arg("--out").arg(&deep).env("SF_ACCESS_TOKEN", &token);
    assert_eq!(run(&mut command).0, 0);
    assert!(!folder.path().join("a").exists(), "the probe was left");
}

#[test]
fn a_snapshot_is_read_in_place_of_a_live_organisation() {
    let folder = tempfile::tempdir().expect("a folder");
    let output = |sample: &str| doctor(folder.path(), &sample_folder(sample).join("tieout.toml"), None);
    let whole = output("in-sync");
    assert_eq!(whole.code, 0, "{}", whole.text);
    assert!(whole.lines("snapshot").iter().all(|line| line.starts_with("pass")) && whole.lines("sign-in").is_empty());
    let short = output("incomplete-extract");
    assert_eq!(short.code, 0);
    assert!(short.line("snapshot", &format!("warn {ENROLLMENTS}")).contains("are not evaluated"));

    let source = sample_folder("in-sync");
    let snapshot = folder.path().join("snapshot");
    std::fs::create_dir(&snapshot).expect("a folder");
    for entry in std::fs::read_dir(source.join("snapshot")).expect("a folder") {
        let entry = entry.expect("an entry");
        if entry.path().extension().is_some_and(|extension| extension == "csv") {
            std::fs::copy(entry.path(), snapshot.join(entry.file_name())).expect("a copy");
        }
    }
    let path = folder.path().join("tieout.toml");
    let text = format!(
        "[salesforce]\nsnapshot = \"snapshot\"\n[docebo]\nusers = {:?}\n",
        source.join("users.csv").display().to_string()
    );
    std::fs::write(&path, text).expect("a writable file");
    let uncounted = doctor(folder.path(), &path, None);
    assert_eq!(uncounted.code, 0, "{}", uncounted.text);
    assert!(uncounted.line("snapshot", "warn manifest.json").contains("nobody counted"));
    std::fs::remove_file(snapshot.join("Contact.csv")).expect("a file");
    assert_eq!(doctor(folder.path(), &path, None).code, 4);
}
