//! What the store knows about itself, as metrics: read when somebody asks, counted by nobody twice.

use crate::connections::Connections;
use base::Budget;
use events::{EventStats, Events, KindStats};
use model::event::Kind;
use telemetry::{Registry, names};
use tsdb::{Db, HeadStats};

/// Makes the metrics of the store and of the build part of the registry.
pub fn register(
    registry: &Registry,
    db: &Db,
    budget: &Budget,
    version: &'static str,
    revision: &'static str,
) {
    telemetry::process::register(registry);
    build(registry, version, revision);
    head(registry, db);
    blocks(registry, db);
    let limit = budget.limit_bytes() as f64;
    registry.observe_value(&names::server::MEMORY_LIMIT_BYTES, move || limit);
    let budget = budget.clone();
    registry.observe_value(&names::server::MEMORY_RESERVED_BYTES, move || budget.used_bytes() as f64);
}

/// Makes the metrics of the connections part of the registry.
pub fn register_connections(registry: &Registry, connections: &Connections) {
    let max = connections.max() as f64;
    registry.observe_value(&names::server::CONNECTIONS_LIMIT, move || max);
    let connections = connections.clone();
    registry.observe_value(&names::server::CONNECTIONS, move || connections.open() as f64);
}

/// Makes the metrics of the event store part of the registry.
pub fn register_events(registry: &Registry, store: &Events) {
    use names::events as n;
    for (def, read) in [
        (&n::APPENDED, (|k| k.appended) as fn(&KindStats) -> u64),
        (&n::MEMORY_EVENTS, |k| k.memory_rows),
        (&n::FILES, |k| k.files),
        (&n::FILE_EVENTS, |k| k.file_rows),
        (&n::FILE_BYTES, |k| k.file_bytes),
        (&n::COLUMNS, |k| k.columns),
    ] {
        let store = store.clone();
        registry.observe(def, move |o| {
            let stats = store.stats();
            Kind::ALL.iter().for_each(|kind| o.value(&[kind.name()], read(stats.kind(*kind)) as f64));
        });
    }
    for (def, read) in [
        (&n::MEMORY_BYTES, (|s| s.memory_bytes) as fn(&EventStats) -> u64),
        (&n::LOG_BYTES, |s| s.log_bytes),
        (&n::FLUSHES, |s| s.flushes),
        (&n::FLUSHES_FAILED, |s| s.flushes_failed),
        (&n::MERGES, |s| s.merges),
        (&n::MERGES_FAILED, |s| s.merges_failed),
        (&n::OVER_BUDGET, |s| s.over_budget),
        (&n::DISK_FULL, |s| u64::from(s.disk_full)),
        (&n::DAMAGE, |s| s.damage),
        (&n::LOG_DAMAGE, |s| s.log_damage),
        (&n::OVERFLOWED, |s| s.attributes_overflowed),
        (&n::TAIL_MISSED, |s| s.tail_lagged),
    ] {
        let store = store.clone();
        registry.observe_value(def, move || read(&store.stats()) as f64);
    }
}

fn build(registry: &Registry, version: &'static str, revision: &'static str) {
    registry.observe(&names::server::BUILD_INFO, move |o| {
        let (os, architecture) = (std::env::consts::OS, std::env::consts::ARCH);
        o.value(&[version, revision, "", "", os, architecture, ""], 1.0);
    });
    registry.observe(&names::server::PHAROS_BUILD_INFO, move |o| o.value(&[version, revision], 1.0));
    registry.gauge(&names::server::READY).set(1.0);
}

fn head(registry: &Registry, db: &Db) {
    use names::store as n;
    let gauge = |def: &'static telemetry::Def, read: fn(&HeadStats) -> f64| {
        let db = db.clone();
        registry.observe_value(def, move || read(&db.head_stats()));
    };
    gauge(&n::HEAD_SERIES, |h| h.series as f64);
    gauge(&n::HEAD_SERIES_CREATED, |h| h.series_created as f64);
    gauge(&n::HEAD_SERIES_REMOVED, |h| h.series_removed as f64);
    gauge(&n::HEAD_CHUNKS, |h| h.chunks as f64);
    gauge(&n::HEAD_MIN_TIME, |h| h.min_ms.unwrap_or(0) as f64);
    gauge(&n::HEAD_MAX_TIME, |h| h.max_ms.unwrap_or(0) as f64);
    gauge(&n::HEAD_MIN_TIME_SECONDS, |h| h.min_ms.unwrap_or(0) as f64 / 1000.0);
    gauge(&n::HEAD_MAX_TIME_SECONDS, |h| h.max_ms.unwrap_or(0) as f64 / 1000.0);
    gauge(&n::WAL_BYTES, |h| h.wal_bytes as f64);
    gauge(&n::EXEMPLARS_IN_STORAGE, |h| h.exemplars as f64);
    gauge(&n::COMPACTIONS, |h| (h.flushes + h.merges) as f64);
    gauge(&n::COMPACTIONS_FAILED, |h| (h.flushes_failed + h.merges_failed) as f64);
    for (def, read) in [
        (&n::HEAD_SAMPLES_APPENDED, (|h| h.samples_appended as f64) as fn(&HeadStats) -> f64),
        (&n::OUT_OF_ORDER_SAMPLES, |h| h.samples_out_of_order as f64),
    ] {
        let db = db.clone();
        registry.observe(def, move |o| o.value(&["float"], read(&db.head_stats())));
    }
    let exemplars_max = db.options().exemplars_max as f64;
    registry.observe_value(&n::EXEMPLARS_MAX, move || exemplars_max);
    let damage = db.recovery().damage.len() as f64;
    registry.observe_value(&n::WAL_CORRUPTIONS, move || damage);
    let replay_s = db.recovery().took_ms as f64 / 1000.0;
    registry.observe_value(&n::REPLAY_SECONDS, move || replay_s);
}

fn blocks(registry: &Registry, db: &Db) {
    use names::store as n;
    let store = db.clone();
    registry.observe_value(&n::BLOCKS_LOADED, move || store.blocks().len() as f64);
    let store = db.clone();
    registry.observe_value(&n::BLOCKS_BYTES, move || store.blocks().iter().map(|b| b.bytes as f64).sum());
    let store = db.clone();
    registry.observe(&n::LOWEST_TIMESTAMP_SECONDS, move |o| {
        let oldest = store.blocks().iter().map(|b| b.min_ms).chain(store.head_stats().min_ms).min();
        if let Some(ms) = oldest {
            o.value(&[], ms as f64 / 1000.0);
        }
    });
    let options = db.options();
    let (seconds, bytes) =
        (options.retention_ms as f64 / 1000.0, options.retention_bytes.unwrap_or(0) as f64);
    registry.observe_value(&n::RETENTION_LIMIT_SECONDS, move || seconds);
    registry.observe_value(&n::RETENTION_LIMIT_BYTES, move || bytes);
}
