//! Which series pass matchers: set operations on postings, and labels looked at one by one when that is less.

use super::index::{Index, PairId};
use model::{MatchOp, Matcher};
use roaring::RoaringBitmap;

impl Index {
    /// The slots of the series that pass all matchers.
    pub fn select(&self, matchers: &[Matcher]) -> RoaringBitmap {
        let (narrow, wide): (Vec<_>, Vec<_>) = matchers.iter().partition(|m| !m.matches_empty());
        let mut plans: Vec<Plan<'_>> = narrow.into_iter().map(|m| self.plan(m)).collect();
        plans.sort_by_key(|p| p.cost);
        let mut slots: Option<RoaringBitmap> = None;
        for plan in &plans {
            slots = Some(match slots {
                None => self.union(plan),
                Some(slots) if slots.is_empty() => return slots,
                Some(slots) if self.is_cheaper_by_slot(&slots, plan.cost) => {
                    self.filter(&slots, plan.matcher)
                }
                Some(slots) => slots & self.union(plan),
            });
        }
        let mut slots = slots.unwrap_or_else(|| self.live().clone());
        for matcher in wide {
            let cost = self.pairs_of(matcher.name()).len() as u64;
            if self.is_cheaper_by_slot(&slots, cost) {
                slots = self.filter(&slots, matcher);
            } else {
                // What has the label with a value that does not pass is taken away.
                let inverse = matcher.inverse();
                slots -= self.union(&self.plan(&inverse));
            }
        }
        slots
    }

    /// Walking a series' labels costs about as much as looking at one value's postings.
    fn is_cheaper_by_slot(&self, slots: &RoaringBitmap, cost: u64) -> bool {
        slots.len() < cost
    }

    fn filter(&self, slots: &RoaringBitmap, matcher: &Matcher) -> RoaringBitmap {
        let passing = slots.iter().filter(|s| matcher.matches(self.value(*s, matcher.name())));
        RoaringBitmap::from_sorted_iter(passing).expect("a part of a sorted set is sorted")
    }

    /// How to find the series that have the label with a value that passes (an absent label is not looked at).
    fn plan<'m>(&self, matcher: &'m Matcher) -> Plan<'m> {
        let positive = matches!(matcher.op(), MatchOp::Equal | MatchOp::Regex);
        if positive && let Some(values) = matcher.literals() {
            let find = |v: &&str| self.find_pair(matcher.name(), v);
            let pairs: Vec<PairId> = values.iter().filter(|v| !v.is_empty()).filter_map(find).collect();
            let cost = pairs.iter().map(|p| self.pair_at(*p).postings.len()).sum();
            return Plan { matcher, pairs: Some(pairs), cost };
        }
        Plan { matcher, pairs: None, cost: self.pairs_of(matcher.name()).len() as u64 * 4 }
    }

    fn union(&self, plan: &Plan<'_>) -> RoaringBitmap {
        let mut slots = RoaringBitmap::new();
        let mut add = |pair: PairId| self.pair_at(pair).postings.add_to(&mut slots);
        match &plan.pairs {
            Some(pairs) => pairs.iter().for_each(|p| add(*p)),
            None => {
                for pair in self.pairs_of(plan.matcher.name()) {
                    if plan.matcher.matches(self.strings(*pair).1) {
                        add(*pair);
                    }
                }
            }
        }
        slots
    }
}

struct Plan<'m> {
    matcher: &'m Matcher,
    /// Known without looking at values.
    pairs: Option<Vec<PairId>>,
    cost: u64,
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::Labels;
    use proptest::prelude::*;

    fn matcher() -> impl Strategy<Value = Matcher> {
        let op =
            prop::sample::select(vec![MatchOp::Equal, MatchOp::NotEqual, MatchOp::Regex, MatchOp::NotRegex]);
        let value =
            prop::sample::select(vec!["", "a", "ab", "a|b", "a.*", ".*", ".+", "(a|)", "[ab]b?", "x"]);
        let name = prop::sample::select(vec!["k", "l", "m", "n"]);
        (name, op, value).prop_map(|(name, op, value)| Matcher::new(name, op, value).unwrap())
    }

    fn label_set() -> impl Strategy<Value = Labels> {
        prop::collection::btree_map("[klm]", "[abc]{1,2}", 1..3).prop_map(Labels::from_pairs)
    }

    proptest! {
        #[test]
        fn is_what_the_matchers_say(
            series in prop::collection::btree_set(label_set(), 0..40),
            matchers in prop::collection::vec(matcher(), 0..4),
        ) {
            let mut index = Index::default();
            let slots: Vec<u32> = series.iter().map(|l| index.insert(l, l.hash64())).collect();
            let passes = |l: &Labels| matchers.iter().all(|m| m.matches(l.value(m.name())));
            let want: RoaringBitmap =
                series.iter().zip(&slots).filter(|(l, _)| passes(l)).map(|(_, s)| *s).collect();
            prop_assert_eq!(index.select(&matchers), want);
        }
    }
}
