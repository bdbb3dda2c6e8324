use super::*;
use model::{Exemplar, Histogram};
use wire::histogram::{HistogramPoint, NativeHistogram};
use wire::remote::{Sample, encode_v2};

fn config(yaml: &str) -> RemoteWriteConfig {
    let indented: String = yaml.lines().map(|line| format!("    {line}\n")).collect();
    let file = format!("remote_write:\n  - url: http://example.org/write\n{indented}");
    let path = std::path::Path::new("prometheus.yml");
    let loaded = promconfig::parse(path, &file, &promconfig::LoadOptions::default()).unwrap();
    loaded.remote_write[0].clone()
}

fn record(name: &str, job: &str, timestamp: i64) -> Vec<u8> {
    let series = TimeSeries {
        labels: Labels::from_pairs([("__name__", name), ("job", job)]),
        samples: vec![Sample { timestamp, value: 1.0, start_timestamp: 0 }],
        histograms: vec![HistogramPoint {
            timestamp,
            start_timestamp: 0,
            histogram: NativeHistogram::Integer(Histogram::default()),
        }],
        exemplars: vec![Exemplar { labels: Labels::empty(), value: 1.0, timestamp: Some(timestamp) }],
        metadata: None,
    };
    snappy::compress(&encode_v2(&[series]))
}

fn take(config: &RemoteWriteConfig, record: &[u8]) -> (Vec<TimeSeries>, LeftOut) {
    let external =
        BTreeMap::from([("job".to_owned(), "external".to_owned()), ("dc".to_owned(), "eu".to_owned())]);
    let mut outgoing = Outgoing::new(config, &external);
    let metadata = Metadata { metric_type: MetricType::Histogram, help: "h".to_owned(), unit: String::new() };
    outgoing.families.insert("x".to_owned(), metadata);
    let (mut first, mut second) = (Vec::new(), Vec::new());
    let left_out = outgoing.take(record, 10_000, &mut first);
    // The second time the relabeling is remembered.
    assert_eq!(outgoing.take(record, 10_000, &mut second), left_out);
    assert_eq!(first, second);
    (first, left_out)
}

#[test]
fn external_labels_fill_in_and_extras_are_sent_when_wanted() {
    let (sent, _) = take(&config(""), &record("x_sum", "own", 9_000));
    assert_eq!(sent[0].labels.to_string(), "x_sum{dc=\"eu\", job=\"own\"}");
    assert_eq!((sent[0].samples.len(), sent[0].histograms.len(), sent[0].exemplars.len()), (1, 0, 0));
    assert_eq!(sent[0].metadata, None);
    let all = "send_exemplars: true\nsend_native_histograms: true\nprotobuf_message: io.prometheus.write.v2.Request";
    let (sent, _) = take(&config(all), &record("x_sum", "own", 9_000));
    assert_eq!((sent[0].samples.len(), sent[0].histograms.len(), sent[0].exemplars.len()), (1, 1, 1));
    assert_eq!(sent[0].metadata.as_ref().unwrap().help, "h");
}

#[test]
fn relabeling_sees_external_labels() {
    let drop = config("write_relabel_configs:\n- source_labels: [dc]\n  regex: eu\n  action: drop");
    let (sent, left_out) = take(&drop, &record("x", "own", 9_000));
    assert!(sent.is_empty());
    assert_eq!(left_out.relabeled, 2);
    let rename = config("write_relabel_configs:\n- target_label: job\n  replacement: new");
    assert_eq!(take(&rename, &record("x", "own", 9_000)).0[0].labels.value("job"), "new");
}

#[test]
fn old_samples_and_damage_are_left_out() {
    let limited = config("queue_config:\n  sample_age_limit: 2s");
    assert_eq!(take(&limited, &record("x", "own", 8_000)).0.len(), 1);
    let (sent, left_out) = take(&limited, &record("x", "own", 7_999));
    assert_eq!((sent.len(), left_out.too_old), (0, 1));
    let mut damaged = record("x", "own", 9_000);
    damaged.truncate(damaged.len() / 2);
    assert!(take(&limited, &damaged).1.damaged);
}
