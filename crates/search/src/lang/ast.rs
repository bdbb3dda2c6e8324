//! The tree of a query.
//!
//! Invariants, kept by [`Expr::and`], [`Expr::or`] and [`Expr::not`]: `And` and `Or` have at least two children, none
//! of their own kind; `Not` holds no `Not`. So a printed tree reads back as itself.

/// The bytes of the query that a term was read from. All are equal: a tree is what it says, not where.
#[derive(Clone, Copy, Debug, Default)]
pub struct At {
    pub start: u32,
    pub end: u32,
}

impl At {
    pub(crate) fn new(start: usize, end: usize) -> At {
        At { start: start as u32, end: end as u32 }
    }
}

impl PartialEq for At {
    fn eq(&self, _: &At) -> bool {
        true
    }
}
impl Eq for At {}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Expr {
    /// Every event: the empty query, and `*`.
    All,
    And(Vec<Expr>),
    Or(Vec<Expr>),
    /// Matches what its inside does not: an event without the field, too.
    Not(Box<Expr>),
    Term(Term),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Term {
    pub kind: TermKind,
    pub at: At,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TermKind {
    /// In any of the free-text columns.
    Text(TextTest),
    Field(Field, Test),
}

/// What is looked for in text. Letters of any case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TextTest {
    /// A word, with wildcards or without.
    Word(Pattern),
    Phrase(String),
    /// As written between the slashes, unescaped. Case counts, unless the expression says otherwise.
    Regex(String),
}

/// Where a field is looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum FieldScope {
    /// Built-in columns, then attributes of the record, then of the resource.
    Any,
    /// Attributes of the record: `attr.`, `span.`.
    Record,
    Resource,
    /// The instrumentation scope.
    Scope,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Field {
    pub scope: FieldScope,
    /// Without the prefix of the scope; as written, not resolved.
    pub name: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Test {
    /// `field:*`, `exists:field`.
    Exists,
    /// `field:value`: letters of any case, wildcards; in text columns the word is looked for.
    Is(TextTest),
    /// `field=value`, `field>value`: the exact value.
    Compare(Compare, Literal),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compare {
    Equal,
    /// The field is there and has another value; `-field=value` matches where it is absent, too.
    NotEqual,
    Greater,
    GreaterOrEqual,
    Less,
    LessOrEqual,
}

impl Compare {
    pub const ALL: [Compare; 6] = [
        Compare::Equal,
        Compare::NotEqual,
        Compare::Greater,
        Compare::GreaterOrEqual,
        Compare::Less,
        Compare::LessOrEqual,
    ];

    pub fn sign(self) -> &'static str {
        match self {
            Compare::Equal => "=",
            Compare::NotEqual => "!=",
            Compare::Greater => ">",
            Compare::GreaterOrEqual => ">=",
            Compare::Less => "<",
            Compare::LessOrEqual => "<=",
        }
    }

    pub(crate) fn holds(self, order: std::cmp::Ordering) -> bool {
        match self {
            Compare::Equal => order.is_eq(),
            Compare::NotEqual => order.is_ne(),
            Compare::Greater => order.is_gt(),
            Compare::GreaterOrEqual => order.is_ge(),
            Compare::Less => order.is_lt(),
            Compare::LessOrEqual => order.is_le(),
        }
    }
}

/// A value as written; what it means depends on the field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Literal {
    pub text: String,
    /// Then it is text, whatever it looks like.
    pub quoted: bool,
}

/// A word with wildcards: literal pieces are never empty and never side by side.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern(pub Vec<PatternPart>);

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PatternPart {
    Literal(String),
    /// `*`: any characters, or none.
    Many,
    /// `?`: one character.
    One,
}

impl Pattern {
    /// The text, when there is no wildcard in it.
    pub fn literal(&self) -> Option<&str> {
        match self.0.as_slice() {
            [PatternPart::Literal(text)] => Some(text),
            _ => None,
        }
    }

    pub(crate) fn push(&mut self, c: char) {
        match self.0.last_mut() {
            Some(PatternPart::Literal(text)) => text.push(c),
            _ => self.0.push(PatternPart::Literal(c.to_string())),
        }
    }

    /// Matches everything.
    pub(crate) fn is_all(&self) -> bool {
        !self.0.is_empty() && self.0.iter().all(|part| *part == PatternPart::Many)
    }
}

impl Expr {
    pub(crate) fn and(children: Vec<Expr>) -> Expr {
        let mut flat = Vec::with_capacity(children.len());
        for child in children {
            match child {
                Expr::And(inner) => flat.extend(inner),
                // Says nothing beside others.
                Expr::All => {}
                other => flat.push(other),
            }
        }
        match flat.len() {
            0 => Expr::All,
            1 => flat.remove(0),
            _ => Expr::And(flat),
        }
    }

    pub(crate) fn or(children: Vec<Expr>) -> Expr {
        let mut flat = Vec::with_capacity(children.len());
        for child in children {
            match child {
                Expr::Or(inner) => flat.extend(inner),
                other => flat.push(other),
            }
        }
        if flat.len() == 1 { flat.remove(0) } else { Expr::Or(flat) }
    }

    pub(crate) fn not(inner: Expr) -> Expr {
        match inner {
            Expr::Not(inner) => *inner,
            other => Expr::Not(Box::new(other)),
        }
    }

    /// Calls for each term, in the order written.
    pub fn each_term(&self, visit: &mut impl FnMut(&Term)) {
        match self {
            Expr::All => {}
            Expr::And(children) | Expr::Or(children) => {
                children.iter().for_each(|child| child.each_term(visit))
            }
            Expr::Not(inner) => inner.each_term(visit),
            Expr::Term(term) => visit(term),
        }
    }
}

impl Field {
    pub fn any(name: &str) -> Field {
        Field { scope: FieldScope::Any, name: name.to_owned() }
    }

    /// Reads a field with the prefix of its scope: `resource.k8s.pod.name`.
    pub fn parse(name: &str) -> Field {
        for (prefix, scope) in SCOPE_PREFIXES {
            if let Some(rest) = name.strip_prefix(prefix)
                && !rest.is_empty()
            {
                return Field { scope, name: rest.to_owned() };
            }
        }
        Field::any(name)
    }
}

/// Prefixes of scopes; the first of a scope is the one it is printed with.
const SCOPE_PREFIXES: [(&str, FieldScope); 4] = [
    ("attr.", FieldScope::Record),
    ("span.", FieldScope::Record),
    ("resource.", FieldScope::Resource),
    ("scope.", FieldScope::Scope),
];

impl FieldScope {
    /// What stands before the name; nothing for [`FieldScope::Any`].
    pub fn prefix(self) -> &'static str {
        SCOPE_PREFIXES.iter().find(|(_, scope)| *scope == self).map_or("", |(prefix, _)| prefix)
    }
}
