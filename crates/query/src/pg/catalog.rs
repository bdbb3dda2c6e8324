//! Statements on their way to `datafusion-postgres`: not too large, and put so that they can be planned.

use super::errors::fault;
use super::rewrite::plannable;
use async_trait::async_trait;
use datafusion_postgres::datafusion_pg_catalog::pg_catalog::context::{PgCatalogContextProvider, Role};
use datafusion_postgres::pgwire::api::portal::{Format, Portal};
use datafusion_postgres::pgwire::api::query::{ExtendedQueryHandler, SimpleQueryHandler};
use datafusion_postgres::pgwire::api::results::{FieldInfo, Response};
use datafusion_postgres::pgwire::api::stmt::QueryParser;
use datafusion_postgres::pgwire::api::store::PortalStore;
use datafusion_postgres::pgwire::api::{ClientInfo, ClientPortalStore, DEFAULT_NAME, Type};
use datafusion_postgres::pgwire::error::{PgWireError, PgWireResult};
use datafusion_postgres::pgwire::messages::PgWireBackendMessage;
use datafusion_postgres::pgwire::messages::extendedquery::Execute;
use datafusion_postgres::pgwire::messages::response::TransactionStatus;
use datafusion_postgres::pgwire::messages::simplequery::Query;
use datafusion_postgres::{DfSessionService, Parser};
use futures::Sink;
use search::sql::{STATEMENT_BYTES_MAX, check_depth};
use std::fmt::Debug;
use std::sync::Arc;

/// PostgreSQL's code of a statement that is too complex.
const TOO_COMPLEX: &str = "54001";

fn bounded(sql: &str) -> PgWireResult<()> {
    if sql.len() > STATEMENT_BYTES_MAX {
        let why = format!("the statement has {} bytes; at most {STATEMENT_BYTES_MAX} are read", sql.len());
        return Err(fault(TOO_COMPLEX, why));
    }
    check_depth(sql).map_err(|why| fault(TOO_COMPLEX, why))
}

/// The roles of the emulated catalogs: there is one.
#[derive(Clone, Debug)]
pub(super) struct Everybody;

/// Whom the emulation lets own everything.
const OWNER: &str = "postgres";

#[async_trait]
impl PgCatalogContextProvider for Everybody {
    async fn roles(&self) -> Vec<String> {
        vec![OWNER.to_owned()]
    }

    async fn role(&self, name: &str) -> Option<Role> {
        (name == OWNER).then(|| Role {
            name: OWNER.to_owned(),
            is_superuser: false,
            can_login: true,
            can_create_db: false,
            can_create_role: false,
            can_create_user: false,
            can_replication: false,
            grants: Vec::new(),
            inherited_roles: Vec::new(),
        })
    }
}

/// Hands statements on as they can be planned.
pub(super) struct Statements(pub(super) Arc<DfSessionService>);

/// Whether the statement goes back to a savepoint. By it a transaction that failed goes on, which has to be so before
/// the statement is run: afterwards the protocol's library leaves a failed one as it is.
fn goes_back(sql: &str) -> bool {
    let mut words = sql.split_whitespace().map(str::to_ascii_lowercase);
    words.next().as_deref() == Some("rollback") && words.any(|word| word == "to")
}

fn go_on(sql: &str, client: &mut impl ClientInfo) {
    if goes_back(sql) && client.transaction_status() == TransactionStatus::Error {
        client.set_transaction_status(TransactionStatus::Transaction);
    }
}

#[async_trait]
impl SimpleQueryHandler for Statements {
    async fn on_query<C>(&self, client: &mut C, query: Query) -> PgWireResult<()>
    where
        C: ClientInfo + ClientPortalStore + Sink<PgWireBackendMessage> + Unpin + Send + Sync,
        C::PortalStore: PortalStore,
        C::Error: Debug,
        PgWireError: From<<C as Sink<PgWireBackendMessage>>::Error>,
    {
        go_on(&query.query, client);
        self._on_query(client, query).await
    }

    async fn do_query<C>(&self, client: &mut C, query: &str) -> PgWireResult<Vec<Response>>
    where
        C: ClientInfo + ClientPortalStore + Sink<PgWireBackendMessage> + Unpin + Send + Sync,
        C::PortalStore: PortalStore,
        C::Error: Debug,
        PgWireError: From<<C as Sink<PgWireBackendMessage>>::Error>,
    {
        bounded(query)?;
        SimpleQueryHandler::do_query(&*self.0, client, &plannable(query, &[])).await
    }
}

#[async_trait]
impl ExtendedQueryHandler for Statements {
    type Statement = <DfSessionService as ExtendedQueryHandler>::Statement;
    type QueryParser = Plannable;

    fn query_parser(&self) -> Arc<Plannable> {
        Arc::new(Plannable(self.0.query_parser()))
    }

    async fn on_execute<C>(&self, client: &mut C, message: Execute) -> PgWireResult<()>
    where
        C: ClientInfo + ClientPortalStore + Sink<PgWireBackendMessage> + Unpin + Send + Sync,
        C::PortalStore: PortalStore<Statement = Self::Statement>,
        C::Error: Debug,
        PgWireError: From<<C as Sink<PgWireBackendMessage>>::Error>,
    {
        let entry = client.portal_store().get_portal(message.name.as_deref().unwrap_or(DEFAULT_NAME));
        if let Some(portal) = entry.as_ref().and_then(|entry| entry.value()) {
            go_on(&portal.statement.statement.0, client);
        }
        self._on_execute(client, message).await
    }

    async fn do_query<C>(
        &self,
        client: &mut C,
        portal: &Portal<Self::Statement>,
        max_rows: usize,
    ) -> PgWireResult<Response>
    where
        C: ClientInfo + ClientPortalStore + Sink<PgWireBackendMessage> + Unpin + Send + Sync,
        C::PortalStore: PortalStore<Statement = Self::Statement>,
        C::Error: Debug,
        PgWireError: From<<C as Sink<PgWireBackendMessage>>::Error>,
    {
        ExtendedQueryHandler::do_query(&*self.0, client, portal, max_rows).await
    }
}

/// The parser of `datafusion-postgres`, given what can be planned.
pub(super) struct Plannable(Arc<Parser>);

#[async_trait]
impl QueryParser for Plannable {
    type Statement = <Parser as QueryParser>::Statement;

    async fn parse_sql<C>(
        &self,
        client: &C,
        sql: &str,
        types: &[Option<Type>],
    ) -> PgWireResult<Option<Self::Statement>>
    where
        C: ClientInfo + Unpin + Send + Sync,
    {
        bounded(sql)?;
        QueryParser::parse_sql(&*self.0, client, &plannable(sql, types), types).await
    }

    fn get_parameter_types(&self, statement: &Self::Statement) -> PgWireResult<Vec<Type>> {
        QueryParser::get_parameter_types(&*self.0, statement)
    }

    fn get_result_schema(
        &self,
        statement: &Self::Statement,
        format: Option<&Format>,
    ) -> PgWireResult<Vec<FieldInfo>> {
        QueryParser::get_result_schema(&*self.0, statement, format)
    }
}
