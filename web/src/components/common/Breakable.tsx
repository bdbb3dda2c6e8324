// A name that may go on in the next line: after a dot or an underscore, not within a word.
import { Fragment } from 'react';
import { breakable } from '@/lib/breakable';

export function Breakable({ text }: { text: string }) {
  return breakable(text).map((piece, place) => (
    <Fragment key={place}>
      {place > 0 && <wbr />}
      {piece}
    </Fragment>
  ));
}
