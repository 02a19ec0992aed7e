//! Sign-in: four ways to a token, best first, and clear messages for common refusals.
//!
//! Secrets come from the environment, from a file that it names, or from service credentials; never from an argument or
//! the configuration, and no message contains one.
//!
//! Must not know: what is read afterwards.

#![expect(clippy::disallowed_methods, reason = "this module reads secrets and the clock, and runs the Salesforce CLI")]

use std::path::PathBuf;
use std::sync::atomic::{AtomicI32, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use data_encoding::BASE64URL_NOPAD;
use ring::signature::{RSA_PKCS1_SHA256, RsaKeyPair};
use rustls::pki_types::{PrivateKeyDer, pem::PemObject as _};
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use tokio::io::AsyncReadExt as _;

use super::address::trusted;
use crate::error::Error;
use crate::files;
use crate::secrets::know;
use crate::settings::OrgConnection;

/// Where the token comes from.
#[derive(Debug)]
pub(super) enum SignIn {
    /// The Salesforce CLI, signed in to this org, and the configured address, if any.
    Cli(String, Option<String>),
    /// A token created elsewhere.
    Token(String, SecretString),
    /// An app's own user.
    ClientCredentials { instance: String, client_id: String, secret: SecretString },
    /// A user who trusts the holder of a key.
    Jwt { host: String, audience: String, client_id: String, username: String, key: SecretString },
}

/// Address and token for requests.
#[derive(Debug, Clone)]
pub(super) struct Session {
    /// `https://…` without a trailing slash.
    pub(super) instance: String,
    /// The token.
    pub(super) token: SecretString,
}

/// A form for a token endpoint.
pub(super) struct TokenRequest {
    pub(super) host: String,
    pub(super) form: Vec<(&'static str, SecretString)>,
}

fn refused(what: impl Into<String>, next: impl Into<String>) -> Error {
    Error::Salesforce { what: what.into(), next: next.into() }
}

/// Maximum bytes of a secret's file.
const MAX_SECRET: u64 = 64 << 10;
/// Maximum number of lines in the Salesforce CLI's output at which its JSON may start: warnings come first.
const MAX_STARTS: usize = 100;
/// Maximum bytes of the Salesforce CLI's output.
const MAX_PRINTED: u64 = 4 << 20;

/// A secret from its variable, the file in its `_FILE` twin, or its systemd service credential.
fn secret(variable: &str) -> Result<Option<SecretString>, Error> {
    let set = |name: &str| std::env::var(name).ok().filter(|value| !value.trim().is_empty());
    let known = |text: &str| {
        let secret = SecretString::from(text.trim().to_owned());
        know(&secret);
        Ok(Some(secret))
    };
    if let Some(value) = set(variable) {
        return known(&value);
    }
    let credential = variable.to_ascii_lowercase().replace('_', "-");
    let file = set(&format!("{variable}_FILE")).map(PathBuf::from).or_else(|| {
        let path = PathBuf::from(set("CREDENTIALS_DIRECTORY")?).join(credential);
        path.exists().then_some(path)
    });
    let Some(path) = file else { return Ok(None) };
    match files::read_text(&path, MAX_SECRET) {
        Ok(text) => known(&text),
        Err(source) => Err(Error::Unreadable { path, source }),
    }
}

impl SignIn {
    /// The sign-in method that the configuration and environment allow.
    pub(super) fn choose(live: &OrgConnection) -> Result<Self, Error> {
        if let (Some(token), Some(instance)) = (&live.token, &live.instance_url) {
            know(token);
            return Ok(Self::Token(instance.clone(), token.clone()));
        }
        if let Some(org) = &live.org {
            return Ok(Self::Cli(org.clone(), live.instance_url.clone()));
        }
        if let Some(client_id) = live.client_id.clone() {
            let given = live.client_secret.clone().inspect(know);
            if given.is_none()
                && let Some(key) = secret("TIEOUT_JWT_KEY")?
            {
                let username = live.username.clone().ok_or_else(|| {
                    refused(
                        "the JWT flow needs the user who is signed in",
                        "set salesforce.username, or salesforce.org",
                    )
                })?;
                let audience = live.login_url.clone().unwrap_or_else(|| "https://login.salesforce.com".to_owned());
                let host = live.instance_url.clone().unwrap_or_else(|| audience.clone());
                return Ok(Self::Jwt { host, audience, client_id, username, key });
            }
            let secret = given.map_or_else(|| secret("TIEOUT_CLIENT_SECRET"), |secret| Ok(Some(secret)))?.ok_or_else(|| {
                refused(
                    "salesforce.client_id is set, but neither a client secret nor a key for JWT is",
                    "set TIEOUT_CLIENT_SECRET or TIEOUT_JWT_KEY (or either with _FILE behind it, naming a file) in the environment",
                )
            })?;
            let instance = live.instance_url.clone().ok_or_else(|| {
                refused(
                    "client credentials are given out by your own domain only",
                    "set salesforce.instance_url = \"https://YOURDOMAIN.my.salesforce.com\"",
                )
            })?;
            return Ok(Self::ClientCredentials { instance, client_id, secret });
        }
        let instance = live.instance_url.clone().ok_or_else(|| {
            refused(
                "the configuration names no way to Salesforce",
                "set salesforce.org, salesforce.instance_url or salesforce.snapshot",
            )
        })?;
        let Some(token) = secret("SF_ACCESS_TOKEN")? else {
            if std::env::vars_os().any(|(name, _)| name == "SF_PASSWORD" || name == "TIEOUT_PASSWORD") {
                return Err(refused(
                    "signing in with username and password is refused: Salesforce retires it (SOAP login() ends in Summer '27, \
                     and External Client Apps do not offer it)",
                    "use the Salesforce CLI (salesforce.org), client credentials or JWT (README, \"Read Salesforce itself, or save the objects\")",
                ));
            }
            return Err(refused(
                "salesforce.instance_url is set, but there is no token for it",
                "set SF_ACCESS_TOKEN (or SF_ACCESS_TOKEN_FILE) in the environment, or salesforce.org to use the Salesforce CLI",
            ));
        };
        Ok(Self::Token(instance, token))
    }

    /// The request to a token endpoint; `None` if no endpoint is needed.
    pub(super) fn token_request(&self) -> Result<Option<TokenRequest>, Error> {
        let plain = |text: &str| SecretString::from(text.to_owned());
        Ok(match self {
            Self::Cli(..) | Self::Token(..) => None,
            Self::ClientCredentials { instance, client_id, secret } => Some(TokenRequest {
                host: instance.clone(),
                form: vec![
                    ("grant_type", plain("client_credentials")),
                    ("client_id", plain(client_id)),
                    ("client_secret", secret.clone()),
                ],
            }),
            Self::Jwt { host, audience, client_id, username, key } => Some(TokenRequest {
                host: host.clone(),
                form: vec![
                    ("grant_type", plain("urn:ietf:params:oauth:grant-type:jwt-bearer")),
                    ("assertion", assertion(key, client_id, username, audience)?),
                ],
            }),
        })
    }

    /// A session whose token needs no endpoint.
    pub(super) async fn session_at_hand(&self) -> Result<Session, Error> {
        match self {
            Self::Cli(org, _) => from_cli(org, &self.configured()).await,
            Self::Token(instance, token) => {
                let next = "take it from `sf org auth show-access-token --json`, or set salesforce.org and let tieout ask the CLI";
                let token = checked(token.clone(), "SF_ACCESS_TOKEN", next)?;
                Ok(Session { instance: trusted(instance, &self.configured(), "the configuration")?, token })
            }
            Self::ClientCredentials { .. } | Self::Jwt { .. } => {
                Err(Error::Defect("a token endpoint was not asked".to_owned()))
            }
        }
    }

    /// The configured addresses: those of the sign-in, and further ones trusted with a secret.
    pub(super) fn configured(&self) -> Vec<&str> {
        match self {
            Self::Cli(_, instance) => instance.as_deref().into_iter().collect(),
            Self::Token(instance, _) | Self::ClientCredentials { instance, .. } => vec![instance],
            Self::Jwt { host, audience, .. } => vec![host, audience],
        }
    }

    /// Whether the configured endpoint is on this machine, as in tests.
    pub(super) fn is_on_this_machine(&self) -> bool {
        self.configured().iter().any(|address| address.starts_with("http://"))
    }

    /// Whether asking again can yield another token.
    pub(super) const fn can_renew(&self) -> bool {
        !matches!(self, Self::Token(..))
    }
}

/// A token looks like `00D…!…`; newer CLIs print `[REDACTED]` instead.
fn checked(token: SecretString, whence: &str, next: &str) -> Result<SecretString, Error> {
    let text = token.expose_secret();
    if text.starts_with("00D") && text.contains('!') && text.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Ok(token);
    }
    let what = if text.contains("REDACTED") {
        format!("{whence} holds `[REDACTED]` in place of a token")
    } else {
        format!("{whence} holds no access token (one begins with 00D and has an exclamation mark in it)")
    };
    Err(refused(what, next))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct CliAnswer {
    #[serde(default)]
    message: String,
    result: Option<CliResult>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct CliResult {
    access_token: Option<String>,
    instance_url: Option<String>,
    client_secret: Option<String>,
    refresh_token: Option<String>,
    sfdx_auth_url: Option<String>,
}

impl CliResult {
    /// Registers its secrets so that messages never contain them.
    fn make_known(&self) {
        let secrets = [&self.access_token, &self.client_secret, &self.refresh_token, &self.sfdx_auth_url];
        secrets.into_iter().flatten().for_each(|secret| know(&SecretString::from(secret.clone())));
    }
}

async fn from_cli(org: &str, configured: &[&str]) -> Result<Session, Error> {
    let display = ask_cli(&["org", "display", "--target-org", org, "--json"]).await?;
    let shown = display.result.unwrap_or_default();
    let instance = shown.instance_url.ok_or_else(|| {
        refused(
            format!("the Salesforce CLI does not know the org `{org}`: {}", display.message),
            format!(
                "sign in with `sf org login web --alias {org} --instance-url https://YOURDOMAIN.my.salesforce.com`"
            ),
        )
    })?;
    // Newer CLIs have a separate command for the token, and print [REDACTED] elsewhere; older ones do not.
    let own = ask_cli(&["org", "auth", "show-access-token", "--target-org", org, "--json"]).await;
    let token = own.ok().and_then(|answer| answer.result?.access_token).or(shown.access_token).ok_or_else(|| {
        refused(
            format!("the Salesforce CLI gives no token for the org `{org}`"),
            format!("sign in anew with `sf org login web --alias {org}`"),
        )
    })?;
    let next = format!(
        "update it with `sf update`, and see that `sf org auth show-access-token --target-org {org}` shows a token"
    );
    let token = checked(SecretString::from(token), "the answer of the Salesforce CLI", &next)?;
    Ok(Session { instance: trusted(&instance, configured, "the Salesforce CLI")?, token })
}

async fn ask_cli(arguments: &[&str]) -> Result<CliAnswer, Error> {
    let cannot_start = |error: std::io::Error| {
        refused(
            format!("the Salesforce CLI (`sf`) cannot be started: {error}"),
            "install it, or sign in another way (README, \"Read Salesforce itself, or save the objects\")",
        )
    };
    let mut command = tokio::process::Command::new("sf");
    // The CLI starts child processes, which must end with it.
    #[cfg(unix)]
    command.process_group(0);
    let mut child = command
        .args(arguments)
        .env("SF_AUTOUPDATE_DISABLE", "true")
        .stdin(std::process::Stdio::null())
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .map_err(cannot_start)?;
    // Dropped before the child, while its process id cannot be reused.
    let _group = Group::new(&child);
    let printed = child.stdout.take();
    let read = async {
        let mut bytes = Vec::new();
        if let Some(printed) = printed {
            printed.take(MAX_PRINTED).read_to_end(&mut bytes).await?;
        }
        Ok(bytes)
    };
    let printed = tokio::time::timeout(Duration::from_secs(60), read)
        .await
        .map_err(|_| {
            refused("the Salesforce CLI did not answer within a minute", "run `sf org list` and see what it waits for")
        })?
        .map_err(cannot_start)?;
    let answer = cli_answer(&String::from_utf8_lossy(&printed)).ok_or_else(|| {
        refused(
            format!("the Salesforce CLI answered `sf {}` with something else than JSON", arguments[..2].join(" ")),
            "update it with `sf update`",
        )
    })?;
    answer.result.iter().for_each(CliResult::make_known);
    Ok(answer)
}

/// The process group of the running Salesforce CLI; 0 if none.
static RUNNING: AtomicI32 = AtomicI32::new(0);

/// The Salesforce CLI and its child processes. Dropping this ends all of them.
struct Group(i32);

impl Group {
    fn new(child: &tokio::process::Child) -> Self {
        let leader = child.id().and_then(|id| i32::try_from(id).ok()).unwrap_or(0);
        RUNNING.store(leader, Ordering::SeqCst);
        Self(leader)
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        // Another may be running by now.
        let _ = RUNNING.compare_exchange(self.0, 0, Ordering::SeqCst, Ordering::SeqCst);
        end_group(self.0);
    }
}

/// Ends the Salesforce CLI, if running: an interrupt at the terminal does not reach its process group.
pub(super) fn end_cli() {
    end_group(RUNNING.swap(0, Ordering::SeqCst));
}

#[cfg(unix)]
fn end_group(leader: i32) {
    use rustix::process::{Pid, Signal, kill_process_group};

    if let Some(leader) = Pid::from_raw(leader).filter(|_| leader > 1) {
        // It may have ended already, which is fine.
        let _ = kill_process_group(leader, Signal::KILL);
    }
}

/// Other systems have no process groups; the CLI itself ends with its handle.
#[cfg(not(unix))]
fn end_group(_leader: i32) {}

/// The CLI's JSON output, including errors; warnings before and after it may contain braces.
fn cli_answer(text: &str) -> Option<CliAnswer> {
    let mut behind = 0;
    let starts = text.split_inclusive('\n').filter_map(|line| {
        behind += line.len();
        let rest = line.trim_start();
        rest.starts_with('{').then_some(behind - rest.len())
    });
    starts.take(MAX_STARTS).find_map(|at| serde_json::Deserializer::from_str(&text[at..]).into_iter().next()?.ok())
}

/// A signed assertion that the key holder acts for a user, valid for three minutes.
fn assertion(key: &SecretString, client_id: &str, username: &str, audience: &str) -> Result<SecretString, Error> {
    let bad_key = || {
        refused(
            "the key in TIEOUT_JWT_KEY is no RSA private key of 2048 bits or more in PEM form",
            "export it unencrypted, beginning with -----BEGIN PRIVATE KEY----- or -----BEGIN RSA PRIVATE KEY-----",
        )
    };
    let pair = match PrivateKeyDer::from_pem_slice(key.expose_secret().as_bytes()).map_err(|_| bad_key())? {
        PrivateKeyDer::Pkcs8(der) => RsaKeyPair::from_pkcs8(der.secret_pkcs8_der()),
        PrivateKeyDer::Pkcs1(der) => RsaKeyPair::from_der(der.secret_pkcs1_der()),
        _ => return Err(bad_key()),
    }
    .map_err(|_| bad_key())?;
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |now| now.as_secs());
    let claims = serde_json::json!({"iss": client_id, "sub": username, "aud": audience, "exp": now + 180});
    let signed = format!(
        "{}.{}",
        BASE64URL_NOPAD.encode(br#"{"alg":"RS256"}"#),
        BASE64URL_NOPAD.encode(claims.to_string().as_bytes())
    );
    let mut signature = vec![0; pair.public().modulus_len()];
    pair.sign(&RSA_PKCS1_SHA256, &ring::rand::SystemRandom::new(), signed.as_bytes(), &mut signature)
        .map_err(|_| Error::Defect("the assertion could not be signed".to_owned()))?;
    let assertion = SecretString::from(format!("{signed}.{}", BASE64URL_NOPAD.encode(&signature)));
    know(&assertion);
    Ok(assertion)
}

/// Explains a token endpoint's refusal.
pub(super) fn explain(code: &str, description: &str) -> (String, &'static str) {
    let text = description.to_ascii_lowercase();
    let next = if text.contains("not supported on this domain") {
        "client credentials are given out by My Domain only: set salesforce.instance_url to https://YOURDOMAIN.my.salesforce.com"
    } else if text.contains("no client credentials user") {
        "name a run-as user in the app's client credentials settings"
    } else if text.contains("hasn't approved") || text.contains("not approved") || text.contains("not admin approved") {
        "pre-authorize the user: in the app's policies permit \"Admin approved users\" and assign a permission set or profile"
    } else if text.contains("audience") {
        "set salesforce.login_url to https://test.salesforce.com for a sandbox, or to your own domain"
    } else if text.contains("ip restricted") {
        "let the user sign in from this machine's address, and at this hour: profile, login IP ranges and login hours, and the app's IP relaxation"
    } else if text.contains("not installed") {
        "install the app in this organisation, or see that salesforce.instance_url and client_id belong together"
    } else if text.contains("expired") || text.contains("assertion") {
        "check the clock of this machine, the certificate of the app, and that salesforce.username is right"
    } else if code.starts_with("invalid_client") {
        "check client id and secret (or the app's certificate); a new app takes up to ten minutes to work"
    } else if code == "unsupported_grant_type" || text.contains("not enabled") {
        "switch on this flow (client credentials, or JWT bearer) in the app's settings"
    } else {
        "see what Salesforce says, and the app's policies"
    };
    (format!("Salesforce refused to sign in ({code}: {description})"), next)
}

#[cfg(test)]
mod tests {
    use super::{checked, explain};
    use secrecy::SecretString;

    #[test]
    fn a_token_is_told_from_what_is_none() {
        let check = |text: &str| checked(SecretString::from(text.to_owned()), "X", "look");
        assert!(check("00D5g000004XyZA!AQ.secret_x").is_ok());
        for text in ["[REDACTED] run sf org auth", "00D5g000004XyZA", "secret", "00D!with space", ""] {
            let error = check(text).expect_err(text).to_string();
            assert!(!error.contains("with space") && !error.contains("secret"), "{error}");
        }
        assert!(check("[REDACTED]").expect_err("none").to_string().contains("REDACTED"));
    }

    #[test]
    fn common_refusals_have_their_next_step() {
        for (code, description, next) in [
            ("invalid_grant", "request not supported on this domain", "My Domain"),
            ("invalid_grant", "no client credentials user enabled", "run-as"),
            ("invalid_grant", "user hasn't approved this consumer", "pre-authorize"),
            ("invalid_client", "invalid client credentials", "client id and secret"),
            ("invalid_grant", "audience is invalid", "login_url"),
            ("invalid_app_access", "user is not admin approved to access this app", "pre-authorize"),
            ("invalid_grant", "ip restricted or invalid login hours", "login IP ranges"),
            ("invalid_client", "External client app is not installed in this org", "install the app"),
        ] {
            assert!(explain(code, description).1.contains(next), "{description}");
        }
    }
}
