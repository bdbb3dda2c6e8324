use super::*;
use crate::ast::*;
use proptest::prelude::*;

fn ok(input: &str) -> Expr {
    parse(input, &ParseOptions::all()).unwrap_or_else(|e| panic!("{input}: {e}"))
}

/// The query parses, and prints like this.
fn prints(input: &str, printed: &str) {
    assert_eq!(ok(input).to_string(), printed, "{input}");
}

fn first_error(input: &str, options: &ParseOptions) -> ParseError {
    match parse(input, options) {
        Ok(expr) => panic!("{input} parsed as {expr}"),
        Err(errors) => errors.0.into_iter().next().unwrap(),
    }
}

/// The query is refused, with exactly this message.
fn fails(input: &str, message: &str) {
    assert_eq!(first_error(input, &ParseOptions::all()).to_string(), message, "{input}");
}

#[test]
fn literals() {
    prints("1_000", "1000");
    prints("0x1F", "31");
    prints("017", "15");
    prints("1e-3", "0.001");
    prints("-iNF", "-Inf");
    prints("+nan", "NaN");
    prints("1h30m", "1h30m");
    prints("-5m", "-5m");
    prints(r#"'a"\n'"#, r#""a\"\n""#);
    prints(r"`a\n`", r#""a\\n""#);
    let Expr::String(s) = ok(r#""a\xc5z\u00e9""#) else { panic!() };
    assert_eq!((s.value.as_str(), s.bytes.as_deref()), ("a\u{fffd}zé", Some(&b"a\xc5z\xc3\xa9"[..])));
    prints(r#""a\xc5z\u00e9""#, r#""a\xc5zé""#);
    let Expr::Number(n) = ok("5m") else { panic!() };
    assert_eq!((n.value, n.duration, n.pos), (300.0, true, PosRange::new(0, 2)));
    let Expr::Number(n) = ok("- 5") else { panic!() };
    assert_eq!((n.value, n.pos), (-5.0, PosRange::new(0, 3)));
}

#[test]
fn selectors() {
    prints("foo", "foo");
    prints("foo:bar{}", "foo:bar");
    prints("foo{a='b',c!=\"d\", e=~`f`, g !~ 'h',}", r#"foo{a="b",c!="d",e=~"f",g!~"h"}"#);
    prints(r#"{"a.b", "label.x"="v"}"#, r#"{"label.x"="v",__name__="a.b"}"#);
    prints(r#"{__name__="a"}"#, r#"{__name__="a"}"#);
    prints("# comment\nfoo # another", "foo");
    for name in ["sum", "by", "offset", "and", "anchored", "start", "step", "fill", "limitk", "BY"] {
        prints(name, name);
        prints(&format!("{name}{{a=\"b\"}} + {name}"), &format!("{name}{{a=\"b\"}} + {name}"));
    }
    let Expr::Vector(v) = ok("foo{a=\"b\"} offset 5m") else { panic!() };
    assert_eq!((v.name.as_str(), v.matchers.len(), v.offset.ms), ("foo", 2, 300_000));
    assert_eq!(v.pos, PosRange::new(0, 20));
}

#[test]
fn selectors_that_are_wrong() {
    fails("{}", "1:1: parse error: vector selector must contain at least one non-empty matcher");
    fails("x + {a=~\".*\"}", "1:5: parse error: vector selector must contain at least one non-empty matcher");
    fails("foo{__name__=\"b\"}", r#"1:1: parse error: metric name must not be set twice: "foo" or "b""#);
    fails("foo{\"b\"}", r#"1:1: parse error: metric name must not be set twice: "foo" or "b""#);
    fails(
        "foo{a}",
        r#"1:6: parse error: unexpected "}" in label matching, expected label matching operator"#,
    );
    fails("foo{a=b}", r#"1:7: parse error: unexpected identifier "b" in label matching, expected string"#);
    fails("foo{,}", r#"1:5: parse error: unexpected "," in label matching, expected identifier or "}""#);
    fails(
        "foo{a=\"b\" c=\"d\"}",
        r#"1:11: parse error: unexpected identifier "c" in label matching, expected "," or "}""#,
    );
    fails("foo{a=\"b\"", "1:10: parse error: unexpected end of input inside braces");
    fails("foo{1}", "1:5: parse error: unexpected character inside braces: '1'");
    fails("foo{a!b}", "1:6: parse error: unexpected character after '!' inside braces: 'b'");
    fails("foo{{", "1:5: parse error: unexpected left brace '{'");
    let e = first_error("foo{a=~\"(\"}", &ParseOptions::all());
    assert!(e.message.starts_with("error parsing regexp"), "{e}");
    assert_eq!(e.pos, PosRange::new(4, 10));
    fails("bool", "1:1: parse error: unexpected <bool>");
}

#[test]
fn operators_bind() {
    let tree = |input: &str| shape(&ok(input));
    assert_eq!(tree("1 + 2 * 3 ^ 4"), "(1 + (2 * (3 ^ 4)))");
    assert_eq!(tree("2 ^ 3 ^ 2"), "(2 ^ (3 ^ 2))");
    assert_eq!(tree("1 - 2 - 3"), "((1 - 2) - 3)");
    assert_eq!(tree("-a ^ 2"), "-((a ^ 2))");
    assert_eq!(tree("-a * 2"), "(-(a) * 2)");
    assert_eq!(tree("2 ^ -a ^ 3 * b"), "((2 ^ -((a ^ 3))) * b)");
    assert_eq!(tree("a or b and c unless d"), "(a or ((b and c) unless d))");
    assert_eq!(tree("a == b + c and d"), "((a == (b + c)) and d)");
    assert_eq!(tree("a atan2 b * c % d"), "(((a atan2 b) * c) % d)");
    assert_eq!(tree("a </ 1 + 2"), "(a </ (1 + 2))");
    assert_eq!(tree("a + b offset 5m"), "(a + b offset 5m)");
    assert_eq!(tree("a offset 5m + 2"), "(a offset 5m + 2)");
    assert_eq!(tree("a offset -2 ^ 2"), "(a offset -2s ^ 2)");
}

/// The query with all operations in parentheses.
fn shape(expr: &Expr) -> String {
    match expr {
        Expr::Binary(b) => format!("({} {} {})", shape(&b.lhs), b.op.as_str(), shape(&b.rhs)),
        Expr::Unary(u) => format!("{}({})", u.op.as_str(), shape(&u.expr)),
        other => other.to_string(),
    }
}

#[test]
fn matching() {
    prints("a + on(x, \"y.z\",) b", "a + on (x, \"y.z\") b");
    prints("a + ignoring() b", "a + b");
    prints("a + on() b", "a + on () b");
    prints("a * on(x) group_left b", "a * on (x) group_left () b");
    prints("a * ignoring(x) group_right(y) b", "a * ignoring (x) group_right (y) b");
    prints("a > bool on(bool, on, sum) b", "a > bool on (bool, on, sum) b");
    prints("a + fill(0) b", "a + fill (0) b");
    prints("a + fill_right(-Inf) fill_left(1h) b", "a + fill_left (3600) fill_right (-Inf) b");
    prints("fill + fill (2) fill_left", "fill + fill (2) fill_left");
    let Expr::Binary(b) = ok("a and on(x) b") else { panic!() };
    assert_eq!(b.matching.unwrap().cardinality, Cardinality::ManyToMany);
    let Expr::Binary(b) = ok("a + 1") else { panic!() };
    assert_eq!(b.matching, None);
}

#[test]
fn matching_that_is_wrong() {
    fails("1 > 2", "1:3: parse error: comparisons between scalars must use BOOL modifier");
    fails("a + bool b", "1:3: parse error: bool modifier can only be used on comparison operators");
    fails("a and 1", r#"1:1: parse error: set operator "and" not allowed in binary scalar expression"#);
    fails("a + on(x) 1", "1:1: parse error: vector matching only allowed between instant vectors");
    fails(
        "a + fill(0) 1",
        "1:1: parse error: filling in missing series only allowed between instant vectors",
    );
    fails("a or fill(0) b", "1:1: parse error: filling in missing series not allowed for set operators");
    fails("a and on(x) group_left() b", r#"1:1: parse error: no grouping allowed for "and" operation"#);
    fails(
        "a + on(x) group_left(x) b",
        r#"1:3: parse error: label "x" must not occur in ON and GROUP clause at once"#,
    );
    fails(
        "a[5m] + 1",
        "1:1: parse error: binary expression must contain only scalar and instant vector types",
    );
    fails("a + on b", r#"1:8: parse error: unexpected identifier "b" in grouping opts, expected "(""#);
    fails("a + on(==) b", "1:8: parse error: unexpected <op:==> in grouping opts, expected label");
    fails(
        "a + on(x y) b",
        r#"1:10: parse error: unexpected identifier "y" in grouping opts, expected "," or ")""#,
    );
    fails("a + on(\"\") b", r#"1:8: parse error: invalid label name for grouping: """#);
    fails(
        "-\"a\"",
        r#"1:1: parse error: unary expression only allowed on expressions of type scalar or instant vector, got "string""#,
    );
}

#[test]
fn ranges_and_modifiers() {
    prints("a[5m]", "a[5m]");
    prints("a[300]", "a[5m]");
    prints("a[ 1h : ]", "a[1h:]");
    prints("a[1h:0.5]", "a[1h:500ms]");
    prints("(a + b)[1h:5m] offset -1d @ end()", "(a + b)[1h:5m] @ end() offset -1d");
    prints("a[5m] anchored offset 1m @ 123.4567", "a[5m] anchored @ 123.457 offset 1m");
    prints("a @ -1.5 smoothed", "a @ -1.500 smoothed");
    prints("a @ start()", "a @ start()");
    prints("rate(a[5m] offset +5m)", "rate(a[5m] offset 5m)");
    prints("a @ 5 [5m:]", "a @ 5.000[5m:]");
    let Expr::Matrix(m) = ok(" a{b='c'}[5m] offset 1m") else { panic!() };
    assert_eq!((m.range.ms, m.selector.offset.ms, m.pos), (300_000, 60_000, PosRange::new(1, 23)));
    assert_eq!(m.selector.pos, PosRange::new(1, 9));
}

#[test]
fn ranges_and_modifiers_that_are_wrong() {
    fails(
        "a[]",
        r#"1:3: parse error: unexpected "]" in subquery or range selector, expected number, duration, step(), or range()"#,
    );
    fails("a[5m", "1:5: parse error: unclosed left bracket");
    fails("a[", "1:3: parse error: unexpected end of input in duration expression");
    fails("a[0]", "1:3: parse error: duration must be greater than 0");
    fails("a[-5m]", "1:3: parse error: duration must be greater than 0");
    fails("a[1m:0s]", "1:6: parse error: duration must be greater than 0");
    fails("a[5m 1]", r#"1:6: parse error: unexpected number "1" in subquery or range, expected ":" or "]""#);
    fails(
        "a[5m:*]",
        r#"1:6: parse error: unexpected <op:*> in subquery selector, expected number, duration, step(), range(), or "]""#,
    );
    fails("a[5m:1m 2]", r#"1:9: parse error: unexpected number "2" in subquery selector, expected "]""#);
    fails("a[5m:1m:]", "1:8: parse error: unexpected colon ':'");
    fails("a[:1m]", "1:3: parse error: unexpected colon before duration in duration expression");
    fails("a[x]", "1:3: parse error: unexpected character in duration expression: 'x'");
    fails("a[5m[1m]]", "1:5: parse error: unexpected left bracket '['");
    fails("a[5d1y]", r#"1:3: parse error: bad number or duration syntax: "5d1""#);
    fails("a[1m1h]", r#"1:3: parse error: not a valid duration string: "1m1h""#);
    fails("a[5y1hs]", r#"1:3: parse error: unknown unit "hs" in duration "5y1hs""#);
    fails("a[500y]", "1:3: parse error: duration out of range");
    fails("a offset 1m[5m]", "1:12: parse error: no offset modifiers allowed before range");
    fails("a @ 1 [5m]", "1:7: parse error: no @ modifiers allowed before range");
    fails("(a)[5m]", "1:4: parse error: ranges only allowed for vector selectors");
    fails("a offset 1m offset 2m", "1:1: parse error: offset may not be set multiple times");
    fails("a @ 1 @ start()", "1:1: parse error: @ <timestamp> may not be set multiple times");
    fails("a @ Inf", "1:1: parse error: timestamp out of bounds for @ modifier: +Inf");
    fails("a @ x", r#"1:5: parse error: unexpected identifier "x" in @, expected timestamp"#);
    fails(
        "a offset",
        "1:9: parse error: unexpected end of input in offset, expected number, duration, step(), or range()",
    );
    fails(
        "sum(a) offset 5m",
        "1:1: parse error: offset modifier must be preceded by an instant vector selector or range vector selector or a subquery",
    );
    fails(
        "1 @ 5",
        "1:1: parse error: @ modifier must be preceded by an instant vector selector or range vector selector or a subquery",
    );
    fails("a anchored smoothed", "1:1: parse error: anchored and smoothed modifiers cannot be used together");
    fails("a[5m:] anchored", "1:1: parse error: anchored modifier is not supported for subqueries");
    fails("sum(a) smoothed", "1:1: parse error: smoothed modifier not implemented");
    fails("a[5m][5m:]", "1:1: parse error: subquery is only allowed on instant vector, got matrix instead");
}

#[test]
fn duration_expressions() {
    prints("a[5m+1m*2]", "a[5m + 1m * 2]");
    prints("a[((5m))]", "a[(5m)]");
    prints("a[-5m+10m]", "a[-5m + 10m]");
    prints("a[STEP()+Range()]", "a[step() + range()]");
    prints("a[Min_of(step(), 1h)/2]", "a[min_of(step(), 1h) / 2]");
    prints("a[step():range()]", "a[step():range()]");
    prints("a offset -max_of(1, 2m) + 1", "a offset -max_of(1, 2m) + 1");
    prints("a offset (-2 * 2)", "a offset (-2 * 2)");
    prints("a offset +step()", "a offset step()");
    prints("a[2 ^ -1 ^ 2]", "a[2 ^ -1 ^ 2]");
    let resolved = |input: &str| {
        let mut expr = ok(input);
        crate::durations::resolve(
            &mut expr,
            &crate::durations::DurationContext { step_ms: 5000, range_ms: 60_000 },
        )
        .map(|()| match expr {
            Expr::Matrix(m) => m.range.ms,
            Expr::Vector(v) => v.offset.ms,
            _ => unreachable!(),
        })
        .map_err(|e| e.message)
    };
    assert_eq!(resolved("a[1h % 7m]"), Ok(240_000));
    assert_eq!(resolved("a[max_of(step(), range() / 2)]"), Ok(30_000));
    assert_eq!(resolved("a offset (-(2) ^ 2)"), Ok(-4_000));
    assert_eq!(resolved("a offset -step()"), Ok(-5_000));
    assert_eq!(resolved("a[step() - 10]"), Err("duration must be greater than 0".to_owned()));
    assert_eq!(resolved("a[1 / 10000]"), Err("duration must be greater than 0".to_owned()));
    assert_eq!(resolved("a[1 / (0)]"), Err("division by zero".to_owned()));
    assert_eq!(resolved("a[10 ^ 30]"), Err("duration is out of range".to_owned()));
    fails("a[1/0]", "1:4: parse error: division by zero");
    fails("a[1%0s]", "1:4: parse error: modulo by zero");
    fails("a[foo(1)]", "1:3: parse error: unexpected character in duration expression: 'f'");
    fails("a[5m+foo]", "1:6: parse error: unexpected character: 'f', expected ':'");
}

#[test]
fn calls_and_aggregations() {
    prints("rate(a[5m])", "rate(a[5m])");
    prints("label_join(a, 'b', 'c')", r#"label_join(a, "b", "c")"#);
    prints("sum by(a, \"b.c\") (x)", r#"sum by (a, "b.c") (x)"#);
    prints("SUM(x) without ()", "sum without () (x)");
    prints("sum by () (x)", "sum(x)");
    prints("topk(5, x) by (and, by)", "topk by (and, by) (5, x)");
    prints("count_values('v', x)", r#"count_values("v", x)"#);
    prints("limit_ratio(-0.5, x)", "limit_ratio(-0.5, x)");
    prints("START() + max_of(1, step())", "start() + max_of(1, step())");
    prints("info(a, {b='c'})", r#"info(a, {b="c"})"#);
    prints("info(a, {b=~'.*'})", r#"info(a, {b=~".*"})"#);
    let Expr::Aggregate(a) = ok(" sum(x) by (y) ") else { panic!() };
    assert_eq!(a.pos, PosRange::new(1, 14));
    let Expr::Call(c) = ok("abs( x ) ") else { panic!() };
    assert_eq!(c.pos, PosRange::new(0, 8));
}

#[test]
fn calls_and_aggregations_that_are_wrong() {
    fails("foo(x)", r#"1:1: parse error: unknown function with name "foo""#);
    fails("Rate(x[5m])", r#"1:1: parse error: unknown function with name "Rate"; did you mean "rate"?"#);
    fails(
        "1+incraese(x[5m])",
        r#"1:3: parse error: unknown function with name "incraese"; did you mean "increase"?"#,
    );
    fails("summ(x)", r#"1:1: parse error: unknown function with name "summ"; did you mean "sum"?"#);
    fails(
        "label_repl(x)",
        r#"1:1: parse error: unknown function with name "label_repl"; did you mean "label_replace"?"#,
    );
    fails(
        "holt_winters(x[5m], 0.5, 0.5)",
        r#"1:1: parse error: unknown function with name "holt_winters"; it is called "double_exponential_smoothing" since Prometheus 3, where it is experimental"#,
    );
    fails("abs()", r#"1:1: parse error: expected 1 argument(s) in call to "abs", got 0"#);
    fails("time(x)", r#"1:1: parse error: expected 0 argument(s) in call to "time", got 1"#);
    fails(
        "label_join(a, 'b')",
        r#"1:1: parse error: expected at least 3 argument(s) in call to "label_join", got 2"#,
    );
    fails("round(a, 1, 2)", r#"1:1: parse error: expected at most 2 argument(s) in call to "round", got 3"#);
    fails(
        "rate(a)",
        r#"1:6: parse error: expected type range vector in call to function "rate", got instant vector"#,
    );
    fails("abs(x,)", "1:6: parse error: trailing commas not allowed in function call args");
    fails("abs(x y)", r#"1:7: parse error: unexpected identifier "y""#);
    fails("sum()", "1:1: parse error: no arguments for aggregate expression provided");
    fails(
        "topk(x)",
        "1:1: parse error: wrong number of arguments for aggregate expression provided, expected 2, got 1",
    );
    fails("topk('a', x)", "1:6: parse error: expected type scalar in aggregation parameter, got string");
    fails("sum(1)", "1:5: parse error: expected type instant vector in aggregation expression, got scalar");
    fails("sum x by (y)", r#"1:5: parse error: unexpected identifier "x""#);
    fails("sum(x) by (y) by (z)", "1:15: parse error: unexpected <by>");
    fails("info(a, b)", "1:9: parse error: expected label selectors only, got vector selector instead");
    fails("info(a, abs(b))", "1:9: parse error: expected label selectors only");
}

#[test]
fn broken_text() {
    fails("", "unknown position: parse error: no expression found in input");
    fails("# nothing\n", "1:1: parse error: no expression found in input");
    fails("(1", "1:3: parse error: unclosed left parenthesis");
    fails("1)", "1:3: parse error: unexpected right parenthesis ')'");
    fails("a b", r#"1:3: parse error: unexpected identifier "b""#);
    fails("a\n  + ^", "2:5: parse error: unexpected <op:^>");
    fails("a é", "1:3: parse error: unexpected character: 'é'");
    fails("a =~ b", "1:3: parse error: unexpected character after '=': '~'");
    fails("a ! b", "1:3: parse error: unexpected character after '!': ' '");
    fails("\"a", "1:1: parse error: unterminated quoted string");
    fails("`a", "1:1: parse error: unterminated raw string");
    fails(r#""\q""#, "1:1: parse error: unknown escape sequence U+0071 'q'");
    fails(r#"a{b="\xff"}"#, r#"1:5: parse error: error unquoting string "\"\\xff\"": not valid UTF-8"#);
    fails(
        "1e400",
        r#"1:1: parse error: error parsing number: strconv.ParseFloat: parsing "1e400": value out of range"#,
    );
    fails("0b11", r#"1:1: parse error: bad number or duration syntax: "0""#);
    fails("1 \"a very long string\"", r#"1:3: parse error: unexpected string "\"a very lo"..."#);
}

#[test]
fn faults_are_collected() {
    let errors = parse("foo(1) + abs() + nope(x)", &ParseOptions::all()).unwrap_err();
    let messages: Vec<String> = errors.0.iter().map(ParseError::to_string).collect();
    assert_eq!(
        messages,
        [
            r#"1:1: parse error: unknown function with name "foo""#,
            r#"1:18: parse error: unknown function with name "nope""#
        ]
    );
    let errors = parse("rate(a) + (1 > 2)", &ParseOptions::all()).unwrap_err();
    assert_eq!(errors.0.len(), 2);
}

#[test]
fn options_guard() {
    let check = |input: &str, message: &str| {
        let options = ParseOptions { duration_expressions: false, ..ParseOptions::default() };
        assert_eq!(first_error(input, &options).message, message, "{input}");
    };
    check("info(a)", r#"function "info" is not enabled"#);
    check("start()", r#"function "start" is not enabled"#);
    check(
        "limitk(1, a)",
        "limitk() is experimental and must be enabled with --enable-feature=promql-experimental-functions",
    );
    check("a anchored", "anchored modifier is experimental and not enabled");
    check("a[5m] smoothed", "smoothed modifier is experimental and not enabled");
    check("a + fill(0) b", "binop fill modifiers are experimental and not enabled");
    check("a[5m+1m]", "experimental duration expression is not enabled");
    check("a[step()]", "experimental duration expression is not enabled");
    assert!(parse("a[5m+1m]", &ParseOptions::default()).is_ok());
}

#[test]
fn nesting_ends() {
    let deep = |open: &str, middle: &str, close: &str, n: usize| {
        format!("{}{middle}{}", open.repeat(n), close.repeat(n))
    };
    assert!(parse(&deep("(", "1", ")", 100), &ParseOptions::all()).is_ok());
    for (open, middle, close) in [
        ("(", "1", ")"),
        ("-", "a", ""),
        ("abs(", "a", ")"),
        ("1 ^ ", "1", ""),
        ("a[", "1", "]"),
        ("sum(", "a", ")"),
    ] {
        assert!(parse(&deep(open, middle, close, 100_000), &ParseOptions::all()).is_err(), "{open}");
    }
    let e = first_error(&deep("(", "1", ")", 100_000), &ParseOptions::all());
    assert_eq!(e.to_string(), "1:121: parse error: expression is nested more than 120 levels deep");
    for unit in [" + a", " or a"] {
        // As deep as allowed: nothing that walks the tree runs out of stack.
        let expr = ok(&format!("a{}", unit.repeat(DEPTH_MAX - 1)));
        let printed = expr.to_string();
        assert_eq!(printed, format!("a{}", unit.repeat(DEPTH_MAX - 1)));
        assert_eq!(ok(&crate::print::pretty(&expr)).to_string(), printed);
        assert_eq!(expr.selectors().len(), DEPTH_MAX);
        assert_eq!((expr.clone() == expr, expr.depth()), (true, DEPTH_MAX));
    }
    for unit in [" + a", "[5m:]"] {
        let e = first_error(&format!("a{}", unit.repeat(100_000)), &ParseOptions::all());
        assert_eq!(e.message, "expression has more than 500 levels of operations");
    }
    assert!(parse(&format!("a[{}]", deep("(", "1", ")", 100_000)), &ParseOptions::all()).is_err());
    assert!(parse(&format!("a[1{}]", "+1".repeat(100_000)), &ParseOptions::all()).is_err());
}

#[test]
fn selectors_of_requests() {
    let matchers = parse_selector(r#"up{job=~"a|b"}"#).unwrap();
    let printed: Vec<String> = matchers.iter().map(crate::print::format_matcher).collect();
    assert_eq!(printed, [r#"job=~"a|b""#, r#"__name__="up""#]);
    assert_eq!(parse_selector("{}").unwrap(), []);
    for bad in ["", "up offset 5m", "up[5m]", "1", "sum(up)", "{a}", "up up"] {
        assert!(parse_selector(bad).is_err(), "{bad}");
    }
}

/// Words that make up queries, right and wrong ones.
fn fragment() -> impl Strategy<Value = String> {
    let words = "a foo:bar sum by without on ignoring group_left group_right bool offset @ start end step range \
        anchored smoothed fill fill_left ( ) { } [ ] , : = =~ != !~ == + - * / % ^ and or unless atan2 </ >/ < > \
        rate abs info topk limitk min_of max_of 1 0x1f 5m 1h30m 1e3 inf nan \"s\" 'q' `r` \"\\x \\ # é _ 1_0 .5 \
        label_join time 0 {{ ]] \n";
    let words: Vec<String> = words.split(' ').map(str::to_owned).collect();
    prop::sample::select(words)
}

proptest! {
    #[test]
    fn no_text_panics(text in any::<String>()) {
        let _ = parse(&text, &ParseOptions::all());
        let _ = parse_selector(&text);
    }

    #[test]
    fn no_words_panic(words in prop::collection::vec(fragment(), 0..40), glue in prop::sample::select(vec!["", " "])) {
        let text = words.join(glue);
        match parse(&text, &ParseOptions::all()) {
            Ok(expr) => {
                let printed = expr.to_string();
                let again = parse(&printed, &ParseOptions::all());
                prop_assert_eq!(again.map(|e| e.to_string()), Ok(printed));
            }
            Err(errors) => {
                prop_assert!(!errors.0.is_empty());
                for e in errors.0 {
                    prop_assert!(e.pos.start <= e.pos.end && e.pos.end <= text.len(), "{:?}", e);
                }
            }
        }
        let _ = crate::parse_series(&text);
    }

    #[test]
    fn no_mutation_panics(at in 0usize..200, byte in any::<char>()) {
        let mut text = r#"sum by (a) (rate(foo{b=~"c.*", "d.e"!="f"}[5m:step()] offset -(1m + 2) @ end())) / on (a) group_left (x) histogram_quantile(0.9, bar anchored) > bool 1e-3"#.to_owned();
        let at = at.min(text.len() - 1);
        text.replace_range(at..at + 1, &byte.to_string());
        let _ = parse(&text, &ParseOptions::all());
    }
}
