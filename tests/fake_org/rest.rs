//! The read calls of the REST API, and the guard that lets nothing else in.

use serde_json::{Value, json};

use super::org::{Kind, Object, Org, find};
use super::plan::{self, Door, Mode, Plan};
use super::reply::{Call, ErrorResponse, Reply};
use super::run::{self, World};
use super::{auth, bulk};

/// A query whose rows are still being fetched.
pub(crate) struct Cursor {
    plan: Plan,
    rows: Vec<usize>,
}

/// Answers any call. Whatever is not a read is noted and refused, whoever asks.
pub(crate) fn answer(org: &mut Org, call: &Call) -> Reply {
    if !reads(call) {
        org.writes.push(format!("{} {}", call.method, call.path));
        return ErrorResponse::new(405, "METHOD_NOT_ALLOWED", "This org can be read only.").into();
    }
    match call.path.as_str() {
        "/services/oauth2/token" => return auth::token(org, call),
        "/services/data" | "/services/data/" => return versions(org),
        "/services/oauth2/revoke" => {
            org.rotate_token();
            return Reply::text(200, "", "");
        }
        _ => {}
    }
    if !auth::allowed(org, call) {
        // The identity service has words of its own for a token that is no longer good.
        if call.path == "/services/oauth2/userinfo" || call.path.starts_with("/id/") {
            return Reply::text(403, "text/html;charset=UTF-8", "Bad_OAuth_Token");
        }
        return ErrorResponse::new(401, "INVALID_SESSION_ID", "Session expired or invalid").into();
    }
    if call.path == "/services/oauth2/userinfo" || call.path.starts_with("/id/") {
        return auth::userinfo(org);
    }
    let rest = call.path.strip_prefix("/services/data/v").unwrap_or_default();
    let (version, rest) = rest.split_once('/').unwrap_or((rest, ""));
    if !org.versions.iter().any(|own| own == version) {
        if version.parse::<f64>().is_ok_and(|version| version <= 30.0) {
            return ErrorResponse::new(410, "UNSUPPORTED_API_VERSION", "This API version has been retired.").into();
        }
        return Reply::not_found();
    }
    if org.calls_used >= org.daily_limit {
        return ErrorResponse::new(403, "REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.").into();
    }
    org.calls_used += 1;
    versioned(org, call, version, rest).into()
}

/// Whether a call is on the list of what a reader may do.
fn reads(call: &Call) -> bool {
    let job = || {
        let rest = call.path.strip_prefix("/services/data/v").and_then(|rest| rest.split_once("/jobs/query/"));
        rest.is_some_and(|(_, id)| !id.is_empty() && !id.contains('/'))
    };
    match call.method.as_str() {
        "GET" => {
            call.path == "/services/data"
                || call.path.starts_with("/services/data/")
                || call.path == "/services/oauth2/userinfo"
                || call.path.starts_with("/id/")
        }
        "POST" => {
            let under_data = call.path.starts_with("/services/data/v");
            matches!(call.path.as_str(), "/services/oauth2/token" | "/services/oauth2/revoke")
                || under_data && call.path.ends_with("/jobs/query")
                || under_data && call.path.ends_with("/composite/batch") && batch(call).is_some()
        }
        "PATCH" => {
            let body: Result<Value, _> = serde_json::from_slice(&call.body);
            job() && body.is_ok_and(|body| body == json!({ "state": "Aborted" }))
        }
        "DELETE" => job(),
        _ => false,
    }
}

/// The addresses of a batch, if every one is a read.
fn batch(call: &Call) -> Option<Vec<String>> {
    let body: Value = serde_json::from_slice(&call.body).ok()?;
    let requests = body["batchRequests"].as_array()?;
    let address = |one: &Value| {
        let get = one["method"].as_str()?.eq_ignore_ascii_case("GET");
        if get {
            one["url"].as_str().map(|url| format!("/services/data/{}", url.trim_start_matches('/')))
        } else {
            None
        }
    };
    requests.iter().map(address).collect()
}

fn versions(org: &Org) -> Reply {
    let each = org.versions.iter().map(|version| {
        let number = version.split('.').next().unwrap_or_default();
        json!({ "label": format!("Release {number}"), "url": format!("/services/data/v{version}"), "version": version })
    });
    Reply::json(200, &each.collect())
}

fn versioned(org: &mut Org, call: &Call, version: &str, rest: &str) -> Result<Reply, ErrorResponse> {
    let parts: Vec<&str> = rest.split('/').filter(|part| !part.is_empty()).collect();
    let v = format!("v{version}");
    match parts.as_slice() {
        [] => {
            let names = ["sobjects", "query", "queryAll", "limits", "tooling", "jobs", "composite"];
            let urls = names.into_iter().map(|name| (name.to_owned(), json!(format!("/services/data/{v}/{name}"))));
            Ok(Reply::json(200, &Value::Object(urls.collect())))
        }
        ["limits"] => Ok(limits(org)),
        ["limits", "recordCount"] => Ok(counts(org, call)),
        ["query"] => query(org, call, &v, Door::Rest, false),
        ["queryAll"] => query(org, call, &v, Door::Rest, true),
        ["tooling", "query"] => query(org, call, &v, Door::Tooling, false),
        ["query" | "queryAll", locator] | ["tooling", "query", locator] => more(org, call, &v, rest, locator),
        ["sobjects"] => {
            let objects: Vec<Value> =
                org.objects.iter().filter(|object| object.readable).map(|object| about(object, &v)).collect();
            Ok(Reply::json(200, &json!({ "encoding": "UTF-8", "maxBatchSize": 200, "sobjects": objects })))
        }
        ["sobjects", name, rest @ ..] => sobject(org, &v, name, rest),
        ["jobs", "query", rest @ ..] => bulk::answer(org, call, version, rest),
        ["composite", "batch"] => composite(org, call),
        _ => Ok(Reply::not_found()),
    }
}

fn limits(org: &Org) -> Reply {
    let jobs = 10_000_usize.saturating_sub(org.jobs.len());
    Reply::json(
        200,
        &json!({
            "DailyApiRequests": { "Max": org.daily_limit, "Remaining": org.daily_limit.saturating_sub(org.calls_used) },
            "DailyBulkApiBatches": { "Max": 15_000, "Remaining": 15_000 },
            "DailyBulkV2QueryFileStorageMB": { "Max": 976_562, "Remaining": 976_562 },
            "DailyBulkV2QueryJobs": { "Max": 10_000, "Remaining": jobs },
        }),
    )
}

/// Rough counts, for planning: all rows that are not deleted, whoever may see them.
fn counts(org: &Org, call: &Call) -> Reply {
    let wanted: Option<Vec<&str>> = call.parameter("sObjects").map(|names| names.split(',').collect());
    let each = org.objects.iter().filter(|object| {
        wanted.as_ref().is_none_or(|names| names.iter().any(|name| name.eq_ignore_ascii_case(&object.name)))
    });
    let each: Vec<Value> = each
        .map(|object| {
            let count = object.rows.iter().filter(|row| !row.is_deleted).count();
            json!({ "name": object.name, "count": count })
        })
        .collect();
    Reply::json(200, &json!({ "sObjects": each }))
}

fn about(object: &Object, v: &str) -> Value {
    let url = format!("/services/data/{v}/sobjects/{}", object.name);
    json!({
        "name": object.name,
        "label": object.name,
        "labelPlural": object.name,
        "keyPrefix": object.key_prefix,
        "custom": object.name.ends_with("__c"),
        "customSetting": false,
        "queryable": true,
        "retrieveable": true,
        "createable": false,
        "updateable": false,
        "deletable": false,
        "deprecatedAndHidden": false,
        "urls": { "sobject": url, "describe": format!("{url}/describe"), "rowTemplate": format!("{url}/{{ID}}") },
    })
}

fn sobject(org: &mut Org, v: &str, name: &str, rest: &[&str]) -> Result<Reply, ErrorResponse> {
    let Some(object) = find(&org.objects, name).filter(|object| object.readable) else {
        return Ok(Reply::not_found());
    };
    match rest {
        [] => Ok(Reply::json(200, &json!({ "objectDescribe": about(object, v), "recentItems": [] }))),
        ["describe"] => {
            let mut value = about(object, v);
            value["fields"] = Value::Array(fields(org, object));
            value["childRelationships"] = json!([]);
            value["recordTypeInfos"] = json!([]);
            Ok(Reply::json(200, &value))
        }
        ["listviews", id, "describe"] => {
            let views = org.list_views.iter();
            let found = views.into_iter().find(|(own, _)| super::org::short(own) == super::org::short(id));
            let Some((id, query)) = found else { return Ok(Reply::not_found()) };
            let answer = json!({
                "id": id,
                "query": query,
                "scope": null,
                "sobjectType": object.name,
                "columns": [],
                "orderBy": [],
                "whereCondition": null,
            });
            Ok(Reply::json(200, &answer))
        }
        [id] => {
            let visible: Vec<&str> =
                object.fields.iter().filter(|field| field.visible).map(|field| field.name.as_str()).collect();
            let found = object.find(id).filter(|&at| object.rows[at].shared && !object.rows[at].is_deleted);
            let Some(found) = found else { return Ok(Reply::not_found()) };
            let text = format!("SELECT {} FROM {}", visible.join(", "), object.name);
            let plan = plan::plan(org, &text, Door::Rest)?;
            let record = run::record(&World::new(org, &plan), &plan, &plan.rows[found], v, false);
            Ok(Reply::text(200, "application/json;charset=UTF-8", record))
        }
        _ => Ok(Reply::not_found()),
    }
}

/// The fields that the user may see, and those that every object has.
fn fields(org: &Org, object: &Object) -> Vec<Value> {
    let describe = |name: &str, kind: Kind, relationship: Option<String>, to: Vec<&str>| {
        let (kind_name, soap, length, precision, scale) = match kind {
            Kind::Id => ("id", "tns:ID", 18, 0, 0),
            Kind::Text => ("string", "xsd:string", 255, 0, 0),
            Kind::Number { scale } => ("double", "xsd:double", 0, 18, scale),
            Kind::Int => ("int", "xsd:int", 0, 0, 0),
            Kind::Boolean => ("boolean", "xsd:boolean", 0, 0, 0),
            Kind::Date => ("date", "xsd:date", 0, 0, 0),
            Kind::DateTime => ("datetime", "xsd:dateTime", 0, 0, 0),
            Kind::Reference => ("reference", "tns:ID", 18, 0, 0),
            Kind::Compound => ("address", "urn:address", 0, 0, 0),
        };
        json!({
            "name": name,
            "label": name,
            "type": kind_name,
            "soapType": soap,
            "length": length,
            "byteLength": length * 3,
            "digits": if kind == Kind::Int { 9 } else { 0 },
            "precision": precision,
            "scale": scale,
            "nillable": !matches!(kind, Kind::Id | Kind::Boolean),
            "custom": name.ends_with("__c"),
            "calculated": false,
            "compoundFieldName": null,
            "referenceTo": to,
            "relationshipName": relationship,
            "filterable": kind != Kind::Compound,
            "sortable": kind != Kind::Compound,
            "groupable": !matches!(kind, Kind::Number { .. } | Kind::DateTime | Kind::Compound),
            "aggregatable": kind != Kind::Compound,
            "createable": false,
            "updateable": false,
            "unique": false,
            "externalId": false,
            "caseSensitive": false,
            "deprecatedAndHidden": false,
        })
    };
    let own = object.fields.iter().enumerate().filter(|(_, field)| field.visible).map(|(at, field)| {
        let to = plan::target(org, object, at).map(|target| target.name.as_str());
        let to = if field.kind == Kind::Reference { to.into_iter().collect() } else { Vec::new() };
        describe(&field.name, field.kind, field.relationship(), to)
    });
    let mut all: Vec<Value> = own.collect();
    if object.field("IsDeleted").is_none() && object.name != "User" {
        all.push(describe("IsDeleted", Kind::Boolean, None, Vec::new()));
    }
    if matches!(object.name.as_str(), "Account" | "Case" | "Contact" | "Lead")
        && object.field("MasterRecordId").is_none()
    {
        all.push(describe("MasterRecordId", Kind::Reference, Some("MasterRecord".into()), vec![&object.name]));
    }
    all
}

fn query(org: &mut Org, call: &Call, v: &str, door: Door, all: bool) -> Result<Reply, ErrorResponse> {
    let Some(text) = call.parameter("q") else {
        return Err(ErrorResponse::bad("MALFORMED_QUERY", "A query string has to be specified"));
    };
    let plan = plan::plan(org, text, door)?;
    let world = World::new(org, &plan);
    match &plan.mode {
        Mode::Count => {
            let count = run::matches(&world, &plan, all).len();
            Ok(Reply::json(200, &json!({ "totalSize": count, "done": true, "records": [] })))
        }
        Mode::Groups { .. } => {
            let records = run::groups(&world, &plan, all)?;
            let (count, records) = (records.len(), records.join(","));
            let body = format!(r#"{{"totalSize":{count},"done":true,"records":[{records}]}}"#);
            Ok(Reply::text(200, "application/json;charset=UTF-8", body))
        }
        Mode::Rows => {
            let rows = run::matches(&world, &plan, all);
            let locator = format!("0r8xx{:010}AAA", org.cursors.len() + 1);
            let way = match (door, all) {
                (Door::Tooling, _) => "tooling/query",
                (_, true) => "queryAll",
                _ => "query",
            };
            let cursor = Cursor { plan, rows };
            let (reply, done) = page(org, call, v, (way, &locator), &cursor, 0);
            if !done {
                org.cursors.insert(locator, cursor);
            }
            Ok(reply)
        }
    }
}

fn more(org: &Org, call: &Call, v: &str, rest: &str, text: &str) -> Result<Reply, ErrorResponse> {
    let invalid = || ErrorResponse::bad("INVALID_QUERY_LOCATOR", "invalid query locator");
    let (locator, from) = text.split_once('-').ok_or_else(invalid)?;
    let from: usize = from.parse().map_err(|_| invalid())?;
    let cursor = org.cursors.get(locator).ok_or_else(invalid)?;
    if from > cursor.rows.len() {
        return Err(invalid());
    }
    let way = rest.strip_suffix(text).unwrap_or("query").trim_end_matches('/');
    Ok(page(org, call, v, (way, locator), cursor, from).0)
}

/// One page of rows, and whether it is the last.
fn page(org: &Org, call: &Call, v: &str, (way, locator): (&str, &str), cursor: &Cursor, from: usize) -> (Reply, bool) {
    let size = call.batch_size.unwrap_or(2_000).clamp(200, 2_000).min(org.rest_page_cap.max(1));
    let to = (from + size).min(cursor.rows.len());
    let done = to == cursor.rows.len();
    let page = cursor.rows.get(from..to).unwrap_or_default();
    let world = World::new(org, &cursor.plan);
    let mut text = format!(r#"{{"totalSize":{},"done":{done},"#, cursor.rows.len());
    if !done {
        text += &format!(r#""nextRecordsUrl":"/services/data/{v}/{way}/{locator}-{to}","#);
    }
    text += r#""records":["#;
    for (number, &at) in page.iter().take(page.len().saturating_sub(call.fault.missing)).enumerate() {
        if number > 0 {
            text.push(',');
        }
        let nul = call.fault.nul && number == 0;
        text += &run::record(&world, &cursor.plan, &cursor.plan.rows[at], v, nul);
    }
    text += "]}";
    let mut reply = Reply::text(200, "application/json;charset=UTF-8", text);
    reply.is_page = true;
    (reply, done)
}

fn composite(org: &mut Org, call: &Call) -> Result<Reply, ErrorResponse> {
    let addresses = batch(call).unwrap_or_default();
    if addresses.is_empty() || addresses.len() > 25 {
        return Err(ErrorResponse::bad("INVALID_BATCH_SIZE", "A batch has 1 to 25 requests"));
    }
    let mut results = Vec::new();
    let mut errors = false;
    for address in addresses {
        let mut inner = Call { method: "GET".into(), body: bytes::Bytes::new(), ..call.clone() };
        inner.address(&address);
        let rest = inner.path.strip_prefix("/services/data/v").unwrap_or_default().to_owned();
        let (version, rest) = rest.split_once('/').unwrap_or((&rest, ""));
        let known = org.versions.iter().any(|own| own == version);
        let reply = if known { versioned(org, &inner, version, rest).into() } else { Reply::not_found() };
        errors |= reply.status >= 400;
        // The text goes through as it is: reading it would change how numbers are written.
        let result = if reply.body.is_empty() { "null".into() } else { String::from_utf8_lossy(&reply.body) };
        results.push(format!(r#"{{"statusCode":{},"result":{result}}}"#, reply.status));
    }
    let body = format!(r#"{{"hasErrors":{errors},"results":[{}]}}"#, results.join(","));
    Ok(Reply::text(200, "application/json;charset=UTF-8", body))
}
