//! Cutting observations off a histogram above or below a value: the `</` and `>/` operators.
//!
//! A bucket that the cut goes through is divided by interpolation. The sum is not known in parts: when anything is
//! cut off, it is estimated anew from the middles of what stays.

use super::{Bucket, FloatHistogram};

/// Which side of the cut stays.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Keep {
    Below,
    Above,
}

/// How values are spread within a bucket.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Spread {
    Linear,
    /// Exponential bucket above zero.
    Positive,
    /// Exponential bucket below zero.
    Negative,
}

/// What stays of a bucket, and the value its observations are taken to have.
struct Kept {
    count: f64,
    middle: f64,
}

const NOTHING: Kept = Kept { count: 0.0, middle: 0.0 };

impl FloatHistogram {
    /// Keeps the observations up to a value.
    pub fn keep_below(&mut self, value: f64) {
        self.trim(value, Keep::Below);
    }

    /// Keeps the observations from a value on.
    pub fn keep_above(&mut self, value: f64) {
        self.trim(value, Keep::Above);
    }

    fn trim(&mut self, at: f64, keep: Keep) {
        let (mut count, mut sum, mut changed) = (0.0, 0.0, false);
        let mut populated = [false; 2];
        for (side, populated) in populated.iter_mut().enumerate() {
            let positive = side == 0;
            let spread = match positive {
                _ if self.uses_custom_buckets() => Spread::Linear,
                true => Spread::Positive,
                false => Spread::Negative,
            };
            let buckets: Vec<Bucket> =
                if positive { self.positive().collect() } else { self.negative().collect() };
            for (i, b) in buckets.iter().enumerate().filter(|(_, b)| b.count != 0.0) {
                *populated = true;
                let kept = cut_bucket(b, at, keep, spread);
                changed |= kept.count != b.count;
                count += kept.count;
                sum += kept.count * kept.middle;
                let counts = if positive { &mut self.positive_buckets } else { &mut self.negative_buckets };
                counts[i] = kept.count;
            }
        }
        if self.zero_count > 0.0 {
            let mut zero = self.zero_bucket();
            match populated {
                [true, false] => zero.lower = 0.0,
                [false, true] => zero.upper = 0.0,
                _ => {}
            }
            let kept = cut_zero(&zero, at, keep);
            changed |= kept.count != zero.count;
            count += kept.count;
            sum += kept.count * kept.middle;
            self.zero_count = kept.count;
        }
        if changed {
            (self.count, self.sum) = (count, sum);
            self.compact();
        }
    }
}

fn cut_bucket(b: &Bucket, at: f64, keep: Keep, spread: Spread) -> Kept {
    let (whole, part) = match keep {
        Keep::Below => (b.upper <= at, b.lower < at),
        Keep::Above => (b.lower >= at, b.upper > at),
    };
    if whole {
        return Kept { count: b.count, middle: middle(b.lower, b.upper, spread) };
    }
    if !part {
        return NOTHING;
    }
    if b.lower == f64::NEG_INFINITY || b.upper == f64::INFINITY {
        return cut_infinite(b, at, keep);
    }
    let below = count_below(b, at, spread);
    match keep {
        Keep::Below => Kept { count: below, middle: middle(b.lower, at, spread) },
        Keep::Above => Kept { count: b.count - below, middle: middle(at, b.upper, spread) },
    }
}

/// How values lie in a bucket without end is not known: it stays or goes as a whole. Only one from −Inf to above
/// zero is taken to begin at zero, and divided.
fn cut_infinite(b: &Bucket, at: f64, keep: Keep) -> Kept {
    let to_positive = b.lower == f64::NEG_INFINITY && b.upper > 0.0 && b.upper.is_finite();
    match keep {
        Keep::Below if to_positive && at > 0.0 => Kept { count: b.count * at / b.upper, middle: at / 2.0 },
        Keep::Below if b.lower == f64::NEG_INFINITY && b.upper <= 0.0 => Kept { count: b.count, middle: at },
        Keep::Above if to_positive && at >= 0.0 => {
            Kept { count: b.count * (1.0 - at / b.upper), middle: (at + b.upper) / 2.0 }
        }
        Keep::Above if b.lower > f64::NEG_INFINITY => Kept { count: b.count, middle: at },
        _ => NOTHING,
    }
}

/// The zero bucket is spread linearly over the side that the histogram has observations on.
fn cut_zero(zero: &Bucket, at: f64, keep: Keep) -> Kept {
    let (lower, upper) = (zero.lower, zero.upper);
    let all = Kept { count: zero.count, middle: (lower + upper) / 2.0 };
    match keep {
        Keep::Below if at <= lower => NOTHING,
        Keep::Below if at >= upper => all,
        Keep::Below => {
            Kept { count: zero.count * ((at - lower) / (upper - lower)), middle: (lower + at) / 2.0 }
        }
        Keep::Above if at <= lower => all,
        Keep::Above if at >= upper => NOTHING,
        Keep::Above => {
            Kept { count: zero.count * ((upper - at) / (upper - lower)), middle: (at + upper) / 2.0 }
        }
    }
}

/// The value that observations between two bounds are taken to have.
fn middle(lower: f64, upper: f64, spread: Spread) -> f64 {
    match (lower.is_infinite(), upper.is_infinite()) {
        (true, true) => return 0.0,
        (true, false) if upper > 0.0 => return upper / 2.0,
        (true, false) => return upper,
        (false, true) => return lower,
        (false, false) => {}
    }
    match spread {
        Spread::Linear => (lower + upper) / 2.0,
        Spread::Positive => (lower * upper).abs().sqrt(),
        Spread::Negative => -(lower * upper).abs().sqrt(),
    }
}

/// How many observations of a bucket lie at or below a value.
fn count_below(b: &Bucket, at: f64, spread: Spread) -> f64 {
    if at <= b.lower {
        return 0.0;
    }
    if at >= b.upper {
        return b.count;
    }
    let (low, high, log) = (b.lower.abs().log2(), b.upper.abs().log2(), at.abs().log2());
    let fraction = match spread {
        Spread::Linear => (at - b.lower) / (b.upper - b.lower),
        Spread::Positive => (log - low) / (high - low),
        Spread::Negative => 1.0 - (log - high) / (low - high),
    };
    b.count * fraction
}
