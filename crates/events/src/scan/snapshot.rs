//! What there was at one moment.

use super::ScanError;
use super::cache::Cache;
use super::damage::Damage;
use super::footer::Footer;
use super::objects::Objects;
use super::part::{Part, Source};
use super::request::{Cancel, ColumnRef, Prune, RowPredicate};
use crate::columns::Columns;
use crate::segment::SegmentMeta;
use arrow::array::{Array, AsArray, BooleanArray, RecordBatch};
use arrow::datatypes::DataType;
use base::{Budget, Reservation};
use model::event::{Kind, TraceId};
use parking_lot::Mutex;
use std::any::Any;
use std::collections::BTreeSet;
use std::sync::{Arc, OnceLock};

/// Reads files, and keeps of them what is needed often. One for all snapshots.
pub struct Reader {
    pub(super) objects: Objects,
    pub(super) footers: Cache<Footer>,
    pub(super) damage: Damage,
}

impl Reader {
    /// `cache_bytes_max` bounds what is kept of footers and indexes: about 100 B a data page (8,192 rows of a column).
    pub fn new(objects: Objects, cache_bytes_max: u64) -> Arc<Reader> {
        Arc::new(Reader { objects, footers: Cache::new(cache_bytes_max), damage: Damage::default() })
    }

    /// Forgets a file that is no more.
    pub fn forget(&self, path: &str) {
        self.footers.remove(path);
    }

    pub fn damage(&self) -> &Damage {
        &self.damage
    }

    pub fn cache_bytes(&self) -> u64 {
        self.footers.bytes()
    }
}

/// Rows in memory.
pub struct MemorySource {
    /// Unlike all others.
    pub name: Arc<str>,
    pub batch: RecordBatch,
    /// First and last time, both included.
    pub min_ns: i64,
    pub max_ns: i64,
    /// The memory of the rows, until the last reader lets go of them: a question that takes long holds what was flushed
    /// meanwhile.
    held: OnceLock<Reservation>,
}

impl MemorySource {
    pub fn new(name: Arc<str>, batch: RecordBatch, min_ns: i64, max_ns: i64) -> MemorySource {
        MemorySource { name, batch, min_ns, max_ns, held: OnceLock::new() }
    }

    /// Counts the rows against a budget, if it has room: they are there already.
    pub(crate) fn hold(&self, budget: &Budget) {
        if let Ok(held) = budget.reserve(self.bytes()) {
            let _ = self.held.set(held);
        }
    }

    pub(crate) fn bytes(&self) -> u64 {
        self.batch.get_array_memory_size() as u64
    }
}

/// A file of the catalog.
pub struct FileSource {
    /// Where it is in the object store.
    pub path: Arc<str>,
    pub meta: Arc<SegmentMeta>,
    /// Whatever must live as long as somebody may read the file.
    pub pin: Option<Arc<dyn Any + Send + Sync>>,
}

/// What all parts of a snapshot share.
pub(super) struct Context {
    pub(super) reader: Arc<Reader>,
    pub(super) cancel: Cancel,
    warnings: Mutex<BTreeSet<String>>,
}

impl Context {
    pub(super) fn warn(&self, file: &str, what: &str) {
        let message = self.reader.damage.note(file, what);
        self.warnings.lock().insert(message);
    }
}

/// The rows of one kind at one moment. Cheap to clone; clones share the warnings.
#[derive(Clone)]
pub struct Snapshot {
    kind: Kind,
    columns: Arc<Columns>,
    /// What came last first.
    memory: Arc<[Arc<MemorySource>]>,
    /// The last one first.
    files: Arc<[Arc<FileSource>]>,
    context: Arc<Context>,
}

impl Snapshot {
    /// `memory` comes as it was filled, the oldest first.
    pub fn new(
        kind: Kind,
        columns: Arc<Columns>,
        mut memory: Vec<Arc<MemorySource>>,
        mut files: Vec<Arc<FileSource>>,
        reader: Arc<Reader>,
    ) -> Snapshot {
        memory.reverse();
        files.sort_by_key(|f| std::cmp::Reverse(f.meta.max_time_ns));
        let context = Arc::new(Context { reader, cancel: Cancel::default(), warnings: Mutex::default() });
        Snapshot { kind, columns, memory: memory.into(), files: files.into(), context }
    }

    /// The same rows for a reader who may want to stop. Its warnings are its own.
    pub fn with_cancel(&self, cancel: Cancel) -> Snapshot {
        let context = Context { reader: self.context.reader.clone(), cancel, warnings: Mutex::default() };
        Snapshot { context: Arc::new(context), ..self.clone() }
    }

    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// All columns that the rows may have.
    pub fn columns(&self) -> &Columns {
        &self.columns
    }

    /// The parts that may hold rows that matter: memory first, then files, each the newest first. Files are not opened
    /// for it: a part can turn out to hold none.
    pub fn parts(&self, prune: &Prune) -> Vec<Part> {
        let mut parts = Vec::new();
        for memory in self.memory.iter() {
            let rows = memory.batch.num_rows() as u64;
            if rows > 0 && prune.meets_time(memory.min_ns, memory.max_ns) {
                let source = Source::Memory(memory.clone());
                parts.push(Part { context: self.context.clone(), source, rows: 0..rows });
            }
        }
        for file in self.files.iter() {
            if file.meta.rows > 0 && meets(&file.meta, prune) {
                let source = Source::File(file.clone());
                parts.push(Part { context: self.context.clone(), source, rows: 0..file.meta.rows });
            }
        }
        parts
    }

    /// The part with a name, to read rows of it again.
    pub fn part(&self, name: &str) -> Option<Part> {
        self.parts(&Prune::none()).into_iter().find(|part| part.name().as_ref() == name)
    }

    /// All rows of a trace within a time, in no order. For spans and for what was logged in them.
    pub fn trace(
        &self,
        id: TraceId,
        within: &Prune,
        columns: &[ColumnRef],
    ) -> Result<Vec<RecordBatch>, ScanError> {
        let prune = Prune { trace_ids: Some(vec![id]), ..within.clone() };
        let mut found = Vec::new();
        for part in self.parts(&prune) {
            let predicate =
                RowPredicate::new(vec![ColumnRef::new("trace_id", DataType::FixedSizeBinary(16))], |batch| {
                    Ok(equal_ids(batch.column(0), id))
                });
            for batch in part.read(columns, &prune, None, Some(predicate)) {
                found.push(batch?.batch);
            }
        }
        Ok(found)
    }

    /// What could not be read through this snapshot so far, each `file: what`.
    pub fn warnings(&self) -> Vec<String> {
        self.context.warnings.lock().iter().cloned().collect()
    }
}

fn equal_ids(column: &dyn Array, id: TraceId) -> BooleanArray {
    let ids = column.as_fixed_size_binary();
    BooleanArray::from_unary(ids, |value| value == id.0.as_slice())
}

fn meets(meta: &SegmentMeta, prune: &Prune) -> bool {
    let named = match (&prune.services, &meta.services) {
        (Some(wanted), Some(present)) => wanted.iter().any(|name| present.binary_search(name).is_ok()),
        _ => true,
    };
    named && prune.meets_time(meta.min_time_ns, meta.max_time_ns)
}
