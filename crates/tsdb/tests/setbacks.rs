//! What goes wrong and is made up for: failed flushes and syncs, too many labels, files that stay.

mod common;

use base::{Budget, disk};
use common::{HOUR_MS, append, floats, options, series};
use model::{Labels, MatchOp, Matcher, Metadata, MetricType};
use tempfile::TempDir;
use tsdb::{AppendError, Db, Durability, Options};

fn with(dir: &TempDir, change: impl FnOnce(&mut Options)) -> Db {
    let mut options = options(dir.path());
    change(&mut options);
    Db::open(options).unwrap()
}

/// More labels than memory: new series are refused, those that never got a sample leave, and all goes on.
#[test]
fn series_without_samples_do_not_block_the_store() {
    let dir = TempDir::new().unwrap();
    let limit = 8 << 20;
    let db = with(&dir, |o| o.budget = Budget::new("test", limit));
    append(&db, 1, &[(series(0), 1.0)]);
    let long = "x".repeat(400);
    let wide = |n: usize| Labels::from_pairs([("__name__", "m"), ("wide", &format!("{long}{n}"))]);
    let mut appender = db.appender();
    let refused = (0..1_000_000).find_map(|n| appender.series(None, &wide(n)).err().map(|e| (n, e)));
    let (n, error) = refused.expect("memory has a limit");
    assert_eq!(error, AppendError::OverBudget { limit_bytes: limit });
    assert!(n > 1000 && n < 40_000, "{n}");
    appender.series(None, &series(0)).expect("what is there can be found");
    assert_eq!(db.head_stats().series as usize, n + 1);
    drop(appender);
    for _ in 0..3 {
        db.tick().unwrap();
    }
    assert!(db.head_stats().series <= 1);
    append(&db, 2, &[(wide(1), 1.0), (series(0), 2.0)]);
    drop(db);
    let db = with(&dir, |_| ());
    assert_eq!(db.recovery().damage, []);
    assert_eq!(floats(&db)[&series(0)], [(1, 1.0), (2, 2.0)]);
    assert_eq!(floats(&db)[&wide(1)], [(2, 1.0)]);
}

/// A snapshot after a flush that failed has what came since, too.
#[test]
fn a_snapshot_after_a_failed_flush_is_whole() {
    let dir = TempDir::new().unwrap();
    let db = with(&dir, |_| ());
    append(&db, 1, &[(series(0), 1.0)]);
    let (blocks, aside) = (dir.path().join("blocks"), dir.path().join("aside"));
    disk::rename(&blocks, &aside).unwrap();
    assert!(db.flush().is_err());
    disk::rename(&aside, &blocks).unwrap();
    append(&db, 2, &[(series(0), 2.0)]);
    let name = db.snapshot(false).unwrap();
    let copy = common::open(&dir.path().join("snapshots").join(name));
    assert_eq!(floats(&copy)[&series(0)], [(1, 1.0), (2, 2.0)]);
}

/// What metadata and exemplars were carried into must be on disk before what they were carried from goes.
#[test]
fn carried_metadata_is_synced_before_the_old_log_goes() {
    let dir = TempDir::new().unwrap();
    let db = with(&dir, |_| ());
    let gauge = Metadata { metric_type: MetricType::Gauge, help: "of help".into(), unit: String::new() };
    let mut appender = db.appender();
    appender.metadata("family", &gauge);
    let id = appender.series(None, &series(0)).unwrap();
    appender.float(id, 1, 1.0).unwrap();
    appender.commit(Durability::Synced).unwrap();
    let wal = dir.path().join("wal");
    // The closing of the old segment and the beginning of the new one succeed; the carried record is forgotten, and
    // so is the next attempt.
    disk::fault::fail_syncs(&wal, 2, 1000);
    assert!(db.flush().is_err());
    assert!(disk::exists(&wal.join("00000001.wal")));
    disk::fault::fail_syncs(&wal, 0, 0);
    db.flush().unwrap();
    assert!(!disk::exists(&wal.join("00000001.wal")), "the next flush makes up for it");
    drop(db);
    let db = with(&dir, |_| ());
    assert_eq!(db.metadata(), [("family".to_owned(), gauge)]);
    assert_eq!(floats(&db)[&series(0)], [(1, 1.0)]);
}

/// Labels of a batch are limited; long definitions and deletions come back from the log.
#[test]
fn long_labels_come_back_from_the_log() {
    let dir = TempDir::new().unwrap();
    let db = with(&dir, |o| o.wal_segment_bytes = 1 << 20);
    let huge = |n: usize| {
        let value = format!("{n}").repeat(12 << 20);
        Labels::from_pairs([("__name__", "m"), ("huge", &value)])
    };
    let mut appender = db.appender();
    for n in 1..=9 {
        let id = appender.series(None, &huge(n)).unwrap();
        appender.float(id, 1, n as f64).unwrap();
    }
    let refused = (10..30).find_map(|n| appender.series(None, &huge(n % 10)).err());
    assert_eq!(refused, Some(AppendError::BatchLabels { limit_bytes: 256 << 20 }));
    assert_eq!(appender.commit(Durability::Synced).unwrap().samples, 9);
    append(&db, 2, &[(series(0), 1.0)]);
    let all = [vec![Matcher::new("huge", MatchOp::NotEqual, "").unwrap()]];
    db.delete_series(&all, 0, 0).unwrap();
    drop(db);
    let db = with(&dir, |_| ());
    assert_eq!((db.recovery().damage.len(), db.recovery().replayed_samples), (0, 10));
    assert_eq!(floats(&db)[&huge(7)], [(1, 7.0)]);
    db.delete_series(&all, 0, 1).unwrap();
    drop(db);
    let db = with(&dir, |_| ());
    assert_eq!(floats(&db).into_values().filter(|s| !s.is_empty()).count(), 1);
}

/// A file that cannot be removed is removed later.
#[test]
fn a_block_that_could_not_be_removed_is_removed_later() {
    let dir = TempDir::new().unwrap();
    let db = with(&dir, |o| o.retention_ms = HOUR_MS);
    append(&db, 1, &[(series(0), 1.0)]);
    db.flush().unwrap();
    let blocks = dir.path().join("blocks");
    let old = disk::list(&blocks).unwrap().remove(0);
    append(&db, 40 * HOUR_MS, &[(series(0), 2.0)]);
    // A directory in its place cannot be removed as a file.
    let aside = dir.path().join("aside");
    disk::rename(&old, &aside).unwrap();
    disk::create_dir_all(&old).unwrap();
    assert!(db.tick().is_err());
    assert_eq!(floats(&db)[&series(0)], [(40 * HOUR_MS, 2.0)]);
    disk::remove_dir_all(&old).unwrap();
    disk::rename(&aside, &old).unwrap();
    db.tick().unwrap();
    assert!(!disk::exists(&old));
}
