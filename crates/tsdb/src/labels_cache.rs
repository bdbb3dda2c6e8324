//! What selectors found in the index of the head: dashboards ask the same again and again, and making the labels of
//! ten thousand series costs more than reading their last samples.
//!
//! An entry holds for one version of the index: a series that comes or goes makes all entries stale.

use model::{Labels, Matcher};
use parking_lot::Mutex;
use std::collections::HashMap;
use std::fmt::Write;
use std::sync::Arc;

/// Series in all entries: about 150 B each, so 15 MB.
const SERIES_MAX: usize = 100_000;

/// Series of the head, ascending by labels.
#[derive(Debug, Default)]
pub(crate) struct Found {
    /// Slot and generation.
    pub slots: Vec<(u32, u32)>,
    pub labels: Vec<Labels>,
}

#[derive(Default)]
pub(crate) struct LabelsCache(Mutex<Inner>);

#[derive(Default)]
struct Inner {
    version: u64,
    entries: HashMap<String, Arc<Found>>,
    series: usize,
}

impl LabelsCache {
    pub fn get(&self, version: u64, key: &str) -> Option<Arc<Found>> {
        let inner = self.0.lock();
        if inner.version == version { inner.entries.get(key).cloned() } else { None }
    }

    pub fn put(&self, version: u64, key: String, found: &Arc<Found>) {
        let mut inner = self.0.lock();
        if inner.version != version || inner.series + found.slots.len() > SERIES_MAX {
            *inner = Inner { version, ..Inner::default() };
        }
        if found.slots.len() <= SERIES_MAX / 4 && inner.entries.insert(key, Arc::clone(found)).is_none() {
            inner.series += found.slots.len();
        }
    }
}

/// Matchers as text: equal for equal matchers in equal order.
pub(crate) fn key(matchers: &[Matcher]) -> String {
    let mut key = String::new();
    for m in matchers {
        // Values are quoted, so that no two lists look alike.
        let _ = write!(key, "{:?}{}{:?},", m.name(), m.op().as_str(), m.value());
    }
    key
}
