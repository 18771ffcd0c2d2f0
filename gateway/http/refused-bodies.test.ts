import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { openDoors, type Doors } from '../../tests/testkit/gateway/doors.js';
import { sendLateBody } from '../../tests/testkit/gateway/late-body.js';

let doors: Doors;
beforeAll(async () => {
  doors = await openDoors();
});
afterAll(() => doors.close());

describe('SECURITY 43: a client that is still sending what is refused reads why, and keeps its connection', () => {
  const form = { 'content-type': 'multipart/form-data; boundary=x' };

  it.each<[number, string, string, Readonly<Record<string, string>>]>([
    [400, 'a compressed body', 'POST /graphql', { 'content-type': 'application/json', 'content-encoding': 'gzip' }],
    [400, 'a GET with a body', 'GET /graphql?query={instant}', {}],
    [415, 'a form where nobody takes files', 'POST /graphql', form],
    [415, 'text', 'POST /graphql', { 'content-type': 'text/plain' }],
    [405, 'another method', 'PUT /graphql', { 'content-type': 'application/json' }],
    [406, 'a client that reads pages only', 'POST /graphql', { 'content-type': 'application/json', accept: 'text/html' }],
    [404, 'a form to an address where nothing is', 'POST /nowhere', form],
    [405, 'a method that the address has not', 'PUT /health/live', form],
  ])('%i: %s', async (status, _name, requestLine, headers) => {
    const { answer, cameEarly } = await sendLateBody(doors.url, requestLine, { headers, body: 'x'.repeat(100) });
    expect(answer).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
    expect(answer).toContain('"requestId"');
    expect(cameEarly).toBe(false);
    expect(answer).not.toMatch(/connection: close/i);
  });

  it('413: more than any address takes', async () => {
    const headers = { 'content-type': 'application/json' };
    const { answer, cameEarly } = await sendLateBody(doors.url, 'POST /nowhere', { headers, body: 'x'.repeat(1024 * 1024 + 1) });
    expect(answer).toMatch(/^HTTP\/1.1 413 /);
    expect(cameEarly).toBe(false);
  });
});
