//! What was built onto the package's objects: found with name, date and hand, the package's own parts left
//! alone, and what could not be asked told line by line.

use tieout::checks::check::Outcome;
use tieout::inputs::salesforce::read::Api;
use tieout::model::label::Label as _;
use tieout::model::object::SfObject;
use tieout::outputs::redact::Names;
use tieout::progress::Progress;
use tieout::report::Report;
use tieout::settings::file::{self, Overrides};

use crate::extract::{extract, folder};
use crate::fake_org::faults::{Fault, FaultKind};
use crate::fake_org::org::{Kind, Object};
use crate::fake_org::{Server, generated};
use crate::sample_folder;

const ENROLLMENTS: &str = "docebo_v3__CourseEnrollment__c";
const USERS: &str = "docebo_v3__DoceboUser__c";

/// The sample's organisation, with all nine objects of the package.
fn server() -> Server {
    let mut org = generated::from_folder(&sample_folder("in-sync").join("snapshot"));
    for (number, object) in SfObject::PACKAGE.into_iter().enumerate() {
        if !org.objects.iter().any(|known| known.name == object.label()) {
            let prefix = format!("a1{number}");
            let fields = [("Id", Kind::Id), ("docebo_v3__Own__c", Kind::Text), ("SystemModstamp", Kind::DateTime)];
            org.add(Object::new(object.label(), &prefix, &fields));
        }
    }
    Server::start(org)
}

/// Extracts and audits.
fn audit(server: &Server) -> Report {
    let parent = folder();
    let snapshot = parent.path().join("snapshot");
    extract(server, &snapshot, Api::Rest).expect("an extraction");
    assert_eq!(server.writes(), Vec::<String>::new());
    let config = sample_folder("in-sync").join("tieout.toml");
    let text = std::fs::read_to_string(&config).expect("a configuration");
    let overrides = Overrides { snapshot: Some(snapshot), ..Overrides::default() };
    let settings = file::load(&config, &text, &overrides).expect("settings");
    tieout::commands::audit::audit(&settings, &Progress::hidden()).expect("a report")
}

fn result(report: &Report) -> &tieout::report::CheckResult {
    report.results.iter().find(|result| result.check.id == "integration-customized").expect("the check")
}

#[test]
fn an_organisation_that_left_the_package_alone_is_clean() {
    let report = audit(&server());
    let result = result(&report);
    assert!(result.outcome().is_clean() && result.coverage.judged() == 45, "{:?}", result.missing);
}

#[test]
fn every_kind_of_part_is_found_and_the_packages_own_are_not() {
    let server = server();
    {
        let org = server.org();
        let mut org = org.lock().expect("the org");
        let enrollments = org.object(ENROLLMENTS).durable_id();
        let users = org.object(USERS).durable_id();
        let who = generated::id("005", 7);
        let by = [("LastModifiedById", who.as_str()), ("LastModifiedBy.Name", "Ada Admin")];
        for (id, name, namespace) in
            [(1, "StampEnrollment", ""), (2, "DoceboTrigger", "docebo_v3"), (3, "Sync", "acme")]
        {
            let id = generated::id("01q", id);
            let row = [
                ("Id", id.as_str()),
                ("Name", name),
                ("NamespacePrefix", namespace),
                ("EntityDefinitionId", &enrollments),
                ("Status", "Active"),
                ("UsageBeforeUpdate", "true"),
                ("UsageAfterInsert", "false"),
                ("LastModifiedDate", "2026-05-04T08:00:00Z"),
            ];
            org.tooling_mut("ApexTrigger").push(&[&row[..], &by].concat());
        }
        let id = generated::id("03d", 1);
        let row = [
            ("Id", id.as_str()),
            ("ValidationName", "Only_weekdays"),
            ("Active", "false"),
            ("EntityDefinition.QualifiedApiName", USERS),
        ];
        org.tooling_mut("ValidationRule").push(&[&row[..], &by].concat());
        let id = generated::id("01Q", 1);
        org.tooling_mut("WorkflowRule").push(&[("Id", &id), ("Name", "Tell the manager"), ("TableEnumOrId", &users)]);
        let id = generated::id("00N", 1);
        let row = [("Id", id.as_str()), ("DeveloperName", "Cost_Center"), ("TableEnumOrId", &enrollments)];
        org.tooling_mut("CustomField").push(&row);
        for (api_name, object, active) in [
            ("Touch_Enrollment", ENROLLMENTS, "true"),
            ("Old_version", ENROLLMENTS, "false"),
            ("On_Contact", "Contact", "true"),
        ] {
            org.object_mut("FlowDefinitionView").push(&[
                ("ApiName", api_name),
                ("IsActive", active),
                ("ProcessType", "AutoLaunchedFlow"),
                ("TriggerType", "RecordBeforeSave"),
                ("TriggerObjectOrEvent.QualifiedApiName", object),
                ("LastModifiedDate", "2026-06-01T00:00:00Z"),
                ("LastModifiedBy", "Ada Admin"),
            ]);
        }
    }
    let report = audit(&server);
    let result = result(&report);
    assert_eq!((result.outcome(), result.coverage.judged(), &result.missing[..]), (Outcome::Found, 45, &[][..]));
    let found: Vec<String> = report
        .findings_of(result)
        .map(|finding| {
            let says = finding.detail.evidence.fields.iter().find(|(field, _)| *field == "changed by");
            let who = says.map_or("", |(_, who)| who.raw()).to_owned();
            let since = finding.detail.since.map_or_else(String::new, |since| since.to_string());
            format!("{} | {} | {since} | {who}", finding.detail.field, finding.detail.found.raw())
        })
        .collect();
    assert_eq!(
        found,
        [
            "validation-rule Only_weekdays on docebo_v3__DoceboUser__c | validation-rule Only_weekdays (inactive), made in the organisation |  | Ada Admin",
            "workflow-rule Tell the manager on docebo_v3__DoceboUser__c | workflow-rule Tell the manager, made in the organisation |  | ",
            "apex-trigger StampEnrollment on docebo_v3__CourseEnrollment__c | apex-trigger StampEnrollment (active, before update), made in the organisation | 2026-05-04T08:00:00Z | Ada Admin",
            "apex-trigger Sync on docebo_v3__CourseEnrollment__c | apex-trigger Sync (active, before update), of the package acme | 2026-05-04T08:00:00Z | Ada Admin",
            "flow Touch_Enrollment on docebo_v3__CourseEnrollment__c | flow Touch_Enrollment (auto launched flow, record before save), made in the organisation | 2026-06-01T00:00:00Z | Ada Admin",
            "field Cost_Center__c on docebo_v3__CourseEnrollment__c | field Cost_Center__c, made in the organisation |  | ",
        ]
    );
    // The pack names the user by the record alone.
    let ticket = tieout::outputs::ticket::text(&report).expect("a ticket").plain;
    assert!(!ticket.contains("Ada Admin"));
    let withheld = report.findings_of(result).nth(2).expect("a trigger");
    let says = &withheld.detail.evidence.fields;
    let shown: Vec<String> = says.iter().map(|(_, text)| Names::Withheld.show(text).into_owned()).collect();
    assert!(shown.contains(&generated::id("005", 7)) && !shown.contains(&"Ada Admin".to_owned()), "{shown:?}");
}

/// Each question that is refused is told, and the others are still answered.
#[test]
fn what_could_not_be_asked_is_told_line_by_line() {
    let refusal = |code: u16, error: &str| FaultKind::Status {
        code,
        body: format!("[{{\"message\":\"no access\",\"errorCode\":\"{error}\"}}]"),
        headers: Vec::new(),
    };
    for (from, code, error, kind) in [
        ("FROM WorkflowRule", 403, "INSUFFICIENT_ACCESS", "workflow-rule on every object"),
        ("FROM ApexTrigger", 400, "INVALID_TYPE", "apex-trigger on every object"),
        ("FROM FlowDefinitionView", 400, "EXTERNAL_OBJECT_EXCEPTION", "flow on every object"),
    ] {
        let server = server();
        server.add_fault(Fault::once(from, refusal(code, error)).times(100));
        let report = audit(&server);
        let result = result(&report);
        assert_eq!((result.outcome(), result.coverage.judged()), (Outcome::NotEvaluated, 36), "{from}");
        assert!(matches!(&result.missing[..], [line] if line.starts_with(kind)), "{from}: {:?}", result.missing);
        assert!(report.is_cut());
    }
    let server = server();
    server.add_fault(Fault::once("FROM EntityDefinition", refusal(403, "INSUFFICIENT_ACCESS")).times(100));
    let report = audit(&server);
    assert_eq!(result(&report).missing.len(), 5, "{:?}", result(&report).missing);
}

/// A user without sight of setup gets empty answers; an empty answer is no "there is none".
#[test]
fn an_empty_answer_of_setup_is_no_pass() {
    let server = server();
    let empty = FaultKind::Status {
        code: 200,
        body: "{\"totalSize\":0,\"done\":true,\"records\":[]}".to_owned(),
        headers: Vec::new(),
    };
    server.add_fault(Fault::once("FROM CustomField", empty).times(100));
    let report = audit(&server);
    let result = result(&report);
    assert_eq!(result.outcome(), Outcome::NotEvaluated);
    assert_eq!(result.missing.len(), 9);
    assert!(result.missing.iter().all(|line| line.contains("View Setup")), "{:?}", result.missing);
}

/// A folder saved by hand cannot tell of setup: not evaluated, yet nothing that it could have held is missing.
#[test]
fn a_folder_saved_by_hand_is_not_evaluated_and_can_still_end_well() {
    let sample = sample_folder("in-sync");
    let parent = folder();
    let snapshot = parent.path().join("snapshot");
    std::fs::create_dir(&snapshot).expect("a folder");
    for entry in std::fs::read_dir(sample.join("snapshot")).expect("a folder").flatten() {
        if entry.path().extension().is_some_and(|extension| extension == "csv") {
            std::fs::copy(entry.path(), snapshot.join(entry.file_name())).expect("a copy");
        }
    }
    let text = std::fs::read_to_string(sample.join("tieout.toml")).expect("a configuration");
    let overrides = Overrides { snapshot: Some(snapshot), ..Overrides::default() };
    let settings = file::load(&sample.join("tieout.toml"), &text, &overrides).expect("settings");
    let report = tieout::commands::audit::audit(&settings, &Progress::hidden()).expect("a report");
    let result = result(&report);
    assert_eq!(result.outcome(), Outcome::NotEvaluated);
    assert!(result.missing[0].contains("tieout extract"), "{:?}", result.missing);
    assert!(!report.is_cut());
}

/// A check that found something in the part it saw says in every output what it did not see.
#[test]
fn what_a_check_did_not_see_stands_beside_what_it_found() {
    let report = crate::audit_sample("hostile-text");
    let line = "workflow-rule on every object";
    assert_eq!(result(&report).outcome(), Outcome::Found);
    assert!(report.is_cut());
    let page = tieout::outputs::html::page(&report, Names::Withheld).expect("a page");
    assert!(String::from_utf8(page).expect("UTF-8").contains(line));
    assert!(tieout::outputs::summary::text(&report, "run", None).contains(line));
    let json = tieout::outputs::json::report(&report).expect("a report");
    assert!(String::from_utf8(json).expect("UTF-8").contains(line));
}
