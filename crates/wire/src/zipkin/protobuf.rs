//! The protobuf of Zipkin v2: `ListOfSpans`, a span at a time.

use super::{Endpoint, Tag, ZipkinSpan};
use crate::otlp::DecodeError;
use crate::otlp::decode::{Fault, fields};
use crate::otlp::text::push_hex;
use model::event::SpanKind;
use std::net::{Ipv4Addr, Ipv6Addr};

const REQUEST: &str = "ListOfSpans";

/// Gives every span of a list to `each`.
pub(super) fn read(bytes: &[u8], each: &mut dyn FnMut(ZipkinSpan)) -> Result<(), DecodeError> {
    fields(REQUEST, bytes, |number, value| {
        if number == 1 {
            each(span(value.bytes(1)?)?);
        }
        Ok(())
    })
    .map_err(|fault| fault.of(bytes, REQUEST))
}

fn span(bytes: &[u8]) -> Result<ZipkinSpan, Fault> {
    let mut span = ZipkinSpan::default();
    fields("Span", bytes, |number, value| {
        match number {
            1 => span.trace_id = hex(value.bytes(1)?),
            2 => span.parent_id = hex(value.bytes(2)?),
            3 => span.id = hex(value.bytes(3)?),
            4 => span.kind = kind(value.uint(4)?),
            5 => span.name = value.bytes(5)?.to_vec(),
            6 => span.timestamp_us = value.fixed64(6)?,
            7 => span.duration_us = value.uint(7)?,
            8 => span.local = endpoint(value.bytes(8)?)?,
            9 => span.remote = endpoint(value.bytes(9)?)?,
            10 => span.annotations.push(annotation(value.bytes(10)?)?),
            11 => span.tags.push(tag(value.bytes(11)?)?),
            12 => span.debug = value.uint(12)? != 0,
            13 => span.shared = value.uint(13)? != 0,
            _ => {}
        }
        Ok(())
    })?;
    Ok(span)
}

fn hex(bytes: &[u8]) -> Vec<u8> {
    let mut text = String::new();
    // One byte more than an id has is enough to be refused.
    push_hex(&mut text, &bytes[..bytes.len().min(17)]);
    text.into_bytes()
}

fn kind(number: u64) -> SpanKind {
    match number {
        1 => SpanKind::Client,
        2 => SpanKind::Server,
        3 => SpanKind::Producer,
        4 => SpanKind::Consumer,
        _ => SpanKind::Unspecified,
    }
}

fn endpoint(bytes: &[u8]) -> Result<Endpoint, Fault> {
    let mut endpoint = Endpoint::default();
    fields("Endpoint", bytes, |number, value| {
        match number {
            1 => endpoint.service = value.bytes(1)?.to_vec(),
            2 => {
                if let Ok(address) = <[u8; 4]>::try_from(value.bytes(2)?) {
                    endpoint.address = Ipv4Addr::from(address).to_string();
                }
            }
            3 => {
                if let (Ok(address), true) =
                    (<[u8; 16]>::try_from(value.bytes(3)?), endpoint.address.is_empty())
                {
                    endpoint.address = Ipv6Addr::from(address).to_string();
                }
            }
            4 => endpoint.port = u16::try_from(value.uint(4)?).unwrap_or(0),
            _ => {}
        }
        Ok(())
    })?;
    Ok(endpoint)
}

fn annotation(bytes: &[u8]) -> Result<(u64, Vec<u8>), Fault> {
    let mut annotation = (0, Vec::new());
    fields("Annotation", bytes, |number, value| {
        match number {
            1 => annotation.0 = value.fixed64(1)?,
            2 => annotation.1 = value.bytes(2)?.to_vec(),
            _ => {}
        }
        Ok(())
    })?;
    Ok(annotation)
}

fn tag(bytes: &[u8]) -> Result<(Vec<u8>, Tag), Fault> {
    let (mut key, mut text) = (Vec::new(), Vec::new());
    fields("TagsEntry", bytes, |number, value| {
        match number {
            1 => key = value.bytes(1)?.to_vec(),
            2 => text = value.bytes(2)?.to_vec(),
            _ => {}
        }
        Ok(())
    })?;
    Ok((key, Tag::Text(text)))
}
