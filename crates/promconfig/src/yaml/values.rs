//! How each plain type is read from a node and printed back.

use super::{Kind, Node, Reader, Yaml, scalar};
use crate::names::NameValidation;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::rc::Rc;
use std::time::Duration;

/// What the value of a key can become.
pub(crate) trait Value: Sized {
    /// What null gives: nothing, and not the default.
    fn zero() -> Self;

    /// What reading begins with where nothing stood before: elements of lists, optional sections.
    fn start() -> Self {
        Self::zero()
    }

    /// Whether it need not be printed.
    fn is_zero(&self) -> bool;

    /// Reads a node that is not null over what is there. What cannot be read stays, and is a fault.
    fn read(&mut self, node: &Node, reader: &mut Reader);

    fn print(&self) -> Yaml;

    /// Whether an empty text is the same as an absent field.
    const EMPTY_IS_NONE: bool = false;

    /// Whether null may stand in a list for an element.
    const NULL_ELEMENT: bool = true;
}

/// Reads a node, null or not.
pub(crate) fn read_value<T: Value>(into: &mut T, node: &Node, reader: &mut Reader) {
    if node.is_null() {
        *into = T::zero();
    } else {
        into.read(node, reader);
    }
}

impl Value for String {
    fn zero() -> String {
        String::new()
    }

    fn is_zero(&self) -> bool {
        self.is_empty()
    }

    fn read(&mut self, node: &Node, reader: &mut Reader) {
        if let Some(text) = reader.text(node) {
            *self = text;
        }
    }

    fn print(&self) -> Yaml {
        Yaml::Text(self.clone())
    }
}

impl Value for bool {
    fn zero() -> bool {
        false
    }

    fn is_zero(&self) -> bool {
        !self
    }

    fn read(&mut self, node: &Node, reader: &mut Reader) {
        match scalar::truth(node) {
            Some(truth) => *self = truth,
            None => reader.fault(node, format!("expected true or false, found {}", found(node))),
        }
    }

    fn print(&self) -> Yaml {
        Yaml::Plain(self.to_string())
    }
}

macro_rules! integer_value {
    ($($ty:ty),*) => { $(
        impl Value for $ty {
            fn zero() -> $ty {
                0
            }

            fn is_zero(&self) -> bool {
                *self == 0
            }

            fn read(&mut self, node: &Node, reader: &mut Reader) {
                let whole = |f: f64| (f.fract() == 0.0 && f.abs() < 2f64.powi(63)).then_some(f as i128);
                let Some(number) = scalar::integer(node).or_else(|| scalar::float(node).and_then(whole)) else {
                    reader.fault(node, format!("expected a whole number, found {}", found(node)));
                    return;
                };
                match <$ty>::try_from(number) {
                    Ok(number) => *self = number,
                    Err(_) => reader.fault(
                        node,
                        format!("{number} is out of range, expected {} to {}", <$ty>::MIN, <$ty>::MAX),
                    ),
                }
            }

            fn print(&self) -> Yaml {
                Yaml::Plain(self.to_string())
            }
        }
    )* };
}
integer_value!(u64, i64, u16);

impl Value for f64 {
    fn zero() -> f64 {
        0.0
    }

    fn is_zero(&self) -> bool {
        *self == 0.0
    }

    fn read(&mut self, node: &Node, reader: &mut Reader) {
        match scalar::float(node) {
            Some(number) => *self = number,
            None => reader.fault(node, format!("expected a number, found {}", found(node))),
        }
    }

    fn print(&self) -> Yaml {
        Yaml::Plain(self.to_string())
    }
}

/// In Prometheus's notation: `1h30m`.
impl Value for Duration {
    fn zero() -> Duration {
        Duration::ZERO
    }

    fn is_zero(&self) -> bool {
        *self == Duration::ZERO
    }

    fn read(&mut self, node: &Node, reader: &mut Reader) {
        let Some(text) = reader.text(node) else { return };
        match base::units::parse_duration(&text) {
            Ok(duration) => *self = duration,
            Err(reason) => reader.fault(node, format!("{reason} (write it like 30s, 5m or 1h30m)")),
        }
    }

    fn print(&self) -> Yaml {
        Yaml::Plain(base::units::format_duration(*self))
    }
}

/// A path, relative to the file that names it.
impl Value for PathBuf {
    const EMPTY_IS_NONE: bool = true;

    fn zero() -> PathBuf {
        PathBuf::new()
    }

    fn is_zero(&self) -> bool {
        self.as_os_str().is_empty()
    }

    fn read(&mut self, node: &Node, reader: &mut Reader) {
        if let Some(text) = reader.text(node) {
            *self = reader.join(&text);
        }
    }

    fn print(&self) -> Yaml {
        Yaml::Text(self.to_string_lossy().into_owned())
    }
}

/// What may be absent. Null is absent.
impl<T: Value> Value for Option<T> {
    const NULL_ELEMENT: bool = T::NULL_ELEMENT;

    fn zero() -> Option<T> {
        None
    }

    fn is_zero(&self) -> bool {
        self.is_none()
    }

    fn read(&mut self, node: &Node, reader: &mut Reader) {
        if T::EMPTY_IS_NONE && node.scalar_text() == Some("") {
            *self = None;
            return;
        }
        let mut value = self.take().unwrap_or_else(T::start);
        value.read(node, reader);
        *self = Some(value);
    }

    fn print(&self) -> Yaml {
        self.as_ref().map_or(Yaml::Plain("null".to_owned()), T::print)
    }
}

impl<T: Value> Value for Vec<T> {
    fn zero() -> Vec<T> {
        Vec::new()
    }

    fn is_zero(&self) -> bool {
        self.is_empty()
    }

    fn read(&mut self, node: &Node, reader: &mut Reader) {
        let Some(items) = sequence(node, reader) else { return };
        self.clear();
        for (index, item) in items.iter().enumerate() {
            reader.enter_index(index);
            if item.is_null() && !T::NULL_ELEMENT {
                reader.leave();
                let reason = empty_element(reader);
                reader.enter_index(index);
                reader.fault(item, reason);
            } else {
                let mut value = T::start();
                read_value(&mut value, item, reader);
                self.push(value);
            }
            reader.leave();
        }
    }

    fn print(&self) -> Yaml {
        Yaml::Seq(self.iter().map(T::print).collect())
    }
}

/// The items of a list; anything else is a fault.
pub(crate) fn sequence<'a>(node: &'a Node, reader: &mut Reader) -> Option<&'a [Rc<Node>]> {
    match &node.kind {
        Kind::Seq(items) => Some(items),
        _ => {
            reader.fault(node, format!("expected a list, found {}", found(node)));
            None
        }
    }
}

/// A list with nothing after its dash: said in the words of the section.
fn empty_element(reader: &Reader) -> String {
    let section = reader.top_key();
    let what = match (section, reader.list_key()) {
        (_, "scrape_configs") => "scrape config section",
        (_, "remote_write") => "remote write config section",
        (_, "remote_read") => "remote read config section",
        (_, "write_relabel_configs") => "relabeling rule in remote write config",
        ("alerting", "relabel_configs") => "Alertmanager target relabeling rule",
        (_, "relabel_configs") => "target relabeling rule in scrape config",
        (_, "metric_relabel_configs") => "metric relabeling rule in scrape config",
        (_, "alert_relabel_configs") => "alert relabeling rule",
        (_, list) => return format!("empty or null section in {list}"),
    };
    format!("empty or null {what}")
}

impl<T: Value> Value for BTreeMap<String, T> {
    fn zero() -> Self {
        BTreeMap::new()
    }

    fn is_zero(&self) -> bool {
        self.is_empty()
    }

    fn read(&mut self, node: &Node, reader: &mut Reader) {
        let Kind::Map { entries, .. } = &node.kind else {
            reader.fault(node, format!("expected a mapping, found {}", found(node)));
            return;
        };
        reader.report_duplicates(node);
        self.clear();
        for (key, item) in entries {
            let Some(name) = reader.text(key) else { continue };
            reader.enter(&name);
            let mut value = T::start();
            read_value(&mut value, item, reader);
            reader.leave();
            self.insert(name, value);
        }
    }

    fn print(&self) -> Yaml {
        Yaml::Map(self.iter().map(|(name, value)| (name.clone(), value.print())).collect())
    }
}

/// What stands there, for a message.
pub(crate) fn found(node: &Node) -> String {
    match node.scalar_text() {
        Some(text) if !node.is_null() => format!("{text:?}"),
        _ => node.describe().to_owned(),
    }
}

/// Pairs of label names and values, each checked; what is not valid is a fault and left out.
pub(crate) fn label_pairs(node: &Node, names: NameValidation, reader: &mut Reader) -> Vec<(String, String)> {
    let Kind::Map { entries, .. } = &node.kind else {
        reader.fault(node, format!("expected a mapping, found {}", found(node)));
        return Vec::new();
    };
    reader.report_duplicates(node);
    let mut pairs = Vec::new();
    for (key, item) in entries {
        let name = match scalar::text(key) {
            Ok(name) if names.is_label_name(&name) => name,
            Ok(name) => {
                reader.fault(key, format!("{name:?} is not a valid label name"));
                continue;
            }
            Err(reason) => {
                reader.fault(key, reason.replace("is not valid UTF-8", "is not a valid label name"));
                continue;
            }
        };
        reader.enter(&name);
        match scalar::text(item) {
            Ok(value) => pairs.push((name, value)),
            Err(reason) => {
                reader.fault(item, reason.replace("is not valid UTF-8", "is not a valid label value"));
            }
        }
        reader.leave();
    }
    pairs
}
