//! OTLP and Zipkin: spans, log records, metrics.

use model::event::{Batch, Kind};
use wire::otlp::{DecodeError, Options, Report, encode, logs, metrics, traces};
use wire::proto::Writer;
use wire::zipkin;

const OPTIONS: Options = Options { now_ns: 1_800_000_000_000_000_000 };

type Decode = fn(&[u8], &Options, &mut Batch, &mut Report) -> Result<(), DecodeError>;

/// What is taken refers to nothing outside of its batch, and the report says what it counts.
fn decode(how: Decode, data: &[u8]) -> Option<(Batch, Report)> {
    let (mut batch, mut report) = (Batch::new(Kind::Span), Report::default());
    how(data, &OPTIONS, &mut batch, &mut report).ok()?;
    batch.check().expect("the batch holds together");
    assert_eq!(report.text().is_empty(), report.rejected() == 0 && report.warnings().next().is_none());
    for span in &batch.spans {
        assert!(!span.trace_id.is_none() && !span.span_id.is_none());
        assert!(span.start_ns > 0 && span.duration_ns >= 0);
    }
    assert!(batch.logs.iter().all(|log| log.time_ns != 0 && log.severity <= 24));
    Some((batch, report))
}

/// Spans in protobuf: what is read and written again, in either encoding, reads the same.
pub fn traces(data: &[u8]) {
    let Some((batch, _)) = decode(traces::decode_protobuf, data) else { return };
    let once = encode::spans_protobuf(&batch.span_records());
    let (again, _) = decode(traces::decode_protobuf, &once).expect("what we write we read");
    assert_eq!(again.len(), batch.len());
    let json = encode::spans_json(&batch.span_records());
    let (from_json, _) = decode(traces::decode_json, json.as_bytes()).expect("what we write we read");
    assert_eq!(from_json.len(), batch.len());
}

/// Log records in protobuf, as well.
pub fn logs(data: &[u8]) {
    let Some((batch, _)) = decode(logs::decode_protobuf, data) else { return };
    let once = encode::logs_protobuf(&batch.log_records());
    let (again, _) = decode(logs::decode_protobuf, &once).expect("what we write we read");
    assert_eq!(again.len(), batch.len());
}

/// Both in JSON.
pub fn json(data: &[u8]) {
    let _ = decode(traces::decode_json, data);
    let _ = decode(logs::decode_json, data);
}

/// Metrics, both encodings.
pub fn metrics(data: &[u8]) {
    let _ = metrics::decode_protobuf(data, &mut Report::default());
    let _ = metrics::decode_json(data, &mut Report::default());
}

/// Zipkin's lists, both encodings.
pub fn zipkin(data: &[u8]) {
    let _ = decode(zipkin::decode_json, data);
    let _ = decode(zipkin::decode_protobuf, data);
}

/// A `KeyValue` with a value of one kind.
fn attr(out: &mut Writer, number: u32, key: &str, value: impl FnOnce(&mut Writer)) {
    out.message(number, |out| {
        out.bytes(1, key.as_bytes());
        out.message(2, value);
    });
}

/// One attribute of every kind.
fn attrs(out: &mut Writer, number: u32) {
    attr(out, number, "http.route", |out| out.bytes(1, b"/cart/\xc3\xa9"));
    attr(out, number, "ok", |out| out.uint(2, 1));
    attr(out, number, "code", |out| out.uint(3, -5i64 as u64));
    attr(out, number, "ratio", |out| out.double(4, 0.25));
    attr(out, number, "list", |out| {
        out.message(5, |out| {
            out.message(1, |out| out.bytes(1, b"a\"b"));
            out.message(1, |out| out.message(6, |out| attr(out, 1, "k", |out| out.double(4, f64::NAN))));
        });
    });
    attr(out, number, "raw", |out| out.bytes(7, &[0xfb, 0xff]));
}

/// A request of one resource and one scope with records under the numbers that spans and logs share.
fn request(record: impl Fn(&mut Writer)) -> Vec<u8> {
    let mut out = Writer::new();
    out.message(1, |out| {
        out.message(1, |out| {
            attr(out, 1, "service.name", |out| out.bytes(1, b"cart"));
            out.uint(2, 3);
        });
        out.message(2, |out| {
            out.message(1, |out| {
                out.bytes(1, b"scope");
                attrs(out, 3);
            });
            out.message(2, &record);
            out.message(2, &record);
        });
        out.bytes(3, b"https://schema/1");
    });
    out.out
}

fn span(out: &mut Writer) {
    out.bytes(1, &[1; 16]);
    out.bytes(2, &[2; 8]);
    out.bytes(3, b"a=b");
    out.bytes(4, &[3; 8]);
    out.bytes(5, b"GET /cart");
    out.uint(6, 2);
    out.fixed64(7, 1_700_000_000_000_000_000);
    out.fixed64(8, 1_700_000_000_005_000_000);
    attrs(out, 9);
    out.message(11, |out| {
        out.fixed64(1, 1_700_000_000_001_000_000);
        out.bytes(2, b"exception");
        attrs(out, 3);
    });
    out.message(13, |out| {
        out.bytes(1, &[4; 16]);
        out.bytes(2, &[5; 8]);
        attrs(out, 4);
    });
    out.message(15, |out| {
        out.bytes(2, b"why");
        out.uint(3, 2);
    });
    out.fixed32(16, 0x101);
}

fn log(out: &mut Writer) {
    out.fixed64(1, 1_700_000_000_000_000_000);
    out.uint(2, 17);
    out.bytes(3, b"ERROR");
    out.message(5, |out| out.message(6, |out| attrs(out, 1)));
    attrs(out, 6);
    out.bytes(9, &[1; 16]);
    out.bytes(10, &[2; 8]);
    out.bytes(12, b"checkout.failed");
}

/// A metric with points of two kinds.
fn metric(out: &mut Writer) {
    out.bytes(1, b"requests");
    out.message(7, |out| {
        out.message(1, |out| {
            out.fixed64(3, 1_700_000_000_000_000_000);
            out.fixed64(6, 5);
            attrs(out, 7);
            out.message(5, |out| out.bytes(5, &[1; 16]));
        });
        out.uint(2, 2);
    });
    out.message(10, |out| {
        out.message(1, |out| {
            out.sint_field(6, -3);
            out.message(8, |out| out.packed_uint(2, [1u64, 2].into_iter()));
        });
    });
}

pub fn traces_seeds() -> Vec<Vec<u8>> {
    vec![request(span)]
}

pub fn logs_seeds() -> Vec<Vec<u8>> {
    vec![request(log)]
}

pub fn metrics_seeds() -> Vec<Vec<u8>> {
    let json = br#"{"resourceMetrics":[{"scopeMetrics":[{"metrics":[{"name":"m","unit":"s","histogram":{
        "aggregationTemporality":"AGGREGATION_TEMPORALITY_DELTA","dataPoints":[{"count":"2","sum":0.5,
        "bucketCounts":["1",1],"explicitBounds":[0.1],"timeUnixNano":"5"}]}}]}]}]}"#;
    vec![request(metric), json.to_vec()]
}

pub fn json_seeds() -> Vec<Vec<u8>> {
    let (spans, _) = decode(traces::decode_protobuf, &request(span)).expect("a good request");
    let (records, _) = decode(logs::decode_protobuf, &request(log)).expect("a good request");
    vec![
        encode::spans_json(&spans.span_records()).into_bytes(),
        encode::logs_json(&records.log_records()).into_bytes(),
    ]
}

pub fn zipkin_seeds() -> Vec<Vec<u8>> {
    let json = br#"[{"traceId":"5982fe77008310cc80f1da5e10147517","parentId":"90394f6bcffb5d13",
        "id":"67fae42571535f60","kind":"SERVER","name":"/m","timestamp":1516781775726000,"duration":26000,
        "localEndpoint":{"serviceName":"api","ipv4":"10.0.0.1","port":443},
        "annotations":[{"timestamp":1516781775726001,"value":"wr"}],"tags":{"error":"boom","n":3},"shared":true}]"#;
    let mut out = Writer::new();
    out.message(1, |out| {
        out.bytes(1, &[1; 16]);
        out.bytes(3, &[2; 8]);
        out.uint(4, 1);
        out.fixed64(6, 1_516_781_775_726_000);
        out.message(8, |out| {
            out.bytes(1, b"api");
            out.bytes(2, &[10, 0, 0, 1]);
        });
        out.message(10, |out| out.fixed64(1, 5));
        out.message(11, |out| out.bytes(1, b"error"));
    });
    vec![json.to_vec(), out.out]
}
