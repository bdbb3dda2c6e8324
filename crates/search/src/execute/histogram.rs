//! Events counted by time, and by the values of a field.

use super::columns::Wanted;
use super::group::translate;
use super::keys::{KeyCoder, KeyPlan};
use super::plan::Plan;
use super::sweep::{Rows, pieces, sweep};
use crate::answer::{Histogram, HistogramKey, HistogramSeries, SearchError};
use crate::ask::{HistogramAsk, TimeRange};
use crate::compile::time_column;
use crate::guard::Guard;
use arrow::array::AsArray;
use arrow::datatypes::TimestampNanosecondType;

/// Values counted by time of their own while reading: 2,000 × 500 buckets × 4 B = 4 MB a thread. Later ones go to the
/// rest; of a field with more values the largest are mostly met early.
const VALUES_MAX: u32 = 2_000;

/// Lengths that buckets have: what people read off an axis. Nanoseconds.
const STEPS: [i64; 30] = [
    1,
    10,
    100,
    1_000,
    10_000,
    100_000,
    1_000_000,
    2_000_000,
    5_000_000,
    10_000_000,
    20_000_000,
    50_000_000,
    100_000_000,
    200_000_000,
    500_000_000,
    SECOND,
    2 * SECOND,
    5 * SECOND,
    10 * SECOND,
    15 * SECOND,
    30 * SECOND,
    60 * SECOND,
    2 * 60 * SECOND,
    5 * 60 * SECOND,
    10 * 60 * SECOND,
    15 * 60 * SECOND,
    30 * 60 * SECOND,
    3_600 * SECOND,
    3 * 3_600 * SECOND,
    6 * 3_600 * SECOND,
];
const SECOND: i64 = 1_000_000_000;
const DAY: i64 = 86_400 * SECOND;

/// Buckets of one length that cover a range.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Buckets {
    pub start_ns: i64,
    pub step_ns: i64,
    pub count: usize,
}

impl Buckets {
    /// At most so many buckets, which begin at multiples of their length.
    pub fn cover(range: TimeRange, most: usize) -> Buckets {
        let most = most.max(2) as i64;
        let span = range.end_ns.saturating_sub(range.start_ns).max(1);
        // One more may be needed, as the first begins before the range does.
        let least = span / (most - 1).max(1) + 1;
        let step_ns = STEPS
            .iter()
            .copied()
            .find(|step| *step >= least)
            .unwrap_or_else(|| (least.div_euclid(DAY) + 1).saturating_mul(DAY));
        let start_ns = range.start_ns.div_euclid(step_ns).saturating_mul(step_ns);
        let count =
            (range.end_ns.saturating_sub(1).saturating_sub(start_ns) / step_ns + 1).clamp(1, most) as usize;
        Buckets { start_ns, step_ns, count }
    }

    pub fn of(self, time_ns: i64) -> usize {
        let at = time_ns.saturating_sub(self.start_ns).max(0) / self.step_ns;
        (at as usize).min(self.count - 1)
    }
}

/// A range of time that both ends are known of: a question about all time is about the time of what there is.
pub(crate) fn bounded(plan: &Plan<'_>) -> TimeRange {
    let mut range = plan.range;
    if range.start_ns == i64::MIN || range.end_ns == i64::MAX {
        let parts = plan.snapshot.parts(&plan.filter.prune);
        let first = parts.iter().map(|part| part.time_range().0).min().unwrap_or(0);
        let last = parts.iter().map(|part| part.time_range().1).max().unwrap_or(0);
        range.start_ns = range.start_ns.max(first);
        range.end_ns = range.end_ns.min(last.saturating_add(1));
    }
    range
}

pub(crate) fn run(ask: &HistogramAsk, plan: &Plan<'_>) -> Result<Histogram, SearchError> {
    if ask.buckets == 0 || ask.buckets > HistogramAsk::BUCKETS_MAX {
        let message = format!("1 to {}", HistogramAsk::BUCKETS_MAX);
        return Err(SearchError::Parameter { parameter: "buckets", message });
    }
    let mut range = bounded(plan);
    // The picture shows what was asked for, whatever the query says of the time.
    range.start_ns =
        if ask.which.range.start_ns == i64::MIN { range.start_ns } else { ask.which.range.start_ns };
    range.end_ns = if ask.which.range.end_ns == i64::MAX { range.end_ns } else { ask.which.range.end_ns };
    let buckets = Buckets::cover(range, ask.buckets);
    let mut wanted = Wanted::default();
    let time = wanted.add(time_column());
    let key = match &ask.by {
        None => None,
        Some(field) => {
            let key = KeyPlan::new(plan.kind, field, plan.columns(), &mut wanted);
            if key.is_none() {
                plan.guard.warn(format!("no event in this range has the field {field}"));
            }
            Some(key.unwrap_or_default())
        }
    };
    let pieces = pieces(plan, &plan.filter.prune);
    let threads = sweep(
        plan,
        &wanted.0,
        &pieces,
        || Counts::new(key.as_ref(), buckets),
        |counts, rows| counts.add(rows, time, &plan.guard),
    )?;
    let mut threads = threads.into_iter();
    let mut all = threads.next().unwrap_or_else(|| Counts::new(key.as_ref(), buckets));
    for other in threads {
        all.join(&other);
    }
    let total = all.series.iter().flatten().chain(&all.rest).sum();
    let mut stats = plan.stats();
    stats.matched_rows = (!stats.partial).then_some(total);
    Ok(Histogram { start_ns: buckets.start_ns, step_ns: buckets.step_ns, series: all.answer(), total, stats })
}

/// What one thread has counted.
struct Counts {
    buckets: Buckets,
    coder: Option<KeyCoder>,
    /// By code, then by bucket; empty for codes not met.
    series: Vec<Vec<u64>>,
    /// Of values beyond [`VALUES_MAX`].
    rest: Vec<u64>,
    codes: Vec<u32>,
    held: usize,
}

impl Counts {
    fn new(key: Option<&KeyPlan>, buckets: Buckets) -> Counts {
        Counts {
            buckets,
            coder: key.map(KeyCoder::new),
            series: vec![vec![0; buckets.count]],
            rest: vec![0; buckets.count],
            codes: Vec::new(),
            held: 0,
        }
    }

    fn add(&mut self, rows: &Rows<'_>, time: usize, guard: &Guard<'_>) -> Result<bool, SearchError> {
        let times = rows.columns[time].as_primitive::<TimestampNanosecondType>().values();
        let buckets = self.buckets;
        // Rows lie in the order of time, so most are in the bucket of the one before.
        let (mut low, mut high, mut at) = (1, 0, 0);
        let mut bucket = |time: i64| {
            if time < low || time >= high {
                at = buckets.of(time);
                low = buckets.start_ns.saturating_add(at as i64 * buckets.step_ns);
                high = low.saturating_add(buckets.step_ns);
            }
            at
        };
        let Some(coder) = &mut self.coder else {
            let counts = &mut self.series[0];
            rows.each(|row| counts[bucket(times[row])] += 1);
            return Ok(true);
        };
        coder.codes(rows.columns, rows.len, rows.mask, &mut self.codes);
        let values = (coder.interner.len() as u32 + 1).min(VALUES_MAX);
        self.series.resize_with(values as usize, || vec![0; buckets.count]);
        let (series, rest, codes) = (&mut self.series, &mut self.rest, &self.codes);
        rows.each(|row| match series.get_mut(codes[row] as usize) {
            Some(counts) => counts[bucket(times[row])] += 1,
            None => rest[bucket(times[row])] += 1,
        });
        let bytes = coder.interner.bytes() + self.series.len() * buckets.count * 8;
        if bytes > self.held {
            guard.hold((bytes - self.held) as u64)?;
            self.held = bytes;
        }
        Ok(true)
    }

    fn join(&mut self, other: &Counts) {
        let sum = |into: &mut [u64], from: &[u64]| into.iter_mut().zip(from).for_each(|(a, b)| *a += b);
        sum(&mut self.rest, &other.rest);
        let codes = match (&mut self.coder, &other.coder) {
            (Some(mine), Some(theirs)) => translate(&mut mine.interner, &theirs.interner),
            _ => vec![0],
        };
        for (code, counts) in other.series.iter().enumerate() {
            let into = codes.get(code).map_or(0, |code| *code as usize);
            if into >= self.series.len() {
                self.series.resize_with(into + 1, || vec![0; self.buckets.count]);
            }
            sum(&mut self.series[into], counts);
        }
    }

    fn answer(self) -> Vec<HistogramSeries> {
        let Some(coder) = self.coder else {
            let counts = self.series.into_iter().next().unwrap_or_default();
            return vec![HistogramSeries { key: HistogramKey::All, counts }];
        };
        let mut series = self.series.into_iter();
        let missing = series.next().unwrap_or_default();
        let mut values: Vec<(u64, String, Vec<u64>)> = series
            .enumerate()
            .filter_map(|(at, counts)| {
                let text = coder.interner.text(at as u32 + 1)?;
                Some((counts.iter().sum(), text.to_string(), counts))
            })
            .collect();
        values.sort_by(|a, b| b.0.cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
        let mut rest = self.rest;
        for (_, _, counts) in values.iter().skip(HistogramAsk::SERIES_MAX) {
            rest.iter_mut().zip(counts).for_each(|(a, b)| *a += b);
        }
        values.truncate(HistogramAsk::SERIES_MAX);
        let mut answer: Vec<HistogramSeries> = values
            .into_iter()
            .filter(|(total, ..)| *total > 0)
            .map(|(_, text, counts)| HistogramSeries { key: HistogramKey::Value(text), counts })
            .collect();
        for (key, counts) in [(HistogramKey::Missing, missing), (HistogramKey::Other, rest)] {
            if counts.iter().any(|count| *count > 0) {
                answer.push(HistogramSeries { key, counts });
            }
        }
        answer
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn buckets_are_round() {
        let hour = TimeRange { start_ns: 7 * SECOND, end_ns: 7 * SECOND + 3_600 * SECOND };
        assert_eq!(Buckets::cover(hour, 100), Buckets { start_ns: 0, step_ns: 60 * SECOND, count: 61 });
        let week = TimeRange { start_ns: 0, end_ns: 7 * DAY };
        assert_eq!(Buckets::cover(week, 60).step_ns, 3 * 3_600 * SECOND);
        let years = TimeRange { start_ns: 0, end_ns: 20 * 365 * DAY };
        assert_eq!(Buckets::cover(years, 100).step_ns % DAY, 0);
    }

    proptest! {
        #[test]
        fn every_moment_of_the_range_has_a_bucket(start: i64, span in 1..i64::MAX, most in 2..500usize, at in 0.0..1.0f64) {
            let range = TimeRange { start_ns: start, end_ns: start.saturating_add(span) };
            prop_assume!(range.start_ns < range.end_ns);
            let buckets = Buckets::cover(range, most);
            prop_assert!(buckets.count <= most);
            let time = range.start_ns + ((range.end_ns - 1).saturating_sub(range.start_ns) as f64 * at) as i64;
            prop_assert!(buckets.of(time) < buckets.count);
        }
    }
}
