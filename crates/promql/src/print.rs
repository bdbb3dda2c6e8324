//! Prints a tree as a query: in one line, or broken into lines and indented.
//!
//! The one-line form is canonical: equal trees print equally, and parsing it gives the same tree. Both are what
//! Prometheus prints, so that what was stored under a query's text is found again.

use crate::ast::*;
use crate::number::{format_go_f, format_go_v};
use crate::quote::{quote, quote_bytes};
use model::{MatchOp, Matcher};
use std::fmt::{self, Write};
use std::time::Duration;

/// A pretty line may be this long, in bytes, without its indentation.
const LINE_MAX: usize = 100;
const INDENT: &str = "  ";

impl fmt::Display for Expr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Expr::Number(e) => f.write_str(&number(e)),
            Expr::String(e) => match &e.bytes {
                Some(bytes) => f.write_str(&quote_bytes(bytes)),
                None => f.write_str(&quote(&e.value)),
            },
            Expr::Vector(e) => e.fmt(f),
            Expr::Matrix(e) => e.fmt(f),
            Expr::Subquery(e) => write!(f, "{}{}", e.expr, subquery_suffix(e)),
            Expr::Unary(e) => write!(f, "{}{}", e.op.as_str(), e.expr),
            Expr::Binary(e) => write!(f, "{} {} {}", e.lhs, operator(e), e.rhs),
            Expr::Aggregate(e) => match &e.param {
                Some(param) => write!(f, "{}({param}, {})", aggregation(e), e.expr),
                None => write!(f, "{}({})", aggregation(e), e.expr),
            },
            Expr::Call(e) => {
                write!(f, "{}(", e.function.name)?;
                for (i, arg) in e.args.iter().enumerate() {
                    write!(f, "{}{arg}", if i > 0 { ", " } else { "" })?;
                }
                f.write_str(")")
            }
            Expr::Paren(e) => write!(f, "({})", e.expr),
        }
    }
}

impl UnaryOp {
    pub fn as_str(self) -> &'static str {
        match self {
            UnaryOp::Plus => "+",
            UnaryOp::Minus => "-",
        }
    }
}

impl fmt::Display for VectorSelector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", bare_selector(self))?;
        write!(f, "{}{}{}", at(self.at), extent(self.extent), offset(&self.offset))
    }
}

impl fmt::Display for MatrixSelector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let s = &self.selector;
        write!(f, "{}[{}]", bare_selector(s), self.range)?;
        write!(f, "{}{}{}", extent(s.extent), at(s.at), offset(&s.offset))
    }
}

/// The name and the matchers, sorted as text.
fn bare_selector(selector: &VectorSelector) -> String {
    let is_name = |m: &&Matcher| {
        m.name() == model::METRIC_NAME
            && m.op() == MatchOp::Equal
            && m.value() == selector.name
            && !m.value().is_empty()
    };
    let mut matchers: Vec<String> =
        selector.matchers.iter().filter(|m| !is_name(m)).map(format_matcher).collect();
    matchers.sort();
    if matchers.is_empty() && !selector.name.is_empty() {
        return selector.name.clone();
    }
    format!("{}{{{}}}", selector.name, matchers.join(","))
}

/// `name="value"`; a name that needs it is quoted.
pub fn format_matcher(matcher: &Matcher) -> String {
    format!("{}{}{}", label(matcher.name()), matcher.op().as_str(), quote(matcher.value()))
}

fn label(name: &str) -> String {
    if model::labels::is_legacy_label_name(name) { name.to_owned() } else { quote(name) }
}

fn labels(names: &[String]) -> String {
    names.iter().map(|n| label(n)).collect::<Vec<_>>().join(", ")
}

fn at(at: Option<At>) -> String {
    match at {
        None => String::new(),
        Some(At::Start) => " @ start()".to_owned(),
        Some(At::End) => " @ end()".to_owned(),
        Some(At::Timestamp(ms)) => {
            let sign = if ms < 0 { "-" } else { "" };
            let ms = ms.unsigned_abs();
            format!(" @ {sign}{}.{:03}", ms / 1000, ms % 1000)
        }
    }
}

fn extent(extent: Extent) -> &'static str {
    match extent {
        Extent::Plain => "",
        Extent::Anchored => " anchored",
        Extent::Smoothed => " smoothed",
    }
}

fn offset(offset: &DurationValue) -> String {
    if offset.is_zero() { String::new() } else { format!(" offset {offset}") }
}

fn subquery_suffix(subquery: &Subquery) -> String {
    let step = subquery.step.as_ref().map_or(String::new(), DurationValue::to_string);
    format!("[{}:{step}]{}{}", subquery.range, at(subquery.at), offset(&subquery.offset))
}

fn duration_ms(ms: i64) -> String {
    let sign = if ms < 0 { "-" } else { "" };
    format!("{sign}{}", base::units::format_duration(Duration::from_millis(ms.unsigned_abs())))
}

impl fmt::Display for DurationValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.expr {
            Some(expr) => expr.fmt(f),
            None => f.write_str(&duration_ms(self.ms)),
        }
    }
}

impl fmt::Display for DurationExpr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            DurationExpr::Literal(n) => f.write_str(&number(n)),
            DurationExpr::Step(_) => f.write_str("step()"),
            DurationExpr::Range(_) => f.write_str("range()"),
            DurationExpr::Min(a, b, _) => write!(f, "min_of({a}, {b})"),
            DurationExpr::Max(a, b, _) => write!(f, "max_of({a}, {b})"),
            DurationExpr::Minus(e, _) => write!(f, "-{e}"),
            DurationExpr::Binary(op, a, b, _) => write!(f, "{a} {} {b}", op.as_str()),
            DurationExpr::Paren(e, _) => write!(f, "({e})"),
        }
    }
}

fn number(n: &NumberLiteral) -> String {
    // A duration of days has no fraction of a millisecond, so that rounding loses nothing.
    if n.duration { duration_ms((n.value * 1e3).round() as i64) } else { format_go_f(n.value) }
}

/// The operator of a binary operation with its modifiers.
fn operator(binary: &BinaryExpr) -> String {
    let mut text = binary.op.as_str().to_owned();
    if binary.return_bool {
        text.push_str(" bool");
    }
    let Some(matching) = &binary.matching else { return text };
    let group = match matching.cardinality {
        Cardinality::ManyToOne => Some("group_left"),
        Cardinality::OneToMany => Some("group_right"),
        _ => None,
    };
    if matching.on || !matching.labels.is_empty() || group.is_some() {
        let name = if matching.on { "on" } else { "ignoring" };
        text.push_str(&format!(" {name} ({})", labels(&matching.labels)));
    }
    if let Some(group) = group {
        text.push_str(&format!(" {group} ({})", labels(&matching.include)));
    }
    match (matching.fill_left, matching.fill_right) {
        (Some(a), Some(b)) if a.to_bits() == b.to_bits() => {
            text.push_str(&format!(" fill ({})", format_go_v(a)));
        }
        (a, b) => {
            for (name, value) in [("fill_left", a), ("fill_right", b)] {
                if let Some(value) = value {
                    text.push_str(&format!(" {name} ({})", format_go_v(value)));
                }
            }
        }
    }
    text
}

/// What stands before the parentheses of an aggregation.
fn aggregation(aggregate: &AggregateExpr) -> String {
    let name = aggregate.op.as_str();
    if aggregate.without {
        format!("{name} without ({}) ", labels(&aggregate.grouping))
    } else if aggregate.grouping.is_empty() {
        name.to_owned()
    } else {
        format!("{name} by ({}) ", labels(&aggregate.grouping))
    }
}

/// What identifies a node without its children, as tree views show it: the operator with modifiers, the name of
/// the function, the range of a subquery. Of leaves it is the whole.
pub fn short(expr: &Expr) -> String {
    match expr {
        Expr::Binary(e) => operator(e),
        Expr::Aggregate(e) => aggregation(e).trim_end().to_owned(),
        Expr::Call(e) => e.function.name.to_owned(),
        Expr::Subquery(e) => subquery_suffix(e),
        Expr::Unary(e) => e.op.as_str().to_owned(),
        Expr::Paren(_) => "()".to_owned(),
        leaf => leaf.to_string(),
    }
}

/// Prints a query over several lines: what is longer than a line has each of its parts on a line of its own.
pub fn pretty(expr: &Expr) -> String {
    let mut out = String::new();
    write_pretty(&mut out, expr, 0);
    out
}

fn write_pretty(out: &mut String, expr: &Expr, level: usize) {
    let line = expr.to_string();
    let indent = INDENT.repeat(level);
    if line.len() <= LINE_MAX {
        // A subquery that fits stands without indentation there too.
        let indent = if matches!(expr, Expr::Subquery(_)) { "" } else { &indent };
        out.push_str(indent);
        out.push_str(&line);
        return;
    }
    match expr {
        Expr::Aggregate(e) => {
            let _ = writeln!(out, "{indent}{}(", aggregation(e));
            if let Some(param) = &e.param {
                write_pretty(out, param, level + 1);
                out.push_str(",\n");
            }
            write_pretty(out, &e.expr, level + 1);
            let _ = write!(out, "\n{indent})");
        }
        Expr::Binary(e) => {
            write_pretty(out, &e.lhs, level + 1);
            let _ = writeln!(out, "\n{indent}{}", operator(e));
            write_pretty(out, &e.rhs, level + 1);
        }
        Expr::Call(e) => {
            let _ = writeln!(out, "{indent}{}(", e.function.name);
            for (i, arg) in e.args.iter().enumerate() {
                out.push_str(if i > 0 { ",\n" } else { "" });
                write_pretty(out, arg, level + 1);
            }
            let _ = write!(out, "\n{indent})");
        }
        Expr::Paren(e) => {
            let _ = writeln!(out, "{indent}(");
            write_pretty(out, &e.expr, level + 1);
            let _ = write!(out, "\n{indent})");
        }
        Expr::Subquery(e) => {
            write_pretty(out, &e.expr, level);
            out.push_str(&subquery_suffix(e));
        }
        Expr::Unary(e) => {
            let mut inner = String::new();
            write_pretty(&mut inner, &e.expr, level);
            let _ = write!(out, "{indent}{}{}", e.op.as_str(), inner.trim());
        }
        Expr::Number(_) | Expr::String(_) | Expr::Vector(_) | Expr::Matrix(_) => {
            out.push_str(&indent);
            out.push_str(&line);
        }
    }
}

#[cfg(test)]
mod tests;
