//! The language by a table (`tests/search/language.test`), and by what must always hold.

use super::*;
use proptest::prelude::*;

/// Blocks of lines: a query, then `= ` and how it is printed, or `! ` and the error as it is shown.
const TABLE: &str = include_str!("../../../../tests/search/language.test");

#[test]
fn the_table_holds() {
    let (mut query, mut checked, mut wrong) = (String::new(), 0, Vec::new());
    for line in TABLE.lines() {
        if line.is_empty() || line.starts_with("# ") {
            continue;
        }
        let shown = match parse(&query) {
            Ok(expr) => format!("= {expr}"),
            Err(error) => format!("! {error}"),
        };
        if line.starts_with("= ") || line.starts_with("! ") {
            checked += 1;
            if shown != line {
                wrong.push(format!("{query}\n  expected {line}\n  got      {shown}"));
            }
        } else {
            query = line.strip_prefix("> ").unwrap_or(line).replace("\\n", "\n");
        }
    }
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
    assert!(checked > 60, "{checked}");
}

#[test]
fn hostile_queries_are_errors() {
    let deep = "(".repeat(100_000);
    let nots = "-".repeat(60_000) + "a";
    let many = "a ".repeat(TERMS_MAX + 1);
    let large = "x".repeat(1 << 20);
    let regex = format!("/{}/", "a".repeat(REGEX_BYTES_MAX + 1));
    let list = format!("a:{}", "(".repeat(1_000));
    let explode = "/((a{100}){100}){100}/".to_owned();
    for query in [deep, nots, many, large, regex, list, explode, "not ".repeat(500), "\"".to_owned()] {
        assert!(parse(&query).is_err(), "{}…", &query[..10.min(query.len())]);
    }
    let dear = |count: usize| vec![r"/\w{20}/"; count].join(" or ");
    assert!(parse(&dear(REGEXES_MAX)).is_ok());
    assert!(parse(&dear(REGEXES_MAX + 1)).unwrap_err().message.contains("more than 20 regular expressions"));
    let limit = format!("{}a{}", "(".repeat(NESTING_MAX), ")".repeat(NESTING_MAX));
    assert!(parse(&limit).is_ok());
}

#[test]
fn errors_say_where() {
    let error = parse("service:cart\n  é (a or b").unwrap_err();
    assert_eq!((error.line, error.column), (2, 5));
    let error = parse("x é)").unwrap_err();
    assert_eq!((error.line, error.column, error.start, error.end), (1, 4, 4, 5));
}

fn name() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-z][a-z0-9._-]{0,8}",
        "[a-z \":()=<>!\\\\é/*?-]{1,6}",
        Just("or".to_owned()),
        Just("exists".to_owned()),
        Just("resource.a".to_owned()),
    ]
}

fn field() -> impl Strategy<Value = Field> {
    name().prop_map(|name| Field::parse(&name))
}

fn pattern() -> impl Strategy<Value = Pattern> {
    let part = prop_oneof![
        3 => "[a-z0-9 \":()=<>!\\\\é/*?&|~'`{}\\[\\]-]{1,5}".prop_map(PatternPart::Literal),
        1 => prop_oneof![Just("or"), Just("NOT"), Just("and")].prop_map(|s| PatternPart::Literal(s.to_owned())),
        1 => Just(PatternPart::Many),
        1 => Just(PatternPart::One),
    ];
    proptest::collection::vec(part, 1..4).prop_map(|parts| {
        let mut pattern = Pattern(Vec::new());
        for part in parts {
            match part {
                PatternPart::Literal(text) => text.chars().for_each(|c| pattern.push(c)),
                PatternPart::Many if pattern.0.last() == Some(&PatternPart::Many) => {}
                other => pattern.0.push(other),
            }
        }
        if pattern.is_all() {
            pattern.push('x');
        }
        pattern
    })
}

fn text_test() -> impl Strategy<Value = TextTest> {
    prop_oneof![
        pattern().prop_map(TextTest::Word),
        "[a-z \\\\\"\n\té:(]{1,8}".prop_map(TextTest::Phrase),
        "[a-z /.é]{1,6}".prop_map(TextTest::Regex),
        Just(TextTest::Regex(r"a\d+\\/".to_owned())),
    ]
}

fn term() -> impl Strategy<Value = Expr> {
    let literal = ("[a-z0-9 \":()=<>!\\\\é/*?.-]{1,6}", any::<bool>());
    let test = prop_oneof![
        Just(Test::Exists),
        text_test().prop_map(Test::Is),
        (0..6usize, literal)
            .prop_map(|(at, (text, quoted))| Test::Compare(Compare::ALL[at], Literal { text, quoted })),
    ];
    prop_oneof![
        text_test().prop_map(TermKind::Text),
        (field(), test).prop_map(|(field, test)| TermKind::Field(field, test)),
    ]
    .prop_map(|kind| Expr::Term(Term { kind, at: At::default() }))
}

pub(crate) fn expr() -> impl Strategy<Value = Expr> {
    prop_oneof![20 => term(), 1 => Just(Expr::All)].prop_recursive(4, 24, 3, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 1..4).prop_map(Expr::and),
            proptest::collection::vec(inner.clone(), 1..4).prop_map(Expr::or),
            inner.prop_map(Expr::not),
        ]
    })
}

proptest! {
    #[test]
    fn what_is_printed_reads_back(expr in expr()) {
        let printed = expr.to_string();
        let read = parse(&printed);
        prop_assert_eq!(read.as_ref(), Ok(&expr), "{}", printed);
    }

    #[test]
    fn any_text_is_read_or_refused_in_its_bounds(text in "[a-cTO:=<>!()\"'{}|\\[\\]/*? \\\\é\n.-]{0,24}") {
        match parse(&text) {
            Ok(expr) => prop_assert_eq!(parse(&expr.to_string()), Ok(expr)),
            Err(error) => prop_assert!(error.start <= error.end && error.end <= text.len()),
        }
    }
}
