import type { FastifyInstance } from 'fastify';
import { Agent, request } from 'undici';
import { z } from 'zod';
import { createSecretCheck, gatewaySecretHeader } from '../../graphql/gateway-secret.js';
import { createConsumerGroups, type ConsumerGroupsOptions } from './consumer-groups.js';
import { domainEventShape } from '../domain-event-shape.js';
import { EventBusClosedError, type DomainEvent, type EventBus } from '../event-bus.js';

const path = '/internal/events';
const bodyLimit = 8 * 1024 * 1024;

export interface HttpEventBusOptions extends ConsumerGroupsOptions {
  /** Where the other subgraphs' processes answer; only the origin counts. */
  readonly peers: readonly string[];
  /** `GATEWAY_SECRET`, sent as `x-gateway-secret`. */
  readonly secret: string;
  /** A peer that has not taken the events by then counts as failed. */
  readonly timeoutMs?: number;
}

export interface HttpEventBus extends EventBus {
  /** The route by which peers deliver: `internalRoutes` of `serveSubgraph`. 204 when all was taken, 503 otherwise. */
  readonly receiver: (app: FastifyInstance) => void;
}

/**
 * A bus without a broker, for one process of each subgraph: `publish` sends the events to every peer and resolves only when all have
 * taken them, the consumers of this process included. The publisher's outbox repeats what a peer that was away has missed. Replicas of
 * one subgraph each get all events; use Redis for them.
 */
export function createHttpEventBus({ peers, secret, timeoutMs = 15_000, ...options }: HttpEventBusOptions): HttpEventBus {
  const groups = createConsumerGroups(options);
  const agent = new Agent({ connect: { timeout: Math.min(3000, timeoutMs) }, headersTimeout: timeoutMs, bodyTimeout: timeoutMs });
  const urls = [...new Set(peers.map((peer) => new URL(path, peer).href))];
  let closing: Promise<void> | undefined;
  const isSecret = createSecretCheck(secret);

  async function send(url: string, body: string): Promise<void> {
    const response = await request(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', [gatewaySecretHeader]: secret },
      body,
      dispatcher: agent,
    });
    await response.body.dump();
    if (response.statusCode < 200 || response.statusCode > 299) {
      throw new Error(`${url} answered ${String(response.statusCode)} to events`);
    }
  }

  async function deliver(events: readonly DomainEvent[]): Promise<void> {
    await groups.complete();
    await groups.deliver(events);
  }

  return {
    async publish(events) {
      if (closing !== undefined) throw new EventBusClosedError();
      if (events.length === 0) return;
      const body = JSON.stringify(events);
      const results = await Promise.allSettled([deliver(events), ...urls.map((url) => send(url, body))]);
      const reasons = results.flatMap((result) => (result.status === 'rejected' ? [result.reason as unknown] : []));
      if (reasons.length > 0) throw new AggregateError(reasons, 'Some events did not reach everyone');
    },
    subscribe: (consumer) => groups.add(consumer),
    // Depends on no service of its own; a peer that is away delays events, and is no reason to take this process out of service.
    ping: () => Promise.resolve(),
    close: () => (closing ??= groups.close().then(() => agent.close())),
    receiver(app) {
      app.post(path, { bodyLimit }, async (incoming, reply) => {
        if (!isSecret(incoming.headers[gatewaySecretHeader])) return reply.code(403).send();
        const events = z.array(domainEventShape).safeParse(incoming.body);
        if (!events.success) return reply.code(400).send();
        // Not waited for here: the sender tries again anyway.
        if (!groups.isComplete()) return reply.code(503).send();
        try {
          await groups.deliver(events.data);
        } catch {
          // Logged at each attempt, with the group and the event.
          return reply.code(503).send();
        }
        return reply.code(204).send();
      });
    },
  };
}
