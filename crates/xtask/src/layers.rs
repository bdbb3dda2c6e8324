//! A crate may depend only on crates of a lower rank; nothing depends on a tool; heavy query libraries stay in
//! the crates that may have them.

use crate::Finding;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

/// Libraries that only some crates may use, by the prefix of their name.
const CONFINED: [(&str, &[&str]); 3] = [
    ("datafusion", &["events", "search", "query"]),
    ("arrow", &["events", "search", "query"]),
    ("parquet", &["events", "search", "query"]),
];

/// The content of `layers.toml`.
#[derive(Debug, Default, PartialEq)]
pub struct Layers {
    pub ranks: BTreeMap<String, u32>,
    pub tools: BTreeSet<String>,
}

impl Layers {
    /// Reads the two tables of the file: `name = rank` lines, and one list of tools.
    pub fn parse(text: &str) -> Result<Layers, String> {
        let mut layers = Layers::default();
        for line in text.lines().map(str::trim).filter(|l| !l.is_empty() && !l.starts_with(['#', '['])) {
            let (name, value) = line.split_once('=').ok_or_else(|| format!("not `name = value`: {line}"))?;
            let (name, value) = (name.trim(), value.trim());
            if name == "names" {
                let quoted = value.split('"').skip(1).step_by(2);
                layers.tools.extend(quoted.map(str::to_owned));
            } else {
                let rank = value.parse().map_err(|_| format!("the rank of {name} is no number: {value}"))?;
                layers.ranks.insert(name.to_owned(), rank);
            }
        }
        Ok(layers)
    }

    fn knows(&self, name: &str) -> bool {
        self.ranks.contains_key(name) || self.tools.contains(name)
    }
}

/// A dependency of a crate of the house.
pub struct Edge {
    pub from: String,
    pub to: String,
}

pub fn check(root: &Path) -> Vec<Finding> {
    let read = base::disk::read_to_string(&root.join("layers.toml")).map_err(|e| e.to_string());
    let layers = match read.and_then(|text| Layers::parse(&text)) {
        Ok(layers) => layers,
        Err(why) => return vec![Finding::new("layers.toml", why)],
    };
    match edges(root) {
        Ok((crates, edges)) => findings(&layers, &crates, &edges),
        Err(why) => vec![Finding::new("cargo metadata", why)],
    }
}

pub fn findings(layers: &Layers, crates: &[String], edges: &[Edge]) -> Vec<Finding> {
    let mut found = Vec::new();
    for name in crates.iter().filter(|n| !layers.knows(n)) {
        found.push(Finding::new("layers.toml", format!("{name} has no rank")));
    }
    for name in layers.ranks.keys().filter(|n| !crates.contains(n)) {
        found.push(Finding::new("layers.toml", format!("{name} has a rank and no crate")));
    }
    for Edge { from, to } in edges {
        let place = format!("crates/{from}/Cargo.toml");
        for (prefix, allowed) in CONFINED {
            if to.starts_with(prefix) && !allowed.contains(&from.as_str()) && !layers.tools.contains(from) {
                found.push(Finding::new(&place, format!("{to} may be used only by {}", allowed.join(", "))));
            }
        }
        if layers.tools.contains(from) {
            continue;
        }
        if layers.tools.contains(to) {
            found.push(Finding::new(&place, format!("depends on {to}, a tool")));
        }
        if let (Some(a), Some(b)) = (layers.ranks.get(from), layers.ranks.get(to))
            && a <= b
        {
            found.push(Finding::new(&place, format!("{from} (rank {a}) depends on {to} (rank {b})")));
        }
    }
    found
}

/// Our crates, and their dependencies apart from those of tests alone.
fn edges(root: &Path) -> Result<(Vec<String>, Vec<Edge>), String> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args(["metadata", "--format-version", "1", "--no-deps"])
        .current_dir(root)
        .output()
        .map_err(|e| e.to_string())?;
    let json: Value = serde_json::from_slice(&output.stdout)
        .map_err(|_| String::from_utf8_lossy(&output.stderr).into_owned())?;
    let (mut crates, mut edges) = (Vec::new(), Vec::new());
    for package in json["packages"].as_array().into_iter().flatten() {
        let from = package["name"].as_str().unwrap_or_default().to_owned();
        for dependency in package["dependencies"].as_array().into_iter().flatten() {
            if dependency["kind"].as_str() != Some("dev") {
                let to = dependency["name"].as_str().unwrap_or_default().to_owned();
                edges.push(Edge { from: from.clone(), to });
            }
        }
        crates.push(from);
    }
    Ok((crates, edges))
}

#[cfg(test)]
mod tests {
    use super::*;

    const LAYERS: &str =
        "[ranks]\nbase = 0\nmodel = 1 \n# why\ntsdb = 3\n[tools]\nnames = [\"xtask\", \"bench\"]\n";

    fn check(edges: &[(&str, &str)]) -> Vec<String> {
        let layers = Layers::parse(LAYERS).unwrap();
        let crates: Vec<String> = ["base", "model", "tsdb", "bench", "xtask"].map(String::from).into();
        let edges: Vec<Edge> =
            edges.iter().map(|(from, to)| Edge { from: (*from).into(), to: (*to).into() }).collect();
        findings(&layers, &crates, &edges).into_iter().map(|f| f.wrong).collect()
    }

    #[test]
    fn downward_edges_pass() {
        assert!(
            check(&[("tsdb", "model"), ("model", "base"), ("bench", "tsdb"), ("tsdb", "zstd")]).is_empty()
        );
    }

    #[test]
    fn upward_sideways_and_confined_edges_fail() {
        assert_eq!(check(&[("model", "tsdb")]), ["model (rank 1) depends on tsdb (rank 3)"]);
        assert_eq!(check(&[("model", "model")]).len(), 1);
        assert_eq!(check(&[("tsdb", "bench")]), ["depends on bench, a tool"]);
        assert_eq!(check(&[("tsdb", "datafusion-common")]).len(), 1);
    }

    #[test]
    fn every_crate_has_a_rank_and_every_rank_a_crate() {
        let layers = Layers::parse(LAYERS).unwrap();
        let crates: Vec<String> = ["base", "model", "wal"].map(String::from).into();
        let wrong: Vec<String> = findings(&layers, &crates, &[]).into_iter().map(|f| f.wrong).collect();
        assert_eq!(wrong, ["wal has no rank", "tsdb has a rank and no crate"]);
    }
}
