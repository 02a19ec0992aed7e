//! Running a statement: which rows it finds, in which order, and how they are written.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::collections::{BTreeMap, HashMap};

use serde_json::Value;

use super::org::{Kind, Object, Org, Row, find, short};
use super::plan::{Expr, Leaf, Measure, Mode, Path, Plan, Test};
use super::reply::ErrorResponse;
use super::soql::Operator;

/// The objects that paths lead to, findable by id.
pub(crate) struct World<'a> {
    parents: BTreeMap<&'a str, (&'a Object, HashMap<&'a str, usize>)>,
}

impl<'a> World<'a> {
    pub(crate) fn new(org: &'a Org, plan: &Plan) -> Self {
        let parents = plan.parents().into_iter().filter_map(|name| {
            let object = find(&org.objects, name)?;
            let id = object.field("Id")?;
            let rows = object.rows.iter().enumerate();
            let index = rows.filter_map(|(at, row)| Some((short(row.value(id)?), at))).collect();
            Some((object.name.as_str(), (object, index)))
        });
        Self { parents: parents.collect() }
    }

    fn parent<'b>(&'b self, row: &'b Row, path: &Path, depth: usize) -> Option<&'b Row> {
        let mut row = row;
        for step in path.steps.get(..depth)? {
            let id = own(row, &step.leaf)?;
            let (object, index) = self.parents.get(step.object.as_str())?;
            row = object.rows.get(*index.get(short(id))?).filter(|row| row.shared)?;
        }
        Some(row)
    }

    pub(crate) fn value<'b>(&'b self, row: &'b Row, path: &Path) -> Option<&'b str> {
        let row = if path.steps.is_empty() { row } else { self.parent(row, path, path.steps.len())? };
        match own(row, &path.leaf) {
            None if path.kind == Kind::Boolean => Some("false"),
            value => value,
        }
    }

    fn result<'b>(&'b self, row: &'b Row, expr: &Expr) -> Option<Cow<'b, str>> {
        let value = self.value(row, &expr.path)?;
        Some(match expr.function.as_deref() {
            None => Cow::Borrowed(value),
            Some("DAY_ONLY") => Cow::Borrowed(value.get(..10)?),
            Some("HOUR_IN_DAY") => whole(value.get(11..13)?),
            Some("CALENDAR_YEAR") => whole(value.get(..4)?),
            Some("CALENDAR_MONTH") => whole(value.get(5..7)?),
            Some(_) => return None,
        })
    }

    fn passes(&self, row: &Row, test: &Test) -> bool {
        match test {
            Test::All(inner) => inner.iter().all(|test| self.passes(row, test)),
            Test::Any(inner) => inner.iter().any(|test| self.passes(row, test)),
            Test::Not(inner) => !self.passes(row, inner),
            Test::Among(expr, among, values) => {
                let value = self.result(row, expr);
                values.contains(value.as_deref().map_or(Cow::Borrowed(""), |value| key(expr.kind(), value)).as_ref())
                    == *among
            }
            Test::Compare(expr, operator, wanted) => {
                let value = self.result(row, expr);
                let (Some(value), Some(wanted)) = (value.as_deref(), wanted.as_deref()) else {
                    let equal = value.is_none() && wanted.is_none();
                    return match operator {
                        Operator::Equal => equal,
                        Operator::Unequal => !equal,
                        _ => false,
                    };
                };
                let order = || compare(expr.kind(), value, wanted);
                match operator {
                    Operator::Equal => order().is_eq(),
                    Operator::Unequal => order().is_ne(),
                    Operator::Less => order().is_lt(),
                    Operator::LessOrEqual => order().is_le(),
                    Operator::Greater => order().is_gt(),
                    Operator::GreaterOrEqual => order().is_ge(),
                    Operator::Like => like(wanted, value),
                }
            }
        }
    }
}

fn own<'a>(row: &'a Row, leaf: &Leaf) -> Option<&'a str> {
    match leaf {
        Leaf::Field(at) => row.value(*at),
        Leaf::IsDeleted => Some(if row.is_deleted { "true" } else { "false" }),
        Leaf::MasterRecord => row.master_record.as_deref(),
    }
}

fn whole(text: &str) -> Cow<'_, str> {
    let short = text.trim_start_matches('0');
    Cow::Borrowed(if short.is_empty() { "0" } else { short })
}

/// What two values share when SOQL calls them equal.
pub(crate) fn key(kind: Kind, value: &str) -> Cow<'_, str> {
    match kind {
        Kind::Id | Kind::Reference => Cow::Borrowed(short(value)),
        Kind::Text => Cow::Owned(value.to_lowercase()),
        Kind::Number { .. } | Kind::Int => Cow::Owned(double(value)),
        Kind::Boolean | Kind::Date | Kind::DateTime | Kind::Compound => Cow::Borrowed(value),
    }
}

fn compare(kind: Kind, a: &str, b: &str) -> Ordering {
    match kind {
        Kind::Id | Kind::Reference => short(a).cmp(short(b)),
        Kind::Text => {
            let folded = |text: &str| text.chars().flat_map(char::to_lowercase).collect::<String>();
            if a.is_ascii() && b.is_ascii() {
                let (a, b) = (a.bytes(), b.bytes());
                a.map(|byte| byte.to_ascii_lowercase()).cmp(b.map(|byte| byte.to_ascii_lowercase()))
            } else {
                folded(a).cmp(&folded(b))
            }
        }
        Kind::Number { .. } | Kind::Int => {
            let number = |text: &str| text.parse::<f64>().unwrap_or(f64::NAN);
            number(a).total_cmp(&number(b))
        }
        Kind::Boolean | Kind::Date | Kind::DateTime | Kind::Compound => a.cmp(b),
    }
}

/// `%` is any run of characters and `_` any one, unless escaped.
fn like(pattern: &str, value: &str) -> bool {
    fn fits(pattern: &[char], value: &[char]) -> bool {
        match (pattern, value) {
            ([], []) => true,
            (['%', rest @ ..], _) => fits(rest, value) || !value.is_empty() && fits(pattern, &value[1..]),
            (['\\', literal @ ('%' | '_'), rest @ ..], [first, ..]) => literal == first && fits(rest, &value[1..]),
            (['_', rest @ ..], [_, ..]) => fits(rest, &value[1..]),
            ([literal, rest @ ..], [first, ..]) => literal == first && fits(rest, &value[1..]),
            _ => false,
        }
    }
    let folded = |text: &str| text.to_lowercase().chars().collect::<Vec<_>>();
    fits(&folded(pattern), &folded(value))
}

/// The rows that a statement finds, in its order. `all` also finds deleted ones.
pub(crate) fn matches(world: &World<'_>, plan: &Plan, all: bool) -> Vec<usize> {
    let mut found: Vec<usize> = (0..plan.rows.len())
        .filter(|&at| {
            let row = &plan.rows[at];
            row.shared && (all || !row.is_deleted) && plan.filter.as_ref().is_none_or(|test| world.passes(row, test))
        })
        .collect();
    if !plan.order.is_empty() {
        found.sort_by(|&a, &b| {
            plan.order
                .iter()
                .map(|order| {
                    let value = |at: usize| world.result(&plan.rows[at], &order.by);
                    ordered(
                        order.by.kind(),
                        value(a).as_deref(),
                        value(b).as_deref(),
                        order.descending,
                        order.nulls_last,
                    )
                })
                .find(|order| order.is_ne())
                .unwrap_or(Ordering::Equal)
        });
    }
    if matches!(plan.mode, Mode::Rows | Mode::Count) {
        found.drain(..plan.offset.min(found.len()));
        found.truncate(plan.limit.unwrap_or(usize::MAX));
    }
    found
}

fn ordered(kind: Kind, a: Option<&str>, b: Option<&str>, descending: bool, nulls_last: bool) -> Ordering {
    match (a, b) {
        (Some(a), Some(b)) if descending => compare(kind, b, a),
        (Some(a), Some(b)) => compare(kind, a, b),
        (None, None) => Ordering::Equal,
        (None, Some(_)) => {
            if nulls_last {
                Ordering::Greater
            } else {
                Ordering::Less
            }
        }
        (Some(_), None) => {
            if nulls_last {
                Ordering::Less
            } else {
                Ordering::Greater
            }
        }
    }
}

/// The records of a grouped statement, as JSON objects.
pub(crate) fn groups(world: &World<'_>, plan: &Plan, all: bool) -> Result<Vec<String>, ErrorResponse> {
    let Mode::Groups { group, columns } = &plan.mode else { return Ok(Vec::new()) };
    let mut grouped: BTreeMap<Vec<Option<String>>, Vec<usize>> = BTreeMap::new();
    if group.is_empty() {
        grouped.insert(Vec::new(), Vec::new());
    }
    for at in matches(world, plan, all) {
        let key = group.iter().map(|expr| world.result(&plan.rows[at], expr).map(Cow::into_owned)).collect();
        grouped.entry(key).or_default().push(at);
    }
    let mut records: Vec<Vec<(Kind, Option<String>)>> = grouped
        .iter()
        .map(|(key, rows)| {
            let cells = columns.iter().map(|column| match &column.what {
                Measure::Group(number) => (group[*number].kind(), key[*number].clone()),
                Measure::Aggregate(function, expr) => aggregate(world, plan, rows, function, expr.as_ref()),
            });
            cells.collect()
        })
        .collect();
    records.sort_by(|a, b| {
        let each = plan.group_order.iter().map(|order| {
            let (kind, a) = &a[order.by];
            ordered(*kind, a.as_deref(), b[order.by].1.as_deref(), order.descending, order.nulls_last)
        });
        each.into_iter().find(|order| order.is_ne()).unwrap_or(Ordering::Equal)
    });
    records.drain(..plan.offset.min(records.len()));
    records.truncate(plan.limit.unwrap_or(usize::MAX));
    if records.len() > 2_000 {
        let message =
            "Aggregate query does not support queryMore(), use LIMIT to restrict the results to a single batch";
        return Err(ErrorResponse::bad("EXCEEDED_ID_LIMIT", message));
    }
    let written = records.iter().map(|record| {
        let mut text = r#"{"attributes":{"type":"AggregateResult"}"#.to_owned();
        for (column, (kind, value)) in columns.iter().zip(record) {
            text.push(',');
            text += &quoted(&column.name);
            text.push(':');
            text += &json_value(*kind, value.as_deref());
        }
        text.push('}');
        text
    });
    Ok(written.collect())
}

fn aggregate(
    world: &World<'_>,
    plan: &Plan,
    rows: &[usize],
    function: &str,
    expr: Option<&Expr>,
) -> (Kind, Option<String>) {
    let Some(expr) = expr else { return (Kind::Int, Some(rows.len().to_string())) };
    let kind = expr.kind();
    let values = || rows.iter().filter_map(|&at| world.result(&plan.rows[at], expr));
    match function {
        "COUNT" => (Kind::Int, Some(values().count().to_string())),
        "COUNT_DISTINCT" => {
            let distinct: std::collections::BTreeSet<String> =
                values().map(|value| key(kind, &value).into_owned()).collect();
            (Kind::Int, Some(distinct.len().to_string()))
        }
        "SUM" => {
            let sum: f64 = values().filter_map(|value| value.parse::<f64>().ok()).sum();
            (kind, Some(sum.to_string()))
        }
        "MIN" => (kind, values().min_by(|a, b| compare(kind, a, b)).map(Cow::into_owned)),
        _ => (kind, values().max_by(|a, b| compare(kind, a, b)).map(Cow::into_owned)),
    }
}

/// A number as Java writes a `double`.
pub(crate) fn double(text: &str) -> String {
    let Ok(number) = text.parse::<f64>() else { return text.to_owned() };
    let size = number.abs();
    if size == 0.0 || (1e-3..1e7).contains(&size) {
        return format!("{number:?}");
    }
    let text = format!("{number:E}");
    match text.split_once('E') {
        Some((mantissa, exponent)) if !mantissa.contains('.') => format!("{mantissa}.0E{exponent}"),
        _ => text,
    }
}

pub(crate) fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}

fn json_value(kind: Kind, value: Option<&str>) -> String {
    let Some(value) = value else { return "null".into() };
    match kind {
        Kind::Number { .. } if value.parse::<f64>().is_ok() => double(value),
        Kind::Int if value.parse::<i64>().is_ok() => value.to_owned(),
        Kind::Boolean if matches!(value, "true" | "false") => value.to_owned(),
        Kind::DateTime => match value.strip_suffix('Z') {
            Some(instant) => quoted(&format!("{instant}+0000")),
            None => quoted(value),
        },
        Kind::Compound if serde_json::from_str::<Value>(value).is_ok() => value.to_owned(),
        _ => quoted(value),
    }
}

/// The column in whose first value a NUL does the most harm.
fn victim(world: &World<'_>, plan: &Plan, row: &Row) -> Option<usize> {
    let holds = |path: &Path| path.kind == Kind::Text && world.value(row, path).is_some();
    plan.select.iter().position(holds)
}

/// One row as a record of the REST API.
pub(crate) fn record(world: &World<'_>, plan: &Plan, row: &Row, version: &str, nul: bool) -> String {
    let victim = if nul { victim(world, plan, row) } else { None };
    let id = plan.id.and_then(|at| row.value(at)).unwrap_or_default();
    let mut text = attributes(version, plan.tooling, &plan.object, id);
    let columns: Vec<usize> = (0..plan.select.len()).collect();
    members(world, plan, row, version, (&columns, 0, victim), &mut text);
    text.push('}');
    text
}

fn attributes(version: &str, tooling: bool, object: &str, id: &str) -> String {
    let tooling = if tooling { "tooling/" } else { "" };
    let url = format!("/services/data/{version}/{tooling}sobjects/{object}/{id}");
    format!(r#"{{"attributes":{{"type":{},"url":{}}}"#, quoted(object), quoted(&url))
}

/// Writes the named columns as members; those that share a relationship go into one nested record.
fn members(
    world: &World<'_>,
    plan: &Plan,
    row: &Row,
    version: &str,
    (columns, depth, victim): (&[usize], usize, Option<usize>),
    text: &mut String,
) {
    let part = |column: usize| {
        let mut parts = plan.select[column].text.split('.').skip(depth);
        (parts.next().unwrap_or_default(), parts.next().is_some())
    };
    let mut done: Vec<&str> = Vec::new();
    for &column in columns {
        let path = &plan.select[column];
        let (name, nested) = part(column);
        if done.contains(&name) {
            continue;
        }
        done.push(name);
        text.push(',');
        text.push_str(&quoted(name));
        text.push(':');
        if !nested {
            let value = world.value(row, path);
            match value.filter(|_| victim == Some(column)) {
                Some(value) => text.push_str(&quoted(&format!("{value}\0"))),
                None => text.push_str(&json_value(path.kind, value)),
            }
            continue;
        }
        let inner: Vec<usize> = columns.iter().copied().filter(|&other| part(other).0 == name).collect();
        let parent = world.parent(row, path, (depth + 1).min(path.steps.len()));
        let empty = inner.iter().all(|&column| world.value(row, &plan.select[column]).is_none());
        match (path.steps.get(depth), parent) {
            (Some(_), None) => text.push_str("null"),
            (None, _) if empty => text.push_str("null"),
            (step, _) => {
                let object = step.map_or(name, |step| step.object.as_str());
                let id = step.and_then(|step| {
                    let (object, _) = world.parents.get(step.object.as_str())?;
                    parent?.value(object.field("Id")?)
                });
                text.push_str(&attributes(version, plan.tooling, object, id.unwrap_or_default()));
                members(world, plan, row, version, (&inner, depth + 1, victim), text);
                text.push('}');
            }
        }
    }
}

/// One row as a line of Bulk CSV, without its end.
pub(crate) fn line(world: &World<'_>, plan: &Plan, row: &Row, delimiter: char, nul: bool, text: &mut String) {
    let victim = if nul { victim(world, plan, row) } else { None };
    for (column, path) in plan.select.iter().enumerate() {
        if column > 0 {
            text.push(delimiter);
        }
        text.push('"');
        match (world.value(row, path).unwrap_or_default(), path.kind) {
            ("", _) => {}
            (value, Kind::Number { .. }) => text.push_str(&double(value)),
            (value, _) if value.contains('"') => text.push_str(&value.replace('"', "\"\"")),
            (value, _) => text.push_str(value),
        }
        if victim == Some(column) {
            text.push('\0');
        }
        text.push('"');
    }
}
