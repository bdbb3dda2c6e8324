//! Series selectors: `name{label="value", "quoted.label"=~"x.*", "quoted.name"}`.

use super::{Parsed, Parser};
use crate::ast::*;
use crate::lex::{Token, TokenKind};
use model::{Labels, METRIC_NAME, MatchOp, Matcher};

/// Names of metrics that the lexer took for keywords. The rest (`bool`, `on`, `group_left` …) name labels only.
fn is_metric(kind: TokenKind) -> bool {
    use TokenKind::*;
    matches!(
        kind,
        Identifier
            | MetricIdentifier
            | Aggregator(_)
            | By
            | Without
            | Offset
            | And
            | Or
            | Unless
            | Anchored
            | Smoothed
            | Fill
            | FillLeft
            | FillRight
            | Start
            | End
            | Step
            | Range
    )
}

fn match_op(kind: TokenKind) -> Option<MatchOp> {
    match kind {
        TokenKind::Eql => Some(MatchOp::Equal),
        TokenKind::Neq => Some(MatchOp::NotEqual),
        TokenKind::EqlRegex => Some(MatchOp::Regex),
        TokenKind::NeqRegex => Some(MatchOp::NotRegex),
        _ => None,
    }
}

impl Parser<'_> {
    /// A selector, with or without a name before the braces.
    pub(super) fn selector(&mut self) -> Parsed<VectorSelector> {
        match self.token.kind {
            TokenKind::LeftBrace => {
                let start = self.token.pos.start;
                let matchers = self.matchers()?;
                Ok(new_selector("", matchers, PosRange::new(start, self.last_end)))
            }
            kind if is_metric(kind) => {
                let name = self.advance()?;
                self.selector_named(name)
            }
            _ => self.unexpected("", ""),
        }
    }

    /// A selector whose name has been taken.
    pub(super) fn selector_named(&mut self, name: Token) -> Parsed<VectorSelector> {
        let mut matchers = match self.token.kind {
            TokenKind::LeftBrace => self.matchers()?,
            _ => Vec::new(),
        };
        let text = self.text(name);
        matchers.push(Matcher::equal(METRIC_NAME, text));
        Ok(new_selector(text, matchers, PosRange::new(name.pos.start, self.last_end)))
    }

    fn matchers(&mut self) -> Parsed<Vec<Matcher>> {
        self.advance()?;
        let mut matchers = Vec::new();
        if self.accept(TokenKind::RightBrace)? {
            return Ok(matchers);
        }
        loop {
            matchers.extend(self.matcher()?);
            let comma = self.accept(TokenKind::Comma)?;
            if self.accept(TokenKind::RightBrace)? {
                return Ok(matchers);
            }
            if !comma {
                return self.unexpected("label matching", "\",\" or \"}\"");
            }
        }
    }

    /// One matcher; `None` when it is wrong in itself and has been noted.
    fn matcher(&mut self) -> Parsed<Option<Matcher>> {
        const CONTEXT: &str = "label matching";
        let name = self.token;
        let name_text = match name.kind {
            TokenKind::Identifier => {
                self.advance()?;
                self.text(name).to_owned()
            }
            TokenKind::String => {
                self.advance()?;
                self.unquote(name)
            }
            _ => return self.unexpected(CONTEXT, "identifier or \"}\""),
        };
        let Some(op) = match_op(self.token.kind) else {
            if name.kind == TokenKind::String {
                return Ok(Some(Matcher::equal(METRIC_NAME, &name_text)));
            }
            return self.unexpected(CONTEXT, "label matching operator");
        };
        self.advance()?;
        if self.token.kind != TokenKind::String {
            return self.unexpected(CONTEXT, "string");
        }
        let value = self.advance()?;
        let value_text = self.unquote(value);
        match Matcher::new(&name_text, op, &value_text) {
            Ok(matcher) => Ok(Some(matcher)),
            Err(e) => {
                self.error(name.pos.to(value.pos), e.to_string());
                Ok(None)
            }
        }
    }

    /// The labels of a series, `name{label="value", "quoted.name"}`, and nothing after them.
    pub(super) fn whole_metric(&mut self) -> Parsed<Labels> {
        self.load()?;
        let mut pairs: Vec<(String, String)> = Vec::new();
        if is_metric(self.token.kind) {
            let name = self.advance()?;
            pairs.push((METRIC_NAME.to_owned(), self.text(name).to_owned()));
        }
        if self.accept(TokenKind::LeftBrace)? && !self.accept(TokenKind::RightBrace)? {
            loop {
                let pair = self.label()?;
                pairs.push(pair);
                let comma = self.accept(TokenKind::Comma)?;
                if self.accept(TokenKind::RightBrace)? {
                    break;
                }
                if !comma {
                    return self.unexpected("label set", "\",\" or \"}\"");
                }
            }
        }
        self.expect_end()?;
        Ok(Labels::from_pairs(pairs))
    }

    fn label(&mut self) -> Parsed<(String, String)> {
        const CONTEXT: &str = "label set";
        let name = self.token;
        let name_text = match name.kind {
            TokenKind::Identifier => {
                self.advance()?;
                self.text(name).to_owned()
            }
            TokenKind::String => {
                self.advance()?;
                self.unquote(name)
            }
            _ => return self.unexpected(CONTEXT, "identifier or \"}\""),
        };
        if self.token.kind != TokenKind::Eql {
            if name.kind == TokenKind::String {
                return Ok((METRIC_NAME.to_owned(), name_text));
            }
            return self.unexpected(CONTEXT, "\"=\"");
        }
        self.advance()?;
        if self.token.kind != TokenKind::String {
            return self.unexpected(CONTEXT, "string");
        }
        let value = self.advance()?;
        Ok((name_text, self.unquote(value)))
    }
}

fn new_selector(name: &str, matchers: Vec<Matcher>, pos: PosRange) -> VectorSelector {
    VectorSelector {
        name: name.to_owned(),
        matchers,
        offset: DurationValue::default(),
        at: None,
        extent: Extent::Plain,
        pos,
    }
}
