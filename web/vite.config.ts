import { fileURLToPath } from 'node:url';
import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';
import { compress } from './build/compress.ts';
import { licenses } from './build/licenses.ts';
import { preload } from './build/preload.ts';

/** The server that answers `/api` while the screen is developed. */
const backend = process.env['PHAROS_URL'] ?? 'http://127.0.0.1:9090';

export default defineConfig({
  plugins: [react(), licenses(), preload(), compress()],
  resolve: { alias: { '@': fileURLToPath(new URL('./src', import.meta.url)) } },
  server: {
    host: '127.0.0.1',
    port: Number(process.env['PORT'] ?? 5173),
    proxy: { '/api': backend, '/metrics': backend, '/-': backend },
  },
  build: {
    target: 'es2022',
    outDir: 'dist',
    // Fonts stay files of their own: a page paints before they arrive.
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 600,
  },
});
