import { describe, expect, it } from '@jest/globals';
import { describeError } from './describe-error.js';

function thrown(work: () => unknown): unknown {
  try {
    return work();
  } catch (error) {
    return error;
  }
}

describe('SECURITY 52: of an error the log says', () => {
  it.each([
    ['of Redis, with the command', { command: { name: 'xadd', args: ['hunter2'] } }],
    ['of Postgres, with the row', { detail: 'Key (email)=(hunter2) already exists.', where: 'hunter2', parameters: ['hunter2'] }],
    ['of Prisma, with what the driver said', { meta: { driverAdapterError: { cause: { originalMessage: 'hunter2' } } } }],
    ['of HTTP, with the request', { request: { headers: { authorization: 'hunter2' } }, body: 'hunter2' }],
  ])('nothing that it carries: one %s', (_what, carried) => {
    expect(JSON.stringify(describeError(Object.assign(new Error('it failed'), carried)))).not.toContain('hunter2');
  });

  it.each([
    [
      '\nInvalid `prisma.account.create()` invocation in\n/app/x.ts:9:19\n\n→ 9 prisma.account.create({\n  password: "hunter2",\n+ id: String\n})\n\nArgument `id` is missing.',
      'Invalid `prisma.account.create()` invocation: Argument `id` is missing.',
    ],
    [
      '\nInvalid `prisma.$queryRawUnsafe()` invocation:\n\n\nRaw query failed. Code: `22P02`. Message: `invalid input syntax for type uuid: "hunter2"`',
      'Invalid `prisma.$queryRawUnsafe()` invocation: Raw query failed. Code: `22P02`. Message: `invalid input syntax for type uuid: …',
    ],
    ['invalid byte sequence for encoding "UTF8": 0x00', 'invalid byte sequence for encoding "UTF8": 0x00'],
    ['invalid input value for enum role: "hunter2"', 'invalid input value for enum role: …'],
    ['two\nlines\r\n\u001b[31mred\u001b[0m \u009b31m\u2028end', 'two lines [31mred [0m  31m end'],
  ])('no value that its message repeats: %j', (message, said) => {
    const described = describeError(new Error(message));
    expect(described.message).toBe(said);
    expect(JSON.stringify(described)).not.toContain('hunter2');
  });

  it('no text that was to be JSON', () => {
    const error = thrown(() => JSON.parse('hunter2'));
    expect(JSON.stringify(describeError(error))).not.toContain('hunter2');
    expect(describeError(error)).toMatchObject({ type: 'SyntaxError', message: expect.stringMatching(/^Unexpected token/) });
  });

  it('what it is, where it was thrown, its code and its causes', () => {
    const cause = Object.assign(new Error('connect ECONNREFUSED 127.0.0.1:6379'), { code: 'ECONNREFUSED' });
    const described = describeError(new TypeError('it failed', { cause }));
    expect(described).toMatchObject({
      type: 'TypeError',
      message: 'it failed',
      stack: expect.stringMatching(/^ {4}at .*describe-error\.test/),
      cause: { type: 'Error', code: 'ECONNREFUSED', message: 'connect ECONNREFUSED 127.0.0.1:6379' },
    });
    expect(describeError(new AggregateError([cause, cause]))).toMatchObject({
      errors: [{ code: 'ECONNREFUSED' }, { code: 'ECONNREFUSED' }],
    });
  });

  it('an end of a chain that has none, and of a message that has hardly one', () => {
    const endless = new Error('x'.repeat(1_001));
    endless.cause = endless;
    const described = describeError(endless);
    expect(described.message.length).toBe(1_000);
    expect(described.cause?.cause?.cause).toBeDefined();
    expect(described.cause?.cause?.cause?.cause).toBeUndefined();
  });

  it.each([undefined, null, 7, { secret: 'hunter2' }])('that %j is none', (value) => {
    expect(describeError(value).message).toBe('something that is no error was thrown');
  });
});
