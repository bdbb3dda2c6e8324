//! How fast the hot decoders are: `cargo run --release -p wire --example decode_bench`.
//!
//! Prints nanoseconds a series: unpacking, reading, both, for write requests of each version; and a sample for text
//! expositions. Run it under `perf record` to see where the time goes.

use base::clock::Clock;
use model::Labels;
use std::hint::black_box;
use wire::exposition::{Entry, Options, Parser, Protocol};
use wire::remote::{Item, Message, Request, Sample, Scratch, TimeSeries, encode_v1, encode_v2};
use wire::snappy;

const SERIES: usize = 10_000;
const ROUNDS: u32 = 200;
const LIMIT_BYTES: usize = 64 << 20;

fn main() {
    let series = series();
    for (message, bytes) in [(Message::V1, encode_v1(&series, &[])), (Message::V2, encode_v2(&series))] {
        let block = snappy::compress(&bytes);
        let name = message.as_str();
        println!("{name}: {} bytes, packed {}", bytes.len(), block.len());
        let mut buffer = Vec::new();
        measure("  unpack", SERIES, || {
            snappy::decompress(&block, &mut buffer, LIMIT_BYTES).unwrap().len() as u64
        });
        let mut scratch = Scratch::default();
        measure("  read", SERIES, || read(message, &bytes, &mut scratch));
        let mut buffer = Vec::new();
        measure("  both", SERIES, || {
            read(message, snappy::decompress(&block, &mut buffer, LIMIT_BYTES).unwrap(), &mut scratch)
        });
        measure("  labels too", SERIES, || {
            let mut request = Request::new(message, &bytes, &mut scratch).unwrap();
            let mut sum = 0;
            while let Some(Item::Series(series)) = request.next().unwrap() {
                sum += series.labels().unwrap().as_bytes().len() as u64;
            }
            sum
        });
    }
    let text = text(&series);
    println!("text: {} bytes", text.len());
    for protocol in [Protocol::PrometheusText0_0_4, Protocol::OpenMetricsText1_0_0] {
        measure(&format!("  {}", protocol.as_str()), SERIES, || {
            let mut parser = Parser::new(text.as_bytes(), protocol, Options::default());
            let mut sum = 0;
            while let Some(entry) = parser.next().unwrap() {
                if let Entry::Series(series) = entry {
                    sum += series.bytes.len() as u64 + series.value.to_bits();
                }
            }
            sum
        });
    }
}

fn read(message: Message, bytes: &[u8], scratch: &mut Scratch) -> u64 {
    let mut request = Request::new(message, bytes, scratch).unwrap();
    let mut sum = 0u64;
    while let Some(Item::Series(series)) = request.next().unwrap() {
        sum = sum.wrapping_add(series.key.unwrap() as u64);
        for sample in series.samples {
            sum = sum.wrapping_add(sample.value.to_bits()).wrapping_add(sample.timestamp as u64);
        }
    }
    sum
}

fn measure(what: &str, items: usize, mut run: impl FnMut() -> u64) {
    let clock = Clock::system();
    let mut best = f64::INFINITY;
    for _ in 0..ROUNDS {
        let start = clock.monotonic();
        black_box(run());
        best = best.min((clock.monotonic() - start).as_nanos() as f64);
    }
    println!("{what:<24} {:8.1} ns", best / items as f64);
}

/// Series as a Kubernetes cluster has them: ten labels, of which most repeat from series to series.
fn series() -> Vec<TimeSeries> {
    (0..SERIES)
        .map(|i| {
            let pod = format!("checkout-7d9f8b6c5d-{:05x}", i / 40 * 7919);
            let le = format!("{}", (i % 40) as f64 * 0.25);
            let pairs = [
                ("__name__", "http_request_duration_seconds_bucket"),
                ("cluster", "eu-west-1-production"),
                ("container", "checkout"),
                ("instance", &format!("10.42.{}.{}:8080", i / 200 % 256, i / 40 % 250)),
                ("job", "kubernetes-pods"),
                ("le", &le),
                ("method", ["GET", "POST", "PUT"][i / 40 % 3]),
                ("namespace", "shop"),
                ("pod", &pod),
                ("status", ["200", "404", "500"][i / 120 % 3]),
            ];
            TimeSeries {
                labels: Labels::from_pairs(pairs),
                samples: vec![Sample {
                    timestamp: 1_700_000_000_000 + (i % 7) as i64,
                    value: (i * 37 % 5000) as f64,
                    start_timestamp: 0,
                }],
                histograms: Vec::new(),
                exemplars: Vec::new(),
                metadata: None,
            }
        })
        .collect()
}

fn text(series: &[TimeSeries]) -> String {
    let mut text = String::new();
    for series in series {
        let labels: Vec<String> = series
            .labels
            .iter()
            .filter(|(n, _)| *n != "__name__")
            .map(|(n, v)| format!("{n}=\"{v}\""))
            .collect();
        let name = series.labels.metric_name();
        text.push_str(&format!("{name}{{{}}} {}\n", labels.join(","), series.samples[0].value));
    }
    text.push_str("# EOF\n");
    text
}
