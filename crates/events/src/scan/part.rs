//! A part of a snapshot, a memory chunk or a file, and the reading of it.

use super::ScanError;
use super::convert::compact;
use super::file::{FileRows, batch_rows_of, rows_of};
use super::groups::{GroupRows, MemoryGroup, Ranges, Trouble, cut};
use super::request::{ColumnRef, Prune, RowPredicate, schema_of};
use super::snapshot::{Context, FileSource, MemorySource};
use arrow::array::{Array, RecordBatch, UInt32Array};
use arrow::compute::{concat_batches, take_record_batch};
use parquet::arrow::arrow_reader::RowSelection;
use std::ops::Range;
use std::sync::Arc;

/// Rows that were stored together. Rows are numbered from 0 within what they were stored in, and keep their numbers as
/// long as it exists.
#[derive(Clone)]
pub struct Part {
    pub(super) context: Arc<Context>,
    pub(super) source: Source,
    /// The rows this part is about.
    pub(super) rows: Range<u64>,
}

#[derive(Clone)]
pub(super) enum Source {
    Memory(Arc<MemorySource>),
    File(Arc<FileSource>),
}

/// Rows of a part, and their numbers.
#[derive(Clone, Debug)]
pub struct PartBatch {
    /// Exactly the columns asked for, in that order.
    pub batch: RecordBatch,
    pub rows: RowIds,
}

/// The numbers of the rows of a batch, ascending.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RowIds {
    /// None empty, ascending, apart from each other.
    ranges: Vec<Range<u64>>,
}

impl RowIds {
    pub(super) fn new(ranges: Vec<Range<u64>>) -> RowIds {
        RowIds { ranges }
    }

    pub fn iter(&self) -> impl Iterator<Item = u64> + '_ {
        self.ranges.iter().cloned().flatten()
    }

    /// The number of the row at a place in the batch.
    pub fn get(&self, mut place: usize) -> Option<u64> {
        for range in &self.ranges {
            let length = (range.end - range.start) as usize;
            if place < length {
                return Some(range.start + place as u64);
            }
            place -= length;
        }
        None
    }

    pub fn ranges(&self) -> &[Range<u64>] {
        &self.ranges
    }
}

impl Part {
    /// The first and last moment of what the part was stored in, both included.
    pub fn time_range(&self) -> (i64, i64) {
        match &self.source {
            Source::Memory(memory) => (memory.min_ns, memory.max_ns),
            Source::File(file) => (file.meta.min_time_ns, file.meta.max_time_ns),
        }
    }

    /// How many rows a read can give at most.
    pub fn rows(&self) -> u64 {
        self.rows.end - self.rows.start
    }

    /// Rows of these columns that hold about as much text as a batch should, where it is longest: at most
    /// [`super::BATCH_ROWS`]. Batches of memory chunks are cut to this by those who read them.
    pub fn batch_rows(&self, columns: &[ColumnRef]) -> usize {
        match &self.source {
            Source::File(file) => batch_rows_of(&self.context, file, columns),
            Source::Memory(memory) => {
                let stored = columns.iter().filter_map(|c| memory.batch.column_by_name(&c.name));
                let bytes = stored.map(|column| column.get_buffer_memory_size()).sum();
                rows_of(bytes, memory.batch.num_rows())
            }
        }
    }

    /// The name of what the part was stored in: of a file its path. Together with a row's number it says which row.
    pub fn name(&self) -> &Arc<str> {
        match &self.source {
            Source::Memory(memory) => &memory.name,
            Source::File(file) => &file.path,
        }
    }

    pub fn is_file(&self) -> bool {
        matches!(self.source, Source::File(_))
    }

    /// The same rows as several parts of about `rows_max` rows each, for several threads. Row numbers stay.
    pub fn split(&self, rows_max: u64) -> Vec<Part> {
        // Row groups of the usual length are not cut: each would be decoded twice.
        let unit = crate::segment::GROUP_ROWS as u64;
        let step = rows_max.max(1).div_ceil(unit) * unit;
        let mut parts = Vec::new();
        let mut start = self.rows.start;
        while start < self.rows.end {
            let end = self.rows.end.min((start / step + 1) * step);
            parts.push(Part { rows: start..end, ..self.clone() });
            start = end;
        }
        parts
    }

    /// Reads columns of the rows that `prune` may care for, that are in `rows` (numbers within what the part was stored
    /// in; `None` means all), and that pass the predicate. Batches hold at most [`super::BATCH_ROWS`] rows, in the order
    /// of the part. Nothing is read before the first batch is asked for.
    pub fn read<'a>(
        &self,
        columns: &[ColumnRef],
        prune: &Prune,
        rows: Option<&RowSelection>,
        predicate: Option<RowPredicate<'a>>,
    ) -> PartRows<'a> {
        let mut ranges: Ranges = std::iter::once(self.bounds()).collect();
        if let Some(selection) = rows {
            ranges = cut(&ranges_of(selection), self.bounds());
        }
        PartRows {
            part: self.clone(),
            columns: columns.to_vec(),
            predicate,
            state: State::Start { ranges, prune: prune.clone() },
        }
    }

    fn bounds(&self) -> Range<usize> {
        self.rows.start as usize..self.rows.end as usize
    }

    /// Columns of the rows with these numbers, in the order of the numbers. A row whose place is damaged is missing.
    pub fn fetch_rows(&self, rows: &[u64], columns: &[ColumnRef]) -> Result<RecordBatch, ScanError> {
        let mut sorted = rows.to_vec();
        sorted.sort_unstable();
        sorted.dedup();
        let mut ranges: Ranges = Vec::new();
        for row in &sorted {
            let row = *row as usize;
            match ranges.last_mut() {
                Some(last) if last.end == row => last.end += 1,
                _ => ranges.push(row..row + 1),
            }
        }
        let ranges = cut(&ranges, self.bounds());
        let state = State::Start { ranges, prune: Prune::none() };
        let found = PartRows { part: self.clone(), columns: columns.to_vec(), predicate: None, state };
        let (mut batches, mut numbers) = (Vec::new(), Vec::new());
        for batch in found {
            let batch = batch?;
            numbers.extend(batch.rows.iter());
            batches.push(compact(&batch.batch)?);
        }
        let all = concat_batches(&schema_of(columns), &batches)?;
        let places = rows.iter().filter_map(|row| numbers.binary_search(row).ok()).map(|at| at as u32);
        Ok(take_record_batch(&all, &UInt32Array::from_iter_values(places))?)
    }
}

fn ranges_of(selection: &RowSelection) -> Ranges {
    let mut ranges: Ranges = Vec::new();
    let mut row = 0;
    for selector in selection.iter() {
        if !selector.skip && selector.row_count > 0 {
            match ranges.last_mut() {
                Some(last) if last.end == row => last.end += selector.row_count,
                _ => ranges.push(row..row + selector.row_count),
            }
        }
        row += selector.row_count;
    }
    ranges
}

/// The batches of a part.
pub struct PartRows<'a> {
    part: Part,
    columns: Vec<ColumnRef>,
    predicate: Option<RowPredicate<'a>>,
    state: State,
}

enum State {
    Start { ranges: Ranges, prune: Prune },
    Memory(GroupRows),
    File { rows: FileRows, group: Option<GroupRows> },
    End,
}

impl Iterator for PartRows<'_> {
    type Item = Result<PartBatch, ScanError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if self.part.context.cancel.is_cancelled() && !matches!(self.state, State::End) {
                self.state = State::End;
                return Some(Err(ScanError::Cancelled));
            }
            match self.step() {
                Ok(Step::Batch(batch)) => return Some(Ok(batch)),
                Ok(Step::Again) => {}
                Ok(Step::End) => return None,
                Err(Trouble::Stop(error)) => {
                    self.state = State::End;
                    return Some(Err(error));
                }
                Err(Trouble::Damaged(what)) => self.leave_out(&what),
            }
        }
    }
}

enum Step {
    Batch(PartBatch),
    Again,
    End,
}

impl PartRows<'_> {
    fn step(&mut self) -> Result<Step, Trouble> {
        match &mut self.state {
            State::End => Ok(Step::End),
            State::Start { .. } => {
                self.start()?;
                Ok(Step::Again)
            }
            State::Memory(group) => match group.next() {
                Some(batch) => Ok(Step::Batch(batch?)),
                None => {
                    self.state = State::End;
                    Ok(Step::End)
                }
            },
            State::File { rows, group } => {
                if let Some(open) = group {
                    match open.next() {
                        Some(batch) => return Ok(Step::Batch(batch?)),
                        None => *group = None,
                    }
                }
                let Some((first_row, ranges, next)) = rows.next_group() else {
                    self.state = State::End;
                    return Ok(Step::End);
                };
                let (predicate, cancel) = (self.predicate.as_mut(), &self.part.context.cancel);
                *group = GroupRows::open(&next, first_row, &self.columns, ranges, predicate, cancel)?;
                Ok(Step::Again)
            }
        }
    }

    fn start(&mut self) -> Result<(), Trouble> {
        let State::Start { ranges, prune } = std::mem::replace(&mut self.state, State::End) else {
            return Ok(());
        };
        if ranges.is_empty() {
            return Ok(());
        }
        match &self.part.source {
            Source::Memory(memory) => {
                let group = MemoryGroup(memory.batch.clone());
                let (predicate, cancel) = (self.predicate.as_mut(), &self.part.context.cancel);
                if let Some(rows) = GroupRows::open(&group, 0, &self.columns, ranges, predicate, cancel)? {
                    self.state = State::Memory(rows);
                }
            }
            Source::File(file) => {
                let rows = FileRows::open(&self.part.context, file, &prune, ranges)?;
                self.state = State::File { rows, group: None };
            }
        }
        Ok(())
    }

    /// Goes on behind what cannot be read.
    fn leave_out(&mut self, what: &str) {
        self.part.context.warn(self.part.name(), what);
        match &mut self.state {
            State::File { group, .. } => *group = None,
            _ => self.state = State::End,
        }
    }
}
