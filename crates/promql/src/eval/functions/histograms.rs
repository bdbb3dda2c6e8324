//! Functions of histograms: of native ones directly, of classic ones by their series of buckets.

use super::super::Evaluator;
use super::super::column::{ABSENT, Cell, Evaluated, Grid, Series, Vector, is_absent};
use super::super::labels::{ByKey, Part};
use super::super::plan::Node;
use super::order::text;
use crate::annotations::Forced;
use crate::ast::PosRange;
use crate::engine::QueryError;
use model::histogram::NanObservations;
use model::number::format_g;
use model::{FloatHistogram, Labels};
use std::collections::HashMap;

const BUCKET_LABEL: &str = "le";

/// Counts of neighbouring buckets that differ by less than this fraction are taken to be equal: so much may rounding
/// add up to.
const SMALL_DELTA_TOLERANCE: f64 = 1e-12;

/// A bucket of a classic histogram: cumulative.
#[derive(Clone, Copy, Debug)]
struct Bucket {
    upper: f64,
    count: f64,
}

/// The bucket series of one classic histogram, and its native series if there is one with the same labels.
struct Group {
    labels: Labels,
    drop_name: bool,
    /// Bound and index of the series.
    buckets: Vec<(f64, usize)>,
}

/// What is asked of a histogram.
enum Ask {
    Quantile(Vec<f64>),
    Fraction(Vec<f64>, Vec<f64>),
}

impl Evaluator<'_> {
    /// Functions of one native histogram.
    pub(super) fn of_histogram(
        &mut self,
        name: &str,
        arg: &Node,
        grid: Grid,
    ) -> Result<Evaluated, QueryError> {
        let f: fn(&FloatHistogram) -> f64 = match name {
            "histogram_count" => |h| h.count,
            "histogram_sum" => |h| h.sum,
            "histogram_avg" => |h| h.sum / h.count,
            "histogram_stdvar" => FloatHistogram::variance,
            "histogram_stddev" => |h| h.variance().sqrt(),
            _ => return Err(QueryError::Internal(format!("no implementation of {name}()"))),
        };
        let vector = self.eval_vector(arg, grid)?;
        let mapped = vector.into_iter().filter(|s| !s.hists.is_empty()).map(|s| {
            let floats = s.hists.iter().map(|h| h.as_ref().map_or(ABSENT, |h| f(h))).collect();
            Series { floats, hists: Vec::new(), ..s }
        });
        let mapped = mapped.collect();
        self.without_names(mapped, grid).map(Evaluated::Vector)
    }

    /// `histogram_quantile`, `histogram_quantiles` and `histogram_fraction`.
    pub(super) fn over_buckets(
        &mut self,
        name: &str,
        args: &[Node],
        grid: Grid,
    ) -> Result<Evaluated, QueryError> {
        let vector_at = args.iter().position(|a| a.ty == crate::ast::ValueType::Vector).unwrap_or(0);
        let mut scalars = Vec::new();
        let mut asked_at = Vec::new();
        for arg in args.iter().filter(|a| a.ty == crate::ast::ValueType::Scalar) {
            scalars.push(self.eval_scalar(arg, grid)?);
            asked_at.push(arg.pos);
        }
        let vector = self.eval_vector(&args[vector_at], grid)?;
        let mut input = Classified::new(self, vector, args[vector_at].pos, grid);
        let mut out = Vec::new();
        if name == "histogram_fraction" {
            let upper = scalars.pop().unwrap_or_default();
            let lower = scalars.pop().unwrap_or_default();
            out = input.ask(self, &Ask::Fraction(lower, upper), None, grid);
        } else {
            let label = (name == "histogram_quantiles").then(|| text(&args[1]));
            for (quantiles, pos) in scalars.into_iter().zip(asked_at) {
                for q in quantiles.iter().filter(|q| !(0.0..=1.0).contains(*q)) {
                    self.notes.invalid_quantile(pos, *q);
                }
                out.extend(input.ask(self, &Ask::Quantile(quantiles), label, grid));
            }
        }
        self.without_names(out, grid).map(Evaluated::Vector)
    }
}

/// Series sorted into classic and native histograms.
struct Classified {
    vector: Vector,
    pos: PosRange,
    groups: Vec<Group>,
    /// Native series, as indexes.
    native: Vec<usize>,
    /// For a native series, the classic histogram of the same labels.
    twins: HashMap<usize, usize>,
    buckets: Vec<Bucket>,
}

impl Classified {
    fn new(ev: &mut Evaluator<'_>, vector: Vector, pos: PosRange, grid: Grid) -> Classified {
        let part = Part::Without(vec![BUCKET_LABEL.to_owned()]);
        let whole = Part::Without(Vec::new());
        let (mut groups, mut native): (Vec<Group>, Vec<usize>) = (Vec::new(), Vec::new());
        let mut by_key: ByKey<usize> = ByKey::default();
        let mut buffer = Vec::new();
        for (i, s) in vector.iter().enumerate() {
            if !s.hists.is_empty() {
                native.push(i);
            }
            if s.floats.iter().all(|v| is_absent(*v)) {
                continue;
            }
            let le = s.labels.value(BUCKET_LABEL);
            let Some(upper) = parse_bound(le) else {
                let name = if ev.options.delayed_name_removal { s.labels.metric_name() } else { "" };
                ev.notes.bad_bucket_label(pos, name, le);
                continue;
            };
            let at = *by_key.entry(part.key(&s.labels, &mut buffer)).or_insert_with(|| {
                let labels = part.of(&s.labels);
                groups.push(Group { labels, drop_name: s.drop_name, buckets: Vec::new() });
                groups.len() - 1
            });
            groups[at].buckets.push((upper, i));
        }
        for group in &mut groups {
            group.buckets.sort_by(|a, b| a.0.total_cmp(&b.0));
        }
        let mut twins = HashMap::new();
        for i in &native {
            if let Some(group) = by_key.get(&whole.key(&vector[*i].labels, &mut buffer)) {
                twins.insert(*i, *group);
            }
        }
        let mut classified = Classified { vector, pos, groups, native, twins, buckets: Vec::new() };
        classified.resolve_twins(ev, grid);
        classified
    }

    /// Where a classic and a native histogram of the same labels meet, neither counts.
    fn resolve_twins(&mut self, ev: &mut Evaluator<'_>, grid: Grid) {
        for (native, group) in self.twins.clone() {
            for step in 0..grid.steps {
                let buckets = &self.groups[group].buckets;
                let classic =
                    buckets.iter().any(|(_, i)| matches!(self.vector[*i].cell(step), Cell::Float(_)));
                if !classic || !matches!(self.vector[native].cell(step), Cell::Hist(_)) {
                    continue;
                }
                let labels = &self.vector[native].labels;
                let name = if ev.options.delayed_name_removal { labels.metric_name() } else { "" };
                ev.notes.mixed_classic_native(self.pos, name);
                self.vector[native].clear(step);
                let buckets: Vec<usize> = self.groups[group].buckets.iter().map(|(_, i)| *i).collect();
                buckets.into_iter().for_each(|i| self.vector[i].clear(step));
            }
        }
    }

    /// The answer of every histogram.
    fn ask(&mut self, ev: &mut Evaluator<'_>, ask: &Ask, label: Option<&str>, grid: Grid) -> Vector {
        let mut out: Vector = Vec::new();
        for i in &self.native {
            let s = &self.vector[*i];
            let name = s.labels.metric_name();
            let mut floats = vec![ABSENT; grid.steps];
            for (step, h) in s.hists.iter().enumerate() {
                if let Some(h) = h {
                    floats[step] = ask.native(h, step, ev, name, self.pos);
                }
            }
            out.extend(labelled(&s.labels, s.drop_name, floats, ask, label));
        }
        // Bounds come sorted with the group: buckets of a step need no sorting of their own.
        for group in &self.groups {
            let mut floats = vec![ABSENT; grid.steps];
            for (step, out) in floats.iter_mut().enumerate() {
                self.buckets.clear();
                for (upper, i) in &group.buckets {
                    if let Cell::Float(count) = self.vector[*i].cell(step) {
                        self.buckets.push(Bucket { upper: *upper, count });
                    }
                }
                if !self.buckets.is_empty() {
                    let t = grid.at(step);
                    let (value, forced) = ask.classic(&mut self.buckets, step, t);
                    *out = value;
                    if let Some(forced) = forced {
                        let delayed = ev.options.delayed_name_removal;
                        let name = if delayed { group.labels.metric_name() } else { "" };
                        ev.notes.forced_monotonicity(self.pos, name, forced);
                    }
                }
            }
            out.extend(labelled(&group.labels, group.drop_name, floats, ask, label));
        }
        out
    }
}

/// The series of an answer; with a label for the quantile, one for every quantile that was asked for.
fn labelled(labels: &Labels, drop_name: bool, floats: Vec<f64>, ask: &Ask, label: Option<&str>) -> Vector {
    let (Some(label), Ask::Quantile(quantiles)) = (label, ask) else {
        return vec![Series { drop_name, ..Series::floats(labels.clone(), floats) }];
    };
    let with = |q: f64, floats: Vec<f64>| {
        let labels = labels.to_builder().set(label, &quantile_text(q)).build();
        Series { drop_name, ..Series::floats(labels, floats) }
    };
    let first = quantiles.first().copied().unwrap_or(f64::NAN);
    if quantiles.iter().all(|q| q.to_bits() == first.to_bits()) {
        return vec![with(first, floats)];
    }
    let mut distinct: Vec<f64> = quantiles.clone();
    distinct.sort_by(f64::total_cmp);
    distinct.dedup_by_key(|q| q.to_bits());
    let at = |q: f64| {
        let pick = |(v, asked): (&f64, &f64)| if asked.to_bits() == q.to_bits() { *v } else { ABSENT };
        with(q, floats.iter().zip(quantiles).map(pick).collect())
    };
    distinct.into_iter().map(at).collect()
}

/// A quantile as OpenMetrics writes floats.
fn quantile_text(q: f64) -> String {
    let text = format_g(q);
    if text.contains(['e', '.', 'N', 'I']) { text } else { text + ".0" }
}

/// The bound in the label `le`.
fn parse_bound(le: &str) -> Option<f64> {
    crate::number::parse(le).ok()
}

impl Ask {
    fn native(
        &self,
        h: &FloatHistogram,
        step: usize,
        ev: &mut Evaluator<'_>,
        name: &str,
        pos: PosRange,
    ) -> f64 {
        match self {
            Ask::Quantile(q) => {
                let quantile = h.quantile(q[step]);
                match quantile.nan {
                    NanObservations::None => {}
                    NanObservations::Result => ev.notes.quantile_is_nan(pos, name),
                    NanObservations::Skew => ev.notes.quantile_is_skewed(pos, name),
                }
                quantile.value
            }
            Ask::Fraction(lower, upper) => {
                let (fraction, nan) = h.fraction(lower[step], upper[step]);
                if nan {
                    ev.notes.fraction_without_nan(pos, name);
                }
                fraction
            }
        }
    }

    fn classic(&self, buckets: &mut Vec<Bucket>, step: usize, t: i64) -> (f64, Option<Forced>) {
        match self {
            Ask::Quantile(q) => bucket_quantile(q[step], buckets, t),
            Ask::Fraction(lower, upper) => (bucket_fraction(lower[step], upper[step], buckets), None),
        }
    }
}

/// Adds up buckets of the same bound: they came from series that differ in how the bound is written.
fn coalesce(buckets: &mut Vec<Bucket>) {
    buckets.dedup_by(|next, kept| {
        let same = next.upper == kept.upper;
        if same {
            kept.count += next.count;
        }
        same
    });
}

/// Makes counts ascend: small differences are rounding, larger falls are raised and reported.
fn make_monotonic(buckets: &mut [Bucket], t: i64) -> Option<Forced> {
    let mut forced: Option<Forced> = None;
    let mut previous = buckets[0].count;
    for b in &mut buckets[1..] {
        if b.count == previous {
            continue;
        }
        if almost_equal(previous, b.count) {
            b.count = previous;
            continue;
        }
        if b.count < previous {
            let diff = previous - b.count;
            let f = forced.get_or_insert(Forced {
                t_ms: (t, t),
                bucket: (b.upper, b.upper),
                diff_max: 0.0,
                count: 1,
            });
            f.bucket = (f.bucket.0.min(b.upper), f.bucket.1.max(b.upper));
            f.diff_max = f.diff_max.max(diff);
            b.count = previous;
            continue;
        }
        previous = b.count;
    }
    forced
}

/// Equal within the tolerance relative to their size.
fn almost_equal(a: f64, b: f64) -> bool {
    if a.is_nan() && b.is_nan() || a == b {
        return true;
    }
    let diff = (a - b).abs();
    let size = a.abs() + b.abs();
    if a == 0.0 || b == 0.0 || size < f64::MIN_POSITIVE {
        return diff < SMALL_DELTA_TOLERANCE * f64::MIN_POSITIVE;
    }
    diff / size.min(f64::MAX) < SMALL_DELTA_TOLERANCE
}

/// A quantile of a classic histogram, linear within its bucket. The lowest begins at 0 when it ends above; the
/// highest, without end, counts as its lower bound.
fn bucket_quantile(q: f64, buckets: &mut Vec<Bucket>, t: i64) -> (f64, Option<Forced>) {
    if q.is_nan() {
        return (f64::NAN, None);
    }
    if q < 0.0 {
        return (f64::NEG_INFINITY, None);
    }
    if q > 1.0 {
        return (f64::INFINITY, None);
    }
    if buckets.last().is_none_or(|b| b.upper != f64::INFINITY) {
        return (f64::NAN, None);
    }
    coalesce(buckets);
    let forced = make_monotonic(buckets, t);
    let last = buckets.len() - 1;
    let observations = buckets[last].count;
    if last == 0 || observations == 0.0 {
        return (f64::NAN, forced);
    }
    let rank = q * observations;
    let at = buckets[..last].partition_point(|b| b.count < rank || b.count.is_nan());
    if at == last {
        return (buckets[last - 1].upper, forced);
    }
    let b = buckets[at];
    if at == 0 && b.upper <= 0.0 {
        return (b.upper, forced);
    }
    let (start, below) = at.checked_sub(1).map_or((0.0, 0.0), |i| (buckets[i].upper, buckets[i].count));
    (start + (b.upper - start) * ((rank - below) / (b.count - below)), forced)
}

/// The fraction of observations of a classic histogram between two bounds.
fn bucket_fraction(lower: f64, upper: f64, buckets: &mut Vec<Bucket>) -> f64 {
    if buckets.last().is_none_or(|b| b.upper != f64::INFINITY) {
        return f64::NAN;
    }
    coalesce(buckets);
    let count = buckets[buckets.len() - 1].count;
    if count == 0.0 || lower.is_nan() || upper.is_nan() {
        return f64::NAN;
    }
    if lower >= upper {
        return 0.0;
    }
    let mut start = if buckets[0].upper <= 0.0 { f64::NEG_INFINITY } else { 0.0 };
    let (mut rank, mut low, mut high) = (0.0, None, None);
    for b in buckets.iter() {
        for (at, bound) in [(&mut low, lower), (&mut high, upper)] {
            if at.is_none() && start >= bound {
                *at = Some(rank);
            }
        }
        for (at, bound) in [(&mut low, lower), (&mut high, upper)] {
            if at.is_none() && start < bound && b.upper > bound {
                // A bucket without beginning cannot be divided: all of it counts as below.
                let whole = start == f64::NEG_INFINITY;
                let part = rank + (b.count - rank) * (bound - start) / (b.upper - start);
                *at = Some(if whole { b.count } else { part });
            }
        }
        rank = b.count;
        start = b.upper;
    }
    let at = |rank: Option<f64>| rank.filter(|r| *r <= count).unwrap_or(count);
    (at(high) - at(low)) / count
}

#[cfg(test)]
mod tests {
    use super::*;

    fn buckets(counts: &[(f64, f64)]) -> Vec<Bucket> {
        counts.iter().map(|(upper, count)| Bucket { upper: *upper, count: *count }).collect()
    }

    #[test]
    fn quantiles_interpolate() {
        let inf = f64::INFINITY;
        let check = |q: f64, counts: &[(f64, f64)], want: f64| {
            let (got, _) = bucket_quantile(q, &mut buckets(counts), 0);
            assert!(
                (got - want).abs() < 1e-12 || got == want || (got.is_nan() && want.is_nan()),
                "{q} {got}"
            );
        };
        let plain = [(1.0, 10.0), (2.0, 20.0), (inf, 20.0)];
        check(0.75, &plain, 1.5);
        check(0.25, &plain, 0.5);
        check(1.0, &[(1.0, 1.0), (inf, 2.0)], 1.0);
        check(0.5, &[(1.0, 1.0)], f64::NAN);
        check(0.5, &[(inf, 1.0)], f64::NAN);
        check(-0.1, &plain, f64::NEG_INFINITY);
        check(0.5, &[], f64::NAN);
    }

    #[test]
    fn falling_counts_are_raised_and_told() {
        let mut b = buckets(&[(1.0, 10.0), (2.0, 8.0), (3.0, 10.000_000_000_000_1), (f64::INFINITY, 12.0)]);
        let forced = make_monotonic(&mut b, 5).unwrap();
        assert_eq!((forced.bucket, forced.diff_max), ((2.0, 2.0), 2.0));
        assert_eq!(b.iter().map(|b| b.count).collect::<Vec<_>>(), [10.0, 10.0, 10.0, 12.0]);
    }

    #[test]
    fn quantiles_print_as_floats() {
        assert_eq!([0.5, 1.0, 0.0, -1.0, 1e-7].map(quantile_text), ["0.5", "1.0", "0.0", "-1.0", "1e-07"]);
        assert_eq!(quantile_text(f64::INFINITY), "+Inf");
    }
}
