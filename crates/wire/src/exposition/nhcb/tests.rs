use crate::exposition::{Entry, Options, Parser, Protocol};
use crate::histogram::NativeHistogram;
use model::histogram::CUSTOM_BUCKETS_SCHEMA;
use model::{FloatHistogram, Histogram, Labels, Span};

fn convert(body: &str, keep: bool) -> (Vec<(Labels, NativeHistogram)>, Vec<String>) {
    let options = Options {
        convert_classic_histograms: true,
        keep_classic_histograms: keep,
        start_timestamps: true,
        ..Options::default()
    };
    let mut parser = Parser::new(body.as_bytes(), Protocol::OpenMetricsText1_0_0, options);
    let (mut histograms, mut series) = (Vec::new(), Vec::new());
    while let Some(entry) = parser.next().unwrap() {
        match entry {
            Entry::Histogram(h) => histograms.push((h.labels().unwrap(), h.histogram)),
            Entry::Series(s) => series.push(s.labels().unwrap().to_string()),
            _ => {}
        }
    }
    (histograms, series)
}

const BODY: &str = "# TYPE h histogram\n\
    h_bucket{a=\"1\",le=\"0.5\"} 2\nh_bucket{a=\"1\",le=\"1\"} 2\nh_bucket{a=\"1\",le=\"+Inf\"} 5\n\
    h_sum{a=\"1\"} 7.5\nh_count{a=\"1\"} 5\n\
    h_count{a=\"2\"} 3\nh_sum{a=\"2\"} 1\nh_bucket{a=\"2\",le=\"1\"} 1.5\n\
    # TYPE g gauge\ng_count 4\n# EOF\n";

#[test]
fn classic_histograms_become_native_ones() {
    let (histograms, series) = convert(BODY, false);
    let integer = Histogram {
        schema: CUSTOM_BUCKETS_SCHEMA,
        count: 5,
        sum: 7.5,
        positive_spans: vec![Span { offset: 0, length: 3 }],
        positive_deltas: vec![2, -2, 3],
        custom_values: vec![0.5, 1.0],
        ..Histogram::default()
    };
    let float = FloatHistogram {
        schema: CUSTOM_BUCKETS_SCHEMA,
        count: 3.0,
        sum: 1.0,
        positive_spans: vec![Span { offset: 0, length: 2 }],
        positive_buckets: vec![1.5, 1.5],
        custom_values: vec![1.0],
        ..FloatHistogram::default()
    };
    let labels = |a| Labels::from_pairs([("__name__", "h"), ("a", a)]);
    assert_eq!(
        histograms,
        [(labels("1"), NativeHistogram::Integer(integer)), (labels("2"), NativeHistogram::Float(float))]
    );
    assert_eq!(series, ["g_count"]);
}

#[test]
fn classic_series_stay_when_asked_for() {
    let (histograms, series) = convert(BODY, true);
    assert_eq!((histograms.len(), series.len()), (2, 9));
}

#[test]
fn contradictions_give_no_histogram() {
    for lines in [
        "h_bucket{le=\"1\"} 3\nh_bucket{le=\"+Inf\"} 2\nh_count 2\n",
        "h_bucket{le=\"1\"} -1\nh_count 2\n",
        "h_bucket{le=\"+Inf\"} 3\nh_count 2\n",
        "h_sum 3\n",
        "h_bucket{le=\"1\"} NaN\nh_count 1\n",
    ] {
        let (histograms, series) = convert(&format!("# TYPE h histogram\n{lines}# EOF\n"), false);
        assert!(histograms.is_empty() && series.is_empty(), "{lines}");
    }
}

#[test]
fn series_of_another_type_pass() {
    let (histograms, series) = convert("# TYPE h gauge\nh_bucket{le=\"1\"} 3\nh_count 2\n# EOF\n", false);
    assert_eq!((histograms.len(), series.len()), (0, 2));
}
