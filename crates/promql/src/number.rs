//! Numbers as text, the way Go writes and reads them: queries, series and messages use its notation.

/// `%g`-like shortest form: what Go's `%v` prints of a float. Exponent below 1e-4 and from 1e21.
pub fn format_go_v(value: f64) -> String {
    format_shortest(value, 21)
}

/// Decimal without exponent, shortest that reads back: Go's `strconv.FormatFloat(v, 'f', -1, 64)`.
pub fn format_go_f(value: f64) -> String {
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

fn format_shortest(value: f64, exponent_max: i32) -> String {
    if let Some(text) = special(value) {
        return text;
    }
    // `{:e}` gives the shortest digits and the decimal exponent.
    let scientific = format!("{value:e}");
    let (digits, exponent) = scientific.split_once('e').expect("{:e} prints an exponent");
    let exponent: i32 = exponent.parse().expect("{:e} prints a whole exponent");
    if value != 0.0 && (exponent < -4 || exponent >= exponent_max) {
        let sign = if exponent < 0 { '-' } else { '+' };
        return format!("{digits}e{sign}{:02}", exponent.abs());
    }
    format!("{value}")
}
