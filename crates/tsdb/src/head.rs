//! What is in memory: every series that had a sample lately, and the samples since the last flush.
//!
//! Series lie in slots, slots in pages of 1,024; a page is one lock. Samples are appended page by page; a flush
//! takes the data of all pages at once (see [`Head::freeze`]) and leaves the series where they are. Series that
//! had none for a whole flush leave.
//!
//! Order of locks: index, pages, page. Nobody holds two pages.
//!
//! A slot is used again, so whoever keeps one keeps its generation with it and asks the page whether it still holds.

pub(crate) mod arena;
pub(crate) mod data;
mod histograms;
pub(crate) mod index;
mod keys;
mod late;
mod matching;
pub(crate) mod page;
mod postings;
pub(crate) mod rank;
mod rows;
mod symbols;
mod tails;
mod timeline;
pub(crate) mod values;

use crate::error::AppendError;
use data::PageData;
use index::Index;
use keys::Keys;
use model::Labels;
use page::{NEVER, PAGE_SERIES, Page, locate};
use parking_lot::{RwLock, RwLockReadGuard};
use roaring::RoaringBitmap;
use std::sync::atomic::{AtomicI64, AtomicU8, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

/// Pages in order of their slots. Grows by being replaced.
pub(crate) type Pages = Arc<Vec<Arc<Page>>>;

/// Beside index and samples a series costs its last time, state, mark and key: 8 + 8 + 1 and 20 ÷ 0.65.
const SERIES_BYTES: u64 = 48;

pub(crate) struct Head {
    index: RwLock<Index>,
    keys: Keys,
    pages: RwLock<Pages>,
    /// Number of the flush that samples appended now will be part of.
    epoch: AtomicU64,
    /// Counts removals of idle series, wrapping: what was touched since the last one stays.
    round: AtomicU8,
    /// Batches that were opened in an even and in an odd round and are still open.
    open: [AtomicU32; 2],
    series_max: Option<u64>,
    /// Newest sample ever, also of blocks; [`NEVER`] when there is none.
    max_ms: AtomicI64,
    /// Memory of samples, and of everything else.
    data_bytes: AtomicU64,
    index_bytes: AtomicU64,
    /// Samples since the last flush.
    samples: AtomicU64,
    pub created: AtomicU64,
    pub removed: AtomicU64,
}

/// The samples between two flushes, from the moment the later one begins.
pub(crate) struct Frozen {
    pub pages: Vec<PageData>,
    pub min_ms: i64,
    pub max_ms: i64,
}

/// The samples since the last flush as a reader knows them: in the pages, until a flush takes them.
pub(crate) struct Epoch {
    pub number: u64,
    pub frozen: OnceLock<Arc<Frozen>>,
}

impl Epoch {
    pub fn new(number: u64) -> Arc<Epoch> {
        Arc::new(Epoch { number, frozen: OnceLock::new() })
    }
}

impl Head {
    pub fn new(series_max: Option<u64>) -> Head {
        Head {
            index: RwLock::default(),
            keys: Keys::new(),
            pages: RwLock::default(),
            epoch: AtomicU64::new(0),
            round: AtomicU8::new(0),
            open: [AtomicU32::new(0), AtomicU32::new(0)],
            series_max,
            max_ms: AtomicI64::new(NEVER),
            data_bytes: AtomicU64::new(0),
            index_bytes: AtomicU64::new(0),
            samples: AtomicU64::new(0),
            created: AtomicU64::new(0),
            removed: AtomicU64::new(0),
        }
    }

    pub fn index(&self) -> RwLockReadGuard<'_, Index> {
        self.index.read()
    }

    pub fn pages(&self) -> Pages {
        Arc::clone(&self.pages.read())
    }

    pub fn keys(&self) -> &Keys {
        &self.keys
    }

    pub fn round(&self) -> u8 {
        self.round.load(Ordering::Relaxed)
    }

    /// A batch is opened: what it touches stays until it is closed. Returns what [`Head::leave`] is to be told.
    pub fn enter(&self) -> u8 {
        let round = self.round.load(Ordering::SeqCst) & 1;
        self.open[round as usize].fetch_add(1, Ordering::SeqCst);
        round
    }

    pub fn leave(&self, round: u8) {
        self.open[round as usize].fetch_sub(1, Ordering::SeqCst);
    }

    pub fn max_ms(&self) -> i64 {
        self.max_ms.load(Ordering::Relaxed)
    }

    pub fn saw(&self, t: i64) {
        self.max_ms.fetch_max(t, Ordering::Relaxed);
    }

    /// Memory held, estimated.
    pub fn bytes(&self) -> u64 {
        self.data_bytes() + self.index_bytes.load(Ordering::Relaxed)
    }

    pub fn data_bytes(&self) -> u64 {
        self.data_bytes.load(Ordering::Relaxed)
    }

    /// Counts what appending to a page added (or, after a deletion, freed).
    pub fn count(&self, samples: u64, bytes_before: usize, bytes_after: usize) {
        self.samples.fetch_add(samples, Ordering::Relaxed);
        if bytes_after >= bytes_before {
            self.data_bytes.fetch_add((bytes_after - bytes_before) as u64, Ordering::Relaxed);
        } else {
            self.data_bytes.fetch_sub((bytes_before - bytes_after) as u64, Ordering::Relaxed);
        }
    }

    pub fn uncount(&self, samples: u64) {
        self.samples.fetch_sub(samples, Ordering::Relaxed);
    }

    /// Samples since the last flush.
    pub fn samples(&self) -> u64 {
        self.samples.load(Ordering::Relaxed)
    }

    /// Slot and generation of a series, which is created when it is not there and may be.
    pub fn series(
        &self,
        labels: &Labels,
        may_create: impl FnOnce() -> Result<(), AppendError>,
    ) -> Result<(u32, u32), AppendError> {
        if labels.is_empty() {
            return Err(AppendError::NoLabels);
        }
        let hash = labels.hash64();
        if let Some(found) = self.find(&self.index.read(), labels, hash) {
            return Ok(found);
        }
        let mut index = self.index.write();
        if let Some(found) = self.find(&index, labels, hash) {
            return Ok(found);
        }
        if let Some(limit) = self.series_max.filter(|max| index.len() as u64 >= *max) {
            return Err(AppendError::SeriesLimit { limit });
        }
        may_create()?;
        Ok(self.create(&mut index, labels, hash))
    }

    /// Finds or creates series that were accepted once. Calls back with the place in the list and the slot.
    pub fn restore(&self, all: &[(u32, Labels)], mut done: impl FnMut(usize, u32)) {
        let mut index = self.index.write();
        for (i, (_, labels)) in all.iter().enumerate() {
            let hash = labels.hash64();
            let found = index.find(labels, hash);
            done(i, found.unwrap_or_else(|| self.create(&mut index, labels, hash).0));
        }
    }

    fn create(&self, index: &mut Index, labels: &Labels, hash: u64) -> (u32, u32) {
        let slot = index.insert(labels, hash);
        self.index_bytes.fetch_add(SERIES_BYTES + labels.as_bytes().len() as u64 / 2, Ordering::Relaxed);
        self.created.fetch_add(1, Ordering::Relaxed);
        let (page, at) = locate(slot);
        let page = self.page(page);
        let generation = page.renew(at);
        page.touch(at, self.round());
        (slot, generation)
    }

    fn find(&self, index: &Index, labels: &Labels, hash: u64) -> Option<(u32, u32)> {
        let slot = index.find(labels, hash)?;
        let (page, at) = locate(slot);
        let page = Arc::clone(&self.pages.read()[page]);
        // The index is held: nobody removes series now.
        page.touch(at, self.round());
        Some((slot, page.state(at).generation))
    }

    /// The page with a number, which is made when it is the next.
    fn page(&self, number: usize) -> Arc<Page> {
        if let Some(page) = self.pages.read().get(number) {
            return Arc::clone(page);
        }
        let mut pages = self.pages.write();
        let mut more = Vec::with_capacity(number + 1);
        more.extend(pages.iter().cloned());
        while more.len() <= number {
            more.push(Arc::new(Page::new(self.epoch.load(Ordering::Relaxed))));
        }
        *pages = Arc::new(more);
        Arc::clone(&pages[number])
    }

    /// Takes the samples out of all pages. The caller sees to it that nobody appends meanwhile; readers may read: those who
    /// come to a page that is emptied already wait for `epoch`, which is filled in here, last.
    pub fn freeze(&self, epoch: &Epoch) -> Arc<Frozen> {
        let pages = self.pages.write();
        debug_assert_eq!(self.epoch.load(Ordering::Relaxed), epoch.number);
        self.epoch.store(epoch.number + 1, Ordering::Relaxed);
        let (mut frozen, mut after) = (Vec::with_capacity(pages.len()), 0);
        let (mut min_ms, mut max_ms) = (i64::MAX, i64::MIN);
        for page in pages.iter() {
            let mut data = page.data.lock();
            let next = data.successor();
            after += next.bytes() as u64;
            let old = std::mem::replace(&mut *data, next);
            (min_ms, max_ms) = (min_ms.min(old.min_ms), max_ms.max(old.max_ms));
            frozen.push(old);
        }
        self.samples.store(0, Ordering::Relaxed);
        // What is frozen counts until it is forgotten.
        self.data_bytes.fetch_add(after, Ordering::Relaxed);
        let frozen = Arc::new(Frozen { pages: frozen, min_ms, max_ms });
        let _ = epoch.frozen.set(Arc::clone(&frozen));
        frozen
    }

    /// What was frozen is in blocks now.
    pub fn thawed(&self, frozen: &Frozen) {
        let bytes: u64 = frozen.pages.iter().map(|p| p.bytes() as u64).sum();
        self.data_bytes.fetch_sub(bytes.min(self.data_bytes()), Ordering::Relaxed);
    }

    /// Removes the series that have no sample here and were not touched since the last removal. Nothing may be
    /// frozen. While a batch is open since before the last removal nothing is removed: what it touched before that may
    /// look idle. A batch opened since has touched what it needs in this round.
    pub fn remove_idle(&self) -> u64 {
        let mut index = self.index.write();
        let round = self.round();
        if self.open[(round & 1) as usize ^ 1].load(Ordering::SeqCst) > 0 {
            return 0;
        }
        let pages = self.pages();
        let mut gone = RoaringBitmap::new();
        for (number, page) in pages.iter().enumerate() {
            let mut data = page.data.lock();
            for at in 0..PAGE_SERIES {
                let slot = (number * PAGE_SERIES + at) as u32;
                let idle = !page.is_touched(at, round) && index.live().contains(slot) && !data.holds(at);
                if idle && page.retire(at, round) {
                    data.forget(at);
                    gone.insert(slot);
                }
            }
        }
        // Only now: what is touched while the pages are walked was touched in this round.
        self.round.store(round.wrapping_add(1), Ordering::SeqCst);
        if !gone.is_empty() {
            index.remove(&gone);
            self.keys.remove(&gone);
            self.removed.fetch_add(gone.len(), Ordering::Relaxed);
        }
        drop(index);
        self.measure();
        gone.len()
    }

    /// First and last time of the samples since the last flush.
    pub fn times(&self) -> Option<(i64, i64)> {
        let (mut min, mut max) = (i64::MAX, i64::MIN);
        for page in self.pages().iter() {
            let data = page.data.lock();
            (min, max) = (min.min(data.min_ms), max.max(data.max_ms));
        }
        (min <= max).then_some((min, max))
    }

    /// Replaces the estimate of the memory of the index by a better one.
    pub fn measure(&self) {
        let pages = self.pages().len() * Page::bytes();
        let bytes = self.index.read().bytes() + self.keys.bytes() + pages;
        self.index_bytes.store(bytes as u64, Ordering::Relaxed);
    }
}
