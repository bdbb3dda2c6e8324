//! What follows from a query for every event that matches: a time, services, traces, words of its free text. Each is
//! used to leave out pages, so each must be certain; where it is not, nothing is said.

use super::field::{Meaning, builtin_name, meaning};
use crate::lang::{Compare, Expr, Field, Pattern, PatternPart, TermKind, Test, TextTest, parse_time_ns};
use crate::text::implied_tokens;
use model::event::{Kind, TraceId};

/// Lists of words asked of a page at most: each is a handful of look-ups, and a few rare ones decide.
const TOKEN_LISTS_MAX: usize = 32;
/// Words of one list at most: with more of them one is in nearly every page.
const TOKENS_ANY_MAX: usize = 64;

#[derive(Debug)]
pub(super) struct Implied {
    pub start_ns: i64,
    pub end_ns: i64,
    /// One of these tests of the service holds.
    pub services: Option<Vec<Test>>,
    pub trace_ids: Option<Vec<TraceId>>,
    /// Of each list one word is there.
    pub tokens: Vec<Vec<String>>,
}

impl Implied {
    fn nothing() -> Implied {
        Implied { start_ns: i64::MIN, end_ns: i64::MAX, services: None, trace_ids: None, tokens: Vec::new() }
    }
}

pub(super) fn implied(kind: Kind, expr: &Expr) -> Implied {
    match expr {
        // Of what is not so, nothing is known.
        Expr::All | Expr::Not(_) => Implied::nothing(),
        Expr::And(children) => {
            children.iter().map(|child| implied(kind, child)).fold(Implied::nothing(), both)
        }
        Expr::Or(children) => {
            let mut all = children.iter().map(|child| implied(kind, child));
            let first = all.next().unwrap_or_else(Implied::nothing);
            all.fold(first, either)
        }
        Expr::Term(term) => match &term.kind {
            TermKind::Text(test) => of_text(test),
            TermKind::Field(field, test) => of_field(kind, field, test),
        },
    }
}

fn both(a: Implied, b: Implied) -> Implied {
    let mut tokens = a.tokens;
    tokens.extend(b.tokens);
    tokens.sort_by_key(Vec::len);
    tokens.dedup();
    tokens.truncate(TOKEN_LISTS_MAX);
    let trace_ids = match (a.trace_ids, b.trace_ids) {
        (Some(a), Some(b)) => Some(a.into_iter().filter(|id| b.contains(id)).collect()),
        (a, b) => a.or(b),
    };
    Implied {
        start_ns: a.start_ns.max(b.start_ns),
        end_ns: a.end_ns.min(b.end_ns),
        // One of both is enough: it is true of every match.
        services: a.services.or(b.services),
        trace_ids,
        tokens,
    }
}

fn either(a: Implied, b: Implied) -> Implied {
    let join = |mut a: Vec<String>, b: Vec<String>| {
        a.extend(b);
        a.sort_unstable();
        a.dedup();
        a
    };
    // Of each side the list that leaves out most: the shortest, and of those the longest words.
    let best = |lists: Vec<Vec<String>>| {
        let longest = |list: &Vec<String>| list.iter().map(String::len).min().unwrap_or(0);
        lists.into_iter().min_by_key(|list| (list.len(), usize::MAX - longest(list)))
    };
    let tokens = match (best(a.tokens), best(b.tokens)) {
        (Some(a), Some(b)) => vec![join(a, b)],
        _ => Vec::new(),
    };
    Implied {
        start_ns: a.start_ns.min(b.start_ns),
        end_ns: a.end_ns.max(b.end_ns),
        services: a.services.zip(b.services).map(|(a, b)| [a, b].concat()),
        trace_ids: a.trace_ids.zip(b.trace_ids).map(|(a, b)| [a, b].concat()),
        tokens: tokens.into_iter().filter(|list| list.len() <= TOKENS_ANY_MAX).collect(),
    }
}

fn of_text(test: &TextTest) -> Implied {
    let tokens = implied_tokens(test).into_iter().map(|token| vec![token]).collect();
    Implied { tokens, ..Implied::nothing() }
}

fn of_field(kind: Kind, field: &Field, test: &Test) -> Implied {
    let Some(name) = builtin_name(kind, field) else {
        // Two attributes are free text too, where they are text.
        return Implied::nothing();
    };
    match meaning(kind, name) {
        Meaning::Time if name == "time" => of_time(test),
        Meaning::TraceId => of_trace(test),
        _ if name == "service" => match test {
            Test::Exists | Test::Compare(Compare::NotEqual, _) => Implied::nothing(),
            test => Implied { services: Some(vec![test.clone()]), ..Implied::nothing() },
        },
        _ if events::segment::free_text(kind).contains(&name) => of_free_column(test),
        _ => Implied::nothing(),
    }
}

fn of_free_column(test: &Test) -> Implied {
    match test {
        Test::Is(test) => of_text(test),
        Test::Compare(Compare::Equal, literal) => of_text(&TextTest::Phrase(literal.text.clone())),
        _ => Implied::nothing(),
    }
}

fn of_time(test: &Test) -> Implied {
    let (compare, text) = match test {
        Test::Compare(compare, literal) => (*compare, literal.text.as_str()),
        Test::Is(TextTest::Phrase(text)) => (Compare::Equal, text.as_str()),
        Test::Is(TextTest::Word(pattern)) => match pattern.literal() {
            Some(text) => (Compare::Equal, text),
            None => return Implied::nothing(),
        },
        _ => return Implied::nothing(),
    };
    let Some(time) = parse_time_ns(text) else { return Implied::nothing() };
    let (start_ns, end_ns) = match compare {
        Compare::Equal => (time, time.saturating_add(1)),
        Compare::NotEqual => (i64::MIN, i64::MAX),
        Compare::Greater => (time.saturating_add(1), i64::MAX),
        Compare::GreaterOrEqual => (time, i64::MAX),
        Compare::Less => (i64::MIN, time),
        Compare::LessOrEqual => (i64::MIN, time.saturating_add(1)),
    };
    Implied { start_ns, end_ns, ..Implied::nothing() }
}

fn of_trace(test: &Test) -> Implied {
    let text = match test {
        Test::Compare(Compare::Equal, literal) => literal.text.as_str(),
        Test::Is(TextTest::Phrase(text)) => text.as_str(),
        Test::Is(TextTest::Word(Pattern(parts))) => match parts.as_slice() {
            [PatternPart::Literal(text)] => text.as_str(),
            _ => return Implied::nothing(),
        },
        _ => return Implied::nothing(),
    };
    match TraceId::parse(text) {
        Some(id) => Implied { trace_ids: Some(vec![id]), ..Implied::nothing() },
        None => Implied::nothing(),
    }
}
