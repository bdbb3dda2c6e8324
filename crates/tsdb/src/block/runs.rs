//! Sets of ordinals as runs: what a label value points to, and what selecting computes with.
//!
//! Series lie in the order of their labels, so the set of a metric is one run, and that of a job is few.

use crate::block::bytes::{Input, Malformed, put_varint};
use std::ops::Range;

/// Ascending, disjoint, not empty and not touching.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Runs(pub Vec<Range<u32>>);

impl Runs {
    /// All below `end`.
    pub fn below(end: u32) -> Runs {
        if end == 0 { Runs::default() } else { Runs(vec![0..end; 1]) }
    }

    /// From ordinals that ascend.
    pub fn from_ordinals(ordinals: &[u32]) -> Runs {
        let mut runs = Runs::default();
        ordinals.iter().for_each(|o| runs.push(*o..*o + 1));
        runs
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn len(&self) -> usize {
        self.0.iter().map(ExactSizeIterator::len).sum()
    }

    pub fn contains(&self, ordinal: u32) -> bool {
        let i = self.0.partition_point(|r| r.end <= ordinal);
        self.0.get(i).is_some_and(|r| r.start <= ordinal)
    }

    pub fn iter(&self) -> impl Iterator<Item = u32> + '_ {
        self.0.iter().cloned().flatten()
    }

    /// Adds a run that does not begin before the last one.
    fn push(&mut self, run: Range<u32>) {
        match self.0.last_mut() {
            Some(last) if run.start <= last.end => last.end = last.end.max(run.end),
            _ => self.0.push(run),
        }
    }

    pub fn intersect(&self, other: &Runs) -> Runs {
        let (mut a, mut b) = (self.0.iter().peekable(), other.0.iter().peekable());
        let mut out = Runs::default();
        while let (Some(x), Some(y)) = (a.peek(), b.peek()) {
            let run = x.start.max(y.start)..x.end.min(y.end);
            if run.start < run.end {
                out.push(run);
            }
            if x.end < y.end {
                a.next()
            } else {
                b.next()
            };
        }
        out
    }

    /// What is here but not there.
    pub fn subtract(&self, other: &Runs) -> Runs {
        let mut out = Runs::default();
        let mut holes = other.0.iter().peekable();
        for run in &self.0 {
            let mut start = run.start;
            while let Some(hole) = holes.next_if(|h| h.end <= run.end) {
                if hole.end > start {
                    if hole.start > start {
                        out.push(start..hole.start);
                    }
                    start = hole.end;
                }
            }
            let end = holes.peek().map_or(run.end, |hole| hole.start.clamp(start, run.end));
            if start < end {
                out.push(start..end);
            }
        }
        out
    }

    /// The union of runs in any order.
    pub fn union(mut all: Vec<Range<u32>>) -> Runs {
        all.sort_unstable_by_key(|r| r.start);
        let mut out = Runs::default();
        all.into_iter().for_each(|r| out.push(r));
        out
    }

    /// Appends, for each run, the gap to the end of the one before and the length; the lengths are left out when
    /// all are 1.
    pub fn encode(&self, out: &mut Vec<u8>) {
        let singles = self.0.iter().all(|r| r.len() == 1);
        put_varint(out, (self.0.len() as u64) << 1 | u64::from(singles));
        let mut before = 0;
        for run in &self.0 {
            put_varint(out, u64::from(run.start - before));
            if !singles {
                put_varint(out, run.len() as u64);
            }
            before = run.end;
        }
    }

    /// Reads a set and appends its runs, all of which must end by `end`.
    pub fn decode(input: &mut Input<'_>, end: u32, out: &mut Vec<Range<u32>>) -> Result<(), Malformed> {
        let head = input.varint()?;
        let mut before = 0u32;
        for _ in 0..head >> 1 {
            let start = before.checked_add(input.u32()?);
            let len = if head & 1 == 1 { 1 } else { input.u32()? };
            let run_end = start.and_then(|s| s.checked_add(len)).filter(|e| *e <= end && len > 0);
            let Some(run_end) = run_end else { return Err(Malformed("ordinal past the end")) };
            out.push(run_end - len..run_end);
            before = run_end;
        }
        Ok(())
    }
}

/// A set that grows in ascending order, encoded as it grows.
#[derive(Default)]
pub(crate) struct RunsBuilder {
    /// Gap and length of each closed run.
    closed: Vec<u8>,
    closed_end: u32,
    open: Range<u32>,
    pub len: u32,
}

impl RunsBuilder {
    pub fn push(&mut self, ordinal: u32) {
        self.len += 1;
        if ordinal == self.open.end {
            self.open.end += 1;
            return;
        }
        self.close();
        self.open = ordinal..ordinal + 1;
    }

    fn close(&mut self) {
        if !self.open.is_empty() {
            put_varint(&mut self.closed, u64::from(self.open.start - self.closed_end));
            put_varint(&mut self.closed, self.open.len() as u64);
            self.closed_end = self.open.end;
        }
    }

    pub fn finish(mut self) -> Runs {
        self.close();
        let (mut input, mut before, mut runs) = (Input(&self.closed), 0, Runs::default());
        while let (Ok(gap), Ok(len)) = (input.u32(), input.u32()) {
            let start = before + gap;
            before = start + len;
            runs.0.push(start..before);
        }
        runs
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    fn runs(set: &BTreeSet<u32>) -> Runs {
        let mut builder = RunsBuilder::default();
        set.iter().for_each(|o| builder.push(*o));
        let built = builder.finish();
        assert_eq!(built, Runs::from_ordinals(&set.iter().copied().collect::<Vec<_>>()));
        built
    }

    fn set() -> impl Strategy<Value = BTreeSet<u32>> {
        proptest::collection::btree_set(0u32..60, 0..50)
    }

    proptest! {
        #[test]
        fn sets_behave_as_sets(a in set(), b in set()) {
            let (x, y) = (runs(&a), runs(&b));
            prop_assert_eq!(x.intersect(&y), runs(&a.intersection(&b).copied().collect()));
            prop_assert_eq!(x.subtract(&y), runs(&a.difference(&b).copied().collect()));
            let both = x.0.iter().chain(&y.0).cloned().collect();
            prop_assert_eq!(Runs::union(both), runs(&a.union(&b).copied().collect()));
            prop_assert_eq!(x.len(), a.len());
            prop_assert!((0..70).all(|o| x.contains(o) == a.contains(&o)));
            prop_assert!(x.iter().eq(a.iter().copied()));
        }

        #[test]
        fn sets_round_trip(a in set()) {
            let (mut bytes, mut back) = (Vec::new(), Vec::new());
            runs(&a).encode(&mut bytes);
            Runs::decode(&mut Input(&bytes), 60, &mut back).unwrap();
            prop_assert_eq!(Runs(back), runs(&a));
            prop_assert!(a.is_empty() || Runs::decode(&mut Input(&bytes), *a.last().unwrap(), &mut Vec::new()).is_err());
        }

        #[test]
        fn garbage_never_panics(bytes in any::<Vec<u8>>()) {
            let _ = Runs::decode(&mut Input(&bytes), 100, &mut Vec::new());
        }
    }
}
