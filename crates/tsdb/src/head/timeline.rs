//! The timestamps of one scrape target, kept once for all its series.

/// Ascending timestamps as offsets from the first: 4 B each.
#[derive(Debug)]
pub(crate) struct Timeline {
    base: i64,
    offsets: Vec<u32>,
}

impl Timeline {
    pub fn starting_at(t: i64) -> Timeline {
        Timeline { base: t, offsets: vec![0] }
    }

    pub fn len(&self) -> usize {
        self.offsets.len()
    }

    pub fn get(&self, index: usize) -> i64 {
        self.base + self.offsets[index] as i64
    }

    /// The last timestamp.
    pub fn last(&self) -> i64 {
        self.get(self.offsets.len() - 1)
    }

    /// Appends a timestamp after the last; `false` when it is more than 49 days (2³² ms) after the first.
    pub fn push(&mut self, t: i64) -> bool {
        let Some(offset) = t.checked_sub(self.base).and_then(|d| u32::try_from(d).ok()) else { return false };
        debug_assert!(t > self.last());
        if self.offsets.len() == self.offsets.capacity() {
            // Half as much again: most of a head's timelines stop growing at the same length.
            self.offsets.reserve_exact((self.offsets.len() / 2).max(4));
        }
        self.offsets.push(offset);
        true
    }

    pub fn find(&self, t: i64) -> Option<usize> {
        let offset = u32::try_from(t.checked_sub(self.base)?).ok()?;
        self.offsets.binary_search(&offset).ok()
    }

    pub fn extend_into(&self, range: std::ops::Range<usize>, out: &mut Vec<i64>) {
        out.extend(self.offsets[range].iter().map(|o| self.base + *o as i64));
    }

    /// Memory held.
    pub fn bytes(&self) -> usize {
        size_of::<Timeline>() + self.offsets.capacity() * 4
    }
}
