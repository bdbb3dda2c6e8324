//! Questions about logs.

use crate::answer::{Cell, HistogramKey, Record, SearchError};
use crate::ask::{
    ContextAsk, Control, EventsAsk, FieldsAsk, GroupAsk, HistogramAsk, Order, PatternsAsk, TimeRange, TopAsk,
    Which,
};
use crate::testing::{Log, SECOND, Store, Val, control, log_batch, which};
use crate::{Search, TailFilter};
use base::Budget;
use model::event::Kind;
use std::collections::HashSet;
use std::time::Duration;

fn log(time: i64, body: &str) -> Log {
    Log {
        time: time * SECOND,
        service: "cart",
        host: "a",
        severity: 9,
        body: body.to_owned(),
        ..Log::default()
    }
}

fn store(logs: &[Log]) -> Store {
    Store::new(&log_batch(logs), &[logs.len() / 2])
}

fn ask(query: &str, limit: usize) -> EventsAsk {
    EventsAsk { which: which(Kind::Log, query), limit, cursor: None, order: Order::NewestFirst }
}

fn bodies(store: &Store, ask: &EventsAsk) -> Vec<String> {
    let page = Search::new().events(&store.snapshot, ask, &control()).unwrap();
    page.events.iter().map(|event| event.as_log().unwrap().body.clone()).collect()
}

#[test]
fn pages_of_events_that_are_alike_neither_repeat_nor_skip() {
    // Fifty of one moment, of which each ten are the very same.
    let logs: Vec<Log> = (0..60).map(|n| Log { seq: 0, ..log(n / 50, &format!("line {}", n % 5)) }).collect();
    let store = store(&logs);
    for (limit, order) in [(1, Order::NewestFirst), (3, Order::OldestFirst), (7, Order::NewestFirst)] {
        let (mut cursor, mut seen) = (None, Vec::new());
        loop {
            let page = EventsAsk { cursor, order, ..ask("", limit) };
            let page = Search::new().events(&store.snapshot, &page, &control()).unwrap();
            seen.extend(page.events.into_iter().map(|event| event.id));
            cursor = page.next;
            if cursor.is_none() {
                break;
            }
            assert!(seen.len() < 100, "paging does not end");
        }
        assert_eq!(seen.len(), 60);
        let distinct: HashSet<_> = seen.iter().collect();
        assert_eq!(distinct.len(), 10);
        for id in distinct {
            let copies = seen.iter().filter(|other| *other == id).count();
            assert!([10, 2].contains(&copies), "{copies}");
        }
    }
}

#[test]
fn a_record_comes_back_whole() {
    let attrs = vec![
        ("code", Val::I(7)),
        ("ratio", Val::D(0.5)),
        ("ok", Val::B(true)),
        ("body", Val::S("attribute")),
    ];
    let resource = vec![("k8s.pod.name", Val::S("cart-0"))];
    let first = Log { attrs, resource, trace: Some(9), severity: 17, seq: 4, ..log(3, "hello") };
    let store = store(&[first, log(1, "other")]);
    let page = Search::new().events(&store.snapshot, &ask("hello", 10), &control()).unwrap();
    let Record::Log(record) = &page.events[0].record else { panic!("a span") };
    assert_eq!((record.time_ns, record.observed_ns, record.severity), (3 * SECOND, 4, 17));
    assert_eq!((record.resource.service.as_str(), record.resource.host.as_str()), ("cart", "a"));
    let attr = |key: &str| record.attrs.iter().find(|(k, _)| k == key).map(|(_, value)| value.clone());
    use model::event::OwnedValue::*;
    assert_eq!(attr("code"), Some(Int(7)));
    assert_eq!(attr("ratio"), Some(Double(0.5)));
    assert_eq!(attr("ok"), Some(Bool(true)));
    assert_eq!(attr("body"), Some(Str("attribute".to_owned())));
    assert_eq!(record.resource.attrs, [("k8s.pod.name".to_owned(), Str("cart-0".to_owned()))]);
    assert_eq!(page.events[0].trace_id(), crate::testing::trace_id(9));
    // What is called as a built-in column is found under its prefix.
    assert_eq!(bodies(&store, &ask("attr.body:attribute", 10)), ["hello"]);
    assert!(bodies(&store, &ask("body:attribute", 10)).is_empty());
}

#[test]
fn keys_of_a_body_are_found_by_their_path() {
    let store = store(&[
        log(1, r#"{"order":{"id":17},"msg":"placed","a.b":{"c":true},"list":["x y"]}"#),
        log(2, r#" {"order":{"id":"18"},"msg":"Placed"}"#),
        log(3, r#"the order id 17 was placed"#),
        log(4, r#"{"order":"#),
        log(5, r#"{"gr\u00f6\u00dfe":"xl","path\/x":1}"#),
    ]);
    for (query, times) in [
        ("body.order.id:17", vec![1]),
        ("body.order.id>=17", vec![2, 1]),
        ("body.msg:placed", vec![2, 1]),
        ("body.msg=placed", vec![1]),
        ("body.a.b.c:true", vec![1]),
        ("exists:body.order", vec![2, 1]),
        ("-exists:body.order", vec![5, 4, 3]),
        ("body.größe:XL", vec![5]),
        ("body.path/x:1", vec![5]),
        ("body.order.name:x", vec![]),
        ("body.order.id:[18 TO *]", vec![2]),
    ] {
        let page = Search::new().events(&store.snapshot, &ask(query, 10), &control()).unwrap();
        let found: Vec<i64> = page.events.iter().map(|e| e.as_log().unwrap().time_ns / SECOND).collect();
        assert_eq!(found, times, "{query}");
    }
    let by = TopAsk { which: which(Kind::Log, ""), field: "body.msg".to_owned(), limit: 5 };
    let top = Search::new().top(&store.snapshot, &by, &control()).unwrap();
    assert_eq!((top.values.len(), top.missing), (2, 3));
}

#[test]
fn names_of_other_tools_are_taken_for_what_they_mean() {
    let attrs = vec![("http.Route", Val::S("/cart"))];
    let store = store(&[Log { severity: 17, attrs, ..log(1, "a") }, log(2, "b")]);
    for query in [
        "status:error",
        "log.level:error",
        "@http.Route:/cart",
        "http.route:/cart",
        "@status:error",
        "Level>=warn",
    ] {
        assert_eq!(bodies(&store, &ask(query, 10)), ["a"], "{query}");
    }
    // An attribute of the name comes first.
    let own = vec![("status", Val::S("error"))];
    let store = self::store(&[Log { attrs: own, ..log(1, "own") }, Log { severity: 17, ..log(2, "b") }]);
    assert_eq!(bodies(&store, &ask("status:error", 10)), ["own"]);
    let error = Search::new().events(&store.snapshot, &ask("x level:500", 1), &control()).unwrap_err();
    assert!(matches!(&error, SearchError::Query(fault) if fault.column == 3), "{error:?}");
    let page = Search::new().events(&store.snapshot, &ask("sku:7", 1), &control()).unwrap();
    assert!(page.stats.warnings[0].ends_with("a key of a JSON body is written body.sku"), "{:?}", page.stats);
}

#[test]
fn ranges_have_a_start_and_no_end() {
    let store = store(&[log(1, "a"), log(2, "b"), log(3, "c")]);
    let range = TimeRange { start_ns: 2 * SECOND, end_ns: 3 * SECOND };
    let ask = EventsAsk { which: Which { range, ..which(Kind::Log, "") }, ..ask("", 10) };
    assert_eq!(bodies(&store, &ask), ["b"]);
}

#[test]
fn a_histogram_has_series_for_the_most_frequent_values() {
    let mut logs: Vec<Log> = (0..30).map(|n| log(n, "x")).collect();
    for (n, row) in logs.iter_mut().enumerate() {
        row.attrs =
            if n % 3 == 0 { vec![] } else { vec![("k", Val::S(if n % 3 == 1 { "one" } else { "two" }))] };
    }
    logs.truncate(29);
    let store = store(&logs);
    let range = TimeRange { start_ns: 0, end_ns: 30 * SECOND };
    let which = Which { range, ..which(Kind::Log, "x") };
    let ask = HistogramAsk { which, buckets: 4, by: Some("k".to_owned()) };
    let histogram = Search::new().histogram(&store.snapshot, &ask, &control()).unwrap();
    assert_eq!((histogram.start_ns, histogram.step_ns, histogram.total), (0, 15 * SECOND, 29));
    let series: Vec<_> = histogram.series.iter().map(|s| (s.key.clone(), s.counts.clone())).collect();
    assert_eq!(
        series,
        [
            (HistogramKey::Value("one".to_owned()), vec![5, 5]),
            (HistogramKey::Value("two".to_owned()), vec![5, 4]),
            (HistogramKey::Missing, vec![5, 5]),
        ]
    );
}

#[test]
fn groups_have_aggregates_and_an_order() {
    let logs: Vec<Log> = (0..10)
        .map(|n| Log {
            attrs: vec![("n", Val::I(n)), ("k", Val::S(["a", "b"][n as usize % 2]))],
            ..log(n, "x")
        })
        .collect();
    let store = store(&logs);
    let ask = |order: Option<&str>, aggregates: &[&str]| GroupAsk {
        which: which(Kind::Log, ""),
        by: vec!["k".to_owned()],
        aggregates: aggregates.iter().map(|a| a.to_string()).collect(),
        limit: 10,
        order: order.map(str::to_owned),
    };
    let names = ["min(n)", "avg(n)", "p50(n)", "count_distinct(n)", "rate", "sum(missing)"];
    let groups = Search::new().group(&store.snapshot, &ask(Some("-k"), &names), &control()).unwrap();
    let null = Cell::Null;
    assert_eq!(groups.rows[0][..3], [Cell::Str("b".to_owned()), Cell::Int(1), Cell::Double(5.0)]);
    let Cell::Double(median) = groups.rows[0][3] else { panic!("{:?}", groups.rows) };
    assert!((median - 5.0).abs() < 0.05);
    assert_eq!((&groups.rows[0][4], &groups.rows[0][6]), (&Cell::Int(5), &null));
    assert!(groups.stats.warnings.iter().any(|w| w.contains("missing")));
    assert_eq!(groups.groups, 2);
    for (order, aggregates, wrong) in [
        (Some("cout"), vec!["count"], "did you mean count?"),
        (None, vec!["cuont"], "did you mean count?"),
        (None, vec!["sum"], "needs a field"),
        (None, vec!["p101(n)"], "no aggregate"),
        (None, vec!["sum(n"], "not closed"),
    ] {
        let error = Search::new().group(&store.snapshot, &ask(order, &aggregates), &control()).unwrap_err();
        assert!(error.to_string().contains(wrong), "{error}");
    }
}

#[test]
fn patterns_are_what_lines_have_in_common() {
    let mut logs: Vec<Log> = (0..20).map(|n| log(n, &format!("user {n} took {n}ms"))).collect();
    logs.extend((0..3).map(|n| Log {
        severity: 17,
        ..log(n, &format!("connection to db-{} reset", ["x", "y", "z"][n as usize]))
    }));
    let store = store(&logs);
    let ask = PatternsAsk { which: which(Kind::Log, ""), limit: 10, buckets: 2 };
    let patterns = Search::new().patterns(&store.snapshot, &ask, &control()).unwrap();
    let found: Vec<(&str, u64)> = patterns.patterns.iter().map(|p| (p.template.as_str(), p.count)).collect();
    assert_eq!(found, [("user <num> took <num>ms", 20), ("connection to <*> reset", 3)]);
    let second = &patterns.patterns[1];
    assert_eq!(second.severity, [("error", 3)]);
    assert_eq!((second.first_ns, second.last_ns), (0, 2 * SECOND));
    assert_eq!(second.sample.as_log().unwrap().body, "connection to db-z reset");
    assert_eq!((patterns.lines, patterns.sampled), (23, false));
    assert_eq!(patterns.patterns[0].counts.iter().sum::<u64>(), 20);
}

#[test]
fn the_context_is_of_the_same_service_and_host() {
    let mut logs: Vec<Log> = (0..20).map(|n| log(n, &format!("line {n}"))).collect();
    logs[9].host = "elsewhere";
    logs[11].service = "other";
    let store = store(&logs);
    let search = Search::new();
    let event = search.events(&store.snapshot, &ask("\"line 10\"", 1), &control()).unwrap().events.remove(0);
    let ask = ContextAsk { id: event.id, before: 2, after: 2 };
    let context = search.context(&store.snapshot, &ask, &control()).unwrap();
    let bodies = |events: &[crate::answer::Event]| -> Vec<String> {
        events.iter().map(|event| event.as_log().unwrap().body.clone()).collect()
    };
    assert_eq!(bodies(&context.before), ["line 7", "line 8"]);
    assert_eq!(context.event, event);
    assert_eq!(bodies(&context.after), ["line 12", "line 13"]);
    let nobody = ContextAsk { id: crate::answer::EventId { hash: 1, ..event.id }, ..ask };
    assert_eq!(search.context(&store.snapshot, &nobody, &control()), Err(SearchError::NotFound));
}

#[test]
fn fields_say_where_they_are_and_how_often() {
    let attrs = |n: i64| {
        if n == 0 { vec![("code", Val::I(1))] } else { vec![("code", Val::S("x")), ("host", Val::S("h"))] }
    };
    let logs: Vec<Log> = (0..4)
        .map(|n| Log { attrs: attrs(n), resource: vec![("pod", Val::S("p"))], ..log(n, "x") })
        .collect();
    let store = store(&logs);
    let fields = Search::new()
        .fields(&store.snapshot, &FieldsAsk { which: which(Kind::Log, "") }, &control())
        .unwrap();
    let find = |name: &str| {
        let field = fields.fields.iter().find(|field| field.name == name);
        let field = field.unwrap_or_else(|| panic!("{name} in {:?}", fields.fields));
        (field.scope.name(), field.value_type.as_str(), field.count)
    };
    assert_eq!(find("time"), ("builtin", "time", 4));
    assert_eq!(find("code"), ("attribute", "int|str", 4));
    assert_eq!(find("attr.host"), ("attribute", "str", 3));
    assert_eq!(find("resource.pod"), ("resource", "str", 4));
    assert_eq!(fields.total, 4);
}

#[test]
fn of_many_rows_a_sample_says_which_fields_there_are() {
    let rare = |n: i64| if n % 1_000 == 0 { vec![("rare", Val::I(n))] } else { Vec::new() };
    let logs: Vec<Log> = (0..70_000).map(|n| Log { attrs: rare(n), ..log(n, "x") }).collect();
    let store = Store::new(&log_batch(&logs), &[10_000]);
    let ask = |query: &str| FieldsAsk { which: which(Kind::Log, query) };
    let fields = Search::new().fields(&store.snapshot, &ask(""), &control()).unwrap();
    assert!((8_192..70_000).contains(&fields.total), "{}", fields.total);
    let rare = fields.fields.iter().find(|field| field.name == "rare").unwrap();
    assert!(
        rare.sampled && rare.count.abs_diff(fields.total / 1_000) <= 16,
        "{} of {}",
        rare.count,
        fields.total
    );
    // What is searched for by a word is rare: all of it is looked at.
    let none = Search::new().fields(&store.snapshot, &ask("nothing"), &control()).unwrap();
    assert_eq!((none.total, none.fields.len()), (0, 0));
}

#[test]
fn limits_are_errors_or_said() {
    let logs: Vec<Log> = (0..1_000).map(|n| log(n, "some text")).collect();
    let store = store(&logs);
    let search = Search::new();
    let top = |control: &Control| {
        let ask = TopAsk { which: which(Kind::Log, "text"), field: "time".to_owned(), limit: 10 };
        search.top(&store.snapshot, &ask, control)
    };
    let mut few = control();
    few.rows_max = 10;
    let stats = top(&few).unwrap().stats;
    assert!(
        stats.partial && stats.warnings.iter().any(|w| w.contains("only the first 10 rows")),
        "{stats:?}"
    );

    let cancelled = control();
    cancelled.cancel.cancel();
    assert_eq!(top(&cancelled), Err(SearchError::Cancelled));

    let mut late = control();
    late.timeout = Duration::ZERO;
    assert_eq!(top(&late), Err(SearchError::Timeout(Duration::ZERO)));

    let mut poor = control();
    poor.budget = Budget::new("poor", 1);
    assert!(matches!(top(&poor), Err(SearchError::OverBudget(_))));

    for limit in [0, EventsAsk::LIMIT_MAX + 1] {
        let error = search.events(&store.snapshot, &ask("", limit), &control()).unwrap_err();
        assert!(matches!(error, SearchError::Parameter { parameter: "limit", .. }));
    }
    let bad = EventsAsk { cursor: Some("x".to_owned()), ..ask("", 1) };
    let error = search.events(&store.snapshot, &bad, &control()).unwrap_err();
    assert!(matches!(error, SearchError::Parameter { parameter: "cursor", .. }));
}

#[test]
fn the_tail_finds_what_a_search_would() {
    let mut rows = vec![log(1, "one"), log(2, "two words"), log(3, "three")];
    rows[2].attrs = vec![("code", Val::I(500))];
    let batch = log_batch(&rows);
    let found = |query: &str| -> Vec<String> {
        let events = TailFilter::new(Kind::Log, query).unwrap().events(&batch).unwrap();
        events.iter().map(|event| event.as_log().unwrap().body.clone()).collect()
    };
    assert_eq!(found(""), ["one", "two words", "three"]);
    assert_eq!(found("words or code>=500"), ["two words", "three"]);
    assert!(found("unknown:*").is_empty());
    assert!(TailFilter::new(Kind::Span, "").unwrap().events(&batch).unwrap().is_empty());
    assert!(TailFilter::new(Kind::Log, "severity>x").is_err());
}

#[test]
fn completion_offers_fields_and_values_there_are() {
    let mut rows = vec![log(1, "one"), log(2, "two")];
    rows[0].attrs = vec![("http.route", Val::S("/a b")), ("level", Val::I(1))];
    rows[1].attrs = vec![("http.route", Val::S("/c"))];
    let store = store(&rows);
    let labels = |query: &str| -> Vec<String> {
        let done = Search::new().complete(&store.snapshot, query, query.len(), TimeRange::ALL, &control());
        done.options.into_iter().map(|option| option.label).collect()
    };
    assert_eq!(labels("rou"), ["http.route:"]);
    assert_eq!(labels("attr"), ["attr.level", "dropped_attributes"]);
    assert_eq!(labels("http.route:"), ["\"/a b\"", "\"/c\""]);
    assert_eq!(labels("http.route:/c"), ["\"/c\""]);
    assert_eq!(labels("service:"), ["cart"]);
    assert_eq!(labels("severity>=e"), ["error"]);
}

/// Blocks of lines: a query, then what it means: `ok`, `~ ` and the warning, or `! ` and the error.
#[test]
fn the_table_of_meanings_holds() {
    const TABLE: &str = include_str!("../../../../tests/search/meaning.test");
    let (mut kind, mut query, mut wrong, mut checked) = (Kind::Log, "", Vec::new(), 0);
    let logs = store(&[Log { attrs: vec![("http.route", Val::S("/"))], ..log(1, "x") }]);
    let spans = Store::new(&crate::testing::span_batch(&super::spans::shop()), &[]);
    for line in TABLE.lines().filter(|line| !line.is_empty() && !line.starts_with("# ")) {
        if let Some(name) = line.strip_prefix("kind ") {
            kind = Kind::parse(name).unwrap();
            continue;
        }
        if line != "ok" && !line.starts_with("~ ") && !line.starts_with("! ") {
            query = line;
            continue;
        }
        checked += 1;
        let store = if kind == Kind::Span { &spans } else { &logs };
        let ask = EventsAsk { which: which(kind, query), ..ask("", 10) };
        let shown = match Search::new().events(&store.snapshot, &ask, &control()) {
            Err(error) => format!("! {error}"),
            Ok(page) if page.stats.warnings.is_empty() => "ok".to_owned(),
            Ok(page) => format!("~ {}", page.stats.warnings.join("; ")),
        };
        if shown != line {
            wrong.push(format!("{query}\n  expected {line}\n  got      {shown}"));
        }
    }
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
    assert!(checked >= 25, "{checked}");
}
