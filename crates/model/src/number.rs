//! Floats as text in the notation that Prometheus's messages and label values use (that of the Go language).

/// Shortest digits that read back, with an exponent below 1e-4 and from 1e6 on: what `%g` prints.
pub fn format_g(value: f64) -> String {
    if let Some(text) = special(value) {
        return text;
    }
    // `{:e}` gives the shortest digits and the decimal exponent.
    let scientific = format!("{value:e}");
    let Some((digits, exponent)) = scientific.split_once('e') else { return scientific };
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if value != 0.0 && !(-4..6).contains(&exponent) {
        let sign = if exponent < 0 { '-' } else { '+' };
        return format!("{digits}e{sign}{:02}", exponent.abs());
    }
    format!("{value}")
}

/// All digits, no exponent.
pub fn format_f(value: f64) -> String {
    special(value).unwrap_or_else(|| format!("{value}"))
}

fn special(value: f64) -> Option<String> {
    if value.is_nan() {
        Some("NaN".to_owned())
    } else if value.is_infinite() {
        Some(if value > 0.0 { "+Inf" } else { "-Inf" }.to_owned())
    } else {
        None
    }
}
