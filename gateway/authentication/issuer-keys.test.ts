import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { exportJWK, generateKeyPair } from 'jose';
import pino from 'pino';
import { createIssuerKeys, type IssuerKeys } from './issuer-keys.js';

const token = { payload: '', signature: '' };
const header = { alg: 'ES256', kid: 'k' };

describe('The keys of an issuer', () => {
  let lines: Record<string, unknown>[];
  let time: number;
  let asked: number;
  let answer: { readonly status: number; readonly body: string };
  let server: Server;
  let host: string;
  let issuer: IssuerKeys;

  beforeEach(async () => {
    [lines, time, asked] = [[], 0, 0];
    server = createServer((_request, response) => {
      asked += 1;
      response.writeHead(answer.status, { connection: 'close' }).end(answer.body);
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
    const logger = pino({ base: null }, { write: (line) => lines.push(JSON.parse(line) as Record<string, unknown>) });
    issuer = createIssuerKeys({ jwksUrl: `http://${host}/jwks`, logger, now: () => time });
  });
  afterEach(() => void server.close());

  async function good() {
    const { publicKey } = await generateKeyPair('ES256');
    return { status: 200, body: JSON.stringify({ keys: [{ ...(await exportJWK(publicKey)), kid: 'k', alg: 'ES256' }] }) };
  }

  it('that cannot be reached are one line in the log a minute, with host and cause, and make the gateway unready', async () => {
    server.close();
    await once(server, 'close');
    for (let n = 0; n < 5; n++) await expect(issuer.keys(header, token)).rejects.toThrow();
    expect(await issuer.ready()).toMatchObject({ name: 'jwks', ok: false, error: 'does not answer' });
    expect(lines).toEqual([
      { level: 50, time: expect.any(Number), host, cause: 'ECONNREFUSED', count: 1, msg: expect.stringContaining('JWT_JWKS_URL') },
    ]);
    time = 59_999;
    await expect(issuer.keys(header, token)).rejects.toThrow();
    expect(lines).toHaveLength(1);
    time = 60_000;
    await expect(issuer.keys(header, token)).rejects.toThrow();
    expect(lines[1]).toMatchObject({ level: 50, count: 7 });
  });

  it.each([
    ['an error', { status: 500, body: '' }, 'Expected 200 OK'],
    ['no JSON', { status: 200, body: '<html>' }, 'parse'],
    ['no keys', { status: 200, body: '{}' }, 'JSON Web Key Set'],
  ])('that are %s are told with the cause', async (_name, bad, cause) => {
    answer = bad;
    expect(await issuer.ready()).toMatchObject({ ok: false });
    expect(lines).toEqual([expect.objectContaining({ level: 50, host, cause: expect.stringContaining(cause) })]);
  });

  it('are asked for no more often than every five seconds for readiness, which notices when they are back', async () => {
    answer = { status: 500, body: '' };
    expect(await issuer.ready()).toMatchObject({ ok: false });
    answer = await good();
    time = 4_999;
    expect(await issuer.ready()).toMatchObject({ ok: false });
    expect(asked).toBe(1);
    time = 5_000;
    expect(await issuer.ready()).toMatchObject({ name: 'jwks', ok: true });
    expect(lines.map(({ level }) => level)).toEqual([50, 30]);
    time = 10_000;
    expect(await issuer.ready()).toMatchObject({ ok: true });
    expect(asked).toBe(2);
  });

  it('that merely lack the one of a token are the fault of the token', async () => {
    answer = await good();
    expect(await issuer.keys(header, token)).toBeDefined();
    await expect(issuer.keys({ ...header, kid: 'unknown' }, token)).rejects.toThrow();
    expect(await issuer.ready()).toMatchObject({ ok: true });
    expect(lines).toEqual([]);
  });
});
