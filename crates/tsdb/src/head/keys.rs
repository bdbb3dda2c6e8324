//! From the hash of what a series looked like on its wire to the series: the hot path of remote write.
//!
//! Split by bits of the key, so that writers do not wait for each other. An entry is 20 bytes; of the key it keeps 96 bits, by
//! which ten million series have two alike with a chance of 2⁻⁵⁰.

use hashbrown::HashTable;
use parking_lot::RwLock;
use roaring::RoaringBitmap;

const SHARDS: usize = 64;

#[derive(Clone, Copy, Debug)]
struct Entry {
    key: [u32; 3],
    slot: u32,
    generation: u32,
}

/// A shard on a cache line of its own: two locks on one line make two writers wait.
#[derive(Default)]
#[repr(align(64))]
struct Shard(RwLock<HashTable<Entry>>);

pub(crate) struct Keys {
    shards: Vec<Shard>,
}

impl Keys {
    pub fn new() -> Keys {
        Keys { shards: (0..SHARDS).map(|_| Shard::default()).collect() }
    }

    fn shard(&self, key: u128) -> &RwLock<HashTable<Entry>> {
        &self.shards[(key >> 96) as usize % SHARDS].0
    }

    /// Slot and generation.
    #[inline]
    pub fn get(&self, key: u128) -> Option<(u32, u32)> {
        let short = short(key);
        let table = self.shard(key).read();
        table.find(key as u64, |e| e.key == short).map(|e| (e.slot, e.generation))
    }

    pub fn set(&self, key: u128, slot: u32, generation: u32) {
        let short = short(key);
        let mut table = self.shard(key).write();
        let entry = Entry { key: short, slot, generation };
        if let Some(old) = table.find_mut(key as u64, |e| e.key == short) {
            *old = entry;
        } else {
            table.insert_unique(key as u64, entry, |e| e.key[0] as u64 | (e.key[1] as u64) << 32);
        }
    }

    /// Forgets the keys of series.
    pub fn remove(&self, gone: &RoaringBitmap) {
        for shard in &self.shards {
            shard.0.write().retain(|e| !gone.contains(e.slot));
        }
    }

    /// Memory held.
    pub fn bytes(&self) -> usize {
        self.shards.iter().map(|s| s.0.read().capacity() * (size_of::<Entry>() + 1) * 8 / 7).sum()
    }
}

fn short(key: u128) -> [u32; 3] {
    [key as u32, (key >> 32) as u32, (key >> 64) as u32]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_what_it_was_told_last() {
        let keys = Keys::new();
        let key = |n: u32| xxhash_rust::xxh3::xxh3_128(&n.to_le_bytes());
        (0..2000).for_each(|n| keys.set(key(n), n, 1));
        keys.set(key(7), 9000, 2);
        keys.remove(&(1000..2000).collect());
        for n in 0..2000 {
            let want = if n == 7 { Some((9000, 2)) } else { (n < 1000).then_some((n, 1)) };
            assert_eq!(keys.get(key(n)), want);
        }
    }
}
