//! `PREPARE` and `EXECUTE` as statements, beside the protocol's own messages, with which they share their names.
//!
//! Stands after the handling of transactions: in one that failed nothing is run.

use super::errors::fault;
use super::session::nothing;
use async_trait::async_trait;
use datafusion::common::{ParamValues, ScalarValue};
use datafusion::error::DataFusionError;
use datafusion::logical_expr::LogicalPlan;
use datafusion::prelude::SessionContext;
use datafusion::sql::parser::Statement as PlannedStatement;
use datafusion::sql::sqlparser::ast::{Expr, ObjectName, Statement};
use datafusion_postgres::arrow_pg::datatypes::df;
use datafusion_postgres::hooks::{HookClient, QueryHook};
use datafusion_postgres::pgwire::api::ClientInfo;
use datafusion_postgres::pgwire::api::portal::Format;
use datafusion_postgres::pgwire::api::results::{Response, Tag};
use datafusion_postgres::pgwire::api::stmt::StoredStatement;
use datafusion_postgres::pgwire::api::store::PortalStore;
use datafusion_postgres::pgwire::error::{PgWireError, PgWireResult};
use datafusion_postgres::pgwire::types::format::FormatOptions;
use std::sync::Arc;

const NO_SUCH_STATEMENT: &str = "26000";
const NOT_SUPPORTED: &str = "0A000";
const WRONG_PARAMETERS: &str = "42601";

pub(super) struct PreparedStatements;

fn failed(error: DataFusionError) -> PgWireError {
    PgWireError::ApiError(Box::new(error))
}

async fn answer(
    statement: &Statement,
    context: &SessionContext,
    client: &dyn HookClient,
) -> Option<PgWireResult<Response>> {
    match statement {
        Statement::Prepare { name, statement, .. } => {
            Some(prepare(&name.value, statement, context, client).await)
        }
        Statement::Execute { name: Some(name), parameters, .. } => {
            Some(execute(name, parameters, context, client).await)
        }
        _ => None,
    }
}

async fn prepare(
    name: &str,
    statement: &Statement,
    context: &SessionContext,
    client: &dyn HookClient,
) -> PgWireResult<Response> {
    let planned = PlannedStatement::Statement(Box::new(statement.clone()));
    let plan = context.state().statement_to_plan(planned).await.map_err(failed)?;
    let stored = (statement.to_string(), Some((statement.clone(), plan)));
    client.portal_store().put_statement(Arc::new(StoredStatement::new(name.to_owned(), stored, Vec::new())));
    Ok(Response::Execution(Tag::new("PREPARE")))
}

async fn execute(
    name: &ObjectName,
    parameters: &[Expr],
    context: &SessionContext,
    client: &dyn HookClient,
) -> PgWireResult<Response> {
    let name = name.to_string().replace('"', "");
    let stored = client.portal_store().get_statement(&name);
    let stored = stored.as_ref().and_then(|entry| entry.value()).map(|stored| &stored.statement);
    let Some((_, Some((_, plan)))) = stored else {
        return Err(fault(NO_SUCH_STATEMENT, format!("prepared statement \"{name}\" does not exist")));
    };
    let types = plan.get_parameter_types().map_err(failed)?;
    if types.len() != parameters.len() {
        let why = format!(
            "wrong number of parameters for prepared statement \"{name}\": it has {}, not {}",
            types.len(),
            parameters.len()
        );
        return Err(fault(WRONG_PARAMETERS, why));
    }
    let mut values = Vec::with_capacity(parameters.len());
    for (i, parameter) in parameters.iter().enumerate() {
        let value = value_of(parameter, context).await.map_err(failed)?;
        let wanted = types.get(&format!("${}", i + 1)).and_then(Option::as_ref);
        values.push(match wanted {
            Some(data_type) => value.cast_to(data_type).map_err(failed)?,
            None => value,
        });
    }
    let plan = plan.clone().replace_params_with_values(&ParamValues::from(values)).map_err(failed)?;
    let rows = context.execute_logical_plan(plan).await.map_err(failed)?;
    let options = Arc::new(FormatOptions::from_client_metadata(client.metadata()));
    Ok(Response::Query(df::encode_dataframe(rows, &Format::UnifiedText, Some(options)).await?))
}

/// An expression without columns, such as `7` or `now() - interval '1 hour'`.
async fn value_of(expression: &Expr, context: &SessionContext) -> Result<ScalarValue, DataFusionError> {
    let rows = context.sql(&format!("SELECT {expression}")).await?.collect().await?;
    match rows.first().filter(|batch| batch.num_rows() == 1) {
        Some(batch) => ScalarValue::try_from_array(batch.column(0), 0),
        None => Err(DataFusionError::Plan(format!("{expression} is not a value"))),
    }
}

#[async_trait]
impl QueryHook for PreparedStatements {
    async fn handle_simple_query(
        &self,
        statement: &Statement,
        context: &SessionContext,
        client: &mut dyn HookClient,
    ) -> Option<PgWireResult<Response>> {
        answer(statement, context, client).await
    }

    async fn handle_extended_parse_query(
        &self,
        statement: &Statement,
        _: &SessionContext,
        _: &(dyn ClientInfo + Send + Sync),
    ) -> Option<PgWireResult<LogicalPlan>> {
        match statement {
            Statement::Prepare { .. } => Some(nothing(&[])),
            // Its columns would have to be told before it is known whose statement it is.
            Statement::Execute { .. } => {
                let why =
                    "EXECUTE is run as a simple query; with parameters of the protocol, bind the statement";
                Some(Err(fault(NOT_SUPPORTED, why)))
            }
            _ => None,
        }
    }

    async fn handle_extended_query(
        &self,
        statement: &Statement,
        _: &LogicalPlan,
        _: &ParamValues,
        context: &SessionContext,
        client: &mut dyn HookClient,
    ) -> Option<PgWireResult<Response>> {
        answer(statement, context, client).await
    }
}
