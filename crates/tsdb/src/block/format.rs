//! The outer form of a block file: header, pages, sections, footer, trailer. Drawn in `docs/format/block.md`.
//!
//! Every byte is under a checksum: the header's own, a page's in its table, a section's in the footer, the footer's
//! in the trailer. Sections are read when they are first needed, so that damage in one leaves the others in use.

use crate::block::bytes::{BlockBytes, Input, Malformed, Place, io_error, put_bytes, put_signed, put_varint};
use crate::block::{BlockError, BlockId, BlockMeta};
use std::borrow::Cow;
use std::fs::File;
use std::io::{self, Write};
use std::marker::PhantomData;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

const MAGIC: &[u8; 8] = b"PHAROSBK";
const MAGIC_END: &[u8; 8] = b"KBSORAHP";
/// Raised whenever older programs could not read what is written.
const VERSION: u32 = 1;
/// Magic, version, checksum of both.
const HEADER_BYTES: u64 = 8 + 4 + 4;
/// Length and checksum of the footer, magic.
const TRAILER_BYTES: u64 = 4 + 4 + 8;

/// Parts of a block that are not pages, in the order of the footer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Section {
    Names,
    ValuePages,
    ValueHeap,
    PostingPages,
    SeriesPages,
    Bands,
    Pages,
    TimelinePages,
}

const SECTIONS: [Section; 8] = [
    Section::Names,
    Section::ValuePages,
    Section::ValueHeap,
    Section::PostingPages,
    Section::SeriesPages,
    Section::Bands,
    Section::Pages,
    Section::TimelinePages,
];

impl Section {
    fn name(self) -> &'static str {
        match self {
            Section::Names => "label names",
            Section::ValuePages => "table of label values",
            Section::ValueHeap => "first label values",
            Section::PostingPages => "table of postings",
            Section::SeriesPages => "table of series",
            Section::Bands => "table of bands",
            Section::Pages => "table of pages",
            Section::TimelinePages => "table of timelines",
        }
    }
}

/// Where a page is, and what its bytes must sum to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PageRef {
    pub offset: u64,
    pub len: u32,
    pub crc: u32,
}

/// An entry of fixed length in a table.
pub(crate) trait Record: Sized {
    const BYTES: usize;
    fn put(&self, out: &mut Vec<u8>);
    fn take(input: &mut Input<'_>) -> Result<Self, Malformed>;
}

impl Record for PageRef {
    const BYTES: usize = 16;
    fn put(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.offset.to_le_bytes());
        out.extend_from_slice(&self.len.to_le_bytes());
        out.extend_from_slice(&self.crc.to_le_bytes());
    }
    fn take(input: &mut Input<'_>) -> Result<PageRef, Malformed> {
        Ok(PageRef { offset: input.fixed_u64()?, len: input.fixed_u32()?, crc: input.fixed_u32()? })
    }
}

/// A page of samples.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PageRecord {
    pub page: PageRef,
    pub min_ms: i64,
    pub max_ms: i64,
}

impl Record for PageRecord {
    const BYTES: usize = PageRef::BYTES + 16;
    fn put(&self, out: &mut Vec<u8>) {
        self.page.put(out);
        out.extend_from_slice(&self.min_ms.to_le_bytes());
        out.extend_from_slice(&self.max_ms.to_le_bytes());
    }
    fn take(input: &mut Input<'_>) -> Result<PageRecord, Malformed> {
        let page = PageRef::take(input)?;
        Ok(PageRecord { page, min_ms: input.fixed_u64()? as i64, max_ms: input.fixed_u64()? as i64 })
    }
}

/// Consecutive series, with one page for each window of time in which any of them has samples.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Band {
    pub first_ordinal: u32,
    pub ordinals: u32,
    pub first_page: u32,
    pub pages: u32,
}

impl Record for Band {
    const BYTES: usize = 16;
    fn put(&self, out: &mut Vec<u8>) {
        put_u32s(out, [self.first_ordinal, self.ordinals, self.first_page, self.pages]);
    }
    fn take(input: &mut Input<'_>) -> Result<Band, Malformed> {
        let [first_ordinal, ordinals, first_page, pages] = take_u32s(input)?;
        Ok(Band { first_ordinal, ordinals, first_page, pages })
    }
}

/// A page of timelines of one window.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TimelineRecord {
    pub page: PageRef,
    /// Start of the window divided by its length.
    pub window: i64,
    pub first_id: u32,
    pub count: u32,
}

impl Record for TimelineRecord {
    const BYTES: usize = PageRef::BYTES + 16;
    fn put(&self, out: &mut Vec<u8>) {
        self.page.put(out);
        out.extend_from_slice(&self.window.to_le_bytes());
        put_u32s(out, [self.first_id, self.count]);
    }
    fn take(input: &mut Input<'_>) -> Result<TimelineRecord, Malformed> {
        let page = PageRef::take(input)?;
        let window = input.fixed_u64()? as i64;
        let [first_id, count] = take_u32s(input)?;
        Ok(TimelineRecord { page, window, first_id, count })
    }
}

/// A page of values of one label.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ValueRecord {
    pub page: PageRef,
    /// Its first value, in the heap.
    pub heap_offset: u32,
    pub heap_len: u32,
    /// Number of the first value among those of the label.
    pub first: u32,
    pub count: u32,
}

impl Record for ValueRecord {
    const BYTES: usize = PageRef::BYTES + 16;
    fn put(&self, out: &mut Vec<u8>) {
        self.page.put(out);
        put_u32s(out, [self.heap_offset, self.heap_len, self.first, self.count]);
    }
    fn take(input: &mut Input<'_>) -> Result<ValueRecord, Malformed> {
        let page = PageRef::take(input)?;
        let [heap_offset, heap_len, first, count] = take_u32s(input)?;
        Ok(ValueRecord { page, heap_offset, heap_len, first, count })
    }
}

/// A page of postings of consecutive values of one label.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PostingRecord {
    pub page: PageRef,
    pub first: u32,
    pub count: u32,
}

impl Record for PostingRecord {
    const BYTES: usize = PageRef::BYTES + 8;
    fn put(&self, out: &mut Vec<u8>) {
        self.page.put(out);
        put_u32s(out, [self.first, self.count]);
    }
    fn take(input: &mut Input<'_>) -> Result<PostingRecord, Malformed> {
        let page = PageRef::take(input)?;
        let [first, count] = take_u32s(input)?;
        Ok(PostingRecord { page, first, count })
    }
}

fn put_u32s<const N: usize>(out: &mut Vec<u8>, numbers: [u32; N]) {
    numbers.iter().for_each(|n| out.extend_from_slice(&n.to_le_bytes()));
}

fn take_u32s<const N: usize>(input: &mut Input<'_>) -> Result<[u32; N], Malformed> {
    let mut numbers = [0; N];
    for n in &mut numbers {
        *n = input.fixed_u32()?;
    }
    Ok(numbers)
}

/// A table of records, read in place.
pub(crate) struct Table<'a, R> {
    bytes: Cow<'a, [u8]>,
    kind: PhantomData<R>,
}

impl<R: Record> Table<'_, R> {
    pub fn len(&self) -> usize {
        self.bytes.len() / R::BYTES
    }

    /// # Panics
    /// Past the end.
    pub fn get(&self, index: usize) -> R {
        let at = index * R::BYTES;
        R::take(&mut Input(&self.bytes[at..at + R::BYTES])).expect("a whole record")
    }

    /// The first index in `range` whose record is past what `before` accepts; records it accepts come first.
    pub fn partition_point(&self, range: Range<usize>, before: impl Fn(R) -> bool) -> usize {
        let (mut low, mut high) = (range.start, range.end);
        while low < high {
            let middle = low + (high - low) / 2;
            if before(self.get(middle)) { low = middle + 1 } else { high = middle }
        }
        low
    }
}

/// What the last bytes of a block say.
#[derive(Clone, Debug)]
pub(crate) struct Footer {
    pub meta: BlockMeta,
    pub window_ms: i64,
    sections: [PageRef; SECTIONS.len()],
}

impl Footer {
    fn encode(&self) -> Vec<u8> {
        let mut out = Vec::new();
        let m = &self.meta;
        out.extend_from_slice(&m.id.0.to_le_bytes());
        out.push(m.level);
        put_signed(&mut out, m.min_ms);
        put_signed(&mut out, m.max_ms);
        for n in [m.series, m.samples, m.histograms] {
            put_varint(&mut out, n);
        }
        put_signed(&mut out, self.window_ms);
        put_varint(&mut out, m.sources.len() as u64);
        m.sources.iter().for_each(|id| out.extend_from_slice(&id.0.to_le_bytes()));
        put_varint(&mut out, self.sections.len() as u64);
        for section in &self.sections {
            put_bytes(&mut out, &{
                let mut record = Vec::new();
                section.put(&mut record);
                record
            });
        }
        out
    }

    fn decode(bytes: &[u8], file_len: u64) -> Result<Footer, Malformed> {
        let mut input = Input(bytes);
        let take_id = |input: &mut Input<'_>| {
            Ok(BlockId(u128::from_le_bytes(input.take(16)?.try_into().expect("sixteen bytes"))))
        };
        let id = take_id(&mut input)?;
        let level = input.byte()?;
        let (min_ms, max_ms) = (input.signed()?, input.signed()?);
        let (series, samples, histograms) = (input.varint()?, input.varint()?, input.varint()?);
        let window_ms = input.signed()?;
        if window_ms <= 0 || series > u64::from(u32::MAX) {
            return Err(Malformed("impossible footer"));
        }
        let sources =
            (0..input.count()?).map(|_| take_id(&mut input)).collect::<Result<Vec<_>, Malformed>>()?;
        if input.varint()? != SECTIONS.len() as u64 {
            return Err(Malformed("another number of sections"));
        }
        let mut sections = [PageRef { offset: 0, len: 0, crc: 0 }; SECTIONS.len()];
        for section in &mut sections {
            *section = PageRef::take(&mut Input(input.bytes()?))?;
        }
        let meta =
            BlockMeta { id, level, min_ms, max_ms, series, samples, histograms, bytes: file_len, sources };
        Ok(Footer { meta, window_ms, sections })
    }
}

/// A block file being written.
pub(crate) struct BlockFile {
    path: PathBuf,
    file: io::BufWriter<File>,
    at: u64,
    sections: [PageRef; SECTIONS.len()],
}

impl BlockFile {
    pub fn create(path: &Path) -> Result<BlockFile, BlockError> {
        let file = base::disk::create(path).map_err(io_error(path))?;
        let mut block = BlockFile {
            path: path.to_owned(),
            file: io::BufWriter::with_capacity(1 << 20, file),
            at: 0,
            sections: [PageRef { offset: 0, len: 0, crc: 0 }; SECTIONS.len()],
        };
        let mut header = MAGIC.to_vec();
        header.extend_from_slice(&VERSION.to_le_bytes());
        let crc = crc32fast::hash(&header);
        header.extend_from_slice(&crc.to_le_bytes());
        block.append(&header)?;
        Ok(block)
    }

    /// Adds a page.
    pub fn append(&mut self, bytes: &[u8]) -> Result<PageRef, BlockError> {
        let len = u32::try_from(bytes.len())
            .map_err(|_| BlockError::BadStream("a page would be longer than 4 GiB".into()))?;
        self.file.write_all(bytes).map_err(io_error(&self.path))?;
        let page = PageRef { offset: self.at, len, crc: crc32fast::hash(bytes) };
        self.at += u64::from(len);
        Ok(page)
    }

    pub fn section(&mut self, section: Section, bytes: &[u8]) -> Result<(), BlockError> {
        self.sections[section as usize] = self.append(bytes)?;
        Ok(())
    }

    pub fn table<R: Record>(&mut self, section: Section, records: &[R]) -> Result<(), BlockError> {
        let mut bytes = Vec::with_capacity(records.len() * R::BYTES);
        records.iter().for_each(|r| r.put(&mut bytes));
        self.section(section, &bytes)
    }

    /// Writes footer and trailer and syncs. Fills in the length of the file.
    pub fn finish(mut self, mut meta: BlockMeta, window_ms: i64) -> Result<BlockMeta, BlockError> {
        let body = Footer { meta: meta.clone(), window_ms, sections: self.sections }.encode();
        let crc = self.append(&body)?.crc;
        let mut trailer = Vec::new();
        put_u32s(&mut trailer, [body.len() as u32, crc]);
        trailer.extend_from_slice(MAGIC_END);
        self.append(&trailer)?;
        meta.bytes = self.at;
        let file = self.file.into_inner().map_err(|e| BlockError::io(&self.path, e.into_error()))?;
        file.sync_all().map_err(io_error(&self.path))?;
        Ok(meta)
    }
}

/// A block file open for reading: the footer in memory, all else read when asked.
pub(crate) struct OpenFile {
    pub path: Arc<PathBuf>,
    bytes: Box<dyn BlockBytes>,
    pub footer: Footer,
    /// Sections whose checksum has been seen to match.
    verified: [AtomicBool; SECTIONS.len()],
}

impl OpenFile {
    pub fn open(path: &Path, bytes: Box<dyn BlockBytes>) -> Result<OpenFile, BlockError> {
        let path = Arc::new(path.to_owned());
        let len = bytes.size();
        let unreadable = |reason: String| BlockError::Unreadable { path: path.clone(), reason };
        if len < HEADER_BYTES + TRAILER_BYTES {
            return Err(unreadable("too short for a block".into()));
        }
        let read = |range: Range<u64>| bytes.read_at(range).map_err(|e| BlockError::io(&path, e));
        let header = read(0..HEADER_BYTES)?;
        if header[..8] != *MAGIC {
            return Err(unreadable("does not begin as a block".into()));
        }
        let place =
            |section: &str, range: Range<u64>| Place { path: path.clone(), section: section.into(), range };
        if header[12..16] != crc32fast::hash(&header[..12]).to_le_bytes() {
            return Err(place("header", 0..HEADER_BYTES).corrupt("checksum does not match"));
        }
        if header[8..12] != VERSION.to_le_bytes() {
            let found = u32::from_le_bytes(header[8..12].try_into().expect("four bytes"));
            return Err(unreadable(format!("format version {found}; this program reads version {VERSION}")));
        }
        let trailer_range = len - TRAILER_BYTES..len;
        let trailer = read(trailer_range.clone())?;
        if trailer[8..] != *MAGIC_END {
            return Err(
                place("trailer", trailer_range).corrupt("does not end as a block: cut off or overwritten")
            );
        }
        let number = |at: usize| u32::from_le_bytes(trailer[at..at + 4].try_into().expect("four bytes"));
        let (body_len, crc) = (u64::from(number(0)), number(4));
        let body_end = len - TRAILER_BYTES;
        let Some(body_start) = body_end.checked_sub(body_len).filter(|s| *s >= HEADER_BYTES) else {
            return Err(place("trailer", trailer_range).corrupt("the footer would be longer than the file"));
        };
        let place = place("footer", body_start..body_end);
        let body = place.checked(&*bytes, crc)?;
        let footer = Footer::decode(&body, len).map_err(|m| m.at(&place))?;
        drop((header, trailer, body));
        Ok(OpenFile { path, bytes, footer, verified: Default::default() })
    }

    pub fn place(&self, section: impl Into<String>, page: PageRef) -> Place {
        let end = page.offset.saturating_add(page.len.into());
        Place { path: self.path.clone(), section: section.into(), range: page.offset..end }
    }

    /// The bytes of a section; its checksum is verified once.
    pub fn section(&self, section: Section) -> Result<Cow<'_, [u8]>, BlockError> {
        let at = self.footer.sections[section as usize];
        let place = self.place(section.name(), at);
        let verified = &self.verified[section as usize];
        if verified.load(Ordering::Relaxed) {
            return self.bytes.read_at(place.range.clone()).map_err(|e| BlockError::io(&self.path, e));
        }
        let bytes = place.checked(&*self.bytes, at.crc)?;
        verified.store(true, Ordering::Relaxed);
        Ok(bytes)
    }

    pub fn section_place(&self, section: Section) -> Place {
        self.place(section.name(), self.footer.sections[section as usize])
    }

    pub fn table<R: Record>(&self, section: Section) -> Result<Table<'_, R>, BlockError> {
        let bytes = self.section(section)?;
        if bytes.len() % R::BYTES != 0 {
            return Err(self.section_place(section).corrupt("not a whole number of records"));
        }
        Ok(Table { bytes, kind: PhantomData })
    }

    /// The bytes of a page, held against its checksum, and its place for errors.
    pub fn page(
        &self,
        what: &str,
        index: usize,
        page: PageRef,
    ) -> Result<(Cow<'_, [u8]>, Place), BlockError> {
        let place = self.place(format!("{what} {index}"), page);
        let bytes = place.checked(&*self.bytes, page.crc)?;
        Ok((bytes, place))
    }

    /// Bytes of each section and kind of page, a line each.
    pub fn layout(&self) -> Result<String, BlockError> {
        let mut lines = String::new();
        let mut line = |what: &str, pages: usize, bytes: u64| {
            lines += &format!("{what}: {bytes} bytes");
            lines += &if pages > 0 { format!(" in {pages} pages\n") } else { "\n".to_owned() };
        };
        fn sum<R: Record>(table: &Table<'_, R>, page: impl Fn(R) -> PageRef) -> (usize, u64) {
            (table.len(), (0..table.len()).map(|i| u64::from(page(table.get(i)).len)).sum())
        }
        let (n, bytes) = sum(&self.table::<PageRecord>(Section::Pages)?, |r| r.page);
        line("samples", n, bytes);
        let (n, bytes) = sum(&self.table::<TimelineRecord>(Section::TimelinePages)?, |r| r.page);
        line("timelines", n, bytes);
        let (n, bytes) = sum(&self.table::<ValueRecord>(Section::ValuePages)?, |r| r.page);
        line("label values", n, bytes);
        let (n, bytes) = sum(&self.table::<PostingRecord>(Section::PostingPages)?, |r| r.page);
        line("postings", n, bytes);
        let (n, bytes) = sum(&self.table::<PageRef>(Section::SeriesPages)?, |r| r);
        line("series", n, bytes);
        for section in SECTIONS {
            line(section.name(), 0, self.footer.sections[section as usize].len.into());
        }
        Ok(lines)
    }
}
