//! Requests, errors and durations of every operation: the Collector's and Tempo's span metrics.
//!
//! A *combination* is a service, a span name, a kind and a status. The number of combinations is bounded; what is
//! over it is counted under the name `__overflow__` of its service, and when services are too many for that too,
//! under a service of that name. A combination that was quiet for long is let go.

use super::bounds::Durations;
use hashbrown::HashTable;
use model::event::{SpanId, SpanKind, Status, TraceId};
use std::sync::Arc;
use xxhash_rust::xxh3::{xxh3_64, xxh3_64_with_seed, xxh3_128};

/// The label value that stands for what there was no room for.
pub(crate) const OVERFLOW: &str = "__overflow__";
/// Combinations beyond the limit that count overflow by service: 25 services of 6 kinds and 3 statuses and more.
const OVERFLOW_COMBINATIONS_MAX: usize = 500;
/// Bytes of a name in a label; a longer one is cut.
const NAME_BYTES_MAX: usize = 512;

/// A service as a batch has it: its hash is taken once.
#[derive(Clone, Copy)]
pub(crate) struct Service<'a> {
    pub name: &'a str,
    hash: u64,
}

impl<'a> Service<'a> {
    pub fn new(name: &'a str) -> Service<'a> {
        let name = shortened(name);
        Service { name, hash: xxh3_64(name.as_bytes()) }
    }
}

/// A text that may be a label.
pub(crate) fn shortened(name: &str) -> &str {
    if name.len() <= NAME_BYTES_MAX {
        return name;
    }
    let mut end = NAME_BYTES_MAX;
    while !name.is_char_boundary(end) {
        end -= 1;
    }
    &name[..end]
}

/// A span that stands for others.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Witness {
    pub trace_id: TraceId,
    pub span_id: SpanId,
    pub duration_ns: i64,
}

/// What is counted of a span.
#[derive(Clone, Copy)]
pub(crate) struct Call<'a> {
    pub service: Service<'a>,
    pub name: &'a str,
    pub kind: SpanKind,
    pub status: Status,
    pub bytes: u64,
    pub witness: Witness,
}

/// What a combination is called.
#[derive(Debug, PartialEq)]
pub(crate) struct CallNames {
    pub service: Box<str>,
    pub name: Box<str>,
    pub kind: SpanKind,
    pub status: Status,
    pub is_overflow: bool,
    /// Of all the above.
    pub key: u128,
}

/// One combination.
#[derive(Clone, Debug)]
pub(crate) struct Combination {
    pub names: Arc<CallNames>,
    hash: u64,
    pub durations: Durations,
    pub bytes: u64,
    /// Since they were last taken.
    pub latest: Option<Witness>,
    pub slowest: Option<Witness>,
    seen_ms: i64,
    /// It has samples in the store.
    pub is_written: bool,
}

/// All combinations.
pub(crate) struct Calls {
    max: usize,
    index: HashTable<u32>,
    /// Places of the index; empty ones are in `free`.
    slots: Vec<Option<Combination>>,
    free: Vec<u32>,
    pub overflowed: u64,
}

impl Calls {
    pub fn new(max: usize) -> Calls {
        Calls { max, index: HashTable::new(), slots: Vec::new(), free: Vec::new(), overflowed: 0 }
    }

    pub fn len(&self) -> usize {
        self.index.len()
    }

    pub fn iter_mut(&mut self) -> impl Iterator<Item = &mut Combination> {
        self.slots.iter_mut().flatten()
    }

    /// Counts a span. Whether it is the first of its combination.
    #[inline]
    pub fn observe(&mut self, call: &Call<'_>, now_ms: i64) -> bool {
        let call = &Call { name: shortened(call.name), ..*call };
        let (slot, is_new) = match self.find(call, false) {
            Some(slot) => (slot, false),
            None => self.admit(call),
        };
        let Some(combination) = &mut self.slots[slot as usize] else {
            unreachable!("the index leads to filled slots")
        };
        combination.add(call, now_ms);
        is_new
    }

    fn find(&self, call: &Call<'_>, is_overflow: bool) -> Option<u32> {
        let found = self.index.find(hash(call, is_overflow), |slot| {
            self.slots[*slot as usize].as_ref().is_some_and(|c| c.names.is(call, is_overflow))
        });
        found.copied()
    }

    /// Finds a place for the first span of a combination.
    #[cold]
    fn admit(&mut self, call: &Call<'_>) -> (u32, bool) {
        if self.len() < self.max {
            return (self.insert(call, false), true);
        }
        self.overflowed += 1;
        let of_service = Call { name: OVERFLOW, ..*call };
        let of_all = Call { service: Service::new(OVERFLOW), ..of_service };
        let has_room = self.len() < self.max + OVERFLOW_COMBINATIONS_MAX;
        for (call, may_begin) in [(of_service, has_room), (of_all, true)] {
            if let Some(slot) = self.find(&call, true) {
                return (slot, false);
            }
            if may_begin {
                return (self.insert(&call, true), true);
            }
        }
        unreachable!("the last may always begin")
    }

    fn insert(&mut self, call: &Call<'_>, is_overflow: bool) -> u32 {
        let hash = hash(call, is_overflow);
        let combination = Combination {
            names: Arc::new(CallNames::of(call, is_overflow)),
            hash,
            durations: Durations::default(),
            bytes: 0,
            latest: None,
            slowest: None,
            seen_ms: 0,
            is_written: false,
        };
        let slot = match self.free.pop() {
            Some(slot) => {
                self.slots[slot as usize] = Some(combination);
                slot
            }
            None => {
                self.slots.push(Some(combination));
                self.slots.len() as u32 - 1
            }
        };
        let slots = &self.slots;
        self.index.insert_unique(hash, slot, |slot| slots[*slot as usize].as_ref().map_or(0, |c| c.hash));
        slot
    }

    /// Lets go of what was not seen since; gives back what had samples.
    pub fn let_go(&mut self, seen_before_ms: i64) -> Vec<Arc<CallNames>> {
        let mut gone = Vec::new();
        for slot in 0..self.slots.len() {
            let Some(combination) = self.slots[slot].take_if(|c| c.seen_ms < seen_before_ms) else {
                continue;
            };
            if let Ok(entry) = self.index.find_entry(combination.hash, |s| *s == slot as u32) {
                entry.remove();
            }
            self.free.push(slot as u32);
            if combination.is_written {
                gone.push(combination.names);
            }
        }
        gone
    }
}

fn hash(call: &Call<'_>, is_overflow: bool) -> u64 {
    let rest = call.kind as u64 | (call.status as u64) << 8 | u64::from(is_overflow) << 16;
    xxh3_64_with_seed(call.name.as_bytes(), call.service.hash.wrapping_add(rest))
}

impl CallNames {
    fn of(call: &Call<'_>, is_overflow: bool) -> CallNames {
        let mut bytes = vec![b'c', call.kind as u8, call.status as u8, u8::from(is_overflow)];
        for text in [call.service.name, call.name] {
            bytes.extend_from_slice(&(text.len() as u32).to_le_bytes());
            bytes.extend_from_slice(text.as_bytes());
        }
        CallNames {
            service: call.service.name.into(),
            name: call.name.into(),
            kind: call.kind,
            status: call.status,
            is_overflow,
            key: xxh3_128(&bytes),
        }
    }

    #[inline]
    fn is(&self, call: &Call<'_>, is_overflow: bool) -> bool {
        self.kind == call.kind
            && self.status == call.status
            && self.is_overflow == is_overflow
            && *self.name == *call.name
            && *self.service == *call.service.name
    }
}

impl Combination {
    #[inline]
    fn add(&mut self, call: &Call<'_>, now_ms: i64) {
        self.durations.observe(call.witness.duration_ns);
        self.bytes += call.bytes;
        self.seen_ms = now_ms;
        self.latest = Some(call.witness);
        if self.slowest.is_none_or(|slowest| slowest.duration_ns < call.witness.duration_ns) {
            self.slowest = Some(call.witness);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call<'a>(service: &'a str, name: &'a str, status: Status) -> Call<'a> {
        Call {
            service: Service::new(service),
            name,
            kind: SpanKind::Server,
            status,
            bytes: 10,
            witness: Witness { trace_id: TraceId([1; 16]), span_id: SpanId([2; 8]), duration_ns: 5 },
        }
    }

    fn counts(calls: &mut Calls) -> Vec<(String, String, u64)> {
        let mut all: Vec<_> = calls
            .iter_mut()
            .map(|c| (c.names.service.to_string(), c.names.name.to_string(), c.durations.count()))
            .collect();
        all.sort();
        all
    }

    #[test]
    fn the_same_is_counted_together() {
        let mut calls = Calls::new(10);
        assert!(calls.observe(&call("a", "x", Status::Ok), 1));
        assert!(!calls.observe(&call("a", "x", Status::Ok), 2));
        assert!(calls.observe(&call("a", "x", Status::Error), 2));
        // The border between service and name counts.
        assert!(calls.observe(&call("ax", "", Status::Ok), 2));
        assert_eq!(calls.len(), 3);
        assert_eq!(calls.iter_mut().map(|c| c.bytes).sum::<u64>(), 40);
    }

    #[test]
    fn what_is_too_much_is_counted_by_service() {
        let mut calls = Calls::new(2);
        for name in ["1", "2", "3", "4", "3"] {
            calls.observe(&call("a", name, Status::Ok), 1);
        }
        calls.observe(&call("b", "5", Status::Ok), 1);
        let row = |s: &str, n: &str, count| (s.to_owned(), n.to_owned(), count);
        let want = [row("a", "1", 1), row("a", "2", 1), row("a", OVERFLOW, 3), row("b", OVERFLOW, 1)];
        assert_eq!(counts(&mut calls), want);
        assert_eq!(calls.overflowed, 4);
        assert!(calls.iter_mut().filter(|c| c.names.is_overflow).count() == 2);
        // A span that bears the name itself is none of these.
        calls.observe(&call("a", OVERFLOW, Status::Ok), 1);
        assert_eq!(counts(&mut calls)[2].2, 4);
    }

    #[test]
    fn services_without_number_are_bounded_too() {
        let mut calls = Calls::new(2);
        for i in 0..2_000 {
            calls.observe(&call(&format!("s{i}"), "x", Status::Ok), 1);
        }
        assert_eq!(calls.len(), 2 + OVERFLOW_COMBINATIONS_MAX + 1);
        assert_eq!(calls.iter_mut().map(|c| c.durations.count()).sum::<u64>(), 2_000);
    }

    #[test]
    fn the_quiet_make_room() {
        let mut calls = Calls::new(2);
        calls.observe(&call("a", "old", Status::Ok), 1);
        calls.observe(&call("a", "new", Status::Ok), 9);
        calls.iter_mut().for_each(|c| c.is_written = true);
        let gone = calls.let_go(5);
        assert_eq!((gone.len(), &*gone[0].name), (1, "old"));
        assert!(calls.observe(&call("a", "next", Status::Ok), 10));
        assert!(!calls.observe(&call("a", "new", Status::Ok), 10));
        assert_eq!((calls.len(), calls.slots.len(), calls.overflowed), (2, 2, 0));
        assert!(calls.let_go(5).is_empty());
    }

    #[test]
    fn long_names_are_cut_between_letters() {
        let mut calls = Calls::new(9);
        let long = "é".repeat(NAME_BYTES_MAX);
        calls.observe(&call("a", &long, Status::Ok), 1);
        assert!(!calls.observe(&call("a", &format!("{long}x"), Status::Ok), 1));
        assert_eq!(shortened(&format!("x{long}")).len(), NAME_BYTES_MAX - 1);
    }
}
