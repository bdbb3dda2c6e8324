//! Rows picked from several batches into one, with the types that files have. Text comes from any form of it.

use super::SegmentError;
use arrow::array::{
    Array, ArrayRef, AsArray, DictionaryArray, RecordBatch, RecordBatchOptions, StringBuilder, new_null_array,
};
use arrow::compute::{cast, interleave};
use arrow::datatypes::{
    ArrowDictionaryKeyType, DataType, Int8Type, Int16Type, Int32Type, Int64Type, SchemaRef, UInt8Type,
    UInt16Type, UInt32Type, UInt64Type,
};
use arrow::error::ArrowError;

/// The text at a row of a column; `None` is null.
pub(super) type TextOf<'a> = Box<dyn Fn(usize) -> Option<&'a str> + 'a>;

/// A column of text in whatever form; `None` when it is not text.
pub(super) fn text_of(column: &dyn Array) -> Option<TextOf<'_>> {
    macro_rules! plain {
        ($array:expr) => {{
            let array = $array;
            Some(Box::new(move |row| array.is_valid(row).then(|| array.value(row))))
        }};
    }
    match column.data_type() {
        DataType::Utf8 => plain!(column.as_string::<i32>()),
        DataType::LargeUtf8 => plain!(column.as_string::<i64>()),
        DataType::Utf8View => plain!(column.as_string_view()),
        DataType::Dictionary(keys, values) if is_text(values) => match **keys {
            DataType::Int8 => dictionary_text(column.as_dictionary::<Int8Type>()),
            DataType::Int16 => dictionary_text(column.as_dictionary::<Int16Type>()),
            DataType::Int32 => dictionary_text(column.as_dictionary::<Int32Type>()),
            DataType::Int64 => dictionary_text(column.as_dictionary::<Int64Type>()),
            DataType::UInt8 => dictionary_text(column.as_dictionary::<UInt8Type>()),
            DataType::UInt16 => dictionary_text(column.as_dictionary::<UInt16Type>()),
            DataType::UInt32 => dictionary_text(column.as_dictionary::<UInt32Type>()),
            DataType::UInt64 => dictionary_text(column.as_dictionary::<UInt64Type>()),
            _ => None,
        },
        _ => None,
    }
}

fn dictionary_text<K: ArrowDictionaryKeyType>(array: &DictionaryArray<K>) -> Option<TextOf<'_>> {
    let values = text_of(array.values().as_ref())?;
    Some(Box::new(move |row| values(array.key(row)?)))
}

/// Text, without regard to its form.
pub(super) fn is_text(data_type: &DataType) -> bool {
    match data_type {
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => true,
        DataType::Dictionary(_, values) => is_text(values),
        _ => false,
    }
}

/// A row of one of several batches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Pick {
    pub(super) batch: u32,
    pub(super) row: u32,
}

/// The columns of several batches, ready to be picked from.
pub(super) struct Gather<'a> {
    schema: SchemaRef,
    columns: Vec<Source<'a>>,
}

enum Source<'a> {
    /// By batch; `None` where a batch does not have the column.
    Text(Vec<Option<TextOf<'a>>>),
    /// By batch; the last one is a single null, for batches that do not have the column.
    Other(Vec<ArrayRef>),
}

impl<'a> Gather<'a> {
    /// `schema` has the types of files (see [`super::schema`]).
    pub(super) fn new(schema: &SchemaRef, batches: &'a [RecordBatch]) -> Result<Gather<'a>, SegmentError> {
        let columns = schema.fields().iter().map(|field| {
            let found = batches.iter().map(|b| b.column_by_name(field.name()));
            if is_text(field.data_type()) {
                let texts = found.map(|column| match column {
                    None => Ok(None),
                    Some(column) => match text_of(column.as_ref()) {
                        Some(text) => Ok(Some(text)),
                        None => Err(SegmentError::Input(format!(
                            "{}: text and {}",
                            field.name(),
                            column.data_type()
                        ))),
                    },
                });
                return Ok(Source::Text(texts.collect::<Result<_, _>>()?));
            }
            let null = new_null_array(field.data_type(), 1);
            let arrays = found.map(|column| match column {
                None => Ok(new_null_array(field.data_type(), 0)),
                Some(column) if column.data_type() == field.data_type() => Ok(column.clone()),
                Some(column) => cast(column, field.data_type()),
            });
            let mut arrays = arrays.collect::<Result<Vec<_>, ArrowError>>()?;
            // An array of no rows stands for a column that is not there.
            arrays.push(null);
            Ok(Source::Other(arrays))
        });
        Ok(Gather { schema: schema.clone(), columns: columns.collect::<Result<_, SegmentError>>()? })
    }

    /// The picked rows, in their order.
    pub(super) fn batch(&self, picks: &[Pick]) -> Result<RecordBatch, SegmentError> {
        let arrays = self.columns.iter().map(|source| match source {
            Source::Text(texts) => Ok(pick_text(texts, picks)),
            Source::Other(arrays) => pick_other(arrays, picks),
        });
        let arrays = arrays.collect::<Result<Vec<_>, ArrowError>>()?;
        let options = RecordBatchOptions::new().with_row_count(Some(picks.len()));
        Ok(RecordBatch::try_new_with_options(self.schema.clone(), arrays, &options)?)
    }
}

fn pick_text(texts: &[Option<TextOf<'_>>], picks: &[Pick]) -> ArrayRef {
    let mut builder = StringBuilder::with_capacity(picks.len(), 0);
    for pick in picks {
        builder.append_option(texts[pick.batch as usize].as_ref().and_then(|text| text(pick.row as usize)));
    }
    std::sync::Arc::new(builder.finish())
}

fn pick_other(arrays: &[ArrayRef], picks: &[Pick]) -> Result<ArrayRef, ArrowError> {
    let null = arrays.len() - 1;
    let places: Vec<(usize, usize)> = picks
        .iter()
        .map(|pick| match pick.batch as usize {
            batch if arrays[batch].is_empty() => (null, 0),
            batch => (batch, pick.row as usize),
        })
        .collect();
    interleave(&arrays.iter().map(|a| a.as_ref()).collect::<Vec<_>>(), &places)
}
