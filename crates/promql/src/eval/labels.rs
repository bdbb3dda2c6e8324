//! Label sets as the evaluator needs them: parts of them as keys, sets without a name, sets merged.

use super::column::{Cell, Series, Vector};
use crate::engine::QueryError;
use model::{Labels, METRIC_NAME};
use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use xxhash_rust::xxh3::{xxh3_64, xxh3_128};

/// A map by 128 bits of hash. The chance that two of a million sets meet is 1 in 10^26.
pub(crate) type ByKey<V> = HashMap<u128, V, BuildHasherDefault<KeyHasher>>;

/// Keys are hashes already; half of one will do.
#[derive(Default)]
pub(crate) struct KeyHasher(u64);

impl Hasher for KeyHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        self.0 = xxh3_64(bytes);
    }

    fn write_u128(&mut self, key: u128) {
        self.0 = key as u64;
    }
}

pub(crate) const DUPLICATE: &str = "vector cannot contain metrics with the same labelset";

/// Labels that belong to the metric: gone when an operation makes another metric of it.
pub(crate) fn is_metadata(name: &[u8]) -> bool {
    matches!(name, b"__name__" | b"__type__" | b"__unit__")
}

pub(crate) fn without_metadata(labels: &Labels) -> Labels {
    labels.filter(|name| !is_metadata(name))
}

/// Which labels count.
#[derive(Clone, Debug)]
pub(crate) enum Part {
    /// Those named, sorted.
    Only(Vec<String>),
    /// All but those named, sorted.
    Without(Vec<String>),
}

impl Part {
    /// What `by (names)` keeps.
    pub fn by(names: &[String]) -> Part {
        Part::Only(sorted(names, None))
    }

    /// What `without (names)` and `ignoring (names)` keep: neither those nor the name of the metric.
    pub fn without(names: &[String]) -> Part {
        Part::Without(sorted(names, Some(METRIC_NAME)))
    }

    pub fn has(&self, name: &[u8]) -> bool {
        let (names, only) = match self {
            Part::Only(names) => (names, true),
            Part::Without(names) => (names, false),
        };
        // Lists are short: a walk is faster than a bisection.
        names.iter().any(|n| n.as_bytes() == name) == only
    }

    pub fn of(&self, labels: &Labels) -> Labels {
        labels.filter(|name| self.has(name))
    }

    /// A key that is equal for sets equal in this part. `buffer` is scratch.
    pub fn key(&self, labels: &Labels, buffer: &mut Vec<u8>) -> u128 {
        if matches!(self, Part::Only(names) if names.is_empty()) {
            return 0;
        }
        buffer.clear();
        labels.packed().filter(|l| self.has(l.name)).for_each(|l| buffer.extend_from_slice(l.bytes));
        xxh3_128(buffer)
    }
}

fn sorted(names: &[String], more: Option<&str>) -> Vec<String> {
    let mut names = names.to_vec();
    names.extend(more.map(str::to_owned));
    names.sort();
    names.dedup();
    names
}

/// Merges series that have come to the same labels. They must not have samples at the same step.
pub(crate) fn merge_equal(series: Vector, steps: usize) -> Result<Vector, QueryError> {
    let mut seen: ByKey<usize> = ByKey::with_capacity_and_hasher(series.len(), Default::default());
    if series.iter().enumerate().all(|(i, s)| seen.insert(s.labels.hash128(), i).is_none()) {
        return Ok(series);
    }
    seen.clear();
    let mut merged: Vector = Vec::with_capacity(series.len());
    for s in series {
        match seen.get(&s.labels.hash128()) {
            None => {
                seen.insert(s.labels.hash128(), merged.len());
                merged.push(s);
            }
            Some(at) => add_into(&mut merged[*at], &s, steps)?,
        }
    }
    Ok(merged)
}

/// Adds the samples of a series with the same labels.
pub(crate) fn add_into(into: &mut Series, from: &Series, steps: usize) -> Result<(), QueryError> {
    for step in 0..steps {
        let cell = from.cell(step);
        if matches!(cell, Cell::Absent) {
            continue;
        }
        if into.is_present(step) {
            return Err(duplicate());
        }
        into.set(step, steps, cell);
    }
    Ok(())
}

pub(crate) fn duplicate() -> QueryError {
    QueryError::Execution(DUPLICATE.to_owned())
}

/// Fails when two series have the same labels.
pub(crate) fn check_distinct(series: &[Series]) -> Result<(), QueryError> {
    let mut seen: ByKey<()> = ByKey::with_capacity_and_hasher(series.len(), Default::default());
    if series.iter().all(|s| seen.insert(s.labels.hash128(), ()).is_none()) {
        Ok(())
    } else {
        Err(duplicate())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::eval::column::ABSENT;

    #[test]
    fn parts_give_keys_and_labels() {
        let a = Labels::from_pairs([("__name__", "m"), ("x", "1"), ("y", "2")]);
        let b = Labels::from_pairs([("__name__", "n"), ("x", "1"), ("z", "2")]);
        let names = |n: &[&str]| n.iter().map(|s| s.to_string()).collect::<Vec<_>>();
        let key = |part: &Part, l: &Labels| part.key(l, &mut Vec::new());
        let by = Part::by(&names(&["x"]));
        assert_eq!(key(&by, &a), key(&by, &b));
        assert_eq!(by.of(&a), Labels::from_pairs([("x", "1")]));
        let without = Part::without(&names(&["y", "z"]));
        assert_eq!(key(&without, &a), key(&without, &b));
        assert_ne!(key(&Part::without(&names(&["y"])), &a), key(&Part::without(&names(&["y"])), &b));
        assert_eq!(key(&Part::by(&[]), &a), 0);
    }

    #[test]
    fn equal_series_merge_unless_they_meet() {
        let labels = Labels::from_pairs([("x", "1")]);
        let s = |v: &[f64]| Series::floats(labels.clone(), v.to_vec());
        let merged = merge_equal(vec![s(&[1.0, ABSENT]), s(&[ABSENT, 2.0])], 2).unwrap();
        assert_eq!(merged.len(), 1);
        assert_eq!(merged[0].floats, [1.0, 2.0]);
        assert!(merge_equal(vec![s(&[1.0, ABSENT]), s(&[1.0, 2.0])], 2).is_err());
    }
}
