//! Spans that may have called others without a span of their own for the call, each for a while.
//!
//! A table of sets: a span is sought and put in one set of four, which is one line of the processor's cache, so that a
//! span costs no more than that. When a set is full of spans that are still wanted, the table doubles; at its greatest
//! the oldest of the set goes. Nothing is ever taken out: what is too old counts as absent.

use super::nodes::NodeId;
use model::event::{SpanId, TraceId};

/// Sets at first: 256 × 64 B are 16 kB.
const SETS_MIN: usize = 256;
/// Sets at most: 65,536 × 64 B are 4 MB, room for 26,000 spans a second for ten seconds; of more the last ones stay.
const SETS_MAX: usize = if cfg!(test) { 1_024 } else { 65_536 };
/// Spans of a set.
const WAYS: usize = 4;

/// A span by a hash of its ids; odd, so that zero is none. That two of a million spans within ten seconds share one is
/// a matter of one in 10^7.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SpanTag(u64);

impl SpanTag {
    pub fn new(trace_id: TraceId, span_id: SpanId) -> SpanTag {
        let (trace, span) = (u128::from_be_bytes(trace_id.0), u64::from_be_bytes(span_id.0));
        let (high, low) = ((trace >> 64) as u64, trace as u64);
        let trace = fold(high ^ 0x9E37_79B9_7F4A_7C15, low ^ 0xC2B2_AE3D_27D4_EB4F);
        SpanTag(fold(trace ^ span, 0xD6E8_FEB8_6659_FD93) | 1)
    }
}

/// Both halves of the product, so that each bit depends on each.
fn fold(a: u64, b: u64) -> u64 {
    let product = u128::from(a) * u128::from(b);
    (product >> 64) as u64 ^ product as u64
}

#[derive(Clone, Copy, Debug, Default)]
struct Entry {
    /// 0 is an empty place.
    tag: u64,
    node: NodeId,
    /// Milliseconds, of which the lower half tells times of fifty days apart.
    since: u32,
}

#[derive(Clone, Copy, Debug, Default)]
#[repr(align(64))]
struct Set([Entry; WAYS]);

/// The spans of late, with their nodes.
pub(crate) struct Lately {
    sets: Vec<Set>,
    wait_ms: u32,
}

impl Lately {
    pub fn new(wait_ms: i64) -> Lately {
        // Made with the first span: who sends none pays nothing.
        Lately { sets: Vec::new(), wait_ms: wait_ms.clamp(0, i64::from(u32::MAX)) as u32 }
    }

    /// The node of a span that was put not longer ago than the wait.
    pub fn get(&self, tag: SpanTag, now_ms: i64) -> Option<NodeId> {
        let set = self.sets.get(place(tag.0, self.sets.len()))?;
        let entry = set.0.iter().find(|entry| entry.tag == tag.0)?;
        self.is_wanted(entry, now_ms).then_some(entry.node)
    }

    pub fn put(&mut self, tag: SpanTag, node: NodeId, now_ms: i64) {
        let entry = Entry { tag: tag.0, node, since: now_ms as u32 };
        if self.sets.is_empty() {
            self.sets.resize(SETS_MIN, Set::default());
        }
        while !self.insert(entry, now_ms) {
            self.grow(now_ms);
        }
    }

    /// The nodes of all spans that may still be asked for.
    pub fn nodes(&self, now_ms: i64) -> impl Iterator<Item = NodeId> {
        let entries = self.sets.iter().flat_map(|set| &set.0);
        entries.filter(move |entry| self.is_wanted(entry, now_ms)).map(|entry| entry.node)
    }

    fn is_wanted(&self, entry: &Entry, now_ms: i64) -> bool {
        entry.tag != 0 && (now_ms as u32).wrapping_sub(entry.since) <= self.wait_ms
    }

    /// False when there is no room but in a larger table.
    fn insert(&mut self, entry: Entry, now_ms: i64) -> bool {
        let sets = self.sets.len();
        let Set(entries) = &self.sets[place(entry.tag, sets)];
        let age = |entry: &Entry| match entry.tag {
            0 => u64::MAX,
            _ => u64::from((now_ms as u32).wrapping_sub(entry.since)),
        };
        let mut oldest = 0;
        for (way, known) in entries.iter().enumerate() {
            if known.tag == entry.tag {
                oldest = way;
                break;
            }
            if age(known) > age(&entries[oldest]) {
                oldest = way;
            }
        }
        let goes = &entries[oldest];
        if goes.tag != entry.tag && self.is_wanted(goes, now_ms) && sets < SETS_MAX {
            return false;
        }
        self.sets[place(entry.tag, sets)].0[oldest] = entry;
        true
    }

    #[cold]
    fn grow(&mut self, now_ms: i64) {
        let sets = self.sets.len() * 2;
        let old = std::mem::replace(&mut self.sets, vec![Set::default(); sets]);
        // Each set falls into two, so that all of it finds room.
        for entry in old.iter().flat_map(|set| set.0) {
            if self.is_wanted(&entry, now_ms) {
                self.insert(entry, now_ms);
            }
        }
    }
}

/// The set of a tag: by its upper bits, the lowest being always set.
fn place(tag: u64, sets: usize) -> usize {
    (tag >> 32) as usize & sets.wrapping_sub(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::derived::nodes::Nodes;

    fn tag(n: u64) -> SpanTag {
        SpanTag::new(TraceId([7; 16]), SpanId(n.to_be_bytes()))
    }

    #[test]
    fn a_span_is_known_for_a_while() {
        let mut nodes = Nodes::new();
        let (web, cart) = (nodes.get("web"), nodes.get("cart"));
        let mut lately = Lately::new(10_000);
        assert_eq!(lately.get(tag(1), 0), None);
        // Around the time when the lower half of the clock begins anew.
        let start = i64::from(u32::MAX) - 3;
        lately.put(tag(1), web, start);
        assert_eq!(lately.get(tag(1), start + 10_000), Some(web));
        assert_eq!(lately.get(tag(1), start + 10_001), None);
        assert_eq!(lately.get(tag(2), start), None);
        lately.put(tag(1), cart, start + 9_000);
        assert_eq!(lately.get(tag(1), start + 19_000), Some(cart));
        assert_eq!(lately.nodes(start + 19_000).collect::<Vec<_>>(), [cart]);
        assert_eq!(lately.nodes(start + 19_001).count(), 0);
    }

    #[test]
    fn the_table_grows_for_what_is_wanted_and_no_further() {
        let node = Nodes::new().get("web");
        let mut lately = Lately::new(10_000);
        let count = (SETS_MIN * WAYS) as u64 + 1;
        (0..count).for_each(|n| lately.put(tag(n), node, 0));
        assert!((0..count).all(|n| lately.get(tag(n), 5_000) == Some(node)));
        let sets = lately.sets.len();
        assert!((SETS_MIN + 1..=SETS_MAX).contains(&sets));
        // Those are too old by now: others take their places.
        (count..count + 200).for_each(|n| lately.put(tag(n), node, 20_000));
        assert_eq!(lately.sets.len(), sets);
        (count + 200..20_000).for_each(|n| lately.put(tag(n), node, 20_000 + n as i64 / 10));
        assert_eq!(lately.sets.len(), SETS_MAX);
        // Of too many the last ones stay.
        let known = (19_000..20_000).filter(|n| lately.get(tag(*n), 22_000).is_some()).count();
        assert!(known > 990, "{known}");
    }

    #[test]
    fn ids_that_are_alike_have_tags_of_their_own() {
        let mut seen = std::collections::HashSet::new();
        for trace in 0..64u8 {
            for span in 0..64u8 {
                let (mut trace_id, mut span_id) = ([0; 16], [0; 8]);
                (trace_id[15], trace_id[7], span_id[7]) = (trace, trace / 2, span);
                assert!(seen.insert(SpanTag::new(TraceId(trace_id), SpanId(span_id)).0));
            }
        }
    }
}
