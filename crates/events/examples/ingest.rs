//! How fast events are taken in and written to files.
//!
//! `cargo run --release -p events --example ingest -- [thousands of spans] [dir]`
//!
//! Prints CPU nanoseconds a span (one thread, 12 attributes of the span and 8 of its resource) for each step: the record,
//! append (record, log, memtable) and sync, columns, flush; then the start after a kill. The directory should be on a
//! disk: syncs in memory cost nothing.

use base::{Budget, Clock, disk};
use events::{Background, EventOptions, Events, LocalObjects, Prune};
use model::event::{Batch, Kind, Resource, Scope, SpanId, SpanKind, SpanRow, TraceId, Value};
use state::Catalog;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

const BATCH_ROWS: usize = 500;

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    let mut arguments = std::env::args().skip(1);
    let spans = arguments.next().map_or(400, |n| n.parse::<usize>().expect("thousands of spans")) * 1000;
    let dir = arguments.next().unwrap_or_else(|| "/tmp/events-ingest".to_owned());
    let dir = Path::new(&dir);
    let _ = disk::remove_dir_all(dir);
    let clock = Clock::system();
    let start_ns = clock.now_ns();
    let batches: Vec<Arc<Batch>> =
        (0..spans / BATCH_ROWS).map(|n| Arc::new(batch(n as u64, start_ns + n as i64 * 1_000_000))).collect();
    let bytes: usize = batches.iter().map(|batch| batch.bytes()).sum();
    println!("{spans} spans in {} batches, {} B a span in memory", batches.len(), bytes / spans);

    let events = open(dir, &clock).await;
    let report = |what: &str, took: Duration| {
        let ns = took.as_nanos() as f64 / spans as f64;
        println!("{what:<32} {ns:>7.0} ns a span  {:>6.2} million a second", 1000.0 / ns);
    };
    // The first round warms the buffers and the page cache.
    let mut took = Duration::ZERO;
    for batch in &batches {
        let before = cpu();
        let _ = events.append(Arc::clone(batch)).expect("room");
        took += cpu() - before;
    }
    report("append (CPU)", took);
    let before = clock.monotonic();
    let last = events.append(Arc::new(Batch::new(Kind::Span))).expect("room");
    events.sync(last).expect("a disk");
    println!("{:<32} {:>7.1} ms", "one sync of all", (clock.monotonic() - before).as_secs_f64() * 1e3);
    println!("{:<32} {:>7} B a span", "log", events.stats().log_bytes / spans as u64);

    let started = clock.monotonic();
    let again = copy_and_open(dir, &clock).await;
    let (recovery, took) = (again.recovery().clone(), clock.monotonic() - started);
    println!(
        "replay: {} events in {} ms (opening and copying: {took:?})",
        recovery.replayed_events, recovery.took_ms
    );
    drop(again);

    let before = clock.monotonic();
    let rows: u64 = events.snapshot(Kind::Span).parts(&Prune::none()).iter().map(|part| part.rows()).sum();
    report("columns, at a snapshot (wall)", clock.monotonic() - before);
    assert_eq!(rows, spans as u64);
    let before = clock.monotonic();
    events.tick().await.expect("a tick");
    report("columns, in the background", clock.monotonic() - before);
    println!("{:<32} {:>7} B a span", "columns in memory", events.stats().memory_bytes / spans as u64);
    let before = clock.monotonic();
    events.flush().await.expect("a disk");
    report("flush (wall)", clock.monotonic() - before);
    println!("{:<32} {:>7} B a span", "file", events.stats().spans.file_bytes / spans as u64);

    let before = clock.monotonic();
    for batch in &batches {
        let appended = events.append(Arc::clone(batch)).expect("room");
        events.sync(appended).expect("a disk");
    }
    report("append and sync of each (wall)", clock.monotonic() - before);
    events.close().await;
}

async fn open(dir: &Path, clock: &Clock) -> Events {
    let catalog = Catalog::open(&dir.join("pharos.db")).await.expect("a catalog");
    let objects = LocalObjects::open(dir.join("objects")).expect("a folder");
    let options = EventOptions {
        objects_dir: Some(dir.join("objects")),
        clock: clock.clone(),
        budget: Budget::new("events", 8 << 30),
        memtable_bytes_max: 8 << 30,
        log_bytes_max: 8 << 30,
        background: Background::Manual,
        ..EventOptions::new(dir.join("events"))
    };
    Events::open(options, catalog, objects).await.expect("a store")
}

/// The start after a kill of this moment.
async fn copy_and_open(dir: &Path, clock: &Clock) -> Events {
    let copy = dir.join("copy");
    let wal = copy.join("events/wal");
    disk::create_dir_all(&wal).expect("a folder");
    for path in disk::list(&dir.join("events/wal")).expect("a log") {
        disk::hard_link(&path, &wal.join(path.file_name().expect("a name"))).expect("a link");
    }
    open(&copy, clock).await
}

/// CPU time of this thread: a busy machine does not spoil it.
fn cpu() -> Duration {
    let text = disk::read_to_string(Path::new("/proc/thread-self/schedstat")).unwrap_or_default();
    Duration::from_nanos(text.split(' ').next().and_then(|ns| ns.parse().ok()).unwrap_or(0))
}

fn batch(number: u64, start_ns: i64) -> Batch {
    let mut batch = Batch::new(Kind::Span);
    let service = batch.push_text(&format!("service-{}", number % 20));
    let pod = format!("service-{}-7d9f-{}", number % 20, number % 60);
    for (key, value) in [
        ("service.name", format!("service-{}", number % 20)),
        ("k8s.pod.name", pod.clone()),
        ("k8s.namespace.name", "shop".to_owned()),
        ("host.name", format!("node-{}", number % 9)),
        ("cloud.region", "eu-west-1".to_owned()),
        ("telemetry.sdk.language", "rust".to_owned()),
        ("service.version", "1.42.0".to_owned()),
        ("deployment.environment.name", "production".to_owned()),
    ] {
        let text = batch.push_text(&value);
        batch.push_attr(key, Value::Str(text));
    }
    batch.resources.push(Resource { service, attrs: batch.attrs_since(0), ..Resource::default() });
    let library = batch.push_text("http");
    batch.scopes.push(Scope { name: library, ..Scope::default() });
    for row in 0..BATCH_ROWS as u64 {
        let mut seed = (number * BATCH_ROWS as u64 + row + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        seed ^= seed >> 31;
        let start = batch.attrs.len();
        for (key, value) in [
            ("http.request.method", ["GET", "GET", "POST"][seed as usize % 3].to_owned()),
            ("http.route", format!("/api/v1/items/{{id}}/part-{}", seed % 11)),
            ("url.path", format!("/api/v1/items/{}/part-{}", seed % 100_000, seed % 11)),
            ("url.scheme", "https".to_owned()),
            ("server.address", "shop.example.com".to_owned()),
            ("client.address", format!("10.0.{}.{}", seed % 200, seed / 7 % 250)),
            ("user_agent.original", "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101".to_owned()),
            ("network.protocol.version", "1.1".to_owned()),
            ("user.id", format!("user-{}", seed % 5_000)),
        ] {
            let text = batch.push_text(&value);
            batch.push_attr(key, Value::Str(text));
        }
        batch.push_attr(
            "http.response.status_code",
            Value::Int(if seed.is_multiple_of(50) { 500 } else { 200 }),
        );
        batch.push_attr("http.response.body.size", Value::Int((seed % 10_000) as i64));
        batch.push_attr("cache.hit", Value::Bool(seed.is_multiple_of(4)));
        let name = batch.push_text("GET /api/v1/items/{id}");
        batch.spans.push(SpanRow {
            trace_id: TraceId(((seed as u128) << 64 | (number / 4) as u128 | 1).to_be_bytes()),
            span_id: SpanId((seed | 1).to_be_bytes()),
            name,
            kind: SpanKind::Server,
            start_ns: start_ns + row as i64 * 1_700,
            duration_ns: (seed % 50_000_000) as i64,
            attrs: batch.attrs_since(start),
            ..SpanRow::default()
        });
    }
    batch
}
