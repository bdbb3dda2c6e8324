//! Durations in ranges, steps and offsets: a literal, or arithmetic over literals, `step()` and `range()`.

use super::Parser;
use crate::ast::*;
use crate::durations;
use crate::lex::TokenKind;

/// A duration as parsed: what a sign may still be folded into, or a tree.
pub(super) enum Parsed {
    Literal(NumberLiteral),
    Expr(DurationExpr),
}

impl Parsed {
    fn into_expr(self) -> DurationExpr {
        match self {
            Parsed::Literal(n) => DurationExpr::Literal(n),
            Parsed::Expr(e) => e,
        }
    }

    fn pos(&self) -> PosRange {
        match self {
            Parsed::Literal(n) => n.pos,
            Parsed::Expr(e) => e.pos(),
        }
    }
}

/// Binding power of `*` and of signs.
const POWER_MUL: u8 = 2;

fn duration_op(kind: TokenKind) -> Option<(DurationOp, u8)> {
    Some(match kind {
        TokenKind::Add => (DurationOp::Add, 1),
        TokenKind::Sub => (DurationOp::Sub, 1),
        TokenKind::Mul => (DurationOp::Mul, POWER_MUL),
        TokenKind::Div => (DurationOp::Div, POWER_MUL),
        TokenKind::Mod => (DurationOp::Mod, POWER_MUL),
        TokenKind::Pow => (DurationOp::Pow, POWER_MUL + 1),
        _ => return None,
    })
}

impl Parser<'_> {
    /// Whether the current token can begin a duration.
    pub(super) fn at_duration(&self) -> bool {
        use TokenKind::*;
        match self.token.kind {
            Number | Duration | Step | Range | LeftParen | Add | Sub => true,
            Identifier => self.min_or_max().is_some(),
            _ => false,
        }
    }

    /// Milliseconds of a literal, which is noted as wrong when it does not fit.
    pub(super) fn literal_ms(&mut self, literal: &NumberLiteral) -> i64 {
        durations::seconds_to_ms(literal.value).unwrap_or_else(|| {
            self.error(literal.pos, "duration out of range");
            0
        })
    }

    pub(super) fn duration_expr(&mut self) -> super::Parsed<Parsed> {
        self.duration_binary(0)
    }

    /// After `offset` operators end the duration: `offset 5m + 2` is `(offset 5m) + 2`.
    pub(super) fn offset_duration(&mut self) -> super::Parsed<Parsed> {
        match self.token.kind {
            TokenKind::Add | TokenKind::Sub => {
                let sign = self.advance()?;
                let operand = self.duration_primary()?;
                Ok(signed(sign.kind, sign.pos, operand))
            }
            _ => self.duration_primary(),
        }
    }

    fn duration_binary(&mut self, power_min: u8) -> super::Parsed<Parsed> {
        self.nested(|p| {
            let mut lhs = p.duration_unary()?;
            let mut depth = 1;
            while let Some((op, power)) = duration_op(p.token.kind) {
                if power < power_min {
                    break;
                }
                let op_token = p.advance()?;
                let rhs = p.duration_binary(if op == DurationOp::Pow { power } else { power + 1 })?;
                depth = p.deeper(depth, op_token.pos)?;
                let pos = lhs.pos().to(rhs.pos());
                if !p.options.duration_expressions {
                    p.error(lhs.pos(), "experimental duration expression is not enabled");
                }
                if let Parsed::Literal(NumberLiteral { value: 0.0, .. }) = rhs {
                    match op {
                        DurationOp::Div => p.error(op_token.pos, "division by zero"),
                        DurationOp::Mod => p.error(op_token.pos, "modulo by zero"),
                        _ => {}
                    }
                }
                let (a, b) = (Box::new(lhs.into_expr()), Box::new(rhs.into_expr()));
                lhs = Parsed::Expr(DurationExpr::Binary(op, a, b, pos));
            }
            Ok(lhs)
        })
    }

    fn duration_unary(&mut self) -> super::Parsed<Parsed> {
        match self.token.kind {
            TokenKind::Add | TokenKind::Sub => {
                let sign = self.advance()?;
                let operand = self.duration_binary(POWER_MUL + 1)?;
                Ok(signed(sign.kind, sign.pos, operand))
            }
            _ => self.duration_primary(),
        }
    }

    fn duration_primary(&mut self) -> super::Parsed<Parsed> {
        match self.token.kind {
            TokenKind::Number | TokenKind::Duration => {
                let literal = self.number_literal()?;
                self.literal_ms(&literal);
                Ok(Parsed::Literal(literal))
            }
            TokenKind::LeftParen => self.duration_paren(),
            kind @ (TokenKind::Step | TokenKind::Range) => {
                let start = self.advance()?.pos;
                if !self.accept(TokenKind::LeftParen)? || !self.accept(TokenKind::RightParen)? {
                    return self.unexpected("", "");
                }
                let pos = PosRange::new(start.start, self.last_end);
                self.require_duration_expressions(pos);
                Ok(Parsed::Expr(match kind {
                    TokenKind::Step => DurationExpr::Step(pos),
                    _ => DurationExpr::Range(pos),
                }))
            }
            TokenKind::Identifier => self.duration_min_max(),
            _ => self.unexpected("", ""),
        }
    }

    fn duration_paren(&mut self) -> super::Parsed<Parsed> {
        let start = self.advance()?.pos;
        let inner = self.duration_expr()?;
        if !self.accept(TokenKind::RightParen)? {
            return self.unexpected("", "");
        }
        let pos = PosRange::new(start.start, self.last_end);
        self.require_duration_expressions(pos);
        Ok(Parsed::Expr(match inner.into_expr() {
            // One pair says as much as two.
            DurationExpr::Paren(inner, _) => DurationExpr::Paren(inner, pos),
            inner => DurationExpr::Paren(Box::new(inner), pos),
        }))
    }

    fn duration_min_max(&mut self) -> super::Parsed<Parsed> {
        let Some(is_min) = self.min_or_max() else { return self.unexpected("", "") };
        let start = self.advance()?.pos;
        if !self.accept(TokenKind::LeftParen)? {
            return self.unexpected("", "");
        }
        let a = Box::new(self.duration_expr()?.into_expr());
        if !self.accept(TokenKind::Comma)? {
            return self.unexpected("", "");
        }
        let b = Box::new(self.duration_expr()?.into_expr());
        if !self.accept(TokenKind::RightParen)? {
            return self.unexpected("", "");
        }
        let pos = PosRange::new(start.start, self.last_end);
        self.require_duration_expressions(pos);
        Ok(Parsed::Expr(if is_min { DurationExpr::Min(a, b, pos) } else { DurationExpr::Max(a, b, pos) }))
    }

    /// Whether the current token is `min_of` (true) or `max_of` (false).
    fn min_or_max(&self) -> Option<bool> {
        match self.text(self.token).to_ascii_lowercase().as_str() {
            "min_of" => Some(true),
            "max_of" => Some(false),
            _ => None,
        }
    }

    fn require_duration_expressions(&mut self, pos: PosRange) {
        if !self.options.duration_expressions {
            self.error(pos, "experimental duration expression is not enabled");
        }
    }
}

fn signed(sign: TokenKind, at: PosRange, operand: Parsed) -> Parsed {
    let pos = at.to(operand.pos());
    match operand {
        Parsed::Literal(n) => {
            let value = if sign == TokenKind::Sub { -n.value } else { n.value };
            Parsed::Literal(NumberLiteral { value, pos, ..n })
        }
        Parsed::Expr(e) if sign == TokenKind::Sub => Parsed::Expr(DurationExpr::Minus(Box::new(e), pos)),
        Parsed::Expr(e) => Parsed::Expr(e),
    }
}
