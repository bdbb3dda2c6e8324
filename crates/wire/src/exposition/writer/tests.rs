use super::*;
use crate::exposition::{Entry, Options, Parser, Protocol};
use model::Labels;
use proptest::prelude::*;

fn sample_body(format: Format) -> String {
    let mut writer = Writer::new(format, EscapingScheme::AllowUtf8);
    let family = |name, metric_type, help, unit| Family { name, metric_type, help, unit };
    writer.family(family("http_seconds_total", MetricType::Counter, "Time \"in\"\nHTTP.", "seconds"));
    let exemplar = Exemplar { labels: Labels::from_pairs([("id", "x")]), value: 0.5, timestamp: Some(-1500) };
    writer.sample(
        "http_seconds_total",
        [("__name__", "skipped"), ("code", "2\"0")],
        3.0,
        None,
        Some(&exemplar),
    );
    writer.family(family("my.gauge", MetricType::Unknown, "", "parsecs"));
    writer.sample("my.gauge", [("a b", "c")], f64::INFINITY, Some(1500), None);
    writer.sample("plain", [], 1e21, Some(2000), None);
    writer.finish()
}

#[test]
fn writes_text() {
    assert_eq!(
        sample_body(Format::Text),
        "# HELP http_seconds_total Time \"in\"\\nHTTP.\n\
         # TYPE http_seconds_total counter\n\
         http_seconds_total{code=\"2\\\"0\"} 3\n\
         # TYPE \"my.gauge\" untyped\n\
         {\"my.gauge\",\"a b\"=\"c\"} +Inf 1500\n\
         plain 1e+21 2000\n"
    );
}

#[test]
fn writes_openmetrics() {
    assert_eq!(
        sample_body(Format::OpenMetrics),
        "# HELP http_seconds Time \\\"in\\\"\\nHTTP.\n\
         # TYPE http_seconds counter\n\
         # UNIT http_seconds seconds\n\
         http_seconds_total{code=\"2\\\"0\"} 3 # {id=\"x\"} 0.5 -1.500\n\
         # TYPE \"my.gauge\" unknown\n\
         {\"my.gauge\",\"a b\"=\"c\"} +Inf 1.500\n\
         plain 1e+21 2\n\
         # EOF\n"
    );
}

#[test]
fn escapes_for_readers_that_ask() {
    let mut writer = Writer::new(Format::Text, EscapingScheme::Underscores);
    writer.sample("my.gauge", [("a b", "c d")], 1.0, None, None);
    assert_eq!(writer.finish(), "my_gauge{a_b=\"c d\"} 1\n");
}

#[test]
fn accept_chooses() {
    let check = |accept: &str, want: (Format, EscapingScheme)| {
        assert_eq!(Format::from_accept(accept), want, "{accept}")
    };
    check("", (Format::Text, EscapingScheme::Underscores));
    check("text/html,*/*;q=0.8", (Format::Text, EscapingScheme::Underscores));
    let header = crate::exposition::accept_header(&Protocol::DEFAULT, EscapingScheme::AllowUtf8);
    check(&header, (Format::OpenMetrics, EscapingScheme::AllowUtf8));
    check(
        "application/openmetrics-text;version=1.0.0;q=0.1,text/plain;q=0.5",
        (Format::Text, EscapingScheme::Underscores),
    );
}

proptest! {
    #[test]
    fn what_is_written_reads_back(
        name in "[a-z_.é\"\\\\\n ]{1,12}",
        pairs in proptest::collection::btree_map("[a-z\"\\\\\n.é]{1,8}", "[a-z{}\"\\\\\n,=# é]{1,12}", 0..5),
        bits: u64,
        timestamp in proptest::option::of(0i64..1 << 40),
        open: bool,
    ) {
        let format = if open { Format::OpenMetrics } else { Format::Text };
        let mut writer = Writer::new(format, EscapingScheme::AllowUtf8);
        let value = crate::number::normal_nan(f64::from_bits(bits));
        writer.sample(&name, pairs.iter().map(|(n, v)| (n.as_str(), v.as_str())), value, timestamp, None);
        let body = writer.finish();
        let protocol = if open { Protocol::OpenMetricsText1_0_0 } else { Protocol::PrometheusText1_0_0 };
        let mut parser = Parser::new(body.as_bytes(), protocol, Options::default());
        let Some(Entry::Series(series)) = parser.next().unwrap() else { panic!("no series in {body:?}") };
        let mut want = Labels::from_pairs(&pairs).to_builder();
        want.set("__name__", &name);
        prop_assert_eq!(series.labels().unwrap(), want.build());
        prop_assert_eq!(series.value.to_bits(), value.to_bits());
        // Seconds are a double: milliseconds may be one off.
        prop_assert!(series.timestamp.unwrap_or(-1).abs_diff(timestamp.unwrap_or(-1)) <= u64::from(open));
        prop_assert!(parser.next().unwrap().is_none());
    }
}
