//! `metrics('promql', start, end, step)`: what a PromQL expression yields over time, as a table.
//!
//! One row a point: `time`, a column a label (`__name__` is `name`), and `value`. The columns depend on the answer, so
//! the expression is evaluated when the statement is planned, and once more if it is planned again.

use arrow::array::{Float64Array, RecordBatch, StringBuilder, TimestampNanosecondArray};
use arrow::datatypes::{DataType, Field, Schema, TimeUnit};
use datafusion::catalog::{MemTable, TableFunctionArgs, TableFunctionImpl, TableProvider};
use datafusion::common::{DataFusionError, Result, ScalarValue, plan_err};
use datafusion::logical_expr::Expr;
use datafusion::logical_expr::simplify::SimplifyContext;
use datafusion::optimizer::simplify_expressions::ExprSimplifier;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

/// When the caller does not say a step: about so many points, as a graph has.
const STEPS: i64 = 250;
const STEP_MS_MIN: i64 = 1_000;
/// When the caller does not say when.
const RANGE_MS: i64 = 3_600_000;
const NS_PER_MS: i64 = 1_000_000;
/// Points of a series, as in Prometheus's API.
const POINTS_MAX: i64 = 11_000;
/// Points of a table, which is held whole until the statement ends: with ten labels of 20 B each 220 MB.
const ROWS_MAX: usize = 1_000_000;

/// One series of an answer.
#[derive(Clone, Debug, PartialEq)]
pub struct MetricSeries {
    pub labels: Vec<(String, String)>,
    /// Unix milliseconds and the value; histograms are left out.
    pub points: Vec<(i64, f64)>,
}

/// Who evaluates PromQL. Blocks; called from a thread that may.
pub trait MetricsSource: Send + Sync + 'static {
    /// Evaluates from `start_ms` to `end_ms` inclusive. The error is a sentence for the user.
    fn range(
        &self,
        promql: &str,
        start_ms: i64,
        end_ms: i64,
        step_ms: i64,
    ) -> std::result::Result<Vec<MetricSeries>, String>;
    /// Unix milliseconds.
    fn now_ms(&self) -> i64;
}

pub(super) struct MetricsFunction(pub(super) Arc<dyn MetricsSource>);

impl fmt::Debug for MetricsFunction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MetricsFunction")
    }
}

impl TableFunctionImpl for MetricsFunction {
    fn call_with_args(&self, args: TableFunctionArgs) -> Result<Arc<dyn TableProvider>> {
        let asked = Asked::read(args.exprs(), self.0.now_ms())?;
        let evaluate = || self.0.range(&asked.promql, asked.start_ms, asked.end_ms, asked.step_ms);
        // Planning happens on a thread that serves connections: its other work moves to another one meanwhile.
        let series = tokio::task::block_in_place(evaluate)
            .map_err(|why| DataFusionError::Plan(format!("metrics('{}'): {why}", asked.promql)))?;
        let batch = table(&series)?;
        Ok(Arc::new(MemTable::try_new(batch.schema(), vec![vec![batch]])?))
    }
}

struct Asked {
    promql: String,
    start_ms: i64,
    end_ms: i64,
    step_ms: i64,
}

impl Asked {
    fn read(args: &[Expr], now_ms: i64) -> Result<Asked> {
        if args.is_empty() || args.len() > 4 {
            return plan_err!(
                "metrics() takes an expression and, if wanted, start, end and step: metrics('up', now() - interval '1 hour', now(), '30s')"
            );
        }
        let context = SimplifyContext::builder().with_current_time().build();
        let simplifier = ExprSimplifier::new(context);
        let mut values = Vec::with_capacity(args.len());
        for arg in args {
            match simplifier.simplify(arg.clone())? {
                Expr::Literal(value, _) => values.push(value),
                other => return plan_err!("metrics(): {other} is not a constant"),
            }
        }
        let promql = match values[0].try_as_str() {
            Some(Some(text)) => text.to_owned(),
            _ => return plan_err!("metrics(): the first argument is a PromQL expression in quotes"),
        };
        let end_ms = values.get(2).map_or(Ok(now_ms), |value| time_ms(value, "end"))?;
        let start_ms =
            values.get(1).map_or(Ok(end_ms.saturating_sub(RANGE_MS)), |value| time_ms(value, "start"))?;
        if start_ms > end_ms {
            return plan_err!("metrics(): start is after end");
        }
        let step_ms = match values.get(3) {
            Some(value) => step_ms(value)?,
            None => (end_ms.saturating_sub(start_ms) / STEPS).max(STEP_MS_MIN),
        };
        if end_ms.saturating_sub(start_ms) / step_ms >= POINTS_MAX {
            return plan_err!(
                "metrics(): more than {POINTS_MAX} points a series; ask for less time or a longer step"
            );
        }
        Ok(Asked { promql, start_ms, end_ms, step_ms })
    }
}

/// A timestamp, RFC 3339 text, or Unix seconds.
fn time_ms(value: &ScalarValue, what: &str) -> Result<i64> {
    let wrong = || {
        DataFusionError::Plan(format!(
            "metrics(): {what} is a time: a timestamp, RFC 3339 text or Unix seconds"
        ))
    };
    if let Some(Some(text)) = value.try_as_str()
        && let Ok(seconds) = text.parse::<f64>()
    {
        return Ok((seconds * 1000.0) as i64);
    }
    if value.data_type().is_numeric() {
        let ScalarValue::Float64(Some(seconds)) = value.cast_to(&DataType::Float64)? else {
            return Err(wrong());
        };
        return Ok((seconds * 1000.0) as i64);
    }
    let timestamp = DataType::Timestamp(TimeUnit::Millisecond, Some("UTC".into()));
    match value.cast_to(&timestamp).map_err(|_| wrong())? {
        ScalarValue::TimestampMillisecond(Some(ms), _) => Ok(ms),
        _ => Err(wrong()),
    }
}

/// Seconds, Prometheus's duration text, or an interval.
fn step_ms(value: &ScalarValue) -> Result<i64> {
    let ms = match value {
        ScalarValue::IntervalMonthDayNano(Some(i)) if i.months == 0 => {
            i64::from(i.days) * 86_400_000 + i.nanoseconds / NS_PER_MS
        }
        value if value.data_type().is_numeric() => match value.cast_to(&DataType::Float64)? {
            ScalarValue::Float64(Some(seconds)) => (seconds * 1000.0) as i64,
            _ => 0,
        },
        value => match value.try_as_str() {
            Some(Some(text)) => base::units::parse_duration(text).map_or(0, |d| d.as_millis() as i64),
            _ => 0,
        },
    };
    if ms <= 0 {
        return plan_err!("metrics(): the step is seconds, an interval, or text like '30s', and not zero");
    }
    Ok(ms)
}

/// The name of the column of a label: what the table has itself keeps its name.
fn column_of(label: &str) -> String {
    match label {
        "__name__" => "name".to_owned(),
        "time" | "value" | "name" => format!("label_{label}"),
        other => other.to_owned(),
    }
}

fn table(series: &[MetricSeries]) -> Result<RecordBatch> {
    let labels: BTreeSet<String> =
        series.iter().flat_map(|s| s.labels.iter().map(|(name, _)| column_of(name))).collect();
    let rows: usize = series.iter().map(|s| s.points.len()).sum();
    if rows > ROWS_MAX {
        return plan_err!(
            "metrics(): {rows} points in {} series are more than {ROWS_MAX}; add the series up, or ask for less time or a longer step",
            series.len()
        );
    }
    let (mut times, mut values) = (Vec::with_capacity(rows), Vec::with_capacity(rows));
    let mut columns: BTreeMap<String, StringBuilder> =
        labels.iter().map(|label| (label.clone(), StringBuilder::new())).collect();
    for one in series {
        let own: BTreeMap<String, &str> =
            one.labels.iter().map(|(name, value)| (column_of(name), value.as_str())).collect();
        for (name, column) in &mut columns {
            let value = own.get(name);
            (0..one.points.len()).for_each(|_| column.append_option(value));
        }
        times.extend(one.points.iter().map(|(ms, _)| ms.saturating_mul(NS_PER_MS)));
        values.extend(one.points.iter().map(|(_, value)| *value));
    }
    let time_type = DataType::Timestamp(TimeUnit::Nanosecond, Some("UTC".into()));
    let mut fields = vec![Field::new("time", time_type, false)];
    fields.extend(labels.iter().map(|label| Field::new(label, DataType::Utf8, true)));
    fields.push(Field::new("value", DataType::Float64, false));
    let mut arrays: Vec<arrow::array::ArrayRef> =
        vec![Arc::new(TimestampNanosecondArray::from(times).with_timezone("UTC"))];
    arrays.extend(columns.into_values().map(|mut column| Arc::new(column.finish()) as _));
    arrays.push(Arc::new(Float64Array::from(values)));
    Ok(RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use datafusion::prelude::lit;

    fn asked(args: &[Expr]) -> Result<(i64, i64, i64)> {
        let mut all = vec![lit("up")];
        all.extend_from_slice(args);
        Asked::read(&all, 1_700_000_000_000).map(|asked| (asked.start_ms, asked.end_ms, asked.step_ms))
    }

    #[test]
    fn no_time_is_too_far_and_no_answer_too_long() {
        assert_eq!(asked(&[]).unwrap(), (1_699_996_400_000, 1_700_000_000_000, 14_400));
        assert_eq!(asked(&[lit(0), lit(10_999), lit(1)]).unwrap(), (0, 10_999_000, 1_000));
        let refused = asked(&[lit(0), lit(11_000), lit(1)]).unwrap_err().to_string();
        assert!(refused.contains("more than 11000 points"), "{refused}");
        // As far as numbers go.
        let (start, end, step) = asked(&[lit(-9e18), lit(9e18)]).unwrap();
        assert_eq!((start, end, step), (i64::MIN, i64::MAX, i64::MAX / STEPS));
        assert!(asked(&[lit(1e300), lit(-1e300)]).is_err());
    }

    #[test]
    fn tables_are_bounded() {
        let one = |points: usize| MetricSeries {
            labels: vec![("__name__".to_owned(), "up".to_owned())],
            points: vec![(i64::MAX, 1.0); points],
        };
        assert_eq!(table(&[one(3)]).unwrap().num_rows(), 3);
        assert!(table(&[one(ROWS_MAX), one(1)]).unwrap_err().to_string().contains("add the series up"));
    }
}
