import { useRouter, useSearch } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { keepShell, keepTime } from '@/components/shell/shellUrl';
import { printSearch } from '@/lib/search';
import type { Jump } from '@/model/trace/jumps';

/**
 * A link to a place by its address, which may be a page of its own that is loaded when it is opened. The time range
 * goes along unless the address has one; the chosen service does to a trace, which may have many.
 */
export function JumpLink({
  to,
  className,
  title,
  children,
}: {
  to: Jump;
  className?: string;
  title?: string;
  children: ReactNode;
}) {
  const router = useRouter();
  const here = useSearch({ strict: false });
  const href = `${to.path}${printSearch({ ...(isTrace(to) ? keepShell(here) : keepTime(here)), ...to.search })}`;
  return (
    <a
      href={href}
      className={className}
      title={title}
      onClick={(event) => {
        // With a key or another button it is the browser's.
        if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey || event.button !== 0) return;
        event.preventDefault();
        router.history.push(href);
      }}
    >
      {children}
    </a>
  );
}

const isTrace = (to: Jump): boolean => to.path.startsWith('/traces/');
