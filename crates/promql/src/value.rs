//! What a query gives: scalars, strings, vectors and matrices, in the form that streams to JSON with least work.

use model::{FloatHistogram, Labels, is_stale};
use std::sync::Arc;

/// The value of a query.
#[derive(Clone, Debug)]
pub enum Value {
    Scalar {
        /// Unix milliseconds.
        t_ms: i64,
        value: f64,
    },
    String {
        t_ms: i64,
        value: String,
    },
    /// Of an instant query. In the order that the query asks for (`sort`, `topk`), else that of evaluation.
    Vector(Vec<VectorSample>),
    /// Of a range query, or of an instant query for a range vector. Sorted by labels.
    Matrix(Vec<SeriesResult>),
}

impl Value {
    /// The name in the HTTP API.
    pub fn type_name(&self) -> &'static str {
        match self {
            Value::Scalar { .. } => "scalar",
            Value::String { .. } => "string",
            Value::Vector(_) => "vector",
            Value::Matrix(_) => "matrix",
        }
    }
}

/// A float or a histogram.
#[derive(Clone, Debug)]
pub enum SampleValue {
    Float(f64),
    Histogram(Arc<FloatHistogram>),
}

/// One element of an instant vector.
#[derive(Clone, Debug)]
pub struct VectorSample {
    pub labels: Labels,
    /// Unix milliseconds: the time of evaluation.
    pub t_ms: i64,
    pub value: SampleValue,
}

/// One series of a matrix.
#[derive(Clone, Debug)]
pub struct SeriesResult {
    pub labels: Labels,
    pub floats: Points,
    /// Ascending in time; a time is in `floats` or here.
    pub histograms: Vec<(i64, Arc<FloatHistogram>)>,
}

/// The float points of one series.
#[derive(Clone, Debug)]
pub enum Points {
    /// A value for every step. A step without a point holds the staleness marker, which no result can hold as a
    /// value.
    Grid { start_ms: i64, step_ms: i64, values: Vec<f64> },
    /// Points at times of their own, ascending.
    At(Vec<(i64, f64)>),
}

impl Points {
    /// The points, ascending in time.
    pub fn iter(&self) -> PointsIter<'_> {
        PointsIter { points: self, next: 0 }
    }

    pub fn is_empty(&self) -> bool {
        self.iter().next().is_none()
    }

    /// How many points there are.
    pub fn count(&self) -> usize {
        match self {
            Points::Grid { values, .. } => values.iter().filter(|v| !is_stale(**v)).count(),
            Points::At(points) => points.len(),
        }
    }
}

/// Iterates `(Unix milliseconds, value)`.
#[derive(Clone)]
pub struct PointsIter<'a> {
    points: &'a Points,
    next: usize,
}

impl Iterator for PointsIter<'_> {
    type Item = (i64, f64);

    fn next(&mut self) -> Option<(i64, f64)> {
        match self.points {
            Points::At(points) => {
                let point = points.get(self.next).copied();
                self.next += 1;
                point
            }
            Points::Grid { start_ms, step_ms, values } => loop {
                let value = *values.get(self.next)?;
                let t = start_ms + self.next as i64 * step_ms;
                self.next += 1;
                if !is_stale(value) {
                    return Some((t, value));
                }
            },
        }
    }
}

impl<'a> IntoIterator for &'a Points {
    type Item = (i64, f64);
    type IntoIter = PointsIter<'a>;

    fn into_iter(self) -> PointsIter<'a> {
        self.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::stale_nan;

    #[test]
    fn a_grid_skips_steps_without_a_point() {
        let values = vec![stale_nan(), 1.0, f64::NAN, stale_nan(), 4.0];
        let grid = Points::Grid { start_ms: 1000, step_ms: 10, values };
        let times: Vec<i64> = grid.iter().map(|(t, _)| t).collect();
        assert_eq!(times, [1010, 1020, 1040]);
        assert_eq!((grid.count(), grid.is_empty()), (3, false));
    }
}
