import { Pool } from 'undici';
import { gatewaySecretHeader } from '../../shared/graphql/gateway-secret.js';
import type { SubgraphHeaders } from '../../shared/graphql/subgraph.js';
import type { Logger } from '../../shared/logging/logger.js';
import { readAnswerScope } from './answer-scope.js';
import { callerOf, requestOf } from './caller.js';
import { createDeadline } from './deadline.js';
import { createOwnSocketSubscription, type UpstreamOptions } from './own-socket-subscription.js';
import type { Caller, FetchRequest, SubgraphDataSource } from './subgraph-data-source.js';
import { createSubgraphSockets } from './subgraph-sockets.js';
import { readWireResult, unavailable, type WireResult } from './wire.js';

export interface HttpDataSourceOptions {
  readonly name: string;
  /** The subgraph's GraphQL endpoint, http or https; subscriptions use the same with ws or wss. */
  readonly url: string;
  /** Sent as `x-gateway-secret`; undefined for subgraphs of others, which know none. */
  readonly secret: string | undefined;
  readonly logger: Logger;
  /** For one request, in ms. */
  readonly timeoutMs?: number;
  /** Of one response, in bytes. */
  readonly maxResponseBytes?: number;
  readonly now?: () => number;
}

/** A subgraph over HTTP and `graphql-transport-ws`. */
export function createHttpDataSource(options: HttpDataSourceOptions): SubgraphDataSource {
  const { name, url, secret, logger, timeoutMs = 10_000, maxResponseBytes = 32 * 1024 * 1024, now = Date.now } = options;
  const { origin, pathname, search } = new URL(url);
  const secretHeader: Record<string, string> = secret === undefined ? {} : { [gatewaySecretHeader]: secret };
  const pool = new Pool(origin, { connections: 128, keepAliveTimeout: 10_000, keepAliveMaxTimeout: 60_000 });

  const upstream: UpstreamOptions = {
    url: url.replace(/^http/, 'ws'),
    upgradeHeaders: secretHeader,
    timeoutMs,
    maxMessageBytes: maxResponseBytes,
    logger: logger.child({ subgraph: name }),
  };
  // Only with one that knows us by the secret: a shared socket speaks for everybody.
  const sockets = secret === undefined ? undefined : createSubgraphSockets(upstream, now);

  async function post(body: string, headers: SubgraphHeaders, signal: AbortSignal): Promise<WireResult> {
    const response = await pool.request({
      path: pathname + search,
      method: 'POST',
      headers: {
        ...definedHeaders(headers),
        ...secretHeader,
        'content-type': 'application/json',
        accept: 'application/graphql-response+json, application/json',
      },
      body,
      signal,
    });
    const chunks: Buffer[] = [];
    let bytes = 0;
    for await (const chunk of response.body as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      if (bytes > maxResponseBytes) throw new Error(`The response is larger than ${maxResponseBytes} bytes`);
      chunks.push(chunk);
    }
    const result = readWireResult(parseJson(Buffer.concat(chunks)));
    if (result === undefined) throw new Error(`Status ${response.statusCode} without a GraphQL response`);
    const scope = readAnswerScope(response.headers);
    return scope === undefined ? result : { ...result, scope };
  }

  async function fetch({ query, operationName, variables }: FetchRequest, { subgraphHeaders, signal }: Caller): Promise<WireResult> {
    const deadline = createDeadline(signal, timeoutMs);
    try {
      return await post(JSON.stringify({ query, operationName, variables }), subgraphHeaders, deadline.signal);
    } catch (error) {
      // Nobody waits for the answer of a client that has left, and nothing went wrong.
      if (!signal.aborted)
        logger.error({ err: error, subgraph: name, requestId: subgraphHeaders['x-request-id'] }, 'the subgraph does not answer');
      return { data: null, errors: [unavailable] };
    } finally {
      deadline.clear();
    }
  }

  return {
    fetch,
    process: (options) => fetch(requestOf(options), callerOf(options)),
    subscribe: (request) => sockets?.subscribe(request) ?? createOwnSocketSubscription(request, upstream),
    async close() {
      await Promise.all([pool.destroy(), sockets?.close()]);
    },
  };
}

function definedHeaders(headers: SubgraphHeaders): Record<string, string> {
  const defined: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (typeof value === 'string') defined[name] = value;
  }
  return defined;
}

function parseJson(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    return undefined;
  }
}
