//! Target groups: the elements of `static_configs`, and the files that file discovery reads.

use crate::fault::Fault;
use crate::names::NameValidation;
use crate::yaml::{Fields, Kind, Node, Reader, Value, Yaml, node, values};
use std::collections::BTreeMap;
use std::path::Path;

section! {
    /// Targets that share labels.
    pub struct TargetGroup, null = false {
        /// Each becomes `__address__`.
        always targets: Vec<String> = Vec::new(),
        key labels: LabelMap = LabelMap::default(),
    }
}

/// Labels as configured, names checked, empty values kept.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct LabelMap(pub BTreeMap<String, String>);

impl std::ops::Deref for LabelMap {
    type Target = BTreeMap<String, String>;
    fn deref(&self) -> &BTreeMap<String, String> {
        &self.0
    }
}

impl Value for LabelMap {
    fn zero() -> LabelMap {
        LabelMap::default()
    }

    fn is_zero(&self) -> bool {
        self.0.is_empty()
    }

    fn read(&mut self, node: &Node, reader: &mut Reader) {
        // Labels of targets may be renamed before they are stored: only what no rule allows is refused here.
        self.0 = values::label_pairs(node, NameValidation::Utf8, reader).into_iter().collect();
    }

    fn print(&self) -> Yaml {
        self.0.print()
    }
}

/// Reads the content of a file of target groups. JSON is YAML too; in JSON an unknown field is ignored, as in
/// the original, in YAML it is a fault.
pub fn parse_target_groups(path: &Path, text: &str) -> Result<Vec<TargetGroup>, Vec<Fault>> {
    let mut reader = Reader::new(path);
    let json = path.extension().is_some_and(|e| e.eq_ignore_ascii_case("json"));
    let root = match node::parse(text) {
        Ok(root) => root,
        Err(syntax) => return Err(vec![reader.syntax_fault(&syntax)]),
    };
    let mut groups: Vec<TargetGroup> = Vec::new();
    if json {
        if let Some(items) = values::sequence(&root, &mut reader) {
            for (index, item) in items.iter().enumerate() {
                reader.enter_index(index);
                groups.extend(read_lenient(item, &mut reader));
                reader.leave();
            }
        }
    } else if !root.is_null() {
        groups.read(&root, &mut reader);
    }
    if reader.faults.is_empty() { Ok(groups) } else { Err(reader.faults) }
}

fn read_lenient(node: &Node, reader: &mut Reader) -> Option<TargetGroup> {
    if node.is_null() {
        reader.fault(node, "nil target group item found");
        return None;
    }
    let mut fields = Fields::open(node, reader)?;
    let mut group = TargetGroup::default();
    crate::yaml::Section::read_fields(&mut group, &mut fields, reader);
    Some(group)
}

/// The node of a target in `static_configs`, for its position.
pub(crate) fn target_node<'a>(configs: Option<&'a Node>, index: usize, target: &str) -> Option<&'a Node> {
    let Kind::Seq(groups) = &configs?.kind else { return None };
    let Kind::Seq(targets) = &groups.get(index)?.get("targets")?.kind else { return None };
    targets.iter().map(|t| &**t).find(|t| t.scalar_text() == Some(target))
}
