//! A page: 1,024 neighbouring slots under one lock. Series of one scrape are created together and lie together.

use super::data::PageData;
use parking_lot::Mutex;
use std::sync::atomic::{AtomicI64, AtomicU8, AtomicU64, Ordering};

/// One lock and one set of timelines for this many series: a scrape of 1,500 series takes two locks.
pub(crate) const PAGE_SERIES: usize = 1024;

/// The time of a series without samples.
pub(crate) const NEVER: i64 = i64::MIN;

pub(crate) struct Page {
    pub data: Mutex<PageData>,
    /// Time of the last sample of each series; written under the lock, read without.
    last_ms: Box<[AtomicI64]>,
    /// Generation of each slot in the upper half; in the lower half the log segment that last had the labels of
    /// the series.
    states: Box<[AtomicU64]>,
    /// The round of removals in which each series was last asked for.
    touched: Box<[AtomicU8]>,
}

/// Who a slot is now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct State {
    pub generation: u32,
    /// 0 for none.
    pub defined_in: u32,
}

impl Page {
    pub fn new(epoch: u64) -> Page {
        Page {
            data: Mutex::new(PageData::new(epoch)),
            last_ms: (0..PAGE_SERIES).map(|_| AtomicI64::new(NEVER)).collect(),
            states: (0..PAGE_SERIES).map(|_| AtomicU64::new(0)).collect(),
            touched: (0..PAGE_SERIES).map(|_| AtomicU8::new(0)).collect(),
        }
    }

    #[inline]
    pub fn last_ms(&self, at: usize) -> i64 {
        self.last_ms[at].load(Ordering::Relaxed)
    }

    #[inline]
    pub fn set_last_ms(&self, at: usize, t: i64) {
        self.last_ms[at].store(t, Ordering::Relaxed);
    }

    /// Keeps a series from being removed as idle, if it has not been before: whoever touches asks for the state *then*.
    #[inline]
    pub fn touch(&self, at: usize, round: u8) {
        if self.touched[at].load(Ordering::Relaxed) != round {
            self.touched[at].store(round, Ordering::SeqCst);
        }
    }

    pub fn is_touched(&self, at: usize, round: u8) -> bool {
        self.touched[at].load(Ordering::SeqCst) == round
    }

    /// Makes references to a series void, unless it has been touched in this round. First the state goes, then it is
    /// looked whether somebody touched: one of the two sees the other, as both orders are sequentially consistent.
    pub fn retire(&self, at: usize, round: u8) -> bool {
        let old = self.states[at].load(Ordering::SeqCst);
        self.renew_state(at);
        if self.is_touched(at, round) {
            self.states[at].store(old, Ordering::SeqCst);
            return false;
        }
        self.set_last_ms(at, NEVER);
        true
    }

    #[inline]
    pub fn state(&self, at: usize) -> State {
        let state = self.states[at].load(Ordering::SeqCst);
        State { generation: (state >> 32) as u32, defined_in: state as u32 }
    }

    /// Says that the labels of a series are in a log segment, unless the slot has become another's.
    pub fn set_defined(&self, at: usize, generation: u32, segment: u32) {
        let state = &self.states[at];
        let old = state.load(Ordering::Acquire);
        if (old >> 32) as u32 == generation {
            let new = (generation as u64) << 32 | segment as u64;
            let _ = state.compare_exchange(old, new, Ordering::AcqRel, Ordering::Acquire);
        }
    }

    /// A new series takes the slot. Returns the generation.
    pub fn renew(&self, at: usize) -> u32 {
        self.set_last_ms(at, NEVER);
        self.renew_state(at)
    }

    fn renew_state(&self, at: usize) -> u32 {
        let generation = self.state(at).generation.wrapping_add(1).max(1);
        self.states[at].store((generation as u64) << 32, Ordering::SeqCst);
        generation
    }

    /// Memory held beside the samples.
    pub fn bytes() -> usize {
        size_of::<Page>() + PAGE_SERIES * (size_of::<AtomicI64>() + size_of::<AtomicU64>() + 1)
    }
}

/// Page and place of a slot.
#[inline]
pub(crate) fn locate(slot: u32) -> (usize, usize) {
    (slot as usize / PAGE_SERIES, slot as usize % PAGE_SERIES)
}
