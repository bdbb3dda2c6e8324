//! The JSON of Zipkin v2, a span at a time.

use super::{Endpoint, Tag, ZipkinSpan};
use crate::otlp::{ATTRS_MAX, DecodeError};
use model::event::SpanKind;
use serde::de::{Deserialize, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use std::fmt;

/// Gives every span of a list to `each`.
pub(super) fn read(bytes: &[u8], each: &mut dyn FnMut(ZipkinSpan)) -> Result<(), DecodeError> {
    let mut de = serde_json::Deserializer::from_slice(bytes);
    de.deserialize_seq(List { each }).and_then(|()| de.end()).map_err(|e| DecodeError::Json(e.to_string()))
}

struct List<'f> {
    each: &'f mut dyn FnMut(ZipkinSpan),
}

impl<'de> Visitor<'de> for List<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("a list of spans")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        while let Some(span) = seq.next_element::<Option<ZipkinSpan>>()? {
            if let Some(span) = span {
                (self.each)(span);
            }
        }
        Ok(())
    }
}

/// Implements `Deserialize` for objects: unknown fields are stepped over, null is "not there".
macro_rules! object {
    ($type:ty, $what:literal, |$map:ident, $value:ident| { $($key:pat => $read:expr,)* }) => {
        impl<'de> Deserialize<'de> for $type {
            fn deserialize<D: Deserializer<'de>>(de: D) -> Result<$type, D::Error> {
                struct Object;

                impl<'de> Visitor<'de> for Object {
                    type Value = $type;

                    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
                        f.write_str($what)
                    }

                    fn visit_map<A: MapAccess<'de>>(self, mut $map: A) -> Result<$type, A::Error> {
                        let mut $value = <$type>::default();
                        while let Some(key) = $map.next_key::<Text>()? {
                            match &key.0[..] {
                                $($key => $read,)*
                                _ => {
                                    $map.next_value::<IgnoredAny>()?;
                                }
                            }
                        }
                        Ok($value)
                    }
                }

                de.deserialize_map(Object)
            }
        }
    };
}

object!(ZipkinSpan, "a span", |map, span| {
    b"traceId" => span.trace_id = text(&mut map)?,
    b"id" => span.id = text(&mut map)?,
    b"parentId" => span.parent_id = text(&mut map)?,
    b"name" => span.name = text(&mut map)?,
    b"kind" => span.kind = kind(&text(&mut map)?),
    b"timestamp" => span.timestamp_us = micros(&mut map)?,
    b"duration" => span.duration_us = micros(&mut map)?,
    b"debug" => span.debug = map.next_value::<Option<bool>>()?.unwrap_or_default(),
    b"shared" => span.shared = map.next_value::<Option<bool>>()?.unwrap_or_default(),
    b"localEndpoint" => span.local = map.next_value::<Option<Endpoint>>()?.unwrap_or_default(),
    b"remoteEndpoint" => span.remote = map.next_value::<Option<Endpoint>>()?.unwrap_or_default(),
    b"annotations" => {
        let list = map.next_value::<Option<Vec<Annotation>>>()?.unwrap_or_default();
        span.annotations = list.into_iter().map(|a| (a.time_us, a.value)).collect();
    },
    b"tags" => span.tags = map.next_value::<Option<Tags>>()?.unwrap_or_default().0,
});

object!(Endpoint, "an endpoint", |map, endpoint| {
    b"serviceName" => endpoint.service = text(&mut map)?,
    b"ipv4" => address(&mut endpoint, text(&mut map)?),
    b"ipv6" => address(&mut endpoint, text(&mut map)?),
    b"port" => endpoint.port = u16::try_from(micros(&mut map)?).unwrap_or(0),
});

#[derive(Default)]
struct Annotation {
    time_us: u64,
    value: Vec<u8>,
}

object!(Annotation, "an annotation", |map, annotation| {
    b"timestamp" => annotation.time_us = micros(&mut map)?,
    b"value" => annotation.value = text(&mut map)?,
});

fn text<'de, A: MapAccess<'de>>(map: &mut A) -> Result<Vec<u8>, A::Error> {
    Ok(map.next_value::<Option<Text>>()?.map(|t| t.0).unwrap_or_default())
}

fn micros<'de, A: MapAccess<'de>>(map: &mut A) -> Result<u64, A::Error> {
    match map.next_value::<Option<Tag>>()? {
        None => Ok(0),
        Some(Tag::Int(value)) => u64::try_from(value).map_err(|_| A::Error::custom("a negative number")),
        Some(Tag::Double(value)) if value >= 0.0 => Ok(value as u64),
        Some(_) => Err(A::Error::custom("not a number")),
    }
}

/// The first address that is said.
fn address(endpoint: &mut Endpoint, text: Vec<u8>) {
    if endpoint.address.is_empty() {
        endpoint.address = String::from_utf8_lossy(&text).into_owned();
    }
}

fn kind(name: &[u8]) -> SpanKind {
    std::str::from_utf8(name).ok().and_then(SpanKind::parse).unwrap_or_default()
}

/// A string, also one that was cut in the middle of a surrogate pair.
struct Text(Vec<u8>);

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(de: D) -> Result<Text, D::Error> {
        struct Bytes;

        impl Visitor<'_> for Bytes {
            type Value = Text;

            fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
                f.write_str("a string")
            }

            fn visit_bytes<E: Error>(self, bytes: &[u8]) -> Result<Text, E> {
                Ok(Text(bytes.to_vec()))
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Text, E> {
                self.visit_bytes(text.as_bytes())
            }
        }

        de.deserialize_bytes(Bytes)
    }
}

/// A scalar. Arrays and objects are no values of tags.
impl<'de> Deserialize<'de> for Tag {
    fn deserialize<D: Deserializer<'de>>(de: D) -> Result<Tag, D::Error> {
        struct Scalar;

        impl Visitor<'_> for Scalar {
            type Value = Tag;

            fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
                f.write_str("a string, a number or a truth value")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Tag, E> {
                Ok(Tag::Text(text.as_bytes().to_vec()))
            }

            fn visit_bool<E: Error>(self, value: bool) -> Result<Tag, E> {
                Ok(Tag::Bool(value))
            }

            fn visit_i64<E: Error>(self, value: i64) -> Result<Tag, E> {
                Ok(Tag::Int(value))
            }

            fn visit_u64<E: Error>(self, value: u64) -> Result<Tag, E> {
                Ok(i64::try_from(value).map_or(Tag::Double(value as f64), Tag::Int))
            }

            fn visit_f64<E: Error>(self, value: f64) -> Result<Tag, E> {
                Ok(Tag::Double(value))
            }
        }

        de.deserialize_any(Scalar)
    }
}

/// Tags in their order; more than can be kept are read no further than to be counted.
#[derive(Default)]
struct Tags(Vec<(Vec<u8>, Tag)>);

impl<'de> Deserialize<'de> for Tags {
    fn deserialize<D: Deserializer<'de>>(de: D) -> Result<Tags, D::Error> {
        struct Map;

        impl<'de> Visitor<'de> for Map {
            type Value = Tags;

            fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
                f.write_str("tags")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Tags, A::Error> {
                let mut tags = Vec::new();
                while let Some(key) = map.next_key::<Text>()? {
                    match map.next_value::<Option<Tag>>()? {
                        Some(_) if tags.len() > ATTRS_MAX => tags.push((Vec::new(), Tag::Bool(true))),
                        Some(tag) => tags.push((key.0, tag)),
                        None => {}
                    }
                }
                Ok(Tags(tags))
            }
        }

        de.deserialize_map(Map)
    }
}
