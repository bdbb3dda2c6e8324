//! The answer to a selection: the labels at once, the samples when asked.

use crate::block::BlockReader;
use crate::columns::Columns;
use crate::error::ReadError;
use crate::head::Pages;
use crate::head::data::Horizon;
use crate::head::page::locate;
use crate::labels_cache::Merged;
use crate::view::View;
use hashbrown::HashMap;
use model::{Labels, Samples};
use std::ops::{ControlFlow, Range};
use std::sync::Arc;

/// Series that passed the matchers, sorted by labels, each once. Several threads may read at once. Batches that were
/// committed after the selection are not seen; what a flush or a merge moves meanwhile stays readable.
pub struct Selected {
    pub(crate) view: Arc<View>,
    pub(crate) pages: Pages,
    /// How far the pages of the head reached when the selection was made.
    pub(crate) horizons: HashMap<u32, Horizon>,
    pub(crate) start_excl: i64,
    pub(crate) end_incl: i64,
    pub(crate) series: Arc<Merged>,
}

/// Where samples of a series are. Sources of one series go from older writes to newer ones.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Source {
    /// The number of the block in the view, and the series there.
    Block {
        block: u32,
        ordinal: u32,
    },
    Head {
        slot: u32,
        generation: u32,
    },
}

impl Selected {
    pub fn len(&self) -> usize {
        self.series.labels.len()
    }

    pub fn is_empty(&self) -> bool {
        self.series.labels.is_empty()
    }

    pub fn labels(&self, index: usize) -> &Labels {
        &self.series.labels[index]
    }

    /// Reads the samples of a range of series in ascending order, each once; a series without a sample in the
    /// selected time is left out. The visitor may end the reading with `Break`, which is no error.
    pub fn read(
        &self,
        range: Range<usize>,
        visit: &mut dyn FnMut(usize, Samples<'_>) -> ControlFlow<()>,
    ) -> Result<(), ReadError> {
        let mut reading = Reading::new(self);
        for index in range.start..range.end.min(self.len()) {
            let flow = match self.sources(index) {
                [Source::Block { block, ordinal }] => match reading.block(*block).series(*ordinal)? {
                    Some(samples) => visit(index, samples),
                    None => ControlFlow::Continue(()),
                },
                sources => match reading.together(sources)? {
                    Some(samples) => visit(index, samples),
                    None => ControlFlow::Continue(()),
                },
            };
            if flow.is_break() {
                return Ok(());
            }
        }
        reading.finish()
    }

    fn sources(&self, index: usize) -> &[Source] {
        let Merged { ends, sources, .. } = &*self.series;
        let from = if index == 0 { 0 } else { ends[index - 1] };
        &sources[from as usize..ends[index] as usize]
    }

    /// Whether a series has samples in the selected time for certain; `false` when that takes reading.
    pub(crate) fn surely_has_samples(&self, index: usize) -> bool {
        self.sources(index).iter().any(|source| match source {
            Source::Block { block, .. } => {
                let block = &self.view.blocks[*block as usize];
                let (min, max) = (block.meta().min_ms, block.meta().max_ms);
                min > self.start_excl && max <= self.end_incl && !block.has_tombstones()
            }
            Source::Head { .. } => false,
        })
    }

    /// What the head has: samples being flushed, then those since. `out` is empty before.
    fn read_head(&self, slot: u32, generation: u32, out: &mut Columns, scratch: &mut Columns) {
        let (number, at) = locate(slot);
        let (start, end) = (self.start_excl, self.end_incl);
        let frozen_page = self.view.frozen.as_ref().and_then(|f| f.pages.get(number));
        if let Some(frozen) = frozen_page.filter(|f| f.min_ms <= end && f.max_ms > start) {
            frozen.read(at, start, end, None, out);
        }
        let Some(horizon) = self.horizons.get(&(number as u32)) else { return };
        let Some(page) = self.pages.get(number) else { return };
        scratch.clear();
        let was_empty = out.is_empty();
        let target = if was_empty { &mut *out } else { &mut *scratch };
        let data = page.data.lock();
        if data.epoch == self.view.epoch.number {
            if page.state(at).generation == generation {
                data.read(at, start, end, Some(horizon), target);
            }
        } else {
            drop(data);
            // A flush has taken the samples since: wait until it has all of them.
            let frozen = self.view.epoch.frozen.wait();
            if let Some(data) = frozen.pages.get(number) {
                data.read(at, start, end, Some(horizon), target);
            }
        }
        if !was_empty {
            out.merge(scratch.samples());
        }
    }
}

/// What one reading keeps from series to series.
struct Reading<'a> {
    selected: &'a Selected,
    /// By number of the block. Series ascend in every block as they do in the selection, so that each page is unpacked once.
    readers: Vec<Option<BlockReader>>,
    samples: Columns,
    newer: Columns,
    scratch: Columns,
}

impl<'a> Reading<'a> {
    fn new(selected: &'a Selected) -> Reading<'a> {
        Reading {
            selected,
            readers: Vec::new(),
            samples: Columns::default(),
            newer: Columns::default(),
            scratch: Columns::default(),
        }
    }

    fn block(&mut self, number: u32) -> &mut BlockReader {
        let (number, selected) = (number as usize, self.selected);
        if self.readers.len() <= number {
            self.readers.resize_with(number + 1, || None);
        }
        self.readers[number].get_or_insert_with(|| {
            selected.view.blocks[number].reader(selected.start_excl, selected.end_incl)
        })
    }

    /// The samples of a series that may be in several places, the older writes first.
    fn together(&mut self, sources: &[Source]) -> Result<Option<Samples<'_>>, ReadError> {
        let mut samples = std::mem::take(&mut self.samples);
        samples.clear();
        for source in sources {
            match source {
                Source::Block { block, ordinal } => {
                    if let Some(more) = self.block(*block).series(*ordinal)? {
                        samples.merge(more);
                    }
                }
                Source::Head { slot, generation } if samples.is_empty() => {
                    self.selected.read_head(*slot, *generation, &mut samples, &mut self.scratch);
                }
                Source::Head { slot, generation } => {
                    self.newer.clear();
                    self.selected.read_head(*slot, *generation, &mut self.newer, &mut self.scratch);
                    samples.merge(self.newer.samples());
                }
            }
        }
        self.samples = samples;
        Ok((!self.samples.is_empty()).then(|| self.samples.samples()))
    }

    /// What was damaged is told after all else has been read.
    fn finish(&mut self) -> Result<(), ReadError> {
        for reader in self.readers.iter_mut().flatten() {
            reader.finish()?;
        }
        Ok(())
    }
}
