// Lists to choose from.

/** What the address names is among the choices even when nothing has it now. */
export function withChosen(values: string[], chosen: string | null): string[] {
  return chosen === null || values.includes(chosen) ? values : [chosen, ...values];
}
