use super::*;

fn only(text: &str) -> Action {
    let mut commands = parse(text);
    assert_eq!(commands.len(), 1, "{commands:?}");
    commands.remove(0).action
}

fn load(text: &str) -> Load {
    match only(text) {
        Action::Load(load) => load,
        other => panic!("{other:?}"),
    }
}

fn eval(text: &str) -> Eval {
    match only(text) {
        Action::Eval(eval) => *eval,
        other => panic!("{other:?}"),
    }
}

fn broken(text: &str) -> String {
    match only(text) {
        Action::Broken(reason) => reason,
        other => panic!("{other:?}"),
    }
}

#[test]
fn commands_are_blocks() {
    let commands = parse(
        "# comment\nload 5m\n  a 1 2\n\n\nclear\nload 1m\n  b 1\n# ends the block\neval instant at 1m b\n  b 1\n",
    );
    let lines: Vec<usize> = commands.iter().map(|c| c.line).collect();
    assert_eq!(lines, [2, 6, 7, 10]);
    assert!(matches!(commands[1].action, Action::Clear));
}

#[test]
fn a_broken_block_does_not_end_the_script() {
    let commands = parse("load x\n a 1\n b 2\n\nclear\nfoo bar");
    assert!(matches!(&commands[0].action, Action::Broken(_)));
    assert!(matches!(&commands[1].action, Action::Clear));
    assert!(matches!(&commands[2].action, Action::Broken(reason) if reason.contains("foo bar")));
}

#[test]
fn loads_read() {
    let l = load("load 10s53ms\n a{b=\"c d\"} 1x2\n c stale");
    assert_eq!((l.step_ms, l.with_native, l.series.len()), (10_053, false, 2));
    assert_eq!(l.series[0].values.len(), 3);
    assert_eq!(
        load("load 1m\n a 1 2\n b 1\n a 3").series.iter().map(|s| s.values.len()).collect::<Vec<_>>(),
        [1, 1]
    );
    assert!(load("load_with_nhcb 5m").with_native);
    assert!(broken("load 5m\n a{").contains("inside braces"));
    assert!(broken("loadx 5m").contains("invalid load command"));
}

#[test]
fn start_timestamps_read() {
    let starts = |text: &str| load(text).series.into_iter().map(|s| s.starts_ms).collect::<Vec<_>>();
    let line = "load 1m\n a@st _ -30s-1mx1 1ms *x1 0+1sx1 -0ms 5s\n a 1x8 1";
    let ms = [
        None,
        Some(-30_000),
        Some(-90_000),
        Some(1),
        Some(1),
        Some(1),
        Some(0),
        Some(1000),
        Some(0),
        Some(5000),
    ];
    assert_eq!(starts(line), [ms]);
    // One without a name is for all that follow, over and over.
    assert_eq!(
        starts("load 1m\n a 1\n @st -1s _\n b 1 2 3\n c@st 2s\n c 5"),
        [vec![], vec![Some(-1000), None, Some(-1000)], vec![Some(2000)]]
    );
    assert!(broken("load 1m\n a@st 1s\n b 1").contains("does not match"));
    assert!(broken("load 1m\n a@st 1s\n a 1 2").contains("has 1 values but sample line has 2"));
    assert!(broken("load 1m\n a@st 1s").contains("no following sample line"));
    assert!(broken("load 1m\n a@st 1sx9999999999\n a 1").contains("invalid repeat count"));
    assert!(broken("load 1m\n a@st x\n a 1").contains("invalid ST item"));
}

#[test]
fn evals_read() {
    let e =
        eval("eval instant at 50m  sum by (a) (b)\n\texpect ordered\n expect no_warn\n {a=\"x\"} 1\n{} 2");
    assert_eq!((e.query.as_str(), e.times), ("sum by (a) (b)", Times::Instant { at_ms: 3_000_000 }));
    assert_eq!(e.expectations.len(), 2);
    let Want::Series { series, grid: None } = &e.want else { panic!() };
    assert_eq!(series.len(), 2);
    let e = eval("eval range from 0 to 10m step 6m a[5m] to step\n a 1 _ 3");
    assert_eq!(e.times, Times::Range { start_ms: 0, end_ms: 600_000, step_ms: 360_000 });
    assert_eq!(e.query, "a[5m] to step");
    let e = eval("eval instant at 0 1 + 1\n  0x2");
    assert!(matches!(e.want, Want::Scalar(2.0)));
    let e = eval("eval instant at 0 ' a '\n  expect string \" a \"");
    assert!(matches!(&e.want, Want::String(s) if s == " a ") && e.instant_only);
    let e = eval("eval instant at 1m a[1m]\n expect range vector from 10s to 1m step 10s\n a 1 2");
    let Want::Series { grid: Some(grid), .. } = e.want else { panic!() };
    assert_eq!(grid, Grid { start_ms: 10_000, end_ms: 60_000, step_ms: 10_000 });
}

#[test]
fn old_forms_read() {
    let e = eval("eval_fail instant at 0 a\n expected_fail_message x y");
    let fails: Vec<_> = e.expects(Kind::Fail).collect();
    assert!(fails.len() == 1 && fails[0].matches("x y") && !fails[0].matches("x"));
    assert_eq!(eval("eval_warn instant at 0 a").expects(Kind::Warn).count(), 1);
    assert_eq!(eval("eval_info range from 0 to 1s step 1s a").expects(Kind::Info).count(), 1);
    assert_eq!(eval("eval_ordered instant at 0 a").expects(Kind::Ordered).count(), 1);
}

#[test]
fn evals_that_are_wrong() {
    assert!(broken("eval instant 5m a").contains("expected \"at\""));
    assert!(broken("eval at 5m a").contains("expected \"range\""));
    assert!(broken("eval instant at x a").contains("duration"));
    assert!(broken("eval range from 5m to 1m step 1m a").contains("is before start"));
    assert!(broken("eval range from 0 to 1m step 0 a").contains("zero"));
    assert!(broken("eval instant at 0 a\n a 1 2").contains("multiple values"));
    assert!(broken("eval instant at 0 a\n expect string x").contains("string literal"));
    assert!(broken("eval instant at 0 a\n expect sorted").contains("sorted"));
}
