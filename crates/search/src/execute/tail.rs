//! The language on events as they arrive.

use super::record::RecordReader;
use crate::answer::{Event, SearchError};
use crate::compile::Filter;
use crate::eval::evaluate;
use crate::lang::{Expr, parse};
use arrow::array::{ArrayRef, RecordBatch, RecordBatchOptions, new_null_array};
use arrow::compute::{cast, filter_record_batch};
use arrow::error::ArrowError;
use events::columns::Columns;
use events::scan::{ColumnRef, Prune, schema_of};
use model::event::{Batch, Kind};
use std::sync::Arc;

/// Finds the matching events of batches, each with the columns it brings along.
#[derive(Clone, Debug)]
pub struct TailFilter {
    kind: Kind,
    query: String,
    expr: Expr,
}

impl TailFilter {
    /// Fails for a query that cannot be meant; fields need not be known yet.
    pub fn new(kind: Kind, query: &str) -> Result<TailFilter, SearchError> {
        let expr = parse(query)?;
        Filter::new(query, &expr, &Columns::builtin(kind), Prune::none())?;
        Ok(TailFilter { kind, query: query.to_owned(), expr })
    }

    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// The events of a batch that match, in its order.
    pub fn events(&self, batch: &Arc<Batch>) -> Result<Vec<Event>, SearchError> {
        if batch.kind != self.kind || batch.is_empty() {
            return Ok(Vec::new());
        }
        let internal = |error: ArrowError| SearchError::Internal(error.to_string());
        let (table, columns) = events::table(batch).map_err(internal)?;
        let filter = Filter::new(&self.query, &self.expr, &columns, Prune::none())?;
        if filter.is_nothing() {
            return Ok(Vec::new());
        }
        let tested = project(&table, &filter.columns).map_err(internal)?;
        let mask = evaluate(&filter, &tested).map_err(internal)?;
        if mask.true_count() == 0 {
            return Ok(Vec::new());
        }
        let reader = RecordReader::new(&columns);
        let found = filter_record_batch(&table, &mask).map_err(internal)?;
        Ok(reader.events(&project(&found, &reader.columns).map_err(internal)?))
    }
}

/// The columns asked for, as they are asked for.
fn project(table: &RecordBatch, columns: &[ColumnRef]) -> Result<RecordBatch, ArrowError> {
    let rows = table.num_rows();
    let array = |column: &ColumnRef| -> Result<ArrayRef, ArrowError> {
        match table.column_by_name(&column.name) {
            None => Ok(new_null_array(&column.data_type, rows)),
            Some(array) if *array.data_type() == column.data_type => Ok(array.clone()),
            Some(array) => cast(array, &column.data_type),
        }
    };
    let arrays = columns.iter().map(array).collect::<Result<Vec<_>, _>>()?;
    let options = RecordBatchOptions::new().with_row_count(Some(rows));
    RecordBatch::try_new_with_options(schema_of(columns), arrays, &options)
}
