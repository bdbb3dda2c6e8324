//! Relabeling: Prometheus's eleven actions on a label set, rule after rule.
//!
//! Rules are compiled once and applied many times. A rule that only tests (`keep`, `drop`) costs no allocation when
//! it has one source label; its expression is a set of literals or a prefix where that is all it says.
//!
//! Meaning and corner cases are those of
//! <https://prometheus.io/docs/prometheus/latest/configuration/configuration/#relabel_config>: expressions are
//! anchored at both ends and their dot matches a line feed; an empty replacement removes the label; a target that
//! expands to an invalid name leaves the labels as they are.

mod template;
#[cfg(test)]
mod tests;

use model::{Labels, LabelsBuilder, MatchOp, Matcher};
use promconfig::{NameValidation, RelabelAction, RelabelConfig};
use regex::Regex;
use std::borrow::Cow;
use template::Template;

/// A list of rules, ready to run.
#[derive(Clone, Debug, Default)]
pub struct Relabel {
    rules: Vec<Rule>,
}

/// What one rule did.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// The labels after the rule; empty when it dropped them.
    pub output: Labels,
    /// Whether the labels live on. Nothing follows a step that says no.
    pub keep: bool,
}

#[derive(Clone, Debug)]
struct Rule {
    source_labels: Vec<String>,
    separator: String,
    action: Action,
}

#[derive(Clone, Debug)]
enum Action {
    /// Keeps or drops by an expression.
    Test {
        pattern: Test,
        keep_matching: bool,
    },
    /// Keeps or drops by comparison with a label.
    Compare {
        target: String,
        keep_equal: bool,
    },
    Replace(Box<Replace>),
    /// Both of the target without a template.
    SetCase {
        target: String,
        upper: bool,
    },
    HashMod {
        target: String,
        modulus: u64,
    },
    LabelMap {
        pattern: Regex,
        name: Template,
    },
    /// Keeps or drops labels whose name matches.
    Names {
        pattern: Test,
        keep_matching: bool,
    },
}

#[derive(Clone, Debug)]
struct Replace {
    pattern: Regex,
    target: Template,
    replacement: Template,
    /// The expression is the default one and nothing is expanded: the label is set, without looking.
    unconditional: bool,
    names: NameValidation,
}

/// An expression of which only counts whether it matches.
#[derive(Clone, Debug)]
enum Test {
    /// Knows sets of literals and prefixes.
    Matcher(Matcher),
    Regex(Regex),
}

impl Relabel {
    /// Takes over rules as they are configured; reading the configuration has checked them.
    pub fn new(configs: &[RelabelConfig]) -> Relabel {
        Relabel { rules: configs.iter().map(Rule::new).collect() }
    }

    pub fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }

    pub fn len(&self) -> usize {
        self.rules.len()
    }

    /// Runs the rules; `false` when one of them drops the labels, which are then worth nothing.
    #[must_use]
    pub fn apply(&self, labels: &mut LabelsBuilder) -> bool {
        self.rules.iter().all(|rule| rule.apply(labels))
    }

    /// [`Relabel::apply`] on an immutable set: `None` when it is dropped.
    pub fn apply_to(&self, labels: &Labels) -> Option<Labels> {
        if self.rules.is_empty() {
            return Some(labels.clone());
        }
        let mut builder = labels.to_builder();
        self.apply(&mut builder).then(|| builder.build())
    }

    /// What each rule makes of the labels, for people who look for the rule that went wrong.
    pub fn steps(&self, labels: &Labels) -> Vec<Step> {
        let mut builder = labels.to_builder();
        let mut steps = Vec::with_capacity(self.rules.len());
        for rule in &self.rules {
            let keep = rule.apply(&mut builder);
            let output = if keep { builder.build() } else { Labels::empty() };
            steps.push(Step { output, keep });
            if !keep {
                break;
            }
        }
        steps
    }
}

impl Rule {
    fn new(config: &RelabelConfig) -> Rule {
        let pattern = || Test::new(config.regex.regex());
        let target = || config.target_label.clone();
        let action = match config.action {
            RelabelAction::Keep => Action::Test { pattern: pattern(), keep_matching: true },
            RelabelAction::Drop => Action::Test { pattern: pattern(), keep_matching: false },
            RelabelAction::LabelKeep => Action::Names { pattern: pattern(), keep_matching: true },
            RelabelAction::LabelDrop => Action::Names { pattern: pattern(), keep_matching: false },
            RelabelAction::KeepEqual => Action::Compare { target: target(), keep_equal: true },
            RelabelAction::DropEqual => Action::Compare { target: target(), keep_equal: false },
            RelabelAction::Lowercase => Action::SetCase { target: target(), upper: false },
            RelabelAction::Uppercase => Action::SetCase { target: target(), upper: true },
            // A modulus of 0 is refused when the configuration is read.
            RelabelAction::HashMod => Action::HashMod { target: target(), modulus: config.modulus.max(1) },
            RelabelAction::LabelMap => {
                let pattern = config.regex.regex().clone();
                let name = Template::compile(&config.replacement, &pattern);
                Action::LabelMap { pattern, name }
            }
            RelabelAction::Replace => Action::Replace(Box::new(Replace::new(config))),
        };
        let source_labels = config.source_labels.to_vec();
        Rule { source_labels, separator: config.separator.to_string(), action }
    }

    fn apply(&self, labels: &mut LabelsBuilder) -> bool {
        match &self.action {
            Action::Test { pattern, keep_matching } => {
                pattern.matches(&self.source(labels)) == *keep_matching
            }
            Action::Compare { target, keep_equal } => {
                (labels.get(target).unwrap_or("") == self.source(labels)) == *keep_equal
            }
            Action::Replace(replace) => {
                let source = self.source(labels).into_owned();
                replace.apply(&source, labels);
                true
            }
            Action::SetCase { target, upper } => {
                let source = self.source(labels);
                let value = if *upper { source.to_uppercase() } else { source.to_lowercase() };
                labels.set(target, &value);
                true
            }
            Action::HashMod { target, modulus } => {
                let value = hash(self.source(labels).as_bytes()) % modulus;
                labels.set(target, &value.to_string());
                true
            }
            Action::LabelMap { pattern, name } => {
                label_map(labels, pattern, name);
                true
            }
            Action::Names { pattern, keep_matching } => {
                labels.retain(|name, _| pattern.matches(name) == *keep_matching);
                true
            }
        }
    }

    /// The values of the source labels, joined.
    fn source<'a>(&self, labels: &'a LabelsBuilder) -> Cow<'a, str> {
        match self.source_labels.as_slice() {
            [] => Cow::Borrowed(""),
            [one] => Cow::Borrowed(labels.get(one).unwrap_or("")),
            [first, rest @ ..] => {
                let mut joined = labels.get(first).unwrap_or("").to_owned();
                for name in rest {
                    joined.push_str(&self.separator);
                    joined.push_str(labels.get(name).unwrap_or(""));
                }
                Cow::Owned(joined)
            }
        }
    }
}

impl Replace {
    fn new(config: &RelabelConfig) -> Replace {
        let pattern = config.regex.regex().clone();
        let target = Template::compile(&config.target_label, &pattern);
        let replacement = Template::compile(&config.replacement, &pattern);
        let unconditional =
            config.matches_all() && target.as_literal().is_some() && replacement.as_literal().is_some();
        Replace { pattern, target, replacement, unconditional, names: config.names }
    }

    fn apply(&self, source: &str, labels: &mut LabelsBuilder) {
        if self.unconditional
            && let (Some(target), Some(value)) = (self.target.as_literal(), self.replacement.as_literal())
        {
            labels.set(target, value);
            return;
        }
        let Some(captures) = self.pattern.captures(source) else { return };
        let target = self.target.expand(&captures);
        if !self.names.is_label_name(&target) {
            return;
        }
        labels.set(&target, &self.replacement.expand(&captures));
    }
}

/// Copies labels whose name matches to the name that the template makes of it.
fn label_map(labels: &mut LabelsBuilder, pattern: &Regex, name: &Template) {
    let mapped: Vec<(String, String)> = labels
        .iter()
        .filter_map(|(n, v)| Some((name.expand(&pattern.captures(n)?).into_owned(), v.to_owned())))
        .collect();
    for (name, value) in mapped.iter().filter(|(n, _)| !n.is_empty()) {
        labels.set(name, value);
    }
}

/// The last eight bytes of the MD5 sum, big endian.
fn hash(bytes: &[u8]) -> u64 {
    use md5::{Digest, Md5};
    let sum = Md5::digest(bytes);
    u64::from_be_bytes(sum[8..16].try_into().expect("an MD5 sum has 16 bytes"))
}

impl Test {
    fn new(regex: &Regex) -> Test {
        // The anchors that configuration puts around every expression; a matcher puts its own.
        let inner = regex.as_str().strip_prefix("^(?s:").and_then(|p| p.strip_suffix(")$"));
        match inner.map(|pattern| Matcher::new("", MatchOp::Regex, pattern)) {
            Some(Ok(matcher)) => Test::Matcher(matcher),
            _ => Test::Regex(regex.clone()),
        }
    }

    fn matches(&self, text: &str) -> bool {
        match self {
            Test::Matcher(matcher) => matcher.matches(text),
            Test::Regex(regex) => regex.is_match(text),
        }
    }
}
