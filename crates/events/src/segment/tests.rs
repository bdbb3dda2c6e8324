//! Tests of segments as files: their order, their pages, their description.

use super::gather::text_of;
use super::writer::SegmentWriter;
use super::*;
use arrow::array::{
    ArrayRef, AsArray, FixedSizeBinaryArray, RecordBatch, StringArray, TimestampNanosecondArray,
};
use arrow::datatypes::TimestampNanosecondType;
use bytes::Bytes;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::file::metadata::{PageIndexPolicy, ParquetMetaDataReader};
use proptest::prelude::*;
use std::sync::Arc;

type Row = (Option<String>, i64, u32);

fn batch(rows: &[Row]) -> RecordBatch {
    let ids: Vec<[u8; 16]> = rows.iter().map(|r| ((r.2 as u128) << 9 | 1).to_be_bytes()).collect();
    let columns: Vec<(&str, ArrayRef)> = vec![
        (
            "time",
            Arc::new(
                TimestampNanosecondArray::from_iter_values(rows.iter().map(|r| r.1)).with_timezone("UTC"),
            ),
        ),
        ("service", Arc::new(rows.iter().map(|r| r.0.as_deref()).collect::<StringArray>())),
        ("body", Arc::new(rows.iter().map(|r| Some(format!("id {}", r.2))).collect::<StringArray>())),
        ("trace_id", Arc::new(FixedSizeBinaryArray::try_from_iter(ids.iter()).unwrap())),
    ];
    RecordBatch::try_from_iter_with_nullable(columns.into_iter().map(|(name, array)| (name, array, true)))
        .unwrap()
}

fn write(batches: &[RecordBatch]) -> (Bytes, SegmentMeta) {
    let written = write_segment(Kind::Log, batches, &SegmentOptions::default(), Vec::new()).unwrap();
    assert_eq!(written.meta.bytes, written.sink.len() as u64);
    (Bytes::from(written.sink), written.meta)
}

fn read(file: &Bytes) -> Vec<RecordBatch> {
    ParquetRecordBatchReaderBuilder::try_new(file.clone())
        .unwrap()
        .build()
        .unwrap()
        .map(|b| b.unwrap())
        .collect()
}

fn rows(batches: &[RecordBatch]) -> Vec<Row> {
    let mut rows = Vec::new();
    for batch in batches {
        let times = batch.column_by_name("time").unwrap().as_primitive::<TimestampNanosecondType>();
        let (services, bodies) =
            (batch.column_by_name("service").unwrap(), batch.column_by_name("body").unwrap());
        let (service, body) = (text_of(services).unwrap(), text_of(bodies).unwrap());
        for row in 0..batch.num_rows() {
            let number = body(row).unwrap()[3..].parse().unwrap();
            rows.push((service(row).map(str::to_owned), times.value(row), number));
        }
    }
    rows
}

fn in_order(mut rows: Vec<Row>) -> Vec<Row> {
    rows.sort_by(|a, b| (a.0.as_deref().unwrap_or(""), a.1).cmp(&(b.0.as_deref().unwrap_or(""), b.1)));
    rows
}

fn some_rows(max: usize) -> impl Strategy<Value = Vec<Row>> {
    let service = prop_oneof![Just(None), "[a-cé]{1,2}".prop_map(Some)];
    proptest::collection::vec((service, 0..50_i64, 0..100_u32), 1..max)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn rows_come_back_in_order(chunks in proptest::collection::vec(some_rows(60), 1..5)) {
        let batches: Vec<RecordBatch> = chunks.iter().map(|rows| batch(rows)).collect();
        let (file, meta) = write(&batches);
        let wanted = in_order(chunks.concat());
        prop_assert_eq!(rows(&read(&file)), wanted.clone());
        prop_assert_eq!(meta.rows, wanted.len() as u64);
        prop_assert_eq!(meta.min_time_ns, wanted.iter().map(|r| r.1).min().unwrap());
        prop_assert_eq!(meta.max_time_ns, wanted.iter().map(|r| r.1).max().unwrap());
        let mut services: Vec<String> = wanted.iter().map(|r| r.0.clone().unwrap_or_default()).collect();
        services.dedup();
        prop_assert_eq!(meta.services, Some(services));
    }

    #[test]
    fn merged_segments_are_as_if_written_at_once(
        chunks in proptest::collection::vec(some_rows(40), 1..6),
        step in 1..20_usize,
    ) {
        let sorted: Vec<Vec<RecordBatch>> = chunks.iter().map(|rows| read(&write(&[batch(rows)]).0)).collect();
        let schema = sorted[0][0].schema();
        let sample = sorted[0].clone();
        let inputs = sorted.into_iter().map(|batches| {
            let pieces = batches.into_iter().flat_map(move |b| {
                (0..b.num_rows()).step_by(step).map(move |at| b.slice(at, step.min(b.num_rows() - at))).collect::<Vec<_>>()
            });
            Box::new(pieces.map(Ok)) as Sorted<'_>
        });
        let options = SegmentOptions::default();
        let merged = merge_segments(Kind::Log, &schema, sample, inputs.collect(), &options, Vec::new()).unwrap();
        let batches: Vec<RecordBatch> = chunks.iter().map(|rows| batch(rows)).collect();
        let (_, meta) = write(&batches);
        prop_assert_eq!(rows(&read(&Bytes::from(merged.sink))), in_order(chunks.concat()));
        prop_assert_eq!(SegmentMeta { bytes: 0, tail: None, ..merged.meta }, SegmentMeta { bytes: 0, tail: None, ..meta });
    }

    #[test]
    fn directories_of_noise_are_refused(bytes in proptest::collection::vec(any::<u8>(), 0..200), body in 0..5_000_u64) {
        prop_assert!(TokenDirectory::decode(&bytes, body).is_err());
        prop_assert!(TraceDirectory::decode(&bytes, body).is_err());
    }

    /// Also with a checksum that fits, nothing that a directory says leads out of the index, or makes us wait or fail.
    #[test]
    fn directories_that_lie_do_no_harm(
        count in 0..4_u32,
        bytes in proptest::collection::vec(any::<u8>(), 0..100),
        block in proptest::collection::vec(any::<u8>(), 0..60),
        body in 0..5_000_u64,
        id: u128,
    ) {
        let mut directory = [(RUN_ROWS as u32).to_le_bytes(), count.to_le_bytes()].concat();
        directory.extend_from_slice(&bytes);
        for length in [22, 12] {
            let mut directory = directory[..directory.len().min(8 + count as usize * length)].to_vec();
            index::seal(&mut directory);
            if let Ok(tokens) = TokenDirectory::decode(&directory, body) {
                for run in 0..5 {
                    if let Words::Filter(piece) = tokens.words(run) {
                        prop_assert!(piece.start + piece.bytes as u64 <= body);
                    }
                    tokens.perhaps(run, &block, &[vec![id as u64]]);
                }
            }
            if let Ok(traces) = TraceDirectory::decode(&directory, body) {
                let id = model::event::TraceId(id.to_be_bytes());
                if let Some(piece) = traces.block(id) {
                    prop_assert!(piece.start + piece.bytes as u64 <= body);
                }
                let runs = traces.runs(id, &block);
                prop_assert!(runs.is_err() || runs.unwrap().len() <= block.len());
            }
        }
    }

    #[test]
    fn places_outside_the_file_are_refused(numbers in proptest::collection::vec(any::<u64>(), 3), bytes: u64) {
        let place = Place { offset: numbers[0], body_bytes: numbers[1], directory_bytes: numbers[2] };
        if let Some(read) = Place::parse(&place.text(), bytes) {
            prop_assert_eq!(read, place);
            prop_assert!(read.directory().end <= bytes);
        }
    }
}

#[test]
fn places_are_read_as_they_are_written() {
    let place = Place { offset: 10, body_bytes: 20, directory_bytes: 30 };
    assert_eq!(Place::parse(&place.text(), 60), Some(place));
    for (text, bytes) in
        [(place.text().as_str(), 59), ("1 10 20 30", 60), ("2 10 20", 60), ("", 60), ("2 a 2 3", 60)]
    {
        assert_eq!(Place::parse(text, bytes), None, "{text}");
    }
}

#[test]
fn pages_of_time_and_service_are_runs() {
    let many: Vec<Row> =
        (0..300_000_u32).map(|n| (Some(format!("s{}", n % 3)), (n as i64 * 7919) % 100_000, n)).collect();
    let (file, _) = write(&[batch(&many)]);
    let metadata = ParquetMetaDataReader::new()
        .with_page_index_policy(PageIndexPolicy::Required)
        .parse_and_finish(&file)
        .unwrap();
    let groups: Vec<i64> = metadata.row_groups().iter().map(|g| g.num_rows()).collect();
    assert_eq!(groups, [GROUP_ROWS as i64, GROUP_ROWS as i64, 300_000 - 2 * GROUP_ROWS as i64]);
    for (group, columns) in metadata.offset_index().unwrap().iter().enumerate() {
        for column in [0, 1] {
            let firsts: Vec<i64> =
                columns[column].page_locations().iter().map(|p| p.first_row_index).collect();
            let runs = (metadata.row_group(group).num_rows() as usize).div_ceil(RUN_ROWS) as i64;
            assert_eq!(firsts, (0..runs).map(|run| run * RUN_ROWS as i64).collect::<Vec<_>>());
        }
    }
}

#[test]
fn stretches_lie_all_over_a_file_and_are_short_where_text_is_long() {
    let starts = |rows, files, batch_rows| -> Vec<(usize, usize)> {
        stretches(rows, files, batch_rows).into_iter().map(|range| (range.start, range.len())).collect()
    };
    assert_eq!(starts(8_192, 16, RUN_ROWS), [(0, 256)]);
    assert_eq!(starts(100_000, 8, RUN_ROWS), [(0, 256), (50_000, 256)]);
    assert_eq!(starts(100_000, 8, 10), [(0, 5), (50_000, 5)]);
    assert_eq!(starts(3, 1, 1), [(0, 1), (1, 1), (2, 1)]);
    assert_eq!(starts(0, 1, 1), []);
}

#[test]
fn row_groups_of_long_text_are_short_and_nothing_is_lost() {
    let many: Vec<Row> = (0..20_000_u32).map(|n| (Some("s".into()), n as i64, n)).collect();
    let options = SegmentOptions { group_bytes_max: 20_000, ..SegmentOptions::default() };
    let written = write_segment(Kind::Log, &[batch(&many)], &options, Vec::new()).unwrap();
    let file = Bytes::from(written.sink);
    let builder = ParquetRecordBatchReaderBuilder::try_new(file.clone()).unwrap();
    let groups: Vec<i64> = builder.metadata().row_groups().iter().map(|g| g.num_rows()).collect();
    assert!(groups.len() > 1 && groups.iter().all(|rows| *rows < 20_000), "{groups:?}");
    assert_eq!(rows(&read(&file)), many);
}

#[test]
fn what_no_event_lacks_is_demanded() {
    let whole = batch(&[(Some("a".into()), 1, 1)]);
    for missing in ["time", "service"] {
        let at = whole.schema().index_of(missing).unwrap();
        let rest: Vec<usize> = (0..whole.num_columns()).filter(|c| *c != at).collect();
        let cut = whole.project(&rest).unwrap();
        let error = write_segment(Kind::Log, &[cut], &SegmentOptions::default(), Vec::new()).unwrap_err();
        assert!(matches!(error, SegmentError::Input(_)), "{error}");
    }
    let other =
        RecordBatch::try_from_iter([("body", Arc::new(arrow::array::Int64Array::from(vec![1])) as ArrayRef)]);
    let error = write_segment(Kind::Log, &[whole, other.unwrap()], &SegmentOptions::default(), Vec::new())
        .unwrap_err();
    assert!(error.to_string().contains("body"), "{error}");
}

#[test]
fn a_sink_that_fails_is_an_error() {
    struct Full(usize);
    impl std::io::Write for Full {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0 = self.0.checked_sub(bytes.len()).ok_or(std::io::ErrorKind::StorageFull)?;
            Ok(bytes.len())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let rows: Vec<Row> = (0..1_000).map(|n| (Some("a".into()), n as i64, n)).collect();
    let length = write(&[batch(&rows)]).0.len();
    for room in [0, 3, 100, length - 1] {
        assert!(write_segment(Kind::Log, &[batch(&rows)], &SegmentOptions::default(), Full(room)).is_err());
    }
    assert!(write_segment(Kind::Log, &[batch(&rows)], &SegmentOptions::default(), Full(length)).is_ok());
}

#[test]
fn rows_that_went_through_are_not_held() {
    let rows: Vec<Row> = (0..GROUP_ROWS as u32).map(|n| (Some("a".into()), n as i64, n)).collect();
    let group = batch(&rows);
    let schema = group.schema();
    let options = SegmentOptions::default();
    let mut writer =
        SegmentWriter::new(Kind::Log, &schema, &group.slice(0, 100), &options, std::io::sink()).unwrap();
    let mut held = Vec::new();
    for _ in 0..4 {
        writer.push(&group).unwrap();
        held.push(writer.memory_bytes());
    }
    // What grows are the filters and the index of traces.
    assert!(held[3] - held[2] < group.get_array_memory_size() / 2, "{held:?}");
    assert!(writer.finish().unwrap().meta.rows == 4 * GROUP_ROWS as u64);
}
