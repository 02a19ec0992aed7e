//! Permitted addresses: which hosts get the token, and which resources are read there with which parameters.
//!
//! An address is parsed first, then matched part by part. Anything a parser would repair, such as `%2e%2e`, a tab or a
//! backslash, is refused, so that the address sent is the address checked. Of server-supplied addresses only the next
//! page of the current query is followed, and even that is rebuilt from its parts.
//!
//! Must not know: requests, the content of answers.

use reqwest::Url;

use super::soql;
use crate::error::Error;
use crate::model::label::Label as _;
use crate::model::object::SfObject;
use crate::model::text::sanitize_url;
use crate::secrets::mask_and_shorten;

/// No Salesforce server answers longer addresses.
const MAX_LENGTH: usize = 16_384;
/// Maximum characters of a cursor or locator.
const MAX_LOCATOR: usize = 512;
/// Maximum rows per page that may be requested.
const MAX_RECORDS: u32 = 250_000;
/// Domains whose hosts are all Salesforce's own (Salesforce Help, "My Domain URL Formats").
const SALESFORCE: [&str; 5] =
    [".salesforce.com", ".force.com", ".cloudforce.com", ".database.com", ".my.salesforce.mil"];

/// The error for a request refused before sending.
pub(super) fn refused(what: &str) -> Error {
    let what = mask_and_shorten(what, 300);
    Error::Salesforce {
        what: format!("a request was refused before it was sent: {what}"),
        next: "a proxy may change the answers; if not, report this with `--trace`".to_owned(),
    }
}

/// Parses an address that names only a host.
fn host(address: &str) -> Result<Url, &'static str> {
    let address = address.trim();
    if address.chars().any(|c| !c.is_ascii_graphic() || c == '\\') {
        return Err("is not an address");
    }
    let mut url = Url::parse(address).map_err(|_| "is not an address")?;
    if !url.username().is_empty() || url.password().is_some() || address.contains('@') {
        return Err("holds a user or a password");
    }
    if !url.path().trim_matches('/').is_empty() || url.query().is_some() || url.fragment().is_some() {
        return Err("is more than the address of a host");
    }
    // Lightning hosts answer no API.
    let own = url.host_str().and_then(|host| host.strip_suffix(".lightning.force.com")).map(str::to_owned);
    if let Some(own) = own {
        url.set_host(Some(&format!("{own}.my.salesforce.com"))).map_err(|_| "is not an address")?;
    }
    Ok(url)
}

fn is_this_machine(url: &Url) -> bool {
    matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"))
}

/// A host that may receive the token, as `https://HOST`: one of Salesforce's, or a configured one; over http only this
/// machine, if configured with this port. `source` names the origin of the address.
pub(super) fn trusted(address: &str, configured: &[&str], source: &str) -> Result<String, Error> {
    let refused = |why: &str| {
        let shown = mask_and_shorten(address, 200);
        Error::Salesforce {
            what: format!(
                "{source} names `{shown}` as the address of the organization, which {why}; no token is sent there"
            ),
            next: "set salesforce.instance_url to the https:// address of your own domain at Salesforce, and see who \
                   named another one"
                .to_owned(),
        }
    };
    let url = host(address).map_err(refused)?;
    let configured = || configured.iter().filter_map(|address| host(address).ok());
    let why = match url.scheme() {
        "https" => {
            let is_salesforce = url.port().is_none()
                && url.host_str().is_some_and(|host| SALESFORCE.iter().any(|domain| host.ends_with(domain)));
            (!is_salesforce && !configured().any(|known| known.origin() == url.origin()))
                .then_some("is neither a host of Salesforce nor the configured one")
        }
        "http" if is_this_machine(&url) => {
            let known = configured().any(|known| {
                known.scheme() == "http"
                    && is_this_machine(&known)
                    && known.port_or_known_default() == url.port_or_known_default()
            });
            (!known).then_some("is not the configured one")
        }
        _ => Some("does not begin with https://"),
    };
    match why {
        Some(why) => Err(refused(why)),
        None => Ok(url.origin().ascii_serialization()),
    }
}

/// A canonical address: a path of plain segments, and parameters.
struct Parsed<'a> {
    segments: Vec<&'a str>,
    /// Names as written, values decoded.
    parameters: Vec<(&'a str, String)>,
}

fn parse(address: &str) -> Result<Parsed<'_>, &'static str> {
    if address.len() > MAX_LENGTH {
        return Err("it is too long");
    }
    if address.chars().any(|c| !c.is_ascii_graphic() || matches!(c, '@' | '\\' | '#')) {
        return Err("it holds a character that no address of ours has");
    }
    let (path, query) = address.split_once('?').map_or((address, None), |(path, query)| (path, Some(query)));
    let is_plain = |c: u8| c.is_ascii_alphanumeric() || matches!(c, b'/' | b'.' | b'_' | b'-');
    let segments = path.strip_prefix('/').filter(|path| path.bytes().all(is_plain)).ok_or("its path is not plain")?;
    let segments: Vec<&str> = segments.split('/').collect();
    if segments.iter().any(|segment| segment.trim_matches('.').is_empty()) {
        return Err("its path leaves its place");
    }
    // The HTTP client's parser determines what is sent: it must yield the same.
    let base = Url::parse("https://host.invalid").map_err(|_| "it cannot be parsed")?;
    let url = base.join(address).map_err(|_| "it cannot be parsed")?;
    if url.origin() != base.origin() || url.path() != path || url.query() != query || url.fragment().is_some() {
        return Err("it reads in two ways");
    }
    let mut parameters = Vec::new();
    for pair in query.into_iter().flat_map(|query| query.split('&')) {
        let (name, value) = pair.split_once('=').ok_or("a parameter has no value")?;
        if name.is_empty() || !name.bytes().all(|c| c.is_ascii_alphabetic()) {
            return Err("the name of a parameter is not plain");
        }
        parameters.push((name, sanitize_url(value)));
    }
    Ok(Parsed { segments, parameters })
}

impl Parsed<'_> {
    /// The value of the only parameter, if so named.
    fn only(&self, name: &str) -> Option<&str> {
        match self.parameters.as_slice() {
            [(own, value)] if *own == name => Some(value),
            _ => None,
        }
    }

    /// `maxRecords` and `locator`, each at most once, and nothing else.
    fn of_results(&self) -> Option<(Option<u32>, Option<&str>)> {
        let (mut most, mut locator) = (None, None);
        for (name, value) in &self.parameters {
            match *name {
                "maxRecords" if most.is_none() && value.bytes().all(|c| c.is_ascii_digit()) => {
                    most = Some(value.parse().ok().filter(|most| (1..=MAX_RECORDS).contains(most))?);
                }
                "locator" if locator.is_none() && is_locator(value) => locator = Some(value.as_str()),
                _ => return None,
            }
        }
        Some((most, locator))
    }
}

/// `67.0`
fn is_version(text: &str) -> bool {
    let number = |text: &str| (1..=4).contains(&text.len()) && text.bytes().all(|c| c.is_ascii_digit());
    text.strip_prefix('v')
        .and_then(|text| text.split_once('.'))
        .is_some_and(|(major, minor)| number(major) && number(minor))
}

/// Whether this is a record id of either length.
pub(super) fn is_id(text: &str) -> bool {
    matches!(text.len(), 15 | 18) && text.bytes().all(|c| c.is_ascii_alphanumeric())
}

/// A REST cursor, which becomes part of a path.
fn is_cursor(text: &str) -> bool {
    (1..=MAX_LOCATOR).contains(&text.len())
        && text.bytes().all(|c| c.is_ascii_alphanumeric() || matches!(c, b'-' | b'_'))
}

/// A locator of Bulk API 2.0, which becomes a parameter value: Base64 and URL characters.
fn is_locator(text: &str) -> bool {
    let known = |c: u8| c.is_ascii_alphanumeric() || b"-_.~+/=&%:".contains(&c);
    (1..=MAX_LOCATOR).contains(&text.len()) && text.bytes().all(known)
}

/// Checks the address of a `GET`. A query in an address is accepted only as spelled by [`encode`].
pub(super) fn get(address: &str) -> Result<(), Error> {
    let no = |why: &str| refused(&format!("GET {address}: {why}"));
    let parsed = parse(address).map_err(no)?;
    let ["services", rest @ ..] = parsed.segments.as_slice() else { return Err(no("nothing is read there")) };
    let bare = parsed.parameters.is_empty() && !address.contains('?');
    let rest = match rest {
        ["oauth2", "userinfo"] | ["data"] if bare => return Ok(()),
        ["data", version, rest @ ..] if is_version(version) => rest,
        _ => return Err(no("nothing is read there")),
    };
    let known = match rest {
        ["limits"] => bare,
        ["sobjects", object, "describe"] => bare && SfObject::parse(object).is_some(),
        ["sobjects", "Contact", "listviews", view, "describe"] => bare && is_id(view),
        ["query" | "queryAll"] | ["tooling", "query"] => {
            let soql = parsed.only("q").ok_or_else(|| no("a query has the one parameter q"))?;
            if !address.ends_with(&format!("?q={}", encode(soql))) {
                return Err(no("its query is spelled in another way than ours"));
            }
            query(soql)?;
            true
        }
        ["query" | "queryAll", cursor] | ["tooling", "query", cursor] => bare && is_cursor(cursor),
        ["jobs", "query", job] => bare && is_id(job),
        ["jobs", "query", job, "results" | "resultPages"] => is_id(job) && parsed.of_results().is_some(),
        _ => false,
    };
    if known { Ok(()) } else { Err(no("nothing is read there")) }
}

/// Checks a `POST`: a query job for a version.
pub(super) fn query_job(version: &str, soql: &str) -> Result<(), Error> {
    if !is_version(&format!("v{version}")) {
        return Err(refused(&format!("a query job of version {version}")));
    }
    query(soql)
}

/// Checks that a query only reads.
fn query(soql: &str) -> Result<(), Error> {
    match soql::forbidden_clause(soql) {
        Some(clause) => Err(refused(&format!("a query with {clause}: {soql}"))),
        None => Ok(()),
    }
}

/// The path and query of a server-supplied address, under its own host.
fn path_under(instance: &str, described: &str) -> Result<String, &'static str> {
    let path = described.strip_prefix(instance).unwrap_or(described);
    // Bulk API 2.0 may omit the common prefix of its addresses.
    let path =
        if path.starts_with('/') || path.contains("://") { path.to_owned() } else { format!("/services/data/{path}") };
    let base = Url::parse(instance).map_err(|_| "the host has no address")?;
    let url = base.join(&path).map_err(|_| "it is not an address")?;
    if url.origin() != base.origin() || !url.username().is_empty() || url.password().is_some() {
        return Err("it is on another host");
    }
    Ok(path)
}

/// The next page of a REST query, from the answer to `in_hand`.
pub(super) fn next_page(instance: &str, in_hand: &str, described: &str) -> Result<String, Error> {
    let no = |why: &str| refused(&format!("the next page `{described}`: {why}"));
    let path = path_under(instance, described).map_err(no)?;
    let (own, next) = (parse(in_hand).map_err(no)?, parse(&path).map_err(no)?);
    let query = own.segments.iter().rposition(|segment| matches!(*segment, "query" | "queryAll"));
    let resource = query.map(|at| &own.segments[..=at]).ok_or_else(|| no("no query is in hand"))?;
    match next.segments.as_slice() {
        [same @ .., cursor] if same == resource && is_cursor(cursor) && !path.contains('?') => {
            Ok(format!("/{}/{cursor}", resource.join("/")))
        }
        _ => Err(no("it is no page of the query in hand")),
    }
}

/// A page of a job's results, or more page addresses (`what`), from Bulk API 2.0. `base` is the job's path.
pub(super) fn job_page(
    instance: &str,
    base: &str,
    what: &str,
    page_rows: u32,
    described: &str,
) -> Result<String, Error> {
    let no = |why: &str| refused(&format!("the page `{described}`: {why}"));
    let path = path_under(instance, described).map_err(no)?;
    let page = parse(&path).map_err(no)?;
    let same = match page.segments.as_slice() {
        [job @ .., own] => own.eq_ignore_ascii_case(what) && base == format!("/{}", job.join("/")),
        [] => false,
    };
    match page.of_results().filter(|_| same) {
        Some((most, locator)) if most.is_none_or(|most| most <= page_rows) => {
            Ok(results(base, what, most.unwrap_or(page_rows), locator))
        }
        Some(_) => Err(no("it has more rows than were asked for")),
        None => Err(no("it is no page of the job in hand")),
    }
}

/// A page of a job's results, by its locator.
pub(super) fn located(base: &str, page_rows: u32, locator: &str) -> Result<String, Error> {
    if !is_locator(locator) {
        return Err(refused(&format!("a page with the locator `{locator}`")));
    }
    Ok(results(base, "results", page_rows, Some(locator)))
}

/// The first page of a job's results or addresses, or the one at a locator.
pub(super) fn results(base: &str, what: &str, page_rows: u32, locator: Option<&str>) -> String {
    let locator = locator.map_or_else(String::new, |locator| format!("&locator={}", encode(locator)));
    format!("{base}/{what}?maxRecords={page_rows}{locator}")
}

/// A path with a query for a version: `/services/data/vN/REST?q=SOQL`.
pub(super) fn query_path(version: &str, rest: &str, soql: &str) -> String {
    format!("/services/data/v{version}/{rest}?q={}", encode(soql))
}

/// Encodes a text as a query value.
fn encode(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => encoded.push(char::from(byte)),
            b' ' => encoded.push('+'),
            other => encoded.push_str(&format!("%{other:02X}")),
        }
    }
    encoded
}

#[cfg(test)]
#[path = "address/tests.rs"]
mod tests;
