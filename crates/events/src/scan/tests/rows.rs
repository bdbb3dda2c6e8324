//! Rows of a model, and the same rows in memory chunks and files.

use crate::columns::Columns;
use crate::scan::{FileSource, MemorySource, Objects, Reader, Snapshot};
use crate::segment::{SegmentOptions, write_segment};
use arrow::array::{
    ArrayRef, FixedSizeBinaryBuilder, Int64Array, RecordBatch, StringArray, StringDictionaryBuilder,
    StringViewArray, TimestampNanosecondArray,
};
use arrow::datatypes::{Int32Type, UInt16Type};
use base::disk;
use model::event::{Kind, TraceId};
use std::ops::Range;
use std::sync::Arc;

pub const SERVICES: [&str; 5] = ["aardvark", "checkout", "Zoë", "zebra", "zz"];
pub const TRACES: u64 = 3_000;
pub const SECONDS: i64 = 1_000;
pub const SECOND: i64 = 1_000_000_000;

pub struct Row {
    pub time: i64,
    pub service: Option<&'static str>,
    pub body: Option<String>,
    pub trace: Option<u64>,
    pub n: Option<i64>,
}

pub fn trace_id(number: u64) -> TraceId {
    TraceId((number as u128 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835).to_be_bytes())
}

/// A generator of numbers that depends on nothing but its seed (SplitMix64).
pub struct Numbers(pub u64);

impl Numbers {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }
}

fn row(numbers: &mut Numbers) -> Row {
    let service = match numbers.below(20) {
        0 => None,
        n => Some(SERVICES[n as usize % SERVICES.len()]),
    };
    let body = (numbers.below(10) > 0).then(|| {
        let words: Vec<String> =
            (0..numbers.below(4)).map(|_| format!("Word{}", numbers.below(30))).collect();
        let rare = if numbers.below(20_000) == 0 {
            format!(" rare{}", (30 + numbers.below(10)) * 97)
        } else {
            String::new()
        };
        format!("{}{rare}", words.join(", "))
    });
    Row {
        time: numbers.below((SECONDS * SECOND) as u64) as i64,
        service,
        body,
        trace: (numbers.below(3) > 0).then(|| numbers.below(TRACES)),
        n: (numbers.below(4) > 0).then(|| numbers.below(1_000) as i64),
    }
}

/// Rows in two files and two memory chunks, with different columns in different forms.
pub struct Store {
    pub rows: Vec<Row>,
    pub dir: tempfile::TempDir,
    pub file_rows: usize,
    memory: Vec<Arc<MemorySource>>,
    files: Vec<Arc<FileSource>>,
}

impl Store {
    pub fn new(seed: u64) -> Store {
        let mut numbers = Numbers(seed);
        // More than a row group in one file, and a run that is cut short.
        let large = 131_072 + numbers.below(10_000) as usize;
        let lengths = [large, 1 + numbers.below(9_000) as usize, 1 + numbers.below(9_000) as usize, 3];
        let rows: Vec<Row> = (0..lengths.iter().sum()).map(|_| row(&mut numbers)).collect();
        let dir = tempfile::tempdir().unwrap();
        let mut store =
            Store { rows, dir, file_rows: lengths[0] + lengths[1], memory: Vec::new(), files: Vec::new() };
        // Of every second store, row groups end within runs, as where text is long.
        let usual = SegmentOptions::default();
        let options = match seed.is_multiple_of(2) {
            true => usual,
            false => SegmentOptions { group_bytes_max: 300_000, ..usual },
        };
        let mut start = 0;
        for (number, length) in lengths.into_iter().enumerate() {
            let all = start..start + length;
            start = all.end;
            if number < 2 {
                let middle = all.start + length / 3;
                let batches = [store.batch(all.start..middle, 0), store.batch(middle..all.end, 1)];
                store.add_file(&format!("file{number}"), &batches, &options);
            } else {
                let batch = store.batch(all.clone(), number as u8);
                let times = store.rows[all].iter().map(|r| r.time);
                let (min_ns, max_ns) = (times.clone().min().unwrap(), times.max().unwrap());
                let name = format!("memory{number}").into();
                store.memory.push(Arc::new(MemorySource::new(name, batch, min_ns, max_ns)));
            }
        }
        store
    }

    fn add_file(&mut self, name: &str, batches: &[RecordBatch], options: &SegmentOptions) {
        let file = disk::create(&self.dir.path().join(name)).unwrap();
        let written = write_segment(Kind::Log, batches, options, file).unwrap();
        self.files.push(Arc::new(FileSource { path: name.into(), meta: Arc::new(written.meta), pin: None }));
    }

    pub fn snapshot(&self) -> Snapshot {
        self.snapshot_through(Reader::new(Objects::local(self.dir.path().to_owned()), 1 << 20))
    }

    pub fn snapshot_through(&self, reader: Arc<Reader>) -> Snapshot {
        let columns = Arc::new(Columns::builtin(Kind::Log));
        Snapshot::new(Kind::Log, columns, self.memory.clone(), self.files.clone(), reader)
    }

    /// A batch of rows; `form` says which columns there are and how text is held. Columns without a value are left out.
    fn batch(&self, range: Range<usize>, form: u8) -> RecordBatch {
        let rows = &self.rows[range.clone()];
        let mut ids = FixedSizeBinaryBuilder::new(16);
        for row in rows {
            match row.trace {
                Some(trace) => ids.append_value(trace_id(trace).0).unwrap(),
                None => ids.append_null(),
            }
        }
        let mut services = StringDictionaryBuilder::<Int32Type>::new();
        rows.iter().for_each(|row| services.append_option(row.service));
        let bodies = rows.iter().map(|r| r.body.as_deref());
        let body: ArrayRef = match form {
            0 => Arc::new(bodies.collect::<StringArray>()),
            1 => Arc::new(bodies.collect::<StringViewArray>()),
            _ => {
                let mut builder = StringDictionaryBuilder::<UInt16Type>::new();
                bodies.for_each(|body| builder.append_option(body));
                Arc::new(builder.finish())
            }
        };
        let times = TimestampNanosecondArray::from_iter_values(rows.iter().map(|r| r.time));
        let columns: Vec<(&str, ArrayRef)> = vec![
            ("time", Arc::new(times.with_timezone("UTC"))),
            ("service", Arc::new(services.finish())),
            ("seq", Arc::new(Int64Array::from_iter_values(range.map(|seq| seq as i64)))),
            ("body", body),
            ("trace_id", Arc::new(ids.finish())),
            ("n", Arc::new(rows.iter().map(|r| r.n).collect::<Int64Array>())),
        ];
        let columns = columns.into_iter().filter(|(_, array)| array.null_count() < array.len());
        RecordBatch::try_from_iter_with_nullable(columns.map(|(name, array)| (name, array, true))).unwrap()
    }
}
