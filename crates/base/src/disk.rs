//! Files. Thin names over the standard library, plus the few things it lacks: atomic replacement, syncing a
//! directory, free space, and memory maps.

#![allow(clippy::disallowed_methods)] // this is the door

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

pub fn read(path: &Path) -> io::Result<Vec<u8>> {
    fs::read(path)
}

pub fn read_to_string(path: &Path) -> io::Result<String> {
    fs::read_to_string(path)
}

pub fn open(path: &Path) -> io::Result<File> {
    File::open(path)
}

/// Creates or truncates a file for reading and writing.
pub fn create(path: &Path) -> io::Result<File> {
    OpenOptions::new().read(true).write(true).create(true).truncate(true).open(path)
}

/// Writes to an existing file without truncating it: for the kernel's control files.
pub fn write_in_place(path: &Path, bytes: &[u8]) -> io::Result<()> {
    OpenOptions::new().write(true).open(path)?.write_all(bytes)
}

/// Opens a file for reading and appending, creating it when it is absent.
pub fn open_append(path: &Path) -> io::Result<File> {
    OpenOptions::new().read(true).append(true).create(true).open(path)
}

/// Opens an existing file for reading and writing in place.
pub fn open_write(path: &Path) -> io::Result<File> {
    OpenOptions::new().read(true).write(true).open(path)
}

/// Writes all bytes at the end of a file that was opened for appending at `path`.
pub fn append_all(mut file: &File, path: &Path, bytes: &[u8]) -> io::Result<()> {
    let room = fault::room(path, bytes.len());
    file.write_all(&bytes[..room])?;
    if room < bytes.len() { Err(io::Error::from_raw_os_error(libc::ENOSPC)) } else { Ok(()) }
}

/// Makes the bytes of a file, which was opened at `path`, durable.
pub fn sync_data(file: &File, path: &Path) -> io::Result<()> {
    fault::sync(file, path)?;
    file.sync_data()
}

pub fn create_dir_all(path: &Path) -> io::Result<()> {
    fs::create_dir_all(path)
}

pub fn remove_file(path: &Path) -> io::Result<()> {
    fs::remove_file(path)
}

pub fn remove_dir_all(path: &Path) -> io::Result<()> {
    fs::remove_dir_all(path)
}

pub fn rename(from: &Path, to: &Path) -> io::Result<()> {
    fs::rename(from, to)
}

pub fn hard_link(from: &Path, to: &Path) -> io::Result<()> {
    fs::hard_link(from, to)
}

pub fn exists(path: &Path) -> bool {
    path.exists()
}

pub fn len(path: &Path) -> io::Result<u64> {
    Ok(fs::metadata(path)?.len())
}

/// Last modification, Unix milliseconds.
pub fn modified_ms(path: &Path) -> io::Result<i64> {
    let at = fs::metadata(path)?.modified()?;
    Ok(at.duration_since(std::time::UNIX_EPOCH).map_or(0, |d| d.as_millis() as i64))
}

/// The paths in a directory, sorted by name.
pub fn list(path: &Path) -> io::Result<Vec<PathBuf>> {
    let mut paths = fs::read_dir(path)?.map(|e| Ok(e?.path())).collect::<io::Result<Vec<_>>>()?;
    paths.sort();
    Ok(paths)
}

/// Makes the names in a directory durable.
pub fn sync_dir(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}

/// Replaces a file so that a crash leaves the old or the new content, never a mixture.
pub fn write_atomic(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut name = path.as_os_str().to_owned();
    name.push(".tmp");
    let temporary = PathBuf::from(name);
    let mut file = create(&temporary)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    rename(&temporary, path)?;
    path.parent().map_or(Ok(()), sync_dir)
}

/// The bytes under a directory, links followed once.
pub fn tree_len(path: &Path) -> io::Result<u64> {
    let mut sum = 0;
    for entry in list(path)? {
        sum += if entry.is_dir() { tree_len(&entry)? } else { len(&entry)? };
    }
    Ok(sum)
}

/// Space on the file system of `path`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Space {
    pub total_bytes: u64,
    /// What an ordinary user may still write.
    pub free_bytes: u64,
}

#[allow(unsafe_code)] // statvfs has no safe wrapper in the standard library
pub fn space(path: &Path) -> io::Result<Space> {
    use std::os::unix::ffi::OsStrExt;
    let c_path = std::ffi::CString::new(path.as_os_str().as_bytes())
        .map_err(|_| io::Error::new(io::ErrorKind::InvalidInput, "path with a NUL byte"))?;
    // SAFETY: `c_path` is NUL-terminated and outlives the call; statvfs writes only the struct it is given, for
    // which all zeroes is a valid value.
    let stat = unsafe {
        let mut stat: libc::statvfs = std::mem::zeroed();
        if libc::statvfs(c_path.as_ptr(), &mut stat) != 0 {
            return Err(io::Error::last_os_error());
        }
        stat
    };
    let unit = stat.f_frsize as u64;
    Ok(Space { total_bytes: stat.f_blocks as u64 * unit, free_bytes: stat.f_bavail as u64 * unit })
}

/// A read-only memory map of an immutable file.
pub struct Map(memmap2::Mmap);

impl Map {
    #[allow(unsafe_code)] // a map is sound only while nobody truncates the file
    pub fn open(path: &Path) -> io::Result<Map> {
        let file = File::open(path)?;
        // SAFETY: only immutable files are mapped (blocks, sealed segments): they are written once, synced, renamed
        // into place and later unlinked, never truncated or rewritten.
        Ok(Map(unsafe { memmap2::Mmap::map(&file)? }))
    }
}

impl std::ops::Deref for Map {
    type Target = [u8];
    fn deref(&self) -> &[u8] {
        &self.0
    }
}

/// Whether an error says that the disk (or a quota) is full.
pub fn is_full(error: &io::Error) -> bool {
    matches!(error.raw_os_error(), Some(libc::ENOSPC) | Some(libc::EDQUOT))
}

/// Faults that tests arrange. Nothing here costs a running system more than one load.
pub mod fault {
    use super::{File, OpenOptions, Path, PathBuf, io};
    use parking_lot::Mutex;
    use std::collections::BTreeMap;
    use std::os::unix::fs::FileExt;
    use std::sync::atomic::{AtomicBool, Ordering};

    static ANY: AtomicBool = AtomicBool::new(false);
    static FULL: Mutex<Vec<(PathBuf, usize)>> = Mutex::new(Vec::new());
    static SYNCS: Mutex<Vec<Syncs>> = Mutex::new(Vec::new());

    /// The syncs under a directory.
    struct Syncs {
        dir: PathBuf,
        /// So many succeed, then so many fail, then all succeed.
        pass: usize,
        fail: usize,
        /// What is durable of each file.
        lengths: BTreeMap<PathBuf, u64>,
    }

    /// From now on [`super::append_all`] finds room for this many more bytes under a directory.
    pub fn fill(dir: &Path, room_bytes: usize) {
        FULL.lock().push((dir.to_owned(), room_bytes));
        ANY.store(true, Ordering::SeqCst);
    }

    /// There is room again.
    pub fn empty(dir: &Path) {
        FULL.lock().retain(|(d, _)| d != dir);
    }

    /// Of the next calls of [`super::sync_data`] under a directory `pass` succeed, then `fail` fail. One that fails
    /// does what the kernel may do: it forgets what was written since the last one (zeroes come in its place) and
    /// says so once.
    pub fn fail_syncs(dir: &Path, pass: usize, fail: usize) {
        let mut all = SYNCS.lock();
        let lengths = match all.iter().position(|s| s.dir == dir) {
            Some(at) => all.swap_remove(at).lengths,
            None => lengths(dir),
        };
        all.push(Syncs { dir: dir.to_owned(), pass, fail, lengths });
        ANY.store(true, Ordering::SeqCst);
    }

    fn lengths(dir: &Path) -> BTreeMap<PathBuf, u64> {
        let paths = super::list(dir).unwrap_or_default();
        paths.into_iter().filter_map(|p| super::len(&p).ok().map(|length| (p, length))).collect()
    }

    pub(super) fn sync(file: &File, path: &Path) -> io::Result<()> {
        if !ANY.load(Ordering::Relaxed) {
            return Ok(());
        }
        let mut all = SYNCS.lock();
        let Some(syncs) = all.iter_mut().find(|s| path.starts_with(&s.dir)) else { return Ok(()) };
        let length = file.metadata()?.len();
        if syncs.pass > 0 || syncs.fail == 0 {
            syncs.pass = syncs.pass.saturating_sub(1);
            syncs.lengths.insert(path.to_owned(), length);
            return Ok(());
        }
        syncs.fail -= 1;
        let kept = syncs.lengths.get(path).copied().unwrap_or(0).min(length);
        // Its own handle: what is open for appending writes at the end, wherever it is told to.
        let file = OpenOptions::new().write(true).open(path)?;
        file.write_all_at(&vec![0; (length - kept) as usize], kept)?;
        Err(io::Error::from_raw_os_error(libc::EIO))
    }

    /// How many of the wanted bytes may be written.
    pub(super) fn room(path: &Path, wanted: usize) -> usize {
        if !ANY.load(Ordering::Relaxed) {
            return wanted;
        }
        let mut full = FULL.lock();
        let Some((_, left)) = full.iter_mut().find(|(dir, _)| path.starts_with(dir)) else { return wanted };
        let room = wanted.min(*left);
        *left -= room;
        room
    }
}
