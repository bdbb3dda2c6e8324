//! What follows from the timestamps of a series alone, kept for the next series with the same ones.
//!
//! Series of one scrape have the same timestamps, so where the windows of a query fall on them, and what a rate is
//! extrapolated by, need not be worked out for each. Timestamps are compared whole before anything is taken for known; that
//! costs a tenth of working it out.

use super::labels::ByKey;
use super::window::Windows;
use xxhash_rust::xxh3::xxh3_128;

/// For fewer steps, working it out is as cheap as comparing.
const STEPS_MIN: usize = 8;
/// Steps and timestamps kept: at 48 bytes for both, 3 MB; a hundred targets over an hour at 15 s.
const KEPT_MAX: usize = 1 << 16;
/// So many misses in a row say that there are more targets than can be kept.
const MISSES_MAX: u32 = 1024;

/// A layout costs as much as two series without one: it is made for the fourth, when more are likely to come.
const SIGHTS_MIN: u32 = 4;

/// What is known of some timestamps.
#[derive(Clone, Copy)]
enum Place {
    /// So many series had them.
    Seen(u32),
    /// The place in `made`.
    Made(u32),
}

/// Layouts of one selection. One thread, one of these.
pub(crate) struct Layouts<T> {
    windows: Option<Windows>,
    /// By the hash of the timestamps.
    places: ByKey<Place>,
    made: Vec<(Vec<i64>, T)>,
    kept: usize,
    misses: u32,
}

impl<T> Default for Layouts<T> {
    fn default() -> Layouts<T> {
        Layouts { windows: None, places: ByKey::default(), made: Vec::new(), kept: 0, misses: 0 }
    }
}

impl<T> Layouts<T> {
    /// What `make` gives for the windows and timestamps. `None` at the first sights of them: many queries see each
    /// target only once or twice.
    #[inline]
    pub fn get(&mut self, windows: &Windows, ts: &[i64], make: impl FnOnce() -> T) -> Option<&T> {
        if windows.grid.steps < STEPS_MIN || ts.is_empty() || self.misses > MISSES_MAX {
            return None;
        }
        if self.windows.as_ref() != Some(windows) {
            *self = Layouts { windows: Some(*windows), ..Layouts::default() };
        }
        let key = key(ts);
        let place = match self.places.entry(key).or_insert(Place::Seen(0)) {
            Place::Made(place) => *place as usize,
            Place::Seen(n) => {
                *n += 1;
                self.misses += 1;
                if *n < SIGHTS_MIN {
                    return None;
                }
                self.keep(key, windows, ts, make)?
            }
        };
        let (known, layout) = &self.made[place];
        self.misses = 0;
        (known == ts).then_some(layout)
    }

    #[cold]
    fn keep(&mut self, key: u128, windows: &Windows, ts: &[i64], make: impl FnOnce() -> T) -> Option<usize> {
        let more = ts.len() + windows.grid.steps;
        if self.kept + more > KEPT_MAX {
            return None;
        }
        self.kept += more;
        self.made.push((ts.to_vec(), make()));
        let place = self.made.len() - 1;
        self.places.insert(key, Place::Made(place as u32));
        Some(place)
    }
}

/// Equal for equal timestamps, and nearly always different for others: all of them count, as targets often differ by a
/// millisecond here and there. In lanes that do not wait for each other.
#[inline]
fn key(ts: &[i64]) -> u128 {
    const LANES: usize = 8;
    const PRIME: u64 = 0x9e37_79b1_85eb_ca87;
    let mut lanes = [ts.len() as u64; LANES];
    let (whole, rest) = ts.as_chunks::<LANES>();
    for eight in whole {
        for (lane, t) in lanes.iter_mut().zip(eight) {
            *lane = (*lane ^ *t as u64).wrapping_mul(PRIME).rotate_left(29);
        }
    }
    for (lane, t) in lanes.iter_mut().zip(rest) {
        *lane = (*lane ^ *t as u64).wrapping_mul(PRIME).rotate_left(29);
    }
    let mut bytes = [0; 8 * LANES];
    for (place, lane) in bytes.chunks_exact_mut(8).zip(lanes) {
        place.copy_from_slice(&lane.to_le_bytes());
    }
    xxh3_128(&bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ast::Extent;
    use crate::eval::column::Grid;

    fn windows(start: i64) -> Windows {
        Windows::new(Grid { start, step: 10, steps: 20 }, 100, 0, None, Extent::Plain, 0)
    }

    #[test]
    fn a_layout_is_for_the_same_windows_and_timestamps_only() {
        let mut layouts = Layouts::default();
        let a: Vec<i64> = (1..20).collect();
        let mut b = a.clone();
        b[5] += 1;
        for _ in 1..SIGHTS_MIN {
            assert_eq!(layouts.get(&windows(0), &a, || 1), None);
        }
        assert_eq!(layouts.get(&windows(0), &a, || 2), Some(&2));
        assert_eq!(layouts.get(&windows(0), &a, || 3), Some(&2));
        assert_ne!(key(&a), key(&b));
        assert_eq!(layouts.get(&windows(0), &b, || 4), None);
        for _ in 1..SIGHTS_MIN {
            assert_eq!(layouts.get(&windows(1), &a, || 5), None);
        }
        assert_eq!(layouts.get(&windows(1), &a, || 6), Some(&6));
        assert_eq!(layouts.get(&windows(1), &[], || 7), None);
    }

    #[test]
    fn what_is_kept_is_bounded() {
        let mut layouts = Layouts::default();
        for round in 0..2 * SIGHTS_MIN {
            for i in 0..200 {
                layouts.get(&windows(0), &[i, i + 1, i + 2], || round);
            }
        }
        assert!(layouts.made.len() == 200 && layouts.kept <= KEPT_MAX);
        let long: Vec<i64> = (0..KEPT_MAX as i64).collect();
        for _ in 0..2 * SIGHTS_MIN {
            assert_eq!(layouts.get(&windows(0), &long, || 1), None);
        }
        assert_eq!(layouts.made.len(), 200);
    }
}
