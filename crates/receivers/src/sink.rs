//! Where events go. The event store is behind it; tests put something else there.

use crate::Refused;
use model::event::Batch;
use std::sync::Arc;

/// Takes batches of events.
pub trait EventSink: Send + Sync {
    /// Takes batches together. Blocks until they are on disk. On an error nothing may be assumed taken: the sender
    /// sends all of it again.
    fn store(&self, batches: &[Arc<Batch>]) -> Result<(), Refused>;
}
