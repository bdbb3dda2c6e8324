//! Relabel rules as configured. Applying them is the pipeline's work.

use crate::names::NameValidation;
use crate::pattern::Pattern;
use crate::yaml::{Fields, Node, Reader, Value, Yaml};

section! {
    /// One relabel rule.
    pub struct RelabelConfig, null = false, check = check_relabel {
        /// Labels whose values are joined with `separator`.
        key source_labels: LabelNames = LabelNames::default(),
        key separator: Separator = Separator(";".to_owned()),
        /// Matched against the joined values, or against names of labels by `labelmap`, `labeldrop`, `labelkeep`.
        key regex: RelabelPattern = RelabelPattern::default(),
        /// Not 0 for `hashmod`.
        key modulus: u64 = 0,
        /// Where the result goes. May hold `$1` or `${name}` for `replace`.
        key target_label: String = String::new(),
        key replacement: Replacement = Replacement("$1".to_owned()),
        key action: RelabelAction = RelabelAction::Replace,
        /// The rule for names that this rule was checked by and that its results must keep.
        derived names: NameValidation = NameValidation::Utf8,
    }
}

choice! {
    /// What a rule does. All comparisons are with the joined values of its source labels.
    pub enum RelabelAction, fold = str::to_lowercase, empty = false, fault = "unknown relabel action {}" {
        #[default]
        Replace = "replace",
        Keep = "keep",
        Drop = "drop",
        KeepEqual = "keepequal",
        DropEqual = "dropequal",
        HashMod = "hashmod",
        LabelMap = "labelmap",
        LabelDrop = "labeldrop",
        LabelKeep = "labelkeep",
        Lowercase = "lowercase",
        Uppercase = "uppercase",
    }
}

impl RelabelConfig {
    /// Whether the expression is the default `(.*)`, which matches everything.
    pub fn matches_all(&self) -> bool {
        self.regex.is_default()
    }
}

/// Names of labels, each checked.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct LabelNames(pub Vec<String>);

impl std::ops::Deref for LabelNames {
    type Target = [String];
    fn deref(&self) -> &[String] {
        &self.0
    }
}

impl Value for LabelNames {
    fn zero() -> LabelNames {
        LabelNames::default()
    }

    fn is_zero(&self) -> bool {
        self.0.is_empty()
    }

    fn read(&mut self, node: &Node, reader: &mut Reader) {
        self.0.read(node, reader);
        if self.0.iter().any(String::is_empty) {
            reader.fault(node, "\"\" is not a valid label name");
        }
    }

    fn print(&self) -> Yaml {
        Yaml::Flow(self.0.clone())
    }
}

/// A text with a default that is not empty: printed only when it differs from it.
macro_rules! defaulted_text {
    ($(#[$meta:meta])* $name:ident, $default:literal) => {
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub struct $name(pub String);

        impl std::ops::Deref for $name {
            type Target = str;
            fn deref(&self) -> &str {
                &self.0
            }
        }

        impl Value for $name {
            fn zero() -> $name {
                $name(String::new())
            }

            fn is_zero(&self) -> bool {
                self.0 == $default
            }

            fn read(&mut self, node: &Node, reader: &mut Reader) {
                self.0.read(node, reader);
            }

            fn print(&self) -> Yaml {
                self.0.print()
            }
        }
    };
}

defaulted_text! {
    /// Stands between the values of source labels.
    Separator, ";"
}
defaulted_text! {
    /// What is written: a template over the groups of the expression.
    Replacement, "$1"
}

/// The expression of a rule: `(.*)` unless said otherwise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RelabelPattern(Pattern);

const PATTERN_DEFAULT: &str = "(.*)";

impl RelabelPattern {
    pub fn new(text: &str) -> Result<RelabelPattern, String> {
        Pattern::new(text).map(RelabelPattern)
    }

    fn is_default(&self) -> bool {
        self.0.as_str() == PATTERN_DEFAULT
    }
}

impl Default for RelabelPattern {
    fn default() -> RelabelPattern {
        RelabelPattern(Pattern::new(PATTERN_DEFAULT).expect("the default expression compiles"))
    }
}

impl std::ops::Deref for RelabelPattern {
    type Target = Pattern;
    fn deref(&self) -> &Pattern {
        &self.0
    }
}

impl Value for RelabelPattern {
    fn zero() -> RelabelPattern {
        RelabelPattern(Pattern::zero())
    }

    fn is_zero(&self) -> bool {
        self.is_default()
    }

    fn read(&mut self, node: &Node, reader: &mut Reader) {
        self.0.read(node, reader);
    }

    fn print(&self) -> Yaml {
        self.0.print()
    }
}

fn check_relabel(rule: &mut RelabelConfig, fields: &Fields<'_>, reader: &mut Reader) {
    use RelabelAction as A;
    rule.names = reader.names;
    let action = rule.action;
    if fields.get("action").is_some() && !fields.has("action") {
        fields.fault("action", "relabel action cannot be empty", reader);
        return;
    }
    if A::parse(&fields.get("action").map_or("replace".to_owned(), Node::text_lossy)).is_none() {
        return; // the unknown action is the fault
    }
    if action == A::HashMod && rule.modulus == 0 {
        fields.fault("modulus", "relabel configuration for hashmod requires non-zero modulus", reader);
    }
    check_target(rule, fields, reader);
    let replacement_set = &*rule.replacement != "$1";
    if matches!(action, A::Lowercase | A::Uppercase | A::KeepEqual | A::DropEqual) && replacement_set {
        fields.fault("replacement", format!("'replacement' can not be set for {action} action"), reader);
    }
    if action == A::LabelMap && !is_template(&rule.replacement, rule.names) {
        let reason = format!("{:?} is invalid 'replacement' for {action} action", &*rule.replacement);
        fields.fault("replacement", reason, reader);
    }
    let also = [
        ("modulus", rule.modulus != 0),
        ("separator", &*rule.separator != ";"),
        ("replacement", replacement_set),
    ];
    if matches!(action, A::KeepEqual | A::DropEqual) {
        let reason =
            format!("{action} action requires only 'source_labels' and `target_label`, and no other fields");
        only(fields, &reason, &[("regex", !rule.matches_all())], &also, reader);
    }
    if matches!(action, A::LabelDrop | A::LabelKeep) {
        let reason = format!("{action} action requires only 'regex', and no other fields");
        let own =
            [("source_labels", fields.has("source_labels")), ("target_label", !rule.target_label.is_empty())];
        only(fields, &reason, &own, &also, reader);
    }
}

/// Reports each field that is set and must not be.
fn only(fields: &Fields<'_>, reason: &str, own: &[(&str, bool)], also: &[(&str, bool)], reader: &mut Reader) {
    for (key, set) in own.iter().chain(also) {
        if *set {
            fields.fault(key, reason, reader);
        }
    }
}

fn check_target(rule: &RelabelConfig, fields: &Fields<'_>, reader: &mut Reader) {
    use RelabelAction as A;
    let (action, target) = (rule.action, rule.target_label.as_str());
    if !matches!(action, A::Replace | A::HashMod | A::Lowercase | A::Uppercase | A::KeepEqual | A::DropEqual)
    {
        return;
    }
    if target.is_empty() {
        let reason = format!("relabel configuration for {action} action requires 'target_label' value");
        fields.fault("target_label", reason, reader);
        return;
    }
    let valid = match action {
        A::Replace if target.contains('$') => is_template(target, rule.names),
        _ => rule.names.is_label_name(target),
    };
    if !valid {
        fields.fault(
            "target_label",
            format!("{target:?} is invalid 'target_label' for {action} action"),
            reader,
        );
    }
}

/// Whether a template with `$1` or `${name}` in it can give a valid name.
fn is_template(text: &str, names: NameValidation) -> bool {
    match names {
        NameValidation::Utf8 => !text.is_empty(),
        NameValidation::Legacy => is_legacy_template(text),
    }
}

/// Letters, digits, underscores and references, the first of them no digit.
fn is_legacy_template(text: &str) -> bool {
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let mut rest = text;
    let mut first = true;
    while let Some(c) = rest.chars().next() {
        if c == '$' {
            let after = &rest[1..];
            let (name, tail) = match after.strip_prefix('{') {
                Some(inner) => match inner.split_once('}') {
                    Some(pair) => pair,
                    None => return false,
                },
                None => after.split_at(after.find(|c| !is_word(c)).unwrap_or(after.len())),
            };
            if name.is_empty() || !name.chars().all(is_word) {
                return false;
            }
            rest = tail;
        } else if is_word(c) && !(first && c.is_ascii_digit()) {
            rest = &rest[1..];
        } else {
            return false;
        }
        first = false;
    }
    !first
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_templates_of_legacy_names() {
        for good in ["a", "$1", "${1}", "a_${b}_c", "_$1", "${a}1"] {
            assert!(is_legacy_template(good), "{good}");
        }
        for bad in ["", "1a", "a-b", "$", "${", "${a", "a b", "${a b}"] {
            assert!(!is_legacy_template(bad), "{bad}");
        }
    }
}
