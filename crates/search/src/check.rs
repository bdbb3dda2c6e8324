//! What one value must be: a test of a field made ready for values of any type.
//!
//! A field may have a column of text, one of whole numbers, and more: each value is judged by its own type with the same
//! words of the query. Text that reads as a number compares as one with `<` and `>`.

use crate::lang::{Compare, Literal, Quantity, Test, TextTest};
use crate::text::{TextMatcher, ValueMatcher};
use std::ops::RangeInclusive;

#[derive(Debug)]
pub(crate) struct Check {
    pub text: TextRule,
    pub number: NumberRule,
    /// What a bool must be; `None` for none that fits.
    pub boolean: BoolRule,
}

#[derive(Debug)]
pub(crate) enum TextRule {
    Never,
    Any,
    Find(TextMatcher),
    Value(ValueMatcher),
    Same(String),
    Other(String),
    /// By the order of bytes.
    Order(Compare, String),
    /// When it reads as a number.
    Numeric,
}

#[derive(Debug)]
pub(crate) enum NumberRule {
    Never,
    Any,
    Integer(Compare, i64),
    Float(Compare, f64),
    /// In the range, or outside when the flag is false.
    Within(RangeInclusive<i64>, bool),
    /// As it is printed.
    Printed(ValueMatcher),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BoolRule {
    Never,
    Any,
    Is(bool),
}

impl Check {
    pub fn any() -> Check {
        Check { text: TextRule::Any, number: NumberRule::Any, boolean: BoolRule::Any }
    }

    pub fn never() -> Check {
        Check { text: TextRule::Never, number: NumberRule::Never, boolean: BoolRule::Never }
    }

    pub fn number(rule: NumberRule) -> Check {
        Check { number: rule, ..Check::never() }
    }

    /// The check of an attribute. `free_text`: its text is searched for words instead of compared. `unit_ns`: what one
    /// of its numbers is in nanoseconds, for comparing with durations.
    pub fn attribute(test: &Test, free_text: bool, unit_ns: f64) -> Result<Check, String> {
        match test {
            Test::Exists => Ok(Check::any()),
            Test::Is(test) => Check::is(test, free_text),
            Test::Compare(compare, literal) => Ok(Check::compare(*compare, literal, unit_ns)),
        }
    }

    fn is(test: &TextTest, free_text: bool) -> Result<Check, String> {
        let text = match free_text {
            true => TextRule::Find(TextMatcher::new(test)?),
            false => TextRule::Value(ValueMatcher::new(test)?),
        };
        let plain = match test {
            TextTest::Word(pattern) => pattern.literal(),
            TextTest::Phrase(text) => Some(text.as_str()),
            TextTest::Regex(_) => None,
        };
        let Some(plain) = plain else {
            let number = NumberRule::Printed(ValueMatcher::new(test)?);
            return Ok(Check { text, number, boolean: BoolRule::Never });
        };
        let number = match Quantity::parse(plain) {
            Some(quantity) => number_rule(Compare::Equal, quantity, 1.0),
            None => NumberRule::Never,
        };
        Ok(Check { text, number, boolean: bool_rule(Compare::Equal, plain) })
    }

    fn compare(compare: Compare, literal: &Literal, unit_ns: f64) -> Check {
        let quantity = Quantity::parse(&literal.text).filter(|_| !literal.quoted);
        let text = match compare {
            Compare::Equal => TextRule::Same(literal.text.clone()),
            Compare::NotEqual => TextRule::Other(literal.text.clone()),
            _ if quantity.is_some() => TextRule::Numeric,
            order => TextRule::Order(order, literal.text.clone()),
        };
        let number = match (quantity, compare) {
            (Some(quantity), compare) => number_rule(compare, quantity, unit_ns),
            // No number is a word.
            (None, Compare::NotEqual) => NumberRule::Any,
            (None, _) => NumberRule::Never,
        };
        Check { text, number, boolean: bool_rule(compare, &literal.text) }
    }

    pub fn text(&self, value: &str) -> bool {
        match &self.text {
            TextRule::Never => false,
            TextRule::Any => true,
            TextRule::Find(matcher) => matcher.matches(value),
            TextRule::Value(matcher) => matcher.matches(value),
            TextRule::Same(text) => value == text,
            TextRule::Other(text) => value != text,
            TextRule::Order(compare, text) => compare.holds(value.cmp(text)),
            TextRule::Numeric => {
                let value = value.trim();
                match value.parse::<i64>() {
                    Ok(integer) => self.integer(integer),
                    Err(_) => value.parse::<f64>().is_ok_and(|number| self.double(number)),
                }
            }
        }
    }

    pub fn integer(&self, value: i64) -> bool {
        match &self.number {
            NumberRule::Never => false,
            NumberRule::Any => true,
            NumberRule::Integer(compare, number) => compare.holds(value.cmp(number)),
            NumberRule::Float(compare, number) => holds(*compare, value as f64, *number),
            NumberRule::Within(range, inside) => range.contains(&value) == *inside,
            NumberRule::Printed(matcher) => matcher.matches(&value.to_string()),
        }
    }

    pub fn double(&self, value: f64) -> bool {
        match &self.number {
            NumberRule::Never => false,
            NumberRule::Any => true,
            NumberRule::Integer(compare, number) => holds(*compare, value, *number as f64),
            NumberRule::Float(compare, number) => holds(*compare, value, *number),
            NumberRule::Within(range, inside) => {
                (value >= *range.start() as f64 && value <= *range.end() as f64) == *inside
            }
            NumberRule::Printed(matcher) => matcher.matches(&value.to_string()),
        }
    }

    pub fn boolean(&self, value: bool) -> bool {
        match self.boolean {
            BoolRule::Never => false,
            BoolRule::Any => true,
            BoolRule::Is(wanted) => value == wanted,
        }
    }
}

/// What is not a number equals nothing, and is unlike everything.
fn holds(compare: Compare, value: f64, number: f64) -> bool {
    match value.partial_cmp(&number) {
        Some(order) => compare.holds(order),
        None => compare == Compare::NotEqual,
    }
}

fn bool_rule(compare: Compare, text: &str) -> BoolRule {
    let value = match text.to_ascii_lowercase().as_str() {
        "true" | "1" | "yes" => true,
        "false" | "0" | "no" => false,
        _ if compare == Compare::NotEqual => return BoolRule::Any,
        _ => return BoolRule::Never,
    };
    match compare {
        Compare::Equal => BoolRule::Is(value),
        Compare::NotEqual => BoolRule::Is(!value),
        _ => BoolRule::Never,
    }
}

pub(crate) fn number_rule(compare: Compare, quantity: Quantity, unit_ns: f64) -> NumberRule {
    let number = match quantity {
        Quantity::Integer(integer) => return NumberRule::Integer(compare, integer),
        Quantity::Duration(ns) => ns / unit_ns,
        Quantity::Number(number) | Quantity::Size(number) => number,
    };
    // Whole numbers compare exactly with whole numbers.
    if number.fract() == 0.0 && number.abs() < (1u64 << 53) as f64 {
        return NumberRule::Integer(compare, number as i64);
    }
    NumberRule::Float(compare, number)
}

/// What a number of a field is in nanoseconds, by what its name ends with.
pub(crate) fn unit_ns(name: &str) -> f64 {
    const UNITS: [(&[&str], f64); 4] = [
        (&["ms", "millis", "milliseconds", "msec"], 1e6),
        (&["us", "micros", "microseconds", "usec"], 1e3),
        (&["s", "sec", "secs", "seconds"], 1e9),
        (&["minutes", "mins"], 60e9),
    ];
    let last = name.rsplit(['.', '_', '-']).next().unwrap_or_default().to_ascii_lowercase();
    UNITS.iter().find(|(names, _)| names.contains(&last.as_str())).map_or(1.0, |(_, ns)| *ns)
}

/// Severities: a word is its range of four numbers, or one number when it names a level inside a range.
pub(crate) fn severity_rule(compare: Compare, low: u8) -> NumberRule {
    let low = i64::from(low);
    let high = if low % 4 == 1 { low + 3 } else { low };
    match compare {
        Compare::Equal => NumberRule::Within(low..=high, true),
        Compare::NotEqual => NumberRule::Within(low..=high, false),
        Compare::Greater => NumberRule::Integer(Compare::Greater, high),
        Compare::GreaterOrEqual => NumberRule::Integer(Compare::GreaterOrEqual, low),
        // What is not known is not below anything.
        Compare::Less => NumberRule::Within(1..=low - 1, true),
        Compare::LessOrEqual => NumberRule::Within(1..=high, true),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cmp::Ordering;

    fn check(query: &str) -> Check {
        let crate::lang::Expr::Term(term) = crate::lang::parse(query).expect("a query") else {
            panic!("{query}")
        };
        let crate::lang::TermKind::Field(field, test) = term.kind else { panic!("{query}") };
        Check::attribute(&test, false, unit_ns(&field.name)).expect("a check")
    }

    #[test]
    fn values_are_judged_by_their_type() {
        for (query, text, expected) in [
            ("a:Cart", "cart", true),
            ("a:cart", "carts", false),
            ("a:ca*", "CART", true),
            ("a=Cart", "cart", false),
            ("a!=cart", "Cart", true),
            ("a>5", "12", true),
            ("a>5", "x", false),
            ("a>\"5\"", "12", false),
            ("a>b", "c", true),
            ("a:/^c.r/", "cart", true),
            ("a:42", "42", true),
        ] {
            assert_eq!(check(query).text(text), expected, "{query} {text}");
        }
        for (query, number, expected) in [
            ("a:42", 42, true),
            ("a=42.0", 42, true),
            ("a:4*", 42, true),
            ("a:/^4.$/", 42, true),
            ("a!=x", 42, true),
            ("a>x", 42, false),
            ("a>=41.5", 42, true),
            ("a_ms>1s", 1_001, true),
            ("a_ms>1s", 999, false),
            ("a>1us", 1_001, true),
            ("size>=1KB", 1_024, true),
            ("a=9007199254740993", 9_007_199_254_740_993, true),
            ("a=9007199254740993", 9_007_199_254_740_992, false),
        ] {
            assert_eq!(check(query).integer(number), expected, "{query} {number}");
        }
        assert!(check("a>0.5").double(0.75) && !check("a>0.5").double(f64::NAN));
        assert!(
            check("a:true").boolean(true)
                && !check("a=true").boolean(false)
                && check("a!=true").boolean(false)
        );
    }

    #[test]
    fn severities_are_ranges() {
        let check = |compare, low, number| Check::number(severity_rule(compare, low)).integer(number);
        assert!(check(Compare::Equal, 17, 20) && !check(Compare::Equal, 17, 21));
        assert!(check(Compare::Greater, 13, 17) && !check(Compare::Greater, 13, 16));
        assert!(check(Compare::LessOrEqual, 13, 16) && !check(Compare::LessOrEqual, 13, 0));
        assert!(check(Compare::Equal, 10, 10) && !check(Compare::Equal, 10, 9));
    }

    #[test]
    fn orderings_are_what_they_say() {
        assert!(Compare::GreaterOrEqual.holds(Ordering::Equal) && !Compare::Less.holds(Ordering::Equal));
    }
}
