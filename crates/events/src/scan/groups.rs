//! Reading one group of rows (a memory chunk, or a row group of a file) in two phases: what the predicate looks at, then
//! the other columns of the rows that passed.
//!
//! Rows are said as ranges of numbers within the group: ascending, apart from each other, none empty.

use super::convert::Shape;
use super::part::{PartBatch, RowIds};
use super::request::{Cancel, ColumnRef, RowPredicate};
use super::{BATCH_ROWS, ScanError};
use arrow::array::{Array, ArrayRef, BooleanArray, RecordBatch, UInt32Array, new_empty_array};
use arrow::compute::{concat, filter, prep_null_mask_filter, take};
use std::collections::VecDeque;
use std::ops::Range;

/// Why a group cannot be read on.
#[derive(Debug)]
pub(super) enum Trouble {
    /// The whole scan ends.
    Stop(ScanError),
    /// This group ends: its bytes are not what was written.
    Damaged(String),
}

impl<E: Into<ScanError>> From<E> for Trouble {
    fn from(error: E) -> Trouble {
        Trouble::Stop(error.into())
    }
}

pub(super) type Ranges = Vec<Range<usize>>;
pub(super) type Batches = Box<dyn Iterator<Item = Result<RecordBatch, Trouble>> + Send>;

/// Rows that are stored together.
pub(super) trait Group {
    /// Reads columns of the rows in `ranges`, in batches of at most [`BATCH_ROWS`] rows.
    fn open(&self, columns: &[ColumnRef], ranges: &Ranges) -> Result<Batches, Trouble>;
}

/// The batches of one group.
pub(super) struct GroupRows {
    shape: Shape,
    /// The columns that come from `batches`: their numbers among the columns asked for.
    read: Vec<usize>,
    batches: Batches,
    /// Columns that the predicate has already read, of all rows that passed.
    kept: Vec<(usize, ArrayRef)>,
    /// Rows given, of those that passed.
    given: usize,
    left: RangeQueue,
    /// The number of the first row of the group within the part.
    first_row: u64,
}

impl GroupRows {
    /// `None` when no row passes.
    pub(super) fn open(
        group: &dyn Group,
        first_row: u64,
        columns: &[ColumnRef],
        mut ranges: Ranges,
        predicate: Option<&mut RowPredicate<'_>>,
        cancel: &Cancel,
    ) -> Result<Option<GroupRows>, Trouble> {
        let mut kept = Vec::new();
        if let Some(predicate) = predicate {
            (ranges, kept) = sift(group, columns, &ranges, predicate, cancel)?;
        }
        if ranges.is_empty() {
            return Ok(None);
        }
        let read: Vec<usize> = (0..columns.len()).filter(|at| kept.iter().all(|(k, _)| k != at)).collect();
        let wanted: Vec<ColumnRef> = read.iter().map(|at| columns[*at].clone()).collect();
        let batches =
            if wanted.is_empty() { Box::new(counted(&ranges)) } else { group.open(&wanted, &ranges)? };
        let left = RangeQueue(ranges.into());
        Ok(Some(GroupRows { shape: Shape::new(columns), read, batches, kept, given: 0, left, first_row }))
    }

    pub(super) fn next(&mut self) -> Option<Result<PartBatch, Trouble>> {
        match self.batches.next()? {
            Err(trouble) => Some(Err(trouble)),
            Ok(batch) => Some(self.join(batch).map_err(Trouble::from)),
        }
    }

    fn join(&mut self, read: RecordBatch) -> Result<PartBatch, ScanError> {
        let rows = read.num_rows();
        let batch = self.shape.batch(rows, |at| match self.read.iter().position(|r| *r == at) {
            Some(place) => Some(read.column(place).clone()),
            None => self.kept.iter().find(|(k, _)| *k == at).map(|(_, array)| array.slice(self.given, rows)),
        })?;
        self.given += rows;
        Ok(PartBatch { batch, rows: self.left.take(rows, self.first_row) })
    }
}

/// Batches without columns, for questions that only count.
pub(super) fn counted(ranges: &Ranges) -> impl Iterator<Item = Result<RecordBatch, Trouble>> + Send + use<> {
    let shape = Shape::new(&[]);
    let mut left: usize = ranges.iter().map(|r| r.len()).sum();
    std::iter::from_fn(move || {
        let rows = left.min(BATCH_ROWS);
        left -= rows;
        (rows > 0).then(|| shape.batch(rows, |_| None).map_err(Trouble::from))
    })
}

/// Which rows pass, and the columns asked for that the predicate has read anyway.
fn sift(
    group: &dyn Group,
    columns: &[ColumnRef],
    ranges: &Ranges,
    predicate: &mut RowPredicate<'_>,
    cancel: &Cancel,
) -> Result<(Ranges, Vec<(usize, ArrayRef)>), Trouble> {
    let shared: Vec<(usize, usize)> = columns
        .iter()
        .enumerate()
        .filter_map(|(at, ask)| predicate.columns.iter().position(|c| c == ask).map(|place| (at, place)))
        .collect();
    let mut passed = Vec::new();
    let mut kept: Vec<Vec<ArrayRef>> = vec![Vec::new(); shared.len()];
    let mut queue = RangeQueue(ranges.clone().into());
    for batch in group.open(&predicate.columns, ranges)? {
        cancel.check()?;
        let batch = batch?;
        let answer = (predicate.test)(&batch)?;
        let answer = if answer.null_count() > 0 { prep_null_mask_filter(&answer) } else { answer };
        let count = queue.pass(batch.num_rows(), &answer, &mut passed);
        if count == 0 {
            continue;
        }
        for ((_, place), arrays) in shared.iter().zip(&mut kept) {
            let array = batch.column(*place);
            arrays.push(if count == batch.num_rows() { array.clone() } else { filter(array, &answer)? });
        }
    }
    let joined =
        shared.iter().zip(kept).map(|((at, _), arrays)| Ok((*at, join_all(&arrays, &columns[*at])?)));
    Ok((passed, joined.collect::<Result<Vec<_>, ScanError>>()?))
}

fn join_all(arrays: &[ArrayRef], ask: &ColumnRef) -> Result<ArrayRef, ScanError> {
    match arrays {
        [] => Ok(new_empty_array(&ask.data_type)),
        [one] => Ok(one.clone()),
        many => Ok(concat(&many.iter().map(|a| a.as_ref()).collect::<Vec<_>>())?),
    }
}

/// The rows still to be given.
pub(super) struct RangeQueue(pub(super) VecDeque<Range<usize>>);

impl RangeQueue {
    /// The next `rows` rows, as pieces of ranges.
    pub(super) fn pieces(&mut self, mut rows: usize, mut each: impl FnMut(Range<usize>)) {
        while rows > 0
            && let Some(front) = self.0.front_mut()
        {
            let piece = front.start..front.start + front.len().min(rows);
            rows -= piece.len();
            front.start = piece.end;
            if front.start == front.end {
                self.0.pop_front();
            }
            each(piece);
        }
    }

    fn take(&mut self, rows: usize, first_row: u64) -> RowIds {
        let mut ranges: Vec<Range<u64>> = Vec::new();
        self.pieces(rows, |piece| match ranges.last_mut() {
            Some(last) if last.end == first_row + piece.start as u64 => {
                last.end = first_row + piece.end as u64
            }
            _ => ranges.push(first_row + piece.start as u64..first_row + piece.end as u64),
        });
        RowIds::new(ranges)
    }

    /// Adds those of the next rows for which the answer is yes, and says how many they are.
    fn pass(&mut self, rows: usize, answer: &BooleanArray, passed: &mut Ranges) -> usize {
        let mut at = 0;
        let mut count = 0;
        self.pieces(rows, |piece| {
            let part = answer.values().slice(at, piece.len());
            at += piece.len();
            for (from, to) in part.set_slices() {
                count += to - from;
                match passed.last_mut() {
                    Some(last) if last.end == piece.start + from => last.end = piece.start + to,
                    _ => passed.push(piece.start + from..piece.start + to),
                }
            }
        });
        count
    }
}

/// Rows in memory.
pub(super) struct MemoryGroup(pub(super) RecordBatch);

impl Group for MemoryGroup {
    fn open(&self, columns: &[ColumnRef], ranges: &Ranges) -> Result<Batches, Trouble> {
        let shape = Shape::new(columns);
        let batch = self.0.clone();
        let places: Vec<Option<usize>> =
            columns.iter().map(|c| batch.schema().index_of(&c.name).ok()).collect();
        let mut queue = RangeQueue(ranges.clone().into());
        Ok(Box::new(std::iter::from_fn(move || {
            let mut pieces = Vec::new();
            queue.pieces(BATCH_ROWS, |piece| pieces.push(piece));
            let rows = pieces.iter().map(|p| p.len()).sum();
            if rows == 0 {
                return None;
            }
            let cut = match pieces.as_slice() {
                [one] => Ok(Cut::Slice(one.clone())),
                many => u32_rows(many).map(Cut::Rows),
            };
            let batch = cut.and_then(|cut| {
                let arrays = places.iter().map(|p| p.map(|p| cut.of(batch.column(p))).transpose());
                let arrays = arrays.collect::<Result<Vec<_>, ScanError>>()?;
                Ok(shape.batch(rows, |at| arrays[at].clone())?)
            });
            Some(batch.map_err(Trouble::from))
        })))
    }
}

fn u32_rows(pieces: &[Range<usize>]) -> Result<UInt32Array, ScanError> {
    // A memory chunk is some thousands of rows; 32 bits are plenty.
    Ok(UInt32Array::from_iter_values(pieces.iter().flat_map(|p| p.clone()).map(|row| row as u32)))
}

enum Cut {
    Slice(Range<usize>),
    Rows(UInt32Array),
}

impl Cut {
    fn of(&self, array: &ArrayRef) -> Result<ArrayRef, ScanError> {
        match self {
            Cut::Slice(range) => Ok(array.slice(range.start, range.len())),
            Cut::Rows(rows) => Ok(take(array, rows, None)?),
        }
    }
}

/// The rows of `ranges` that are in `bounds`.
pub(super) fn cut(ranges: &Ranges, bounds: Range<usize>) -> Ranges {
    intersect(ranges, &std::iter::once(bounds).collect())
}

/// The rows of both.
pub(super) fn intersect(a: &Ranges, b: &Ranges) -> Ranges {
    let (mut i, mut j) = (0, 0);
    let mut both = Vec::new();
    while i < a.len() && j < b.len() {
        let piece = a[i].start.max(b[j].start)..a[i].end.min(b[j].end);
        if piece.start < piece.end {
            both.push(piece);
        }
        if a[i].end < b[j].end { i += 1 } else { j += 1 }
    }
    both
}
