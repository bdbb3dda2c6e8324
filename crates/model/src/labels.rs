//! A label set: sorted, unique names, packed into one shared byte string.
//!
//! The bytes are `(length, name, length, value)*` with lengths as LEB128, so that a set costs one allocation, a
//! clone is a reference count, and equality is one comparison. Order is that of Prometheus: pair by pair, name
//! before value, a prefix before what it is a prefix of.
//!
//! Invariants: names ascend strictly, no value is empty (an empty value means an absent label), all is UTF-8.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

/// The label that holds the name of a metric.
pub const METRIC_NAME: &str = "__name__";

/// An immutable label set. Cloning is cheap.
#[derive(Clone)]
pub struct Labels(Arc<[u8]>);

impl Labels {
    /// The set with no labels.
    pub fn empty() -> Labels {
        Labels(Arc::from(&[][..]))
    }

    /// From pairs in any order. Empty values are dropped; of equal names the last wins.
    pub fn from_pairs<N: AsRef<str>, V: AsRef<str>>(pairs: impl IntoIterator<Item = (N, V)>) -> Labels {
        let mut builder = LabelsBuilder::new();
        for (name, value) in pairs {
            builder.set(name.as_ref(), value.as_ref());
        }
        builder.build()
    }

    /// From pairs that already ascend strictly by name and have no empty value.
    ///
    /// # Panics
    /// In debug builds, when the order is broken: the caller vouches for it.
    pub fn from_sorted<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> Labels {
        let mut bytes = Vec::with_capacity(128);
        let mut previous: Option<&str> = None;
        for (name, value) in pairs {
            debug_assert!(previous.is_none_or(|p| p < name), "labels out of order at {name}");
            debug_assert!(!value.is_empty(), "empty value of {name}");
            previous = Some(name);
            push_str(&mut bytes, name);
            push_str(&mut bytes, value);
        }
        Labels(bytes.into())
    }

    /// From bytes of the form that [`Labels::as_bytes`] gives. `None` when they are not of that form.
    pub fn from_bytes(bytes: &[u8]) -> Option<Labels> {
        let (mut rest, mut previous): (&[u8], Option<&[u8]>) = (bytes, None);
        while !rest.is_empty() {
            let name = checked_str(&mut rest)?;
            let value = checked_str(&mut rest)?;
            if previous.is_some_and(|p| p >= name) || value.is_empty() {
                return None;
            }
            previous = Some(name);
        }
        Some(Labels(bytes.into()))
    }

    /// The packed form: a key for maps, and what may be written to a log.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    pub fn iter(&self) -> LabelsIter<'_> {
        LabelsIter { rest: &self.0 }
    }

    /// The labels as they are packed, ascending by name: for keys and parts of sets, where text is not looked at.
    pub fn packed(&self) -> PackedIter<'_> {
        PackedIter { rest: &self.0 }
    }

    /// The value of a label, or `None` when it is absent.
    pub fn get(&self, name: &str) -> Option<&str> {
        let found =
            self.packed().find(|l| l.name >= name.as_bytes()).filter(|l| l.name == name.as_bytes())?;
        Some(std::str::from_utf8(found.value).expect("packed labels are UTF-8"))
    }

    /// The value of a label, `""` when it is absent: what matchers compare with.
    pub fn value(&self, name: &str) -> &str {
        self.get(name).unwrap_or("")
    }

    pub fn metric_name(&self) -> &str {
        self.value(METRIC_NAME)
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn len(&self) -> usize {
        self.iter().count()
    }

    /// A hash that is equal for equal sets, and stable across runs.
    pub fn hash64(&self) -> u64 {
        xxhash_rust::xxh3::xxh3_64(&self.0)
    }

    pub fn hash128(&self) -> u128 {
        xxhash_rust::xxh3::xxh3_128(&self.0)
    }

    pub fn to_builder(&self) -> LabelsBuilder {
        LabelsBuilder { pairs: self.iter().map(|(n, v)| (n.to_owned(), v.to_owned())).collect() }
    }

    /// The set without the named labels.
    pub fn without(&self, names: &[&str]) -> Labels {
        self.filter(|name| !names.iter().any(|n| n.as_bytes() == name))
    }

    /// The set with only the named labels.
    pub fn keep(&self, names: &[&str]) -> Labels {
        self.filter(|name| names.iter().any(|n| n.as_bytes() == name))
    }

    /// The set of the labels whose name, as bytes, is wanted.
    pub fn filter(&self, mut wanted: impl FnMut(&[u8]) -> bool) -> Labels {
        let mut bytes = Vec::with_capacity(self.0.len());
        self.packed().filter(|l| wanted(l.name)).for_each(|l| bytes.extend_from_slice(l.bytes));
        if bytes.len() == self.0.len() { self.clone() } else { Labels(bytes.into()) }
    }
}

/// Iterates `(name, value)` in ascending order of name.
#[derive(Clone)]
pub struct LabelsIter<'a> {
    rest: &'a [u8],
}

impl<'a> Iterator for LabelsIter<'a> {
    type Item = (&'a str, &'a str);

    fn next(&mut self) -> Option<(&'a str, &'a str)> {
        if self.rest.is_empty() {
            return None;
        }
        let name = take_str(&mut self.rest);
        let value = take_str(&mut self.rest);
        Some((name, value))
    }
}

/// A label as it is packed.
#[derive(Clone, Copy, Debug)]
pub struct PackedLabel<'a> {
    pub name: &'a [u8],
    pub value: &'a [u8],
    /// Both with their lengths: in a row they make a set.
    pub bytes: &'a [u8],
}

/// Iterates labels as they are packed, ascending by name.
#[derive(Clone)]
pub struct PackedIter<'a> {
    rest: &'a [u8],
}

impl<'a> Iterator for PackedIter<'a> {
    type Item = PackedLabel<'a>;

    #[inline]
    fn next(&mut self) -> Option<PackedLabel<'a>> {
        if self.rest.is_empty() {
            return None;
        }
        let all = self.rest;
        let name = take_bytes(&mut self.rest);
        let value = take_bytes(&mut self.rest);
        Some(PackedLabel { name, value, bytes: &all[..all.len() - self.rest.len()] })
    }
}

fn push_str(bytes: &mut Vec<u8>, s: &str) {
    let mut n = s.len();
    while n >= 0x80 {
        bytes.push((n as u8 & 0x7f) | 0x80);
        n >>= 7;
    }
    bytes.push(n as u8);
    bytes.extend_from_slice(s.as_bytes());
}

#[inline]
fn take_len(rest: &mut &[u8]) -> Option<usize> {
    // Nearly all names and values are shorter than 128 bytes.
    if let [n @ 0..0x80, tail @ ..] = *rest {
        *rest = tail;
        return Some(usize::from(*n));
    }
    take_long_len(rest)
}

fn take_long_len(rest: &mut &[u8]) -> Option<usize> {
    let (mut n, mut shift) = (0usize, 0);
    loop {
        let (&b, tail) = rest.split_first()?;
        *rest = tail;
        n |= ((b & 0x7f) as usize) << shift;
        if b & 0x80 == 0 {
            return Some(n);
        }
        shift += 7;
        if shift > 28 {
            return None;
        }
    }
}

fn checked_str<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    let n = take_len(rest)?;
    let head = rest.get(..n)?;
    *rest = &rest[n..];
    std::str::from_utf8(head).ok().map(str::as_bytes)
}

#[inline]
fn take_bytes<'a>(rest: &mut &'a [u8]) -> &'a [u8] {
    let n = take_len(rest).expect("packed labels are well formed");
    let (head, tail) = rest.split_at(n);
    *rest = tail;
    head
}

fn take_str<'a>(rest: &mut &'a [u8]) -> &'a str {
    std::str::from_utf8(take_bytes(rest)).expect("packed labels are UTF-8")
}

impl PartialEq for Labels {
    fn eq(&self, other: &Labels) -> bool {
        Arc::ptr_eq(&self.0, &other.0) || self.0 == other.0
    }
}
impl Eq for Labels {}

impl Hash for Labels {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write(&self.0);
    }
}

impl Ord for Labels {
    fn cmp(&self, other: &Labels) -> Ordering {
        if Arc::ptr_eq(&self.0, &other.0) {
            return Ordering::Equal;
        }
        // The order of UTF-8 bytes is that of the text.
        self.packed().map(|l| (l.name, l.value)).cmp(other.packed().map(|l| (l.name, l.value)))
    }
}
impl PartialOrd for Labels {
    fn partial_cmp(&self, other: &Labels) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Default for Labels {
    fn default() -> Labels {
        Labels::empty()
    }
}

/// `{a="1", b="2"}`, every label quoted, the metric's name among them.
impl fmt::Debug for Labels {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("{")?;
        for (i, (name, value)) in self.iter().enumerate() {
            if i > 0 {
                f.write_str(", ")?;
            }
            write!(f, "{name}={value:?}")?;
        }
        f.write_str("}")
    }
}

/// `name{a="1", b="2"}`, as Prometheus prints a series; names that are not legacy-valid are quoted.
impl fmt::Display for Labels {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.metric_name();
        let bare = is_legacy_metric_name(name);
        let mut first = true;
        if bare {
            f.write_str(name)?;
        }
        let braces = !bare || self.len() > 1;
        if braces {
            f.write_str("{")?;
            if !bare && !name.is_empty() {
                write!(f, "{name:?}")?;
                first = false;
            }
            for (n, v) in self.iter().filter(|(n, _)| *n != METRIC_NAME) {
                if !first {
                    f.write_str(", ")?;
                }
                first = false;
                if is_legacy_label_name(n) { write!(f, "{n}={v:?}")? } else { write!(f, "{n:?}={v:?}")? }
            }
            f.write_str("}")?;
        }
        Ok(())
    }
}

/// `[a-zA-Z_:][a-zA-Z0-9_:]*`
pub fn is_legacy_metric_name(name: &str) -> bool {
    legacy(name, true)
}

/// `[a-zA-Z_][a-zA-Z0-9_]*`
pub fn is_legacy_label_name(name: &str) -> bool {
    legacy(name, false)
}

fn legacy(name: &str, colons: bool) -> bool {
    let ok = |b: u8| b.is_ascii_alphanumeric() || b == b'_' || (colons && b == b':');
    let bytes = name.as_bytes();
    bytes.first().is_some_and(|b| !b.is_ascii_digit()) && bytes.iter().all(|b| ok(*b))
}

/// A label set being made. Order of insertion does not matter.
#[derive(Clone, Debug, Default)]
pub struct LabelsBuilder {
    /// Ascending by name, unique; values may be empty until [`LabelsBuilder::build`] drops them.
    pairs: Vec<(String, String)>,
}

impl LabelsBuilder {
    pub fn new() -> LabelsBuilder {
        LabelsBuilder::default()
    }

    /// Sets a label; an empty value removes it.
    pub fn set(&mut self, name: &str, value: &str) -> &mut LabelsBuilder {
        match self.pairs.binary_search_by(|(n, _)| n.as_str().cmp(name)) {
            Ok(i) if value.is_empty() => {
                self.pairs.remove(i);
            }
            Ok(i) => {
                self.pairs[i].1.clear();
                self.pairs[i].1.push_str(value);
            }
            Err(_) if value.is_empty() => {}
            Err(i) => self.pairs.insert(i, (name.to_owned(), value.to_owned())),
        }
        self
    }

    pub fn remove(&mut self, name: &str) -> &mut LabelsBuilder {
        self.set(name, "")
    }

    pub fn get(&self, name: &str) -> Option<&str> {
        let i = self.pairs.binary_search_by(|(n, _)| n.as_str().cmp(name)).ok()?;
        Some(&self.pairs[i].1)
    }

    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.pairs.iter().map(|(n, v)| (n.as_str(), v.as_str()))
    }

    /// Removes the labels for which `keep` says no.
    pub fn retain(&mut self, mut keep: impl FnMut(&str, &str) -> bool) -> &mut LabelsBuilder {
        self.pairs.retain(|(n, v)| keep(n, v));
        self
    }

    pub fn is_empty(&self) -> bool {
        self.pairs.is_empty()
    }

    pub fn clear(&mut self) {
        self.pairs.clear();
    }

    pub fn build(&self) -> Labels {
        Labels::from_sorted(self.iter())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn orders_pair_by_pair() {
        let a = Labels::from_pairs([("a", "1")]);
        let ab = Labels::from_pairs([("a", "1"), ("b", "1")]);
        let a2 = Labels::from_pairs([("a", "2")]);
        assert!(Labels::empty() < a && a < ab && ab < a2);
    }

    #[test]
    fn drops_empty_values_and_keeps_the_last() {
        let l = Labels::from_pairs([("b", "1"), ("a", ""), ("b", "2")]);
        assert_eq!(l, Labels::from_pairs([("b", "2")]));
        assert_eq!(l.value("a"), "");
    }

    #[test]
    fn parts_of_a_set_are_sets() {
        let long = "v".repeat(300);
        let l = Labels::from_pairs([("a", "1"), ("bb", long.as_str()), ("c", "3")]);
        assert_eq!(l.keep(&["bb"]), Labels::from_pairs([("bb", long.as_str())]));
        assert_eq!(l.without(&["bb", "x"]), Labels::from_pairs([("a", "1"), ("c", "3")]));
        assert_eq!(l.filter(|_| true), l);
        assert_eq!(l.filter(|_| false), Labels::empty());
        assert_eq!((l.get("bb"), l.get("b"), l.get("d")), (Some(long.as_str()), None, None));
        let joined: Vec<u8> = l.packed().flat_map(|l| l.bytes.to_vec()).collect();
        assert_eq!(joined, l.as_bytes());
    }

    #[test]
    fn prints_like_prometheus() {
        let check = |pairs: &[(&str, &str)], want: &str| {
            assert_eq!(Labels::from_pairs(pairs.iter().copied()).to_string(), want);
        };
        check(&[], "{}");
        check(&[("__name__", "up")], "up");
        check(&[("__name__", "up"), ("job", "a\"b")], r#"up{job="a\"b"}"#);
        check(&[("__name__", "a.b"), ("x y", "1")], r#"{"a.b", "x y"="1"}"#);
    }

    #[test]
    fn rejects_malformed_bytes() {
        let l = Labels::from_pairs([("a", "1"), ("b", "2")]);
        assert_eq!(Labels::from_bytes(l.as_bytes()), Some(l.clone()));
        assert_eq!(Labels::from_bytes(&l.as_bytes()[..3]), None);
        assert_eq!(Labels::from_bytes(&[1, b'b', 1, b'1', 1, b'a', 1, b'1']), None);
    }
}
