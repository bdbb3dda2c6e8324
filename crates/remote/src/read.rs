//! Remote read: other servers query our samples.
//!
//! Two kinds of answer, as the client prefers: all samples in one packed message, which is held in memory and
//! therefore limited, or a stream of encoded chunks, frame by frame, which is not. External labels are put on every
//! series, and matchers that ask for exactly them are satisfied by that.

use model::{HistogramSample, Labels, MatchOp, Matcher};
use parking_lot::RwLock;
use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::Arc;
use telemetry::names::remote as names;
use telemetry::{Gauge, Registry};
use tsdb::{Db, ReadError as StoreError};
use wire::chunk::{Chunk, encode_histograms, encode_xor};
use wire::histogram::{HistogramPoint, NativeHistogram};
use wire::remote::Sample;
use wire::remote::read::{Query, ReadRequest, ResponseType, SamplesResponse, write_frame};
use wire::snappy::{self, SnappyError};

/// What a read may cost.
#[derive(Clone, Copy, Debug)]
pub struct ReadLimits {
    /// An unpacked request.
    pub request_bytes_max: usize,
    /// Samples of an answer that is held in memory; a histogram counts as one.
    pub samples_max: u64,
    /// Encoded chunks in one frame of a stream.
    pub frame_bytes_max: usize,
}

impl Default for ReadLimits {
    /// As in Prometheus, except for the request: a selector has a few hundred bytes.
    fn default() -> ReadLimits {
        ReadLimits { request_bytes_max: 4 << 20, samples_max: 50_000_000, frame_bytes_max: 1 << 20 }
    }
}

/// Why a read is not answered, split by whose fault it is.
#[derive(Debug, thiserror::Error)]
pub enum ReadFault {
    /// The request is not what it should be.
    #[error("{0}")]
    Malformed(String),
    /// The answer would be larger than one may be.
    #[error("exceeded sample limit ({0})")]
    TooManySamples(u64),
    /// The store could not read.
    #[error("{0}")]
    Failed(#[from] StoreError),
}

impl From<SnappyError> for ReadFault {
    fn from(error: SnappyError) -> ReadFault {
        ReadFault::Malformed(error.to_string())
    }
}

/// An answer.
pub enum ReadAnswer {
    /// The whole body, packed: `Content-Type: application/x-protobuf`, `Content-Encoding: snappy`.
    Samples(Vec<u8>),
    /// To be written with [`ReadStream::write`]: `wire::remote::read::STREAM_CONTENT_TYPE`, not packed.
    Stream(ReadStream),
}

/// Answers reads. One for all; any number of threads may call it.
pub struct ReadServer {
    db: Db,
    limits: ReadLimits,
    external_labels: RwLock<Arc<BTreeMap<String, String>>>,
    under_way: Gauge,
}

/// A streamed answer not yet written.
pub struct ReadStream {
    db: Db,
    queries: Vec<Query>,
    external_labels: Arc<BTreeMap<String, String>>,
    frame_bytes_max: usize,
}

impl ReadServer {
    pub fn new(db: Db, limits: ReadLimits, registry: &Registry) -> ReadServer {
        let under_way = registry.gauge(&names::READ_QUERIES);
        ReadServer { db, limits, external_labels: RwLock::default(), under_way }
    }

    /// Takes the external labels of a new configuration.
    pub fn set_external_labels(&self, labels: BTreeMap<String, String>) {
        *self.external_labels.write() = Arc::new(labels);
    }

    /// Answers a packed request. Blocks on the disk: call it where blocking is allowed.
    pub fn read(&self, body: &[u8]) -> Result<ReadAnswer, ReadFault> {
        self.under_way.add(1.0);
        let answer = self.answer(body);
        self.under_way.add(-1.0);
        answer
    }

    fn answer(&self, body: &[u8]) -> Result<ReadAnswer, ReadFault> {
        let mut unpacked = Vec::new();
        let bytes = snappy::decompress(body, &mut unpacked, self.limits.request_bytes_max)?;
        let request = ReadRequest::decode(bytes).map_err(|e| ReadFault::Malformed(e.to_string()))?;
        let external_labels = Arc::clone(&self.external_labels.read());
        match request.response_type {
            ResponseType::StreamedXorChunks => Ok(ReadAnswer::Stream(ReadStream {
                db: self.db.clone(),
                queries: request.queries,
                external_labels,
                frame_bytes_max: self.limits.frame_bytes_max,
            })),
            ResponseType::Samples => {
                let response = self.samples(&request.queries, &external_labels)?;
                Ok(ReadAnswer::Samples(snappy::compress(&response)))
            }
        }
    }

    fn samples(
        &self,
        queries: &[Query],
        external_labels: &BTreeMap<String, String>,
    ) -> Result<Vec<u8>, ReadFault> {
        let (mut response, mut count, mut buffer) = (SamplesResponse::new(), 0u64, Vec::new());
        for query in queries {
            let mut over = false;
            for_each_series(&self.db, query, external_labels, |labels, samples| {
                count += (samples.timestamps.len() + samples.histograms.len()) as u64;
                over = count > self.limits.samples_max;
                if over {
                    return ControlFlow::Break(());
                }
                buffer.clear();
                buffer.extend(samples.timestamps.iter().zip(samples.values).map(|(t, v)| Sample {
                    timestamp: *t,
                    value: *v,
                    start_timestamp: 0,
                }));
                let histograms: Vec<HistogramPoint> = samples.histograms.iter().map(point).collect();
                response.series(labels, &buffer, &histograms);
                ControlFlow::Continue(())
            })?;
            if over {
                return Err(ReadFault::TooManySamples(self.limits.samples_max));
            }
            response.end_query();
        }
        Ok(response.finish())
    }
}

impl ReadStream {
    /// Writes the answer, a frame at a time. The sink ends it with `Break`: the client has left. Blocks on the disk.
    pub fn write(self, mut sink: impl FnMut(Vec<u8>) -> ControlFlow<()>) -> Result<(), ReadFault> {
        for (index, query) in self.queries.iter().enumerate() {
            let mut left = false;
            for_each_series(&self.db, query, &self.external_labels, |labels, samples| {
                let mut chunks = Vec::new();
                encode_xor(samples.timestamps, samples.values, |chunk| chunks.push(chunk));
                encode_histograms(samples.histograms, |chunk| chunks.push(chunk));
                chunks.sort_by_key(|chunk| chunk.min_time_ms);
                let flow = write_series(index, labels, &chunks, self.frame_bytes_max, &mut sink);
                left = flow.is_break();
                flow
            })?;
            if left {
                break;
            }
        }
        Ok(())
    }
}

/// The chunks of a series in as many frames as they need.
fn write_series(
    query: usize,
    labels: &Labels,
    chunks: &[Chunk],
    frame_bytes_max: usize,
    sink: &mut impl FnMut(Vec<u8>) -> ControlFlow<()>,
) -> ControlFlow<()> {
    let mut from = 0;
    while from < chunks.len() {
        let (mut to, mut bytes) = (from, 0);
        while to < chunks.len() && (to == from || bytes + chunks[to].data.len() <= frame_bytes_max) {
            bytes += chunks[to].data.len();
            to += 1;
        }
        let mut frame = Vec::with_capacity(bytes + 512);
        write_frame(&mut frame, query, labels, &chunks[from..to]);
        sink(frame)?;
        from = to;
    }
    ControlFlow::Continue(())
}

/// Visits the series of a query that have samples, by labels.
fn for_each_series(
    db: &Db,
    query: &Query,
    external_labels: &BTreeMap<String, String>,
    mut visit: impl FnMut(&Labels, model::Samples<'_>) -> ControlFlow<()>,
) -> Result<(), StoreError> {
    let asks_for_external = |m: &&Matcher| {
        m.op() == MatchOp::Equal && external_labels.get(m.name()).is_some_and(|value| value == m.value())
    };
    let matchers: Vec<Matcher> = query.matchers.iter().filter(|m| !asks_for_external(m)).cloned().collect();
    let selected = db.select(&matchers, query.start_ms.saturating_sub(1), query.end_ms)?;
    selected.read(0..selected.len(), &mut |i, samples| {
        if samples.timestamps.is_empty() && samples.histograms.is_empty() {
            return ControlFlow::Continue(());
        }
        let labels = selected.labels(i);
        if external_labels.is_empty() {
            return visit(labels, samples);
        }
        let mut builder = labels.to_builder();
        for (name, value) in external_labels {
            if builder.get(name).is_none() {
                builder.set(name, value);
            }
        }
        visit(&builder.build(), samples)
    })
}

fn point(sample: &HistogramSample) -> HistogramPoint {
    HistogramPoint {
        timestamp: sample.timestamp,
        start_timestamp: sample.start_timestamp,
        histogram: NativeHistogram::Float((*sample.histogram).clone()),
    }
}

#[cfg(test)]
mod tests;
