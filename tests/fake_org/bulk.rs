//! Query jobs of Bulk API 2.0.

use std::fmt::Write as _;

use data_encoding::BASE64URL_NOPAD;
use serde_json::{Value, json};

use super::org::{Org, stamp};
use super::plan::{self, Door, Plan};
use super::reply::{Call, ErrorResponse, Reply};
use super::run::{self, World};

/// A query job. What it finds is settled when it is made.
pub(crate) struct Job {
    id: String,
    operation: String,
    /// Such as `67.0`.
    version: String,
    delimiter: (&'static str, char),
    line_ending: (&'static str, &'static str),
    state: &'static str,
    error: Option<String>,
    polls: usize,
    created: i64,
    plan: Plan,
    rows: Vec<usize>,
    /// Lost when the query has an order or a limit.
    chunks: bool,
}

impl Job {
    fn json(&self, org: &Org) -> Value {
        let created = stamp(jiff::Timestamp::from_second(self.created).unwrap_or_default()).replace('Z', "+0000");
        let mut value = json!({
            "id": self.id,
            "operation": self.operation,
            "object": self.plan.object,
            "createdById": org.user_id,
            "createdDate": created,
            "systemModstamp": created,
            "state": self.state,
            "concurrencyMode": "Parallel",
            "contentType": "CSV",
            "apiVersion": self.version.parse::<f64>().unwrap_or_default(),
            "lineEnding": self.line_ending.0,
            "columnDelimiter": self.delimiter.0,
        });
        if let Some(message) = &self.error {
            value["errorMessage"] = json!(message);
        }
        value
    }

    fn end(&mut self, how: Option<String>) {
        self.state = if how.is_some() { "Failed" } else { "Aborted" };
        self.error = how;
    }
}

const DELIMITERS: [(&str, char); 6] =
    [("BACKQUOTE", '`'), ("CARET", '^'), ("COMMA", ','), ("PIPE", '|'), ("SEMICOLON", ';'), ("TAB", '\t')];
const LINE_ENDINGS: [(&str, &str); 2] = [("LF", "\n"), ("CRLF", "\r\n")];

/// Everything under `jobs/query`; `rest` is what follows it, in parts.
pub(crate) fn answer(org: &mut Org, call: &Call, version: &str, rest: &[&str]) -> Result<Reply, ErrorResponse> {
    match (call.method.as_str(), rest) {
        ("POST", []) => create(org, call, version),
        ("GET", []) => {
            let jobs: Vec<Value> = org.jobs.iter().map(|job| job.json(org)).collect();
            Ok(Reply::json(200, &json!({ "done": true, "records": jobs, "nextRecordsUrl": null })))
        }
        (method, [id, rest @ ..]) => {
            let at = org.jobs.iter().position(|job| job.id == *id || job.id.starts_with(id) && id.len() == 15);
            let Some(at) = at else { return Ok(Reply::not_found()) };
            match (method, rest) {
                ("GET", []) => Ok(poll(org, call, at)),
                ("PATCH", []) => {
                    if matches!(org.jobs[at].state, "UploadComplete" | "InProgress") {
                        org.jobs[at].end(None);
                    }
                    Ok(Reply::json(200, &org.jobs[at].json(org)))
                }
                ("DELETE", []) => {
                    org.jobs.remove(at);
                    Ok(Reply::text(204, "", ""))
                }
                ("GET", ["results"]) => results(org, call, version, at),
                ("GET", [pages]) if pages.eq_ignore_ascii_case("resultPages") => pages_of(org, call, version, at),
                _ => Ok(Reply::not_found()),
            }
        }
        _ => Ok(Reply::not_found()),
    }
}

fn create(org: &mut Org, call: &Call, version: &str) -> Result<Reply, ErrorResponse> {
    let wanted: Value = serde_json::from_slice(&call.body)
        .map_err(|error| ErrorResponse::bad("JSON_PARSER_ERROR", &format!("Unexpected input: {error}")))?;
    let text = |name: &str, default: &'static str| wanted[name].as_str().unwrap_or(default).to_owned();
    let invalid = |what: &str| ErrorResponse::bad("INVALIDJOB", what);
    let operation = text("operation", "");
    if !matches!(operation.as_str(), "query" | "queryAll") {
        return Err(invalid("The operation must be query or queryAll."));
    }
    if text("contentType", "CSV") != "CSV" {
        return Err(invalid("The only content type of query results is CSV."));
    }
    let named = text("columnDelimiter", "COMMA");
    let delimiter = DELIMITERS.into_iter().find(|(name, _)| *name == named);
    let delimiter = delimiter.ok_or_else(|| invalid("Unknown columnDelimiter."))?;
    let named = text("lineEnding", "LF");
    let line_ending = LINE_ENDINGS.into_iter().find(|(name, _)| *name == named);
    let line_ending = line_ending.ok_or_else(|| invalid("Unknown lineEnding."))?;
    let plan = plan::plan(org, &text("query", ""), Door::Bulk)?;
    let rows = run::matches(&World::new(org, &plan), &plan, operation == "queryAll");
    org.jobs_made += 1;
    let mut job = Job {
        id: format!("7505g00000{:05}AAA", org.jobs_made),
        operation,
        version: version.to_owned(),
        delimiter,
        line_ending,
        state: "UploadComplete",
        error: None,
        polls: 0,
        created: org.clock(),
        chunks: plan.order.is_empty() && plan.limit.is_none(),
        plan,
        rows,
    };
    let output = job.json(org);
    if let Some(how) = &call.job_ends {
        job.end(how.clone());
    }
    org.jobs.push(job);
    Ok(Reply::json(200, &output))
}

fn poll(org: &mut Org, call: &Call, at: usize) -> Reply {
    let needed = org.job_polls;
    let job = &mut org.jobs[at];
    if let Some(how) = &call.job_ends {
        job.end(how.clone());
    }
    if matches!(job.state, "UploadComplete" | "InProgress") {
        job.polls += 1;
        job.state = match job.polls {
            polls if polls >= needed => "JobComplete",
            1 if needed > 2 => "UploadComplete",
            _ => "InProgress",
        };
    }
    let job = &org.jobs[at];
    let mut value = job.json(org);
    value["jobType"] = json!("V2Query");
    value["numberRecordsProcessed"] = json!(match job.state {
        "JobComplete" => job.rows.len(),
        "UploadComplete" => 0,
        _ => job.rows.len() / 2,
    });
    value["retries"] = json!(0);
    value["totalProcessingTime"] = json!(job.polls * 100);
    value["isPkChunkingSupported"] = json!(job.chunks);
    Reply::json(200, &value)
}

/// A complete job that was made by the version that asks.
fn ready<'a>(org: &'a Org, version: &str, at: usize) -> Result<&'a Job, ErrorResponse> {
    let job = &org.jobs[at];
    if job.version != version {
        let message = format!("The job was created with API version {}, not {version}.", job.version);
        return Err(ErrorResponse::new(409, "VERSION_MISMATCH", &message));
    }
    if job.state != "JobComplete" {
        let message = format!("The job's state is {}: results can be fetched from a complete job only.", job.state);
        return Err(ErrorResponse::new(org.early_results_status, "JOB_NOT_COMPLETE", &message));
    }
    Ok(job)
}

fn page_size(org: &Org, call: &Call) -> Result<usize, ErrorResponse> {
    let Some(text) = call.parameter("maxRecords") else { return Ok(org.bulk_max_rows_per_page) };
    match text.parse::<usize>() {
        Ok(number) if number > 0 => Ok(number.min(org.bulk_max_rows_per_page)),
        _ => Err(ErrorResponse::bad("INVALID_MAX_RECORDS", "maxRecords must be a number above zero")),
    }
}

/// Opaque, and the same however often a page is asked for.
fn locator(org: &Org, from: usize) -> String {
    format!("{}{}", BASE64URL_NOPAD.encode(from.to_string().as_bytes()), org.locator_suffix)
}

fn located(org: &Org, call: &Call) -> Result<usize, ErrorResponse> {
    let Some(text) = call.parameter("locator") else { return Ok(0) };
    let bare = text.strip_suffix(&org.locator_suffix);
    let bytes = bare.and_then(|bare| BASE64URL_NOPAD.decode(bare.as_bytes()).ok());
    let number = bytes.and_then(|bytes| String::from_utf8(bytes).ok()).and_then(|text| text.parse().ok());
    number.ok_or_else(|| ErrorResponse::bad("INVALID_LOCATOR", &format!("Invalid locator: {text}")))
}

fn results(org: &Org, call: &Call, version: &str, at: usize) -> Result<Reply, ErrorResponse> {
    let job = ready(org, version, at)?;
    let from = located(org, call)?;
    let to = (from + page_size(org, call)?).min(job.rows.len());
    let page = job.rows.get(from..to).unwrap_or_default();
    let (_, delimiter) = job.delimiter;
    let (_, end) = job.line_ending;
    let mut text = String::with_capacity(page.len() * job.plan.select.len() * 16);
    for (column, path) in job.plan.select.iter().enumerate() {
        if column > 0 {
            text.push(delimiter);
        }
        let _ = write!(text, "\"{}\"", path.text);
    }
    text.push_str(end);
    let world = World::new(org, &job.plan);
    for (number, &row) in page.iter().take(page.len().saturating_sub(call.fault.missing)).enumerate() {
        run::line(&world, &job.plan, &job.plan.rows[row], delimiter, call.fault.nul && number == 0, &mut text);
        text.push_str(end);
    }
    if call.fault.other_layout {
        text = laid_out_otherwise(&text, delimiter);
    }
    let mut reply = Reply::text(200, "text/csv", text);
    let next = if to < job.rows.len() { locator(org, to) } else { "null".into() };
    reply.headers.push(("Sforce-Locator".into(), next));
    reply.headers.push(("Sforce-NumberOfRecords".into(), page.len().to_string()));
    reply.is_page = true;
    Ok(reply)
}

/// The same rows with their columns the other way round and CRLF at the end of lines.
fn laid_out_otherwise(text: &str, delimiter: char) -> String {
    let delimiter = u8::try_from(delimiter).expect("an ASCII delimiter");
    let mut reader = csv::ReaderBuilder::new().has_headers(false).delimiter(delimiter).from_reader(text.as_bytes());
    let mut writer = csv::WriterBuilder::new()
        .delimiter(delimiter)
        .quote_style(csv::QuoteStyle::Always)
        .terminator(csv::Terminator::CRLF)
        .from_writer(Vec::new());
    for record in reader.records() {
        let record = record.expect("a row that was just written");
        writer.write_record(record.iter().rev()).expect("memory");
    }
    String::from_utf8(writer.into_inner().expect("memory")).expect("UTF-8")
}

/// Five addresses of pages at a time.
fn pages_of(org: &Org, call: &Call, version: &str, at: usize) -> Result<Reply, ErrorResponse> {
    let job = ready(org, version, at)?;
    if version.parse::<f64>().is_ok_and(|version| version < 58.0) {
        return Ok(Reply::not_found());
    }
    let size = page_size(org, call)?;
    let first = located(org, call)?;
    let escaped = |from: usize| {
        locator(org, from).replace('%', "%25").replace('&', "%26").replace('=', "%3D").replace('+', "%2B")
    };
    let base = format!("/services/data/v{version}/jobs/query/{}", job.id);
    let pages: Vec<Value> = (0..5)
        .map(|page| first + page * size)
        .filter(|&from| from < job.rows.len() || from == 0)
        .map(|from| json!({ "resultUrl": format!("{base}/results?locator={}&maxRecords={size}", escaped(from)) }))
        .collect();
    let next = first + 5 * size;
    let mut value = json!({ "resultPages": pages, "done": next >= job.rows.len() });
    if next < job.rows.len() {
        value["nextRecordsUrl"] = json!(format!("{base}/resultPages?locator={}&maxRecords={size}", escaped(next)));
    }
    Ok(Reply::json(200, &value))
}
