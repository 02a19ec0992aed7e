//! What the fuzz targets do with their bytes. `cargo fuzz` looks for bytes that make one of them panic, and the ordinary
//! tests replay those that were worth keeping (`corpus/`).
//!
//! A target may end in an error, which is what bad input deserves; a panic, an abort, a hang or a broken rule is a fault.

use std::cell::RefCell;
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::path::Path;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use tieout::inputs::salesforce::extract::Options;
use tieout::inputs::salesforce::read::Api;
use tieout::inputs::salesforce::transport::RetryPolicy;
use tieout::model::id::RecordId;
use tieout::model::instant::{Instant, Stamp};
use tieout::model::number;
use tieout::progress::Progress;
use tieout::settings::OrgConnection;
use tieout::settings::file::{self, Overrides};

/// A target by its name, which is also that of its corpus.
pub(crate) type Target = (&'static str, fn(&[u8]));

/// All of them.
pub(crate) const TARGETS: [Target; 15] = [
    ("addresses", addresses),
    ("bulk", bulk),
    ("configuration", configuration),
    ("dates", dates),
    ("enrollments", enrollments),
    ("ids", ids),
    ("incidents", incidents),
    ("numbers", numbers),
    ("pack", pack),
    ("rest", rest),
    ("review", review),
    ("snapshot", snapshot),
    ("token", token),
    ("workbook", workbook),
    ("zip", zip),
];

/// Runs one target.
///
/// # Panics
/// Where there is none of that name, and where the target finds a fault.
pub(crate) fn run(name: &str, data: &[u8]) {
    let (_, target) = TARGETS.iter().find(|(known, _)| *known == name).expect("a known target");
    target(data);
}

const USERS: &str = "Username,Deactivated,Email,sfdc_id,User unique ID\n\
    ada@example.com,No,ada@example.com,0035g000002j6YpAAI,10009\n\
    bram@example.com,No,bram@example.com,0035g00000GusETAAZ,10011\n";
const ENROLLMENTS: &str = "Username,User unique ID,Course Name,Course code,Course Internal ID,Archived Enrollment,Completion Date,\
    Course Last Access Date,Enrollment Date,Course Enrollment Status\n\
    ada@example.com,10009,Safety,S-1,601,No,2026-10-02 09:00:00,2026-10-02 09:00:00,2026-10-01 08:00:00,Completed\n\
    bram@example.com,10011,Safety,S-1,601,No,,,2026-10-03 08:00:00,Enrolled\n";
const CONTACT: &str = "Id,Email\n0035g000002j6YpAAI,ada@example.com\n0035g00000GusETAAZ,bram@example.com\n";
const DOCEBO_USER: &str = "Id,docebo_v3__UserId__c,docebo_v3__Contact__c,docebo_v3__User__c,CreatedDate,CreatedById,\
    LastModifiedDate,LastModifiedById\n\
    a0J5g00000SwgKOEAZ,10009.0,0035g000002j6YpAAI,,2026-10-01T08:05:00.000Z,0055g00000LEnNvAAL,2026-10-01T08:05:00.000Z,0055g00000LEnNvAAL\n";
const COURSE: &str = "Id,docebo_v3__CourseId__c,docebo_v3__Code__c,docebo_v3__Deleted__c,docebo_v3__Effective__c,CreatedDate,\
    CreatedById,LastModifiedDate,LastModifiedById\n\
    a0K5g00000cVWnGEAW,601,S-1,false,true,2026-09-01T08:05:00.000Z,0055g00000LEnNvAAL,2026-09-01T08:05:00.000Z,0055g00000LEnNvAAL\n";
const COURSE_ENROLLMENT: &str = "Id,docebo_v3__EnrolmentId__c,docebo_v3__DoceboUser__c,docebo_v3__Course__c,docebo_v3__Status__c,\
    docebo_v3__EnrollmentStartDate__c,docebo_v3__EnrollmentCompletionDate__c,docebo_v3__UnenrollmentDate__c,CreatedDate,CreatedById,\
    LastModifiedDate,LastModifiedById\n\
    a0L5g00000UUdnTEAT,10009_601,a0J5g00000SwgKOEAZ,a0K5g00000cVWnGEAW,Completed,2026-10-01T08:00:00.000Z,2026-10-02T09:00:00.000Z,,\
    2026-10-01T08:05:00.000Z,0055g00000LEnNvAAL,2026-10-02T09:05:00.000Z,0055g00000LEnNvAAL\n";
const CONFIGURATION: &str = "[salesforce]\nsnapshot = \"snapshot\"\nextracted_at = \"2026-11-20T06:10:00Z\"\n\
    [docebo]\nplatform_url = \"https://acme.docebosaas.com\"\nusers = \"users.csv\"\nenrollments = \"enrollments.csv\"\n\
    exported_at = \"2026-11-20T06:00:00Z\"\n[mapping]\nusername_field = \"Email\"\n";

/// A folder with a small run in order, made once for each thread.
struct Inputs {
    folder: tempfile::TempDir,
}

impl Inputs {
    fn new() -> Self {
        let memory = Path::new("/dev/shm");
        let made = if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() };
        let inputs = Self { folder: made.expect("a folder") };
        std::fs::create_dir(inputs.folder.path().join("snapshot")).expect("a folder");
        inputs.restore();
        inputs
    }

    fn restore(&self) {
        for (name, text) in [
            ("users.csv", USERS),
            ("enrollments.csv", ENROLLMENTS),
            ("snapshot/Contact.csv", CONTACT),
            ("snapshot/docebo_v3__DoceboUser__c.csv", DOCEBO_USER),
            ("snapshot/docebo_v3__Course__c.csv", COURSE),
            ("snapshot/docebo_v3__CourseEnrollment__c.csv", COURSE_ENROLLMENT),
        ] {
            self.write(name, text.as_bytes());
        }
    }

    fn write(&self, name: &str, bytes: &[u8]) {
        std::fs::write(self.folder.path().join(name), bytes).expect("a writable file");
    }

    /// The audit with another configuration; an error is as good as a report.
    fn audit(&self, configuration: &str) {
        let path = self.folder.path().join("tieout.toml");
        let Ok(settings) = file::load(&path, configuration, &Overrides::default()) else { return };
        if let Ok(report) = tieout::commands::audit::audit(&settings, &Progress::hidden()) {
            // The equations are part of the report; a run in which they do not hold ends with a defect.
            let _ = report.verdict;
        }
    }
}

thread_local! {
    static INPUTS: RefCell<Inputs> = RefCell::new(Inputs::new());
}

/// Audits with one input made of the bytes.
fn audit_with(name: &str, bytes: &[u8], configuration: &str) {
    INPUTS.with_borrow(|inputs| {
        inputs.write(name, bytes);
        inputs.audit(configuration);
        std::fs::remove_file(inputs.folder.path().join(name)).expect("the input");
        inputs.restore();
    });
}

const USERS_FILE: &str = "users.csv";
const ENROLLMENTS_FILE: &str = "enrollments.csv";

/// One of both reports, by the first byte.
fn enrollments(data: &[u8]) {
    let Some((&first, rest)) = data.split_first() else { return };
    audit_with(if first % 2 == 0 { ENROLLMENTS_FILE } else { USERS_FILE }, rest, CONFIGURATION);
}

/// An object, the manifest or a list beside the objects, by the first byte.
fn snapshot(data: &[u8]) {
    let Some((&first, rest)) = data.split_first() else { return };
    let names = [
        "docebo_v3__CourseEnrollment__c.csv",
        "Contact.csv",
        "docebo_v3__DoceboUser__c.csv",
        "docebo_v3__Course__c.csv",
        "manifest.json",
        "list_view_contacts.csv",
        "deleted_contacts.csv",
        "requests.jsonl",
    ];
    let name = names[usize::from(first) % names.len()];
    audit_with(&format!("snapshot/{name}"), rest, CONFIGURATION);
}

fn workbook(data: &[u8]) {
    let configuration = CONFIGURATION.replace(ENROLLMENTS_FILE, "enrollments.xlsx");
    audit_with("enrollments.xlsx", data, &configuration);
}

fn zip(data: &[u8]) {
    let configuration = CONFIGURATION.replace(ENROLLMENTS_FILE, "enrollments.zip");
    audit_with("enrollments.zip", data, &configuration);
}

/// Rows of enrollment dates, one a line, and as Salesforce writes them.
fn dates(data: &[u8]) {
    if let Ok(Some(instant)) = Instant::parse(data) {
        // What is read is written and read again as the same.
        let text = instant.to_string();
        assert_eq!(Instant::parse(text.as_bytes()).ok().flatten(), Some(instant), "{text}");
    }
    let _ = Stamp::parse(data);
    let text = String::from_utf8_lossy(data).replace(['"', '\r'], " ");
    let rows: String = text
        .lines()
        .take(50)
        .map(|date| format!("ada@example.com,10009,Safety,S-1,601,No,\"{date}\",,\"{date}\",Enrolled\n"))
        .collect();
    let headings = ENROLLMENTS.lines().next().unwrap_or_default();
    audit_with(ENROLLMENTS_FILE, format!("{headings}\n{rows}").as_bytes(), CONFIGURATION);
}

fn numbers(data: &[u8]) {
    if let Ok(whole) = number::whole(data) {
        assert_eq!(number::whole(whole.to_string().as_bytes()), Ok(whole));
    }
    if let Ok(text) = std::str::from_utf8(data) {
        let _ = number::from_number_field(text);
        let _ = number::has_thousands_separator(text);
    }
}

fn ids(data: &[u8]) {
    if let Ok(id) = RecordId::parse(data) {
        assert_eq!(RecordId::parse_18(&id.text()), Ok(id));
        assert_eq!(RecordId::parse(&id.text()[..15]), Ok(id));
    }
    if let Some(id) = RecordId::repair(data) {
        assert_eq!(RecordId::repair(&id.text()), Some(id));
    }
}

fn configuration(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let path = Path::new("tieout.toml");
    let _ = file::load(path, text, &Overrides::default());
    let _ = file::load_org(path, text);
    let _ = file::load_freshness(path, text, None);
}

fn incidents(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let _ = tieout::stalls::incidents::parse(text);
}

fn review(data: &[u8]) {
    let folder = INPUTS.with_borrow(|inputs| inputs.folder.path().to_owned());
    let path = folder.join("review.xlsx");
    std::fs::write(&path, data).expect("a writable file");
    if let Ok(sheet) = tieout::inputs::reviews::workbook::read(&path) {
        let known: [&str; 0] = [];
        let _ = tieout::inputs::reviews::take(&sheet, &known, &tieout::inputs::reviews::Reviews::default(), "R-1", 0);
    }
    let _ = tieout::inputs::reviews::parse(data);
}

fn pack(data: &[u8]) {
    let known = tieout::verify::Known { values: vec!["ada@example.com".to_owned()], digest: None };
    let _ = tieout::verify::verify(data, &known);
}

/// Addresses that Salesforce hands out: where the next page of a query is.
fn addresses(data: &[u8]) {
    let next = serde_json::to_string(&String::from_utf8_lossy(data)).unwrap_or_default();
    let page = format!(r#"{{"totalSize":2,"done":false,"nextRecordsUrl":{next},"records":[]}}"#);
    answer(Api::Rest, vec![page.into_bytes()]);
}

/// Answers to requests by REST, one after the other, parted by a zero byte.
fn rest(data: &[u8]) {
    answer(Api::Rest, data.split(|byte| *byte == 0).map(<[u8]>::to_vec).collect());
}

/// The same by Bulk API 2.0.
fn bulk(data: &[u8]) {
    answer(Api::Bulk, data.split(|byte| *byte == 0).map(<[u8]>::to_vec).collect());
}

/// A local server that gives the answers at hand in turn, whatever it is asked; the first byte of each chooses its status.
struct Server {
    url: String,
    answers: Arc<Mutex<(usize, Vec<Vec<u8>>)>>,
}

fn server() -> &'static Server {
    static SERVER: OnceLock<Server> = OnceLock::new();
    SERVER.get_or_init(|| {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let answers: Arc<Mutex<(usize, Vec<Vec<u8>>)>> = Arc::default();
        let shared = Arc::clone(&answers);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let mut stream = stream;
                let _ = stream.set_read_timeout(Some(Duration::from_secs(2)));
                let mut request = Vec::new();
                let mut buffer = [0; 4096];
                while !request.windows(4).any(|four| four == b"\r\n\r\n") {
                    match stream.read(&mut buffer) {
                        Ok(0) | Err(_) => break,
                        Ok(read) => request.extend_from_slice(&buffer[..read]),
                    }
                }
                let body = {
                    let Ok(mut answers) = shared.lock() else { break };
                    let (at, bodies) = &mut *answers;
                    let body = bodies.get(*at % bodies.len().max(1)).cloned().unwrap_or_default();
                    *at += 1;
                    body
                };
                let (status, body) = match body.split_first() {
                    Some((b'!', rest)) => ("500 Server Error", rest),
                    Some((b'?', rest)) => ("401 Unauthorized", rest),
                    Some((b'#', rest)) => ("400 Bad Request", rest),
                    _ => ("200 OK", &body[..]),
                };
                let kind = if body.starts_with(b"{") || body.starts_with(b"[") { "application/json" } else { "text/csv" };
                let _ = write!(
                    stream,
                    "HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {}\r\nSforce-Locator: null\r\nConnection: close\r\n\r\n",
                    body.len()
                );
                let _ = stream.write_all(body);
            }
        });
        Server { url, answers }
    })
}

/// An answer of the token endpoint, and what Salesforce says to the token that it gives out. `http://HOST` stands for the
/// server itself.
fn token(data: &[u8]) {
    let data = String::from_utf8_lossy(data).replace("http://HOST", &server().url).into_bytes();
    let live = OrgConnection {
        client_id: Some("fuzz".to_owned()),
        client_secret: Some("secret".to_owned().into()),
        ..OrgConnection::default()
    };
    answer_to(live, Api::Rest, data.split(|byte| *byte == 0).map(<[u8]>::to_vec).collect());
}

fn answer(api: Api, bodies: Vec<Vec<u8>>) {
    answer_to(
        OrgConnection { token: Some("00D5g000004XyZw!fuzz".to_owned().into()), ..OrgConnection::default() },
        api,
        bodies,
    );
}

fn answer_to(live: OrgConnection, api: Api, bodies: Vec<Vec<u8>>) {
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    let Ok(_turn) = ONE_AT_A_TIME.lock() else { return };
    let server = server();
    if let Ok(mut answers) = server.answers.lock() {
        *answers = (0, bodies);
    }
    let live = OrgConnection {
        instance_url: Some(server.url.clone()),
        api_budget_percent: 80,
        username_field: "Email".to_owned(),
        ..live
    };
    let brief = Duration::from_millis(1);
    let pace = RetryPolicy { base: brief, cap: brief, poll: brief, max_wait: Duration::from_millis(300) };
    let options = Options { api: Some(api), pace, page_rows: 100, ..Options::default() };
    let folder = tempfile::tempdir().expect("a folder");
    let _ = tieout::commands::extract::extract(&live, &folder.path().join("snapshot"), options, &Progress::hidden());
}
