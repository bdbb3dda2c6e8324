//! DataFusion's memory, drawn from the one budget.
//!
//! An operator that asks for more than is left spills when it can and fails the query when it cannot; either way
//! nothing else is harmed.

use base::{Budget, Reservation};
use datafusion::common::{DataFusionError, Result};
use datafusion::execution::memory_pool::{MemoryLimit, MemoryPool, MemoryReservation};
use parking_lot::Mutex;
use std::fmt;

/// A pool of all queries together. What is taken is given back as the operators let go of it.
pub struct BudgetPool {
    budget: Budget,
    held: Mutex<Held>,
}

struct Held {
    reservation: Reservation,
    /// Taken without asking (`grow`): DataFusion does so for what is there already.
    unasked_bytes: u64,
}

impl BudgetPool {
    pub fn new(budget: Budget) -> Result<BudgetPool> {
        let reservation =
            budget.reserve(0).map_err(|e| DataFusionError::ResourcesExhausted(e.to_string()))?;
        Ok(BudgetPool { budget, held: Mutex::new(Held { reservation, unasked_bytes: 0 }) })
    }
}

impl MemoryPool for BudgetPool {
    fn name(&self) -> &str {
        "budget"
    }

    fn grow(&self, _reservation: &MemoryReservation, additional: usize) {
        let mut held = self.held.lock();
        if held.reservation.grow(additional as u64).is_err() {
            held.unasked_bytes += additional as u64;
        }
    }

    fn shrink(&self, _reservation: &MemoryReservation, shrink: usize) {
        let mut held = self.held.lock();
        let unasked = held.unasked_bytes.min(shrink as u64);
        held.unasked_bytes -= unasked;
        held.reservation.shrink(shrink as u64 - unasked);
    }

    fn try_grow(&self, reservation: &MemoryReservation, additional: usize) -> Result<()> {
        self.held.lock().reservation.grow(additional as u64).map_err(|over| {
            DataFusionError::ResourcesExhausted(format!(
                "{} needs {additional} bytes more: {over}; ask for less time or fewer columns, or raise --memory",
                reservation.consumer().name()
            ))
        })
    }

    fn reserved(&self) -> usize {
        let held = self.held.lock();
        (held.reservation.bytes() + held.unasked_bytes) as usize
    }

    fn memory_limit(&self) -> MemoryLimit {
        MemoryLimit::Finite(self.budget.limit_bytes() as usize)
    }
}

impl fmt::Debug for BudgetPool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "BudgetPool({} of {} bytes)", self.reserved(), self.budget.limit_bytes())
    }
}

impl fmt::Display for BudgetPool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use datafusion::execution::memory_pool::MemoryConsumer;
    use std::sync::Arc;

    #[test]
    fn what_is_taken_is_given_back_and_the_limit_holds() {
        let budget = Budget::new("test", 1000);
        let pool: Arc<dyn MemoryPool> = Arc::new(BudgetPool::new(budget.clone()).unwrap());
        let reservation = MemoryConsumer::new("sort").register(&pool);
        reservation.try_grow(900).unwrap();
        let refused = reservation.try_grow(200).unwrap_err().to_string();
        assert!(refused.contains("sort needs 200 bytes more") && refused.contains("--memory"), "{refused}");
        reservation.grow(200); // what is there already is counted, even over the limit
        assert_eq!((pool.reserved(), budget.used_bytes()), (1100, 900));
        drop(reservation);
        assert_eq!((pool.reserved(), budget.used_bytes()), (0, 0));
    }
}
