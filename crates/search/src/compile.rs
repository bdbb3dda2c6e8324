//! From a tree and the columns of a store to a filter, and to what may be left out without looking.
//!
//! The filter is exact; [`Prune`] is only what follows from it for certain: a page that it leaves out holds no match.
//! Errors are what cannot be meant (a duration that is none); a field that no event has is a warning, and matches
//! nothing.

pub(crate) mod field;
mod imply;

use crate::check::{Check, NumberRule, TextRule, number_rule, severity_rule, unit_ns};
use crate::lang::{
    At, Compare, Expr, Field, FieldScope, Literal, Quantity, QueryError, Term, TermKind, Test, TextTest,
    closest, parse_time_ns,
};
use crate::text::{TextMatcher, ValueMatcher};
use arrow::datatypes::DataType;
use events::columns::Columns;
use events::scan::{ColumnRef, Prune};
use field::{BODY_PREFIX, Meaning, Place, Source, resolve};
use model::event::{Kind, SpanId, SpanKind, Status, TraceId, ValueKind, severity};
use std::sync::Arc;

/// A query made ready for one store's columns.
#[derive(Debug)]
pub(crate) struct Filter {
    pub root: Node,
    /// What the tests look at; nodes say which by number.
    pub columns: Vec<ColumnRef>,
    /// What follows from the filter and the range.
    pub prune: Prune,
    /// Services by a test that is not exact: those it names, in any case; the caller knows which there are.
    pub services: Vec<Check>,
    pub warnings: Vec<String>,
}

#[derive(Debug)]
pub(crate) enum Node {
    Constant(bool),
    And(Vec<Node>),
    Or(Vec<Node>),
    Not(Box<Node>),
    /// A test of one column.
    Leaf(Leaf),
    /// The first level on which a row has a value decides.
    Levels(Vec<Vec<Leaf>>),
}

#[derive(Debug)]
pub(crate) struct Leaf {
    pub column: usize,
    pub test: LeafTest,
}

#[derive(Debug)]
pub(crate) enum LeafTest {
    Exists,
    Check(Arc<Check>),
    /// Free text, in a column of text.
    Text(Arc<TextMatcher>),
    /// A time: nanoseconds compared.
    Time(Compare, i64),
    /// Bytes of an id: equal, or not when the flag is false.
    Id(Vec<u8>, bool),
    /// The printed id.
    PrintedId(Arc<ValueMatcher>),
    /// A value in a JSON object.
    Overflow(String, Arc<Check>),
}

impl Leaf {
    /// Whether the test looks for words in a value.
    pub fn searches_text(&self) -> bool {
        match &self.test {
            LeafTest::Text(_) | LeafTest::Overflow(..) => true,
            LeafTest::Check(check) => matches!(check.text, TextRule::Find(_)),
            _ => false,
        }
    }

    /// How long a test takes, roughly, beside others.
    pub fn cost(&self) -> u32 {
        match &self.test {
            LeafTest::Exists | LeafTest::Time(..) => 1,
            LeafTest::Check(check) if matches!(check.text, TextRule::Find(_)) => 20,
            LeafTest::Check(_) => 2,
            LeafTest::Id(..) => 3,
            LeafTest::Text(_) => 20,
            LeafTest::PrintedId(_) => 30,
            LeafTest::Overflow(..) => 100,
        }
    }
}

impl Node {
    fn cost(&self) -> u32 {
        match self {
            Node::Constant(_) => 0,
            Node::And(children) | Node::Or(children) => children.iter().map(Node::cost).sum(),
            Node::Not(inner) => inner.cost(),
            Node::Leaf(leaf) => leaf.cost(),
            Node::Levels(levels) => levels.iter().flatten().map(|leaf| leaf.cost() + 1).sum(),
        }
    }
}

impl Filter {
    /// `query` is the text that `expr` was read from, for the places of errors.
    pub fn new(query: &str, expr: &Expr, columns: &Columns, within: Prune) -> Result<Filter, QueryError> {
        let mut compiler = Compiler {
            query,
            kind: columns.kind(),
            store: columns,
            columns: Vec::new(),
            warnings: Vec::new(),
        };
        let root = compiler.node(expr)?;
        let implied = imply::implied(columns.kind(), expr);
        let mut prune = within;
        prune.start_ns = prune.start_ns.max(implied.start_ns);
        prune.end_ns = prune.end_ns.min(implied.end_ns);
        prune.tokens.extend(implied.tokens);
        prune.trace_ids = match (prune.trace_ids, implied.trace_ids) {
            (Some(given), Some(more)) => Some(given.into_iter().filter(|id| more.contains(id)).collect()),
            (given, more) => given.or(more),
        };
        let mut warnings = compiler.warnings;
        warnings.dedup();
        let services = compile_services(implied.services);
        Ok(Filter { root, columns: compiler.columns, prune, services, warnings })
    }

    /// Whether it matches every event (of the range).
    pub fn is_all(&self) -> bool {
        matches!(self.root, Node::Constant(true))
    }

    pub fn is_nothing(&self) -> bool {
        matches!(self.root, Node::Constant(false)) || self.prune.start_ns >= self.prune.end_ns
    }
}

fn compile_services(tests: Option<Vec<Test>>) -> Vec<Check> {
    let checks = tests.unwrap_or_default();
    // What does not compile was reported where it stands in the tree.
    checks.iter().filter_map(|test| Check::attribute(test, false, 1.0).ok()).collect()
}

struct Compiler<'a> {
    query: &'a str,
    kind: Kind,
    store: &'a Columns,
    columns: Vec<ColumnRef>,
    warnings: Vec<String>,
}

type Compiled<T> = Result<T, QueryError>;

impl Compiler<'_> {
    fn error(&self, at: At, message: impl Into<String>) -> QueryError {
        QueryError::new(self.query, at, message)
    }

    fn column(&mut self, column: &ColumnRef) -> usize {
        match self.columns.iter().position(|known| known == column) {
            Some(at) => at,
            None => {
                self.columns.push(column.clone());
                self.columns.len() - 1
            }
        }
    }

    fn leaf(&mut self, column: &ColumnRef, test: LeafTest) -> Leaf {
        Leaf { column: self.column(column), test }
    }

    fn node(&mut self, expr: &Expr) -> Compiled<Node> {
        Ok(match expr {
            Expr::All => Node::Constant(true),
            Expr::Not(inner) => match self.node(inner)? {
                Node::Constant(value) => Node::Constant(!value),
                inner => Node::Not(Box::new(inner)),
            },
            Expr::And(children) => {
                let mut nodes =
                    children.iter().map(|child| self.node(child)).collect::<Compiled<Vec<_>>>()?;
                if nodes.iter().any(|node| matches!(node, Node::Constant(false))) {
                    return Ok(Node::Constant(false));
                }
                nodes.retain(|node| !matches!(node, Node::Constant(true)));
                nodes.sort_by_key(Node::cost);
                match nodes.len() {
                    0 => Node::Constant(true),
                    1 => nodes.remove(0),
                    _ => Node::And(nodes),
                }
            }
            Expr::Or(children) => {
                let mut nodes =
                    children.iter().map(|child| self.node(child)).collect::<Compiled<Vec<_>>>()?;
                if nodes.iter().any(|node| matches!(node, Node::Constant(true))) {
                    return Ok(Node::Constant(true));
                }
                nodes.retain(|node| !matches!(node, Node::Constant(false)));
                nodes.sort_by_key(Node::cost);
                match nodes.len() {
                    0 => Node::Constant(false),
                    1 => nodes.remove(0),
                    _ => Node::Or(nodes),
                }
            }
            Expr::Term(term) => match &term.kind {
                TermKind::Text(test) => self.free_text(test, term.at)?,
                TermKind::Field(field, test) => self.field(term, field, test)?,
            },
        })
    }

    fn free_text(&mut self, test: &TextTest, at: At) -> Compiled<Node> {
        let matcher = Arc::new(TextMatcher::new(test).map_err(|e| self.error(at, e))?);
        let mut nodes = Vec::new();
        for name in events::segment::free_text(self.kind) {
            let Some(column) = self.store.get(name) else { continue };
            if column.kind == ValueKind::Str {
                let column = field::column_ref(column);
                nodes.push(Node::Leaf(self.leaf(&column, LeafTest::Text(Arc::clone(&matcher)))));
            }
        }
        Ok(if nodes.len() == 1 { nodes.remove(0) } else { Node::Or(nodes) })
    }

    fn field(&mut self, term: &Term, field: &Field, test: &Test) -> Compiled<Node> {
        match resolve(self.kind, field, self.store) {
            Place::Builtin { column, meaning } => {
                let test = match self.builtin_test(meaning, test, term.at) {
                    // Under another name it was only a guess.
                    Err(_)
                        if meaning == Meaning::Severity
                            && field::builtin_name(self.kind, field).is_none() =>
                    {
                        self.unknown(field);
                        return Ok(Node::Constant(false));
                    }
                    test => test?,
                };
                Ok(Node::Leaf(self.leaf(&column, test)))
            }
            Place::Levels { levels, meaning } => {
                let unit = unit_ns(&field.name);
                let check = Check::attribute(test, meaning == Meaning::FreeText, unit)
                    .map_err(|e| self.error(term.at, e))?;
                self.levels(&levels, test, Arc::new(check))
            }
            Place::Nowhere => {
                self.unknown(field);
                Ok(Node::Constant(false))
            }
        }
    }

    fn levels(&mut self, levels: &[Vec<Source>], test: &Test, check: Arc<Check>) -> Compiled<Node> {
        let mut nodes: Vec<Vec<Leaf>> = Vec::new();
        for level in levels {
            let mut leaves = Vec::new();
            for source in level {
                let leaf_test = match source {
                    Source::Overflow { key, .. } => LeafTest::Overflow(key.clone(), Arc::clone(&check)),
                    Source::Column { .. } if *test == Test::Exists => LeafTest::Exists,
                    // Words are looked for in arrays and maps, which nobody writes whole.
                    Source::Column { kind: ValueKind::Json, .. } => match test {
                        Test::Is(test) => match TextMatcher::new(test) {
                            Ok(matcher) => LeafTest::Text(Arc::new(matcher)),
                            Err(_) => LeafTest::Check(Arc::clone(&check)),
                        },
                        _ => LeafTest::Check(Arc::clone(&check)),
                    },
                    Source::Column { .. } => LeafTest::Check(Arc::clone(&check)),
                };
                leaves.push(self.leaf(source.column(), leaf_test));
            }
            nodes.push(leaves);
        }
        let single = nodes.len() == 1;
        let first = nodes.first_mut().filter(|_| single).filter(|level| level.len() == 1);
        Ok(match first.and_then(|level| level.pop()) {
            Some(leaf) => Node::Leaf(leaf),
            None => Node::Levels(nodes),
        })
    }

    fn unknown(&mut self, field: &Field) {
        let written = crate::lang::print_field(field);
        let mut warning = format!("no event in this range has the field {written}");
        if let Some(name) = closest(&field.name, field::names(self.kind, self.store)) {
            warning.push_str(&format!("; did you mean {name}?"));
        } else if self.kind != Kind::Span && field.scope == FieldScope::Any {
            warning.push_str(&format!("; a key of a JSON body is written {BODY_PREFIX}{written}"));
        }
        self.warnings.push(warning);
    }

    fn builtin_test(&mut self, meaning: Meaning, test: &Test, at: At) -> Compiled<LeafTest> {
        if *test == Test::Exists {
            return Ok(match meaning {
                // 0 stands for what is not known.
                Meaning::Severity => check(Check::number(NumberRule::Integer(Compare::Greater, 0))),
                _ => LeafTest::Exists,
            });
        }
        match meaning {
            Meaning::Plain | Meaning::FreeText => {
                let free_text = meaning == Meaning::FreeText;
                let check = Check::attribute(test, free_text, 1.0).map_err(|e| self.error(at, e))?;
                Ok(LeafTest::Check(Arc::new(check)))
            }
            Meaning::Time => self.time(test, at),
            Meaning::Duration => self.duration(test, at),
            Meaning::Severity => self.severity(test, at),
            Meaning::TraceId => self.id(test, at, |hex| TraceId::parse(hex).map(|id| id.0.to_vec()), 32),
            Meaning::SpanId => self.id(test, at, |hex| SpanId::parse(hex).map(|id| id.0.to_vec()), 16),
            Meaning::SpanKind => {
                let names = SpanKind::ALL.map(SpanKind::name);
                self.one_of(test, at, "kind of a span", &names)
            }
            Meaning::SpanStatus => self.one_of(test, at, "status of a span", &Status::ALL.map(Status::name)),
        }
    }

    fn time(&mut self, test: &Test, at: At) -> Compiled<LeafTest> {
        let (compare, text) = self.plain(test, at, "a time")?;
        let time = parse_time_ns(&text).ok_or_else(|| {
            self.error(at, format!("`{text}` is not a time"))
                .hint("write 2026-01-31T12:00:00Z, 2026-01-31 or Unix seconds")
        })?;
        Ok(LeafTest::Time(compare, time))
    }

    fn duration(&mut self, test: &Test, at: At) -> Compiled<LeafTest> {
        let (compare, text) = self.plain(test, at, "a duration")?;
        let wrong = |error: QueryError| error.hint("write 500ms, 1.5s or 2m");
        match Quantity::parse(&text) {
            Some(quantity @ (Quantity::Integer(_) | Quantity::Number(_))) => {
                if quantity.number() != 0.0 {
                    self.warnings
                        .push(format!("a duration without a unit is in nanoseconds: {text}; write {text}ms"));
                }
                Ok(check(Check::number(number_rule(compare, quantity, 1.0))))
            }
            Some(quantity @ Quantity::Duration(_)) => {
                Ok(check(Check::number(number_rule(compare, quantity, 1.0))))
            }
            Some(Quantity::Size(_)) => {
                Err(wrong(self.error(at, format!("`{text}` is a size, not a duration"))))
            }
            None => Err(wrong(self.error(at, format!("`{text}` is not a duration")))),
        }
    }

    fn severity(&mut self, test: &Test, at: At) -> Compiled<LeafTest> {
        let (compare, text) = self.plain(test, at, "a severity")?;
        if let Some(number) = text.parse::<i64>().ok().filter(|number| (0..=24).contains(number)) {
            return Ok(check(Check::number(NumberRule::Integer(compare, number))));
        }
        let Some(low) = severity::parse(&text) else {
            let words = ["trace", "debug", "info", "warn", "error", "fatal"];
            let error = self.error(at, format!("`{text}` is not a severity"));
            return Err(match closest(&text, words) {
                Some(word) => error.hint(format!("did you mean {word}?")),
                None => error.hint("write trace, debug, info, warn, error, fatal or a number from 1 to 24"),
            });
        };
        Ok(check(Check::number(severity_rule(compare, low))))
    }

    fn id(
        &mut self,
        test: &Test,
        at: At,
        parse: impl Fn(&str) -> Option<Vec<u8>>,
        digits: usize,
    ) -> Compiled<LeafTest> {
        if let Test::Is(test @ (TextTest::Regex(_) | TextTest::Word(_))) = test
            && !matches!(test, TextTest::Word(pattern) if pattern.literal().is_some())
        {
            let matcher = ValueMatcher::new(test).map_err(|e| self.error(at, e))?;
            return Ok(LeafTest::PrintedId(Arc::new(matcher)));
        }
        let (compare, text) = self.plain(test, at, "an id")?;
        let wanted = match compare {
            Compare::Equal => true,
            Compare::NotEqual => false,
            _ => return Err(self.error(at, "ids have no order").hint("compare with `=` or `!=`")),
        };
        let id = parse(&text).ok_or_else(|| {
            self.error(at, format!("`{text}` is not an id of {digits} hexadecimal digits"))
                .hint("for ids that begin with something, end it with `*`")
        })?;
        Ok(LeafTest::Id(id, wanted))
    }

    fn one_of(&mut self, test: &Test, at: At, what: &str, names: &[&str]) -> Compiled<LeafTest> {
        let plain = match test {
            Test::Is(TextTest::Word(pattern)) => pattern.literal(),
            Test::Is(TextTest::Phrase(text)) => Some(text.as_str()),
            Test::Compare(_, literal) => Some(literal.text.as_str()),
            _ => None,
        };
        if let Some(word) = plain
            && !names.iter().any(|name| name.eq_ignore_ascii_case(word))
        {
            let error = self.error(at, format!("`{word}` is no {what}"));
            return Err(match closest(word, names.iter().copied()) {
                Some(name) => error.hint(format!("did you mean {name}?")),
                None => error.hint(format!("it is one of {}", names.join(", "))),
            });
        }
        // `status=ERROR` is meant, too: there is one way to write them in the store.
        let test = match test {
            Test::Compare(compare, literal) => {
                Test::Compare(*compare, Literal { text: literal.text.to_ascii_lowercase(), quoted: true })
            }
            other => other.clone(),
        };
        Ok(check(Check::attribute(&test, false, 1.0).map_err(|e| self.error(at, e))?))
    }

    /// Comparison and text of a test whose value must be plain.
    fn plain(&self, test: &Test, at: At, what: &str) -> Compiled<(Compare, String)> {
        match test {
            Test::Compare(compare, literal) => Ok((*compare, literal.text.clone())),
            Test::Is(TextTest::Phrase(text)) => Ok((Compare::Equal, text.clone())),
            Test::Is(TextTest::Word(pattern)) if pattern.literal().is_some() => {
                Ok((Compare::Equal, pattern.literal().unwrap_or_default().to_owned()))
            }
            _ => Err(self.error(at, format!("{what} is compared as a whole"))),
        }
    }
}

fn check(check: Check) -> LeafTest {
    LeafTest::Check(Arc::new(check))
}

/// The column that holds the time of an event.
pub(crate) fn time_column() -> ColumnRef {
    ColumnRef::time("time")
}

/// The column of trace ids.
pub(crate) fn trace_column() -> ColumnRef {
    ColumnRef::new("trace_id", DataType::FixedSizeBinary(16))
}
