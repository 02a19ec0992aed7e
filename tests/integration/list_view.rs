//! The list view that limits the contacts sync: its members are read as they stand.

use std::path::Path;

use crate::cli::{run, tieout};
use crate::extract::folder;
use crate::fake_org::org::Org;
use crate::fake_org::{Server, generated};

const VIEW: &str = "00B5g00000AbCdEEAV";
const WITH_EMAIL: &str = "SELECT Name, toLabel(Email), CreatedDate FROM Contact USING SCOPE everything WHERE Email != null \
                          ORDER BY Name ASC NULLS FIRST, Id ASC NULLS FIRST";

fn org() -> Org {
    let mut org = generated::org(160, 6);
    // The members come in several pages.
    org.rest_page_cap = 7;
    org.list_views.insert(VIEW.to_owned(), WITH_EMAIL.to_owned());
    org
}

fn extract(server: &Server, folder: &Path, view: &str) -> (i32, String, String) {
    let config = folder.join("tieout.toml");
    let text = format!("[salesforce]\ninstance_url = \"{}\"\n[mapping]\nlist_view = \"{view}\"\n", server.url());
    std::fs::write(&config, text).expect("a writable file");
    let mut command = tieout();
    command.args(["extract", "-c"]).arg(&config).arg("--out").arg(folder.join("out"));
    run(command.env("SF_ACCESS_TOKEN", server.with(|org| org.access_token.clone())))
}

#[test]
fn the_members_of_the_list_view_are_exactly_those_it_shows() {
    let server = Server::start(org());
    let (deleted, unseen) = (generated::id("003", 5), generated::id("003", 7));
    let expected: Vec<String> = server.with(|org| {
        let contacts = org.object_mut("Contact");
        contacts.row_mut(&deleted).is_deleted = true;
        contacts.row_mut(&unseen).shared = false;
        let (id, email) = (contacts.field("Id").expect("ids"), contacts.field("Email").expect("addresses"));
        let members = contacts.rows.iter().filter(|row| row.value(email).is_some() && !row.is_deleted && row.shared);
        let mut members: Vec<String> = members.map(|row| row.value(id).expect("an id").to_owned()).collect();
        members.sort();
        members
    });
    assert!(expected.len() > 30 && !expected.contains(&deleted) && !expected.contains(&unseen));
    // With 15 characters, as the address of the view in the browser has it, and with 18.
    for view in [VIEW, &VIEW[..15]] {
        let folder = folder();
        let (code, stdout, stderr) = extract(&server, folder.path(), view);
        assert_eq!(code, 0, "{stdout}{stderr}");
        let out = folder.path().join("out");
        let text = std::fs::read_to_string(out.join("list_view_contacts.csv")).expect("members");
        let mut lines = text.lines();
        assert_eq!(lines.next(), Some("Id"));
        assert_eq!(lines.collect::<Vec<_>>(), expected);
        let manifest = std::fs::read(out.join("manifest.json")).expect("a manifest");
        let manifest: serde_json::Value = serde_json::from_slice(&manifest).expect("JSON");
        let objects = manifest["objects"].as_array().expect("objects");
        let entry = objects.iter().find(|entry| entry["object"] == "list_view_contacts").expect("an entry");
        assert_eq!(entry["rows"].as_u64(), Some(expected.len() as u64));
        assert_eq!(entry["soql"], "SELECT Id FROM Contact USING SCOPE everything WHERE Email != null");
    }
    assert_eq!(server.writes(), Vec::<String>::new());
}

#[test]
fn a_list_view_that_is_not_there_is_told() {
    let server = Server::start(org());
    let folder = folder();
    let (code, stdout, stderr) = extract(&server, folder.path(), "00B5g00000NoSuchAA");
    // The extraction stands without it: an audit then says that it takes every contact as a member.
    assert_eq!(code, 0, "{stderr}");
    assert!(!folder.path().join("out/list_view_contacts.csv").exists());
    assert!(stdout.contains("list view 00B5g00000NoSuchAA") && stdout.contains("next: "), "{stdout}{stderr}");
}

#[test]
fn a_list_view_of_another_object_is_refused() {
    for query in [
        "SELECT Name FROM Account ORDER BY Name",
        "SELECT Name FROM ContactShare WHERE RowCause = 'Manual'",
        "SELECT ' FROM Contact' FROM User",
        "SELECT Name FROM Contact WHERE Id IN (SELECT ContactId FROM User)",
    ] {
        let server = Server::start(org());
        server.with(|org| org.list_views.insert(VIEW.to_owned(), query.to_owned()));
        let folder = folder();
        let (code, stdout, stderr) = extract(&server, folder.path(), VIEW);
        assert_eq!(code, 3, "{query}: {stdout}{stderr}");
        assert!(
            stderr.contains("not one of Contact alone") && stderr.contains("next: correct mapping.list_view"),
            "{stderr}"
        );
        assert!(!folder.path().join("out").exists());
        for seen in server.log() {
            let asked = seen.path.to_ascii_lowercase();
            assert!(
                !asked.contains("contactshare") && !asked.contains("manual") && !asked.contains("from+account"),
                "{asked}"
            );
        }
    }
}
