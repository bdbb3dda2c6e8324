// Keyboard shortcuts: whoever is on the screen registers its own; the shell listens once.
import { createContext, useContext, useEffect, useId, useMemo, useRef, type ReactNode } from 'react';
import { isTyping } from '@/lib/browser';
import { match, PAIR_MS_MAX, pressOf, type Shortcut } from '@/lib/shortcuts';

interface Keyboard {
  set: (owner: string, shortcuts: Shortcut[]) => void;
  drop: (owner: string) => void;
  all: () => Shortcut[];
}

const KeyboardContext = createContext<Keyboard | null>(null);

export function KeyboardProvider({ children }: { children: ReactNode }) {
  const owners = useRef(new Map<string, Shortcut[]>());
  const keyboard = useMemo<Keyboard>(
    () => ({
      set: (owner, shortcuts) => owners.current.set(owner, shortcuts),
      drop: (owner) => owners.current.delete(owner),
      all: () => [...owners.current.values()].flat(),
    }),
    [],
  );

  useEffect(() => {
    let pending: string | null = null;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const listen = (event: KeyboardEvent): void => {
      if (event.defaultPrevented || event.isComposing || ['Shift', 'Control', 'Meta', 'Alt'].includes(event.key))
        return;
      const found = match(keyboard.all(), pressOf(event), pending, isTyping(event.target) || isDialogOpen());
      pending = found.pending;
      clearTimeout(timer);
      if (pending !== null) timer = setTimeout(() => (pending = null), PAIR_MS_MAX);
      if (found.shortcut === null) return;
      event.preventDefault();
      found.shortcut.run();
    };
    window.addEventListener('keydown', listen);
    return () => {
      clearTimeout(timer);
      window.removeEventListener('keydown', listen);
    };
  }, [keyboard]);

  return <KeyboardContext value={keyboard}>{children}</KeyboardContext>;
}

/** What lies above the page has the keys to itself. */
function isDialogOpen(): boolean {
  return document.querySelector('[role="dialog"]') !== null;
}

export function useKeyboard(): Keyboard {
  const keyboard = useContext(KeyboardContext);
  if (keyboard === null) throw new Error('useKeyboard outside of the shell');
  return keyboard;
}

/** Holds while the component is on the screen. The list may be new at each render. */
export function useShortcuts(shortcuts: Shortcut[]): void {
  const keyboard = useKeyboard();
  const owner = useId();
  useEffect(() => {
    keyboard.set(owner, shortcuts);
  });
  useEffect(() => () => keyboard.drop(owner), [keyboard, owner]);
}
