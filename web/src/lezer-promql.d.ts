// The package exports its node numbers too, and does not say so.
import type {} from '@prometheus-io/lezer-promql';

declare module '@prometheus-io/lezer-promql' {
  export const EqlSingle: number;
  export const Neq: number;
  export const EqlRegex: number;
  export const NeqRegex: number;
}
