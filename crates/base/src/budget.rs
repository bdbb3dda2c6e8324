//! The one memory budget. Heads, caches and queries reserve from it; over it, they flush, evict or refuse.

use crate::units::format_size;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// A pool of bytes, or a slice of one. Cloning gives a handle to the same pool.
#[derive(Clone, Debug)]
pub struct Budget(Arc<Pool>);

#[derive(Debug)]
struct Pool {
    name: &'static str,
    limit_bytes: u64,
    used_bytes: AtomicU64,
    parent: Option<Budget>,
}

/// A request that does not fit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OverBudget {
    /// Which pool was full.
    pub pool: &'static str,
    pub wanted_bytes: u64,
    pub limit_bytes: u64,
}

impl std::fmt::Display for OverBudget {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (wanted, limit) = (format_size(self.wanted_bytes), format_size(self.limit_bytes));
        write!(f, "{wanted} more do not fit the {} limit of {limit} (a share of --memory)", self.pool)
    }
}
impl std::error::Error for OverBudget {}

impl Budget {
    pub fn new(name: &'static str, limit_bytes: u64) -> Budget {
        Budget(Arc::new(Pool { name, limit_bytes, used_bytes: AtomicU64::new(0), parent: None }))
    }

    /// A pool of at most `limit_bytes` whose use counts against this one too.
    pub fn slice(&self, name: &'static str, limit_bytes: u64) -> Budget {
        let parent = Some(self.clone());
        Budget(Arc::new(Pool { name, limit_bytes, used_bytes: AtomicU64::new(0), parent }))
    }

    pub fn limit_bytes(&self) -> u64 {
        self.0.limit_bytes
    }

    pub fn used_bytes(&self) -> u64 {
        self.0.used_bytes.load(Ordering::Relaxed)
    }

    /// Takes bytes until the reservation is dropped.
    pub fn reserve(&self, bytes: u64) -> Result<Reservation, OverBudget> {
        let mut reservation = Reservation { budget: self.clone(), bytes: 0 };
        reservation.grow(bytes)?;
        Ok(reservation)
    }

    fn take(&self, bytes: u64) -> Result<(), OverBudget> {
        let pool = &*self.0;
        let before = pool.used_bytes.fetch_add(bytes, Ordering::Relaxed);
        let over = before.saturating_add(bytes) > pool.limit_bytes;
        let result = if over {
            Err(OverBudget { pool: pool.name, wanted_bytes: bytes, limit_bytes: pool.limit_bytes })
        } else {
            pool.parent.as_ref().map_or(Ok(()), |p| p.take(bytes))
        };
        if result.is_err() {
            pool.used_bytes.fetch_sub(bytes, Ordering::Relaxed);
        }
        result
    }

    fn give(&self, bytes: u64) {
        self.0.used_bytes.fetch_sub(bytes, Ordering::Relaxed);
        if let Some(parent) = &self.0.parent {
            parent.give(bytes);
        }
    }
}

/// Bytes held from a [`Budget`], given back on drop.
#[derive(Debug)]
pub struct Reservation {
    budget: Budget,
    bytes: u64,
}

impl Reservation {
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    pub fn grow(&mut self, bytes: u64) -> Result<(), OverBudget> {
        self.budget.take(bytes)?;
        self.bytes += bytes;
        Ok(())
    }

    pub fn shrink(&mut self, bytes: u64) {
        let bytes = bytes.min(self.bytes);
        self.budget.give(bytes);
        self.bytes -= bytes;
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        self.budget.give(self.bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slice_counts_against_the_whole_and_gives_back() {
        let whole = Budget::new("memory", 100);
        let slice = whole.slice("queries", 80);
        let held = slice.reserve(60).unwrap();
        assert_eq!(whole.used_bytes(), 60);
        assert_eq!(slice.reserve(30).unwrap_err().pool, "queries");
        let other = whole.reserve(30).unwrap();
        assert_eq!(slice.reserve(20).unwrap_err().pool, "memory");
        assert_eq!((whole.used_bytes(), slice.used_bytes()), (90, 60));
        drop((held, other));
        assert_eq!((whole.used_bytes(), slice.used_bytes()), (0, 0));
    }
}
