//! The log back into the head after a start.
//!
//! First two threads walk the records: one checks and takes them apart, the other creates the series they define and notes,
//! in order, what is to be done (*steps*). Then several threads walk the steps, each for its own share of the pages, so
//! that none waits for another and every series gets its samples in the order of the log.

use crate::batch::{Batch, FloatColumns, FloatEntry, HistogramEntry, Section, sections};
use crate::commit::Cursor;
use crate::exemplars::Exemplars;
use crate::head::Head;
use crate::head::page::locate;
use crate::stats::Damage;
use model::Metadata;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{SyncSender, sync_channel};
use wal::Segment;

/// Threads that put samples back; more would wait for memory.
const THREADS_MAX: usize = 4;
/// Records taken apart and waiting: with a thousand new series each, 10 MB.
const PARSED_MAX: usize = 64;
/// A slot of the log that no series has.
const UNKNOWN: u32 = u32::MAX;

/// What replaying found.
#[derive(Debug, Default)]
pub(crate) struct Replayed {
    pub samples: u64,
    pub series: u64,
    pub bytes: u64,
    pub damage: Vec<Damage>,
    /// What [`wal::cut_torn`] is to be told.
    pub torn: Vec<wal::Damage>,
}

enum Step<'a> {
    /// The slots of the log are those of another segment from here on.
    NewSegment,
    /// Slot in the log, slot in the head.
    Define(Vec<(u32, u32)>),
    Floats {
        section: &'a [u8],
        starts: Vec<(u32, i64)>,
        /// Whether samples may come out of order.
        late: bool,
    },
    Histograms {
        all: Vec<HistogramEntry>,
        late: bool,
    },
    Delete {
        slots: Vec<u32>,
        min_ms: i64,
        max_ms: i64,
    },
}

/// Puts what the segments hold into an empty head.
pub(crate) fn replay(
    segments: &[Segment],
    head: &Head,
    exemplars: &mut Exemplars,
    metadata: &mut BTreeMap<String, Metadata>,
) -> Replayed {
    let mut walk = Walk {
        head,
        exemplars,
        metadata,
        late: false,
        map: Vec::new(),
        steps: Vec::new(),
        done: Replayed::default(),
    };
    std::thread::scope(|scope| {
        let (sender, parsed) = sync_channel(PARSED_MAX);
        scope.spawn(move || parse(segments, &sender));
        parsed.into_iter().for_each(|item| walk.item(item));
    });
    let Walk { steps, mut done, .. } = walk;
    done.series = head.index().len() as u64;
    let threads = std::thread::available_parallelism().map_or(1, usize::from).min(THREADS_MAX);
    let (samples, lost) = (AtomicU64::new(0), AtomicU64::new(0));
    std::thread::scope(|scope| {
        for share in 0..threads {
            let (steps, samples, lost) = (&steps, &samples, &lost);
            scope.spawn(move || {
                let mut worker = Worker::new(head, share, threads);
                steps.iter().for_each(|step| worker.step(step));
                samples.fetch_add(worker.samples, Ordering::Relaxed);
                lost.fetch_add(worker.lost, Ordering::Relaxed);
            });
        }
    });
    done.samples = samples.into_inner();
    let lost = lost.into_inner();
    if lost > 0 {
        tracing::error!(samples = lost, "the log has samples of series it does not define; they are lost");
    }
    done
}

struct Walk<'a, 's> {
    head: &'a Head,
    exemplars: &'a mut Exemplars,
    metadata: &'a mut BTreeMap<String, Metadata>,
    /// Whether the samples of this record may come out of order.
    late: bool,
    /// Slot in the log to slot in the head, for this segment.
    map: Vec<u32>,
    steps: Vec<Step<'s>>,
    done: Replayed,
}

/// What the log consists of, in order.
enum Parsed<'s> {
    Segment(&'s Segment),
    Record { segment: &'s Segment, length: usize, sections: Vec<Option<Section<'s>>> },
    Damage(wal::Damage),
}

/// Checks the records and takes them apart.
fn parse<'s>(segments: &'s [Segment], sender: &SyncSender<Parsed<'s>>) {
    for segment in segments {
        let records = segment.records().map(|record| match record {
            Ok(record) => {
                let sections = sections(record).collect();
                Parsed::Record { segment, length: record.len(), sections }
            }
            Err(damage) => Parsed::Damage(damage),
        });
        for item in std::iter::once(Parsed::Segment(segment)).chain(records) {
            if sender.send(item).is_err() {
                // Nobody listens any more: the other thread has panicked, which the scope passes on.
                return;
            }
        }
    }
}

impl<'s> Walk<'_, 's> {
    fn item(&mut self, item: Parsed<'s>) {
        match item {
            Parsed::Segment(segment) => {
                self.map.clear();
                self.steps.push(Step::NewSegment);
                self.done.bytes += segment.len();
            }
            Parsed::Record { segment, length, sections } => {
                self.late = false;
                for section in sections {
                    match section {
                        Some(section) => self.section(section),
                        None => self.unknown(segment, length),
                    }
                }
            }
            Parsed::Damage(damage) => self.damage(damage),
        }
    }

    fn damage(&mut self, damage: wal::Damage) {
        tracing::error!(%damage, "a part of the log is lost");
        let reason = match damage.kind {
            wal::DamageKind::Torn => "unfinished write",
            wal::DamageKind::Corrupt => "wrong checksum",
            wal::DamageKind::BadHeader => "not a segment of this log",
        };
        self.done.damage.push(Damage {
            file: damage.file.clone(),
            offset: damage.offset,
            dropped_bytes: damage.dropped_bytes,
            reason: reason.to_owned(),
        });
        self.done.torn.push(damage);
    }

    /// A section with a right checksum that this program cannot read: written by a later one.
    fn unknown(&mut self, segment: &Segment, length: usize) {
        tracing::error!(segment = %segment.path().display(), "a record holds what this program does not know");
        self.done.damage.push(Damage {
            file: segment.path().to_owned(),
            offset: 0,
            dropped_bytes: length as u64,
            reason: "unknown content".to_owned(),
        });
    }

    fn section(&mut self, section: Section<'s>) {
        match section {
            Section::Definitions(definitions) => {
                let mut slots = Vec::with_capacity(definitions.len());
                let map = &mut self.map;
                self.head.restore(&definitions, |i, new| {
                    put(map, definitions[i].0, new);
                    slots.push((definitions[i].0, new));
                });
                self.steps.push(Step::Define(slots));
            }
            Section::Late => self.late = true,
            Section::Floats(section) => {
                self.steps.push(Step::Floats { section, starts: Vec::new(), late: self.late })
            }
            Section::Starts(all) => {
                if let Some(Step::Floats { starts, .. }) = self.steps.last_mut() {
                    *starts = all;
                }
            }
            Section::Histograms(all) => self.steps.push(Step::Histograms { all, late: self.late }),
            Section::Deletion { slots, min_ms, max_ms } => {
                self.steps.push(Step::Delete { slots, min_ms, max_ms })
            }
            Section::Exemplars(all) => {
                let index = self.head.index();
                for entry in all {
                    if let Some(slot) = get(&self.map, entry.slot) {
                        self.exemplars.add(index.labels(slot), entry.exemplar);
                    }
                }
            }
            Section::Carried(all) => all.into_iter().for_each(|(l, e)| self.exemplars.add(l, e)),
            Section::Metadata(all) => crate::metadata::keep(self.metadata, all),
        }
    }
}

fn put(map: &mut Vec<u32>, slot: u32, new: u32) {
    if map.len() <= slot as usize {
        map.resize(slot as usize + 1, UNKNOWN);
    }
    map[slot as usize] = new;
}

fn get(map: &[u32], slot: u32) -> Option<u32> {
    map.get(slot as usize).copied().filter(|s| *s != UNKNOWN)
}

struct Worker<'a> {
    head: &'a Head,
    pages: crate::head::Pages,
    share: usize,
    shares: usize,
    map: Vec<u32>,
    columns: FloatColumns,
    batch: Batch,
    samples: u64,
    lost: u64,
}

impl<'a> Worker<'a> {
    fn new(head: &'a Head, share: usize, shares: usize) -> Worker<'a> {
        Worker {
            head,
            pages: head.pages(),
            share,
            shares,
            map: Vec::new(),
            columns: FloatColumns::default(),
            batch: Batch::default(),
            samples: 0,
            lost: 0,
        }
    }

    fn step(&mut self, step: &Step<'_>) {
        match step {
            Step::NewSegment => self.map.clear(),
            Step::Define(slots) => slots.iter().for_each(|(slot, new)| put(&mut self.map, *slot, *new)),
            Step::Floats { section, starts, late } => self.floats(section, starts, *late),
            Step::Histograms { all, late } => self.histograms(all, *late),
            Step::Delete { slots, min_ms, max_ms } => {
                let pages = &self.pages;
                let mut cursor = Cursor::new(self.head, pages);
                for slot in slots.iter().filter_map(|s| get(&self.map, *s)) {
                    if locate(slot).0 % self.shares == self.share {
                        cursor.delete(slot, *min_ms, *max_ms);
                    }
                }
            }
        }
    }

    /// Whether a slot of the log is one of this worker's; the slot in the head.
    fn mine(&mut self, slot: u32) -> Option<u32> {
        match get(&self.map, slot) {
            Some(slot) if locate(slot).0 % self.shares == self.share => Some(slot),
            Some(_) => None,
            None => {
                self.lost += (self.share == 0) as u64;
                None
            }
        }
    }

    fn floats(&mut self, section: &[u8], starts: &[(u32, i64)], late: bool) {
        let mut columns = std::mem::take(&mut self.columns);
        let mut batch = std::mem::take(&mut self.batch);
        batch.clear();
        if columns.take(section).is_some() {
            let mut starts = starts.iter().peekable();
            for (i, slot) in columns.slots.iter().enumerate() {
                let start = starts.next_if(|(place, _)| *place as usize == i).map(|(_, start)| *start);
                let Some(slot) = u32::try_from(*slot).ok().and_then(|s| self.mine(s)) else { continue };
                batch.starts.extend(start.map(|start| (batch.floats.len() as u32, start)));
                let (t, value) = (columns.times[i], columns.values[i]);
                batch.floats.push(FloatEntry { slot, generation: 0, t, value });
            }
        }
        self.apply(&batch, late);
        (self.columns, self.batch) = (columns, batch);
    }

    fn apply(&mut self, batch: &Batch, late: bool) {
        let pages = crate::head::Pages::clone(&self.pages);
        let mut cursor = Cursor::new(self.head, &pages);
        let mut starts = batch.starts.iter().peekable();
        let mut newest = i64::MIN;
        for (place, float) in batch.floats.iter().enumerate() {
            let start = starts.next_if(|(p, _)| *p as usize == place).map_or(0, |(_, s)| *s);
            newest = newest.max(float.t);
            self.samples += cursor.float(float, start, late).is_ok() as u64;
        }
        if newest > i64::MIN {
            self.head.saw(newest);
        }
    }

    fn histograms(&mut self, all: &[HistogramEntry], late: bool) {
        let pages = crate::head::Pages::clone(&self.pages);
        let mut cursor = Cursor::new(self.head, &pages);
        for entry in all {
            let Some(slot) = self.mine(entry.slot) else { continue };
            let entry = HistogramEntry { slot, ..entry.clone() };
            self.head.saw(entry.t);
            self.samples += cursor.histogram(&entry, late).is_ok() as u64;
        }
    }
}
