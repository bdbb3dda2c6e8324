//! What is decided where OTLP leaves a choice.

use super::*;
use model::event::{OwnedValue, SpanKind, Status};

#[test]
fn values_of_every_kind() {
    let kinds = array(vec![
        text("a\"b"),
        Value::BoolValue(false),
        Value::IntValue(-5),
        Value::DoubleValue(2.0),
        Value::DoubleValue(f64::NEG_INFINITY),
        Value::BytesValue(vec![1, 2, 3]),
        map(vec![attr("k", array(vec![])), KeyValue { key: "none".to_owned(), ..KeyValue::default() }]),
    ]);
    let attributes = vec![
        attr("str", text("")),
        attr("bool", Value::BoolValue(false)),
        attr("int", Value::IntValue(0)),
        attr("double", Value::DoubleValue(0.5)),
        attr("bytes", Value::BytesValue(vec![0xfb, 0xff])),
        attr("array", kinds),
        attr("map", map(vec![])),
    ];
    let (taken, report) = spans(&traces_of(vec![pt::Span { attributes, ..span() }]));
    assert_eq!(report.text(), "");
    let json = r#"["a\"b",false,-5,2.0,"-Infinity","AQID",{"k":[],"none":null}]"#;
    let expected = [
        ("str", OwnedValue::Str(String::new())),
        ("bool", OwnedValue::Bool(false)),
        ("int", OwnedValue::Int(0)),
        ("double", OwnedValue::Double(0.5)),
        ("bytes", OwnedValue::Bytes("+/8=".to_owned())),
        ("array", OwnedValue::Json(json.to_owned())),
        ("map", OwnedValue::Json("{}".to_owned())),
    ];
    assert_eq!(taken[0].attrs, expected.map(|(k, v)| (k.to_owned(), v)));
}

#[test]
fn bodies_of_every_kind() {
    let bodies = [
        (text("plain"), "plain", false),
        (text(""), "", false),
        (Value::BoolValue(true), "true", false),
        (Value::IntValue(-7), "-7", false),
        (Value::DoubleValue(1.5), "1.5", false),
        (Value::BytesValue(vec![1, 2, 3]), "AQID", false),
        (array(vec![Value::IntValue(1)]), "[1]", true),
        (map(vec![attr("k", text("v"))]), r#"{"k":"v"}"#, true),
    ];
    for (body, expected, is_json) in bodies {
        let (taken, _) = logs(&logs_of(vec![pl::LogRecord { body: Some(holding(body)), ..log() }]));
        assert_eq!((taken[0].body.as_str(), taken[0].body_is_json), (expected, is_json));
    }
    let (taken, _) = logs(&logs_of(vec![pl::LogRecord { body: None, ..log() }]));
    assert_eq!(taken[0].body, "");
}

#[test]
fn the_time_of_a_log_record() {
    let times = |time_unix_nano, observed_time_unix_nano| {
        let (taken, _) =
            logs(&logs_of(vec![pl::LogRecord { time_unix_nano, observed_time_unix_nano, ..log() }]));
        (taken[0].time_ns, taken[0].observed_ns)
    };
    assert_eq!(times(5, 7), (5, 7));
    assert_eq!(times(0, 7), (7, 7));
    assert_eq!(times(0, 0), (NOW_NS, NOW_NS));
    assert_eq!(times(5, 0), (5, NOW_NS));
}

#[test]
fn the_severity_of_a_log_record() {
    let severity = |number, word: &str| {
        let record = pl::LogRecord { severity_number: number, severity_text: word.to_owned(), ..log() };
        logs(&logs_of(vec![record])).0[0].severity
    };
    assert_eq!(severity(17, "whatever"), 17);
    assert_eq!(severity(0, "Warning"), 13);
    assert_eq!(severity(0, "strange"), 0);
    assert_eq!(severity(25, ""), 0);
    assert_eq!(severity(-1, ""), 0);
}

#[test]
fn resources_tie_and_default() {
    let mut request = traces_of(vec![span()]);
    assert_eq!(spans(&request).0[0].resource.service, "unknown_service");
    let attributes = vec![
        attr("service.version", text("1.2")),
        attr("host.name", text("h")),
        attr("deployment.environment", text("old")),
        attr("deployment.environment.name", text("new")),
        attr("service.name", text("cart")),
    ];
    let resource = Resource { attributes, dropped_attributes_count: 3, ..Resource::default() };
    request.resource_spans[0].resource = Some(resource);
    request.resource_spans[0].schema_url = "https://x/1".to_owned();
    let resource = spans(&request).0[0].resource.clone();
    assert_eq!((resource.service.as_str(), resource.release.as_str()), ("cart", "1.2"));
    assert_eq!((resource.environment.as_str(), resource.host.as_str()), ("new", "h"));
    assert_eq!(
        (resource.schema_url.as_str(), resource.dropped_attrs, resource.attrs.len()),
        ("https://x/1", 3, 5)
    );
}

#[test]
fn fields_may_come_in_any_order() {
    use crate::proto::Writer;
    let attr = |out: &mut Writer, field, key: &[u8]| {
        out.message(field, |out| {
            out.message(2, |out| out.uint(3, 1));
            out.bytes(1, key);
        });
    };
    let mut out = Writer::new();
    out.message(1, |out| {
        out.message(2, |out| {
            out.message(2, |out| {
                out.message(11, |out| attr(out, 3, b"event"));
                attr(out, 9, b"a");
                out.message(13, |out| {
                    attr(out, 4, b"link");
                    out.bytes(2, &[5; 8]);
                    out.bytes(1, &[5; 16]);
                });
                attr(out, 9, b"b");
                out.fixed64(7, 9);
                out.bytes(2, &[2; 8]);
                out.bytes(1, &[1; 16]);
            });
            out.message(1, |out| out.bytes(1, b"scope"));
        });
        out.message(1, |out| {
            out.message(1, |out| {
                out.message(2, |out| out.bytes(1, b"cart"));
                out.bytes(1, b"service.name");
            })
        });
    });
    let (batch, report) = decode(traces::decode_protobuf, &out.out).unwrap();
    assert_eq!(report.text(), "");
    let span = &batch.span_records()[0];
    let keys = |attrs: &[(String, OwnedValue)]| attrs.iter().map(|(k, _)| k.clone()).collect::<Vec<_>>();
    assert_eq!(keys(&span.attrs), ["a", "b"]);
    assert_eq!(keys(&span.events[0].attrs), ["event"]);
    assert_eq!(keys(&span.links[0].attrs), ["link"]);
    assert_eq!((span.resource.service.as_str(), span.scope.name.as_str()), ("cart", "scope"));
}

#[test]
fn json_takes_what_senders_write() {
    let fields = concat!(
        r#","parent_span_id":"0303030303030303","name":"n","kind":"SPAN_KIND_CLIENT","end_time_unix_nano":7,"#,
        r#""attributes":[{"key":"i","value":{"intValue":5}},{"key":"s","value":{"int_value":"6"}},"#,
        r#"{"key":"d","value":{"doubleValue":"NaN"}},{"key":"e","value":{"doubleValue":2}},"#,
        r#"{"key":"b","value":{"bytesValue":"-_8"}},{"key":"n","value":{"stringValue":null}},"#,
        r#"{"key":"x","value":{}},{"key":"y"},{"key":"l","value":{"arrayValue":{}}},null],"#,
        r#""events":null,"links":[{"traceId":"0101010101010101010101010101010A","spanId":"0202020202020202","flags":1}],"#,
        r#""status":{"code":"STATUS_CODE_ERROR","message":null},"flags":257,"droppedEventsCount":"3""#,
    );
    // `null` in a list of messages is no message.
    decode(traces::decode_json, span_json(fields).as_bytes()).expect_err("null in a list");
    let (taken, report) = spans_json(&span_json(&fields.replace(",null]", "]")));
    assert_eq!(report.text(), "");
    let span = &taken[0];
    assert_eq!(span.parent_span_id.to_string(), "0303030303030303");
    assert_eq!((span.kind, span.status, span.duration_ns), (SpanKind::Client, Status::Error, 2));
    assert_eq!((span.flags, span.dropped_events, span.links[0].flags), (257, 3, 1));
    assert_eq!(span.attrs.len(), 6);
    assert_eq!(span.attrs[1].1, OwnedValue::Int(6));
    assert!(matches!(span.attrs[2].1, OwnedValue::Double(v) if v.is_nan()));
    assert_eq!(span.attrs[3].1, OwnedValue::Double(2.0));
    assert_eq!(span.attrs[4].1, OwnedValue::Bytes("+/8=".to_owned()));
    assert_eq!(span.attrs[5].1, OwnedValue::Json("[]".to_owned()));
}

#[test]
fn unknown_numbers_of_enumerations_are_unspecified() {
    let status = Some(pt::Status { code: 99, message: "m".to_owned() });
    let (taken, _) = spans(&traces_of(vec![pt::Span { kind: -3, status, ..span() }]));
    assert_eq!((taken[0].kind, taken[0].status), (SpanKind::Unspecified, Status::Unset));
    assert_eq!(taken[0].status_message, "m");
}

#[test]
fn events_of_logs_in_json() {
    let (taken, report) = logs_json(&log_json(concat!(
        r#""eventName":"browser.page_view","severityNumber":"SEVERITY_NUMBER_INFO","observedTimeUnixNano":"9","#,
        r#""body":{"kvlistValue":{"values":[{"key":"type","value":{"intValue":"0"}}]}}"#
    )));
    assert_eq!(report.text(), "");
    assert_eq!(
        (taken[0].event_name.as_str(), taken[0].severity, taken[0].time_ns),
        ("browser.page_view", 9, 9)
    );
    assert_eq!((taken[0].body.as_str(), taken[0].body_is_json), (r#"{"type":0}"#, true));
}
