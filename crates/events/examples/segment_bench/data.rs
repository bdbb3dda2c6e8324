//! Events like those of a shop of thirty services, from a seed.

use arrow::array::{
    ArrayRef, BooleanArray, FixedSizeBinaryBuilder, Int64Array, Int64Builder, RecordBatch, StringBuilder,
    StringDictionaryBuilder, TimestampNanosecondArray, UInt8Array, UInt32Array,
};
use arrow::datatypes::Int32Type;
use model::event::TraceId;
use std::collections::VecDeque;
use std::sync::Arc;

pub const START_NS: i64 = 1_790_000_000_000_000_000;

/// The attributes of spans that are text.
pub const ATTRIBUTES: [&str; 12] = [
    "http.request.method",
    "http.route",
    "url.path",
    "server.address",
    "client.address",
    "user_agent.original",
    "db.system",
    "db.query.text",
    "user.id",
    "resource.k8s.pod.name",
    "resource.telemetry.sdk.language",
    "resource.cloud.region",
];

const SERVICES: u64 = 30;

/// SplitMix64.
pub struct Numbers(pub u64);

impl Numbers {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub fn below(&mut self, bound: u64) -> u64 {
        ((self.next() as u128 * bound as u128) >> 64) as u64
    }

    /// Small numbers more often.
    fn skewed(&mut self, bound: u64) -> u64 {
        let (a, b) = (self.below(bound), self.below(bound));
        a.min(b)
    }

    fn trace_id(&mut self) -> TraceId {
        TraceId((((self.next() as u128) << 64) | self.next() as u128).to_be_bytes())
    }
}

type Words = StringDictionaryBuilder<Int32Type>;

#[derive(Clone)]
struct Span {
    time: i64,
    duration: i64,
    trace: TraceId,
    id: u64,
    parent: Option<u64>,
    service: u64,
    operation: u64,
    error: bool,
    server: bool,
}

/// Spans, a trace after the other.
pub struct Spans {
    numbers: Numbers,
    now: i64,
    ready: VecDeque<Span>,
    /// One in a hundred of those that were made.
    pub traces: Vec<TraceId>,
}

impl Spans {
    pub fn new(seed: u64) -> Spans {
        Spans { numbers: Numbers(seed), now: START_NS, ready: VecDeque::new(), traces: Vec::new() }
    }

    /// A request goes through a few services, each of which does a few things.
    fn trace(&mut self) {
        let n = &mut self.numbers;
        // A thousand traces a second.
        self.now += n.below(2_000_000) as i64;
        let trace = n.trace_id();
        if n.below(100) == 0 {
            self.traces.push(trace);
        }
        let (mut time, mut parent, mut service) = (self.now, None, n.skewed(5));
        let mut duration = 1_000_000 + n.skewed(400_000_000) as i64;
        for _ in 0..1 + n.below(5) {
            let operation = n.skewed(12);
            let error = n.below(100) == 0;
            let entry = n.next();
            self.ready.push_back(Span {
                time,
                duration,
                trace,
                id: entry,
                parent,
                service,
                operation,
                error,
                server: true,
            });
            for _ in 0..n.below(3) {
                let (inner, at) = (duration / 4 + 1, n.below(duration as u64 / 2 + 1) as i64);
                self.ready.push_back(Span {
                    time: time + at,
                    duration: n.below(inner as u64) as i64,
                    trace,
                    id: n.next(),
                    parent: Some(entry),
                    service,
                    operation: 12 + n.skewed(8),
                    error: false,
                    server: false,
                });
            }
            parent = Some(entry);
            service = (service * 7 + 3 + n.below(4)) % SERVICES;
            time += n.below(duration as u64 / 4 + 1) as i64;
            duration = duration / 2 + n.below(duration as u64 / 4 + 1) as i64;
        }
    }

    pub fn chunk(&mut self, rows: usize) -> RecordBatch {
        while self.ready.len() < rows {
            self.trace();
        }
        let spans: Vec<Span> = self.ready.drain(..rows).collect();
        let n = &mut self.numbers;
        let mut words: Vec<Words> = (0..6 + ATTRIBUTES.len()).map(|_| Words::new()).collect();
        let (mut traces, mut ids) = (FixedSizeBinaryBuilder::new(16), FixedSizeBinaryBuilder::new(8));
        let mut parents = FixedSizeBinaryBuilder::new(8);
        let (mut codes, mut sizes) = (Int64Builder::new(), Int64Builder::new());
        for span in &spans {
            traces.append_value(span.trace.0).expect("16 bytes");
            ids.append_value(span.id.to_be_bytes()).expect("8 bytes");
            match span.parent {
                Some(parent) => parents.append_value(parent.to_be_bytes()).expect("8 bytes"),
                None => parents.append_null(),
            }
            append_words(&mut words, span, n);
            codes.append_option(span.server.then_some(if span.error { 500 } else { 200 }));
            sizes.append_option(span.server.then(|| n.skewed(60_000) as i64));
        }
        let times =
            TimestampNanosecondArray::from_iter_values(spans.iter().map(|s| s.time)).with_timezone("UTC");
        let durations = Int64Array::from_iter_values(spans.iter().map(|s| s.duration));
        let mut columns: Vec<(&str, ArrayRef)> = vec![
            ("time", Arc::new(times)),
            ("duration", Arc::new(durations)),
            ("trace_id", Arc::new(traces.finish())),
            ("span_id", Arc::new(ids.finish())),
            ("parent_span_id", Arc::new(parents.finish())),
            ("flags", Arc::new(UInt32Array::from_value(1, rows))),
            ("http.response.status_code", Arc::new(codes.finish())),
            ("http.response.body.size", Arc::new(sizes.finish())),
        ];
        let names = ["service", "name", "kind", "status", "host", "release"].iter().chain(&ATTRIBUTES);
        for (name, mut builder) in names.zip(words) {
            columns.push((name, Arc::new(builder.finish())));
        }
        RecordBatch::try_from_iter_with_nullable(columns.into_iter().map(|(n, a)| (n, a, true)))
            .expect("a batch")
    }
}

fn append_words(words: &mut [Words], span: &Span, n: &mut Numbers) {
    let pod = n.below(4);
    let (service, operation) = (span.service, span.operation);
    let route = format!(
        "/api/v{}/{}/{{id}}",
        1 + operation % 2,
        ["cart", "users", "orders", "items"][operation as usize % 4]
    );
    let path = route.replace("{id}", &n.skewed(200_000).to_string());
    let agent = n.skewed(40);
    let server = span.server;
    let values: [Option<String>; 18] = [
        Some(format!("service-{service:02}")),
        Some(if server { format!("GET {route}") } else { format!("SELECT shop.table{operation}") }),
        Some(if server { "server" } else { "client" }.to_owned()),
        Some(if span.error { "error" } else { "unset" }.to_owned()),
        Some(format!("node-{:03}", (service * 4 + pod) % 50)),
        Some(format!("1.{}.0", service % 7)),
        server.then(|| ["GET", "GET", "GET", "POST", "PUT"][operation as usize % 5].to_owned()),
        server.then(|| route.clone()),
        server.then_some(path),
        Some(format!("service-{service:02}.shop.svc.cluster.local")),
        server.then(|| format!("10.{}.{}.{}", n.below(4), n.below(256), n.below(256))),
        server.then(|| {
            format!("Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.{agent} Chrome/1{agent}.0.0.0")
        }),
        (!server).then(|| "postgresql".to_owned()),
        (!server).then(|| {
            format!(
                "SELECT id, name, price FROM table{operation} WHERE owner = $1 ORDER BY id LIMIT {}",
                operation * 10
            )
        }),
        server.then(|| format!("user-{}", n.skewed(50_000))),
        Some(format!("service-{service:02}-7d9f{:04x}-{pod}", service * 977)),
        Some(["go", "java", "rust", "python"][service as usize % 4].to_owned()),
        Some(["eu-central-1", "us-east-1"][pod as usize % 2].to_owned()),
    ];
    for (builder, value) in words.iter_mut().zip(values) {
        builder.append_option(value);
    }
}

/// Log records.
pub struct Logs {
    numbers: Numbers,
    now: i64,
    count: u64,
}

impl Logs {
    pub fn new(seed: u64) -> Logs {
        Logs { numbers: Numbers(seed), now: START_NS, count: 0 }
    }

    pub fn chunk(&mut self, rows: usize) -> RecordBatch {
        let mut bodies = StringBuilder::new();
        let mut words: Vec<Words> = (0..7).map(|_| Words::new()).collect();
        let (mut times, mut severities) = (Vec::new(), Vec::new());
        let (mut traces, mut spans) = (FixedSizeBinaryBuilder::new(16), FixedSizeBinaryBuilder::new(8));
        for _ in 0..rows {
            // Ten thousand a second.
            self.now += self.numbers.below(200_000) as i64;
            times.push(self.now);
            let (service, template) = (self.numbers.skewed(SERVICES), self.numbers.skewed(TEMPLATES));
            let severity = [9, 9, 9, 5, 9, 9, 13, 9, 9, 17][template as usize % 10];
            severities.push(severity);
            let body = self.body(service, template);
            bodies.append_value(body);
            let n = &mut self.numbers;
            if n.below(2) == 0 {
                traces.append_value(n.trace_id().0).expect("16 bytes");
                spans.append_value(n.next().to_be_bytes()).expect("8 bytes");
            } else {
                traces.append_null();
                spans.append_null();
            }
            let pod = n.below(4);
            let values = [
                format!("service-{service:02}"),
                ["INFO", "DEBUG", "WARN", "ERROR"][[0, 0, 0, 1, 0, 0, 2, 0, 0, 3][template as usize % 10]]
                    .to_owned(),
                format!("node-{:03}", (service * 4 + pod) % 50),
                format!("shop.module{template}"),
                format!("thread-{}", n.below(32)),
                format!("service-{service:02}-7d9f{:04x}-{pod}", service * 977),
                ["eu-central-1", "us-east-1"][pod as usize % 2].to_owned(),
            ];
            words.iter_mut().zip(values).for_each(|(builder, value)| builder.append_value(value));
        }
        let observed = times.iter().map(|t| t + 1_000_000);
        let mut columns: Vec<(&str, ArrayRef)> = vec![
            (
                "time",
                Arc::new(
                    TimestampNanosecondArray::from_iter_values(times.iter().copied()).with_timezone("UTC"),
                ),
            ),
            (
                "observed_time",
                Arc::new(TimestampNanosecondArray::from_iter_values(observed).with_timezone("UTC")),
            ),
            ("severity", Arc::new(UInt8Array::from(severities))),
            ("body", Arc::new(bodies.finish())),
            ("body_is_json", Arc::new(BooleanArray::from(vec![false; rows]))),
            ("trace_id", Arc::new(traces.finish())),
            ("span_id", Arc::new(spans.finish())),
        ];
        let names = [
            "service",
            "severity_text",
            "host",
            "scope_name",
            "thread.name",
            "resource.k8s.pod.name",
            "resource.cloud.region",
        ];
        for (name, mut builder) in names.into_iter().zip(words) {
            columns.push((name, Arc::new(builder.finish())));
        }
        RecordBatch::try_from_iter_with_nullable(columns.into_iter().map(|(n, a)| (n, a, true)))
            .expect("a batch")
    }

    fn body(&mut self, service: u64, template: u64) -> String {
        self.count += 1;
        let n = &mut self.numbers;
        // A word that is in one row of two million.
        let needle = if self.count % 2_000_000 == 1_234_567 {
            format!(" needle{}", self.count / 2_000_000)
        } else {
            String::new()
        };
        match template % 10 {
            0 => format!("GET /api/cart/{} 200 {}ms{needle}", n.skewed(100_000), n.skewed(900)),
            1 => format!("order {:08x} accepted for user {}{needle}", n.next() as u32, n.skewed(50_000)),
            2 => format!(
                "connection from 10.{}.{}.{}:{} closed{needle}",
                n.below(4),
                n.below(256),
                n.below(256),
                n.below(65_536)
            ),
            3 => format!("cache miss key=item:{} shard={}{needle}", n.skewed(200_000), n.below(16)),
            4 => format!("request {:016x} finished in {} us{needle}", n.next(), n.skewed(1_000_000)),
            5 => format!(
                "published event {template} to topic orders.{service} partition {} offset {}{needle}",
                n.below(12),
                self.count
            ),
            6 => format!(
                "retrying call to service-{:02}: timeout after {}ms{needle}",
                n.below(SERVICES),
                100 * n.below(50)
            ),
            7 => format!(
                "user {} logged in from {} with session {:08x}{needle}",
                n.skewed(50_000),
                ["web", "ios", "android"][n.below(3) as usize],
                n.next() as u32
            ),
            8 => {
                format!("flushed {} rows in {}ms to table{template}{needle}", n.skewed(10_000), n.skewed(300))
            }
            _ => format!(
                "failed to charge card of user {}: gateway answered {}{needle}",
                n.skewed(50_000),
                500 + n.below(4)
            ),
        }
    }
}

/// Kinds of log lines; ten shapes, in several modules each.
const TEMPLATES: u64 = 60;
