//! Where the buckets of a histogram lie: spans to indexes and back, compaction, coarser schemas.
//!
//! The working form is a list of `(index, count)` that ascends strictly by index. It costs 16 bytes a bucket for
//! the time of an operation and makes every operation a merge of two sorted lists; histograms that share their
//! spans, nearly all in practice, never take it.

use super::{EXPONENTIAL_SCHEMA_MAX, EXPONENTIAL_SCHEMA_MIN, FloatHistogram, Span};

/// One bucket of the working form.
pub(super) type Cell = (i32, f64);

/// Visits the index of every bucket that the spans lay out, until `limit` of them.
pub(super) fn indexes(spans: &[Span], limit: usize) -> impl Iterator<Item = i32> + '_ {
    let mut next = 0i32;
    spans
        .iter()
        .flat_map(move |span| {
            let start = next.wrapping_add(span.offset);
            next = start.wrapping_add(span.length as i32);
            (0..span.length as i32).map(move |i| start.wrapping_add(i))
        })
        .take(limit)
}

pub(super) fn cells<'a>(spans: &'a [Span], buckets: &'a [f64]) -> impl Iterator<Item = Cell> + 'a {
    indexes(spans, buckets.len()).zip(buckets.iter().copied())
}

/// Spans and buckets of a list of cells.
pub(super) fn from_cells(cells: &[Cell]) -> (Vec<Span>, Vec<f64>) {
    let mut spans: Vec<Span> = Vec::new();
    let mut next = 0i32;
    for (index, _) in cells {
        match spans.last_mut() {
            Some(last) if *index == next => last.length += 1,
            _ => spans.push(Span { offset: index.wrapping_sub(next), length: 1 }),
        }
        next = index.wrapping_add(1);
    }
    (spans, cells.iter().map(|(_, count)| *count).collect())
}

/// Whether two lists of spans lay out the same buckets, however they are cut.
pub(super) fn same_layout(a: &[Span], b: &[Span]) -> bool {
    a == b || indexes(a, usize::MAX).eq(indexes(b, usize::MAX))
}

/// The index in a coarser schema of a bucket of a finer one.
pub(super) fn coarser_index(index: i32, from: i32, to: i32) -> i32 {
    // The bucket with index i ends at 2^(i/2^schema), inclusive: hence the shift by one before and after.
    ((index.wrapping_sub(1)) >> (from - to).clamp(0, 31)).wrapping_add(1)
}

/// Merges buckets into those of a coarser schema.
pub(super) fn coarser(cells: impl Iterator<Item = Cell>, from: i32, to: i32) -> Vec<Cell> {
    let mut merged: Vec<Cell> = Vec::new();
    for (index, count) in cells {
        let index = coarser_index(index, from, to);
        match merged.last_mut() {
            Some(last) if last.0 == index => last.1 += count,
            _ => merged.push((index, count)),
        }
    }
    merged
}

impl FloatHistogram {
    /// Removes empty buckets and closes the gaps they leave in the spans.
    pub fn compact(&mut self) {
        compact(&mut self.positive_spans, &mut self.positive_buckets);
        compact(&mut self.negative_spans, &mut self.negative_buckets);
    }

    /// The histogram at a coarser resolution. Any other request (finer, custom bounds) gives a plain copy.
    pub fn to_schema(&self, schema: i32) -> FloatHistogram {
        let mut copy = self.clone();
        copy.reduce_resolution(schema);
        copy
    }

    /// Merges buckets until they are those of a coarser schema; nothing happens for any other.
    pub fn reduce_resolution(&mut self, schema: i32) {
        let exponential = EXPONENTIAL_SCHEMA_MIN..=EXPONENTIAL_SCHEMA_MAX;
        if !exponential.contains(&self.schema) || !exponential.contains(&schema) || schema >= self.schema {
            return;
        }
        let from = self.schema;
        for (spans, buckets) in [
            (&mut self.positive_spans, &mut self.positive_buckets),
            (&mut self.negative_spans, &mut self.negative_buckets),
        ] {
            let merged = coarser(cells(spans, buckets), from, schema);
            (*spans, *buckets) = from_cells(&merged);
        }
        self.schema = schema;
    }
}

fn compact(spans: &mut Vec<Span>, buckets: &mut Vec<f64>) {
    let clean = buckets.iter().all(|b| *b != 0.0)
        && spans.iter().all(|s| s.length > 0)
        && spans.iter().skip(1).all(|s| s.offset > 0);
    if clean {
        return;
    }
    let kept: Vec<Cell> = cells(spans, buckets).filter(|(_, count)| *count != 0.0).collect();
    (*spans, *buckets) = from_cells(&kept);
}
