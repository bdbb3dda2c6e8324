//! Writes a block from a stream of series.
//!
//! Series are cut at windows of time. For each window a page and its timelines grow; when any page is full the band
//! ends and the pages of all windows are written. What is in memory is one band, the timelines' hashes, and the
//! index.

use crate::block::bytes::io_error;
use crate::block::format::{Band, BlockFile, PageRecord, Section, TimelineRecord};
use crate::block::index_writer::IndexWriter;
use crate::block::page::PageWriter;
use crate::block::squeeze::Squeezer;
use crate::block::timelines::{TimelinePage, TimelineWriter};
use crate::block::{BlockError, BlockId, BlockMeta, SeriesColumns, SeriesStream};
use model::Labels;
use std::collections::BTreeMap;
use std::path::Path;

/// A window of time: six hours, 1,440 samples at 15 s. The shorter, the less a query of an hour decodes in vain;
/// the longer, the less the heads of columns cost.
const WINDOW_MS: i64 = 6 * 3_600_000;
/// A band ends at the latest with this many samples over all its windows: about 24 MB of encoded pages.
const BAND_SAMPLES_MAX: u64 = 8 << 20;
/// Compression of what a head flushes, and of what merges write and is kept for long.
const LEVEL_FLUSHED: i32 = 1;
const LEVEL_MERGED: i32 = 12;
/// The index is small and is written once a block.
const LEVEL_INDEX: i32 = 9;

/// How a block is written.
#[derive(Clone, Debug)]
pub struct WriteOptions {
    /// 0 for a flushed head. Blocks of level 1 and above are compressed harder.
    pub level: u8,
    /// The blocks it replaces.
    pub sources: Vec<BlockId>,
}

/// Writes `dir/<id>.blk`: to a temporary file, synced, then renamed and the directory synced, so that a crash
/// leaves a whole block or a `.tmp` file that may be removed. `None`, and no file, when the stream has no samples.
pub fn write_block(
    dir: &Path,
    id: BlockId,
    options: WriteOptions,
    stream: &mut dyn SeriesStream,
) -> Result<Option<BlockMeta>, BlockError> {
    let path = dir.join(id.file_name());
    let temporary = dir.join(format!("{}.tmp", id.file_name()));
    let written = write_file(&temporary, id, options, stream);
    match written {
        Ok(Some(meta)) => {
            let placed = base::disk::rename(&temporary, &path).map_err(io_error(&path));
            let placed = placed.and_then(|()| base::disk::sync_dir(dir).map_err(io_error(dir)));
            if placed.is_err() {
                // Under neither name: the caller takes it for not written.
                let _ = base::disk::remove_file(&temporary);
                let _ = base::disk::remove_file(&path);
            }
            placed.map(|()| Some(meta))
        }
        other => {
            // What is half written is of no use; that it cannot be removed changes nothing about the result.
            let _ = base::disk::remove_file(&temporary);
            other
        }
    }
}

fn write_file(
    path: &Path,
    id: BlockId,
    options: WriteOptions,
    stream: &mut dyn SeriesStream,
) -> Result<Option<BlockMeta>, BlockError> {
    let mut writer = BlockWriter::create(path, id, options)?;
    while let Some(series) = stream.next()? {
        writer.push(series)?;
    }
    writer.finish(path)
}

#[derive(Default)]
struct Window {
    page: PageWriter,
    timelines: TimelineWriter,
}

struct BlockWriter {
    file: BlockFile,
    meta: BlockMeta,
    level: i32,
    squeezer: Squeezer,
    index: IndexWriter,
    last_labels: Option<Labels>,
    windows: BTreeMap<i64, Window>,
    band_first: u32,
    band_samples: u64,
    bands: Vec<Band>,
    pages: Vec<PageRecord>,
    timelines: Vec<TimelineRecord>,
}

impl BlockWriter {
    fn create(path: &Path, id: BlockId, options: WriteOptions) -> Result<BlockWriter, BlockError> {
        let level = if options.level == 0 { LEVEL_FLUSHED } else { LEVEL_MERGED };
        let meta = BlockMeta {
            id,
            level: options.level,
            min_ms: i64::MAX,
            max_ms: i64::MIN,
            series: 0,
            samples: 0,
            histograms: 0,
            bytes: 0,
            sources: options.sources,
        };
        Ok(BlockWriter {
            file: BlockFile::create(path)?,
            meta,
            level,
            squeezer: Squeezer::new(level).map_err(io_error(path))?,
            index: IndexWriter::default(),
            last_labels: None,
            windows: BTreeMap::new(),
            band_first: 0,
            band_samples: 0,
            bands: Vec::new(),
            pages: Vec::new(),
            timelines: Vec::new(),
        })
    }

    fn push(&mut self, series: SeriesColumns<'_>) -> Result<(), BlockError> {
        let SeriesColumns { labels, samples } = series;
        check(&series, self.last_labels.as_ref())?;
        let histogram_times: Vec<i64> = samples.histograms.iter().map(|h| h.timestamp).collect();
        if samples.timestamps.is_empty() && histogram_times.is_empty() {
            return Ok(());
        }
        let ordinal = self.index.push(labels)?;
        self.last_labels = Some(labels.clone());
        let mut full = false;
        for (window, range) in windows_of(samples.timestamps) {
            let window = self.windows.entry(window).or_default();
            let times = &samples.timestamps[range.clone()];
            let starts = samples.start_timestamps.get(range.clone()).unwrap_or_default();
            let timeline = window.timelines.place(times);
            window.page.push_floats(ordinal, timeline, times, &samples.values[range], starts);
            full |= window.page.is_full();
        }
        for (window, range) in windows_of(&histogram_times) {
            let window = self.windows.entry(window).or_default();
            let times = &histogram_times[range.clone()];
            let timeline = window.timelines.place(times);
            window.page.push_histograms(ordinal, timeline, times, &samples.histograms[range]);
            full |= window.page.is_full();
        }
        for times in [samples.timestamps, &histogram_times] {
            if let (Some(first), Some(last)) = (times.first(), times.last()) {
                self.meta.min_ms = self.meta.min_ms.min(*first);
                self.meta.max_ms = self.meta.max_ms.max(*last);
            }
        }
        let added = (samples.timestamps.len() + histogram_times.len()) as u64;
        self.meta.samples += added;
        self.meta.histograms += histogram_times.len() as u64;
        self.band_samples += added;
        if full || self.band_samples >= BAND_SAMPLES_MAX { self.end_band() } else { Ok(()) }
    }

    /// Writes the pages of all windows.
    fn end_band(&mut self) -> Result<(), BlockError> {
        let first_page = self.pages.len();
        for (number, window) in &mut self.windows {
            if let Some(page) = window.page.finish(&mut self.squeezer).map_err(squeeze_error)? {
                let at = self.file.append(&page.bytes)?;
                self.pages.push(PageRecord { page: at, min_ms: page.min_ms, max_ms: page.max_ms });
            }
            if let Some(page) = window.timelines.full_page(&mut self.squeezer).map_err(squeeze_error)? {
                self.timelines.push(put_timelines(&mut self.file, *number, page)?);
            }
        }
        let end = self.index.series();
        self.bands.push(Band {
            first_ordinal: self.band_first,
            ordinals: end - self.band_first,
            first_page: u32::try_from(first_page)
                .map_err(|_| BlockError::BadStream("over 2³² − 1 pages".into()))?,
            pages: (self.pages.len() - first_page) as u32,
        });
        self.band_first = end;
        self.band_samples = 0;
        Ok(())
    }

    fn finish(mut self, path: &Path) -> Result<Option<BlockMeta>, BlockError> {
        if self.index.series() == 0 {
            return Ok(None);
        }
        if self.band_first < self.index.series() {
            self.end_band()?;
        }
        for (number, window) in &mut self.windows {
            if let Some(page) = window.timelines.last_page(&mut self.squeezer).map_err(squeeze_error)? {
                self.timelines.push(put_timelines(&mut self.file, *number, page)?);
            }
        }
        self.timelines.sort_by_key(|t| (t.window, t.first_id));
        self.meta.series = self.index.series().into();
        self.index.finish(&mut self.file, path, self.level.max(LEVEL_INDEX))?;
        self.file.table(Section::Bands, &self.bands)?;
        self.file.table(Section::Pages, &self.pages)?;
        self.file.table(Section::TimelinePages, &self.timelines)?;
        self.file.finish(self.meta, WINDOW_MS).map(Some)
    }
}

fn put_timelines(
    file: &mut BlockFile,
    window: i64,
    page: TimelinePage,
) -> Result<TimelineRecord, BlockError> {
    let at = file.append(&page.bytes)?;
    Ok(TimelineRecord { page: at, window, first_id: page.first_id, count: page.count })
}

/// Compression into memory fails only for want of memory.
fn squeeze_error(e: std::io::Error) -> BlockError {
    BlockError::BadStream(format!("a page could not be compressed: {e}"))
}

/// The windows that timestamps lie in, and the part of them that lies in each.
fn windows_of(timestamps: &[i64]) -> impl Iterator<Item = (i64, std::ops::Range<usize>)> + '_ {
    let mut start = 0;
    std::iter::from_fn(move || {
        let window = timestamps.get(start)?.div_euclid(WINDOW_MS);
        let n = timestamps[start..].partition_point(|t| t.div_euclid(WINDOW_MS) == window);
        start += n;
        Some((window, start - n..start))
    })
}

/// What a block relies on.
fn check(series: &SeriesColumns<'_>, last: Option<&Labels>) -> Result<(), BlockError> {
    let SeriesColumns { labels, samples } = series;
    let bad = |what: &str| Err(BlockError::BadStream(format!("{labels}: {what}")));
    if last.is_some_and(|last| last >= labels) {
        return bad("series out of order");
    }
    let n = samples.timestamps.len();
    if samples.values.len() != n || !matches!(samples.start_timestamps.len(), l if l == 0 || l == n) {
        return bad("columns of unequal length");
    }
    if samples.timestamps.windows(2).any(|w| w[0] >= w[1])
        || samples.histograms.windows(2).any(|w| w[0].timestamp >= w[1].timestamp)
    {
        return bad("timestamps out of order");
    }
    Ok(())
}
