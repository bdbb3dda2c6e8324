//! Batches as they came into one Arrow batch: rows of attributes become columns.
//!
//! Each key of a batch is looked up in the registry once for each kind of value it has there; a row then costs an
//! array access an attribute. Text is stored once a chunk, with numbers into it (dictionaries): attributes repeat, and
//! those of resources repeat on each row.
//!
//! Invariants: rows are in the order of the batches and of the rows in them; columns are the built-in ones of the kind
//! in their order (those without any value left out), then attributes in the order they were met. Only the first of
//! two attributes of one key in a row counts.

mod attributes;
mod builtin;
mod cells;

use crate::columns::{Columns, Registry};
use arrow::array::{ArrayRef, RecordBatch, RecordBatchOptions};
use arrow::datatypes::{Field, Schema};
use arrow::error::ArrowError;
use attributes::Attributes;
use builtin::Builtins;
use model::event::{Batch, Kind, tie};
use std::sync::Arc;

/// Rows of one kind as columns.
pub(crate) struct Chunk {
    pub batch: RecordBatch,
    /// First and last time, both included.
    pub min_ns: i64,
    pub max_ns: i64,
    /// Attributes that went to the overflow.
    pub overflowed: u64,
    /// Attributes that did not even fit there.
    pub cut: u64,
}

/// Turns batches, which are all of the registry's kind, into columns.
pub(crate) fn chunk(batches: &[Arc<Batch>], registry: &Registry) -> Result<Chunk, ArrowError> {
    let kind = registry.kind();
    let rows: usize = batches.iter().map(|batch| batch.len()).sum();
    let mut builtins = Builtins::new(kind, rows);
    let mut attributes = Attributes::new(registry);
    let (mut min_ns, mut max_ns) = (i64::MAX, i64::MIN);
    for batch in batches {
        assert_eq!(batch.kind, kind, "a batch of another kind in a table");
        attributes.begin(batch);
        builtins.begin();
        let users = Users::of(batch);
        for row in 0..batch.len() {
            let common = Common::of(batch, row);
            min_ns = min_ns.min(common.time_ns);
            max_ns = max_ns.max(common.time_ns);
            builtins.row(batch, row, &common, users.as_ref());
            attributes.row(batch, &common);
        }
    }
    let mut columns: Vec<(Field, ArrayRef)> = builtins.finish(rows)?;
    let (overflowed, cut) = (attributes.overflowed, attributes.cut);
    attributes.finish(rows, &mut columns)?;
    let (fields, arrays): (Vec<Field>, Vec<ArrayRef>) = columns.into_iter().unzip();
    let options = RecordBatchOptions::new().with_row_count(Some(rows));
    let batch = RecordBatch::try_new_with_options(Arc::new(Schema::new(fields)), arrays, &options)?;
    Ok(Chunk { batch, min_ns, max_ns, overflowed, cut })
}

/// One batch as a table of its own, with its columns: for filters on events as they arrive.
pub fn table(batch: &Arc<Batch>) -> Result<(RecordBatch, Arc<Columns>), ArrowError> {
    let registry = Registry::new(batch.kind, &[]);
    let chunk = chunk(std::slice::from_ref(batch), &registry)?;
    Ok((chunk.batch, registry.columns()))
}

/// What spans and logs have in common.
struct Common {
    time_ns: i64,
    resource: u32,
    scope: u32,
    attrs: model::event::Run,
}

impl Common {
    fn of(batch: &Batch, row: usize) -> Common {
        match batch.kind {
            Kind::Span => {
                let span = &batch.spans[row];
                let (resource, scope, attrs) = (span.resource, span.scope, span.attrs);
                Common { time_ns: span.start_ns, resource, scope, attrs }
            }
            Kind::Log | Kind::Error => {
                let log = &batch.logs[row];
                let (resource, scope, attrs) = (log.resource, log.scope, log.attrs);
                Common { time_ns: log.time_ns, resource, scope, attrs }
            }
        }
    }
}

/// Where a batch says the user of an event: only few do.
struct Users {
    /// Numbers of the keys, the first that is there counts.
    keys: Vec<u32>,
}

impl Users {
    fn of(batch: &Batch) -> Option<Users> {
        let number =
            |key: &&str| (0..batch.keys.len() as u32).find(|at| batch.get(batch.keys[*at as usize]) == *key);
        let keys: Vec<u32> = tie::USER.iter().filter_map(number).collect();
        (!keys.is_empty()).then_some(Users { keys })
    }
}

#[cfg(test)]
mod tests;
