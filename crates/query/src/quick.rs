//! Queries that take less time than handing them to another thread and back.
//!
//! What a query takes is not known before, but dashboards ask the same again and again: what was quick the last time is
//! tried where it arrives, and handed over after all when it takes longer than that.

use crate::{Ask, Times};
use parking_lot::Mutex;
use std::collections::HashSet;
use std::time::Duration;

/// A query is quick that takes less than this, with the switch of threads some 50 µs.
const QUICK_MAX: Duration = Duration::from_micros(400);
/// A try ends after this: so long may other connections of the thread wait.
pub(crate) const TRY_MAX: Duration = Duration::from_millis(2);
/// Queries remembered, and the longest text of one: 1 MB in all.
const REMEMBERED_MAX: usize = 1024;
const TEXT_MAX: usize = 1024;

/// The text, the steps and the span between them: what a query costs hangs on those.
type Key = (String, i64, i64);

#[derive(Default)]
pub(crate) struct Quick(Mutex<HashSet<Key>>);

fn key(ask: &Ask) -> Option<Key> {
    let (step, span) = match ask.times {
        Times::Instant(_) => (0, 0),
        Times::Range(r) => (r.step_ms, r.end_ms.saturating_sub(r.start_ms)),
    };
    (ask.query.len() <= TEXT_MAX).then(|| (ask.query.clone(), step, span))
}

impl Quick {
    pub fn is_quick(&self, ask: &Ask) -> bool {
        key(ask).is_some_and(|key| self.0.lock().contains(&key))
    }

    /// Notes what a query took.
    pub fn note(&self, ask: &Ask, took: Duration) {
        let Some(key) = key(ask) else { return };
        let mut known = self.0.lock();
        if took > QUICK_MAX {
            known.remove(&key);
            return;
        }
        if known.len() >= REMEMBERED_MAX {
            known.clear();
        }
        known.insert(key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use promql::TimeRange;

    #[test]
    fn what_was_quick_is_quick_until_it_is_not() {
        let quick = Quick::default();
        let range = |end_ms| Times::Range(TimeRange { start_ms: 0, end_ms, step_ms: 10 });
        let (ask, longer) = (Ask::new("a", range(100)), Ask::new("a", range(1000)));
        assert!(!quick.is_quick(&ask));
        quick.note(&ask, QUICK_MAX);
        assert!(quick.is_quick(&ask) && !quick.is_quick(&longer));
        quick.note(&ask, QUICK_MAX * 2);
        assert!(!quick.is_quick(&ask));
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let quick = Quick::default();
        for i in 0..3 * REMEMBERED_MAX {
            quick.note(&Ask::new(i.to_string(), Times::Instant(0)), Duration::ZERO);
        }
        quick.note(&Ask::new("x".repeat(TEXT_MAX + 1), Times::Instant(0)), Duration::ZERO);
        assert!(quick.0.lock().len() <= REMEMBERED_MAX);
    }
}
