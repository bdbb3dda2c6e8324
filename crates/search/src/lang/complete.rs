//! What may stand where the cursor is: fields, values, operators.
//!
//! The place is found by the text before the cursor alone, with the rules of the lexer: inside quotes and expressions
//! nothing is offered but values of a field; behind `field:` its values; else fields and keywords that begin as what is
//! written does, or hold it.

use super::print_field;
use super::{Field, FieldScope};

/// Options given at most: a list that is longer is not read.
pub const OPTIONS_MAX: usize = 50;

/// A field that a query may use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownField {
    pub field: Field,
    /// For people: `duration`, `str`, `resource attribute`.
    pub detail: String,
    /// Compared by size: numbers, times, durations.
    pub ordered: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Completion {
    /// The bytes of the query that an option replaces.
    pub from: usize,
    pub to: usize,
    pub options: Vec<CompletionOption>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CompletionOption {
    /// What is written in place of `from..to`.
    pub label: String,
    pub kind: CompletionKind,
    pub detail: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CompletionKind {
    Field,
    Value,
    Operator,
}

impl CompletionKind {
    pub fn name(self) -> &'static str {
        match self {
            CompletionKind::Field => "field",
            CompletionKind::Value => "value",
            CompletionKind::Operator => "operator",
        }
    }
}

/// Where the cursor stands.
#[derive(Debug, PartialEq, Eq)]
enum Place<'a> {
    /// In a word that may become a field; from where.
    Term { from: usize, written: &'a str },
    /// In the value of a field.
    Value { field: String, from: usize, written: &'a str },
    /// In text that stands for itself.
    Text,
}

/// Completes a query at a byte. `values` gives values of a field that begin with a text, the most frequent first; it is
/// asked at most once.
pub fn complete(
    query: &str,
    cursor: usize,
    fields: &[KnownField],
    values: impl FnOnce(&Field, &str) -> Vec<(String, String)>,
) -> Completion {
    let mut cursor = cursor.min(query.len());
    while !query.is_char_boundary(cursor) {
        cursor -= 1;
    }
    let (from, mut options) = match place(&query[..cursor]) {
        Place::Text => (cursor, Vec::new()),
        Place::Term { from, written } => (from, terms(written, fields)),
        Place::Value { field, from, written } => {
            let found = values(&Field::parse(&field), written.trim_start_matches('"'));
            (from, found.into_iter().map(|(value, detail)| value_option(&value, detail)).collect())
        }
    };
    options.truncate(OPTIONS_MAX);
    // The rest of the word behind the cursor is replaced too.
    let rest = query[cursor..].find(|c: char| c.is_whitespace() || "():=<>!\"".contains(c));
    Completion { from, to: cursor + rest.unwrap_or(query.len() - cursor), options }
}

fn place(before: &str) -> Place<'_> {
    let mut at = 0;
    // The field whose parentheses are open, for each open parenthesis.
    let mut open: Vec<Option<String>> = Vec::new();
    loop {
        at += before[at..].len() - before[at..].trim_start().len();
        let rest = &before[at..];
        let inner = open.last().cloned().flatten();
        match rest.chars().next() {
            None => return waiting(inner, at),
            Some('(') => {
                open.push(inner);
                at += 1;
                continue;
            }
            Some(')') => {
                open.pop();
                at += 1;
                continue;
            }
            Some('-' | '!') if inner.is_none() => {
                at += 1;
                continue;
            }
            Some(_) => {}
        }
        if let Some(field) = inner {
            let end = token_end(rest, "");
            if at + end == before.len() {
                return Place::Value { field, from: at, written: rest };
            }
            at += end;
            continue;
        }
        let end = token_end(rest, ":=<>!");
        if at + end == before.len() {
            return if rest.starts_with(['"', '/']) {
                Place::Text
            } else {
                Place::Term { from: at, written: rest }
            };
        }
        let name = rest[..end].trim_matches('"').to_owned();
        let sign = rest[end..].len() - rest[end..].trim_start_matches([':', '=', '<', '>', '!', '~']).len();
        at += end + sign;
        if sign == 0 {
            continue;
        }
        let value = &before[at..];
        if value.starts_with('(') {
            open.push(Some(name));
            at += 1;
            continue;
        }
        let end = token_end(value, "");
        if at + end == before.len() {
            return Place::Value { field: name, from: at, written: value };
        }
        at += end;
    }
}

/// Nothing is written yet where the cursor is.
fn waiting<'a>(inner: Option<String>, at: usize) -> Place<'a> {
    match inner {
        Some(field) => Place::Value { field, from: at, written: "" },
        None => Place::Term { from: at, written: "" },
    }
}

/// Where the token ends that a text begins with; at its end if it is not closed.
fn token_end(text: &str, operators: &str) -> usize {
    let quote = text.starts_with('"');
    let mut escaped = false;
    for (at, c) in text.char_indices() {
        if escaped {
            escaped = false;
        } else if c == '\\' {
            escaped = true;
        } else if quote {
            if c == '"' && at > 0 {
                return at + 1;
            }
        } else if c.is_whitespace() || matches!(c, '(' | ')') || (at > 0 && operators.contains(c)) {
            return at;
        }
    }
    text.len()
}

fn terms(written: &str, fields: &[KnownField]) -> Vec<CompletionOption> {
    let lower = written.to_lowercase();
    let mut ranked: Vec<(usize, &KnownField, String)> = fields
        .iter()
        .filter_map(|known| {
            let label = print_field(&known.field);
            let name = label.trim_start_matches('"').to_lowercase();
            let rank = if name.starts_with(&lower) {
                0
            } else if name.split(['.', '_']).any(|piece| piece.starts_with(&lower)) {
                1
            } else if lower.len() > 1 && name.contains(&lower) {
                2
            } else {
                return None;
            };
            Some((rank, known, label))
        })
        .collect();
    ranked.sort_by_key(|(rank, known, _)| (*rank, known.field.scope != FieldScope::Any));
    let mut options: Vec<CompletionOption> = ranked
        .into_iter()
        .map(|(_, known, label)| CompletionOption {
            label: if known.ordered { label } else { format!("{label}:") },
            kind: CompletionKind::Field,
            detail: known.detail.clone(),
        })
        .collect();
    let exact = fields.iter().find(|known| known.ordered && print_field(&known.field) == written);
    if exact.is_some() {
        let signs = ["=", ">", ">=", "<", "<=", "!="];
        let option = |sign: &&str| operator(&format!("{written}{sign}"), "compare");
        options.splice(0..0, signs.iter().map(option));
    }
    if !lower.is_empty() {
        for (keyword, detail) in KEYWORDS {
            if keyword.starts_with(&lower) {
                options.push(operator(keyword, detail));
            }
        }
    }
    options
}

const KEYWORDS: [(&str, &str); 4] = [
    ("or", "one of both sides"),
    ("and", "both sides, as side by side"),
    ("not ", "what does not match"),
    ("exists:", "events that have a field"),
];

fn operator(label: &str, detail: &str) -> CompletionOption {
    CompletionOption { label: label.to_owned(), kind: CompletionKind::Operator, detail: detail.to_owned() }
}

fn value_option(value: &str, detail: String) -> CompletionOption {
    let plain = |c: char| c.is_alphanumeric() || "_-./@#%+,:".contains(c);
    let bare = !value.is_empty()
        && value.chars().all(plain)
        && !value.starts_with(['-', '/', ':'])
        && !["and", "or", "not"].iter().any(|keyword| value.eq_ignore_ascii_case(keyword));
    let label = if bare { value.to_owned() } else { super::quoted(value) };
    CompletionOption { label, kind: CompletionKind::Value, detail }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields() -> Vec<KnownField> {
        [("service", false), ("severity", true), ("http.route", false), ("duration", true)]
            .map(|(name, ordered)| KnownField { field: Field::any(name), detail: "str".to_owned(), ordered })
            .to_vec()
    }

    fn labels(query: &str) -> (usize, usize, Vec<String>) {
        let cursor = query.find('|').expect("a cursor");
        let query = query.replace('|', "");
        let values = |field: &Field, prefix: &str| {
            assert_eq!(field.name, "service");
            ["cart", "check out"]
                .iter()
                .filter(|v| v.starts_with(prefix))
                .map(|v| (v.to_string(), "3".to_owned()))
                .collect()
        };
        let done = complete(&query, cursor, &fields(), values);
        (done.from, done.to, done.options.into_iter().map(|o| o.label).collect())
    }

    #[test]
    fn the_place_of_the_cursor_decides() {
        let check = |query: &str, from: usize, to: usize, expected: &[&str]| {
            assert_eq!(
                labels(query),
                (from, to, expected.iter().map(|s| s.to_string()).collect()),
                "{query}"
            );
        };
        check("se|", 0, 2, &["service:", "severity"]);
        check("a -se|v x", 3, 6, &["service:", "severity"]);
        check("rou|", 0, 3, &["http.route:"]);
        check("(x or du|)", 6, 8, &["duration"]);
        check("service:|", 8, 8, &["cart", "\"check out\""]);
        check("service:c|a x", 8, 10, &["cart", "\"check out\""]);
        check("service:ca|", 8, 10, &["cart"]);
        check("service:(cart or c|)", 17, 18, &["cart", "\"check out\""]);
        check("service:(|", 9, 9, &["cart", "\"check out\""]);
        check("service=\"check|", 8, 14, &["\"check out\""]);
        check("service:cart du|", 13, 15, &["duration"]);
        check("\"some se|", 8, 8, &[]);
        check("/some|", 5, 5, &[]);
        check("a o|", 2, 3, &["or"]);
        let (_, _, options) = labels("severity|");
        assert_eq!(options[..2], ["severity=", "severity>"]);
    }

    #[test]
    fn any_cursor_is_survived() {
        let query = "sérvice:(\"é or -x:/a\\/ b\\";
        for cursor in 0..=query.len() + 3 {
            let done = complete(query, cursor, &fields(), |_, _| Vec::new());
            assert!(query.is_char_boundary(done.from) && query.is_char_boundary(done.to));
        }
    }
}
