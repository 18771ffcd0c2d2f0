import { describe, expect, it } from '@jest/globals';
import { createConsumer } from './consumer.js';
import { createDomainEvent } from './domain-events.js';
import { testEvent } from './buses/event-bus.conformance.js';

const userId = '01990000-0000-7000-8000-000000000001';
const payload = { userId, username: 'Ada', createdAt: '2026-01-31T12:00:00.000Z' };

describe('A domain event', () => {
  it('is refused at its announcer when the payload is not of its type', () => {
    expect(() => createDomainEvent('user.registered', { key: userId, payload: { ...payload, userId: 'nobody' } })).toThrow();
  });

  it('carries id, time, key and payload', () => {
    const event = createDomainEvent('user.registered', { key: userId, payload, now: () => 0, id: () => 'an id' });
    expect(event).toEqual({ id: 'an id', type: 'user.registered', key: userId, occurredAt: '1970-01-01T00:00:00.000Z', payload });
  });

  it('has an id of its own', () => {
    const make = () => createDomainEvent('user.registered', { key: userId, payload }).id;
    expect(make()).not.toBe(make());
  });
});

describe('A consumer', () => {
  it('refuses a payload that is not of its type, and a type that is not in the catalogue', async () => {
    const consumer = createConsumer('users', { 'user.registered': () => Promise.resolve() });
    await expect(consumer.handle(testEvent(userId, 1, 'user.registered'))).rejects.toThrow();
    await expect(consumer.handle(testEvent(userId, 1, 'constructor'))).rejects.toThrow(/takes no events of type constructor/);
  });

  it('names the types of its handlers and gives each its event', async () => {
    const seen: string[] = [];
    const consumer = createConsumer('users', {
      'user.registered': (event) => {
        seen.push(event.payload.username);
        return Promise.resolve();
      },
    });
    expect(consumer.types).toEqual(['user.registered']);
    await consumer.handle(createDomainEvent('user.registered', { key: userId, payload }));
    expect(seen).toEqual(['Ada']);
  });
});
