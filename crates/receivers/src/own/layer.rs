//! Listens to `tracing`.

use super::record::{OwnFields, OwnLog, OwnSpan};
use super::{DEAF, Own};
use base::random::Random;
use model::event::{SpanId, TraceId, severity};
use parking_lot::Mutex;
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;
use tracing_subscriber::registry::LookupSpan;

/// Collects lines and sampled spans.
pub struct OwnLayer {
    own: Own,
    random: Mutex<Random>,
}

/// A span that is open. What is not sampled has none.
struct Open {
    trace_id: TraceId,
    span_id: SpanId,
    parent_span_id: SpanId,
    start_ns: i64,
    fields: OwnFields,
}

impl OwnLayer {
    pub(super) fn new(own: Own) -> OwnLayer {
        OwnLayer { own, random: Mutex::new(Random::from_entropy()) }
    }

    fn span_id(&self) -> SpanId {
        SpanId((self.random.lock().next_u64() | 1).to_be_bytes())
    }

    fn trace_id(&self) -> TraceId {
        let mut random = self.random.lock();
        let (high, low) = (random.next_u64(), random.next_u64() | 1);
        TraceId((u128::from(high) << 64 | u128::from(low)).to_be_bytes())
    }
}

fn is_deaf() -> bool {
    // A thread that is ending has no flag any more, and nothing to say.
    DEAF.try_with(std::cell::Cell::get).unwrap_or(true)
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for OwnLayer {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let Some(span) = context.span(id).filter(|_| !is_deaf()) else { return };
        let parent = span.parent();
        let (trace_id, parent_span_id) = match &parent {
            Some(parent) => match parent.extensions().get::<Open>() {
                Some(open) => (open.trace_id, open.span_id),
                None => return,
            },
            None if self.own.is_sampled() => (self.trace_id(), SpanId::NONE),
            None => return,
        };
        let mut fields = OwnFields::default();
        attributes.record(&mut fields);
        let open =
            Open { trace_id, span_id: self.span_id(), parent_span_id, start_ns: self.own.now_ns(), fields };
        span.extensions_mut().insert(open);
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        if let Some(span) = context.span(id)
            && let Some(open) = span.extensions_mut().get_mut::<Open>()
        {
            values.record(&mut open.fields);
        }
    }

    fn on_close(&self, id: Id, context: Context<'_, S>) {
        let Some(span) = context.span(&id) else { return };
        let Some(open) = span.extensions_mut().remove::<Open>() else { return };
        self.own.span(OwnSpan {
            trace_id: open.trace_id,
            span_id: open.span_id,
            parent_span_id: open.parent_span_id,
            name: span.name(),
            start_ns: open.start_ns,
            end_ns: self.own.now_ns(),
            fields: open.fields,
        });
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        if is_deaf() {
            return;
        }
        let (trace_id, span_id) = context
            .event_span(event)
            .and_then(|span| span.extensions().get::<Open>().map(|open| (open.trace_id, open.span_id)))
            .unwrap_or_default();
        let mut fields = OwnFields::default();
        event.record(&mut fields);
        let metadata = event.metadata();
        let severity = match *metadata.level() {
            Level::TRACE => severity::TRACE,
            Level::DEBUG => severity::DEBUG,
            Level::INFO => severity::INFO,
            Level::WARN => severity::WARN,
            Level::ERROR => severity::ERROR,
        };
        self.own.log(OwnLog {
            time_ns: self.own.now_ns(),
            severity,
            severity_text: metadata.level().as_str(),
            target: metadata.target(),
            fields,
            trace_id,
            span_id,
        });
    }
}
