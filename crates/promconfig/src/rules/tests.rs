use super::*;

/// Takes everything but a text with `(` at its end.
fn no_open_end(text: &str) -> Result<(), (usize, String)> {
    match text.strip_suffix('(') {
        Some(head) => Err((head.len(), "unexpected end".to_owned())),
        None => Ok(()),
    }
}

fn read(text: &str) -> Result<RuleFile, Vec<String>> {
    parse_rules(Path::new("r.yml"), text, RuleOptions::default(), &no_open_end)
        .map_err(|faults| faults.iter().map(Fault::to_string).collect())
}

#[test]
fn reads_a_file() {
    let file = read(
        "groups:\n- name: a\n  interval: 30s\n  query_offset: 1m\n  limit: 5\n  labels: {team: x}\n  rules:\n  - record: m:x\n    expr: up\n  - alert: Down\n    expr: up == 0\n    for: 5m\n    keep_firing_for: 1m\n    labels: {severity: page}\n    annotations: {summary: \"{{ $labels.a }}\"}\n",
    )
    .unwrap();
    let group = &file.groups[0];
    assert_eq!((group.name.as_str(), group.interval, group.limit), ("a", Duration::from_secs(30), 5));
    assert_eq!(group.query_offset, Some(Duration::from_secs(60)));
    let [record, alert] = group.rules.as_slice() else { panic!() };
    assert_eq!((record.name(), record.is_alert(), record.line.0), ("m:x", false, 8));
    assert_eq!((alert.name(), alert.is_alert(), alert.line.0), ("Down", true, 10));
    assert_eq!(alert.r#for, Duration::from_secs(300));
    assert_eq!(read("").unwrap().groups, []);
}

#[test]
fn reports_every_fault_with_its_place() {
    let faults = read(
        "groups:\n- name: a\n  rules:\n  - expr: up\n  - record: x\n    alert: y\n    expr: up\n  - record: \"a{b}\"\n    expr: up\n    for: 1m\n    annotations: {a: b}\n  - alert: z\n    labels: {__name__: q}\n    exprr: up\n- name: a\n  rules: []\n- rules:\n",
    )
    .unwrap_err();
    assert_eq!(
        faults,
        [
            "r.yml:4: groups[0].rules[0]: one of 'record' or 'alert' must be set",
            "r.yml:6: groups[0].rules[1].alert: only one of 'record' and 'alert' must be set",
            "r.yml:8: groups[0].rules[2].record: braces present in the recording rule name; should it be in expr?: a{b}",
            "r.yml:10: groups[0].rules[2].for: invalid field 'for' in recording rule",
            "r.yml:11: groups[0].rules[2].annotations: invalid field 'annotations' in recording rule",
            "r.yml:12: groups[0].rules[3].expr: field 'expr' must be set in rule",
            "r.yml:13: groups[0].rules[3].labels.__name__: invalid label name: __name__",
            "r.yml:14: groups[0].rules[3].exprr: field exprr not found (did you mean expr?)",
            "r.yml:15: groups[1].name: groupname: \"a\" is repeated in the same file, first on line 2",
            "r.yml:17: groups[2].name: Groupname must not be empty",
        ]
    );
}

#[test]
fn points_into_expressions() {
    let text = "groups:\n- name: a\n  rules:\n  - {record: x, expr: sum(}\n  - record: y\n    expr: |\n      sum by (a)\n      (b) + c(\n  - record: z\n    expr: 'd('\n";
    let faults = parse_rules(Path::new("r"), text, RuleOptions::default(), &no_open_end).unwrap_err();
    let places: Vec<(usize, usize)> = faults.iter().map(|f| (f.line, f.column)).collect();
    // The text of a block ends with a line feed, so the second expression is good.
    assert_eq!(places, [(4, 26), (10, 13)], "{faults:?}");
    let text = text.replace("expr: |\n", "expr: |-\n");
    let faults = parse_rules(Path::new("r"), &text, RuleOptions::default(), &no_open_end).unwrap_err();
    assert_eq!((faults[1].line, faults[1].column), (8, 14), "{faults:?}");
}

#[test]
fn legacy_names_and_unknown_fields_are_options() {
    let text = "groups:\n- name: a\n  owner: me\n  rules:\n  - {record: a.b, expr: up}\n";
    let lenient = RuleOptions { ignore_unknown_fields: true, ..RuleOptions::default() };
    assert!(parse_rules(Path::new("r"), text, lenient, &no_open_end).is_ok());
    let legacy = RuleOptions { names: NameValidation::Legacy, ..lenient };
    let faults = parse_rules(Path::new("r"), text, legacy, &no_open_end).unwrap_err();
    assert!(faults[0].reason.contains("invalid recording rule name: a.b"));
}

#[test]
fn finds_duplicates() {
    let rule = "  - {record: x, expr: up, labels: {a: b}}\n";
    let other = "  - {record: x, expr: up}\n";
    let file = read(&format!("groups:\n- name: a\n  rules:\n{rule}{other}{rule}")).unwrap();
    let notices = lint_rules(&file);
    assert_eq!(notices.len(), 1);
    assert_eq!((notices[0].line, notices[0].field.as_str()), (6, "groups[0].rules[2]"));
}
