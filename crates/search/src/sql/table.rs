//! A kind of events as a table: the plan node that reads parts of a snapshot.
//!
//! A table is a picture of one moment: the snapshot is taken when the statement is planned. Filters are evaluated here,
//! before the other columns are read, so the plan above does not repeat them.

use super::lost::{Lost, RowsMissing};
use super::prune::prune_of;
use arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, RecordBatch, RecordBatchOptions, StringViewBuilder,
};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use arrow::error::ArrowError;
use async_trait::async_trait;
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::stats::Precision;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::common::{DFSchema, DataFusionError, Result, Statistics};
use datafusion::execution::memory_pool::{MemoryConsumer, MemoryReservation};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::logical_expr::utils::conjunction;
use datafusion::logical_expr::{Expr, TableProviderFilterPushDown, TableType};
use datafusion::physical_expr::EquivalenceProperties;
use datafusion::physical_expr::utils::collect_columns;
use datafusion::physical_plan::execution_plan::{Boundedness, EmissionType};
use datafusion::physical_plan::stream::{RecordBatchReceiverStreamBuilder, RecordBatchStreamAdapter};
use datafusion::physical_plan::{
    DisplayAs, DisplayFormatType, ExecutionPlan, Partitioning, PhysicalExpr, PlanProperties, StatisticsArgs,
};
use events::scan::{BATCH_ROWS, Cancel, ColumnRef, RowPredicate, ScanError, compact};
use events::{Part, Prune, Snapshot};
use futures::StreamExt;
use std::fmt;
use std::sync::Arc;

/// Rows that one thread reads in a piece: pieces go to the threads in turn.
const PIECE_ROWS: u64 = 1 << 19;
/// Batches that may wait for the plan above, each of 8,192 rows: of all columns of spans that is 5 MB.
const BATCHES_AHEAD: usize = 1;

/// A column as SQL shows it, and how it is read.
#[derive(Clone, Debug)]
struct Shown {
    read: ColumnRef,
    field: Field,
}

/// The table of one kind at one moment.
pub(super) struct EventTable {
    snapshot: Snapshot,
    columns: Arc<Vec<Shown>>,
    schema: SchemaRef,
}

impl EventTable {
    pub(super) fn new(snapshot: Snapshot) -> EventTable {
        let columns: Vec<Shown> =
            snapshot.columns().iter().map(|column| Shown::new(&column.name, &column.data_type)).collect();
        let schema = Arc::new(Schema::new(columns.iter().map(|c| c.field.clone()).collect::<Vec<_>>()));
        EventTable { snapshot, columns: Arc::new(columns), schema }
    }
}

impl Shown {
    fn new(name: &str, stored: &DataType) -> Shown {
        let (read, shown) = match stored {
            DataType::Utf8 | DataType::Dictionary(..) => (DataType::Utf8View, DataType::Utf8View),
            // Ids, as everybody writes them.
            DataType::FixedSizeBinary(_) => (stored.clone(), DataType::Utf8View),
            // SQL's clients know no unsigned numbers.
            DataType::UInt8 => (DataType::UInt8, DataType::Int16),
            DataType::UInt32 => (DataType::UInt32, DataType::Int64),
            other => (other.clone(), other.clone()),
        };
        Shown { read: ColumnRef::new(name, read), field: Field::new(name, shown, true) }
    }

    fn show(&self, array: &ArrayRef) -> std::result::Result<ArrayRef, ArrowError> {
        match array.data_type() {
            DataType::FixedSizeBinary(_) => Ok(hex(array)),
            other if other == self.field.data_type() => Ok(Arc::clone(array)),
            _ => cast(array, self.field.data_type()),
        }
    }
}

/// Ids as lower-case hex.
fn hex(array: &ArrayRef) -> ArrayRef {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let ids = array.as_fixed_size_binary();
    let mut out = StringViewBuilder::with_capacity(ids.len());
    let mut text = String::with_capacity(32);
    for id in ids {
        let Some(id) = id else {
            out.append_null();
            continue;
        };
        text.clear();
        for byte in id {
            text.push(DIGITS[usize::from(byte >> 4)] as char);
            text.push(DIGITS[usize::from(byte & 15)] as char);
        }
        out.append_value(&text);
    }
    Arc::new(out.finish())
}

fn show_all(columns: &[Shown], batch: &RecordBatch) -> std::result::Result<RecordBatch, ArrowError> {
    let arrays =
        columns.iter().zip(batch.columns()).map(|(c, a)| c.show(a)).collect::<std::result::Result<_, _>>()?;
    let schema = Arc::new(Schema::new(columns.iter().map(|c| c.field.clone()).collect::<Vec<_>>()));
    let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
    RecordBatch::try_new_with_options(schema, arrays, &options)
}

impl fmt::Debug for EventTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "EventTable({})", self.snapshot.kind().table())
    }
}

#[async_trait]
impl TableProvider for EventTable {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    fn supports_filters_pushdown(&self, filters: &[&Expr]) -> Result<Vec<TableProviderFilterPushDown>> {
        let push = |filter: &&Expr| match filter.is_volatile() {
            true => TableProviderFilterPushDown::Unsupported,
            false => TableProviderFilterPushDown::Exact,
        };
        Ok(filters.iter().map(push).collect())
    }

    async fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let every: Vec<usize> = (0..self.columns.len()).collect();
        let wanted: Vec<Shown> =
            projection.unwrap_or(&every).iter().map(|at| self.columns[*at].clone()).collect();
        let filter = match conjunction(filters.to_vec()) {
            Some(filter) => {
                let schema = DFSchema::try_from(self.schema.as_ref().clone())?;
                Some(Filter::new(state.create_physical_expr(filter, &schema)?, &self.columns)?)
            }
            None => None,
        };
        let threads = state.config().target_partitions();
        Ok(Arc::new(EventScan::new(self.snapshot.clone(), wanted, prune_of(filters), filter, limit, threads)))
    }
}

/// A test of rows, over the few columns that it looks at.
#[derive(Clone, Debug)]
struct Filter {
    columns: Arc<Vec<Shown>>,
    /// Over `columns` as they are shown.
    expr: Arc<dyn PhysicalExpr>,
}

impl Filter {
    fn new(expr: Arc<dyn PhysicalExpr>, all: &[Shown]) -> Result<Filter> {
        let mut places: Vec<usize> = collect_columns(&expr).iter().map(|column| column.index()).collect();
        places.sort_unstable();
        if places.is_empty() {
            // A filter without a column still needs to know how many rows there are.
            places.push(0);
        }
        let columns: Vec<Shown> = places.iter().map(|at| all[*at].clone()).collect();
        let schema = Schema::new(columns.iter().map(|c| c.field.clone()).collect::<Vec<_>>());
        let expr = datafusion::physical_expr::utils::reassign_expr_columns(expr, &schema)?;
        Ok(Filter { columns: Arc::new(columns), expr })
    }

    fn predicate(&self) -> RowPredicate<'static> {
        let filter = self.clone();
        RowPredicate::new(self.columns.iter().map(|c| c.read.clone()).collect(), move |batch| {
            filter.test(batch).map_err(|e| ScanError::Arrow(ArrowError::ExternalError(Box::new(e))))
        })
    }

    fn test(&self, batch: &RecordBatch) -> Result<BooleanArray> {
        let shown = show_all(&self.columns, batch)?;
        let passed = self.expr.evaluate(&shown)?.into_array(shown.num_rows())?;
        passed
            .as_boolean_opt()
            .cloned()
            .ok_or_else(|| DataFusionError::Plan("a filter is not true or false".to_owned()))
    }
}

/// Reads parts on blocking threads, a partition of them each.
#[derive(Debug)]
pub(super) struct EventScan {
    snapshot: SnapshotOf,
    columns: Arc<Vec<Shown>>,
    prune: Prune,
    filter: Option<Filter>,
    limit: Option<usize>,
    properties: Arc<PlanProperties>,
}

/// A snapshot that can be printed.
#[derive(Clone)]
struct SnapshotOf(Snapshot);

impl fmt::Debug for SnapshotOf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.kind().table())
    }
}

impl EventScan {
    fn new(
        snapshot: Snapshot,
        columns: Vec<Shown>,
        prune: Prune,
        filter: Option<Filter>,
        limit: Option<usize>,
        threads: usize,
    ) -> EventScan {
        let schema = Arc::new(Schema::new(columns.iter().map(|c| c.field.clone()).collect::<Vec<_>>()));
        let properties = PlanProperties::new(
            EquivalenceProperties::new(schema),
            Partitioning::UnknownPartitioning(threads.max(1)),
            EmissionType::Incremental,
            Boundedness::Bounded,
        );
        EventScan {
            snapshot: SnapshotOf(snapshot),
            columns: Arc::new(columns),
            prune,
            filter,
            limit,
            properties: Arc::new(properties),
        }
    }

    /// Rows of a batch: fewer where text is long. Reads the footers of files that are not known yet.
    pub(super) fn batch_rows(&self) -> usize {
        let wanted: Vec<ColumnRef> = self.columns.iter().map(|c| c.read.clone()).collect();
        let parts = self.snapshot.0.parts(&self.prune);
        let least = || parts.iter().map(|part| part.batch_rows(&wanted)).min().unwrap_or(BATCH_ROWS);
        tokio::task::block_in_place(least)
    }

    fn pieces(&self, snapshot: &Snapshot, partition: usize) -> Vec<Part> {
        let threads = self.properties.partitioning.partition_count();
        let pieces = snapshot.parts(&self.prune).into_iter().flat_map(|part| part.split(PIECE_ROWS));
        pieces.skip(partition).step_by(threads).collect()
    }
}

impl DisplayAs for EventScan {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.columns.iter().map(|c| c.field.name().as_str()).collect();
        write!(f, "EventScan: table={:?}, columns=[{}]", self.snapshot, names.join(", "))?;
        if let Some(filter) = &self.filter {
            write!(f, ", filter={}", filter.expr)?;
        }
        if let Some(limit) = self.limit {
            write!(f, ", limit={limit}")?;
        }
        Ok(())
    }
}

impl ExecutionPlan for EventScan {
    fn name(&self) -> &str {
        "EventScan"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        Vec::new()
    }

    fn apply_expressions(
        &self,
        f: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        self.filter.as_ref().map_or(Ok(TreeNodeRecursion::Continue), |filter| f(&filter.expr))
    }

    fn with_new_children(self: Arc<Self>, _: Vec<Arc<dyn ExecutionPlan>>) -> Result<Arc<dyn ExecutionPlan>> {
        Ok(self)
    }

    fn statistics_from_inputs(
        &self,
        _: &[Arc<Statistics>],
        args: &StatisticsArgs,
    ) -> Result<Arc<Statistics>> {
        let mut statistics = Statistics::new_unknown(&self.schema());
        if args.partition().is_none() {
            let rows = self.snapshot.0.parts(&self.prune).iter().map(Part::rows).sum::<u64>() as usize;
            statistics.num_rows = Precision::Inexact(rows);
        }
        Ok(Arc::new(statistics))
    }

    fn execute(&self, partition: usize, context: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        let cancel = Cancel::default();
        let snapshot = self.snapshot.0.with_cancel(cancel.clone());
        let pieces = self.pieces(&snapshot, partition);
        let mut stream = RecordBatchReceiverStreamBuilder::new(self.schema(), BATCHES_AHEAD);
        let (sender, reading) = (
            stream.tx(),
            Reading {
                columns: Arc::clone(&self.columns),
                prune: self.prune.clone(),
                filter: self.filter.clone(),
                rows_left: self.limit.unwrap_or(usize::MAX),
            },
        );
        let lost = context.session_config().get_extension::<Lost>();
        let held = MemoryConsumer::new("EventScan").register(context.memory_pool());
        stream.spawn_blocking(move || {
            reading.run(&pieces, |batch| {
                let batch = batch.and_then(|batch| hold(&held, &batch).map(|()| batch));
                let goes_on = batch.is_ok();
                sender.blocking_send(batch).is_ok() && goes_on
            });
            match (snapshot.warnings(), lost) {
                (warnings, _) if warnings.is_empty() => Ok(()),
                (warnings, Some(lost)) => {
                    lost.note(warnings);
                    Ok(())
                }
                (warnings, None) => Err(DataFusionError::External(Box::new(RowsMissing(warnings)))),
            }
        });
        // Whoever drops the stream before its end stops the reading, though nothing comes through to notice by.
        let guard = CancelOnDrop(cancel);
        let guarded = stream.build().map(move |batch| {
            let _ = &guard;
            batch
        });
        Ok(Box::pin(RecordBatchStreamAdapter::new(self.schema(), guarded)))
    }
}

/// Reserves what the largest batch takes, for those that wait and the one being read.
fn hold(held: &MemoryReservation, batch: &RecordBatch) -> Result<()> {
    let wanted = batch.get_array_memory_size() * (BATCHES_AHEAD + 1);
    match wanted.saturating_sub(held.size()) {
        0 => Ok(()),
        more => held.try_grow(more),
    }
}

struct CancelOnDrop(Cancel);

impl Drop for CancelOnDrop {
    fn drop(&mut self) {
        self.0.cancel();
    }
}

struct Reading {
    columns: Arc<Vec<Shown>>,
    prune: Prune,
    filter: Option<Filter>,
    rows_left: usize,
}

impl Reading {
    /// Reads until the end, the limit, an error, or until nobody listens any more.
    fn run(mut self, pieces: &[Part], mut send: impl FnMut(Result<RecordBatch>) -> bool) {
        let mut wanted: Vec<ColumnRef> = self.columns.iter().map(|c| c.read.clone()).collect();
        if wanted.is_empty() {
            // Rows are counted by their times.
            wanted.push(ColumnRef::time("time"));
        }
        for piece in pieces {
            let predicate = self.filter.as_ref().map(Filter::predicate);
            let rows_max = piece.batch_rows(&wanted);
            for batch in piece.read(&wanted, &self.prune, None, predicate) {
                let batch = match batch {
                    Ok(batch) => batch.batch,
                    Err(ScanError::Cancelled) => return,
                    Err(ScanError::Arrow(error)) => {
                        send(Err(error.into()));
                        return;
                    }
                };
                let batch = batch.slice(0, batch.num_rows().min(self.rows_left));
                self.rows_left -= batch.num_rows();
                for start in (0..batch.num_rows()).step_by(rows_max) {
                    let batch = batch.slice(start, rows_max.min(batch.num_rows() - start));
                    let shown = show_all(&self.columns, &batch).and_then(|shown| compact(&shown));
                    if !send(shown.map_err(DataFusionError::from)) {
                        return;
                    }
                }
                if self.rows_left == 0 {
                    return;
                }
            }
        }
    }
}
