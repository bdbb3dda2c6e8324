//! Tests of the catalog.

use super::*;
use std::path::PathBuf;

fn path(dir: &tempfile::TempDir) -> PathBuf {
    dir.path().join("state").join("pharos.db")
}

fn file(path: &str) -> NewEventFile {
    NewEventFile {
        kind: Kind::Span,
        path: path.to_owned(),
        rows: 7,
        bytes: 1 << 40,
        min_time_ns: -5,
        max_time_ns: i64::MAX,
        services: Some(vec!["a\nb".to_owned(), "\"c\"".to_owned()]),
        columns: vec!["time".to_owned(), "é,\n".to_owned()],
        created_ms: 12,
        level: 1,
        tail: Some(FileTail { bytes: 9_000, sum: u64::MAX - 1 }),
    }
}

fn column(key: &str, name: &str) -> EventColumn {
    EventColumn {
        kind: Kind::Log,
        scope: ColumnScope::Resource,
        key: key.to_owned(),
        value_kind: ValueKind::Double,
        name: name.to_owned(),
    }
}

#[tokio::test]
async fn what_is_changed_is_there_after_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let catalog = Catalog::open(&path(&dir)).await.unwrap();
    assert_eq!(catalog.flushed_through().await.unwrap(), None);
    let nameless = NewEventFile { services: None, tail: None, kind: Kind::Error, ..file("b") };
    let change = FileChange {
        columns: vec![column("k", "resource.k"), column("a", "resource.a")],
        add: vec![file("a"), nameless.clone()],
        remove: vec![],
        flushed_through: Some(3),
    };
    let added = catalog.change(&change).await.unwrap();
    assert_eq!(added.iter().map(|f| f.meta.clone()).collect::<Vec<_>>(), [file("a"), nameless]);
    catalog.close().await;

    let catalog = Catalog::open(&path(&dir)).await.unwrap();
    assert_eq!(catalog.event_files().await.unwrap(), added);
    assert_eq!(catalog.event_columns().await.unwrap(), change.columns);
    assert_eq!(catalog.flushed_through().await.unwrap(), Some(3));
    // A known column stays as it is; a number is not used again.
    let change = FileChange {
        columns: vec![column("k", "other"), column("z", "resource.z")],
        remove: added.iter().map(|f| f.id).collect(),
        add: vec![file("c")],
        flushed_through: None,
    };
    let next = catalog.change(&change).await.unwrap();
    assert!(next[0].id > added[1].id);
    assert_eq!(catalog.event_files().await.unwrap(), next);
    let names: Vec<String> = catalog.event_columns().await.unwrap().into_iter().map(|c| c.name).collect();
    assert_eq!(names, ["resource.k", "resource.a", "resource.z"]);
    assert_eq!(catalog.flushed_through().await.unwrap(), Some(3));
}

#[tokio::test]
async fn a_change_that_fails_changes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let catalog = Catalog::open(&path(&dir)).await.unwrap();
    let first = FileChange { add: vec![file("a")], flushed_through: Some(1), ..FileChange::default() };
    let added = catalog.change(&first).await.unwrap();
    // The second path is taken.
    let change = FileChange {
        columns: vec![column("k", "k")],
        add: vec![file("b"), file("a")],
        remove: vec![],
        flushed_through: Some(2),
    };
    assert!(matches!(catalog.change(&change).await, Err(StateError::Failed { .. })));
    // What would be replaced is not there.
    let change = FileChange { add: vec![file("b")], remove: vec![FileId(99)], ..change };
    assert!(matches!(catalog.change(&change).await, Err(StateError::Failed { .. })));
    assert_eq!(catalog.event_files().await.unwrap(), added);
    assert!(catalog.event_columns().await.unwrap().is_empty());
    assert_eq!(catalog.flushed_through().await.unwrap(), Some(1));
}

#[tokio::test]
async fn a_damaged_database_is_named() {
    let dir = tempfile::tempdir().unwrap();
    base::disk::create_dir_all(path(&dir).parent().unwrap()).unwrap();
    base::disk::write_atomic(&path(&dir), &[b'x'; 8192]).unwrap();
    let error = Catalog::open(&path(&dir)).await.unwrap_err();
    assert!(matches!(error, StateError::Corrupt { .. }), "{error}");
    assert!(error.to_string().contains("pharos.db"), "{error}");
}

#[tokio::test]
async fn a_database_cut_short_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let catalog = Catalog::open(&path(&dir)).await.unwrap();
    let many = (0..500).map(|n| file(&format!("file {n}"))).collect();
    catalog.change(&FileChange { add: many, ..FileChange::default() }).await.unwrap();
    catalog.close().await;
    let bytes = base::disk::read(&path(&dir)).unwrap();
    base::disk::write_atomic(&path(&dir), &bytes[..bytes.len() / 2]).unwrap();
    let result = match Catalog::open(&path(&dir)).await {
        Ok(catalog) => catalog.event_files().await.map(|_| ()),
        Err(error) => Err(error),
    };
    assert!(matches!(result, Err(StateError::Corrupt { .. })), "{result:?}");
}

#[tokio::test]
async fn a_database_of_a_later_program_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let catalog = Catalog::open(&path(&dir)).await.unwrap();
    let later = "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
                 VALUES (999, 'later', TRUE, x'00', 0)";
    sqlx::query(later).execute(&catalog.0.writer).await.unwrap();
    catalog.close().await;
    let error = Catalog::open(&path(&dir)).await.unwrap_err();
    assert!(matches!(error, StateError::TooNew { .. }), "{error}");
}
