//! The ledger: what came in by which door, what was turned away, why, and what was last said about it.
//!
//! Kept twice: as counters of our own metrics, and as a table for the screen (Pipeline → Receivers). The table has a
//! row for every door and signal that was used, and under it one for every reason; both sets are closed, so it is
//! bounded by 6 doors × 3 signals × 14 reasons.

use crate::outcome::{Outcome, Refused};
use crate::{Signal, Source};
use base::Clock;
use parking_lot::Mutex;
use std::collections::BTreeMap;
use telemetry::names::receivers as names;
use telemetry::{CounterFamily, Registry};

/// A message is kept up to this many bytes: the table has at most 6 × 3 × 14 of them, 250 kB.
const MESSAGE_BYTES_MAX: usize = 1_000;

/// Why something was not taken: the label `reason`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Reason {
    /// The body could not be read.
    Malformed,
    /// The body, or something in it, is larger than may be.
    TooLarge,
    /// No room on disk or in memory.
    Busy,
    /// The store failed.
    Failed,
    /// Older than what is kept, or than what the store takes.
    TooOld,
    /// Further ahead of the clock than may be.
    TooNew,
    /// No time where one is needed.
    NoTime,
    /// An id that is missing or of the wrong length, or another fault of one item.
    Invalid,
    /// Older than the newest of its series or stream.
    OutOfOrder,
    /// Another value is there at that time.
    Duplicate,
    /// Names that cannot be names of series or labels.
    InvalidName,
    /// A histogram whose counts or bounds contradict each other.
    InvalidHistogram,
    /// A temporality or a type that has no meaning.
    Unsupported,
    /// The limit of series or of streams is reached.
    Limit,
}

impl Reason {
    pub fn name(self) -> &'static str {
        match self {
            Reason::Malformed => "malformed",
            Reason::TooLarge => "too_large",
            Reason::Busy => "busy",
            Reason::Failed => "failed",
            Reason::TooOld => "too_old",
            Reason::TooNew => "too_new",
            Reason::NoTime => "no_time",
            Reason::Invalid => "invalid",
            Reason::OutOfOrder => "out_of_order",
            Reason::Duplicate => "duplicate",
            Reason::InvalidName => "invalid_name",
            Reason::InvalidHistogram => "invalid_histogram",
            Reason::Unsupported => "unsupported",
            Reason::Limit => "limit",
        }
    }
}

/// A door and a signal, since the start.
#[derive(Clone, Debug, PartialEq)]
pub struct ReceiverRow {
    pub source: Source,
    pub signal: Signal,
    pub requests: u64,
    /// Requests of which nothing was taken.
    pub requests_refused: u64,
    /// Bodies as they came, before they were unpacked.
    pub bytes: u64,
    /// Spans, log records or data points.
    pub accepted: u64,
    pub rejected: u64,
    /// When it was last used, Unix milliseconds.
    pub last_ms: i64,
    pub refusals: Vec<RefusalRow>,
}

/// What was turned away for one reason.
#[derive(Clone, Debug, PartialEq)]
pub struct RefusalRow {
    pub reason: Reason,
    /// Items; for whole requests that could not be read, requests.
    pub count: u64,
    pub last_message: String,
    pub last_ms: i64,
}

/// Cloning gives a handle to the same ledger by way of `Arc`.
pub struct Ledger {
    clock: Clock,
    rows: Mutex<BTreeMap<(Source, Signal), ReceiverRow>>,
    metrics: Metrics,
}

struct Metrics {
    requests: CounterFamily,
    bytes: CounterFamily,
    accepted: CounterFamily,
    refused: CounterFamily,
    refused_requests: CounterFamily,
}

impl Ledger {
    pub fn new(clock: Clock, registry: &Registry) -> Ledger {
        Ledger {
            clock,
            rows: Mutex::default(),
            metrics: Metrics {
                requests: registry.counters(&names::REQUESTS),
                bytes: registry.counters(&names::BYTES),
                accepted: registry.counters(&names::ACCEPTED),
                refused: registry.counters(&names::REFUSED),
                refused_requests: registry.counters(&names::REFUSED_REQUESTS),
            },
        }
    }

    /// Writes down a request and what became of it. The receivers of this crate do it for theirs; whoever cannot
    /// even read a body calls it with the refusal.
    pub fn request(
        &self,
        source: Source,
        signal: Signal,
        body_bytes: usize,
        result: &Result<Outcome, Refused>,
    ) {
        let labels = [source.name(), signal.name()];
        self.metrics.requests.with(&labels).inc();
        self.metrics.bytes.with(&labels).add(body_bytes as f64);
        let now_ms = self.clock.now_ms();
        let mut rows = self.rows.lock();
        let row = rows.entry((source, signal)).or_insert_with(|| ReceiverRow {
            source,
            signal,
            requests: 0,
            requests_refused: 0,
            bytes: 0,
            accepted: 0,
            rejected: 0,
            last_ms: now_ms,
            refusals: Vec::new(),
        });
        row.requests += 1;
        row.bytes += body_bytes as u64;
        row.last_ms = now_ms;
        match result {
            Ok(outcome) => {
                row.accepted += outcome.accepted;
                row.rejected += outcome.rejected;
                self.metrics.accepted.with(&labels).add(outcome.accepted as f64);
                for r in &outcome.reasons {
                    let [receiver, signal] = labels;
                    self.metrics.refused.with(&[receiver, signal, r.reason.name()]).add(r.count as f64);
                    row.refuse(r.reason, r.count, &r.message, now_ms);
                }
            }
            Err(refused) => {
                row.requests_refused += 1;
                let [receiver, signal] = labels;
                self.metrics.refused_requests.with(&[receiver, signal, refused.reason().name()]).inc();
                row.refuse(refused.reason(), 1, &refused.to_string(), now_ms);
            }
        }
    }

    /// The table, by door and signal.
    pub fn rows(&self) -> Vec<ReceiverRow> {
        self.rows.lock().values().cloned().collect()
    }
}

impl ReceiverRow {
    fn refuse(&mut self, reason: Reason, count: u64, message: &str, now_ms: i64) {
        let message = shortened(message).to_owned();
        match self.refusals.iter_mut().find(|r| r.reason == reason) {
            Some(row) => {
                row.count += count;
                row.last_message = message;
                row.last_ms = now_ms;
            }
            None => {
                self.refusals.push(RefusalRow { reason, count, last_message: message, last_ms: now_ms });
            }
        }
    }
}

fn shortened(message: &str) -> &str {
    let mut end = message.len().min(MESSAGE_BYTES_MAX);
    while !message.is_char_boundary(end) {
        end -= 1;
    }
    &message[..end]
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn keeps_what_was_dropped_and_why() {
        let (clock, registry) = (Clock::manual(1_000), Registry::new());
        let ledger = Ledger::new(clock.clone(), &registry);
        let mut outcome = Outcome { accepted: 7, ..Outcome::default() };
        outcome.reject(Reason::TooOld, 2, || "too old: a".to_owned());
        ledger.request(Source::OtlpHttp, Signal::Logs, 100, &Ok(outcome.clone()));
        clock.advance(Duration::from_secs(1));
        outcome.reject(Reason::TooOld, 1, || format!("{}é", "x".repeat(MESSAGE_BYTES_MAX - 1)));
        ledger.request(Source::OtlpHttp, Signal::Logs, 50, &Ok(outcome));
        let refused = Refused::Malformed("unexpected end".to_owned());
        ledger.request(Source::OtlpHttp, Signal::Logs, 1, &Err(refused));
        let rows = ledger.rows();
        let row = &rows[0];
        assert_eq!((row.requests, row.requests_refused, row.bytes), (3, 1, 151));
        assert_eq!((row.accepted, row.rejected, row.last_ms), (14, 5, 2_000));
        assert_eq!(row.refusals.len(), 2);
        assert_eq!((row.refusals[0].count, row.refusals[0].last_ms), (5, 2_000));
        assert_eq!(row.refusals[0].last_message, "x".repeat(MESSAGE_BYTES_MAX - 1));
        assert_eq!((row.refusals[1].reason, row.refusals[1].count), (Reason::Malformed, 1));
        let counted = registry.counters(&names::REFUSED).with(&["otlp_http", "logs", "too_old"]).get();
        assert_eq!(counted, 5.0);
        assert_eq!(registry.counters(&names::ACCEPTED).with(&["otlp_http", "logs"]).get(), 14.0);
    }
}
