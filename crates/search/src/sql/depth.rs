//! How deep a statement may go. Planning and running walk it by recursion: what is too deep for a thread's stack would
//! end the program, so it is refused before it is read.
//!
//! A chain of operators is as deep as it is long, `a OR b OR c`; parentheses have a limit of the parser's own (50). A
//! long list of values is not deep.

use datafusion::sql::sqlparser::dialect::PostgreSqlDialect;
use datafusion::sql::sqlparser::keywords::Keyword;
use datafusion::sql::sqlparser::tokenizer::{Token, Tokenizer};

/// Operators of one sort in a statement. A chain of 1,500 went through on a stack of 2 MB and one of 2,000 did not;
/// three sorts of a thousand each need 4 MB of the 8 MB that the program's threads have.
pub const OPERATORS_MAX: usize = 1_000;

/// Sorts of operators; those of one bind alike, so that a chain of them nests.
#[derive(Default)]
struct Counts {
    /// `+`, `||`, `::`, `->`, `[`, …
    values: usize,
    /// `=`, `<`, `LIKE`, …
    comparisons: usize,
    /// `AND`, `OR`, `NOT`, `UNION`, `JOIN`, …
    logic: usize,
}

/// Refuses a statement that is too deep, with a sentence for whoever wrote it. What is no SQL passes: whoever reads it
/// says why.
pub fn check_depth(sql: &str) -> Result<(), String> {
    let Ok(tokens) = Tokenizer::new(&PostgreSqlDialect {}, sql).tokenize() else { return Ok(()) };
    let mut counts = Counts::default();
    for token in &tokens {
        counts.add(token);
    }
    let Counts { values, comparisons, logic } = counts;
    for (count, sort) in
        [(logic, "AND, OR and their like"), (comparisons, "comparisons"), (values, "operators")]
    {
        if count > OPERATORS_MAX {
            return Err(format!(
                "the statement has {count} {sort}; at most {OPERATORS_MAX} are read. A list, `x IN (1, 2, …)`, may be longer"
            ));
        }
    }
    Ok(())
}

impl Counts {
    fn add(&mut self, token: &Token) {
        use Token as T;
        match token {
            T::Word(word) => match word.keyword {
                Keyword::AND
                | Keyword::OR
                | Keyword::NOT
                | Keyword::UNION
                | Keyword::EXCEPT
                | Keyword::INTERSECT
                | Keyword::JOIN => self.logic += 1,
                Keyword::LIKE | Keyword::ILIKE | Keyword::BETWEEN | Keyword::IS | Keyword::IN => {
                    self.comparisons += 1;
                }
                _ => {}
            },
            T::Eq | T::DoubleEq | T::Neq | T::Lt | T::Gt | T::LtEq | T::GtEq | T::Spaceship => {
                self.comparisons += 1;
            }
            // No operators, or none that nest.
            T::EOF
            | T::Number(..)
            | T::Char(_)
            | T::SingleQuotedString(_)
            | T::DoubleQuotedString(_)
            | T::DollarQuotedString(_)
            | T::EscapedStringLiteral(_)
            | T::UnicodeStringLiteral(_)
            | T::NationalStringLiteral(_)
            | T::HexStringLiteral(_)
            | T::SingleQuotedByteStringLiteral(_)
            | T::Placeholder(_)
            | T::Comma
            | T::Whitespace(_)
            | T::LParen
            | T::RParen
            | T::RBracket
            | T::Period
            | T::SemiColon => {}
            _ => self.values += 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chains_are_bounded_and_lists_are_not() {
        let chain = |operand: &str, operator: &str, n: usize| {
            format!("SELECT {}", vec![operand; n + 1].join(operator))
        };
        for operator in [" OR ", " AND ", " + ", " || ", " = ", " UNION SELECT ", "::text -- x\n || "] {
            assert_eq!(check_depth(&chain("1", operator, OPERATORS_MAX / 2)), Ok(()), "{operator}");
            assert!(check_depth(&chain("1", operator, OPERATORS_MAX + 1)).is_err(), "{operator}");
        }
        assert!(check_depth(&format!("SELECT {}true", "NOT ".repeat(OPERATORS_MAX + 1))).is_err());
        assert!(check_depth(&format!("SELECT 1{}", "::text".repeat(OPERATORS_MAX + 1))).is_err());
        let list = vec!["'a OR b'"; 50_000].join(", ");
        assert_eq!(
            check_depth(&format!("SELECT * FROM logs WHERE body IN ({list}) -- {}", "or ".repeat(2_000))),
            Ok(())
        );
        assert_eq!(check_depth("SELECT 'not closed"), Ok(()));
    }
}
