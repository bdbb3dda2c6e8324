//! The log against torn writes, flipped bits, full disks and many writers.

use base::disk;
use proptest::prelude::*;
use std::path::Path;
use wal::{Damage, DamageKind, Log, LogError, LogOptions, RecordBuf, SegmentId, cut_torn, read_segments};

fn options(segment_bytes: u64) -> LogOptions {
    LogOptions { segment_bytes }
}

fn record(body: &[u8]) -> RecordBuf {
    let mut record = RecordBuf::new();
    record.body_mut().extend_from_slice(body);
    record
}

fn write(dir: &Path, segment_bytes: u64, bodies: &[Vec<u8>]) {
    let log = Log::open(dir, options(segment_bytes)).unwrap();
    for body in bodies {
        log.append(&mut record(body)).unwrap();
    }
    log.sync_all().unwrap();
}

fn read(dir: &Path) -> (Vec<Vec<u8>>, Vec<Damage>) {
    let (mut bodies, mut damage) = (Vec::new(), Vec::new());
    for segment in read_segments(dir).unwrap() {
        for record in segment.records() {
            match record {
                Ok(body) => bodies.push(body.to_vec()),
                Err(d) => damage.push(d),
            }
        }
    }
    (bodies, damage)
}

fn segments(dir: &Path) -> Vec<std::path::PathBuf> {
    disk::list(dir).unwrap()
}

fn overwrite(path: &Path, bytes: &[u8]) {
    disk::append_all(&disk::create(path).unwrap(), path, bytes).unwrap();
}

fn bodies() -> impl Strategy<Value = Vec<Vec<u8>>> {
    prop::collection::vec(prop::collection::vec(any::<u8>(), 0..60), 1..12)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn what_is_written_is_read(bodies in bodies(), segment_bytes in 30u64..400) {
        let dir = tempfile::tempdir().unwrap();
        write(dir.path(), segment_bytes, &bodies);
        write(dir.path(), segment_bytes, &bodies);
        let twice: Vec<_> = bodies.iter().chain(&bodies).cloned().collect();
        prop_assert_eq!(read(dir.path()), (twice, vec![]));
    }

    /// Whatever the last write lost, what was before is kept and what is gone is counted.
    #[test]
    fn torn_at_every_byte(bodies in bodies()) {
        let dir = tempfile::tempdir().unwrap();
        write(dir.path(), 1 << 20, &bodies);
        let path = segments(dir.path()).pop().unwrap();
        let whole = disk::read(&path).unwrap();
        let mut ends = vec![16];
        for body in &bodies {
            ends.push(ends.last().unwrap() + 12 + body.len());
        }
        for cut in 0..whole.len() {
            overwrite(&path, &whole[..cut]);
            let (kept, damage) = read(dir.path());
            let good = ends.iter().rposition(|e| *e <= cut).unwrap_or(0);
            prop_assert_eq!(&kept[..], &bodies[..good]);
            let end = if cut < 16 { 0 } else { ends[good] };
            if end == cut {
                prop_assert!(damage.is_empty());
                continue;
            }
            prop_assert_eq!(damage.len(), 1);
            prop_assert_eq!(damage[0].offset as usize, end);
            prop_assert_eq!(damage[0].dropped_bytes as usize, cut - end);
            prop_assert_eq!(damage[0].kind, DamageKind::Torn);
            if cut % 16 == 0 {
                cut_torn(&damage[0]).unwrap();
                prop_assert_eq!(read(dir.path()), (kept, vec![]));
            }
        }
    }

    /// A flipped bit loses its record; when it is in the length, or in the last record, its segment from there on. Nothing
    /// else is lost, and no wrong record is ever given.
    #[test]
    fn flipped_bit(bodies in bodies(), at in any::<prop::sample::Index>(), bit in 0u8..8) {
        let dir = tempfile::tempdir().unwrap();
        write(dir.path(), 1 << 20, &bodies);
        let path = segments(dir.path()).pop().unwrap();
        write(dir.path(), 1 << 20, &bodies);
        let mut bytes = disk::read(&path).unwrap();
        let at = at.index(bytes.len());
        bytes[at] ^= 1 << bit;
        overwrite(&path, &bytes);
        let (kept, damage) = read(dir.path());
        prop_assert_eq!(damage.len(), 1);
        prop_assert_eq!(&damage[0].file, &path);
        prop_assert!(damage[0].offset as usize <= at);
        prop_assert_ne!(damage[0].kind, DamageKind::Torn);
        let (mut hit, mut starts, mut end) = (None, 0, 16);
        for (n, body) in bodies.iter().enumerate() {
            if (end..end + 12 + body.len()).contains(&at) {
                (hit, starts) = (Some(n), end);
            }
            end += 12 + body.len();
        }
        let last = bodies.len() - 1;
        let mut wanted = Vec::new();
        match hit {
            Some(n) if n < last && at - starts >= 4 => {
                prop_assert_eq!(damage[0].offset as usize, starts);
                prop_assert_eq!(damage[0].dropped_bytes as usize, 12 + bodies[n].len());
                wanted.extend([&bodies[..n], &bodies[n + 1..]].concat());
            }
            hit => {
                prop_assert_eq!(damage[0].offset + damage[0].dropped_bytes, bytes.len() as u64);
                wanted.extend_from_slice(&bodies[..hit.unwrap_or(0)]);
            }
        }
        wanted.extend_from_slice(&bodies);
        prop_assert_eq!(kept, wanted);
    }
}

#[test]
fn writers_share_syncs_and_lose_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let log = Log::open(dir.path(), options(4096)).unwrap();
    std::thread::scope(|scope| {
        for writer in 0..8u32 {
            let log = &log;
            scope.spawn(move || {
                for i in 0..50u32 {
                    let lsn = log.append(&mut record(&(writer << 16 | i).to_le_bytes())).unwrap();
                    log.sync(lsn).unwrap();
                }
            });
        }
    });
    assert!(log.syncs() <= 8 * 50 + 8, "{} syncs", log.syncs());
    let (kept, damage) = read(dir.path());
    assert_eq!(damage, []);
    let numbers: Vec<u32> = kept.iter().map(|b| u32::from_le_bytes(b[..].try_into().unwrap())).collect();
    for writer in 0..8u32 {
        let of_writer: Vec<u32> = numbers.iter().copied().filter(|n| n >> 16 == writer).collect();
        assert_eq!(of_writer, (0..50).map(|i| writer << 16 | i).collect::<Vec<_>>());
    }
    assert_eq!(log.bytes(), segments(dir.path()).iter().map(|p| disk::len(p).unwrap()).sum::<u64>());
}

#[test]
fn a_full_disk_refuses_and_recovers() {
    let dir = tempfile::tempdir().unwrap();
    let log = Log::open(dir.path(), options(1 << 20)).unwrap();
    log.append(&mut record(b"before")).unwrap();
    disk::fault::fill(dir.path(), 7);
    for _ in 0..3 {
        assert!(matches!(log.append(&mut record(&[1; 100])), Err(LogError::DiskFull)));
    }
    disk::fault::empty(dir.path());
    let lsn = log.append(&mut record(b"after")).unwrap();
    log.sync(lsn).unwrap();
    assert_eq!(read(dir.path()), (vec![b"before".to_vec(), b"after".to_vec()], vec![]));
    assert_eq!(log.failures(), 3);
}

#[test]
fn a_disk_too_full_for_a_segment_recovers() {
    let dir = tempfile::tempdir().unwrap();
    let log = Log::open(dir.path(), options(100)).unwrap();
    log.append(&mut record(&[1; 60])).unwrap();
    disk::fault::fill(dir.path(), 10);
    assert!(matches!(log.append(&mut record(&[2; 60])), Err(LogError::DiskFull)));
    assert!(matches!(log.cut(), Err(LogError::DiskFull)));
    disk::fault::empty(dir.path());
    log.append(&mut record(&[3; 60])).unwrap();
    assert_eq!(read(dir.path()), (vec![vec![1; 60], vec![3; 60]], vec![]));
}

#[test]
fn a_disk_full_from_the_start_recovers() {
    let dir = tempfile::tempdir().unwrap();
    write(dir.path(), 1 << 20, &[b"before".to_vec()]);
    disk::fault::fill(dir.path(), 0);
    let log = Log::open(dir.path(), options(1 << 20)).unwrap();
    assert!(matches!(log.append(&mut record(b"refused")), Err(LogError::DiskFull)));
    log.sync_all().unwrap();
    disk::fault::empty(dir.path());
    let lsn = log.append(&mut record(b"after")).unwrap();
    log.sync(lsn).unwrap();
    assert_eq!(read(dir.path()), (vec![b"before".to_vec(), b"after".to_vec()], vec![]));
    assert_eq!(log.bytes(), segments(dir.path()).iter().map(|p| disk::len(p).unwrap()).sum::<u64>());
}

#[test]
fn a_record_made_for_a_closed_segment_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let log = Log::open(dir.path(), options(1 << 20)).unwrap();
    assert_eq!(log.cut().unwrap(), SegmentId(1), "an empty segment is not closed");
    log.append_in(SegmentId(1), &mut record(b"one")).unwrap();
    assert_eq!(log.cut().unwrap(), SegmentId(2));
    let refused = log.append_in(SegmentId(1), &mut record(b"late"));
    assert!(matches!(refused, Err(LogError::SegmentClosed { current: SegmentId(2) })));
    log.append_in(SegmentId(2), &mut record(b"two")).unwrap();
    log.remove_before(SegmentId(2)).unwrap();
    assert_eq!(read(dir.path()), (vec![b"two".to_vec()], vec![]));
    assert_eq!(log.bytes(), disk::len(&segments(dir.path())[0]).unwrap());
}

#[test]
fn a_foreign_file_is_named_and_passed_over() {
    let dir = tempfile::tempdir().unwrap();
    overwrite(&dir.path().join("00000001.wal"), &[7; 64]);
    write(dir.path(), 1 << 20, &[b"good".to_vec()]);
    let (kept, damage) = read(dir.path());
    assert_eq!(kept, [b"good".to_vec()]);
    assert_eq!((damage[0].kind, damage[0].dropped_bytes), (DamageKind::BadHeader, 64));
    assert!(damage[0].to_string().contains("00000001.wal"));
}

#[test]
fn a_failed_sync_loses_what_it_was_for_and_nothing_else() {
    let dir = tempfile::tempdir().unwrap();
    let log = Log::open(dir.path(), options(1 << 20)).unwrap();
    let kept = log.append(&mut record(b"kept")).unwrap();
    log.sync(kept).unwrap();
    disk::fault::fail_syncs(dir.path(), 0, 1);
    let (first, second) =
        (log.append(&mut record(b"first")).unwrap(), log.append(&mut record(b"second")).unwrap());
    assert!(log.sync(first).is_err());
    // The disk would say yes now, and mean what comes later.
    assert!(log.sync(second).is_err());
    assert!(log.sync_all().is_err());
    let after = log.append(&mut record(b"after")).unwrap();
    assert!(after.segment > second.segment, "nothing is written behind what is lost");
    log.sync(after).unwrap();
    for lsn in [first, second] {
        assert!(matches!(log.sync(lsn), Err(LogError::Io(_))), "{lsn:?} is lost for good");
    }
    log.sync(kept).unwrap();
    log.sync_all().unwrap();
    assert_eq!(read(dir.path()).0, [b"kept".to_vec(), b"after".to_vec()]);
}

#[test]
fn each_lost_range_is_remembered() {
    let dir = tempfile::tempdir().unwrap();
    let log = Log::open(dir.path(), options(1 << 20)).unwrap();
    let (mut lost, mut kept) = (Vec::new(), Vec::new());
    for _ in 0..100 {
        disk::fault::fail_syncs(dir.path(), 0, 1);
        let lsn = log.append(&mut record(b"lost")).unwrap();
        assert!(log.sync(lsn).is_err());
        lost.push(lsn);
        let lsn = log.append(&mut record(b"kept")).unwrap();
        log.sync(lsn).unwrap();
        kept.push(lsn);
    }
    assert!(lost.iter().all(|lsn| log.sync(*lsn).is_err()));
    assert!(kept.iter().rev().take(60).all(|lsn| log.sync(*lsn).is_ok()));
    assert_eq!(read(dir.path()).0, vec![b"kept".to_vec(); 100]);
}

#[test]
fn a_sync_that_fails_as_a_segment_is_closed_is_told_to_who_waits() {
    let dir = tempfile::tempdir().unwrap();
    let log = Log::open(dir.path(), options(1 << 20)).unwrap();
    disk::fault::fail_syncs(dir.path(), 0, 1);
    let lost = log.append(&mut record(b"lost")).unwrap();
    assert_eq!(log.cut().unwrap(), SegmentId(2));
    assert!(log.sync(lost).is_err());
    assert!(log.sync_all().is_ok());
    assert_eq!(log.failures(), 1);
    // Again, and the next segment cannot be begun at once.
    let lost = log.append(&mut record(b"lost too")).unwrap();
    disk::fault::fail_syncs(dir.path(), 0, 2);
    assert!(log.cut().is_err());
    assert!(log.sync(lost).is_err());
    let kept = log.append(&mut record(b"kept")).unwrap();
    log.sync(kept).unwrap();
    assert_eq!(read(dir.path()).0, [b"kept".to_vec()]);
}

/// Writers, rolls and failing syncs in whatever order they come: what was acknowledged can be read.
#[test]
fn what_is_acknowledged_between_failing_syncs_is_on_disk() {
    for round in 0..20u32 {
        let dir = tempfile::tempdir().unwrap();
        let log = Log::open(dir.path(), options(200)).unwrap();
        disk::fault::fail_syncs(dir.path(), 3, 2);
        let acknowledged = parking_lot::Mutex::new(Vec::new());
        std::thread::scope(|scope| {
            for writer in 0..4u32 {
                let (log, acknowledged, dir) = (&log, &acknowledged, dir.path());
                scope.spawn(move || {
                    for i in 0..60u32 {
                        let number = writer << 16 | i;
                        if writer == 0 && i % 7 == 0 {
                            disk::fault::fail_syncs(dir, (round % 5) as usize, 1);
                        }
                        let Ok(lsn) = log.append(&mut record(&number.to_le_bytes())) else { continue };
                        if log.sync(lsn).is_ok() {
                            acknowledged.lock().push(number);
                        }
                    }
                });
            }
        });
        let (kept, _) = read(dir.path());
        let kept: std::collections::BTreeSet<u32> =
            kept.iter().map(|b| u32::from_le_bytes(b[..].try_into().unwrap())).collect();
        let acknowledged = acknowledged.into_inner();
        assert!(acknowledged.len() > 20 && log.failures() > 0);
        assert!(acknowledged.iter().all(|n| kept.contains(n)), "round {round}");
    }
}
