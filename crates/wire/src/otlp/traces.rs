//! Spans: `ExportTraceServiceRequest` into a batch.

use super::decode::{Decoder, Fault, Nest, fields, read};
use super::{DecodeError, Options, Reason, Report, Warning, json, schema};
use model::event::{Batch, Kind, Link, SpanEvent, SpanId, SpanKind, SpanRow, Status, TraceId};

const NEST: Nest = Nest {
    kind: Kind::Span,
    request: "ExportTraceServiceRequest",
    resource: "ResourceSpans",
    scope: "ScopeSpans",
};

/// Reads a request in protobuf. The batch and the report are emptied first; after an error what is in them is
/// nothing to go by.
pub fn decode_protobuf(
    bytes: &[u8],
    options: &Options,
    batch: &mut Batch,
    report: &mut Report,
) -> Result<(), DecodeError> {
    read(&NEST, bytes, options, batch, report, Decoder::span)
}

/// Reads a request in JSON, as [`decode_protobuf`].
pub fn decode_json(
    bytes: &[u8],
    options: &Options,
    batch: &mut Batch,
    report: &mut Report,
) -> Result<(), DecodeError> {
    let protobuf = json::to_protobuf(bytes, &schema::TRACES_REQUEST)?;
    decode_protobuf(&protobuf, options, batch, report)
}

/// What of a span must be known whole before it is judged.
#[derive(Clone, Copy, Default)]
struct Head<'a> {
    trace_id: &'a [u8],
    span_id: &'a [u8],
    parent_span_id: &'a [u8],
    name: &'a [u8],
    start_ns: u64,
    end_ns: u64,
}

impl Head<'_> {
    /// Which span it is, for messages.
    fn describe(&self) -> String {
        let mut text = String::from("span ");
        super::text::push_hex(&mut text, &self.span_id[..self.span_id.len().min(16)]);
        text.push_str(" of trace ");
        super::text::push_hex(&mut text, &self.trace_id[..self.trace_id.len().min(32)]);
        let name = String::from_utf8_lossy(&self.name[..self.name.len().min(100)]);
        text.push_str(&format!(" ({name:?})"));
        text
    }
}

impl<'a> Decoder<'a, '_> {
    fn span(&mut self, resource: u32, scope: u32, bytes: &'a [u8]) -> Result<(), Fault> {
        let mark = self.mark();
        let attrs = self.batch.attrs.len();
        let mut head = Head::default();
        let mut row = SpanRow { resource, scope, ..SpanRow::default() };
        self.too_deep = false;
        self.late.clear();
        fields("Span", bytes, |number, value| {
            match number {
                1 => head.trace_id = value.bytes(1)?,
                2 => head.span_id = value.bytes(2)?,
                3 => row.trace_state = self.text(value.bytes(3)?),
                4 => head.parent_span_id = value.bytes(4)?,
                5 => head.name = value.bytes(5)?,
                6 => row.kind = kind(value.uint(6)?),
                7 => head.start_ns = value.fixed64(7)?,
                8 => head.end_ns = value.fixed64(8)?,
                9 => self.attr(attrs, value.bytes(9)?, &mut row.dropped_attrs)?,
                10 => row.dropped_attrs = row.dropped_attrs.saturating_add(value.uint(10)? as u32),
                11 | 13 => self.late.push((number, value.bytes(number)?)),
                12 => row.dropped_events = value.uint(12)? as u32,
                14 => row.dropped_links = row.dropped_links.saturating_add(value.uint(14)? as u32),
                15 => self.status(value.bytes(15)?, &mut row)?,
                16 => row.flags = value.fixed32(16)?,
                _ => {}
            }
            Ok(())
        })?;
        row.attrs = self.batch.attrs_since(attrs);
        self.events_and_links(&mut row)?;
        match self.accept(&head, &mut row) {
            Ok(()) => {
                row.name = self.text(head.name);
                self.batch.spans.push(row);
            }
            Err(reason) => {
                self.undo(mark);
                self.report.reject(reason, || head.describe());
            }
        }
        Ok(())
    }

    /// Judges a span and fills in its ids and times.
    #[inline]
    fn accept(&mut self, head: &Head<'_>, row: &mut SpanRow) -> Result<(), Reason> {
        row.trace_id = trace_id(head.trace_id).ok_or(Reason::TraceId)?;
        row.span_id = span_id(head.span_id).ok_or(Reason::SpanId)?;
        if !head.parent_span_id.is_empty() {
            row.parent_span_id = SpanId(head.parent_span_id.try_into().map_err(|_| Reason::ParentSpanId)?);
        }
        if self.too_deep {
            return Err(Reason::TooDeep);
        }
        if head.start_ns == 0 {
            return Err(Reason::NoStart);
        }
        row.start_ns = i64::try_from(head.start_ns).map_err(|_| Reason::TooNew)?;
        if head.end_ns >= head.start_ns {
            row.duration_ns = self.time(head.end_ns) - row.start_ns;
        } else if head.end_ns != 0 {
            self.report.warn(Warning::EndBeforeStart);
        }
        Ok(())
    }

    fn events_and_links(&mut self, row: &mut SpanRow) -> Result<(), Fault> {
        if self.late.is_empty() {
            return Ok(());
        }
        let (events, links) = (self.batch.span_events.len(), self.batch.links.len());
        let late = std::mem::take(&mut self.late);
        self.hinted = 1;
        let read = late.iter().try_for_each(|(number, bytes)| match number {
            11 => self.event(bytes),
            _ => self.link(bytes, &mut row.dropped_links),
        });
        self.hinted = 0;
        self.late = late;
        row.events = self.batch.span_events_since(events);
        row.links = self.batch.links_since(links);
        read
    }

    fn event(&mut self, bytes: &'a [u8]) -> Result<(), Fault> {
        let attrs = self.batch.attrs.len();
        let mut row = SpanEvent::default();
        fields("Span.Event", bytes, |number, value| {
            match number {
                1 => row.time_ns = self.time(value.fixed64(1)?),
                2 => row.name = self.text(value.bytes(2)?),
                3 => self.attr(attrs, value.bytes(3)?, &mut row.dropped_attrs)?,
                4 => row.dropped_attrs = row.dropped_attrs.saturating_add(value.uint(4)? as u32),
                _ => {}
            }
            Ok(())
        })?;
        row.attrs = self.batch.attrs_since(attrs);
        self.batch.span_events.push(row);
        Ok(())
    }

    fn link(&mut self, bytes: &'a [u8], dropped: &mut u32) -> Result<(), Fault> {
        let mark = self.mark();
        let attrs = self.batch.attrs.len();
        let (mut row, mut trace, mut span) = (Link::default(), None, None);
        fields("Span.Link", bytes, |number, value| {
            match number {
                1 => trace = trace_id(value.bytes(1)?),
                2 => span = span_id(value.bytes(2)?),
                3 => row.trace_state = self.text(value.bytes(3)?),
                4 => self.attr(attrs, value.bytes(4)?, &mut row.dropped_attrs)?,
                5 => row.dropped_attrs = row.dropped_attrs.saturating_add(value.uint(5)? as u32),
                6 => row.flags = value.fixed32(6)?,
                _ => {}
            }
            Ok(())
        })?;
        let (Some(trace_id), Some(span_id)) = (trace, span) else {
            self.undo(mark);
            *dropped = dropped.saturating_add(1);
            self.report.warn(Warning::BadLink);
            return Ok(());
        };
        (row.trace_id, row.span_id) = (trace_id, span_id);
        row.attrs = self.batch.attrs_since(attrs);
        self.batch.links.push(row);
        Ok(())
    }

    fn status(&mut self, bytes: &'a [u8], row: &mut SpanRow) -> Result<(), Fault> {
        fields("Status", bytes, |number, value| {
            match number {
                2 => row.status_message = self.text(value.bytes(2)?),
                3 => row.status = status(value.uint(3)?),
                _ => {}
            }
            Ok(())
        })
    }
}

/// Numbers that the specification does not know are unspecified: enumerations are open.
fn kind(number: u64) -> SpanKind {
    u8::try_from(number).ok().and_then(SpanKind::from_number).unwrap_or_default()
}

fn status(number: u64) -> Status {
    u8::try_from(number).ok().and_then(Status::from_number).unwrap_or_default()
}

fn trace_id(bytes: &[u8]) -> Option<TraceId> {
    bytes.try_into().ok().map(TraceId).filter(|id| !id.is_none())
}

fn span_id(bytes: &[u8]) -> Option<SpanId> {
    bytes.try_into().ok().map(SpanId).filter(|id| !id.is_none())
}
