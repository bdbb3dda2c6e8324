//! From the syntax tree to what is evaluated: times and durations put in, parentheses and unary plus gone, functions
//! of the query's own times folded, and every node told whether it has the same value at every step.

use super::Times;
use super::range_fn::RangeFn;
use crate::ast::{
    self, AggregateOp, At, BinaryOp, Expr, Extent, PosRange, StringLiteral, UnaryOp, ValueType,
    VectorMatching,
};
use crate::durations::{DurationContext, resolve};
use crate::engine::QueryError;
use crate::functions::Function;
use crate::source::Hints;
use model::Matcher;

#[derive(Debug)]
pub(crate) struct Node {
    pub kind: Kind,
    pub pos: PosRange,
    pub ty: ValueType,
    /// Among all nodes of the query.
    pub id: usize,
    /// Has the same value at every step.
    pub invariant: bool,
}

#[derive(Debug)]
pub(crate) enum Kind {
    Number(f64),
    Text(StringLiteral),
    Select(Select),
    /// Only as an argument, or as a whole query.
    Range(RangeSelect),
    Subquery(Subquery),
    Call(Call),
    Aggregate(Aggregate),
    Binary(Binary),
    Negate(Box<Node>),
}

/// A selector with its times resolved.
#[derive(Debug)]
pub(crate) struct Select {
    pub matchers: Vec<Matcher>,
    pub offset: i64,
    pub at: Option<i64>,
    pub extent: Extent,
    /// Nothing is wanted of histograms but count and sum.
    pub stats_only: bool,
    pub hints: Hints,
}

#[derive(Debug)]
pub(crate) struct RangeSelect {
    pub select: Select,
    pub range: i64,
}

#[derive(Debug)]
pub(crate) struct Subquery {
    pub expr: Box<Node>,
    pub range: i64,
    pub step: i64,
    pub offset: i64,
    pub at: Option<i64>,
}

#[derive(Debug)]
pub(crate) struct Call {
    pub function: &'static Function,
    /// When the function takes a range: which, and where the range stands among the arguments.
    pub range_fn: Option<(RangeFn, usize)>,
    pub args: Vec<Node>,
}

#[derive(Debug)]
pub(crate) struct Aggregate {
    pub op: AggregateOp,
    pub expr: Box<Node>,
    pub param: Option<Box<Node>>,
    /// Sorted.
    pub grouping: Vec<String>,
    pub without: bool,
}

#[derive(Debug)]
pub(crate) struct Binary {
    pub op: BinaryOp,
    pub lhs: Box<Node>,
    pub rhs: Box<Node>,
    pub return_bool: bool,
    pub matching: Option<VectorMatching>,
}

/// Functions whose value depends on the time of evaluation, whatever their arguments.
const TIME_DEPENDENT: [&str; 11] = [
    "day_of_month",
    "day_of_week",
    "day_of_year",
    "days_in_month",
    "hour",
    "minute",
    "month",
    "predict_linear",
    "time",
    "timestamp",
    "year",
];

/// What is wanted of histograms below a node.
#[derive(Clone, Copy, Debug, Default)]
struct Wanted {
    /// Count or sum.
    stats: bool,
    /// Buckets, whatever else: subqueries need them to tell counter resets.
    buckets: bool,
}

impl Wanted {
    fn below(self, expr: &Expr) -> Wanted {
        let mut wanted = self;
        match expr {
            Expr::Subquery(_) => wanted.buckets = true,
            Expr::Binary(e) if matches!(e.op, BinaryOp::TrimLower | BinaryOp::TrimUpper) => {
                wanted.buckets = true;
            }
            Expr::Call(e) => match e.function.name {
                "histogram_count" | "histogram_sum" | "histogram_avg" => wanted.stats = true,
                "histogram_quantile" | "histogram_quantiles" | "histogram_fraction" => wanted.buckets = true,
                _ => {}
            },
            _ => {}
        }
        wanted
    }
}

/// What lowering needs to know.
pub(crate) struct Lowering<'a> {
    pub times: &'a Times,
    pub subquery_step_ms: i64,
    nodes: usize,
    wanted: Wanted,
}

impl<'a> Lowering<'a> {
    pub fn new(times: &'a Times, subquery_step_ms: i64) -> Lowering<'a> {
        Lowering { times, subquery_step_ms, nodes: 0, wanted: Wanted::default() }
    }

    /// How many nodes there are.
    pub fn nodes(&self) -> usize {
        self.nodes
    }

    pub fn lower(&mut self, mut expr: Expr) -> Result<Node, QueryError> {
        let range_ms = self.times.end_ms.saturating_sub(self.times.start_ms);
        let step_ms = self.times.step_ms.unwrap_or(0);
        resolve(&mut expr, &DurationContext { step_ms, range_ms })
            .map_err(|e| QueryError::Execution(format!("{}:{}: {}", e.pos.start, e.pos.end, e.message)))?;
        self.node(expr, &Hints { step_ms, ..Hints::default() })
    }

    fn node(&mut self, expr: Expr, above: &Hints) -> Result<Node, QueryError> {
        let wanted = self.wanted;
        self.wanted = wanted.below(&expr);
        let node = self.node_inner(expr, above);
        self.wanted = wanted;
        node
    }

    fn node_inner(&mut self, expr: Expr, above: &Hints) -> Result<Node, QueryError> {
        let (pos, ty) = (expr.pos(), expr.value_type());
        let (kind, invariant) = match expr {
            Expr::Paren(e) => return self.node(*e.expr, above),
            Expr::Unary(e) if e.op == UnaryOp::Plus => return self.node(*e.expr, above),
            Expr::Unary(e) => {
                let inner = self.node(*e.expr, above)?;
                let invariant = inner.invariant;
                (Kind::Negate(Box::new(inner)), invariant)
            }
            Expr::Number(e) => (Kind::Number(e.value), true),
            Expr::String(e) => (Kind::Text(e), true),
            Expr::Vector(e) => {
                let select = self.select(e, above);
                let invariant = select.at.is_some();
                (Kind::Select(select), invariant)
            }
            Expr::Matrix(e) => {
                let mut select = self.select(e.selector, above);
                select.hints.range_ms = e.range.ms;
                let invariant = select.at.is_some();
                (Kind::Range(RangeSelect { select, range: e.range.ms }), invariant)
            }
            Expr::Subquery(e) => self.subquery(e, above)?,
            Expr::Call(e) => self.call(e, above)?,
            Expr::Aggregate(e) => self.aggregate(e, above)?,
            Expr::Binary(e) => self.binary(e, above)?,
        };
        let id = self.nodes;
        self.nodes += 1;
        Ok(Node { kind, pos, ty, id, invariant })
    }

    fn at(&self, at: Option<At>) -> Option<i64> {
        at.map(|at| match at {
            At::Timestamp(t) => t,
            At::Start => self.times.start_ms,
            At::End => self.times.end_ms,
        })
    }

    fn select(&self, e: ast::VectorSelector, above: &Hints) -> Select {
        Select {
            matchers: e.matchers,
            offset: e.offset.ms,
            at: self.at(e.at),
            extent: e.extent,
            stats_only: self.wanted.stats && !self.wanted.buckets,
            hints: above.clone(),
        }
    }

    fn subquery(&mut self, e: ast::Subquery, above: &Hints) -> Result<(Kind, bool), QueryError> {
        let step = e.step.as_ref().map_or(self.subquery_step_ms, |s| s.ms).max(1);
        let below = Hints { step_ms: step, ..above.clone() };
        let expr = Box::new(self.node(*e.expr, &below)?);
        let at = self.at(e.at);
        Ok((
            Kind::Subquery(Subquery { expr, range: e.range.ms, step, offset: e.offset.ms, at }),
            at.is_some(),
        ))
    }

    fn call(&mut self, e: ast::Call, above: &Hints) -> Result<(Kind, bool), QueryError> {
        let name = e.function.name;
        if let Some(value) = self.fold(name) {
            return Ok((Kind::Number(value), true));
        }
        let below = Hints { step_ms: above.step_ms, function: Some(name.to_owned()), ..Hints::default() };
        let range_at = e.args.iter().position(|a| a.value_type() == ValueType::Matrix);
        let args = e.args.into_iter().map(|a| self.node(a, &below)).collect::<Result<Vec<_>, _>>()?;
        let pinned = name == "timestamp" && matches!(&args[0].kind, Kind::Select(_));
        let invariant = (pinned || !TIME_DEPENDENT.contains(&name)) && args.iter().all(|a| a.invariant);
        let range_fn = range_at.and_then(|at| RangeFn::get(name).map(|f| (f, at)));
        Ok((Kind::Call(Call { function: e.function, range_fn, args }), invariant))
    }

    /// Functions of the times of the query.
    fn fold(&self, name: &str) -> Option<f64> {
        let seconds = |ms: i64| ms as f64 / 1e3;
        Some(match name {
            "start" => seconds(self.times.start_ms),
            "end" => seconds(self.times.end_ms),
            "range" => seconds(self.times.end_ms.saturating_sub(self.times.start_ms)),
            "step" if self.times.start_ms == self.times.end_ms => 0.0,
            "step" => seconds(self.times.step_ms.unwrap_or(0)),
            _ => return None,
        })
    }

    fn aggregate(&mut self, e: ast::AggregateExpr, above: &Hints) -> Result<(Kind, bool), QueryError> {
        let below = Hints {
            step_ms: above.step_ms,
            function: Some(e.op.as_str().to_owned()),
            grouping: e.grouping.clone(),
            by: !e.without,
            ..Hints::default()
        };
        let expr = Box::new(self.node(*e.expr, &below)?);
        let top = Hints { step_ms: above.step_ms, ..Hints::default() };
        let param = match e.param {
            Some(param) => Some(Box::new(self.node(*param, &top)?)),
            None => None,
        };
        let invariant = expr.invariant && param.as_ref().is_none_or(|p| p.invariant);
        let mut grouping = e.grouping;
        grouping.sort();
        grouping.dedup();
        Ok((Kind::Aggregate(Aggregate { op: e.op, expr, param, grouping, without: e.without }), invariant))
    }

    fn binary(&mut self, e: ast::BinaryExpr, above: &Hints) -> Result<(Kind, bool), QueryError> {
        let below = Hints { step_ms: above.step_ms, ..Hints::default() };
        let lhs = Box::new(self.node(*e.lhs, &below)?);
        let rhs = Box::new(self.node(*e.rhs, &below)?);
        let invariant = lhs.invariant && rhs.invariant;
        let binary = Binary { op: e.op, lhs, rhs, return_bool: e.return_bool, matching: e.matching };
        Ok((Kind::Binary(binary), invariant))
    }
}

impl Node {
    /// The direct children.
    pub fn children(&self) -> Vec<&Node> {
        match &self.kind {
            Kind::Number(_) | Kind::Text(_) | Kind::Select(_) | Kind::Range(_) => Vec::new(),
            Kind::Subquery(s) => vec![&s.expr],
            Kind::Call(c) => c.args.iter().collect(),
            Kind::Aggregate(a) => a.param.as_deref().into_iter().chain([&*a.expr]).collect(),
            Kind::Binary(b) => vec![&b.lhs, &b.rhs],
            Kind::Negate(n) => vec![n],
        }
    }

    /// What kind of node it is, for people.
    pub fn title(&self) -> String {
        match &self.kind {
            Kind::Number(_) => "number".to_owned(),
            Kind::Text(_) => "string".to_owned(),
            Kind::Select(_) => "selector".to_owned(),
            Kind::Range(_) => "range selector".to_owned(),
            Kind::Subquery(_) => "subquery".to_owned(),
            Kind::Call(c) => format!("{}()", c.function.name),
            Kind::Aggregate(a) => a.op.as_str().to_owned(),
            Kind::Binary(b) => b.op.as_str().to_owned(),
            Kind::Negate(_) => "-".to_owned(),
        }
    }
}
