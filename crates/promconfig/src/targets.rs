//! Target groups: the elements of `static_configs`, and the files that file discovery reads.

use crate::config::utf8;
use crate::fault::Fault;
use crate::names::NameValidation;
use crate::yaml::{Kind, Node, Reader, Value, Yaml, node, values};
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

/// Reads a file of target groups: `.json`, `.yml` or `.yaml`.
pub fn load_target_groups(path: &Path) -> Result<Vec<TargetGroup>, Vec<Fault>> {
    let bytes = base::disk::read(path).map_err(|e| vec![Fault::of_file(path, e.to_string())])?;
    let text = utf8(path, bytes).map_err(|fault| vec![fault])?;
    parse_target_groups(path, &text)
}

/// Reads the text of such a file. JSON is YAML too; in JSON an unknown field is ignored, as in the original, in
/// YAML it is a fault.
pub fn parse_target_groups(path: &Path, text: &str) -> Result<Vec<TargetGroup>, Vec<Fault>> {
    let extension = path.extension().map(|e| e.to_string_lossy().to_lowercase()).unwrap_or_default();
    if !matches!(extension.as_str(), "json" | "yml" | "yaml") {
        return Err(vec![Fault::of_file(path, format!("invalid file extension: {extension:?}"))]);
    }
    let mut reader = Reader::new(path);
    reader.ignore_unknown = extension == "json";
    let root = node::parse(text).map_err(|syntax| vec![reader.syntax_fault(&syntax)])?;
    let mut groups: Vec<TargetGroup> = Vec::new();
    if !root.is_null() {
        groups.read(&root, &mut reader);
    }
    if reader.faults.is_empty() { Ok(groups) } else { Err(reader.faults) }
}

/// The node of a target in `static_configs`, for its position.
pub(crate) fn target_node<'a>(configs: Option<&'a Node>, index: usize, target: &str) -> Option<&'a Node> {
    let Kind::Seq(groups) = &configs?.kind else { return None };
    let Kind::Seq(targets) = &groups.get(index)?.get("targets")?.kind else { return None };
    targets.iter().map(|t| &**t).find(|t| t.scalar_text() == Some(target))
}
