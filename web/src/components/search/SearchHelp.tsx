import classes from './Search.module.css';

const LINES: [string, string][] = [
  ['timeout', 'the word, in any case'],
  ['conn* *pool*', 'both: words that begin so, that hold it'],
  ['"connection reset"', 'these words together'],
  ['/time[d]? ?out/', 'a regular expression'],
  ['service:checkout', 'a field, in any case; * and ? stand for anything'],
  ['status=error', 'exactly; also !='],
  ['duration>500ms', 'also >= < <=, with units'],
  ['http.route:/cart/*', 'an attribute of the event or its resource'],
  ['resource.k8s.pod.name:web-1', 'only of the resource'],
  ['status:(error or ok)', 'one of a few'],
  ['exists:user.id', 'has the field at all'],
  ['-service:health (a or b)', 'not; groups'],
];

/** The search language on one card. */
export function SearchHelp({ onChoose }: { onChoose: (query: string) => void }) {
  return (
    <div className={classes.help}>
      {LINES.map(([query, meaning]) => (
        <button type="button" key={query} onClick={() => onChoose(query)}>
          <code>{query}</code>
          <span>{meaning}</span>
        </button>
      ))}
      <p>What stands side by side must all hold.</p>
    </div>
  );
}
