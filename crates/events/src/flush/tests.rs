//! Tests of flushing: crashes at every step, full disks, full memory, damaged logs.

use super::*;
use crate::testing::{Dir, NOW_NS, batch};
use crate::{AppendError, Events, LogDamage};
use base::{Budget, disk};
use std::collections::BTreeMap;
use std::time::Duration;

/// Of each kind `count` events, whose times go on from `start`.
fn fill(events: &Events, start: i64, count: usize) {
    for kind in Kind::ALL {
        events.put(batch(kind, NOW_NS + start, count));
    }
}

#[track_caller]
fn check(events: &Events, count: i64) {
    for kind in Kind::ALL {
        let want: Vec<i64> = (0..count).map(|n| NOW_NS + n).collect();
        assert_eq!(events.times(kind), want, "{}", kind.name());
    }
}

/// What a crash at each step would leave.
async fn crashes(dir: &Dir, events: &Events) -> BTreeMap<String, Dir> {
    let store = Arc::clone(&events.0);
    let mut copies = BTreeMap::new();
    std::thread::scope(|scope| {
        let watched = scope.spawn(|| {
            store.flush_watched(&mut |step| {
                copies.insert(format!("{step:?}"), dir.copy());
            })
        });
        watched.join().unwrap().unwrap();
    });
    copies
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crash_at_any_step_loses_nothing_and_shows_nothing_twice() {
    let dir = Dir::new();
    let events = dir.open().await;
    fill(&events, 0, 50);
    events.flush().await.unwrap();
    fill(&events, 50, 50);
    // Not flushed, not closed.
    let mut copies = crashes(&dir, &events).await;
    copies.insert("After".to_owned(), dir.copy());
    check(&events, 100);
    assert_eq!(copies.len(), 6);
    for (step, copy) in copies {
        let events = copy.open().await;
        check(&events, 100);
        // Going on from there works too, and what the crash left is gone.
        fill(&events, 100, 20);
        events.tick().await.unwrap();
        events.flush().await.unwrap();
        check(&events, 120);
        let files = events.stats();
        let files = files.spans.files + files.logs.files + files.errors.files;
        assert_eq!(copy.objects().len() as u64, files, "{step}");
        events.close().await;
        drop(events);
        let events = copy.open().await;
        assert_eq!(events.recovery().replayed_events, 0, "{step}");
        check(&events, 120);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_acknowledged_is_there_after_a_kill() {
    let dir = Dir::new();
    let events = dir.open().await;
    fill(&events, 0, 40);
    let copy = dir.copy();
    let again = copy.open().await;
    assert_eq!(again.recovery().replayed_events, 120);
    assert_eq!(again.recovery().damage, Vec::<LogDamage>::new());
    check(&again, 40);
    // The same names for the same attributes, once somebody has looked at them.
    check(&events, 40);
    assert_eq!(again.columns(Kind::Log).len(), events.columns(Kind::Log).len());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_torn_record_is_cut_off_and_reported() {
    let dir = Dir::new();
    let events = dir.open().await;
    events.put(batch(Kind::Log, NOW_NS, 10));
    events.put(batch(Kind::Log, NOW_NS + 10, 10));
    let copy = dir.copy();
    let segment = copy.segments().pop().unwrap();
    let length = disk::len(&segment).unwrap();
    disk::open_write(&segment).unwrap().set_len(length - 7).unwrap();
    let again = copy.open().await;
    assert_eq!(again.times(Kind::Log), (0..10).map(|n| NOW_NS + n).collect::<Vec<_>>());
    let damage = &again.recovery().damage;
    assert_eq!(damage.len(), 1);
    assert_eq!(damage[0].file, segment);
    assert!(damage[0].dropped_bytes > 0 && damage[0].reason.contains("unfinished"), "{damage:?}");
    drop(again);
    assert!(copy.open().await.recovery().damage.is_empty(), "it is reported once");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_refuses_and_recovers_by_itself() {
    let dir = Dir::new();
    let events = dir.open().await;
    fill(&events, 0, 10);
    disk::fault::fill(&dir.path(), 0);
    let error = events.append(batch(Kind::Log, NOW_NS + 10, 1)).unwrap_err();
    assert!(matches!(error, AppendError::DiskFull), "{error}");
    assert!(events.stats().disk_full);
    assert!(events.flush().await.is_err());
    check(&events, 10);
    disk::fault::empty(&dir.path());
    fill(&events, 10, 10);
    assert!(!events.stats().disk_full);
    events.flush().await.unwrap();
    events.flush().await.unwrap();
    check(&events, 20);
    assert_eq!(events.stats().memory_bytes, 0);
    assert_eq!(dir.objects().len() as u64, events.stats().spans.files * 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disk_that_fills_while_a_file_is_written_keeps_the_events_in_memory() {
    let dir = Dir::new();
    let events = dir.open().await;
    fill(&events, 0, 10);
    // Room for the cut of the log, not for the files.
    disk::fault::fill(&dir.path().join("objects"), 100);
    let error = events.flush().await.unwrap_err();
    assert!(matches!(error, crate::EventsError::DiskFull), "{error}");
    check(&events, 10);
    // Later events go to the next memtable meanwhile, and a crash loses neither.
    fill(&events, 10, 10);
    check(&events, 20);
    let copy = dir.copy();
    check(&copy.open().await, 20);
    disk::fault::empty(&dir.path().join("objects"));
    assert!(events.stats().flushing);
    events.flush().await.unwrap();
    events.flush().await.unwrap();
    check(&events, 20);
    assert_eq!(events.stats().spans.files, 2);
    assert!(dir.segments().len() <= 2, "{:?}", dir.segments());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_sync_is_told_to_who_waits() {
    let dir = Dir::new();
    let events = dir.open().await;
    let appended = events.append(batch(Kind::Log, NOW_NS, 1)).unwrap();
    disk::fault::fail_syncs(&dir.path().join("events"), 0, 1);
    assert!(matches!(events.sync(appended), Err(AppendError::Io(_))));
    disk::fault::empty(&dir.path().join("events"));
    // What was not acknowledged may be gone; what is sent again is not.
    events.put(batch(Kind::Log, NOW_NS + 1, 1));
    assert!(dir.copy().open().await.times(Kind::Log).contains(&(NOW_NS + 1)));
}

#[tokio::test(flavor = "multi_thread")]
async fn full_memory_refuses_until_it_is_flushed() {
    let dir = Dir::new();
    let one = batch(Kind::Span, NOW_NS, 1000);
    let budget = Budget::new("events", one.bytes() as u64 * 5 / 2);
    let events = dir.try_open(crate::EventOptions { budget: budget.clone(), ..dir.options() }).await.unwrap();
    events.put(one);
    events.put(batch(Kind::Span, NOW_NS + 1000, 1000));
    let error = events.append(batch(Kind::Span, NOW_NS + 2000, 1000)).unwrap_err();
    assert!(
        matches!(error, AppendError::OverBudget { pool: "events", retry_after, .. } if retry_after > Duration::ZERO)
    );
    assert_eq!(events.stats().over_budget, 1);
    // Of batches that came together none is taken, though there is room for the first.
    let together = [batch(Kind::Error, NOW_NS, 1), batch(Kind::Span, NOW_NS + 2000, 1000)];
    assert!(matches!(events.append_all(&together), Err(AppendError::OverBudget { .. })));
    assert!(events.times(Kind::Error).is_empty());
    // A tick sees that somebody waits.
    events.tick().await.unwrap();
    assert_eq!(budget.used_bytes(), 0);
    events.put(batch(Kind::Span, NOW_NS + 2000, 1000));
    assert_eq!(events.times(Kind::Span).len(), 3000);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flush_is_due_by_time_by_memory_and_by_the_log() {
    let dir = Dir::new();
    let options = dir.options();
    let clock = options.clock.clone();
    let log_bytes_max = 400_000;
    let memtable_bytes_max = 1 << 20;
    let events =
        dir.try_open(crate::EventOptions { log_bytes_max, memtable_bytes_max, ..options }).await.unwrap();
    let due = || events.0.flush_due();
    assert!(!due());
    events.put(batch(Kind::Log, NOW_NS, 1));
    assert!(!due());
    clock.advance(Duration::from_secs(599));
    assert!(!due());
    clock.advance(Duration::from_secs(1));
    assert!(due());
    events.tick().await.unwrap();
    assert!(!due());
    for n in 0..100 {
        if due() {
            assert!(
                events.stats().log_bytes >= log_bytes_max
                    || events.stats().memory_bytes >= memtable_bytes_max
            );
            return;
        }
        events.put(batch(Kind::Log, NOW_NS + 1 + n * 100, 100));
    }
    panic!("never due");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_sends_faster_than_files_are_written_waits() {
    let dir = Dir::new();
    let options = dir.options();
    let log_bytes_max = 100_000;
    let events = dir.try_open(crate::EventOptions { log_bytes_max, ..options }).await.unwrap();
    let put = |n: i64| events.append_all(&[batch(Kind::Log, NOW_NS + n * 100, 100)]);
    let taken = (0..1_000).take_while(|n| put(*n).is_ok()).count();
    assert!(events.stats().log_bytes >= 4 * log_bytes_max && taken < 1_000, "{taken}");
    let error = put(2_000).unwrap_err();
    assert!(
        matches!(error, AppendError::Behind { log_bytes, retry_after } if log_bytes >= 4 * log_bytes_max && retry_after > Duration::ZERO)
    );
    events.flush().await.unwrap();
    put(2_000).unwrap();
    assert_eq!(events.times(Kind::Log).len(), (taken + 1) * 100);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_that_was_deleted_begins_anew() {
    let dir = Dir::new();
    let events = dir.open().await;
    for n in 0..4 {
        fill(&events, n * 10, 10);
        events.flush().await.unwrap();
    }
    events.close().await;
    drop(events);
    disk::remove_dir_all(&dir.path().join("events")).unwrap();
    let events = dir.open().await;
    fill(&events, 40, 10);
    let copy = dir.copy();
    check(&copy.open().await, 50);
}

#[tokio::test(flavor = "multi_thread")]
async fn only_one_may_have_it_open() {
    let dir = Dir::new();
    let events = dir.open().await;
    assert!(matches!(dir.try_open(dir.options()).await, Err(crate::OpenError::Locked { .. })));
    events.close().await;
    assert!(matches!(events.append(batch(Kind::Log, NOW_NS, 1)), Err(AppendError::Closed)));
}

#[tokio::test(flavor = "multi_thread")]
async fn many_at_once_are_all_found_while_it_flushes() {
    const WRITERS: i64 = 4;
    const BATCHES: i64 = 40;
    let dir = Dir::new();
    let options = crate::EventOptions { background: crate::Background::Threads, ..dir.options() };
    let events = dir.try_open(options).await.unwrap();
    let writers: Vec<_> = (0..WRITERS)
        .map(|writer| {
            let events = events.clone();
            std::thread::spawn(move || {
                for n in 0..BATCHES {
                    events.put(batch(Kind::Span, NOW_NS + (writer * BATCHES + n) * 100, 100));
                }
            })
        })
        .collect();
    let mut seen = 0;
    while writers.iter().any(|writer| !writer.is_finished()) {
        let times = events.times(Kind::Span);
        assert!(times.windows(2).all(|pair| pair[0] < pair[1]), "an event is there twice");
        assert!(times.len() >= seen, "an event is gone");
        seen = times.len();
        events.flush().await.unwrap();
    }
    writers.into_iter().for_each(|writer| writer.join().unwrap());
    let all: Vec<i64> = (0..WRITERS * BATCHES * 100).map(|n| NOW_NS + n).collect();
    assert_eq!(events.times(Kind::Span), all);
    events.close().await;
    drop(events);
    assert_eq!(dir.open().await.times(Kind::Span), all);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_live_tail_shows_batches_and_says_what_was_missed() {
    let dir = Dir::new();
    let options = crate::EventOptions { tail_batches_max: 2, ..dir.options() };
    let events = dir.try_open(options).await.unwrap();
    let mut tail = events.subscribe(Kind::Log);
    events.put(batch(Kind::Span, NOW_NS, 1));
    for n in 0..5 {
        events.put(batch(Kind::Log, NOW_NS + n, 1));
    }
    assert_eq!(events.stats().logs.tails, 1);
    let missed = tail.recv().await.unwrap_err();
    assert_eq!(missed, tokio::sync::broadcast::error::RecvError::Lagged(3));
    events.note_tail_lag(3);
    assert_eq!(tail.recv().await.unwrap().logs[0].time_ns, NOW_NS + 3);
    assert_eq!(tail.recv().await.unwrap().logs[0].time_ns, NOW_NS + 4);
    assert_eq!(events.stats().tail_lagged, 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_batch_is_acknowledged_and_makes_no_file() {
    let dir = Dir::new();
    let events = dir.open().await;
    events.put(batch(Kind::Log, NOW_NS, 0));
    events.flush().await.unwrap();
    assert_eq!((events.stats().logs.files, events.times(Kind::Log).len()), (0, 0));
    let copy = dir.copy();
    let again = copy.open().await;
    assert_eq!((again.recovery().replayed_batches, again.recovery().replayed_events), (1, 0));
    again.flush().await.unwrap();
    assert!(copy.objects().is_empty());
}
