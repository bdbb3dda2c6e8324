//! Names of OpenTelemetry become names of Prometheus, by one of four strategies.
//!
//! Source: the compatibility specification
//! (<https://opentelemetry.io/docs/specs/otel/compatibility/prometheus_and_openmetrics/>), and where it leaves a
//! choice, what Prometheus 3 does. Pure text: knows nothing of series.

use promconfig::{OtlpConfig, TranslationStrategy};

/// Base units of UCUM as Prometheus writes them.
const UNITS: [(&str, &str); 26] = [
    ("d", "days"),
    ("h", "hours"),
    ("min", "minutes"),
    ("s", "seconds"),
    ("ms", "milliseconds"),
    ("us", "microseconds"),
    ("ns", "nanoseconds"),
    ("By", "bytes"),
    ("KiBy", "kibibytes"),
    ("MiBy", "mebibytes"),
    ("GiBy", "gibibytes"),
    // A slip of the pen in Prometheus that names of stored series depend on.
    ("TiBy", "tibibytes"),
    ("KBy", "kilobytes"),
    ("MBy", "megabytes"),
    ("GBy", "gigabytes"),
    ("TBy", "terabytes"),
    ("m", "meters"),
    ("V", "volts"),
    ("A", "amperes"),
    ("J", "joules"),
    ("W", "watts"),
    ("g", "grams"),
    ("Cel", "celsius"),
    ("Hz", "hertz"),
    ("1", ""),
    ("%", "percent"),
];

/// Units after a slash.
const PER_UNITS: [(&str, &str); 7] = [
    ("s", "second"),
    ("m", "minute"),
    ("h", "hour"),
    ("d", "day"),
    ("w", "week"),
    ("mo", "month"),
    ("y", "year"),
];

/// What a metric is, as far as its name shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Shape {
    Gauge,
    /// A sum that only grows.
    Counter,
    /// A sum that goes up and down.
    UpDown,
    Histogram,
    ExponentialHistogram,
    Summary,
}

/// A name that cannot be one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NameError {
    #[error("normalization for metric {0:?} resulted in empty name")]
    EmptyMetric(String),
    #[error("normalization for metric {0:?} resulted in invalid name {1:?}")]
    InvalidMetric(String, String),
    #[error("label name is empty")]
    EmptyLabel,
    #[error("normalization for label name {0:?} resulted in invalid name {1:?}")]
    InvalidLabel(String, String),
}

/// The rules of a strategy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Namer {
    suffixes: bool,
    utf8: bool,
    /// `_x` becomes `key_x`.
    underscore_sanitization: bool,
    /// `a__b` stays as it is.
    keep_underscores: bool,
}

impl Namer {
    pub fn new(config: &OtlpConfig) -> Namer {
        use TranslationStrategy as T;
        let strategy = config.translation_strategy;
        Namer {
            suffixes: matches!(strategy, T::UnderscoreEscapingWithSuffixes | T::NoUtf8EscapingWithSuffixes),
            utf8: matches!(strategy, T::NoUtf8EscapingWithSuffixes | T::NoTranslation),
            underscore_sanitization: config.label_name_underscore_sanitization,
            keep_underscores: config.label_name_preserve_multiple_underscores,
        }
    }

    /// The name of the metric family.
    pub fn metric(&self, name: &str, unit: &str, shape: Shape) -> Result<String, NameError> {
        let built = match (self.utf8, self.suffixes) {
            (true, true) => with_suffixes_utf8(name, unit, shape),
            (true, false) => name.to_owned(),
            (false, true) => with_suffixes(name, unit, shape),
            (false, false) => {
                let valid = |c: char| c.is_ascii_alphanumeric() || c == ':' || c == '_';
                no_leading_digit(tokens(name, valid).join("_"), "_")
            }
        };
        if built.is_empty() {
            Err(NameError::EmptyMetric(name.to_owned()))
        } else if !self.utf8 && built != name && only_underscores(&built) {
            Err(NameError::InvalidMetric(name.to_owned(), built))
        } else {
            Ok(built)
        }
    }

    /// The name of a label.
    pub fn label(&self, name: &str) -> Result<String, NameError> {
        if name.is_empty() {
            return Err(NameError::EmptyLabel);
        }
        let built = if self.utf8 { name.to_owned() } else { self.escaped_label(name) };
        if only_underscores(&built) {
            return Err(NameError::InvalidLabel(name.to_owned(), built));
        }
        Ok(built)
    }

    fn escaped_label(&self, name: &str) -> String {
        let reserved = name.len() > 4 && name.starts_with("__") && name.ends_with("__");
        let mut built = String::with_capacity(name.len() + 4);
        for c in name.chars() {
            let valid = c.is_ascii_alphanumeric() || (c == '_' && (self.keep_underscores || reserved));
            if valid {
                built.push(c);
            } else if self.keep_underscores || !built.ends_with('_') {
                built.push('_');
            }
        }
        let single = built.starts_with('_') && !built.starts_with("__");
        if single && self.underscore_sanitization {
            built.insert_str(0, "key");
        }
        no_leading_digit(built, "key_")
    }

    /// The unit as Prometheus writes it; empty for none.
    pub fn unit(&self, unit: &str) -> String {
        let (main, per) = unit_suffixes(unit);
        let (main, per) = if self.utf8 { (main, per) } else { (cleaned(&main), cleaned(&per)) };
        let joined = match (main.is_empty(), per.is_empty()) {
            (false, false) => format!("{main}_{per}"),
            (false, true) => main,
            _ => per,
        };
        let joined = joined.strip_prefix('_').unwrap_or(&joined);
        joined.strip_suffix('_').unwrap_or(joined).to_owned()
    }
}

fn only_underscores(name: &str) -> bool {
    name.bytes().all(|b| b == b'_')
}

fn no_leading_digit(name: String, prefix: &str) -> String {
    if name.starts_with(|c: char| c.is_ascii_digit()) { format!("{prefix}{name}") } else { name }
}

/// The runs of valid characters.
fn tokens(name: &str, valid: impl Fn(char) -> bool) -> Vec<&str> {
    name.split(|c| !valid(c)).filter(|t| !t.is_empty()).collect()
}

fn is_metric_char(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == ':'
}

fn with_suffixes(name: &str, unit: &str, shape: Shape) -> String {
    let mut tokens: Vec<String> = tokens(name, is_metric_char).into_iter().map(str::to_owned).collect();
    let (main, per) = unit_suffixes(unit);
    add_unit(&mut tokens, cleaned(&main), cleaned(&per));
    let mut last = |word: &str| {
        tokens.retain(|t| t != word);
        tokens.push(word.to_owned());
    };
    if shape == Shape::Counter {
        last("total");
    }
    // Counters of things often say "1" as well: only of a gauge is it a ratio.
    if unit == "1" && shape == Shape::Gauge {
        last("ratio");
    }
    no_leading_digit(tokens.join("_"), "_")
}

/// Adds the parts of a unit that the name does not have yet.
fn add_unit(tokens: &mut Vec<String>, mut main: String, mut per: String) {
    let has = |tokens: &[String], word: &str| tokens.iter().any(|t| t == word);
    if has(tokens, &main) {
        main.clear();
    }
    if per == "per_" {
        per.clear();
    } else {
        per.truncate(per.strip_suffix('_').map_or(per.len(), str::len));
        if has(tokens, &per) {
            per.clear();
        }
    }
    if !per.is_empty() {
        main.truncate(main.strip_suffix('_').map_or(main.len(), str::len));
    }
    tokens.extend([main, per].into_iter().filter(|t| !t.is_empty()));
}

fn with_suffixes_utf8(name: &str, unit: &str, shape: Shape) -> String {
    let mut name = name.to_owned();
    let (main, per) = unit_suffixes(unit);
    // From the outside in: what is there already is put on again behind what belongs before it.
    let outer = match shape {
        Shape::Counter => Some("total"),
        Shape::Gauge if unit == "1" => Some("ratio"),
        _ => None,
    };
    if let Some(outer) = outer {
        trim_suffix(&mut name, outer);
    }
    if !per.is_empty() {
        trim_suffix(&mut name, &per);
    }
    let missing = |name: &str| !main.is_empty() && !name.ends_with(&main);
    if missing(&name) {
        name.push('_');
        name.push_str(&main);
    }
    for suffix in [Some(per.as_str()).filter(|p| !p.is_empty()), outer].into_iter().flatten() {
        name.push('_');
        name.push_str(suffix);
    }
    name
}

/// Removes a suffix and the delimiter before it, whatever that is.
fn trim_suffix(name: &mut String, suffix: &str) {
    if let Some(rest) = name.strip_suffix(suffix)
        && let Some((at, _)) = rest.char_indices().next_back()
        && at > 0
    {
        name.truncate(at);
    }
}

/// The words of a unit and of what it is per; a part with braces is a comment and says nothing.
fn unit_suffixes(unit: &str) -> (String, String) {
    let (main, per) = match unit.split_once('/') {
        Some((main, per)) => (main, per),
        None => (unit, ""),
    };
    let word = |part: &str, table: &[(&str, &str)]| {
        let part = part.trim();
        if part.contains(['{', '}']) {
            return String::new();
        }
        let found = table.iter().find(|(short, _)| *short == part);
        found.map_or(part, |(_, long)| long).to_owned()
    };
    let per = word(per, &PER_UNITS);
    let per = if per.is_empty() { per } else { format!("per_{per}") };
    (word(main, &UNITS), per)
}

/// A unit with only valid characters, no two underscores in a row and none at its start.
fn cleaned(unit: &str) -> String {
    let mut clean = String::with_capacity(unit.len());
    for c in unit.chars() {
        if is_metric_char(c) {
            clean.push(c);
        } else if !clean.ends_with('_') {
            clean.push('_');
        }
    }
    clean.strip_prefix('_').map(str::to_owned).unwrap_or(clean)
}

#[cfg(test)]
mod tests;
