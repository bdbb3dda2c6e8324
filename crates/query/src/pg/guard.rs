//! What may be said at all: statements that read, and what clients say about themselves.

use super::errors::fault;
use async_trait::async_trait;
use datafusion::common::ParamValues;
use datafusion::logical_expr::LogicalPlan;
use datafusion::prelude::SessionContext;
use datafusion::sql::sqlparser::ast::{Query, SetExpr, Statement};
use datafusion_postgres::hooks::{HookClient, QueryHook};
use datafusion_postgres::pgwire::api::ClientInfo;
use datafusion_postgres::pgwire::api::results::Response;
use datafusion_postgres::pgwire::error::{PgWireError, PgWireResult};

/// PostgreSQL's code of "cannot execute … in a read-only transaction".
const READ_ONLY: &str = "25006";

/// Refuses what would change or write anything.
pub(super) struct ReadOnly;

pub(super) fn refusal(statement: &Statement) -> Option<PgWireError> {
    let harmless = match statement {
        Statement::Query(query) => reads(query),
        // To analyse a statement is to run it.
        Statement::Explain { statement, .. } => {
            matches!(&**statement, Statement::Query(query) if reads(query))
        }
        Statement::Prepare { statement, .. } => {
            matches!(&**statement, Statement::Query(query) if reads(query))
        }
        Statement::Declare { stmts } => stmts.iter().all(|one| one.for_query.as_deref().is_none_or(reads)),
        Statement::ExplainTable { .. }
        | Statement::Set(_)
        | Statement::ShowVariable { .. }
        | Statement::ShowTables { .. }
        | Statement::ShowColumns { .. }
        | Statement::StartTransaction { .. }
        | Statement::Commit { .. }
        | Statement::Rollback { .. }
        | Statement::Savepoint { .. }
        | Statement::ReleaseSavepoint { .. }
        | Statement::Fetch { .. }
        | Statement::Close { .. }
        | Statement::Execute { .. }
        | Statement::Discard { .. }
        | Statement::Deallocate { .. } => true,
        _ => false,
    };
    if harmless {
        return None;
    }
    let text = statement.to_string();
    let word = text.split_whitespace().next().unwrap_or("this").to_ascii_uppercase();
    Some(fault(READ_ONLY, format!("cannot execute {word}: events and metrics can only be read here")))
}

/// Neither `SELECT … INTO` nor a query whose body inserts.
fn reads(query: &Query) -> bool {
    let mut with = query.with.iter().flat_map(|with| &with.cte_tables);
    with.all(|table| reads(&table.query)) && body_reads(&query.body)
}

fn body_reads(body: &SetExpr) -> bool {
    match body {
        SetExpr::Select(select) => select.into.is_none(),
        SetExpr::Query(query) => reads(query),
        SetExpr::SetOperation { left, right, .. } => body_reads(left) && body_reads(right),
        SetExpr::Values(_) | SetExpr::Table(_) => true,
        SetExpr::Insert(_) | SetExpr::Update(_) | SetExpr::Delete(_) | SetExpr::Merge(_) => false,
    }
}

#[async_trait]
impl QueryHook for ReadOnly {
    async fn handle_simple_query(
        &self,
        statement: &Statement,
        _: &SessionContext,
        _: &mut dyn HookClient,
    ) -> Option<PgWireResult<Response>> {
        refusal(statement).map(Err)
    }

    async fn handle_extended_parse_query(
        &self,
        statement: &Statement,
        _: &SessionContext,
        _: &(dyn ClientInfo + Send + Sync),
    ) -> Option<PgWireResult<LogicalPlan>> {
        refusal(statement).map(Err)
    }

    async fn handle_extended_query(
        &self,
        statement: &Statement,
        _: &LogicalPlan,
        _: &ParamValues,
        _: &SessionContext,
        _: &mut dyn HookClient,
    ) -> Option<PgWireResult<Response>> {
        refusal(statement).map(Err)
    }
}
