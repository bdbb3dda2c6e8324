//! What a target exposed before: from the bytes of a series to its reference in the store, without reading labels.
//!
//! A body repeats the one before almost line by line, so the series after the one found last is tried first; a hash
//! table answers when it is another. Entries are keyed by a 128-bit hash of the bytes: the bytes themselves are not
//! kept, and two series of one target collide once in 2⁶⁴ tries. An entry costs 56 bytes and two table slots, some
//! 70 bytes a series in all.
//!
//! The cache also knows which series had a sample in the last scrape: those that have none in this one get a stale
//! marker. Two exposed series may become the same after relabeling; then one entry owns the reference, and what is
//! said of the series is said of the owner.

use hashbrown::HashTable;
use tsdb::SeriesRef;
use xxhash_rust::xxh3::xxh3_128;

/// Entries not seen for a while are removed when they are more than one in this many, or at every
/// [`CLEAN_EVERY`]th scrape.
const UNSEEN_SHARE: usize = 4;
const CLEAN_EVERY: u32 = 64;
/// Failing scrapes may fill the cache to twice what the last good one needed, and this many: as Prometheus.
const GROWTH_FREE: usize = 1000;

/// Number of a scrape, from 1; 0 means never.
type Iteration = u32;

/// Names an entry until the end of the scrape.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EntryId(u32);

/// The hash of an exposed series.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Key([u64; 2]);

impl Key {
    fn of(bytes: &[u8]) -> Key {
        let hash = xxh3_128(bytes);
        Key([hash as u64, (hash >> 64) as u64])
    }
}

#[derive(Clone, Debug)]
struct Entry {
    /// The two halves of the hash: as one number it would be aligned to 16 bytes, and cost 8 more.
    key: [u64; 2],
    /// `None`: relabeling drops the series.
    series: Option<SeriesRef>,
    /// The entry that owns the reference: this one, unless another came first.
    owner: u32,
    /// When the bytes were last exposed.
    seen: Iteration,
    /// When the owner last had a sample without a time of its own.
    sampled: Iteration,
    /// When the owner last had a sample whose absence should be marked.
    tracked: Iteration,
    /// When it last was tracked in two scrapes in a row: what a failure goes back to.
    again: Iteration,
}

/// What is known of a series.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Found {
    /// Nothing yet: read its labels.
    New,
    Dropped,
    Known(EntryId, SeriesRef),
}

#[derive(Debug, Default)]
pub struct Cache {
    iteration: Iteration,
    entries: Vec<Entry>,
    by_key: HashTable<u32>,
    /// Owners by reference.
    by_series: HashTable<u32>,
    /// The entry expected next.
    expected: usize,
    /// How many were tracked in the last iteration, and how many of those again in this one.
    tracked_before: usize,
    tracked_again: usize,
    tracked_now: usize,
    seen_now: usize,
    /// Entries after the last good scrape.
    good: usize,
    /// Series that the labels of a former configuration led to: they end unless they come again.
    orphans: Vec<SeriesRef>,
}

impl Cache {
    pub fn new() -> Cache {
        Cache { iteration: 1, ..Cache::default() }
    }

    /// Series known, dropped ones among them.
    #[cfg(test)]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Looks an exposed series up and notes that it was seen.
    pub fn find(&mut self, bytes: &[u8]) -> (Key, Found) {
        let key = Key::of(bytes);
        let at = match self.entries.get(self.expected) {
            Some(entry) if entry.key == key.0 => self.expected,
            _ => match self.by_key.find(key.0[0], |at| self.entries[*at as usize].key == key.0) {
                Some(at) => *at as usize,
                None => return (key, Found::New),
            },
        };
        self.expected = at + 1;
        let entry = &mut self.entries[at];
        if entry.seen != self.iteration {
            entry.seen = self.iteration;
            self.seen_now += 1;
        }
        let found = match entry.series {
            Some(series) => Found::Known(EntryId(at as u32), series),
            None => Found::Dropped,
        };
        (key, found)
    }

    /// Whether the series has had a sample without a time of its own in this scrape; from now on it has.
    pub fn is_repeated(&mut self, id: EntryId) -> bool {
        let owner = self.entries[id.0 as usize].owner as usize;
        std::mem::replace(&mut self.entries[owner].sampled, self.iteration) == self.iteration
    }

    /// [`Cache::is_repeated`] for a series that has no entry yet.
    pub fn is_sampled(&self, series: SeriesRef) -> bool {
        self.owner_of(series).is_some_and(|owner| self.entries[owner as usize].sampled == self.iteration)
    }

    /// Remembers a series that relabeling drops.
    pub fn add_dropped(&mut self, key: Key) {
        self.insert(key, None);
    }

    /// Remembers a series that was stored. `sampled` when its sample had no time of its own.
    pub fn add(&mut self, key: Key, series: SeriesRef, sampled: bool) -> EntryId {
        let at = self.insert(key, Some(series));
        match self.owner_of(series) {
            Some(owner) => self.entries[at as usize].owner = owner,
            None => self.index_series(at),
        }
        if sampled {
            let owner = self.entries[at as usize].owner as usize;
            self.entries[owner].sampled = self.iteration;
        }
        EntryId(at)
    }

    /// Gives an entry the reference of a series that was made anew because the store had forgotten it.
    pub fn replace(&mut self, id: EntryId, series: SeriesRef) {
        let owner = self.entries[id.0 as usize].owner;
        if let Some(old) = self.entries[owner as usize].series
            && let Ok(slot) = self.by_series.find_entry(hash_of(old), |at| *at == owner)
        {
            slot.remove();
        }
        for entry in self.entries.iter_mut().filter(|e| e.owner == owner) {
            entry.series = Some(series);
        }
        self.index_series(owner);
    }

    /// Notes that the absence of the series in the next scrape should be marked.
    pub fn track(&mut self, id: EntryId) {
        let owner = self.entries[id.0 as usize].owner as usize;
        let entry = &mut self.entries[owner];
        if entry.tracked == self.iteration {
            return;
        }
        self.tracked_now += 1;
        if entry.tracked + 1 == self.iteration {
            self.tracked_again += 1;
            entry.again = self.iteration;
        }
        entry.tracked = self.iteration;
    }

    /// Forgets which series this scrape had, because it failed after some of them: all of the last one have ended.
    pub fn untrack(&mut self) {
        for entry in self.entries.iter_mut().filter(|e| e.tracked == self.iteration) {
            entry.tracked = if entry.again == self.iteration { self.iteration - 1 } else { 0 };
        }
        (self.tracked_now, self.tracked_again) = (0, 0);
    }

    /// The series that had a sample in the last scrape and have none in this one.
    pub fn stale(&self) -> Vec<SeriesRef> {
        let mut stale = Vec::new();
        if self.tracked_again < self.tracked_before {
            let gone = self.entries.iter().filter(|e| e.tracked != 0 && e.tracked + 1 == self.iteration);
            stale.extend(gone.filter_map(|e| e.series));
        }
        let is_tracked = |series: SeriesRef| {
            self.owner_of(series).is_some_and(|owner| self.entries[owner as usize].tracked == self.iteration)
        };
        stale.extend(self.orphans.iter().copied().filter(|series| !is_tracked(*series)));
        stale
    }

    /// Ends a scrape. `good` when it had a body that could be stored. Returns whether the cache had to be cleaned
    /// because failing scrapes filled it.
    pub fn end(&mut self, good: bool) -> bool {
        let grown = !good && self.entries.len() > 2 * self.good + GROWTH_FREE;
        let unseen = self.entries.len() - self.seen_now;
        let due = unseen * UNSEEN_SHARE > self.entries.len() || self.iteration.is_multiple_of(CLEAN_EVERY);
        if grown || (good && unseen > 0 && due) {
            self.clean();
        }
        if good {
            self.good = self.entries.len();
        }
        self.orphans.clear();
        (self.tracked_before, self.tracked_now, self.tracked_again) = (self.tracked_now, 0, 0);
        (self.seen_now, self.expected) = (0, 0);
        self.iteration += 1;
        grown
    }

    /// Forgets what exposed series lead to, because labels are made in a new way; series that had a sample in the
    /// last scrape are still known to end.
    pub fn forget_labels(&mut self) {
        let last = self.entries.iter().filter(|e| e.tracked != 0 && e.tracked + 1 == self.iteration);
        let orphans: Vec<SeriesRef> = last.filter_map(|e| e.series).chain(self.orphans.drain(..)).collect();
        *self = Cache { iteration: self.iteration, orphans, ..Cache::default() };
    }

    fn insert(&mut self, key: Key, series: Option<SeriesRef>) -> u32 {
        let at = u32::try_from(self.entries.len()).expect("a scrape has fewer than 2³² series");
        let entry =
            Entry { key: key.0, series, owner: at, seen: self.iteration, sampled: 0, tracked: 0, again: 0 };
        self.entries.push(entry);
        self.seen_now += 1;
        self.index_key(at);
        self.expected = self.entries.len();
        at
    }

    fn owner_of(&self, series: SeriesRef) -> Option<u32> {
        self.by_series.find(hash_of(series), |at| self.entries[*at as usize].series == Some(series)).copied()
    }

    /// Removes entries that this scrape did not show.
    fn clean(&mut self) {
        let old = std::mem::take(&mut self.entries);
        self.by_key.clear();
        self.by_series.clear();
        let iteration = self.iteration;
        for entry in old.iter().filter(|e| e.seen == iteration) {
            let at = self.entries.len() as u32;
            // What is known of the series goes to the first of its entries that stays.
            let before = &old[entry.owner as usize];
            let owner = entry.series.and_then(|series| self.owner_of(series));
            self.entries.push(Entry {
                owner: owner.unwrap_or(at),
                sampled: if owner.is_none() { before.sampled } else { 0 },
                tracked: if owner.is_none() { before.tracked } else { 0 },
                ..entry.clone()
            });
            self.index_key(at);
            if owner.is_none() {
                self.index_series(at);
            }
        }
        self.tracked_now = self.entries.iter().filter(|e| e.tracked == self.iteration).count();
    }

    fn index_key(&mut self, at: u32) {
        let entries = &self.entries;
        let hash = |at: &u32| entries[*at as usize].key[0];
        self.by_key.insert_unique(hash(&at), at, hash);
    }

    /// Makes an entry the owner of its reference, if it has one.
    fn index_series(&mut self, at: u32) {
        let entries = &self.entries;
        let hash = |at: &u32| entries[*at as usize].series.map_or(0, hash_of);
        if entries[at as usize].series.is_some() {
            self.by_series.insert_unique(hash(&at), at, hash);
        }
    }
}

/// References count up, which a hash table must not see.
fn hash_of(series: SeriesRef) -> u64 {
    use std::hash::{Hash, Hasher};
    let mut hasher = xxhash_rust::xxh3::Xxh3Default::new();
    series.hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests;
