//! Columns as they are asked for: converted where a part holds another type, nulls where it holds none.

use super::request::{ColumnRef, schema_of};
use arrow::array::{Array, ArrayRef, RecordBatch, RecordBatchOptions, new_null_array};
use arrow::compute::cast;
use arrow::datatypes::{DataType, SchemaRef};
use arrow::error::ArrowError;

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
