// Writes into index.html which files each place needs beside the shell, so that `boot.js` can ask for them at once
// instead of after the shell has run: one round trip and its waiting less.
import type { Plugin } from 'vite';

/** The first folder of a place's address, and the modules that it opens with. */
const PLACES: Record<string, string[]> = {
  explore: ['/pages/explore/ExplorePage.tsx', '/components/editor/PromqlEditor.tsx'],
  logs: ['/pages/logs/LogsPage.tsx', '/components/search/SearchEditor.tsx'],
  services: ['/pages/services/ServicesPage.tsx'],
  map: ['/pages/map/MapPage.tsx'],
  traces: ['/pages/traces/TracesPage.tsx', '/components/search/SearchEditor.tsx'],
  pipeline: ['/pages/targets/TargetsPage.tsx'],
  settings: ['/pages/status/StatusPage.tsx'],
};

interface Chunk {
  type: 'chunk';
  facadeModuleId: string | null;
  imports: string[];
  viteMetadata?: { importedCss: Set<string> };
}

export function preload(): Plugin {
  return {
    name: 'pharos-preload',
    apply: 'build',
    transformIndexHtml: {
      order: 'post',
      handler: (html, { bundle }) => {
        const chunks = new Map<string, Chunk>();
        for (const [name, output] of Object.entries(bundle ?? {})) {
          if (output.type === 'chunk') chunks.set(name, output as unknown as Chunk);
        }
        const files = Object.entries(PLACES).map(([place, modules]) => {
          const needed = modules.flatMap((module) => needs(chunks, module));
          return [place, [...new Set(needed)].filter((file) => !html.includes(file))];
        });
        const content = JSON.stringify(Object.fromEntries(files)).replaceAll("'", '&#39;');
        return html.replace('<script src="/boot.js">', `<meta name="pharos-files" content='${content}' />\n    $&`);
      },
    },
  };
}

function needs(chunks: ReadonlyMap<string, Chunk>, module: string): string[] {
  const entry = [...chunks].find(([, chunk]) => chunk.facadeModuleId?.endsWith(module) === true);
  if (entry === undefined) throw new Error(`no chunk begins with ${module}`);
  const seen = new Set<string>();
  const visit = (name: string): void => {
    const chunk = chunks.get(name);
    if (chunk === undefined || seen.has(name)) return;
    seen.add(name);
    chunk.viteMetadata?.importedCss.forEach((css) => seen.add(css));
    chunk.imports.forEach(visit);
  };
  visit(entry[0]);
  return [...seen];
}
