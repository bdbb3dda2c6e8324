//! Lines and spans through a subscriber of their own.

use super::record::{Identity, logs, spans};
use super::*;
use model::event::{SpanKind, Status};
use tracing::subscriber::with_default;
use tracing::{error, info, info_span};
use tracing_subscriber::layer::SubscriberExt;

fn own() -> (Own, impl tracing::Subscriber + Send + Sync) {
    let own = Own::new(Clock::manual(1_000));
    let subscriber = tracing_subscriber::registry().with(own.layer());
    (own, subscriber)
}

fn identity() -> Identity {
    Identity { version: "1.2.3", host: "h".to_owned() }
}

#[test]
fn a_line_in_a_span_belongs_to_its_trace() {
    let (own, subscriber) = own();
    with_default(subscriber, || {
        let span = info_span!(
            "http",
            otel.name = "GET /",
            otel.kind = "server",
            otel.status_code = tracing::field::Empty
        );
        span.in_scope(|| {
            info_span!("query", rows = 7).in_scope(|| error!(code = 3, "it {}", "failed"));
        });
        span.record("otel.status_code", "error");
    });
    let batch = logs(&identity(), &own.0.logs.lock());
    let row = batch.logs[0];
    assert_eq!((batch.get(row.body), row.severity), ("it failed", 17));
    assert_eq!(batch.attr(row.attrs, "code"), Some(model::event::Value::Int(3)));
    assert_eq!(batch.get(batch.resources[0].service), "pharos");
    let batch = spans(&identity(), &own.0.spans.lock());
    let [child, root] = &batch.spans[..] else { panic!("{:?}", batch.spans) };
    assert_eq!((batch.get(root.name), root.kind, root.status), ("GET /", SpanKind::Server, Status::Error));
    assert!(root.parent_span_id.is_none() && batch.attrs(root.attrs).is_empty());
    assert_eq!((child.trace_id, child.parent_span_id), (root.trace_id, root.span_id));
    assert_eq!((row.trace_id, row.span_id), (root.trace_id, child.span_id));
}

#[test]
fn traces_are_sampled_whole_and_lists_are_bounded() {
    let (own, subscriber) = own();
    with_default(subscriber, || {
        for _ in 0..50 {
            info_span!("root").in_scope(|| info_span!("child").in_scope(|| ()));
        }
        for _ in 0..LOGS_MAX + 5 {
            info!("line");
        }
    });
    assert_eq!(own.0.spans.lock().len() as u64, TRACES_A_SECOND * 2);
    assert_eq!((own.0.logs.lock().len(), own.dropped()), (LOGS_MAX, 5));
}

#[test]
fn the_writers_thread_is_not_heard() {
    let (own, subscriber) = own();
    with_default(subscriber, || {
        DEAF.set(true);
        info!("storing");
        info_span!("storing").in_scope(|| ());
        DEAF.set(false);
        info!("heard");
    });
    assert_eq!((own.0.logs.lock().len(), own.0.spans.lock().len()), (1, 0));
}
