//! Attribute values of OTLP as the text of a label, and as bytes of a key.

use base64::Engine as _;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue};
use std::borrow::Cow;

/// Maps and arrays inside each other: deeper ones are empty. The decoder of protobuf stops at 100.
const DEPTH_MAX: usize = 100;

/// The text of a value: as it is, or as JSON for maps and arrays.
pub(crate) fn text(value: &AnyValue) -> Cow<'_, str> {
    match &value.value {
        None => Cow::Borrowed(""),
        Some(Value::StringValue(text)) => Cow::Borrowed(text),
        Some(Value::BoolValue(b)) => Cow::Borrowed(if *b { "true" } else { "false" }),
        Some(Value::IntValue(i)) => Cow::Owned(i.to_string()),
        Some(Value::DoubleValue(d)) => Cow::Owned(double(*d)),
        Some(Value::BytesValue(bytes)) => Cow::Owned(base64(bytes)),
        Some(Value::ArrayValue(_) | Value::KvlistValue(_)) => Cow::Owned(json(value, 0).to_string()),
        // An index into a table that only profiles have.
        Some(Value::StringValueStrindex(_)) => Cow::Borrowed(""),
    }
}

/// The text of the attribute with this key; `None` when it is not there.
pub(crate) fn find<'a>(attributes: &'a [KeyValue], key: &str) -> Option<Cow<'a, str>> {
    let found = attributes.iter().find(|a| a.key == key)?;
    Some(found.value.as_ref().map_or(Cow::Borrowed(""), text))
}

/// Shortest digits, with an exponent as JavaScript writes it.
fn double(value: f64) -> String {
    if value.is_nan() {
        return "NaN".to_owned();
    }
    if value.is_infinite() {
        return if value > 0.0 { "+Inf" } else { "-Inf" }.to_owned();
    }
    let magnitude = value.abs();
    if magnitude != 0.0 && !(1e-6..1e21).contains(&magnitude) {
        let text = format!("{value:e}");
        return match text.split_once('e') {
            Some((digits, exponent)) if !exponent.starts_with('-') => format!("{digits}e+{exponent}"),
            _ => text,
        };
    }
    format!("{value}")
}

fn base64(bytes: &[u8]) -> String {
    base64::engine::general_purpose::STANDARD.encode(bytes)
}

fn json(value: &AnyValue, depth: usize) -> serde_json::Value {
    use serde_json::Value as Json;
    if depth > DEPTH_MAX {
        return Json::Null;
    }
    match &value.value {
        None | Some(Value::StringValueStrindex(_)) => Json::Null,
        Some(Value::StringValue(text)) => Json::String(text.clone()),
        Some(Value::BoolValue(b)) => Json::Bool(*b),
        Some(Value::IntValue(i)) => Json::from(*i),
        Some(Value::DoubleValue(d)) => serde_json::Number::from_f64(*d).map_or(Json::Null, Json::Number),
        Some(Value::BytesValue(bytes)) => Json::String(base64(bytes)),
        Some(Value::ArrayValue(array)) => array.values.iter().map(|v| json(v, depth + 1)).collect(),
        Some(Value::KvlistValue(list)) => {
            let pairs = list.values.iter().map(|kv| {
                let value = kv.value.as_ref().map_or(Json::Null, |v| json(v, depth + 1));
                (kv.key.clone(), value)
            });
            Json::Object(pairs.collect())
        }
    }
}

/// Appends attributes to the bytes of a key, so that different ones give different bytes.
pub(crate) fn put_key(out: &mut Vec<u8>, attributes: &[KeyValue]) {
    for attribute in attributes {
        put_bytes(out, attribute.key.as_bytes());
        match &attribute.value {
            Some(value) => put_value(out, value, 0),
            None => out.push(0),
        }
    }
    out.push(b'.');
}

pub(crate) fn put_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    out.extend_from_slice(&(bytes.len() as u32).to_le_bytes());
    out.extend_from_slice(bytes);
}

fn put_value(out: &mut Vec<u8>, value: &AnyValue, depth: usize) {
    match &value.value {
        None | Some(Value::StringValueStrindex(_)) => out.push(0),
        Some(Value::StringValue(text)) => {
            out.push(b's');
            put_bytes(out, text.as_bytes());
        }
        Some(Value::BoolValue(b)) => out.extend_from_slice(&[b'b', u8::from(*b)]),
        Some(Value::IntValue(i)) => {
            out.push(b'i');
            out.extend_from_slice(&i.to_le_bytes());
        }
        Some(Value::DoubleValue(d)) => {
            out.push(b'd');
            out.extend_from_slice(&d.to_bits().to_le_bytes());
        }
        Some(Value::BytesValue(bytes)) => {
            out.push(b'y');
            put_bytes(out, bytes);
        }
        Some(Value::ArrayValue(_) | Value::KvlistValue(_)) => {
            out.push(b'j');
            put_bytes(out, json(value, depth).to_string().as_bytes());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use opentelemetry_proto::tonic::common::v1::{ArrayValue, KeyValueList};

    fn any(value: Value) -> AnyValue {
        AnyValue { value: Some(value) }
    }

    #[test]
    fn values_as_text() {
        let cases = [
            (Value::StringValue("a b".to_owned()), "a b"),
            (Value::BoolValue(true), "true"),
            (Value::IntValue(-7), "-7"),
            (Value::DoubleValue(1.5), "1.5"),
            (Value::DoubleValue(3.0), "3"),
            (Value::DoubleValue(1e21), "1e+21"),
            (Value::DoubleValue(1e-7), "1e-7"),
            (Value::DoubleValue(f64::NAN), "NaN"),
            (Value::DoubleValue(f64::NEG_INFINITY), "-Inf"),
            (Value::BytesValue(vec![1, 2]), "AQI="),
        ];
        for (value, want) in cases {
            assert_eq!(text(&any(value)), want);
        }
        let array = ArrayValue { values: vec![any(Value::IntValue(1)), AnyValue { value: None }] };
        let list = KeyValueList {
            values: vec![KeyValue {
                key: "k".to_owned(),
                value: Some(any(Value::ArrayValue(array))),
                ..KeyValue::default()
            }],
        };
        assert_eq!(text(&any(Value::KvlistValue(list))), r#"{"k":[1,null]}"#);
    }

    #[test]
    fn keys_tell_types_and_borders_apart() {
        let pair = |key: &str, value: Value| KeyValue {
            key: key.to_owned(),
            value: Some(any(value)),
            ..KeyValue::default()
        };
        let key = |attributes: &[KeyValue]| {
            let mut out = Vec::new();
            put_key(&mut out, attributes);
            out
        };
        let text = |t: &str| Value::StringValue(t.to_owned());
        assert_ne!(key(&[pair("ab", text("c"))]), key(&[pair("a", text("bc"))]));
        assert_ne!(key(&[pair("a", text("1"))]), key(&[pair("a", Value::IntValue(1))]));
        assert_eq!(key(&[pair("a", text("1"))]), key(&[pair("a", text("1"))]));
    }
}
