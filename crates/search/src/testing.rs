//! Snapshots of given rows, for tests: some in memory, some in files.

use crate::ask::{Control, TimeRange, Which};
use arrow::array::RecordBatch;
use base::{Budget, Clock, disk};
use events::columns::Columns;
use events::scan::{FileSource, MemorySource, Objects, Reader, Snapshot};
use events::segment::{SegmentOptions, write_segment};
use model::event::{Batch, Kind, LogRow, Resource, Scope, SpanId, SpanKind, SpanRow, Status, TraceId, Value};
use std::sync::Arc;
use std::time::Duration;

pub(crate) const SECOND: i64 = 1_000_000_000;

/// The value of an attribute.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Val {
    S(&'static str),
    I(i64),
    D(f64),
    B(bool),
}

/// A log record.
#[derive(Clone, Debug, Default)]
pub(crate) struct Log {
    pub time: i64,
    pub service: &'static str,
    pub host: &'static str,
    pub severity: u8,
    pub body: String,
    pub trace: Option<u8>,
    pub attrs: Vec<(&'static str, Val)>,
    pub resource: Vec<(&'static str, Val)>,
    /// Tells rows apart that are otherwise the same.
    pub seq: i64,
}

/// A span.
#[derive(Clone, Debug)]
pub(crate) struct Span {
    pub trace: u8,
    pub id: u8,
    /// 0 for none.
    pub parent: u8,
    pub service: &'static str,
    pub name: &'static str,
    pub start: i64,
    pub duration: i64,
    pub failed: bool,
    pub kind: SpanKind,
}

pub(crate) fn trace_id(number: u8) -> TraceId {
    TraceId([number; 16])
}

fn push(batch: &mut Batch, attrs: &[(&'static str, Val)]) -> model::event::Run {
    let start = batch.attrs.len();
    for (key, value) in attrs {
        let value = match value {
            Val::S(text) => Value::Str(batch.push_text(text)),
            Val::I(number) => Value::Int(*number),
            Val::D(number) => Value::Double(*number),
            Val::B(flag) => Value::Bool(*flag),
        };
        batch.push_attr(key, value);
    }
    batch.attrs_since(start)
}

fn resource(batch: &mut Batch, service: &str, host: &str, attrs: &[(&'static str, Val)]) -> u32 {
    let (service, host) = (batch.push_text(service), batch.push_text(host));
    let attrs = push(batch, attrs);
    batch.resources.push(Resource { service, host, attrs, ..Resource::default() });
    batch.resources.len() as u32 - 1
}

pub(crate) fn log_batch(rows: &[Log]) -> Arc<Batch> {
    let mut batch = Batch::new(Kind::Log);
    batch.scopes.push(Scope::default());
    for row in rows {
        let resource = resource(&mut batch, row.service, row.host, &row.resource);
        let body = batch.push_text(&row.body);
        let attrs = push(&mut batch, &row.attrs);
        batch.logs.push(LogRow {
            resource,
            time_ns: row.time,
            observed_ns: row.seq,
            severity: row.severity,
            body,
            trace_id: row.trace.map(trace_id).unwrap_or_default(),
            attrs,
            ..LogRow::default()
        });
    }
    Arc::new(batch)
}

pub(crate) fn span_batch(rows: &[Span]) -> Arc<Batch> {
    let mut batch = Batch::new(Kind::Span);
    batch.scopes.push(Scope::default());
    for row in rows {
        let resource = resource(&mut batch, row.service, "", &[]);
        let name = batch.push_text(row.name);
        batch.spans.push(SpanRow {
            resource,
            trace_id: trace_id(row.trace),
            span_id: SpanId([row.id; 8]),
            parent_span_id: SpanId([row.parent; 8]),
            name,
            kind: row.kind,
            start_ns: row.start,
            duration_ns: row.duration,
            status: if row.failed { Status::Error } else { Status::Unset },
            ..SpanRow::default()
        });
    }
    Arc::new(batch)
}

/// A store of one batch, cut into parts.
pub(crate) struct Store {
    pub snapshot: Snapshot,
    _dir: tempfile::TempDir,
}

impl Store {
    /// Cuts the rows at these places; every second part is a file.
    pub fn new(batch: &Arc<Batch>, cuts: &[usize]) -> Store {
        Store::placed(batch, cuts, |number| number % 2 == 1)
    }

    /// Cuts the rows at these places; the pieces of these numbers are files.
    pub fn placed(batch: &Arc<Batch>, cuts: &[usize], is_file: impl Fn(usize) -> bool) -> Store {
        let (table, columns) = events::table(batch).expect("a table");
        Store::of(batch.kind, &table, columns, cuts, is_file)
    }

    fn of(
        kind: Kind,
        table: &RecordBatch,
        columns: Arc<Columns>,
        cuts: &[usize],
        is_file: impl Fn(usize) -> bool,
    ) -> Store {
        let dir = tempfile::tempdir().expect("a directory");
        let (mut memory, mut files) = (Vec::new(), Vec::new());
        let mut bounds: Vec<usize> = cuts.iter().map(|cut| (*cut).min(table.num_rows())).collect();
        bounds.extend([0, table.num_rows()]);
        bounds.sort_unstable();
        bounds.dedup();
        for (number, pair) in bounds.windows(2).enumerate() {
            let piece = table.slice(pair[0], pair[1] - pair[0]);
            let written =
                write_segment(kind, std::slice::from_ref(&piece), &SegmentOptions::default(), Vec::new());
            let written = written.expect("a segment");
            if !is_file(number) {
                let (min_ns, max_ns) = (written.meta.min_time_ns, written.meta.max_time_ns);
                let name = format!("memory {number}").into();
                memory.push(Arc::new(MemorySource::new(name, piece, min_ns, max_ns)));
            } else {
                let path = format!("{number}.parquet");
                disk::write_atomic(&dir.path().join(&path), &written.sink).expect("a file");
                let meta = Arc::new(written.meta);
                files.push(Arc::new(FileSource { path: path.into(), meta, pin: None }));
            }
        }
        let reader = Reader::new(Objects::local(dir.path().to_owned()), 16 << 20);
        Store { snapshot: Snapshot::new(kind, columns, memory, files, reader), _dir: dir }
    }
}

pub(crate) fn control() -> Control {
    let mut control = Control::new(Clock::system(), Budget::new("test", 1 << 30), Duration::from_secs(60));
    control.threads = 2;
    control
}

pub(crate) fn which(kind: Kind, query: &str) -> Which {
    Which { kind, query: query.to_owned(), range: TimeRange::ALL }
}
