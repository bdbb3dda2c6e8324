//! Columns as they are asked for: converted where a part holds another type, nulls where it holds none.

use super::request::{ColumnRef, schema_of};
use arrow::array::{Array, ArrayRef, AsArray, RecordBatch, RecordBatchOptions, new_null_array};
use arrow::compute::cast;
use arrow::datatypes::{DataType, SchemaRef};
use arrow::error::ArrowError;
use std::sync::Arc;

/// One column as it is asked for.
pub(super) fn column(
    found: Option<&ArrayRef>,
    rows: usize,
    data_type: &DataType,
) -> Result<ArrayRef, ArrowError> {
    match found {
        None => Ok(new_null_array(data_type, rows)),
        Some(array) if array.data_type() == data_type => Ok(array.clone()),
        Some(array) => cast(array, data_type),
    }
}

/// Makes the batches of one set of columns.
pub(super) struct Shape {
    columns: Vec<ColumnRef>,
    schema: SchemaRef,
}

impl Shape {
    pub(super) fn new(columns: &[ColumnRef]) -> Shape {
        Shape { columns: columns.to_vec(), schema: schema_of(columns) }
    }

    /// A batch of `rows` rows; `find` gives the array of the column with a number, if there is one.
    pub(super) fn batch(
        &self,
        rows: usize,
        find: impl Fn(usize) -> Option<ArrayRef>,
    ) -> Result<RecordBatch, ArrowError> {
        let arrays =
            self.columns.iter().enumerate().map(|(at, ask)| column(find(at).as_ref(), rows, &ask.data_type));
        let arrays = arrays.collect::<Result<Vec<_>, _>>()?;
        let options = RecordBatchOptions::new().with_row_count(Some(rows));
        RecordBatch::try_new_with_options(self.schema.clone(), arrays, &options)
    }
}
/// Text that a batch may hold on to without having rows of it: a page of a file.
const IDLE_TEXT_BYTES_MAX: usize = 1 << 20;
/// Shorter text is in the view itself.
const VIEW_BYTES: u32 = 12;

/// A batch whose texts are copied out of what they were stored in, where that is much longer: a few rows of a memory chunk
/// would hold all of it, and count as much.
pub fn compact(batch: &RecordBatch) -> Result<RecordBatch, ArrowError> {
    let columns = batch.columns().iter().map(|column| match column.as_string_view_opt() {
        Some(views) => {
            let stored: usize = views.data_buffers().iter().map(|buffer| buffer.len()).sum();
            let long = views.lengths().filter(|length| *length > VIEW_BYTES);
            let used: usize = long.map(|length| length as usize).sum();
            match stored > 2 * used + IDLE_TEXT_BYTES_MAX {
                true => Arc::new(views.gc()) as ArrayRef,
                false => Arc::clone(column),
            }
        }
        None => Arc::clone(column),
    });
    let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
    RecordBatch::try_new_with_options(batch.schema(), columns.collect(), &options)
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::{Int64Array, StringViewArray};

    #[test]
    fn a_few_rows_do_not_hold_all_that_was_stored_with_them() {
        let texts =
            StringViewArray::from_iter_values((0..1_000).map(|n| format!("{n} {}", "x".repeat(10_000))));
        let columns: [(&str, ArrayRef); 2] =
            [("text", Arc::new(texts)), ("n", Arc::new(Int64Array::from_iter_values(0..1_000)))];
        let all = RecordBatch::try_from_iter(columns).unwrap();
        let few = all.slice(500, 3);
        let compacted = compact(&few).unwrap();
        assert_eq!(compacted, few);
        assert!(compacted.get_array_memory_size() < few.get_array_memory_size() / 100);
        let held = all.get_array_memory_size();
        assert_eq!(compact(&all).unwrap().get_array_memory_size(), held, "what is used stays where it is");
    }
}
