//! An answer as bytes: JSON, CSV or an Arrow stream, a batch at a time.

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::csv::WriterBuilder;
use arrow::datatypes::{DataType, Float32Type, Float64Type, Int64Type, SchemaRef, UInt64Type};
use arrow::error::ArrowError;
use arrow::ipc::writer::StreamWriter;
use arrow::util::display::{ArrayFormatter, FormatOptions};
use std::fmt::Write as _;

/// How an answer is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    Json,
    Csv,
    Arrow,
}

impl Format {
    pub fn parse(name: &str) -> Option<Format> {
        match name {
            "json" => Some(Format::Json),
            "csv" => Some(Format::Csv),
            "arrow" => Some(Format::Arrow),
            _ => None,
        }
    }
}

/// Writes batches of one schema; every call returns what can be sent.
pub enum Writer {
    Json { schema: SchemaRef, rows: u64 },
    Csv { schema: SchemaRef },
    Arrow(Box<StreamWriter<Vec<u8>>>),
}

impl Writer {
    pub fn new(format: Format, schema: SchemaRef) -> Result<Writer, ArrowError> {
        Ok(match format {
            Format::Json => Writer::Json { schema, rows: 0 },
            Format::Csv => Writer::Csv { schema },
            Format::Arrow => Writer::Arrow(Box::new(StreamWriter::try_new(Vec::new(), &schema)?)),
        })
    }

    /// What comes before the first row.
    pub fn begin(&mut self) -> Result<Vec<u8>, ArrowError> {
        match self {
            Writer::Json { schema, .. } => Ok(json_head(schema).into_bytes()),
            Writer::Csv { schema } => {
                // A batch without rows writes the line of names alone.
                csv(&RecordBatch::new_empty(schema.clone()), true)
            }
            Writer::Arrow(stream) => Ok(std::mem::take(stream.get_mut())),
        }
    }

    pub fn batch(&mut self, batch: &RecordBatch) -> Result<Vec<u8>, ArrowError> {
        match self {
            Writer::Json { rows, .. } => {
                let mut out = String::with_capacity(batch.num_rows() * batch.num_columns() * 16);
                json_rows(batch, *rows == 0, &mut out)?;
                *rows += batch.num_rows() as u64;
                Ok(out.into_bytes())
            }
            Writer::Csv { .. } => csv(batch, false),
            Writer::Arrow(stream) => {
                stream.write(batch)?;
                Ok(std::mem::take(stream.get_mut()))
            }
        }
    }

    /// Whether the form has a place for warnings.
    pub fn can_warn(&self) -> bool {
        matches!(self, Writer::Json { .. })
    }

    /// What comes after the last row. `truncated`: there were more rows than the limit lets out.
    pub fn end(&mut self, truncated: bool, warnings: &[String]) -> Result<Vec<u8>, ArrowError> {
        match self {
            Writer::Json { .. } => Ok(json_end(truncated, warnings).into_bytes()),
            Writer::Csv { .. } => Ok(Vec::new()),
            Writer::Arrow(stream) => {
                stream.finish()?;
                Ok(std::mem::take(stream.get_mut()))
            }
        }
    }
}

fn csv(batch: &RecordBatch, header: bool) -> Result<Vec<u8>, ArrowError> {
    let mut out = Vec::new();
    WriterBuilder::new().with_header(header).build(&mut out).write(batch)?;
    Ok(out)
}

fn json_head(schema: &SchemaRef) -> String {
    let mut out = "{\"columns\":[".to_owned();
    for (i, field) in schema.fields().iter().enumerate() {
        if i > 0 {
            out.push(',');
        }
        out.push_str("{\"name\":");
        json_string(field.name(), &mut out);
        let _ = write!(out, ",\"type\":\"{}\"}}", type_name(field.data_type()));
    }
    out.push_str("],\"rows\":[");
    out
}

fn json_end(truncated: bool, warnings: &[String]) -> String {
    let mut out = format!("],\"truncated\":{truncated}");
    if !warnings.is_empty() {
        out.push_str(",\"warnings\":[");
        for (i, warning) in warnings.iter().enumerate() {
            if i > 0 {
                out.push(',');
            }
            json_string(warning, &mut out);
        }
        out.push(']');
    }
    out.push('}');
    out
}

/// PostgreSQL's word for a type.
pub fn type_name(data_type: &DataType) -> &'static str {
    match data_type {
        DataType::Boolean => "boolean",
        DataType::Int8 | DataType::Int16 | DataType::UInt8 => "smallint",
        DataType::Int32 | DataType::UInt16 => "integer",
        DataType::Int64 | DataType::UInt32 => "bigint",
        DataType::UInt64 | DataType::Decimal128(..) | DataType::Decimal256(..) => "numeric",
        DataType::Float16 | DataType::Float32 => "real",
        DataType::Float64 => "double precision",
        DataType::Timestamp(_, Some(_)) => "timestamptz",
        DataType::Timestamp(_, None) => "timestamp",
        DataType::Date32 | DataType::Date64 => "date",
        DataType::Time32(_) | DataType::Time64(_) => "time",
        DataType::Interval(_) | DataType::Duration(_) => "interval",
        DataType::Binary | DataType::LargeBinary | DataType::BinaryView | DataType::FixedSizeBinary(_) => {
            "bytea"
        }
        DataType::List(_) | DataType::LargeList(_) | DataType::FixedSizeList(..) => "array",
        DataType::Struct(_) | DataType::Map(..) => "record",
        DataType::Dictionary(_, values) => type_name(values),
        DataType::Null => "unknown",
        _ => "text",
    }
}

fn json_rows(batch: &RecordBatch, first: bool, out: &mut String) -> Result<(), ArrowError> {
    let columns = batch.columns().iter().map(Cells::new).collect::<Result<Vec<_>, _>>()?;
    for row in 0..batch.num_rows() {
        if row > 0 || !first {
            out.push(',');
        }
        out.push('[');
        for (i, column) in columns.iter().enumerate() {
            if i > 0 {
                out.push(',');
            }
            column.write(row, out)?;
        }
        out.push(']');
    }
    Ok(())
}

/// The cells of one column, written as JSON.
enum Cells<'a> {
    Bool(&'a ArrayRef),
    /// Integers of all widths, as 64 bits.
    Int(ArrayRef),
    Unsigned(ArrayRef),
    Double(ArrayRef),
    Single(&'a ArrayRef),
    Text(ArrayFormatter<'a>, &'a ArrayRef),
}

/// Times as RFC 3339 in UTC with all nine digits where there are any; everything without a number of its own as
/// Arrow prints it.
const OPTIONS: FormatOptions<'static> = FormatOptions::new().with_display_error(false);

impl<'a> Cells<'a> {
    fn new(array: &'a ArrayRef) -> Result<Cells<'a>, ArrowError> {
        use DataType as T;
        Ok(match array.data_type() {
            T::Boolean => Cells::Bool(array),
            T::Int8 | T::Int16 | T::Int32 | T::Int64 | T::UInt8 | T::UInt16 | T::UInt32 => {
                Cells::Int(arrow::compute::cast(array, &T::Int64)?)
            }
            T::UInt64 => Cells::Unsigned(array.clone()),
            T::Float64 => Cells::Double(array.clone()),
            T::Float32 => Cells::Single(array),
            _ => Cells::Text(ArrayFormatter::try_new(array, &OPTIONS)?, array),
        })
    }

    fn write(&self, row: usize, out: &mut String) -> Result<(), ArrowError> {
        let array: &ArrayRef = match self {
            Cells::Bool(array) | Cells::Single(array) | Cells::Text(_, array) => array,
            Cells::Int(array) | Cells::Unsigned(array) | Cells::Double(array) => array,
        };
        if array.is_null(row) {
            out.push_str("null");
            return Ok(());
        }
        match self {
            Cells::Bool(array) => out.push_str(if array.as_boolean().value(row) { "true" } else { "false" }),
            Cells::Int(array) => push(out, array.as_primitive::<Int64Type>().value(row)),
            Cells::Unsigned(array) => push(out, array.as_primitive::<UInt64Type>().value(row)),
            Cells::Double(array) => json_double(array.as_primitive::<Float64Type>().value(row), out),
            Cells::Single(array) => {
                json_double(f64::from(array.as_primitive::<Float32Type>().value(row)), out)
            }
            Cells::Text(formatter, _) => {
                let text = formatter.value(row).try_to_string()?;
                json_string(&text, out);
            }
        }
        Ok(())
    }
}

fn push(out: &mut String, number: impl std::fmt::Display) {
    // Writing to a string never fails.
    let _ = write!(out, "{number}");
}

/// JSON knows no infinities: they are strings, as in Prometheus's answers.
fn json_double(value: f64, out: &mut String) {
    if value.is_finite() {
        push(out, value);
    } else if value.is_nan() {
        out.push_str("\"NaN\"");
    } else {
        out.push_str(if value > 0.0 { "\"+Inf\"" } else { "\"-Inf\"" });
    }
}

fn json_string(text: &str, out: &mut String) {
    // A string is always JSON.
    out.push_str(&serde_json::to_string(text).unwrap_or_default());
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::{BooleanArray, Float64Array, Int64Array, StringArray, TimestampNanosecondArray};
    use std::sync::Arc;

    fn batch() -> RecordBatch {
        let time =
            TimestampNanosecondArray::from(vec![Some(1_700_000_000_123_456_789), None]).with_timezone("UTC");
        RecordBatch::try_from_iter([
            ("time", Arc::new(time) as ArrayRef),
            ("n", Arc::new(Int64Array::from(vec![Some(1), None]))),
            ("x", Arc::new(Float64Array::from(vec![0.5, f64::INFINITY]))),
            ("ok", Arc::new(BooleanArray::from(vec![true, false]))),
            ("te\"xt", Arc::new(StringArray::from(vec!["a\"\n\u{1}", "é,"]))),
        ])
        .unwrap()
    }

    fn whole(format: Format) -> Vec<u8> {
        let batch = batch();
        let mut writer = Writer::new(format, batch.schema()).unwrap();
        let mut out = writer.begin().unwrap();
        out.extend(writer.batch(&batch).unwrap());
        out.extend(writer.batch(&batch.slice(1, 1)).unwrap());
        out.extend(writer.end(true, &["a \"b\"".to_owned()]).unwrap());
        out
    }

    #[test]
    fn json_is_columns_and_rows() {
        let read: serde_json::Value = serde_json::from_slice(&whole(Format::Json)).unwrap();
        assert_eq!(read["columns"][0], serde_json::json!({"name": "time", "type": "timestamptz"}));
        assert_eq!(read["columns"][4]["name"], "te\"xt");
        let first = serde_json::json!(["2023-11-14T22:13:20.123456789Z", 1, 0.5, true, "a\"\n\u{1}"]);
        assert_eq!(read["rows"][0], first);
        assert_eq!(read["rows"][2], serde_json::json!([null, null, "+Inf", false, "é,"]));
        assert_eq!(read["truncated"], true);
        assert_eq!(read["warnings"], serde_json::json!(["a \"b\""]));
    }

    #[test]
    fn csv_has_one_line_of_names() {
        let text = String::from_utf8(whole(Format::Csv)).unwrap();
        assert_eq!(text.matches("time,n,x").count(), 1);
        assert!(text.ends_with(",,inf,false,\"é,\"\n"), "{text}");
    }

    #[test]
    fn arrow_is_a_stream_that_reads_back() {
        let bytes = whole(Format::Arrow);
        let reader = arrow::ipc::reader::StreamReader::try_new(bytes.as_slice(), None).unwrap();
        assert_eq!(reader.map(|batch| batch.unwrap().num_rows()).sum::<usize>(), 3);
    }
}
