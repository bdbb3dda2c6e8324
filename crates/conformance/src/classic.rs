//! Makes native histograms with custom bounds of classic ones: series `x_bucket{le="…"}`, `x_count`, `x_sum`.

use crate::script::Load;
use model::histogram::CUSTOM_BUCKETS_SCHEMA;
use model::{FloatHistogram, Labels, METRIC_NAME, Span};
use promql::SequenceValue;
use std::collections::BTreeMap;

/// What is known of a classic histogram at one time.
#[derive(Default)]
struct Classic {
    /// Upper bound and cumulative count.
    buckets: Vec<(f64, f64)>,
    count: Option<f64>,
    sum: f64,
}

/// The native histograms of all classic ones that a command loads, in order of labels and time.
pub fn to_native(load: &Load) -> Result<Vec<(Labels, i64, FloatHistogram)>, String> {
    let mut classics: BTreeMap<(Labels, i64), Classic> = BTreeMap::new();
    for series in &load.series {
        let name = series.labels.metric_name();
        let Some((base, part)) = name.rsplit_once('_') else { continue };
        let bound = match part {
            "bucket" => match promql::number::parse(series.labels.value("le")) {
                Ok(bound) if !bound.is_nan() => bound,
                _ => continue,
            },
            "count" | "sum" => f64::NAN,
            _ => continue,
        };
        let mut labels = series.labels.to_builder();
        labels.set(METRIC_NAME, base);
        labels.set("le", "");
        let labels = labels.build();
        for (i, value) in series.values.iter().enumerate() {
            let SequenceValue::Float(value) = *value else { continue };
            let classic = classics.entry((labels.clone(), i as i64 * load.step_ms)).or_default();
            match part {
                "bucket" => classic.buckets.push((bound, value)),
                "count" => classic.count = Some(value),
                _ => classic.sum = value,
            }
        }
    }
    classics
        .into_iter()
        .map(|((labels, t), classic)| match classic.native() {
            Ok(histogram) => Ok((labels, t, histogram)),
            Err(e) => Err(format!("{labels} at {t} ms: {e}")),
        })
        .collect()
}

impl Classic {
    fn native(mut self) -> Result<FloatHistogram, &'static str> {
        self.buckets.sort_by(|a, b| a.0.total_cmp(&b.0));
        self.buckets.dedup_by(|a, b| a.0 == b.0);
        if self.buckets.windows(2).any(|w| w[1].1 < w[0].1) {
            return Err("count is not cumulative");
        }
        if self.buckets.iter().any(|b| b.1 < 0.0) || self.count.is_some_and(|c| c < 0.0) {
            return Err("count must be non-negative");
        }
        let last = self.buckets.last().copied();
        let count = match (self.count, last) {
            (Some(count), _) => count,
            (None, Some((_, count))) => count,
            (None, None) => return Err("count must be provided when no buckets are present"),
        };
        match last {
            Some((f64::INFINITY, all)) if all == count => {}
            Some((f64::INFINITY, _)) => return Err("count mismatch"),
            _ => self.buckets.push((f64::INFINITY, count)),
        }
        let mut below = 0.0;
        let positive_buckets: Vec<f64> =
            self.buckets.iter().map(|b| b.1 - std::mem::replace(&mut below, b.1)).collect();
        let bounds = &self.buckets[..self.buckets.len() - 1];
        let mut histogram = FloatHistogram {
            schema: CUSTOM_BUCKETS_SCHEMA,
            count,
            sum: self.sum,
            positive_spans: vec![Span { offset: 0, length: positive_buckets.len() as u32 }],
            positive_buckets,
            custom_values: bounds.iter().map(|b| b.0).collect(),
            ..FloatHistogram::default()
        };
        histogram.compact();
        Ok(histogram)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::script::{Action, parse};

    fn native(script: &str) -> Result<Vec<(Labels, i64, FloatHistogram)>, String> {
        match parse(script).remove(0).action {
            Action::Load(load) => to_native(&load),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn buckets_come_together() {
        let script = "load_with_nhcb 1m\n x_bucket{a=\"b\", le=\"2\"} 3 3\n x_bucket{a=\"b\", le=\"1\"} 1 3\n \
            x_bucket{a=\"b\", le=\"+Inf\"} 4 3\n x_sum{a=\"b\"} 7 _\n y 5\n z_bucket 1";
        let made = native(script).unwrap();
        assert_eq!(made.len(), 2);
        let (labels, t, h) = &made[0];
        assert_eq!((labels.to_string().as_str(), *t), ("x{a=\"b\"}", 0));
        assert_eq!((h.count, h.sum, &h.custom_values[..]), (4.0, 7.0, &[1.0, 2.0][..]));
        assert_eq!(h.positive_buckets, [1.0, 2.0, 1.0]);
        let (_, t, h) = &made[1];
        assert_eq!((*t, h.count, h.sum, &h.positive_buckets[..]), (60_000, 3.0, 0.0, &[3.0][..]));
    }

    #[test]
    fn a_count_stands_for_the_last_bucket() {
        let made = native("load_with_nhcb 1m\n x_bucket{le=\"1\"} 1\n x_count 3").unwrap();
        assert_eq!(made[0].2.positive_buckets, [1.0, 2.0]);
    }

    #[test]
    fn what_does_not_add_up_is_refused() {
        for (script, reason) in [
            ("x_bucket{le=\"1\"} 2\n x_bucket{le=\"2\"} 1", "count is not cumulative"),
            ("x_bucket{le=\"+Inf\"} 2\n x_count 1", "count mismatch"),
            ("x_sum 2", "count must be provided when no buckets are present"),
            ("x_bucket{le=\"1\"} -2", "count must be non-negative"),
        ] {
            let e = native(&format!("load_with_nhcb 1m\n {script}")).unwrap_err();
            assert!(e.ends_with(reason), "{e}");
        }
    }
}
