//! Bodies of scrape targets.

use model::{Labels, LabelsBuilder};
use wire::exposition::{Entry, Options, Parser, Protocol, protocol_of};
use wire::number::NORMAL_NAN_BITS;
use wire::proto::Writer;

/// Every combination of the options that changes what is read.
const OPTIONS: [Options; 3] = [
    Options {
        start_timestamps: false,
        ignore_native_histograms: false,
        keep_classic_histograms: false,
        convert_classic_histograms: false,
    },
    Options {
        start_timestamps: true,
        ignore_native_histograms: false,
        keep_classic_histograms: true,
        convert_classic_histograms: false,
    },
    Options {
        start_timestamps: true,
        ignore_native_histograms: true,
        keep_classic_histograms: true,
        convert_classic_histograms: true,
    },
];

fn read(body: &[u8], protocol: Protocol, options: Options, mut each: impl FnMut(&[u8], &Labels)) {
    let mut parser = Parser::new(body, protocol, options);
    let (mut builder, mut exemplars) = (LabelsBuilder::new(), Vec::new());
    let mut entries = 0;
    while let Ok(Some(entry)) = parser.next() {
        entries += 1;
        // A body cannot say more things than it has bytes; a histogram of five lines is said six times at most.
        assert!(entries <= 8 * body.len(), "the parser does not end");
        match entry {
            Entry::Series(series) => {
                assert!(!series.value.is_nan() || series.value.to_bits() == NORMAL_NAN_BITS);
                if series.labels_into(&mut builder).is_ok() {
                    let labels = builder.build();
                    assert!(!labels.metric_name().is_empty(), "a series without a name");
                    each(series.bytes, &labels);
                }
                exemplars.clear();
                series.exemplars_into(&mut exemplars);
            }
            Entry::Histogram(series) => {
                let _ = series.labels();
                exemplars.clear();
                series.exemplars_into(&mut exemplars);
            }
            _ => {}
        }
    }
}

/// Text 0.0.4, and that the short way through a line reads the labels that the strict one reads.
pub fn text(data: &[u8]) {
    for options in OPTIONS {
        read(data, Protocol::PrometheusText0_0_4, options, |_, _| {});
    }
    read(data, Protocol::PrometheusText1_0_0, OPTIONS[0], |bytes, labels| {
        if labels.get("le").is_some() || labels.get("quantile").is_some() {
            return; // written one way only where the type is known
        }
        // A blank at the beginning of a line closes the short way.
        let line = [b" ", bytes, b" 1\n"].concat();
        let mut strict = None;
        read(&line, Protocol::PrometheusText1_0_0, OPTIONS[0], |_, again| strict = Some(again.clone()));
        assert_eq!(strict.as_ref(), Some(labels), "{}", String::from_utf8_lossy(bytes));
    });
}

/// OpenMetrics.
pub fn openmetrics(data: &[u8]) {
    for options in OPTIONS {
        read(data, Protocol::OpenMetricsText1_0_0, options, |_, _| {});
    }
}

/// The delimited protobuf format.
pub fn protobuf(data: &[u8]) {
    for options in OPTIONS {
        read(data, Protocol::PrometheusProto, options, |_, _| {});
    }
}

/// Content types.
pub fn content_type(data: &[u8]) {
    let header = String::from_utf8_lossy(data);
    let _ = protocol_of(&header, None);
    assert!(protocol_of(&header, Some(Protocol::PrometheusProto)).is_ok());
    let _ = wire::remote::Message::from_content_type(&header);
    let _ = wire::exposition::Format::from_accept(&header);
}

pub fn content_type_seeds() -> Vec<Vec<u8>> {
    let mut seeds = vec![b"text/html,*/*;q=0.8".to_vec(), b"application/x-protobuf;proto=a.B".to_vec()];
    seeds.extend(Protocol::DEFAULT_NATIVE_HISTOGRAMS.map(|p| p.media_type().as_bytes().to_vec()));
    seeds
}

pub fn text_seeds() -> Vec<Vec<u8>> {
    let bodies = [
        "# HELP a_total Some \\\"help\\\".\\n\n# TYPE a_total counter\na_total{b=\"c\",d=\"e\\\"f\"} 17 1395066363000\n",
        "# TYPE h histogram\nh_bucket{le=\"0.5\",x=\"y\"} 2\nh_bucket{le=\"+Inf\",x=\"y\"} 5\nh_sum{x=\"y\"} 7.5\nh_count{x=\"y\"} 5\nh_created{x=\"y\"} 1.5e9\n# EOF\n",
        "# TYPE s summary\ns{quantile=\"0.99\"} NaN\ns_sum 1e-7\ns_count 3\n# comment\n\n up 1\n",
        "{\"a.b\",\"c d\"=\"\u{e9}\"} +Inf\na { b = \"1\" , } -0x1 2\nx{y=\"two\nlines }\"} 3\n",
        "# TYPE f counter\n# UNIT f_seconds seconds\nf_total 1 1.5 # {id=\"x\",t=\"y\"} 0.5 1520879607.789\nf_created 3\n# EOF\n",
    ];
    bodies.map(|b| b.as_bytes().to_vec()).to_vec()
}

pub fn protobuf_seeds() -> Vec<Vec<u8>> {
    let family = |kind: u64, field: u32, value: &dyn Fn(&mut Writer)| {
        let mut inner = Writer::new();
        inner.bytes(1, b"metric_seconds");
        inner.bytes(2, b"Help.");
        inner.uint_field(3, kind);
        inner.message(4, |metric| {
            metric.message(1, |pair| {
                pair.bytes(1, b"label");
                pair.bytes(2, b"value");
            });
            metric.message(field, |w| value(w));
            metric.int_field(6, 1234);
        });
        inner.bytes(5, b"seconds");
        let mut out = Writer::new();
        out.varint(inner.out.len() as u64);
        out.out.extend_from_slice(&inner.out);
        out.out
    };
    let exemplar = |w: &mut Writer, field| {
        w.message(field, |w| {
            w.double(2, 0.5);
            w.message(3, |time| time.uint_field(1, 12));
        });
    };
    let counter = family(0, 3, &|w| {
        w.double(1, 3.5);
        exemplar(w, 2);
    });
    let summary = family(2, 4, &|w| {
        w.uint(1, 2);
        w.message(3, |w| w.double(1, 0.5));
    });
    let histogram = family(4, 7, &|w| {
        w.uint(1, 5);
        w.double(2, 7.5);
        w.message(3, |w| {
            w.uint(1, 1);
            w.double(2, 0.5);
            exemplar(w, 3);
        });
        w.sint_field(5, 3);
        w.double(6, 0.001);
        w.message(12, |span| span.uint_field(2, 2));
        w.packed_sint(13, &[1, -1]);
        exemplar(w, 16);
    });
    vec![counter.clone(), [counter, summary, histogram.clone()].concat(), histogram]
}
