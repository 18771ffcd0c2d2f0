import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { bindMigrationAwareSqlAdapterFactory, type SqlDriverAdapter } from '@prisma/driver-adapter-utils';
import * as bindings from '@prisma/schema-engine-wasm/schema_engine_bg';

// TypeScript describes WebAssembly in the browser's library only.
declare const WebAssembly: {
  instantiate(bytes: Uint8Array, imports: Record<string, unknown>): Promise<{ instance: { exports: Record<string, unknown> } }>;
};

export type SchemaEngine = bindings.SchemaEngine;

/**
 * Prisma's own migration engine, as WebAssembly: the same one that `prisma migrate deploy` runs natively. It talks to the database
 * through `connection`, and compares schemas in the database that `openShadow` opens (needed by `diff` only). The caller frees it.
 */
export async function createSchemaEngine(options: {
  connection: SqlDriverAdapter;
  openShadow?: () => Promise<SqlDriverAdapter>;
  datamodels?: [path: string, content: string][];
}): Promise<SchemaEngine> {
  await instantiated();
  const factory = bindMigrationAwareSqlAdapterFactory({
    provider: options.connection.provider,
    adapterName: options.connection.adapterName,
    connect: () => Promise.resolve(options.connection),
    connectToShadowDb: options.openShadow ?? (() => Promise.reject(new Error('No shadow database is needed to apply migrations'))),
  });
  return bindings.SchemaEngine.new({ datamodels: options.datamodels }, ignoreLog, factory);
}

// The generated bindings keep their instance in a variable of their module. A second instance would break the engines made from the
// first, hence one per process, made at the first use: 5 MB of WebAssembly that a process without migrations need not compile.
const instantiated = once(async () => {
  const script = createRequire(import.meta.url).resolve('@prisma/schema-engine-wasm/schema_engine_bg');
  const bytes = await readFile(join(dirname(script), 'schema_engine_bg.wasm'));
  const { instance } = await WebAssembly.instantiate(bytes, { './schema_engine_bg.js': bindings });
  bindings.__wbg_set_wasm(instance.exports);
  const start = instance.exports['__wbindgen_start'];
  if (typeof start === 'function') start();
});

function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => (made ??= make());
}

function ignoreLog(): void {
  // The engine logs every statement; a failure comes back as an error as well.
}
