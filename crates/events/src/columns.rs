//! The columns of the three tables: the built-in ones, and one for each attribute that was seen.
//!
//! An attribute's column is named by its key: a record attribute's is the key itself, a resource attribute's
//! `resource.` + key, a scope attribute's `scope.` + key; a record attribute whose name would be one of another kind
//! gets `attr.` in front. The first kind of value seen under a name has it plain, each other has its own column with
//! the kind behind it, `name:int`. So a conflict of types rejects nothing.
//!
//! [`Registry`] gives the names; they never change, because the catalog keeps those that files use. [`Columns`] is a
//! picture of one moment, for readers.
//!
//! Invariants: names are unique in their kind; a kind has at most [`COLUMNS_MAX`] columns of attributes, and what comes
//! beyond lies in the column [`OVERFLOW`], as a JSON object.

use arrow::datatypes::{DataType, Field, TimeUnit};
use hashbrown::HashMap;
use model::event::{Kind, ValueKind};
use parking_lot::Mutex;
use state::{ColumnScope, EventColumn};
use std::sync::Arc;

/// Columns of attributes a kind. A file's footer grows by about 300 B for each column in each of its row groups: 1,000
/// columns × 16 groups = 5 MB, still read at once. In memory a chunk of 16,384 rows takes 4 B a row and column: 64 MB.
pub const COLUMNS_MAX: usize = 1_000;
/// Longer keys go to the overflow: a column's name is in each footer.
pub const KEY_BYTES_MAX: usize = 256;
/// Attributes that have no column of their own: a JSON object, column name → value.
pub const OVERFLOW: &str = "overflow";

/// Where the values of a column come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Scope {
    Builtin,
    Record,
    Resource,
    Scope,
}

impl Scope {
    /// What stands before a key of this scope.
    pub fn prefix(self) -> &'static str {
        match self {
            Scope::Builtin | Scope::Record => "",
            Scope::Resource => "resource.",
            Scope::Scope => "scope.",
        }
    }

    fn stored(self) -> Option<ColumnScope> {
        match self {
            Scope::Builtin => None,
            Scope::Record => Some(ColumnScope::Record),
            Scope::Resource => Some(ColumnScope::Resource),
            Scope::Scope => Some(ColumnScope::Scope),
        }
    }
}

impl From<ColumnScope> for Scope {
    fn from(scope: ColumnScope) -> Scope {
        match scope {
            ColumnScope::Record => Scope::Record,
            ColumnScope::Resource => Scope::Resource,
            ColumnScope::Scope => Scope::Scope,
        }
    }
}

/// A column of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    /// Unique in its table.
    pub name: Arc<str>,
    pub scope: Scope,
    /// The attribute's key, without prefix or suffix; the name, for a built-in column.
    pub key: Arc<str>,
    /// What the values are. Times and counts are [`ValueKind::Int`], ids [`ValueKind::Bytes`].
    pub kind: ValueKind,
    /// As it is in files. In memory, text of attributes and of built-in columns that repeat is `Dictionary(Int32, Utf8)`.
    pub data_type: DataType,
}

/// How a built-in column is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// Nanoseconds since 1970, UTC.
    Time,
    Int64,
    UInt32,
    UInt8,
    Bool,
    TraceId,
    SpanId,
    /// Text of few distinct values.
    Word,
    /// Text of many.
    Text,
    /// A JSON array.
    Json,
}

/// Name and form of a built-in column.
pub type Builtin = (&'static str, Form);

/// The built-in columns of `spans`, in order.
pub const SPAN_COLUMNS: [Builtin; 24] = [
    ("time", Form::Time),
    ("duration", Form::Int64),
    ("trace_id", Form::TraceId),
    ("span_id", Form::SpanId),
    ("parent_span_id", Form::SpanId),
    ("service", Form::Word),
    ("name", Form::Word),
    ("kind", Form::Word),
    ("status", Form::Word),
    ("status_message", Form::Text),
    ("trace_state", Form::Text),
    ("flags", Form::UInt32),
    ("scope_name", Form::Word),
    ("scope_version", Form::Word),
    ("environment", Form::Word),
    ("release", Form::Word),
    ("host", Form::Word),
    ("user", Form::Word),
    ("events", Form::Json),
    ("links", Form::Json),
    ("dropped_attributes", Form::UInt32),
    ("dropped_events", Form::UInt32),
    ("dropped_links", Form::UInt32),
    (OVERFLOW, Form::Json),
];

/// The built-in columns of `logs` and `errors`, in order.
pub const LOG_COLUMNS: [Builtin; 19] = [
    ("time", Form::Time),
    ("observed_time", Form::Time),
    ("severity", Form::UInt8),
    ("severity_text", Form::Word),
    ("body", Form::Text),
    ("body_is_json", Form::Bool),
    ("event_name", Form::Word),
    ("trace_id", Form::TraceId),
    ("span_id", Form::SpanId),
    ("flags", Form::UInt32),
    ("service", Form::Word),
    ("scope_name", Form::Word),
    ("scope_version", Form::Word),
    ("environment", Form::Word),
    ("release", Form::Word),
    ("host", Form::Word),
    ("user", Form::Word),
    ("dropped_attributes", Form::UInt32),
    (OVERFLOW, Form::Json),
];

/// The built-in columns of a kind, in order.
pub fn builtins(kind: Kind) -> &'static [Builtin] {
    match kind {
        Kind::Span => &SPAN_COLUMNS,
        Kind::Log | Kind::Error => &LOG_COLUMNS,
    }
}

/// Whether no row is without a value of it.
pub fn is_required(name: &str) -> bool {
    matches!(name, "time" | "service" | "duration" | "kind" | "status" | "severity" | "body_is_json")
}

impl Form {
    pub fn data_type(self) -> DataType {
        match self {
            Form::Time => DataType::Timestamp(TimeUnit::Nanosecond, Some("UTC".into())),
            Form::Int64 => DataType::Int64,
            Form::UInt32 => DataType::UInt32,
            Form::UInt8 => DataType::UInt8,
            Form::Bool => DataType::Boolean,
            Form::TraceId => DataType::FixedSizeBinary(16),
            Form::SpanId => DataType::FixedSizeBinary(8),
            Form::Word | Form::Text | Form::Json => DataType::Utf8,
        }
    }

    /// As a memory chunk has it.
    pub fn memory_type(self) -> DataType {
        match self {
            Form::Word => word_type(),
            other => other.data_type(),
        }
    }

    fn value_kind(self) -> ValueKind {
        match self {
            Form::Time | Form::Int64 | Form::UInt32 | Form::UInt8 => ValueKind::Int,
            Form::Bool => ValueKind::Bool,
            Form::TraceId | Form::SpanId => ValueKind::Bytes,
            Form::Word | Form::Text => ValueKind::Str,
            Form::Json => ValueKind::Json,
        }
    }
}

fn word_type() -> DataType {
    DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8))
}

/// How the values of an attribute are stored in files. Bytes are base64 text, as in the model.
pub fn attribute_type(kind: ValueKind) -> DataType {
    match kind {
        ValueKind::Str | ValueKind::Bytes | ValueKind::Json => DataType::Utf8,
        ValueKind::Bool => DataType::Boolean,
        ValueKind::Int => DataType::Int64,
        ValueKind::Double => DataType::Float64,
    }
}

/// How the values of an attribute are stored in a memory chunk.
pub fn attribute_memory_type(kind: ValueKind) -> DataType {
    match kind {
        // JSON and base64 too: those of a resource repeat on each row.
        ValueKind::Str | ValueKind::Bytes | ValueKind::Json => word_type(),
        other => attribute_type(other),
    }
}

impl Column {
    fn builtin((name, form): Builtin) -> Column {
        let name: Arc<str> = Arc::from(name);
        let (kind, data_type) = (form.value_kind(), form.data_type());
        Column { key: Arc::clone(&name), name, scope: Scope::Builtin, kind, data_type }
    }

    /// The field of it in a file.
    pub fn field(&self) -> Field {
        Field::new(self.name.as_ref(), self.data_type.clone(), true)
    }
}

/// The columns of a kind at one moment: the built-in ones, then those of attributes in the order they came.
#[derive(Debug)]
pub struct Columns {
    kind: Kind,
    list: Vec<Arc<Column>>,
    by_name: HashMap<Arc<str>, u32>,
    /// Columns of attributes by key, of all scopes and kinds of values.
    by_key: HashMap<Arc<str>, Vec<u32>>,
}

impl Columns {
    fn new(kind: Kind, list: Vec<Arc<Column>>) -> Columns {
        let mut by_name = HashMap::with_capacity(list.len());
        let mut by_key: HashMap<Arc<str>, Vec<u32>> = HashMap::new();
        for (at, column) in list.iter().enumerate() {
            by_name.insert(Arc::clone(&column.name), at as u32);
            if column.scope != Scope::Builtin {
                by_key.entry(Arc::clone(&column.key)).or_default().push(at as u32);
            }
        }
        Columns { kind, list, by_name, by_key }
    }

    /// Only the built-in columns.
    pub fn builtin(kind: Kind) -> Columns {
        Columns::new(kind, builtin_list(kind))
    }

    pub fn kind(&self) -> Kind {
        self.kind
    }

    pub fn len(&self) -> usize {
        self.list.len()
    }

    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    pub fn iter(&self) -> impl Iterator<Item = &Column> {
        self.list.iter().map(|column| &**column)
    }

    /// The column of this name.
    pub fn get(&self, name: &str) -> Option<&Column> {
        self.by_name.get(name).map(|at| &*self.list[*at as usize])
    }

    /// The columns of an attribute in a scope: one for each kind of value it was seen with, the first seen first.
    pub fn of_key<'a>(&'a self, scope: Scope, key: &str) -> impl Iterator<Item = &'a Column> {
        let places = self.by_key.get(key).map_or(&[][..], Vec::as_slice);
        places.iter().map(|at| &*self.list[*at as usize]).filter(move |column| column.scope == scope)
    }
}

fn builtin_list(kind: Kind) -> Vec<Arc<Column>> {
    builtins(kind).iter().map(|builtin| Arc::new(Column::builtin(*builtin))).collect()
}

/// The names of one kind's columns, given as attributes come.
#[derive(Debug)]
pub struct Registry {
    kind: Kind,
    state: Mutex<Names>,
}

#[derive(Debug)]
struct Names {
    list: Vec<Arc<Column>>,
    by_name: HashMap<Arc<str>, u32>,
    /// By scope, kind of value and key.
    by_source: HashMap<(Scope, ValueKind, Arc<str>), u32>,
    /// The first so many of `list` are in the catalog.
    stored: usize,
    /// Shown to readers; made anew when `list` has grown.
    picture: Option<Arc<Columns>>,
}

impl Registry {
    /// The registry of a kind as the catalog knows it.
    pub fn new(kind: Kind, stored: &[EventColumn]) -> Registry {
        let list = builtin_list(kind);
        let by_name = list.iter().enumerate().map(|(at, c)| (Arc::clone(&c.name), at as u32)).collect();
        let mut names = Names { list, by_name, by_source: HashMap::new(), stored: 0, picture: None };
        for column in stored.iter().filter(|c| c.kind == kind) {
            names.add(Arc::from(column.name.as_str()), column.scope.into(), &column.key, column.value_kind);
        }
        names.stored = names.list.len();
        Registry { kind, state: Mutex::new(names) }
    }

    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// The column of an attribute, new when need be. `None` when it has to go to the overflow.
    pub fn column(&self, scope: Scope, key: &str, kind: ValueKind) -> Option<Arc<Column>> {
        let mut names = self.state.lock();
        let source = (scope, kind, Arc::from(key));
        if let Some(at) = names.by_source.get(&source) {
            return Some(Arc::clone(&names.list[*at as usize]));
        }
        let unusable = key.is_empty() || key.len() > KEY_BYTES_MAX || key.contains(['\n', '\0']);
        if unusable || names.list.len() - builtins(self.kind).len() >= COLUMNS_MAX {
            return None;
        }
        let name = names.free_name(self.kind, scope, key, kind);
        let at = names.add(Arc::from(name), scope, key, kind);
        names.picture = None;
        Some(Arc::clone(&names.list[at as usize]))
    }

    /// All columns there are now.
    pub fn columns(&self) -> Arc<Columns> {
        let mut names = self.state.lock();
        let list = &names.list;
        if names.picture.as_ref().is_none_or(|picture| picture.len() != list.len()) {
            names.picture = Some(Arc::new(Columns::new(self.kind, list.clone())));
        }
        names.picture.clone().expect("made above")
    }

    /// What the catalog does not know yet, and the number to give to [`Registry::mark_stored`] when it does.
    pub fn unstored(&self) -> (Vec<EventColumn>, usize) {
        let names = self.state.lock();
        let column = |c: &Arc<Column>| {
            let (scope, key, name) = (c.scope.stored()?, c.key.to_string(), c.name.to_string());
            Some(EventColumn { kind: self.kind, scope, key, value_kind: c.kind, name })
        };
        (names.list[names.stored..].iter().filter_map(column).collect(), names.list.len())
    }

    pub fn mark_stored(&self, count: usize) {
        let mut names = self.state.lock();
        names.stored = names.stored.max(count);
    }
}

/// The name of an attribute that has no column: what it would be called if it had.
pub fn plain_name(kind: Kind, scope: Scope, key: &str) -> String {
    let is_builtin = || builtins(kind).iter().any(|(name, _)| *name == key);
    let taken = |prefix: &str| key.starts_with(prefix);
    if scope == Scope::Record && (is_builtin() || ["resource.", "scope.", "attr."].into_iter().any(taken)) {
        return format!("attr.{key}");
    }
    format!("{}{key}", scope.prefix())
}

impl Names {
    fn free_name(&self, table: Kind, scope: Scope, key: &str, kind: ValueKind) -> String {
        let plain = plain_name(table, scope, key);
        if !self.by_name.contains_key(plain.as_str()) {
            return plain;
        }
        let suffixed = format!("{plain}:{}", kind.name());
        if !self.by_name.contains_key(suffixed.as_str()) {
            return suffixed;
        }
        // Somebody calls an attribute `name:int`. There are at most COLUMNS_MAX names, so one is free.
        let mut numbered = (2u32..).map(|n| format!("{suffixed}:{n}"));
        numbered.find(|name| !self.by_name.contains_key(name.as_str())).expect("names are finite")
    }

    fn add(&mut self, name: Arc<str>, scope: Scope, key: &str, kind: ValueKind) -> u32 {
        let at = self.list.len() as u32;
        let key: Arc<str> = Arc::from(key);
        self.by_name.insert(Arc::clone(&name), at);
        self.by_source.insert((scope, kind, Arc::clone(&key)), at);
        let data_type = attribute_type(kind);
        self.list.push(Arc::new(Column { name, scope, key, kind, data_type }));
        at
    }
}

#[cfg(test)]
mod tests;
