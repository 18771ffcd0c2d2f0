import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { WebSocket } from 'ws';
import { eventually, startSharedSocketSubgraph, type SharedSocketSubgraph } from '../../../tests/testkit/gateway/shared-socket-subgraph.js';

describe('The operations of a shared socket', () => {
  let subgraph: SharedSocketSubgraph;
  beforeEach(async () => {
    subgraph = await startSharedSocketSubgraph();
  });
  afterEach(() => subgraph.close());

  describe('leaving', () => {
    it.each([1000, 1001, 1006, 1012, 4403])('with %i is told to that operation alone, before it is returned', async (code) => {
      const shared = await subgraph.open();
      shared.subscribe('1', 'alice');
      shared.subscribe('2', 'bob');
      await eventually(() => subgraph.asked.size === 2);
      shared.notify({ leaves: [['1', code]] });
      shared.send({ type: 'complete', id: '1' });
      await eventually(() => subgraph.seen.length === 2);
      expect(subgraph.seen).toEqual([`alice left {"code":${String(code)}}`, 'alice returned']);
      expect([...subgraph.asked.keys()]).toEqual(['bob']);
    });

    it('without a word before `complete` has the code 0', async () => {
      const shared = await subgraph.open();
      shared.subscribe('1', 'alice');
      await eventually(() => subgraph.asked.size === 1);
      shared.send({ type: 'complete', id: '1' });
      await eventually(() => subgraph.seen.length === 2);
      expect(subgraph.seen).toEqual(['alice left {"code":0}', 'alice returned']);
    });

    it('is told to an operation that has not begun yet', async () => {
      const shared = await subgraph.open();
      shared.subscribe('1', 'alice');
      shared.notify({ leaves: [['1', 1006]] });
      shared.send({ type: 'complete', id: '1' });
      shared.subscribe('2', 'bob');
      await eventually(() => subgraph.asked.has('bob'));
      expect(subgraph.asked.has('alice')).toBe(false);
      expect(subgraph.seen.filter((what) => what.includes('"code":0'))).toEqual([]);
    });

    it.each([
      [1006, (socket: WebSocket) => socket.terminate()],
      [1012, (socket: WebSocket) => socket.close(1012)],
    ])('of the whole socket with %i is told to every operation', async (code, leave) => {
      const shared = await subgraph.open();
      for (const name of ['alice', 'bob', 'carol']) shared.subscribe(name, name);
      await eventually(() => subgraph.asked.size === 3);
      leave(shared.socket);
      await eventually(() => subgraph.seen.length === 6);
      expect(subgraph.seen.slice(0, 3)).toEqual(['alice', 'bob', 'carol'].map((name) => `${name} left {"code":${String(code)}}`));
    });

    it('with a clean-up that throws does not disturb the others', async () => {
      const shared = await subgraph.open();
      shared.subscribe('1', 'throws at its end');
      shared.subscribe('2', 'bob');
      await eventually(() => subgraph.asked.size === 2);
      shared.send({ type: 'complete', id: '1' });
      await eventually(() => subgraph.asked.size === 1);
      shared.send({ type: 'ping' });
      await eventually(() => shared.frames.length > 0);
      expect(shared.frames).toEqual([{ type: 'pong' }]);
      expect(shared.socket.readyState).toBe(WebSocket.OPEN);
    });
  });

  describe('P9: flow', () => {
    it('stops at the window of each operation and goes on with its credit, whatever the others do', async () => {
      const shared = await subgraph.open();
      shared.subscribe('1', 'slow', { field: 'me', window: 3 });
      shared.subscribe('2', 'fast', { field: 'me', window: 3 });
      await eventually(() => shared.of('1').length === 3 && shared.of('2').length === 3);
      shared.notify({ credits: [['2', 5]] });
      await eventually(() => shared.of('2').length === 8);
      shared.send({ type: 'ping' });
      await eventually(() => shared.frames.some(({ type }) => type === 'pong'));
      expect(shared.of('1')).toHaveLength(3);
      // What is not sent is not even asked for, so that its source can merge it.
      expect(subgraph.asked.get('slow')).toBe(3);
      shared.notify({ credits: [['1', 1]] });
      await eventually(() => shared.of('1').length === 4);
    });

    it('ends at once for one that waits for credit', async () => {
      const shared = await subgraph.open();
      shared.subscribe('1', 'slow', { field: 'me', window: 1 });
      await eventually(() => shared.of('1').length === 1);
      shared.send({ type: 'complete', id: '1' });
      await eventually(() => subgraph.asked.size === 0);
      expect(subgraph.seen).toEqual(['slow left {"code":0}', 'slow returned']);
    });

    it('takes no credit from what is no notice', async () => {
      const shared = await subgraph.open();
      shared.subscribe('1', 'slow', { field: 'me', window: 1 });
      await eventually(() => shared.of('1').length === 1);
      for (const credits of [7, {}, [['1', 0]], [['1', -1]], [['1', 1.5]], [['1', '9']], [[1, 9]], [['1', 9, 9]], [null], [['2', 9]]]) {
        shared.notify({ credits, leaves: credits });
      }
      shared.send({ type: 'ping' });
      await eventually(() => shared.frames.some(({ type }) => type === 'pong'));
      expect(shared.of('1')).toHaveLength(1);
      expect(subgraph.asked.size).toBe(1);
    });
  });
});
