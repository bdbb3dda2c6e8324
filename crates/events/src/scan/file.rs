//! Reading a file: its row groups one after the other, of each only the pages that are needed.

use super::BATCH_ROWS;
use super::convert::Shape;
use super::footer::{Footer, Text};
use super::groups::{Batches, Group, Ranges, Trouble, counted, cut};
use super::objects::Chunks;
use super::prune::prune;
use super::request::{ColumnRef, Prune};
use super::snapshot::{Context, FileSource};
use arrow::array::RecordBatch;
use arrow::datatypes::DataType;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder, RowSelection};
use parquet::file::metadata::RowGroupMetaData;
use std::collections::VecDeque;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

/// Text of one batch, about: what rows of long text hold is decoded so much at a time, 512 B a row of a full batch. A merge
/// holds a batch of each of its files.
const BATCH_TEXT_BYTES: usize = if cfg!(test) { 512 << 10 } else { 4 << 20 };

/// The row groups of a file that are still to be read.
pub(super) struct FileRows {
    footer: Arc<Footer>,
    /// Number, first row and rows within the group.
    groups: VecDeque<(usize, u64, Ranges)>,
}

impl FileRows {
    pub(super) fn open(
        context: &Context,
        file: &FileSource,
        wanted: &Prune,
        ranges: Ranges,
    ) -> Result<FileRows, Trouble> {
        let footer = Footer::of(context, file).map_err(Trouble::Damaged)?;
        let ranges = prune(context, &file.path, &footer, wanted, ranges);
        let mut groups = VecDeque::new();
        let mut start = 0_usize;
        for (number, group) in footer.metadata.row_groups().iter().enumerate() {
            let rows = group.num_rows().max(0) as usize;
            let within: Ranges = cut(&ranges, start..start + rows)
                .into_iter()
                .map(|r| r.start - start..r.end - start)
                .collect();
            if !within.is_empty() {
                groups.push_back((number, start as u64, within));
            }
            start += rows;
        }
        Ok(FileRows { footer, groups })
    }

    /// The next row group: the number of its first row, the rows to read, and the group.
    pub(super) fn next_group(&mut self) -> Option<(u64, Ranges, FileGroup)> {
        let (number, first_row, ranges) = self.groups.pop_front()?;
        Some((first_row, ranges, FileGroup { footer: self.footer.clone(), number }))
    }
}

pub(super) struct FileGroup {
    footer: Arc<Footer>,
    number: usize,
}

impl Group for FileGroup {
    fn open(&self, columns: &[ColumnRef], ranges: &Ranges) -> Result<Batches, Trouble> {
        let places: Vec<Option<usize>> =
            columns.iter().map(|c| self.footer.columns.get(&*c.name).copied()).collect();
        let mut leaves: Vec<usize> = places.iter().flatten().copied().collect();
        leaves.sort_unstable();
        leaves.dedup();
        let shape = Shape::new(columns);
        if leaves.is_empty() {
            let batches = counted(ranges).map(move |batch| Ok(shape.batch(batch?.num_rows(), |_| None)?));
            return Ok(Box::new(batches));
        }
        // The reader gives columns in the order of the file.
        let found: Vec<Option<usize>> =
            places.iter().map(|place| place.and_then(|p| leaves.binary_search(&p).ok())).collect();
        let mut reader = self.reader(&leaves, self.texts(columns, &places), ranges)?;
        Ok(Box::new(std::iter::from_fn(move || {
            let batch = next_batch(&mut reader)?;
            Some(batch.and_then(|batch| {
                Ok(shape.batch(batch.num_rows(), |at| found[at].map(|place| batch.column(place).clone()))?)
            }))
        })))
    }
}

impl FileGroup {
    /// Which text columns are to be read in a form of their own, by number.
    fn texts(&self, columns: &[ColumnRef], places: &[Option<usize>]) -> Vec<(usize, Text)> {
        let mut texts: Vec<(usize, Text)> = Vec::new();
        for (ask, place) in columns.iter().zip(places) {
            let Some(place) = *place else { continue };
            if *self.footer.data_type(place) != DataType::Utf8 || texts.iter().any(|(at, _)| *at == place) {
                continue;
            }
            match &ask.data_type {
                DataType::Dictionary(_, values) if **values == DataType::Utf8 => {
                    texts.push((place, Text::Dictionary))
                }
                DataType::Utf8View => texts.push((place, Text::View)),
                _ => {}
            }
        }
        texts.sort_unstable();
        texts
    }

    fn reader(
        &self,
        leaves: &[usize],
        texts: Vec<(usize, Text)>,
        ranges: &Ranges,
    ) -> Result<ParquetRecordBatchReader, Trouble> {
        let damaged =
            |e: parquet::errors::ParquetError| Trouble::Damaged(format!("row group {}: {e}", self.number));
        let metadata = self.footer.typed(texts).map_err(damaged)?;
        let rows = self.footer.metadata.row_group(self.number).num_rows().max(0) as usize;
        let all = ranges.len() == 1 && ranges[0].len() == rows;
        let selection = (!all).then(|| RowSelection::from_consecutive_ranges(ranges.iter().cloned(), rows));
        let chunks = self.chunks(leaves, selection.as_ref()).map_err(|e| Trouble::Damaged(e.to_string()))?;
        let mask = ProjectionMask::roots(
            self.footer.metadata.file_metadata().schema_descr(),
            leaves.iter().copied(),
        );
        let mut builder = ParquetRecordBatchReaderBuilder::new_with_metadata(chunks, metadata)
            .with_row_groups(vec![self.number])
            .with_projection(mask)
            .with_batch_size(self.batch_rows(leaves));
        if let Some(selection) = selection {
            builder = builder.with_row_selection(selection);
        }
        builder.build().map_err(damaged)
    }

    /// Rows of a batch of these columns.
    fn batch_rows(&self, leaves: &[usize]) -> usize {
        batch_rows(self.footer.metadata.row_group(self.number), leaves)
    }

    /// The bytes of the row group: of a local file as they are asked for, of a remote one all that will be, together.
    fn chunks(&self, leaves: &[usize], selection: Option<&RowSelection>) -> std::io::Result<Chunks> {
        let object = &self.footer.object;
        if !object.is_remote() {
            return Ok(object.chunks(self.footer.sums.clone()));
        }
        let group = self.footer.metadata.row_group(self.number);
        let offsets = self.footer.metadata.offset_index().and_then(|o| o.get(self.number));
        let mut wanted: Vec<Range<u64>> = Vec::new();
        for leaf in leaves {
            let (start, length) = group.column(*leaf).byte_range();
            let pages = offsets.and_then(|o| o.get(*leaf)).map(|o| o.page_locations().as_slice());
            match (selection, pages) {
                (Some(selection), Some(pages)) => {
                    if let Some(first) = pages.first().map(|p| p.offset as u64).filter(|first| *first > start)
                    {
                        wanted.push(start..first);
                    }
                    wanted.extend(selection.scan_ranges(pages));
                }
                _ => wanted.push(start..start + length),
            }
        }
        object.fetch(&wanted, self.footer.sums.clone())
    }
}

/// Rows of a batch of these columns of a row group: fewer where text is long, by its average.
fn batch_rows(group: &RowGroupMetaData, leaves: &[usize]) -> usize {
    let text = leaves.iter().filter_map(|leaf| group.column(*leaf).unencoded_byte_array_data_bytes());
    rows_of(text.sum::<i64>().max(0) as usize, group.num_rows().max(0) as usize)
}

/// Rows that hold about as much text as a batch may, of so many that hold so much.
pub(super) fn rows_of(text_bytes: usize, rows: usize) -> usize {
    (BATCH_TEXT_BYTES / (text_bytes / rows.max(1)).max(1)).clamp(1, BATCH_ROWS)
}

/// Rows of a batch of these columns of a file, where its text is longest. A file that cannot be read says so to those
/// who read it.
pub(super) fn batch_rows_of(context: &Context, file: &FileSource, columns: &[ColumnRef]) -> usize {
    let Ok(footer) = Footer::of(context, file) else { return BATCH_ROWS };
    let leaves: Vec<usize> = columns.iter().filter_map(|c| footer.columns.get(&*c.name).copied()).collect();
    footer.metadata.row_groups().iter().map(|group| batch_rows(group, &leaves)).min().unwrap_or(BATCH_ROWS)
}

/// The next batch. Bytes that are not what was written can make a decoder panic; that is damage like any other.
fn next_batch(reader: &mut ParquetRecordBatchReader) -> Option<Result<RecordBatch, Trouble>> {
    match catch_unwind(AssertUnwindSafe(|| reader.next())) {
        Ok(batch) => batch.map(|b| b.map_err(|e| Trouble::Damaged(e.to_string()))),
        Err(_) => Some(Err(Trouble::Damaged("its bytes do not decode".to_owned()))),
    }
}
