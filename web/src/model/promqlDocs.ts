// What the functions and aggregations of PromQL do, in a line or two: shown when the pointer rests on one.

export interface FunctionDoc {
  signature: string;
  text: string;
}

const range = (name: string, text: string): [string, FunctionDoc] => [
  name,
  { signature: `${name}(range-vector)`, text },
];
const instant = (name: string, text: string): [string, FunctionDoc] => [
  name,
  { signature: `${name}(instant-vector)`, text },
];
const other = (name: string, signature: string, text: string): [string, FunctionDoc] => [name, { signature, text }];
const date = (name: string, text: string): [string, FunctionDoc] => [
  name,
  { signature: `${name}([instant-vector = vector(time())])`, text },
];
const group = (name: string, args: string, text: string): [string, FunctionDoc] => [
  name,
  { signature: `${name} [by|without (labels)] (${args}instant-vector)`, text },
];

export const DOCS: ReadonlyMap<string, FunctionDoc> = new Map([
  range(
    'rate',
    'Increase a second, averaged over the window, corrected for counter resets. For counters; take the rate first, then the sum.',
  ),
  range(
    'irate',
    'Increase a second between the last two samples of the window. Follows fast movements; too nervous for alerts.',
  ),
  range('increase', 'How much a counter grew over the window: rate times its length, so the number need not be whole.'),
  range('delta', 'Last minus first value of the window, stretched to its full length. For gauges.'),
  range('idelta', 'Difference between the last two samples of the window. For gauges.'),
  range('deriv', 'Slope a second by least squares. For gauges.'),
  range('changes', 'How many times the value changed inside the window.'),
  range('resets', 'How many times a counter fell inside the window.'),
  other(
    'predict_linear',
    'predict_linear(range-vector, seconds)',
    'The value so many seconds ahead, if the straight line through the window goes on. For gauges.',
  ),
  other(
    'double_exponential_smoothing',
    'double_exponential_smoothing(range-vector, smoothing, trend)',
    'A smoothed value with its trend; both factors between 0 and 1. Experimental.',
  ),

  range('avg_over_time', 'Mean of the samples in the window.'),
  range('min_over_time', 'Smallest sample in the window.'),
  range('max_over_time', 'Largest sample in the window.'),
  range('sum_over_time', 'Sum of the samples in the window.'),
  range('count_over_time', 'How many samples the window holds.'),
  range('last_over_time', 'Newest sample in the window.'),
  range('first_over_time', 'Oldest sample in the window. Experimental.'),
  range('present_over_time', '1 for each series with any sample in the window.'),
  range('absent_over_time', '1 when the window holds no sample at all: for alerts on what is missing.'),
  range('stddev_over_time', 'Standard deviation of the samples in the window.'),
  range('stdvar_over_time', 'Variance of the samples in the window.'),
  range(
    'mad_over_time',
    'Median distance from the median of the window: a spread that outliers do not move. Experimental.',
  ),
  range('ts_of_min_over_time', 'When the smallest sample of the window was taken. Experimental.'),
  range('ts_of_max_over_time', 'When the largest sample of the window was taken. Experimental.'),
  range('ts_of_first_over_time', 'When the oldest sample of the window was taken. Experimental.'),
  range('ts_of_last_over_time', 'When the newest sample of the window was taken. Experimental.'),
  other(
    'quantile_over_time',
    'quantile_over_time(φ, range-vector)',
    'The φ-quantile (0 ≤ φ ≤ 1) of the samples in the window.',
  ),

  other(
    'histogram_quantile',
    'histogram_quantile(φ, instant-vector)',
    'The φ-quantile of a histogram. For classic ones sum the rates of `_bucket` by `le` first; native ones need no `le`.',
  ),
  other(
    'histogram_quantiles',
    'histogram_quantiles(instant-vector, "label", φ, …)',
    'Several quantiles at once, told apart by the given label. Experimental.',
  ),
  other(
    'histogram_fraction',
    'histogram_fraction(lower, upper, instant-vector)',
    'Share of the observations between two values, 0 to 1.',
  ),
  instant('histogram_count', 'Number of observations in a native histogram.'),
  instant('histogram_sum', 'Sum of the observations in a native histogram.'),
  instant('histogram_avg', 'Mean of the observations in a native histogram.'),
  instant('histogram_stddev', 'Estimated standard deviation of the observations in a native histogram.'),
  instant('histogram_stdvar', 'Estimated variance of the observations in a native histogram.'),

  instant('abs', 'Without the sign.'),
  instant('ceil', 'Up to the next whole number.'),
  instant('floor', 'Down to the next whole number.'),
  other('round', 'round(instant-vector [, to = 1])', 'To the nearest multiple of `to`; halves go up.'),
  other('clamp', 'clamp(instant-vector, min, max)', 'Held between two bounds.'),
  other('clamp_min', 'clamp_min(instant-vector, min)', 'Never below the bound.'),
  other('clamp_max', 'clamp_max(instant-vector, max)', 'Never above the bound.'),
  instant('sgn', '1, 0 or −1: the sign.'),
  instant('sqrt', 'Square root.'),
  instant('exp', 'e to the power of the value.'),
  instant('ln', 'Natural logarithm.'),
  instant('log2', 'Logarithm to base 2.'),
  instant('log10', 'Logarithm to base 10.'),
  instant('deg', 'Radians to degrees.'),
  instant('rad', 'Degrees to radians.'),
  other('pi', 'pi()', 'π.'),
  instant('sin', 'Sine of an angle in radians.'),
  instant('cos', 'Cosine of an angle in radians.'),
  instant('tan', 'Tangent of an angle in radians.'),
  instant('asin', 'Arcsine, in radians.'),
  instant('acos', 'Arccosine, in radians.'),
  instant('atan', 'Arctangent, in radians.'),
  instant('sinh', 'Hyperbolic sine.'),
  instant('cosh', 'Hyperbolic cosine.'),
  instant('tanh', 'Hyperbolic tangent.'),
  instant('asinh', 'Inverse hyperbolic sine.'),
  instant('acosh', 'Inverse hyperbolic cosine.'),
  instant('atanh', 'Inverse hyperbolic tangent.'),

  instant('absent', '1 when the vector is empty, nothing otherwise: for alerts on what is missing.'),
  instant('sort', 'By value, smallest first. Instant queries only.'),
  instant('sort_desc', 'By value, largest first. Instant queries only.'),
  other(
    'sort_by_label',
    'sort_by_label(instant-vector, "label", …)',
    'By the values of labels, in natural order. Instant queries only. Experimental.',
  ),
  other(
    'sort_by_label_desc',
    'sort_by_label_desc(instant-vector, "label", …)',
    'By the values of labels, last first. Instant queries only. Experimental.',
  ),
  other(
    'label_replace',
    'label_replace(instant-vector, "to", "replacement", "from", "regex")',
    'Sets a label from another: where the regex matches the whole of `from`, `to` becomes the replacement with $1, $2 … filled in.',
  ),
  other(
    'label_join',
    'label_join(instant-vector, "to", "separator", "from", …)',
    'Sets a label to the values of others, joined.',
  ),
  other(
    'info',
    'info(instant-vector [, {selector}])',
    'Adds the labels of matching info series, `target_info` unless said otherwise. Experimental.',
  ),
  other('scalar', 'scalar(instant-vector)', 'The value of a vector with a single series; NaN for any other.'),
  other('vector', 'vector(scalar)', 'A number as a vector without labels.'),
  other('time', 'time()', 'The moment of evaluation, in seconds since 1970.'),
  instant(
    'start_timestamp',
    'When the series began to count, in seconds since 1970; 0 when that is not known. Experimental.',
  ),
  other('start', 'start()', 'First moment of the query, in seconds since 1970. Experimental.'),
  other('end', 'end()', 'Last moment of the query, in seconds since 1970. Experimental.'),
  other('range', 'range()', 'Length of the query, in seconds. Experimental.'),
  other('step', 'step()', 'Distance between two points of the query, in seconds. Experimental.'),
  instant('timestamp', 'When each sample was taken, in seconds since 1970.'),
  date('minute', 'Minute of the hour, UTC.'),
  date('hour', 'Hour of the day, UTC.'),
  date('day_of_week', 'Day of the week, UTC; 0 is Sunday.'),
  date('day_of_month', 'Day of the month, UTC.'),
  date('day_of_year', 'Day of the year, UTC.'),
  date('days_in_month', 'How many days the month has, UTC.'),
  date('month', 'Month of the year, UTC; 1 is January.'),
  date('year', 'Year, UTC.'),

  group('sum', '', 'Sum over the series of each group.'),
  group('avg', '', 'Mean over the series of each group.'),
  group('min', '', 'Smallest value of each group.'),
  group('max', '', 'Largest value of each group.'),
  group('count', '', 'How many series each group has.'),
  group('group', '', '1 for each group that has any series.'),
  group('stddev', '', 'Standard deviation over the series of each group.'),
  group('stdvar', '', 'Variance over the series of each group.'),
  group(
    'topk',
    'k, ',
    'The k series with the largest values of each group, labels kept. In a graph the choice is made anew at each point.',
  ),
  group('bottomk', 'k, ', 'The k series with the smallest values of each group, labels kept.'),
  group('quantile', 'φ, ', 'The φ-quantile over the series of each group.'),
  group('count_values', '"label", ', 'How many series have each value; the value becomes the label.'),
  group('limitk', 'k, ', 'k series of each group, picked the same way each time. Experimental.'),
  group(
    'limit_ratio',
    'r, ',
    'A share of the series, picked the same way each time; a negative share is its complement. Experimental.',
  ),
]);
