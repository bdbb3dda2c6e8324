//! Stores what was collected.

use super::record::{self, Identity};
use super::{DEAF, Own};
use crate::{EventReceiver, Outcome, Source};
use base::Shutdown;
use model::event::Batch;
use std::sync::Arc;
use std::time::Duration;

/// Between two batches: whoever looks sees what happened a second ago.
const EVERY: Duration = Duration::from_secs(1);

/// The thread that stores.
pub struct OwnWriter {
    own: Own,
    receiver: Arc<EventReceiver>,
    identity: Identity,
}

impl OwnWriter {
    /// `host` may be empty.
    pub fn new(own: Own, receiver: Arc<EventReceiver>, version: &'static str, host: String) -> OwnWriter {
        OwnWriter { own, receiver, identity: Identity { version, host } }
    }

    /// Stores every second until it is time to stop, then once more. Needs a thread of its own.
    pub fn run(&self, shutdown: &Shutdown) {
        DEAF.set(true);
        while !shutdown.wait(EVERY) {
            self.store();
        }
        self.store();
    }

    /// Stores what there is. What is refused is lost: there is nobody to send it again, and the ledger counts it.
    pub fn store(&self) {
        let logs = std::mem::take(&mut *self.own.0.logs.lock());
        let spans = std::mem::take(&mut *self.own.0.spans.lock());
        if !logs.is_empty() {
            self.send(record::logs(&self.identity, &logs));
        }
        if !spans.is_empty() {
            self.send(record::spans(&self.identity, &spans));
        }
    }

    fn send(&self, batch: Batch) {
        let bytes = batch.bytes();
        // Both outcomes are in the ledger.
        let _ = self.receiver.receive(Source::Own, bytes, batch, Outcome::default());
    }
}
