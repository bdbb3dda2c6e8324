// Severities: OpenTelemetry's numbers in six ranges, and what is not known.

export type Severity = 'fatal' | 'error' | 'warn' | 'info' | 'debug' | 'trace' | 'unknown';

/** The most severe first. */
export const SEVERITIES: readonly Severity[] = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'unknown'];

/** 1–4 trace, 5–8 debug, 9–12 info, 13–16 warn, 17–20 error, 21–24 fatal; 0 says nothing. */
export function severityOf(number: number): Severity {
  if (number >= 21 && number <= 24) return 'fatal';
  if (number >= 17 && number <= 20) return 'error';
  if (number >= 13 && number <= 16) return 'warn';
  if (number >= 9 && number <= 12) return 'info';
  if (number >= 5 && number <= 8) return 'debug';
  return number >= 1 && number <= 4 ? 'trace' : 'unknown';
}

/** The server names ranges as we do; events without a severity have the empty key. */
export function severityNamed(name: string): Severity {
  return SEVERITIES.find((one) => one === name.toLowerCase()) ?? 'unknown';
}

/** What finds lines of a severity. */
export function severityTerm(severity: Severity): string {
  return severity === 'unknown' ? 'severity=0' : `severity:${severity}`;
}
