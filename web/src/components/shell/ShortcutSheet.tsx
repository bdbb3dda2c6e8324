import { Kbd, Modal } from '@mantine/core';
import { isMac } from '@/lib/browser';
import { printKeys } from '@/lib/shortcuts';
import { useKeyboard } from './keys';
import classes from './ShortcutSheet.module.css';

export function ShortcutSheet({ onClose }: { onClose: () => void }) {
  const all = useKeyboard().all();
  const groups = [...new Set(all.map((one) => one.group))];
  return (
    <Modal opened onClose={onClose} title="Keyboard shortcuts" size={640}>
      <div className={classes.sheet}>
        {groups.map((group) => (
          <section key={group}>
            <h3>{group}</h3>
            <dl>
              {all
                .filter((one) => one.group === group)
                .map((one) => (
                  <div key={one.keys}>
                    <dt>{one.title}</dt>
                    <dd>
                      {printKeys(one.keys, isMac()).map((key, index) => (
                        <Kbd key={index}>{key}</Kbd>
                      ))}
                    </dd>
                  </div>
                ))}
            </dl>
          </section>
        ))}
      </div>
    </Modal>
  );
}
