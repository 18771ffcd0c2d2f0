import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { WebSocket } from 'ws';
import { codeOf, doorNames, openDoors, type Doors } from '../../tests/testkit/gateway/doors.js';

/** As a client sends it, since an object literal in JavaScript cannot say `__proto__`. */
const special = '{"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}},"hasOwnProperty":1}';

describe.each(doorNames)('Over %s', (door) => {
  let doors: Doors;
  beforeAll(async () => {
    doors = await openDoors();
  });
  afterAll(() => doors.close());

  it('SECURITY 42: names that mean something to JavaScript are ordinary in variables and in what subgraphs answer', async () => {
    const variables = JSON.parse(`{"value":${special}}`) as object;
    const { data } = await doors.ask(door, { query: 'query ($value: Anything) { anything(value: $value) }', variables });
    expect(JSON.stringify(data)).toBe(`{"anything":${special}}`);
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
  });

  it('SECURITY 42: names that mean something to JavaScript are ordinary as aliases, fragments, operations and variables', async () => {
    const query = `query constructor($constructor: ID!, $toString: Boolean = true) {
      __proto__: user(id: $constructor) { ...valueOf hasOwnProperty: id @include(if: $toString) }
    } fragment valueOf on User { constructor: id __proto__: bestFriend { toString: name } }`;
    const { data } = await doors.ask(door, { query, operationName: 'constructor', variables: { constructor: '1' } });
    expect(JSON.stringify(data)).toBe('{"__proto__":{"constructor":"1","__proto__":{"toString":"User 2"},"hasOwnProperty":"1"}}');
  });

  it.each([
    ['two operations without a name', { query: '{ instant } { listeners }' }, /^GRAPHQL_VALIDATION_FAILED|OPERATION_RESOLUTION_FAILURE$/],
    ['two operations and none asked for', { query: 'query A { instant } query B { listeners }' }, /^OPERATION_RESOLUTION_FAILURE$/],
    ['a name that no operation has', { query: 'query A { instant }', operationName: 'B' }, /^OPERATION_RESOLUTION_FAILURE$/],
    ['no operation', { query: 'fragment A on Query { instant }' }, /^OPERATION_RESOLUTION_FAILURE$/],
    ['a schema', { query: 'type Query { a: Int }' }, /^OPERATION_RESOLUTION_FAILURE$/],
    ['a character of control', { query: '{ \u0000 }' }, /^GRAPHQL_PARSE_FAILED$/],
    ['a number without end', { query: '{ anything(value: 1e999) }' }, /^GRAPHQL_VALIDATION_FAILED$/],
  ])('SECURITY 43: %s is the client’s fault and not ours', async (_name, payload, code) => {
    const refused = await doors.ask(door, payload);
    expect(codeOf(refused)).toMatch(code);
    if (door === 'HTTP') expect(refused.status).toBe(400);
  });

  it('SECURITY 45: what a client says about itself reaches no subgraph', async () => {
    doors.little.received.length = 0;
    const said = { 'x-user-id': 'root', 'x-user-name': 'root', 'x-gateway-secret': 'guessed', cookie: 'a=b' };
    if (door === 'HTTP') {
      await fetch(`${doors.url}/graphql`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...said },
        body: JSON.stringify({ query: '{ instant }', extensions: { headers: said } }),
      });
    } else {
      const socket = new WebSocket(`${doors.url.replace('http', 'ws')}/graphql`, 'graphql-transport-ws', { headers: said });
      socket.on('open', () => socket.send(JSON.stringify({ type: 'connection_init', payload: said })));
      await new Promise<void>((resolve) => {
        socket.on('message', (frame: Buffer) => {
          if (frame.toString().includes('connection_ack')) {
            socket.send(JSON.stringify({ id: '1', type: 'subscribe', payload: { query: '{ instant }', extensions: { headers: said } } }));
          } else resolve();
        });
      });
      socket.close();
    }
    expect(doors.little.received).toHaveLength(1);
    const headers = Object.keys(doors.little.received[0]?.headers ?? {});
    for (const name of Object.keys(said)) expect(headers).not.toContain(name);
  });
});
