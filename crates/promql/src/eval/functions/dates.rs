//! Parts of dates in UTC.

use super::super::Evaluator;
use super::super::column::{Evaluated, Grid, Series};
use super::super::plan::Node;
use crate::engine::QueryError;
use model::Labels;

/// A civil date and time.
struct Civil {
    year: i64,
    month: i64,
    day: i64,
    /// Days since 1970-01-01.
    days: i64,
    seconds: i64,
}

/// From Unix seconds, by Howard Hinnant's `civil_from_days`: exact in the proleptic Gregorian calendar.
fn civil(unix_s: i64) -> Civil {
    let days = unix_s.div_euclid(86_400);
    let z = days + 719_468;
    let era = z.div_euclid(146_097);
    let day_of_era = z.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    Civil { year, month, day, days, seconds: unix_s.rem_euclid(86_400) }
}

fn is_leap(year: i64) -> bool {
    (year % 4 == 0 && year % 100 != 0) || year % 400 == 0
}

fn days_in(month: i64, year: i64) -> i64 {
    match month {
        2 => 28 + i64::from(is_leap(year)),
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// A function of that name, from Unix seconds.
pub(super) fn date_function(name: &str) -> Option<fn(f64) -> f64> {
    fn of(v: f64, part: impl Fn(Civil) -> i64) -> f64 {
        // As a conversion to 64 bits: fractions cut, the far future held at the end. A year takes some 2^25
        // seconds: within 2^60 the calendar's arithmetic does not overflow.
        part(civil((v as i64).clamp(-(1 << 60), 1 << 60))) as f64
    }
    Some(match name {
        "days_in_month" => |v| of(v, |c| days_in(c.month, c.year)),
        "day_of_month" => |v| of(v, |c| c.day),
        // 1970-01-01 was a Thursday.
        "day_of_week" => |v| of(v, |c| (c.days + 4).rem_euclid(7)),
        "day_of_year" => |v| of(v, |c| (1..c.month).map(|m| days_in(m, c.year)).sum::<i64>() + c.day),
        "hour" => |v| of(v, |c| c.seconds / 3600),
        "minute" => |v| of(v, |c| c.seconds / 60 % 60),
        "month" => |v| of(v, |c| c.month),
        "year" => |v| of(v, |c| c.year),
        _ => return None,
    })
}

impl Evaluator<'_> {
    /// Of each float; without an argument, of the time of each step.
    pub(super) fn dates(
        &mut self,
        args: &[Node],
        grid: Grid,
        f: fn(f64) -> f64,
    ) -> Result<Evaluated, QueryError> {
        if let Some(arg) = args.first() {
            let vector = self.eval_vector(arg, grid)?;
            return self.map_floats(vector, grid, |v, _| f(v));
        }
        let floats = (0..grid.steps).map(|i| f((grid.at(i) / 1000) as f64)).collect();
        Ok(Evaluated::Vector(vec![Series::floats(Labels::empty(), floats)]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_those_of_the_calendar() {
        let check = |unix_s: f64, want: [f64; 8]| {
            let names = [
                "year",
                "month",
                "day_of_month",
                "day_of_week",
                "day_of_year",
                "days_in_month",
                "hour",
                "minute",
            ];
            assert_eq!(names.map(|n| date_function(n).unwrap()(unix_s)), want, "{unix_s}");
        };
        check(0.0, [1970.0, 1.0, 1.0, 4.0, 1.0, 31.0, 0.0, 0.0]);
        check(-1.0, [1969.0, 12.0, 31.0, 3.0, 365.0, 31.0, 23.0, 59.0]);
        // 2024-02-29 12:34:56
        check(1_709_210_096.7, [2024.0, 2.0, 29.0, 4.0, 60.0, 29.0, 12.0, 34.0]);
        check(951_782_400.0, [2000.0, 2.0, 29.0, 2.0, 60.0, 29.0, 0.0, 0.0]);
        check(4_107_542_399.0, [2100.0, 2.0, 28.0, 0.0, 59.0, 28.0, 23.0, 59.0]);
        // Nonsense gives some number and does not panic.
        for v in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 1e300] {
            let _ = date_function("year").unwrap()(v);
        }
    }
}
