//! One configured place: reads the spool from its own position, round by round, and sends.
//!
//! A round is what lies in the spool up to a limit, spread over shards by labels so that the samples of a series stay
//! in order. The shards send side by side; when all are done the position moves behind the round and is written down.
//! Between rounds the number of shards follows the backlog.

use super::meter::{Count, Meter};
use super::outgoing::{LeftOut, Outgoing};
use super::sender::{Outcome, Sender};
use super::spool::{Dropped, Place, Spool};
use super::{EndpointError, QueueOptions, place_path};
use base::disk;
use parking_lot::Mutex;
use promconfig::{RemoteWriteConfig, RemoteWriteMessage};
use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;
use std::time::Duration;
use telemetry::Registry;
use tokio::sync::watch;
use tokio::task::JoinSet;
use wire::remote::{Message, TimeSeries};

/// How often the position is written down: samples of this time are sent twice after a crash.
const SAVE_INTERVAL: Duration = Duration::from_secs(1);
/// The spool cannot be read: tried again after this.
const READ_RETRY: Duration = Duration::from_secs(5);
/// How often version 2 looks for new metadata.
const FAMILIES_INTERVAL: Duration = Duration::from_secs(60);

/// What the endpoints of a queue have in common.
pub struct Shared {
    pub spool: Spool,
    pub options: QueueOptions,
    pub registry: Registry,
    /// Where each endpoint is, by id.
    pub places: Mutex<BTreeMap<String, Place>>,
}

impl Shared {
    /// Says where an endpoint begins: where it was, or, when it is new, at the end. What is appended from now on is
    /// for it.
    pub fn enter(&self, id: &str) {
        let mut places = self.places.lock();
        if places.contains_key(id) {
            return; // one that is changed: the old one keeps the position until it stops
        }
        let saved = disk::read_to_string(&place_path(&self.options.dir, id)).ok();
        let place = saved.and_then(|text| {
            let (segment, offset) = text.trim().split_once(' ')?;
            Some(Place { segment: segment.parse().ok()?, offset: offset.parse().ok()? })
        });
        let end = *self.spool.end().borrow();
        // A position behind the end is of another spool.
        let place = place.filter(|place| *place <= end).unwrap_or(end);
        places.insert(id.to_owned(), place);
        drop(places);
        if let Err(error) = self.save(id, place) {
            tracing::warn!(%error, "remote write: the position cannot be written down");
        }
    }

    fn place(&self, id: &str) -> Place {
        self.places.lock().get(id).copied().unwrap_or_default()
    }

    /// Writes a position down, unless the endpoint has been forgotten.
    fn save(&self, id: &str, place: Place) -> io::Result<()> {
        let mut places = self.places.lock();
        let Some(known) = places.get_mut(id) else { return Ok(()) };
        *known = place;
        let slowest = places.values().min().copied().unwrap_or(place);
        let text = format!("{} {}\n", place.segment, place.offset);
        disk::write_atomic(&place_path(&self.options.dir, id), text.as_bytes())?;
        drop(places);
        self.spool.tidy(slowest)
    }

    /// Forgets the positions of endpoints that are not configured any more.
    pub fn forget_others(&self, ids: &[String]) {
        self.places.lock().retain(|id, _| ids.contains(id));
        for path in disk::list(&self.options.dir.join("places")).unwrap_or_default() {
            let known =
                path.file_name().and_then(|n| n.to_str()).is_some_and(|n| ids.iter().any(|id| id == n));
            if !known && let Err(error) = disk::remove_file(&path) {
                tracing::warn!(%error, path = %path.display(), "remote write: an old position stays");
            }
        }
        if ids.is_empty() {
            let end = *self.spool.end().borrow();
            if let Err(error) = self.spool.tidy(end) {
                tracing::warn!(%error, "remote write: what nobody is sent any more stays on disk");
            }
        }
    }
}

/// See the module.
pub struct Endpoint {
    id: String,
    spec: Spec,
    shared: Arc<Shared>,
    sender: Arc<Sender>,
    meter: Arc<Meter>,
    /// How far it has read: what is dropped before this is not lost.
    read: Mutex<Option<Place>>,
}

/// What an endpoint is made from: two that are equal do the same.
#[derive(Clone, Debug, PartialEq)]
pub struct Spec {
    pub config: RemoteWriteConfig,
    pub external_labels: BTreeMap<String, String>,
    /// How many of the same name and URL stand before it.
    pub twin: usize,
}

/// What is sent before the position moves.
struct Round {
    series: Vec<TimeSeries>,
    samples: usize,
    end: Place,
    /// The end of the spool was reached.
    at_end: bool,
}

impl Endpoint {
    pub fn new(spec: Spec, shared: &Arc<Shared>) -> Result<Endpoint, EndpointError> {
        let Spec { config, twin, .. } = &spec;
        let url = config.url.as_str();
        // Positions outlive changes of anything but who is sent to.
        let identity = format!("{}\n{url}\n{twin}", config.name);
        let id = format!("{:016x}", xxhash_rust::xxh3::xxh3_64(identity.as_bytes()));
        let name = if config.name.is_empty() { id[..6].to_owned() } else { config.name.clone() };
        let meter = Meter::new(&shared.registry, &name, &without_password(url));
        let queue = &config.queue_config;
        meter.limits(queue.min_shards as usize, queue.max_shards as usize, queue.capacity as usize);
        let sender = Arc::new(Sender::new(config, &shared.options.clock)?);
        Ok(Endpoint {
            id,
            spec,
            shared: Arc::clone(shared),
            sender,
            meter: Arc::new(meter),
            read: Mutex::new(None),
        })
    }

    pub fn id(&self) -> &str {
        &self.id
    }

    pub fn spec(&self) -> &Spec {
        &self.spec
    }

    /// Counts what the spool dropped before it was read here. Gives its name and the bytes, if there are any.
    pub fn count_dropped(&self, dropped: &[Dropped]) -> Option<(&str, u64)> {
        let place = self.read.lock().unwrap_or_else(|| self.shared.place(&self.id));
        let bytes = dropped.iter().map(|d| d.bytes_behind(place)).sum::<u64>();
        self.meter.spool_dropped.add(bytes as f64);
        (bytes > 0).then_some((self.meter.name(), bytes))
    }

    /// Its gauges are not shown any more.
    pub fn forget(&self) {
        self.meter.forget();
    }

    /// Sends until it is told to stop.
    pub async fn run(self: Arc<Self>, mut stop: watch::Receiver<bool>) {
        let metadata = tokio::spawn(Arc::clone(&self).run_metadata(stop.clone()));
        let mut place = self.shared.place(&self.id);
        let mut outgoing = Outgoing::new(&self.spec.config, &self.spec.external_labels);
        let queue = &self.spec.config.queue_config;
        let (shards_min, shards_max) = (queue.min_shards.max(1) as usize, queue.max_shards.max(1) as usize);
        let mut shards = shards_min;
        let clock = self.shared.options.clock.clone();
        let (mut saved_at, mut families_at) = (clock.monotonic(), None::<Duration>);
        while !*stop.borrow() {
            if self.spec.config.protobuf_message == RemoteWriteMessage::V2
                && families_at.is_none_or(|at| clock.monotonic() - at >= FAMILIES_INTERVAL)
            {
                outgoing.families = (self.shared.options.families)().into_iter().collect();
                families_at = Some(clock.monotonic());
            }
            let limit = shards * self.shard_samples();
            let round = match self.gather(place, &mut outgoing, limit, &mut stop).await {
                Ok(Some(round)) => round,
                Ok(None) => continue,
                Err(error) => {
                    tracing::error!(%error, "remote write: the spool cannot be read");
                    pause(READ_RETRY, &mut stop).await;
                    continue;
                }
            };
            self.meter.pending.set(round.samples as f64);
            self.meter.pending_bytes.set(self.shared.spool.bytes_behind(place) as f64);
            self.meter.shards.set(shards as f64);
            if self.send(round.series, shards, &stop).await == Outcome::Stopped {
                break; // the position stays before the round
            }
            place = round.end;
            self.meter.pending.set(0.0);
            self.meter.pending_bytes.set(self.shared.spool.bytes_behind(place) as f64);
            if round.at_end || clock.monotonic() - saved_at >= SAVE_INTERVAL {
                self.save(place);
                saved_at = clock.monotonic();
            }
            shards = match (round.samples >= limit, round.samples < limit / 4) {
                (true, _) => (shards * 2).min(shards_max),
                (_, true) => (shards / 2).max(shards_min),
                _ => shards,
            };
            self.meter.shards_desired.set(shards as f64);
        }
        self.save(place);
        metadata.abort();
    }

    /// Samples that a shard takes in one round: whole requests, as many as it may hold.
    fn shard_samples(&self) -> usize {
        let queue = &self.spec.config.queue_config;
        (queue.capacity.max(queue.max_samples_per_send) as usize).max(1)
    }

    fn save(&self, place: Place) {
        if let Err(error) = self.shared.save(&self.id, place) {
            tracing::warn!(%error, "remote write: the position cannot be written down");
        }
    }

    /// Waits for something to send, and then a little for more. `None` when it is time to stop.
    async fn gather(
        &self,
        from: Place,
        outgoing: &mut Outgoing,
        limit: usize,
        stop: &mut watch::Receiver<bool>,
    ) -> io::Result<Option<Round>> {
        let mut end = self.shared.spool.end();
        let mut round = Round { series: Vec::new(), samples: 0, end: from, at_end: false };
        let enough = self.spec.config.queue_config.max_samples_per_send.max(1) as usize;
        let mut deadline = None;
        loop {
            end.mark_unchanged();
            // File reads from the page cache, a few milliseconds of work: short enough for this thread.
            tokio::task::block_in_place(|| self.fill(&mut round, outgoing, limit))?;
            if round.samples >= enough || (!round.at_end && round.samples > 0) {
                return Ok(Some(round));
            }
            let deadline = match (round.samples, deadline) {
                (0, _) if round.end != from => return Ok(Some(round)), // nothing of it is wanted: move on
                (0, _) => None,
                (_, Some(at)) => Some(at),
                (_, None) => {
                    let at = tokio::time::Instant::now() + self.spec.config.queue_config.batch_send_deadline;
                    deadline = Some(at);
                    Some(at)
                }
            };
            tokio::select! {
                changed = end.changed() => if changed.is_err() { return Ok(None) },
                _ = stop.wait_for(|stop| *stop) => return Ok(None),
                () = until(deadline) => return Ok(Some(round)),
            }
        }
    }

    /// Reads records into the round until it is full or the spool is at its end.
    fn fill(&self, round: &mut Round, outgoing: &mut Outgoing, limit: usize) -> io::Result<()> {
        let now_ms = self.shared.options.clock.now_ms();
        while round.samples < limit {
            let mut damaged_bytes = 0;
            let next = self.shared.spool.read(round.end, &mut damaged_bytes)?;
            if damaged_bytes > 0 {
                self.meter.damaged.inc();
                tracing::warn!(bytes = damaged_bytes, "remote write: damaged records left out");
            }
            let Some((record, end)) = next else {
                round.at_end = true;
                return Ok(());
            };
            let at = round.series.len();
            let LeftOut { too_old, relabeled, damaged } = outgoing.take(&record, now_ms, &mut round.series);
            self.meter.too_old.add(too_old as f64);
            self.meter.relabeled.add(relabeled as f64);
            self.meter.damaged.add(f64::from(u8::from(damaged)));
            round.samples += Count::of(&round.series[at..]).all();
            (round.end, round.at_end) = (end, false);
            *self.read.lock() = Some(end);
        }
        Ok(())
    }

    /// Sends a round over shards side by side.
    async fn send(&self, series: Vec<TimeSeries>, shards: usize, stop: &watch::Receiver<bool>) -> Outcome {
        let mut by_shard: Vec<Vec<TimeSeries>> = vec![Vec::new(); shards];
        for series in series {
            let shard = series.labels.hash64() % shards as u64;
            by_shard[shard as usize].push(series);
        }
        let request_samples = self.spec.config.queue_config.max_samples_per_send.max(1) as usize;
        let mut tasks = JoinSet::new();
        for series in by_shard.into_iter().filter(|s| !s.is_empty()) {
            let (sender, meter, mut stop) = (Arc::clone(&self.sender), Arc::clone(&self.meter), stop.clone());
            tasks.spawn(async move {
                for batch in batches(series, request_samples) {
                    if sender.send(&batch, &meter, &mut stop).await == Outcome::Stopped {
                        return Outcome::Stopped;
                    }
                }
                Outcome::Done
            });
        }
        let outcomes = tasks.join_all().await;
        if outcomes.contains(&Outcome::Stopped) { Outcome::Stopped } else { Outcome::Done }
    }

    /// Version 1 is sent the families every so often.
    async fn run_metadata(self: Arc<Self>, mut stop: watch::Receiver<bool>) {
        let config = &self.spec.config.metadata_config;
        if !config.send {
            return;
        }
        let batch = config.max_samples_per_send.max(1) as usize;
        loop {
            pause(config.send_interval.max(Duration::from_secs(1)), &mut stop).await;
            if *stop.borrow() {
                return;
            }
            if self.sender.message() == Message::V2 {
                continue;
            }
            for families in (self.shared.options.families)().chunks(batch) {
                self.sender.send_families(families, &self.meter).await;
            }
        }
    }
}

/// Requests of at most so many samples; one that is larger by itself goes alone.
fn batches(series: Vec<TimeSeries>, samples_max: usize) -> Vec<Vec<TimeSeries>> {
    let mut batches = vec![Vec::new()];
    let mut samples = 0;
    for series in series {
        let count = Count::of(std::slice::from_ref(&series)).all();
        if samples > 0 && samples + count > samples_max {
            batches.push(Vec::new());
            samples = 0;
        }
        samples += count;
        if let Some(batch) = batches.last_mut() {
            batch.push(series);
        }
    }
    batches
}

async fn pause(time: Duration, stop: &mut watch::Receiver<bool>) {
    tokio::select! {
        () = tokio::time::sleep(time) => {}
        _ = stop.wait_for(|stop| *stop) => {}
    }
}

/// Waits for a moment, or for ever.
async fn until(deadline: Option<tokio::time::Instant>) {
    match deadline {
        Some(at) => tokio::time::sleep_until(at).await,
        None => std::future::pending().await,
    }
}

/// A URL that may be shown.
fn without_password(url: &str) -> String {
    match url::Url::parse(url) {
        Ok(mut url) if url.password().is_some() => {
            // Fails only for URLs that cannot have a password.
            let _ = url.set_password(Some("xxxxx"));
            url.to_string()
        }
        _ => url.to_owned(),
    }
}
