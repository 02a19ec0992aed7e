//! One POST to a webhook: the only request of a freshness check that does not go to Salesforce.
//!
//! The URL is a secret, because anyone who has it can post. It comes from the environment or from a file, never from
//! an argument or the configuration, and appears in no message.
//!
//! Must not know: the content of the body.

#![expect(clippy::disallowed_methods, reason = "this module reads the secret address and sends the request")]

use std::path::{Path, PathBuf};
use std::time::Duration;

use secrecy::{ExposeSecret as _, SecretString};

use crate::error::Error;
use crate::files;
use crate::secrets::know;

/// Environment variable with the URL; with `_FILE` appended, the file that contains it.
pub const VARIABLE: &str = "TIEOUT_WEBHOOK_URL";
/// Credential name in a systemd service.
pub const CREDENTIAL: &str = "tieout-webhook-url";
/// Maximum bytes of a URL file.
const MAX_ADDRESS: u64 = 64 << 10;
/// Maximum bytes of a template.
const MAX_TEMPLATE: u64 = 1 << 16;
/// Maximum nesting depth of blocks in a template. A JSON body needs one or two.
const MAX_DEPTH: usize = 16;
/// Timeout for the receiver.
const TIMEOUT: Duration = Duration::from_secs(15);

/// The webhook URL, if any: from the variable, from the file named by its `_FILE` variant, or from the service's
/// credentials.
///
/// # Errors
/// If a file cannot be read, or the value is not an allowed URL.
pub fn address() -> Result<Option<SecretString>, Error> {
    let set = |name: &str| std::env::var(name).ok().filter(|value| !value.trim().is_empty());
    if let Some(address) = set(VARIABLE) {
        return checked(&address, VARIABLE).map(Some);
    }
    let file = set(&format!("{VARIABLE}_FILE")).map(PathBuf::from).or_else(|| {
        let folder = PathBuf::from(set("CREDENTIALS_DIRECTORY")?);
        Some(folder.join(CREDENTIAL)).filter(|path| path.exists())
    });
    let Some(path) = file else { return Ok(None) };
    let text =
        files::read_text(&path, MAX_ADDRESS).map_err(|source| Error::Unreadable { path: path.clone(), source })?;
    checked(&text, &path.display().to_string()).map(Some)
}

/// `https`, or `http` to the local machine.
fn checked(address: &str, whence: &str) -> Result<SecretString, Error> {
    let refused = |what: &str| {
        Err(Error::Usage(format!(
            "the webhook's address in {whence} {what}\n  next: set it to the https:// address that the receiver gave you"
        )))
    };
    let address = address.trim();
    let secret = SecretString::from(address.to_owned());
    know(&secret);
    let Ok(url) = reqwest::Url::parse(address) else { return refused("is not an address") };
    // Everything after the host is secret.
    know(&SecretString::from(
        address.split_once(url.host_str().unwrap_or("://")).map_or("", |(_, path)| path).to_owned(),
    ));
    let here = matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"));
    if url.scheme() != "https" && !(url.scheme() == "http" && here) {
        return refused("does not begin with https://, so that anybody on the way could read and use it");
    }
    Ok(secret)
}

/// Sends the body, once.
///
/// # Errors
/// [`Error::Webhook`] if the receiver does not answer in time or with success; it does not contain the URL.
pub fn post(address: &SecretString, body: String) -> Result<(), Error> {
    let failed = |what: String| Error::Webhook { what };
    // An already installed provider is fine too.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| failed(format!("could not be called: {error}")))?;
    runtime.block_on(async {
        let client = reqwest::Client::builder()
            .timeout(TIMEOUT)
            .redirect(reqwest::redirect::Policy::none())
            .user_agent(concat!("tieout/", env!("CARGO_PKG_VERSION")));
        // Requests to the local machine bypass proxies.
        let client = if address.expose_secret().starts_with("http://") { client.no_proxy() } else { client };
        let client = client.build().map_err(|error| failed(format!("could not be called: {}", plain(error))))?;
        let answer = client
            .post(address.expose_secret())
            .header(reqwest::header::CONTENT_TYPE, "application/json")
            .body(body)
            .send()
            .await
            .map_err(|error| failed(plain(error)))?;
        let status = answer.status();
        if status.is_success() { Ok(()) } else { Err(failed(format!("answered {status}"))) }
    })
}

/// The error with its root cause, without the URL.
fn plain(error: reqwest::Error) -> String {
    if error.is_timeout() {
        return format!("did not answer within {} seconds", TIMEOUT.as_secs());
    }
    let error = error.without_url();
    let mut root: &dyn std::error::Error = &error;
    while let Some(source) = root.source() {
        root = source;
    }
    format!("could not be reached: {root}")
}

/// The user's own body template.
///
/// # Errors
/// If it cannot be read, or if rendering might not end.
pub fn template(path: Option<&Path>) -> Result<Option<String>, Error> {
    let Some(path) = path else { return Ok(None) };
    let text =
        files::read_text(path, MAX_TEMPLATE).map_err(|source| Error::Unreadable { path: path.to_owned(), source })?;
    if let Some(what) = endless(&text) {
        return Err(Error::Input {
            path: path.to_owned(),
            what: what.to_owned(),
            next: "use only values such as {{state}} and, where needed, {{#if}}".to_owned(),
        });
    }
    Ok(Some(text))
}

/// Why rendering a template could take very long or never end: partials, which can include themselves, or deeply nested
/// blocks.
fn endless(template: &str) -> Option<&'static str> {
    let mut depth = 0_usize;
    for tag in template.split("{{").skip(1) {
        let tag = tag.trim_start_matches(|c: char| c.is_whitespace() || matches!(c, '{' | '~'));
        if let Some(block) = tag.strip_prefix('#') {
            if block.trim_start().starts_with(['*', '>']) {
                return Some("uses a partial or an inline template, which is not supported");
            }
            depth += 1;
        } else if tag.starts_with(['>', '*']) {
            return Some("uses a partial or an inline template, which is not supported");
        } else if tag.starts_with('/') {
            depth = depth.saturating_sub(1);
        }
        if depth > MAX_DEPTH {
            return Some("nests blocks more than 16 deep");
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::{checked, endless};

    #[test]
    fn a_template_that_may_not_end_is_refused() {
        for template in [
            "{\"a\":\"{{state}}\"}",
            "{{#if last_write}}{{{sentence}}}{{else}}never{{/if}}",
            &"{{#if state}}x{{/if}}".repeat(100),
            "{{! > no template }}",
        ] {
            assert_eq!(endless(template), None, "{template}");
        }
        for template in [
            "{{#*inline \"a\"}}{{> a}}{{/inline}}{{> a}}",
            "{{> body}}",
            "{{~ > body}}",
            "{{# > body}}{{/body}}",
            "{{*inline \"a\"}}",
            &"{{#if state}}".repeat(17),
        ] {
            assert!(endless(template).is_some(), "{template}");
        }
    }

    #[test]
    fn only_https_leaves_this_machine() {
        for address in
            ["https://hooks.example.com/T/B/x", "http://127.0.0.1:9000/x", "http://localhost/x", " https://a.example\n"]
        {
            assert!(checked(address, "X").is_ok(), "{address}");
        }
        for address in [
            "http://hooks.example.com/T/B/secret",
            "ftp://example.com/secret",
            "secret",
            "http://127.0.0.1.evil.example/secret",
            "",
        ] {
            let error = checked(address, "X").expect_err(address).to_string();
            assert!(!error.contains("secret"), "{error}");
        }
    }
}
