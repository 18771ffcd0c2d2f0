import { describe, expect, it } from '@jest/globals';
import { createLogger } from '../../logging/logger.js';
import { collector, describeEventBus, testEvent } from './event-bus.conformance.js';
import { createInProcessEventBus } from './in-process-event-bus.js';

const logger = createLogger({ name: 'test', level: 'silent' });

describe('The in-process event bus', () => {
  describeEventBus(({ groups }) => {
    const bus = createInProcessEventBus({ groups, logger, backoff: () => 1 });
    return Promise.resolve({ publisher: bus, member: () => Promise.resolve(bus), close: () => bus.close() });
  });

  it('counts events as published only when all consumers have taken them', async () => {
    const bus = createInProcessEventBus({ logger });
    const users = collector('users');
    const sessions = collector('sessions', () => new Promise((resolve) => setImmediate(resolve)));
    await bus.subscribe(users.consumer);
    await bus.subscribe(sessions.consumer);
    await bus.publish([testEvent('user-1')]);
    expect([users.taken.length, sessions.taken.length]).toEqual([1, 1]);
    await bus.close();
  });

  it('gives an event back to the publisher after a few failures, which only its outbox outlives', async () => {
    let attempts = 0;
    const bus = createInProcessEventBus({ logger, attempts: 3, backoff: () => 1 });
    await bus.subscribe(
      collector('users', () => {
        attempts += 1;
        return Promise.reject(new Error('poison'));
      }).consumer,
    );
    await expect(bus.publish([testEvent('user-1')])).rejects.toThrow('not taken');
    expect(attempts).toBe(3);
    await bus.close();
  });

  it('closes although a group that was named never subscribes', async () => {
    const bus = createInProcessEventBus({ groups: ['users'], logger });
    const published = bus.publish([testEvent('user-1')]);
    await bus.close();
    await expect(published).rejects.toThrow(/closed/);
  });
});
