// What is asked of the metrics that are derived from spans. Requests are what a service answers: its server spans, and
// the messages that it takes.
import { quote } from '@/model/labels';

const KINDS = 'span_kind=~"SPAN_KIND_SERVER|SPAN_KIND_CONSUMER"';
const ERROR = 'status_code="STATUS_CODE_ERROR"';
const CALLS = 'traces_span_metrics_calls_total';
const BUCKETS = 'traces_span_metrics_duration_milliseconds_bucket';
const SUM = 'traces_span_metrics_duration_milliseconds_sum';

/** Counts are written every 15 s: a rate needs four of them. */
export const WINDOW_SECONDS_MIN = 60;

export interface Window {
  seconds: number;
  /** Earlier by so much; 0 for the range itself. */
  offset: number;
}

/** The range of a list, and the one before it of the same length. */
export function windows(fromMillis: number, toMillis: number): { now: Window; before: Window } {
  const seconds = Math.max(WINDOW_SECONDS_MIN, Math.round((toMillis - fromMillis) / 1000));
  return { now: { seconds, offset: 0 }, before: { seconds, offset: seconds } };
}

const over = ({ seconds, offset }: Window): string => `[${seconds}s]${offset === 0 ? '' : ` offset ${offset}s`}`;

/** Labels that choose: `service_name="cart"`. */
function selector(service: string | null, ...more: string[]): string {
  return [KINDS, ...(service === null ? [] : [`service_name=${quote(service)}`]), ...more].join(',');
}

export interface Asked {
  /** By which label the numbers are told apart; empty for one number. */
  by: 'service_name' | 'span_name' | '';
  service: string | null;
}

const sum = (by: string): string => (by === '' ? 'sum' : `sum by (${by})`);

export function rateQuery({ by, service }: Asked, window: Window): string {
  return `${sum(by)} (rate(${CALLS}{${selector(service)}}${over(window)}))`;
}

export function errorQuery({ by, service }: Asked, window: Window): string {
  return `${sum(by)} (rate(${CALLS}{${selector(service, ERROR)}}${over(window)}))`;
}

/** Spans of every kind a second, by service: whoever sends any. */
export function spansQuery(window: Window): string {
  return `sum by (service_name) (rate(${CALLS}${over(window)}))`;
}

/** Of one: no series without a request, zero without an error. */
export function errorShareQuery(asked: Asked, window: Window): string {
  const rate = rateQuery(asked, window);
  return `(${errorQuery(asked, window)} or 0 * ${rate}) / (${rate} > 0)`;
}

/** In seconds. */
export function quantileQuery({ by, service }: Asked, quantile: number, window: Window): string {
  const labels = by === '' ? 'le' : `${by}, le`;
  const rate = `rate(${BUCKETS}{${selector(service)}}${over(window)})`;
  return `histogram_quantile(${quantile}, sum by (${labels}) (${rate})) / 1000`;
}

/** Seconds of work a second. */
export function busyQuery({ by, service }: Asked, window: Window): string {
  return `${sum(by)} (rate(${SUM}{${selector(service)}}${over(window)})) / 1000`;
}

/** Where exemplars of a service's durations are. */
export function exemplarQuery(service: string): string {
  return `${BUCKETS}{${selector(service)}}`;
}
