//! Tests of the names of columns.

use super::*;

fn name(registry: &Registry, scope: Scope, key: &str, kind: ValueKind) -> Option<String> {
    registry.column(scope, key, kind).map(|column| column.name.to_string())
}

#[test]
fn the_first_kind_of_value_has_the_plain_name() {
    let registry = Registry::new(Kind::Span, &[]);
    let check = |scope, key, kind, want: &str| {
        assert_eq!(name(&registry, scope, key, kind).as_deref(), Some(want));
    };
    check(Scope::Record, "n", ValueKind::Int, "n");
    check(Scope::Record, "n", ValueKind::Str, "n:str");
    check(Scope::Record, "n", ValueKind::Int, "n");
    check(Scope::Resource, "n", ValueKind::Str, "resource.n");
    check(Scope::Resource, "n", ValueKind::Double, "resource.n:double");
    check(Scope::Scope, "n", ValueKind::Bool, "scope.n");
    check(Scope::Record, "duration", ValueKind::Int, "attr.duration");
    check(Scope::Record, "resource.n", ValueKind::Str, "attr.resource.n");
    check(Scope::Record, "attr.duration", ValueKind::Int, "attr.attr.duration");
    check(Scope::Record, "body", ValueKind::Str, "body");
    // Somebody else has the name with the kind.
    check(Scope::Record, "m:int", ValueKind::Str, "m:int");
    check(Scope::Record, "m", ValueKind::Str, "m");
    check(Scope::Record, "m", ValueKind::Int, "m:int:2");
    let columns = registry.columns();
    let found: Vec<&str> = columns.of_key(Scope::Record, "n").map(|column| &*column.name).collect();
    assert_eq!(found, ["n", "n:str"]);
    assert_eq!(columns.get("resource.n:double").unwrap().data_type, DataType::Float64);
    assert_eq!(columns.iter().filter(|column| column.scope == Scope::Builtin).count(), SPAN_COLUMNS.len());
}

#[test]
fn names_stay_the_same_when_they_come_from_the_catalog() {
    let registry = Registry::new(Kind::Log, &[]);
    for (key, kind) in [("b", ValueKind::Int), ("a", ValueKind::Str), ("a", ValueKind::Json)] {
        registry.column(Scope::Record, key, kind);
    }
    let (stored, count) = registry.unstored();
    assert_eq!(stored.iter().map(|c| c.name.as_str()).collect::<Vec<_>>(), ["b", "a", "a:json"]);
    registry.column(Scope::Resource, "c", ValueKind::Bool);
    registry.mark_stored(count);
    assert_eq!(registry.unstored().0.len(), 1);

    let again = Registry::new(Kind::Log, &stored);
    assert!(again.unstored().0.is_empty());
    assert_eq!(name(&again, Scope::Record, "a", ValueKind::Json).as_deref(), Some("a:json"));
    assert_eq!(name(&again, Scope::Record, "a", ValueKind::Str).as_deref(), Some("a"));
    // Columns of another kind of event are not its own.
    assert_eq!(Registry::new(Kind::Span, &stored).columns().len(), SPAN_COLUMNS.len());
}

#[test]
fn there_are_so_many_columns_and_no_more() {
    let registry = Registry::new(Kind::Error, &[]);
    for n in 0..COLUMNS_MAX {
        assert!(registry.column(Scope::Record, &format!("k{n}"), ValueKind::Str).is_some());
    }
    assert!(registry.column(Scope::Record, "one more", ValueKind::Str).is_none());
    assert!(registry.column(Scope::Record, "k7", ValueKind::Int).is_none());
    assert!(registry.column(Scope::Record, "k7", ValueKind::Str).is_some());
    assert_eq!(registry.columns().len(), LOG_COLUMNS.len() + COLUMNS_MAX);
}

#[test]
fn keys_that_make_no_name_go_to_the_overflow() {
    let registry = Registry::new(Kind::Span, &[]);
    for key in ["", "a\nb", "a\0", &"x".repeat(KEY_BYTES_MAX + 1)] {
        assert!(registry.column(Scope::Record, key, ValueKind::Str).is_none(), "{key:?}");
    }
    assert!(registry.column(Scope::Record, &"x".repeat(KEY_BYTES_MAX), ValueKind::Str).is_some());
}
