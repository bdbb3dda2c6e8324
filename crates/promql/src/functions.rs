//! The functions of the language: what they take and what they give. How they compute is the evaluator's.

use crate::ast::ValueType::{self, Matrix, Scalar, String, Vector};

/// A function of the language.
#[derive(Debug, PartialEq)]
pub struct Function {
    pub name: &'static str,
    /// Types of the arguments. With [`Arity::Fixed`] exactly these, else see there.
    pub args: &'static [ValueType],
    pub arity: Arity,
    pub returns: ValueType,
    /// Only with `ParseOptions::experimental_functions`.
    pub experimental: bool,
}

/// How many arguments a function takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arity {
    /// As many as [`Function::args`] has.
    Fixed,
    /// The last type may be left out, and may stand up to this many times.
    UpTo(usize),
    /// The last type may be left out, and may stand any number of times.
    Any,
}

impl Function {
    /// Finds a function by name.
    pub fn get(name: &str) -> Option<&'static Function> {
        FUNCTIONS.binary_search_by(|f| f.name.cmp(name)).ok().map(|i| &FUNCTIONS[i])
    }

    /// Every function, sorted by name.
    pub fn all() -> &'static [Function] {
        FUNCTIONS
    }

    /// The fewest arguments it takes.
    pub fn args_min(&self) -> usize {
        match self.arity {
            Arity::Fixed => self.args.len(),
            Arity::UpTo(_) | Arity::Any => self.args.len() - 1,
        }
    }

    /// The most arguments it takes.
    pub fn args_max(&self) -> Option<usize> {
        match self.arity {
            Arity::Fixed => Some(self.args.len()),
            Arity::UpTo(times) => Some(self.args.len() - 1 + times),
            Arity::Any => None,
        }
    }

    /// The type of the argument at an index that [`Function::args_max`] allows.
    pub fn arg_type(&self, index: usize) -> ValueType {
        self.args[index.min(self.args.len() - 1)]
    }
}

const fn f(name: &'static str, args: &'static [ValueType], returns: ValueType) -> Function {
    Function { name, args, arity: Arity::Fixed, returns, experimental: false }
}

impl Function {
    const fn up_to(mut self, times: usize) -> Function {
        self.arity = Arity::UpTo(times);
        self
    }

    const fn any(mut self) -> Function {
        self.arity = Arity::Any;
        self
    }

    const fn experimental(mut self) -> Function {
        self.experimental = true;
        self
    }
}

/// Sorted by name: looked up by bisection.
static FUNCTIONS: &[Function] = &[
    f("abs", &[Vector], Vector),
    f("absent", &[Vector], Vector),
    f("absent_over_time", &[Matrix], Vector),
    f("acos", &[Vector], Vector),
    f("acosh", &[Vector], Vector),
    f("asin", &[Vector], Vector),
    f("asinh", &[Vector], Vector),
    f("atan", &[Vector], Vector),
    f("atanh", &[Vector], Vector),
    f("avg_over_time", &[Matrix], Vector),
    f("ceil", &[Vector], Vector),
    f("changes", &[Matrix], Vector),
    f("clamp", &[Vector, Scalar, Scalar], Vector),
    f("clamp_max", &[Vector, Scalar], Vector),
    f("clamp_min", &[Vector, Scalar], Vector),
    f("cos", &[Vector], Vector),
    f("cosh", &[Vector], Vector),
    f("count_over_time", &[Matrix], Vector),
    f("day_of_month", &[Vector], Vector).up_to(1),
    f("day_of_week", &[Vector], Vector).up_to(1),
    f("day_of_year", &[Vector], Vector).up_to(1),
    f("days_in_month", &[Vector], Vector).up_to(1),
    f("deg", &[Vector], Vector),
    f("delta", &[Matrix], Vector),
    f("deriv", &[Matrix], Vector),
    f("double_exponential_smoothing", &[Matrix, Scalar, Scalar], Vector).experimental(),
    f("end", &[], Scalar).experimental(),
    f("exp", &[Vector], Vector),
    f("first_over_time", &[Matrix], Vector),
    f("floor", &[Vector], Vector),
    f("histogram_avg", &[Vector], Vector),
    f("histogram_count", &[Vector], Vector),
    f("histogram_fraction", &[Scalar, Scalar, Vector], Vector),
    f("histogram_quantile", &[Scalar, Vector], Vector),
    f("histogram_quantiles", &[Vector, String, Scalar, Scalar], Vector).up_to(9).experimental(),
    f("histogram_stddev", &[Vector], Vector),
    f("histogram_stdvar", &[Vector], Vector),
    f("histogram_sum", &[Vector], Vector),
    f("hour", &[Vector], Vector).up_to(1),
    f("idelta", &[Matrix], Vector),
    f("increase", &[Matrix], Vector),
    f("info", &[Vector, Vector], Vector).up_to(1).experimental(),
    f("irate", &[Matrix], Vector),
    f("label_join", &[Vector, String, String, String], Vector).any(),
    f("label_replace", &[Vector, String, String, String, String], Vector),
    f("last_over_time", &[Matrix], Vector),
    f("ln", &[Vector], Vector),
    f("log10", &[Vector], Vector),
    f("log2", &[Vector], Vector),
    f("mad_over_time", &[Matrix], Vector).experimental(),
    f("max_of", &[Scalar, Scalar], Scalar).experimental(),
    f("max_over_time", &[Matrix], Vector),
    f("min_of", &[Scalar, Scalar], Scalar).experimental(),
    f("min_over_time", &[Matrix], Vector),
    f("minute", &[Vector], Vector).up_to(1),
    f("month", &[Vector], Vector).up_to(1),
    f("pi", &[], Scalar),
    f("predict_linear", &[Matrix, Scalar], Vector),
    f("present_over_time", &[Matrix], Vector),
    f("quantile_over_time", &[Scalar, Matrix], Vector),
    f("rad", &[Vector], Vector),
    f("range", &[], Scalar).experimental(),
    f("rate", &[Matrix], Vector),
    f("resets", &[Matrix], Vector),
    f("round", &[Vector, Scalar], Vector).up_to(1),
    f("scalar", &[Vector], Scalar),
    f("sgn", &[Vector], Vector),
    f("sin", &[Vector], Vector),
    f("sinh", &[Vector], Vector),
    f("sort", &[Vector], Vector),
    f("sort_by_label", &[Vector, String], Vector).any().experimental(),
    f("sort_by_label_desc", &[Vector, String], Vector).any().experimental(),
    f("sort_desc", &[Vector], Vector),
    f("sqrt", &[Vector], Vector),
    f("start", &[], Scalar).experimental(),
    f("start_timestamp", &[Vector], Vector).experimental(),
    f("stddev_over_time", &[Matrix], Vector),
    f("stdvar_over_time", &[Matrix], Vector),
    f("step", &[], Scalar).experimental(),
    f("sum_over_time", &[Matrix], Vector),
    f("tan", &[Vector], Vector),
    f("tanh", &[Vector], Vector),
    f("time", &[], Scalar),
    f("timestamp", &[Vector], Vector),
    f("ts_of_first_over_time", &[Matrix], Vector).experimental(),
    f("ts_of_last_over_time", &[Matrix], Vector).experimental(),
    f("ts_of_max_over_time", &[Matrix], Vector).experimental(),
    f("ts_of_min_over_time", &[Matrix], Vector).experimental(),
    f("vector", &[Scalar], Vector),
    f("year", &[Vector], Vector).up_to(1),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sorted() {
        assert!(FUNCTIONS.windows(2).all(|w| w[0].name < w[1].name));
        assert!(Function::all().iter().all(|f| Function::get(f.name) == Some(f)));
    }

    #[test]
    fn arities_hold() {
        let check = |name, min, max| {
            let f = Function::get(name).unwrap();
            assert_eq!((f.args_min(), f.args_max()), (min, max), "{name}");
        };
        check("time", 0, Some(0));
        check("round", 1, Some(2));
        check("year", 0, Some(1));
        check("label_join", 3, None);
        check("histogram_quantiles", 3, Some(12));
        assert_eq!(Function::get("nope"), None);
    }
}
