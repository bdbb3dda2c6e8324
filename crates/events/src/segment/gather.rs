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

/// Text of one batch, and so of one page with what was in it before: a merge decodes a page of each of its files. What
/// repeats in a dictionary stands in each row of a file: 8,192 rows of an attribute of 300 kB are 2.4 GB.
const TEXT_BYTES_MAX: usize = if cfg!(test) { 64 << 10 } else { 4 << 20 };

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
    reach: Reach,
}

/// A bound of the text in picked rows that is found without looking at each.
#[derive(Default)]
struct Reach {
    /// All text that is stored row by row.
    plain_bytes: usize,
    /// The longest text of each dictionary, together.
    longest_bytes: usize,
}

impl Reach {
    fn add(&mut self, columns: &[&dyn Array]) {
        let mut longest = 0;
        for column in columns {
            self.plain_bytes += match column.data_type() {
                DataType::Utf8 => column.as_string::<i32>().values().len(),
                DataType::LargeUtf8 => column.as_string::<i64>().values().len(),
                DataType::Utf8View => {
                    let views = column.as_string_view();
                    // Short text is in the view itself.
                    views.len() * 12 + views.data_buffers().iter().map(|buffer| buffer.len()).sum::<usize>()
                }
                _ => 0,
            };
            if let Some(dictionary) = column.as_any_dictionary_opt()
                && let Some(text) = text_of(dictionary.values().as_ref())
            {
                let lengths = (0..dictionary.values().len()).map(|at| text(at).map_or(0, str::len));
                longest = lengths.max().unwrap_or(0).max(longest);
            }
        }
        self.longest_bytes += longest;
    }
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
        let mut reach = Reach::default();
        let columns = schema.fields().iter().map(|field| {
            let found = batches.iter().map(|b| b.column_by_name(field.name()));
            if is_text(field.data_type()) {
                reach.add(&found.clone().flatten().map(AsRef::as_ref).collect::<Vec<_>>());
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
        let columns = columns.collect::<Result<_, SegmentError>>()?;
        Ok(Gather { schema: schema.clone(), columns, reach })
    }

    /// How many of the first picks may be one batch, so that their text is held at most to [`TEXT_BYTES_MAX`]. One at
    /// least, when there is one.
    pub(super) fn fitting(&self, picks: &[Pick]) -> usize {
        if self.reach.plain_bytes + self.reach.longest_bytes * picks.len() <= TEXT_BYTES_MAX {
            return picks.len();
        }
        let mut bytes = 0;
        for (at, pick) in picks.iter().enumerate() {
            bytes += self.text_bytes(*pick);
            if bytes > TEXT_BYTES_MAX && at > 0 {
                return at;
            }
        }
        picks.len()
    }

    /// About as many of the picks as fit into one batch, from all over them.
    pub(super) fn sample(&self, picks: &[Pick]) -> Result<RecordBatch, SegmentError> {
        let step = picks.len().div_ceil(self.fitting(picks).max(1)).max(1);
        let spread: Vec<Pick> = picks.iter().step_by(step).copied().collect();
        // Those between may be longer than the first ones.
        self.batch(&spread[..self.fitting(&spread)])
    }

    fn text_bytes(&self, pick: Pick) -> usize {
        let texts = self.columns.iter().filter_map(|source| match source {
            Source::Text(texts) => texts[pick.batch as usize].as_ref(),
            Source::Other(_) => None,
        });
        texts.filter_map(|text| text(pick.row as usize)).map(str::len).sum()
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

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::{Int32Array, StringArray, StringViewArray};
    use arrow::datatypes::{Field, Schema};
    use std::sync::Arc;

    #[test]
    fn a_long_text_that_repeats_is_many_batches() {
        // Together longer than 32 bits of offsets reach, when it is not a test.
        let values = Arc::new(StringArray::from(vec!["x".repeat(TEXT_BYTES_MAX / 100), "y".to_owned()]));
        let keys = Int32Array::from_iter((0..1_000).map(|row| Some(row / 500)));
        let words = DictionaryArray::<Int32Type>::try_new(keys, values).unwrap();
        let lines = StringViewArray::from_iter_values((0..1_000).map(|row| format!("line {row}")));
        let columns = [("words", Arc::new(words) as ArrayRef), ("lines", Arc::new(lines))];
        let batches = [RecordBatch::try_from_iter(columns).unwrap()];
        let fields = ["words", "lines"].map(|name| Field::new(name, DataType::Utf8, true));
        let gather = Gather::new(&Arc::new(Schema::new(fields.to_vec())), &batches).unwrap();
        let picks: Vec<Pick> = (0..1_000).map(|row| Pick { batch: 0, row }).collect();
        let (mut rest, mut row, mut pieces) = (&picks[..], 0, 0);
        while !rest.is_empty() {
            let (now, later) = rest.split_at(gather.fitting(rest));
            let piece = gather.batch(now).unwrap();
            let bytes: usize = piece.columns().iter().map(|c| c.as_string::<i32>().values().len()).sum();
            assert!(bytes <= TEXT_BYTES_MAX);
            for line in piece.column(1).as_string::<i32>() {
                assert_eq!(line, Some(format!("line {row}").as_str()));
                row += 1;
            }
            (rest, pieces) = (later, pieces + 1);
        }
        assert_eq!(row, 1_000);
        assert!((6..=8).contains(&pieces), "{pieces}");
    }
}
