//! Collects the labels of a block's series and writes its index: values of each label, postings of each value, and
//! the labels of each series as numbers of values.
//!
//! While series arrive, values are numbered as they are seen; when all are known, they are sorted and written. What
//! waits in memory is each distinct value once, its postings as encoded runs, and a few bytes for each label of a
//! series.

use crate::block::BlockError;
use crate::block::bytes::{Input, io_error, put_bytes, put_signed, put_varint};
use crate::block::format::{BlockFile, PageRef, PostingRecord, Section, ValueRecord};
use crate::block::runs::RunsBuilder;
use crate::block::squeeze::{Sections, Squeezer};
use hashbrown::{HashMap, HashTable};
use model::Labels;
use std::path::Path;
use xxhash_rust::xxh3::xxh3_64;

/// Series whose labels share a page: unpacking 256 × about 8 labels takes some 10 µs.
pub(crate) const SERIES_PER_PAGE: usize = 256;
/// A page of values, or of postings, ends when it is this long, or has that many values.
const PAGE_BYTES_MAX: usize = 8 << 10;
const PAGE_VALUES_MAX: usize = 256;

#[derive(Default)]
pub(crate) struct IndexWriter {
    names: Vec<Name>,
    name_ids: HashMap<String, u32>,
    symbols: Vec<Symbol>,
    table: HashTable<u32>,
    /// For each series the number of its labels, and for each label the number of its symbol.
    rows: Vec<u8>,
    series: u32,
}

struct Name {
    name: String,
    symbols: Vec<u32>,
    series: u64,
    /// The symbol of the last series that had this label: neighbours mostly share it.
    last: Option<u32>,
}

struct Symbol {
    name: u32,
    value: Box<str>,
    postings: RunsBuilder,
}

impl IndexWriter {
    /// Adds the next series; returns its ordinal.
    pub fn push(&mut self, labels: &Labels) -> Result<u32, BlockError> {
        let ordinal = self.series;
        self.series =
            ordinal.checked_add(1).ok_or_else(|| BlockError::BadStream("over 2³² − 1 series".into()))?;
        put_varint(&mut self.rows, labels.len() as u64);
        for (name, value) in labels.iter() {
            let symbol = self.symbol(name, value);
            put_varint(&mut self.rows, symbol.into());
            self.symbols[symbol as usize].postings.push(ordinal);
        }
        Ok(ordinal)
    }

    fn symbol(&mut self, name: &str, value: &str) -> u32 {
        let name_id = match self.name_ids.get(name) {
            Some(id) => *id,
            None => {
                let id = self.names.len() as u32;
                self.names.push(Name { name: name.to_owned(), symbols: Vec::new(), series: 0, last: None });
                self.name_ids.insert(name.to_owned(), id);
                id
            }
        };
        let entry = &mut self.names[name_id as usize];
        entry.series += 1;
        if let Some(last) = entry.last.filter(|s| *self.symbols[*s as usize].value == *value) {
            return last;
        }
        let hash = |name: u32, value: &str| xxh3_64(value.as_bytes()) ^ u64::from(name) << 40;
        let symbols = &self.symbols;
        let found = self.table.find(hash(name_id, value), |s| {
            let symbol = &symbols[*s as usize];
            symbol.name == name_id && *symbol.value == *value
        });
        let id = match found {
            Some(id) => *id,
            None => {
                let id = self.symbols.len() as u32;
                self.symbols.push(Symbol {
                    name: name_id,
                    value: value.into(),
                    postings: RunsBuilder::default(),
                });
                entry.symbols.push(id);
                let symbols = &self.symbols;
                self.table.insert_unique(hash(name_id, value), id, |s| {
                    let symbol = &symbols[*s as usize];
                    hash(symbol.name, &symbol.value)
                });
                id
            }
        };
        self.names[name_id as usize].last = Some(id);
        id
    }

    pub fn series(&self) -> u32 {
        self.series
    }

    /// Writes all sections of the index.
    pub fn finish(mut self, file: &mut BlockFile, path: &Path, level: i32) -> Result<(), BlockError> {
        let mut squeezer = Squeezer::new(level).map_err(io_error(path))?;
        let mut order: Vec<u32> = (0..self.names.len() as u32).collect();
        order.sort_by(|a, b| self.names[*a as usize].name.cmp(&self.names[*b as usize].name));
        // Of each symbol: the number of its name in order, and its own among the values of that name.
        let mut numbers = vec![(0u32, 0u32); self.symbols.len()];
        let (mut names, mut values, mut postings) =
            (Vec::new(), ValuePages::default(), PostingPages::default());
        put_varint(&mut names, order.len() as u64);
        for (number, name) in order.iter().enumerate() {
            let name = &mut self.names[*name as usize];
            let symbols = &self.symbols;
            name.symbols.sort_by(|a, b| symbols[*a as usize].value.cmp(&symbols[*b as usize].value));
            for (i, symbol) in name.symbols.iter().enumerate() {
                numbers[*symbol as usize] = (number as u32, i as u32);
            }
            let before = (values.records.len(), postings.records.len());
            let mut bytes = 0;
            let mut pages = Pages { file, squeezer: &mut squeezer, path };
            for symbol in &name.symbols {
                let symbol = &mut self.symbols[*symbol as usize];
                bytes += symbol.value.len();
                values.push(&symbol.value, &mut pages)?;
                postings.push(std::mem::take(&mut symbol.postings), &mut pages)?;
            }
            values.end(&mut pages)?;
            postings.end(&mut pages)?;
            put_bytes(&mut names, name.name.as_bytes());
            put_varint(&mut names, name.symbols.len() as u64);
            put_varint(&mut names, name.series);
            put_varint(&mut names, bytes as u64);
            put_varint(&mut names, (values.records.len() - before.0) as u64);
            put_varint(&mut names, (postings.records.len() - before.1) as u64);
        }
        let series = self.write_series(&numbers, &mut Pages { file, squeezer: &mut squeezer, path })?;
        file.section(Section::Names, &names)?;
        file.table(Section::ValuePages, &values.records)?;
        file.section(Section::ValueHeap, &values.heap)?;
        file.table(Section::PostingPages, &postings.records)?;
        file.table(Section::SeriesPages, &series)
    }

    fn write_series(
        &self,
        numbers: &[(u32, u32)],
        pages: &mut Pages<'_>,
    ) -> Result<Vec<PageRef>, BlockError> {
        let mut rows = Input(&self.rows);
        let malformed = |_| BlockError::BadStream("rows of labels do not read back".into());
        let mut records = Vec::new();
        for start in (0..self.series as usize).step_by(SERIES_PER_PAGE) {
            let mut page = SeriesPageWriter::default();
            for _ in start..(start + SERIES_PER_PAGE).min(self.series as usize) {
                let n = rows.varint().map_err(malformed)?;
                let mut row = Vec::with_capacity(n as usize);
                for _ in 0..n {
                    row.push(numbers[rows.u32().map_err(malformed)? as usize]);
                }
                page.push(row);
            }
            records.push(pages.put(page.finish())?);
        }
        Ok(records)
    }
}

/// Where pages of the index go.
struct Pages<'a> {
    file: &'a mut BlockFile,
    squeezer: &'a mut Squeezer,
    path: &'a Path,
}

impl Pages<'_> {
    fn put(&mut self, head: Vec<u8>) -> Result<PageRef, BlockError> {
        let sections = Sections { head, ..Sections::default() };
        let page = sections.pack(self.squeezer, &[]).map_err(io_error(self.path))?;
        self.file.append(&page)
    }
}

/// Values of a label in order, each as what differs from the one before.
#[derive(Default)]
struct ValuePages {
    records: Vec<ValueRecord>,
    heap: Vec<u8>,
    page: Vec<u8>,
    first_value: (u32, u32),
    last: String,
    first: u32,
    next: u32,
}

impl ValuePages {
    fn push(&mut self, value: &str, pages: &mut Pages<'_>) -> Result<(), BlockError> {
        if self.next == self.first {
            let offset = u32::try_from(self.heap.len())
                .map_err(|_| BlockError::BadStream("over 4 GiB of first label values".into()))?;
            self.first_value = (offset, value.len() as u32);
            self.heap.extend_from_slice(value.as_bytes());
            self.last.clear();
        }
        let shared = self.last.bytes().zip(value.bytes()).take_while(|(a, b)| a == b).count();
        put_varint(&mut self.page, shared as u64);
        put_bytes(&mut self.page, &value.as_bytes()[shared..]);
        self.last.clear();
        self.last.push_str(value);
        self.next += 1;
        if self.page.len() >= PAGE_BYTES_MAX || (self.next - self.first) as usize >= PAGE_VALUES_MAX {
            self.flush(pages)?;
        }
        Ok(())
    }

    fn flush(&mut self, pages: &mut Pages<'_>) -> Result<(), BlockError> {
        if self.next > self.first {
            let page = pages.put(std::mem::take(&mut self.page))?;
            let (heap_offset, heap_len) = self.first_value;
            let (first, count) = (self.first, self.next - self.first);
            self.records.push(ValueRecord { page, heap_offset, heap_len, first, count });
            self.first = self.next;
        }
        Ok(())
    }

    /// Ends the values of a label.
    fn end(&mut self, pages: &mut Pages<'_>) -> Result<(), BlockError> {
        self.flush(pages)?;
        (self.first, self.next) = (0, 0);
        Ok(())
    }
}

/// Postings of the values of a label, in order.
#[derive(Default)]
struct PostingPages {
    records: Vec<PostingRecord>,
    page: Vec<u8>,
    set: Vec<u8>,
    first: u32,
    next: u32,
}

impl PostingPages {
    fn push(&mut self, postings: RunsBuilder, pages: &mut Pages<'_>) -> Result<(), BlockError> {
        self.set.clear();
        postings.finish().encode(&mut self.set);
        put_bytes(&mut self.page, &self.set);
        self.next += 1;
        if self.page.len() >= PAGE_BYTES_MAX || (self.next - self.first) as usize >= PAGE_VALUES_MAX {
            self.flush(pages)?;
        }
        Ok(())
    }

    fn flush(&mut self, pages: &mut Pages<'_>) -> Result<(), BlockError> {
        if self.next > self.first {
            let page = pages.put(std::mem::take(&mut self.page))?;
            self.records.push(PostingRecord { page, first: self.first, count: self.next - self.first });
            self.first = self.next;
        }
        Ok(())
    }

    fn end(&mut self, pages: &mut Pages<'_>) -> Result<(), BlockError> {
        self.flush(pages)?;
        (self.first, self.next) = (0, 0);
        Ok(())
    }
}

/// The labels of consecutive series. A shape is the set of names a series has; under each name lies a column of
/// the numbers of values, as differences.
#[derive(Default)]
struct SeriesPageWriter {
    rows: Vec<Vec<(u32, u32)>>,
}

impl SeriesPageWriter {
    fn push(&mut self, mut row: Vec<(u32, u32)>) {
        row.sort_unstable();
        self.rows.push(row);
    }

    fn finish(self) -> Vec<u8> {
        let (mut shapes, mut shape_ids) = (Vec::<Vec<u32>>::new(), HashMap::new());
        let mut shape_column = Vec::new();
        // By name: the last value and the column.
        let mut columns = std::collections::BTreeMap::<u32, (i64, Vec<u8>)>::new();
        for row in &self.rows {
            let shape: Vec<u32> = row.iter().map(|(name, _)| *name).collect();
            let id = *shape_ids.entry(shape).or_insert_with_key(|shape| {
                shapes.push(shape.clone());
                shapes.len() - 1
            });
            put_varint(&mut shape_column, id as u64);
            for (name, value) in row {
                let (last, column) = columns.entry(*name).or_default();
                put_signed(column, i64::from(*value) - *last);
                *last = i64::from(*value);
            }
        }
        let mut out = Vec::new();
        put_varint(&mut out, self.rows.len() as u64);
        put_varint(&mut out, shapes.len() as u64);
        for shape in &shapes {
            put_varint(&mut out, shape.len() as u64);
            let mut before = 0;
            for name in shape {
                put_varint(&mut out, u64::from(*name - before));
                before = *name;
            }
        }
        put_bytes(&mut out, &shape_column);
        put_varint(&mut out, columns.len() as u64);
        for (name, (_, column)) in &columns {
            put_varint(&mut out, u64::from(*name));
            put_bytes(&mut out, column);
        }
        out
    }
}
