//! Which series have a label: a set of slots, small ones cheap.

use roaring::RoaringBitmap;

/// Sets up to this size are sorted vectors; a bitmap's first container alone costs as much.
const FEW: usize = 16;

#[derive(Debug)]
pub(crate) enum Postings {
    One(u32),
    Few(Vec<u32>),
    Many(Box<RoaringBitmap>),
}

impl Postings {
    pub fn empty() -> Postings {
        Postings::Few(Vec::new())
    }

    pub fn len(&self) -> u64 {
        match self {
            Postings::One(_) => 1,
            Postings::Few(slots) => slots.len() as u64,
            Postings::Many(slots) => slots.len(),
        }
    }

    pub fn insert(&mut self, slot: u32) {
        match self {
            Postings::One(other) if *other != slot => {
                *self = Postings::Few(vec![slot.min(*other), slot.max(*other)]);
            }
            Postings::One(_) => {}
            Postings::Few(slots) if slots.is_empty() => *self = Postings::One(slot),
            Postings::Few(slots) => {
                if let Err(at) = slots.binary_search(&slot) {
                    slots.insert(at, slot);
                }
                if slots.len() > FEW {
                    *self = Postings::Many(Box::new(slots.iter().copied().collect()));
                }
            }
            Postings::Many(slots) => append(slots, slot),
        }
    }

    pub fn remove_all(&mut self, gone: &RoaringBitmap) {
        match self {
            Postings::One(slot) if gone.contains(*slot) => *self = Postings::empty(),
            Postings::One(_) => {}
            Postings::Few(slots) => slots.retain(|s| !gone.contains(*s)),
            Postings::Many(slots) => {
                **slots -= gone;
                if slots.len() <= FEW as u64 / 2 {
                    *self = Postings::Few(slots.iter().collect());
                }
            }
        }
    }

    pub fn add_to(&self, set: &mut RoaringBitmap) {
        match self {
            Postings::One(slot) => {
                set.insert(*slot);
            }
            Postings::Few(slots) => set.extend(slots.iter().copied()),
            Postings::Many(slots) => *set |= &**slots,
        }
    }

    pub fn intersects(&self, set: &RoaringBitmap) -> bool {
        match self {
            Postings::One(slot) => set.contains(*slot),
            Postings::Few(slots) => slots.iter().any(|s| set.contains(*s)),
            Postings::Many(slots) => !slots.is_disjoint(set),
        }
    }

    /// Memory held outside of the enum, estimated: 2 B a slot in a container of at most 8 kB.
    pub fn bytes(&self) -> usize {
        match self {
            Postings::One(_) => 0,
            Postings::Few(slots) => slots.capacity() * 4 + 16,
            Postings::Many(slots) => 64 + slots.serialized_size(),
        }
    }
}

/// Adds a slot, which nearly always comes after all others: new series take new slots.
pub(crate) fn append(slots: &mut RoaringBitmap, slot: u32) {
    if slots.try_push(slot).is_err() {
        slots.insert(slot);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn is_a_set(slots in prop::collection::vec(0u32..200_000, 0..60), gone in prop::collection::vec(0u32..200_000, 0..9), from in 0usize..60) {
            let mut postings = Postings::empty();
            slots.iter().for_each(|s| postings.insert(*s));
            let gone: RoaringBitmap = gone.into_iter().chain(slots.iter().skip(from).copied()).collect();
            postings.remove_all(&gone);
            let want: RoaringBitmap = slots.iter().copied().filter(|s| !gone.contains(*s)).collect();
            let mut got = RoaringBitmap::new();
            postings.add_to(&mut got);
            prop_assert_eq!(postings.len(), want.len());
            prop_assert_eq!(postings.intersects(&want), !want.is_empty());
            prop_assert!(!postings.intersects(&gone));
            prop_assert_eq!(got, want);
        }
    }
}
