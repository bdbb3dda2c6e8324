//! SQL over events: `SELECT service, count(*) FROM spans WHERE time > now() - interval '1 hour' GROUP BY service`.
//!
//! DataFusion plans and runs; this gives it the tables `logs`, `spans` and `errors` ([`table`]), the function
//! `metrics('promql', start, end, step)` ([`metrics`]), and limits: statements that change anything are refused,
//! memory is drawn from the budget ([`memory`]), what does not fit is spilled to a directory of bounded size, and
//! dropping the answer stops the work.
//!
//! Columns are named as the files name them: `SELECT "http.route", "resource.k8s.pod.name" FROM spans`. Ids are
//! lower-case hex.
//!
//! It must not know of HTTP or of the search language. Whoever calls runs on a multi-threaded tokio runtime.

mod catalog;
mod deadline;
mod memory;
mod metrics;
mod prune;
mod table;
mod write;

#[cfg(test)]
mod tests;

pub use catalog::{CATALOG, SCHEMA};
pub use metrics::{MetricSeries, MetricsSource};
pub use write::{Format, Writer, type_name};

use base::Budget;
use catalog::{EventCatalog, EventSchema};
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::catalog::MemoryCatalogProvider;
use datafusion::common::DataFusionError;
use datafusion::execution::disk_manager::{DiskManagerBuilder, DiskManagerMode};
use datafusion::execution::runtime_env::RuntimeEnvBuilder;
use datafusion::execution::{SendableRecordBatchStream, SessionStateBuilder};
use datafusion::physical_plan::execute_stream;
use datafusion::prelude::{SQLOptions, SessionConfig, SessionContext};
use deadline::DeadlineRule;
use events::Snapshot;
use model::event::Kind;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// A statement may be this long: a screen of it is 4 kB, what a tool generates 100 kB.
pub const STATEMENT_BYTES_MAX: usize = 1 << 20;

/// Where the tables come from.
pub trait EventTables: Send + Sync + 'static {
    /// What there is now. May take a moment.
    fn snapshot(&self, kind: Kind) -> Snapshot;
}

#[derive(Clone, Debug)]
pub struct SqlOptions {
    /// What all statements together may hold.
    pub budget: Budget,
    /// Where operators put what does not fit. Made when needed, emptied at every start.
    pub spill_dir: PathBuf,
    pub spill_bytes_max: u64,
    /// Partitions of a plan.
    pub threads: usize,
    /// What a statement may take from its first row to its last.
    pub timeout: Duration,
}

/// Why a statement has no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SqlError {
    /// The statement is wrong; a sentence for whoever wrote it.
    #[error("{0}")]
    Bad(String),
    /// It needs more memory or spill space than there is for it.
    #[error("{0}")]
    TooLarge(String),
    /// It took longer than statements may.
    #[error("{0}")]
    Timeout(String),
    /// The rest: ours.
    #[error("{0}")]
    Failed(String),
}

impl From<DataFusionError> for SqlError {
    fn from(error: DataFusionError) -> SqlError {
        let message = error.strip_backtrace();
        match error.find_root() {
            DataFusionError::Execution(why) if why.starts_with(deadline::OVER) => {
                SqlError::Timeout(why.clone())
            }
            DataFusionError::ResourcesExhausted(why) => SqlError::TooLarge(why.clone()),
            DataFusionError::SQL(..)
            | DataFusionError::Plan(_)
            | DataFusionError::SchemaError(..)
            | DataFusionError::NotImplemented(_)
            | DataFusionError::Configuration(_)
            | DataFusionError::Diagnostic(..)
            | DataFusionError::ArrowError(..)
            | DataFusionError::Execution(_) => SqlError::Bad(message),
            _ => SqlError::Failed(message),
        }
    }
}

/// Answers statements. One for the life of the program.
pub struct SqlEngine {
    context: SessionContext,
}

/// The rows of an answer, as they are found. Dropping it ends the statement.
pub struct SqlAnswer {
    pub schema: SchemaRef,
    pub batches: SendableRecordBatchStream,
}

impl SqlEngine {
    pub fn new(
        tables: Arc<dyn EventTables>,
        metrics: Arc<dyn MetricsSource>,
        options: &SqlOptions,
    ) -> Result<SqlEngine, SqlError> {
        let disk = DiskManagerBuilder::default()
            .with_mode(DiskManagerMode::Directories(vec![options.spill_dir.clone()]))
            .with_max_temp_directory_size(options.spill_bytes_max);
        let runtime = RuntimeEnvBuilder::new()
            .with_memory_pool(Arc::new(memory::BudgetPool::new(options.budget.clone())?))
            .with_disk_manager_builder(disk)
            .build_arc()?;
        let mut config = SessionConfig::new()
            .with_target_partitions(options.threads)
            .with_default_catalog_and_schema(CATALOG, SCHEMA)
            .with_create_default_catalog_and_schema(false)
            .with_information_schema(true);
        let settings = config.options_mut();
        settings.execution.time_zone = Some("UTC".to_owned());
        // The dialect of the protocol that tools speak.
        settings.sql_parser.dialect = datafusion::common::config::Dialect::PostgreSQL;
        let state = SessionStateBuilder::new()
            .with_config(config)
            .with_runtime_env(runtime)
            .with_default_features()
            .with_physical_optimizer_rule(Arc::new(DeadlineRule(options.timeout)))
            .build();
        let context = SessionContext::new_with_state(state);
        let events = Arc::new(EventSchema(tables));
        context.register_catalog(
            CATALOG,
            Arc::new(EventCatalog { events, others: MemoryCatalogProvider::new() }),
        );
        context.register_udtf("metrics", Arc::new(metrics::MetricsFunction(metrics)));
        Ok(SqlEngine { context })
    }

    /// The session, for a protocol that brings its own handling of statements. It is shared: settings that a client
    /// changes there are everybody's.
    pub fn context(&self) -> &SessionContext {
        &self.context
    }

    /// Plans and starts a statement. Rows come as the stream is polled.
    pub async fn query(&self, sql: &str) -> Result<SqlAnswer, SqlError> {
        if sql.len() > STATEMENT_BYTES_MAX {
            return Err(SqlError::Bad(format!(
                "the statement has {} bytes; at most {STATEMENT_BYTES_MAX} are read",
                sql.len()
            )));
        }
        let state = self.context.state();
        let plan = state.create_logical_plan(sql).await?;
        read_only().verify_plan(&plan)?;
        let plan = state.create_physical_plan(&plan).await?;
        let batches = execute_stream(plan, self.context.task_ctx())?;
        Ok(SqlAnswer { schema: batches.schema(), batches })
    }
}

/// Nothing that changes or writes anything.
pub fn read_only() -> SQLOptions {
    SQLOptions::new().with_allow_ddl(false).with_allow_dml(false).with_allow_statements(false)
}
