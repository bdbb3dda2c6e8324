//! Groups by combinations of codes: an array while the combinations are few, a hash table beyond.
//!
//! The codes of the keys stand side by side in one number, each in as many bits as its largest code needs; the number is
//! an index into an array of group numbers. Bits grow as codes do, and the array is laid out anew; beyond
//! [`DENSE_BITS`] the number is looked up by hash instead.

use hashbrown::HashMap;

/// Two million combinations of 4 B: 8 MB a thread, more than the cores' caches but not more than a table would take.
const DENSE_BITS: u32 = 21;
const NO_GROUP: u32 = u32::MAX;

#[derive(Debug)]
pub(crate) struct GroupTable {
    /// Bits of each key.
    bits: Vec<u32>,
    /// Group numbers by combination; empty when `sparse` is used.
    dense: Vec<u32>,
    sparse: Option<HashMap<u128, u32>>,
    /// Codes of each group, one after another.
    codes: Vec<u32>,
}

impl GroupTable {
    pub fn new(keys: usize) -> GroupTable {
        GroupTable { bits: vec![1; keys], dense: vec![NO_GROUP; 1 << keys], sparse: None, codes: Vec::new() }
    }

    /// Groups there are.
    pub fn len(&self) -> usize {
        match self.bits.len() {
            0 => usize::from(self.dense[0] != NO_GROUP),
            keys => self.codes.len() / keys,
        }
    }

    pub fn codes(&self, group: usize) -> &[u32] {
        let keys = self.bits.len();
        &self.codes[group * keys..(group + 1) * keys]
    }

    pub fn bytes(&self) -> usize {
        self.dense.len() * 4
            + self.codes.len() * 4
            + self.sparse.as_ref().map_or(0, |sparse| sparse.capacity() * 33)
    }

    /// Room for codes up to these.
    pub fn reserve(&mut self, codes_max: &[u32]) {
        let need = |max: u32| u32::BITS - max.leading_zeros();
        if self.bits.iter().zip(codes_max).all(|(bits, max)| need(*max) <= *bits) {
            return;
        }
        for (bits, max) in self.bits.iter_mut().zip(codes_max) {
            // One bit more than needed: the next new code does not lay it all out again.
            if need(*max) > *bits {
                *bits = (need(*max) + 1).min(u32::BITS);
            }
        }
        self.lay_out();
    }

    fn lay_out(&mut self) {
        let keys = self.bits.len();
        let groups = self.len();
        if self.bits.iter().sum::<u32>() <= DENSE_BITS {
            self.dense = vec![NO_GROUP; 1 << self.bits.iter().sum::<u32>()];
            for group in 0..groups {
                let at = self.place(|key| self.codes[group * keys + key]) as usize;
                self.dense[at] = group as u32;
            }
            return;
        }
        let mut sparse = HashMap::with_capacity(groups * 2);
        for group in 0..groups {
            sparse.insert(self.place(|key| self.codes[group * keys + key]), group as u32);
        }
        self.dense = Vec::new();
        self.sparse = Some(sparse);
    }

    fn place(&self, code: impl Fn(usize) -> u32) -> u128 {
        let mut place = 0;
        for (key, bits) in self.bits.iter().enumerate() {
            place = (place << bits) | u128::from(code(key));
        }
        place
    }

    /// The group of a combination, new when need be. There must be room for the codes.
    pub fn group(&mut self, code: impl Fn(usize) -> u32) -> u32 {
        let place = self.place(&code);
        let known = match &self.sparse {
            None => self.dense[place as usize],
            Some(sparse) => sparse.get(&place).copied().unwrap_or(NO_GROUP),
        };
        if known != NO_GROUP { known } else { self.add(place, code) }
    }

    #[cold]
    fn add(&mut self, place: u128, code: impl Fn(usize) -> u32) -> u32 {
        let group = self.len() as u32;
        self.codes.extend((0..self.bits.len()).map(code));
        match &mut self.sparse {
            None => self.dense[place as usize] = group,
            Some(sparse) => {
                sparse.insert(place, group);
            }
        }
        group
    }

    /// Groups of many rows whose two codes are given: the common case as one loop.
    pub fn groups(
        &mut self,
        keys: &[Vec<u32>],
        rows: impl Iterator<Item = usize>,
        out: &mut Vec<(u32, u32)>,
    ) {
        out.clear();
        match keys {
            [] => out.extend(rows.map(|row| (row as u32, 0))),
            [one] => out.extend(rows.map(|row| (row as u32, self.group(|_| one[row])))),
            [first, second] => {
                let codes = |row: usize| move |key: usize| if key == 0 { first[row] } else { second[row] };
                out.extend(rows.map(|row| (row as u32, self.group(codes(row)))));
            }
            many => out.extend(rows.map(|row| (row as u32, self.group(|key| many[key][row])))),
        }
        if keys.is_empty() && !out.is_empty() {
            self.dense[0] = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn equal_combinations_are_one_group(
            rows in proptest::collection::vec((0..40u32, prop_oneof![0..9u32, 0..200_000u32], 0..3u32), 1..200),
            cut in 0..200usize,
        ) {
            let mut table = GroupTable::new(3);
            let mut known: Vec<(u32, u32, u32)> = Vec::new();
            for half in [&rows[..cut.min(rows.len())], &rows[cut.min(rows.len())..]] {
                let keys = vec![
                    half.iter().map(|r| r.0).collect::<Vec<_>>(),
                    half.iter().map(|r| r.1).collect(),
                    half.iter().map(|r| r.2).collect(),
                ];
                let max: Vec<u32> = keys.iter().map(|k| k.iter().copied().max().unwrap_or(0)).collect();
                table.reserve(&max);
                let mut out = Vec::new();
                table.groups(&keys, 0..half.len(), &mut out);
                for (row, group) in out {
                    let key = half[row as usize];
                    let expected = known.iter().position(|k| *k == key).unwrap_or_else(|| {
                        known.push(key);
                        known.len() - 1
                    });
                    prop_assert_eq!(group as usize, expected);
                    prop_assert_eq!(table.codes(expected), &[key.0, key.1, key.2]);
                }
            }
            prop_assert_eq!(table.len(), known.len());
        }
    }
}
