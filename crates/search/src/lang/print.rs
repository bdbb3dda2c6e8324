//! Trees back to text, in one way of writing: what is printed reads back as the same tree.

use super::ast::{Expr, Field, FieldScope, Literal, Pattern, PatternPart, TermKind, Test, TextTest};
use std::fmt::{self, Display, Formatter, Write};

/// Words that mean something by themselves, the last ones before a parenthesis or a quote.
const KEYWORDS: [&str; 6] = ["and", "or", "not", "in", "like", "ilike"];

impl Display for Expr {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Expr::All => f.write_char('*'),
            Expr::And(children) => joined(f, children, " "),
            Expr::Or(children) => joined(f, children, " or "),
            Expr::Not(inner) => {
                f.write_char('-')?;
                nested(f, inner)
            }
            Expr::Term(term) => match &term.kind {
                TermKind::Text(test) => text(f, test, false),
                TermKind::Field(field, test) => field_test(f, field, test),
            },
        }
    }
}

fn joined(f: &mut Formatter<'_>, children: &[Expr], between: &str) -> fmt::Result {
    for (i, child) in children.iter().enumerate() {
        if i > 0 {
            f.write_str(between)?;
        }
        nested(f, child)?;
    }
    Ok(())
}

fn nested(f: &mut Formatter<'_>, expr: &Expr) -> fmt::Result {
    match expr {
        Expr::And(_) | Expr::Or(_) => write!(f, "({expr})"),
        _ => expr.fmt(f),
    }
}

fn field_test(f: &mut Formatter<'_>, field: &Field, test: &Test) -> fmt::Result {
    f.write_str(&print_field(field))?;
    match test {
        Test::Exists => f.write_str(":*"),
        Test::Is(value) => {
            f.write_char(':')?;
            text(f, value, true)
        }
        Test::Compare(compare, Literal { text, quoted }) => {
            f.write_str(compare.sign())?;
            if *quoted { quote(f, text) } else { escaped(f, text, true, "") }
        }
    }
}

/// A field as a query writes it: quoted when its name holds what the language uses.
pub(crate) fn print_field(field: &Field) -> String {
    let mut text = format!("{}{}", field.scope.prefix(), field.name);
    let plain = |c: char| c.is_alphanumeric() || matches!(c, '_' | '.' | '-' | '/' | '@' | '$' | '#' | '%');
    let keyword = ["and", "or", "not"].iter().any(|keyword| text.eq_ignore_ascii_case(keyword))
        || super::parse::EXISTS.contains(&text.as_str());
    // A word that begins with a digit keeps its colon, and one that begins with a slash may be an expression.
    let begins = text.starts_with(|c: char| c.is_alphabetic() || matches!(c, '_' | '@' | '$' | '#'));
    if !begins || keyword || !text.chars().all(plain) {
        let name = std::mem::take(&mut text);
        // Writing to a string does not fail.
        let _ = write_quoted(&mut text, &name);
    }
    // Else the prefix would be read out of the name.
    debug_assert!(field.scope != FieldScope::Any || Field::parse(&field.name).scope == FieldScope::Any);
    text
}

fn text(f: &mut Formatter<'_>, test: &TextTest, value: bool) -> fmt::Result {
    match test {
        TextTest::Word(pattern) => word(f, pattern, value),
        TextTest::Phrase(text) => quote(f, text),
        TextTest::Regex(regex) => {
            f.write_char('/')?;
            let mut escaped = false;
            for c in regex.chars() {
                if c == '/' && !escaped {
                    f.write_char('\\')?;
                }
                escaped = c == '\\' && !escaped;
                f.write_char(c)?;
            }
            f.write_char('/')
        }
    }
}

fn word(f: &mut Formatter<'_>, pattern: &Pattern, value: bool) -> fmt::Result {
    for (i, part) in pattern.0.iter().enumerate() {
        match part {
            PatternPart::Many => f.write_char('*')?,
            PatternPart::One => f.write_char('?')?,
            PatternPart::Literal(text) => {
                let keyword =
                    pattern.0.len() == 1 && KEYWORDS.iter().any(|keyword| text.eq_ignore_ascii_case(keyword));
                if keyword {
                    f.write_char('\\')?;
                }
                escaped(f, text, i == 0, if value { "*?" } else { "*?:=<>≠" })?;
            }
        }
    }
    Ok(())
}

/// Text of a word, with a backslash before what would end it or mean something.
fn escaped(f: &mut Formatter<'_>, text: &str, begins: bool, special: &str) -> fmt::Result {
    for (i, c) in text.chars().enumerate() {
        let first = begins && i == 0;
        let escape = c.is_whitespace()
            || matches!(c, '\\' | '"' | '(' | ')')
            || special.contains(c)
            || (c == '!' && special.contains('='))
            || matches!(c, '&' | '|')
            || (first && matches!(c, '/' | '=' | '<' | '>' | '~' | ':' | '\'' | '`' | '{' | '['))
            || (first && c == '-' && special.contains('='));
        if escape {
            f.write_char('\\')?;
        }
        f.write_char(c)?;
    }
    Ok(())
}

fn quote(f: &mut Formatter<'_>, text: &str) -> fmt::Result {
    write_quoted(f, text)
}

fn write_quoted(out: &mut impl Write, text: &str) -> fmt::Result {
    out.write_char('"')?;
    for c in text.chars() {
        match c {
            '"' | '\\' => {
                out.write_char('\\')?;
                out.write_char(c)?;
            }
            '\n' => out.write_str("\\n")?,
            '\t' => out.write_str("\\t")?,
            '\r' => out.write_str("\\r")?,
            c => out.write_char(c)?,
        }
    }
    out.write_char('"')
}

/// A text in quotes.
pub fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    // Writing to a string does not fail.
    let _ = write_quoted(&mut out, text);
    out
}
