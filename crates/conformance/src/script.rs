//! Reads scripts: `load`, `clear` and `eval` commands, each a block of lines that an empty line ends.
//!
//! A comment (`#` first on a line) counts as an empty line. What is wrong in a script is data too: it becomes a
//! command that fails, so that the rest of the script still runs.

use crate::expect::{Expectation, Kind, parse_expectation};
use model::Labels;
use promql::{SequenceValue, parse_metric, parse_series};

/// One command and the line it begins on, from 1.
#[derive(Debug)]
pub struct Command {
    pub line: usize,
    pub action: Action,
}

#[derive(Debug)]
pub enum Action {
    Clear,
    Load(Load),
    Eval(Box<Eval>),
    /// The script itself is wrong here.
    Broken(String),
}

/// Series to add to what is loaded.
#[derive(Debug, PartialEq)]
pub struct Load {
    pub step_ms: i64,
    /// Classic histograms are added as native ones too.
    pub with_native: bool,
    pub series: Vec<LoadSeries>,
}

#[derive(Debug, PartialEq)]
pub struct LoadSeries {
    pub labels: Labels,
    pub values: Vec<SequenceValue>,
    /// By index: the start timestamp, relative to the sample's own; shorter than `values` or empty when unknown.
    pub starts_ms: Vec<Option<i64>>,
}

/// A query and what must come out.
#[derive(Debug)]
pub struct Eval {
    pub query: String,
    pub times: Times,
    pub expectations: Vec<Expectation>,
    pub want: Want,
    /// An instant query whose answer is a range vector or string is not asked as a range query too.
    pub instant_only: bool,
}

impl Eval {
    pub fn expects(&self, kind: Kind) -> impl Iterator<Item = &Expectation> {
        self.expectations.iter().filter(move |e| e.kind == kind)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Times {
    Instant { at_ms: i64 },
    Range { start_ms: i64, end_ms: i64, step_ms: i64 },
}

#[derive(Debug)]
pub enum Want {
    Scalar(f64),
    String(String),
    Series {
        /// In the order of the script, the values by step.
        series: Vec<(Labels, Vec<SequenceValue>)>,
        /// Times of the values: of the range query, or those that `expect range vector` names.
        grid: Option<Grid>,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Grid {
    pub start_ms: i64,
    pub end_ms: i64,
    pub step_ms: i64,
}

/// Reads a script.
pub fn parse(text: &str) -> Vec<Command> {
    let lines: Vec<&str> = text
        .lines()
        .map(|line| {
            let line = line.trim();
            if line.starts_with('#') { "" } else { line }
        })
        .collect();
    let (mut commands, mut at) = (Vec::new(), 0);
    while at < lines.len() {
        if lines[at].is_empty() {
            at += 1;
            continue;
        }
        let (line, mut block) = (at + 1, Block { lines: &lines, at });
        let action = block.command().unwrap_or_else(|reason| {
            block.skip();
            Action::Broken(reason)
        });
        at = block.at;
        commands.push(Command { line, action });
    }
    commands
}

type Read<T> = Result<T, String>;

struct Block<'a> {
    lines: &'a [&'a str],
    at: usize,
}

impl<'a> Block<'a> {
    /// The next line of the block.
    fn next(&mut self) -> Option<&'a str> {
        let line = self.lines.get(self.at).copied().filter(|l| !l.is_empty())?;
        self.at += 1;
        Some(line)
    }

    fn skip(&mut self) {
        while self.next().is_some() {}
    }

    fn command(&mut self) -> Read<Action> {
        let line = self.next().expect("a block has a line");
        let word = line.split([' ', '\t']).next().unwrap_or("").to_ascii_lowercase();
        if word == "clear" {
            Ok(Action::Clear)
        } else if word.starts_with("load") {
            self.load(line).map(Action::Load)
        } else if word.starts_with("eval") {
            self.eval(line).map(|e| Action::Eval(Box::new(e)))
        } else {
            Err(format!("invalid command {line:?}"))
        }
    }

    fn load(&mut self, line: &str) -> Read<Load> {
        let (word, step) = split_word(line);
        let with_native = match word {
            "load" => false,
            "load_with_nhcb" => true,
            _ => return Err("invalid load command. (load[_with_nhcb] <step:duration>)".to_owned()),
        };
        let mut load = Load { step_ms: duration_ms(step)?, with_native, series: Vec::new() };
        let mut default_starts: Vec<Option<i64>> = Vec::new();
        let mut pending: Option<(Labels, Vec<Option<i64>>)> = None;
        while let Some(line) = self.next() {
            if let Some((metric, starts)) = start_line(line)? {
                if pending.is_some() {
                    return Err("@st line has no following sample line".to_owned());
                }
                match metric {
                    Some(metric) => pending = Some((metric, starts)),
                    None => default_starts = starts,
                }
                continue;
            }
            let (labels, values) = parse_series(line).map_err(|e| format!("{e} in {line:?}"))?;
            let starts_ms = match pending.take() {
                Some((metric, _)) if metric != labels => {
                    return Err("@st metric does not match the following sample line metric".to_owned());
                }
                Some((_, starts)) if starts.len() != values.len() => {
                    let (starts, values) = (starts.len(), values.len());
                    return Err(format!("@st line has {starts} values but sample line has {values}"));
                }
                Some((_, starts)) => starts,
                None if default_starts.is_empty() => Vec::new(),
                None => (0..values.len()).map(|i| default_starts[i % default_starts.len()]).collect(),
            };
            // A line replaces an earlier one of the same series.
            load.series.retain(|s| s.labels != labels);
            load.series.push(LoadSeries { labels, values, starts_ms });
        }
        if pending.is_some() {
            return Err("@st line has no following sample line".to_owned());
        }
        Ok(load)
    }

    fn eval(&mut self, line: &str) -> Read<Eval> {
        let (times, query, old_form) = eval_line(line)?;
        let mut eval = Eval {
            query: query.to_owned(),
            times,
            expectations: old_form.map(Expectation::any).into_iter().collect(),
            want: Want::Series { series: Vec::new(), grid: grid_of(times) },
            instant_only: false,
        };
        let (mut series, mut grid) = (Vec::new(), grid_of(times));
        while let Some(line) = self.next() {
            if let Some(rest) = line.strip_prefix("expect range vector") {
                grid = Some(range_vector(rest)?);
                eval.instant_only = true;
            } else if let Some(rest) = line.strip_prefix("expect string") {
                eval.want = Want::String(string_literal(rest)?);
                eval.instant_only = true;
            } else if let Some(expectation) = parse_expectation(line)? {
                let old_detail = line.starts_with("expected_fail");
                if old_detail {
                    eval.expectations.retain(|e| e.kind != Kind::Fail);
                }
                eval.expectations.push(expectation);
            } else if let Ok(value) = promql::number::parse(line) {
                eval.want = Want::Scalar(value);
                return Ok(eval);
            } else {
                let (labels, values) = parse_series(line).map_err(|e| format!("{e} in {line:?}"))?;
                if values.len() > 1 && grid.is_none() {
                    return Err("expecting multiple values in instant evaluation not allowed".to_owned());
                }
                series.push((labels, values));
            }
        }
        if let Want::Series { .. } = eval.want {
            eval.want = Want::Series { series, grid };
        }
        Ok(eval)
    }
}

fn grid_of(times: Times) -> Option<Grid> {
    match times {
        Times::Instant { .. } => None,
        Times::Range { start_ms, end_ms, step_ms } => Some(Grid { start_ms, end_ms, step_ms }),
    }
}

/// The first word and the trimmed rest.
fn split_word(text: &str) -> (&str, &str) {
    match text.split_once([' ', '\t']) {
        Some((word, rest)) => (word, rest.trim()),
        None => (text, ""),
    }
}

fn duration_ms(text: &str) -> Read<i64> {
    base::units::parse_duration(text).map(|d| d.as_millis() as i64)
}

/// The text after a word that must come next.
fn after<'a>(text: &'a str, word: &str) -> Read<&'a str> {
    match split_word(text) {
        (first, rest) if first == word => Ok(rest),
        (first, _) => Err(format!("invalid evaluation command: expected {word:?}, got {first:?}")),
    }
}

/// `eval instant at T QUERY` or `eval range from T to T step D QUERY`, and what an old form of `eval` expects.
fn eval_line(line: &str) -> Read<(Times, &str, Option<Kind>)> {
    let (word, rest) = split_word(line);
    let old_form = match word {
        "eval" => None,
        "eval_fail" => Some(Kind::Fail),
        "eval_warn" => Some(Kind::Warn),
        "eval_info" => Some(Kind::Info),
        "eval_ordered" => Some(Kind::Ordered),
        _ => return Err(format!("invalid evaluation command {word:?}")),
    };
    if let Ok(rest) = after(rest, "instant") {
        let (at, query) = split_word(after(rest, "at")?);
        return Ok((Times::Instant { at_ms: duration_ms(at)? }, query, old_form));
    }
    let (grid, query) = grid(after(rest, "range")?)?;
    let Grid { start_ms, end_ms, step_ms } = grid;
    Ok((Times::Range { start_ms, end_ms, step_ms }, query, old_form))
}

/// `from T to T step D`, and what follows.
fn grid(text: &str) -> Read<(Grid, &str)> {
    let (from, rest) = split_word(after(text, "from")?);
    let (to, rest) = split_word(after(rest, "to")?);
    let (step, rest) = split_word(after(rest, "step")?);
    let grid = Grid { start_ms: duration_ms(from)?, end_ms: duration_ms(to)?, step_ms: duration_ms(step)? };
    if grid.end_ms < grid.start_ms {
        return Err(format!(
            "invalid test definition, end timestamp ({to}) is before start timestamp ({from})"
        ));
    }
    if grid.step_ms == 0 {
        return Err("invalid step definition: it is zero".to_owned());
    }
    Ok((grid, rest))
}

fn range_vector(rest: &str) -> Read<Grid> {
    match grid(rest.trim())? {
        (grid, "") => Ok(grid),
        (_, rest) => Err(format!("invalid range vector definition: {rest:?} is left")),
    }
}

fn string_literal(rest: &str) -> Read<String> {
    let literal = rest.strip_prefix(' ').ok_or("a quoted string literal is required")?;
    promql::quote::unquote(literal).map_err(|e| format!("expected string literal not valid: {e}"))
}

type Starts = (Option<Labels>, Vec<Option<i64>>);

/// A line of start timestamps, `metric{…}@st -1m …` or, for all lines after it, `@st -1m …`.
fn start_line(line: &str) -> Read<Option<Starts>> {
    let (head, rest) = split_word(line);
    let Some(metric) = head.strip_suffix("@st").filter(|_| !rest.is_empty()) else { return Ok(None) };
    let mut starts: Vec<Option<i64>> = Vec::new();
    for item in rest.split([' ', '\t']).filter(|i| !i.is_empty()) {
        let previous = starts.iter().rev().find_map(|s| *s).unwrap_or(0);
        let items = start_item(item, previous).map_err(|e| format!("invalid ST item {item:?}: {e}"))?;
        starts.extend(items);
    }
    let metric = match metric {
        "" => None,
        metric => Some(parse_metric(metric).map_err(|e| format!("invalid @st line metric: {e}"))?),
    };
    Ok(Some((metric, starts)))
}

/// `_`, `_xN`, `*`, `*xN`, `D`, `DxN`, `D+DxN` or `D-DxN`, with `D` a duration that may have a sign.
fn start_item(item: &str, previous: i64) -> Read<Vec<Option<i64>>> {
    if let Some(rest) = item.strip_prefix('_') {
        let times = if rest.is_empty() { 1 } else { repetitions(rest)? };
        return Ok(vec![None; times]);
    }
    let (first, rest) = match item.strip_prefix('*') {
        Some(rest) => (previous, rest),
        None => signed_duration(item)?,
    };
    if rest.is_empty() {
        return Ok(vec![Some(first)]);
    }
    let (step, rest) = match rest.as_bytes()[0] {
        b'+' => signed_duration(&rest[1..])?,
        b'-' => signed_duration(&rest[1..]).map(|(ms, rest)| (-ms, rest))?,
        _ => (0, rest),
    };
    let times = repetitions(rest)? as i64;
    Ok((0..=times).map(|i| Some(first + i * step)).collect())
}

fn repetitions(text: &str) -> Read<usize> {
    /// As many as a series may have values.
    const TIMES_MAX: usize = 1 << 20;
    let digits = text.strip_prefix('x').ok_or("expected 'x<count>'")?;
    match digits.parse() {
        Ok(times) if times <= TIMES_MAX => Ok(times),
        _ => Err("invalid repeat count".to_owned()),
    }
}

/// A duration at the start of a text, in milliseconds, and what follows. A bare `0` is one too.
fn signed_duration(text: &str) -> Read<(i64, &str)> {
    let (sign, body) = match text.as_bytes().first() {
        Some(b'-') => (-1, &text[1..]),
        Some(b'+') => (1, &text[1..]),
        _ => (1, text),
    };
    let digits = body.len() - body.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let unit =
        body[digits..].find(|c: char| !c.is_ascii_alphabetic() || c == 'x').unwrap_or(body.len() - digits);
    let (duration, rest) = body.split_at(digits + unit);
    Ok((sign * duration_ms(duration)?, rest))
}

#[cfg(test)]
mod tests;
