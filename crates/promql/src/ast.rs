//! The syntax tree of a query, as the parser checked it.
//!
//! Every node carries the bytes of the query it stands for. A tree that the parser returned is well typed: a
//! call has arguments of the types its [`Function`] names, a matrix selector wraps a vector selector without
//! modifiers, a binary operation between two vectors has a [`VectorMatching`]. The evaluator relies on it.
//!
//! Durations may be expressions over the step and range of the query; [`crate::durations::resolve`] replaces them
//! by numbers once the query's times are known, after which [`DurationValue::ms`] is all there is to look at.

use crate::functions::Function;
use model::Matcher;
use std::fmt;

/// A range of byte offsets into the query.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct PosRange {
    pub start: usize,
    /// Exclusive.
    pub end: usize,
}

impl PosRange {
    pub fn new(start: usize, end: usize) -> PosRange {
        PosRange { start, end }
    }

    /// From the start of this range to the end of another.
    pub fn to(self, last: PosRange) -> PosRange {
        PosRange { start: self.start, end: last.end }
    }
}

/// What an expression evaluates to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ValueType {
    Scalar,
    /// Instant vector.
    Vector,
    /// Range vector.
    Matrix,
    String,
}

impl ValueType {
    /// The name in the HTTP API.
    pub fn as_str(self) -> &'static str {
        match self {
            ValueType::Scalar => "scalar",
            ValueType::Vector => "vector",
            ValueType::Matrix => "matrix",
            ValueType::String => "string",
        }
    }

    /// The name in error messages.
    pub fn documented(self) -> &'static str {
        match self {
            ValueType::Scalar => "scalar",
            ValueType::Vector => "instant vector",
            ValueType::Matrix => "range vector",
            ValueType::String => "string",
        }
    }
}

impl fmt::Display for ValueType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[derive(Clone, Debug, PartialEq)]
pub enum Expr {
    Number(NumberLiteral),
    String(StringLiteral),
    Vector(VectorSelector),
    Matrix(MatrixSelector),
    Subquery(Subquery),
    Unary(UnaryExpr),
    Binary(BinaryExpr),
    Aggregate(AggregateExpr),
    Call(Call),
    Paren(ParenExpr),
}

#[derive(Clone, Debug, PartialEq)]
pub struct NumberLiteral {
    pub value: f64,
    /// Written as a duration (`5m` for 300), and printed as one.
    pub duration: bool,
    pub pos: PosRange,
}

#[derive(Clone, Debug, PartialEq)]
pub struct StringLiteral {
    pub value: String,
    /// What was spelled, when that is not UTF-8; `value` then has U+FFFD where it is not.
    pub bytes: Option<Vec<u8>>,
    pub pos: PosRange,
}

/// `name{matchers}`, with its modifiers.
#[derive(Clone, Debug, PartialEq)]
pub struct VectorSelector {
    /// The name before the braces; `""` when there is none (a name quoted inside them is a matcher like any other).
    pub name: String,
    /// All matchers, that of the name among them.
    pub matchers: Vec<Matcher>,
    pub offset: DurationValue,
    pub at: Option<At>,
    pub extent: Extent,
    pub pos: PosRange,
}

/// How a selector treats the edges of its range (or, for an instant selector, the space between samples).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Extent {
    #[default]
    Plain,
    /// `anchored`: with the last sample before the range's start.
    Anchored,
    /// `smoothed`: with values interpolated at the edges.
    Smoothed,
}

/// `@`: the time a selector is pinned to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum At {
    /// Unix milliseconds.
    Timestamp(i64),
    /// `@ start()`: the start of the query.
    Start,
    /// `@ end()`: the end of the query.
    End,
}

/// `selector[range]`. Offset, `@` and extent are those of the selector within.
#[derive(Clone, Debug, PartialEq)]
pub struct MatrixSelector {
    pub selector: VectorSelector,
    pub range: DurationValue,
    pub pos: PosRange,
}

/// `expr[range:step]`
#[derive(Clone, Debug, PartialEq)]
pub struct Subquery {
    pub expr: Box<Expr>,
    pub range: DurationValue,
    /// `None` (`[5m:]`): the default evaluation interval of the engine.
    pub step: Option<DurationValue>,
    pub offset: DurationValue,
    pub at: Option<At>,
    pub pos: PosRange,
}

/// A duration as written.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DurationValue {
    /// Milliseconds; of an expression, those it was last resolved to.
    pub ms: i64,
    /// What it is computed from, unless it is a literal.
    pub expr: Option<Box<DurationExpr>>,
}

impl DurationValue {
    pub fn literal(ms: i64) -> DurationValue {
        DurationValue { ms, expr: None }
    }

    /// Whether nothing was written, or a literal zero.
    pub fn is_zero(&self) -> bool {
        self.ms == 0 && self.expr.is_none()
    }
}

/// Arithmetic on durations, in seconds.
#[derive(Clone, Debug, PartialEq)]
pub enum DurationExpr {
    Literal(NumberLiteral),
    /// `step()`: the step of the query.
    Step(PosRange),
    /// `range()`: end minus start of the query.
    Range(PosRange),
    /// `min_of(a, b)`
    Min(Box<DurationExpr>, Box<DurationExpr>, PosRange),
    /// `max_of(a, b)`
    Max(Box<DurationExpr>, Box<DurationExpr>, PosRange),
    Minus(Box<DurationExpr>, PosRange),
    Binary(DurationOp, Box<DurationExpr>, Box<DurationExpr>, PosRange),
    Paren(Box<DurationExpr>, PosRange),
}

impl DurationExpr {
    pub fn pos(&self) -> PosRange {
        match self {
            DurationExpr::Literal(n) => n.pos,
            DurationExpr::Step(p)
            | DurationExpr::Range(p)
            | DurationExpr::Min(_, _, p)
            | DurationExpr::Max(_, _, p)
            | DurationExpr::Minus(_, p)
            | DurationExpr::Binary(_, _, _, p)
            | DurationExpr::Paren(_, p) => *p,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DurationOp {
    Add,
    Sub,
    Mul,
    Div,
    Mod,
    Pow,
}

impl DurationOp {
    pub fn as_str(self) -> &'static str {
        match self {
            DurationOp::Add => "+",
            DurationOp::Sub => "-",
            DurationOp::Mul => "*",
            DurationOp::Div => "/",
            DurationOp::Mod => "%",
            DurationOp::Pow => "^",
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UnaryOp {
    Plus,
    Minus,
}

#[derive(Clone, Debug, PartialEq)]
pub struct UnaryExpr {
    pub op: UnaryOp,
    pub expr: Box<Expr>,
    pub pos: PosRange,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BinaryOp {
    Add,
    Sub,
    Mul,
    Div,
    Mod,
    Pow,
    Atan2,
    /// `==`
    Eql,
    /// `!=`
    Neq,
    /// `>`
    Gtr,
    /// `<`
    Lss,
    /// `>=`
    Gte,
    /// `<=`
    Lte,
    And,
    Or,
    Unless,
    /// `</`: keep the observations of a native histogram below a bound.
    TrimUpper,
    /// `>/`: keep the observations of a native histogram above a bound.
    TrimLower,
}

impl BinaryOp {
    pub fn as_str(self) -> &'static str {
        match self {
            BinaryOp::Add => "+",
            BinaryOp::Sub => "-",
            BinaryOp::Mul => "*",
            BinaryOp::Div => "/",
            BinaryOp::Mod => "%",
            BinaryOp::Pow => "^",
            BinaryOp::Atan2 => "atan2",
            BinaryOp::Eql => "==",
            BinaryOp::Neq => "!=",
            BinaryOp::Gtr => ">",
            BinaryOp::Lss => "<",
            BinaryOp::Gte => ">=",
            BinaryOp::Lte => "<=",
            BinaryOp::And => "and",
            BinaryOp::Or => "or",
            BinaryOp::Unless => "unless",
            BinaryOp::TrimUpper => "</",
            BinaryOp::TrimLower => ">/",
        }
    }

    pub fn is_comparison(self) -> bool {
        use BinaryOp::*;
        matches!(self, Eql | Neq | Gtr | Lss | Gte | Lte)
    }

    pub fn is_set(self) -> bool {
        matches!(self, BinaryOp::And | BinaryOp::Or | BinaryOp::Unless)
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct BinaryExpr {
    pub op: BinaryOp,
    pub lhs: Box<Expr>,
    pub rhs: Box<Expr>,
    /// `bool`: a comparison gives 0 or 1 instead of filtering.
    pub return_bool: bool,
    /// How series pair up; `Some` exactly when both sides are instant vectors.
    pub matching: Option<VectorMatching>,
    pub pos: PosRange,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Cardinality {
    #[default]
    OneToOne,
    /// `group_left`
    ManyToOne,
    /// `group_right`
    OneToMany,
    /// `and`, `or`, `unless`
    ManyToMany,
}

impl Cardinality {
    /// The name in the HTTP API.
    pub fn as_str(self) -> &'static str {
        match self {
            Cardinality::OneToOne => "one-to-one",
            Cardinality::ManyToOne => "many-to-one",
            Cardinality::OneToMany => "one-to-many",
            Cardinality::ManyToMany => "many-to-many",
        }
    }
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct VectorMatching {
    pub cardinality: Cardinality,
    /// `labels` are those compared (`on`), not those left out (`ignoring`).
    pub on: bool,
    pub labels: Vec<String>,
    /// Labels that `group_left`/`group_right` take over from the side of one.
    pub include: Vec<String>,
    /// Stands in for a sample missing on the left (`fill`, `fill_left`).
    pub fill_left: Option<f64>,
    /// Stands in for a sample missing on the right (`fill`, `fill_right`).
    pub fill_right: Option<f64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AggregateOp {
    Sum,
    Avg,
    Count,
    Min,
    Max,
    Group,
    Stddev,
    Stdvar,
    Topk,
    Bottomk,
    CountValues,
    Quantile,
    Limitk,
    LimitRatio,
}

impl AggregateOp {
    pub const ALL: [AggregateOp; 14] = [
        AggregateOp::Sum,
        AggregateOp::Avg,
        AggregateOp::Count,
        AggregateOp::Min,
        AggregateOp::Max,
        AggregateOp::Group,
        AggregateOp::Stddev,
        AggregateOp::Stdvar,
        AggregateOp::Topk,
        AggregateOp::Bottomk,
        AggregateOp::CountValues,
        AggregateOp::Quantile,
        AggregateOp::Limitk,
        AggregateOp::LimitRatio,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            AggregateOp::Sum => "sum",
            AggregateOp::Avg => "avg",
            AggregateOp::Count => "count",
            AggregateOp::Min => "min",
            AggregateOp::Max => "max",
            AggregateOp::Group => "group",
            AggregateOp::Stddev => "stddev",
            AggregateOp::Stdvar => "stdvar",
            AggregateOp::Topk => "topk",
            AggregateOp::Bottomk => "bottomk",
            AggregateOp::CountValues => "count_values",
            AggregateOp::Quantile => "quantile",
            AggregateOp::Limitk => "limitk",
            AggregateOp::LimitRatio => "limit_ratio",
        }
    }

    /// The type of the parameter before the vector, if it takes one.
    pub fn param_type(self) -> Option<ValueType> {
        use AggregateOp::*;
        match self {
            Topk | Bottomk | Quantile | Limitk | LimitRatio => Some(ValueType::Scalar),
            CountValues => Some(ValueType::String),
            _ => None,
        }
    }

    pub fn is_experimental(self) -> bool {
        matches!(self, AggregateOp::Limitk | AggregateOp::LimitRatio)
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct AggregateExpr {
    pub op: AggregateOp,
    pub expr: Box<Expr>,
    /// `Some` exactly when [`AggregateOp::param_type`] is.
    pub param: Option<Box<Expr>>,
    pub grouping: Vec<String>,
    /// `grouping` says what goes (`without`), not what stays (`by`).
    pub without: bool,
    pub pos: PosRange,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Call {
    pub function: &'static Function,
    pub args: Vec<Expr>,
    pub pos: PosRange,
}

#[derive(Clone, Debug, PartialEq)]
pub struct ParenExpr {
    pub expr: Box<Expr>,
    pub pos: PosRange,
}

impl Expr {
    pub fn value_type(&self) -> ValueType {
        match self {
            Expr::Number(_) => ValueType::Scalar,
            Expr::String(_) => ValueType::String,
            Expr::Vector(_) | Expr::Aggregate(_) => ValueType::Vector,
            Expr::Matrix(_) | Expr::Subquery(_) => ValueType::Matrix,
            Expr::Unary(e) => e.expr.value_type(),
            Expr::Paren(e) => e.expr.value_type(),
            Expr::Call(e) => e.function.returns,
            Expr::Binary(e) => match (e.lhs.value_type(), e.rhs.value_type()) {
                (ValueType::Scalar, ValueType::Scalar) => ValueType::Scalar,
                _ => ValueType::Vector,
            },
        }
    }

    pub fn pos(&self) -> PosRange {
        match self {
            Expr::Number(e) => e.pos,
            Expr::String(e) => e.pos,
            Expr::Vector(e) => e.pos,
            Expr::Matrix(e) => e.pos,
            Expr::Subquery(e) => e.pos,
            Expr::Unary(e) => e.pos,
            Expr::Binary(e) => e.pos,
            Expr::Aggregate(e) => e.pos,
            Expr::Call(e) => e.pos,
            Expr::Paren(e) => e.pos,
        }
    }

    /// The expression inside any parentheses.
    pub fn unwrap_parens(&self) -> &Expr {
        let mut expr = self;
        while let Expr::Paren(p) = expr {
            expr = &p.expr;
        }
        expr
    }

    /// How many levels the tree has: what recurses over it needs stack for so many.
    pub fn depth(&self) -> usize {
        let (mut depth, mut level) = (0, vec![self]);
        while !level.is_empty() {
            depth += 1;
            level = level.into_iter().flat_map(Expr::children).collect();
        }
        depth
    }

    /// The direct children. Of a matrix selector there is none: its selector is part of it.
    pub fn children(&self) -> Vec<&Expr> {
        match self {
            Expr::Number(_) | Expr::String(_) | Expr::Vector(_) | Expr::Matrix(_) => Vec::new(),
            Expr::Subquery(e) => vec![&e.expr],
            Expr::Unary(e) => vec![&e.expr],
            Expr::Paren(e) => vec![&e.expr],
            Expr::Binary(e) => vec![&e.lhs, &e.rhs],
            Expr::Aggregate(e) => e.param.as_deref().into_iter().chain([&*e.expr]).collect(),
            Expr::Call(e) => e.args.iter().collect(),
        }
    }

    pub fn children_mut(&mut self) -> Vec<&mut Expr> {
        match self {
            Expr::Number(_) | Expr::String(_) | Expr::Vector(_) | Expr::Matrix(_) => Vec::new(),
            Expr::Subquery(e) => vec![&mut e.expr],
            Expr::Unary(e) => vec![&mut e.expr],
            Expr::Paren(e) => vec![&mut e.expr],
            Expr::Binary(e) => vec![&mut e.lhs, &mut e.rhs],
            Expr::Aggregate(e) => e.param.as_deref_mut().into_iter().chain([&mut *e.expr]).collect(),
            Expr::Call(e) => e.args.iter_mut().collect(),
        }
    }

    /// Visits this node and all below it, parents first.
    pub fn walk<'a>(&'a self, visit: &mut dyn FnMut(&'a Expr)) {
        visit(self);
        for child in self.children() {
            child.walk(visit);
        }
    }

    /// The vector selectors in the tree, those inside matrix selectors too, from left to right.
    pub fn selectors(&self) -> Vec<&VectorSelector> {
        let mut found = Vec::new();
        self.walk(&mut |expr| match expr {
            Expr::Vector(v) => found.push(v),
            Expr::Matrix(m) => found.push(&m.selector),
            _ => {}
        });
        found
    }
}
