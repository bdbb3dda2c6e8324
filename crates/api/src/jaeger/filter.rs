//! Jaeger's structured filter, put into the search language: `{"op":"or","args":[…]}` of `/api/v3` and of gRPC.
//!
//! Source: `jaeger/expression/v1/expression.proto` and RFC 0005 of Jaeger. Events and links of spans are not searched
//! here, and two references are not compared: such a filter is refused, never answered with more than was asked for.

use super::ask::parse_duration;
use super::fail::Fault;
use crate::pharos::events::parse_ns;
use prost::{Message, Oneof};
use search::lang::{At, Compare, Expr, Field, FieldScope, Literal, Term, TermKind, Test, TextTest};
use serde_json::Value;

#[derive(Clone, PartialEq, Message)]
pub struct Call {
    #[prost(string, tag = "1")]
    pub op: String,
    #[prost(message, repeated, tag = "2")]
    pub args: Vec<Expression>,
}

#[derive(Clone, PartialEq, Message)]
pub struct Expression {
    #[prost(oneof = "Operand", tags = "1, 2, 3, 4, 5, 6")]
    pub operand: Option<Operand>,
}

#[derive(Clone, PartialEq, Oneof)]
pub enum Operand {
    #[prost(message, tag = "1")]
    Attribute(Attribute),
    #[prost(message, tag = "2")]
    Field(BuiltinField),
    #[prost(message, tag = "3")]
    Nested(Nested),
    #[prost(message, tag = "4")]
    Scalar(Scalar),
    #[prost(message, tag = "5")]
    List(List),
    #[prost(message, tag = "6")]
    Call(Call),
}

#[derive(Clone, PartialEq, Message)]
pub struct Attribute {
    #[prost(string, tag = "1")]
    pub key: String,
    /// `span`, `resource`, `scope`, `event`, `link`; empty for span or resource.
    #[prost(string, tag = "2")]
    pub level: String,
}

#[derive(Clone, PartialEq, Message)]
pub struct BuiltinField {
    #[prost(string, tag = "1")]
    pub name: String,
    #[prost(string, tag = "2")]
    pub level: String,
}

#[derive(Clone, PartialEq, Message)]
pub struct Nested {
    #[prost(string, tag = "1")]
    pub level: String,
}

#[derive(Clone, PartialEq, Message)]
pub struct Scalar {
    #[prost(string, tag = "1")]
    pub value: String,
    /// `string`, `int`, `double`, `bool`; empty for whatever it is compared with.
    #[prost(string, tag = "2")]
    pub value_type: String,
}

#[derive(Clone, PartialEq, Message)]
pub struct List {
    #[prost(string, repeated, tag = "1")]
    pub values: Vec<String>,
    #[prost(string, tag = "2")]
    pub value_type: String,
}

impl Call {
    /// Reads the JSON of the message.
    pub fn from_json(json: &Value) -> Result<Call, Fault> {
        let op = text_of(json, "op")?;
        let Some(args) = json.get("args").and_then(Value::as_array) else {
            return Err(wrong(format!("{op:?} has no args")));
        };
        Ok(Call { op, args: args.iter().map(expression).collect::<Result<_, _>>()? })
    }

    /// The query that asks for the same.
    pub fn query(&self) -> Result<String, Fault> {
        Ok(format!("({})", self.expr()?))
    }

    fn expr(&self) -> Result<Expr, Fault> {
        let op = self.op.as_str();
        match op {
            "and" | "or" => {
                let mut all = self.predicates()?;
                match (all.len(), op) {
                    (0, _) => Err(wrong(format!("{op:?} needs predicates"))),
                    (1, _) => Ok(all.remove(0)),
                    (_, "and") => Ok(Expr::And(all)),
                    _ => Ok(Expr::Or(all)),
                }
            }
            "not" => match self.predicates()?.as_slice() {
                [one] => Ok(Expr::Not(Box::new(one.clone()))),
                _ => Err(wrong("\"not\" needs one predicate")),
            },
            "exists" => match self.operands()?.as_slice() {
                [reference] => Ok(term(Place::of(reference)?.field, Test::Exists)),
                _ => Err(wrong("\"exists\" needs one reference")),
            },
            "in" | "not_in" => self.one_of(op == "in"),
            "regex" => match self.operands()?.as_slice() {
                [reference, Operand::Scalar(pattern)] => {
                    let test = Test::Is(TextTest::Regex(pattern.value.clone()));
                    Ok(term(Place::of(reference)?.field, test))
                }
                _ => Err(wrong("\"regex\" needs a reference and a pattern")),
            },
            _ => self.comparison(),
        }
    }

    fn comparison(&self) -> Result<Expr, Fault> {
        let compare = match self.op.as_str() {
            "eq" => Compare::Equal,
            "ne" => Compare::NotEqual,
            "gt" => Compare::Greater,
            "gte" => Compare::GreaterOrEqual,
            "lt" => Compare::Less,
            "lte" => Compare::LessOrEqual,
            other => return Err(wrong(format!("{other:?} is not an operator that is known here"))),
        };
        match self.operands()?.as_slice() {
            [Operand::Scalar(constant), reference] if !matches!(reference, Operand::Scalar(_)) => {
                Place::of(reference)?.compare(reversed(compare), constant)
            }
            [reference, Operand::Scalar(constant)] => Place::of(reference)?.compare(compare, constant),
            [_, _] => Err(wrong(format!("{:?} compares a reference with a constant", self.op))),
            _ => Err(wrong(format!("{:?} needs two operands", self.op))),
        }
    }

    /// Membership; to be outside, the value must be there.
    fn one_of(&self, inside: bool) -> Result<Expr, Fault> {
        let operands = self.operands()?;
        let [reference, Operand::List(list)] = operands.as_slice() else {
            return Err(wrong(format!("{:?} needs a reference and a list", self.op)));
        };
        let place = Place::of(reference)?;
        let compare = if inside { Compare::Equal } else { Compare::NotEqual };
        let scalar = |value: &String| Scalar { value: value.clone(), value_type: list.value_type.clone() };
        let tests = list.values.iter().map(|value| place.compare(compare, &scalar(value)));
        let mut tests = tests.collect::<Result<Vec<Expr>, Fault>>()?;
        match (tests.len(), inside) {
            (0, _) => Err(wrong(format!("the list of {:?} is empty", self.op))),
            (1, _) => Ok(tests.remove(0)),
            (_, true) => Ok(Expr::Or(tests)),
            (_, false) => Ok(Expr::And(tests)),
        }
    }

    fn predicates(&self) -> Result<Vec<Expr>, Fault> {
        let predicate = |operand: Operand| match operand {
            Operand::Call(call) => call.expr(),
            _ => Err(wrong(format!("{:?} takes predicates", self.op))),
        };
        self.operands()?.into_iter().map(predicate).collect()
    }

    fn operands(&self) -> Result<Vec<Operand>, Fault> {
        let operand = |arg: &Expression| {
            arg.operand.clone().ok_or_else(|| wrong(format!("an operand of {:?} is empty", self.op)))
        };
        self.args.iter().map(operand).collect()
    }
}

fn wrong(why: impl std::fmt::Display) -> Fault {
    Fault::bad(format!("malformed filter: {why}"))
}

fn term(field: Field, test: Test) -> Expr {
    Expr::Term(Term { kind: TermKind::Field(field, test), at: At::default() })
}

/// The operator with its sides changed.
fn reversed(compare: Compare) -> Compare {
    match compare {
        Compare::Greater => Compare::Less,
        Compare::GreaterOrEqual => Compare::LessOrEqual,
        Compare::Less => Compare::Greater,
        Compare::LessOrEqual => Compare::GreaterOrEqual,
        same => same,
    }
}

/// How constants are read that are compared with a field.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Holds {
    /// What was sent: text or a number.
    Anything,
    Text,
    /// A word of a few, without an order.
    Word,
    Duration,
    Time,
}

struct Place {
    field: Field,
    holds: Holds,
}

impl Place {
    fn of(operand: &Operand) -> Result<Place, Fault> {
        match operand {
            Operand::Attribute(attribute) => Place::attribute(attribute),
            Operand::Field(field) => Place::builtin(field),
            _ => Err(wrong("an attribute or a field is needed")),
        }
    }

    fn attribute(attribute: &Attribute) -> Result<Place, Fault> {
        let name = attribute.key.clone();
        if name.is_empty() {
            return Err(wrong("an attribute has no key"));
        }
        let field = match attribute.level.as_str() {
            "" => Field::parse(&name),
            "span" => Field { scope: FieldScope::Record, name },
            "resource" => Field { scope: FieldScope::Resource, name },
            "scope" => Field { scope: FieldScope::Scope, name },
            level => return Err(unsearched(level)),
        };
        Ok(Place { field, holds: Holds::Anything })
    }

    fn builtin(field: &BuiltinField) -> Result<Place, Fault> {
        let (name, holds) = match (field.level.as_str(), field.name.as_str()) {
            ("span", "name") => ("name", Holds::Text),
            ("span", "kind") => ("kind", Holds::Word),
            ("span", "status") => ("status", Holds::Word),
            ("span", "statusMessage") => ("status_message", Holds::Text),
            ("span", "duration") => ("duration", Holds::Duration),
            ("span", "startTime") => ("time", Holds::Time),
            ("span", "traceID") => ("trace_id", Holds::Word),
            ("span", "spanID") => ("span_id", Holds::Word),
            ("span", "parentSpanID") => ("parent_span_id", Holds::Word),
            ("span", "traceState") => ("trace_state", Holds::Text),
            ("resource", "service") => ("service", Holds::Text),
            ("scope", "name") => ("scope_name", Holds::Text),
            ("scope", "version") => ("scope_version", Holds::Text),
            (level @ ("event" | "link"), _) => return Err(unsearched(level)),
            (level, name) => return Err(wrong(format!("{level}.{name} is not a field that is kept here"))),
        };
        Ok(Place { field: Field::any(name), holds })
    }

    fn compare(&self, compare: Compare, constant: &Scalar) -> Result<Expr, Fault> {
        let ordered = !matches!(compare, Compare::Equal | Compare::NotEqual);
        let value = constant.value.as_str();
        let literal = |text: &str, quoted: bool| Literal { text: text.to_owned(), quoted };
        let literal = match self.holds {
            Holds::Word if ordered => {
                return Err(wrong(format!("values of {} have no order", self.field.name)));
            }
            Holds::Word | Holds::Text => literal(value, true),
            Holds::Duration => {
                let ns =
                    parse_duration(value).ok_or_else(|| wrong(format!("{value:?} is not a duration")))?;
                literal(&format!("{ns}ns"), false)
            }
            Holds::Time => {
                parse_ns(value).ok_or_else(|| wrong(format!("{value:?} is not a time in RFC 3339")))?;
                literal(value, true)
            }
            Holds::Anything => {
                let number = match constant.value_type.as_str() {
                    "" => is_number(value),
                    "int" | "double" if is_number(value) => true,
                    "string" | "bool" => false,
                    sort => return Err(wrong(format!("{value:?} is not of the type {sort:?}"))),
                };
                literal(value, !number)
            }
        };
        Ok(term(self.field.clone(), Test::Compare(compare, literal)))
    }
}

fn unsearched(level: &str) -> Fault {
    wrong(format!("what belongs to the level {level:?} is not searched here"))
}

/// `-1`, `0.5`, `1e9`: what the search language takes as a number and prints the same.
pub(super) fn is_number(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_digit() || c == '-')
        && text.ends_with(|c: char| c.is_ascii_digit())
        && text.parse::<f64>().is_ok()
}

fn text_of(json: &Value, name: &str) -> Result<String, Fault> {
    match json.get(name) {
        None => Ok(String::new()),
        Some(Value::String(text)) => Ok(text.clone()),
        Some(value @ (Value::Number(_) | Value::Bool(_))) => Ok(value.to_string()),
        Some(_) => Err(wrong(format!("{name:?} is not text"))),
    }
}

fn expression(json: &Value) -> Result<Expression, Fault> {
    let Some((name, inner)) = json.as_object().filter(|o| o.len() == 1).and_then(|o| o.iter().next()) else {
        return Err(wrong("an operand is one of attr, field, nested, scalar, list and call"));
    };
    let operand = match name.as_str() {
        "attr" => {
            Operand::Attribute(Attribute { key: text_of(inner, "key")?, level: text_of(inner, "level")? })
        }
        "field" => {
            Operand::Field(BuiltinField { name: text_of(inner, "name")?, level: text_of(inner, "level")? })
        }
        "nested" => Operand::Nested(Nested { level: text_of(inner, "level")? }),
        "scalar" => {
            Operand::Scalar(Scalar { value: text_of(inner, "value")?, value_type: text_of(inner, "type")? })
        }
        "list" => {
            let values = inner.get("values").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
            let text = |value: &Value| match value {
                Value::String(text) => Ok(text.clone()),
                Value::Number(_) | Value::Bool(_) => Ok(value.to_string()),
                _ => Err(wrong("a list holds constants")),
            };
            let values = values.iter().map(text).collect::<Result<_, _>>()?;
            Operand::List(List { values, value_type: text_of(inner, "type")? })
        }
        "call" => Operand::Call(Call::from_json(inner)?),
        other => return Err(wrong(format!("{other:?} is not an operand"))),
    };
    Ok(Expression { operand: Some(operand) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn query(json: &Value) -> Result<String, String> {
        let query = Call::from_json(json).and_then(|call| call.query()).map_err(|e| e.message)?;
        search::lang::parse(&query).map_err(|e| format!("{query}: {e}"))?;
        Ok(query)
    }

    fn attr(op: &str, key: &str, value: &str) -> Value {
        json!({ "op": op, "args": [{ "attr": { "key": key } }, { "scalar": { "value": value } }] })
    }

    #[test]
    fn filters_become_queries_that_read_back() {
        let field = |op: &str, level: &str, name: &str, value: &str| {
            let field = json!({ "field": { "level": level, "name": name } });
            json!({ "op": op, "args": [field, { "scalar": { "value": value } }] })
        };
        for (filter, expected) in [
            (attr("eq", "http.status_code", "500"), "(http.status_code=500)"),
            (attr("ne", "user", "a \"b\""), r#"(user!="a \"b\"")"#),
            (field("gte", "span", "duration", "1.5s"), "(duration>=1500000000ns)"),
            (field("eq", "resource", "service", "7"), "(service=\"7\")"),
            (
                json!({ "op": "or", "args": [{ "call": attr("eq", "a", "1") }, { "call": attr("gt", "b", "2") }] }),
                "(a=1 or b>2)",
            ),
            (json!({ "op": "not", "args": [{ "call": attr("eq", "a", "x") }] }), "(-a=\"x\")"),
            (
                json!({ "op": "in", "args": [{ "attr": { "key": "a", "level": "resource" } }, { "list": { "values": ["x", "y"] } }] }),
                "(resource.a=\"x\" or resource.a=\"y\")",
            ),
            (
                json!({ "op": "lt", "args": [{ "scalar": { "value": "5", "type": "int" } }, { "attr": { "key": "n", "level": "span" } }] }),
                "(attr.n>5)",
            ),
            (json!({ "op": "exists", "args": [{ "attr": { "key": "a b" } }] }), "(\"a b\":*)"),
            (
                json!({ "op": "regex", "args": [{ "attr": { "key": "p" } }, { "scalar": { "value": "^/a" } }] }),
                r"(p:/^\/a/)",
            ),
        ] {
            assert_eq!(query(&filter), Ok(expected.to_owned()), "{filter}");
        }
    }

    #[test]
    fn what_cannot_be_asked_is_refused() {
        for (filter, why) in [
            (json!({ "op": "eq", "args": [] }), "two operands"),
            (
                json!({ "op": "some", "args": [{ "nested": { "level": "event" } }, { "call": attr("eq", "a", "1") }] }),
                "operator",
            ),
            (
                json!({ "op": "eq", "args": [{ "attr": { "key": "a", "level": "link" } }, { "scalar": { "value": "1" } }] }),
                "link",
            ),
            (
                json!({ "op": "eq", "args": [{ "attr": { "key": "a" } }, { "attr": { "key": "b" } }] }),
                "constant",
            ),
            (
                json!({ "op": "gt", "args": [{ "field": { "level": "span", "name": "kind" } }, { "scalar": { "value": "server" } }] }),
                "order",
            ),
            (
                json!({ "op": "gt", "args": [{ "field": { "level": "span", "name": "duration" } }, { "scalar": { "value": "long" } }] }),
                "duration",
            ),
            (
                json!({ "op": "in", "args": [{ "attr": { "key": "a" } }, { "list": { "values": [] } }] }),
                "empty",
            ),
            (json!({ "op": "and", "args": [{ "scalar": { "value": "1" } }] }), "predicates"),
            (json!({ "op": "and", "args": [{}] }), "operand"),
            (json!([]), "args"),
            (
                json!({ "op": "eq", "args": [{ "attr": { "key": "a" } }, { "scalar": { "value": "x", "type": "int" } }] }),
                "type",
            ),
        ] {
            let error = query(&filter).expect_err("a refusal");
            assert!(error.contains(why), "{filter}: {error}");
        }
    }
}
