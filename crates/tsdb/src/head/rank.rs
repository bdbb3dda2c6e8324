//! Slots in the order of their labels.
//!
//! Labels are compared pair by pair, so giving every pair that occurs its rank among them turns each comparison of
//! strings into one of numbers; the strings are compared once a pair, not once a series.

use super::index::{Index, PairId};
use hashbrown::HashMap;

/// The slots, ascending by labels.
pub(crate) fn sorted_by_labels(index: &Index, slots: impl IntoIterator<Item = u32>) -> Vec<u32> {
    let (mut rows, mut ends): (Vec<PairId>, Vec<(u32, usize)>) = (Vec::new(), Vec::new());
    for slot in slots {
        rows.extend(index.row(slot));
        ends.push((slot, rows.len()));
    }
    let ranks = ranks(index, &rows);
    rows.iter_mut().for_each(|pair| *pair = ranks[pair]);
    let mut from = 0;
    let mut spans: Vec<(u32, std::ops::Range<usize>)> = Vec::with_capacity(ends.len());
    for (slot, to) in ends {
        spans.push((slot, from..to));
        from = to;
    }
    spans.sort_unstable_by(|(_, a), (_, b)| rows[a.clone()].cmp(&rows[b.clone()]));
    spans.into_iter().map(|(slot, _)| slot).collect()
}

fn ranks(index: &Index, rows: &[PairId]) -> HashMap<PairId, u32> {
    let mut ranks: HashMap<PairId, u32> = HashMap::new();
    rows.iter().for_each(|pair| {
        ranks.insert(*pair, 0);
    });
    let mut pairs: Vec<(&str, &str, PairId)> = Vec::with_capacity(ranks.len());
    for pair in ranks.keys() {
        let (name, value) = index.strings(*pair);
        pairs.push((name, value, *pair));
    }
    pairs.sort_unstable();
    for (rank, (.., pair)) in pairs.iter().enumerate() {
        ranks.insert(*pair, rank as u32);
    }
    ranks
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::Labels;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn is_the_order_of_labels(series in prop::collection::hash_set(
            prop::collection::btree_map("[a-c]{1,2}", "[a-c]{1,2}", 1..4), 0..40)
        ) {
            let labels: std::collections::BTreeSet<Labels> = series.into_iter().map(Labels::from_pairs).collect();
            let mut index = Index::default();
            let mut shuffled: Vec<&Labels> = labels.iter().collect();
            shuffled.sort_by_key(|l| l.hash64());
            let slots: Vec<u32> = shuffled.into_iter().map(|l| index.insert(l, l.hash64())).collect();
            let sorted: Vec<Labels> = sorted_by_labels(&index, slots).into_iter().map(|s| index.labels(s)).collect();
            prop_assert_eq!(sorted, labels.into_iter().collect::<Vec<_>>());
        }
    }
}
