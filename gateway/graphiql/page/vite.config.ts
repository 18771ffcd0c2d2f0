import { resolve } from 'node:path';
import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

/** The page at `/`: everything in files of its own, nothing inline and nothing from another host, so that a strict CSP holds. */
export default defineConfig({
  root: import.meta.dirname,
  base: './',
  plugins: [react()],
  worker: { format: 'es' },
  build: {
    outDir: resolve(import.meta.dirname, '../../../dist/graphiql'),
    emptyOutDir: true,
    target: 'es2022',
    modulePreload: { polyfill: false },
    // Monaco is one big module; splitting it further gains nothing on the same host.
    chunkSizeWarningLimit: 4_000,
    rolldownOptions: {
      // GraphiQL ships already compiled by the React compiler; its leftover "use no memo" has no meaning here.
      onLog(level, log, defaultHandler) {
        if (log.code !== 'MODULE_LEVEL_DIRECTIVE') defaultHandler(level, log);
      },
    },
  },
  server: { proxy: { '/graphql': { target: 'http://127.0.0.1:4000', ws: true } } },
});
