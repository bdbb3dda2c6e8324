//! A batch into the log, then into the head.

use crate::appender::{Committed, Durability, Rejected, SeriesRef, duplicate};
use crate::batch::{Batch, FloatEntry, HistogramEntry, put_definitions};
use crate::error::{AppendError, CommitError};
use crate::head::data::PageData;
use crate::head::page::{Page, locate};
use crate::head::{Head, Pages};
use crate::store::Store;
use model::Labels;
use parking_lot::MutexGuard;
use std::sync::atomic::Ordering;
use wal::{LogError, Lsn, SegmentId};

impl Store {
    pub(crate) fn commit(&self, batch: &Batch, durability: Durability) -> Result<Committed, CommitError> {
        self.admit()?;
        if batch.is_empty() {
            return Ok(Committed::default());
        }
        let gate = self.gate.read();
        let lsn = self.log_batch(batch).inspect_err(|e| self.note_failure(e))?;
        self.disk_full.store(false, Ordering::Relaxed);
        let applying = self.applying.read();
        let done = self.apply(batch);
        drop(applying);
        // Within the gate: no series can leave the head before its labels are read.
        crate::observer::tell(self, batch, &done);
        drop(gate);
        if self.wants_account() {
            // The batch is taken; if it did not fit, the next one is told.
            let _ = self.account();
        }
        if self.head.samples() >= self.options.head_samples_max {
            self.bell.ring();
        }
        if durability == Durability::Synced {
            self.log.sync(lsn).map_err(commit_error)?;
        }
        Ok(done)
    }

    fn takes_late(&self) -> bool {
        self.options.out_of_order_window_ms > 0
    }

    fn note_failure(&self, error: &CommitError) {
        if matches!(error, CommitError::DiskFull) && !self.disk_full.swap(true, Ordering::Relaxed) {
            tracing::error!(dir = %self.options.dir.display(), "the disk is full: samples are refused until there is room");
        }
    }

    /// Writes the record; in a segment that does not know a series yet, with its labels.
    fn log_batch(&self, batch: &Batch) -> Result<Lsn, CommitError> {
        let mut record = self.spare_record();
        let pages = self.head.pages();
        let result = loop {
            let segment = self.log.segment();
            let definitions = match self.definitions(&pages, batch, segment) {
                Ok(definitions) => definitions,
                Err(error) => break Err(error),
            };
            record.clear();
            put_definitions(record.body_mut(), &definitions);
            batch.put(self.takes_late(), record.body_mut());
            match self.log.append_in(segment, &mut record) {
                // The segment was closed meanwhile: the next one knows other series.
                Err(LogError::SegmentClosed { .. }) => continue,
                Err(error) => break Err(commit_error(error)),
                Ok(lsn) => {
                    for (slot, _) in &definitions {
                        let (page, at) = locate(*slot);
                        let generation = pages[page].state(at).generation;
                        pages[page].set_defined(at, generation, segment.0 as u32);
                    }
                    break Ok(lsn);
                }
            }
        };
        self.keep_record(record);
        result
    }

    /// The series of a batch that the segment does not know.
    fn definitions(
        &self,
        pages: &Pages,
        batch: &Batch,
        segment: SegmentId,
    ) -> Result<Vec<(u32, Labels)>, CommitError> {
        let mut slots: Vec<u32> = Vec::new();
        let mut look = |slot: u32, generation: u32| {
            let (page, at) = locate(slot);
            let state = pages[page].state(at);
            if state.generation != generation {
                return Err(raced());
            }
            if state.defined_in != segment.0 as u32 {
                slots.push(slot);
            }
            Ok(())
        };
        batch.floats.iter().try_for_each(|f| look(f.slot, f.generation))?;
        batch.histograms.iter().try_for_each(|h| look(h.slot, h.generation))?;
        batch.exemplars.iter().try_for_each(|e| look(e.slot, e.generation))?;
        if slots.is_empty() {
            return Ok(Vec::new());
        }
        slots.sort_unstable();
        slots.dedup();
        let index = self.head.index();
        Ok(slots.into_iter().map(|slot| (slot, index.labels(slot))).collect())
    }

    fn apply(&self, batch: &Batch) -> Committed {
        let pages = self.head.pages();
        let mut cursor = Cursor::new(&self.head, &pages);
        let mut done = Committed::default();
        let late = self.takes_late();
        let mut starts = batch.starts.iter().peekable();
        let mut newest = i64::MIN;
        for (place, float) in batch.floats.iter().enumerate() {
            let start = starts.next_if(|(p, _)| *p as usize == place).map_or(0, |(_, s)| *s);
            newest = newest.max(float.t);
            let result = cursor.float(float, start, late);
            self.tally(&mut done, result, float.slot, float.generation, float.t);
        }
        for h in &batch.histograms {
            newest = newest.max(h.t);
            let result = cursor.histogram(h, late);
            self.tally(&mut done, result, h.slot, h.generation, h.t);
        }
        drop(cursor);
        if newest > i64::MIN {
            self.head.saw(newest);
        }
        self.counters.floats.add(done.samples.saturating_sub(batch.histograms.len() as u64));
        self.counters.histograms.add(batch.histograms.len() as u64);
        self.apply_rest(batch, &mut done);
        done
    }

    fn tally(
        &self,
        done: &mut Committed,
        result: Result<Put, AppendError>,
        slot: u32,
        generation: u32,
        t: i64,
    ) {
        match result {
            Ok(Put::InOrder) => done.samples += 1,
            Ok(Put::Late) => {
                done.samples += 1;
                self.counters.late.add(1);
            }
            Err(error) => {
                if matches!(error, AppendError::DuplicateTimestamp { .. }) {
                    self.counters.duplicates.add(1);
                }
                done.rejected.push(Rejected {
                    series: SeriesRef::new(slot, generation),
                    timestamp: t,
                    error,
                });
            }
        }
    }

    fn apply_rest(&self, batch: &Batch, done: &mut Committed) {
        if !batch.exemplars.is_empty() {
            let index = self.head.index();
            let all: Vec<Labels> = batch.exemplars.iter().map(|e| index.labels(e.slot)).collect();
            drop(index);
            let mut exemplars = self.exemplars.lock();
            for (entry, labels) in batch.exemplars.iter().zip(all) {
                exemplars.add(labels, entry.exemplar.clone());
                done.exemplars += 1;
            }
            self.counters.exemplars.add(done.exemplars);
        }
        if !batch.metadata.is_empty() {
            crate::metadata::keep(&mut self.metadata.lock(), batch.metadata.iter().cloned());
        }
    }
}

/// How a sample came into the head.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Put {
    InOrder,
    Late,
}

/// Puts samples into pages, holding the page of the last one: neighbours come together.
pub(crate) struct Cursor<'a> {
    head: &'a Head,
    pages: &'a Pages,
    number: usize,
    held: Option<Held<'a>>,
}

struct Held<'a> {
    page: &'a Page,
    data: MutexGuard<'a, PageData>,
    bytes: usize,
    samples: u64,
}

impl<'a> Cursor<'a> {
    pub fn new(head: &'a Head, pages: &'a Pages) -> Cursor<'a> {
        Cursor { head, pages, number: usize::MAX, held: None }
    }

    fn release(&mut self) {
        if let Some(held) = self.held.take() {
            let added = held.data.samples - held.samples;
            self.head.count(added, held.bytes, held.data.bytes());
        }
    }

    #[inline]
    fn page(&mut self, number: usize) -> (&'a Page, &mut PageData) {
        if number != self.number || self.held.is_none() {
            self.release();
            self.number = number;
            let page: &'a Page = &self.pages[number];
            let data = page.data.lock();
            let (bytes, samples) = (data.bytes(), data.samples);
            self.held = Some(Held { page, data, bytes, samples });
        }
        let held = self.held.as_mut().expect("a page was taken");
        (held.page, &mut held.data)
    }

    /// `late` says whether a sample may come out of order.
    #[inline]
    pub fn float(&mut self, float: &FloatEntry, start: i64, late: bool) -> Result<Put, AppendError> {
        let (number, at) = locate(float.slot);
        let (page, data) = self.page(number);
        let (t, last) = (float.t, page.last_ms(at));
        if t > last {
            data.note_start(at, t, start);
            data.push(at, t, float.value);
            page.set_last_ms(at, t);
            return Ok(Put::InOrder);
        }
        let value = f64::from_bits(float.value);
        if t == last && data.float_at(at, t).is_none() && data.last_histogram_at(at, t).is_none() {
            return duplicate(t, f64::from_bits(data.last_value(at)), value).map(|()| Put::InOrder);
        }
        if !late {
            if t == last {
                let existing = data.float_at(at, t).unwrap_or(f64::NAN);
                return duplicate(t, existing, value).map(|()| Put::InOrder);
            }
            return Err(AppendError::OutOfOrder { timestamp: t, newest: last });
        }
        match data.push_late(at, t, start, value) {
            Ok(_) => Ok(Put::Late),
            Err(existing) => duplicate(t, existing, value).map(|()| Put::Late),
        }
    }

    pub fn histogram(&mut self, h: &HistogramEntry, late: bool) -> Result<Put, AppendError> {
        let (number, at) = locate(h.slot);
        let (page, data) = self.page(number);
        let last = page.last_ms(at);
        if h.t > last {
            data.push_histogram(at, h.t, h.start, &h.histogram);
            page.set_last_ms(at, h.t);
            return Ok(Put::InOrder);
        }
        if !late {
            return Err(AppendError::OutOfOrder { timestamp: h.t, newest: last });
        }
        data.push_late_histogram(at, h.t, h.start, &h.histogram);
        Ok(Put::Late)
    }

    /// Deletes samples of a series. Returns how many.
    pub fn delete(&mut self, slot: u32, min_ms: i64, max_ms: i64) -> u64 {
        self.release();
        let (number, at) = locate(slot);
        let page = &self.pages[number];
        let mut data = page.data.lock();
        let before = data.bytes();
        let last_too = (min_ms..=max_ms).contains(&page.last_ms(at));
        let gone = data.delete(at, min_ms, max_ms, last_too);
        if last_too {
            // Nothing is left from here on: samples may come again.
            page.set_last_ms(at, min_ms.saturating_sub(1));
        }
        self.head.count(0, before, data.bytes());
        self.head.uncount(gone);
        gone
    }
}

impl Drop for Cursor<'_> {
    fn drop(&mut self) {
        self.release();
    }
}

/// A series left the head between its sample and the commit, which takes a batch that is open for hours.
fn raced() -> CommitError {
    let reason = "a series left the head while the batch was open: send it again";
    CommitError::Io(std::sync::Arc::new(std::io::Error::other(reason)))
}

pub(crate) fn commit_error(error: LogError) -> CommitError {
    match error {
        LogError::DiskFull => CommitError::DiskFull,
        LogError::Io(error) => CommitError::Io(error),
        other => CommitError::Io(std::sync::Arc::new(std::io::Error::other(other.to_string()))),
    }
}
