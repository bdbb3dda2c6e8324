// Writes `licenses.txt`: name, version and licence text of every package whose code or font is in the build.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Plugin } from 'vite';

interface Manifest {
  name: string;
  version: string;
  license?: string;
}

export function licenses(): Plugin {
  return {
    name: 'pharos-licenses',
    apply: 'build',
    generateBundle() {
      const folders = new Set<string>();
      for (const id of this.getModuleIds()) {
        const folder = packageFolder(id);
        if (folder !== null) folders.add(folder);
      }
      const source = [...folders]
        .sort()
        .map(describe)
        .join(`\n${'-'.repeat(80)}\n`);
      this.emitFile({ type: 'asset', fileName: 'licenses.txt', source });
    },
  };
}

/** The innermost package that a module belongs to; null for our own code. */
function packageFolder(id: string): string | null {
  const at = id.lastIndexOf('/node_modules/');
  if (at < 0 || id.startsWith('\0')) return null;
  const rest = id.slice(at + '/node_modules/'.length).split('/');
  const name = rest[0]?.startsWith('@') === true ? `${rest[0]}/${rest[1]}` : rest[0];
  return `${id.slice(0, at)}/node_modules/${name}`;
}

function describe(folder: string): string {
  const path = join(folder, 'package.json');
  if (!existsSync(path)) return '';
  const manifest = JSON.parse(readFileSync(path, 'utf8')) as Manifest;
  const file = readdirSync(folder).find((name) => /^(licen[cs]e|copying)/i.test(name));
  const text = file === undefined ? '' : readFileSync(join(folder, file), 'utf8').trim();
  return `${manifest.name} ${manifest.version} (${manifest.license ?? 'see text'})\n\n${text}\n`;
}
