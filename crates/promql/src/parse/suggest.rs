//! What was meant by the name of a function that there is not.

use crate::ast::AggregateOp;
use crate::functions::Function;
use crate::quote::quote;

/// Names that Prometheus 3 took away, and what replaced them.
const RENAMED: [(&str, &str); 1] = [("holt_winters", "double_exponential_smoothing")];

/// What to say behind the message, if anything is like the name: of its letters a third differ at most, or it is the
/// beginning. `experimental` is whether such functions may be called.
pub(super) fn hint(name: &str, experimental: bool) -> String {
    let lower = name.to_lowercase();
    if let Some((_, new)) = RENAMED.iter().find(|(old, _)| *old == lower) {
        let is_experimental = Function::get(new).is_some_and(|function| function.experimental);
        let what = if is_experimental { ", where it is experimental" } else { "" };
        return format!("; it is called {} since Prometheus 3{what}", quote(new));
    }
    let functions = Function::all().iter().filter(|f| experimental || !f.experimental).map(|f| f.name);
    let operators = AggregateOp::ALL.into_iter().filter(|op| experimental || !op.is_experimental());
    let limit = (lower.chars().count() / 3).clamp(1, 4);
    let found = functions.chain(operators.map(AggregateOp::as_str)).filter_map(|other| {
        let distance = strsim::damerau_levenshtein(&lower, other);
        let is_part = lower.len() >= 3 && other.starts_with(&lower);
        (distance <= limit).then_some((distance, other)).or(is_part.then_some((limit + 1, other)))
    });
    match found.min_by_key(|(distance, other)| (*distance, other.len())) {
        Some((_, other)) => format!("; did you mean {}?", quote(other)),
        None => String::new(),
    }
}
