//! The fields of a mapping: a cursor that remembers which keys were asked for, and the macros that declare a
//! mapping (`section!`) or a closed set of words (`choice!`) once.

use super::{Kind, Node, Reader, Value, Yaml, read_value};

/// A mapping being read. Whoever reads a field asks for it by key; what nobody asked for is unknown.
pub(crate) struct Fields<'a> {
    node: &'a Node,
    asked: Vec<&'static str>,
}

impl<'a> Fields<'a> {
    /// The cursor of a mapping; anything else is a fault.
    pub fn open(node: &'a Node, reader: &mut Reader) -> Option<Fields<'a>> {
        if !matches!(node.kind, Kind::Map { .. }) {
            reader.fault(node, format!("expected a mapping, found {}", node.describe()));
            return None;
        }
        reader.report_duplicates(node);
        Some(Fields { node, asked: Vec::new() })
    }

    /// The mapping itself, for faults that are of no single field.
    pub fn node(&self) -> &'a Node {
        self.node
    }

    /// The value of a key, also when it is null.
    pub fn get(&self, key: &str) -> Option<&'a Node> {
        self.node.get(key)
    }

    /// Whether a key is there with something other than null or an empty text.
    pub fn has(&self, key: &str) -> bool {
        self.get(key).is_some_and(|n| !n.is_null() && n.scalar_text() != Some(""))
    }

    /// Where to point for a field: at it, or at the mapping when it is absent.
    pub fn at(&self, key: &str) -> &'a Node {
        self.node.key(key).unwrap_or(self.node)
    }

    /// Reads a field over its default, if it is there.
    pub fn read<T: Value>(&mut self, key: &'static str, into: &mut T, reader: &mut Reader) {
        self.asked.push(key);
        if let Some(node) = self.get(key) {
            reader.enter(key);
            read_value(into, node, reader);
            reader.leave();
        }
    }

    /// The node of a field that its reader deals with itself.
    pub fn take(&mut self, key: &'static str) -> Option<&'a Node> {
        self.asked.push(key);
        self.get(key)
    }

    /// A fault of one field of this mapping.
    pub fn fault(&self, key: &str, reason: impl Into<String>, reader: &mut Reader) {
        reader.enter(key);
        reader.fault(self.at(key), reason);
        reader.leave();
    }

    /// A fault of an entry of a field that is itself a mapping.
    pub fn fault_below(&self, key: &str, entry: &str, reason: impl Into<String>, reader: &mut Reader) {
        reader.enter(key);
        reader.enter(entry);
        let node = self.get(key).and_then(|n| n.key(entry)).unwrap_or_else(|| self.at(key));
        reader.fault(node, reason);
        reader.leave();
        reader.leave();
    }

    /// Reports the keys that nobody asked for.
    pub fn close(self, reader: &mut Reader) {
        let Kind::Map { entries, .. } = &self.node.kind else { return };
        if reader.ignore_unknown {
            return;
        }
        for (key, _) in entries {
            let name = key.text_lossy();
            if self.asked.contains(&name.as_str()) {
                continue;
            }
            let mut reason = format!("field {name} not found");
            if let Some(near) = nearest(&name, &self.asked) {
                reason.push_str(&format!(" (did you mean {near}?)"));
            }
            reader.enter(&name);
            reader.fault(key, reason);
            reader.leave();
        }
    }
}

/// No key is longer than this: past it, nothing is near.
const NAME_CHARS_MAX: usize = 64;

/// The known key that is few edits away: a third of its length, at most 3.
fn nearest(name: &str, known: &[&'static str]) -> Option<&'static str> {
    if name.chars().count() > NAME_CHARS_MAX {
        return None;
    }
    let allowed = (name.chars().count() / 3).clamp(1, 3);
    known
        .iter()
        .map(|k| (distance(name, k), *k))
        .filter(|(d, _)| *d <= allowed)
        .min_by_key(|(d, _)| *d)
        .map(|(_, k)| k)
}

/// Edits (insert, delete, replace) between two words.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, ca) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, cb) in b.iter().enumerate() {
            let replace = diagonal + usize::from(ca != *cb);
            diagonal = row[j + 1];
            row[j + 1] = replace.min(row[j] + 1).min(row[j + 1] + 1);
        }
    }
    row[b.len()]
}

/// A mapping with declared fields: what `section!` implements.
pub(crate) trait Section: Sized {
    fn start() -> Self;
    fn zero() -> Self;
    fn is_zero(&self) -> bool;
    /// Reads the declared fields through a cursor, which may be that of an enclosing mapping (an inlined section).
    fn read_fields(&mut self, fields: &mut Fields<'_>, reader: &mut Reader);
    fn print_fields(&self, out: &mut Vec<(String, Yaml)>);
}

/// Declares a section.
///
/// Each field has a kind: `key` (printed unless zero), `always` (printed even when zero), `inline` (its own fields
/// stand in this mapping), `derived` (neither read nor printed: a check fills it). `null = false` refuses null as an element of a list.
/// `before = function` is called with the cursor and the reader before the fields are read, `check = function` with
/// the section too when they are: it validates and completes.
macro_rules! section {
    (
        $(#[$meta:meta])*
        $visibility:vis struct $name:ident $(, null = $null:literal)? $(, before = $before:path)? $(, check = $check:path)? {
            $( $(#[$field_meta:meta])* $kind:ident $field:ident : $ty:ty = $default:expr ),* $(,)?
        }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq)]
        $visibility struct $name {
            $( $(#[$field_meta])* pub $field: $ty, )*
        }

        impl Default for $name {
            fn default() -> $name {
                $name { $( $field: $default, )* }
            }
        }

        impl $crate::yaml::Section for $name {
            fn start() -> $name {
                $name::default()
            }

            fn zero() -> $name {
                $name { $( $field: section!(@zero $kind, $ty, $default), )* }
            }

            fn is_zero(&self) -> bool {
                true $( && section!(@is_zero $kind, self, $field) )*
            }

            fn read_fields(
                &mut self,
                fields: &mut $crate::yaml::Fields<'_>,
                reader: &mut $crate::yaml::Reader,
            ) {
                $( $before(fields, reader); )?
                $( section!(@read $kind, self, $field, fields, reader); )*
                $( $check(self, fields, reader); )?
            }

            fn print_fields(&self, out: &mut Vec<(String, $crate::yaml::Yaml)>) {
                $( section!(@print $kind, self, $field, out); )*
            }
        }

        impl $crate::yaml::Value for $name {
            $( const NULL_ELEMENT: bool = $null; )?

            fn zero() -> $name {
                <$name as $crate::yaml::Section>::zero()
            }

            fn start() -> $name {
                <$name as $crate::yaml::Section>::start()
            }

            fn is_zero(&self) -> bool {
                $crate::yaml::Section::is_zero(self)
            }

            fn read(&mut self, node: &$crate::yaml::Node, reader: &mut $crate::yaml::Reader) {
                *self = <$name as $crate::yaml::Section>::start();
                let Some(mut fields) = $crate::yaml::Fields::open(node, reader) else { return };
                $crate::yaml::Section::read_fields(self, &mut fields, reader);
                fields.close(reader);
            }

            fn print(&self) -> $crate::yaml::Yaml {
                let mut out = Vec::new();
                $crate::yaml::Section::print_fields(self, &mut out);
                $crate::yaml::Yaml::Map(out)
            }
        }
    };

    (@zero derived, $ty:ty, $default:expr) => { $default };
    (@zero inline, $ty:ty, $default:expr) => { <$ty as $crate::yaml::Section>::zero() };
    (@zero $kind:ident, $ty:ty, $default:expr) => { <$ty as $crate::yaml::Value>::zero() };

    (@is_zero derived, $self:ident, $field:ident) => { true };
    (@is_zero inline, $self:ident, $field:ident) => { $crate::yaml::Section::is_zero(&$self.$field) };
    (@is_zero $kind:ident, $self:ident, $field:ident) => { $crate::yaml::Value::is_zero(&$self.$field) };

    (@read derived, $self:ident, $field:ident, $fields:ident, $reader:ident) => {};
    (@read inline, $self:ident, $field:ident, $fields:ident, $reader:ident) => {
        $crate::yaml::Section::read_fields(&mut $self.$field, $fields, $reader);
    };
    (@read $kind:ident, $self:ident, $field:ident, $fields:ident, $reader:ident) => {
        $fields.read($crate::yaml::fields::key_of(stringify!($field)), &mut $self.$field, $reader);
    };

    (@print inline, $self:ident, $field:ident, $out:ident) => {
        $crate::yaml::Section::print_fields(&$self.$field, $out);
    };
    (@print derived, $self:ident, $field:ident, $out:ident) => {};
    (@print always, $self:ident, $field:ident, $out:ident) => {
        $out.push((
            $crate::yaml::fields::key_of(stringify!($field)).to_owned(),
            $crate::yaml::Value::print(&$self.$field),
        ));
    };
    (@print key, $self:ident, $field:ident, $out:ident) => {
        if !$crate::yaml::Value::is_zero(&$self.$field) {
            section!(@print always, $self, $field, $out);
        }
    };
}

/// A field named by a Rust keyword is written `r#type`; its key is `type`.
pub(crate) fn key_of(field: &'static str) -> &'static str {
    field.strip_prefix("r#").unwrap_or(field)
}

/// Declares a closed set of words. `fold` is applied to a word before it is compared; `empty` says whether an empty
/// text leaves the default; the fault's text has `{}` where the word that was found goes, quoted.
macro_rules! choice {
    (
        $(#[$meta:meta])*
        pub enum $name:ident, fold = $fold:path, empty = $empty:literal, fault = $fault:literal {
            $( $(#[$variant_meta:meta])* $variant:ident = $word:literal ),* $(,)?
        }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
        pub enum $name {
            $( $(#[$variant_meta])* $variant, )*
        }

        impl $name {
            /// Every word, in the order of declaration.
            pub const ALL: &'static [$name] = &[ $( $name::$variant ),* ];

            /// The word in the file.
            pub fn as_str(self) -> &'static str {
                match self { $( $name::$variant => $word, )* }
            }

            pub fn parse(word: &str) -> Option<$name> {
                let folded: String = $fold(word);
                Self::ALL.iter().copied().find(|c| c.as_str() == folded)
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl $crate::yaml::Value for $name {
            const EMPTY_IS_NONE: bool = true;

            fn zero() -> $name {
                $name::default()
            }

            fn is_zero(&self) -> bool {
                false
            }

            fn read(&mut self, node: &$crate::yaml::Node, reader: &mut $crate::yaml::Reader) {
                let Some(word) = reader.text(node) else { return };
                if $empty && word.is_empty() {
                    return;
                }
                match $name::parse(&word) {
                    Some(choice) => *self = choice,
                    None => reader.fault(node, $fault.replace("{}", &format!("{word:?}"))),
                }
            }

            fn print(&self) -> $crate::yaml::Yaml {
                $crate::yaml::Yaml::Text(self.as_str().to_owned())
            }
        }
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn suggests_only_what_is_near() {
        let known = ["scrape_interval", "scrape_timeout", "consul_sd_configs"];
        assert_eq!(nearest("scrape_intervall", &known), Some("scrape_interval"));
        assert_eq!(nearest("consult_sd_configs", &known), Some("consul_sd_configs"));
        assert_eq!(nearest("port", &known), None);
        assert_eq!(distance("kitten", "sitting"), 3);
        assert_eq!(distance("", "ab"), 2);
    }
}
