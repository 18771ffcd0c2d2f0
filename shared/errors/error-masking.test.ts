import { Writable } from 'node:stream';
import { describe, expect, it } from '@jest/globals';
import { GraphQLError } from 'graphql';
import { pino } from 'pino';
import { AppError } from './app-error.js';
import { maskError, shownCode } from './error-masking.js';

function mask(error: unknown) {
  const lines: { level: number; err?: { message: string }; requestId?: string }[] = [];
  const stream = new Writable({
    write(chunk: Buffer, _encoding, done) {
      lines.push(JSON.parse(chunk.toString()) as (typeof lines)[number]);
      done();
    },
  });
  const shown = maskError(error, { logger: pino(stream), requestId: 'r-1' });
  return { shown, text: JSON.stringify(shown), logged: lines };
}

const inside = new Error('connect ECONNREFUSED 10.1.2.3:5432');

describe('What a client sees of an error', () => {
  it.each([
    ['a fault', inside],
    ['a fault that graphql has wrapped', new GraphQLError(inside.message, { originalError: inside, path: ['me'] })],
    [
      'a fault that was wrapped twice',
      new GraphQLError('outer', { originalError: new GraphQLError(inside.message, { originalError: inside }) }),
    ],
    ['something thrown that is no error', 'connect ECONNREFUSED 10.1.2.3:5432'],
    [
      'an error with details of a subgraph',
      new GraphQLError(inside.message, {
        extensions: { code: 'DOWNSTREAM_SERVICE_ERROR', serviceName: 'auth', response: { url: 'http://10.1.2.3', body: 'stack' } },
      }),
    ],
    ['a code of the operating system', new GraphQLError(inside.message, { extensions: { code: 'ECONNREFUSED' } })],
    ['a code that only looks like one of ours', new GraphQLError(inside.message, { extensions: { code: 'P2002' } })],
  ])('%s: nothing but the request id', (_name, error) => {
    const { shown, text, logged } = mask(error);
    expect(shown.extensions).toEqual({ code: 'INTERNAL_SERVER_ERROR', requestId: 'r-1' });
    expect(text).not.toMatch(/ECONNREFUSED|10\.1\.2\.3|auth|stack/);
    expect(logged).toMatchObject([{ level: 50, requestId: 'r-1' }]);
    expect(shownCode(error)).toBe('INTERNAL_SERVER_ERROR');
  });

  it('a fault that a subgraph tells: the log says which subgraph', () => {
    const said = (serviceName: unknown) =>
      mask(new GraphQLError('boom', { extensions: { code: 'DOWNSTREAM_SERVICE_ERROR', serviceName } }));
    expect(said('auth').logged).toMatchObject([{ subgraph: 'auth', err: { message: 'boom' } }]);
    expect(said({ any: 'thing' }).logged[0]).not.toHaveProperty('subgraph');
  });

  it('a refusal: its message, place, code and when to come back, and nothing is logged', () => {
    const refusal = new AppError('RATE_LIMITED', 'Wait a moment.', { retryAfter: 7, cause: inside });
    const { shown, logged } = mask(new GraphQLError('x', { originalError: refusal, path: ['login'] }));
    expect(shown).toEqual({
      message: 'Wait a moment.',
      path: ['login'],
      extensions: { code: 'RATE_LIMITED', retryAfter: 7, requestId: 'r-1' },
    });
    expect(logged).toEqual([]);
  });

  it('a refusal of a subgraph: the same, without what else it says', () => {
    const { shown } = mask(new GraphQLError('Not yours.', { extensions: { code: 'FORBIDDEN', serviceName: 'auth', stacktrace: ['at'] } }));
    expect(shown.extensions).toEqual({ code: 'FORBIDDEN', requestId: 'r-1' });
  });

  it('a code of somebody else’s subgraph: its message and the code', () => {
    const { shown, logged } = mask(new GraphQLError('Sold out.', { extensions: { code: 'OUT_OF_STOCK', serviceName: 'shop' } }));
    expect(shown).toMatchObject({ message: 'Sold out.' });
    expect(shown.extensions).toEqual({ code: 'OUT_OF_STOCK', requestId: 'r-1' });
    expect(logged).toEqual([]);
  });

  it('a fault that a subgraph has masked and logged: masked again, not logged as an error again', () => {
    const { logged } = mask(new GraphQLError('Something went wrong', { extensions: { code: 'INTERNAL_SERVER_ERROR' } }));
    expect(logged).toMatchObject([{ level: 30 }]);
  });
});
