//! Reads the index of a block: label names, the values of each, the postings of each value, the labels of series.
//!
//! The names are parsed once and kept; all else is pages that are read when asked, the last few of them kept
//! unpacked. Values of a label are numbered in their order, so what computes with labels computes with numbers.

use crate::block::BlockError;
use crate::block::bytes::{Input, Malformed};
use crate::block::cache::PageCache;
use crate::block::format::{OpenFile, PageRef, PostingRecord, Section, ValueRecord};
use crate::block::index_writer::SERIES_PER_PAGE;
use crate::block::runs::Runs;
use crate::block::squeeze::Sections;
use model::Labels;
use std::ops::{ControlFlow, Range};
use std::sync::{Arc, OnceLock};

/// A label name and what the index has of it.
#[derive(Clone, Debug)]
pub(crate) struct Name {
    pub name: String,
    /// Distinct values.
    pub values: u32,
    /// Series that have the label.
    pub series: u64,
    /// Bytes of the distinct values.
    pub value_bytes: u64,
    value_pages: Range<usize>,
    posting_pages: Range<usize>,
}

/// An unpacked page of values.
pub(crate) struct ValuePage {
    text: String,
    /// End of each value in the text.
    ends: Vec<u32>,
}

impl ValuePage {
    pub fn read(bytes: &[u8]) -> Result<ValuePage, Malformed> {
        let (mut input, mut last) = (Input(bytes), Vec::new());
        let mut page = ValuePage { text: String::new(), ends: Vec::new() };
        while !input.is_empty() {
            let shared = input.varint()?;
            if shared > last.len() as u64 {
                return Err(Malformed("shares more than there is"));
            }
            last.truncate(shared as usize);
            last.extend_from_slice(input.bytes()?);
            page.text.push_str(std::str::from_utf8(&last).map_err(|_| Malformed("not UTF-8"))?);
            page.ends.push(u32::try_from(page.text.len()).map_err(|_| Malformed("values over 4 GiB"))?);
        }
        Ok(page)
    }

    fn len(&self) -> usize {
        self.ends.len()
    }

    fn get(&self, i: usize) -> &str {
        let start = if i == 0 { 0 } else { self.ends[i - 1] };
        &self.text[start as usize..self.ends[i] as usize]
    }

    fn bytes(&self) -> usize {
        self.text.len() + 4 * self.ends.len()
    }
}

/// An unpacked page of series.
pub(crate) struct SeriesPage {
    shapes: Vec<Vec<u32>>,
    shape_of: Vec<u32>,
    /// By name, ascending: the number of the value of each series, [`NO_VALUE`] where it has none.
    columns: Vec<(u32, Vec<u32>)>,
}

const NO_VALUE: u32 = u32::MAX;

impl SeriesPage {
    pub fn read(bytes: &[u8]) -> Result<SeriesPage, Malformed> {
        let mut input = Input(bytes);
        let n = input.count()?;
        if n > SERIES_PER_PAGE {
            return Err(Malformed("more series than a page has"));
        }
        let mut shapes = Vec::new();
        for _ in 0..input.count()? {
            let (mut shape, mut name) = (Vec::new(), 0u32);
            for _ in 0..input.count()? {
                name = name.checked_add(input.u32()?).ok_or(Malformed("name over 32 bits"))?;
                shape.push(name);
            }
            shapes.push(shape);
        }
        let mut shape_column = Input(input.bytes()?);
        let mut shape_of = Vec::with_capacity(n);
        for _ in 0..n {
            let shape = shape_column.u32()?;
            if shape as usize >= shapes.len() {
                return Err(Malformed("unknown shape"));
            }
            shape_of.push(shape);
        }
        let mut columns: Vec<(u32, Vec<u32>)> = Vec::new();
        for _ in 0..input.count()? {
            let name = input.u32()?;
            if columns.last().is_some_and(|(before, _)| *before >= name) {
                return Err(Malformed("names out of order"));
            }
            let has: Vec<bool> = shapes.iter().map(|s| s.binary_search(&name).is_ok()).collect();
            let (mut packed, mut last) = (Input(input.bytes()?), 0i64);
            let mut column = vec![NO_VALUE; n];
            for (slot, shape) in column.iter_mut().zip(&shape_of) {
                if has[*shape as usize] {
                    last = last.wrapping_add(packed.signed()?);
                    *slot = u32::try_from(last).map_err(|_| Malformed("value over 32 bits"))?;
                }
            }
            columns.push((name, column));
        }
        Ok(SeriesPage { shapes, shape_of, columns })
    }

    pub fn len(&self) -> usize {
        self.shape_of.len()
    }

    /// Names of a series, as numbers that ascend.
    pub fn names(&self, i: usize) -> &[u32] {
        &self.shapes[self.shape_of[i] as usize]
    }

    /// The number of a series' value of a label.
    pub fn value(&self, i: usize, name: u32) -> Option<u32> {
        let column = self.columns.binary_search_by_key(&name, |(n, _)| *n).ok()?;
        self.columns[column].1.get(i).copied().filter(|v| *v != NO_VALUE)
    }

    fn bytes(&self) -> usize {
        self.columns.iter().map(|(_, c)| 4 * c.len()).sum::<usize>() + 4 * self.shape_of.len()
    }
}

/// The index of an open block.
pub(crate) struct Index {
    names: OnceLock<Vec<Name>>,
    values: PageCache<ValuePage>,
    series: PageCache<SeriesPage>,
}

/// Unpacked pages kept by a block: 128 KiB of values and 128 KiB of series. Fifty blocks keep at most 13 MB.
const CACHE_BYTES_MAX: usize = 128 << 10;

impl Index {
    pub fn new() -> Index {
        Index {
            names: OnceLock::new(),
            values: PageCache::new(CACHE_BYTES_MAX),
            series: PageCache::new(CACHE_BYTES_MAX),
        }
    }

    /// All names, ascending.
    pub fn names<'a>(&'a self, file: &OpenFile) -> Result<&'a [Name], BlockError> {
        if let Some(names) = self.names.get() {
            return Ok(names);
        }
        let bytes = file.section(Section::Names)?;
        let names = read_names(&bytes).map_err(|m| m.at(&file.section_place(Section::Names)))?;
        Ok(self.names.get_or_init(|| names))
    }

    /// The number of a name.
    pub fn name(&self, file: &OpenFile, name: &str) -> Result<Option<u32>, BlockError> {
        let names = self.names(file)?;
        Ok(names.binary_search_by(|n| n.name.as_str().cmp(name)).ok().map(|i| i as u32))
    }

    fn value_page(
        &self,
        file: &OpenFile,
        index: usize,
        record: PageRef,
    ) -> Result<Arc<ValuePage>, BlockError> {
        self.values
            .get(index, ValuePage::bytes, || read_page(file, "values page", index, record, ValuePage::read))
    }

    /// The values of a label whose numbers are in a range, in order.
    pub fn values(
        &self,
        file: &OpenFile,
        name: &Name,
        numbers: Range<u32>,
        visit: &mut dyn FnMut(u32, &str) -> ControlFlow<()>,
    ) -> Result<(), BlockError> {
        let table = file.table::<ValueRecord>(Section::ValuePages)?;
        let pages = within(&table, &name.value_pages);
        let first = table.partition_point(pages.clone(), |r| {
            u64::from(r.first) + u64::from(r.count) <= numbers.start.into()
        });
        for index in first..pages.end {
            let record = table.get(index);
            if record.first >= numbers.end {
                break;
            }
            let page = self.value_page(file, index, record.page)?;
            for i in 0..page.len() {
                let number = record.first.saturating_add(i as u32);
                if numbers.contains(&number) && visit(number, page.get(i)).is_break() {
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    /// The number of the first value that is not less, and whether it is equal.
    pub fn lower_bound(&self, file: &OpenFile, name: &Name, value: &str) -> Result<(u32, bool), BlockError> {
        let table = file.table::<ValueRecord>(Section::ValuePages)?;
        let heap = file.section(Section::ValueHeap)?;
        let pages = within(&table, &name.value_pages);
        let head = |r: &ValueRecord| {
            let start = r.heap_offset as usize;
            heap.get(start..start.saturating_add(r.heap_len as usize)).unwrap_or_default()
        };
        let after = table.partition_point(pages.clone(), |r| head(&r) <= value.as_bytes());
        if after == pages.start {
            return Ok((0, false));
        }
        let record = table.get(after - 1);
        let page = self.value_page(file, after - 1, record.page)?;
        let (mut low, mut high) = (0, page.len());
        while low < high {
            let middle = low + (high - low) / 2;
            if page.get(middle) < value { low = middle + 1 } else { high = middle }
        }
        Ok((record.first.saturating_add(low as u32), low < page.len() && page.get(low) == value))
    }

    /// The union of the postings of values, whose numbers ascend.
    pub fn postings(&self, file: &OpenFile, name: &Name, numbers: &[u32]) -> Result<Runs, BlockError> {
        let table = file.table::<PostingRecord>(Section::PostingPages)?;
        let pages = within(&table, &name.posting_pages);
        let end = file.footer.meta.series as u32;
        let (mut runs, mut at, mut numbers) = (Vec::new(), pages.start, numbers.iter().peekable());
        while let Some(first) = numbers.peek() {
            at = table.partition_point(at..pages.end, |r| {
                u64::from(r.first) + u64::from(r.count) <= u64::from(**first)
            });
            if at == pages.end {
                return Err(file.section_place(Section::PostingPages).corrupt("values without postings"));
            }
            let record = table.get(at);
            read_page(file, "postings page", at, record.page, |bytes| {
                let mut input = Input(bytes);
                for number in record.first..record.first.saturating_add(record.count) {
                    let set = input.bytes()?;
                    if numbers.next_if(|n| **n == number).is_some() {
                        Runs::decode(&mut Input(set), end, &mut runs)?;
                    }
                }
                Ok(())
            })?;
            if numbers.peek().is_some_and(|n| **n < record.first.saturating_add(record.count)) {
                return Err(file.section_place(Section::PostingPages).corrupt("postings out of order"));
            }
        }
        Ok(Runs::union(runs))
    }

    /// Number of series of each value of a label, in order.
    pub fn posting_lengths(&self, file: &OpenFile, name: &Name) -> Result<Vec<u64>, BlockError> {
        let table = file.table::<PostingRecord>(Section::PostingPages)?;
        let (mut lengths, end) = (Vec::new(), file.footer.meta.series as u32);
        for at in within(&table, &name.posting_pages) {
            let record = table.get(at);
            read_page(file, "postings page", at, record.page, |bytes| {
                let (mut input, mut runs) = (Input(bytes), Vec::new());
                while !input.is_empty() {
                    runs.clear();
                    Runs::decode(&mut Input(input.bytes()?), end, &mut runs)?;
                    lengths.push(runs.iter().map(|r| r.len() as u64).sum());
                }
                Ok(())
            })?;
        }
        Ok(lengths)
    }

    /// The page of series that an ordinal is in, and its place there.
    pub fn series_page(&self, file: &OpenFile, ordinal: u32) -> Result<(Arc<SeriesPage>, usize), BlockError> {
        let index = ordinal as usize / SERIES_PER_PAGE;
        let table = file.table::<PageRef>(Section::SeriesPages)?;
        if index >= table.len() {
            return Err(file
                .section_place(Section::SeriesPages)
                .corrupt(format!("no page for series {ordinal}")));
        }
        let load = || read_page(file, "series page", index, table.get(index), SeriesPage::read);
        let page = self.series.get(index, SeriesPage::bytes, load)?;
        let place = ordinal as usize % SERIES_PER_PAGE;
        if place >= page.shape_of.len() {
            let place = file.place(format!("series page {index}"), table.get(index));
            return Err(place.corrupt(format!("series {ordinal} is not in it")));
        }
        Ok((page, place))
    }
}

/// Makes label sets; keeps the pages it used last at hand.
#[derive(Default)]
pub(crate) struct LabelReader {
    /// By name: the page of values used last.
    pages: Vec<Option<(Range<u32>, Arc<ValuePage>)>>,
    series: Option<(u32, Arc<SeriesPage>)>,
}

impl LabelReader {
    /// The labels of a series. A reader is for one block.
    pub fn labels(&mut self, file: &OpenFile, index: &Index, ordinal: u32) -> Result<Labels, BlockError> {
        let names = index.names(file)?;
        self.pages.resize(names.len(), None);
        let (page, i) = self.page(file, index, ordinal)?;
        for name in page.names(i) {
            let value = page.value(i, *name).unwrap_or(NO_VALUE);
            let known = names.get(*name as usize).filter(|n| value < n.values);
            let Some(known) = known else {
                let place = file.section_place(Section::SeriesPages);
                return Err(place.corrupt("a series with a label that the index has not"));
            };
            self.load(file, index, known, *name, value)?;
        }
        Ok(Labels::from_sorted(page.names(i).iter().map(|name| {
            let value = page.value(i, *name).unwrap_or(NO_VALUE);
            (names[*name as usize].name.as_str(), self.loaded(*name, value))
        })))
    }

    fn page(
        &mut self,
        file: &OpenFile,
        index: &Index,
        ordinal: u32,
    ) -> Result<(Arc<SeriesPage>, usize), BlockError> {
        let (number, i) = (ordinal / SERIES_PER_PAGE as u32, ordinal as usize % SERIES_PER_PAGE);
        if let Some((at, page)) = &self.series
            && *at == number
            && i < page.len()
        {
            return Ok((page.clone(), i));
        }
        let (page, i) = index.series_page(file, ordinal)?;
        self.series = Some((number, page.clone()));
        Ok((page, i))
    }

    /// Makes sure that the page with a value is at hand.
    fn load(
        &mut self,
        file: &OpenFile,
        index: &Index,
        name: &Name,
        number: u32,
        value: u32,
    ) -> Result<(), BlockError> {
        let slot = &mut self.pages[number as usize];
        if slot.as_ref().is_some_and(|(range, _)| range.contains(&value)) {
            return Ok(());
        }
        let table = file.table::<ValueRecord>(Section::ValuePages)?;
        let pages = within(&table, &name.value_pages);
        let at =
            table.partition_point(pages.clone(), |r| u64::from(r.first) + u64::from(r.count) <= value.into());
        let corrupt = || file.section_place(Section::ValuePages).corrupt("a value is in no page");
        if at == pages.end {
            return Err(corrupt());
        }
        let record = table.get(at);
        let page = index.value_page(file, at, record.page)?;
        let range = record.first..record.first.saturating_add(page.len() as u32);
        if !range.contains(&value) {
            return Err(corrupt());
        }
        *slot = Some((range, page));
        Ok(())
    }

    /// A value that [`LabelReader::load`] has put at hand.
    fn loaded(&self, name: u32, value: u32) -> &str {
        let (range, page) = self.pages[name as usize].as_ref().expect("loaded before");
        page.get((value - range.start) as usize)
    }
}

/// A range of table indexes, cut off at the table's end.
fn within<R: crate::block::format::Record>(
    table: &crate::block::format::Table<'_, R>,
    range: &Range<usize>,
) -> Range<usize> {
    let end = range.end.min(table.len());
    range.start.min(end)..end
}

fn read_page<T>(
    file: &OpenFile,
    what: &str,
    index: usize,
    page: PageRef,
    read: impl FnOnce(&[u8]) -> Result<T, Malformed>,
) -> Result<T, BlockError> {
    let (bytes, place) = file.page(what, index, page)?;
    let mut sections = Sections::default();
    sections.unpack(&bytes).and_then(|_| read(&sections.head)).map_err(|m| m.at(&place))
}

pub(crate) fn read_names(bytes: &[u8]) -> Result<Vec<Name>, Malformed> {
    let mut input = Input(bytes);
    let (mut names, mut values_at, mut postings_at) = (Vec::<Name>::new(), 0usize, 0usize);
    for _ in 0..input.count()? {
        let name = std::str::from_utf8(input.bytes()?).map_err(|_| Malformed("not UTF-8"))?.to_owned();
        if names.last().is_some_and(|before| before.name >= name) {
            return Err(Malformed("names out of order"));
        }
        let (values, series, value_bytes) = (input.u32()?, input.varint()?, input.varint()?);
        let (value_pages, posting_pages) = (input.u32()? as usize, input.u32()? as usize);
        names.push(Name {
            name,
            values,
            series,
            value_bytes,
            value_pages: values_at..values_at + value_pages,
            posting_pages: postings_at..postings_at + posting_pages,
        });
        values_at += value_pages;
        postings_at += posting_pages;
    }
    Ok(names)
}
