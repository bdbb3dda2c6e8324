//! What a reader asks for: which rows at most, which columns, and of what type.

use super::ScanError;
use arrow::array::{BooleanArray, RecordBatch};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};
use model::event::TraceId;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Rows that certainly do not matter are left out by this, a page at a time: what is read may hold others, so whoever
/// must be exact checks each row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Prune {
    /// The first nanosecond that matters.
    pub start_ns: i64,
    /// The first that does not any more.
    pub end_ns: i64,
    /// Only rows of these services matter.
    pub services: Option<Vec<String>>,
    /// Only rows of these traces matter.
    pub trace_ids: Option<Vec<TraceId>>,
    /// Of each of these lists, one word at least is in the free text of a row that matters. Words as [`crate::tokens`]
    /// gives them: lower-case, whole.
    pub tokens: Vec<Vec<String>>,
}

impl Prune {
    /// Everything matters.
    pub fn none() -> Prune {
        Prune::time(i64::MIN, i64::MAX)
    }

    /// Only the rows of a time matter: `start_ns` belongs to it, `end_ns` does not.
    pub fn time(start_ns: i64, end_ns: i64) -> Prune {
        Prune { start_ns, end_ns, services: None, trace_ids: None, tokens: Vec::new() }
    }

    /// Whether a run of rows from `min_ns` to `max_ns`, both included, may hold rows that matter.
    pub fn meets_time(&self, min_ns: i64, max_ns: i64) -> bool {
        // The end of everything is the largest number, and that moment belongs to everything.
        (min_ns < self.end_ns || self.end_ns == i64::MAX) && max_ns >= self.start_ns
    }

    /// Whether rows whose services lie between two names, both included, may matter.
    pub(crate) fn meets_services(&self, min: &[u8], max: &[u8]) -> bool {
        self.services
            .as_ref()
            .is_none_or(|names| names.iter().any(|n| min <= n.as_bytes() && n.as_bytes() <= max))
    }
}

/// A column that is asked for, and the type in which it shall come. A part that does not have it gives nulls; one that
/// holds it as another type converts it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ColumnRef {
    pub name: Arc<str>,
    pub data_type: DataType,
}

impl ColumnRef {
    pub fn new(name: &str, data_type: DataType) -> ColumnRef {
        ColumnRef { name: Arc::from(name), data_type }
    }

    /// A text column as numbers into a table of distinct values: fast to group by and to filter when values repeat.
    pub fn dictionary(name: &str) -> ColumnRef {
        ColumnRef::new(name, dictionary_type())
    }

    /// A text column as views: fast to read when values do not repeat.
    pub fn view(name: &str) -> ColumnRef {
        ColumnRef::new(name, DataType::Utf8View)
    }

    /// A column of nanoseconds since 1970 in UTC.
    pub fn time(name: &str) -> ColumnRef {
        ColumnRef::new(name, time_type())
    }
}

/// Text as numbers into a table of distinct values.
pub fn dictionary_type() -> DataType {
    DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8))
}

/// Nanoseconds since 1970 in UTC.
pub fn time_type() -> DataType {
    DataType::Timestamp(TimeUnit::Nanosecond, Some("UTC".into()))
}

/// The schema of batches that hold these columns.
pub fn schema_of(columns: &[ColumnRef]) -> SchemaRef {
    let fields = columns.iter().map(|c| Field::new(c.name.as_ref(), c.data_type.clone(), true));
    Arc::new(Schema::new(fields.collect::<Vec<_>>()))
}

/// What a predicate answers: true for the rows to keep; null counts as false. As long as the batch.
pub type Test<'a> = dyn FnMut(&RecordBatch) -> Result<BooleanArray, ScanError> + Send + 'a;

/// A test of rows. Only for rows that pass are the other columns read.
pub struct RowPredicate<'a> {
    /// What the test looks at: its batches carry exactly these, in this order, at most [`super::BATCH_ROWS`] rows.
    pub columns: Vec<ColumnRef>,
    pub test: Box<Test<'a>>,
}

impl<'a> RowPredicate<'a> {
    pub fn new(
        columns: Vec<ColumnRef>,
        test: impl FnMut(&RecordBatch) -> Result<BooleanArray, ScanError> + Send + 'a,
    ) -> RowPredicate<'a> {
        RowPredicate { columns, test: Box::new(test) }
    }
}

/// A wish to stop, shared by who asked and who reads.
#[derive(Clone, Debug, Default)]
pub struct Cancel(Arc<AtomicBool>);

impl Cancel {
    pub fn cancel(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    pub fn is_cancelled(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    pub(crate) fn check(&self) -> Result<(), ScanError> {
        if self.is_cancelled() { Err(ScanError::Cancelled) } else { Ok(()) }
    }
}
