//! Wall time and monotonic time. Tests hold the hands.

#![allow(clippy::disallowed_methods)] // this is the door

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// A source of time. Cloning is cheap; clones show the same time.
#[derive(Clone)]
pub struct Clock(Arc<Kind>);

enum Kind {
    System {
        origin: Instant,
    },
    /// Unix nanoseconds, moved by hand.
    Manual(AtomicI64),
}

impl Clock {
    /// The machine's clock.
    pub fn system() -> Clock {
        Clock(Arc::new(Kind::System { origin: Instant::now() }))
    }

    /// A clock that stands at `unix_ms` until [`Clock::advance`] moves it.
    pub fn manual(unix_ms: i64) -> Clock {
        Clock(Arc::new(Kind::Manual(AtomicI64::new(unix_ms * 1_000_000))))
    }

    /// Unix milliseconds.
    pub fn now_ms(&self) -> i64 {
        self.now_ns() / 1_000_000
    }

    /// Unix nanoseconds.
    pub fn now_ns(&self) -> i64 {
        match &*self.0 {
            Kind::System { .. } => match SystemTime::now().duration_since(UNIX_EPOCH) {
                Ok(since) => since.as_nanos() as i64,
                Err(before) => -(before.duration().as_nanos() as i64),
            },
            Kind::Manual(ns) => ns.load(Ordering::SeqCst),
        }
    }

    /// Time that never goes back, since an arbitrary start: for durations.
    pub fn monotonic(&self) -> Duration {
        match &*self.0 {
            Kind::System { origin } => origin.elapsed(),
            Kind::Manual(ns) => Duration::from_nanos(ns.load(Ordering::SeqCst).max(0) as u64),
        }
    }

    /// Moves a manual clock forward.
    ///
    /// # Panics
    /// On the system clock.
    pub fn advance(&self, by: Duration) {
        match &*self.0 {
            Kind::Manual(ns) => ns.fetch_add(by.as_nanos() as i64, Ordering::SeqCst),
            Kind::System { .. } => panic!("the system clock cannot be moved"),
        };
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Clock({} ms)", self.now_ms())
    }
}
