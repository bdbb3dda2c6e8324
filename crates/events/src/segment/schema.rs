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

/// Ids that repeat less than this are written as they are: zstd would find nothing.
const UNIQUE_PERCENT_MIN: usize = 97;

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
        properties = encoding(properties, field, column.clone(), values.as_ref());
        if PAGE_STATISTICS.contains(&field.name().as_str()) {
            properties = properties.set_column_statistics_enabled(column, EnabledStatistics::Page);
        }
    }
    Ok(properties.build())
}

fn encoding(
    properties: WriterPropertiesBuilder,
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
        DataType::Utf8 => properties
            .set_column_dictionary_enabled(column.clone(), dictionary)
            .set_column_encoding(column, Encoding::DELTA_LENGTH_BYTE_ARRAY),
        // Ids are noise: no statistics help to find one, and a dictionary of them is longer than what zstd makes of
        // repeated ones (trace ids of spans 8.4 B against 8.9, parents 5.6 against 6.8).
        DataType::FixedSizeBinary(_) => {
            let properties = properties
                .set_column_dictionary_enabled(column.clone(), false)
                .set_column_statistics_enabled(column.clone(), EnabledStatistics::None);
            match distinct_percent(values) <= UNIQUE_PERCENT_MIN {
                true => properties,
                false => properties.set_column_compression(column, Compression::UNCOMPRESSED),
            }
        }
        _ => properties,
    }
}

/// How many of a hundred values are different; 0 where it does not matter.
fn distinct_percent(values: &dyn Array) -> usize {
    let present = values.len() - values.null_count();
    let distinct = match values.data_type() {
        DataType::Utf8 => distinct(values.as_string::<i32>().iter()),
        DataType::FixedSizeBinary(_) => distinct(values.as_fixed_size_binary().iter()),
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
