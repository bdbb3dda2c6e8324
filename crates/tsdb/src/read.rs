//! Finding series: in the head by its index, in the blocks by theirs.

use crate::block::{Block, BlockError};
use crate::error::ReadError;
use crate::head::page::locate;
use crate::head::rank::sorted_by_labels;
use crate::labels_cache::{Found, InBlock, Merged, Parts, key, share};
use crate::selected::{Selected, Source};
use crate::store::Store;
use crate::view::View;
use hashbrown::HashMap;
use model::{Labels, Matcher};
use roaring::RoaringBitmap;
use std::collections::BTreeSet;
use std::ops::ControlFlow;
use std::sync::Arc;

/// A selection that series are made beside is made anew at most so often: where they come all the time it must end.
const LOOKS_AGAIN_MAX: usize = 3;

impl Store {
    /// See [`crate::Db::select`].
    pub(crate) fn select(
        &self,
        matchers: &[Matcher],
        start_excl: i64,
        end_incl: i64,
    ) -> Result<Selected, ReadError> {
        let key = key(matchers);
        let (mut version, mut found) = self.find_in_head(matchers, &key);
        let mut selected = self.look(&found, start_excl, end_incl);
        for _ in 0..LOOKS_AGAIN_MAX {
            // A batch that made series after they were looked for may have been committed before the look: of its
            // series only some would be seen.
            if self.head.index().version() == version {
                break;
            }
            (version, found) = self.find_in_head(matchers, &key);
            selected = self.look(&found, start_excl, end_incl);
        }
        if start_excl >= end_incl {
            return Ok(selected);
        }
        let parts = parts(&selected);
        selected.series = match self.labels_cache.merged(version, &key, &parts) {
            Some(merged) => merged,
            None => {
                let merged = Arc::new(self.merge(&selected.view, &parts, &found, matchers, &key)?);
                self.labels_cache.put_merged(version, &key, parts, &merged);
                merged
            }
        };
        Ok(selected)
    }

    /// The series of the head that pass all matchers, by labels, and the version of the index that has them.
    fn find_in_head(&self, matchers: &[Matcher], key: &str) -> (u64, Arc<Found>) {
        let index = self.head.index();
        let version = index.version();
        if let Some(found) = self.labels_cache.head(version, key) {
            return (version, found);
        }
        let slots = sorted_by_labels(&index, index.select(matchers));
        let labels = slots.iter().map(|s| index.labels(*s)).collect();
        let head_pages = self.head.pages();
        let with_generation = |slot: &u32| {
            let (page, at) = locate(*slot);
            (*slot, head_pages[page].state(at).generation)
        };
        let mut pages: Vec<u32> = slots.iter().map(|s| locate(*s).0 as u32).collect();
        let slots = slots.iter().map(with_generation).collect();
        drop(index);
        pages.sort_unstable();
        pages.dedup();
        let found = Arc::new(Found { slots, labels, pages });
        self.labels_cache.put_head(version, key, &found);
        (version, found)
    }

    /// The series of a block that pass all matchers, by labels.
    fn find_in_block(
        &self,
        block: &Block,
        matchers: &[Matcher],
        key: &str,
        head: &Found,
    ) -> Result<Arc<InBlock>, BlockError> {
        let id = block.meta().id;
        if let Some(found) = self.labels_cache.block(id, key) {
            return Ok(found);
        }
        let ordinals = block.select(matchers)?;
        let mut labels = Vec::with_capacity(ordinals.len());
        block.labels_of(&ordinals, &mut |_, l| labels.push(l))?;
        share(&mut labels, &head.labels);
        let found = Arc::new(InBlock { ordinals, labels });
        self.labels_cache.put_block(id, key, &found);
        Ok(found)
    }

    /// Takes the view, and how far the pages of the found series reach: both between batches and flushes.
    fn look(&self, found: &Found, start_excl: i64, end_incl: i64) -> Selected {
        let mut horizons = HashMap::with_capacity(found.pages.len());
        let between_batches = self.applying.write();
        let view = self.view();
        let pages = self.head.pages();
        for number in &found.pages {
            let Some(page) = pages.get(*number as usize) else { continue };
            let data = page.data.lock();
            debug_assert_eq!(data.epoch, view.epoch.number);
            if data.min_ms <= end_incl && data.max_ms > start_excl {
                horizons.insert(*number, data.horizon());
            }
        }
        drop(between_batches);
        Selected { view, pages, horizons, start_excl, end_incl, series: Arc::default() }
    }

    /// Puts together what head and blocks have. Which of the series have samples in the time that is asked for is not
    /// looked at: the same selection comes again, for another time.
    fn merge(
        &self,
        view: &View,
        parts: &Parts,
        found: &Found,
        matchers: &[Matcher],
        key: &str,
    ) -> Result<Merged, BlockError> {
        let mut lists: Vec<Vec<(Labels, Source)>> = Vec::new();
        for (number, _) in &parts.blocks {
            let found = self.find_in_block(&view.blocks[*number as usize], matchers, key, found)?;
            let source = |ordinal: &u32| Source::Block { block: *number, ordinal: *ordinal };
            lists.push(found.labels.iter().cloned().zip(found.ordinals.iter().map(source)).collect());
        }
        if parts.head {
            let source =
                |(slot, generation): &(u32, u32)| Source::Head { slot: *slot, generation: *generation };
            lists.push(found.labels.iter().cloned().zip(found.slots.iter().map(source)).collect());
        }
        lists.retain(|l| !l.is_empty());
        Ok(merge_lists(lists))
    }

    /// No set means all series.
    fn sets<'a>(sets: &'a [Vec<Matcher>], all: &'a [Vec<Matcher>; 1]) -> &'a [Vec<Matcher>] {
        if sets.is_empty() { all } else { sets }
    }

    /// See [`crate::Db::series`].
    pub(crate) fn series(
        &self,
        sets: &[Vec<Matcher>],
        start_ms: i64,
        end_ms: i64,
        limit: usize,
    ) -> Result<Vec<Labels>, ReadError> {
        let mut found = BTreeSet::new();
        for set in sets {
            let selected = self.select(set, start_ms.saturating_sub(1), end_ms)?;
            for i in 0..selected.len() {
                let mut has_samples = selected.surely_has_samples(i);
                if !has_samples {
                    selected.read(i..i + 1, &mut |_, _| {
                        has_samples = true;
                        ControlFlow::Break(())
                    })?;
                }
                if has_samples {
                    found.insert(selected.labels(i).clone());
                }
            }
        }
        Ok(take(found, limit))
    }

    /// See [`crate::Db::label_names`].
    pub(crate) fn label_names(
        &self,
        sets: &[Vec<Matcher>],
        start_ms: i64,
        end_ms: i64,
        limit: usize,
    ) -> Result<Vec<String>, ReadError> {
        let mut found = BTreeSet::new();
        let view = self.view();
        for set in Store::sets(sets, &[Vec::new()]) {
            if self.head_overlaps(&view, start_ms, end_ms) {
                let index = self.head.index();
                let slots = (!set.is_empty()).then(|| index.select(set));
                for (name, pairs) in index.names() {
                    if pairs.iter().any(|p| index.meets(*p, slots.as_ref())) {
                        found.insert(name.to_owned());
                    }
                }
            }
            for block in view.blocks.iter().filter(|b| overlaps(b, start_ms.saturating_sub(1), end_ms)) {
                found.extend(block.label_names(set)?);
            }
        }
        Ok(take(found, limit))
    }

    /// See [`crate::Db::label_values`].
    pub(crate) fn label_values(
        &self,
        name: &str,
        sets: &[Vec<Matcher>],
        start_ms: i64,
        end_ms: i64,
        limit: usize,
    ) -> Result<Vec<String>, ReadError> {
        let mut found = BTreeSet::new();
        let view = self.view();
        for set in Store::sets(sets, &[Vec::new()]) {
            if self.head_overlaps(&view, start_ms, end_ms) {
                let index = self.head.index();
                let slots = (!set.is_empty()).then(|| index.select(set));
                let pairs = index.pairs_of(name);
                match &slots {
                    Some(slots) if slots.len() < pairs.len() as u64 => {
                        let values = slots.iter().map(|s| index.value(s, name));
                        found.extend(values.filter(|v| !v.is_empty()).map(str::to_owned));
                    }
                    _ => {
                        let met = pairs.iter().filter(|p| index.meets(**p, slots.as_ref()));
                        found.extend(met.map(|p| index.strings(*p).1.to_owned()));
                    }
                }
            }
            for block in view.blocks.iter().filter(|b| overlaps(b, start_ms.saturating_sub(1), end_ms)) {
                found.extend(block.label_values(name, set)?);
            }
        }
        Ok(take(found, limit))
    }

    /// Whether the head may have samples in `start_ms ..= end_ms`. The head's own times are those of its pages.
    fn head_overlaps(&self, view: &View, start_ms: i64, end_ms: i64) -> bool {
        let frozen = view.frozen.as_ref();
        frozen.is_some_and(|f| f.min_ms <= end_ms && f.max_ms >= start_ms)
            || self.head.times().is_some_and(|(min, max)| min <= end_ms && max >= start_ms)
    }
}

impl crate::head::index::Index {
    /// Whether one of the slots (or, without slots, any) has the pair.
    fn meets(&self, pair: u32, slots: Option<&RoaringBitmap>) -> bool {
        slots.is_none_or(|slots| self.pair_at(pair).postings.intersects(slots))
    }
}

fn overlaps(block: &Block, start_excl: i64, end_incl: i64) -> bool {
    block.meta().min_ms <= end_incl && block.meta().max_ms > start_excl
}

/// What may have samples in the selected time.
fn parts(selected: &Selected) -> Parts {
    let (start, end) = (selected.start_excl, selected.end_incl);
    let blocks = selected.view.blocks.iter().enumerate().filter(|(_, b)| overlaps(b, start, end));
    let blocks = blocks.map(|(number, b)| (number as u32, b.meta().id)).collect();
    let frozen = selected.view.frozen.as_ref();
    let head = !selected.horizons.is_empty() || frozen.is_some_and(|f| f.min_ms <= end && f.max_ms > start);
    Parts { blocks, head }
}

/// Lists, each ascending by labels, into one: equal labels become one series with the sources in order of the lists.
fn merge_lists(lists: Vec<Vec<(Labels, Source)>>) -> Merged {
    let mut merged: Vec<(Labels, Vec<Source>)> = Vec::new();
    for list in lists {
        let mut before = std::mem::take(&mut merged).into_iter().peekable();
        merged.reserve(before.len().max(list.len()));
        for (labels, source) in list {
            // Blocks of one store have mostly the same series: equality, which is cheap, is asked first.
            while before.peek().is_some_and(|(l, _)| *l != labels && *l < labels) {
                merged.extend(before.next());
            }
            match before.next_if(|(l, _)| *l == labels) {
                Some((labels, mut sources)) => {
                    sources.push(source);
                    merged.push((labels, sources));
                }
                None => merged.push((labels, vec![source])),
            }
        }
        merged.extend(before);
    }
    let mut all = Merged::default();
    for (labels, sources) in merged {
        all.labels.push(labels);
        all.sources.extend(sources);
        all.ends.push(all.sources.len() as u32);
    }
    all
}

fn take<T>(all: BTreeSet<T>, limit: usize) -> Vec<T> {
    let limit = if limit == 0 { usize::MAX } else { limit };
    all.into_iter().take(limit).collect()
}
