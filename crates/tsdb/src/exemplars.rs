//! Exemplars: a ring of the newest, over all series.

use crate::error::AppendError;
use hashbrown::HashMap;
use model::{Exemplar, Labels, Matcher};
use std::collections::{BTreeMap, VecDeque};

/// Characters of all names and values of an exemplar's labels (OpenMetrics 1.0, "Exemplars").
const LABEL_CHARS_MAX: usize = 128;

pub(crate) struct Exemplars {
    max: usize,
    ring: VecDeque<(Labels, Exemplar)>,
    by_series: HashMap<Labels, Last>,
}

struct Last {
    count: usize,
    exemplar: Exemplar,
}

impl Exemplars {
    pub fn new(max: usize) -> Exemplars {
        Exemplars { max, ring: VecDeque::new(), by_series: HashMap::new() }
    }

    pub fn len(&self) -> usize {
        self.ring.len()
    }

    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&Labels, &Exemplar)> {
        self.ring.iter().map(|(l, e)| (l, e))
    }

    /// The last exemplar of a series.
    pub fn last(&self, series: &Labels) -> Option<&Exemplar> {
        self.by_series.get(series).map(|l| &l.exemplar)
    }

    /// Adds one that has a timestamp; the oldest of all makes room.
    pub fn add(&mut self, series: Labels, exemplar: Exemplar) {
        if self.max == 0 {
            return;
        }
        if self.ring.len() == self.max
            && let Some((series, _)) = self.ring.pop_front()
            && let Some(last) = self.by_series.get_mut(&series)
        {
            last.count -= 1;
            if last.count == 0 {
                self.by_series.remove(&series);
            }
        }
        let last = Last { count: 0, exemplar: exemplar.clone() };
        let last = self.by_series.entry(series.clone()).or_insert(last);
        last.count += 1;
        last.exemplar = exemplar.clone();
        self.ring.push_back((series, exemplar));
    }

    /// Those of series that pass one of the sets, in `start_ms ..= end_ms`, by series, ascending in time.
    pub fn select(&self, sets: &[Vec<Matcher>], start_ms: i64, end_ms: i64) -> Vec<(Labels, Vec<Exemplar>)> {
        let passes =
            |labels: &Labels| sets.iter().any(|set| set.iter().all(|m| m.matches(labels.value(m.name()))));
        let wanted: hashbrown::HashSet<&Labels> = self.by_series.keys().filter(|l| passes(l)).collect();
        let mut found: BTreeMap<&Labels, Vec<Exemplar>> = BTreeMap::new();
        for (labels, exemplar) in &self.ring {
            let t = exemplar.timestamp.unwrap_or(i64::MIN);
            if start_ms <= t && t <= end_ms && wanted.contains(labels) {
                found.entry(labels).or_default().push(exemplar.clone());
            }
        }
        found.into_iter().map(|(l, e)| (l.clone(), e)).collect()
    }
}

/// Whether an exemplar may follow the last one of its series. `had_time` says whether its source gave it a time.
pub(crate) fn check(new: &Exemplar, had_time: bool, last: Option<&Exemplar>) -> Result<(), AppendError> {
    let characters: usize = new.labels.iter().map(|(n, v)| n.chars().count() + v.chars().count()).sum();
    if characters > LABEL_CHARS_MAX {
        return Err(AppendError::ExemplarTooLong);
    }
    let Some(last) = last else { return Ok(()) };
    let same = new.labels == last.labels && new.value.to_bits() == last.value.to_bits();
    if same && (!had_time || new.timestamp == last.timestamp) {
        return Err(AppendError::ExemplarDuplicate);
    }
    if new.timestamp <= last.timestamp {
        return Err(AppendError::ExemplarOutOfOrder);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exemplar(id: &str, t: i64) -> Exemplar {
        Exemplar { labels: Labels::from_pairs([("trace_id", id)]), value: 1.0, timestamp: Some(t) }
    }

    #[test]
    fn the_oldest_makes_room() {
        let mut ring = Exemplars::new(3);
        let series = |n: &str| Labels::from_pairs([("s", n)]);
        for t in 0..5 {
            ring.add(series(if t < 2 { "a" } else { "b" }), exemplar("x", t));
        }
        assert_eq!(ring.len(), 3);
        assert!(ring.last(&series("a")).is_none());
        let all = ring.select(&[vec![]], 3, 9);
        assert_eq!(all, [(series("b"), vec![exemplar("x", 3), exemplar("x", 4)])]);
        assert_eq!(ring.select(&[vec![Matcher::equal("s", "a")]], 0, 9), []);
    }

    #[test]
    fn order_and_doubles_are_judged_as_prometheus_does() {
        let last = exemplar("a", 5);
        let judge = |e: &Exemplar, had_time| check(e, had_time, Some(&last));
        assert_eq!(judge(&exemplar("a", 5), true), Err(AppendError::ExemplarDuplicate));
        assert_eq!(judge(&exemplar("a", 6), true), Ok(()));
        assert_eq!(judge(&exemplar("a", 6), false), Err(AppendError::ExemplarDuplicate));
        assert_eq!(judge(&exemplar("b", 5), true), Err(AppendError::ExemplarOutOfOrder));
        assert_eq!(judge(&exemplar(&"x".repeat(121), 9), true), Err(AppendError::ExemplarTooLong));
        assert_eq!(judge(&exemplar(&"x".repeat(120), 9), true), Ok(()));
    }
}
