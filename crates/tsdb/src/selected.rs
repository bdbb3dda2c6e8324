//! The answer to a selection: the labels at once, the samples when asked.

use crate::columns::Columns;
use crate::error::ReadError;
use crate::head::Pages;
use crate::head::data::Horizon;
use crate::head::page::locate;
use crate::view::View;
use hashbrown::HashMap;
use model::{Labels, Samples};
use std::ops::{ControlFlow, Range};
use std::sync::Arc;

/// Series of several blocks are read so many samples at a time: 16 MB.
const GROUP_SAMPLES: u64 = 1 << 20;
/// … but never fewer series than this at once, so that blocks are read in order.
const GROUP_SERIES_MIN: usize = 16;
const GROUP_SERIES_MAX: usize = 1024;

/// Series that passed the matchers, sorted by labels, each once. Several threads may read at once. Batches that were
/// committed after the selection are not seen; what a flush or a merge moves meanwhile stays readable.
pub struct Selected {
    pub(crate) view: Arc<View>,
    pub(crate) pages: Pages,
    /// How far the pages of the head reached when the selection was made.
    pub(crate) horizons: HashMap<u32, Horizon>,
    pub(crate) start_excl: i64,
    pub(crate) end_incl: i64,
    pub(crate) labels: Vec<Labels>,
    /// Where the sources of each series end in `sources`.
    pub(crate) ends: Vec<u32>,
    pub(crate) sources: Vec<Source>,
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

type Visit<'a> = dyn FnMut(usize, Samples<'_>) -> ControlFlow<()> + 'a;

impl Selected {
    pub fn len(&self) -> usize {
        self.labels.len()
    }

    pub fn is_empty(&self) -> bool {
        self.labels.is_empty()
    }

    pub fn labels(&self, index: usize) -> &Labels {
        &self.labels[index]
    }

    /// Reads the samples of a range of series in ascending order, each once; a series without a sample in the
    /// selected time is left out. The visitor may end the reading with `Break`, which is no error.
    pub fn read(
        &self,
        range: Range<usize>,
        visit: &mut dyn FnMut(usize, Samples<'_>) -> ControlFlow<()>,
    ) -> Result<(), ReadError> {
        let range = range.start..range.end.min(self.len());
        let group = self.group_size();
        let mut buffers = Vec::new();
        let mut from = range.start;
        while from < range.end {
            let to = (from + group).min(range.end);
            let flow = if self.only_head(from..to) {
                self.read_heads(from..to, &mut buffers, visit)
            } else if let Some(block) = self.only_block(from..to) {
                self.read_one_block(block, from..to, visit)?
            } else {
                self.read_group(from..to, &mut buffers, visit)?
            };
            if flow.is_break() {
                break;
            }
            from = to;
        }
        Ok(())
    }

    fn sources(&self, index: usize) -> &[Source] {
        let from = if index == 0 { 0 } else { self.ends[index - 1] };
        &self.sources[from as usize..self.ends[index] as usize]
    }

    /// How many series are read together, by how many samples a series of the blocks has.
    fn group_size(&self) -> usize {
        let blocks = self.view.blocks.iter().map(|b| b.meta().samples / b.meta().series.max(1));
        let samples: u64 = blocks.sum::<u64>().max(1);
        ((GROUP_SAMPLES / samples) as usize).clamp(GROUP_SERIES_MIN, GROUP_SERIES_MAX)
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

    fn only_head(&self, range: Range<usize>) -> bool {
        range.into_iter().all(|i| matches!(self.sources(i), [Source::Head { .. }]))
    }

    fn read_heads(
        &self,
        range: Range<usize>,
        buffers: &mut Vec<Columns>,
        visit: &mut Visit<'_>,
    ) -> ControlFlow<()> {
        buffers.resize_with(buffers.len().max(2), Columns::default);
        let [buffer, scratch, ..] = &mut buffers[..] else { unreachable!("two buffers") };
        for index in range {
            if let [Source::Head { slot, generation }] = self.sources(index) {
                buffer.clear();
                self.read_head(*slot, *generation, buffer, scratch);
                if !buffer.is_empty() {
                    visit(index, buffer.samples())?;
                }
            }
        }
        ControlFlow::Continue(())
    }

    /// The block that has all samples of a range of series, if one has.
    fn only_block(&self, range: Range<usize>) -> Option<u32> {
        let mut only = None;
        for index in range {
            match self.sources(index) {
                [Source::Block { block, .. }] if only.is_none_or(|b| b == *block) => only = Some(*block),
                _ => return None,
            }
        }
        only
    }

    /// Lends the samples as the block lends them.
    fn read_one_block(
        &self,
        block: u32,
        range: Range<usize>,
        visit: &mut Visit<'_>,
    ) -> Result<ControlFlow<()>, ReadError> {
        let ordinals: Vec<u32> = range.clone().filter_map(|i| ordinal_in(self.sources(i), block)).collect();
        let (mut at, mut flow) = (0, ControlFlow::Continue(()));
        self.view.blocks[block as usize].read(
            &ordinals,
            self.start_excl,
            self.end_incl,
            &mut |ordinal, samples| {
                at += ordinals[at..].partition_point(|o| *o < ordinal);
                flow = visit(range.start + at, samples);
                flow
            },
        )?;
        Ok(flow)
    }

    fn read_group(
        &self,
        range: Range<usize>,
        buffers: &mut Vec<Columns>,
        visit: &mut Visit<'_>,
    ) -> Result<ControlFlow<()>, ReadError> {
        buffers.resize_with(range.len().max(buffers.len()), Columns::default);
        buffers.iter_mut().for_each(Columns::clear);
        for (number, block) in self.view.blocks.iter().enumerate() {
            let mut wanted: Vec<(u32, usize)> = Vec::new();
            for index in range.clone() {
                if let Some(ordinal) = ordinal_in(self.sources(index), number as u32) {
                    wanted.push((ordinal, index - range.start));
                }
            }
            if wanted.is_empty() {
                continue;
            }
            let ordinals: Vec<u32> = wanted.iter().map(|(o, _)| *o).collect();
            let mut at = 0;
            block.read(&ordinals, self.start_excl, self.end_incl, &mut |ordinal, samples| {
                at += ordinals[at..].partition_point(|o| *o < ordinal);
                buffers[wanted[at].1].merge(samples);
                ControlFlow::Continue(())
            })?;
        }
        let mut head = Columns::default();
        for index in range.clone() {
            let buffer = &mut buffers[index - range.start];
            if let Some(Source::Head { slot, generation }) = self.sources(index).last() {
                if buffer.is_empty() {
                    self.read_head(*slot, *generation, buffer, &mut head);
                } else {
                    let mut newer = Columns::default();
                    self.read_head(*slot, *generation, &mut newer, &mut head);
                    buffer.merge(newer.samples());
                }
            }
            if !buffer.is_empty() && visit(index, buffer.samples()).is_break() {
                return Ok(ControlFlow::Break(()));
            }
        }
        Ok(ControlFlow::Continue(()))
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

fn ordinal_in(sources: &[Source], number: u32) -> Option<u32> {
    sources.iter().find_map(|s| match s {
        Source::Block { block, ordinal } if *block == number => Some(*ordinal),
        _ => None,
    })
}
