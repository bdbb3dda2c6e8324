use super::*;
use crate::proto::Writer;
use model::event::{OwnedValue, SpanRecord, record};

fn decode(json: &str) -> (Vec<SpanRecord>, Report) {
    let (mut batch, mut report) = (Batch::new(Kind::Log), Report::default());
    decode_json(json.as_bytes(), &Options::at(7), &mut batch, &mut report).expect(json);
    batch.check().expect("the batch holds together");
    (batch.span_records(), report)
}

fn refused(json: &str) -> DecodeError {
    let (mut batch, mut report) = (Batch::new(Kind::Log), Report::default());
    decode_json(json.as_bytes(), &Options::at(7), &mut batch, &mut report).expect_err(json)
}

/// A span with more fields than it must have.
fn with(fields: &str) -> String {
    format!(r#"[{{"traceId":"1f","id":"2","timestamp":1000{fields}}}]"#)
}

const FULL: &str = r#"[{
    "traceId": "5982fe77008310cc80f1da5e10147517", "parentId": "90394f6bcffb5d13", "id": "67fae42571535f60",
    "kind": "SERVER", "name": "/m/n/2.6.1", "timestamp": 1516781775726000, "duration": 26000,
    "localEndpoint": {"serviceName": "api", "ipv4": "10.0.0.1", "port": 443},
    "remoteEndpoint": {"serviceName": "apip", "ipv6": "2001:db8::1", "port": 80},
    "annotations": [{"timestamp": 1516781775726001, "value": "wr"}],
    "tags": {"http.path": "/x", "error": "boom", "n": 3}, "debug": false, "shared": true, "unknown": [1]
}]"#;

fn check_full(span: &SpanRecord) {
    assert_eq!(span.trace_id.to_string(), "5982fe77008310cc80f1da5e10147517");
    assert_eq!(span.span_id.to_string(), "67fae42571535f60");
    assert_eq!(span.parent_span_id.to_string(), "90394f6bcffb5d13");
    assert_eq!((span.name.as_str(), span.kind), ("/m/n/2.6.1", SpanKind::Server));
    assert_eq!((span.start_ns, span.duration_ns), (1_516_781_775_726_000_000, 26_000_000));
    assert_eq!((span.status, span.status_message.as_str()), (Status::Error, "boom"));
    assert_eq!(span.resource.service, "api");
    let attr = |key| record::attr(&span.attrs, key).cloned();
    let text = |text: &str| Some(OwnedValue::Str(text.to_owned()));
    assert_eq!(attr("network.local.address"), text("10.0.0.1"));
    assert_eq!(attr("network.local.port"), Some(OwnedValue::Int(443)));
    assert_eq!(attr("peer.service"), text("apip"));
    assert_eq!(attr("network.peer.address"), text("2001:db8::1"));
    assert_eq!(attr("network.peer.port"), Some(OwnedValue::Int(80)));
    assert_eq!(attr("http.path"), text("/x"));
    assert_eq!(attr("zipkin.shared"), Some(OwnedValue::Bool(true)));
    assert_eq!(attr("zipkin.debug"), None);
    assert_eq!((span.events[0].time_ns, span.events[0].name.as_str()), (1_516_781_775_726_001_000, "wr"));
}

#[test]
fn all_of_a_span_in_json() {
    let (spans, report) = decode(FULL);
    assert_eq!(report.text(), "");
    check_full(&spans[0]);
    assert_eq!(record::attr(&spans[0].attrs, "n"), Some(&OwnedValue::Int(3)));
}

#[test]
fn all_of_a_span_in_protobuf() {
    let mut out = Writer::new();
    out.message(1, |out| {
        out.bytes(1, &0x5982_fe77_0083_10cc_80f1_da5e_1014_7517u128.to_be_bytes());
        out.bytes(2, &0x9039_4f6b_cffb_5d13u64.to_be_bytes());
        out.bytes(3, &0x67fa_e425_7153_5f60u64.to_be_bytes());
        out.uint(4, 2);
        out.bytes(5, b"/m/n/2.6.1");
        out.fixed64(6, 1_516_781_775_726_000);
        out.uint(7, 26_000);
        out.message(8, |out| {
            out.bytes(1, b"api");
            out.bytes(2, &[10, 0, 0, 1]);
            out.uint(4, 443);
        });
        out.message(9, |out| {
            out.bytes(1, b"apip");
            out.bytes(3, &0x2001_0db8_0000_0000_0000_0000_0000_0001u128.to_be_bytes());
            out.uint(4, 80);
        });
        out.message(10, |out| {
            out.fixed64(1, 1_516_781_775_726_001);
            out.bytes(2, b"wr");
        });
        for (key, value) in [("http.path", "/x"), ("error", "boom")] {
            out.message(11, |out| {
                out.bytes(1, key.as_bytes());
                out.bytes(2, value.as_bytes());
            });
        }
        out.uint(13, 1);
    });
    let (mut batch, mut report) = (Batch::new(Kind::Log), Report::default());
    decode_protobuf(&out.out, &Options::at(7), &mut batch, &mut report).unwrap();
    batch.check().unwrap();
    check_full(&batch.span_records()[0]);
    let cut = &out.out[..out.out.len() - 1];
    let error = decode_protobuf(cut, &Options::at(7), &mut batch, &mut report).unwrap_err();
    assert!(matches!(error, DecodeError::Protobuf { offset: 0, message: "ListOfSpans", .. }), "{error}");
}

#[test]
fn the_least_of_a_span() {
    let (spans, report) = decode(&with(""));
    assert_eq!(report.text(), "");
    assert_eq!(spans[0].kind, SpanKind::Internal);
    assert_eq!(spans[0].resource.service, "unknown_service");
    assert_eq!(spans[0].trace_id.to_string(), format!("{}1f", "0".repeat(30)));
    assert!(spans[0].parent_span_id.is_none());
    let (spans, _) =
        decode(r#"[{"traceId":"1","id":"2","name":null,"annotations":[{"timestamp":5,"value":"sr"}]}]"#);
    assert_eq!(spans[0].start_ns, 5000);
    assert_eq!(decode("[]").0.len(), 0);
}

#[test]
fn spans_of_a_service_share_its_resource() {
    let span = |service: &str| {
        format!(r#"{{"traceId":"1","id":"2","timestamp":1,"localEndpoint":{{"serviceName":"{service}"}}}}"#)
    };
    let json = format!("[{},{},{}]", span("a"), span("b"), span("a"));
    let (mut batch, mut report) = (Batch::new(Kind::Span), Report::default());
    decode_json(json.as_bytes(), &Options::at(7), &mut batch, &mut report).unwrap();
    assert_eq!(batch.spans.iter().map(|s| s.resource).collect::<Vec<_>>(), [0, 1, 0]);
}

#[test]
fn tags_that_say_the_status() {
    let of = |tags: &str| {
        let (spans, _) = decode(&with(&format!(r#","tags":{{{tags}}}"#)));
        (spans[0].status, spans[0].status_message.clone())
    };
    assert_eq!(of(r#""error":"""#), (Status::Error, String::new()));
    assert_eq!(of(r#""error":"true""#), (Status::Error, String::new()));
    assert_eq!(of(r#""error":true"#), (Status::Error, String::new()));
    assert_eq!(of(r#""error":"false""#), (Status::Unset, String::new()));
    assert_eq!(of(r#""otel.status_code":"OK""#), (Status::Ok, String::new()));
    assert_eq!(of(r#""error":null"#), (Status::Unset, String::new()));
}

#[test]
fn a_bad_span_is_left_out_alone() {
    let bad = [
        (r#"{"traceId":"x","id":"2","timestamp":1}"#, Reason::TraceId),
        (r#"{"id":"2","timestamp":1}"#, Reason::TraceId),
        (r#"{"traceId":"1","id":"00","timestamp":1}"#, Reason::SpanId),
        (r#"{"traceId":"1","id":"2","parentId":"zz","timestamp":1}"#, Reason::ParentSpanId),
        (r#"{"traceId":"1","id":"2"}"#, Reason::NoStart),
        (r#"{"traceId":"1","id":"2","timestamp":9223372036854775807}"#, Reason::TooNew),
    ];
    for (json, reason) in bad {
        let (spans, report) = decode(&format!(r#"[{json},{{"traceId":"1","id":"2","timestamp":1}}]"#));
        assert_eq!(spans.len(), 1, "{json}");
        assert_eq!(report.reasons().collect::<Vec<_>>(), [(reason, 1)], "{json}");
        assert!(report.messages[0].starts_with("span "), "{:?}", report.messages);
    }
}

#[test]
fn what_is_no_list_of_spans_is_refused() {
    for json in ["", "{}", "[", "[1]", "[{]", "[{}] x", r#"[{"id":5}]"#, r#"[{"timestamp":-1}]"#, "[[]]"] {
        assert!(matches!(refused(json), DecodeError::Json(_)), "{json}");
    }
}

#[test]
fn strings_that_are_cut_in_a_character_are_mended() {
    let (spans, report) = decode(&with(r#","name":"a\ud83d""#));
    assert!(spans[0].name.starts_with('a') && spans[0].name.ends_with('\u{fffd}'));
    assert_eq!(report.warnings().collect::<Vec<_>>(), [(Warning::Utf8, 1)]);
}

#[test]
fn too_many_tags_are_cut_and_counted() {
    let tags: Vec<String> = (0..2000).map(|i| format!(r#""k{i}":"v""#)).collect();
    let (spans, report) = decode(&with(&format!(r#","tags":{{{}}}"#, tags.join(","))));
    assert_eq!(spans[0].attrs.len(), ATTRS_MAX);
    assert_eq!(spans[0].dropped_attrs as usize, 2000 - ATTRS_MAX);
    assert_eq!(report.warnings().collect::<Vec<_>>(), [(Warning::AttrsCut, 2000 - ATTRS_MAX as u64)]);
}
