//! Expressions: binary and unary operations, calls, aggregations, literals.

use super::{Parsed, Parser, Tree, suggest};
use crate::ast::*;
use crate::functions::Function;
use crate::lex::{Token, TokenKind};
use crate::{number, quote};

/// Binding power of `*`, which is also that of a sign: `-a ^ b` is `-(a ^ b)`, `-a * b` is `(-a) * b`.
const POWER_MUL: u8 = 5;
/// Binding power of `^`, the only operator that binds to the right.
const POWER_POW: u8 = 6;

/// The binary operator that a token is, and how tightly it binds.
fn binary_op(kind: TokenKind) -> Option<(BinaryOp, u8)> {
    Some(match kind {
        TokenKind::Or => (BinaryOp::Or, 1),
        TokenKind::And => (BinaryOp::And, 2),
        TokenKind::Unless => (BinaryOp::Unless, 2),
        TokenKind::Eqlc => (BinaryOp::Eql, 3),
        TokenKind::Neq => (BinaryOp::Neq, 3),
        TokenKind::Gtr => (BinaryOp::Gtr, 3),
        TokenKind::Lss => (BinaryOp::Lss, 3),
        TokenKind::Gte => (BinaryOp::Gte, 3),
        TokenKind::Lte => (BinaryOp::Lte, 3),
        TokenKind::TrimUpper => (BinaryOp::TrimUpper, 3),
        TokenKind::TrimLower => (BinaryOp::TrimLower, 3),
        TokenKind::Add => (BinaryOp::Add, 4),
        TokenKind::Sub => (BinaryOp::Sub, 4),
        TokenKind::Mul => (BinaryOp::Mul, POWER_MUL),
        TokenKind::Div => (BinaryOp::Div, POWER_MUL),
        TokenKind::Mod => (BinaryOp::Mod, POWER_MUL),
        TokenKind::Atan2 => (BinaryOp::Atan2, POWER_MUL),
        TokenKind::Pow => (BinaryOp::Pow, POWER_POW),
        _ => return None,
    })
}

/// Names of labels that the lexer took for keywords.
fn is_label(kind: TokenKind) -> bool {
    use TokenKind::*;
    matches!(
        kind,
        Identifier
            | MetricIdentifier
            | Aggregator(_)
            | Bool
            | By
            | Without
            | On
            | Ignoring
            | GroupLeft
            | GroupRight
            | Fill
            | FillLeft
            | FillRight
            | Offset
            | And
            | Or
            | Unless
            | Atan2
            | Anchored
            | Smoothed
            | Start
            | End
            | Step
            | Range
    )
}

/// What stands between a binary operator and its right side.
#[derive(Default)]
struct Modifiers {
    return_bool: bool,
    matching: VectorMatching,
}

impl Parser<'_> {
    pub(super) fn expr(&mut self) -> Parsed<Tree> {
        self.binary(0)
    }

    fn binary(&mut self, power_min: u8) -> Parsed<Tree> {
        self.nested(|p| {
            let mut lhs = p.unary()?;
            while let Some((op, power)) = binary_op(p.token.kind) {
                if power < power_min {
                    break;
                }
                let op_token = p.advance()?;
                let modifiers = p.bin_modifiers()?;
                let rhs = p.binary(if op == BinaryOp::Pow { power } else { power + 1 })?;
                lhs = p.new_binary(op, op_token, modifiers, lhs, rhs)?;
            }
            Ok(lhs)
        })
    }

    fn new_binary(
        &mut self,
        op: BinaryOp,
        op_token: Token,
        modifiers: Modifiers,
        lhs: Tree,
        rhs: Tree,
    ) -> Parsed<Tree> {
        let pos = lhs.expr.pos().to(rhs.expr.pos());
        let fills = modifiers.matching.fill_left.is_some() || modifiers.matching.fill_right.is_some();
        if fills && !self.options.fill_modifiers {
            self.error(pos, "binop fill modifiers are experimental and not enabled");
        }
        let depth = self.deeper(lhs.depth.max(rhs.depth), op_token.pos)?;
        let expr = Expr::Binary(BinaryExpr {
            op,
            lhs: Box::new(lhs.expr),
            rhs: Box::new(rhs.expr),
            return_bool: modifiers.return_bool,
            // Whether both sides are vectors is known when types are checked.
            matching: Some(modifiers.matching),
            pos,
        });
        Ok(Tree { expr, depth })
    }

    fn bin_modifiers(&mut self) -> Parsed<Modifiers> {
        let mut modifiers = Modifiers { return_bool: self.accept(TokenKind::Bool)?, ..Modifiers::default() };
        let matching = &mut modifiers.matching;
        if matches!(self.token.kind, TokenKind::On | TokenKind::Ignoring) {
            matching.on = self.advance()?.kind == TokenKind::On;
            matching.labels = self.grouping_labels()?;
            if matches!(self.token.kind, TokenKind::GroupLeft | TokenKind::GroupRight) {
                matching.cardinality = match self.advance()?.kind {
                    TokenKind::GroupLeft => Cardinality::ManyToOne,
                    _ => Cardinality::OneToMany,
                };
                if self.token.kind == TokenKind::LeftParen {
                    matching.include = self.grouping_labels()?;
                }
            }
        }
        self.fill_modifiers(&mut modifiers.matching)?;
        Ok(modifiers)
    }

    /// `fill(1)`, or `fill_left(1)` and `fill_right(2)` in any order, each at most once.
    fn fill_modifiers(&mut self, matching: &mut VectorMatching) -> Parsed<()> {
        match self.token.kind {
            TokenKind::Fill => {
                self.advance()?;
                let value = self.fill_value()?;
                (matching.fill_left, matching.fill_right) = (Some(value), Some(value));
            }
            TokenKind::FillLeft => {
                self.advance()?;
                matching.fill_left = Some(self.fill_value()?);
                if self.accept(TokenKind::FillRight)? {
                    matching.fill_right = Some(self.fill_value()?);
                }
            }
            TokenKind::FillRight => {
                self.advance()?;
                matching.fill_right = Some(self.fill_value()?);
                if self.accept(TokenKind::FillLeft)? {
                    matching.fill_left = Some(self.fill_value()?);
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn fill_value(&mut self) -> Parsed<f64> {
        if !self.accept(TokenKind::LeftParen)? {
            return self.unexpected("fill", "\"(\"");
        }
        let value = match self.signed_number()? {
            Some(value) => value,
            None => return self.unexpected("fill", "number"),
        };
        if !self.accept(TokenKind::RightParen)? {
            return self.unexpected("fill", "\")\"");
        }
        Ok(value)
    }

    /// A number or duration with an optional sign; `None` when there is none.
    pub(super) fn signed_number(&mut self) -> Parsed<Option<f64>> {
        let sign = match self.token.kind {
            TokenKind::Sub => -1.0,
            _ => 1.0,
        };
        if matches!(self.token.kind, TokenKind::Add | TokenKind::Sub) {
            self.advance()?;
        }
        if !matches!(self.token.kind, TokenKind::Number | TokenKind::Duration) {
            return Ok(None);
        }
        Ok(Some(sign * self.number_literal()?.value))
    }

    fn unary(&mut self) -> Parsed<Tree> {
        let op = match self.token.kind {
            TokenKind::Add => UnaryOp::Plus,
            TokenKind::Sub => UnaryOp::Minus,
            _ => return self.postfix(),
        };
        let start = self.advance()?.pos;
        let operand = self.binary(POWER_MUL + 1)?;
        let pos = start.to(operand.expr.pos());
        if let Expr::Number(number) = operand.expr {
            let value = if op == UnaryOp::Minus { -number.value } else { number.value };
            let expr = Expr::Number(NumberLiteral { value, pos, ..number });
            return Ok(Tree { expr, depth: operand.depth });
        }
        let depth = self.deeper(operand.depth, start)?;
        Ok(Tree { expr: Expr::Unary(UnaryExpr { op, expr: Box::new(operand.expr), pos }), depth })
    }

    /// An expression without operators or modifiers around it.
    pub(super) fn primary(&mut self) -> Parsed<Tree> {
        use TokenKind::{Aggregator, Duration, End, Identifier, LeftParen, Number, Range, Start, Step};
        let leaf = |expr| Ok(Tree { expr, depth: 1 });
        match self.token.kind {
            Number | Duration => leaf(Expr::Number(self.number_literal()?)),
            TokenKind::String => {
                let token = self.advance()?;
                let bytes = self.unquote_bytes(token);
                leaf(Expr::String(match String::from_utf8(bytes) {
                    Ok(value) => StringLiteral { value, bytes: None, pos: token.pos },
                    Err(e) => {
                        let value = String::from_utf8_lossy(e.as_bytes()).into_owned();
                        StringLiteral { value, bytes: Some(e.into_bytes()), pos: token.pos }
                    }
                }))
            }
            LeftParen => self.paren(),
            Aggregator(op) => {
                let name = self.advance()?;
                match self.token.kind {
                    LeftParen | TokenKind::By | TokenKind::Without => self.aggregation(op, name),
                    _ => leaf(Expr::Vector(self.selector_named(name)?)),
                }
            }
            Identifier | Start | End | Step | Range => {
                let name = self.advance()?;
                match self.token.kind {
                    LeftParen => self.call(name),
                    _ => leaf(Expr::Vector(self.selector_named(name)?)),
                }
            }
            _ => leaf(Expr::Vector(self.selector()?)),
        }
    }

    fn paren(&mut self) -> Parsed<Tree> {
        let start = self.advance()?.pos;
        let inner = self.expr()?;
        if !self.accept(TokenKind::RightParen)? {
            return self.unexpected("", "");
        }
        let depth = self.deeper(inner.depth, start)?;
        let pos = PosRange::new(start.start, self.last_end);
        Ok(Tree { expr: Expr::Paren(ParenExpr { expr: Box::new(inner.expr), pos }), depth })
    }

    /// A number or duration token.
    pub(super) fn number_literal(&mut self) -> Parsed<NumberLiteral> {
        let token = self.advance()?;
        let (text, pos) = (self.text(token), token.pos);
        if token.kind == TokenKind::Duration {
            let value = match base::units::parse_duration(text) {
                Ok(duration) => duration.as_millis() as f64 / 1e3,
                Err(reason) => {
                    self.error(pos, reason);
                    0.0
                }
            };
            return Ok(NumberLiteral { value, duration: true, pos });
        }
        let value = number::parse(text).unwrap_or_else(|reason| {
            self.error(pos, format!("error parsing number: {reason}"));
            0.0
        });
        Ok(NumberLiteral { value, duration: false, pos })
    }

    /// The value of a string token that must be text: the name or value of a label.
    pub(super) fn unquote(&mut self, token: Token) -> String {
        let bytes = self.unquote_bytes(token);
        String::from_utf8(bytes).unwrap_or_else(|_| {
            self.bad_string(token, "not valid UTF-8");
            String::new()
        })
    }

    fn unquote_bytes(&mut self, token: Token) -> Vec<u8> {
        quote::unquote_bytes(self.text(token)).unwrap_or_else(|reason| {
            self.bad_string(token, reason);
            Vec::new()
        })
    }

    fn bad_string(&mut self, token: Token, reason: &str) {
        let literal = quote::quote(self.text(token));
        self.error(token.pos, format!("error unquoting string {literal}: {reason}"));
    }

    /// `(a, b)` after `by`, `on` and the like.
    pub(super) fn grouping_labels(&mut self) -> Parsed<Vec<String>> {
        const CONTEXT: &str = "grouping opts";
        if !self.accept(TokenKind::LeftParen)? {
            return self.unexpected(CONTEXT, "\"(\"");
        }
        let mut labels = Vec::new();
        if self.accept(TokenKind::RightParen)? {
            return Ok(labels);
        }
        loop {
            let token = self.token;
            let label = match token.kind {
                TokenKind::String => {
                    self.advance()?;
                    self.unquote(token)
                }
                kind if is_label(kind) => {
                    self.advance()?;
                    self.text(token).to_owned()
                }
                _ => return self.unexpected(CONTEXT, "label"),
            };
            if label.is_empty() {
                self.error(token.pos, "invalid label name for grouping: \"\"");
            }
            labels.push(label);
            let comma = self.accept(TokenKind::Comma)?;
            if self.accept(TokenKind::RightParen)? {
                return Ok(labels);
            }
            if !comma {
                return self.unexpected(CONTEXT, "\",\" or \")\"");
            }
        }
    }

    fn call(&mut self, name: Token) -> Parsed<Tree> {
        let text = match name.kind {
            TokenKind::Identifier => self.text(name).to_owned(),
            // Keywords are so in any case.
            _ => self.text(name).to_ascii_lowercase(),
        };
        let (args, below) = self.args()?;
        let pos = PosRange::new(name.pos.start, self.last_end);
        let depth = self.deeper(below, name.pos)?;
        let Some(function) = Function::get(&text) else {
            let hint = suggest::hint(&text, self.options.experimental_functions);
            self.error(name.pos, format!("unknown function with name {}{hint}", quote::quote(&text)));
            // Stands in for the call: the tree is dropped for the error.
            let expr = Expr::String(StringLiteral { value: text, bytes: None, pos });
            return Ok(Tree { expr, depth });
        };
        if function.experimental && !self.options.experimental_functions {
            self.error(name.pos, format!("function {} is not enabled", quote::quote(&text)));
        }
        Ok(Tree { expr: Expr::Call(Call { function, args, pos }), depth })
    }

    /// Arguments in parentheses, and the depth of the deepest.
    fn args(&mut self) -> Parsed<(Vec<Expr>, usize)> {
        if !self.accept(TokenKind::LeftParen)? {
            return self.unexpected("", "");
        }
        let (mut args, mut depth) = (Vec::new(), 0);
        if self.accept(TokenKind::RightParen)? {
            return Ok((args, depth));
        }
        loop {
            let arg = self.expr()?;
            depth = depth.max(arg.depth);
            args.push(arg.expr);
            let separator = self.token;
            let comma = self.accept(TokenKind::Comma)?;
            if self.accept(TokenKind::RightParen)? {
                if comma {
                    self.error(separator.pos, "trailing commas not allowed in function call args");
                }
                return Ok((args, depth));
            }
            if !comma {
                return self.unexpected("", "");
            }
        }
    }

    fn aggregation(&mut self, op: AggregateOp, name: Token) -> Parsed<Tree> {
        let mut grouping = self.aggregate_modifier()?;
        let (args, below) = self.args()?;
        if grouping.is_none() {
            grouping = self.aggregate_modifier()?;
        }
        let (grouping, without) = grouping.unwrap_or_default();
        let pos = PosRange::new(name.pos.start, self.last_end);
        let depth = self.deeper(below, name.pos)?;
        // Stands in for the aggregation when it is wrong: the tree is dropped for the error.
        let wrong = |p: &mut Self, message: String| {
            p.error(pos, message);
            Ok(Tree { expr: Expr::String(StringLiteral { value: String::new(), bytes: None, pos }), depth })
        };
        if args.is_empty() {
            return wrong(self, "no arguments for aggregate expression provided".to_owned());
        }
        if op.is_experimental() && !self.options.experimental_functions {
            let message = format!(
                "{}() is experimental and must be enabled with --enable-feature=promql-experimental-functions",
                op.as_str()
            );
            return wrong(self, message);
        }
        let (wanted, got) = (1 + usize::from(op.param_type().is_some()), args.len());
        if got != wanted {
            let message = format!(
                "wrong number of arguments for aggregate expression provided, expected {wanted}, got {got}"
            );
            return wrong(self, message);
        }
        let mut args = args.into_iter();
        let param = if wanted == 2 { args.next().map(Box::new) } else { None };
        let expr = Box::new(args.next().expect("the number of arguments was checked"));
        Ok(Tree { expr: Expr::Aggregate(AggregateExpr { op, expr, param, grouping, without, pos }), depth })
    }

    /// `by (…)` or `without (…)`: the labels, and whether it was `without`.
    fn aggregate_modifier(&mut self) -> Parsed<Option<(Vec<String>, bool)>> {
        if !matches!(self.token.kind, TokenKind::By | TokenKind::Without) {
            return Ok(None);
        }
        let without = self.advance()?.kind == TokenKind::Without;
        Ok(Some((self.grouping_labels()?, without)))
    }
}
