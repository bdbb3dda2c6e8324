//! Writing a segment: sorted rows go in a run at a time, pages, filters and the trace index come out.
//!
//! Memory: the row group at hand, encoded, up to [`SegmentOptions::group_bytes_max`]; the token filters (some 10 kB a run); 8 B for each trace of each run. Rows
//! that are through are in the sink.

use super::gather::{Gather, Pick, text_of};
use super::index::Place;
use super::sums::{self, SumsBuilder};
use super::tokens::{self, TokensBuilder};
use super::traces::{self, TracesBuilder};
use super::{RUN_ROWS, SERVICES_MAX, SegmentError, SegmentMeta, Tail, free_text, schema, sort};
use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::{SchemaRef, TimestampNanosecondType};
use model::event::Kind;
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_writer::ArrowWriterOptions;
use parquet::file::metadata::KeyValue;
use std::io::Write;
use std::ops::Range;
use xxhash_rust::xxh3::Xxh3;

/// Stretches of neighbouring rows that are looked at to choose encodings: neighbours, because they repeat each other.
const SAMPLE_STRETCHES: usize = 16;
/// Rows of each: 16 × 256 = 4,096.
const SAMPLE_ROWS: usize = 256;

/// 131,072 rows are mostly 6 MB; of log lines of 50 kB they would be gigabytes.
const GROUP_BYTES_MAX: usize = 24 << 20;

#[derive(Clone, Debug)]
pub struct SegmentOptions {
    /// 1 to 22; 1 to 3 are sensible.
    pub zstd_level: i32,
    /// A row group ends, and gives its memory back, when so much of it is encoded.
    pub group_bytes_max: usize,
}

impl Default for SegmentOptions {
    fn default() -> SegmentOptions {
        SegmentOptions { zstd_level: 1, group_bytes_max: GROUP_BYTES_MAX }
    }
}

/// A segment that was written.
#[derive(Debug)]
pub struct Written<W> {
    pub meta: SegmentMeta,
    /// Where it was written to, everything handed over. Whoever gave it makes it durable.
    pub sink: W,
}

/// Writes a segment of batches whose rows are in any order. Columns may differ from batch to batch: what is missing is
/// null; text may be plain, views or dictionaries. Each batch has `time` and `service`.
pub fn write_segment<W: Write + Send>(
    kind: Kind,
    batches: &[RecordBatch],
    options: &SegmentOptions,
    sink: W,
) -> Result<Written<W>, SegmentError> {
    let schema = schema::of_batches(batches.iter().map(|b| b.schema_ref().as_ref()))?;
    let picks = sort::sorted(batches)?;
    let gather = Gather::new(&schema, batches)?;
    let sample = gather.sample(&sample_of(&picks))?;
    let mut writer = SegmentWriter::new(kind, &schema, &sample, options, sink)?;
    for run in picks.chunks(RUN_ROWS) {
        writer.push_picked(&gather, run)?;
    }
    writer.finish()
}

fn sample_of(picks: &[Pick]) -> Vec<Pick> {
    let step = (picks.len() / SAMPLE_STRETCHES).max(SAMPLE_ROWS);
    picks.chunks(step).flat_map(|stretch| &stretch[..stretch.len().min(SAMPLE_ROWS)]).copied().collect()
}

/// The stretches of rows to look at of one of several files with so many rows, `batch_rows` of which are held at once.
pub(crate) fn stretches(rows: u64, files: usize, batch_rows: usize) -> Vec<Range<usize>> {
    let count = SAMPLE_STRETCHES.div_ceil(files.max(1));
    let length = SAMPLE_ROWS.min(batch_rows / count).max(1);
    let step = (rows as usize / count).max(length);
    (0..rows as usize).step_by(step).map(|start| start..(start + length).min(rows as usize)).collect()
}

/// The rows of several batches, as many as a sample has.
pub(super) fn sample_of_batches(
    schema: &SchemaRef,
    batches: &[RecordBatch],
) -> Result<RecordBatch, SegmentError> {
    let share = (SAMPLE_STRETCHES * SAMPLE_ROWS / batches.len().max(1)).max(SAMPLE_ROWS);
    let pieces = batches.iter().map(|b| b.slice(0, b.num_rows().min(share))).collect::<Vec<_>>();
    let picks = pieces
        .iter()
        .enumerate()
        .flat_map(|(at, piece)| (0..piece.num_rows() as u32).map(move |row| Pick { batch: at as u32, row }));
    let (gather, picks) = (Gather::new(schema, &pieces)?, picks.collect::<Vec<_>>());
    gather.sample(&picks)
}

/// Takes rows in order.
pub(super) struct SegmentWriter<W: Write + Send> {
    kind: Kind,
    schema: SchemaRef,
    parquet: ArrowWriter<Counted<W>>,
    group_bytes_max: usize,
    tokens: TokensBuilder,
    traces: TracesBuilder,
    /// Rows of the run at hand.
    run_rows: usize,
    rows: u64,
    min_time_ns: i64,
    max_time_ns: i64,
    /// In order; `None` when they are too many.
    services: Option<Vec<String>>,
}

impl<W: Write + Send> SegmentWriter<W> {
    pub(super) fn new(
        kind: Kind,
        schema: &SchemaRef,
        sample: &RecordBatch,
        options: &SegmentOptions,
        sink: W,
    ) -> Result<SegmentWriter<W>, SegmentError> {
        let properties = schema::properties(schema, sample, options)?;
        let group_bytes_max = options.group_bytes_max;
        let options = ArrowWriterOptions::new().with_properties(properties).with_skip_arrow_metadata(true);
        Ok(SegmentWriter {
            kind,
            schema: schema.clone(),
            parquet: ArrowWriter::try_new_with_options(
                Counted { sink, sums: SumsBuilder::default(), bytes: 0, tail: None },
                schema.clone(),
                options,
            )?,
            group_bytes_max,
            tokens: TokensBuilder::new(free_text(kind)),
            traces: TracesBuilder::default(),
            run_rows: 0,
            rows: 0,
            min_time_ns: i64::MAX,
            max_time_ns: i64::MIN,
            services: Some(Vec::new()),
        })
    }

    /// Takes the next rows, as they are picked: in pieces that may be held.
    pub(super) fn push_picked(&mut self, gather: &Gather<'_>, picks: &[Pick]) -> Result<(), SegmentError> {
        let mut rest = picks;
        while !rest.is_empty() {
            let (now, later) = rest.split_at(gather.fitting(rest));
            self.push(&gather.batch(now)?)?;
            rest = later;
        }
        Ok(())
    }

    /// Takes the next rows, with the schema of the file.
    pub(super) fn push(&mut self, batch: &RecordBatch) -> Result<(), SegmentError> {
        let mut at = 0;
        while at < batch.num_rows() {
            let rows = (batch.num_rows() - at).min(RUN_ROWS - self.run_rows);
            self.take(&batch.slice(at, rows))?;
            at += rows;
        }
        Ok(())
    }

    /// Takes rows of one run. Pages end where it does, because no piece goes beyond it.
    fn take(&mut self, piece: &RecordBatch) -> Result<(), SegmentError> {
        self.describe(piece);
        self.tokens.add(piece);
        self.traces.add(piece);
        self.parquet.write(piece)?;
        if self.parquet.in_progress_size() >= self.group_bytes_max {
            self.parquet.flush()?;
        }
        self.run_rows += piece.num_rows();
        if self.run_rows == RUN_ROWS {
            self.end_run();
        }
        Ok(())
    }

    fn end_run(&mut self) {
        self.tokens.end_run();
        self.traces.end_run();
        self.run_rows = 0;
    }

    fn describe(&mut self, piece: &RecordBatch) {
        self.rows += piece.num_rows() as u64;
        if let Some(times) = piece.column_by_name("time") {
            for time in times.as_primitive::<TimestampNanosecondType>().values() {
                self.min_time_ns = self.min_time_ns.min(*time);
                self.max_time_ns = self.max_time_ns.max(*time);
            }
        }
        let Some(column) = piece.column_by_name("service") else { return };
        let Some(text) = text_of(column.as_ref()) else { return };
        for row in 0..column.len() {
            let Some(known) = &mut self.services else { return };
            let name = text(row).unwrap_or("");
            if known.last().is_none_or(|last| last != name) {
                known.push(name.to_owned());
                if known.len() > SERVICES_MAX {
                    self.services = None;
                }
            }
        }
    }

    /// Bytes held in memory.
    #[cfg(test)]
    pub(super) fn memory_bytes(&self) -> usize {
        self.parquet.memory_size() + self.tokens.bytes() + self.traces.bytes()
    }

    /// Writes what is left, the indexes and the footer.
    pub(super) fn finish(mut self) -> Result<Written<W>, SegmentError> {
        if self.run_rows > 0 {
            self.end_run();
        }
        self.parquet.flush()?;
        let (body, directory) = self.tokens.finish();
        append(&mut self.parquet, tokens::KEY, body, directory)?;
        if let Some((body, directory)) = self.traces.finish() {
            append(&mut self.parquet, traces::KEY, body, directory)?;
        }
        // So that all bytes until here have gone by.
        self.parquet.sync()?;
        let (body, directory) = self.parquet.inner().sums.index();
        append(&mut self.parquet, sums::KEY, body, directory)?;
        self.parquet.sync()?;
        // What comes now is under no checksum of the file itself.
        self.parquet.inner_mut().tail = Some((Xxh3::new(), 0));
        self.parquet
            .append_key_value_metadata(KeyValue::new("pharos.kind".to_owned(), self.kind.table().to_owned()));
        let Counted { sink, bytes, tail, .. } = self.parquet.into_inner()?;
        let meta = SegmentMeta {
            kind: self.kind,
            rows: self.rows,
            bytes,
            min_time_ns: self.min_time_ns,
            max_time_ns: self.max_time_ns,
            services: self.services,
            columns: self.schema.fields().iter().map(|f| f.name().clone()).collect(),
            tail: tail.map(|(sum, bytes)| Tail { bytes, sum: sum.digest() }),
        };
        Ok(Written { meta, sink })
    }
}

/// A sink, how much went into it, and the checksums of that.
struct Counted<W> {
    sink: W,
    sums: SumsBuilder,
    bytes: u64,
    /// Checksum and length of what came since it was begun.
    tail: Option<(Xxh3, u64)>,
}

impl<W: Write> Write for Counted<W> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let taken = self.sink.write(bytes)?;
        self.bytes += taken as u64;
        match &mut self.tail {
            None => self.sums.add(&bytes[..taken]),
            Some((sum, length)) => {
                sum.update(&bytes[..taken]);
                *length += taken as u64;
            }
        }
        Ok(taken)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.sink.flush()
    }
}

fn append<W: Write + Send>(
    parquet: &mut ArrowWriter<Counted<W>>,
    key: &str,
    body: Vec<u8>,
    directory: Vec<u8>,
) -> Result<(), SegmentError> {
    let offset = parquet.bytes_written() as u64;
    parquet.write_all(&body)?;
    parquet.write_all(&directory)?;
    let place = Place { offset, body_bytes: body.len() as u64, directory_bytes: directory.len() as u64 };
    parquet.append_key_value_metadata(KeyValue::new(key.to_owned(), place.text()));
    Ok(())
}
