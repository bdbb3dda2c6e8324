import {
  aggregateOpTerms,
  functionIdentifierTerms,
} from '@prometheus-io/codemirror-promql/dist/esm/complete/promql.terms.js';
import { expect, it } from 'vitest';
import { DOCS } from './promqlDocs';

it('knows every function that the editor offers', () => {
  const offered = [...functionIdentifierTerms, ...aggregateOpTerms].map((term) => term.label);
  expect(offered.filter((name) => !DOCS.has(name))).toEqual([]);
});
