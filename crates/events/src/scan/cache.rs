//! What is kept of files between queries (footers, with the directories of their indexes), up to so many bytes: the
//! least recently used goes first.
//!
//! Invariant: the bytes of what is held stay under the limit, except for the one that was put last.

use hashbrown::HashMap;
use parking_lot::Mutex;
use std::sync::Arc;

/// After an eviction this share of the limit is in use, so that not every further entry evicts: each pass over the
/// entries frees a tenth.
const AFTER_EVICTION_PERCENT: u64 = 90;

pub(super) struct Cache<V> {
    bytes_max: u64,
    state: Mutex<State<V>>,
}

struct State<V> {
    entries: HashMap<Arc<str>, Entry<V>>,
    bytes: u64,
    /// Counts uses: the age of an entry.
    tick: u64,
}

struct Entry<V> {
    value: Arc<V>,
    bytes: u64,
    used: u64,
}

impl<V> Cache<V> {
    pub(super) fn new(bytes_max: u64) -> Cache<V> {
        Cache { bytes_max, state: Mutex::new(State { entries: HashMap::new(), bytes: 0, tick: 0 }) }
    }

    pub(super) fn get(&self, key: &str) -> Option<Arc<V>> {
        let mut state = self.state.lock();
        state.tick += 1;
        let tick = state.tick;
        let entry = state.entries.get_mut(key)?;
        entry.used = tick;
        Some(entry.value.clone())
    }

    pub(super) fn put(&self, key: Arc<str>, value: Arc<V>, bytes: u64) {
        let mut state = self.state.lock();
        state.tick += 1;
        let used = state.tick;
        if let Some(old) = state.entries.insert(key, Entry { value, bytes, used }) {
            state.bytes -= old.bytes;
        }
        state.bytes += bytes;
        if state.bytes > self.bytes_max {
            state.evict(self.bytes_max / 100 * AFTER_EVICTION_PERCENT, used);
        }
    }

    pub(super) fn remove(&self, key: &str) {
        let mut state = self.state.lock();
        if let Some(old) = state.entries.remove(key) {
            state.bytes -= old.bytes;
        }
    }

    pub(super) fn bytes(&self) -> u64 {
        self.state.lock().bytes
    }
}

impl<V> State<V> {
    /// Removes the least recently used until the rest fits, but never the one used at `newest`.
    fn evict(&mut self, bytes_max: u64, newest: u64) {
        let mut ages: Vec<(u64, Arc<str>)> =
            self.entries.iter().map(|(key, e)| (e.used, key.clone())).collect();
        ages.sort_unstable();
        for (used, key) in ages {
            if self.bytes <= bytes_max || used == newest {
                break;
            }
            if let Some(old) = self.entries.remove(&key) {
                self.bytes -= old.bytes;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_least_recently_used_goes_first_and_the_bytes_stay_under_the_limit() {
        let cache = Cache::new(100);
        for name in ["a", "b", "c"] {
            cache.put(name.into(), Arc::new(name), 30);
        }
        assert!(cache.get("a").is_some());
        cache.put("d".into(), Arc::new("d"), 30);
        assert_eq!(["a", "b", "c", "d"].map(|n| cache.get(n).is_some()), [true, false, true, true]);
        assert_eq!(cache.bytes(), 90);
        cache.remove("a");
        cache.put("c".into(), Arc::new("c"), 10);
        assert_eq!(cache.bytes(), 40);
    }

    #[test]
    fn one_that_is_too_large_is_kept_alone() {
        let cache = Cache::new(10);
        cache.put("small".into(), Arc::new(0), 5);
        cache.put("large".into(), Arc::new(1), 50);
        assert!(cache.get("small").is_none());
        assert!(cache.get("large").is_some());
        cache.put("next".into(), Arc::new(2), 5);
        assert!(cache.get("large").is_none());
        assert_eq!(cache.bytes(), 5);
    }
}
