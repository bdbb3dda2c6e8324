//! `target_info`: a series a resource that carries its attributes, so that queries can join them.
//!
//! It has a sample at the newest time of the points that came with the resource and one every half of the lookback
//! before, down to the oldest, so that whichever time a query asks for, it is found. Times that it has already are
//! not written again.

use hashbrown::HashMap;

/// Resources remembered. Over it all are forgotten, which costs a refused sample each.
const RESOURCES_MAX: usize = 100_000;
/// Samples of one resource in one request: 100 × 2.5 minutes are more than four hours.
const SAMPLES_MAX: usize = 100;

/// The newest sample of each, by the key of the owner.
#[derive(Default)]
pub(crate) struct TargetInfos {
    newest: HashMap<u128, i64>,
}

impl TargetInfos {
    /// The times to write, ascending; times are Unix milliseconds.
    pub fn wanted(&self, owner: u128, earliest: i64, latest: i64, interval_ms: i64) -> Vec<i64> {
        let after = self.newest.get(&owner).copied().unwrap_or(i64::MIN);
        if latest <= after {
            return Vec::new();
        }
        let steps = latest.saturating_sub(earliest).max(0) / interval_ms.max(1);
        let first = steps.saturating_sub(SAMPLES_MAX as i64 - 1).max(0);
        let mut times: Vec<i64> = (first..=steps)
            .map(|step| earliest + step * interval_ms)
            .filter(|t| *t > after && *t < latest)
            .collect();
        times.push(latest);
        times
    }

    /// Remembers what is on disk.
    pub fn written(&mut self, owner: u128, latest: i64) {
        if self.newest.len() >= RESOURCES_MAX && !self.newest.contains_key(&owner) {
            self.newest.clear();
        }
        let newest = self.newest.entry(owner).or_insert(latest);
        *newest = latest.max(*newest);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_half_a_lookback_apart_and_written_once() {
        let mut infos = TargetInfos::default();
        assert_eq!(infos.wanted(1, 1_000, 1_000, 150), [1_000]);
        assert_eq!(infos.wanted(1, 1_000, 1_400, 150), [1_000, 1_150, 1_300, 1_400]);
        assert_eq!(infos.wanted(1, 1_000, 1_300, 150), [1_000, 1_150, 1_300]);
        infos.written(1, 1_200);
        assert_eq!(infos.wanted(1, 1_000, 1_400, 150), [1_300, 1_400]);
        assert_eq!(infos.wanted(1, 1_000, 1_200, 150), [0; 0]);
        assert_eq!(infos.wanted(2, 1_200, 1_200, 150), [1_200]);
        infos.written(1, 100);
        assert_eq!(infos.wanted(1, 100, 1_000, 150), [0; 0]);
    }

    #[test]
    fn a_long_range_costs_no_more_than_so_many() {
        let times = TargetInfos::default().wanted(1, 1, 1_700_000_000_000, 150_000);
        assert!(times.len() <= SAMPLES_MAX + 1, "{}", times.len());
        assert_eq!(times.last(), Some(&1_700_000_000_000));
        assert!(times.is_sorted());
    }
}
