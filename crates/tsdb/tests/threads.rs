//! Readers beside writers, flushes and merges: batches are seen whole, and nothing is seen to go away.

mod common;

use common::{open, series};
use model::Matcher;
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use tsdb::{Db, Durability};

/// More than a page, so that a batch takes several locks.
const SERIES: usize = 2500;
const BATCHES: i64 = 150;

fn commit(db: &Db, t: i64) {
    let mut appender = db.appender();
    for n in 0..SERIES {
        let id = match appender.lookup(n as u128) {
            Some(id) => id,
            None => appender.series(Some(n as u128), &series(n)).unwrap(),
        };
        appender.float(id, t, t as f64 * if n % 3 == 0 { 1.0 } else { 0.1 }).unwrap();
    }
    assert!(appender.commit(Durability::Buffered).unwrap().rejected.is_empty());
}

/// How many samples each series has: the same for all, ascending from 1 without a gap.
fn look(db: &Db) -> i64 {
    let selected = db.select(&[Matcher::equal("__name__", "m")], 0, i64::MAX).unwrap();
    let (mut length, mut series) = (None, 0);
    selected
        .read(0..selected.len(), &mut |i, s| {
            let length = *length.get_or_insert(s.timestamps.len());
            assert_eq!(s.timestamps.len(), length, "{} is seen with another length", selected.labels(i));
            assert!(s.timestamps.iter().enumerate().all(|(at, t)| *t == at as i64 + 1));
            series += 1;
            ControlFlow::Continue(())
        })
        .unwrap();
    assert!(series == SERIES || series == 0, "{series} series are seen");
    length.unwrap_or(0) as i64
}

#[test]
fn readers_see_whole_batches() {
    let dir = tempfile::tempdir().unwrap();
    let db = open(dir.path());
    let (done, committed) = (AtomicBool::new(false), AtomicI64::new(0));
    std::thread::scope(|scope| {
        let readers: Vec<_> = (0..2)
            .map(|_| {
                scope.spawn(|| {
                    let mut before = 0;
                    while !done.load(Ordering::SeqCst) {
                        let least = committed.load(Ordering::SeqCst);
                        let length = look(&db);
                        assert!(length >= least.max(before), "{length} after {before}, {least} committed");
                        before = length;
                    }
                })
            })
            .collect();
        let flusher = scope.spawn(|| {
            while !done.load(Ordering::SeqCst) {
                db.flush().unwrap();
                db.compact().unwrap();
            }
        });
        for t in 1..=BATCHES {
            if readers.iter().any(|r| r.is_finished()) || flusher.is_finished() {
                break;
            }
            commit(&db, t);
            committed.store(t, Ordering::SeqCst);
        }
        done.store(true, Ordering::SeqCst);
    });
    assert_eq!(look(&db), BATCHES);
}

/// Writers of different series do not disturb each other, and all of them make all series they share only once.
#[test]
fn many_writers() {
    let dir = tempfile::tempdir().unwrap();
    let db = open(dir.path());
    std::thread::scope(|scope| {
        for writer in 0..4usize {
            let db = &db;
            scope.spawn(move || {
                for t in 1..=60i64 {
                    let mut appender = db.appender();
                    // Everybody asks for series 0, only one writes it.
                    let shared = appender.series(None, &series(0)).unwrap();
                    if writer == 0 {
                        appender.float(shared, t, 0.5).unwrap();
                    }
                    for n in 0..50 {
                        let id = appender.series(None, &series(1 + writer * 50 + n)).unwrap();
                        appender.float(id, t, n as f64).unwrap();
                    }
                    appender.commit(Durability::Synced).unwrap();
                }
            });
        }
    });
    let check = |db: &Db| {
        let all = common::floats(db);
        assert_eq!(all.len(), 201);
        assert!(all.values().all(|s| s.len() == 60));
    };
    check(&db);
    drop(db);
    check(&open(dir.path()));
}

/// Series come and go while they are written: nothing that was accepted is refused at the commit, or lost.
#[test]
fn removals_do_not_disturb_open_batches() {
    let dir = tempfile::tempdir().unwrap();
    let db = open(dir.path());
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let flusher = scope.spawn(|| {
            while !done.load(Ordering::SeqCst) {
                db.flush().unwrap();
            }
        });
        let writers: Vec<_> = (0..2usize)
            .map(|writer| {
                let db = &db;
                scope.spawn(move || {
                    for t in 1..=150i64 {
                        // Most series are left alone for a while, so that they leave the head.
                        let n = writer * 100 + t as usize % 40;
                        let mut appender = db.appender();
                        loop {
                            let id = match appender.lookup(n as u128) {
                                Some(id) => id,
                                None => appender.series(Some(n as u128), &series(n)).unwrap(),
                            };
                            std::thread::yield_now();
                            if appender.float(id, t, t as f64).is_ok() {
                                break;
                            }
                        }
                        std::thread::yield_now();
                        let committed = appender.commit(Durability::Synced).unwrap();
                        assert_eq!((committed.samples, committed.rejected.len()), (1, 0));
                    }
                })
            })
            .collect();
        while writers.iter().any(|w| !w.is_finished()) && !flusher.is_finished() {
            std::thread::yield_now();
        }
        done.store(true, Ordering::SeqCst);
    });
    assert!(db.head_stats().series_removed > 0);
    let all = common::floats(&db);
    assert_eq!(all.values().map(Vec::len).sum::<usize>(), 300);
}
