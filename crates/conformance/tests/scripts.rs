//! Our own scripts pass, and the runner sees what fails.

use conformance::run::{Report, run_script};
use std::path::Path;

fn run(name: &str, text: &str) -> (Report, String) {
    let mut told = String::new();
    let report = run_script(name, text, &mut |line| {
        told.push_str(line);
        told.push('\n');
    });
    (report, told)
}

#[test]
fn our_scripts_pass() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/promql");
    let mut passed = 0;
    for file in base::disk::list(&folder).unwrap() {
        let text = base::disk::read_to_string(&file).unwrap();
        let (report, told) = run(&file.file_name().unwrap().to_string_lossy(), &text);
        assert_eq!(report.failed, 0, "\n{told}");
        passed += report.passed;
    }
    assert!(passed > 100, "only {passed} cases ran");
}

#[test]
fn failures_are_told() {
    let script = "load 1m\n a 1 2\n\neval instant at 0 a\n a 1\n\neval instant at 0 a\n a 2\n\neval instant at 0 1 +\n 5\n\nfoo\n\n\
        load 1m\n a 5\n\neval instant at 1m a\n expect fail\n";
    let (report, told) = run("x.test", script);
    assert_eq!(report, Report { passed: 1, failed: 5 });
    let heads: Vec<&str> = told.lines().filter(|l| l.starts_with("x.test")).collect();
    assert_eq!(
        heads,
        [
            "x.test:7: a [0 ms]",
            "x.test:10: 1 + [0 ms]",
            "x.test:13: script",
            "x.test:15: load",
            "x.test:18: a [60000 ms]"
        ]
    );
    assert!(told.contains("expected: a 2\n    got:      a 1\n"), "{told}");
    assert!(told.contains("got:      error: 1:4: parse error: unexpected end of input"), "{told}");
}

#[test]
fn annotations_are_held_against_expectations() {
    let check = |expectation: &str, failed: usize| {
        let script =
            format!("load 1m\n a 1 2 3\n\neval instant at 2m quantile(7, a)\n {expectation}\n {{}} +Inf");
        assert_eq!(run("x.test", &script).0.failed, failed, "{expectation}");
    };
    check("expect warn", 0);
    check("expect no_info", 0);
    check("expect warn regex: got 7", 0);
    check("expect warn regex: got 8", 1);
    check("expect no_warn", 1);
    check("expect info", 1);
    check("expect warn msg: PromQL warning: quantile value should be between 0 and 1, got 7 (1:10)", 0);
}

/// A thread of a test has 2 MB of stack, as threads have by default.
#[test]
fn queries_as_deep_as_allowed_are_answered() {
    let nested = |open: &str, inner: &str, close: &str, n: usize| {
        format!("{}{inner}{}", open.repeat(n), close.repeat(n))
    };
    for (query, result) in [
        ("a".to_owned() + &" + a".repeat(499), "{} 500"),
        ("a".to_owned() + &" or a".repeat(499), "a 1"),
        (nested("(", "a", ")", 118), "a 1"),
        (nested("sum(", "a", ")", 118), "{} 1"),
        (nested("-(", "a", ")", 59), "{} -1"),
        (nested("max_over_time(", "a", "[1m:1m])", 60), "{} 1"),
    ] {
        let script = format!("load 1m\n a 1\n\neval instant at 0 {query}\n {result}\n");
        let (report, told) = run("deep.test", &script);
        assert_eq!(report, Report { passed: 1, failed: 0 }, "{told}");
    }
}
