import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { bindMigrationAwareSqlAdapterFactory, type SqlDriverAdapter } from '@prisma/driver-adapter-utils';
import * as bindings from '@prisma/schema-engine-wasm/schema_engine_bg';

// TypeScript describes WebAssembly in the browser's library only.
declare const WebAssembly: {
  instantiate(bytes: Uint8Array, imports: Record<string, unknown>): Promise<{ instance: { exports: { __wbindgen_start: () => void } } }>;
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
  const { instance } = await WebAssembly.instantiate(bytes, { './schema_engine_bg.js': withoutHold(bindings) });
  bindings.__wbg_set_wasm(instance.exports);
  instance.exports.__wbindgen_start();
});

/** The engine never clears the timer of 10 seconds that it sets for its lock, which would keep an ended process alive for that long. */
function withoutHold(imports: Record<string, unknown>): Record<string, unknown> {
  const setUnheld = (callback: () => void, milliseconds: number) => setTimeout(callback, milliseconds).unref();
  return Object.fromEntries(
    Object.entries(imports).map(([name, imported]) => [name, name.startsWith('__wbg_setTimeout_') ? setUnheld : imported]),
  );
}

function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => (made ??= make());
}

function ignoreLog(): void {
  // The engine logs every statement; a failure comes back as an error as well.
}
