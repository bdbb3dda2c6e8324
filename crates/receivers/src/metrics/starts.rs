//! Which starts of counts were seen, so that a zero is written once at each.

use hashbrown::HashMap;

/// Series remembered in each of two generations: 2 × 250,000 × 24 bytes. What is forgotten writes its zero once
/// more, which the store finds there already.
const SERIES_MAX: usize = 250_000;

/// The start of each series, by key.
#[derive(Default)]
pub(crate) struct Starts {
    young: HashMap<u128, i64>,
    old: HashMap<u128, i64>,
}

impl Starts {
    pub fn is_new(&mut self, key: u128, start_ms: i64) -> bool {
        if self.young.get(&key) == Some(&start_ms) {
            return false;
        }
        if self.young.len() >= SERIES_MAX {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(key, start_ms);
        self.old.get(&key) != Some(&start_ms)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_start_is_new_once_over_a_change_of_generations() {
        let mut starts = Starts::default();
        assert!(starts.is_new(1, 5) && !starts.is_new(1, 5) && starts.is_new(1, 6));
        (0..SERIES_MAX as u128).for_each(|key| {
            starts.is_new(key + 2, 0);
        });
        assert!(!starts.is_new(1, 6));
        assert!(starts.young.len() <= SERIES_MAX);
    }
}
