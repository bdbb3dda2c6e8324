//! What the tests of the store share: a store in a folder of its own, and batches whose events are known by their time.

use crate::options::{Background, EventOptions};
use crate::scan::{ColumnRef, Prune};
use crate::{Events, LocalObjects, OpenError};
use arrow::array::AsArray;
use arrow::datatypes::TimestampNanosecondType;
use base::{Clock, disk};
use model::event::{Batch, Kind, LogRow, Resource, Run, Scope, SpanId, SpanRow, Text, TraceId, Value};
use state::Catalog;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The clock of a test store begins here: 2023-11-14.
pub(crate) const NOW_MS: i64 = 1_700_000_000_000;
pub(crate) const NOW_NS: i64 = NOW_MS * 1_000_000;

pub(crate) struct Dir(tempfile::TempDir);

impl Dir {
    pub fn new() -> Dir {
        Dir(tempfile::tempdir().unwrap())
    }

    pub fn path(&self) -> PathBuf {
        self.0.path().to_owned()
    }

    /// All that a crash at this moment would leave.
    pub fn copy(&self) -> Dir {
        let copy = Dir::new();
        copy_tree(&self.path(), &copy.path());
        copy
    }

    pub fn options(&self) -> EventOptions {
        EventOptions {
            objects_dir: Some(self.path().join("objects")),
            clock: Clock::manual(NOW_MS),
            background: Background::Manual,
            ..EventOptions::new(self.path().join("events"))
        }
    }

    pub async fn open(&self) -> Events {
        self.try_open(self.options()).await.unwrap()
    }

    pub async fn try_open(&self, options: EventOptions) -> Result<Events, OpenError> {
        let catalog = Catalog::open(&self.path().join("pharos.db")).await?;
        let objects = LocalObjects::open(self.path().join("objects")).unwrap();
        Events::open(options, catalog, objects).await
    }

    /// The files of events, whatever the catalog says.
    pub fn objects(&self) -> Vec<PathBuf> {
        let mut found = Vec::new();
        collect(&self.path().join("objects"), &mut found);
        found
    }

    /// The segments of the log.
    pub fn segments(&self) -> Vec<PathBuf> {
        disk::list(&self.path().join("events/wal")).unwrap()
    }
}

fn collect(dir: &Path, found: &mut Vec<PathBuf>) {
    for path in disk::list(dir).unwrap() {
        if path.is_dir() { collect(&path, found) } else { found.push(path) }
    }
}

fn copy_tree(from: &Path, to: &Path) {
    disk::create_dir_all(to).unwrap();
    for path in disk::list(from).unwrap() {
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy_tree(&path, &target);
        } else {
            disk::create(&target).unwrap().write_all(&disk::read(&path).unwrap()).unwrap();
        }
    }
}

/// A batch of `count` events, one nanosecond after the other from `start_ns`.
pub(crate) fn batch(kind: Kind, start_ns: i64, count: usize) -> Arc<Batch> {
    let mut batch = Batch::new(kind);
    let service = batch.push_text("shop");
    let zone = batch.push_text("eu-1");
    batch.push_attr("zone", Value::Str(zone));
    batch.resources.push(Resource { service, attrs: batch.attrs_since(0), ..Resource::default() });
    batch.scopes.push(Scope::default());
    for n in 0..count {
        let time_ns = start_ns + n as i64;
        let start = batch.attrs.len();
        let path = batch.push_text(&format!("/item/{}", time_ns % 7));
        batch.push_attr("http.route", Value::Str(path));
        batch.push_attr("n", Value::Int(time_ns));
        push_row(&mut batch, time_ns, path, start);
    }
    Arc::new(batch)
}

fn push_row(batch: &mut Batch, time_ns: i64, body: Text, attrs_from: usize) {
    let attrs: Run = batch.attrs_since(attrs_from);
    let trace_id = TraceId((time_ns as u128 + 1).to_be_bytes());
    let span_id = SpanId((time_ns as u64 + 1).to_be_bytes());
    match batch.kind {
        Kind::Span => {
            let row = SpanRow {
                trace_id,
                span_id,
                name: body,
                start_ns: time_ns,
                duration_ns: 5,
                attrs,
                ..SpanRow::default()
            };
            batch.spans.push(row);
        }
        Kind::Log | Kind::Error => {
            let row = LogRow {
                trace_id,
                span_id,
                body,
                time_ns,
                observed_ns: time_ns,
                severity: 9,
                attrs,
                ..LogRow::default()
            };
            batch.logs.push(row);
        }
    }
}

impl Events {
    /// Appends and syncs.
    pub(crate) fn put(&self, batch: Arc<Batch>) {
        let appended = self.append(batch).unwrap();
        self.sync(appended).unwrap();
    }

    /// The times of all events there are, sorted. An event that is there twice is here twice.
    pub(crate) fn times(&self, kind: Kind) -> Vec<i64> {
        let snapshot = self.snapshot(kind);
        let mut times = Vec::new();
        for part in snapshot.parts(&Prune::none()) {
            for batch in part.read(&[ColumnRef::time("time")], &Prune::none(), None, None) {
                let batch = batch.unwrap().batch;
                times.extend_from_slice(batch.column(0).as_primitive::<TimestampNanosecondType>().values());
            }
        }
        times.sort_unstable();
        times
    }
}
