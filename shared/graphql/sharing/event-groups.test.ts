import { describe, expect, it } from '@jest/globals';
import { createEventGroups } from './event-groups.js';

function open() {
  const sent: unknown[] = [];
  const groups = createEventGroups((text) => sent.push(JSON.parse(text)));
  return { sent, groups };
}

const told = (ids: readonly string[], n: number) => ({ type: 'pong', payload: { next: { ids, payload: { data: { n } } } } });

describe('Events of many operations on one socket', () => {
  it('are one message for all who get the same, at the end of the turn', async () => {
    const { sent, groups } = open();
    const result = { data: { n: 1 } };
    for (const id of ['1', '2', '3']) groups.send(id, result);
    expect(sent).toEqual([]);
    await new Promise((resolve) => setImmediate(resolve));
    expect(sent).toEqual([told(['1', '2', '3'], 1)]);
  });

  it('keep their order, with one another and with what is sent after a flush', () => {
    const { sent, groups } = open();
    const [first, second] = [{ data: { n: 1 } }, { data: { n: 2 } }];
    groups.send('1', first);
    groups.send('1', second);
    groups.send('2', first);
    groups.flush();
    expect(sent).toEqual([told(['1'], 1), told(['1'], 2), told(['2'], 1)]);
    groups.flush();
    expect(sent).toHaveLength(3);
  });
});
