//! The loop of one target: wait, fetch, store, and again; and its end.
//!
//! A loop that is told to end finishes the scrape under way. If its target is gone for good, its series end with
//! stale markers, but only after two more intervals: a target that is found again meanwhile goes on without a gap.
//! When the server stops, no markers are written: after the restart the same series go on.

use crate::advice::{Context, advice};
use crate::error::ScrapeError;
use crate::fetch::Fetch;
use crate::ingest::{Fetched, Ingest, Outcome, Shared, Timing};
use crate::job::Job;
use crate::metadata::TargetFamilies;
use crate::schedule::Schedule;
use crate::target::{Health, Target};
use arc_swap::ArcSwap;
use parking_lot::Mutex;
use std::collections::HashSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;
use telemetry::Summary;
use tokio::sync::{Semaphore, watch};

/// A body up to this is stored on the thread of the loop: to hand it to another one and wait costs two switches,
/// more than the work on most bodies. It is about 8,000 samples at 0.2 µs, so below 2 ms of the CPU, and a write to
/// the page cache; a scrape of new series takes some times as long, once. Larger ones must not hold up others.
const HERE_BYTES_MAX: usize = 1 << 20;
/// What gzip makes of a body of metrics: a tenth to a twentieth.
const PACKED_FACTOR: usize = 16;

/// What a loop shares with its pool.
pub struct PoolShared {
    pub shared: Shared,
    /// What the job says now.
    pub job: ArcSwap<Job>,
    /// Set while the pool has more targets than its limit.
    pub over_target_limit: Mutex<Option<usize>>,
    /// Hashes of the targets that have a loop.
    pub active: Mutex<HashSet<u64>>,
    /// How many large bodies may be parsed at once, in all pools.
    pub parsers: Arc<Semaphore>,
    /// Where the loops run; `None` for the runtime that the pool is synced in.
    pub runtime: Option<tokio::runtime::Handle>,
    /// Moves the times of all targets of this server.
    pub seed: u64,
}

/// What a loop is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    Run,
    /// The target is gone.
    End,
    /// The server stops.
    Stop,
}

/// How a target is doing.
#[derive(Clone, Debug, Default)]
pub struct State {
    pub health: Health,
    pub last_error: Option<String>,
    /// What to do about it.
    pub advice: Option<String>,
    /// What was lost of a scrape that otherwise succeeded.
    pub last_warning: Option<String>,
    /// Unix milliseconds.
    pub last_scrape_ms: Option<i64>,
    pub last_duration_seconds: f64,
    pub scrapes: u64,
}

/// A loop, seen from its pool.
pub struct Handle {
    pub target: Arc<Target>,
    pub state: Arc<Mutex<State>>,
    pub families: Arc<Mutex<TargetFamilies>>,
    orders: watch::Sender<Order>,
    pub task: tokio::task::JoinHandle<()>,
}

impl Handle {
    pub fn order(&self, order: Order) {
        self.orders.send_replace(order);
    }

    /// Stops the loop; the task ends when the scrape under way is stored.
    pub fn stop(self) -> tokio::task::JoinHandle<()> {
        self.order(Order::Stop);
        self.task
    }
}

/// Starts the loop of a target.
pub fn start(pool: &Arc<PoolShared>, target: Target) -> Handle {
    let target = Arc::new(target);
    let (orders, receiver) = watch::channel(Order::Run);
    let ingest = Ingest::new(&pool.shared, &target.labels);
    let (families, state) = (ingest.families(), Arc::<Mutex<State>>::default());
    let runner = Runner {
        pool: Arc::clone(pool),
        job: pool.job.load_full(),
        target: Arc::clone(&target),
        state: Arc::clone(&state),
        ingest: Some(ingest),
        orders: receiver,
        fetch: None,
        last_start: None,
        interval_length: None,
    };
    let task = match &pool.runtime {
        Some(runtime) => runtime.spawn(runner.run()),
        None => tokio::spawn(runner.run()),
    };
    Handle { target, state, families, orders, task }
}

/// Where a body is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// On the thread of the loop.
    Here,
    /// On a thread that may block.
    Aside,
}

impl Place {
    fn of(fetched: &Result<Fetched, ScrapeError>) -> Place {
        let Ok(fetched) = fetched else { return Place::Here };
        let packed = !matches!(fetched.encoding.as_str(), "" | "identity");
        let bytes = if packed { fetched.raw.len() * PACKED_FACTOR } else { fetched.raw.len() };
        if bytes <= HERE_BYTES_MAX { Place::Here } else { Place::Aside }
    }
}

struct Runner {
    pool: Arc<PoolShared>,
    /// Whose rules the cache of `ingest` was made with.
    job: Arc<Job>,
    target: Arc<Target>,
    state: Arc<Mutex<State>>,
    /// Away while a body is stored aside.
    ingest: Option<Ingest>,
    orders: watch::Receiver<Order>,
    /// `None` before the first scrape.
    fetch: Option<Fetch>,
    /// On the monotonic clock.
    last_start: Option<Duration>,
    /// Looked up at the second scrape: a name and a lock less at each that follows.
    interval_length: Option<Summary>,
}

impl Runner {
    async fn run(mut self) {
        let clock = self.pool.shared.clock.clone();
        let new_schedule = |now| Schedule::new(self.target.interval, self.target.hash ^ self.pool.seed, now);
        let mut schedule = new_schedule(clock.now_ms());
        loop {
            while clock.now_ms() < schedule.due_ms() {
                if schedule.is_astray(clock.now_ms()) {
                    schedule = Schedule::new(
                        self.target.interval,
                        self.target.hash ^ self.pool.seed,
                        clock.now_ms(),
                    );
                }
                let order = tokio::select! {
                    () = tokio::time::sleep(schedule.wait(clock.now_ms())) => Order::Run,
                    order = next_order(&mut self.orders) => order,
                };
                match order {
                    Order::Run => {}
                    Order::End => return self.end(schedule).await,
                    Order::Stop => return,
                }
            }
            let timestamp = schedule.take(clock.now_ms());
            self.scrape(timestamp).await;
            let order = *self.orders.borrow();
            match order {
                Order::Run => {}
                Order::End => return self.end(schedule).await,
                Order::Stop => return,
            }
        }
    }

    /// One scrape, from asking to the status.
    async fn scrape(&mut self, timestamp: i64) {
        let (pool, clock) = (Arc::clone(&self.pool), self.pool.shared.clock.clone());
        let start = clock.monotonic();
        if let Some(last) = self.last_start.replace(start) {
            let lengths = self.interval_length.get_or_insert_with(|| {
                let interval = base::units::format_duration(self.target.interval);
                pool.shared.metrics.interval_length.with(&[&interval])
            });
            lengths.observe((start - last).as_secs_f64());
        }
        let job = pool.job.load_full();
        if let Some(ingest) = self.ingest.as_mut()
            && !job.labels_alike(&self.job)
        {
            ingest.forget_labels();
        }
        self.job = Arc::clone(&job);
        let over = *pool.over_target_limit.lock();
        let fetched = match over {
            Some(targets) => Err(ScrapeError::TargetLimit { targets, limit: job.config.target_limit }),
            None => match self.fetch(&job).await {
                Some(fetched) => fetched,
                // What a stopping server did not get is no failure of the target.
                None => return,
            },
        };
        let timing = Timing { timestamp, start, timeout: self.target.timeout };
        let outcome = {
            let place = Place::of(&fetched);
            let _permit = match place {
                Place::Here => None,
                Place::Aside => Some(pool.parsers.acquire().await),
            };
            let job = Arc::clone(&job);
            self.with_ingest(place, move |ingest| ingest.scrape(&job, fetched, timing)).await
        };
        if let Some(outcome) = outcome {
            self.note(&job, timestamp, outcome);
        }
    }

    /// The body of the target; `None` when told to stop meanwhile.
    async fn fetch(&mut self, job: &Arc<Job>) -> Option<Result<Fetched, ScrapeError>> {
        let fetch = match &mut self.fetch {
            Some(fetch) => match fetch.follow(job, &self.target) {
                Ok(()) => fetch,
                Err(error) => return Some(Err(error)),
            },
            None => match Fetch::new(job, &self.target) {
                Ok(fetch) => self.fetch.insert(fetch),
                Err(error) => return Some(Err(error)),
            },
        };
        tokio::select! {
            biased;
            fetched = fetch.ask(&self.target, &self.pool.shared.buffers) => Some(fetched),
            () = wait_for_stop(self.orders.clone()) => None,
        }
    }

    /// Runs work on the ingest, here or where it may block; `None` when it panicked.
    async fn with_ingest<T: Send + 'static>(
        &mut self,
        place: Place,
        work: impl FnOnce(&mut Ingest) -> T + Send + 'static,
    ) -> Option<T> {
        let mut ingest = match self.ingest.take() {
            Some(ingest) => ingest,
            // The runtime ended before the work began: there are no more scrapes.
            None => return None,
        };
        let run = move || {
            let result = catch_unwind(AssertUnwindSafe(|| work(&mut ingest)));
            if result.is_err() {
                ingest.recover();
            }
            (ingest, result)
        };
        let (ingest, result) = match place {
            Place::Here => run(),
            Place::Aside => tokio::task::spawn_blocking(run).await.ok()?,
        };
        self.ingest = Some(ingest);
        if result.is_err() {
            tracing::error!(target = %self.target.shown_url, "storing a scrape failed by a fault of our own");
        }
        result.ok()
    }

    fn note(&self, job: &Job, timestamp: i64, outcome: Outcome) {
        let word = if outcome.error.is_none() { "up" } else { "down" };
        self.pool.shared.metrics.scrapes.with(&[word]).inc();
        let text = outcome.error.as_ref().map(|e| match e {
            // A body that could not be decoded does not know where it came from.
            ScrapeError::Http { url, error } if url.is_empty() => error.to_string(),
            error => error.to_string(),
        });
        if let Some(text) = &text {
            tracing::debug!(target = %self.target.shown_url, job = job.config.job_name, error = text, "scrape failed");
            if let Some(log) = &job.failure_log {
                log.write(&job.config.job_name, &self.target.shown_url, text);
            }
        }
        let warning = outcome.losses.warning();
        if let Some(warning) = &warning {
            tracing::warn!(target = %self.target.shown_url, warning, "scrape lost samples");
        }
        let advice = outcome.error.as_ref().map(|error| self.advice(job, error));
        let mut state = self.state.lock();
        state.health = if outcome.error.is_none() { Health::Up } else { Health::Down };
        state.advice = advice;
        state.last_error = text;
        state.last_warning = warning;
        state.last_scrape_ms = Some(timestamp);
        state.last_duration_seconds = outcome.report.duration_seconds;
        state.scrapes += 1;
    }

    fn advice(&self, job: &Job, error: &ScrapeError) -> String {
        let timeout = base::units::format_duration(self.target.timeout);
        let authority = self.target.url.authority();
        let about = Context {
            address: authority.rsplit('@').next().unwrap_or(authority),
            scheme: self.target.url.scheme(),
            path: self.target.url.path(),
            timeout: &timeout,
            has_credentials: job.config.http.has_auth(),
        };
        advice(error, about)
    }

    /// Ends the series of a target that is gone.
    async fn end(mut self, mut schedule: Schedule) {
        if self.last_start.is_none() {
            return;
        }
        let clock = self.pool.shared.clock.clone();
        // The time of the next scrape, had there been one; a target that came back has scraped by the one after.
        let timestamp = schedule.due_ms();
        schedule.take(timestamp);
        let wait = schedule.wait(clock.now_ms()) + self.target.interval / 10;
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            () = wait_for_stop(self.orders.clone()) => return,
        }
        if self.pool.active.lock().contains(&self.target.hash) {
            return;
        }
        if let Some(Err(error)) =
            self.with_ingest(Place::Aside, move |ingest| ingest.end_of_run(timestamp)).await
        {
            tracing::warn!(target = %self.target.shown_url, %error, "cannot end the series of a target that is gone");
        }
    }
}

/// The next order that differs from the last; [`Order::Stop`] when nobody is left to give one.
async fn next_order(orders: &mut watch::Receiver<Order>) -> Order {
    match orders.changed().await {
        Ok(()) => *orders.borrow_and_update(),
        Err(_) => Order::Stop,
    }
}

async fn wait_for_stop(mut orders: watch::Receiver<Order>) {
    // An error means that nobody is left to give orders.
    let _ = orders.wait_for(|order| *order == Order::Stop).await;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_bodies_are_stored_aside() {
        let place = |length: usize, encoding: &str| {
            let (encoding, content_type) = (encoding.to_owned(), String::new());
            Place::of(&Ok(Fetched { raw: vec![b'a'; length].into(), encoding, content_type }))
        };
        assert_eq!(Place::of(&Err(ScrapeError::NoName)), Place::Here);
        for encoding in ["", "identity"] {
            assert_eq!(place(1 << 20, encoding), Place::Here);
            assert_eq!(place((1 << 20) + 1, encoding), Place::Aside);
        }
        assert_eq!(place(1 << 16, "gzip"), Place::Here);
        assert_eq!(place((1 << 16) + 1, "gzip"), Place::Aside);
    }
}
