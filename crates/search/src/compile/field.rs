//! From the fields of a query to the columns of a store.
//!
//! A field is looked for on levels, the first on which a row has a value counts: attributes of the record, then of the
//! resource. A built-in column is alone. On one level there may be several columns, one for each type of value seen; a
//! row has a value in one of them.

use crate::lang::{Field, FieldScope};
use arrow::datatypes::DataType;
use events::columns::{COLUMNS_MAX, Column, Columns, KEY_BYTES_MAX, OVERFLOW, Scope, builtins, plain_name};
use events::scan::{ColumnRef, dictionary_type, time_type};
use model::event::{Kind, ValueKind};

/// Other names of built-in columns, for all kinds.
const ALIASES: [(&str, &str); 13] = [
    ("service.name", "service"),
    ("svc", "service"),
    ("trace", "trace_id"),
    ("traceid", "trace_id"),
    ("trace.id", "trace_id"),
    ("span", "span_id"),
    ("env", "environment"),
    ("deployment.environment", "environment"),
    ("deployment.environment.name", "environment"),
    ("service.version", "release"),
    ("timestamp", "time"),
    ("@timestamp", "time"),
    ("host.name", "host"),
];
const LOG_ALIASES: [(&str, &str); 6] = [
    ("level", "severity"),
    ("message", "body"),
    ("msg", "body"),
    ("log", "body"),
    ("event.name", "event_name"),
    ("severity_number", "severity"),
];
const SPAN_ALIASES: [(&str, &str); 4] = [
    ("parent", "parent_span_id"),
    ("status.message", "status_message"),
    ("status.code", "status"),
    ("duration_ns", "duration"),
];
/// What a severity is called by others, where no event has an attribute of that name.
const SEVERITY_ELSEWHERE: [&str; 4] = ["status", "log.level", "loglevel", "lvl"];
/// Before a key of a body that is a JSON object.
pub(crate) const BODY_PREFIX: &str = "body.";
/// Text in which words are looked for, where other text is compared as a whole.
const FREE_TEXT: [&str; 5] =
    ["body", "status_message", "exception.message", "exception.stacktrace", "error.message"];

/// What a built-in column holds, beyond its type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Meaning {
    Plain,
    FreeText,
    Time,
    Duration,
    Severity,
    TraceId,
    SpanId,
    SpanKind,
    SpanStatus,
}

/// Where a field is.
#[derive(Clone, Debug)]
pub(crate) enum Place {
    Builtin {
        column: ColumnRef,
        meaning: Meaning,
    },
    /// None of them empty.
    Levels {
        levels: Vec<Vec<Source>>,
        meaning: Meaning,
    },
    /// No event has it.
    Nowhere,
}

#[derive(Clone, Debug)]
pub(crate) enum Source {
    Column {
        column: ColumnRef,
        kind: ValueKind,
    },
    /// A key of the JSON object in the overflow column, or a path of keys in the body.
    Overflow {
        column: ColumnRef,
        key: String,
    },
}

impl Source {
    pub fn column(&self) -> &ColumnRef {
        match self {
            Source::Column { column, .. } | Source::Overflow { column, .. } => column,
        }
    }
}

/// The name of the built-in column that a field means, if it means one.
pub(crate) fn builtin_name(kind: Kind, field: &Field) -> Option<&'static str> {
    let name = match field.scope {
        FieldScope::Any => field.name.as_str(),
        FieldScope::Resource => match field.name.as_str() {
            name @ ("service.name"
            | "service.version"
            | "deployment.environment"
            | "host.name"
            | "deployment.environment.name"
            | "service"
            | "environment"
            | "release"
            | "host") => name,
            _ => return None,
        },
        FieldScope::Scope => match field.name.as_str() {
            "name" => "scope_name",
            "version" => "scope_version",
            _ => return None,
        },
        FieldScope::Record => return None,
    };
    let more: &[(&str, &str)] = match kind {
        Kind::Span => &SPAN_ALIASES,
        Kind::Log | Kind::Error => &LOG_ALIASES,
    };
    let name = ALIASES.iter().chain(more).find(|(alias, _)| *alias == name).map_or(name, |(_, of)| of);
    builtins(kind).iter().map(|(builtin, _)| *builtin).find(|builtin| *builtin == name)
}

/// Finds a field among the columns: under its name, or under one that is surely meant.
pub(crate) fn resolve(kind: Kind, field: &Field, columns: &Columns) -> Place {
    match resolve_exactly(kind, field, columns) {
        Place::Nowhere => {
            meant(kind, field, columns).map_or(Place::Nowhere, |field| resolve_exactly(kind, &field, columns))
        }
        place => place,
    }
}

/// What a name that no event has is taken for: without the `@` that others write before attributes, a severity by
/// another name, or the one field whose letters differ in case alone.
fn meant(kind: Kind, field: &Field, columns: &Columns) -> Option<Field> {
    let name = field.name.strip_prefix('@').unwrap_or(&field.name);
    let is_any = field.scope == FieldScope::Any;
    if is_any && kind != Kind::Span && SEVERITY_ELSEWHERE.iter().any(|other| other.eq_ignore_ascii_case(name))
    {
        return Some(Field::any("severity"));
    }
    let mut found: Vec<&str> =
        names(kind, columns).filter(|known| known.eq_ignore_ascii_case(name)).collect();
    found.sort_unstable();
    found.dedup();
    match (found.as_slice(), is_any) {
        ([one], _) => Some(Field { scope: field.scope, name: (*one).to_owned() }),
        (_, true) if name != field.name => Some(Field::parse(name)),
        _ => None,
    }
}

fn resolve_exactly(kind: Kind, field: &Field, columns: &Columns) -> Place {
    if let Some(name) = builtin_name(kind, field)
        && let Some(column) = columns.get(name)
    {
        return Place::Builtin { column: column_ref(column), meaning: meaning(kind, name) };
    }
    let name = field.name.as_str();
    let mut levels = Vec::new();
    if matches!(field.scope, FieldScope::Any | FieldScope::Record) {
        let mut level = sources(kind, columns, Scope::Record, name);
        if level.is_empty() && field.scope == FieldScope::Record {
            // An attribute may be called `span.something` itself.
            level = sources(kind, columns, Scope::Record, &format!("span.{name}"));
        }
        levels.push(level);
    }
    if matches!(field.scope, FieldScope::Any | FieldScope::Resource) {
        levels.push(sources(kind, columns, Scope::Resource, name));
    }
    if field.scope == FieldScope::Scope {
        levels.push(sources(kind, columns, Scope::Scope, name));
    }
    levels.retain(|level| !level.is_empty());
    // `span.name`, where no attribute is called so.
    if levels.is_empty() && field.scope == FieldScope::Record {
        let name = if name == "id" { "span_id" } else { name };
        if let Some(name) = builtin_name(kind, &Field::any(name))
            && let Some(column) = columns.get(name)
        {
            return Place::Builtin { column: column_ref(column), meaning: meaning(kind, name) };
        }
    }
    if levels.is_empty()
        && field.scope == FieldScope::Any
        && let Some(path) = name.strip_prefix(BODY_PREFIX).filter(|path| !path.is_empty())
        && let Some(body) = columns.get("body")
    {
        levels.push(vec![Source::Overflow { column: column_ref(body), key: path.to_owned() }]);
    }
    // An attribute can be called as the prefixes are.
    if levels.is_empty() && field.scope != FieldScope::Any {
        let whole = format!("{}{name}", field.scope.prefix());
        levels.push(sources(kind, columns, Scope::Record, &whole));
        levels.retain(|level| !level.is_empty());
    }
    match levels.is_empty() {
        true => Place::Nowhere,
        false => {
            let meaning = if FREE_TEXT.contains(&name) { Meaning::FreeText } else { Meaning::Plain };
            Place::Levels { levels, meaning }
        }
    }
}

fn sources(kind: Kind, columns: &Columns, scope: Scope, key: &str) -> Vec<Source> {
    let mut found: Vec<Source> = columns
        .of_key(scope, key)
        .map(|column| Source::Column { column: column_ref(column), kind: column.kind })
        .collect();
    let full = columns.len() >= COLUMNS_MAX + builtins(kind).len();
    if (full || key.len() > KEY_BYTES_MAX || key.contains(['\n', '\0']))
        && let Some(overflow) = columns.get(OVERFLOW)
    {
        found.push(Source::Overflow { column: column_ref(overflow), key: plain_name(kind, scope, key) });
    }
    found
}

/// A column in the type in which it is tested fastest: text whose values repeat as a dictionary.
pub(crate) fn column_ref(column: &Column) -> ColumnRef {
    let text = matches!(column.data_type, DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View);
    let many = matches!(
        column.name.as_ref(),
        "body" | "status_message" | "trace_state" | "events" | "links" | OVERFLOW
    ) || column.kind != ValueKind::Str
        || FREE_TEXT.contains(&column.key.as_ref());
    match (&column.data_type, text, many) {
        (_, true, true) => ColumnRef { name: column.name.clone(), data_type: DataType::Utf8View },
        (_, true, false) => ColumnRef { name: column.name.clone(), data_type: dictionary_type() },
        (DataType::Timestamp(..), ..) => ColumnRef { name: column.name.clone(), data_type: time_type() },
        (other, ..) => ColumnRef { name: column.name.clone(), data_type: other.clone() },
    }
}

pub(crate) fn meaning(kind: Kind, builtin: &str) -> Meaning {
    match builtin {
        "body" | "status_message" => Meaning::FreeText,
        "time" | "observed_time" => Meaning::Time,
        "duration" => Meaning::Duration,
        "severity" => Meaning::Severity,
        "trace_id" => Meaning::TraceId,
        "span_id" | "parent_span_id" => Meaning::SpanId,
        "kind" if kind == Kind::Span => Meaning::SpanKind,
        "status" if kind == Kind::Span => Meaning::SpanStatus,
        _ => Meaning::Plain,
    }
}

/// Every name that a field of the kind may be written as: built-in columns, their other names, keys of attributes.
pub(crate) fn names(kind: Kind, columns: &Columns) -> impl Iterator<Item = &str> {
    let more: &'static [(&str, &str)] = match kind {
        Kind::Span => &SPAN_ALIASES,
        Kind::Log | Kind::Error => &LOG_ALIASES,
    };
    let aliases = ALIASES.iter().chain(more).map(|(alias, _)| *alias);
    columns.iter().map(|column| column.key.as_ref()).chain(aliases)
}
