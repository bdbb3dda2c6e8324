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

mod bounds;
mod catalog;
mod depth;
mod fault;
mod json;
mod lost;
mod memory;
mod metrics;
mod prune;
mod rewrite;
mod table;
mod write;

#[cfg(test)]
mod tests;

pub use catalog::{CATALOG, SCHEMA};
pub use depth::check_depth;
pub use fault::SqlFault;
pub use lost::{Lost, RowsMissing};
pub use metrics::{MetricSeries, MetricsSource};
pub use rewrite::rewrite;
pub use write::{Format, Writer, type_name};

use base::Budget;
use bounds::BoundsRule;
use catalog::{EventCatalog, EventSchema};
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::catalog::MemoryCatalogProvider;
use datafusion::common::DataFusionError;
use datafusion::execution::disk_manager::{DiskManagerBuilder, DiskManagerMode};
use datafusion::execution::runtime_env::RuntimeEnvBuilder;
use datafusion::execution::{SendableRecordBatchStream, SessionStateBuilder, TaskContext};
use datafusion::physical_plan::execute_stream;
use datafusion::prelude::{SQLOptions, SessionConfig, SessionContext};
use datafusion::sql::parser::Statement;
use events::Snapshot;
use model::event::Kind;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// A statement may be this long: a screen of it is 4 kB, what a tool generates 100 kB.
pub const STATEMENT_BYTES_MAX: usize = 1 << 20;

/// Each partition of a sort keeps this part of a thread's share of the memory for merging what it has spilled; by default
/// it is 10 MB each, which is more than there is when memory is short: a sort would fail where it could spill.
const SORT_MERGE_PART: usize = 16;

/// What Timescale's users call `date_bin`.
const BIN_ALIASES: [&str; 1] = ["time_bucket"];

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
    /// The statement is wrong.
    #[error("{0}")]
    Bad(SqlFault),
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
        SqlError::of(&error, "")
    }
}

impl SqlError {
    /// `sql` is the statement, for the places of faults.
    fn of(error: &DataFusionError, sql: &str) -> SqlError {
        match error.find_root() {
            DataFusionError::Execution(why) if why.starts_with(bounds::OVER) => {
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
            | DataFusionError::Execution(_) => SqlError::Bad(SqlFault::of(error, sql)),
            _ => SqlError::Failed(error.strip_backtrace()),
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
    /// Complete when the rows are at their end.
    pub lost: Arc<Lost>,
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
        settings.execution.sort_spill_reservation_bytes =
            (options.budget.limit_bytes() as usize / SORT_MERGE_PART / options.threads.max(1))
                .min(settings.execution.sort_spill_reservation_bytes);
        // Faults say where they are.
        settings.sql_parser.collect_spans = true;
        let state = SessionStateBuilder::new()
            .with_config(config)
            .with_runtime_env(runtime)
            .with_default_features()
            .with_physical_optimizer_rule(Arc::new(BoundsRule(options.timeout)))
            .build();
        let mut context = SessionContext::new_with_state(state);
        json::register(&mut context)?;
        context.register_udf(
            datafusion::functions::datetime::date_bin().as_ref().clone().with_aliases(BIN_ALIASES),
        );
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
            return Err(SqlError::Bad(SqlFault::new(format!(
                "the statement has {} bytes; at most {STATEMENT_BYTES_MAX} are read",
                sql.len()
            ))));
        }
        depth::check_depth(sql).map_err(|why| SqlError::Bad(SqlFault::new(why)))?;
        let state = self.context.state();
        let wrong = |error| SqlError::of(&error, sql);
        let dialect = state.config_options().sql_parser.dialect;
        let mut statement = state.sql_to_statement(sql, &dialect).map_err(wrong)?;
        if let Statement::Statement(statement) = &mut statement {
            rewrite(statement);
        }
        let plan = state.statement_to_plan(statement).await.map_err(wrong)?;
        read_only().verify_plan(&plan).map_err(wrong)?;
        let plan = state.create_physical_plan(&plan).await.map_err(wrong)?;
        let lost = Arc::new(Lost::default());
        let task = TaskContext::from(&state);
        let config = task.session_config().clone().with_extension(Arc::clone(&lost));
        let batches = execute_stream(plan, Arc::new(task.with_session_config(config)))?;
        Ok(SqlAnswer { schema: batches.schema(), batches, lost })
    }
}

/// Nothing that changes or writes anything.
pub fn read_only() -> SQLOptions {
    SQLOptions::new().with_allow_ddl(false).with_allow_dml(false).with_allow_statements(false)
}
