//! The parser: recursive descent, `or` below "side by side" below negation.

use super::ast::{At, Compare, Expr, Field, Literal, Term, TermKind, Test, TextTest};
use super::lex::{Lexer, Operator, Range, Token, Word};
use super::{NESTING_MAX, QUERY_BYTES_MAX, QueryError, REGEX_BYTES_MAX, REGEXES_MAX, TERMS_MAX};

/// Parses a query. The empty query is every event.
pub fn parse(query: &str) -> Result<Expr, QueryError> {
    if query.len() > QUERY_BYTES_MAX {
        let message = format!("the query has {} bytes; {QUERY_BYTES_MAX} are allowed", query.len());
        return Err(QueryError::new("", At::default(), message));
    }
    let mut parser = Parser {
        query,
        lexer: Lexer::new(query),
        token: Token::End,
        at: At::default(),
        nesting: 0,
        terms: 0,
        regexes: 0,
    };
    parser.advance()?;
    if parser.token == Token::End {
        return Ok(Expr::All);
    }
    let expr = parser.any_of()?;
    match parser.token {
        Token::End => Ok(expr),
        _ => Err(parser.error("this `)` closes nothing").hint("to search for it, put it in quotes")),
    }
}

/// What is no field before a colon, but asks for one.
pub(super) const EXISTS: [&str; 3] = ["exists", "has", "_exists_"];

struct Parser<'a> {
    query: &'a str,
    lexer: Lexer<'a>,
    /// The token to be taken next, and where it is.
    token: Token,
    at: At,
    nesting: usize,
    terms: usize,
    regexes: usize,
}

type Parsed<T> = Result<T, QueryError>;

impl Parser<'_> {
    fn advance(&mut self) -> Parsed<()> {
        self.token = self.lexer.term()?;
        self.at = self.lexer.span();
        Ok(())
    }

    fn error(&self, message: impl Into<String>) -> QueryError {
        QueryError::new(self.query, self.at, message)
    }

    fn enter(&mut self) -> Parsed<()> {
        self.nesting += 1;
        if self.nesting > NESTING_MAX {
            return Err(self.error(format!("the query is nested deeper than {NESTING_MAX} levels")));
        }
        Ok(())
    }

    fn any_of(&mut self) -> Parsed<Expr> {
        let mut children = vec![self.all_of()?];
        while self.token == Token::Or {
            self.advance()?;
            children.push(self.all_of()?);
        }
        Ok(Expr::or(children))
    }

    fn all_of(&mut self) -> Parsed<Expr> {
        let mut children = vec![self.unary()?];
        loop {
            match self.token {
                Token::End | Token::RightParen | Token::Or => return Ok(Expr::and(children)),
                Token::And => self.advance()?,
                _ => {}
            }
            children.push(self.unary()?);
        }
    }

    fn unary(&mut self) -> Parsed<Expr> {
        if !matches!(self.token, Token::Not | Token::Minus) {
            return self.primary();
        }
        self.enter()?;
        self.advance()?;
        let inner = self.unary()?;
        self.nesting -= 1;
        Ok(Expr::not(inner))
    }

    fn primary(&mut self) -> Parsed<Expr> {
        let at = self.at;
        match std::mem::replace(&mut self.token, Token::End) {
            Token::LeftParen => self.group(at),
            Token::Word(word) => match self.lexer.operator() {
                Some(Operator::Is) if EXISTS.contains(&word.plain.as_str()) => self.exists(at),
                Some(operator) => self.field(word.plain, operator, at),
                None if word.pattern.is_all() => {
                    self.advance()?;
                    Ok(Expr::All)
                }
                None => {
                    if let Some(operator) = self.lexer.sql_operator() {
                        return Err(self.no_operator(operator, &word.plain));
                    }
                    self.text(TextTest::Word(word.pattern), at)
                }
            },
            Token::Phrase(text) => match self.lexer.operator() {
                Some(operator) => self.field(text, operator, at),
                None if text.is_empty() => Err(self.error("there is nothing between the quotes")),
                None => self.text(TextTest::Phrase(text), at),
            },
            Token::Regex(regex) => {
                self.check_regex(&regex)?;
                self.text(TextTest::Regex(regex), at)
            }
            token => Err(self.misplaced(&token)),
        }
    }

    /// The error for an operator of SQL, behind what may be meant for a field.
    fn no_operator(&self, operator: &str, field: &str) -> QueryError {
        let right = match operator {
            "in" => format!("{field}:(a or b)"),
            _ => format!("{field}:*text*"),
        };
        QueryError::new(self.query, self.lexer.span(), format!("`{operator}` is no operator of a search"))
            .hint(format!("write {right}; to search for the word, put it in quotes: \"{operator}\""))
    }

    /// The error for a token where a term should begin.
    fn misplaced(&self, token: &Token) -> QueryError {
        let quoted = |word: &str| format!("to search for the word, put it in quotes: \"{word}\"");
        match token {
            Token::End => self.error("the query ends where a term should follow"),
            Token::RightParen => self.error("a term is missing before this `)`"),
            Token::Or => self.error("`or` needs a term on both sides").hint(quoted("or")),
            Token::And => self.error("`and` needs a term on both sides").hint(quoted("and")),
            _ => self.error("a term should stand here"),
        }
    }

    fn group(&mut self, open: At) -> Parsed<Expr> {
        self.enter()?;
        self.advance()?;
        let inner = self.any_of()?;
        self.close(open)?;
        self.nesting -= 1;
        self.advance()?;
        Ok(inner)
    }

    fn close(&self, open: At) -> Parsed<()> {
        match self.token {
            Token::RightParen => Ok(()),
            _ => Err(QueryError::new(self.query, open, "this `(` is not closed")),
        }
    }

    fn text(&mut self, test: TextTest, at: At) -> Parsed<Expr> {
        let term = self.term(TermKind::Text(test), at)?;
        self.advance()?;
        Ok(term)
    }

    fn term(&mut self, kind: TermKind, at: At) -> Parsed<Expr> {
        self.terms += 1;
        if self.terms > TERMS_MAX {
            return Err(self.error(format!("the query has more than {TERMS_MAX} terms")));
        }
        Ok(Expr::Term(Term { kind, at }))
    }

    fn check_regex(&mut self, regex: &str) -> Parsed<()> {
        self.regexes += 1;
        if self.regexes > REGEXES_MAX {
            let message = format!("the query has more than {REGEXES_MAX} regular expressions");
            return Err(self.error(message).hint("write those that belong together as one: /a|b/"));
        }
        if regex.len() > REGEX_BYTES_MAX {
            let message = format!("a regular expression has at most {REGEX_BYTES_MAX} bytes");
            return Err(self.error(message));
        }
        crate::text::regex(regex).map(drop).map_err(|reason| {
            self.error(format!("the regular expression is not valid: {reason}"))
                .hint("between slashes stands a regular expression; put plain text in quotes")
        })
    }

    /// Behind the operator of a field.
    fn field(&mut self, name: String, operator: Operator, at: At) -> Parsed<Expr> {
        if name.is_empty() {
            return Err(QueryError::new(self.query, at, "the field has no name"));
        }
        let sign = self.lexer.span();
        let value = self.lexer.value()?;
        self.at = self.lexer.span();
        let field = Field::parse(&name);
        if value == Token::LeftParen {
            return match operator {
                Operator::Is => self.list(&field, at),
                _ => Err(self.error("a list of values needs `:`").hint(format!("write {name}:(a or b)"))),
            };
        }
        if matches!(value, Token::End | Token::RightParen) {
            return Err(QueryError::new(self.query, sign, format!("a value for {name} is missing"))
                .hint(format!("for events that have the field: {name}:*")));
        }
        let at = At { start: at.start, end: self.at.end };
        let expr = self.test(&field, operator, value, at)?;
        self.advance()?;
        Ok(expr)
    }

    fn exists(&mut self, at: At) -> Parsed<Expr> {
        let value = self.lexer.value()?;
        self.at = self.lexer.span();
        let name = match value {
            Token::Word(word) => word.plain,
            Token::Phrase(text) => text,
            _ => return Err(self.error("the name of a field should follow `exists:`")),
        };
        let at = At { start: at.start, end: self.at.end };
        let term = self.term(TermKind::Field(Field::parse(&name), Test::Exists), at)?;
        self.advance()?;
        Ok(term)
    }

    /// Both ends of a range as tests.
    fn range(&mut self, field: &Field, range: Range, at: At) -> Parsed<Expr> {
        let mut tests = Vec::new();
        for (compare, text) in [range.low, range.high].into_iter().flatten() {
            let literal = Literal { text, quoted: false };
            tests.push(self.term(TermKind::Field(field.clone(), Test::Compare(compare, literal)), at)?);
        }
        match tests.is_empty() {
            true => self.term(TermKind::Field(field.clone(), Test::Exists), at),
            false => Ok(Expr::and(tests)),
        }
    }

    /// One test of a field against one value.
    fn test(&mut self, field: &Field, operator: Operator, value: Token, at: At) -> Parsed<Expr> {
        // Where a value stands, keywords are values.
        let value = match value {
            Token::And | Token::Or | Token::Not => {
                let written = &self.query[self.at.start as usize..self.at.end as usize];
                let mut word = Word { pattern: super::Pattern(Vec::new()), plain: written.to_owned() };
                written.chars().for_each(|c| word.pattern.push(c));
                Token::Word(word)
            }
            value => value,
        };
        let (test, negated) = match (operator, value) {
            (Operator::Is | Operator::Compare(Compare::Equal), Token::Range(range)) => {
                return self.range(field, range, at);
            }
            (Operator::Is, Token::Word(word)) if word.pattern.is_all() => (Test::Exists, false),
            (Operator::Is, Token::Word(word)) => (Test::Is(TextTest::Word(word.pattern)), false),
            // What is nowhere to be found in a text is everywhere: the empty text is meant.
            (Operator::Is, Token::Phrase(text)) if text.is_empty() => {
                (Test::Compare(Compare::Equal, Literal { text, quoted: true }), false)
            }
            (Operator::Is, Token::Phrase(text)) => (Test::Is(TextTest::Phrase(text)), false),
            (Operator::Is, Token::Regex(regex)) => {
                self.check_regex(&regex)?;
                (Test::Is(TextTest::Regex(regex)), false)
            }
            (Operator::Regex | Operator::NotRegex, Token::Phrase(regex) | Token::Regex(regex)) => {
                self.check_regex(&regex)?;
                // The empty one matches every text, and has no way to be written between slashes.
                let test = if regex.is_empty() { Test::Exists } else { Test::Is(TextTest::Regex(regex)) };
                (test, operator == Operator::NotRegex)
            }
            (Operator::Regex | Operator::NotRegex, _) => {
                return Err(self.error("a regular expression should follow").hint("put it in quotes"));
            }
            (Operator::Compare(compare), value) => {
                (Test::Compare(compare, self.literal(compare, value)?), false)
            }
            _ => return Err(self.error("a value should stand here")),
        };
        let term = self.term(TermKind::Field(field.clone(), test), at)?;
        Ok(if negated { Expr::not(term) } else { term })
    }

    fn literal(&self, compare: Compare, value: Token) -> Parsed<Literal> {
        match value {
            Token::Word(word) => Ok(Literal { text: word.plain, quoted: false }),
            Token::Phrase(text) => Ok(Literal { text, quoted: true }),
            // A path between slashes: `=` takes it as it is.
            Token::Regex(_) if matches!(compare, Compare::Equal | Compare::NotEqual) => {
                let written = &self.query[self.at.start as usize..self.at.end as usize];
                Ok(Literal { text: written.to_owned(), quoted: false })
            }
            _ => Err(self.error(format!("a value should follow `{}`", compare.sign()))),
        }
    }

    /// `field:(a or b)`, behind the parenthesis.
    fn list(&mut self, field: &Field, at: At) -> Parsed<Expr> {
        let open = self.at;
        self.enter()?;
        self.value_token()?;
        let expr = self.list_any(field, at)?;
        self.close(open)?;
        self.nesting -= 1;
        self.advance()?;
        Ok(expr)
    }

    fn value_token(&mut self) -> Parsed<()> {
        self.token = self.lexer.value()?;
        self.at = self.lexer.span();
        Ok(())
    }

    fn list_any(&mut self, field: &Field, at: At) -> Parsed<Expr> {
        let mut children = vec![self.list_all(field, at)?];
        while self.token == Token::Or {
            self.value_token()?;
            children.push(self.list_all(field, at)?);
        }
        Ok(Expr::or(children))
    }

    fn list_all(&mut self, field: &Field, at: At) -> Parsed<Expr> {
        let mut children = vec![self.list_unary(field, at)?];
        loop {
            match self.token {
                Token::End | Token::RightParen | Token::Or => return Ok(Expr::and(children)),
                Token::And => self.value_token()?,
                _ => {}
            }
            children.push(self.list_unary(field, at)?);
        }
    }

    fn list_unary(&mut self, field: &Field, at: At) -> Parsed<Expr> {
        match std::mem::replace(&mut self.token, Token::End) {
            Token::Not => {
                self.enter()?;
                self.value_token()?;
                let inner = self.list_unary(field, at)?;
                self.nesting -= 1;
                Ok(Expr::not(inner))
            }
            Token::LeftParen => {
                let open = self.at;
                self.enter()?;
                self.value_token()?;
                let inner = self.list_any(field, at)?;
                self.close(open)?;
                self.nesting -= 1;
                self.value_token()?;
                Ok(inner)
            }
            Token::Word(word) if word.plain.ends_with(',') => {
                Err(self.error("values are not separated by commas").hint("write (a or b)"))
            }
            value @ (Token::Word(_) | Token::Phrase(_) | Token::Regex(_) | Token::Range(_)) => {
                let at = At { start: at.start, end: self.at.end };
                let expr = self.test(field, Operator::Is, value, at)?;
                self.value_token()?;
                Ok(expr)
            }
            token => Err(self.misplaced(&token)),
        }
    }
}
