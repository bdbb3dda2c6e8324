//! Which series there are: labels to slots and back.
//!
//! A *pair* is a label name with a value, known by a number; a series is the list of its pairs, ascending by name.
//! Each pair has its postings, each name the list of its pairs. A slot is the place of a series; slots of removed
//! series are used again.
//!
//! Invariants: a pair exists while a series has it; symbols are counted by the pairs that use them.

use super::postings::{Postings, append};
use super::rows::Rows;
use super::symbols::{Symbol, Symbols};
use hashbrown::{HashMap, HashTable};
use model::Labels;
use roaring::RoaringBitmap;

/// The number of a label name with a value.
pub(crate) type PairId = u32;

#[derive(Debug)]
pub(crate) struct Pair {
    pub name: Symbol,
    pub value: Symbol,
    pub postings: Postings,
}

/// An entry of the table by labels: enough of the hash to find and move it, without touching the series.
#[derive(Clone, Copy, Debug)]
struct Ident {
    hash: u32,
    slot: u32,
}

#[derive(Debug, Default)]
pub(crate) struct Index {
    symbols: Symbols,
    /// A free number has empty postings and lies in `free_pairs`.
    pairs: Vec<Pair>,
    free_pairs: Vec<PairId>,
    by_strings: HashTable<PairId>,
    by_name: HashMap<Symbol, Vec<PairId>>,
    rows: Rows,
    by_labels: HashTable<Ident>,
    live: RoaringBitmap,
    free_slots: Vec<u32>,
    next_slot: u32,
    /// The pairs of the series last created: neighbours of one scrape share most of them.
    memo: Vec<PairId>,
    /// Changes when a series is created or removed.
    version: u64,
}

impl Index {
    pub fn len(&self) -> usize {
        self.live.len() as usize
    }

    pub fn version(&self) -> u64 {
        self.version
    }

    pub fn live(&self) -> &RoaringBitmap {
        &self.live
    }

    /// The slot of a series with these labels, whose [`Labels::hash64`] the caller has.
    pub fn find(&self, labels: &Labels, hash: u64) -> Option<u32> {
        let hash = hash as u32;
        let same = |i: &Ident| i.hash == hash && self.has_labels(i.slot, labels);
        self.by_labels.find(spread(hash), same).map(|i| i.slot)
    }

    fn has_labels(&self, slot: u32, labels: &Labels) -> bool {
        self.rows.get(slot).map(|p| self.strings(p)).eq(labels.iter())
    }

    /// Adds a series that is not there. Returns its slot.
    pub fn insert(&mut self, labels: &Labels, hash: u64) -> u32 {
        let slot = self.free_slots.pop().unwrap_or_else(|| {
            self.next_slot += 1;
            self.next_slot - 1
        });
        let mut row = Vec::with_capacity(16);
        for (i, (name, value)) in labels.iter().enumerate() {
            let pair = self.pair(name, value, self.memo.get(i).copied());
            self.pairs[pair as usize].postings.insert(slot);
            row.push(pair);
        }
        self.rows.set(slot, &row);
        self.memo = row;
        append(&mut self.live, slot);
        let ident = Ident { hash: hash as u32, slot };
        self.by_labels.insert_unique(spread(ident.hash), ident, |i| spread(i.hash));
        self.version += 1;
        slot
    }

    fn pair(&mut self, name: &str, value: &str, guess: Option<PairId>) -> PairId {
        if let Some(guess) = guess
            && self.strings(guess) == (name, value)
        {
            return guess;
        }
        if let Some(pair) = self.find_pair(name, value) {
            return pair;
        }
        let (name, value) = (self.symbols.take(name), self.symbols.take(value));
        let new = Pair { name, value, postings: Postings::empty() };
        let id = match self.free_pairs.pop() {
            Some(id) => {
                self.pairs[id as usize] = new;
                id
            }
            None => {
                self.pairs.push(new);
                self.pairs.len() as PairId - 1
            }
        };
        let pairs = &self.pairs;
        let hash_of = |p: &PairId| pair_hash(pairs[*p as usize].name, pairs[*p as usize].value);
        self.by_strings.insert_unique(pair_hash(name, value), id, hash_of);
        self.by_name.entry(name).or_default().push(id);
        id
    }

    pub fn find_pair(&self, name: &str, value: &str) -> Option<PairId> {
        let (name, value) = (self.symbols.find(name)?, self.symbols.find(value)?);
        let same =
            |p: &PairId| self.pairs[*p as usize].name == name && self.pairs[*p as usize].value == value;
        self.by_strings.find(pair_hash(name, value), same).copied()
    }

    pub fn pair_at(&self, pair: PairId) -> &Pair {
        &self.pairs[pair as usize]
    }

    /// Name and value of a pair.
    pub fn strings(&self, pair: PairId) -> (&str, &str) {
        let pair = &self.pairs[pair as usize];
        (self.symbols.get(pair.name), self.symbols.get(pair.value))
    }

    /// The pairs of a label name, in no order.
    pub fn pairs_of(&self, name: &str) -> &[PairId] {
        let name = self.symbols.find(name);
        name.and_then(|n| self.by_name.get(&n)).map_or(&[], Vec::as_slice)
    }

    /// Names of labels, each with its pairs, in no order.
    pub fn names(&self) -> impl Iterator<Item = (&str, &[PairId])> {
        self.by_name.iter().map(|(name, pairs)| (self.symbols.get(*name), pairs.as_slice()))
    }

    /// All pairs in use.
    pub fn pairs(&self) -> impl Iterator<Item = PairId> + '_ {
        self.by_strings.iter().copied()
    }

    pub fn pair_count(&self) -> usize {
        self.by_strings.len()
    }

    /// The pairs of a series, ascending by name.
    pub fn row(&self, slot: u32) -> impl Iterator<Item = PairId> + '_ {
        self.rows.get(slot)
    }

    pub fn labels(&self, slot: u32) -> Labels {
        Labels::from_sorted(self.rows.get(slot).map(|p| self.strings(p)))
    }

    /// The value of one label of a series, `""` when it has none.
    pub fn value(&self, slot: u32, name: &str) -> &str {
        let mut row = self.rows.get(slot).map(|p| self.strings(p));
        row.find(|(n, _)| *n == name).map_or("", |(_, v)| v)
    }

    /// Removes series.
    pub fn remove(&mut self, gone: &RoaringBitmap) {
        let mut touched: Vec<PairId> = Vec::new();
        for slot in gone {
            let hash = self.hash_of(slot);
            if let Ok(entry) = self.by_labels.find_entry(spread(hash), |i| i.slot == slot) {
                entry.remove();
            }
            touched.extend(self.rows.get(slot));
            self.rows.clear(slot);
            self.free_slots.push(slot);
        }
        // The lowest free slots are used first, so that pages fill up again.
        self.free_slots.sort_unstable_by(|a, b| b.cmp(a));
        self.live -= gone;
        touched.sort_unstable();
        touched.dedup();
        self.memo.clear();
        let mut names: Vec<Symbol> = Vec::new();
        for id in touched {
            let pair = &mut self.pairs[id as usize];
            pair.postings.remove_all(gone);
            if pair.postings.len() > 0 {
                continue;
            }
            let (name, value) = (pair.name, pair.value);
            if let Ok(entry) = self.by_strings.find_entry(pair_hash(name, value), |p| *p == id) {
                entry.remove();
            }
            self.free_pairs.push(id);
            names.push(name);
            self.symbols.give(value);
        }
        self.forget_names(names);
        self.version += 1;
    }

    /// Takes the pairs that are gone off the lists of these names, one mention a pair.
    fn forget_names(&mut self, mut names: Vec<Symbol>) {
        names.sort_unstable();
        for mentions in names.chunk_by(|a, b| a == b) {
            let name = mentions[0];
            if let Some(list) = self.by_name.get_mut(&name) {
                list.retain(|p| self.pairs[*p as usize].postings.len() > 0);
                if list.is_empty() {
                    self.by_name.remove(&name);
                }
            }
            mentions.iter().for_each(|_| self.symbols.give(name));
        }
    }

    fn hash_of(&self, slot: u32) -> u32 {
        self.labels(slot).hash64() as u32
    }

    /// Memory of interned strings.
    pub fn symbol_bytes(&self) -> usize {
        self.symbols.bytes()
    }

    /// Memory held, estimated. Walks all pairs.
    pub fn bytes(&self) -> usize {
        let postings: usize = self.pairs.iter().map(|p| p.postings.bytes()).sum();
        self.symbols.bytes()
            + self.pairs.capacity() * size_of::<Pair>()
            + postings
            // Table entries with their control bytes, and the lists by name.
            + self.by_strings.capacity() * 5
            + self.by_labels.capacity() * 9
            + self.pairs.len() * 4
            + self.rows.bytes()
            + self.live.serialized_size()
    }
}

fn pair_hash(name: Symbol, value: Symbol) -> u64 {
    mix((name as u64) << 32 | value as u64)
}

/// A table wants its hash in all 64 bits.
fn spread(hash: u32) -> u64 {
    mix(hash as u64)
}

fn mix(n: u64) -> u64 {
    let n = (n ^ (n >> 31)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    n ^ (n >> 32)
}

#[cfg(test)]
#[path = "index/tests.rs"]
mod tests;
