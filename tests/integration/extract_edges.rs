//! Pages as Salesforce may write them, at the edges of what its documentation allows; and sight that
//! changes or is partial while the extraction goes on.

use tieout::inputs::salesforce::read::Api;

use crate::extract::{extract, files, folder, server};
use crate::fake_org::faults::{Fault, FaultKind};
use crate::fake_org::org::{Kind, Object, Org};
use crate::fake_org::{Server, generated};

const ENROLLMENTS: &str = "docebo_v3__CourseEnrollment__c";

type Change = fn(&mut Org);

/// An organisation whose clock stands still, changed a little.
fn changed(change: impl FnOnce(&mut Org)) -> Server {
    let mut org = generated::org(700, 1);
    org.now = Some(1_795_500_000);
    change(&mut org);
    Server::start(org)
}

#[test]
fn odd_pages_leave_no_trace() {
    let parent = folder();
    let whole = parent.path().join("whole");
    extract(&server(), &whole, Api::Rest).expect("an extraction");
    let whole = files(&whole);
    let plain: Change = |_| ();
    // The 700 enrollments are seven pages of a hundred: the last page is full, and is the last one.
    let last = |text: Option<&str>| Fault::once("/results", FaultKind::LocatorHeader(text.map(str::to_owned)));
    for (name, change, fault) in [
        ("locators with signs", (|org| org.locator_suffix = "&=+/%".to_owned()) as Change, None),
        ("results asked too early, the old way", |org| org.early_results_status = 412, None),
        ("a job that takes its time", |org| org.job_polls = 9, None),
        ("pages smaller than asked for", |org| org.bulk_max_rows_per_page = 33, None),
        (
            "other columns first, and CRLF",
            plain,
            Some(Fault::once("/results", FaultKind::OtherLayout).skip(1).times(1_000)),
        ),
        ("a NUL in a text", plain, Some(Fault::once("/results", FaultKind::NulBytes).times(1_000))),
        (
            "NULL in capitals after the last page",
            |org| org.bulk_max_rows_per_page = 10_000,
            Some(last(Some("NULL")).times(1_000)),
        ),
        ("no locator after the last page", |org| org.bulk_max_rows_per_page = 10_000, Some(last(None).times(1_000))),
    ] {
        for api in [Api::Bulk, Api::BulkInTurn] {
            let server = changed(change);
            fault.iter().for_each(|fault| server.add_fault(fault.clone()));
            let target = parent.path().join("target");
            let large = server.org().lock().expect("the org").bulk_max_rows_per_page >= 10_000;
            let read = if large { whole_pages(&server, &target, api) } else { extract(&server, &target, api) };
            let extracted = read.unwrap_or_else(|error| panic!("{name} by {api:?}: {error}"));
            assert_eq!(extracted.incomplete().count(), 0, "{name} by {api:?}");
            for (file, bytes) in &files(&target) {
                assert!(whole.get(file) == Some(bytes), "{file} differs: {name} by {api:?}");
            }
            std::fs::remove_dir_all(&target).expect("a folder");
        }
    }
}

/// An extraction whose pages hold a whole object.
fn whole_pages(
    server: &Server,
    target: &std::path::Path,
    api: Api,
) -> Result<tieout::model::extraction::Extracted, tieout::error::Error> {
    let options = tieout::inputs::salesforce::extract::Options {
        api: Some(api),
        pace: crate::extract::quick(),
        page_rows: 5_000,
        ..Default::default()
    };
    tieout::commands::extract::extract(
        &crate::extract::live(server),
        target,
        options,
        &tieout::progress::Progress::hidden(),
    )
}

#[test]
fn an_object_without_rows_is_a_file_with_headings() {
    let server = changed(|org| {
        let fields = [("Id", Kind::Id), ("CreatedDate", Kind::DateTime), ("SystemModstamp", Kind::DateTime)];
        org.add(Object::new("docebo_v3__Session__c", "a0S", &fields));
    });
    let parent = folder();
    for (name, api) in [("rest", Api::Rest), ("bulk", Api::Bulk), ("in-turn", Api::BulkInTurn)] {
        let target = parent.path().join(name);
        let extracted = extract(&server, &target, api).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(extracted.incomplete().count(), 0);
        let text = std::fs::read_to_string(target.join("docebo_v3__Session__c.csv")).expect("a file");
        assert_eq!(text, "Id,CreatedDate,LastModifiedDate,SystemModstamp\n", "{name}");
    }
}

/// A field that is taken from the user's sight after it was described: the rest of the object is read anew,
/// and the field is missing; one that an audit cannot do without ends the extraction with clear words.
#[test]
fn a_field_that_vanishes_on_the_way_is_lacking() {
    let parent = folder();
    for api in [Api::Rest, Api::Bulk] {
        let server = changed(|_| ());
        // The answer to describe still tells of the field, the query is refused.
        let before = {
            let org = server.org();
            let mut org = org.lock().expect("the org");
            org.object_mut(ENROLLMENTS).hide("docebo_v3__Status__c");
            org.object(ENROLLMENTS).fields.len()
        };
        assert!(before > 5);
        let described = format!(
            "{{\"fields\":[{}]}}",
            ["Id", "docebo_v3__DoceboUser__c", "docebo_v3__Course__c", "docebo_v3__Status__c", "SystemModstamp"]
                .map(|name| format!("{{\"name\":\"{name}\",\"type\":\"string\"}}"))
                .join(",")
        );
        let stale = FaultKind::Status { code: 200, body: described, headers: Vec::new() };
        server.add_fault(Fault::once(&format!("sobjects/{ENROLLMENTS}/describe"), stale));
        let target = parent.path().join(format!("{api:?}"));
        let extracted = extract(&server, &target, api).unwrap_or_else(|error| panic!("{api:?}: {error}"));
        assert!(extracted.hidden.iter().any(|what| what.contains("docebo_v3__Status__c")), "{:?}", extracted.hidden);
        assert_eq!(extracted.incomplete().count(), 0);
        let text = std::fs::read_to_string(target.join(format!("{ENROLLMENTS}.csv"))).expect("a file");
        assert!(!text.lines().next().expect("headings").contains("Status__c") && text.lines().count() > 700);
    }
}

/// Rows that the user may not see are in no count of that user either: nothing is short, and nothing but the
/// permission can tell. So the extraction is whole by its own measure, and `tieout doctor` warns.
#[test]
fn a_user_who_sees_a_part_reads_that_part() {
    let server = changed(|org| {
        let ids: Vec<String> = {
            let object = org.object(ENROLLMENTS);
            let at = object.field("Id").expect("an id");
            object.rows.iter().filter_map(|row| row.value(at).map(str::to_owned)).take(50).collect()
        };
        for id in &ids {
            org.object_mut(ENROLLMENTS).row_mut(id).shared = false;
        }
    });
    let parent = folder();
    let extracted = extract(&server, &parent.path().join("target"), Api::Bulk).expect("an extraction");
    let (_, rows, counted, _) =
        extracted.objects.iter().find(|(object, ..)| object.to_string() == ENROLLMENTS).expect("the object");
    assert_eq!((*rows, *counted), (650, 650));
}

/// Results that are asked for with another version than their job was made with are refused, and no try helps.
#[test]
fn a_job_of_another_version_ends_with_clear_words() {
    let server = changed(|_| ());
    let body =
        "[{\"message\":\"The job was created with version 58.0\",\"errorCode\":\"VERSION_MISMATCH\"}]".to_owned();
    server.add_fault(Fault::once("/results", FaultKind::Status { code: 409, body, headers: Vec::new() }));
    let parent = folder();
    let target = parent.path().join("target");
    let error = extract(&server, &target, Api::BulkInTurn).expect_err("a refusal").to_string();
    assert!(error.contains("version 58.0") && error.contains("next: the job was made with another version"), "{error}");
    assert!(!target.exists());
}
