//! Timestamps, stored once for all series that were sampled together.
//!
//! A timeline is a column of timestamps within one window of time. Series refer to one by number, and to a part of
//! it by first place and count: a series that appears or ends midway shares the timeline of its neighbours. Each
//! window numbers its timelines from 0, in the order in which they were first needed, and keeps them in pages of
//! their own.

use crate::block::bytes::{Input, Malformed, put_varint};
use crate::block::ints::{self, Column, IntsHeads, IntsWriter};
use crate::block::squeeze::{Sections, Squeezer};
use hashbrown::HashMap;
use std::io;
use xxhash_rust::xxh3::xxh3_128;

/// A page holds at most this many timestamps (and the timeline that crosses it): small, because a query for one
/// series reads a page for one timeline.
const PAGE_TIMESTAMPS_MAX: usize = 16 << 10;
/// Timelines are kept for comparison with parts of them up to this many timestamps: 16 MiB.
const KEPT_TIMESTAMPS_MAX: usize = 2 << 20;
/// Timelines that begin (or end) at one instant and are compared in turn.
const CANDIDATES_MAX: usize = 8;
const LANE: usize = 0;

/// Where the timestamps of a series are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TimelineRef {
    pub id: u32,
    /// Place of the first timestamp in the timeline.
    pub start: u32,
}

/// A page of timelines, ready to be written.
pub(crate) struct TimelinePage {
    pub first_id: u32,
    pub count: u32,
    pub bytes: Vec<u8>,
}

/// The timelines of one window while a block is written.
#[derive(Default)]
pub(crate) struct TimelineWriter {
    ids: HashMap<u128, u32>,
    /// Timelines in memory, by id.
    kept: HashMap<u32, Vec<i64>>,
    kept_timestamps: usize,
    /// Ids by first and by last timestamp.
    begins: HashMap<i64, Vec<u32>>,
    ends: HashMap<i64, Vec<u32>>,
    next_id: u32,
    page_first_id: u32,
    page_timestamps: usize,
    counts: Vec<u8>,
    ints: IntsWriter,
}

impl TimelineWriter {
    /// The place of a column, which must not be empty; a new timeline when it is nowhere yet.
    pub fn place(&mut self, timestamps: &[i64]) -> TimelineRef {
        let hash = hash_of(timestamps);
        if let Some(id) = self.ids.get(&hash) {
            return TimelineRef { id: *id, start: 0 };
        }
        if let Some(part) = self.part_of(timestamps) {
            return part;
        }
        let id = self.next_id;
        self.next_id += 1;
        self.ids.insert(hash, id);
        if self.kept_timestamps + timestamps.len() <= KEPT_TIMESTAMPS_MAX {
            self.kept_timestamps += timestamps.len();
            let (first, last) = (timestamps[0], timestamps[timestamps.len() - 1]);
            remember(&mut self.begins, first, id);
            remember(&mut self.ends, last, id);
            self.kept.insert(id, timestamps.to_vec());
        }
        self.page_timestamps += timestamps.len();
        put_varint(&mut self.counts, timestamps.len() as u64);
        self.ints.push(timestamps, LANE);
        TimelineRef { id, start: 0 }
    }

    /// The timeline of which the column is the head or the tail.
    fn part_of(&self, timestamps: &[i64]) -> Option<TimelineRef> {
        let candidates = |edges: &HashMap<i64, Vec<u32>>, t: i64| edges.get(&t).cloned().unwrap_or_default();
        for id in candidates(&self.begins, timestamps[0]) {
            if self.kept[&id].starts_with(timestamps) {
                return Some(TimelineRef { id, start: 0 });
            }
        }
        for id in candidates(&self.ends, timestamps[timestamps.len() - 1]) {
            let whole = &self.kept[&id];
            if whole.ends_with(timestamps) {
                return Some(TimelineRef { id, start: (whole.len() - timestamps.len()) as u32 });
            }
        }
        None
    }

    /// The page, once it is full.
    pub fn full_page(&mut self, squeezer: &mut Squeezer) -> io::Result<Option<TimelinePage>> {
        if self.page_timestamps < PAGE_TIMESTAMPS_MAX { Ok(None) } else { self.last_page(squeezer) }
    }

    /// The page with what is left; `None` when nothing is.
    pub fn last_page(&mut self, squeezer: &mut Squeezer) -> io::Result<Option<TimelinePage>> {
        let (first_id, count) = (self.page_first_id, self.next_id - self.page_first_id);
        if count == 0 {
            return Ok(None);
        }
        let mut sections = Sections::default();
        put_varint(&mut sections.head, count.into());
        sections.head.append(&mut self.counts);
        self.ints.put_heads(&mut sections.head);
        sections.tokens = std::mem::take(&mut self.ints.tokens);
        let bits = self.ints.finish_bits();
        self.ints.clear();
        self.page_first_id = self.next_id;
        self.page_timestamps = 0;
        Ok(Some(TimelinePage { first_id, count, bytes: sections.pack(squeezer, &bits)? }))
    }
}

fn remember(edges: &mut HashMap<i64, Vec<u32>>, t: i64, id: u32) {
    let ids = edges.entry(t).or_default();
    if ids.len() < CANDIDATES_MAX {
        ids.push(id);
    }
}

/// 128 bits: equal hashes are taken for equal columns.
fn hash_of(timestamps: &[i64]) -> u128 {
    let mut hasher = xxhash_rust::xxh3::Xxh3Default::new();
    let mut bytes = [0u8; 512];
    for chunk in timestamps.chunks(64) {
        for (slot, t) in bytes.chunks_exact_mut(8).zip(chunk) {
            slot.copy_from_slice(&t.to_le_bytes());
        }
        hasher.update(&bytes[..8 * chunk.len()]);
    }
    if timestamps.len() <= 64 { xxh3_128(&bytes[..8 * timestamps.len()]) } else { hasher.digest128() }
}

/// A page of timelines, unpacked; single timelines are decoded from it.
pub(crate) struct TimelineSheet {
    columns: Vec<Column>,
    tokens: Vec<u8>,
    bits: Vec<u8>,
}

impl TimelineSheet {
    /// Reads a page that its checksum has vouched for.
    pub fn read(page: &[u8]) -> Result<TimelineSheet, Malformed> {
        let mut sections = Sections::default();
        let bits = sections.unpack(page)?;
        let mut head = Input(&sections.head);
        let n = head.count()?;
        let counts = (0..n).map(|_| head.u32()).collect::<Result<Vec<u32>, Malformed>>()?;
        let mut heads = IntsHeads::read(&mut head, &sections.tokens)?;
        let mut columns = Vec::with_capacity(n);
        for count in counts {
            if count == 0 {
                return Err(Malformed("timeline without timestamps"));
            }
            columns.push(heads.next(count as usize, LANE)?);
        }
        heads.finish(&page[bits.clone()])?;
        Ok(TimelineSheet { columns, tokens: sections.tokens, bits: page[bits].to_vec() })
    }

    /// Decodes the timeline at `index` of the page. `None` when there is none.
    pub fn decode(&self, index: usize) -> Option<Vec<i64>> {
        let column = self.columns.get(index)?;
        // A constant timeline of more than one timestamp is never written.
        if column.constant().is_some() && column.count > 1 {
            return None;
        }
        let mut out = Vec::new();
        ints::decode(column, &self.tokens, &self.bits, &mut out);
        Some(out)
    }

    pub fn bytes(&self) -> usize {
        self.tokens.len() + self.bits.len() + self.columns.len() * size_of::<Column>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_columns_heads_and_tails_share_a_timeline() {
        let mut writer = TimelineWriter::default();
        let mut squeezer = Squeezer::new(1).unwrap();
        let a: Vec<i64> = (0..240).map(|i| 1000 + i * 15_000 + i % 3).collect();
        let b: Vec<i64> = a.iter().map(|t| t + 5).collect();
        let at = |id, start| TimelineRef { id, start };
        assert_eq!(writer.place(&a), at(0, 0));
        assert_eq!(writer.place(&b), at(1, 0));
        assert_eq!(writer.place(&a), at(0, 0));
        assert_eq!(writer.place(&a[..7]), at(0, 0));
        assert_eq!(writer.place(&b[200..]), at(1, 200));
        let gap: Vec<i64> = a[..3].iter().chain(&a[5..]).copied().collect();
        assert_eq!(writer.place(&gap), at(2, 0));
        assert!(writer.full_page(&mut squeezer).unwrap().is_none());
        let page = writer.last_page(&mut squeezer).unwrap().unwrap();
        assert_eq!((page.first_id, page.count), (0, 3));
        assert!(writer.last_page(&mut squeezer).unwrap().is_none());
        let sheet = TimelineSheet::read(&page.bytes).unwrap();
        assert_eq!([0, 1, 2, 3].map(|i| sheet.decode(i)), [Some(a), Some(b), Some(gap), None]);
    }
}
