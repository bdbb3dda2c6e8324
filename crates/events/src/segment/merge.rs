//! Merging sorted segments into one, a batch of each in memory at a time.

use super::gather::{Gather, Pick};
use super::sort::Keys;
use super::writer::{SegmentOptions, SegmentWriter, Written, sample_of_batches};
use super::{RUN_ROWS, SegmentError, schema};
use arrow::array::RecordBatch;
use arrow::datatypes::Schema;
use model::event::Kind;
use std::cmp::Ordering;
use std::io::Write;
use std::sync::Arc;

/// A sorted sequence of batches, as a segment gives them.
pub type Sorted<'a> = Box<dyn Iterator<Item = Result<RecordBatch, SegmentError>> + 'a>;

/// Merges sequences of batches, each sorted by (service, time), into one segment. Columns may differ. Equal rows stay in
/// the order of the sequences.
///
/// `columns` are those of the result; batches may lack some, and what they have beyond is left out. By `sample`, rows from
/// all over the sequences, it is judged how columns are encoded.
pub fn merge_segments<W: Write + Send>(
    kind: Kind,
    columns: &Schema,
    sample: Vec<RecordBatch>,
    inputs: Vec<Sorted<'_>>,
    options: &SegmentOptions,
    sink: W,
) -> Result<Written<W>, SegmentError> {
    let schema = schema::of_batches(std::iter::once(columns))?;
    let mut heads = Vec::new();
    for mut rest in inputs {
        if let Some(batch) = next_rows(&mut rest)? {
            heads.push(Head { batch: Arc::new(batch), row: 0, rest });
        }
    }
    let judged = sample_of_batches(&schema, &sample)?;
    drop(sample);
    let mut writer = SegmentWriter::new(kind, &schema, &judged, options, sink)?;
    drop(judged);
    while !heads.is_empty() {
        next_run(&schema, &mut heads, &mut writer)?;
    }
    writer.finish()
}

struct Head<'a> {
    batch: Arc<RecordBatch>,
    /// The next row to take.
    row: usize,
    rest: Sorted<'a>,
}

fn next_rows(rest: &mut Sorted<'_>) -> Result<Option<RecordBatch>, SegmentError> {
    for batch in rest {
        let batch = batch?;
        if batch.num_rows() > 0 {
            return Ok(Some(batch));
        }
    }
    Ok(None)
}

/// Writes the next rows in order: a run, or fewer when a batch that they come from is used up. So no batch has to be kept
/// beside the one at the head of its sequence.
fn next_run<W: Write + Send>(
    schema: &Arc<Schema>,
    heads: &mut Vec<Head<'_>>,
    writer: &mut SegmentWriter<W>,
) -> Result<(), SegmentError> {
    let batches: Vec<RecordBatch> = heads.iter().map(|head| head.batch.as_ref().clone()).collect();
    let keys = batches.iter().map(Keys::of).collect::<Result<Vec<_>, _>>()?;
    let mut rows: Vec<usize> = heads.iter().map(|head| head.row).collect();
    let mut picks = Vec::with_capacity(RUN_ROWS);
    let order =
        |rows: &[usize], a: usize, b: usize| compare(&keys[a], rows[a], &keys[b], rows[b]).then(a.cmp(&b));
    'run: while picks.len() < RUN_ROWS {
        let mut first = 0;
        for other in 1..rows.len() {
            if order(&rows, other, first) == Ordering::Less {
                first = other;
            }
        }
        // As long as the first one stays the first, nobody else is asked but the second.
        let mut second: Option<usize> = None;
        for other in (0..rows.len()).filter(|other| *other != first) {
            if second.is_none_or(|s| order(&rows, other, s) == Ordering::Less) {
                second = Some(other);
            }
        }
        while picks.len() < RUN_ROWS && second.is_none_or(|s| order(&rows, first, s) == Ordering::Less) {
            picks.push(Pick { batch: first as u32, row: rows[first] as u32 });
            rows[first] += 1;
            if rows[first] == batches[first].num_rows() {
                break 'run;
            }
        }
    }
    writer.push_picked(&Gather::new(schema, &batches)?, &picks)?;
    drop(keys);
    advance(heads, &rows)
}

fn advance(heads: &mut Vec<Head<'_>>, rows: &[usize]) -> Result<(), SegmentError> {
    for (head, row) in heads.iter_mut().zip(rows) {
        head.row = *row;
    }
    if let Some(used) = heads.iter().position(|head| head.row == head.batch.num_rows()) {
        match next_rows(&mut heads[used].rest)? {
            Some(batch) => (heads[used].batch, heads[used].row) = (Arc::new(batch), 0),
            None => drop(heads.remove(used)),
        }
    }
    Ok(())
}

fn compare(a: &Keys<'_>, a_row: usize, b: &Keys<'_>, b_row: usize) -> Ordering {
    a.service(a_row).cmp(b.service(b_row)).then_with(|| a.time(a_row).cmp(&b.time(b_row)))
}
