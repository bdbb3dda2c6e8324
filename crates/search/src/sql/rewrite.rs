//! Statements put otherwise where DataFusion would not plan what PostgreSQL does.

use super::SCHEMA;
use datafusion::logical_expr::AggregateUDF;
use datafusion::sql::sqlparser::ast::{
    Expr, OrderByKind, Query, Select, SelectItem, SetExpr, Statement, Value, VisitMut, VisitorMut,
    visit_expressions,
};
use datafusion::sql::sqlparser::dialect::PostgreSqlDialect;
use datafusion::sql::sqlparser::parser::Parser;
use std::collections::HashSet;
use std::ops::ControlFlow;
use std::sync::{Arc, LazyLock};

/// Whether the statement was changed.
///
/// `ORDER BY 2` of a column that is computed from aggregates is put as that computation: its number is resolved when
/// the aggregates can no longer be seen. `SHOW TABLES` gives the tables of events, not those of the catalogs.
pub fn rewrite(statement: &mut Statement) -> bool {
    if matches!(statement, Statement::ShowTables { .. })
        && let Some(query) = our_tables()
    {
        *statement = query;
        return true;
    }
    let mut ordinals = Ordinals { changed: false };
    let _ = VisitMut::visit(statement, &mut ordinals);
    ordinals.changed
}

fn our_tables() -> Option<Statement> {
    let sql = format!(
        "SELECT table_catalog, table_schema, table_name, table_type FROM information_schema.tables \
         WHERE table_schema = '{SCHEMA}' ORDER BY table_name"
    );
    Parser::parse_sql(&PostgreSqlDialect {}, &sql).ok()?.pop()
}

struct Ordinals {
    changed: bool,
}

impl VisitorMut for Ordinals {
    type Break = ();

    fn pre_visit_query(&mut self, query: &mut Query) -> ControlFlow<()> {
        if let SetExpr::Select(select) = &*query.body
            && let Some(order) = &mut query.order_by
            && let OrderByKind::Expressions(exprs) = &mut order.kind
        {
            for by in exprs {
                if let Some(computed) = ordinal(&by.expr).and_then(|n| computed(select, n)) {
                    by.expr = computed.clone();
                    self.changed = true;
                }
            }
        }
        ControlFlow::Continue(())
    }
}

/// The number of a column, from 1.
fn ordinal(expr: &Expr) -> Option<usize> {
    let Expr::Value(value) = expr else { return None };
    let Value::Number(digits, _) = &value.value else { return None };
    digits.parse().ok()
}

/// What a column without a name of its own is computed as from aggregates; none for others, whose number is understood,
/// and where names would mean something else behind `ORDER BY`: those of the columns there.
fn computed(select: &Select, number: usize) -> Option<&Expr> {
    if select.distinct.is_some() {
        return None;
    }
    let before = select.projection.get(..number)?;
    // A wildcard is any number of columns.
    let counted = before
        .iter()
        .all(|item| matches!(item, SelectItem::UnnamedExpr(_) | SelectItem::ExprWithAlias { .. }));
    match before.last()? {
        SelectItem::UnnamedExpr(expr) if counted && aggregates(expr) && !names_alias(select, expr) => {
            Some(expr)
        }
        _ => None,
    }
}

fn aggregates(expr: &Expr) -> bool {
    static NAMES: LazyLock<HashSet<String>> = LazyLock::new(|| {
        let functions = datafusion::functions_aggregate::all_default_aggregate_functions();
        let names = |f: &Arc<AggregateUDF>| [&[f.name().to_owned()], f.aliases()].concat();
        functions.iter().flat_map(names).collect()
    });
    let found = visit_expressions(expr, |inner| match inner {
        Expr::Function(function) if NAMES.contains(&function.name.to_string().to_ascii_lowercase()) => {
            ControlFlow::Break(())
        }
        _ => ControlFlow::Continue(()),
    });
    found.is_break()
}

/// Whether a name in the expression is that of a column of the answer too.
fn names_alias(select: &Select, expr: &Expr) -> bool {
    let aliases = select.projection.iter().filter_map(|item| match item {
        SelectItem::ExprWithAlias { alias, .. } => Some(alias.value.to_ascii_lowercase()),
        _ => None,
    });
    let aliases: HashSet<String> = aliases.collect();
    let found = visit_expressions(expr, |inner| match inner {
        Expr::Identifier(name) if aliases.contains(&name.value.to_ascii_lowercase()) => {
            ControlFlow::Break(())
        }
        _ => ControlFlow::Continue(()),
    });
    found.is_break()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rewritten(sql: &str) -> Option<String> {
        let mut statement = Parser::parse_sql(&PostgreSqlDialect {}, sql).unwrap().pop().unwrap();
        rewrite(&mut statement).then(|| statement.to_string())
    }

    #[test]
    fn numbers_of_computed_columns_become_what_they_stand_for() {
        let of = |sql: &str, put: &str| assert_eq!(rewritten(sql).as_deref(), Some(put), "{sql}");
        of(
            "SELECT a, count(*) * 2 FROM t GROUP BY 1 ORDER BY 2 DESC, 1",
            "SELECT a, count(*) * 2 FROM t GROUP BY 1 ORDER BY count(*) * 2 DESC, 1",
        );
        of(
            "SELECT * FROM (SELECT count(*) FROM t ORDER BY 1) AS s",
            "SELECT * FROM (SELECT count(*) FROM t ORDER BY count(*)) AS s",
        );
    }

    #[test]
    fn other_numbers_stay() {
        for sql in [
            "SELECT a, b FROM t ORDER BY 2",
            "SELECT a, count(*) AS n FROM t GROUP BY a ORDER BY 2",
            "SELECT *, a + 1 FROM t ORDER BY 2",
            "SELECT a + 1 FROM t UNION SELECT b FROM t ORDER BY 1",
            "SELECT count(*) FROM t ORDER BY 0, 2, 1.5",
            "SELECT a + 1 FROM t LIMIT 1",
            "SELECT a + 1 FROM t ORDER BY 1",
            "SELECT DISTINCT count(*) + 1 FROM t ORDER BY 1",
            "SELECT b AS a, max(a) + 1 FROM t GROUP BY b ORDER BY 2",
        ] {
            assert_eq!(rewritten(sql), None, "{sql}");
        }
    }

    #[test]
    fn show_tables_shows_ours() {
        assert!(rewritten("SHOW TABLES").unwrap().contains("WHERE table_schema = 'public'"));
    }
}
