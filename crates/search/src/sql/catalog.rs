//! The tables there are: one for each kind of events, made anew for each statement.

use super::EventTables;
use super::table::EventTable;
use async_trait::async_trait;
use datafusion::catalog::{CatalogProvider, SchemaProvider, TableProvider};
use datafusion::common::Result;
use datafusion::logical_expr::TableType;
use model::event::Kind;
use std::fmt;
use std::sync::Arc;

/// The catalog of the session, and its one schema.
pub const CATALOG: &str = "pharos";
pub const SCHEMA: &str = "public";

/// The schema `public`.
pub(super) struct EventSchema(pub(super) Arc<dyn EventTables>);

impl fmt::Debug for EventSchema {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EventSchema")
    }
}

#[async_trait]
impl SchemaProvider for EventSchema {
    fn table_names(&self) -> Vec<String> {
        Kind::ALL.iter().map(|kind| kind.table().to_owned()).collect()
    }

    async fn table(&self, name: &str) -> Result<Option<Arc<dyn TableProvider>>> {
        let Some(kind) = of_table(name) else { return Ok(None) };
        // Taking a snapshot may turn the newest batches into columns.
        let snapshot = tokio::task::block_in_place(|| self.0.snapshot(kind));
        Ok(Some(Arc::new(EventTable::new(snapshot))))
    }

    async fn table_type(&self, name: &str) -> Result<Option<TableType>> {
        Ok(of_table(name).map(|_| TableType::Base))
    }

    fn table_exist(&self, name: &str) -> bool {
        of_table(name).is_some()
    }
}

fn of_table(name: &str) -> Option<Kind> {
    Kind::ALL.into_iter().find(|kind| kind.table() == name)
}

/// The catalog `pharos`: the schema of events, and those that protocols add (`pg_catalog`).
#[derive(Debug)]
pub(super) struct EventCatalog {
    pub(super) events: Arc<EventSchema>,
    pub(super) others: datafusion::catalog::MemoryCatalogProvider,
}

impl CatalogProvider for EventCatalog {
    fn schema_names(&self) -> Vec<String> {
        let mut names = self.others.schema_names();
        // What a protocol hides in a schema of its own is not listed.
        let lists = |name: &String| self.others.schema(name).is_some_and(|one| !one.table_names().is_empty());
        names.retain(lists);
        names.push(SCHEMA.to_owned());
        names
    }

    fn schema(&self, name: &str) -> Option<Arc<dyn SchemaProvider>> {
        match name {
            SCHEMA => Some(Arc::clone(&self.events) as _),
            other => self.others.schema(other),
        }
    }

    fn register_schema(
        &self,
        name: &str,
        schema: Arc<dyn SchemaProvider>,
    ) -> Result<Option<Arc<dyn SchemaProvider>>> {
        self.others.register_schema(name, schema)
    }
}
