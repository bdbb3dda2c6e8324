//! Decodes the samples of series, band after band.
//!
//! A scan loads the pages of one band that touch its range of time, each once, and then gives the series of the
//! band in ascending order. Buffers are kept from series to series and from band to band. What a series' only page
//! holds is lent from where it was decoded; only what comes from several pages is copied together.

use crate::block::BlockError;
use crate::block::Interval;
use crate::block::bytes::{Malformed, Place};
use crate::block::cache::PageCache;
use crate::block::format::{Band, OpenFile, PageRecord, Section, TimelineRecord};
use crate::block::page::{Page, Scratch};
use crate::block::timelines::TimelineSheet;
use hashbrown::HashMap;
use model::{HistogramSample, Samples};
use std::ops::Range;
use std::sync::Arc;

/// Decoded timelines a scan keeps: 8 MiB, those of 4,000 targets over two hours at 15 s.
const TIMELINES_KEPT_MAX: usize = (8 << 20) / size_of::<i64>();
/// Unpacked pages of timelines it keeps.
const SHEETS_KEPT_BYTES_MAX: usize = 2 << 20;

/// Pages of samples that a young block keeps unpacked: some twenty. Blocks that come from a merge keep none, so that those
/// of a year do not add up.
const YOUNG_PAGES_BYTES_MAX: usize = 4 << 20;
/// Pages of timelines that a young block keeps.
const YOUNG_SHEETS_BYTES_MAX: usize = 256 << 10;
/// A reading that goes through more pages than this is of many series: unpacking is little of it, and what it would keep
/// would only drive out the pages that dashboards ask for again and again.
const KEEPS_MAX: usize = 8;

/// Unpacked pages of a young block, for the next reading.
pub(crate) struct Unpacked {
    pages: PageCache<Page>,
    sheets: PageCache<TimelineSheet>,
}

impl Unpacked {
    /// For a block of a merge level.
    pub fn of_level(level: u8) -> Option<Arc<Unpacked>> {
        (level == 0).then(|| {
            Arc::new(Unpacked {
                pages: PageCache::new(YOUNG_PAGES_BYTES_MAX),
                sheets: PageCache::new(YOUNG_SHEETS_BYTES_MAX),
            })
        })
    }
}

/// See the module.
#[derive(Default)]
pub(crate) struct Scan {
    unpacked: Option<Arc<Unpacked>>,
    /// Pages that were kept for others.
    keeps: usize,
    /// Pages of the band, the first `loaded` of them in use.
    pages: Vec<Loaded>,
    loaded: usize,
    /// First ordinal of the band at hand, and the series asked for last.
    band: Option<u32>,
    last: u32,
    timelines: Timelines,
    scratch: Scratch,
    /// The samples of the series at hand.
    timestamps: Vec<i64>,
    values: Vec<f64>,
    starts: Vec<i64>,
    histograms: Vec<HistogramSample>,
    lent: Option<Lent>,
    page_starts: Vec<i64>,
}

/// Samples that lie whole in one page: a part of a timeline, and of `values` (and `starts`) from `offset` on.
struct Lent {
    timeline: Arc<[i64]>,
    part: Range<usize>,
    offset: usize,
}

#[derive(Default)]
struct Loaded {
    window: i64,
    page: Arc<Page>,
    /// The next entry to look at.
    cursor: usize,
    place: Option<Place>,
}

impl Loaded {
    /// The ordinal of the next entry.
    fn next_ordinal(&self) -> Option<u32> {
        self.page.entries.get(self.cursor).map(|e| e.ordinal)
    }
}

impl Scan {
    /// A scan that looks for pages there, and leaves some.
    pub fn with(unpacked: Option<Arc<Unpacked>>) -> Scan {
        let timelines = Timelines { unpacked: unpacked.clone(), ..Timelines::default() };
        Scan { unpacked, timelines, ..Scan::default() }
    }

    /// Loads the pages of a band that have samples in `min_ms..=max_ms`, unless they are at hand: a scan is for one
    /// file and one range of time. A page that is damaged is left out, and given to `damaged`, which decides whether
    /// to go on.
    pub fn load(
        &mut self,
        file: &OpenFile,
        band: &Band,
        (min_ms, max_ms): (i64, i64),
        damaged: &mut dyn FnMut(BlockError) -> Result<(), BlockError>,
    ) -> Result<(), BlockError> {
        if self.band == Some(band.first_ordinal) {
            return Ok(());
        }
        (self.band, self.loaded, self.last) = (None, 0, band.first_ordinal);
        let table = file.table::<PageRecord>(Section::Pages)?;
        let end = (band.first_page as usize).saturating_add(band.pages as usize);
        if end > table.len() {
            return Err(file.section_place(Section::Bands).corrupt("a band with pages that are not there"));
        }
        let mut whole = true;
        for index in band.first_page as usize..end {
            let record = table.get(index);
            if record.max_ms < min_ms || record.min_ms > max_ms {
                continue;
            }
            if self.pages.len() == self.loaded {
                self.pages.push(Loaded::default());
            }
            let slot = &mut self.pages[self.loaded];
            let unpacked = self.unpacked.as_deref().map(|u| (&u.pages, &mut self.keeps));
            match load_page(file, index, &record, slot, unpacked) {
                Ok(()) => self.loaded += 1,
                Err(e) => {
                    whole = false;
                    damaged(e)?;
                }
            }
        }
        // A damaged band is loaded again when it is asked for again, so that the damage is seen again.
        self.band = whole.then_some(band.first_ordinal);
        Ok(())
    }

    /// The samples in `min_ms..=max_ms` of a series of the band, without those of `deleted`. Fastest
    /// when ordinals ascend from call to call. `None` when there are none.
    pub fn series(
        &mut self,
        file: &OpenFile,
        ordinal: u32,
        (min_ms, max_ms): (i64, i64),
        deleted: &[Interval],
        damaged: &mut dyn FnMut(BlockError) -> Result<(), BlockError>,
    ) -> Result<Option<Samples<'_>>, BlockError> {
        self.clear();
        if ordinal < self.last {
            self.pages[..self.loaded].iter_mut().for_each(|p| p.cursor = 0);
        }
        self.last = ordinal;
        for i in 0..self.loaded {
            while let Some(found) = self.pages[i].next_ordinal().filter(|o| *o <= ordinal) {
                self.pages[i].cursor += 1;
                if found == ordinal
                    && let Err(e) = self.part(file, i, (min_ms, max_ms), deleted.is_empty())
                {
                    damaged(e)?;
                }
            }
        }
        if !deleted.is_empty() {
            self.drop_deleted(deleted);
        }
        let samples = self.samples();
        Ok((!samples.timestamps.is_empty() || !samples.histograms.is_empty()).then_some(samples))
    }

    fn clear(&mut self) {
        self.lent = None;
        self.timestamps.clear();
        self.values.clear();
        self.starts.clear();
        self.histograms.clear();
    }

    /// Adds the entry before the cursor of page `i`.
    fn part(
        &mut self,
        file: &OpenFile,
        i: usize,
        range: (i64, i64),
        may_lend: bool,
    ) -> Result<(), BlockError> {
        let loaded = &self.pages[i];
        let entry = &loaded.page.entries[loaded.cursor - 1];
        let corrupt = |m: Malformed| match &loaded.place {
            Some(place) => m.at(place),
            None => BlockError::BadStream("a page without a place".into()),
        };
        let timeline = self.timelines.get(file, loaded.window, entry.timeline.id)?;
        let start = entry.timeline.start as usize;
        let whole = timeline
            .get(start..start.saturating_add(entry.count()))
            .ok_or_else(|| corrupt(Malformed("a series longer than its timeline")))?;
        let low = whole.partition_point(|t| *t < range.0);
        let high = whole.partition_point(|t| *t <= range.1);
        if low >= high {
            return Ok(());
        }
        if entry.is_histograms() {
            let before = self.histograms.len();
            loaded.page.histograms(entry, whole, &mut self.scratch, &mut self.histograms).map_err(corrupt)?;
            self.histograms.truncate(before + high);
            self.histograms.drain(before..before + low);
            return Ok(());
        }
        if may_lend && self.timestamps.is_empty() && self.lent.is_none() {
            loaded.page.values(entry, &mut self.scratch.ints, &mut self.values).map_err(corrupt)?;
            loaded.page.starts(entry, &mut self.starts);
            self.lent = Some(Lent { part: start + low..start + high, offset: low, timeline });
            return Ok(());
        }
        let mut values = std::mem::take(&mut self.scratch.values);
        loaded.page.values(entry, &mut self.scratch.ints, &mut values).map_err(corrupt)?;
        loaded.page.starts(entry, &mut self.page_starts);
        let times = whole[low..high].to_vec();
        self.own();
        if !self.page_starts.is_empty() || !self.starts.is_empty() {
            self.starts.resize(self.timestamps.len(), 0);
            match self.page_starts.get(low..high) {
                Some(starts) => self.starts.extend_from_slice(starts),
                None => self.starts.resize(self.timestamps.len() + times.len(), 0),
            }
        }
        self.timestamps.extend_from_slice(&times);
        self.values.extend_from_slice(&values[low..high]);
        self.scratch.values = values;
        Ok(())
    }

    /// Turns what is lent into what is owned.
    fn own(&mut self) {
        let Some(lent) = self.lent.take() else { return };
        let n = lent.part.len();
        self.timestamps.extend_from_slice(&lent.timeline[lent.part]);
        cut(&mut self.values, lent.offset, n);
        cut(&mut self.starts, lent.offset, n);
    }

    fn drop_deleted(&mut self, deleted: &[Interval]) {
        self.own();
        let gone = |t: i64| deleted.iter().any(|d| (d.min_ms..=d.max_ms).contains(&t));
        self.histograms.retain(|h| !gone(h.timestamp));
        let mut kept = 0;
        for i in 0..self.timestamps.len() {
            if !gone(self.timestamps[i]) {
                self.timestamps[kept] = self.timestamps[i];
                self.values[kept] = self.values[i];
                if !self.starts.is_empty() {
                    self.starts[kept] = self.starts[i];
                }
                kept += 1;
            }
        }
        self.timestamps.truncate(kept);
        self.values.truncate(kept);
        self.starts.truncate(kept);
    }

    /// What [`Scan::series`] gave last.
    pub fn samples(&self) -> Samples<'_> {
        match &self.lent {
            Some(lent) => {
                let n = lent.part.len();
                Samples {
                    timestamps: &lent.timeline[lent.part.clone()],
                    values: &self.values[lent.offset..lent.offset + n],
                    start_timestamps: self.starts.get(lent.offset..lent.offset + n).unwrap_or_default(),
                    histograms: &self.histograms,
                }
            }
            None => Samples {
                timestamps: &self.timestamps,
                values: &self.values,
                start_timestamps: &self.starts,
                histograms: &self.histograms,
            },
        }
    }
}

/// Leaves `n` elements from `offset` on.
fn cut<T>(column: &mut Vec<T>, offset: usize, n: usize) {
    if !column.is_empty() {
        column.truncate(offset + n);
        column.drain(..offset);
    }
}

fn load_page(
    file: &OpenFile,
    index: usize,
    record: &PageRecord,
    slot: &mut Loaded,
    unpacked: Option<(&PageCache<Page>, &mut usize)>,
) -> Result<(), BlockError> {
    let fill = |page: &mut Page| {
        let (bytes, place) = file.page("samples page", index, record.page)?;
        page.fill(&bytes).map_err(|m| m.at(&place))
    };
    let make = || {
        let mut page = Page::default();
        fill(&mut page).map(|()| page)
    };
    match unpacked {
        Some((pages, keeps)) if *keeps < KEEPS_MAX => {
            *keeps += usize::from(pages.find(index).is_none());
            slot.page = pages.get(index, Page::size, make)?;
        }
        Some((pages, _)) if pages.find(index).is_some() => slot.page = pages.get(index, Page::size, make)?,
        // Memory that nobody else has is filled again.
        _ => match Arc::get_mut(&mut slot.page) {
            Some(page) => fill(page)?,
            None => slot.page = Arc::new(make()?),
        },
    }
    let place = file.place(format!("samples page {index}"), record.page);
    slot.window = record.min_ms.div_euclid(file.footer.window_ms);
    slot.cursor = 0;
    slot.place = Some(place);
    Ok(())
}

/// Timelines decoded so far.
#[derive(Default)]
struct Timelines {
    unpacked: Option<Arc<Unpacked>>,
    decoded: HashMap<(i64, u32), Arc<[i64]>>,
    timestamps: usize,
    sheets: HashMap<usize, Arc<TimelineSheet>>,
    sheet_bytes: usize,
}

impl Timelines {
    fn get(&mut self, file: &OpenFile, window: i64, id: u32) -> Result<Arc<[i64]>, BlockError> {
        if let Some(timeline) = self.decoded.get(&(window, id)) {
            return Ok(timeline.clone());
        }
        let table = file.table::<TimelineRecord>(Section::TimelinePages)?;
        let after = table.partition_point(0..table.len(), |r| (r.window, r.first_id) <= (window, id));
        let record = (after > 0).then(|| table.get(after - 1)).filter(|r| r.window == window);
        let Some(record) = record else {
            return Err(file.section_place(Section::TimelinePages).corrupt("a timeline is not there"));
        };
        let sheet = self.sheet(file, after - 1, &record)?;
        let Some(timeline) = sheet.decode((id - record.first_id) as usize) else {
            let place = file.place(format!("timelines page {}", after - 1), record.page);
            return Err(place.corrupt("a timeline is not there"));
        };
        if self.timestamps + timeline.len() > TIMELINES_KEPT_MAX {
            self.decoded.clear();
            self.timestamps = 0;
        }
        self.timestamps += timeline.len();
        let timeline: Arc<[i64]> = timeline.into();
        self.decoded.insert((window, id), timeline.clone());
        Ok(timeline)
    }

    fn sheet(
        &mut self,
        file: &OpenFile,
        index: usize,
        record: &TimelineRecord,
    ) -> Result<Arc<TimelineSheet>, BlockError> {
        if let Some(sheet) = self.sheets.get(&index) {
            return Ok(sheet.clone());
        }
        let read = || {
            let (bytes, place) = file.page("timelines page", index, record.page)?;
            TimelineSheet::read(&bytes).map_err(|m| m.at(&place))
        };
        let sheet = match &self.unpacked {
            Some(unpacked) => unpacked.sheets.get(index, TimelineSheet::bytes, read)?,
            None => Arc::new(read()?),
        };
        if self.sheet_bytes > SHEETS_KEPT_BYTES_MAX {
            self.sheets.clear();
            self.sheet_bytes = 0;
        }
        self.sheet_bytes += sheet.bytes();
        self.sheets.insert(index, sheet.clone());
        Ok(sheet)
    }
}
