import { unwatchFile, watchFile } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { fileProblem } from '../../shared/config/file-problem.js';
import { ConfigurationError } from '../../shared/config/environment.js';
import type { Logger } from '../../shared/logging/logger.js';
import { hashOf, withoutPrefix } from './document-hash.js';

/** The documents that our own clients were built with. */
export interface TrustedDocuments {
  /** The text of a document, by the id of its manifest or by its SHA-256 as hex. */
  byId(id: string): string | undefined;
  /** Whether it is one of them, to the letter. */
  has(text: string): boolean;
}

/** Apollo's persisted query manifest. */
const apolloManifest = z.object({
  format: z.literal('apollo-persisted-query-manifest'),
  version: z.literal(1),
  operations: z.array(z.object({ id: z.string().min(1), body: z.string().min(1) })),
});

/** What codegen's client preset and Relay write: text by hash. */
const plainManifest = z.record(z.string().min(1), z.string().min(1));

/** Reads a manifest in either form. Throws an `Error` that says what is wrong with it. */
export function readTrustedDocuments(json: string): TrustedDocuments {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch {
    throw new Error('it is not valid JSON');
  }
  const documents = entriesOf(value);
  // Own names only: an id is a client's word, and "constructor" would find something in an object.
  const byId = new Map(documents.map(([, text]) => [hashOf(text), text]));
  for (const [id, text] of documents) byId.set(withoutPrefix(id), text);
  const texts = new Set(byId.values());
  return { byId: (id) => byId.get(withoutPrefix(id)), has: (text) => texts.has(text) };
}

function entriesOf(value: unknown): (readonly [string, string])[] {
  if (typeof value === 'object' && value !== null && 'format' in value) {
    const { success, data, error } = apolloManifest.safeParse(value);
    if (success) return data.operations.map(({ id, body }) => [id, body]);
    throw new Error(`as Apollo's manifest it is wrong: ${z.prettifyError(error)}`);
  }
  const { success, data } = plainManifest.safeParse(value);
  if (success) return Object.entries(data);
  throw new Error('it is neither { "hash": "text" } nor an apollo-persisted-query-manifest of version 1');
}

/** The trusted documents of a file, which it follows. */
export interface TrustedDocumentsFile {
  current(): TrustedDocuments;
  close(): Promise<void>;
}

/**
 * Loads the manifest at `path` and follows the file; a change that cannot be used is logged and the old documents stay. Rejects with a
 * `ConfigurationError` when the first one cannot be used.
 */
export async function openTrustedDocuments({
  path,
  logger,
  pollIntervalMs = 500,
}: {
  readonly path: string;
  readonly logger: Logger;
  /** How often the file is looked at, in ms. */
  readonly pollIntervalMs?: number;
}): Promise<TrustedDocumentsFile> {
  let current: TrustedDocuments;
  try {
    current = readTrustedDocuments(await readFile(path, 'utf8'));
  } catch (error) {
    throw new ConfigurationError([`TRUSTED_DOCUMENTS: ${path} cannot be used: ${fileProblem(error)}`]);
  }

  async function reload(): Promise<void> {
    try {
      current = readTrustedDocuments(await readFile(path, 'utf8'));
      logger.info({ path }, 'trusted documents replaced');
    } catch (error) {
      logger.error({ err: error, path }, 'the manifest of trusted documents cannot be used; the old documents stay');
    }
  }
  let reloading: Promise<void> = Promise.resolve();
  // Polled, for the reasons of the supergraph's file.
  const onChange = (): void => {
    reloading = reloading.then(reload);
  };
  watchFile(path, { interval: pollIntervalMs, persistent: false }, onChange);

  return {
    current: () => current,
    async close() {
      unwatchFile(path, onChange);
      await reloading;
    },
  };
}
