//! Attribute values: references into a batch's text.

/// A piece of the text of a batch, in bytes. Empty is "not there" for names and messages.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Text {
    pub start: u32,
    pub len: u32,
}

impl Text {
    pub const EMPTY: Text = Text { start: 0, len: 0 };

    pub fn is_empty(self) -> bool {
        self.len == 0
    }
}

/// The number of an attribute key among the keys of its batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct KeyId(pub u32);

/// One attribute.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Attr {
    pub key: KeyId,
    pub value: Value,
}

/// The value of an attribute. Arrays and maps are kept as JSON text.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Value {
    Str(Text),
    Bool(bool),
    Int(i64),
    Double(f64),
    /// Bytes that need not be UTF-8: base64 (standard, padded) in the text.
    Bytes(Text),
    /// An array or a map, as JSON.
    Json(Text),
}

/// What a column of attributes holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ValueKind {
    Str,
    Bool,
    Int,
    Double,
    Bytes,
    Json,
}

impl ValueKind {
    pub const ALL: [ValueKind; 6] = [
        ValueKind::Str,
        ValueKind::Bool,
        ValueKind::Int,
        ValueKind::Double,
        ValueKind::Bytes,
        ValueKind::Json,
    ];

    /// `str`, `bool`, `int`, `double`, `bytes`, `json`: also the suffix of a second column of a key.
    pub fn name(self) -> &'static str {
        match self {
            ValueKind::Str => "str",
            ValueKind::Bool => "bool",
            ValueKind::Int => "int",
            ValueKind::Double => "double",
            ValueKind::Bytes => "bytes",
            ValueKind::Json => "json",
        }
    }

    pub fn parse(name: &str) -> Option<ValueKind> {
        ValueKind::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

impl Value {
    pub fn kind(self) -> ValueKind {
        match self {
            Value::Str(_) => ValueKind::Str,
            Value::Bool(_) => ValueKind::Bool,
            Value::Int(_) => ValueKind::Int,
            Value::Double(_) => ValueKind::Double,
            Value::Bytes(_) => ValueKind::Bytes,
            Value::Json(_) => ValueKind::Json,
        }
    }
}
