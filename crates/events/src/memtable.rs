//! Events that are in no file yet.
//!
//! A memtable has a table for each kind. A table holds batches as they came, in which nothing can be looked for, and
//! *chunks*, in which it can: Arrow batches of about 16,000 rows. The background makes a chunk as soon as there are rows
//! for one. Whoever looks before gets the rest as *scraps*: small chunks of the batches that no scrap covers yet, which
//! the next one to look finds made, and which go when their batches become a chunk.
//!
//! Two locks a table: `sealing` is held by whoever turns batches into columns, `state` only to look or to swap; so a
//! writer never waits for columns. Order: sealing → state.
//!
//! Invariants: each row is in a batch or in a chunk, never in both; scraps cover the first batches, in order. Bytes are
//! reserved from the budget as long as they are held, except when columns turn out longer than their batches and there
//! is no room: those are held anyway, because what was acknowledged is not dropped.

use crate::columns::Registry;
use crate::rows::{self, Chunk};
use crate::scan::MemorySource;
use arrow::error::ArrowError;
use base::{Budget, Reservation};
use model::event::{Batch, Kind};
use parking_lot::Mutex;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

/// Rows for which a chunk is made. Two pages of a file: 16,384 rows of 12 attributes are about 4 MB, converted in 10 ms.
pub(crate) const CHUNK_ROWS: usize = 16_384;
/// Text for which a chunk is made before it has its rows: what is written as JSON grows at most sixfold, and all text of
/// a column must stay under 2 GiB. (64 MB + one batch of [`BATCH_TEXT_MAX`]) × 6 = 1.9 GB.
const CHUNK_TEXT_MAX: usize = 64 << 20;
/// Text of one batch. A request is limited to less.
pub(crate) const BATCH_TEXT_MAX: usize = 256 << 20;
/// Scraps of a table: when there are more, one is made of them all. A part of a query costs about 50 µs: under 1 ms.
const SCRAPS_MAX: usize = 16;

/// All that came between two flushes.
pub(crate) struct Memtable {
    tables: [Table; 3],
    /// Held now, about.
    bytes: AtomicU64,
    /// When the first batch came, Unix milliseconds; `i64::MAX` when it is empty.
    since_ms: AtomicI64,
    pub counters: Arc<MemCounters>,
}

/// Counted over all memtables.
#[derive(Debug, Default)]
pub(crate) struct MemCounters {
    /// Gives chunks their names.
    chunks: AtomicU64,
    /// Attributes that went to the overflow, and those that did not fit there.
    pub overflowed: AtomicU64,
    pub cut: AtomicU64,
}

/// A batch with the memory that is reserved for it.
pub(crate) struct Held {
    pub batch: Arc<Batch>,
    pub _reservation: Option<Reservation>,
    /// As reserved, or as it would have been.
    pub bytes: u64,
}

#[derive(Default)]
struct Table {
    sealing: Mutex<()>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// Their memory is counted as long as anybody reads them.
    chunks: Vec<Arc<MemorySource>>,
    batches: Vec<Held>,
    /// Of `batches`.
    rows: usize,
    text: usize,
    scraps: Vec<Scrap>,
}

struct Scrap {
    source: Arc<MemorySource>,
    /// Batches up to here are covered by this scrap and those before it.
    upto: usize,
}

impl Memtable {
    pub fn new(counters: Arc<MemCounters>) -> Memtable {
        let (bytes, since_ms) = (AtomicU64::new(0), AtomicI64::new(i64::MAX));
        Memtable { tables: Default::default(), bytes, since_ms, counters }
    }

    pub fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }

    /// When the first batch came; `None` when there is none.
    pub fn since_ms(&self) -> Option<i64> {
        Some(self.since_ms.load(Ordering::Relaxed)).filter(|ms| *ms < i64::MAX)
    }

    pub fn is_empty(&self) -> bool {
        self.since_ms().is_none()
    }

    /// Adds a batch. Says whether there are rows for a chunk now.
    pub fn push(&self, held: Held, now_ms: i64) -> bool {
        self.bytes.fetch_add(held.bytes, Ordering::Relaxed);
        self.since_ms.fetch_min(now_ms, Ordering::Relaxed);
        let mut state = self.table(held.batch.kind).state.lock();
        state.rows += held.batch.len();
        state.text += held.batch.text.len();
        state.batches.push(held);
        state.is_full()
    }

    /// Makes chunks of all batches for which there are rows; of the rest too, when it is the last chance.
    pub fn seal(
        &self,
        kind: Kind,
        registry: &Registry,
        budget: &Budget,
        rest: Rest,
    ) -> Result<(), ArrowError> {
        let table = self.table(kind);
        loop {
            // Taken anew for each chunk: who looks meanwhile waits for one, not for all.
            let _sealing = table.sealing.lock();
            let batches = {
                let state = table.state.lock();
                if state.batches.is_empty() || (rest == Rest::Stays && !state.is_full()) {
                    return Ok(());
                }
                state.first()
            };
            let source = self.source(kind, rows::chunk(&batches, registry)?);
            let count = batches.len();
            drop(batches);
            let bytes = source.bytes();
            let before = table.state.lock().replace(count, Arc::clone(&source));
            let freed: u64 = before.iter().map(|held| held.bytes).sum();
            // The batches' memory goes first, so that the columns find room.
            drop(before);
            source.hold(budget);
            self.bytes.fetch_add(bytes, Ordering::Relaxed);
            self.bytes.fetch_sub(freed, Ordering::Relaxed);
        }
    }

    /// All rows of a kind, as columns.
    pub fn sources(
        &self,
        kind: Kind,
        registry: &Registry,
        budget: &Budget,
    ) -> Result<Vec<Arc<MemorySource>>, ArrowError> {
        // After a start there are batches for many chunks; a scrap is never larger than one.
        self.seal(kind, registry, budget, Rest::Stays)?;
        let table = self.table(kind);
        let _sealing = table.sealing.lock();
        let (batches, upto) = {
            let mut state = table.state.lock();
            let covered = state.scraps.last().map_or(0, |scrap| scrap.upto);
            let upto = state.batches.len();
            if covered == upto {
                return Ok(state.sources());
            }
            if state.scraps.len() >= SCRAPS_MAX {
                state.scraps.clear();
            }
            let from = state.scraps.last().map_or(0, |scrap| scrap.upto);
            (state.batches[from..].iter().map(|held| Arc::clone(&held.batch)).collect::<Vec<_>>(), upto)
        };
        let source = self.source(kind, rows::chunk(&batches, registry)?);
        source.hold(budget);
        let mut state = table.state.lock();
        state.scraps.push(Scrap { source, upto });
        Ok(state.sources())
    }

    /// The chunks of a kind; all rows are in them when [`Memtable::seal`] took the rest and nothing came since.
    pub fn chunks(&self, kind: Kind) -> Vec<Arc<MemorySource>> {
        self.table(kind).state.lock().chunks.clone()
    }

    /// Rows of a kind.
    pub fn rows(&self, kind: Kind) -> u64 {
        let state = self.table(kind).state.lock();
        state.rows as u64 + state.chunks.iter().map(|c| c.batch.num_rows() as u64).sum::<u64>()
    }

    fn table(&self, kind: Kind) -> &Table {
        &self.tables[kind as usize]
    }

    fn source(&self, kind: Kind, chunk: Chunk) -> Arc<MemorySource> {
        let counters = &self.counters;
        counters.overflowed.fetch_add(chunk.overflowed, Ordering::Relaxed);
        counters.cut.fetch_add(chunk.cut, Ordering::Relaxed);
        let number = counters.chunks.fetch_add(1, Ordering::Relaxed);
        let name = Arc::from(format!("memory/{}/{number}", kind.table()));
        let Chunk { batch, min_ns, max_ns, .. } = chunk;
        Arc::new(MemorySource::new(name, batch, min_ns, max_ns))
    }
}

/// What happens to batches that are too few for a chunk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rest {
    Stays,
    /// They become a small one.
    Goes,
}

impl State {
    fn is_full(&self) -> bool {
        self.rows >= CHUNK_ROWS || self.text >= CHUNK_TEXT_MAX
    }

    /// The batches of the next chunk.
    fn first(&self) -> Vec<Arc<Batch>> {
        let (mut rows, mut text) = (0, 0);
        let mut batches = Vec::new();
        for held in &self.batches {
            batches.push(Arc::clone(&held.batch));
            rows += held.batch.len();
            text += held.batch.text.len();
            if rows >= CHUNK_ROWS || text >= CHUNK_TEXT_MAX {
                break;
            }
        }
        batches
    }

    /// Puts a chunk in the place of the first batches.
    fn replace(&mut self, count: usize, source: Arc<MemorySource>) -> Vec<Held> {
        let gone: Vec<Held> = self.batches.drain(..count).collect();
        self.rows -= gone.iter().map(|held| held.batch.len()).sum::<usize>();
        self.text -= gone.iter().map(|held| held.batch.text.len()).sum::<usize>();
        self.chunks.push(source);
        // A scrap that covers batches on both sides of the cut cannot stay, nor can those behind it.
        let aligned = self.scraps.iter().any(|scrap| scrap.upto == count) || self.scraps.is_empty();
        if aligned {
            self.scraps.retain_mut(|scrap| {
                let stays = scrap.upto > count;
                scrap.upto = scrap.upto.saturating_sub(count);
                stays
            });
        } else {
            self.scraps.clear();
        }
        gone
    }

    fn sources(&self) -> Vec<Arc<MemorySource>> {
        self.chunks.iter().chain(self.scraps.iter().map(|scrap| &scrap.source)).cloned().collect()
    }
}

#[cfg(test)]
mod tests;
