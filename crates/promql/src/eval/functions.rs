//! Functions of instant vectors and scalars. Those of ranges are in `range_fn`.

mod dates;
mod histograms;
mod info;
mod math;
mod order;
mod relabel;

pub(super) use order::is_label_name;

use super::Evaluator;
use super::column::{ABSENT, Cell, Evaluated, Grid, Series, Vector, is_absent};
use super::labels;
use super::matrix::{absent, labels_of_matchers};
use super::pipe::Collect;
use super::plan::{Call, Kind, Node, Select};
use super::selector::{InstantWork, Take};
use crate::ast::Extent;
use crate::engine::QueryError;
use model::Labels;

impl Evaluator<'_> {
    pub(super) fn call(&mut self, node: &Node, call: &Call, grid: Grid) -> Result<Evaluated, QueryError> {
        if let Some(range) = call.range_fn {
            return self.range_call(node, call, range, grid);
        }
        let name = call.function.name;
        let args = call.args.as_slice();
        if let Some(f) = math::float_function(name) {
            let vector = self.eval_vector(&args[0], grid)?;
            return self.map_floats(vector, grid, |v, _| f(v));
        }
        if let Some(f) = dates::date_function(name) {
            return self.dates(args, grid, f);
        }
        match name {
            "time" => Ok(Evaluated::Scalar((0..grid.steps).map(|i| grid.at(i) as f64 / 1e3).collect())),
            "pi" => Ok(Evaluated::Scalar(vec![std::f64::consts::PI; grid.steps])),
            "max_of" | "min_of" => self.extreme_of(name == "max_of", args, grid),
            "scalar" => self.scalar(&args[0], grid),
            "vector" => {
                let values = self.eval_scalar(&args[0], grid)?;
                Ok(Evaluated::Vector(vec![Series::floats(Labels::empty(), values)]))
            }
            "absent" => self.absent(&args[0], grid),
            "timestamp" | "start_timestamp" => self.timestamp(name, &args[0], grid),
            "clamp" | "clamp_min" | "clamp_max" => self.clamp(name, args, grid),
            "round" => self.round(args, grid),
            "sort" | "sort_desc" | "sort_by_label" | "sort_by_label_desc" => {
                self.sort(node, name, args, grid)
            }
            "label_replace" => self.label_replace(args, grid),
            "label_join" => self.label_join(args, grid),
            "info" => self.info(args, grid),
            "histogram_quantile" | "histogram_quantiles" | "histogram_fraction" => {
                self.over_buckets(name, args, grid)
            }
            _ if name.starts_with("histogram_") => self.of_histogram(name, &args[0], grid),
            _ => Err(QueryError::Internal(format!("no implementation of {name}()"))),
        }
    }

    /// Applies a function to every float; histograms go.
    pub(super) fn map_floats(
        &self,
        vector: Vector,
        grid: Grid,
        f: impl Fn(f64, usize) -> f64,
    ) -> Result<Evaluated, QueryError> {
        let mut out = Vec::with_capacity(vector.len());
        for mut series in vector {
            if series.floats.is_empty() {
                continue;
            }
            for (step, v) in series.floats.iter_mut().enumerate() {
                if !is_absent(*v) {
                    *v = f(*v, step);
                }
            }
            if !series.hists.is_empty() {
                series.hists = Vec::new();
            }
            out.push(series);
        }
        self.without_names(out, grid).map(Evaluated::Vector)
    }

    /// What becomes of the names when an operation makes something else of a metric.
    pub(super) fn without_names(&self, mut vector: Vector, grid: Grid) -> Result<Vector, QueryError> {
        if self.options.delayed_name_removal {
            vector.iter_mut().for_each(|s| s.drop_name = true);
            return Ok(vector);
        }
        vector.iter_mut().for_each(|s| s.labels = labels::without_metadata(&s.labels));
        labels::merge_equal(vector, grid.steps)
    }

    pub(super) fn negate(&mut self, inner: &Node, grid: Grid) -> Result<Evaluated, QueryError> {
        let vector = match self.eval(inner, grid)? {
            Evaluated::Scalar(mut values) => {
                values.iter_mut().for_each(|v| *v = -*v);
                return Ok(Evaluated::Scalar(values));
            }
            Evaluated::Vector(vector) => vector,
            Evaluated::Text(_) => return Err(QueryError::Internal("minus before a string".to_owned())),
        };
        let negated = vector.into_iter().map(|mut series| {
            series.floats.iter_mut().filter(|v| !is_absent(**v)).for_each(|v| *v = -*v);
            for h in series.hists.iter_mut().flatten() {
                std::sync::Arc::make_mut(h).mul(-1.0);
            }
            series
        });
        let negated = negated.collect();
        self.without_names(negated, grid).map(Evaluated::Vector)
    }

    fn extreme_of(&mut self, max: bool, args: &[Node], grid: Grid) -> Result<Evaluated, QueryError> {
        let mut a = self.eval_scalar(&args[0], grid)?;
        let b = self.eval_scalar(&args[1], grid)?;
        for (a, b) in a.iter_mut().zip(b) {
            *a = if max { math::go_max(*a, b) } else { math::go_min(*a, b) };
        }
        Ok(Evaluated::Scalar(a))
    }

    /// The value of the only float at each step.
    fn scalar(&mut self, arg: &Node, grid: Grid) -> Result<Evaluated, QueryError> {
        let vector = self.eval_vector(arg, grid)?;
        let mut values = vec![ABSENT; grid.steps];
        let mut several = vec![false; grid.steps];
        for series in &vector {
            for (step, v) in series.floats.iter().enumerate().filter(|(_, v)| !is_absent(**v)) {
                several[step] |= !is_absent(values[step]);
                values[step] = *v;
            }
        }
        for (v, several) in values.iter_mut().zip(several) {
            if several || is_absent(*v) {
                *v = f64::NAN;
            }
        }
        Ok(Evaluated::Scalar(values))
    }

    fn absent(&mut self, arg: &Node, grid: Grid) -> Result<Evaluated, QueryError> {
        let vector = self.eval_vector(arg, grid)?;
        let mut present = vec![false; grid.steps];
        for series in &vector {
            for (step, present) in present.iter_mut().enumerate() {
                *present |= series.is_present(step);
            }
        }
        let labels = match &arg.kind {
            Kind::Select(select) => labels_of_matchers(&select.matchers),
            _ => Labels::empty(),
        };
        let mut vector = absent(&present, labels);
        vector.iter_mut().for_each(|s| s.drop_name = false);
        Ok(Evaluated::Vector(vector))
    }

    /// Of a selector, the times of its samples; of anything else, the times of the steps. Start timestamps are known
    /// of a selector only.
    fn timestamp(&mut self, name: &str, arg: &Node, grid: Grid) -> Result<Evaluated, QueryError> {
        let take = if name == "timestamp" { Take::Time } else { Take::Start };
        let smoothed = |select: &Select| select.extent == Extent::Smoothed;
        if take == Take::Start && !self.options.start_timestamps {
            self.eval_vector(arg, grid)?;
            return Ok(Evaluated::Vector(Vec::new()));
        }
        match &arg.kind {
            Kind::Select(select) if !smoothed(select) => {
                let work =
                    InstantWork { windows: self.lookback_windows(select, grid), take, drop_name: true };
                let set = self.select(arg.id, select, work.windows.reach())?;
                let guard = self.guard;
                let sinks = self.pipe(arg.id, &*set, &work, grid, || Collect::new(guard))?;
                self.without_names(Collect::gather(sinks), grid).map(Evaluated::Vector)
            }
            _ if take == Take::Start => {
                self.eval_vector(arg, grid)?;
                Ok(Evaluated::Vector(Vec::new()))
            }
            _ => {
                let vector = self.eval_vector(arg, grid)?;
                let times = vector.into_iter().map(|s| {
                    let time = |step: usize| match s.cell(step) {
                        Cell::Absent => ABSENT,
                        _ => grid.at(step) as f64 / 1e3,
                    };
                    let floats = (0..grid.steps).map(time).collect();
                    Series { floats, hists: Vec::new(), ..s }
                });
                let times = times.collect();
                self.without_names(times, grid).map(Evaluated::Vector)
            }
        }
    }

    fn clamp(&mut self, name: &str, args: &[Node], grid: Grid) -> Result<Evaluated, QueryError> {
        let vector = self.eval_vector(&args[0], grid)?;
        let first = self.eval_scalar(&args[1], grid)?;
        let (min, max) = match name {
            "clamp" => (first, self.eval_scalar(&args[2], grid)?),
            "clamp_min" => (first, vec![f64::INFINITY; grid.steps]),
            _ => (vec![f64::NEG_INFINITY; grid.steps], first),
        };
        self.map_floats(vector, grid, |v, step| {
            if max[step] < min[step] { ABSENT } else { math::go_max(min[step], math::go_min(max[step], v)) }
        })
    }

    fn round(&mut self, args: &[Node], grid: Grid) -> Result<Evaluated, QueryError> {
        let vector = self.eval_vector(&args[0], grid)?;
        let to = match args.get(1) {
            Some(arg) => self.eval_scalar(arg, grid)?,
            None => vec![1.0; grid.steps],
        };
        self.map_floats(vector, grid, |v, step| {
            // By the inverse, which is exact for 0.1 and its like. Ties go up.
            let inverse = 1.0 / to[step];
            (v * inverse + 0.5).floor() / inverse
        })
    }
}
