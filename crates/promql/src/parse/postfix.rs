//! What follows an expression: ranges, subqueries, `offset`, `@`, `anchored`, `smoothed`.

use super::duration::Parsed as DurationParsed;
use super::{Parsed, Parser, Tree};
use crate::ast::*;
use crate::lex::TokenKind;

/// What modifiers change, of whatever they follow.
struct Target<'a> {
    offset: &'a mut DurationValue,
    at: &'a mut Option<At>,
    pos: &'a mut PosRange,
}

fn target(expr: &mut Expr) -> Option<Target<'_>> {
    match expr {
        Expr::Vector(v) => Some(Target { offset: &mut v.offset, at: &mut v.at, pos: &mut v.pos }),
        Expr::Matrix(m) => {
            Some(Target { offset: &mut m.selector.offset, at: &mut m.selector.at, pos: &mut m.pos })
        }
        Expr::Subquery(s) => Some(Target { offset: &mut s.offset, at: &mut s.at, pos: &mut s.pos }),
        _ => None,
    }
}

impl Parser<'_> {
    /// An expression with all its modifiers.
    pub(super) fn postfix(&mut self) -> Parsed<Tree> {
        let mut tree = self.primary()?;
        loop {
            match self.token.kind {
                TokenKind::LeftBracket => tree = self.range_or_subquery(tree)?,
                TokenKind::Offset => self.offset(&mut tree.expr)?,
                TokenKind::At => self.at(&mut tree.expr)?,
                TokenKind::Anchored => self.extent(&mut tree.expr, Extent::Anchored)?,
                TokenKind::Smoothed => self.extent(&mut tree.expr, Extent::Smoothed)?,
                _ => return Ok(tree),
            }
        }
    }

    fn range_or_subquery(&mut self, tree: Tree) -> Parsed<Tree> {
        let bracket = self.advance()?.pos;
        let range = self.positive_duration()?;
        match self.token.kind {
            TokenKind::RightBracket => {
                self.advance()?;
                self.matrix(tree, range, PosRange::new(bracket.start, self.last_end))
            }
            TokenKind::Colon => {
                self.advance()?;
                self.subquery(tree, range)
            }
            _ => self.unexpected("subquery or range", "\":\" or \"]\""),
        }
    }

    fn matrix(&mut self, tree: Tree, range: DurationValue, brackets: PosRange) -> Parsed<Tree> {
        let pos = PosRange::new(tree.expr.pos().start, brackets.end);
        let mistake = match &tree.expr {
            Expr::Vector(v) if !v.offset.is_zero() => Some("no offset modifiers allowed before range"),
            Expr::Vector(v) if matches!(v.at, Some(At::Timestamp(_))) => {
                Some("no @ modifiers allowed before range")
            }
            Expr::Vector(_) => None,
            _ => Some("ranges only allowed for vector selectors"),
        };
        if let Some(mistake) = mistake {
            self.error(brackets, mistake);
        }
        match tree.expr {
            Expr::Vector(selector) => {
                Ok(Tree { expr: Expr::Matrix(MatrixSelector { selector, range, pos }), depth: 2 })
            }
            // The tree is dropped for the error; what follows may be checked yet.
            expr => Ok(Tree { expr, depth: tree.depth }),
        }
    }

    fn subquery(&mut self, tree: Tree, range: DurationValue) -> Parsed<Tree> {
        const CONTEXT: &str = "subquery selector";
        let step = match self.token.kind {
            TokenKind::RightBracket => None,
            _ if self.at_duration() => Some(self.positive_duration()?),
            _ => return self.unexpected(CONTEXT, "number, duration, step(), range(), or \"]\""),
        };
        if !self.accept(TokenKind::RightBracket)? {
            return self.unexpected(CONTEXT, "\"]\"");
        }
        let pos = PosRange::new(tree.expr.pos().start, self.last_end);
        let depth = self.deeper(tree.depth, pos)?;
        let (offset, at) = (DurationValue::default(), None);
        let expr = Expr::Subquery(Subquery { expr: Box::new(tree.expr), range, step, offset, at, pos });
        Ok(Tree { expr, depth })
    }

    /// A duration that may be a range or step.
    fn positive_duration(&mut self) -> Parsed<DurationValue> {
        if !self.at_duration() {
            return self.unexpected("subquery or range selector", "number, duration, step(), or range()");
        }
        match self.duration_expr()? {
            DurationParsed::Literal(n) => {
                let ms = self.literal_ms(&n);
                // A range of no milliseconds holds nothing, and a step of none never ends.
                if ms <= 0 {
                    self.error(n.pos, "duration must be greater than 0");
                }
                Ok(DurationValue::literal(ms))
            }
            DurationParsed::Expr(expr) => Ok(DurationValue { ms: 0, expr: Some(Box::new(expr)) }),
        }
    }

    fn offset(&mut self, expr: &mut Expr) -> Parsed<()> {
        self.advance()?;
        if !self.at_duration() {
            return self.unexpected("offset", "number, duration, step(), or range()");
        }
        let value = match self.offset_duration()? {
            DurationParsed::Literal(n) => DurationValue::literal(self.literal_ms(&n)),
            DurationParsed::Expr(expr) => DurationValue { ms: 0, expr: Some(Box::new(expr)) },
        };
        let (pos, end) = (expr.pos(), self.last_end);
        match target(expr) {
            None => self.error(
                pos,
                "offset modifier must be preceded by an instant vector selector or range vector selector or a subquery",
            ),
            Some(target) if !target.offset.is_zero() => {
                self.error(pos, "offset may not be set multiple times");
            }
            Some(target) => {
                *target.offset = value;
                target.pos.end = end;
            }
        }
        Ok(())
    }

    fn at(&mut self, expr: &mut Expr) -> Parsed<()> {
        self.advance()?;
        let at = match self.token.kind {
            kind @ (TokenKind::Start | TokenKind::End) => {
                self.advance()?;
                if !self.accept(TokenKind::LeftParen)? || !self.accept(TokenKind::RightParen)? {
                    return self.unexpected("@", "timestamp");
                }
                if kind == TokenKind::Start { At::Start } else { At::End }
            }
            _ => match self.signed_number()? {
                Some(seconds) => At::Timestamp(self.timestamp_ms(expr, seconds)),
                None => return self.unexpected("@", "timestamp"),
            },
        };
        let (pos, end) = (expr.pos(), self.last_end);
        match target(expr) {
            None => self.error(
                pos,
                "@ modifier must be preceded by an instant vector selector or range vector selector or a subquery",
            ),
            Some(target) if target.at.is_some() => {
                self.error(pos, "@ <timestamp> may not be set multiple times");
            }
            Some(target) => {
                *target.at = Some(at);
                target.pos.end = end;
            }
        }
        Ok(())
    }

    fn timestamp_ms(&mut self, expr: &Expr, seconds: f64) -> i64 {
        // 2^63, which a float holds exactly.
        let limit = i64::MAX as f64;
        if !seconds.is_finite() || seconds >= limit || seconds <= -limit {
            let printed = if seconds.is_finite() {
                format!("{seconds:.6}")
            } else {
                crate::number::format_go_v(seconds)
            };
            self.error(expr.pos(), format!("timestamp out of bounds for @ modifier: {printed}"));
            return 0;
        }
        (seconds * 1e3).round() as i64
    }

    fn extent(&mut self, expr: &mut Expr, extent: Extent) -> Parsed<()> {
        let end = self.advance()?.pos.end;
        let name = if extent == Extent::Anchored { "anchored" } else { "smoothed" };
        let pos = expr.pos();
        if !self.options.extended_ranges {
            self.error(pos, format!("{name} modifier is experimental and not enabled"));
            return Ok(());
        }
        let (selector, whole) = match expr {
            Expr::Vector(v) => (&mut v.extent, &mut v.pos),
            Expr::Matrix(m) => (&mut m.selector.extent, &mut m.pos),
            Expr::Subquery(_) => {
                self.error(pos, format!("{name} modifier is not supported for subqueries"));
                return Ok(());
            }
            _ => {
                self.error(pos, format!("{name} modifier not implemented"));
                return Ok(());
            }
        };
        if *selector != Extent::Plain && *selector != extent {
            self.error(pos, "anchored and smoothed modifiers cannot be used together");
            return Ok(());
        }
        (*selector, whole.end) = (extent, end);
        Ok(())
    }
}
