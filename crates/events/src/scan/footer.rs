//! What is kept of a file between queries: its footer, the times and services of its runs, and the directories of its
//! indexes.

use super::objects::{Chunks, Object};
use super::request::{Prune, dictionary_type};
use super::snapshot::{Context, FileSource};
use crate::segment::{
    Place, RUN_ROWS, SUMS_KEY, Sums, TOKENS_KEY, TRACES_KEY, TokenDirectory, TraceDirectory,
};
use arrow::datatypes::{DataType, Field, Schema};
use hashbrown::HashMap;
use parking_lot::Mutex;
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions};
use parquet::errors::ParquetError;
use parquet::file::metadata::{PageIndexPolicy, ParquetMetaData, ParquetMetaDataReader};
use parquet::file::page_index::column_index::ColumnIndexMetaData;
use std::sync::Arc;

/// Sets of column types kept a file. A screen asks the same few questions again and again; each set is about 100 B a
/// column.
const TYPED_MAX: usize = 8;

/// How a text column is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Text {
    Dictionary,
    View,
}

pub(super) struct Footer {
    pub(super) object: Object,
    pub(super) metadata: Arc<ParquetMetaData>,
    /// Numbers of columns by name. Columns are not nested, so roots and leaves have the same numbers.
    pub(super) columns: HashMap<String, usize>,
    plain: ArrowReaderMetadata,
    typed: Mutex<HashMap<Vec<(usize, Text)>, ArrowReaderMetadata>>,
    runs: Vec<RunStats>,
    /// Bounds of services, see [`RunStats`].
    services: Vec<Vec<u8>>,
    pub(super) tokens: Option<(Place, TokenDirectory)>,
    pub(super) traces: Option<(Place, TraceDirectory)>,
    pub(super) sums: Option<Arc<Sums>>,
}

/// What the page index says about a run of rows.
#[derive(Clone, Copy, Debug)]
struct RunStats {
    min_ns: i64,
    max_ns: i64,
    /// Numbers in `services`; `None` when it is not known.
    service: Option<(u32, u32)>,
}

const UNKNOWN: RunStats = RunStats { min_ns: i64::MIN, max_ns: i64::MAX, service: None };

impl Footer {
    /// The footer of a file, from the cache or read. The error says what is wrong with the file.
    pub(super) fn of(context: &Context, file: &FileSource) -> Result<Arc<Footer>, String> {
        let cache = &context.reader.footers;
        if let Some(footer) = cache.get(&file.path) {
            return Ok(footer);
        }
        let object = context.reader.objects.open(&file.path, file.meta.bytes).map_err(|e| e.to_string())?;
        let footer = Arc::new(Footer::read(context, file, object)?);
        cache.put(file.path.clone(), footer.clone(), footer.memory_bytes());
        Ok(footer)
    }

    fn read(context: &Context, file: &FileSource, object: Object) -> Result<Footer, String> {
        let bad = |e: ParquetError| format!("the footer: {e}");
        let metadata = ParquetMetaDataReader::new()
            .with_page_index_policy(PageIndexPolicy::Optional)
            .parse_and_finish(&tail(&object, file)?)
            .map_err(bad)?;
        if metadata.file_metadata().num_rows() != file.meta.rows as i64 {
            return Err(format!(
                "{} rows where {} were written",
                metadata.file_metadata().num_rows(),
                file.meta.rows
            ));
        }
        let (runs, services) = run_stats(&metadata);
        // The page index of values has served; the offsets of pages are needed to read.
        let metadata = Arc::new(metadata.into_builder().set_column_index(None).build());
        let options = ArrowReaderOptions::new().with_skip_arrow_metadata(true);
        let plain = ArrowReaderMetadata::try_new(metadata.clone(), options).map_err(bad)?;
        let names = plain.schema().fields().iter().enumerate().map(|(at, f)| (f.name().clone(), at));
        let mut footer = Footer {
            columns: names.collect(),
            object,
            metadata,
            plain,
            typed: Mutex::default(),
            runs,
            services,
            tokens: None,
            traces: None,
            sums: None,
        };
        footer.tokens = footer.index(context, file, TOKENS_KEY, |place| {
            let directory = footer.object.read(place.directory()).map_err(|e| e.to_string())?;
            TokenDirectory::decode(&directory, place.body_bytes).map_err(|e| e.to_string())
        });
        footer.traces = footer.index(context, file, TRACES_KEY, |place| {
            let directory = footer.object.read(place.directory()).map_err(|e| e.to_string())?;
            TraceDirectory::decode(&directory, place.body_bytes).map_err(|e| e.to_string())
        });
        let sums = footer.index(context, file, SUMS_KEY, |place| {
            let all = footer.object.read(place.offset..place.directory().end).map_err(|e| e.to_string())?;
            let (body, directory) = all.split_at(place.body_bytes as usize);
            Sums::decode(directory, body).map_err(|e| e.to_string())
        });
        footer.sums = sums.map(|(_, sums)| Arc::new(sums));
        Ok(footer)
    }

    /// An index; a damaged one is reported, and the file is read without it.
    fn index<T>(
        &self,
        context: &Context,
        file: &FileSource,
        key: &str,
        read: impl Fn(&Place) -> Result<T, String>,
    ) -> Option<(Place, T)> {
        let pairs = self.metadata.file_metadata().key_value_metadata()?;
        let value = pairs.iter().find(|pair| pair.key == key)?.value.as_deref()?;
        let found = match Place::parse(value, file.meta.bytes) {
            Some(place) => read(&place).map(|index| (place, index)),
            None => Err(format!("{key}: not where it is said to be")),
        };
        found.map_err(|what| context.warn(&file.path, &what)).ok()
    }

    pub(super) fn run_may_matter(&self, run: usize, prune: &Prune) -> bool {
        let Some(stats) = self.runs.get(run) else { return true };
        let named = stats.service.is_none_or(|(min, max)| {
            prune.meets_services(&self.services[min as usize], &self.services[max as usize])
        });
        named && prune.meets_time(stats.min_ns, stats.max_ns)
    }

    /// The file with some of its text columns read in another form. `texts` is sorted.
    pub(super) fn typed(&self, texts: Vec<(usize, Text)>) -> Result<ArrowReaderMetadata, ParquetError> {
        if texts.is_empty() {
            return Ok(self.plain.clone());
        }
        if let Some(found) = self.typed.lock().get(&texts) {
            return Ok(found.clone());
        }
        let mut fields: Vec<Arc<Field>> = self.plain.schema().fields().iter().cloned().collect();
        for (at, text) in &texts {
            let data_type = match text {
                Text::Dictionary => dictionary_type(),
                Text::View => DataType::Utf8View,
            };
            fields[*at] = Arc::new(fields[*at].as_ref().clone().with_data_type(data_type));
        }
        let options = ArrowReaderOptions::new().with_schema(Arc::new(Schema::new(fields)));
        let made = ArrowReaderMetadata::try_new(self.metadata.clone(), options)?;
        let mut typed = self.typed.lock();
        if typed.len() >= TYPED_MAX {
            typed.clear();
        }
        typed.insert(texts, made.clone());
        Ok(made)
    }

    pub(super) fn data_type(&self, column: usize) -> &DataType {
        self.plain.schema().field(column).data_type()
    }

    fn memory_bytes(&self) -> u64 {
        let runs = self.runs.len() * size_of::<RunStats>();
        let services: usize = self.services.iter().map(|s| s.len() + size_of::<Vec<u8>>()).sum();
        let tokens = self.tokens.as_ref().map_or(0, |(_, t)| t.memory_bytes());
        let traces = self.traces.as_ref().map_or(0, |(_, t)| t.memory_bytes());
        let sums = self.sums.as_ref().map_or(0, |s| s.memory_bytes());
        // Names, fields and the typed variants.
        let fields = self.columns.len() * 100 * (2 + TYPED_MAX);
        (self.metadata.memory_size() + runs + services + tokens + traces + sums + fields) as u64
    }
}

/// The end of a file, verified, for the reader of footers. What is said there of offsets and of values is believed from
/// then on: a bit that is wrong in it would leave out rows and say nothing.
fn tail(object: &Object, file: &FileSource) -> Result<Chunks, String> {
    let Some(tail) = file.meta.tail else { return Ok(object.chunks(None)) };
    let start = file.meta.bytes.saturating_sub(tail.bytes);
    let bytes = object.read(start..file.meta.bytes).map_err(|e| e.to_string())?;
    match tail.is_intact(&bytes) {
        true => Ok(object.chunks_behind(start, bytes)),
        false => Err("the footer: a checksum is wrong".to_owned()),
    }
}

/// Times and services by run, from the page index: the union of the pages that overlap a run. Our pages of these columns
/// are the runs.
fn run_stats(metadata: &ParquetMetaData) -> (Vec<RunStats>, Vec<Vec<u8>>) {
    let rows = metadata.file_metadata().num_rows().max(0) as usize;
    let count = rows.div_ceil(RUN_ROWS);
    let mut services: Vec<Vec<u8>> = Vec::new();
    let Some((values, offsets)) = metadata.column_index().zip(metadata.offset_index()) else {
        return (vec![UNKNOWN; count], services);
    };
    let descriptor = metadata.file_metadata().schema_descr();
    let place = |name: &str| descriptor.columns().iter().position(|c| c.path().string() == name);
    let (time, service) = (place("time"), place("service"));
    let mut times: Vec<Option<(i64, i64)>> = vec![None; count];
    let mut names: Vec<Option<(u32, u32)>> = vec![None; count];
    // Runs with a page that says nothing.
    let mut dark = vec![(false, false); count];
    let mut start = 0;
    for (group, row_group) in metadata.row_groups().iter().enumerate() {
        let group_rows = row_group.num_rows().max(0) as usize;
        let pages = |column: usize| page_runs(&offsets[group], column, start, group_rows, count);
        if let (Some(column), Some(ColumnIndexMetaData::INT64(index))) =
            (time, time.and_then(|c| values[group].get(c)))
        {
            for (page, run) in pages(column) {
                match (index.min_values().get(page), index.max_values().get(page)) {
                    (Some(min), Some(max)) if !index.is_null_page(page) => {
                        let (low, high) = times[run].unwrap_or((*min, *max));
                        times[run] = Some((low.min(*min), high.max(*max)));
                    }
                    _ => dark[run].0 = true,
                }
            }
        }
        if let (Some(column), Some(ColumnIndexMetaData::BYTE_ARRAY(index))) =
            (service, service.and_then(|c| values[group].get(c)))
        {
            for (page, run) in pages(column) {
                let known = page < index.num_pages() as usize
                    && !index.is_null_page(page)
                    && index.null_count(page) == Some(0);
                if !known {
                    dark[run].1 = true;
                } else if let (Some(min), Some(max)) = (index.min_value(page), index.max_value(page)) {
                    let (low, high) = (number(&mut services, min), number(&mut services, max));
                    // Ascending within the file.
                    names[run] = Some(names[run].map_or((low, high), |(first, _)| (first, high)));
                }
            }
        }
        start += group_rows;
    }
    let runs = (0..count).map(|run| {
        let (min_ns, max_ns) = times[run].filter(|_| !dark[run].0).unwrap_or((i64::MIN, i64::MAX));
        RunStats { min_ns, max_ns, service: names[run].filter(|_| !dark[run].1) }
    });
    (runs.collect(), services)
}

/// Each page of a column with each run it overlaps.
fn page_runs(
    offsets: &[parquet::file::page_index::offset_index::OffsetIndexMetaData],
    column: usize,
    start: usize,
    group_rows: usize,
    runs: usize,
) -> Vec<(usize, usize)> {
    let Some(offsets) = offsets.get(column) else { return Vec::new() };
    let firsts: Vec<usize> =
        offsets.page_locations().iter().map(|p| p.first_row_index.max(0) as usize).collect();
    let mut pairs = Vec::new();
    for (page, first) in firsts.iter().enumerate() {
        let end = firsts.get(page + 1).copied().unwrap_or(group_rows).min(group_rows);
        if *first < end {
            let (from, to) = ((start + first) / RUN_ROWS, (start + end - 1) / RUN_ROWS);
            pairs.extend((from..=to.min(runs.saturating_sub(1))).map(|run| (page, run)));
        }
    }
    pairs
}

/// The number of a name; names come sorted, so an equal one is the last.
fn number(names: &mut Vec<Vec<u8>>, name: &[u8]) -> u32 {
    if names.last().is_none_or(|last| last != name) {
        names.push(name.to_vec());
    }
    names.len() as u32 - 1
}
