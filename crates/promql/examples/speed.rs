//! How long queries take over series in memory: `cargo run --release -p promql --example speed [query…]`.
//!
//! 30,000 series of 240 samples, 15 s apart: 7.2 million samples. Times are of the whole query, the best of nine, also
//! divided by the samples the source gave.

use model::{CounterResetHint, FloatHistogram, HistogramSample, Labels, LabelsBuilder, Samples, Span};
use promql::{
    Engine, EngineOptions, QueryControl, Selection, SeriesSet, SeriesSource, SourceError, TimeRange,
};
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

const SERIES: usize = 30_000;
const SAMPLES: usize = 240;
const INTERVAL_MS: i64 = 15_000;
/// One in so many is a native histogram series of its own metric.
const HISTOGRAM_SERIES: usize = 300;
const BOUNDS: [&str; 10] = ["0.005", "0.01", "0.05", "0.1", "0.5", "1", "2.5", "5", "10", "+Inf"];

struct Series {
    labels: Labels,
    timestamps: Vec<i64>,
    values: Vec<f64>,
    histograms: Vec<HistogramSample>,
}

#[derive(Clone)]
struct Memory(Arc<Vec<Series>>);

impl Memory {
    fn new() -> Memory {
        let mut random = 88_172_645_463_325_252u64;
        let mut next = move || {
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            (random % 1000) as f64
        };
        let mut series = Vec::with_capacity(SERIES + HISTOGRAM_SERIES);
        for i in 0..SERIES {
            let labels = labels("requests_total", i, Some(BOUNDS[i % BOUNDS.len()]));
            let offset = next() as i64 * 15;
            let timestamps = (0..SAMPLES).map(|s| offset + s as i64 * INTERVAL_MS).collect();
            let mut total = 0.0;
            let values = (0..SAMPLES).map(|_| {
                total = if next() < 1.0 { 0.0 } else { total + next() * (1 + i % BOUNDS.len()) as f64 };
                total
            });
            series.push(Series { labels, timestamps, values: values.collect(), histograms: Vec::new() });
        }
        for i in 0..HISTOGRAM_SERIES {
            let mut counts = [0.0; 40];
            let histograms = (0..SAMPLES).map(|s| {
                counts.iter_mut().for_each(|c| *c += next());
                let histogram = FloatHistogram {
                    schema: 3,
                    count: counts.iter().sum(),
                    sum: counts.iter().sum(),
                    positive_spans: vec![Span { offset: -10, length: 40 }],
                    positive_buckets: counts.to_vec(),
                    reset_hint: if s == 0 { CounterResetHint::Unknown } else { CounterResetHint::NotReset },
                    ..FloatHistogram::default()
                };
                HistogramSample {
                    timestamp: s as i64 * INTERVAL_MS,
                    start_timestamp: 0,
                    histogram: Arc::new(histogram),
                }
            });
            let histograms = histograms.collect();
            let labels = labels("duration_seconds", i * 10, None);
            series.push(Series { labels, timestamps: Vec::new(), values: Vec::new(), histograms });
        }
        series.sort_by(|a, b| a.labels.cmp(&b.labels));
        Memory(Arc::new(series))
    }
}

fn labels(name: &str, i: usize, le: Option<&str>) -> Labels {
    let mut builder = LabelsBuilder::new();
    builder
        .set("__name__", name)
        .set("cluster", "eu-west-1a")
        .set("instance", &format!("10.1.{}.{}:9100", i / 2560, i / 10 % 256))
        .set("job", &format!("job-{}", i / 10 % 20))
        .set("namespace", &format!("team-{}", i / 10 % 50));
    if let Some(le) = le {
        builder.set("le", le);
    }
    builder.build()
}

struct Found {
    all: Memory,
    indexes: Vec<usize>,
    start_ms: i64,
    end_ms: i64,
}

impl SeriesSource for Memory {
    fn select(&self, s: &Selection) -> Result<Box<dyn SeriesSet>, SourceError> {
        let matches = |labels: &Labels| s.matchers.iter().all(|m| m.matches(labels.value(m.name())));
        let indexes = (0..self.0.len()).filter(|i| matches(&self.0[*i].labels)).collect();
        Ok(Box::new(Found { all: self.clone(), indexes, start_ms: s.start_ms, end_ms: s.end_ms }))
    }
}

impl SeriesSet for Found {
    fn len(&self) -> usize {
        self.indexes.len()
    }

    fn labels(&self, index: usize) -> &Labels {
        &self.all.0[self.indexes[index]].labels
    }

    fn read(
        &self,
        range: Range<usize>,
        visit: &mut dyn FnMut(usize, Samples<'_>) -> Result<(), SourceError>,
    ) -> Result<(), SourceError> {
        for index in range {
            let s = &self.all.0[self.indexes[index]];
            let bounds = |len: usize, at: &dyn Fn(usize) -> i64| {
                let first = (0..len).find(|i| at(*i) > self.start_ms).unwrap_or(len);
                let end = (first..len).rev().find(|i| at(*i) <= self.end_ms).map_or(first, |i| i + 1);
                first..end
            };
            let floats = bounds(s.timestamps.len(), &|i| s.timestamps[i]);
            let histograms = bounds(s.histograms.len(), &|i| s.histograms[i].timestamp);
            visit(
                index,
                Samples {
                    timestamps: &s.timestamps[floats.clone()],
                    values: &s.values[floats],
                    start_timestamps: &[],
                    histograms: &s.histograms[histograms],
                },
            )?;
        }
        Ok(())
    }
}

const QUERIES: [&str; 22] = [
    "requests_total",
    "count(requests_total)",
    "sum(requests_total)",
    "sum by (job) (requests_total)",
    "rate(requests_total[5m])",
    "sum(rate(requests_total[5m]))",
    "sum by (job) (rate(requests_total[5m]))",
    "sum by (instance) (rate(requests_total[5m]))",
    "sum without (le) (rate(requests_total[5m]))",
    "histogram_quantile(0.9, sum by (le) (rate(requests_total[5m])))",
    "histogram_quantile(0.9, rate(requests_total[5m]))",
    "sum(sum_over_time(requests_total[5m]))",
    "sum(avg_over_time(requests_total[30m]))",
    "sum(max_over_time(requests_total[30m]))",
    "sum(stddev_over_time(requests_total[5m]))",
    "sum(quantile_over_time(0.9, requests_total[5m]))",
    "topk(5, rate(requests_total[5m]))",
    "sum(irate(requests_total[5m]))",
    "rate(requests_total[5m]) / on (instance, job, namespace, le) rate(requests_total[10m])",
    "max_over_time(sum(rate(requests_total[5m]))[30m:1m])",
    "sum(rate(duration_seconds[5m]))",
    "histogram_quantile(0.9, sum by (job) (rate(duration_seconds[5m])))",
];

fn main() {
    let source = Memory::new();
    let asked: Vec<String> = std::env::args().skip(1).filter(|a| !a.starts_with('-')).collect();
    let queries: Vec<&str> =
        if asked.is_empty() { QUERIES.to_vec() } else { asked.iter().map(String::as_str).collect() };
    let steps = |step_ms| TimeRange { start_ms: 600_000, end_ms: 3_600_000, step_ms };
    println!(
        "{:>10} {:>6} {:>10} {:>10} {:>6}  query (a range of 51 minutes, with two threads; an instant)",
        "range", "ns", "two", "instant", "ns"
    );
    let engine = |threads| Engine::new(EngineOptions { threads, ..EngineOptions::default() });
    let control = QueryControl { explain: true, ..QueryControl::default() };
    for query in queries {
        let range = best(|| engine(1).range(&source, query, steps(60_000), &control));
        let two = best(|| engine(2).range(&source, query, steps(60_000), &control));
        let instant = best(|| engine(1).instant(&source, query, 3_600_000, &control));
        println!(
            "{:>10.2?} {:>6.1} {:>10.2?} {:>10.2?} {:>6.1}  {query}",
            range.0, range.1, two.0, instant.0, instant.1
        );
    }
}

/// The time of the best run, and nanoseconds per sample read.
fn best(mut run: impl FnMut() -> Result<promql::QueryResult, promql::QueryError>) -> (Duration, f64) {
    let clock = base::Clock::system();
    let mut best = Duration::MAX;
    let mut read = 0;
    for _ in 0..9 {
        let started = clock.monotonic();
        let result = run().expect("the query has an answer");
        best = best.min(clock.monotonic().saturating_sub(started));
        read = result.explain.as_ref().map_or(0, samples_read);
    }
    (best, best.as_nanos() as f64 / read.max(1) as f64)
}

fn samples_read(node: &promql::ExplainNode) -> u64 {
    node.samples_read + node.children.iter().map(samples_read).sum::<u64>()
}
