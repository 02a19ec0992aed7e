//! What a SOQL statement means for the org: names become columns, literals are held against types,
//! and refusals are those of Salesforce.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::org::{Kind, Object, Org, Row, find, short};
use super::reply::ErrorResponse;
use super::run;
use super::soql::{self, Condition, Literal, Operator, Query, Term, located};
use super::tooling;

/// By which way a statement came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Door {
    Rest,
    Bulk,
    Tooling,
}

#[derive(Debug, Clone)]
pub(crate) enum Leaf {
    Field(usize),
    IsDeleted,
    MasterRecord,
}

/// From a reference to the object it leads to.
#[derive(Debug, Clone)]
pub(crate) struct Step {
    pub(crate) leaf: Leaf,
    pub(crate) object: String,
}

#[derive(Debug, Clone)]
pub(crate) struct Path {
    /// With the names as the org spells them.
    pub(crate) text: String,
    pub(crate) steps: Vec<Step>,
    pub(crate) leaf: Leaf,
    pub(crate) kind: Kind,
}

#[derive(Debug, Clone)]
pub(crate) struct Expr {
    pub(crate) function: Option<String>,
    pub(crate) path: Path,
}

impl Expr {
    /// The kind of its result.
    pub(crate) fn kind(&self) -> Kind {
        match self.function.as_deref() {
            Some("DAY_ONLY") => Kind::Date,
            Some("HOUR_IN_DAY" | "CALENDAR_YEAR" | "CALENDAR_MONTH") => Kind::Int,
            _ => self.path.kind,
        }
    }
}

/// A condition whose literals have the type of their field.
#[derive(Debug, Clone)]
pub(crate) enum Test {
    All(Vec<Test>),
    Any(Vec<Test>),
    Not(Box<Test>),
    Compare(Expr, Operator, Option<String>),
    Among(Expr, bool, BTreeSet<String>),
}

/// A column of an aggregate result.
#[derive(Debug, Clone)]
pub(crate) struct Column {
    pub(crate) name: String,
    pub(crate) what: Measure,
}

#[derive(Debug, Clone)]
pub(crate) enum Measure {
    /// The grouped value of this number.
    Group(usize),
    /// `COUNT()` beside other things, or `COUNT(Id)` and the like.
    Aggregate(String, Option<Expr>),
}

#[derive(Debug, Clone)]
pub(crate) enum Mode {
    Rows,
    Count,
    Groups { group: Vec<Expr>, columns: Vec<Column> },
}

#[derive(Debug, Clone)]
pub(crate) struct Ordered<T> {
    pub(crate) by: T,
    pub(crate) descending: bool,
    pub(crate) nulls_last: bool,
}

/// A statement that can be run and its rows written, even after the org has changed.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    pub(crate) object: String,
    pub(crate) tooling: bool,
    pub(crate) id: Option<usize>,
    pub(crate) rows: Arc<Vec<Row>>,
    pub(crate) select: Vec<Path>,
    pub(crate) mode: Mode,
    pub(crate) filter: Option<Test>,
    pub(crate) order: Vec<Ordered<Expr>>,
    /// In a grouped query: the number of the column.
    pub(crate) group_order: Vec<Ordered<usize>>,
    pub(crate) limit: Option<usize>,
    pub(crate) offset: usize,
}

impl Plan {
    /// The objects that its paths lead to.
    pub(crate) fn parents(&self) -> BTreeSet<&str> {
        fn of_test<'a>(test: &'a Test, found: &mut Vec<&'a Path>) {
            match test {
                Test::All(inner) | Test::Any(inner) => inner.iter().for_each(|test| of_test(test, found)),
                Test::Not(inner) => of_test(inner, found),
                Test::Compare(expr, ..) | Test::Among(expr, ..) => found.push(&expr.path),
            }
        }
        let mut paths: Vec<&Path> = self.select.iter().chain(self.order.iter().map(|order| &order.by.path)).collect();
        if let Mode::Groups { group, columns } = &self.mode {
            paths.extend(group.iter().map(|expr| &expr.path));
            paths.extend(columns.iter().filter_map(|column| match &column.what {
                Measure::Aggregate(_, expr) => expr.as_ref().map(|expr| &expr.path),
                Measure::Group(_) => None,
            }));
        }
        if let Some(test) = &self.filter {
            of_test(test, &mut paths);
        }
        paths.into_iter().flat_map(|path| path.steps.iter().map(|step| step.object.as_str())).collect()
    }
}

/// Understands a statement, or refuses it. A clause that writes is noted as an attempt to write.
pub(crate) fn plan(org: &mut Org, text: &str, door: Door) -> Result<Plan, ErrorResponse> {
    let query = soql::parse(text)?;
    if let Some(clause) = &query.writes {
        org.writes.push(format!("SOQL {clause}: {text}"));
    }
    Binder { org, text, door }.query(&query)
}

struct Binder<'a> {
    org: &'a Org,
    text: &'a str,
    door: Door,
}

impl Binder<'_> {
    fn refuse(&self, at: usize, code: &str, message: &str) -> ErrorResponse {
        located(self.text, at, code, message)
    }

    fn query(&self, query: &Query) -> Result<Plan, ErrorResponse> {
        let made;
        let object = if self.door == Door::Tooling {
            match tooling::object(self.org, query)? {
                Some(object) => {
                    made = object;
                    Some(&made)
                }
                None => find(&self.org.tooling, &query.from),
            }
        } else {
            find(&self.org.objects, &query.from).filter(|object| object.readable)
        };
        let Some(object) = object else {
            let message = format!(
                "sObject type '{}' is not supported. If you are attempting to use a custom object, be sure to append \
                 the '__c' after the entity name. Please reference your WSDL or the describe call for the appropriate \
                 names.",
                query.from
            );
            return Err(self.refuse(query.from_at, "INVALID_TYPE", &message));
        };
        if self.door == Door::Bulk {
            self.bulk_takes(query, object)?;
        }
        if query.offset.is_some_and(|offset| offset > 2_000) {
            let message = "Maximum SOQL offset allowed is 2000";
            return Err(ErrorResponse::bad("NUMBER_OUTSIDE_VALID_RANGE", message));
        }
        let filter = query.filter.as_ref().map(|condition| self.condition(object, condition)).transpose()?;
        let mut plan = Plan {
            object: object.name.clone(),
            tooling: self.door == Door::Tooling,
            id: object.field("Id"),
            rows: Arc::clone(&object.rows),
            select: Vec::new(),
            mode: Mode::Rows,
            filter,
            order: Vec::new(),
            group_order: Vec::new(),
            limit: query.limit,
            offset: query.offset.unwrap_or(0),
        };
        let aggregates = query.select.iter().any(|item| is_aggregate(&item.term));
        let bare_count = |term: &Term| term.function.as_deref() == Some("COUNT") && term.path.is_empty();
        if let [only] = query.select.as_slice()
            && bare_count(&only.term)
            && query.group.is_empty()
        {
            plan.mode = Mode::Count;
        } else if aggregates || !query.group.is_empty() {
            self.groups(query, object, &mut plan)?;
        } else {
            for item in &query.select {
                if item.term.function.as_deref() == Some("FIELDS") {
                    if query.limit.is_none_or(|limit| limit > 200) {
                        let message = "The SOQL FIELDS function must have a LIMIT of at most 200";
                        return Err(self.refuse(item.term.at, "MALFORMED_QUERY", message));
                    }
                    let visible = object.fields.iter().filter(|field| field.visible);
                    for field in visible.map(|field| field.name.clone()) {
                        plan.select.push(self.path(object, &field, item.term.at)?);
                    }
                    continue;
                }
                if item.term.function.as_deref().is_some_and(|function| function != "TOLABEL") {
                    let message = "only aggregate expressions use field aliasing or date functions without GROUP BY";
                    return Err(self.refuse(item.term.at, "MALFORMED_QUERY", message));
                }
                if item.alias.is_some() {
                    let message = "only aggregate expressions use field aliasing";
                    return Err(self.refuse(item.term.at, "MALFORMED_QUERY", message));
                }
                let path = self.path(object, &item.term.path, item.term.at)?;
                if plan.select.iter().any(|other| other.text == path.text) {
                    let message = format!("duplicate field selected: {}", path.text);
                    return Err(ErrorResponse::bad("INVALID_FIELD", &message));
                }
                plan.select.push(path);
            }
            for order in &query.order {
                let by = self.expr(object, &order.term)?;
                plan.order.push(Ordered { by, descending: order.descending, nulls_last: order.nulls_last });
            }
        }
        Ok(plan)
    }

    fn bulk_takes(&self, query: &Query, object: &Object) -> Result<(), ErrorResponse> {
        if !object.bulk {
            let message = format!("Entity '{}' is not supported by the Bulk API.", object.name);
            return Err(ErrorResponse::bad("INVALIDENTITY", &message));
        }
        let function = query.select.iter().find_map(|item| item.term.function.as_deref());
        let what = match function {
            Some("FIELDS") => "FIELDS function is not supported in Bulk API",
            Some("TOLABEL") => "toLabel is not supported in Bulk API",
            Some(_) => "Aggregate Relationships not supported in Bulk Query",
            None if !query.group.is_empty() => "Group By not supported in Bulk Query",
            None if query.offset.is_some() => "Offset is not supported in Bulk Query",
            None => {
                let compound = query.select.iter().filter_map(|item| object.field(&item.term.path));
                if compound.into_iter().any(|at| object.fields[at].kind == Kind::Compound) {
                    "Selecting compound data not supported in Bulk Query"
                } else {
                    return Ok(());
                }
            }
        };
        Err(ErrorResponse::bad("API_ERROR", what))
    }

    fn groups(&self, query: &Query, object: &Object, plan: &mut Plan) -> Result<(), ErrorResponse> {
        let group: Vec<Expr> = query.group.iter().map(|term| self.expr(object, term)).collect::<Result<_, _>>()?;
        let mut columns = Vec::new();
        let mut unnamed = 0;
        for item in &query.select {
            let same = |term: &Term| term.function == item.term.function && same_name(&term.path, &item.term.path);
            let (name, what) = if is_aggregate(&item.term) {
                let function = item.term.function.clone().unwrap_or_default();
                let of = if item.term.path.is_empty() {
                    None
                } else {
                    let path = self.path(object, &item.term.path, item.term.at)?;
                    let adds = function == "SUM";
                    if adds && !matches!(path.kind, Kind::Number { .. } | Kind::Int)
                        || matches!(function.as_str(), "MAX" | "MIN") && path.kind == Kind::Boolean
                    {
                        let message = format!("field {} does not support aggregate operator {function}", path.text);
                        return Err(self.refuse(item.term.at, "MALFORMED_QUERY", &message));
                    }
                    Some(Expr { function: None, path })
                };
                (None, Measure::Aggregate(function, of))
            } else if let Some(number) = query.group.iter().position(same) {
                let plain = item.term.function.is_none();
                let leaf = group[number].path.text.rsplit('.').next().unwrap_or_default().to_owned();
                (plain.then_some(leaf), Measure::Group(number))
            } else {
                let path = self.path(object, &item.term.path, item.term.at)?;
                let message = format!("Field must be grouped or aggregated: {}", path.text);
                return Err(self.refuse(item.term.at, "MALFORMED_QUERY", &message));
            };
            let name = item.alias.clone().or(name).unwrap_or_else(|| {
                unnamed += 1;
                format!("expr{}", unnamed - 1)
            });
            columns.push(Column { name, what });
        }
        for order in &query.order {
            let by = query.select.iter().position(|item| {
                let alias = order.term.function.is_none()
                    && item.alias.as_deref().is_some_and(|alias| same_name(alias, &order.term.path));
                alias || item.term.function == order.term.function && same_name(&item.term.path, &order.term.path)
            });
            let Some(by) = by else {
                let message = format!("Ordered field must be grouped or aggregated: {}", order.term.path);
                return Err(self.refuse(order.term.at, "MALFORMED_QUERY", &message));
            };
            plan.group_order.push(Ordered { by, descending: order.descending, nulls_last: order.nulls_last });
        }
        plan.mode = Mode::Groups { group, columns };
        Ok(())
    }

    fn expr(&self, object: &Object, term: &Term) -> Result<Expr, ErrorResponse> {
        if is_aggregate(term) || term.function.as_deref() == Some("FIELDS") {
            let message = format!("Grouping field or filter may not be an aggregate: {}", term.path);
            return Err(self.refuse(term.at, "MALFORMED_QUERY", &message));
        }
        let path = self.path(object, &term.path, term.at)?;
        let function = term.function.clone().filter(|function| function != "TOLABEL");
        if function.is_some() && path.kind != Kind::DateTime && path.kind != Kind::Date {
            let message = format!("{} is not a date or time field", path.text);
            return Err(self.refuse(term.at, "INVALID_FIELD", &message));
        }
        Ok(Expr { function, path })
    }

    /// Follows a path from the object through references, by the fields that the user may see.
    fn path(&self, object: &Object, text: &str, at: usize) -> Result<Path, ErrorResponse> {
        let mut object = object;
        let mut rest = text;
        let mut steps: Vec<Step> = Vec::new();
        let mut spelled = String::new();
        loop {
            // Setup objects name whole paths; a statement may begin with the object's own name.
            if let Some((leaf, name, kind)) = leaf_of(object, rest) {
                return Ok(Path { text: format!("{spelled}{name}"), steps, leaf, kind });
            }
            let Some((head, tail)) = rest.split_once('.') else {
                let message = format!(
                    "No such column '{rest}' on entity '{}'. If you are attempting to use a custom field, be sure to \
                     append the '__c' after the custom field name. Please reference your WSDL or the describe call \
                     for the appropriate names.",
                    object.name
                );
                return Err(self.refuse(at, "INVALID_FIELD", &message));
            };
            if steps.is_empty() && same_name(head, &object.name) {
                rest = tail;
                continue;
            }
            let reference = object.fields.iter().position(|field| {
                field.visible && field.relationship().is_some_and(|relationship| same_name(&relationship, head))
            });
            let target = reference.and_then(|at| target(self.org, object, at)).filter(|target| target.readable);
            let (Some(reference), Some(target)) = (reference, target) else {
                let message = format!(
                    "Didn't understand relationship '{head}' in field path. If you are attempting to use a custom \
                     relationship, be sure to append the '__r' after the custom relationship name. Please reference \
                     your WSDL or the describe call for the appropriate names."
                );
                return Err(self.refuse(at, "INVALID_FIELD", &message));
            };
            spelled += &object.fields[reference].relationship().unwrap_or_default();
            spelled.push('.');
            steps.push(Step { leaf: Leaf::Field(reference), object: target.name.clone() });
            object = target;
            rest = tail;
        }
    }

    fn condition(&self, object: &Object, condition: &Condition) -> Result<Test, ErrorResponse> {
        let each = |inner: &[Condition]| inner.iter().map(|one| self.condition(object, one)).collect::<Result<_, _>>();
        Ok(match condition {
            Condition::And(inner) => Test::All(each(inner)?),
            Condition::Or(inner) => Test::Any(each(inner)?),
            Condition::Not(inner) => Test::Not(Box::new(self.condition(object, inner)?)),
            Condition::Compare(term, operator, literal) => {
                let expr = self.expr(object, term)?;
                let kind = expr.kind();
                let ordered = !matches!(operator, Operator::Equal | Operator::Unequal | Operator::Like);
                if *operator == Operator::Like && kind != Kind::Text || ordered && kind == Kind::Boolean {
                    let message = format!("invalid operator on {} field", expr.path.text);
                    return Err(self.refuse(term.at, "INVALID_QUERY_FILTER_OPERATOR", &message));
                }
                let value = self.typed(&expr, literal, term.at)?;
                let value = if kind == Kind::Boolean { value.or(Some("false".into())) } else { value };
                Test::Compare(expr, *operator, value)
            }
            Condition::Among(term, among, literals) => {
                let expr = self.expr(object, term)?;
                let mut values = BTreeSet::new();
                for literal in literals {
                    let value = self.typed(&expr, literal, term.at)?;
                    values.insert(value.map_or(String::new(), |value| run::key(expr.kind(), &value).into_owned()));
                }
                Test::Among(expr, *among, values)
            }
            Condition::Within(term, among, inner) => {
                let expr = self.expr(object, term)?;
                let inner = self.query(inner)?;
                let [path] = inner.select.as_slice() else {
                    return Err(self.refuse(term.at, "MALFORMED_QUERY", "The inner select must have one field"));
                };
                let world = run::World::new(self.org, &inner);
                let values = run::matches(&world, &inner, false)
                    .into_iter()
                    .filter_map(|at| world.value(&inner.rows[at], path))
                    .map(|value| run::key(path.kind, value).into_owned())
                    .collect();
                Test::Among(expr, *among, values)
            }
        })
    }

    /// The literal as text of the expression's kind; `None` is null.
    fn typed(&self, expr: &Expr, literal: &Literal, at: usize) -> Result<Option<String>, ErrorResponse> {
        let name = &expr.path.text;
        let (expected, quoted) = match (expr.kind(), literal) {
            (_, Literal::Null) => return Ok(None),
            (Kind::Text, Literal::Text(text)) => return Ok(Some(text.clone()).filter(|text| !text.is_empty())),
            (Kind::Id | Kind::Reference, Literal::Text(text)) => {
                let is_id = matches!(text.len(), 15 | 18) && text.bytes().all(|byte| byte.is_ascii_alphanumeric());
                if !text.is_empty() && !is_id {
                    let message = format!("invalid ID field: {text}");
                    return Err(self.refuse(at, "INVALID_QUERY_FILTER_OPERATOR", &message));
                }
                return Ok(Some(short(text).to_owned()).filter(|text| !text.is_empty()));
            }
            (Kind::Number { .. } | Kind::Int, Literal::Number(number)) => return Ok(Some(number.to_string())),
            (Kind::Boolean, Literal::Boolean(is)) => return Ok(Some(is.to_string())),
            (Kind::Date, Literal::Date(day)) => return Ok(Some(day.clone())),
            (Kind::DateTime, Literal::DateTime(instant)) => return Ok(Some(instant.clone())),
            (Kind::Compound, _) => {
                let message = format!("field '{name}' can not be filtered in a query call");
                return Err(self.refuse(at, "INVALID_FIELD", &message));
            }
            (Kind::Text, _) => ("string", true),
            (Kind::Id | Kind::Reference, _) => ("ID", true),
            (Kind::Number { .. }, _) => ("double", false),
            (Kind::Int, _) => ("int", false),
            (Kind::Boolean, _) => ("boolean", false),
            (Kind::Date, _) => ("date", false),
            (Kind::DateTime, _) => ("dateTime", false),
        };
        let quotes = if quoted { "should be enclosed in quotes" } else { "should not be enclosed in quotes" };
        let message = format!("value of filter criterion for field '{name}' must be of type {expected} and {quotes}");
        Err(self.refuse(at, "INVALID_FIELD", &message))
    }
}

fn is_aggregate(term: &Term) -> bool {
    matches!(term.function.as_deref(), Some("COUNT" | "COUNT_DISTINCT" | "MAX" | "MIN" | "SUM"))
}

fn same_name(a: &str, b: &str) -> bool {
    a.eq_ignore_ascii_case(b)
}

/// A visible field, or one that every object has.
fn leaf_of(object: &Object, name: &str) -> Option<(Leaf, String, Kind)> {
    if let Some(at) = object.field(name) {
        let field = &object.fields[at];
        return field.visible.then(|| (Leaf::Field(at), field.name.clone(), field.kind));
    }
    let merges = matches!(object.name.as_str(), "Account" | "Case" | "Contact" | "Lead");
    if same_name(name, "IsDeleted") && object.name != "User" {
        return Some((Leaf::IsDeleted, "IsDeleted".into(), Kind::Boolean));
    }
    (merges && same_name(name, "MasterRecordId"))
        .then(|| (Leaf::MasterRecord, "MasterRecordId".into(), Kind::Reference))
}

/// The object that a reference leads to: as said, by its name, or by the first id it holds.
pub(crate) fn target<'a>(org: &'a Org, object: &Object, field: usize) -> Option<&'a Object> {
    let own = &object.fields[field];
    if let Some(name) = &own.refers_to {
        return find(&org.objects, name);
    }
    if matches!(own.name.as_str(), "CreatedById" | "LastModifiedById" | "OwnerId") {
        return find(&org.objects, "User");
    }
    let named = own.name.strip_suffix("Id").unwrap_or(&own.name);
    find(&org.objects, named).or_else(|| {
        let id = object.rows.iter().find_map(|row| row.value(field))?;
        org.objects.iter().find(|object| id.starts_with(&object.key_prefix))
    })
}
