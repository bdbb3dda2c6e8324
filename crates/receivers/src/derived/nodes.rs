//! Names of the nodes of the service graph, each kept once and known by a number.

use super::calls::{OVERFLOW, shortened};
use hashbrown::HashMap;
use std::sync::Arc;

/// Nodes known. Over it new ones are all called `__overflow__`. 10,000 names of at most 512 bytes are 5 MB.
const NODES_MAX: usize = 10_000;

/// The number of a node. The first one stands for the rest.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct NodeId(u32);

/// All nodes.
pub(crate) struct Nodes {
    by_name: HashMap<Arc<str>, NodeId>,
    names: Vec<Option<Arc<str>>>,
    free: Vec<u32>,
}

impl Nodes {
    pub fn new() -> Nodes {
        let mut nodes = Nodes { by_name: HashMap::new(), names: Vec::new(), free: Vec::new() };
        nodes.insert(OVERFLOW);
        nodes
    }

    pub fn get(&mut self, name: &str) -> NodeId {
        let name = shortened(name);
        match self.by_name.get(name) {
            Some(id) => *id,
            None if self.by_name.len() < NODES_MAX => self.insert(name),
            None => NodeId(0),
        }
    }

    fn insert(&mut self, name: &str) -> NodeId {
        let name: Arc<str> = name.into();
        let id = match self.free.pop() {
            Some(free) => {
                self.names[free as usize] = Some(Arc::clone(&name));
                NodeId(free)
            }
            None => {
                self.names.push(Some(Arc::clone(&name)));
                NodeId(self.names.len() as u32 - 1)
            }
        };
        self.by_name.insert(name, id);
        id
    }

    pub fn name(&self, id: NodeId) -> Arc<str> {
        match self.names.get(id.0 as usize) {
            Some(Some(name)) => Arc::clone(name),
            _ => OVERFLOW.into(),
        }
    }

    /// Forgets all but these, and the one that stands for the rest.
    pub fn keep_only(&mut self, used: impl Iterator<Item = NodeId>) {
        let mut keep = vec![false; self.names.len()];
        keep[0] = true;
        used.for_each(|id| keep[id.0 as usize] = true);
        for (number, _) in keep.iter().enumerate().filter(|(_, keep)| !**keep) {
            if let Some(name) = self.names[number].take() {
                self.by_name.remove(&name);
                self.free.push(number as u32);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_have_numbers_and_are_bounded() {
        let mut nodes = Nodes::new();
        let (a, b) = (nodes.get("a"), nodes.get("b"));
        assert_ne!(a, b);
        assert_eq!((nodes.get("a"), &*nodes.name(b)), (a, "b"));
        for i in 0..NODES_MAX {
            nodes.get(&format!("n{i}"));
        }
        assert_eq!(
            &*{
                let id = nodes.get("one too many");
                nodes.name(id)
            },
            OVERFLOW
        );
        nodes.keep_only([b].into_iter());
        assert_eq!((nodes.get("b"), nodes.by_name.len()), (b, 2));
        let again = nodes.get("one too many");
        assert_eq!(&*nodes.name(again), "one too many");
        assert!(nodes.names.len() <= NODES_MAX);
    }
}
