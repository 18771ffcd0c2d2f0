import { once } from 'node:events';
import { Agent, request, type IncomingMessage, type RequestListener, type Server } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import { createDrain, lastRequestsMs, type Drain } from './drain.js';

describe('A server that ends', () => {
  let server: Server;
  let agent: Agent;
  afterEach(() => {
    agent.destroy();
    server.closeAllConnections();
  });

  async function start(drain: Drain, listener: RequestListener = (_request, response) => response.end('answer')): Promise<void> {
    agent = new Agent({ keepAlive: true });
    server = drain.createServer({ keepAliveTimeout: 65_000 }, listener);
    await once(server.listen(0, '127.0.0.1'), 'listening');
  }

  /** The `connection` header of the answer. */
  async function ask(): Promise<string | undefined> {
    const { port } = server.address() as AddressInfo;
    return read(request({ host: '127.0.0.1', port, agent }).end());
  }

  async function read(asking: ReturnType<typeof request>): Promise<string | undefined> {
    const [response] = (await once(asking, 'response')) as [IncomingMessage];
    await once(response.resume(), 'end');
    return response.headers.connection;
  }

  async function notListening(): Promise<void> {
    while (server.listening) await new Promise((resolve) => setImmediate(resolve));
  }

  it('closes idle connections at once when it is not to wait', async () => {
    const drain = createDrain();
    await start(drain);
    expect(await ask()).toBe('keep-alive');
    const closed = once(server, 'close');
    await drain.begin();
    await closed;
  });

  it('resets no request of clients that send one after the other', async () => {
    const drain = createDrain(lastRequestsMs);
    await start(drain, (_request, response) => void setImmediate(() => response.end('answer')));
    const { port } = server.address() as AddressInfo;
    const answers = Array.from({ length: 50 }, () => 0);
    const clients = answers.map(async (_none, client) => {
      for (;;) {
        try {
          const header = await read(request({ host: '127.0.0.1', port, agent }).end());
          answers[client] = (answers[client] ?? 0) + 1;
          if (header === 'close') return 'told to leave';
        } catch (error) {
          return (error as NodeJS.ErrnoException).code;
        }
        // The next request is written in another turn than the answer is read, as when it comes over a network.
        await new Promise((resolve) => setImmediate(resolve));
      }
    });
    while (answers.some((count) => count < 4)) await new Promise((resolve) => setImmediate(resolve));
    const ended = drain.begin();
    expect(new Set(await Promise.all(clients))).toEqual(new Set(['told to leave']));
    await ended;
  });

  it('takes no new connection, while it takes requests over those that are open', async () => {
    const drain = createDrain(60_000);
    await start(drain);
    expect(await ask()).toBe('keep-alive');
    const { port } = server.address() as AddressInfo;
    const ended = drain.begin();
    await notListening();
    await expect(once(connect(port, '127.0.0.1'), 'connect')).rejects.toThrow('ECONNREFUSED');
    expect(await read(request({ host: '127.0.0.1', port, agent }).end())).toBe('close');
    await ended;
  });

  it('answers those who have connected while it was busy', async () => {
    const drain = createDrain(lastRequestsMs);
    await start(drain);
    const { port } = server.address() as AddressInfo;
    const asked = Array.from({ length: 20 }, () => read(request({ host: '127.0.0.1', port, agent }).end()));
    // The kernel has them now, and this process has not looked yet.
    for (let tick = 0; tick < 3; tick += 1) await new Promise((resolve) => process.nextTick(resolve));
    await drain.begin();
    expect(await Promise.all(asked)).toHaveLength(20);
  });

  it('ends the connection of an answer that was under way, whoever wrote it', async () => {
    const drain = createDrain(60_000);
    let answer: (() => void) | undefined;
    await start(drain, (_request, response) => {
      answer = () => response.writeHead(200, ['content-type', 'text/plain']).end('late');
    });
    const asked = ask();
    await once(server, 'request');
    const ended = drain.begin();
    expect(drain.isOn()).toBe(true);
    await notListening();
    answer?.();
    expect(await asked).toBe('close');
    await ended;
  });

  it('waits no longer for a connection that has never sent anything, and begins once', async () => {
    const drain = createDrain(10);
    await start(drain);
    const silent = connect((server.address() as AddressInfo).port, '127.0.0.1');
    await once(server, 'connection');
    const closed = once(silent.resume(), 'close');
    expect(drain.begin()).toBe(drain.begin());
    await closed;
  });
});
