//! Rule files: groups of recording and alerting rules.
//!
//! Expressions are PromQL, which this crate does not know: whoever checks a file passes a function that does.
//! Templates in labels and annotations are left to who expands them.

use crate::config::utf8;
use crate::fault::{Fault, Line, Notice};
use crate::names::NameValidation;
use crate::yaml::{Fields, Kind, Node, Reader, Value, node};
use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Says whether an expression is PromQL; if not, the byte at which it stops being so, and why.
pub type CheckExpr<'a> = &'a dyn Fn(&str) -> Result<(), (usize, String)>;

/// A file of rules.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct RuleFile {
    pub path: PathBuf,
    /// Names are unique.
    pub groups: Vec<RuleGroup>,
}

section! {
    struct Groups, check = check_groups {
        always groups: Vec<RuleGroup> = Vec::new(),
    }
}

section! {
    /// Rules evaluated one after the other, at one time.
    pub struct RuleGroup, null = false, check = check_group {
        always name: String = String::new(),
        /// Zero: `evaluation_interval` of the configuration.
        key interval: Duration = Duration::ZERO,
        /// Absent: `rule_query_offset` of the configuration.
        key query_offset: Option<Duration> = None,
        /// Series or alerts that one rule may give; 0 means any number.
        key limit: i64 = 0,
        /// Added to every rule's labels; a rule's own win.
        key labels: BTreeMap<String, String> = BTreeMap::new(),
        always rules: Vec<Rule> = Vec::new(),
        derived line: Line = Line(0),
    }
}

section! {
    /// A rule: exactly one of `record` and `alert` is not empty.
    pub struct Rule, null = false, check = check_rule {
        /// The metric that the result is stored as.
        key record: String = String::new(),
        /// The name of the alert that each result is.
        key alert: String = String::new(),
        always expr: String = String::new(),
        /// How long a result must be there before the alert fires.
        key r#for: Duration = Duration::ZERO,
        /// How long the alert fires after its result is gone.
        key keep_firing_for: Duration = Duration::ZERO,
        key labels: BTreeMap<String, String> = BTreeMap::new(),
        key annotations: BTreeMap<String, String> = BTreeMap::new(),
        derived line: Line = Line(0),
    }
}

impl Rule {
    pub fn is_alert(&self) -> bool {
        !self.alert.is_empty()
    }

    /// The name of the metric or of the alert.
    pub fn name(&self) -> &str {
        if self.is_alert() { &self.alert } else { &self.record }
    }
}

/// How to read rule files.
#[derive(Clone, Copy, Debug, Default)]
pub struct RuleOptions {
    /// The rule for names of metrics and labels: `metric_name_validation_scheme` of the configuration.
    pub names: NameValidation,
    pub ignore_unknown_fields: bool,
}

/// Reads a file of rules.
pub fn load_rules(path: &Path, options: RuleOptions, check: CheckExpr<'_>) -> Result<RuleFile, Vec<Fault>> {
    let bytes = base::disk::read(path).map_err(|e| vec![Fault::of_file(path, e.to_string())])?;
    let text = utf8(path, bytes).map_err(|fault| vec![fault])?;
    parse_rules(path, &text, options, check)
}

/// Reads the text of a file of rules.
pub fn parse_rules(
    path: &Path,
    text: &str,
    options: RuleOptions,
    check: CheckExpr<'_>,
) -> Result<RuleFile, Vec<Fault>> {
    let mut reader = Reader::new(path);
    reader.names = options.names;
    reader.ignore_unknown = options.ignore_unknown_fields;
    let root = node::parse(text).map_err(|syntax| vec![reader.syntax_fault(&syntax)])?;
    let mut groups = Groups::default();
    if !root.is_null() {
        groups.read(&root, &mut reader);
        check_expressions(&root, check, &mut reader);
    }
    if !reader.faults.is_empty() {
        reader.faults.sort_by_key(|f| (f.line, f.column));
        return Err(reader.faults);
    }
    Ok(RuleFile { path: path.to_owned(), groups: groups.groups })
}

/// The faults of a file of rules; none when it is good.
pub fn check_rules(path: &Path, check: CheckExpr<'_>) -> Vec<Fault> {
    load_rules(path, RuleOptions::default(), check).err().unwrap_or_default()
}

/// Rules with the name and labels of one before: their results would collide.
pub fn lint_rules(file: &RuleFile) -> Vec<Notice> {
    let mut seen: HashMap<(&str, &BTreeMap<String, String>), usize> = HashMap::new();
    let mut notices = Vec::new();
    for (g, group) in file.groups.iter().enumerate() {
        for (r, rule) in group.rules.iter().enumerate() {
            let Some(first) = seen.insert((rule.name(), &rule.labels), rule.line.0) else { continue };
            notices.push(Notice {
                file: file.path.as_path().into(),
                line: rule.line.0,
                field: format!("groups[{g}].rules[{r}]"),
                text: format!(
                    "duplicate rule {:?} with the labels of the rule on line {first}: might cause inconsistency while recording expressions",
                    rule.name()
                ),
            });
        }
    }
    notices
}

fn check_groups(_: &mut Groups, fields: &Fields<'_>, reader: &mut Reader) {
    let mut seen: HashMap<&str, usize> = HashMap::new();
    for (index, group) in items(fields.get("groups")).enumerate() {
        let Some(node) = group.get("name") else { continue };
        let Some(name) = node.scalar_text().filter(|n| !n.is_empty()) else { continue };
        if let Some(line) = seen.insert(name, node.line) {
            reader.enter("groups");
            reader.enter_index(index);
            reader.enter("name");
            let reason = format!("groupname: {name:?} is repeated in the same file, first on line {line}");
            reader.fault(node, reason);
            reader.leave();
            reader.leave();
            reader.leave();
        }
    }
}

fn items(list: Option<&Node>) -> impl Iterator<Item = &Node> {
    let items = match list.map(|n| &n.kind) {
        Some(Kind::Seq(items)) => items.as_slice(),
        _ => &[],
    };
    items.iter().map(|n| &**n)
}

fn check_group(group: &mut RuleGroup, fields: &Fields<'_>, reader: &mut Reader) {
    group.line = Line(fields.node().line);
    if group.name.is_empty() {
        fields.fault("name", "Groupname must not be empty", reader);
    }
    check_labels(&group.labels, "labels", fields, reader);
}

fn check_rule(rule: &mut Rule, fields: &Fields<'_>, reader: &mut Reader) {
    rule.line = Line(fields.node().line);
    match (rule.record.is_empty(), rule.alert.is_empty()) {
        (false, false) => fields.fault("alert", "only one of 'record' and 'alert' must be set", reader),
        (true, true) => reader.fault(fields.node(), "one of 'record' or 'alert' must be set"),
        _ => {}
    }
    if rule.expr.is_empty() {
        fields.fault("expr", "field 'expr' must be set in rule", reader);
    }
    if !rule.record.is_empty() {
        check_record(rule, fields, reader);
    }
    check_labels(&rule.labels, "labels", fields, reader);
    for name in rule.annotations.keys() {
        if !reader.names.is_label_name(name) {
            fields.fault_below("annotations", name, format!("invalid annotation name: {name}"), reader);
        }
    }
}

fn check_record(rule: &Rule, fields: &Fields<'_>, reader: &mut Reader) {
    let alone = [
        ("annotations", !rule.annotations.is_empty()),
        ("for", !rule.r#for.is_zero()),
        ("keep_firing_for", !rule.keep_firing_for.is_zero()),
    ];
    for (key, set) in alone {
        if set {
            fields.fault(key, format!("invalid field '{key}' in recording rule"), reader);
        }
    }
    if !reader.names.is_metric_name(&rule.record) {
        fields.fault("record", format!("invalid recording rule name: {}", rule.record), reader);
    }
    // Valid UTF-8, and all the same a selector that was meant for the expression.
    if rule.record.contains(['{', '}']) {
        let reason =
            format!("braces present in the recording rule name; should it be in expr?: {}", rule.record);
        fields.fault("record", reason, reader);
    }
}

fn check_labels(labels: &BTreeMap<String, String>, key: &str, fields: &Fields<'_>, reader: &mut Reader) {
    for name in labels.keys() {
        if !reader.names.is_label_name(name) || name == model::METRIC_NAME {
            fields.fault_below(key, name, format!("invalid label name: {name}"), reader);
        }
    }
}

fn check_expressions(root: &Node, check: CheckExpr<'_>, reader: &mut Reader) {
    for (g, group) in items(root.get("groups")).enumerate() {
        for (r, rule) in items(group.get("rules")).enumerate() {
            let Some(node) = rule.get("expr") else { continue };
            let Some(text) = node.scalar_text().filter(|t| !t.is_empty()) else { continue };
            let Err((offset, why)) = check(text) else { continue };
            reader.enter("groups");
            reader.enter_index(g);
            reader.enter("rules");
            reader.enter_index(r);
            reader.enter("expr");
            reader.fault(&node.within(offset), format!("could not parse expression: {why}"));
            for _ in 0..5 {
                reader.leave();
            }
        }
    }
}

#[cfg(test)]
mod tests;
