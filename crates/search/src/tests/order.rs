//! The order of events, above all of those of one time.

use crate::Search;
use crate::answer::Record;
use crate::ask::{ContextAsk, EventsAsk, Order};
use crate::testing::{Log, SECOND, Store, control, log_batch, which};
use model::event::Kind;
use proptest::prelude::*;

fn line(number: usize) -> Log {
    Log { time: SECOND, service: "cart", host: "a", body: format!("line {number}"), ..Log::default() }
}

fn lines(count: usize) -> Vec<Log> {
    (0..count).map(line).collect()
}

fn ask(limit: usize, order: Order) -> EventsAsk {
    EventsAsk { which: which(Kind::Log, "service:cart"), limit, cursor: None, order }
}

fn bodies<'a>(events: impl IntoIterator<Item = &'a crate::answer::Event>) -> Vec<String> {
    events.into_iter().map(|event| event.as_log().unwrap().body.clone()).collect()
}

/// All memory, all files, and files before memory.
fn placed(logs: &[Log]) -> [Store; 3] {
    let batch = log_batch(logs);
    let cuts = [logs.len() / 4, logs.len() / 2];
    [
        Store::placed(&batch, &cuts, |_| false),
        Store::placed(&batch, &cuts, |_| true),
        Store::placed(&batch, &cuts, |number| number < 2),
    ]
}

#[test]
fn lines_of_one_moment_are_given_as_they_arrived() {
    let mut logs = lines(40);
    // Others between them change nothing.
    logs.iter_mut().skip(1).step_by(3).for_each(|log| log.service = "other");
    let mut expected: Vec<String> =
        logs.iter().filter(|log| log.service == "cart").map(|log| log.body.clone()).collect();
    for (at, store) in placed(&logs).into_iter().enumerate() {
        let page = Search::new().events(&store.snapshot, &ask(100, Order::OldestFirst), &control()).unwrap();
        assert_eq!(bodies(&page.events), expected, "{at}");
        let page = Search::new().events(&store.snapshot, &ask(100, Order::NewestFirst), &control()).unwrap();
        expected.reverse();
        assert_eq!(bodies(&page.events), expected, "{at}");
        expected.reverse();
    }
}

#[test]
fn pages_go_on_where_they_were_when_rows_have_moved() {
    let logs = lines(23);
    for order in [Order::NewestFirst, Order::OldestFirst] {
        let stores = placed(&logs);
        let (mut cursor, mut seen) = (None, Vec::new());
        for turn in 0.. {
            let page = EventsAsk { cursor, ..ask(3, order) };
            let page = Search::new().events(&stores[turn % 3].snapshot, &page, &control()).unwrap();
            seen.extend(bodies(&page.events));
            cursor = page.next;
            if cursor.is_none() {
                break;
            }
            assert!(turn < 20, "paging does not end");
        }
        let mut expected = bodies_of(&logs);
        if order == Order::NewestFirst {
            expected.reverse();
        }
        assert_eq!(seen, expected);
    }
}

fn bodies_of(logs: &[Log]) -> Vec<String> {
    logs.iter().map(|log| log.body.clone()).collect()
}

#[test]
fn what_arrives_between_two_pages_moves_nothing() {
    let before = Store::new(&log_batch(&lines(12)), &[]);
    let after = Store::new(&log_batch(&lines(20)), &[]);
    let first = ask(4, Order::NewestFirst);
    let page = Search::new().events(&before.snapshot, &first, &control()).unwrap();
    assert_eq!(bodies(&page.events), ["line 11", "line 10", "line 9", "line 8"]);
    let second = EventsAsk { cursor: page.next, ..first };
    let page = Search::new().events(&after.snapshot, &second, &control()).unwrap();
    assert_eq!(bodies(&page.events), ["line 7", "line 6", "line 5", "line 4"]);
}

#[test]
fn the_neighbours_of_a_line_are_those_that_arrived_beside_it() {
    for store in placed(&lines(30)) {
        let search = Search::new();
        let found = EventsAsk { which: which(Kind::Log, "\"line 15\""), ..ask(1, Order::NewestFirst) };
        let id = search.events(&store.snapshot, &found, &control()).unwrap().events[0].id;
        let context = ContextAsk { id, before: 3, after: 2 };
        let context = search.context(&store.snapshot, &context, &control()).unwrap();
        assert_eq!(bodies(&context.before), ["line 12", "line 13", "line 14"]);
        assert_eq!(bodies(&context.after), ["line 16", "line 17"]);
    }
}

proptest! {
    #[test]
    fn pages_together_are_all_events_in_order(
        rows in proptest::collection::vec((0..4i64, prop_oneof![Just("cart"), Just("web")], 0..4u8), 0..60),
        cuts in proptest::collection::vec(0..60usize, 0..4),
        limit in prop_oneof![Just(1usize), 2..9usize], newest: bool,
    ) {
        let logs: Vec<Log> = rows
            .iter()
            .map(|(time, service, body)| Log { time: time * SECOND, service, body: body.to_string(), ..Log::default() })
            .collect();
        // One file: of two, the one that begins earlier comes first, whichever came first.
        let store = Store::placed(&log_batch(&logs), &cuts, |number| number == 0);
        let mut expected: Vec<(i64, &str, &str)> =
            logs.iter().map(|log| (log.time, log.service, log.body.as_str())).collect();
        expected.sort_by_key(|(time, service, _)| (*time, *service));
        if newest {
            expected.reverse();
        }
        let order = if newest { Order::NewestFirst } else { Order::OldestFirst };
        let (mut cursor, mut seen) = (None, Vec::new());
        loop {
            let ask = EventsAsk { which: which(Kind::Log, ""), limit, cursor, order };
            let page = Search::new().events(&store.snapshot, &ask, &control()).unwrap();
            for event in page.events {
                let Record::Log(log) = event.record else { panic!("a span among logs") };
                seen.push((log.time_ns, log.resource.service.clone(), log.body));
            }
            cursor = page.next;
            if cursor.is_none() || seen.len() > 60 {
                break;
            }
        }
        let seen: Vec<(i64, &str, &str)> =
            seen.iter().map(|(time, service, body)| (*time, service.as_str(), body.as_str())).collect();
        prop_assert_eq!(seen, expected);
    }
}
