//! What is wrong with a statement, where, and what would be right.
//!
//! DataFusion's errors are for those who know its plans: they list every column there is, and name what they were doing.
//! Here they become a sentence, a line and column, and a hint: above all for those who come from another dialect.

use crate::lang::closest;
use datafusion::common::{Column, DataFusionError, SchemaError};
use datafusion::sql::sqlparser::parser::ParserError;
use model::event::Kind;
use std::fmt;

/// A fault in a statement.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SqlFault {
    /// A sentence for whoever wrote it, without position.
    pub message: String,
    /// Line and column, from 1, in characters.
    pub position: Option<(usize, usize)>,
    pub hint: Option<String>,
}

/// Functions of other dialects, in lower case, and what does the same here.
const ELSEWHERE: [(&str, &str); 15] = [
    ("tostartofminute", "date_bin(interval '1 minute', time)"),
    ("tostartofhour", "date_bin(interval '1 hour', time)"),
    ("tostartofinterval", "date_bin(interval '5 minutes', time)"),
    ("bin", "date_bin(interval '5 minutes', time)"),
    ("quantile", "approx_percentile_cont(0.95) within group (order by x)"),
    ("percentile", "approx_percentile_cont(0.95) within group (order by x)"),
    ("p95", "approx_percentile_cont(0.95) within group (order by x)"),
    ("countif", "count(*) filter (where …)"),
    ("sumif", "sum(x) filter (where …)"),
    ("uniq", "approx_distinct(x), or count(distinct x)"),
    ("json_extract", "json_get(body, 'key'), or body -> 'key'"),
    ("json_value", "json_get_str(body, 'key'), or body ->> 'key'"),
    ("match", "regexp_like(body, '…'), or body ~ '…'"),
    ("if", "case when … then … else … end"),
    ("fromunixtimestamp", "to_timestamp_seconds(x)"),
];

/// What is asked for most, before what is merely spelt alike.
const COMMON: [&str; 10] = [
    "count",
    "sum",
    "avg",
    "min",
    "max",
    "date_bin",
    "date_trunc",
    "approx_percentile_cont",
    "approx_distinct",
    "regexp_replace",
];

impl SqlFault {
    pub(super) fn new(message: impl Into<String>) -> SqlFault {
        SqlFault { message: message.into(), ..SqlFault::default() }
    }

    fn hint(self, hint: impl Into<String>) -> SqlFault {
        SqlFault { hint: Some(hint.into()), ..self }
    }

    pub(super) fn of(error: &DataFusionError, sql: &str) -> SqlFault {
        let span = error.diagnostic().and_then(|diagnostic| diagnostic.span);
        let fault = match error.find_root() {
            DataFusionError::SQL(error, _) => syntax(error, sql),
            DataFusionError::SchemaError(error, _) => schema(error, sql),
            other => planning(&other.message(), sql),
        };
        let at = span.map(|span| (span.start.line as usize, span.start.column as usize));
        // An empty place is none.
        SqlFault {
            position: fault.position.or(at).filter(|(line, column)| *line > 0 && *column > 0),
            ..fault
        }
    }
}

fn syntax(error: &ParserError, sql: &str) -> SqlFault {
    let (ParserError::ParserError(text) | ParserError::TokenizerError(text)) = error else {
        return SqlFault::new("the statement is nested too deep");
    };
    let (message, position) = match text.rfind(" at Line: ") {
        Some(at) => (&text[..at], position(&text[at..])),
        None => (text.as_str(), None),
    };
    let message = message.replace("Expected: ", "expected ").replace(", found: ", ", found ");
    let found = message.rsplit_once("found ").map(|(_, found)| found.to_owned());
    let fault = SqlFault { position, ..SqlFault::new(message.replace("EOF", "the end of the statement")) };
    match found.as_deref() {
        Some("EOF") => SqlFault { position: Some(place(sql, sql.trim_end().len())), ..fault },
        Some(found) if found.starts_with('`') => fault.hint("names are quoted as \"name\", text as 'text'"),
        // `quantile(0.9)(x)` is no call here.
        Some("(") => {
            match ELSEWHERE.iter().find(|(name, _)| sql.to_lowercase().contains(&format!("{name}("))) {
                Some((_, here)) => fault.hint(format!("write {here}")),
                None => fault,
            }
        }
        _ => fault,
    }
}

/// Reads ` at Line: 1, Column: 8`.
fn position(text: &str) -> Option<(usize, usize)> {
    let (line, column) = text.strip_prefix(" at Line: ")?.split_once(", Column: ")?;
    Some((line.trim().parse().ok()?, column.trim().parse().ok()?))
}

fn schema(error: &SchemaError, sql: &str) -> SqlFault {
    match error {
        SchemaError::FieldNotFound { field, valid_fields } => missing(field, valid_fields, sql),
        SchemaError::AmbiguousReference { field } => {
            SqlFault::new(format!("several tables have a column {}", field.name()))
                .hint(format!("write the table before it: logs.{}", field.name()))
        }
        other => SqlFault::new(other.to_string()),
    }
}

fn missing(field: &Column, valid: &[Column], sql: &str) -> SqlFault {
    let name = match &field.relation {
        Some(table) => format!("{table}.{}", field.name),
        None => field.name.clone(),
    };
    let fault = SqlFault::new(format!("there is no column {name}"));
    let known = || valid.iter().map(|column| column.name.as_str());
    // `http.route` without quotes is a column `route` of a table `http`.
    let dotted = known().find(|known| known.contains('.') && known.eq_ignore_ascii_case(&name));
    if let Some(column) = dotted {
        return fault.hint(format!("a name with dots or capitals stands in double quotes: \"{column}\""));
    }
    if let Some(column) = known().find(|known| known.eq_ignore_ascii_case(&name)) {
        return fault.hint(format!("a name with capitals stands in double quotes: \"{column}\""));
    }
    match closest(&name, known()) {
        Some(column) if is_bare(column) => fault.hint(format!("did you mean {column}?")),
        Some(column) => fault.hint(format!("did you mean \"{column}\"?")),
        None if sql.contains(&format!("\"{name}\"")) => {
            fault.hint(format!("text stands in single quotes: '{name}'"))
        }
        None => fault,
    }
}

fn is_bare(column: &str) -> bool {
    column.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
}

fn planning(message: &str, sql: &str) -> SqlFault {
    let between = |before: &str, after: &str| {
        let (_, rest) = message.split_once(before)?;
        Some(rest.split_once(after)?.0.to_owned())
    };
    if let Some(table) = between("table '", "' not found") {
        let name = table.rsplit('.').next().unwrap_or(&table).to_owned();
        let tables = Kind::ALL.map(Kind::table);
        let hint = match closest(&name, tables) {
            Some(known) => format!("did you mean {known}?"),
            None => "there are logs, spans, errors and metrics('promql', start, end, step)".to_owned(),
        };
        let fault = SqlFault::new(format!("there is no table {name}")).hint(hint);
        return SqlFault { position: place_of(sql, &name), ..fault };
    }
    if let Some(function) = between("Invalid function '", "'") {
        return no_function(&function, between("Did you mean '", "'").as_deref(), sql);
    }
    if let Some(column) = between("While expanding wildcard, column \"", "\" must appear") {
        return SqlFault::new(format!("{column} is neither grouped by nor in an aggregate"))
            .hint("add it to GROUP BY, or put it into max(…), count(…) or the like");
    }
    if message.contains("single SQL statement") {
        return SqlFault::new("one statement at a time");
    }
    if message.starts_with("Cannot coerce arithmetic expression Timestamp") {
        return SqlFault::new("text is not taken from a time").hint("write interval '1 hour'");
    }
    if let Some(text) = between("Cannot cast string '", "'") {
        let fault = SqlFault::new(format!("'{text}' is not a number"));
        let fault = match model::event::severity::parse(&text) {
            Some(number) => {
                fault.hint(format!("a severity is a number from 1 to 24: {text} begins at {number}"))
            }
            None => fault,
        };
        return SqlFault { position: place_of(sql, &format!("'{text}'")), ..fault };
    }
    if let Some(text) = between("Error parsing timestamp from '", "'") {
        let fault = SqlFault::new(format!("'{text}' is not a time"))
            .hint("write '2026-01-31T12:00:00Z', or now() - interval '1 hour'");
        return SqlFault { position: place_of(sql, &format!("'{text}'")), ..fault };
    }
    // What follows are candidates and causes, for those who know plans.
    SqlFault::new(message.split("\n\tCandidate functions").next().unwrap_or(message).trim())
}

/// `like` is the nearest name that there is, however far away.
fn no_function(function: &str, like: Option<&str>, sql: &str) -> SqlFault {
    let fault = SqlFault {
        position: place_of(sql, function),
        ..SqlFault::new(format!("there is no function {function}"))
    };
    if let Some((_, here)) = ELSEWHERE.iter().find(|(name, _)| name.eq_ignore_ascii_case(function)) {
        return fault.hint(format!("write {here}"));
    }
    match closest(function, COMMON.into_iter().chain(like)) {
        Some(name) => fault.hint(format!("did you mean {name}?")),
        None => fault,
    }
}

/// Where a name stands in the statement for the first time.
fn place_of(sql: &str, name: &str) -> Option<(usize, usize)> {
    sql.to_ascii_lowercase().find(&name.to_ascii_lowercase()).map(|at| place(sql, at))
}

/// Line and column of a byte.
fn place(sql: &str, at: usize) -> (usize, usize) {
    let before = &sql[..at];
    let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
    (before.matches('\n').count() + 1, before[line_start..].chars().count() + 1)
}

impl fmt::Display for SqlFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some((line, column)) = self.position {
            write!(f, "{line}:{column}: ")?;
        }
        f.write_str(&self.message)?;
        match &self.hint {
            Some(hint) => write!(f, " ({hint})"),
            None => Ok(()),
        }
    }
}
