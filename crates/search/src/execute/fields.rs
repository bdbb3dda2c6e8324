//! Which fields events have, and how often: by the validity of columns, of a sample when there are many.

use super::plan::Plan;
use super::sweep::{Rows, Runs, pieces, sweep_runs};
use crate::answer::{FieldStat, FieldWhere, Fields, SearchError};
use crate::compile::field::{Meaning, column_ref, meaning};
use crate::lang::{
    At, Expr, Field, FieldScope, KnownField, Pattern, PatternPart, Term, TermKind, Test, TextTest,
    print_field,
};
use arrow::array::Array;
use arrow::buffer::BooleanBuffer;
use arrow::datatypes::DataType;
use events::columns::{Column, OVERFLOW, Scope};
use events::scan::ColumnRef;
use model::event::{Kind, ValueKind};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};

/// Rows whose columns are all read: 65,536 rows of 200 columns are 13 M values, some 200 ms.
const ROWS_MAX: u64 = 65_536;

pub(crate) fn run(plan: &Plan<'_>) -> Result<Fields, SearchError> {
    let columns: Vec<&Column> =
        plan.columns().iter().filter(|column| column.name.as_ref() != OVERFLOW).collect();
    let wanted: Vec<ColumnRef> = columns.iter().map(|column| as_view(column_ref(column))).collect();
    let pieces = pieces(plan, &plan.filter.prune);
    let runs = Runs::of(plan, &pieces, ROWS_MAX);
    let taken = AtomicU64::new(0);
    let threads = sweep_runs(
        plan,
        &wanted,
        &pieces,
        &runs,
        || vec![0u64; wanted.len() + 1],
        |counts, rows| {
            count(rows, counts);
            Ok(taken.fetch_add(rows.count(), Ordering::Relaxed) + rows.count() < ROWS_MAX)
        },
    )?;
    let mut counts = vec![0u64; wanted.len() + 1];
    for thread in threads {
        counts.iter_mut().zip(thread).for_each(|(a, b)| *a += b);
    }
    let total = counts.pop().unwrap_or(0);
    let sampled = runs.leave_out() || taken.load(Ordering::Relaxed) >= ROWS_MAX;
    Ok(Fields { fields: join(plan, &columns, &counts, sampled), total, stats: plan.stats() })
}

/// Dictionaries are of no use when only the validity is looked at.
fn as_view(mut column: ColumnRef) -> ColumnRef {
    if matches!(column.data_type, DataType::Dictionary(..)) {
        column.data_type = DataType::Utf8View;
    }
    column
}

/// Adds what a batch has of each column, and at the end how many rows it has.
fn count(rows: &Rows<'_>, counts: &mut [u64]) {
    for (array, count) in rows.columns.iter().zip(counts.iter_mut()) {
        *count += match (array.nulls(), rows.mask) {
            (None, _) => rows.count(),
            (Some(nulls), None) => (nulls.len() - nulls.null_count()) as u64,
            (Some(nulls), Some(mask)) => BooleanBuffer::count_set_bits(&(nulls.inner() & mask)) as u64,
        };
    }
    if let Some(last) = counts.last_mut() {
        *last += rows.count();
    }
}

/// Columns of one field together.
fn join(plan: &Plan<'_>, columns: &[&Column], counts: &[u64], sampled: bool) -> Vec<FieldStat> {
    let mut places: BTreeMap<(Scope, &str), usize> = BTreeMap::new();
    let mut fields: Vec<FieldStat> = Vec::new();
    for (column, count) in columns.iter().zip(counts).filter(|(_, count)| **count > 0) {
        let value_type = type_name(plan, column);
        match places.get(&(column.scope, column.key.as_ref())) {
            Some(at) => {
                let field = &mut fields[*at];
                field.count += count;
                field.value_type = format!("{}|{value_type}", field.value_type);
            }
            None => {
                places.insert((column.scope, column.key.as_ref()), fields.len());
                let (name, scope) = written(plan, column);
                let (value_type, count) = (value_type.to_owned(), *count);
                fields.push(FieldStat { name, scope, value_type, count, sampled });
            }
        }
    }
    let builtin = |field: &FieldStat| field.scope == FieldWhere::Builtin;
    fields.sort_by(|a, b| {
        builtin(b).cmp(&builtin(a)).then_with(|| match builtin(a) {
            // Built-in columns have an order of their own.
            true => std::cmp::Ordering::Equal,
            false => b.count.cmp(&a.count).then_with(|| a.name.cmp(&b.name)),
        })
    });
    fields
}

/// How a query writes the field of a column.
pub(crate) fn written(plan: &Plan<'_>, column: &Column) -> (String, FieldWhere) {
    field_of(plan.columns(), column)
}

pub(crate) fn field_of(columns: &events::columns::Columns, column: &Column) -> (String, FieldWhere) {
    let key = column.key.as_ref();
    let (scope, place) = match column.scope {
        Scope::Builtin => (FieldScope::Any, FieldWhere::Builtin),
        // A name that means something else without its prefix.
        Scope::Record if is_taken(columns, key) => (FieldScope::Record, FieldWhere::Attribute),
        Scope::Record => (FieldScope::Any, FieldWhere::Attribute),
        Scope::Resource => (FieldScope::Resource, FieldWhere::Resource),
        Scope::Scope => (FieldScope::Scope, FieldWhere::Scope),
    };
    (print_field(&Field { scope, name: key.to_owned() }), place)
}

fn is_taken(columns: &events::columns::Columns, key: &str) -> bool {
    let field = Field::parse(key);
    field.scope != FieldScope::Any || crate::compile::field::builtin_name(columns.kind(), &field).is_some()
}

fn type_name(plan: &Plan<'_>, column: &Column) -> &'static str {
    kind_name(plan.kind, column)
}

pub(crate) fn kind_name(kind: Kind, column: &Column) -> &'static str {
    if column.scope == Scope::Builtin {
        match meaning(kind, &column.name) {
            Meaning::Time => return "time",
            Meaning::Duration => return "duration",
            Meaning::Severity => return "severity",
            Meaning::TraceId | Meaning::SpanId => return "id",
            _ => {}
        }
    }
    match column.kind {
        ValueKind::Str => "str",
        kind => kind.name(),
    }
}

/// A column as completion offers it; JSON of links and the like is not searched by field.
pub(crate) fn known(columns: &events::columns::Columns, column: &Column) -> Option<KnownField> {
    if matches!(column.name.as_ref(), OVERFLOW | "events" | "links") {
        return None;
    }
    let (_, place) = field_of(columns, column);
    let type_name = kind_name(columns.kind(), column);
    let scope = match column.scope {
        Scope::Builtin => FieldScope::Any,
        Scope::Record if is_taken(columns, &column.key) => FieldScope::Record,
        Scope::Record => FieldScope::Any,
        Scope::Resource => FieldScope::Resource,
        Scope::Scope => FieldScope::Scope,
    };
    let detail = match place {
        FieldWhere::Builtin => type_name.to_owned(),
        place => format!("{type_name}, {}", place.name()),
    };
    let ordered = matches!(type_name, "int" | "double" | "time" | "duration" | "severity");
    Some(KnownField { field: Field { scope, name: column.key.to_string() }, detail, ordered })
}

/// The values of fields that have few by definition.
pub(crate) fn fixed_values(kind: Kind, field: &Field) -> &'static [&'static str] {
    let Some(name) = crate::compile::field::builtin_name(kind, field) else { return &[] };
    match meaning(kind, name) {
        Meaning::Severity => &["trace", "debug", "info", "warn", "error", "fatal"],
        Meaning::SpanStatus => &["unset", "ok", "error"],
        Meaning::SpanKind => &["server", "client", "internal", "producer", "consumer", "unspecified"],
        _ => &[],
    }
}

/// Events whose field begins with a text.
pub(crate) fn prefix_query(field: &Field, prefix: &str) -> String {
    let pattern = Pattern(vec![PatternPart::Literal(prefix.to_owned()), PatternPart::Many]);
    let test = Test::Is(TextTest::Word(pattern));
    Expr::Term(Term { kind: TermKind::Field(field.clone(), test), at: At::default() }).to_string()
}
