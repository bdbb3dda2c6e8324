//! An open block: selecting series, reading their samples, deleting, streaming the whole.

use crate::block::bytes::{BlockBytes, io_error};
use crate::block::format::{Band, OpenFile, Section};
use crate::block::index::{Index, LabelReader};
use crate::block::scan::{Scan, Unpacked};
use crate::block::tombstones::Tombstones;
use crate::block::{
    BlockError, BlockId, BlockMeta, Interval, LabelStats, SeriesColumns, SeriesStream, WriteOptions, select,
    stats, write_block,
};
use model::{Labels, Matcher, Samples};
use parking_lot::{Mutex, RwLock};
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;

/// An open block. Cloning is cheap; clones share caches and tombstones. The file may be unlinked while it is open.
#[derive(Clone)]
pub struct Block(Arc<Inner>);

struct Inner {
    file: OpenFile,
    index: Index,
    unpacked: Option<Arc<Unpacked>>,
    tombstones: RwLock<Arc<Tombstones>>,
    /// Held while tombstones are written.
    deleting: Mutex<()>,
}

impl Block {
    /// Opens `<id>.blk` and, when there is one, `<id>.tomb` beside it. Reads header and footer only.
    pub fn open(path: &Path) -> Result<Block, BlockError> {
        let map = base::disk::Map::open(path).map_err(io_error(path))?;
        Block::from_bytes(path, Box::new(map))
    }

    /// Writes a block, see [`write_block`], and opens it. On an error there is no file: nothing comes back at the
    /// next start.
    pub fn write(
        dir: &Path,
        id: BlockId,
        options: WriteOptions,
        stream: &mut dyn SeriesStream,
    ) -> Result<Option<Block>, BlockError> {
        let Some(meta) = write_block(dir, id, options, stream)? else { return Ok(None) };
        let path = dir.join(meta.id.file_name());
        let opened = Block::open(&path);
        if opened.is_err() {
            let _ = base::disk::remove_file(&path);
        }
        opened.map(Some)
    }

    /// A block whose bytes come from elsewhere; `path` names it in errors and tells where its deletions are.
    pub fn from_bytes(path: &Path, bytes: Box<dyn BlockBytes>) -> Result<Block, BlockError> {
        let file = OpenFile::open(path, bytes)?;
        let meta = &file.footer.meta;
        let tombstones = Tombstones::load(&Tombstones::path(path), meta.id, meta.series as u32)?;
        let unpacked = Unpacked::of_level(meta.level);
        Ok(Block(Arc::new(Inner {
            unpacked,
            file,
            index: Index::new(),
            tombstones: RwLock::new(Arc::new(tombstones)),
            deleting: Mutex::new(()),
        })))
    }

    pub fn meta(&self) -> &BlockMeta {
        &self.0.file.footer.meta
    }

    pub fn path(&self) -> &Path {
        &self.0.file.path
    }

    /// The ordinals of the series that pass all matchers, ascending, which is in order of labels.
    pub fn select(&self, matchers: &[Matcher]) -> Result<Vec<u32>, BlockError> {
        let set = select::select(&self.0.file, &self.0.index, matchers)?;
        let mut ordinals = Vec::with_capacity(set.len());
        ordinals.extend(set.iter());
        Ok(ordinals)
    }

    pub fn labels(&self, ordinal: u32) -> Result<Labels, BlockError> {
        LabelReader::default().labels(&self.0.file, &self.0.index, ordinal)
    }

    /// The labels of many series (ordinals ascending), each page of them unpacked once.
    pub fn labels_of(&self, ordinals: &[u32], visit: &mut dyn FnMut(u32, Labels)) -> Result<(), BlockError> {
        let mut reader = LabelReader::default();
        for ordinal in ordinals {
            visit(*ordinal, reader.labels(&self.0.file, &self.0.index, *ordinal)?);
        }
        Ok(())
    }

    /// Reads the samples in `start_excl < t <= end_incl` of series (ordinals ascending), each series once, in that
    /// order; series without a sample there are left out. Several threads may read at once.
    ///
    /// A damaged page does not end the reading: all else is visited, then the first damage is returned. So a caller
    /// who may serve what is left has it, and one who may not sees the error.
    pub fn read(
        &self,
        ordinals: &[u32],
        start_excl: i64,
        end_incl: i64,
        visit: &mut dyn FnMut(u32, Samples<'_>) -> ControlFlow<()>,
    ) -> Result<(), BlockError> {
        self.reader(start_excl, end_incl).read(ordinals, visit)
    }

    /// For several reads of one range of time: what one has unpacked, the next finds. One thread, one reader.
    pub fn reader(&self, start_excl: i64, end_incl: i64) -> BlockReader {
        BlockReader {
            tombstones: self.0.tombstones.read().clone(),
            block: self.clone(),
            scan: Scan::with(self.0.unpacked.clone()),
            deleted: Vec::new(),
            band: None,
            range: (start_excl.saturating_add(1), end_incl),
            empty: start_excl == i64::MAX,
            damage: None,
        }
    }

    /// Names of labels of the series that pass all matchers, ascending.
    pub fn label_names(&self, matchers: &[Matcher]) -> Result<Vec<String>, BlockError> {
        select::label_names(&self.0.file, &self.0.index, matchers)
    }

    /// Values of a label among the series that pass all matchers, ascending.
    pub fn label_values(&self, name: &str, matchers: &[Matcher]) -> Result<Vec<String>, BlockError> {
        select::label_values(&self.0.file, &self.0.index, name, matchers)
    }

    /// The `limit` largest of each list.
    pub fn label_stats(&self, limit: usize) -> Result<LabelStats, BlockError> {
        stats::label_stats(&self.0.file, &self.0.index, limit)
    }

    /// Marks samples as deleted, durably (`<id>.tomb`). Returns how many series it touched.
    pub fn delete(&self, matchers: &[Matcher], interval: Interval) -> Result<u64, BlockError> {
        let meta = self.meta();
        if interval.min_ms > interval.max_ms || interval.max_ms < meta.min_ms || interval.min_ms > meta.max_ms
        {
            return Ok(0);
        }
        let series = select::select(&self.0.file, &self.0.index, matchers)?;
        if series.is_empty() {
            return Ok(0);
        }
        let n = series.len() as u64;
        let _deleting = self.0.deleting.lock();
        let all = self.0.tombstones.read().with(series, interval);
        all.save(&Tombstones::path(self.path()), meta.id)?;
        *self.0.tombstones.write() = Arc::new(all);
        Ok(n)
    }

    /// Whether samples of it are marked as deleted: a merge or rewrite drops them for good.
    pub fn has_tombstones(&self) -> bool {
        !self.0.tombstones.read().is_empty()
    }

    /// Makes the block, and what is deleted from it, appear in another directory of the same file system.
    pub fn link_into(&self, dir: &Path) -> Result<(), BlockError> {
        let _deleting = self.0.deleting.lock();
        let tombstones = Tombstones::path(self.path());
        for path in [self.path(), &tombstones] {
            if let Some(name) = path.file_name().filter(|_| base::disk::exists(path)) {
                base::disk::hard_link(path, &dir.join(name)).map_err(io_error(path))?;
            }
        }
        base::disk::sync_dir(dir).map_err(io_error(dir))
    }

    /// Removes the files of a block. It stays readable while it is open.
    pub fn remove(&self) -> Result<(), BlockError> {
        let _deleting = self.0.deleting.lock();
        // The block first: a deletion without a block is harmless, a block without its deletions is not.
        match base::disk::remove_file(self.path()) {
            // An earlier attempt came as far as that.
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            removed => removed.map_err(io_error(self.path()))?,
        }
        let tombstones = Tombstones::path(self.path());
        if base::disk::exists(&tombstones) {
            base::disk::remove_file(&tombstones).map_err(io_error(&tombstones))?;
        }
        self.path().parent().map_or(Ok(()), |dir| base::disk::sync_dir(dir).map_err(io_error(dir)))
    }

    /// How many bytes each part of the file takes, a line each: for people.
    pub fn layout(&self) -> Result<String, BlockError> {
        self.0.file.layout()
    }

    /// All its series and samples but the deleted ones. Ends with the first damage.
    pub fn stream(&self) -> BlockStream {
        BlockStream {
            tombstones: self.0.tombstones.read().clone(),
            block: self.clone(),
            scan: Scan::default(),
            deleted: Vec::new(),
            next: 0,
            band: None,
            reader: LabelReader::default(),
            labels: Labels::empty(),
        }
    }
}

/// See [`Block::reader`].
pub struct BlockReader {
    block: Block,
    tombstones: Arc<Tombstones>,
    scan: Scan,
    deleted: Vec<Interval>,
    /// The one at hand.
    band: Option<Band>,
    /// Both ends inclusive.
    range: (i64, i64),
    empty: bool,
    damage: Option<BlockError>,
}

impl BlockReader {
    /// See [`Block::read`].
    pub fn read(
        &mut self,
        ordinals: &[u32],
        visit: &mut dyn FnMut(u32, Samples<'_>) -> ControlFlow<()>,
    ) -> Result<(), BlockError> {
        for ordinal in ordinals {
            if let Some(samples) = self.series(*ordinal)?
                && visit(*ordinal, samples).is_break()
            {
                // Who has seen enough need not hear of damage.
                let _ = self.finish();
                return Ok(());
            }
        }
        self.finish()
    }

    /// The samples of one series; `None` when there are none. Fastest when ordinals ascend from call to call. What is in
    /// damaged pages is left out, and told at the end by [`BlockReader::finish`].
    pub fn series(&mut self, ordinal: u32) -> Result<Option<Samples<'_>>, BlockError> {
        if self.empty {
            return Ok(None);
        }
        if self.band.is_none_or(|b| ordinal.wrapping_sub(b.first_ordinal) >= b.ordinals) {
            self.load(ordinal)?;
        }
        self.tombstones.of(ordinal, &mut self.deleted);
        let damage = &mut self.damage;
        let mut damaged = |e: BlockError| {
            damage.get_or_insert(e);
            Ok(())
        };
        self.scan.series(&self.block.0.file, ordinal, self.range, &self.deleted, &mut damaged)
    }

    /// The first damage since the last call.
    pub fn finish(&mut self) -> Result<(), BlockError> {
        // Pages that were left out are tried again, so that the damage is seen again.
        match self.damage.take() {
            Some(damage) => {
                self.band = None;
                Err(damage)
            }
            None => Ok(()),
        }
    }

    /// Loads the band of a series.
    fn load(&mut self, ordinal: u32) -> Result<(), BlockError> {
        let file = &self.block.0.file;
        let bands = file.table::<Band>(Section::Bands)?;
        let at = bands.partition_point(0..bands.len(), |b| b.first_ordinal <= ordinal);
        let band = (at > 0).then(|| bands.get(at - 1)).filter(|b| ordinal - b.first_ordinal < b.ordinals);
        let Some(band) = band else {
            return Err(file
                .section_place(Section::Bands)
                .corrupt(format!("series {ordinal} is in no band")));
        };
        let damage = &mut self.damage;
        let mut damaged = |e: BlockError| {
            damage.get_or_insert(e);
            Ok(())
        };
        self.scan.load(file, &band, self.range, &mut damaged)?;
        self.band = Some(band);
        Ok(())
    }
}

/// See [`Block::stream`].
pub struct BlockStream {
    block: Block,
    tombstones: Arc<Tombstones>,
    scan: Scan,
    deleted: Vec<Interval>,
    next: u32,
    band: Option<(usize, Band)>,
    reader: LabelReader,
    labels: Labels,
}

const ALL_TIME: (i64, i64) = (i64::MIN, i64::MAX);

impl BlockStream {
    /// Loads the band of the next series, unless it is loaded.
    fn load(&mut self) -> Result<(), BlockError> {
        if self.band.is_some_and(|(_, b)| self.next - b.first_ordinal < b.ordinals) {
            return Ok(());
        }
        let file = &self.block.0.file;
        let at = self.band.map_or(0, |(at, _)| at + 1);
        let bands = file.table::<Band>(Section::Bands)?;
        let band = (at < bands.len())
            .then(|| bands.get(at))
            .filter(|b| b.first_ordinal == self.next && b.ordinals > 0);
        let Some(band) = band else {
            return Err(file
                .section_place(Section::Bands)
                .corrupt(format!("series {} is in no band", self.next)));
        };
        self.scan.load(file, &band, ALL_TIME, &mut Err)?;
        self.band = Some((at, band));
        Ok(())
    }
}

impl SeriesStream for BlockStream {
    fn next(&mut self) -> Result<Option<SeriesColumns<'_>>, BlockError> {
        loop {
            if u64::from(self.next) >= self.block.meta().series {
                return Ok(None);
            }
            self.load()?;
            let ordinal = self.next;
            self.next += 1;
            self.tombstones.of(ordinal, &mut self.deleted);
            let file = &self.block.0.file;
            if self.scan.series(file, ordinal, ALL_TIME, &self.deleted, &mut Err)?.is_some() {
                self.labels = self.reader.labels(file, &self.block.0.index, ordinal)?;
                break;
            }
        }
        Ok(Some(SeriesColumns { labels: &self.labels, samples: self.scan.samples() }))
    }
}
