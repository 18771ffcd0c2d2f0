import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { WebSocket, WebSocketServer } from 'ws';
import type { Duplex } from 'node:stream';
import { prepareResult } from './prepared-result.js';

/** Characters of a message around `text`. */
const overhead = '{"id":"1","type":"next","payload":{"data":{"text":""}}}'.length;

describe('A result that goes to many', () => {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1', perMessageDeflate: false });
  let client: WebSocket;
  let connection: Duplex;

  beforeAll(async () => {
    if (server.address() === null) await once(server, 'listening');
    server.on('connection', (_socket, request) => (connection = request.socket));
    client = new WebSocket(`ws://127.0.0.1:${(server.address() as AddressInfo).port}`, { perMessageDeflate: false });
    await once(client, 'open');
  });

  afterAll(async () => {
    client.terminate();
    await new Promise((resolve) => server.close(resolve));
  });

  it.each([0, 125 - overhead, 126 - overhead, 65_535 - overhead, 65_536 - overhead])(
    'is one message to any WebSocket client, with %d characters in it',
    async (length) => {
      const text = 'x'.repeat(length);
      const received = once(client, 'message');
      connection.write(prepareResult(JSON.stringify({ text }), new Set()).frame('1'));
      const [data] = (await received) as [Buffer];
      expect(JSON.parse(data.toString('utf8'))).toEqual({ id: '1', type: 'next', payload: { data: { text } } });
    },
  );

  it('is framed anew for another id, in whatever letters it is written', async () => {
    const result = prepareResult('{"name":"Zoë"}', new Set());
    for (const id of ['1', '"é"', '1']) {
      const received = once(client, 'message');
      connection.write(result.frame(id));
      const [data] = (await received) as [Buffer];
      expect(JSON.parse(data.toString('utf8'))).toEqual({ id, type: 'next', payload: { data: { name: 'Zoë' } } });
    }
    expect(result.frame('1')).toBe(result.frame('1'));
  });
});
