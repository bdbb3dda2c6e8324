//! Joining very many things by a hash, on several threads, without missing the cache at each.
//!
//! A table of ten million spans is larger than any cache: each look costs a hundred nanoseconds. So what is to be joined
//! is first spread over [`LISTS`] lists by its hash, which only appends, and then the lists are joined one after the
//! other, each in a table that fits into the cache of a core. Threads spread on their own; list `n` of all of them
//! together is one piece of work.

/// Lists of a thread: ten million spans make 40,000 a list, 320 kB. As many ends of lists stay in the cache while
/// appending.
pub(crate) const LISTS: usize = 256;

/// A hash of two numbers. All of its bits are good.
pub(crate) fn mix(a: u64, b: u64) -> u64 {
    // Digits of the fractions of the roots of 2 and 3: any odd constants without a pattern do. The product of two
    // numbers depends in its middle on all bits of both, and folding brings the middle to both ends.
    let wide = u128::from(a ^ 0x6a09_e667_f3bc_c909) * u128::from(b ^ 0xbb67_ae85_84ca_a73b);
    let folded = (wide as u64) ^ (wide >> 64) as u64;
    folded.wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(29) ^ folded
}

/// A hash of 16 bytes.
pub(crate) fn mix_bytes(id: &[u8; 16]) -> u64 {
    let number = u128::from_le_bytes(*id);
    mix(number as u64, (number >> 64) as u64)
}

/// The lists of one thread.
#[derive(Clone, Debug)]
pub(crate) struct Spread<T> {
    lists: Vec<Vec<T>>,
    len: usize,
}

impl<T> Spread<T> {
    pub fn new() -> Spread<T> {
        Spread { lists: std::iter::repeat_with(Vec::new).take(LISTS).collect(), len: 0 }
    }

    pub fn push(&mut self, hash: u64, one: T) {
        self.lists[(hash >> 56) as usize].push(one);
        self.len += 1;
    }

    pub fn len(&self) -> usize {
        self.len
    }

    pub fn list(&self, number: usize) -> &[T] {
        &self.lists[number]
    }

    /// Puts each list through a function that may make it shorter.
    pub fn shorten(&mut self, mut shorten: impl FnMut(&mut Vec<T>)) {
        for list in &mut self.lists {
            shorten(list);
            list.shrink_to_fit();
        }
        self.len = self.lists.iter().map(Vec::len).sum();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn what_is_put_in_is_in_the_list_of_its_hash() {
        let mut spread = Spread::new();
        for n in 0..10_000_u64 {
            spread.push(mix(n, 7), n);
        }
        assert_eq!(spread.len(), 10_000);
        for number in 0..LISTS {
            assert!(spread.list(number).iter().all(|n| (mix(*n, 7) >> 56) as usize == number));
        }
        spread.shorten(|list| list.truncate(1));
        assert_eq!(spread.len(), LISTS, "each list had something");
    }

    #[test]
    fn small_numbers_spread_evenly_too() {
        let hashes: Vec<u64> = (0..256).flat_map(|a| (0..256).map(move |b| mix(a, b))).collect();
        assert_eq!(hashes.iter().collect::<HashSet<_>>().len(), hashes.len());
        for shift in [0, 8, 48, 56] {
            let mut counts = [0; 256];
            hashes.iter().for_each(|hash| counts[(hash >> shift) as usize % 256] += 1);
            assert!(counts.iter().all(|count| (128..512).contains(count)), "bits from {shift}: {counts:?}");
        }
    }
}
