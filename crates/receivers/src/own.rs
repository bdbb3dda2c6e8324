//! Pharos watches itself: its own log lines and spans go into its own store.
//!
//! ```text
//!  tracing ──▶ OwnLayer ──▶ lists, bounded ──▶ OwnWriter, every second ──▶ EventReceiver
//! ```
//!
//! Spans are sampled by trace: so many new traces a second, whole; children follow their root. Lists are bounded, and
//! what does not fit is counted. Never in a loop: what the writer's thread says while it stores is not collected.

mod layer;
mod record;
mod writer;

pub use layer::OwnLayer;
pub use writer::OwnWriter;

use base::Clock;
use parking_lot::Mutex;
use record::{OwnLog, OwnSpan};
use std::cell::Cell;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Log lines that wait for the writer: a second of a bad day. At 500 bytes each 1 MB.
const LOGS_MAX: usize = 2_000;
const SPANS_MAX: usize = 2_000;
/// Traces begun in one second that are kept: enough to see what it does, too few to hide what others do.
const TRACES_A_SECOND: u64 = 1;

thread_local! {
    /// The writer's own thread is not listened to.
    static DEAF: Cell<bool> = const { Cell::new(false) };
}

/// What was collected and not yet stored. Cloning gives a handle to the same lists.
#[derive(Clone)]
pub struct Own(Arc<Lists>);

struct Lists {
    clock: Clock,
    logs: Mutex<Vec<OwnLog>>,
    spans: Mutex<Vec<OwnSpan>>,
    /// Second of the last trace that was begun, and how many were in it.
    traces: Mutex<(i64, u64)>,
    dropped: AtomicU64,
}

impl Own {
    pub fn new(clock: Clock) -> Own {
        Own(Arc::new(Lists {
            clock,
            logs: Mutex::default(),
            spans: Mutex::default(),
            traces: Mutex::default(),
            dropped: AtomicU64::new(0),
        }))
    }

    /// Collects from `tracing`.
    pub fn layer(&self) -> OwnLayer {
        OwnLayer::new(self.clone())
    }

    /// Lines and spans that did not fit.
    pub fn dropped(&self) -> u64 {
        self.0.dropped.load(Ordering::Relaxed)
    }

    fn now_ns(&self) -> i64 {
        self.0.clock.now_ns()
    }

    /// Whether a trace that begins now is kept.
    fn is_sampled(&self) -> bool {
        let second = self.now_ns() / 1_000_000_000;
        let mut traces = self.0.traces.lock();
        if traces.0 != second {
            *traces = (second, 0);
        }
        traces.1 += 1;
        traces.1 <= TRACES_A_SECOND
    }

    fn log(&self, log: OwnLog) {
        self.keep(&self.0.logs, log, LOGS_MAX);
    }

    fn span(&self, span: OwnSpan) {
        self.keep(&self.0.spans, span, SPANS_MAX);
    }

    fn keep<T>(&self, list: &Mutex<Vec<T>>, one: T, max: usize) {
        let mut list = list.lock();
        if list.len() < max {
            list.push(one);
        } else {
            self.0.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }
}

#[cfg(test)]
mod tests;
