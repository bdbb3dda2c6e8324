import { IconArrowDown, IconArrowUp } from '@tabler/icons-react';

interface Props {
  title: string;
  isNumber: boolean;
  order: 'up' | 'down' | null;
  onClick: () => void;
}

/** A column's name, which sorts by it. */
export function HeadCell({ title, isNumber, order, onClick }: Props) {
  const Arrow = order === 'down' ? IconArrowDown : IconArrowUp;
  return (
    <button
      type="button"
      data-right={isNumber || undefined}
      data-active={order !== null || undefined}
      onClick={onClick}
    >
      {title}
      {order !== null && <Arrow size={12} />}
    </button>
  );
}
