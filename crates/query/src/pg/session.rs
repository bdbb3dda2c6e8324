//! What a client says to its session: `SET`, `SHOW`, `SAVEPOINT`, `DISCARD`, `DEALLOCATE`.
//!
//! The session of DataFusion is everybody's: a setting is kept with the connection that made it and changes nothing
//! else. What formats answers (`DateStyle` and its like) and `statement_timeout` is left to `datafusion-postgres`.

use super::errors::fault;
use async_trait::async_trait;
use datafusion::arrow::datatypes::{DataType, Field, Schema};
use datafusion::common::{DFSchema, ParamValues};
use datafusion::logical_expr::{EmptyRelation, LogicalPlan};
use datafusion::prelude::SessionContext;
use datafusion::sql::sqlparser::ast::{Expr, Set, Statement};
use datafusion_postgres::hooks::{HookClient, QueryHook};
use datafusion_postgres::pgwire::api::results::{
    DataRowEncoder, FieldFormat, FieldInfo, QueryResponse, Response, Tag,
};
use datafusion_postgres::pgwire::api::store::PortalStore;
use datafusion_postgres::pgwire::api::{ClientInfo, Type};
use datafusion_postgres::pgwire::error::{PgWireError, PgWireResult};
use datafusion_postgres::pgwire::messages::PgWireBackendMessage;
use datafusion_postgres::pgwire::messages::startup::ParameterStatus;
use std::sync::Arc;

/// Settings of a session that said nothing about them.
pub(super) const DEFAULTS: [(&str, &str); 23] = [
    // The release whose catalogs are emulated.
    ("server_version", "16.6"),
    ("server_version_num", "160006"),
    ("server_encoding", "UTF8"),
    ("client_encoding", "UTF8"),
    ("standard_conforming_strings", "on"),
    ("integer_datetimes", "on"),
    ("max_identifier_length", "63"),
    ("max_index_keys", "32"),
    ("transaction_read_only", "on"),
    ("default_transaction_read_only", "on"),
    ("transaction_isolation", "read committed"),
    ("default_transaction_isolation", "read committed"),
    ("is_superuser", "off"),
    ("in_hot_standby", "off"),
    ("search_path", "public"),
    ("timezone", "UTC"),
    ("lc_collate", "C"),
    ("lc_ctype", "C"),
    ("lc_messages", "C"),
    ("lc_monetary", "C"),
    ("lock_timeout", "0"),
    ("idle_in_transaction_session_timeout", "0"),
    ("client_min_messages", "notice"),
];
/// What `datafusion-postgres` keeps and shows itself.
const FORMATTING: [&str; 7] = [
    "statement_timeout",
    "datestyle",
    "intervalstyle",
    "bytea_output",
    "extra_float_digits",
    "application_name",
    "search_path",
];
/// Before the names of settings, among what is known of a connection.
const KEPT: &str = "set.";
const NO_SUCH_SETTING: &str = "42704";
const NO_SUCH_STATEMENT: &str = "26000";

/// The value of a setting unless a session says otherwise.
pub(super) fn setting(name: &str) -> Option<String> {
    let name = name.to_ascii_lowercase();
    DEFAULTS.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
}

pub(super) struct SessionStatements;

impl SessionStatements {
    async fn answer(statement: &Statement, client: &mut dyn HookClient) -> Option<PgWireResult<Response>> {
        match statement {
            Statement::Set(set) => set_answer(set, client).await,
            Statement::ShowVariable { variable } => {
                let words: Vec<String> = variable.iter().map(|word| word.value.to_lowercase()).collect();
                show(&words.join(" "), client)
            }
            Statement::Savepoint { .. } => Some(done("SAVEPOINT")),
            Statement::ReleaseSavepoint { .. } => Some(done("RELEASE")),
            // Nothing was changed, so there is nothing to go back to but the state: see `catalog::goes_back`.
            Statement::Rollback { savepoint: Some(_), .. } => Some(done("ROLLBACK")),
            Statement::Discard { object_type } => {
                client.portal_store().clear_portals();
                Some(done(&format!("DISCARD {object_type}")))
            }
            Statement::Deallocate { name, .. } => Some(deallocate(&name.value, name.quote_style, client)),
            _ => None,
        }
    }
}

fn done(tag: &str) -> PgWireResult<Response> {
    Ok(Response::Execution(Tag::new(tag)))
}

fn deallocate(name: &str, quoted: Option<char>, client: &dyn HookClient) -> PgWireResult<Response> {
    if quoted.is_none() && name.eq_ignore_ascii_case("all") {
        // Whoever says so does not use the old names again, or gives them new statements.
        return done("DEALLOCATE ALL");
    }
    let store = client.portal_store();
    if store.get_statement(name).is_none() {
        return Err(fault(NO_SUCH_STATEMENT, format!("prepared statement \"{name}\" does not exist")));
    }
    store.rm_statement(name);
    done("DEALLOCATE")
}

async fn set_answer(set: &Set, client: &mut dyn HookClient) -> Option<PgWireResult<Response>> {
    let (name, value) = match set {
        Set::SingleAssignment { scope, variable, values, .. } => {
            let name = variable.to_string().replace('"', "").to_lowercase();
            if FORMATTING.contains(&name.as_str())
                && scope.is_none()
                && matches!(values.first(), Some(Expr::Value(_)))
            {
                return None;
            }
            (name, values.iter().map(word).collect::<Vec<_>>().join(", "))
        }
        Set::SetTimeZone { value, .. } => ("timezone".to_owned(), word(value)),
        // Isolation, roles, character sets: there is one of each.
        _ => return Some(done("SET")),
    };
    // Those who listen are told what is so now.
    let told = match name.as_str() {
        "timezone" => Some("TimeZone"),
        "client_encoding" if !matches!(value.to_lowercase().as_str(), "utf8" | "utf-8" | "unicode") => {
            return Some(Err(fault("22023", format!("texts are in UTF8 here, not in {value}"))));
        }
        _ => None,
    };
    client.metadata_mut().insert(format!("{KEPT}{name}"), value.clone());
    if let Some(told) = told {
        let status = ParameterStatus::new(told.to_owned(), value);
        if let Err(error) = client.send_message(PgWireBackendMessage::ParameterStatus(status)).await {
            return Some(Err(error));
        }
    }
    Some(done("SET"))
}

/// A value as it is kept: without quotes.
fn word(value: &Expr) -> String {
    let text = value.to_string();
    let quote = |mark: char| text.strip_prefix(mark).and_then(|rest| rest.strip_suffix(mark));
    quote('\'').or_else(|| quote('"')).unwrap_or(&text).to_owned()
}

fn show(words: &str, client: &dyn HookClient) -> Option<PgWireResult<Response>> {
    let name = match words {
        "time zone" => "timezone",
        "transaction isolation level" => "transaction_isolation",
        other => other,
    };
    let kept = client.metadata().get(&format!("{KEPT}{name}")).cloned();
    let value = match kept {
        Some(value) => value,
        None if FORMATTING.contains(&name) || name == "catalogs" => return None,
        None if name == "session_authorization" => client.metadata().get("user").cloned().unwrap_or_default(),
        None => match setting(name) {
            Some(value) => value,
            None => {
                let why = format!("unrecognized configuration parameter \"{name}\"");
                return Some(Err(fault(NO_SUCH_SETTING, why)));
            }
        },
    };
    Some(one_cell(name, &value).map(Response::Query))
}

fn one_cell(name: &str, value: &str) -> PgWireResult<QueryResponse> {
    let field = FieldInfo::new(name.to_owned(), None, None, Type::TEXT, FieldFormat::Text);
    let fields = Arc::new(vec![field]);
    let mut encoder = DataRowEncoder::new(Arc::clone(&fields));
    encoder.encode_field(&Some(value))?;
    let row = encoder.take_row();
    let rows = futures::stream::once(async move { Ok::<_, PgWireError>(row) });
    Ok(QueryResponse::new(fields, Box::pin(rows)))
}

/// The plan of what is not planned: of the columns that will be answered.
pub(super) fn nothing(columns: &[&str]) -> PgWireResult<LogicalPlan> {
    let fields: Vec<Field> = columns.iter().map(|name| Field::new(*name, DataType::Utf8, true)).collect();
    let schema =
        DFSchema::try_from(Schema::new(fields)).map_err(|error| PgWireError::ApiError(Box::new(error)))?;
    Ok(LogicalPlan::EmptyRelation(EmptyRelation { produce_one_row: false, schema: Arc::new(schema) }))
}

#[async_trait]
impl QueryHook for SessionStatements {
    async fn handle_simple_query(
        &self,
        statement: &Statement,
        _: &SessionContext,
        client: &mut dyn HookClient,
    ) -> Option<PgWireResult<Response>> {
        SessionStatements::answer(statement, client).await
    }

    async fn handle_extended_parse_query(
        &self,
        statement: &Statement,
        _: &SessionContext,
        _: &(dyn ClientInfo + Send + Sync),
    ) -> Option<PgWireResult<LogicalPlan>> {
        match statement {
            Statement::ShowVariable { variable } => {
                let words: Vec<String> = variable.iter().map(|word| word.value.to_lowercase()).collect();
                Some(nothing(&[words.join("_").as_str()]))
            }
            Statement::Set(_)
            | Statement::Savepoint { .. }
            | Statement::ReleaseSavepoint { .. }
            | Statement::Discard { .. }
            | Statement::Deallocate { .. } => Some(nothing(&[])),
            _ => None,
        }
    }

    async fn handle_extended_query(
        &self,
        statement: &Statement,
        _: &LogicalPlan,
        _: &ParamValues,
        _: &SessionContext,
        client: &mut dyn HookClient,
    ) -> Option<PgWireResult<Response>> {
        SessionStatements::answer(statement, client).await
    }
}
