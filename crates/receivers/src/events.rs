//! Spans and log records on their way to the event store.
//!
//! Times are checked (`window`), exceptions become errors of their own (`errors`), then all is stored together, and
//! only what is stored is counted in derived metrics: a request that the sender has to repeat counts once.

mod errors;
mod window;

use crate::{Derived, EventSink, Ledger, Outcome, Refused, Signal, Source};
use base::Clock;
use model::event::{Batch, Kind};
use std::sync::Arc;
use std::time::Duration;
use window::Window;

/// Which times are taken.
#[derive(Clone, Copy, Debug)]
pub struct EventLimits {
    /// How far ahead of the clock an event may be.
    pub ahead_max: Duration,
    /// How old a span may be: the retention of traces. `None` for any age.
    pub spans_age_max: Option<Duration>,
    /// And a log record.
    pub logs_age_max: Option<Duration>,
}

impl Default for EventLimits {
    fn default() -> EventLimits {
        let day = Duration::from_secs(86_400);
        EventLimits { ahead_max: day, spans_age_max: Some(14 * day), logs_age_max: Some(30 * day) }
    }
}

/// Takes spans and log records. One for all doors; any number of threads may call it.
pub struct EventReceiver {
    sink: Arc<dyn EventSink>,
    /// `None` derives no metrics.
    derived: Option<Arc<Derived>>,
    clock: Clock,
    limits: EventLimits,
    ledger: Arc<Ledger>,
}

impl EventReceiver {
    pub fn new(
        sink: Arc<dyn EventSink>,
        derived: Option<Arc<Derived>>,
        clock: Clock,
        limits: EventLimits,
        ledger: Arc<Ledger>,
    ) -> EventReceiver {
        EventReceiver { sink, derived, clock, limits, ledger }
    }

    /// What a decoder is to be told. It takes any time, because times are judged here, where all doors lead.
    pub fn decode_options(&self) -> wire::otlp::Options {
        wire::otlp::Options::at(self.clock.now_ns())
    }

    /// Takes a batch of spans or of log records, and writes it down in the ledger. `body_bytes` is how long the
    /// request was on the wire; `decoded` is what its decoder turned away already (`Outcome::from(&report)`). Blocks until
    /// what was taken is on disk: call it where blocking is allowed.
    pub fn receive(
        &self,
        source: Source,
        body_bytes: usize,
        batch: Batch,
        decoded: Outcome,
    ) -> Result<Outcome, Refused> {
        let signal = match batch.kind {
            Kind::Span => Signal::Traces,
            Kind::Log | Kind::Error => Signal::Logs,
        };
        let result = self.take(signal, batch, decoded);
        self.ledger.request(source, signal, body_bytes, &result);
        result
    }

    fn take(&self, signal: Signal, mut batch: Batch, mut outcome: Outcome) -> Result<Outcome, Refused> {
        let age_max = match signal {
            Signal::Traces => self.limits.spans_age_max,
            Signal::Logs | Signal::Metrics => self.limits.logs_age_max,
        };
        let window = Window::new(self.clock.now_ns(), self.limits.ahead_max, age_max);
        window.check(&mut batch, &mut outcome);
        if batch.is_empty() {
            return Ok(outcome);
        }
        let errors = errors::find(&batch, window);
        let batch = Arc::new(batch);
        let mut batches = vec![Arc::clone(&batch)];
        batches.extend(errors.map(Arc::new));
        self.sink.store(&batches)?;
        outcome.accepted += batch.len() as u64;
        if let Some(derived) = self.derived.as_ref().filter(|_| batch.kind == Kind::Span) {
            derived.observe(&batch);
        }
        Ok(outcome)
    }
}

#[cfg(test)]
mod tests;
