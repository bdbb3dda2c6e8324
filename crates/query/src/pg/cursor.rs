//! Cursors: `DECLARE`, `FETCH`, `CLOSE`.
//!
//! A cursor is a portal of the protocol that has begun, kept under its name with the plan of its query, so that a
//! client which asks what it gives is told its columns. It reads on, never back.

use super::errors::fault;
use super::session::nothing;
use async_trait::async_trait;
use datafusion::common::ParamValues;
use datafusion::error::DataFusionError;
use datafusion::logical_expr::{LogicalPlan, Prepare, Statement as PlanStatement};
use datafusion::prelude::SessionContext;
use datafusion::sql::parser::Statement as PlannedStatement;
use datafusion::sql::sqlparser::ast::{CloseCursor, Declare, FetchDirection, Statement, Value};
use datafusion_postgres::arrow_pg::datatypes::{arrow_schema_to_pg_fields, df};
use datafusion_postgres::hooks::{HookClient, QueryHook};
use datafusion_postgres::pgwire::api::ClientInfo;
use datafusion_postgres::pgwire::api::portal::{Format, Portal};
use datafusion_postgres::pgwire::api::results::{QueryResponse, Response, Tag};
use datafusion_postgres::pgwire::api::stmt::StoredStatement;
use datafusion_postgres::pgwire::api::store::PortalStore;
use datafusion_postgres::pgwire::error::{PgWireError, PgWireResult};
use datafusion_postgres::pgwire::types::format::FormatOptions;
use std::sync::Arc;

const NO_SUCH_CURSOR: &str = "34000";
const NOT_SUPPORTED: &str = "0A000";
const SYNTAX: &str = "42601";

pub(super) struct CursorStatements;

fn failed(error: DataFusionError) -> PgWireError {
    PgWireError::ApiError(Box::new(error))
}

/// The plan of what a cursor is declared for.
async fn plan_of(declare: &Declare, context: &SessionContext) -> PgWireResult<(Statement, LogicalPlan)> {
    let Some(query) = &declare.for_query else {
        return Err(fault(SYNTAX, "DECLARE needs a query: DECLARE name CURSOR FOR SELECT …"));
    };
    let statement = Statement::Query(query.clone());
    let planned = PlannedStatement::Statement(Box::new(statement.clone()));
    let plan = context.state().statement_to_plan(planned).await.map_err(failed)?;
    Ok((statement, plan))
}

async fn answer(
    statement: &Statement,
    parameters: Option<&ParamValues>,
    context: &SessionContext,
    client: &dyn HookClient,
) -> Option<PgWireResult<Response>> {
    match statement {
        Statement::Declare { stmts } => Some(declare(stmts, parameters, context, client).await),
        Statement::Fetch { name, direction, .. } => Some(fetch(&name.value, direction, client).await),
        Statement::Close { cursor } => {
            match cursor {
                CloseCursor::All => client.portal_store().clear_portals(),
                CloseCursor::Specific { name } => client.portal_store().rm_portal(&name.value),
            }
            Some(Ok(Response::Execution(Tag::new("CLOSE CURSOR"))))
        }
        _ => None,
    }
}

async fn declare(
    declares: &[Declare],
    parameters: Option<&ParamValues>,
    context: &SessionContext,
    client: &dyn HookClient,
) -> PgWireResult<Response> {
    for declare in declares {
        let Some(name) = declare.names.first().map(|name| name.value.clone()) else {
            return Err(fault(SYNTAX, "DECLARE needs a name: DECLARE name CURSOR FOR SELECT …"));
        };
        let (statement, plan) = plan_of(declare, context).await?;
        let bound = match parameters {
            Some(values) => plan.clone().replace_params_with_values(values).map_err(failed)?,
            None => plan.clone(),
        };
        let rows = context.execute_logical_plan(bound).await.map_err(failed)?;
        let options = Arc::new(FormatOptions::from_client_metadata(client.metadata()));
        let response = df::encode_dataframe(rows, &Format::UnifiedText, Some(options)).await?;
        let stored = (statement.to_string(), Some((statement, plan)));
        let stored = Arc::new(StoredStatement::new(name.clone(), stored, Vec::new()));
        let portal = Portal::new_cursor(name, stored);
        portal.start(response).await;
        client.portal_store().put_portal(Arc::new(portal));
    }
    Ok(Response::Execution(Tag::new("DECLARE CURSOR")))
}

async fn fetch(name: &str, direction: &FetchDirection, client: &dyn HookClient) -> PgWireResult<Response> {
    let rows = match direction {
        FetchDirection::Next | FetchDirection::Forward { limit: None } => 1,
        FetchDirection::Forward { limit: Some(limit) } | FetchDirection::Count { limit } => number(limit)?,
        FetchDirection::ForwardAll | FetchDirection::All => usize::MAX,
        _ => return Err(fault(NOT_SUPPORTED, "a cursor here can only be read forward")),
    };
    let entry = client.portal_store().get_portal(name);
    let Some(portal) = entry.as_ref().and_then(|entry| entry.value()) else {
        return Err(fault(NO_SUCH_CURSOR, format!("cursor \"{name}\" does not exist")));
    };
    let mut response = match rows {
        0 => QueryResponse::new(Arc::default(), futures::stream::empty()),
        // To the protocol's library, 0 is all.
        usize::MAX => portal.fetch(0).await?.response,
        some => portal.fetch(some).await?.response,
    };
    // After the last row it does not know its columns any more.
    if response.row_schema().is_empty()
        && let (_, Some((_, plan))) = &portal.statement.statement
    {
        let fields = arrow_schema_to_pg_fields(plan.schema().as_arrow(), &Format::UnifiedText, None)?;
        response = QueryResponse::new(Arc::new(fields), futures::stream::empty());
    }
    response.set_command_tag("FETCH");
    Ok(Response::Query(response))
}

fn number(limit: &Value) -> PgWireResult<usize> {
    let number = match limit {
        Value::Number(text, _) => text.parse().ok(),
        _ => None,
    };
    number.ok_or_else(|| fault(SYNTAX, format!("{limit} is not a number of rows")))
}

#[async_trait]
impl QueryHook for CursorStatements {
    async fn handle_simple_query(
        &self,
        statement: &Statement,
        context: &SessionContext,
        client: &mut dyn HookClient,
    ) -> Option<PgWireResult<Response>> {
        answer(statement, None, context, client).await
    }

    async fn handle_extended_parse_query(
        &self,
        statement: &Statement,
        context: &SessionContext,
        _: &(dyn ClientInfo + Send + Sync),
    ) -> Option<PgWireResult<LogicalPlan>> {
        match statement {
            // Has the parameters of the query, and no columns.
            Statement::Declare { stmts } => {
                let declare = stmts.first()?;
                Some(plan_of(declare, context).await.map(|(_, plan)| {
                    let prepare = Prepare { name: String::new(), fields: Vec::new(), input: Arc::new(plan) };
                    LogicalPlan::Statement(PlanStatement::Prepare(prepare))
                }))
            }
            // Its columns, in the format asked for, would have to be told before it is known whose cursor it is.
            Statement::Fetch { .. } => {
                Some(Err(fault(NOT_SUPPORTED, "FETCH is run as a simple query, with its answer as text")))
            }
            Statement::Close { .. } => Some(nothing(&[])),
            _ => None,
        }
    }

    async fn handle_extended_query(
        &self,
        statement: &Statement,
        _: &LogicalPlan,
        parameters: &ParamValues,
        context: &SessionContext,
        client: &mut dyn HookClient,
    ) -> Option<PgWireResult<Response>> {
        answer(statement, Some(parameters), context, client).await
    }
}
