//! Log records: `ExportLogsServiceRequest` into a batch.

use super::decode::{Decoder, Fault, Nest, fields, read};
use super::{DecodeError, Options, Reason, Report, json, schema};
use model::event::{Batch, Kind, LogRow, SpanId, TraceId, severity};

const NEST: Nest = Nest {
    kind: Kind::Log,
    request: "ExportLogsServiceRequest",
    resource: "ResourceLogs",
    scope: "ScopeLogs",
};

/// Reads a request in protobuf. The batch and the report are emptied first; after an error what is in them is
/// nothing to go by.
pub fn decode_protobuf(
    bytes: &[u8],
    options: &Options,
    batch: &mut Batch,
    report: &mut Report,
) -> Result<(), DecodeError> {
    read(&NEST, bytes, options, batch, report, Decoder::log)
}

/// Reads a request in JSON, as [`decode_protobuf`].
pub fn decode_json(
    bytes: &[u8],
    options: &Options,
    batch: &mut Batch,
    report: &mut Report,
) -> Result<(), DecodeError> {
    let protobuf = json::to_protobuf(bytes, &schema::LOGS_REQUEST)?;
    decode_protobuf(&protobuf, options, batch, report)
}

/// What of a record must be known whole before it is judged.
#[derive(Clone, Copy, Default)]
struct Head<'a> {
    trace_id: &'a [u8],
    span_id: &'a [u8],
    time_ns: u64,
    observed_ns: u64,
}

impl<'a> Decoder<'a, '_> {
    fn log(&mut self, resource: u32, scope: u32, bytes: &'a [u8]) -> Result<(), Fault> {
        let mark = self.mark();
        let attrs = self.batch.attrs.len();
        let mut head = Head::default();
        let mut row = LogRow { resource, scope, ..LogRow::default() };
        self.too_deep = false;
        fields("LogRecord", bytes, |number, value| {
            match number {
                1 => head.time_ns = value.fixed64(1)?,
                2 => row.severity = known_severity(value.uint(2)?),
                3 => row.severity_text = self.text(value.bytes(3)?),
                5 => (row.body, row.body_is_json) = self.body(value.bytes(5)?)?,
                6 => self.attr(attrs, value.bytes(6)?, &mut row.dropped_attrs)?,
                7 => row.dropped_attrs = row.dropped_attrs.saturating_add(value.uint(7)? as u32),
                8 => row.flags = value.fixed32(8)?,
                9 => head.trace_id = value.bytes(9)?,
                10 => head.span_id = value.bytes(10)?,
                11 => head.observed_ns = value.fixed64(11)?,
                12 => row.event_name = self.text(value.bytes(12)?),
                _ => {}
            }
            Ok(())
        })?;
        row.attrs = self.batch.attrs_since(attrs);
        match self.accept_log(&head, &mut row) {
            Ok(()) => self.batch.logs.push(row),
            Err(reason) => {
                let which = self.describe(&head, &row);
                self.undo(mark);
                self.report.reject(reason, || which);
            }
        }
        Ok(())
    }

    /// Judges a record and fills in its ids, times and severity.
    #[inline]
    fn accept_log(&mut self, head: &Head<'_>, row: &mut LogRow) -> Result<(), Reason> {
        if !head.trace_id.is_empty() {
            row.trace_id = TraceId(head.trace_id.try_into().map_err(|_| Reason::TraceId)?);
        }
        if !head.span_id.is_empty() {
            row.span_id = SpanId(head.span_id.try_into().map_err(|_| Reason::SpanId)?);
        }
        if self.too_deep {
            return Err(Reason::TooDeep);
        }
        row.observed_ns = match head.observed_ns {
            0 => self.options.now_ns,
            ns => self.time(ns),
        };
        row.time_ns = match head.time_ns {
            0 => row.observed_ns,
            ns => i64::try_from(ns).map_err(|_| Reason::TooNew)?,
        };
        if row.severity == 0 && !row.severity_text.is_empty() {
            row.severity = severity::parse(self.batch.get(row.severity_text)).unwrap_or(0);
        }
        Ok(())
    }

    /// Which record it is, for messages.
    #[cold]
    fn describe(&self, head: &Head<'_>, row: &LogRow) -> String {
        let service = self.batch.get(self.batch.resources[row.resource as usize].service);
        let body = self.batch.get(row.body);
        let body = &body[..body.floor_char_boundary(100)];
        format!("log record of {service:?} at {} ({body:?})", head.time_ns)
    }
}

/// Numbers that the specification does not know count as not known.
fn known_severity(number: u64) -> u8 {
    u8::try_from(number).ok().filter(|n| *n <= 24).unwrap_or(0)
}
