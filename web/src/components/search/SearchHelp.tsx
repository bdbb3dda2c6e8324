import classes from './Search.module.css';

const LINES: [string, string][] = [
  ['timeout', 'the word, in any case'],
  ['conn* *pool*', 'both: words that begin so, that hold it'],
  ['"connection reset"', 'these words together'],
  ['/time[d]? ?out/', 'a regular expression'],
  ['service:checkout', 'a field, in any case; * and ? stand for anything'],
  ['service=checkout', 'exactly; also !='],
  ['duration>500ms', 'also >= < <=, with units'],
  ['http.response.status_code:[500 TO 599]', 'a range; * for an open end'],
  ['http.route:/cart/*', 'an attribute of the event or its resource'],
  ['resource.k8s.pod.name:web-1', 'only of the resource'],
  ['body.order.id:17', 'a key of a JSON body'],
  ['service:(cart or checkout)', 'one of a few'],
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
