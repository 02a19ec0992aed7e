//! Ids that name nobody any more are explained by what Salesforce still remembers; and what an extraction
//! would ask is told before it is asked.

use std::collections::BTreeMap;

use tieout::inputs::salesforce::read::Api;
use tieout::progress::Progress;
use tieout::settings::file::{self, Overrides};

use crate::cli::{run, tieout};
use crate::extract::{extract, folder};
use crate::fake_org::{Server, generated};
use crate::sample_folder;

/// Contact ids of the sample that learners name as their `sfdc_id`.
fn linked_contacts() -> Vec<String> {
    let users = std::fs::read_to_string(sample_folder("in-sync").join("users.csv")).expect("an export");
    let contacts = std::fs::read_to_string(sample_folder("in-sync").join("snapshot/Contact.csv")).expect("contacts");
    let ids = contacts.lines().flat_map(|line| line.split(',')).map(|cell| cell.trim_matches('"'));
    let ids = ids.filter(|cell| cell.len() == 18 && cell.starts_with("003") && users.contains(cell));
    let mut ids: Vec<String> = ids.map(str::to_owned).collect();
    ids.sort_unstable();
    ids.dedup();
    ids
}

#[test]
fn a_dangling_id_says_deleted_on_or_merged_into_whom() {
    let ids = linked_contacts();
    let [deleted, merged, between, survivor, purged, ..] = &ids[..] else { panic!("too few contacts") };
    let server = Server::start(generated::from_folder(&sample_folder("in-sync").join("snapshot")));
    {
        let org = server.org();
        let mut org = org.lock().expect("the org");
        let contacts = org.object_mut("Contact");
        for (id, into) in [(deleted, None), (merged, Some(between)), (between, Some(survivor))] {
            let row = contacts.row_mut(id);
            row.is_deleted = true;
            row.master_record = into.cloned();
            contacts.set(id, "SystemModstamp", Some("2026-11-02T10:00:00.000Z"));
        }
        let at = contacts.field("Id").expect("an id");
        let deleted = purged.clone();
        contacts.rows_mut().retain(|row| row.value(at) != Some(deleted.as_str()));
    }
    let parent = folder();
    let snapshot = parent.path().join("snapshot");
    extract(&server, &snapshot, Api::Bulk).expect("an extraction");
    assert_eq!(server.writes(), Vec::<String>::new());
    let config = sample_folder("in-sync").join("tieout.toml");
    let text = std::fs::read_to_string(&config).expect("a configuration");
    let overrides = Overrides { snapshot: Some(snapshot.clone()), ..Overrides::default() };
    let settings = file::load(&config, &text, &overrides).expect("settings");
    let report = tieout::commands::audit::audit(&settings, &Progress::hidden()).expect("a report");
    let result = report.results.iter().find(|result| result.check.id == "sfdc-id-dangling").expect("the check");
    let output: BTreeMap<String, String> = report
        .findings_of(result)
        .map(|finding| {
            let detail = &finding.detail;
            let since = detail.since.map_or_else(String::new, |since| since.to_string());
            let outcome: Vec<String> = detail
                .related
                .iter()
                .flat_map(|piece| &piece.fields)
                .map(|(field, text)| format!("{field} {}", text.raw()))
                .collect();
            (detail.found.raw().to_owned(), format!("{}|{since}|{}", detail.expected.raw(), outcome.join(", ")))
        })
        .collect();
    let of = |id: &String| output.get(id).map(String::as_str);
    let merged_into = format!("{survivor}|2026-11-02T10:00:00Z|merged on 2026-11-02T10:00:00Z, merged into {survivor}");
    assert_eq!(of(deleted), Some("a contact or user that exists|2026-11-02T10:00:00Z|deleted on 2026-11-02T10:00:00Z"));
    assert_eq!((of(merged), of(between)), (Some(merged_into.as_str()), Some(merged_into.as_str())));
    assert_eq!(of(purged), Some("a contact or user that exists||"), "what is purged is not remembered");
    assert_eq!(output.len(), 4);

    let path = snapshot.join("deleted_contacts.csv");
    let text = std::fs::read_to_string(&path).expect("the file");
    std::fs::write(&path, text.replace("2026-11-02", "2026-11-03")).expect("a writable file");
    let error = tieout::commands::audit::audit(&settings, &Progress::hidden()).expect_err("a changed file").to_string();
    assert!(error.contains("SHA-256"), "{error}");
}

#[test]
fn a_dry_run_tells_the_queries_and_their_cost_and_reads_no_row() {
    let server = Server::start(generated::org(12_000, 5));
    let token = server.org().lock().expect("the org").access_token.clone();
    let parent = folder();
    let config = parent.path().join("tieout.toml");
    std::fs::write(&config, format!("[salesforce]\ninstance_url = \"{}\"\n", server.url())).expect("a writable file");
    let out = parent.path().join("snapshot");
    let command = |more: &[&str]| {
        let mut command = tieout();
        command.args(["extract", "-c"]).arg(&config).arg("--out").arg(&out).args(more);
        command.env("SF_ACCESS_TOKEN", &token);
        run(&mut command)
    };
    let (code, stdout, stderr) = command(&["--dry-run"]);
    assert_eq!(code, 0, "{stderr}");
    assert!(!out.exists() && std::fs::read_dir(parent.path()).expect("a folder").count() == 1, "something was written");
    for text in [
        "000 rows by Bulk API 2.0, about 12 calls",
        "SELECT Id, docebo_v3__DoceboUser__c, docebo_v3__Course__c",
        "no row was read and nothing was written",
    ] {
        assert!(stdout.contains(text), "{text}: {stdout}");
    }
    let log = server.log();
    let rows = log.iter().filter(|seen| seen.path.contains("/jobs/") || seen.path.contains("SELECT+Id")).count();
    assert_eq!(rows, 0, "rows were read");
    let estimate = stdout.split("About ").nth(1).and_then(|rest| rest.split(' ').next()).expect("an estimate");
    let estimate: usize = estimate.replace(',', "").parse().expect("a number");
    let before = server.log().len();
    assert_eq!(command(&["--quiet"]).0, 0);
    let taken = server.log().len() - before;
    println!("estimated {estimate}, taken {taken}");
    assert!(estimate.abs_diff(taken) * 3 <= taken, "estimated {estimate}, taken {taken}");
}
