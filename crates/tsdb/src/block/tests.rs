//! Pages whose bytes are wrong although their checksum is right: refused or decoded to something, never a panic.
//! Checksums keep accidents away from decoders; this keeps malice away from the program.

use crate::block::index::{SeriesPage, ValuePage, read_names};
use crate::block::page::{Page, PageWriter, Scratch};
use crate::block::squeeze::{Sections, Squeezer};
use crate::block::timelines::{TimelineSheet, TimelineWriter};
use model::{FloatHistogram, HistogramSample, Span};
use proptest::prelude::*;
use std::sync::Arc;

/// Decoders are told how many samples a timeline has; a page that claims more is refused before.
const SAMPLES_MAX: usize = 10_000;

fn page_of_everything() -> Vec<u8> {
    let mut writer = PageWriter::default();
    let mut timelines = TimelineWriter::default();
    let times: Vec<i64> = (0..30).map(|i| i * 15_000 + i % 2).collect();
    let timeline = timelines.place(&times);
    let columns: [&dyn Fn(usize) -> f64; 5] = [
        &|_| 1.0,
        &|i| i as f64 * 0.25,
        &|i| (i as f64).sqrt(),
        &|i| if i == 7 { f64::NAN } else { i as f64 },
        &|i| (1_000_003 * i) as f64 / 1000.0 / 1000.0,
    ];
    for (ordinal, column) in (0u32..).zip(columns) {
        let values: Vec<f64> = (0..30).map(column).collect();
        let starts = if ordinal == 1 { times.clone() } else { Vec::new() };
        writer.push_floats(ordinal, timeline, &times, &values, &starts);
    }
    let histogram = |t: &i64| HistogramSample {
        timestamp: *t,
        start_timestamp: 5,
        histogram: Arc::new(FloatHistogram {
            count: *t as f64,
            sum: *t as f64 * 0.1,
            positive_spans: vec![Span { offset: 1, length: 2 }],
            positive_buckets: vec![1.0, *t as f64],
            ..FloatHistogram::default()
        }),
    };
    let histograms: Vec<HistogramSample> = times.iter().map(histogram).collect();
    writer.push_histograms(9, timeline, &times, &histograms);
    writer.finish(&mut Squeezer::new(1).unwrap()).unwrap().unwrap().bytes
}

fn decode_all(bytes: &[u8]) -> Option<usize> {
    let mut page = Page::default();
    page.fill(bytes).ok()?;
    let (mut scratch, mut values, mut starts, mut histograms) =
        (Scratch::default(), Vec::new(), Vec::new(), Vec::new());
    let mut decoded = 0;
    for entry in page.entries.iter().filter(|e| e.count() <= SAMPLES_MAX) {
        let times = vec![0; entry.count()];
        page.starts(entry, &mut starts);
        let floats = page.values(entry, &mut scratch.ints, &mut values);
        let rest = page.histograms(entry, &times, &mut scratch, &mut histograms);
        decoded += (floats.is_ok() && rest.is_ok()) as usize;
    }
    Some(decoded)
}

/// Changes bytes behind the compression, where they reach the decoders.
fn changed(bytes: &[u8], changes: &[(u16, u8)]) -> Vec<u8> {
    let mut sections = Sections::default();
    let bits = sections.unpack(bytes).unwrap();
    let mut bits = bytes[bits].to_vec();
    for (at, value) in changes {
        let n = sections.head.len() + sections.tokens.len() + sections.extra.len() + bits.len();
        let all = [&mut sections.head, &mut sections.tokens, &mut sections.extra, &mut bits];
        if let Some(byte) = all.into_iter().flatten().nth(*at as usize % n.max(1)) {
            *byte = *value;
        }
    }
    sections.pack(&mut Squeezer::new(1).unwrap(), &bits).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn changed_pages_never_panic(changes in proptest::collection::vec((any::<u16>(), any::<u8>()), 1..4)) {
        let page = page_of_everything();
        decode_all(&changed(&page, &changes));
    }
}

proptest! {
    #[test]
    fn garbage_never_panics(bytes in any::<Vec<u8>>()) {
        decode_all(&bytes);
        let _ = ValuePage::read(&bytes);
        let _ = SeriesPage::read(&bytes);
        let _ = read_names(&bytes);
        if let Ok(sheet) = TimelineSheet::read(&bytes) {
            sheet.decode(0);
        }
    }
}

#[test]
fn an_unchanged_page_decodes_whole() {
    assert_eq!(decode_all(&page_of_everything()), Some(6));
}
