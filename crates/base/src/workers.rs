//! Threads that work on one subject until it is told to stop, and the bell that wakes them.

use crate::Shutdown;
use parking_lot::{Condvar, Mutex};
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

/// Between a panic and another try: a fault that stays shall not fill the log.
const PANIC_PAUSE: Duration = if cfg!(test) { Duration::from_millis(1) } else { Duration::from_secs(10) };

/// Wakes a thread.
#[derive(Default)]
pub struct Bell {
    rung: Mutex<bool>,
    changed: Condvar,
}

impl Bell {
    pub fn ring(&self) {
        let mut rung = self.rung.lock();
        if !*rung {
            *rung = true;
            self.changed.notify_one();
        }
    }

    /// Returns when it is rung, or after a time.
    pub fn wait(&self, at_most: Duration) {
        let mut rung = self.rung.lock();
        if !*rung {
            self.changed.wait_for(&mut rung, at_most);
        }
        *rung = false;
    }
}

/// What befell a thread.
#[derive(Debug, thiserror::Error)]
pub enum Trouble {
    #[error("a thread could not be started: {0}")]
    NotStarted(io::Error),
    #[error("a thread panicked, and begins again")]
    Panicked,
}

/// Starts a thread for each name. Work that panics begins again after a while, because nobody else would do it: what it left
/// half done must be safe to come back to. `tell` hears of what goes wrong.
pub fn start<T: Send + Sync + 'static>(
    subject: &Arc<T>,
    shutdown: &Shutdown,
    works: &[(&'static str, fn(&T))],
    tell: fn(&'static str, Trouble),
) -> Vec<JoinHandle<()>> {
    let mut running = Vec::with_capacity(works.len());
    for (name, work) in works.iter().copied() {
        let (subject, shutdown) = (Arc::clone(subject), shutdown.clone());
        let thread = std::thread::Builder::new().name(name.to_owned());
        let spawned = thread.spawn(move || {
            while catch_unwind(AssertUnwindSafe(|| work(&subject))).is_err() {
                tell(name, Trouble::Panicked);
                if shutdown.wait(PANIC_PAUSE) {
                    return;
                }
            }
        });
        match spawned {
            Ok(thread) => running.push(thread),
            Err(error) => tell(name, Trouble::NotStarted(error)),
        }
    }
    running
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Stopper;
    use std::sync::atomic::{AtomicU32, Ordering};

    #[test]
    fn work_that_panics_begins_again_and_ends_when_it_is_told() {
        static TOLD: AtomicU32 = AtomicU32::new(0);
        let stopper = Stopper::new();
        let tries = Arc::new(AtomicU32::new(0));
        let works: [(&str, fn(&AtomicU32)); 2] = [
            ("third-time-lucky", |tries| assert!(tries.fetch_add(1, Ordering::SeqCst) >= 2, "not yet")),
            ("never", |_| panic!("always")),
        ];
        let tell = |name, trouble: Trouble| {
            assert!(matches!(trouble, Trouble::Panicked), "{name}: {trouble}");
            TOLD.fetch_add(1, Ordering::SeqCst);
        };
        let mut threads = start(&tries, &stopper.shutdown(), &works, tell);
        let never = threads.pop().unwrap();
        threads.pop().unwrap().join().unwrap();
        assert_eq!(tries.load(Ordering::SeqCst), 3);
        stopper.stop();
        never.join().unwrap();
        assert!(TOLD.load(Ordering::SeqCst) >= 3);
    }

    #[test]
    fn a_bell_that_was_rung_before_does_not_wait() {
        let bell = Bell::default();
        bell.ring();
        bell.wait(Duration::MAX);
    }
}
