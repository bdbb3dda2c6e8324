//! A binary fuse filter with 8-bit fingerprints (Graf and Lemire, "Binary Fuse Filters: Fast and Smaller Than Xor
//! Filters", 2022): 9 bits a key at 8,000 keys, one wrong "perhaps" in 256, three byte reads a question.
//!
//! Our own, because it is written into files: which bytes it reads is part of the format.

/// Attempts with different seeds. Each fails with a chance of a few per cent at most, so that 64 failing in a row does
/// not happen; and if it does, the run gets no filter and is always read.
const SEEDS: u64 = 64;

/// Segments are at most 2^18 slots: beyond, the three reads leave the cache without being fewer.
const SEGMENT_BITS_MAX: u8 = 18;

/// Slots a filter may have, which bounds what a directory can make a reader read: 8,192 texts of 1 MB hold 2^32 bytes,
/// and hardly ever 2^28 different words; a run that does gets no filter.
const SLOTS_MAX: usize = 1 << 28;

/// The shape of a filter. The fingerprints are `slots()` bytes elsewhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Shape {
    pub(super) seed: u64,
    /// Slots of a segment, as a power of two.
    pub(super) segment_bits: u8,
    /// Segments in which the first of three slots may lie; two more follow.
    pub(super) segments: u32,
}

impl Shape {
    fn for_keys(keys: usize) -> Shape {
        let n = keys.max(2) as f64;
        let bits = (n.ln() / 3.33_f64.ln() + 2.25).floor() as u8;
        let segment_bits = bits.min(SEGMENT_BITS_MAX);
        let factor = (0.875 + 0.25 * 1e6_f64.ln() / n.ln()).max(1.125);
        let segment = 1_usize << segment_bits;
        let capacity = (n * factor).round() as usize;
        let segments = capacity.div_ceil(segment).saturating_sub(2).max(1) as u32;
        Shape { seed: 0, segment_bits, segments }
    }

    /// `None` when the numbers cannot be those of a filter.
    pub(super) fn checked(seed: u64, segment_bits: u8, segments: u32) -> Option<Shape> {
        let shape = Shape { seed, segment_bits, segments };
        let sane = segment_bits <= SEGMENT_BITS_MAX && segments > 0 && shape.slots() <= SLOTS_MAX;
        sane.then_some(shape)
    }

    pub(super) fn slots(&self) -> usize {
        (self.segments as usize + 2) << self.segment_bits
    }

    fn hash(&self, key: u64) -> u64 {
        // The finalizer of MurmurHash3.
        let mut h = key.wrapping_add(self.seed);
        h = (h ^ (h >> 33)).wrapping_mul(0xff51_afd7_ed55_8ccd);
        h = (h ^ (h >> 33)).wrapping_mul(0xc4ce_b9fe_1a85_ec53);
        h ^ (h >> 33)
    }

    fn places(&self, hash: u64) -> [usize; 3] {
        let first_slots = (self.segments as u64) << self.segment_bits;
        let segment = 1_u64 << self.segment_bits;
        let mask = segment - 1;
        let first = ((hash as u128 * first_slots as u128) >> 64) as u64;
        let second = (first + segment) ^ ((hash >> 18) & mask);
        let third = (first + 2 * segment) ^ (hash & mask);
        [first as usize, second as usize, third as usize]
    }

    /// Whether a key was perhaps put into the filter with these fingerprints, which are `slots()` long.
    pub(super) fn contains(&self, fingerprints: &[u8], key: u64) -> bool {
        let hash = self.hash(key);
        let [a, b, c] = self.places(hash);
        let found = [a, b, c].map(|at| fingerprints.get(at).copied().unwrap_or(0));
        found[0] ^ found[1] ^ found[2] == fingerprint(hash)
    }
}

fn fingerprint(hash: u64) -> u8 {
    (hash ^ (hash >> 32)) as u8
}

/// Builds filters, one after the other, in the same memory.
#[derive(Default)]
pub(super) struct Fuse {
    counts: Vec<u16>,
    /// Of each slot, the hashes of the keys that may use it, and which of their three slots it is, xored together: with
    /// one key left they are that key's.
    hashes: Vec<u64>,
    turns: Vec<u8>,
    /// The keys in the order in which they were peeled, each with the slot that it owns.
    peeled: Vec<(u64, u8)>,
    alone: Vec<u32>,
}

impl Fuse {
    /// Builds the filter of distinct keys and appends its fingerprints to `out`.
    pub(super) fn build(&mut self, keys: &[u64], out: &mut Vec<u8>) -> Option<Shape> {
        let mut shape = Shape::for_keys(keys.len());
        if shape.slots() > SLOTS_MAX {
            return None;
        }
        for seed in 0..SEEDS {
            shape.seed = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15);
            if self.peel(&shape, keys) {
                self.assign(&shape, out);
                return Some(shape);
            }
        }
        None
    }

    /// Removes keys that are alone in one of their slots until none is left.
    fn peel(&mut self, shape: &Shape, keys: &[u64]) -> bool {
        let slots = shape.slots();
        self.counts.clear();
        self.counts.resize(slots, 0);
        self.hashes.clear();
        self.hashes.resize(slots, 0);
        self.turns.clear();
        self.turns.resize(slots, 0);
        for key in keys {
            let hash = shape.hash(*key);
            for (turn, at) in shape.places(hash).into_iter().enumerate() {
                self.counts[at] = self.counts[at].saturating_add(1);
                self.hashes[at] ^= hash;
                self.turns[at] ^= turn as u8;
            }
        }
        self.peeled.clear();
        self.alone.clear();
        self.alone.extend((0..slots as u32).filter(|at| self.counts[*at as usize] == 1));
        while let Some(at) = self.alone.pop() {
            let at = at as usize;
            if self.counts[at] != 1 {
                continue;
            }
            let (hash, turn) = (self.hashes[at], self.turns[at]);
            self.peeled.push((hash, turn));
            for (other_turn, other) in shape.places(hash).into_iter().enumerate() {
                self.counts[other] -= 1;
                self.hashes[other] ^= hash;
                self.turns[other] ^= other_turn as u8;
                if self.counts[other] == 1 {
                    self.alone.push(other as u32);
                }
            }
        }
        self.peeled.len() == keys.len()
    }

    fn assign(&self, shape: &Shape, out: &mut Vec<u8>) {
        let start = out.len();
        out.resize(start + shape.slots(), 0);
        let slots = &mut out[start..];
        for (hash, turn) in self.peeled.iter().rev() {
            let [a, b, c] = shape.places(*hash);
            let own = [a, b, c][*turn as usize];
            slots[own] = 0;
            slots[own] = fingerprint(*hash) ^ slots[a] ^ slots[b] ^ slots[c];
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_was_put_in_is_found(keys in proptest::collection::hash_set(any::<u64>(), 0..3_000)) {
            let keys: Vec<u64> = keys.into_iter().collect();
            let mut out = vec![7];
            let shape = Fuse::default().build(&keys, &mut out).expect("distinct keys fit");
            prop_assert_eq!(out.len(), 1 + shape.slots());
            for key in keys {
                prop_assert!(shape.contains(&out[1..], key));
            }
        }

        #[test]
        fn no_shape_reads_beyond_its_fingerprints(seed: u64, bits in 0..40_u8, segments: u32, key: u64) {
            if let Some(shape) = Shape::checked(seed, bits, segments) {
                for place in shape.places(shape.hash(key)) {
                    prop_assert!(place < shape.slots());
                }
            }
        }
    }

    #[test]
    fn few_others_are_found_and_it_is_small() {
        let keys: Vec<u64> = (0..10_000).map(|k: u64| k.wrapping_mul(0xd134_2543_de82_ef95)).collect();
        let mut out = Vec::new();
        let shape = Fuse::default().build(&keys, &mut out).unwrap();
        let wrong = (0..100_000_u64)
            .filter(|k| shape.contains(&out, k.wrapping_mul(0x2545_f491_4f6c_dd1d) | 1))
            .count();
        assert!((200..600).contains(&wrong), "{wrong} of 100,000; 390 are expected");
        assert!(
            out.len() * 8 <= keys.len() * 11,
            "{} bits a key",
            out.len() as f64 * 8.0 / keys.len() as f64
        );
    }
}
