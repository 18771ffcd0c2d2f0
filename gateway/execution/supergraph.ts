import '../without-telemetry.js';
import { unwatchFile, watchFile } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { ApolloGateway } from '@apollo/gateway';
import { ConfigurationError } from '../../shared/config/environment.js';
import type { Logger } from '../../shared/logging/logger.js';
import type { SubgraphDataSource } from '../datasources/subgraph-data-source.js';
import { createGeneration, supergraphId, type SupergraphGeneration } from './generation.js';
import { refuseSubscription, refuseVariables, reportNullViolations } from './result.js';

/** What Apollo Server hands to a gateway for one operation, and what it gets back. */
export type GatewayRequestContext = Parameters<ApolloGateway['executor']>[0];
export type GatewayResult = Awaited<ReturnType<ApolloGateway['executor']>>;

export interface SupergraphOptions {
  /** File with a Federation 2 supergraph. */
  readonly path: string;
  /** How to reach a subgraph that the supergraph names; asked once per name and URL. */
  readonly dataSource: (service: { readonly name: string; readonly url: string }) => SubgraphDataSource;
  readonly logger: Logger;
  /** How often the file is looked at, in ms. */
  readonly pollIntervalMs?: number;
}

export interface Supergraph {
  /** For `new ApolloServer({ gateway })`. Its `stop` leaves the supergraph open; `close` ends it. */
  readonly gateway: Pick<ApolloGateway, 'onSchemaLoadOrUpdate' | 'stop'> & {
    load(options?: unknown): Promise<{ executor: (context: GatewayRequestContext) => Promise<GatewayResult> }>;
  };
  /** Runs queries and mutations, always on the current generation. */
  readonly executor: (context: GatewayRequestContext) => Promise<GatewayResult>;
  current(): SupergraphGeneration;
  /** Calls `listener` with each new generation from now on. Returns a function that stops it. */
  onChange(listener: (generation: SupergraphGeneration) => void): () => void;
  close(): Promise<void>;
}

/**
 * Loads the supergraph at `path` and follows the file; a change that cannot be used is logged and the old supergraph stays. Rejects when
 * the first one cannot be used. Running subscriptions stay on the generation on which they began.
 */
export async function createSupergraph({ path, dataSource, logger, pollIntervalMs = 500 }: SupergraphOptions): Promise<Supergraph> {
  const sources = new Map<string, SubgraphDataSource>();
  function source({ name, url = '' }: { name: string; url?: string | undefined }): SubgraphDataSource {
    const key = `${name} ${url}`;
    const known = sources.get(key) ?? dataSource({ name, url });
    sources.set(key, known);
    return known;
  }

  const listeners = new Set<(generation: SupergraphGeneration) => void>();
  const sdlListeners = new Set<Parameters<ApolloGateway['onSchemaLoadOrUpdate']>[0]>();

  let sdl: string;
  let generation: SupergraphGeneration;
  try {
    sdl = await readFile(path, 'utf8');
    generation = createGeneration(sdl, source);
  } catch (error) {
    throw new ConfigurationError([`The supergraph ${path} cannot be used: ${error instanceof Error ? error.message : String(error)}`]);
  }
  let update: (sdl: string) => void = () => undefined;
  const apollo = new ApolloGateway({
    supergraphSdl: (hooks) => {
      update = hooks.update;
      return Promise.resolve({ supergraphSdl: sdl });
    },
    buildService: source,
    logger,
    // Both defaults depend on NODE_ENV; the first would also show plans to clients.
    __exposeQueryPlanExperimental: false,
    validateSupergraph: true,
  });
  await apollo.load();

  function replace(nextSdl: string): void {
    if (supergraphId(nextSdl) === generation.id) return;
    // Built before Apollo's, which is left half updated by some faults that this finds.
    const next = createGeneration(nextSdl, source);
    update(nextSdl);
    sdl = nextSdl;
    generation = next;
    logger.info({ path, supergraph: next.id, subgraphs: [...next.services.keys()] }, 'supergraph replaced');
    for (const listener of sdlListeners) listener({ apiSchema: next.schema, coreSupergraphSdl: nextSdl });
    for (const listener of listeners) listener(next);
  }

  let closed = false;
  let reloading: Promise<void> = Promise.resolve();
  async function reload(): Promise<void> {
    try {
      const nextSdl = await readFile(path, 'utf8');
      if (!closed) replace(nextSdl);
    } catch (error) {
      logger.error({ err: error, path }, 'the supergraph file cannot be used; the old supergraph stays');
    }
  }
  // Polled rather than watched: file events are lost over atomic renames, symbolic links and mounted volumes, and the path itself is what
  // counts.
  const onChange = (): void => {
    reloading = reloading.then(reload);
  };
  watchFile(path, { interval: pollIntervalMs, persistent: false }, onChange);

  const executor = async (context: GatewayRequestContext): Promise<GatewayResult> =>
    // Apollo's executor throws at a subscription, as if it were our fault.
    refuseSubscription(context.operation) ??
    refuseVariables(generation.schema, context) ??
    reportNullViolations(await apollo.executor(context));

  return {
    gateway: {
      onSchemaLoadOrUpdate(listener) {
        sdlListeners.add(listener);
        return () => sdlListeners.delete(listener);
      },
      load() {
        for (const listener of sdlListeners) listener({ apiSchema: generation.schema, coreSupergraphSdl: sdl });
        return Promise.resolve({ executor });
      },
      stop: () => Promise.resolve(),
    },
    executor,
    current: () => generation,
    onChange(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    async close() {
      closed = true;
      unwatchFile(path, onChange);
      await reloading;
      await apollo.stop();
      await Promise.all([...sources.values()].map((each) => each.close()));
    },
  };
}
