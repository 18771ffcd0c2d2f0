import { afterEach, describe, expect, it } from '@jest/globals';
import fastify, { type FastifyInstance } from 'fastify';
import { createLogger } from '../../logging/logger.js';
import { collector, describeEventBus, testEvent } from './event-bus.conformance.js';
import { createHttpEventBus, type HttpEventBus } from './http-event-bus.js';

const logger = createLogger({ name: 'test', level: 'silent' });
const secret = 'a secret between the gateway and its subgraphs';

interface Peer {
  readonly bus: HttpEventBus;
  readonly origin: string;
  readonly app: FastifyInstance;
}

describe('The HTTP event bus', () => {
  const peers: Peer[] = [];

  async function startPeer(options: { peers?: string[]; groups?: readonly string[] } = {}): Promise<Peer> {
    const bus = createHttpEventBus({ peers: options.peers ?? [], groups: options.groups ?? [], secret, logger, backoff: () => 1 });
    const app = fastify({ forceCloseConnections: true });
    bus.receiver(app);
    const peer = { bus, app, origin: await app.listen({ host: '127.0.0.1', port: 0 }) };
    peers.push(peer);
    return peer;
  }

  async function stopAll(): Promise<void> {
    for (const { bus, app } of peers.splice(0)) {
      await bus.close();
      await app.close();
    }
  }

  afterEach(stopAll);

  describeEventBus(async ({ groups }) => {
    const receiving = await startPeer({ groups });
    const publishing = await startPeer({ peers: [`${receiving.origin}/graphql`] });
    return { publisher: publishing.bus, member: () => Promise.resolve(receiving.bus), close: stopAll };
  });

  it('delivers to every peer and to this process', async () => {
    const [users, sessions] = [await startPeer(), await startPeer()];
    const auth = await startPeer({ peers: [users.origin, sessions.origin] });
    const collectors = [users, sessions, auth].map((peer, index) => ({ peer, ...collector(`group-${String(index)}`) }));
    for (const { peer, consumer } of collectors) await peer.bus.subscribe(consumer);
    const event = testEvent('user-1');
    await auth.bus.publish([event]);
    expect(collectors.map(({ taken }) => taken)).toEqual([[event], [event], [event]]);
  });

  it('rejects when one peer does not answer, though the others have taken the events', async () => {
    const [users, gone] = [await startPeer(), await startPeer()];
    await gone.app.close();
    const auth = await startPeer({ peers: [users.origin, gone.origin] });
    const { consumer, taken } = collector('users');
    await users.bus.subscribe(consumer);
    await expect(auth.bus.publish([testEvent('user-1')])).rejects.toThrow('did not reach everyone');
    expect(taken).toHaveLength(1);
  });

  it('answers 503 when a handler fails, and before all of its groups have subscribed', async () => {
    const users = await startPeer({ groups: ['users'] });
    const post = () =>
      fetch(`${users.origin}/internal/events`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'x-gateway-secret': secret },
        body: JSON.stringify([testEvent('user-1')]),
      });
    expect((await post()).status).toBe(503);
    let isBroken = true;
    const { consumer } = collector('users', () => (isBroken ? Promise.reject(new Error('poison')) : Promise.resolve()));
    await users.bus.subscribe(consumer);
    expect((await post()).status).toBe(503);
    isBroken = false;
    expect((await post()).status).toBe(204);
  });

  it.each([
    ['without the secret', undefined, '[]', 403],
    ['with a wrong secret', 'wrong', '[]', 403],
    ['with something else than events', secret, '[{"id":"1"}]', 400],
    ['with no list', secret, '{}', 400],
  ])('refuses a delivery %s', async (_what, given, body, status) => {
    const users = await startPeer();
    const { consumer, taken } = collector('users');
    await users.bus.subscribe(consumer);
    const response = await fetch(`${users.origin}/internal/events`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...(given === undefined ? {} : { 'x-gateway-secret': given }) },
      body,
    });
    expect(response.status).toBe(status);
    expect(taken).toEqual([]);
  });
});
