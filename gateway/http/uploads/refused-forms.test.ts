import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { until } from '../../../tests/testkit/until.js';
import {
  mapped,
  operations,
  preflight,
  sendForm,
  startUploadGateway,
  textFile,
  type FormEntry,
  type UploadGateway,
} from '../../../tests/testkit/gateway/upload-gateway.js';

const limits = { maxFiles: 3, maxFileBytes: 200_000, maxBytes: 500_000, stallMs: 5_000, minBytesPerSecond: 1, maxPerClient: 2 };
const keep = operations('mutation ($file: Upload) { keep(file: $file) }', { file: null });

let gateway: UploadGateway;
beforeAll(async () => {
  gateway = await startUploadGateway({ limits, timeoutMs: 2_000 });
});
afterAll(() => gateway.close());

describe('SECURITY 35: a form that is refused before any subgraph is asked', () => {
  let before: number;
  beforeEach(() => {
    before = gateway.asked();
  });
  afterEach(() => expect(gateway.asked()).toBe(before));

  it('comes without a header that a page of another site cannot send', async () => {
    const { status, errors } = await sendForm(gateway.url, [keep, mapped({ 0: ['variables.file'] }), textFile('0', 'a')], {});
    expect(status).toBe(400);
    expect(errors?.[0]?.message).toContain('apollo-require-preflight');
    expect(errors?.[0]?.extensions).toMatchObject({ code: 'BAD_USER_INPUT', requestId: expect.any(String) });
  });

  it.each<[string, readonly FormEntry[], string]>([
    ['begins with a file', [textFile('0', 'a'), keep, mapped({ 0: ['variables.file'] })], 'must begin with'],
    ['has its map first', [mapped({ 0: ['variables.file'] }), keep, textFile('0', 'a')], 'must begin with'],
    ['has no map', [keep, textFile('0', 'a')], 'must begin with'],
    ['has operations that are a file', [['operations', new Blob(['{}'])], mapped({})], 'must begin with'],
    ['is empty', [], ''],
    ['has operations that are no JSON', [['operations', '{'], mapped({})], 'The field "operations" is not valid JSON'],
    ['has a list of operations', [['operations', '[]'], mapped({})], 'Lists of operations'],
    ['has a map that is no JSON', [keep, ['map', '{']], '"map" must be'],
    ['has a map that is a list', [keep, ['map', '[["variables.file"]]']], '"map" must be'],
    ['has a map of something else than paths', [keep, mapped({ 0: [7] })], '"map" must be'],
    ['has a map without paths', [keep, mapped({ 0: [] })], '"map" must be'],
    ['has a map to nothing', [keep, mapped({ 0: ['variables.other'] })], 'does not lead to a null'],
    ['has a map out of the variables', [keep, mapped({ 0: ['query'] })], 'does not lead to a null'],
    ['has a map to all variables', [keep, mapped({ 0: ['variables'] })], 'does not lead to a null'],
    ['has a map into what every object inherits', [keep, mapped({ 0: ['variables.__proto__.file'] })], 'does not lead to a null'],
    ['has a map into the constructor', [keep, mapped({ 0: ['variables.constructor.prototype'] })], 'does not lead to a null'],
    ['has two files for one place', [keep, mapped({ 0: ['variables.file'], 1: ['variables.file'] })], 'does not lead to a null'],
    ['has a file below a file', [keep, mapped({ 0: ['variables.file'], 1: ['variables.file.name'] })], 'does not lead to a null'],
  ])('%s', async (_name, entries, message) => {
    const { status, errors } = await sendForm(gateway.url, entries);
    expect([status, errors?.[0]?.extensions.code]).toEqual([400, 'BAD_USER_INPUT']);
    expect(errors?.[0]?.message).toContain(message);
  });

  it.each<[string, FormEntry, object, string]>([
    ['text', operations('mutation ($text: String) { plain(text: $text) }', { text: null }), { 0: ['variables.text'] }, 'BAD_USER_INPUT'],
    [
      'a scalar of another name',
      operations('query ($value: Anything) { any(value: $value) }', { value: { deep: [null] } }),
      { 0: ['variables.value.deep.0'] },
      'BAD_USER_INPUT',
    ],
    ['a variable that is not there', operations('mutation { keep }', { file: null }), { 0: ['variables.file'] }, 'BAD_USER_INPUT'],
    [
      'a subgraph that takes none',
      operations('mutation ($file: Upload) { archive(file: $file) }', { file: null }),
      { 0: ['variables.file'] },
      'BAD_USER_INPUT',
    ],
    [
      'two subgraphs at once',
      operations('mutation ($file: Upload!) { keep(file: $file) scan(file: $file) }', { file: null }),
      { 0: ['variables.file'] },
      'BAD_USER_INPUT',
    ],
    [
      'a subscription',
      operations('subscription ($file: Upload) { watch(file: $file) }', { file: null }),
      { 0: ['variables.file'] },
      'BAD_USER_INPUT',
    ],
    ['an operation that is not valid', operations('{ nowhere }', { file: null }), { 0: ['variables.file'] }, 'GRAPHQL_VALIDATION_FAILED'],
  ])('has a file for %s', async (_name, operation, map, code) => {
    const { status, errors } = await sendForm(gateway.url, [operation, mapped(map), textFile('0', 'a')]);
    expect([status, errors?.[0]?.extensions.code]).toEqual([400, code]);
  });

  it('has more files than are allowed', async () => {
    const operation = operations('mutation ($files: [Upload!]!) { keepAll(files: $files) }', { files: [null, null, null, null] });
    const { status } = await sendForm(gateway.url, [
      operation,
      mapped({ a: ['variables.files.0'], b: ['variables.files.1'], c: ['variables.files.2'], d: ['variables.files.3'] }),
    ]);
    expect(status).toBe(413);
  });

  it('says itself that it is too large', async () => {
    const { status } = await sendForm(gateway.url, [keep, mapped({ 0: ['variables.file'] }), textFile('0', 'x'.repeat(limits.maxBytes))]);
    expect(status).toBe(413);
  });
});

describe('SECURITY 41: a form of a client that has as many under way as the limit says', () => {
  it('is refused, until one of these has ended', async () => {
    let read: (() => void) | undefined;
    const held = new Promise<void>((resolve) => (read = resolve));
    gateway.behaviour.beforeReading = () => held;
    const before = gateway.asked();
    const send = () =>
      sendForm(gateway.url, [keep, mapped({ 0: ['variables.file'] }), textFile('0', 'A')], {
        ...preflight,
        'x-client-address': '203.0.113.1',
      });
    const underWay = [send(), send()];
    await until(() => gateway.asked() === before + 2, 'both to be sent on');
    const refused = await send();
    expect([refused.status, refused.errors?.[0]?.extensions.code]).toEqual([429, 'RATE_LIMITED']);
    expect(gateway.asked()).toBe(before + 2);
    read?.();
    const right = { status: 200, data: { keep: '0.txt text/plain A' } };
    expect(await Promise.all(underWay)).toEqual([right, right]);
    expect(await send()).toEqual(right);
  });
});
