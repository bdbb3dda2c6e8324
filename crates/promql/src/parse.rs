//! The parser: recursive descent, with precedence climbing for binary operators.
//!
//! A syntax error ends the parsing. What is wrong in meaning (an unknown function, an offset set twice) is noted and
//! the parsing goes on, so that several faults are reported at once; types are checked when the syntax holds. The
//! wording of errors is that of Prometheus, whose users look messages up.
//!
//! Nesting is limited so that neither the parser nor what walks the tree later can run out of stack.

mod check;
mod duration;
mod error;
mod expr;
mod postfix;
mod selector;
pub(crate) mod series;
mod suggest;

pub use error::{ParseError, ParseErrors};

use crate::ast::{Expr, PosRange};
use crate::lex::{Lexer, Token, TokenKind, describe};
use model::Matcher;

/// How deep parentheses, calls, signs and powers may nest. The parser takes about 6 KB of stack a level when built
/// without optimisation: 120 levels are 720 KB of the 2 MB that a thread has by default.
pub const NESTING_MAX: usize = 120;
/// How deep the tree may be: `a or b or …` makes it one deeper with each operator. What walks the tree without
/// effort needs some 200 B a level, the evaluator about 1 KB: 500 levels fit in 2 MB.
pub const DEPTH_MAX: usize = 500;

/// Which parts of the language beyond the stable ones are allowed. The default is that of Prometheus without feature
/// flags.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ParseOptions {
    pub experimental_functions: bool,
    /// Arithmetic in ranges, steps and offsets.
    pub duration_expressions: bool,
    /// `anchored` and `smoothed`.
    pub extended_ranges: bool,
    /// `fill`, `fill_left`, `fill_right`.
    pub fill_modifiers: bool,
}

impl Default for ParseOptions {
    fn default() -> ParseOptions {
        ParseOptions {
            experimental_functions: false,
            duration_expressions: true,
            extended_ranges: false,
            fill_modifiers: false,
        }
    }
}

impl ParseOptions {
    /// Everything allowed.
    pub fn all() -> ParseOptions {
        ParseOptions {
            experimental_functions: true,
            duration_expressions: true,
            extended_ranges: true,
            fill_modifiers: true,
        }
    }
}

/// Parses and type-checks a query.
pub fn parse(input: &str, options: &ParseOptions) -> Result<Expr, ParseErrors> {
    let mut parser = Parser::new(input, *options);
    let Ok(mut expr) = parser.whole_expr() else { return Err(parser.into_errors()) };
    if parser.errors.is_empty() {
        check::check(&mut expr, &mut parser);
    }
    if parser.errors.is_empty() { Ok(expr) } else { Err(parser.into_errors()) }
}

/// Parses a series selector without modifiers, as `match[]` parameters hold. It may match everything: whether that
/// is allowed is the caller's to say.
pub fn parse_selector(input: &str) -> Result<Vec<Matcher>, ParseErrors> {
    let mut parser = Parser::new(input, ParseOptions::default());
    match parser.whole_selector() {
        Ok(matchers) if parser.errors.is_empty() => Ok(matchers),
        _ => Err(parser.into_errors()),
    }
}

/// Says that parsing cannot go on; why is in the parser's errors.
#[derive(Debug)]
struct Stop;

type Parsed<T> = Result<T, Stop>;

/// An expression and how deep its tree is.
struct Tree {
    expr: Expr,
    depth: usize,
}

struct Parser<'a> {
    input: &'a str,
    options: ParseOptions,
    lexer: Lexer<'a>,
    /// The token to be taken next.
    token: Token,
    /// End of the token taken last.
    last_end: usize,
    nesting: usize,
    errors: Vec<ParseError>,
}

impl<'a> Parser<'a> {
    fn new(input: &'a str, options: ParseOptions) -> Parser<'a> {
        let token = Token { kind: TokenKind::Eof, pos: PosRange::new(0, 0) };
        Parser {
            input,
            options,
            lexer: Lexer::new(input),
            token,
            last_end: 0,
            nesting: 0,
            errors: Vec::new(),
        }
    }

    fn into_errors(self) -> ParseErrors {
        debug_assert!(!self.errors.is_empty(), "parsing stopped without an error");
        ParseErrors(self.errors)
    }

    fn whole_expr(&mut self) -> Parsed<Expr> {
        self.load()?;
        if self.token.kind == TokenKind::Eof {
            return self.stop(PosRange::default(), "no expression found in input");
        }
        let tree = self.expr()?;
        self.expect_end()?;
        Ok(tree.expr)
    }

    fn whole_selector(&mut self) -> Parsed<Vec<Matcher>> {
        self.load()?;
        let selector = self.selector()?;
        self.expect_end()?;
        Ok(selector.matchers)
    }

    fn expect_end(&mut self) -> Parsed<()> {
        if self.token.kind == TokenKind::Eof { Ok(()) } else { self.unexpected("", "") }
    }

    /// Reads the next token into `token`.
    fn load(&mut self) -> Parsed<()> {
        match self.lexer.next() {
            Ok(token) => {
                self.token = token;
                Ok(())
            }
            Err(e) => self.stop(PosRange::new(e.start, self.input.len()), e.message),
        }
    }

    /// Takes the current token.
    fn advance(&mut self) -> Parsed<Token> {
        let taken = self.token;
        self.last_end = taken.pos.end;
        self.load()?;
        Ok(taken)
    }

    /// Takes the current token if it is of a kind.
    fn accept(&mut self, kind: TokenKind) -> Parsed<bool> {
        let found = self.token.kind == kind;
        if found {
            self.advance()?;
        }
        Ok(found)
    }

    fn text(&self, token: Token) -> &'a str {
        &self.input[token.pos.start..token.pos.end]
    }

    /// Notes an error that does not end the parsing.
    fn error(&mut self, pos: PosRange, message: impl Into<String>) {
        self.errors.push(ParseError::new(message.into(), pos, self.input));
    }

    /// Notes an error and ends the parsing.
    fn stop<T>(&mut self, pos: PosRange, message: impl Into<String>) -> Parsed<T> {
        self.error(pos, message);
        Err(Stop)
    }

    /// Ends the parsing at the current token. `context` and `expected` may be empty.
    fn unexpected<T>(&mut self, context: &str, expected: &str) -> Parsed<T> {
        let mut message = format!("unexpected {}", describe(self.token, self.input));
        if !context.is_empty() {
            message.push_str(&format!(" in {context}"));
        }
        if !expected.is_empty() {
            message.push_str(&format!(", expected {expected}"));
        }
        self.stop(self.token.pos, message)
    }

    /// Counts a level of recursion for as long as `inner` runs.
    fn nested<T>(&mut self, inner: impl FnOnce(&mut Self) -> Parsed<T>) -> Parsed<T> {
        if self.nesting == NESTING_MAX {
            return self
                .stop(self.token.pos, format!("expression is nested more than {NESTING_MAX} levels deep"));
        }
        self.nesting += 1;
        let result = inner(self);
        self.nesting -= 1;
        result
    }

    /// The depth of a node over children of depth `below`.
    fn deeper(&mut self, below: usize, pos: PosRange) -> Parsed<usize> {
        if below >= DEPTH_MAX {
            return self.stop(pos, format!("expression has more than {DEPTH_MAX} levels of operations"));
        }
        Ok(below + 1)
    }
}

#[cfg(test)]
mod tests;
