//! The order of a segment: by service, then by time. A missing service comes first.

use super::SegmentError;
use super::gather::{Pick, TextOf, text_of};
use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::{DataType, TimeUnit, TimestampNanosecondType};
use hashbrown::HashMap;

/// The two columns that order the rows of a batch.
pub(super) struct Keys<'a> {
    times: &'a [i64],
    service: TextOf<'a>,
}

impl<'a> Keys<'a> {
    pub(super) fn of(batch: &'a RecordBatch) -> Result<Keys<'a>, SegmentError> {
        let missing = |what: &str| SegmentError::Input(format!("a batch without {what}"));
        let time = batch.column_by_name("time").ok_or_else(|| missing("time"))?;
        if !matches!(time.data_type(), DataType::Timestamp(TimeUnit::Nanosecond, _)) || time.null_count() > 0
        {
            return Err(missing("a time in each row"));
        }
        let times = time.as_primitive::<TimestampNanosecondType>().values();
        let service = batch.column_by_name("service").and_then(|c| text_of(c.as_ref()));
        Ok(Keys { times, service: service.ok_or_else(|| missing("service"))? })
    }

    pub(super) fn time(&self, row: usize) -> i64 {
        self.times[row]
    }

    pub(super) fn service(&self, row: usize) -> &'a str {
        (self.service)(row).unwrap_or("")
    }
}

/// All rows of the batches in order; equal ones as they came.
pub(super) fn sorted(batches: &[RecordBatch]) -> Result<Vec<Pick>, SegmentError> {
    let keys = batches.iter().map(Keys::of).collect::<Result<Vec<_>, _>>()?;
    let mut names: HashMap<&str, u32> = HashMap::new();
    let mut list: Vec<&str> = Vec::new();
    let rows = batches.iter().map(RecordBatch::num_rows).sum();
    // 32 B a row: a flush of a million rows sorts 32 MB.
    let mut order: Vec<(u32, i64, u32, u32)> = Vec::with_capacity(rows);
    for (batch, keys) in keys.iter().enumerate() {
        let mut last: Option<(&str, u32)> = None;
        for row in 0..batches[batch].num_rows() {
            let name = keys.service(row);
            let number = match last {
                Some((before, number)) if before == name => number,
                _ => *names.entry(name).or_insert_with(|| {
                    list.push(name);
                    list.len() as u32 - 1
                }),
            };
            last = Some((name, number));
            order.push((number, keys.time(row), batch as u32, row as u32));
        }
    }
    let mut by_name: Vec<u32> = (0..list.len() as u32).collect();
    by_name.sort_unstable_by_key(|number| list[*number as usize]);
    let mut ranks = vec![0; list.len()];
    for (rank, number) in by_name.iter().enumerate() {
        ranks[*number as usize] = rank as u32;
    }
    for entry in &mut order {
        entry.0 = ranks[entry.0 as usize];
    }
    order.sort_unstable();
    Ok(order.into_iter().map(|(_, _, batch, row)| Pick { batch, row }).collect())
}
