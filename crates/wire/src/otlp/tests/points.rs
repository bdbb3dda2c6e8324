//! Metrics: what is read is what the generated types say, and hostile trees are refused before they are built.

use super::*;
use crate::proto::Writer;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::metrics::v1 as pm;
use pm::exponential_histogram_data_point::Buckets;

fn point(value: pm::number_data_point::Value) -> pm::NumberDataPoint {
    let exemplar = pm::Exemplar {
        time_unix_nano: 6,
        span_id: vec![2; 8],
        trace_id: vec![1; 16],
        value: Some(pm::exemplar::Value::AsInt(-3)),
        filtered_attributes: vec![attr("f", Value::BoolValue(true))],
    };
    pm::NumberDataPoint {
        attributes: vec![attr("code", Value::IntValue(200))],
        start_time_unix_nano: 1,
        time_unix_nano: u64::MAX,
        exemplars: vec![exemplar],
        flags: 1,
        value: Some(value),
    }
}

fn all_kinds() -> Vec<pm::metric::Data> {
    use pm::metric::Data;
    use pm::number_data_point::Value::{AsDouble, AsInt};
    let histogram = pm::HistogramDataPoint {
        count: 6,
        sum: Some(-1.5),
        bucket_counts: vec![1, 2, 3],
        explicit_bounds: vec![0.5, 1e300],
        min: Some(0.0),
        max: None,
        time_unix_nano: 9,
        ..Default::default()
    };
    let exponential = pm::ExponentialHistogramDataPoint {
        scale: -3,
        zero_count: 7,
        positive: Some(Buckets { offset: -2, bucket_counts: vec![1, 1 << 40] }),
        negative: Some(Buckets { offset: 4, bucket_counts: vec![] }),
        zero_threshold: 0.25,
        ..Default::default()
    };
    let quantile_values = vec![pm::summary_data_point::ValueAtQuantile { quantile: 0.99, value: 3.5 }];
    let summary = pm::SummaryDataPoint { count: 2, sum: 3.0, quantile_values, ..Default::default() };
    vec![
        Data::Gauge(pm::Gauge { data_points: vec![point(AsDouble(0.5)), point(AsInt(0))] }),
        Data::Sum(pm::Sum {
            data_points: vec![point(AsInt(i64::MIN))],
            aggregation_temporality: 1,
            is_monotonic: true,
        }),
        Data::Histogram(pm::Histogram { data_points: vec![histogram], aggregation_temporality: 2 }),
        Data::ExponentialHistogram(pm::ExponentialHistogram {
            data_points: vec![exponential],
            aggregation_temporality: 2,
        }),
        Data::Summary(pm::Summary { data_points: vec![summary] }),
    ]
}

fn request() -> ExportMetricsServiceRequest {
    let metric = |data| pm::Metric {
        name: "m".to_owned(),
        description: "d".to_owned(),
        unit: "s".to_owned(),
        metadata: vec![attr("k", text("v"))],
        data: Some(data),
    };
    let metrics = all_kinds().into_iter().map(metric).collect();
    let scope_metrics = vec![pm::ScopeMetrics { metrics, ..Default::default() }];
    let resource =
        Some(Resource { attributes: vec![attr("service.name", text("cart"))], ..Default::default() });
    ExportMetricsServiceRequest {
        resource_metrics: vec![pm::ResourceMetrics { resource, scope_metrics, schema_url: "u".to_owned() }],
    }
}

fn read(bytes: &[u8]) -> Result<(ExportMetricsServiceRequest, Report), DecodeError> {
    let mut report = Report::default();
    metrics::decode_protobuf(bytes, &mut report).map(|request| (request, report))
}

#[test]
fn protobuf_and_json_are_read_alike() {
    let request = request();
    let (tree, report) = read(&request.encode_to_vec()).unwrap();
    assert_eq!((tree, report.text().as_str()), (request.clone(), ""));
    let json = serde_json::to_string(&request).unwrap();
    assert_eq!(metrics::decode_json(json.as_bytes(), &mut Report::default()).unwrap(), request);
}

#[test]
fn what_we_write_as_json_the_generated_types_read() {
    let request = request();
    let json = answer::json(&schema::METRICS_REQUEST, &request.encode_to_vec());
    assert_eq!(serde_json::from_str::<ExportMetricsServiceRequest>(&json).unwrap(), request);
}

#[test]
fn json_by_the_rules_of_proto3() {
    let json = r#"{"resource_metrics":[{"scopeMetrics":[{"metrics":[{"name":"m","gauge":null,"sum":{
        "aggregationTemporality":"AGGREGATION_TEMPORALITY_CUMULATIVE",
        "dataPoints":[{"asInt":7,"timeUnixNano":"5"},{"asDouble":"Infinity","time_unix_nano":6}]}},
        {"exponentialHistogram":{"dataPoints":[{"scale":"-2","positive":{"bucketCounts":["1",2]}}]}}]}]}]}"#;
    let tree = metrics::decode_json(json.as_bytes(), &mut Report::default()).unwrap();
    let metrics = &tree.resource_metrics[0].scope_metrics[0].metrics;
    let Some(pm::metric::Data::Sum(sum)) = &metrics[0].data else { panic!("a sum") };
    assert_eq!(sum.aggregation_temporality, 2);
    assert_eq!(sum.data_points[0].value, Some(pm::number_data_point::Value::AsInt(7)));
    assert_eq!(sum.data_points[1].value, Some(pm::number_data_point::Value::AsDouble(f64::INFINITY)));
    assert_eq!(sum.data_points[1].time_unix_nano, 6);
    let Some(pm::metric::Data::ExponentialHistogram(histogram)) = &metrics[1].data else {
        panic!("a histogram")
    };
    assert_eq!(histogram.data_points[0].scale, -2);
    assert_eq!(histogram.data_points[0].positive.as_ref().unwrap().bucket_counts, [1, 2]);
}

#[test]
fn malformed_metrics_are_refused_with_their_place() {
    let bytes = request().encode_to_vec();
    for end in 1..bytes.len() {
        assert!(read(&bytes[..end]).is_err(), "cut at {end}");
    }
    assert!(matches!(read(&[0x0a, 5]), Err(DecodeError::Protobuf { offset: 0, .. })));
    metrics::decode_json(br#"{"resourceMetrics":[{"scopeMetrics":1}]}"#, &mut Report::default()).unwrap_err();
}

#[test]
fn a_tree_of_empty_messages_is_refused() {
    let mut out = Writer::new();
    out.message(1, |out| {
        out.message(2, |out| {
            out.message(2, |out| {
                out.message(5, |out| (0..100_000).for_each(|_| out.bytes(1, b"")));
            });
        });
    });
    assert!(matches!(read(&out.out), Err(DecodeError::TooMany(100_004, _))));
}

#[test]
fn a_tree_nested_without_end_is_refused() {
    let mut value = Vec::new();
    for _ in 0..200 {
        for field in [1, 5] {
            let mut out = Writer::new();
            out.bytes(field, &value);
            value = out.out;
        }
    }
    let mut out = Writer::new();
    out.message(1, |out| {
        out.message(1, |out| {
            out.message(1, |out| {
                out.bytes(1, b"k");
                out.bytes(2, &value);
            });
        });
    });
    assert!(read(&out.out).is_err());
}

#[test]
fn invalid_utf8_is_replaced_and_counted() {
    let mut bytes = request().encode_to_vec();
    let at = bytes.windows(4).position(|w| w == b"cart").unwrap();
    bytes[at] = 0xff;
    let (tree, report) = read(&bytes).unwrap();
    let resource = tree.resource_metrics[0].resource.as_ref().unwrap();
    assert_eq!(resource.attributes[0], attr("service.name", text("\u{fffd}art")));
    assert_eq!(report.warnings().collect::<Vec<_>>(), [(Warning::Utf8, 1)]);
    assert_eq!(tree.resource_metrics[0].scope_metrics, request().resource_metrics[0].scope_metrics);
}
