//! Bad input: refused as a whole with its place, taken in part with a count, or mended with a warning.

use super::*;
use crate::proto::{ProtoError, Writer};
use model::event::{OwnedValue, record};
use opentelemetry_proto::tonic::common::v1::InstrumentationScope;

fn only(report: &Report, reason: Reason) {
    assert_eq!(report.reasons().collect::<Vec<_>>(), [(reason, 1)], "{}", report.text());
}

fn warned(report: &Report, warning: Warning, times: u64) {
    assert_eq!(report.rejected(), 0, "{}", report.text());
    assert_eq!(report.warnings().collect::<Vec<_>>(), [(warning, times)]);
}

/// A good span and a bad one: the good one is taken.
fn one_of_two(bad: pt::Span, reason: Reason) -> Report {
    let (taken, report) = spans(&traces_of(vec![bad, span()]));
    assert_eq!(taken.len(), 1);
    assert_eq!(taken[0].name, "work");
    only(&report, reason);
    report
}

fn one_log_of_two(bad: pl::LogRecord, reason: Reason) -> Report {
    let (taken, report) = logs(&logs_of(vec![bad, log()]));
    assert_eq!(taken.len(), 1);
    assert_eq!(taken[0].body, "hello");
    only(&report, reason);
    report
}

fn nested(depth: usize) -> Value {
    (0..depth).fold(Value::IntValue(1), |inner, at| {
        if at % 2 == 0 { array(vec![inner]) } else { map(vec![attr("k", inner)]) }
    })
}

#[test]
fn an_empty_request_is_a_success() {
    assert_eq!(decode(traces::decode_protobuf, b"").unwrap().0.len(), 0);
    assert_eq!(decode(logs::decode_protobuf, b"").unwrap().0.len(), 0);
    assert_eq!(decode(traces::decode_json, b"{}").unwrap().0.len(), 0);
    assert_eq!(decode(logs::decode_json, br#"{"resourceLogs":null}"#).unwrap().0.len(), 0);
}

#[test]
fn cut_protobuf_is_refused_with_its_place() {
    let bytes = traces_of(vec![span()]).encode_to_vec();
    for end in 1..bytes.len() {
        let error = decode(traces::decode_protobuf, &bytes[..end]).expect_err("cut");
        assert!(matches!(error, DecodeError::Protobuf { offset, .. } if offset <= end), "{error}");
    }
    let bytes = logs_of(vec![log()]).encode_to_vec();
    for end in 1..bytes.len() {
        decode(logs::decode_protobuf, &bytes[..end]).expect_err("cut");
    }
}

#[test]
fn a_wrong_wire_type_is_named_with_message_and_offset() {
    let mut out = Writer::new();
    out.message(1, |out| out.message(2, |out| out.message(2, |out| out.uint(9, 7))));
    let error = decode(traces::decode_protobuf, &out.out).unwrap_err();
    let expected = ProtoError::WrongWireType { field: 9, wire_type: 0 };
    assert_eq!(error, DecodeError::Protobuf { offset: 6, message: "Span", error: expected });
    assert_eq!(
        error.to_string(),
        "malformed protobuf at byte 6, in Span: proto: wrong wireType = 0 for field 9"
    );
}

#[test]
fn groups_are_refused() {
    let error = decode(logs::decode_protobuf, &[0x0b, 0x0c]).unwrap_err();
    assert!(matches!(error, DecodeError::Protobuf { offset: 0, error: ProtoError::WireType(3), .. }));
}

#[test]
fn unknown_fields_are_stepped_over() {
    let mut bytes = traces_of(vec![span()]).encode_to_vec();
    let mut unknown = Writer::new();
    unknown.uint(100, 1);
    unknown.bytes(101, b"x");
    unknown.fixed32(102, 7);
    unknown.fixed64(103, 7);
    bytes.extend_from_slice(&unknown.out);
    assert_eq!(decode(traces::decode_protobuf, &bytes).unwrap().0.len(), 1);
    let deep = format!(r#","future":{}1{}"#, "[".repeat(5000), "]".repeat(5000));
    let (taken, report) = spans_json(&span_json(&deep));
    assert_eq!((taken.len(), report.text().as_str()), (1, ""));
}

#[test]
fn malformed_json_is_refused_with_its_place() {
    for json in
        ["", "[]", "null", "{", r#"{"resourceSpans":{}}"#, r#"{"resourceSpans":[1]}"#, "{} x", "\u{feff}{}"]
    {
        let error = decode(traces::decode_json, json.as_bytes()).expect_err(json);
        assert!(error.to_string().contains(" at line 1 column "), "{json}: {error}");
    }
    for fields in [
        r#","name":5"#,
        r#","startTimeUnixNano":"x""#,
        r#","startTimeUnixNano":-1"#,
        r#","startTimeUnixNano":1.5"#,
        r#","endTimeUnixNano":"18446744073709551616""#,
        r#","kind":{}"#,
        r#","kind":"SPAN_KIND_NONE""#,
        r#","attributes":{}"#,
        r#","attributes":[{"key":"a","value":{"bytesValue":"*"}}]"#,
        r#","attributes":[{"key":"a","value":{"intValue":1.5}}]"#,
        r#","attributes":[{"key":"a","value":{"boolValue":"yes"}}]"#,
        r#","attributes":[{"key":"a","value":5}]"#,
        r#","droppedLinksCount":4294967296"#,
    ] {
        decode(traces::decode_json, span_json(fields).as_bytes()).expect_err(fields);
    }
}

#[test]
fn ids_of_a_wrong_length_or_zero_cost_their_span() {
    for bad in [vec![], vec![1; 15], vec![1; 17], vec![0; 16]] {
        one_of_two(pt::Span { trace_id: bad, ..span() }, Reason::TraceId);
    }
    for bad in [vec![], vec![1; 7], vec![1; 16], vec![0; 8]] {
        one_of_two(pt::Span { span_id: bad, ..span() }, Reason::SpanId);
    }
    one_of_two(pt::Span { parent_span_id: vec![1; 7], ..span() }, Reason::ParentSpanId);
    let (taken, _) = spans(&traces_of(vec![pt::Span { parent_span_id: vec![0; 8], ..span() }]));
    assert!(taken[0].parent_span_id.is_none());
}

#[test]
fn ids_in_json_are_hex_of_the_right_length() {
    for id in ["", "zz", "0102", &"z1".repeat(16), &"0".repeat(32), "AQEBAQEBAQEBAQEBAQEBAQ=="] {
        let (taken, report) = spans_json(&span_json(&format!(r#","traceId":"{id}""#)));
        assert_eq!(taken.len(), 0, "{id}");
        only(&report, Reason::TraceId);
    }
    let (taken, _) = spans_json(&span_json(r#","traceId":"5B8EFFF798038103D269B633813FC60C""#));
    assert_eq!(taken[0].trace_id.to_string(), "5b8efff798038103d269b633813fc60c");
}

#[test]
fn ids_of_log_records_may_be_missing_but_not_wrong() {
    let (taken, report) = logs(&logs_of(vec![pl::LogRecord { trace_id: vec![0; 16], ..log() }]));
    assert!(taken[0].trace_id.is_none() && taken[0].span_id.is_none());
    assert_eq!(report.text(), "");
    let told = one_log_of_two(pl::LogRecord { trace_id: vec![1; 8], ..log() }, Reason::TraceId);
    assert!(
        told.messages[0].starts_with(r#"log record of "unknown_service" at 1000 ("hello"): the trace id"#),
        "{:?}",
        told.messages
    );
    one_log_of_two(pl::LogRecord { span_id: vec![1; 3], ..log() }, Reason::SpanId);
    let (taken, report) = logs_json(&log_json(r#""traceId":"zz","body":{"stringValue":"x"}"#));
    assert_eq!(taken.len(), 0);
    only(&report, Reason::TraceId);
}

#[test]
fn a_rejected_span_is_named() {
    let report =
        one_of_two(pt::Span { name: "lost".to_owned(), start_time_unix_nano: 0, ..span() }, Reason::NoStart);
    let named =
        "span 0202020202020202 of trace 01010101010101010101010101010101 (\"lost\"): the start time is 0";
    assert_eq!(report.messages, [named]);
}

#[test]
fn a_rejected_record_leaves_nothing_behind() {
    let full = |start| {
        let events = vec![pt::span::Event { attributes: vec![attr("e", text("v"))], ..Default::default() }];
        pt::Span { start_time_unix_nano: start, attributes: vec![attr("a", text("v"))], events, ..span() }
    };
    let (batch, _) = decode(traces::decode_protobuf, &traces_of(vec![full(0)]).encode_to_vec()).unwrap();
    assert_eq!((batch.attrs.len(), batch.span_events.len(), batch.spans.len()), (0, 0, 0));
    assert_eq!((batch.resources.len(), batch.scopes.len()), (0, 0));
    let (taken, _) = spans(&traces_of(vec![full(0), full(9)]));
    assert_eq!(taken[0].attrs, [("a".to_owned(), OwnedValue::Str("v".to_owned()))]);
    assert_eq!(taken[0].events[0].attrs, [("e".to_owned(), OwnedValue::Str("v".to_owned()))]);
}

#[test]
fn times_that_do_not_fit_are_rejected() {
    one_of_two(pt::Span { start_time_unix_nano: u64::MAX, ..span() }, Reason::TooNew);
    one_log_of_two(pl::LogRecord { time_unix_nano: 1 << 63, ..log() }, Reason::TooNew);
}

#[test]
fn other_times_are_mended() {
    let (taken, report) = spans(&traces_of(vec![pt::Span { end_time_unix_nano: 1, ..span() }]));
    assert_eq!(taken[0].duration_ns, 0);
    warned(&report, Warning::EndBeforeStart, 1);
    let (taken, report) = spans(&traces_of(vec![pt::Span { end_time_unix_nano: u64::MAX, ..span() }]));
    assert_eq!(taken[0].duration_ns, i64::MAX - 1000);
    warned(&report, Warning::TimeClamped, 1);
    let (taken, report) = spans(&traces_of(vec![pt::Span { end_time_unix_nano: 0, ..span() }]));
    assert_eq!((taken[0].duration_ns, report.text().as_str()), (0, ""));
}

#[test]
fn ten_thousand_attributes_are_cut() {
    let many: Vec<KeyValue> = (0..10_000).map(|i| attr(&format!("k{i}"), Value::IntValue(i))).collect();
    let wide = pt::Span { attributes: many.clone(), dropped_attributes_count: 5, ..span() };
    let (taken, report) = spans(&traces_of(vec![wide]));
    assert_eq!(taken[0].attrs.len(), ATTRS_MAX);
    assert_eq!(taken[0].dropped_attrs, 5 + 10_000 - ATTRS_MAX as u32);
    warned(&report, Warning::AttrsCut, 10_000 - ATTRS_MAX as u64);
    let (taken, _) = logs(&logs_of(vec![pl::LogRecord { attributes: many, ..log() }]));
    assert_eq!(taken[0].attrs.len(), ATTRS_MAX);
}

#[test]
fn a_value_of_five_megabytes_is_cut_at_a_character() {
    let long = "é".repeat(5 << 19);
    let odd = format!("x{long}");
    let attributes = vec![
        attr("even", text(&long)),
        attr("odd", text(&odd)),
        attr("bytes", Value::BytesValue(vec![7; 5 << 20])),
        attr("array", array(vec![text(&long)])),
    ];
    let (taken, report) = spans(&traces_of(vec![pt::Span { attributes, ..span() }]));
    warned(&report, Warning::TextCut, 4);
    let at = |key| record::attr(&taken[0].attrs, key).unwrap();
    assert_eq!(at("even").as_str().unwrap(), &long[..TEXT_BYTES_MAX]);
    assert_eq!(at("odd").as_str().unwrap(), &odd[..TEXT_BYTES_MAX - 1]);
    assert!(matches!(at("bytes"), OwnedValue::Bytes(text) if text.len() == TEXT_BYTES_MAX));
    // JSON that is cut is no JSON.
    assert!(
        matches!(at("array"), OwnedValue::Str(text) if text.starts_with("[\"é") && text.len() <= TEXT_BYTES_MAX)
    );

    let (taken, report) = logs(&logs_of(vec![pl::LogRecord { body: Some(holding(text(&long))), ..log() }]));
    warned(&report, Warning::TextCut, 1);
    assert_eq!(taken[0].body.len(), TEXT_BYTES_MAX);
}

#[test]
fn values_nested_too_deep_cost_their_record() {
    let with = |depth| pt::Span { attributes: vec![attr("deep", nested(depth))], ..span() };
    assert_eq!(spans(&traces_of(vec![with(DEPTH_MAX)])).1.text(), "");
    one_of_two(with(DEPTH_MAX + 1), Reason::TooDeep);
    one_of_two(with(90), Reason::TooDeep);
    one_log_of_two(pl::LogRecord { body: Some(holding(nested(DEPTH_MAX + 1))), ..log() }, Reason::TooDeep);
    let event = pt::span::Event { attributes: vec![attr("deep", nested(30))], ..Default::default() };
    one_of_two(pt::Span { events: vec![event], ..span() }, Reason::TooDeep);
}

#[test]
fn a_million_arrays_in_each_other_do_no_harm() {
    // Built from the inside: each shell is a tag and a length before what there is.
    let mut value: Vec<u8> = Vec::new();
    for _ in 0..20_000 {
        let mut shell = Vec::new();
        for field in [1u8, 5] {
            shell = if field == 1 { value.clone() } else { shell };
            let mut out = Writer::new();
            out.bytes(field.into(), &shell);
            shell = out.out;
        }
        value = shell;
        if value.len() > 100_000 {
            break;
        }
    }
    let mut out = Writer::new();
    out.message(1, |out| {
        out.message(2, |out| {
            out.message(2, |out| {
                out.bytes(1, &[1; 16]);
                out.bytes(2, &[1; 8]);
                out.fixed64(7, 5);
                out.message(9, |out| {
                    out.bytes(1, b"k");
                    out.bytes(2, &value);
                });
            });
        });
    });
    let (batch, report) = decode(traces::decode_protobuf, &out.out).unwrap();
    assert_eq!(batch.len(), 0);
    only(&report, Reason::TooDeep);
    let open = r#"{"arrayValue":{"values":["#;
    let json =
        format!(r#","attributes":[{{"key":"k","value":{}{}}}]"#, open.repeat(100_000), "]}}".repeat(100_000));
    let (taken, report) = spans_json(&span_json(&json));
    assert_eq!(taken.len(), 0);
    only(&report, Reason::TooDeep);
}

#[test]
fn json_reaches_the_same_depth_as_protobuf() {
    for (depth, taken) in [(DEPTH_MAX, 1), (DEPTH_MAX + 1, 0), (DEPTH_MAX + 2, 0)] {
        let value = (0..depth).fold(r#"{"intValue":1}"#.to_owned(), |inner, _| {
            format!(r#"{{"kvlistValue":{{"values":[{{"key":"k","value":{inner}}}]}}}}"#)
        });
        let events = format!(r#","events":[{{"attributes":[{{"key":"k","value":{value}}}]}}]"#);
        assert_eq!(spans_json(&span_json(&events)).0.len(), taken, "{depth}");
    }
}

#[test]
fn a_resource_keeps_so_much_text_and_loses_the_rest_alone() {
    let mut request = traces_of(vec![span()]);
    let half = "x".repeat(SOURCE_BYTES_MAX / 2);
    let attributes = vec![
        attr("service.name", text("cart")),
        attr("first", text(&half)),
        attr("too.much", text(&half)),
        attr("last", text("y")),
    ];
    request.resource_spans[0].resource =
        Some(Resource { attributes: attributes.clone(), ..Resource::default() });
    request.resource_spans[0].scope_spans[0].scope =
        Some(InstrumentationScope { attributes, ..InstrumentationScope::default() });
    let (taken, report) = spans(&request);
    assert_eq!(taken.len(), 1);
    for (attrs, dropped) in [
        (&taken[0].resource.attrs, taken[0].resource.dropped_attrs),
        (&taken[0].scope.attrs, taken[0].scope.dropped_attrs),
    ] {
        let keys: Vec<&str> = attrs.iter().map(|(key, _)| key.as_str()).collect();
        assert_eq!((keys.as_slice(), dropped), (&["service.name", "first", "last"][..], 1));
    }
    warned(&report, Warning::ResourceTooLong, 2);
}

#[test]
fn a_resource_nested_too_deep_loses_the_value_alone() {
    let mut request = traces_of(vec![span()]);
    let attributes = vec![attr("deep", nested(30)), attr("service.name", text("cart"))];
    request.resource_spans[0].resource = Some(Resource { attributes, ..Resource::default() });
    let (taken, report) = spans(&request);
    assert_eq!(taken[0].resource.service, "cart");
    assert_eq!((taken[0].resource.attrs.len(), taken[0].resource.dropped_attrs), (1, 1));
    warned(&report, Warning::ResourceTooDeep, 1);
}

#[test]
fn invalid_utf8_is_replaced_and_counted() {
    let mut bytes = traces_of(vec![pt::Span {
        name: "n@me".to_owned(),
        attributes: vec![attr("k@y", text("v@lue")), attr("list", array(vec![text("l@st")]))],
        ..span()
    }])
    .encode_to_vec();
    for byte in &mut bytes {
        if *byte == b'@' {
            *byte = 0xff;
        }
    }
    let (batch, report) = decode(traces::decode_protobuf, &bytes).unwrap();
    let taken = batch.span_records();
    assert_eq!(taken[0].name, "n\u{fffd}me");
    assert_eq!(taken[0].attrs[0], ("k\u{fffd}y".to_owned(), OwnedValue::Str("v\u{fffd}lue".to_owned())));
    assert_eq!(taken[0].attrs[1].1, OwnedValue::Json("[\"l\u{fffd}st\"]".to_owned()));
    warned(&report, Warning::Utf8, 4);
}

#[test]
fn json_that_cuts_a_character_is_mended() {
    let (taken, report) = spans_json(&span_json(r#","name":"a\ud83d","status":{"message":"\ude00b"}"#));
    assert!(taken[0].name.starts_with("a\u{fffd}"));
    assert!(taken[0].status_message.ends_with("\u{fffd}b"));
    warned(&report, Warning::Utf8, 2);
    let mut raw = span_json(r#","name":"@""#).into_bytes();
    for byte in &mut raw {
        *byte = if *byte == b'@' { 0xfe } else { *byte };
    }
    assert_eq!(decode(traces::decode_json, &raw).unwrap().0.span_records()[0].name, "\u{fffd}");
}

#[test]
fn keys_that_cannot_be_are_dropped() {
    let long = "k".repeat(KEY_BYTES_MAX + 1);
    let attributes = vec![
        attr("", text("v")),
        attr(&long, text("v")),
        attr(&long[1..], text("kept")),
        KeyValue { key: "none".to_owned(), ..KeyValue::default() },
    ];
    let (taken, report) = spans(&traces_of(vec![pt::Span { attributes, ..span() }]));
    assert_eq!((taken[0].attrs.len(), taken[0].dropped_attrs), (1, 2));
    warned(&report, Warning::BadKey, 2);
}

#[test]
fn bad_links_are_dropped() {
    let good = pt::span::Link { trace_id: vec![3; 16], span_id: vec![4; 8], ..Default::default() };
    let links = vec![
        pt::span::Link { trace_id: vec![1; 4], attributes: vec![attr("a", text("b"))], ..good.clone() },
        good.clone(),
        pt::span::Link { span_id: vec![0; 8], ..good },
    ];
    let (taken, report) = spans(&traces_of(vec![pt::Span { links, ..span() }]));
    assert_eq!((taken[0].links.len(), taken[0].dropped_links), (1, 2));
    warned(&report, Warning::BadLink, 2);
}

#[test]
fn empty_resources_and_scopes_take_no_memory() {
    let mut out = Writer::new();
    for _ in 0..10_000 {
        out.message(1, |out| out.message(2, |_| {}));
    }
    let (batch, _) = decode(traces::decode_protobuf, &out.out).unwrap();
    assert!(batch.bytes() < 4096, "{}", batch.bytes());
    let (batch, _) = decode(logs::decode_protobuf, &out.out).unwrap();
    assert!(batch.bytes() < 4096, "{}", batch.bytes());
}
