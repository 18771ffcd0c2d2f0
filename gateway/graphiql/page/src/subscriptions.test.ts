import { describe, expect, it } from '@jest/globals';
import type { Client, ClientOptions, Sink } from 'graphql-ws';
import { createSubscriptions } from './subscriptions.js';

/** A graphql-ws client that only takes notes. */
function fakeClients() {
  const made: { options: ClientOptions; sinks: Sink[]; disposed: boolean }[] = [];
  function connect(options: ClientOptions): Client {
    const one = { options, sinks: [] as Sink[], disposed: false };
    made.push(one);
    return {
      on: () => () => undefined,
      subscribe(_payload: unknown, sink: Sink) {
        one.sinks.push(sink);
        return () => sink.complete();
      },
      iterate: () => {
        throw new Error('not used');
      },
      dispose: () => void (one.disposed = true),
      terminate: () => undefined,
    } as Client;
  }
  return { made, connect };
}

function observed() {
  const results: object[] = [];
  return {
    results,
    observer: { next: (result: object) => void results.push(result), complete: () => void results.push({ complete: true }) },
  };
}

const operation = { query: 'subscription { presence }' };
const url = 'ws://localhost/graphql';

describe('Subscriptions of the page', () => {
  it('send the authorization in connection_init, and nothing when there is none', () => {
    const { made, connect } = fakeClients();
    const subscriptions = createSubscriptions(url, connect);
    subscriptions.subscribe(operation, null, observed().observer);
    subscriptions.subscribe(operation, 'Bearer abc', observed().observer);
    expect(made.map((one) => one.options.connectionParams)).toEqual([{}, { authorization: 'Bearer abc' }]);
  });

  it('keep the socket for the same authorization, and let go of it for another', () => {
    const { made, connect } = fakeClients();
    const subscriptions = createSubscriptions(url, connect);
    for (const authorization of ['Bearer a', 'Bearer a', 'Bearer b'])
      subscriptions.subscribe(operation, authorization, observed().observer);
    expect(made.map(({ disposed, sinks }) => [disposed, sinks.length])).toEqual([
      [true, 2],
      [false, 1],
    ]);
  });

  it.each([
    [4403, false],
    [4401, false],
    [4429, false],
    [1006, true],
    [1012, true],
  ])('after a close with %i, try again: %s', (code, again) => {
    const { made, connect } = fakeClients();
    createSubscriptions(url, connect).subscribe(operation, null, observed().observer);
    expect(made[0]?.options.shouldRetry?.({ code, reason: '' })).toBe(again);
  });

  it.each([
    [{ code: 4403, reason: 'Forbidden' }, 'Token expired or revoked: refresh and run again.'],
    [{ code: 4999, reason: 'Maintenance' }, 'The server closed the connection: Maintenance'],
    [new Error('Boom'), 'Boom'],
  ])('explain the end %j in words, then end', (problem, words) => {
    const { made, connect } = fakeClients();
    const { results, observer } = observed();
    createSubscriptions(url, connect).subscribe(operation, null, observer);
    made[0]?.sinks[0]?.error(problem);
    expect(JSON.stringify(results[0])).toContain(words);
    expect(results[1]).toEqual({ complete: true });
  });

  it("show the server's own errors as they are", () => {
    const { made, connect } = fakeClients();
    const { results, observer } = observed();
    createSubscriptions(url, connect).subscribe(operation, null, observer);
    made[0]?.sinks[0]?.error([{ message: 'Sign in first.', extensions: { code: 'UNAUTHENTICATED' } }]);
    expect(results[0]).toEqual({ errors: [{ message: 'Sign in first.', extensions: { code: 'UNAUTHENTICATED' } }] });
  });
});
