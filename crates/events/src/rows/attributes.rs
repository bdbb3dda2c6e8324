//! The columns of attributes, and the overflow.

use super::Common;
use super::cells::{Flags, Numbers, Texts, Words};
use crate::columns::{self, Form, OVERFLOW, Registry, Scope};
use crate::json;
use arrow::array::ArrayRef;
use arrow::datatypes::Field;
use arrow::error::ArrowError;
use hashbrown::HashMap;
use model::event::{Attr, Batch, Run, Value, ValueKind, tie};
use std::sync::Arc;

/// The overflow of a chunk, all rows together: a resource with many long attributes repeats them on each row. Beyond,
/// attributes are cut.
const OVERFLOW_BYTES_MAX: usize = 256 << 20;

/// Not looked up yet.
const UNKNOWN: u32 = u32::MAX;
/// Has no column.
const NONE: u32 = u32::MAX - 1;
/// Not stored at all: the name of the service, which has a column of its own.
const SKIP: u32 = u32::MAX - 2;

const SCOPES: [Scope; 3] = [Scope::Record, Scope::Resource, Scope::Scope];
/// Places of a key: one for each scope and kind of value.
const PLACES_A_KEY: usize = SCOPES.len() * ValueKind::ALL.len();

pub(super) struct Attributes<'a> {
    registry: &'a Registry,
    slots: Vec<Slot>,
    by_name: HashMap<Arc<str>, u32>,
    /// The slot of each key of the batch, by scope and kind of value.
    places: Vec<u32>,
    overflow: Texts,
    /// The overflow of the row being read.
    object: String,
    row: usize,
    pub overflowed: u64,
    pub cut: u64,
}

struct Slot {
    name: Arc<str>,
    cells: Cells,
}

enum Cells {
    Words(Words),
    /// JSON and base64, which are text in files, too.
    Text(Words),
    Int(Numbers<i64>),
    Double(Numbers<f64>),
    Bool(Flags),
}

impl<'a> Attributes<'a> {
    pub fn new(registry: &'a Registry) -> Attributes<'a> {
        Attributes {
            registry,
            slots: Vec::new(),
            by_name: HashMap::new(),
            places: Vec::new(),
            overflow: Texts::new(0),
            object: String::new(),
            row: 0,
            overflowed: 0,
            cut: 0,
        }
    }

    /// The next rows are of this batch.
    pub fn begin(&mut self, batch: &Batch) {
        self.places.clear();
        self.places.resize(batch.keys.len() * PLACES_A_KEY, UNKNOWN);
        for slot in &mut self.slots {
            if let Cells::Words(words) | Cells::Text(words) = &mut slot.cells {
                words.begin();
            }
        }
    }

    pub fn row(&mut self, batch: &Batch, common: &Common) {
        let resource = &batch.resources[common.resource as usize];
        self.attrs(batch, 0, common.attrs);
        self.attrs(batch, 1, resource.attrs);
        self.attrs(batch, 2, batch.scopes[common.scope as usize].attrs);
        if !self.object.is_empty() {
            self.overflow.push_nulls(self.row - self.overflow.len());
            self.overflow.text.push_str(&self.object);
            self.overflow.text.push('}');
            self.overflow.end(true);
            self.object.clear();
        }
        self.row += 1;
    }

    fn attrs(&mut self, batch: &Batch, scope: usize, run: Run) {
        for attr in batch.attrs(run) {
            let at = attr.key.0 as usize * PLACES_A_KEY
                + scope * ValueKind::ALL.len()
                + attr.value.kind() as usize;
            let mut place = self.places[at];
            if place == UNKNOWN {
                place = self.place(batch, scope, attr);
                self.places[at] = place;
            }
            match place {
                NONE => self.overflow(batch, scope, attr),
                SKIP => {}
                slot => self.slots[slot as usize].push(self.row, batch, attr.value),
            }
        }
    }

    fn place(&mut self, batch: &Batch, scope: usize, attr: &Attr) -> u32 {
        let key = batch.key(attr.key);
        if SCOPES[scope] == Scope::Resource && key == tie::SERVICE[0] && self.names_only_services(batch, attr)
        {
            return SKIP;
        }
        let Some(column) = self.registry.column(SCOPES[scope], key, attr.value.kind()) else { return NONE };
        if let Some(slot) = self.by_name.get(&column.name) {
            return *slot;
        }
        let slot = self.slots.len() as u32;
        self.by_name.insert(Arc::clone(&column.name), slot);
        self.slots.push(Slot { name: Arc::clone(&column.name), cells: Cells::new(column.kind) });
        slot
    }

    /// Whether a key says in each resource of the batch what its service says.
    fn names_only_services(&self, batch: &Batch, attr: &Attr) -> bool {
        batch.resources.iter().all(|resource| {
            let mut named = batch.attrs(resource.attrs).iter().filter(|a| a.key == attr.key);
            named.all(
                |a| matches!(a.value, Value::Str(text) if batch.get(text) == batch.get(resource.service)),
            )
        })
    }

    fn overflow(&mut self, batch: &Batch, scope: usize, attr: &Attr) {
        let key = batch.key(attr.key);
        let length = key.len()
            + 32
            + match attr.value {
                Value::Str(text) | Value::Bytes(text) | Value::Json(text) => text.len as usize,
                _ => 0,
            };
        if self.overflow.text.len() + self.object.len() + length > OVERFLOW_BYTES_MAX {
            self.cut += 1;
            return;
        }
        self.overflowed += 1;
        let out = &mut self.object;
        out.push(if out.is_empty() { '{' } else { ',' });
        let name = columns::plain_name(self.registry.kind(), SCOPES[scope], key);
        json::string(out, &name);
        out.push(':');
        json::value(out, batch, attr.value);
    }

    pub fn finish(mut self, rows: usize, columns: &mut Vec<(Field, ArrayRef)>) -> Result<(), ArrowError> {
        if self.overflow.len() > 0 {
            self.overflow.push_nulls(rows - self.overflow.len());
            let field = Field::new(OVERFLOW, Form::Json.memory_type(), true);
            columns.push((field, self.overflow.finish()?));
        }
        for slot in self.slots {
            let array = slot.cells.finish(rows)?;
            columns.push((Field::new(slot.name.as_ref(), array.data_type().clone(), true), array));
        }
        Ok(())
    }
}

impl Slot {
    fn push(&mut self, row: usize, batch: &Batch, value: Value) {
        let missing = match row.checked_sub(self.cells.len()) {
            // The key was there before in this row.
            None => return,
            Some(missing) => missing,
        };
        if missing > 0 {
            self.cells.push_nulls(missing);
        }
        match (&mut self.cells, value) {
            (Cells::Words(words), Value::Str(text)) => words.push(batch, text),
            (Cells::Text(words), Value::Bytes(text) | Value::Json(text)) => words.push(batch, text),
            (Cells::Int(numbers), Value::Int(value)) => numbers.push(value),
            (Cells::Double(numbers), Value::Double(value)) => numbers.push(value),
            (Cells::Bool(flags), Value::Bool(value)) => flags.push(value),
            _ => unreachable!("places are by the kind of the value"),
        }
    }
}

impl Cells {
    fn new(kind: ValueKind) -> Cells {
        match kind {
            ValueKind::Str => Cells::Words(Words::new()),
            ValueKind::Bytes | ValueKind::Json => Cells::Text(Words::new()),
            ValueKind::Int => Cells::Int(Numbers::new()),
            ValueKind::Double => Cells::Double(Numbers::new()),
            ValueKind::Bool => Cells::Bool(Flags::new()),
        }
    }

    fn len(&self) -> usize {
        match self {
            Cells::Words(words) | Cells::Text(words) => words.len(),
            Cells::Int(numbers) => numbers.len(),
            Cells::Double(numbers) => numbers.len(),
            Cells::Bool(flags) => flags.len(),
        }
    }

    fn push_nulls(&mut self, count: usize) {
        match self {
            Cells::Words(words) | Cells::Text(words) => words.push_nulls(count),
            Cells::Int(numbers) => numbers.push_nulls(count),
            Cells::Double(numbers) => numbers.push_nulls(count),
            Cells::Bool(flags) => flags.push_nulls(count),
        }
    }

    fn finish(mut self, rows: usize) -> Result<ArrayRef, ArrowError> {
        let missing = rows - self.len();
        if missing > 0 {
            self.push_nulls(missing);
        }
        match self {
            Cells::Words(words) | Cells::Text(words) => words.finish(),
            Cells::Int(numbers) => Ok(numbers.finish()),
            Cells::Double(numbers) => Ok(numbers.finish()),
            Cells::Bool(flags) => Ok(flags.finish()),
        }
    }
}
