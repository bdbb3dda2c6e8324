//! The native histograms of one series between two flushes: each as its difference to the one before.

use crate::histogram::{put_histogram, take_histogram};
use model::{FloatHistogram, HistogramSample};
use std::sync::Arc;

#[derive(Debug, Default)]
pub(crate) struct HistogramColumn {
    /// Time and start of each.
    index: Vec<(i64, i64)>,
    bytes: Vec<u8>,
    last: Option<Arc<FloatHistogram>>,
}

impl HistogramColumn {
    pub fn last(&self) -> Option<&Arc<FloatHistogram>> {
        self.last.as_ref()
    }

    /// Appends one after the last. Returns the bytes it takes.
    pub fn push(&mut self, t: i64, start: i64, h: &Arc<FloatHistogram>) -> usize {
        let from = self.bytes.len();
        put_histogram(&mut self.bytes, h, self.last.as_deref());
        self.index.push((t, start));
        let first = if self.last.is_none() { size_of::<HistogramColumn>() + h.size_bytes() } else { 0 };
        self.last = Some(Arc::clone(h));
        first + size_of::<(i64, i64)>() + self.bytes.len() - from
    }

    pub fn read(&self, start_excl: i64, end_incl: i64, out: &mut Vec<HistogramSample>) {
        let mut rest = &self.bytes[..];
        let mut before: Option<Arc<FloatHistogram>> = None;
        for (t, start) in &self.index {
            if *t > end_incl {
                break;
            }
            let h = take_histogram(&mut rest, before.as_deref()).expect("what was put is there");
            let h = Arc::new(h);
            if *t > start_excl {
                let histogram = Arc::clone(&h);
                out.push(HistogramSample { timestamp: *t, start_timestamp: *start, histogram });
            }
            before = Some(h);
        }
    }
}
