//! A YAML document as a tree of nodes that know where they stand.
//!
//! Aliases are shared subtrees. Merge keys (`<<`) are resolved here: a key of the mapping itself wins over a merged
//! one, an earlier merged mapping over a later. Repeated keys are kept aside, to be reported by who reads the
//! mapping and so knows the way to it. Only the first document of a stream is read, as Prometheus does.

use saphyr_parser::{Event, Parser, ScalarStyle, ScanError, Span, Tag};
use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::rc::Rc;

/// Nodes of one document with every alias counted as often as it is used. A real file of 1,000 jobs with 100
/// nodes each has 100,000; ten times that stops aliases of aliases of aliases.
const NODES_MAX: usize = 1_000_000;
/// Nesting of one document. The deepest configuration nests 12 levels.
const DEPTH_MAX: usize = 100;

/// A node and where it begins (both from 1).
#[derive(Clone, Debug)]
pub(crate) struct Node {
    pub line: usize,
    pub column: usize,
    pub kind: Kind,
    /// Nodes in this subtree, itself included, aliases counted in full.
    size: usize,
}

#[derive(Clone, Debug)]
pub(crate) enum Kind {
    Scalar(Scalar),
    Seq(Vec<Rc<Node>>),
    Map {
        /// In the order of the file, merged ones last.
        entries: Vec<(Rc<Node>, Rc<Node>)>,
        /// Keys that stood there before.
        duplicates: Vec<Rc<Node>>,
    },
}

#[derive(Clone, Debug)]
pub(crate) struct Scalar {
    pub text: String,
    pub style: Style,
    /// The suffix of a `!!tag`, such as `binary`.
    pub tag: Option<String>,
}

/// How a scalar is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Style {
    /// Neither quoted nor a block: only then a word like `true` is more than text.
    Plain,
    Quoted,
    /// After `|` or `>`.
    Block,
}

impl Scalar {
    pub fn is_plain(&self) -> bool {
        self.style == Style::Plain
    }
}

/// Why a text is no YAML.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct SyntaxFault {
    pub line: usize,
    pub column: usize,
    pub reason: String,
}

impl Node {
    /// What stands where something is missing: null, at the beginning.
    pub fn null() -> Node {
        let kind = Kind::Scalar(Scalar { text: String::new(), style: Style::Plain, tag: None });
        Node { line: 1, column: 1, kind, size: 1 }
    }

    pub fn is_null(&self) -> bool {
        match &self.kind {
            Kind::Scalar(s) if s.tag.as_deref() == Some("null") => true,
            Kind::Scalar(s) => {
                s.is_plain()
                    && s.tag.is_none()
                    && matches!(s.text.as_str(), "" | "~" | "null" | "Null" | "NULL")
            }
            _ => false,
        }
    }

    pub fn describe(&self) -> &'static str {
        match &self.kind {
            Kind::Scalar(_) if self.is_null() => "nothing",
            Kind::Scalar(_) => "a single value",
            Kind::Seq(_) => "a list",
            Kind::Map { .. } => "a mapping",
        }
    }

    /// The value of a key of a mapping.
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.entry(key).map(|(_, value)| value)
    }

    /// The key itself, for its position.
    pub fn key(&self, key: &str) -> Option<&Node> {
        self.entry(key).map(|(key, _)| key)
    }

    fn entry(&self, key: &str) -> Option<(&Node, &Node)> {
        let Kind::Map { entries, .. } = &self.kind else { return None };
        let found = entries.iter().find(|(k, _)| k.scalar_text() == Some(key));
        found.map(|(k, v)| (&**k, &**v))
    }

    /// A node at a byte of this scalar's text: exact in texts of one line without escapes and in blocks, the
    /// scalar's own place elsewhere.
    pub fn within(&self, offset: usize) -> Node {
        let mut place = Node { kind: Node::null().kind, size: 1, ..*self };
        let Kind::Scalar(scalar) = &self.kind else { return place };
        let before = scalar.text.get(..offset).unwrap_or(&scalar.text);
        match scalar.style {
            // A block's node stands where its text begins, and all its lines are indented alike.
            Style::Block => {
                place.line += before.matches('\n').count();
                place.column += before.rsplit('\n').next().unwrap_or("").chars().count();
            }
            _ if scalar.text.contains('\n') => {}
            style => place.column += before.chars().count() + usize::from(style == Style::Quoted),
        }
        place
    }

    pub fn scalar_text(&self) -> Option<&str> {
        match &self.kind {
            Kind::Scalar(s) => Some(&s.text),
            _ => None,
        }
    }

    /// The text of a scalar, or a word for what stands there instead.
    pub fn text_lossy(&self) -> String {
        self.scalar_text().unwrap_or(self.describe()).to_owned()
    }
}

/// Reads the first document. An empty text gives a null node.
pub(crate) fn parse(text: &str) -> Result<Rc<Node>, SyntaxFault> {
    let mut text = Cow::Borrowed(text);
    let mut repairs = 0;
    loop {
        match parse_once(&text) {
            Ok(root) => return Ok(root),
            Err(Refusal::Tab(index, _)) if repairs < TABS_MAX => {
                text = Cow::Owned(without_tabs_before(&text, index));
                repairs += 1;
            }
            Err(Refusal::Tab(_, fault) | Refusal::Fault(fault)) => return Err(fault),
        }
    }
}

/// Tabs after a colon that are made spaces in one document; each costs a reading.
const TABS_MAX: usize = 100;

enum Refusal {
    /// The scanner refuses a tab between a colon and a value, which Go's reader takes. With the index of the
    /// character after it.
    Tab(usize, SyntaxFault),
    Fault(SyntaxFault),
}

impl From<SyntaxFault> for Refusal {
    fn from(fault: SyntaxFault) -> Refusal {
        Refusal::Fault(fault)
    }
}

fn parse_once(text: &str) -> Result<Rc<Node>, Refusal> {
    let mut builder = Builder::default();
    let mut parser = Parser::new_from_str(text);
    while let Some(event) = parser.next_event() {
        let (event, span) = event.map_err(|e| refusal(&e))?;
        if builder.take(event, span)? {
            break;
        }
    }
    Ok(builder.root.unwrap_or_else(|| Rc::new(Node::null())))
}

fn refusal(error: &ScanError) -> Refusal {
    let mark = error.marker();
    let fault =
        SyntaxFault { line: mark.line(), column: mark.col() + 1, reason: format!("yaml: {}", error.info()) };
    if error.info().starts_with("':' must be followed") {
        Refusal::Tab(mark.index(), fault)
    } else {
        Refusal::Fault(fault)
    }
}

/// The text with the tabs directly before a character made spaces.
fn without_tabs_before(text: &str, index: usize) -> String {
    let mut chars: Vec<char> = text.chars().collect();
    let end = index.min(chars.len());
    for c in chars[..end].iter_mut().rev().take_while(|c| **c == '\t') {
        *c = ' ';
    }
    chars.into_iter().collect()
}

/// A collection whose end has not come yet.
struct Open {
    line: usize,
    column: usize,
    anchor: usize,
    is_map: bool,
    children: Vec<Rc<Node>>,
}

#[derive(Default)]
struct Builder {
    stack: Vec<Open>,
    anchors: HashMap<usize, Rc<Node>>,
    root: Option<Rc<Node>>,
}

impl Builder {
    /// Takes one event; `true` when the document is complete.
    fn take(&mut self, event: Event<'_>, span: Span) -> Result<bool, SyntaxFault> {
        let (line, column) = (span.start.line(), span.start.col() + 1);
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                let style = match style {
                    ScalarStyle::Plain => Style::Plain,
                    ScalarStyle::SingleQuoted | ScalarStyle::DoubleQuoted => Style::Quoted,
                    ScalarStyle::Literal | ScalarStyle::Folded => Style::Block,
                };
                let kind = Kind::Scalar(Scalar { text: text.into_owned(), style, tag: tag_name(tag) });
                self.add(Rc::new(Node { line, column, kind, size: 1 }), anchor)?;
            }
            Event::SequenceStart(anchor, _) => self.open(line, column, anchor, false)?,
            Event::MappingStart(anchor, _) => self.open(line, column, anchor, true)?,
            Event::SequenceEnd | Event::MappingEnd => self.end()?,
            Event::Alias(id) => match self.anchors.get(&id) {
                Some(node) => {
                    let node = Rc::clone(node);
                    self.add(node, 0)?;
                }
                None => {
                    let reason = "yaml: an anchor contains itself".to_owned();
                    return Err(SyntaxFault { line, column, reason });
                }
            },
            Event::DocumentEnd | Event::StreamEnd => return Ok(true),
            Event::Nothing | Event::StreamStart | Event::DocumentStart(_) => {}
        }
        Ok(false)
    }

    fn open(&mut self, line: usize, column: usize, anchor: usize, is_map: bool) -> Result<(), SyntaxFault> {
        if self.stack.len() >= DEPTH_MAX {
            let reason = format!("yaml: nested deeper than {DEPTH_MAX} levels");
            return Err(SyntaxFault { line, column, reason });
        }
        self.stack.push(Open { line, column, anchor, is_map, children: Vec::new() });
        Ok(())
    }

    fn end(&mut self) -> Result<(), SyntaxFault> {
        let Some(open) = self.stack.pop() else { return Ok(()) };
        let size = 1 + open.children.iter().map(|c| c.size).sum::<usize>();
        let kind = if open.is_map { map_of(open.children)? } else { Kind::Seq(open.children) };
        let node = Node { line: open.line, column: open.column, kind, size };
        self.add(Rc::new(node), open.anchor)
    }

    fn add(&mut self, node: Rc<Node>, anchor: usize) -> Result<(), SyntaxFault> {
        if node.size > NODES_MAX {
            let reason = format!("yaml: more than {NODES_MAX} nodes with aliases expanded");
            return Err(SyntaxFault { line: node.line, column: node.column, reason });
        }
        if anchor != 0 {
            self.anchors.insert(anchor, Rc::clone(&node));
        }
        match self.stack.last_mut() {
            Some(open) => open.children.push(node),
            None => self.root = Some(node),
        }
        Ok(())
    }
}

fn tag_name(tag: Option<Cow<'_, Tag>>) -> Option<String> {
    let tag = tag?;
    if tag.is_yaml_core_schema() { Some(tag.suffix.clone()) } else { None }
}

/// Pairs keys with values, sets repeated keys aside and merges.
fn map_of(children: Vec<Rc<Node>>) -> Result<Kind, SyntaxFault> {
    let (mut entries, mut duplicates, mut merged) = (Vec::new(), Vec::new(), Vec::new());
    let mut seen: HashSet<String> = HashSet::new();
    let mut children = children.into_iter();
    while let (Some(key), Some(value)) = (children.next(), children.next()) {
        if is_merge(&key) {
            merged.push(value);
        } else if seen.insert(key_identity(&key)) {
            entries.push((key, value));
        } else {
            duplicates.push(key);
        }
    }
    for value in &merged {
        for (key, value) in merge_entries(value)? {
            if seen.insert(key_identity(&key)) {
                entries.push((key, value));
            }
        }
    }
    Ok(Kind::Map { entries, duplicates })
}

fn is_merge(key: &Node) -> bool {
    matches!(&key.kind, Kind::Scalar(s) if s.text == "<<" && s.is_plain())
}

fn key_identity(key: &Node) -> String {
    match &key.kind {
        Kind::Scalar(s) => s.text.clone(),
        // A collection as a key means nothing here and is reported as unknown; it must only not equal another.
        _ => format!("\0{}:{}", key.line, key.column),
    }
}

type Entries = Vec<(Rc<Node>, Rc<Node>)>;

fn merge_entries(value: &Node) -> Result<Entries, SyntaxFault> {
    match &value.kind {
        Kind::Map { entries, .. } => Ok(entries.clone()),
        Kind::Seq(items) if items.iter().all(|i| matches!(i.kind, Kind::Map { .. })) => {
            let mut all = Vec::new();
            for item in items {
                all.extend(merge_entries(item)?);
            }
            Ok(all)
        }
        _ => Err(SyntaxFault {
            line: value.line,
            column: value.column,
            reason: "yaml: map merge requires map or sequence of maps as the value".to_owned(),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text<'a>(node: &'a Node, key: &str) -> Option<&'a str> {
        node.get(key)?.scalar_text()
    }

    #[test]
    fn knows_where_things_stand() {
        let doc = parse("a: 1\nb:\n  - c: x\n    d: 'y'\n").unwrap();
        let Kind::Seq(items) = &doc.get("b").unwrap().kind else { panic!() };
        let d = items[0].get("d").unwrap();
        assert_eq!((d.line, d.column), (4, 8));
        assert_eq!(doc.key("b").unwrap().line, 2);
    }

    #[test]
    fn merges_with_own_keys_winning() {
        let doc = parse("x: &x {a: 1, b: 1}\ny: &y {b: 2, c: 2}\nz:\n  a: 0\n  <<: [*x, *y]\n").unwrap();
        let z = doc.get("z").unwrap();
        assert_eq!((text(z, "a"), text(z, "b"), text(z, "c")), (Some("0"), Some("1"), Some("2")));
        assert!(parse("a:\n  <<: 3\n").unwrap_err().reason.contains("map merge"));
    }

    #[test]
    fn sets_repeated_keys_aside() {
        let doc = parse("a: 1\n\"a\": 2\n").unwrap();
        let Kind::Map { entries, duplicates } = &doc.kind else { panic!() };
        assert_eq!((entries.len(), duplicates.len(), duplicates[0].line), (1, 1, 2));
    }

    #[test]
    fn refuses_bombs_depth_and_cycles() {
        let mut bomb = "a0: &a0 [x]\n".to_owned();
        for i in 1..12 {
            let alias = format!("*a{}", i - 1);
            bomb.push_str(&format!("a{i}: &a{i} [{}]\n", [alias.as_str(); 9].join(", ")));
        }
        assert!(parse(&bomb).unwrap_err().reason.contains("nodes"));
        assert!(parse(&"[".repeat(500)).is_err());
        assert!(parse("a: &a [*a]\n").is_err());
        assert!(parse("a: *b\n").is_err());
    }

    #[test]
    fn takes_what_go_takes() {
        let doc = parse("a:\tx\t# c\nb:\t\tit\nc: |\n  k:\tv\n").unwrap();
        assert_eq!(
            (text(&doc, "a"), text(&doc, "b"), text(&doc, "c")),
            (Some("x"), Some("it"), Some("k:\tv\n"))
        );
        assert_eq!(text(&parse("\u{feff}a: 1\r\nb: 2\r\n").unwrap(), "b"), Some("2"));
        assert_eq!(text(&parse("a: 1\n---\nb: [\n").unwrap(), "a"), Some("1"));
        assert_eq!(parse("b:\n\ta: 1\n").unwrap_err().line, 2);
    }

    #[test]
    fn null_in_all_spellings() {
        assert!(
            parse("").unwrap().is_null()
                && parse("~").unwrap().is_null()
                && parse("---\n").unwrap().is_null()
        );
        assert!(!parse("''").unwrap().is_null());
        assert!(parse("# only a comment\n").unwrap().is_null());
    }
}
