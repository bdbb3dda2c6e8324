//! What the decoders of spans and of log records share: walking messages, the nest of resources and scopes around the
//! records, texts, and taking back a record that is refused.

use super::{DecodeError, KEY_BYTES_MAX, Options, Report, SOURCE_BYTES_MAX, TEXT_BYTES_MAX, Warning, begin};
use crate::proto::{ProtoError, Reader, Value};
use model::event::{Attr, Batch, KeyId, Kind, Resource, Run, Scope, Text, Value as Kept};

/// Something wrong in a message: not yet placed in the request, or placed.
pub(crate) enum Fault {
    Fresh(ProtoError),
    Placed { address: usize, message: &'static str, error: ProtoError },
}

impl From<ProtoError> for Fault {
    fn from(error: ProtoError) -> Fault {
        Fault::Fresh(error)
    }
}

impl Fault {
    pub(crate) fn place(self, address: usize, message: &'static str) -> Fault {
        match self {
            Fault::Fresh(error) => Fault::Placed { address, message, error },
            placed => placed,
        }
    }

    /// As an error of the request `bytes`.
    pub(crate) fn of(self, bytes: &[u8], message: &'static str) -> DecodeError {
        match self {
            Fault::Fresh(error) => DecodeError::Protobuf { offset: 0, message, error },
            Fault::Placed { address, message, error } => {
                DecodeError::Protobuf { offset: address.wrapping_sub(bytes.as_ptr().addr()), message, error }
            }
        }
    }
}

/// Calls `each` with every field of a message; what is wrong is placed at the field it was in.
#[inline(always)]
pub(crate) fn fields<'a>(
    message: &'static str,
    bytes: &'a [u8],
    mut each: impl FnMut(u32, Value<'a>) -> Result<(), Fault>,
) -> Result<(), Fault> {
    let mut reader = Reader::new(bytes);
    loop {
        let address = reader.rest.as_ptr().addr();
        match reader.field() {
            Ok(Some((number, value))) => {
                if let Err(fault) = each(number, value) {
                    return Err(fault.place(address, message));
                }
            }
            Ok(None) => return Ok(()),
            Err(error) => return Err(Fault::Placed { address, message, error }),
        }
    }
}

/// What the messages of a signal are called, for errors. Their fields have the same numbers in all signals.
pub(crate) struct Nest {
    pub kind: Kind,
    pub request: &'static str,
    pub resource: &'static str,
    pub scope: &'static str,
}

/// Reads a request in protobuf: `record` takes each record, with the numbers of its resource and its scope. The batch and
/// the report are emptied first.
pub(crate) fn read<'a, 'b>(
    nest: &Nest,
    bytes: &'a [u8],
    options: &Options,
    batch: &'b mut Batch,
    report: &'b mut Report,
    record: impl Fn(&mut Decoder<'a, 'b>, u32, u32, &'a [u8]) -> Result<(), Fault>,
) -> Result<(), DecodeError> {
    begin(bytes, batch, report)?;
    batch.kind = nest.kind;
    let mut decoder = Decoder::new(batch, report, options);
    fields(nest.request, bytes, |number, value| match number {
        1 => decoder.of_resource(nest, value.bytes(1)?, &record),
        _ => Ok(()),
    })
    .map_err(|fault| fault.of(bytes, nest.request))
}

/// Where the tables of a batch ended, to go back to.
#[derive(Clone, Copy)]
pub(crate) struct Mark {
    text: usize,
    keys: usize,
    attrs: usize,
    span_events: usize,
    links: usize,
}

/// Reads one request into a batch.
pub(crate) struct Decoder<'a, 'b> {
    pub batch: &'b mut Batch,
    pub report: &'b mut Report,
    pub options: Options,
    /// Events and links of the span being read: they wait until its attributes, whose run they would break, are done.
    pub late: Vec<(u32, &'a [u8])>,
    /// The keys of the record before by place: records of one place in a program have the same keys in the same
    /// order, and to compare is cheaper than to look up. One list for records and their sources, one for what
    /// [`Decoder::late`] holds.
    hints: [Vec<KeyId>; 2],
    /// Which of the lists.
    pub hinted: usize,
    /// A value of the record being read was nested too deep.
    pub too_deep: bool,
    /// The text of the default service, once it is needed.
    unknown_service: Text,
}

impl<'a, 'b> Decoder<'a, 'b> {
    pub(crate) fn new(batch: &'b mut Batch, report: &'b mut Report, options: &Options) -> Decoder<'a, 'b> {
        Decoder {
            batch,
            report,
            options: *options,
            late: Vec::new(),
            hints: [Vec::new(), Vec::new()],
            hinted: 0,
            too_deep: false,
            unknown_service: Text::EMPTY,
        }
    }

    pub(crate) fn mark(&self) -> Mark {
        Mark {
            text: self.batch.text.len(),
            keys: self.batch.keys.len(),
            attrs: self.batch.attrs.len(),
            span_events: self.batch.span_events.len(),
            links: self.batch.links.len(),
        }
    }

    /// Takes back what was added since the mark. New keys stay, and the text with them.
    pub(crate) fn undo(&mut self, mark: Mark) {
        self.batch.attrs.truncate(mark.attrs);
        self.batch.span_events.truncate(mark.span_events);
        self.batch.links.truncate(mark.links);
        if self.batch.keys.len() == mark.keys {
            self.batch.text.truncate(mark.text);
        }
    }

    /// Adds a text of the sender: what is not UTF-8 in it is replaced, what is too long cut.
    #[inline]
    pub(crate) fn text(&mut self, bytes: &[u8]) -> Text {
        match std::str::from_utf8(bytes) {
            Ok(text) if text.len() <= TEXT_BYTES_MAX => self.batch.push_text(text),
            _ => self.mended_text(bytes),
        }
    }

    #[cold]
    fn mended_text(&mut self, bytes: &[u8]) -> Text {
        let kept = &bytes[..bytes.len().min(TEXT_BYTES_MAX)];
        let cut = kept.len() < bytes.len();
        if cut {
            self.report.warn(Warning::TextCut);
        }
        match std::str::from_utf8(kept) {
            Ok(text) => self.batch.push_text(text),
            // Nothing wrong but a character cut in two.
            Err(e) if cut && e.error_len().is_none() => {
                let text = std::str::from_utf8(&kept[..e.valid_up_to()]).unwrap_or_default();
                self.batch.push_text(text)
            }
            Err(_) => {
                self.report.warn(Warning::Utf8);
                let text = String::from_utf8_lossy(kept);
                self.batch.push_text(&text)
            }
        }
    }

    /// The number of the key at a place in a record; `None` for a key that cannot be.
    #[inline]
    pub(crate) fn key(&mut self, place: usize, key: &[u8]) -> Option<KeyId> {
        if let Some(&hint) = self.hints[self.hinted].get(place)
            && self.batch.key(hint).as_bytes() == key
        {
            return Some(hint);
        }
        self.new_key(place, key)
    }

    #[inline(never)]
    fn new_key(&mut self, place: usize, key: &[u8]) -> Option<KeyId> {
        if key.is_empty() || key.len() > KEY_BYTES_MAX {
            self.report.warn(Warning::BadKey);
            return None;
        }
        let id = match std::str::from_utf8(key) {
            Ok(key) => self.batch.intern_key(key),
            Err(_) => {
                self.report.warn(Warning::Utf8);
                self.batch.intern_key(&String::from_utf8_lossy(key))
            }
        };
        let hints = &mut self.hints[self.hinted];
        if place < hints.len() {
            hints[place] = id;
        } else if place == hints.len() {
            hints.push(id);
        }
        Some(id)
    }

    /// Reads a resource with its records. One of which no record was accepted is forgotten, as its scopes are.
    fn of_resource(
        &mut self,
        nest: &Nest,
        bytes: &'a [u8],
        record: &impl Fn(&mut Decoder<'a, 'b>, u32, u32, &'a [u8]) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        let (resources, scopes) = (self.batch.resources.len(), self.batch.scopes.len());
        let accepted = self.batch.len();
        let resource = self.begin_resource();
        fields(nest.resource, bytes, |number, value| {
            match number {
                1 => self.resource(resource, value.bytes(1)?)?,
                2 => self.of_scope(nest, resource as u32, value.bytes(2)?, record)?,
                3 => self.batch.resources[resource].schema_url = self.text(value.bytes(3)?),
                _ => {}
            }
            Ok(())
        })?;
        if self.batch.len() == accepted {
            self.forget_sources(resources, scopes);
        }
        Ok(())
    }

    fn of_scope(
        &mut self,
        nest: &Nest,
        resource: u32,
        bytes: &'a [u8],
        record: &impl Fn(&mut Decoder<'a, 'b>, u32, u32, &'a [u8]) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        let (resources, scope) = (self.batch.resources.len(), self.batch.scopes.len());
        let accepted = self.batch.len();
        self.batch.scopes.push(Scope::default());
        fields(nest.scope, bytes, |number, value| {
            match number {
                1 => self.scope(scope, value.bytes(1)?)?,
                2 => record(self, resource, scope as u32, value.bytes(2)?)?,
                _ => {}
            }
            Ok(())
        })?;
        if self.batch.len() == accepted {
            self.forget_sources(resources, scope);
        }
        Ok(())
    }

    /// Reads a `Resource` into the row `at`.
    fn resource(&mut self, at: usize, bytes: &'a [u8]) -> Result<(), Fault> {
        let start = self.batch.attrs.len();
        let (mut dropped, mut text) = (0u32, 0);
        fields("Resource", bytes, |number, value| {
            match number {
                1 => self.source_attr(start, value.bytes(1)?, &mut text, &mut dropped)?,
                2 => dropped = dropped.saturating_add(value.uint(2)? as u32),
                _ => {}
            }
            Ok(())
        })?;
        let run = self.batch.attrs_since(start);
        let row = self.tied_resource(run);
        let schema_url = self.batch.resources[at].schema_url;
        self.batch.resources[at] = Resource { schema_url, dropped_attrs: dropped, ..row };
        Ok(())
    }

    /// A row for a resource of which nothing is said yet. The same text is the service of all of them.
    fn begin_resource(&mut self) -> usize {
        let row = self.tied_resource(Run::EMPTY);
        self.batch.resources.push(row);
        self.batch.resources.len() - 1
    }

    fn tied_resource(&mut self, run: Run) -> Resource {
        if run.len == 0 && !self.unknown_service.is_empty() {
            return Resource { service: self.unknown_service, ..Resource::default() };
        }
        let row = self.batch.tied_resource(run);
        if run.len == 0 {
            self.unknown_service = row.service;
        }
        row
    }

    /// Reads an `InstrumentationScope` into the row `at`.
    fn scope(&mut self, at: usize, bytes: &'a [u8]) -> Result<(), Fault> {
        let start = self.batch.attrs.len();
        let (mut row, mut text) = (Scope::default(), 0);
        fields("InstrumentationScope", bytes, |number, value| {
            match number {
                1 => row.name = self.text(value.bytes(1)?),
                2 => row.version = self.text(value.bytes(2)?),
                3 => self.source_attr(start, value.bytes(3)?, &mut text, &mut row.dropped_attrs)?,
                4 => row.dropped_attrs = row.dropped_attrs.saturating_add(value.uint(4)? as u32),
                _ => {}
            }
            Ok(())
        })?;
        row.attrs = self.batch.attrs_since(start);
        self.batch.scopes[at] = row;
        Ok(())
    }

    /// An attribute of a resource or a scope: too deep or too long a value costs it alone, not the records. `text` is how
    /// much of it there is.
    fn source_attr(
        &mut self,
        start: usize,
        bytes: &'a [u8],
        text: &mut usize,
        dropped: &mut u32,
    ) -> Result<(), Fault> {
        let before = self.mark();
        self.too_deep = false;
        self.attr(start, bytes, dropped)?;
        let length = match self.batch.attrs[before.attrs..].first().map(|attr| attr.value) {
            Some(Kept::Str(text) | Kept::Bytes(text) | Kept::Json(text)) => text.len as usize,
            _ => 0,
        };
        let fault = match std::mem::take(&mut self.too_deep) {
            true => Warning::ResourceTooDeep,
            false if *text + length > SOURCE_BYTES_MAX => Warning::ResourceTooLong,
            false => {
                *text += length;
                return Ok(());
            }
        };
        self.undo(before);
        *dropped = dropped.saturating_add(1);
        self.report.warn(fault);
        Ok(())
    }

    /// Takes back resources and scopes of which no record was accepted: an empty one costs a sender two bytes.
    fn forget_sources(&mut self, resources: usize, scopes: usize) {
        self.batch.resources.truncate(resources);
        self.batch.scopes.truncate(scopes);
    }

    /// Adds an attribute whose key and value are known.
    #[inline]
    pub(crate) fn push_attr(&mut self, key: KeyId, value: model::event::Value) {
        self.batch.attrs.push(Attr { key, value });
    }

    /// Nanoseconds as a batch keeps them.
    #[inline]
    pub(crate) fn time(&mut self, ns: u64) -> i64 {
        i64::try_from(ns).unwrap_or_else(|_| {
            self.report.warn(Warning::TimeClamped);
            i64::MAX
        })
    }
}
