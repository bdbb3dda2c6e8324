//! Questions that PostgreSQL's clients put and DataFusion cannot plan, put so that it can: about the catalogs, and with
//! parameters whose type it does not tell; and what [`search::sql::rewrite`] puts otherwise for everybody.
//!
//! Nothing here has a key, an index, a comment, a privilege, an option or a policy. So an array that a subquery would
//! gather from the catalogs is empty, a comment is null, and what asks for the columns of keys has no rows. Tables of
//! `information_schema` are looked for where ours are ([`super::views`]). Only statements that name the catalogs, have
//! parameters or an order are touched.

use super::views;
use datafusion::sql::sqlparser::ast::{
    BinaryOperator, DataType, Expr, Function, FunctionArguments, Ident, LimitClause, ObjectName, Query,
    Select, SelectItem, SetExpr, Statement, Value, VisitMut, VisitorMut, visit_expressions,
    visit_expressions_mut, visit_relations_mut,
};
use datafusion::sql::sqlparser::dialect::PostgreSqlDialect;
use datafusion::sql::sqlparser::parser::Parser;
use datafusion_postgres::pgwire::api::Type;
use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt::Write;
use std::ops::ControlFlow;

/// Columns of arrays that the emulated tables lack, or hold as text.
const LEFT_OUT: [&str; 6] = ["relacl", "reloptions", "attacl", "attoptions", "attfdwoptions", "nspacl"];
/// The columns of keys, and the function that lists those of an index.
const OF_KEYS: [&str; 4] = ["conkey", "confkey", "indkey", "_pg_expandarray"];
const COMMENTS: [&str; 3] = ["obj_description", "col_description", "shobj_description"];
/// What describes columns that count, collations, and defaults: there are none.
const DESCRIPTIONS: [&str; 2] = ["json_build_object", "pg_get_expr"];

/// The statement as it can be planned. `types` are those of its parameters that the client told.
pub(super) fn plannable<'s>(sql: &'s str, types: &[Option<Type>]) -> Cow<'s, str> {
    let lower = sql.to_ascii_lowercase();
    let of_catalogs = lower.contains("pg_") || lower.contains("information_schema");
    let has_parameters = sql.contains('$');
    let has_order = lower.contains("order") || lower.contains("show");
    if !of_catalogs && !has_parameters && !has_order {
        return Cow::Borrowed(sql);
    }
    // What cannot be read is left to those who will say why.
    let Ok(mut statements) = Parser::parse_sql(&PostgreSqlDialect {}, sql) else { return Cow::Borrowed(sql) };
    let Ok(constants) = Constants::new() else { return Cow::Borrowed(sql) };
    let mut changed = false;
    for statement in &mut statements {
        changed |= search::sql::rewrite(statement);
        let mut parameters = Parameters { types, changed: false };
        let _ = VisitMut::visit(statement, &mut parameters);
        changed |= parameters.changed;
        if !of_catalogs {
            continue;
        }
        if asks_for_keys(statement)
            && let Some(nothing) = without_rows(statement)
        {
            *statement = nothing;
            changed = true;
            continue;
        }
        if let Statement::Query(query) = statement
            && let SetExpr::Select(select) = &mut *query.body
        {
            changed |= named(select) | keeps_parameters(select, types);
        }
        let _ = visit_relations_mut(statement, |name| {
            changed |= moved(name);
            ControlFlow::<()>::Continue(())
        });
        let _ = visit_expressions_mut(statement, |expr| {
            changed |= constants.put(expr);
            ControlFlow::<()>::Continue(())
        });
    }
    if !changed {
        return Cow::Borrowed(sql);
    }
    Cow::Owned(statements.iter().map(Statement::to_string).collect::<Vec<_>>().join("; "))
}

/// Parameters whose type the planner does not tell, so that a client sends them as text: the limit of rows, which is a
/// number, and the array of `x = ANY($1)`, which is one of texts; numbers compare with those as they are written. And
/// those that the planner would take for something else than the client says: the length of time in `now() - $1`.
struct Parameters<'t> {
    types: &'t [Option<Type>],
    changed: bool,
}

impl Parameters<'_> {
    fn is_interval(&self, expr: &Expr) -> bool {
        let Expr::Value(value) = expr else { return false };
        let Value::Placeholder(name) = &value.value else { return false };
        declared(name, self.types) == Some(&Type::INTERVAL)
    }

    fn typed(&mut self, expr: &mut Expr, data_type: &str) {
        if matches!(expr, Expr::Value(value) if matches!(value.value, Value::Placeholder(_)))
            && let Ok(typed) = parsed(&format!("CAST({expr} AS {data_type})"))
        {
            *expr = typed;
            self.changed = true;
        }
    }
}

impl VisitorMut for Parameters<'_> {
    type Break = ();

    fn pre_visit_query(&mut self, query: &mut Query) -> ControlFlow<()> {
        match &mut query.limit_clause {
            Some(LimitClause::LimitOffset { limit, offset, .. }) => {
                limit.iter_mut().for_each(|expr| self.typed(expr, "BIGINT"));
                offset.iter_mut().for_each(|offset| self.typed(&mut offset.value, "BIGINT"));
            }
            Some(LimitClause::OffsetCommaLimit { offset, limit }) => {
                self.typed(offset, "BIGINT");
                self.typed(limit, "BIGINT");
            }
            None => {}
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<()> {
        match expr {
            Expr::AnyOp { right, .. } | Expr::AllOp { right, .. } => self.typed(right, "TEXT[]"),
            Expr::BinaryOp { left, right, .. } => {
                for side in [left, right] {
                    if self.is_interval(side) {
                        self.typed(side, "INTERVAL");
                    }
                }
            }
            _ => {}
        }
        ControlFlow::Continue(())
    }
}

/// Gives names to what will be a constant, or is one: PostgreSQL's own, with a number where it has none, because the
/// planner wants columns to have different ones.
fn named(select: &mut Select) -> bool {
    let mut changed = false;
    for (i, item) in select.projection.iter_mut().enumerate() {
        let SelectItem::UnnamedExpr(expr) = item else { continue };
        let name = match expr {
            Expr::Value(_) => format!("?column?{i}"),
            Expr::Function(function) if gathers(function) => format!("array{i}"),
            Expr::Function(function) if COMMENTS.contains(&last(&function.name).as_str()) => {
                last(&function.name)
            }
            Expr::CompoundIdentifier(parts) => match parts.last() {
                Some(part) if LEFT_OUT.contains(&part.value.as_str()) => part.value.clone(),
                _ => continue,
            },
            Expr::Identifier(name) if LEFT_OUT.contains(&name.value.as_str()) => name.value.clone(),
            _ => continue,
        };
        *item = SelectItem::ExprWithAlias { expr: expr.clone(), alias: Ident::with_quote('"', name) };
        changed = true;
    }
    changed
}

/// `datafusion-postgres` leaves out subqueries among the columns of a question about the catalogs, as is left out here what
/// is null anyway, and takes the parameters that are left as if they had been counted without gaps: those of the subqueries are named once more.
fn keeps_parameters(select: &mut Select, types: &[Option<Type>]) -> bool {
    let mut left_out: BTreeSet<String> = BTreeSet::new();
    let _ = visit_expressions(&select.projection, |expr| {
        if matches!(expr, Expr::Subquery(_)) || is_nothing(expr) {
            let _ = visit_expressions(expr, |inner| {
                if matches!(inner, Expr::Value(value) if matches!(value.value, Value::Placeholder(_))) {
                    left_out.insert(inner.to_string());
                }
                ControlFlow::<()>::Continue(())
            });
        }
        ControlFlow::<()>::Continue(())
    });
    for parameter in &left_out {
        let as_type = if is_whole_number(parameter, types) { "BIGINT" } else { "TEXT" };
        let Ok(named) = parsed(&format!("(CAST({parameter} AS {as_type}) IS NULL OR true)")) else {
            return false;
        };
        select.selection = Some(match select.selection.take() {
            None => named,
            Some(condition) => Expr::BinaryOp {
                left: Box::new(Expr::Nested(Box::new(condition))),
                op: BinaryOperator::And,
                right: Box::new(named),
            },
        });
    }
    !left_out.is_empty()
}

/// The type that the client says a parameter has, if it does.
fn declared<'t>(parameter: &str, types: &'t [Option<Type>]) -> Option<&'t Type> {
    let number: usize = parameter.strip_prefix('$')?.parse().ok()?;
    types.get(number.checked_sub(1)?)?.as_ref()
}

fn is_whole_number(parameter: &str, types: &[Option<Type>]) -> bool {
    declared(parameter, types).is_some_and(|it| [Type::INT2, Type::INT4, Type::INT8].contains(it))
}

/// What stands for expressions whose value is known.
struct Constants {
    no_array: Expr,
    no_text: Expr,
    schema: Expr,
}

impl Constants {
    fn new() -> Result<Constants, datafusion::sql::sqlparser::parser::ParserError> {
        Ok(Constants {
            no_array: parsed("NULL::text[]")?,
            no_text: parsed("NULL::text")?,
            schema: parsed(&format!("'{}'", search::sql::SCHEMA))?,
        })
    }

    /// Whether the expression was replaced.
    fn put(&self, expr: &mut Expr) -> bool {
        let constant = match expr {
            Expr::Function(function) if gathers(function) => &self.no_array,
            Expr::Function(function) if COMMENTS.contains(&last(&function.name).as_str()) => &self.no_text,
            Expr::Function(function) => match looked_up(function) {
                Some(subquery) => {
                    *expr = subquery;
                    return true;
                }
                None => return false,
            },
            Expr::CompoundIdentifier(parts) => match parts.last() {
                Some(part) if LEFT_OUT.contains(&part.value.as_str()) => &self.no_array,
                _ => return false,
            },
            Expr::Identifier(name) if LEFT_OUT.contains(&name.value.as_str()) => &self.no_array,
            Expr::Subquery(query) if describes(&query.body) => &self.no_text,
            Expr::Subquery(query) => return one_of_class(&mut query.body),
            Expr::Case { .. } if is_nothing(expr) => &self.no_text,
            Expr::InSubquery { expr: tested, subquery, negated } if searches_path(subquery) => {
                let list = vec![self.schema.clone()];
                *expr = Expr::InList { expr: tested.clone(), list, negated: *negated };
                return true;
            }
            Expr::Cast { expr: name, data_type, .. } => match named_function(name, data_type) {
                Some(name) => {
                    *expr = name;
                    return true;
                }
                None => return false,
            },
            _ => return false,
        };
        *expr = constant.clone();
        true
    }
}

/// `to_regtype('name')`, `to_regclass('name')`: the number of what has the name, or null.
fn looked_up(function: &Function) -> Option<Expr> {
    let (table, column) = match last(&function.name).as_str() {
        "to_regtype" => ("pg_type", "typname"),
        "to_regclass" => ("pg_class", "relname"),
        _ => return None,
    };
    let FunctionArguments::List(list) = &function.args else { return None };
    let [name] = list.args.as_slice() else { return None };
    parsed(&format!("(SELECT max(r.oid) FROM pg_catalog.{table} r WHERE r.{column} = {name})")).ok()
}

/// A subquery that takes the search path apart: there is one schema on it.
fn searches_path(query: &Query) -> bool {
    query.to_string().to_ascii_lowercase().contains("current_setting('search_path')")
}

/// `'pg_catalog.array_in'::regproc`: columns that hold functions hold their names here.
fn named_function(expr: &Expr, data_type: &DataType) -> Option<Expr> {
    let Expr::Value(value) = expr else { return None };
    let Value::SingleQuotedString(name) = &value.value else { return None };
    let is_function =
        data_type.to_string().rsplit('.').next().is_some_and(|last| last.eq_ignore_ascii_case("regproc"));
    let name = name.strip_prefix("pg_catalog.").unwrap_or(name).replace('\'', "''");
    if is_function { parsed(&format!("'{name}'")).ok() } else { None }
}

fn parsed(sql: &str) -> Result<Expr, datafusion::sql::sqlparser::parser::ParserError> {
    Parser::new(&PostgreSqlDialect {}).try_with_sql(sql)?.parse_expr()
}

/// The last part of a name, as PostgreSQL folds it.
fn last(name: &ObjectName) -> String {
    let part = name.0.last().and_then(|part| part.as_ident());
    part.map(|ident| ident.value.to_ascii_lowercase()).unwrap_or_default()
}

/// `ARRAY(SELECT …)`
fn gathers(function: &Function) -> bool {
    last(&function.name) == "array" && matches!(function.args, FunctionArguments::Subquery(_))
}

/// What is null whatever the row.
fn is_nothing(expr: &Expr) -> bool {
    match expr {
        Expr::Value(value) => value.value == Value::Null,
        Expr::Cast { expr, .. } => is_nothing(expr),
        Expr::Subquery(query) => describes(&query.body),
        Expr::Case { conditions, else_result, .. } => {
            let mut results = conditions.iter().map(|when| &when.result);
            results.all(is_nothing) && else_result.as_deref().is_none_or(is_nothing)
        }
        _ => false,
    }
}

/// `(SELECT json_build_object(…) FROM …)`
fn describes(body: &SetExpr) -> bool {
    let SetExpr::Select(select) = body else { return false };
    match select.projection.as_slice() {
        [
            SelectItem::UnnamedExpr(Expr::Function(function))
            | SelectItem::ExprWithAlias { expr: Expr::Function(function), .. },
        ] => DESCRIPTIONS.contains(&last(&function.name).as_str()),
        _ => false,
    }
}

/// `(SELECT c.relkind = 'c' FROM pg_class c WHERE c.oid = t.typrelid)`: there is one row, which the planner does not know.
fn one_of_class(body: &mut SetExpr) -> bool {
    let SetExpr::Select(select) = body else { return false };
    let from_class = matches!(
        select.from.as_slice(),
        [one] if one.joins.is_empty()
            && matches!(&one.relation, datafusion::sql::sqlparser::ast::TableFactor::Table { name, .. } if last(name) == "pg_class")
    );
    let [SelectItem::UnnamedExpr(expr @ Expr::BinaryOp { .. })] = select.projection.as_mut_slice() else {
        return false;
    };
    match parsed(&format!("bool_or({expr})")) {
        Ok(any) if from_class => {
            *expr = any;
            true
        }
        _ => false,
    }
}

/// Tables that stand elsewhere.
fn moved(name: &mut ObjectName) -> bool {
    let schema =
        name.0.iter().rev().nth(1).and_then(|part| part.as_ident()).map(|ident| ident.value.as_str());
    let table = last(name);
    if !views::is_there(schema, &table) {
        return false;
    }
    *name = ObjectName::from(vec![Ident::new(views::SCHEMA), Ident::new(table)]);
    true
}

fn asks_for_keys(statement: &Statement) -> bool {
    let found = visit_expressions(statement, |expr| {
        let name = match expr {
            Expr::Function(function) => last(&function.name),
            Expr::CompoundIdentifier(parts) => {
                parts.last().map(|part| part.value.clone()).unwrap_or_default()
            }
            Expr::Identifier(name) => name.value.clone(),
            _ => return ControlFlow::Continue(()),
        };
        match OF_KEYS.contains(&name.as_str()) {
            true => ControlFlow::Break(()),
            false => ControlFlow::Continue(()),
        }
    });
    found.is_break()
}

/// A statement with the same columns and no rows; none when its columns are not all named.
fn without_rows(statement: &Statement) -> Option<Statement> {
    let Statement::Query(query) = statement else { return None };
    let mut sql = String::from("SELECT ");
    for (i, item) in first_select(&query.body)?.projection.iter().enumerate() {
        let name = match item {
            SelectItem::ExprWithAlias { alias, .. } => folded(alias),
            SelectItem::UnnamedExpr(Expr::CompoundIdentifier(parts)) => folded(parts.last()?),
            SelectItem::UnnamedExpr(Expr::Identifier(name)) => folded(name),
            SelectItem::UnnamedExpr(Expr::Function(function)) => last(&function.name),
            _ => return None,
        };
        let comma = if i > 0 { ", " } else { "" };
        // Writing to a string does not fail.
        let _ = write!(sql, "{comma}NULL::text AS \"{}\"", name.replace('"', "\"\""));
    }
    sql.push_str(" WHERE false");
    Parser::parse_sql(&PostgreSqlDialect {}, &sql).ok()?.pop()
}

fn folded(ident: &Ident) -> String {
    if ident.quote_style.is_some() { ident.value.clone() } else { ident.value.to_ascii_lowercase() }
}

fn first_select(body: &SetExpr) -> Option<&Select> {
    match body {
        SetExpr::Select(select) => Some(select),
        SetExpr::Query(query) => first_select(&query.body),
        SetExpr::SetOperation { left, .. } => first_select(left),
        _ => None,
    }
}
