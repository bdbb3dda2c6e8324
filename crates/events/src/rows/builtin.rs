//! The built-in columns.

use super::cells::{Texts, Words};
use super::{Common, Users};
use crate::columns::{builtins, is_required};
use crate::json;
use arrow::array::{
    ArrayRef, BooleanArray, FixedSizeBinaryArray, Int64Array, NullBufferBuilder, TimestampNanosecondArray,
    UInt8Array, UInt32Array,
};
use arrow::buffer::Buffer;
use arrow::datatypes::Field;
use arrow::error::ArrowError;
use model::event::{Batch, Kind, Value};
use std::sync::Arc;

pub(super) struct Builtins {
    kind: Kind,
    time: Vec<i64>,
    trace_id: Ids<16>,
    span_id: Ids<8>,
    flags: Vec<u32>,
    dropped_attributes: Vec<u32>,
    service: Words,
    scope_name: Words,
    scope_version: Words,
    environment: Words,
    release: Words,
    host: Words,
    user: Words,
    special: Special,
}

/// What only spans, or only logs, have.
enum Special {
    Spans(Box<Spans>),
    Logs(Box<Logs>),
}

struct Spans {
    duration: Vec<i64>,
    parent_span_id: Ids<8>,
    name: Words,
    kind: Words,
    status: Words,
    status_message: Texts,
    trace_state: Texts,
    events: Texts,
    links: Texts,
    dropped_events: Vec<u32>,
    dropped_links: Vec<u32>,
}

struct Logs {
    observed_time: Vec<i64>,
    severity: Vec<u8>,
    severity_text: Words,
    body: Texts,
    body_is_json: Vec<bool>,
    event_name: Words,
}

/// Ids, null where there is none.
struct Ids<const N: usize> {
    bytes: Vec<u8>,
    nulls: NullBufferBuilder,
}

impl<const N: usize> Ids<N> {
    fn new(rows: usize) -> Ids<N> {
        Ids { bytes: Vec::with_capacity(rows * N), nulls: NullBufferBuilder::new(rows) }
    }

    fn push(&mut self, id: [u8; N]) {
        self.bytes.extend_from_slice(&id);
        self.nulls.append(id != [0; N]);
    }

    fn finish(mut self) -> Result<ArrayRef, ArrowError> {
        let bytes = Buffer::from_vec(self.bytes);
        Ok(Arc::new(FixedSizeBinaryArray::try_new(N as i32, bytes, self.nulls.finish())?))
    }
}

impl Builtins {
    pub fn new(kind: Kind, rows: usize) -> Builtins {
        let special = match kind {
            Kind::Span => Special::Spans(Box::new(Spans::new(rows))),
            Kind::Log | Kind::Error => Special::Logs(Box::new(Logs::new(rows))),
        };
        Builtins {
            kind,
            time: Vec::with_capacity(rows),
            trace_id: Ids::new(rows),
            span_id: Ids::new(rows),
            flags: Vec::with_capacity(rows),
            dropped_attributes: Vec::with_capacity(rows),
            service: Words::new(),
            scope_name: Words::new(),
            scope_version: Words::new(),
            environment: Words::new(),
            release: Words::new(),
            host: Words::new(),
            user: Words::new(),
            special,
        }
    }

    /// Places of text are of another batch from now on.
    pub fn begin(&mut self) {
        let words = [
            &mut self.service,
            &mut self.scope_name,
            &mut self.scope_version,
            &mut self.environment,
            &mut self.release,
            &mut self.host,
            &mut self.user,
        ];
        words.into_iter().for_each(Words::begin);
        match &mut self.special {
            Special::Spans(spans) => spans.name.begin(),
            Special::Logs(logs) => {
                logs.severity_text.begin();
                logs.event_name.begin();
            }
        }
    }

    pub fn row(&mut self, batch: &Batch, row: usize, common: &Common, users: Option<&Users>) {
        let resource = &batch.resources[common.resource as usize];
        let scope = &batch.scopes[common.scope as usize];
        self.time.push(common.time_ns);
        self.service.push_or_null(batch, resource.service);
        self.environment.push_or_null(batch, resource.environment);
        self.release.push_or_null(batch, resource.release);
        self.host.push_or_null(batch, resource.host);
        self.scope_name.push_or_null(batch, scope.name);
        self.scope_version.push_or_null(batch, scope.version);
        match users {
            Some(users) => self.user(batch, common, users),
            None => self.user.push_nulls(1),
        }
        match &mut self.special {
            Special::Spans(spans) => {
                let span = &batch.spans[row];
                self.trace_id.push(span.trace_id.0);
                self.span_id.push(span.span_id.0);
                self.flags.push(span.flags);
                self.dropped_attributes.push(span.dropped_attrs);
                spans.row(batch, row);
            }
            Special::Logs(logs) => {
                let log = &batch.logs[row];
                self.trace_id.push(log.trace_id.0);
                self.span_id.push(log.span_id.0);
                self.flags.push(log.flags);
                self.dropped_attributes.push(log.dropped_attrs);
                logs.row(batch, row);
            }
        }
    }

    fn user(&mut self, batch: &Batch, common: &Common, users: &Users) {
        let resource = batch.resources[common.resource as usize].attrs;
        for key in &users.keys {
            for run in [common.attrs, resource] {
                let found = batch.attrs(run).iter().find(|attr| attr.key.0 == *key);
                match found.map(|attr| attr.value) {
                    Some(Value::Str(text)) if !text.is_empty() => return self.user.push(batch, text),
                    Some(Value::Int(number)) => return self.user.push_str(&number.to_string()),
                    _ => {}
                }
            }
        }
        self.user.push_nulls(1);
    }

    /// The columns in their order, without those that have no value.
    pub fn finish(self, rows: usize) -> Result<Vec<(Field, ArrayRef)>, ArrowError> {
        let times =
            |ns: Vec<i64>| Arc::new(TimestampNanosecondArray::from(ns).with_timezone("UTC")) as ArrayRef;
        let counts = |values: Vec<u32>| Arc::new(UInt32Array::from(values)) as ArrayRef;
        let mut named: Vec<(&str, ArrayRef)> = vec![
            ("time", times(self.time)),
            ("trace_id", self.trace_id.finish()?),
            ("span_id", self.span_id.finish()?),
            ("flags", counts(self.flags)),
            ("dropped_attributes", counts(self.dropped_attributes)),
            ("service", self.service.finish()?),
            ("scope_name", self.scope_name.finish()?),
            ("scope_version", self.scope_version.finish()?),
            ("environment", self.environment.finish()?),
            ("release", self.release.finish()?),
            ("host", self.host.finish()?),
            ("user", self.user.finish()?),
        ];
        match self.special {
            Special::Spans(spans) => named.extend([
                ("duration", Arc::new(Int64Array::from(spans.duration)) as ArrayRef),
                ("parent_span_id", spans.parent_span_id.finish()?),
                ("name", spans.name.finish()?),
                ("kind", spans.kind.finish()?),
                ("status", spans.status.finish()?),
                ("status_message", spans.status_message.finish()?),
                ("trace_state", spans.trace_state.finish()?),
                ("events", spans.events.finish()?),
                ("links", spans.links.finish()?),
                ("dropped_events", counts(spans.dropped_events)),
                ("dropped_links", counts(spans.dropped_links)),
            ]),
            Special::Logs(logs) => named.extend([
                ("observed_time", times(logs.observed_time)),
                ("severity", Arc::new(UInt8Array::from(logs.severity)) as ArrayRef),
                ("severity_text", logs.severity_text.finish()?),
                ("body", logs.body.finish()?),
                ("body_is_json", Arc::new(BooleanArray::from(logs.body_is_json)) as ArrayRef),
                ("event_name", logs.event_name.finish()?),
            ]),
        }
        let mut columns = Vec::with_capacity(named.len());
        for (name, form) in builtins(self.kind) {
            let Some(at) = named.iter().position(|(n, _)| n == name) else { continue };
            let array = named.swap_remove(at).1;
            assert_eq!((array.len(), array.data_type()), (rows, &form.memory_type()), "the column {name}");
            if array.null_count() < rows || is_required(name) {
                columns.push((Field::new(*name, form.memory_type(), true), array));
            }
        }
        Ok(columns)
    }
}

impl Spans {
    fn new(rows: usize) -> Spans {
        Spans {
            duration: Vec::with_capacity(rows),
            parent_span_id: Ids::new(rows),
            name: Words::new(),
            kind: Words::new(),
            status: Words::new(),
            status_message: Texts::new(rows),
            trace_state: Texts::new(rows),
            events: Texts::new(rows),
            links: Texts::new(rows),
            dropped_events: Vec::with_capacity(rows),
            dropped_links: Vec::with_capacity(rows),
        }
    }

    fn row(&mut self, batch: &Batch, row: usize) {
        let span = &batch.spans[row];
        self.duration.push(span.duration_ns);
        self.parent_span_id.push(span.parent_span_id.0);
        self.name.push_or_null(batch, span.name);
        self.kind.push_str(span.kind.name());
        self.status.push_str(span.status.name());
        self.status_message.push_or_null(batch, span.status_message);
        self.trace_state.push_or_null(batch, span.trace_state);
        let (events, links) = (&batch.span_events[span.events.range()], &batch.links[span.links.range()]);
        if !events.is_empty() {
            json::events(&mut self.events.text, batch, events);
        }
        self.events.end(!events.is_empty());
        if !links.is_empty() {
            json::links(&mut self.links.text, batch, links);
        }
        self.links.end(!links.is_empty());
        self.dropped_events.push(span.dropped_events);
        self.dropped_links.push(span.dropped_links);
    }
}

impl Logs {
    fn new(rows: usize) -> Logs {
        Logs {
            observed_time: Vec::with_capacity(rows),
            severity: Vec::with_capacity(rows),
            severity_text: Words::new(),
            body: Texts::new(rows),
            body_is_json: Vec::with_capacity(rows),
            event_name: Words::new(),
        }
    }

    fn row(&mut self, batch: &Batch, row: usize) {
        let log = &batch.logs[row];
        self.observed_time.push(log.observed_ns);
        self.severity.push(log.severity);
        self.severity_text.push_or_null(batch, log.severity_text);
        self.body.push_or_null(batch, log.body);
        self.body_is_json.push(log.body_is_json);
        self.event_name.push_or_null(batch, log.event_name);
    }
}
