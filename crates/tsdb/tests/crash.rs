//! Bad days: killed processes, copied directories, damaged segments, full disks.

mod common;

use base::disk;
use common::{append, floats, open, options, series};
use std::io::{BufRead, BufReader};
use std::ops::ControlFlow;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicI64, Ordering};
use tsdb::{CommitError, Db, Durability, Options};

const SERIES: usize = 20;
const CHILD_DIR: &str = "TSDB_TEST_CHILD_DIR";

/// Commits all series at one time.
fn commit(db: &Db, t: i64) {
    let mut appender = db.appender();
    for n in 0..SERIES {
        let id = appender.series(Some(n as u128), &series(n)).unwrap();
        appender.float(id, t, (t * 31 + n as i64) as f64 / 8.0).unwrap();
    }
    assert!(appender.commit(Durability::Synced).unwrap().rejected.is_empty());
}

/// Every time up to `last` is there with every series, nothing twice, nothing else but what came later.
fn check(db: &Db, first: i64, last: i64) {
    let all = floats(db);
    assert_eq!(all.len(), SERIES);
    for n in 0..SERIES {
        let samples = &all[&series(n)];
        for (i, (t, v)) in samples.iter().enumerate() {
            assert_eq!((*t, *v), (first + i as i64, (t * 31 + n as i64) as f64 / 8.0));
        }
        assert!(
            samples.last().unwrap().0 >= last,
            "{} is there, {last} was acknowledged",
            samples.last().unwrap().0
        );
    }
}

/// A process is killed again and again while it writes and flushes: what it was told to be safe is there.
#[test]
fn killed_while_writing() {
    if let Some(dir) = std::env::var_os(CHILD_DIR) {
        write_until_killed(Path::new(&dir));
    }
    let dir = tempfile::tempdir().unwrap();
    let mut acknowledged = 0;
    for round in 1..=4 {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "killed_while_writing", "--nocapture"])
            .env(CHILD_DIR, dir.path())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut seen = 0;
        for line in lines {
            let Some(t) = line.unwrap().strip_prefix("acknowledged ").and_then(|t| t.parse().ok()) else {
                continue;
            };
            acknowledged = t;
            seen += 1;
            if seen == 60 + round * 7 {
                // SIGKILL; what the pipe still holds was acknowledged as well.
                child.kill().unwrap();
            }
        }
        assert_eq!(child.wait().unwrap().signal(), Some(9), "it was killed, and did not end by itself");
        assert!(seen >= 60);
        let db = open(dir.path());
        check(&db, 1, acknowledged);
    }
}

fn write_until_killed(dir: &Path) -> ! {
    let db = open(dir);
    let last = floats(&db).get(&series(0)).and_then(|s| s.last().copied());
    let mut t = last.map_or(0, |(t, _)| t);
    let flusher = db.clone();
    std::thread::spawn(move || {
        loop {
            flusher.flush().unwrap();
            flusher.compact().unwrap();
        }
    });
    loop {
        t += 1;
        commit(&db, t);
        println!("acknowledged {t}");
    }
}

fn copy(from: &Path, to: &Path) {
    disk::create_dir_all(to).unwrap();
    for path in disk::list(from).unwrap() {
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy(&path, &target);
        } else if let Ok(bytes) = disk::read(&path) {
            disk::write_atomic(&target, &bytes).unwrap();
        }
    }
}

/// The directory as it is at some moment of a run is a store with all that was acknowledged before.
#[test]
fn copied_while_writing() {
    let dir = tempfile::tempdir().unwrap();
    let db = open(dir.path());
    let acknowledged = AtomicI64::new(0);
    std::thread::scope(|scope| {
        let writer = scope.spawn(|| {
            for t in 1..400 {
                commit(&db, t);
                acknowledged.store(t, Ordering::SeqCst);
            }
        });
        let mut copies = 0;
        while !writer.is_finished() || copies == 0 {
            let before = acknowledged.load(Ordering::SeqCst);
            let copied = tempfile::tempdir().unwrap();
            copy(&dir.path().join("wal"), &copied.path().join("wal"));
            let other = open(copied.path());
            if before > 0 {
                check(&other, 1, before);
                copies += 1;
            }
        }
    });
}

fn segments(dir: &Path) -> Vec<PathBuf> {
    disk::list(&dir.join("wal")).unwrap()
}

/// A flipped bit costs a record, or its segment from there on; the damage is named and everything else is served.
#[test]
fn a_flipped_bit_in_the_log() {
    let dir = tempfile::tempdir().unwrap();
    let small = || Options { wal_segment_bytes: 4000, ..options(dir.path()) };
    let db = Db::open(small()).unwrap();
    (1..200).for_each(|t| commit(&db, t));
    db.close();
    drop(db);
    let all = segments(dir.path());
    assert!(all.len() > 5);
    let hurt = &all[2];
    let mut bytes = disk::read(hurt).unwrap();
    let at = bytes.len() / 2;
    bytes[at] ^= 4;
    disk::write_atomic(hurt, &bytes).unwrap();

    let db = Db::open(small()).unwrap();
    let [damage] = &db.recovery().damage[..] else { panic!("{:?}", db.recovery().damage) };
    assert_eq!(&damage.file, hurt);
    assert!(damage.offset as usize <= at && damage.dropped_bytes > 0);
    let times: Vec<i64> = floats(&db)[&series(3)].iter().map(|(t, _)| *t).collect();
    let holes: Vec<i64> = (1..200).filter(|t| !times.contains(t)).collect();
    assert!(!holes.is_empty() && holes.len() < 60, "{holes:?}");
    assert!(holes.windows(2).all(|w| w[0] + 1 == w[1]), "one hole: {holes:?}");
    commit(&db, 200);
    assert_eq!(floats(&db)[&series(3)].last().unwrap().0, 200);
}

/// An unfinished write is reported once, and what was before it is kept.
#[test]
fn a_torn_tail() {
    let dir = tempfile::tempdir().unwrap();
    let db = open(dir.path());
    (1..50).for_each(|t| commit(&db, t));
    drop(db);
    let last = segments(dir.path()).pop().unwrap();
    let bytes = disk::read(&last).unwrap();
    disk::write_atomic(&last, &bytes[..bytes.len() - 3]).unwrap();
    let db = open(dir.path());
    assert_eq!(db.recovery().damage.len(), 1);
    check(&db, 1, 48);
    commit(&db, 49);
    drop(db);
    let db = open(dir.path());
    assert_eq!(db.recovery().damage, []);
    check(&db, 1, 49);
}

/// A damaged block is named when it is opened or read; the other blocks and the head are served.
#[test]
fn a_damaged_block() {
    let dir = tempfile::tempdir().unwrap();
    let db = open(dir.path());
    append(&db, 1000, &[(series(1), 1.0)]);
    db.flush().unwrap();
    append(&db, 2000, &[(series(1), 2.0)]);
    db.flush().unwrap();
    append(&db, 3000, &[(series(1), 3.0)]);
    drop(db);
    let first = disk::list(&dir.path().join("blocks")).unwrap().remove(0);
    let bytes = disk::read(&first).unwrap();
    disk::write_atomic(&first, &bytes[..bytes.len() / 2]).unwrap();
    let db = open(dir.path());
    assert_eq!(db.recovery().bad_blocks[0].0, first);
    assert_eq!(floats(&db)[&series(1)], [(2000, 2.0), (3000, 3.0)]);
}

/// Until the disk is full and after there is room again, with `fill` and `empty` doing what they say.
fn full_disk(dir: &Path, fill: impl FnOnce(), empty: impl FnOnce()) {
    let db = open(dir);
    commit(&db, 1);
    commit(&db, 2);
    fill();
    let mut appender = db.appender();
    let id = appender.series(None, &series(0)).unwrap();
    (0..200_000).for_each(|i| appender.float(id, 1000 + i, (i as f64).sqrt()).unwrap());
    let refused = appender.commit(Durability::Synced);
    assert!(matches!(refused, Err(CommitError::DiskFull)), "{refused:?}");
    assert!(db.head_stats().disk_full);
    // Reads go on, nothing of the refused batch is seen, and a flush that fails harms nothing.
    check(&db, 1, 2);
    let _ = db.flush();
    check(&db, 1, 2);
    empty();
    commit(&db, 3);
    assert!(!db.head_stats().disk_full);
    db.flush().unwrap();
    commit(&db, 4);
    check(&db, 1, 4);
    drop(db);
    let db = open(dir);
    assert_eq!(db.recovery().damage, []);
    check(&db, 1, 4);
}

#[test]
fn a_disk_that_says_it_is_full() {
    let dir = tempfile::tempdir().unwrap();
    let (fill, empty) = (|| disk::fault::fill(dir.path(), 1000), || disk::fault::empty(dir.path()));
    full_disk(dir.path(), fill, empty);
}

/// The same on a real, small file system, where one may be mounted.
#[test]
fn a_disk_that_is_full() {
    let dir = tempfile::tempdir().unwrap();
    let mount = |args: &[&str]| Command::new("mount").args(args).arg(dir.path()).status();
    let mounted = mount(&["-t", "tmpfs", "-o", "size=1m", "tmpfs"]).is_ok_and(|s| s.success());
    if !mounted {
        // Only root may mount; then the disk that says so has to do, see above.
        return a_disk_that_says_it_is_full();
    }
    let ballast = dir.path().join("ballast");
    let fill = || {
        let file = disk::create(&ballast).unwrap();
        let block = vec![1; 4096];
        while disk::append_all(&file, &ballast, &block).is_ok() {}
    };
    let empty = || disk::remove_file(&ballast).unwrap();
    let result = std::panic::catch_unwind(|| full_disk(&dir.path().join("store"), fill, empty));
    let unmounted = Command::new("umount").arg(dir.path()).status();
    result.unwrap();
    assert!(unmounted.unwrap().success());
}

/// A flipped bit in a block: the read that meets it says so, other reads go on, and merges leave the block alone.
#[test]
fn a_flipped_bit_in_a_block() {
    let dir = tempfile::tempdir().unwrap();
    let db = open(dir.path());
    let all =
        |t: i64| -> Vec<_> { (0..300).map(|n| (series(n), ((t * 7 + n as i64) as f64).sqrt())).collect() };
    for part in 0..2 {
        (1..100).for_each(|t| append(&db, part * 1000 + t, &all(t)));
        db.flush().unwrap();
    }
    append(&db, 20 * common::HOUR_MS, &all(1));
    drop(db);
    let first = disk::list(&dir.path().join("blocks")).unwrap().remove(0);
    let mut bytes = disk::read(&first).unwrap();
    let at = bytes.len() / 3;
    bytes[at] ^= 16;
    disk::write_atomic(&first, &bytes).unwrap();

    let db = open(dir.path());
    let read = |from: i64, to: i64| {
        let selected = db.select(&[], from, to).unwrap();
        let mut samples = 0;
        let result = selected.read(0..selected.len(), &mut |_, s| {
            samples += s.timestamps.len();
            ControlFlow::Continue(())
        });
        (result.map_err(|e| e.to_string()), samples)
    };
    let (result, samples) = read(0, 500);
    let reason = result.unwrap_err();
    assert!(reason.contains(first.file_name().unwrap().to_str().unwrap()), "{reason}");
    assert!(samples < 300 * 99);
    assert_eq!(read(500, 2000), (Ok(()), 300 * 99));
    assert!(db.compact().is_err());
    db.compact().unwrap();
    assert_eq!(db.head_stats().merges_failed, 1);
    assert_eq!(read(500, 2000), (Ok(()), 300 * 99));
}

/// A store opens on a full disk, answers, and takes samples when there is room.
#[test]
fn opened_on_a_full_disk() {
    let dir = tempfile::tempdir().unwrap();
    let db = open(dir.path());
    commit(&db, 1);
    drop(db);
    disk::fault::fill(dir.path(), 0);
    let db = open(dir.path());
    check(&db, 1, 1);
    let mut appender = db.appender();
    let id = appender.series(None, &series(0)).unwrap();
    appender.float(id, 2, 0.0).unwrap();
    assert!(matches!(appender.commit(Durability::Synced), Err(CommitError::DiskFull)));
    disk::fault::empty(dir.path());
    commit(&db, 2);
    check(&db, 1, 2);
}
