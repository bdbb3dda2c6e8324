//! Where events go. The event store is behind it; tests put something else there.

use crate::Refused;
use events::{AppendError, Events};
use model::event::Batch;
use std::sync::Arc;

/// A store that failed or is full looks for room by itself within so long.
const RETRY_MS: u64 = 5_000;

/// Takes batches of events.
pub trait EventSink: Send + Sync {
    /// Takes batches together. Blocks until they are on disk. On an error nothing may be assumed taken: the sender
    /// sends all of it again.
    fn store(&self, batches: &[Arc<Batch>]) -> Result<(), Refused>;
}

impl EventSink for Events {
    fn store(&self, batches: &[Arc<Batch>]) -> Result<(), Refused> {
        // All are in the log before the first wait, so that one sync is enough for them.
        for appended in self.append_all(batches)? {
            self.sync(appended)?;
        }
        Ok(())
    }
}

impl From<AppendError> for Refused {
    fn from(error: AppendError) -> Refused {
        let reason = error.to_string();
        match error {
            AppendError::OverBudget { retry_after, .. } | AppendError::Behind { retry_after, .. } => {
                Refused::Busy { reason, retry_after_ms: retry_after.as_millis() as u64 }
            }
            AppendError::DiskFull => Refused::Busy { reason, retry_after_ms: RETRY_MS },
            AppendError::TooLong { .. } => Refused::TooLarge(reason),
            AppendError::Io(_) | AppendError::Closed => Refused::Failed(reason),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn each_error_says_what_the_sender_should_do() {
        let retry_after = Duration::from_millis(1_500);
        let over = AppendError::OverBudget { pool: "events", limit_bytes: 9, retry_after };
        assert!(matches!(Refused::from(over), Refused::Busy { retry_after_ms: 1_500, .. }));
        assert!(matches!(Refused::from(AppendError::DiskFull), Refused::Busy { .. }));
        assert!(matches!(Refused::from(AppendError::TooLong { bytes: 1 }), Refused::TooLarge(_)));
        assert!(matches!(Refused::from(AppendError::Closed), Refused::Failed(_)));
    }
}
