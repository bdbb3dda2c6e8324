//! Reading everything that may match, on several threads.
//!
//! Parts are cut into pieces of a few row groups; threads take the next piece until none is left. A thread has a state
//! of its own, which the caller joins at the end. Rows that are given have passed the filter and lie in the range.
//!
//! Two ways to filter: when the tests are cheap, filter columns and wanted columns are read together and rows are given
//! with a mask; when text must be searched, the wanted columns are read only for rows that passed.

use super::plan::Plan;
use crate::answer::SearchError;
use crate::ask::TimeRange;
use crate::compile::{Filter, Leaf, Node, time_column};
use crate::eval::evaluate;
use crate::guard::Guard;
use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, RecordBatch};
use arrow::buffer::BooleanBuffer;
use arrow::datatypes::TimestampNanosecondType;
use events::scan::{ColumnRef, Part, Prune, RowIds, RowPredicate, ScanError};
use parquet::arrow::arrow_reader::RowSelection;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Rows of a piece: four row groups. A piece of text takes a thread some 50 ms, so both cores end at about one time.
const PIECE_ROWS: u64 = 4 * 131_072;

/// Rows that match, of one batch.
pub(crate) struct Rows<'a> {
    /// The wanted columns, in their order.
    pub columns: &'a [ArrayRef],
    /// Rows of the columns.
    pub len: usize,
    /// Those that match; all when `None`.
    pub mask: Option<&'a BooleanBuffer>,
    pub ids: &'a RowIds,
    /// The number of the piece that they are from.
    pub piece: usize,
}

impl Rows<'_> {
    /// Calls for each row that matches.
    pub fn each(&self, mut visit: impl FnMut(usize)) {
        match self.mask {
            None => (0..self.len).for_each(visit),
            Some(mask) => mask.set_indices().for_each(&mut visit),
        }
    }

    pub fn count(&self) -> u64 {
        self.mask.map_or(self.len, BooleanBuffer::count_set_bits) as u64
    }
}

/// The parts that may hold matches, in pieces, in the order of the snapshot: the newest first.
pub(crate) fn pieces(plan: &Plan<'_>, prune: &Prune) -> Vec<Part> {
    if plan.filter.is_nothing() {
        return Vec::new();
    }
    let parts = plan.snapshot.parts(prune);
    parts.iter().for_each(|_| plan.guard.part());
    cut(&parts)
}

/// Parts in pieces for threads.
pub(crate) fn cut(parts: &[Part]) -> Vec<Part> {
    parts.iter().flat_map(|part| part.split(PIECE_ROWS)).collect()
}

/// Reads the wanted columns of all matching rows. `each` is called with a thread's state; it says whether to go on.
pub(crate) fn sweep<S: Send>(
    plan: &Plan<'_>,
    wanted: &[ColumnRef],
    pieces: &[Part],
    state: impl Fn() -> S + Sync,
    each: impl Fn(&mut S, &Rows<'_>) -> Result<bool, SearchError> + Sync,
) -> Result<Vec<S>, SearchError> {
    let reading = Reading { filter: &plan.filter, range: plan.range, guard: &plan.guard, wanted, runs: None };
    on_threads(plan, pieces, state, |state, piece, part| {
        reading.part(part, &plan.filter.prune, piece, &mut |rows| each(state, rows))
    })
}

/// Runs of rows at even distances, for questions that a sample answers.
pub(crate) struct Runs {
    /// One of so many runs is read.
    one_of: u64,
    /// The number of the first row of each piece, in what it was stored in.
    starts: Vec<u64>,
}

/// Rows of a run: a data page, which is decoded whole anyway.
const RUN_ROWS: u64 = 8_192;

impl Runs {
    /// Of the rows of pieces, so many at most; all when text is searched, because what is found by it is rare.
    pub fn of(plan: &Plan<'_>, pieces: &[Part], rows_max: u64) -> Runs {
        let rows: u64 = pieces.iter().map(Part::rows).sum();
        let all = searches_text(&plan.filter.root);
        let mut starts: Vec<u64> = Vec::with_capacity(pieces.len());
        for (at, piece) in pieces.iter().enumerate() {
            // Pieces of one part follow each other.
            let before = at.checked_sub(1).filter(|before| pieces[*before].name() == piece.name());
            starts.push(before.map_or(0, |before| starts[before] + pieces[before].rows()));
        }
        Runs { one_of: if all { 1 } else { rows.div_ceil(rows_max).max(1) }, starts }
    }

    pub fn leave_out(&self) -> bool {
        self.one_of > 1
    }

    /// The rows to read of a piece; all when `None`.
    fn selection(&self, rows: u64, piece: usize) -> Option<RowSelection> {
        if self.one_of == 1 {
            return None;
        }
        let first = self.starts[piece];
        let mut ranges = Vec::new();
        // Each piece begins with another run, so that small parts are met too.
        let mut start = first + (piece as u64 % self.one_of) * RUN_ROWS;
        while start < first + rows {
            ranges.push(start as usize..(start + RUN_ROWS).min(first + rows) as usize);
            start += self.one_of * RUN_ROWS;
        }
        Some(RowSelection::from_consecutive_ranges(ranges.into_iter(), (first + rows) as usize))
    }
}

/// [`sweep`] of a sample.
pub(crate) fn sweep_runs<S: Send>(
    plan: &Plan<'_>,
    wanted: &[ColumnRef],
    pieces: &[Part],
    runs: &Runs,
    state: impl Fn() -> S + Sync,
    each: impl Fn(&mut S, &Rows<'_>) -> Result<bool, SearchError> + Sync,
) -> Result<Vec<S>, SearchError> {
    on_threads(plan, pieces, state, |state, piece, part| {
        let runs = runs.selection(part.rows(), piece);
        let (filter, range, guard) = (&plan.filter, plan.range, &plan.guard);
        let reading = Reading { filter, range, guard, wanted, runs };
        reading.part(part, &plan.filter.prune, piece, &mut |rows| each(state, rows))
    })
}

/// Gives pieces to threads. `work` says whether to go on.
pub(crate) fn on_threads<S: Send>(
    plan: &Plan<'_>,
    pieces: &[Part],
    state: impl Fn() -> S + Sync,
    work: impl Fn(&mut S, usize, &Part) -> Result<bool, SearchError> + Sync,
) -> Result<Vec<S>, SearchError> {
    side_by_side(&plan.guard, pieces.len(), state, |state, piece| work(state, piece, &pieces[piece]))
}

/// Gives numbers below `count` to threads, each once. A thread has a state of its own. `work` says whether to go on.
pub(crate) fn side_by_side<S: Send>(
    guard: &Guard<'_>,
    count: usize,
    state: impl Fn() -> S + Sync,
    work: impl Fn(&mut S, usize) -> Result<bool, SearchError> + Sync,
) -> Result<Vec<S>, SearchError> {
    let next = AtomicUsize::new(0);
    let run = || -> Result<S, SearchError> {
        let mut state = state();
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            if number >= count {
                return Ok(state);
            }
            match work(&mut state, number) {
                Ok(true) => {}
                // The others end at their next number.
                Ok(false) => next.store(count, Ordering::Relaxed),
                Err(error) => {
                    next.store(count, Ordering::Relaxed);
                    return Err(guard.stop(error));
                }
            }
        }
    };
    let threads = guard.control.threads.clamp(1, 64).min(count.max(1));
    if threads == 1 {
        return Ok(vec![run()?]);
    }
    let results: Vec<Result<S, SearchError>> = std::thread::scope(|scope| {
        let others: Vec<_> = (1..threads).map(|_| scope.spawn(run)).collect();
        let mut results = vec![run()];
        for other in others {
            let panicked = || SearchError::Internal("a thread of the search ended in a panic".to_owned());
            results.push(other.join().unwrap_or_else(|_| Err(panicked())));
        }
        results
    });
    results.into_iter().collect()
}

/// How one part is read.
pub(crate) struct Reading<'a> {
    pub filter: &'a Filter,
    pub range: TimeRange,
    pub guard: &'a Guard<'a>,
    pub wanted: &'a [ColumnRef],
    /// Only these rows of the part.
    pub runs: Option<RowSelection>,
}

type Each<'e> = dyn FnMut(&Rows<'_>) -> Result<bool, SearchError> + 'e;

impl Reading<'_> {
    /// Reads a part; false when the caller, or a limit, says that it is enough.
    pub fn part(
        &self,
        part: &Part,
        prune: &Prune,
        piece: usize,
        each: &mut Each<'_>,
    ) -> Result<bool, SearchError> {
        let (first, last) = part.time_range();
        let timeless = self.range.contains(first) && self.range.contains(last);
        if self.filter.is_all() && timeless {
            return self.all(part, prune, piece, each);
        }
        let mut columns = self.filter.columns.clone();
        let time = match timeless {
            true => None,
            false => Some(position(&mut columns, &time_column())),
        };
        if searches_text(&self.filter.root) {
            self.late(part, prune, piece, each, columns, time)
        } else {
            self.at_once(part, prune, piece, each, columns, time)
        }
    }

    /// Every row matches.
    fn all(
        &self,
        part: &Part,
        prune: &Prune,
        piece: usize,
        each: &mut Each<'_>,
    ) -> Result<bool, SearchError> {
        for batch in part.read(self.wanted, prune, self.runs.as_ref(), None) {
            let batch = batch.map_err(|e| self.guard.scan_error(e))?;
            let len = batch.batch.num_rows();
            let rows = Rows { columns: batch.batch.columns(), len, mask: None, ids: &batch.rows, piece };
            if !self.guard.look(len as u64)? || !each(&rows)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Filter columns and wanted ones together.
    fn at_once(
        &self,
        part: &Part,
        prune: &Prune,
        piece: usize,
        each: &mut Each<'_>,
        mut columns: Vec<ColumnRef>,
        time: Option<usize>,
    ) -> Result<bool, SearchError> {
        let places: Vec<usize> = self.wanted.iter().map(|column| position(&mut columns, column)).collect();
        for batch in part.read(&columns, prune, self.runs.as_ref(), None) {
            let batch = batch.map_err(|e| self.guard.scan_error(e))?;
            let len = batch.batch.num_rows();
            let more = self.guard.look(len as u64)?;
            let mask = self.mask(&batch.batch, time).map_err(|e| self.guard.scan_error(e.into()))?;
            if mask.count_set_bits() > 0 {
                let wanted: Vec<ArrayRef> = places.iter().map(|at| batch.batch.column(*at).clone()).collect();
                let full = mask.count_set_bits() == len;
                let mask = (!full).then_some(&mask);
                if !each(&Rows { columns: &wanted, len, mask, ids: &batch.rows, piece })? {
                    return Ok(false);
                }
            }
            if !more {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// The wanted columns only of rows that passed.
    fn late(
        &self,
        part: &Part,
        prune: &Prune,
        piece: usize,
        each: &mut Each<'_>,
        columns: Vec<ColumnRef>,
        time: Option<usize>,
    ) -> Result<bool, SearchError> {
        let predicate = RowPredicate::new(columns, |batch: &RecordBatch| {
            // The guard keeps the reason.
            let more = self.guard.look(batch.num_rows() as u64).map_err(|_| ScanError::Cancelled)?;
            match more {
                true => Ok(BooleanArray::new(self.mask(batch, time)?, None)),
                false => Ok(BooleanArray::new(BooleanBuffer::new_unset(batch.num_rows()), None)),
            }
        });
        for batch in part.read(self.wanted, prune, self.runs.as_ref(), Some(predicate)) {
            let batch = batch.map_err(|e| self.guard.scan_error(e))?;
            self.guard.check()?;
            let len = batch.batch.num_rows();
            let rows = Rows { columns: batch.batch.columns(), len, mask: None, ids: &batch.rows, piece };
            if !each(&rows)? {
                return Ok(false);
            }
        }
        Ok(!self.guard.is_exhausted())
    }

    fn mask(
        &self,
        batch: &RecordBatch,
        time: Option<usize>,
    ) -> Result<BooleanBuffer, arrow::error::ArrowError> {
        let mask = evaluate(self.filter, batch)?.values().clone();
        let Some(time) = time else { return Ok(mask) };
        let times = batch.column(time).as_primitive::<TimestampNanosecondType>();
        let values = times.values();
        let inside = BooleanBuffer::collect_bool(values.len(), |row| self.range.contains(values[row]));
        let mask = &mask & &inside;
        // Every event has a time; a row without one would be of a damaged file.
        Ok(match times.nulls() {
            Some(nulls) => &mask & nulls.inner(),
            None => mask,
        })
    }
}

/// Where a column is among others, added when it is not.
fn position(columns: &mut Vec<ColumnRef>, column: &ColumnRef) -> usize {
    match columns.iter().position(|known| known == column) {
        Some(at) => at,
        None => {
            columns.push(column.clone());
            columns.len() - 1
        }
    }
}

pub(crate) fn searches_text(node: &Node) -> bool {
    match node {
        Node::Constant(_) => false,
        Node::And(children) | Node::Or(children) => children.iter().any(searches_text),
        Node::Not(inner) => searches_text(inner),
        Node::Leaf(leaf) => leaf.searches_text(),
        Node::Levels(levels) => levels.iter().flatten().any(Leaf::searches_text),
    }
}
