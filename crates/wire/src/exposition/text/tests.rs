use crate::exposition::{Entry, Options, Parser, Protocol};
use model::{Labels, MetricType};

/// An entry in one line, so that a whole body can be compared at a glance.
pub(in crate::exposition) fn show(entry: Entry<'_>) -> Result<String, String> {
    Ok(match entry {
        Entry::Series(series) => {
            let labels = series.labels().map_err(|e| e.to_string())?;
            let mut exemplars = Vec::new();
            series.exemplars_into(&mut exemplars);
            let mut text = format!("{} = {labels:?} {}", String::from_utf8_lossy(series.bytes), series.value);
            if let Some(t) = series.timestamp {
                text.push_str(&format!(" @{t}"));
            }
            if series.start_timestamp != 0 {
                text.push_str(&format!(" from {}", series.start_timestamp));
            }
            for e in exemplars {
                text.push_str(&format!(" # {:?} {} {:?}", e.labels, e.value, e.timestamp));
            }
            text
        }
        Entry::Histogram(series) => {
            format!("histogram {:?} {:?}", series.labels().map_err(|e| e.to_string())?, series.histogram)
        }
        Entry::Type { family, metric_type } => format!("TYPE {family} {}", metric_type.as_str()),
        Entry::Help { family, help } => format!("HELP {family} {help}"),
        Entry::Unit { family, unit } => format!("UNIT {family} {unit}"),
        Entry::Comment(text) => String::from_utf8_lossy(text).into_owned(),
    })
}

/// Every entry of a body, or the words of its error.
pub(in crate::exposition) fn read(
    body: &[u8],
    protocol: Protocol,
    options: Options,
) -> Result<Vec<String>, String> {
    let (mut parser, mut shown) = (Parser::new(body, protocol, options), Vec::new());
    while let Some(entry) = parser.next().map_err(|e| e.to_string())? {
        shown.push(show(entry)?);
    }
    Ok(shown)
}

fn text(body: &str) -> Result<Vec<String>, String> {
    read(body.as_bytes(), Protocol::PrometheusText0_0_4, Options::default())
}

#[track_caller]
fn check_labels(line: &str, pairs: &[(&str, &str)]) {
    // Behind a blank the short way is not taken: both must agree.
    for body in [line.to_owned(), format!(" {line}"), format!("{line}\n")] {
        let mut parser = Parser::new(body.as_bytes(), Protocol::PrometheusText1_0_0, Options::default());
        let Some(Entry::Series(series)) = parser.next().unwrap() else { panic!("no series in {body:?}") };
        assert_eq!(series.labels().unwrap(), Labels::from_pairs(pairs.iter().copied()), "{body:?}");
    }
}

#[track_caller]
fn check_error(body: &[u8], want: &str) {
    assert_eq!(read(body, Protocol::PrometheusText0_0_4, Options::default()).unwrap_err(), want);
}

#[test]
fn reads_a_body() {
    let body = "# HELP requests_total Requests, by \\\"code\\\".\\n2 lines \\\\\n\
                # TYPE requests_total counter\n\
                requests_total{code=\"200\"} 1027 1395066363000\n\
                # just a comment\n#\n\n\
                requests_total{code=\"400\",} 3\n\
                # \tTYPE temperature gauge\n\
                temperature -12.5\n\
                # HELP nothing\n\
                spaced { a = \"1\" , b= \"2\" }\t+Inf  7 ";
    assert_eq!(
        text(body).unwrap(),
        [
            "HELP requests_total Requests, by \\\"code\\\".\n2 lines \\",
            "TYPE requests_total counter",
            "requests_total{code=\"200\"} = {__name__=\"requests_total\", code=\"200\"} 1027 @1395066363000",
            "# just a comment",
            "#",
            "requests_total{code=\"400\",} = {__name__=\"requests_total\", code=\"400\"} 3",
            "TYPE temperature gauge",
            "temperature = {__name__=\"temperature\"} -12.5",
            "HELP nothing ",
            "spaced { a = \"1\" , b= \"2\" } = {__name__=\"spaced\", a=\"1\", b=\"2\"} inf @7",
        ]
    );
}

#[test]
fn reads_labels() {
    check_labels("a 1", &[("__name__", "a")]);
    check_labels("a{} 1", &[("__name__", "a")]);
    check_labels("_a:b{c=\"}{\"} 1", &[("__name__", "_a:b"), ("c", "}{")]);
    check_labels(r#"a{b="x\"y\\z\nw\t"} 1"#, &[("__name__", "a"), ("b", "x\"y\\z\nw\\t")]);
    check_labels("a{b=\"two\nlines\"} 1", &[("__name__", "a"), ("b", "two\nlines")]);
    check_labels("a{b=\"x} 5\n\"} 1", &[("__name__", "a"), ("b", "x} 5\n")]);
    check_labels("a{b=\"1\" c=\"2\"} 1", &[("__name__", "a"), ("b", "1"), ("c", "2")]);
    check_labels("a{b=\"\0\"} 1", &[("__name__", "a"), ("b", "\0")]);
    check_labels(r#"{"a.b","c d"="é"} 1"#, &[("__name__", "a.b"), ("c d", "é")]);
    check_labels(r#"{c="1", "a.b"} 1"#, &[("__name__", "a.b"), ("c", "1")]);
    check_labels(r#"{"a\"b"} 1"#, &[("__name__", "a\"b")]);
}

#[test]
fn bounds_are_written_one_way() {
    let body = "# TYPE h histogram\nh_bucket{le=\"1\"} 1\nh_bucket{le=\"+Inf\"} 2\n# TYPE s summary\ns{quantile=\"0.50\"} 1\n";
    let mut parser = Parser::new(body.as_bytes(), Protocol::PrometheusText0_0_4, Options::default());
    let mut bounds = Vec::new();
    while let Some(entry) = parser.next().unwrap() {
        if let Entry::Series(series) = entry {
            let labels = series.labels().unwrap();
            bounds.push(labels.get("le").or(labels.get("quantile")).unwrap().to_owned());
        }
    }
    assert_eq!(bounds, ["1.0", "+Inf", "0.5"]);
}

#[test]
fn nan_is_never_the_staleness_marker() {
    let mut parser = Parser::new(b"a NaN\n", Protocol::PrometheusText0_0_4, Options::default());
    let Some(Entry::Series(series)) = parser.next().unwrap() else { panic!("no series") };
    assert_eq!(series.value.to_bits(), crate::number::NORMAL_NAN_BITS);
}

#[test]
fn types_of_the_format() {
    for (word, metric_type) in [
        ("counter", MetricType::Counter),
        ("gauge", MetricType::Gauge),
        ("histogram", MetricType::Histogram),
        ("summary", MetricType::Summary),
        ("untyped", MetricType::Unknown),
    ] {
        let shown = text(&format!("# TYPE a {word}\n")).unwrap();
        assert_eq!(shown, [format!("TYPE a {}", metric_type.as_str())]);
    }
    check_error(b"# TYPE a info\n", "invalid metric type \"info\"");
    check_error(b"# TYPE a gauge \n", "invalid metric type \"gauge \"");
}

#[test]
fn says_what_is_wrong_in_prometheus_words() {
    let invalid = |got: &str, all: &str| format!("got \"{got}\" (\"INVALID\") while parsing: \"{all}\"");
    check_error(b"a", &format!("expected value after metric, {}", invalid("\\n", "a\\n")));
    check_error(b"a{b='c'} 1\n", &format!("expected label value, {}", invalid("'", "a{b='")));
    check_error(b"a{b=\n", &format!("expected label value, {}", invalid("\\n", "a{b=\\n")));
    check_error(b"a{\xff=\"foo\"} 1\n", &format!("expected label name, {}", invalid("\\xff", "a{\\xff")));
    check_error(b"a{b=\"\xff\"} 1\n", "invalid UTF-8 label value: \"\\\"\\xff\\\"\"");
    check_error(
        b"a true\n",
        "strconv.ParseFloat: parsing \"true\": invalid syntax while parsing: \"a true\"",
    );
    check_error(b"a 1_2\n", "unsupported character in float while parsing: \"a 1_2\"");
    check_error(b"a{x=\"", &format!("expected label value, {}", invalid("\\\"\\n", "a{x=\\\"\\n")));
    check_error(b"a{=\"\"} 0\n", "expected label name, got \"=\\\"\" (\"EQUAL\") while parsing: \"a{=\\\"\"");
    check_error(b"a 0 1_2\n", &format!("expected next entry after timestamp, {}", invalid("_", "a 0 1_")));
    check_error(b"a 0 -1\n", &format!("expected timestamp or new record, {}", invalid("-", "a 0 -")));
    check_error(b"{a=\"ok\"} 1", "metric name not set while parsing: \"{a=\\\"ok\\\"} 1\"");
    check_error(b"{\"a\",\"b\"} 1", "metric name already set while parsing: \"{\\\"a\\\",\\\"b\\\"}\"");
    check_error(b"# TYPE #\n", &format!("expected metric name after TYPE, {}", invalid("#", "# TYPE #")));
    check_error(b"# HELP a \xff\n", "help text \"\\xff\" is not a valid utf8 string");
    check_error(b"a\0{b=\"c\"} 1", &format!("expected value after metric, {}", invalid("\\x00", "a\\x00")));
    check_error(b"a{b\0=\"c\"} 1", &format!("expected equal, {}", invalid("\\x00", "a{b\\x00")));
    check_error(b"9 1\n", &format!("expected a valid start token, {}", invalid("9", "9")));
    check_error(
        b"a 1 99999999999999999999\n",
        "strconv.ParseInt: parsing \"99999999999999999999\": value out of range while parsing: \
         \"a 1 99999999999999999999\"",
    );
    check_error(b"a{b=\"1\",b=\"2\"} 1\n", "label name \"b\" is not unique: invalid sample");
}

#[test]
fn errors_tell_the_line() {
    let body = b"a 1\nb 2\nc{d=\"e\"} oops\n";
    let mut parser = Parser::new(body, Protocol::PrometheusText0_0_4, Options::default());
    parser.next().unwrap();
    parser.next().unwrap();
    let error = parser.next().unwrap_err();
    assert_eq!((error.line, error.series.as_str()), (3, "c{d=\"e\"} oops"));
    assert_eq!(error.offset, 21);
}

#[test]
fn a_nul_at_the_start_of_a_line_ends_the_body() {
    assert_eq!(text("a 1\n\0b 2\n").unwrap().len(), 1);
}
