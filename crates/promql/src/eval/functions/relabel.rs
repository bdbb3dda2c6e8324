//! `label_replace` and `label_join`: they change the labels of series and look at no sample.

use super::super::Evaluator;
use super::super::column::{Evaluated, Grid, Series};
use super::super::labels::merge_equal;
use super::super::plan::Node;
use super::order::{is_label_name, text};
use crate::engine::QueryError;
use model::METRIC_NAME;

/// A pattern may take this much memory when compiled, as for matchers.
const REGEX_BYTES_MAX: usize = 100 << 20;

fn check_name(what: &str, function: &str, name: &Node) -> Result<(), QueryError> {
    // Every name of UTF-8 will do, but the empty one.
    if is_label_name(name) {
        return Ok(());
    }
    Err(QueryError::Execution(format!("invalid {what} label name in {function}(): {}", text(name))))
}

fn set(series: &mut Series, name: &str, value: &str) {
    series.labels = series.labels.to_builder().set(name, value).build();
    if name == METRIC_NAME {
        // A name given is a name wanted.
        series.drop_name = false;
    }
}

impl Evaluator<'_> {
    pub(super) fn label_replace(&mut self, args: &[Node], grid: Grid) -> Result<Evaluated, QueryError> {
        let [target, replacement, source, pattern] = [1, 2, 3, 4].map(|i| text(&args[i]));
        let regex = regex::RegexBuilder::new(&format!("^(?s:{pattern})$"))
            .size_limit(REGEX_BYTES_MAX)
            .build()
            .map_err(|_| {
                QueryError::Execution(format!("invalid regular expression in label_replace(): {pattern}"))
            })?;
        check_name("destination", "label_replace", &args[1])?;
        let mut vector = self.eval_vector(&args[0], grid)?;
        let mut value = String::new();
        for series in &mut vector {
            let labels = series.labels.clone();
            if let Some(captures) = regex.captures(labels.value(source)) {
                value.clear();
                captures.expand(replacement, &mut value);
                set(series, target, &value);
            }
        }
        merge_equal(vector, grid.steps).map(Evaluated::Vector)
    }

    pub(super) fn label_join(&mut self, args: &[Node], grid: Grid) -> Result<Evaluated, QueryError> {
        let (target, separator) = (text(&args[1]), text(&args[2]));
        let sources: Vec<&str> = args[3..].iter().map(text).collect();
        for source in &args[3..] {
            check_name("source", "label_join", source)?;
        }
        check_name("destination", "label_join", &args[1])?;
        let mut vector = self.eval_vector(&args[0], grid)?;
        for series in &mut vector {
            let values: Vec<&str> = sources.iter().map(|s| series.labels.value(s)).collect();
            let value = values.join(separator);
            set(series, target, &value);
        }
        merge_equal(vector, grid.steps).map(Evaluated::Vector)
    }
}
