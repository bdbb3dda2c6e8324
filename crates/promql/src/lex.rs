//! Splits a query into tokens.
//!
//! The lexer is asked for one token at a time and keeps what it needs to know of the ones before: whether a brace
//! (label matchers: every word is a name) or a bracket (durations: few words are allowed) is open, and how deep the
//! parentheses are. After an error or the end it is not asked again.

use crate::ast::{AggregateOp, PosRange};
use crate::quote::{quote, quote_char};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TokenKind {
    Eof,
    Comma,
    Colon,
    LeftParen,
    RightParen,
    LeftBrace,
    RightBrace,
    LeftBracket,
    RightBracket,
    Number,
    Duration,
    String,
    Identifier,
    /// An identifier with a colon in it.
    MetricIdentifier,
    /// `=`
    Eql,
    /// `=~`
    EqlRegex,
    /// `!~`
    NeqRegex,
    Add,
    Sub,
    Mul,
    Div,
    Mod,
    Pow,
    /// `==`
    Eqlc,
    Neq,
    Gtr,
    Lss,
    Gte,
    Lte,
    /// `</`
    TrimUpper,
    /// `>/`
    TrimLower,
    At,
    And,
    Or,
    Unless,
    Atan2,
    Aggregator(AggregateOp),
    Bool,
    By,
    Without,
    On,
    Ignoring,
    GroupLeft,
    GroupRight,
    Fill,
    FillLeft,
    FillRight,
    Offset,
    Anchored,
    Smoothed,
    Start,
    End,
    Step,
    Range,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Token {
    pub kind: TokenKind,
    pub pos: PosRange,
}

/// Bytes that are no token.
#[derive(Debug)]
pub(crate) struct LexError {
    pub message: String,
    /// Where the token began.
    pub start: usize,
}

pub(crate) struct Lexer<'a> {
    input: &'a str,
    at: usize,
    /// Start of the token being read.
    start: usize,
    paren_depth: usize,
    in_braces: bool,
    in_brackets: bool,
    /// No number came yet since the bracket.
    before_number: bool,
    had_colon: bool,
}

/// The keyword that a word is, in any case.
pub(crate) fn keyword(word: &str) -> Option<TokenKind> {
    use TokenKind::*;
    let lower = word.to_ascii_lowercase();
    Some(match lower.as_str() {
        "and" => And,
        "or" => Or,
        "unless" => Unless,
        "atan2" => Atan2,
        "offset" => Offset,
        "smoothed" => Smoothed,
        "anchored" => Anchored,
        "by" => By,
        "without" => Without,
        "on" => On,
        "ignoring" => Ignoring,
        "group_left" => GroupLeft,
        "group_right" => GroupRight,
        "fill" => Fill,
        "fill_left" => FillLeft,
        "fill_right" => FillRight,
        "bool" => Bool,
        "start" => Start,
        "end" => End,
        "step" => Step,
        "range" => Range,
        "inf" | "nan" => Number,
        other => Aggregator(*AggregateOp::ALL.iter().find(|op| op.as_str() == other)?),
    })
}

fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\n' | '\r')
}

fn is_alpha(c: char) -> bool {
    c == '_' || c.is_ascii_alphabetic()
}

fn is_alphanumeric(c: char) -> bool {
    is_alpha(c) || c.is_ascii_digit()
}

impl<'a> Lexer<'a> {
    pub(crate) fn new(input: &'a str) -> Lexer<'a> {
        Lexer {
            input,
            at: 0,
            start: 0,
            paren_depth: 0,
            in_braces: false,
            in_brackets: false,
            before_number: false,
            had_colon: false,
        }
    }

    /// The next token; spaces and comments are passed over.
    pub(crate) fn next(&mut self) -> Result<Token, LexError> {
        loop {
            self.take_while(is_space);
            if self.peek() != Some('#') {
                break;
            }
            self.take_while(|c| c != '\n' && c != '\r');
        }
        self.start = self.at;
        let kind = if self.in_braces {
            self.inside_braces()?
        } else if self.in_brackets && self.before_number {
            self.duration_start()?
        } else {
            self.statement()?
        };
        Ok(Token { kind, pos: PosRange::new(self.start, self.at) })
    }

    fn peek(&self) -> Option<char> {
        self.input[self.at..].chars().next()
    }

    fn peek_second(&self) -> Option<char> {
        self.input[self.at..].chars().nth(1)
    }

    fn advance(&mut self) -> Option<char> {
        let c = self.peek()?;
        self.at += c.len_utf8();
        Some(c)
    }

    /// Takes the next character if it is one of these.
    fn accept(&mut self, set: &str) -> bool {
        match self.peek() {
            Some(c) if set.contains(c) => {
                self.at += c.len_utf8();
                true
            }
            _ => false,
        }
    }

    fn take_while(&mut self, take: impl Fn(char) -> bool) {
        let rest = &self.input[self.at..];
        self.at += rest.find(|c| !take(c)).unwrap_or(rest.len());
    }

    fn fail<T>(&self, message: impl Into<String>) -> Result<T, LexError> {
        Err(LexError { message: message.into(), start: self.start })
    }

    fn word(&self) -> &'a str {
        &self.input[self.start..self.at]
    }

    fn statement(&mut self) -> Result<TokenKind, LexError> {
        use TokenKind::*;
        let Some(c) = self.advance() else { return self.end_of_input() };
        Ok(match c {
            ',' => Comma,
            '*' => Mul,
            '/' => Div,
            '%' => Mod,
            '+' => Add,
            '-' => Sub,
            '^' => Pow,
            '@' => At,
            '=' if self.accept("=") => Eqlc,
            '=' if self.peek() == Some('~') => return self.fail("unexpected character after '=': '~'"),
            '=' => Eql,
            '!' if self.accept("=") => Neq,
            '!' => {
                let next = self.peek().map_or("'\\x00'".to_owned(), quote_char);
                return self.fail(format!("unexpected character after '!': {next}"));
            }
            '<' if self.accept("=") => Lte,
            '<' if self.accept("/") => TrimUpper,
            '<' => Lss,
            '>' if self.accept("=") => Gte,
            '>' if self.accept("/") => TrimLower,
            '>' => Gtr,
            '"' | '\'' => self.string(c)?,
            '`' => self.raw_string()?,
            '(' => self.left_paren(),
            ')' => self.right_paren()?,
            '{' => {
                self.in_braces = true;
                LeftBrace
            }
            '[' if self.in_brackets => return self.fail("unexpected left bracket '['"),
            '[' => {
                (self.in_brackets, self.before_number, self.had_colon) = (true, true, false);
                LeftBracket
            }
            ']' if !self.in_brackets => return self.fail("unexpected right bracket ']'"),
            ']' => {
                self.in_brackets = false;
                RightBracket
            }
            c if c.is_ascii_digit() || (c == '.' && self.peek().is_some_and(|d| d.is_ascii_digit())) => {
                self.at = self.start;
                self.number_or_duration()?
            }
            c if is_alpha(c) || c == ':' => return self.word_or_colon(c),
            c => return self.fail(format!("unexpected character: {}", quote_char(c))),
        })
    }

    fn end_of_input(&self) -> Result<TokenKind, LexError> {
        if self.paren_depth > 0 {
            self.fail("unclosed left parenthesis")
        } else if self.in_brackets {
            self.fail("unclosed left bracket")
        } else {
            Ok(TokenKind::Eof)
        }
    }

    fn left_paren(&mut self) -> TokenKind {
        self.paren_depth += 1;
        TokenKind::LeftParen
    }

    fn right_paren(&mut self) -> Result<TokenKind, LexError> {
        if self.paren_depth == 0 {
            // Told where it ends, as users of Prometheus know it.
            let message = "unexpected right parenthesis ')'".to_owned();
            return Err(LexError { message, start: self.at });
        }
        self.paren_depth -= 1;
        Ok(TokenKind::RightParen)
    }

    /// A letter or colon has been taken.
    fn word_or_colon(&mut self, c: char) -> Result<TokenKind, LexError> {
        if self.in_brackets {
            if c == ':' {
                if self.had_colon {
                    return self.fail("unexpected colon ':'");
                }
                self.had_colon = true;
                return Ok(TokenKind::Colon);
            }
            if let Some(kind) = self.duration_word() {
                return Ok(kind);
            }
            return self.fail(format!("unexpected character: {}, expected ':'", quote_char(c)));
        }
        self.take_while(|c| is_alphanumeric(c) || c == ':');
        let word = self.word();
        Ok(match keyword(word) {
            // Names of metrics too: only what a parenthesis follows is a modifier.
            Some(TokenKind::Fill | TokenKind::FillLeft | TokenKind::FillRight)
                if !self.input[self.at..].trim_start_matches(is_space).starts_with('(') =>
            {
                TokenKind::Identifier
            }
            Some(kind) => kind,
            None if word.contains(':') => TokenKind::MetricIdentifier,
            None => TokenKind::Identifier,
        })
    }

    /// The words that duration expressions know. A letter has been taken.
    fn duration_word(&mut self) -> Option<TokenKind> {
        self.take_while(is_alpha);
        match self.word().to_ascii_lowercase().as_str() {
            "step" => Some(TokenKind::Step),
            "range" => Some(TokenKind::Range),
            "min_of" | "max_of" => Some(TokenKind::Identifier),
            _ => None,
        }
    }

    /// Between a left bracket and the first number after it.
    fn duration_start(&mut self) -> Result<TokenKind, LexError> {
        use TokenKind::*;
        let Some(c) = self.advance() else {
            return self.fail("unexpected end of input in duration expression");
        };
        Ok(match c {
            ']' => {
                self.in_brackets = false;
                RightBracket
            }
            ':' => return self.fail("unexpected colon before duration in duration expression"),
            '(' => self.left_paren(),
            ')' => self.right_paren()?,
            '+' => Add,
            '-' => Sub,
            '*' => Mul,
            '/' => Div,
            '%' => Mod,
            '^' => Pow,
            ',' => Comma,
            c if c.is_ascii_digit() || (c == '.' && self.peek().is_some_and(|d| d.is_ascii_digit())) => {
                self.at = self.start;
                self.before_number = false;
                self.number_or_duration()?
            }
            c => {
                let word = if is_alpha(c) { self.duration_word() } else { None };
                match word {
                    Some(kind) => {
                        // `step()` and `range()` are whole durations: a colon or bracket may follow.
                        self.before_number = matches!(kind, Identifier);
                        kind
                    }
                    None => {
                        let message =
                            format!("unexpected character in duration expression: {}", quote_char(c));
                        return self.fail(message);
                    }
                }
            }
        })
    }

    /// Every word is a name; only the operators of matchers exist.
    fn inside_braces(&mut self) -> Result<TokenKind, LexError> {
        use TokenKind::*;
        let Some(c) = self.advance() else { return self.fail("unexpected end of input inside braces") };
        Ok(match c {
            ',' => Comma,
            '"' | '\'' => self.string(c)?,
            '`' => self.raw_string()?,
            '=' if self.accept("~") => EqlRegex,
            '=' => Eql,
            '!' if self.accept("~") => NeqRegex,
            '!' if self.accept("=") => Neq,
            '!' => {
                let next = self.peek().map_or("'\\x00'".to_owned(), quote_char);
                return self.fail(format!("unexpected character after '!' inside braces: {next}"));
            }
            '{' => return self.fail("unexpected left brace '{'"),
            '}' => {
                self.in_braces = false;
                RightBrace
            }
            c if is_alpha(c) => {
                self.take_while(is_alphanumeric);
                Identifier
            }
            c => return self.fail(format!("unexpected character inside braces: {}", quote_char(c))),
        })
    }

    /// A quote has been taken. Escapes are checked here so that the error is where the string is.
    fn string(&mut self, delimiter: char) -> Result<TokenKind, LexError> {
        loop {
            match self.advance() {
                None | Some('\n') => return self.fail("unterminated quoted string"),
                Some('\\') => self.escape(delimiter)?,
                Some(c) if c == delimiter => return Ok(TokenKind::String),
                Some(_) => {}
            }
        }
    }

    /// A backslash has been taken.
    fn escape(&mut self, delimiter: char) -> Result<(), LexError> {
        let unterminated = "escape sequence not terminated";
        let Some(c) = self.advance() else { return self.fail(unterminated) };
        let (count, base, value_max, mut value) = match c {
            'a' | 'b' | 'f' | 'n' | 'r' | 't' | 'v' | '\\' => return Ok(()),
            c if c == delimiter => return Ok(()),
            '0'..='7' => (2, 8, 255, c as u32 - '0' as u32),
            'x' => (2, 16, 255, 0),
            'u' => (4, 16, char::MAX as u32, 0),
            'U' => (8, 16, char::MAX as u32, 0),
            c => return self.fail(format!("unknown escape sequence {}", code_point(c))),
        };
        for _ in 0..count {
            let Some(c) = self.peek() else { return self.fail(unterminated) };
            let Some(digit) = c.to_digit(base) else {
                return self.fail(format!("illegal character {} in escape sequence", code_point(c)));
            };
            value = value.saturating_mul(base).saturating_add(digit);
            self.advance();
        }
        if value > value_max || (0xD800..0xE000).contains(&value) {
            return self.fail("escape sequence is an invalid Unicode code point");
        }
        Ok(())
    }

    fn raw_string(&mut self) -> Result<TokenKind, LexError> {
        self.take_while(|c| c != '`');
        match self.advance() {
            Some(_) => Ok(TokenKind::String),
            None => self.fail("unterminated raw string"),
        }
    }

    fn number_or_duration(&mut self) -> Result<TokenKind, LexError> {
        if self.scan_number() {
            return Ok(TokenKind::Number);
        }
        if self.scan_duration_rest() {
            return Ok(TokenKind::Duration);
        }
        self.fail(format!("bad number or duration syntax: {}", quote(self.word())))
    }

    /// Takes what looks like a number; false when it cannot be one. Whether it is one, its reader decides.
    fn scan_number(&mut self) -> bool {
        let hex = self.peek() == Some('0') && self.peek_second().is_some_and(|c| matches!(c, 'x' | 'X'));
        let digits = if hex { "0123456789abcdefABCDEF" } else { "0123456789" };
        if hex {
            self.at += 2;
            self.accept("_");
        }
        self.accept(".");
        self.accept(digits);
        let (mut had_dot, mut had_exponent) = (self.word().contains('.'), false);
        while let Some(c) = self.peek() {
            if digits.contains(c) {
                self.at += 1;
            } else if c == '.' {
                if had_dot || hex {
                    self.at += 1;
                    return false;
                }
                had_dot = true;
                self.at += 1;
                if self.accept("_.") {
                    return false;
                }
            } else if matches!(c, 'e' | 'E') {
                self.at += 1;
                if had_exponent {
                    return false;
                }
                had_exponent = true;
                self.accept("+-");
                if self.accept("._eE") || self.peek().is_none() {
                    return false;
                }
            } else if c == '_' {
                self.at += 1;
                if self.accept("._eE") || self.peek().is_none() {
                    return false;
                }
            } else {
                break;
            }
        }
        !self.peek().is_some_and(is_alphanumeric)
    }

    /// After digits: a unit, and more digits with units. Their order is checked when the duration is read.
    fn scan_duration_rest(&mut self) -> bool {
        if !self.accept("smhdwy") {
            return false;
        }
        self.accept("s");
        while self.accept("0123456789") {
            self.take_while(|c| c.is_ascii_digit());
            if !self.accept("smhdw") {
                return false;
            }
            self.accept("s");
        }
        match self.peek() {
            Some(c) if is_alphanumeric(c) => {
                self.advance();
                false
            }
            _ => true,
        }
    }
}

/// `U+0041 'A'`
fn code_point(c: char) -> String {
    format!("U+{:04X} {}", c as u32, quote_char(c).replace("\\\\", "\\"))
}

/// How a message names a token.
pub(crate) fn describe(token: Token, input: &str) -> String {
    use TokenKind::*;
    let text = &input[token.pos.start..token.pos.end];
    match token.kind {
        Eof => "end of input".to_owned(),
        Identifier => format!("identifier {}", quote(text)),
        MetricIdentifier => format!("metric identifier {}", quote(text)),
        String => format!("string {}", shortened(text)),
        Number => format!("number {}", shortened(text)),
        Duration => format!("duration {}", shortened(text)),
        Aggregator(_) => format!("<aggr:{text}>"),
        Bool | By | Without | On | Ignoring | GroupLeft | GroupRight | Fill | FillLeft | FillRight
        | Offset | Anchored | Smoothed => format!("<{text}>"),
        Add | Sub | Mul | Div | Mod | Pow | Eqlc | Neq | Gtr | Lss | Gte | Lte | TrimUpper | TrimLower
        | At | And | Or | Unless | Atan2 | EqlRegex | NeqRegex => format!("<op:{text}>"),
        Comma | Colon | LeftParen | RightParen | LeftBrace | RightBrace | LeftBracket | RightBracket
        | Eql | Start | End | Step | Range => shortened(text),
    }
}

fn shortened(text: &str) -> String {
    if text.len() <= 10 {
        return quote(text);
    }
    format!("{}...", quote(&text.chars().take(10).collect::<std::string::String>()))
}
