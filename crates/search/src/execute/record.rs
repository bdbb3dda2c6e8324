//! Rows back to events that own what they hold.
//!
//! Columns are walked one at a time: a row has a value in few of the columns that attributes have.

use super::plan::Plan;
use crate::answer::{Event, EventId, Record, SearchError};
use crate::compile::field::column_ref;
use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::datatypes::{
    DataType, Float64Type, Int32Type, Int64Type, TimestampNanosecondType, UInt8Type, UInt32Type,
};
use events::columns::{Columns, OVERFLOW, Scope};
use events::scan::{ColumnRef, Part};
use model::event::{
    EventRecord, Kind, LinkRecord, LogRecord, OwnedAttrs, OwnedValue, ResourceRecord, ScopeRecord, SpanId,
    SpanKind, SpanRecord, Status, TraceId, ValueKind,
};
use std::collections::BTreeMap;
use std::sync::Arc;
use xxhash_rust::xxh3::Xxh3;

/// The columns that ids are made of (see [`hash`]).
const NAMING: [&str; 11] = [
    "time",
    "service",
    "host",
    "trace_id",
    "span_id",
    "kind",
    "name",
    "severity",
    "event_name",
    "body",
    "observed_time",
];

/// Makes events of rows that carry all columns.
pub(crate) struct RecordReader {
    kind: Kind,
    pub columns: Vec<ColumnRef>,
    sources: Vec<(Scope, Arc<str>, ValueKind)>,
}

impl RecordReader {
    pub fn new(columns: &Columns) -> RecordReader {
        let text_as_view = |mut column: ColumnRef| {
            // Few rows are read: a dictionary would be made for nothing.
            if matches!(column.data_type, DataType::Dictionary(..)) {
                column.data_type = DataType::Utf8View;
            }
            column
        };
        RecordReader {
            kind: columns.kind(),
            columns: columns.iter().map(|column| text_as_view(column_ref(column))).collect(),
            sources: columns.iter().map(|c| (c.scope, Arc::clone(&c.key), c.kind)).collect(),
        }
    }

    /// Reads no more of events than their ids and services are made of.
    pub fn of_names(columns: &Columns) -> RecordReader {
        let mut reader = RecordReader::new(columns);
        let is_named = |source: &(Scope, Arc<str>, ValueKind)| {
            source.0 == Scope::Builtin && NAMING.contains(&&*source.1)
        };
        let kept: Vec<bool> = reader.sources.iter().map(is_named).collect();
        let mut keep = kept.iter();
        reader.columns.retain(|_| keep.next().copied().unwrap_or(false));
        reader.sources.retain(is_named);
        reader
    }

    /// The events of a batch that has the columns of this reader, in their order.
    pub fn events(&self, batch: &RecordBatch) -> Vec<Event> {
        let mut drafts: Vec<Draft> = std::iter::repeat_with(Draft::default).take(batch.num_rows()).collect();
        for ((scope, key, kind), array) in self.sources.iter().zip(batch.columns()) {
            if array.null_count() == array.len() {
                continue;
            }
            for (row, draft) in drafts.iter_mut().enumerate().filter(|(row, _)| array.is_valid(*row)) {
                match scope {
                    Scope::Builtin => draft.builtin(self.kind, key, array, row),
                    Scope::Record => push(&mut draft.attrs, key, *kind, array, row),
                    Scope::Resource => push(&mut draft.resource.attrs, key, *kind, array, row),
                    Scope::Scope => push(&mut draft.scope.attrs, key, *kind, array, row),
                }
            }
        }
        let mut shared = Shared::default();
        drafts.into_iter().map(|draft| draft.event(self.kind, &mut shared)).collect()
    }
}

/// Whole events of rows, each said by its part's number and its own; none where a file is damaged.
pub(crate) fn fetch(
    plan: &Plan<'_>,
    parts: &[Part],
    rows: &[(usize, u64)],
) -> Result<Vec<Option<Event>>, SearchError> {
    fetch_with(plan, parts, &RecordReader::new(plan.columns()), rows)
}

pub(crate) fn fetch_with(
    plan: &Plan<'_>,
    parts: &[Part],
    reader: &RecordReader,
    rows: &[(usize, u64)],
) -> Result<Vec<Option<Event>>, SearchError> {
    let mut by_part: BTreeMap<usize, Vec<(u64, usize)>> = BTreeMap::new();
    for (place, (part, row)) in rows.iter().enumerate() {
        by_part.entry(*part).or_default().push((*row, place));
    }
    let mut events: Vec<Option<Event>> = vec![None; rows.len()];
    for (part, mut wanted) in by_part {
        wanted.sort_unstable();
        let numbers: Vec<u64> = wanted.iter().map(|(row, _)| *row).collect();
        let batch =
            parts[part].fetch_rows(&numbers, &reader.columns).map_err(|e| plan.guard.scan_error(e))?;
        plan.guard.hold(batch.get_array_memory_size() as u64)?;
        // Fewer come back where the file is damaged, and it is not said which: those that came are given in order.
        for ((_, place), event) in wanted.iter().zip(reader.events(&batch)) {
            events[*place] = Some(event);
        }
    }
    Ok(events)
}

/// The last resource and scope: those of rows side by side are mostly the same.
#[derive(Default)]
struct Shared {
    resource: Arc<ResourceRecord>,
    scope: Arc<ScopeRecord>,
}

#[derive(Default)]
struct Draft {
    attrs: OwnedAttrs,
    resource: ResourceRecord,
    scope: ScopeRecord,
    span: SpanRecord,
    log: LogRecord,
    user: String,
}

impl Draft {
    fn builtin(&mut self, kind: Kind, name: &str, array: &ArrayRef, row: usize) {
        let text = || text_at(array, row).unwrap_or_default().to_owned();
        let (span, log) = (&mut self.span, &mut self.log);
        match name {
            "service" => self.resource.service = text(),
            "environment" => self.resource.environment = text(),
            "release" => self.resource.release = text(),
            "host" => self.resource.host = text(),
            "scope_name" => self.scope.name = text(),
            "scope_version" => self.scope.version = text(),
            "user" => self.user = text(),
            OVERFLOW => self.overflow(&text()),
            "trace_id" => {
                span.trace_id = TraceId(bytes_at(array, row));
                log.trace_id = span.trace_id;
            }
            "span_id" => {
                span.span_id = SpanId(bytes_at(array, row));
                log.span_id = span.span_id;
            }
            "flags" => {
                span.flags = unsigned_at(array, row);
                log.flags = span.flags;
            }
            "dropped_attributes" => {
                span.dropped_attrs = unsigned_at(array, row);
                log.dropped_attrs = span.dropped_attrs;
            }
            "time" => {
                span.start_ns = integer_at(array, row);
                log.time_ns = span.start_ns;
            }
            name if kind == Kind::Span => match name {
                "duration" => span.duration_ns = integer_at(array, row),
                "parent_span_id" => span.parent_span_id = SpanId(bytes_at(array, row)),
                "name" => span.name = text(),
                "kind" => span.kind = SpanKind::parse(&text()).unwrap_or_default(),
                "status" => span.status = Status::parse(&text()).unwrap_or_default(),
                "status_message" => span.status_message = text(),
                "trace_state" => span.trace_state = text(),
                "events" => span.events = span_events(&text()),
                "links" => span.links = span_links(&text()),
                "dropped_events" => span.dropped_events = unsigned_at(array, row),
                "dropped_links" => span.dropped_links = unsigned_at(array, row),
                _ => {}
            },
            "observed_time" => log.observed_ns = integer_at(array, row),
            "severity" => log.severity = unsigned_at(array, row).min(255) as u8,
            "severity_text" => log.severity_text = text(),
            "body" => log.body = text(),
            "body_is_json" => log.body_is_json = array.as_boolean_opt().is_some_and(|flags| flags.value(row)),
            "event_name" => log.event_name = text(),
            _ => {}
        }
    }

    /// Attributes that have no columns, by the names their columns would have.
    fn overflow(&mut self, json: &str) {
        for (name, value) in json_attrs(json) {
            if let Some(key) = name.strip_prefix("resource.") {
                self.resource.attrs.push((key.to_owned(), value));
            } else if let Some(key) = name.strip_prefix("scope.") {
                self.scope.attrs.push((key.to_owned(), value));
            } else {
                let key = name.strip_prefix("attr.").unwrap_or(&name);
                self.attrs.push((key.to_owned(), value));
            }
        }
    }

    fn event(self, kind: Kind, shared: &mut Shared) -> Event {
        if *shared.resource != self.resource {
            shared.resource = Arc::new(self.resource);
        }
        if *shared.scope != self.scope {
            shared.scope = Arc::new(self.scope);
        }
        let (resource, scope) = (Arc::clone(&shared.resource), Arc::clone(&shared.scope));
        let (record, time_ns) = match kind {
            Kind::Span => {
                let span = SpanRecord { resource, scope, attrs: self.attrs, ..self.span };
                let time_ns = span.start_ns;
                (Record::Span(Box::new(span)), time_ns)
            }
            Kind::Log | Kind::Error => {
                let log = LogRecord { resource, scope, attrs: self.attrs, ..self.log };
                let time_ns = log.time_ns;
                (Record::Log(Box::new(log)), time_ns)
            }
        };
        let id = EventId { kind, time_ns, hash: hash(&record) };
        Event { id, record, user: self.user }
    }
}

/// What tells an event apart from others of its time.
pub(crate) fn hash(record: &Record) -> u64 {
    let mut hasher = Xxh3::new();
    let mut add = |bytes: &[u8]| {
        hasher.update(&(bytes.len() as u64).to_le_bytes());
        hasher.update(bytes);
    };
    match record {
        Record::Span(span) => {
            add(&span.trace_id.0);
            add(&span.span_id.0);
            add(&[span.kind as u8]);
            add(span.resource.service.as_bytes());
            add(span.name.as_bytes());
        }
        Record::Log(log) => {
            add(&log.trace_id.0);
            add(&log.span_id.0);
            add(&[log.severity]);
            add(log.resource.service.as_bytes());
            add(log.resource.host.as_bytes());
            add(log.event_name.as_bytes());
            add(log.body.as_bytes());
            add(&log.observed_ns.to_le_bytes());
        }
    }
    hasher.digest()
}

fn push(attrs: &mut OwnedAttrs, key: &str, kind: ValueKind, array: &ArrayRef, row: usize) {
    let text = || text_at(array, row).unwrap_or_default().to_owned();
    let value = match kind {
        ValueKind::Str => OwnedValue::Str(text()),
        ValueKind::Bytes => OwnedValue::Bytes(text()),
        ValueKind::Json => OwnedValue::Json(text()),
        ValueKind::Bool => OwnedValue::Bool(array.as_boolean_opt().is_some_and(|flags| flags.value(row))),
        ValueKind::Int => OwnedValue::Int(integer_at(array, row)),
        ValueKind::Double => OwnedValue::Double(
            array.as_primitive_opt::<Float64Type>().map_or(f64::NAN, |numbers| numbers.value(row)),
        ),
    };
    attrs.push((key.to_owned(), value));
}

/// The text of a row that has one, in any of the forms text comes in.
pub(crate) fn text_at(array: &ArrayRef, row: usize) -> Option<&str> {
    if array.is_null(row) {
        return None;
    }
    match array.data_type() {
        DataType::Utf8View => Some(array.as_string_view().value(row)),
        DataType::Utf8 => Some(array.as_string::<i32>().value(row)),
        DataType::Dictionary(..) => {
            let dictionary = array.as_dictionary_opt::<Int32Type>()?;
            let texts = dictionary.values().as_string_opt::<i32>()?;
            Some(texts.value(dictionary.keys().value(row) as usize))
        }
        _ => None,
    }
}

pub(crate) fn bytes_at<const N: usize>(array: &ArrayRef, row: usize) -> [u8; N] {
    let bytes = array.as_fixed_size_binary_opt().filter(|ids| ids.is_valid(row)).map(|ids| ids.value(row));
    bytes.and_then(|bytes| bytes.try_into().ok()).unwrap_or([0; N])
}

pub(crate) fn integer_at(array: &ArrayRef, row: usize) -> i64 {
    match array.data_type() {
        DataType::Int64 => array.as_primitive::<Int64Type>().value(row),
        DataType::Timestamp(..) => {
            array.as_primitive_opt::<TimestampNanosecondType>().map_or(0, |times| times.value(row))
        }
        _ => i64::from(unsigned_at(array, row)),
    }
}

fn unsigned_at(array: &ArrayRef, row: usize) -> u32 {
    match array.data_type() {
        DataType::UInt32 => array.as_primitive::<UInt32Type>().value(row),
        DataType::UInt8 => u32::from(array.as_primitive::<UInt8Type>().value(row)),
        _ => 0,
    }
}

fn json_attrs(json: &str) -> OwnedAttrs {
    match serde_json::from_str(json) {
        Ok(serde_json::Value::Object(object)) => object_attrs(object),
        _ => OwnedAttrs::new(),
    }
}

fn object_attrs(object: serde_json::Map<String, serde_json::Value>) -> OwnedAttrs {
    object.into_iter().filter_map(|(key, value)| Some((key, json_value(value)?))).collect()
}

fn json_value(value: serde_json::Value) -> Option<OwnedValue> {
    Some(match value {
        serde_json::Value::Null => return None,
        serde_json::Value::Bool(flag) => OwnedValue::Bool(flag),
        serde_json::Value::String(text) => OwnedValue::Str(text),
        serde_json::Value::Number(number) => match number.as_i64() {
            Some(integer) => OwnedValue::Int(integer),
            None => OwnedValue::Double(number.as_f64().unwrap_or(f64::NAN)),
        },
        nested => OwnedValue::Json(nested.to_string()),
    })
}

/// The objects of a JSON array, each with its attributes taken out.
fn objects(json: &str) -> Vec<(serde_json::Map<String, serde_json::Value>, OwnedAttrs)> {
    let Ok(serde_json::Value::Array(items)) = serde_json::from_str(json) else { return Vec::new() };
    let object = |item| match item {
        serde_json::Value::Object(mut object) => {
            let attrs = match object.remove("attributes") {
                Some(serde_json::Value::Object(attrs)) => object_attrs(attrs),
                _ => OwnedAttrs::new(),
            };
            Some((object, attrs))
        }
        _ => None,
    };
    items.into_iter().filter_map(object).collect()
}

fn json_u32(object: &serde_json::Map<String, serde_json::Value>, key: &str) -> u32 {
    object
        .get(key)
        .and_then(|value| value.as_u64())
        .map_or(0, |number| number.min(u64::from(u32::MAX)) as u32)
}

fn json_text<'a>(object: &'a serde_json::Map<String, serde_json::Value>, key: &str) -> &'a str {
    object.get(key).and_then(|value| value.as_str()).unwrap_or_default()
}

fn span_events(json: &str) -> Vec<EventRecord> {
    let event = |(object, attrs): (serde_json::Map<_, _>, _)| EventRecord {
        time_ns: object.get("time").and_then(|time| time.as_i64()).unwrap_or_default(),
        name: json_text(&object, "name").to_owned(),
        dropped_attrs: json_u32(&object, "dropped"),
        attrs,
    };
    objects(json).into_iter().map(event).collect()
}

fn span_links(json: &str) -> Vec<LinkRecord> {
    let link = |(object, attrs): (serde_json::Map<_, _>, _)| LinkRecord {
        trace_id: TraceId::parse(json_text(&object, "trace_id")).unwrap_or_default(),
        span_id: SpanId::parse(json_text(&object, "span_id")).unwrap_or_default(),
        trace_state: json_text(&object, "trace_state").to_owned(),
        flags: json_u32(&object, "flags"),
        dropped_attrs: json_u32(&object, "dropped"),
        attrs,
    };
    objects(json).into_iter().map(link).collect()
}
