//! The order to stop, given once and seen by all.

use parking_lot::{Condvar, Mutex};
use std::sync::Arc;
use std::time::Duration;

/// Gives the order.
#[derive(Clone, Default)]
pub struct Stopper(Arc<State>);

/// Sees the order.
#[derive(Clone)]
pub struct Shutdown(Arc<State>);

#[derive(Default)]
struct State {
    stopping: Mutex<bool>,
    changed: Condvar,
}

impl Stopper {
    pub fn new() -> Stopper {
        Stopper::default()
    }

    pub fn stop(&self) {
        *self.0.stopping.lock() = true;
        self.0.changed.notify_all();
    }

    pub fn shutdown(&self) -> Shutdown {
        Shutdown(Arc::clone(&self.0))
    }
}

impl Shutdown {
    pub fn is_stopping(&self) -> bool {
        *self.0.stopping.lock()
    }

    /// Sleeps on a thread of its own; `true` when it is time to stop.
    pub fn wait(&self, at_most: Duration) -> bool {
        let mut stopping = self.0.stopping.lock();
        if !*stopping {
            self.0.changed.wait_for(&mut stopping, at_most);
        }
        *stopping
    }
}
