use crate::exposition::text::tests::read;
use crate::exposition::{Options, Protocol};

fn open(body: &str) -> Result<Vec<String>, String> {
    read(body.as_bytes(), Protocol::OpenMetricsText1_0_0, Options::default())
}

fn with_starts(body: &str) -> Vec<String> {
    let options = Options { start_timestamps: true, ..Options::default() };
    read(body.as_bytes(), Protocol::OpenMetricsText1_0_0, options).unwrap()
}

#[track_caller]
fn check_error(body: &[u8], want: &str) {
    assert_eq!(read(body, Protocol::OpenMetricsText1_0_0, Options::default()).unwrap_err(), want);
}

#[test]
fn reads_a_body() {
    let body = "# HELP foo_seconds Time \\\"spent\\\".\\n\n\
                # TYPE foo_seconds counter\n\
                # UNIT foo_seconds seconds\n\
                foo_seconds_total{a=\"b\"} 17.5 1520879607.789 # {id=\"x\",trace_id=\"y z\"} 5 1520879606.1\n\
                foo_seconds_total{a=\"c\"} 18 # {} 0.25\n\
                foo_seconds_created{a=\"c\"} 1.5e9\n\
                # TYPE build info\n\
                build_info{v=\"1.0 # {\"} 1\n\
                # TYPE h gaugehistogram\n\
                h_bucket{le=\"+Inf\"} 3 -1.5\n\
                # TYPE s stateset\n\
                s{s=\"on\"} 1\n\
                {\"quoted.name\",\"l b\"=\"1\"} 2\n\
                # EOF\n";
    assert_eq!(
        open(body).unwrap(),
        [
            "HELP foo_seconds Time \"spent\".\n",
            "TYPE foo_seconds counter",
            "UNIT foo_seconds seconds",
            "foo_seconds_total{a=\"b\"} = {__name__=\"foo_seconds_total\", a=\"b\"} 17.5 @1520879607789 \
             # {id=\"x\", trace_id=\"y z\"} 5 Some(1520879606100)",
            "foo_seconds_total{a=\"c\"} = {__name__=\"foo_seconds_total\", a=\"c\"} 18 # {} 0.25 None",
            "foo_seconds_created{a=\"c\"} = {__name__=\"foo_seconds_created\", a=\"c\"} 1500000000",
            "TYPE build info",
            "build_info{v=\"1.0 # {\"} = {__name__=\"build_info\", v=\"1.0 # {\"} 1",
            "TYPE h gaugehistogram",
            "h_bucket{le=\"+Inf\"} = {__name__=\"h_bucket\", le=\"+Inf\"} 3 @-1500",
            "TYPE s stateset",
            "s{s=\"on\"} = {__name__=\"s\", s=\"on\"} 1",
            "{\"quoted.name\",\"l b\"=\"1\"} = {__name__=\"quoted.name\", l b=\"1\"} 2",
        ]
    );
}

#[test]
fn created_lines_become_start_timestamps() {
    let body = "# TYPE c counter\n\
                c_total{a=\"1\"} 5\nc_created{a=\"1\"} 1.5\nc_total{a=\"2\"} 6\nc_total{a=\"3\"} 7\nc_created{a=\"3\"} 3.25\n\
                # TYPE h histogram\n\
                h_bucket{le=\"1\",x=\"y\"} 1\nh_bucket{x=\"y\",le=\"+Inf\"} 2\nh_sum{x=\"y\"} 3\nh_count{x=\"y\"} 2\nh_created{x=\"y\"} 4\n\
                h_bucket{le=\"+Inf\",x=\"z\"} 0\n\
                # TYPE s summary\n\
                s_created 9\ns{quantile=\"0.5\"} 1\ns_count 1\n\
                # TYPE g gauge\n\
                g_created 77\n\
                # EOF\n";
    let starts: Vec<(String, i64)> = with_starts(body)
        .iter()
        .filter(|line| line.contains(" = "))
        .map(|line| {
            let series = line.split(" = ").next().unwrap().to_owned();
            (series, line.rsplit_once(" from ").map_or(0, |(_, ms)| ms.parse().unwrap()))
        })
        .collect();
    let want: [(&str, i64); 11] = [
        ("c_total{a=\"1\"}", 1500),
        ("c_total{a=\"2\"}", 0),
        ("c_total{a=\"3\"}", 3250),
        ("h_bucket{le=\"1\",x=\"y\"}", 4000),
        ("h_bucket{x=\"y\",le=\"+Inf\"}", 4000),
        ("h_sum{x=\"y\"}", 4000),
        ("h_count{x=\"y\"}", 4000),
        ("h_bucket{le=\"+Inf\",x=\"z\"}", 0),
        ("s{quantile=\"0.5\"}", 9000),
        ("s_count", 9000),
        ("g_created", 0),
    ];
    assert_eq!(starts, want.map(|(series, start)| (series.to_owned(), start)));
}

/// A family of ten thousand series without `_created` lines would be looked through ten thousand times.
#[test]
fn looking_ahead_is_remembered() {
    let mut body = String::from("# TYPE c counter\n");
    for i in 0..10_000 {
        body.push_str(&format!("c_total{{i=\"{i}\"}} 1\n"));
    }
    body.push_str("# EOF\n");
    let options = Options { start_timestamps: true, ..Options::default() };
    let mut parser = super::OpenMetricsParser::new(body.as_bytes(), options.start_timestamps);
    parser.next().unwrap();
    parser.next().unwrap();
    let covered = parser.created.until;
    assert_eq!(covered, body.len() - "# EOF\n".len());
    while parser.next().unwrap().is_some() {
        assert_eq!(parser.created.until, covered);
    }
}

#[test]
fn says_what_is_wrong_in_prometheus_words() {
    let no_eof = "data does not end with # EOF";
    for body in ["", "metric 1", "metric 1\n", "metric_total 1 # {aa=\"bb\"} 4"] {
        check_error(body.as_bytes(), no_eof);
    }
    let got = |what: &str, got: &str, token: &str, all: &str| {
        format!("{what}, got \"{got}\" (\"{token}\") while parsing: \"{all}\"")
    };
    let check = |body: &str, what: &str, g: &str, token: &str, all: &str| {
        check_error(body.as_bytes(), &got(what, g, token, all));
    };
    check("\n", "expected a valid start token", "\\n", "INVALID", "\\n");
    check("metric", "expected value after metric", "metric", "EOF", "metric");
    check(" a 1\n# EOF\n", "expected a valid start token", " ", "INVALID", " ");
    check("#  TYPE c counter\n", "expected a valid start token", "#  ", "INVALID", "#  ");
    check("#\tTYPE c counter\n", "expected a valid start token", "#\\t", "INVALID", "#\\t");
    check("# H", "expected a valid start token", "# H", "INVALID", "# H");
    check("# TYPE \n", "expected metric name after TYPE", "\\n", "INVALID", "# TYPE \\n");
    check("a\t1\n", "expected value after metric", "\\t", "INVALID", "a\\t");
    check("a 1 2 \n", "expected next entry after timestamp", " \\n", "INVALID", "a 1 2 \\n");
    check("a 1 2 #\n", "expected next entry after timestamp", " #\\n", "TIMESTAMP", "a 1 2 #\\n");
    check("a{,b=\"c\"} 1\n", "expected label name", ",b", "COMMA", "a{,b");
    check("a{b=\"c\"d=\"e\"} 1\n", "expected comma or brace close", "d=", "LNAME", "a{b=\\\"c\\\"d=");
    check("a{b=\"x\ny\"} 1\n# EOF\n", "expected label value", "\\\"x\\n", "INVALID", "a{b=\\\"x\\n");
    check("a 1 # {bb}", "expected label name", "}", "BCLOSE", "a 1 # {bb}");
    check("a 1 # {aa=bb}\n", "expected label value", "b", "INVALID", "a 1 # {aa=b");
    check(
        "a 1 # {aa=\"b\"}\n",
        "expected value after exemplar labels",
        "\\n",
        "INVALID",
        "a 1 # {aa=\\\"b\\\"}\\n",
    );
    check_error(b"a 1 NaN\n", "invalid timestamp NaN");
    check_error(b"a 1 -Inf\n", "invalid timestamp -Inf");
    check_error(b"a 1 # {b=\"c\"} 4 NaN\n", "invalid exemplar timestamp NaN");
    check_error(
        b"a 1 # {b=\"c\"} 1_2\n",
        "unsupported character in float while parsing: \"a 1 # {b=\\\"c\\\"} 1_2\"",
    );
    check_error(b"# TYPE u untyped\n", "invalid metric type \"untyped\"");
    check_error(b"# TYPE c  counter\n", "invalid metric type \" counter\"");
    check_error(b"# TYPE m\n", "expected text in TYPE");
    check_error(b"# UNIT metricsuffix suffix\n", "unit \"suffix\" not a suffix of metric \"metricsuffix\"");
    for body in ["# EOF\na 1", "# EOF\n\n", "# EOFa 1"] {
        check_error(body.as_bytes(), "unexpected data after # EOF");
    }
    assert_eq!(open("# EOF"), Ok(vec![]));
}
