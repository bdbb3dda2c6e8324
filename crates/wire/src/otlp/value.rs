//! `KeyValue` and `AnyValue`: attributes and bodies, from protobuf into a batch. Arrays and maps become JSON text,
//! written as they are read.

use super::decode::{Decoder, Fault, fields};
use super::text::{push_base64, push_double, push_int, push_string};
use super::{ATTRS_MAX, DEPTH_MAX, TEXT_BYTES_MAX, Warning};
use model::event::{Text, Value};

/// Bytes of which the base64 is as long as a text may be.
const RAW_BYTES_MAX: usize = TEXT_BYTES_MAX / 4 * 3;

/// The member of an `AnyValue` that is set, not yet looked into.
enum Any<'a> {
    None,
    Str(&'a [u8]),
    Bool(bool),
    Int(i64),
    Double(f64),
    Array(&'a [u8]),
    Map(&'a [u8]),
    Bytes(&'a [u8]),
}

impl<'a> Any<'a> {
    #[inline]
    fn read(bytes: &'a [u8]) -> Result<Any<'a>, Fault> {
        let mut any = Any::None;
        fields("AnyValue", bytes, |number, value| {
            any = match number {
                1 => Any::Str(value.bytes(1)?),
                2 => Any::Bool(value.uint(2)? != 0),
                3 => Any::Int(value.int(3)?),
                4 => Any::Double(value.double(4)?),
                5 => Any::Array(value.bytes(5)?),
                6 => Any::Map(value.bytes(6)?),
                7 => Any::Bytes(value.bytes(7)?),
                _ => return Ok(()),
            };
            Ok(())
        })?;
        Ok(any)
    }
}

/// The key and the value of a `KeyValue`; a value that is not there is none.
#[inline]
fn key_value(bytes: &[u8]) -> Result<(&[u8], Any<'_>), Fault> {
    let (mut key, mut any) = (&[][..], Any::None);
    fields("KeyValue", bytes, |number, value| {
        match number {
            1 => key = value.bytes(1)?,
            2 => any = Any::read(value.bytes(2)?)?,
            _ => {}
        }
        Ok(())
    })?;
    Ok((key, any))
}

impl<'a> Decoder<'a, '_> {
    /// Reads a `KeyValue` behind the attributes that begin at `start`. What cannot be kept is counted in `dropped`;
    /// a value that is none leaves no trace.
    #[inline]
    pub(super) fn attr(&mut self, start: usize, bytes: &'a [u8], dropped: &mut u32) -> Result<(), Fault> {
        let place = self.batch.attrs.len() - start;
        if place >= ATTRS_MAX {
            *dropped = dropped.saturating_add(1);
            self.report.warn(Warning::AttrsCut);
            return Ok(());
        }
        let (key, any) = key_value(bytes)?;
        if matches!(any, Any::None) {
            return Ok(());
        }
        let Some(key) = self.key(place, key) else {
            *dropped = dropped.saturating_add(1);
            return Ok(());
        };
        if let Some(value) = self.value(any)? {
            self.push_attr(key, value);
        }
        Ok(())
    }

    #[inline]
    fn value(&mut self, any: Any<'a>) -> Result<Option<Value>, Fault> {
        Ok(Some(match any {
            Any::Str(bytes) => Value::Str(self.text(bytes)),
            Any::Bool(value) => Value::Bool(value),
            Any::Int(value) => Value::Int(value),
            Any::Double(value) => Value::Double(value),
            other => return self.long_value(other),
        }))
    }

    #[inline(never)]
    fn long_value(&mut self, any: Any<'a>) -> Result<Option<Value>, Fault> {
        if let Any::Bytes(bytes) = any {
            if bytes.len() > RAW_BYTES_MAX {
                self.report.warn(Warning::TextCut);
            }
            let start = self.batch.text.len();
            push_base64(&mut self.batch.text, &bytes[..bytes.len().min(RAW_BYTES_MAX)]);
            return Ok(Some(Value::Bytes(self.text_since(start))));
        }
        if matches!(any, Any::None) {
            return Ok(None);
        }
        let start = self.batch.text.len();
        self.json(any, 0)?;
        let text = self.text_since(start);
        if text.len as usize <= TEXT_BYTES_MAX {
            return Ok(Some(Value::Json(text)));
        }
        // Cut, it is JSON no more: the beginning is kept as text.
        self.report.warn(Warning::TextCut);
        let end = self.batch.text.floor_char_boundary(start + TEXT_BYTES_MAX);
        self.batch.text.truncate(end);
        Ok(Some(Value::Str(self.text_since(start))))
    }

    fn text_since(&self, start: usize) -> Text {
        let len = self.batch.text.len() - start;
        if len == 0 { Text::EMPTY } else { Text { start: start as u32, len: len as u32 } }
    }

    /// Writes a value as JSON. Arrays and maps in each other deeper than allowed are not looked into: the record will be
    /// refused.
    fn json(&mut self, any: Any<'a>, depth: usize) -> Result<(), Fault> {
        if depth >= DEPTH_MAX && matches!(any, Any::Array(_) | Any::Map(_)) {
            self.too_deep = true;
            return Ok(());
        }
        let mut first = true;
        match any {
            Any::None => self.batch.text.push_str("null"),
            Any::Str(bytes) => self.json_string(bytes),
            Any::Bool(value) => self.batch.text.push_str(if value { "true" } else { "false" }),
            Any::Int(value) => push_int(&mut self.batch.text, value),
            Any::Double(value) => push_double(&mut self.batch.text, value),
            Any::Bytes(bytes) => {
                self.batch.text.push('"');
                push_base64(&mut self.batch.text, bytes);
                self.batch.text.push('"');
            }
            Any::Array(bytes) => {
                self.batch.text.push('[');
                fields("ArrayValue", bytes, |number, value| {
                    if number == 1 {
                        self.comma(&mut first);
                        self.json(Any::read(value.bytes(1)?)?, depth + 1)?;
                    }
                    Ok(())
                })?;
                self.batch.text.push(']');
            }
            Any::Map(bytes) => {
                self.batch.text.push('{');
                fields("KeyValueList", bytes, |number, value| {
                    if number == 1 {
                        let (key, any) = key_value(value.bytes(1)?)?;
                        self.comma(&mut first);
                        self.json_string(key);
                        self.batch.text.push(':');
                        self.json(any, depth + 1)?;
                    }
                    Ok(())
                })?;
                self.batch.text.push('}');
            }
        }
        Ok(())
    }

    fn comma(&mut self, first: &mut bool) {
        if !std::mem::take(first) {
            self.batch.text.push(',');
        }
    }

    fn json_string(&mut self, bytes: &[u8]) {
        match std::str::from_utf8(bytes) {
            Ok(text) => push_string(&mut self.batch.text, text),
            Err(_) => {
                self.report.warn(Warning::Utf8);
                push_string(&mut self.batch.text, &String::from_utf8_lossy(bytes));
            }
        }
    }

    /// Reads the body of a log record: text as it is, other scalars written out, arrays and maps as JSON (then
    /// true).
    pub(super) fn body(&mut self, bytes: &'a [u8]) -> Result<(Text, bool), Fault> {
        let any = Any::read(bytes)?;
        let start = self.batch.text.len();
        match any {
            Any::Str(bytes) => return Ok((self.text(bytes), false)),
            Any::Bool(value) => self.batch.text.push_str(if value { "true" } else { "false" }),
            Any::Int(value) => push_int(&mut self.batch.text, value),
            Any::Double(value) => push_double(&mut self.batch.text, value),
            other => {
                return Ok(match self.long_value(other)? {
                    Some(Value::Json(text)) => (text, true),
                    Some(Value::Str(text) | Value::Bytes(text)) => (text, false),
                    _ => (Text::EMPTY, false),
                });
            }
        }
        Ok((self.text_since(start), false))
    }
}
