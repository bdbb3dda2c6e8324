//! Queries, one at a time per slot.

use crate::quick::{Quick, TRY_MAX};
use crate::source::{Damage, StoreSource};
use base::{Budget, Clock};
use promql::{Cancel, Engine, EngineOptions, QueryControl, QueryError, QueryResult, TimeRange};
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;
use telemetry::{Counter, CounterFamily, Gauge, Registry, Summary, SummaryFamily, names};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tsdb::Db;

/// What queries may take.
#[derive(Clone, Debug)]
pub struct QueryLimits {
    /// Queries at the same time; more wait.
    pub concurrency: usize,
    pub timeout: Duration,
    /// Samples one query may hold.
    pub samples_max: u64,
    pub lookback_ms: i64,
    /// What all queries may hold together; one query may hold half of it.
    pub budget: Budget,
}

/// When a query is evaluated. Unix milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Times {
    Instant(i64),
    Range(TimeRange),
}

/// One query.
#[derive(Clone, Debug)]
pub struct Ask {
    pub query: String,
    pub times: Times,
    /// Instead of the limit, when it is shorter.
    pub timeout: Option<Duration>,
    pub lookback_ms: Option<i64>,
    pub per_step_stats: bool,
    pub explain: bool,
}

impl Ask {
    pub fn new(query: impl Into<String>, times: Times) -> Ask {
        let query = query.into();
        Ask { query, times, timeout: None, lookback_ms: None, per_step_stats: false, explain: false }
    }
}

/// Evaluates queries over one store. Cloning gives a handle to the same service.
#[derive(Clone)]
pub struct QueryService(Arc<Inner>);

struct Inner {
    db: Db,
    engine: Engine,
    slots: Arc<Semaphore>,
    limits: QueryLimits,
    clock: Clock,
    metrics: Metrics,
    damage: Damage,
    quick: Quick,
}

struct Metrics {
    under_way: Gauge,
    durations: SummaryFamily,
    queue_time: Summary,
    samples: Counter,
    refused: CounterFamily,
}

impl QueryService {
    pub fn new(db: Db, limits: QueryLimits, clock: Clock, registry: &Registry) -> QueryService {
        let mut options = EngineOptions {
            lookback_ms: limits.lookback_ms,
            samples_max: limits.samples_max,
            timeout: limits.timeout,
            threads: std::thread::available_parallelism().map_or(1, |n| n.get()),
            clock: clock.clone(),
            ..EngineOptions::default()
        };
        // Whatever the language has, it has here: there are no feature flags to find out about at night.
        options.parse = promql::ParseOptions::all();
        registry.gauge(&names::query::CONCURRENT_MAX).set(limits.concurrency as f64);
        let durations = registry.summaries(&names::query::DURATION);
        let metrics = Metrics {
            under_way: registry.gauge(&names::query::QUERIES),
            queue_time: durations.with(&["queue_time"]),
            durations,
            samples: registry.counter(&names::query::SAMPLES),
            refused: registry.counters(&names::query::REFUSED),
        };
        let slots = Arc::new(Semaphore::new(limits.concurrency.max(1)));
        let engine = Engine::new(options);
        let (damage, quick) = (Damage::default(), Quick::default());
        QueryService(Arc::new(Inner { db, engine, slots, limits, clock, metrics, damage, quick }))
    }

    pub fn engine(&self) -> &Engine {
        &self.0.engine
    }

    /// What queries found damaged since the start.
    pub fn damage(&self) -> Vec<String> {
        self.0.damage.met()
    }

    pub fn db(&self) -> &Db {
        &self.0.db
    }

    /// Runs another read of the store (labels, series, exemplars, remote read) under the same slots, so that no
    /// number of clients makes more work at once than the limit says.
    pub async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Db) -> T + Send + 'static,
    ) -> Result<T, QueryError> {
        let inner = Arc::clone(&self.0);
        let slot = inner.slot(inner.limits.timeout).await?;
        let panicked = |_| QueryError::Internal("the reading ended in a panic".to_owned());
        tokio::task::spawn_blocking(move || {
            let answer = work(&inner.db);
            drop(slot);
            answer
        })
        .await
        .map_err(panicked)
    }

    /// Evaluates. Dropping the future cancels the query.
    pub async fn run(&self, ask: Ask) -> Result<QueryResult, QueryError> {
        let inner = Arc::clone(&self.0);
        let _under_way = UnderWay::new(inner.metrics.under_way.clone());
        let timeout = ask.timeout.unwrap_or(inner.limits.timeout).min(inner.limits.timeout);
        let asked = inner.clock.monotonic();
        let slot = inner.slot(timeout).await?;
        let waited = inner.clock.monotonic() - asked;
        inner.metrics.queue_time.observe(waited.as_secs_f64());
        let cancel = CancelOnDrop(Cancel::default());
        let control = QueryControl {
            cancel: cancel.0.clone(),
            budget: Some(inner.limits.budget.slice("query", inner.limits.budget.limit_bytes() / 2)),
            timeout: Some(timeout.saturating_sub(waited)),
            lookback_ms: ask.lookback_ms,
            per_step_stats: ask.per_step_stats,
            explain: ask.explain,
        };
        let panicked = || Err(QueryError::Internal("the evaluation ended in a panic".to_owned()));
        let quickly = inner.evaluate_quickly(&ask, &control);
        let answer = match quickly {
            Some(answer) => answer,
            None => tokio::task::spawn_blocking(move || {
                let answer = inner.evaluate(&ask, &control);
                drop(slot);
                answer
            })
            .await
            .unwrap_or_else(|_| panicked()),
        };
        self.0.metrics.account(&answer);
        answer
    }
}

impl Inner {
    /// Waits for a turn, at most this long.
    async fn slot(&self, timeout: Duration) -> Result<OwnedSemaphorePermit, QueryError> {
        match tokio::time::timeout(timeout, Arc::clone(&self.slots).acquire_owned()).await {
            Ok(Ok(slot)) => Ok(slot),
            _ => {
                self.metrics.refused.with(&["concurrency"]).inc();
                Err(QueryError::Timeout("query queue"))
            }
        }
    }

    /// Evaluates here, when the query was quick the last time and is now.
    fn evaluate_quickly(&self, ask: &Ask, control: &QueryControl) -> Option<Result<QueryResult, QueryError>> {
        if control.timeout.is_some_and(|t| t <= TRY_MAX) || !self.quick.is_quick(ask) {
            return None;
        }
        let control = QueryControl { timeout: Some(TRY_MAX), ..control.clone() };
        let evaluated = std::panic::catch_unwind(AssertUnwindSafe(|| self.evaluate(ask, &control)));
        match evaluated {
            Ok(Err(QueryError::Timeout(_))) => None,
            Ok(answer) => Some(answer),
            Err(_) => Some(Err(QueryError::Internal("the evaluation ended in a panic".to_owned()))),
        }
    }

    fn evaluate(&self, ask: &Ask, control: &QueryControl) -> Result<QueryResult, QueryError> {
        let begun = self.clock.monotonic();
        let answer = self.evaluate_here(ask, control);
        self.quick.note(ask, self.clock.monotonic().saturating_sub(begun));
        answer
    }

    fn evaluate_here(&self, ask: &Ask, control: &QueryControl) -> Result<QueryResult, QueryError> {
        let source = StoreSource { db: self.db.clone(), damage: self.damage.clone() };
        match ask.times {
            Times::Instant(time_ms) => self.engine.instant(&source, &ask.query, time_ms, control),
            Times::Range(range) => self.engine.range(&source, &ask.query, range, control),
        }
    }
}

impl Metrics {
    fn account(&self, answer: &Result<QueryResult, QueryError>) {
        match answer {
            Ok(result) => {
                let stats = &result.stats;
                self.samples.add(stats.samples_total as f64);
                for (slice, time) in [
                    ("prepare_time", stats.prepare),
                    ("inner_eval", stats.eval),
                    ("result_sort", stats.finish),
                ] {
                    self.durations.with(&[slice]).observe(time.as_secs_f64());
                }
            }
            Err(QueryError::Timeout(_)) => self.refused.with(&["time"]).inc(),
            Err(QueryError::TooManySamples(_)) => self.refused.with(&["samples"]).inc(),
            Err(QueryError::OverBudget(_)) => self.refused.with(&["memory"]).inc(),
            Err(_) => {}
        }
    }
}

/// Counts a query while it is there, whatever becomes of it.
struct UnderWay(Gauge);

impl UnderWay {
    fn new(gauge: Gauge) -> UnderWay {
        gauge.add(1.0);
        UnderWay(gauge)
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.add(-1.0);
    }
}

struct CancelOnDrop(Cancel);

impl Drop for CancelOnDrop {
    fn drop(&mut self) {
        self.0.cancel();
    }
}
