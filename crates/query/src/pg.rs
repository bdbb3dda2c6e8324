//! SQL over PostgreSQL's protocol, for psql, Metabase and Grafana: the tables of [`search::sql`], read-only.
//!
//! `datafusion-postgres` speaks the protocol and emulates `pg_catalog`. A statement that would change anything is
//! refused before it is planned; memory and time are limited as over HTTP.

use async_trait::async_trait;
use datafusion::common::ParamValues;
use datafusion::logical_expr::LogicalPlan;
use datafusion::prelude::SessionContext;
use datafusion::sql::sqlparser::ast::Statement;
use datafusion_postgres::auth::AuthManager;
use datafusion_postgres::datafusion_pg_catalog::setup_pg_catalog;
use datafusion_postgres::hooks::cursor::CursorStatementHook;
use datafusion_postgres::hooks::set_show::SetShowHook;
use datafusion_postgres::hooks::transactions::TransactionStatementHook;
use datafusion_postgres::hooks::{HookClient, QueryHook};
use datafusion_postgres::pgwire::api::ClientInfo;
use datafusion_postgres::pgwire::api::results::Response;
use datafusion_postgres::pgwire::error::{ErrorInfo, PgWireError, PgWireResult};
use datafusion_postgres::{ServerOptions, serve_with_hooks};
use search::sql::CATALOG;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

/// Connections at once: a dashboard opens a handful, the pool of a tool twenty.
const CONNECTIONS_MAX: usize = 100;
/// PostgreSQL's code of "cannot execute … in a read-only transaction".
const READ_ONLY: &str = "25006";

/// Speaks the protocol until it is dropped.
pub(crate) async fn serve(context: SessionContext, address: SocketAddr) -> io::Result<()> {
    setup_pg_catalog(&context, CATALOG, Arc::new(AuthManager::new())).map_err(io::Error::other)?;
    let options = ServerOptions::new()
        .with_host(address.ip().to_string())
        .with_port(address.port())
        .with_max_connections(CONNECTIONS_MAX);
    let hooks: Vec<Arc<dyn QueryHook>> = vec![
        Arc::new(ReadOnly),
        Arc::new(CursorStatementHook),
        Arc::new(SetShowHook),
        Arc::new(TransactionStatementHook),
    ];
    serve_with_hooks(Arc::new(context), &options, hooks).await
}

/// Lets through what reads, and what clients say about themselves.
struct ReadOnly;

fn refusal(statement: &Statement) -> Option<PgWireError> {
    let harmless = matches!(
        statement,
        Statement::Query(_)
            | Statement::Explain { .. }
            | Statement::ExplainTable { .. }
            | Statement::Set(_)
            | Statement::ShowVariable { .. }
            | Statement::ShowTables { .. }
            | Statement::ShowColumns { .. }
            | Statement::StartTransaction { .. }
            | Statement::Commit { .. }
            | Statement::Rollback { .. }
            | Statement::Declare { .. }
            | Statement::Fetch { .. }
            | Statement::Close { .. }
            | Statement::Discard { .. }
            | Statement::Deallocate { .. }
    );
    if harmless {
        return None;
    }
    let text = statement.to_string();
    let word = text.split_whitespace().next().unwrap_or("this").to_ascii_uppercase();
    let why = format!("cannot execute {word}: events and metrics can only be read here");
    Some(PgWireError::UserError(Box::new(ErrorInfo::new("ERROR".to_owned(), READ_ONLY.to_owned(), why))))
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
