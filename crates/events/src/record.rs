//! A batch as a record of the log, and back.
//!
//! The record is the tables of the batch one after the other, each row of a fixed length in little-endian, then the
//! text: encoding and decoding are copies. `docs/format/event-log.md` draws it. It is not compressed: at 500 MB/s, LZ4
//! would take 0.9 µs for the 455 bytes of a span, twice of what taking it in costs altogether.
//!
//! Invariants: what was encoded decodes to an equal batch; bytes that are no record are an error, after allocating at
//! most a few times their length. It knows nothing of where records lie.

use model::event::{
    Attr, Batch, KeyId, Kind, Link, LogRow, Resource, Run, Scope, SpanEvent, SpanId, SpanKind, SpanRow,
    Status, Text, TraceId, Value,
};

/// The first byte of a record. Every version ever released stays readable.
const VERSION: u8 = 1;
/// `version[1] kind[1] zero[2]`, then the lengths of nine tables.
const HEAD_BYTES: usize = 4 + 9 * 4;

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum RecordError {
    #[error("a record of version {0}, which this program does not know")]
    Version(u8),
    #[error("a record that is damaged: {0}")]
    Damaged(&'static str),
}

/// Appends the record of a batch.
pub(crate) fn encode(batch: &Batch, out: &mut Vec<u8>) {
    out.reserve(encoded_len(batch));
    out.extend_from_slice(&[VERSION, kind_number(batch.kind), 0, 0]);
    let lengths = [
        batch.keys.len(),
        batch.attrs.len(),
        batch.resources.len(),
        batch.scopes.len(),
        batch.spans.len(),
        batch.span_events.len(),
        batch.links.len(),
        batch.logs.len(),
        batch.text.len(),
    ];
    for length in lengths {
        out.extend_from_slice(&(length as u32).to_le_bytes());
    }
    put_table(out, &batch.keys);
    put_table(out, &batch.attrs);
    put_table(out, &batch.resources);
    put_table(out, &batch.scopes);
    put_table(out, &batch.spans);
    put_table(out, &batch.span_events);
    put_table(out, &batch.links);
    put_table(out, &batch.logs);
    out.extend_from_slice(batch.text.as_bytes());
}

/// The length of the record of a batch.
pub(crate) fn encoded_len(batch: &Batch) -> usize {
    HEAD_BYTES
        + batch.keys.len() * Text::BYTES
        + batch.attrs.len() * Attr::BYTES
        + batch.resources.len() * Resource::BYTES
        + batch.scopes.len() * Scope::BYTES
        + batch.spans.len() * SpanRow::BYTES
        + batch.span_events.len() * SpanEvent::BYTES
        + batch.links.len() * Link::BYTES
        + batch.logs.len() * LogRow::BYTES
        + batch.text.len()
}

/// The batch of a record.
pub(crate) fn decode(bytes: &[u8]) -> Result<Batch, RecordError> {
    let mut input = bytes;
    let head = take(&mut input, 4)?;
    if head[0] != VERSION {
        return Err(RecordError::Version(head[0]));
    }
    let kind = match head[1] {
        0 => Kind::Log,
        1 => Kind::Span,
        2 => Kind::Error,
        _ => return Err(RecordError::Damaged("its kind")),
    };
    let mut lengths = [0usize; 9];
    for length in &mut lengths {
        *length = u32::get(&mut input)? as usize;
    }
    let mut batch = Batch::new(kind);
    batch.keys = get_table(&mut input, lengths[0])?;
    batch.attrs = get_table(&mut input, lengths[1])?;
    batch.resources = get_table(&mut input, lengths[2])?;
    batch.scopes = get_table(&mut input, lengths[3])?;
    batch.spans = get_table(&mut input, lengths[4])?;
    batch.span_events = get_table(&mut input, lengths[5])?;
    batch.links = get_table(&mut input, lengths[6])?;
    batch.logs = get_table(&mut input, lengths[7])?;
    let foreign = if kind == Kind::Span { batch.logs.len() } else { batch.spans.len() };
    if foreign > 0 || input.len() != lengths[8] {
        return Err(RecordError::Damaged("its tables"));
    }
    let text = std::str::from_utf8(input).map_err(|_| RecordError::Damaged("its text"))?;
    batch.text = text.to_owned();
    batch.check().map_err(|error| RecordError::Damaged(error.what))?;
    Ok(batch)
}

fn kind_number(kind: Kind) -> u8 {
    match kind {
        Kind::Log => 0,
        Kind::Span => 1,
        Kind::Error => 2,
    }
}

fn put_table<T: Fixed>(out: &mut Vec<u8>, rows: &[T]) {
    let start = out.len();
    out.resize(start + rows.len() * T::BYTES, 0);
    for (row, place) in rows.iter().zip(out[start..].chunks_exact_mut(T::BYTES)) {
        row.put(&mut &mut *place);
    }
}

fn get_table<T: Fixed>(input: &mut &[u8], length: usize) -> Result<Vec<T>, RecordError> {
    let bytes = length.checked_mul(T::BYTES).ok_or(CUT)?;
    // Taken before anything is allocated: the rows in memory are at most twice as long as their bytes.
    let bytes = take(input, bytes)?;
    // Not collected: a result that may be an error would have the vector grow row by row.
    let mut rows = Vec::with_capacity(length);
    for mut row in bytes.chunks_exact(T::BYTES) {
        rows.push(T::get(&mut row)?);
    }
    Ok(rows)
}

const CUT: RecordError = RecordError::Damaged("its length");

fn take<'a>(input: &mut &'a [u8], length: usize) -> Result<&'a [u8], RecordError> {
    let (taken, rest) = input.split_at_checked(length).ok_or(CUT)?;
    *input = rest;
    Ok(taken)
}

/// What is always the same number of bytes.
trait Fixed: Sized {
    const BYTES: usize;
    /// Writes into the front of the place, and moves it behind.
    fn put(&self, place: &mut &mut [u8]);
    /// Reads from the front of the input, and moves it behind.
    fn get(input: &mut &[u8]) -> Result<Self, RecordError>;
}

#[inline(always)]
fn put_bytes<const N: usize>(place: &mut &mut [u8], bytes: [u8; N]) {
    let (here, rest) = std::mem::take(place).split_at_mut(N);
    here.copy_from_slice(&bytes);
    *place = rest;
}

#[inline(always)]
fn get_bytes<const N: usize>(input: &mut &[u8]) -> Result<[u8; N], RecordError> {
    let (here, rest) = input.split_first_chunk::<N>().ok_or(CUT)?;
    *input = rest;
    Ok(*here)
}

macro_rules! number {
    ($($type:ty),*) => {$(
        impl Fixed for $type {
            const BYTES: usize = size_of::<$type>();
            #[inline(always)]
            fn put(&self, place: &mut &mut [u8]) {
                put_bytes(place, self.to_le_bytes());
            }
            #[inline(always)]
            fn get(input: &mut &[u8]) -> Result<Self, RecordError> {
                Ok(<$type>::from_le_bytes(get_bytes(input)?))
            }
        }
    )*};
}

number!(u8, u32, i64, u64);

/// Rows field by field. Naming all of them makes a field that is added later an error here.
macro_rules! row {
    ($type:ident { $($field:ident: $part:ty),* $(,)? }) => {
        impl Fixed for $type {
            const BYTES: usize = 0 $(+ <$part as Fixed>::BYTES)*;
            #[inline]
            fn put(&self, place: &mut &mut [u8]) {
                let $type { $($field),* } = self;
                $(Fixed::put($field, place);)*
            }
            #[inline]
            fn get(input: &mut &[u8]) -> Result<Self, RecordError> {
                Ok($type { $($field: <$part as Fixed>::get(input)?),* })
            }
        }
    };
}

row!(Text { start: u32, len: u32 });
row!(Run { start: u32, len: u32 });
row!(Attr { key: KeyId, value: Value });
row!(Resource {
    service: Text,
    environment: Text,
    release: Text,
    host: Text,
    attrs: Run,
    schema_url: Text,
    dropped_attrs: u32,
});
row!(Scope { name: Text, version: Text, attrs: Run, dropped_attrs: u32 });
row!(SpanRow {
    resource: u32,
    scope: u32,
    trace_id: TraceId,
    span_id: SpanId,
    parent_span_id: SpanId,
    trace_state: Text,
    name: Text,
    kind: SpanKind,
    start_ns: i64,
    duration_ns: i64,
    status: Status,
    status_message: Text,
    flags: u32,
    attrs: Run,
    events: Run,
    links: Run,
    dropped_attrs: u32,
    dropped_events: u32,
    dropped_links: u32,
});
row!(SpanEvent { time_ns: i64, name: Text, attrs: Run, dropped_attrs: u32 });
row!(Link {
    trace_id: TraceId,
    span_id: SpanId,
    trace_state: Text,
    flags: u32,
    attrs: Run,
    dropped_attrs: u32,
});
row!(LogRow {
    resource: u32,
    scope: u32,
    time_ns: i64,
    observed_ns: i64,
    severity: u8,
    severity_text: Text,
    body: Text,
    body_is_json: bool,
    event_name: Text,
    trace_id: TraceId,
    span_id: SpanId,
    flags: u32,
    attrs: Run,
    dropped_attrs: u32,
});

/// Types made of others with one field or a few values.
macro_rules! as_bytes {
    ($type:ty, $bytes:expr, |$value:ident| $put:expr, |$read:ident| $get:expr) => {
        impl Fixed for $type {
            const BYTES: usize = $bytes;
            #[inline(always)]
            fn put(&self, place: &mut &mut [u8]) {
                let $value = self;
                put_bytes::<{ $bytes }>(place, $put);
            }
            #[inline(always)]
            fn get(input: &mut &[u8]) -> Result<Self, RecordError> {
                let $read: [u8; $bytes] = get_bytes(input)?;
                $get
            }
        }
    };
}

as_bytes!(KeyId, 4, |key| key.0.to_le_bytes(), |bytes| Ok(KeyId(u32::from_le_bytes(bytes))));
as_bytes!(TraceId, 16, |id| id.0, |bytes| Ok(TraceId(bytes)));
as_bytes!(SpanId, 8, |id| id.0, |bytes| Ok(SpanId(bytes)));
as_bytes!(bool, 1, |flag| [*flag as u8], |byte| match byte[0] {
    0 => Ok(false),
    1 => Ok(true),
    _ => Err(RecordError::Damaged("a truth value")),
});
as_bytes!(SpanKind, 1, |kind| [*kind as u8], |byte| {
    SpanKind::from_number(byte[0]).ok_or(RecordError::Damaged("the kind of a span"))
});
as_bytes!(Status, 1, |status| [*status as u8], |byte| {
    Status::from_number(byte[0]).ok_or(RecordError::Damaged("the status of a span"))
});

/// `tag[1] value[8]`; the value of a text is its place.
impl Fixed for Value {
    const BYTES: usize = 9;

    #[inline]
    fn put(&self, place: &mut &mut [u8]) {
        let text = |text: &Text| text.start as u64 | (text.len as u64) << 32;
        let (tag, value) = match self {
            Value::Str(at) => (0u8, text(at)),
            Value::Bool(value) => (1, *value as u64),
            Value::Int(value) => (2, *value as u64),
            Value::Double(value) => (3, value.to_bits()),
            Value::Bytes(at) => (4, text(at)),
            Value::Json(at) => (5, text(at)),
        };
        tag.put(place);
        value.put(place);
    }

    #[inline]
    fn get(input: &mut &[u8]) -> Result<Value, RecordError> {
        let tag = u8::get(input)?;
        let value = u64::get(input)?;
        let text = Text { start: value as u32, len: (value >> 32) as u32 };
        Ok(match (tag, value) {
            (0, _) => Value::Str(text),
            (1, 0 | 1) => Value::Bool(value == 1),
            (2, _) => Value::Int(value as i64),
            (3, _) => Value::Double(f64::from_bits(value)),
            (4, _) => Value::Bytes(text),
            (5, _) => Value::Json(text),
            _ => return Err(RecordError::Damaged("a value")),
        })
    }
}

#[cfg(test)]
mod tests;
