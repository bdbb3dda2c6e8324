//! What a running query is held against: samples and bytes held, time, cancellation.
//!
//! The evaluator counts as Prometheus does: what a node of the tree returns is held until the node above has made its
//! own result of it. Threads of one query share a guard; a check costs two atomic loads and, rarely, a look at the
//! clock.

use crate::engine::{Cancel, EngineOptions, QueryControl, QueryError};
use base::{Clock, Reservation};
use parking_lot::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Where limits are met, in the words of error messages.
const EVALUATION: &str = "expression evaluation";
const EXECUTION: &str = "query execution";

/// Memory is reserved in pieces of this size, so that threads seldom meet at the reservation.
const RESERVE_BYTES: u64 = 1 << 20;

/// An amount held.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Load {
    pub samples: u64,
    pub bytes: u64,
}

impl std::ops::AddAssign for Load {
    fn add_assign(&mut self, other: Load) {
        self.samples += other.samples;
        self.bytes += other.bytes;
    }
}

pub(crate) struct Guard {
    clock: Clock,
    deadline: Duration,
    cancel: Cancel,
    samples_max: u64,
    samples: AtomicU64,
    samples_peak: AtomicU64,
    bytes: AtomicU64,
    reservation: Option<Mutex<Reservation>>,
    /// Why the reading of a source was stopped: sources only know that it was.
    stopped: Mutex<Option<QueryError>>,
}

impl Guard {
    pub fn new(
        options: &EngineOptions,
        control: &QueryControl,
        started: Duration,
    ) -> Result<Guard, QueryError> {
        let timeout = control.timeout.map_or(options.timeout, |t| t.min(options.timeout));
        let reservation = match &control.budget {
            None => None,
            Some(budget) => Some(Mutex::new(budget.reserve(0).map_err(over_budget)?)),
        };
        Ok(Guard {
            clock: options.clock.clone(),
            deadline: started.saturating_add(timeout),
            cancel: control.cancel.clone(),
            samples_max: options.samples_max,
            samples: AtomicU64::new(0),
            samples_peak: AtomicU64::new(0),
            bytes: AtomicU64::new(0),
            reservation,
            stopped: Mutex::new(None),
        })
    }

    /// Fails when nobody waits any more or time is up.
    pub fn check(&self) -> Result<(), QueryError> {
        if self.cancel.is_canceled() {
            return Err(QueryError::Canceled(EVALUATION));
        }
        if self.clock.monotonic() > self.deadline {
            return Err(QueryError::Timeout(EVALUATION));
        }
        Ok(())
    }

    /// Holds more.
    pub fn hold(&self, load: Load) -> Result<(), QueryError> {
        let now = self.samples.fetch_add(load.samples, Ordering::Relaxed) + load.samples;
        self.samples_peak.fetch_max(now, Ordering::Relaxed);
        if now > self.samples_max {
            return Err(QueryError::TooManySamples(EXECUTION));
        }
        let bytes = self.bytes.fetch_add(load.bytes, Ordering::Relaxed) + load.bytes;
        self.reserve(bytes)
    }

    fn reserve(&self, bytes: u64) -> Result<(), QueryError> {
        let Some(reservation) = &self.reservation else { return Ok(()) };
        let wanted = bytes.next_multiple_of(RESERVE_BYTES);
        let mut reservation = reservation.lock();
        match wanted.checked_sub(reservation.bytes()) {
            Some(0) => Ok(()),
            Some(more) => reservation.grow(more).map_err(over_budget),
            None => {
                let less = reservation.bytes() - wanted;
                reservation.shrink(less);
                Ok(())
            }
        }
    }

    /// Notes what is looked at beside what is held: the window over one series.
    pub fn glance(&self, samples: u64) -> Result<(), QueryError> {
        let now = self.samples.load(Ordering::Relaxed) + samples;
        self.samples_peak.fetch_max(now, Ordering::Relaxed);
        if now > self.samples_max { Err(QueryError::TooManySamples(EXECUTION)) } else { Ok(()) }
    }

    /// What is held now.
    pub fn held(&self) -> Load {
        Load { samples: self.samples.load(Ordering::Relaxed), bytes: self.bytes.load(Ordering::Relaxed) }
    }

    /// Sets what is held: everything else has been let go.
    pub fn settle(&self, load: Load) -> Result<(), QueryError> {
        self.samples.store(load.samples, Ordering::Relaxed);
        self.samples_peak.fetch_max(load.samples, Ordering::Relaxed);
        self.bytes.store(load.bytes, Ordering::Relaxed);
        if load.samples > self.samples_max {
            return Err(QueryError::TooManySamples(EXECUTION));
        }
        self.reserve(load.bytes)
    }

    pub fn peak(&self) -> u64 {
        self.samples_peak.load(Ordering::Relaxed)
    }

    /// Keeps the reason while a source unwinds. The first one counts.
    pub fn stop(&self, why: QueryError) {
        self.stopped.lock().get_or_insert(why);
    }

    pub fn take_stop(&self) -> Option<QueryError> {
        self.stopped.lock().take()
    }
}

fn over_budget(over: base::budget::OverBudget) -> QueryError {
    QueryError::OverBudget(over.to_string())
}
