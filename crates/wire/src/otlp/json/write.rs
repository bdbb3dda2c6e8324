//! Protobuf to JSON by the same tables: for what we encode ourselves, where the elements of a list follow each other.

use super::super::schema::{Message, Type};
use super::super::text::{push_base64, push_double, push_hex, push_int, push_string};
use crate::proto::{ProtoError, Reader, Value, zigzag};

/// Adds a message as a JSON object.
pub(crate) fn write(out: &mut String, message: &Message, bytes: &[u8]) -> Result<(), ProtoError> {
    out.push('{');
    let mut reader = Reader::new(bytes);
    let mut list = None;
    let mut first = true;
    while let Some((number, value)) = reader.field()? {
        let Some(field) = message.fields.iter().find(|f| f.number == number) else { continue };
        if list == Some(number) {
            out.push(',');
        } else {
            if list.take().is_some() {
                out.push(']');
            }
            if !std::mem::take(&mut first) {
                out.push(',');
            }
            push_string(out, field.name);
            out.push(':');
            if field.repeated {
                out.push('[');
                list = Some(number);
            }
        }
        if field.repeated {
            elements(out, field.ty, number, value)?;
        } else {
            one(out, field.ty, number, value)?;
        }
    }
    if list.is_some() {
        out.push(']');
    }
    out.push('}');
    Ok(())
}

/// One element of a list, or a packed list.
fn elements(out: &mut String, ty: Type, number: u32, value: Value<'_>) -> Result<(), ProtoError> {
    let Value::Bytes(packed) = value else { return one(out, ty, number, value) };
    if matches!(ty, Type::Str | Type::Bytes | Type::Id | Type::Message(_)) {
        return one(out, ty, number, value);
    }
    let mut reader = Reader::new(packed);
    let mut first = true;
    while !reader.is_empty() {
        if !std::mem::take(&mut first) {
            out.push(',');
        }
        let element = match ty {
            Type::Fixed64 | Type::Sfixed64 | Type::Double => Value::Fixed64(reader.fixed64()?),
            Type::Fixed32 => Value::Fixed32(reader.fixed32()?),
            _ => Value::Varint(reader.varint()?),
        };
        one(out, ty, number, element)?;
    }
    Ok(())
}

fn one(out: &mut String, ty: Type, number: u32, value: Value<'_>) -> Result<(), ProtoError> {
    match ty {
        Type::Str => {
            let text =
                std::str::from_utf8(value.bytes(number)?).map_err(|_| ProtoError::Utf8 { field: "text" })?;
            push_string(out, text);
        }
        Type::Bytes => {
            let bytes = value.bytes(number)?;
            quoted(out, |out| push_base64(out, bytes));
        }
        Type::Id => {
            let bytes = value.bytes(number)?;
            quoted(out, |out| push_hex(out, bytes));
        }
        Type::Bool => out.push_str(if value.uint(number)? != 0 { "true" } else { "false" }),
        Type::Int64 => {
            let value = value.int(number)?;
            quoted(out, |out| push_int(out, value));
        }
        Type::Uint64 => {
            let value = value.uint(number)?;
            quoted(out, |out| out.push_str(&value.to_string()));
        }
        Type::Int32 | Type::Enum(_) => push_int(out, i64::from(value.int(number)? as i32)),
        Type::Uint32 => push_int(out, i64::from(value.uint(number)? as u32)),
        Type::Sint32 => push_int(out, zigzag(value.uint(number)?)),
        Type::Fixed64 => {
            let value = value.fixed64(number)?;
            quoted(out, |out| out.push_str(&value.to_string()));
        }
        Type::Sfixed64 => {
            let value = value.fixed64(number)? as i64;
            quoted(out, |out| push_int(out, value));
        }
        Type::Fixed32 => push_int(out, i64::from(value.fixed32(number)?)),
        Type::Double => push_double(out, value.double(number)?),
        Type::Message(message) => write(out, message, value.bytes(number)?)?,
    }
    Ok(())
}

fn quoted(out: &mut String, inside: impl FnOnce(&mut String)) {
    out.push('"');
    inside(out);
    out.push('"');
}
