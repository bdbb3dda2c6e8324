use super::*;
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

fn label_set() -> impl Strategy<Value = Labels> {
    prop::collection::btree_map("[a-d]", "[a-f]{1,2}", 1..4).prop_map(Labels::from_pairs)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    /// Against a map, through creations and removals with slots and symbols used again.
    #[test]
    fn is_a_map(rounds in prop::collection::vec((prop::collection::vec(label_set(), 0..30), any::<u64>()), 1..6)) {
        let mut index = Index::default();
        let mut model: BTreeMap<Labels, u32> = BTreeMap::new();
        for (created, removed) in rounds {
            for labels in created {
                let slot = index.find(&labels, labels.hash64());
                prop_assert_eq!(slot, model.get(&labels).copied());
                if slot.is_none() {
                    let slot = index.insert(&labels, labels.hash64());
                    prop_assert!(!model.values().any(|s| *s == slot));
                    model.insert(labels, slot);
                }
            }
            let gone: RoaringBitmap = model.values().copied().filter(|s| removed >> (s % 64) & 1 == 1).collect();
            index.remove(&gone);
            model.retain(|_, s| !gone.contains(*s));
            check(&index, &model)?;
        }
    }
}

fn check(index: &Index, model: &BTreeMap<Labels, u32>) -> Result<(), TestCaseError> {
    prop_assert_eq!(index.len(), model.len());
    let mut want: BTreeMap<(String, String), BTreeSet<u32>> = BTreeMap::new();
    for (labels, slot) in model {
        prop_assert_eq!(&index.labels(*slot), labels);
        prop_assert_eq!(index.find(labels, labels.hash64()), Some(*slot));
        for (n, v) in labels.iter() {
            prop_assert_eq!(index.value(*slot, n), v);
            want.entry((n.to_owned(), v.to_owned())).or_default().insert(*slot);
        }
    }
    let mut got = BTreeMap::new();
    for pair in index.names().flat_map(|(_, pairs)| pairs).copied() {
        let (n, v) = index.strings(pair);
        let mut slots = RoaringBitmap::new();
        index.pair_at(pair).postings.add_to(&mut slots);
        got.insert((n.to_owned(), v.to_owned()), slots.iter().collect::<BTreeSet<u32>>());
        prop_assert_eq!(index.find_pair(n, v), Some(pair));
    }
    prop_assert_eq!(index.pair_count(), got.len());
    prop_assert_eq!(got, want);
    Ok(())
}
