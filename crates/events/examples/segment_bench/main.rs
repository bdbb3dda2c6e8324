//! How large segments of realistic events are, and how fast they are written and read.
//!
//! `cargo run --release -p events --example segment_bench -- [millions of spans] [millions of logs] [zstd level] [dir]`
//!
//! Times are those of the CPU, so that a busy machine does not spoil them; everything runs on one thread. Files are read
//! warm.

mod data;

use arrow::array::{Array, AsArray, BooleanArray, RecordBatch};
use arrow::datatypes::{DataType, TimestampNanosecondType};
use base::disk;
use data::{Logs, Numbers, Spans};
use events::columns::Columns;
use events::scan::{ColumnRef, FileSource, Objects, Prune, Reader, RowPredicate, Snapshot};
use events::segment::{SegmentOptions, write_segment};
use model::event::{Kind, TraceId};
use parquet::file::metadata::ParquetMetaDataReader;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// Rows of a file, as flushes and merges make them.
const FILE_ROWS: usize = 1_000_000;
/// Rows of a memory chunk.
const CHUNK_ROWS: usize = 16_384;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let number =
        |at: usize, default: usize| arguments.get(at).and_then(|a| a.parse().ok()).unwrap_or(default);
    let options = SegmentOptions { zstd_level: number(2, 1) as i32, ..SegmentOptions::default() };
    let dir = arguments.get(3).map_or_else(|| std::env::temp_dir().join("segment_bench"), PathBuf::from);
    disk::create_dir_all(&dir).expect("the folder");
    spans(&dir, number(0, 2), &options);
    logs(&dir, number(1, 10), &options);
}

/// How often one trace is fetched to know what it costs.
const TRACE_REPEATS: u32 = 16;

/// CPU time of this thread.
fn cpu() -> Duration {
    let text = disk::read_to_string(Path::new("/proc/thread-self/schedstat")).unwrap_or_default();
    Duration::from_nanos(text.split(' ').next().and_then(|n| n.parse().ok()).unwrap_or(0))
}

/// Runs something a few times, and says the least it took.
fn time<T>(what: &str, mut run: impl FnMut() -> T) -> T {
    let mut best = Duration::MAX;
    let mut result = None;
    for _ in 0..3 {
        let start = cpu();
        result = Some(run());
        best = best.min(cpu() - start);
    }
    println!("{what:<64} {:>9.1} ms", best.as_secs_f64() * 1e3);
    result.expect("it ran")
}

/// Writes files of chunks, and gives a snapshot of them.
fn files(
    kind: Kind,
    dir: &Path,
    millions: usize,
    options: &SegmentOptions,
    mut chunk: impl FnMut(usize) -> RecordBatch,
) -> Snapshot {
    let (mut list, mut spent, mut rows) = (Vec::new(), Duration::ZERO, 0);
    for number in 0..millions {
        let mut chunks = Vec::new();
        let mut left = FILE_ROWS;
        while left > 0 {
            let batch = chunk(left.min(CHUNK_ROWS));
            left -= batch.num_rows().min(left);
            chunks.push(batch);
        }
        let name = format!("{}-{number}.parquet", kind.table());
        let start = cpu();
        let file = std::io::BufWriter::new(disk::create(&dir.join(&name)).expect("a file"));
        let written = write_segment(kind, &chunks, options, file).expect("a segment");
        spent += cpu() - start;
        rows += written.meta.rows;
        list.push(Arc::new(FileSource { path: name.into(), meta: Arc::new(written.meta), pin: None }));
    }
    let bytes: u64 = list.iter().map(|f| f.meta.bytes).sum();
    let rate = rows as f64 / spent.as_secs_f64();
    println!("\n{}: {rows} rows, {} columns", kind.table(), list[0].meta.columns.len());
    println!("written at {rate:.0} rows/s, {:.1} B a row", bytes as f64 / rows as f64);
    sizes(&dir.join(list[0].path.as_ref()), list[0].meta.rows);
    let reader = Reader::new(Objects::local(dir.to_owned()), 256 << 20);
    Snapshot::new(kind, Arc::new(Columns::builtin(kind)), Vec::new(), list, reader)
}

/// Bytes a row, by column.
fn sizes(path: &Path, rows: u64) {
    let bytes = bytes::Bytes::from(disk::read(path).expect("the file"));
    let metadata = ParquetMetaDataReader::new().parse_and_finish(&bytes).expect("a footer");
    let mut columns: Vec<(String, u64, String)> = Vec::new();
    for group in metadata.row_groups() {
        for (at, column) in group.columns().iter().enumerate() {
            if columns.len() <= at {
                columns.push((column.column_path().string(), 0, String::new()));
            }
            columns[at].1 += column.compressed_size() as u64;
            columns[at].2 = column.encodings().map(|e| format!("{e:?} ")).collect();
        }
    }
    columns.sort_by_key(|(_, size, _)| std::cmp::Reverse(*size));
    let mut rest = bytes.len() as u64;
    for (name, size, encodings) in &columns {
        rest -= size;
        if *size * 50 > rows {
            println!("  {name:<36} {:>7.2}  {encodings}", *size as f64 / rows as f64);
        }
    }
    for pair in metadata.file_metadata().key_value_metadata().into_iter().flatten() {
        let value = pair.value.as_deref().unwrap_or("");
        let numbers: Vec<u64> = value.split(' ').filter_map(|n| n.parse().ok()).collect();
        if let [_, _, body, directory] = numbers[..] {
            println!("  {:<36} {:>7.2}", pair.key, (body + directory) as f64 / rows as f64);
            rest -= body + directory;
        }
    }
    println!("  {:<36} {:>7.2}", "footer", rest as f64 / rows as f64);
}

/// The rows of all parts that pass, and how many batches they came in.
fn scan(
    snapshot: &Snapshot,
    columns: &[ColumnRef],
    prune: &Prune,
    mut each: impl FnMut(&RecordBatch),
) -> usize {
    let mut rows = 0;
    for part in snapshot.parts(prune) {
        for batch in part.read(columns, prune, None, None) {
            let batch = batch.expect("a batch").batch;
            rows += batch.num_rows();
            each(&batch);
        }
    }
    rows
}

fn spans(dir: &Path, millions: usize, options: &SegmentOptions) {
    if millions == 0 {
        return;
    }
    let mut spans = Spans::new(1);
    let snapshot = files(Kind::Span, dir, millions, options, |rows| spans.chunk(rows));
    time("footers and directories", || {
        let fresh = snapshot.parts(&Prune::none());
        fresh.iter().map(|p| p.read(&[], &Prune::none(), None, None).count()).sum::<usize>()
    });
    let durations = [ColumnRef::new("duration", DataType::Int64), ColumnRef::dictionary("service")];
    time("durations and services", || scan(&snapshot, &durations, &Prune::none(), |_| ()));
    let all =
        [ColumnRef::dictionary("service"), ColumnRef::dictionary("name"), ColumnRef::dictionary("status")];
    let one = Prune { services: Some(vec!["service-01".to_owned()]), ..Prune::none() };
    let rows = time("three columns of one service", || scan(&snapshot, &all, &one, |_| ()));
    println!("  {rows} rows");
    traces(&snapshot, &spans.traces);
}

fn traces(snapshot: &Snapshot, known: &[TraceId]) {
    let columns: Vec<ColumnRef> = events::columns::builtins(Kind::Span)
        .iter()
        .map(|(name, form)| ColumnRef::new(name, form.data_type()))
        .chain(data::ATTRIBUTES.iter().map(|name| ColumnRef::view(name)))
        .collect();
    let mut numbers = Numbers(5);
    let mut taken: Vec<Duration> = (0..100)
        .map(|_| {
            let id = known[numbers.below(known.len() as u64) as usize];
            // The clock of the CPU ticks every few milliseconds.
            let start = cpu();
            for _ in 0..TRACE_REPEATS {
                let found = snapshot.trace(id, &Prune::none(), &columns).expect("a trace");
                assert!(!found.is_empty());
            }
            (cpu() - start) / TRACE_REPEATS
        })
        .collect();
    taken.sort_unstable();
    let ms = |at: usize| taken[taken.len() * at / 100].as_secs_f64() * 1e3;
    println!("trace by id, all columns: p50 {:.2} ms, p95 {:.2} ms, p99 {:.2} ms", ms(50), ms(95), ms(99));
    time("an id that nobody has, 1,000 times", || {
        for n in 0..1_000_u128 {
            let found = snapshot.trace(TraceId((n << 64 | 77).to_be_bytes()), &Prune::none(), &columns);
            assert!(found.expect("a trace").is_empty());
        }
    });
}

fn logs(dir: &Path, millions: usize, options: &SegmentOptions) {
    if millions == 0 {
        return;
    }
    let mut logs = Logs::new(2);
    let snapshot = files(Kind::Log, dir, millions, options, |rows| logs.chunk(rows));
    let two = [ColumnRef::time("time"), ColumnRef::new("severity", DataType::UInt8)];
    let rows = time("count by minute and severity", || {
        let mut counts = vec![[0_u32; 32]; 4_096];
        scan(&snapshot, &two, &Prune::none(), |batch| {
            let times = batch.column(0).as_primitive::<TimestampNanosecondType>().values();
            let severities = batch.column(1).as_primitive::<arrow::datatypes::UInt8Type>().values();
            for (time, severity) in times.iter().zip(severities) {
                let minute = ((time - data::START_NS) / 60_000_000_000) as usize % 4_096;
                counts[minute][*severity as usize % 32] += 1;
            }
        })
    });
    println!("  over {rows} rows");
    time("count of errors by service, errors by predicate", || {
        filtered(&snapshot, &Prune::none(), "service")
    });
    for word in ["needle0", "timeout", "nowhere"] {
        let prune = Prune { tokens: vec![vec![word.to_owned()]], ..Prune::none() };
        let mut hits = 0;
        let mut read = 0;
        time(&format!("the word {word}"), || {
            hits = 0;
            read = scan(&snapshot, &[ColumnRef::view("body")], &prune, |batch| {
                let bodies = batch.column(0).as_string_view();
                hits += bodies.iter().flatten().filter(|body| body.contains(word)).count();
            });
        });
        println!("  {hits} rows of {read} that were read");
    }
    newest(&snapshot);
}

/// Counts what passes a predicate on severity.
fn filtered(snapshot: &Snapshot, prune: &Prune, column: &str) -> usize {
    let mut rows = 0;
    for part in snapshot.parts(prune) {
        let severity = vec![ColumnRef::new("severity", DataType::UInt8)];
        let predicate = RowPredicate::new(severity, |batch| {
            let severities = batch.column(0).as_primitive::<arrow::datatypes::UInt8Type>();
            Ok(BooleanArray::from_unary(severities, |s| s >= 17))
        });
        for batch in part.read(&[ColumnRef::dictionary(column)], prune, None, Some(predicate)) {
            rows += batch.expect("a batch").batch.num_rows();
        }
    }
    rows
}

/// The newest hundred, as the first screen asks for them: times first, then all columns of the winners.
fn newest(snapshot: &Snapshot) {
    let columns: Vec<ColumnRef> = events::columns::builtins(Kind::Log)
        .iter()
        .map(|(name, form)| ColumnRef::new(name, form.data_type()))
        .collect();
    time("the newest hundred of one file, all columns", || {
        let parts = snapshot.parts(&Prune::none());
        let part = &parts[0];
        let (_, end) = part.time_range();
        let prune = Prune::time(end - 1_000_000_000, i64::MAX);
        let mut best: Vec<(i64, u64)> = Vec::new();
        for batch in part.read(&[ColumnRef::time("time")], &prune, None, None) {
            let batch = batch.expect("a batch");
            let times = batch.batch.column(0).as_primitive::<TimestampNanosecondType>();
            best.extend(times.values().iter().copied().zip(batch.rows.iter()));
        }
        best.sort_unstable_by_key(|(time, _)| std::cmp::Reverse(*time));
        let rows: Vec<u64> = best.iter().take(100).map(|(_, row)| *row).collect();
        let found = part.fetch_rows(&rows, &columns).expect("rows");
        assert_eq!(found.num_rows(), rows.len());
        assert!(found.column(0).len() == rows.len());
    });
}
