//! JSON to protobuf by the tables of [`schema`](super::schema), after the rules of OTLP and of proto3's JSON: unknown
//! fields are stepped over, `null` is "not there", 64-bit numbers come as strings or as numbers, enumerations as
//! numbers or by name, ids as hex, bytes as base64, `NaN` and `Infinity` as strings.
//!
//! It reads in one pass and builds no tree. Recursion ends at [`DEPTH_MAX`]: what is deeper is left out but for its
//! shell, by which the decoder sees that it is too deep.

use super::schema::{ANY_VALUE, Field, Message, Type};
use super::{DEPTH_MAX, DecodeError, check_size};
use crate::proto::Writer;
use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::fmt;

pub(crate) mod write;

/// Senders differ in whether they pad.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Rewrites a request.
pub(super) fn to_protobuf(json: &[u8], message: &'static Message) -> Result<Vec<u8>, DecodeError> {
    check_size(json)?;
    let mut out = Writer::new();
    let mut de = serde_json::Deserializer::from_slice(json);
    de.deserialize_map(MessageVisitor { message, out: &mut out, depth: 0 })
        .and_then(|()| de.end())
        .map_err(|e| DecodeError::Json(e.to_string()))?;
    Ok(out.out)
}

/// Bytes of base64, standard or for URLs.
pub(super) fn base64(text: &[u8]) -> Option<Vec<u8>> {
    if text.iter().any(|b| matches!(b, b'-' | b'_')) {
        let standard: Vec<u8> = text
            .iter()
            .map(|b| match b {
                b'-' => b'+',
                b'_' => b'/',
                other => *other,
            })
            .collect();
        return BASE64.decode(standard).ok();
    }
    BASE64.decode(text).ok()
}

/// Bytes of an id. What is not hex becomes bytes of a length that no id has, so that its record is refused.
fn id(text: &[u8]) -> Vec<u8> {
    let digit = |b: u8| (b as char).to_digit(16).map(|d| d as u8);
    let read = text
        .chunks(2)
        .map(|pair| match *pair {
            [a, b] => Some(digit(a)? << 4 | digit(b)?),
            _ => None,
        })
        .collect::<Option<Vec<u8>>>();
    read.unwrap_or_else(|| {
        let mut wrong = text[..text.len().min(24)].to_vec();
        if wrong.len() == 8 || wrong.len() == 16 {
            wrong.push(b'?');
        }
        wrong
    })
}

/// `start_time_unix_nano` is `startTimeUnixNano`.
fn is_name(camel: &str, key: &str) -> bool {
    if camel == key {
        return true;
    }
    let mut camel = camel.bytes();
    let mut key = key.bytes();
    while let Some(byte) = key.next() {
        let byte = match byte {
            b'_' => match key.next() {
                Some(next) => next.to_ascii_uppercase(),
                None => return false,
            },
            other => other,
        };
        if camel.next() != Some(byte) {
            return false;
        }
    }
    camel.next().is_none()
}

struct MessageVisitor<'w> {
    message: &'static Message,
    out: &'w mut Writer,
    depth: usize,
}

impl<'de> Visitor<'de> for MessageVisitor<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "a {} object", self.message.name)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        // Values are the only messages that can hold themselves.
        let nested = usize::from(std::ptr::eq(self.message, &ANY_VALUE));
        let depth = self.depth + nested;
        let cut = depth > DEPTH_MAX + 1;
        while let Some(field) = map.next_key_seed(KeySeed { message: self.message })? {
            match field {
                Some(field) if !cut => map.next_value_seed(ValueSeed { field, out: self.out, depth })?,
                _ => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(())
    }
}

struct KeySeed {
    message: &'static Message,
}

impl<'de> DeserializeSeed<'de> for KeySeed {
    type Value = Option<&'static Field>;

    fn deserialize<D: Deserializer<'de>>(self, de: D) -> Result<Self::Value, D::Error> {
        de.deserialize_identifier(self)
    }
}

impl Visitor<'_> for KeySeed {
    type Value = Option<&'static Field>;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("a field name")
    }

    fn visit_str<E: Error>(self, key: &str) -> Result<Self::Value, E> {
        let fields = self.message.fields;
        Ok(fields.iter().find(|f| f.name == key).or_else(|| fields.iter().find(|f| is_name(f.name, key))))
    }
}

/// The value of a field: nothing when it is null, a list, or one.
struct ValueSeed<'w> {
    field: &'static Field,
    out: &'w mut Writer,
    depth: usize,
}

impl<'de> DeserializeSeed<'de> for ValueSeed<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, de: D) -> Result<(), D::Error> {
        de.deserialize_option(self)
    }
}

impl<'de> Visitor<'de> for ValueSeed<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "a value of {}", self.field.name)
    }

    fn visit_none<E: Error>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_some<D: Deserializer<'de>>(self, de: D) -> Result<(), D::Error> {
        let ValueSeed { field, out, depth } = self;
        if !field.repeated {
            return One { field, out, depth, packed: false }.read(de);
        }
        if matches!(field.ty, Type::Str | Type::Bytes | Type::Id | Type::Message(_)) {
            return de.deserialize_seq(ListVisitor { field, out, depth, packed: false });
        }
        let mut read = Ok(());
        out.message(field.number, |out| {
            read = de.deserialize_seq(ListVisitor { field, out, depth, packed: true });
        });
        read
    }
}

struct ListVisitor<'w> {
    field: &'static Field,
    out: &'w mut Writer,
    depth: usize,
    packed: bool,
}

impl<'de> Visitor<'de> for ListVisitor<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "a list of {}", self.field.name)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        let ListVisitor { field, out, depth, packed } = self;
        while seq.next_element_seed(One { field, out, depth, packed })?.is_some() {}
        Ok(())
    }
}

/// One value that is there, or one element of a list.
struct One<'w> {
    field: &'static Field,
    out: &'w mut Writer,
    depth: usize,
    /// Without its tag.
    packed: bool,
}

impl<'de> DeserializeSeed<'de> for One<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, de: D) -> Result<(), D::Error> {
        self.read(de)
    }
}

impl One<'_> {
    fn read<'de, D: Deserializer<'de>>(self, de: D) -> Result<(), D::Error> {
        match self.field.ty {
            Type::Message(message) => {
                let mut read = Ok(());
                self.out.message(self.field.number, |out| {
                    read = de.deserialize_map(MessageVisitor { message, out, depth: self.depth });
                });
                read
            }
            // As bytes, because a string cut in the middle of a surrogate pair is no reason to refuse a request.
            Type::Str | Type::Bytes | Type::Id => de.deserialize_bytes(self),
            Type::Double => self.double(<&RawValue>::deserialize(de)?.get()),
            _ => de.deserialize_any(self),
        }
    }

    /// A double as it is written: the parser of `serde_json` rounds some of seventeen digits to a neighbour.
    fn double<E: Error>(self, text: &str) -> Result<(), E> {
        match text.as_bytes().first() {
            Some(b'-' | b'0'..=b'9') => match text.parse::<f64>() {
                Ok(value) if value.is_finite() => self.number(Number::Double(value)),
                _ => Err(E::custom(format!("{text} is no value of {}", self.field.name))),
            },
            Some(b'"') => match serde_json::from_str::<Cow<str>>(text) {
                Ok(text) => self.visit_str(&text),
                Err(error) => Err(E::custom(error)),
            },
            Some(b'n') => self.visit_unit(),
            _ => Err(E::custom(format!("{text} is no value of {}", self.field.name))),
        }
    }

    fn number<E: Error>(self, number: Number) -> Result<(), E> {
        let (field, out, packed) = (self.field, self.out, self.packed);
        let wrong = || E::custom(format!("{number} is no value of {}", field.name));
        let varint = |out: &mut Writer, value: u64| {
            if packed { out.varint(value) } else { out.uint(field.number, value) }
        };
        match field.ty {
            Type::Int64 => {
                varint(out, i64::try_from(number.int().ok_or_else(wrong)?).map_err(|_| wrong())? as u64)
            }
            Type::Int32 | Type::Enum(_) => {
                let value = i32::try_from(number.int().ok_or_else(wrong)?).map_err(|_| wrong())?;
                varint(out, i64::from(value) as u64);
            }
            Type::Uint64 => varint(out, u64::try_from(number.int().ok_or_else(wrong)?).map_err(|_| wrong())?),
            Type::Uint32 => {
                varint(out, u32::try_from(number.int().ok_or_else(wrong)?).map_err(|_| wrong())?.into());
            }
            Type::Sint32 => {
                let value = i32::try_from(number.int().ok_or_else(wrong)?).map_err(|_| wrong())?;
                varint(out, u64::from(((value << 1) ^ (value >> 31)) as u32));
            }
            Type::Fixed64 => {
                let value = u64::try_from(number.int().ok_or_else(wrong)?).map_err(|_| wrong())?;
                fixed64(out, field, packed, value);
            }
            Type::Sfixed64 => {
                let value = i64::try_from(number.int().ok_or_else(wrong)?).map_err(|_| wrong())?;
                fixed64(out, field, packed, value as u64);
            }
            Type::Fixed32 => {
                out.fixed32(
                    field.number,
                    u32::try_from(number.int().ok_or_else(wrong)?).map_err(|_| wrong())?,
                );
            }
            Type::Double => fixed64(out, field, packed, number.double().to_bits()),
            _ => return Err(wrong()),
        }
        Ok(())
    }
}

fn fixed64(out: &mut Writer, field: &Field, packed: bool, value: u64) {
    if packed {
        out.out.extend_from_slice(&value.to_le_bytes());
    } else {
        out.fixed64(field.number, value);
    }
}

impl<'de> Visitor<'de> for One<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "a value of {}", self.field.name)
    }

    /// `null` in a list of numbers or texts.
    fn visit_unit<E: Error>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<(), E> {
        match self.field.ty {
            Type::Bool => {
                self.out.uint(self.field.number, value.into());
                Ok(())
            }
            _ => Err(E::custom(format!("{value} is no value of {}", self.field.name))),
        }
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<(), E> {
        self.number(Number::Int(value.into()))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<(), E> {
        self.number(Number::Int(value.into()))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<(), E> {
        self.number(Number::Double(value))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<(), E> {
        if let Type::Enum(names) = self.field.ty
            && let Some((_, value)) = names.iter().find(|(name, _)| *name == text)
        {
            return self.number(Number::Int((*value).into()));
        }
        match Number::parse(text) {
            Some(number) => self.number(number),
            None => Err(E::custom(format!("{text:?} is no value of {}", self.field.name))),
        }
    }

    fn visit_bytes<E: Error>(self, text: &[u8]) -> Result<(), E> {
        let number = self.field.number;
        match self.field.ty {
            Type::Id => self.out.bytes(number, &id(text)),
            Type::Bytes => {
                let bytes =
                    base64(text).ok_or_else(|| E::custom(format!("{} is not base64", self.field.name)))?;
                self.out.bytes(number, &bytes);
            }
            _ => self.out.bytes(number, text),
        }
        Ok(())
    }
}

#[derive(Clone, Copy)]
enum Number {
    Int(i128),
    Double(f64),
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        match self {
            Number::Int(value) => write!(f, "{value}"),
            Number::Double(value) => write!(f, "{value}"),
        }
    }
}

impl Number {
    fn parse(text: &str) -> Option<Number> {
        if let Ok(value) = text.parse::<i128>() {
            return Some(Number::Int(value));
        }
        match text {
            "NaN" => Some(Number::Double(f64::NAN)),
            "Infinity" => Some(Number::Double(f64::INFINITY)),
            "-Infinity" => Some(Number::Double(f64::NEG_INFINITY)),
            // Rust reads more words than the specification has.
            _ if text.bytes().any(|b| b.is_ascii_alphabetic() && !matches!(b, b'e' | b'E')) => None,
            _ => text.parse().ok().map(Number::Double),
        }
    }

    /// A whole number, also when it was written as `1e3`.
    fn int(self) -> Option<i128> {
        match self {
            Number::Int(value) => Some(value),
            Number::Double(value) if value.fract() == 0.0 && value.abs() < 1e19 => Some(value as i128),
            Number::Double(_) => None,
        }
    }

    fn double(self) -> f64 {
        match self {
            Number::Int(value) => value as f64,
            Number::Double(value) => value,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_known_in_both_spellings() {
        assert!(is_name("startTimeUnixNano", "start_time_unix_nano"));
        assert!(is_name("startTimeUnixNano", "startTimeUnixNano"));
        for other in
            ["start_time_unix_nan", "starttimeunixnano", "start_time_unix_nano_", "startTimeUnixNanos", ""]
        {
            assert!(!is_name("startTimeUnixNano", other), "{other}");
        }
    }

    #[test]
    fn ids_that_are_not_hex_have_a_wrong_length() {
        assert_eq!(id(b"0aFf"), [0x0a, 0xff]);
        assert_eq!(id(b""), b"");
        for bad in ["0", "0g", "xxxxxxxx", "xxxxxxxxxxxxxxxx", "é"] {
            assert!(![0, 8, 16].contains(&id(bad.as_bytes()).len()), "{bad}");
        }
    }

    #[test]
    fn base64_of_both_alphabets_padded_or_not() {
        for text in ["+/8=", "-_8=", "+/8", "-_8"] {
            assert_eq!(base64(text.as_bytes()).unwrap(), [0xfb, 0xff]);
        }
        assert_eq!(base64(b"*"), None);
    }
}
