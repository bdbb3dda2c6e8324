//! What selectors found: dashboards ask the same again and again, and making the labels of ten thousand series costs
//! more than reading their samples.
//!
//! What was found in the head holds for one version of its index: a series that comes or goes makes it stale, and what
//! was merged with it. What was found in a block holds as long as the block. Labels that head and blocks both have are held
//! once.

use crate::block::BlockId;
use crate::selected::Source;
use model::{Labels, Matcher};
use parking_lot::Mutex;
use std::collections::HashMap;
use std::fmt::Write;
use std::sync::Arc;

/// Series in all entries: at most 200 B each where nothing is shared, so 40 MB; mostly a third of that.
const SERIES_MAX: usize = 200_000;
/// Series in one entry.
const ENTRY_SERIES_MAX: usize = SERIES_MAX / 4;

/// Series of the head, ascending by labels.
#[derive(Debug, Default)]
pub(crate) struct Found {
    /// Slot and generation.
    pub slots: Vec<(u32, u32)>,
    pub labels: Vec<Labels>,
    /// The pages that the slots are in, ascending, each once.
    pub pages: Vec<u32>,
}

/// Series of a block, ascending by labels.
#[derive(Debug, Default)]
pub(crate) struct InBlock {
    pub ordinals: Vec<u32>,
    pub labels: Vec<Labels>,
}

/// Series of head and blocks, ascending by labels, each once.
#[derive(Debug, Default)]
pub(crate) struct Merged {
    pub labels: Vec<Labels>,
    /// Where the sources of each series end in `sources`.
    pub ends: Vec<u32>,
    pub sources: Vec<Source>,
}

/// What was merged: blocks by their number in the view, and whether the head was among them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Parts {
    pub blocks: Vec<(u32, BlockId)>,
    pub head: bool,
}

#[derive(Default)]
pub(crate) struct LabelsCache(Mutex<Inner>);

#[derive(Default)]
struct Inner {
    version: u64,
    heads: HashMap<String, Arc<Found>>,
    merged: HashMap<String, (Parts, Arc<Merged>)>,
    blocks: HashMap<(BlockId, String), Arc<InBlock>>,
    /// In the first two, and in the last.
    versioned_series: usize,
    block_series: usize,
}

impl Inner {
    /// Makes room for so many series; `false` when they are too many to be kept.
    fn room(&mut self, version: Option<u64>, series: usize) -> bool {
        if version.is_some_and(|v| v != self.version) {
            (self.heads, self.merged, self.versioned_series) = Default::default();
            self.version = version.unwrap_or_default();
        }
        if self.versioned_series + self.block_series + series > SERIES_MAX {
            *self = Inner { version: self.version, ..Inner::default() };
        }
        series <= ENTRY_SERIES_MAX
    }
}

impl LabelsCache {
    pub fn head(&self, version: u64, key: &str) -> Option<Arc<Found>> {
        let inner = self.0.lock();
        if inner.version == version { inner.heads.get(key).cloned() } else { None }
    }

    pub fn put_head(&self, version: u64, key: &str, found: &Arc<Found>) {
        let mut inner = self.0.lock();
        let series = found.slots.len();
        if inner.room(Some(version), series)
            && inner.heads.insert(key.to_owned(), Arc::clone(found)).is_none()
        {
            inner.versioned_series += series;
        }
    }

    pub fn merged(&self, version: u64, key: &str, parts: &Parts) -> Option<Arc<Merged>> {
        let inner = self.0.lock();
        let (of, merged) = inner.merged.get(key).filter(|_| inner.version == version)?;
        (of == parts).then(|| Arc::clone(merged))
    }

    /// One entry a selector: the parts change with the view, and with a range of time that moves on.
    pub fn put_merged(&self, version: u64, key: &str, parts: Parts, merged: &Arc<Merged>) {
        let mut inner = self.0.lock();
        let series = merged.labels.len();
        if inner.room(Some(version), series) {
            let before = inner.merged.insert(key.to_owned(), (parts, Arc::clone(merged)));
            inner.versioned_series += series;
            inner.versioned_series -= before.map_or(0, |(_, m)| m.labels.len());
        }
    }

    pub fn block(&self, id: BlockId, key: &str) -> Option<Arc<InBlock>> {
        self.0.lock().blocks.get(&(id, key.to_owned())).cloned()
    }

    pub fn put_block(&self, id: BlockId, key: &str, found: &Arc<InBlock>) {
        let mut inner = self.0.lock();
        let series = found.ordinals.len();
        if inner.room(None, series) && inner.blocks.insert((id, key.to_owned()), Arc::clone(found)).is_none()
        {
            inner.block_series += series;
        }
    }
}

/// Takes the labels of `from` where those of `labels` are equal, so that they are held once. Both ascend.
pub(crate) fn share(labels: &mut [Labels], from: &[Labels]) {
    let mut from = from.iter().peekable();
    for own in labels {
        while from.peek().is_some_and(|l| *l != own && *l < own) {
            from.next();
        }
        if let Some(same) = from.next_if(|l| *l == own) {
            *own = same.clone();
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

#[cfg(test)]
mod tests {
    use super::*;

    fn found(series: usize) -> Arc<Found> {
        Arc::new(Found { slots: vec![(0, 0); series], ..Found::default() })
    }

    #[test]
    fn another_version_makes_stale() {
        let cache = LabelsCache::default();
        cache.put_head(1, "a", &found(1));
        assert!(cache.head(1, "a").is_some() && cache.head(1, "b").is_none() && cache.head(2, "a").is_none());
        cache.put_head(2, "b", &found(1));
        assert!(cache.head(2, "b").is_some() && cache.head(2, "a").is_none());
    }

    #[test]
    fn what_was_merged_of_other_parts_is_not_taken() {
        let cache = LabelsCache::default();
        let parts = |head| Parts { blocks: Vec::new(), head };
        cache.put_merged(1, "a", parts(true), &Arc::default());
        assert!(cache.merged(1, "a", &parts(true)).is_some());
        assert!(
            cache.merged(1, "a", &parts(false)).is_none() && cache.merged(2, "a", &parts(true)).is_none()
        );
    }

    #[test]
    fn what_is_kept_is_bounded() {
        let cache = LabelsCache::default();
        for i in 0..100 {
            cache.put_head(1, &i.to_string(), &found(ENTRY_SERIES_MAX - 7));
        }
        cache.put_head(1, "large", &found(ENTRY_SERIES_MAX + 1));
        let inner = cache.0.lock();
        assert!(inner.versioned_series <= SERIES_MAX && inner.heads.len() <= 4);
        assert!(!inner.heads.contains_key("large"));
    }

    #[test]
    fn equal_labels_are_held_once() {
        let make = |n: &[&str]| n.iter().map(|v| Labels::from_pairs([("a", *v)])).collect::<Vec<_>>();
        let (head, mut block) = (make(&["1", "3", "4"]), make(&["0", "1", "2", "4", "5"]));
        let want = block.clone();
        share(&mut block, &head);
        assert_eq!(block, want);
        assert_eq!(block[1].as_bytes().as_ptr(), head[0].as_bytes().as_ptr());
        assert_eq!(block[3].as_bytes().as_ptr(), head[2].as_bytes().as_ptr());
    }
}
