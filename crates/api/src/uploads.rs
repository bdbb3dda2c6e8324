//! How much may be uploaded at once: bodies are held in memory, packed and unpacked, until they are stored.
//!
//! A request takes its share before its body is read. Who gets none in time is told to come back: the senders of
//! remote write keep what they could not send.

use crate::BODY_BYTES_MAX;
use remote::ReceiveError;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{AcquireError, OwnedSemaphorePermit, Semaphore, SemaphorePermit};
use tower_http::timeout::TimeoutError;

/// The unit of shares.
const SHARE_BYTES: usize = 1 << 20;
/// A packed body unpacks to about four times its length; both are held.
const UNPACKED_RATIO: usize = 5;
/// Bodies that are unpacked at once, at most: what comes out of them is not known before, so 16 × 20 MB may be held beyond
/// the shares for a moment …
const UNPACKING_MAX: usize = 16;
/// … and where there is less, one for as many bytes of the shares, but two at least.
const UNPACKED_BYTES_MAX: usize = 20 << 20;
/// Longer than a burst of a fleet's senders takes to store, shorter than their time-outs (30 s by default).
const WAIT: Duration = Duration::from_secs(5);

/// Shares of memory for bodies.
pub struct Uploads {
    shares: Semaphore,
    turns: Arc<Semaphore>,
    total: usize,
}

impl Uploads {
    /// As much as this many bytes at once, and always enough for one request of the largest size.
    pub fn new(bytes_max: u64) -> Uploads {
        let total = (bytes_max as usize / SHARE_BYTES).max(shares_of(BODY_BYTES_MAX));
        let turns = (bytes_max as usize / UNPACKED_BYTES_MAX).clamp(2, UNPACKING_MAX);
        Uploads { shares: Semaphore::new(total), turns: Arc::new(Semaphore::new(turns)), total }
    }

    /// Takes the share of a body of this length; of one that does not tell its length, the share of the largest.
    pub async fn hold(&self, length: Option<usize>) -> Result<SemaphorePermit<'_>, ReceiveError> {
        acquire(&self.shares, shares_of(length.unwrap_or(BODY_BYTES_MAX).min(BODY_BYTES_MAX)).min(self.total))
            .await
    }

    /// A turn to unpack a body.
    pub async fn turn(&self) -> Result<OwnedSemaphorePermit, ReceiveError> {
        in_time(Arc::clone(&self.turns).acquire_owned()).await
    }

    /// Takes what a body has grown by beyond the share of its packed length, which is held already.
    pub async fn grown(
        &self,
        packed: usize,
        unpacked: usize,
    ) -> Result<Option<SemaphorePermit<'_>>, ReceiveError> {
        let held = shares_of(packed);
        match (packed + unpacked)
            .div_ceil(SHARE_BYTES)
            .saturating_sub(held)
            .min(self.total.saturating_sub(held))
        {
            0 => Ok(None),
            more => acquire(&self.shares, more).await.map(Some),
        }
    }
}

async fn acquire(semaphore: &Semaphore, count: usize) -> Result<SemaphorePermit<'_>, ReceiveError> {
    in_time(semaphore.acquire_many(count as u32)).await
}

async fn in_time<P>(permit: impl Future<Output = Result<P, AcquireError>>) -> Result<P, ReceiveError> {
    match tokio::time::timeout(WAIT, permit).await {
        Ok(Ok(held)) => Ok(held),
        _ => Err(ReceiveError::Busy {
            reason: "too many uploads at once: send again later".to_owned(),
            retry_after_ms: WAIT.as_millis() as u64,
        }),
    }
}

/// Whether a body could not be read because it paused for too long: the sender may try again.
pub fn stopped_coming(error: &(dyn std::error::Error + 'static)) -> bool {
    let causes = std::iter::successors(Some(error), |error| error.source());
    causes.into_iter().any(|error| error.is::<TimeoutError>())
}

fn shares_of(bytes: usize) -> usize {
    (bytes * UNPACKED_RATIO).div_ceil(SHARE_BYTES).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn who_gets_no_share_is_told_to_come_back() {
        let uploads = Uploads::new(0);
        let held = uploads.hold(None).await.unwrap();
        assert!(matches!(uploads.hold(Some(1000)).await, Err(ReceiveError::Busy { .. })));
        drop(held);
        let small = uploads.hold(Some(1000)).await.unwrap();
        assert!(uploads.hold(Some(1000)).await.is_ok());
        drop(small);
    }

    #[tokio::test(start_paused = true)]
    async fn what_unpacks_to_much_takes_its_share_of_that_too() {
        let uploads = Uploads::new(0);
        let all = uploads.shares.available_permits();
        let packed = uploads.hold(Some(1_000)).await.unwrap();
        assert!(uploads.grown(1_000, 5_000).await.unwrap().is_none());
        let grown = uploads.grown(1_000, 20 << 20).await.unwrap();
        assert_eq!(all - uploads.shares.available_permits(), 21);
        drop((packed, grown));
        assert_eq!(uploads.shares.available_permits(), all);
        let mut turns = Vec::new();
        for _ in 0..2 {
            turns.push(uploads.turn().await.unwrap());
        }
        assert!(matches!(uploads.turn().await, Err(ReceiveError::Busy { .. })));
    }
}
