//! Tests of merging, retention, and of files that are gone.

use super::*;
use crate::testing::{Dir, NOW_NS, batch};
use crate::{EventOptions, Events, Keep};
use base::disk;
use std::time::Duration;

const DAY: Duration = Duration::from_secs(86_400);

fn file(level: u32, bytes: u64, day: i64, minute: i64) -> NewEventFile {
    let at = day * DAY_NS + minute * 60_000_000_000;
    NewEventFile {
        kind: Kind::Span,
        path: String::new(),
        rows: 1,
        bytes,
        min_time_ns: at,
        max_time_ns: at + 1,
        services: None,
        columns: Vec::new(),
        created_ms: 0,
        level,
        tail: None,
    }
}

#[track_caller]
fn planned(files: &[NewEventFile], now_day: f64, want: Option<&[usize]>) {
    let files: Vec<&NewEventFile> = files.iter().collect();
    let now_ns = (now_day * DAY_NS as f64) as i64;
    assert_eq!(plan(&files, now_ns, |_| 1_000).as_deref(), want);
}

#[test]
fn eight_files_of_a_level_are_merged() {
    let mut files: Vec<NewEventFile> = (0..7).map(|n| file(0, 10, 5, 60 - n)).collect();
    planned(&files, 5.5, None);
    files.push(file(1, 10, 5, 0));
    planned(&files, 5.5, None);
    files.push(file(0, 10, 5, 100));
    planned(&files, 5.5, Some(&[6, 5, 4, 3, 2, 1, 0, 8]));
    // Another day's is not of them.
    files[8] = file(0, 10, 4, 100);
    planned(&files, 5.01, None);
}

#[test]
fn long_files_stay_and_merged_ones_are_not_too_long() {
    let files: Vec<NewEventFile> = (0..8).map(|n| file(0, 300, 5, n)).collect();
    planned(&files, 5.5, Some(&[0, 1, 2]));
    let files: Vec<NewEventFile> = (0..20).map(|n| file(0, 500, 5, n)).collect();
    planned(&files, 9.0, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_kept_of_a_kind_stays_in_several_files() {
    let dir = Dir::new();
    let mut options = dir.options();
    let any_max = options.file_bytes_max;
    options.keep_logs = Keep { age: None, bytes: Some(8_000) };
    options.keep_spans = Keep { age: None, bytes: None };
    let events = dir.try_open(options).await.unwrap();
    assert_eq!([Kind::Log, Kind::Span].map(|kind| events.0.file_bytes_max(kind)), [1_000, any_max]);
}

#[test]
fn a_day_that_is_over_is_merged_when_that_is_worth_it() {
    let files = vec![file(2, 400, 5, 0), file(1, 30, 5, 700), file(0, 20, 5, 900)];
    planned(&files, 6.0, None);
    planned(&files, 6.1, Some(&[0, 1, 2]));
    // One late event does not rewrite the day.
    planned(&[file(2, 400, 5, 0), file(0, 1, 5, 700)], 9.0, None);
    planned(&[file(2, 400, 5, 0)], 9.0, None);
}

/// Eight flushed files of five events of each kind.
async fn eight(dir: &Dir) -> Events {
    let events = dir.open().await;
    for n in 0..8 {
        for kind in Kind::ALL {
            // The last first, so that merging has to sort.
            events.put(batch(kind, NOW_NS + (7 - n) * 5, 5));
        }
        events.flush().await.unwrap();
    }
    events
}

fn all() -> Vec<i64> {
    (0..40).map(|n| NOW_NS + n).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn merging_keeps_all_events_and_readers_keep_their_files() {
    let dir = Dir::new();
    let events = eight(&dir).await;
    assert_eq!(dir.objects().len(), 24);
    let old = events.snapshot(Kind::Log);
    events.tick().await.unwrap();
    for kind in Kind::ALL {
        assert_eq!(events.times(kind), all(), "{}", kind.name());
        assert_eq!(events.stats().kind(kind).files, 1);
    }
    assert_eq!(events.stats().merges, 3);
    // One reader holds the eight files of logs.
    assert_eq!(dir.objects().len(), 11);
    let rows: usize = old
        .parts(&Prune::none())
        .iter()
        .flat_map(|part| part.read(&[ColumnRef::view("body")], &Prune::none(), None, None))
        .map(|batch| batch.unwrap().batch.num_rows())
        .sum();
    assert_eq!((rows, old.warnings()), (40, Vec::<String>::new()));
    drop(old);
    events.tick().await.unwrap();
    assert_eq!(dir.objects().len(), 3);
    assert_eq!(events.stats().objects_deleted, 24);
    // Attributes too, and sorted.
    let snapshot = events.snapshot(Kind::Span);
    let part = &snapshot.parts(&Prune::none())[0];
    let columns = [
        ColumnRef::new("n", DataType::Int64),
        ColumnRef::view("http.route"),
        ColumnRef::view("resource.zone"),
    ];
    let batch = part.read(&columns, &Prune::none(), None, None).next().unwrap().unwrap().batch;
    let numbers: Vec<i64> = {
        use arrow::array::AsArray;
        batch.column(0).as_primitive::<arrow::datatypes::Int64Type>().values().to_vec()
    };
    assert_eq!(numbers, all());
    assert_eq!(batch.column(1).null_count() + batch.column(2).null_count(), 0);
    let copy = dir.copy();
    assert_eq!(copy.open().await.times(Kind::Span), all());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_gone_is_named_and_the_rest_is_served_and_kept() {
    let dir = Dir::new();
    let events = eight(&dir).await;
    let lost = dir.objects().into_iter().find(|path| path.to_string_lossy().contains("/logs/")).unwrap();
    disk::remove_file(&lost).unwrap();
    let torn = dir.objects().into_iter().find(|path| path.to_string_lossy().contains("/spans/")).unwrap();
    let length = disk::len(&torn).unwrap();
    disk::open_write(&torn).unwrap().set_len(length / 2).unwrap();
    let (copy, unread) = (dir.copy(), dir.copy());
    // A start finds it by itself, and a question says the same of it.
    let started = unread.open().await;
    started.tick().await.unwrap();
    assert_eq!(started.stats().damage, 2, "{:?}", started.stats().damaged);
    for events in [events, copy.open().await, started] {
        for kind in [Kind::Log, Kind::Span] {
            assert_eq!(events.times(kind).len(), 35);
        }
        assert_eq!(events.times(Kind::Error).len(), 40);
        let stats = events.stats();
        assert_eq!(stats.damage, 2, "{:?}", stats.damaged);
        let name = |path: &std::path::Path| path.file_name().unwrap().to_string_lossy().into_owned();
        assert!(
            [&lost, &torn].iter().all(|path| stats.damaged.iter().any(|said| said.contains(&name(path))))
        );
        // They are not merged, so nothing of the others is lost, and it goes on.
        events.tick().await.unwrap();
        events.tick().await.unwrap();
        assert_eq!(
            (events.stats().logs.files, events.stats().spans.files, events.stats().errors.files),
            (8, 8, 1)
        );
        assert_eq!(events.times(Kind::Log).len(), 35);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_too_old_goes_and_what_is_too_much() {
    let dir = Dir::new();
    let options = dir.options();
    let clock = options.clock.clone();
    let by_age = |days: u32| Keep { age: Some(DAY * days), bytes: None };
    let options =
        EventOptions { keep_spans: by_age(2), keep_logs: by_age(100), keep_errors: by_age(100), ..options };
    let events = dir.try_open(options.clone()).await.unwrap();
    for day in 0..4i64 {
        for kind in Kind::ALL {
            events.put(batch(kind, NOW_NS + day * DAY_NS, 5));
        }
        events.flush().await.unwrap();
    }
    events.tick().await.unwrap();
    assert_eq!(events.stats().spans.files, 4);
    clock.advance(DAY * 3);
    events.tick().await.unwrap();
    let stats = events.stats();
    assert_eq!((stats.spans.files, stats.files_too_old), (3, 1));
    assert_eq!(events.times(Kind::Span)[0], NOW_NS + DAY_NS);
    assert_eq!(stats.logs.files, 4);
    assert_eq!(dir.objects().len(), 11);
    let two_files = stats.logs.file_bytes / 2 + 10;
    events.close().await;
    drop(events);
    let options = EventOptions { keep_logs: Keep { age: None, bytes: Some(two_files) }, ..options };
    let events = dir.try_open(options).await.unwrap();
    events.tick().await.unwrap();
    assert_eq!((events.stats().logs.files, events.stats().files_too_many), (2, 2));
    assert_eq!(events.times(Kind::Log)[0], NOW_NS + 2 * DAY_NS);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_merge_that_the_catalog_refuses_leaves_no_object() {
    let dir = Dir::new();
    let events = dir.open().await;
    for n in 0..8 {
        events.put(batch(Kind::Log, NOW_NS + n * 10, 5));
        events.flush().await.unwrap();
    }
    // One that shall be replaced is not there any more.
    let known = events.0.catalog.event_files().await.unwrap();
    let gone = FileChange { remove: vec![known[0].id], ..FileChange::default() };
    events.0.catalog.change(&gone).await.unwrap();
    for _ in 0..3 {
        assert!(events.tick().await.is_err());
        assert_eq!(dir.objects().len(), 8);
        assert_eq!(events.times(Kind::Log).len(), 40);
    }
    events.close().await;
}
