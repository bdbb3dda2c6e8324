//! The kinds of discovery that Pharos does not run: their settings, to check and to print.

use crate::yaml::{Node, Reader, Value, Yaml};

/// Reads one element of a list of this kind and gives it back to print.
pub(super) type ReadKind = fn(&Node, &mut Reader) -> Yaml;

fn read<T: Value>(node: &Node, reader: &mut Reader) -> Yaml {
    let mut value = T::start();
    value.read(node, reader);
    value.print()
}

/// Every kind and its reader.
pub(super) const KINDS: &[(&str, ReadKind)] = &[];
