//! The whole search against a model that looks at one row after another.

use crate::answer::Record;
use crate::ask::{EventsAsk, GroupAsk, HistogramAsk, Order, TopAsk, Which};
use crate::check::{Check, number_rule, severity_rule, unit_ns};
use crate::lang::{
    Compare, Expr, Field, FieldScope, Pattern, PatternPart, Quantity, TermKind, Test, TextTest, parse,
};
use crate::testing::{Log, SECOND, Store, Val, control, log_batch, which};
use crate::{Search, answer::Cell};
use model::event::{Kind, severity};
use proptest::prelude::*;
use std::collections::BTreeMap;

const SERVICES: [&str; 3] = ["cart", "Checkout", "payment"];
const HOSTS: [&str; 2] = ["a-1", "b-2"];
const WORDS: [&str; 8] = ["connection", "Reset", "by", "peer", "user_42", "timeout", "naïve", "10.0.0.1"];
const KEYS: [&str; 4] = ["code", "route", "took_ms", "ok"];

fn value() -> impl Strategy<Value = Val> {
    prop_oneof![
        (0..6i64).prop_map(|n| Val::I(n * 100)),
        (0..4i32).prop_map(|n| Val::D(f64::from(n) * 150.5)),
        any::<bool>().prop_map(Val::B),
        proptest::sample::select(vec!["500", "/cart/1", "/Cart/2", "slow", "true"]).prop_map(Val::S),
    ]
}

fn attrs() -> impl Strategy<Value = Vec<(&'static str, Val)>> {
    proptest::collection::vec((proptest::sample::select(KEYS.to_vec()), value()), 0..4).prop_map(
        |mut attrs| {
            // A key once: of two, the store keeps the first.
            attrs.sort_by_key(|(key, _)| *key);
            attrs.dedup_by_key(|(key, _)| *key);
            attrs
        },
    )
}

fn log() -> impl Strategy<Value = Log> {
    let body =
        proptest::collection::vec(proptest::sample::select(WORDS.to_vec()), 0..5).prop_map(|w| w.join(" "));
    let severity = proptest::sample::select(vec![0, 5, 9, 10, 13, 17, 20, 21]);
    (
        0..40i64,
        0..SERVICES.len(),
        0..HOSTS.len(),
        severity,
        body,
        proptest::option::of(1..4u8),
        attrs(),
        attrs(),
    )
        .prop_map(|(time, service, host, severity, body, trace, attrs, resource)| Log {
            time: time * SECOND,
            service: SERVICES[service],
            host: HOSTS[host],
            severity,
            body,
            trace,
            attrs,
            resource,
            seq: 0,
        })
}

fn logs() -> impl Strategy<Value = Vec<Log>> {
    proptest::collection::vec(log(), 0..60).prop_map(|mut logs| {
        logs.iter_mut().enumerate().for_each(|(seq, log)| log.seq = seq as i64 + 1);
        logs
    })
}

fn term() -> impl Strategy<Value = String> {
    let word = proptest::sample::select(vec![
        "connection",
        "reset",
        "res*",
        "*ese*",
        "peer",
        "user_42",
        "naïve",
        "NAÏVE",
        "\"by peer\"",
        "\"RESET by\"",
        "/Re.et/",
        "10.0.0.1",
        "10.0",
        "t?meout",
        "*",
    ]);
    let field = proptest::sample::select(vec![
        "code",
        "route",
        "took_ms",
        "ok",
        "attr.code",
        "resource.code",
        "resource.route",
        "host",
        "nothing",
    ]);
    let test = proptest::sample::select(vec![
        ":*",
        ":500",
        "=500",
        "!=500",
        ">200",
        ">=200.5",
        "<300",
        ":true",
        "!=true",
        ":/cart/*",
        "=/cart/1",
        ":slow",
        ":SLOW",
        ":/art/",
        ">100ms",
        ":5??",
        ":(500 or slow)",
        ":(not 500)",
        ">m",
        "=\"500\"",
        "<=\"b\"",
        ":a-1",
    ]);
    let builtin = proptest::sample::select(vec![
        "service:cart",
        "service:CHECKOUT",
        "service=checkout",
        "service:c*",
        "service!=cart",
        "level:error",
        "severity>=warn",
        "severity>info",
        "severity<=debug",
        "severity!=error",
        "severity:*",
        "severity>9",
        "body:reset",
        "message:\"by peer\"",
        "body=\"peer\"",
        "body:/^con/",
        "time>=1970-01-01T00:00:20Z",
        "time<15",
        "trace:02020202020202020202020202020202",
        "trace_id:*",
        "trace_id:03*",
        "trace!=01010101010101010101010101010101",
        "host:b-2",
    ]);
    prop_oneof![
        word.prop_map(str::to_owned),
        (field, test).prop_map(|(field, test)| format!("{field}{test}")),
        builtin.prop_map(str::to_owned),
    ]
}

fn query() -> impl Strategy<Value = String> {
    term().prop_recursive(3, 8, 3, |inner| {
        prop_oneof![
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("{a} {b}")),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("({a} or {b})")),
            inner.prop_map(|a| format!("-({a})")),
        ]
    })
}

/// Whether a row matches, one row at a time.
fn matches(log: &Log, expr: &Expr) -> bool {
    match expr {
        Expr::All => true,
        Expr::And(children) => children.iter().all(|child| matches(log, child)),
        Expr::Or(children) => children.iter().any(|child| matches(log, child)),
        Expr::Not(inner) => !matches(log, inner),
        Expr::Term(term) => match &term.kind {
            TermKind::Text(test) => finds(test, &log.body),
            TermKind::Field(field, test) => holds(log, field, test),
        },
    }
}

fn lower(text: &str) -> Vec<char> {
    text.chars().map(|c| c.to_lowercase().next().unwrap()).collect()
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

fn finds(test: &TextTest, text: &str) -> bool {
    let parts = match test {
        TextTest::Regex(regex) => return regex::Regex::new(regex).unwrap().is_match(text),
        TextTest::Phrase(phrase) => vec![PatternPart::Literal(phrase.clone())],
        TextTest::Word(Pattern(parts)) => parts.clone(),
    };
    let text = lower(text);
    let open_start = !matches!(&parts[0], PatternPart::Literal(t) if t.starts_with(is_word));
    let open_end = !matches!(parts.last().unwrap(), PatternPart::Literal(t) if t.ends_with(is_word));
    (0..=text.len()).any(|start| {
        (open_start || start == 0 || !is_word(text[start - 1]))
            && ends(&parts, &text, start)
                .iter()
                .any(|end| open_end || *end == text.len() || !is_word(text[*end]))
    })
}

/// Where a pattern that begins here may end.
fn ends(parts: &[PatternPart], text: &[char], at: usize) -> Vec<usize> {
    let Some(first) = parts.first() else { return vec![at] };
    match first {
        PatternPart::Literal(literal) => {
            let literal = lower(literal);
            if text[at..].starts_with(&literal) {
                ends(&parts[1..], text, at + literal.len())
            } else {
                Vec::new()
            }
        }
        PatternPart::One => match text.get(at) {
            Some(c) if !c.is_whitespace() => ends(&parts[1..], text, at + 1),
            _ => Vec::new(),
        },
        PatternPart::Many => {
            let run = text[at..].iter().take_while(|c| !c.is_whitespace()).count();
            (0..=run).flat_map(|n| ends(&parts[1..], text, at + n)).collect()
        }
    }
}

fn holds(log: &Log, field: &Field, test: &Test) -> bool {
    let text = |value: &str| Check::attribute(test, false, 1.0).unwrap().text(value);
    match (field.scope, field.name.as_str()) {
        (FieldScope::Any, "service") => text(log.service),
        (FieldScope::Any, "host") => text(log.host),
        (FieldScope::Any, "level" | "severity") => severity_holds(log.severity, test),
        (FieldScope::Any, "body" | "message") => match test {
            Test::Is(test) => finds(test, &log.body),
            test => Check::attribute(test, true, 1.0).unwrap().text(&log.body),
        },
        (FieldScope::Any, "time") => {
            let Test::Compare(compare, literal) = test else { panic!("{test:?}") };
            compare.holds(log.time.cmp(&crate::lang::parse_time_ns(&literal.text).unwrap()))
        }
        (FieldScope::Any, "trace" | "trace_id") => match (log.trace, test) {
            (None, _) => false,
            (Some(_), Test::Exists) => true,
            (Some(trace), Test::Is(TextTest::Word(pattern))) => {
                let hex = crate::testing::trace_id(trace).to_string();
                let PatternPart::Literal(start) = &pattern.0[0] else { panic!("{pattern:?}") };
                hex.starts_with(start.as_str())
            }
            (Some(trace), Test::Compare(Compare::NotEqual, literal)) => {
                crate::testing::trace_id(trace).to_string() != literal.text
            }
            other => panic!("{other:?}"),
        },
        (scope, name) => {
            let find =
                |attrs: &[(&str, Val)]| attrs.iter().find(|(key, _)| *key == name).map(|(_, value)| *value);
            let record = find(&log.attrs).filter(|_| scope != FieldScope::Resource);
            let value = record.or_else(|| find(&log.resource).filter(|_| scope != FieldScope::Record));
            let check = Check::attribute(test, false, unit_ns(name)).unwrap();
            match value {
                None => false,
                Some(Val::S(text)) => check.text(text),
                Some(Val::I(number)) => check.integer(number),
                Some(Val::D(number)) => check.double(number),
                Some(Val::B(flag)) => check.boolean(flag),
            }
        }
    }
}

fn severity_holds(number: u8, test: &Test) -> bool {
    let (compare, text) = match test {
        Test::Exists => return number > 0,
        Test::Compare(compare, literal) => (*compare, literal.text.clone()),
        Test::Is(TextTest::Word(pattern)) => (Compare::Equal, pattern.literal().unwrap().to_owned()),
        other => panic!("{other:?}"),
    };
    let rule = match severity::parse(&text) {
        Some(low) => severity_rule(compare, low),
        None => number_rule(compare, Quantity::parse(&text).unwrap(), 1.0),
    };
    Check::number(rule).integer(i64::from(number))
}

fn seq(record: &Record) -> i64 {
    match record {
        Record::Log(log) => log.observed_ns,
        Record::Span(_) => panic!("a span among logs"),
    }
}

/// All pages of a query, by their rows; each page is checked for its size.
fn pages(store: &Store, query: &str, limit: usize, order: Order) -> Vec<(i64, i64)> {
    let (search, mut found, mut cursor) = (Search::new(), Vec::new(), None);
    loop {
        let ask = EventsAsk { which: which(Kind::Log, query), limit, cursor, order };
        let page = search.events(&store.snapshot, &ask, &control()).unwrap();
        assert!(page.events.len() == limit || page.next.is_none());
        found.extend(page.events.iter().map(|event| (event.id.time_ns, seq(&event.record))));
        cursor = page.next;
        if cursor.is_none() {
            return found;
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn what_is_found_is_what_the_model_finds(
        logs in logs(), query in query(), cuts in proptest::collection::vec(0..60usize, 0..4),
        limit in prop_oneof![Just(1usize), 2..5usize, Just(100)], oldest: bool,
    ) {
        let expr = parse(&query).unwrap();
        let store = Store::new(&log_batch(&logs), &cuts);
        let order = if oldest { Order::OldestFirst } else { Order::NewestFirst };
        let expected: Vec<&Log> = logs.iter().filter(|log| matches(log, &expr)).collect();

        let found = pages(&store, &query, limit, order);
        prop_assert!(found.is_sorted_by(|a, b| if oldest { a.0 <= b.0 } else { a.0 >= b.0 }), "{query}");
        let mut seqs: Vec<i64> = found.iter().map(|(_, seq)| *seq).collect();
        seqs.sort_unstable();
        let expected_seqs: Vec<i64> = expected.iter().map(|log| log.seq).collect();
        prop_assert_eq!(seqs, expected_seqs, "{}", query);

        let search = Search::new();
        let ask = HistogramAsk { which: which(Kind::Log, &query), buckets: 10, by: Some("service".to_owned()) };
        let histogram = search.histogram(&store.snapshot, &ask, &control()).unwrap();
        prop_assert_eq!(histogram.total, expected.len() as u64);
        let counted: u64 = histogram.series.iter().flat_map(|series| &series.counts).sum();
        prop_assert_eq!(counted, expected.len() as u64);

        let top = TopAsk { which: which(Kind::Log, &query), field: "route".to_owned(), limit: 100 };
        let top = search.top(&store.snapshot, &top, &control()).unwrap();
        let mut counts: BTreeMap<String, u64> = BTreeMap::new();
        let route = |log: &&&Log| log.attrs.iter().chain(&log.resource).find(|(key, _)| *key == "route").is_some();
        for log in expected.iter().filter(route) {
            let (_, value) = log.attrs.iter().chain(&log.resource).find(|(key, _)| *key == "route").unwrap();
            *counts.entry(printed(*value)).or_default() += 1;
        }
        let got: BTreeMap<String, u64> = top.values.into_iter().map(|value| (value.value, value.count)).collect();
        prop_assert_eq!(top.total - top.missing, counts.values().sum::<u64>());
        prop_assert_eq!(got, counts);
    }

    #[test]
    fn groups_are_those_of_the_model(logs in logs(), cuts in proptest::collection::vec(0..60usize, 0..4)) {
        let store = Store::new(&log_batch(&logs), &cuts);
        let ask = GroupAsk {
            which: Which { ..which(Kind::Log, "") },
            by: vec!["service".to_owned(), "severity".to_owned()],
            aggregates: ["count", "sum(took_ms)", "max(took_ms)", "error_rate", "count_distinct(body)"].map(str::to_owned).to_vec(),
            limit: 1_000,
            order: Some("service".to_owned()),
        };
        let groups = Search::new().group(&store.snapshot, &ask, &control()).unwrap();
        let mut expected: BTreeMap<(String, String), Vec<&Log>> = BTreeMap::new();
        for log in &logs {
            let key = (log.service.to_owned(), severity::name(log.severity).to_owned());
            expected.entry(key).or_default().push(log);
        }
        prop_assert_eq!(groups.rows.len(), expected.len());
        for row in &groups.rows {
            let text = |cell: &Cell| if let Cell::Str(text) = cell { text.clone() } else { String::new() };
            let logs = &expected[&(text(&row[0]), text(&row[1]))];
            prop_assert_eq!(&row[2], &Cell::Int(logs.len() as i64));
            let took: Vec<f64> = logs.iter().filter_map(|log| number(log)).collect();
            let double = |cell: &Cell| match cell {
                Cell::Int(value) => Some(*value as f64),
                Cell::Double(value) => Some(*value),
                _ => None,
            };
            prop_assert_eq!(double(&row[3]), (!took.is_empty()).then(|| took.iter().sum::<f64>()));
            prop_assert_eq!(double(&row[4]), took.iter().copied().reduce(f64::max));
            let bad = logs.iter().filter(|log| log.severity >= severity::ERROR).count();
            prop_assert_eq!(&row[5], &Cell::Double(bad as f64 / logs.len() as f64));
            let bodies: std::collections::BTreeSet<&str> =
                logs.iter().map(|log| log.body.as_str()).filter(|body| !body.is_empty()).collect();
            prop_assert_eq!(&row[6], &Cell::Int(bodies.len() as i64));
        }
    }
}

fn printed(value: Val) -> String {
    match value {
        Val::S(text) => text.to_owned(),
        Val::I(number) => number.to_string(),
        Val::D(number) => number.to_string(),
        Val::B(flag) => flag.to_string(),
    }
}

/// The first value that is a number, or text that reads as one.
fn number(log: &Log) -> Option<f64> {
    let numbers = log.attrs.iter().chain(&log.resource).filter(|(key, _)| *key == "took_ms");
    numbers
        .filter_map(|(_, value)| match value {
            Val::I(number) => Some(*number as f64),
            Val::D(number) => Some(*number),
            Val::S(text) => text.parse().ok(),
            Val::B(_) => None,
        })
        .next()
}
