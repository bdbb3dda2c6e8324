//! What could not be read: counted, and said once.

use parking_lot::Mutex;
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU64, Ordering};

/// Messages kept, to be said once: 1,000 × ~200 B = 200 kB. Damage beyond is neither counted nor logged.
const KNOWN_MAX: usize = 1_000;

/// The damage met since the start.
#[derive(Debug, Default)]
pub struct Damage {
    met: AtomicU64,
    known: Mutex<BTreeSet<String>>,
}

impl Damage {
    /// Notes that something of a file could not be read. It is logged the first time.
    pub fn note(&self, file: &str, what: &str) -> String {
        let message = format!("{file}: {what}");
        let first = {
            let mut known = self.known.lock();
            known.len() < KNOWN_MAX && known.insert(message.clone())
        };
        if first {
            self.met.fetch_add(1, Ordering::Relaxed);
            tracing::warn!(file, what, "a part of the event store cannot be read; the rest is served");
        }
        message
    }

    /// How many different pieces could not be read.
    pub fn count(&self) -> u64 {
        self.met.load(Ordering::Relaxed)
    }

    /// Each piece, `file: what`.
    pub fn messages(&self) -> Vec<String> {
        self.known.lock().iter().cloned().collect()
    }
}
