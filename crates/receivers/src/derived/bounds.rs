//! Bounds of the histograms, and the one fine histogram that all of them are read from.
//!
//! A span is sorted into one of [`FINE`] buckets; each family adds up those below its own bounds, which are all among
//! the fine ones.

const MS: i64 = 1_000_000;

/// Of the Collector's connector `spanmetrics`, in milliseconds; its service graph has the same in seconds.
pub(crate) const COLLECTOR_MS: [i64; 16] =
    [2, 4, 6, 8, 10, 50, 100, 200, 400, 800, 1_000, 1_400, 2_000, 5_000, 10_000, 15_000];
/// Of Tempo's generator: 2 ms, doubled 13 times.
pub(crate) const TEMPO_MS: [i64; 14] =
    [2, 4, 8, 16, 32, 64, 128, 256, 512, 1_024, 2_048, 4_096, 8_192, 16_384];
/// Both together.
const FINE_MS: [i64; 27] = [
    2, 4, 6, 8, 10, 16, 32, 50, 64, 100, 128, 200, 256, 400, 512, 800, 1_000, 1_024, 1_400, 2_000, 2_048,
    4_096, 5_000, 8_192, 10_000, 15_000, 16_384,
];
/// Buckets of the fine histogram; the last is beyond all bounds.
pub(crate) const FINE: usize = FINE_MS.len() + 1;

/// Durations.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Durations {
    counts: [u64; FINE],
    sum_ns: u128,
}

impl Durations {
    #[inline]
    pub fn observe(&mut self, ns: i64) {
        let bucket = FINE_MS.partition_point(|bound| *bound * MS < ns);
        self.counts[bucket] += 1;
        self.sum_ns += ns.max(0) as u128;
    }

    pub fn count(&self) -> u64 {
        self.counts.iter().sum()
    }

    pub fn sum_seconds(&self) -> f64 {
        self.sum_ns as f64 / 1e9
    }

    pub fn sum_ms(&self) -> f64 {
        self.sum_ns as f64 / 1e6
    }

    /// How many were at most as long as each of these bounds.
    pub fn cumulative<'a>(&'a self, bounds_ms: &'a [i64]) -> impl Iterator<Item = u64> + 'a {
        let (mut total, mut next) = (0, 0);
        bounds_ms.iter().map(move |bound| {
            while next < FINE_MS.len() && FINE_MS[next] <= *bound {
                total += self.counts[next];
                next += 1;
            }
            total
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn every_bound_is_among_the_fine_ones() {
        assert!(FINE_MS.windows(2).all(|w| w[0] < w[1]));
        assert!(COLLECTOR_MS.iter().chain(&TEMPO_MS).all(|b| FINE_MS.contains(b)));
    }

    proptest! {
        #[test]
        fn counts_are_those_of_the_durations(all in prop::collection::vec(0i64..20_000 * MS, 0..50)) {
            let mut d = Durations::default();
            all.iter().for_each(|ns| d.observe(*ns));
            for bounds in [&COLLECTOR_MS[..], &TEMPO_MS[..]] {
                let want: Vec<u64> = bounds
                    .iter()
                    .map(|b| all.iter().filter(|ns| **ns <= b * MS).count() as u64)
                    .collect();
                prop_assert_eq!(d.cumulative(bounds).collect::<Vec<_>>(), want);
            }
            prop_assert_eq!(d.count(), all.len() as u64);
        }
    }

    #[test]
    fn a_bound_belongs_to_its_bucket() {
        let mut d = Durations::default();
        d.observe(2 * MS);
        d.observe(2 * MS + 1);
        d.observe(i64::MAX);
        assert_eq!(d.cumulative(&[2, 4, 16_384]).collect::<Vec<_>>(), [1, 2, 2]);
        assert_eq!(d.count(), 3);
    }
}
