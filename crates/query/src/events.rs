//! Questions about wide events: a bounded number at once, each under its time and its share of memory.
//!
//! The work is done on blocking threads. A caller that goes away (its future or stream is dropped) takes its question
//! with it.

use crate::metrics::PromqlSource;
use crate::statements::Rows;
use crate::tail::Tailed;
use crate::{QueryService, pg, tail};
use base::{Budget, Clock};
use events::scan::Cancel;
use events::{Events, Snapshot};
use futures::Stream;
use model::event::{Kind, SpanKind, TraceId};
use search::answer::{
    Context, Dependencies, EventsPage, Fields, Groups, Histogram, Operation, Patterns, SearchError, Top,
    Trace, TracesPage,
};
use search::ask::{
    ContextAsk, Control, EventsAsk, FieldsAsk, GroupAsk, HistogramAsk, PatternsAsk, TimeRange, TopAsk,
    TracesAsk, Which,
};
use search::lang::Completion;
use search::sql::{EventTables, Format, SqlEngine, SqlError, SqlOptions};
use search::{Search, TailFilter};
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};

/// Live tails at once. Each turns every batch that comes in into columns of its own, a millisecond or more.
const TAILS_MAX: usize = 32;

/// What questions may take.
#[derive(Clone, Debug)]
pub struct EventLimits {
    /// Questions at the same time; more wait.
    pub concurrency: usize,
    pub timeout: Duration,
    /// What all of them may hold together; one may hold half of it.
    pub budget: Budget,
    /// Where statements put what does not fit.
    pub spill_dir: PathBuf,
    pub spill_bytes_max: u64,
}

/// Answers questions about events. Cloning gives a handle to the same service.
#[derive(Clone)]
pub struct EventService(Arc<Inner>);

struct Inner {
    events: Events,
    limits: EventLimits,
    slots: Arc<Semaphore>,
    clock: Clock,
    search: Search,
    sql: SqlEngine,
    /// Places of live tails.
    tails: Arc<Semaphore>,
    /// The order that live tails end.
    ended: watch::Sender<bool>,
}

struct Tables(Events);

impl EventTables for Tables {
    fn snapshot(&self, kind: Kind) -> Snapshot {
        self.0.snapshot(kind)
    }
}

impl EventService {
    /// `query` answers the PromQL in SQL. To be made on the runtime that will use it.
    pub fn new(
        events: Events,
        query: QueryService,
        limits: EventLimits,
        clock: Clock,
    ) -> Result<EventService, SqlError> {
        let options = SqlOptions {
            budget: limits.budget.clone(),
            spill_dir: limits.spill_dir.clone(),
            spill_bytes_max: limits.spill_bytes_max,
            threads: std::thread::available_parallelism().map_or(1, |n| n.get()),
            timeout: limits.timeout,
        };
        let metrics =
            PromqlSource { query, clock: clock.clone(), runtime: tokio::runtime::Handle::current() };
        let sql = SqlEngine::new(Arc::new(Tables(events.clone())), Arc::new(metrics), &options)?;
        let slots = Arc::new(Semaphore::new(limits.concurrency.max(1)));
        let tails = Arc::new(Semaphore::new(TAILS_MAX));
        let (search, ended) = (Search::new(), watch::channel(false).0);
        Ok(EventService(Arc::new(Inner { events, limits, slots, clock, search, sql, tails, ended })))
    }

    pub fn store(&self) -> &Events {
        &self.0.events
    }

    /// Runs a question over what there is now.
    async fn ask<T: Send + 'static>(
        &self,
        kind: Kind,
        work: impl FnOnce(&Search, &Snapshot, &Control) -> Result<T, SearchError> + Send + 'static,
    ) -> Result<T, SearchError> {
        let inner = Arc::clone(&self.0);
        let begun = inner.clock.monotonic();
        let slot = inner.slot().await.ok_or(SearchError::Timeout(inner.limits.timeout))?;
        let waited = inner.clock.monotonic() - begun;
        let share = inner.limits.budget.slice("event query", inner.limits.budget.limit_bytes() / 2);
        let control = Control::new(inner.clock.clone(), share, inner.limits.timeout.saturating_sub(waited));
        let _guard = CancelOnDrop(control.cancel.clone());
        let answered = tokio::task::spawn_blocking(move || {
            let answer = work(&inner.search, &inner.events.snapshot(kind), &control);
            drop(slot);
            answer
        });
        answered
            .await
            .unwrap_or_else(|_| Err(SearchError::Internal("the search ended in a panic".to_owned())))
    }

    pub async fn events(&self, ask: EventsAsk) -> Result<EventsPage, SearchError> {
        self.ask(ask.which.kind, move |search, snapshot, control| search.events(snapshot, &ask, control))
            .await
    }

    pub async fn histogram(&self, ask: HistogramAsk) -> Result<Histogram, SearchError> {
        self.ask(ask.which.kind, move |search, snapshot, control| search.histogram(snapshot, &ask, control))
            .await
    }

    pub async fn top(&self, ask: TopAsk) -> Result<Top, SearchError> {
        self.ask(ask.which.kind, move |search, snapshot, control| search.top(snapshot, &ask, control)).await
    }

    pub async fn fields(&self, ask: FieldsAsk) -> Result<Fields, SearchError> {
        self.ask(ask.which.kind, move |search, snapshot, control| search.fields(snapshot, &ask, control))
            .await
    }

    pub async fn group(&self, ask: GroupAsk) -> Result<Groups, SearchError> {
        self.ask(ask.which.kind, move |search, snapshot, control| search.group(snapshot, &ask, control)).await
    }

    pub async fn patterns(&self, ask: PatternsAsk) -> Result<Patterns, SearchError> {
        self.ask(ask.which.kind, move |search, snapshot, control| search.patterns(snapshot, &ask, control))
            .await
    }

    pub async fn context(&self, ask: ContextAsk) -> Result<Context, SearchError> {
        self.ask(ask.id.kind, move |search, snapshot, control| search.context(snapshot, &ask, control)).await
    }

    pub async fn complete(&self, which: Which, cursor: usize) -> Result<Completion, SearchError> {
        self.ask(which.kind, move |search, snapshot, control| {
            Ok(search.complete(snapshot, &which.query, cursor, which.range, control))
        })
        .await
    }

    pub async fn traces(&self, ask: TracesAsk) -> Result<TracesPage, SearchError> {
        self.ask(Kind::Span, move |search, snapshot, control| search.traces(snapshot, &ask, control)).await
    }

    pub async fn trace(&self, id: TraceId, within: TimeRange) -> Result<Trace, SearchError> {
        self.ask(Kind::Span, move |search, snapshot, control| search.trace(snapshot, id, within, control))
            .await
    }

    /// Those of some traces that there are, whole, in the order of the ids.
    pub async fn whole_traces(
        &self,
        ids: Vec<TraceId>,
        within: TimeRange,
    ) -> Result<Vec<Trace>, SearchError> {
        self.ask(Kind::Span, move |search, snapshot, control| {
            search.whole_traces(snapshot, &ids, within, control)
        })
        .await
    }

    /// Names of all services that sent spans which are still kept, sorted.
    pub async fn services(&self) -> Result<Vec<String>, SearchError> {
        self.ask(Kind::Span, |search, snapshot, control| search.services(snapshot, TimeRange::ALL, control))
            .await
    }

    /// What the spans of a service are called, sorted.
    pub async fn operations(
        &self,
        service: String,
        kind: Option<SpanKind>,
    ) -> Result<Vec<Operation>, SearchError> {
        self.ask(Kind::Span, move |search, snapshot, control| {
            search.operations(snapshot, Some(&service), kind, TimeRange::ALL, control)
        })
        .await
    }

    pub async fn dependencies(&self, range: TimeRange) -> Result<Dependencies, SearchError> {
        self.ask(Kind::Span, move |search, snapshot, control| search.dependencies(snapshot, range, control))
            .await
    }

    /// Ends all live tails: whoever stops the program does not wait for those that have no end.
    pub fn end_tails(&self) {
        self.0.ended.send_replace(true);
    }

    /// Events that match, as they come in, until it is dropped or all end.
    pub fn tail(
        &self,
        kind: Kind,
        query: &str,
    ) -> Result<impl Stream<Item = Tailed> + Send + 'static + use<>, SearchError> {
        let filter = TailFilter::new(kind, query)?;
        let place = Arc::clone(&self.0.tails).try_acquire_owned().map_err(|_| {
            SearchError::Busy(format!(
                "{TAILS_MAX} live tails are open, which is as many as may be: close one, or search again instead"
            ))
        })?;
        Ok(tail::follow(self.0.events.clone(), filter, place, self.0.ended.subscribe()))
    }

    /// Runs a statement; at most `limit` rows are given.
    pub async fn sql(
        &self,
        statement: String,
        format: Format,
        limit: usize,
    ) -> Result<impl Stream<Item = io::Result<Vec<u8>>> + Send + 'static + use<>, SqlError> {
        let over = || SqlError::Timeout("too many queries at once: ask again later".to_owned());
        let slot = self.0.slot().await.ok_or_else(over)?;
        let answer = self.0.sql.query(&statement).await?;
        Rows::new(answer, format, limit, slot)?.stream().await
    }

    /// Speaks PostgreSQL's protocol until it is dropped.
    pub async fn serve_postgres(&self, address: SocketAddr) -> io::Result<()> {
        pg::serve(self.0.sql.context().clone(), address).await
    }
}

impl Inner {
    /// Waits for a turn; `None` when that took all the time there is.
    async fn slot(&self) -> Option<OwnedSemaphorePermit> {
        let turn = Arc::clone(&self.slots).acquire_owned();
        tokio::time::timeout(self.limits.timeout, turn).await.ok()?.ok()
    }
}

struct CancelOnDrop(Cancel);

impl Drop for CancelOnDrop {
    fn drop(&mut self) {
        self.0.cancel();
    }
}
