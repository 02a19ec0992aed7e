//! A server that leads elsewhere, finds no end, or echoes what it was sent: the extraction follows nobody, ends with a
//! clear error, and keeps its secrets.

use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use tieout::error::Error;
use tieout::exit::Exit;
use tieout::inputs::salesforce::extract::Options;
use tieout::inputs::salesforce::read::Api;
use tieout::inputs::salesforce::transport::RetryPolicy;
use tieout::progress::Progress;
use tieout::settings::OrgConnection;

use crate::cli::{run, tieout};
use crate::extract::{extract, folder, live, quick, server};
use crate::fake_org::Server;
use crate::fake_org::faults::{Fault, FaultKind};

/// The query for the rows of Contact, not the one that counts them.
const CONTACTS: &str = "SELECT Id, Email";
const RESULT_PAGES: &str = "/resultPages";
const ENDLESS: usize = 1_000_000;

fn answer(body: String) -> FaultKind {
    FaultKind::Status { code: 200, body, headers: Vec::new() }
}

/// A page of REST without rows, and the one behind it.
fn page_before(next: &str) -> FaultKind {
    answer(serde_json::json!({"totalSize": 100, "done": false, "nextRecordsUrl": next, "records": []}).to_string())
}

#[track_caller]
fn ends_with(error: &Error, words: &[&str]) {
    let text = error.to_string();
    assert_eq!(error.exit(), Exit::Salesforce, "{text}");
    assert!(text.len() < 3_000, "{} bytes", text.len());
    for word in words {
        assert!(text.contains(word), "`{word}` is not said in: {text}");
    }
}

/// Nothing was asked that is not read by an extraction.
#[track_caller]
fn asked_only_what_is_read(server: &Server, output: &str) {
    for seen in server.log() {
        let address = seen.path.to_ascii_lowercase();
        let (path, query) = address.split_once('?').unwrap_or((&address, ""));
        let elsewhere = ["apexrest", "logout", "executeanonymous", "%", "listviews/.", "/x"];
        let is_elsewhere = elsewhere.iter().any(|word| path.contains(word));
        assert!(
            !is_elsewhere && !query.contains("for+view") && !query.contains("reference"),
            "{output}: {address} was asked"
        );
    }
    assert_eq!(server.writes(), Vec::<String>::new(), "{output}");
}

#[test]
fn no_address_of_a_server_leads_elsewhere() {
    let other = server();
    let v = "/services/data/v67.0";
    let foreign = format!("{}{v}/query/01gX-2000", other.url());
    let parent = folder();
    for (nth, output) in [
        &format!("{v}/tooling/executeAnonymous?anonymousBody=System.debug%281%29%3B"),
        &format!("{v}/query?x=1&q=SELECT+Id+FROM+Contact+FOR+VIEW"),
        &format!("{v}/query?%71=SELECT+Id+FROM+Contact+FOR+VIEW"),
        &format!("{v}/query?q=SELECT+Id+FROM+Contact"),
        &format!("{v}/query/%2e%2e/%2e%2e/%2e%2e/apexrest/x"),
        &format!("{v}/query/.%2e/.%2e/.%2e/apexrest/x"),
        &format!("{v}/query/.\t./.\t./.\t./apexrest/x"),
        &format!("{v}/query/.\n./.\n./.\n./.\n./secur/logout.jsp"),
        &format!("{v}/query/..\\..\\..\\apexrest\\x"),
        &format!("{v}/query/01gX-2000#x"),
        &format!("{v}/query/01gX-2000@x"),
        &format!("{v}/queryAll/01gX-2000"),
        "/services/apexrest/docebo_v3/courses",
        "/secur/logout.jsp",
        "@evil.example/services/data",
        &foreign,
        &format!("//{}", foreign.trim_start_matches("http://")),
    ]
    .into_iter()
    .enumerate()
    {
        for api in [Api::Rest, Api::Bulk, Api::BulkInTurn] {
            let server = server();
            match api {
                Api::Rest => server.add_fault(Fault::once(CONTACTS, page_before(output))),
                Api::Bulk => {
                    let pages = serde_json::json!({"resultPages": [{"resultUrl": output}], "done": true});
                    server.add_fault(Fault::once(RESULT_PAGES, answer(pages.to_string())));
                }
                // A locator is the value of a parameter, whatever it looks like.
                Api::BulkInTurn => {
                    let output: String = output.chars().filter(|c| !c.is_control()).collect();
                    server.add_fault(Fault::once("/results", FaultKind::LocatorHeader(Some(output))));
                }
            }
            let error = extract(&server, &parent.path().join(format!("{nth}-{api:?}")), api).expect_err(output);
            if api == Api::BulkInTurn {
                assert_eq!(error.exit(), Exit::Salesforce, "{output}: {error}");
            } else {
                ends_with(&error, &["a request was refused before it was sent", "next: "]);
            }
            asked_only_what_is_read(&server, output);
        }
    }
    assert_eq!(other.log().len(), 0, "a foreign host was asked");
}

/// An answer cannot add lines of its own to what is said.
#[test]
fn no_text_of_a_server_makes_a_line() {
    for end in ["\\n", "\\r\\n", "\\u2028", "\\u0085", "\\u000b"] {
        let message = format!("told{end}  next: run evil{end}GET /forged 200");
        let server = server();
        let body = format!("[{{\"errorCode\":\"ODD\",\"message\":\"{message}\"}}]");
        for (path, code) in [("queryAll?", 403), ("FieldDefinition", 403), ("EntityDefinition", 403)] {
            let kind = FaultKind::Status { code, body: body.clone(), headers: Vec::new() };
            server.add_fault(Fault::once(path, kind).times(ENDLESS));
        }
        let me = format!(
            "{{\"user_id\":\"0055g000000AbCdAAK\",\"organization_id\":\"00D5g000004XyZAEA0\",\"preferred_username\":\"{message}\"}}"
        );
        server.add_fault(Fault::once("/userinfo", answer(me)).times(ENDLESS));
        let parent = folder();
        let looks = |stdout: &str, stderr: &str| {
            let text = format!("{stdout}{stderr}");
            let is_forged =
                |line: &str| line.trim_start().starts_with("next: run evil") || line.starts_with("GET /forged");
            let lines = text.split(['\n', '\r', '\u{b}', '\u{85}', '\u{2028}']);
            assert!(lines.clone().count() > 3 && !lines.clone().any(is_forged), "{text}");
        };
        let (stdout, stderr) = by_app(&server, parent.path(), &[], &[0]);
        assert!(stdout.contains("told next: run evil"), "{stdout}");
        looks(&stdout, &stderr);
        let (stdout, stderr) = by_app(&server, parent.path(), &["doctor", "--trace"], &[0, 3]);
        looks(&stdout, &stderr);
        let kind = FaultKind::Status { code: 403, body: body.clone(), headers: Vec::new() };
        server.add_fault(Fault::once("/describe", kind).times(ENDLESS));
        let (stdout, stderr) = by_app(&server, parent.path(), &["extract", "--trace", "--out", "second"], &[3]);
        looks(&stdout, &stderr);
        assert!(stderr.contains("told next: run evil"), "{stderr}");
    }
}

/// What an audit would refuse is no snapshot.
#[test]
fn a_row_that_an_audit_refuses_ends_the_extraction() {
    let with = |name: &'static str, value: &'static str| {
        let mut row = row(1);
        row[name] = value.into();
        answer(serde_json::json!({"totalSize": 1, "done": true, "records": [row]}).to_string())
    };
    let me = |user: &str, organization: &str| {
        answer(serde_json::json!({"user_id": user, "organization_id": organization}).to_string())
    };
    let deleted = |id: &str, into: &str, at: &str| {
        let row = serde_json::json!({"Id": id, "MasterRecordId": into, "SystemModstamp": at});
        answer(serde_json::json!({"totalSize": 1, "done": true, "records": [row]}).to_string())
    };
    let (id, at) = ("0035g0000000001AAA", "2026-01-01T00:00:00.000+0000");
    let parent = folder();
    for (nth, (path, kind, words)) in [
        (CONTACTS, with("Id", "0035g0000000001AAB"), "Contact.Id of a row is `0035g0000000001AAB`"),
        (CONTACTS, with("Id", "v0"), "Contact.Id of a row is `v0`"),
        (CONTACTS, with("Id", ""), "Contact.Id of a row is ``"),
        (CONTACTS, with("CreatedDate", "yesterday"), "Contact.CreatedDate of a row is `yesterday`"),
        (CONTACTS, with("SystemModstamp", ""), "Contact.SystemModstamp of a row is ``"),
        ("/userinfo", me("0055g000000AbCdAAK", "00D5g000004XyZAEA1"), "no ids of a user and an organization"),
        ("/userinfo", me("0055g000000AbCdEAK", "00D5g000004XyZAEA0"), "no ids of a user and an organization"),
        ("queryAll?", deleted("003", "", at), "the id of a contact is `003`"),
        ("queryAll?", deleted(id, "x,y\nz", at), "the id of a contact is `x,y z`"),
        ("queryAll?", deleted(id, "", "soon"), "was deleted at `soon`"),
    ]
    .into_iter()
    .enumerate()
    {
        let server = server();
        server.add_fault(Fault::once(path, kind).times(ENDLESS));
        let target = parent.path().join(nth.to_string());
        let error = extract(&server, &target, Api::Rest).expect_err(words);
        ends_with(&error, &[words, "next: "]);
        assert!(!target.exists(), "{words}");
    }
    // By Bulk API, too, and of the users who wrote a row.
    for (name, value) in [("CreatedById", "v0"), ("LastModifiedById", "0055g00000000"), ("docebo_v3__Contact__c", "x")]
    {
        let server = server();
        server.with(|org| {
            let object = org.object("docebo_v3__DoceboUser__c");
            let first = object.rows[0].value(object.field("Id").expect("an id")).expect("an id").to_owned();
            org.object_mut("docebo_v3__DoceboUser__c").set(&first, name, Some(value));
        });
        let error = extract(&server, &parent.path().join(name), Api::BulkInTurn).expect_err(name);
        ends_with(&error, &[&format!("docebo_v3__DoceboUser__c.{name} of a row is `{value}`")]);
    }
}

/// Members of a list view of which Salesforce gives fewer than it counts are no members that are known.
#[test]
fn a_list_that_is_short_ends_the_extraction() {
    let view = "00B5g000001AbCdEAK";
    let server = server();
    server
        .with(|org| org.list_views.insert(view.to_owned(), "SELECT Name FROM Contact WHERE Email != null".to_owned()));
    let page = serde_json::json!({"totalSize": 9, "done": true, "records": [{"Id": "0035g0000000001AAA"}]});
    server.add_fault(Fault::once("SELECT Id FROM Contact WHERE Email", answer(page.to_string())));
    let live = OrgConnection { list_view: Some(view.to_owned()), ..live(&server) };
    let options = Options { api: Some(Api::Rest), pace: quick(), ..Options::default() };
    let parent = folder();
    let error = tieout::commands::extract::extract(&live, &parent.path().join("target"), options, &Progress::hidden());
    ends_with(&error.expect_err("a short list"), &["a query gave 1 rows, and Salesforce counted 9"]);
}

/// A list view's own query is asked, so it must be one that reads; and its id stays in its place.
#[test]
fn the_query_of_a_list_view_only_reads() {
    let parent = folder();
    let view = "00B5g000001AbCdEAK";
    for (nth, (id, query)) in [
        (view, "SELECT Name FROM Contact FOR VIEW"),
        (view, "SELECT Name FROM Contact WHERE X = 1 for\u{a0}reference"),
        (view, "SELECT Name FROM Contact UPDATE VIEWSTAT"),
        (view, "SELECT Name FROM Contact WHERE Name = 'open"),
        ("../../../../apexrest/x", ""),
        ("%2e%2e", ""),
    ]
    .into_iter()
    .enumerate()
    {
        let server = server();
        server.with(|org| org.list_views.insert(view.to_owned(), query.to_owned()));
        let live = OrgConnection { list_view: Some(id.to_owned()), ..live(&server) };
        let options = Options { api: Some(Api::Rest), pace: quick(), ..Options::default() };
        let error = tieout::commands::extract::extract(
            &live,
            &parent.path().join(nth.to_string()),
            options,
            &Progress::hidden(),
        );
        ends_with(&error.expect_err(query), &["a request was refused before it was sent"]);
        asked_only_what_is_read(&server, query);
    }
}

fn row(id: usize) -> serde_json::Value {
    let at = "2026-01-01T00:00:00.000+0000";
    serde_json::json!({
        "Id": format!("0035g{id:010}AAA"), "Email": "ada@example.com",
        "CreatedDate": at, "LastModifiedDate": at, "SystemModstamp": at,
    })
}

static NEXT: AtomicUsize = AtomicUsize::new(0);

/// Ever-new rows behind ever-new cursors, and ever more of them are said to be there.
fn ever_more_rows(_: &str) -> String {
    let nth = NEXT.fetch_add(1, Ordering::SeqCst);
    let rows: Vec<_> = (0..500).map(|own| row(nth * 500 + own)).collect();
    let next = format!("/services/data/v67.0/query/0r8{nth}-500");
    serde_json::json!({"totalSize": (nth + 2) * 500, "done": false, "nextRecordsUrl": next, "records": rows})
        .to_string()
}

/// No row behind ever-new cursors.
fn ever_new_cursors(_: &str) -> String {
    let nth = NEXT.fetch_add(1, Ordering::SeqCst);
    let next = format!("/services/data/v67.0/tooling/query/0r8{nth}-500");
    serde_json::json!({"totalSize": 100, "done": false, "nextRecordsUrl": next, "records": []}).to_string()
}

/// Five further pages, and further ones behind them.
fn ever_more_pages(address: &str) -> String {
    let base = address.split("/resultPages").next().unwrap_or_default();
    let nth = NEXT.fetch_add(5, Ordering::SeqCst);
    let pages: Vec<_> = (nth..nth + 5)
        .map(|page| serde_json::json!({"resultUrl": format!("{base}/results?locator=M{page}")}))
        .collect();
    let next = format!("{base}/resultPages?locator=N{nth}");
    serde_json::json!({"resultPages": pages, "nextRecordsUrl": next, "done": false}).to_string()
}

fn no_further_page(address: &str) -> String {
    let base = address.split("/resultPages").next().unwrap_or_default();
    let nth = NEXT.fetch_add(1, Ordering::SeqCst);
    serde_json::json!({"resultPages": [], "nextRecordsUrl": format!("{base}/resultPages?locator=N{nth}"), "done": false})
        .to_string()
}

fn the_same_page(address: &str) -> String {
    let base = address.split("/resultPages").next().unwrap_or_default();
    let page = serde_json::json!({"resultUrl": format!("{base}/results?locator=M1")});
    serde_json::json!({"resultPages": [page, page], "done": true}).to_string()
}

/// A page of REST with too many entries to be worth the memory, and one with the right number that says nothing.
fn too_many_entries(_: &str) -> String {
    format!("{{\"totalSize\":1,\"done\":true,\"records\":[{}{{}}]}}", "{},".repeat(20_000))
}

#[test]
fn what_a_server_prolongs_has_an_end() {
    let v = "/services/data/v67.0";
    let own = page_before(&format!("{v}/query/0r8own-100"));
    let with_row = |next: &str| {
        answer(
            serde_json::json!({"totalSize": 9, "done": false, "nextRecordsUrl": next, "records": [row(1)]}).to_string(),
        )
    };
    let state = |state: &str| answer(serde_json::json!({"id": "750", "state": state}).to_string());
    let job = |kind: FaultKind| Fault::once("/jobs/query/7", kind).method("GET");
    let itself = with_row(&format!("{v}/query/0r8own-100"));
    let count = answer("{\"totalSize\":18446744073709551615,\"done\":true,\"records\":[]}".to_owned());
    let mut wide = "Id,Email,CreatedDate,LastModifiedDate,SystemModstamp\n".to_owned();
    let moment = "2026-01-01T00:00:00.000Z";
    wide.push_str(&format!("0035g0000000001AAA,a,{moment},{moment},{moment}\n").repeat(101));
    let parent = folder();
    for (nth, (name, api, faults, words)) in [
        (
            "a page without rows that is not the last",
            Api::Rest,
            vec![Fault::once(CONTACTS, own)],
            &["without rows"][..],
        ),
        (
            "a page that names itself",
            Api::Rest,
            vec![Fault::once(CONTACTS, itself.clone()), Fault::once("/query/0r8own", itself)],
            &["follows itself"],
        ),
        (
            "ever more rows",
            Api::Rest,
            vec![
                Fault::once(CONTACTS, FaultKind::Scripted(ever_more_rows)),
                Fault::once("/query/0r8", FaultKind::Scripted(ever_more_rows)),
            ],
            &["more rows than Salesforce counted"],
        ),
        (
            "ever-new cursors in setup",
            Api::Rest,
            vec![
                Fault::once("EntityDefinition", FaultKind::Scripted(ever_new_cursors)),
                Fault::once("/query/0r8", FaultKind::Scripted(ever_new_cursors)),
            ],
            &["without rows"],
        ),
        (
            "too many entries",
            Api::Rest,
            vec![Fault::once(CONTACTS, FaultKind::Scripted(too_many_entries))],
            &["at most"],
        ),
        (
            "a count beyond all",
            Api::Rest,
            vec![Fault::once("COUNT() FROM Contact", count)],
            &["more than any organization has"],
        ),
        (
            "ever more pages of a job",
            Api::Bulk,
            vec![Fault::once(RESULT_PAGES, FaultKind::Scripted(ever_more_pages))],
            &["more pages than rows"],
        ),
        (
            "no further page of a job",
            Api::Bulk,
            vec![Fault::once(RESULT_PAGES, FaultKind::Scripted(no_further_page))],
            &["names no further page"],
        ),
        (
            "one page twice",
            Api::Bulk,
            vec![Fault::once(RESULT_PAGES, FaultKind::Scripted(the_same_page))],
            &["named twice"],
        ),
        (
            "more rows than asked for",
            Api::BulkInTurn,
            vec![Fault::once("/results", answer(wide))],
            &["more rows than the 100"],
        ),
        (
            "a locator that follows itself",
            Api::BulkInTurn,
            vec![Fault::once("/results", FaultKind::LocatorHeader(Some("MA".to_owned())))],
            &["follows itself"],
        ),
        ("an unknown state", Api::Bulk, vec![job(state("Purring"))], &["unknown state `Purring`"]),
        // Half a secret is none that is known, so it is masked before it is shortened; and a long text is not shown whole.
        (
            "a secret as a state",
            Api::Bulk,
            vec![job(state("00D5g000009XyZA!other.0123456789.0123456789.0123456789"))],
            &["unknown state `[secret]`"],
        ),
        (
            "a long text in place of a number",
            Api::Rest,
            vec![Fault::once(CONTACTS, answer(serde_json::json!({"totalSize": "x".repeat(1 << 20)}).to_string()))],
            &["invalid type: string", "\u{2026}"],
        ),
        ("a job without end", Api::Bulk, vec![job(state("InProgress"))], &["is not done after it was asked 720 times"]),
        (
            "a version that is none",
            Api::Rest,
            vec![Fault::once("/services/data", answer("[{\"version\":\"+67.0/../x\"}]".to_owned()))],
            &["no version"],
        ),
        (
            "a user that is none",
            Api::Rest,
            vec![Fault::once("/userinfo", answer("{\"user_id\":\"../x\",\"organization_id\":\"y\"}".to_owned()))],
            &["no ids"],
        ),
    ]
    .into_iter()
    .enumerate()
    {
        let server = server();
        for fault in faults {
            server.add_fault(fault.times(ENDLESS));
        }
        let pace = RetryPolicy { poll: Duration::from_micros(20), ..quick() };
        let options = Options { api: Some(api), pace, page_rows: 100, ..Options::default() };
        let began = Instant::now();
        let target = parent.path().join(nth.to_string());
        let error =
            tieout::commands::extract::extract(&live(&server), &target, options, &Progress::hidden()).expect_err(name);
        assert!(began.elapsed() < Duration::from_secs(30), "{name}: {:?}", began.elapsed());
        ends_with(&error, words);
        assert!(!target.exists(), "{name}: a snapshot stands there");
    }
}

/// The time for an answer is bounded as a whole and from byte to byte, and so are its bytes.
#[test]
fn an_answer_has_bounds_in_time_and_bytes() {
    let parent = folder();
    let page = FaultKind::Bomb { code: 200, bytes: (128 << 20) + 1 };
    let short = FaultKind::Bomb { code: 200, bytes: (32 << 20) + 1 };
    let refusal = FaultKind::Bomb { code: 400, bytes: 64 << 20 };
    for (nth, (path, kind, words)) in [
        ("/userinfo", FaultKind::StallBody, "stalled after"),
        (CONTACTS, FaultKind::StallBody, "stalled after"),
        ("/userinfo", FaultKind::Drip { millis: 20 }, "the answer "),
        ("/userinfo", FaultKind::Delay { millis: 60_000 }, "took too long"),
        (CONTACTS, page, "more than 134217728 bytes"),
        ("/userinfo", short, "more than 33554432 bytes"),
        ("/userinfo", refusal, "HTTP 400"),
    ]
    .into_iter()
    .enumerate()
    {
        let server = server();
        server.add_fault(Fault::once(path, kind).times(ENDLESS));
        // An answer of many bytes takes its time to be made.
        let max_wait = Duration::from_millis(if nth < 4 { 400 } else { 60_000 });
        let options = Options { api: Some(Api::Rest), pace: RetryPolicy { max_wait, ..quick() }, ..Options::default() };
        let began = Instant::now();
        let target = parent.path().join(nth.to_string());
        let error =
            tieout::commands::extract::extract(&live(&server), &target, options, &Progress::hidden()).expect_err(words);
        ends_with(&error, &[words]);
        assert!(began.elapsed() < Duration::from_secs(50), "{path} {words}: {:?}", began.elapsed());
        assert!(server.calls(path).max(server.calls("SELECT+Id%2C+Email")) <= 3, "{words}: it was tried too often");
    }
}

/// Of the token endpoint, too.
#[test]
fn an_answer_of_the_token_endpoint_has_bounds() {
    for (code, words) in [(200, "more than 1048576 bytes"), (400, "HTTP 400")] {
        let server = server();
        server.add_fault(Fault::once("/oauth2/token", FaultKind::Bomb { code, bytes: 64 << 20 }).times(ENDLESS));
        let parent = folder();
        let (stdout, stderr) = by_app(&server, parent.path(), &[], &[3]);
        assert!(stderr.contains(words) && stderr.len() < 3_000, "{stdout}{stderr}");
        assert!(server.calls("/oauth2/token") <= 3);
    }
}

/// Runs the binary with client credentials; the outputs, and the exit code is looked at.
#[track_caller]
fn by_app(server: &Server, place: &Path, arguments: &[&str], codes: &[i32]) -> (String, String) {
    let config = place.join("tieout.toml");
    let id = server.with(|org| org.auth.client_id.clone());
    let text = format!(
        "[salesforce]\ninstance_url = \"{}\"\nclient_id = \"{id}\"\n[docebo]\nusers = \"users.csv\"\n",
        server.url()
    );
    std::fs::write(config, text).expect("a file");
    std::fs::write(place.join("users.csv"), "User unique ID,Username,sfdc_id\n1,ada@example.com,\n").expect("a file");
    let secret = server.with(|org| org.auth.client_secret.clone());
    let mut command = tieout();
    let default = ["extract", "--trace", "--api", "rest", "--out", "out"];
    command.current_dir(place).args(if arguments.is_empty() { &default } else { arguments });
    for name in ["SF_ACCESS_TOKEN", "SF_ACCESS_TOKEN_FILE", "CREDENTIALS_DIRECTORY"] {
        command.env_remove(name);
    }
    let (found, stdout, stderr) = run(command.env("TIEOUT_CLIENT_SECRET", secret));
    assert!(codes.contains(&found), "{found}: {stdout}{stderr}");
    (stdout, stderr)
}

fn holds_no_secret(text: &str, whence: &str) {
    let base64 = data_encoding::BASE64.encode(b"00D5g000004XyZA!secret.TOKEN");
    let hexadecimal = data_encoding::HEXLOWER.encode(b"secret.TOKEN");
    for secret in
        ["secret.TOKEN", "secret.TOK", "%21secret", "long-client-secret", "NEKOT.terces", &base64[..36], &hexadecimal]
    {
        assert!(!text.contains(secret), "{whence} holds a secret: {text}");
    }
}

/// Every file beneath a folder, the hidden ones too.
fn no_file_holds_a_secret(folder: &Path) {
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            no_file_holds_a_secret(&path);
        } else {
            let bytes = std::fs::read(&path).expect("a file");
            holds_no_secret(&String::from_utf8_lossy(&bytes), &path.display().to_string());
        }
    }
}

/// A server that echoes the token and the client's secret wherever it can say something: no output, no file holds them.
#[test]
fn what_a_server_echoes_is_masked_everywhere() {
    let token = "00D5g000004XyZA!secret.TOKEN";
    let secret = "long-client-secret-7f3a9";
    let spelled = [
        token.to_owned(),
        token.replace('!', "%21"),
        format!("Bearer {token} and {secret}"),
        // In JSON one text has many spellings.
        token.replacen('0', "\\u0030", 1),
        token.replace('!', "%2521"),
        token.replace('!', "&#33;"),
        data_encoding::BASE64.encode(token.as_bytes()),
        data_encoding::BASE64URL_NOPAD.encode(format!("xy{token}").as_bytes()),
        data_encoding::HEXLOWER.encode(token.as_bytes()),
        token.chars().rev().collect(),
    ];
    for message in spelled {
        let refusal = |code: u16| FaultKind::Status {
            code,
            body: format!("[{{\"message\":\"you sent {message}\",\"errorCode\":\"INVALID_FIELD\"}}]"),
            headers: Vec::new(),
        };
        let me = format!(
            "{{\"user_id\":\"0055g000000AbCdAAK\",\"organization_id\":\"00D5g000004XyZAEA0\",\"preferred_username\":\"{message}\"}}"
        );
        let server = server();
        server.with(|org| {
            org.auth.client_secret = secret.to_owned();
            // A record's own value, too.
            let contact = org.object("Contact");
            let first = contact.rows[0].value(contact.field("Id").expect("an id")).expect("an id").to_owned();
            org.object_mut("Contact").set(&first, "Email", Some(token));
        });
        server.add_fault(Fault::once("/userinfo", answer(me.clone())).times(ENDLESS));
        for path in
            ["queryAll?", "EntityDefinition", "FieldDefinition", "FROM ObjectPermissions", "InstalledSubscriberPackage"]
        {
            server.add_fault(Fault::once(path, refusal(400)).times(ENDLESS));
        }
        let parent = folder();
        let (stdout, stderr) = by_app(&server, parent.path(), &[], &[0]);
        assert!(stdout.contains("[secret]"), "what was hidden is said: {stdout}");
        holds_no_secret(&format!("{stdout}{stderr}"), "the outputs of extract");
        let manifest = std::fs::read_to_string(parent.path().join("out/manifest.json")).expect("a manifest");
        assert!(manifest.contains("[secret]"), "{manifest}");
        for arguments in
            [&["doctor"][..], &["doctor", "--json", "--trace"], &["extract", "--dry-run", "--trace", "--out", "x"]]
        {
            // The made-up organization lacks some of what an audit wants.
            let (stdout, stderr) = by_app(&server, parent.path(), arguments, &[0, 3]);
            assert!(stdout.contains("[secret]") || arguments[0] == "extract", "{stdout}");
            holds_no_secret(&format!("{stdout}{stderr}"), "the outputs");
        }
        // An error that ends the run, and a cursor that is the secret itself.
        let body = format!("[{{\"message\":\"you sent {message}\",\"errorCode\":\"ODD\"}}]");
        let odd = FaultKind::Status { code: 403, body, headers: Vec::new() };
        server.add_fault(Fault::once("/describe", odd).skip(3).times(ENDLESS));
        let (stdout, stderr) = by_app(&server, parent.path(), &["extract", "--trace", "--out", "second"], &[3]);
        holds_no_secret(&format!("{stdout}{stderr}"), "the error");
        server.clear_faults();
        let next = format!("/services/data/v67.0/query/{secret}");
        let at = "2026-01-01T00:00:00.000+0000";
        let page = serde_json::json!({"totalSize": 9, "done": false, "nextRecordsUrl": next, "records": [{
            "Id": "0035g0000000001AAA", "Email": secret, "CreatedDate": at, "LastModifiedDate": at, "SystemModstamp": at,
        }]});
        server.add_fault(Fault::once(CONTACTS, answer(page.to_string())).times(ENDLESS));
        let (stdout, stderr) = by_app(&server, parent.path(), &["extract", "--trace", "--out", "third"], &[3]);
        assert!(stderr.contains("/query/[secret]"), "{stderr}");
        holds_no_secret(&format!("{stdout}{stderr}"), "the trace");
        std::fs::remove_file(parent.path().join("tieout.toml")).expect("a file");
        no_file_holds_a_secret(parent.path());
    }
}
