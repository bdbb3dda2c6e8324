//! What waits to be written out, on disk: records in numbered files.
//!
//! One writer appends; every endpoint reads on from its own place. A file is closed at a fixed length and removed when
//! all endpoints have passed it, or when a record would bring the spool over its limit: then the oldest samples are
//! lost to whoever has not read them, and [`Spool::append`] says so. The writer holds the limit, not the readers: it
//! holds when nobody reads. A record is `length (4) checksum (4) body`, little-endian, the checksum a CRC-32C of the
//! body. A torn or damaged record ends its file: readers go on with the next one, and the writer begins a new file
//! after every start, so that it never writes behind one.
//!
//! Records reach the kernel before [`Spool::append`] returns and the disk when the kernel sees fit: the store is what
//! keeps samples safe, the spool is what gets them out.

use base::disk;
use parking_lot::Mutex;
use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Write};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use tokio::sync::watch;

/// Length at which a file is closed: what is lost at once when the spool is full. Of a small spool it is a part.
const SEGMENT_BYTES: u64 = 16 << 20;
const SEGMENTS_MIN: u64 = 8;
/// Length and checksum.
const FRAME_BYTES: usize = 8;
/// A record is one committed batch; a longer length is damage.
const RECORD_BYTES_MAX: usize = 256 << 20;
const EXTENSION: &str = "spool";

/// A place between records.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    pub segment: u64,
    pub offset: u64,
}

/// A file that was removed though not all may have read it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dropped {
    pub segment: u64,
    pub bytes: u64,
}

impl Dropped {
    /// How much of it a reader that had come to a place loses.
    pub fn bytes_behind(&self, place: Place) -> u64 {
        match self.segment.cmp(&place.segment) {
            Ordering::Less => 0,
            Ordering::Equal => self.bytes.saturating_sub(place.offset),
            Ordering::Greater => self.bytes,
        }
    }
}

/// See the module.
pub struct Spool {
    dir: PathBuf,
    bytes_max: u64,
    segment_bytes: u64,
    writer: Mutex<Writer>,
    end: watch::Sender<Place>,
}

struct Writer {
    file: File,
    at: Place,
    /// Closed files and their lengths.
    closed: BTreeMap<u64, u64>,
    /// Length of all files, the open one included.
    bytes: u64,
    /// A write failed halfway and could not be taken back: the next record goes to a new file.
    spoiled: bool,
}

impl Spool {
    /// Opens the spool in a directory, which is created.
    pub fn open(dir: &Path, bytes_max: u64) -> io::Result<Spool> {
        disk::create_dir_all(dir)?;
        let mut closed = BTreeMap::new();
        for path in disk::list(dir)? {
            if let Some(segment) = segment_of(&path) {
                closed.insert(segment, disk::len(&path)?);
            }
        }
        // An empty last file is used: numbers never go back, since positions are made of them.
        let segment = match closed.last_key_value() {
            None => 1,
            Some((last, 0)) => *last,
            Some((last, _)) => last + 1,
        };
        closed.remove(&segment);
        let at = Place { segment, offset: 0 };
        // Appending, so that what is written behind a truncation stands at the end.
        let file = disk::open_append(&dir.join(file_name(segment)))?;
        let bytes = closed.values().sum();
        let writer = Mutex::new(Writer { file, at, closed, bytes, spoiled: false });
        let segment_bytes = SEGMENT_BYTES.min(bytes_max / SEGMENTS_MIN);
        Ok(Spool { dir: dir.to_owned(), bytes_max, segment_bytes, writer, end: watch::Sender::new(at) })
    }

    /// Appends a record, and removes the oldest files when there is no room: they are told, unless the write fails
    /// after that. On an error nothing was appended.
    pub fn append(&self, body: &[u8]) -> io::Result<Vec<Dropped>> {
        let length = (FRAME_BYTES + body.len()) as u64;
        if body.len() > RECORD_BYTES_MAX || length > self.bytes_max {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "record too long for the spool"));
        }
        let mut record = Vec::with_capacity(FRAME_BYTES + body.len());
        record.extend_from_slice(&(body.len() as u32).to_le_bytes());
        record.extend_from_slice(&crc32c::crc32c(body).to_le_bytes());
        record.extend_from_slice(body);
        let mut writer = self.writer.lock();
        if writer.spoiled || (writer.at.offset > 0 && writer.at.offset + length > self.segment_bytes) {
            self.roll(&mut writer)?;
        }
        let dropped = self.make_room(&mut writer, length);
        if let Err(error) = writer.file.write_all(&record) {
            let whole = writer.at.offset;
            writer.spoiled = writer.file.set_len(whole).is_err();
            return Err(error);
        }
        writer.at.offset += length;
        writer.bytes += length;
        self.end.send_replace(writer.at);
        Ok(dropped)
    }

    /// Removes the oldest files until so many bytes fit.
    fn make_room(&self, writer: &mut Writer, bytes: u64) -> Vec<Dropped> {
        let mut dropped = Vec::new();
        while writer.bytes + bytes > self.bytes_max
            && let Some((segment, length)) = writer.closed.pop_first()
        {
            writer.bytes -= length;
            dropped.push(Dropped { segment, bytes: length });
            if let Err(error) = self.remove(segment) {
                tracing::error!(%error, segment, "remote write: an old file of the spool stays on disk");
            }
        }
        dropped
    }

    /// Removes a file; one that is gone already is no error.
    fn remove(&self, segment: u64) -> io::Result<()> {
        match disk::remove_file(&self.dir.join(file_name(segment))) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    fn roll(&self, writer: &mut Writer) -> io::Result<()> {
        let next = writer.at.segment + 1;
        let file = disk::open_append(&self.dir.join(file_name(next)))?;
        let (segment, length) = (writer.at.segment, writer.at.offset);
        writer.closed.insert(segment, length);
        (writer.file, writer.at, writer.spoiled) = (file, Place { segment: next, offset: 0 }, false);
        Ok(())
    }

    /// Where the next record will stand. Readers wait for it to change.
    pub fn end(&self) -> watch::Receiver<Place> {
        self.end.subscribe()
    }

    /// The oldest place that can still be read.
    pub fn start(&self) -> Place {
        let writer = self.writer.lock();
        let segment = writer.closed.first_key_value().map_or(writer.at.segment, |(first, _)| *first);
        Place { segment, offset: 0 }
    }

    /// Bytes from a place to the end.
    pub fn bytes_behind(&self, place: Place) -> u64 {
        let writer = self.writer.lock();
        let closed: u64 = writer.closed.range(place.segment..).map(|(_, bytes)| *bytes).sum();
        (closed + writer.at.offset).saturating_sub(place.offset)
    }

    /// Removes the files that all readers have passed.
    pub fn tidy(&self, slowest: Place) -> io::Result<()> {
        let mut writer = self.writer.lock();
        while let Some(first) = writer.closed.first_entry()
            && *first.key() < slowest.segment
        {
            let (segment, length) = first.remove_entry();
            writer.bytes -= length;
            self.remove(segment)?;
        }
        Ok(())
    }

    /// The record at a place or the first behind it, and where the one after it stands. `None` at the end. Damage
    /// is stepped over with the rest of its file; `damaged` is told how many bytes that was.
    pub fn read(&self, from: Place, damaged: &mut u64) -> io::Result<Option<(Vec<u8>, Place)>> {
        let mut place = from.max(self.start());
        let end = *self.end.borrow();
        while place < end {
            let segment_end = match place.segment == end.segment {
                true => Some(end.offset),
                false => self.writer.lock().closed.get(&place.segment).copied(),
            };
            let Some(length) = segment_end else {
                place = self.next_segment(place.segment);
                continue;
            };
            if place.offset >= length {
                place = self.next_segment(place.segment);
                continue;
            }
            match read_record(&self.dir.join(file_name(place.segment)), place.offset, length) {
                Ok(Some(body)) => {
                    let offset = place.offset + (FRAME_BYTES + body.len()) as u64;
                    return Ok(Some((body, Place { offset, ..place })));
                }
                // The file was removed meanwhile, or ends in damage.
                Ok(None) => *damaged += length - place.offset,
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(error),
            }
            if place.segment == end.segment {
                return Ok(None); // our own last record, and not readable: nothing can stand behind it yet
            }
            place = self.next_segment(place.segment);
        }
        Ok(None)
    }

    fn next_segment(&self, segment: u64) -> Place {
        let writer = self.writer.lock();
        let next = writer.closed.range(segment + 1..).next().map_or(writer.at.segment, |(next, _)| *next);
        Place { segment: next, offset: 0 }
    }
}

fn read_record(path: &Path, offset: u64, end: u64) -> io::Result<Option<Vec<u8>>> {
    let file = disk::open(path)?;
    let mut frame = [0; FRAME_BYTES];
    if end - offset < FRAME_BYTES as u64 {
        return Ok(None);
    }
    file.read_exact_at(&mut frame, offset)?;
    let [a, b, c, d, checksum @ ..] = frame;
    let length = u32::from_le_bytes([a, b, c, d]) as usize;
    if length > RECORD_BYTES_MAX || length as u64 > end - offset - FRAME_BYTES as u64 {
        return Ok(None);
    }
    let mut body = vec![0; length];
    file.read_exact_at(&mut body, offset + FRAME_BYTES as u64)?;
    Ok((crc32c::crc32c(&body) == u32::from_le_bytes(checksum)).then_some(body))
}

fn file_name(segment: u64) -> String {
    format!("{segment:08}.{EXTENSION}")
}

fn segment_of(path: &Path) -> Option<u64> {
    let is_spool = path.extension().is_some_and(|e| e == EXTENSION);
    path.file_stem()?.to_str()?.parse().ok().filter(|_| is_spool)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_all(spool: &Spool, from: Place) -> (Vec<Vec<u8>>, u64) {
        let (mut place, mut damaged, mut all) = (from, 0, Vec::new());
        while let Some((body, next)) = spool.read(place, &mut damaged).unwrap() {
            all.push(body);
            place = next;
        }
        (all, damaged)
    }

    #[test]
    fn records_are_read_in_order_and_after_a_restart() {
        let dir = tempfile::tempdir().unwrap();
        let spool = Spool::open(dir.path(), 1 << 30).unwrap();
        assert_eq!(read_all(&spool, Place::default()).0.len(), 0);
        spool.append(b"one").unwrap();
        spool.append(b"").unwrap();
        let (_, behind_one) = spool.read(Place::default(), &mut 0).unwrap().unwrap();
        drop(spool);
        let spool = Spool::open(dir.path(), 1 << 30).unwrap();
        spool.append(b"two").unwrap();
        assert_eq!(read_all(&spool, Place::default()).0, [&b"one"[..], b"", b"two"]);
        assert_eq!(read_all(&spool, behind_one).0, [&b""[..], b"two"]);
        assert_eq!(spool.bytes_behind(behind_one), 8 + 8 + 3);
    }

    #[test]
    fn starts_without_records_leave_nothing() {
        let dir = tempfile::tempdir().unwrap();
        for _ in 0..3 {
            Spool::open(dir.path(), 1 << 30).unwrap();
        }
        assert_eq!(disk::list(dir.path()).unwrap().len(), 1);
    }

    #[test]
    fn damage_ends_a_file_and_no_more() {
        let dir = tempfile::tempdir().unwrap();
        let spool = Spool::open(dir.path(), 1 << 30).unwrap();
        spool.append(b"one").unwrap();
        spool.append(b"two").unwrap();
        spool.append(b"three").unwrap();
        drop(spool);
        let path = dir.path().join("00000001.spool");
        let mut bytes = disk::read(&path).unwrap();
        bytes[11 + 9] ^= 1;
        disk::write_atomic(&path, &bytes).unwrap();
        let spool = Spool::open(dir.path(), 1 << 30).unwrap();
        spool.append(b"four").unwrap();
        assert_eq!(read_all(&spool, Place::default()), (vec![b"one".to_vec(), b"four".to_vec()], 11 + 13));
        bytes.truncate(15);
        disk::write_atomic(&path, &bytes).unwrap();
        let spool = Spool::open(dir.path(), 1 << 30).unwrap();
        assert_eq!(read_all(&spool, Place::default()), (vec![b"one".to_vec(), b"four".to_vec()], 4));
    }

    #[test]
    fn files_go_when_they_were_read_or_the_spool_is_full() {
        let dir = tempfile::tempdir().unwrap();
        let record = vec![7; (SEGMENT_BYTES / 2) as usize];
        let spool = Spool::open(dir.path(), 3 * SEGMENT_BYTES).unwrap();
        // Two of these do not fit a file.
        (0..5).for_each(|_| assert_eq!(spool.append(&record).unwrap(), []));
        spool.tidy(Place { segment: 2, offset: 0 }).unwrap();
        assert_eq!(spool.start(), Place { segment: 2, offset: 0 });
        assert_eq!(read_all(&spool, Place::default()).0.len(), 4);
        let length = (FRAME_BYTES + record.len()) as u64;
        let dropped: Vec<Dropped> = (0..5).flat_map(|_| spool.append(&record).unwrap()).collect();
        assert_eq!(dropped, [2, 3, 4, 5].map(|segment| Dropped { segment, bytes: length }));
        assert_eq!(read_all(&spool, Place::default()).0.len(), 5);
        assert_eq!(disk::list(dir.path()).unwrap().len(), 5);
        // Whoever stood in the first of them loses the rest of it.
        let place = Place { segment: 3, offset: 8 };
        assert_eq!(
            dropped.iter().map(|d| d.bytes_behind(place)).collect::<Vec<_>>(),
            [0, length - 8, length, length]
        );
    }

    #[test]
    fn a_spool_is_never_over_its_limit() {
        let dir = tempfile::tempdir().unwrap();
        let on_disk =
            || -> u64 { disk::list(dir.path()).unwrap().iter().map(|p| disk::len(p).unwrap()).sum() };
        let spool = Spool::open(dir.path(), 10_000).unwrap();
        for length in [0, 1, 900, 3_000, 9_992].into_iter().cycle().take(100) {
            spool.append(&vec![7; length]).unwrap();
            assert!(on_disk() <= 10_000);
        }
        assert!(spool.append(&[7; 9_993]).is_err());
        assert_eq!(read_all(&spool, Place::default()), (vec![vec![7; 9_992]], 0));
        drop(spool);
        // A smaller limit holds from the first record on.
        let spool = Spool::open(dir.path(), 100).unwrap();
        assert_eq!(spool.append(b"x").unwrap().iter().map(|d| d.bytes).sum::<u64>(), 10_000);
        assert_eq!(on_disk(), 9);
    }

    #[test]
    fn readers_hear_of_new_records() {
        let dir = tempfile::tempdir().unwrap();
        let spool = Spool::open(dir.path(), 1 << 30).unwrap();
        let end = spool.end();
        assert!(!end.has_changed().unwrap());
        spool.append(b"x").unwrap();
        assert!(end.has_changed().unwrap());
        assert_eq!(*end.borrow(), Place { segment: 1, offset: 9 });
    }
}
