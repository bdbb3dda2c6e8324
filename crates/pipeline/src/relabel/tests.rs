//! Every action, on the kinds of cases that real configurations have.

use super::*;
use promconfig::relabel::{LabelNames, RelabelPattern, Replacement};

type Pairs<'a> = &'a [(&'a str, &'a str)];

fn replace(source: &[&str], regex: &str, target: &str, replacement: &str) -> RelabelConfig {
    RelabelConfig {
        source_labels: LabelNames(source.iter().map(|s| (*s).to_owned()).collect()),
        regex: RelabelPattern::new(regex).unwrap(),
        target_label: target.to_owned(),
        replacement: Replacement(replacement.to_owned()),
        ..RelabelConfig::default()
    }
}

fn test(action: RelabelAction, source: &[&str], regex: &str) -> RelabelConfig {
    RelabelConfig { action, ..replace(source, regex, "", "$1") }
}

fn compare(action: RelabelAction, source: &str, target: &str) -> RelabelConfig {
    RelabelConfig { action, ..replace(&[source], "(.*)", target, "$1") }
}

fn run(input: Pairs<'_>, rules: &[RelabelConfig]) -> Option<Labels> {
    Relabel::new(rules).apply_to(&Labels::from_pairs(input.iter().copied()))
}

#[track_caller]
fn check(input: Pairs<'_>, rules: &[RelabelConfig], want: Option<Pairs<'_>>) {
    assert_eq!(run(input, rules), want.map(|pairs| Labels::from_pairs(pairs.iter().copied())));
}

#[test]
fn replace_puts_groups_into_a_label() {
    check(
        &[("zone", "eu-west-1a")],
        &[replace(&["zone"], "(.+)-(.+)-(.+)", "region", "$1/${2}")],
        Some(&[("region", "eu/west"), ("zone", "eu-west-1a")]),
    );
    // Two sources, joined by the separator.
    check(
        &[("host", "db"), ("port", "5432")],
        &[replace(&["host", "port"], "(.*);(.*)", "__address__", "$1:$2")],
        Some(&[("__address__", "db:5432"), ("host", "db"), ("port", "5432")]),
    );
    // The next rule sees what the one before wrote.
    check(
        &[("a", "one")],
        &[replace(&["a"], "(.*)", "b", "$1-two"), replace(&["b"], "one-(.*)", "a", "$1")],
        Some(&[("a", "two"), ("b", "one-two")]),
    );
}

#[test]
fn replace_without_a_match_changes_nothing() {
    check(&[("a", "boo")], &[replace(&["a"], "f", "b", "bar")], Some(&[("a", "boo")]));
    // Anchored at both ends.
    check(&[("a", "xboox")], &[replace(&["a"], "boo", "b", "bar")], Some(&[("a", "xboox")]));
}

#[test]
fn replace_with_nothing_removes_the_label() {
    check(&[("a", "x"), ("b", "y")], &[replace(&["a"], "x", "b", "")], Some(&[("a", "x")]));
    check(&[("a", "x"), ("b", "y")], &[replace(&["a"], "(x)", "b", "$2")], Some(&[("a", "x")]));
    check(&[("a", "x"), ("b", "y")], &[replace(&[], "(.*)", "b", "")], Some(&[("a", "x")]));
}

#[test]
fn replace_without_sources_sets_a_constant() {
    check(&[("a", "x")], &[replace(&[], "(.*)", "env", "prod")], Some(&[("a", "x"), ("env", "prod")]));
    check(&[("a", "x")], &[replace(&["a"], "(.*)", "env", "prod")], Some(&[("a", "x"), ("env", "prod")]));
    check(&[("a", "x")], &[replace(&["nope"], ".+", "env", "prod")], Some(&[("a", "x")]));
}

#[test]
fn the_target_may_be_a_template() {
    let rules = [replace(&["tag"], "([^=]+)=(.+)", "tag_$1", "$2")];
    check(&[("tag", "tier=web")], &rules, Some(&[("tag", "tier=web"), ("tag_tier", "web")]));
    // One that comes out empty is no label.
    let rules = [replace(&["tag"], "([^=]+)=(.+)", "$3", "$2")];
    check(&[("tag", "tier=web")], &rules, Some(&[("tag", "tier=web")]));
}

#[test]
fn templates_may_make_legacy_names_only_when_told_so() {
    let input = Labels::from_pairs([("tag", "a.b=web")]);
    let with = |names| {
        let rule = RelabelConfig { names, ..replace(&["tag"], "([^=]+)=(.+)", "$1", "$2") };
        Relabel::new(&[rule]).apply_to(&input).unwrap()
    };
    assert_eq!(with(NameValidation::Utf8).get("a.b"), Some("web"));
    assert_eq!(with(NameValidation::Legacy), input);
}

#[test]
fn keep_and_drop_test_the_joined_sources() {
    use RelabelAction::{Drop, Keep};
    let input: Pairs<'_> = &[("a", "foo"), ("b", "bar")];
    check(input, &[test(Keep, &["a"], "f.*")], Some(input));
    check(input, &[test(Keep, &["a"], "o")], None);
    check(input, &[test(Drop, &["a"], ".*o.*")], None);
    check(input, &[test(Drop, &["a"], "f|o")], Some(input));
    check(input, &[test(Drop, &["a", "b"], "foo;bar")], None);
    check(input, &[test(Keep, &["a", "nope"], "foo;")], Some(input));
    check(input, &[test(Keep, &["nope"], "")], Some(input));
    // Nothing after a drop happens.
    check(input, &[test(Drop, &["a"], "foo"), replace(&[], "(.*)", "c", "d")], None);
    check(input, &[test(Keep, &["b"], r"\w+")], Some(input));
    check(&[("a", "x\ny")], &[test(Keep, &["a"], "x.y")], Some(&[("a", "x\ny")]));
}

#[test]
fn keepequal_and_dropequal_compare_with_a_label() {
    use RelabelAction::{DropEqual, KeepEqual};
    let input: Pairs<'_> = &[("port", "1"), ("same", "1"), ("other", "2")];
    check(input, &[compare(KeepEqual, "port", "same")], Some(input));
    check(input, &[compare(KeepEqual, "port", "other")], None);
    check(input, &[compare(DropEqual, "port", "same")], None);
    check(input, &[compare(DropEqual, "port", "other")], Some(input));
    check(input, &[compare(DropEqual, "absent", "absent too")], None);
}

#[test]
fn hashmod_is_the_end_of_the_md5_sum() {
    let hashmod = |source: &[&str], modulus| RelabelConfig {
        action: RelabelAction::HashMod,
        modulus,
        ..replace(source, "(.*)", "shard", "$1")
    };
    // MD5("") = d41d8cd98f00b204e9800998ecf8427e
    let want = 0xe980_0998_ecf8_427e_u64;
    let shard = |m| run(&[("x", "y")], &[hashmod(&["nope"], m)]).unwrap().value("shard").to_owned();
    assert_eq!(shard(u64::MAX), want.to_string());
    assert_eq!(shard(8), (want % 8).to_string());
    // MD5("abc") = 900150983cd24fb0d6963f7d28e17f72
    let labels = run(&[("x", "abc")], &[hashmod(&["x"], u64::MAX)]).unwrap();
    assert_eq!(labels.value("shard"), 0xd696_3f7d_28e1_7f72_u64.to_string());
}

#[test]
fn labelmap_copies_to_new_names() {
    let map = |regex: &str, replacement: &str| RelabelConfig {
        action: RelabelAction::LabelMap,
        ..replace(&[], regex, "", replacement)
    };
    check(
        &[("__meta_label_a", "1"), ("__meta_label_b", "2"), ("c", "3")],
        &[map("__meta_label_(.+)", "$1")],
        Some(&[("__meta_label_a", "1"), ("__meta_label_b", "2"), ("a", "1"), ("b", "2"), ("c", "3")]),
    );
    // A copy is not copied again by the same rule.
    check(&[("a", "1")], &[map("(a+)", "${1}a")], Some(&[("a", "1"), ("aa", "1")]));
}

#[test]
fn labelkeep_and_labeldrop_look_at_names() {
    let names = |action, regex: &str| RelabelConfig { action, ..replace(&[], regex, "", "$1") };
    let input: Pairs<'_> = &[("a", "1"), ("b1", "2"), ("b2", "3")];
    check(input, &[names(RelabelAction::LabelKeep, "b.*")], Some(&[("b1", "2"), ("b2", "3")]));
    check(input, &[names(RelabelAction::LabelDrop, "b.*")], Some(&[("a", "1")]));
    check(input, &[names(RelabelAction::LabelDrop, "b")], Some(input));
    // A dropped label can be set anew.
    let again = [names(RelabelAction::LabelDrop, "^a$"), replace(&["b1"], "(.+)", "a", "new")];
    check(input, &again, Some(&[("a", "new"), ("b1", "2"), ("b2", "3")]));
}

#[test]
fn case_actions_write_the_target() {
    use RelabelAction::{Lowercase, Uppercase};
    check(
        &[("a", "bAr1É")],
        &[compare(Lowercase, "a", "low"), compare(Uppercase, "a", "up")],
        Some(&[("a", "bAr1É"), ("low", "bar1é"), ("up", "BAR1É")]),
    );
}

#[test]
fn steps_tell_what_each_rule_did_and_end_at_a_drop() {
    let rules = [
        replace(&[], "(.*)", "b", "2"),
        test(RelabelAction::Drop, &["b"], "2"),
        replace(&[], "(.*)", "c", "3"),
    ];
    let steps = Relabel::new(&rules).steps(&Labels::from_pairs([("a", "1")]));
    let kept = Step { output: Labels::from_pairs([("a", "1"), ("b", "2")]), keep: true };
    assert_eq!(steps, [kept, Step { output: Labels::empty(), keep: false }]);
}
