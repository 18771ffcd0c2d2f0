import { unwatchFile, watchFile } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { ConfigurationError } from '../../shared/config/environment.js';
import type { Logger } from '../../shared/logging/logger.js';
import type { SubgraphDataSource } from '../datasources/subgraph-data-source.js';
import { createGeneration, supergraphId, type GenerationOptions, type SupergraphGeneration } from './generation.js';
import { checkComposed, describeSupergraphProblem } from './supergraph-problem.js';

export interface SupergraphOptions extends GenerationOptions {
  /** File with a Federation 2 supergraph. */
  readonly path: string;
  /** How to reach a subgraph that the supergraph names; asked once per name and URL. What it throws makes the supergraph a bad one. */
  readonly dataSource: (service: { readonly name: string; readonly url: string }) => SubgraphDataSource;
  readonly logger: Logger;
  /** How often the file is looked at, in ms. */
  readonly pollIntervalMs?: number;
}

export interface Supergraph {
  /** Operations stay on the one on which they began. */
  current(): SupergraphGeneration;
  /** Since when (by `Date.now()`) it is the one, and whether the file as it is now cannot be used. */
  state(): { readonly loadedAt: number; readonly isFileRefused: boolean };
  /** Calls `listener` with each new generation from now on. Returns a function that stops it. */
  onChange(listener: (generation: SupergraphGeneration) => void): () => void;
  close(): Promise<void>;
}

/** After the time of the last operations that may use them, in ms: what they hold is given back only when it is quiet. */
const retirementMs = 1_000;

/**
 * Loads the supergraph at `path` and follows the file; a change that cannot be used is logged and the old supergraph stays. Rejects when
 * the first one cannot be used. Data sources of subgraphs that the file no longer names, or names with another URL, are closed when the
 * operations that began with them are over.
 */
export async function createSupergraph(options: SupergraphOptions): Promise<Supergraph> {
  const { path, dataSource, logger, operationTimeoutMs = 30_000, pollIntervalMs = 500 } = options;
  let sources: ReadonlyMap<string, SubgraphDataSource> = new Map();
  const retired = new Map<SubgraphDataSource, NodeJS.Timeout>();
  const listeners = new Set<(generation: SupergraphGeneration) => void>();

  async function close(source: SubgraphDataSource): Promise<void> {
    try {
      await source.close();
    } catch (error) {
      logger.error({ err: error }, 'a data source cannot be closed');
    }
  }

  function retire(source: SubgraphDataSource): void {
    const end = (): void => {
      retired.delete(source);
      void close(source);
    };
    retired.set(source, setTimeout(end, operationTimeoutMs + retirementMs).unref());
  }

  /** Nothing has changed when it throws. */
  function load(sdl: string): SupergraphGeneration {
    checkComposed(sdl);
    const next = new Map<string, SubgraphDataSource>();
    try {
      const generation = createGeneration(
        sdl,
        ({ name, url }) => {
          const key = `${name} ${url}`;
          const source = sources.get(key) ?? next.get(key) ?? createSource(name, url);
          next.set(key, source);
          return source;
        },
        { ...options, operationTimeoutMs },
      );
      for (const [key, source] of sources) if (!next.has(key)) retire(source);
      sources = next;
      return generation;
    } catch (error) {
      for (const [key, source] of next) if (!sources.has(key)) void close(source);
      throw error;
    }
  }

  function createSource(name: string, url: string): SubgraphDataSource {
    try {
      return dataSource({ name, url });
    } catch (error) {
      throw new Error(`The subgraph "${name}" with the URL "${url}": ${error instanceof Error ? error.message : String(error)}`, {
        cause: error,
      });
    }
  }

  let generation: SupergraphGeneration;
  try {
    generation = load(await readFile(path, 'utf8'));
  } catch (error) {
    throw new ConfigurationError([`The supergraph ${path} cannot be used: ${describeSupergraphProblem(error)}`]);
  }

  let state = { loadedAt: Date.now(), isFileRefused: false };
  let closed = false;
  let reloading: Promise<void> = Promise.resolve();
  async function reload(): Promise<void> {
    try {
      const sdl = await readFile(path, 'utf8');
      if (closed) return;
      if (supergraphId(sdl) === generation.id) {
        state = { ...state, isFileRefused: false };
        return;
      }
      generation = load(sdl);
      state = { loadedAt: Date.now(), isFileRefused: false };
      logger.info({ path, supergraph: generation.id, subgraphs: [...generation.services.keys()] }, 'supergraph replaced');
      for (const listener of listeners) listener(generation);
    } catch (error) {
      state = { ...state, isFileRefused: true };
      logger.error({ path, problem: describeSupergraphProblem(error) }, 'the supergraph file cannot be used; the old supergraph stays');
    }
  }
  // Polled rather than watched: file events are lost over atomic renames, symbolic links and mounted volumes, and the path itself is what
  // counts.
  const onChange = (): void => {
    reloading = reloading.then(reload);
  };
  watchFile(path, { interval: pollIntervalMs, persistent: false }, onChange);

  return {
    current: () => generation,
    state: () => state,
    onChange(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    async close() {
      closed = true;
      unwatchFile(path, onChange);
      await reloading;
      for (const timer of retired.values()) clearTimeout(timer);
      await Promise.all([...sources.values(), ...retired.keys()].map(close));
    },
  };
}
