// Keys: single ones, with Ctrl/⌘, and pairs typed after each other (`g t`).

/** `mod` is ⌘ on a Mac and Ctrl elsewhere. */
export interface Shortcut {
  /** `?`, `mod+k`, `g t`. */
  keys: string;
  title: string;
  group: string;
  run: () => void;
  /** Also while a field has the focus. */
  inFields?: boolean;
}

/** The second key of a pair must follow within this. */
export const PAIR_MS_MAX = 1000;

export interface KeyPress {
  key: string;
  mod: boolean;
  alt: boolean;
}

export function pressOf(event: { key: string; ctrlKey: boolean; metaKey: boolean; altKey: boolean }): KeyPress {
  return { key: event.key.toLowerCase(), mod: event.ctrlKey || event.metaKey, alt: event.altKey };
}

function spell(press: KeyPress): string {
  return `${press.mod ? 'mod+' : ''}${press.alt ? 'alt+' : ''}${press.key}`;
}

export interface Match {
  shortcut: Shortcut | null;
  /** The first key of a pair that has begun. */
  pending: string | null;
}

/** What a key press means after `pending`. */
export function match(shortcuts: readonly Shortcut[], press: KeyPress, pending: string | null, typing: boolean): Match {
  const usable = shortcuts.filter((one) => !typing || one.inFields === true);
  const spelled = spell(press);
  const pair = pending === null ? undefined : usable.find((one) => one.keys === `${pending} ${spelled}`);
  const single = pair ?? usable.find((one) => one.keys === spelled);
  if (single !== undefined) return { shortcut: single, pending: null };
  return { shortcut: null, pending: usable.some((one) => one.keys.startsWith(`${spelled} `)) ? spelled : null };
}

/** How keys are written on the screen. */
export function printKeys(keys: string, mac: boolean): string[] {
  return keys.split(/ |(?<=.)\+/).map((key) => {
    if (key === 'mod') return mac ? '⌘' : 'Ctrl';
    if (key === 'enter') return '⏎';
    if (key === 'shift') return '⇧';
    const arrow = { arrowup: '↑', arrowdown: '↓', arrowleft: '←', arrowright: '→' }[key];
    if (arrow !== undefined) return arrow;
    if (key === 'escape') return 'Esc';
    return key.length === 1 ? key.toUpperCase() : key;
  });
}
