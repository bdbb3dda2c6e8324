//! The columns of a segment, and how each is encoded.
//!
//! The first columns of the first batch come first, then whatever others have more. Text is plain UTF-8 in files.

use super::gather::is_text;
use super::writer::SegmentOptions;
use super::{GROUP_ROWS, RUN_ROWS, SegmentError};
use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::{DataType, Field, Float64Type, Int64Type, Schema, SchemaRef, UInt32Type};
use hashbrown::{HashMap, HashSet};
use parquet::basic::{Compression, Encoding, ZstdLevel};
use parquet::file::metadata::SortingColumn;
use parquet::file::properties::{
    EnabledStatistics, WriterProperties, WriterPropertiesBuilder, WriterVersion,
};
use parquet::schema::types::ColumnPath;
use std::sync::Arc;

/// A dictionary page is decoded before the first row of a row group: 256 kB take 0.2 ms. What has more different values
/// goes on without one.
const DICTIONARY_BYTES_MAX: usize = 256 << 10;

/// Pages of long text are cut before [`RUN_ROWS`] rows: 1 MB decodes in a millisecond.
const PAGE_BYTES_MAX: usize = 1 << 20;

/// Longer values are cut in the statistics.
const STATISTICS_BYTES_MAX: usize = 64;

/// In a sample, a dictionary pays while at most this share of the values are different: each costs its bytes once, and a
/// number a row.
const DISTINCT_PERCENT_MAX: usize = 60;

/// Level of zstd for ids and for texts of one length.
const FAST_LEVEL: i32 = 1;

/// Columns by whose values pages are found: these have page statistics, the others are not worth 50 B a page.
const PAGE_STATISTICS: [&str; 4] = ["time", "service", "duration", "severity"];

/// The schema of a file of these batches.
pub(super) fn of_batches<'a>(schemas: impl Iterator<Item = &'a Schema>) -> Result<SchemaRef, SegmentError> {
    let mut fields: Vec<Field> = Vec::new();
    let mut places: HashMap<String, usize> = HashMap::new();
    for schema in schemas {
        for field in schema.fields() {
            let data_type =
                if is_text(field.data_type()) { DataType::Utf8 } else { field.data_type().clone() };
            match places.get(field.name()) {
                None => {
                    places.insert(field.name().clone(), fields.len());
                    fields.push(Field::new(field.name(), data_type, true));
                }
                Some(at) if *fields[*at].data_type() == data_type => {}
                Some(at) => {
                    let (a, b) = (fields[*at].data_type(), &data_type);
                    return Err(SegmentError::Input(format!("column {} is {a} and {b}", field.name())));
                }
            }
        }
    }
    if fields.is_empty() {
        return Err(SegmentError::Input("no columns".to_owned()));
    }
    Ok(Arc::new(Schema::new(fields)))
}

/// How the columns are written, judged by a sample of the rows.
pub(super) fn properties(
    schema: &Schema,
    sample: &RecordBatch,
    options: &SegmentOptions,
) -> Result<WriterProperties, SegmentError> {
    let zstd = Compression::ZSTD(ZstdLevel::try_new(options.zstd_level)?);
    let fast = Compression::ZSTD(ZstdLevel::try_new(FAST_LEVEL.min(options.zstd_level))?);
    let sorted = ["service", "time"].into_iter().filter_map(|name| {
        let column_idx = schema.index_of(name).ok()? as i32;
        Some(SortingColumn { column_idx, descending: false, nulls_first: true })
    });
    let mut properties = WriterProperties::builder()
        .set_writer_version(WriterVersion::PARQUET_1_0)
        .set_created_by("pharos".to_owned())
        .set_compression(zstd)
        .set_max_row_group_row_count(Some(GROUP_ROWS))
        .set_data_page_row_count_limit(RUN_ROWS)
        .set_data_page_size_limit(PAGE_BYTES_MAX)
        .set_dictionary_page_size_limit(DICTIONARY_BYTES_MAX)
        .set_statistics_truncate_length(Some(STATISTICS_BYTES_MAX))
        .set_column_index_truncate_length(Some(STATISTICS_BYTES_MAX))
        .set_statistics_enabled(EnabledStatistics::Chunk)
        .set_sorting_columns(Some(sorted.collect()));
    for (field, values) in schema.fields().iter().zip(sample.columns()) {
        let column = ColumnPath::new(vec![field.name().clone()]);
        properties = encoding(properties, fast, field, column.clone(), values.as_ref());
        if PAGE_STATISTICS.contains(&field.name().as_str()) {
            properties = properties.set_column_statistics_enabled(column, EnabledStatistics::Page);
        }
    }
    Ok(properties.build())
}

/// `fast` is the compression of values in which there is little to find.
fn encoding(
    properties: WriterPropertiesBuilder,
    fast: Compression,
    field: &Field,
    column: ColumnPath,
    values: &dyn Array,
) -> WriterPropertiesBuilder {
    let dictionary = distinct_percent(values) <= DISTINCT_PERCENT_MAX;
    match field.data_type() {
        DataType::Timestamp(..) => properties
            .set_column_dictionary_enabled(column.clone(), false)
            .set_column_encoding(column, Encoding::DELTA_BINARY_PACKED),
        DataType::Int64 | DataType::UInt32 | DataType::UInt8 => properties
            .set_column_dictionary_enabled(column.clone(), dictionary)
            .set_column_encoding(column, Encoding::DELTA_BINARY_PACKED),
        DataType::Float64 => properties
            .set_column_dictionary_enabled(column.clone(), dictionary)
            .set_column_encoding(column, Encoding::BYTE_STREAM_SPLIT),
        DataType::Utf8 => {
            let properties = properties.set_column_dictionary_enabled(column.clone(), dictionary);
            match is_of_one_length(values) {
                // Lengths cost nothing; what is left is mostly ids, in which zstd finds no more for more time.
                true => properties
                    .set_column_encoding(column.clone(), Encoding::DELTA_LENGTH_BYTE_ARRAY)
                    .set_column_compression(column, fast),
                // A length right before its text is told by the text before it: bodies of lines 8.3 B, against 9.0
                // with the lengths apart.
                false => properties.set_column_encoding(column, Encoding::PLAIN),
            }
        }
        // Ids are noise: no statistics help to find one, and a dictionary of them is longer than what zstd makes of
        // repeated ones (trace ids of spans 8.4 B against 8.9, parents 5.6 against 6.8). Where none repeats it costs
        // little to have tried; a sample does not tell, because services differ (trace ids of logs: 12.9 B, and 14.4
        // as they are).
        DataType::FixedSizeBinary(_) => properties
            .set_column_dictionary_enabled(column.clone(), false)
            .set_column_statistics_enabled(column.clone(), EnabledStatistics::None)
            .set_column_compression(column, fast),
        _ => properties,
    }
}

/// Whether all texts are as long as the first.
fn is_of_one_length(values: &dyn Array) -> bool {
    let Some(texts) = values.as_string_opt::<i32>() else { return false };
    let mut lengths = texts.iter().flatten().map(str::len);
    let first = lengths.next();
    lengths.all(|length| Some(length) == first)
}

/// How many of a hundred values are different; 0 where it does not matter.
fn distinct_percent(values: &dyn Array) -> usize {
    let present = values.len() - values.null_count();
    let distinct = match values.data_type() {
        DataType::Utf8 => distinct(values.as_string::<i32>().iter()),
        DataType::Int64 => distinct(values.as_primitive::<Int64Type>().iter()),
        DataType::UInt32 => distinct(values.as_primitive::<UInt32Type>().iter()),
        DataType::Float64 => {
            distinct(values.as_primitive::<Float64Type>().iter().map(|v| v.map(f64::to_bits)))
        }
        _ => 0,
    };
    distinct * 100 / present.max(1)
}

fn distinct<T: std::hash::Hash + Eq>(values: impl Iterator<Item = Option<T>>) -> usize {
    values.flatten().collect::<HashSet<T>>().len()
}
