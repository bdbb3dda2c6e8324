//! The hot paths allocate nothing for a sample: the number of allocations does not grow with the body.

use allocation_counter::measure;
use model::Labels;
use wire::exposition::{Entry, Options, Parser, Protocol};
use wire::remote::{Item, Message, Request, Sample, Scratch, TimeSeries, encode_v1, encode_v2};

fn body(samples: usize) -> String {
    let mut body = String::from("# HELP http_requests_total Requests.\n# TYPE http_requests_total counter\n");
    for i in 0..samples {
        body.push_str(&format!("http_requests_total{{code=\"200\",path=\"/p/{i}\",m=\"a b\"}} {i}.5\n"));
        body.push_str(&format!("plain_{i} -1.7560473e+07 1395066363000\n"));
    }
    body.push_str("# EOF\n");
    body
}

fn samples_of(body: &str, protocol: Protocol) -> usize {
    let mut parser = Parser::new(body.as_bytes(), protocol, Options::default());
    let mut samples = 0;
    while let Some(entry) = parser.next().unwrap() {
        samples += usize::from(matches!(entry, Entry::Series(_)));
    }
    samples
}

#[test]
fn reading_texts_allocates_nothing() {
    let body = body(500);
    for protocol in [Protocol::PrometheusText0_0_4, Protocol::OpenMetricsText1_0_0] {
        let info = measure(|| assert_eq!(samples_of(&body, protocol), 1000));
        assert_eq!(info.count_total, 0, "{protocol:?}");
    }
}

#[test]
fn reading_write_requests_allocates_nothing_once_warm() {
    let series: Vec<TimeSeries> = (0..500)
        .map(|i| TimeSeries {
            labels: Labels::from_pairs([
                ("__name__", "up"),
                ("job", "api"),
                ("instance", &format!("10.0.0.{i}")),
            ]),
            samples: vec![Sample { timestamp: 1_700_000_000_000, value: i as f64, start_timestamp: 0 }],
            histograms: vec![],
            exemplars: vec![],
            metadata: None,
        })
        .collect();
    for (message, bytes) in [(Message::V1, encode_v1(&series, &[])), (Message::V2, encode_v2(&series))] {
        let mut scratch = Scratch::default();
        let mut read = || {
            let mut request = Request::new(message, &bytes, &mut scratch).unwrap();
            let mut samples = 0;
            while let Some(Item::Series(series)) = request.next().unwrap() {
                samples += series.samples.len();
            }
            assert_eq!(samples, 500);
        };
        read();
        assert_eq!(measure(read).count_total, 0, "{message:?}");
    }
}
