import type { FastifyReply } from 'fastify';
import type { Viewer } from '../shared/auth/viewer.js';
import type { Identity } from './authenticate.js';
import type { Caller } from './datasources/subgraph-data-source.js';

/** The context of one operation over HTTP. */
export interface GatewayContext extends Caller {
  readonly requestId: string;
  readonly viewer: Viewer | null;
}

export function createContext({ viewer, subgraphHeaders }: Identity, requestId: string, reply: FastifyReply): GatewayContext {
  return { viewer, subgraphHeaders, requestId, signal: untilClientLeaves(reply) };
}

/** Aborted when the client hangs up before it has its answer. */
function untilClientLeaves(reply: FastifyReply): AbortSignal {
  const controller = new AbortController();
  reply.raw.once('close', () => {
    if (!reply.raw.writableFinished) controller.abort();
  });
  return controller.signal;
}
