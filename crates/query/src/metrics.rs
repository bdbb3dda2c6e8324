//! PromQL for the table function `metrics(…)` of SQL.

use crate::{Ask, QueryService, Times};
use base::Clock;
use promql::{TimeRange, Value};
use search::sql::{MetricSeries, MetricsSource};
use tokio::runtime::Handle;

/// Evaluates under the limits of every other query. Made on the runtime on which it is used.
pub(crate) struct PromqlSource {
    pub query: QueryService,
    pub clock: Clock,
    pub runtime: Handle,
}

impl MetricsSource for PromqlSource {
    fn range(
        &self,
        promql: &str,
        start_ms: i64,
        end_ms: i64,
        step_ms: i64,
    ) -> Result<Vec<MetricSeries>, String> {
        let ask = Ask::new(promql, Times::Range(TimeRange { start_ms, end_ms, step_ms }));
        let result = self.runtime.block_on(self.query.run(ask)).map_err(|e| e.to_string())?;
        let Value::Matrix(series) = result.value else {
            return Err("the expression yields no series".to_owned());
        };
        let own = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
        let read = |one: &promql::SeriesResult| MetricSeries {
            labels: one.labels.iter().map(own).collect(),
            points: one.floats.iter().collect(),
        };
        Ok(series.iter().map(read).collect())
    }

    fn now_ms(&self) -> i64 {
        self.clock.now_ms()
    }
}
