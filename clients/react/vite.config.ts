import { resolve } from 'node:path';
import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

const target = process.env.GALAXIA_URL ?? 'http://127.0.0.1:4000';

export default defineConfig({
  root: import.meta.dirname,
  base: './',
  plugins: [react()],
  build: { outDir: resolve(import.meta.dirname, '../../dist/clients/react'), emptyOutDir: true, target: 'es2022' },
  server: {
    host: '127.0.0.1',
    // The server takes WebSockets from pages of its own origin only. Host and Origin pass unchanged, so the app's is that.
    proxy: Object.fromEntries(['/graphql', '/uploads', '/media'].map((path) => [path, { target, ws: path === '/graphql' }])),
  },
});
