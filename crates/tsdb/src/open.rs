//! Opening a store: blocks, then the log.

use crate::block::{Block, BlockId};
use crate::error::OpenError;
use crate::exemplars::Exemplars;
use crate::head::{Epoch, Head};
use crate::options::Options;
use crate::replay::replay;
use crate::stats::Recovery;
use crate::store::{Parts, Store};
use crate::view::View;
use base::disk;
use std::collections::{BTreeMap, BTreeSet};
use std::fs::{File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use wal::{Log, LogError, LogOptions};

pub(crate) fn open(options: Options) -> Result<Store, OpenError> {
    let started = options.clock.monotonic();
    let dir = options.dir.clone();
    let blocks_dir = dir.join("blocks");
    let log_dir = dir.join("wal");
    for dir in [&dir, &blocks_dir, &log_dir] {
        disk::create_dir_all(dir).map_err(|e| io_error(dir, e))?;
    }
    let lock = lock(&dir.join("lock"))?;
    let mut recovery = Recovery::default();
    let blocks = open_blocks(&blocks_dir, &mut recovery).map_err(|e| io_error(&blocks_dir, e))?;

    let head = Head::new(options.series_max);
    let mut exemplars = Exemplars::new(options.exemplars_max);
    let mut metadata = BTreeMap::new();
    let segments = wal::read_segments(&log_dir).map_err(|e| io_error(&log_dir, e))?;
    let replayed = replay(&segments, &head, &mut exemplars, &mut metadata);
    drop(segments);
    for damage in &replayed.torn {
        wal::cut_torn(damage).map_err(|e| io_error(&damage.file, e))?;
    }
    recovery.replayed_samples = replayed.samples;
    recovery.replayed_series = replayed.series;
    recovery.replayed_bytes = replayed.bytes;
    recovery.damage = replayed.damage;
    head.measure();
    blocks.iter().for_each(|b| head.saw(b.meta().max_ms));

    let log_options = LogOptions { segment_bytes: options.wal_segment_bytes };
    let log = Log::open(&log_dir, log_options).map_err(|error| match error {
        LogError::Io(error) => {
            OpenError::Io { path: log_dir.clone(), error: io::Error::new(error.kind(), error.to_string()) }
        }
        other => OpenError::Io { path: log_dir.clone(), error: io::Error::other(other.to_string()) },
    })?;
    let view = View { epoch: Epoch::new(0), frozen: None, blocks: Arc::new(blocks) };
    recovery.took_ms = (options.clock.monotonic() - started).as_millis() as u64;
    let store = Store::new(Parts { options, recovery, head, log, view, exemplars, metadata, lock });
    // A head over its budget is for the first flush to cure.
    let _ = store.account();
    Ok(store)
}

/// Opens the blocks in a directory, ascending by id. Removes what a crash left: unfinished files, and blocks that were
/// merged into others.
fn open_blocks(dir: &Path, recovery: &mut Recovery) -> io::Result<Vec<Block>> {
    let mut blocks: BTreeMap<BlockId, Block> = BTreeMap::new();
    for path in disk::list(dir)? {
        match path.extension().and_then(|e| e.to_str()) {
            Some("tmp") => disk::remove_file(&path)?,
            Some("blk") => match Block::open(&path) {
                Ok(block) => {
                    blocks.insert(block.meta().id, block);
                }
                Err(error) => {
                    tracing::error!(%error, "a block cannot be opened; it is left where it is");
                    recovery.bad_blocks.push((path, error.to_string()));
                }
            },
            _ => {}
        }
    }
    let merged: BTreeSet<BlockId> = blocks.values().flat_map(|b| b.meta().sources.clone()).collect();
    for id in merged {
        if let Some(block) = blocks.remove(&id)
            && let Err(error) = block.remove()
        {
            tracing::warn!(%error, "a merged block could not be removed");
        }
    }
    Ok(blocks.into_values().collect())
}

fn lock(path: &Path) -> Result<File, OpenError> {
    let file = disk::open_append(path).map_err(|e| io_error(path, e))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(OpenError::Locked { path: path.to_owned() }),
        Err(TryLockError::Error(error)) => Err(io_error(path, error)),
    }
}

fn io_error(path: &Path, error: io::Error) -> OpenError {
    OpenError::Io { path: PathBuf::from(path), error }
}
