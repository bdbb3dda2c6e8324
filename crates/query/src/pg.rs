//! SQL over PostgreSQL's protocol, for psql, drivers, Metabase and Grafana: the tables of [`search::sql`], read-only.
//!
//! `datafusion-postgres` speaks the protocol and emulates `pg_catalog`. Around it: a statement that would change
//! anything is refused before it is planned ([`guard`]); what clients say to their session is answered without the
//! session of all being changed ([`session`], [`prepared`], [`cursor`]); what tools ask of the catalogs and the
//! emulation cannot answer is put otherwise ([`rewrite`]) or added ([`functions`], [`views`]); errors get PostgreSQL's
//! codes ([`errors`]). Memory and time are limited as over HTTP.

mod catalog;
mod cursor;
mod errors;
mod functions;
mod guard;
mod prepared;
mod rewrite;
mod session;
mod views;

#[cfg(test)]
mod tests;

use async_trait::async_trait;
use datafusion::prelude::SessionContext;
use datafusion_postgres::datafusion_pg_catalog::setup_pg_catalog;
use datafusion_postgres::hooks::QueryHook;
use datafusion_postgres::hooks::set_show::SetShowHook;
use datafusion_postgres::hooks::transactions::TransactionStatementHook;
use datafusion_postgres::pgwire::api::auth::StartupHandler;
use datafusion_postgres::pgwire::api::auth::noop::NoopStartupHandler;
use datafusion_postgres::pgwire::api::cancel::{CancelHandler, DefaultCancelHandler};
use datafusion_postgres::pgwire::api::query::{ExtendedQueryHandler, SimpleQueryHandler};
use datafusion_postgres::pgwire::api::{ConnectionManager, ErrorHandler, PgWireServerHandlers};
use datafusion_postgres::{DfSessionService, ServerOptions, serve_with_handlers};
use search::sql::CATALOG;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

/// Connections at once: a dashboard opens a handful, the pool of a tool twenty.
const CONNECTIONS_MAX: usize = 100;

/// Speaks the protocol until it is dropped.
pub(crate) async fn serve(context: SessionContext, address: SocketAddr) -> io::Result<()> {
    prepare(&context).await.map_err(io::Error::other)?;
    let options = ServerOptions::new()
        .with_host(address.ip().to_string())
        .with_port(address.port())
        .with_max_connections(CONNECTIONS_MAX);
    serve_with_handlers(Arc::new(Handlers::new(context)), &options).await
}

/// Adds what the protocol's clients expect to find: `pg_catalog` and its functions.
async fn prepare(context: &SessionContext) -> datafusion::common::Result<()> {
    setup_pg_catalog(context, CATALOG, catalog::Everybody).map_err(|e| *e)?;
    functions::register(context);
    views::register(context).await
}

/// The first that has an answer gives it.
fn hooks() -> Vec<Arc<dyn QueryHook>> {
    vec![
        Arc::new(guard::ReadOnly),
        Arc::new(session::SessionStatements),
        Arc::new(SetShowHook),
        Arc::new(TransactionStatementHook),
        Arc::new(cursor::CursorStatements),
        Arc::new(prepared::PreparedStatements),
    ]
}

/// What a connection is served with.
struct Handlers {
    statements: Arc<catalog::Statements>,
    startup: Arc<Startup>,
    cancel: Arc<DefaultCancelHandler>,
}

/// Lets everybody in, as the HTTP port does.
struct Startup(Arc<ConnectionManager>);

#[async_trait]
impl NoopStartupHandler for Startup {
    fn connection_manager(&self) -> Option<Arc<ConnectionManager>> {
        Some(Arc::clone(&self.0))
    }
}

impl Handlers {
    fn new(context: SessionContext) -> Handlers {
        let connections = Arc::new(ConnectionManager::new());
        let service = DfSessionService::new_with_hooks(Arc::new(context), hooks());
        Handlers {
            statements: Arc::new(catalog::Statements(Arc::new(service))),
            startup: Arc::new(Startup(Arc::clone(&connections))),
            cancel: Arc::new(DefaultCancelHandler::new(connections)),
        }
    }
}

impl PgWireServerHandlers for Handlers {
    fn simple_query_handler(&self) -> Arc<impl SimpleQueryHandler> {
        Arc::clone(&self.statements)
    }

    fn extended_query_handler(&self) -> Arc<impl ExtendedQueryHandler> {
        Arc::clone(&self.statements)
    }

    fn startup_handler(&self) -> Arc<impl StartupHandler> {
        Arc::clone(&self.startup)
    }

    fn error_handler(&self) -> Arc<impl ErrorHandler> {
        Arc::new(errors::Codes)
    }

    fn cancel_handler(&self) -> Arc<impl CancelHandler> {
        Arc::clone(&self.cancel)
    }
}
