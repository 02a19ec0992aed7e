//! Signing in, by the binary against a local Salesforce: every way works, every refusal names its next
//! step, a token that expires is renewed once, and no secret is ever said or written.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::{Duration, Instant};

use data_encoding::BASE64URL_NOPAD;
use ring::signature::{RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};

use crate::cli::{run, tieout};
use crate::extract::{files, folder};
use crate::fake_org::faults::{Fault, FaultKind};
use crate::fake_org::org::Org;
use crate::fake_org::{Server, generated};

/// The exit code for what Salesforce refuses.
const REFUSED: i32 = 3;
const TOKEN: &str = "/services/oauth2/token";
/// Whatever could sign in or change a way of signing in on the machine of whoever runs the tests.
const FOREIGN: [&str; 4] = ["SF_ACCESS_TOKEN", "SF_ACCESS_TOKEN_FILE", "SF_PASSWORD", "CREDENTIALS_DIRECTORY"];

/// How an extraction by the binary ended.
struct Ended {
    folder: tempfile::TempDir,
    code: i32,
    stdout: String,
    stderr: String,
}

/// The command for an extraction into `folder`, with this table [salesforce] and nothing else to sign in with.
fn command(folder: &Path, table: &str, environment: &[(&str, &str)], arguments: &[&str]) -> Command {
    let config = folder.join("tieout.toml");
    std::fs::write(&config, format!("[salesforce]\n{table}\n")).expect("a writable file");
    let mut command = tieout();
    for name in FOREIGN {
        command.env_remove(name);
    }
    command.args(["extract", "-c"]).arg(&config).arg("--out").arg(folder.join("out"));
    command.args(arguments).envs(environment.iter().copied());
    command
}

/// Extracts with and without `--trace`: the trace must not change how it ends, and nothing may be secret in it.
fn sign_in(table: &str, environment: &[(&str, &str)]) -> Ended {
    sign_in_with(table, environment, &["--trace"])
}

fn sign_in_with(table: &str, environment: &[(&str, &str)], arguments: &[&str]) -> Ended {
    let folder = folder();
    let (code, stdout, stderr) = run(&mut command(folder.path(), table, environment, arguments));
    Ended { folder, code, stdout, stderr }
}

/// Every file beneath a folder, the hidden ones too.
fn all_files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path());
    entries.flat_map(|path| if path.is_dir() { all_files(&path) } else { vec![path] }).collect()
}

impl Ended {
    fn out(&self) -> PathBuf {
        self.folder.path().join("out")
    }

    #[track_caller]
    fn went_well(&self) -> &Self {
        assert_eq!(self.code, 0, "{}{}", self.stdout, self.stderr);
        assert!(self.out().join("manifest.json").exists(), "there is no snapshot");
        self
    }

    /// Refused, and the words hold all of these.
    #[track_caller]
    fn refused(&self, code: i32, words: &[&str]) -> &Self {
        assert_eq!(self.code, code, "{}{}", self.stdout, self.stderr);
        for word in words {
            assert!(self.stderr.contains(word), "`{word}` is not said in: {}", self.stderr);
        }
        assert!(!self.out().exists(), "a refused extraction left a snapshot");
        self
    }

    /// Neither output holds it, though the configuration does.
    #[track_caller]
    fn tells_nothing_of(&self, secret: &str) {
        assert!(!self.stdout.contains(secret) && !self.stderr.contains(secret), "{}{}", self.stdout, self.stderr);
    }

    /// None of these is said or written anywhere.
    #[track_caller]
    fn kept_secret(&self, secrets: &[&str]) -> &Self {
        for secret in secrets {
            assert!(secret.len() > 5, "`{secret}` is found by chance");
            assert!(!self.stdout.contains(secret), "standard output tells a secret: {}", self.stdout);
            assert!(!self.stderr.contains(secret), "standard error tells a secret: {}", self.stderr);
            for file in all_files(self.folder.path()) {
                let bytes = std::fs::read(&file).expect("a file");
                assert!(!String::from_utf8_lossy(&bytes).contains(secret), "{} holds a secret", file.display());
            }
        }
        self
    }
}

fn server() -> Server {
    Server::start(generated::org(120, 1))
}

fn tokens(server: &Server) -> usize {
    server.calls(TOKEN)
}

fn access_token(server: &Server) -> String {
    server.with(|org| org.access_token.clone())
}

/// The table for client credentials or JWT, and the secret of the first.
fn app(server: &Server) -> (String, String) {
    let (client_id, secret) = server.with(|org| (org.auth.client_id.clone(), org.auth.client_secret.clone()));
    (format!("instance_url = \"{}\"\nclient_id = \"{client_id}\"", server.url()), secret)
}

fn written(folder: &Path, name: &str, text: &str) -> String {
    let path = folder.join(name);
    std::fs::write(&path, text).expect("a writable file");
    path.display().to_string()
}

#[test]
fn client_credentials_work_with_the_secret_from_each_of_its_places() {
    let server = server();
    let (table, secret) = app(&server);
    let vault = folder();
    let place = vault.path().display().to_string();
    let file = written(vault.path(), "mine", &format!("{secret}\n"));
    written(vault.path(), "tieout-client-secret", &format!("{secret}\n"));
    for (name, value) in
        [("TIEOUT_CLIENT_SECRET", &secret), ("TIEOUT_CLIENT_SECRET_FILE", &file), ("CREDENTIALS_DIRECTORY", &place)]
    {
        server.forget_log();
        let ended = sign_in(&table, &[(name, value)]);
        ended.went_well().kept_secret(&[&secret, &access_token(&server)]);
        assert_eq!(tokens(&server), 1, "{name}");
        assert!(ended.stderr.contains(&format!("{TOKEN} 200")), "the trace is silent on the token: {}", ended.stderr);
        let log = std::fs::read_to_string(ended.out().join("requests.jsonl")).expect("a log");
        let first = log.lines().next().expect("a line");
        assert!(first.contains(&format!("\"path\":\"{TOKEN}\",\"status\":200")), "signing in is not told: {first}");
    }
    assert_eq!(server.writes(), Vec::<String>::new());
}

#[test]
fn an_access_token_works_from_each_of_its_places() {
    let server = server();
    let token = access_token(&server);
    let table = format!("instance_url = \"{}\"", server.url());
    let vault = folder();
    let place = vault.path().display().to_string();
    let file = written(vault.path(), "mine", &format!("{token}\n"));
    written(vault.path(), "sf-access-token", &token);
    for (name, value) in
        [("SF_ACCESS_TOKEN", &token), ("SF_ACCESS_TOKEN_FILE", &file), ("CREDENTIALS_DIRECTORY", &place)]
    {
        for arguments in [&["--trace"][..], &[]] {
            sign_in_with(&table, &[(name, value)], arguments).went_well().kept_secret(&[&token]);
        }
    }
    assert_eq!(tokens(&server), 0, "a token that is at hand is not asked for");
}

#[test]
fn a_secret_that_is_wrong_or_missing_is_told_with_the_next_step() {
    let server = server();
    let (table, secret) = app(&server);
    sign_in(&table, &[("TIEOUT_CLIENT_SECRET", "not-the-secret")])
        .refused(REFUSED, &["refused to sign in", "next: check client id and secret"])
        .kept_secret(&["not-the-secret", &secret]);
    let elsewhere = table.replace("3MVG9fake", "3MVG9other");
    sign_in(&elsewhere, &[("TIEOUT_CLIENT_SECRET", &secret)])
        .refused(REFUSED, &["client identifier invalid", "next: check client id and secret"])
        .kept_secret(&[&secret]);
    assert_eq!(tokens(&server), 2, "a refusal is no reason to ask again");
    server.forget_log();

    sign_in(&table, &[])
        .refused(REFUSED, &["neither a client secret nor a key", "next: set TIEOUT_CLIENT_SECRET or TIEOUT_JWT_KEY"]);
    let missing = "/nowhere/tieout/secret";
    sign_in(&table, &[("TIEOUT_CLIENT_SECRET_FILE", missing)]).refused(4, &[missing, "next: check that the file"]);
    let without = format!("client_id = \"{}\"", server.with(|org| org.auth.client_id.clone()));
    sign_in(&without, &[("TIEOUT_CLIENT_SECRET", &secret)])
        .refused(REFUSED, &["your own domain", "next: set salesforce.instance_url"])
        .kept_secret(&[&secret]);
    let bare = format!("instance_url = \"{}\"", server.url());
    sign_in(&bare, &[]).refused(REFUSED, &["no token", "next: set SF_ACCESS_TOKEN"]);
    sign_in(&bare, &[("SF_ACCESS_TOKEN", "[REDACTED] hidden-by-sf")])
        .refused(REFUSED, &["[REDACTED]", "sf org auth show-access-token"])
        .kept_secret(&["hidden-by-sf"]);
    assert_eq!(server.log().len(), 0, "what cannot work is not sent");
}

/// A key pair of OpenSSL's making, as people have it.
struct Key {
    pkcs8: String,
    pkcs1: String,
    encrypted: String,
    public: Vec<u8>,
}

fn openssl(arguments: &[&str], key: &Path) -> Vec<u8> {
    let mut command = Command::new("openssl");
    let made = command.args(arguments).arg("-in").arg(key).output().expect("openssl is installed");
    assert!(made.status.success(), "openssl {arguments:?}: {}", String::from_utf8_lossy(&made.stderr));
    made.stdout
}

impl Key {
    fn make() -> Self {
        let place = folder();
        let key = place.path().join("key.pem");
        let mut command = Command::new("openssl");
        let made = command.args(["genrsa", "-out"]).arg(&key).arg("2048").output().expect("openssl is installed");
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        let text = |arguments: &[&str]| String::from_utf8(openssl(arguments, &key)).expect("PEM");
        let made = Self {
            pkcs8: text(&["pkcs8", "-topk8", "-nocrypt"]),
            pkcs1: text(&["rsa", "-traditional"]),
            encrypted: text(&["pkcs8", "-topk8", "-passout", "pass:secret"]),
            public: openssl(&["rsa", "-RSAPublicKey_out", "-outform", "DER"], &key),
        };
        assert!(made.pkcs8.contains("BEGIN PRIVATE KEY") && made.pkcs1.contains("BEGIN RSA PRIVATE KEY"));
        made
    }

    /// The key that the organisation knows.
    fn known() -> &'static Self {
        static KNOWN: OnceLock<Key> = OnceLock::new();
        KNOWN.get_or_init(Self::make)
    }
}

/// The lines of a key that are secret.
fn lines(key: &str) -> Vec<&str> {
    key.lines().filter(|line| !line.starts_with("-----") && line.len() > 20).collect()
}

/// Lets the org verify signatures against the known key, and keeps the assertions that it was shown.
fn verify(org: &mut Org) -> Arc<Mutex<Vec<String>>> {
    let shown = Arc::new(Mutex::new(Vec::new()));
    let kept = Arc::clone(&shown);
    org.auth.verify_jwt = Some(Box::new(move |assertion| {
        kept.lock().expect("assertions").push(assertion.to_owned());
        let Some((signed, signature)) = assertion.rsplit_once('.') else { return false };
        let Ok(signature) = BASE64URL_NOPAD.decode(signature.as_bytes()) else { return false };
        let key = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, &Key::known().public);
        key.verify(signed.as_bytes(), &signature).is_ok()
    }));
    shown
}

fn jwt(server: &Server) -> String {
    format!("{}\nusername = \"{}\"", app(server).0, server.with(|org| org.username.clone()))
}

#[test]
fn jwt_works_with_a_key_in_either_form_and_a_signature_that_holds() {
    let server = server();
    let shown = server.with(verify);
    let vault = folder();
    let key = Key::known();
    let place = vault.path().display().to_string();
    let file = written(vault.path(), "mine", &key.pkcs1);
    written(vault.path(), "tieout-jwt-key", &key.pkcs8);
    for (name, value) in [
        ("TIEOUT_JWT_KEY", &key.pkcs8),
        ("TIEOUT_JWT_KEY", &key.pkcs1),
        ("TIEOUT_JWT_KEY_FILE", &file),
        ("CREDENTIALS_DIRECTORY", &place),
    ] {
        let ended = sign_in(&jwt(&server), &[(name, value)]);
        let shown: Vec<String> = std::mem::take(&mut *shown.lock().expect("assertions"));
        assert_eq!(shown.len(), 1, "{name}: the signature was not looked at: {}", ended.stderr);
        ended.went_well().kept_secret(&[&shown[0], &access_token(&server)]);
        ended.kept_secret(&lines(&key.pkcs8)).kept_secret(&lines(&key.pkcs1));
    }
}

#[test]
fn an_assertion_by_another_key_is_refused() {
    let server = server();
    let shown = server.with(verify);
    let other = Key::make();
    let ended = sign_in(&jwt(&server), &[("TIEOUT_JWT_KEY", &other.pkcs8)]);
    ended.refused(REFUSED, &["invalid assertion", "next: check the clock of this machine, the certificate of the app"]);
    let shown = shown.lock().expect("assertions");
    ended.kept_secret(&[&shown[0]]).kept_secret(&lines(&other.pkcs8));
}

#[test]
fn a_key_that_is_none_is_told_without_its_content() {
    let server = server();
    let key = Key::known();
    let half: String = key.pkcs8.lines().take(8).collect::<Vec<_>>().join("\n");
    let broken = format!("{half}\n-----END PRIVATE KEY-----\n");
    for text in ["Pa55word-not-a-key", &half, &broken, &key.encrypted] {
        let ended = sign_in(&jwt(&server), &[("TIEOUT_JWT_KEY", text)]);
        ended.refused(REFUSED, &["TIEOUT_JWT_KEY is no RSA private key", "next: export it unencrypted"]);
        ended.kept_secret(&["Pa55word"]).kept_secret(&lines(text));
    }
    let without_user = app(&server).0;
    sign_in(&without_user, &[("TIEOUT_JWT_KEY", &key.pkcs8)])
        .refused(REFUSED, &["needs the user", "next: set salesforce.username"])
        .kept_secret(&lines(&key.pkcs8));
    assert_eq!(server.log().len(), 0, "what cannot work is not sent");
}

#[test]
fn an_audience_that_is_wrong_leads_to_login_url() {
    let server = server();
    server.with(verify);
    server.with(|org| org.auth.audiences.clear());
    let key = &Key::known().pkcs8;
    sign_in(&jwt(&server), &[("TIEOUT_JWT_KEY", key)])
        .refused(REFUSED, &["audience is invalid", "next: set salesforce.login_url"])
        .kept_secret(&lines(key));
    let right = format!("{}\nlogin_url = \"{}\"", jwt(&server), server.url());
    sign_in(&right, &[("TIEOUT_JWT_KEY", key)]).went_well();
}

#[test]
fn the_common_refusals_name_their_next_step() {
    type Change = fn(&mut Org);
    let credentials: [(Change, &str, &str); 6] = [
        (|org| org.auth.domain_supported = false, "not supported on this domain", "YOURDOMAIN.my.salesforce.com"),
        (|org| org.auth.run_as_user = false, "no client credentials user", "next: name a run-as user"),
        (
            |org| {
                org.auth.refusal =
                    Some(("invalid_app_access".into(), "user is not admin approved to access this app".into()));
            },
            "not admin approved",
            "next: pre-authorize the user",
        ),
        (
            |org| org.auth.refusal = Some(("invalid_grant".into(), "ip restricted or invalid login hours".into())),
            "ip restricted",
            "next: let the user sign in from this machine's address",
        ),
        (
            |org| {
                org.auth.refusal =
                    Some(("invalid_client".into(), "External client app is not installed in this org".into()));
            },
            "not installed",
            "next: install the app in this organisation",
        ),
        (
            |org| org.auth.refusal = Some(("unsupported_grant_type".into(), "grant type not supported".into())),
            "grant type not supported",
            "next: switch on this flow",
        ),
    ];
    for (change, message, next) in credentials {
        let server = server();
        server.with(change);
        let (table, secret) = app(&server);
        sign_in(&table, &[("TIEOUT_CLIENT_SECRET", &secret)])
            .refused(REFUSED, &["Salesforce refused to sign in", message, next])
            .kept_secret(&[&secret]);
        assert_eq!(tokens(&server), 1, "{message}: a refusal is no reason to ask again");
    }
    let server = server();
    server.with(|org| org.auth.approved = false);
    sign_in(&jwt(&server), &[("TIEOUT_JWT_KEY", &Key::known().pkcs8)])
        .refused(REFUSED, &["hasn't approved this consumer", "next: pre-authorize the user"])
        .kept_secret(&lines(&Key::known().pkcs8));
}

#[test]
fn what_the_token_endpoint_loses_on_the_way_is_asked_again() {
    for kind in [FaultKind::ResetBeforeAnswer, FaultKind::Html { code: 503 }, FaultKind::CutBody { bytes: 20 }] {
        let server = server();
        server.add_fault(Fault::once(TOKEN, kind.clone()));
        let (table, secret) = app(&server);
        sign_in(&table, &[("TIEOUT_CLIENT_SECRET", &secret)]).went_well();
        assert_eq!(tokens(&server), 2, "{kind:?}");
    }
}

/// A stand-in for the Salesforce CLI: what it prints for its two commands, each with an exit code. It notes
/// what it is asked.
struct Cli(tempfile::TempDir);

impl Cli {
    fn new(display: (&str, i32), token: (&str, i32)) -> Self {
        let place = folder();
        let at = place.path().display();
        for (name, (text, _)) in [("display", display), ("token", token)] {
            written(place.path(), name, text);
        }
        let script = format!(
            "#!/bin/sh\necho \"$*\" >> '{at}/asked'\ncase \"$*\" in\n\
             'org display --target-org acme --json') cat '{at}/display'; exit {};;\n\
             'org auth show-access-token --target-org acme --json') cat '{at}/token'; exit {};;\nesac\nexit 9\n",
            display.1, token.1
        );
        written(place.path(), "sf.sh", &script);
        // Copied by another process: a program that this one has open for writing, or a fork of it, cannot
        // be run.
        let copied = Command::new("sh").arg("-c").arg("cp sf.sh sf && chmod 755 sf").current_dir(place.path()).status();
        assert!(copied.expect("a shell").success());
        Self(place)
    }

    fn path(&self) -> String {
        format!("{}:{}", self.0.path().display(), std::env::var("PATH").expect("a PATH"))
    }

    fn asked(&self) -> usize {
        std::fs::read_to_string(self.0.path().join("asked")).unwrap_or_default().lines().count()
    }
}

/// What the Salesforce CLI started ends with it, and does not outlive the run.
#[cfg(target_os = "linux")]
#[test]
fn nothing_that_the_salesforce_cli_started_goes_on() {
    let server = server();
    let cli = Cli::new((&displayed(&server, REDACTED), 0), (&shown(&access_token(&server)), 0));
    let script = std::fs::read_to_string(cli.0.path().join("sf.sh")).expect("a script");
    let started = cli.0.path().join("started");
    let child = format!("sleep 300 >/dev/null 2>&1 &\necho $! >> '{}'\ncase", started.display());
    std::fs::write(cli.0.path().join("sf"), script.replacen("case", &child, 1)).expect("a writable file");
    sign_in(&acme(&server), &[("PATH", &cli.path())]).went_well();
    let started = std::fs::read_to_string(started).expect("the children");
    assert!(started.lines().count() >= 2, "{started}");
    for child in started.lines() {
        // What is left of a process that ended is a zombie, until somebody asks for it.
        let is_over = || {
            let state = std::fs::read_to_string(format!("/proc/{child}/stat")).unwrap_or_default();
            state.rsplit_once(") ").is_none_or(|(_, state)| state.starts_with('Z'))
        };
        let until = Instant::now() + Duration::from_secs(10);
        while !is_over() {
            assert!(Instant::now() < until, "the process {child} goes on");
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

/// Tokens in the CLI's own words are as secret as those in its answer.
#[test]
fn a_token_in_a_message_of_the_salesforce_cli_is_not_said() {
    let server = server();
    let (session, refresh) = ("00D5g000004XyZA!AQ.another_session_x", "5Aep861KbQx.another_refresh_7");
    let signed = "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJhY21lIn0.c2lnbmF0dXJl";
    let text = format!(
        "no org: {session} {refresh} {signed} force://PlatformCLI::{refresh}@acme.my.salesforce.com\n  next: x"
    );
    let message = serde_json::json!({"status": 1, "name": "NoOrgFound", "message": text}).to_string();
    let cli = Cli::new((&message, 1), (UNKNOWN_COMMAND, 1));
    let ended = sign_in(&acme(&server), &[("PATH", &cli.path())]);
    ended.refused(REFUSED, &["no org: [secret] [secret] [secret]", "acme.my.salesforce.com next: x"]);
    ended.kept_secret(&[session, refresh, signed, "another_session", "another_refresh"]);
}

/// The table for an org of the Salesforce CLI; a server on this machine is read only where it is configured.
fn acme(server: &Server) -> String {
    format!("org = \"acme\"\ninstance_url = \"{}\"", server.url())
}

const REDACTED: &str = "[REDACTED] Use 'sf org auth show-access-token' to view";

fn displayed(server: &Server, token: &str) -> String {
    let result = serde_json::json!({
        "id": "00D5g000004XyZAEA0",
        "accessToken": token,
        "instanceUrl": server.url(),
        "username": "reader@example.com",
        "connectedStatus": "Connected",
    });
    serde_json::json!({"status": 0, "result": result, "warnings": []}).to_string()
}

fn shown(token: &str) -> String {
    serde_json::json!({"status": 0, "result": {"accessToken": token}, "warnings": []}).to_string()
}

/// As older CLIs answer a command that they do not have.
const UNKNOWN_COMMAND: &str = r#"{"code":"COMMAND_NOT_FOUND","exitCode":1,"name":"CommandNotFoundError","message":"org auth show-access-token is not a sf command.","status":1}"#;

#[test]
fn the_salesforce_cli_signs_in_be_it_new_or_old() {
    let server = server();
    let token = access_token(&server);
    let warned = |text: &str| {
        format!(" ›   Warning: @salesforce/cli update available from 2.{{x}} to 2.99.1.\n{{not json\n{text}\n")
    };
    let (new, old) = (displayed(&server, REDACTED), displayed(&server, &token));
    let pretty: serde_json::Value = serde_json::from_str(&new).expect("JSON");
    let pretty = serde_json::to_string_pretty(&pretty).expect("JSON");
    for (name, display, own) in [
        ("new", (new.as_str(), 0), (shown(&token).as_str(), 0)),
        ("pretty, with warnings", (&warned(&pretty), 0), (&warned(&shown(&token)), 0)),
        ("old, error as JSON", (&old, 0), (UNKNOWN_COMMAND, 1)),
        ("old, error as text", (&old, 0), ("Error: command org:auth:show-access-token not found\n", 2)),
        ("old, silent", (&old, 0), ("", 127)),
        ("old, with warnings", (&warned(&old), 0), (UNKNOWN_COMMAND, 1)),
    ] {
        let cli = Cli::new(display, own);
        let ended = sign_in(&acme(&server), &[("PATH", &cli.path())]);
        assert_eq!(ended.code, 0, "{name}: {}", ended.stderr);
        ended.went_well().kept_secret(&[&token]);
        assert_eq!(cli.asked(), 2, "{name}");
    }
    assert_eq!(tokens(&server), 0, "the CLI is asked, not the token endpoint");
}

#[test]
fn the_salesforce_cli_is_asked_anew_when_its_token_expires() {
    let server = server();
    let cli = Cli::new((&displayed(&server, REDACTED), 0), (&shown(&access_token(&server)), 0));
    let body = r#"[{"message":"Session expired or invalid","errorCode":"INVALID_SESSION_ID"}]"#;
    let kind = FaultKind::Status { code: 401, body: body.to_owned(), headers: Vec::new() };
    server.add_fault(Fault::once("/query?", kind).skip(2));
    sign_in(&acme(&server), &[("PATH", &cli.path())]).went_well().kept_secret(&[&access_token(&server)]);
    assert_eq!(cli.asked(), 4);
}

#[test]
fn what_the_salesforce_cli_cannot_give_is_told_with_the_next_step() {
    let server = server();
    let redacted = displayed(&server, REDACTED);
    let nobody = r#"{"name":"NamedOrgNotFoundError","message":"No authorization information found for acme.","exitCode":1,"status":1}"#;
    let none = r#"{"status":0,"result":{"instanceUrl":"https://acme.my.salesforce.com"}}"#;
    for (display, own, words) in [
        ((redacted.as_str(), 0), (UNKNOWN_COMMAND, 1), &["[REDACTED]", "next: ", "sf update"][..]),
        ((&redacted, 0), (&shown(REDACTED), 0), &["[REDACTED]", "next: ", "sf update"]),
        (
            (nobody, 1),
            (nobody, 1),
            &["does not know the org `acme`", "No authorization", "next: sign in with `sf org login web"],
        ),
        (
            (none, 0),
            (UNKNOWN_COMMAND, 1),
            &["no token for the org `acme`", "next: sign in anew with `sf org login web"],
        ),
        (("Segmentation fault\n", 139), ("", 139), &["something else than JSON", "next: update it with `sf update`"]),
    ] {
        let cli = Cli::new(display, own);
        sign_in(&acme(&server), &[("PATH", &cli.path())]).refused(REFUSED, words);
    }
    let empty = folder();
    sign_in(&acme(&server), &[("PATH", &empty.path().display().to_string())])
        .refused(REFUSED, &["the Salesforce CLI (`sf`) cannot be started", "next: install it, or sign in another way"]);
    // A host that is neither Salesforce's nor configured is given no token, and neither is a pair of user and password.
    let token = access_token(&server);
    for (address, why) in [
        (server.url(), "is not the configured one"),
        ("http://acme.my.salesforce.com", "does not begin with https://"),
        ("https://evil.example", "is neither a host of Salesforce nor the configured one"),
        ("https://ada:hunter2-hunter2@acme.my.salesforce.com", "holds a user or a password"),
    ] {
        let display = displayed(&server, &token).replace(server.url(), address);
        let cli = Cli::new((&display, 0), (&shown(&token), 0));
        sign_in("org = \"acme\"", &[("PATH", &cli.path())])
            .refused(
                REFUSED,
                &["the Salesforce CLI names", why, "no token is sent there", "next: set salesforce.instance_url"],
            )
            .kept_secret(&[&token, "hunter2-hunter2"]);
    }
    assert_eq!(server.log().len(), 0, "what cannot work is not sent");
}

/// An org with several pages in each object, and a clock that stands still, so that runs can be compared.
fn paged() -> Org {
    let mut org = generated::org(300, 4);
    org.now = Some(1_795_500_000);
    (org.rest_page_cap, org.bulk_max_rows_per_page, org.job_polls) = (40, 10, 1);
    org
}

fn unfaulted(api: &str) -> BTreeMap<String, Vec<u8>> {
    let server = Server::start(paged());
    let (table, secret) = app(&server);
    let ended = sign_in_with(&table, &[("TIEOUT_CLIENT_SECRET", &secret)], &["--api", api]);
    files(&ended.went_well().out())
}

#[test]
fn a_token_that_expires_on_the_way_is_renewed_once() {
    for (api, path) in [("rest", "/query"), ("rest", "/userinfo"), ("bulk", "/results"), ("bulk", "/jobs/query")] {
        let whole = unfaulted(api);
        let server = Server::start(paged());
        let (table, secret) = app(&server);
        let first = access_token(&server);
        server.add_fault(Fault::once(path, FaultKind::Unauthorized).skip(usize::from(path != "/userinfo")));
        let ended = sign_in_with(&table, &[("TIEOUT_CLIENT_SECRET", &secret)], &["--trace", "--api", api]);
        ended.went_well().kept_secret(&[&first, &access_token(&server), &secret]);
        assert_eq!(server.faults_left().len(), 0, "{path} by {api}");
        // Where pages are read side by side, one that was under way with the first token may ask too, but
        // finds the second one there.
        assert_eq!(tokens(&server), 2, "{path} by {api}");
        assert!(files(&ended.out()) == whole, "the snapshot differs: {path} by {api}");
    }
}

/// All pages that are under way come back with 401 at once.
#[test]
fn pages_side_by_side_share_one_new_token() {
    let whole = unfaulted("bulk");
    let server = Server::start(paged());
    let (table, secret) = app(&server);
    server.add_fault(Fault::once("/results", FaultKind::Delay { millis: 700 }).times(4));
    let place = folder();
    let mut command =
        command(place.path(), &table, &[("TIEOUT_CLIENT_SECRET", &secret)], &["--quiet", "--api", "bulk"]);
    let mut child = command.spawn().expect("the binary runs");
    let until = Instant::now() + Duration::from_secs(10);
    while server.calls("/results") < 4 && Instant::now() < until {
        std::thread::sleep(Duration::from_millis(1));
    }
    server.with(Org::rotate_token);
    let ended = child.wait().expect("it ends");
    assert_eq!(ended.code(), Some(0));
    let refused = server.log().iter().filter(|seen| seen.answered == 401 && seen.path.contains("/results")).count();
    assert_eq!(refused, 4, "the pages were not refused side by side");
    assert_eq!(tokens(&server), 2, "one token to begin with, and one for all of them");
    assert!(files(&place.path().join("out")) == whole, "the snapshot differs");
}

#[test]
fn a_bare_token_that_expired_is_told_and_a_fresh_one_goes_on() {
    let whole = unfaulted("rest");
    let server = Server::start(paged());
    let table = format!("instance_url = \"{}\"", server.url());
    let stale = access_token(&server);
    let place = folder();
    let again = |token: &str| {
        let environment = [("SF_ACCESS_TOKEN", token)];
        run(&mut command(place.path(), &table, &environment, &["--trace", "--api", "rest"]))
    };
    server.add_fault(Fault::once("/query", FaultKind::Unauthorized).skip(6));
    // In the middle, and then before anything was read: the identity service has words of its own for it.
    for _ in 0..2 {
        let (code, stdout, stderr) = again(&stale);
        let ended = Ended { folder: folder(), code, stdout, stderr };
        ended.refused(REFUSED, &["Salesforce refused the token", "next: ", "SF_ACCESS_TOKEN"]).kept_secret(&[&stale]);
    }
    let before = server.log().len();
    let fresh = access_token(&server);
    let (code, _, stderr) = again(&fresh);
    assert_eq!(code, 0, "{stderr}");
    assert!(files(&place.path().join("out")) == whole, "the snapshot differs");
    assert_eq!(tokens(&server), 0);
    let all = server.log().len() - before;
    server.forget_log();
    sign_in(&table, &[("SF_ACCESS_TOKEN", &fresh)]).went_well();
    assert!(all < server.log().len(), "what was read was read again");
}

#[test]
fn a_token_endpoint_whose_tokens_are_refused_is_not_asked_without_end() {
    let body = r#"[{"message":"Session expired or invalid","errorCode":"INVALID_SESSION_ID"}]"#;
    for (api, path, most) in [("rest", "/userinfo", 2), ("rest", "/query", 2), ("bulk", "/results", 5)] {
        let server = Server::start(paged());
        let (table, secret) = app(&server);
        let kind = FaultKind::Status { code: 401, body: body.to_owned(), headers: Vec::new() };
        server.add_fault(Fault::once(path, kind).times(1_000));
        sign_in_with(&table, &[("TIEOUT_CLIENT_SECRET", &secret)], &["--trace", "--api", api])
            .refused(REFUSED, &["refused the token", "a new one too", "next: sign in again"])
            .kept_secret(&[&secret, &access_token(&server)]);
        assert!(tokens(&server) >= 2 && tokens(&server) <= most, "{} tokens for {path}", tokens(&server));
    }
}

#[test]
fn username_and_password_are_refused_with_the_reason() {
    let server = server();
    let table = format!("instance_url = \"{}\"\nusername = \"reader@example.com\"", server.url());
    for name in ["SF_PASSWORD", "TIEOUT_PASSWORD"] {
        sign_in(&table, &[(name, "hunter2-hunter2")])
            .refused(REFUSED, &["username and password is refused", "retires it", "next: use the Salesforce CLI"])
            .kept_secret(&["hunter2-hunter2"]);
    }
    assert_eq!(server.log().len(), 0);
    // Beside a way that works, a password of some other tool's is nobody's business.
    let token = access_token(&server);
    let ended = sign_in(&table, &[("SF_ACCESS_TOKEN", &token), ("SF_PASSWORD", "hunter2-hunter2")]);
    assert_eq!(ended.code, 0, "{}", ended.stderr);
}

#[test]
fn secrets_in_the_configuration_are_refused() {
    let server = server();
    for key in ["password", "client_secret", "access_token", "token", "security_token", "jwt_key"] {
        let table = format!("instance_url = \"{}\"\n{key} = \"hunter2-hunter2\"", server.url());
        let ended = sign_in(&table, &[("SF_ACCESS_TOKEN", &access_token(&server))]);
        ended.refused(2, &["tieout.toml:3:", &format!("`{key}` is a secret"), "in the environment"]);
        assert!(!ended.stderr.contains("hunter2") && !ended.stdout.contains("hunter2"), "{}", ended.stderr);
    }
    assert_eq!(server.log().len(), 0);
}

/// The token endpoint says where the organisation lives; that need not be where it was asked.
#[test]
fn the_organisation_is_asked_where_the_token_says_that_it_lives() {
    let server = server();
    let (table, secret) = app(&server);
    let home = server.url().replace("127.0.0.1", "localhost");
    server.with(|org| org.auth.instance_url = Some(home.clone()));
    let ended = sign_in(&table, &[("TIEOUT_CLIENT_SECRET", &secret)]);
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    let host = home.trim_start_matches("http://");
    for seen in server.log() {
        let wanted =
            if seen.path.contains("/oauth2/token") { server.url().trim_start_matches("http://") } else { host };
        assert_eq!(seen.host, wanted, "{}", seen.path);
    }
}

/// Where a token answer names another host, or this one over http, nothing is sent there.
#[test]
fn an_instance_that_is_neither_salesforces_nor_configured_gets_no_token() {
    let (own, other) = (server(), server());
    let (table, secret) = app(&own);
    let port = other.url().rsplit(':').next().expect("a port").to_owned();
    for instance in [
        other.url().to_owned(),
        format!("http://localhost:{port}"),
        format!("http://127.0.0.1:{port}@127.0.0.1"),
        "http://acme.my.salesforce.com".to_owned(),
        "https://127.0.0.1".to_owned(),
        "https://evil.example".to_owned(),
        "https://ada:hunter2-hunter2@acme.my.salesforce.com".to_owned(),
        "https://acme.my.salesforce.com.evil.example".to_owned(),
        format!("{}/services/apexrest", own.url()),
        "nowhere".to_owned(),
    ] {
        own.with(|org| org.auth.instance_url = Some(instance.clone()));
        own.forget_log();
        sign_in(&table, &[("TIEOUT_CLIENT_SECRET", &secret)])
            .refused(REFUSED, &["the answer of the token endpoint names", "no token is sent there"])
            .kept_secret(&[&secret, &access_token(&own), "hunter2-hunter2"]);
        assert_eq!((own.log().len(), tokens(&own)), (1, 1), "{instance}: something was sent behind the token");
    }
    assert_eq!(other.log().len(), 0, "a foreign host was asked");
}

/// A password in an address of the configuration is refused and not shown, whichever command reads it.
#[test]
fn a_password_in_an_address_is_not_shown() {
    for key in ["instance_url", "login_url"] {
        let table = format!("client_id = \"x\"\n{key} = \"https://ada:hunter2-hunter2@acme.my.salesforce.com\"");
        sign_in(&table, &[("TIEOUT_CLIENT_SECRET", "not-the-secret")])
            .refused(2, &["tieout.toml:3:", "is not an https:// address"])
            .tells_nothing_of("hunter2");
        let place = folder();
        command(place.path(), &table, &[], &[]);
        for arguments in [&["doctor"][..], &["doctor", "--json"], &["audit"], &["freshness"]] {
            let mut command = tieout();
            let (code, stdout, stderr) = run(command.current_dir(place.path()).args(arguments));
            assert_eq!(code, 2, "{arguments:?}: {stdout}{stderr}");
            assert!(!stdout.contains("hunter2") && !stderr.contains("hunter2"), "{arguments:?}: {stdout}{stderr}");
        }
    }
}

/// A pipe, a device or an endless file in place of a secret or of the configuration ends at once.
#[cfg(unix)]
#[test]
fn secrets_and_configurations_come_from_regular_files_only() {
    let server = server();
    let (table, _) = app(&server);
    let place = folder();
    let pipe = place.path().join("pipe");
    rustix::fs::mknodat(rustix::fs::CWD, &pipe, rustix::fs::FileType::Fifo, rustix::fs::Mode::RUSR, 0).expect("a pipe");
    let large = place.path().join("large");
    std::fs::write(&large, vec![b'x'; 2 << 20]).expect("a file");
    let began = Instant::now();
    for path in [Path::new("/dev/zero"), &pipe, &large, place.path()] {
        let name = path.display().to_string();
        for (table, variable) in [
            (&table, "TIEOUT_CLIENT_SECRET_FILE"),
            (&table, "TIEOUT_JWT_KEY_FILE"),
            (&format!("instance_url = \"{}\"", server.url()), "SF_ACCESS_TOKEN_FILE"),
        ] {
            sign_in(table, &[(variable, &name)]).refused(4, &[&name, "next: check that the file"]);
        }
        for arguments in [&["extract"][..], &["audit"], &["doctor"], &["freshness"]] {
            let (code, _, stderr) = run(tieout().current_dir(place.path()).args(arguments).arg("-c").arg(path));
            assert_eq!(code, 2, "{arguments:?} {name}: {stderr}");
        }
        let config = place.path().join("tieout.toml");
        std::fs::write(
            &config,
            format!("[salesforce]\nsnapshot = {:?}\n", crate::sample_folder("in-sync").join("snapshot")),
        )
        .expect("a file");
        let mut freshness = tieout();
        freshness.arg("freshness").arg("-c").arg(&config).env("TIEOUT_WEBHOOK_URL_FILE", path);
        let (code, _, stderr) = run(&mut freshness);
        assert_eq!(code, 4, "{name}: {stderr}");
    }
    assert!(began.elapsed() < Duration::from_secs(30), "{:?}", began.elapsed());
    assert_eq!(server.log().len(), 0, "what cannot work is not sent");
}
