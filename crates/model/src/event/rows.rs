//! The rows of a batch.

use super::{SpanId, Text, TraceId};
use std::ops::Range;

/// A run of consecutive rows of another table: attributes, span events, links.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Run {
    pub start: u32,
    pub len: u32,
}

impl Run {
    pub const EMPTY: Run = Run { start: 0, len: 0 };

    pub fn range(self) -> Range<usize> {
        self.start as usize..self.start as usize + self.len as usize
    }
}

/// Who sent events: the attributes of an OpenTelemetry resource, or their like.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Resource {
    /// The names that tie signals together, each empty when not known. They are among the
    /// attributes too, where the sender said them.
    pub service: Text,
    pub environment: Text,
    pub release: Text,
    pub host: Text,
    pub attrs: Run,
    pub schema_url: Text,
    pub dropped_attrs: u32,
}

/// The instrumentation that made events.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Scope {
    pub name: Text,
    pub version: Text,
    pub attrs: Run,
    pub dropped_attrs: u32,
}

/// OpenTelemetry's span kinds, under its numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum SpanKind {
    #[default]
    Unspecified = 0,
    Internal = 1,
    Server = 2,
    Client = 3,
    Producer = 4,
    Consumer = 5,
}

impl SpanKind {
    pub const ALL: [SpanKind; 6] = [
        SpanKind::Unspecified,
        SpanKind::Internal,
        SpanKind::Server,
        SpanKind::Client,
        SpanKind::Producer,
        SpanKind::Consumer,
    ];

    /// `None` for a number that the specification does not know.
    pub fn from_number(number: u8) -> Option<SpanKind> {
        SpanKind::ALL.get(number as usize).copied()
    }

    /// `unspecified`, `internal`, `server`, `client`, `producer`, `consumer`.
    pub fn name(self) -> &'static str {
        ["unspecified", "internal", "server", "client", "producer", "consumer"][self as usize]
    }

    pub fn parse(name: &str) -> Option<SpanKind> {
        SpanKind::ALL.into_iter().find(|kind| kind.name().eq_ignore_ascii_case(name))
    }
}

/// OpenTelemetry's span status, under its numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Status {
    #[default]
    Unset = 0,
    Ok = 1,
    Error = 2,
}

impl Status {
    pub const ALL: [Status; 3] = [Status::Unset, Status::Ok, Status::Error];

    pub fn from_number(number: u8) -> Option<Status> {
        Status::ALL.get(number as usize).copied()
    }

    /// `unset`, `ok`, `error`.
    pub fn name(self) -> &'static str {
        ["unset", "ok", "error"][self as usize]
    }

    pub fn parse(name: &str) -> Option<Status> {
        Status::ALL.into_iter().find(|status| status.name().eq_ignore_ascii_case(name))
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct SpanRow {
    /// Numbers of the resource and scope in the batch.
    pub resource: u32,
    pub scope: u32,
    /// Never none.
    pub trace_id: TraceId,
    /// Never none.
    pub span_id: SpanId,
    pub parent_span_id: SpanId,
    pub trace_state: Text,
    pub name: Text,
    pub kind: SpanKind,
    /// Unix nanoseconds.
    pub start_ns: i64,
    /// Never negative: an end before its start counts as the start.
    pub duration_ns: i64,
    pub status: Status,
    pub status_message: Text,
    /// W3C trace flags, and the bits of OTLP above them.
    pub flags: u32,
    pub attrs: Run,
    pub events: Run,
    pub links: Run,
    pub dropped_attrs: u32,
    pub dropped_events: u32,
    pub dropped_links: u32,
}

#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct SpanEvent {
    pub time_ns: i64,
    pub name: Text,
    pub attrs: Run,
    pub dropped_attrs: u32,
}

#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Link {
    pub trace_id: TraceId,
    pub span_id: SpanId,
    pub trace_state: Text,
    pub flags: u32,
    pub attrs: Run,
    pub dropped_attrs: u32,
}

/// A log record; also an error: then `event_name` is its type and `body` its message.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct LogRow {
    pub resource: u32,
    pub scope: u32,
    /// When it happened; when it was observed, if the source does not know. Never 0.
    pub time_ns: i64,
    pub observed_ns: i64,
    /// 0 to 24, see `severity`.
    pub severity: u8,
    /// As the source wrote it.
    pub severity_text: Text,
    pub body: Text,
    /// The body is a map or an array, as JSON.
    pub body_is_json: bool,
    pub event_name: Text,
    /// None when the record belongs to no trace.
    pub trace_id: TraceId,
    pub span_id: SpanId,
    pub flags: u32,
    pub attrs: Run,
    pub dropped_attrs: u32,
}
