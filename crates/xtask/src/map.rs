//! ARCHITECTURE.md names every crate, and no crate that is gone.

use crate::Finding;
use std::collections::BTreeSet;
use std::path::Path;

pub fn check(root: &Path) -> Vec<Finding> {
    let text = base::disk::read_to_string(&root.join("ARCHITECTURE.md")).unwrap_or_default();
    let crates = base::disk::list(&root.join("crates")).unwrap_or_default();
    let names: BTreeSet<String> =
        crates.iter().filter_map(|p| Some(p.file_name()?.to_str()?.to_owned())).collect();
    findings(&text, &names)
}

/// The code map is the lines `| rank | `crate` | its room |`.
fn findings(text: &str, crates: &BTreeSet<String>) -> Vec<Finding> {
    let mapped: BTreeSet<String> = text
        .lines()
        .filter_map(|line| {
            line.strip_prefix("| ")?.split('|').nth(1)?.trim().strip_prefix('`')?.strip_suffix('`')
        })
        .map(str::to_owned)
        .collect();
    let missing = crates.difference(&mapped).map(|name| format!("the code map does not name {name}"));
    let gone = mapped.difference(crates).map(|name| format!("the code map names {name}, which is gone"));
    missing.chain(gone).map(|wrong| Finding::new("ARCHITECTURE.md", wrong)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_map_and_the_folders_agree() {
        let crates = ["base", "wal"].map(String::from).into();
        let good = "| 0 | `base` | x |\n| 2 | `wal` | y |\n";
        assert!(findings(good, &crates).is_empty());
        let wrong: Vec<String> = findings("| 0 | `base` | x |\n| 1 | `old` | y |\n", &crates)
            .into_iter()
            .map(|f| f.wrong)
            .collect();
        assert_eq!(wrong, ["the code map does not name wal", "the code map names old, which is gone"]);
    }
}
