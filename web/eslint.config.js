import reactHooks from 'eslint-plugin-react-hooks';
import tseslint from 'typescript-eslint';

const only = (folders, why) => ({
  'no-restricted-imports': ['error', { patterns: [{ group: folders, message: why }] }],
});

export default tseslint.config(
  { ignores: ['dist', 'node_modules', 'public', 'test-results', 'e2e/run.mjs', 'eslint.config.js'] },
  ...tseslint.configs.strict,
  ...tseslint.configs.stylistic,
  {
    plugins: { 'react-hooks': reactHooks },
    rules: {
      'react-hooks/rules-of-hooks': 'error',
      'react-hooks/exhaustive-deps': 'error',
      'no-restricted-exports': ['error', { restrictDefaultExports: { direct: true } }],
      'no-restricted-globals': ['error', { name: 'fetch', message: 'Only src/api talks to the server.' }],
      'max-lines': ['error', { max: 250, skipBlankLines: true, skipComments: true }],
      // `== null` asks for null and undefined at once.
      eqeqeq: ['error', 'always', { null: 'ignore' }],
    },
  },
  { files: ['src/api/client.ts', 'e2e/**'], rules: { 'no-restricted-globals': 'off' } },
  { files: ['*.config.ts'], rules: { 'no-restricted-exports': 'off' } },
  // Data goes one way: pages → components → model → api; lib knows none of them.
  { files: ['src/components/**'], rules: only(['@/pages/*'], 'A component knows no page.') },
  { files: ['src/model/**'], rules: only(['@/pages/*', '@/components/*'], 'The model knows no view.') },
  {
    files: ['src/api/**'],
    rules: only(['@/pages/*', '@/components/*', '@/model/*'], 'The API knows nothing above it.'),
  },
  { files: ['src/lib/**'], rules: only(['@/pages/*', '@/components/*', '@/model/*', '@/api/*'], 'lib stands alone.') },
);
