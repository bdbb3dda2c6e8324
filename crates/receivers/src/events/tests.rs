use super::*;
use crate::Reason;
use model::event::{
    LogRow, OwnedValue, Resource, Run, Scope, SpanEvent, SpanId, SpanRow, TraceId, Value, severity,
};
use parking_lot::Mutex;
use telemetry::Registry;

const NOW_NS: i64 = 1_700_000_000_000_000_000;
const DAY_NS: i64 = 86_400_000_000_000;

/// Remembers what it was given.
#[derive(Default)]
struct Shelf {
    batches: Mutex<Vec<Arc<Batch>>>,
    refuses: Mutex<Option<Refused>>,
}

impl EventSink for Shelf {
    fn store(&self, batches: &[Arc<Batch>]) -> Result<(), Refused> {
        match self.refuses.lock().clone() {
            Some(refused) => Err(refused),
            None => {
                self.batches.lock().extend_from_slice(batches);
                Ok(())
            }
        }
    }
}

struct Setup {
    receiver: EventReceiver,
    shelf: Arc<Shelf>,
    ledger: Arc<Ledger>,
}

fn setup() -> Setup {
    let clock = Clock::manual(NOW_NS / 1_000_000);
    let ledger = Arc::new(Ledger::new(clock.clone(), &Registry::new()));
    let shelf = Arc::new(Shelf::default());
    let sink: Arc<dyn EventSink> = Arc::clone(&shelf) as _;
    let receiver = EventReceiver::new(sink, None, clock, EventLimits::default(), Arc::clone(&ledger));
    Setup { receiver, shelf, ledger }
}

impl Setup {
    fn send(&self, batch: Batch) -> Outcome {
        self.receiver.receive(Source::OtlpGrpc, 100, batch, Outcome::default()).unwrap()
    }

    fn stored(&self, kind: Kind) -> Vec<Arc<Batch>> {
        self.shelf.batches.lock().iter().filter(|b| b.kind == kind).cloned().collect()
    }
}

fn empty(kind: Kind) -> Batch {
    let mut batch = Batch::new(kind);
    let text = batch.push_text("cart");
    batch.push_attr("service.name", Value::Str(text));
    let attrs = batch.attrs_since(0);
    batch.resources.push(Resource { service: text, environment: text, attrs, ..Resource::default() });
    let name = batch.push_text("lib");
    batch.scopes.push(Scope { name, ..Scope::default() });
    batch
}

fn spans(starts: &[i64]) -> Batch {
    let mut batch = empty(Kind::Span);
    for start_ns in starts {
        let name = batch.push_text("GET /");
        batch.spans.push(SpanRow {
            name,
            start_ns: *start_ns,
            trace_id: TraceId([1; 16]),
            span_id: SpanId([2; 8]),
            ..SpanRow::default()
        });
    }
    batch
}

fn put(batch: &mut Batch, pairs: &[(&str, &str)]) -> Run {
    let start = batch.attrs.len();
    for (key, value) in pairs {
        let text = batch.push_text(value);
        batch.push_attr(key, Value::Str(text));
    }
    batch.attrs_since(start)
}

#[test]
fn times_out_of_the_window_are_refused() {
    let s = setup();
    let starts =
        [NOW_NS, 0, NOW_NS + DAY_NS, NOW_NS + DAY_NS + 1, NOW_NS - 14 * DAY_NS, NOW_NS - 15 * DAY_NS, -5];
    let outcome = s.send(spans(&starts));
    assert_eq!((outcome.accepted, outcome.rejected), (3, 4));
    let trace = "01".repeat(16);
    let wants = [
        "its start time is not set",
        "its start time is 24 hours ahead of the clock here",
        "its start time is 15 days ago, older than what is kept",
        "older than what is kept",
    ];
    for (message, want) in outcome.messages.iter().zip(wants) {
        assert!(message.starts_with(&format!("span \"GET /\" of trace {trace}: ")), "{message}");
        assert!(message.contains(want), "{message}");
    }
    let kept: Vec<i64> = s.stored(Kind::Span)[0].spans.iter().map(|s| s.start_ns).collect();
    assert_eq!(kept, [NOW_NS, NOW_NS + DAY_NS, NOW_NS - 14 * DAY_NS]);
    let row = &s.ledger.rows()[0];
    assert_eq!(
        (row.source, row.signal, row.accepted, row.rejected),
        (Source::OtlpGrpc, Signal::Traces, 3, 4)
    );
    let counts: Vec<_> = row.refusals.iter().map(|r| (r.reason, r.count)).collect();
    assert_eq!(counts, [(Reason::NoTime, 1), (Reason::TooNew, 1), (Reason::TooOld, 2)]);
}

#[test]
fn nothing_to_store_is_no_visit_to_the_store() {
    let s = setup();
    *s.shelf.refuses.lock() = Some(Refused::Failed("no visitors".to_owned()));
    assert_eq!(s.send(spans(&[])), Outcome::default());
    assert_eq!(s.send(spans(&[0])).rejected, 1);
}

#[test]
fn log_records_get_a_time() {
    let s = setup();
    let mut batch = empty(Kind::Log);
    for (time_ns, observed_ns) in [(0, 0), (0, NOW_NS - 5), (NOW_NS - 9, 0), (NOW_NS - 31 * DAY_NS, 0)] {
        batch.logs.push(LogRow { time_ns, observed_ns, ..LogRow::default() });
    }
    let outcome = s.send(batch);
    assert_eq!((outcome.accepted, outcome.rejected), (3, 1));
    let times: Vec<_> = s.stored(Kind::Log)[0].logs.iter().map(|l| (l.time_ns, l.observed_ns)).collect();
    assert_eq!(times, [(NOW_NS, NOW_NS), (NOW_NS - 5, NOW_NS - 5), (NOW_NS - 9, NOW_NS)]);
    assert!(s.stored(Kind::Error).is_empty());
}

#[test]
fn exceptions_of_spans_become_errors() {
    let s = setup();
    let mut batch = spans(&[NOW_NS, NOW_NS]);
    let exception = [
        ("exception.type", "IOError"),
        ("exception.message", "disk on fire"),
        ("exception.stacktrace", "at a\nat b"),
    ];
    for (name, attrs, time_ns) in
        [("exception", &exception[..], NOW_NS + 7), ("cache miss", &[], NOW_NS), ("exception", &[], 0)]
    {
        let attrs = put(&mut batch, attrs);
        let name = batch.push_text(name);
        batch.span_events.push(SpanEvent { time_ns, name, attrs, dropped_attrs: 2 });
    }
    batch.spans[1].events = batch.span_events_since(0);
    assert_eq!(s.send(batch.clone()).accepted, 2);
    let errors = s.stored(Kind::Error);
    assert_eq!((errors.len(), s.stored(Kind::Span)[0].as_ref()), (1, &batch));
    let mut checked = errors[0].as_ref().clone();
    assert_eq!(checked.check(), Ok(()));
    let records = errors[0].log_records();
    assert_eq!(records.len(), 2);
    let first = &records[0];
    assert_eq!((first.event_name.as_str(), first.body.as_str()), ("IOError", "disk on fire"));
    assert_eq!((first.time_ns, first.observed_ns, first.severity), (NOW_NS + 7, NOW_NS + 7, severity::ERROR));
    assert_eq!((first.trace_id, first.span_id), (TraceId([1; 16]), SpanId([2; 8])));
    assert_eq!((first.resource.service.as_str(), first.resource.environment.as_str()), ("cart", "cart"));
    assert_eq!((first.scope.name.as_str(), first.dropped_attrs), ("lib", 2));
    let kept: Vec<(String, OwnedValue)> =
        exception.iter().map(|(k, v)| ((*k).to_owned(), OwnedValue::Str((*v).to_owned()))).collect();
    assert_eq!(first.attrs, kept);
    assert_eq!(first.resource.attrs.len(), 1);
    let second = &records[1];
    assert_eq!((second.event_name.as_str(), second.body.as_str(), second.time_ns), ("exception", "", NOW_NS));
    assert_eq!(errors[0].resources.len(), 1);
}

#[test]
fn an_exception_with_an_impossible_time_has_that_of_its_span() {
    let s = setup();
    let mut batch = spans(&[NOW_NS]);
    let name = batch.push_text("exception");
    let times = [i64::MAX, 1, NOW_NS - 15 * DAY_NS, NOW_NS + 5];
    for time_ns in times {
        batch.span_events.push(SpanEvent { time_ns, name, ..SpanEvent::default() });
    }
    batch.spans[0].events = batch.span_events_since(0);
    assert_eq!(s.send(batch).accepted, 1);
    let kept: Vec<i64> = s.stored(Kind::Error)[0].logs.iter().map(|row| row.time_ns).collect();
    // One that is years ahead would keep its file for as long.
    assert_eq!(kept, [NOW_NS, NOW_NS, NOW_NS, NOW_NS + 5]);
}

#[test]
fn exceptions_of_logs_become_errors() {
    let s = setup();
    let mut batch = empty(Kind::Log);
    let body = batch.push_text("could not save");
    let typed = put(&mut batch, &[("exception.type", "IOError"), ("order.id", "7")]);
    let told = put(&mut batch, &[("exception.message", "oh")]);
    let plain = put(&mut batch, &[("order.id", "8")]);
    for (attrs, number) in [(plain, 0), (typed, severity::FATAL), (told, 0)] {
        batch.logs.push(LogRow {
            time_ns: NOW_NS,
            observed_ns: NOW_NS + 1,
            severity: number,
            body,
            attrs,
            trace_id: TraceId([3; 16]),
            ..LogRow::default()
        });
    }
    assert_eq!(s.send(batch).accepted, 3);
    let records = s.stored(Kind::Error)[0].log_records();
    let shown: Vec<_> =
        records.iter().map(|r| (r.event_name.as_str(), r.body.as_str(), r.severity, r.attrs.len())).collect();
    assert_eq!(
        shown,
        [("IOError", "could not save", severity::FATAL, 2), ("exception", "oh", severity::ERROR, 1)]
    );
    assert_eq!((records[0].trace_id, records[0].observed_ns), (TraceId([3; 16]), NOW_NS + 1));
    assert_eq!(s.stored(Kind::Log)[0].logs.len(), 3);
}

#[test]
fn a_full_store_is_told_and_written_down() {
    let s = setup();
    let busy = Refused::Busy { reason: "no memory".to_owned(), retry_after_ms: 5_000 };
    *s.shelf.refuses.lock() = Some(busy.clone());
    let refused = s.receiver.receive(Source::Zipkin, 9, spans(&[NOW_NS]), Outcome::default()).unwrap_err();
    assert_eq!(refused, busy);
    let row = &s.ledger.rows()[0];
    assert_eq!((row.source, row.requests_refused, row.refusals[0].reason), (Source::Zipkin, 1, Reason::Busy));
}

#[test]
fn what_the_decoder_turned_away_is_part_of_the_answer() {
    let s = setup();
    let mut report = wire::otlp::Report::default();
    let mut batch = Batch::new(Kind::Span);
    // A span whose ids are too short: resource_spans { scope_spans { spans { trace_id: 1 byte } } }.
    let bytes = [0x0a, 7, 0x12, 5, 0x12, 3, 0x0a, 1, 1];
    let options = s.receiver.decode_options();
    wire::otlp::traces::decode_protobuf(&bytes, &options, &mut batch, &mut report).unwrap();
    let decoded = Outcome::from(&report);
    assert_eq!((batch.len(), decoded.rejected), (0, 1));
    let outcome = s.receiver.receive(Source::OtlpHttp, bytes.len(), batch, decoded).unwrap();
    assert_eq!((outcome.accepted, outcome.rejected), (0, 1));
    assert!(outcome.text().contains("the trace id is not 16 bytes"), "{}", outcome.text());
    assert_eq!(s.ledger.rows()[0].refusals[0].reason, Reason::Invalid);
}
