//! Counting different values: exactly while they are few, then by HyperLogLog.
//!
//! Values are known by a 64-bit hash. Up to [`EXACT_MAX`] hashes are kept; beyond, 4,096 registers, with an error of
//! 1.6 % (1.04 / √4096). Counters of disjoint rows join into the counter of all.

use hashbrown::HashSet;
use xxhash_rust::xxh3::xxh3_64;

/// 4,096 hashes are 64 KB; the registers are 4 KB.
const EXACT_MAX: usize = 4_096;
/// Bits of the hash that choose a register.
const REGISTER_BITS: u32 = 12;
const REGISTERS: usize = 1 << REGISTER_BITS;

#[derive(Clone, Debug)]
pub(crate) enum Distinct {
    Exact(HashSet<u64>),
    About(Box<[u8; REGISTERS]>),
}

impl Default for Distinct {
    fn default() -> Distinct {
        Distinct::Exact(HashSet::new())
    }
}

pub(crate) fn hash_of(value: &[u8]) -> u64 {
    xxh3_64(value)
}

impl Distinct {
    pub fn add(&mut self, hash: u64) {
        match self {
            Distinct::Exact(hashes) => {
                hashes.insert(hash);
                if hashes.len() > EXACT_MAX {
                    let mut registers = Box::new([0; REGISTERS]);
                    hashes.iter().for_each(|hash| register(&mut registers, *hash));
                    *self = Distinct::About(registers);
                }
            }
            Distinct::About(registers) => register(registers, hash),
        }
    }

    pub fn merge(&mut self, other: &Distinct) {
        match (&mut *self, other) {
            (_, Distinct::Exact(hashes)) => hashes.iter().for_each(|hash| self.add(*hash)),
            (Distinct::About(registers), Distinct::About(others)) => {
                for (register, other) in registers.iter_mut().zip(others.iter()) {
                    *register = (*register).max(*other);
                }
            }
            (Distinct::Exact(hashes), Distinct::About(others)) => {
                let mut registers = others.clone();
                hashes.iter().for_each(|hash| register(&mut registers, *hash));
                *self = Distinct::About(registers);
            }
        }
    }

    pub fn count(&self) -> u64 {
        match self {
            Distinct::Exact(hashes) => hashes.len() as u64,
            Distinct::About(registers) => {
                let m = REGISTERS as f64;
                let sum: f64 = registers.iter().map(|rank| 2f64.powi(-i32::from(*rank))).sum();
                let estimate = 0.7213 / (1.0 + 1.079 / m) * m * m / sum;
                let empty = registers.iter().filter(|rank| **rank == 0).count();
                // Few values: how many registers are still empty says more.
                let small = estimate <= 2.5 * m && empty > 0;
                (if small { m * (m / empty as f64).ln() } else { estimate }).round() as u64
            }
        }
    }

    pub fn bytes(&self) -> usize {
        match self {
            Distinct::Exact(hashes) => hashes.capacity() * 9,
            Distinct::About(_) => REGISTERS,
        }
    }
}

fn register(registers: &mut [u8; REGISTERS], hash: u64) {
    let at = (hash >> (64 - REGISTER_BITS)) as usize;
    let rank = (hash << REGISTER_BITS).leading_zeros().min(64 - REGISTER_BITS) as u8 + 1;
    registers[at] = registers[at].max(rank);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counter(range: std::ops::Range<u64>) -> Distinct {
        let mut counter = Distinct::default();
        range.for_each(|n| counter.add(hash_of(&n.to_le_bytes())));
        counter
    }

    #[test]
    fn few_are_exact_and_many_are_near() {
        assert_eq!(counter(0..4_000).count(), 4_000);
        for many in [5_000, 10_000, 20_000, 300_000u64] {
            let about = counter(0..many);
            assert!(matches!(about, Distinct::About(_)));
            let error = (about.count() as f64 - many as f64).abs() / many as f64;
            assert!(error < 0.06, "{many}: {error}");
        }
    }

    #[test]
    fn joined_counters_count_the_union() {
        for (a, b) in [(0..10, 5..20), (0..10, 5..50_000), (0..50_000, 5..20), (0..50_000, 20_000..60_000)] {
            let all = counter(a.start.min(b.start)..a.end.max(b.end));
            let mut joined = counter(a);
            joined.merge(&counter(b));
            assert_eq!(joined.count(), all.count());
        }
    }
}
