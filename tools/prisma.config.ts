import { createRequire } from 'node:module';
import { defineConfig } from 'prisma/config';

// `prisma generate` is WebAssembly, yet insists that the native schema engine exists and would download it. Any file contents it.
process.env.PRISMA_SCHEMA_ENGINE_BINARY ??= createRequire(import.meta.url).resolve('@prisma/schema-engine-wasm/schema_engine_bg');

export default defineConfig({});
