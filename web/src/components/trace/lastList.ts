// The list of traces that was looked at last, so that the way back from a trace leads to it and not to all of them.
import { keepShell } from '@/components/shell/shellUrl';

let last: Record<string, string> = {};

export function rememberList(search: Record<string, string>): void {
  last = search;
}

/** Its search and filters; time and service are those of now. */
export function backToList(now: object): Record<string, string> {
  return { ...last, ...keepShell(now) };
}
